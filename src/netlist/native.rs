//! One product at a time, in host code made for the fault.
//!
//! In: the [`Sequence`](super::sequence::Sequence) of an operation under a fault. Out: a function of the two operands: the host's own
//! additions and multiplications where the gates are proved to add (`plan.rs`), else every gate, straight. It is made
//! when asked for and belongs to its [`Code`].

use super::arithmetic::Arithmetic;
use super::emit::Gates;
use super::graph::{Graph, Literal};
use super::plan::{Limits, plan};
use super::sequence::Sequences;
use crate::native::{Assembler, NativeError};
use crate::unit::MulOp;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;
use rustc_hash::FxHashMap;

/// A function of rs1 and rs2.
type Product = extern "C" fn(u32, u32) -> u32;

/// Code for one known operand; it lives as long as the [`Code`] that it was made by.
#[derive(Clone, Copy, Debug)]
pub struct KnownProduct(Product);

/// Host code for the operations of a faulty unit.
#[derive(Debug)]
pub struct Code {
    assembler: Assembler,
    products: [Option<Product>; 4],
    /// Whether the code adds and multiplies.
    arithmetic: [bool; 4],
}

impl Code {
    /// No code yet.
    ///
    /// # Errors
    /// [`NativeError`] if none can be made for this processor.
    pub fn new() -> Result<Self, NativeError> {
        Ok(Self { assembler: Assembler::new()?, products: [None; 4], arithmetic: [false; 4] })
    }

    /// Makes the code of an operation, fast or slow.
    ///
    /// # Errors
    /// [`NativeError`] if none can be made.
    pub fn make(&mut self, sequences: &Sequences, op: MulOp) -> Result<(), NativeError> {
        if self.make_arithmetic(sequences, op)? {
            return Ok(());
        }
        self.make_gates(sequences, op)
    }

    /// Makes code that adds and multiplies, in one or two milliseconds. False if the gates are not proved to do only that, but for what
    /// the fault leaves over.
    ///
    /// # Errors
    /// [`NativeError`] if no code can be made.
    pub fn make_arithmetic(
        &mut self,
        sequences: &Sequences,
        op: MulOp,
    ) -> Result<bool, NativeError> {
        let sequence = sequences.of(op);
        if let Some(op) = sequence.exact() {
            self.write(op, |b, operands| exact(b, op, operands))?;
            return Ok(true);
        }
        let (mut graph, answer, words) = sequence.graph();
        let Some(plan) = plan(&mut graph, &answer, &words, Limits::USUAL) else {
            return Ok(false);
        };
        self.write(op, |b, operands| Arithmetic::new(&graph, &plan, operands).answer(b))?;
        self.arithmetic[op.index()] = true;
        Ok(true)
    }

    /// Makes code of an operation for one known operand (0 is rs1, 1 is rs2), which adds and multiplies. `None` if the gates are not proved to do
    /// only that with this operand. Booth's encoders make sums of the other operand's multiples only where they are known.
    ///
    /// # Errors
    /// [`NativeError`] if no code can be made.
    pub fn make_for_known(
        &mut self,
        sequences: &Sequences,
        op: MulOp,
        known: (usize, u32),
    ) -> Result<Option<KnownProduct>, NativeError> {
        let (mut graph, answer, words) = sequences.of(op).graph_with(Some(known));
        let Some(plan) = plan(&mut graph, &answer, &words, Limits::ONE_KNOWN) else {
            return Ok(None);
        };
        let body =
            |b: &mut FunctionBuilder, operands| Arithmetic::new(&graph, &plan, operands).answer(b);
        self.function(body).map(|product| Some(KnownProduct(product)))
    }

    /// Makes code of every gate that is left, in a tenth of a second or more.
    ///
    /// # Errors
    /// [`NativeError`] if none can be made.
    pub fn make_gates(&mut self, sequences: &Sequences, op: MulOp) -> Result<(), NativeError> {
        let (graph, answer, _) = sequences.of(op).graph();
        self.arithmetic[op.index()] = false;
        self.write(op, |b, operands| gates(b, &graph, &answer, operands))
    }

    /// Makes a function whose body gives the product in the lower half of a 64-bit value.
    fn write(
        &mut self,
        op: MulOp,
        body: impl FnOnce(&mut FunctionBuilder, [Value; 2]) -> Value,
    ) -> Result<(), NativeError> {
        self.products[op.index()] = Some(self.function(body)?);
        Ok(())
    }

    fn function(
        &mut self,
        body: impl FnOnce(&mut FunctionBuilder, [Value; 2]) -> Value,
    ) -> Result<Product, NativeError> {
        let signature = self.assembler.signature(&[types::I32, types::I32], Some(types::I32));
        let address = self.assembler.function(signature, |b| {
            let operands = begin(b);
            let product = body(b, operands);
            let product = b.ins().ireduce(types::I32, product);
            b.ins().return_(&[product]);
        })?;
        // Its memory lives as long as `assembler`, which goes with `self`; `products` is private and never handed out.
        // SAFETY: the function takes two 32-bit numbers, returns one, and touches no memory.
        let product = unsafe { std::mem::transmute::<*const u8, Product>(address) };
        Ok(product)
    }

    /// A product for the known operand that its code was made for by this [`Code`].
    pub fn known_product(&self, product: KnownProduct, rs1: u32, rs2: u32) -> u32 {
        (product.0)(rs1, rs2)
    }

    /// A product, if there is code for it.
    #[inline]
    pub fn product(&self, op: MulOp, rs1: u32, rs2: u32) -> Option<u32> {
        self.products[op.index()].map(|product| product(rs1, rs2))
    }

    /// Whether there is code for an operation.
    pub fn has(&self, op: MulOp) -> bool {
        self.products[op.index()].is_some()
    }

    /// Whether the code of an operation adds and multiplies, instead of evaluating every gate.
    pub fn is_arithmetic(&self, op: MulOp) -> bool {
        self.arithmetic[op.index()]
    }

    /// Bytes of host code.
    pub fn bytes(&self) -> usize {
        self.assembler.bytes()
    }
}

/// The operands, zero-extended.
fn begin(b: &mut FunctionBuilder) -> [Value; 2] {
    let block = b.create_block();
    b.append_block_params_for_function_params(block);
    b.switch_to_block(block);
    b.seal_block(block);
    let params = b.block_params(block).to_vec();
    [params[0], params[1]].map(|operand| b.ins().uextend(types::I64, operand))
}

/// What other hardware does, exactly.
fn exact(b: &mut FunctionBuilder, op: MulOp, operands: [Value; 2]) -> Value {
    let signed = [op.signed_rs1, op.signed_rs2];
    let [x, y] = [0, 1].map(|i| {
        let narrow = b.ins().ireduce(types::I32, operands[i]);
        if signed[i] { b.ins().sextend(types::I64, narrow) } else { operands[i] }
    });
    let product = b.ins().imul(x, y);
    if op == MulOp::MUL { product } else { b.ins().ushr_imm(product, 32) }
}

/// Every gate.
fn gates(
    b: &mut FunctionBuilder,
    graph: &Graph,
    answer: &[Literal; 32],
    operands: [Value; 2],
) -> Value {
    let mut gates = Gates::new(graph, operands);
    let mut constant = 0_u32;
    let mut product = None;
    for (literal, i) in answer.iter().zip(0_u32..) {
        let (node, inverted) = match literal {
            Literal::Known(value) => {
                constant |= u32::from(*value) << i;
                continue;
            }
            Literal::Of(node, inverted) => (*node, *inverted),
        };
        constant |= u32::from(inverted) << i;
        let bit = gates.bit(b, node);
        let bit = b.ins().band_imm(bit, 1);
        let bit = b.ins().ishl_imm(bit, i64::from(i));
        product = Some(match product {
            Some(sum) => b.ins().bor(sum, bit),
            None => bit,
        });
    }
    match product {
        Some(product) => b.ins().bxor_imm(product, i64::from(constant)),
        None => b.ins().iconst(types::I64, i64::from(constant)),
    }
}

/// The code of a unit, made when it is worth its time.
#[derive(Debug, Default)]
pub(super) struct LazyCode {
    code: Option<Code>,
    /// Products of each operation that were asked for before there was code.
    asked: [u32; 4],
    /// For which operations code that adds and multiplies was tried.
    tried: [bool; 4],
    /// By operation, for rs1 and for rs2: what is known of its values.
    known: [[Values; 2]; 4],
    /// No code can be made on this host.
    impossible: bool,
}

/// Values of an operand that come again and again, as the multipliers of requantisation do.
#[derive(Debug, Default)]
struct Values {
    seen: FxHashMap<u32, Seen>,
    /// How many have code.
    made: usize,
    /// How many were tried in vain.
    failed: usize,
}

#[derive(Clone, Copy, Debug)]
enum Seen {
    Times(u32),
    Made(KnownProduct),
    /// There can be no code.
    Failed,
}

/// After so many products the code that adds and multiplies is made: it saves two or more microseconds a product and takes some
/// thousands, but products seldom come alone.
const ARITHMETIC_AFTER: u32 = 100;
/// After so many products with a value the code for that value is made: it takes about a millisecond.
const KNOWN_AFTER: u32 = 300;
/// Values of an operand that are counted, at the most: one of which there are more does not come again.
const COUNTED: usize = 1 << 11;
/// Code for values of an operand, at the most.
const MOST_KNOWN: usize = 1 << 8;
/// After so many failures, with less successes, no further value is tried.
const MOST_FAILED: usize = 8;
/// After so many the gates are: they save one or two microseconds a product and take up to half a million.
const GATES_AFTER: u32 = 500_000;

impl Clone for LazyCode {
    /// Code is not copied: the clone makes its own.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl LazyCode {
    /// A product, if there is code for it.
    #[inline]
    pub fn product(&self, op: MulOp, rs1: u32, rs2: u32) -> Option<u32> {
        let code = self.code.as_ref()?;
        let [first, second] = &self.known[op.index()];
        match second.made(rs2).or_else(|| first.made(rs1)) {
            Some(product) => Some(code.known_product(product, rs1, rs2)),
            None => code.product(op, rs1, rs2),
        }
    }

    /// Never makes any.
    pub fn forbidden() -> Self {
        Self { impossible: true, ..Self::default() }
    }

    /// Whether there is code for an operation, whatever its operands are.
    pub fn is_there(&self, op: MulOp) -> bool {
        self.code.as_ref().is_some_and(|code| code.has(op))
    }

    /// Whether there is code for an operation with some values of an operand.
    pub fn is_there_for_some(&self, op: MulOp) -> bool {
        self.known[op.index()].iter().any(|values| values.made > 0)
    }

    /// Says that there was none, and makes it if it is due.
    pub fn missed(&mut self, sequences: &Sequences, op: MulOp, rs1: u32, rs2: u32) {
        let asked = &mut self.asked[op.index()];
        *asked = asked.saturating_add(1);
        match *asked {
            ARITHMETIC_AFTER => self.make_arithmetic(sequences, op),
            GATES_AFTER => self.make(|code| code.make_gates(sequences, op)),
            _ => {}
        }
        if self.tried[op.index()] && !self.is_there(op) {
            for (operand, value) in [rs1, rs2].into_iter().enumerate() {
                if self.known[op.index()][operand].is_due(value) {
                    self.make_for(sequences, op, (operand, value));
                }
            }
        }
    }

    /// Says that so many products will be asked for, and makes code that adds and multiplies if that is enough.
    pub fn expect(&mut self, sequences: &Sequences, op: MulOp, count: usize) {
        if count >= ARITHMETIC_AFTER as usize && !self.is_there(op) {
            self.make_arithmetic(sequences, op);
        }
    }

    fn make_arithmetic(&mut self, sequences: &Sequences, op: MulOp) {
        if !std::mem::replace(&mut self.tried[op.index()], true) {
            self.make(|code| code.make_arithmetic(sequences, op).map(|_| ()));
        }
    }

    fn make_for(&mut self, sequences: &Sequences, op: MulOp, known: (usize, u32)) {
        let mut made = None;
        self.make(|code| code.make_for_known(sequences, op, known).map(|product| made = product));
        self.known[op.index()][known.0].tried(known.1, made);
    }

    fn make(&mut self, make: impl FnOnce(&mut Code) -> Result<(), NativeError>) {
        if self.impossible {
            return;
        }
        if self.code.is_none() {
            self.code = Code::new().ok();
        }
        self.impossible = self.code.as_mut().is_none_or(|code| make(code).is_err());
    }
}

impl Values {
    #[inline]
    fn made(&self, value: u32) -> Option<KnownProduct> {
        if self.made == 0 {
            return None;
        }
        match self.seen.get(&value) {
            Some(Seen::Made(product)) => Some(*product),
            _ => None,
        }
    }

    /// Counts a value; whether code for it is to be made now.
    fn is_due(&mut self, value: u32) -> bool {
        let hopeless = self.failed >= MOST_FAILED && self.failed > self.made;
        if hopeless || self.made >= MOST_KNOWN {
            return false;
        }
        let full = self.seen.len() >= COUNTED;
        match self.seen.get_mut(&value) {
            Some(Seen::Times(times)) => {
                *times += 1;
                *times == KNOWN_AFTER
            }
            Some(Seen::Made(_) | Seen::Failed) => false,
            None if full => false,
            None => {
                self.seen.insert(value, Seen::Times(1));
                false
            }
        }
    }

    fn tried(&mut self, value: u32, made: Option<KnownProduct>) {
        match made {
            Some(_) => self.made += 1,
            None => self.failed += 1,
        }
        self.seen.insert(value, made.map_or(Seen::Failed, Seen::Made));
    }
}

//! One product at a time, in host code made for the fault.
//!
//! In: the [`Sequence`](super::sequence::Sequence) of an operation under a fault. Out: a function of the two operands: every gate of the sequence, straight,
//! one host register a value. It is made when asked for and belongs to its [`Code`].

use super::emit::Gates;
use super::graph::{Graph, Literal};
use super::sequence::Sequences;
use crate::native::{Assembler, NativeError};
use crate::unit::MulOp;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;

/// A function of rs1 and rs2.
type Product = extern "C" fn(u32, u32) -> u32;

/// Host code for the operations of a faulty unit.
#[derive(Debug)]
pub struct Code {
    assembler: Assembler,
    products: [Option<Product>; 4],
}

impl Code {
    /// No code yet.
    ///
    /// # Errors
    /// [`NativeError`] if none can be made for this processor.
    pub fn new() -> Result<Self, NativeError> {
        Ok(Self { assembler: Assembler::literal()?, products: [None; 4] })
    }

    /// Makes the code of an operation that has an answer.
    ///
    /// # Errors
    /// [`NativeError`] if none can be made.
    pub fn make(&mut self, sequences: &Sequences, op: MulOp) -> Result<(), NativeError> {
        let (graph, answer) = sequences.of(op).graph();
        let signature = self.assembler.signature(&[types::I32, types::I32], Some(types::I32));
        let address = self.assembler.function(signature, |b| {
            let operands = begin(b);
            let product = match sequences.of(op).exact() {
                Some(op) => exact(b, op, operands),
                None => gates(b, &graph, &answer, operands),
            };
            let product = b.ins().ireduce(types::I32, product);
            b.ins().return_(&[product]);
        })?;
        // SAFETY: the function takes two 32-bit numbers, returns one, and touches no memory; it lives as long as `assembler`, which
        // goes with `self`, and `products` is private and never handed out.
        self.products[op.index()] = Some(unsafe { std::mem::transmute::<*const u8, Product>(address) });
        Ok(())
    }

    /// A product, if there is code for it.
    #[inline]
    pub fn product(&self, op: MulOp, rs1: u32, rs2: u32) -> Option<u32> {
        self.products[op.index()].map(|product| product(rs1, rs2))
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

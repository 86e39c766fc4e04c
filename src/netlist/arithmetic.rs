//! A [`Plan`] as host instructions.

use super::emit::Gates;
use super::graph::{Graph, NodeId};
use super::plan::{Plan, Sum, Way};
use super::sums::{Field, Rectangle, mask};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;
use rustc_hash::FxHashMap;

/// A part of an operand: which, its mask, its base, and whether bit 31 counts negative.
type Part = (usize, u64, u32, bool);

/// Writes the instructions of a plan, none of them twice.
pub(super) struct Arithmetic<'p> {
    plan: &'p Plan,
    gates: Gates<'p>,
    words: Vec<Option<Value>>,
    parts: FxHashMap<Part, Value>,
    products: FxHashMap<[Part; 2], Value>,
}

impl<'p> Arithmetic<'p> {
    /// The operands are 64-bit values with zeros above bit 31.
    pub fn new(graph: &'p Graph, plan: &'p Plan, operands: [Value; 2]) -> Self {
        Self {
            plan,
            gates: Gates::new(graph, operands),
            words: vec![None; plan.words.len()],
            parts: FxHashMap::default(),
            products: FxHashMap::default(),
        }
    }

    /// The answer; what stands above bit 31 is of no meaning.
    pub fn answer(&mut self, b: &mut FunctionBuilder) -> Value {
        let plan = self.plan;
        self.sum(b, &plan.answer, plan.answer.constant)
    }

    /// A sum; what stands above its n bits is of no meaning.
    fn sum(&mut self, b: &mut FunctionBuilder, sum: &Sum, constant: u64) -> Value {
        let mut total = None;
        for rectangle in &sum.rectangles {
            let product = self.product(b, rectangle);
            add(b, &mut total, product, rectangle.factor, sum.n);
        }
        for (i, fields) in sum.operands.iter().enumerate() {
            for field in fields {
                let part = self.part(b, (i, field.mask, field.base, false));
                add(b, &mut total, part, field.factor, sum.n);
            }
        }
        for (word, field) in &sum.words {
            let word = self.word(b, *word);
            let part = extract(b, word, field);
            add(b, &mut total, part, field.factor, sum.n);
        }
        for (node, weight) in &sum.bits {
            let bit = self.bit(b, *node);
            let bit = b.ins().band_imm(bit, 1);
            add(b, &mut total, bit, *weight, sum.n);
        }
        match total {
            None => b.ins().iconst(types::I64, constant.cast_signed()),
            Some(total) if constant == 0 => total,
            Some(total) => {
                let constant = signed(constant, sum.n);
                b.ins().iadd_imm(total, constant)
            }
        }
    }

    fn word(&mut self, b: &mut FunctionBuilder, word: usize) -> Value {
        if let Some(value) = self.words[word] {
            return value;
        }
        let sum = self.plan.words[word].as_ref().expect("it was planned");
        let value = self.sum(b, sum, sum.constant);
        self.words[word] = Some(value);
        value
    }

    fn part(&mut self, b: &mut FunctionBuilder, part: Part) -> Value {
        if let Some(value) = self.parts.get(&part) {
            return *value;
        }
        let (operand, mask, base, negative) = part;
        let operand = self.gates.operands[operand];
        let value = if negative && mask >> 31 & 1 == 1 {
            let narrow = b.ins().ireduce(types::I32, operand);
            let wide = b.ins().sextend(types::I64, narrow);
            let mask = mask | u64::MAX << 32;
            let shifted = if base == 0 { wide } else { b.ins().sshr_imm(wide, i64::from(base)) };
            let mask = (mask.cast_signed()) >> base;
            if mask == -1 { shifted } else { b.ins().band_imm(shifted, mask) }
        } else {
            extract(b, operand, &Field { mask, base, factor: 1 })
        };
        self.parts.insert(part, value);
        value
    }

    fn product(&mut self, b: &mut FunctionBuilder, r: &Rectangle) -> Value {
        let part = |i: usize| (i, r.masks[i], r.bases[i], r.signed[i]);
        let parts = [part(0), part(1)];
        if let Some(value) = self.products.get(&parts) {
            return *value;
        }
        let [x, y] = parts.map(|part| self.part(b, part));
        let value = b.ins().imul(x, y);
        self.products.insert(parts, value);
        value
    }

    fn bit(&mut self, b: &mut FunctionBuilder, node: NodeId) -> Value {
        let plan = self.plan;
        let mut stack = vec![node];
        while let Some(&next) = stack.last() {
            if self.gates.value(next).is_some() {
                stack.pop();
                continue;
            }
            let open = stack.len();
            match plan.ways.get(&next) {
                Some(Way::Top(sum)) => {
                    let value = self.top(b, sum);
                    self.gates.set(next, value);
                }
                Some(Way::Carry { table, of }) => {
                    stack.extend(of.iter().filter(|n| self.gates.value(**n).is_none()));
                    if stack.len() == open {
                        let of = of.map(|n| self.gates.value(n).expect("it is made"));
                        let carry = self.gates.expression(b, *table, of);
                        self.gates.set(next, carry);
                    }
                }
                Some(Way::Gate) | None => {
                    let inputs = self.gates.inputs(next).iter().copied();
                    stack.extend(inputs.filter(|n| self.gates.value(*n).is_none()));
                    if stack.len() == open {
                        self.gates.bit(b, next);
                    }
                }
            }
        }
        self.gates.value(node).expect("it is made")
    }

    /// Bit 63 of a sum, at bit 0.
    fn top(&mut self, b: &mut FunctionBuilder, sum: &Sum) -> Value {
        // Factors that all have zeros below are divided by them, so that products need no shift before they are added.
        let factors = sum.rectangles.iter().map(|r| r.factor);
        let factors = factors.chain(sum.operands.iter().flatten().map(|f| f.factor));
        let factors = factors.chain(sum.words.iter().map(|(_, f)| f.factor));
        let factors = factors.chain(sum.bits.iter().map(|(_, weight)| *weight));
        let all = factors.chain([sum.constant, 1 << 63]).fold(0, |all, factor| all | factor);
        let zeros = all.trailing_zeros();
        let mut small = sum.clone();
        small.n = 64 - zeros;
        small.rectangles.iter_mut().for_each(|r| r.factor >>= zeros);
        small.operands.iter_mut().flatten().for_each(|f| f.factor >>= zeros);
        small.words.iter_mut().for_each(|(_, f)| f.factor >>= zeros);
        small.bits.iter_mut().for_each(|(_, weight)| *weight >>= zeros);
        let total = self.sum(b, &small, small.constant >> zeros);
        b.ins().ushr_imm(total, i64::from(63 - zeros))
    }
}

/// The bits of a field, at bit 0.
fn extract(b: &mut FunctionBuilder, value: Value, field: &Field) -> Value {
    let shifted = match field.base {
        0 => value,
        base => b.ins().ushr_imm(value, i64::from(base)),
    };
    let mask = field.mask >> field.base;
    b.ins().band_imm(shifted, mask.cast_signed())
}

/// A number modulo 2^n, as the one with the smallest magnitude.
fn signed(value: u64, n: u32) -> i64 {
    let value = value & mask(n);
    (value << (64 - n)).cast_signed() >> (64 - n)
}

fn add(b: &mut FunctionBuilder, total: &mut Option<Value>, value: Value, factor: u64, n: u32) {
    let factor = signed(factor, n);
    let magnitude = factor.unsigned_abs();
    let term = if magnitude == 1 {
        value
    } else if magnitude.is_power_of_two() {
        b.ins().ishl_imm(value, i64::from(magnitude.trailing_zeros()))
    } else {
        b.ins().imul_imm(value, magnitude.cast_signed())
    };
    *total = Some(match (*total, factor < 0) {
        (None, false) => term,
        (None, true) => b.ins().ineg(term),
        (Some(total), false) => b.ins().iadd(total, term),
        (Some(total), true) => b.ins().isub(total, term),
    });
}

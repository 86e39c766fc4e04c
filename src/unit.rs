//! The multiplier seam: what the core asks for, and what a multiplier answers.
//!
//! `cpu` and `netlist` never see each other; they meet here. The core turns MUL, MULH, MULHSU and MULHU into a
//! [`MulOp`] and two operands; a [`Unit`] answers with a value and a number of clock cycles, or never.

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Which half of the 64-bit product an operation returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Bits 31:0.
    Low,
    /// Bits 63:32.
    High,
}

/// One of the four multiplications of the M extension, described by what it does.
///
/// Source: The RISC-V Instruction Set Manual, Volume I, chapter "M" Extension, "Multiplication Operations".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MulOp {
    /// The half of the product that is returned.
    pub part: Part,
    /// Whether rs1 is a signed number.
    pub signed_rs1: bool,
    /// Whether rs2 is a signed number.
    pub signed_rs2: bool,
}

impl MulOp {
    /// MUL: low half; the signs do not matter to it, and the unit is told "unsigned" as the core does.
    pub const MUL: Self = Self { part: Part::Low, signed_rs1: false, signed_rs2: false };
    /// MULH: high half of signed x signed.
    pub const MULH: Self = Self { part: Part::High, signed_rs1: true, signed_rs2: true };
    /// MULHSU: high half of signed x unsigned.
    pub const MULHSU: Self = Self { part: Part::High, signed_rs1: true, signed_rs2: false };
    /// MULHU: high half of unsigned x unsigned.
    pub const MULHU: Self = Self { part: Part::High, signed_rs1: false, signed_rs2: false };
    /// All four, in the order of their `funct3`.
    pub const ALL: [Self; 4] = [Self::MUL, Self::MULH, Self::MULHSU, Self::MULHU];

    /// Its place in [`MulOp::ALL`], 0..=3.
    pub fn index(self) -> usize {
        match (self.part, self.signed_rs1, self.signed_rs2) {
            (Part::Low, ..) => 0,
            (Part::High, true, true) => 1,
            (Part::High, true, false) => 2,
            (Part::High, false, _) => 3,
        }
    }

    /// The manual's mnemonic in lower case.
    pub fn name(self) -> &'static str {
        ["mul", "mulh", "mulhsu", "mulhu"][self.index()]
    }

    /// The exact product, by 64-bit integer arithmetic.
    #[inline]
    pub fn product(self, rs1: u32, rs2: u32) -> u32 {
        if self.part == Part::Low {
            return rs1.wrapping_mul(rs2);
        }
        let widen = |x: u32, signed: bool| if signed { i64::from(x as i32) } else { i64::from(x) };
        // i128 is not needed: a 33-bit by 33-bit product wraps i64 only above bit 63, which is not returned.
        (widen(rs1, self.signed_rs1).wrapping_mul(widen(rs2, self.signed_rs2)) >> 32) as u32
    }
}

impl fmt::Display for MulOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the unit answers to one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// A value, after so many clock cycles (1 or more).
    Done {
        /// The 32-bit result.
        value: u32,
        /// Clock cycles from the operands to the answer.
        cycles: u32,
    },
    /// The unit's state machine is stuck: the core waits for ever.
    Never,
}

/// A multiplier. The order of the operands matters: a faulty multiplier does not commute.
pub trait Unit {
    /// Executes one operation.
    fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer;

    /// Counts an operation that is out of the campaign's scope: sound hardware does it, in the fault-free unit's cycles, and this unit's
    /// state stays as it is.
    fn outside(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer;

    /// Most cycles that an answer can take.
    fn max_cycles(&self) -> u32;

    /// Tells the unit that a division left `left` (34 bits) in the intermediate register which both share.
    fn divided(&mut self, left: u64) {
        let _ = left;
    }

    /// Brings the unit into its state after reset, and its counters to 0.
    fn reset(&mut self);

    /// What was counted since the last reset.
    fn counts(&self) -> Counts;

    /// All that the unit carries from one operation to the next.
    fn save(&self) -> State;

    /// Makes the unit go on from there. A unit that carries state takes that of a unit which carries none for its own state after reset.
    ///
    /// # Errors
    /// [`ForeignState`] if it is that of another circuit; the unit is then as it was.
    fn restore(&mut self, state: &State) -> Result<(), ForeignState>;

    /// What an engine may do in this unit's place.
    fn inline(&self) -> Inline<'_> {
        Inline { latency: None, form: Form::Asked }
    }

    /// Counts what an engine did in this unit's place.
    fn count(&mut self, done: Counts) {
        let _ = done;
    }
}

/// What an engine may do in a unit's place. It tells the unit by [`Unit::count`] how much it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inline<'u> {
    /// Cycles of operations that are done in place, and of those out of scope; `None` if the unit must be asked.
    pub latency: Option<Latency>,
    /// Which products.
    pub form: Form<'u>,
}

/// Which products an engine may make itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form<'u> {
    /// None.
    Asked,
    /// All; they are exact.
    Exact,
    /// Those of MUL where both operands fit so many signed bits. The index of a pair is `(rs1 + h) << bits | (rs2 + h)`, where h is `1 << (bits - 1)`.
    Square {
        /// Bits of an operand, 2 to 12.
        bits: u32,
        /// Which are wrong, by how much.
        errors: Errors<'u>,
    },
}

/// The wrong products of a [`Form::Square`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors<'u> {
    /// There are none.
    None,
    /// All by the same amount.
    Mask {
        /// What is added, modulo 2^32.
        error: u32,
        /// Bit `index % 64` of word `index / 64` is 1 where it is added.
        wrong: &'u [u64],
    },
    /// By one of up to 255 amounts.
    Bytes {
        /// The amounts, modulo 2^32: 256 of them, the first is 0 and no other that is used.
        errors: &'u [u32],
        /// Which of them is added, by index.
        which: &'u [u8],
    },
}

/// The products of one operation under one fault over a range of operands, in the smallest form that is exact.
///
/// Indices are those of the range; a product is given by the exact product and the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProductForm {
    /// Every product is exact.
    Exact,
    /// Wrong products are all wrong by the same amount.
    Mask {
        /// What is added to the exact product, modulo 2^32.
        error: u32,
        /// Bit `index % 64` of word `index / 64` is 1 where it is added.
        wrong: Vec<u64>,
    },
    /// Products are wrong by one of up to 255 amounts.
    Dictionary {
        /// The amounts, modulo 2^32; the first is 0.
        errors: Vec<u32>,
        /// Which of them is added, in so many bits: 2, 4 or 8.
        bits: usize,
        /// Bit `index % 64` of word `index / 64 * bits + b` is bit `b` of that number.
        which: Vec<u64>,
    },
    /// The products themselves.
    Table(Vec<u32>),
}

impl ProductForm {
    /// The product at an index.
    #[inline]
    pub fn product(&self, index: usize, exact: u32) -> u32 {
        match self {
            ProductForm::Exact => exact,
            ProductForm::Mask { error, wrong } => {
                let mask = ((wrong[index / 64] >> (index % 64) & 1) as u32).wrapping_neg();
                exact.wrapping_add(error & mask)
            }
            ProductForm::Dictionary { errors, .. } => {
                let place = self.place(index).unwrap_or(0);
                exact.wrapping_add(errors[usize::from(place)])
            }
            ProductForm::Table(products) => products[index],
        }
    }

    /// Which of a dictionary's errors is added at an index; `None` in other forms.
    #[inline]
    pub fn place(&self, index: usize) -> Option<u8> {
        let ProductForm::Dictionary { bits, which, .. } = self else { return None };
        let words = &which[index / 64 * bits..][..*bits];
        let bit = |word: &u64| (word >> (index % 64) & 1) as u8;
        Some(words.iter().rev().fold(0, |place, word| place << 1 | bit(word)))
    }

    /// Feeds `hash` with what the products depend on: equal forms feed equal bytes, others do not.
    pub fn bytes_of(&self, hash: &mut impl FnMut(&[u8])) {
        let mut words = |words: &[u64]| words.iter().for_each(|w| hash(&w.to_le_bytes()));
        match self {
            ProductForm::Exact => words(&[0]),
            ProductForm::Mask { error, wrong } => {
                words(&[1, u64::from(*error), wrong.len() as u64]);
                words(wrong);
            }
            ProductForm::Dictionary { errors, bits, which } => {
                words(&[2, *bits as u64, errors.len() as u64, which.len() as u64]);
                errors.iter().for_each(|e| words(&[u64::from(*e)]));
                words(which);
            }
            ProductForm::Table(products) => {
                words(&[3, products.len() as u64]);
                products.iter().for_each(|p| words(&[u64::from(*p)]));
            }
        }
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            ProductForm::Exact => 0,
            ProductForm::Mask { wrong, .. } => 8 * wrong.len(),
            ProductForm::Dictionary { errors, which, .. } => 4 * errors.len() + 8 * which.len(),
            ProductForm::Table(products) => 4 * products.len(),
        }
    }
}

/// What a unit carries from one operation to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What was counted so far.
    pub counts: Counts,
    /// Flip-flops, then the registers outside of the netlist bit by bit; none if nothing is carried.
    pub bits: Vec<bool>,
}

/// The state of another circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the multiplier's saved state has {saved} bits, this one has {own}; give the netlist that it was saved with"
)]
pub struct ForeignState {
    /// Bits that were saved.
    pub saved: usize,
    /// Bits that this unit has.
    pub own: usize,
}

/// How many multiplications a run executed, and how many of them were wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Counts {
    /// Multiplications executed (MUL, MULH, MULHSU, MULHU), those out of scope too.
    pub muls: u64,
    /// Those out of scope.
    pub outside: u64,
    /// Those whose value differs from the exact product, or that never answered.
    pub wrong: u64,
    /// Those that differ from a fault-free unit in value, latency or next state.
    pub differing: u64,
}

/// The clock cycles of a fault-free multiplier, by operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Latency {
    /// Cycles of MUL; the most, if they depend on the operands.
    pub low: u32,
    /// Cycles of MULH, MULHSU and MULHU.
    pub high: u32,
    /// Whether MUL stops early: after one cycle more than rs2 has significant bits, and two at least.
    pub early_out: bool,
}

impl Latency {
    /// cve2 and Ibex with `RV32MSingleCycle`: MUL 1, MULH* 2 cycles.
    pub const SINGLE_CYCLE: Self = Self { low: 1, high: 2, early_out: false };
    /// cve2 and Ibex with `RV32MFast`: MUL 3, MULH* 4 cycles.
    pub const FAST: Self = Self { low: 3, high: 4, early_out: false };
    /// cve2 and Ibex with `RV32MSlow`: MUL 2 to 33 (measured on the RTL), MULH* 33 cycles.
    pub const SLOW: Self = Self { low: 33, high: 33, early_out: true };

    /// Cycles of one operation; the most, if they depend on the operands.
    #[inline]
    pub fn of(self, op: MulOp) -> u32 {
        match op.part {
            Part::Low => self.low,
            Part::High => self.high,
        }
    }

    /// Cycles of one operation with these operands.
    #[inline]
    pub fn with_operands(self, op: MulOp, rs2: u32) -> u32 {
        if self.early_out && op.part == Part::Low {
            1 + (u32::BITS - rs2.leading_zeros()).max(1)
        } else {
            self.of(op)
        }
    }

    /// Cycles of the longest operation.
    pub fn max(self) -> u32 {
        self.low.max(self.high)
    }
}

/// The multiplier that is always right.
#[derive(Clone, Debug)]
pub struct Exact {
    latency: Latency,
    counts: Counts,
}

impl Counts {
    /// Adds what an engine did.
    pub fn add(&mut self, done: Self) {
        self.muls += done.muls;
        self.outside += done.outside;
        self.wrong += done.wrong;
        self.differing += done.differing;
    }

    /// Counts an operation out of scope, done by sound hardware in so many cycles.
    #[inline]
    pub fn outside(&mut self, op: MulOp, rs1: u32, rs2: u32, cycles: u32) -> Answer {
        self.muls += 1;
        self.outside += 1;
        Answer::Done { value: op.product(rs1, rs2), cycles }
    }
}

impl Exact {
    /// An exact multiplier with the given cycle counts.
    pub fn new(latency: Latency) -> Self {
        Self { latency, counts: Counts::default() }
    }
}

impl Unit for Exact {
    #[inline]
    fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        self.counts.muls += 1;
        let cycles = self.latency.with_operands(op, rs2);
        Answer::Done { value: op.product(rs1, rs2), cycles }
    }

    fn outside(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        let cycles = self.latency.with_operands(op, rs2);
        self.counts.outside(op, rs1, rs2, cycles)
    }

    fn max_cycles(&self) -> u32 {
        self.latency.max()
    }

    fn reset(&mut self) {
        self.counts = Counts::default();
    }

    fn counts(&self) -> Counts {
        self.counts
    }

    fn save(&self) -> State {
        State { counts: self.counts, bits: Vec::new() }
    }

    /// Takes the counts; it carries nothing else.
    fn restore(&mut self, state: &State) -> Result<(), ForeignState> {
        self.counts = state.counts;
        Ok(())
    }

    fn inline(&self) -> Inline<'_> {
        let form = if self.latency.early_out { Form::Asked } else { Form::Exact };
        Inline { latency: Some(self.latency), form }
    }

    fn count(&mut self, done: Counts) {
        self.counts.add(done);
    }
}

/// An operation with its operands: what a fault-free multiplication depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tuple {
    /// The operation.
    pub op: MulOp,
    /// First operand.
    pub rs1: u32,
    /// Second operand.
    pub rs2: u32,
}

/// An exact multiplier that remembers the distinct operations it was asked for.
#[derive(Clone, Debug)]
pub struct Recorder {
    exact: Exact,
    seen: FxHashSet<Tuple>,
}

impl Recorder {
    /// A recorder with the given cycle counts and an empty record.
    pub fn new(latency: Latency) -> Self {
        Self { exact: Exact::new(latency), seen: FxHashSet::default() }
    }

    /// The distinct operations in scope since the last reset, in ascending order.
    pub fn tuples(&self) -> Vec<Tuple> {
        let mut tuples: Vec<_> = self.seen.iter().copied().collect();
        tuples.sort_unstable();
        tuples
    }
}

impl Unit for Recorder {
    fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        self.seen.insert(Tuple { op, rs1, rs2 });
        self.exact.exec(op, rs1, rs2)
    }

    fn outside(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        self.exact.outside(op, rs1, rs2)
    }

    fn max_cycles(&self) -> u32 {
        self.exact.max_cycles()
    }

    fn reset(&mut self) {
        self.exact.reset();
        self.seen.clear();
    }

    fn counts(&self) -> Counts {
        self.exact.counts()
    }

    fn save(&self) -> State {
        self.exact.save()
    }

    /// Takes the counts; what it has recorded stays.
    fn restore(&mut self, state: &State) -> Result<(), ForeignState> {
        self.exact.restore(state)
    }

    fn inline(&self) -> Inline<'_> {
        Inline { form: Form::Asked, ..self.exact.inline() }
    }

    fn count(&mut self, done: Counts) {
        self.exact.count(done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_follow_the_manual_at_the_corners() {
        // Worked out by hand: (-2^31)^2 = 2^62; (2^32-1)^2 = 2^64 - 2^33 + 1; -1 * (2^32-1) = -2^32 + 1.
        let min = 0x8000_0000;
        assert_eq!(MulOp::MULH.product(min, min), 0x4000_0000);
        assert_eq!(MulOp::MULHU.product(u32::MAX, u32::MAX), 0xffff_fffe);
        assert_eq!(MulOp::MUL.product(u32::MAX, u32::MAX), 1);
        assert_eq!(MulOp::MULHSU.product(u32::MAX, u32::MAX), 0xffff_ffff);
        assert_eq!(MulOp::MULHSU.product(min, u32::MAX), 0x8000_0000);
        assert_eq!(MulOp::MULHSU.product(1, u32::MAX), 0);
        assert_eq!(MulOp::MULH.product(u32::MAX, 1), u32::MAX);
    }

    #[test]
    fn operations_know_their_place() {
        for (i, op) in MulOp::ALL.into_iter().enumerate() {
            assert_eq!(op.index(), i);
        }
    }
}

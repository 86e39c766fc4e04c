//! What compiled code counts: eleven numbers in three 64-bit accumulators, so that a stretch of guest code costs three additions at the most.
//!
//! Each number has 16 bits; compiled code is left before one of them can overflow (no number grows faster than the cycles do). The
//! cycles are at the top of the first accumulator and begin so that its sign shows when the code has to be left.

use crate::cpu::timing;
use crate::isa::{Insn, Op};

/// Cycles after which the sign of the first accumulator shows.
pub const HALF: u64 = 0x8000;
/// Where the cycles are in the first accumulator.
pub const CYCLES: u32 = 48;
/// Where the multiplications are in the second.
pub const MULS: u32 = 48;

/// What a stretch of code adds, as far as it does not depend on operands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub cycles: u64,
    pub retired: u64,
    pub loads: u64,
    pub stores: u64,
    /// Multiplications done in place, those out of scope and high products too.
    pub muls: u64,
    pub compressed: u64,
    pub taken: u64,
    pub branches: u64,
    /// Multiplications done in place and out of scope.
    pub outside: u64,
    /// High products done in place.
    pub highs: u64,
    pub jumps: u64,
}

impl Tally {
    /// Nothing.
    pub const NONE: Self = Self {
        cycles: 0,
        retired: 0,
        loads: 0,
        stores: 0,
        muls: 0,
        compressed: 0,
        taken: 0,
        branches: 0,
        outside: 0,
        highs: 0,
        jumps: 0,
    };

    /// What an instruction adds whatever becomes of it; a multiplication's cycles come apart.
    pub fn of(insn: &Insn) -> Self {
        let op = insn.op;
        Self {
            cycles: u64::from(timing::fixed_cycles(op)),
            retired: 1,
            loads: u64::from(op.is_load()),
            stores: u64::from(op.is_store()),
            compressed: u64::from(insn.len == 2),
            branches: u64::from(op.is_branch()),
            jumps: u64::from(matches!(op, Op::Jal | Op::Jalr)),
            ..Self::default()
        }
    }

    pub fn plus(self, other: Self) -> Self {
        Self {
            cycles: self.cycles + other.cycles,
            retired: self.retired + other.retired,
            loads: self.loads + other.loads,
            stores: self.stores + other.stores,
            muls: self.muls + other.muls,
            compressed: self.compressed + other.compressed,
            taken: self.taken + other.taken,
            branches: self.branches + other.branches,
            outside: self.outside + other.outside,
            highs: self.highs + other.highs,
            jumps: self.jumps + other.jumps,
        }
    }

    /// Cycles in which fetch waited for an unaligned target: what the other numbers do not explain. `latency` is that of products made in place,
    /// `asked` what operations of units took beyond one cycle each.
    pub fn unaligned(&self, latency: (u64, u64), asked: u64) -> u64 {
        let products = (self.muls - self.highs) * (latency.0 - 1) + self.highs * (latency.1 - 1);
        let explained = self.retired
            + self.loads
            + self.stores
            + self.jumps
            + timing::TAKEN * self.taken
            + products;
        self.cycles.wrapping_sub(explained).wrapping_sub(asked)
    }

    /// As what is added to the three accumulators.
    pub fn packed(&self) -> [u64; 3] {
        let pack = |[a, b, c, d]: [u64; 4]| a << 48 | b << 32 | c << 16 | d;
        [
            pack([self.cycles, self.retired, self.loads, self.stores]),
            pack([self.muls, self.compressed, self.taken, self.branches]),
            pack([0, self.outside, self.highs, self.jumps]),
        ]
    }

    /// The reverse, of accumulators that began at `packed()` of nothing but `first_cycles`.
    pub fn unpacked(accumulators: [u64; 3], first_cycles: u64) -> Self {
        let part = |acc: usize, place: u32| accumulators[acc] >> (16 * place) & 0xffff;
        Self {
            cycles: part(0, 3) - first_cycles,
            retired: part(0, 2),
            loads: part(0, 1),
            stores: part(0, 0),
            muls: part(1, 3),
            compressed: part(1, 2),
            taken: part(1, 1),
            branches: part(1, 0),
            outside: part(2, 2),
            highs: part(2, 1),
            jumps: part(2, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_unaligned_targets_are_what_is_left() {
        // ADDI, LW, MUL of 3 cycles, a taken branch to an unaligned target, a DIV of 37 cycles: 1 + 2 + 3 + 3 + 1 + 37.
        let tally = Tally {
            cycles: 47,
            retired: 5,
            loads: 1,
            muls: 1,
            taken: 1,
            branches: 1,
            ..Tally::default()
        };
        assert_eq!(tally.unaligned((3, 4), 36), 1);
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let tally = Tally {
            cycles: 0x7001,
            retired: 2,
            loads: 3,
            stores: 4,
            muls: 5,
            compressed: 6,
            taken: 7,
            branches: 8,
            outside: 9,
            highs: 10,
            jumps: 0xffff,
        };
        assert_eq!(Tally::unpacked(tally.packed(), 0), tally);
        let first = Tally { cycles: 0x1000, ..Tally::default() }.plus(tally);
        assert_eq!(Tally::unpacked(first.packed(), 0x1000), tally);
    }
}

//! A rectangle of operand pairs for which products are tabled.
//!
//! A pair's index is its rs1, as a number of `rs1_bits` bits, times 2 to the `rs2_bits`, plus its rs2 as a number of `rs2_bits`
//! bits: both in two's complement, so that the negative half comes after the positive one.

use super::fold::{Abstract, Folding};

/// Words in a block: 64 x 64 = 4,096 pairs are evaluated at a time.
pub const BLOCK: usize = 64;
/// Values of one slot for a block of pairs.
pub type Plane = [u64; BLOCK];

/// Signed operands of so many bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Range {
    /// Bits of rs1, sign included; 2 to 16.
    pub rs1_bits: u32,
    /// Bits of rs2, sign included; 2 to 16.
    pub rs2_bits: u32,
}

impl Range {
    /// Both operands INT8: 65,536 pairs.
    pub const INT8: Self = Self { rs1_bits: 8, rs2_bits: 8 };
    /// What INT8 firmware multiplies most, an input with its offset added and a weight: 131,072 pairs.
    pub const WIDE_NARROW: Self = Self { rs1_bits: 9, rs2_bits: 8 };
    /// The same with the weight first.
    pub const NARROW_WIDE: Self = Self { rs1_bits: 8, rs2_bits: 9 };

    /// Both, in either order: 262,144 pairs.
    pub const SQUARE: Self = Self { rs1_bits: 9, rs2_bits: 9 };

    /// A range of whole blocks that fits into memory.
    ///
    /// # Errors
    /// The limits, as a sentence.
    pub fn new(rs1_bits: u32, rs2_bits: u32) -> Result<Self, String> {
        let range = Self { rs1_bits, rs2_bits };
        let inside = |bits: u32| (2..=16).contains(&bits);
        if !inside(rs1_bits) || !inside(rs2_bits) || !(12..=24).contains(&(rs1_bits + rs2_bits)) {
            return Err(format!(
                "operands of {rs1_bits} and {rs2_bits} bits; 2 to 16 bits each are tabled, and 12 to 24 together"
            ));
        }
        Ok(range)
    }

    /// Number of pairs.
    pub fn pairs(self) -> usize {
        1 << (self.rs1_bits + self.rs2_bits)
    }

    /// Number of blocks.
    pub fn blocks(self) -> usize {
        self.pairs() / (64 * BLOCK)
    }

    /// The index of a pair of operands, if it lies inside.
    #[inline]
    pub fn index(self, rs1: u32, rs2: u32) -> Option<usize> {
        let half = |bits: u32| 1_u32 << (bits - 1);
        let inside = |x: u32, bits: u32| x.wrapping_add(half(bits)) < 2 * half(bits);
        let mask = |bits: u32| (1_u32 << bits) - 1;
        let index = (rs1 & mask(self.rs1_bits)) << self.rs2_bits | rs2 & mask(self.rs2_bits);
        (inside(rs1, self.rs1_bits) && inside(rs2, self.rs2_bits)).then_some(index as usize)
    }

    /// The pair of an index.
    #[inline]
    pub fn pair(self, index: usize) -> (u32, u32) {
        let extend = |x: usize, bits: u32| ((x as u32) << (32 - bits)).cast_signed() >> (32 - bits);
        let rs1 = extend(index >> self.rs2_bits, self.rs1_bits);
        (rs1.cast_unsigned(), extend(index, self.rs2_bits).cast_unsigned())
    }

    /// Makes a source of each bit of the index, and says which of them each operand bit is: rs1's 32, then rs2's.
    pub(super) fn operands(self, folding: &mut Folding) -> Vec<Abstract> {
        // Bits of rs2 are the lower bits of the index.
        let bits: Vec<Abstract> =
            (0..self.rs1_bits + self.rs2_bits).map(|_| folding.source(false)).collect();
        let (rs2, rs1) = bits.split_at(self.rs2_bits as usize);
        let extended = |bits: &[Abstract]| (0..32).map(|i| bits[i.min(bits.len() - 1)]).collect();
        let (mut all, rs2): (Vec<Abstract>, Vec<Abstract>) = (extended(rs1), extended(rs2));
        all.extend(rs2);
        all
    }

    /// The planes of the index's bits in a block: what the sources of [`Range::operands`] hold.
    pub(super) fn sources(self, block: usize, planes: &mut [Plane]) {
        const IN_WORD: [u64; 6] = [
            0xaaaa_aaaa_aaaa_aaaa,
            0xcccc_cccc_cccc_cccc,
            0xf0f0_f0f0_f0f0_f0f0,
            0xff00_ff00_ff00_ff00,
            0xffff_0000_ffff_0000,
            0xffff_ffff_0000_0000,
        ];
        for (bit, plane) in
            planes.iter_mut().enumerate().take((self.rs1_bits + self.rs2_bits) as usize)
        {
            for (word, value) in plane.iter_mut().enumerate() {
                let word = block * BLOCK + word;
                *value = match IN_WORD.get(bit) {
                    Some(pattern) => *pattern,
                    None => (word as u64 >> (bit - 6) & 1).wrapping_neg(),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_and_pair_are_inverse_and_the_borders_are_where_they_belong() {
        for range in [Range::INT8, Range::WIDE_NARROW, Range::NARROW_WIDE] {
            for index in 0..range.pairs() {
                let (rs1, rs2) = range.pair(index);
                assert_eq!(range.index(rs1, rs2), Some(index));
            }
        }
        let wide = Range::WIDE_NARROW;
        assert!(wide.index(255, 127).is_some() && wide.index(256, 0).is_none());
        assert!(wide.index(-256_i32 as u32, -128_i32 as u32).is_some());
        assert!(wide.index(-257_i32 as u32, 0).is_none() && wide.index(0, 128).is_none());
        assert!(wide.index(0, -129_i32 as u32).is_none());
    }

    #[test]
    fn sources_are_the_bits_of_the_index() {
        let range = Range::NARROW_WIDE;
        let mut planes = vec![[0; BLOCK]; 17];
        for block in [0, 1, range.blocks() - 1] {
            range.sources(block, &mut planes);
            for pair in 0..64 * BLOCK {
                let index = block * 64 * BLOCK + pair;
                for (bit, plane) in planes.iter().enumerate() {
                    assert_eq!(plane[pair / 64] >> (pair % 64) & 1, index as u64 >> bit & 1);
                }
            }
        }
    }
}

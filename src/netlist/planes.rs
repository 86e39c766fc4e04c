//! Evaluates straight programs for a block of operand pairs at a time, in the widest registers that the processor has.
//!
//! A program's slots are two arrays of [`Plane`]s: what a fault-free unit computes, which all faults share, and what differs
//! under one fault. Slots are written once, in ascending order, so that no op reads what comes after it.

#![allow(clippy::needless_range_loop)] // See `run`.

use super::program::Op;
use super::range::{BLOCK, Plane};
use multiversion::multiversion;

/// Runs ops whose results are the slots from `shared.len()` on, in order: op `i` writes `own[i + sources]`.
///
/// Input slots below `shared.len()` are in `shared`, the others in `own`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
pub(super) fn run(ops: &[Op], shared: &[Plane], own: &mut [Plane], sources: usize) {
    // Plain loops over arrays of known length: a closure or an iterator would be compiled apart, for the least of processors.
    let mut i = 0;
    while i < ops.len() {
        let op = &ops[i];
        let (before, after) = own.split_at_mut(i + sources);
        i += 1;
        macro_rules! input {
            ($k:expr) => {{
                let slot = op.inputs[$k] as usize;
                if slot < shared.len() { &shared[slot] } else { &before[slot - shared.len()] }
            }};
        }
        let (a, b, c): (&Plane, &Plane, &Plane) = (input!(0), input!(1), input!(2));
        // An adder's sum and carry are neighbours with the same inputs: one pass makes both.
        if i < ops.len() && ops[i].inputs == op.inputs {
            let pair = (op.table, ops[i].table);
            let [first, second, ..] = after else { unreachable!("each op has its plane") };
            let full = matches!(pair, (0x96, 0xe8) | (0xe8, 0x96));
            let half = matches!(pair, (0x66, 0x88) | (0x88, 0x66));
            // A carry that reads the sum beside it is no neighbour but a successor.
            let apart = !ops[i].inputs.contains(&op.out);
            if (full || half) && apart {
                let sum_first = pair.0 == 0x96 || pair.0 == 0x66;
                let (sum, carry) = if sum_first { (first, second) } else { (second, first) };
                if full {
                    for k in 0..BLOCK {
                        let (x, y, z) = (a[k], b[k], c[k]);
                        sum[k] = x ^ y ^ z;
                        carry[k] = (x & y) | (z & (x | y));
                    }
                } else {
                    for k in 0..BLOCK {
                        let (x, y) = (a[k], b[k]);
                        sum[k] = x ^ y;
                        carry[k] = x & y;
                    }
                }
                i += 1;
                continue;
            }
        }
        let out = &mut after[0];
        macro_rules! each {
            (|$x:ident| $e:expr) => {
                for k in 0..BLOCK {
                    let $x = a[k];
                    out[k] = $e;
                }
            };
            (|$x:ident, $y:ident| $e:expr) => {
                for k in 0..BLOCK {
                    let ($x, $y) = (a[k], b[k]);
                    out[k] = $e;
                }
            };
            (|$x:ident, $y:ident, $z:ident| $e:expr) => {
                for k in 0..BLOCK {
                    let ($x, $y, $z) = (a[k], b[k], c[k]);
                    out[k] = $e;
                }
            };
        }
        match op.table {
            0x55 => each!(|x| !x),
            0x88 => each!(|x, y| x & y),
            0xee => each!(|x, y| x | y),
            0x66 => each!(|x, y| x ^ y),
            0x77 => each!(|x, y| !(x & y)),
            0x11 => each!(|x, y| !(x | y)),
            0x99 => each!(|x, y| !(x ^ y)),
            0x22 => each!(|x, y| x & !y),
            0x44 => each!(|x, y| !x & y),
            0xbb => each!(|x, y| x | !y),
            0xdd => each!(|x, y| !x | y),
            0x96 => each!(|x, y, z| x ^ y ^ z),
            0x69 => each!(|x, y, z| !(x ^ y ^ z)),
            0xe8 => each!(|x, y, z| (x & y) | (z & (x | y))),
            0xca => each!(|x, y, z| (x & !z) | (y & z)),
            table => {
                // Its rows, all ones where the table has a 1, are chosen among by the inputs.
                let mut rows = [0_u64; 8];
                for row in 0..8 {
                    rows[row] = u64::from(table >> row & 1).wrapping_neg();
                }
                each!(|x, y, z| {
                    let low =
                        rows[0] & !x & !y | rows[1] & x & !y | rows[2] & !x & y | rows[3] & x & y;
                    let high =
                        rows[4] & !x & !y | rows[5] & x & !y | rows[6] & !x & y | rows[7] & x & y;
                    low & !z | high & z
                });
            }
        }
    }
}

/// Subtracts numbers held in planes, bit 0 first: `left - right` modulo 2 to the number of planes. Returns the lanes in which the
/// difference is not 0, and the borrow.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
pub(super) fn subtract(
    left: &[&Plane],
    right: &[&Plane],
    difference: &mut [Plane],
) -> (Plane, Plane) {
    let (mut any, mut borrow): (Plane, Plane) = ([0; BLOCK], [0; BLOCK]);
    let mut bit = 0;
    while bit < left.len() {
        let (l, r, out) = (left[bit], right[bit], &mut difference[bit]);
        bit += 1;
        for i in 0..BLOCK {
            let (x, y, b): (u64, u64, u64) = (l[i], r[i], borrow[i]);
            out[i] = x ^ y ^ b;
            borrow[i] = (!x & (y | b)) | (y & b);
            any[i] |= out[i];
        }
    }
    (any, borrow)
}

/// Moves the lanes among `rest` in which the planes spell `value` into `equal`; returns whether others are left.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
pub(super) fn spelling(planes: &[Plane], rest: &mut Plane, value: u32, equal: &mut Plane) -> bool {
    *equal = *rest;
    let mut bit = 0;
    while bit < planes.len() {
        let plane = &planes[bit];
        let other = u64::from(!value >> bit & 1).wrapping_neg();
        bit += 1;
        for i in 0..BLOCK {
            equal[i] &= plane[i] ^ other;
        }
    }
    let mut left = 0;
    for i in 0..BLOCK {
        rest[i] &= !equal[i];
        left |= rest[i];
    }
    left != 0
}

/// Eight 64 x 64 bit matrices at a time.
type Matrices = [[u64; 8]; 64];

/// Turns 32 planes into numbers: `numbers[i]` has bit `b` of lane `i` of `planes[b]`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
pub(super) fn numbers(planes: &[&Plane; 32], numbers: &mut [u32; 64 * BLOCK]) {
    // Words 2k and 2k + 1 of all planes make one matrix: 64 rows.
    for group in 0..BLOCK / 16 {
        let mut m: Matrices = [[0; 8]; 64];
        for bit in 0..32 {
            let plane = planes[bit];
            for k in 0..8 {
                m[bit][k] = plane[group * 16 + 2 * k];
                m[bit + 32][k] = plane[group * 16 + 2 * k + 1];
            }
        }
        transpose(&mut m);
        // Row i holds lane i of the even word in its lower half and of the odd word in its upper half.
        for k in 0..8 {
            let at = (group * 16 + 2 * k) * 64;
            for i in 0..64 {
                numbers[at + i] = m[i][k] as u32;
                numbers[at + 64 + i] = (m[i][k] >> 32) as u32;
            }
        }
    }
}

/// Transposes bit matrices: bit j of word i becomes bit i of word j (Hacker's Delight, section 7-3).
#[inline(always)]
fn transpose<const N: usize>(m: &mut [[u64; N]; 64]) {
    let mut width = 32;
    let mut mask = 0x0000_0000_ffff_ffff_u64;
    while width != 0 {
        let mut row = 0;
        while row < 64 {
            let (mut low, mut high) = (m[row], m[row + width]);
            for k in 0..N {
                let swap = ((low[k] >> width) ^ high[k]) & mask;
                low[k] ^= swap << width;
                high[k] ^= swap;
            }
            (m[row], m[row + width]) = (low, high);
            row = (row + width + 1) & !width;
        }
        width >>= 1;
        mask ^= mask << width;
    }
}

/// Transposes one matrix.
pub(super) fn transpose_one(m: &mut [u64; 64]) {
    let mut one: [[u64; 1]; 64] = m.map(|row| [row]);
    transpose(&mut one);
    *m = one.map(|[row]| row);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random_plane(seed: u64) -> Plane {
        let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        std::array::from_fn(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            x
        })
    }

    fn bit(plane: &Plane, lane: usize) -> u32 {
        (plane[lane / 64] >> (lane % 64) & 1) as u32
    }

    #[test]
    fn every_truth_table_is_evaluated_as_it_is_written() {
        let shared = [random_plane(1), random_plane(2)];
        for table in 0..=255_u8 {
            let mut own = [random_plane(3), [0; BLOCK]];
            run(&[Op { table, inputs: [0, 2, 1], out: 3 }], &shared, &mut own, 1);
            for lane in 0..64 * BLOCK {
                let row =
                    bit(&shared[0], lane) | bit(&own[0], lane) << 1 | bit(&shared[1], lane) << 2;
                assert_eq!(bit(&own[1], lane), u32::from(table) >> row & 1, "{table:#x}");
            }
        }
    }

    #[test]
    fn sums_and_carries_that_are_made_together_are_right() {
        let shared = [random_plane(1), random_plane(2), random_plane(3)];
        for (first, second, inputs) in [
            (0x96, 0xe8, [0, 1, 2]),
            (0xe8, 0x96, [2, 0, 1]),
            (0x66, 0x88, [1, 2, 1]),
            (0x88, 0x66, [0, 2, 0]),
            (0x96, 0xee, [0, 1, 2]),
        ] {
            let op = |table, inputs, out| Op { table, inputs, out };
            // The third op reads both; the fourth reads the third, with a neighbour's table.
            let ops = [
                op(first, inputs, 3),
                op(second, inputs, 4),
                op(0x66, [3, 4, 3], 5),
                op(0x88, [3, 5, 3], 6),
            ];
            let mut own = [[0; BLOCK]; 4];
            run(&ops, &shared, &mut own, 0);
            for lane in 0..64 * BLOCK {
                let mut bits: Vec<u32> = shared.iter().map(|p| bit(p, lane)).collect();
                for op in &ops {
                    let row =
                        op.inputs.iter().zip(0..).fold(0, |r, (s, i)| r | bits[*s as usize] << i);
                    bits.push(u32::from(op.table) >> row & 1);
                }
                let made: Vec<u32> = own.iter().map(|p| bit(p, lane)).collect();
                assert_eq!(made, bits[3..]);
            }
        }
    }

    #[test]
    fn planes_become_numbers_and_are_subtracted() {
        let left: Vec<Plane> = (0..32).map(random_plane).collect();
        let right: Vec<Plane> = (32..64).map(random_plane).collect();
        let number = |planes: &[Plane], lane: usize| {
            planes.iter().enumerate().fold(0, |n, (i, plane)| n | bit(plane, lane) << i)
        };
        let mut all = Box::new([0; 64 * BLOCK]);
        numbers(&std::array::from_fn(|i| &left[i]), &mut all);
        let mut difference = vec![[0; BLOCK]; 32];
        let (l, r) = (left.iter().collect::<Vec<_>>(), right.iter().collect::<Vec<_>>());
        let (any, borrow) = subtract(&l, &r, &mut difference);
        for lane in 0..64 * BLOCK {
            let (l, r) = (number(&left, lane), number(&right, lane));
            assert_eq!(all[lane], l);
            assert_eq!(number(&difference, lane), l.wrapping_sub(r));
            assert_eq!(bit(&any, lane), u32::from(l != r));
            assert_eq!(bit(&borrow, lane), u32::from(l < r));
        }
    }

    #[test]
    fn lanes_that_spell_a_value_are_found() {
        let lanes = random_plane(7);
        let mut planes: Vec<Plane> = (0..3).map(random_plane).collect();
        for value in 0..8 {
            let (mut rest, mut equal) = (lanes, [0; BLOCK]);
            let others = spelling(&planes, &mut rest, value, &mut equal);
            for lane in 0..64 * BLOCK {
                let spelt = (0..3).fold(0, |v, i| v | bit(&planes[i as usize], lane) << i);
                let expected = bit(&lanes, lane) == 1 && spelt == value;
                assert_eq!(bit(&equal, lane) == 1, expected);
                assert_eq!(bit(&rest, lane), bit(&lanes, lane) - bit(&equal, lane));
            }
            assert!(others);
        }
        planes = vec![lanes, [0; BLOCK], lanes];
        let (mut rest, mut equal) = (lanes, [0; BLOCK]);
        assert!(!spelling(&planes, &mut rest, 0b101, &mut equal));
        assert_eq!((rest, equal), ([0; BLOCK], lanes));
    }
}

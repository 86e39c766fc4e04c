//! Many products at a time: 512 operand pairs a pass through an operation's straight program.

use super::eval::Lanes;
use super::planes::transpose_one;
use super::sequence::Sequences;
use crate::unit::{Answer, MulOp, Tuple};

/// Words a lane vector: 8 x 64 = 512 pairs a pass.
const WORDS: usize = 8;
const PAIRS: usize = WORDS * 64;

/// The answers of a unit whose answers depend on the operands alone, in the order of `tuples`.
pub fn answers(sequences: &Sequences, tuples: &[Tuple]) -> Vec<Answer> {
    let mut answers = vec![Answer::Never; tuples.len()];
    let mut scratch = Vec::new();
    for op in MulOp::ALL {
        let places: Vec<usize> = (0..tuples.len()).filter(|i| tuples[*i].op == op).collect();
        let Some(cycles) = sequences.of(op).cycles() else { continue };
        if sequences.of(op).exact().is_some() {
            for place in places {
                let value = op.product(tuples[place].rs1, tuples[place].rs2);
                answers[place] = Answer::Done { value, cycles };
            }
            continue;
        }
        for batch in places.chunks(PAIRS) {
            let operands = batch.iter().map(|i| (tuples[*i].rs1, tuples[*i].rs2));
            let values = products(sequences, op, operands, &mut scratch);
            for (place, value) in batch.iter().zip(values) {
                answers[*place] = Answer::Done { value, cycles };
            }
        }
    }
    answers
}

/// Up to 512 products of one operation that answers.
fn products(
    sequences: &Sequences,
    op: MulOp,
    pairs: impl Iterator<Item = (u32, u32)>,
    scratch: &mut Vec<Lanes<WORDS>>,
) -> Vec<u32> {
    let mut planes = [[0; WORDS]; 64];
    let mut count = 0;
    let mut block = [0_u64; 64];
    let mut flush = |block: &mut [u64; 64], word: usize| {
        transpose_one(block);
        for (plane, bits) in planes.iter_mut().zip(block.iter_mut()) {
            plane[word] = std::mem::take(bits);
        }
    };
    for (rs1, rs2) in pairs.take(PAIRS) {
        block[count % 64] = u64::from(rs1) | u64::from(rs2) << 32;
        count += 1;
        if count % 64 == 0 {
            flush(&mut block, count / 64 - 1);
        }
    }
    if count % 64 != 0 {
        flush(&mut block, count / 64);
    }
    let mut answer = [[0; WORDS]; 32];
    sequences.of(op).evaluate(scratch, &planes, &mut answer);
    let mut values = Vec::with_capacity(count);
    for word in 0..count.div_ceil(64) {
        let mut block = [0; 64];
        for (row, plane) in block.iter_mut().zip(&answer) {
            *row = plane[word];
        }
        transpose_one(&mut block);
        values.extend(block.iter().map(|v| *v as u32).take(count - values.len()));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_matrix_has_rows_for_columns() {
        let original: [u64; 64] =
            std::array::from_fn(|i| (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut m = original;
        transpose_one(&mut m);
        for (i, row) in original.iter().enumerate() {
            for (j, column) in m.iter().enumerate() {
                assert_eq!(row >> j & 1, column >> i & 1);
            }
        }
    }
}

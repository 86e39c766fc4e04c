//! What a network answers: its outputs as real values, and the best classes.

use crate::model::{Model, Quantisation, Tensor, Type};
use serde::Serialize;

/// One class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Score {
    pub class: usize,
    /// The number in the tensor; none of a float tensor.
    pub number: Option<i64>,
    /// The real value.
    pub score: f64,
}

/// The first output tensor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Answer {
    pub scores: Vec<Score>,
}

impl Answer {
    /// From the output tensors' bytes; a faulty run may have made fewer than there should be.
    pub fn new(model: &Model, bytes: &[u8]) -> Self {
        let tensor = model.output();
        let size = tensor.kind.bytes().unwrap_or(1);
        let elements = bytes.chunks_exact(size).take(tensor.len()).enumerate();
        Self { scores: elements.map(|(class, bytes)| score(class, bytes, tensor)).collect() }
    }

    /// The `k` best classes, the best first; of equal ones the lowest comes first.
    pub fn best(&self, k: usize) -> Vec<&Score> {
        let mut scores: Vec<&Score> = self.scores.iter().collect();
        scores.sort_by(|a, b| b.score.total_cmp(&a.score));
        scores.truncate(k);
        scores
    }

    /// The largest difference of a class' score.
    pub fn largest_change(&self, other: &Self) -> Option<f64> {
        let pairs = self.scores.iter().zip(&other.scores);
        pairs.map(|(a, b)| (a.score - b.score).abs()).max_by(f64::total_cmp)
    }
}

fn score(class: usize, bytes: &[u8], tensor: &Tensor) -> Score {
    let real = |number: i64| {
        let q = tensor.quantisation.unwrap_or(Quantisation { scale: 1.0, zero_point: 0 });
        f64::from(q.scale) * (number - q.zero_point) as f64
    };
    let number = match (tensor.kind, bytes) {
        (Type::I8, [byte]) => i64::from(byte.cast_signed()),
        (Type::U8, [byte]) => i64::from(*byte),
        (_, bytes) => {
            let bytes = <[u8; 4]>::try_from(bytes).unwrap_or_default();
            let score = f64::from(f32::from_le_bytes(bytes));
            return Score { class, number: None, score };
        }
    };
    Score { class, number: Some(number), score: real(number) }
}

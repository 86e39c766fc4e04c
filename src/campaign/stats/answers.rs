//! Which image was answered correctly under which fault: a matrix of bits, one row a fault.

use rustc_hash::FxHashMap;

/// The answers of a campaign, packed: a bit a cell, and equal rows once (most faults leave all answers as they are).
#[derive(Clone, Debug, Default)]
pub struct Answers {
    images: usize,
    /// Distinct rows: the images answered correctly, then those that count at all.
    index: FxHashMap<Box<[u64]>, u32>,
    right: Vec<u64>,
    judged: Vec<u64>,
    totals: Vec<Totals>,
    /// The distinct row and the weight of each fault.
    faults: Vec<(u32, f64)>,
}

/// Of one distinct row.
#[derive(Clone, Copy, Debug)]
struct Totals {
    right: u32,
    judged: u32,
}

impl Answers {
    /// Of so many images, as yet without faults.
    pub fn new(images: usize) -> Self {
        Self { images, ..Self::default() }
    }

    /// Adds a fault: for each image whether it was answered correctly, `None` leaves it out. Images that `row` does not
    /// reach are left out, what is beyond the last one is ignored.
    ///
    /// `weight` is what the fault counts: 1 in a simple random sample, the inverse of its probability to be drawn
    /// otherwise. A fault that stands for several drawn ones, as the representative of a class does, is added that many
    /// times. A fault without any image left, or whose weight is not positive and finite, is not added.
    pub fn push(&mut self, row: impl IntoIterator<Item = Option<bool>>, weight: f64) {
        let words = self.words();
        let mut key = vec![0u64; 2 * words];
        for (image, correct) in row.into_iter().take(self.images).enumerate() {
            let bit = 1 << (image % 64);
            if let Some(correct) = correct {
                key[words + image / 64] |= bit;
                key[image / 64] |= if correct { bit } else { 0 };
            }
        }
        let ones = |part: &[u64]| part.iter().map(|w| w.count_ones()).sum();
        let totals = Totals { right: ones(&key[..words]), judged: ones(&key[words..]) };
        if totals.judged == 0 || !(weight.is_finite() && weight > 0.0) {
            return;
        }
        let next = self.totals.len() as u32;
        let row = match self.index.get(key.as_slice()) {
            Some(row) => *row,
            None => {
                self.right.extend(&key[..words]);
                self.judged.extend(&key[words..]);
                self.totals.push(totals);
                self.index.insert(key.into(), next);
                next
            }
        };
        self.faults.push((row, weight));
    }

    /// Number of faults.
    pub fn faults(&self) -> usize {
        self.faults.len()
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.images
    }

    /// The accuracy of each fault, from 0 to 1, with its weight.
    pub fn accuracies(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.faults.iter().map(|(row, weight)| (self.accuracy(*row as usize), *weight))
    }

    /// 64-bit words of a row.
    pub(super) fn words(&self) -> usize {
        self.images.div_ceil(64)
    }

    /// Number of distinct rows.
    pub(super) fn rows(&self) -> usize {
        self.totals.len()
    }

    /// Distinct row and weight of each fault.
    pub(super) fn each(&self) -> &[(u32, f64)] {
        &self.faults
    }

    /// Of all distinct rows, one after the other: the images answered correctly.
    pub(super) fn right(&self) -> &[u64] {
        &self.right
    }

    /// The same: the images that count. `None` if all do.
    pub(super) fn judged(&self) -> Option<&[u64]> {
        let whole = self.totals.iter().all(|t| t.judged as usize == self.images);
        (!whole).then_some(&self.judged)
    }

    /// Correct answers of a distinct row, and images that count.
    pub(super) fn totals(&self, row: usize) -> (f64, f64) {
        (f64::from(self.totals[row].right), f64::from(self.totals[row].judged))
    }

    /// Accuracy of a distinct row.
    pub(super) fn accuracy(&self, row: usize) -> f64 {
        let (right, judged) = self.totals(row);
        right / judged
    }

    /// Sum of the weights of the faults of each distinct row.
    pub(super) fn row_weights(&self) -> Vec<f64> {
        let mut weights = vec![0.0; self.rows()];
        for (row, weight) in &self.faults {
            weights[*row as usize] += weight;
        }
        weights
    }

    /// Whether an image counts in a distinct row, and if so whether it was answered correctly.
    pub(super) fn cell(&self, row: usize, image: usize) -> Option<bool> {
        let word = row * self.words() + image / 64;
        let bit = |words: &[u64]| words[word] >> (image % 64) & 1 == 1;
        bit(&self.judged).then(|| bit(&self.right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were_added() {
        let mut answers = Answers::new(130);
        let cell = |f: usize, i: usize| match (f * 31 + i * 7) % 5 {
            0 => None,
            n => Some(n > 2),
        };
        for fault in [0, 1, 0, 2] {
            answers.push((0..130).map(|i| cell(fault, i)), 1.0);
        }
        assert_eq!((answers.faults(), answers.rows(), answers.images()), (4, 3, 130));
        for fault in 0..3 {
            assert!((0..130).all(|i| answers.cell(fault, i) == cell(fault, i)));
        }
        assert_eq!(answers.row_weights(), [2.0, 1.0, 1.0]);
    }

    #[test]
    fn a_fault_without_images_or_weight_does_not_enter() {
        let mut answers = Answers::new(2);
        answers.push([None, None], 1.0);
        answers.push([Some(true)], 0.0);
        answers.push([Some(true)], f64::NAN);
        assert_eq!(answers.faults(), 0);
        answers.push([Some(true), None, Some(false)], 2.5);
        assert_eq!(answers.accuracies().collect::<Vec<_>>(), [(1.0, 2.5)]);
    }
}

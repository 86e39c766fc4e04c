//! The golden runs: every image once, without a fault; what each answers, and which multiplications it makes.

use super::outcome::Answers;
use crate::campaign::images::Images;
use crate::cpu::Stop;
use crate::netlist::range::Range;
use crate::unit::{Counts, Latency, MulOp, Recorder, Tuple};
use crate::workload::{Program, Run, Runner};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use thiserror::Error;

/// Retired instructions that a golden run may take.
pub const GOLDEN_BUDGET: u64 = 100_000_000_000;

/// A golden run that is no reference.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum GoldenError {
    /// It did not answer.
    #[error(
        "without a fault, image {image} ends with {stop} instead of exit code 0; try it with 'stuckat run'"
    )]
    NoAnswer {
        /// The image.
        image: usize,
        /// How the run ended.
        stop: Stop,
    },
    /// The scope has nothing in it.
    #[error(
        "none of the {muls} multiplications of image {image} is in scope '{scope}', so that no fault could show; choose another scope"
    )]
    NothingInScope {
        /// The image.
        image: usize,
        /// Its multiplications.
        muls: u64,
        /// The scope.
        scope: String,
    },
    /// It prints no class.
    #[error(
        "without a fault, image {image} ends well, but nothing that it prints matches --answer with a class's number in the first group; see with 'stuckat run' what it prints"
    )]
    NoClass {
        /// The image.
        image: usize,
    },
}

/// One image without a fault.
#[derive(Clone, Debug)]
pub struct Golden {
    /// The run.
    pub run: Run,
    /// The class that it answers; `None` if the network does not classify.
    pub top1: Option<usize>,
    /// How many distinct operations it has.
    pub distinct: usize,
    /// These operations, as indices into [`GoldenSet::tuples`].
    pub tuples: Indices,
    /// Those among them that are in no product table ([`Range::SQUARE`]).
    pub untabled: Indices,
    /// Which operations are among these, by [`MulOp::index`].
    pub kinds: [bool; 4],
}

/// Ascending numbers, as the bytes of their differences: seven bits a byte, the lowest first, bit 7 where more follow. A large campaign has millions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indices(Box<[u8]>);

impl Indices {
    /// Of numbers in any order.
    pub fn new(mut numbers: Vec<u32>) -> Self {
        numbers.sort_unstable();
        let mut bytes = Vec::new();
        let mut last = 0;
        for number in numbers {
            let mut left = number - last;
            while left >= 0x80 {
                bytes.push(left as u8 | 0x80);
                left >>= 7;
            }
            bytes.push(left as u8);
            last = number;
        }
        Self(bytes.into_boxed_slice())
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let mut bytes = self.0.iter();
        let mut last = 0;
        std::iter::from_fn(move || {
            let mut shift = 0;
            loop {
                let byte = bytes.next()?;
                last += u32::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    return Some(last);
                }
            }
        })
    }
}

/// All images of a plan without a fault.
#[derive(Clone, Debug)]
pub struct GoldenSet {
    /// How outputs are read.
    pub answers: Answers,
    /// One entry an image of the plan.
    pub golden: Vec<Golden>,
    /// The distinct (operation, rs1, rs2) in scope of all golden runs.
    pub tuples: Vec<Tuple>,
}

impl GoldenSet {
    /// Runs every image of the plan on `workers` threads; `done` is called after each, in the calling thread. The distinct
    /// operations are kept only if `record`.
    ///
    /// # Errors
    /// [`GoldenError`] if a run does not answer: the one of the first such image.
    pub fn run(
        lab: &GoldenLab,
        workers: usize,
        record: bool,
        mut done: impl FnMut(),
    ) -> Result<Self, GoldenError> {
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::sync_channel(64);
        // Operations get their numbers in the order of the images, so that the number of threads does not matter; what
        // comes early waits.
        let mut early = BTreeMap::new();
        let set = Self { answers: lab.answers, golden: Vec::new(), tuples: Vec::new() };
        let mut numbered = Numbered { set, numbers: FxHashMap::default() };
        std::thread::scope(|scope| {
            for _ in 0..workers.clamp(1, lab.chosen.len().max(1)) {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || lab.work(next, &sender));
            }
            drop(sender);
            for (place, run, seen) in receiver {
                done();
                early.insert(place, (run, seen));
                while let Some((run, seen)) = early.remove(&numbered.set.golden.len()) {
                    let image = lab.chosen[numbered.set.golden.len()];
                    if run.stop != Stop::Exit(0) {
                        // Leaving the loop closes the channel, which ends the workers.
                        return Err(GoldenError::NoAnswer { image, stop: run.stop });
                    }
                    let Counts { muls, outside, .. } = run.counts;
                    if muls == outside && muls > 0 {
                        let scope = lab.program.scope().describe();
                        return Err(GoldenError::NothingInScope { image, muls, scope });
                    }
                    if lab.program.answer().is_some() && !lab.answers.prints_class(&run) {
                        return Err(GoldenError::NoClass { image });
                    }
                    numbered.add(run, seen, record);
                }
            }
            Ok(numbered.set)
        })
    }
}

/// A golden set as it grows.
struct Numbered {
    set: GoldenSet,
    numbers: FxHashMap<Tuple, u32>,
}

impl Numbered {
    fn add(&mut self, run: Run, seen: Vec<Tuple>, record: bool) {
        let distinct = seen.len();
        let all = &mut self.set.tuples;
        let (mut tuples, mut untabled) = (Vec::new(), Vec::new());
        let mut kinds = [false; 4];
        for tuple in seen.into_iter().filter(|_| record) {
            let number = *self.numbers.entry(tuple).or_insert_with(|| {
                all.push(tuple);
                all.len() as u32 - 1
            });
            tuples.push(number);
            let Tuple { op, rs1, rs2 } = tuple;
            if op != MulOp::MUL || Range::SQUARE.index(rs1, rs2).is_none() {
                kinds[op.index()] = true;
                untabled.push(number);
            }
        }
        let top1 = self.set.answers.class(&run);
        let (tuples, untabled) = (Indices::new(tuples), Indices::new(untabled));
        self.set.golden.push(Golden { run, top1, distinct, tuples, untabled, kinds });
    }
}

/// What the golden runs need.
#[derive(Debug)]
pub struct GoldenLab<'a> {
    /// The firmware.
    pub program: &'a Program,
    /// The data set.
    pub images: &'a Images,
    /// The plan's images.
    pub chosen: &'a [usize],
    /// Cycle counts of the sound multiplier.
    pub latency: Latency,
    /// How outputs are read.
    pub answers: Answers,
}

impl GoldenLab<'_> {
    fn work(&self, next: &AtomicUsize, sender: &mpsc::SyncSender<(usize, Run, Vec<Tuple>)>) {
        let mut runner = Runner::new(self.program, Recorder::new(self.latency));
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(image) = self.chosen.get(place) else { return };
            let run = runner.run(&self.images.input(*image), GOLDEN_BUDGET);
            let seen = runner.unit_mut().tuples();
            if sender.send((place, run, seen)).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_come_back_in_order() {
        let numbers = vec![u32::MAX, 0, 127, 128, 1 << 14, (1 << 28) + 5, 300];
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        let indices = Indices::new(numbers);
        assert_eq!(indices.iter().collect::<Vec<_>>(), sorted);
        // 0; 127; 1; 172 and 16,084 take two bytes; 2^28 - 16,379 four; the last five.
        assert_eq!(indices.0.len(), 1 + 1 + 1 + 2 + 2 + 4 + 5);
        assert_eq!(Indices::default().iter().next(), None);
    }
}

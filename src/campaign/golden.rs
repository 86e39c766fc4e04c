//! The golden runs: every image once, without a fault; what each answers, and which multiplications it makes.

use super::outcome::top;
use crate::campaign::images::Images;
use crate::cpu::Stop;
use crate::unit::{Latency, Recorder, Tuple};
use crate::workload::{Program, Run, Runner};
use std::collections::BTreeMap;
use thiserror::Error;

/// Retired instructions that a golden run may take.
pub const GOLDEN_BUDGET: u64 = 100_000_000_000;

/// A golden run that is no reference.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum GoldenError {
    /// It did not answer.
    #[error(
        "without a fault, image {image} ends with {stop:?} instead of exit code 0; try it with 'stuckat run'"
    )]
    NoAnswer {
        /// The image.
        image: usize,
        /// How the run ended.
        stop: Stop,
    },
}

/// One image without a fault.
#[derive(Clone, Debug)]
pub struct Golden {
    /// The run.
    pub run: Run,
    /// The class that it answers.
    pub top1: usize,
    /// How many distinct operations it has.
    pub distinct: usize,
    /// These operations, as indices into [`GoldenSet::tuples`].
    pub tuples: Vec<u32>,
}

/// All images of a plan without a fault.
#[derive(Clone, Debug)]
pub struct GoldenSet {
    /// One entry an image of the plan.
    pub golden: Vec<Golden>,
    /// The distinct (operation, rs1, rs2) of all golden runs.
    pub tuples: Vec<Tuple>,
}

impl GoldenSet {
    /// Runs every image of the plan; `done` is called after each. The distinct operations are kept only if `record`.
    ///
    /// # Errors
    /// [`GoldenError`] if a run does not answer.
    pub fn run(
        program: &Program,
        images: &Images,
        chosen: &[usize],
        latency: Latency,
        record: bool,
        mut done: impl FnMut(),
    ) -> Result<Self, GoldenError> {
        let mut runner = Runner::new(program, Recorder::new(latency));
        let mut numbers: BTreeMap<Tuple, u32> = BTreeMap::new();
        let mut golden = Vec::with_capacity(chosen.len());
        for image in chosen {
            let run = runner.run(&images.input(*image), GOLDEN_BUDGET);
            if run.stop != Stop::Exit(0) {
                return Err(GoldenError::NoAnswer { image: *image, stop: run.stop });
            }
            let seen = runner.unit_mut().tuples();
            let number = |tuple| {
                let next = numbers.len() as u32;
                *numbers.entry(tuple).or_insert(next)
            };
            let distinct = seen.len();
            let tuples = if record { seen.into_iter().map(number).collect() } else { Vec::new() };
            let top1 = top(&run.output, 1).first().copied().unwrap_or(0);
            golden.push(Golden { run, top1, distinct, tuples });
            done();
        }
        let mut tuples: Vec<(u32, Tuple)> = numbers.into_iter().map(|(t, n)| (n, t)).collect();
        tuples.sort_unstable_by_key(|(number, _)| *number);
        Ok(Self { golden, tuples: tuples.into_iter().map(|(_, tuple)| tuple).collect() })
    }
}

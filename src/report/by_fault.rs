//! A run fault by fault: what each did over all images of the plan.
//!
//! In: a [`Run`]. Out: a [`FaultResult`] for each fault all of whose images have ended.

use super::run::{Row, Run, Yardstick};
use crate::campaign::outcome::Outcome;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Scenarios by class, in the order of [`Outcome::ALL`]; in JSON an object of those that occur.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mix(pub [usize; Outcome::ALL.len()]);

impl Mix {
    /// Counts scenarios.
    pub fn of<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Self {
        let mut mix = Self::default();
        rows.into_iter().for_each(|row| mix.0[row.outcome.index()] += 1);
        mix
    }

    /// Those of one class.
    pub fn get(&self, outcome: Outcome) -> usize {
        self.0[outcome.index()]
    }

    /// All of them.
    pub fn total(&self) -> usize {
        self.0.iter().sum()
    }

    /// Those without an answer.
    pub fn silent(&self) -> usize {
        self.each().filter(|(outcome, _)| outcome.no_answer()).map(|(_, n)| n).sum()
    }

    /// Class by class, from harmless to harmful.
    pub fn each(&self) -> impl Iterator<Item = (Outcome, usize)> + '_ {
        Outcome::ALL.into_iter().zip(self.0)
    }

    /// Adds another one's scenarios.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, n)| *sum += n);
    }
}

impl Serialize for Mix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (outcome, n) in self.each().filter(|(_, n)| *n > 0) {
            map.serialize_entry(outcome.name(), &n)?;
        }
        map.end()
    }
}

/// What a fault did.
#[derive(Clone, Copy, Debug)]
pub struct FaultResult {
    /// Its place in the plan.
    pub fault: u32,
    /// Share of the images that are answered right; no answer is a wrong one. `None` if the network does not classify.
    pub accuracy: Option<f64>,
    /// Share of the images whose answer is another class, other numbers, or none.
    pub harm: f64,
    /// Its scenarios by class.
    pub outcomes: Mix,
    /// Share of the executed multiplications in scope whose product is wrong; 0 if none was executed.
    pub wrong_share: f64,
    /// Mean over the answered images of the root mean square change of the output.
    pub rms_change: Option<f64>,
}

impl FaultResult {
    fn of(run: &Run, rows: &[Row]) -> Self {
        let share = |n: usize| n as f64 / rows.len().max(1) as f64;
        let count = |property: &dyn Fn(&Row) -> bool| rows.iter().filter(|r| property(r)).count();
        let (muls, wrong) = rows.iter().fold((0.0, 0.0), |(muls, wrong), row| {
            (muls + row.muls as f64, wrong + row.wrong as f64)
        });
        let changes: Vec<f64> = rows.iter().filter_map(|row| Some(row.change?.1)).collect();
        Self {
            fault: rows.first().map_or(0, |row| row.fault),
            accuracy: (run.yardstick != Yardstick::Numbers)
                .then(|| share(count(&|row| run.right(row)))),
            harm: share(count(&Row::harmful)),
            outcomes: Mix::of(rows),
            wrong_share: if muls > 0.0 { (wrong / muls).min(1.0) } else { 0.0 },
            rms_change: (!changes.is_empty())
                .then(|| changes.iter().sum::<f64>() / changes.len() as f64),
        }
    }
}

/// All complete faults, in the order of the plan.
pub fn results(run: &Run, complete: &[&[Row]]) -> Vec<FaultResult> {
    complete.iter().map(|rows| FaultResult::of(run, rows)).collect()
}

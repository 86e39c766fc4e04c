//! Did the faults fire? Proof that a campaign tested something.

use super::estimates::median_value;
use super::run::{Fault, Run};
use serde::Serialize;

/// How often products were wrong.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Fired {
    /// Distinct multiplications in scope of all golden runs together.
    pub distinct: usize,
    /// Faults whose site takes the other value in some golden multiplication.
    pub faults_activated: usize,
    /// Faults whose site never does.
    pub faults_not_activated: usize,
    /// Faults under which none of them is wrong.
    pub faults_never_wrong: usize,
    /// Faults under which some are wrong.
    pub faults_wrong: usize,
    /// Faults that make the unit carry state, for which no such number exists.
    pub faults_carrying_state: usize,
    /// Of the faults under which some are wrong: smallest number of distinct wrong multiplications.
    pub min: usize,
    /// Median number.
    pub median: f64,
    /// Largest number.
    pub max: usize,
    /// Multiplications in scope of all scenarios, those settled by screening included.
    pub muls: u64,
    /// Those with a wrong product.
    pub wrong: u64,
    /// Faults that have begun.
    pub faults: usize,
}

impl Fired {
    /// Of all faults that have begun, and all scenarios that have ended.
    pub fn of(run: &Run) -> Self {
        let faults: Vec<&Fault> = run.faults.iter().flatten().collect();
        let counted: Vec<usize> = faults.iter().filter_map(|f| f.distinct_wrong).collect();
        let wrong: Vec<usize> = counted.iter().copied().filter(|n| *n > 0).collect();
        let activated = |is: bool| faults.iter().filter(|f| f.activated == Some(is)).count();
        let sum = |of: fn(&super::run::Row) -> u64| {
            run.rows.iter().fold(0_u64, |sum, row| sum.saturating_add(of(row)))
        };
        Self {
            distinct: run.distinct,
            faults_activated: activated(true),
            faults_not_activated: activated(false),
            faults_never_wrong: counted.len() - wrong.len(),
            faults_wrong: wrong.len(),
            faults_carrying_state: faults.len() - counted.len(),
            min: wrong.iter().copied().min().unwrap_or(0),
            median: median_value(&wrong.iter().map(|n| *n as f64).collect::<Vec<_>>())
                .unwrap_or(0.0),
            max: wrong.iter().copied().max().unwrap_or(0),
            muls: sum(|row| row.muls),
            wrong: sum(|row| row.wrong),
            faults: faults.len(),
        }
    }
}

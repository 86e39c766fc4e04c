//! Estimates with their uncertainty: never a number alone. Pure functions: counts and answers in, intervals out.
//!
//! Shares of faults: [`proportion`], [`stratified`] and [`weighted`]. Accuracies: [`answers`] holds them, [`two_way`] and
//! [`mod@bootstrap`] give their error, [`mcnemar`] tests one against the golden one. Before a campaign: [`mod@sample_size`] and
//! [`allocation`]. [`share`] reads `3%` and `0.03`; [`distribution`] holds the distribution functions that the others use.

pub mod allocation;
pub mod answers;
pub mod bootstrap;
pub mod distribution;
pub mod mcnemar;
pub mod proportion;
pub mod sample_size;
pub mod share;
pub mod stratified;
pub mod two_way;
pub mod weighted;

pub use allocation::{AllocationError, allocate};
pub use answers::Answers;
pub use bootstrap::{AccuracyErrors, AccuracyIntervals, Resampling, bootstrap};
pub use mcnemar::McNemar;
pub use proportion::{Estimate, Method, exact, interval, wilson};
pub use sample_size::{SampleSize, SampleSizeError, margin, quantile, sample_size};
pub use share::{Share, ShareError};
pub use stratified::{MeanEstimate, Stratum, stratified_mean, stratified_share};
pub use two_way::{Components, Populations, Source, TwoWay};
pub use weighted::{weighted_mean, weighted_mean_interval, weighted_median, weighted_share};

use serde::Serialize;

/// The normal quantile of a two-sided 99 % interval.
pub const Z_99: f64 = 2.575_829_303_548_901;

/// A range that holds the true value with the stated confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Arithmetic mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Median, the mean of the middle two if their number is even; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    Some(if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_means_are_the_textbook_ones() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
        assert_eq!((mean(&[]), median(&[])), (None, None));
    }
}

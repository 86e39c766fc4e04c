//! Every estimate of the report, with its interval: the one place where statistics are asked for.
//!
//! In: counts, values by fault, answers by fault and image. Out: what a [`super::Summary`] holds. All intervals are at 99 %.

use crate::campaign::plan::Plan;
use crate::campaign::stats::{
    Answers, Estimate, Interval, McNemar, Populations, Resampling, Stratum, bootstrap, interval,
    mean, median, stratified_mean,
};
use serde::Serialize;

/// Confidence of all intervals.
pub const CONFIDENCE: f64 = 0.99;
/// A mean of fewer values gets no interval: Student's t holds for values that are roughly normal or many.
const FEW: usize = 5;
/// Least and most that a share can be.
pub const SHARE: (f64, f64) = (0.0, 1.0);

/// Accuracy over the faults, as fractions of 1.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Accuracy {
    /// Faults that enter: those with an image to judge.
    pub faults: usize,
    /// Mean over the faults.
    pub mean: f64,
    /// Median over the faults.
    pub median: f64,
    /// Worst fault.
    pub min: f64,
    /// Intervals for the error of sampling faults and images, together.
    pub intervals: Intervals,
    /// Interval of the mean for the error of sampling faults; the images stay.
    pub fault_sampling: Option<Interval>,
    /// Interval of the mean for the error of sampling images; the faults stay.
    pub image_sampling: Option<Interval>,
}

/// Intervals of an [`Accuracy`]; `None` where the sample shows no variation.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Intervals {
    /// Of the mean.
    pub mean: Option<Interval>,
    /// Of the median.
    pub median: Option<Interval>,
}

/// Mean and median accuracy by two-way bootstrap.
///
/// `rows` has an item a fault: for each image of the plan whether it is right, `None` leaves it out. `None` without anything to judge.
pub fn accuracy<R>(rows: impl IntoIterator<Item = R>, plan: &Plan) -> Option<Accuracy>
where
    R: IntoIterator<Item = Option<bool>>,
{
    let mut answers = Answers::new(plan.images.len());
    rows.into_iter().for_each(|row| answers.push(row, 1.0));
    let each: Vec<f64> = answers.accuracies().map(|(accuracy, _)| accuracy).collect();
    let (mean, median) = (mean(&each)?, median(&each)?);
    let resampling = Resampling { confidence: CONFIDENCE, ..Resampling::new(plan.seed) };
    let populations = Populations { faults: plan.universe, images: plan.data_images };
    let errors = bootstrap(&answers, populations, resampling);
    Some(Accuracy {
        faults: each.len(),
        mean,
        median,
        min: each.iter().copied().min_by(f64::total_cmp)?,
        intervals: Intervals { mean: errors.both.mean, median: errors.both.median },
        fault_sampling: errors.faults.mean,
        image_sampling: errors.images.mean,
    })
}

/// A share of the faults.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Proportion {
    /// Faults with the property.
    pub faults: usize,
    /// Faults looked at.
    pub of: usize,
    /// Interval for the share in the universe: Wilson's with finite population, the exact one where counts are small.
    pub interval: Interval,
}

/// The share of `universe` faults with a property that `faults` of `of` drawn ones have.
pub fn proportion(faults: usize, of: usize, universe: usize) -> Proportion {
    let Estimate { interval, .. } = interval(faults, of, universe.max(of), CONFIDENCE);
    Proportion { faults, of, interval }
}

/// The share of `data_images` images with a property that `k` of `n` drawn ones have.
pub fn image_share(k: usize, n: usize, data_images: usize) -> Interval {
    interval(k, n, data_images.max(n), CONFIDENCE).interval
}

/// A mean over faults.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Its interval for the error of sampling faults, by Student's t with finite population; `None` of fewer than five values, or
    /// if they are all the same.
    pub interval: Option<Interval>,
}

/// The mean of a simple random sample of values from a population of `size`; `None` of nothing. `ends` are the least and the most
/// that a value can be.
pub fn mean_of(values: &[f64], size: usize, ends: (f64, f64)) -> Option<Mean> {
    mean_of_stratum(Stratum::of_values(size, values), ends)
}

/// Interval of the mean of shares, one a fault.
pub fn share_of(shares: &[f64], universe: usize) -> Option<Interval> {
    let size = universe.max(shares.len());
    mean_of_stratum(Stratum::of_values(size, shares), SHARE)?.interval
}

/// The mean, with an interval that stays between the ends.
fn mean_of_stratum(stratum: Stratum, (least, most): (f64, f64)) -> Option<Mean> {
    let estimate = stratified_mean(&[stratum], CONFIDENCE)?;
    let whole = stratum.drawn >= stratum.size;
    let interval = estimate.interval.filter(|_| stratum.drawn >= FEW || whole);
    let clamped = |i: Interval| Interval { low: i.low.max(least), high: i.high.min(most) };
    Some(Mean { mean: estimate.mean, interval: interval.map(clamped) })
}

/// The size in the universe of a group of which `drawn` faults are among the plan's.
pub fn group_size(drawn: usize, plan: &Plan) -> usize {
    let share = plan.universe as f64 / plan.faults.len().max(1) as f64;
    drawn.max((drawn as f64 * share).round() as usize)
}

/// One point of a running mean.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Step {
    /// Faults so far.
    pub faults: usize,
    /// Their mean.
    #[serde(flatten)]
    pub mean: Mean,
}

/// The running mean of values from 0 to 1 in random order, at about `points` numbers of values at the most, as if the sample had ended
/// there. The last point is that of all values.
pub fn convergence(values: &[f64], universe: usize, points: usize) -> Vec<Step> {
    let mut stratum = Stratum { size: universe.max(values.len()), ..Stratum::default() };
    let mut steps = Vec::new();
    for (i, value) in values.iter().enumerate() {
        stratum.drawn += 1;
        stratum.sum += value;
        stratum.squares += value * value;
        // Evenly spaced, and the last one is always there.
        let passes = |i: usize| i * points / values.len().max(1);
        if values.len() <= points || passes(i + 1) > passes(i) {
            let mean = mean_of_stratum(stratum, SHARE);
            steps.extend(mean.map(|mean| Step { faults: i + 1, mean }));
        }
    }
    steps
}

/// McNemar's test of golden against faulty answers: the exact two-sided p-value.
pub fn mcnemar(pairs: impl IntoIterator<Item = (bool, bool)>) -> McNemar {
    McNemar::of_pairs(pairs)
}

pub use crate::campaign::stats::{mean as mean_value, median as median_value};

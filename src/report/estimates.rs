//! Every estimate of the report, with its interval: the one place where statistics are asked for.
//!
//! In: counts, values by fault, answers by fault and image. Out: what a [`super::Summary`] holds. All intervals are at 99 %.

use crate::campaign::plan::Plan;
use crate::campaign::stats::{
    Answers, Estimate, Interval, McNemar, Populations, Resampling, Stratum, bootstrap, interval,
    stratified_mean, stratified_share, weighted_mean, weighted_median,
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

/// What a fault of the plan counts: the inverse of its probability to be drawn, up to a factor; the same for all if the sample was not
/// divided into strata.
fn weight(plan: &Plan, fault: usize) -> f64 {
    let stratum = plan.stratum_of.get(fault).and_then(|h| plan.strata.get(*h));
    stratum.map_or(1.0, |h| h.size as f64 / h.drawn.max(1) as f64)
}

/// The plan's strata with the values of its faults; a single one if it has none.
fn strata(plan: &Plan, values: &[(usize, f64)]) -> Vec<Stratum> {
    if plan.strata.is_empty() {
        let values: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
        return vec![Stratum::of_values(plan.universe.max(values.len()), &values)];
    }
    let mut by_stratum = vec![Vec::new(); plan.strata.len()];
    for (fault, value) in values {
        let stratum = plan.stratum_of.get(*fault).and_then(|h| by_stratum.get_mut(*h));
        stratum.into_iter().for_each(|values| values.push(*value));
    }
    plan.strata
        .iter()
        .zip(by_stratum)
        .map(|(h, values)| Stratum::of_values(h.size, &values))
        .collect()
}

/// Mean and median accuracy by two-way bootstrap. Of a sample in strata the faults are weighted, and the error of faults is that of the strata; the
/// error of both together leaves the strata out of account, which makes it a little wide.
///
/// `rows` has an item a fault: its place in the plan, and for each image whether it is right, `None` leaves it out. `None` without anything to judge.
pub fn accuracy<R>(rows: impl IntoIterator<Item = (usize, R)>, plan: &Plan) -> Option<Accuracy>
where
    R: IntoIterator<Item = Option<bool>>,
{
    let mut answers = Answers::new(plan.images.len());
    let mut entered = Vec::new();
    for (fault, row) in rows {
        let before = answers.faults();
        answers.push(row, weight(plan, fault));
        entered.extend((answers.faults() > before).then_some(fault));
    }
    let weighted: Vec<(f64, f64)> = answers.accuracies().collect();
    let each: Vec<f64> = weighted.iter().map(|(accuracy, _)| *accuracy).collect();
    let (mean, median) = (weighted_mean(&weighted)?, weighted_median(&weighted)?);
    let resampling = Resampling { confidence: CONFIDENCE, ..Resampling::new(plan.seed) };
    let populations = Populations { faults: plan.universe, images: plan.data_images };
    let errors = bootstrap(&answers, populations, resampling);
    Some(Accuracy {
        faults: each.len(),
        mean,
        median,
        min: each.iter().copied().min_by(f64::total_cmp)?,
        intervals: Intervals { mean: errors.both.mean, median: errors.both.median },
        fault_sampling: if plan.strata.is_empty() {
            errors.faults.mean
        } else {
            let values: Vec<(usize, f64)> = entered.into_iter().zip(each).collect();
            mean_of_strata(&strata(plan, &values), SHARE)?.interval
        },
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

/// The share of faults with a property, from those drawn: each with its place in the plan and whether it has it.
pub fn proportion(drawn: &[(usize, bool)], plan: &Plan) -> Proportion {
    let (faults, of) = (drawn.iter().filter(|(_, has)| *has).count(), drawn.len());
    let simple = interval(faults, of, plan.universe.max(of), CONFIDENCE);
    let values: Vec<(usize, f64)> =
        drawn.iter().map(|(fault, has)| (*fault, f64::from(u8::from(*has)))).collect();
    let divided =
        (!plan.strata.is_empty()).then(|| stratified_share(&strata(plan, &values), CONFIDENCE));
    let Estimate { interval, .. } = divided.flatten().unwrap_or(simple);
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

/// Interval of the mean of shares: one for each drawn fault, with its place in the plan.
pub fn share_of(shares: &[(usize, f64)], plan: &Plan) -> Option<Interval> {
    mean_of_strata(&strata(plan, shares), SHARE)?.interval
}

/// The mean, with an interval that stays between the ends.
fn mean_of_stratum(stratum: Stratum, ends: (f64, f64)) -> Option<Mean> {
    mean_of_strata(&[stratum], ends)
}

fn mean_of_strata(strata: &[Stratum], (least, most): (f64, f64)) -> Option<Mean> {
    let estimate = stratified_mean(strata, CONFIDENCE)?;
    let whole = strata.iter().all(|stratum| stratum.drawn >= stratum.size);
    let drawn: usize = strata.iter().map(|stratum| stratum.drawn).sum();
    let interval = estimate.interval.filter(|_| drawn >= FEW || whole);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_students_interval_with_finite_population() {
        // Six of twelve: s^2 = 6 * 0.01 / 5 = 0.012, variance (1 - 6/12) * 0.012 / 6 = 0.001. Student's t of 5 degrees of freedom at
        // 99 % is 4.0321 (any table), so 0.5 +- 4.0321 * 0.031623 = 0.5 +- 0.12751.
        let values = [0.4, 0.6, 0.4, 0.6, 0.4, 0.6];
        let interval = mean_of(&values, 12, SHARE).and_then(|mean| mean.interval).unwrap();
        assert!((interval.low - 0.37249).abs() < 1e-5, "{interval:?}");
        assert!((interval.high - 0.62751).abs() < 1e-5, "{interval:?}");
        let clamped = mean_of(&values, 12, (0.45, 0.5)).and_then(|mean| mean.interval);
        assert_eq!(clamped, Some(Interval { low: 0.45, high: 0.5 }));
        // Four are too few, and of a whole population the mean is known.
        assert_eq!(mean_of(&values[..4], 12, SHARE).unwrap().interval, None);
        let whole = mean_of(&values[..2], 2, SHARE).and_then(|mean| mean.interval).unwrap();
        assert_eq!((whole.low, whole.high), (0.5, 0.5));
        assert!(mean_of(&[], 12, SHARE).is_none());
    }

    #[test]
    fn a_running_mean_has_few_points_and_ends_with_all_values() {
        let values: Vec<f64> = (0..1003).map(|i| f64::from(i % 2)).collect();
        let steps = convergence(&values, 5000, 160);
        assert!((150..=160).contains(&steps.len()), "{}", steps.len());
        assert_eq!(steps.last().map(|step| step.faults), Some(1003));
        assert!(steps.windows(2).all(|pair| pair[0].faults < pair[1].faults));
        for step in &steps {
            let ones = step.faults / 2;
            assert!((step.mean.mean - ones as f64 / step.faults as f64).abs() < 1e-12);
        }
        assert_eq!(convergence(&values[..7], 5000, 160).len(), 7);
        assert!(convergence(&[], 5000, 160).is_empty());
    }
}

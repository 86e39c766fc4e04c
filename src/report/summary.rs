//! The numbers of a campaign, computed once for all ways to show them.

use super::by_fault::{FaultResult, Mix, results};
use super::estimates::{
    Accuracy, Proportion, Step, accuracy, convergence, image_share, mean_value, proportion,
};
use super::fired::Fired;
use super::groups::{Places, Strikes};
use super::harmful::{FaultRow, most_harmful};
use super::provenance::Provenance;
use super::run::{Row, Run, Yardstick};
use crate::campaign::outcome::Outcome;
use crate::campaign::stats::Interval;
use crate::campaign::store::StoreError;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Bins of the histogram of accuracies, from 0 to 1.
pub const BINS: usize = 20;
/// Points of the running mean, about.
const CONVERGENCE_POINTS: usize = 160;

/// What a campaign shows. All shares and accuracies are fractions of 1; intervals are at 99 %.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// SHA-256 of the plan.
    pub plan_sha256: String,
    /// Name of the multiplier.
    pub multiplier: String,
    /// Seed of the samples.
    pub seed: u64,
    /// Which multiplications are faulty, in words.
    pub scope: String,
    /// Faults in the universe.
    pub universe: usize,
    /// Faults in the plan.
    pub faults: usize,
    /// Images in the data set.
    pub data_images: usize,
    /// Images in the plan.
    pub images: usize,
    /// Scenarios in the plan.
    pub planned: usize,
    /// Scenarios that have ended.
    pub done: usize,
    /// Faults all of whose images have ended; accuracies and shares of faults are theirs.
    pub complete_faults: usize,
    /// What answers are compared with: accuracies are shares of answers that equal it.
    pub yardstick: Yardstick,
    /// Scenarios of each class.
    pub outcomes: Vec<OutcomeRow>,
    /// Without a fault.
    pub golden: GoldenSummary,
    /// Accuracy under faults; crashes and hangs counted as wrong answers.
    pub accuracy: Option<Accuracy>,
    /// The same with crashes and hangs left out.
    pub accuracy_answered: Option<Accuracy>,
    /// Share of images with the right class among the five best; crashes and hangs counted as wrong. `None` if there are no scores.
    pub top5: Option<Accuracy>,
    /// The same with crashes and hangs left out.
    pub top5_answered: Option<Accuracy>,
    /// Faults by accuracy, no answer counted as wrong: 20 bins of 5 points, each without its upper end but the last. Empty if the
    /// network does not classify.
    pub histogram: Vec<usize>,
    /// The running mean of the accuracy over the faults in random order.
    pub convergence: Vec<Step>,
    /// Faults that changed the class of some image, or its numbers if the network does not classify.
    pub critical_faults: Proportion,
    /// Faults under which some image gave no answer (trap, bad exit, hang).
    pub silent_faults: Proportion,
    /// Whether faults fired at all.
    pub fired: Fired,
    /// Faults by where they are.
    pub places: Places,
    /// Scenarios by where the first error struck.
    pub strikes: Strikes,
    /// How far outputs changed.
    pub changes: Changes,
    /// The ten faults that cost most accuracy.
    pub most_harmful: Vec<FaultRow>,
    /// Scenarios by how their result was established.
    pub engines: BTreeMap<String, usize>,
    /// What the run was made from.
    pub provenance: Provenance,
    /// All complete faults.
    #[serde(skip)]
    pub results: Vec<FaultResult>,
    /// Names of the plan's faults.
    #[serde(skip)]
    pub fault_names: Vec<String>,
    /// The plan's images by index in the data set.
    #[serde(skip)]
    pub image_numbers: Vec<usize>,
}

/// Scenarios of one class.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OutcomeRow {
    /// The class.
    pub outcome: Outcome,
    /// Scenarios.
    pub scenarios: usize,
    /// Share of all scenarios that have ended.
    pub share: f64,
    /// Interval of the mean over the faults of the share of their images, for the error of sampling faults.
    pub interval: Option<Interval>,
    /// Faults with at least one such scenario.
    pub faults: usize,
    /// The same of complete faults, as a share of the universe.
    pub shows: Proportion,
}

/// The golden runs.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct GoldenSummary {
    /// Share of the plan's images that are answered with their label; `None` without labels, or if the network does not classify.
    pub accuracy: Option<f64>,
    /// Its interval in the data set.
    pub interval: Option<Interval>,
    /// Share of them whose label is among the five best; `None` if there are no scores.
    pub top5: Option<f64>,
    /// Its interval in the data set.
    pub top5_interval: Option<Interval>,
    /// Mean retired instructions of an image.
    pub retired: f64,
    /// Mean clock cycles of an image.
    pub cycles: f64,
    /// Mean multiplications of an image.
    pub muls: f64,
    /// Those of them in scope.
    pub in_scope: f64,
    /// Mean distinct multiplications in scope of an image.
    pub distinct: f64,
}

/// How far the numbers of outputs changed against golden, in the tensor's units, over the scenarios with an answer in which they did.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Changes {
    /// Scenarios whose changes are known.
    pub known: usize,
    /// Those in which some number changed.
    pub changed: usize,
    /// Of the largest change of one number.
    pub largest: Quantiles,
    /// Of the root mean square change.
    pub rms: Quantiles,
}

/// Half of the values are at or below `median`, nine in ten at or below `p90`.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Quantiles {
    /// Median.
    pub median: f64,
    /// 90 % quantile.
    pub p90: f64,
    /// Largest.
    pub max: f64,
}

/// Reads and summarises a run directory.
///
/// # Errors
/// [`StoreError`] if it is none or is damaged.
pub fn summarise(dir: &Path) -> Result<Summary, StoreError> {
    Ok(Summary::of(&Run::read(dir)?))
}

impl Summary {
    /// Summarises a run.
    pub fn of(run: &Run) -> Self {
        let plan = &run.plan;
        let complete = run.complete();
        let results = results(run, &complete);
        let estimate = |judge: &dyn Fn(&Row) -> Option<bool>| match run.yardstick {
            Yardstick::Numbers => None,
            _ => accuracy(complete.iter().map(|rows| (place(rows), rows.iter().map(judge))), plan),
        };
        let scores = run.rows.iter().any(|row| run.in_top5(row).is_some());
        let top5 = |judge: &dyn Fn(&Row) -> Option<bool>| estimate(judge).filter(|_| scores);
        let golden = GoldenSummary::of(run);
        let accuracies: Vec<f64> = results.iter().filter_map(|r| r.accuracy).collect();
        let mut engines = BTreeMap::new();
        for row in &run.rows {
            *engines.entry(row.engine.name().to_owned()).or_insert(0) += 1;
        }
        Self {
            plan_sha256: plan.hash(),
            multiplier: plan.multiplier.clone(),
            seed: plan.seed,
            scope: plan.scope.describe(),
            universe: plan.universe,
            faults: plan.faults.len(),
            data_images: plan.data_images,
            images: plan.images.len(),
            planned: plan.scenarios(),
            done: run.rows.len(),
            complete_faults: complete.len(),
            yardstick: run.yardstick,
            outcomes: outcome_rows(run, &complete, &results),
            accuracy: estimate(&|row| Some(run.right(row))),
            accuracy_answered: estimate(&|row| row.top1.map(|_| run.right(row))),
            top5: top5(&|row| Some(run.in_top5(row).unwrap_or(false))),
            top5_answered: top5(&|row| run.in_top5(row)),
            histogram: histogram(&accuracies),
            convergence: running_mean(run, &accuracies),
            critical_faults: faults_with(run, &complete, |outcome| {
                matches!(outcome, Outcome::SdcCritical | Outcome::Sdc)
            }),
            silent_faults: faults_with(run, &complete, Outcome::no_answer),
            fired: Fired::of(run),
            places: Places::of(run, &results, golden.reference(run)),
            strikes: Strikes::of(run),
            changes: Changes::of(&run.rows),
            most_harmful: most_harmful(run, &complete, &results),
            golden,
            engines,
            provenance: Provenance::of(plan),
            results,
            fault_names: plan.faults.clone(),
            image_numbers: plan.images.clone(),
        }
    }

    /// What accuracies under faults are compared with: the golden accuracy by the run's yardstick.
    pub fn reference(&self) -> Option<f64> {
        match self.yardstick {
            Yardstick::Labels => self.golden.accuracy,
            Yardstick::Golden => Some(1.0),
            Yardstick::Numbers => None,
        }
    }

    /// The same for the five best.
    pub fn reference_top5(&self) -> Option<f64> {
        match self.yardstick {
            Yardstick::Labels => self.golden.top5,
            Yardstick::Golden => Some(1.0),
            Yardstick::Numbers => None,
        }
    }

    /// Whether a scenario can have this class, as the network classifies or not.
    pub fn can_be(&self, outcome: Outcome) -> bool {
        let classifies = self.yardstick != Yardstick::Numbers;
        match outcome {
            Outcome::Sdc => !classifies,
            Outcome::SdcBenign | Outcome::SdcCritical => classifies,
            _ => true,
        }
    }

    /// Whether scenarios are missing.
    pub fn incomplete(&self) -> bool {
        self.done < self.planned
    }
}

/// The place in the plan of the fault of these rows.
fn place(rows: &[Row]) -> usize {
    rows.first().map_or(0, |row| row.fault as usize)
}

/// Faults with a scenario of some classes.
fn faults_with(run: &Run, complete: &[&[Row]], of: impl Fn(Outcome) -> bool) -> Proportion {
    let has = |rows: &&[Row]| (place(rows), rows.iter().any(|row| of(row.outcome)));
    proportion(&complete.iter().map(has).collect::<Vec<_>>(), &run.plan)
}

fn outcome_rows(run: &Run, complete: &[&[Row]], results: &[FaultResult]) -> Vec<OutcomeRow> {
    let images = run.plan.images.len().max(1) as f64;
    let all = Mix::of(&run.rows);
    let row = |outcome: Outcome| {
        let share = |r: &FaultResult| (r.fault as usize, r.outcomes.get(outcome) as f64 / images);
        let shares: Vec<(usize, f64)> = results.iter().map(share).collect();
        let with = |rows: &&[Row]| rows.iter().any(|row| row.outcome == outcome);
        OutcomeRow {
            outcome,
            scenarios: all.get(outcome),
            share: all.get(outcome) as f64 / run.rows.len().max(1) as f64,
            interval: super::estimates::share_of(&shares, &run.plan),
            faults: run.rows.chunk_by(|a, b| a.fault == b.fault).filter(with).count(),
            shows: faults_with(run, complete, |o| o == outcome),
        }
    };
    Outcome::ALL.into_iter().map(row).collect()
}

impl GoldenSummary {
    fn of(run: &Run) -> Self {
        let golden = &run.golden;
        let over = |value: &dyn Fn(&crate::campaign::record::GoldenRecord) -> f64| {
            mean_value(&golden.iter().map(value).collect::<Vec<_>>()).unwrap_or(0.0)
        };
        let labels = run.yardstick == Yardstick::Labels && !golden.is_empty();
        let right = golden.iter().filter(|g| g.top1 == g.label.map(usize::from)).count();
        let scores = labels && golden.iter().any(|g| g.label_in_top5.is_some());
        let in_top5 = golden.iter().filter(|g| g.label_in_top5 == Some(true)).count();
        let share = |k: usize| k as f64 / golden.len().max(1) as f64;
        let interval = |k: usize| image_share(k, golden.len(), run.plan.data_images);
        Self {
            accuracy: labels.then(|| share(right)),
            interval: labels.then(|| interval(right)),
            top5: scores.then(|| share(in_top5)),
            top5_interval: scores.then(|| interval(in_top5)),
            retired: over(&|g| g.retired as f64),
            cycles: over(&|g| g.cycles as f64),
            muls: over(&|g| g.muls as f64),
            in_scope: over(&|g| g.muls.saturating_sub(g.outside) as f64),
            distinct: over(&|g| g.distinct as f64),
        }
    }

    fn reference(&self, run: &Run) -> Option<f64> {
        match run.yardstick {
            Yardstick::Labels => self.accuracy,
            Yardstick::Golden => Some(1.0),
            Yardstick::Numbers => None,
        }
    }
}

fn histogram(accuracies: &[f64]) -> Vec<usize> {
    if accuracies.is_empty() {
        return Vec::new();
    }
    let mut bins = vec![0; BINS];
    for accuracy in accuracies {
        // A hair is added, so that 0.35 of 20 images is in the bin that begins there.
        let bin = (accuracy * BINS as f64 + 1e-9) as usize;
        bins[bin.min(BINS - 1)] += 1;
    }
    bins
}

/// The running mean in the order of the plan, which is random if the faults are a sample; else in an order that the seed shuffles.
fn running_mean(run: &Run, accuracies: &[f64]) -> Vec<Step> {
    let mut values = accuracies.to_vec();
    if run.plan.faults.len() >= run.plan.universe {
        let mut random = ChaCha8Rng::seed_from_u64(run.plan.seed);
        random.set_stream(3);
        for i in (1..values.len()).rev() {
            // The bias of the remainder is below 2^-40 for any number of faults that fits memory.
            values.swap(i, (random.next_u64() % (i as u64 + 1)) as usize);
        }
    }
    convergence(&values, run.plan.universe, CONVERGENCE_POINTS)
}

impl Changes {
    fn of(rows: &[Row]) -> Self {
        let known: Vec<(f64, f64)> = rows.iter().filter_map(|row| row.change).collect();
        let changed = || known.iter().filter(|(largest, _)| *largest != 0.0);
        Self {
            known: known.len(),
            changed: changed().count(),
            largest: Quantiles::of(changed().map(|c| c.0).collect()),
            rms: Quantiles::of(changed().map(|c| c.1).collect()),
        }
    }
}

impl Quantiles {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        // The smallest value that so large a share of all does not pass.
        let at = |q: f64| {
            let rank = (q * values.len() as f64).ceil() as usize;
            values.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        Self { median: at(0.5), p90: at(0.9), max: at(1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_begin_at_multiples_of_five_points_and_the_last_has_both_ends() {
        // k of 20 images is the lower end of bin k, however the division is rounded.
        for k in 0..=20 {
            let bins = histogram(&[f64::from(k) / 20.0]);
            let bin = bins.iter().position(|n| *n == 1);
            assert_eq!(bin, Some((k as usize).min(19)));
        }
        assert!(histogram(&[]).is_empty());
    }

    #[test]
    fn quantiles_are_values_of_the_sample() {
        // Of ten values half are at or below the fifth, nine in ten at or below the ninth.
        let q = Quantiles::of((1..=10).rev().map(f64::from).collect());
        assert_eq!((q.median, q.p90, q.max), (5.0, 9.0, 10.0));
        assert_eq!(Quantiles::of(Vec::new()).max, 0.0);
    }
}

//! The numbers of a campaign.

use crate::campaign::outcome::Outcome;
use crate::campaign::plan::Plan;
use crate::campaign::record::{FaultRecord, GoldenRecord, Record};
use crate::campaign::stats::{
    AccuracyIntervals, Answers, Interval, Populations, Resampling, bootstrap, interval, mean,
    median,
};
use crate::campaign::store::{StoreError, read_faults, read_lines, read_plan, read_results};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Of all intervals.
const CONFIDENCE: f64 = 0.99;
/// How many harmful faults are listed.
const MOST_HARMFUL: usize = 5;

/// What a campaign shows. All shares and accuracies are fractions of 1; intervals are at 99 %.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// SHA-256 of the plan.
    pub plan_sha256: String,
    /// Name of the multiplier.
    pub multiplier: String,
    /// Seed of the samples.
    pub seed: u64,
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
    /// Scenarios of each class.
    pub outcomes: Vec<OutcomeRow>,
    /// Without a fault.
    pub golden: GoldenSummary,
    /// Accuracy under faults; crashes and hangs counted as wrong answers. Only of faults all of whose images have ended.
    pub accuracy: Option<Accuracy>,
    /// The same with crashes and hangs left out.
    pub accuracy_answered: Option<Accuracy>,
    /// Faults that changed the class of some image.
    pub critical_faults: Proportion,
    /// Faults under which some image gave no answer (trap, bad exit, hang).
    pub silent_faults: Proportion,
    /// Whether faults fired at all.
    pub fired: Fired,
    /// The faults that cost most accuracy.
    pub most_harmful: Vec<FaultRow>,
    /// Scenarios by how their result was established.
    pub engines: BTreeMap<String, usize>,
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
    /// Faults with at least one such scenario.
    pub faults: usize,
}

/// The golden runs.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct GoldenSummary {
    /// Share of the plan's images that are answered with their label.
    pub accuracy: f64,
    /// Mean retired instructions of an image.
    pub retired: f64,
    /// Mean clock cycles of an image.
    pub cycles: f64,
    /// Mean multiplications of an image.
    pub muls: f64,
    /// Mean distinct multiplications of an image.
    pub distinct: f64,
}

/// Accuracy over the faults.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Accuracy {
    /// Faults that enter.
    pub faults: usize,
    /// Mean.
    pub mean: f64,
    /// Median.
    pub median: f64,
    /// Worst fault.
    pub min: f64,
    /// Their intervals.
    pub intervals: AccuracyIntervals,
}

/// A share of the faults.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Proportion {
    /// Faults with the property.
    pub faults: usize,
    /// Faults looked at.
    pub of: usize,
    /// Interval for the share in the universe.
    pub interval: Interval,
}

/// How often products were wrong: proof that faults fired.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Fired {
    /// Distinct multiplications of all golden runs together.
    pub distinct: usize,
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
    /// Multiplications of all scenarios, those settled by screening included.
    pub muls: u64,
    /// Those with a wrong product.
    pub wrong: u64,
    /// Faults that have begun.
    pub faults: usize,
}

/// One fault.
#[derive(Clone, Debug, Serialize)]
pub struct FaultRow {
    /// Its name.
    pub name: String,
    /// Accuracy over the plan's images.
    pub accuracy: f64,
    /// Images whose class changed.
    pub critical: usize,
    /// Images without an answer.
    pub silent: usize,
    /// Distinct golden multiplications that are wrong under it; `None` if the unit carries state.
    pub distinct_wrong: Option<usize>,
    /// Share of the executed multiplications whose product was wrong.
    pub wrong_share: f64,
}

/// Reads and summarises a run directory.
///
/// # Errors
/// [`StoreError`] if it is none or is damaged.
pub fn summarise(dir: &Path) -> Result<Summary, StoreError> {
    let plan = read_plan(dir)?;
    let golden: Vec<GoldenRecord> = read_lines(&dir.join("golden.jsonl"))?;
    let mut records = Vec::new();
    read_results(dir, &plan, |record| records.push(record))?;
    records.sort_by_key(|r| (r.fault, r.image));
    let mut faults = read_faults(dir, &plan)?;
    faults.sort_by_key(|f| f.fault);
    faults.dedup_by_key(|f| f.fault);
    Ok(Summary::of(&plan, &golden, &records, &faults))
}

impl Summary {
    /// Summarises records that are sorted by scenario, and faults that are sorted by their place in the plan.
    fn of(
        plan: &Plan,
        golden: &[GoldenRecord],
        records: &[Record],
        faults: &[FaultRecord],
    ) -> Self {
        let rows: Vec<&[Record]> = records.chunk_by(|a, b| a.fault == b.fault).collect();
        let complete: Vec<&[Record]> =
            rows.iter().copied().filter(|r| r.len() == plan.images.len()).collect();
        let populations = Populations { faults: plan.universe, images: plan.data_images };
        let proportion = |property: &dyn Fn(&Record) -> bool| {
            let k = complete.iter().filter(|row| row.iter().any(property)).count();
            let interval = interval(k, complete.len(), plan.universe, CONFIDENCE).interval;
            Proportion { faults: k, of: complete.len(), interval }
        };
        let accuracy = |judge: &dyn Fn(&Record) -> Option<bool>| {
            let correct: Vec<Vec<Option<bool>>> =
                complete.iter().map(|row| row.iter().map(judge).collect()).collect();
            accuracy(&correct, populations, plan.seed)
        };
        let mut engines = BTreeMap::new();
        for record in records {
            let engine = format!("{:?}", record.engine).to_lowercase();
            *engines.entry(engine).or_insert(0) += 1;
        }
        Self {
            plan_sha256: plan.hash(),
            multiplier: plan.multiplier.clone(),
            seed: plan.seed,
            universe: plan.universe,
            faults: plan.faults.len(),
            data_images: plan.data_images,
            images: plan.images.len(),
            planned: plan.scenarios(),
            done: records.len(),
            outcomes: outcome_rows(records),
            golden: golden_summary(golden),
            accuracy: accuracy(&|r| Some(r.correct())),
            accuracy_answered: accuracy(&|r| r.top1.map(|_| r.correct())),
            critical_faults: proportion(&|r| r.outcome == Outcome::SdcCritical),
            silent_faults: proportion(&|r| r.outcome.no_answer()),
            fired: fired(faults, records),
            most_harmful: most_harmful(&complete, faults),
            engines,
        }
    }
}

fn outcome_rows(records: &[Record]) -> Vec<OutcomeRow> {
    let row = |outcome: Outcome| {
        let of_class = || records.iter().filter(|r| r.outcome == outcome);
        let scenarios = of_class().count();
        OutcomeRow {
            outcome,
            scenarios,
            share: scenarios as f64 / records.len().max(1) as f64,
            faults: of_class().map(|r| r.fault).collect::<HashSet<_>>().len(),
        }
    };
    Outcome::ALL.into_iter().map(row).collect()
}

fn golden_summary(golden: &[GoldenRecord]) -> GoldenSummary {
    let over = |value: &dyn Fn(&GoldenRecord) -> f64| {
        mean(&golden.iter().map(value).collect::<Vec<_>>()).unwrap_or(0.0)
    };
    GoldenSummary {
        accuracy: over(&|g| {
            f64::from(u8::from(g.top1.is_some() && g.top1 == g.label.map(usize::from)))
        }),
        retired: over(&|g| g.retired as f64),
        cycles: over(&|g| g.cycles as f64),
        muls: over(&|g| g.muls as f64),
        distinct: over(&|g| g.distinct as f64),
    }
}

fn accuracy(
    correct: &[Vec<Option<bool>>],
    populations: Populations,
    seed: u64,
) -> Option<Accuracy> {
    let of_row = |row: &Vec<Option<bool>>| {
        let judged: Vec<f64> = row.iter().flatten().map(|c| f64::from(u8::from(*c))).collect();
        mean(&judged)
    };
    let each: Vec<f64> = correct.iter().filter_map(of_row).collect();
    let mut answers = Answers::new(correct.first().map_or(0, Vec::len));
    correct.iter().for_each(|row| answers.push(row.iter().copied(), 1.0));
    let resampling = Resampling { confidence: CONFIDENCE, ..Resampling::new(seed) };
    Some(Accuracy {
        faults: each.len(),
        mean: mean(&each)?,
        median: median(&each)?,
        min: each.iter().copied().min_by(f64::total_cmp)?,
        intervals: bootstrap(&answers, populations, resampling).both,
    })
}

fn fired(faults: &[FaultRecord], records: &[Record]) -> Fired {
    let counted: Vec<usize> = faults.iter().filter_map(|f| f.distinct_wrong).collect();
    let wrong: Vec<usize> = counted.iter().copied().filter(|n| *n > 0).collect();
    Fired {
        distinct: faults.first().map_or(0, |f| f.distinct),
        faults_never_wrong: counted.len() - wrong.len(),
        faults_wrong: wrong.len(),
        faults_carrying_state: faults.len() - counted.len(),
        min: wrong.iter().copied().min().unwrap_or(0),
        median: median(&wrong.iter().map(|n| *n as f64).collect::<Vec<_>>()).unwrap_or(0.0),
        max: wrong.iter().copied().max().unwrap_or(0),
        muls: records.iter().map(|r| r.muls).sum(),
        wrong: records.iter().map(|r| r.wrong).sum(),
        faults: faults.len(),
    }
}

/// Faults by lost accuracy, then by missing answers, then by their place in the plan.
fn most_harmful(rows: &[&[Record]], faults: &[FaultRecord]) -> Vec<FaultRow> {
    let row = |records: &&[Record]| {
        let count =
            |property: &dyn Fn(&Record) -> bool| records.iter().filter(|r| property(r)).count();
        let (muls, wrong) =
            records.iter().fold((0, 0), |(muls, wrong), r| (muls + r.muls, wrong + r.wrong));
        let known = faults.iter().find(|f| f.fault == records[0].fault);
        FaultRow {
            name: records[0].name.clone(),
            accuracy: count(&Record::correct) as f64 / records.len() as f64,
            critical: count(&|r| r.outcome == Outcome::SdcCritical),
            silent: count(&|r| r.outcome.no_answer()),
            distinct_wrong: known.and_then(|f| f.distinct_wrong),
            wrong_share: wrong as f64 / (muls as f64).max(1.0),
        }
    };
    let mut all: Vec<FaultRow> = rows.iter().map(row).collect();
    all.sort_by(|a, b| a.accuracy.total_cmp(&b.accuracy).then(b.silent.cmp(&a.silent)));
    all.retain(|row| row.critical + row.silent > 0);
    all.truncate(MOST_HARMFUL);
    all
}

//! The faults that do most harm, and what they do.

use super::by_fault::{FaultResult, Mix};
use super::estimates::mcnemar;
use super::groups::{First, most_frequent};
use super::run::{Row, Run, Yardstick};
use crate::campaign::outcome::Outcome;
use crate::campaign::stats::McNemar;
use crate::netlist::places::Place;
use serde::Serialize;
use std::collections::HashMap;

/// How many are listed.
pub const MOST_HARMFUL: usize = 10;

/// One fault.
#[derive(Clone, Debug, Serialize)]
pub struct FaultRow {
    /// Its place in the plan.
    pub fault: usize,
    /// Its name.
    pub name: String,
    /// Where it is; `None` if it is several faults at once.
    pub place: Option<Place>,
    /// Faults of the population that make the same circuit, itself included.
    pub weight: Option<usize>,
    /// Accuracy over the plan's images, no answer counted as wrong; `None` if the network does not classify.
    pub accuracy: Option<f64>,
    /// Images whose class changed, or whose numbers did if the network does not classify.
    pub critical: usize,
    /// Images without an answer.
    pub silent: usize,
    /// Its scenarios by class.
    pub outcomes: Mix,
    /// Distinct golden multiplications that are wrong under it; `None` if the unit carries state.
    pub distinct_wrong: Option<usize>,
    /// Share of the executed multiplications in scope whose product was wrong.
    pub wrong_share: f64,
    /// Where its first errors struck most often; `None` if nothing differed.
    pub first: Option<First>,
    /// The wrong class that it makes the network answer most often, with the number of images; `None` if there is none.
    pub typical_class: Option<(u32, usize)>,
    /// Golden against faulty answers on the same images; `None` if the network does not classify.
    pub mcnemar: Option<McNemar>,
    /// Mean over the answered images of the root mean square change of the output.
    pub rms_change: Option<f64>,
    /// An image, by its number in the data set, on which it does harm: the first whose class or numbers it changes, else the first that gets
    /// no answer. `stuckat explain RUN --scenario FAULT/IMAGE` says why.
    pub example: Option<usize>,
}

/// Faults by lost accuracy, then by harmed images, missing answers and size of the change, then by their place in the plan; without those that
/// change no answer.
pub(super) fn most_harmful(
    run: &Run,
    complete: &[&[Row]],
    results: &[FaultResult],
) -> Vec<FaultRow> {
    let mut order: Vec<(&FaultResult, &[Row])> =
        results.iter().zip(complete.iter().copied()).filter(|(r, _)| r.harm > 0.0).collect();
    order.sort_by(|(a, _), (b, _)| {
        let accuracy = |r: &FaultResult| r.accuracy.unwrap_or(0.0);
        let change = |r: &FaultResult| r.rms_change.unwrap_or(0.0);
        let silent = |r: &FaultResult| r.outcomes.silent();
        accuracy(a)
            .total_cmp(&accuracy(b))
            .then(b.harm.total_cmp(&a.harm))
            .then(silent(b).cmp(&silent(a)))
            .then(change(b).total_cmp(&change(a)))
            .then(a.fault.cmp(&b.fault))
    });
    order.truncate(MOST_HARMFUL);
    let golden = golden_right(run);
    order.into_iter().map(|(result, rows)| row(run, result, rows, &golden)).collect()
}

/// For each image of the plan whether the golden run answers it right.
fn golden_right(run: &Run) -> Vec<bool> {
    let by_image: HashMap<usize, bool> =
        run.golden.iter().map(|g| (g.image, g.top1 == g.label.map(usize::from))).collect();
    let right = |image: &usize| match run.yardstick {
        Yardstick::Golden => true,
        _ => by_image.get(image).copied().unwrap_or(false),
    };
    run.plan.images.iter().map(right).collect()
}

fn row(run: &Run, result: &FaultResult, rows: &[Row], golden: &[bool]) -> FaultRow {
    let fault = run.fault(result.fault);
    let outcomes = result.outcomes;
    let wrong_answers = rows.iter().filter(|row| row.outcome == Outcome::SdcCritical);
    let pairs = rows
        .iter()
        .map(|row| (golden.get(row.image as usize).copied().unwrap_or(false), run.right(row)));
    FaultRow {
        fault: result.fault as usize,
        name: run.name(result.fault).to_owned(),
        place: fault.and_then(|f| f.place.as_deref().cloned()),
        weight: fault.map(|f| f.weight),
        accuracy: result.accuracy,
        critical: outcomes.get(Outcome::SdcCritical) + outcomes.get(Outcome::Sdc),
        silent: outcomes.silent(),
        outcomes,
        distinct_wrong: fault.and_then(|f| f.distinct_wrong),
        wrong_share: result.wrong_share,
        first: First::of(run, rows),
        typical_class: most_frequent(wrong_answers.filter_map(|row| row.top1)),
        mcnemar: (run.yardstick != Yardstick::Numbers && !run.golden.is_empty())
            .then(|| mcnemar(pairs)),
        rms_change: result.rms_change,
        example: example(run, rows),
    }
}

fn example(run: &Run, rows: &[Row]) -> Option<usize> {
    let answered = rows.iter().find(|row| row.harmful() && !row.outcome.no_answer());
    let row = answered.or_else(|| rows.iter().find(|row| row.harmful()))?;
    run.plan.images.get(row.image as usize).copied()
}

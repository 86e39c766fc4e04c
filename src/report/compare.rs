//! Several runs side by side, as one table for a terminal.

use super::Named;
use super::estimates::Accuracy;
use super::summary::Summary;
use super::table::{align, grouped, percent, points, table, trimmed};
use comfy_table::Table;
use std::fmt::Write;

/// A table with a row a run, and what it does not say.
pub fn render(runs: &[Named]) -> String {
    let mut text = String::new();
    for run in runs.iter().filter(|run| run.summary.incomplete()) {
        let s = &run.summary;
        let (done, planned) = (grouped(s.done), grouped(s.planned));
        let _ =
            writeln!(text, "NOT COMPLETE: {}: {done} of {planned} scenarios have ended", run.name);
    }
    let _ = writeln!(text, "{}\n", trimmed(&accuracies(runs)));
    let _ = writeln!(text, "{}", trimmed(&shares(runs)));
    let differences = differences(runs);
    if !differences.is_empty() {
        let _ = writeln!(text, "\nNot the same in all runs: {}.", differences.join(", "));
    }
    text
}

fn accuracies(runs: &[Named]) -> Table {
    let header = [
        "no answer = wrong",
        "scope",
        "golden top-1",
        "faulty top-1",
        "99 % CI",
        "drop",
        "golden top-5",
        "faulty top-5",
        "drop",
    ];
    let mut table = table(&header);
    for Named { name, summary: s } in runs {
        let dash = || "-".to_owned();
        let mean = |a: &Option<Accuracy>| a.map_or_else(dash, |a| percent(a.mean));
        let ci =
            s.accuracy.and_then(|a| a.intervals.mean).map_or_else(dash, super::table::interval);
        table.add_row([
            name.clone(),
            s.scope.clone(),
            s.reference().map_or_else(dash, percent),
            mean(&s.accuracy),
            ci,
            drop(s.reference(), &s.accuracy).map_or_else(dash, points),
            s.reference_top5().filter(|_| s.top5.is_some()).map_or_else(dash, percent),
            mean(&s.top5),
            drop(s.reference_top5(), &s.top5).map_or_else(dash, points),
        ]);
    }
    align(&mut table, Some(1));
    table
}

/// How much lower the mean accuracy is than the golden one.
pub(super) fn drop(golden: Option<f64>, faulty: &Option<Accuracy>) -> Option<f64> {
    Some(golden? - faulty.as_ref()?.mean)
}

fn shares(runs: &[Named]) -> Table {
    let mut table = table(&[
        "share of scenarios",
        "faults",
        "images",
        "never-wrong",
        "masked",
        "benign",
        "critical",
        "no answer",
        "faults critical",
    ]);
    for Named { name, summary: s } in runs {
        let share = |of: &dyn Fn(crate::campaign::outcome::Outcome) -> bool| {
            percent(s.outcomes.iter().filter(|o| of(o.outcome)).map(|o| o.share).sum())
        };
        use crate::campaign::outcome::Outcome::{Masked, NeverWrong, Sdc, SdcBenign, SdcCritical};
        table.add_row([
            name.clone(),
            format!("{} of {}", grouped(s.faults), grouped(s.universe)),
            format!("{} of {}", grouped(s.images), grouped(s.data_images)),
            share(&|o| o == NeverWrong),
            share(&|o| o == Masked),
            share(&|o| o == SdcBenign),
            share(&|o| matches!(o, SdcCritical | Sdc)),
            share(&|o| o.no_answer()),
            percent(s.critical_faults.faults as f64 / s.critical_faults.of.max(1) as f64),
        ]);
    }
    align(&mut table, None);
    table
}

/// What runs that stand side by side do not share, and so compare only with care.
pub(super) fn differences(runs: &[Named]) -> Vec<&'static str> {
    let Some((first, others)) = runs.split_first() else { return Vec::new() };
    let a = &first.summary;
    let same = |of: &dyn Fn(&Summary, &Summary) -> bool| others.iter().all(|b| of(a, &b.summary));
    [
        (
            "multiplier",
            same(&|a, b| a.provenance.multiplier_files == b.provenance.multiplier_files),
        ),
        ("firmware", same(&|a, b| a.provenance.elf_sha256 == b.provenance.elf_sha256)),
        ("network", same(&|a, b| a.provenance.model_sha256 == b.provenance.model_sha256)),
        ("data", same(&|a, b| a.provenance.data_sha256 == b.provenance.data_sha256)),
        ("core", same(&|a, b| a.provenance.core == b.provenance.core)),
        ("faults", same(&|a, b| a.fault_names == b.fault_names)),
        ("images", same(&|a, b| a.image_numbers == b.image_numbers)),
        ("kind of answer", same(&|a, b| a.yardstick == b.yardstick)),
    ]
    .into_iter()
    .filter(|(_, same)| !same)
    .map(|(name, _)| name)
    .collect()
}

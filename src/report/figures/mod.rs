//! Which charts a report has, and what each shows.
//!
//! In: the summaries of one or more runs. Out: [`FIGURES`], each of which draws a run, on axes that all runs share.

mod accuracy;
mod outcomes;
mod places;

use super::Named;
use super::groups::{Group, weight};
use super::run::Yardstick;
use super::summary::Summary;
use super::svg::Chart;
use super::svg::scale::nice_end;

/// A kind of chart.
#[derive(Clone, Copy)]
pub struct Figure {
    /// Its name in file names and links.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it shows and how to read it, of one run or of several.
    pub caption: fn(&Summary, bool) -> String,
    /// Draws a run; `None` if the run has nothing to show.
    pub draw: fn(&Summary, &Scales) -> Option<Chart>,
}

/// All charts in the order of the report.
pub const FIGURES: [Figure; 12] = [
    accuracy::DISTRIBUTION,
    accuracy::CHANGES,
    outcomes::OUTCOMES,
    accuracy::SCATTER,
    accuracy::CONVERGENCE,
    places::BIT,
    places::LEVEL,
    places::CELL,
    places::MAP,
    outcomes::LAYERS,
    outcomes::FUNCTIONS,
    outcomes::ENGINES,
];

/// What the charts of several runs share, so that they can be compared by eye.
#[derive(Clone, Copy, Debug)]
pub struct Scales {
    /// Width of a chart.
    pub width: f64,
    /// Points drawn of a run at the most.
    pub points: usize,
    /// Largest share of faults in a bin of the distribution, in percent.
    histogram: f64,
    /// Range of means over groups by bit, level and cell, in points or percent.
    groups: (f64, f64),
    /// Largest mean in the map.
    map: f64,
    /// Largest share of scenarios or faults of a class, with its interval, in percent.
    outcomes: f64,
    /// Exponent of the smallest share of wrong products.
    decade: i32,
}

impl Scales {
    /// For these runs, side by side.
    pub fn of(runs: &[Named]) -> Self {
        let summaries = || runs.iter().map(|run| &run.summary);
        let histogram = summaries().flat_map(|s| {
            let all = s.histogram.iter().sum::<usize>().max(1);
            s.histogram.iter().map(move |n| 100.0 * *n as f64 / all as f64)
        });
        let (mut low, mut high) = (0.0_f64, 1.0_f64);
        for s in summaries() {
            let mut see = |(l, h): (f64, f64)| (low, high) = (low.min(l), high.max(h));
            s.places.by_bit.iter().for_each(|g| see(extent(g)));
            s.places.by_level.iter().for_each(|g| see(extent(g)));
            s.places.by_cell.iter().for_each(|g| see(extent(g)));
        }
        let outcomes = summaries().flat_map(|s| &s.outcomes).map(|o| {
            let scenarios = o.interval.map_or(o.share, |i| i.high.max(o.share));
            let faults = if o.shows.of > 0 { o.shows.interval.high } else { 0.0 };
            100.0 * scenarios.max(faults)
        });
        let map = summaries().flat_map(|s| &s.places.map).map(|g| 100.0 * weight(g).abs());
        let shares = summaries().flat_map(|s| &s.results).map(|r| r.wrong_share);
        let least = shares.filter(|share| *share > 0.0).fold(1e-2, f64::min);
        Self {
            width: if runs.len() > 2 { 420.0 } else { 560.0 },
            points: (3000 / runs.len().max(1)).clamp(100, 1000),
            histogram: nice_end(histogram.fold(0.0, f64::max), 5),
            groups: (
                if low < 0.0 { -nice_end(-low, 5) } else { 0.0 },
                nice_end(high, 5).min(100.0),
            ),
            map: nice_end(map.fold(0.0, f64::max), 5),
            outcomes: nice_end(outcomes.fold(0.0, f64::max), 5).min(100.0),
            decade: (least.log10().floor() as i32).clamp(-12, -2),
        }
    }
}

/// Mean and interval of a group in points or percent.
fn extent<K>(group: &Group<K>) -> (f64, f64) {
    let Some(mean) = group.loss.or(group.harm) else { return (0.0, 0.0) };
    let interval = mean.interval;
    let low = interval.map_or(mean.mean, |i| i.low).min(mean.mean);
    let high = interval.map_or(mean.mean, |i| i.high).max(mean.mean);
    (100.0 * low, 100.0 * high)
}

/// What groups of faults are compared by.
fn measure(s: &Summary) -> &'static str {
    match s.yardstick {
        Yardstick::Labels if s.golden.accuracy.is_some() => "mean accuracy loss (points)",
        Yardstick::Golden => "mean share of changed answers (points)",
        _ => "mean share of harmed images (%)",
    }
}

/// What an accuracy is.
pub(super) fn accuracy_name(s: &Summary) -> &'static str {
    match s.yardstick {
        Yardstick::Golden => "Agreement with golden",
        _ => "Top-1 accuracy",
    }
}

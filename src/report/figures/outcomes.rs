//! Charts of scenarios by class: all of them, and by where the first error struck.

use super::{Figure, Scales};
use crate::campaign::outcome::Outcome;
use crate::campaign::stats::Interval;
use crate::report::by_fault::Mix;
use crate::report::groups::Strike;
use crate::report::summary::Summary;
use crate::report::svg::Chart;
use crate::report::svg::rows::{Bar, BarRow, StackRow, bars, height, stacks, stacks_height};
use crate::report::svg::scale::nice_end;
use crate::report::table::{grouped, interval, percent, plural};

/// Layers and functions in a chart at the most.
const MOST: usize = 20;

pub(super) const OUTCOMES: Figure = Figure {
    id: "outcomes",
    title: "Outcomes",
    caption: |_, _| {
        "Above: share of the scenarios (a fault with an image). Below, grey: share of the faults that ever show the class. Whiskers: 99 % \
         intervals for the error of sampling faults."
            .to_owned()
    },
    draw: outcomes,
};

fn outcomes(s: &Summary, scales: &Scales) -> Option<Chart> {
    if s.done == 0 {
        return None;
    }
    let ends = |i: Interval| (100.0 * i.low, 100.0 * i.high);
    let shown = s.outcomes.iter().filter(|o| o.scenarios > 0 || s.can_be(o.outcome));
    let row = |o: &crate::report::summary::OutcomeRow| {
        let name = o.outcome.name();
        let faults = o.shows.faults as f64 / o.shows.of.max(1) as f64;
        let ci = o.interval.map_or(String::new(), |i| format!(", 99 % CI {}", interval(i)));
        BarRow {
            name: name.to_owned(),
            bars: vec![
                Bar {
                    class: class(o.outcome),
                    value: 100.0 * o.share,
                    interval: o.interval.map(ends),
                    text: percent(o.share),
                    tip: format!(
                        "{name}: {} of {}{ci}",
                        plural(o.scenarios, "scenario"),
                        grouped(s.done)
                    ),
                },
                Bar {
                    class: "bar2".to_owned(),
                    value: 100.0 * faults,
                    interval: (o.shows.of > 0).then(|| ends(o.shows.interval)),
                    text: percent(faults),
                    tip: format!(
                        "{name}: {} of {} show it, 99 % CI {}",
                        grouped(o.shows.faults),
                        plural(o.shows.of, "complete fault"),
                        interval(o.shows.interval)
                    ),
                },
            ],
        }
    };
    let rows: Vec<BarRow> = shown.map(row).collect();
    let label = "Share of scenarios, and of faults, by outcome";
    let mut chart = Chart::new(label, scales.width, height(&rows, 4.0));
    bars(&mut chart, 4.0, "Share (%)", (0.0, scales.outcomes), &rows);
    Some(chart)
}

/// Class of a part or bar that stands for an outcome.
pub(super) fn class(outcome: Outcome) -> String {
    format!("o{}", outcome.index())
}

pub(super) const LAYERS: Figure = Figure {
    id: "by-layer",
    title: "By layer of the first error",
    caption: |s, several| {
        format!(
            "Scenarios by the layer in which the first multiplication differed, and what came of them. {}",
            without(s, several)
        )
    },
    draw: |s, scales| strikes(scales, &s.strikes.by_layer),
};

pub(super) const FUNCTIONS: Figure = Figure {
    id: "by-function",
    title: "By function of the first error",
    caption: |s, several| {
        format!(
            "Scenarios by the firmware's function in which the first multiplication differed, and what came of them. {}",
            without(s, several)
        )
    },
    draw: |s, scales| strikes(scales, &s.strikes.by_function),
};

fn without(s: &Summary, several: bool) -> String {
    match s.strikes.without {
        _ if several => "Scenarios without a difference are not here.".to_owned(),
        0 => String::new(),
        n => format!(
            "{} without a difference {} not here.",
            plural(n, "scenario"),
            if n == 1 { "is" } else { "are" }
        ),
    }
}

fn strikes(scales: &Scales, strikes: &[Strike]) -> Option<Chart> {
    if strikes.is_empty() {
        return None;
    }
    let mut rows: Vec<(String, Mix)> =
        strikes.iter().take(MOST).map(|s| (s.name.clone(), s.outcomes)).collect();
    if let Some(rest) = strikes.get(MOST..).filter(|rest| !rest.is_empty()) {
        let mut mix = Mix::default();
        rest.iter().for_each(|s| mix.add(&s.outcomes));
        rows.push((format!("{} others", rest.len()), mix));
    }
    let mut all = Mix::default();
    rows.iter().for_each(|(_, mix)| all.add(mix));
    let items: Vec<(String, &str)> =
        all.each().filter(|(_, n)| *n > 0).map(|(o, _)| (class(o), o.name())).collect();
    let items: Vec<(&str, &str)> = items.iter().map(|(c, n)| (c.as_str(), *n)).collect();
    let row = |(name, mix): &(String, Mix)| StackRow {
        name: name.clone(),
        parts: mix
            .each()
            .map(|(o, n)| {
                let share = percent(n as f64 / mix.total().max(1) as f64);
                let tip = format!("{name}, {}: {} ({share})", o.name(), plural(n, "scenario"));
                (class(o), n as f64, tip)
            })
            .collect(),
        text: grouped(mix.total()),
    };
    let most = rows.iter().map(|(_, mix)| mix.total()).max().unwrap_or(0);
    let rows: Vec<StackRow> = rows.iter().map(row).collect();
    // The legend's height is known once it is drawn.
    let head = Chart::new("", scales.width, 0.0).legend((0.0, 4.0), scales.width, &items) + 8.0;
    let label = "Scenarios by where the first error struck, and by outcome";
    let mut chart = Chart::new(label, scales.width, stacks_height(rows.len(), head));
    chart.legend((0.0, 4.0), scales.width, &items);
    stacks(&mut chart, head, "Scenarios", nice_end(most as f64, 5), &rows);
    Some(chart)
}

pub(super) const ENGINES: Figure = Figure {
    id: "engines",
    title: "How results were established",
    caption: |_, _| {
        "Screened and shared scenarios were settled by proof; the others were executed, with proved products from a memo or gate by gate. \
         It never changes a result."
            .to_owned()
    },
    draw: engines,
};

fn engines(s: &Summary, scales: &Scales) -> Option<Chart> {
    if s.done == 0 {
        return None;
    }
    let row = |(name, n): (&String, &usize)| {
        let share = *n as f64 / s.done.max(1) as f64;
        BarRow {
            name: name.clone(),
            bars: vec![Bar {
                class: "bar".to_owned(),
                value: 100.0 * share,
                interval: None,
                text: percent(share),
                tip: format!("{name}: {}", plural(*n, "scenario")),
            }],
        }
    };
    let rows: Vec<BarRow> = s.engines.iter().map(row).collect();
    let mut chart = Chart::new("Scenarios by engine", scales.width, height(&rows, 4.0));
    bars(&mut chart, 4.0, "Share of the scenarios (%)", (0.0, 100.0), &rows);
    Some(chart)
}

//! The layers of both runs, as spans of steps.
//!
//! In: the golden and the faulty run. Out: a [`Layout`]. Firmware that marks its layers (`stuckat_layer`) tells them itself; of other
//! firmware the calls of one function are taken ([`super::calls`]).

use super::Scenario;
use super::calls;
use crate::cpu::Stop;
use crate::unit::Unit;
use crate::workload::{Paused, Run};

/// Marks that are kept; a faulty run may make any number.
const MOST: usize = 1 << 12;

/// A run, and when it was where.
pub(super) struct Followed {
    pub run: Run,
    /// Steps at each mark, and the mark: 0 outside of layers, else 1 + the layer.
    pub marks: Vec<(u64, u32)>,
    /// The step that made the first difference.
    pub difference: Option<u64>,
    /// Steps at the end.
    pub steps: u64,
}

/// Runs to the end.
pub(super) fn follow(scenario: &Scenario<'_>, unit: impl Unit, budget: u64) -> Followed {
    let mut runner = scenario.begin(unit);
    let (mut marks, mut difference) = (Vec::new(), None);
    let stop = loop {
        match runner.advance(budget) {
            Paused::Ended(stop) => break stop,
            Paused::Steps => break Stop::Budget,
            Paused::Layer if marks.len() < MOST => {
                marks.push((runner.steps(), runner.layer_mark()));
            }
            Paused::Layer => {}
            Paused::Difference => difference = Some(runner.steps()),
        }
    };
    let steps = runner.steps();
    if difference.is_none() && runner.machine().first_difference().is_some() {
        // Never answered, so it is no step.
        difference = Some(steps + 1);
    }
    Followed { run: runner.result(stop), marks, difference, steps }
}

/// Where layers come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The firmware's marks.
    Marks,
    /// The calls that this function makes.
    Calls(String),
    /// There are none, for this reason.
    None(String),
}

/// Steps from the first to one past the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    pub begin: u64,
    pub end: u64,
}

/// One visit of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Its number: the layer's, or the call's.
    pub index: u32,
    /// The operator or the function.
    pub name: Option<String>,
    pub golden: Steps,
    /// In the faulty run, if it came here, and whether it also came out again.
    pub faulty: Option<(Steps, bool)>,
}

/// The layers of both runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub source: Source,
    /// In the order of the golden run.
    pub spans: Vec<Span>,
    /// The faulty run was not followed to its end.
    pub bounded: bool,
}

impl Layout {
    /// From where on the runs must be watched if they first differ in step `steps`: the beginning of the layer that this is in or behind.
    pub fn begin_before(&self, steps: u64) -> u64 {
        let begins = self.spans.iter().map(|span| span.golden.begin).filter(|b| *b < steps);
        begins.max().unwrap_or(steps.saturating_sub(2))
    }
}

/// Finds the layers.
pub(super) fn layout(scenario: &Scenario<'_>, golden: &Followed, faulty: &Followed) -> Layout {
    if golden.marks.is_empty() {
        return calls::layout(scenario, golden, faulty);
    }
    let visits = |followed: &Followed| -> Vec<(u32, Steps, bool)> {
        let ends = followed.marks.iter().skip(1).map(|(steps, _)| (*steps, true));
        let pairs = followed.marks.iter().zip(ends.chain([(followed.steps, false)]));
        let inside = pairs.filter(|((_, mark), _)| *mark > 0);
        inside
            .map(|((begin, mark), (end, complete))| {
                (mark - 1, Steps { begin: *begin, end }, complete)
            })
            .collect()
    };
    let other = visits(faulty);
    let span = |(visit, (index, golden, _)): (usize, (u32, Steps, bool))| Span {
        index,
        name: scenario.layer_name(index),
        golden,
        faulty: other
            .get(visit)
            .filter(|(other, ..)| *other == index)
            .map(|(_, steps, complete)| (*steps, *complete)),
    };
    let spans = visits(golden).into_iter().enumerate().map(span).collect();
    Layout { source: Source::Marks, spans, bounded: false }
}

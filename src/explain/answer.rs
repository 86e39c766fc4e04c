//! Both answers side by side.

use crate::campaign::outcome::Answers;
use crate::workload::Run;
use serde::{Deserialize, Serialize};

/// One number of the output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Its index, which is the class's if the network classifies.
    pub index: usize,
    /// Without the fault, in the tensor's own units.
    pub golden: f64,
    /// With it; `None` if the faulty run gave none.
    pub faulty: Option<f64>,
}

/// Both answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerTable {
    /// Whether the numbers are scores of classes.
    pub classes: bool,
    /// All numbers of the output; none if the answer is printed.
    pub scores: Vec<Score>,
    /// The class without the fault.
    pub golden_top1: Option<usize>,
    /// The class with it; `None` if there is no answer.
    pub faulty_top1: Option<usize>,
    /// The five best without the fault, best first.
    pub golden_top5: Vec<usize>,
    /// The five best with it.
    pub faulty_top5: Vec<usize>,
    /// Largest change of a number.
    pub largest_change: Option<f64>,
    /// Whether the faulty run's outputs are an answer: it ended as the golden one did.
    pub answered: bool,
}

impl AnswerTable {
    pub(super) fn of(answers: Answers, golden: &Run, faulty: &Run) -> Self {
        let answered = faulty.stop == golden.stop;
        let printed = golden.printed_class.is_some();
        let numbers = |run: &Run| match printed {
            true => Vec::new(),
            false => answers.numbers(&run.output),
        };
        let other = if answered { numbers(faulty) } else { Vec::new() };
        let score = |(index, golden): (usize, f64)| Score {
            index,
            golden: finite(golden),
            faulty: other.get(index).copied().map(finite),
        };
        let top5 = |run: &Run| match answers.classes && !printed {
            true => answers.top(&run.output, 5),
            false => Vec::new(),
        };
        Self {
            classes: answers.classes || printed,
            scores: numbers(golden).into_iter().enumerate().map(score).collect(),
            golden_top1: answers.class(golden),
            faulty_top1: answers.class(faulty).filter(|_| answered),
            golden_top5: top5(golden),
            faulty_top5: if answered { top5(faulty) } else { Vec::new() },
            largest_change: (answered && !printed)
                .then(|| answers.distance(&golden.output, &faulty.output))
                .flatten()
                .map(|distance| distance.largest),
            answered,
        }
    }
}

/// JSON has no infinities and no not-a-number; the largest numbers stand for them, and 0.
fn finite(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.clamp(f64::MIN, f64::MAX) }
}

//! What a faulty run means, compared with the golden run of the same image.

use crate::cpu::{Cause, Stop};
use crate::workload::Run;
use serde::{Deserialize, Serialize};

/// The class of a scenario. When several would fit, hang precedes trap, then bad-exit, then the two kinds of SDC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// No operation differed from golden in value, latency or next state.
    NeverWrong,
    /// Some operation was wrong, and the output bytes are the golden ones.
    Masked,
    /// Other output bytes, same top-1 class (silent data corruption).
    SdcBenign,
    /// Another top-1 class.
    SdcCritical,
    /// Other output bytes, of a network that does not classify.
    Sdc,
    /// The core took an exception that the golden run does not take.
    Trap,
    /// The firmware itself noticed: another exit code.
    BadExit,
    /// The instruction budget was passed, the multiplier never answered, or the core fell asleep for ever.
    Hang,
}

impl Outcome {
    /// All classes, from harmless to harmful.
    pub const ALL: [Self; 8] = [
        Self::NeverWrong,
        Self::Masked,
        Self::SdcBenign,
        Self::SdcCritical,
        Self::Sdc,
        Self::BadExit,
        Self::Trap,
        Self::Hang,
    ];

    /// Its place in [`Outcome::ALL`].
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|o| *o == self).unwrap_or(0)
    }

    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::NeverWrong => "never-wrong",
            Self::Masked => "masked",
            Self::SdcBenign => "sdc-benign",
            Self::SdcCritical => "sdc-critical",
            Self::Sdc => "sdc",
            Self::Trap => "trap",
            Self::BadExit => "bad-exit",
            Self::Hang => "hang",
        }
    }

    /// Whether the network gave no answer at all.
    pub fn no_answer(self) -> bool {
        matches!(self, Self::Trap | Self::BadExit | Self::Hang)
    }
}

/// What the numbers of an output tensor are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    /// 8-bit signed integers.
    Int8,
    /// 8-bit unsigned integers.
    Uint8,
    /// 32-bit floating point, little-endian.
    Float32,
}

/// How an output is read: whether its numbers are scores of classes, and what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Answers {
    /// What the numbers are.
    pub element: Element,
    /// How many of them count, from the first on; 0: all.
    pub count: usize,
    /// Whether they are scores, so that the largest tells the class.
    pub classes: bool,
}

impl Answers {
    /// INT8 scores, as many as there are.
    pub const INT8: Self = Self { element: Element::Int8, count: 0, classes: true };

    /// The numbers in an output's bytes, in the tensor's own units.
    pub fn numbers(self, bytes: &[u8]) -> Vec<f64> {
        let mut numbers: Vec<f64> = match self.element {
            Element::Int8 => bytes.iter().map(|b| f64::from(b.cast_signed())).collect(),
            Element::Uint8 => bytes.iter().map(|b| f64::from(*b)).collect(),
            Element::Float32 => bytes
                .chunks_exact(4)
                .map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])))
                .collect(),
        };
        if self.count > 0 {
            numbers.truncate(self.count);
        }
        numbers
    }

    /// The `k` classes with the highest scores, best first; of equal scores the lower index wins. Not-a-number is below all numbers.
    pub fn top(self, bytes: &[u8], k: usize) -> Vec<usize> {
        let scores: Vec<f64> = self.numbers(bytes).into_iter().map(lowest_if_nan).collect();
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
        order.truncate(k);
        order
    }

    /// Whether more than one class has the highest score.
    pub fn is_tied(self, bytes: &[u8]) -> bool {
        let scores: Vec<f64> = self.numbers(bytes).into_iter().map(lowest_if_nan).collect();
        let best = scores.iter().copied().max_by(f64::total_cmp);
        scores.iter().filter(|s| Some(**s) == best).count() > 1
    }

    /// The class that a run answers: the best of its scores, or the number that it prints; `None` if there is no such number, or if the
    /// network does not classify.
    pub fn class(self, run: &Run) -> Option<usize> {
        match &run.printed_class {
            None => self.top(&run.output, 1).first().copied().filter(|_| self.classes),
            Some(printed) => std::str::from_utf8(printed).ok()?.trim().parse().ok(),
        }
    }

    /// Whether a run prints a class's number as its answer.
    pub fn prints_class(self, run: &Run) -> bool {
        run.printed_class.is_some() && self.class(run).is_some()
    }

    /// How far two outputs are apart; `None` if they have not equally many numbers, or some are no numbers.
    pub fn distance(self, golden: &[u8], bytes: &[u8]) -> Option<Distance> {
        let (a, b) = (self.numbers(golden), self.numbers(bytes));
        let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).collect();
        if a.len() != b.len() || a.is_empty() || differences.iter().any(|d| !d.is_finite()) {
            return None;
        }
        let squares: f64 = differences.iter().map(|d| d * d).sum();
        Some(Distance {
            largest: differences.iter().copied().fold(0.0, f64::max),
            root_mean_square: (squares / differences.len() as f64).sqrt(),
        })
    }

    /// The class of `run`, and the exception that made it a trap.
    pub fn classify(self, golden: &Run, run: &Run) -> (Outcome, Option<(Cause, u32)>) {
        classify_by(golden, run, || {
            let classes = self.classes || golden.printed_class.is_some();
            classes.then(|| self.class(run) == self.class(golden))
        })
    }
}

/// How far two outputs are apart, in the tensor's own units (steps of an integer tensor).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// Largest difference of one number.
    pub largest: f64,
    /// Root of the mean square of all differences.
    pub root_mean_square: f64,
}

fn lowest_if_nan(score: f64) -> f64 {
    // Adding 0 makes a zero of either sign the positive one, so that both are equal in the total order.
    if score.is_nan() { f64::NEG_INFINITY } else { score + 0.0 }
}

/// The class of `run` for any outputs, and the exception that made it a trap. `same_class` tells whether both runs answer the same class; `None` if
/// the network does not classify.
pub fn classify_by(
    golden: &Run,
    run: &Run,
    same_class: impl FnOnce() -> Option<bool>,
) -> (Outcome, Option<(Cause, u32)>) {
    let trap = run.traps.first_unlike(&golden.traps).or(match run.stop {
        // The golden run handled the same exception, and this run has lost its handler.
        Stop::Trap(trap) => Some((trap.cause, trap.pc)),
        _ => None,
    });
    let prints = |run: &Run| Answers::INT8.prints_class(run);
    let outcome = match run.stop {
        Stop::Budget | Stop::NoAnswer { .. } | Stop::NoBusAnswer { .. } | Stop::Asleep { .. } => {
            Outcome::Hang
        }
        Stop::Trap(_) => Outcome::Trap,
        Stop::Exit(_) if trap.is_some() => Outcome::Trap,
        stop if stop != golden.stop => Outcome::BadExit,
        // It ends as if all were well, and prints no class.
        _ if golden.printed_class.is_some() && !prints(run) => Outcome::BadExit,
        _ if run.counts.differing == 0 => Outcome::NeverWrong,
        _ if run.output == golden.output => Outcome::Masked,
        _ => match same_class() {
            Some(true) => Outcome::SdcBenign,
            Some(false) => Outcome::SdcCritical,
            None => Outcome::Sdc,
        },
    };
    (outcome, trap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::{Trap, TrapLog};
    use crate::unit::Counts;

    fn run(stop: Stop, output: &[i8], differing: u64) -> Run {
        Run {
            stop,
            output: output.iter().map(|v| *v as u8).collect(),
            printed_class: None,
            retired: 0,
            cycles: 0,
            counts: Counts { muls: 9, wrong: differing, differing, ..Counts::default() },
            traps: TrapLog::default(),
            first_difference: None,
        }
    }

    #[test]
    fn printed_answers_are_judged_by_their_text_and_their_class() {
        let printed = |text: &str, class: Option<&str>| Run {
            output: text.into(),
            printed_class: class.map(Into::into),
            ..run(Stop::Exit(0), &[], 1)
        };
        let golden = printed("class 7, 90 %", Some("7"));
        let outcome = |run: &Run| Answers::INT8.classify(&golden, run).0;
        assert_eq!(outcome(&golden), Outcome::Masked);
        assert_eq!(outcome(&printed("class 7, 80 %", Some("7"))), Outcome::SdcBenign);
        assert_eq!(outcome(&printed("class 1, 90 %", Some("1"))), Outcome::SdcCritical);
        // The firmware ends well and prints nothing of the kind, or no number.
        assert_eq!(outcome(&printed("", None)), Outcome::BadExit);
        assert_eq!(outcome(&printed("class :", Some(":"))), Outcome::BadExit);
    }

    #[test]
    fn classes_follow_the_definitions_and_their_precedence() {
        let golden = run(Stop::Exit(0), &[-5, 9, 3], 0);
        let class = |run: &Run| Answers::INT8.classify(&golden, run).0;
        assert_eq!(class(&golden), Outcome::NeverWrong);
        assert_eq!(class(&run(Stop::Exit(0), &[-5, 9, 3], 1)), Outcome::Masked);
        assert_eq!(class(&run(Stop::Exit(0), &[-5, 8, 3], 1)), Outcome::SdcBenign);
        assert_eq!(class(&run(Stop::Exit(0), &[9, 9, 3], 1)), Outcome::SdcCritical);
        assert_eq!(class(&run(Stop::Exit(3), &[9, 9, 3], 1)), Outcome::BadExit);
        let trap = Trap { cause: Cause::LoadAccessFault, pc: 4, tval: 0 };
        assert_eq!(class(&run(Stop::Trap(trap), &[-5, 9, 3], 1)), Outcome::Trap);
        assert_eq!(class(&run(Stop::Budget, &[-5, 9, 3], 1)), Outcome::Hang);
        assert_eq!(class(&run(Stop::NoAnswer { pc: 0 }, &[-5, 9, 3], 1)), Outcome::Hang);
        let no_bus = Stop::NoBusAnswer { pc: 0, addr: 0 };
        assert_eq!(class(&run(no_bus, &[-5, 9, 3], 1)), Outcome::Hang);
    }

    #[test]
    fn of_equal_scores_the_lowest_index_wins() {
        assert_eq!(Answers::INT8.top(&[3, 0x80, 7, 7], 3), [2, 3, 0]);
        assert!(Answers::INT8.is_tied(&[3, 7, 7]));
        assert!(!Answers::INT8.is_tied(&[0x80, 0x81]));
        let uint8 = Answers { element: Element::Uint8, ..Answers::INT8 };
        assert_eq!(uint8.top(&[3, 0x80, 7, 7], 3), [1, 2, 3]);
        let float = Answers { element: Element::Float32, ..Answers::INT8 };
        let bytes = [-0.0_f32, 0.0, f32::NAN, -1.0].map(f32::to_le_bytes).concat();
        assert_eq!(float.top(&bytes, 4), [0, 1, 3, 2]);
        assert!(float.is_tied(&bytes));
    }

    #[test]
    fn only_the_first_output_counts() {
        let first = Answers { count: 2, ..Answers::INT8 };
        assert_eq!(first.top(&[3, 5, 9, 9], 5), [1, 0]);
    }

    #[test]
    fn what_does_not_classify_has_one_kind_of_silent_corruption_and_a_distance() {
        let numbers = Answers { classes: false, ..Answers::INT8 };
        let golden = run(Stop::Exit(0), &[-5, 9, 3], 0);
        assert_eq!(numbers.classify(&golden, &run(Stop::Exit(0), &[-5, 9, 7], 1)).0, Outcome::Sdc);
        assert_eq!(numbers.class(&golden), None);
        // Differences 0, 0 and 4: root of 16 / 3.
        let distance = numbers.distance(&golden.output, &[0xfb, 9, 7]).unwrap();
        assert_eq!(distance.largest, 4.0);
        assert!((distance.root_mean_square - 2.309_401).abs() < 1e-6);
        assert_eq!(numbers.distance(&[1, 2], &[1]), None);
    }
}

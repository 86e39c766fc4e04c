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
    /// The core took an exception that the golden run does not take.
    Trap,
    /// The firmware itself noticed: another exit code.
    BadExit,
    /// The instruction budget was passed, the multiplier never answered, or the core fell asleep for ever.
    Hang,
}

impl Outcome {
    /// All classes, from harmless to harmful.
    pub const ALL: [Self; 7] = [
        Self::NeverWrong,
        Self::Masked,
        Self::SdcBenign,
        Self::SdcCritical,
        Self::BadExit,
        Self::Trap,
        Self::Hang,
    ];

    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::NeverWrong => "never-wrong",
            Self::Masked => "masked",
            Self::SdcBenign => "sdc-benign",
            Self::SdcCritical => "sdc-critical",
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

/// The class of `run`, and the exception that made it a trap. The outputs are int8 scores, or printed.
pub fn classify(golden: &Run, run: &Run) -> (Outcome, Option<(Cause, u32)>) {
    classify_by(golden, run, || class(run) == class(golden))
}

/// Whether a run prints a class's number as its answer.
pub fn answers_by_printing(run: &Run) -> bool {
    run.printed_class.is_some() && class(run).is_some()
}

/// The class that a run answers: the best of its int8 scores, or the number that it prints; `None` if there is no such number.
pub fn class(run: &Run) -> Option<usize> {
    match &run.printed_class {
        None => top(&run.output, 1).first().copied(),
        Some(printed) => std::str::from_utf8(printed).ok()?.trim().parse().ok(),
    }
}

/// The same for any outputs, where `same_class` tells whether both runs answer the same class.
pub fn classify_by(
    golden: &Run,
    run: &Run,
    same_class: impl FnOnce() -> bool,
) -> (Outcome, Option<(Cause, u32)>) {
    let trap = run.traps.first_unlike(&golden.traps).or(match run.stop {
        // The golden run handled the same exception, and this run has lost its handler.
        Stop::Trap(trap) => Some((trap.cause, trap.pc)),
        _ => None,
    });
    let outcome = match run.stop {
        Stop::Budget | Stop::NoAnswer { .. } | Stop::NoBusAnswer { .. } | Stop::Asleep { .. } => {
            Outcome::Hang
        }
        Stop::Trap(_) => Outcome::Trap,
        Stop::Exit(_) if trap.is_some() => Outcome::Trap,
        stop if stop != golden.stop => Outcome::BadExit,
        // It ends as if all were well, and prints no class.
        _ if golden.printed_class.is_some() && !answers_by_printing(run) => Outcome::BadExit,
        _ if run.counts.differing == 0 => Outcome::NeverWrong,
        _ if run.output == golden.output => Outcome::Masked,
        _ if same_class() => Outcome::SdcBenign,
        _ => Outcome::SdcCritical,
    };
    (outcome, trap)
}

/// The `k` classes with the highest int8 scores, best first; of equal scores the lower index wins.
pub fn top(scores: &[u8], k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by_key(|i| (-i32::from(scores[*i] as i8), *i));
    order.truncate(k);
    order
}

/// Whether more than one class has the highest score.
pub fn is_tied(scores: &[u8]) -> bool {
    let best = scores.iter().map(|s| *s as i8).max();
    scores.iter().filter(|s| Some(**s as i8) == best).count() > 1
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
            counts: Counts { muls: 9, wrong: differing, distinct_wrong: differing, differing },
            traps: TrapLog::default(),
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
        let outcome = |run: &Run| classify(&golden, run).0;
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
        let class = |run: &Run| classify(&golden, run).0;
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
        assert_eq!(top(&[3, 0x80, 7, 7], 3), [2, 3, 0]);
        assert!(is_tied(&[3, 7, 7]));
        assert!(!is_tied(&[0x80, 0x81]));
    }
}

//! Why one fault makes one inference answer what it answers.
//!
//! In: a program, a multiplier, faults, an input ([`Scenario`]). Out: an [`Explanation`]: where the fault is, when it is first activated, the
//! first wrong product and the gates through which the error went, when addresses and control flow first differ, what becomes of each layer's
//! output, and both answers. All of it is data; the words are the command line's.
//!
//! What is said of the golden and the faulty run is exact: both are the runs of a campaign. [`first`] finds the operations, [`lockstep`]
//! compares the runs instruction by instruction from the first difference on, `spans`, `calls` and [`outputs`] find the layers and what
//! they hand on, and [`wave`] records a window of instructions with every net.

pub mod answer;
mod calls;
pub mod first;
pub mod lockstep;
pub mod outputs;
mod spans;
mod units;
pub mod wave;

use crate::campaign::outcome::{Answers, Outcome};
use crate::cpu::Stop;
use crate::isa::text::{Style, text};
use crate::model::Model;
use crate::netlist::faulty_unit::FaultyUnit;
use crate::netlist::places::{Place, Places};
use crate::netlist::sequence::Sequences;
use crate::netlist::spread::Spread;
use crate::netlist::{Circuit, FaultSet};
use crate::unit::{Exact, MulOp};
use crate::workload::{Program, Run, Runner};
use answer::AnswerTable;
use first::Operation;
use lockstep::Lockstep;
use outputs::LayerTable;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thiserror::Error;

/// Version of the JSON form: it counts up when a field changes its meaning or goes.
pub const FORMAT: u32 = 1;
/// Retired instructions that the golden run may take.
pub const GOLDEN_BUDGET: u64 = crate::campaign::golden::GOLDEN_BUDGET;

/// Why a scenario cannot be explained.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ExplainError {
    /// The golden run does not answer.
    #[error("without a fault it ends with {0} instead of exit code 0; try it with 'stuckat run'")]
    NoAnswer(Stop),
    /// The netlist is wrong by itself.
    #[error("multiplier '{0}': {1}")]
    Wrong(String, String),
}

/// What is to be explained.
#[derive(Clone, Copy)]
pub struct Scenario<'a> {
    /// The firmware, with its network and scope.
    pub program: &'a Program,
    /// The multiplier.
    pub circuit: &'a Arc<Circuit>,
    /// The faults, which are there together.
    pub faults: &'a FaultSet,
    /// The input tensor's bytes: [`Program::input_len`] of them.
    pub input: &'a [u8],
    /// How the output is read.
    pub answers: Answers,
    /// The network, if the firmware reads one.
    pub model: Option<&'a Model>,
    /// A faulty run may take so many times the golden run's instructions.
    pub hang_factor: u32,
    /// Instructions that are compared one by one, at the most.
    pub max_lockstep: u64,
    /// The source lines at an address: function and `file:line`, the innermost inlined one first.
    pub lines: &'a dyn Fn(u32) -> Vec<Frame>,
}

/// A function at an address, and the source line in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The function's name.
    pub function: String,
    /// `file:line`; `None` if the ELF does not say.
    pub line: Option<String>,
}

/// An instruction's place in the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Its address.
    pub pc: u32,
    /// It as assembler text; empty if it cannot be fetched.
    pub instruction: String,
    /// The functions that it is part of: the innermost inlined one first, last the one with a symbol.
    pub frames: Vec<Frame>,
}

impl Code {
    /// The function with a symbol.
    pub fn function(&self) -> Option<&str> {
        self.frames.last().map(|frame| frame.function.as_str())
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// In words.
    pub stop: String,
    /// Retired instructions.
    pub retired: u64,
    /// Clock cycles.
    pub cycles: u64,
    /// Exceptions taken.
    pub exceptions: u64,
    /// Multiplications.
    pub muls: u64,
    /// Those out of scope.
    pub outside: u64,
    /// Those with a wrong product.
    pub wrong: u64,
    /// Those that differ in value, latency or next state.
    pub differing: u64,
}

impl Ended {
    fn of(run: &Run) -> Self {
        Self {
            stop: run.stop.to_string(),
            retired: run.retired,
            cycles: run.cycles,
            exceptions: run.traps.count(),
            muls: run.counts.muls,
            outside: run.counts.outside,
            wrong: run.counts.wrong,
            differing: run.counts.differing,
        }
    }
}

/// A wrong product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongProduct {
    /// Where and of what.
    pub operation: Operation,
    /// The exact result.
    pub right: u32,
    /// The faulty unit's; `None` if it never answers.
    pub wrong: Option<u32>,
    /// Bits of the result that differ.
    pub bits: Vec<u32>,
}

/// An exception of the faulty run that the golden run does not take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Its cause in words.
    pub cause: String,
    /// The instruction that raised it.
    pub code: Code,
}

/// What is known of a scenario. The fields stand in the order in which they are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of the program.
    pub stuckat: String,
    /// The faults' names, joined by `+`.
    pub fault: String,
    /// Where each of them is.
    pub places: Vec<Place>,
    /// The multiplier's name.
    pub multiplier: String,
    /// Why it was not proved that the faulty unit keeps no state; `None` if it was.
    pub carries_state: Option<String>,
    /// SHA-256 of the ELF.
    pub elf_sha256: String,
    /// Which multiplications are faulty, in words.
    pub scope: String,
    /// The outcome class.
    pub outcome: Outcome,
    /// The exception that makes it a trap.
    pub exception: Option<Exception>,
    /// The run without the fault.
    pub golden: Ended,
    /// The run with it.
    pub faulty: Ended,
    /// The first operation of the golden run in which the site's fault-free value differs from the stuck one, or in which a transient fault
    /// strikes; `None` if there is none.
    pub activated: Option<Operation>,
    /// The first operation that differs from a fault-free one in value, latency or next state.
    pub first_difference: Option<Operation>,
    /// The first operation with a wrong result.
    pub first_wrong: Option<WrongProduct>,
    /// How the error went through the gates in that operation; `None` if none is wrong.
    pub spread: Option<Spread>,
    /// The two runs side by side, from the first difference on; `None` if nothing differs.
    pub lockstep: Option<Lockstep>,
    /// The layers.
    pub layers: LayerTable,
    /// Both answers.
    pub answer: AnswerTable,
}

/// Explains a scenario.
///
/// # Errors
/// [`ExplainError`] if the golden run is no reference.
///
/// # Panics
/// If the input is not [`Program::input_len`] bytes long.
pub fn explain(scenario: &Scenario<'_>) -> Result<Explanation, ExplainError> {
    let Scenario { circuit, faults, program, .. } = *scenario;
    let carries_state = Sequences::new(circuit, faults.faults()).err().map(|why| why.to_string());
    let golden = spans::follow(scenario, scenario.exact(), GOLDEN_BUDGET);
    if golden.run.stop != Stop::Exit(0) {
        return Err(ExplainError::NoAnswer(golden.run.stop));
    }
    let budget = scenario.budget(&golden.run);
    let faulty = spans::follow(scenario, scenario.faulty(), budget);
    let activated = first::activated(scenario);
    let first = faulty.difference.map(|steps| first::differences(scenario, steps, &faulty.run));
    let layout = spans::layout(scenario, &golden, &faulty);
    let begin = faulty.difference.map(|steps| layout.begin_before(steps));
    let ends = (golden.steps, faulty.steps);
    let compared = begin.map(|begin| lockstep::compare(scenario, &layout, begin, ends));
    let (lockstep, live) = compared.map_or((None, None), |(lockstep, live)| (Some(lockstep), live));
    let layers = outputs::table(scenario, &layout, begin, live.as_ref());
    let (outcome, trap) = scenario.answers.classify(&golden.run, &faulty.run);
    let trap = trap.filter(|_| outcome == Outcome::Trap);
    let places = Places::new(circuit);
    let (first_difference, first_wrong, spread) = match first {
        None => (None, None, None),
        Some(first) => (Some(first.difference), first.wrong, first.spread),
    };
    if let Some(wrong) = &first_wrong {
        let tuple = wrong.operation.tuple();
        if let Some(what) = circuit.first_wrong_product(&[tuple]) {
            return Err(ExplainError::Wrong(circuit.name().to_owned(), what));
        }
    }
    Ok(Explanation {
        format: FORMAT,
        stuckat: env!("CARGO_PKG_VERSION").to_owned(),
        fault: faults.name(circuit.netlist()),
        places: faults.faults().iter().map(|fault| places.of(*fault)).collect(),
        multiplier: circuit.name().to_owned(),
        carries_state,
        elf_sha256: program.sha256().to_owned(),
        scope: program.scope().describe(),
        outcome,
        exception: trap.map(|(cause, pc)| Exception {
            cause: cause.name().to_owned(),
            code: scenario.code(pc),
        }),
        golden: Ended::of(&golden.run),
        faulty: Ended::of(&faulty.run),
        activated,
        first_difference,
        first_wrong,
        spread,
        lockstep,
        layers,
        answer: AnswerTable::of(scenario.answers, &golden.run, &faulty.run),
    })
}

impl Scenario<'_> {
    fn exact(&self) -> Exact {
        Exact::new(self.circuit.latency())
    }

    fn faulty(&self) -> FaultyUnit {
        FaultyUnit::new(self.circuit, self.faults.faults())
    }

    /// Steps that a faulty run may take.
    fn budget(&self, golden: &Run) -> u64 {
        golden.retired.saturating_mul(u64::from(self.hang_factor))
    }

    /// A run that has begun.
    fn begin<U: crate::unit::Unit>(&self, unit: U) -> Runner<'_, U> {
        let mut runner = Runner::new(self.program, unit);
        runner.begin(self.input);
        runner
    }

    /// The instruction at an address, as the ELF has it.
    fn code(&self, pc: u32) -> Code {
        let word = self.program.word_at(pc);
        let instruction = word.and_then(|word| text(word, pc, Style::Objdump));
        Code {
            pc,
            instruction: instruction
                .map_or_else(String::new, |text| text.to_string().replace('\t', " ")),
            frames: (self.lines)(pc),
        }
    }

    fn layer_name(&self, layer: u32) -> Option<String> {
        let operators = &self.model?.operators;
        operators.get(layer as usize).map(|operator| operator.name.clone())
    }
}

impl Operation {
    /// The operation with its operands.
    pub fn tuple(&self) -> crate::unit::Tuple {
        let op = MulOp::ALL.into_iter().find(|op| op.name() == self.op).unwrap_or(MulOp::MUL);
        crate::unit::Tuple { op, rs1: self.rs1, rs2: self.rs2 }
    }
}

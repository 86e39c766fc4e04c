//! What is kept of each scenario and of each fault: one line of JSON each.

use super::outcome::Outcome;
use crate::netlist::places::Place;
use serde::{Deserialize, Serialize};

/// How a scenario's result was established. Never changes the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Not executed: every golden operation is right under the fault, so the run is the golden run.
    Screened,
    /// Not executed: an equivalent fault, or one with the same answers to all operations of its run, was; or the same fault with another image, in a run
    /// that never looked at it.
    Shared,
    /// Executed with a memo of proved answers.
    Memo,
    /// Executed gate by gate.
    Gates,
}

impl Engine {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Screened, Self::Shared, Self::Memo, Self::Gates];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Screened => "screened",
            Self::Shared => "shared",
            Self::Memo => "memo",
            Self::Gates => "gates",
        }
    }

    /// Whether the scenario itself was run.
    pub fn executed(self) -> bool {
        matches!(self, Self::Memo | Self::Gates)
    }
}

/// The first multiplication of a run that differed from a fault-free one in value, latency or next state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct First {
    /// The instruction's number in the run; 1 is the first.
    pub insn: u64,
    /// Its address.
    pub pc: u32,
    /// The function that it lies in, where the ELF says.
    pub function: Option<String>,
    /// The layer that the run is in, 0 is the first; `None` outside of layers, or if the firmware does not mark them.
    pub layer: Option<u32>,
}

/// One scenario: one fault, one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Place of the fault in the plan.
    pub fault: usize,
    /// Name of the fault.
    pub name: String,
    /// Index of the image in the data set.
    pub image: usize,
    /// The image's label, if it has one.
    pub label: Option<u16>,
    /// The class.
    pub outcome: Outcome,
    /// The class that the golden run answers; `None` if the network does not classify.
    pub golden_top1: Option<usize>,
    /// The class that this run answers; `None` if it gives no answer, or does not classify.
    pub top1: Option<usize>,
    /// Whether the golden class is among the five best; `None` if there is no answer, or if it is printed.
    pub golden_in_top5: Option<bool>,
    /// Whether the label is among the five best; `None` as before, or if there is no label.
    pub label_in_top5: Option<bool>,
    /// Whether several classes share the highest score.
    pub tied: bool,
    /// The output tensor, or the text that was taken for the answer, in hexadecimal.
    pub output: String,
    /// Largest change of one number of the output against golden, in the tensor's units; `None` if there is no answer, if it is
    /// printed, or if a number is none.
    pub largest_change: Option<f64>,
    /// Root mean square of these changes.
    pub rms_change: Option<f64>,
    /// Cause of the exception that made this a trap: the code in `mcause`.
    pub trap_cause: Option<u32>,
    /// Its pc.
    pub trap_pc: Option<u32>,
    /// Exit code, if the firmware ended by itself.
    pub exit_code: Option<u32>,
    /// Retired instructions.
    pub retired: u64,
    /// Clock cycles.
    pub cycles: u64,
    /// Multiplications executed.
    pub muls: u64,
    /// Those out of scope, which sound hardware did.
    pub outside: u64,
    /// Those with a wrong product.
    pub wrong: u64,
    /// The first one that differed.
    pub first: Option<First>,
    /// How the result was established.
    pub engine: Engine,
    /// Wall time in microseconds.
    pub wall_us: u64,
}

impl Record {
    /// The record without what may differ between two runs of one plan: engine and wall time.
    pub fn result(&self) -> Record {
        Record { engine: Engine::Gates, wall_us: 0, ..self.clone() }
    }

    /// Whether the answer is the image's label.
    pub fn correct(&self) -> bool {
        self.label.is_some() && self.top1 == self.label.map(usize::from)
    }
}

/// What is known of one image without a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldenRecord {
    /// Index of the image in the data set.
    pub image: usize,
    /// Its label, if it has one.
    pub label: Option<u16>,
    /// The class that the golden run answers; `None` if the network does not classify.
    pub top1: Option<usize>,
    /// Whether the label is among the five best; `None` if there is no label, or if the class is printed.
    pub label_in_top5: Option<bool>,
    /// The output tensor in hexadecimal.
    pub output: String,
    /// Retired instructions.
    pub retired: u64,
    /// Clock cycles.
    pub cycles: u64,
    /// Multiplications executed.
    pub muls: u64,
    /// Those out of scope.
    pub outside: u64,
    /// Distinct (operation, rs1, rs2) among those in scope.
    pub distinct: usize,
}

/// What is known of one fault before its scenarios.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// Place of the fault in the plan.
    pub fault: usize,
    /// Its name.
    pub name: String,
    /// Name of the first fault of the population that makes the same faulty circuit; its own if there is none.
    pub class: String,
    /// How many faults of the population make that circuit, itself included.
    pub weight: usize,
    /// Where it is; several if it is several faults at once.
    pub places: Vec<Place>,
    /// Whether its site takes the other value in some golden operation, each begun in the idle state; of several faults, any of them.
    /// `None` for transient faults.
    pub activated: Option<bool>,
    /// Distinct operations in scope of all golden runs of the plan.
    pub distinct: usize,
    /// Those of them whose product is wrong under the fault; `None` if the unit carries state, so that a product is
    /// no function of its operands.
    pub distinct_wrong: Option<usize>,
    /// Why it was not proved that the unit keeps no state; `None` if it was.
    pub carries_state: Option<String>,
}

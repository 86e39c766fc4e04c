//! What is kept of each scenario and of each fault: one line of JSON each.

use super::outcome::Outcome;
use serde::{Deserialize, Serialize};

/// How a scenario's result was established. Never changes the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Not executed: every golden operation is right under the fault, so the run is the golden run.
    Screened,
    /// Executed with a memo of proved answers.
    Memo,
    /// Executed gate by gate.
    Gates,
}

/// One scenario: one fault, one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Place of the fault in the plan.
    pub fault: usize,
    /// Name of the fault.
    pub name: String,
    /// Index of the image in the data set.
    pub image: usize,
    /// The image's label.
    pub label: u8,
    /// The class.
    pub outcome: Outcome,
    /// The class that the golden run answers.
    pub golden_top1: usize,
    /// The class that this run answers; `None` if it gives no answer.
    pub top1: Option<usize>,
    /// Whether the golden class is among the five best; `None` if there is no answer, or if it is printed.
    pub golden_in_top5: Option<bool>,
    /// Whether several classes share the highest score.
    pub tied: bool,
    /// The output tensor, or the text that was taken for the answer, in hexadecimal.
    pub output: String,
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
    /// Those with a wrong product.
    pub wrong: u64,
    /// Distinct (operation, rs1, rs2) among the wrong ones.
    pub distinct_wrong: u64,
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
        self.top1 == Some(usize::from(self.label))
    }
}

/// What is known of one image without a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldenRecord {
    /// Index of the image in the data set.
    pub image: usize,
    /// Its label.
    pub label: u8,
    /// The class that the golden run answers.
    pub top1: usize,
    /// The output tensor in hexadecimal.
    pub output: String,
    /// Retired instructions.
    pub retired: u64,
    /// Clock cycles.
    pub cycles: u64,
    /// Multiplications executed.
    pub muls: u64,
    /// Distinct (operation, rs1, rs2) among them.
    pub distinct: usize,
}

/// What is known of one fault before its scenarios.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// Place of the fault in the plan.
    pub fault: usize,
    /// Its name.
    pub name: String,
    /// Distinct operations of all golden runs of the plan.
    pub distinct: usize,
    /// Those of them whose product is wrong under the fault; `None` if the unit carries state, so that a product is
    /// no function of its operands.
    pub distinct_wrong: Option<usize>,
    /// Why it was not proved that the unit keeps no state; `None` if it was.
    pub carries_state: Option<String>,
}

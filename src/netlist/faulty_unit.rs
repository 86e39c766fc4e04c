//! The multiplier of a faulty run: look-ups where the fault allows them, gates where it does not.

use super::fast_unit::FastUnit;
use super::gate_unit::GateUnit;
use super::range::Range;
use super::sequence::Sequences;
use super::table::Tables;
use super::{Circuit, Fault};
use crate::unit::{Answer, Counts, ForeignState, Inline, MulOp, State, Unit};
use std::sync::Arc;

/// The multiplier of a faulty run.
#[derive(Clone, Debug)]
pub enum FaultyUnit {
    /// Tables, memo and folded programs.
    Memo(Box<FastUnit>),
    /// Every product is evaluated gate by gate, clock by clock.
    Gates(Box<GateUnit>),
}

impl FaultyUnit {
    /// The fastest exact unit for faults that are there together.
    pub fn new(circuit: &Arc<Circuit>, faults: &[Fault]) -> Self {
        match Sequences::new(circuit, faults) {
            Ok(sequences) => {
                let unit = FastUnit::new(circuit, sequences);
                Self::Memo(Box::new(unit.with_tables(&mut tables(circuit), faults).forgetful()))
            }
            Err(_) => Self::gates(circuit, faults),
        }
    }

    /// The unit gate by gate.
    pub fn gates(circuit: &Arc<Circuit>, faults: &[Fault]) -> Self {
        Self::Gates(Box::new(GateUnit::new(circuit.clone(), faults)))
    }
}

/// What builds the tables of MUL for the operands of INT8 firmware; empty where the netlist does not do MUL.
pub fn tables(circuit: &Circuit) -> Vec<Tables<'_>> {
    Tables::new(circuit, MulOp::MUL, Range::SQUARE).into_iter().collect()
}

impl Unit for FaultyUnit {
    #[inline]
    fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        match self {
            FaultyUnit::Memo(unit) => unit.exec(op, rs1, rs2),
            FaultyUnit::Gates(unit) => unit.exec(op, rs1, rs2),
        }
    }

    fn outside(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        match self {
            FaultyUnit::Memo(unit) => unit.outside(op, rs1, rs2),
            FaultyUnit::Gates(unit) => unit.outside(op, rs1, rs2),
        }
    }

    fn max_cycles(&self) -> u32 {
        match self {
            FaultyUnit::Memo(unit) => unit.max_cycles(),
            FaultyUnit::Gates(unit) => unit.max_cycles(),
        }
    }

    fn divided(&mut self, left: u64) {
        match self {
            FaultyUnit::Memo(unit) => unit.divided(left),
            FaultyUnit::Gates(unit) => unit.divided(left),
        }
    }

    fn reset(&mut self) {
        match self {
            FaultyUnit::Memo(unit) => unit.reset(),
            FaultyUnit::Gates(unit) => unit.reset(),
        }
    }

    fn counts(&self) -> Counts {
        match self {
            FaultyUnit::Memo(unit) => unit.counts(),
            FaultyUnit::Gates(unit) => unit.counts(),
        }
    }

    fn save(&self) -> State {
        match self {
            FaultyUnit::Memo(unit) => unit.save(),
            FaultyUnit::Gates(unit) => unit.save(),
        }
    }

    fn restore(&mut self, state: &State) -> Result<(), ForeignState> {
        match self {
            FaultyUnit::Memo(unit) => unit.restore(state),
            FaultyUnit::Gates(unit) => unit.restore(state),
        }
    }

    fn inline(&self) -> Inline<'_> {
        match self {
            FaultyUnit::Memo(unit) => unit.inline(),
            FaultyUnit::Gates(unit) => unit.inline(),
        }
    }

    fn count(&mut self, done: Counts) {
        match self {
            FaultyUnit::Memo(unit) => unit.count(done),
            FaultyUnit::Gates(unit) => unit.count(done),
        }
    }
}

//! Records a window of one run: what each instruction did, when, and what every net did in its multiplications.

use super::super::Scenario;
use crate::cpu::{Retired, mul_op};
use crate::isa::decode;
use crate::isa::text::{Style, text};
use crate::netlist::faulty_unit::FaultyUnit;
use crate::netlist::wave::Trace;
use crate::unit::{Answer, Exact, Tuple, Unit};
use std::cell::RefCell;

/// One run's window.
pub(super) struct Side {
    /// Cycles of the free-running clock since reset at its beginning.
    pub begin: u64,
    /// The registers there.
    pub registers: [u32; 32],
    pub steps: Vec<Step>,
}

/// One instruction.
pub(super) struct Step {
    pub event: Retired,
    /// Retired instructions, it included.
    pub number: u64,
    pub text: String,
    /// Cycles at its beginning and its end.
    pub from: u64,
    pub to: u64,
    /// Its multiplication, if it is in scope.
    pub operation: Option<Operation>,
}

/// A multiplication, net by net.
pub(super) struct Operation {
    pub tuple: Tuple,
    /// `None` if it is never answered.
    pub result: Option<u32>,
    pub trace: Trace,
}

/// The unit of a side, as it stands before an operation.
pub(super) trait Traced: Unit {
    fn trace(&self, scenario: &Scenario<'_>, tuple: Tuple) -> Trace;
}

impl Traced for Exact {
    fn trace(&self, scenario: &Scenario<'_>, tuple: Tuple) -> Trace {
        Trace::of(scenario.circuit, &[], tuple)
    }
}

impl Traced for FaultyUnit {
    fn trace(&self, scenario: &Scenario<'_>, tuple: Tuple) -> Trace {
        match self {
            FaultyUnit::Memo(_) => Trace::of(scenario.circuit, scenario.faults.faults(), tuple),
            FaultyUnit::Gates(unit) => {
                Trace::on(&mut unit.as_ref().clone(), scenario.circuit, tuple)
            }
        }
    }
}

/// Records `window` steps after step `from`.
pub(super) fn record<U: Traced + Clone>(
    scenario: &Scenario<'_>,
    unit: U,
    from: u64,
    window: u64,
) -> Side {
    // Once for the units, which are looked at before each step, and once for what the steps do.
    let mut runner = scenario.begin(unit.clone());
    runner.advance_to(from);
    let begin = runner.machine().elapsed();
    let registers: [u32; 32] = std::array::from_fn(|r| runner.machine().reg(r as u8));
    let mut retired = runner.machine().retired();
    let mut operations = Vec::new();
    for step in from..from + window {
        let tuple = next_tuple(&runner);
        let trace = tuple.map(|tuple| (tuple, runner.machine().unit().trace(scenario, tuple)));
        let outside = runner.machine().unit().counts().outside;
        let ended = runner.advance_to(step + 1).is_some();
        let in_scope = runner.machine().unit().counts().outside == outside;
        operations.push(trace.filter(|_| in_scope).map(|(tuple, trace)| {
            let result = match trace.answer {
                Answer::Done { value, .. } => Some(value),
                Answer::Never => None,
            };
            Operation { tuple, result, trace }
        }));
        if ended {
            break;
        }
    }
    let events = RefCell::new(Vec::new());
    let mut runner = scenario.begin(unit);
    runner.advance_to(from);
    runner.with_probe(|event: &Retired| events.borrow_mut().push(*event)).advance_to(from + window);
    let mut before = begin;
    let step = |(event, operation): (Retired, Option<Operation>)| {
        retired += u64::from(!event.trapped);
        let from = std::mem::replace(&mut before, event.cycles);
        let text = text(event.word, event.pc, Style::Objdump);
        Step {
            number: retired,
            text: text.map_or_else(String::new, |text| text.to_string().replace('\t', " ")),
            from,
            to: event.cycles,
            operation,
            event,
        }
    };
    let steps = events.into_inner().into_iter().zip(operations).map(step).collect();
    Side { begin, registers, steps }
}

/// The multiplication that a run stands before, if it does.
fn next_tuple<U: Unit>(runner: &crate::workload::Runner<'_, U>) -> Option<Tuple> {
    let machine = runner.machine();
    let bytes = machine.bus().peek(machine.pc(), 4)?;
    let word = u32::from_le_bytes(bytes.try_into().ok()?);
    let insn = decode(word)?;
    let op = mul_op(insn.op)?;
    Some(Tuple { op, rs1: machine.reg(insn.rs1), rs2: machine.reg(insn.rs2) })
}

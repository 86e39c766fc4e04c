//! The operations at which it begins: the first activated one, the first that differs, the first that is wrong.
//!
//! In: a [`Scenario`]. Out: [`Operation`]s with their operands and places. Each is found by running from reset at full speed to just before it,
//! so that it is the campaign's own run that is looked at.

use super::units::{Order, StopAt, Telling};
use super::{Code, Scenario, WrongProduct};
use crate::cpu::mul_op;
use crate::netlist::activity::Activity;
use crate::netlist::faulty_unit::FaultyUnit;
use crate::netlist::spread::Spread;
use crate::netlist::wave::Trace;
use crate::netlist::{Effect, Fault};
use crate::unit::{Answer, MulOp, Tuple, Unit};
use crate::workload::{Paused, Run, Runner};
use serde::{Deserialize, Serialize};

/// Steps after which new operations are looked at for the first time; then twice as many, and so on.
const FIRST_LOOK: u64 = 1 << 14;
/// Operations that [`Activity`] does in one pass.
const PASS: usize = 512;
/// Steps between two looks at the number of wrong products.
const STRIDE: u64 = 1 << 12;

/// A multiplication of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The instruction's number in the run; 1 is the first that retires.
    pub instruction: u64,
    /// The step in which it is done: retired instructions and exceptions since reset, it included.
    pub step: u64,
    /// The multiplication's number in the run; 1 is the first.
    pub number: u64,
    /// `mul`, `mulh`, `mulhsu` or `mulhu`.
    pub op: String,
    /// First operand.
    pub rs1: u32,
    /// Second operand.
    pub rs2: u32,
    /// Where it stands.
    pub code: Code,
    /// The layer, 0 is the first; `None` outside of layers, or if the firmware does not mark them.
    pub layer: Option<u32>,
    /// The layer's operator, if the network is known.
    pub operator: Option<String>,
}

/// What [`differences`] finds.
pub(super) struct Differences {
    pub difference: Operation,
    pub wrong: Option<WrongProduct>,
    pub spread: Option<Spread>,
}

/// The multiplication that a run stands before.
fn next_operation<U: Unit>(scenario: &Scenario<'_>, runner: &Runner<'_, U>) -> Operation {
    let machine = runner.machine();
    let pc = machine.pc();
    let bytes = machine.bus().peek(pc, 4);
    let word = bytes.map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let insn = word.and_then(crate::isa::decode);
    let op = insn.and_then(|insn| mul_op(insn.op)).unwrap_or(MulOp::MUL);
    let layer = runner.layer_mark().checked_sub(1);
    Operation {
        instruction: machine.retired() + 1,
        step: runner.steps() + 1,
        number: machine.unit().counts().muls + 1,
        op: op.name().to_owned(),
        rs1: insn.map_or(0, |insn| machine.reg(insn.rs1)),
        rs2: insn.map_or(0, |insn| machine.reg(insn.rs2)),
        code: scenario.code(pc),
        layer,
        operator: layer.and_then(|layer| scenario.layer_name(layer)),
    }
}

/// The first difference of the faulty run, which is made in step `steps`; and its first wrong product with the way through the gates.
pub(super) fn differences(scenario: &Scenario<'_>, steps: u64, run: &Run) -> Differences {
    let mut runner = scenario.begin(scenario.faulty());
    runner.advance_to(steps - 1);
    let difference = next_operation(scenario, &runner);
    if run.counts.wrong == 0 {
        return Differences { difference, wrong: None, spread: None };
    }
    let (sound, faulty) = traces(scenario, &runner, difference.tuple());
    let right = difference.tuple().op.product(difference.rs1, difference.rs2);
    if !is_right(faulty.answer, right) {
        let (wrong, spread) = wrong_product(scenario, difference.clone(), &sound, &faulty);
        return Differences { difference, wrong: Some(wrong), spread: Some(spread) };
    }
    // Only its latency or its state differed: go on to where the value does.
    let at = first_wrong(scenario, runner);
    let mut runner = scenario.begin(scenario.faulty());
    runner.advance_to(at - 1);
    let operation = next_operation(scenario, &runner);
    let (sound, faulty) = traces(scenario, &runner, operation.tuple());
    let (wrong, spread) = wrong_product(scenario, operation, &sound, &faulty);
    Differences { difference, wrong: Some(wrong), spread: Some(spread) }
}

fn is_right(answer: Answer, right: u32) -> bool {
    matches!(answer, Answer::Done { value, .. } if value == right)
}

fn wrong_product(
    scenario: &Scenario<'_>,
    operation: Operation,
    sound: &Trace,
    faulty: &Trace,
) -> (WrongProduct, Spread) {
    let tuple = operation.tuple();
    let right = tuple.op.product(tuple.rs1, tuple.rs2);
    let wrong = match faulty.answer {
        Answer::Done { value, .. } => Some(value),
        Answer::Never => None,
    };
    let differing = wrong.map_or(0, |wrong| wrong ^ right);
    let bits = (0..32).filter(|bit| differing >> bit & 1 == 1).collect();
    let faults = scenario.faults.faults();
    let spread = Spread::of(scenario.circuit, faults, tuple.op, sound, faulty);
    (WrongProduct { operation, right, wrong, bits }, spread)
}

/// The step that makes the first wrong product of a run that makes one, which stands before it.
fn first_wrong(scenario: &Scenario<'_>, mut runner: Runner<'_, FaultyUnit>) -> u64 {
    let wrong = |runner: &Runner<'_, FaultyUnit>| runner.machine().unit().counts().wrong > 0;
    let before = loop {
        let before = runner.steps();
        if runner.advance_to(before + STRIDE).is_some() || wrong(&runner) {
            break before;
        }
    };
    let mut runner = scenario.begin(scenario.faulty());
    runner.advance_to(before);
    loop {
        let next = runner.steps() + 1;
        // One that is never answered ends the run and is no step.
        if runner.advance_to(next).is_some() || wrong(&runner) {
            return next;
        }
    }
}

/// The operation's nets without and with the faults, on units in the state that the run has them in.
fn traces(
    scenario: &Scenario<'_>,
    runner: &Runner<'_, FaultyUnit>,
    tuple: Tuple,
) -> (Trace, Trace) {
    traces_on(scenario, runner.machine().unit(), tuple)
}

/// The same for a unit.
pub(super) fn traces_on(
    scenario: &Scenario<'_>,
    unit: &FaultyUnit,
    tuple: Tuple,
) -> (Trace, Trace) {
    let circuit = scenario.circuit;
    match unit {
        // Proved to carry no state: what it does after reset is what it does now.
        FaultyUnit::Memo(_) => {
            (Trace::of(circuit, &[], tuple), Trace::of(circuit, scenario.faults.faults(), tuple))
        }
        FaultyUnit::Gates(unit) => {
            let mut sound = unit.sound_twin();
            let mut faulty = unit.as_ref().clone();
            (Trace::on(&mut sound, circuit, tuple), Trace::on(&mut faulty, circuit, tuple))
        }
    }
}

/// The first operation of the golden run that activates one of the faults.
pub(super) fn activated(scenario: &Scenario<'_>) -> Option<Operation> {
    let faults = scenario.faults.faults();
    let stuck: Vec<Fault> =
        faults.iter().filter(|f| matches!(f.effect, Effect::Stuck(_))).copied().collect();
    let strikes = faults.iter().filter_map(|fault| match fault.effect {
        Effect::Flip { operation, .. } => Some(operation),
        Effect::Stuck(_) => None,
    });
    let mut first = first_activating(scenario, &stuck);
    for strike in strikes {
        if first.is_none_or(|first| strike < first) {
            first = Some(strike);
        }
    }
    let wanted = first?;
    let mut runner = scenario.begin(Telling::new(scenario.exact(), StopAt::new(wanted)));
    loop {
        match runner.advance(u64::MAX) {
            Paused::Difference => break,
            Paused::Layer => {}
            Paused::Steps | Paused::Ended(_) => return None,
        }
    }
    let steps = runner.steps();
    let mut runner = scenario.begin(scenario.exact());
    runner.advance_to(steps - 1);
    Some(next_operation(scenario, &runner))
}

/// The number of the first multiplication in scope that brings the other value to the site of one of these faults.
fn first_activating(scenario: &Scenario<'_>, stuck: &[Fault]) -> Option<u64> {
    if stuck.is_empty() {
        return None;
    }
    let circuit = scenario.circuit;
    let activates = |tuples: &[Tuple]| {
        let activity = Activity::of(circuit, tuples);
        stuck.iter().any(|fault| activity.activates(circuit, *fault) == Some(true))
    };
    let mut runner = scenario.begin(Telling::new(scenario.exact(), Order::default()));
    let mut look = FIRST_LOOK;
    loop {
        let ended = runner.advance_to(look);
        look = look.saturating_mul(2);
        let new = std::mem::take(&mut runner.unit_mut().listener.new);
        for pass in new.chunks(PASS) {
            let tuples: Vec<Tuple> = pass.iter().map(|(_, tuple)| *tuple).collect();
            if activates(&tuples) {
                // The smallest beginning that activates ends with the first that does.
                let (mut without, mut with) = (0, tuples.len());
                while with - without > 1 {
                    let middle = without.midpoint(with);
                    if activates(&tuples[..middle]) { with = middle } else { without = middle }
                }
                return Some(pass[with - 1].0);
            }
        }
        if ended.is_some() {
            return None;
        }
    }
}

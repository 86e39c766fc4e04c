//! One operation, net by net and clock by clock, and where a fault in it can be seen.
//!
//! In: a [`Circuit`], faults, an operation with its operands. Out: a [`Trace`], which has the value of every net at the end of
//! every clock; and what puts the nets into an order in which they tell a story: [`drivers`], [`levels`], [`fan_out`].

use super::fault::Fault;
use super::gate_unit::GateUnit;
use super::ports::RegisterPlace;
use super::{Circuit, Net, Netlist, Pin, Site};
use crate::unit::{Answer, Tuple};
use std::sync::Arc;

/// What the nets of a unit did during one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What the unit answered.
    pub answer: Answer,
    /// For each clock of the operation the value of every net at its end. A unit that never answers has the circuit's
    /// `max_clocks`; an operation that other hardware does has none.
    clocks: Vec<Vec<bool>>,
}

impl Trace {
    /// Does an operation, the first one after reset, gate by gate.
    pub fn of(circuit: &Arc<Circuit>, faults: &[Fault], tuple: Tuple) -> Self {
        Self::on(&mut GateUnit::new(circuit.clone(), faults), circuit, tuple)
    }

    /// Does an operation on a unit as it stands, without counting it.
    pub fn on(unit: &mut GateUnit, circuit: &Circuit, tuple: Tuple) -> Self {
        let nets = circuit.netlist().net_count();
        let mut clocks = Vec::new();
        let answer = unit.operate(tuple.op, tuple.rs1, tuple.rs2, |_, values| {
            clocks.push(values[..nets].iter().map(|lanes| lanes[0] & 1 == 1).collect());
        });
        Self { answer, clocks }
    }

    /// Clocks of the operation, the one with the answer included.
    pub fn clocks(&self) -> usize {
        self.clocks.len()
    }

    /// A net's value at the end of a clock, counted from 0; none after the answer.
    pub fn value(&self, clock: usize, net: Net) -> Option<bool> {
        self.clocks.get(clock).map(|values| values[net.index()])
    }

    /// Whether a net has different values in two traces in a clock that both have.
    pub fn differs(&self, other: &Self, clock: usize, net: Net) -> bool {
        match (self.value(clock, net), other.value(clock, net)) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        }
    }
}

/// For each net the output pin that drives it; none for inputs and constants.
pub fn drivers(netlist: &Netlist) -> Vec<Option<Pin>> {
    let mut drivers = vec![None; netlist.net_count()];
    for pin in netlist.pins().filter(|pin| !netlist.is_input(*pin)) {
        if let Some(net) = netlist.at(pin) {
            drivers[net.index()] = Some(pin);
        }
    }
    drivers
}

/// For each net its level: 0 for inputs, constants and outputs of flip-flops; for a gate's output, one more than the highest
/// level among the nets that its function looks at.
pub fn levels(circuit: &Circuit) -> Vec<u32> {
    let (program, nets) = (circuit.program(), circuit.netlist().net_count());
    let mut levels = vec![0; program.slots];
    for op in &program.ops {
        // A function without inputs names slots that it does not look at.
        let constant = op.table == 0x00 || op.table == 0xff;
        let inputs = op.inputs.iter().map(|slot| levels[*slot as usize]).max();
        let inputs = inputs.filter(|_| !constant).unwrap_or(0);
        // A slot inside a wide cell is no net, and no level.
        levels[op.out as usize] = inputs + u32::from((op.out as usize) < nets && !constant);
    }
    levels.truncate(nets);
    levels
}

/// For each net, whether a change at one of these faults' sites could ever be seen on it: through gates, flip-flops and the
/// registers of the binding, over any number of clocks.
pub fn fan_out(circuit: &Circuit, faults: &[Fault]) -> Vec<bool> {
    let program = circuit.program();
    let mut follows: Vec<Vec<u32>> = vec![Vec::new(); program.slots];
    for op in &program.ops {
        op.inputs.iter().for_each(|slot| follows[*slot as usize].push(op.out));
    }
    for flop in &program.flops {
        follows[flop.next as usize].extend(flop.q.into_iter().chain(flop.qn).map(|q| q.0));
    }
    for register in circuit.registers() {
        if let RegisterPlace::Outside(register) = &register.place {
            for (d, q) in register.d.iter().zip(&register.q) {
                follows[d.index()].push(q.0);
                follows[register.write.index()].push(q.0);
            }
        }
    }
    let mut reached = vec![false; program.slots];
    let mut todo: Vec<u32> = Vec::new();
    for fault in faults {
        match fault.site.acts_at(circuit.netlist()) {
            None => {}
            Some(Site::Net(net)) => todo.push(net.0),
            Some(Site::Pin(pin)) => {
                todo.extend(
                    program.reads(pin).iter().map(|read| program.ops[read.op as usize].out),
                );
                let flop = circuit.clocked_by(pin).map(|i| program.flops[i]);
                todo.extend(flop.iter().flat_map(|f| f.q.into_iter().chain(f.qn)).map(|q| q.0));
            }
        }
    }
    while let Some(slot) = todo.pop() {
        if !std::mem::replace(&mut reached[slot as usize], true) {
            todo.extend(&follows[slot as usize]);
        }
    }
    reached.truncate(circuit.netlist().net_count());
    reached
}

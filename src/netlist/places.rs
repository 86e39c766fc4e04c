//! Where a fault is, in words that people sort by: cell, pin, net, logic level, and the lowest bit of the result that it can reach.

use super::circuit::Circuit;
use super::fault::Fault;
use super::ports::RegisterPlace;
use super::wave::{drivers, levels};
use super::{Net, Pin, Site};
use crate::unit::MulOp;
use serde::{Deserialize, Serialize};

/// Where one fault is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Instance of the cell: the one whose pin it is, or that drives the net; `None` for a net that comes from outside.
    pub cell: Option<String>,
    /// Name of its cell type.
    pub cell_type: Option<String>,
    /// Its pin.
    pub pin: Option<String>,
    /// The net.
    pub net: String,
    /// `SA0`, `SA1`, or a transient fault's `FLIP@...`.
    pub effect: String,
    /// Logic level: 0 for inputs of the unit and outputs of flip-flops, else one more than the highest level before it.
    pub level: u32,
    /// The lowest bit of the unit's result that the structure lets it reach; `None` if it reaches none.
    pub bit: Option<u32>,
}

/// Finds places.
#[derive(Debug)]
pub struct Places<'c> {
    circuit: &'c Circuit,
    drivers: Vec<Option<Pin>>,
    levels: Vec<u32>,
    bits: Vec<Option<u32>>,
}

impl<'c> Places<'c> {
    /// Prepares for the faults of a circuit.
    pub fn new(circuit: &'c Circuit) -> Self {
        let netlist = circuit.netlist();
        let (drivers, levels) = (drivers(netlist), levels(circuit));
        Self { circuit, drivers, levels, bits: lowest_bits(circuit) }
    }

    /// Where a fault is.
    pub fn of(&self, fault: Fault) -> Place {
        let netlist = self.circuit.netlist();
        let (pin, net) = match fault.site {
            Site::Net(net) => (self.drivers[net.index()], Some(net)),
            Site::Pin(pin) => (Some(pin), netlist.at(pin)),
        };
        let cell = pin.map(|pin| &netlist.cells[pin.cell as usize]);
        Place {
            cell: cell.map(|cell| cell.name.clone()),
            cell_type: cell.map(|cell| cell.kind.name.clone()),
            pin: pin.map(|pin| netlist.pin_label(pin).to_owned()),
            net: net.map_or_else(String::new, |net| netlist.net_name(net).to_owned()),
            effect: fault.effect.to_string(),
            level: net.map_or(0, |net| self.levels[net.index()]),
            bit: self.bit(net),
        }
    }

    fn bit(&self, net: Option<Net>) -> Option<u32> {
        net.and_then(|net| self.bits[net.index()])
    }
}

/// For each net, the lowest bit of an operation's answer that gates lead to from it; where gates alone lead to none, through
/// flip-flops too.
fn lowest_bits(circuit: &Circuit) -> Vec<Option<u32>> {
    let program = circuit.program();
    let mut bits: Vec<Option<u32>> = vec![None; program.slots];
    for op in MulOp::ALL {
        for (bit, net) in circuit.answer_nets(op).iter().enumerate() {
            lower(&mut bits[net.index()], Some(bit as u32));
        }
    }
    // Gates stand in order of evaluation, so that one pass backwards sees each after all that it leads to.
    let through_gates = |bits: &mut Vec<Option<u32>>| {
        for op in program.ops.iter().rev() {
            let out = bits[op.out as usize];
            op.inputs.iter().for_each(|slot| lower(&mut bits[*slot as usize], out));
        }
    };
    through_gates(&mut bits);
    let direct = bits.clone();
    loop {
        let before = bits.clone();
        for flop in &program.flops {
            for q in flop.q.into_iter().chain(flop.qn) {
                let out = bits[q.index()];
                lower(&mut bits[flop.next as usize], out);
            }
        }
        for register in circuit.registers() {
            if let RegisterPlace::Outside(register) = &register.place {
                for (d, q) in register.d.iter().zip(&register.q) {
                    let out = bits[q.index()];
                    lower(&mut bits[d.index()], out);
                }
            }
        }
        through_gates(&mut bits);
        if bits == before {
            break;
        }
    }
    for (bit, direct) in bits.iter_mut().zip(direct) {
        *bit = direct.or(*bit);
    }
    bits.truncate(circuit.netlist().net_count());
    bits
}

fn lower(bit: &mut Option<u32>, other: Option<u32>) {
    *bit = match (*bit, other) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
}

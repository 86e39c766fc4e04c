//! What looks odd in a netlist although it multiplies: a wrong binding or a lost connection often shows here first.
//!
//! In: a [`Circuit`], and the nets that never changed while it worked ([`super::equivalence`]). Out: [`Oddities`]. None of them is
//! an error.

use super::collapse::constants;
use super::{Circuit, Direction, Net, Pin};

/// An output pin of a cell, with inputs, that never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Still {
    /// The pin.
    pub pin: Pin,
    /// The value that it always had.
    pub value: bool,
    /// Whether it can have no other, whatever the inputs of the netlist are: the cell's inputs are tied to constants.
    pub tied: bool,
}

/// What looks odd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Nets that no cell and no output port reads.
    pub unread: Vec<Net>,
    /// Outputs of cells that never changed; cells without inputs (tie cells) left out.
    pub still: Vec<Still>,
    /// Bits of output ports that the binding gives no role: what a fault does to them is never seen. Each with its port
    /// (an index into the netlist's) and its place there.
    pub unused: Vec<(usize, usize)>,
}

/// Looks.
pub fn oddities(circuit: &Circuit, steady: &[(Net, bool)]) -> Oddities {
    let netlist = circuit.netlist();
    let readers = netlist.readers();
    let is_constant = |net: &Net| netlist.constants().iter().any(|(n, _)| n == net);
    let nets = (0..netlist.net_count() as u32).map(Net);
    let unread = nets.filter(|net| readers[net.index()] == 0 && !is_constant(net)).collect();
    let tied = constants(circuit);
    let mut steady_value = vec![None; netlist.net_count()];
    steady.iter().for_each(|(net, value)| steady_value[net.index()] = Some(*value));
    let outputs = netlist.pins().filter(|pin| !netlist.is_input(*pin));
    let still = outputs.filter_map(|pin| {
        let net = netlist.at(pin)?;
        let value = steady_value[net.index()]?;
        let reads = !netlist.cells[pin.cell as usize].inputs.is_empty();
        reads.then_some(Still { pin, value, tied: tied[net.index()].is_some() })
    });
    let observed = circuit.observed();
    let ports = netlist.ports.iter().enumerate();
    let unused =
        ports.filter(|(_, port)| port.direction == Direction::Output).flat_map(|(i, port)| {
            let bits = port.bits.iter().enumerate();
            let unused = bits.filter(|(_, net)| observed.binary_search(net).is_err());
            unused.map(move |(bit, _)| (i, bit)).collect::<Vec<_>>()
        });
    Oddities { unread, still: still.collect(), unused: unused.collect() }
}

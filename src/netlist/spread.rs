//! How a fault's error spreads through one operation: the nets that differ, and the chains of gates that lead to the result.
//!
//! In: the [`Trace`]s of one operation without and with faults. Out: a [`Spread`]: every net that differs in some clock, in the order of clocks
//! and levels; and for each wrong bit of the result a shortest chain of differing nets from the fault's site to it (the sensitised path).

use super::fault::Fault;
use super::ports::RegisterPlace;
use super::wave::{Trace, drivers, levels};
use super::{Circuit, Net, Site};
use crate::unit::{Answer, MulOp};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};

/// A net that differs in a clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferingNet {
    /// The clock of the operation, from 1.
    pub clock: u32,
    /// The net.
    pub net: String,
    /// Instance of the cell that drives it; `None` if it comes from outside.
    pub cell: Option<String>,
    /// Name of its type.
    pub cell_type: Option<String>,
    /// Its output pin.
    pub pin: Option<String>,
    /// Logic level: 0 for inputs of the unit and outputs of flip-flops, else one more than the highest level before it.
    pub level: u32,
    /// Its value without the fault.
    pub sound: bool,
    /// Its value with it.
    pub faulty: bool,
}

/// A shortest chain of differing nets from a fault's site to a bit of the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// The bit of the result.
    pub bit: u32,
    /// The nets, as indices into [`Spread::nets`], from the site on.
    pub nets: Vec<usize>,
    /// Whether it begins at a site. If not, it begins where an earlier operation has left a wrong state.
    pub from_site: bool,
}

/// How an error spreads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// Clocks that both units had, which are compared.
    pub clocks: u32,
    /// Clocks of the sound unit.
    pub sound_clocks: u32,
    /// Clocks of the faulty unit; `None` if it never answers.
    pub faulty_clocks: Option<u32>,
    /// How many nets differ in some clock.
    pub distinct: usize,
    /// Nets of the netlist, constants left out.
    pub of: usize,
    /// The nets that differ, by clock, then level, then number in the netlist.
    pub nets: Vec<DifferingNet>,
    /// One for each bit of the result that differs in the last compared clock, the lowest first.
    pub chains: Vec<Chain>,
}

/// A net in a clock, counted from 0.
type Node = (usize, Net);

impl Spread {
    /// Compares two traces of `op`.
    pub fn of(
        circuit: &Circuit,
        faults: &[Fault],
        op: MulOp,
        sound: &Trace,
        faulty: &Trace,
    ) -> Self {
        let netlist = circuit.netlist();
        let (drivers, levels) = (drivers(netlist), levels(circuit));
        let clocks = sound.clocks().min(faulty.clocks());
        let mut nodes: Vec<Node> = Vec::new();
        for clock in 0..clocks {
            let differing = (0..netlist.net_count() as u32).map(Net);
            let differing = differing.filter(|net| sound.differs(faulty, clock, *net));
            let first = nodes.len();
            nodes.extend(differing.map(|net| (clock, net)));
            nodes[first..].sort_by_key(|(_, net)| (levels[net.index()], *net));
        }
        let describe = |(clock, net): &Node| {
            let pin = drivers[net.index()];
            let cell = pin.map(|pin| &netlist.cells[pin.cell as usize]);
            let value = |trace: &Trace| trace.value(*clock, *net).unwrap_or_default();
            DifferingNet {
                clock: *clock as u32 + 1,
                net: netlist.net_name(*net).to_owned(),
                cell: cell.map(|cell| cell.name.clone()),
                cell_type: cell.map(|cell| cell.kind.name.clone()),
                pin: pin.map(|pin| netlist.pin_label(pin).to_owned()),
                level: levels[net.index()],
                sound: value(sound),
                faulty: value(faulty),
            }
        };
        let mut nets: Vec<Net> = nodes.iter().map(|(_, net)| *net).collect();
        nets.sort_unstable();
        nets.dedup();
        Self {
            clocks: clocks as u32,
            sound_clocks: sound.clocks() as u32,
            faulty_clocks: match faulty.answer {
                Answer::Done { cycles, .. } => Some(cycles),
                Answer::Never => None,
            },
            distinct: nets.len(),
            of: netlist.net_count() - netlist.constants().len(),
            nets: nodes.iter().map(describe).collect(),
            chains: chains(circuit, faults, circuit.answer_nets(op), clocks, &nodes),
        }
    }
}

/// Walks from the sites through differing nets, nearest first.
fn chains(
    circuit: &Circuit,
    faults: &[Fault],
    result: &[Net],
    clocks: usize,
    nodes: &[Node],
) -> Vec<Chain> {
    let index: HashMap<Node, usize> =
        nodes.iter().enumerate().map(|(i, node)| (*node, i)).collect();
    let followers = followers(circuit, nodes, &index);
    // For each node that is reached, the one before it, and whether its chain begins at a site.
    let mut reached: Vec<Option<(Option<usize>, bool)>> = vec![None; nodes.len()];
    let mut walk = |starts: Vec<usize>, from_site: bool| {
        let mut todo: VecDeque<(usize, Option<usize>)> =
            starts.into_iter().map(|node| (node, None)).collect();
        while let Some((node, before)) = todo.pop_front() {
            if reached[node].is_none() {
                reached[node] = Some((before, from_site));
                todo.extend(followers[node].iter().map(|next| (*next, Some(node))));
            }
        }
    };
    walk(sources(circuit, faults, clocks, &index), true);
    // Clocks and levels ascend, so that what is not reached when its turn comes has nothing before it.
    (0..nodes.len()).for_each(|node| walk(vec![node], false));
    let last = clocks.wrapping_sub(1);
    let wrong = (0..).zip(result).filter_map(|(bit, net)| Some((bit, *index.get(&(last, *net))?)));
    let chain = |(bit, end): (u32, usize)| {
        let mut nets = vec![end];
        let mut from_site = false;
        while let Some((before, site)) = reached[nets[nets.len() - 1]] {
            from_site = site;
            let Some(before) = before else { break };
            nets.push(before);
        }
        nets.reverse();
        Chain { bit, nets, from_site }
    };
    wrong.map(chain).collect()
}

/// For each node the nodes that its net goes to directly: through one gate, or one clock edge.
fn followers(circuit: &Circuit, nodes: &[Node], index: &HashMap<Node, usize>) -> Vec<Vec<usize>> {
    let netlist = circuit.netlist();
    let mut readers: Vec<Vec<u32>> = vec![Vec::new(); netlist.net_count()];
    for (cell, number) in netlist.cells.iter().zip(0..) {
        cell.inputs.iter().for_each(|net| readers[net.index()].push(number));
    }
    let mut registers: HashMap<Net, Vec<Net>> = HashMap::new();
    for register in circuit.registers() {
        if let RegisterPlace::Outside(register) = &register.place {
            for (d, q) in register.d.iter().zip(&register.q) {
                registers.entry(*d).or_default().push(*q);
                registers.entry(register.write).or_default().push(*q);
            }
        }
    }
    let of = |(clock, net): &Node| {
        let mut next: Vec<usize> = Vec::new();
        for cell in &readers[net.index()] {
            let cell = &netlist.cells[*cell as usize];
            let clock = clock + usize::from(cell.kind.flip_flop.is_some());
            next.extend(cell.outputs.iter().flatten().filter_map(|out| index.get(&(clock, *out))));
        }
        let written = registers.get(net).into_iter().flatten();
        next.extend(written.filter_map(|q| index.get(&(clock + 1, *q))));
        next.sort_unstable();
        next.dedup();
        next
    };
    nodes.iter().map(of).collect()
}

/// The nodes at which the error begins: the site, or what the cell with the faulty pin drives.
fn sources(
    circuit: &Circuit,
    faults: &[Fault],
    clocks: usize,
    index: &HashMap<Node, usize>,
) -> Vec<usize> {
    let netlist = circuit.netlist();
    let mut starts = Vec::new();
    for clock in 0..clocks {
        for fault in faults {
            match fault.site.acts_at(netlist) {
                None => {}
                Some(Site::Net(net)) => starts.extend(index.get(&(clock, net))),
                Some(Site::Pin(pin)) => {
                    let outputs = netlist.cells[pin.cell as usize].outputs.iter().flatten();
                    starts.extend(outputs.filter_map(|out| index.get(&(clock, *out))));
                }
            }
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::Tuple;
    use std::sync::Arc;

    #[test]
    fn an_error_in_the_lowest_bit_of_an_operand_goes_from_the_port_to_the_lowest_bit_of_the_product()
     {
        let circuit = Arc::new(Circuit::default_multiplier());
        let fault = Fault::parse("op_a_i[0]/SA1", &circuit).unwrap();
        // 2 * 1 becomes 3 * 1: bit 0 alone is wrong.
        let tuple = Tuple { op: MulOp::MUL, rs1: 2, rs2: 1 };
        let (sound, faulty) =
            (Trace::of(&circuit, &[], tuple), Trace::of(&circuit, &[fault], tuple));
        let spread = Spread::of(&circuit, &[fault], tuple.op, &sound, &faulty);
        let [chain] = spread.chains.as_slice() else { panic!("{:?}", spread.chains) };
        assert_eq!((chain.bit, chain.from_site, spread.clocks), (0, true, 1));
        let net = |i: usize| spread.nets[chain.nets[i]].net.as_str();
        // The net at the result's port is also at another one.
        let result = circuit.netlist().net_name(circuit.answer_nets(MulOp::MUL)[0]);
        assert_eq!((net(0), net(chain.nets.len() - 1)), ("op_a_i[0]", result));
        for pair in chain.nets.windows(2) {
            // Each net is driven by a cell that reads the one before it.
            let after = &spread.nets[pair[1]];
            let cell =
                circuit.netlist().cells.iter().find(|c| Some(&c.name) == after.cell.as_ref());
            let before = circuit.netlist().net(&spread.nets[pair[0]].net).unwrap();
            assert!(cell.is_some_and(|cell| cell.inputs.contains(&before)), "{after:?}");
        }
    }

    #[test]
    fn an_error_that_a_register_keeps_goes_on_in_the_next_clock() {
        let circuit = Arc::new(Circuit::default_multiplier());
        let fault = Fault::parse("op_a_i[16]/SA1", &circuit).unwrap();
        // MULH takes two clocks here; 0x8000 * 0x10000 becomes 0x18000 * 0x10000: bit 0 of the upper half.
        let tuple = Tuple { op: MulOp::MULHU, rs1: 0x8000, rs2: 0x1_0000 };
        let (sound, faulty) =
            (Trace::of(&circuit, &[], tuple), Trace::of(&circuit, &[fault], tuple));
        let spread = Spread::of(&circuit, &[fault], tuple.op, &sound, &faulty);
        assert_eq!(spread.clocks, 2);
        let [chain] = spread.chains.as_slice() else { panic!("{:?}", spread.chains) };
        assert_eq!((chain.bit, chain.from_site), (0, true));
        assert!(chain.nets.windows(2).all(|p| spread.nets[p[0]].clock <= spread.nets[p[1]].clock));
    }
}

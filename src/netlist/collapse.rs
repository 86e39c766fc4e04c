//! Fault equivalence, and faults that nothing can show.
//!
//! In: a [`Circuit`] and a fault universe. Out: [`Class`]es of faults that make the same faulty circuit, and for each class
//! whether the structure makes it untestable.
//!
//! Two faults are equivalent if
//! - they are a stem and its only branch;
//! - they are at pins of one cell and make the same cell of it: the truth tables of all its connected outputs, and of what its
//!   flip-flop does, agree in every row that can occur (pins on one net are equal, tied pins are known);
//! - there is a chain of such steps between them.
//!
//! That is equivalence proper, never dominance: a dominating fault is detected by the same tests, but what it does to a network
//! is something else. Nothing is joined across a flip-flop, whose first value would tell the two apart.

use super::cells::{CellType, Output};
use super::circuit::Circuit;
use super::fault::{Effect, Fault, Site, Stuck};
use super::{Cell, Net, Netlist, Pin};
use std::collections::HashMap;
use std::fmt;

/// Inputs of a cell whose truth tables are compared, at the most.
const MOST_INPUTS: usize = 10;

/// Equivalent faults of a universe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// The faults in the order of the universe; the first represents them.
    pub members: Vec<Fault>,
    /// Why nothing can show them, if that is so.
    pub untestable: Option<Untestable>,
}

impl Class {
    /// The fault that stands for all of them.
    pub fn representative(&self) -> Fault {
        self.members[0]
    }
}

/// Why the structure makes a fault untestable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Untestable {
    /// The site always has this value.
    Tied,
    /// No path leads from it to an output that the binding uses.
    Unobservable,
    /// Every path from it goes through a gate that a constant blocks.
    Blocked,
    /// Its cell does the same with it as without.
    Redundant,
}

impl fmt::Display for Untestable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Untestable::Tied => "tied",
            Untestable::Unobservable => "unobservable",
            Untestable::Blocked => "blocked",
            Untestable::Redundant => "redundant",
        })
    }
}

/// Collapses a universe of stuck-at faults; the classes are in the order of their first members.
///
/// # Panics
/// If a fault of the universe is transient.
pub fn collapse(circuit: &Circuit, universe: &[Fault]) -> Vec<Class> {
    let netlist = circuit.netlist();
    let sites = Sites::new(netlist);
    let mut groups = Groups { parent: (0..2 * sites.count as u32).collect() };
    let mut only_reader: Vec<Readers> = vec![Readers::None; netlist.net_count()];
    for net in circuit.observed() {
        only_reader[net.index()] = Readers::Several;
    }
    for pin in netlist.pins().filter(|pin| netlist.is_input(*pin)) {
        let readers = &mut only_reader[netlist.at(pin).expect("an input is connected").index()];
        *readers = if *readers == Readers::None { Readers::One(pin) } else { Readers::Several };
    }
    for (net, readers) in only_reader.iter().enumerate() {
        if let Readers::One(pin) = readers {
            for stuck in Stuck::BOTH {
                let stem = Fault::stuck(Site::Net(Net(net as u32)), stuck);
                let branch = Fault::stuck(Site::Pin(*pin), stuck);
                groups.join(sites.node(stem), sites.node(branch));
            }
        }
    }
    let constants = constants(circuit);
    let mut redundant = vec![false; 2 * sites.count];
    for (index, cell) in netlist.cells.iter().enumerate() {
        same_cells(index as u32, cell, &constants, |fault, other| match other {
            Some(other) => groups.join(sites.node(fault), sites.node(other)),
            None => redundant[sites.node(fault) as usize] = true,
        });
    }
    let paths =
        Paths { free: observable(circuit, None), real: observable(circuit, Some(&constants)) };
    let untestable = |fault: Fault| {
        let stuck = sites.node(fault);
        let net = match fault.site.acts_at(netlist)? {
            Site::Net(net) => net,
            Site::Pin(pin) => netlist.at(pin)?,
        };
        let Effect::Stuck(value) = fault.effect else { return None };
        if constants[net.index()] == Some(value.value()) {
            return Some(Untestable::Tied);
        }
        let place = sites.place(fault.site);
        if !paths.free[place] {
            Some(Untestable::Unobservable)
        } else if constants[net.index()].is_none() && !paths.real[place] {
            // (A fault that changes a constant may open what that constant blocks elsewhere.)
            Some(Untestable::Blocked)
        } else {
            redundant[stuck as usize].then_some(Untestable::Redundant)
        }
    };
    let mut classes: Vec<Class> = Vec::new();
    let mut class_of: HashMap<u32, usize> = HashMap::new();
    for fault in universe {
        let root = groups.root(sites.node(*fault));
        let class = *class_of.entry(root).or_insert(classes.len());
        let why = untestable(*fault);
        match classes.get_mut(class) {
            None => classes.push(Class { members: vec![*fault], untestable: why }),
            Some(class) => {
                class.members.push(*fault);
                class.untestable = class.untestable.or(why);
            }
        }
    }
    classes
}

/// Numbers the sites: the nets, then the input pins. A fault is a node: twice the site's number, and 1 more for SA1.
struct Sites<'n> {
    netlist: &'n Netlist,
    /// For each cell, the number of its first input pin.
    first: Vec<usize>,
    count: usize,
}

impl<'n> Sites<'n> {
    fn new(netlist: &'n Netlist) -> Self {
        let mut count = netlist.net_count();
        let mut first = Vec::with_capacity(netlist.cells.len());
        for cell in &netlist.cells {
            first.push(count);
            count += cell.inputs.len();
        }
        Self { netlist, first, count }
    }

    fn place(&self, site: Site) -> usize {
        match site.acts_at(self.netlist).expect("the pin is connected") {
            Site::Net(net) => net.index(),
            Site::Pin(pin) => self.first[pin.cell as usize] + pin.pin as usize,
        }
    }

    fn node(&self, fault: Fault) -> u32 {
        let Effect::Stuck(stuck) = fault.effect else { panic!("a flip is not a stuck-at fault") };
        2 * self.place(fault.site) as u32 + u32::from(stuck.value())
    }
}

/// Union-find.
struct Groups {
    parent: Vec<u32>,
}

impl Groups {
    fn root(&mut self, mut node: u32) -> u32 {
        while self.parent[node as usize] != node {
            let above = self.parent[node as usize];
            self.parent[node as usize] = self.parent[above as usize];
            node = above;
        }
        node
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b) as usize] = a.min(b);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Readers {
    None,
    One(Pin),
    Several,
}

/// Everything that a cell does, in one row of its truth table.
fn behaviour(kind: &CellType, pins: &dyn Fn(usize) -> bool, state: bool) -> Vec<bool> {
    let mut does = Vec::new();
    for (_, output) in &kind.outputs {
        does.push(match output {
            Output::Function(function) => function.value(&pins),
            Output::State => state,
            Output::StateInverted => !state,
        });
    }
    if let Some(flop) = &kind.flip_flop {
        does.push(flop.next.value(&pins));
        let forced = [&flop.clear, &flop.preset].into_iter().flatten();
        does.extend(forced.map(|when| when.value(&pins)));
    }
    does
}

/// Tells which faults of a cell are the same, or (`None`) change nothing.
fn same_cells(
    index: u32,
    cell: &Cell,
    constants: &[Option<bool>],
    mut tell: impl FnMut(Fault, Option<Fault>),
) {
    let inputs = cell.inputs.len();
    if inputs > MOST_INPUTS {
        return;
    }
    let clock = cell.kind.flip_flop.as_ref().map(|flop| flop.clock);
    let rows: Vec<usize> =
        (0..1 << inputs).filter(|row| occurs(cell, Some(constants), *row)).collect();
    let connected: Vec<bool> = cell.outputs.iter().map(Option::is_some).collect();
    // The cell with one of its pins stuck, as everything that it does in all rows.
    let with = |fault: Option<(usize, bool)>| -> Vec<bool> {
        let mut all = Vec::new();
        for row in &rows {
            for state in [false, true] {
                let pin = |p: usize| match fault {
                    Some((stuck, value)) if stuck == p => value,
                    _ => row >> p & 1 == 1,
                };
                let mut does = behaviour(&cell.kind, &pin, state);
                for (output, there) in connected.iter().enumerate() {
                    match fault {
                        _ if !there => does[output] = false,
                        Some((stuck, value)) if stuck == inputs + output => does[output] = value,
                        _ => {}
                    }
                }
                all.extend(does);
            }
        }
        // A flip-flop whose clock is stuck keeps what it has, whatever the polarity.
        all.push(fault.is_some_and(|(stuck, _)| Some(stuck) == clock));
        all
    };
    let mut seen: HashMap<Vec<bool>, Option<Fault>> = HashMap::from([(with(None), None)]);
    let outputs = (0..connected.len()).filter(|o| connected[*o]).map(|o| inputs + o);
    for pin in (0..inputs).chain(outputs) {
        for stuck in Stuck::BOTH {
            let fault = Fault::stuck(Site::Pin(Pin { cell: index, pin: pin as u32 }), stuck);
            match seen.entry(with(Some((pin, stuck.value())))) {
                std::collections::hash_map::Entry::Occupied(same) => tell(fault, *same.get()),
                std::collections::hash_map::Entry::Vacant(new) => {
                    new.insert(Some(fault));
                }
            }
        }
    }
}

/// Whether the pins can have these values: tied ones are known, and pins on one net are equal.
fn occurs(cell: &Cell, constants: Option<&[Option<bool>]>, row: usize) -> bool {
    let value = |pin: usize| row >> pin & 1 == 1;
    cell.inputs.iter().enumerate().all(|(pin, net)| {
        let first = cell.inputs.iter().position(|other| other == net).unwrap_or(pin);
        let known = constants.and_then(|constants| constants[net.index()]);
        value(pin) == value(first) && known.is_none_or(|c| c == value(pin))
    })
}

/// The nets that always have one value: constants, and what gates make of them.
pub(super) fn constants(circuit: &Circuit) -> Vec<Option<bool>> {
    let program = circuit.program();
    let mut known: Vec<Option<bool>> = vec![None; program.slots];
    for (net, value) in circuit.netlist().constants() {
        known[net.index()] = Some(*value);
    }
    for op in &program.ops {
        let occurs = |row: &u8| {
            let inputs = op.inputs.iter().enumerate();
            inputs.into_iter().all(|(i, slot)| {
                known[*slot as usize].is_none_or(|value| value == (row >> i & 1 == 1))
            })
        };
        let mut values = (0..8_u8).filter(occurs).map(|row| op.table >> row & 1 == 1);
        let first = values.next();
        known[op.out as usize] = first.filter(|first| values.all(|v| v == *first));
    }
    known.truncate(circuit.netlist().net_count());
    known
}

/// By place of the site: what leads to an output that the binding uses, through gates and flip-flops.
struct Paths {
    /// By wires alone.
    free: Vec<bool>,
    /// Past gates that are not blocked by constants.
    real: Vec<bool>,
}

fn observable(circuit: &Circuit, constants: Option<&[Option<bool>]>) -> Vec<bool> {
    let netlist = circuit.netlist();
    let sites = Sites::new(netlist);
    let mut seen = vec![false; sites.count];
    for net in circuit.observed() {
        seen[net.index()] = true;
    }
    // Backwards, until nothing is added: few rounds, since cells mostly come in the order of evaluation.
    loop {
        let mut more = false;
        for (index, cell) in netlist.cells.iter().enumerate().rev() {
            for pin in 0..cell.inputs.len() {
                let place = sites.first[index] + pin;
                if !seen[place] && leads_on(cell, pin, constants, &seen) {
                    seen[place] = true;
                    seen[cell.inputs[pin].index()] = true;
                    more = true;
                }
            }
        }
        if !more {
            return seen;
        }
    }
}

/// Whether a change at an input pin can change an output of the cell that is seen.
fn leads_on(cell: &Cell, pin: usize, constants: Option<&[Option<bool>]>, seen: &[bool]) -> bool {
    let output_seen: Vec<bool> =
        cell.outputs.iter().map(|net| net.is_some_and(|net| seen[net.index()])).collect();
    if !output_seen.contains(&true) {
        return false;
    }
    let state_seen = cell.kind.outputs.iter().zip(&output_seen);
    let state_seen =
        state_seen.into_iter().any(|((_, o), seen)| *seen && !matches!(o, Output::Function(_)));
    if cell.kind.flip_flop.as_ref().is_some_and(|flop| flop.clock == pin) {
        return state_seen;
    }
    if cell.inputs.len() > MOST_INPUTS {
        return true;
    }
    // The other pins take all values that can occur; this one is its branch, and takes both.
    (0..1_usize << cell.inputs.len()).filter(|row| occurs(cell, constants, *row)).any(|row| {
        let does = |flip: bool| {
            behaviour(&cell.kind, &|p| (row >> p & 1 == 1) ^ (flip && p == pin), false)
        };
        let (here, there) = (does(false), does(true));
        (0..here.len())
            .any(|i| here[i] != there[i] && output_seen.get(i).copied().unwrap_or(state_seen))
    })
}

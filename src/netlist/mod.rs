//! Netlists: the multiplier as gates, a stuck-at fault on any of its nets, and what it then answers.
//!
//! In: structural Verilog or Yosys' JSON, a Liberty file, and a binding that says how the netlist is a multiplier. Out: a
//! [`unit::Unit`](crate::unit::Unit) made of gates. The steps, one file each:
//!
//! [`read()`] with [`verilog`] and [`yosys_json`], and [`cells`] read; [`Netlist`] is what they make; [`program`] puts the gates in
//! the order of evaluation; [`eval`] evaluates them for many patterns or faults at a time; [`binding`], [`ports`], [`circuit`] and
//! [`clocking`] make a clocked multiplier of it; [`gate_unit`] is that multiplier evaluated gate by gate, clock by clock: the truth;
//! [`sequence`] folds a fault and an operation's control inputs into a shorter program, and proves whether the
//! fault makes the unit carry state; [`fast_unit`] is the unit on those programs, with a memo; [`native`] makes host code for single products; [`screen`] asks for many
//! products at a time; [`equivalence`] compares the sound unit with the exact product, [`lint`] looks for oddities; [`wave`]
//! shows every net in every clock of an operation, and [`dump`] writes that as a VCD.

pub mod activity;
mod arithmetic;
pub mod binding;
pub mod cells;
pub mod circuit;
pub mod clocking;
pub mod collapse;
pub mod cone;
mod design;
pub mod dump;
mod emit;
pub mod equivalence;
pub mod eval;
pub mod fast_unit;
pub mod fault;
pub mod fault_list;
pub mod faulty_unit;
pub mod files;
pub mod fold;
pub mod gate_unit;
mod graph;
pub mod lint;
pub mod logic;
pub mod native;
pub mod places;
mod plan;
mod planes;
pub mod ports;
pub mod program;
pub mod range;
mod read;
pub mod screen;
pub mod sequence;
pub mod spread;
mod sums;
pub mod table;
mod table_form;
mod unroll;
pub mod verilog;
pub mod wave;
mod words;
pub mod yosys_json;

pub use circuit::Circuit;
pub use fault::{Effect, Fault, FaultSet, Site, Stuck};
pub use read::read;

use cells::CellType;
use std::collections::HashMap;
use std::sync::Arc;
use thiserror::Error;

/// A net: one electrical node, whatever names it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Net(pub u32);

impl Net {
    /// As an index into per-net arrays.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A pin of a cell: its input pins in the order of the cell type, then its output pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pin {
    /// Index into [`Netlist::cells`].
    pub cell: u32,
    /// Index among the cell's inputs, or the number of inputs plus the index among its outputs.
    pub pin: u32,
}

/// Direction of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Driven from outside.
    Input,
    /// Driven by the netlist.
    Output,
}

/// A port of the netlist.
#[derive(Clone, Debug)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its direction.
    pub direction: Direction,
    /// Its nets, bit 0 (the least significant) first.
    pub bits: Vec<Net>,
}

/// A cell instance.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Instance name.
    pub name: String,
    /// What it is.
    pub kind: Arc<CellType>,
    /// The net at each input pin, in the order of the cell type.
    pub inputs: Vec<Net>,
    /// The net at each output pin; `None` where nothing is connected.
    pub outputs: Vec<Option<Net>>,
}

/// A flat netlist. Every net has exactly one driver: a cell output, an input port, or a constant.
#[derive(Clone, Debug)]
pub struct Netlist {
    /// Name of the module.
    pub module: String,
    /// Its ports in the order of the port list.
    pub ports: Vec<Port>,
    /// Its cells.
    pub cells: Vec<Cell>,
    /// A name for each net: the one at its driver.
    net_names: Vec<String>,
    /// Every name that a net has.
    by_name: HashMap<String, Net>,
    /// The nets that are constant.
    constants: Vec<(Net, bool)>,
}

/// Why a netlist cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NetlistError {
    /// The text is not what the reader understands.
    #[error("line {line}: {what}")]
    Syntax {
        /// Line in the file, from 1.
        line: u32,
        /// What is wrong, and what to do.
        what: String,
    },
    /// The module is not in the file.
    #[error("it has no module '{wanted}'; it has: {found}")]
    NoModule {
        /// The module asked for.
        wanted: String,
        /// The modules there are.
        found: String,
    },
    /// The structure is wrong.
    #[error("{0}")]
    Structure(String),
}

impl Netlist {
    /// Number of nets, constants included.
    pub fn net_count(&self) -> usize {
        self.net_names.len()
    }

    /// The name of a net at its driver.
    pub fn net_name(&self, net: Net) -> &str {
        &self.net_names[net.index()]
    }

    /// The net of that name; a net that `assign` joins has several.
    pub fn net(&self, name: &str) -> Option<Net> {
        self.by_name.get(name).copied()
    }

    /// All names of all nets.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The port of that name.
    pub fn port(&self, name: &str) -> Option<&Port> {
        self.ports.iter().find(|p| p.name == name)
    }

    /// The constant nets and their values.
    pub fn constants(&self) -> &[(Net, bool)] {
        &self.constants
    }

    /// The net at a pin; `None` at an output pin that nothing is connected to.
    pub fn at(&self, pin: Pin) -> Option<Net> {
        let (cell, pin) = (&self.cells[pin.cell as usize], pin.pin as usize);
        match pin.checked_sub(cell.inputs.len()) {
            None => Some(cell.inputs[pin]),
            Some(output) => cell.outputs[output],
        }
    }

    /// Whether it is an input pin.
    pub fn is_input(&self, pin: Pin) -> bool {
        (pin.pin as usize) < self.cells[pin.cell as usize].inputs.len()
    }

    /// `INSTANCE/PIN`.
    pub fn pin_name(&self, pin: Pin) -> String {
        format!("{}/{}", self.cells[pin.cell as usize].name, self.pin_label(pin))
    }

    /// The pin's name in its cell type.
    pub fn pin_label(&self, pin: Pin) -> &str {
        let cell = &self.cells[pin.cell as usize];
        match (pin.pin as usize).checked_sub(cell.inputs.len()) {
            None => &cell.kind.inputs[pin.pin as usize],
            Some(output) => &cell.kind.outputs[output].0,
        }
    }

    /// All pins that are connected, cell by cell, inputs first.
    pub fn pins(&self) -> impl Iterator<Item = Pin> {
        self.cells.iter().zip(0..).flat_map(|(cell, index)| {
            let count = (cell.inputs.len() + cell.outputs.len()) as u32;
            let connected = move |pin: &u32| match (*pin as usize).checked_sub(cell.inputs.len()) {
                None => true,
                Some(output) => cell.outputs[output].is_some(),
            };
            (0..count).filter(connected).map(move |pin| Pin { cell: index, pin })
        })
    }

    /// For each net, how many cell inputs and output ports read it.
    pub fn readers(&self) -> Vec<u32> {
        let mut readers = vec![0; self.net_count()];
        let pins = self.cells.iter().flat_map(|c| &c.inputs);
        let outputs = self.ports.iter().filter(|p| p.direction == Direction::Output);
        for net in pins.chain(outputs.flat_map(|p| &p.bits)) {
            readers[net.index()] += 1;
        }
        readers
    }

    /// Sum of the cells' areas in square micrometres.
    pub fn area(&self) -> f64 {
        self.cells.iter().map(|c| c.kind.area).sum()
    }
}

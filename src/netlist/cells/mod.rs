//! The cell library: what each cell computes.
//!
//! In: the text of a Liberty file. Out: a [`Library`] of [`CellType`]s with pins, functions and areas. Timing and power are
//! not looked at: a stuck-at fault does not ask for them. `groups` reads the syntax, `liberty` makes cells of it
//! (what is read stands there), [`gates`] has the gates that Yosys itself knows.
//!
//! The reader is our own because the crates for Liberty give no line numbers, know no `pin (A[0:3])`, keep all tables of
//! a real library in memory, or are not free to link (`liberty-parser` 0.3, `libertyparse` 0.3).
//!
//! A cell that cannot be evaluated (a latch, a tri-state buffer, a memory) is kept with the reason
//! ([`CellType::unusable`]): real libraries have many, and only a netlist that uses one is refused.

pub mod gates;
mod groups;
mod liberty;

use super::logic::Expr;
use std::collections::HashMap;
use std::sync::Arc;
use thiserror::Error;

/// Why a Liberty file cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LibraryError {
    /// Not Liberty.
    #[error("line {line}: {what}")]
    Syntax {
        /// Line in the file, from 1.
        line: u32,
        /// What is wrong.
        what: String,
    },
    /// Something in a cell.
    #[error("line {line}: cell {cell}: {what}")]
    Cell {
        /// Line in the file, from 1.
        line: u32,
        /// Its name.
        cell: String,
        /// What is wrong.
        what: String,
    },
    /// Two libraries have the same cell.
    #[error(
        "cell {0} stands in an earlier library of the binding already; leave one of the two files out"
    )]
    Twice(String),
    /// It has no cell.
    #[error("it is no Liberty file, or has no cell")]
    Empty,
}

/// An edge-triggered flip-flop inside a cell. Expressions are over the cell's inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlipFlop {
    /// The value that it takes at the clock edge.
    pub next: Expr,
    /// Input pin of the clock.
    pub clock: usize,
    /// Whether it is the falling edge. Such a cell is [`CellType::unusable`].
    pub falling: bool,
    /// When it is forced to 0, at once.
    pub clear: Option<Expr>,
    /// When it is forced to 1, at once.
    pub preset: Option<Expr>,
    /// Whether it is 1 while both force it. (An inverted output is then 0, whatever `clear_preset_var2` says.)
    pub preset_wins: bool,
}

/// A level-sensitive latch inside a cell, which is [`CellType::unusable`]. Expressions are over the cell's inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latch {
    /// When it follows its data.
    pub enable: Option<Expr>,
    /// What it then follows.
    pub data: Option<Expr>,
    /// When it is forced to 0.
    pub clear: Option<Expr>,
    /// When it is forced to 1.
    pub preset: Option<Expr>,
}

/// What an output pin shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A function of the input pins.
    Function(Expr),
    /// The flip-flop's state.
    State,
    /// The inverted state.
    StateInverted,
}

/// Where a pin stands in a [`CellType`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// Index among the inputs.
    Input(usize),
    /// Index among the outputs.
    Output(usize),
}

/// Why a cell cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Line in the Liberty file; 0 for a gate that Yosys knows.
    pub line: u32,
    /// The reason, to follow "it cannot be evaluated:".
    pub reason: String,
}

/// A kind of cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CellType {
    /// Its name in the library.
    pub name: String,
    /// Area in square micrometres; 0 if the file does not say.
    pub area: f64,
    /// Names of the input pins.
    pub inputs: Vec<String>,
    /// Names of the output pins and what they show.
    pub outputs: Vec<(String, Output)>,
    /// Inputs and outputs in the order in which the file declares them, which is that of positional connections.
    pub order: Vec<Pin>,
    /// Names of power and ground pins; what is connected to them does not matter.
    pub power: Vec<String>,
    /// The flip-flop, if it has one.
    pub flip_flop: Option<FlipFlop>,
    /// The latch, if it has one.
    pub latch: Option<Latch>,
    /// Why no netlist may use it. Its pins and outputs are then incomplete.
    pub unusable: Option<Unusable>,
}

/// All cells that a netlist may use.
#[derive(Clone, Debug, Default)]
pub struct Library {
    cells: HashMap<String, Arc<CellType>>,
}

impl Library {
    /// Reads a Liberty file.
    ///
    /// # Errors
    /// [`LibraryError`] naming line and cell, where the file as a whole cannot be used.
    pub fn parse(text: &str) -> Result<Self, LibraryError> {
        let mut cells = HashMap::new();
        let mut lines = HashMap::new();
        for library in groups::read(text)? {
            for group in library.groups {
                let cell = liberty::cell(&group)?;
                let (line, name) = (group.line, cell.name.clone());
                if let Some(first) = lines.insert(name.clone(), line) {
                    let what = format!("it stands in the library twice, first in line {first}");
                    return Err(LibraryError::Cell { line, cell: name, what });
                }
                cells.insert(name, Arc::new(cell));
            }
        }
        if cells.is_empty() {
            return Err(LibraryError::Empty);
        }
        Ok(Self { cells })
    }

    /// Adds another library's cells.
    ///
    /// # Errors
    /// [`LibraryError`] naming a cell that both have.
    pub fn add(&mut self, other: Self) -> Result<(), LibraryError> {
        for (name, cell) in other.cells {
            if self.cells.contains_key(&name) {
                return Err(LibraryError::Twice(name));
            }
            self.cells.insert(name, cell);
        }
        Ok(())
    }

    /// The cell of that name, also if it is [`CellType::unusable`]. A gate that Yosys knows, such as `$_AND_`, need not be
    /// in the file.
    pub fn cell(&self, name: &str) -> Option<Arc<CellType>> {
        self.cells.get(name).cloned().or_else(|| gates::gate(name).map(Arc::new))
    }

    /// All cells of the file, in no order.
    pub fn cells(&self) -> impl Iterator<Item = &CellType> {
        self.cells.values().map(Arc::as_ref)
    }
}

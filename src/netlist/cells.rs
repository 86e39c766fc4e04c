//! The cell library: what each cell computes.
//!
//! In: the text of a Liberty file, read by the `liberty-parser` crate. Out: a [`Library`] of [`CellType`]s with pins,
//! functions and areas. Source: Liberty User Guide, volume 1, "cell", "pin" and "ff" groups. Timing and power are
//! not looked at: a stuck-at fault does not ask for them.

use super::logic::Expr;
use liberty_parser::ast::{GroupItem, LibertyAst, Value};
use std::collections::HashMap;
use thiserror::Error;

/// Why a Liberty file cannot be used.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// Not Liberty.
    #[error("not a Liberty file that can be read: {0}")]
    Syntax(String),
    /// Something in a cell.
    #[error("cell {cell}: {what}")]
    Cell {
        /// Its name.
        cell: String,
        /// What is wrong.
        what: String,
    },
}

/// An edge-triggered flip-flop inside a cell. Expressions are over the cell's inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlipFlop {
    /// The value that it takes at the clock edge.
    pub next: Expr,
    /// Input pin of the clock.
    pub clock: usize,
    /// When it is forced to 0, at once.
    pub clear: Option<Expr>,
    /// When it is forced to 1, at once.
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

/// A kind of cell.
#[derive(Clone, Debug, PartialEq)]
pub struct CellType {
    /// Its name in the library.
    pub name: String,
    /// Area in square micrometres; 0 if the file does not say.
    pub area: f64,
    /// Names of the input pins.
    pub inputs: Vec<String>,
    /// Names of the output pins and what they show.
    pub outputs: Vec<(String, Output)>,
    /// The flip-flop, if it has one.
    pub flip_flop: Option<FlipFlop>,
}

/// All cells that a netlist may use.
#[derive(Clone, Debug, Default)]
pub struct Library {
    cells: HashMap<String, CellType>,
}

impl Library {
    /// Reads a Liberty file.
    ///
    /// # Errors
    /// [`LibraryError`] naming the cell where it can.
    pub fn parse(text: &str) -> Result<Self, LibraryError> {
        check_nesting(text)?;
        let ast = LibertyAst::from_string(text).map_err(|e| {
            let whole = e.to_string();
            LibraryError::Syntax(whole.lines().take(3).collect::<Vec<_>>().join(" "))
        })?;
        let mut cells = HashMap::new();
        for library in &ast.0 {
            let GroupItem::Group(kind, _, items) = library else { continue };
            if kind != "library" {
                return Err(LibraryError::Syntax(format!(
                    "a '{kind}' group where 'library' belongs"
                )));
            }
            for (name, items) in groups(items, "cell") {
                let cell = cell(name, items)
                    .map_err(|what| LibraryError::Cell { cell: name.to_owned(), what })?;
                if cells.insert(name.to_owned(), cell).is_some() {
                    return Err(LibraryError::Cell {
                        cell: name.to_owned(),
                        what: "it stands in the library twice".into(),
                    });
                }
            }
        }
        if cells.is_empty() {
            return Err(LibraryError::Syntax("it has no cell".into()));
        }
        Ok(Self { cells })
    }

    /// The cell of that name.
    pub fn cell(&self, name: &str) -> Option<&CellType> {
        self.cells.get(name)
    }
}

/// Groups in groups, at the most; a real library has five.
const MAX_NESTING: usize = 100;

/// The crate that parses walks groups recursively, so a file must not nest them without end.
fn check_nesting(text: &str) -> Result<(), LibraryError> {
    let mut depth = 0_usize;
    for (i, line) in text.lines().enumerate() {
        for byte in line.bytes() {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > MAX_NESTING {
                let what = format!("line {}: more than {MAX_NESTING} groups in groups", i + 1);
                return Err(LibraryError::Syntax(what));
            }
        }
    }
    Ok(())
}

fn groups<'a>(
    items: &'a [GroupItem],
    kind: &'a str,
) -> impl Iterator<Item = (&'a str, &'a [GroupItem])> {
    items.iter().filter_map(move |item| match item {
        GroupItem::Group(k, name, items) if k == kind => Some((unquote(name), items.as_slice())),
        _ => None,
    })
}

fn unquote(text: &str) -> &str {
    text.trim().trim_matches('"')
}

/// An attribute's value as text, if it is there.
fn attribute(items: &[GroupItem], name: &str) -> Option<String> {
    items.iter().find_map(|item| match item {
        GroupItem::SimpleAttr(n, value) if n == name => Some(match value {
            Value::String(s) | Value::Expression(s) => unquote(s).to_owned(),
            Value::Float(x) => x.to_string(),
            Value::Bool(b) => b.to_string(),
            // The crate takes a quoted "0" or "1" for a list of one number.
            Value::FloatGroup(list) => {
                list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            }
        }),
        _ => None,
    })
}

fn cell(name: &str, items: &[GroupItem]) -> Result<CellType, String> {
    for kind in ["latch", "bus", "bundle", "statetable", "ff_bank", "latch_bank"] {
        if groups(items, kind).next().is_some() {
            return Err(format!(
                "'{kind}' groups are not supported; only combinational and ff cells are"
            ));
        }
    }
    let direction = |items: &[GroupItem]| attribute(items, "direction").unwrap_or_default();
    let inputs: Vec<String> = groups(items, "pin")
        .filter(|(_, pin)| direction(pin) == "input")
        .map(|(pin, _)| pin.to_owned())
        .collect();
    let index = |pin: &str| inputs.iter().position(|p| p == pin);
    let state = flip_flop(items, &index)?;
    let mut outputs = Vec::new();
    for (pin, pin_items) in groups(items, "pin") {
        match direction(pin_items).as_str() {
            "input" => continue,
            "output" => {}
            other => {
                return Err(format!("pin {pin} has direction '{other}', neither input nor output"));
            }
        }
        let function = attribute(pin_items, "function")
            .ok_or_else(|| format!("output pin {pin} has no function"))?;
        let shown = match &state {
            Some((q, _, _)) if *q == function => Output::State,
            Some((_, qn, _)) if *qn == function => Output::StateInverted,
            _ => Output::Function(
                Expr::parse(&function, &index)
                    .map_err(|e| format!("function of pin {pin}: {e}"))?,
            ),
        };
        outputs.push((pin.to_owned(), shown));
    }
    let area = attribute(items, "area").and_then(|a| a.parse().ok()).unwrap_or(0.0);
    let flip_flop = state.map(|(_, _, ff)| ff);
    Ok(CellType { name: name.to_owned(), area, inputs, outputs, flip_flop })
}

/// The `ff` group: the names of its state and inverted state, and what it does.
fn flip_flop(
    items: &[GroupItem],
    index: &dyn Fn(&str) -> Option<usize>,
) -> Result<Option<(String, String, FlipFlop)>, String> {
    let Some((names, ff)) = groups(items, "ff").next() else { return Ok(None) };
    let mut names = names.split(',').map(|n| unquote(n).to_owned());
    let (q, qn) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    let expr = |name: &str| {
        let text = attribute(ff, name);
        text.map(|t| Expr::parse(&t, index).map_err(|e| format!("ff {name}: {e}"))).transpose()
    };
    let next = expr("next_state")?.ok_or("its ff has no next_state")?;
    let clock = match expr("clocked_on")?.ok_or("its ff has no clocked_on")? {
        Expr::Pin(pin) => pin,
        _ => return Err("its ff is not clocked on the rising edge of a pin".into()),
    };
    let flip_flop = FlipFlop { next, clock, clear: expr("clear")?, preset: expr("preset")? };
    Ok(Some((q, qn, flip_flop)))
}

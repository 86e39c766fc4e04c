//! The gates that Yosys itself knows, as they stand in netlists that were not mapped to a library.
//!
//! In: a name such as `$_AND_` or `$_DFF_PN0_`. Out: a [`CellType`] without area. Source: Yosys' `simcells.v`, which also
//! gives the order of the pins. Gates that cannot be evaluated are here too, with the reason.

use super::{CellType, FlipFlop, Output, Pin, Unusable};
use crate::netlist::logic::Expr;

/// Combinational gates: name, inputs, function of output Y.
const COMBINATIONAL: [(&str, &[&str], &str); 16] = [
    ("BUF", &["A"], "A"),
    ("NOT", &["A"], "!A"),
    ("AND", &["A", "B"], "A & B"),
    ("NAND", &["A", "B"], "!(A & B)"),
    ("OR", &["A", "B"], "A | B"),
    ("NOR", &["A", "B"], "!(A | B)"),
    ("XOR", &["A", "B"], "A ^ B"),
    ("XNOR", &["A", "B"], "!(A ^ B)"),
    ("ANDNOT", &["A", "B"], "A & !B"),
    ("ORNOT", &["A", "B"], "A | !B"),
    ("MUX", &["A", "B", "S"], "(S & B) | (!S & A)"),
    ("NMUX", &["A", "B", "S"], "!((S & B) | (!S & A))"),
    ("AOI3", &["A", "B", "C"], "!((A & B) | C)"),
    ("OAI3", &["A", "B", "C"], "!((A | B) & C)"),
    ("AOI4", &["A", "B", "C", "D"], "!((A & B) | (C & D))"),
    ("OAI4", &["A", "B", "C", "D"], "!((A | B) & (C | D))"),
];

/// Sequential gates that are refused: how their names begin, and why.
const REFUSED: [(&str, &str); 9] = [
    ("DFFE_", "its next state depends on the state itself (an enable); run Yosys' dfflegalize"),
    ("SDFFE_", "its next state depends on the state itself (an enable); run Yosys' dfflegalize"),
    ("SDFFCE_", "its next state depends on the state itself (an enable); run Yosys' dfflegalize"),
    ("DFFSRE_", "its next state depends on the state itself (an enable); run Yosys' dfflegalize"),
    ("ALDFF", "it loads data asynchronously"),
    ("DLATCH", "it is a latch, and only edge-triggered flip-flops are"),
    ("SR_", "it is a latch, and only edge-triggered flip-flops are"),
    ("FF_", "it has no clock"),
    ("TBUF_", "it is tri-state"),
];

/// The gate of that name, if Yosys has it.
pub fn gate(name: &str) -> Option<CellType> {
    let kind = name.strip_prefix("$_")?.strip_suffix('_')?;
    let mut cell = CellType { name: name.to_owned(), ..CellType::default() };
    if let Some((_, inputs, function)) = COMBINATIONAL.iter().find(|(k, _, _)| *k == kind) {
        cell.inputs = inputs.iter().map(|i| (*i).to_owned()).collect();
        let index = |pin: &str| inputs.iter().position(|i| *i == pin);
        let function = Expr::parse(function, &index).expect("the table above is well-formed");
        cell.outputs = vec![("Y".to_owned(), Output::Function(function))];
        cell.order = (0..inputs.len()).map(Pin::Input).chain([Pin::Output(0)]).collect();
        return Some(cell);
    }
    let refused = REFUSED.iter().find(|(begin, _)| format!("{kind}_").starts_with(begin));
    if let Some((_, reason)) = refused {
        cell.unusable = Some(Unusable { line: 0, reason: (*reason).to_owned() });
        return Some(cell);
    }
    let (kind, letters) = kind.split_once('_')?;
    let falling = match letters.as_bytes().first()? {
        b'P' => false,
        b'N' => true,
        _ => return None,
    };
    flip_flop(&mut cell, kind, letters.get(1..)?, falling)?;
    if falling {
        let reason = "it is clocked by the falling edge".to_owned();
        cell.unusable = Some(Unusable { line: 0, reason });
    }
    Some(cell)
}

/// `$_DFF_P_`, `$_DFF_PN0_`, `$_SDFF_PN0_` and `$_DFFSR_PNN_` and their kin; `letters` are those after the clock's.
fn flip_flop(cell: &mut CellType, kind: &str, letters: &str, falling: bool) -> Option<()> {
    let pins: &[&str] = match (kind, letters.len()) {
        ("DFF", 0) => &["D", "C"],
        ("DFF" | "SDFF", 2) => &["D", "C", "R"],
        ("DFFSR", 2) => &["C", "S", "R", "D"],
        _ => return None,
    };
    let pin = |name: &str| pins.iter().position(|p| *p == name);
    // When the pin has the level that its letter gives.
    let active = |name: &str, letter: u8| {
        let pin = Expr::Pin(pin(name)?);
        match letter {
            b'P' => Some(pin),
            b'N' => Some(Expr::Not(Box::new(pin))),
            _ => None,
        }
    };
    let data = Expr::Pin(pin("D")?);
    let (mut next, mut clear, mut preset) = (data.clone(), None, None);
    match (kind, letters.as_bytes()) {
        (_, []) => {}
        ("DFFSR", [set, reset]) => {
            (preset, clear) = (Some(active("S", *set)?), Some(active("R", *reset)?));
        }
        ("DFF", [level, b'0']) => clear = Some(active("R", *level)?),
        ("DFF", [level, b'1']) => preset = Some(active("R", *level)?),
        ("SDFF", [level, b'0']) => {
            let free = Expr::Not(Box::new(active("R", *level)?));
            next = Expr::And(Box::new(free), Box::new(data));
        }
        ("SDFF", [level, b'1']) => {
            next = Expr::Or(Box::new(active("R", *level)?), Box::new(data));
        }
        _ => return None,
    }
    cell.inputs = pins.iter().map(|p| (*p).to_owned()).collect();
    cell.outputs = vec![("Q".to_owned(), Output::State)];
    cell.order = (0..pins.len()).map(Pin::Input).chain([Pin::Output(0)]).collect();
    let clock = pin("C")?;
    cell.flip_flop = Some(FlipFlop { next, clock, falling, clear, preset, preset_wins: false });
    Some(())
}

//! Makes a [`CellType`] of a `cell` group.
//!
//! In: a group of the syntax. Out: the cell; if it cannot be evaluated, with the reason. Source: Liberty User Guide, volume
//! 1, "cell", "pin", "ff", "latch" and "pg_pin" groups.
//!
//! | read | meaning |
//! |---|---|
//! | `pin (A)`, `pin (A, B)` with `direction` input, output, internal | pins; the order is kept |
//! | `function` | over inputs, internal pins (their functions are put in), or the state alone, also inverted |
//! | `ff (IQ, IQN)` with `next_state`, `clocked_on`, `clear`, `preset` | a flip-flop; the clock is a pin |
//! | `clear_preset_var1` | `H`: 1 while both act; `L`, `X` or nothing: 0 |
//! | `latch` with `enable`, `data_in`, `clear`, `preset` | kept, but the cell cannot be used |
//! | `pg_pin` | its name; its connections are dropped |
//! | `area` | a number |
//! | no output at all (fillers, taps, antenna diodes) | usable, without effect |
//!
//! Not usable: clock gates with a latch (`clock_gating_integrated_cell`), `bus`, `bundle`, `ff_bank`, `latch_bank`, `statetable`, `three_state`, `inout` pins, several flip-flops, a
//! falling or gated clock, a next state that depends on the state itself, an output without function.
//! `test_cell` describes the cell in test mode and is passed over, as are `dont_use` and everything about timing and power.

use super::groups::{Attribute, Group};
use super::{CellType, FlipFlop, Latch, LibraryError, Output, Pin, Unusable};
use crate::netlist::logic::Expr;
use std::collections::HashMap;

/// Reads a cell. Only what has no name is an error: the rest makes the cell unusable.
pub(super) fn cell(group: &Group) -> Result<CellType, LibraryError> {
    let mut names = group.names();
    let Some(name) = names.next() else {
        return Err(LibraryError::Syntax { line: group.line, what: "a cell without name".into() });
    };
    let area = group.attribute("area").and_then(|a| a.value.parse().ok());
    let area = area.filter(|a: &f64| a.is_finite() && *a >= 0.0).unwrap_or(0.0);
    let mut draft = Draft {
        cell: CellType { name: name.to_owned(), area, ..CellType::default() },
        ..Draft::default()
    };
    draft.read(group);
    Ok(draft.cell)
}

/// A cell while it is read.
#[derive(Default)]
struct Draft<'g> {
    cell: CellType,
    /// Inputs; then the state and the inverted state; then internal pins.
    names: HashMap<&'g str, usize>,
    /// Output pins with the group that describes each.
    outputs: Vec<(&'g str, &'g Group)>,
    /// Internal pins with the group that describes each, and then their functions.
    internal: Vec<(&'g str, &'g Group)>,
    functions: Vec<Option<Expr>>,
}

impl<'g> Draft<'g> {
    /// The first reason is kept.
    fn unusable(&mut self, line: u32, reason: impl Into<String>) {
        self.cell.unusable.get_or_insert_with(|| Unusable { line, reason: reason.into() });
    }

    fn read(&mut self, group: &'g Group) {
        for (kinds, reason) in [
            (&["latch", "latch_bank"][..], "it is a latch, and only edge-triggered flip-flops are"),
            (&["statetable"], "it is described by a statetable"),
            (&["ff_bank"], "it is a bank of flip-flops (ff_bank)"),
        ] {
            if let Some(found) = group.first(kinds) {
                self.unusable(found.line, reason);
            }
        }
        if let Some(gating) = group.attribute("clock_gating_integrated_cell") {
            // The function of its output does not tell of the latch inside.
            if !gating.value.starts_with("none") {
                self.unusable(gating.line, "it is a clock gate with a latch inside");
            }
        }
        if let Some(bus) = group.first(&["bus", "bundle"]) {
            let name = bus.names().next().unwrap_or_default();
            self.unusable(bus.line, format!("'{name}' is a {} of pins", bus.kind));
        }
        for pg_pin in group.groups.iter().filter(|g| g.kind == "pg_pin") {
            self.cell.power.extend(pg_pin.names().map(str::to_owned));
        }
        self.pins(group);
        let flip_flops: Vec<_> = group.groups.iter().filter(|g| g.kind == "ff").collect();
        if let [_, second, ..] = flip_flops.as_slice() {
            self.unusable(second.line, "it has several flip-flops");
        }
        let state = flip_flops.first().copied().or(group.first(&["latch"]));
        let inputs = self.cell.inputs.len();
        for (i, name) in state.iter().flat_map(|s| s.names().take(2)).enumerate() {
            self.names.insert(name, inputs + i);
        }
        for i in 0..self.internal.len() {
            let (name, pin) = self.internal[i];
            let function = pin.attribute("function").and_then(|f| self.function(name, f));
            self.functions.push(function);
        }
        for (i, (name, _)) in self.internal.iter().enumerate() {
            self.names.entry(name).or_insert(inputs + 2 + i);
        }
        if let Some(ff) = flip_flops.first() {
            self.flip_flop(ff);
        }
        if let Some(latch) = group.first(&["latch"]) {
            self.cell.latch = Some(self.latch(latch));
        }
        for i in 0..self.outputs.len() {
            let (name, pin) = self.outputs[i];
            self.output(name, pin);
        }
    }

    fn pins(&mut self, group: &'g Group) {
        let mut lines = HashMap::new();
        for pin in group.groups.iter().filter(|g| g.kind == "pin") {
            let direction = pin.attribute("direction").map_or("", |d| d.value.as_str());
            for name in pin.names() {
                if let Some(first) = lines.insert(name, pin.line) {
                    self.unusable(pin.line, format!("pin {name} stands in line {first} already"));
                    continue;
                }
                match direction {
                    "input" => {
                        self.names.insert(name, self.cell.inputs.len());
                        self.cell.order.push(Pin::Input(self.cell.inputs.len()));
                        self.cell.inputs.push(name.to_owned());
                    }
                    "output" => self.outputs.push((name, pin)),
                    "internal" => self.internal.push((name, pin)),
                    "" => self.unusable(pin.line, format!("pin {name} has no direction")),
                    other => {
                        let what =
                            format!("pin {name} has direction '{other}', neither input nor output");
                        self.unusable(pin.line, what);
                    }
                }
                if direction == "output" {
                    self.cell.order.push(Pin::Output(self.outputs.len() - 1));
                }
            }
        }
    }

    /// An expression over inputs, state and internal pins; the latter replaced by their functions.
    fn function(&mut self, place: &str, text: &Attribute) -> Option<Expr> {
        let index = |name: &str| self.names.get(name).copied();
        let parsed = Expr::parse(&text.value, &index).and_then(|expr| {
            let first = self.cell.inputs.len() + 2;
            if expr.pins().last().is_none_or(|pin| *pin < first) {
                return Ok(expr);
            }
            expr.replaced(&|pin| match pin.checked_sub(first) {
                None => Some(Expr::Pin(pin)),
                Some(internal) => self.functions.get(internal).cloned().flatten(),
            })
        });
        match parsed {
            Ok(expr) => Some(expr),
            Err(what) => {
                self.unusable(text.line, format!("{} of {place}: {what}", text.name));
                None
            }
        }
    }

    /// An expression over inputs only.
    fn of_inputs(&mut self, place: &str, text: &Attribute) -> Option<Expr> {
        let expr = self.function(place, text)?;
        if expr.pins().last().is_some_and(|pin| *pin >= self.cell.inputs.len()) {
            let what = format!("{} of {place} depends on the state itself", text.name);
            self.unusable(text.line, what);
            return None;
        }
        Some(expr)
    }

    fn flip_flop(&mut self, ff: &Group) {
        let mut part = |name: &str| ff.attribute(name).map(|text| self.of_inputs("its ff", text));
        let parts = [part("next_state"), part("clocked_on"), part("clear"), part("preset")];
        for (part, name) in parts.iter().zip(["next_state", "clocked_on"]) {
            if part.is_none() {
                self.unusable(ff.line, format!("its ff has no {name}"));
            }
        }
        if let Some(also) = ff.attribute("clocked_on_also") {
            self.unusable(also.line, "its ff has two clocks (clocked_on_also)");
        }
        let [next, clock, clear, preset] = parts.map(Option::flatten);
        let preset_wins = self.preset_wins(ff, clear.is_some() && preset.is_some());
        let (clock, falling) = match clock {
            Some(Expr::Pin(pin)) => (pin, false),
            Some(Expr::Not(inner)) if matches!(*inner, Expr::Pin(_)) => {
                self.unusable(ff.line, "its ff is clocked by the falling edge");
                let Expr::Pin(pin) = *inner else { return };
                (pin, true)
            }
            Some(_) => return self.unusable(ff.line, "its ff is clocked by more than a pin"),
            None => return,
        };
        if let Some(next) = next {
            let flip_flop = FlipFlop { next, clock, falling, clear, preset, preset_wins };
            self.cell.flip_flop = Some(flip_flop);
        }
    }

    /// What `clear_preset_var1` says, if both can act.
    fn preset_wins(&mut self, ff: &Group, both: bool) -> bool {
        let Some(var1) = ff.attribute("clear_preset_var1").filter(|_| both) else { return false };
        match var1.value.as_str() {
            "H" => return true,
            "L" | "X" => {}
            other => {
                let what = format!("clear_preset_var1 of its ff is '{other}', not H or L");
                self.unusable(var1.line, what);
            }
        }
        false
    }

    fn latch(&mut self, latch: &Group) -> Latch {
        let mut part =
            |name: &str| latch.attribute(name).and_then(|text| self.function("its latch", text));
        Latch {
            enable: part("enable"),
            data: part("data_in"),
            clear: part("clear"),
            preset: part("preset"),
        }
    }

    fn output(&mut self, name: &'g str, pin: &'g Group) {
        if let Some(three_state) = pin.attribute("three_state") {
            self.unusable(three_state.line, format!("pin {name} is tri-state"));
        }
        let Some(text) = pin.attribute("function") else {
            self.unusable(pin.line, format!("output pin {name} has no function"));
            // Its place is kept, so that the order of pins still fits.
            return self.shows(name, Output::Function(Expr::Const(false)));
        };
        let state = self.cell.inputs.len();
        let shown = match self.function(&format!("pin {name}"), text) {
            Some(Expr::Pin(pin)) if pin == state => Output::State,
            Some(Expr::Pin(pin)) if pin == state + 1 => Output::StateInverted,
            Some(Expr::Not(inner)) if *inner == Expr::Pin(state) => Output::StateInverted,
            Some(Expr::Not(inner)) if *inner == Expr::Pin(state + 1) => Output::State,
            Some(expr) if expr.pins().last().is_none_or(|pin| *pin < state) => {
                Output::Function(expr)
            }
            Some(_) => {
                self.unusable(text.line, format!("pin {name} shows the state and other pins"));
                Output::Function(Expr::Const(false))
            }
            None => Output::Function(Expr::Const(false)),
        };
        self.shows(name, shown);
    }

    fn shows(&mut self, name: &str, shown: Output) {
        self.cell.outputs.push((name.to_owned(), shown));
    }
}

//! Reads netlists that Yosys' `write_json` wrote.
//!
//! In: the text, a cell library, the module's name. Out: the same [`Netlist`] as from `write_verilog -norename` of the
//! same design, except that a net with several names may be called by another of them: the format gives one number to
//! joined nets and does not say which name is the driver's. A name that is not hidden is taken, and the first of those.
//!
//! Read (Yosys manual, "write_json"); other keys are passed over:
//!
//! | key | meaning |
//! |---|---|
//! | `modules` | by name; those that nobody uses, such as black boxes, may contain anything |
//! | `ports.NAME.direction`, `.bits` | `input` or `output`; bits from the least significant |
//! | `netnames.NAME.bits`, `.hide_name` | the names of nets |
//! | `.offset`, `.upto` | lowest index of a vector; whether it is the most significant bit's |
//! | `cells.NAME.type`, `.connections`, `.parameters` | a library cell, a gate of Yosys (`$_AND_`) or a module |
//!
//! A bit is the number of a net or `"0"`, `"1"`, `"x"`, `"z"`; the last two are read as 0.

use super::cells::Library;
use super::design::{self, Expression, Item, MAX_BITS, Module, ModulePort, Range, Result, syntax};
use super::verilog::listed;
use super::{Direction, Netlist, NetlistError};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::rc::Rc;

/// The entries of a JSON object in the order of the file.
struct Entries<T>(Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct InOrder<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

#[derive(Deserialize)]
struct File<'t> {
    #[serde(borrow)]
    modules: Entries<&'t RawValue>,
}

#[derive(Deserialize)]
struct JsonModule<'t> {
    #[serde(default, borrow)]
    ports: Entries<&'t RawValue>,
    #[serde(default, borrow)]
    cells: Entries<&'t RawValue>,
    #[serde(default, borrow)]
    netnames: Entries<&'t RawValue>,
}

/// A port or the name of a net.
#[derive(Deserialize)]
struct Vector {
    direction: Option<String>,
    bits: Vec<Bit>,
    #[serde(default)]
    offset: i64,
    #[serde(default)]
    upto: u8,
    #[serde(default)]
    hide_name: u8,
}

#[derive(Deserialize)]
struct JsonCell {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    parameters: Entries<IgnoredAny>,
    #[serde(default)]
    connections: Entries<Vec<Bit>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Bit {
    Net(u64),
    Constant(Option<bool>),
}

impl<'de> Deserialize<'de> for Bit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Bit;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("the number of a net, \"0\", \"1\", \"x\" or \"z\"")
            }

            fn visit_u64<E>(self, net: u64) -> std::result::Result<Bit, E> {
                Ok(Bit::Net(net))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Bit, E> {
                match text {
                    "0" => Ok(Bit::Constant(Some(false))),
                    "1" => Ok(Bit::Constant(Some(true))),
                    "x" | "z" => Ok(Bit::Constant(None)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Parses `text` and builds the netlist of `module`.
///
/// # Errors
/// [`NetlistError`] naming line, cell, net and remedy.
pub fn parse(text: &str, module: &str, library: &Library) -> Result<Netlist> {
    let source = Source { text, line_ends: text.match_indices('\n').map(|(at, _)| at).collect() };
    let file: File = serde_json::from_str(text).map_err(|e| source.error(0, &e))?;
    let mut places = HashMap::new();
    for (name, raw) in &file.modules.0 {
        if places.insert(name.as_str(), *raw).is_some() {
            let what = format!("module {name} stands in the file twice");
            return Err(syntax(source.line(raw), what));
        }
    }
    let read = |name: &str| places.get(name).map(|raw| source.module(name, raw));
    design::build(module, &read, library).map_err(|error| match error {
        NetlistError::NoModule { wanted, .. } => {
            let names = file.modules.0.iter().map(|(name, _)| name.as_str());
            NetlistError::NoModule { wanted, found: listed(names) }
        }
        other => other,
    })
}

/// The text, and where its lines end.
struct Source<'t> {
    text: &'t str,
    line_ends: Vec<usize>,
}

impl<'t> Source<'t> {
    /// The line in which a part of the text begins.
    fn line(&self, part: &RawValue) -> u32 {
        let at = (part.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.line_ends.partition_point(|end| *end < at) as u32 + 1
    }

    /// The error of serde in our words; `lines` stand before the text that it has seen.
    fn error(&self, lines: u32, error: &serde_json::Error) -> NetlistError {
        let text = error.to_string();
        let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
        syntax(lines + error.line() as u32, format!("{what}; give what Yosys' write_json wrote"))
    }

    fn read<T: Deserialize<'t>>(&self, raw: &'t RawValue) -> Result<T> {
        serde_json::from_str(raw.get()).map_err(|e| self.error(self.line(raw) - 1, &e))
    }

    fn module(&self, name: &str, raw: &'t RawValue) -> Result<Module> {
        let json: JsonModule = self.read(raw)?;
        let mut module = Module { name: name.to_owned(), ports: Vec::new(), items: Vec::new() };
        let mut names = Names::default();
        for (name, raw) in &json.ports.0 {
            let (vector, line) = (self.read::<Vector>(raw)?, self.line(raw));
            let direction = match vector.direction.as_deref() {
                Some("input") => Direction::Input,
                Some("output") => Direction::Output,
                other => {
                    let other = other.unwrap_or("none");
                    let what = format!("port {name} has direction {other}, not input or output");
                    return Err(syntax(line, what));
                }
            };
            let inside = Expression::Name { line, name: name.as_str().into(), select: None };
            module.ports.push(ModulePort { line, name: name.clone(), inside });
            names.add(line, name, vector, Some(direction))?;
        }
        for (name, raw) in &json.netnames.0 {
            let (vector, line) = (self.read::<Vector>(raw)?, self.line(raw));
            names.add(line, name, vector, None)?;
        }
        names.items(&mut module.items);
        for (name, raw) in &json.cells.0 {
            let (cell, line) = (self.read::<JsonCell>(raw)?, self.line(raw));
            if !cell.parameters.0.is_empty() {
                let kind = &cell.kind;
                let what = format!(
                    "cell {name} of type '{kind}' has parameters, which are not read; map the netlist to gates (Yosys: techmap, abc) or elaborate it (hierarchy)"
                );
                return Err(syntax(line, what));
            }
            let pins = cell.connections.0.iter();
            let pins = pins.map(|(pin, bits)| (Some(pin.clone()), names.expression(line, bits)));
            let (kind, name, pins) = (cell.kind.clone(), name.clone(), pins.collect());
            module.items.push(Item::Instance { line, kind, name, pins });
        }
        Ok(module)
    }
}

/// A named vector of a module.
struct NamedVector {
    line: u32,
    name: Rc<str>,
    range: Range,
    direction: Option<Direction>,
    bits: Vec<Bit>,
}

/// The named vectors of a module, and which name each net goes by.
#[derive(Default)]
struct Names {
    vectors: Vec<NamedVector>,
    by_name: HashMap<String, usize>,
    /// For each net a vector and the place in it; and whether that name is hidden.
    of_net: HashMap<u64, (usize, usize, bool)>,
    bits: usize,
}

impl Names {
    fn add(
        &mut self,
        line: u32,
        name: &str,
        json: Vector,
        direction: Option<Direction>,
    ) -> Result<()> {
        if let Some(first) = self.by_name.insert(name.to_owned(), self.vectors.len()) {
            let port = &self.vectors[first];
            if port.direction.is_some() && direction.is_none() && port.bits == json.bits {
                // Each port is among the names of nets, too.
                self.by_name.insert(name.to_owned(), first);
                return Ok(());
            }
            return Err(syntax(line, format!("'{name}' stands in line {} already", port.line)));
        }
        self.bits += json.bits.len();
        if self.bits > MAX_BITS || json.offset.unsigned_abs() > MAX_BITS as u64 {
            let what = format!("with '{name}' the module has over {MAX_BITS} bits");
            return Err(syntax(line, what));
        }
        let width = json.bits.len() as i64;
        if width == 0 {
            return Err(syntax(line, format!("'{name}' has no bits")));
        }
        let (low, high) = (json.offset, json.offset + width - 1);
        let range = match (width, json.offset, json.upto) {
            (1, 0, 0) => None,
            (_, _, 0) => Some((high, low)),
            _ => Some((low, high)),
        };
        let hidden = json.hide_name != 0;
        for (i, bit) in json.bits.iter().enumerate() {
            let Bit::Net(net) = bit else { continue };
            let mine = (self.vectors.len(), i, hidden);
            let taken = self.of_net.entry(*net).or_insert(mine);
            if taken.2 && !hidden {
                *taken = mine;
            }
        }
        let bits = json.bits;
        self.vectors.push(NamedVector { line, name: name.into(), range, direction, bits });
        Ok(())
    }

    /// Declares all vectors, and joins the names of a net to the one that it goes by.
    fn items(&self, items: &mut Vec<Item>) {
        for vector in &self.vectors {
            let NamedVector { line, name, range, direction, .. } = vector;
            let (line, name, range, direction) = (*line, name.to_string(), *range, *direction);
            items.push(Item::Declare { line, name, range, direction, escaped: true });
        }
        for (v, vector) in self.vectors.iter().enumerate() {
            for (i, bit) in vector.bits.iter().enumerate() {
                let line = vector.line;
                let right = match bit {
                    Bit::Constant(value) => Expression::Bits(vec![*value]),
                    Bit::Net(net) => match self.of_net.get(net) {
                        Some((of, place, _)) if (*of, *place) != (v, i) => {
                            self.bit(line, *of, *place)
                        }
                        _ => continue,
                    },
                };
                items.push(Item::Assign { line, left: self.bit(line, v, i), right });
            }
        }
    }

    /// A bit of a vector by its index in the source.
    fn bit(&self, line: u32, vector: usize, place: usize) -> Expression {
        let vector = &self.vectors[vector];
        let place = place as i64;
        let select = vector.range.map(|(msb, lsb)| {
            let index = if msb >= lsb { lsb + place } else { lsb - place };
            (index, index)
        });
        Expression::Name { line, name: vector.name.clone(), select }
    }

    /// The bits of a connection, of which the first is the least significant.
    fn expression(&self, line: u32, bits: &[Bit]) -> Expression {
        let one = |bit: &Bit| match bit {
            Bit::Constant(value) => Expression::Bits(vec![*value]),
            Bit::Net(net) => match self.of_net.get(net) {
                Some((vector, place, _)) => self.bit(line, *vector, *place),
                None => {
                    // A net without a name, which Yosys does not write.
                    let mut name = format!("${net}");
                    while self.by_name.contains_key(&name) {
                        name.push('$');
                    }
                    Expression::Name { line, name: name.into(), select: None }
                }
            },
        };
        Expression::Concat(bits.iter().rev().map(one).collect())
    }
}

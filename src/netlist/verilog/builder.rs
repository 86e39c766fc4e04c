//! Collects what a module declares and joins its bits into nets with one driver each.

use super::super::cells::{CellType, Library};
use super::super::{Cell, Direction, Net, Netlist, NetlistError, Port};
use super::{Result, syntax};
use std::collections::HashMap;
use std::sync::Arc;

/// Bits of all vectors of a module together, at the most: no real multiplier is near it, and a typing error in a range
/// must not take all memory.
pub(super) const MAX_BITS: usize = 1 << 20;

/// What an expression in a connection denotes, bit 0 first.
pub(super) type Signals = Vec<Signal>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Raw(usize),
    Const(bool),
    Unknown,
}

/// A declared vector or scalar: its range and where its bits begin among the raw bits.
struct Declared {
    range: Option<(i64, i64)>,
    first: usize,
    direction: Option<Direction>,
}

impl Declared {
    fn width(&self) -> usize {
        self.range.map_or(1, |(msb, lsb)| (msb - lsb).unsigned_abs() as usize + 1)
    }

    /// The raw bit with that index in the source.
    fn bit(&self, index: i64) -> Option<usize> {
        let (msb, lsb) = self.range?;
        let inside = index >= msb.min(lsb) && index <= msb.max(lsb);
        inside.then(|| self.first + (index - lsb).unsigned_abs() as usize)
    }
}

struct RawCell {
    line: u32,
    name: String,
    kind: Arc<CellType>,
    inputs: Vec<Signal>,
    outputs: Vec<Option<usize>>,
}

/// Collects a module's declarations and joins raw bits into nets.
pub(super) struct Builder<'l> {
    module: String,
    library: &'l Library,
    kinds: HashMap<String, Arc<CellType>>,
    pub(super) port_order: Vec<String>,
    declared: HashMap<String, Declared>,
    bit_names: Vec<String>,
    /// Union-find over raw bits; the last two are constant 0 and 1, made at the end.
    parent: Vec<usize>,
    constants: Vec<(usize, bool)>,
    cells: Vec<RawCell>,
}

impl<'l> Builder<'l> {
    pub(super) fn new(module: &str, library: &'l Library) -> Self {
        Self {
            module: module.to_owned(),
            library,
            kinds: HashMap::new(),
            port_order: Vec::new(),
            declared: HashMap::new(),
            bit_names: Vec::new(),
            parent: Vec::new(),
            constants: Vec::new(),
            cells: Vec::new(),
        }
    }

    pub(super) fn declare(
        &mut self,
        line: u32,
        name: &str,
        range: Option<(i64, i64)>,
        direction: Option<Direction>,
    ) -> Result<()> {
        if let Some(old) = self.declared.get_mut(name) {
            // `output [3:0] y; wire [3:0] y;` declares one thing twice.
            if old.range != range {
                return Err(syntax(line, format!("'{name}' is declared again with another range")));
            }
            old.direction = old.direction.or(direction);
            return Ok(());
        }
        let declared = Declared { range, first: self.bit_names.len(), direction };
        if declared.first + declared.width() > MAX_BITS {
            return Err(syntax(line, format!("with '{name}' the module has over {MAX_BITS} bits")));
        }
        match range {
            None => self.raw_bit(name.to_owned()),
            Some((msb, lsb)) => {
                let step = if msb >= lsb { 1 } else { -1 };
                for i in 0..declared.width() as i64 {
                    self.raw_bit(format!("{name}[{}]", lsb + i * step));
                }
            }
        }
        self.declared.insert(name.to_owned(), declared);
        Ok(())
    }

    fn raw_bit(&mut self, name: String) {
        self.parent.push(self.bit_names.len());
        self.bit_names.push(name);
    }

    pub(super) fn select(
        &mut self,
        line: u32,
        name: &str,
        select: Option<(i64, i64)>,
    ) -> Result<Signals> {
        if !self.declared.contains_key(name) {
            if select.is_some() {
                return Err(syntax(line, format!("'{name}' is not declared, so it has no bits")));
            }
            // An undeclared scalar is an implicit wire.
            self.declare(line, name, None, None)?;
        }
        let declared = &self.declared[name];
        let Some((msb, lsb)) = select else {
            let bits = declared.first..declared.first + declared.width();
            return Ok(bits.map(Signal::Raw).collect());
        };
        let outside =
            || syntax(line, format!("'{name}[{msb}:{lsb}]' lies outside its declaration"));
        let (from, to) = (declared.bit(lsb), declared.bit(msb));
        let (from, to) = from.zip(to).ok_or_else(outside)?;
        if from > to {
            return Err(syntax(
                line,
                format!("'{name}[{msb}:{lsb}]' runs against its declaration"),
            ));
        }
        Ok((from..=to).map(Signal::Raw).collect())
    }

    fn root(&mut self, mut bit: usize) -> usize {
        while self.parent[bit] != bit {
            self.parent[bit] = self.parent[self.parent[bit]];
            bit = self.parent[bit];
        }
        bit
    }

    pub(super) fn join(&mut self, line: u32, left: &Signals, right: &Signals) -> Result<()> {
        if left.len() != right.len() {
            let (l, r) = (left.len(), right.len());
            return Err(syntax(
                line,
                format!("assign joins {l} bits with {r}; write equal widths"),
            ));
        }
        for (l, r) in left.iter().zip(right) {
            match (l, r) {
                (Signal::Raw(l), Signal::Raw(r)) => {
                    let (l, r) = (self.root(*l), self.root(*r));
                    self.parent[l] = r;
                }
                (Signal::Raw(l), Signal::Const(value)) => self.constants.push((*l, *value)),
                (Signal::Raw(l), Signal::Unknown) => self.constants.push((*l, false)),
                _ => return Err(syntax(line, "a constant stands on the left of an assign")),
            }
        }
        Ok(())
    }

    pub(super) fn instance(
        &mut self,
        line: u32,
        kind: &str,
        name: String,
        pins: Vec<(Option<String>, Signals)>,
    ) -> Result<()> {
        let Some(cell) = self.library.cell(kind) else {
            return Err(syntax(
                line,
                format!(
                    "cell {name} is of type '{kind}', which the cell library lacks; give the library that the netlist was mapped to, or flatten the design if '{kind}' is a module"
                ),
            ));
        };
        let cell =
            self.kinds.entry(kind.to_owned()).or_insert_with(|| Arc::new(cell.clone())).clone();
        let mut inputs = vec![None; cell.inputs.len()];
        let mut outputs = vec![None; cell.outputs.len()];
        let mut taken = vec![false; inputs.len() + outputs.len()];
        for (position, (pin, signals)) in pins.into_iter().enumerate() {
            let slot = match &pin {
                None => position,
                Some(pin) => pin_slot(&cell, pin).unwrap_or(usize::MAX),
            };
            let pin = pin.unwrap_or_else(|| format!("number {position}"));
            if slot >= taken.len() {
                return Err(syntax(line, format!("cell {name}: '{kind}' has no pin {pin}")));
            }
            if std::mem::replace(&mut taken[slot], true) {
                return Err(syntax(line, format!("cell {name}: pin {pin} is connected twice")));
            }
            match signals.as_slice() {
                [] => {}
                [signal] if slot < inputs.len() => inputs[slot] = Some(*signal),
                [Signal::Raw(bit)] => outputs[slot - inputs.len()] = Some(*bit),
                [_] => {
                    return Err(syntax(
                        line,
                        format!("cell {name}: output {pin} drives a constant"),
                    ));
                }
                more => {
                    let n = more.len();
                    return Err(syntax(
                        line,
                        format!("cell {name}: {n} bits at pin {pin}, which has 1"),
                    ));
                }
            }
        }
        let missing = inputs.iter().position(Option::is_none);
        if let Some(pin) = missing {
            let pin = &cell.inputs[pin];
            return Err(syntax(
                line,
                format!(
                    "cell {name}: input {pin} is not connected; tie it to a constant if that is meant"
                ),
            ));
        }
        let inputs = inputs.into_iter().flatten().collect();
        self.cells.push(RawCell { line, name, kind: cell, inputs, outputs });
        Ok(())
    }

    /// Joins the raw bits into nets and checks that each has one driver.
    pub(super) fn finish(mut self) -> Result<Netlist> {
        let constants = self.tie_constants()?;
        let nets = self.number_nets();
        let constant_nets = constants.map(|bit| nets.of_bit[bit]);
        let mut drivers = Drivers::new(&self.bit_names, &nets);
        for (bit, value) in constants.into_iter().zip(["constant 0", "constant 1"]) {
            drivers.drive(bit, value.to_owned())?;
        }
        let ports = self.ports(&nets, &mut drivers)?;
        for cell in &self.cells {
            for (pin, bit) in cell.outputs.iter().enumerate() {
                if let Some(bit) = bit {
                    drivers.drive(*bit, format!("{}/{}", cell.name, cell.kind.outputs[pin].0))?;
                }
            }
        }
        let cells = self.connect(&nets, constant_nets, &drivers)?;
        for port in ports.iter().filter(|p| p.direction == Direction::Output) {
            if let Some(bit) = port.bits.iter().position(|n| !drivers.drives(*n)) {
                let name = &port.name;
                let what = format!("nothing drives bit {bit} of output {name}");
                return Err(NetlistError::Structure(what));
            }
        }
        let mut by_name = HashMap::with_capacity(self.bit_names.len());
        for (name, net) in self.bit_names.iter().zip(&nets.of_bit) {
            if by_name.insert(name.clone(), *net).is_some_and(|other| other != *net) {
                return Err(NetlistError::Structure(format!(
                    "two nets are called '{name}': an escaped identifier and a bit of a vector; rename one"
                )));
            }
        }
        Ok(Netlist {
            module: self.module.clone(),
            ports,
            cells,
            net_names: drivers.names(),
            by_name,
            constants: constant_nets.into_iter().zip([false, true]).collect(),
        })
    }

    /// Makes the bits of the constants 0 and 1 and joins to them what is assigned a constant.
    fn tie_constants(&mut self) -> Result<[usize; 2]> {
        let constants = [self.bit_names.len(), self.bit_names.len() + 1];
        self.raw_bit("1'b0".to_owned());
        self.raw_bit("1'b1".to_owned());
        for (bit, value) in std::mem::take(&mut self.constants) {
            let root = self.root(bit);
            if root == self.root(constants[usize::from(!value)]) {
                let name = &self.bit_names[bit];
                return Err(NetlistError::Structure(format!("net {name} is tied to both 0 and 1")));
            }
            self.parent[root] = self.root(constants[usize::from(value)]);
        }
        Ok(constants)
    }

    /// Gives each set of joined bits a number, in the order of their first bits.
    fn number_nets(&mut self) -> Nets {
        let mut net_of_root = HashMap::new();
        let mut of_bit = Vec::with_capacity(self.bit_names.len());
        for bit in 0..self.bit_names.len() {
            let next = Net(net_of_root.len() as u32);
            of_bit.push(*net_of_root.entry(self.root(bit)).or_insert(next));
        }
        Nets { of_bit, count: net_of_root.len() }
    }

    /// The ports in the order of the port list; inputs drive their nets.
    fn ports(&self, nets: &Nets, drivers: &mut Drivers) -> Result<Vec<Port>> {
        let mut ports = Vec::new();
        for name in &self.port_order {
            let declared = self.declared.get(name);
            let Some((declared, direction)) = declared.and_then(|d| Some((d, d.direction?))) else {
                return Err(NetlistError::Structure(format!(
                    "port {name} has no direction; declare it input or output"
                )));
            };
            let bits = declared.first..declared.first + declared.width();
            if direction == Direction::Input {
                for bit in bits.clone() {
                    drivers.drive(bit, format!("input port {name}"))?;
                }
            }
            let bits = bits.map(|bit| nets.of_bit[bit]).collect();
            ports.push(Port { name: name.clone(), direction, bits });
        }
        Ok(ports)
    }

    /// The cells with nets at their pins.
    fn connect(&self, nets: &Nets, constants: [Net; 2], drivers: &Drivers) -> Result<Vec<Cell>> {
        let net = |signal: &Signal| match signal {
            Signal::Raw(bit) => nets.of_bit[*bit],
            Signal::Const(value) => constants[usize::from(*value)],
            Signal::Unknown => constants[0],
        };
        let mut cells = Vec::with_capacity(self.cells.len());
        for raw in &self.cells {
            let inputs: Vec<Net> = raw.inputs.iter().map(net).collect();
            if let Some(pin) = inputs.iter().position(|input| !drivers.drives(*input)) {
                let (cell, pin) = (&raw.name, &raw.kind.inputs[pin]);
                let what = format!(
                    "{cell}/{pin} reads a net that nothing drives; connect a driver or tie it to a constant"
                );
                return Err(syntax(raw.line, what));
            }
            cells.push(Cell {
                name: raw.name.clone(),
                kind: raw.kind.clone(),
                inputs,
                outputs: raw.outputs.iter().map(|bit| bit.map(|b| nets.of_bit[b])).collect(),
            });
        }
        Ok(cells)
    }
}

/// Which net each raw bit belongs to.
struct Nets {
    of_bit: Vec<Net>,
    count: usize,
}

/// Who drives each net, and under which name.
struct Drivers<'b> {
    bit_names: &'b [String],
    nets: &'b Nets,
    driver: Vec<Option<(String, usize)>>,
}

impl<'b> Drivers<'b> {
    fn new(bit_names: &'b [String], nets: &'b Nets) -> Self {
        Self { bit_names, nets, driver: vec![None; nets.count] }
    }

    fn drive(&mut self, bit: usize, driver: String) -> Result<()> {
        let name = &self.bit_names[bit];
        let entry = &mut self.driver[self.nets.of_bit[bit].index()];
        if let Some((other, _)) = entry {
            let what = format!("net {name} has two drivers: {other} and {driver}");
            return Err(NetlistError::Structure(what));
        }
        *entry = Some((driver, bit));
        Ok(())
    }

    fn drives(&self, net: Net) -> bool {
        self.driver[net.index()].is_some()
    }

    /// For each net the name at its driver, or its first name if nothing drives it.
    fn names(&self) -> Vec<String> {
        let mut names = vec![None; self.nets.count];
        for (bit, net) in self.nets.of_bit.iter().enumerate() {
            names[net.index()].get_or_insert(bit);
        }
        let driven = self.driver.iter().map(|d| d.as_ref().map(|(_, bit)| *bit));
        let bits = driven.zip(names).map(|(driven, first)| driven.or(first).unwrap_or(0));
        bits.map(|bit| self.bit_names[bit].clone()).collect()
    }
}

/// A pin's place: inputs first, then outputs.
fn pin_slot(cell: &CellType, pin: &str) -> Option<usize> {
    let input = cell.inputs.iter().position(|p| p == pin);
    let output = || cell.outputs.iter().position(|(p, _)| p == pin).map(|i| i + cell.inputs.len());
    input.or_else(output)
}

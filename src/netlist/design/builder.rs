//! Joins bits into nets with one driver each.
//!
//! In: bits, joins, constants, cells and ports of the flat design. Out: a [`Netlist`], or which net has no driver or two.

use super::super::cells::CellType;
use super::super::{Cell, Direction, Net, Netlist, NetlistError, Port};
use super::{MAX_BITS, Result, syntax};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Bytes of all names together, at the most: a long name of a wide vector must not take all memory.
const MAX_NAME_BYTES: usize = 1 << 27;

/// What an expression denotes, bit 0 first.
pub(super) type Signals = Vec<Signal>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Raw(usize),
    Const(bool),
    /// x or z; taken as 0, as a constant that synthesis may choose.
    Unknown,
}

/// A cell with signals at its pins.
pub(super) struct RawCell {
    pub(super) line: u32,
    pub(super) name: String,
    pub(super) kind: Arc<CellType>,
    pub(super) inputs: Vec<Signal>,
    pub(super) outputs: Vec<Option<usize>>,
}

/// A port of the netlist with its bits.
pub(super) struct RawPort {
    pub(super) name: String,
    pub(super) direction: Direction,
    pub(super) bits: Vec<usize>,
}

/// Collects bits and joins them into nets.
#[derive(Default)]
pub(super) struct Builder {
    bit_names: Vec<String>,
    name_bytes: usize,
    /// Scalars with a name like that of a vector's bit.
    like_a_bit: HashSet<usize>,
    /// Union-find over raw bits; the last two are constant 0 and 1, made at the end.
    parent: Vec<usize>,
    constants: Vec<(usize, bool)>,
    cells: Vec<RawCell>,
}

impl Builder {
    /// Number of bits there are; the next one made gets this number.
    pub(super) fn bits(&self) -> usize {
        self.bit_names.len()
    }

    /// Makes a bit. `escaped` are scalars, of which names may look like those of a vector's bits.
    pub(super) fn bit(&mut self, line: u32, name: String, escaped: bool) -> Result<()> {
        if self.bits() >= MAX_BITS {
            return Err(syntax(
                line,
                format!("with '{name}' the netlist has over {MAX_BITS} bits"),
            ));
        }
        self.count_name(line, &name)?;
        if escaped && name.ends_with(']') {
            self.like_a_bit.insert(self.bits());
        }
        self.raw_bit(name);
        Ok(())
    }

    fn raw_bit(&mut self, name: String) {
        self.parent.push(self.bit_names.len());
        self.bit_names.push(name);
    }

    /// Refuses names that take too much memory together.
    pub(super) fn count_name(&mut self, line: u32, name: &str) -> Result<()> {
        self.name_bytes += name.len();
        if self.name_bytes > MAX_NAME_BYTES {
            let what = format!("the names of all nets and cells have over {MAX_NAME_BYTES} bytes");
            return Err(syntax(line, what));
        }
        Ok(())
    }

    /// Adds a cell.
    pub(super) fn cell(&mut self, cell: RawCell) {
        self.cells.push(cell);
    }

    fn root(&mut self, mut bit: usize) -> usize {
        while self.parent[bit] != bit {
            self.parent[bit] = self.parent[self.parent[bit]];
            bit = self.parent[bit];
        }
        bit
    }

    /// Makes each bit on the left one net with that on the right.
    pub(super) fn join(&mut self, line: u32, left: &[Signal], right: &[Signal]) -> Result<()> {
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

    /// Joins the raw bits into nets and checks that each has one driver.
    pub(super) fn finish(mut self, module: String, ports: Vec<RawPort>) -> Result<Netlist> {
        let constants = self.tie_constants()?;
        let nets = self.number_nets();
        let by_name = self.names(&nets)?;
        let constant_nets = constants.map(|bit| nets.of_bit[bit]);
        let mut drivers = Drivers::new(&self.bit_names, &nets);
        for (bit, value) in constants.into_iter().zip(["constant 0", "constant 1"]) {
            drivers.drive(bit, Driver::Constant(value))?;
        }
        for port in ports.iter().filter(|p| p.direction == Direction::Input) {
            for bit in &port.bits {
                drivers.drive(*bit, Driver::Port(&port.name))?;
            }
        }
        for cell in &self.cells {
            for (pin, bit) in cell.outputs.iter().enumerate() {
                if let Some(bit) = bit {
                    drivers.drive(*bit, Driver::Cell(cell, pin))?;
                }
            }
        }
        let cells = self.connect(&nets, constant_nets, &drivers)?;
        for port in ports.iter().filter(|p| p.direction == Direction::Output) {
            let undriven = port.bits.iter().position(|bit| !drivers.drives(nets.of_bit[*bit]));
            if let Some(bit) = undriven {
                let name = &port.name;
                let what = format!("nothing drives bit {bit} of output {name}");
                return Err(NetlistError::Structure(what));
            }
        }
        let net = |bit: &usize| nets.of_bit[*bit];
        let port = |port: &RawPort| Port {
            bits: port.bits.iter().map(net).collect(),
            name: port.name.clone(),
            direction: port.direction,
        };
        Ok(Netlist {
            module,
            net_names: drivers.names(),
            ports: ports.iter().map(port).collect(),
            cells,
            by_name,
            constants: constant_nets.into_iter().zip([false, true]).collect(),
        })
    }

    /// The net of each name. A scalar that has the name of another net's vector bit gets its backslash back.
    fn names(&mut self, nets: &Nets) -> Result<HashMap<String, Net>> {
        let mut by_name = HashMap::with_capacity(self.bit_names.len());
        let mut again = Vec::new();
        for (bit, (name, net)) in self.bit_names.iter().zip(&nets.of_bit).enumerate() {
            if self.like_a_bit.contains(&bit) {
                again.push((bit, *net));
            } else if by_name.insert(name.clone(), *net).is_some_and(|other| other != *net) {
                return Err(two_nets(name));
            }
        }
        for (bit, net) in again {
            let name = &mut self.bit_names[bit];
            if by_name.get(name).is_some_and(|other| *other != net) {
                let base = name.rfind('/').map_or(0, |i| i + 1);
                name.insert(base, '\\');
            }
            if by_name.insert(name.clone(), net).is_some_and(|other| other != net) {
                return Err(two_nets(name));
            }
        }
        Ok(by_name)
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
                let net = match raw.inputs[pin] {
                    Signal::Raw(bit) => self.bit_names[bit].as_str(),
                    Signal::Const(_) | Signal::Unknown => "",
                };
                let (cell, pin) = (&raw.name, &raw.kind.inputs[pin]);
                let what = format!(
                    "{cell}/{pin} reads net {net}, which nothing drives; connect a driver or tie it to a constant"
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

fn two_nets(name: &str) -> NetlistError {
    NetlistError::Structure(format!("two nets are called '{name}'; rename one"))
}

/// What drives a net.
#[derive(Clone, Copy)]
enum Driver<'b> {
    Constant(&'static str),
    Port(&'b str),
    Cell(&'b RawCell, usize),
}

impl std::fmt::Display for Driver<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Driver::Constant(value) => f.write_str(value),
            Driver::Port(name) => write!(f, "input port {name}"),
            Driver::Cell(cell, pin) => write!(f, "{}/{}", cell.name, cell.kind.outputs[*pin].0),
        }
    }
}

/// Who drives each net, and under which name.
struct Drivers<'b> {
    bit_names: &'b [String],
    nets: &'b Nets,
    driver: Vec<Option<(Driver<'b>, usize)>>,
}

impl<'b> Drivers<'b> {
    fn new(bit_names: &'b [String], nets: &'b Nets) -> Self {
        Self { bit_names, nets, driver: vec![None; nets.count] }
    }

    fn drive(&mut self, bit: usize, driver: Driver<'b>) -> Result<()> {
        let name = &self.bit_names[bit];
        let entry = &mut self.driver[self.nets.of_bit[bit].index()];
        let Some((other, _)) = entry else {
            *entry = Some((driver, bit));
            return Ok(());
        };
        let what = format!("net {name} has two drivers: {other} and {driver}");
        Err(match driver {
            Driver::Cell(cell, _) => syntax(cell.line, what),
            _ => NetlistError::Structure(what),
        })
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

//! Puts the modules of a design into each other.
//!
//! In: modules by name, and the cell library. Out: the bits, joins and cells of all instances, told to the builder.

use super::super::cells::{CellType, Library, Pin};
use super::super::{Direction, Netlist};
use super::builder::{Builder, RawCell, RawPort, Signal, Signals};
use super::{Expression, Item, MAX_BITS, Module, Range, Result, syntax};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// Modules in modules, at the most.
const MAX_DEPTH: usize = 64;
/// Instances of cells and modules in the flat netlist, at the most.
const MAX_INSTANCES: usize = 1 << 20;
/// Bits of all connections and assigns together, at the most.
const MAX_CONNECTED: usize = 1 << 24;

/// Bytes of all names that connections and assigns use, at the most: each is looked up.
const MAX_LOOKED_UP: usize = 1 << 31;

/// A declared vector or scalar: its range and where its bits begin among the raw bits.
struct Declared {
    range: Range,
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

/// The names of one instance of a module.
struct Scope {
    /// What stands before its names: empty at the top, else it ends with `/`.
    prefix: String,
    declared: HashMap<String, Declared>,
    /// Instances and the lines in which they stand.
    instances: HashMap<String, u32>,
}

/// What an instance may be of.
#[derive(Clone)]
enum Kind {
    Cell(Arc<CellType>, Rc<HashMap<String, Slot>>),
    Module(Rc<Module>, Rc<HashMap<String, usize>>),
}

/// What a pin's name means.
#[derive(Clone, Copy)]
enum Slot {
    Pin(Pin),
    Power,
}

type Modules<'l> = &'l dyn Fn(&str) -> Option<Result<Module>>;

pub(super) struct Flattener<'l> {
    modules: Modules<'l>,
    library: &'l Library,
    kinds: HashMap<String, Kind>,
    builder: Builder,
    /// The modules that the present one is in.
    within: Vec<String>,
    instances: usize,
    connected: usize,
    looked_up: usize,
}

impl<'l> Flattener<'l> {
    pub(super) fn new(modules: Modules<'l>, library: &'l Library) -> Self {
        Self {
            modules,
            library,
            kinds: HashMap::new(),
            builder: Builder::default(),
            within: Vec::new(),
            instances: 0,
            connected: 0,
            looked_up: 0,
        }
    }

    pub(super) fn netlist(mut self, top: &str) -> Result<Netlist> {
        let Some(module) = (self.modules)(top) else {
            let (wanted, found) = (top.to_owned(), String::new());
            return Err(super::NetlistError::NoModule { wanted, found });
        };
        let module = module?;
        let mut raw = Vec::new();
        for (port, (signals, direction)) in
            module.ports.iter().zip(self.expand(&module, String::new())?)
        {
            let bit = |signal| match signal {
                Signal::Raw(bit) => Ok(bit),
                _ => Err(syntax(port.line, format!("port {} is a constant", port.name))),
            };
            let bits = signals.into_iter().map(bit).collect::<Result<_>>()?;
            raw.push(RawPort { name: port.name.clone(), direction, bits });
        }
        self.builder.finish(module.name, raw)
    }

    /// Makes the bits and cells of an instance of a module; returns what is inside of each port.
    fn expand(&mut self, module: &Module, prefix: String) -> Result<Vec<(Signals, Direction)>> {
        self.within.push(module.name.clone());
        let mut scope = Scope { prefix, declared: HashMap::new(), instances: HashMap::new() };
        for item in &module.items {
            match item {
                Item::Declare { line, name, range, direction, escaped } => {
                    self.declare(&mut scope, *line, name, *range, *direction, *escaped)?;
                }
                Item::Assign { line, left, right } => {
                    let left = self.signals(&mut scope, left)?;
                    let right = self.signals(&mut scope, right)?;
                    if left.len() != right.len() {
                        let (l, r) = (left.len(), right.len());
                        let what = format!("assign joins {l} bits with {r}; write equal widths");
                        return Err(syntax(*line, what));
                    }
                    self.builder.join(*line, &left, &right)?;
                }
                Item::Instance { line, kind, name, pins } => {
                    self.instance(&mut scope, *line, kind, name, pins)?;
                }
            }
        }
        let mut ports = Vec::with_capacity(module.ports.len());
        for port in &module.ports {
            let direction = direction(&scope, port.line, &port.name, &port.inside)?;
            ports.push((self.signals(&mut scope, &port.inside)?, direction));
        }
        self.within.pop();
        Ok(ports)
    }

    fn declare(
        &mut self,
        scope: &mut Scope,
        line: u32,
        name: &str,
        range: Range,
        direction: Option<Direction>,
        escaped: bool,
    ) -> Result<()> {
        if let Some(old) = scope.declared.get_mut(name) {
            // `output [3:0] y; wire [3:0] y;` declares one thing twice.
            if old.range != range {
                return Err(syntax(line, format!("'{name}' is declared again with another range")));
            }
            if old.direction.is_some() && direction.is_some() && old.direction != direction {
                return Err(syntax(line, format!("'{name}' is declared both input and output")));
            }
            old.direction = old.direction.or(direction);
            return Ok(());
        }
        let declared = Declared { range, first: self.builder.bits(), direction };
        if declared.width() > MAX_BITS {
            return Err(syntax(line, format!("with '{name}' the module has over {MAX_BITS} bits")));
        }
        let prefix = &scope.prefix;
        match range {
            None => {
                self.builder.bit(line, format!("{prefix}{name}"), escaped)?;
            }
            Some((msb, lsb)) => {
                let step = if msb >= lsb { 1 } else { -1 };
                for i in 0..declared.width() as i64 {
                    let name = format!("{prefix}{name}[{}]", lsb + i * step);
                    self.builder.bit(line, name, false)?;
                }
            }
        }
        scope.declared.insert(name.to_owned(), declared);
        Ok(())
    }

    fn signals(&mut self, scope: &mut Scope, expression: &Expression) -> Result<Signals> {
        let mut signals = Vec::new();
        self.collect(scope, expression, &mut signals)?;
        Ok(signals)
    }

    /// Appends the signals of an expression, bit 0 first.
    fn collect(&mut self, scope: &mut Scope, from: &Expression, to: &mut Signals) -> Result<()> {
        let before = to.len();
        match from {
            Expression::Bits(bits) => to.extend(bits.iter().map(|bit| match bit {
                Some(value) => Signal::Const(*value),
                None => Signal::Unknown,
            })),
            Expression::Concat(parts) => {
                for part in parts.iter().rev() {
                    self.collect(scope, part, to)?;
                }
                return Ok(());
            }
            Expression::Repeat(times, inner) => {
                self.collect(scope, inner, to)?;
                let once = to[before..].to_vec();
                self.connected += once.len().saturating_mul(times.saturating_sub(1));
                self.check_connected()?;
                to.truncate(before);
                (0..*times).for_each(|_| to.extend(&once));
                return Ok(());
            }
            Expression::Name { line, name, select } => {
                self.looked_up += name.len();
                if self.looked_up > MAX_LOOKED_UP {
                    let what = "long names are used too often; shorten the names";
                    return Err(syntax(*line, what));
                }
                self.select(scope, *line, name, *select, to)?;
            }
        }
        self.connected += to.len() - before;
        self.check_connected()
    }

    fn check_connected(&self) -> Result<()> {
        if self.connected > MAX_CONNECTED {
            let what = format!("all connections together have over {MAX_CONNECTED} bits");
            return Err(super::NetlistError::Structure(what));
        }
        Ok(())
    }

    fn select(
        &mut self,
        scope: &mut Scope,
        line: u32,
        name: &str,
        select: Range,
        to: &mut Signals,
    ) -> Result<()> {
        if !scope.declared.contains_key(name) {
            if select.is_some() {
                return Err(syntax(line, format!("'{name}' is not declared, so it has no bits")));
            }
            // An undeclared scalar is an implicit wire.
            self.declare(scope, line, name, None, None, name.contains('['))?;
        }
        let declared = &scope.declared[name];
        let Some((msb, lsb)) = select else {
            let bits = declared.first..declared.first + declared.width();
            to.extend(bits.map(Signal::Raw));
            return Ok(());
        };
        let written = if msb == lsb { format!("{msb}") } else { format!("{msb}:{lsb}") };
        let outside = || syntax(line, format!("'{name}[{written}]' lies outside its declaration"));
        let (from, to_bit) = (declared.bit(lsb), declared.bit(msb));
        let (from, to_bit) = from.zip(to_bit).ok_or_else(outside)?;
        if from > to_bit {
            let what = format!("'{name}[{written}]' runs against its declaration");
            return Err(syntax(line, what));
        }
        to.extend((from..=to_bit).map(Signal::Raw));
        Ok(())
    }

    fn instance(
        &mut self,
        scope: &mut Scope,
        line: u32,
        kind: &str,
        name: &str,
        pins: &[(Option<String>, Expression)],
    ) -> Result<()> {
        self.instances += 1;
        if self.instances > MAX_INSTANCES {
            let what = format!("the flat netlist has over {MAX_INSTANCES} instances");
            return Err(syntax(line, what));
        }
        if let Some(first) = scope.instances.insert(name.to_owned(), line) {
            let what = format!("instance {name} stands in line {first} already; rename one");
            return Err(syntax(line, what));
        }
        let full_name = format!("{}{name}", scope.prefix);
        self.builder.count_name(line, &full_name)?;
        let connections = pins
            .iter()
            .map(|(pin, expression)| Ok((pin.as_deref(), self.signals(scope, expression)?)))
            .collect::<Result<Vec<_>>>()?;
        let kind = match self.kind(line, kind, &full_name) {
            // Taps and fillers are often in no library, and what is not connected does nothing.
            Err(_) if pins.is_empty() => return Ok(()),
            kind => kind?,
        };
        match kind {
            Kind::Cell(cell, slots) => self.cell(line, full_name, cell, &slots, connections),
            Kind::Module(module, slots) => {
                self.module(line, full_name, &module, &slots, connections)
            }
        }
    }

    /// What the type's name means, looked up once a name.
    fn kind(&mut self, line: u32, name: &str, instance: &str) -> Result<Kind> {
        if let Some(kind) = self.kinds.get(name) {
            return Ok(kind.clone());
        }
        let kind = if let Some(cell) = self.library.cell(name) {
            if let Some(unusable) = &cell.unusable {
                let place = match unusable.line {
                    0 => String::new(),
                    line => format!(" (line {line} of the cell library)"),
                };
                let reason = &unusable.reason;
                let what = format!(
                    "cell {instance} is of type '{name}', which cannot be evaluated: {reason}{place}; map the netlist without it"
                );
                return Err(syntax(line, what));
            }
            let pins = cell.order.iter().map(|pin| {
                let name = match pin {
                    Pin::Input(i) => &cell.inputs[*i],
                    Pin::Output(i) => &cell.outputs[*i].0,
                };
                (name.clone(), Slot::Pin(*pin))
            });
            let power = cell.power.iter().map(|pin| (pin.clone(), Slot::Power));
            let slots = Rc::new(power.chain(pins).collect());
            Kind::Cell(cell, slots)
        } else if let Some(module) = (self.modules)(name) {
            let module = module?;
            let ports = module.ports.iter().enumerate();
            let slots = Rc::new(ports.map(|(i, port)| (port.name.clone(), i)).collect());
            Kind::Module(Rc::new(module), slots)
        } else {
            let what = format!(
                "cell {instance} is of type '{name}', which is neither in the cell library nor a module of the file; give the library that the netlist was mapped to"
            );
            return Err(syntax(line, what));
        };
        self.kinds.insert(name.to_owned(), kind.clone());
        Ok(kind)
    }

    fn cell(
        &mut self,
        line: u32,
        name: String,
        cell: Arc<CellType>,
        slots: &HashMap<String, Slot>,
        connections: Vec<(Option<&str>, Signals)>,
    ) -> Result<()> {
        let error = |what: String| Err(syntax(line, format!("cell {name}: {what}")));
        let mut inputs = vec![None; cell.inputs.len()];
        let mut outputs = vec![None; cell.outputs.len()];
        let mut taken = vec![false; inputs.len() + outputs.len()];
        for (position, (pin, signals)) in connections.into_iter().enumerate() {
            let slot = match pin {
                None => cell.order.get(position).map(|pin| Slot::Pin(*pin)),
                Some(pin) => slots.get(pin).copied(),
            };
            let pin = pin.map_or_else(|| format!("number {}", position + 1), str::to_owned);
            let slot = match slot {
                None => return error(format!("'{}' has no pin {pin}", cell.name)),
                Some(Slot::Power) => continue,
                Some(Slot::Pin(slot)) => slot,
            };
            let place = match slot {
                Pin::Input(i) => i,
                Pin::Output(i) => cell.inputs.len() + i,
            };
            if std::mem::replace(&mut taken[place], true) {
                return error(format!("pin {pin} is connected twice"));
            }
            match (signals.as_slice(), slot) {
                ([], _) => {}
                ([signal], Pin::Input(i)) => inputs[i] = Some(*signal),
                ([Signal::Raw(bit)], Pin::Output(i)) => outputs[i] = Some(*bit),
                ([_], Pin::Output(_)) => return error(format!("output {pin} drives a constant")),
                (more, _) => {
                    return error(format!("{} bits at pin {pin}, which has 1", more.len()));
                }
            }
        }
        if let Some(pin) = inputs.iter().position(Option::is_none) {
            let pin = &cell.inputs[pin];
            return error(format!(
                "input {pin} is not connected; tie it to a constant if that is meant"
            ));
        }
        let inputs = inputs.into_iter().flatten().collect();
        self.builder.cell(RawCell { line, name, kind: cell, inputs, outputs });
        Ok(())
    }

    fn module(
        &mut self,
        line: u32,
        name: String,
        module: &Module,
        slots: &HashMap<String, usize>,
        connections: Vec<(Option<&str>, Signals)>,
    ) -> Result<()> {
        let kind = &module.name;
        if self.within.contains(kind) {
            let path = self.within.join(" > ");
            let what = format!("module {kind} contains itself ({path} > {kind}), at {name}");
            return Err(syntax(line, what));
        }
        if self.within.len() >= MAX_DEPTH {
            return Err(syntax(line, format!("more than {MAX_DEPTH} modules in each other")));
        }
        let ports = self.expand(module, format!("{name}/"))?;
        let error = |what: String| Err(syntax(line, format!("instance {name} of {kind}: {what}")));
        let mut taken = vec![false; ports.len()];
        for (position, (port, signals)) in connections.into_iter().enumerate() {
            let slot = match port {
                None => Some(position).filter(|p| *p < ports.len()),
                Some(port) => slots.get(port).copied(),
            };
            let Some(slot) = slot else {
                let port = port.map_or_else(|| format!("number {}", position + 1), str::to_owned);
                return error(format!("there is no port {port}"));
            };
            let (inside, direction) = &ports[slot];
            let port = &module.ports[slot].name;
            if std::mem::replace(&mut taken[slot], true) {
                return error(format!("port {port} is connected twice"));
            }
            if signals.is_empty() {
                continue;
            }
            if signals.len() != inside.len() {
                let (outside, inside) = (signals.len(), inside.len());
                return error(format!("{outside} bits at port {port}, which has {inside}"));
            }
            let constant = signals.iter().any(|s| !matches!(s, Signal::Raw(_)));
            match direction {
                Direction::Input => self.builder.join(line, inside, &signals)?,
                Direction::Output if constant => {
                    return error(format!("output {port} drives a constant"));
                }
                Direction::Output => self.builder.join(line, &signals, inside)?,
            }
        }
        Ok(())
    }
}

/// The direction of a port: that of the names of which it is made.
fn direction(scope: &Scope, line: u32, port: &str, inside: &Expression) -> Result<Direction> {
    fn collect(scope: &Scope, from: &Expression, found: &mut Vec<Option<Direction>>) {
        match from {
            Expression::Name { name, .. } => {
                found.push(scope.declared.get(&**name).and_then(|d| d.direction));
            }
            Expression::Concat(parts) => parts.iter().for_each(|p| collect(scope, p, found)),
            Expression::Repeat(_, inner) => collect(scope, inner, found),
            Expression::Bits(_) => {}
        }
    }
    let mut found = Vec::new();
    collect(scope, inside, &mut found);
    match found.as_slice() {
        [Some(first), rest @ ..] if rest.iter().all(|d| *d == Some(*first)) => Ok(*first),
        [Some(_), rest @ ..] if rest.iter().all(Option::is_some) => {
            Err(syntax(line, format!("port {port} is part input, part output; split it")))
        }
        _ => Err(syntax(line, format!("port {port} has no direction; declare it input or output"))),
    }
}

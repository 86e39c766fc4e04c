//! Finds what a binding names in a netlist, and checks that it fits.
//!
//! In: a [`Binding`], a [`Netlist`], its [`Program`]. Out: [`Roles`]: which net does what, and what drives every input in every
//! clock; or one line that says which name does not fit, and what would.

use super::binding::{self, Active, Binding, Bits, Controls};
use super::program::Program;
use super::{Direction, Net, Netlist};
use crate::unit::{MulOp, Part};

/// What drives an input in a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drive {
    /// A constant.
    Value(bool),
    /// This bit of the first operand.
    Rs1(u8),
    /// This bit of the second operand.
    Rs2(u8),
}

/// The inputs of a clock, those of registers outside the netlist excepted.
pub type Drives = Vec<(Net, Drive)>;

/// How an operation is done.
#[derive(Clone, Debug)]
pub enum Operation {
    /// By the netlist.
    Netlist {
        /// Inputs in the first clock.
        first: Drives,
        /// Inputs in later clocks.
        later: Drives,
        /// Without a "valid": the clock in which the answer stands, from 1.
        clock: u32,
    },
    /// By other hardware, exactly, in so many clocks.
    Exact(u32),
}

/// A register that keeps its content from one operation to the next.
#[derive(Clone, Debug)]
pub struct Register {
    /// Where it lies.
    pub place: RegisterPlace,
    /// Whether the core's divider leaves its result in it.
    pub written_by_div: bool,
}

/// Where a register lies.
#[derive(Clone, Debug)]
pub enum RegisterPlace {
    /// Outside the netlist.
    Outside(OutsideRegister),
    /// Inside: its flip-flops, as indices into the program's, bit 0 first.
    Inside(Vec<usize>),
}

/// A register outside the netlist.
#[derive(Clone, Debug)]
pub struct OutsideRegister {
    /// Inputs that show its value, bit 0 first.
    pub q: Vec<Net>,
    /// Outputs that are written to it.
    pub d: Vec<Net>,
    /// Whether they are written at this clock's edge.
    pub write: Net,
    /// Value after reset.
    pub reset: u64,
}

/// Which net does what.
#[derive(Clone, Debug)]
pub struct Roles {
    /// Clock input.
    pub clock: Option<Net>,
    /// Reset input and the value at which it resets.
    pub reset: Option<(Net, bool)>,
    /// Inputs between operations.
    pub idle: Drives,
    /// The four operations.
    pub operations: [Operation; 4],
    /// The output that says that the answer stands.
    pub valid: Option<Net>,
    /// Output bits of the low and of the high half.
    pub answers: [Vec<Net>; 2],
    /// Registers that the binding names.
    pub registers: Vec<Register>,
}

/// Resolves a binding.
///
/// # Errors
/// One line: the name that does not fit, why, and what would.
pub fn resolve(binding: &Binding, netlist: &Netlist, program: &Program) -> Result<Roles, String> {
    let ports = Ports { netlist };
    let clock = binding.clock.as_ref().map(|c| ports.bit(&c.port, Direction::Input)).transpose()?;
    if let Some(flop) = program.flops.iter().find(|f| Some(f.clock) != clock) {
        let net = netlist.net_name(flop.clock);
        return Err(format!(
            "a flip-flop is clocked by net '{net}', which is not [clock] port; gated and further clocks are not supported"
        ));
    }
    let level = |level: &Option<binding::Level>| -> Result<Option<(Net, bool)>, String> {
        let Some(level) = level else { return Ok(None) };
        Ok(Some((ports.bit(&level.port, Direction::Input)?, level.active == Active::High)))
    };
    let (reset, start) = (level(&binding.reset)?, level(&binding.start)?);
    let registers: Vec<_> =
        binding.register.iter().map(|r| ports.register(r, program)).collect::<Result<_, _>>()?;
    let operands = &binding.operands;
    let inputs = |bits: &Bits, width: usize| ports.wide(bits, Direction::Input, width);
    let signs = |bits: &Option<Bits>| match bits {
        Some(bits) => ports.bits(bits, Direction::Input),
        None => Ok(Vec::new()),
    };
    let operands = Operands {
        rs: [inputs(&operands.rs1, 32)?, inputs(&operands.rs2, 32)?],
        signs: [signs(&operands.rs1_sign)?, signs(&operands.rs2_sign)?],
        held: operands.held.unwrap_or(true),
    };
    let outside = registers.iter().filter_map(|r| match &r.place {
        RegisterPlace::Outside(outside) => Some(&outside.q),
        RegisterPlace::Inside(_) => None,
    });
    let levels = [clock, reset.map(|r| r.0), start.map(|s| s.0)];
    let mut given: Vec<Net> = operands.nets().collect();
    given.extend(outside.flatten());
    given.extend(levels.into_iter().flatten());
    let twice = given.iter().enumerate().find(|(i, net)| given[..*i].contains(net));
    if let Some((_, net)) = twice {
        let name = netlist.net_name(*net);
        return Err(format!(
            "input '{name}' has two roles among clock, reset, start, operands and registers"
        ));
    }
    // Reset and start have their inactive level unless something says otherwise.
    let inactive: Drives =
        [reset, start].into_iter().flatten().map(|(net, on)| (net, Drive::Value(!on))).collect();
    let sections = Sections { ports: &ports, given: &given, inactive: &inactive };
    let mut idle = sections.drives("[idle]", &binding.idle)?;
    idle.extend(operands.nets().map(|net| (net, Drive::Value(false))));
    let mut operations = Vec::new();
    for op in MulOp::ALL {
        operations.push(operation(binding, op, &sections, &operands, start)?);
    }
    let operations: [Operation; 4] = operations.try_into().expect("there are four operations");
    let valid = binding.answer.valid.as_deref();
    let valid = valid.map(|p| ports.bit(p, Direction::Output)).transpose()?;
    if valid.is_some() && binding.answer.clocks.by_op().iter().any(Option::is_some) {
        return Err("[answer] has both 'valid' and 'clocks'; one of them says when".into());
    }
    let answers = ports.answers(&binding.answer, &operations)?;
    Ok(Roles { clock, reset, idle, operations, valid, answers, registers })
}

fn operation(
    binding: &Binding,
    op: MulOp,
    sections: &Sections,
    operands: &Operands,
    start: Option<(Net, bool)>,
) -> Result<Operation, String> {
    let controls = binding.operation.by_op()[op.index()];
    let exact = binding.exact.by_op()[op.index()].copied();
    let max = binding.max_clocks;
    match (controls, exact) {
        (Some(_), Some(_)) => Err(format!("{op} is in [operation] and in [exact]; remove one")),
        (None, None) => Err(format!(
            "{op} is missing: add [operation.{op}], or {op} = CLOCKS to [exact] if other hardware does it"
        )),
        (None, Some(_)) if binding.answer.clocks.by_op()[op.index()].is_some() => {
            Err(format!("{op} is in [answer] clocks and in [exact]; remove one"))
        }
        (None, Some(clocks @ 1..=1000)) => Ok(Operation::Exact(clocks)),
        (None, Some(clocks)) => Err(format!("[exact] {op} = {clocks}; 1 to 1000 make sense")),
        (Some(controls), None) => {
            let controls = sections.drives(&format!("[operation.{op}]"), controls)?;
            let later_operands = operands.drives(op, operands.held);
            let later: Drives = controls.iter().copied().chain(later_operands).collect();
            let mut first: Drives = controls.into_iter().chain(operands.drives(op, true)).collect();
            if let Some((net, on)) = start {
                first.retain(|(n, _)| *n != net);
                first.push((net, Drive::Value(on)));
            }
            let clock = binding.answer.clocks.by_op()[op.index()].copied().unwrap_or(1);
            if !(1..=max).contains(&clock) {
                return Err(format!(
                    "[answer] clocks {op} = {clock} is not 1 to max_clocks = {max}"
                ));
            }
            Ok(Operation::Netlist { first, later, clock })
        }
    }
}

/// The nets of the operands.
struct Operands {
    rs: [Vec<Net>; 2],
    signs: [Vec<Net>; 2],
    held: bool,
}

impl Operands {
    fn nets(&self) -> impl Iterator<Item = Net> {
        self.rs.iter().chain(&self.signs).flatten().copied()
    }

    /// What drives them in a clock in which they are there, or not.
    fn drives(&self, op: MulOp, there: bool) -> Drives {
        if !there {
            return self.nets().map(|net| (net, Drive::Value(false))).collect();
        }
        let mut drives = Vec::new();
        let bits: [fn(u8) -> Drive; 2] = [Drive::Rs1, Drive::Rs2];
        for (i, signed) in [op.signed_rs1, op.signed_rs2].into_iter().enumerate() {
            drives.extend(self.rs[i].iter().zip(0..).map(|(net, bit)| (*net, bits[i](bit))));
            let sign = if signed { bits[i](31) } else { Drive::Value(false) };
            drives.extend(self.signs[i].iter().map(|net| (*net, sign)));
        }
        drives
    }
}

/// Turns sections of control values into drives.
struct Sections<'s, 'n> {
    ports: &'s Ports<'n>,
    given: &'s [Net],
    inactive: &'s Drives,
}

impl Sections<'_, '_> {
    /// Every input that nothing else gives must be in it.
    fn drives(&self, section: &str, controls: &Controls) -> Result<Drives, String> {
        let mut drives = self.inactive.clone();
        for (name, value) in controls {
            let bits = Bits::One(name.clone());
            let bits =
                self.ports.bits(&bits, Direction::Input).map_err(|e| format!("{section}: {e}"))?;
            if bits.len() < 64 && value >> bits.len() != 0 {
                let n = bits.len();
                return Err(format!(
                    "{section}: {name} = {value} does not fit the port's {n} bits"
                ));
            }
            let has = |net: &Net| self.given.contains(net) || drives.iter().any(|(n, _)| n == net);
            if bits.iter().any(has) {
                return Err(format!(
                    "{section}: '{name}' already has another role in this binding"
                ));
            }
            let bit = |i: usize| Drive::Value(i < 64 && value >> i & 1 == 1);
            drives.extend(bits.iter().enumerate().map(|(i, net)| (*net, bit(i))));
        }
        let inputs = self.ports.netlist.ports.iter().filter(|p| p.direction == Direction::Input);
        for port in inputs {
            let set = |net: &Net| self.given.contains(net) || drives.iter().any(|(n, _)| n == net);
            if !port.bits.iter().all(set) {
                return Err(format!("{section}: input '{}' has no value; add it", port.name));
            }
        }
        Ok(drives)
    }
}

/// Finds ports and checks their directions and widths.
struct Ports<'n> {
    netlist: &'n Netlist,
}

impl Ports<'_> {
    /// The nets of an expression, bit 0 first.
    fn bits(&self, bits: &Bits, direction: Direction) -> Result<Vec<Net>, String> {
        match bits {
            Bits::One(text) => self.part(text, direction),
            Bits::Many(texts) => {
                let parts = texts.iter().rev().map(|text| self.part(text, direction));
                Ok(parts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
            }
        }
    }

    /// A port, a part of one (`p[63:32]`), or a bit (`p[3]`), numbered from the least significant.
    fn part(&self, text: &str, direction: Direction) -> Result<Vec<Net>, String> {
        let whole = self.netlist.port(text).is_some();
        let select = text.strip_suffix(']').and_then(|t| t.rsplit_once('[')).filter(|_| !whole);
        let Some((name, range)) = select else { return Ok(self.port(text, direction)?.to_vec()) };
        let bits = self.port(name.trim(), direction)?;
        let (high, low) = range.split_once(':').unwrap_or((range, range));
        let number = |digits: &str| {
            let number = digits.trim().parse::<usize>();
            number.map_err(|_| format!("'{text}' is not a part of a port; write PORT[HIGH:LOW]"))
        };
        let (high, low) = (number(high)?, number(low)?);
        if low > high || high >= bits.len() {
            let n = bits.len();
            return Err(format!("'{text}' lies outside port '{name}', which has {n} bits"));
        }
        Ok(bits[low..=high].to_vec())
    }

    fn port(&self, name: &str, direction: Direction) -> Result<&[Net], String> {
        let port = self.netlist.port(name).ok_or_else(|| {
            let all: Vec<_> = self.netlist.ports.iter().map(|p| p.name.as_str()).collect();
            let module = &self.netlist.module;
            format!("module '{module}' has no port '{name}'; it has: {}", all.join(", "))
        })?;
        if port.direction == direction {
            Ok(&port.bits)
        } else {
            let is = if port.direction == Direction::Input { "an input" } else { "an output" };
            Err(format!("port '{name}' is {is}, which does not fit its use here"))
        }
    }

    fn wide(&self, bits: &Bits, direction: Direction, width: usize) -> Result<Vec<Net>, String> {
        let nets = self.bits(bits, direction)?;
        if nets.len() == width {
            return Ok(nets);
        }
        let name = match bits {
            Bits::One(name) => format!("port '{name}'"),
            Bits::Many(names) => format!("'{}'", names.join(", ")),
        };
        Err(format!("{name} has {} bits; {width} are needed", nets.len()))
    }

    fn bit(&self, name: &str, direction: Direction) -> Result<Net, String> {
        self.wide(&Bits::One(name.to_owned()), direction, 1).map(|bits| bits[0])
    }

    fn answers(
        &self,
        answer: &binding::Answer,
        operations: &[Operation; 4],
    ) -> Result<[Vec<Net>; 2], String> {
        let half = |bits: &Option<Bits>, part: Part| {
            let used = MulOp::ALL.iter().zip(operations);
            let mut used = used
                .filter(|(op, how)| op.part == part && matches!(how, Operation::Netlist { .. }));
            match (bits, used.next()) {
                (Some(bits), _) => self.wide(bits, Direction::Output, 32),
                (None, None) => Ok(Vec::new()),
                (None, Some((op, _))) => {
                    let name = if part == Part::Low { "low" } else { "high" };
                    Err(format!("[answer] has no '{name}', which {op} needs (or 'value')"))
                }
            }
        };
        match &answer.value {
            None => Ok([half(&answer.low, Part::Low)?, half(&answer.high, Part::High)?]),
            Some(_) if answer.low.is_some() || answer.high.is_some() => {
                Err("[answer] has 'value' and 'low' or 'high'; remove one".into())
            }
            Some(value) => {
                let value = self.wide(value, Direction::Output, 32)?;
                Ok([value.clone(), value])
            }
        }
    }

    fn register(&self, r: &binding::Register, program: &Program) -> Result<Register, String> {
        let place = match (&r.q, &r.d, &r.write, &r.flip_flops) {
            (Some(q), Some(d), Some(write), None) => {
                let q = self.bits(q, Direction::Input)?;
                let reset = r.reset.unwrap_or(0);
                if q.len() < 64 && reset >> q.len() != 0 {
                    let bits = q.len();
                    return Err(format!(
                        "[[register]]: reset = {reset} does not fit its {bits} bits"
                    ));
                }
                let d = self.wide(d, Direction::Output, q.len())?;
                let write = self.bit(write, Direction::Output)?;
                RegisterPlace::Outside(OutsideRegister { q, d, write, reset })
            }
            (None, None, None, Some(_)) if r.reset.is_some() => {
                return Err(
                    "[[register]] has flip_flops and reset; what is inside is reset by the netlist: remove reset"
                        .into(),
                );
            }
            (None, None, None, Some(names)) => {
                RegisterPlace::Inside(self.flip_flops(names, program)?)
            }
            _ => {
                return Err(
                    "[[register]] needs q, d and write (outside), or flip_flops (inside)".into()
                );
            }
        };
        Ok(Register { place, written_by_div: r.written_by_div })
    }

    /// The flip-flops whose outputs are these nets, bit 0 first: `acc_q[33:0]`, or a list of nets.
    fn flip_flops(&self, names: &Bits, program: &Program) -> Result<Vec<usize>, String> {
        let names = match names {
            Bits::One(name) => std::slice::from_ref(name),
            Bits::Many(names) => names,
        };
        let mut flops = Vec::new();
        for name in names.iter().rev() {
            let range = name.strip_suffix(']').and_then(|n| n.rsplit_once('['));
            let range = range.and_then(|(base, range)| {
                let (high, low) = range.split_once(':')?;
                Some((base, high.trim().parse::<usize>().ok()?, low.trim().parse::<usize>().ok()?))
            });
            let nets: Vec<String> = match range {
                Some((base, high, low)) if low <= high && high - low < 4096 => {
                    (low..=high).map(|i| format!("{base}[{i}]")).collect()
                }
                _ => vec![name.clone()],
            };
            for name in nets {
                let net = self.netlist.net(&name);
                let flop = program.flops.iter().position(|f| net.is_some() && f.q == net);
                let flop = flop.ok_or_else(|| {
                    format!("[[register]] flip_flops: no flip-flop's Q is a net '{name}'")
                })?;
                if flops.contains(&flop) {
                    return Err(format!("[[register]] flip_flops: '{name}' is there twice"));
                }
                flops.push(flop);
            }
        }
        if flops.is_empty() {
            return Err("[[register]] flip_flops is empty; name nets of flip-flops".into());
        }
        Ok(flops)
    }
}

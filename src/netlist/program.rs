//! Puts a netlist's gates in the order of evaluation.
//!
//! In: a [`Netlist`]. Out: a [`Program`]: a list of [`Op`]s, each a Boolean function of up to three slots, such that
//! every slot is written before it is read. Slot `n` is net `n`; further slots hold values inside wide cells, and the
//! last three are scratch for a gate that reads a faulty pin.
//! Cells are ordered depth first from the outputs, so that values are used soon after they are made.

use super::cells::{FlipFlop, Output};
use super::logic::Expr;
use super::{Cell, Direction, Net, Netlist, NetlistError, Pin};
use rustc_hash::FxHashMap;

/// Slots at the end for a gate that reads a faulty pin.
const SCRATCH: usize = 3;

/// Ops of a program, at the most: no real multiplier is near it.
const MAX_OPS: usize = 1 << 22;

/// A Boolean function of three slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    /// Its truth table: bit `a + 2b + 4c` is the result.
    pub table: u8,
    /// Input slots; those that the function does not depend on may be any.
    pub inputs: [u32; 3],
    /// Output slot.
    pub out: u32,
}

/// A flip-flop of the netlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flop {
    /// The net of its state, if connected.
    pub q: Option<Net>,
    /// The net of its inverted state, if connected.
    pub qn: Option<Net>,
    /// The net of its clock.
    pub clock: Net,
    /// Its cell, as an index into the netlist's cells.
    pub cell: u32,
    /// The slot that holds, after evaluation, its state after the next clock edge.
    pub next: u32,
}

/// A levelised netlist.
#[derive(Clone, Debug)]
pub struct Program {
    /// Functions in the order of evaluation.
    pub ops: Vec<Op>,
    /// Flip-flops; their state is a source of the evaluation.
    pub flops: Vec<Flop>,
    /// Number of slots.
    pub slots: usize,
    /// For each net, the op that writes it; `None` for inputs, constants and flip-flop outputs.
    pub writer: Vec<Option<u32>>,
    /// Which ops read a net through which input pin.
    reads: FxHashMap<Pin, Vec<Read>>,
}

/// An op that reads an input pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// The op, as an index into [`Program::ops`].
    pub op: u32,
    /// Which of its three inputs is the pin.
    pub input: u8,
}

impl Program {
    /// Orders the gates of a netlist.
    ///
    /// # Errors
    /// A combinational loop, naming its cells and one of its nets; or more ops than make sense.
    pub fn compile(netlist: &Netlist) -> Result<Self, NetlistError> {
        let order = order(netlist)?;
        let mut program = Self {
            ops: Vec::new(),
            flops: Vec::new(),
            slots: netlist.net_count(),
            writer: vec![None; netlist.net_count()],
            reads: FxHashMap::default(),
        };
        for (i, cell) in order.into_iter().map(|i| (i, &netlist.cells[i])) {
            let pins = Pins::of(i, cell);
            for (net, (_, output)) in cell.outputs.iter().zip(&cell.kind.outputs) {
                if let (Some(net), Output::Function(function)) = (net, output) {
                    program.emit(function, &pins, net.0);
                    program.check_size()?;
                    program.writer[net.index()] = Some(program.ops.len() as u32 - 1);
                }
            }
        }
        // Next states come last: they read nets and are read by nobody.
        for (i, cell) in netlist.cells.iter().enumerate() {
            let Some(flip_flop) = &cell.kind.flip_flop else { continue };
            let at = |wanted: Output| {
                let pin = cell.kind.outputs.iter().position(|(_, o)| *o == wanted);
                pin.and_then(|pin| cell.outputs[pin])
            };
            let next = program.new_slot();
            program.emit(&next_state(flip_flop), &Pins::of(i, cell), next);
            program.check_size()?;
            program.flops.push(Flop {
                q: at(Output::State),
                qn: at(Output::StateInverted),
                clock: cell.inputs[flip_flop.clock],
                cell: i as u32,
                next,
            });
        }
        program.slots += SCRATCH;
        Ok(program)
    }

    /// The ops that read the net through this input pin.
    pub fn reads(&self, pin: Pin) -> &[Read] {
        self.reads.get(&pin).map_or(&[], Vec::as_slice)
    }

    /// The first of the three scratch slots.
    pub fn scratch(&self) -> usize {
        self.slots - SCRATCH
    }

    /// Cells with long functions multiply.
    fn check_size(&self) -> Result<(), NetlistError> {
        if self.ops.len() > MAX_OPS {
            let what = format!("the functions of all cells need over {MAX_OPS} operations");
            return Err(NetlistError::Structure(what));
        }
        Ok(())
    }

    fn new_slot(&mut self) -> u32 {
        self.slots += 1;
        self.slots as u32 - 1
    }

    /// Emits ops that leave the value of `expr` in slot `out`.
    fn emit(&mut self, expr: &Expr, pins: &Pins, out: u32) {
        let used = expr.pins();
        if used.len() <= 3 {
            let table = (0..8_u8).fold(0, |table, row| {
                let pin =
                    |p: usize| used.iter().position(|u| *u == p).is_some_and(|i| row >> i & 1 == 1);
                table | u8::from(expr.value(&pin)) << row
            });
            for (input, pin) in used.iter().enumerate() {
                self.read(pins, *pin, input as u8);
            }
            let input = |i: usize| used.get(i).or(used.first()).map_or(0, |p| pins.nets[*p].0);
            self.ops.push(Op { table, inputs: [input(0), input(1), input(2)], out });
            return;
        }
        // A wide function is split at its root; inversions above the root go into its table.
        let (mut root, mut inverted) = (expr, false);
        while let Expr::Not(inner) = root {
            (root, inverted) = (inner, !inverted);
        }
        let (table, x, y) = match root {
            Expr::And(x, y) => (0x88, x, y),
            Expr::Or(x, y) => (0xee, x, y),
            Expr::Xor(x, y) => (0x66, x, y),
            Expr::Const(_) | Expr::Pin(_) | Expr::Not(_) => {
                unreachable!("a function of more than three pins has a binary operator")
            }
        };
        let (left, right) = (self.operand(x, pins), self.operand(y, pins));
        for (input, side) in [x, y].into_iter().enumerate() {
            if let Expr::Pin(pin) = **side {
                self.read(pins, pin, input as u8);
            }
        }
        let table = if inverted { !table } else { table };
        self.ops.push(Op { table, inputs: [left, right, left], out });
    }

    fn operand(&mut self, expr: &Expr, pins: &Pins) -> u32 {
        if let Expr::Pin(pin) = expr {
            return pins.nets[*pin].0;
        }
        let slot = self.new_slot();
        self.emit(expr, pins, slot);
        slot
    }

    /// Notes that the op that comes next reads this pin of the cell.
    fn read(&mut self, pins: &Pins, pin: usize, input: u8) {
        let pin = Pin { cell: pins.cell, pin: pin as u32 };
        self.reads.entry(pin).or_default().push(Read { op: self.ops.len() as u32, input });
    }
}

/// The input pins of a cell.
struct Pins<'n> {
    cell: u32,
    nets: &'n [Net],
}

impl<'n> Pins<'n> {
    fn of(index: usize, cell: &'n Cell) -> Self {
        Self { cell: index as u32, nets: &cell.inputs }
    }
}

/// The state after the clock edge, set and clear included.
fn next_state(flip_flop: &FlipFlop) -> Expr {
    let set = |next| match &flip_flop.preset {
        Some(preset) => Expr::Or(Box::new(preset.clone()), Box::new(next)),
        None => next,
    };
    let cleared = |next| match &flip_flop.clear {
        Some(clear) => Expr::And(Box::new(Expr::Not(Box::new(clear.clone()))), Box::new(next)),
        None => next,
    };
    let next = flip_flop.next.clone();
    if flip_flop.preset_wins { set(cleared(next)) } else { cleared(set(next)) }
}

/// The combinational cells, each after the cells that drive its inputs.
fn order(netlist: &Netlist) -> Result<Vec<usize>, NetlistError> {
    let mut driver = vec![None; netlist.net_count()];
    for (i, cell) in netlist.cells.iter().enumerate() {
        for (net, (_, output)) in cell.outputs.iter().zip(&cell.kind.outputs) {
            if let (Some(net), Output::Function(_)) = (net, output) {
                driver[net.index()] = Some(i);
            }
        }
    }
    // A gate waits for the pins that its functions look at. A flip-flop's other pins are sampled at the clock edge, so
    // they close no loop.
    let waits_for: Vec<Vec<Net>> = netlist.cells.iter().map(looked_at).collect();
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; netlist.cells.len()];
    let mut ordered = Vec::with_capacity(netlist.cells.len());
    let outputs = netlist.ports.iter().filter(|p| p.direction == Direction::Output);
    let from_outputs = outputs.flat_map(|p| &p.bits).filter_map(|n| driver[n.index()]);
    for root in from_outputs.chain(0..netlist.cells.len()) {
        // Depth first with an explicit stack: (cell, next input to look at).
        let mut stack = vec![(root, 0)];
        while let Some((cell, input)) = stack.pop() {
            if input == 0 {
                match marks[cell] {
                    Mark::Done => continue,
                    Mark::Open => return Err(combinational_loop(netlist, cell, &stack)),
                    Mark::New => marks[cell] = Mark::Open,
                }
            }
            match waits_for[cell].get(input) {
                None => {
                    marks[cell] = Mark::Done;
                    ordered.push(cell);
                }
                Some(net) => {
                    stack.push((cell, input + 1));
                    let next = driver[net.index()].filter(|next| marks[*next] != Mark::Done);
                    if let Some(next) = next {
                        stack.push((next, 0));
                    }
                }
            }
        }
    }
    Ok(ordered)
}

/// Cells of a loop that a message lists, at the most.
const LISTED_CELLS: usize = 20;

/// The nets that the cell's combinational outputs depend on.
fn looked_at(cell: &Cell) -> Vec<Net> {
    let functions = cell.kind.outputs.iter().filter_map(|(_, output)| match output {
        Output::Function(function) => Some(function.pins()),
        Output::State | Output::StateInverted => None,
    });
    let mut pins: Vec<usize> = functions.flatten().collect();
    pins.sort_unstable();
    pins.dedup();
    pins.into_iter().map(|pin| cell.inputs[pin]).collect()
}

/// The loop that is closed at `cell`; the cells on it are those of the stack since then.
fn combinational_loop(netlist: &Netlist, cell: usize, stack: &[(usize, usize)]) -> NetlistError {
    let begin = stack.iter().position(|(open, _)| *open == cell).unwrap_or(0);
    // The stack leads from a cell to one that drives it; signals run the other way.
    let on_loop = stack[begin..].iter().rev().map(|(cell, _)| &netlist.cells[*cell]);
    let names: Vec<&str> = on_loop.map(|c| c.name.as_str()).take(LISTED_CELLS).collect();
    let more = match (stack.len() - begin).saturating_sub(LISTED_CELLS) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let net = netlist.cells[cell].outputs.iter().flatten().next();
    let net = net.map_or("", |n| netlist.net_name(*n));
    NetlistError::Structure(format!(
        "a combinational loop goes through cells {}{more} and net {net}; break it with a flip-flop",
        names.join(", ")
    ))
}

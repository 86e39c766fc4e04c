//! A second opinion on every fault: a netlist evaluated net by net, from what each cell's functions say.
//!
//! It shares the readers of Verilog and Liberty with the crate, and what drives an input in a clock; not its order of evaluation,
//! truth tables, lanes, injections, clock edge, reset or folding. A value is asked for and not computed ahead: a net asks its
//! driver, and that its inputs, each through what a fault does to it.
#![allow(dead_code)] // Each test file uses its own part.

use std::cell::RefCell;
use stuckat::netlist::cells::Output;
use stuckat::netlist::logic::Expr;
use stuckat::netlist::ports::{Drive, Operation, RegisterPlace};
use stuckat::netlist::{Circuit, Effect, Fault, Net, Site, Stuck};
use stuckat::unit::{Answer, MulOp};

/// What a fault does to a value on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    To(bool),
    Inverted,
}

/// The unit.
pub struct Naive<'c> {
    circuit: &'c Circuit,
    faults: Vec<Fault>,
    /// For each net the cell and output that drive it.
    drivers: Vec<Option<(usize, usize)>>,
    /// What each cell's flip-flop holds; cells without one hold nothing.
    state: Vec<bool>,
    registers: Vec<Vec<bool>>,
    operations: u64,
}

/// One clock before its edge: values are found when they are asked for.
struct Clock<'n, 'c> {
    unit: &'n Naive<'c>,
    /// Nets that come from outside.
    given: Vec<Option<bool>>,
    /// The faults of this clock.
    changes: Vec<(Site, Change)>,
    known: RefCell<Vec<Option<bool>>>,
}

impl<'c> Naive<'c> {
    /// Just out of reset.
    pub fn new(circuit: &'c Circuit, faults: &[Fault]) -> Self {
        let netlist = circuit.netlist();
        let mut drivers = vec![None; netlist.net_count()];
        for (c, cell) in netlist.cells.iter().enumerate() {
            for (o, net) in cell.outputs.iter().enumerate() {
                if let Some(net) = net {
                    drivers[net.index()] = Some((c, o));
                }
            }
        }
        let mut unit = Self {
            circuit,
            faults: faults.to_vec(),
            drivers,
            state: vec![false; netlist.cells.len()],
            registers: Vec::new(),
            operations: 0,
        };
        unit.reset();
        unit
    }

    pub fn reset(&mut self) {
        self.operations = 0;
        self.state.fill(false);
        self.reset_registers();
        if let Some((net, active)) = self.circuit.reset() {
            let mut drives = self.circuit.idle_drives().to_vec();
            drives.iter_mut().filter(|d| d.0 == net).for_each(|d| d.1 = Drive::Value(active));
            self.clock(&drives, [0; 2], None, |_| ());
            self.reset_registers();
        }
        self.idle();
        self.idle();
    }

    fn reset_registers(&mut self) {
        let content = self.circuit.registers().iter().map(|register| match &register.place {
            RegisterPlace::Outside(r) => (0..r.q.len()).map(|i| r.reset >> i & 1 == 1).collect(),
            RegisterPlace::Inside(_) => Vec::new(),
        });
        self.registers = content.collect();
    }

    fn idle(&mut self) {
        self.clock(self.circuit.idle_drives(), [0; 2], None, |_| ());
    }

    /// What a division leaves in the registers that it writes.
    pub fn divided(&mut self, left: u64) {
        for (register, bits) in self.circuit.registers().iter().zip(&mut self.registers) {
            match &register.place {
                _ if !register.written_by_div => {}
                RegisterPlace::Outside(_) => {
                    bits.iter_mut().enumerate().for_each(|(i, bit)| *bit = left >> i & 1 == 1);
                }
                RegisterPlace::Inside(flops) => {
                    for (i, flop) in flops.iter().enumerate() {
                        let cell = self.circuit.program().flops[*flop].cell;
                        self.state[cell as usize] = left >> i & 1 == 1;
                    }
                }
            }
        }
    }

    pub fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        self.operations += 1;
        let circuit = self.circuit;
        let (first, later, answer_clock) = match circuit.operation(op) {
            Operation::Netlist { first, later, clock } => (first, later, *clock),
            Operation::Exact(cycles) => {
                return Answer::Done { value: op.product(rs1, rs2), cycles: *cycles };
            }
        };
        let mut answer = Answer::Never;
        for cycles in 1..=circuit.max_clocks() {
            let drives = if cycles == 1 { first } else { later };
            let flips = Some((self.operations, cycles));
            let seen = self.clock(drives, [rs1, rs2], flips, |clock| {
                let stands = circuit.valid_net().map_or(cycles == answer_clock, |v| clock.net(v));
                let bits = circuit.answer_nets(op).iter().enumerate();
                let value = || bits.fold(0, |v, (i, net)| v | u32::from(clock.net(*net)) << i);
                stands.then(value)
            });
            if let Some(value) = seen {
                answer = Answer::Done { value, cycles };
                break;
            }
        }
        self.idle();
        answer
    }

    /// One clock with its edge. `look` sees it before the edge.
    fn clock<T>(
        &mut self,
        drives: &[(Net, Drive)],
        operands: [u32; 2],
        now: Option<(u64, u32)>,
        look: impl FnOnce(&Clock<'_, 'c>) -> T,
    ) -> T {
        let netlist = self.circuit.netlist();
        let mut given = vec![None; netlist.net_count()];
        for (net, value) in netlist.constants() {
            given[net.index()] = Some(*value);
        }
        for (net, drive) in drives {
            given[net.index()] = Some(match drive {
                Drive::Value(value) => *value,
                Drive::Rs1(bit) => operands[0] >> bit & 1 == 1,
                Drive::Rs2(bit) => operands[1] >> bit & 1 == 1,
            });
        }
        for (register, bits) in self.circuit.registers().iter().zip(&self.registers) {
            if let RegisterPlace::Outside(r) = &register.place {
                r.q.iter().zip(bits).for_each(|(net, bit)| given[net.index()] = Some(*bit));
            }
        }
        let mut changes = Vec::new();
        for fault in &self.faults {
            let change = match fault.effect {
                Effect::Stuck(Stuck::At0) => Change::To(false),
                Effect::Stuck(Stuck::At1) => Change::To(true),
                Effect::Flip { operation, clock } if now == Some((operation, clock)) => {
                    Change::Inverted
                }
                Effect::Flip { .. } => continue,
            };
            // An output pin is the stem of its net.
            let site = match fault.site {
                Site::Pin(pin) => {
                    let cell = &netlist.cells[pin.cell as usize];
                    match (pin.pin as usize).checked_sub(cell.inputs.len()) {
                        Some(output) => Site::Net(cell.outputs[output].expect("it is connected")),
                        None => fault.site,
                    }
                }
                Site::Net(_) => fault.site,
            };
            changes.push((site, change));
        }
        let known = RefCell::new(vec![None; netlist.net_count()]);
        let clock = Clock { unit: self, given, changes, known };
        let seen = look(&clock);
        let state = (0..netlist.cells.len()).map(|cell| clock.next(cell)).collect();
        let mut registers = self.registers.clone();
        for (register, bits) in self.circuit.registers().iter().zip(&mut registers) {
            if let RegisterPlace::Outside(r) = &register.place
                && clock.net(r.write)
            {
                *bits = r.d.iter().map(|net| clock.net(*net)).collect();
            }
        }
        (self.state, self.registers) = (state, registers);
        seen
    }
}

impl Clock<'_, '_> {
    fn changed(&self, site: Site, mut value: bool) -> bool {
        let at = |kind: fn(&Change) -> bool| {
            self.changes.iter().filter(move |(s, change)| *s == site && kind(change))
        };
        for (_, change) in at(|c| matches!(c, Change::To(_))) {
            value = *change == Change::To(true);
        }
        at(|c| *c == Change::Inverted).for_each(|_| value = !value);
        value
    }

    /// What the readers of a net see.
    fn net(&self, net: Net) -> bool {
        let known = self.known.borrow()[net.index()];
        known.unwrap_or_else(|| {
            let value = self.changed(Site::Net(net), self.driven(net));
            self.known.borrow_mut()[net.index()] = Some(value);
            value
        })
    }

    fn driven(&self, net: Net) -> bool {
        let Some((cell, output)) = self.unit.drivers[net.index()] else {
            // The clock has no value of its own.
            return self.given[net.index()].unwrap_or(false);
        };
        match &self.unit.circuit.netlist().cells[cell].kind.outputs[output].1 {
            Output::Function(function) => self.value(cell, function),
            Output::State => self.unit.state[cell],
            Output::StateInverted => !self.unit.state[cell],
        }
    }

    /// A function of what a cell sees at its pins.
    fn value(&self, cell: usize, function: &Expr) -> bool {
        let netlist = self.unit.circuit.netlist();
        function.value(&|pin| {
            let here = stuckat::netlist::Pin { cell: cell as u32, pin: pin as u32 };
            self.changed(Site::Pin(here), self.net(netlist.cells[cell].inputs[pin]))
        })
    }

    /// What a cell's flip-flop holds after the edge. Without an edge at its clock pin it keeps what it has; set and clear act
    /// without one, and clear is stronger.
    fn next(&self, cell: usize) -> bool {
        let Some(kind) = &self.unit.circuit.netlist().cells[cell].kind.flip_flop else {
            return false;
        };
        let clock = stuckat::netlist::Pin { cell: cell as u32, pin: kind.clock as u32 };
        let held = self.changes.iter().any(|(site, _)| *site == Site::Pin(clock));
        let active = |expr: &Option<Expr>| expr.as_ref().is_some_and(|e| self.value(cell, e));
        if active(&kind.clear) {
            false
        } else if active(&kind.preset) {
            true
        } else if held {
            self.unit.state[cell]
        } else {
            self.value(cell, &kind.next)
        }
    }
}

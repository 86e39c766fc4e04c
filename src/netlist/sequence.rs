//! Folds a fault and an operation's control inputs into a straight program from operands to answer, over all its
//! clocks, and proves on the way that the faulty unit is a function of its operands alone.
//!
//! In: a [`Circuit`] and perhaps a [`Fault`]. Out: [`Sequences`], one per operation, or [`CarriesState`].
//!
//! The proof is an abstract evaluation. A slot is a known constant or a live value; a live value is tainted if it may
//! depend on what an earlier operation left in a register outside the netlist. The unit starts in its idle state.
//! If in every clock the "valid" output and the next state of every flip-flop are known constants, the register is
//! written or not for certain, no answer bit is tainted, and the idle clock after the answer leads back to the same
//! idle state, then the answer and its latency depend on the operands alone, whatever happened before: by
//! induction every operation starts in the idle state, and what the register holds then is not looked at. For such
//! a fault a memo or table of products is exact. Any other fault carries state, and is evaluated gate by gate.

use super::circuit::{Circuit, IDLE_CLOCKS_BETWEEN};
use super::eval::{BitOp, Lanes, pair_up, run, run_bits};
use super::gate_unit::injection;
use super::program::Op;
use super::{Fault, Net};
use crate::unit::MulOp;
use rustc_hash::FxHashMap;
use std::fmt;

/// Slots 0..32 are the bits of rs1, 32..64 those of rs2.
const OPERAND_SLOTS: usize = 64;

/// The faulty unit may carry something from one operation to the next, or its latency may depend on the operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CarriesState(&'static str);

impl fmt::Display for CarriesState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// An answer bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bit {
    Known(bool),
    Slot(u32),
}

/// One operation as a straight program.
#[derive(Clone, Debug)]
pub struct Sequence {
    ops: Vec<Op>,
    /// The same for single patterns.
    pairs: Vec<BitOp>,
    slots: usize,
    answer: [Bit; 32],
    cycles: Option<u32>,
}

impl Sequence {
    /// Clocks until the answer; `None` if there is never one.
    pub fn cycles(&self) -> Option<u32> {
        self.cycles
    }

    /// Evaluates it: `operands` are the 64 bit planes of rs1 and rs2, the answer 32 bit planes. `values` is scratch.
    pub fn evaluate<const N: usize>(
        &self,
        values: &mut Vec<Lanes<N>>,
        operands: &[Lanes<N>; OPERAND_SLOTS],
        answer: &mut [Lanes<N>; 32],
    ) {
        if values.len() < self.slots {
            values.resize(self.slots, [0; N]);
        }
        values[..OPERAND_SLOTS].copy_from_slice(operands);
        run(&self.ops, values);
        for (plane, bit) in answer.iter_mut().zip(&self.answer) {
            *plane = match bit {
                Bit::Known(value) => super::eval::splat(*value),
                Bit::Slot(slot) => values[*slot as usize],
            };
        }
    }

    /// Evaluates it for one pair of operands. `values` is scratch.
    pub fn evaluate_one(&self, values: &mut Vec<u8>, rs1: u32, rs2: u32) -> u32 {
        if values.len() < self.slots {
            values.resize(self.slots, 0);
        }
        let operands = u64::from(rs1) | u64::from(rs2) << 32;
        for (i, value) in values[..OPERAND_SLOTS].iter_mut().enumerate() {
            *value = (operands >> i & 1) as u8;
        }
        run_bits(&self.pairs, values);
        let bit = |bit: &Bit| match bit {
            Bit::Known(value) => u32::from(*value),
            Bit::Slot(slot) => u32::from(values[*slot as usize]),
        };
        self.answer.iter().enumerate().fold(0, |value, (i, b)| value | bit(b) << i)
    }
}

/// The four operations of a unit whose answers depend on the operands alone.
#[derive(Clone, Debug)]
pub struct Sequences {
    by_op: [Sequence; 4],
    sound_state: bool,
}

impl Sequences {
    /// Folds and proves.
    ///
    /// # Errors
    /// [`CarriesState`] with the obligation that failed.
    pub fn new(circuit: &Circuit, fault: Option<Fault>) -> Result<Self, CarriesState> {
        let idle = idle_state(circuit, fault);
        Folder::new(circuit, fault, idle.clone()).keeps_idle()?;
        let fold = |op: MulOp| Folder::new(circuit, fault, idle.clone()).operation(op);
        let [mul, mulh, mulhsu, mulhu] = MulOp::ALL.map(fold);
        let sound_state = fault.is_none() || idle == idle_state(circuit, None);
        Ok(Self { by_op: [mul?, mulh?, mulhsu?, mulhu?], sound_state })
    }

    /// Whether the flip-flops hold between operations what those of a sound unit hold. If not, every operation differs
    /// from golden in its next state, even if no answer does.
    pub fn sound_state(&self) -> bool {
        self.sound_state
    }

    /// The program of one operation.
    pub fn of(&self, op: MulOp) -> &Sequence {
        &self.by_op[op.index()]
    }
}

/// The flip-flops after reset and its idle clocks, simulated gate by gate.
fn idle_state(circuit: &Circuit, fault: Option<Fault>) -> Vec<bool> {
    let injections: Vec<_> = fault.into_iter().map(injection::<1>).collect();
    let state = circuit.reset_state(&mut circuit.new_values(), &injections);
    state.flops.iter().map(|lane| lane[0] & 1 == 1).collect()
}

/// What is known of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Abstract {
    Known(bool),
    Live(u32),
}

struct Folder<'c> {
    circuit: &'c Circuit,
    fault: Option<Fault>,
    idle: Vec<bool>,
    ops: Vec<Op>,
    /// For each live slot, whether it may depend on a register's old content.
    tainted: Vec<bool>,
    /// Functions that have been emitted, so that equal ones are emitted once.
    emitted: FxHashMap<(u8, [u32; 3]), u32>,
}

/// Flip-flops and registers between two clocks of an operation.
struct Between {
    flops: Vec<bool>,
    registers: Vec<Vec<Abstract>>,
}

impl<'c> Folder<'c> {
    fn new(circuit: &'c Circuit, fault: Option<Fault>, idle: Vec<bool>) -> Self {
        let tainted = vec![false; OPERAND_SLOTS];
        Self { circuit, fault, idle, ops: Vec::new(), tainted, emitted: FxHashMap::default() }
    }

    /// Idle clocks must keep the idle state, whatever the registers hold.
    fn keeps_idle(mut self) -> Result<(), CarriesState> {
        let state = Between { flops: self.idle.clone(), registers: self.leftovers() };
        if self.idle_clocks(&state)? == self.idle {
            Ok(())
        } else {
            Err(CarriesState("its idle state changes while it is idle"))
        }
    }

    fn operation(mut self, op: MulOp) -> Result<Sequence, CarriesState> {
        let circuit = self.circuit;
        let mut state = Between { flops: self.idle.clone(), registers: self.leftovers() };
        for clock in 1..=circuit.max_clocks() {
            let values = self.clock(circuit.operation_controls(op), &state, true);
            let valid = circuit.valid_net().map(|net| values[net.index()]);
            match valid.unwrap_or(Abstract::Known(true)) {
                Abstract::Known(false) => state = self.next_state(&values, state)?,
                Abstract::Live(_) => {
                    return Err(CarriesState("its latency depends on the operands"));
                }
                Abstract::Known(true) => {
                    let answer: Vec<Abstract> =
                        circuit.value_nets().iter().map(|net| values[net.index()]).collect();
                    if answer.iter().any(|bit| self.is_tainted(*bit)) {
                        return Err(CarriesState("an answer depends on an earlier operation"));
                    }
                    state = self.next_state(&values, state)?;
                    if self.idle_clocks(&state)? != self.idle {
                        return Err(CarriesState("an operation leaves it in another state"));
                    }
                    return Ok(self.finish(&answer, Some(clock)));
                }
            }
        }
        Ok(self.finish(&[Abstract::Known(false); 32], None))
    }

    /// Registers that hold anything: a tainted value of its own for each bit.
    fn leftovers(&mut self) -> Vec<Vec<Abstract>> {
        let registers = self.circuit.registers().iter();
        registers.map(|r| r.q.iter().map(|_| self.new_slot(true)).collect()).collect()
    }

    fn idle_clocks(&mut self, from: &Between) -> Result<Vec<bool>, CarriesState> {
        let mut flops = from.flops.clone();
        for _ in 0..IDLE_CLOCKS_BETWEEN {
            // What the registers hold by now is as unknown as what they held before.
            let registers = self.leftovers();
            let state = Between { flops, registers };
            let values = self.clock(self.circuit.idle_controls(), &state, false);
            flops = self.next_flops(&values)?;
        }
        Ok(flops)
    }

    fn next_flops(&self, values: &[Abstract]) -> Result<Vec<bool>, CarriesState> {
        let flops = self.circuit.program().flops.iter();
        flops
            .map(|flop| match values[flop.next as usize] {
                Abstract::Known(value) => Ok(value),
                Abstract::Live(_) => Err(CarriesState("its state depends on the operands")),
            })
            .collect()
    }

    fn next_state(&self, values: &[Abstract], old: Between) -> Result<Between, CarriesState> {
        let flops = self.next_flops(values)?;
        let mut registers = old.registers;
        for (register, bits) in self.circuit.registers().iter().zip(&mut registers) {
            match values[register.write.index()] {
                Abstract::Known(false) => {}
                Abstract::Known(true) => {
                    *bits = register.d.iter().map(|net| values[net.index()]).collect();
                }
                Abstract::Live(_) => {
                    return Err(CarriesState(
                        "whether it writes its register depends on the operands",
                    ));
                }
            }
        }
        Ok(Between { flops, registers })
    }

    /// Evaluates one clock abstractly; returns what is known of every slot of the circuit's program.
    fn clock(&mut self, controls: &[(Net, bool)], state: &Between, operate: bool) -> Vec<Abstract> {
        let circuit = self.circuit;
        let program = circuit.program();
        let mut values = vec![Abstract::Known(false); program.slots];
        let constants = circuit.netlist().constants().iter();
        for (net, value) in constants.chain(controls) {
            values[net.index()] = Abstract::Known(*value);
        }
        if operate {
            let (rs1, rs2) = circuit.operands();
            for (slot, net) in rs1.iter().chain(rs2).enumerate() {
                values[net.index()] = Abstract::Live(slot as u32);
            }
        }
        for (flop, value) in program.flops.iter().zip(&state.flops) {
            for (net, value) in
                flop.q.into_iter().zip([*value]).chain(flop.qn.into_iter().zip([!value]))
            {
                values[net.index()] = Abstract::Known(value);
            }
        }
        for (register, bits) in circuit.registers().iter().zip(&state.registers) {
            for (net, bit) in register.q.iter().zip(bits) {
                values[net.index()] = *bit;
            }
        }
        let stuck = self.fault.map(|f| (f.net.index(), Abstract::Known(f.stuck.value())));
        if let Some((net, value)) = stuck {
            values[net] = value;
        }
        for op in &program.ops {
            let inputs = op.inputs.map(|slot| values[slot as usize]);
            values[op.out as usize] = match stuck {
                Some((net, value)) if net == op.out as usize => value,
                _ => self.fold(op.table, inputs),
            };
        }
        values
    }

    fn new_slot(&mut self, tainted: bool) -> Abstract {
        self.tainted.push(tainted);
        Abstract::Live(self.tainted.len() as u32 - 1)
    }

    fn is_tainted(&self, value: Abstract) -> bool {
        matches!(value, Abstract::Live(slot) if self.tainted[slot as usize])
    }

    /// A function of what is known: a constant, one of its inputs, or a new op with fewer inputs.
    fn fold(&mut self, mut table: u8, inputs: [Abstract; 3]) -> Abstract {
        // Rows of the table in which input i is 0.
        const ZERO_ROWS: [u8; 3] = [0x55, 0x33, 0x0f];
        let mut slots = [None; 3];
        for (i, input) in inputs.into_iter().enumerate() {
            let shift = 1 << i;
            let (low, high) = (table & ZERO_ROWS[i], table >> shift & ZERO_ROWS[i]);
            let low_only = low | low << shift;
            match input {
                Abstract::Known(false) => table = low_only,
                Abstract::Known(true) => table = high | high << shift,
                // An input that the function does not look at.
                Abstract::Live(_) if low == high => table = low_only,
                Abstract::Live(slot) => slots[i] = Some(slot),
            }
        }
        // The same slot twice: only rows in which both agree can occur.
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            if slots[i].is_some() && slots[i] == slots[j] {
                let row = |r: u8| if r >> i & 1 == 1 { r | 1 << j } else { r & !(1 << j) };
                table = (0..8).fold(0, |t, r| t | (table >> row(r) & 1) << r);
                slots[j] = None;
            }
        }
        // The table no longer looks at inputs without a slot, and perhaps not at others either.
        for (i, slot) in slots.iter_mut().enumerate() {
            if table & ZERO_ROWS[i] == table >> (1 << i) & ZERO_ROWS[i] {
                *slot = None;
            }
        }
        match table {
            0x00 => return Abstract::Known(false),
            0xff => return Abstract::Known(true),
            _ => {}
        }
        let (table, inputs) = pack(table, slots);
        if table == 0xaa {
            return Abstract::Live(inputs[0]);
        }
        if let Some(slot) = self.emitted.get(&(table, inputs)) {
            return Abstract::Live(*slot);
        }
        let tainted = slots.iter().flatten().any(|slot| self.tainted[*slot as usize]);
        let out = self.new_slot(tainted);
        if let Abstract::Live(out) = out {
            self.ops.push(Op { table, inputs, out });
            self.emitted.insert((table, inputs), out);
        }
        out
    }

    /// Drops what the answer does not need and gives slots that are no longer needed to later values.
    fn finish(self, answer: &[Abstract], cycles: Option<u32>) -> Sequence {
        const NEVER: u32 = u32::MAX;
        let mut last_use = vec![NEVER; self.tainted.len()];
        let end = self.ops.len() as u32;
        for bit in answer {
            if let Abstract::Live(slot) = bit {
                last_use[*slot as usize] = end;
            }
        }
        let mut needed = vec![false; self.ops.len()];
        for (i, op) in self.ops.iter().enumerate().rev() {
            needed[i] = last_use[op.out as usize] != NEVER;
            if needed[i] {
                for slot in op.inputs {
                    let last = &mut last_use[slot as usize];
                    if *last == NEVER {
                        *last = i as u32;
                    }
                }
            }
        }
        let mut place: Vec<u32> = (0..self.tainted.len() as u32).collect();
        let mut free = Vec::new();
        let mut slots = OPERAND_SLOTS as u32;
        let mut ops = Vec::new();
        for (i, op) in self.ops.iter().enumerate().filter(|(i, _)| needed[*i]) {
            let inputs = op.inputs.map(|slot| place[slot as usize]);
            for (k, slot) in op.inputs.into_iter().enumerate() {
                let first = op.inputs[..k].iter().all(|other| *other != slot);
                if first && slot as usize >= OPERAND_SLOTS && last_use[slot as usize] == i as u32 {
                    free.push(place[slot as usize]);
                }
            }
            let out = free.pop().unwrap_or_else(|| {
                slots += 1;
                slots - 1
            });
            place[op.out as usize] = out;
            ops.push(Op { table: op.table, inputs, out });
        }
        let bit = |i: usize| match answer[i] {
            Abstract::Known(value) => Bit::Known(value),
            Abstract::Live(slot) => Bit::Slot(place[slot as usize]),
        };
        let answer = std::array::from_fn(bit);
        Sequence { pairs: pair_up(&ops), ops, slots: slots as usize, answer, cycles }
    }
}

/// Moves the inputs that a table looks at to the front, in ascending order of their slots; the table then ignores the
/// others, which repeat the first.
fn pack(table: u8, slots: [Option<u32>; 3]) -> (u8, [u32; 3]) {
    let mut used: Vec<(u32, usize)> =
        slots.iter().enumerate().filter_map(|(i, s)| s.map(|slot| (slot, i))).collect();
    used.sort_unstable();
    let packed = (0..8_u8).fold(0, |packed, row| {
        let old_row =
            used.iter().enumerate().fold(0, |r, (new, (_, old))| r | (row >> new & 1) << old);
        packed | (table >> old_row & 1) << row
    });
    let input = |i: usize| used.get(i).unwrap_or(&used[0]).0;
    (packed, [input(0), input(1), input(2)])
}

//! Folds a fault and an operation's control inputs into a straight program from operands to answer, over all its
//! clocks, and proves on the way that the faulty unit is a function of its operands alone.
//!
//! In: a [`Circuit`] and [`Fault`]s. Out: [`Sequences`], one per operation, or [`CarriesState`].
//!
//! The proof is an abstract evaluation ([`super::fold`]). A live value is tainted if it may
//! depend on what an earlier operation left in a register outside the netlist or in a data flip-flop inside. The unit starts in
//! its idle state. If in every clock the "valid" output and the next state of every control flip-flop are known constants, the
//! register outside is written or not for certain, no answer bit is tainted, and the idle clock after the answer leads back to
//! the same idle state, then the answer and its latency depend on the operands alone, whatever happened before: by
//! induction every operation starts in the idle state, and what the registers hold then is not looked at. For such
//! a fault a memo or table of products is exact. Any other fault carries state, and is evaluated gate by gate.

use super::circuit::Circuit;
use super::clocking::IDLE_CLOCKS_BETWEEN;
use super::eval::{BitOp, Lanes, pair_up, run, run_bits};
use super::fold::{Abstract, Folding};
use super::gate_unit::injections;
use super::ports::{Drive, Operation, RegisterPlace};
use super::program::Op;
use super::{Effect, Fault, Net, Site};
use crate::unit::MulOp;
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
    /// Other hardware does the operation, exactly; there is no program.
    exact: Option<MulOp>,
}

impl Sequence {
    /// Clocks until the answer; `None` if there is never one.
    pub fn cycles(&self) -> Option<u32> {
        self.cycles
    }

    /// The operation, if other hardware does it, exactly.
    pub fn exact(&self) -> Option<MulOp> {
        self.exact
    }

    /// Ops and slots of the straight program.
    pub fn size(&self) -> (usize, usize) {
        (self.ops.len(), self.slots)
    }

    /// Evaluates the program, which an exact operation does not have: `operands` are the 64 bit planes of rs1 and rs2, the answer 32 bit planes. `values` is scratch.
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
        if let Some(op) = self.exact {
            return op.product(rs1, rs2);
        }
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
    pub fn new(circuit: &Circuit, faults: &[Fault]) -> Result<Self, CarriesState> {
        for fault in faults {
            if let Effect::Flip { .. } = fault.effect {
                return Err(CarriesState("a flip is there once and then no more"));
            }
            if let Site::Pin(pin) = fault.site
                && circuit.clocked_by(pin).is_some()
            {
                return Err(CarriesState("a flip-flop has no clock"));
            }
        }
        let idle = idle_state(circuit, faults);
        let folder = || Folder::new(circuit, faults, idle.clone());
        folder().keeps_idle().map_err(Failure::carries_state)?;
        let fold = |op: MulOp| folder().operation(op).map_err(Failure::carries_state);
        let [mul, mulh, mulhsu, mulhu] = MulOp::ALL.map(fold);
        let control = |state: &[bool]| -> Vec<bool> {
            let flops = state.iter().zip(circuit.data_flops()).filter(|(_, data)| !**data);
            flops.map(|(value, _)| *value).collect()
        };
        let sound_state = faults.is_empty() || control(&idle) == control(&idle_state(circuit, &[]));
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
fn idle_state(circuit: &Circuit, faults: &[Fault]) -> Vec<bool> {
    let state = circuit.reset_state(&mut circuit.new_values(), &injections::<1>(faults));
    state.flops.iter().map(|lane| lane[0] & 1 == 1).collect()
}

/// Which flip-flops of a sound unit hold data: those whose state depends on operands at some time, or on such flip-flops.
pub(super) fn data_flops(circuit: &Circuit) -> Vec<bool> {
    let idle = idle_state(circuit, &[]);
    let mut data = circuit.data_flops().to_vec();
    loop {
        let folder = || Folder { data: data.clone(), ..Folder::new(circuit, &[], idle.clone()) };
        let idles = folder().keeps_idle().err();
        let mut failures =
            MulOp::ALL.into_iter().filter_map(|op| folder().operation(op).err()).chain(idles);
        let Some(flops) = failures.find_map(|failure| match failure {
            Failure::Flops(flops) => Some(flops),
            Failure::Other(_) => None,
        }) else {
            return data;
        };
        flops.into_iter().for_each(|flop| data[flop] = true);
    }
}

/// Why a fold ended without a program.
enum Failure {
    /// The next state of these control flip-flops is live.
    Flops(Vec<usize>),
    Other(&'static str),
}

impl Failure {
    fn carries_state(self) -> CarriesState {
        CarriesState(match self {
            Failure::Flops(_) => "its state depends on the operands",
            Failure::Other(what) => what,
        })
    }
}

type Folded<T> = Result<T, Failure>;

struct Folder<'c> {
    circuit: &'c Circuit,
    /// Stuck nets, and inputs of ops that read a stuck pin: (op, input), sorted.
    nets: Vec<(u32, bool)>,
    reads: Vec<((u32, u8), bool)>,
    idle: Vec<bool>,
    data: Vec<bool>,
    folding: Folding,
}

/// Flip-flops and registers between two clocks of an operation.
struct Between {
    flops: Vec<Abstract>,
    registers: Vec<Vec<Abstract>>,
}

impl<'c> Folder<'c> {
    fn new(circuit: &'c Circuit, faults: &[Fault], idle: Vec<bool>) -> Self {
        let mut folding = Folding::default();
        for _ in 0..OPERAND_SLOTS {
            folding.source(false);
        }
        let (mut nets, mut reads) = (Vec::new(), Vec::new());
        for fault in faults {
            let Effect::Stuck(stuck) = fault.effect else { continue };
            match fault.site.acts_at(circuit.netlist()) {
                Some(Site::Net(net)) => nets.push((net.0, stuck.value())),
                Some(Site::Pin(pin)) => {
                    let read = circuit.program().reads(pin).iter();
                    reads.extend(read.map(|r| ((r.op, r.input), stuck.value())));
                }
                None => {}
            }
        }
        reads.sort_unstable();
        let data = circuit.data_flops().to_vec();
        Self { circuit, nets, reads, idle, data, folding }
    }

    /// Idle clocks must keep the idle state, whatever the registers hold.
    fn keeps_idle(mut self) -> Folded<()> {
        let state = self.at_rest();
        if self.idle_clocks(&state)? {
            Ok(())
        } else {
            Err(Failure::Other("its idle state changes while it is idle"))
        }
    }

    fn operation(mut self, op: MulOp) -> Folded<Sequence> {
        let circuit = self.circuit;
        let (first, later, answer_clock) = match circuit.operation(op) {
            Operation::Netlist { first, later, clock } => (first, later, *clock),
            Operation::Exact(clocks) => {
                let nothing = self.finish(&[Abstract::Known(false); 32], Some(*clocks));
                return Ok(Sequence { exact: Some(op), ..nothing });
            }
        };
        let mut state = self.at_rest();
        for clock in 1..=circuit.max_clocks() {
            let values = self.clock(if clock == 1 { first } else { later }, &state);
            let valid = circuit.valid_net().map(|net| values[net.index()]);
            match valid.unwrap_or(Abstract::Known(clock == answer_clock)) {
                Abstract::Known(false) => state = self.next_state(&values, state)?,
                Abstract::Live(_) => {
                    return Err(Failure::Other("its latency depends on the operands"));
                }
                Abstract::Known(true) => {
                    let answer: Vec<Abstract> =
                        circuit.answer_nets(op).iter().map(|net| values[net.index()]).collect();
                    if answer.iter().any(|bit| self.folding.is_tainted(*bit)) {
                        return Err(Failure::Other("an answer depends on an earlier operation"));
                    }
                    state = self.next_state(&values, state)?;
                    if !self.idle_clocks(&state)? {
                        return Err(Failure::Other("an operation leaves it in another state"));
                    }
                    return Ok(self.finish(&answer, Some(clock)));
                }
            }
        }
        Ok(self.finish(&[Abstract::Known(false); 32], None))
    }

    /// The idle state; registers and data flip-flops hold anything: a tainted value of its own for each bit.
    fn at_rest(&mut self) -> Between {
        let known = self.idle.iter().map(|value| Abstract::Known(*value)).collect();
        self.forget(known)
    }

    /// The same control state, and registers and data flip-flops that hold anything.
    fn forget(&mut self, mut flops: Vec<Abstract>) -> Between {
        for (flop, data) in flops.iter_mut().zip(&self.data) {
            if *data {
                *flop = self.folding.source(true);
            }
        }
        let mut registers = Vec::new();
        for register in self.circuit.registers() {
            registers.push(match &register.place {
                RegisterPlace::Outside(r) => {
                    r.q.iter().map(|_| self.folding.source(true)).collect()
                }
                RegisterPlace::Inside(_) => Vec::new(),
            });
        }
        Between { flops, registers }
    }

    /// Whether the idle clocks between operations lead to the idle state.
    fn idle_clocks(&mut self, from: &Between) -> Folded<bool> {
        let mut flops = from.flops.clone();
        for _ in 0..IDLE_CLOCKS_BETWEEN {
            // What the registers hold by now is as unknown as what they held before.
            let state = self.forget(flops);
            let values = self.clock(self.circuit.idle_drives(), &state);
            flops = self.next_flops(&values)?;
        }
        let mut flops = flops.iter().zip(&self.idle).zip(&self.data);
        Ok(flops.all(|((now, idle), data)| *data || *now == Abstract::Known(*idle)))
    }

    fn next_flops(&self, values: &[Abstract]) -> Folded<Vec<Abstract>> {
        let flops = self.circuit.program().flops.iter();
        let next: Vec<Abstract> = flops.map(|flop| values[flop.next as usize]).collect();
        let live = next.iter().zip(&self.data).enumerate();
        let live = live.filter(|(_, (next, data))| matches!(next, Abstract::Live(_)) && !**data);
        let live: Vec<usize> = live.map(|(i, _)| i).collect();
        if live.is_empty() { Ok(next) } else { Err(Failure::Flops(live)) }
    }

    fn next_state(&self, values: &[Abstract], old: Between) -> Folded<Between> {
        let flops = self.next_flops(values)?;
        let mut registers = old.registers;
        for (register, bits) in self.circuit.registers().iter().zip(&mut registers) {
            let RegisterPlace::Outside(register) = &register.place else { continue };
            match values[register.write.index()] {
                Abstract::Known(false) => {}
                Abstract::Known(true) => {
                    *bits = register.d.iter().map(|net| values[net.index()]).collect();
                }
                Abstract::Live(_) => {
                    return Err(Failure::Other(
                        "whether it writes its register depends on the operands",
                    ));
                }
            }
        }
        Ok(Between { flops, registers })
    }

    /// Evaluates one clock abstractly; returns what is known of every slot of the circuit's program.
    fn clock(&mut self, drives: &[(Net, Drive)], state: &Between) -> Vec<Abstract> {
        let circuit = self.circuit;
        let program = circuit.program();
        let mut values = vec![Abstract::Known(false); program.slots];
        for (net, value) in circuit.netlist().constants() {
            values[net.index()] = Abstract::Known(*value);
        }
        for (net, drive) in drives {
            values[net.index()] = match drive {
                Drive::Value(value) => Abstract::Known(*value),
                Drive::Rs1(bit) => Abstract::Live(u32::from(*bit)),
                Drive::Rs2(bit) => Abstract::Live(32 + u32::from(*bit)),
            };
        }
        for (flop, value) in program.flops.iter().zip(&state.flops) {
            if let Some(q) = flop.q {
                values[q.index()] = *value;
            }
            if let Some(qn) = flop.qn {
                values[qn.index()] = self.folding.fold(0x55, [*value; 3]);
            }
        }
        for (register, bits) in circuit.registers().iter().zip(&state.registers) {
            if let RegisterPlace::Outside(register) = &register.place {
                for (net, bit) in register.q.iter().zip(bits) {
                    values[net.index()] = *bit;
                }
            }
        }
        for (net, value) in &self.nets {
            values[*net as usize] = Abstract::Known(*value);
        }
        let mut reads = self.reads.iter().peekable();
        for (i, op) in program.ops.iter().enumerate() {
            let mut inputs = op.inputs.map(|slot| values[slot as usize]);
            while let Some(((_, input), value)) = reads.next_if(|((op, _), _)| *op as usize == i) {
                inputs[usize::from(*input)] = Abstract::Known(*value);
            }
            let stuck = self.nets.iter().find(|(net, _)| *net == op.out);
            values[op.out as usize] = match stuck {
                Some((_, value)) => Abstract::Known(*value),
                None => self.folding.fold(op.table, inputs),
            };
        }
        values
    }

    /// Drops what the answer does not need and gives slots that are no longer needed to later values.
    fn finish(self, answer: &[Abstract], cycles: Option<u32>) -> Sequence {
        const NEVER: u32 = u32::MAX;
        let mut last_use = vec![NEVER; self.folding.slots()];
        let end = self.folding.ops.len() as u32;
        for bit in answer {
            if let Abstract::Live(slot) = bit {
                last_use[*slot as usize] = end;
            }
        }
        let mut needed = vec![false; self.folding.ops.len()];
        for (i, op) in self.folding.ops.iter().enumerate().rev() {
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
        let mut place: Vec<u32> = (0..self.folding.slots() as u32).collect();
        let mut free = Vec::new();
        let mut slots = OPERAND_SLOTS as u32;
        let mut ops = Vec::new();
        for (i, op) in self.folding.ops.iter().enumerate().filter(|(i, _)| needed[*i]) {
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
        let slots = slots as usize;
        Sequence { pairs: pair_up(&ops), ops, slots, answer, cycles, exact: None }
    }
}

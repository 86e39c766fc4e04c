//! Unrolls an operation over its clocks by abstract evaluation, and sees on the way whether the unit's state stays what it is.
//!
//! In: a [`Circuit`], permanent faults, what is known of the operands. Out: for every clock what is known of every slot, and the
//! straight program that computes the live ones. Obligations that fail are [`Failure`]s; what they mean is in
//! [`super::sequence`].

use super::circuit::Circuit;
use super::clocking::IDLE_CLOCKS_BETWEEN;
use super::fold::{Abstract, Folding};
use super::gate_unit::injections;
use super::ports::{Drive, Operation, RegisterPlace};
use super::{Effect, Fault, Net, Site};
use crate::unit::MulOp;

/// Bits of the two operands.
pub(super) const OPERAND_BITS: usize = 64;

/// The flip-flops after reset and its idle clocks, simulated gate by gate.
pub(super) fn idle_state(circuit: &Circuit, faults: &[Fault]) -> Vec<bool> {
    let state = circuit.reset_state(&mut circuit.new_values(), &injections::<1>(faults));
    state.flops.iter().map(|lane| lane[0] & 1 == 1).collect()
}

/// Which flip-flops of a sound unit hold data: those whose state depends on operands at some time, or on such flip-flops.
pub(super) fn data_flops(circuit: &Circuit) -> Vec<bool> {
    let idle = idle_state(circuit, &[]);
    let mut data = circuit.data_flops().to_vec();
    loop {
        let unroller =
            || Unroller { data: data.clone(), ..Unroller::new(circuit, &[], idle.clone()) };
        let idles = unroller().keeps_idle().err();
        let mut failures =
            MulOp::ALL.into_iter().filter_map(|op| unroller().operation(op).err()).chain(idles);
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
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// The next state of these control flip-flops is live.
    Flops(Vec<usize>),
    /// Something else that the proof needs does not hold.
    Other(&'static str),
}

pub(super) type Folded<T> = Result<T, Failure>;

/// An operation over all its clocks.
#[derive(Default)]
pub(super) struct Unrolled {
    /// For each clock what is known of every slot of the circuit's program.
    pub clocks: Vec<Vec<Abstract>>,
    /// The answer, bit 0 first; empty if there is none.
    pub answer: Vec<Abstract>,
}

/// Evaluates a circuit abstractly.
pub(super) struct Unroller<'c> {
    circuit: &'c Circuit,
    /// Stuck nets, and inputs of ops that read a stuck pin: (op, input), sorted.
    nets: Vec<(u32, bool)>,
    reads: Vec<((u32, u8), bool)>,
    idle: Vec<bool>,
    data: Vec<bool>,
    /// What is known of each operand bit: rs1's, then rs2's.
    operands: Vec<Abstract>,
    /// The program as it grows.
    pub folding: Folding,
}

/// Flip-flops and registers between two clocks of an operation.
struct Between {
    flops: Vec<Abstract>,
    registers: Vec<Vec<Abstract>>,
}

impl<'c> Unroller<'c> {
    /// Operands that can be anything: their bits are the first slots.
    pub fn new(circuit: &'c Circuit, faults: &[Fault], idle: Vec<bool>) -> Self {
        let mut folding = Folding::default();
        let operands = (0..OPERAND_BITS).map(|_| folding.source(false)).collect();
        Self::with_operands(circuit, faults, idle, operands, folding)
    }

    /// Operands of which this is known.
    pub fn with_operands(
        circuit: &'c Circuit,
        faults: &[Fault],
        idle: Vec<bool>,
        operands: Vec<Abstract>,
        folding: Folding,
    ) -> Self {
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
        Self { circuit, nets, reads, idle, data, operands, folding }
    }

    /// Idle clocks must keep the idle state, whatever the registers hold.
    pub fn keeps_idle(mut self) -> Folded<()> {
        let state = self.at_rest();
        if self.idle_clocks(&state)? {
            Ok(())
        } else {
            Err(Failure::Other("its idle state changes while it is idle"))
        }
    }

    /// An operation; `None` if the netlist does not do it.
    pub fn operation(&mut self, op: MulOp) -> Folded<Option<Unrolled>> {
        let Operation::Netlist { first, later, clock: answer_clock } = self.circuit.operation(op)
        else {
            return Ok(None);
        };
        let circuit = self.circuit;
        let mut state = self.at_rest();
        let mut clocks = Vec::new();
        for clock in 1..=circuit.max_clocks() {
            let values = self.clock(if clock == 1 { first } else { later }, &state);
            let valid = circuit.valid_net().map(|net| values[net.index()]);
            match valid.unwrap_or(Abstract::Known(clock == *answer_clock)) {
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
                    clocks.push(values);
                    return Ok(Some(Unrolled { clocks, answer }));
                }
            }
            clocks.push(values);
        }
        Ok(Some(Unrolled { clocks, answer: Vec::new() }))
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
                Drive::Rs1(bit) => self.operands[usize::from(*bit)],
                Drive::Rs2(bit) => self.operands[32 + usize::from(*bit)],
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
}

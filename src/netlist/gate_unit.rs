//! The multiplier evaluated gate by gate, clock by clock: the truth that every faster way must equal.
//!
//! An operation holds its operands and control inputs until the unit says that the answer stands; then the unit has
//! one idle clock before the next operation. A stuck-at fault is present from before reset, in every clock; a flip in its one
//! clock. An operation that other hardware does (`[exact]`) leaves the unit as it is.

use super::circuit::Circuit;
use super::clocking::{IDLE_CLOCKS_BETWEEN, State};
use super::eval::{Injection, Lanes, splat};
use super::ports::Operation;
use super::{Effect, Fault};
use crate::unit::{self, Answer, Counts, ForeignState, Form, Inline, MulOp, Unit};
use std::sync::Arc;

/// The slow unit.
#[derive(Clone, Debug)]
pub struct GateUnit {
    circuit: Arc<Circuit>,
    stuck: Vec<Injection<1>>,
    /// Transient faults: operation and clock, counted from 1.
    flips: Vec<((u64, u32), Injection<1>)>,
    values: Vec<Lanes<1>>,
    state: State<1>,
    /// The flip-flops of a fault-free unit between operations.
    sound: Vec<Lanes<1>>,
    counts: Counts,
}

/// The permanent faults as injections into all lanes.
pub fn injections<const N: usize>(faults: &[Fault]) -> Vec<Injection<N>> {
    let stuck = faults.iter().filter(|f| matches!(f.effect, Effect::Stuck(_)));
    stuck.map(|f| Injection::new(*f, splat(true))).collect()
}

impl GateUnit {
    /// A unit with these faults (none for a sound one), just out of reset.
    pub fn new(circuit: Arc<Circuit>, faults: &[Fault]) -> Self {
        let mut values = circuit.new_values();
        let sound = circuit.reset_state(&mut values, &[]).flops;
        let stuck = injections(faults);
        let flip = |f: &Fault| match f.effect {
            Effect::Stuck(_) => None,
            Effect::Flip { operation, clock } => {
                Some(((operation, clock), Injection::new(*f, splat(true))))
            }
        };
        let flips = faults.iter().filter_map(flip).collect();
        let mut values = circuit.new_values();
        let state = circuit.reset_state(&mut values, &stuck);
        let counts = Counts::default();
        Self { circuit, stuck, flips, values, state, sound, counts }
    }

    /// One operation, uncounted. `each_clock` is shown the values of all nets at the end of every clock of the operation.
    pub fn operate(
        &mut self,
        op: MulOp,
        rs1: u32,
        rs2: u32,
        mut each_clock: impl FnMut(u32, &[Lanes<1>]),
    ) -> Answer {
        let circuit = &self.circuit;
        let (first, later, answer_clock) = match circuit.operation(op) {
            Operation::Netlist { first, later, clock } => (first, later, *clock),
            Operation::Exact(clocks) => {
                return Answer::Done { value: op.product(rs1, rs2), cycles: *clocks };
            }
        };
        let operands = u64::from(rs1) | u64::from(rs2) << 32;
        let number = self.counts.muls + 1;
        let mut answer = Answer::Never;
        for clock in 1..=circuit.max_clocks() {
            let mut injections = std::borrow::Cow::Borrowed(self.stuck.as_slice());
            let due = self.flips.iter().filter(|(when, _)| *when == (number, clock));
            due.for_each(|(_, flip)| injections.to_mut().push(*flip));
            let drives = if clock == 1 { first } else { later };
            let operand = |bit: usize| splat(operands >> bit & 1 == 1);
            circuit.settle(&mut self.values, drives, operand, &self.state, &injections);
            circuit.clock_edge(&self.values, &mut self.state, &injections);
            each_clock(clock, &self.values);
            let bit = |net: super::Net| self.values[net.index()][0] & 1;
            if circuit.valid_net().map_or(clock == answer_clock, |net| bit(net) == 1) {
                let nets = circuit.answer_nets(op).iter().enumerate();
                let value = nets.fold(0, |v, (i, net)| v | (bit(*net) as u32) << i);
                answer = Answer::Done { value, cycles: clock };
                break;
            }
        }
        for _ in 0..IDLE_CLOCKS_BETWEEN {
            circuit.idle_clock(&mut self.values, &mut self.state, &self.stuck);
        }
        answer
    }

    /// A sound unit whose data registers hold what this one's do, and whose control is idle: what this unit would be had nothing gone wrong
    /// in control so far.
    pub fn sound_twin(&self) -> Self {
        let mut twin = Self { stuck: Vec::new(), flips: Vec::new(), ..self.clone() };
        let data = self.circuit.data_flops().iter();
        for ((flop, sound), data) in twin.state.flops.iter_mut().zip(&self.sound).zip(data) {
            if !data {
                *flop = *sound;
            }
        }
        twin
    }

    /// One more clock without an operation.
    pub fn idle(&mut self) {
        self.circuit.idle_clock(&mut self.values, &mut self.state, &self.stuck);
    }
}

impl Unit for GateUnit {
    fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        let answer = self.operate(op, rs1, rs2, |_, _| ());
        self.counts.muls += 1;
        let (right, in_time) = match answer {
            Answer::Done { value, cycles } => {
                (value == op.product(rs1, rs2), cycles == self.circuit.latency().of(op))
            }
            Answer::Never => (false, false),
        };
        if !right {
            self.counts.wrong += 1;
        }
        let data = self.circuit.data_flops().iter();
        let flops = self.state.flops.iter().zip(&self.sound).zip(data);
        let mut control = flops.filter(|(_, data)| !**data).map(|(flops, _)| flops);
        if !right || !in_time || !control.all(|(a, b)| (a[0] ^ b[0]) & 1 == 0) {
            self.counts.differing += 1;
        }
        answer
    }

    fn outside(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        self.counts.outside(op, rs1, rs2, self.circuit.latency().of(op))
    }

    fn max_cycles(&self) -> u32 {
        let exact = MulOp::ALL.map(|op| match self.circuit.operation(op) {
            Operation::Exact(clocks) => *clocks,
            Operation::Netlist { .. } => 0,
        });
        exact.into_iter().fold(self.circuit.max_clocks(), u32::max)
    }

    fn divided(&mut self, left: u64) {
        self.circuit.divided(&mut self.state, left);
    }

    fn reset(&mut self) {
        self.state = self.circuit.reset_state(&mut self.values, &self.stuck);
        self.counts = Counts::default();
    }

    fn counts(&self) -> Counts {
        self.counts
    }

    fn save(&self) -> unit::State {
        let lanes = self.state.flops.iter().chain(self.state.registers.iter().flatten());
        unit::State { counts: self.counts, bits: lanes.map(|lanes| lanes[0] & 1 == 1).collect() }
    }

    fn restore(&mut self, saved: &unit::State) -> Result<(), ForeignState> {
        let mut state = self.circuit.reset_state(&mut self.values, &self.stuck);
        let lanes = state.flops.iter_mut().chain(state.registers.iter_mut().flatten());
        let lanes: Vec<&mut Lanes<1>> = lanes.collect();
        if !saved.bits.is_empty() && saved.bits.len() != lanes.len() {
            return Err(ForeignState { saved: saved.bits.len(), own: lanes.len() });
        }
        for (lanes, bit) in lanes.into_iter().zip(&saved.bits) {
            *lanes = splat(*bit);
        }
        self.state = state;
        self.counts = saved.counts;
        Ok(())
    }

    fn inline(&self) -> Inline<'_> {
        // In place only what is out of scope.
        Inline { latency: Some(self.circuit.latency()), form: Form::Asked }
    }

    fn count(&mut self, done: Counts) {
        self.counts.add(done);
    }
}

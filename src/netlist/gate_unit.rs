//! The multiplier evaluated gate by gate, clock by clock: the truth that every faster way must equal.
//!
//! An operation holds its operands and control inputs until the unit says that the answer stands; then the unit has
//! one idle clock before the next operation. A fault is present from before reset, in every clock.

use super::circuit::{Circuit, IDLE_CLOCKS_BETWEEN, State};
use super::eval::{Injection, Lanes, evaluate};
use super::{Fault, Stuck};
use crate::unit::{Answer, Counts, MulOp, Tuple, Unit};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// The slow unit.
#[derive(Clone, Debug)]
pub struct GateUnit {
    circuit: Arc<Circuit>,
    injections: Vec<Injection<1>>,
    values: Vec<Lanes<1>>,
    state: State<1>,
    /// The flip-flops of a fault-free unit between operations.
    sound: Vec<Lanes<1>>,
    counts: Counts,
    wrong: FxHashSet<Tuple>,
}

/// A fault as an injection into all lanes.
pub fn injection<const N: usize>(fault: Fault) -> Injection<N> {
    let mask = |stuck: Stuck| super::eval::splat(fault.stuck == stuck);
    Injection { net: fault.net, at0: mask(Stuck::At0), at1: mask(Stuck::At1) }
}

impl GateUnit {
    /// A unit with these faults (none for a sound one), just out of reset.
    pub fn new(circuit: Arc<Circuit>, faults: &[Fault]) -> Self {
        let mut values = circuit.new_values();
        let sound = circuit.reset_state(&mut values, &[]).flops;
        let injections: Vec<_> = faults.iter().map(|f| injection(*f)).collect();
        let mut values = circuit.new_values();
        let state = circuit.reset_state(&mut values, &injections);
        let (counts, wrong) = (Counts::default(), FxHashSet::default());
        Self { circuit, injections, values, state, sound, counts, wrong }
    }

    /// One operation, uncounted.
    fn operate(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        let circuit = &self.circuit;
        let (rs1_nets, rs2_nets) = circuit.operands();
        let mut answer = Answer::Never;
        for clock in 1..=circuit.max_clocks() {
            for (i, net) in rs1_nets.iter().enumerate() {
                self.values[net.index()] = [u64::from(rs1 >> i & 1)];
            }
            for (i, net) in rs2_nets.iter().enumerate() {
                self.values[net.index()] = [u64::from(rs2 >> i & 1)];
            }
            circuit.set_sources(&mut self.values, circuit.operation_controls(op), &self.state);
            evaluate(circuit.program(), &mut self.values, &self.injections);
            circuit.clock_edge(&self.values, &mut self.state);
            let bit = |net: super::Net| self.values[net.index()][0] & 1;
            if circuit.valid_net().is_none_or(|net| bit(net) == 1) {
                let nets = circuit.value_nets().iter().enumerate();
                let value = nets.fold(0, |v, (i, net)| v | (bit(*net) as u32) << i);
                answer = Answer::Done { value, cycles: clock };
                break;
            }
        }
        for _ in 0..IDLE_CLOCKS_BETWEEN {
            circuit.idle_clock(&mut self.values, &mut self.state, &self.injections);
        }
        answer
    }
}

impl Unit for GateUnit {
    fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        let answer = self.operate(op, rs1, rs2);
        self.counts.muls += 1;
        let (right, in_time) = match answer {
            Answer::Done { value, cycles } => {
                (value == op.product(rs1, rs2), cycles == self.circuit.latency().of(op))
            }
            Answer::Never => (false, false),
        };
        if !right {
            self.counts.wrong += 1;
            self.counts.distinct_wrong += u64::from(self.wrong.insert(Tuple { op, rs1, rs2 }));
        }
        let same_state = |(a, b): (&Lanes<1>, &Lanes<1>)| (a[0] ^ b[0]) & 1 == 0;
        if !right || !in_time || !self.state.flops.iter().zip(&self.sound).all(same_state) {
            self.counts.differing += 1;
        }
        answer
    }

    fn max_cycles(&self) -> u32 {
        self.circuit.max_clocks()
    }

    fn divided(&mut self, left: u64) {
        for (register, bits) in self.circuit.registers().iter().zip(&mut self.state.registers) {
            if register.written_by_div {
                for (i, bit) in bits.iter_mut().enumerate() {
                    *bit = [u64::from(i < 64 && left >> i & 1 == 1)];
                }
            }
        }
    }

    fn reset(&mut self) {
        self.state = self.circuit.reset_state(&mut self.values, &self.injections);
        self.counts = Counts::default();
        self.wrong.clear();
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}

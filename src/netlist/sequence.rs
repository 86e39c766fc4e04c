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
use super::eval::{BitOp, Lanes, pair_up, run, run_bits};
use super::fold::{Abstract, Folding};
use super::graph::{Graph, Literal};
use super::plan::Placed;
use super::ports::Operation;
use super::program::Op;
use super::unroll::{Failure, OPERAND_BITS, Unrolled, Unroller, idle_state};
use super::words::{Place, Word};
use super::{Effect, Fault, Site};
use crate::unit::MulOp;
use std::fmt;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    ops: Vec<Op>,
    /// The same for single patterns.
    pairs: Vec<BitOp>,
    slots: usize,
    answer: [Bit; 32],
    cycles: Option<u32>,
    /// Other hardware does the operation, exactly; there is no program.
    exact: Option<MulOp>,
    /// For each word of the sound unit its bits that are there: the bit, and the op that makes it.
    words: Vec<Vec<(u8, u32)>>,
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
        operands: &[Lanes<N>; OPERAND_BITS],
        answer: &mut [Lanes<N>; 32],
    ) {
        if values.len() < self.slots {
            values.resize(self.slots, [0; N]);
        }
        values[..OPERAND_BITS].copy_from_slice(operands);
        run(&self.ops, values);
        for (plane, bit) in answer.iter_mut().zip(&self.answer) {
            *plane = match bit {
                Bit::Known(value) => super::eval::splat(*value),
                Bit::Slot(slot) => values[*slot as usize],
            };
        }
    }

    /// The program as a graph, and what it gives for each bit of the answer.
    /// Also the words of the sound unit, as far as their bits are there: the bit, ascending, and its node.
    pub(super) fn graph(&self) -> (Graph, [Literal; 32], Vec<Vec<Placed>>) {
        self.graph_with(None)
    }

    /// The same where one operand is known: 0 for rs1 or 1 for rs2, and its value.
    pub(super) fn graph_with(
        &self,
        known: Option<(usize, u32)>,
    ) -> (Graph, [Literal; 32], Vec<Vec<Placed>>) {
        let (graph, outs, values) = Graph::with_known(&self.ops, self.slots, known);
        let bit = |(i, op): &(u8, u32)| match outs[*op as usize] {
            Literal::Of(node, inverted) if graph.nodes[node as usize].arity > 0 => {
                Some(Placed { bit: u32::from(*i), node, inverted })
            }
            _ => None,
        };
        let words = self.words.iter().map(|word| word.iter().filter_map(bit).collect()).collect();
        let answer = self.answer.map(|bit| match bit {
            Bit::Known(value) => Literal::Known(value),
            Bit::Slot(slot) => values[slot as usize],
        });
        (graph, answer, words)
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
        for (i, value) in values[..OPERAND_BITS].iter_mut().enumerate() {
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
        let unroller = || Unroller::new(circuit, faults, idle.clone());
        unroller().keeps_idle().map_err(CarriesState::from)?;
        let fold = |op: MulOp| -> Result<Sequence, CarriesState> {
            let mut unroller = unroller();
            let unrolled = unroller.operation(op)?;
            Ok(match (unrolled, circuit.operation(op)) {
                (Some(unrolled), _) => {
                    let cycles = unrolled.clocks.len() as u32;
                    let cycles = (!unrolled.answer.is_empty()).then_some(cycles);
                    let words = circuit.words(op);
                    Sequence::of(&unroller.folding, &unrolled, words, cycles)
                }
                (None, Operation::Exact(clocks)) => Sequence::exactly(op, *clocks),
                (None, Operation::Netlist { .. }) => unreachable!("the netlist does it"),
            })
        };
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

impl From<Failure> for CarriesState {
    fn from(failure: Failure) -> Self {
        Self(match failure {
            Failure::Flops(_) => "its state depends on the operands",
            Failure::Other(what) => what,
        })
    }
}

impl Sequence {
    /// An operation that other hardware does.
    fn exactly(op: MulOp, clocks: u32) -> Self {
        Self {
            exact: Some(op),
            ..Self::of(&Folding::default(), &Unrolled::default(), &[], Some(clocks))
        }
    }

    /// Drops what the answer does not need and gives slots that are no longer needed to later values.
    fn of(folding: &Folding, unrolled: &Unrolled, words: &[Word], cycles: Option<u32>) -> Self {
        const NEVER: u32 = u32::MAX;
        let answer = &unrolled.answer;
        let mut last_use = vec![NEVER; folding.slots()];
        let end = folding.ops.len() as u32;
        for bit in answer {
            if let Abstract::Live(slot) = bit {
                last_use[*slot as usize] = end;
            }
        }
        let mut needed = vec![false; folding.ops.len()];
        for (i, op) in folding.ops.iter().enumerate().rev() {
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
        let mut place: Vec<u32> = (0..folding.slots() as u32).collect();
        let mut free = Vec::new();
        let mut slots = OPERAND_BITS as u32;
        let mut ops = Vec::new();
        // The op that makes a slot.
        let mut makers = vec![NEVER; folding.slots()];
        for (i, op) in folding.ops.iter().enumerate().filter(|(i, _)| needed[*i]) {
            let inputs = op.inputs.map(|slot| place[slot as usize]);
            for (k, slot) in op.inputs.into_iter().enumerate() {
                let first = op.inputs[..k].iter().all(|other| *other != slot);
                if first && slot as usize >= OPERAND_BITS && last_use[slot as usize] == i as u32 {
                    free.push(place[slot as usize]);
                }
            }
            let out = free.pop().unwrap_or_else(|| {
                slots += 1;
                slots - 1
            });
            place[op.out as usize] = out;
            makers[op.out as usize] = ops.len() as u32;
            ops.push(Op { table: op.table, inputs, out });
        }
        let bit = |i: usize| match answer.get(i) {
            None => Bit::Known(false),
            Some(Abstract::Known(value)) => Bit::Known(*value),
            Some(Abstract::Live(slot)) => Bit::Slot(place[*slot as usize]),
        };
        let answer = std::array::from_fn(bit);
        let slots = slots as usize;
        let made =
            |(i, (clock, net)): &(u32, Place)| match unrolled.clocks.get(*clock)?[*net as usize] {
                Abstract::Live(slot) if makers[slot as usize] != NEVER => {
                    Some((*i as u8, makers[slot as usize]))
                }
                _ => None,
            };
        let words = words.iter().map(|word| word.0.iter().filter_map(made).collect()).collect();
        Sequence { pairs: pair_up(&ops), ops, slots, answer, cycles, exact: None, words }
    }
}

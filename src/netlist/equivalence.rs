//! Whether the fault-free netlist multiplies.
//!
//! In: a [`Circuit`], how many random pairs, a seed. Out: an [`Equivalence`], or the first [`Difference`] from the exact product.
//!
//! Two ways are compared with integer arithmetic. The folded programs ([`screen`]) take all pairs of [`corners`] and the random
//! ones; that they stand for the unit whatever it did before is proved when they are made ([`super::sequence`]). The gates, clock
//! by clock ([`GateUnit`]), take a few thousand of each in random order, with idle clocks and divisions in between.

use super::gate_unit::GateUnit;
use super::ports::Operation;
use super::sequence::Sequences;
use super::{Circuit, Net, screen};
use crate::unit::{Answer, MulOp, Tuple, Unit};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// Pairs of an operation that are multiplied gate by gate: half of them corners, half random.
pub const GATE_PAIRS: usize = 2048;
/// Pairs that the folded programs are given at a time.
const BATCH: usize = 1 << 14;
/// Streams of random numbers; 0 to 2 are a campaign's.
const RANDOM_PAIRS: u64 = 3;
const GATES: u64 = 4;

/// How one operation was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The operation.
    pub op: MulOp,
    /// Whether the netlist does it. If not, other hardware does it exactly, and nothing was compared.
    pub here: bool,
    /// Pairs of corner operands compared.
    pub corner_pairs: u64,
    /// Random pairs compared.
    pub random_pairs: u64,
    /// Pairs compared gate by gate.
    pub gate_pairs: u64,
    /// Clock cycles of every answer.
    pub cycles: u32,
}

/// The netlist gave the exact product every time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equivalence {
    /// The four operations.
    pub operations: [Checked; 4],
    /// Nets that had one value in every clock of the operations done gate by gate, and that value; constants left out.
    pub steady: Vec<(Net, bool)>,
}

/// How the answer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the operation's folded program.
    Folded,
    /// Gate by gate, clock by clock.
    Gates,
}

/// The netlist did not give the exact product, or not in its time.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub struct Difference {
    /// Operation and operands.
    pub tuple: Tuple,
    /// The exact product.
    pub expected: u32,
    /// Clock cycles of this operation.
    pub cycles: u32,
    /// What the netlist answered.
    pub got: Answer,
    /// How that was found.
    pub way: Way,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tuple { op, rs1, rs2 } = self.tuple;
        let (expected, cycles) = (self.expected, self.cycles);
        write!(f, "without a fault, {op} of {rs1:#010x} and {rs2:#010x}")?;
        write!(f, ": expected {expected:#010x} after {}, got ", clocks(cycles))?;
        match self.got {
            Answer::Done { value, cycles } => write!(f, "{value:#010x} after {}", clocks(cycles))?,
            Answer::Never => f.write_str("no answer")?,
        }
        f.write_str(match self.way {
            Way::Folded => "",
            Way::Gates => " (gate by gate, after other operations)",
        })
    }
}

/// `1 clock`, `2 clocks`.
fn clocks(n: u32) -> String {
    format!("{n} clock{}", if n == 1 { "" } else { "s" })
}

/// Operands at which multipliers tend to go wrong: powers of two, their negatives, the complements of both, and patterns
/// of halves, bytes, and alternating bits. Ascending, without repetition; 0, all ones and both sign boundaries are among them.
pub fn corners() -> Vec<u32> {
    let mut corners: Vec<u32> = (0..32).map(|i| 1 << i).collect();
    corners.extend((0..32).map(|i| (1_u32 << i).wrapping_neg()));
    corners.extend([0, 0xff00_ff00, 0x5555_5555, 0x3333_3333, 0x8000_0001, 0xff80_007f]);
    corners.extend(corners.clone().iter().map(|x| !x));
    corners.sort_unstable();
    corners.dedup();
    corners
}

/// Compares.
///
/// # Errors
/// The first difference.
pub fn check(circuit: &Arc<Circuit>, random: u64, seed: u64) -> Result<Equivalence, Difference> {
    let sound = Sequences::new(circuit, &[]).expect("a circuit that carries state is refused");
    let corners = corners();
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    stream.set_stream(RANDOM_PAIRS);
    let here: Vec<MulOp> = MulOp::ALL.into_iter().filter(|op| is_here(circuit, *op)).collect();
    for op in &here {
        let pairs = corners.iter().flat_map(|rs1| corners.iter().map(move |rs2| (*rs1, *rs2)));
        folded(&sound, *op, pairs)?;
        let pairs = (0..random).map(|_| (operand(&mut stream), operand(&mut stream)));
        folded(&sound, *op, pairs)?;
    }
    let steady = by_gates(circuit, &sound, &here, &corners, seed)?;
    let operations = MulOp::ALL.map(|op| {
        let here = here.contains(&op);
        let count = |n: u64| if here { n } else { 0 };
        Checked {
            op,
            here,
            corner_pairs: count((corners.len() * corners.len()) as u64),
            random_pairs: count(random),
            gate_pairs: count(GATE_PAIRS as u64),
            cycles: circuit.latency().of(op),
        }
    });
    Ok(Equivalence { operations, steady })
}

fn is_here(circuit: &Circuit, op: MulOp) -> bool {
    matches!(circuit.operation(op), Operation::Netlist { .. })
}

/// Any 32 bits, or, half of the time, a signed number of 1 to 32 bits: uniform numbers are hardly ever short.
fn operand(random: &mut ChaCha8Rng) -> u32 {
    let word = random.next_u32();
    let kind = random.next_u32();
    if kind & 1 == 0 { word } else { (word.cast_signed() >> (kind >> 1 & 31)).cast_unsigned() }
}

fn judge(tuple: Tuple, cycles: Option<u32>, got: Answer, way: Way) -> Result<(), Difference> {
    let expected = tuple.op.product(tuple.rs1, tuple.rs2);
    let cycles = cycles.unwrap_or(0);
    if got == (Answer::Done { value: expected, cycles }) {
        return Ok(());
    }
    Err(Difference { tuple, expected, cycles, got, way })
}

fn folded(
    sound: &Sequences,
    op: MulOp,
    mut pairs: impl Iterator<Item = (u32, u32)>,
) -> Result<(), Difference> {
    let cycles = sound.of(op).cycles();
    loop {
        let batch = pairs.by_ref().take(BATCH);
        let tuples: Vec<Tuple> = batch.map(|(rs1, rs2)| Tuple { op, rs1, rs2 }).collect();
        if tuples.is_empty() {
            return Ok(());
        }
        for (tuple, got) in tuples.iter().zip(screen::answers(sound, &tuples)) {
            judge(*tuple, cycles, got, Way::Folded)?;
        }
    }
}

/// One unit, operation after operation; returns the nets that never changed.
fn by_gates(
    circuit: &Arc<Circuit>,
    sound: &Sequences,
    here: &[MulOp],
    corners: &[u32],
    seed: u64,
) -> Result<Vec<(Net, bool)>, Difference> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(GATES);
    let mut unit = GateUnit::new(circuit.clone(), &[]);
    let nets = circuit.netlist().net_count();
    let (mut ever_1, mut ever_0) = (vec![false; nets], vec![false; nets]);
    let mut below = |n: usize| ((u64::from(random.next_u32()) * n as u64) >> 32) as usize;
    let mut order: Vec<(MulOp, bool)> = Vec::new();
    for i in 0..GATE_PAIRS {
        order.extend(here.iter().map(|op| (*op, i % 2 == 0)));
    }
    for i in (1..order.len()).rev() {
        order.swap(i, below(i + 1));
    }
    let mut operands = ChaCha8Rng::seed_from_u64(seed);
    operands.set_stream(GATES + 1);
    for (op, corner) in order {
        let mut operand = || match corner {
            true => corners[below(corners.len())],
            false => operand(&mut operands),
        };
        let (rs1, rs2) = (operand(), operand());
        let got = unit.operate(op, rs1, rs2, |_, values| {
            for (net, value) in values[..nets].iter().enumerate() {
                ever_1[net] |= value[0] & 1 == 1;
                ever_0[net] |= value[0] & 1 == 0;
            }
        });
        judge(Tuple { op, rs1, rs2 }, sound.of(op).cycles(), got, Way::Gates)?;
        match below(4) {
            0 => (0..=below(3)).for_each(|_| unit.idle()),
            // What a division leaves in the register that it shares with the unit: 34 bits.
            1 => unit.divided((below(1 << 17) as u64) << 17 | below(1 << 17) as u64),
            _ => {}
        }
    }
    let constant = |net: &Net| circuit.netlist().constants().iter().any(|(n, _)| n == net);
    let steady = (0..nets).filter(|net| ever_1[*net] != ever_0[*net]);
    Ok(steady.map(|net| (Net(net as u32), ever_1[net])).filter(|(net, _)| !constant(net)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_are_what_they_are_said_to_be() {
        let corners = corners();
        for i in 0..32 {
            let power = 1_u32 << i;
            for x in [power, power.wrapping_neg(), !power, power - 1] {
                assert!(corners.contains(&x), "{x:#x}");
            }
        }
        for x in [0, u32::MAX, i32::MAX as u32, 0x8000_0000, 0xffff, 0xffff_0000, 0xaaaa_aaaa] {
            assert!(corners.contains(&x), "{x:#x}");
        }
    }
}

//! Which values the nets of the sound unit take in given operations: whether a stuck-at fault at a site is activated.
//!
//! In: operations. Out: for each net, whether it is 0 and whether it is 1 at the end of some clock of some of them. Every operation begins in the idle
//! state after reset with the intermediate register cleared, so that the answer depends on the operations alone and not on
//! their order. 512 operations at a time.

use super::circuit::Circuit;
use super::eval::Lanes;
use super::fault::{Effect, Fault};
use super::planes::transpose_one;
use super::ports::Operation;
use super::{Net, Site};
use crate::unit::{MulOp, Tuple};

const WORDS: usize = 8;

/// The values that nets take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// For each net: is it 0 somewhere, is it 1 somewhere.
    seen: Vec<[bool; 2]>,
    /// Whether there was an operation of the netlist at all.
    operations: usize,
}

impl Activity {
    /// Evaluates the sound unit on `tuples`; operations that other hardware does are left out.
    pub fn of(circuit: &Circuit, tuples: &[Tuple]) -> Self {
        let nets = circuit.netlist().net_count();
        let mut activity = Self { seen: vec![[false; 2]; nets], operations: 0 };
        let mut values = circuit.new_values::<WORDS>();
        let idle = circuit.reset_state(&mut values, &[]);
        for op in MulOp::ALL {
            let Operation::Netlist { first, later, .. } = circuit.operation(op) else { continue };
            let mine: Vec<&Tuple> = tuples.iter().filter(|t| t.op == op).collect();
            activity.operations += mine.len();
            for batch in mine.chunks(64 * WORDS) {
                let operands = planes(batch);
                let used: Lanes<WORDS> = std::array::from_fn(|w| match batch.len() {
                    n if n >= 64 * (w + 1) => u64::MAX,
                    n => (1_u64 << n.saturating_sub(64 * w)) - 1,
                });
                let mut state = idle.clone();
                for clock in 1..=circuit.latency().of(op) {
                    let drives = if clock == 1 { first } else { later };
                    circuit.settle(&mut values, drives, |bit| operands[bit], &state, &[]);
                    circuit.clock_edge(&values, &mut state, &[]);
                    for (seen, value) in activity.seen.iter_mut().zip(&values) {
                        let pairs = || value.iter().zip(&used);
                        seen[0] |= pairs().any(|(v, used)| !v & used != 0);
                        seen[1] |= pairs().any(|(v, used)| v & used != 0);
                    }
                }
            }
        }
        activity
    }

    /// Whether the net takes this value somewhere.
    pub fn has(&self, net: Net, value: bool) -> bool {
        self.seen[net.index()][usize::from(value)]
    }

    /// Whether the site of a stuck-at fault has the other value somewhere; `None` for a transient fault, whose time is its own.
    pub fn activates(&self, circuit: &Circuit, fault: Fault) -> Option<bool> {
        let Effect::Stuck(stuck) = fault.effect else { return None };
        let net = match fault.site {
            Site::Net(net) => net,
            Site::Pin(pin) => circuit.netlist().at(pin)?,
        };
        Some(self.has(net, !stuck.value()))
    }
}

/// The operands' bits: 0 to 31 of rs1, 32 to 63 of rs2, an operation a lane.
fn planes(batch: &[&Tuple]) -> [Lanes<WORDS>; 64] {
    let mut planes = [[0; WORDS]; 64];
    for (word, tuples) in batch.chunks(64).enumerate() {
        let mut block = [0_u64; 64];
        for (row, tuple) in block.iter_mut().zip(tuples) {
            *row = u64::from(tuple.rs1) | u64::from(tuple.rs2) << 32;
        }
        transpose_one(&mut block);
        for (plane, bits) in planes.iter_mut().zip(block) {
            plane[word] = bits;
        }
    }
    planes
}

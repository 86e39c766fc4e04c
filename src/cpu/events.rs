//! The events that cve2's and Ibex's event counters count, beginning with `mhpmcounter3`.
//!
//! In: instructions, stalls and redirections. Out: ten totals. What an instruction causes in any case is counted by the
//! block ([`EventCounts::fixed`]), the rest where it arises. Which cycles count was measured on the RTL.

use super::csr::EVENTS;
use crate::isa::Op;
use serde::{Deserialize, Serialize};

/// An event, in the order of the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Cycles in which a load or store waits for its answer.
    MemoryWait,
    /// Cycles in which there is no instruction to execute.
    FetchWait,
    /// Loads.
    Load,
    /// Stores.
    Store,
    /// JAL, JALR, FENCE.I.
    Jump,
    /// Conditional branches.
    Branch,
    /// Taken ones.
    TakenBranch,
    /// Retired 16-bit instructions.
    Compressed,
    /// Cycles in WFI (cve2) or waiting for the multiplier (Ibex).
    WfiOrMulWait,
    /// Cycles waiting for the divider.
    DivWait,
}

/// Totals of all events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EventCounts(pub [u64; EVENTS]);

impl EventCounts {
    /// Counts `n` of one kind.
    #[inline(always)]
    pub fn count(&mut self, event: Event, n: u64) {
        let total = &mut self.0[event as usize];
        *total = total.wrapping_add(n);
    }

    /// Counts all of `other`, `times` times.
    pub fn add(&mut self, other: &Self, times: u64) {
        for (sum, n) in self.0.iter_mut().zip(other.0) {
            *sum = sum.wrapping_add(n.wrapping_mul(times));
        }
    }

    /// Counts what an instruction causes whatever its operands are.
    pub fn fixed(&mut self, op: Op, compressed: bool) {
        use Op::*;
        match op {
            Lb | Lh | Lw | Lbu | Lhu => {
                self.count(Event::Load, 1);
                self.count(Event::MemoryWait, 1);
            }
            Sb | Sh | Sw => {
                self.count(Event::Store, 1);
                self.count(Event::MemoryWait, 1);
            }
            Jal | Jalr | FenceI => self.count(Event::Jump, 1),
            _ if op.is_branch() => self.count(Event::Branch, 1),
            _ => {}
        }
        self.count(Event::Compressed, u64::from(compressed));
    }
}

//! A trace in numbers.

use crate::cpu::Retired;
use crate::isa::Op;
use rustc_hash::FxHashMap;

/// What there is in a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Instructions, those that trapped included.
    pub instructions: u64,
    /// Number and cycle of the first.
    pub first: Option<(u64, u64)>,
    /// Number and cycle of the last.
    pub last: Option<(u64, u64)>,
    /// Instructions that are left out between them.
    pub left_out: u64,
    /// Lowest and highest address.
    pub addresses: Option<(u32, u32)>,
    /// Distinct addresses.
    pub places: FxHashMap<u32, u64>,
    /// Compressed ones.
    pub compressed: u64,
    /// Multiplications.
    pub muls: u64,
    /// Divisions and remainders.
    pub divisions: u64,
    /// Loads.
    pub loads: u64,
    /// Stores.
    pub stores: u64,
    /// Branches.
    pub branches: u64,
    /// Branches that were taken.
    pub taken: u64,
    /// CSRs written.
    pub csr_writes: u64,
    /// Exceptions.
    pub exceptions: u64,
    /// Interrupts taken.
    pub interrupts: u64,
    /// Instructions in U-mode.
    pub in_user_mode: u64,
}

impl Summary {
    /// Adds one event.
    pub fn add(&mut self, event: &Retired) {
        self.instructions += 1;
        if let Some((number, _)) = self.last {
            self.left_out += event.number.saturating_sub(number).saturating_sub(1);
        }
        let now = (event.number, event.cycles);
        self.first = self.first.or(Some(now));
        self.last = Some(now);
        let (low, high) = self.addresses.unwrap_or((event.pc, event.pc));
        self.addresses = Some((low.min(event.pc), high.max(event.pc)));
        *self.places.entry(event.pc).or_default() += 1;
        let is = |what: fn(Op) -> bool| u64::from(!event.trapped && event.op.is_some_and(what));
        self.compressed += u64::from(event.len == 2);
        self.muls += is(Op::is_mul);
        self.divisions += is(Op::is_div);
        self.loads += is(Op::is_load);
        self.stores += is(Op::is_store);
        self.branches += is(Op::is_branch);
        let behind = event.pc.wrapping_add(u32::from(event.len));
        self.taken += if event.next_pc != behind { is(Op::is_branch) } else { 0 };
        self.csr_writes += u64::from(event.csr.is_some());
        self.exceptions += u64::from(event.trapped);
        self.interrupts += u64::from(event.interrupted);
        self.in_user_mode += u64::from(event.mode == 0);
    }
}

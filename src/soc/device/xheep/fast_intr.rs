//! FAST_INTR_CTRL: keeps fast interrupts pending until software clears them.
//!
//! In: the cycle from which each of 16 sources is high. Out: the cycle from which each line to the
//! core is. As the specification says, each bit is on its own; the hardware forgets a short pulse
//! when another source fires.
//!
//! Source: X-HEEP, `hw/ip/fast_intr_ctrl` (behaviour).

use super::{Block, NEVER};
use crate::soc::device::Context;
use serde::{Deserialize, Serialize};

const PENDING: u32 = 0;
const CLEAR: u32 = 4;
const ENABLE: u32 = 8;
/// Sources.
pub(super) const SOURCES: usize = 16;
/// From the store to CLEAR to the first cycle in which the bit can be pending again: CLEAR holds
/// the 1 in the first cycle, the bit is 0 in the second, and the source sets it in the third.
const CLEARED: u64 = 3;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FastIntr {
    enable: u32,
    /// The cycle from which each bit is pending.
    since: [u64; SOURCES],
    /// The first cycle in which each can be.
    not_before: [u64; SOURCES],
}

impl FastIntr {
    pub fn new() -> Self {
        // Bit 15, for a peripheral outside the chip, is off.
        Self { enable: 0x7fff, since: [NEVER; SOURCES], not_before: [0; SOURCES] }
    }

    fn enabled(&self, i: usize) -> bool {
        self.enable >> i & 1 != 0
    }

    /// From which cycle on bit `i` is pending, if its source is high from `source` on.
    pub fn rises(&self, i: usize, source: u64) -> u64 {
        let set = source.saturating_add(1).max(self.not_before[i]);
        if self.enabled(i) { self.since[i].min(set) } else { self.since[i] }
    }

    /// Remembers what the sources did up to cycle `clock`, in which they may fall.
    pub fn latch(&mut self, i: usize, source: u64, clock: u64) {
        if source <= clock && self.not_before[i] <= clock + 1 {
            self.since[i] = if self.enabled(i) { self.rises(i, source) } else { NEVER };
        }
    }
}

impl Block for FastIntr {
    fn writable(&self, offset: u32) -> Option<u32> {
        match offset {
            PENDING => Some(0),
            CLEAR | ENABLE => Some(0xffff),
            _ => None,
        }
    }

    fn load(&mut self, offset: u32, cx: &mut Context<'_>) -> u32 {
        let pending = |i: usize| u32::from(self.since[i] <= cx.clock) << i;
        match offset {
            PENDING => (0..SOURCES).map(pending).sum(),
            ENABLE => self.enable,
            _ => 0,
        }
    }

    fn store(&mut self, offset: u32, value: u32, cx: &mut Context<'_>) {
        if offset == ENABLE {
            self.enable = value;
            return;
        }
        for i in (0..SOURCES).filter(|i| offset == CLEAR && value >> i & 1 != 0) {
            self.since[i] = NEVER;
            self.not_before[i] = cx.clock + CLEARED;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Bench;

    const PENDING: u32 = 0x2006_0000;
    const CLEAR: u32 = PENDING + 4;
    const ENABLE: u32 = PENDING + 8;
    /// Timer 1, fast interrupt 0.
    const INTR_ENABLE: u32 = 0x2005_0214;
    const INTR_STATE: u32 = 0x2005_0218;
    const INTR_TEST: u32 = 0x2005_021c;
    const FAST_0: u32 = 1 << 16;

    #[test]
    fn a_bit_stays_pending_when_its_source_falls_until_it_is_cleared() {
        let mut bench = Bench::new();
        assert_eq!((bench.load(PENDING), bench.load(CLEAR), bench.load(ENABLE)), (0, 0, 0x7fff));
        bench.store(INTR_ENABLE, 1);
        bench.store(INTR_TEST, 1);
        bench.clock = 50;
        assert_eq!((bench.load(PENDING), bench.mip(50)), (1, FAST_0));
        bench.store(INTR_STATE, 1);
        bench.clock = 60;
        assert_eq!((bench.load(PENDING), bench.mip(60)), (1, FAST_0));
        bench.store(CLEAR, 1);
        bench.clock = 70;
        assert_eq!((bench.load(PENDING), bench.load(CLEAR), bench.mip(70)), (0, 0, 0));
    }

    #[test]
    fn a_source_that_is_still_high_sets_its_bit_again() {
        let mut bench = Bench::new();
        bench.store(INTR_ENABLE, 1);
        bench.store(INTR_TEST, 1);
        bench.clock = 50;
        bench.store(CLEAR, 1);
        assert_eq!(bench.next_change(50), Some(53));
        assert_eq!((bench.mip(52), bench.mip(53)), (0, FAST_0));
    }

    #[test]
    fn a_disabled_bit_is_never_pending() {
        let mut bench = Bench::new();
        bench.store(ENABLE, 0xfffe);
        bench.store(INTR_ENABLE, 1);
        bench.store(INTR_TEST, 1);
        bench.clock = 50;
        assert_eq!((bench.load(PENDING), bench.mip(50)), (0, 0));
        bench.store(ENABLE, 1);
        assert_eq!(bench.mip(60), FAST_0);
    }
}

//! RV_PLIC: gathers the interrupts that are not fast into the core's external one, and has the
//! software interrupt.
//!
//! In: the cycle from which each of 64 sources is high. Out: the cycle from which the two lines
//! are. A source sets its pending bit a cycle later, unless it is active (set and not completed);
//! the line follows a cycle after that.
//!
//! Source: OpenTitan, `hw/ip/rv_plic` (behaviour), as X-HEEP configures it.

use super::{Block, NEVER};
use crate::soc::device::Context;
use serde::{Deserialize, Serialize};

const IP: u32 = 0x000;
const LE: u32 = 0x008;
const PRIO: u32 = 0x010;
const PRIO_END: u32 = PRIO + 4 * 64;
const IE: u32 = 0x200;
const THRESHOLD: u32 = 0x208;
const CC: u32 = 0x20c;
const MSIP: u32 = 0x210;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plic {
    pending: u64,
    active: u64,
    /// Sources that count when they rise, not while they are high.
    edge: u64,
    /// Of them, those that were high when last looked at.
    seen: u64,
    enable: u64,
    /// Of each source, in two halves.
    priority: [[u8; 32]; 2],
    threshold: u8,
    /// The first cycle in which a source that was completed counts again.
    completed: u64,
    /// The cycle from which the external line is high.
    external_from: u64,
    /// The cycle from which the software line is.
    software_from: u64,
}

impl Plic {
    pub fn new() -> Self {
        Self {
            pending: 0,
            active: 0,
            edge: 0,
            seen: 0,
            enable: 0,
            priority: [[0; 32]; 2],
            threshold: 0,
            completed: 0,
            external_from: NEVER,
            software_from: NEVER,
        }
    }

    pub fn software_rises(&self) -> u64 {
        self.software_from
    }

    /// From which cycle on the external line is high, if `sources` are so from the given cycles on.
    pub fn external_rises(&self, sources: impl Iterator<Item = (u32, u64)>) -> u64 {
        let blocked = self.pending | self.active | self.edge & self.seen;
        let counts = |id: u32| blocked >> id & 1 == 0 && self.interrupts(id);
        let future = sources.filter(|(id, _)| counts(*id)).map(|(_, rise)| self.line(rise));
        future.min().unwrap_or(NEVER).min(self.external_from)
    }

    /// From which cycle on the external line is high for a source that is so from `rise` on.
    fn line(&self, rise: u64) -> u64 {
        rise.max(self.completed).saturating_add(2)
    }

    /// Remembers what a source did up to cycle `clock`.
    pub fn latch(&mut self, id: u32, rise: u64, clock: u64) {
        let bit = 1_u64 << (id & 63);
        if rise > clock {
            self.seen &= !bit;
            return;
        }
        let sets = self.edge & self.seen & bit == 0 && self.active & bit == 0;
        self.seen |= bit;
        if sets {
            self.pending |= bit;
            self.active |= bit;
            if self.interrupts(id) {
                self.external_from = self.external_from.min(self.line(rise));
            }
        }
    }

    fn priority(&self, id: u32) -> u8 {
        self.priority[(id as usize / 32) & 1][id as usize & 31]
    }

    /// Whether the source makes the line high while it is pending.
    fn interrupts(&self, id: u32) -> bool {
        self.enable >> (id & 63) & 1 != 0 && self.priority(id) > self.threshold
    }

    /// The pending, enabled source of the highest priority; of equal ones the lowest; 0 if there is
    /// none.
    fn first(&self) -> u32 {
        let ready = self.pending & self.enable;
        let ids = (1..64).rev().filter(|id| ready >> id & 1 != 0);
        ids.max_by_key(|id| self.priority(*id)).unwrap_or(0)
    }

    /// Works out the external line after an access in cycle `clock`.
    fn update(&mut self, clock: u64) {
        let high = (1..64).any(|id| self.pending >> id & 1 != 0 && self.interrupts(id));
        self.external_from = if high { self.external_from.min(clock + 2) } else { NEVER };
    }
}

/// One word of a register with a bit for each source.
fn word(bits: u64, offset: u32) -> u32 {
    (bits >> (8 * (offset & 4))) as u32
}

fn replace_word(bits: &mut u64, offset: u32, value: u32) {
    let shift = 8 * (offset & 4);
    *bits = *bits & !(0xffff_ffff << shift) | u64::from(value) << shift;
}

impl Block for Plic {
    fn writable(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            IP..LE => 0,
            LE..PRIO | IE..THRESHOLD => u32::MAX,
            PRIO..PRIO_END | THRESHOLD => 7,
            CC => 0x3f,
            MSIP => 1,
            _ => return None,
        })
    }

    fn load(&mut self, offset: u32, cx: &mut Context<'_>) -> u32 {
        match offset {
            IP..LE => word(self.pending, offset),
            LE..PRIO => word(self.edge, offset),
            PRIO..PRIO_END => self.priority((offset - PRIO) / 4).into(),
            IE..THRESHOLD => word(self.enable, offset),
            THRESHOLD => self.threshold.into(),
            CC => {
                let claimed = self.first();
                self.pending &= !(1 << claimed);
                self.update(cx.clock);
                claimed
            }
            MSIP => u32::from(self.software_from != NEVER),
            _ => 0,
        }
    }

    fn store(&mut self, offset: u32, value: u32, cx: &mut Context<'_>) {
        match offset {
            LE..PRIO => replace_word(&mut self.edge, offset, value),
            PRIO..PRIO_END => {
                let id = (offset - PRIO) as usize / 4;
                self.priority[(id / 32) & 1][id & 31] = value as u8;
            }
            IE..THRESHOLD => replace_word(&mut self.enable, offset, value),
            THRESHOLD => self.threshold = value as u8,
            // A source that is pending again stays active.
            CC => {
                self.active &= !(1 << (value & 63) & !self.pending);
                self.completed = cx.clock + 1;
            }
            MSIP if value == 0 => self.software_from = NEVER,
            MSIP => self.software_from = self.software_from.min(cx.clock + 1),
            _ => {}
        }
        self.update(cx.clock);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Bench;

    const PLIC: u32 = 0x3000_0000;
    const PRIO: u32 = PLIC + 0x10;
    const IE: u32 = PLIC + 0x200;
    const THRESHOLD: u32 = PLIC + 0x208;
    const CC: u32 = PLIC + 0x20c;
    const MSIP: u32 = PLIC + 0x210;
    /// UART: eight sources, 1 to 8, that INTR_TEST can set.
    const UART: u32 = 0x3008_0000;
    const MEIP: u32 = 1 << 11;

    /// Sources 2 and 5 high.
    fn two_sources() -> Bench {
        let mut bench = Bench::new();
        bench.store(UART + 4, 0xff);
        bench.store(UART + 8, 0b10010);
        bench.clock = 20;
        bench
    }

    #[test]
    fn the_line_needs_enable_and_a_priority_above_the_threshold() {
        let mut bench = two_sources();
        assert_eq!((bench.load(PLIC), bench.mip(30)), (1 << 2 | 1 << 5, 0));
        bench.store(IE, 1 << 5);
        assert_eq!(bench.mip(30), 0);
        bench.store(PRIO + 4 * 5, 3);
        assert_eq!((bench.mip(21), bench.mip(22)), (0, MEIP));
        bench.store(THRESHOLD, 3);
        assert_eq!(bench.mip(30), 0);
    }

    #[test]
    fn a_claim_takes_the_highest_priority_and_completion_lets_a_high_source_come_again() {
        let mut bench = two_sources();
        bench.store(IE, u32::MAX);
        bench.store(PRIO + 4 * 2, 1);
        bench.store(PRIO + 4 * 5, 1);
        // Equal priorities: the lower number.
        assert_eq!((bench.load(CC), bench.load(PLIC)), (2, 1 << 5));
        bench.store(PRIO + 4 * 5, 7);
        assert_eq!((bench.load(CC), bench.load(CC), bench.mip(30)), (5, 0, 0));
        bench.clock = 40;
        bench.store(CC, 5);
        assert_eq!(bench.next_change(40).map(|clock| bench.mip(clock)), Some(MEIP));
        bench.store(UART, 0xff);
        assert_eq!(bench.load(CC), 5);
        bench.store(CC, 5);
        assert_eq!((bench.load(CC), bench.mip(60)), (0, 0));
    }

    #[test]
    fn an_edge_source_comes_once_for_each_rise() {
        let mut bench = two_sources();
        bench.store(PLIC + 8, 1 << 5);
        bench.store(IE, 1 << 5);
        assert_eq!(bench.load(CC), 5);
        bench.store(CC, 5);
        bench.clock = 40;
        assert_eq!(bench.load(CC), 0);
        bench.store(UART, 0xff);
        bench.store(UART + 8, 1 << 4);
        bench.clock = 50;
        assert_eq!(bench.load(CC), 5);
    }

    #[test]
    fn msip_is_the_software_interrupt() {
        let mut bench = Bench::new();
        bench.store(MSIP, 1);
        assert_eq!((bench.load(MSIP), bench.mip(1)), (1, 1 << 3));
        bench.store(MSIP, 0);
        assert_eq!(bench.mip(2), 0);
        // Registers repeat every kilobyte, and a hole between peripherals leads here.
        bench.store(0x3006_0610, 1);
        assert_eq!(bench.load(MSIP), 1);
    }
}

//! RV_TIMER: two timers with prescaler and step.
//!
//! In: stores to its registers. Out: the cycle from which each interrupt is high. Nothing counts
//! while nobody looks: the time is that of the last change plus the ticks since.
//!
//! Source: OpenTitan, `hw/ip/rv_timer` (behaviour), as X-HEEP instantiates it.

use super::{Block, NEVER};
use crate::soc::device::Context;
use serde::{Deserialize, Serialize};

const CTRL: u32 = 0;
const CFG: u32 = 0x00;
const V_LOWER: u32 = 0x04;
const V_UPPER: u32 = 0x08;
const COMPARE_LOWER: u32 = 0x0c;
const COMPARE_UPPER: u32 = 0x10;
const INTR_ENABLE: u32 = 0x14;
const INTR_STATE: u32 = 0x18;
const INTR_TEST: u32 = 0x1c;
/// The prescaler's counter has 12 bits and begins again at 0.
const COUNTS: u64 = 1 << 12;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Timer {
    active: bool,
    prescale: u64,
    step: u64,
    /// In this cycle, `mtime` and `count` are the time and the prescaler's counter.
    since: u64,
    mtime: u64,
    count: u64,
    compare: u64,
    /// The first cycle that the comparison counts.
    compared_from: u64,
    /// The cycle from which INTR_ENABLE is set.
    enabled_from: u64,
    /// The cycle from which INTR_STATE is set, be it in the future.
    set_from: u64,
}

impl Timer {
    fn new() -> Self {
        Self {
            active: false,
            prescale: 0,
            step: 1,
            since: 0,
            mtime: 0,
            count: 0,
            compare: u64::MAX,
            compared_from: 0,
            enabled_from: NEVER,
            set_from: NEVER,
        }
    }

    /// Cycles from `since` in which every one ticks, since the counter has passed the prescaler.
    fn burst(&self) -> u64 {
        if self.count > self.prescale { COUNTS - self.count } else { 0 }
    }

    /// Ticks, and the prescaler's counter, after so many cycles from `since`.
    fn ticks(&self, cycles: u64) -> (u64, u64) {
        if !self.active {
            return (0, 0);
        }
        let burst = self.burst();
        if cycles < burst {
            return (cycles, self.count + cycles);
        }
        let count = if burst > 0 { 0 } else { self.count };
        let counted = (cycles - burst).saturating_add(count);
        let period = self.prescale + 1;
        (burst + counted / period, counted % period)
    }

    fn mtime_at(&self, clock: u64) -> u64 {
        let (ticks, _) = self.ticks(clock.saturating_sub(self.since));
        self.mtime.wrapping_add(ticks.wrapping_mul(self.step))
    }

    /// The first cycle from `since` on in which the time has reached the comparison value.
    fn reaches(&self) -> u64 {
        if !self.active {
            return NEVER;
        }
        if self.mtime >= self.compare {
            return self.since;
        }
        if self.step == 0 {
            return NEVER;
        }
        let ticks = (self.compare - self.mtime).div_ceil(self.step);
        if ticks.checked_mul(self.step).and_then(|t| t.checked_add(self.mtime)).is_none() {
            // It steps over the end of time first.
            return NEVER;
        }
        let burst = self.burst();
        let cycles = if ticks <= burst {
            ticks
        } else {
            let count = if burst > 0 { 0 } else { self.count };
            (ticks - burst).saturating_mul(self.prescale + 1).saturating_add(burst) - count
        };
        self.since.saturating_add(cycles)
    }

    /// Moves the origin to cycle `to`, and forgets an interrupt that lies beyond it.
    fn roll(&mut self, to: u64) {
        let (_, count) = self.ticks(to.saturating_sub(self.since));
        (self.mtime, self.count, self.since) = (self.mtime_at(to), count, to);
        if self.set_from > to {
            self.set_from = NEVER;
        }
    }

    /// Works out when INTR_STATE will be set, if it is not.
    fn predict(&mut self) {
        if self.set_from == NEVER {
            self.set_from = self.reaches().max(self.compared_from).saturating_add(1);
        }
    }

    fn load(&self, register: u32, clock: u64) -> u32 {
        match register {
            CFG => self.prescale as u32 | (self.step as u32) << 16,
            V_LOWER => self.mtime_at(clock) as u32,
            V_UPPER => (self.mtime_at(clock) >> 32) as u32,
            COMPARE_LOWER => self.compare as u32,
            COMPARE_UPPER => (self.compare >> 32) as u32,
            INTR_ENABLE => u32::from(self.enabled_from != NEVER),
            INTR_STATE => u32::from(self.set_from <= clock),
            _ => 0,
        }
    }

    /// A store that takes effect in cycle `since`.
    fn store(&mut self, register: u32, value: u32) {
        match register {
            CFG => {
                self.prescale = u64::from(value & 0xfff);
                self.step = u64::from(value >> 16 & 0xff);
            }
            V_LOWER => replace_half(&mut self.mtime, false, value),
            V_UPPER => replace_half(&mut self.mtime, true, value),
            COMPARE_LOWER => replace_half(&mut self.compare, false, value),
            COMPARE_UPPER => replace_half(&mut self.compare, true, value),
            INTR_ENABLE if value == 0 => self.enabled_from = NEVER,
            INTR_ENABLE => self.enabled_from = self.enabled_from.min(self.since),
            // The comparison wins if both come in the same cycle.
            INTR_STATE if value != 0 && self.reaches() > self.since => self.set_from = NEVER,
            INTR_TEST if value != 0 => self.set_from = self.set_from.min(self.since),
            _ => {}
        }
    }
}

fn replace_half(value: &mut u64, high: bool, word: u32) {
    let word = u64::from(word);
    *value = if high { *value & 0xffff_ffff | word << 32 } else { *value & !0xffff_ffff | word };
}

/// Which timer an offset belongs to, and which of its registers.
fn locate(offset: u32) -> (usize, u32) {
    ((offset >> 8).wrapping_sub(1) as usize, offset & 0xff)
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RvTimer {
    timers: [Timer; 2],
}

impl RvTimer {
    pub fn new() -> Self {
        Self { timers: [Timer::new(), Timer::new()] }
    }

    /// From which cycle on the interrupt of timer 0 or 1 is high: a cycle after INTR_STATE and
    /// INTR_ENABLE are.
    pub fn rises(&self, timer: usize) -> u64 {
        let Some(timer) = self.timers.get(timer) else { return NEVER };
        timer.set_from.max(timer.enabled_from).saturating_add(1)
    }
}

impl Block for RvTimer {
    fn writable(&self, offset: u32) -> Option<u32> {
        Some(match (offset, locate(offset)) {
            (CTRL, _) => 3,
            (_, (0 | 1, CFG)) => 0x00ff_0fff,
            (_, (0 | 1, V_LOWER..=COMPARE_UPPER)) => u32::MAX,
            (_, (0 | 1, INTR_ENABLE..=INTR_TEST)) => 1,
            _ => return None,
        })
    }

    fn load(&mut self, offset: u32, cx: &mut Context<'_>) -> u32 {
        if offset == CTRL {
            let active = |i: usize| u32::from(self.timers[i].active);
            return active(0) | active(1) << 1;
        }
        let (timer, register) = locate(offset);
        self.timers.get(timer).map_or(0, |timer| timer.load(register, cx.clock))
    }

    fn store(&mut self, offset: u32, value: u32, cx: &mut Context<'_>) {
        self.timers.iter_mut().for_each(|timer| timer.roll(cx.clock + 1));
        let (at, register) = locate(offset);
        if offset == CTRL {
            for (i, timer) in self.timers.iter_mut().enumerate() {
                timer.active = value >> i & 1 != 0;
                timer.count = if timer.active { timer.count } else { 0 };
            }
        } else if let Some(timer) = self.timers.get_mut(at) {
            timer.store(register, value);
        }
        if at == 0 && matches!(register, COMPARE_LOWER | COMPARE_UPPER) {
            // Clears both timers' state in the cycle in which the new value is there; no comparison
            // sets it in that one.
            for timer in &mut self.timers {
                timer.set_from = NEVER;
                timer.compared_from = cx.clock + 2;
            }
        }
        self.timers.iter_mut().for_each(Timer::predict);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Bench;

    const TIMER: u32 = 0x2005_0000;
    const CTRL: u32 = TIMER;
    const CFG0: u32 = TIMER + 0x100;
    const V_LOWER0: u32 = TIMER + 0x104;
    const COMPARE_LOWER0: u32 = TIMER + 0x10c;
    const COMPARE_UPPER0: u32 = TIMER + 0x110;
    const INTR_ENABLE0: u32 = TIMER + 0x114;
    const INTR_STATE0: u32 = TIMER + 0x118;
    const MTIP: u32 = 1 << 7;

    /// Timer 0 with its interrupt enabled and this comparison value, started in cycle 10.
    fn started(compare: u32, cfg: u32) -> Bench {
        let mut bench = Bench::new();
        bench.store(INTR_ENABLE0, 1);
        bench.store(COMPARE_LOWER0, compare);
        bench.store(COMPARE_UPPER0, 0);
        bench.store(CFG0, cfg);
        bench.clock = 10;
        bench.store(CTRL, 1);
        bench
    }

    #[test]
    fn registers_have_their_reset_values() {
        let mut bench = Bench::new();
        for timer in [TIMER + 0x100, TIMER + 0x200, 0x3004_0100, 0x3004_0200] {
            let words: Vec<u32> = (0..8).map(|i| bench.load(timer + 4 * i)).collect();
            assert_eq!(words, [0x1_0000, 0, 0, u32::MAX, u32::MAX, 0, 0, 0]);
            assert_eq!(bench.load(timer + 0x20), u32::MAX);
        }
        assert_eq!((bench.load(CTRL), bench.load(TIMER + 4)), (0, u32::MAX));
    }

    #[test]
    fn the_line_rises_two_cycles_after_the_time_is_reached() {
        let bench = started(50, 0x1_0000);
        // Active from cycle 11 on with time 0, so 50 in cycle 61; INTR_STATE in 62, the line in 63.
        assert_eq!(bench.next_change(11), Some(63));
        assert_eq!((bench.mip(62), bench.mip(63)), (0, MTIP));
    }

    #[test]
    fn prescaler_and_step_scale_the_time() {
        let mut bench = started(50, 0x3_0004);
        // A tick of 3 every 5 cycles: 50 is passed with tick 17, at the end of 85 cycles.
        assert_eq!(bench.next_change(11), Some(11 + 85 + 2));
        bench.clock = 11 + 84;
        assert_eq!(bench.load(V_LOWER0), 48);
        bench.clock = 11 + 85;
        assert_eq!((bench.load(V_LOWER0), bench.load(INTR_STATE0)), (51, 0));
        bench.clock += 1;
        assert_eq!(bench.load(INTR_STATE0), 1);
    }

    #[test]
    fn a_counter_beyond_a_lowered_prescaler_ticks_until_it_wraps() {
        let mut bench = started(u32::MAX, 0x1_0fff);
        bench.clock = 10 + 4000;
        // In cycle 4011 the counter is at 4000 and the prescaler 9: 96 cycles tick, then every
        // tenth.
        bench.store(CFG0, 0x1_0009);
        bench.clock = 4011 + 96 + 25;
        assert_eq!(bench.load(V_LOWER0), 96 + 2);
    }

    #[test]
    fn the_state_comes_back_while_the_time_is_reached_and_stays_when_the_timer_stops() {
        let mut bench = started(50, 0x1_0000);
        bench.clock = 100;
        bench.store(INTR_STATE0, 1);
        assert_eq!(bench.mip(110), MTIP);
        bench.clock = 120;
        bench.store(CTRL, 0);
        bench.clock = 130;
        assert_eq!((bench.load(INTR_STATE0), bench.load(V_LOWER0)), (1, 110));
        bench.store(INTR_STATE0, 1);
        assert_eq!((bench.load(INTR_STATE0), bench.mip(1000)), (0, 0));
    }

    #[test]
    fn compare_0_clears_both_timers_and_compare_1_none() {
        let mut bench = started(50, 0x1_0000);
        bench.store(TIMER + 0x20c, 20);
        bench.store(TIMER + 0x210, 0);
        bench.clock = 10;
        bench.store(CTRL, 3);
        bench.clock = 200;
        assert_eq!((bench.load(INTR_STATE0), bench.load(TIMER + 0x218)), (1, 1));
        bench.store(CTRL, 0);
        bench.clock = 300;
        bench.store(TIMER + 0x210, 5);
        bench.clock = 310;
        assert_eq!((bench.load(INTR_STATE0), bench.load(TIMER + 0x218)), (1, 1));
        bench.store(COMPARE_UPPER0, 5);
        bench.clock = 320;
        assert_eq!((bench.load(INTR_STATE0), bench.load(TIMER + 0x218)), (0, 0));
    }

    #[test]
    fn each_timer_drives_its_own_interrupt() {
        for (base, bit) in
            [(TIMER + 0x100, 7), (TIMER + 0x200, 16), (0x3004_0100, 17), (0x3004_0200, 18)]
        {
            let mut bench = Bench::new();
            bench.store(base + INTR_ENABLE0 - CFG0, 1);
            bench.clock = 40;
            bench.store(base + 0x1c, 1);
            // INTR_STATE in 41, the line in 42; through FAST_INTR_CTRL one more.
            let rises = if bit == 7 { 42 } else { 43 };
            assert_eq!(bench.next_change(40), Some(rises), "bit {bit}");
            assert_eq!((bench.mip(rises - 1), bench.mip(rises)), (0, 1 << bit));
        }
    }
}

//! GPIO: 32 pins, with the test bench's wire from pin 30 to pin 31.
//!
//! In: stores to its registers. Out: levels and pulses for the interrupt controllers. Inputs are 0,
//! but for pin 31 of the test bench: it rises 2050 cycles after the program has raised pin 30, and
//! falls a cycle after that has fallen.
//!
//! Source: PULP platform, `gpio` (behaviour); X-HEEP, `tb/testharness.sv` and
//! `hw/ip_examples/gpio_cnt` (behaviour).

use super::{Block, NEVER};
use crate::soc::device::Context;
use serde::{Deserialize, Serialize};

const INFO: u32 = 0x000;
const CFG: u32 = 0x004;
const MODE_0: u32 = 0x008;
const MODE_1: u32 = 0x00c;
const EN: u32 = 0x080;
const IN: u32 = 0x100;
const OUT: u32 = 0x180;
const SET: u32 = 0x200;
const CLEAR: u32 = 0x280;
const TOGGLE: u32 = 0x300;
const RISE_EN: u32 = 0x380;
const LOW_EN: u32 = 0x500;
const STATUS: u32 = 0x580;
const RISE_STATUS: u32 = 0x600;
const LOW_STATUS: u32 = 0x780;
/// Registers of one kind lie so far apart.
const STRIDE: u32 = 0x80;
/// 32 pins, version 2.
const INFO_VALUE: u32 = 32 | 2 << 10;
/// CFG: the interrupt is high while the status is set, instead of for a cycle.
const PIN_LVL_INTRPT_MODE: u32 = 2;
/// The order of the four interrupt registers.
const RISE: usize = 0;
const FALL: usize = 1;
const HIGH: usize = 2;
const LOW: usize = 3;
/// The test bench's counter: from pin 30's rise to pin 31's.
const COUNTED: u64 = 2050;
const BENCH_OUT: u32 = 30;
const BENCH_IN: u32 = 31;
/// From a pin to the edge detector, and from there to GPIO_IN.
const SYNCHRONISED: u64 = 2;

/// Pin 31 as the test bench drives it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Wire {
    /// Pin 30.
    driven: bool,
    high_from: u64,
    low_from: u64,
}

impl Wire {
    /// Pin 30 has this level from cycle `from` on.
    fn drive(&mut self, high: bool, from: u64) {
        if self.low_from <= from {
            (self.high_from, self.low_from) = (NEVER, NEVER);
        }
        match (self.driven, high) {
            (false, true) if self.high_from == NEVER => self.high_from = from + COUNTED,
            (false, true) => self.low_from = NEVER,
            (true, false) => self.low_from = self.high_from.max(from).saturating_add(1),
            _ => {}
        }
        self.driven = high;
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Gpio {
    cfg: u32,
    mode: u64,
    sampled: u32,
    out: u32,
    /// Enables and statuses of the four kinds of interrupts.
    enable: [u32; 4],
    status: [u32; 4],
    /// The cycle from which levels and statuses are what they are.
    changed: u64,
    wire: Option<Wire>,
    /// The next edges at pin 31's edge detector.
    rise_at: u64,
    fall_at: u64,
}

impl Gpio {
    /// `wired` if pins 30 and 31 are those of the test bench.
    pub fn new(wired: bool) -> Self {
        let wire = Wire { driven: false, high_from: NEVER, low_from: NEVER };
        Self {
            cfg: 0,
            mode: 0,
            sampled: 0,
            out: 0,
            enable: [0; 4],
            status: [0; 4],
            changed: 0,
            wire: wired.then_some(wire),
            rise_at: NEVER,
            fall_at: NEVER,
        }
    }

    fn mode(&self, pin: u32) -> u64 {
        self.mode >> (2 * pin) & 3
    }

    /// The synchronised inputs in a cycle.
    fn input(&self, clock: u64) -> u32 {
        let sampled = self.sampled >> BENCH_IN & 1 != 0 && self.mode(BENCH_IN) == 0;
        let seen = |from: u64| from.saturating_add(SYNCHRONISED + 1) <= clock;
        let high = self.wire.as_ref().is_some_and(|w| seen(w.high_from) && !seen(w.low_from));
        u32::from(sampled && high) << BENCH_IN
    }

    /// From which cycle on a pin's interrupt is high.
    pub fn rises(&self, pin: u32) -> u64 {
        let bit = 1 << pin;
        let any = |words: [u32; 4]| words.iter().any(|word| word & bit != 0);
        let kept = self.cfg & PIN_LVL_INTRPT_MODE != 0;
        let level = if kept { any(self.status) } else { self.levels(self.changed) & bit != 0 };
        let edge = |kind: usize, at: u64| if self.enable[kind] & bit != 0 { at } else { NEVER };
        let future = match pin {
            BENCH_IN => edge(RISE, self.rise_at)
                .min(edge(FALL, self.fall_at))
                .min(edge(HIGH, self.rise_at.saturating_add(1))),
            _ => NEVER,
        };
        let future = future.saturating_add(u64::from(kept));
        if level { self.changed.min(future) } else { future }
    }

    /// The pins whose level is one that interrupts.
    fn levels(&self, clock: u64) -> u32 {
        let input = self.input(clock);
        self.enable[HIGH] & input | self.enable[LOW] & !input
    }

    /// Takes note of the edges up to cycle `clock`.
    pub fn settle(&mut self, clock: u64) {
        for (kind, at) in [(RISE, self.rise_at), (FALL, self.fall_at)] {
            if at <= clock {
                self.status[kind] |= self.enable[kind] & 1 << BENCH_IN;
                self.changed = at + 1;
            }
        }
        self.rise_at = if self.rise_at <= clock { NEVER } else { self.rise_at };
        self.fall_at = if self.fall_at <= clock { NEVER } else { self.fall_at };
        let input = self.input(clock);
        self.status[HIGH] |= self.enable[HIGH] & input;
        self.status[LOW] |= self.enable[LOW] & !input;
    }

    /// Tells the test bench what pin 30 is from cycle `from` on.
    fn drive(&mut self, from: u64) {
        let out = self.out >> BENCH_OUT & 1 != 0;
        let driven = match self.mode(BENCH_OUT) {
            0 => false,
            1 | 2 => out,
            _ => false,
        };
        let sampled = self.sampled >> BENCH_IN & 1 != 0 && self.mode(BENCH_IN) == 0;
        let Some(wire) = &mut self.wire else { return };
        wire.drive(driven, from);
        let detected = |at: u64| {
            let at = at.saturating_add(SYNCHRONISED);
            if sampled && at >= from { at } else { NEVER }
        };
        (self.rise_at, self.fall_at) = (detected(wire.high_from), detected(wire.low_from));
    }
}

/// Which of four registers, one [`STRIDE`] apart, an offset is.
fn kind(offset: u32, first: u32) -> usize {
    ((offset - first) / STRIDE) as usize & 3
}

impl Block for Gpio {
    fn writable(&self, offset: u32) -> Option<u32> {
        match offset {
            INFO | IN => Some(0),
            CFG => Some(3),
            MODE_0 | MODE_1 => Some(u32::MAX),
            EN..=LOW_STATUS if offset.is_multiple_of(STRIDE) => Some(u32::MAX),
            _ => None,
        }
    }

    fn load(&mut self, offset: u32, cx: &mut Context<'_>) -> u32 {
        match offset {
            INFO => INFO_VALUE,
            CFG => self.cfg,
            MODE_0 => self.mode as u32,
            MODE_1 => (self.mode >> 32) as u32,
            EN => self.sampled,
            IN => self.input(cx.clock),
            OUT => self.out,
            RISE_EN..=LOW_EN => self.enable[kind(offset, RISE_EN)],
            STATUS => self.status.iter().fold(0, |all, one| all | one),
            RISE_STATUS..=LOW_STATUS => self.status[kind(offset, RISE_STATUS)],
            _ => 0,
        }
    }

    fn store(&mut self, offset: u32, value: u32, cx: &mut Context<'_>) {
        match offset {
            CFG => self.cfg = value,
            MODE_0 => self.mode = self.mode & !0xffff_ffff | u64::from(value),
            MODE_1 => self.mode = self.mode & 0xffff_ffff | u64::from(value) << 32,
            EN => self.sampled = value,
            OUT => self.out = value,
            SET => self.out |= value,
            CLEAR => self.out &= !value,
            TOGGLE => self.out ^= value,
            RISE_EN..=LOW_EN => self.enable[kind(offset, RISE_EN)] = value,
            STATUS => self.status.iter_mut().for_each(|status| *status &= !value),
            RISE_STATUS..=LOW_STATUS => self.status[kind(offset, RISE_STATUS)] &= !value,
            _ => {}
        }
        self.changed = cx.clock + 1;
        self.drive(cx.clock + 1);
        self.settle(cx.clock);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Bench;

    const GPIO_AO: u32 = 0x2009_0000;
    const GPIO: u32 = 0x3002_0000;
    const MODE_1: u32 = GPIO + 0x0c;
    const EN: u32 = GPIO + 0x80;
    const OUT: u32 = GPIO + 0x180;
    const RISE_EN: u32 = GPIO + 0x380;
    const STATUS: u32 = GPIO + 0x580;
    const RISE_STATUS: u32 = GPIO + 0x600;

    #[test]
    fn outputs_can_be_written_set_cleared_and_toggled() {
        let mut bench = Bench::new();
        // 32 pins in bits 9:0, version 2 in bits 19:10.
        assert_eq!(bench.load(GPIO_AO), 0x820);
        bench.store(GPIO_AO + 0x180, 0b1100);
        bench.store(GPIO_AO + 0x200, 0b0001);
        bench.store(GPIO_AO + 0x280, 0b0100);
        bench.store(GPIO_AO + 0x300, 0b0011);
        assert_eq!(bench.load(GPIO_AO + 0x180), 0b1010);
        assert_eq!((bench.load(GPIO_AO + 0x100), bench.load(GPIO_AO + 0x10)), (0, u32::MAX));
    }

    #[test]
    fn a_level_interrupt_comes_back_until_its_enable_is_off() {
        let mut bench = Bench::new();
        // Pin 3's input is low.
        bench.store(GPIO_AO + 0x500, 1 << 3);
        assert_eq!((bench.load(GPIO_AO + 0x580), bench.load(GPIO_AO + 0x780)), (8, 8));
        assert_eq!(bench.mip(10), 1 << 25);
        bench.store(GPIO_AO + 0x580, 8);
        assert_eq!(bench.load(GPIO_AO + 0x580), 8);
        bench.store(GPIO_AO + 0x500, 0);
        bench.store(GPIO_AO + 0x580, 8);
        assert_eq!(bench.load(GPIO_AO + 0x580), 0);
    }

    #[test]
    fn the_test_bench_answers_pin_30_at_pin_31() {
        let mut bench = Bench::new();
        bench.store(0x3000_0010 + 4 * 32, 1);
        bench.store(0x3000_0204, 1);
        bench.store(EN, 1 << 31);
        bench.store(RISE_EN, 1 << 31);
        bench.store(MODE_1, 1 << 28);
        bench.clock = 100;
        bench.store(OUT, 1 << 30);
        // Pin 30 is high from 101 on; the counter raises pin 31 in 2151; two synchronisers later
        // there is an edge, in 2153; the PLIC's IP is set in 2154, and its line is high in 2155.
        assert_eq!(bench.next_change(100), Some(2155));
        bench.clock = 2153;
        assert_eq!((bench.load(RISE_STATUS), bench.load(GPIO + 0x100)), (1 << 31, 0));
        bench.clock = 2154;
        assert_eq!((bench.load(STATUS), bench.load(GPIO + 0x100)), (1 << 31, 1 << 31));
        bench.clock = 2200;
        assert_eq!((bench.mip(2200), bench.load(0x3000_020c)), (1 << 11, 32));
        bench.store(STATUS, 1 << 31);
        bench.store(0x3000_020c, 32);
        assert_eq!((bench.load(STATUS), bench.mip(2300)), (0, 0));
        bench.clock = 2400;
        bench.store(OUT, 0);
        bench.clock = 2405;
        assert_eq!(bench.load(GPIO + 0x100), 0);
        // Once more.
        bench.store(OUT, 1 << 30);
        assert_eq!(bench.next_change(2405), Some(2405 + 2055));
    }
}

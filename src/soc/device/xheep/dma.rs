//! DMA: four channels that are started by a store to SIZE_D1.
//!
//! In: stores to their registers. Out: [`Transfer`]s for whoever has the memories, STATUS, and the
//! cycles from which the two interrupts are high. A transfer moves its data when it starts, and is
//! done when the hardware would be.
//!
//! Transfers that wait for a trigger (SLOT) or for a stream (HW_FIFO_EN) never end, since what they
//! wait for is not modelled; nor do those that touch an address where nothing answers.
//!
//! Source: X-HEEP, `hw/ip/dma` (behaviour).

use super::transfer::Transfer;
use super::{Block, NEVER};
use crate::soc::device::Context;
use serde::{Deserialize, Serialize};

pub(super) const CHANNELS: usize = 4;
pub(super) const REGISTERS: usize = 27;
const SIZE_D1: usize = 0x0c / 4;
const STATUS: usize = 0x14 / 4;
const SLOT: usize = 0x28 / 4;
const MODE: usize = 0x38 / 4;
const HW_FIFO_EN: usize = 0x3c / 4;
const WINDOW_SIZE: usize = 0x58 / 4;
const INTERRUPT_EN: usize = 0x60 / 4;
const TRANSACTION_IFR: usize = 0x64 / 4;
const WINDOW_IFR: usize = 0x68 / 4;
const FULL: u32 = u32::MAX;
/// Writable bits.
const WRITABLE: [u32; REGISTERS] = [
    FULL, FULL, FULL, 0xffff, 0xffff, 0, 0x3f, 0x7f_ffff, 0x3f, 0x7f_ffff, FULL, 3, 3, 1, 3, 1, 1,
    1, 0x3f, 0x3f, 0x3f, 0x3f, 0x1fff, 0, 3, 0, 0,
];
const CIRCULAR: u32 = 1;
/// Elements that all transfers of a run may move; a transfer beyond it never ends, so that a
/// program cannot keep the host busy for ever by sleeping.
const ELEMENT_LIMIT: u64 = 1 << 30;
/// Cycles from the store to SIZE_D1 to the first write.
const START_CYCLES: u64 = 8;
/// Cycles for each element: the bus does one access at a time.
const ELEMENT_CYCLES: u64 = 2;

/// What a channel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Ready,
    /// Started in this cycle, the data not yet moved.
    Due(u64),
    Running {
        done_at: u64,
    },
    /// It waits for what never comes.
    Stuck,
}

/// The ends of a transfer's windows.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Windows {
    next: u64,
    period: u64,
    left: u64,
}

impl Windows {
    /// The first one up to cycle `clock`; those up to it are over.
    fn pass(&mut self, clock: u64) -> Option<u64> {
        if self.left == 0 || self.next > clock {
            return None;
        }
        let first = self.next;
        let passed = ((clock - first) / self.period.max(1) + 1).min(self.left);
        self.next += passed * self.period;
        self.left -= passed;
        Some(first)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Channel {
    registers: [u32; REGISTERS],
    state: State,
    /// SIZE_D1 was written during a transfer: another one follows.
    again: bool,
    /// The cycle from which each interrupt flag is set: transaction, window.
    flags: [u64; 2],
    windows: Windows,
}

impl Channel {
    fn new() -> Self {
        let mut registers = [0; REGISTERS];
        // The four pointer increments.
        registers[0x18 / 4..=0x24 / 4].fill(4);
        Self {
            registers,
            state: State::Ready,
            again: false,
            flags: [NEVER; 2],
            windows: Windows::default(),
        }
    }

    fn enabled(&self, flag: usize) -> bool {
        self.registers[INTERRUPT_EN] >> flag & 1 != 0
    }

    /// From which cycle on an interrupt is high: a cycle after its flag, which is set a cycle after
    /// the event.
    fn rises(&self, flag: usize) -> u64 {
        let event = match (self.state, flag) {
            _ if !self.enabled(flag) => NEVER,
            (State::Running { done_at }, 0) => done_at,
            (State::Running { .. }, 1) if self.windows.left > 0 => self.windows.next,
            _ => NEVER,
        };
        self.flags[flag].min(event.saturating_add(1)).saturating_add(1)
    }

    fn set_flag(&mut self, flag: usize, event: u64) {
        if self.enabled(flag) {
            self.flags[flag] = self.flags[flag].min(event + 1);
        }
    }

    /// Takes note of what happened up to cycle `clock`; the next transfer may be due then.
    fn settle(&mut self, clock: u64) {
        if let Some(event) = self.windows.pass(clock) {
            self.set_flag(1, event);
        }
        let State::Running { done_at } = self.state else { return };
        if done_at <= clock {
            self.set_flag(0, done_at);
            let restarts = std::mem::take(&mut self.again) || self.registers[MODE] == CIRCULAR;
            self.state = if restarts { State::Due(done_at) } else { State::Ready };
        }
    }

    /// Whether the transfer waits for signals that are not modelled.
    fn waits(&self) -> bool {
        self.registers[SLOT] != 0 || self.registers[HW_FIFO_EN] != 0
    }

    /// Its transfer, started in cycle `at`, has moved its data: plans what comes of it.
    fn moved(&mut self, at: u64, elements: u64) {
        let first = at + START_CYCLES;
        self.state = State::Running { done_at: first + elements * ELEMENT_CYCLES };
        self.windows = match u64::from(self.registers[WINDOW_SIZE]) {
            0 => Windows::default(),
            // The counter goes from 0 to the size.
            size => {
                let period = (size + 1) * ELEMENT_CYCLES;
                Windows { next: first + period, period, left: elements / (size + 1) }
            }
        };
    }

    fn load(&mut self, register: usize, clock: u64) -> u32 {
        match register {
            STATUS => u32::from(self.state == State::Ready),
            TRANSACTION_IFR | WINDOW_IFR => {
                let flag = (register - TRANSACTION_IFR) & 1;
                let set = self.flags[flag] <= clock;
                // With its interrupt off, a flag stays as it is.
                if set && self.enabled(flag) {
                    self.flags[flag] = NEVER;
                }
                set.into()
            }
            _ => self.registers.get(register).copied().unwrap_or(0),
        }
    }

    fn store(&mut self, register: usize, value: u32, clock: u64) {
        if WRITABLE[register] == 0 {
            return;
        }
        self.registers[register] = value;
        if register == SIZE_D1 && value != 0 {
            match self.state {
                State::Ready => self.state = State::Due(clock),
                _ => self.again = true,
            }
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Dma {
    channels: [Channel; CHANNELS],
    /// Elements moved so far.
    elements: u64,
}

/// A channel's transfer that has to move its data now.
pub(super) struct Started {
    pub channel: usize,
    /// The cycle in which it started.
    pub at: u64,
    pub transfer: Transfer,
}

impl Dma {
    pub fn new() -> Self {
        Self { channels: std::array::from_fn(|_| Channel::new()), elements: 0 }
    }

    /// From which cycle on an interrupt is high: 0 transaction, 1 window.
    pub fn rises(&self, flag: usize) -> u64 {
        self.channels.iter().map(|channel| channel.rises(flag)).min().unwrap_or(NEVER)
    }

    /// The next cycle after `clock` in which a channel is done.
    pub fn next_done(&self, clock: u64) -> Option<u64> {
        let done = self.channels.iter().filter_map(|channel| match channel.state {
            State::Running { done_at } => Some(done_at),
            _ => None,
        });
        done.filter(|at| *at > clock).min()
    }

    /// Takes note of what happened up to cycle `clock`.
    pub fn settle(&mut self, clock: u64) {
        self.channels.iter_mut().for_each(|channel| channel.settle(clock));
    }

    /// A transfer whose data are to be moved. Those that nothing can end are left out.
    pub fn take_started(&mut self, cx: &mut Context<'_>) -> Option<Started> {
        for (i, channel) in self.channels.iter_mut().enumerate() {
            let State::Due(at) = channel.state else { continue };
            channel.state = State::Stuck;
            let transfer = Transfer::new(channel.registers);
            let elements = self.elements.saturating_add(transfer.elements().max(1));
            if channel.waits() {
                cx.outside.unmodelled("X-HEEP DMA triggers and streams", cx.addr);
            } else if elements > ELEMENT_LIMIT {
                cx.outside.unmodelled("X-HEEP DMA transfers of so many elements", cx.addr);
            } else {
                self.elements = elements;
                return Some(Started { channel: i, at, transfer });
            }
        }
        None
    }

    /// The data of a started transfer have been moved.
    pub fn moved(&mut self, started: &Started) {
        self.channels[started.channel].moved(started.at, started.transfer.elements());
    }

    fn locate(&mut self, offset: u32) -> Option<(&mut Channel, usize)> {
        let register = offset as usize % 0x80 / 4;
        let channel = self.channels.get_mut(offset as usize / 0x100)?;
        (register < REGISTERS).then_some((channel, register))
    }
}

impl Block for Dma {
    fn writable(&self, offset: u32) -> Option<u32> {
        let there = offset / 0x100 < CHANNELS as u32;
        WRITABLE.get(offset as usize % 0x80 / 4).copied().filter(|_| there)
    }

    fn load(&mut self, offset: u32, cx: &mut Context<'_>) -> u32 {
        self.locate(offset).map_or(0, |(channel, register)| channel.load(register, cx.clock))
    }

    fn store(&mut self, offset: u32, value: u32, cx: &mut Context<'_>) {
        if let Some((channel, register)) = self.locate(offset) {
            channel.store(register, value, cx.clock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Bench;

    const DMA: u32 = 0x2003_0000;
    const STATUS: u32 = DMA + 0x14;
    const SLOT: u32 = DMA + 0x28;
    const MODE: u32 = DMA + 0x38;
    const WINDOW_SIZE: u32 = DMA + 0x58;
    const INTERRUPT_EN: u32 = DMA + 0x60;
    const TRANSACTION_IFR: u32 = DMA + 0x64;
    const WINDOW_IFR: u32 = DMA + 0x68;
    const CLEAR: u32 = 0x2006_0004;
    const FAST_3: u32 = 1 << 19;
    const FAST_14: u32 = 1 << 30;

    /// Ten words at 0x100 to be copied to 0x200, started in cycle 100 on a channel with these
    /// interrupts.
    fn started(interrupts: u32, settings: &[(u32, u32)]) -> Bench {
        let mut bench = Bench::new();
        for i in 0..10 {
            bench.poke(0x100 + 4 * i, 0x1000 + i);
        }
        bench.store(DMA, 0x100);
        bench.store(DMA + 4, 0x200);
        bench.store(INTERRUPT_EN, interrupts);
        settings.iter().for_each(|(at, value)| bench.store(*at, *value));
        bench.clock = 100;
        bench.store(DMA + 0xc, 10);
        bench
    }

    #[test]
    fn registers_have_their_reset_values() {
        let mut bench = Bench::new();
        for channel in 0..4 {
            let at = DMA + 0x100 * channel;
            let words: Vec<u32> = (0..11).map(|i| bench.load(at + 4 * i)).collect();
            assert_eq!(words, [0, 0, 0, 0, 0, 1, 4, 4, 4, 4, 0]);
            assert_eq!(bench.load(at + 0x6c), u32::MAX);
        }
        assert_eq!(bench.load(DMA + 0x400), u32::MAX);
    }

    #[test]
    fn a_copy_is_busy_for_a_while_and_then_ready() {
        let mut bench = started(0, &[]);
        assert_eq!((bench.peek(0x200), bench.peek(0x224)), (0x1000, 0x1009));
        assert_eq!(bench.load(STATUS), 0);
        // 8 cycles to start, 2 for each element.
        bench.clock = 127;
        assert_eq!(bench.load(STATUS), 0);
        bench.clock = 128;
        assert_eq!((bench.load(STATUS), bench.load(TRANSACTION_IFR)), (1, 0));
    }

    #[test]
    fn the_interrupt_stays_until_its_flag_is_read_and_comes_twice_if_it_is_cleared_before() {
        let mut bench = started(1, &[]);
        // Done in 128, the flag in 129, its line in 130, pending in 131.
        assert_eq!((bench.mip(130), bench.mip(131)), (0, FAST_3));
        bench.clock = 140;
        bench.store(CLEAR, 8);
        assert_eq!(bench.mip(143), FAST_3);
        bench.clock = 150;
        assert_eq!((bench.load(TRANSACTION_IFR), bench.load(TRANSACTION_IFR)), (1, 0));
        assert_eq!(bench.mip(160), FAST_3);
        bench.clock = 160;
        bench.store(CLEAR, 8);
        assert_eq!(bench.mip(170), 0);
    }

    #[test]
    fn windows_end_after_one_element_more_than_their_size() {
        let mut bench = started(2, &[(WINDOW_SIZE, 3)]);
        // First write in 108; four elements of two cycles; flag, line, pending.
        assert_eq!((bench.mip(118), bench.mip(119)), (0, FAST_14));
        bench.clock = 120;
        assert_eq!(bench.load(WINDOW_IFR), 1);
        bench.store(CLEAR, 1 << 14);
        // The second of two windows.
        assert_eq!((bench.mip(126), bench.mip(127)), (0, FAST_14));
        bench.clock = 130;
        assert_eq!((bench.load(WINDOW_IFR), bench.load(WINDOW_IFR)), (1, 0));
    }

    #[test]
    fn a_circular_transfer_starts_again_until_the_mode_changes() {
        let mut bench = started(0, &[(MODE, 1)]);
        bench.poke(0x100, 7);
        assert_eq!(bench.next_change(100), Some(128));
        bench.tick(128);
        assert_eq!(bench.peek(0x200), 7);
        bench.clock = 130;
        assert_eq!(bench.load(STATUS), 0);
        bench.store(MODE, 0);
        bench.clock = 128 + 28;
        assert_eq!((bench.load(STATUS), bench.next_change(156)), (1, None));
    }

    #[test]
    fn a_size_written_during_a_transfer_starts_another() {
        let mut bench = started(0, &[]);
        bench.store(DMA + 4, 0x300);
        bench.store(DMA + 0xc, 1);
        assert_eq!(bench.peek(0x300), 0);
        bench.tick(128);
        assert_eq!((bench.peek(0x300), bench.peek(0x304)), (0x1000, 0));
        bench.clock = 128 + 10;
        assert_eq!(bench.load(STATUS), 1);
    }

    #[test]
    fn what_cannot_end_stays_busy() {
        for settings in [(SLOT, 1), (DMA + 0x3c, 1), (DMA, 0x5000_0000), (DMA + 4, 0x2010_0000)] {
            let mut bench = started(3, &[settings]);
            bench.clock = 1 << 40;
            assert_eq!((bench.load(STATUS), bench.mip(1 << 40)), (0, 0), "{settings:x?}");
        }
        // 65535 by 65535 elements.
        let mut bench = started(1, &[(SLOT, 1)]);
        bench.store(DMA + 0x100 + 0x40, 1);
        bench.store(DMA + 0x100 + 0x10, 0xffff);
        bench.store(DMA + 0x100 + 0x0c, 0xffff);
        assert_eq!(bench.load(STATUS + 0x100), 0);
    }

    #[test]
    fn it_reaches_peripherals() {
        let mut bench = Bench::new();
        bench.store(0x3008_000c, 1);
        bench.poke(0x100, u32::from_le_bytes(*b"abcd"));
        for (register, value) in
            [(0, 0x100), (4, 0x3008_0018), (0x18, 1), (0x20, 0), (0x2c, 2), (0x0c, 4)]
        {
            bench.store(DMA + register, value);
        }
        assert_eq!(bench.outside.printed(), b"abcd");
    }
}

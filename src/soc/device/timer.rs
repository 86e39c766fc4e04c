//! Machine timers.
//!
//! In: stores to `mtime` and `mtimecmp`. Out: the timer line as a function of the clock. Nothing counts while nobody
//! looks: `mtime` is the clock plus an offset.

use super::{Context, Peripheral, lane, merge};
use crate::soc::{BusFault, Lines, Size};
use serde::{Deserialize, Serialize};

const MSIP: u32 = 1 << 3;
const MTIP: u32 = 1 << 7;

/// Where the registers of a [`Timer`] are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TimerSettings {
    /// Offset of the 64-bit `mtime`.
    pub mtime: u32,
    /// Offset of the 64-bit `mtimecmp`.
    pub mtimecmp: u32,
    /// Offset of the software-interrupt word, if there is one.
    pub msip: Option<u32>,
    /// Clock cycles per tick of `mtime`.
    #[serde(default = "one")]
    pub prescale: u32,
}

fn one() -> u32 {
    1
}

impl TimerSettings {
    /// Bytes up to the end of the last register.
    pub(super) fn len(&self) -> u32 {
        let msip = self.msip.map_or(0, |at| at.saturating_add(4));
        self.mtime.max(self.mtimecmp).saturating_add(8).max(msip)
    }
}

/// The machine timer of the privileged specification: pending while `mtime >= mtimecmp`.
///
/// Source: The RISC-V Instruction Set Manual, Volume II, "Machine Timer Registers (mtime and mtimecmp)"; the layout with a
/// software-interrupt word is SiFive's CLINT.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Timer {
    settings: TimerSettings,
    /// `mtime = clock / prescale + offset`.
    offset: u64,
    mtimecmp: u64,
    software: bool,
}

impl Timer {
    /// Whether it is the same timer, in whatever state.
    pub fn fits(&self, other: &Self) -> bool {
        self.settings == other.settings
    }

    pub fn new(settings: &TimerSettings) -> Self {
        let settings = TimerSettings { prescale: settings.prescale.max(1), ..settings.clone() };
        Self { settings, offset: 0, mtimecmp: u64::MAX, software: false }
    }

    fn mtime(&self, clock: u64) -> u64 {
        (clock / u64::from(self.settings.prescale)).wrapping_add(self.offset)
    }

    /// The register word at an offset: 0 and 1 the halves of `mtime`, 2 and 3 of `mtimecmp`, 4 software.
    fn register(&self, offset: u32) -> Option<u32> {
        let within = |base: u32| offset.checked_sub(base).filter(|o| *o < 8).map(|o| o / 4);
        let software = self.settings.msip.is_some_and(|at| offset & !3 == at);
        (within(self.settings.mtime))
            .or_else(|| within(self.settings.mtimecmp).map(|half| 2 + half))
            .or_else(|| software.then_some(4))
    }

    fn word(&self, register: u32, clock: u64) -> u32 {
        match register {
            0 => self.mtime(clock) as u32,
            1 => (self.mtime(clock) >> 32) as u32,
            2 => self.mtimecmp as u32,
            3 => (self.mtimecmp >> 32) as u32,
            _ => u32::from(self.software),
        }
    }
}

impl Peripheral for Timer {
    fn load(&mut self, offset: u32, size: Size, cx: &mut Context<'_>) -> Result<u32, BusFault> {
        // Registers that a larger window leaves unused read 0, as those of harts that do not exist.
        let word = self.register(offset).map_or(0, |register| self.word(register, cx.clock));
        Ok(lane(word, offset, size))
    }

    fn store(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        cx: &mut Context<'_>,
    ) -> Result<(), BusFault> {
        let Some(register) = self.register(offset) else { return Ok(()) };
        let word = merge(self.word(register, cx.clock), offset, size, value);
        let mtime = self.mtime(cx.clock);
        match register {
            0 | 1 => {
                let wanted = replace_half(mtime, register == 1, word);
                self.offset = self.offset.wrapping_add(wanted.wrapping_sub(mtime));
            }
            2 | 3 => self.mtimecmp = replace_half(self.mtimecmp, register == 3, word),
            _ => self.software = word & 1 != 0,
        }
        Ok(())
    }

    fn lines(&self, clock: u64) -> Lines {
        let timer = if self.mtime(clock) >= self.mtimecmp { MTIP } else { 0 };
        Lines { mip: timer | if self.software { MSIP } else { 0 }, nmi: false }
    }

    fn next_change(&self, clock: u64) -> Option<u64> {
        // Up to `mtimecmp`, and beyond it up to 2^64, where `mtime` begins again at 0.
        let mtime = self.mtime(clock);
        let ticks = match self.mtimecmp.checked_sub(mtime) {
            Some(ticks) if ticks > 0 => ticks,
            _ => 0_u64.wrapping_sub(mtime),
        };
        let prescale = u64::from(self.settings.prescale);
        if ticks == 0 {
            // `mtimecmp` is 0: pending at every time.
            return None;
        }
        (clock / prescale).checked_add(ticks)?.checked_mul(prescale)
    }

    fn time(&self, clock: u64) -> Option<u64> {
        Some(self.mtime(clock))
    }
}

fn replace_half(value: u64, high: bool, word: u32) -> u64 {
    if high {
        value & 0xffff_ffff | u64::from(word) << 32
    } else {
        value & !0xffff_ffff | u64::from(word)
    }
}

/// The timer of Ibex's `simple_system`: the line is a register, set one cycle after `mtime >= mtimecmp` and cleared by
/// a store to `mtimecmp` only.
///
/// Source: Ibex, `shared/rtl/timer.sv` (behaviour).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct IbexTimer {
    /// `mtime = clock + offset`.
    offset: u64,
    mtimecmp: u64,
    /// The line is set from this cycle on, whatever the comparison says now.
    set_at: Option<u64>,
    /// The first cycle that the comparison counts.
    since: u64,
}

impl IbexTimer {
    /// The first cycle in which the line is set.
    fn rises(&self) -> Option<u64> {
        if self.set_at.is_some() {
            return self.set_at;
        }
        let now = self.since.wrapping_add(self.offset);
        let wait = self.mtimecmp.saturating_sub(now);
        self.since.checked_add(wait)?.checked_add(1)
    }
}

impl Peripheral for IbexTimer {
    fn load(&mut self, offset: u32, size: Size, cx: &mut Context<'_>) -> Result<u32, BusFault> {
        let mtime = cx.clock.wrapping_add(self.offset);
        let word = match offset & !3 {
            0 => mtime as u32,
            4 => (mtime >> 32) as u32,
            8 => self.mtimecmp as u32,
            12 => (self.mtimecmp >> 32) as u32,
            _ => return Err(BusFault),
        };
        Ok(lane(word, offset, size))
    }

    fn store(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        cx: &mut Context<'_>,
    ) -> Result<(), BusFault> {
        let mtime = cx.clock.wrapping_add(self.offset);
        let high = offset & 4 != 0;
        let half = |whole: u64| if high { (whole >> 32) as u32 } else { whole as u32 };
        match offset & !3 {
            0 | 4 => {
                // A match up to this cycle has set the line; later ones go by the new time.
                self.set_at = self.rises().filter(|at| *at <= cx.clock + 1);
                self.since = cx.clock + 1;
                let word = merge(half(mtime), offset, size, value);
                let next = replace_half(mtime.wrapping_add(1), high, word);
                self.offset = next.wrapping_sub(cx.clock + 1);
            }
            8 | 12 => {
                let word = merge(half(self.mtimecmp), offset, size, value);
                self.mtimecmp = replace_half(self.mtimecmp, high, word);
                self.set_at = None;
                self.since = cx.clock + 1;
            }
            _ => return Err(BusFault),
        }
        Ok(())
    }

    fn lines(&self, clock: u64) -> Lines {
        let set = self.rises().is_some_and(|at| at <= clock);
        Lines { mip: if set { MTIP } else { 0 }, nmi: false }
    }

    fn next_change(&self, clock: u64) -> Option<u64> {
        self.rises().filter(|at| *at > clock)
    }

    fn time(&self, clock: u64) -> Option<u64> {
        Some(clock.wrapping_add(self.offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soc::board::Outside;
    use crate::soc::{Memories, Memory};

    fn store(device: &mut impl Peripheral, offset: u32, value: u32, clock: u64) {
        let mut outside = Outside::default();
        let mut memory = Memories::new(Memory::new(0, 4096, false), Vec::new());
        let (outside, memory) = (&mut outside, &mut memory);
        let mut cx = Context { clock, addr: offset, outside, memory };
        device.store(offset, Size::Word, value, &mut cx).unwrap();
    }

    #[test]
    fn the_timer_is_pending_from_mtimecmp_on_and_not_before() {
        let settings = TimerSettings { mtime: 0, mtimecmp: 8, msip: Some(16), prescale: 10 };
        let mut timer = Timer::new(&settings);
        assert_eq!((timer.lines(1 << 60).mip, timer.next_change(0)), (0, None));
        store(&mut timer, 12, 0, 5);
        store(&mut timer, 8, 7, 5);
        assert_eq!(timer.next_change(5), Some(70));
        assert_eq!((timer.lines(69).mip, timer.lines(70).mip), (0, MTIP));
        // mtime set to 3 in cycle 70: four more ticks.
        store(&mut timer, 0, 3, 70);
        assert_eq!(timer.next_change(70), Some(110));
        store(&mut timer, 16, 1, 70);
        assert_eq!(timer.lines(70).mip, MSIP);
    }

    #[test]
    fn a_timer_that_was_set_back_or_forth_announces_changes_that_are_to_come() {
        let settings = TimerSettings { mtime: 0, mtimecmp: 8, msip: None, prescale: 10 };
        let mut timer = Timer::new(&settings);
        // Set back to 0 in cycle 500, and mtimecmp as far away as it is after reset: not before
        // 2^64 ticks.
        store(&mut timer, 0, 0, 500);
        assert_eq!((timer.lines(505).mip, timer.next_change(505)), (0, None));
        // Five ticks before it begins again at 0, pending; then it is not any more, until it is 7
        // again.
        store(&mut timer, 8, 7, 500);
        store(&mut timer, 12, 0, 500);
        store(&mut timer, 4, u32::MAX, 500);
        store(&mut timer, 0, 0_u32.wrapping_sub(5), 500);
        assert_eq!((timer.lines(500).mip, timer.next_change(500)), (MTIP, Some(550)));
        assert_eq!((timer.lines(549).mip, timer.lines(550).mip), (MTIP, 0));
        assert_eq!((timer.next_change(550), timer.lines(620).mip), (Some(620), MTIP));
    }

    #[test]
    fn ibex_s_timer_sets_its_line_a_cycle_late_and_keeps_it_until_mtimecmp_is_written() {
        let mut timer = IbexTimer::default();
        // After reset mtime = mtimecmp = 0: set from cycle 1 on.
        assert_eq!((timer.lines(0).mip, timer.lines(1).mip), (0, MTIP));
        store(&mut timer, 8, 100, 10);
        assert_eq!((timer.lines(11).mip, timer.next_change(11)), (0, Some(101)));
        assert_eq!((timer.lines(100).mip, timer.lines(101).mip), (0, MTIP));
        // Time is turned back: the line stays.
        store(&mut timer, 0, 0, 200);
        assert_eq!(timer.lines(250).mip, MTIP);
        store(&mut timer, 12, 0, 260);
        // Written in cycle 260; mtime was 0 in cycle 201, so it is 100 in cycle 301.
        assert_eq!((timer.lines(261).mip, timer.next_change(261)), (0, Some(302)));
    }
}

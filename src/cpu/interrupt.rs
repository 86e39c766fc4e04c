//! Interrupts and sleep: when the lines are looked at, and what taking an interrupt costs.
//!
//! In: the interrupt lines as a function of the clock. Out: a redirected pc, or the end of a run that nothing can wake. Cycle by
//! cycle as measured on cve2's RTL, for every phase of every kind of instruction:
//!
//! - An interrupt that is pending and enabled in the last cycle before the next instruction would be decoded is taken in its place.
//! - The decoder must be empty to take it. It is so in the first cycle after a straight instruction, since fetch was halted, or in the
//!   bubbles that a redirection or flush leaves. The handler's first instruction is decoded three cycles later.

use super::Machine;
use super::Stop;
use super::block::{fetch, is_wfi, unaligned_cycles};
use super::csr::Totals;
use super::events::Event;
use super::probe::Probe;
use super::profile::Mhpmcounter11;
use super::timing;
use crate::isa::Op;
use crate::soc::Bus;
use crate::unit::Unit;

/// Changes of the lines that a sleeping core waits through before it is given up: none of them wakes it.
const PATIENCE: u32 = 1 << 16;
/// From this cycle on nothing happens: a sleeping core that would wake then never wakes. So no clock
/// can overflow.
const NEVER: u64 = 1 << 62;
/// Instructions that are looked back at to tell whether the prefetcher is idle.
const LOOK_BACK: u32 = 64;

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    /// Asks for a look at the interrupt lines before the next instruction.
    pub(super) fn look_at_interrupts(&mut self) {
        self.deadline = 0;
    }

    /// Does what devices have to do by now, and takes an interrupt if there is one to take.
    #[cold]
    pub(super) fn attend(&mut self) -> Option<Stop> {
        self.bus.tick(self.clock(self.totals.cycles));
        self.forget_code_written_by_host();
        if std::mem::take(&mut self.stale) {
            self.forget_blocks();
        }
        self.protected = self.csrs.is_protected();
        if let Some(code) = self.bus.exit_code() {
            return Some(Stop::Exit(code));
        }
        let unaligned = if self.redirected { unaligned_cycles(&self.bus, self.pc) } else { 0 };
        // The cycle in which the next instruction would be decoded, and the empty ones before it.
        let next = self.totals.cycles + unaligned;
        let bubbles = self.bubbles + unaligned;
        let pending = |machine: &Self, cycle: u64| {
            machine.csrs.interrupt(machine.bus.lines(machine.clock(cycle)))
        };
        let Some(_) = pending(self, next - 1) else {
            let change = self.bus.next_change(self.clock(next - 1));
            self.after_wfi = false;
            self.deadline = change.map_or(u64::MAX, |clock| clock.saturating_sub(self.slept));
            return None;
        };
        let empty = match bubbles {
            0 => next,
            _ => (next - bubbles..next).find(|c| pending(self, *c).is_some()).unwrap_or(next - 1),
        };
        let after_wfi = std::mem::take(&mut self.after_wfi);
        // The cause is the one of the cycle in which the interrupt is taken, one later.
        let taken = pending(self, empty + 1).or_else(|| pending(self, next - 1))?;
        self.count_fetch_waits(next - bubbles, empty);
        // The decoder's register holds a WFI until the interrupt is taken, or gets one that will not be executed.
        self.count_wfi_wait(u64::from(after_wfi) + u64::from(is_wfi(&self.bus, self.pc)));
        self.totals.cycles = empty + timing::INTERRUPT_ENTRY;
        self.interrupts += 1;
        self.pc = self.csrs.enter_interrupt(taken, self.pc);
        self.bubbles = 1;
        self.handler_entered();
        self.interrupt_at = self.handler_at;
        None
    }

    /// The bubbles before the one in which an interrupt is taken count as waits, and two of its entry do.
    fn count_fetch_waits(&mut self, first_bubble: u64, empty: u64) {
        let before = empty.saturating_sub(first_bubble);
        // The redirection has counted its own bubbles, all but those that an unaligned target would still have added.
        self.events.count(Event::FetchWait, 2 + before);
        self.fetch_waits = self.fetch_waits.wrapping_sub(self.bubbles);
    }

    /// WFI, retired at this pc, is done with its first cycle: sleeps until an interrupt is pending and enabled in `mie`.
    ///
    /// The core's clock stops meanwhile, or the core is without power and then starts again. Returns
    /// how the run ends if nothing can wake the core.
    pub(super) fn wait_for_interrupt(&mut self, pc: u32) -> Option<Stop> {
        // WFI's only cycle of decoding, which settling has counted.
        let decoded = self.totals.cycles - 1;
        let without_power = self.bus.cuts_power();
        let wakes = |machine: &Self, clock: u64| match without_power {
            false => machine.csrs.wakes(machine.bus.lines(clock)),
            true => machine.bus.restart(clock).is_some(),
        };
        let can_stop = decoded + timing::WFI_AWAKE + u64::from(self.prefetcher_is_busy(pc));
        let mut clock = self.clock(decoded + timing::WFI_AWAKE);
        let mut changes = 0;
        while !wakes(self, clock) {
            changes += 1;
            match self.bus.next_change(clock) {
                // Something may have become due before the core was asleep.
                Some(change) if changes < PATIENCE && change < NEVER => clock = clock.max(change),
                _ => return Some(Stop::Asleep { pc }),
            }
            self.bus.tick(clock);
            self.forget_code_written_by_host();
            if let Some(code) = self.bus.exit_code() {
                return Some(Stop::Exit(code));
            }
        }
        // From here in cycles of a clock that has not stopped.
        let woken = clock - self.slept;
        let next = (decoded + timing::WFI).max(woken + timing::WAKE);
        let slept = woken.saturating_sub(can_stop);
        self.slept += slept;
        self.totals.cycles = next - slept;
        self.bubbles = 1;
        self.events.count(Event::FetchWait, 1);
        self.count_wfi_wait(self.totals.cycles - decoded);
        self.after_wfi = true;
        if let (true, Some(pc)) = (without_power, self.bus.restart(clock)) {
            self.restart(pc);
        }
        None
    }

    /// The core has its power back and nothing else: it starts at `pc` as after a reset.
    fn restart(&mut self, pc: u32) {
        let totals = Totals { events: self.event_totals(), ..self.totals };
        self.csrs = self.csrs.restart(pc, self.vectors, &totals);
        self.context.registers = [0; 64];
        (self.pc, self.target, self.redirected) = (pc, pc, true);
        self.bubbles = 0;
        self.after_wfi = false;
        self.look_at_interrupts();
    }

    /// Counts cycles with a WFI in the decoder, on cores that count them. An interrupt that ends it adds one.
    pub(super) fn count_wfi_wait(&mut self, cycles: u64) {
        if self.profile.mhpmcounter11 == Mhpmcounter11::WfiWait {
            self.events.count(Event::WfiOrMulWait, cycles);
        }
    }

    /// A taken branch has put the WFI behind it into the decoder's register for as long as nothing else came.
    #[cold]
    pub(super) fn count_wfi_behind_branch(&mut self) {
        let cycles = 1 + unaligned_cycles(&self.bus, self.pc);
        self.count_wfi_wait(cycles);
    }

    /// Whether the prefetcher still fetches in the cycle after a WFI, which keeps the clock running for one more.
    ///
    /// It does if every instruction since the last redirection took one cycle and used up a whole word.
    fn prefetcher_is_busy(&self, wfi: u32) -> bool {
        let mut at = self.target;
        for _ in 0..LOOK_BACK {
            let Ok((insn, _)) = fetch(&self.bus, at) else { return false };
            let whole = if insn.len == 4 { at != self.target || at & 2 == 0 } else { at & 2 != 0 };
            if !whole {
                return false;
            }
            if at == wfi {
                return true;
            }
            let writes = match insn.op {
                Op::Csrrw | Op::Csrrwi => true,
                op => op.is_csr() && insn.rs1 != 0,
            };
            let clears = matches!(insn.op, Op::Csrrc | Op::Csrrci);
            let flushes = writes && self.profile.flushes(insn.imm as u32, clears);
            if timing::fixed_cycles(insn.op) != 1 || flushes {
                return false;
            }
            at = at.wrapping_add(u32::from(insn.len));
        }
        false
    }
}

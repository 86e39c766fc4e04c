//! What a debugger does to a machine between two instructions: where it pauses, and what is changed from outside.
//!
//! In: addresses, causes, values. Out: a machine that pauses there, or goes on with other values. Pausing changes nothing that a program can
//! see: instructions, cycles and counters are those of a run that does not pause.

use super::block::NOWHERE;
use super::csr::Totals;
use super::probe::Probe;
use super::trap::Cause;
use super::{Flow, Machine};
use crate::soc::Bus;
use crate::unit::Unit;

/// Where a run to an event pauses, besides the one-shot [`Machine::set_breakpoint`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pauses {
    /// Before the instructions at these addresses; the first instruction of a run to an event is not looked at, so that the run goes on.
    pub breakpoints: Vec<u32>,
    /// After exceptions whose code in `mcause` is a bit here, at the handler's first instruction.
    pub exceptions: u32,
    /// After interrupts, at the handler's first instruction.
    pub interrupts: bool,
}

impl Pauses {
    /// The bits of [`Pauses::exceptions`] for these causes.
    pub fn bits(causes: &[Cause]) -> u32 {
        causes.iter().map(|cause| 1 << cause.code()).sum()
    }
}

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    /// Says where runs to an event pause. A reset does not change it.
    pub fn set_pauses(&mut self, pauses: &Pauses) {
        if *pauses == self.pauses {
            return;
        }
        self.pauses.clone_from(pauses);
        self.pauses.breakpoints.sort_unstable();
        self.pauses.breakpoints.dedup();
        self.update_barriers();
    }

    /// Lets a run to an event pause once when control first comes to `pc`. A reset takes it away.
    pub fn set_breakpoint(&mut self, pc: u32) {
        self.breakpoint = pc;
        self.update_barriers();
    }

    /// No block may pass an address at which a run can pause.
    pub(super) fn update_barriers(&mut self) {
        self.barriers.clone_from(&self.pauses.breakpoints);
        if self.breakpoint != NOWHERE
            && let Err(place) = self.barriers.binary_search(&self.breakpoint)
        {
            self.barriers.insert(place, self.breakpoint);
        }
        self.blocks.set_barriers(&self.barriers);
        if let Some(jit) = &mut self.jit {
            jit.set_barriers(&self.barriers);
        }
    }

    /// Whether the next instruction is at the one-shot breakpoint, which is then gone.
    pub(super) fn take_breakpoint(&mut self) -> bool {
        let there = self.pc == self.breakpoint;
        if there {
            self.breakpoint = NOWHERE;
            self.update_barriers();
        }
        there
    }

    /// Whether control has come to an address at which a run pauses.
    #[cold]
    pub(super) fn at_barrier(&mut self) -> bool {
        self.take_breakpoint() || self.pauses.breakpoints.binary_search(&self.pc).is_ok()
    }

    /// After an exception: whether a run pauses there.
    pub(super) fn after_exception(&self, cause: Cause) -> Flow {
        let pauses = self.pauses.exceptions >> cause.code() & 1 != 0;
        if pauses { Flow::Caught } else { Flow::Next }
    }

    /// Writes general register `i`, 0..=31; `x0` stays 0.
    pub fn set_reg(&mut self, i: u8, value: u32) {
        if i & 31 != 0 {
            self.set(i & 31, value);
        }
    }

    /// Lets control go on at `pc`, as a jump does; bit 0 is dropped.
    pub fn set_pc(&mut self, pc: u32) {
        self.pc = pc & !1;
        self.target = self.pc;
        self.redirected = true;
        (self.handler_at, self.interrupt_at) = (0, 0);
        self.look_at_interrupts();
    }

    /// Writes a CSR as M-mode software would, without any cycles; `None` if it does not exist or is read-only. Fields that software cannot
    /// write stay as they are.
    pub fn set_csr(&mut self, number: u32, value: u32) -> Option<()> {
        self.csr(number)?;
        let now = Totals {
            time: self.bus.time(self.elapsed()),
            events: self.event_totals(),
            ..self.totals
        };
        self.csrs.write(number, value, &now, &now)?;
        self.look_at_interrupts();
        Some(())
    }

    /// Takes note of what was changed through [`Machine::bus_mut`] or [`Machine::unit_mut`] in the middle of a run: decoded code that is
    /// no longer in memory, devices that may be due, multiplications that may take longer.
    pub fn changed_from_outside(&mut self) {
        let _ = self.bus.host_wrote_code();
        self.forget_blocks();
        self.blocks.set_mul_cycles(self.unit.max_cycles());
        self.look_at_interrupts();
    }
}

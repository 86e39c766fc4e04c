//! What a probe is told: the machine before an instruction, and the event after it.
//!
//! In: the machine before and after one instruction. Out: a [`Retired`]. All of it is compiled away if the probe is not active.

use super::Machine;
use super::block::fetch;
use super::probe::{Probe, Retired};
use super::timing;
use super::trap::Cause;
use crate::isa::Op;
use crate::soc::Bus;
use crate::unit::Unit;

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    #[inline(always)]
    pub(super) fn observe(&mut self, before: &Observed, len: usize, trapped: bool) {
        if P::ACTIVE {
            self.report(before, len, trapped);
        }
    }

    /// Tells the probe about the block's only instruction: with an active probe, blocks are one instruction long.
    fn report(&mut self, before: &Observed, len: usize, trapped: bool) {
        let idle = self.idle_after(before, trapped);
        let written = (before.step_rd.filter(|rd| *rd < 32 && len == 1)).unwrap_or(0);
        self.probe.retired(&Retired {
            pc: before.pc,
            word: before.word,
            len: before.len,
            rd: (
                written,
                if written == 0 { 0 } else { self.context.registers[usize::from(written)] },
            ),
            access: self.access.take(),
            trapped,
            enters_handler: before.enters_handler,
            next_pc: if trapped { before.pc.wrapping_add(u32::from(before.len)) } else { self.pc },
            mode: before.mode,
            cycles: self.clock(self.totals.cycles - idle),
        });
    }

    /// The instruction that was looked at before has not been executed.
    pub(super) fn forget_observed(&mut self, before: &Observed) {
        if P::ACTIVE {
            self.enters_handler |= before.enters_handler;
        }
    }

    /// Cycles that pass between this instruction's retirement and the next one's start.
    fn idle_after(&mut self, before: &Observed, trapped: bool) -> u64 {
        let Some(insn) = crate::isa::decode(before.word).filter(|_| !trapped) else {
            return timing::TRAP_ENTRY;
        };
        if std::mem::take(&mut self.halted_fetch) {
            return timing::HALTED_FETCH;
        }
        let took = self.totals.cycles - before.cycles;
        match insn.op {
            Op::Mret => self.profile.after_mret,
            op if op.is_branch() && took > timing::TAKEN => timing::REDIRECT_AFTER_RETIREMENT,
            op if op.is_csr() && took > timing::CSR_FLUSH => timing::CSR_FLUSH,
            _ => 0,
        }
    }
}

/// What a probe wants to know of the machine before an instruction. Empty if the probe is not active.
#[derive(Default)]
pub(super) struct Observed {
    pc: u32,
    word: u32,
    len: u8,
    step_rd: Option<u8>,
    mode: u8,
    cycles: u64,
    enters_handler: bool,
}

impl Observed {
    #[inline(always)]
    pub fn of<B: Bus, U: Unit, P: Probe>(machine: &mut Machine<B, U, P>) -> Self {
        if !P::ACTIVE {
            return Self::default();
        }
        let fetched = fetch(&machine.bus, machine.pc);
        let word = match &fetched {
            Ok((_, word)) => *word,
            Err(trap) if trap.cause == Cause::IllegalInstruction => trap.tval,
            // Of one that reaches beyond memory, the first half.
            Err(trap) => machine.bus.fetch(trap.pc).map_or(0, u32::from),
        };
        let unfetched =
            matches!(&fetched, Err(trap) if trap.cause == Cause::InstructionAccessFault);
        let len = if unfetched { 4 } else { crate::isa::parcel_len(word as u16) };
        let rd = fetched.ok().map(|(insn, _)| insn.rd);
        Self {
            pc: machine.pc,
            word,
            len,
            step_rd: rd,
            mode: machine.csrs.mode,
            cycles: machine.totals.cycles,
            enters_handler: std::mem::take(&mut machine.enters_handler),
        }
    }
}

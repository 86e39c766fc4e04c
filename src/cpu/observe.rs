//! What a probe is told: what is known of an instruction before it executes, and the event after it.
//!
//! In: a step of a block with the machine before and after it. Out: a [`Retired`]. All of it is compiled away if the probe is not active.
//!
//! Within a block the machine's totals stand as they were at its beginning, so what a block has taken so far is counted here.

use super::block::{Block, Step, fetch};
use super::exec::Flow;
use super::probe::{CsrWrite, Probe, Retired};
use super::timing;
use super::trap::{Cause, Trap};
use super::{Machine, Stop};
use crate::isa::Op;
use crate::soc::Bus;
use crate::unit::Unit;

/// An instruction that has executed, but for its effects. Empty if the probe is not active.
#[derive(Clone, Copy, Default)]
pub(super) struct Observed {
    number: u64,
    pc: u32,
    word: u32,
    len: u8,
    op: Option<Op>,
    rd: u8,
    rs1: (u8, u32),
    rs2: (u8, u32),
    mode: u8,
    /// Fixed cycles of its block, up to its own.
    cycles: u64,
}

/// How far a block is. Empty if the probe is not active.
#[derive(Clone, Copy, Default)]
pub(super) struct Progress {
    /// Number of the last instruction.
    number: u64,
    /// Address of the next one.
    pc: u32,
    mode: u8,
    /// Fixed cycles so far.
    cycles: u64,
}

/// What the next step reads, before it executes.
pub(super) type Operands = (u32, u32);

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    /// The beginning of a block.
    #[inline(always)]
    pub(super) fn observe_block(&mut self, block: &Block) -> Progress {
        if !P::ACTIVE {
            return Progress::default();
        }
        Progress { number: self.steps_taken(), pc: block.pc, mode: self.csrs.mode, cycles: 0 }
    }

    /// What a step is going to read.
    #[inline(always)]
    pub(super) fn observe_operands(&self, step: Step) -> Operands {
        if P::ACTIVE { (self.r(step.rs1), self.r(step.rs2)) } else { (0, 0) }
    }

    /// The step `at`, which is the next one.
    #[inline(always)]
    pub(super) fn observe_step(
        &self,
        progress: &mut Progress,
        step: Step,
        at: u32,
        (rs1, rs2): Operands,
    ) -> Observed {
        if !P::ACTIVE {
            return Observed::default();
        }
        let Some(shown) = self.blocks.shown(at) else { return Observed::default() };
        progress.number += 1;
        progress.cycles += u64::from(shown.cycles);
        let pc = progress.pc;
        progress.pc = pc.wrapping_add(u32::from(shown.len));
        Observed {
            number: progress.number,
            pc,
            word: shown.word,
            len: shown.len,
            op: Some(step.op),
            rd: shown.rd,
            rs1: (shown.rs1, if shown.rs1 == 0 { 0 } else { rs1 }),
            rs2: (step.rs2, rs2),
            mode: progress.mode,
            cycles: progress.cycles,
        }
    }

    /// The step has retired, and the block goes on or ends behind it.
    #[inline(always)]
    pub(super) fn observe_straight(&mut self, now: &Observed) {
        if P::ACTIVE {
            let system = now.op.is_some_and(super::block::is_system);
            let (idle, csr) = match system {
                true => (std::mem::take(&mut self.idle), self.csr_written.take()),
                false => (0, None),
            };
            let next_pc = now.pc.wrapping_add(u32::from(now.len));
            let cycles = self.clock(self.totals.cycles + now.cycles - idle);
            self.report(now, now.rd, csr, next_pc, cycles);
        }
    }

    /// The instruction of `self.observed` has retired and left its block, which is counted.
    #[inline(always)]
    pub(super) fn observe_leaving(&mut self) {
        if P::ACTIVE {
            let now = self.observed;
            let idle = std::mem::take(&mut self.idle);
            let csr = self.csr_written.take();
            // Only a semihosting call gets here.
            let rd = if now.op == Some(Op::Ebreak) { 10 } else { now.rd };
            self.report(&now, rd, csr, self.pc, self.clock(self.totals.cycles - idle));
        }
    }

    #[inline(always)]
    fn report(&mut self, now: &Observed, rd: u8, csr: Option<CsrWrite>, next_pc: u32, cycles: u64) {
        let accesses = now.op.is_some_and(|op| op.access_len() != 0);
        self.probe.retired(&Retired {
            number: now.number,
            pc: now.pc,
            word: now.word,
            len: now.len,
            op: now.op,
            rs1: now.rs1,
            rs2: now.rs2,
            rd: (rd, self.context.registers[usize::from(rd & 31)]),
            csr,
            access: if accesses { self.access.take() } else { None },
            trapped: false,
            enters_handler: now.number == self.handler_at,
            interrupted: now.number == self.interrupt_at,
            next_pc,
            mode: now.mode,
            cycles,
        });
    }

    /// The instruction of `self.observed` has raised an exception, and its handler is entered, or there is none; `before` is where the last handlers
    /// of exceptions and of interrupts began before it.
    pub(super) fn observe_trap(&mut self, flow: &Flow, cause: Cause, before: (u64, u64)) {
        if P::ACTIVE && !matches!(flow, Flow::Stop(Stop::NoBusAnswer { .. })) {
            let cycle = match flow {
                Flow::Stop(_) => self.totals.cycles + cause.own_cycles(),
                _ => self.totals.cycles - timing::TRAP_ENTRY,
            };
            let now = self.observed;
            (self.idle, self.csr_written) = (0, None);
            let first_of = (before.0 == now.number, before.1 == now.number);
            self.probe.retired(&Retired {
                number: now.number,
                pc: now.pc,
                word: now.word,
                len: now.len,
                op: now.op,
                rs1: now.rs1,
                rs2: now.rs2,
                rd: (0, 0),
                csr: None,
                access: self.access.take(),
                trapped: true,
                enters_handler: first_of.0,
                interrupted: first_of.1,
                next_pc: now.pc.wrapping_add(u32::from(now.len)),
                mode: now.mode,
                cycles: self.clock(cycle),
            });
        }
    }

    /// The instruction at the pc cannot be fetched or decoded.
    pub(super) fn observe_fetch(&mut self, trap: &Trap) {
        if !P::ACTIVE {
            return;
        }
        let unfetched = trap.cause == Cause::InstructionAccessFault;
        let word = match fetch(&self.bus, self.pc) {
            Ok((_, word)) => word,
            Err(trap) if trap.cause == Cause::IllegalInstruction => trap.tval,
            // Of one that reaches beyond memory, the first half.
            Err(trap) => self.bus.fetch(trap.pc).map_or(0, u32::from),
        };
        self.observed = Observed {
            number: self.steps_taken() + 1,
            pc: self.pc,
            word,
            len: if unfetched { 4 } else { crate::isa::parcel_len(word as u16) },
            mode: self.csrs.mode,
            ..Observed::default()
        };
    }

    /// Notes cycles between this instruction's retirement and the next one's start.
    #[inline(always)]
    pub(super) fn note_idle(&mut self, cycles: u64) {
        if P::ACTIVE {
            self.idle = cycles;
        }
    }

    /// Notes a CSR that this instruction has written, as the next one will read it.
    #[inline(always)]
    pub(super) fn note_csr(&mut self, number: u32, value: impl FnOnce(&Self) -> Option<u32>) {
        if P::ACTIVE {
            let value = value(self);
            self.csr_written = value.map(|value| CsrWrite { number: number as u16, value });
        }
    }
}

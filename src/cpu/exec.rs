//! The interpreter: executes one decoded block, each instruction as the manual says.

use super::block::{Block, OUTSIDE, Step, fetch};
use super::csr::{self, Totals, U_MODE};
use super::events::Event;
use super::pmp::Wish;
use super::probe::Probe;
use super::profile::BreakpointTval;
use super::timing;
use super::trap::{Cause, Trap};
use super::{Difference, Machine, Stop};
use crate::isa::Op;
use crate::soc::{Bus, Semihosted, Size};
use crate::unit::{Answer, MulOp, Unit};

/// Where control goes after a block.
pub(super) enum Flow {
    /// On, at the machine's pc.
    Next,
    /// On, but a device was accessed and may have ended the run.
    Device,
    /// On; for the first time in this run the multiplier has differed from a fault-free one.
    Differed,
    /// On, with a store that the bus holds.
    Held,
    /// On, at the handler of an exception at which the run pauses.
    Caught,
    /// Nowhere.
    Stop(Stop),
}

/// What becomes of the rest of a block after one of its steps.
pub(super) enum After {
    /// The next step.
    Go,
    /// Leave the block at the next instruction, since code was written.
    CodeWritten,
    /// Leave the block at the next instruction, since a device was accessed or interrupts may be enabled now.
    Look,
    /// Control went elsewhere; the machine's pc is set.
    Jumped,
    /// The step did not retire.
    Trapped(Cause, u32),
    /// The step is a store that the bus holds: it was not done.
    Held,
    /// Leave the block at the next instruction, since for the first time the multiplier has differed from a fault-free one.
    Differed,
    /// The multiplier will never answer.
    NoAnswer,
    /// WFI.
    Wait,
}

/// Where in its block a step is, for what needs to know the time.
#[derive(Clone, Copy)]
pub(super) struct Here<'b> {
    pub block: &'b Block,
    pub at: u32,
}

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    /// Executes the block at the pc, or its first `limit` instructions.
    #[inline(always)]
    pub(super) fn run_block(&mut self, limit: u64) -> Flow {
        let block = match self.blocks.at(self.pc, &mut self.bus) {
            Ok(block) => block,
            Err(trap) => return self.trap_at_fetch(trap),
        };
        let mut progress = self.observe_block(&block);
        let (redirected, bubbles) = (self.redirected, self.bubbles);
        if redirected {
            self.redirected = false;
            let entry = u64::from(block.entry_cycles);
            self.totals.cycles += entry;
            self.fetch_waits = self.fetch_waits.wrapping_add(entry);
        }
        self.bubbles = 0;
        // Near a change of the interrupt lines, instructions go one by one.
        let near = self.totals.cycles + u64::from(block.max_cycles) >= self.deadline;
        if self.protected
            && let Some(trap) = self.protection_fault(block.pc)
        {
            let step = self.blocks.step(block.first);
            let operands = self.observe_operands(step);
            self.observed = self.observe_step(&mut progress, step, block.first, operands);
            return self.raise_observed(trap, false);
        }
        let len = if near || self.protected {
            1
        } else {
            block.len.min(u32::try_from(limit).unwrap_or(u32::MAX))
        };
        let end = block.first + len;
        let mut at = block.first;
        while at < end {
            let step = self.blocks.step(at);
            let operands = self.observe_operands(step);
            let after = self.step(step, Here { block: &block, at });
            let now = self.observe_step(&mut progress, step, at, operands);
            at += 1;
            // All others are rare, and one question is enough for the usual step.
            if matches!(after, After::Go) {
                self.observe_straight(&now);
                continue;
            }
            if P::ACTIVE {
                self.observed = now;
            }
            return self.leave_block(&block, at, after, (redirected, bubbles));
        }
        if len == block.len {
            self.pc = block.end;
            self.complete(&block);
        } else {
            self.settle(&block, at);
        }
        Flow::Next
    }

    /// The access fault of the instruction at `pc`, if physical memory protection forbids it to be fetched, or its load or store.
    #[cold]
    fn protection_fault(&self, pc: u32) -> Option<Trap> {
        let (insn, _) = fetch(&self.bus, pc).ok()?;
        let pmp = &self.csrs.pmp;
        let fault = |cause, tval| Some(Trap { cause, pc, tval });
        let machine_mode = self.csrs.mode != U_MODE;
        // Fetches are of 16 bits each, so that an instruction may lie across two entries.
        for at in (0..u32::from(insn.len)).step_by(2).map(|i| pc.wrapping_add(i)) {
            if !pmp.allows(Wish::Execute, machine_mode, at, 2) {
                return fault(Cause::InstructionAccessFault, at);
            }
        }
        let (wish, cause) = match insn.op {
            op if op.is_load() => (Wish::Read, Cause::LoadAccessFault),
            op if op.is_store() => (Wish::Write, Cause::StoreAccessFault),
            _ => return None,
        };
        let addr = self.reg(insn.rs1).wrapping_add(insn.imm as u32);
        let machine_mode = self.csrs.data_mode() != U_MODE;
        let allowed = pmp.allows(wish, machine_mode, addr, insn.op.access_len());
        if allowed { None } else { fault(cause, addr) }
    }

    #[cold]
    fn trap_at_fetch(&mut self, trap: Trap) -> Flow {
        self.observe_fetch(&trap);
        // What may not be fetched is not decoded either.
        let machine_mode = self.csrs.mode != U_MODE;
        let forbidden =
            self.protected && !self.csrs.pmp.allows(Wish::Execute, machine_mode, trap.pc, 2);
        let trap = if forbidden {
            Trap { cause: Cause::InstructionAccessFault, tval: trap.pc, ..trap }
        } else {
            trap
        };
        let compressed = trap.cause == Cause::IllegalInstruction && trap.tval & 3 != 3;
        if std::mem::take(&mut self.redirected) && trap.pc & 2 != 0 && !compressed {
            self.totals.cycles += timing::UNALIGNED_TARGET;
            self.fetch_waits = self.fetch_waits.wrapping_add(timing::UNALIGNED_TARGET);
        }
        self.raise_observed(trap, false)
    }

    /// Takes an exception of the instruction that is observed, whose access was tried or not.
    fn raise_observed(&mut self, trap: Trap, accessed: bool) -> Flow {
        let before = (self.handler_at, self.interrupt_at);
        let flow = self.raise(trap);
        self.observe_trap(&flow, trap.cause, accessed, before);
        flow
    }

    /// Counts a whole block.
    #[inline(always)]
    fn complete(&mut self, block: &Block) {
        self.totals.retired += u64::from(block.len);
        self.totals.cycles += u64::from(block.cycles);
        let runs = self.blocks.completed(block);
        self.heat(block.pc, runs);
    }

    /// Counts the steps of `block` before `at` as retired, and sets the pc after them.
    fn settle(&mut self, block: &Block, at: u32) {
        let (bytes, cycles) = self.blocks.extent(block.first, at);
        self.pc = block.pc.wrapping_add(bytes);
        self.totals.retired += u64::from(at - block.first);
        self.totals.cycles += u64::from(cycles);
        self.blocks.completed_in_part(block.first, at);
    }

    /// Leaves a block whose last executed step is the one before `at`; `entry` is what was known of the redirection that led to it.
    fn leave_block(&mut self, block: &Block, at: u32, after: After, entry: (bool, u64)) -> Flow {
        match after {
            After::Go => Flow::Next,
            After::Jumped => {
                // A jump is always the last step of its block.
                self.complete(block);
                self.redirected = true;
                self.target = self.pc;
                if block.wfi_behind {
                    self.count_wfi_behind_branch();
                }
                self.observe_leaving();
                Flow::Next
            }
            After::CodeWritten | After::Look => {
                self.settle(block, at);
                self.observe_leaving();
                let look = matches!(after, After::Look);
                if look { Flow::Device } else { Flow::Next }
            }
            After::Differed => {
                self.settle(block, at);
                self.observe_leaving();
                Flow::Differed
            }
            After::Trapped(cause, tval) => {
                self.settle(block, at - 1);
                let accessed = matches!(cause, Cause::LoadAccessFault | Cause::StoreAccessFault);
                self.raise_observed(Trap { cause, pc: self.pc, tval }, accessed)
            }
            After::Held => {
                self.hold(block, at, entry);
                Flow::Held
            }
            After::NoAnswer => {
                self.settle(block, at - 1);
                Flow::Stop(Stop::NoAnswer { pc: self.pc })
            }
            After::Wait => {
                self.settle(block, at);
                self.observe_leaving();
                match self.wait_for_interrupt(block.pc) {
                    Some(stop) => Flow::Stop(stop),
                    None => Flow::Device,
                }
            }
        }
    }

    /// Leaves a block before the step before `at`, a store that is not to be done yet, as if it had never been begun.
    #[cold]
    fn hold(&mut self, block: &Block, at: u32, entry: (bool, u64)) {
        self.settle(block, at - 1);
        if at - 1 == block.first {
            (self.redirected, self.bubbles) = entry;
            if self.redirected {
                let entry = u64::from(block.entry_cycles);
                self.totals.cycles -= entry;
                self.fetch_waits = self.fetch_waits.wrapping_sub(entry);
            }
        }
    }

    /// The free-running clock at the start of a step.
    pub(super) fn clock_at(&self, here: Here<'_>) -> u64 {
        let (_, cycles) = self.blocks.extent(here.block.first, here.at);
        self.clock(self.totals.cycles + u64::from(cycles))
    }

    #[inline(always)]
    pub(super) fn r(&self, i: u8) -> u32 {
        self.context.registers[usize::from(i & 63)]
    }

    #[inline(always)]
    pub(super) fn set(&mut self, i: u8, value: u32) {
        self.context.registers[usize::from(i & 63)] = value;
    }

    #[inline(always)]
    fn step(&mut self, s: Step, here: Here<'_>) -> After {
        use Op::*;
        let (a, b) = (self.r(s.rs1), self.r(s.rs2));
        let value = match s.op {
            // Volume I, "Integer Computational Instructions".
            Lui | Auipc => s.imm,
            Addi => a.wrapping_add(s.imm),
            Slti => u32::from((a as i32) < s.imm as i32),
            Sltiu => u32::from(a < s.imm),
            Xori => a ^ s.imm,
            Ori => a | s.imm,
            Andi => a & s.imm,
            Slli => a << (s.imm & 31),
            Srli => a >> (s.imm & 31),
            Srai => ((a as i32) >> (s.imm & 31)) as u32,
            Add => a.wrapping_add(b),
            Sub => a.wrapping_sub(b),
            Sll => a << (b & 31),
            Slt => u32::from((a as i32) < b as i32),
            Sltu => u32::from(a < b),
            Xor => a ^ b,
            Srl => a >> (b & 31),
            Sra => ((a as i32) >> (b & 31)) as u32,
            Or => a | b,
            And => a & b,
            // Volume I, "Load and Store Instructions".
            Lb => return self.load(s, here, a, Size::Byte, |v| v as i8 as u32),
            Lh => return self.load(s, here, a, Size::Half, |v| v as i16 as u32),
            Lw => return self.load(s, here, a, Size::Word, |v| v),
            Lbu => return self.load(s, here, a, Size::Byte, |v| v),
            Lhu => return self.load(s, here, a, Size::Half, |v| v),
            Sb => return self.store(s, here, a, b, Size::Byte),
            Sh => return self.store(s, here, a, b, Size::Half),
            Sw => return self.store(s, here, a, b, Size::Word),
            // Volume I, "Multiplication Operations" and "Division Operations".
            Mul => return self.multiply(s, here, MulOp::MUL, a, b),
            Mulh => return self.multiply(s, here, MulOp::MULH, a, b),
            Mulhsu => return self.multiply(s, here, MulOp::MULHSU, a, b),
            Mulhu => return self.multiply(s, here, MulOp::MULHU, a, b),
            Div | Divu | Rem | Remu => self.divide(s.op, a, b),
            // Volume I, "Control Transfer Instructions".
            Jal => {
                self.set(s.rd, here.block.end);
                self.pc = s.imm;
                return After::Jumped;
            }
            Jalr => {
                self.set(s.rd, here.block.end);
                self.pc = a.wrapping_add(s.imm) & !1;
                return After::Jumped;
            }
            Beq => return self.branch(a == b, s.imm),
            Bne => return self.branch(a != b, s.imm),
            Blt => return self.branch((a as i32) < b as i32, s.imm),
            Bge => return self.branch(a as i32 >= b as i32, s.imm),
            Bltu => return self.branch(a < b, s.imm),
            Bgeu => return self.branch(a >= b, s.imm),
            // Volume I, "Memory Ordering Instructions": one hart, in order, so there is nothing to wait for.
            Fence => return After::Go,
            _ => return self.system(s, here),
        };
        self.set(s.rd, value);
        After::Go
    }

    #[inline(always)]
    fn branch(&mut self, taken: bool, target: u32) -> After {
        if !taken {
            return After::Go;
        }
        self.totals.cycles += timing::TAKEN;
        self.taken_branches += 1;
        self.bubbles = 1;
        self.note_idle(timing::REDIRECT_AFTER_RETIREMENT);
        self.pc = target;
        After::Jumped
    }

    #[inline(always)]
    fn multiply(&mut self, s: Step, here: Here<'_>, op: MulOp, a: u32, b: u32) -> After {
        let answer = if s.imm == OUTSIDE || self.all_outside {
            self.unit.outside(op, a, b)
        } else {
            self.unit.exec(op, a, b)
        };
        let differs = self.first_difference.is_none() && self.unit.counts().differing > 0;
        if differs {
            self.note_difference(here);
        }
        match answer {
            Answer::Done { value, cycles } => {
                self.totals.cycles += u64::from(cycles);
                self.mul_waits = self.mul_waits.wrapping_add(u64::from(cycles)).wrapping_sub(1);
                self.set(s.rd, value);
                if differs { After::Differed } else { After::Go }
            }
            Answer::Never => After::NoAnswer,
        }
    }

    #[cold]
    fn note_difference(&mut self, here: Here<'_>) {
        let (bytes, _) = self.blocks.extent(here.block.first, here.at);
        let before = u64::from(here.at - here.block.first);
        self.first_difference = Some(Difference {
            number: self.totals.retired + before + 1,
            pc: here.block.pc.wrapping_add(bytes),
        });
    }

    /// DIV, DIVU, REM, REMU, with the manual's results for division by zero and overflow.
    pub(super) fn divide(&mut self, op: Op, a: u32, b: u32) -> u32 {
        let (x, y) = (a as i32, b as i32);
        let cycles = if b == 0 { timing::DIVIDE_BY_ZERO } else { timing::DIVIDE };
        self.totals.cycles += cycles;
        self.events.count(Event::DivWait, cycles - 1);
        let quotient = matches!(op, Op::Div | Op::Divu);
        let value = match (op, b) {
            (Op::Div | Op::Divu, 0) => u32::MAX,
            (Op::Rem | Op::Remu, 0) => a,
            (Op::Div, _) => x.wrapping_div(y) as u32,
            (Op::Divu, _) => a / b,
            (Op::Rem, _) => x.wrapping_rem(y) as u32,
            _ => a % b,
        };
        // cve2's divider leaves its result in the register that the multiplier uses for its intermediate value; a
        // quotient by zero sets all 34 bits.
        self.unit.divided(if b == 0 && quotient { (1 << 34) - 1 } else { u64::from(value) });
        value
    }

    /// Instructions that stand alone in their block.
    #[cold]
    fn system(&mut self, s: Step, here: Here<'_>) -> After {
        match s.op {
            // Volume II, "Environment Call and Breakpoint".
            Op::Ecall if self.csrs.mode == U_MODE => After::Trapped(Cause::EcallFromU, 0),
            Op::Ecall => After::Trapped(Cause::EcallFromM, 0),
            Op::Ebreak => self.breakpoint(here),
            // Volume II, "Trap-Return Instructions".
            Op::Mret => match self.csrs.leave() {
                Some(pc) => {
                    self.pc = pc;
                    self.bubbles = 1;
                    self.events.count(Event::FetchWait, 1);
                    self.look_at_interrupts();
                    self.note_idle(self.profile.after_mret);
                    self.note_csr(csr::number::MSTATUS, |machine| Some(machine.csrs.mstatus()));
                    After::Jumped
                }
                None => self.illegal_by_privilege(here),
            },
            // Volume II, "Wait for Interrupt".
            Op::Wfi if self.csrs.wfi_is_illegal() => self.illegal_by_privilege(here),
            Op::Wfi => After::Wait,
            // Volume I, "Zifencei": stores take effect on code at once, so only the refetch remains.
            Op::FenceI => {
                self.pc = here.block.end;
                After::Jumped
            }
            _ => self.access_csr(s, here),
        }
    }

    fn illegal(&self, here: Here<'_>) -> After {
        let word = fetch(&self.bus, here.block.pc).map_or(0, |(_, word)| word);
        After::Trapped(Cause::IllegalInstruction, word)
    }

    /// MRET in U-mode, or WFI that `mstatus.TW` forbids: cve2 counts them as retired (measured on its RTL).
    fn illegal_by_privilege(&mut self, here: Here<'_>) -> After {
        if self.profile.counts_privilege_faults {
            self.csrs.count_privilege_fault();
            if self.blocks.step(here.at).op == Op::Wfi {
                self.count_wfi_wait(timing::FAULTED + timing::TRAP_ENTRY);
            }
        }
        self.illegal(here)
    }

    /// EBREAK: a semihosting call if it stands between the two marks, else an exception.
    fn breakpoint(&mut self, here: Here<'_>) -> After {
        const BEFORE: u32 = 0x01f0_1013;
        const AFTER: u32 = 0x4070_5013;
        let pc = here.block.pc;
        let word = |at: u32| fetch(&self.bus, at).ok().map(|(_, word)| word);
        let called = here.block.end.wrapping_sub(pc) == 4
            && word(pc.wrapping_sub(4)) == Some(BEFORE)
            && word(pc.wrapping_add(4)) == Some(AFTER);
        if called {
            let clock = self.clock_at(here);
            if let Semihosted::Done(result) = self.bus.semihost(self.r(10), self.r(11), clock) {
                self.set(10, result);
                self.forget_code_written_by_host();
                return After::Look;
            }
        }
        let tval = match self.profile.breakpoint_tval {
            BreakpointTval::Zero => 0,
            BreakpointTval::Pc => pc,
        };
        After::Trapped(Cause::Breakpoint, tval)
    }

    /// Volume I, "Zicsr".
    fn access_csr(&mut self, s: Step, here: Here<'_>) -> After {
        use Op::*;
        let operand = match s.op {
            Csrrwi | Csrrsi | Csrrci => u32::from(s.rs1),
            _ => self.r(s.rs1),
        };
        let clock = self.clock(self.totals.cycles);
        let lines = self.bus.lines(clock);
        let mut now =
            Totals { time: self.bus.time(clock), events: [0; csr::EVENTS], ..self.totals };
        if csr::counts_events(s.imm) {
            now.events = self.event_totals();
        }
        let Some(old) = self.csrs.read(s.imm, &now, lines) else { return self.illegal(here) };
        let (new, writes) = match s.op {
            Csrrw | Csrrwi => (operand, true),
            Csrrs | Csrrsi => (old | operand, s.rs1 != 0),
            _ => (old & !operand, s.rs1 != 0),
        };
        if !writes {
            self.set(s.rd, old);
            return After::Go;
        }
        let next = Totals { cycles: now.cycles + 1, retired: now.retired + 1, ..now };
        let was_pending = self.csrs.interrupt(lines).is_some();
        if self.csrs.write(s.imm, new, &now, &next).is_none() {
            return self.illegal(here);
        }
        self.set(s.rd, old);
        self.note_csr(s.imm, |machine| machine.csrs.read(s.imm, &next, lines));
        let clears = matches!(s.op, Csrrc | Csrrci);
        if self.profile.flushes(s.imm, clears) {
            self.totals.cycles += timing::CSR_FLUSH;
            self.bubbles = 1;
            self.note_idle(timing::CSR_FLUSH);
            self.events.count(Event::FetchWait, 1);
        } else if was_pending && self.csrs.interrupt(self.bus.lines(clock + 1)).is_none() {
            // The interrupt came in this very cycle: fetch was halted for it, and it is gone again.
            self.totals.cycles += timing::HALTED_FETCH;
            self.events.count(Event::FetchWait, 1);
            self.note_idle(timing::HALTED_FETCH);
        }
        self.look_at_interrupts();
        After::Go
    }
}

//! The interpreter: executes one decoded block, each instruction as the manual says.

use super::block::{Block, Step, fetch};
use super::csr::{Totals, U_MODE, number};
use super::probe::{Probe, Retired};
use super::timing;
use super::trap::{Cause, Trap};
use super::{Machine, Stop};
use crate::isa::Op;
use crate::soc::{Bus, Size, Stored};
use crate::unit::{Answer, MulOp, Unit};

/// Where control goes after a block.
pub(super) enum Flow {
    /// On, at the machine's pc.
    Next,
    /// On, but a device was written and may have ended the run.
    Device,
    /// Nowhere.
    Stop(Stop),
}

/// What becomes of the rest of a block after one of its steps.
enum After {
    /// The next step.
    Go,
    /// Leave the block at the next instruction, since code was written.
    CodeWritten,
    /// Leave the block at the next instruction, since a device was written.
    DeviceWritten,
    /// Control went elsewhere; the machine's pc is set.
    Jumped,
    /// The step did not retire.
    Trapped(Cause, u32),
    /// The multiplier will never answer.
    NoAnswer,
    /// WFI.
    Asleep,
}

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    /// Executes the block at the pc, or its first `limit` instructions.
    #[inline]
    pub(super) fn run_block(&mut self, limit: u64) -> Flow {
        let before = Observed::of(self);
        let block = match self.blocks.at(self.pc, &self.bus) {
            Ok(block) => block,
            Err(trap) => {
                let compressed = trap.cause == Cause::IllegalInstruction && trap.tval & 3 != 3;
                if std::mem::take(&mut self.redirected) && trap.pc & 2 != 0 && !compressed {
                    self.totals.cycles += timing::UNALIGNED_TARGET;
                }
                let flow = self.raise(trap);
                self.observe(&before, 0, true);
                return flow;
            }
        };
        if self.redirected {
            self.redirected = false;
            self.totals.cycles += u64::from(block.entry_cycles);
        }
        let end = block.first + u32::try_from(limit).unwrap_or(u32::MAX).min(block.len);
        let mut at = block.first;
        while at < end {
            let step = self.blocks.step(at);
            let after = self.step(step, &block);
            at += 1;
            match after {
                After::Go => {}
                other => return self.leave_block(&block, at, other, &before),
            }
        }
        if end - block.first == block.len {
            self.pc = block.end;
            self.totals.retired += u64::from(block.len);
            self.totals.cycles += u64::from(block.cycles);
        } else {
            self.settle(&block, at);
        }
        self.observe(&before, 1, false);
        Flow::Next
    }

    /// Counts the steps of `block` before `at` as retired, and sets the pc after them.
    fn settle(&mut self, block: &Block, at: u32) {
        let (bytes, cycles) = self.blocks.extent(block.first, at);
        self.pc = block.pc.wrapping_add(bytes);
        self.totals.retired += u64::from(at - block.first);
        self.totals.cycles += u64::from(cycles);
    }

    /// Leaves a block whose last executed step is the one before `at`.
    fn leave_block(&mut self, block: &Block, at: u32, after: After, before: &Observed) -> Flow {
        match after {
            After::Go => Flow::Next,
            After::Jumped => {
                // A jump is always the last step of its block.
                self.totals.retired += u64::from(block.len);
                self.totals.cycles += u64::from(block.cycles);
                self.redirected = true;
                self.observe(before, 1, false);
                Flow::Next
            }
            After::CodeWritten | After::DeviceWritten => {
                self.settle(block, at);
                self.blocks.drop_if_overwritten();
                self.observe(before, 1, false);
                let device = matches!(after, After::DeviceWritten);
                if device { Flow::Device } else { Flow::Next }
            }
            After::Trapped(cause, tval) => {
                self.settle(block, at - 1);
                self.blocks.drop_if_overwritten();
                let flow = self.raise(Trap { cause, pc: self.pc, tval });
                self.observe(before, 0, true);
                flow
            }
            After::NoAnswer => {
                self.settle(block, at - 1);
                Flow::Stop(Stop::NoAnswer { pc: self.pc })
            }
            After::Asleep => {
                self.settle(block, at - 1);
                Flow::Stop(Stop::Asleep { pc: self.pc })
            }
        }
    }

    #[inline(always)]
    fn r(&self, i: u8) -> u32 {
        self.regs[usize::from(i & 63)]
    }

    #[inline(always)]
    fn set(&mut self, i: u8, value: u32) {
        self.regs[usize::from(i & 63)] = value;
    }

    #[inline(always)]
    fn step(&mut self, s: Step, block: &Block) -> After {
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
            Lb => return self.load(s, a, Size::Byte, |v| v as i8 as u32),
            Lh => return self.load(s, a, Size::Half, |v| v as i16 as u32),
            Lw => return self.load(s, a, Size::Word, |v| v),
            Lbu => return self.load(s, a, Size::Byte, |v| v),
            Lhu => return self.load(s, a, Size::Half, |v| v),
            Sb => return self.store(s, a, b, Size::Byte),
            Sh => return self.store(s, a, b, Size::Half),
            Sw => return self.store(s, a, b, Size::Word),
            // Volume I, "Multiplication Operations" and "Division Operations".
            Mul => return self.multiply(s, MulOp::MUL, a, b),
            Mulh => return self.multiply(s, MulOp::MULH, a, b),
            Mulhsu => return self.multiply(s, MulOp::MULHSU, a, b),
            Mulhu => return self.multiply(s, MulOp::MULHU, a, b),
            Div | Divu | Rem | Remu => self.divide(s.op, a, b),
            // Volume I, "Control Transfer Instructions".
            Jal => {
                self.set(s.rd, block.end);
                self.pc = s.imm;
                return After::Jumped;
            }
            Jalr => {
                self.set(s.rd, block.end);
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
            _ => return self.system(s, block),
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
        self.pc = target;
        After::Jumped
    }

    #[inline(always)]
    fn load(&mut self, s: Step, base: u32, size: Size, extend: impl Fn(u32) -> u32) -> After {
        let addr = base.wrapping_add(s.imm);
        if crosses_word(addr, size) {
            self.totals.cycles += timing::SECOND_ACCESS;
        }
        match self.bus.load(addr, size) {
            Ok(value) => {
                self.set(s.rd, extend(value));
                After::Go
            }
            Err(_) => self.load_fault(addr, size),
        }
    }

    /// A load that crosses a word is two accesses; `mtval` is the address of the one that failed.
    #[cold]
    fn load_fault(&mut self, addr: u32, size: Size) -> After {
        let second = (addr | 3).wrapping_add(1);
        let first_answers =
            crosses_word(addr, size) && self.bus.load(addr & !3, Size::Word).is_ok();
        After::Trapped(Cause::LoadAccessFault, if first_answers { second } else { addr })
    }

    #[inline(always)]
    fn store(&mut self, s: Step, base: u32, value: u32, size: Size) -> After {
        let addr = base.wrapping_add(s.imm);
        if crosses_word(addr, size) {
            self.totals.cycles += timing::SECOND_ACCESS;
        }
        match self.bus.store(addr, size, value) {
            Ok(Stored::Memory) if self.blocks.covers(addr) => {
                self.blocks.overwritten();
                After::CodeWritten
            }
            Ok(Stored::Memory) => After::Go,
            Ok(Stored::Device) => After::DeviceWritten,
            Err(_) => self.store_fault(addr, size, value),
        }
    }

    /// A store that crosses a word is two accesses, and the one that succeeds is done (measured on cve2's RTL).
    #[cold]
    fn store_fault(&mut self, addr: u32, size: Size, value: u32) -> After {
        if !crosses_word(addr, size) {
            return After::Trapped(Cause::StoreAccessFault, addr);
        }
        let second = (addr | 3).wrapping_add(1);
        let mut failed = None;
        for (i, byte) in value.to_le_bytes().into_iter().take(size.bytes() as usize).enumerate() {
            let at = addr.wrapping_add(i as u32);
            match self.bus.store(at, Size::Byte, u32::from(byte)) {
                Ok(_) if self.blocks.covers(at) => self.blocks.overwritten(),
                Ok(_) => {}
                Err(_) => failed = failed.or(Some(if at & !3 == second { second } else { addr })),
            }
        }
        After::Trapped(Cause::StoreAccessFault, failed.unwrap_or(addr))
    }

    #[inline(always)]
    fn multiply(&mut self, s: Step, op: MulOp, a: u32, b: u32) -> After {
        match self.unit.exec(op, a, b) {
            Answer::Done { value, cycles } => {
                self.totals.cycles += u64::from(cycles);
                self.set(s.rd, value);
                After::Go
            }
            Answer::Never => After::NoAnswer,
        }
    }

    /// DIV, DIVU, REM, REMU, with the manual's results for division by zero and overflow.
    fn divide(&mut self, op: Op, a: u32, b: u32) -> u32 {
        let (x, y) = (a as i32, b as i32);
        self.totals.cycles += if b == 0 { timing::DIVIDE_BY_ZERO } else { timing::DIVIDE };
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
    fn system(&mut self, s: Step, block: &Block) -> After {
        match s.op {
            // Volume II, "Environment Call and Breakpoint".
            Op::Ecall if self.csrs.mode == U_MODE => After::Trapped(Cause::EcallFromU, 0),
            Op::Ecall => After::Trapped(Cause::EcallFromM, 0),
            Op::Ebreak => After::Trapped(Cause::Breakpoint, 0),
            // Volume II, "Trap-Return Instructions".
            Op::Mret => match self.csrs.leave() {
                Some(pc) => {
                    self.pc = pc;
                    After::Jumped
                }
                None => self.illegal(block),
            },
            // Volume II, "Wait for Interrupt".
            Op::Wfi if self.csrs.wfi_is_illegal() => self.illegal(block),
            Op::Wfi => After::Asleep,
            // Volume I, "Zifencei": stores take effect on code at once, so only the refetch remains.
            Op::FenceI => {
                self.pc = block.end;
                After::Jumped
            }
            _ => self.access_csr(s, block),
        }
    }

    fn illegal(&self, block: &Block) -> After {
        let word = fetch(&self.bus, block.pc).map_or(0, |(_, word)| word);
        After::Trapped(Cause::IllegalInstruction, word)
    }

    /// Volume I, "Zicsr".
    fn access_csr(&mut self, s: Step, block: &Block) -> After {
        use Op::*;
        let operand = match s.op {
            Csrrwi | Csrrsi | Csrrci => u32::from(s.rs1),
            _ => self.r(s.rs1),
        };
        let Some(old) = self.csrs.read(s.imm, self.totals) else { return self.illegal(block) };
        let (new, writes) = match s.op {
            Csrrw | Csrrwi => (operand, true),
            Csrrs | Csrrsi => (old | operand, s.rs1 != 0),
            _ => (old & !operand, s.rs1 != 0),
        };
        if writes {
            let next = Totals {
                cycles: self.totals.cycles + u64::from(block.cycles),
                retired: self.totals.retired + 1,
            };
            if self.csrs.write(s.imm, new, next).is_none() {
                return self.illegal(block);
            }
            let clears = matches!(s.op, Csrrc | Csrrci);
            if matches!(s.imm, number::MSTATUS | number::MIE) && !clears {
                self.totals.cycles += timing::CSR_FLUSH;
            }
        }
        self.set(s.rd, old);
        After::Go
    }

    #[inline(always)]
    fn observe(&mut self, before: &Observed, len: usize, trapped: bool) {
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
            rd: (written, if written == 0 { 0 } else { self.regs[usize::from(written)] }),
            trapped,
            mode: before.mode,
            cycles: self.totals.cycles - idle,
        });
    }

    /// Cycles that pass between this instruction's retirement and the next one's start.
    fn idle_after(&self, before: &Observed, trapped: bool) -> u64 {
        let Some(insn) = crate::isa::decode(before.word).filter(|_| !trapped) else {
            return timing::TRAP_ENTRY;
        };
        let took = self.totals.cycles - before.cycles;
        match insn.op {
            Op::Mret => timing::REDIRECT_AFTER_RETIREMENT,
            op if op.is_branch() && took > timing::TAKEN => timing::REDIRECT_AFTER_RETIREMENT,
            op if op.is_csr() && took > timing::CSR_FLUSH => timing::CSR_FLUSH,
            _ => 0,
        }
    }
}

/// What a probe wants to know of the machine before an instruction. Empty if the probe is not active.
#[derive(Default)]
struct Observed {
    pc: u32,
    word: u32,
    step_rd: Option<u8>,
    mode: u8,
    cycles: u64,
}

impl Observed {
    #[inline(always)]
    fn of<B: Bus, U: Unit, P: Probe>(machine: &Machine<B, U, P>) -> Self {
        if !P::ACTIVE {
            return Self::default();
        }
        let fetched = fetch(&machine.bus, machine.pc);
        let word = match &fetched {
            Ok((_, word)) => *word,
            Err(trap) if trap.cause == Cause::IllegalInstruction => trap.tval,
            Err(_) => 0,
        };
        let rd = fetched.ok().map(|(insn, _)| insn.rd);
        Self {
            pc: machine.pc,
            word,
            step_rd: rd,
            mode: machine.csrs.mode,
            cycles: machine.totals.cycles,
        }
    }
}

#[inline(always)]
fn crosses_word(addr: u32, size: Size) -> bool {
    (addr & 3) + size.bytes() > 4
}

//! Basic blocks, decoded once and kept: straight runs of instructions that end where control can leave them.
//!
//! In: a pc and the bus. Out: a [`Block`] of [`Step`]s with branch targets and cycle counts worked out. A store into
//! memory that a block was decoded from drops all blocks, so self-modifying code takes effect at once.

use super::timing;
use super::trap::{Cause, Trap};
use crate::isa::{self, Insn, Op};
use crate::soc::Bus;

/// Instructions in a block, at the most.
const MAX_LEN: usize = 64;
/// Decoded steps that are kept; beyond it all are dropped, so that no program can grow the host.
const ARENA_LIMIT: usize = 1 << 20;
/// Code is watched for stores in lines of this many bytes.
const LINE_SHIFT: u32 = 6;
/// Where a write to `x0` goes: a register that nothing reads.
const DISCARD: u8 = 32;

/// One instruction, ready to execute: addresses are absolute, and `x0` as a destination is register 32.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub op: Op,
    pub rd: u8,
    pub rs1: u8,
    pub rs2: u8,
    /// Immediate; for branches, JAL and AUIPC the resulting address.
    pub imm: u32,
}

/// A decoded block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// Its first step in the arena.
    pub first: u32,
    /// Number of steps, 1 or more.
    pub len: u32,
    /// Address of the first instruction.
    pub pc: u32,
    /// Address after the last instruction.
    pub end: u32,
    /// Sum of the fixed cycles of all steps.
    pub cycles: u32,
    /// What entering it by a redirection costs extra.
    pub entry_cycles: u32,
}

/// All decoded blocks of a machine.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    steps: Vec<Step>,
    /// Bytes of each step's instruction.
    lens: Vec<u8>,
    blocks: Vec<Block>,
    /// For each halfword of the code window: block number + 1, or 0.
    index: Vec<u32>,
    /// For each line of the code window: whether a block was decoded from it.
    lines: Vec<bool>,
    base: u32,
    max_len: usize,
    /// Code was overwritten, and the blocks are not dropped yet.
    stale: bool,
}

impl Blocks {
    /// No blocks yet; `single_step` makes every block one instruction long.
    pub fn new((base, len): (u32, u32), single_step: bool) -> Self {
        Self {
            steps: Vec::new(),
            lens: Vec::new(),
            blocks: Vec::new(),
            index: vec![0; len as usize / 2],
            lines: vec![false; (len >> LINE_SHIFT) as usize + 1],
            base,
            max_len: if single_step { 1 } else { MAX_LEN },
            stale: false,
        }
    }

    /// The steps of all blocks.
    #[inline]
    pub fn step(&self, i: u32) -> Step {
        self.steps[i as usize]
    }

    /// Bytes and fixed cycles of the steps `first..to`.
    pub fn extent(&self, first: u32, to: u32) -> (u32, u32) {
        let range = first as usize..to as usize;
        let bytes = self.lens[range.clone()].iter().map(|l| u32::from(*l)).sum();
        let cycles = self.steps[range].iter().map(|s| u32::from(timing::fixed_cycles(s.op))).sum();
        (bytes, cycles)
    }

    /// The block that begins at `pc`, decoded if need be.
    ///
    /// # Errors
    /// The exception that the instruction at `pc` raises before it can execute.
    #[inline]
    pub fn at(&mut self, pc: u32, bus: &impl Bus) -> Result<Block, Trap> {
        let slot = (pc.wrapping_sub(self.base) >> 1) as usize;
        match self.index.get(slot) {
            Some(&number) if number != 0 => Ok(self.blocks[number as usize - 1]),
            _ => self.decode(pc, slot, bus),
        }
    }

    #[cold]
    fn decode(&mut self, pc: u32, slot: usize, bus: &impl Bus) -> Result<Block, Trap> {
        let (first_insn, _) = fetch(bus, pc)?;
        if self.steps.len() > ARENA_LIMIT {
            self.clear();
        }
        let first = self.steps.len();
        let mut at = pc;
        while let Ok((insn, _)) = fetch(bus, at) {
            // CSRs see the counters, so they stand alone: everything before them is then counted.
            let alone = is_system(insn.op);
            if alone && at != pc {
                break;
            }
            self.steps.push(step(insn, at));
            self.lens.push(insn.len);
            at = at.wrapping_add(u32::from(insn.len));
            if alone || ends_block(insn.op) || self.steps.len() - first == self.max_len {
                break;
            }
        }
        let len = self.steps.len() - first;
        let (_, cycles) = self.extent(first as u32, (first + len) as u32);
        let unaligned = pc & 2 != 0 && first_insn.len == 4;
        let block = Block {
            first: first as u32,
            len: len as u32,
            pc,
            end: at,
            cycles,
            entry_cycles: if unaligned { timing::UNALIGNED_TARGET as u32 } else { 0 },
        };
        self.blocks.push(block);
        if let Some(entry) = self.index.get_mut(slot) {
            *entry = self.blocks.len() as u32;
        }
        let lines = self.line(pc)..=self.line(at.wrapping_sub(1));
        if let Some(lines) = self.lines.get_mut(lines) {
            lines.fill(true);
        }
        Ok(block)
    }

    fn line(&self, addr: u32) -> usize {
        (addr.wrapping_sub(self.base) >> LINE_SHIFT) as usize
    }

    /// Whether some block was decoded from the bytes `addr..addr + 4`.
    #[inline]
    pub fn covers(&self, addr: u32) -> bool {
        let marked = |line: usize| self.lines.get(line).copied().unwrap_or(false);
        marked(self.line(addr)) | marked(self.line(addr.wrapping_add(3)))
    }

    /// Notes that code was overwritten; the blocks stay until the running one has been left.
    #[cold]
    pub fn overwritten(&mut self) {
        self.stale = true;
    }

    /// Drops all blocks if code was overwritten since they were decoded.
    pub fn drop_if_overwritten(&mut self) {
        if std::mem::take(&mut self.stale) {
            self.clear();
        }
    }

    /// Drops all blocks.
    pub fn clear(&mut self) {
        for block in &self.blocks {
            let slot = (block.pc.wrapping_sub(self.base) >> 1) as usize;
            if let Some(entry) = self.index.get_mut(slot) {
                *entry = 0;
            }
        }
        self.blocks.clear();
        self.steps.clear();
        self.lens.clear();
        self.lines.fill(false);
    }
}

/// Fetches and decodes the instruction at `pc`; also returns its bits.
pub(super) fn fetch(bus: &impl Bus, pc: u32) -> Result<(Insn, u32), Trap> {
    let fault = |tval| Trap { cause: Cause::InstructionAccessFault, pc, tval };
    let low = bus.fetch(pc).map_err(|_| fault(pc))?;
    let mut word = u32::from(low);
    if isa::parcel_len(low) == 4 {
        let second = pc.wrapping_add(2);
        word |= u32::from(bus.fetch(second).map_err(|_| fault(second))?) << 16;
    }
    let illegal = Trap { cause: Cause::IllegalInstruction, pc, tval: word };
    isa::decode(word).map(|insn| (insn, word)).ok_or(illegal)
}

fn step(insn: Insn, pc: u32) -> Step {
    use Op::*;
    let relative = matches!(insn.op, Jal | Auipc | Beq | Bne | Blt | Bge | Bltu | Bgeu);
    let imm = if relative { pc.wrapping_add(insn.imm as u32) } else { insn.imm as u32 };
    let rd = if insn.rd == 0 { DISCARD } else { insn.rd };
    Step { op: insn.op, rd, rs1: insn.rs1, rs2: insn.rs2, imm }
}

fn is_system(op: Op) -> bool {
    op.is_csr() || matches!(op, Op::Ecall | Op::Ebreak | Op::Mret | Op::Wfi | Op::FenceI)
}

fn ends_block(op: Op) -> bool {
    op.is_branch() || matches!(op, Op::Jal | Op::Jalr)
}

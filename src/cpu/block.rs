//! Basic blocks, decoded once and kept: straight runs of instructions that end where control can leave them.
//!
//! In: a pc and the bus. Out: a [`Block`] of [`Step`]s with branch targets and cycle counts worked out. A store into the
//! bytes that a block was decoded from drops that block, so self-modifying code takes effect at once.

use super::events::EventCounts;
use super::scope::{Scope, mul_op};
use super::timing;
use super::trap::{Cause, Trap};
use crate::isa::{self, Insn, Op};
use crate::soc::Bus;
use rustc_hash::FxHashMap;

/// Instructions in a block, at the most.
const MAX_LEN: usize = 64;
/// Decoded steps that are kept; beyond it all are dropped, so that no program can grow the host.
const ARENA_LIMIT: usize = 1 << 20;
/// Blocks that were dropped are cleared away when there are so many, and more than half of all: counting
/// events goes over all blocks.
const DROPPED_LIMIT: usize = 1 << 8;
/// Blocks are found by the lines of this many bytes that they were decoded from.
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
    /// Immediate; for branches, JAL and AUIPC the resulting address; for multiplications [`OUTSIDE`] if they are out of scope.
    pub imm: u32,
}

/// What a probe is told of a step, whatever happens when it executes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    /// The instruction's bits; a compressed one in the low half.
    pub word: u32,
    /// Bytes in memory.
    pub len: u8,
    /// Its fixed cycles.
    pub cycles: u8,
    /// The register that it writes, 0 for none.
    pub rd: u8,
    /// The first register that it reads, 0 for none.
    pub rs1: u8,
}

impl Shown {
    fn new(insn: &Insn, word: u32) -> Self {
        let immediate = matches!(insn.op, Op::Csrrwi | Op::Csrrsi | Op::Csrrci);
        let rs1 = if immediate { 0 } else { insn.rs1 };
        Self { word, len: insn.len, cycles: timing::fixed_cycles(insn.op), rd: insn.rd, rs1 }
    }
}

/// A multiplication that the unit under test does not do.
pub(super) const OUTSIDE: u32 = 1;

/// An address at which no instruction begins.
pub(super) const NOWHERE: u32 = 1;

/// A decoded block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// Its number.
    pub number: u32,
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
    /// More cycles than it can take, an answer of the multiplier that never comes apart.
    pub max_cycles: u32,
    /// What entering it by a redirection costs extra.
    pub entry_cycles: u32,
    /// It ends with a branch, and the instruction after it is WFI.
    pub wfi_behind: bool,
}

/// A part of memory that can hold code.
#[derive(Clone, Debug)]
struct Window {
    base: u32,
    /// For each halfword: block number + 1, or 0.
    index: Vec<u32>,
}

/// All decoded blocks of a machine.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    steps: Vec<Step>,
    /// Bytes of each step's instruction.
    lens: Vec<u8>,
    /// What a probe is told of each step; `None` without a probe.
    shown: Option<Vec<Shown>>,
    blocks: Vec<Block>,
    /// How many of them were overwritten.
    dropped: usize,
    /// How often each block was executed to its end.
    runs: Vec<u64>,
    windows: Vec<Window>,
    /// Line of the address space -> blocks decoded from it.
    lines: FxHashMap<u32, Vec<u32>>,
    /// Longest multiplication in cycles.
    mul_cycles: u32,
    /// Which multiplications are the unit's; `None`: all.
    scope: Option<Scope>,
    /// A block ends before each of these addresses, which are in order.
    barriers: Vec<u32>,
    /// Events of complete executions of blocks that are no more.
    events: EventCounts,
    /// Ranges that stay guarded when all blocks are dropped: compiled code was made from them.
    kept: Vec<(u32, u32)>,
}

impl Blocks {
    /// No blocks yet; if `observed`, what a probe is told of steps is kept too.
    pub fn new(windows: &[(u32, u32)], observed: bool) -> Self {
        let window =
            |(base, len): &(u32, u32)| Window { base: *base, index: vec![0; *len as usize / 2] };
        Self {
            steps: Vec::new(),
            lens: Vec::new(),
            shown: observed.then(Vec::new),
            blocks: Vec::new(),
            dropped: 0,
            runs: Vec::new(),
            windows: windows.iter().map(window).collect(),
            lines: FxHashMap::default(),
            mul_cycles: 0,
            scope: None,
            barriers: Vec::new(),
            events: EventCounts::default(),
            kept: Vec::new(),
        }
    }

    /// Takes events and settings of others, which hold no blocks any more.
    pub fn take_over(&mut self, others: &Self) {
        self.events = others.events();
        self.mul_cycles = others.mul_cycles;
        self.scope.clone_from(&others.scope);
        self.barriers.clone_from(&others.barriers);
    }

    /// Says which multiplications are the unit's; before any block is decoded.
    pub fn set_scope(&mut self, scope: Option<Scope>) {
        self.scope = scope;
    }

    /// Makes the instructions at these addresses, which are in order, the first of their blocks.
    pub fn set_barriers(&mut self, barriers: &[u32]) {
        for pc in barriers {
            if self.barriers.binary_search(pc).is_err() {
                self.overwritten(*pc, 1);
            }
        }
        self.barriers = barriers.to_vec();
    }

    /// Says how long a multiplication can take. Whether that is something else than before: then all blocks must be dropped.
    pub fn set_mul_cycles(&mut self, cycles: u32) -> bool {
        std::mem::replace(&mut self.mul_cycles, cycles) != cycles
    }

    /// The steps of all blocks.
    #[inline(always)]
    pub fn step(&self, i: u32) -> Step {
        self.steps[i as usize]
    }

    /// What a probe is told of a step; `None` without a probe.
    #[inline(always)]
    pub fn shown(&self, i: u32) -> Option<Shown> {
        self.shown.as_ref().map(|shown| shown[i as usize])
    }

    /// Bytes and fixed cycles of the steps `first..to`.
    pub fn extent(&self, first: u32, to: u32) -> (u32, u32) {
        let range = first as usize..to as usize;
        let bytes = self.lens[range.clone()].iter().map(|l| u32::from(*l)).sum();
        let cycles = self.steps[range].iter().map(|s| u32::from(timing::fixed_cycles(s.op))).sum();
        (bytes, cycles)
    }

    /// Notes that a block was executed to its end, and says how often that was so far.
    #[inline(always)]
    pub fn completed(&mut self, block: &Block) -> u64 {
        let runs = &mut self.runs[block.number as usize];
        *runs += 1;
        *runs
    }

    /// How often the block that begins at `pc` was executed to its end.
    pub fn runs_at(&self, pc: u32) -> u64 {
        let index = self
            .windows
            .iter()
            .find_map(|window| window.index.get((pc.wrapping_sub(window.base) >> 1) as usize));
        index.filter(|number| **number != 0).map_or(0, |number| self.runs[*number as usize - 1])
    }

    /// Blocks by address, with their executions since they were decoded.
    pub fn executed(&self) -> impl Iterator<Item = (u32, u64)> {
        self.blocks.iter().zip(&self.runs).map(|(block, runs)| (block.pc, *runs))
    }

    /// Guards these ranges from now on, besides those of blocks.
    pub fn keep_guarded(&mut self, ranges: &[(u32, u32)], bus: &mut impl Bus) {
        for (from, to) in ranges {
            bus.guard_code(*from, *to, true);
        }
        self.kept.extend(ranges);
    }

    /// Guards only what blocks need.
    pub fn keep_nothing(&mut self) {
        self.kept.clear();
    }

    /// Which multiplications are the unit's.
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// Notes that only the steps `first..to` of a block were executed.
    pub fn completed_in_part(&mut self, first: u32, to: u32) {
        let events = self.events_of(first, to);
        self.events.add(&events, 1);
    }

    /// Events that the steps cause whatever their operands are.
    fn events_of(&self, first: u32, to: u32) -> EventCounts {
        let mut events = EventCounts::default();
        for i in first as usize..to as usize {
            events.fixed(self.steps[i].op, self.lens[i] == 2);
        }
        events
    }

    /// Events of all executions noted so far.
    pub fn events(&self) -> EventCounts {
        let mut events = self.events;
        for (block, runs) in self.blocks.iter().zip(&self.runs).filter(|(_, runs)| **runs > 0) {
            events.add(&self.events_of(block.first, block.first + block.len), *runs);
        }
        events
    }

    /// Forgets all events.
    pub fn reset_events(&mut self) {
        self.events = EventCounts::default();
        self.runs.fill(0);
    }

    #[inline(always)]
    fn slot(&mut self, pc: u32) -> Option<&mut u32> {
        let at = |window: &Window| (pc.wrapping_sub(window.base) >> 1) as usize;
        let main = at(self.windows.first()?);
        if main < self.windows[0].index.len() {
            return self.windows[0].index.get_mut(main);
        }
        self.windows[1..].iter_mut().find_map(|window| {
            let at = at(window);
            window.index.get_mut(at)
        })
    }

    /// The block that begins at `pc`, decoded if need be.
    ///
    /// # Errors
    /// The exception that the instruction at `pc` raises before it can execute.
    #[inline(always)]
    pub fn at(&mut self, pc: u32, bus: &mut impl Bus) -> Result<Block, Trap> {
        match self.slot(pc) {
            Some(&mut number) if number != 0 => Ok(self.blocks[number as usize - 1]),
            _ => self.decode(pc, bus),
        }
    }

    #[cold]
    fn decode(&mut self, pc: u32, bus: &mut impl Bus) -> Result<Block, Trap> {
        let (first_insn, _) = fetch(bus, pc)?;
        let half_dropped = self.dropped > DROPPED_LIMIT.max(self.blocks.len() / 2);
        if half_dropped || self.steps.len() > ARENA_LIMIT {
            self.clear(bus);
        }
        let first = self.steps.len();
        let mut at = pc;
        while let Ok((insn, word)) = fetch(bus, at) {
            // CSRs see the counters, so they stand alone: everything before them is then counted.
            let alone = is_system(insn.op);
            if at != pc && (alone || self.barriers.binary_search(&at).is_ok()) {
                break;
            }
            let mut step = step(insn, at);
            if let (Some(op), Some(scope)) = (mul_op(insn.op), &self.scope)
                && !scope.contains(op, at)
            {
                step.imm = OUTSIDE;
            }
            self.steps.push(step);
            self.lens.push(insn.len);
            if let Some(shown) = &mut self.shown {
                shown.push(Shown::new(&insn, word));
            }
            at = at.wrapping_add(u32::from(insn.len));
            if alone || ends_block(insn.op) || self.steps.len() - first == MAX_LEN {
                break;
            }
        }
        let len = self.steps.len() - first;
        let (_, cycles) = self.extent(first as u32, (first + len) as u32);
        let variable = |step: &Step| match step.op {
            op if op.is_mul() => self.mul_cycles,
            op if op.is_div() => timing::DIVIDE as u32,
            _ => timing::VARIABLE,
        };
        let most: u32 = self.steps[first..].iter().map(variable).fold(0, u32::saturating_add);
        let unaligned = pc & 2 != 0 && first_insn.len == 4;
        let number = self.blocks.len() as u32;
        let block = Block {
            number,
            first: first as u32,
            len: len as u32,
            pc,
            end: at,
            cycles,
            max_cycles: cycles.saturating_add(most).saturating_add(timing::VARIABLE),
            entry_cycles: if unaligned { timing::UNALIGNED_TARGET as u32 } else { 0 },
            wfi_behind: self.steps.last().is_some_and(|s| s.op.is_branch()) && is_wfi(bus, at),
        };
        self.blocks.push(block);
        self.runs.push(0);
        if let Some(slot) = self.slot(pc) {
            *slot = number + 1;
        }
        let seen = self.bytes_seen(&block);
        for line in lines(pc, seen) {
            self.lines.entry(line).or_default().push(number);
        }
        bus.guard_code(pc, pc.wrapping_add(seen), true);
        Ok(block)
    }

    /// How many bytes from its pc on a block depends on: its instructions, and the one behind a
    /// branch.
    fn bytes_seen(&self, block: &Block) -> u32 {
        let last = self.steps[(block.first + block.len - 1) as usize];
        block.end.wrapping_sub(block.pc) + if last.op.is_branch() { 4 } else { 0 }
    }

    /// Drops the blocks that were decoded from bytes in `from..from + len`, which were written.
    #[cold]
    pub fn overwritten(&mut self, from: u32, len: u32) {
        for line in lines(from, len) {
            let Some(mut numbers) = self.lines.remove(&line) else { continue };
            numbers.retain(|&number| {
                let block = self.blocks[number as usize];
                let seen = self.bytes_seen(&block);
                // One that a store into another of its lines has dropped is not to be looked at for
                // ever.
                let Some(slot) = self.slot(block.pc).filter(|slot| **slot == number + 1) else {
                    return false;
                };
                let hit = from.wrapping_sub(block.pc) < seen || block.pc.wrapping_sub(from) < len;
                if hit {
                    *slot = 0;
                    self.dropped += 1;
                }
                !hit
            });
            // A line that loses its last block stays guarded until all are dropped: a store there then costs a look here.
            if !numbers.is_empty() {
                self.lines.insert(line, numbers);
            }
        }
    }

    /// Drops all blocks.
    pub fn clear(&mut self, bus: &mut impl Bus) {
        self.events = self.events();
        for i in 0..self.blocks.len() {
            let block = self.blocks[i];
            if let Some(slot) = self.slot(block.pc) {
                *slot = 0;
            }
            bus.guard_code(block.pc, block.pc.wrapping_add(self.bytes_seen(&block)), false);
        }
        for (from, to) in &self.kept {
            bus.guard_code(*from, *to, true);
        }
        self.blocks.clear();
        self.dropped = 0;
        self.runs.clear();
        self.steps.clear();
        self.lens.clear();
        if let Some(shown) = &mut self.shown {
            shown.clear();
        }
        self.lines.clear();
    }
}

/// The lines that `len` bytes (1 or more) from `from` on lie in; after the last line of the address
/// space comes the first.
fn lines(from: u32, len: u32) -> impl Iterator<Item = u32> {
    let before = from & ((1 << LINE_SHIFT) - 1);
    let line = move |i: u32| from.wrapping_add(i << LINE_SHIFT) >> LINE_SHIFT;
    (0..=(before + len - 1) >> LINE_SHIFT).map(line)
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

/// What a redirection to `pc` costs beyond one to an aligned address: a 32-bit instruction there needs two fetches.
pub(super) fn unaligned_cycles(bus: &impl Bus, pc: u32) -> u64 {
    let short = |low| isa::parcel_len(low) == 2;
    if pc & 2 != 0 && !bus.fetch(pc).is_ok_and(short) { timing::UNALIGNED_TARGET } else { 0 }
}

/// Whether the instruction at `pc` is WFI.
pub(super) fn is_wfi(bus: &impl Bus, pc: u32) -> bool {
    fetch(bus, pc).is_ok_and(|(insn, _)| insn.op == Op::Wfi)
}

fn step(insn: Insn, pc: u32) -> Step {
    use Op::*;
    let relative = matches!(insn.op, Jal | Auipc | Beq | Bne | Blt | Bge | Bltu | Bgeu);
    let imm = if relative { pc.wrapping_add(insn.imm as u32) } else { insn.imm as u32 };
    let rd = if insn.rd == 0 { DISCARD } else { insn.rd };
    Step { op: insn.op, rd, rs1: insn.rs1, rs2: insn.rs2, imm }
}

pub(super) fn is_system(op: Op) -> bool {
    op.is_csr() || matches!(op, Op::Ecall | Op::Ebreak | Op::Mret | Op::Wfi | Op::FenceI)
}

pub(super) fn ends_block(op: Op) -> bool {
    op.is_branch() || matches!(op, Op::Jal | Op::Jalr)
}

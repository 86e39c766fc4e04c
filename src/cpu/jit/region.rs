//! Which code is compiled together: what control reaches from a pc through code that has been executed before.
//!
//! In: a pc, instructions, and what the interpreter has seen. Out: a [`Region`] of straight blocks with the edges between them.
//! Calls are followed into the called function and behind the call; a return compares with the return addresses of the region. What
//! was never executed, cannot be decoded, or belongs to the system stays outside, and the region is left before it.

use crate::cpu::block::{ends_block, is_system};
use crate::cpu::timing;
use crate::isa::{Insn, Op};
use std::collections::{BTreeMap, BTreeSet};

/// Instructions of a region, at the most.
const MAX_INSNS: usize = 1500;
/// Instructions that are looked at behind a block for a WFI: as many as [`crate::cpu`] looks back at.
const LOOK_BEHIND: u32 = 64;
/// Return addresses that a return is compared with.
const MAX_RETURNS: usize = 8;

/// A straight run of instructions.
#[derive(Clone, Debug)]
pub struct Block {
    /// Instructions with their addresses, 1 or more; a branch or jump is the last.
    pub insns: Vec<(u32, Insn)>,
    /// Address behind the last instruction.
    pub end: u32,
    /// Where control goes.
    pub leaves: Leaves,
    /// Where a jump by register is expected to go.
    pub targets: Vec<u32>,
}

impl Block {
    /// Address of the first instruction.
    pub fn pc(&self) -> u32 {
        self.insns[0].0
    }

    /// Whether a redirection to it waits for a second fetch.
    pub fn unaligned(&self) -> bool {
        self.pc() & 2 != 0 && self.insns[0].1.len == 4
    }
}

/// How a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// On at the next address.
    Falls,
    /// A branch to this address, or on.
    Branches(u32),
    /// A jump.
    Jumps(u32),
    /// A jump by register.
    Indirect,
}

/// Code that is compiled together.
#[derive(Clone, Debug)]
pub struct Region {
    /// Blocks by ascending address.
    pub blocks: Vec<Block>,
    /// Addresses of blocks where control may enter: the first, targets of loops, return addresses.
    pub entries: Vec<u32>,
    /// Address ranges that it depends on, ends exclusive, apart from each other.
    pub ranges: Vec<(u32, u32)>,
}

impl Region {
    /// The region of `entry`; `None` if nothing can be compiled there. `fetch` decodes, `warm` tells whether a block at an address
    /// was executed, `seen` where a jump by register has gone, `barriers` are addresses that are only entered, never passed; in order.
    pub fn new(
        entry: u32,
        fetch: impl Fn(u32) -> Option<Insn>,
        warm: impl Fn(u32) -> bool,
        seen: impl Fn(u32) -> Vec<u32>,
        barriers: &[u32],
    ) -> Option<Self> {
        let mut insns: BTreeMap<u32, Insn> = BTreeMap::new();
        let mut leaders = BTreeSet::from([entry]);
        let mut returns = BTreeSet::new();
        let mut work = vec![entry];
        while let Some(from) = work.pop() {
            let mut pc = from;
            while !insns.contains_key(&pc) && insns.len() < MAX_INSNS {
                let Some(insn) = fetch(pc).filter(|insn| !is_system(insn.op)) else { break };
                if barriers.binary_search(&pc).is_ok() {
                    break;
                }
                insns.insert(pc, insn);
                let next = pc.wrapping_add(u32::from(insn.len));
                let target = pc.wrapping_add(insn.imm as u32);
                let call = matches!(insn.op, Op::Jal | Op::Jalr) && insn.rd != 0;
                let target = if insn.op == Op::Jalr { pc } else { target };
                let mut reach = |at: u32| {
                    if warm(at) {
                        leaders.insert(at);
                        work.push(at);
                    }
                };
                if call {
                    returns.insert((next, target));
                    reach(next);
                }
                match insn.op {
                    Op::Jal => reach(target),
                    Op::Jalr => seen(pc).into_iter().for_each(reach),
                    op if op.is_branch() => {
                        reach(next);
                        reach(target);
                    }
                    _ => {}
                }
                if ends_block(insn.op) {
                    break;
                }
                pc = next;
            }
        }
        let mut blocks: Vec<Block> =
            leaders.iter().filter_map(|pc| Block::new(*pc, &insns, &leaders)).collect();
        let mut ranges = Vec::new();
        blocks.retain(|block| {
            let (behind, wfi) = look_behind(block.end, &fetch);
            ranges.push((block.pc(), behind));
            !wfi
        });
        let there: BTreeSet<u32> = blocks.iter().map(Block::pc).collect();
        if !there.contains(&entry) {
            return None;
        }
        returns.retain(|(pc, _)| there.contains(pc));
        // Where a called function is not in the region, control comes back from outside.
        let outside = returns.iter().filter(|(_, called)| !there.contains(called));
        let mut entries: BTreeSet<u32> = outside.map(|(pc, _)| *pc).collect();
        entries.insert(entry);
        for block in &blocks {
            if let Leaves::Branches(to) | Leaves::Jumps(to) = block.leaves
                && to <= block.pc()
                && there.contains(&to)
            {
                entries.insert(to);
            }
        }
        for block in &mut blocks {
            let (pc, insn) = block.insns[block.insns.len() - 1];
            if block.leaves == Leaves::Indirect {
                let own = returns.iter().map(|(pc, _)| *pc).filter(|_| insn.rd == 0);
                let all: BTreeSet<u32> = own.take(MAX_RETURNS).chain(seen(pc)).collect();
                block.targets = all.into_iter().filter(|to| there.contains(to)).collect();
            }
        }
        Some(Self { blocks, entries: entries.into_iter().collect(), ranges: joined(ranges) })
    }

    /// The block that begins at an address.
    pub fn block(&self, pc: u32) -> Option<&Block> {
        self.blocks.binary_search_by_key(&pc, Block::pc).ok().map(|i| &self.blocks[i])
    }

    /// Where control can go from a block and stay in the region.
    pub fn successors(&self, block: &Block) -> impl Iterator<Item = u32> {
        let one = match block.leaves {
            Leaves::Falls => Some(block.end),
            Leaves::Jumps(to) | Leaves::Branches(to) => Some(to),
            Leaves::Indirect => None,
        };
        let on = matches!(block.leaves, Leaves::Branches(_)).then_some(block.end);
        let all = one.into_iter().chain(on).chain(block.targets.iter().copied());
        all.filter(|to| self.block(*to).is_some())
    }

    /// Whether it depends on one of `len` bytes from `from` on.
    pub fn overlaps(ranges: &[(u32, u32)], from: u32, len: u32) -> bool {
        ranges.iter().any(|(start, end)| {
            from.wrapping_sub(*start) < end.wrapping_sub(*start) || start.wrapping_sub(from) < len
        })
    }
}

impl Block {
    fn new(pc: u32, all: &BTreeMap<u32, Insn>, leaders: &BTreeSet<u32>) -> Option<Self> {
        let mut insns = Vec::new();
        let mut at = pc;
        let mut leaves = Leaves::Falls;
        while let Some(insn) = all.get(&at) {
            insns.push((at, *insn));
            let target = at.wrapping_add(insn.imm as u32);
            at = at.wrapping_add(u32::from(insn.len));
            match insn.op {
                Op::Jal => leaves = Leaves::Jumps(target),
                Op::Jalr => leaves = Leaves::Indirect,
                op if op.is_branch() => leaves = Leaves::Branches(target),
                _ => {}
            }
            if leaves != Leaves::Falls || leaders.contains(&at) {
                break;
            }
        }
        (!insns.is_empty()).then_some(Self { insns, end: at, leaves, targets: Vec::new() })
    }
}

/// Whether a WFI comes behind `pc` with nothing before it that lets the prefetcher rest; and the address up to which that was looked at.
///
/// Such a WFI asks where the last redirection went, which compiled code does not keep.
fn look_behind(pc: u32, fetch: &impl Fn(u32) -> Option<Insn>) -> (u32, bool) {
    let mut at = pc;
    for _ in 0..LOOK_BEHIND {
        let Some(insn) = fetch(at) else { return (at.wrapping_add(4), false) };
        at = at.wrapping_add(u32::from(insn.len));
        if insn.op == Op::Wfi {
            return (at, true);
        }
        if timing::fixed_cycles(insn.op) != 1 {
            break;
        }
    }
    (at, false)
}

/// Ranges put together where they touch. One that wraps stays alone.
fn joined(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.sort_unstable();
    let mut all: Vec<(u32, u32)> = Vec::new();
    for (from, to) in ranges {
        match all.last_mut() {
            Some(last) if last.0 <= last.1 && from <= last.1 && from <= to => {
                last.1 = last.1.max(to);
            }
            _ => all.push((from, to)),
        }
    }
    all
}

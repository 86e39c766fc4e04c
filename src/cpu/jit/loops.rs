//! Which guest registers stay in host registers around a loop.
//!
//! A guest register's home is memory; inside a block its value is known once it was read or written. Only in loops it is worth more: there
//! as many as the host has room for are held from iteration to iteration, read where control comes into the loop and
//! written where it goes out. What is held in a block is a matter of speed alone.

use super::region::{Block, Region};
use crate::isa::{Insn, Op};
use std::collections::{HashMap, HashSet};

/// Registers that are held in a loop, at the most.
const HELD: u32 = 8;
/// The same in a burst, which needs fewer registers of the host for itself.
const HELD_IN_BURST: u32 = 10;

/// Registers that a block holds in host registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Which, one bit a register.
    pub registers: u32,
    /// Those among them that the loop writes, so that memory may be behind.
    pub written: u32,
}

/// The registers that an instruction reads and writes, as sets without `x0`.
pub fn touched(insn: &Insn) -> (u32, u32) {
    let op = insn.op;
    let second = op.is_branch() || op.is_store() || op.is_mul() || op.is_div();
    let second = second || matches!(op, Op::Add | Op::Sub | Op::Sll | Op::Slt | Op::Sltu);
    let second = second || matches!(op, Op::Xor | Op::Srl | Op::Sra | Op::Or | Op::And);
    let first = !matches!(op, Op::Lui | Op::Auipc | Op::Jal | Op::Fence);
    let writes = !(op.is_branch() || op.is_store() || op == Op::Fence);
    let set = |yes: bool, r: u8| if yes { 1 << r & !1 } else { 0_u32 };
    (set(first, insn.rs1) | set(second, insn.rs2), set(writes, insn.rd))
}

/// For each block of a region, by address, what it holds; blocks that hold nothing are left out.
pub fn held(region: &Region, heads: &HashSet<u32>) -> HashMap<u32, Held> {
    let before = predecessors(region);
    let mut loops: Vec<Vec<u32>> = heads.iter().map(|head| body(*head, &before)).collect();
    loops.sort_by_key(|body| (body.len(), body[0]));
    let mut all: HashMap<u32, Held> = HashMap::new();
    // The widest loops whose registers all find room, then the innermost ones with those that matter most.
    for body in loops.iter().rev() {
        let (registers, written) = all_of(region, body);
        if registers.count_ones() <= HELD && !body.iter().any(|pc| all.contains_key(pc)) {
            all.extend(body.iter().map(|pc| (*pc, Held { registers, written })));
        }
    }
    for body in &loops {
        if !body.iter().any(|pc| all.contains_key(pc)) {
            let (registers, written) = most_wanted(region, body);
            all.extend(body.iter().map(|pc| (*pc, Held { registers, written })));
        }
    }
    all
}

/// What `ordinary` holds and, as far as there is room, what else a burst of these blocks wants.
pub fn held_in_burst(region: &Region, body: &[u32], ordinary: Held) -> Held {
    let (_, written) = all_of(region, body);
    let (mut registers, mut room) = (ordinary.registers, HELD_IN_BURST);
    room = room.saturating_sub(registers.count_ones());
    for r in wanted(region, body).filter(|r| ordinary.registers >> r & 1 == 0) {
        if room == 0 {
            break;
        }
        (registers, room) = (registers | 1 << r, room - 1);
    }
    Held { registers, written: (written | ordinary.written) & registers }
}

/// The blocks that lead to each.
pub fn predecessors(region: &Region) -> HashMap<u32, Vec<u32>> {
    let mut before: HashMap<u32, Vec<u32>> = HashMap::new();
    for block in &region.blocks {
        for to in region.successors(block) {
            before.entry(to).or_default().push(block.pc());
        }
    }
    before
}

/// The blocks from which control can come back to `head` without passing it: the head first, then in ascending order.
pub fn body(head: u32, before: &HashMap<u32, Vec<u32>>) -> Vec<u32> {
    let mut inside = HashSet::from([head]);
    let back = before.get(&head).into_iter().flatten().copied();
    let mut work: Vec<u32> = back.filter(|pc| *pc >= head).collect();
    while let Some(pc) = work.pop() {
        if inside.insert(pc) {
            work.extend(before.get(&pc).into_iter().flatten());
        }
    }
    let mut inside: Vec<u32> = inside.into_iter().collect();
    inside.sort_unstable_by_key(|pc| (*pc != head, *pc));
    inside
}

fn blocks<'r>(region: &'r Region, body: &[u32]) -> impl Iterator<Item = &'r Block> {
    body.iter().filter_map(|pc| region.block(*pc))
}

/// The registers that a loop touches and those that it writes.
fn all_of(region: &Region, body: &[u32]) -> (u32, u32) {
    let insns = blocks(region, body).flat_map(|block| &block.insns);
    insns.fold((0, 0), |(all, written), (_, insn)| {
        let (reads, writes) = touched(insn);
        (all | reads | writes, written | writes)
    })
}

/// The registers that save most reads and writes of memory at the ends of blocks.
fn most_wanted(region: &Region, body: &[u32]) -> (u32, u32) {
    let registers = wanted(region, body).take(HELD as usize).fold(0, |set, r| set | 1_u32 << r);
    (registers, all_of(region, body).1 & registers)
}

/// The registers of a loop, those first that save most reads and writes of memory at the ends of blocks.
fn wanted(region: &Region, body: &[u32]) -> impl Iterator<Item = usize> {
    let mut saved = [0_u32; 32];
    for block in blocks(region, body) {
        let (mut needed, mut written) = (0_u32, 0_u32);
        for (_, insn) in &block.insns {
            let (reads, writes) = touched(insn);
            needed |= reads & !written;
            written |= writes;
        }
        for (r, saved) in saved.iter_mut().enumerate() {
            // What goes from iteration to iteration through memory takes longest.
            let (read, write) = (needed >> r & 1, written >> r & 1);
            *saved += read + write + 2 * (read & write);
        }
    }
    let mut order: Vec<usize> = (1..32).filter(|r| saved[*r] > 0).collect();
    order.sort_by_key(|r| (std::cmp::Reverse(saved[*r]), *r));
    order.into_iter()
}

#[cfg(test)]
mod tests {
    use super::super::region::Leaves;
    use super::*;

    fn insn(op: Op, rd: u8, rs1: u8, rs2: u8) -> Insn {
        Insn { op, rd, rs1, rs2, imm: 0, len: 4 }
    }

    fn block(pc: u32, insns: &[Insn], leaves: Leaves) -> Block {
        let insns: Vec<(u32, Insn)> =
            insns.iter().enumerate().map(|(i, insn)| (pc + 4 * i as u32, *insn)).collect();
        Block { end: pc + 4 * insns.len() as u32, insns, leaves, targets: Vec::new() }
    }

    /// An outer loop from 0 with an inner one at 4, each with a branch at its end.
    fn nest(outer: u8) -> Region {
        let blocks = vec![
            block(0, &[insn(Op::Addi, outer, outer, 0)], Leaves::Falls),
            block(4, &[insn(Op::Add, 5, 5, 6), insn(Op::Bne, 0, 5, 7)], Leaves::Branches(4)),
            block(12, &[insn(Op::Bne, 0, outer, 8)], Leaves::Branches(0)),
        ];
        Region { blocks, entries: vec![0, 4], ranges: Vec::new() }
    }

    #[test]
    fn a_small_nest_of_loops_holds_all_its_registers_throughout() {
        let held = held(&nest(9), &HashSet::from([0, 4]));
        let all = Held {
            registers: 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 9,
            written: 1 << 5 | 1 << 9,
        };
        assert_eq!(held, HashMap::from([(0, all), (4, all), (12, all)]));
    }

    #[test]
    fn in_a_large_loop_what_goes_round_comes_first() {
        let mut insns: Vec<Insn> = (10..20).map(|r| insn(Op::Addi, r, 0, 0)).collect();
        insns.push(insn(Op::Addi, 5, 5, 0));
        insns.push(insn(Op::Bne, 0, 5, 6));
        let region = Region {
            blocks: vec![block(0, &insns, Leaves::Branches(0))],
            entries: vec![0],
            ranges: Vec::new(),
        };
        let held = held(&region, &HashSet::from([0]))[&0];
        assert_eq!(held.registers.count_ones(), HELD);
        assert_eq!(held.registers >> 5 & 1, 1);
    }
}

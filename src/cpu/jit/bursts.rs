//! Innermost loops that run many iterations after one look.
//!
//! In: a region. Out: for each innermost loop that is worth it, a [`Burst`]: how many iterations are begun together, and which accesses
//! are checked for all of them before the first. Beside the loop as it is there is then a copy without these checks and
//! without the look at the time: it is entered where all accesses of so many iterations will be plain and there is time for them, and
//! comes back to that question when they are done. What an iteration counts is added when the copy is left.

use super::accesses::{self, Group};
use super::loops;
use super::region::{Block, Region};
use crate::cpu::timing;
use crate::isa::{Insn, Op};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Iterations that are begun together, at the most and at the least.
const MOST: i64 = 64;
const LEAST: i64 = 8;
/// Iterations of a loop that makes bursts, on the average.
const USUAL: u64 = 6;
/// Cycles that they may take; about a quarter of what passes between two looks at the time at the most.
const CYCLES: u64 = 0x2000;
/// Instructions of a loop of which there are two copies, at the most.
const INSNS: usize = 256;
/// Bytes of memory whose guards one 64-bit word holds, less a line that the first byte may lie in.
pub const GUARDED_TOGETHER: i64 = 7 << crate::soc::LINE_SHIFT;
/// How far an address can be from the register that it is computed with.
const REACH: u32 = 0x1000;

/// A loop that is entered for many iterations at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burst {
    /// Address of the block where an iteration begins.
    pub head: u32,
    /// Addresses of its blocks; the head is the lowest.
    pub blocks: Vec<u32>,
    /// Iterations that are begun together.
    pub iterations: i64,
    /// Most cycles of all these.
    pub cycles: u64,
    /// Accesses of all iterations, by what the head finds in a register.
    pub groups: Vec<Group>,
    /// Groups of single blocks, by address of the block and place among its groups, that lie in one of `groups`.
    pub covered: HashSet<(u32, usize)>,
}

/// By how much a loop moves a register in an iteration, at the least and at the most; `None` if that is not known.
type Moves = [Option<(i64, i64)>; 32];

/// The bursts of a region by the address of their heads. `heads` are the addresses of all blocks that close a loop; `memory` is its first address
/// and its length; `mul_cycles` the most that a multiplication takes; `runs` tells how often a block was executed.
pub fn of(
    region: &Region,
    heads: &HashSet<u32>,
    memory: (u32, u32),
    mul_cycles: u32,
    runs: impl Fn(u32) -> u64,
) -> BTreeMap<u32, Burst> {
    // An address near the ends of the guest's could wrap where its register does not.
    let (base, len) = memory;
    let end = u64::from(base) + u64::from(len);
    if base < REACH || end > (1 << 32) - u64::from(REACH) {
        return BTreeMap::new();
    }
    let before = loops::predecessors(region);
    let mut taken: HashSet<u32> = HashSet::new();
    let mut all = BTreeMap::new();
    let mut ascending: Vec<u32> = heads.iter().copied().collect();
    ascending.sort_unstable();
    for head in ascending {
        let body = loops::body(head, &before);
        let innermost = body.iter().all(|pc| *pc == head || *pc > head && !heads.contains(pc));
        if innermost
            && is_long(&body, &before, &runs)
            && !body.iter().any(|pc| taken.contains(pc))
            && let Some(burst) = Burst::new(region, head, &body, mul_cycles)
        {
            taken.extend(&body);
            all.insert(head, burst);
        }
    }
    all
}

/// Whether a loop goes round so often that it is worth more checks before. What led to it may as well have gone elsewhere.
fn is_long(body: &[u32], before: &HashMap<u32, Vec<u32>>, runs: impl Fn(u32) -> u64) -> bool {
    let ways = body.iter().filter_map(|pc| before.get(pc)).flatten();
    let times: u64 = ways.filter(|from| !body.contains(from)).map(|from| runs(*from)).sum();
    runs(body[0]) >= USUAL * times
}

impl Burst {
    fn new(region: &Region, head: u32, body: &[u32], mul_cycles: u32) -> Option<Self> {
        let blocks: Vec<&Block> = body.iter().filter_map(|pc| region.block(*pc)).collect();
        let insns = || blocks.iter().flat_map(|block| &block.insns).map(|(_, insn)| insn);
        if insns().count() > INSNS {
            return None;
        }
        let cycles: u64 = insns().map(|insn| most_cycles(insn, mul_cycles)).sum();
        let fits = |n: &i64| cycles * n.unsigned_abs() <= CYCLES;
        let mut iterations = [MOST, MOST / 2, MOST / 4, LEAST].into_iter().find(fits)?;
        let moves = moves(insns());
        // One pass to find how many iterations there can be, another one to place the accesses of so many.
        let mut placed = Vec::new();
        for block in &blocks {
            let (groups, _) = accesses::of(block);
            for (i, group) in groups.into_iter().enumerate() {
                let Some(moved) = moves[usize::from(group.base)] else { continue };
                if group.base != 0 && group.first.abs().max(group.end.abs()) > i64::from(REACH) {
                    continue;
                }
                if moved.1 - moved.0 > 0 && group.align > 1 && !stays_aligned(&insns, &group) {
                    continue;
                }
                if let Some(least) = room(&group, moved) {
                    iterations = iterations.min(least);
                    placed.push((block.pc(), i, group, moved));
                }
            }
        }
        let mut groups: Vec<Group> = Vec::new();
        let mut covered = HashSet::new();
        for (pc, i, group, moved) in placed {
            let whole = moved_by(&group, moved, iterations);
            if join(&mut groups, whole) {
                covered.insert((pc, i));
            }
        }
        let cycles = cycles * iterations.unsigned_abs();
        Some(Self { head, blocks: body.to_vec(), iterations, cycles, groups, covered })
    }
}

/// Most cycles of an instruction, waits for where it goes included.
fn most_cycles(insn: &Insn, mul_cycles: u32) -> u64 {
    let fixed = u64::from(timing::fixed_cycles(insn.op));
    match insn.op {
        op if op.is_mul() => u64::from(mul_cycles),
        op if op.is_div() => timing::DIVIDE,
        op if op.is_branch() => fixed + timing::TAKEN + timing::UNALIGNED_TARGET,
        Op::Jal | Op::Jalr => fixed + timing::UNALIGNED_TARGET,
        _ => fixed,
    }
}

/// How an iteration moves registers. Each instruction of an innermost loop is executed once in it at the most.
fn moves<'i>(insns: impl Iterator<Item = &'i Insn>) -> Moves {
    let mut moves = [Some((0, 0)); 32];
    for insn in insns {
        let (_, writes) = loops::touched(insn);
        for r in (1..32_u8).filter(|r| writes >> r & 1 == 1) {
            let by = (insn.op == Op::Addi && insn.rs1 == r).then_some(i64::from(insn.imm));
            let old = moves[usize::from(r)];
            moves[usize::from(r)] =
                old.zip(by).map(|((down, up), by)| (down + by.min(0), up + by.max(0)));
        }
    }
    moves
}

/// Whether a group's register moves in whole units of its alignment.
fn stays_aligned<'i, I: Iterator<Item = &'i Insn>>(insns: &impl Fn() -> I, group: &Group) -> bool {
    insns()
        .filter(|insn| insn.op == Op::Addi && insn.rd == group.base)
        .all(|insn| i64::from(insn.imm) % group.align == 0)
}

/// How many iterations there may be so that the guards of what a group stores are in one word; `None` if too few.
fn room(group: &Group, (down, up): (i64, i64)) -> Option<i64> {
    let Some((from, to)) = group.stored.filter(|_| up - down > 0) else { return Some(MOST) };
    let most = (GUARDED_TOGETHER - (to - from)) / (up - down);
    [MOST, MOST / 2, MOST / 4, LEAST].into_iter().find(|n| *n <= most)
}

/// A group with all that it reaches in so many iterations.
fn moved_by(group: &Group, (down, up): (i64, i64), iterations: i64) -> Group {
    Group {
        first: group.first + down * iterations,
        end: group.end + up * iterations,
        stored: group.stored.map(|(from, to)| (from + down * iterations, to + up * iterations)),
        ..*group
    }
}

/// Puts a group into that of the same register; false if they cannot be checked together.
fn join(groups: &mut Vec<Group>, new: Group) -> bool {
    let Some(group) = groups.iter_mut().find(|group| group.base == new.base) else {
        groups.push(new);
        return true;
    };
    if (new.anchor - group.anchor) % group.align.min(new.align) != 0 {
        return false;
    }
    let stored = match (group.stored, new.stored) {
        (Some((from, to)), Some((more_from, more_to))) => {
            Some((from.min(more_from), to.max(more_to)))
        }
        (one, other) => one.or(other),
    };
    if stored.is_some_and(|(from, to)| to - from > GUARDED_TOGETHER) {
        return false;
    }
    if new.align > group.align {
        (group.align, group.anchor) = (new.align, new.anchor);
    }
    group.first = group.first.min(new.first);
    group.end = group.end.max(new.end);
    group.stored = stored;
    true
}

#[cfg(test)]
mod tests {
    use super::super::region::Leaves;
    use super::*;

    const RAM: (u32, u32) = (0x8000_0000, 0x1_0000);

    /// One loop from 0x100 to 0x100.
    fn region(insns: &[(Op, u8, u8, u8, i32)]) -> Region {
        let insn = |(op, rd, rs1, rs2, imm)| Insn { op, rd, rs1, rs2, imm, len: 4 };
        let insns: Vec<(u32, Insn)> = insns
            .iter()
            .enumerate()
            .map(|(i, given)| (0x100 + 4 * i as u32, insn(*given)))
            .collect();
        let end = 0x100 + 4 * insns.len() as u32;
        let block = Block { insns, end, leaves: Leaves::Branches(0x100), targets: Vec::new() };
        Region { blocks: vec![block], entries: vec![0x100], ranges: Vec::new() }
    }

    fn burst(memory: (u32, u32), insns: &[(Op, u8, u8, u8, i32)]) -> Option<Burst> {
        of(&region(insns), &HashSet::from([0x100]), memory, 4, |_| 100).remove(&0x100)
    }

    #[test]
    fn what_a_pointer_reaches_in_all_iterations_is_one_group() {
        let burst = burst(
            RAM,
            &[
                (Op::Lb, 5, 10, 0, 2),
                (Op::Addi, 10, 10, 0, 4),
                (Op::Sb, 0, 11, 5, 0),
                (Op::Addi, 11, 11, 0, -1),
                (Op::Bne, 0, 10, 12, -16),
            ],
        );
        let burst = burst.unwrap();
        // 64 steps of 4 bytes up, and 64 of one byte down.
        assert_eq!(burst.iterations, 64);
        let reach: Vec<(u8, i64, i64)> =
            burst.groups.iter().map(|group| (group.base, group.first, group.end)).collect();
        assert_eq!(reach, [(10, 2, 3 + 256), (11, -64, 1)]);
        assert_eq!(burst.groups[1].stored, Some((-64, 1)));
        assert_eq!(burst.covered, HashSet::from([(0x100, 0), (0x100, 1)]));
        // LB, ADDI, SB, ADDI: 2 + 1 + 2 + 1; a taken branch with a wait for its target: 1 + 2 + 1.
        assert_eq!(burst.cycles, 64 * 10);
    }

    #[test]
    fn as_many_iterations_as_one_word_of_guards_has_room_for() {
        let burst =
            burst(RAM, &[(Op::Sw, 0, 10, 5, 0), (Op::Addi, 10, 10, 0, 16), (Op::Bne, 0, 5, 6, -8)]);
        // 7 lines of 64 bytes: 444 bytes behind the first word, 27 steps.
        assert_eq!(burst.unwrap().iterations, 16);
    }

    #[test]
    fn a_pointer_that_is_not_moved_by_constants_is_checked_in_each_iteration() {
        let burst =
            burst(RAM, &[(Op::Lb, 5, 10, 0, 0), (Op::Add, 10, 10, 6, 0), (Op::Bne, 0, 10, 12, -8)]);
        assert_eq!(burst.unwrap().groups, []);
    }

    #[test]
    fn words_by_a_pointer_that_moves_by_odd_steps_are_checked_in_each_iteration() {
        let burst =
            burst(RAM, &[(Op::Lw, 5, 10, 0, 0), (Op::Addi, 10, 10, 0, 2), (Op::Bne, 0, 5, 0, -8)]);
        assert_eq!(burst.unwrap().groups, []);
    }

    #[test]
    fn there_are_no_bursts_where_an_address_could_wrap_or_divisions_take_all_the_time() {
        let walk = [(Op::Lb, 5, 10, 0, 0), (Op::Addi, 10, 10, 0, 1), (Op::Bne, 0, 10, 12, -8)];
        assert!(burst((0x800, 0x1000), &walk).is_none());
        assert!(burst((0xffff_0000, 0xf800), &walk).is_none());
        let mut insns = vec![(Op::Div, 5, 5, 6, 0); 32];
        insns.push((Op::Bne, 0, 5, 6, -128));
        assert!(burst(RAM, &insns).is_none());
    }

    #[test]
    fn a_loop_that_is_left_soon_makes_none() {
        let before = HashMap::from([(0x100, vec![0xf0, 0x100])]);
        let runs = |times| move |pc| if pc == 0xf0 { times } else { 100 };
        assert!(is_long(&[0x100], &before, runs(16)));
        assert!(!is_long(&[0x100], &before, runs(17)));
    }
}

//! Which loads and stores of a block can be checked together, before the block begins.
//!
//! An address is followed back to a register as the block finds it and a constant. All accesses by one such register are
//! checked once: first and last byte, alignment, and the guards of the lines that are stored into. If a check fails, control leaves
//! before the block, which is always right: the interpreter then does the whole block.

use super::region::Block;
use crate::isa::{Insn, Op};

/// Bytes from the first to the last that are stored to by one register, so that two guards are enough.
const STORED_TOGETHER: i64 = 1 << crate::soc::LINE_SHIFT;

/// Accesses by one register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// The register, as the block finds it; `x0` for constant addresses.
    pub base: u8,
    /// First byte, as an offset from the register's value.
    pub first: i64,
    /// One past the last byte.
    pub end: i64,
    /// What `base + anchor` must be a multiple of.
    pub align: i64,
    /// Where the alignment is checked.
    pub anchor: i64,
    /// First byte that is stored, and one past the last.
    pub stored: Option<(i64, i64)>,
}

/// How an access of a block is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Before the block, in this group; the offset is from the group's register.
    Before(usize, i64),
    /// Where it stands.
    Here,
}

/// The groups of a block, and for each instruction how it is checked; those that access nothing are checked nowhere.
pub fn of(block: &Block) -> (Vec<Group>, Vec<Checked>) {
    let mut places: [Option<(u8, i64)>; 32] = std::array::from_fn(|r| Some((r as u8, 0)));
    let mut groups: Vec<Group> = Vec::new();
    let mut checked = Vec::new();
    for (pc, insn) in &block.insns {
        let access = insn.op.access_len();
        let place = places[usize::from(insn.rs1)];
        let how = match place {
            Some((base, offset)) if access > 0 => {
                let at = offset + i64::from(insn.imm);
                join(&mut groups, base, at, i64::from(access), insn.op.is_store())
                    .map_or(Checked::Here, |group| Checked::Before(group, at))
            }
            _ => Checked::Here,
        };
        checked.push(how);
        let none = insn.op.is_branch() || insn.op.is_store() || insn.rd == 0;
        if !none {
            places[usize::from(insn.rd)] = follow(&places, *pc, insn);
        }
    }
    (groups, checked)
}

/// Where the result of an instruction points to, if it is a register of the beginning and a constant.
fn follow(places: &[Option<(u8, i64)>; 32], pc: u32, insn: &Insn) -> Option<(u8, i64)> {
    let (base, offset) = match insn.op {
        Op::Addi => {
            let (base, offset) = places[usize::from(insn.rs1)]?;
            (base, offset + i64::from(insn.imm))
        }
        Op::Add if insn.rs1 == 0 => places[usize::from(insn.rs2)]?,
        Op::Lui => (0, i64::from(insn.imm as u32)),
        Op::Auipc => (0, i64::from(pc.wrapping_add(insn.imm as u32))),
        _ => return None,
    };
    // Far enough below 2^32 that sums of them stay exact.
    (offset.abs() < 1 << 33).then_some((base, offset))
}

/// Puts an access into the group of its register, if it fits there.
fn join(groups: &mut Vec<Group>, base: u8, at: i64, len: i64, store: bool) -> Option<usize> {
    let end = at + len;
    let stored = store.then_some((at, end));
    let Some(i) = groups.iter().position(|group| group.base == base) else {
        groups.push(Group { base, first: at, end, align: len, anchor: at, stored });
        return Some(groups.len() - 1);
    };
    let group = &mut groups[i];
    if (at - group.anchor) % group.align.min(len) != 0 {
        return None;
    }
    let all = match (group.stored, stored) {
        (Some((from, to)), Some(_)) => Some((from.min(at), to.max(end))),
        (one, other) => one.or(other),
    };
    if all.is_some_and(|(from, to)| to - from > STORED_TOGETHER) {
        return None;
    }
    if len > group.align {
        (group.align, group.anchor) = (len, at);
    }
    group.stored = all;
    group.first = group.first.min(at);
    group.end = group.end.max(end);
    Some(i)
}

#[cfg(test)]
mod tests {
    use super::super::region::Leaves;
    use super::*;

    fn block(insns: &[(Op, u8, u8, u8, i32)]) -> Block {
        let insn = |(op, rd, rs1, rs2, imm)| Insn { op, rd, rs1, rs2, imm, len: 4 };
        let insns: Vec<(u32, Insn)> =
            insns.iter().enumerate().map(|(i, given)| (4 * i as u32, insn(*given))).collect();
        Block { end: 4 * insns.len() as u32, insns, leaves: Leaves::Falls, targets: Vec::new() }
    }

    #[test]
    fn accesses_by_one_pointer_are_checked_once_wherever_it_has_moved() {
        let (groups, checked) = of(&block(&[
            (Op::Lb, 5, 10, 0, 0),
            (Op::Addi, 10, 10, 0, 1),
            (Op::Lb, 6, 10, 0, 3),
            (Op::Sb, 0, 11, 5, 2),
        ]));
        assert_eq!(groups.len(), 2);
        assert_eq!((groups[0].base, groups[0].first, groups[0].end), (10, 0, 5));
        assert_eq!(groups[1].stored, Some((2, 3)));
        assert_eq!(checked[2], Checked::Before(0, 4));
    }

    #[test]
    fn a_pointer_that_is_computed_is_checked_where_it_is_used() {
        let (groups, checked) = of(&block(&[
            (Op::Add, 10, 10, 11, 0),
            (Op::Lw, 5, 10, 0, 0),
            (Op::Lw, 10, 12, 0, 4),
            (Op::Lw, 6, 10, 0, 0),
        ]));
        assert_eq!(checked[1], Checked::Here);
        assert_eq!(checked[2], Checked::Before(0, 4));
        assert_eq!(checked[3], Checked::Here);
        assert_eq!(groups.len(), 1);
    }

    #[test]
    fn words_that_cannot_all_be_aligned_are_not_checked_together() {
        let (groups, checked) =
            of(&block(&[(Op::Lb, 5, 10, 0, 1), (Op::Lw, 6, 10, 0, 2), (Op::Lw, 7, 10, 0, 4)]));
        assert_eq!((groups[0].align, groups[0].anchor), (4, 2));
        assert_eq!(checked[2], Checked::Here);
    }
}

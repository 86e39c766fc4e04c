//! Which multiplications go through the unit under test, as far as their address and operation tell.

use crate::isa::Op;
use crate::unit::MulOp;

/// The multiplications that go through the unit under test; sound hardware does the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    ops: [bool; MulOp::ALL.len()],
    /// Address ranges, ends exclusive, ascending, apart from each other; `None` is everywhere.
    ranges: Option<Vec<(u32, u32)>>,
}

impl Scope {
    /// These operations at addresses in `ranges` (first address, address behind the last one), or anywhere.
    pub fn new(ops: &[MulOp], ranges: Option<Vec<(u32, u32)>>) -> Self {
        let ranges = ranges.map(|mut ranges| {
            ranges.retain(|(from, to)| from < to);
            ranges.sort_unstable();
            let mut apart: Vec<(u32, u32)> = Vec::new();
            for (from, to) in ranges {
                match apart.last_mut() {
                    Some(last) if from <= last.1 => last.1 = last.1.max(to),
                    _ => apart.push((from, to)),
                }
            }
            apart
        });
        Self { ops: MulOp::ALL.map(|op| ops.contains(&op)), ranges }
    }

    /// Whether this operation at this address is in it.
    pub fn contains(&self, op: MulOp, pc: u32) -> bool {
        let inside = |ranges: &Vec<(u32, u32)>| {
            let before = ranges.partition_point(|(from, _)| *from <= pc);
            before > 0 && pc < ranges[before - 1].1
        };
        self.ops[op.index()] && self.ranges.as_ref().is_none_or(inside)
    }
}

/// The multiplication that an operation is, if it is one.
pub fn mul_op(op: Op) -> Option<MulOp> {
    match op {
        Op::Mul => Some(MulOp::MUL),
        Op::Mulh => Some(MulOp::MULH),
        Op::Mulhsu => Some(MulOp::MULHSU),
        Op::Mulhu => Some(MulOp::MULHU),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_knows_its_operations_and_addresses() {
        let scope = Scope::new(
            &[MulOp::MUL, MulOp::MULH],
            Some(vec![(20, 30), (10, 14), (12, 16), (8, 8)]),
        );
        let inside: Vec<u32> = (0..40).filter(|pc| scope.contains(MulOp::MUL, *pc)).collect();
        assert_eq!(inside, (10..16).chain(20..30).collect::<Vec<_>>());
        assert!(scope.contains(MulOp::MULH, 29));
        assert!(!scope.contains(MulOp::MULHU, 29));
        assert!(Scope::new(&MulOp::ALL, None).contains(MulOp::MULHSU, 0));
        assert!(!Scope::new(&MulOp::ALL, Some(vec![])).contains(MulOp::MUL, 0));
    }
}

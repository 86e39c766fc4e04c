//! A place: an instruction at an address, with what it does whatever its operands are, and what it did last.

use crate::cpu::Access;
use crate::isa::{self, Op};

/// No place.
pub(super) const NONE: u32 = u32::MAX;

/// What reader and writer know of an instruction in the same way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub pc: u32,
    pub word: u32,
    pub len: u8,
    pub rd: u8,
    pub rs1: u8,
    pub rs2: u8,
    pub op: Option<Op>,
    /// Bytes that it loads or stores, and whether it stores.
    access_len: u8,
    store: bool,
    imm: u32,
    /// The places that followed it, first and second.
    pub next: [u32; 2],
    /// What it wrote to rd last.
    pub value: u32,
    /// Cycles between the instruction before it and it, last.
    pub cycles: u64,
}

impl Place {
    pub fn new(pc: u32, word: u32, len: u8) -> Self {
        let insn = isa::decode(word);
        let op = insn.map(|insn| insn.op);
        let immediate = matches!(op, Some(Op::Csrrwi | Op::Csrrsi | Op::Csrrci));
        let field = |field: fn(&isa::Insn) -> u8| insn.as_ref().map_or(0, field);
        Self {
            pc,
            word,
            len,
            rd: field(|insn| insn.rd),
            rs1: if immediate { 0 } else { field(|insn| insn.rs1) },
            rs2: field(|insn| insn.rs2),
            op,
            access_len: op.map_or(0, |op| op.access_len() as u8),
            store: op.is_some_and(Op::is_store),
            imm: insn.map_or(0, |insn| insn.imm as u32),
            next: [NONE; 2],
            value: 0,
            cycles: 0,
        }
    }

    /// The access of an instruction that retires, as its registers tell it.
    #[inline(always)]
    pub fn access(&self, rs1: u32, rs2: u32, rd: u32) -> Option<Access> {
        if self.access_len == 0 {
            return None;
        }
        let moved = u32::MAX >> (32 - 8 * u32::from(self.access_len));
        let data = if self.store { rs2 } else { rd } & moved;
        let addr = rs1.wrapping_add(self.imm);
        Some(Access { addr, len: self.access_len, store: self.store, data })
    }
}

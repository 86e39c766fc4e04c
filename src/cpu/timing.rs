//! The cycle table of cve2 (2-stage pipeline, zero-wait memory): what each instruction costs.
//!
//! Multiplications are not in it: their cycles come from the unit. Source: OpenHW cve2, "Pipeline Details", and
//! measurements on its RTL.

use crate::isa::Op;

/// What `mcycle` counts between reset and the start of the first instruction.
pub const RESET: u64 = 3;
/// The part of a taken branch's or MRET's cycles that lies between its retirement and its target.
pub const REDIRECT_AFTER_RETIREMENT: u64 = 1;
/// A taken branch costs this much more than one that falls through.
pub const TAKEN: u64 = 2;
/// A redirection to a 32-bit instruction that lies across two words.
pub const UNALIGNED_TARGET: u64 = 1;
/// A load or store that crosses a word boundary: its second bus access.
pub const SECOND_ACCESS: u64 = 1;
/// A division.
pub const DIVIDE: u64 = 37;
/// A division by zero.
pub const DIVIDE_BY_ZERO: u64 = 2;
/// What a trapping instruction itself takes.
pub const FAULTED: u64 = 1;
/// What a load or store that faults takes.
pub const FAULTED_ACCESS: u64 = 2;
/// From the trapping instruction's last cycle to its handler.
pub const TRAP_ENTRY: u64 = 2;
/// The pipeline flush after a write to `mstatus` or `mie`.
pub const CSR_FLUSH: u64 = 2;

/// Cycles that an instruction takes whatever its operands are; the rest is added where it arises.
pub fn fixed_cycles(op: Op) -> u8 {
    use Op::*;
    match op {
        Mul | Mulh | Mulhsu | Mulhu | Div | Divu | Rem | Remu => 0,
        Lb | Lh | Lw | Lbu | Lhu | Sb | Sh | Sw => 2,
        Jal | Jalr | FenceI => 2,
        Mret => 3,
        _ => 1,
    }
}

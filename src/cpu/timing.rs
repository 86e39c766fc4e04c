//! The cycle table of cve2 (2-stage pipeline, zero-wait memory): what each instruction costs.
//!
//! Multiplications are not in it: their cycles come from the unit. Source: OpenHW cve2, "Pipeline Details", and
//! measurements on its RTL.

use crate::isa::Op;

/// What `mcycle` counts between reset and the start of the first instruction.
pub const RESET: u64 = 3;
/// Cycles of the free-running clock after reset in which the core's clock does not run yet.
pub const RESET_GATED: u64 = 1;
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
/// The pipeline flush after a write to a CSR that asks for it.
pub const CSR_FLUSH: u64 = 2;
/// Fetch finds the instruction queue stopped for an interrupt that has gone again.
pub const HALTED_FETCH: u64 = 1;
/// From the first cycle in which the decoder is empty to the first instruction of an interrupt handler.
pub const INTERRUPT_ENTRY: u64 = 3;
/// A WFI that finds its interrupt waiting.
pub const WFI: u64 = 5;
/// From WFI's cycle to the first one in which the core's clock can stop.
pub const WFI_AWAKE: u64 = 3;
/// From the cycle in which a sleeping core sees the interrupt to the next instruction.
pub const WAKE: u64 = 2;
/// Most cycles that a step takes beyond its fixed ones, multiplications and divisions apart.
pub const VARIABLE: u32 = 3;

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

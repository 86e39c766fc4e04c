//! What an instruction is: from the parcels in memory to one decoded form that every engine shares.
//!
//! In: the 32 bits found at a pc. Out: an [`Insn`], or `None` where the core raises an illegal-instruction exception.
//! 32-bit words go through the `riscv-decode` crate behind a filter ([`rv32`]); 16-bit parcels are first expanded
//! into their 32-bit twins ([`rvc`]). [`text`] writes instructions as a disassembler does.

pub mod rv32;
pub mod rvc;
pub mod text;

/// An operation of RV32IM, Zicsr, Zifencei or the privileged set, without its operands.
///
/// Source: The RISC-V Instruction Set Manual, Volume I (RV32I, M, Zicsr, Zifencei) and Volume II (MRET, WFI).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[rustfmt::skip]
#[allow(missing_docs)] // The names are the manual's mnemonics.
pub enum Op {
    Lui, Auipc, Jal, Jalr,
    Beq, Bne, Blt, Bge, Bltu, Bgeu,
    Lb, Lh, Lw, Lbu, Lhu, Sb, Sh, Sw,
    Addi, Slti, Sltiu, Xori, Ori, Andi, Slli, Srli, Srai,
    Add, Sub, Sll, Slt, Sltu, Xor, Srl, Sra, Or, And,
    Mul, Mulh, Mulhsu, Mulhu, Div, Divu, Rem, Remu,
    Fence, FenceI,
    Csrrw, Csrrs, Csrrc, Csrrwi, Csrrsi, Csrrci,
    Ecall, Ebreak, Mret, Wfi,
}

impl Op {
    /// A conditional branch.
    pub fn is_branch(self) -> bool {
        use Op::*;
        matches!(self, Beq | Bne | Blt | Bge | Bltu | Bgeu)
    }

    /// A load.
    pub fn is_load(self) -> bool {
        matches!(self, Op::Lb | Op::Lh | Op::Lw | Op::Lbu | Op::Lhu)
    }

    /// A store.
    pub fn is_store(self) -> bool {
        matches!(self, Op::Sb | Op::Sh | Op::Sw)
    }

    /// Bytes that a load or store moves; 0 for other operations.
    pub fn access_len(self) -> u32 {
        match self {
            Op::Lb | Op::Lbu | Op::Sb => 1,
            Op::Lh | Op::Lhu | Op::Sh => 2,
            Op::Lw | Op::Sw => 4,
            _ => 0,
        }
    }

    /// A multiplication.
    pub fn is_mul(self) -> bool {
        matches!(self, Op::Mul | Op::Mulh | Op::Mulhsu | Op::Mulhu)
    }

    /// A division or remainder.
    pub fn is_div(self) -> bool {
        matches!(self, Op::Div | Op::Divu | Op::Rem | Op::Remu)
    }

    /// An access to a CSR.
    pub fn is_csr(self) -> bool {
        use Op::*;
        matches!(self, Csrrw | Csrrs | Csrrc | Csrrwi | Csrrsi | Csrrci)
    }
}

/// A decoded instruction. Fields that an operation does not have are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Insn {
    /// The operation.
    pub op: Op,
    /// Destination register, 0..=31.
    pub rd: u8,
    /// First source register, 0..=31; for `Csrr?i` the 5-bit unsigned immediate.
    pub rs1: u8,
    /// Second source register, 0..=31.
    pub rs2: u8,
    /// The immediate, sign-extended (`Lui`/`Auipc`: already shifted left by 12; shifts: the amount; `Csrr*`: the CSR number).
    pub imm: i32,
    /// Length in memory in bytes: 2 or 4.
    pub len: u8,
}

/// Length in bytes of the instruction whose first halfword is `low`: 2 or 4.
pub fn parcel_len(low: u16) -> u8 {
    if low & 3 == 3 { 4 } else { 2 }
}

/// Decodes the instruction in `word`; for a compressed one only the low half counts.
///
/// `None` means that the core raises an illegal-instruction exception.
pub fn decode(word: u32) -> Option<Insn> {
    if parcel_len(word as u16) == 4 {
        rv32::decode(word)
    } else {
        let expanded = rvc::expand(word as u16)?;
        rv32::decode(expanded).map(|insn| Insn { len: 2, ..insn })
    }
}

//! Decodes 32-bit words with the `riscv-decode` crate, and refuses what an RV32IM_Zicsr_Zifencei core does not have.
//!
//! The crate knows RV64GC and lets some reserved fields pass, and is stricter than the core on FENCE; the filter
//! here makes it the core's decoder: RV64 operations, AMOs and floating point are refused, shift amounts stop
//! at 31, JALR needs funct3 = 0, and all fields of FENCE and FENCE.I are ignored as the manual asks of simple cores
//! (Volume I, "Memory Ordering Instructions": implementations shall ignore the reserved fields).

use super::{Insn, Op};
use riscv_decode::Instruction as I;
use riscv_decode::types::{BType, CsrIType, CsrType, IType, JType, RType, SType, ShiftType, UType};

const MISC_MEM: u32 = 0x0f;

/// Decodes one 32-bit instruction word; `None` if the core traps on it.
pub fn decode(word: u32) -> Option<Insn> {
    if word & 0x7f == MISC_MEM {
        return misc_mem(word);
    }
    let insn = match riscv_decode::decode(word).ok()? {
        I::Lui(x) => u_type(Op::Lui, x),
        I::Auipc(x) => u_type(Op::Auipc, x),
        I::Jal(x) => j_type(x),
        I::Jalr(x) if funct3(word) == 0 => i_type(Op::Jalr, x),
        I::Beq(x) => b_type(Op::Beq, x),
        I::Bne(x) => b_type(Op::Bne, x),
        I::Blt(x) => b_type(Op::Blt, x),
        I::Bge(x) => b_type(Op::Bge, x),
        I::Bltu(x) => b_type(Op::Bltu, x),
        I::Bgeu(x) => b_type(Op::Bgeu, x),
        I::Lb(x) => i_type(Op::Lb, x),
        I::Lh(x) => i_type(Op::Lh, x),
        I::Lw(x) => i_type(Op::Lw, x),
        I::Lbu(x) => i_type(Op::Lbu, x),
        I::Lhu(x) => i_type(Op::Lhu, x),
        I::Sb(x) => s_type(Op::Sb, x),
        I::Sh(x) => s_type(Op::Sh, x),
        I::Sw(x) => s_type(Op::Sw, x),
        I::Addi(x) => i_type(Op::Addi, x),
        I::Slti(x) => i_type(Op::Slti, x),
        I::Sltiu(x) => i_type(Op::Sltiu, x),
        I::Xori(x) => i_type(Op::Xori, x),
        I::Ori(x) => i_type(Op::Ori, x),
        I::Andi(x) => i_type(Op::Andi, x),
        I::Slli(x) => shift(Op::Slli, x)?,
        I::Srli(x) => shift(Op::Srli, x)?,
        I::Srai(x) => shift(Op::Srai, x)?,
        I::Add(x) => r_type(Op::Add, x),
        I::Sub(x) => r_type(Op::Sub, x),
        I::Sll(x) => r_type(Op::Sll, x),
        I::Slt(x) => r_type(Op::Slt, x),
        I::Sltu(x) => r_type(Op::Sltu, x),
        I::Xor(x) => r_type(Op::Xor, x),
        I::Srl(x) => r_type(Op::Srl, x),
        I::Sra(x) => r_type(Op::Sra, x),
        I::Or(x) => r_type(Op::Or, x),
        I::And(x) => r_type(Op::And, x),
        I::Mul(x) => r_type(Op::Mul, x),
        I::Mulh(x) => r_type(Op::Mulh, x),
        I::Mulhsu(x) => r_type(Op::Mulhsu, x),
        I::Mulhu(x) => r_type(Op::Mulhu, x),
        I::Div(x) => r_type(Op::Div, x),
        I::Divu(x) => r_type(Op::Divu, x),
        I::Rem(x) => r_type(Op::Rem, x),
        I::Remu(x) => r_type(Op::Remu, x),
        I::Csrrw(x) => csr(Op::Csrrw, x),
        I::Csrrs(x) => csr(Op::Csrrs, x),
        I::Csrrc(x) => csr(Op::Csrrc, x),
        I::Csrrwi(x) => csr_imm(Op::Csrrwi, x),
        I::Csrrsi(x) => csr_imm(Op::Csrrsi, x),
        I::Csrrci(x) => csr_imm(Op::Csrrci, x),
        I::Ecall => plain(Op::Ecall),
        I::Ebreak => plain(Op::Ebreak),
        I::Mret => plain(Op::Mret),
        I::Wfi => plain(Op::Wfi),
        _ => return None,
    };
    Some(insn)
}

fn funct3(word: u32) -> u32 {
    word >> 12 & 7
}

fn misc_mem(word: u32) -> Option<Insn> {
    match funct3(word) {
        0 => Some(plain(Op::Fence)),
        1 => Some(plain(Op::FenceI)),
        _ => None,
    }
}

/// Sign-extends the low `width` bits.
fn sext(value: u32, width: u32) -> i32 {
    ((value << (32 - width)) as i32) >> (32 - width)
}

fn insn(op: Op, rd: u32, rs1: u32, rs2: u32, imm: i32) -> Insn {
    Insn { op, rd: rd as u8, rs1: rs1 as u8, rs2: rs2 as u8, imm, len: 4 }
}

fn plain(op: Op) -> Insn {
    insn(op, 0, 0, 0, 0)
}

fn r_type(op: Op, x: RType) -> Insn {
    insn(op, x.rd(), x.rs1(), x.rs2(), 0)
}

fn i_type(op: Op, x: IType) -> Insn {
    insn(op, x.rd(), x.rs1(), 0, sext(x.imm(), 12))
}

fn s_type(op: Op, x: SType) -> Insn {
    insn(op, 0, x.rs1(), x.rs2(), sext(x.imm(), 12))
}

fn b_type(op: Op, x: BType) -> Insn {
    insn(op, 0, x.rs1(), x.rs2(), sext(x.imm(), 13))
}

fn u_type(op: Op, x: UType) -> Insn {
    insn(op, x.rd(), 0, 0, (x.0 & 0xffff_f000) as i32)
}

fn j_type(x: JType) -> Insn {
    insn(Op::Jal, x.rd(), 0, 0, sext(x.imm(), 21))
}

/// An immediate shift; RV32 has no amounts of 32 and more.
fn shift(op: Op, x: ShiftType) -> Option<Insn> {
    (x.shamt() < 32).then(|| insn(op, x.rd(), x.rs1(), 0, x.shamt() as i32))
}

fn csr(op: Op, x: CsrType) -> Insn {
    insn(op, x.rd(), x.rs1(), 0, x.csr() as i32)
}

fn csr_imm(op: Op, x: CsrIType) -> Insn {
    insn(op, x.rd(), x.zimm(), 0, x.csr() as i32)
}

//! Expands a 16-bit instruction parcel of the C extension into the 32-bit instruction that does the same.
//!
//! In: a halfword whose two low bits are not `11`. Out: the 32-bit twin, or `None` for an encoding that is
//! illegal on RV32IMC (reserved, floating point, or RV64/RV128 only).
//!
//! Source: The RISC-V Instruction Set Manual, Volume I, chapter "C" Extension for Compressed Instructions,
//! tables of quadrants 0, 1 and 2. What is legal follows the decoder of the core: HINT encodings
//! (`c.li x0`, `c.lui x0`, `c.slli x0`, shifts by 0) expand to their 32-bit twins and have no effect; `c.addi16sp`
//! and `c.addi4spn` with a zero immediate, `c.lui` with a zero immediate, `c.lwsp` and `c.jr` with `x0`, and
//! shift amounts of 32 and more are illegal.

const OP_IMM: u32 = 0x13;
const LOAD: u32 = 0x03;
const STORE: u32 = 0x23;
const OP: u32 = 0x33;
const LUI: u32 = 0x37;
const BRANCH: u32 = 0x63;
const JALR: u32 = 0x67;
const JAL: u32 = 0x6f;
const EBREAK: u32 = 0x0010_0073;

/// Bits `hi..=lo` of a halfword, moved down to bit 0.
fn bits(h: u16, hi: u32, lo: u32) -> u32 {
    (u32::from(h) >> lo) & ((1 << (hi - lo + 1)) - 1)
}

/// The low `width` bits of `value`, sign-extended to 32 bits.
fn sign_extend(value: u32, width: u32) -> u32 {
    (((value << (32 - width)) as i32) >> (32 - width)) as u32
}

fn i_type(opcode: u32, funct3: u32, rd: u32, rs1: u32, imm: u32) -> u32 {
    (imm << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode
}

fn s_type(funct3: u32, rs1: u32, rs2: u32, imm: u32) -> u32 {
    ((imm >> 5) << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | ((imm & 0x1f) << 7) | STORE
}

fn r_type(funct7: u32, funct3: u32, rd: u32, rs1: u32, rs2: u32) -> u32 {
    (funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | OP
}

fn b_type(funct3: u32, rs1: u32, offset: u32) -> u32 {
    ((offset >> 12 & 1) << 31)
        | ((offset >> 5 & 0x3f) << 25)
        | (rs1 << 15)
        | (funct3 << 12)
        | ((offset >> 1 & 0xf) << 8)
        | ((offset >> 11 & 1) << 7)
        | BRANCH
}

fn j_type(rd: u32, offset: u32) -> u32 {
    ((offset >> 20 & 1) << 31)
        | ((offset >> 1 & 0x3ff) << 21)
        | ((offset >> 11 & 1) << 20)
        | ((offset >> 12 & 0xff) << 12)
        | (rd << 7)
        | JAL
}

/// Expands one compressed parcel; `None` if the core traps on it.
pub fn expand(h: u16) -> Option<u32> {
    let funct3 = bits(h, 15, 13);
    match h & 3 {
        0 => quadrant0(h, funct3),
        1 => quadrant1(h, funct3),
        2 => quadrant2(h, funct3),
        _ => None,
    }
}

fn quadrant0(h: u16, funct3: u32) -> Option<u32> {
    let rd = bits(h, 4, 2) + 8;
    let rs1 = bits(h, 9, 7) + 8;
    let word_offset = bits(h, 12, 10) << 3 | bits(h, 6, 6) << 2 | bits(h, 5, 5) << 6;
    match funct3 {
        // c.addi4spn
        0 => {
            let imm = bits(h, 12, 11) << 4
                | bits(h, 10, 7) << 6
                | bits(h, 6, 6) << 2
                | bits(h, 5, 5) << 3;
            (imm != 0).then(|| i_type(OP_IMM, 0, rd, 2, imm))
        }
        // c.lw
        2 => Some(i_type(LOAD, 2, rd, rs1, word_offset)),
        // c.sw
        6 => Some(s_type(2, rs1, rd, word_offset)),
        _ => None,
    }
}

fn quadrant1(h: u16, funct3: u32) -> Option<u32> {
    let rd = bits(h, 11, 7);
    let imm6 = sign_extend(bits(h, 12, 12) << 5 | bits(h, 6, 2), 6);
    match funct3 {
        // c.nop, c.addi
        0 => Some(i_type(OP_IMM, 0, rd, rd, imm6 & 0xfff)),
        // c.jal (RV32), c.j
        1 | 5 => {
            let offset = sign_extend(
                bits(h, 12, 12) << 11
                    | bits(h, 11, 11) << 4
                    | bits(h, 10, 9) << 8
                    | bits(h, 8, 8) << 10
                    | bits(h, 7, 7) << 6
                    | bits(h, 6, 6) << 7
                    | bits(h, 5, 3) << 1
                    | bits(h, 2, 2) << 5,
                12,
            );
            Some(j_type(u32::from(funct3 == 1), offset))
        }
        // c.li
        2 => Some(i_type(OP_IMM, 0, rd, 0, imm6 & 0xfff)),
        // c.addi16sp
        3 if rd == 2 => {
            let imm = sign_extend(
                bits(h, 12, 12) << 9
                    | bits(h, 6, 6) << 4
                    | bits(h, 5, 5) << 6
                    | bits(h, 4, 3) << 7
                    | bits(h, 2, 2) << 5,
                10,
            );
            (imm != 0).then(|| i_type(OP_IMM, 0, 2, 2, imm & 0xfff))
        }
        // c.lui
        3 => (imm6 != 0).then_some((imm6 << 12) | (rd << 7) | LUI),
        4 => arithmetic(h),
        // c.beqz, c.bnez
        _ => {
            let offset = sign_extend(
                bits(h, 12, 12) << 8
                    | bits(h, 11, 10) << 3
                    | bits(h, 6, 5) << 6
                    | bits(h, 4, 3) << 1
                    | bits(h, 2, 2) << 5,
                9,
            );
            Some(b_type(funct3 & 1, bits(h, 9, 7) + 8, offset))
        }
    }
}

/// Quadrant 1, funct3 100: c.srli, c.srai, c.andi, c.sub, c.xor, c.or, c.and.
fn arithmetic(h: u16) -> Option<u32> {
    let rd = bits(h, 9, 7) + 8;
    let shamt = bits(h, 6, 2);
    let high = bits(h, 12, 12);
    match bits(h, 11, 10) {
        0 => (high == 0).then(|| i_type(OP_IMM, 5, rd, rd, shamt)),
        1 => (high == 0).then(|| i_type(OP_IMM, 5, rd, rd, 0x400 | shamt)),
        2 => Some(i_type(OP_IMM, 7, rd, rd, sign_extend(high << 5 | shamt, 6) & 0xfff)),
        _ if high == 1 => None,
        _ => {
            let rs2 = bits(h, 4, 2) + 8;
            Some(match bits(h, 6, 5) {
                0 => r_type(0x20, 0, rd, rd, rs2),
                1 => r_type(0, 4, rd, rd, rs2),
                2 => r_type(0, 6, rd, rd, rs2),
                _ => r_type(0, 7, rd, rd, rs2),
            })
        }
    }
}

fn quadrant2(h: u16, funct3: u32) -> Option<u32> {
    let rd = bits(h, 11, 7);
    let rs2 = bits(h, 6, 2);
    let high = bits(h, 12, 12);
    match funct3 {
        // c.slli
        0 => (high == 0).then(|| i_type(OP_IMM, 1, rd, rd, rs2)),
        // c.lwsp
        2 => {
            let imm = high << 5 | bits(h, 6, 4) << 2 | bits(h, 3, 2) << 6;
            (rd != 0).then(|| i_type(LOAD, 2, rd, 2, imm))
        }
        // c.jr, c.mv, c.ebreak, c.jalr, c.add
        4 => match (high, rd, rs2) {
            (0, 0, 0) => None,
            (0, _, 0) => Some(i_type(JALR, 0, 0, rd, 0)),
            (0, _, _) => Some(r_type(0, 0, rd, 0, rs2)),
            (_, 0, 0) => Some(EBREAK),
            (_, _, 0) => Some(i_type(JALR, 0, 1, rd, 0)),
            _ => Some(r_type(0, 0, rd, rd, rs2)),
        },
        // c.swsp
        6 => {
            let imm = bits(h, 12, 9) << 2 | bits(h, 8, 7) << 6;
            Some(s_type(2, 2, rs2, imm))
        }
        _ => None,
    }
}

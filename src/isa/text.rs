//! Writes an instruction as assembler text: in a word and its address, out mnemonic and operands.
//!
//! There are three styles ([`Style`]): two of GNU objdump's, and that of the traces which lowRISC's
//! Ibex writes. A tab is between mnemonic and operands, as both print it, and nothing is padded.
//!
//! Operands are those of the decoded form that the engines execute, so that text which agrees with
//! another disassembler shows that the fields were decoded right. Only what decoding drops, the
//! sets of a FENCE, is read from the word.
//!
//! Sources: mnemonics are those of The RISC-V Instruction Set Manual, Volumes I and II; compressed
//! instructions keep their own. The base of each immediate and the spelling of special cases are
//! those of `objdump -M no-aliases` of GNU binutils 2.40 and of Ibex's `rtl/ibex_tracer.sv`.

mod csr;
mod line;

use super::{Insn, Op, decode, parcel_len};
use line::Line;
use std::fmt::{self, Display};

/// All zeros is defined to be illegal (Volume I, "C" Extension), and has a name in assemblers.
const C_UNIMP: u32 = 0x0000;
/// DRET is illegal outside debug mode (RISC-V External Debug Support, "Core Debug").
const DRET: u32 = 0x7b20_0073;
/// `csrrw zero,cycle,zero`: what assemblers put for `unimp`.
const UNIMP: u32 = 0xc000_1073;
/// `fence.tso` with all reserved fields 0, the one that objdump calls so.
const FENCE_TSO: u32 = 0x8330_000f;
const FENCE_I: u32 = 0x0000_100f;

const ABI: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

const NUMERIC: [&str; 32] = [
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
    "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
    "x28", "x29", "x30", "x31",
];

/// A FENCE's set of accesses by its four bits (Volume I, "Memory Ordering Instructions").
const FENCE_SETS: [&str; 16] = [
    "", "w", "r", "rw", "o", "ow", "or", "orw", "i", "iw", "ir", "irw", "io", "iow", "ior", "iorw",
];

/// Whose spelling to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `objdump -M no-aliases`: `c.lwsp ra,12(sp)`, `csrrs a0,mhartid,zero`, `beq a0,a1,80000010`.
    ///
    /// After a target objdump prints a symbol; where it knows none at all, it puts `0x` before it.
    /// That is left to the caller ([`Text::target`]).
    Objdump,
    /// `objdump -M no-aliases,numeric`: the same with `x0` to `x31`.
    Numeric,
    /// The column "Decoded instruction" of Ibex's traces, without the mark (`-->`) of a trap:
    /// numeric registers, other names of CSRs, fewer special cases. See [`Text::trapped`].
    Ibex,
}

/// An instruction that can be printed. Printing allocates nothing.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    mnemonic: &'static str,
    operands: &'static [Operand],
    insn: Insn,
    word: u32,
    pc: u32,
    style: Style,
}

/// One operand as it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operand {
    Rd,
    Rs1,
    Rs2,
    /// The immediate, decimal.
    Imm,
    /// An amount to shift by, hex.
    Shamt,
    /// The upper 20 bits of the immediate, hex.
    Upper,
    /// `imm(rs1)`.
    Mem,
    /// The address that is the immediate's distance from here, hex without `0x`.
    Target,
    Csr,
    /// The 5-bit immediate in the place of rs1, decimal.
    Zimm,
    /// The sets of accesses that a FENCE orders.
    Predecessor,
    Successor,
}

/// The calling convention's name of a general register, 0..=31.
pub fn abi_name(register: u8) -> &'static str {
    ABI[usize::from(register & 31)]
}

/// The text of the instruction in `word` at address `pc`; of a compressed one only the low half
/// counts.
///
/// `None` where the core refuses the word ([`decode`]), but for two such words that all tools know
/// by name: the halfword `0000` is `c.unimp`, and DRET is `dret`. (Ibex's tracer prints `INVALID`
/// for a word that it does not know, but it knows extensions which the core does not have.)
///
/// ```
/// use stuckat::isa::text::{Style, text};
///
/// let text = text(0xfea7_1ee3, 0x8000_0010, Style::Objdump).unwrap();
/// assert_eq!(text.to_string(), "bne\ta4,a0,8000000c");
/// ```
pub fn text(word: u32, pc: u32, style: Style) -> Option<Text> {
    let word = if parcel_len(word as u16) == 2 { word & 0xffff } else { word };
    let (insn, (mnemonic, operands)) = match decode(word) {
        Some(insn) if insn.len == 2 => (insn, compressed(word as u16, &insn, style)),
        Some(insn) => (insn, full(word, insn.op, style)),
        None if word == C_UNIMP => (NOTHING, ("c.unimp", NO_OPERANDS)),
        None if word == DRET => (NOTHING, ("dret", NO_OPERANDS)),
        None => return None,
    };
    Some(Text { mnemonic, operands, insn, word, pc, style })
}

/// A CSR's name as objdump prints it; where it has none, its number in hexadecimal.
///
/// ```
/// assert_eq!(stuckat::isa::text::csr_name(0x305), "mtvec");
/// ```
pub fn csr_name(number: u16) -> String {
    let mut line = Line::new();
    csr::push_as_objdump(number, &mut line);
    line.as_str().to_owned()
}

impl Text {
    /// Appends the text to `out`. [`Display`] prints the same, and also knows widths.
    pub fn append_to(&self, out: &mut String) {
        out.push_str(self.line().as_str());
    }

    /// The mnemonic alone.
    pub fn mnemonic(&self) -> &'static str {
        self.mnemonic
    }

    /// Where a branch or JAL goes if it is taken; `None` for all others.
    pub fn target(&self) -> Option<u32> {
        let has_target = self.operands.last() == Some(&Operand::Target);
        has_target.then(|| self.pc.wrapping_add(self.insn.imm as u32))
    }

    /// The same instruction when it raised an exception: it wrote no register, and Ibex's tracer
    /// prints `x0` for its rd. The other styles print it as ever.
    pub fn trapped(mut self) -> Text {
        if self.style == Style::Ibex {
            self.insn.rd = 0;
        }
        self
    }

    /// The text, built in place.
    fn line(&self) -> Line {
        let mut line = Line::new();
        line.push(self.mnemonic);
        let mut separator = "\t";
        for operand in self.operands {
            line.push(separator);
            separator = ",";
            self.push_operand(*operand, &mut line);
        }
        line
    }

    fn push_operand(&self, operand: Operand, line: &mut Line) {
        let Insn { rd, rs1, rs2, imm, .. } = self.insn;
        match operand {
            Operand::Rd => line.push(self.register(rd)),
            Operand::Rs1 => line.push(self.register(rs1)),
            Operand::Rs2 => line.push(self.register(rs2)),
            Operand::Imm => line.push_decimal(imm),
            Operand::Shamt => {
                line.push("0x");
                line.push_hex(imm as u32, 1);
            }
            Operand::Upper => {
                line.push("0x");
                line.push_hex(imm as u32 >> 12, 1);
            }
            Operand::Mem => {
                line.push_decimal(imm);
                line.push("(");
                line.push(self.register(rs1));
                line.push(")");
            }
            Operand::Target => line.push_hex(self.pc.wrapping_add(imm as u32), 1),
            Operand::Csr => match self.style {
                Style::Objdump | Style::Numeric => csr::push_as_objdump(imm as u16, line),
                Style::Ibex => csr::push_as_ibex(imm as u16, line),
            },
            Operand::Zimm => line.push_decimal(rs1.into()),
            Operand::Predecessor => line.push(self.fence_set(24)),
            Operand::Successor => line.push(self.fence_set(20)),
        }
    }

    fn register(&self, number: u8) -> &'static str {
        let names = if self.style == Style::Objdump { &ABI } else { &NUMERIC };
        names[usize::from(number)]
    }

    fn fence_set(&self, lowest_bit: u32) -> &'static str {
        match (self.word >> lowest_bit & 0xf, self.style) {
            (0, Style::Objdump | Style::Numeric) => "unknown",
            (set, _) => FENCE_SETS[set as usize],
        }
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.line().as_str())
    }
}

type Form = (&'static str, &'static [Operand]);

const NO_OPERANDS: &[Operand] = &[];

/// Stands for a word that is not decoded.
const NOTHING: Insn = Insn { op: Op::Ebreak, rd: 0, rs1: 0, rs2: 0, imm: 0, len: 0 };

/// Mnemonic and operands of a 32-bit instruction.
#[rustfmt::skip]
fn full(word: u32, op: Op, style: Style) -> Form {
    use Operand::*;
    const REGS: &[Operand] = &[Rd, Rs1, Rs2];
    const REG_IMM: &[Operand] = &[Rd, Rs1, Imm];
    const SHIFT: &[Operand] = &[Rd, Rs1, Shamt];
    const LOAD: &[Operand] = &[Rd, Mem];
    const STORE: &[Operand] = &[Rs2, Mem];
    const BRANCH: &[Operand] = &[Rs1, Rs2, Target];
    const CSR_REG: &[Operand] = &[Rd, Csr, Rs1];
    const CSR_IMM: &[Operand] = &[Rd, Csr, Zimm];
    match op {
        Op::Csrrw if word == UNIMP && style != Style::Ibex => ("unimp", NO_OPERANDS),
        Op::Fence if word == FENCE_TSO && style != Style::Ibex => ("fence.tso", NO_OPERANDS),
        Op::FenceI if word != FENCE_I && style == Style::Ibex => ("INVALID", NO_OPERANDS),
        Op::Lui => ("lui", &[Rd, Upper]),
        Op::Auipc => ("auipc", &[Rd, Upper]),
        Op::Jal => ("jal", &[Rd, Target]),
        Op::Jalr => ("jalr", LOAD),
        Op::Beq => ("beq", BRANCH),
        Op::Bne => ("bne", BRANCH),
        Op::Blt => ("blt", BRANCH),
        Op::Bge => ("bge", BRANCH),
        Op::Bltu => ("bltu", BRANCH),
        Op::Bgeu => ("bgeu", BRANCH),
        Op::Lb => ("lb", LOAD),
        Op::Lh => ("lh", LOAD),
        Op::Lw => ("lw", LOAD),
        Op::Lbu => ("lbu", LOAD),
        Op::Lhu => ("lhu", LOAD),
        Op::Sb => ("sb", STORE),
        Op::Sh => ("sh", STORE),
        Op::Sw => ("sw", STORE),
        Op::Addi => ("addi", REG_IMM),
        Op::Slti => ("slti", REG_IMM),
        Op::Sltiu => ("sltiu", REG_IMM),
        Op::Xori => ("xori", REG_IMM),
        Op::Ori => ("ori", REG_IMM),
        Op::Andi => ("andi", REG_IMM),
        Op::Slli => ("slli", SHIFT),
        Op::Srli => ("srli", SHIFT),
        Op::Srai => ("srai", SHIFT),
        Op::Add => ("add", REGS),
        Op::Sub => ("sub", REGS),
        Op::Sll => ("sll", REGS),
        Op::Slt => ("slt", REGS),
        Op::Sltu => ("sltu", REGS),
        Op::Xor => ("xor", REGS),
        Op::Srl => ("srl", REGS),
        Op::Sra => ("sra", REGS),
        Op::Or => ("or", REGS),
        Op::And => ("and", REGS),
        Op::Mul => ("mul", REGS),
        Op::Mulh => ("mulh", REGS),
        Op::Mulhsu => ("mulhsu", REGS),
        Op::Mulhu => ("mulhu", REGS),
        Op::Div => ("div", REGS),
        Op::Divu => ("divu", REGS),
        Op::Rem => ("rem", REGS),
        Op::Remu => ("remu", REGS),
        Op::Fence => ("fence", &[Predecessor, Successor]),
        Op::FenceI => ("fence.i", NO_OPERANDS),
        Op::Csrrw => ("csrrw", CSR_REG),
        Op::Csrrs => ("csrrs", CSR_REG),
        Op::Csrrc => ("csrrc", CSR_REG),
        Op::Csrrwi => ("csrrwi", CSR_IMM),
        Op::Csrrsi => ("csrrsi", CSR_IMM),
        Op::Csrrci => ("csrrci", CSR_IMM),
        Op::Ecall => ("ecall", NO_OPERANDS),
        Op::Ebreak => ("ebreak", NO_OPERANDS),
        Op::Mret => ("mret", NO_OPERANDS),
        Op::Wfi => ("wfi", NO_OPERANDS),
    }
}

/// Mnemonic and operands of a compressed instruction that expands to `insn`.
///
/// Quadrant and funct3 tell most of them apart (Volume I, "RVC Instruction Set Listings").
fn compressed(half: u16, insn: &Insn, style: Style) -> Form {
    use Operand::*;
    const LOAD: &[Operand] = &[Rd, Mem];
    const STORE: &[Operand] = &[Rs2, Mem];
    const REG_IMM: &[Operand] = &[Rd, Imm];
    const REGS: &[Operand] = &[Rd, Rs2];
    // A shift by 0 is a hint (Volume I, "C" Extension); objdump gives it the name it has in RV128.
    let hint = insn.imm == 0 && style != Style::Ibex;
    let shift = |mnemonic, hint_mnemonic| -> Form {
        if hint { (hint_mnemonic, &[Rd]) } else { (mnemonic, &[Rd, Shamt]) }
    };
    let bit12 = half >> 12 & 1 == 1;
    match (half & 3, half >> 13, insn.op) {
        (0, 0, _) => ("c.addi4spn", &[Rd, Rs1, Imm]),
        (0, 2, _) => ("c.lw", LOAD),
        (0, _, _) => ("c.sw", STORE),
        (1, 0, _) => ("c.addi", REG_IMM),
        (1, 1, _) => ("c.jal", &[Target]),
        (1, 2, _) => ("c.li", REG_IMM),
        (1, 3, Op::Lui) => ("c.lui", &[Rd, Upper]),
        (1, 3, _) => ("c.addi16sp", REG_IMM),
        (1, 4, Op::Srli) => shift("c.srli", "c.srli64"),
        (1, 4, Op::Srai) => shift("c.srai", "c.srai64"),
        (1, 4, Op::Andi) => ("c.andi", REG_IMM),
        (1, 4, Op::Sub) => ("c.sub", REGS),
        (1, 4, Op::Xor) => ("c.xor", REGS),
        (1, 4, Op::Or) => ("c.or", REGS),
        (1, 4, _) => ("c.and", REGS),
        (1, 5, _) => ("c.j", &[Target]),
        (1, 6, _) => ("c.beqz", &[Rs1, Target]),
        (1, _, _) => ("c.bnez", &[Rs1, Target]),
        (_, 0, _) => shift("c.slli", "c.slli64"),
        (_, 2, _) => ("c.lwsp", LOAD),
        (_, 4, Op::Ebreak) => ("c.ebreak", NO_OPERANDS),
        (_, 4, Op::Jalr) if bit12 => ("c.jalr", &[Rs1]),
        (_, 4, Op::Jalr) => ("c.jr", &[Rs1]),
        (_, 4, _) if bit12 => ("c.add", REGS),
        (_, 4, _) => ("c.mv", REGS),
        _ => ("c.swsp", STORE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At an address such that targets have all eight digits.
    fn at(word: u32, style: Style) -> String {
        text(word, 0x8000_0000, style).expect("a legal instruction").to_string()
    }

    #[test]
    fn instructions_are_written_as_objdump_writes_them() {
        // Encoded by hand from the formats of the manual, Volume I.
        let cases = [
            (0x0015_0513, "addi\ta0,a0,1"),
            (0x8000_0513, "addi\ta0,zero,-2048"),
            (0x41f5_d513, "srai\ta0,a1,0x1f"),
            (0xffff_f537, "lui\ta0,0xfffff"),
            (0x0000_8067, "jalr\tzero,0(ra)"),
            (0x0015_0463, "beq\ta0,ra,80000008"),
            (0x8000_00ef, "jal\tra,7ff00000"),
            (0xfea5_ae23, "sw\ta0,-4(a1)"),
            (0x02b5_1533, "mulh\ta0,a0,a1"),
            (0x0ff0_000f, "fence\tiorw,iorw"),
            (0x0120_000f, "fence\tw,r"),
            (0x0000_000f, "fence\tunknown,unknown"),
            (0x8330_000f, "fence.tso"),
            (0x0000_100f, "fence.i"),
            (0xf140_2573, "csrrs\ta0,mhartid,zero"),
            (0x3002_f573, "csrrci\ta0,mstatus,5"),
            (0x7c00_1073, "csrrw\tzero,0x7c0,zero"),
            (0xc000_1073, "unimp"),
            (0x3020_0073, "mret"),
            (0x7b20_0073, "dret"),
            (0x0000_0000, "c.unimp"),
            (0x0001, "c.addi\tzero,0"),
            (0x0505, "c.addi\ta0,1"),
            (0x7179, "c.addi16sp\tsp,-48"),
            (0x0800, "c.addi4spn\ts0,sp,16"),
            (0x757d, "c.lui\ta0,0xfffff"),
            (0x40b2, "c.lwsp\tra,12(sp)"),
            (0xc606, "c.swsp\tra,12(sp)"),
            (0x8082, "c.jr\tra"),
            (0x9502, "c.jalr\ta0"),
            (0x852e, "c.mv\ta0,a1"),
            (0x952e, "c.add\ta0,a1"),
            (0xbffd, "c.j\t7ffffffe"),
            (0xfd7d, "c.bnez\ta0,7ffffffe"),
            (0x0502, "c.slli64\ta0"),
            (0x050e, "c.slli\ta0,0x3"),
            (0x9002, "c.ebreak"),
        ];
        for (word, expected) in cases {
            assert_eq!(at(word, Style::Objdump), expected, "word {word:08x}");
        }
    }

    #[test]
    fn the_other_styles_name_registers_by_number() {
        let cases = [
            (0x0015_0463, "beq\tx10,x1,80000008", "beq\tx10,x1,80000008"),
            (0x0000_000f, "fence\tunknown,unknown", "fence\t,"),
            (0x8330_000f, "fence.tso", "fence\trw,rw"),
            (0x0010_100f, "fence.i", "INVALID"),
            (0x7b20_2573, "csrrs\tx10,dscratch0,x0", "csrrs\tx10,dscratch,x0"),
            (0x0150_2573, "csrrs\tx10,seed,x0", "csrrs\tx10,0x015,x0"),
            (0xc000_1073, "unimp", "csrrw\tx0,cycle,x0"),
            (0x0502, "c.slli64\tx10", "c.slli\tx10,0x0"),
        ];
        for (word, numeric, ibex) in cases {
            assert_eq!(at(word, Style::Numeric), numeric, "word {word:08x}");
            assert_eq!(at(word, Style::Ibex), ibex, "word {word:08x}");
        }
    }

    #[test]
    fn what_traps_writes_no_register_in_the_style_of_ibex() {
        let load = |style| text(0x0003_2283, 0, style).unwrap().trapped().to_string();
        assert_eq!(load(Style::Ibex), "lw\tx0,0(x6)");
        assert_eq!(load(Style::Objdump), "lw\tt0,0(t1)");
    }

    #[test]
    fn branches_and_jumps_know_their_target() {
        let target = |word| text(word, 0xffff_fffc, Style::Objdump).unwrap().target();
        assert_eq!(target(0x0015_0463), Some(4));
        assert_eq!(target(0xbffd), Some(0xffff_fffa));
        assert_eq!(target(0x0000_8067), None);
        assert_eq!(target(0x0000_0073), None);
    }

    #[test]
    fn what_the_core_refuses_has_no_text() {
        // c.jr x0, c.flw, flw, amoadd.w, sret.
        for word in [0x8002, 0x6000, 0x0000_2007, 0x0000_202f, 0x1020_0073] {
            assert!(text(word, 0, Style::Objdump).is_none(), "word {word:08x}");
        }
    }
}

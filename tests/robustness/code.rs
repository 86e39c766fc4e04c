//! Machine code for the tests: instructions as words, and programs that grow by words and
//! halfwords.

/// Registers by number that the tests' own code uses.
pub const ZERO: u32 = 0;
pub const RA: u32 = 1;
pub const T0: u32 = 5;
pub const T1: u32 = 6;
pub const T2: u32 = 7;
pub const A0: u32 = 10;
pub const A1: u32 = 11;

pub const NOP: u32 = 0x0000_0013;
pub const WFI: u32 = 0x1050_0073;
pub const MRET: u32 = 0x3020_0073;
pub const ECALL: u32 = 0x0000_0073;
pub const EBREAK: u32 = 0x0010_0073;
pub const FENCE_I: u32 = 0x0000_100f;
/// A call to the semihosting host.
pub const SEMIHOST: [u32; 3] = [0x01f0_1013, EBREAK, 0x4070_5013];

pub fn r(funct7: u32, funct3: u32, rd: u32, rs1: u32, rs2: u32) -> u32 {
    funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x33
}

pub fn i(opcode: u32, funct3: u32, rd: u32, rs1: u32, imm: i32) -> u32 {
    (imm as u32) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode
}

pub fn addi(rd: u32, rs1: u32, imm: i32) -> u32 {
    i(0x13, 0, rd, rs1, imm)
}

pub fn load(funct3: u32, rd: u32, base: u32, imm: i32) -> u32 {
    i(0x03, funct3, rd, base, imm)
}

/// `funct3`: 0 SB, 1 SH, 2 SW.
pub fn store(funct3: u32, value: u32, base: u32, imm: i32) -> u32 {
    let imm = imm as u32;
    (imm >> 5 & 0x7f) << 25 | value << 20 | base << 15 | funct3 << 12 | (imm & 31) << 7 | 0x23
}

pub fn sw(value: u32, base: u32, imm: i32) -> u32 {
    store(2, value, base, imm)
}

pub fn branch(funct3: u32, rs1: u32, rs2: u32, offset: i32) -> u32 {
    let o = offset as u32;
    (o >> 12 & 1) << 31
        | (o >> 5 & 0x3f) << 25
        | rs2 << 20
        | rs1 << 15
        | funct3 << 12
        | (o >> 1 & 15) << 8
        | (o >> 11 & 1) << 7
        | 0x63
}

pub fn jal(rd: u32, offset: i32) -> u32 {
    let o = offset as u32;
    (o >> 20 & 1) << 31
        | (o >> 1 & 0x3ff) << 21
        | (o >> 11 & 1) << 20
        | (o >> 12 & 0xff) << 12
        | rd << 7
        | 0x6f
}

pub fn jalr(rd: u32, base: u32, imm: i32) -> u32 {
    i(0x67, 0, rd, base, imm)
}

/// `funct3`: 1 CSRRW, 2 CSRRS, 3 CSRRC, 5 to 7 with an immediate.
pub fn csr(funct3: u32, rd: u32, number: u32, source: u32) -> u32 {
    number << 20 | source << 15 | funct3 << 12 | rd << 7 | 0x73
}

pub fn csrw(number: u32, source: u32) -> u32 {
    csr(1, ZERO, number, source)
}

/// Loads a constant: LUI and ADDI, the upper part corrected for the sign of the lower.
pub fn li(rd: u32, value: u32) -> [u32; 2] {
    let upper = value.wrapping_add(0x800) & 0xffff_f000;
    [upper | rd << 7 | 0x37, addi(rd, rd, (value & 0xfff) as i32)]
}

/// Code that grows from an address on.
#[derive(Clone, Debug)]
pub struct Code {
    pub base: u32,
    pub bytes: Vec<u8>,
}

impl Code {
    pub fn at(base: u32) -> Self {
        Self { base, bytes: Vec::new() }
    }

    /// The address of what comes next.
    pub fn here(&self) -> u32 {
        self.base + self.bytes.len() as u32
    }

    pub fn half(&mut self, half: u16) {
        self.bytes.extend(half.to_le_bytes());
    }

    pub fn word(&mut self, word: u32) {
        self.bytes.extend(word.to_le_bytes());
    }

    pub fn words(&mut self, words: impl IntoIterator<Item = u32>) {
        words.into_iter().for_each(|word| self.word(word));
    }

    /// Fills with zeros, which are illegal, up to an address.
    pub fn skip_to(&mut self, addr: u32) {
        let len = (addr - self.base) as usize;
        assert!(self.bytes.len() <= len, "code overlaps");
        self.bytes.resize(len, 0);
    }
}

/// The words of several instructions or groups of them, one after the other.
#[macro_export]
macro_rules! asm {
    ($($item:expr),* $(,)?) => {{
        let mut words: Vec<u32> = Vec::new();
        $(words.extend($crate::code::Words::words($item));)*
        words
    }};
}

/// One instruction, or several.
pub trait Words {
    fn words(self) -> Vec<u32>;
}

impl Words for u32 {
    fn words(self) -> Vec<u32> {
        vec![self]
    }
}

impl<const N: usize> Words for [u32; N] {
    fn words(self) -> Vec<u32> {
        self.to_vec()
    }
}

impl Words for Vec<u32> {
    fn words(self) -> Vec<u32> {
        self
    }
}

impl Words for &[u32] {
    fn words(self) -> Vec<u32> {
        self.to_vec()
    }
}

//! The core against QEMU: random programs end with the same registers and memory on both.
//!
//! Each test makes one ELF of many short sequences. A sequence loads registers with corner values, executes random
//! instructions, and writes registers and memory to the UART as raw bytes. The same file runs on `stuckat run` and on
//! `qemu-system-riscv32 -M virt`; the bytes are compared.

mod common;

use std::process::Command;
use stuckat::isa::{decode, parcel_len, rvc};

const RAM: u32 = 0x8000_0000;
/// Where loads and stores go; far above the code.
const DATA: u32 = RAM + 0xf_0000;
const DATA_LEN: u32 = 64;
/// Holds the address of the data area.
const DATA_REG: u32 = 30;
/// Holds the address of the UART.
const UART_REG: u32 = 31;
/// The registers that sequences use and show are 1..30.
const LAST: u32 = 29;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 32) as u32) % n
    }

    fn value(&mut self) -> u32 {
        const CORNERS: [u32; 12] = [
            0,
            1,
            2,
            0xffff_ffff,
            0x8000_0000,
            0x7fff_ffff,
            0xffff_fffe,
            0x8000_0001,
            0xffff,
            0x8000,
            31,
            32,
        ];
        if self.below(2) == 0 {
            CORNERS[self.below(12) as usize]
        } else {
            self.below(0xffff) << 16 | self.below(0x1_0000)
        }
    }

    fn reg(&mut self) -> u32 {
        self.below(LAST + 1)
    }
}

/// Machine code as halfwords.
#[derive(Default)]
struct Code(Vec<u16>);

impl Code {
    fn word(&mut self, word: u32) {
        self.0.extend([word as u16, (word >> 16) as u16]);
    }

    fn r(&mut self, funct7: u32, funct3: u32, rd: u32, rs1: u32, rs2: u32) {
        self.word(funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x33);
    }

    fn i(&mut self, opcode: u32, funct3: u32, rd: u32, rs1: u32, imm: u32) {
        self.word(imm << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode);
    }

    fn s(&mut self, funct3: u32, rs1: u32, rs2: u32, imm: u32) {
        self.word(imm >> 5 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (imm & 31) << 7 | 0x23);
    }

    /// Loads a constant: LUI and ADDI, the upper part corrected for the sign of the lower.
    fn li(&mut self, rd: u32, value: u32) {
        self.word(value.wrapping_add(0x800) & 0xffff_f000 | rd << 7 | 0x37);
        self.i(0x13, 0, rd, rd, value & 0xfff);
    }

    /// One random instruction (a branch or jump brings the one that it may skip, a jump by register also the address).
    fn random(&mut self, r: &mut Random) {
        let (rd, rs1, rs2) = (r.reg(), r.reg(), r.reg());
        match r.below(15) {
            0 | 1 => {
                let (funct7, funct3) = [(0, r.below(8)), (0x20, 0), (0x20, 5)][r.below(3) as usize];
                self.r(funct7, funct3, rd, rs1, rs2);
            }
            2 | 3 => self.r(1, r.below(8), rd, rs1, rs2),
            4 => {
                let funct3 = [0, 2, 3, 4, 6, 7][r.below(6) as usize];
                self.i(0x13, funct3, rd, rs1, r.below(0x1000));
            }
            5 => {
                let (high, funct3) = [(0, 1), (0, 5), (0x400, 5)][r.below(3) as usize];
                self.i(0x13, funct3, rd, rs1, high | r.below(32));
            }
            6 => self.word(r.below(1 << 20) << 12 | rd << 7 | [0x37, 0x17][r.below(2) as usize]),
            7 => {
                let funct3 = [0, 1, 2, 4, 5][r.below(5) as usize];
                self.i(0x03, funct3, rd, DATA_REG, r.below(DATA_LEN - 4));
            }
            8 => self.s(r.below(3), DATA_REG, rs2, r.below(DATA_LEN - 4)),
            9 => {
                // A branch over one 4-byte instruction, or over one and back to nowhere if not taken.
                let funct3 = [0, 1, 4, 5, 6, 7][r.below(6) as usize];
                self.word(rs2 << 20 | rs1 << 15 | funct3 << 12 | 8 << 7 | 0x63);
                self.i(0x13, 0, rd, rd, 1);
            }
            10 => match r.below(3) {
                // JAL over one instruction; a CSR access to mscratch; a fence.
                0 => {
                    self.word(8 << 20 | rd << 7 | 0x6f);
                    self.i(0x13, 0, rd, rd, 1);
                }
                1 => self.i(0x73, [1, 2, 3, 5, 6, 7][r.below(6) as usize], rd, rs1, 0x340),
                _ => self.word(if r.below(2) == 0 { 0x0ff0_000f } else { 0x0000_100f }),
            },
            11 => self.compressed_memory(r),
            12 => self.compressed_jump(r),
            13 => {
                // JALR over one instruction, by an address with or without its lowest bit set.
                let base = 1 + r.below(LAST);
                self.word(base << 7 | 0x17);
                self.i(0x67, 0, rd, base, 12 + r.below(2));
                self.i(0x13, 0, rd, rd, 1);
            }
            _ => self.compressed(r),
        }
    }

    /// C.LW, C.SW, C.LWSP or C.SWSP, after its base register was pointed to the data.
    fn compressed_memory(&mut self, r: &mut Random) {
        let by_sp = r.below(2) == 0;
        let base = if by_sp { 2 } else { 8 + r.below(8) };
        // Some bases are misaligned; all 32 or 64 bytes that the offsets reach stay inside the data.
        let shift = r.below(4);
        self.i(0x13, 0, base, DATA_REG, shift);
        let offset = 4 * r.below(DATA_LEN / 4 - 1);
        let store = r.below(2);
        let (low, high) = (offset >> 2 & 1, offset >> 6 & 1);
        let half = match (by_sp, store) {
            (true, 0) => {
                let rd = 1 + r.below(LAST);
                2 << 13 | (offset >> 5 & 1) << 12 | rd << 7 | (offset >> 2 & 7) << 4 | high << 2 | 2
            }
            (true, _) => 6 << 13 | (offset >> 2 & 15) << 9 | high << 7 | r.reg() << 2 | 2,
            (false, _) => {
                let funct3 = if store == 1 { 6 } else { 2 };
                let (base, data) = (base - 8, r.below(8));
                let imm = (offset >> 3 & 7) << 10 | low << 6 | high << 5;
                funct3 << 13 | imm | base << 7 | data << 2
            }
        };
        self.0.push(half as u16);
    }

    /// C.BEQZ, C.BNEZ, C.J, C.JAL, C.JR or C.JALR over one compressed instruction.
    fn compressed_jump(&mut self, r: &mut Random) {
        const C_NOP: u16 = 1;
        // Offset 4: bit 2 of the immediate.
        let short = match r.below(6) {
            0 => 6 << 13 | r.below(8) << 7 | 1 << 4 | 1,
            1 => 7 << 13 | r.below(8) << 7 | 1 << 4 | 1,
            2 => 5 << 13 | 1 << 4 | 1,
            3 => 1 << 13 | 1 << 4 | 1,
            link => {
                let target = 1 + r.below(LAST);
                self.word(target << 7 | 0x17);
                self.i(0x13, 0, target, target, 12);
                4 << 13 | (link - 4) << 12 | target << 7 | 2
            }
        };
        self.0.extend([short as u16, C_NOP]);
        // C.LI: shows whether the one before it was jumped over or not, in a register of its own.
        self.0.push((2 << 13 | (1 + r.below(LAST)) << 7 | r.below(32) << 2 | 1) as u16);
    }

    /// A random compressed instruction that computes, on registers that sequences use.
    fn compressed(&mut self, r: &mut Random) {
        loop {
            let half = r.below(0x1_0000) as u16;
            let Some(word) = (parcel_len(half) == 2).then(|| rvc::expand(half)).flatten() else {
                continue;
            };
            let opcode = word & 0x7f;
            let insn = decode(word).expect("an expansion is an instruction");
            let computes = matches!(opcode, 0x13 | 0x33 | 0x37);
            if computes && insn.rd <= LAST as u8 && insn.rs1 <= LAST as u8 && insn.rs2 <= LAST as u8
            {
                return self.0.push(half);
            }
        }
    }

    /// Writes register `reg` to the UART, lowest byte first, using it up.
    fn show(&mut self, reg: u32) {
        for _ in 0..4 {
            self.s(0, UART_REG, reg, 0);
            self.i(0x13, 5, reg, reg, 8);
        }
    }
}

fn program(seed: u64, sequences: u32, length: u32) -> Vec<u8> {
    let mut random = Random(seed | 1);
    let mut code = Code::default();
    code.li(UART_REG, 0x1000_0000);
    for _ in 0..sequences {
        code.li(DATA_REG, DATA);
        for offset in (0..DATA_LEN).step_by(4) {
            code.li(1, random.value());
            code.s(2, DATA_REG, 1, offset);
        }
        for reg in 1..=LAST {
            code.li(reg, random.value());
        }
        for _ in 0..length {
            code.random(&mut random);
        }
        (1..=LAST).for_each(|reg| code.show(reg));
        for offset in (0..DATA_LEN).step_by(4) {
            code.i(0x03, 2, 1, DATA_REG, offset);
            code.show(1);
        }
    }
    // The finisher: exit code 0.
    code.li(1, 0x0010_0000);
    code.li(2, 0x5555);
    code.s(2, 1, 2, 0);
    elf(&code.0)
}

/// An ELF with one segment at the beginning of RAM (System V ABI, ELF header and program header).
fn elf(code: &[u16]) -> Vec<u8> {
    let body: Vec<u8> = code.iter().flat_map(|half| half.to_le_bytes()).collect();
    assert!((body.len() as u32) < DATA - RAM, "the code reaches into the data");
    let mut bytes = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    for half in [2_u16, 243] {
        bytes.extend(half.to_le_bytes());
    }
    for word in [1, RAM, 52, 0, 1] {
        bytes.extend(u32::to_le_bytes(word));
    }
    for half in [52_u16, 32, 1, 40, 0, 0] {
        bytes.extend(half.to_le_bytes());
    }
    let len = body.len() as u32;
    for word in [1, 84, RAM, RAM, len, len, 7, 4] {
        bytes.extend(u32::to_le_bytes(word));
    }
    bytes.extend(body);
    bytes
}

/// Runs the ELF on both and compares what it wrote.
fn compare(seed: u64, sequences: u32, length: u32) {
    let Some(qemu) = common::tool("qemu-system-riscv32") else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("random.elf");
    std::fs::write(&path, program(seed, sequences, length)).unwrap();
    let ours = Command::new(env!("CARGO_BIN_EXE_stuckat")).arg("run").arg(&path).output().unwrap();
    assert!(ours.status.success(), "seed {seed}: {}", String::from_utf8_lossy(&ours.stderr));
    let serial = dir.path().join("serial");
    let status = Command::new(qemu)
        .args(["-M", "virt", "-bios", "none", "-display", "none", "-monitor", "none", "-serial"])
        .arg(format!("file:{}", serial.display()))
        .arg("-kernel")
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success(), "seed {seed}: QEMU ended with {status}");
    let theirs = std::fs::read(serial).unwrap();
    let each = (LAST * 4 + DATA_LEN) as usize;
    assert_eq!(
        theirs.len(),
        each * sequences as usize,
        "seed {seed}: QEMU wrote less than expected"
    );
    for (n, (a, b)) in ours.stdout.chunks(each).zip(theirs.chunks(each)).enumerate() {
        assert_eq!(
            a, b,
            "seed {seed}, sequence {n}: registers 1..29, then {DATA_LEN} bytes of memory"
        );
    }
    assert_eq!(ours.stdout.len(), theirs.len(), "seed {seed}");
}

#[test]
fn random_sequences_end_as_on_qemu() {
    // 60 programs of 180 sequences of 60 instructions: 10,800 sequences, 648,000 instructions.
    for seed in 1..=60_u64 {
        compare(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), 180, 60);
    }
}

#[test]
#[ignore = "20,000 sequences: some minutes"]
fn twenty_thousand_random_sequences_end_as_on_qemu() {
    for seed in 100..220_u64 {
        compare(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), 180, 60);
    }
}

//! Traces in a compact form, which keeps every field of every event: some bits an instruction.
//!
//! A file is a header, blocks, and an end. All numbers are little-endian.
//!
//! **Header.** 8 bytes `STKTRACE`; `u32` version ([`VERSION`]); `u32` length of what follows, 65,536 at the most; that many bytes of JSON
//! ([`Header`]); `u32` CRC-32 (IEEE) of all before it.
//!
//! **Frame** (blocks and the end). 4 bytes kind, `BLCK` or `STOP`; `u32` instructions in it; `u32` bytes unpacked, 2^24 at the most; `u32` bytes packed;
//! `u32` CRC-32 of these 16 bytes and of the packed ones; the packed bytes: one Zstandard frame (RFC 8878). A file without its `STOP` was
//! cut off, and its whole blocks are good. A `STOP` has 0 instructions, and unpacked it is the JSON of [`End`].
//!
//! **Block.** It needs no other block. It holds up to 65,536 instructions. In it, reader and writer keep the same state: the 31 registers, a list of the
//! distinct instructions ("places") that came in this block with what each did last, and what comes next is told only where
//! the state does not tell it already. Unpacked it is:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | number of the instruction before the block's first |
//! | 8 | its cycle |
//! | 4 | address of the instruction after the block's last |
//! | 1 | privilege mode before the block |
//! | 31 x 4 | registers x1 to x31 before the block, as far as they are known; else 0 |
//! | 6 x 4 | bytes in each of the sections that follow |
//! | | tags: a byte an instruction |
//! | | slots: `u16`, the number of a place; one more than the last is a new place |
//! | | places: `u32` address, `u32` bits, `u8` bytes in memory |
//! | | values: `u32`, what is written to rd less what was written at this place before (wrapping) |
//! | | cycles: LEB128, the cycles since the instruction before |
//! | | extras: what follows for rare instructions |
//!
//! Bits of a tag: 0 the place is in slots (else it is the one that followed the last place first); 1 the place is the one that followed it as the
//! second; 2 cycles are in cycles (else as many as at this place before); 3 extras follow. Bits of the `u16` that extras begin with, and what follows for each, in this order: 0 `u8` with bit 0
//! trapped, 1 first of a handler, 2 of an interrupt's, 3 without an operation; 1 `u8` mode, from here on; 2 LEB128 instructions left out before it;
//! 3 `u32` where the instruction before it went, if not here; 4 `u32` rs1's value, if not the register's; 5 the same for rs2; 6 `u8` register and `u32` value in place of rd; 7 access in
//! place of that of the operation: `u8` with bit 0 there is one, 1 store, 4 to 6 bytes, then `u32` address and `u32` data; 8 `u16` CSR and `u32` value.
//!
//! What is not told follows from the place's operation, as the core decodes it: a load or store goes to rs1 plus the immediate, moves rs2 or rd,
//! and the registers are those that were written before. Reading executes nothing else.

mod decode;
mod encode;
mod file;
mod place;

pub use encode::Encoder;
pub use file::{ReadError, Reader, Writer};

use serde::{Deserialize, Serialize};

/// The version of the format that is written, and the only one that is read.
pub const VERSION: u32 = 1;
/// The first bytes of a file.
pub const MAGIC: [u8; 8] = *b"STKTRACE";
/// Instructions in a block, at the most.
pub const BLOCK: usize = 1 << 16;

const BLOCK_KIND: [u8; 4] = *b"BLCK";
const END_KIND: [u8; 4] = *b"STOP";
/// Bytes of a header, at the most.
const HEADER_LIMIT: u32 = 1 << 16;
/// Bytes of an unpacked frame, at the most.
const FRAME_LIMIT: u32 = 1 << 24;

/// What was traced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The program and its version that wrote the file.
    pub writer: String,
    /// The traced program's file, as it was named.
    pub elf: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub elf_sha256: String,
    /// The core's name.
    pub core: String,
    /// The platform's name.
    pub platform: String,
    /// The faults in its multiplier.
    #[serde(default)]
    pub faults: Vec<String>,
    /// Which instructions were kept, in the words of the command line; empty for all.
    #[serde(default)]
    pub kept: String,
}

/// How a trace ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Instructions in the file.
    pub instructions: u64,
    /// How the run ended, in words.
    pub stop: String,
}

/// The lengths of a block's sections are behind these bytes: number, cycle, next address, mode, registers.
const STATE_BYTES: usize = 8 + 8 + 4 + 1 + 31 * 4;
/// Sections of a block.
const SECTIONS: usize = 6;

mod tag {
    pub const SLOT: u8 = 1;
    pub const SECOND: u8 = 2;
    pub const CYCLES: u8 = 4;
    pub const EXTRAS: u8 = 8;
}

mod extra {
    pub const FLAGS: u16 = 1 << 0;
    pub const MODE: u16 = 1 << 1;
    pub const LEFT_OUT: u16 = 1 << 2;
    pub const WENT: u16 = 1 << 3;
    pub const RS1: u16 = 1 << 4;
    pub const RS2: u16 = 1 << 5;
    pub const RD: u16 = 1 << 6;
    pub const ACCESS: u16 = 1 << 7;
    pub const CSR: u16 = 1 << 8;
}

mod flag {
    pub const TRAPPED: u8 = 1;
    pub const ENTERS_HANDLER: u8 = 2;
    pub const INTERRUPTED: u8 = 4;
    pub const NO_OPERATION: u8 = 8;
}

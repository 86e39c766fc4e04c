//! What several test files need: where optional data and tools are, and a board with more RAM than the default one.
#![allow(dead_code)] // Each test file uses its own part.

use std::path::{Path, PathBuf};
use std::process::Command;
use stuckat::elf::Image;
use stuckat::soc::{Board, Platform};

/// A file or folder of the optional `shared` folder beside the project; says that the test is skipped if it is not there.
pub fn shared(path: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: ../shared/{path} is not here");
    None
}

/// A program on the PATH; says that the test is skipped if it is not installed. Where the environment has
/// `STUCKAT_NO_SKIP`, as in CI, that is a failure.
pub fn tool(name: &str) -> Option<&str> {
    // Icarus Verilog knows only the short form, and GNU tools only the long one.
    let version = if name == "iverilog" { "-V" } else { "--version" };
    let found = Command::new(name).arg(version).output().is_ok_and(|o| o.status.success());
    if found {
        return Some(name);
    }
    assert!(std::env::var_os("STUCKAT_NO_SKIP").is_none(), "{name} is not installed");
    eprintln!("skipped: {name} is not installed");
    None
}

/// The bytes of a gzip file, as text.
pub fn gunzip(path: &Path) -> String {
    use std::io::Read;
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("the file opens");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("the file is gzip text");
    text
}

/// The board of the RTL traces: RAM, a test bench's interrupt driver, and Ibex's timer if wanted.
pub fn trace_platform(base: u32, size: u32, timer: bool) -> Platform {
    let mut text = format!(
        "description = 'the test bench of the RTL traces'\n\
         [[memory]]\nbase = {base}\nsize = {size}\n\
         [[device]]\ntype = 'interrupt-lines'\nbase = 0x40000000\n"
    );
    if base == 0x0010_0000 {
        text += "[[device]]\ntype = 'simulator-control'\nbase = 0x00020000\n";
    }
    if timer {
        text += "[[device]]\ntype = 'ibex-timer'\nbase = 0x00030000\n";
    }
    Platform::parse("traces", &text).expect("the platform is well-formed")
}

/// Loads the bytes of an ELF file onto a board for traces; also returns the entry.
pub fn trace_board(elf: &[u8], platform: &Platform, lowest: u32) -> (Board, u32) {
    let mut image = Image::parse(elf).expect("an RV32 ELF");
    // The linker may also put the ELF headers into a segment below RAM; they are not part of the program.
    image.segments.retain(|s| s.addr >= lowest);
    (platform.board(&image).expect("the program fits"), image.entry)
}

/// A small deterministic generator (xorshift64*), so that every run tests the same cases.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }
}

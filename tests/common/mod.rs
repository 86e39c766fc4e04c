//! What several test files need: where optional data and tools are, and a board with more RAM than the default one.
#![allow(dead_code)] // Each test file uses its own part.

use std::path::{Path, PathBuf};
use std::process::Command;
use stuckat::soc::{Bus, BusFault, Size, Stored};

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
    let found = Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success());
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

/// RAM and nothing else.
#[derive(Clone)]
pub struct PlainRam {
    pub base: u32,
    pub bytes: Vec<u8>,
}

impl PlainRam {
    fn at(&self, addr: u32, len: u32) -> Result<std::ops::Range<usize>, BusFault> {
        let from = addr.checked_sub(self.base).ok_or(BusFault)? as usize;
        let to = from + len as usize;
        if to <= self.bytes.len() { Ok(from..to) } else { Err(BusFault) }
    }
}

impl Bus for PlainRam {
    fn load(&mut self, addr: u32, size: Size) -> Result<u32, BusFault> {
        let range = self.at(addr, size.bytes())?;
        Ok(self.bytes[range].iter().rev().fold(0, |v, b| v << 8 | u32::from(*b)))
    }

    fn store(&mut self, addr: u32, size: Size, value: u32) -> Result<Stored, BusFault> {
        let range = self.at(addr, size.bytes())?;
        let len = range.len();
        self.bytes[range].copy_from_slice(&value.to_le_bytes()[..len]);
        Ok(Stored::Memory)
    }

    fn fetch(&self, addr: u32) -> Result<u16, BusFault> {
        let range = self.at(addr, 2)?;
        Ok(u16::from_le_bytes([self.bytes[range.start], self.bytes[range.start + 1]]))
    }

    fn code_window(&self) -> (u32, u32) {
        (self.base, self.bytes.len() as u32)
    }

    fn exit_code(&self) -> Option<u32> {
        None
    }
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

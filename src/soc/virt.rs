//! The default board: 1 MiB of RAM, a console and an exit device, at the addresses of QEMU's `virt` machine.
//!
//! | address | what |
//! |---|---|
//! | `0x0010_0000` | test finisher: a word `0x5555` ends the run with exit code 0, `(code << 16) \| 0x3333` with `code`, `0x7777` (reset) is not supported and ignored |
//! | `0x1000_0000` | 16550 UART: a byte written to offset 0 is console output; the line status register (offset 5) always reads "empty" (`0x60`), the other registers read 0 |
//! | `0x8000_0000` | RAM, 1 MiB; may hold code |
//!
//! Everything else is an access fault. An ELF for this map runs unchanged on `qemu-system-riscv32 -M virt -bios none`.
//!
//! Source: QEMU, `docs/system/riscv/virt.rst` and its device tree (`sifive,test1`, `ns16550a`); 16550D data sheet.

use super::{Bus, BusFault, Size, Stored};
use crate::elf::Image;
use thiserror::Error;

/// First address of RAM.
pub const RAM_BASE: u32 = 0x8000_0000;
/// Bytes of RAM.
pub const RAM_LEN: u32 = 1 << 20;

const FINISHER: u32 = 0x0010_0000;
const FINISH_PASS: u32 = 0x5555;
const FINISH_FAIL: u32 = 0x3333;
const UART: u32 = 0x1000_0000;
const UART_LEN: u32 = 8;
const UART_LSR: u32 = 5;
/// Transmitter empty, transmit holding register empty.
const LSR_IDLE: u32 = 0x60;
/// Console bytes that are kept; what a program prints beyond this is dropped, so that it cannot grow the host.
const CONSOLE_LIMIT: usize = 1 << 20;

/// A program does not fit the board's memory map.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LoadError {
    /// A segment lies outside RAM.
    #[error(
        "segment {addr:#010x}..{end:#010x} lies outside RAM ({RAM_BASE:#010x}..{:#010x}); link the program to that range",
        u64::from(RAM_BASE) + u64::from(RAM_LEN)
    )]
    OutsideRam {
        /// First address of the segment.
        addr: u32,
        /// One past its last address.
        end: u64,
    },
    /// The entry lies outside RAM or is odd.
    #[error(
        "entry {0:#010x} is not an even address in RAM; link the program with its entry in RAM"
    )]
    Entry(u32),
}

/// The board.
#[derive(Clone, Debug)]
pub struct Board {
    ram: Box<[u8]>,
    console: Vec<u8>,
    exit: Option<u32>,
}

impl Default for Board {
    fn default() -> Self {
        Self { ram: vec![0; RAM_LEN as usize].into_boxed_slice(), console: Vec::new(), exit: None }
    }
}

impl Board {
    /// A board with the program in its RAM, the rest of it zero.
    ///
    /// # Errors
    /// [`LoadError`] if the program does not fit the memory map.
    pub fn load(image: &Image) -> Result<Self, LoadError> {
        let mut board = Self::default();
        for segment in &image.segments {
            let end = u64::from(segment.addr) + u64::from(segment.mem_len);
            let outside = LoadError::OutsideRam { addr: segment.addr, end };
            if end > u64::from(RAM_BASE) + u64::from(RAM_LEN) {
                return Err(outside);
            }
            board.poke(segment.addr, &segment.data).ok_or(outside)?;
        }
        match board.fetch(image.entry & !1) {
            Ok(_) if image.entry & 1 == 0 => Ok(board),
            _ => Err(LoadError::Entry(image.entry)),
        }
    }

    /// Bytes of RAM from `addr` on; `None` if they are not all in RAM.
    pub fn peek(&self, addr: u32, len: u32) -> Option<&[u8]> {
        let from = addr.checked_sub(RAM_BASE)? as usize;
        self.ram.get(from..from.checked_add(len as usize)?)
    }

    /// Writes bytes into RAM; `None`, with nothing written, if they do not fit.
    pub fn poke(&mut self, addr: u32, bytes: &[u8]) -> Option<()> {
        let from = addr.checked_sub(RAM_BASE)? as usize;
        self.ram.get_mut(from..from.checked_add(bytes.len())?)?.copy_from_slice(bytes);
        Some(())
    }

    /// What the program has printed, up to 1 MiB.
    pub fn console(&self) -> &[u8] {
        &self.console
    }

    /// Takes what the program has printed since the last call.
    pub fn take_console(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.console)
    }

    /// Makes this board equal to `other` without allocating.
    pub fn copy_from(&mut self, other: &Board) {
        self.ram.copy_from_slice(&other.ram);
        self.console.clone_from(&other.console);
        self.exit = other.exit;
    }

    #[cold]
    fn device_load(&mut self, addr: u32, size: Size) -> Result<u32, BusFault> {
        match addr.checked_sub(UART) {
            Some(offset) if offset < UART_LEN && size == Size::Byte => {
                Ok(if offset == UART_LSR { LSR_IDLE } else { 0 })
            }
            _ if addr == FINISHER && size == Size::Word => Ok(0),
            _ => Err(BusFault),
        }
    }

    #[cold]
    fn device_store(&mut self, addr: u32, size: Size, value: u32) -> Result<Stored, BusFault> {
        match addr.checked_sub(UART) {
            Some(offset) if offset < UART_LEN && size == Size::Byte => {
                if offset == 0 && self.console.len() < CONSOLE_LIMIT {
                    self.console.push(value as u8);
                }
                return Ok(Stored::Device);
            }
            _ => {}
        }
        if addr != FINISHER || size != Size::Word {
            return Err(BusFault);
        }
        match value & 0xffff {
            FINISH_PASS => self.exit = Some(0),
            FINISH_FAIL => self.exit = Some(value >> 16),
            _ => {}
        }
        Ok(Stored::Device)
    }
}

impl Bus for Board {
    #[inline]
    fn load(&mut self, addr: u32, size: Size) -> Result<u32, BusFault> {
        let at = addr.wrapping_sub(RAM_BASE) as usize;
        let value = match size {
            Size::Byte => self.ram.get(at).map(|b| u32::from(*b)),
            Size::Half => {
                self.ram.get(at..at + 2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]])))
            }
            Size::Word => {
                self.ram.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            }
        };
        match value {
            Some(value) => Ok(value),
            None => self.device_load(addr, size),
        }
    }

    #[inline]
    fn store(&mut self, addr: u32, size: Size, value: u32) -> Result<Stored, BusFault> {
        let at = addr.wrapping_sub(RAM_BASE) as usize;
        let bytes = value.to_le_bytes();
        let len = size.bytes() as usize;
        match self.ram.get_mut(at..at + len) {
            Some(slot) => {
                slot.copy_from_slice(&bytes[..len]);
                Ok(Stored::Memory)
            }
            None => self.device_store(addr, size, value),
        }
    }

    fn fetch(&self, addr: u32) -> Result<u16, BusFault> {
        let at = addr.wrapping_sub(RAM_BASE) as usize;
        self.ram.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]])).ok_or(BusFault)
    }

    fn code_window(&self) -> (u32, u32) {
        (RAM_BASE, RAM_LEN)
    }

    fn exit_code(&self) -> Option<u32> {
        self.exit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ram_is_little_endian_and_bounded() {
        let mut board = Board::default();
        board.store(RAM_BASE + 1, Size::Word, 0x1122_3344).unwrap();
        assert_eq!(board.load(RAM_BASE + 1, Size::Byte), Ok(0x44));
        assert_eq!(board.load(RAM_BASE + 3, Size::Half), Ok(0x1122));
        assert_eq!(board.load(RAM_BASE + RAM_LEN - 2, Size::Word), Err(BusFault));
        assert_eq!(board.store(RAM_BASE - 4, Size::Word, 0), Err(BusFault));
        assert_eq!(board.load(u32::MAX, Size::Word), Err(BusFault));
    }

    #[test]
    fn the_finisher_ends_the_run_with_its_code() {
        let mut board = Board::default();
        board.store(FINISHER, Size::Word, 7 << 16 | FINISH_FAIL).unwrap();
        assert_eq!(board.exit_code(), Some(7));
        board.store(FINISHER, Size::Word, FINISH_PASS).unwrap();
        assert_eq!(board.exit_code(), Some(0));
        assert_eq!(board.store(FINISHER, Size::Byte, 0), Err(BusFault));
    }

    #[test]
    fn the_console_cannot_grow_the_host() {
        let mut board = Board::default();
        for _ in 0..CONSOLE_LIMIT + 10 {
            board.store(UART, Size::Byte, b'x'.into()).unwrap();
        }
        assert_eq!(board.console().len(), CONSOLE_LIMIT);
    }
}

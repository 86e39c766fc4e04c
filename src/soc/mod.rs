//! What the core is connected to: the bus, RAM, and the devices of a board.
//!
//! In: addresses and data. Out: data, or a [`BusFault`] that becomes an access-fault exception. Devices never print:
//! they collect console bytes and an exit code, and whoever runs the machine takes them.

mod virt;

pub use virt::{Board, LoadError, RAM_BASE, RAM_LEN};

/// No device answers at the address, or not with that size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusFault;

/// How many bytes an access moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One byte.
    Byte,
    /// Two bytes.
    Half,
    /// Four bytes.
    Word,
}

impl Size {
    /// In bytes.
    pub fn bytes(self) -> u32 {
        match self {
            Size::Byte => 1,
            Size::Half => 2,
            Size::Word => 4,
        }
    }
}

/// What a store reached: the core must look at the board again after a device store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Plain memory.
    Memory,
    /// A device, which may have asked for the end of the run.
    Device,
}

/// Memory and devices as the core sees them. Data are in the low bits, little-endian.
///
/// A misaligned access inside RAM is one call; the core counts its second bus access itself.
pub trait Bus {
    /// Reads `size` bytes, zero-extended.
    ///
    /// # Errors
    /// [`BusFault`] if nothing answers there.
    fn load(&mut self, addr: u32, size: Size) -> Result<u32, BusFault>;

    /// Writes the low `size` bytes of `value`.
    ///
    /// # Errors
    /// [`BusFault`] if nothing answers there.
    fn store(&mut self, addr: u32, size: Size, value: u32) -> Result<Stored, BusFault>;

    /// Reads a halfword of an instruction; `addr` is even.
    ///
    /// # Errors
    /// [`BusFault`] if there is no memory to execute from.
    fn fetch(&self, addr: u32) -> Result<u16, BusFault>;

    /// The window of memory that can hold code: base address and length in bytes.
    fn code_window(&self) -> (u32, u32);

    /// The exit code, once the program has asked the board to stop.
    fn exit_code(&self) -> Option<u32>;
}

//! What the core is connected to: the bus, memory, and the devices of a platform.
//!
//! In: addresses, data and the clock. Out: data, interrupt lines, or a [`BusFault`] that becomes an access-fault
//! exception. Devices never print: they collect console bytes and an exit code, and whoever runs the machine takes them.

mod board;
pub mod device;
mod htif;
mod memories;
mod memory;
pub mod platform;
mod saved;
mod semihosting;

pub use board::{Board, LoadError, Region};
pub use memories::Memories;
pub use memory::{LINE_SHIFT, Memory, Written};
pub use platform::{Platform, PlatformError};
pub use saved::{PAGE, Pages, Saved, WrongBoard};

use serde::{Deserialize, Serialize};

/// No memory or device answers at the address, or not with that size.
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
    #[inline]
    pub fn bytes(self) -> u32 {
        match self {
            Size::Byte => 1,
            Size::Half => 2,
            Size::Word => 4,
        }
    }
}

/// Levels of the interrupt lines at the core's pins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// Maskable lines, each at its bit in `mip`: 3 software, 7 timer, 11 external, 16..=31 fast.
    pub mip: u32,
    /// The non-maskable line.
    pub nmi: bool,
}

impl std::ops::BitOr for Lines {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self { mip: self.mip | other.mip, nmi: self.nmi | other.nmi }
    }
}

/// What became of a semihosting call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Semihosted {
    /// Done; the value for `a0`.
    Done(u32),
    /// There is no host behind this bus: EBREAK is a breakpoint exception.
    NoHost,
}

/// The main memory as compiled code sees it. Valid until the bus is changed from outside; nobody else may use the memory meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Direct {
    /// First address.
    pub base: u32,
    /// Bytes, a multiple of 4,096.
    pub len: u32,
    /// The first byte.
    pub bytes: *mut u8,
    /// For each line of `1 << LINE_SHIFT` bytes, 0 if a store needs no further look.
    pub guards: *const u8,
}

// SAFETY: the pointers are only followed by the machine that owns the memory, which goes to another thread as a whole.
unsafe impl Send for Direct {}

/// Memory and devices as the core sees them. Data are in the low bits, little-endian.
///
/// Memory accesses take no notice of time and may be misaligned; accesses to devices lie inside one aligned word and
/// bring the clock: cycles since reset, those asleep included, at the start of the access.
pub trait Bus {
    /// Reads memory, zero-extended; `None` where there is no memory for all bytes.
    fn load(&self, addr: u32, size: Size) -> Option<u32>;

    /// Writes the low `size` bytes of `value` to memory; `None` where there is no memory for all bytes.
    ///
    /// # Errors
    /// [`BusFault`] if the memory there is read-only.
    fn store(&mut self, addr: u32, size: Size, value: u32) -> Option<Result<Written, BusFault>>;

    /// Reads a device.
    ///
    /// # Errors
    /// [`BusFault`] if nothing answers there.
    fn device_load(&mut self, addr: u32, size: Size, clock: u64) -> Result<u32, BusFault>;

    /// Writes a device.
    ///
    /// # Errors
    /// [`BusFault`] if nothing answers there.
    fn device_store(
        &mut self,
        addr: u32,
        size: Size,
        value: u32,
        clock: u64,
    ) -> Result<(), BusFault>;

    /// A store into memory has hit a watched line.
    fn watched(&mut self, addr: u32, clock: u64) {
        let _ = (addr, clock);
    }

    /// Whether a store there is held: it is not done, and says so by [`Written::Held`]. Asked only about stores that do not lie inside one memory.
    fn holds(&self, addr: u32, size: Size) -> bool {
        let _ = (addr, size);
        false
    }

    /// Whether, since the last question, a store has hit the word that marks where a program is.
    fn take_mark(&mut self) -> bool {
        false
    }

    /// Reads a halfword of an instruction; `addr` is even.
    ///
    /// # Errors
    /// [`BusFault`] if there is no memory to execute from.
    fn fetch(&self, addr: u32) -> Result<u16, BusFault>;

    /// The windows of memory that can hold code: base address and length in bytes. They do not overlap.
    fn code_windows(&self) -> Vec<(u32, u32)>;

    /// Asks for [`Written::Code`] on stores into the lines of `from..to`, or no longer.
    fn guard_code(&mut self, from: u32, to: u32, on: bool);

    /// Whether, since the last question, the host has written memory that [`Bus::guard_code`] marks.
    fn host_wrote_code(&mut self) -> bool {
        false
    }

    /// The main memory, if loads and stores may go there directly.
    fn direct(&mut self) -> Option<Direct> {
        None
    }

    /// Does what is due in clock cycle `clock`, as announced by [`Bus::next_change`].
    fn tick(&mut self, clock: u64) {
        let _ = clock;
    }

    /// Whether an access to `addr`, which has failed, hangs instead: nothing answers there, not even
    /// with an error.
    fn hangs(&self, addr: u32) -> bool {
        let _ = addr;
        false
    }

    /// Whether a core that goes to sleep now loses its power, and with it its state.
    fn cuts_power(&self) -> bool {
        false
    }

    /// Where a core without power starts again, if it gets its power back in clock cycle `clock`.
    fn restart(&self, clock: u64) -> Option<u32> {
        let _ = clock;
        None
    }

    /// The interrupt lines in clock cycle `clock`. Devices change them at known times only, so that this holds for every
    /// cycle since the last access.
    fn lines(&self, clock: u64) -> Lines {
        let _ = clock;
        Lines::default()
    }

    /// The first cycle after `clock` in which the lines may be others by themselves or [`Bus::tick`] has something to
    /// do; `None` if there is none.
    fn next_change(&self, clock: u64) -> Option<u64> {
        let _ = clock;
        None
    }

    /// What the unprivileged `time` counter reads.
    fn time(&self, clock: u64) -> u64 {
        clock
    }

    /// A semihosting call: operation number from `a0`, parameter from `a1`.
    fn semihost(&mut self, operation: u32, parameter: u32, clock: u64) -> Semihosted {
        let _ = (operation, parameter, clock);
        Semihosted::NoHost
    }

    /// The exit code, once the program has asked for the end of the run.
    fn exit_code(&self) -> Option<u32>;
}

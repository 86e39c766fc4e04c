//! Devices, and how a platform file describes each.
//!
//! In: accesses at an offset from the device's base, with the clock. Out: data, interrupt lines as a
//! function of the clock, console bytes, an exit code. A device's state changes only when it is
//! accessed, or in cycles that it has announced, so that its lines at any later cycle follow from it.

mod simple;
mod timer;
mod uart16550;
mod xheep;

use super::board::Outside;
use super::{BusFault, Lines, Memories, Size};
use serde::{Deserialize, Serialize};

/// What a device sees of an access besides its offset.
#[derive(Debug)]
pub struct Context<'a> {
    /// Cycles since reset, at the start of the access.
    pub clock: u64,
    /// The full address.
    pub addr: u32,
    /// Console and exit code.
    pub outside: &'a mut Outside,
    /// The board's memories, for a device that reads and writes them by itself.
    pub memory: &'a mut Memories,
}

/// The `type` of a device in a platform file, with its settings. Types without settings have braces all the same: only so are
/// keys that they do not have refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Kind {
    /// 16550 UART with byte registers.
    #[serde(rename = "uart-16550")]
    Uart16550 {},
    /// SiFive's test finisher, as QEMU's `virt` has it.
    Finisher {},
    /// A store of any size to any of its words prints the low byte; loads read 0.
    Console {},
    /// A store of any size ends the run; the exit code is the stored value, shifted right by `shift`.
    Exit {
        /// Bits to drop, 0..=31.
        #[serde(default)]
        shift: u32,
    },
    /// Ibex's `simulator_ctrl`: +0 prints the low byte, +8 ends the run if bit 0 is set.
    SimulatorControl {},
    /// Machine timer, and software interrupt if `msip` is given.
    Timer(timer::TimerSettings),
    /// The timer of Ibex's `simple_system`: +0 `mtime`, +8 `mtimecmp`; its interrupt stays until `mtimecmp` is written.
    IbexTimer {},
    /// A test bench's interrupt driver: +0 the lines as in `mip`, +4 bit 0 the non-maskable line.
    InterruptLines {},
    /// The peripherals of X-HEEP, from 0x2000_0000 to 0x3010_0000.
    XHeep(xheep::XHeepSettings),
    /// Registers without a function: reads what was written, 0 at first. Its first use is reported.
    Registers {
        /// What it stands for.
        name: String,
    },
}

impl Kind {
    /// Bytes of address space that it takes if the platform file does not say.
    pub fn default_len(&self) -> Option<u32> {
        Some(match self {
            Kind::Uart16550 {} => 8,
            Kind::Finisher {} | Kind::Console {} | Kind::Exit { .. } => 4,
            Kind::SimulatorControl {} | Kind::IbexTimer {} => 0x400,
            Kind::InterruptLines {} => 8,
            Kind::Timer(settings) => settings.len(),
            Kind::XHeep(_) => xheep::LEN,
            Kind::Registers { .. } => return None,
        })
    }

    /// The device in its reset state, `len` bytes long.
    pub(super) fn build(&self, len: u32) -> Device {
        match self {
            Kind::Uart16550 {} => Device::Uart16550(uart16550::Uart::default()),
            Kind::Finisher {} => Device::Finisher(simple::Finisher),
            Kind::Console {} => Device::Console(simple::Console),
            Kind::Exit { shift } => Device::Exit(simple::Exit { shift: *shift }),
            Kind::SimulatorControl {} => Device::SimulatorControl(simple::SimulatorControl),
            Kind::Timer(settings) => Device::Timer(timer::Timer::new(settings)),
            Kind::IbexTimer {} => Device::IbexTimer(timer::IbexTimer::default()),
            Kind::InterruptLines {} => Device::InterruptLines(simple::InterruptLines::default()),
            Kind::XHeep(settings) => Device::XHeep(Box::new(xheep::XHeep::new(settings))),
            Kind::Registers { name } => Device::Registers(simple::Registers::new(name, len)),
        }
    }
}

/// A device on a board.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs)] // The variants are described at `Kind`.
pub enum Device {
    Uart16550(uart16550::Uart),
    Finisher(simple::Finisher),
    Console(simple::Console),
    Exit(simple::Exit),
    SimulatorControl(simple::SimulatorControl),
    Timer(timer::Timer),
    IbexTimer(timer::IbexTimer),
    InterruptLines(simple::InterruptLines),
    XHeep(Box<xheep::XHeep>),
    Registers(simple::Registers),
}

impl Device {
    /// Whether it reads memory by itself.
    pub fn reads_memory(&self) -> bool {
        matches!(self, Device::XHeep(_))
    }

    /// Whether it is the same device with the same settings, in whatever state.
    pub fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Device::Exit(one), Device::Exit(other)) => one.shift == other.shift,
            (Device::Timer(one), Device::Timer(other)) => one.fits(other),
            (Device::XHeep(one), Device::XHeep(other)) => one.fits(other),
            (Device::Registers(one), Device::Registers(other)) => one.fits(other),
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        }
    }
}

/// What each device does.
pub trait Peripheral {
    /// Reads, zero-extended; the access lies inside one aligned word.
    ///
    /// # Errors
    /// [`BusFault`] if there is no such register, or not for that size.
    fn load(&mut self, offset: u32, size: Size, cx: &mut Context<'_>) -> Result<u32, BusFault>;

    /// Writes the low `size` bytes of `value`.
    ///
    /// # Errors
    /// [`BusFault`] if there is no such register, or not for that size.
    fn store(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        cx: &mut Context<'_>,
    ) -> Result<(), BusFault>;

    /// Does what is due in this cycle, as announced by [`Peripheral::next_change`]; the address is
    /// the device's base.
    fn tick(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// The interrupt lines that it drives in a cycle since its last access.
    fn lines(&self, clock: u64) -> Lines {
        let _ = clock;
        Lines::default()
    }

    /// The first cycle after `clock` in which its lines are others by themselves or
    /// [`Peripheral::tick`] has something to do.
    fn next_change(&self, clock: u64) -> Option<u64> {
        let _ = clock;
        None
    }

    /// Its `mtime`, if it has one.
    fn time(&self, clock: u64) -> Option<u64> {
        let _ = clock;
        None
    }

    /// Whether a core that goes to sleep now loses its power.
    fn cuts_power(&self) -> bool {
        false
    }

    /// Where a core without power starts again, if it gets its power back in this cycle.
    fn restart(&self, clock: u64) -> Option<u32> {
        let _ = clock;
        None
    }
}

macro_rules! each {
    ($self:ident, $device:ident => $call:expr) => {
        match $self {
            Device::Uart16550($device) => $call,
            Device::Finisher($device) => $call,
            Device::Console($device) => $call,
            Device::Exit($device) => $call,
            Device::SimulatorControl($device) => $call,
            Device::Timer($device) => $call,
            Device::IbexTimer($device) => $call,
            Device::InterruptLines($device) => $call,
            Device::XHeep($device) => $call,
            Device::Registers($device) => $call,
        }
    };
}

impl Peripheral for Device {
    fn load(&mut self, offset: u32, size: Size, cx: &mut Context<'_>) -> Result<u32, BusFault> {
        each!(self, device => device.load(offset, size, cx))
    }

    fn store(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        cx: &mut Context<'_>,
    ) -> Result<(), BusFault> {
        each!(self, device => device.store(offset, size, value, cx))
    }

    fn tick(&mut self, cx: &mut Context<'_>) {
        each!(self, device => device.tick(cx));
    }

    fn cuts_power(&self) -> bool {
        each!(self, device => device.cuts_power())
    }

    fn restart(&self, clock: u64) -> Option<u32> {
        each!(self, device => device.restart(clock))
    }

    fn lines(&self, clock: u64) -> Lines {
        each!(self, device => device.lines(clock))
    }

    fn next_change(&self, clock: u64) -> Option<u64> {
        each!(self, device => device.next_change(clock))
    }

    fn time(&self, clock: u64) -> Option<u64> {
        each!(self, device => device.time(clock))
    }
}

/// The bytes of an access out of the 32-bit register that holds them.
fn lane(register: u32, offset: u32, size: Size) -> u32 {
    let shifted = register >> (8 * (offset & 3));
    match size {
        Size::Byte => shifted & 0xff,
        Size::Half => shifted & 0xffff,
        Size::Word => shifted,
    }
}

/// A 32-bit register after a store into some of its bytes.
fn merge(register: u32, offset: u32, size: Size, value: u32) -> u32 {
    let shift = 8 * (offset & 3);
    let mask = lane(u32::MAX, 0, size) << shift;
    register & !mask | value << shift & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_halves_of_a_register_are_found_and_replaced() {
        assert_eq!(lane(0x4433_2211, 0x102, Size::Byte), 0x33);
        assert_eq!(lane(0x4433_2211, 2, Size::Half), 0x4433);
        assert_eq!(merge(0x4433_2211, 1, Size::Byte, 0xffaa), 0x4433_aa11);
        assert_eq!(merge(0x4433_2211, 0, Size::Word, 7), 7);
    }
}

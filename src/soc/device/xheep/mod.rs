//! The peripherals of X-HEEP's microcontroller, wired together as on the chip and in its test
//! bench.
//!
//! In: accesses at an offset from 0x2000_0000, the clock, the run's input, and the memories, for
//! the DMA. Out: interrupt lines, console bytes, the exit code. The two windows are those of the
//! always-on peripherals (1 MiB at offset 0) and of the others (1 MiB at offset 0x1000_0000);
//! nothing answers between them.
//!
//! A block's state changes only when it is accessed or when a DMA transfer ends, and says from
//! which cycle on each of its interrupts will be high; [`NEVER`] is far away. So the lines in a
//! cycle follow from the state without going through the cycles before it. A line that software
//! takes back falls at once, a cycle or two earlier than on the chip.
//!
//! Source: X-HEEP, generated with its default configuration (behaviour, as read in and measured on
//! its RTL).

mod dma;
mod fast_intr;
mod gpio;
mod map;
mod plic;
mod power;
mod rv_timer;
mod soc_ctrl;
mod storage;
mod transfer;
mod uart;

use super::{Context, Peripheral, lane};
use crate::soc::{BusFault, Lines, Size};
use dma::Dma;
use fast_intr::FastIntr;
use gpio::Gpio;
pub(super) use map::LEN;
use map::{Which, decode};
use plic::Plic;
use power::PowerManager;
use rv_timer::RvTimer;
use serde::{Deserialize, Serialize};
use soc_ctrl::SocCtrl;
use storage::Storage;
use transfer::Port;
use uart::Uart;

/// A cycle that does not come.
const NEVER: u64 = u64::MAX;
/// Cycles from here on do not come either: the clock must not overflow.
const HORIZON: u64 = 1 << 62;
/// PLIC sources: eight of the UART from 1 on, then GPIO pins 8 to 31.
const PLIC_UART: u32 = 1;
const PLIC_GPIO: u32 = 9;
const GPIO_PINS: std::ops::Range<u32> = 8..32;

const MSIP: u32 = 3;
const MTIP: u32 = 7;
const MEIP: u32 = 11;
const FAST: u32 = 16;

/// Banks of RAM, at the most.
const BANKS: u32 = 64;

/// What differs from chip to chip.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct XHeepSettings {
    /// Banks of RAM, 1 to 64: where POWER_MANAGER has the registers behind theirs.
    #[serde(default = "default_banks")]
    pub ram_banks: u32,
}

fn default_banks() -> u32 {
    2
}

/// What each block does. Offsets are those of a register's word, within the block's own address
/// bits.
trait Block {
    /// The bits of the register that software can write, none if it is read-only; `None` if there
    /// is no such register.
    fn writable(&self, offset: u32) -> Option<u32>;

    /// Reads a register.
    fn load(&mut self, offset: u32, cx: &mut Context<'_>) -> u32;

    /// Writes a register; bits that software cannot write are 0 in `value`.
    fn store(&mut self, offset: u32, value: u32, cx: &mut Context<'_>);
}

/// All of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct XHeep {
    soc_ctrl: SocCtrl,
    dma: Dma,
    power: PowerManager,
    timer_ao: RvTimer,
    fast_intr: FastIntr,
    gpio_ao: Gpio,
    plic: Plic,
    gpio: Gpio,
    timer: RvTimer,
    uart: Uart,
    /// Those without a model, one for each name.
    unmodelled: Vec<Storage>,
}

impl XHeep {
    /// Whether it is the same chip, in whatever state.
    pub fn fits(&self, other: &Self) -> bool {
        self.power.fits(&other.power)
    }

    /// All blocks in their reset state.
    pub fn new(settings: &XHeepSettings) -> Self {
        Self {
            soc_ctrl: SocCtrl::new(),
            dma: Dma::new(),
            power: PowerManager::new(settings.ram_banks.clamp(1, BANKS)),
            timer_ao: RvTimer::new(),
            fast_intr: FastIntr::new(),
            gpio_ao: Gpio::new(false),
            plic: Plic::new(),
            gpio: Gpio::new(true),
            timer: RvTimer::new(),
            uart: Uart::new(),
            unmodelled: Vec::new(),
        }
    }

    /// The block at an offset, and the word's offset in it.
    fn block(&mut self, offset: u32) -> Option<(&mut dyn Block, u32)> {
        let (which, mask) = decode(offset)?;
        let block: &mut dyn Block = match which {
            Which::SocCtrl => &mut self.soc_ctrl,
            Which::Dma => &mut self.dma,
            Which::Power => &mut self.power,
            Which::TimerAo => &mut self.timer_ao,
            Which::FastIntr => &mut self.fast_intr,
            Which::GpioAo => &mut self.gpio_ao,
            Which::Plic => &mut self.plic,
            Which::Gpio => &mut self.gpio,
            Which::Timer => &mut self.timer,
            Which::Uart => &mut self.uart,
            Which::Unmodelled(name) => {
                let known = self.unmodelled.iter().position(|storage| storage.name() == name);
                let at = known.unwrap_or(self.unmodelled.len());
                if known.is_none() {
                    self.unmodelled.push(Storage::new(name));
                }
                &mut self.unmodelled[at]
            }
        };
        Some((block, offset & mask & !3))
    }

    /// Reads the word that an offset lies in.
    fn load_word(&mut self, offset: u32, cx: &mut Context<'_>) -> Result<u32, BusFault> {
        if let Some((Which::Power, _)) = decode(offset) {
            let mip = self.mip(cx.clock);
            self.power.see(mip);
        }
        let (block, offset) = self.block(offset).ok_or(BusFault)?;
        // Where there is no register, all ones.
        Ok(block.writable(offset).map_or(u32::MAX, |_| block.load(offset, cx)))
    }

    /// Writes some bytes of a register; only a write of all bytes that it has does anything.
    fn store_part(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        cx: &mut Context<'_>,
    ) -> Result<(), BusFault> {
        let written = lane(u32::MAX, 0, size) << (8 * (offset & 3));
        let value = value << (8 * (offset & 3)) & written;
        let (block, offset) = self.block(offset).ok_or(BusFault)?;
        if let Some(writable) = block.writable(offset)
            && whole_bytes(writable) & !written == 0
        {
            block.store(offset, value & writable, cx);
        }
        Ok(())
    }

    /// The sources of the fast interrupts, and from which cycle on each is high.
    fn fast_source(&self, i: usize) -> u64 {
        match i {
            0 => self.timer_ao.rises(1),
            1 | 2 => self.timer.rises(i - 1),
            3 => self.dma.rises(0),
            6..14 => self.gpio_ao.rises(i as u32 - 6),
            14 => self.dma.rises(1),
            // SPI_HOST, SPI flash, and a peripheral outside the chip.
            _ => NEVER,
        }
    }

    /// The sources of the PLIC that have a model: number, and from which cycle on it is high.
    fn plic_sources(&self) -> impl Iterator<Item = (u32, u64)> {
        let uart = (0..8).map(|i| (PLIC_UART + i, self.uart.rises(i)));
        uart.chain(GPIO_PINS.map(|pin| (pin - 8 + PLIC_GPIO, self.gpio.rises(pin))))
    }

    /// From which cycle on each line to the core is high: bit in `mip`, cycle.
    fn rises(&self) -> impl Iterator<Item = (u32, u64)> {
        let direct = [
            (MSIP, self.plic.software_rises()),
            (MTIP, self.timer_ao.rises(0)),
            (MEIP, self.plic.external_rises(self.plic_sources())),
        ];
        let fast = |i: usize| (FAST + i as u32, self.fast_intr.rises(i, self.fast_source(i)));
        direct.into_iter().chain((0..fast_intr::SOURCES).map(fast))
    }

    fn mip(&self, clock: u64) -> u32 {
        self.rises().filter(|(_, rise)| *rise <= clock).map(|(bit, _)| 1 << bit).sum()
    }

    /// Takes note of what happened up to the present cycle, before an access can change it. `base`
    /// is the address of offset 0.
    fn settle(&mut self, base: u32, cx: &mut Context<'_>) {
        self.dma.settle(cx.clock);
        self.start_transfers(base, cx);
        for i in 0..fast_intr::SOURCES {
            self.fast_intr.latch(i, self.fast_source(i), cx.clock);
        }
        let sources: [(u32, u64); 32] = {
            let mut sources = self.plic_sources();
            std::array::from_fn(|_| sources.next().unwrap_or((0, NEVER)))
        };
        sources.iter().for_each(|(id, rise)| self.plic.latch(*id, *rise, cx.clock));
        self.gpio_ao.settle(cx.clock);
        self.gpio.settle(cx.clock);
    }

    /// Moves the data of transfers that have started, and takes note of those that are done by now.
    fn start_transfers(&mut self, base: u32, cx: &mut Context<'_>) {
        while let Some(started) = self.dma.take_started(cx) {
            let mut bus = Peripherals { xheep: self, base, cx };
            if started.transfer.run(&mut bus).is_some() {
                self.dma.moved(&started);
            }
            self.dma.settle(cx.clock);
        }
    }
}

/// All bytes that have a bit in `bits`, from the lowest byte on.
fn whole_bytes(bits: u32) -> u32 {
    match bits.leading_zeros() / 8 {
        4 => 0,
        empty => u32::MAX >> (8 * empty),
    }
}

/// The bus as the DMA sees it: the memories and the peripherals.
struct Peripherals<'x, 'c, 'm> {
    xheep: &'x mut XHeep,
    base: u32,
    cx: &'c mut Context<'m>,
}

impl Port for Peripherals<'_, '_, '_> {
    fn read(&mut self, addr: u32) -> Option<u32> {
        let word = self.cx.memory.load(addr, Size::Word);
        word.or_else(|| self.xheep.load_word(addr.wrapping_sub(self.base), self.cx).ok())
    }

    fn write(&mut self, addr: u32, size: Size, value: u32) -> Option<()> {
        let bytes = value.to_le_bytes();
        let written = self.cx.memory.poke(addr, &bytes[..size.bytes() as usize]);
        written.or_else(|| {
            let offset = addr.wrapping_sub(self.base);
            self.xheep.store_part(offset, size, value, self.cx).ok()
        })
    }
}

impl Peripheral for XHeep {
    fn load(&mut self, offset: u32, size: Size, cx: &mut Context<'_>) -> Result<u32, BusFault> {
        let base = cx.addr.wrapping_sub(offset);
        self.settle(base, cx);
        self.load_word(offset, cx).map(|word| lane(word, offset, size))
    }

    fn store(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        cx: &mut Context<'_>,
    ) -> Result<(), BusFault> {
        let base = cx.addr.wrapping_sub(offset);
        self.settle(base, cx);
        self.store_part(offset, size, value, cx)?;
        self.start_transfers(base, cx);
        Ok(())
    }

    fn tick(&mut self, cx: &mut Context<'_>) {
        self.settle(cx.addr, cx);
    }

    fn lines(&self, clock: u64) -> Lines {
        Lines { mip: self.mip(clock), nmi: false }
    }

    fn next_change(&self, clock: u64) -> Option<u64> {
        let lines = self.rises().map(|(_, rise)| rise).filter(|rise| *rise > clock);
        lines.chain(self.dma.next_done(clock)).filter(|at| *at < HORIZON).min()
    }

    fn cuts_power(&self) -> bool {
        self.power.gates_core()
    }

    fn restart(&self, clock: u64) -> Option<u32> {
        let restore = self.power.restore_address();
        let pc = restore.unwrap_or_else(|| self.soc_ctrl.boot_address());
        self.power.wakes(self.mip(clock)).then_some(pc & !1)
    }
}

#[cfg(test)]
mod tests;

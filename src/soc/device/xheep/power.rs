//! POWER_MANAGER: remembers what software switches, and says at once that it has been done.
//!
//! In: stores to its registers, the interrupt lines. Out: acknowledgements, and whether the core is
//! to lose its power in its sleep. The counters of a sequence show their end, 0, as soon as they
//! are read.
//!
//! Source: X-HEEP, `hw/ip/power_manager` (behaviour).

use super::Block;
use crate::soc::device::Context;
use serde::{Deserialize, Serialize};

const WAKEUP_STATE: usize = 0;
const RESTORE_ADDRESS: usize = 1;
const EN_WAIT_FOR_INTR: usize = 0x0c / 4;
const INTR_STATE: usize = 0x10 / 4;
const POWER_GATE_CORE: usize = 0x14 / 4;
const POWER_GATE_CORE_ACK: usize = 0x18 / 4;
const POWER_GATE_PERIPH_ACK: usize = 0x3c / 4;
const PERIPH_RESET: usize = 0x40 / 4;
const PERIPH_SWITCH: usize = 0x44 / 4;
const PERIPH_ISO: usize = 0x4c / 4;
/// The first register of the banks of RAM; those before it are the same in every configuration.
const BANKS: usize = 0x64 / 4;
const FULL: u32 = u32::MAX;
/// Writable bits of the registers before [`BANKS`].
const WRITABLE: [u32; BANKS] = [
    1, FULL, FULL, FULL, 0, 1, 0, FULL, FULL, FULL, FULL, 1, FULL, FULL, 0x3f, 0, 1, 1, 1, 1, 1, 1,
    1, 1, 1,
];
/// Registers of a bank: clock gate, acknowledgement, switch, wait for it, isolation, retention.
const BANK: usize = 6;
/// Registers of the domain outside the chip: as a bank, with a reset before the switch.
const EXTERNAL: usize = 7;
/// Registers by which a debugger can force a sequence.
const MASTER: usize = 6;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct PowerManager {
    registers: Vec<u32>,
    banks: usize,
    /// The core's interrupt lines, as in `mip`.
    lines: u32,
}

/// What a register is.
enum Kind {
    /// It remembers these bits.
    Storage(u32),
    /// The interrupt lines that can wake the core.
    Interrupts,
    /// 1 while a domain has power; its switch.
    Acknowledgement(usize),
    /// Switch, isolation and reset of a domain from bit 0 on, 1 for on; the registers that say the
    /// opposite.
    Monitor([Option<usize>; 3]),
    /// The core has power whenever it looks: so many bits of 1.
    Core(u32),
}

impl PowerManager {
    /// Whether it is that of a chip with as many banks.
    pub fn fits(&self, other: &Self) -> bool {
        (self.banks, self.registers.len()) == (other.banks, other.registers.len())
    }

    /// That of a chip with so many banks of RAM.
    pub fn new(banks: u32) -> Self {
        let banks = banks as usize;
        let monitors = 3 + banks;
        let registers = BANKS + BANK * banks + EXTERNAL + monitors + MASTER;
        Self { registers: vec![0; registers], banks, lines: 0 }
    }

    /// Shows it the interrupt lines before an access.
    pub fn see(&mut self, mip: u32) {
        self.lines = mip;
    }

    /// Whether the core loses its power when it sleeps.
    pub fn gates_core(&self) -> bool {
        self.registers[POWER_GATE_CORE] != 0
    }

    /// Whether lines in this state give the core its power back.
    pub fn wakes(&self, mip: u32) -> bool {
        intr_state(mip) & self.registers[EN_WAIT_FOR_INTR] != 0
    }

    /// Where the boot ROM goes on after a wake-up; `None` if it takes it for the first start.
    pub fn restore_address(&self) -> Option<u32> {
        (self.registers[WAKEUP_STATE] != 0).then_some(self.registers[RESTORE_ADDRESS])
    }

    /// The register at an offset; they repeat.
    fn register(&self, offset: u32) -> usize {
        offset as usize / 4 % self.registers.len().next_power_of_two()
    }

    fn kind(&self, register: usize) -> Option<Kind> {
        let external = BANKS + BANK * self.banks;
        let monitors = external + EXTERNAL;
        let master = monitors + 3 + self.banks;
        Some(match register {
            INTR_STATE => Kind::Interrupts,
            POWER_GATE_CORE_ACK => Kind::Core(1),
            POWER_GATE_PERIPH_ACK => Kind::Acknowledgement(PERIPH_SWITCH),
            _ if register < BANKS => Kind::Storage(WRITABLE[register]),
            _ if register < external => match (register - BANKS) % BANK {
                1 => Kind::Acknowledgement(register + 1),
                _ => Kind::Storage(1),
            },
            _ if register == external + 1 => Kind::Acknowledgement(external + 3),
            _ if register < monitors => Kind::Storage(1),
            _ if register < master => match register - monitors {
                0 => Kind::Core(7),
                1 => Kind::Monitor([PERIPH_SWITCH, PERIPH_ISO, PERIPH_RESET].map(Some)),
                i if i < 2 + self.banks => {
                    let bank = BANKS + BANK * (i - 2);
                    Kind::Monitor([Some(bank + 2), Some(bank + 4), None])
                }
                _ => Kind::Monitor([external + 3, external + 5, external + 2].map(Some)),
            },
            _ if register < self.registers.len() => Kind::Storage(1),
            _ => return None,
        })
    }
}

/// INTR_STATE: timer 0, PLIC, timers 1 to 3, DMA, SPI, SPI flash, GPIO pins 0 to 7.
fn intr_state(mip: u32) -> u32 {
    mip >> 7 & 1 | (mip >> 11 & 1) << 1 | (mip >> 16 & 0x3fff) << 2
}

impl Block for PowerManager {
    fn writable(&self, offset: u32) -> Option<u32> {
        self.kind(self.register(offset)).map(|kind| match kind {
            Kind::Storage(bits) => bits,
            _ => 0,
        })
    }

    fn load(&mut self, offset: u32, _: &mut Context<'_>) -> u32 {
        let register = self.register(offset);
        let on = |switch: usize| 1 - (self.registers[switch] & 1);
        match self.kind(register) {
            Some(Kind::Interrupts) => intr_state(self.lines),
            Some(Kind::Acknowledgement(switch)) => on(switch),
            Some(Kind::Monitor(bits)) => {
                bits.iter().rev().fold(0, |word, bit| word << 1 | bit.map_or(0, on))
            }
            Some(Kind::Core(ones)) => ones,
            _ => self.registers.get(register).copied().unwrap_or(0),
        }
    }

    fn store(&mut self, offset: u32, value: u32, _: &mut Context<'_>) {
        let register = self.register(offset);
        if let Some(Kind::Storage(_)) = self.kind(register) {
            self.registers[register] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Bench;

    const POWER: u32 = 0x2004_0000;

    #[test]
    fn an_acknowledgement_shows_its_switch() {
        let mut bench = Bench::new();
        // Peripherals, two banks of RAM, the domain outside; with its monitor.
        let domains =
            [(0x3c, 0x44, 0xb4), (0x68, 0x6c, 0xb8), (0x80, 0x84, 0xbc), (0x98, 0xa0, 0xc0)];
        for (ack, switch, monitor) in domains {
            let on = bench.load(POWER + monitor);
            assert_eq!((bench.load(POWER + ack), on & 3), (1, 3));
            bench.store(POWER + switch, 1);
            assert_eq!((bench.load(POWER + ack), bench.load(POWER + monitor)), (0, on & !1));
            bench.store(POWER + switch, 0);
            assert_eq!((bench.load(POWER + ack), bench.load(POWER + monitor)), (1, on));
        }
        assert_eq!((bench.load(POWER + 0x18), bench.load(POWER + 0xb0)), (1, 7));
    }

    #[test]
    fn a_chip_with_more_banks_has_what_follows_them_further_on() {
        let mut bench = Bench::with_banks(6);
        // The domain outside: 0x60 further; the last register is at 0x148, so they repeat every 512
        // bytes.
        bench.store(POWER + 0x100, 1);
        assert_eq!((bench.load(POWER + 0xf8), bench.load(POWER + 0x2f8)), (0, 0));
        assert_eq!((bench.load(POWER + 0x148), bench.load(POWER + 0x14c)), (0, u32::MAX));
    }

    #[test]
    fn registers_remember_and_repeat_every_256_bytes() {
        let mut bench = Bench::new();
        bench.store(POWER + 0x104, 0x1234);
        assert_eq!((bench.load(POWER + 4), bench.load(POWER + 0xdc)), (0x1234, u32::MAX));
        bench.store(POWER, u32::MAX);
        assert_eq!(bench.load(POWER), 1);
    }

    #[test]
    fn intr_state_shows_the_interrupt_lines() {
        let mut bench = Bench::new();
        // Timer 1, bit 2.
        bench.store(0x2005_0214, 1);
        bench.store(0x2005_021c, 1);
        bench.clock = 20;
        assert_eq!(bench.load(POWER + 0x10), 1 << 2);
    }
}

//! SOC_CTRL: how a program ends, and what it can learn of the chip.
//!
//! In: EXIT_VALUE, then EXIT_VALID. Out: the exit code. The rest remembers or is constant.
//!
//! Source: X-HEEP, `hw/ip/soc_ctrl` (behaviour).

use super::Block;
use crate::soc::device::Context;
use serde::{Deserialize, Serialize};

const EXIT_VALID: u32 = 0x00;
const EXIT_VALUE: u32 = 0x04;
const USE_SPIMEMIO: u32 = 0x14;
const ENABLE_SPI_SEL: u32 = 0x18;
/// Writable bits of each register. BOOT_SELECT, XHEEP_ID and the two configurations are read-only.
const WRITABLE: [u32; 11] = [1, u32::MAX, 0, 1, u32::MAX, 1, 1, u32::MAX, 0, 0, 0];
/// BOOT_EXIT_LOOP is set, as the test bench leaves it when it has loaded the program; USE_SPIMEMIO
/// follows a pin that the test bench ties to 0. Constant: always-on peripherals SPI flash, DMA,
/// PAD_CONTROL and GPIO; all others but PDM2PCM.
const RESET: [u32; 11] = [0, 0, 0, 1, 0x180, 0, 0, 1, 0, 0xf, 0x1bf];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SocCtrl {
    registers: [u32; 11],
}

impl SocCtrl {
    pub fn new() -> Self {
        Self { registers: RESET }
    }

    /// Where the boot ROM jumps to after a reset that is no wake-up.
    pub fn boot_address(&self) -> u32 {
        self.registers[0x10 / 4]
    }
}

impl Block for SocCtrl {
    fn writable(&self, offset: u32) -> Option<u32> {
        WRITABLE.get(offset as usize / 4).copied()
    }

    fn load(&mut self, offset: u32, _: &mut Context<'_>) -> u32 {
        self.registers.get(offset as usize / 4).copied().unwrap_or(0)
    }

    fn store(&mut self, offset: u32, value: u32, cx: &mut Context<'_>) {
        let selects_by_software = self.registers[ENABLE_SPI_SEL as usize / 4] != 0;
        match offset {
            EXIT_VALID if value != 0 => cx.outside.exit(self.registers[EXIT_VALUE as usize / 4]),
            // The pin overwrites it in the next cycle.
            USE_SPIMEMIO if !selects_by_software => return,
            _ => {}
        }
        if let Some(register) = self.registers.get_mut(offset as usize / 4) {
            *register = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Bench;
    use crate::soc::Size;

    const SOC_CTRL: u32 = 0x2000_0000;

    #[test]
    fn registers_have_their_reset_values_and_repeat_every_64_bytes() {
        let mut bench = Bench::new();
        let words: Vec<u32> = (0..11).map(|i| bench.load(SOC_CTRL + 4 * i)).collect();
        assert_eq!(words, [0, 0, 0, 1, 0x180, 0, 0, 1, 0, 0xf, 0x1bf]);
        // No register at 0x2c; 0x5c is 0x1c; a hole behind the last always-on peripheral leads here
        // too.
        assert_eq!(bench.load(SOC_CTRL + 0x2c), u32::MAX);
        bench.store(SOC_CTRL + 0x1c, 100_000_000);
        assert_eq!(bench.load(SOC_CTRL + 0x5c), 100_000_000);
        assert_eq!(bench.load(SOC_CTRL + 0xa_0010), 0x180);
    }

    #[test]
    fn a_store_must_cover_every_byte_of_its_register() {
        let mut bench = Bench::new();
        bench.store_sized(SOC_CTRL + 0x1c, Size::Byte, 0x55);
        bench.store_sized(SOC_CTRL + 0x1c, Size::Half, 0x5555);
        assert_eq!(bench.load(SOC_CTRL + 0x1c), 1);
        // A register of one bit takes a byte, but only its own.
        bench.store_sized(SOC_CTRL + 0x19, Size::Byte, 1);
        assert_eq!(bench.load(SOC_CTRL + 0x18), 0);
        bench.store_sized(SOC_CTRL + 0x18, Size::Byte, 1);
        assert_eq!(bench.load(SOC_CTRL + 0x18), 1);
        assert_eq!(bench.load_sized(SOC_CTRL + 0x11, Size::Byte), 1);
    }

    #[test]
    fn exit_valid_ends_the_run_with_exit_value() {
        let mut bench = Bench::new();
        bench.store(SOC_CTRL + 4, 42);
        bench.store_sized(SOC_CTRL, Size::Byte, 0);
        assert_eq!(bench.outside.exit_code(), None);
        bench.store_sized(SOC_CTRL, Size::Byte, 1);
        assert_eq!(bench.outside.exit_code(), Some(42));
    }

    #[test]
    fn the_flash_pin_rules_until_software_selects() {
        let mut bench = Bench::new();
        bench.store(SOC_CTRL + 0x14, 1);
        assert_eq!(bench.load(SOC_CTRL + 0x14), 0);
        bench.store(SOC_CTRL + 0x18, 1);
        bench.store(SOC_CTRL + 0x14, 1);
        assert_eq!(bench.load(SOC_CTRL + 0x14), 1);
    }
}

//! Devices of a few lines: consoles, exits, interrupt lines of a test bench, registers without a function.

use super::{Context, Peripheral, lane, merge};
use crate::soc::{BusFault, Lines, Size};
use serde::{Deserialize, Serialize};

/// SiFive's test finisher: a word `0x5555` ends the run with 0, `(code << 16) | 0x3333` with `code`; `0x7777` (reset)
/// is ignored.
///
/// Source: QEMU, `hw/misc/sifive_test.c` (behaviour).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finisher;

impl Peripheral for Finisher {
    fn load(&mut self, _: u32, size: Size, _: &mut Context<'_>) -> Result<u32, BusFault> {
        if size == Size::Word { Ok(0) } else { Err(BusFault) }
    }

    fn store(
        &mut self,
        _: u32,
        size: Size,
        value: u32,
        cx: &mut Context<'_>,
    ) -> Result<(), BusFault> {
        match (size, value & 0xffff) {
            (Size::Word, 0x5555) => cx.outside.exit(0),
            (Size::Word, 0x3333) => cx.outside.exit(value >> 16),
            (Size::Word, _) => {}
            _ => return Err(BusFault),
        }
        Ok(())
    }
}

/// Prints the low byte of what is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Console;

impl Peripheral for Console {
    fn load(&mut self, _: u32, _: Size, _: &mut Context<'_>) -> Result<u32, BusFault> {
        Ok(0)
    }

    fn store(&mut self, _: u32, _: Size, value: u32, cx: &mut Context<'_>) -> Result<(), BusFault> {
        cx.outside.print(value as u8);
        Ok(())
    }
}

/// Ends the run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exit {
    /// Bits of the stored value to drop.
    pub shift: u32,
}

impl Peripheral for Exit {
    fn load(&mut self, _: u32, _: Size, _: &mut Context<'_>) -> Result<u32, BusFault> {
        Ok(0)
    }

    fn store(
        &mut self,
        _: u32,
        size: Size,
        value: u32,
        cx: &mut Context<'_>,
    ) -> Result<(), BusFault> {
        cx.outside.exit(lane(value, 0, size) >> (self.shift & 31));
        Ok(())
    }
}

/// Ibex's `simulator_ctrl`.
///
/// Source: Ibex, `shared/rtl/sim/simulator_ctrl.sv` (behaviour).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SimulatorControl;

const CHAR_OUT: u32 = 0;
const HALT: u32 = 8;

impl Peripheral for SimulatorControl {
    fn load(&mut self, _: u32, _: Size, _: &mut Context<'_>) -> Result<u32, BusFault> {
        Ok(0)
    }

    fn store(
        &mut self,
        offset: u32,
        _: Size,
        value: u32,
        cx: &mut Context<'_>,
    ) -> Result<(), BusFault> {
        match offset {
            CHAR_OUT => cx.outside.print(value as u8),
            HALT if value & 1 != 0 => cx.outside.exit(0),
            _ => {}
        }
        Ok(())
    }
}

/// Interrupt lines that the program itself drives, for tests of its handlers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct InterruptLines {
    lines: Lines,
}

impl Peripheral for InterruptLines {
    fn load(&mut self, offset: u32, size: Size, _: &mut Context<'_>) -> Result<u32, BusFault> {
        let word = if offset < 4 { self.lines.mip } else { u32::from(self.lines.nmi) };
        Ok(lane(word, offset, size))
    }

    fn store(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        _: &mut Context<'_>,
    ) -> Result<(), BusFault> {
        match offset {
            0..4 => self.lines.mip = merge(self.lines.mip, offset, size, value) & MIP_LINES,
            _ if offset == 4 => self.lines.nmi = value & 1 != 0,
            _ => {}
        }
        Ok(())
    }

    fn lines(&self, _: u64) -> Lines {
        self.lines
    }
}

/// Software, timer, external and sixteen fast interrupts.
const MIP_LINES: u32 = 0xffff_0888;

/// Registers that only remember.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registers {
    name: String,
    words: Vec<u32>,
}

impl Registers {
    /// Whether it stands for the same.
    pub fn fits(&self, other: &Self) -> bool {
        (&self.name, self.words.len()) == (&other.name, other.words.len())
    }

    pub fn new(name: &str, len: u32) -> Self {
        Self { name: name.to_owned(), words: vec![0; len as usize / 4] }
    }
}

impl Peripheral for Registers {
    fn load(&mut self, offset: u32, size: Size, cx: &mut Context<'_>) -> Result<u32, BusFault> {
        cx.outside.unmodelled(&self.name, cx.addr);
        self.words.get(offset as usize / 4).map(|word| lane(*word, offset, size)).ok_or(BusFault)
    }

    fn store(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        cx: &mut Context<'_>,
    ) -> Result<(), BusFault> {
        cx.outside.unmodelled(&self.name, cx.addr);
        let word = self.words.get_mut(offset as usize / 4).ok_or(BusFault)?;
        *word = merge(*word, offset, size, value);
        Ok(())
    }
}

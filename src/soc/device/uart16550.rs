//! A 16550 UART that is always ready to send; received bytes come from the run's input.
//!
//! Source: PC16550D data sheet, "Registers". There is no interrupt line and no baud rate; the divisor latch only remembers.

use super::{Context, Peripheral};
use crate::soc::{BusFault, Size};
use serde::{Deserialize, Serialize};

const DATA: u32 = 0;
const IER: u32 = 1;
const IIR_FCR: u32 = 2;
const LCR: u32 = 3;
const LSR: u32 = 5;
const MSR: u32 = 6;
/// No interrupt pending.
const IIR_NONE: u32 = 1;
/// LCR: offsets 0 and 1 are the divisor latch.
const DLAB: u8 = 0x80;
/// LSR: transmitter empty, transmit holding register empty.
const LSR_IDLE: u32 = 0x60;
/// LSR: a byte was received.
const LSR_READY: u32 = 1;

/// The UART's registers that remember.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Uart {
    /// IER, LCR, MCR and SCR at their offsets; the others are unused.
    registers: [u8; 8],
    divisor: [u8; 2],
}

impl Uart {
    fn latch_open(&self) -> bool {
        self.registers[LCR as usize] & DLAB != 0
    }
}

impl Peripheral for Uart {
    fn load(&mut self, offset: u32, size: Size, cx: &mut Context<'_>) -> Result<u32, BusFault> {
        if size != Size::Byte {
            return Err(BusFault);
        }
        Ok(match offset {
            DATA | IER if self.latch_open() => u32::from(self.divisor[offset as usize & 1]),
            DATA => cx.outside.read().map_or(0, u32::from),
            IIR_FCR => IIR_NONE,
            LSR => LSR_IDLE | if cx.outside.readable() { LSR_READY } else { 0 },
            MSR => 0,
            _ => u32::from(self.registers[offset as usize & 7]),
        })
    }

    fn store(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        cx: &mut Context<'_>,
    ) -> Result<(), BusFault> {
        if size != Size::Byte {
            return Err(BusFault);
        }
        match offset {
            DATA | IER if self.latch_open() => self.divisor[offset as usize & 1] = value as u8,
            DATA => cx.outside.print(value as u8),
            IIR_FCR | LSR | MSR => {}
            _ => self.registers[offset as usize & 7] = value as u8,
        }
        Ok(())
    }
}

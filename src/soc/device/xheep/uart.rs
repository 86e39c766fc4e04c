//! UART: sends at once, receives the run's input.
//!
//! In: stores to WDATA, the run's input. Out: console bytes, and interrupt levels for the PLIC.
//! Bytes written while the transmitter is off wait in its FIFO. The baud rate, parity, loopback and
//! time-outs only remember.
//!
//! Source: OpenTitan, `hw/ip/uart` (behaviour).

use super::{Block, NEVER};
use crate::soc::device::Context;
use serde::{Deserialize, Serialize};

const INTR_STATE: u32 = 0x00;
const INTR_ENABLE: u32 = 0x04;
const INTR_TEST: u32 = 0x08;
const CTRL: u32 = 0x0c;
const STATUS: u32 = 0x10;
const RDATA: u32 = 0x14;
const WDATA: u32 = 0x18;
const FIFO_CTRL: u32 = 0x1c;
const FIFO_STATUS: u32 = 0x20;
const OVRD: u32 = 0x24;
const VAL: u32 = 0x28;
const TIMEOUT_CTRL: u32 = 0x2c;

const CTRL_TX: u32 = 1;
const CTRL_RX: u32 = 2;
const TX_WATERMARK: u32 = 1;
const RX_WATERMARK: u32 = 2;
const TX_EMPTY: u32 = 4;
const STATUS_TX_FULL: u32 = 1;
const STATUS_TX_EMPTY: u32 = 1 << 2;
const STATUS_TX_IDLE: u32 = 1 << 3;
const STATUS_RX_IDLE: u32 = 1 << 4;
const STATUS_RX_EMPTY: u32 = 1 << 5;
/// FIFO_CTRL: empties the transmit FIFO; like RXRST it reads 0.
const TXRST: u32 = 2;
const RESETS: u32 = 3;
/// Bytes that the transmit FIFO holds.
const FIFO_DEPTH: usize = 32;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Uart {
    intr_state: u32,
    intr_enable: u32,
    ctrl: u32,
    fifo_ctrl: u32,
    ovrd: u32,
    timeout_ctrl: u32,
    /// Bytes that wait for the transmitter.
    unsent: Vec<u8>,
    /// The cycle in which the interrupt levels became what they are.
    changed: u64,
}

impl Uart {
    pub fn new() -> Self {
        Self {
            intr_state: 0,
            intr_enable: 0,
            ctrl: 0,
            fifo_ctrl: 0,
            ovrd: 0,
            timeout_ctrl: 0,
            unsent: Vec::new(),
            changed: 0,
        }
    }

    /// From which cycle on interrupt `i` is high.
    pub fn rises(&self, i: u32) -> u64 {
        if (self.intr_state & self.intr_enable) >> i & 1 != 0 { self.changed } else { NEVER }
    }

    fn receives(&self, cx: &Context<'_>) -> bool {
        self.ctrl & CTRL_RX != 0 && cx.outside.readable()
    }

    /// Sends what waits, if the transmitter is on.
    fn transmit(&mut self, cx: &mut Context<'_>) {
        if self.ctrl & CTRL_TX != 0 && !self.unsent.is_empty() {
            self.unsent.drain(..).for_each(|byte| cx.outside.print(byte));
            self.intr_state |= TX_WATERMARK | TX_EMPTY;
        }
    }

    fn status(&self, cx: &Context<'_>) -> u32 {
        let transmitter = match self.unsent.len() {
            0 => STATUS_TX_EMPTY | STATUS_TX_IDLE,
            FIFO_DEPTH => STATUS_TX_FULL,
            _ => 0,
        };
        let receiver = if self.receives(cx) { 0 } else { STATUS_RX_EMPTY };
        transmitter | receiver | STATUS_RX_IDLE
    }
}

impl Block for Uart {
    fn writable(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            INTR_STATE | INTR_ENABLE | INTR_TEST | WDATA => 0xff,
            CTRL => 0xffff_03f7,
            FIFO_CTRL => 0x7f,
            OVRD => 3,
            TIMEOUT_CTRL => 0x80ff_ffff,
            STATUS | RDATA | FIFO_STATUS | VAL => 0,
            _ => return None,
        })
    }

    fn load(&mut self, offset: u32, cx: &mut Context<'_>) -> u32 {
        match offset {
            INTR_STATE => self.intr_state,
            INTR_ENABLE => self.intr_enable,
            CTRL => self.ctrl,
            STATUS => self.status(cx),
            RDATA if self.ctrl & CTRL_RX != 0 => {
                let byte = cx.outside.read().map_or(0, u32::from);
                if cx.outside.readable() {
                    // The next byte arrives.
                    self.intr_state |= RX_WATERMARK;
                    self.changed = cx.clock + 1;
                }
                byte
            }
            FIFO_CTRL => self.fifo_ctrl,
            FIFO_STATUS => self.unsent.len() as u32 | u32::from(self.receives(cx)) << 16,
            OVRD => self.ovrd,
            TIMEOUT_CTRL => self.timeout_ctrl,
            _ => 0,
        }
    }

    fn store(&mut self, offset: u32, value: u32, cx: &mut Context<'_>) {
        match offset {
            INTR_STATE => self.intr_state &= !value,
            INTR_ENABLE => self.intr_enable = value,
            INTR_TEST => self.intr_state |= value,
            CTRL => {
                let received = self.receives(cx);
                self.ctrl = value;
                self.transmit(cx);
                if !received && self.receives(cx) {
                    self.intr_state |= RX_WATERMARK;
                }
            }
            WDATA if self.unsent.len() < FIFO_DEPTH => {
                self.unsent.push(value as u8);
                self.transmit(cx);
            }
            FIFO_CTRL => {
                if value & TXRST != 0 {
                    self.unsent.clear();
                }
                self.fifo_ctrl = value & !RESETS;
            }
            OVRD => self.ovrd = value,
            TIMEOUT_CTRL => self.timeout_ctrl = value,
            _ => {}
        }
        self.changed = cx.clock + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Bench;

    const UART: u32 = 0x3008_0000;
    const CTRL: u32 = UART + 0x0c;
    const STATUS: u32 = UART + 0x10;
    const RDATA: u32 = UART + 0x14;
    const WDATA: u32 = UART + 0x18;

    #[test]
    fn bytes_wait_for_the_transmitter_and_are_then_sent_at_once() {
        let mut bench = Bench::new();
        // Both FIFOs empty, both sides idle.
        assert_eq!(bench.load(STATUS), 0x3c);
        for byte in 0..40 {
            bench.store(WDATA, 0x41 + byte);
        }
        // 32 bytes fit, the rest is lost: TXFULL, not TXEMPTY, not TXIDLE.
        assert_eq!((bench.load(STATUS), bench.load(UART + 0x20)), (0x31, 32));
        bench.store(CTRL, 1);
        assert_eq!((bench.load(STATUS), bench.outside.printed().len()), (0x3c, 32));
        bench.store(WDATA, 0x1_0a);
        assert_eq!(bench.outside.printed().last(), Some(&0x0a));
        // tx_watermark and tx_empty; a written 1 clears.
        assert_eq!(bench.load(UART), 5);
        bench.store(UART, 4);
        assert_eq!(bench.load(UART), 1);
    }

    #[test]
    fn the_receiver_reads_the_input_while_it_is_on() {
        let mut bench = Bench::new();
        bench.outside.give(b"ab");
        assert_eq!((bench.load(STATUS), bench.load(RDATA)), (0x3c, 0));
        bench.store(CTRL, 2);
        assert_eq!((bench.load(STATUS), bench.load(UART) & 2), (0x1c, 2));
        assert_eq!((bench.load(RDATA), bench.load(RDATA)), (0x61, 0x62));
        assert_eq!(bench.load(STATUS), 0x3c);
    }

    #[test]
    fn an_interrupt_reaches_the_core_through_the_plic() {
        let mut bench = Bench::new();
        bench.store(0x3000_0010 + 4 * 3, 1);
        bench.store(0x3000_0200, 1 << 3);
        bench.store(UART + 4, 4);
        bench.clock = 100;
        bench.store(UART + 8, 4);
        // INTR_STATE in cycle 101, the PLIC's IP in 102, its line in 103.
        assert_eq!((bench.mip(102), bench.mip(103)), (0, 1 << 11));
        bench.clock = 103;
        assert_eq!(bench.load(0x3000_020c), 3);
    }
}

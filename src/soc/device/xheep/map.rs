//! The memory map: which block an offset belongs to.
//!
//! Source: X-HEEP, `core_v_mini_mcu_pkg.sv` of the default configuration (behaviour).

/// Bytes of address space, both windows and the gap between them.
pub(in crate::soc::device) const LEN: u32 = PERIPHERALS + WINDOW;
/// Offset of the window of the peripherals that can lose their power.
const PERIPHERALS: u32 = 0x1000_0000;
/// Bytes of a window.
const WINDOW: u32 = 0x0010_0000;

/// Which block an offset belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    SocCtrl,
    Dma,
    Power,
    TimerAo,
    FastIntr,
    GpioAo,
    Plic,
    Gpio,
    Timer,
    Uart,
    Unmodelled(&'static str),
}

/// The block at an offset, and the address bits that it looks at; `None` in the gap.
pub(super) fn decode(offset: u32) -> Option<(Which, u32)> {
    use Which::*;
    const WHOLE: u32 = 0xffff;
    let always_on = offset < WINDOW;
    if !always_on && !(PERIPHERALS..LEN).contains(&offset) {
        return None;
    }
    Some(match (always_on, (offset % WINDOW) >> 16) {
        (true, 0x1) => (Unmodelled("X-HEEP boot ROM"), WHOLE),
        (true, 0x2) => (Unmodelled("X-HEEP SPI flash"), WHOLE),
        (true, 0x3) => (Dma, 0xf7f),
        (true, 0x4) => (Power, WHOLE),
        (true, 0x5) => (TimerAo, 0x3ff),
        (true, 0x6) => (FastIntr, 0xf),
        (true, 0x7) => (Unmodelled("X-HEEP test bench peripherals"), WHOLE),
        (true, 0x8) => (Unmodelled("X-HEEP PAD_CONTROL"), WHOLE),
        (true, 0x9) => (GpioAo, 0x7ff),
        // The decoder takes what it does not know for the first block.
        (true, _) => (SocCtrl, 0x3f),
        (false, 0x1) => (Unmodelled("X-HEEP SPI_HOST"), WHOLE),
        (false, 0x2) => (Gpio, 0x7ff),
        (false, 0x3) => (Unmodelled("X-HEEP I2C"), WHOLE),
        (false, 0x4) => (Timer, 0x3ff),
        (false, 0x5) => (Unmodelled("X-HEEP SPI2"), WHOLE),
        (false, 0x7) => (Unmodelled("X-HEEP I2S"), WHOLE),
        (false, 0x8) => (Uart, 0x3f),
        (false, _) => (Plic, 0x3ff),
    })
}

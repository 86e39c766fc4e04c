//! Tests of the whole, and the test bench that those of the blocks use.

use super::*;
use crate::soc::board::Outside;
use crate::soc::{Memories, Memory};

/// The address of offset 0 on the chip.
const BASE: u32 = 0x2000_0000;

/// All blocks, 4 KiB of RAM at 0, and a clock that stands still between accesses.
pub(super) struct Bench {
    xheep: XHeep,
    memory: Memories,
    pub outside: Outside,
    pub clock: u64,
}

impl Bench {
    pub fn new() -> Self {
        Self::with_banks(2)
    }

    pub fn with_banks(ram_banks: u32) -> Self {
        let memory = Memories::new(Memory::new(0, 4096, false), Vec::new());
        let xheep = XHeep::new(&XHeepSettings { ram_banks });
        Self { xheep, memory, outside: Outside::default(), clock: 0 }
    }

    fn with<T>(
        &mut self,
        addr: u32,
        clock: u64,
        f: impl FnOnce(&mut XHeep, &mut Context) -> T,
    ) -> T {
        let (outside, memory) = (&mut self.outside, &mut self.memory);
        f(&mut self.xheep, &mut Context { clock, addr, outside, memory })
    }

    pub fn try_load(&mut self, addr: u32, size: Size) -> Result<u32, BusFault> {
        let clock = self.clock;
        self.with(addr, clock, |xheep, cx| xheep.load(addr.wrapping_sub(BASE), size, cx))
    }

    pub fn load_sized(&mut self, addr: u32, size: Size) -> u32 {
        self.try_load(addr, size).unwrap()
    }

    pub fn load(&mut self, addr: u32) -> u32 {
        self.load_sized(addr, Size::Word)
    }

    pub fn store_sized(&mut self, addr: u32, size: Size, value: u32) {
        let clock = self.clock;
        self.with(addr, clock, |xheep, cx| xheep.store(addr - BASE, size, value, cx)).unwrap();
    }

    pub fn store(&mut self, addr: u32, value: u32) {
        self.store_sized(addr, Size::Word, value);
    }

    pub fn tick(&mut self, clock: u64) {
        self.with(BASE, clock, |xheep, cx| xheep.tick(cx));
    }

    pub fn mip(&self, clock: u64) -> u32 {
        self.xheep.lines(clock).mip
    }

    pub fn next_change(&self, clock: u64) -> Option<u64> {
        self.xheep.next_change(clock)
    }

    pub fn poke(&mut self, addr: u32, word: u32) {
        self.memory.poke(addr, &word.to_le_bytes()).unwrap();
    }

    pub fn peek(&self, addr: u32) -> u32 {
        self.memory.load(addr, Size::Word).unwrap()
    }
}

#[test]
fn nothing_answers_between_the_windows() {
    let mut bench = Bench::new();
    for addr in [0x2010_0000, 0x2fff_fffc, 0x3010_0000, 0x1fff_fffc] {
        assert_eq!(bench.try_load(addr, Size::Word), Err(BusFault), "{addr:#x}");
    }
    for addr in [0x200f_fffc, 0x3000_0000, 0x300f_fffc] {
        assert!(bench.try_load(addr, Size::Word).is_ok(), "{addr:#x}");
    }
}

#[test]
fn what_has_no_model_remembers_and_is_reported_once() {
    let mut bench = Bench::new();
    bench.store(0x2008_0004, 7);
    bench.store(0x2008_0008, 8);
    assert_eq!((bench.load(0x2008_0004), bench.load(0x3001_0014)), (7, 0));
    let names: Vec<&str> = bench.outside.reported().map(|(name, _)| name).collect();
    assert_eq!(names, ["X-HEEP PAD_CONTROL", "X-HEEP SPI_HOST"]);
}

#[test]
fn an_idle_chip_has_no_lines_and_no_plans() {
    let bench = Bench::new();
    assert_eq!((bench.mip(1 << 61), bench.next_change(0)), (0, None));
}

#[test]
fn a_core_without_power_starts_at_the_restore_address_when_its_interrupt_comes() {
    let mut bench = Bench::new();
    let power = 0x2004_0000;
    assert!(!bench.xheep.cuts_power());
    bench.store(power + 0x14, 1);
    assert!(bench.xheep.cuts_power());
    bench.store(power + 4, 0x1234);
    // Timer 1, bit 2 of INTR_STATE, through FAST_INTR_CTRL.
    bench.store(0x2005_0214, 1);
    bench.store(0x2005_021c, 1);
    assert_eq!(bench.xheep.restart(10), None);
    bench.store(power + 0xc, 1 << 2);
    assert_eq!(bench.xheep.restart(10), Some(0x180));
    bench.store(power, 1);
    assert_eq!(bench.xheep.restart(10), Some(0x1234));
}

#[test]
fn no_register_access_whatever_makes_it_panic() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 20) as u32
    };
    let mut bench = Bench::new();
    for _ in 0..200_000 {
        let window = if random() & 1 == 0 { 0x2000_0000 } else { 0x3000_0000 };
        let addr = window | random() & 0xf_0000 | random() & 0x7fc;
        let bits = random() & 31;
        match random() & 7 {
            0..4 => bench.store(addr, random() >> bits),
            4..6 => _ = bench.load(addr),
            6 => bench.clock += u64::from(random() >> bits),
            _ => {
                let next = bench.next_change(bench.clock);
                assert!(next.is_none_or(|at| at > bench.clock));
                bench.clock = next.unwrap_or(bench.clock).min(1 << 50);
                bench.tick(bench.clock);
            }
        }
    }
}

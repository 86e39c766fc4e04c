//! Programs on the platform `x-heep`, as far as core and devices meet: accesses that nothing
//! answers, code that the DMA writes, and a core that loses its power.

use stuckat::cpu::{Cause, Machine, Reset, Silent, Stop};
use stuckat::elf::{Image, Segment};
use stuckat::soc::Platform;
use stuckat::unit::{Exact, Latency};

const ENTRY: u32 = 0x180;
const RA: u32 = 1;
const T0: u32 = 5;
const T1: u32 = 6;
const A0: u32 = 10;
const SOC_CTRL: u32 = 0x2000_0000;
const DMA: u32 = 0x2003_0000;
const POWER: u32 = 0x2004_0000;
const TIMER: u32 = 0x2005_0000;
const WFI: u32 = 0x1050_0073;

fn lui(rd: u32, value: u32) -> u32 {
    value & !0xfff | rd << 7 | 0x37
}

fn addi(rd: u32, rs1: u32, value: u32) -> u32 {
    value << 20 | rs1 << 15 | rd << 7 | 0x13
}

fn jalr(rd: u32, rs1: u32, offset: u32) -> u32 {
    offset << 20 | rs1 << 15 | rd << 7 | 0x67
}

fn lw(rd: u32, rs1: u32) -> u32 {
    rs1 << 15 | 2 << 12 | rd << 7 | 0x03
}

fn sw(rs2: u32, rs1: u32) -> u32 {
    rs2 << 20 | rs1 << 15 | 2 << 12 | 0x23
}

fn csrr(rd: u32, csr: u32) -> u32 {
    csr << 20 | 2 << 12 | rd << 7 | 0x73
}

/// rd = value.
fn li(rd: u32, value: u32) -> [u32; 2] {
    [lui(rd, value.wrapping_add(0x800)), addi(rd, rd, value & 0xfff)]
}

/// Stores a word; uses t0 and t1.
fn set(addr: u32, value: u32) -> Vec<u32> {
    [&li(T0, addr)[..], &li(T1, value), &[sw(T1, T0)]].concat()
}

/// Ends the run with the exit code in a register.
fn exit(rs: u32) -> Vec<u32> {
    [&li(T0, SOC_CTRL + 4)[..], &[sw(rs, T0)], &set(SOC_CTRL, 1)].concat()
}

fn run_on(platform: &Platform, parts: &[(u32, Vec<u32>)]) -> Stop {
    let segment = |(addr, words): &(u32, Vec<u32>)| {
        let data: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        Segment { addr: *addr, mem_len: data.len() as u32, data }
    };
    let segments = parts.iter().map(segment).collect();
    let image = Image {
        entry: ENTRY,
        segments,
        symbols: Vec::new(),
        sections: Vec::new(),
        macs: Vec::new(),
    };
    let board = platform.board(&image).expect("the program fits");
    let reset = Reset { vectors: platform.boot_address(), ..Reset::cve2(ENTRY) };
    Machine::new(board, Exact::new(Latency::FAST), Silent, reset).run(100_000)
}

fn run(parts: &[(u32, Vec<u32>)]) -> Stop {
    run_on(&Platform::find("x-heep").expect("it is built in"), parts)
}

#[test]
fn an_access_that_nothing_answers_ends_the_run() {
    for addr in [0x0010_0000, 0x2010_0000, 0x5000_0000, 0xffff_fffc] {
        let access = |last: u32| run(&[(ENTRY, [&li(T0, addr)[..], &[last]].concat())]);
        let stop = Stop::NoBusAnswer { pc: ENTRY + 8, addr };
        assert_eq!(access(lw(A0, T0)), stop);
        assert_eq!(access(sw(A0, T0)), stop);
        assert_eq!(access(jalr(0, T0, 0)), Stop::NoBusAnswer { pc: addr, addr });
    }
    // Half of the word lies beyond RAM.
    let across = run(&[(ENTRY, [&li(T0, 0x3_fffe)[..], &[lw(A0, T0)]].concat())]);
    assert_eq!(across, Stop::NoBusAnswer { pc: ENTRY + 8, addr: 0x4_0000 });
}

#[test]
fn on_a_platform_with_bus_errors_it_is_an_exception() {
    let text = "description = \"\"\n[[memory]]\nbase = 0\nsize = 4096\n";
    let program = [(ENTRY, vec![lui(T0, 0x5000_0000), lw(A0, T0)])];
    let parse = |text: &str| Platform::parse("test", text).expect("it is well-formed");
    let faults = parse(text);
    assert!(
        matches!(run_on(&faults, &program), Stop::Trap(t) if t.cause == Cause::LoadAccessFault)
    );
    let hangs = parse(&format!("unmapped = \"hang\"\n{text}"));
    assert!(matches!(run_on(&hangs, &program), Stop::NoBusAnswer { addr: 0x5000_0000, .. }));
    assert!(Platform::parse("test", &format!("unmapped = \"wait\"\n{text}")).is_err());
}

/// A function that adds 1 to a0, and an instruction that adds 16 instead.
const FUNCTION: u32 = 0x600;
const OTHER: u32 = 0x700;

fn function() -> [(u32, Vec<u32>); 2] {
    [(FUNCTION, vec![addi(A0, A0, 1), jalr(0, RA, 0)]), (OTHER, vec![addi(A0, A0, 16)])]
}

#[test]
fn code_that_the_dma_writes_takes_effect_at_once() {
    let call = jalr(RA, 0, FUNCTION);
    let copy = [set(DMA, OTHER), set(DMA + 4, FUNCTION), set(DMA + 0xc, 1)].concat();
    let main = [&[call][..], &copy, &[call], &exit(A0)].concat();
    let [function, other] = function();
    assert_eq!(run(&[(ENTRY, main), function, other]), Stop::Exit(17));
}

#[test]
fn code_that_a_waiting_transfer_writes_takes_effect_when_it_starts() {
    let call = jalr(RA, 0, FUNCTION);
    // A long transfer elsewhere, then a second one over the function, which starts when the first
    // is done: after some 8 + 2 * 20 cycles, in which the program only waits.
    let first = [set(DMA, OTHER), set(DMA + 4, 0x800), set(DMA + 0x20, 0), set(DMA + 0xc, 20)];
    let second = [set(DMA + 4, FUNCTION), set(DMA + 0x18, 0), set(DMA + 0xc, 1)].concat();
    let wait = [addi(0, 0, 0); 64];
    let main = [&[call][..], &first.concat(), &second, &[call], &wait, &[call], &exit(A0)].concat();
    let [function, other] = function();
    assert_eq!(run(&[(ENTRY, main), function, other]), Stop::Exit(1 + 1 + 16));
}

#[test]
fn a_core_that_loses_its_power_asleep_starts_again_as_after_a_reset() {
    const RESTORED: u32 = 0x500;
    // Timer 0 reaches 300 in its sleep and gives the power back.
    let timer = [set(TIMER + 0x10c, 300), set(TIMER + 0x110, 0), set(TIMER + 0x114, 1)].concat();
    let power = [set(POWER, 1), set(POWER + 4, RESTORED), set(POWER + 0xc, 1)].concat();
    let main = [&timer[..], &power, &set(POWER + 0x14, 1), &set(TIMER, 1), &[WFI]].concat();
    let main = [main, exit(T1)].concat();
    // The registers are 0, and mtvec is what the boot address makes of it.
    let restored = [&[csrr(A0, 0x305), addi(A0, T0, 0)][..], &[csrr(T1, 0x305)]].concat();
    let zero = [restored.clone(), exit(A0)].concat();
    assert_eq!(run(&[(ENTRY, main.clone()), (RESTORED, zero)]), Stop::Exit(0));
    let vectors = [restored, vec![addi(A0, T1, 0)], exit(A0)].concat();
    assert_eq!(run(&[(ENTRY, main.clone()), (RESTORED, vectors)]), Stop::Exit(0x2001_0001));
    // mcycle has begun again.
    let cycles = [vec![csrr(A0, 0xb00)], exit(A0)].concat();
    let stop = run(&[(ENTRY, main), (RESTORED, cycles)]);
    assert!(matches!(stop, Stop::Exit(0..50)), "{stop}");
}

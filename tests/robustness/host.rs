//! The host's side: calls by semihosting and HTIF with wild operations, pointers and lengths.

use crate::bench::{EVERYTHING, board, put};
use crate::code::*;
use crate::common::Random;
use std::time::{Duration, Instant};
use stuckat::cpu::{Machine, Reset, Silent, Stop};
use stuckat::unit::{Exact, Latency};

const RAM: u32 = 0x8000_0000;
const BLOCK: u32 = RAM + 0x1000;
const CALLS: usize = if cfg!(debug_assertions) { 1000 } else { 10_000 };

/// Pointers to the edges of memories, to devices, to code, and lengths of all sizes.
const WILD: [u32; 22] = [
    0,
    1,
    2,
    3,
    7,
    0x20,
    0x1000,
    0x1_0000,
    0x1_0001,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    RAM + 4,
    RAM + 0xffff,
    RAM + 0xfffc,
    RAM + 0x1_0ffe,
    RAM + 0x1_1000,
    0xffff_fffe,
    0x1000_0000,
    BLOCK,
    BLOCK + 8,
    RAM + 0x1f00,
];

fn machine(words: &[u32]) -> Machine<stuckat::soc::Board, Exact> {
    let mut board = board(EVERYTHING, RAM);
    put(&mut board, RAM, words);
    board.poke(BLOCK + 0x100, b":tt\0:semihosting-features\0").unwrap();
    board.set_input(vec![b'x'; 5000]);
    board.set_command_line(&"word ".repeat(100));
    Machine::new(board, Exact::new(Latency::FAST), Silent, Reset::cve2(RAM))
}

fn wild(random: &mut Random) -> u32 {
    match random.below(8) {
        0 => random.next() as u32,
        1 => BLOCK + 0x100,
        2 => BLOCK + 0x104,
        _ => WILD[random.below(WILD.len())],
    }
}

#[test]
fn wild_semihosting_calls_are_answered_and_do_not_end_the_simulator() {
    let begin = Instant::now();
    let mut random = Random(5);
    let words = asm![li(A0, 0), li(A1, 0), SEMIHOST, 0x0000_006f];
    let mut machine = machine(&words);
    let mut budget = 0;
    for _ in 0..CALLS {
        let operation =
            if random.below(9) == 0 { random.next() as u32 } else { random.below(0x34) as u32 };
        let parameter = if random.below(3) == 0 { wild(&mut random) } else { BLOCK };
        let block: Vec<u32> = (0..4).map(|_| wild(&mut random)).collect();
        // The call may have written over the program.
        let program = asm![li(A0, operation), li(A1, parameter), SEMIHOST, 0x0000_006f];
        let board = machine.bus_mut();
        put(board, RAM, &program);
        put(board, BLOCK, &block);
        board.poke(BLOCK + 0x100, b":tt\0:semihosting-features\0").unwrap();
        machine.reset(Reset::cve2(RAM));
        budget = 20;
        match machine.run(budget) {
            Stop::Budget | Stop::Trap(_) => {}
            Stop::Exit(_) => machine = self::machine(&program),
            other => panic!("{operation:#x} {parameter:#x} {block:x?}: {other}"),
        }
    }
    assert!(budget > 0 && begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[test]
fn wild_htif_commands_are_answered_and_do_not_end_the_simulator() {
    let begin = Instant::now();
    let mut random = Random(6);
    let mut machine = machine(&[NOP]);
    for _ in 0..CALLS {
        let low = if random.below(2) == 0 { BLOCK } else { wild(&mut random) };
        let high = [0, 0, 0, 0x0101_0000, 0x0100_0000, random.next() as u32][random.below(6)];
        let number = [63, 64, 93, random.next() as u32][random.below(4)];
        let frame =
            [number, 0, random.below(3) as u32, 0, wild(&mut random), 0, wild(&mut random), 0];
        let store = [sw(T2, T0, 4), sw(T1, T0, 0)];
        let stores = [[store[0], store[1]], [store[1], store[0]], [store[1], NOP]][random.below(3)];
        let program = asm![li(T0, RAM + 0x1f00), li(T1, low), li(T2, high), stores, 0x0000_006f];
        let board = machine.bus_mut();
        put(board, RAM, &program);
        put(board, BLOCK, &frame);
        machine.reset(Reset::cve2(RAM));
        match machine.run(40) {
            Stop::Budget | Stop::Trap(_) => {}
            Stop::Exit(_) => machine = self::machine(&program),
            other => panic!("{low:#x} {high:#x} {frame:x?}: {other}"),
        }
    }
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

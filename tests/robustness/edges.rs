//! The edges of memory and of time: accesses and jumps where there is no memory, storms of
//! exceptions and interrupts, and sleep that nothing ends.

use crate::bench::{End, board, loaded, put, run};
use crate::code::*;
use std::time::{Duration, Instant};
use stuckat::cpu::profile::{ALL, CVE2, GENERIC, IBEX};
use stuckat::cpu::{Cause, Machine, Reset, Silent, Stop};
use stuckat::soc::Board;
use stuckat::unit::{Exact, Latency};

const RAM: u32 = 0x8000_0000;
const HANDLER: u32 = RAM + 0x200;
const STOP: u32 = 0x0000_006f;
/// No run here takes more than a second, but without optimisation on a busy machine.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 20 });
const MCAUSE: usize = 8;
const MTVAL: usize = 9;
const MEPC: usize = 18;

/// RAM, the privileged specification's timer, and nothing else.
const SMALL: &str = "description = \"RAM and a timer\"\n\
    [[memory]]\nbase = 0x80000000\nsize = 0x2000\n\
    [[device]]\ntype = \"timer\"\nbase = 0x02000000\nmtime = 0\nmtimecmp = 8\n";
const MTIME: u32 = 0x0200_0000;

/// Runs words from the start of RAM on with a handler that keeps cause, value and address in `s0`,
/// `s1` and `s2`.
fn run_words(words: Vec<u32>) -> End {
    let setup = asm![li(T0, HANDLER), csrw(0x305, T0)];
    let handler =
        asm![csr(2, 8, 0x342, ZERO), csr(2, 9, 0x343, ZERO), csr(2, 18, 0x341, ZERO), STOP];
    // The core with a vectored handler only looks at the base for exceptions.
    run(&loaded(&[(RAM, asm![setup, words, STOP]), (HANDLER, handler)]), 200)
}

#[track_caller]
fn assert_trapped(end: &End, cause: Cause, tval: u32, pc: u32) {
    let expected = (cause.code(), tval, pc);
    assert_eq!((end.regs[MCAUSE], end.regs[MTVAL], end.regs[MEPC]), expected);
    assert_eq!(end.traps.count(), 1);
}

fn small(words: &[u32]) -> Board {
    let mut board = board(SMALL, RAM);
    put(&mut board, RAM, words);
    board
}

/// Runs a board on every core, for so many instructions, in a time that a hang would exceed by far.
fn ends_soon(board: &Board, budget: u64) -> [Machine<Board, Exact>; 3] {
    let begin = Instant::now();
    let machines = ALL.map(|profile| {
        let reset = Reset { profile, entry: RAM, vectors: None };
        let mut machine = Machine::new(board.clone(), Exact::new(Latency::FAST), Silent, reset);
        assert_eq!(machine.run(budget), Stop::Budget);
        assert_eq!(machine.retired() + machine.traps().count(), budget);
        machine
    });
    assert!(begin.elapsed() < LIMIT, "{:?}", begin.elapsed());
    machines
}

#[test]
fn a_stack_that_grows_down_into_a_device_writes_to_it() {
    // Right below RAM is a console that prints the low byte of every store.
    let push = |byte: u32| asm![addi(2, 2, -4), addi(T1, ZERO, byte as i32), sw(T1, 2, 0)];
    let pushes: Vec<u32> = b"abcdef".iter().flat_map(|byte| push(u32::from(*byte))).collect();
    let save = asm![li(2, RAM + 0x2000 - 0x2000 + 8)];
    // The first two go over the code that has run already.
    let end = run_words(asm![save, pushes]);
    assert_eq!((end.console.as_slice(), end.traps.count()), (&b"cdef"[..], 0));
    assert_eq!(end.memory[..8], [b'b', 0, 0, 0, b'a', 0, 0, 0]);
}

#[test]
fn a_store_from_a_device_into_ram_goes_to_both() {
    let end = run_words(asm![li(T1, 0x6463_6261), li(T2, RAM - 2), sw(T1, T2, 0)]);
    assert_eq!((end.console.as_slice(), &end.memory[..2]), (&b"ab"[..], &b"cd"[..]));
}

#[test]
fn a_jump_to_where_there_is_no_memory_faults_there() {
    for to in [0x1000_0000, 0x7fff_fffc, 0x3000_0000, 0x8001_2000] {
        let end = run_words(asm![li(T1, to), jalr(ZERO, T1, 0)]);
        assert_trapped(&end, Cause::InstructionAccessFault, to, to);
    }
}

#[test]
fn a_jump_into_data_executes_them_up_to_the_first_illegal_ones() {
    // "addi a0, a0, 5" among zeros.
    let data = RAM + 0x1000;
    let main = asm![li(T0, HANDLER), csrw(0x305, T0), li(T1, data), jalr(ZERO, T1, 0)];
    let handler =
        asm![csr(2, 8, 0x342, ZERO), csr(2, 9, 0x343, ZERO), csr(2, 18, 0x341, ZERO), STOP];
    let five = asm![addi(A0, A0, 5)];
    let end = run(&loaded(&[(RAM, main), (HANDLER, handler), (data, five)]), 200);
    assert_trapped(&end, Cause::IllegalInstruction, 0, data + 4);
    assert_eq!(end.regs[A0 as usize], 5);
}

#[test]
fn execution_runs_across_adjacent_memories_and_faults_at_the_end_of_the_last() {
    let last = RAM + 0x1_1ffc;
    let path = [(RAM + 0xfffc, asm![addi(A0, A0, 1)]), (RAM + 0x1_0000, vec![NOP; 0x3ff])];
    let rest = [
        (RAM + 0x1_0ffc, asm![addi(A0, A0, 2)]),
        (RAM + 0x1_1000, vec![NOP; 0x3ff]),
        // The last halfword is the first half of a 32-bit instruction.
        (last, vec![0x0013_0001]),
    ];
    let handler =
        asm![csr(2, 8, 0x342, ZERO), csr(2, 9, 0x343, ZERO), csr(2, 18, 0x341, ZERO), STOP];
    let main = asm![li(T0, HANDLER), csrw(0x305, T0), li(T1, RAM + 0xfffc), jalr(ZERO, T1, 0)];
    let mut board = loaded(&[(RAM, main), (HANDLER, handler)]);
    path.iter().chain(&rest).for_each(|(addr, words)| put(&mut board, *addr, words));
    let end = run(&board, 3000);
    assert_trapped(&end, Cause::InstructionAccessFault, last + 4, last + 2);
    assert_eq!(end.regs[A0 as usize], 3);
}

#[test]
fn an_access_that_wraps_around_the_address_space_reaches_both_ends() {
    let end = run_words(asm![
        li(T1, 0x4433_2211),
        addi(T2, ZERO, -2),
        sw(T1, T2, 0),
        load(2, A0, T2, 0),
        load(5, A1, ZERO, 0),
        addi(T2, ZERO, -1),
        load(5, 12, T2, 0),
        load(1, 13, T2, 0),
    ]);
    assert_eq!(end.traps.count(), 0);
    assert_eq!(end.regs[10..14], [0x4433_2211, 0x4433, 0x3322, 0x3322]);
    // Without memory there, the first half is the one that is reported.
    let board = small(&asm![addi(T2, ZERO, -2), load(2, A0, T2, 0)]);
    let mut machine = Machine::new(board, Exact::new(Latency::FAST), Silent, Reset::cve2(RAM));
    let Stop::Trap(trap) = machine.run(10) else { panic!("no trap") };
    assert_eq!((trap.cause, trap.tval), (Cause::LoadAccessFault, 0xffff_fffe));
}

#[test]
fn a_handler_that_faults_itself_ends_with_the_budget() {
    // No memory, illegal instructions, an EBREAK, a load from nowhere, MRET to nowhere.
    for (vector, handler) in [
        (0x3000_0000, vec![]),
        (HANDLER, vec![0]),
        (HANDLER, asm![EBREAK]),
        (HANDLER, asm![load(2, A0, ZERO, 0)]),
        (HANDLER, asm![csrw(0x341, ZERO), MRET]),
    ] {
        let mut board = small(&asm![li(T0, vector), csrw(0x305, T0), ECALL]);
        put(&mut board, HANDLER, &handler);
        for machine in ends_soon(&board, 300_000) {
            // One of them retires two instructions for each exception.
            assert!(machine.traps().count() >= 99_999, "{}", machine.traps().count());
        }
    }
}

#[test]
fn interrupts_without_end_end_with_the_budget() {
    // The handler does not quieten the timer, or the lines of a test bench with the non-maskable
    // one.
    let all = asm![li(T2, 0x4000_0000), addi(T1, ZERO, -1), sw(T1, T2, 0), sw(T1, T2, 4)];
    let timer = asm![li(T2, MTIME), sw(ZERO, T2, 12), sw(ZERO, T2, 8)];
    let main = |source: Vec<u32>| {
        let enable = asm![addi(T1, ZERO, -1), csrw(0x304, T1), csr(6, ZERO, 0x300, 8)];
        asm![li(T0, HANDLER), csrw(0x305, T0), source, enable, STOP]
    };
    let handlers = vec![MRET; 40];
    let mut board = small(&main(timer));
    put(&mut board, HANDLER, &handlers);
    for machine in ends_soon(&board, 300_000) {
        assert_eq!(machine.traps().count(), 0);
    }
    ends_soon(&loaded(&[(RAM, main(all)), (HANDLER, handlers)]), 300_000);
}

#[test]
fn the_vector_of_an_interrupt_wraps_around_the_address_space() {
    // With mtvec at the last word, that of interrupt 7 is at 0x18.
    let main = asm![
        addi(T0, ZERO, -3),
        csrw(0x305, T0),
        li(T2, 0x200_0008),
        sw(ZERO, T2, 4),
        sw(ZERO, T2, 0),
        addi(T1, ZERO, 0x80),
        csrw(0x304, T1),
        csr(6, ZERO, 0x300, 8),
        STOP,
    ];
    let board = loaded(&[(RAM, main), (0x18, asm![addi(A0, ZERO, 7), STOP])]);
    let reset = Reset { profile: &GENERIC, entry: RAM, vectors: None };
    let mut machine = Machine::new(board, Exact::new(Latency::FAST), Silent, reset);
    assert_eq!((machine.run(100), machine.reg(10)), (Stop::Budget, 7));
}

/// Sleeps with `mie` all ones after storing to the timer's words (mtime low and high, mtimecmp low
/// and high).
fn sleep(stores: &[(i32, i32)]) -> (Stop, u64) {
    let stores =
        stores.iter().flat_map(|(at, value)| asm![addi(T1, ZERO, *value), sw(T1, T2, *at)]);
    let enable = asm![li(T2, MTIME), addi(T1, ZERO, -1), csrw(0x304, T1)];
    let board = small(&asm![enable, stores.collect::<Vec<u32>>(), WFI, STOP]);
    let ends = ALL.map(|profile| {
        let reset = Reset { profile, entry: RAM, vectors: None };
        let mut machine = Machine::new(board.clone(), Exact::new(Latency::FAST), Silent, reset);
        let stop = machine.run(100);
        (stop, machine.elapsed())
    });
    assert!(ends[1..].iter().all(|end| end.0 == ends[0].0));
    ends[0]
}

#[test]
fn sleep_that_nothing_ends_is_the_end_of_the_run() {
    // The timer as it is after reset, which would wake the core after 2^64 cycles.
    assert!(matches!(sleep(&[]).0, Stop::Asleep { .. }));
    // Time set back to 0, and mtimecmp as high as it goes.
    assert!(matches!(sleep(&[(4, 0), (0, 0), (8, -1), (12, -1)]).0, Stop::Asleep { .. }));
    // Time set so far forward that it begins again at 0 before long, and a time to wake at that is
    // past.
    let (stop, elapsed) = sleep(&[(4, -1), (0, -200), (12, 0), (8, 100)]);
    assert_eq!(stop, Stop::Budget);
    assert!(elapsed < 1000, "{elapsed}");
}

#[test]
fn sleep_as_long_as_it_takes_is_slept_at_once() {
    let (stop, elapsed) = sleep(&[(4, 0), (12, 0x400)]);
    assert_eq!(stop, Stop::Budget);
    // The low word of mtimecmp is still all ones.
    assert!((0x400_ffff_ffff..0x401_0000_1000).contains(&elapsed), "{elapsed:#x}");
}

#[test]
fn what_a_program_prints_is_kept_up_to_a_limit() {
    // UART, console, simulator control, and HTIF are all the same console.
    let main = asm![
        li(T0, 0x1000_0000),
        li(T1, 0x7fff_fff0),
        addi(A0, ZERO, 0x41),
        store(0, A0, T0, 0),
        sw(A0, T1, 0),
        jal(ZERO, -8),
    ];
    let [machine, ..] = ends_soon(&loaded(&[(RAM, main)]), 15_000_000);
    assert_eq!(machine.bus().console().len(), 1 << 22);
}

#[test]
fn mhpmcounter11_counts_the_waits_for_the_multiplier_on_ibex_and_sleep_on_cve2() {
    // MUL takes 3 cycles and MULH 4: two and three of them are waits.
    let board =
        small(&asm![r(1, 0, A0, A1, A1), r(1, 1, A0, A1, A1), csr(2, A0, 0xb0b, ZERO), STOP]);
    for (profile, waits) in [(&IBEX, 5), (&CVE2, 0)] {
        let reset = Reset { profile, entry: RAM, vectors: None };
        let unit = Exact::new(Latency::FAST);
        let mut machine = Machine::new(board.clone(), unit, Silent, reset);
        machine.run(10);
        assert_eq!(machine.reg(10), waits, "{profile}");
    }
}

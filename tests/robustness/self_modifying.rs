//! Programs that write instructions. A store takes effect on the very next instruction, with
//! FENCE.I or without; what stands beside the written bytes stays as it is.

use crate::bench::{End, board, loaded, put, run};
use crate::code::*;

const RAM: u32 = 0x8000_0000;
/// Input for the host's calls: `addi a0, a0, 16`.
const PLUS_16: u32 = 0x0105_0513;
const PLUS_1: u32 = 0x0015_0513;
const RET: u32 = 0x0000_8067;
const STOP: u32 = 0x0000_006f;

fn a0(end: &End) -> u32 {
    end.regs[A0 as usize]
}

/// Runs the words from the start of RAM on; they end in a loop. Returns `a0`.
fn run_words(words: Vec<u32>) -> u32 {
    a0(&run(&loaded(&[(RAM, words)]), 300))
}

/// `sw t1, 0(t0)`, or another store, over the instruction that follows, and FENCE.I if wanted.
fn over_next(value: u32, store: u32, offset: u32, fence: bool) -> u32 {
    let fence = if fence { vec![FENCE_I] } else { vec![] };
    let at = RAM + 20 + 4 * fence.len() as u32 + offset;
    run_words(asm![li(T0, at), li(T1, value), store, fence, addi(A0, A0, 1), STOP])
}

#[test]
fn a_store_changes_the_next_instruction_with_and_without_a_fence() {
    for fence in [false, true] {
        assert_eq!(over_next(PLUS_16, sw(T1, T0, 0), 0, fence), 16);
        // The upper half is imm[11:0] and rs1[4:1]: 7 and 10/2.
        assert_eq!(over_next(0x0075, store(1, T1, T0, 0), 2, fence), 7);
        // The uppermost byte is imm[11:4], the lower four bits stay 1.
        assert_eq!(over_next(0x7f, store(0, T1, T0, 0), 3, fence), 0x7f1);
    }
}

#[test]
fn a_store_two_bytes_off_changes_one_half_of_each_of_two_instructions() {
    // Over the upper half of `addi a0, a0, 1` and the lower half of `addi a0, a0, 2`: 16, and rd a1
    // instead of a0.
    let lower_of_second = addi(A1, A0, 2) & 0xffff;
    let words = asm![
        li(T0, RAM + 22),
        li(T1, lower_of_second << 16 | PLUS_16 >> 16),
        sw(T1, T0, 0),
        addi(A0, A0, 1),
        addi(A0, A0, 2),
        STOP,
    ];
    let end = run(&loaded(&[(RAM, words)]), 300);
    assert_eq!((a0(&end), end.regs[A1 as usize]), (16, 18));
}

#[test]
fn a_store_across_two_lines_changes_the_code_in_both() {
    // The function begins at 0x102 with `c.nop`s, so that a 32-bit instruction lies across
    // 0x13e..0x142.
    let mut function = vec![0x0001_0001; 15];
    function.extend(asm![PLUS_1, RET]);
    let main = |at: u32, value: u32| {
        asm![
            jal(RA, 0x102),
            li(T0, RAM + at),
            li(T1, value),
            sw(T1, T0, 0),
            jal(RA, 0x102 - 24),
            STOP,
        ]
    };
    // Its whole 32 bits, by a misaligned store.
    assert_eq!(a0(&run(&loaded(&[(RAM, main(0x13e, PLUS_16)), (RAM + 0x102, function)]), 300)), 17);
}

#[test]
fn a_store_changes_an_earlier_instruction_of_its_own_block() {
    // Three times round: +1 at first, then +16.
    let words = asm![
        li(T0, RAM + 20),
        li(T1, PLUS_16),
        addi(T2, ZERO, 3),
        PLUS_1,
        sw(T1, T0, 0),
        addi(T2, T2, -1),
        branch(1, T2, ZERO, -12),
        STOP,
    ];
    assert_eq!(run_words(words), 33);
}

/// A function of five instructions at `at` is called, one of its words replaced, and called again.
/// Returns `a0`.
fn change_in_function(at: u32, changed: u32, half_off: bool) -> u32 {
    let function = asm![PLUS_1, PLUS_1, PLUS_1, PLUS_1, RET];
    let at = if half_off { at - 2 } else { at };
    let call = asm![li(T2, at), jalr(RA, T2, 0)];
    let patch = at.wrapping_add(4 * changed);
    let main = asm![&call[..], li(T0, patch), li(T1, PLUS_16), sw(T1, T0, 0), &call[..], STOP];
    let mut board = loaded(&[(RAM, main)]);
    // Halfword by halfword, since the function may lie in two memories.
    for (i, word) in function.into_iter().enumerate() {
        for (half, value) in [(0, word), (2, word >> 16)] {
            let to = at.wrapping_add(4 * i as u32 + half);
            board.poke(to, &(value as u16).to_le_bytes()).unwrap();
        }
    }
    a0(&run(&board, 300))
}

#[test]
fn a_store_changes_the_middle_of_another_block_wherever_that_lies() {
    for at in [
        RAM + 0x400,
        // Across a line, across two adjacent memories, and across the end of the address space.
        RAM + 0x438,
        RAM + 0xfff8,
        RAM + 0x1_0ff8,
        0xffff_fff0,
        0xffff_fff8,
    ] {
        for changed in 0..4 {
            for half_off in [false, true] {
                let patch = at.wrapping_sub(2 * u32::from(half_off)).wrapping_add(4 * changed);
                // The third memory is read-only: the store faults, and without a handler the run is
                // over.
                let refused = (RAM + 0x1_1000..RAM + 0x1_2000).contains(&patch.wrapping_add(3));
                let expected = if refused { 4 } else { 4 + 19 };
                let got = change_in_function(at, changed, half_off);
                assert_eq!(got, expected, "{at:#x}, word {changed}, half a word off: {half_off}");
            }
        }
    }
}

#[test]
fn stores_beside_code_leave_it_alone() {
    // The counter is in the line of the loop, after it.
    let words = asm![
        li(T0, RAM + 0x3c),
        addi(T2, ZERO, 40),
        load(2, T1, T0, 0),
        addi(T1, T1, 3),
        sw(T1, T0, 0),
        addi(T2, T2, -1),
        branch(1, T2, ZERO, -16),
        load(2, A0, T0, 0),
        STOP,
    ];
    assert_eq!(run_words(words), 120);
}

#[test]
fn an_instruction_behind_a_branch_that_becomes_wfi_is_seen_by_the_counters() {
    // mhpmcounter11 of cve2 counts cycles with WFI in the decoder: one for each taken branch before
    // a WFI.
    let program = |behind: u32, patch: u32| {
        let words =
            asm![li(T0, RAM + 0x80), li(T1, patch), addi(T2, ZERO, 3), jal(ZERO, 0x7c - 20),];
        let body = asm![
            branch(0, ZERO, ZERO, 8),
            behind,
            sw(T1, T0, 0),
            addi(T2, T2, -1),
            branch(1, T2, ZERO, -16),
            NOP,
            csr(2, A0, 0xb0b, ZERO),
            STOP,
        ];
        a0(&run(&loaded(&[(RAM, words), (RAM + 0x7c, body)]), 300))
    };
    assert_eq!((program(NOP, NOP), program(WFI, WFI)), (0, 3));
    // The first time round before the store, twice after it.
    assert_eq!((program(NOP, WFI), program(WFI, NOP)), (2, 1));
}

#[test]
fn code_that_the_host_writes_for_semihosting_is_executed() {
    let block = RAM + 0x800;
    let function = RAM + 0x400;
    let main = asm![
        li(T2, function),
        jalr(RA, T2, 0),
        // Opens ":tt" for reading, then reads four bytes over the function.
        li(A1, block),
        addi(A0, ZERO, 1),
        SEMIHOST,
        li(A1, block + 16),
        sw(A0, A1, 0),
        addi(A0, ZERO, 6),
        SEMIHOST,
        addi(A0, ZERO, 0),
        jalr(RA, T2, 0),
        STOP,
    ];
    let mut board = loaded(&[(RAM, main), (function, asm![PLUS_1, RET])]);
    put(&mut board, block, &[block + 0x40, 0, 3, 0, 0, function, 4]);
    board.poke(block + 0x40, b":tt").unwrap();
    board.set_input(PLUS_16.to_le_bytes().to_vec());
    assert_eq!(a0(&run(&board, 300)), 16);
}

#[test]
fn code_that_the_host_writes_for_htif_is_executed() {
    let (frame, function, tohost) = (RAM + 0x800, RAM + 0x400, RAM + 0x1f00);
    // The command is taken at once if the high word comes too, and some cycles later if not.
    for high in [vec![sw(ZERO, T0, 4)], vec![NOP]] {
        let main = asm![
            li(T2, function),
            jalr(RA, T2, 0),
            li(T0, tohost),
            li(T1, frame),
            high,
            sw(T1, T0, 0),
            load(2, T1, T0, 0),
            branch(1, T1, ZERO, -4),
            jalr(RA, T2, 0),
            STOP,
        ];
        let mut board = loaded(&[(RAM, main), (function, asm![PLUS_1, RET])]);
        // read(0, function, 4)
        put(&mut board, frame, &[63, 0, 0, 0, function, 0, 4, 0]);
        board.set_input(PLUS_16.to_le_bytes().to_vec());
        assert_eq!(a0(&run(&board, 300)), 17);
    }
}

#[test]
fn a_store_into_two_memories_reaches_a_mailbox_in_the_second() {
    let text = "description = \"tohost at the start of a memory\"\n\
        [[memory]]\nbase = 0x80000000\nsize = 0x1000\n\
        [[memory]]\nbase = 0x80001000\nsize = 0x1000\n\
        [htif]\ntohost = 0x80001000\n";
    let mut board = board(text, RAM);
    let words = asm![li(T0, RAM + 0xffe), li(T1, 9 << 16 | 0x33), sw(T1, T0, 0), STOP];
    put(&mut board, RAM, &words);
    assert_eq!(run(&board, 300).stop, stuckat::cpu::Stop::Exit(4));
}

#[test]
fn a_loop_that_writes_code_again_and_again_takes_the_same_time_each_time() {
    // The function lies in two lines, of which one is written each time, and data beside its end
    // too.
    let function = RAM + 0x430;
    // An event counter is read too, for which all blocks that were ever executed count.
    let main = asm![
        li(T2, function),
        li(T0, RAM + 0x460),
        li(T1, PLUS_1),
        sw(T1, T2, 0),
        jalr(RA, T2, 0),
        sw(T1, T0, 0),
        csr(2, A1, 0xb08, ZERO),
        jal(ZERO, -16),
    ];
    let board = loaded(&[(RAM, main), (function, asm![PLUS_1, NOP, NOP, NOP, NOP, RET])]);
    let reset = stuckat::cpu::Reset::cve2(RAM);
    let unit = stuckat::unit::Exact::new(stuckat::unit::Latency::FAST);
    let mut machine = stuckat::cpu::Machine::new(board, unit, stuckat::cpu::Silent, reset);
    // It takes less than a second, and took more than a minute.
    let begin = std::time::Instant::now();
    let budget = if cfg!(debug_assertions) { 200_000 } else { 2_000_000 };
    assert_eq!(machine.run(budget), stuckat::cpu::Stop::Budget);
    assert!(begin.elapsed() < std::time::Duration::from_secs(20), "{:?}", begin.elapsed());
}

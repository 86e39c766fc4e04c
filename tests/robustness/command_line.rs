//! `stuckat run` with programs that nobody would write, and with outputs that cannot be written.

use crate::cli::{BINARY, ELF, IO, bash, file, folder, stuckat};
use crate::code::*;
use crate::common::Random;
use crate::tiny_elf::{RAM, TinyElf};
use std::time::{Duration, Instant};

const STOP: u32 = 0x0000_006f;

fn elf(words: &[u32], symbols: Vec<(&'static str, u32, u32)>) -> Vec<u8> {
    let data = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    TinyElf { data, mem_len: 0x1000, symbols, ..TinyElf::default() }.bytes()
}

#[test]
fn random_programs_end_with_a_documented_exit_code() {
    let dir = folder();
    let mut random = Random(7);
    for number in 0..40 {
        let words: Vec<u32> = (0..200).map(|_| random.next() as u32).collect();
        let path = file(&dir, "random.elf", elf(&words, Vec::new()));
        let core = ["cve2", "ibex", "generic"][number % 3];
        let platform = ["mcu", "virt"][number % 2];
        let words = ["run", "--core", core, "--platform", platform, "--max-insns", "10000", &path];
        let ended = stuckat(words).run();
        let documented = |code| matches!(code, 0..=119 | 123..=126);
        assert!(ended.code.is_some_and(documented), "{ended:?}");
    }
}

#[test]
fn programs_that_try_to_grow_the_simulator_stay_below_its_bounds() {
    let function = asm![addi(A0, A0, 1), 0x0000_8067];
    let call = asm![li(T2, RAM + 0x800), li(T1, function[0]), sw(T1, T2, 0), jalr(RA, T2, 0)];
    let open = asm![li(A1, RAM + 0x800), addi(A0, ZERO, 1), SEMIHOST];
    let print = asm![li(A1, 0x1000_0000), store(0, A1, A1, 0)];
    let trap = asm![li(T0, RAM), csrw(0x305, T0), 0];
    // Jumps one halfword further each time, through memory of zeros after a page of `c.nop`s.
    let wander = asm![
        li(T0, RAM),
        csrw(0x305, T0),
        addi(2, 2, 2),
        i(0x13, 7, 2, 2, 0x7fe),
        li(T1, RAM + 0x400),
        r(0, 0, T1, T1, 2),
        jalr(ZERO, T1, 0)
    ];
    let dir = folder();
    for (name, body) in
        [("writes", call), ("opens", open), ("prints", print), ("traps", trap), ("wanders", wander)]
    {
        let mut words = body;
        words.push(jal(ZERO, -4 * words.len() as i32));
        words.resize(0x100, 0x0001_0001);
        words.resize(0x200, 0);
        words.extend(&function);
        let path = file(&dir, name, elf(&words, Vec::new()));
        // KiB of address space; what is decoded is kept up to some 150 MiB.
        let script =
            "ulimit -v 600000; \"$1\" run --platform mcu --max-insns 5000000 \"$2\" | wc -c";
        let ended = bash(script, [BINARY, &path]).succeeds();
        assert!(ended.stderr.contains("budget of 5,000,000"), "{name}: {ended:?}");
    }
}

#[test]
fn an_exit_by_the_last_instruction_of_the_budget_is_an_exit() {
    let dir = folder();
    // The store to the finisher is the fourth instruction.
    let path = file(&dir, "exit.elf", elf(&crate::tiny_elf::EXIT_0, Vec::new()));
    stuckat(["run", "--max-insns", "4", &path]).succeeds();
    stuckat(["run", "--max-insns", "3", &path]).is_refused(124, &["budget"]);
}

#[test]
fn a_trace_that_nobody_reads_any_more_ends_the_run() {
    let dir = folder();
    let path = file(&dir, "loop.elf", elf(&[STOP], Vec::new()));
    let begin = Instant::now();
    let script = "\"$1\" run --trace - \"$2\" | head -n 2; exit ${PIPESTATUS[0]}";
    let ended = bash(script, [BINARY, &path]).succeeds();
    assert_eq!((ended.stdout.lines().count(), ended.stderr.as_str()), (2, ""));
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
}

#[test]
fn outputs_of_a_run_that_cannot_be_written_are_named_before_long() {
    let dir = folder();
    let begin = Instant::now();
    let path = file(&dir, "loop.elf", elf(&[STOP], Vec::new()));
    let full = stuckat(["run", "--trace", "/dev/full", &path]);
    full.is_refused(IO, &["/dev/full: cannot be written"]);
    for format in ["ibex", "spike", "json", "binary"] {
        let full = stuckat(["run", "--trace", "/dev/full", "--trace-format", format, &path]);
        full.is_refused(IO, &["/dev/full: cannot be written"]);
    }
    let ring = ["run", "--trace", "/dev/full", "--trace-last", "9", "--max-insns", "99", &path];
    stuckat(ring).is_refused(IO, &["/dev/full: cannot be written"]);
    let nowhere = stuckat(["run", "--trace", "/nowhere/trace.csv", &path]);
    nowhere.is_refused(IO, &["/nowhere/trace.csv: cannot be written"]);
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
    let symbols = vec![("begin_signature", RAM, 8), ("end_signature", RAM + 8, 0)];
    let path = file(&dir, "signature.elf", elf(&crate::tiny_elf::EXIT_0, symbols));
    let full = stuckat(["run", "--signature", "/dev/full", &path]);
    full.is_refused(IO, &["/dev/full: cannot be written"]);
    let given = stuckat(["run", "--signature", "/dev/stdout", &path]).succeeds();
    assert_eq!(given.stdout, "001002b7\n00005337\n");
}

#[test]
fn what_a_program_prints_stays_out_of_a_trace_on_standard_output() {
    let ended = stuckat(["run", "--trace", "-", "--max-insns", "3000", ELF]).run();
    let dir = folder();
    let print = asm![li(A1, 0x1000_0000), addi(A0, ZERO, 0x41), store(0, A0, A1, 0)];
    let path = file(&dir, "print.elf", elf(&asm![print, crate::tiny_elf::EXIT_0], Vec::new()));
    let printed = stuckat(["run", "--trace", "-", &path]).succeeds();
    assert_eq!(printed.stderr, "A");
    for (ended, lines) in [(ended, 3001), (printed, 9)] {
        assert_eq!(ended.stdout.lines().count(), lines);
        assert!(ended.stdout.lines().all(|line| line.split(',').count() == 21));
    }
}

#[test]
fn input_comes_from_standard_input() {
    // Copies the UART's input to its output until there is no more, then ends with 0.
    let copy = asm![
        li(A1, 0x1000_0000),
        load(4, A0, A1, 5),
        i(0x13, 7, A0, A0, 1),
        branch(0, A0, ZERO, 16),
        load(4, A0, A1, 0),
        store(0, A0, A1, 0),
        jal(ZERO, -20),
        crate::tiny_elf::EXIT_0,
    ];
    let dir = folder();
    let path = file(&dir, "copy.elf", elf(&copy, Vec::new()));
    let script = "printf 'one two' | \"$1\" run --input - \"$2\"";
    assert_eq!(bash(script, [BINARY, &path]).succeeds().stdout, "one two");
    let script = "\"$1\" run --input - \"$2\" < /dev/null";
    assert_eq!(bash(script, [BINARY, &path]).succeeds().stdout, "");
}

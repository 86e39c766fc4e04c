//! Whole inferences: the default firmware on the exact multiplier, on the netlist, and against another's interpreter.

mod common;
#[path = "bad_input/tiny_elf.rs"]
#[allow(dead_code)] // Made for tests that need more of it.
mod tiny_elf;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use stuckat::campaign::golden::GOLDEN_BUDGET;
use stuckat::campaign::images::Images;
use stuckat::campaign::outcome::Answers;
use stuckat::cpu::Stop;
use stuckat::cpu::profile::CVE2;
use stuckat::netlist::Circuit;
use stuckat::netlist::fast_unit::FastUnit;
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::netlist::sequence::Sequences;
use stuckat::unit::{Exact, Latency};
use stuckat::workload::{Program, Run, Runner};

fn file(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn program() -> Program {
    Program::new(&file("firmware/prebuilt/mnist-cnn.elf"), &CVE2, None).unwrap()
}

/// The ten int8 scores of each of the 10,000 test images, computed by the PyPI package `tflite-micro`.
fn expected_scores() -> Vec<u8> {
    let packed = file("firmware/models/mnist_cnn/expected_scores.i8.gz");
    let mut scores = Vec::new();
    flate2::read::GzDecoder::new(&*packed).read_to_end(&mut scores).unwrap();
    assert_eq!(scores.len(), 100_000);
    scores
}

/// Runs the images and compares every output byte; returns how many are answered with their label.
fn compare_with_tflite_micro(chosen: impl Iterator<Item = usize>) -> usize {
    let (program, images, expected) = (program(), Images::builtin().unwrap(), expected_scores());
    let mut runner = Runner::new(&program, Exact::new(Latency::SINGLE_CYCLE));
    let mut correct = 0;
    for image in chosen {
        let run = runner.run(&images.input(image), GOLDEN_BUDGET);
        assert_eq!(run.stop, Stop::Exit(0), "image {image}");
        assert_eq!(run.output, expected[image * 10..image * 10 + 10], "image {image}");
        let best = Answers::INT8.top(&run.output, 1)[0];
        correct += usize::from(Some(best) == images.label(image).map(usize::from));
    }
    correct
}

#[test]
fn the_network_on_the_core_answers_as_tflite_micro() {
    let step = if cfg!(debug_assertions) { 500 } else { 50 };
    compare_with_tflite_micro((0..10_000).step_by(step));
}

#[test]
#[ignore = "the full test set: about a minute in release mode"]
fn the_network_on_the_core_answers_as_tflite_micro_on_the_full_test_set() {
    let correct = compare_with_tflite_micro(0..10_000);
    println!("{correct} of 10,000 test images are answered with their label on the emulated core");
    // The model card's figure, measured with tflite-micro on the host.
    assert_eq!(correct, 9_888);
}

/// The run with gates, once evaluated clock by clock and once through folded programs, is the exact run.
fn compare_multipliers(image: usize, clock_by_clock: bool) {
    let (program, images) = (program(), Images::builtin().unwrap());
    let circuit = Arc::new(Circuit::default_multiplier());
    let input = images.input(image);
    let exact = Runner::new(&program, Exact::new(circuit.latency())).run(&input, GOLDEN_BUDGET);
    assert_eq!(exact.stop, Stop::Exit(0));
    let check = |gates: Run| {
        assert_eq!(gates.counts.muls, exact.counts.muls);
        assert_eq!(gates, exact, "image {image}");
    };
    let sound = Sequences::new(&circuit, &[]).unwrap();
    check(Runner::new(&program, FastUnit::new(&circuit, sound)).run(&input, GOLDEN_BUDGET));
    if clock_by_clock {
        check(Runner::new(&program, GateUnit::new(circuit, &[])).run(&input, GOLDEN_BUDGET));
    }
}

#[test]
fn a_whole_inference_through_the_netlist_is_the_inference_with_the_exact_multiplier() {
    // Clock by clock takes about five seconds in release mode, and minutes without optimisation.
    compare_multipliers(0, cfg!(not(debug_assertions)));
    compare_multipliers(1234, false);
}

#[test]
fn the_same_input_gives_the_same_run_whatever_ran_before() {
    let (program, images) = (program(), Images::builtin().unwrap());
    let mut runner = Runner::new(&program, Exact::new(Latency::SINGLE_CYCLE));
    let first = runner.run(&images.input(3), GOLDEN_BUDGET);
    let other = runner.run(&images.input(4), GOLDEN_BUDGET);
    assert_ne!(first.output, other.output);
    // A run cut off in the middle leaves RAM, hart and unit in any state.
    assert_eq!(runner.run(&images.input(5), 100_000).stop, Stop::Budget);
    assert_eq!(runner.run(&images.input(3), GOLDEN_BUDGET), first);
}

/// Two small programs for which memory decides what is executed.
mod code_in_data {
    use super::tiny_elf::{RAM, TinyElf};
    use super::*;

    /// Ends with the exit code in t1: shifts it, adds the finisher's "fail" code, stores it to 0x100000, loops.
    const EXIT_WITH_T1: [u32; 7] = [
        0x0103_1313, // slli t1, t1, 16
        0x0000_33b7, // lui t2, 3
        0x3333_8393, // addi t2, t2, 0x333
        0x0073_0333, // add t1, t1, t2
        0x0010_02b7, // lui t0, 0x100
        0x0062_a023, // sw t1, 0(t0)
        0x0000_006f, // j .
    ];

    /// `addi t1, x0, n`
    const fn load_t1(n: u32) -> u32 {
        n << 20 | 0x313
    }

    fn program(words: &[u32], input: u32) -> Program {
        let symbols = vec![("stuckat_input", RAM + input, 4), ("stuckat_output", RAM + 0xf0, 4)];
        let data = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        Program::new(
            &TinyElf { data, mem_len: 256, symbols, ..TinyElf::default() }.bytes(),
            &CVE2,
            None,
        )
        .unwrap()
    }

    /// The exit codes of runs one after the other on one runner.
    fn exits(program: &Program, inputs: &[u32]) -> Vec<Stop> {
        let mut runner = Runner::new(program, Exact::new(Latency::SINGLE_CYCLE));
        inputs.iter().map(|input| runner.run(&input.to_le_bytes(), 1000).stop).collect()
    }

    #[test]
    fn an_input_that_is_executed_is_this_runs_input() {
        let mut words = vec![0; 15];
        words[0] = 0x0200_006f; // j input
        words[8] = load_t1(0); // the input
        words.splice(9..15, EXIT_WITH_T1);
        let program = program(&words, 32);
        let stops = exits(&program, &[load_t1(7), load_t1(9)]);
        assert_eq!(stops, [Stop::Exit(7), Stop::Exit(9)]);
    }

    #[test]
    fn code_that_an_earlier_run_has_written_is_forgotten() {
        let mut words = vec![0; 32];
        words[0] = 0x0000_0297; // auipc t0, 0
        words[1] = 0x0402_a303; // lw t1, 64(t0): the input
        words[2] = 0x0003_0463; // beq t1, x0, +8
        words[3] = 0x0862_a023; // sw t1, 128(t0): over the code below
        words[4] = 0x0700_006f; // j +112, to 128
        words.push(load_t1(5));
        words.extend(EXIT_WITH_T1);
        let program = program(&words, 64);
        let stops = exits(&program, &[load_t1(9), 0, load_t1(3), 0]);
        assert_eq!(stops, [9, 5, 3, 5].map(Stop::Exit));
    }
}

/// What runs with other inputs have in common.
mod beginnings {
    use super::tiny_elf::{RAM, TinyElf};
    use super::*;
    use stuckat::workload::{Beginning, Scout};

    const AUIPC_T0: u32 = 0x0000_0297; // auipc t0, 0
    const NOP: u32 = 0x0000_0013;
    const LIMIT: u64 = 10_000;

    /// The input lies 64 bytes behind the start, the output 240.
    fn program(words: &[u32]) -> Program {
        let symbols = vec![("stuckat_input", RAM + 64, 4), ("stuckat_output", RAM + 240, 4)];
        let data = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let elf = TinyElf { data, mem_len: 256, symbols, ..TinyElf::default() };
        Program::new(&elf.bytes(), &CVE2, None).unwrap()
    }

    /// Finds the beginning, and checks that runs which share it are those from reset.
    fn beginning(program: &Program) -> Beginning {
        let mut unit = Exact::new(Latency::SINGLE_CYCLE);
        let mut scout = Scout::new(program, unit.clone()).expect("nothing else looks at the input");
        let found = scout.find(&mut unit, LIMIT);
        let runs = |runner: &mut Runner<'_, Exact>, inputs: &[u32]| -> Vec<Run> {
            inputs.iter().map(|input| runner.run(&input.to_le_bytes(), LIMIT)).collect()
        };
        let inputs = [0, 0x0010_0313, u32::MAX, 0x0000_006f, 5];
        let expected = runs(&mut Runner::new(program, unit.clone()), &inputs);
        let mut runner = Runner::new(program, unit);
        match found {
            Beginning::Steps(steps) => {
                for _ in 0..2 {
                    let first = inputs[0].to_le_bytes();
                    assert_eq!(runner.run_and_keep(&first, LIMIT, steps), expected[0]);
                    for (input, expected) in inputs.iter().zip(&expected) {
                        let run = runner.run_on(&input.to_le_bytes(), LIMIT);
                        assert_eq!(run.as_ref(), Some(expected), "{input:#x}");
                    }
                    // From reset again, and nothing of what was kept.
                    assert_eq!(runs(&mut runner, &inputs), expected);
                    assert_eq!(runner.run_on(&[0; 4], LIMIT), None);
                }
            }
            Beginning::Whole => assert!(expected.iter().all(|run| *run == expected[0])),
            Beginning::Unknown => {}
        }
        found
    }

    #[test]
    fn a_beginning_ends_before_the_input_is_read() {
        let exit = [0x0103_1313, 0x0000_33b7, 0x3333_8393, 0x0073_0333, 0x0010_02b7, 0x0062_a023];
        // Two stores, whose bytes are to be there in each run: 4 bytes of the output, 4 behind it.
        let stores = [AUIPC_T0, 0x0e52_a823, 0x0e52_aa23];
        let load = [0x0402_a303]; // lw t1, 64(t0)
        let words = [&stores[..], &load, &exit, &[0x0000_006f]].concat();
        assert_eq!(beginning(&program(&words)), Beginning::Steps(3));
        // A byte of it: lb t1, 67(t0). Just before and behind it: lb 63 and lb 68.
        for (offset, end) in [(67, true), (63, false), (68, false)] {
            let load = [offset << 20 | 0x0002_8303];
            let words = [&stores[..], &load, &exit, &[0x0000_006f]].concat();
            let expected = if end { Beginning::Steps(3) } else { Beginning::Whole };
            assert_eq!(beginning(&program(&words)), expected, "{offset}");
        }
        // Half of a misaligned word: lw t1, 62(t0).
        let words = [&stores[..], &[0x03e2_a303], &exit, &[0x0000_006f]].concat();
        assert_eq!(beginning(&program(&words)), Beginning::Steps(3));
    }

    #[test]
    fn a_beginning_ends_before_the_input_is_written() {
        // sw t0, 64(t0); the word there in the end is not the input.
        let words = [AUIPC_T0, NOP, 0x0452_a023, 0x0402_a303, 0x0e62_a823, 0x0000_0073];
        assert_eq!(beginning(&program(&words)), Beginning::Steps(2));
    }

    #[test]
    fn a_beginning_ends_before_the_input_is_executed() {
        let mut words = vec![NOP; 24];
        words[0] = 0x03e0_006f; // j +62: c.nop, then the input
        words[15] = 0x0001_0000; // its upper half is c.nop
        words[17] = 0x0e62_a823; // sw t1, 240(t0)
        words[18] = 0x0000_0073; // ecall
        // Four bytes from 62 on could be one instruction.
        assert_eq!(beginning(&program(&words)), Beginning::Steps(1));
    }

    #[test]
    fn a_beginning_ends_where_the_host_is_called() {
        // slli x0, x0, 31; ebreak; srai x0, x0, 7.
        let words = [NOP, 0x01f0_1013, 0x0010_0073, 0x4070_5013, 0x0000_0073];
        assert_eq!(beginning(&program(&words)), Beginning::Steps(2));
    }

    #[test]
    fn a_run_that_never_looks_is_one_run() {
        assert_eq!(beginning(&program(&super::tiny_elf::EXIT_0)), Beginning::Whole);
        assert_eq!(beginning(&program(&[0x0000_0073])), Beginning::Whole);
        // It might still look: beyond the limit nothing is known.
        assert_eq!(beginning(&program(&[0x0000_006f])), Beginning::Unknown);
    }

    #[test]
    fn there_are_none_where_more_than_the_hart_looks_at_the_input() {
        let elf = |symbols| TinyElf { mem_len: 256, symbols, ..TinyElf::default() }.bytes();
        let scout = |elf: &[u8]| {
            let program = Program::new(elf, &CVE2, None).unwrap();
            Scout::new(&program, Exact::new(Latency::SINGLE_CYCLE)).is_some()
        };
        let (input, output) = (("stuckat_input", RAM + 64, 4), ("stuckat_output", RAM + 68, 4));
        assert!(scout(&elf(vec![input, output])));
        assert!(!scout(&elf(vec![input, ("stuckat_output", RAM + 61, 4)])));
        assert!(!scout(&elf(vec![input, output, ("stuckat_layer", RAM + 67, 4)])));
        // HTIF's host reads memory.
        assert!(!scout(&elf(vec![input, output, ("tohost", RAM + 128, 8)])));
    }

    #[test]
    fn a_whole_inference_can_begin_where_its_input_is_read() {
        let (program, images) = (super::program(), Images::builtin().unwrap());
        let mut unit = Exact::new(Latency::SINGLE_CYCLE);
        let mut scout = Scout::new(&program, unit.clone()).expect("it can have one");
        let Beginning::Steps(steps) = scout.find(&mut unit, GOLDEN_BUDGET) else { panic!() };
        let mut plain = Runner::new(&program, unit.clone());
        let mut runner = Runner::new(&program, unit);
        let first = runner.run_and_keep(&images.input(0), GOLDEN_BUDGET, steps);
        assert_eq!(first, plain.run(&images.input(0), GOLDEN_BUDGET));
        for image in [1, 2, 3, 1] {
            let input = images.input(image);
            let run = runner.run_on(&input, GOLDEN_BUDGET).expect("a beginning is kept");
            assert_eq!(run, plain.run(&input, GOLDEN_BUDGET), "image {image}");
        }
        // Cut off in the beginning or just behind it.
        for budget in [steps - 1, steps, steps + 1] {
            let input = images.input(4);
            let run = runner.run_and_keep(&input, budget, steps);
            assert_eq!(run, plain.run(&input, budget), "{budget} steps");
        }
    }
}

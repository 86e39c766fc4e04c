//! Whole inferences: the default firmware on the exact multiplier, on the netlist, and against another's interpreter.

mod common;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use stuckat::campaign::golden::GOLDEN_BUDGET;
use stuckat::campaign::images::Images;
use stuckat::campaign::outcome::top;
use stuckat::cpu::Stop;
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
    Program::new(&file("firmware/prebuilt/mnist-cnn.elf")).unwrap()
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
        correct += usize::from(top(&run.output, 1)[0] == usize::from(images.label(image)));
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
    let sound = Sequences::new(&circuit, None).unwrap();
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

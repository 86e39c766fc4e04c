//! Compiled code against the interpreter: the same registers, memory, counts and stops on whatever runs.

use std::sync::Arc;
use stuckat::campaign::images::Images;
use stuckat::cpu::profile::CVE2;
use stuckat::netlist::Circuit;
use stuckat::netlist::fault::{Fault, Sites, universe};
use stuckat::netlist::faulty_unit::FaultyUnit;
use stuckat::unit::{Exact, Latency, Recorder};
use stuckat::workload::{Program, Runner};

const ELF: &[u8] = include_bytes!("../firmware/prebuilt/mnist-cnn.elf");

#[test]
fn the_default_network_runs_alike_with_and_without_compiled_code() {
    let program = Program::new(ELF, &CVE2, None).unwrap();
    let images = Images::builtin().unwrap();
    for latency in [Latency::SINGLE_CYCLE, Latency::FAST, Latency::SLOW] {
        let mut compiled = Runner::new(&program, Exact::new(latency));
        let mut interpreted = Runner::new(&program, Exact::new(latency));
        interpreted.set_compiled(None);
        for image in 0..3 {
            let input = images.input(image);
            let expected = interpreted.run(&input, u64::MAX);
            assert_eq!(compiled.run(&input, u64::MAX), expected);
            // Budgets end a run in the middle of anything.
            for part in 1..20 {
                let budget = expected.retired / 20 * part + 7 * part;
                assert_eq!(compiled.run(&input, budget), interpreted.run(&input, budget));
            }
        }
    }
}

#[test]
fn a_recorder_hears_of_the_same_operations() {
    let program = Program::new(ELF, &CVE2, None).unwrap();
    let input = Images::builtin().unwrap().input(0);
    let mut compiled = Runner::new(&program, Recorder::new(Latency::SINGLE_CYCLE));
    let mut interpreted = Runner::new(&program, Recorder::new(Latency::SINGLE_CYCLE));
    interpreted.set_compiled(None);
    assert_eq!(compiled.run(&input, u64::MAX), interpreted.run(&input, u64::MAX));
    assert_eq!(compiled.unit_mut().tuples(), interpreted.unit_mut().tuples());
}

#[test]
fn faulty_multipliers_of_every_form_run_alike() {
    let program = Program::new(ELF, &CVE2, None).unwrap();
    let circuit = Arc::new(Circuit::default_multiplier());
    let images = Images::builtin().unwrap();
    let all = universe(&circuit, Sites::Nets);
    let mut compiled = Runner::new(&program, FaultyUnit::gates(&circuit, &[]));
    let mut interpreted = Runner::new(&program, FaultyUnit::gates(&circuit, &[]));
    interpreted.set_compiled(None);
    for (i, fault) in all.into_iter().step_by(397).enumerate() {
        let fault: [Fault; 1] = [fault];
        let input = images.input(i);
        *compiled.unit_mut() = FaultyUnit::new(&circuit, &fault);
        *interpreted.unit_mut() = FaultyUnit::new(&circuit, &fault);
        assert_eq!(
            compiled.run(&input, 4_000_000),
            interpreted.run(&input, 4_000_000),
            "fault {i}"
        );
    }
}

#[test]
fn a_unit_that_takes_longer_than_the_one_before_passes_no_budget() {
    let program = Program::new(ELF, &CVE2, None).unwrap();
    let input = Images::builtin().unwrap().input(0);
    let slow = Latency { low: 200, high: 400, early_out: false };
    let mut compiled = Runner::new(&program, Recorder::new(Latency::SINGLE_CYCLE));
    compiled.set_compiled(Some(2));
    let retired = compiled.run(&input, u64::MAX).retired;
    let mut interpreted = Runner::new(&program, Recorder::new(slow));
    interpreted.set_compiled(None);
    *compiled.unit_mut() = Recorder::new(slow);
    for part in 1..40 {
        let budget = retired / 40 * part + part;
        assert_eq!(compiled.run(&input, budget), interpreted.run(&input, budget));
    }
}

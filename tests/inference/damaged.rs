//! Damaged `.tflite` files: host or firmware says what is wrong, each time; nothing crashes, nothing hangs.

use super::firmwares;
use super::mutate::damaged;
use super::vectors::operators;
use std::panic::{AssertUnwindSafe, catch_unwind};
use stuckat::cpu::Stop;
use stuckat::model::Model;
use stuckat::unit::{Exact, Latency};
use stuckat::workload::Runner;

/// Far more than any of the small networks takes.
const BUDGET: u64 = 2_000_000_000;
/// The firmware's own codes: firmware/runtime/error.h.
const CODES: std::ops::RangeInclusive<u32> = 1..=11;

/// What became of a damaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The host says what is wrong.
    Host,
    /// The firmware does.
    Firmware,
    /// The damage is one of numbers: the network runs.
    Runs,
}

fn fate(firmware: usize, file: &[u8]) -> Fate {
    let model = match Model::parse(file.to_vec()) {
        Ok(model) => model,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.to_string().contains('\n'));
            return Fate::Host;
        }
    };
    let program = firmwares()[firmware].program.clone();
    let Ok(program) = program.with_model(model.bytes(), model.input_len(), model.output_len())
    else {
        return Fate::Host;
    };
    let mut runner = Runner::new(&program, Exact::new(Latency::SINGLE_CYCLE));
    let run = runner.run(&vec![0; model.input_len()], BUDGET);
    let console = String::from_utf8_lossy(runner.console()).into_owned();
    match run.stop {
        Stop::Exit(0) => Fate::Runs,
        Stop::Exit(code) => {
            assert!(CODES.contains(&code), "exit code {code}: {console}");
            let begin = format!("stuckat: error {code}: ");
            assert!(console.lines().any(|line| line.starts_with(&begin)), "{code}: {console}");
            Fate::Firmware
        }
        stop => panic!("{stop}: {console}"),
    }
}

#[test]
fn a_damaged_network_is_refused_with_a_reason_or_runs() {
    let cases = operators();
    let count: u64 = if cfg!(debug_assertions) { 60 } else { 1_500 };
    let mut fates = [0_usize; 3];
    let step = cases.len() / 30;
    let sound: Vec<_> = cases.iter().step_by(step).collect();
    for number in 0..count {
        let (name, case) = sound[number as usize % sound.len()];
        let file = damaged(&case.tflite, number);
        // Both kernel styles take their turns.
        let fate = catch_unwind(AssertUnwindSafe(|| fate(number as usize / 7 % 2, &file)));
        let fate = fate.unwrap_or_else(|_| panic!("mutation {number} of {name}"));
        fates[fate as usize] += 1;
    }
    println!("refused by the host, refused by the firmware, runs: {fates:?}");
    assert!(fates.iter().all(|n| *n > 0), "the damage is not of every kind: {fates:?}");
}

#[test]
fn a_file_that_is_cut_short_is_refused() {
    let cases = operators();
    for (name, case) in cases.iter().step_by(cases.len() / 8) {
        let step = if cfg!(debug_assertions) { 97 } else { 13 };
        for end in (0..case.tflite.len()).step_by(step) {
            let file = &case.tflite[..end];
            let fate = catch_unwind(AssertUnwindSafe(|| fate(0, file)));
            let fate = fate.unwrap_or_else(|_| panic!("{end} bytes of {name}"));
            // What is cut off may be padding or a part that nobody reads.
            assert!(
                fate != Fate::Runs || end * 10 > case.tflite.len() * 9,
                "{end} bytes of {name}"
            );
        }
    }
}

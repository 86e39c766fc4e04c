//! Every output byte is TensorFlow Lite Micro's (for UINT8, TensorFlow Lite's reference kernels'): see `firmware/tests/vectors`.

use super::{BUDGET, Firmware, file, firmwares};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use stuckat::cpu::Stop;
use stuckat::model::Model;
use stuckat::unit::{Exact, Latency};
use stuckat::workload::{Run, Runner};

/// A network, inputs one after the other, and the outputs that they must give.
#[derive(Default)]
pub struct Case {
    pub tflite: Vec<u8>,
    pub input: Vec<u8>,
    pub output: Vec<u8>,
}

/// `NAME.tflite`, `NAME.in` and `NAME.out` of an archive, by name.
pub fn unpack(path: &Path) -> BTreeMap<String, Case> {
    let packed = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed));
    let mut cases = BTreeMap::<String, Case>::new();
    for entry in archive.entries().expect("a tar archive") {
        let mut entry = entry.expect("a sound archive");
        let path = entry.path().expect("a path").into_owned();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let case = cases.entry(name).or_default();
        let bytes = match path.extension().and_then(|e| e.to_str()) {
            Some("tflite") => &mut case.tflite,
            Some("in") => &mut case.input,
            Some("out") => &mut case.output,
            _ => continue,
        };
        entry.read_to_end(bytes).expect("a sound archive");
    }
    cases
}

/// Runs all inputs of a case; returns the last run.
fn check(firmware: &Firmware, name: &str, case: &Case) -> Run {
    let what = format!("{name} on {}", firmware.name);
    let model = Model::parse(case.tflite.clone()).unwrap_or_else(|e| panic!("{what}: {e}"));
    let (input_len, output_len) = (model.input_len(), model.output_len());
    let program = firmware.program.clone().with_model(model.bytes(), input_len, output_len);
    let program = program.unwrap_or_else(|e| panic!("{what}: {e}"));
    let mut runner = Runner::new(&program, Exact::new(Latency::SINGLE_CYCLE));
    let records = case.input.len() / input_len;
    assert_eq!((records * input_len, records * output_len), (case.input.len(), case.output.len()));
    assert!(records > 0, "{what}");
    let inputs = case.input.chunks_exact(input_len);
    let runs =
        inputs.zip(case.output.chunks_exact(output_len)).enumerate().map(|(i, (input, output))| {
            let run = runner.run(input, BUDGET);
            let console = String::from_utf8_lossy(runner.console()).into_owned();
            assert_eq!(run.stop, Stop::Exit(0), "{what}, input {i}: {console}");
            let unlike = run.output.iter().zip(output).position(|(a, b)| a != b);
            assert_eq!(
                unlike, None,
                "{what}, input {i}: {:02x?} instead of {output:02x?}",
                run.output
            );
            assert_eq!(run.output.len(), output.len(), "{what}, input {i}");
            run
        });
    runs.last().expect("there is an input")
}

/// Every case on every firmware, on all cores.
pub fn check_all(cases: &BTreeMap<String, Case>) {
    let all: Vec<(&Firmware, &String, &Case)> = firmwares()
        .iter()
        .flat_map(|firmware| cases.iter().map(move |(name, case)| (firmware, name, case)))
        .collect();
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some((firmware, name, case)) =
                    all.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    check(firmware, name, case);
                }
            });
        }
    });
}

/// The cases of single operators and small graphs.
pub fn operators() -> BTreeMap<String, Case> {
    unpack(&file("firmware/tests/vectors/operators.tar.gz"))
}

#[test]
fn every_operator_gives_the_bytes_of_tensorflow_lite_micro() {
    let mut cases = operators();
    assert!(cases.len() >= 500, "{} cases", cases.len());
    if cfg!(debug_assertions) {
        let mut number = 0;
        cases.retain(|_, _| {
            number += 1;
            number % 20 == 0
        });
    }
    check_all(&cases);
}

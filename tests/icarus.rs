//! Every multiplier with net and pin faults answers as Icarus Verilog does: gate by gate, by folded programs, by tables.
//!
//! `netlists/tests/fault_reference.py` simulates while the test runs; skipped without Icarus Verilog or Python.

mod common;
#[path = "common/units.rs"]
mod units;

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;
use stuckat::netlist::fast_unit::FastUnit;
use stuckat::netlist::fault::{Fault, Names};
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::netlist::range::Range;
use stuckat::netlist::sequence::Sequences;
use stuckat::netlist::table::Tables;
use stuckat::netlist::{Circuit, Site, screen};
use stuckat::unit::{Answer, MulOp, Tuple, Unit};
use units::Named;

/// What to ask Icarus for.
#[derive(Clone, Copy)]
struct Request {
    named: Named,
    faults: usize,
    operations: usize,
    seed: u64,
}

/// A fault and what Icarus answers to one operation after the other.
struct Reference {
    fault: Fault,
    tuples: Vec<Tuple>,
    answers: Vec<Answer>,
}

fn simulate(request: Request, python: &str, folder: &Path) -> String {
    let Request { named, faults, operations, seed } = request;
    let out = folder.join(format!("{}-{seed}.txt", named.name));
    let mut command = Command::new(python);
    command.arg(units::folder().join("tests/fault_reference.py"));
    command.args(["--unit", named.name, "--sites", "both", "--out"]).arg(&out);
    command.args(["--faults", &faults.to_string(), "--operations", &operations.to_string()]);
    let ended = command.args(["--seed", &seed.to_string()]).output().expect("Python starts");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    std::fs::read_to_string(out).expect("the reference was written")
}

fn read(text: &str, circuit: &Circuit) -> Vec<Reference> {
    let names = Names::new(circuit);
    let mut references: Vec<Reference> = Vec::new();
    let mut last = "";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(' ').collect();
        let [name, op, a, b, value, clocks] = fields[..] else { panic!("line {line}") };
        if last != name {
            let fault = names.fault(name).expect("Icarus knows the same names");
            references.push(Reference { fault, tuples: Vec::new(), answers: Vec::new() });
            last = name;
        }
        let hex = |digits: &str| u32::from_str_radix(digits, 16).expect("hexadecimal digits");
        let op = MulOp::ALL.into_iter().find(|o| o.name() == op).expect("an operation");
        let reference = references.last_mut().expect("it was just pushed");
        reference.tuples.push(Tuple { op, rs1: hex(a), rs2: hex(b) });
        let cycles = clocks.parse().expect("a number of clocks");
        reference.answers.push(match value {
            "never" => Answer::Never,
            _ => Answer::Done { value: hex(value), cycles },
        });
    }
    references
}

/// What was compared.
#[derive(Debug, Default)]
struct Tally {
    faults: usize,
    pins: usize,
    stateful: usize,
    tables: usize,
    operations: usize,
    wrong: usize,
    never: usize,
}

fn compare(circuit: &std::sync::Arc<Circuit>, references: &[Reference]) -> Tally {
    let mut tables = [Range::WIDE_NARROW, Range::NARROW_WIDE]
        .map(|range| Tables::new(circuit, MulOp::MUL, range).expect("the netlist does MUL"));
    let mut tally = Tally::default();
    for Reference { fault, tuples, answers } in references {
        let name = format!("{}: {}", circuit.name(), fault.name(circuit.netlist()));
        tally.faults += 1;
        tally.pins += usize::from(matches!(fault.site, Site::Pin(_)));
        let mut gates = GateUnit::new(circuit.clone(), &[*fault]);
        for (t, answer) in tuples.iter().zip(answers) {
            assert_eq!(gates.exec(t.op, t.rs1, t.rs2), *answer, "{name}: {t:x?}");
            tally.operations += 1;
            tally.never += usize::from(*answer == Answer::Never);
            let (value, cycles) = (units::wide_product(*t), circuit.latency().of(t.op));
            tally.wrong += usize::from(*answer != Answer::Done { value, cycles });
        }
        let Ok(sequences) = Sequences::new(circuit, &[*fault]) else {
            tally.stateful += 1;
            continue;
        };
        // An operation that never answers is the last one of a run: only what comes before counts.
        let end = answers.iter().position(|a| *a == Answer::Never).map_or(answers.len(), |i| i + 1);
        let (tuples, answers) = (&tuples[..end], &answers[..end]);
        for ((t, answer), folded) in
            tuples.iter().zip(answers).zip(screen::answers(&sequences, tuples))
        {
            assert_eq!(folded, *answer, "{name}, folded: {t:x?}");
        }
        let mut fast = FastUnit::new(circuit, sequences);
        for tables in &mut tables {
            if let Ok(form) = tables.form(&[*fault]) {
                fast = fast.with_table(tables.range(), form);
                tally.tables += 1;
            }
        }
        for (t, answer) in tuples.iter().zip(answers) {
            assert_eq!(fast.exec(t.op, t.rs1, t.rs2), *answer, "{name}, by tables: {t:x?}");
        }
    }
    tally
}

/// The simulations run two at a time; each is compared as soon as it is there.
fn compare_all(requests: Vec<Request>) {
    let Some(python) = common::tool("python3") else { return };
    if common::tool("iverilog").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let waiting = Mutex::new(requests.into_iter());
    let next = || waiting.lock().expect("no thread fails with it").next();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(request) = next() {
                    let start = Instant::now();
                    let text = simulate(request, python, folder.path());
                    let simulated = start.elapsed();
                    let circuit = request.named.circuit();
                    let tally = compare(&circuit, &read(&text, &circuit));
                    let all = start.elapsed();
                    println!(
                        "{}: {simulated:.1?} of {all:.1?} simulated: {tally:?}",
                        circuit.name()
                    );
                    assert_eq!(tally.faults, request.faults);
                    assert_eq!(tally.operations, request.faults * request.operations);
                    assert!(
                        tally.pins * 2 >= tally.faults - 1 && tally.wrong * 20 > tally.operations
                    );
                }
            });
        }
    });
}

/// The slow ones first, so that both threads end at about the same time.
fn requests(faults: usize, operations: usize, seeds: std::ops::Range<u64>) -> Vec<Request> {
    let one =
        |seed| units::ALL.into_iter().map(move |named| Request { named, faults, operations, seed });
    seeds.flat_map(one).collect()
}

#[test]
fn faulty_products_of_every_multiplier_equal_those_of_icarus_verilog() {
    let (faults, operations) = if cfg!(debug_assertions) { (10, 50) } else { (200, 1000) };
    compare_all(requests(faults, operations, 1..2));
}

#[test]
#[ignore = "four more samples of 200 faults: about five minutes in release mode"]
fn more_faulty_products_of_every_multiplier_equal_those_of_icarus_verilog() {
    compare_all(requests(200, 1000, 100..104));
}

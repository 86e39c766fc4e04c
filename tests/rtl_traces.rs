//! The core against traces of cve2's RTL: pc, instruction, trap, mode, register write and cycle, line by line.

mod common;

use common::PlainRam;
use object::{Object, ObjectSegment};
use std::path::Path;
use std::process::Command;
use stuckat::cpu::{Machine, Retired};
use stuckat::unit::{Exact, Latency};

/// Assembles a traced program as the folder's README says and loads it into 4 MiB of RAM.
fn build(source: &Path, linker_script: &Path, gcc: &str) -> (PlainRam, u32) {
    let dir = tempfile::tempdir().unwrap();
    // One source leaves a macro to its build (the way a test bench is told the address of its exit device).
    let text = std::fs::read_to_string(source).unwrap().replace("TOHOST", "la t1,tohost");
    let source = dir.path().join("program.S");
    std::fs::write(&source, text).unwrap();
    let elf = dir.path().join("program.elf");
    let status = Command::new(gcc)
        .args([
            "-march=rv32imc",
            "-misa-spec=2.2",
            "-mabi=ilp32",
            "-nostdlib",
            "-Wl,--no-warnings",
            "-T",
        ])
        .arg(linker_script)
        .arg(&source)
        .arg("-o")
        .arg(&elf)
        .status()
        .unwrap();
    assert!(status.success(), "{gcc} failed on {}", source.display());
    let bytes = std::fs::read(&elf).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let mut ram = PlainRam { base: 0x8000_0000, bytes: vec![0; 4 << 20] };
    for segment in file.segments() {
        let data = segment.data().unwrap();
        // The linker also puts the ELF headers into a segment below RAM; they are not part of the program.
        let Some(at) = segment.address().checked_sub(u64::from(ram.base)) else { continue };
        ram.bytes[at as usize..at as usize + data.len()].copy_from_slice(data);
    }
    (ram, file.entry() as u32)
}

/// Compares a program's run with its trace. Lines in `event_counters` read a register whose value depends on the number
/// of event counters: the traced core was built with ten, ours has none.
fn compare(name: &str, event_counters: &[u64]) {
    let Some(folder) = common::shared("facts/rtl-traces") else { return };
    let Some(gcc) = common::tool("riscv64-unknown-elf-gcc") else { return };
    let (ram, entry) = build(&folder.join(format!("{name}.S")), &folder.join("l.ld"), gcc);
    let text = std::fs::read_to_string(folder.join(format!("{name}.rvfi.csv"))).unwrap();
    let expected: Vec<Vec<&str>> = text
        .lines()
        .filter(|l| l.starts_with(|c: char| c.is_ascii_digit()))
        .map(|l| l.split(',').collect())
        .collect();

    let mut seen: Vec<Retired> = Vec::new();
    let mut machine =
        Machine::new(ram, Exact::new(Latency::FAST), |r: &Retired| seen.push(*r), entry);
    machine.run(expected.len() as u64);
    drop(machine);

    let hex = |s: &str| u32::from_str_radix(s, 16).unwrap();
    let offset = expected[0][1].parse::<i64>().unwrap() - seen[0].cycles as i64;
    let mut different = Vec::new();
    for (ours, theirs) in seen.iter().zip(&expected) {
        let rd = theirs[8].parse::<u8>().unwrap();
        let want = (hex(theirs[2]), hex(theirs[3]), theirs[5] == "1", hex(theirs[7]) as u8);
        let want = (want, (rd, hex(theirs[9])), theirs[1].parse::<i64>().unwrap());
        let have = (ours.pc, ours.word, ours.trapped, ours.mode);
        let have = (have, ours.rd, ours.cycles as i64 + offset);
        if want != have && !event_counters.contains(&theirs[0].parse().unwrap()) {
            different.push(format!("order {}: RTL {want:x?}, ours {have:x?}", theirs[0]));
        }
    }
    assert!(
        different.is_empty(),
        "{name}: {} lines differ:\n{}",
        different.len(),
        different[..different.len().min(40)].join("\n")
    );
    // A last WFI retires on the RTL when it falls asleep; here the run ends at it, since nothing can wake it.
    let asleep = usize::from(expected.last().is_some_and(|last| last[3] == "10500073"));
    assert_eq!(seen.len(), expected.len() - asleep);
}

#[test]
fn the_micro_benchmark_runs_as_on_the_rtl() {
    compare("micro", &[]);
}

#[test]
fn counters_and_csrs_read_as_on_the_rtl() {
    compare("ret", &[48, 57, 99, 215]);
}

#[test]
fn access_faults_are_taken_as_on_the_rtl() {
    compare("flt", &[]);
}

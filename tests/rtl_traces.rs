//! The core against traces of the real cores' RTL, line by line: pc, instruction, trap, mode, register, load or store, cycle.

mod common;

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use stuckat::cpu::profile::{CVE2, IBEX};
use stuckat::cpu::{Machine, Profile, Reset, Retired};
use stuckat::soc::{Board, Platform};
use stuckat::trace::{Format, Names};
use stuckat::unit::{Exact, Latency};

const CVE2_RAM: u32 = 0x8000_0000;
const IBEX_RAM: u32 = 0x0010_0000;

/// Assembles a traced program as the folder's README says; returns the ELF.
fn build(source: &Path, linker_script: &Path, tohost: &str, gcc: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    // One source leaves a macro to its build (the way a test bench is told the address of its exit device).
    let text = std::fs::read_to_string(source).unwrap();
    let text = text.replace("TOHOST", tohost).replace("la t1,tohost", tohost);
    let source = dir.path().join("program.S");
    std::fs::write(&source, text).unwrap();
    let elf = dir.path().join("program.elf");
    let status = Command::new(gcc)
        .args(["-march=rv32imc", "-misa-spec=2.2", "-mabi=ilp32", "-nostdlib"])
        .args(["-Wl,--no-warnings", "-T"])
        .arg(linker_script)
        .arg(&source)
        .arg("-o")
        .arg(&elf)
        .status()
        .unwrap();
    assert!(status.success(), "{gcc} failed on {}", source.display());
    std::fs::read(&elf).unwrap()
}

/// Runs a program of `facts/rtl-traces` and compares it with its trace.
fn compare(name: &str) {
    let Some(folder) = common::shared("facts/rtl-traces") else { return };
    let Some(gcc) = common::tool("riscv64-unknown-elf-gcc") else { return };
    let elf = build(&folder.join(format!("{name}.S")), &folder.join("l.ld"), "la t1,tohost", gcc);
    let platform = common::trace_platform(CVE2_RAM, 4 << 20, false);
    let (board, entry) = common::trace_board(&elf, &platform, CVE2_RAM);
    let trace = std::fs::read_to_string(folder.join(format!("{name}.rvfi.csv"))).unwrap();
    let different = differences(board, Reset::cve2(entry), Latency::FAST, &columns(&trace));
    report(name, &different);
}

fn report(name: &str, different: &[String]) {
    assert!(
        different.is_empty(),
        "{name}: {} lines differ:\n{}",
        different.len(),
        different[..different.len().min(40)].join("\n")
    );
}

/// The columns of a trace of `facts/rtl-traces` that `tests/rtl` keeps, without its headings and notes.
fn columns(trace: &str) -> Vec<Vec<&str>> {
    const KEPT: [usize; 12] = [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 14];
    let lines = trace.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_digit()));
    lines
        .map(|l| {
            let all: Vec<&str> = l.split(',').collect();
            KEPT.map(|i| all[i]).to_vec()
        })
        .collect()
}

/// Runs a program as long as its trace, given in the columns of `tests/rtl`; returns the lines that differ.
fn differences(
    board: Board,
    reset: Reset,
    latency: Latency,
    expected: &[Vec<&str>],
) -> Vec<String> {
    let exceptions_marked = reset.profile.name != "ibex";
    let mut seen: Vec<Retired> = Vec::new();
    let unit = Exact::new(latency);
    let mut machine = Machine::new(board, unit, |r: &Retired| seen.push(*r), reset);
    machine.run(expected.len() as u64);
    drop(machine);

    let hex = |s: &str| u32::from_str_radix(s, 16).unwrap();
    let decimal = |s: &str| s.parse::<i64>().unwrap();
    // The test bench may count from another moment of reset.
    let offset = decimal(expected[0][0]) - seen[0].cycles as i64;
    let mut different = Vec::new();
    for (i, (ours, theirs)) in seen.iter().zip(expected).enumerate() {
        let mut want = vec![
            hex(theirs[1]),
            hex(theirs[2]),
            hex(theirs[3]),
            // Ibex marks the first instruction of an interrupt's handler only.
            if exceptions_marked { hex(theirs[4]) } else { ours.enters_handler.into() },
            hex(theirs[5]),
            decimal(theirs[6]) as u32,
            hex(theirs[7]),
        ];
        let mut have = vec![
            ours.pc,
            ours.word,
            ours.trapped.into(),
            ours.enters_handler.into(),
            ours.mode.into(),
            ours.rd.0.into(),
            ours.rd.1,
        ];
        // The RTL's memory fields mean nothing after other instructions than loads and stores.
        if let Some(access) = ours.access {
            let mask = (1 << access.len) - 1;
            want.extend([hex(theirs[8]), hex(theirs[if access.store { 10 } else { 9 }])]);
            have.extend([access.addr, mask]);
            if access.store {
                // The RTL shows the whole register.
                let moved = u32::MAX >> (32 - 8 * u32::from(access.len));
                want.push(hex(theirs[11]) & moved);
                have.push(access.data);
            }
        }
        let next = seen.get(i + 1).filter(|next| !next.enters_handler && !ours.trapped);
        if let Some(next) = next {
            want.push(next.pc);
            have.push(ours.next_pc);
        }
        let (theirs, ours) = (decimal(theirs[0]), ours.cycles as i64 + offset);
        if want != have || theirs != ours {
            let line = i + 1;
            different.push(format!(
                "line {line}: RTL {want:x?} cycle {theirs}, ours {have:x?} cycle {ours}"
            ));
        }
    }
    if seen.len() != expected.len() {
        different.push(format!("the RTL has {} lines, ours {}", expected.len(), seen.len()));
    }
    different
}

#[test]
fn the_micro_benchmark_runs_as_on_the_rtl() {
    compare("micro");
}

#[test]
fn counters_and_csrs_read_as_on_the_rtl() {
    compare("ret");
}

#[test]
fn access_faults_are_taken_as_on_the_rtl() {
    compare("flt");
}

#[test]
fn interrupts_are_taken_as_on_the_rtl() {
    compare("irq");
}

/// Runs a program as long as a log of Ibex's tracer, and compares the logs byte by byte.
fn compare_with_ibex(name: &str) {
    let Some(folder) = common::shared("facts/rtl-traces") else { return };
    let Some(gcc) = common::tool("riscv64-unknown-elf-gcc") else { return };
    // On simple_system the exit register is a device's.
    let elf =
        build(&folder.join(format!("{name}.S")), &folder.join("lss.ld"), "li t1,0x20008", gcc);
    let platform = common::trace_platform(IBEX_RAM, 1 << 20, true);
    let (board, entry) = common::trace_board(&elf, &platform, IBEX_RAM);
    let text = std::fs::read_to_string(folder.join(format!("{name}.ibex-trace.log"))).unwrap();
    let mut lines = Format::Ibex.lines(Names::default()).unwrap();
    let mut ours = lines.header().as_bytes().to_vec();
    let unit = Exact::new(Latency::FAST);
    let reset = Reset { profile: &IBEX, entry, vectors: None };
    let mut machine = Machine::new(board, unit, |r: &Retired| lines.line(r, &mut ours), reset);
    machine.run(text.lines().count() as u64 - 1);
    drop(machine);
    let ours = String::from_utf8(ours).unwrap();
    let pairs = ours.lines().zip(text.lines());
    let mut different: Vec<String> = pairs
        .filter(|(ours, theirs)| ours != theirs)
        .map(|(ours, theirs)| format!("Ibex {theirs:?}\nours {ours:?}"))
        .collect();
    // The end of a log may be cut off.
    if ours.starts_with(&text) {
        different.clear();
    }
    report(name, &different);
    assert_eq!(ours.lines().count(), text.lines().count());
}

#[test]
fn the_micro_benchmark_runs_as_on_ibex_s_rtl() {
    compare_with_ibex("micro");
}

#[test]
fn counters_and_csrs_read_as_on_ibex_s_rtl() {
    compare_with_ibex("ret");
}

/// A core, and the memory of its test bench.
fn core(name: &str) -> (&'static Profile, Platform, u32) {
    match name {
        "ibex" => (&IBEX, common::trace_platform(IBEX_RAM, 1 << 20, true), IBEX_RAM),
        _ => (&CVE2, common::trace_platform(CVE2_RAM, 4 << 20, true), CVE2_RAM),
    }
}

/// Assembles a program of `tests/rtl`; returns the ELF.
fn assemble(source: &str, base: u32, gcc: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let (input, elf) = (dir.path().join("program.S"), dir.path().join("program.elf"));
    std::fs::write(&input, source).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rtl/link.ld");
    let status = Command::new(gcc)
        .args(["-march=rv32imc", "-misa-spec=2.2", "-mabi=ilp32", "-nostdlib"])
        .arg("-Wl,--no-warn-rwx-segments")
        .arg(format!("-Wl,--defsym=BASE={base}"))
        .arg("-T")
        .arg(script)
        .arg(&input)
        .arg("-o")
        .arg(&elf)
        .status()
        .unwrap();
    assert!(status.success(), "{gcc} failed");
    std::fs::read(elf).unwrap()
}

/// Compares all programs of a file of `tests/rtl`, on all cores of the host.
fn compare_archive(name: &str) {
    let Some(gcc) = common::tool("riscv64-unknown-elf-gcc") else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/rtl/{name}.gz"));
    let text = common::gunzip(&path);
    let programs: Vec<&str> = text.split("=== ").skip(1).collect();
    let (profile, platform, base) = core(name);
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let worker = || {
        while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (title, rest) = program.split_once('\n').unwrap();
            let (source, trace) = rest.split_once("--- trace\n").unwrap();
            let lines: Vec<Vec<&str>> = trace.lines().map(|l| l.split(',').collect()).collect();
            let elf = assemble(source, base, gcc);
            let (board, entry) = common::trace_board(&elf, &platform, base);
            let reset = Reset { profile, entry, vectors: None };
            let different = differences(board, reset, Latency::FAST, &lines);
            if let Some(first) = different.first() {
                let message = format!("{title}: {} lines, {first}", different.len());
                wrong.lock().unwrap().push(message);
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(worker))));
    let wrong = wrong.into_inner().unwrap();
    assert!(programs.len() > 80, "{} programs", programs.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), programs.len(), wrong.join("\n"));
}

#[test]
fn interrupts_sleep_nmi_counters_and_random_programs_run_as_on_cve2_s_rtl() {
    compare_archive("cve2");
}

#[test]
fn interrupts_sleep_nmi_counters_and_random_programs_run_as_on_ibex_s_rtl() {
    compare_archive("ibex");
}

/// Folders of further traces, made with the same rig, may be named by the environment, separated by colons: NAME.elf and
/// NAME.rvfi.csv. A folder's name says core and multiplier: cve2, cve2-sc, cve2-slow, ibex.
#[test]
fn programs_of_given_folders_run_as_on_the_rtl() {
    let Some(folders) = std::env::var_os("STUCKAT_RTL_TRACES") else { return };
    let (mut wrong, mut programs) = (Vec::new(), 0);
    for folder in std::env::split_paths(&folders) {
        let kind = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let (profile, platform, base) = core(kind.split('-').next().unwrap());
        let latency = match kind.split('-').nth(1) {
            Some("sc") => Latency::SINGLE_CYCLE,
            Some("slow") => Latency::SLOW,
            _ => Latency::FAST,
        };
        for entry in std::fs::read_dir(&folder).unwrap() {
            let elf = entry.unwrap().path();
            if elf.extension().is_none_or(|e| e != "elf") {
                continue;
            }
            programs += 1;
            let trace = std::fs::read_to_string(elf.with_extension("rvfi.csv")).unwrap();
            let (board, entry) =
                common::trace_board(&std::fs::read(&elf).unwrap(), &platform, base);
            let reset = Reset { profile, entry, vectors: None };
            let different = differences(board, reset, latency, &columns(&trace));
            if let Some(first) = different.first() {
                wrong.push(format!("{}: {} lines, {first}", elf.display(), different.len()));
            }
        }
    }
    println!("{programs} programs compared, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

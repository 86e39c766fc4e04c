//! The programs that speed is measured with: our core, QEMU and this machine print the same, and both simulators run the
//! same code. What they must print, `firmware/bench/expected.txt`, was printed by native builds.

#[path = "common/cli.rs"]
mod cli;
mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use stuckat::cpu::Stop;
use stuckat::cpu::profile::CVE2;
use stuckat::elf::Image;
use stuckat::unit::{Exact, Latency};
use stuckat::workload::{Program, Runner};

const PROGRAMS: [&str; 5] = ["conv", "conv-index", "conv-tiled", "mix", "strings"];
/// Few enough to be quick: 5 million instructions at the most.
const ROUNDS: u32 = 3;
/// Three rounds take 0.5 to 5 million instructions.
const BUDGET: u64 = 100_000_000;

fn firmware(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("firmware").join(path)
}

fn elf(name: &str) -> PathBuf {
    firmware(&format!("prebuilt/bench/{name}.elf"))
}

/// The line that a program has to print after [`ROUNDS`] rounds.
fn expected(program: &str) -> String {
    let text = std::fs::read_to_string(firmware("bench/expected.txt")).unwrap();
    let start = format!("{program}, {ROUNDS} rounds: 0x");
    let line = text.lines().find(|line| line.starts_with(&start));
    line.unwrap_or_else(|| panic!("expected.txt has no line '{start}...'")).to_owned() + "\n"
}

/// What a program prints on this machine; it must end with exit code 0.
fn printed(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn our_core_prints_what_native_builds_printed() {
    for program in PROGRAMS {
        let words = ["run".into(), elf(program), "--".into(), ROUNDS.to_string().into()];
        assert_eq!(cli::stuckat(words).succeeds().stdout, expected(program), "{program}");
    }
}

#[test]
fn qemu_prints_what_native_builds_printed() {
    let Some(qemu) = common::tool("qemu-riscv32") else { return };
    for program in PROGRAMS {
        let mut command = Command::new(qemu);
        command.arg(elf(&format!("{program}.linux"))).arg(ROUNDS.to_string());
        assert_eq!(printed(command), expected(program), "{program}");
    }
}

#[test]
fn native_builds_print_what_is_expected_of_simulators() {
    let (Some(make), Some(_)) = (common::tool("make"), common::tool("cc")) else { return };
    let build = tempfile::tempdir().unwrap();
    let made = Command::new(make)
        .args(["-s", "-C"])
        .arg(firmware(""))
        .args(["bench-native", "HOSTCC=cc"])
        .arg(format!("BUILD={}", build.path().display()))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    for program in PROGRAMS {
        let mut command = Command::new(build.path().join("bench/native").join(program));
        command.arg(ROUNDS.to_string());
        assert_eq!(printed(command), expected(program), "{program}");
    }
}

#[test]
fn a_harness_gets_the_checksum_that_the_console_shows() {
    for program in PROGRAMS {
        let bytes = std::fs::read(elf(program)).unwrap();
        let loaded = Program::new(&bytes, &CVE2, None).unwrap();
        let mut runner = Runner::new(&loaded, Exact::new(Latency::SINGLE_CYCLE));
        let run = runner.run(&ROUNDS.to_le_bytes(), BUDGET);
        assert_eq!(run.stop, Stop::Exit(0), "{program}");
        let sum = u32::from_le_bytes(run.output.try_into().unwrap());
        assert_eq!(format!("{program}, {ROUNDS} rounds: 0x{sum:08x}\n"), expected(program));
        assert_eq!(runner.console(), expected(program).as_bytes());
    }
}

#[test]
fn all_three_convolutions_compute_the_same() {
    let sum = |program| expected(program).split_once(": ").unwrap().1.to_owned();
    assert_eq!(sum("conv"), sum("conv-index"));
    assert_eq!(sum("conv"), sum("conv-tiled"));
}

#[test]
fn an_argument_that_is_no_number_is_refused_by_exit_code_2() {
    for word in ["many", "3x", "4294967296"] {
        let ended = cli::stuckat(["run".into(), elf("strings"), "--".into(), word.into()]).run();
        assert_eq!(ended.code, Some(2), "{word}");
        assert_eq!(ended.stdout, "strings: the argument is a number of rounds\n", "{word}");
    }
}

/// Every function with its address and bytes, but those that call the platform's and so hold distances to them.
fn functions(name: &str) -> Vec<(String, u32, Vec<u8>)> {
    let image = Image::parse(&std::fs::read(elf(name)).unwrap()).unwrap();
    let bytes = |addr: u32, len: u32| {
        let inside =
            |s: &&stuckat::elf::Segment| addr >= s.addr && addr + len <= s.addr + s.mem_len;
        let segment = image.segments.iter().find(inside).unwrap();
        let at = (addr - segment.addr) as usize;
        segment.data[at..at + len as usize].to_vec()
    };
    let of_platform = ["_start", "exit", "trap", "trap_table", "bench_argument", "main"];
    let chosen = image
        .symbols
        .iter()
        .filter(|s| s.is_function && s.len > 0)
        .filter(|s| !of_platform.contains(&s.name.as_str()) && !s.name.starts_with("console_"));
    chosen.map(|s| (s.name.clone(), s.addr, bytes(s.addr, s.len))).collect()
}

#[test]
fn both_simulators_run_the_same_bytes_at_the_same_addresses() {
    for program in PROGRAMS {
        let (ours, theirs) = (functions(program), functions(&format!("{program}.linux")));
        assert!(ours.iter().any(|(name, ..)| name == "bench_run"), "{program}");
        assert_eq!(ours.len(), theirs.len(), "{program}");
        for (our, their) in ours.iter().zip(&theirs) {
            assert!(our == their, "{program}: {} is not the same", our.0);
        }
    }
}

//! One C program (`tests/platforms/program.c`) compiled for every board: it must print the same and
//! end with the same exit code on each, on every core, and on QEMU where QEMU has the board.
//!
//! Two builds (GCC 12) also printed this text on models of the RTL: that for `simple-system`
//! on `ibex_simple_system` (configuration "small"), that for `x-heep` on X-HEEP's test bench (cve2;
//! exit value 7).

#[path = "common/cli.rs"]
mod cli;
mod common;

use cli::{BAD_INPUT, USAGE, file, folder, stuckat};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the program prints, worked out by hand and with Python's integers, not by running it.
const EXPECTED: &str = "\
one program, every board
c 2147483647 -2147483648 4294967295 0000002a deadbeef 100%
variables: 305419896 0
changed: 305419897 4294967295
mul 242d2080 mulh f8cc93d6 mulhsu 9b3015b2 mulhu 0b00ea4e
smallest squared: mul 0 mulh 40000000 mulhsu c0000000 mulhu 40000000
-100/7: -14 rest -2, unsigned 613566742 rest 2
by zero: -1 rest 42; overflow: -2147483648 rest 0
misaligned: 44332211 55443322 66554433 ffff8877 then ef221100 34deadbe bbaa9912
crc32: cbf43926
timer: pending, 0 taken; taken back, 0 taken
timer: 20 awake, 5 asleep, 0 early, 0 strays, mcause 80000007
ecall: mcause 11
illegal: mcause 2 and 2; 3 exceptions
exit 7
";

const CORES: [&str; 3] = ["cve2", "ibex", "generic"];
/// Far more than the program needs.
const MAX_INSNS: &str = "5000000";
/// QEMU has no instruction limit. Its runs take well under a second.
const LIMIT: Duration = Duration::from_secs(20);

/// A board, and how the program is compiled for it.
struct Board {
    /// As in `--platform`; a file is in `tests/platforms`.
    platform: &'static str,
    header: &'static str,
    code_base: u32,
    /// 0: behind the code.
    data_base: u32,
    /// Symbols that other programs for this board have.
    symbols: &'static [&'static str],
    /// Whether the program shows what board it is for.
    is_guessed: bool,
    exit_code: i32,
}

const RAM: Board = Board {
    platform: "",
    header: "",
    code_base: 0x8000_0000,
    data_base: 0,
    symbols: &[],
    is_guessed: true,
    exit_code: 7,
};
const VIRT: Board = Board { platform: "virt", header: "virt.h", ..RAM };
const MCU: Board = Board { platform: "mcu", header: "mcu.h", ..RAM };
const HTIF: Board = Board { platform: "htif", header: "htif.h", ..RAM };
const SEMIHOSTING: Board = Board { platform: "virt", header: "semihosting.h", ..RAM };
const SIMPLE_SYSTEM: Board = Board {
    platform: "simple-system",
    header: "simple_system.h",
    code_base: 0x0010_0000,
    // Ibex's own programs give this name to the register that ends a run; they are not for HTIF.
    symbols: &["tohost=0x20008"],
    // A halt is a halt.
    exit_code: 0,
    ..RAM
};
const X_HEEP: Board = Board { platform: "x-heep", header: "x_heep.h", code_base: 0, ..RAM };
const OWN: Board = Board {
    platform: "own.toml",
    header: "own.h",
    code_base: 0,
    data_base: 0x2000_0000,
    is_guessed: false,
    ..RAM
};

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platforms")
}

/// The compilers that are installed, with their arguments.
fn compilers() -> Vec<(&'static str, &'static [&'static str])> {
    let gcc: &[&str] = &[
        "-march=rv32imc",
        "-misa-spec=2.2",
        "-O2",
        "-fno-tree-loop-distribute-patterns",
        "-Wl,--no-warn-rwx-segments",
    ];
    let clang: &[&str] = &["--target=riscv32", "-march=rv32imc", "-Os", "-fuse-ld=lld", "-fno-pic"];
    let mut found = Vec::new();
    found.extend(common::tool("riscv64-unknown-elf-gcc").map(|name| (name, gcc)));
    found.extend(common::tool("clang").map(|name| (name, clang)));
    found
}

/// Compiles the program for a board with every compiler.
fn build(board: &Board, into: &Path) -> Vec<PathBuf> {
    let build = |(compiler, arguments): (&str, &[&str])| {
        let elf = into.join(format!("{}.{compiler}.elf", board.header));
        let mut command = Command::new(compiler);
        command.current_dir(sources()).args(arguments);
        command.args(["-mabi=ilp32", "-mno-relax", "-nostdlib", "-static", "-ffreestanding"]);
        command.args(["-fno-builtin", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I."]);
        command.arg(format!("-DBOARD=\"{}\"", board.header));
        command.args(["-T", "program.ld"]);
        let bases = [("CODE_BASE", board.code_base), ("DATA_BASE", board.data_base)];
        command.args(bases.map(|(name, base)| format!("-Wl,--defsym={name}={base:#x}")));
        command.args(board.symbols.iter().map(|symbol| format!("-Wl,--defsym={symbol}")));
        command.args(["crt0.S", "program.c", "-o"]).arg(&elf);
        let out = command.output().expect("the compiler starts");
        let says = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{compiler} for {}:\n{says}", board.header);
        elf
    };
    compilers().into_iter().map(build).collect()
}

/// The name, or the path of the file, for `--platform`.
fn platform(board: &Board) -> String {
    let file = board.platform.ends_with(".toml");
    let path = || sources().join(board.platform).display().to_string();
    if file { path() } else { board.platform.to_owned() }
}

fn run(core: &str, platform: Option<&str>, elf: &Path) -> cli::Ended {
    let line = stuckat(["run", "--core", core, "--max-insns", MAX_INSNS]);
    line.words(platform.iter().flat_map(|p| ["--platform", p])).words([elf]).run()
}

/// On every core, with the platform named and guessed.
fn prints_the_same(board: &Board) {
    let dir = folder();
    let named = platform(board);
    let guessed = board.is_guessed.then_some(None);
    for elf in build(board, dir.path()) {
        for core in CORES {
            for platform in std::iter::once(Some(&*named)).chain(guessed) {
                let ended = run(core, platform, &elf);
                let what = format!("{} on {core}, --platform {platform:?}", elf.display());
                assert_eq!(ended.stdout, EXPECTED, "{what}: {}", ended.stderr);
                assert_eq!((ended.code, &*ended.stderr), (Some(board.exit_code), ""), "{what}");
            }
        }
    }
}

#[test]
fn the_program_prints_the_same_on_virt() {
    prints_the_same(&VIRT);
}

#[test]
fn the_program_prints_the_same_on_mcu() {
    prints_the_same(&MCU);
}

#[test]
fn the_program_prints_the_same_by_htif() {
    prints_the_same(&HTIF);
}

#[test]
fn the_program_prints_the_same_by_semihosting() {
    prints_the_same(&SEMIHOSTING);
}

#[test]
fn the_program_prints_the_same_on_ibex_s_simple_system() {
    prints_the_same(&SIMPLE_SYSTEM);
}

#[test]
fn the_program_prints_the_same_on_x_heep() {
    prints_the_same(&X_HEEP);
}

#[test]
fn the_program_prints_the_same_on_a_board_of_one_s_own() {
    prints_the_same(&OWN);
}

/// The referee: the same ELF on QEMU's virt machine.
fn prints_the_same_on_qemu(board: &Board, arguments: &[&str]) {
    let Some(qemu) = common::tool("qemu-system-riscv32") else { return };
    let dir = folder();
    for elf in build(board, dir.path()) {
        let mut command = Command::new(qemu);
        command.args(["-M", "virt", "-m", "32M", "-bios", "none", "-display", "none"]);
        command.args(["-monitor", "none", "-chardev", "stdio,id=console"]).args(arguments);
        // Time is counted in instructions, so that no busy host delays the program.
        command.args(["-icount", "shift=3,sleep=off", "-kernel"]).arg(&elf);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("QEMU starts");
        let begun = Instant::now();
        while child.try_wait().expect("its status").is_none() {
            if begun.elapsed() > LIMIT {
                child.kill().expect("QEMU can be ended");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let out = child.wait_with_output().expect("its output");
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(String::from_utf8_lossy(&out.stdout), EXPECTED, "{}: {said}", elf.display());
        assert_eq!(out.status.code(), Some(board.exit_code), "{}: {said}", elf.display());
    }
}

#[test]
fn the_program_prints_the_same_on_qemu() {
    prints_the_same_on_qemu(&VIRT, &["-serial", "chardev:console"]);
}

#[test]
fn the_program_prints_the_same_by_qemu_s_semihosting() {
    let host = "enable=on,target=native,chardev=console";
    prints_the_same_on_qemu(&SEMIHOSTING, &["-serial", "none", "-semihosting-config", host]);
}

/// Without the host, EBREAK is an exception like others: the program goes on behind it.
#[test]
fn without_semihosting_the_program_has_no_console_and_no_exit() {
    let dir = folder();
    for elf in build(&SEMIHOSTING, dir.path()) {
        let line = stuckat(["run", "--no-semihosting", "--max-insns", MAX_INSNS]).words([elf]);
        line.is_refused(124, &["budget"]);
    }
}

#[test]
fn each_listed_platform_can_be_shown_and_used_as_a_file() {
    let listed = stuckat(["platform", "list"]).succeeds().stdout;
    let names: Vec<&str> = listed.lines().filter_map(|l| l.split_whitespace().next()).collect();
    for name in ["mcu", "virt", "htif", "simple-system", "x-heep"] {
        assert!(names.contains(&name), "{name} is not in the list:\n{listed}");
    }
    let dir = folder();
    let boards = [VIRT, MCU, HTIF, SIMPLE_SYSTEM, X_HEEP];
    for name in names {
        let shown = stuckat(["platform", "show", name]).succeeds().stdout;
        let copy = file(&dir, &format!("{name}.toml"), &shown);
        let of_copy = stuckat(["platform", "show", &copy]).succeeds().stdout;
        assert_eq!(of_copy, shown, "{name}");
        for board in boards.iter().filter(|board| board.platform == name) {
            for elf in build(board, dir.path()) {
                let ended = run("cve2", Some(&copy), &elf);
                assert_eq!(ended.stdout, EXPECTED, "{name} as a file: {}", ended.stderr);
                assert_eq!((ended.code, &*ended.stderr), (Some(board.exit_code), ""), "{name}");
            }
        }
    }
}

#[test]
fn a_core_or_platform_that_does_not_exist_is_named_with_those_that_do() {
    let dir = folder();
    let elf = file(&dir, "any.elf", std::fs::read(cli::ELF).expect("the built-in firmware"));
    stuckat(["run", "--core", "cve3", &elf]).is_misused(&["--core", "cve3", "ibex", "generic"]);
    let parts = ["'vrit'", "built in are", "virt", "simple-system"];
    stuckat(["run", "--platform", "vrit", &elf]).is_refused(BAD_INPUT, &parts);
    stuckat(["platform", "show", "vrit"]).is_refused(BAD_INPUT, &parts);
    assert_eq!(USAGE, 2);
}

//! The assembly programs of `tests/asm`: each is assembled and run on the core profiles that it is meant for, and on
//! QEMU as the referee. A program's exit code is the number of the check that failed; the section `.checks` of its ELF
//! has the source line of each check (see `tests/asm/check.h`).

mod common;

use object::{Object, ObjectSection};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What a program runs on. The name in capitals is defined when the program is assembled, unless it is the same for all.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Target {
    Cve2,
    Ibex,
    Generic,
    Qemu,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Target::Cve2 => "cve2",
            Target::Ibex => "ibex",
            Target::Generic => "generic",
            Target::Qemu => "qemu",
        })
    }
}

/// The same on every RV32IMC core, so one ELF runs everywhere.
const UNPRIVILEGED: &[&str] = &[
    "registers",
    "add_sub",
    "logic",
    "shift",
    "compare",
    "branch",
    "jump",
    "load_store",
    "misaligned",
    "fence",
    "mul",
    "div",
    "c_alu",
    "c_memory",
    "c_jump",
];

/// Some expected values depend on the core.
const PRIVILEGED: &[&str] = &[
    "zicsr",
    "exceptions",
    "illegal_32",
    "illegal_16",
    "access_faults",
    "user_mode",
    "counters",
    "timer",
    "software_interrupt",
    "csr_reset",
];

/// The CSRs and habits of some cores.
const OF_SOME_CORES: &[(&str, &[Target])] = &[
    ("zicntr", &[Target::Ibex, Target::Generic, Target::Qemu]),
    ("mtvec", &[Target::Generic, Target::Qemu]),
    ("csr_generic", &[Target::Generic, Target::Qemu]),
    ("csr_core", &[Target::Cve2, Target::Ibex]),
    ("csr_illegal", &[Target::Cve2, Target::Ibex]),
    ("end_of_ram", &[Target::Cve2, Target::Ibex, Target::Generic]),
    ("sleep", &[Target::Cve2, Target::Ibex]),
    ("timing", &[Target::Cve2]),
];

/// Interrupts of lines that no device of the board drives: they need the platform of `IRQ_LINES`.
const INTERRUPT_LINES: &[(&str, &[Target])] =
    &[("fast_interrupts", &[Target::Cve2, Target::Ibex]), ("nmi", &[Target::Cve2, Target::Ibex])];
/// The htif board with a test device instead of the CLINT: a word written to 0x4000_0000 drives the interrupt lines
/// (bits as in mip), bit 0 of a word at 0x4000_0004 the NMI.
const IRQ_LINES: &str = "tests/asm/irq-lines.toml";

/// What QEMU's core has, that RV32IMC with M- and U-mode has not, is switched off.
const QEMU_CPU: &str = "rv32,a=false,f=false,d=false,h=false,s=false,mmu=false,sstc=false,\
    zba=false,zbb=false,zbc=false,zbs=false";
/// The frame's own exit code: the end came, but not every check was passed once.
const CODE_MISSED: i32 = 118;
/// Far more than any program needs.
const MAX_INSNS: &str = "20000000";
/// QEMU has no instruction limit. Each run takes well under a second.
const LIMIT: Duration = Duration::from_secs(20);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/asm")
}

/// An assembled program.
struct Built {
    name: String,
    elf: PathBuf,
    /// Source line of each check, in order.
    lines: Vec<u32>,
}

fn assemble(gcc: &str, name: &str, define: Option<Target>, into: &Path) -> Built {
    let target = define.map_or("any".into(), |t| t.to_string());
    let elf = into.join(format!("{name}.{target}.elf"));
    let out = Command::new(gcc)
        .current_dir(folder())
        .args(["-march=rv32imc", "-misa-spec=2.2", "-mabi=ilp32", "-nostdlib"])
        .args(["-Wl,--no-warn-rwx-segments", "-Wa,--fatal-warnings", "-T", "program.ld"])
        .args(define.map(|t| format!("-D{}", t.to_string().to_uppercase())))
        .arg(format!("{name}.S"))
        .arg("-o")
        .arg(&elf)
        .output()
        .unwrap();
    let says = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{name} for {target} does not assemble:\n{says}");
    let bytes = std::fs::read(&elf).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let section = file.section_by_name(".checks").expect("a program has checks");
    let words = section.data().unwrap().chunks_exact(4);
    let lines = words.map(|w| u32::from_le_bytes(w.try_into().unwrap())).collect();
    Built { name: name.into(), elf, lines }
}

/// Runs it; the exit code, and what was said on stderr.
fn execute(mut command: Command) -> (Option<i32>, String) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            return (None, format!("no end in {LIMIT:?}"));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let out = child.wait_with_output().unwrap();
    (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
}

fn run(built: &Built, target: Target, platform: &str) -> (Option<i32>, String) {
    let mut command;
    if target == Target::Qemu {
        command = Command::new("qemu-system-riscv32");
        command.args(["-M", "virt", "-m", "32M", "-cpu", QEMU_CPU, "-bios", "none"]);
        // Time is counted in instructions, so that no busy host delays a program beyond its timer.
        command.args(["-icount", "shift=3,sleep=off"]);
        command.args(["-display", "none", "-monitor", "none", "-serial", "none", "-kernel"]);
    } else {
        command = Command::new(env!("CARGO_BIN_EXE_stuckat"));
        command.args(["run", "--core", &target.to_string(), "--platform", platform]);
        command.args(["--max-insns", MAX_INSNS]);
    }
    command.arg(&built.elf);
    execute(command)
}

/// What is wrong with a run that ended so; nothing, if all checks hold.
fn judge(built: &Built, code: Option<i32>, stderr: &str) -> Option<String> {
    let name = &built.name;
    match code {
        Some(0) => None,
        Some(CODE_MISSED) => Some(format!("{name}: ended without passing each check once")),
        Some(n) if n > 0 && n as usize <= built.lines.len() => {
            let line = built.lines[n as usize - 1] as usize;
            let source = std::fs::read_to_string(folder().join(format!("{name}.S"))).unwrap();
            let text = source.lines().nth(line - 1).unwrap_or("").trim();
            // A trap that no check expects also ends the program, with the number of the check before it.
            let what = format!("check {n} failed, or an unexpected trap followed it");
            Some(format!("{name}: {what}: tests/asm/{name}.S:{line}: {text}\n    {stderr}"))
        }
        _ => Some(format!("{name}: ended with {code:?}: {stderr}")),
    }
}

/// Assembles and runs all, on every core of the host. Each line of the answer is a failure.
fn failures(gcc: &str, what: &[(&str, Option<Target>)], on: Target, platform: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let worker = || {
        while let Some((name, define)) = what.get(next.fetch_add(1, Ordering::Relaxed)) {
            let built = assemble(gcc, name, *define, dir.path());
            let (code, stderr) = run(&built, on, platform);
            failures.lock().unwrap().extend(judge(&built, code, &stderr));
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(worker))));
    failures.into_inner().unwrap()
}

/// The compiler, if what the target needs is here.
fn tools(target: Target) -> Option<&'static str> {
    if target == Target::Qemu {
        common::tool("qemu-system-riscv32")?;
    }
    common::tool("riscv64-unknown-elf-gcc")
}

/// Programs of the lists that are meant for the target.
fn programs(target: Target) -> Vec<(&'static str, Option<Target>)> {
    let everywhere = UNPRIVILEGED.iter().map(|name| (*name, None));
    let privileged = PRIVILEGED.iter().map(|name| (*name, Some(target)));
    let own = OF_SOME_CORES.iter().filter(|(_, targets)| targets.contains(&target));
    everywhere.chain(privileged).chain(own.map(|(name, _)| (*name, Some(target)))).collect()
}

fn all_pass(target: Target) {
    let Some(gcc) = tools(target) else { return };
    let failures = failures(gcc, &programs(target), target, "htif");
    assert!(failures.is_empty(), "on {target}:\n{}", failures.join("\n"));
}

#[test]
fn assembly_programs_pass_on_cve2() {
    all_pass(Target::Cve2);
}

#[test]
fn assembly_programs_pass_on_ibex() {
    all_pass(Target::Ibex);
}

#[test]
fn assembly_programs_pass_on_the_generic_core() {
    all_pass(Target::Generic);
}

#[test]
fn interrupt_lines_and_the_nmi_behave_as_on_the_rtl() {
    let platform = Path::new(env!("CARGO_MANIFEST_DIR")).join(IRQ_LINES);
    for target in [Target::Cve2, Target::Ibex] {
        let Some(gcc) = tools(target) else { return };
        let own = INTERRUPT_LINES.iter().filter(|(_, targets)| targets.contains(&target));
        let programs: Vec<_> = own.map(|(name, _)| (*name, Some(target))).collect();
        let failures = failures(gcc, &programs, target, &platform.to_string_lossy());
        assert!(failures.is_empty(), "on {target}:\n{}", failures.join("\n"));
    }
}

/// The referee: the expected values were worked out from the manual, and QEMU agrees.
#[test]
fn assembly_programs_pass_on_qemu() {
    all_pass(Target::Qemu);
}

/// The test of the tests: programs with a check that does not hold, a check left out, and a trap that none expects.
#[test]
fn wrong_assembly_programs_are_found_and_their_line_is_named() {
    for target in [Target::Qemu, Target::Cve2] {
        let Some(gcc) = tools(target) else { continue };
        let wrong = ["wrong_value", "wrong_skip", "wrong_trap"].map(|name| (name, None));
        let mut failures = failures(gcc, &wrong, target, "htif");
        failures.sort();
        assert_eq!(failures.len(), 3, "{failures:?}");
        assert!(failures[0].starts_with("wrong_skip: ended without passing each check once"));
        for (failure, place) in
            [(1, "wrong_trap.S:6: HERE()"), (2, "wrong_value.S:7: EQUAL(a0, 3)")]
        {
            assert!(failures[failure].contains(place), "{}", failures[failure]);
        }
    }
}

/// Every program in the folder is in a list.
#[test]
fn no_assembly_program_is_forgotten() {
    let listed = [Target::Cve2, Target::Ibex, Target::Generic].map(programs).concat();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = file.strip_suffix(".S") else { continue };
        let lines = INTERRUPT_LINES.iter().any(|(n, _)| *n == name);
        let known = lines || name.starts_with("wrong_") || listed.iter().any(|(n, _)| *n == name);
        assert!(known, "tests/asm/{file} is in no list of tests/asm.rs");
    }
}

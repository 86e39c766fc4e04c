//! `stuckat run`: one ELF, from reset to its end.

use super::checkpoint::{Checkpoints, Saves};
use super::profile::Profile;
use super::trace;
use super::{
    Multiplier, OutputError, OutputRefused, Target, exit_code, faults, gdb, print_bytes, say,
};
use crate::checkpoint::Origin;
use crate::cpu::{Machine, Probe, Reset, Retired, Silent, Stop};
use crate::debug::DebugInfo;
use crate::elf::Image;
use crate::gdb::Listen;
use crate::netlist::faulty_unit::FaultyUnit;
use crate::profiling::Profiler;
use crate::report::table::grouped;
use crate::soc::{Board, Platform};
use crate::trace::Tracer;
use crate::unit::{Exact, Latency, Unit};
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Instructions between two looks at the console: output appears as it goes, and less than the board keeps can pile up.
const SLICE: u64 = 4_000_000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A 32-bit RISC-V executable
    elf: PathBuf,
    /// Arguments for the program, which it sees by semihosting
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
    #[command(flatten)]
    target: Target,
    /// How long the multiplier takes where it is not made of gates [default: the core's: fast]
    #[arg(long, value_name = "UNIT", conflicts_with_all = ["fault", "gates", "binding", "netlist"])]
    mul: Option<MulTiming>,
    /// Put a stuck-at fault into the multiplier, e.g. 'op_a_i[3]/SA1' (see 'stuckat netlist faults'); may be given
    /// several times for several faults at once
    #[arg(long, value_name = "NET/SA0|NET/SA1")]
    fault: Vec<String>,
    /// Evaluate every product gate by gate, even without a fault
    #[arg(long)]
    gates: bool,
    /// Interpret every instruction, and evaluate every product of a faulty multiplier gate by gate, clock by clock; same results, hundreds of times slower
    #[arg(long)]
    slow: bool,
    /// End the run after so many instructions
    #[arg(long, value_name = "N", default_value_t = 10_000_000_000)]
    max_insns: u64,
    /// What the program can read from its UART, by semihosting or by HTIF: a file, or '-' for all of standard input
    /// [default: standard input, but not for the UART]
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    #[command(flatten)]
    trace: trace::Flags,
    #[command(flatten)]
    profile: Profile,
    #[command(flatten)]
    checkpoints: Checkpoints,
    /// Wait for gdb on a port of 127.0.0.1 (0: any free one; default 1234) or on a Unix socket, and let it control the run, also back
    /// in time. The program reads what --input gives, and nothing without it. For a trace say 'monitor trace on FILE' in gdb
    #[arg(long, value_name = "PORT|unix:PATH", num_args = 0..=1, default_missing_value = "1234",
        conflicts_with_all = ["file", "save_at", "restore", "profile", "callgrind", "flame_graph", "folded"])]
    gdb: Option<Listen>,
    /// At the end, write the words from symbol begin_signature to end_signature, in hexadecimal, one a line
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// Take EBREAK between semihosting's marks for an exception, as a core without a debugger does
    #[arg(long)]
    no_semihosting: bool,
    /// Print instructions, cycles and multiplications to stderr at the end
    #[arg(long)]
    stats: bool,
    #[command(flatten)]
    multiplier: Multiplier,
}

/// The multipliers that a cve2- or Ibex-class core can have, by their cycles.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum MulTiming {
    /// RV32MSingleCycle: MUL 1, MULH* 2
    SingleCycle,
    /// RV32MFast: MUL 3, MULH* 4
    Fast,
    /// RV32MSlow: MUL 2 to 33, MULH* 33
    Slow,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let file = args.elf.display().to_string();
    let bytes = std::fs::read(&args.elf).with_context(|| format!("{file}: cannot be read"))?;
    let image = Image::parse(&bytes).with_context(|| file.clone())?;
    let platform = match args.target.platform()? {
        Some(platform) => platform,
        None => Platform::guess(&image).with_context(|| file.clone())?,
    };
    let mut board = platform.board(&image).with_context(|| file.clone())?;
    if args.no_semihosting {
        board.disable_semihosting();
    }
    let words = std::iter::once(&file).chain(&args.arguments);
    board.set_command_line(&words.cloned().collect::<Vec<_>>().join(" "));
    if let Some(input) = &args.input {
        board.set_input(read_input(input)?);
    } else if args.gdb.is_none() {
        board.set_input_source(std::io::stdin());
    }
    let signature =
        args.signature.as_deref().map(|path| Signature::new(path, &image)).transpose()?;
    let profile = args.target.core;
    let reset = Reset { profile, entry: image.entry, vectors: platform.boot_address() };
    let gates = args.gates || !args.fault.is_empty() || args.multiplier.is_given();
    let traced = trace::Traced {
        file: &file,
        elf: &bytes,
        core: profile.name,
        platform: platform.name(),
        faults: &args.fault,
    };
    let latency = match args.mul {
        None => profile.latency,
        Some(MulTiming::SingleCycle) => Latency::SINGLE_CYCLE,
        Some(MulTiming::Fast) => Latency::FAST,
        Some(MulTiming::Slow) => Latency::SLOW,
    };
    let ended = if let Some(place) = &args.gdb {
        let setup = gdb::Setup {
            place,
            faults: &args.fault,
            multiplier: &args.multiplier,
            by_gates: args.slow || args.gates,
            sound_gates: args.gates,
            latency,
            compiled: !args.slow,
            max_insns: args.max_insns,
            stats: args.stats,
        };
        match gdb::run(&setup, board, reset)? {
            Some(ended) => ended,
            None => return Ok(ExitCode::from(exit_code::KILLED)),
        }
    } else if gates {
        let circuit = Arc::new(args.multiplier.load()?);
        let faults = faults(&args.fault, &circuit)?;
        let faults = faults.faults();
        if faults.is_empty() && !args.gates {
            trace_and_execute(args, &traced, board, Exact::new(circuit.latency()), reset)?
        } else {
            let by_gates = args.slow || args.gates;
            let unit = if by_gates {
                FaultyUnit::gates(&circuit, faults)
            } else {
                FaultyUnit::new(&circuit, faults)
            };
            trace_and_execute(args, &traced, board, unit, reset)?
        }
    } else {
        trace_and_execute(args, &traced, board, Exact::new(latency), reset)?
    };
    if let Some(signature) = signature {
        signature.write(&ended.board)?;
    }
    for (name, addr) in ended.board.unmodelled() {
        say!(
            "stuckat: the program uses {name} (at {addr:#010x}), which only remembers what is written"
        );
    }
    Ok(ExitCode::from(conclude(ended.stop, args)))
}

fn read_input(path: &Path) -> anyhow::Result<Vec<u8>> {
    let name = path.display().to_string();
    if name != "-" {
        return std::fs::read(path).with_context(|| format!("--input {name}: cannot be read"));
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
    Ok(bytes)
}

/// How a run ended.
pub(super) struct Ended {
    pub stop: Stop,
    pub board: Board,
}

fn trace_and_execute(
    args: &Args,
    traced: &trace::Traced<'_>,
    board: Board,
    unit: impl Unit,
    reset: Reset,
) -> anyhow::Result<Ended> {
    let mut machine = Machine::new(board, unit, Silent, reset);
    if args.slow {
        machine.set_compiled(None);
    }
    let mut saves = args.checkpoints.begin(&mut machine, || origin(traced))?;
    if args.profile.is_wanted() {
        let info = DebugInfo::new(traced.elf);
        let mut profiler = Profiler::new(&info, machine.elapsed());
        let mut watched = machine.with_probe(|event: &Retired| profiler.retired(event));
        let console = &mut print_bytes;
        let stop = execute(args.max_insns, &mut watched, &mut saves, console, |_| false)?;
        let ended = ended(args, watched.with_probe(Silent), &saves, stop);
        args.profile.conclude(&profiler, &args.elf)?;
        return Ok(ended);
    }
    let Some(mut tracer) = args.trace.tracer(traced)? else {
        let console = &mut print_bytes;
        let stop = execute(args.max_insns, &mut machine, &mut saves, console, |_| false)?;
        return Ok(ended(args, machine, &saves, stop));
    };
    let to_stdout = args.trace.is_stdout();
    let console = &mut |bytes: &[u8]| if to_stdout { talk(bytes) } else { print_bytes(bytes) };
    // What is not traced for sure runs unwatched.
    let (before, last) = args.trace.bounds();
    let (before, last) = (args.max_insns.min(before), args.max_insns.min(last));
    let mut stop = execute(before, &mut machine, &mut saves, console, |_| false)?;
    if stop == Stop::Budget && before < last {
        let mut watched = machine.with_probe(&mut tracer);
        let broken = |tracer: &&mut Tracer| tracer.is_broken();
        stop = execute(last, &mut watched, &mut saves, console, broken)?;
        machine = watched.with_probe(Silent);
        if args.slow {
            machine.set_compiled(None);
        }
    }
    if stop == Stop::Budget && last < args.max_insns && !tracer.is_broken() {
        stop = execute(args.max_insns, &mut machine, &mut saves, console, |_| false)?;
    }
    args.trace.finish(tracer, stop)?;
    Ok(ended(args, machine, &saves, stop))
}

/// How the run ended; says what was not saved, and prints its counts if they are asked for.
fn ended(args: &Args, machine: Machine<Board, impl Unit>, saves: &Saves, stop: Stop) -> Ended {
    saves.finish(&machine);
    if args.stats {
        let counts = machine.unit().counts();
        say!(
            "{} instructions, {} cycles, {} multiplications, {} wrong",
            grouped(machine.retired() as usize),
            grouped(machine.cycles() as usize),
            grouped(counts.muls as usize),
            grouped(counts.wrong as usize),
        );
    }
    Ended { stop, board: machine.into_bus() }
}

/// What the program prints, where standard output is a trace.
fn talk(bytes: &[u8]) -> Result<(), OutputError> {
    let _ = std::io::stderr().write_all(bytes);
    Ok(())
}

/// Runs until so many instructions have retired or trapped, to the end, or until the observer has enough.
fn execute<P: Probe>(
    until: u64,
    machine: &mut Machine<Board, impl Unit, P>,
    saves: &mut Saves,
    console: &mut dyn FnMut(&[u8]) -> Result<(), OutputError>,
    enough: impl Fn(&P) -> bool,
) -> anyhow::Result<Stop> {
    let mut budget = machine.steps_taken();
    loop {
        budget = until.min(saves.pause(machine, budget.saturating_add(SLICE)));
        let stop = machine.run(budget);
        if stop == Stop::Budget {
            saves.save(machine)?;
        }
        console(&machine.bus_mut().take_console())?;
        if stop != Stop::Budget || budget == until || enough(machine.probe()) {
            return Ok(stop);
        }
    }
}

/// What a checkpoint of this run is made from.
fn origin(traced: &trace::Traced<'_>) -> Origin {
    Origin {
        elf_sha256: crate::hex(&Sha256::digest(traced.elf)),
        platform: traced.platform.to_owned(),
        faults: traced.faults.to_vec(),
    }
}

/// What a test of the RISC-V architectural suite leaves in memory.
struct Signature {
    path: PathBuf,
    from: u32,
    len: u32,
}

impl Signature {
    fn new(path: &Path, image: &Image) -> anyhow::Result<Self> {
        let symbol = |name: &str| {
            let found = image.symbol(name).map(|s| s.addr);
            found.with_context(|| format!("--signature: the program has no symbol '{name}'"))
        };
        let (from, to) = (symbol("begin_signature")?, symbol("end_signature")?);
        let len = to.checked_sub(from).context("--signature: it ends before it begins")?;
        Ok(Self { path: path.to_owned(), from, len })
    }

    fn write(&self, board: &Board) -> anyhow::Result<()> {
        let bytes = board.peek(self.from, self.len).context("--signature: it is not in memory")?;
        let word = |b: &[u8]| b.iter().rev().map(|b| format!("{b:02x}")).collect::<String>() + "\n";
        let text: String = bytes.chunks(4).map(word).collect();
        let refused = |cause| OutputRefused { file: self.path.display().to_string(), cause };
        Ok(std::fs::write(&self.path, text).map_err(refused)?)
    }
}

/// The exit code, with a word on stderr where it is not the guest's own.
fn conclude(stop: Stop, args: &Args) -> u8 {
    match stop {
        Stop::Exit(code) => match u8::try_from(code) {
            Ok(code) if !exit_code::OURS.contains(&code) => code,
            _ => {
                say!("stuckat: the guest's exit code is {code}");
                exit_code::GUEST_OTHER
            }
        },
        Stop::Trap(trap) => {
            say!("stuckat: unhandled exception: {trap}");
            exit_code::TRAP
        }
        Stop::Budget => {
            let n = grouped(args.max_insns as usize);
            say!("stuckat: the budget of {n} instructions is used up; raise --max-insns");
            exit_code::BUDGET
        }
        Stop::NoAnswer { pc } => {
            say!("stuckat: the multiplier never answers the operation at pc {pc:#010x}");
            exit_code::NO_ANSWER
        }
        Stop::NoBusAnswer { pc, addr } => {
            say!(
                "stuckat: nothing answers the access to {addr:#010x} at pc {pc:#010x}; \
                 the core waits for ever"
            );
            exit_code::NO_BUS_ANSWER
        }
        Stop::Asleep { pc } => {
            say!("stuckat: the guest sleeps at pc {pc:#010x} (WFI), and nothing can wake it");
            exit_code::ASLEEP
        }
    }
}

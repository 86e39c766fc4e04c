//! `stuckat run`: one ELF, from reset to its end.

use super::{Multiplier, exit_code, print_bytes, say};
use crate::cpu::{Machine, Silent, Stop};
use crate::elf::Image;
use crate::netlist::Fault;
use crate::netlist::gate_unit::GateUnit;
use crate::report::table::grouped;
use crate::soc::Board;
use crate::unit::{Exact, Unit};
use anyhow::Context;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Instructions between two looks at the console: output appears as it goes, and less than the board keeps can pile up.
const SLICE: u64 = 1_000_000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A 32-bit RISC-V executable for RAM at 0x80000000 (1 MiB), UART at 0x10000000, exit device at 0x100000
    elf: PathBuf,
    /// Put a stuck-at fault into the multiplier, e.g. 'op_a_i[3]/SA1' (see 'stuckat netlist faults'); may be given
    /// several times for several faults at once
    #[arg(long, value_name = "NET/SA0|NET/SA1")]
    fault: Vec<String>,
    /// Multiply with gates even without a fault
    #[arg(long)]
    gates: bool,
    /// End the run after so many instructions
    #[arg(long, value_name = "N", default_value_t = 10_000_000_000)]
    max_insns: u64,
    /// Print instructions, cycles and multiplications to stderr at the end
    #[arg(long)]
    stats: bool,
    #[command(flatten)]
    multiplier: Multiplier,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let file = args.elf.display().to_string();
    let bytes = std::fs::read(&args.elf).with_context(|| format!("{file}: cannot be read"))?;
    let image = Image::parse(&bytes).with_context(|| file.clone())?;
    let board = Board::load(&image).with_context(|| file.clone())?;
    let circuit = Arc::new(args.multiplier.load()?);
    let faults: Vec<Fault> = args
        .fault
        .iter()
        .map(|text| Fault::parse(text, &circuit).with_context(|| format!("--fault {text}")))
        .collect::<Result<_, _>>()?;
    if faults.is_empty() && !args.gates {
        execute(args, board, Exact::new(circuit.latency()), image.entry)
    } else {
        execute(args, board, GateUnit::new(circuit, &faults), image.entry)
    }
}

fn execute(args: &Args, board: Board, unit: impl Unit, entry: u32) -> anyhow::Result<ExitCode> {
    let mut machine = Machine::new(board, unit, Silent, entry);
    let mut budget = 0;
    let stop = loop {
        budget = args.max_insns.min(budget + SLICE);
        let stop = machine.run(budget);
        print_bytes(&machine.bus_mut().take_console())?;
        if stop != Stop::Budget || budget == args.max_insns {
            break stop;
        }
    };
    if args.stats {
        let counts = machine.unit().counts();
        say!(
            "{} instructions, {} cycles, {} multiplications, {} wrong ({} distinct)",
            grouped(machine.retired() as usize),
            grouped(machine.cycles() as usize),
            grouped(counts.muls as usize),
            grouped(counts.wrong as usize),
            grouped(counts.distinct_wrong as usize),
        );
    }
    Ok(ExitCode::from(conclude(stop, args)))
}

/// The exit code, with a word on stderr where it is not the guest's own.
fn conclude(stop: Stop, args: &Args) -> u8 {
    match stop {
        Stop::Exit(code) => match u8::try_from(code) {
            Ok(code) if code < exit_code::GUEST_ABOVE => code,
            _ => {
                say!("stuckat: the guest's exit code is {code}");
                exit_code::GUEST_ABOVE
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
        Stop::Asleep { pc } => {
            say!("stuckat: the guest sleeps at pc {pc:#010x} (WFI), and nothing can wake it");
            exit_code::ASLEEP
        }
    }
}

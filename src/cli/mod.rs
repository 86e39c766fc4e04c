//! The command line: arguments, one file per subcommand, progress display. The only place that prints.

mod campaign;
mod checkpoint;
mod explain;
mod export;
mod file;
mod gdb;
mod infer;
mod merge;
mod netlist;
mod platform;
mod profile;
mod report;
mod run;
mod style;
mod trace;

use crate::campaign::store::StoreError;
use crate::cpu::Profile;
use crate::netlist::fault::Names;
use crate::netlist::{Circuit, FaultSet};
use crate::soc::{Platform, PlatformError};
use anyhow::Context;
use clap::{Parser, Subcommand};
use std::io::{self, Write};
use std::process::ExitCode;

/// Exit codes of the program itself; `run` passes the guest's through.
pub mod exit_code {
    /// `trace diff`: the traces differ.
    pub const DIFFERENT: u8 = 1;
    /// The command line is wrong (clap's own code).
    pub const USAGE: u8 = 2;
    /// An input is wrong.
    pub const BAD_INPUT: u8 = 3;
    /// A run directory, a file or standard output cannot be written, or a run directory not read.
    pub const IO: u8 = 4;
    /// The run directory refuses: it is locked, belongs to another plan, holds results already, or is damaged. Or a file is
    /// there already.
    pub const REFUSED: u8 = 5;
    /// `run`: these codes say how a run ended that the guest did not end itself.
    pub const OURS: std::ops::RangeInclusive<u8> = 119..=126;
    /// `run`: the guest's exit code is one of ours or above 255.
    pub const GUEST_OTHER: u8 = 119;
    /// `run --gdb`: gdb said `kill`.
    pub const KILLED: u8 = 121;
    /// `run`: an access that nothing on the bus answers, on a platform without bus errors.
    pub const NO_BUS_ANSWER: u8 = 122;
    /// `run`: WFI with no interrupt that could ever come.
    pub const ASLEEP: u8 = 123;
    /// `run`: the instruction budget is used up.
    pub const BUDGET: u8 = 124;
    /// `run`: the multiplier never answered.
    pub const NO_ANSWER: u8 = 125;
    /// `run`: an exception that the guest does not handle.
    pub const TRAP: u8 = 126;
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done; for 'run': the guest's exit code, unless that is 119 to 126 or above 255
  1    'trace diff': the traces differ
  2    the command line is wrong
  3    an input is wrong: a file, a fault's name, a plan that asks for more than there is, or a
       netlist that does not multiply
  4    a run directory, a file or standard output cannot be written, or a run directory not read
  5    a run directory refuses: in use, of another plan, holds results already, damaged; or a file
       is there already
  119  'run': the guest's exit code is 119 to 126 or above 255; the message says which
  121  'run --gdb': gdb ended the run with 'kill'
  122  'run': nothing on the bus answers an access, on a platform without bus errors
  123  'run': the guest sleeps (WFI) and nothing can wake it
  124  'run': the instruction budget is used up
  125  'run': the faulty multiplier never answered
  126  'run': an exception that the guest does not handle";

/// RISC-V firmware on a multiplier made of gates: inject stuck-at faults, see what the network answers.
#[derive(Debug, Parser)]
#[command(name = "stuckat", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a fault campaign: faults x images, outcome classes, accuracy
    Campaign(Box<campaign::Args>),
    /// Run one ELF, with or without a fault; its console output goes to stdout
    Run(run::Args),
    /// Run a .tflite network on a picture: classes, and instructions and multiplications by operator; with or without a fault
    Infer(infer::Args),
    /// Say why one fault makes one image's answer what it is: the first wrong product, its way through gates, layers and control flow
    Explain(Box<explain::Args>),
    /// Write a run directory's scenarios as CSV, JSON lines or an SQLite database
    Export(export::Args),
    /// Put the shards of a campaign together
    Merge(merge::Args),
    /// Print the result of a run directory again
    Report(report::Args),
    /// Look at binary traces, write them as text, compare traces
    #[command(subcommand)]
    Trace(trace::Command),
    /// List the platforms, or print one as a TOML file to start from
    #[command(subcommand)]
    Platform(platform::Command),
    /// Look at a multiplier's netlist
    #[command(subcommand)]
    Netlist(netlist::Command),
}

/// Parses the arguments, does what they say, and returns the exit code.
pub fn main() -> ExitCode {
    let log_default = env_logger::Env::default().default_filter_or("warn");
    env_logger::Builder::from_env(log_default)
        .format(|line, record| writeln!(line, "stuckat: {}", record.args()))
        .init();
    let result = match Cli::parse().command {
        Command::Campaign(args) => campaign::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Infer(args) => infer::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Trace(command) => trace::run(&command),
        Command::Platform(command) => platform::run(&command),
        Command::Netlist(command) => netlist::run(&command),
    };
    result.unwrap_or_else(|error| {
        let output = error.downcast_ref::<OutputError>();
        if output.is_some_and(|e| e.0.kind() == io::ErrorKind::BrokenPipe) {
            // The reader has gone, as `| head` does: nothing is wrong.
            return ExitCode::SUCCESS;
        }
        say!("stuckat: {}", one_line(&error));
        ExitCode::from(match error.downcast_ref::<StoreError>() {
            Some(store) if store.is_refusal() => exit_code::REFUSED,
            Some(_) => exit_code::IO,
            None if output.is_some() || error.is::<OutputRefused>() => exit_code::IO,
            None if error.is::<file::Exists>() => exit_code::REFUSED,
            None => exit_code::BAD_INPUT,
        })
    })
}

/// Writes a line of talk to stderr; a stderr that cannot be written changes nothing.
macro_rules! say {
    ($($word:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($word)*);
    }};
}
use say;

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written: {0}")]
struct OutputError(io::Error);

/// A file that the user asked for cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{file}: cannot be written: {cause}")]
struct OutputRefused {
    file: String,
    cause: io::Error,
}

/// Writes data to standard output; talk goes to stderr.
fn print(text: &str) -> Result<(), OutputError> {
    print_bytes(text.as_bytes())
}

fn print_bytes(bytes: &[u8]) -> Result<(), OutputError> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(OutputError)
}

/// The error with its causes, in one line.
fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Which core and which platform.
#[derive(Clone, Debug, clap::Args)]
struct Target {
    /// The core: cve2, ibex, or generic (plain machine and user mode, as riscv-tests expect it)
    #[arg(long, value_name = "CORE", default_value = "cve2")]
    core: &'static Profile,
    /// The platform: a name (see 'stuckat platform list') or a TOML file [default: the one that the ELF was linked for]
    #[arg(long, value_name = "NAME|FILE")]
    platform: Option<String>,
}

impl Target {
    fn platform(&self) -> Result<Option<Platform>, PlatformError> {
        self.platform.as_deref().map(Platform::find).transpose()
    }
}

/// The faults of all `--fault` options, together.
fn faults(texts: &[String], circuit: &Circuit) -> anyhow::Result<FaultSet> {
    let names = Names::new(circuit);
    let mut faults = Vec::new();
    for text in texts {
        let set = names.set(text).with_context(|| format!("--fault {text}"))?;
        faults.extend_from_slice(set.faults());
    }
    FaultSet::new(faults, circuit).context("--fault")
}

/// Which multiplier to use.
#[derive(Clone, Debug, clap::Args)]
struct Multiplier {
    /// The multiplier: a built-in one (single_cycle, fast, single_cycle_mul, array32, booth32), or a TOML file that says how a
    /// netlist is used as one [default: single_cycle]
    #[arg(long, value_name = "NAME|FILE")]
    binding: Option<std::path::PathBuf>,
    /// Another netlist (structural Verilog or Yosys JSON) instead of the one that the binding names
    #[arg(long, value_name = "FILE")]
    netlist: Option<std::path::PathBuf>,
}

impl Multiplier {
    fn is_given(&self) -> bool {
        self.binding.is_some() || self.netlist.is_some()
    }

    fn load(&self) -> anyhow::Result<Circuit> {
        Ok(Circuit::load(self.binding.as_deref(), self.netlist.as_deref())?)
    }
}

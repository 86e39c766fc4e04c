//! `stuckat trace`: binary traces in numbers, as text, and compared. And the flags by which `stuckat run` writes traces.

mod cat;
mod diff;
mod flags;
mod show;

pub(super) use flags::{Flags, Traced};

use crate::trace::binary::{ReadError, Reader};
use anyhow::Context;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print what a binary trace is of, and what is in it
    Show(show::Args),
    /// Write a binary trace as text, or a part of it
    Cat(cat::Args),
    /// Find the first instruction in which two traces differ; exit code 1 if there is one
    Diff(diff::Args),
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Show(args) => show::run(args),
        Command::Cat(args) => cat::run(args),
        Command::Diff(args) => diff::run(args),
    }
}

/// Opens a binary trace.
fn open(path: &Path) -> anyhow::Result<Reader<BufReader<File>>> {
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| format!("{name}: cannot be read"))?;
    Ok(Reader::new(BufReader::with_capacity(1 << 20, file)).with_context(|| name)?)
}

/// What is said of a trace that cannot be read further.
fn unreadable(path: &Path, error: ReadError) -> anyhow::Error {
    let advice = match error {
        ReadError::CutOff(..) => "; what is before was read",
        ReadError::Damaged(..) => "; what is before was read, write it again for the rest",
        _ => "",
    };
    anyhow::anyhow!("{}: {error}{advice}", path.display())
}

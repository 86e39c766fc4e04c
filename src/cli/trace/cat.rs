//! `stuckat trace cat`: a binary trace as text.

use super::flags::{Format, Only, Wanted, addresses};
use super::{open, unreadable};
use crate::cli::OutputError;
use crate::debug::DebugInfo;
use crate::trace::{self, Names};
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// A binary trace
    file: PathBuf,
    /// What the text looks like
    #[arg(long, value_name = "FORMAT", default_value = "rvfi")]
    format: Format,
    /// From this instruction on; 1 is the first of the run
    #[arg(long, value_name = "N")]
    from: Option<u64>,
    /// Up to this instruction
    #[arg(long, value_name = "N")]
    to: Option<u64>,
    /// Only instructions from the first of these addresses to the second; may be given several times
    #[arg(long, value_name = "FROM-TO", value_parser = addresses)]
    pc: Vec<(u32, u32)>,
    /// Only instructions of this function (with --elf); may be given several times
    #[arg(long, value_name = "NAME", requires = "elf")]
    function: Vec<String>,
    /// Only instructions of this kind
    #[arg(long, value_name = "KIND")]
    only: Option<Only>,
    /// The traced program, for --function and --symbols
    #[arg(long, value_name = "ELF")]
    elf: Option<PathBuf>,
    /// Add each instruction's function and source line (with --elf)
    #[arg(long, requires = "elf")]
    symbols: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut reader = open(&args.file)?;
    let program = match &args.elf {
        Some(elf) => Some(program(elf, &reader.header().elf_sha256)?),
        None => None,
    };
    let wanted = Wanted {
        from: args.from,
        to: args.to,
        pc: args.pc.clone(),
        function: args.function.clone(),
        only: args.only,
    };
    let filter = wanted.filter(program.as_deref())?;
    let names = program.filter(|_| args.symbols).map_or_else(Names::default, Names::new);
    let Some(mut lines) = trace::Format::from(args.format).lines(names) else {
        anyhow::bail!("--format binary: the trace is binary already; choose a format of text");
    };
    let mut out = std::io::stdout().lock();
    let mut text = lines.header().as_bytes().to_vec();
    let mut events = Vec::new();
    let ended = loop {
        out.write_all(&text).map_err(OutputError)?;
        text.clear();
        match reader.block(&mut events) {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
        for event in events.iter().filter(|event| filter.wants(event)) {
            lines.line(event, &mut text);
        }
        if events.last().is_some_and(|event| event.number >= filter.to) {
            out.write_all(&text).map_err(OutputError)?;
            break Ok(());
        }
    };
    out.flush().map_err(OutputError)?;
    ended.map_err(|error| unreadable(&args.file, error))?;
    Ok(ExitCode::SUCCESS)
}

/// The program's names, if it is the one that was traced.
fn program(elf: &Path, sha256: &str) -> anyhow::Result<Arc<DebugInfo>> {
    let name = elf.display().to_string();
    let bytes = std::fs::read(elf).with_context(|| format!("{name}: cannot be read"))?;
    let ours = crate::hex(&Sha256::digest(&bytes));
    if ours != sha256 {
        anyhow::bail!(
            "{name}: is not the traced program: its SHA-256 is {ours}, that of the traced one {sha256}"
        );
    }
    Ok(Arc::new(DebugInfo::new(&bytes)))
}

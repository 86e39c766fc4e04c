//! The flags by which traces are asked for, and what is kept of them.

use crate::cli::{OutputError, OutputRefused};
use crate::cpu::Stop;
use crate::debug::DebugInfo;
use crate::trace::binary::Header;
use crate::trace::{self, Filter, Names, Settings, Tracer};
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Instructions that a ring can have, at the most: some 100 bytes each.
const RING_LIMIT: u64 = 10_000_000;

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Format {
    /// As Ibex's tracer writes its log
    Ibex,
    /// As Spike writes its commit log
    Spike,
    /// JSON lines
    Json,
    /// CSV with the fields of the RISC-V Formal Interface
    Rvfi,
    /// Compact, with everything; for 'stuckat trace'
    Binary,
}

impl From<Format> for trace::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Ibex => trace::Format::Ibex,
            Format::Spike => trace::Format::Spike,
            Format::Json => trace::Format::Json,
            Format::Rvfi => trace::Format::Rvfi,
            Format::Binary => trace::Format::Binary,
        }
    }
}

/// The kinds of instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Only {
    /// Multiplications
    Muls,
    /// Loads and stores
    Memory,
    /// Branches and jumps
    Jumps,
    /// Accesses to CSRs
    Csrs,
    /// Those that trap, and the first of each trap handler
    Traps,
}

impl From<Only> for trace::Only {
    fn from(only: Only) -> Self {
        match only {
            Only::Muls => trace::Only::Muls,
            Only::Memory => trace::Only::Memory,
            Only::Jumps => trace::Only::Jumps,
            Only::Csrs => trace::Only::Csrs,
            Only::Traps => trace::Only::Traps,
        }
    }
}

/// Traces of `stuckat run`.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct Flags {
    /// Write what each instruction did to a file, or '-' for standard output (what the program
    /// prints then goes to standard error)
    #[arg(long = "trace", value_name = "FILE")]
    file: Option<PathBuf>,
    /// What the trace looks like
    #[arg(long = "trace-format", value_name = "FORMAT", default_value = "rvfi", requires = "file")]
    format: Format,
    /// Trace from this instruction on; 1 is the first
    #[arg(long = "trace-from", value_name = "N", requires = "file")]
    from: Option<u64>,
    /// Trace up to this instruction
    #[arg(long = "trace-to", value_name = "N", requires = "file")]
    to: Option<u64>,
    /// Trace only instructions from the first of these addresses to the second; may be given several times
    #[arg(long = "trace-pc", value_name = "FROM-TO", requires = "file", value_parser = addresses)]
    pc: Vec<(u32, u32)>,
    /// Trace only instructions of this function; may be given several times
    #[arg(long = "trace-function", value_name = "NAME", requires = "file")]
    function: Vec<String>,
    /// Trace only instructions of this kind
    #[arg(long = "trace-only", value_name = "KIND", requires = "file")]
    only: Option<Only>,
    /// Keep only the last N of the instructions that are to be traced, and write them at the end of the run, however it ends
    #[arg(long = "trace-last", value_name = "N", requires = "file",
          value_parser = clap::value_parser!(u64).range(1..=RING_LIMIT))]
    last: Option<u64>,
    /// Add each instruction's function and source line: as members in JSON, as a column in CSV, behind a '#' in the others
    #[arg(long = "trace-symbols", requires = "file")]
    symbols: bool,
}

/// What of a trace is wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub from: Option<u64>,
    pub to: Option<u64>,
    pub pc: Vec<(u32, u32)>,
    pub function: Vec<String>,
    pub only: Option<Only>,
}

impl Wanted {
    /// The filter; functions are those of the program.
    pub fn filter(&self, program: Option<&DebugInfo>) -> anyhow::Result<Filter> {
        let mut filter = Filter { addresses: self.pc.clone(), ..Filter::default() };
        filter.from = self.from.unwrap_or(filter.from);
        filter.to = self.to.unwrap_or(filter.to);
        filter.only = self.only.map(trace::Only::from);
        for name in &self.function {
            let functions = program.map_or(&[][..], |program| program.functions().all());
            let before = filter.addresses.len();
            let named = functions.iter().filter(|f| f.name == *name);
            filter.addresses.extend(named.map(|f| (f.addr, f.addr.saturating_add(f.len - 1))));
            if filter.addresses.len() == before {
                anyhow::bail!(
                    "the program has no function '{name}' with a size; see its symbols, or give addresses"
                );
            }
        }
        Ok(filter)
    }

    /// In words; empty for all.
    fn words(&self) -> String {
        let mut words = Vec::new();
        self.from.iter().for_each(|n| words.push(format!("from {n}")));
        self.to.iter().for_each(|n| words.push(format!("to {n}")));
        self.pc.iter().for_each(|(a, b)| words.push(format!("pc {a:#010x}-{b:#010x}")));
        self.function.iter().for_each(|name| words.push(format!("function {name}")));
        self.only.iter().for_each(|only| words.push(format!("only {only:?}").to_lowercase()));
        words.join(", ")
    }
}

/// `0x100000-0x1000ff`; numbers in hexadecimal with `0x`, else decimal.
pub(super) fn addresses(text: &str) -> Result<(u32, u32), String> {
    let number = |text: &str| match text.trim().strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.trim().parse().ok(),
    };
    let range = text.split_once('-').and_then(|(a, b)| Some((number(a)?, number(b)?)));
    match range {
        Some((from, to)) if from <= to => Ok((from, to)),
        Some(_) => Err("the first address is above the second".into()),
        None => Err("two addresses with '-' between them, e.g. 0x100080-0x1000ff".into()),
    }
}

/// What `stuckat run` runs.
pub(in crate::cli) struct Traced<'a> {
    /// The ELF's name.
    pub file: &'a str,
    /// Its bytes.
    pub elf: &'a [u8],
    pub core: &'a str,
    pub platform: &'a str,
    pub faults: &'a [String],
}

impl Flags {
    /// Whether the trace goes to standard output.
    pub fn is_stdout(&self) -> bool {
        self.file.as_deref() == Some(Path::new("-"))
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            from: self.from,
            to: self.to,
            pc: self.pc.clone(),
            function: self.function.clone(),
            only: self.only,
        }
    }

    /// How many instructions at the beginning are not wanted, and the last that may be.
    pub fn bounds(&self) -> (u64, u64) {
        (self.from.map_or(0, |from| from.saturating_sub(1)), self.to.unwrap_or(u64::MAX))
    }

    /// Opens the file and begins the trace, if one is asked for.
    pub fn tracer(&self, traced: &Traced<'_>) -> anyhow::Result<Option<Tracer>> {
        if self.file.is_none() {
            return Ok(None);
        }
        let named = self.symbols || !self.function.is_empty();
        let info = named.then(|| Arc::new(DebugInfo::new(traced.elf)));
        let wanted = self.wanted();
        let filter = wanted.filter(info.as_deref()).with_context(|| traced.file.to_owned())?;
        let names = info.filter(|_| self.symbols).map_or_else(Names::default, Names::new);
        let last = self.last.map(|n| n as usize);
        let mut kept = wanted.words();
        if let Some(last) = last {
            kept = format!("{kept}{}last {last}", if kept.is_empty() { "" } else { ", " });
        }
        let header = Header {
            writer: concat!("stuckat ", env!("CARGO_PKG_VERSION")).into(),
            elf: traced.file.to_owned(),
            elf_sha256: crate::hex(&Sha256::digest(traced.elf)),
            core: traced.core.to_owned(),
            platform: traced.platform.to_owned(),
            faults: traced.faults.to_vec(),
            kept,
        };
        let settings = Settings { format: self.format.into(), filter, last, names };
        let tracer = Tracer::new(settings, self.sink()?, &header);
        tracer.map(Some).map_err(|cause| self.refused(cause))
    }

    fn sink(&self) -> anyhow::Result<Box<dyn Write + Send>> {
        if self.is_stdout() {
            return Ok(Box::new(std::io::stdout()));
        }
        let path = self.file.as_deref().unwrap_or(Path::new(""));
        Ok(Box::new(File::create(path).map_err(|cause| self.refused(cause))?))
    }

    /// Ends the trace.
    pub fn finish(&self, tracer: Tracer, stop: Stop) -> anyhow::Result<()> {
        tracer.finish(&stop.to_string()).map_err(|cause| self.refused(cause))
    }

    fn refused(&self, cause: std::io::Error) -> anyhow::Error {
        if self.is_stdout() {
            return OutputError(cause).into();
        }
        let file = self.file.as_deref().unwrap_or(Path::new("")).display().to_string();
        OutputRefused { file, cause }.into()
    }
}

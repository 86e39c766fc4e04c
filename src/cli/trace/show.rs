//! `stuckat trace show`: what a binary trace is of, and what is in it.

use super::{open, unreadable};
use crate::cli::print;
use crate::report::table::grouped;
use crate::trace::Summary;
use crate::trace::binary::{End, Header};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// A binary trace
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut reader = open(&args.file)?;
    let mut summary = Summary::default();
    let mut events = Vec::new();
    let ended = loop {
        match reader.block(&mut events) {
            Ok(true) => events.iter().for_each(|event| summary.add(event)),
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let text = match args.json {
        true => json(reader.header(), reader.end(), &summary),
        false => table(reader.header(), reader.end(), &summary),
    };
    print(&text)?;
    ended.map_err(|error| unreadable(&args.file, error))?;
    Ok(ExitCode::SUCCESS)
}

/// Name and value of each number.
fn numbers(s: &Summary) -> [(&'static str, u64); 13] {
    [
        ("instructions", s.instructions),
        ("left out between", s.left_out),
        ("compressed", s.compressed),
        ("addresses", s.places.len() as u64),
        ("multiplications", s.muls),
        ("divisions", s.divisions),
        ("loads", s.loads),
        ("stores", s.stores),
        ("branches", s.branches),
        ("branches taken", s.taken),
        ("CSR writes", s.csr_writes),
        ("exceptions", s.exceptions),
        ("interrupts", s.interrupts),
    ]
}

fn table(header: &Header, end: Option<&End>, summary: &Summary) -> String {
    let mut lines = vec![
        ("program", header.elf.clone()),
        ("its SHA-256", header.elf_sha256.clone()),
        ("core", header.core.clone()),
        ("platform", header.platform.clone()),
        ("written by", header.writer.clone()),
    ];
    if !header.faults.is_empty() {
        lines.push(("faults", header.faults.join(", ")));
    }
    if !header.kept.is_empty() {
        lines.push(("kept", header.kept.clone()));
    }
    if let (Some(first), Some(last)) = (summary.first, summary.last) {
        let range = |a: u64, b: u64| format!("{} to {}", grouped(a as usize), grouped(b as usize));
        lines.push(("numbers", range(first.0, last.0)));
        lines.push(("cycles", range(first.1, last.1)));
    }
    if let Some((low, high)) = summary.addresses {
        lines.push(("from and to pc", format!("{low:#010x} to {high:#010x}")));
    }
    lines.extend(numbers(summary).map(|(name, n)| (name, grouped(n as usize))));
    lines.push(("end", end.map_or("cut off".to_owned(), |end| end.stop.clone())));
    lines.iter().map(|(name, value)| format!("{name:17} {value}\n")).collect()
}

fn json(header: &Header, end: Option<&End>, summary: &Summary) -> String {
    let mut object = serde_json::json!({ "header": header, "end": end });
    for (name, n) in numbers(summary) {
        object[name.to_lowercase().replace(' ', "_")] = n.into();
    }
    object["first"] = serde_json::json!(summary.first);
    object["last"] = serde_json::json!(summary.last);
    format!("{object}\n")
}

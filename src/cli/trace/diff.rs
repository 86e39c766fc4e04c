//! `stuckat trace diff`: the first instruction in which two traces differ.
//!
//! Two binary traces are compared field by field. If one is text, the other is taken as text of the same format, and lines are
//! compared.

use super::flags::Format;
use super::{open, unreadable};
use crate::cli::{exit_code, print};
use crate::cpu::Retired;
use crate::trace::binary::{MAGIC, Reader};
use crate::trace::{self, Lines, Names};
use anyhow::Context;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// A binary trace, or one in a format of text
    first: PathBuf,
    /// Another one
    second: PathBuf,
    /// Instructions to show before the first that differs, and after it
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(0..=1000))]
    context: u16,
    /// How to show instructions of two binary traces
    #[arg(long, value_name = "FORMAT", default_value = "spike")]
    format: Format,
    /// Let binary traces differ in cycles
    #[arg(long)]
    ignore_cycles: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let formats = (text_format(&args.first)?, text_format(&args.second)?);
    let (shown, as_text) = match formats {
        (None, None) => (args.format.into(), false),
        (Some(a), Some(b)) if a != b => {
            anyhow::bail!(
                "{} and {}: traces in two formats of text; write one of them again in the other's",
                args.first.display(),
                args.second.display()
            )
        }
        (Some(format), _) | (None, Some(format)) => (format, true),
    };
    if shown == trace::Format::Binary {
        anyhow::bail!("--format binary: choose a format of text");
    }
    let mut first = Source::open(&args.first, shown, as_text)?;
    let mut second = Source::open(&args.second, shown, as_text)?;
    let mut before = VecDeque::new();
    let mut same = 0_u64;
    loop {
        let (a, b) = (first.next()?, second.next()?);
        match (&a, &b) {
            (None, None) => {
                print(&format!("the traces are the same: {same} {}\n", unit(as_text)))?;
                return Ok(ExitCode::SUCCESS);
            }
            (Some(x), Some(y)) if x.is_same(y, args.ignore_cycles) => same += 1,
            _ => {
                print(&difference(args, (&mut first, a), (&mut second, b), &before, same)?)?;
                return Ok(ExitCode::from(exit_code::DIFFERENT));
            }
        }
        if before.len() >= usize::from(args.context) {
            before.pop_front();
        }
        if args.context > 0 {
            before.extend(a);
        }
    }
}

fn unit(as_text: bool) -> &'static str {
    if as_text { "lines" } else { "instructions" }
}

/// One instruction of a trace.
enum Item {
    Event(Box<Retired>),
    Line(String),
}

impl Item {
    fn is_same(&self, other: &Self, ignore_cycles: bool) -> bool {
        match (self, other) {
            (Item::Event(a), Item::Event(b)) if ignore_cycles => {
                Retired { cycles: 0, ..**a } == Retired { cycles: 0, ..**b }
            }
            (Item::Event(a), Item::Event(b)) => a == b,
            (Item::Line(a), Item::Line(b)) => a == b,
            _ => false,
        }
    }
}

/// A trace that is read instruction by instruction.
struct Source {
    path: PathBuf,
    lines: Box<dyn Lines>,
    kind: Kind,
}

enum Kind {
    Binary {
        reader: Box<Reader<BufReader<File>>>,
        events: Vec<Retired>,
        next: usize,
        as_text: bool,
    },
    Text(BufReader<File>),
}

/// A line of a text may have so many bytes.
const LINE_LIMIT: u64 = 1 << 16;

impl Source {
    fn open(path: &Path, format: trace::Format, as_text: bool) -> anyhow::Result<Self> {
        let lines = format.lines(Names::default()).context("a format of text")?;
        let mut source = Self { path: path.to_owned(), lines, kind: Kind::Text(opened(path)?) };
        if text_format(path)?.is_none() {
            let reader = Box::new(open(path)?);
            source.kind = Kind::Binary { reader, events: Vec::new(), next: 0, as_text };
        } else if !source.lines.header().is_empty() {
            source.next()?;
        }
        Ok(source)
    }

    fn next(&mut self) -> anyhow::Result<Option<Item>> {
        match &mut self.kind {
            Kind::Text(file) => {
                let mut line = Vec::new();
                let read = file.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line);
                let name = || format!("{}: cannot be read", self.path.display());
                if read.with_context(name)? == 0 {
                    return Ok(None);
                }
                Ok(Some(Item::Line(String::from_utf8_lossy(&line).into_owned())))
            }
            Kind::Binary { reader, events, next, as_text } => loop {
                let Some(event) = events.get(*next) else {
                    *next = 0;
                    if !reader.block(events).map_err(|error| unreadable(&self.path, error))? {
                        return Ok(None);
                    }
                    continue;
                };
                *next += 1;
                if !*as_text {
                    return Ok(Some(Item::Event(Box::new(*event))));
                }
                let mut line = Vec::new();
                self.lines.line(event, &mut line);
                if !line.is_empty() {
                    return Ok(Some(Item::Line(String::from_utf8_lossy(&line).into_owned())));
                }
            },
        }
    }

    /// As text, with its end.
    fn text(&mut self, item: &Item) -> String {
        match item {
            Item::Line(line) => format!("{}\n", line.trim_end_matches('\n')),
            Item::Event(event) => {
                let mut line = Vec::new();
                self.lines.line(event, &mut line);
                if line.is_empty() {
                    line =
                        format!("trap at {:#010x} ({:08x})\n", event.pc, event.word).into_bytes();
                }
                format!("{:>12} {}", event.number, String::from_utf8_lossy(&line))
            }
        }
    }
}

fn opened(path: &Path) -> anyhow::Result<BufReader<File>> {
    let file = File::open(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

/// The format of a text; `None` for a binary trace.
fn text_format(path: &Path) -> anyhow::Result<Option<trace::Format>> {
    let mut begin = [0; 16];
    let mut file = opened(path)?;
    let available =
        file.fill_buf().with_context(|| format!("{}: cannot be read", path.display()))?;
    let len = available.len().min(begin.len());
    begin[..len].copy_from_slice(&available[..len]);
    if begin.starts_with(&MAGIC) {
        return Ok(None);
    }
    let name = path.display();
    let unknown = || format!("{name}: is no trace in a format of 'stuckat run --trace-format'");
    trace::Format::of_text(&begin[..len]).map(Some).with_context(unknown)
}

/// The first difference, with what is around it.
fn difference(
    args: &Args,
    (first, a): (&mut Source, Option<Item>),
    (second, b): (&mut Source, Option<Item>),
    before: &VecDeque<Item>,
    same: u64,
) -> anyhow::Result<String> {
    let unit = unit(matches!(a.as_ref().or(b.as_ref()), Some(Item::Line(_))));
    let mut text = format!("the traces differ after {same} {unit}\n");
    let fields = match (&a, &b) {
        (Some(Item::Event(a)), Some(Item::Event(b))) => fields(a, b),
        _ => Vec::new(),
    };
    if !fields.is_empty() {
        text += &format!("in {}\n", fields.join(", "));
    }
    before.iter().for_each(|item| text += &format!("  {}", first.text(item)));
    for (mark, source, item) in [('<', first, a), ('>', second, b)] {
        let Some(item) = item else {
            text += &format!("{mark} {}: ends here\n", source.path.display());
            continue;
        };
        text += &format!("{mark} {}", source.text(&item));
        for _ in 0..args.context {
            // What is behind is shown as far as it can be read.
            let Ok(Some(item)) = source.next() else { break };
            text += &format!("{mark} {}", source.text(&item));
        }
    }
    Ok(text)
}

/// The names of the fields that differ.
fn fields(a: &Retired, b: &Retired) -> Vec<&'static str> {
    let all = [
        ("number", a.number != b.number),
        ("pc", a.pc != b.pc),
        ("instruction", (a.word, a.len, a.op) != (b.word, b.len, b.op)),
        ("rs1", a.rs1 != b.rs1),
        ("rs2", a.rs2 != b.rs2),
        ("rd", a.rd != b.rd),
        ("CSR", a.csr != b.csr),
        ("access", a.access != b.access),
        ("trap", a.trapped != b.trapped),
        ("handler", (a.enters_handler, a.interrupted) != (b.enters_handler, b.interrupted)),
        ("next pc", a.next_pc != b.next_pc),
        ("mode", a.mode != b.mode),
        ("cycle", a.cycles != b.cycles),
    ];
    all.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

//! `stuckat netlist eval`: one operation without and with a fault, net by net and clock by clock.

use super::super::{Multiplier, faults, file, print, say};
use super::words::{counted, operation};
use crate::netlist::table::NoTable;
use crate::netlist::wave::{Trace, drivers, fan_out, levels};
use crate::netlist::{Circuit, Effect, FaultSet, Net, dump};
use crate::report::table::{align, table, trimmed};
use crate::unit::{Answer, MulOp, Tuple};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

const EXAMPLES: &str = "\
The operation is the first one after reset, evaluated gate by gate. Listed are
the nets of the fault's fan-out (what a change at its site could ever reach)
that differ from the fault-free unit, clock by clock, in the order in which a
change spreads: a net's level is one more than the highest level among the
inputs of its gate; inputs and flip-flops have level 0. Where the list ends
before the result, the fault is masked. Only clocks before the first of the two
answers, and its own, are compared.

Examples:
  stuckat netlist eval --op mul --rs1 3 --rs2 -5 --fault 'op_a_i[3]/SA1'
  stuckat netlist eval --op mulh --rs1 0x80000000 --rs2 7 \\
      --fault n1984/SA1 --vcd mulh.vcd";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in super::super) struct Args {
    /// The operation
    #[arg(long, value_name = "OP", value_parser = operation())]
    op: MulOp,
    /// First operand: decimal, also negative, or hexadecimal with 0x
    #[arg(long, value_name = "X", value_parser = operand, allow_negative_numbers = true)]
    rs1: u32,
    /// Second operand, in the same way
    #[arg(long, value_name = "Y", value_parser = operand, allow_negative_numbers = true)]
    rs2: u32,
    /// A fault, e.g. 'op_a_i[3]/SA1' (see 'stuckat netlist faults'); may be given several times for several faults at
    /// once; 'SITE/FLIP@1.k' inverts a site in clock k only
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,
    /// List all nets of the fan-out, also those that do not differ; without a fault all nets
    #[arg(long)]
    all: bool,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
    /// Write all nets in all clocks, without and with the fault, as a value change dump for GTKWave or Surfer; one time
    /// unit is one clock
    #[arg(long, value_name = "FILE")]
    vcd: Option<PathBuf>,
    #[command(flatten)]
    multiplier: Multiplier,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report<'c> {
    /// The multiplier's name, from its binding.
    multiplier: &'c str,
    /// `mul`, `mulh`, `mulhsu` or `mulhu`.
    op: &'static str,
    /// First operand, as an unsigned number.
    rs1: u32,
    /// Second operand, as an unsigned number.
    rs2: u32,
    /// The faults, as `--fault` takes them.
    faults: Vec<String>,
    /// What the operation gives by integer arithmetic, as an unsigned number.
    exact: u32,
    /// The answer without a fault.
    sound: Answered,
    /// The answer with the faults.
    faulty: Answered,
    /// The bits of the result that are wrong, as a mask; `null` if there is no answer.
    wrong_bits: Option<u32>,
    /// How many nets the faults' fan-out has, their own nets included.
    fan_out: usize,
    /// How many nets of it differ in some clock.
    differing: usize,
    /// The nets of the fan-out that differ in some clock (with `--all` all of the fan-out; without a fault all nets but
    /// constants), by level, then by name.
    nets: Vec<Row<'c>>,
}

#[derive(Debug, Serialize)]
struct Answered {
    /// The result, as an unsigned number; `null` if the unit never answers.
    value: Option<u32>,
    /// Clock cycles from the operands to the answer; `null` if the unit never answers.
    cycles: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Row<'c> {
    /// Its name.
    net: &'c str,
    /// The output pin that drives it, as `INSTANCE/PIN`; `null` for an input.
    driver: Option<String>,
    /// 0 for inputs and flip-flops, else one more than the highest level among the inputs of its gate.
    level: u32,
    /// Its value (0 or 1) without a fault at the end of each clock, the first clock first. A unit that never answers has
    /// the binding's `max_clocks`.
    sound: Vec<u8>,
    /// The same with the faults; it may have more or fewer clocks.
    faulty: Vec<u8>,
    /// The clocks, counted from 1, in which the two differ; only clocks that both have.
    differs_in: Vec<usize>,
    #[serde(skip)]
    id: Net,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let circuit = Arc::new(args.multiplier.load()?);
    let faults = faults(&args.fault, &circuit)?;
    let tuple = Tuple { op: args.op, rs1: args.rs1, rs2: args.rs2 };
    let sound = Trace::of(&circuit, &[], tuple);
    if sound.clocks() == 0 {
        return Err(anyhow::Error::new(NoTable::NotHere).context(args.op.name()));
    }
    let faulty = Trace::of(&circuit, faults.faults(), tuple);
    warn_of_late_flips(&faults, &circuit, faulty.clocks());
    let report = report(&circuit, &faults, tuple, [&sound, &faulty], args.all);
    if let Some(path) = &args.vcd {
        let title = title(&report);
        file::write_whole(path, |out| dump::write(out, &circuit, &sound, &faulty, &title))?;
    }
    if args.json {
        print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
    } else {
        print(&text(&report, [&sound, &faulty], args.all))?;
    }
    Ok(())
}

/// Reads an operand.
fn operand(text: &str) -> Result<u32, String> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let value = match hexadecimal {
        // `from_str_radix` would take a sign.
        Some(digits) if digits.starts_with('+') => None,
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => {
            let number = text.parse::<i64>().ok();
            number.filter(|n| (-(1 << 31)..1 << 32).contains(n)).map(|n| n as u32)
        }
    };
    value.ok_or_else(|| {
        "give -2147483648 to 4294967295, or 0x and up to eight hexadecimal digits".to_owned()
    })
}

/// A flip that is due after the operation would look like a fault without effect.
fn warn_of_late_flips(faults: &FaultSet, circuit: &Circuit, clocks: usize) {
    for fault in faults.faults() {
        if let Effect::Flip { operation, clock } = fault.effect
            && (operation > 1 || clock as usize > clocks)
        {
            let name = fault.name(circuit.netlist());
            let has = counted(clocks, "clock");
            say!("stuckat: {name} does not happen: here is one operation of {has}");
        }
    }
}

fn report<'c>(
    circuit: &'c Circuit,
    faults: &FaultSet,
    tuple: Tuple,
    traces: [&Trace; 2],
    all: bool,
) -> Report<'c> {
    let netlist = circuit.netlist();
    let [sound, faulty] = traces;
    let reached = fan_out(circuit, faults.faults());
    let (drivers, levels) = (drivers(netlist), levels(circuit));
    let is_constant = |net: &Net| netlist.constants().iter().any(|(n, _)| n == net);
    let row = |net: Net| {
        let values = |trace: &Trace| -> Vec<u8> {
            let clocks = 0..trace.clocks();
            clocks.filter_map(|clock| trace.value(clock, net)).map(u8::from).collect()
        };
        Row {
            net: netlist.net_name(net),
            driver: drivers[net.index()].map(|pin| netlist.pin_name(pin)),
            level: levels[net.index()],
            sound: values(sound),
            faulty: values(faulty),
            differs_in: (0..sound.clocks())
                .filter(|clock| sound.differs(faulty, *clock, net))
                .map(|clock| clock + 1)
                .collect(),
            id: net,
        }
    };
    let nets = (0..netlist.net_count() as u32).map(Net);
    let no_fault = faults.faults().is_empty();
    let mut rows: Vec<Row> = nets
        .filter(|net| reached[net.index()] || (no_fault && all && !is_constant(net)))
        .map(row)
        .collect();
    let fan_out = reached.iter().filter(|reached| **reached).count();
    let differing = rows.iter().filter(|row| !row.differs_in.is_empty()).count();
    rows.retain(|row| all || !row.differs_in.is_empty());
    rows.sort_by(|a, b| (a.level, a.net).cmp(&(b.level, b.net)));
    let answered = |trace: &Trace| match trace.answer {
        Answer::Done { value, cycles } => Answered { value: Some(value), cycles: Some(cycles) },
        Answer::Never => Answered { value: None, cycles: None },
    };
    let (sound, faulty) = (answered(sound), answered(faulty));
    Report {
        multiplier: circuit.name(),
        op: tuple.op.name(),
        rs1: tuple.rs1,
        rs2: tuple.rs2,
        faults: faults.faults().iter().map(|fault| fault.name(netlist)).collect(),
        exact: tuple.op.product(tuple.rs1, tuple.rs2),
        wrong_bits: faulty.value.zip(sound.value).map(|(a, b)| a ^ b),
        sound,
        faulty,
        fan_out,
        differing,
        nets: rows,
    }
}

/// The operation and its faults, as a line.
fn title(report: &Report) -> String {
    let Report { multiplier, op, rs1, rs2, .. } = report;
    let faults = match report.faults.as_slice() {
        [] => "no fault".to_owned(),
        faults => faults.join(" + "),
    };
    format!(
        "{multiplier}: {op} of {rs1:#010x} and {rs2:#010x}, the first operation after reset; {faults}"
    )
}

fn text(report: &Report, [sound, faulty]: [&Trace; 2], all: bool) -> String {
    // As the operation takes them; for MUL it makes no difference to the result.
    let signed_rs1 = report.op != "mulhu";
    let signed_rs2 = matches!(report.op, "mul" | "mulh");
    let mut lines = vec![
        format!("{} by '{}', just after reset", report.op, report.multiplier),
        format!("rs1      {}", number(report.rs1, signed_rs1)),
        format!("rs2      {}", number(report.rs2, signed_rs2)),
        format!("sound    {}", answer(&report.sound, sound, signed_rs1)),
    ];
    let no_fault = report.faults.is_empty();
    if !no_fault {
        lines.push(format!("faulty   {}", answer(&report.faulty, faulty, signed_rs1)));
        lines.push(format!("fault    {}", report.faults.join(" + ")));
        if let Some(wrong) = report.wrong_bits {
            lines.push(match wrong {
                0 => "wrong    no bit of the result".to_owned(),
                _ => format!("wrong    {wrong:#010x}: {}", bits(wrong)),
            });
        }
        lines.push(format!(
            "fan-out  {}, of which {} in some clock",
            counted(report.fan_out, "net"),
            match report.differing {
                0 => "none differs".to_owned(),
                1 => "1 differs".to_owned(),
                n => format!("{} differ", crate::report::table::grouped(n)),
            }
        ));
        if report.differing == 0 {
            lines.push("With these operands the fault shows on no net.".to_owned());
        } else if report.wrong_bits == Some(0) && report.sound.cycles == report.faulty.cycles {
            lines.push("With these operands the fault is masked before the result.".to_owned());
        }
    }
    if !report.nets.is_empty() {
        lines.push(String::new());
        lines.push(trimmed(&rows(report, sound, faulty, all)));
    }
    lines.join("\n") + "\n"
}

/// One row a net and clock; with `all` also those without a difference, which `*` marks.
fn rows(report: &Report, sound: &Trace, faulty: &Trace, all: bool) -> comfy_table::Table {
    let no_fault = report.faults.is_empty();
    let mut header = vec!["clock", "level", "net", "driven by", "sound"];
    if !no_fault {
        header.push("faulty");
    }
    if !no_fault && all {
        header.push("differs");
    }
    let mut table = table(&header);
    let clocks = sound.clocks().min(faulty.clocks());
    for clock in 0..clocks {
        for row in &report.nets {
            let differs = sound.differs(faulty, clock, row.id);
            if !differs && !all {
                continue;
            }
            let value = |trace: &Trace| {
                trace.value(clock, row.id).map_or_else(String::new, |v| u8::from(v).to_string())
            };
            let driver = row.driver.as_deref().unwrap_or("input");
            let mut cells = vec![
                (clock + 1).to_string(),
                row.level.to_string(),
                row.net.to_owned(),
                driver.to_owned(),
                value(sound),
            ];
            if !no_fault {
                cells.push(value(faulty));
            }
            if !no_fault && all {
                cells.push(if differs { "*" } else { "" }.to_owned());
            }
            table.add_row(cells);
        }
    }
    align(&mut table, None);
    for words in [2, 3] {
        if let Some(column) = table.column_mut(words) {
            column.set_cell_alignment(comfy_table::CellAlignment::Left);
        }
    }
    table
}

/// In hexadecimal and decimal.
fn number(value: u32, signed: bool) -> String {
    let decimal = if signed { i64::from(value.cast_signed()) } else { i64::from(value) };
    format!("{value:#010x} ({decimal})")
}

fn answer(answered: &Answered, trace: &Trace, signed: bool) -> String {
    match (answered.value, answered.cycles) {
        (Some(value), Some(cycles)) => {
            format!("{} after {}", number(value, signed), counted(cycles as usize, "clock"))
        }
        _ => format!("never answers (not within {})", counted(trace.clocks(), "clock")),
    }
}

/// `bit 3`, `bits 31-8, 3`.
fn bits(mask: u32) -> String {
    let set: Vec<u32> = (0..32).filter(|bit| mask >> bit & 1 == 1).collect();
    let runs = set.chunk_by(|a, b| a + 1 == *b).rev().map(|run| match run {
        [bit] => bit.to_string(),
        run => format!("{}-{}", run[run.len() - 1], run[0]),
    });
    let runs = runs.collect::<Vec<_>>().join(", ");
    format!("bit{} {runs}", if set.len() == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_read_as_people_write_them() {
        for (text, value) in [
            ("0", 0),
            ("-1", u32::MAX),
            ("-2147483648", 1 << 31),
            ("4294967295", u32::MAX),
            ("0xffffFFFF", u32::MAX),
            ("0X10", 16),
            ("+7", 7),
        ] {
            assert_eq!(operand(text), Ok(value), "{text}");
        }
        for text in ["", "x", "0x", "-0x1", "0x-1", "0x+1", "0x100000000", "4294967296", "1.5"] {
            assert!(operand(text).is_err(), "{text}");
        }
        assert!(operand("-2147483649").is_err());
    }

    #[test]
    fn wrong_bits_are_named_from_the_top() {
        assert_eq!(bits(8), "bit 3");
        assert_eq!(bits(0xffff_ff08), "bits 31-8, 3");
        assert_eq!(bits(u32::MAX), "bits 31-0");
    }
}

//! `stuckat netlist check`: whether the fault-free netlist multiplies, and what the binding makes of it.

use super::super::{Multiplier, print};
use super::words::{counted, joined, port_names};
use crate::netlist::equivalence::{self, Equivalence};
use crate::netlist::lint::{self, Oddities};
use crate::netlist::ports::RegisterPlace;
use crate::netlist::{Circuit, Direction, Net};
use crate::report::table::{align, grouped, table, trimmed};
use serde::Serialize;
use std::sync::Arc;

/// Names in a line of the text, at the most; `--json` has all.
const NAMES: usize = 8;

const EXAMPLE: &str = "\
Compared with integer arithmetic: all pairs of corner operands (powers of two,
their negatives and complements, all ones, sign boundaries, halves), N random
pairs, and for each operation 2,048 pairs gate by gate, clock by clock, with
idle clocks and divisions in between.

'unread' and 'constant' name what looks odd but is no error: nets that nothing
reads, and outputs of cells that never changed while the operations ran gate by
gate ('tied': because constants at their inputs allow no other value).

Exit code 0: every product is exact. 3: one is not; stderr has the operation,
the operands, the exact product and what the netlist gave.

Example:
  stuckat netlist check --binding netlists/fast.toml --random 10000000";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(in super::super) struct Args {
    /// How many random operand pairs of each operation
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    random: u64,
    /// Seed of the random pairs
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print the report as JSON, with all names
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    multiplier: Multiplier,
}

/// What `--json` prints. Names of nets and ports have their bits joined: `sum[3:0]`.
#[derive(Debug, Serialize)]
struct Report<'c> {
    /// The multiplier's name, from its binding.
    multiplier: &'c str,
    /// The Verilog module.
    module: &'c str,
    /// Number of cells, flip-flops included.
    cells: usize,
    /// Number of nets, constants excluded.
    nets: usize,
    /// Seed of the random pairs.
    seed: u64,
    /// `mul`, `mulh`, `mulhsu`, `mulhu`, in this order.
    operations: Vec<Operation>,
    /// Whether an answer could depend on what an earlier operation left. Always false: a netlist of which that cannot be
    /// proved is refused.
    carries_state: bool,
    /// Registers that the binding names.
    registers: Vec<Register>,
    /// Q nets of the flip-flops that hold data: what an operation leaves there, no later one looks at.
    data_flip_flops: Vec<String>,
    /// Q nets of the others, which hold control: they are the same after every operation.
    control_flip_flops: Vec<String>,
    /// Output ports, or bits of them, that the binding gives no role.
    unused_outputs: Vec<String>,
    /// Nets that no cell and no output port reads.
    unread_nets: Vec<String>,
    /// Outputs of cells that never changed while the operations ran gate by gate; cells without inputs left out.
    constant_outputs: Vec<Constant>,
}

#[derive(Debug, Serialize)]
struct Operation {
    /// `mul`, `mulh`, `mulhsu` or `mulhu`.
    op: &'static str,
    /// `netlist`, or `elsewhere`: other hardware does it, exactly, and nothing was compared.
    done_by: &'static str,
    /// Pairs of corner operands compared.
    corner_pairs: u64,
    /// Random pairs compared.
    random_pairs: u64,
    /// Pairs of both kinds compared gate by gate, clock by clock.
    gate_pairs: u64,
    /// Clock cycles from the operands to the answer.
    cycles: u32,
    /// Whether every product was exact. Always true: at the first that is not, the command fails.
    exact: bool,
}

#[derive(Debug, Serialize)]
struct Register {
    /// `outside` (in the core) or `inside` (flip-flops of the netlist).
    place: &'static str,
    /// Its bits: inputs that show it, or Q nets of its flip-flops.
    bits: Vec<String>,
    /// Outputs that are written to it; empty if it is inside.
    written_from: Vec<String>,
    /// Output that says when; `null` if it is inside.
    write: Option<String>,
    /// Whether the core's divider leaves its result in it.
    written_by_div: bool,
}

#[derive(Debug, Serialize)]
struct Constant {
    /// `INSTANCE/PIN`.
    pin: String,
    /// The cell's type.
    cell: String,
    /// The pin's net.
    net: String,
    /// 0 or 1.
    value: u8,
    /// Whether it can have no other value, because of constants at the cell's inputs.
    tied: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let circuit = Arc::new(args.multiplier.load()?);
    let equivalence = equivalence::check(&circuit, args.random, args.seed)?;
    let oddities = lint::oddities(&circuit, &equivalence.steady);
    let report = report(&circuit, args.seed, &equivalence, &oddities);
    if args.json {
        print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
    } else {
        print(&text(&report))?;
    }
    Ok(())
}

fn report<'c>(
    circuit: &'c Circuit,
    seed: u64,
    equivalence: &Equivalence,
    oddities: &Oddities,
) -> Report<'c> {
    let netlist = circuit.netlist();
    let name = |net: &Net| netlist.net_name(*net).to_owned();
    let operations = equivalence.operations.map(|checked| Operation {
        op: checked.op.name(),
        done_by: if checked.here { "netlist" } else { "elsewhere" },
        corner_pairs: checked.corner_pairs,
        random_pairs: checked.random_pairs,
        gate_pairs: checked.gate_pairs,
        cycles: checked.cycles,
        exact: true,
    });
    let registers = circuit.registers().iter().map(|register| match &register.place {
        RegisterPlace::Outside(r) => Register {
            place: "outside",
            bits: joined(port_names(netlist, Direction::Input, &r.q)),
            written_from: joined(port_names(netlist, Direction::Output, &r.d)),
            write: port_names(netlist, Direction::Output, &[r.write]).pop(),
            written_by_div: register.written_by_div,
        },
        RegisterPlace::Inside(flops) => Register {
            place: "inside",
            bits: joined(flops.iter().map(|flop| flop_name(circuit, *flop))),
            written_from: Vec::new(),
            write: None,
            written_by_div: register.written_by_div,
        },
    });
    let flops = |data: bool| {
        let flops = circuit.data_flops().iter().enumerate().filter(|(_, d)| **d == data);
        joined(flops.map(|(flop, _)| flop_name(circuit, flop)))
    };
    let unused = oddities.unused.iter().map(|(port, bit)| {
        let port = &netlist.ports[*port];
        if port.bits.len() == 1 { port.name.clone() } else { format!("{}[{bit}]", port.name) }
    });
    let constants = oddities.still.iter().map(|still| Constant {
        pin: netlist.pin_name(still.pin),
        cell: netlist.cells[still.pin.cell as usize].kind.name.clone(),
        net: netlist.at(still.pin).as_ref().map(name).unwrap_or_default(),
        value: u8::from(still.value),
        tied: still.tied,
    });
    Report {
        multiplier: circuit.name(),
        module: &netlist.module,
        cells: netlist.cells.len(),
        nets: netlist.net_count() - netlist.constants().len(),
        seed,
        operations: operations.into(),
        carries_state: false,
        registers: registers.collect(),
        data_flip_flops: flops(true),
        control_flip_flops: flops(false),
        unused_outputs: joined(unused),
        unread_nets: joined(oddities.unread.iter().map(name)),
        constant_outputs: constants.collect(),
    }
}

/// A flip-flop's Q net; if nothing is connected there, its instance.
fn flop_name(circuit: &Circuit, flop: usize) -> String {
    let (netlist, flop) = (circuit.netlist(), &circuit.program().flops[flop]);
    let instance = || netlist.cells[flop.cell as usize].name.clone();
    flop.q.map_or_else(instance, |q| netlist.net_name(q).to_owned())
}

fn text(report: &Report) -> String {
    let mut operations =
        table(&["operation", "corner pairs", "random pairs", "gate by gate", "cycles", "products"]);
    for o in &report.operations {
        let here = o.done_by == "netlist";
        let count = |n: u64| if here { grouped(n as usize) } else { "-".to_owned() };
        operations.add_row([
            o.op.to_owned(),
            count(o.corner_pairs),
            count(o.random_pairs),
            count(o.gate_pairs),
            o.cycles.to_string(),
            if here { "exact" } else { "elsewhere" }.to_owned(),
        ]);
    }
    align(&mut operations, Some(5));
    let mut lines = vec![
        format!(
            "Multiplier '{}' (module {}): {}, {}",
            report.multiplier,
            report.module,
            counted(report.cells, "cell"),
            counted(report.nets, "net"),
        ),
        String::new(),
        trimmed(&operations),
        String::new(),
        labelled("state", "none: each answer is proved to depend on its operands alone"),
    ];
    for register in &report.registers {
        let bits = some(&register.bits);
        let div = if register.written_by_div { ", and by divisions" } else { "" };
        let text = match &register.write {
            Some(write) => {
                let from = some(&register.written_from);
                format!("{bits} in the core, written from {from} when {write} is 1{div}")
            }
            None if register.written_by_div => {
                format!("{bits} in the netlist, written by divisions too")
            }
            None => format!("{bits} in the netlist"),
        };
        lines.push(labelled("register", &text));
    }
    let elsewhere = report.operations.iter().filter(|o| o.done_by == "elsewhere");
    let elsewhere: Vec<String> = elsewhere.map(|o| o.op.to_owned()).collect();
    let constants = report.constant_outputs.iter().map(|c| {
        let tied = if c.tied { " (tied)" } else { "" };
        format!("{} = {}{tied}", c.pin, c.value)
    });
    for (label, names) in [
        ("data", &report.data_flip_flops),
        ("control", &report.control_flip_flops),
        ("elsewhere", &elsewhere),
        ("unused", &report.unused_outputs),
        ("unread", &report.unread_nets),
        ("constant", &constants.collect()),
    ] {
        let what = match label {
            "data" => "flip-flops that hold data",
            "control" => "flip-flops that hold control",
            "elsewhere" => "operations that other hardware does, exactly",
            "unused" => "outputs that the binding gives no role",
            "unread" => "nets that nothing reads",
            _ => "outputs of cells that never changed",
        };
        let names = if names.is_empty() { "none".to_owned() } else { some(names) };
        lines.push(labelled(label, &format!("{what}: {names}")));
    }
    lines.join("\n") + "\n"
}

/// The first names, and how many more there are.
fn some(names: &[String]) -> String {
    let first = names.iter().take(NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES) {
        0 => first,
        more => format!("{first} and {} more", grouped(more)),
    }
}

/// A label and its text, in lines of up to 80 characters if its words allow that.
fn labelled(label: &str, text: &str) -> String {
    const INDENT: usize = 13;
    let mut lines = vec![format!("{label:<INDENT$}")];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is a line");
        let len = last.chars().count();
        if len > INDENT && len + 1 + word.chars().count() > 80 {
            lines.push(" ".repeat(INDENT) + word);
        } else {
            *last += if len > INDENT { " " } else { "" };
            *last += word;
        }
    }
    lines.join("\n")
}

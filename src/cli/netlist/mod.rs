//! `stuckat netlist`: what the multiplier consists of, whether it multiplies, its faults and what they do to a product.

mod check;
mod eval;
mod table;
mod words;

use super::{Multiplier, print};
use crate::netlist::collapse::{Class, Untestable, collapse};
use crate::netlist::fault::{Sites, universe};
use crate::netlist::{Circuit, Fault, fault_list};
use crate::report::table::grouped;
use crate::unit::MulOp;
use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Cells, nets, area, cycle counts
    Info(Multiplier),
    /// The fault universe, one fault a line, as --fault and --fault-list take it
    Faults(FaultArgs),
    /// Does the fault-free netlist multiply? Corner and random operands, latency, state, oddities
    Check(check::Args),
    /// One operation, net by net and clock by clock: where a fault is seen, and where it is masked
    Eval(eval::Args),
    /// All products of a range of operands under a fault, as a NumPy array
    Table(table::Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct FaultArgs {
    #[command(flatten)]
    multiplier: Multiplier,
    /// Where faults are: nets (stems), pins (branches, and the stems at output pins), or all
    #[arg(long, value_name = "SITES", default_value = "nets")]
    sites: Sites,
    /// One fault for each class of equivalent ones, with the size of the class
    #[arg(long)]
    collapse: bool,
    /// Leave out faults that the structure makes untestable
    #[arg(long)]
    testable: bool,
    /// A JSON array of classes: members, and why they are untestable
    #[arg(long)]
    json: bool,
}

/// A class of equivalent faults.
#[derive(serde::Serialize)]
struct ClassReport {
    /// The fault that stands for the class.
    representative: String,
    /// All its faults, the representative first.
    members: Vec<String>,
    /// `tied`, `unobservable`, `blocked`, `redundant`, or null.
    untestable: Option<Untestable>,
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Info(multiplier) => print(&info(&multiplier.load()?))?,
        Command::Faults(args) => print(&faults(args)?)?,
        Command::Check(args) => check::run(args)?,
        Command::Eval(args) => eval::run(args)?,
        Command::Table(args) => table::run(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn faults(args: &FaultArgs) -> anyhow::Result<String> {
    let circuit = args.multiplier.load()?;
    let universe = universe(&circuit, args.sites);
    let mut classes = collapse(&circuit, &universe);
    classes.retain(|class| !args.testable || class.untestable.is_none());
    let line = |fault: Fault| fault_list::line(&fault.into(), &circuit);
    if args.json {
        let report = |class: &Class| ClassReport {
            representative: line(class.representative()),
            members: class.members.iter().map(|f| line(*f)).collect(),
            untestable: class.untestable,
        };
        let reports: Vec<_> = classes.iter().map(report).collect();
        return Ok(serde_json::to_string_pretty(&reports)? + "\n");
    }
    let why = |class: &Class| class.untestable.map(|why| format!("untestable: {why}"));
    let text = |fault: Fault, notes: &[String]| match notes {
        [] => line(fault) + "\n",
        notes => format!("{}  # {}\n", line(fault), notes.join("; ")),
    };
    if args.collapse {
        let lines = classes.iter().map(|class| {
            let size = format!("class of {}", class.members.len());
            let notes: Vec<String> = std::iter::once(size).chain(why(class)).collect();
            text(class.representative(), &notes)
        });
        return Ok(lines.collect());
    }
    // Uncollapsed, in the order of the universe.
    let notes: HashMap<Fault, Option<String>> = classes
        .iter()
        .flat_map(|class| class.members.iter().map(|fault| (*fault, why(class))))
        .collect();
    let known = universe.iter().filter_map(|fault| Some((fault, notes.get(fault)?)));
    Ok(known.map(|(fault, note)| text(*fault, note.as_slice())).collect())
}

fn info(circuit: &Circuit) -> String {
    let netlist = circuit.netlist();
    let mut lines = vec![format!("multiplier   {} (module {})", circuit.name(), netlist.module)];
    for file in circuit.sources() {
        lines.push(format!("made from    {} sha256 {}", file.name, file.sha256));
    }
    let faults = universe(circuit, Sites::Nets).len();
    let nets = netlist.net_count() - netlist.constants().len();
    lines.push(format!("cells        {}", grouped(netlist.cells.len())));
    lines.push(format!("flip-flops   {}", grouped(circuit.program().flops.len())));
    lines.push(format!("area         {:.1} um^2", netlist.area()));
    lines.push(format!(
        "nets         {}, of which {} are fault sites (read by something, not clock, not reset)",
        grouped(nets),
        grouped(faults / 2)
    ));
    for sites in [Sites::Nets, Sites::Pins] {
        let universe = universe(circuit, sites);
        let classes = collapse(circuit, &universe);
        let untestable = classes.iter().filter(|class| class.untestable.is_some());
        lines.push(format!(
            "{:<12} {} stuck-at faults, {} classes of equivalent ones; untestable by structure: {} faults",
            format!("{} faults", sites.name().trim_end_matches('s')),
            grouped(universe.len()),
            grouped(classes.len()),
            grouped(untestable.map(|class| class.members.len()).sum())
        ));
    }
    for op in MulOp::ALL {
        lines.push(format!("{:<12} {} clock cycles", op.name(), circuit.latency().of(op)));
    }
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for cell in &netlist.cells {
        *kinds.entry(&cell.kind.name).or_default() += 1;
    }
    lines.extend(kinds.iter().map(|(kind, n)| format!("  {kind:<12} {:>6}", grouped(*n))));
    lines.join("\n") + "\n"
}

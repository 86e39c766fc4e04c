//! `stuckat netlist`: what the multiplier consists of, and its faults.

use super::{Multiplier, print};
use crate::netlist::Circuit;
use crate::netlist::fault::{Sites, universe};
use crate::report::table::grouped;
use crate::unit::MulOp;
use std::collections::BTreeMap;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Cells, nets, area, cycle counts
    Info(Multiplier),
    /// The fault universe, one fault a line, as --fault takes it
    Faults(Multiplier),
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Info(multiplier) => print(&info(&multiplier.load()?))?,
        Command::Faults(multiplier) => {
            let circuit = multiplier.load()?;
            let name = |fault: crate::netlist::Fault| fault.name(circuit.netlist()) + "\n";
            print(&universe(&circuit, Sites::Nets).into_iter().map(name).collect::<String>())?;
        }
    }
    Ok(ExitCode::SUCCESS)
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
    lines.push(format!("faults       {} (SA0 and SA1 on every site)", grouped(faults)));
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

//! `stuckat netlist`: what the multiplier consists of, and its faults.

use super::Multiplier;
use crate::netlist::fault::universe;
use crate::report::table::grouped;
use crate::unit::MulOp;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Cells, nets, area, cycle counts
    Info(Multiplier),
    /// The fault universe, one fault a line, as --fault takes it
    Faults(Multiplier),
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match command {
        Command::Info(multiplier) => {
            let circuit = multiplier.load()?;
            let netlist = circuit.netlist();
            let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
            for cell in &netlist.cells {
                *kinds.entry(&cell.kind.name).or_default() += 1;
            }
            writeln!(out, "multiplier   {} (module {})", circuit.name(), netlist.module)?;
            for file in circuit.sources() {
                writeln!(out, "made from    {} sha256 {}", file.name, file.sha256)?;
            }
            writeln!(out, "cells        {}", grouped(netlist.cells.len()))?;
            writeln!(out, "flip-flops   {}", grouped(circuit.program().flops.len()))?;
            writeln!(
                out,
                "nets         {}",
                grouped(netlist.net_count() - netlist.constants().len())
            )?;
            writeln!(out, "area         {:.1} um^2", netlist.area())?;
            writeln!(
                out,
                "faults       {} (SA0 and SA1 on every net that is read)",
                grouped(universe(&circuit).len())
            )?;
            for op in MulOp::ALL {
                writeln!(out, "{:<12} {} cycles", op.name(), circuit.latency().of(op))?;
            }
            for (kind, count) in kinds {
                writeln!(out, "  {kind:<12} {:>6}", grouped(count))?;
            }
        }
        Command::Faults(multiplier) => {
            let circuit = multiplier.load()?;
            for fault in universe(&circuit) {
                writeln!(out, "{}", fault.name(circuit.netlist()))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

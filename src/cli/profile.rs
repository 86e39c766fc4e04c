//! `stuckat run --profile`, `--callgrind`, `--flame-graph`, `--folded`.

use super::file::write_whole;
use super::{OutputRefused, say};
use crate::debug::DebugInfo;
use crate::profiling::{Costs, Profiler, callgrind, flame};
use crate::report::table::grouped;
use comfy_table::{CellAlignment, Table, presets};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Profile {
    /// Print to stderr at the end which functions and source lines took the instructions, cycles, multiplications and wrong multiplications
    #[arg(long, conflicts_with = "file")]
    profile: bool,
    /// Rows of each table of --profile
    #[arg(long, value_name = "N", default_value_t = 20, requires = "profile")]
    profile_rows: usize,
    /// Write the profile with its calls for KCachegrind or callgrind_annotate
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    callgrind: Option<PathBuf>,
    /// Write the profile as a flame graph: cycles by call path, as SVG
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    flame_graph: Option<PathBuf>,
    /// Write the call paths with their cycles, a path a line, as speedscope and flamegraph.pl read them
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    folded: Option<PathBuf>,
}

impl Profile {
    /// Whether anything is asked for.
    pub fn is_wanted(&self) -> bool {
        self.profile
            || [&self.callgrind, &self.flame_graph, &self.folded].iter().any(|f| f.is_some())
    }

    /// Prints and writes what was asked for.
    pub fn conclude(&self, profiler: &Profiler<'_>, elf: &Path) -> Result<(), OutputRefused> {
        let name = elf.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        if let Some(path) = &self.callgrind {
            let program = elf.display().to_string();
            write_whole(path, |sink| callgrind::write(profiler, &program, sink))?;
        }
        if let Some(path) = &self.flame_graph {
            write_whole(path, |sink| sink.write_all(flame::graph(profiler, &name).as_bytes()))?;
        }
        if let Some(path) = &self.folded {
            write_whole(path, |sink| sink.write_all(flame::folded(profiler).as_bytes()))?;
        }
        if self.profile {
            for line in self.tables(profiler).lines() {
                say!("{line}");
            }
        }
        Ok(())
    }

    fn tables(&self, profiler: &Profiler<'_>) -> String {
        let total = profiler.total();
        let functions = profiler.functions();
        let mut text = String::new();
        let mut table = new_table(&[
            "cycles",
            "%",
            "with callees %",
            "instructions",
            "muls",
            "wrong",
            "function",
        ]);
        for (name, own, all) in functions.iter().take(self.profile_rows) {
            let mut row = cells(own, &total);
            row.insert(2, share(all, &total));
            row.push(name.clone());
            table.add_row(row);
        }
        align(&mut table, 6);
        text.push_str(&format!("{table}\n"));
        rest(&mut text, functions.len(), self.profile_rows, "functions");
        let lines = profiler.lines();
        if lines.is_empty() {
            text.push_str(no_lines(profiler.info()));
            return text;
        }
        let mut table = new_table(&["cycles", "%", "instructions", "muls", "wrong", "line"]);
        for (location, costs) in lines.iter().take(self.profile_rows) {
            let mut row = cells(costs, &total);
            row.push(location.to_string());
            table.add_row(row);
        }
        align(&mut table, 5);
        text.push_str(&format!("\n{table}\n"));
        rest(&mut text, lines.len(), self.profile_rows, "lines");
        text
    }
}

fn no_lines(info: &DebugInfo) -> &'static str {
    if info.has_lines() {
        "no executed instruction has a source line\n"
    } else {
        "the ELF has no source lines; compile with -g for a table of them\n"
    }
}

fn rest(text: &mut String, all: usize, shown: usize, what: &str) {
    if all > shown {
        text.push_str(&format!(
            "and {} more {what}; --profile-rows shows more\n",
            grouped(all - shown)
        ));
    }
}

fn new_table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(head);
    table
}

fn align(table: &mut Table, numbers: usize) {
    for column in table.column_iter_mut().take(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn share(costs: &Costs, total: &Costs) -> String {
    format!("{:.2}", 100.0 * costs.cycles as f64 / total.cycles.max(1) as f64)
}

fn cells(costs: &Costs, total: &Costs) -> Vec<String> {
    let count = |n: u64| grouped(n as usize);
    vec![
        count(costs.cycles),
        share(costs, total),
        count(costs.instructions),
        count(costs.muls),
        count(costs.wrong),
    ]
}

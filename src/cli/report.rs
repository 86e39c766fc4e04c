//! `stuckat report`: what run directories show, again; on the terminal, as HTML, as charts.

use super::file::{must_be_new, write_whole};
use super::{OutputRefused, print, say};
use crate::report::{Named, Summary, compare, html, summarise, table};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const NOTES: &str = "\
The HTML file needs no network and no other file. --svg writes a chart a file:
distribution.svg, outcomes.svg and so on; with several runs each file's name
begins with the run's number and name. --json prints one object for one run, an
array of them for several (fields: src/report/summary.rs).

Exit codes: 4 if a run cannot be read or a file not be written; 5 if a folder is
no run directory or is damaged, or if a file is there already. Nothing is written
then; only an error of writing itself may leave some charts of --svg.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    /// Run directories; several stand side by side
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Write a report with tables and charts to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the charts as SVG files into this folder
    #[arg(long, value_name = "DIR")]
    svg: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(file) = args.html.as_deref().filter(|_| !args.force) {
        must_be_new(file)?;
    }
    let names = names(&args.runs);
    let summaries = args.runs.iter().zip(names).map(|(run, name)| {
        let summary = summarise(run)?;
        Ok(Named { name, summary })
    });
    let runs: Vec<Named> = summaries.collect::<anyhow::Result<_>>()?;
    let charts = args.svg.as_deref().map_or(Vec::new(), |folder| charts(&runs, folder));
    if !args.force {
        charts.iter().try_for_each(|(path, _)| must_be_new(path))?;
    }
    if let Some(folder) = &args.svg {
        let refused = |cause| OutputRefused { file: folder.display().to_string(), cause };
        std::fs::create_dir_all(folder).map_err(refused)?;
    }
    for (path, chart) in &charts {
        write_whole(path, |out| out.write_all(chart.as_bytes()))?;
    }
    if let Some(folder) = &args.svg {
        say!("stuckat: {} charts in {}", charts.len(), folder.display());
    }
    if let Some(file) = &args.html {
        let page = html::render(&runs);
        write_whole(file, |out| out.write_all(page.as_bytes()))?;
        say!("stuckat: report in {}", file.display());
    }
    print(&text(args.json, &runs)?)?;
    Ok(ExitCode::SUCCESS)
}

fn text(json: bool, runs: &[Named]) -> serde_json::Result<String> {
    let summaries = || runs.iter().map(|run| &run.summary).collect::<Vec<&Summary>>();
    Ok(match (json, runs) {
        (true, [one]) => serde_json::to_string_pretty(&one.summary)? + "\n",
        (true, _) => serde_json::to_string_pretty(&summaries())? + "\n",
        (false, [one]) => table::render(&one.summary),
        (false, _) => compare::render(runs),
    })
}

fn charts(runs: &[Named], folder: &Path) -> Vec<(PathBuf, String)> {
    html::files(runs).into_iter().map(|(name, chart)| (folder.join(name), chart)).collect()
}

/// The folders' own names; their whole paths if two are called the same.
fn names(runs: &[PathBuf]) -> Vec<String> {
    let own = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| path.display().to_string())
    };
    let names: Vec<String> = runs.iter().map(own).collect();
    let distinct: std::collections::HashSet<&String> = names.iter().collect();
    if distinct.len() == names.len() {
        return names;
    }
    runs.iter().map(|path| path.display().to_string()).collect()
}

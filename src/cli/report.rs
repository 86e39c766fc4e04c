//! `stuckat report`: a run directory's result, again.

use super::print;
use crate::report::{summarise, table};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let summary = summarise(&args.run)?;
    if args.json {
        print(&(serde_json::to_string_pretty(&summary)? + "\n"))?;
    } else {
        print(&table::render(&summary))?;
    }
    Ok(ExitCode::SUCCESS)
}

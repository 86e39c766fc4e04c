//! `stuckat merge`: shards of one campaign become one run directory.

use super::{print, say};
use crate::campaign::lab::Speed;
use crate::campaign::merge::merge;
use crate::campaign::session::Session;
use crate::report::table::grouped;
use crate::report::{summarise, table};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run directories of the shards
    #[arg(required = true, value_name = "DIR")]
    shards: Vec<PathBuf>,
    /// The run directory to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let session = Session { speed: "merge".into(), ..Session::of_this_process(1, Speed::Fast) };
    let merged = merge(&args.out, &args.shards, &session)?;
    say!(
        "stuckat: {} of {} scenarios, in {}",
        grouped(merged.scenarios),
        grouped(merged.planned),
        args.out.display()
    );
    print(&format!("\n{}\n", table::render(&summarise(&args.out)?)))?;
    Ok(ExitCode::SUCCESS)
}

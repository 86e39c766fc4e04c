//! `stuckat platform`: the memory maps that programs can run on.

use super::print;
use crate::soc::Platform;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the built-in platforms
    List,
    /// Print a platform as TOML: a start for one of your own
    Show {
        /// A built-in platform's name, or a TOML file to check
        #[arg(value_name = "NAME|FILE")]
        platform: String,
    },
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List => {
            for name in Platform::built_in() {
                let platform = Platform::find(name)?;
                print(&format!("{name:<14} {}\n", platform.description()))?;
            }
        }
        Command::Show { platform } => print(Platform::find(platform)?.text())?,
    }
    Ok(ExitCode::SUCCESS)
}

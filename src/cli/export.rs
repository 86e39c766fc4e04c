//! `stuckat export`: a run directory as CSV, JSON lines or SQLite.

use super::file::{must_be_new, write_whole};
use super::{OutputRefused, print, say};
use crate::export::{COLUMNS, ExportError, Source, write_sqlite};
use crate::report::table::grouped;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run directory
    #[arg(required_unless_present = "columns")]
    run: Option<PathBuf>,
    /// Write a CSV file, and beside it FILE.provenance.json
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write a file with one JSON object a line, and beside it FILE.provenance.json
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,
    /// Write an SQLite database: tables scenarios, columns, provenance
    #[arg(long, value_name = "FILE")]
    sqlite: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
    /// Print what each column means, and nothing else
    #[arg(long, conflicts_with_all = ["csv", "jsonl", "sqlite"])]
    columns: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Some(run) = args.run.as_ref().filter(|_| !args.columns) else {
        let line = |c: &crate::export::Column| format!("{:22} {}\n", c.name, c.meaning);
        print(&COLUMNS.iter().map(line).collect::<String>())?;
        return Ok(ExitCode::SUCCESS);
    };
    let files = [&args.csv, &args.jsonl, &args.sqlite];
    let with_provenance = [&args.csv, &args.jsonl].into_iter().flatten().map(|file| beside(file));
    if files.iter().all(|file| file.is_none()) {
        anyhow::bail!("{}: say what to write: --csv, --jsonl or --sqlite FILE", run.display());
    }
    if !args.force {
        let all = files.into_iter().flatten().cloned().chain(with_provenance);
        all.into_iter().try_for_each(|file| must_be_new(&file))?;
    }
    let source = Source::open(run)?;
    for (file, json) in [(&args.csv, false), (&args.jsonl, true)] {
        let Some(file) = file else { continue };
        write(file, |out| if json { source.write_jsonl(out) } else { source.write_csv(out) })?;
        let provenance = serde_json::to_vec_pretty(&source.provenance())?;
        write(&beside(file), |out| Ok(out.write_all(&provenance)?))?;
    }
    if let Some(file) = &args.sqlite {
        database(&source, file)?;
    }
    say!("stuckat: {} scenarios of {}", grouped(source.rows()), run.display());
    Ok(ExitCode::SUCCESS)
}

/// `FILE.provenance.json`.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".provenance.json");
    file.with_file_name(name)
}

/// Writes a file whole or not at all; what went wrong with the run directory stays what it is.
fn write(
    file: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), ExportError>,
) -> anyhow::Result<()> {
    let mut failed = None;
    let written = write_whole(file, |out| match fill(out) {
        Err(ExportError::Write(cause)) => Err(cause),
        Err(other) => {
            let text = other.to_string();
            failed = Some(other);
            Err(std::io::Error::other(text))
        }
        Ok(()) => Ok(()),
    });
    match failed {
        Some(ExportError::Store(error)) => Err(error.into()),
        _ => Ok(written?),
    }
}

/// A database is made beside its place and then renamed.
fn database(source: &Source, file: &Path) -> anyhow::Result<()> {
    let refused = |cause| OutputRefused { file: file.display().to_string(), cause };
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = file.with_file_name(name);
    std::fs::File::create_new(&partial).map_err(refused)?;
    let made = write_sqlite(source, &partial);
    if made.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    match made {
        Err(ExportError::Store(error)) => return Err(error.into()),
        Err(other) => return Err(refused(std::io::Error::other(other)).into()),
        Ok(()) => {}
    }
    std::fs::rename(&partial, file).map_err(refused)?;
    Ok(())
}

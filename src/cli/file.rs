//! Files that the user asked for: there whole, or not at all.

use super::OutputRefused;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// The file is there already, and may not be replaced.
#[derive(Debug, thiserror::Error)]
#[error("{0}: is there already; give --force to replace it, or another name")]
pub(super) struct Exists(String);

/// Whether a file may be written: it may not if it is there already.
pub(super) fn must_be_new(path: &Path) -> Result<(), Exists> {
    // Nothing is lost by writing to a pipe or a device.
    match fs::metadata(path) {
        Ok(there) if there.is_file() || there.is_dir() => Err(Exists(path.display().to_string())),
        _ => Ok(()),
    }
}

/// Writes a file beside its place and then renames it, so that its name never stands for half of it.
pub(super) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), OutputRefused> {
    let refused = |cause| OutputRefused { file: path.display().to_string(), cause };
    let pipe_or_device = fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir());
    if pipe_or_device {
        let file = OpenOptions::new().write(true).open(path).map_err(refused)?;
        return fill(file, write).map(drop).map_err(refused);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(name);
    let file = File::create_new(&partial).map_err(refused)?;
    let written = fill(file, write).and_then(|file| file.sync_all());
    written.and_then(|()| fs::rename(&partial, path)).map_err(|cause| {
        let _ = fs::remove_file(&partial);
        refused(cause)
    })
}

fn fill(file: File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<File> {
    let mut out = BufWriter::with_capacity(1 << 20, file);
    write(&mut out)?;
    out.into_inner().map_err(|e| e.into_error())
}

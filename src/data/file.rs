//! Files as the readers want them: opened or whole, never more than [`MAX_BYTES`], errors with the file's name.

use super::{DataError, MAX_BYTES};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A file's name in messages.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// An error of the operating system.
pub(super) fn unreadable(path: &Path, cause: io::Error) -> DataError {
    DataError::Read { file: shown(path), cause }
}

/// An open file and its size in bytes. A folder is none.
pub(super) fn open(path: &Path) -> Result<(File, u64), DataError> {
    let wrong = |cause| unreadable(path, cause);
    let file = File::open(path).map_err(wrong)?;
    let about = file.metadata().map_err(wrong)?;
    if about.is_dir() {
        return Err(wrong(io::ErrorKind::IsADirectory.into()));
    }
    if about.len() > MAX_BYTES {
        let what = format!("it has {} bytes; up to {MAX_BYTES} are read", about.len());
        return Err(DataError::format(shown(path), what));
    }
    Ok((file, about.len()))
}

/// All bytes of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    let (file, size) = open(path)?;
    let mut bytes = Vec::new();
    // A pipe has no size; it is read up to the same limit.
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|cause| unreadable(path, cause))?;
    if bytes.len() as u64 > MAX_BYTES.max(size) {
        let what = format!("it has more than {MAX_BYTES} bytes; up to as many are read");
        return Err(DataError::format(shown(path), what));
    }
    Ok(bytes)
}

/// The first bytes of a file, up to 16, and its size.
pub(super) fn beginning(path: &Path) -> Result<(Vec<u8>, u64), DataError> {
    let (file, size) = open(path)?;
    let mut bytes = Vec::new();
    file.take(16).read_to_end(&mut bytes).map_err(|cause| unreadable(path, cause))?;
    Ok((bytes, size))
}

/// Text in UTF-8; a byte-order mark is dropped.
pub(super) fn text(path: &Path) -> Result<String, DataError> {
    let text = String::from_utf8(read(path)?).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        DataError::format(shown(path), format!("byte {at} is not UTF-8; it should be a text file"))
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Whether bytes begin as a gzip file.
pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// What lies in a folder, sorted by name; hidden files are left out.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let wrong = |cause| unreadable(folder, cause);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if !name(&path).starts_with('.') {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The last part of a path.
pub(super) fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

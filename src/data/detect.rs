//! Which format is there; the order is that of [`Format`]'s documentation.

use super::{DataError, Format, Source, cifar, file, gtsrb, idx};
use std::path::Path;

pub(super) fn format(source: &Source) -> Result<Format, DataError> {
    let path = &source.images;
    if path.is_dir() { Ok(of_folder(path)) } else { of_file(path) }
}

fn of_folder(path: &Path) -> Format {
    if idx::is_folder(path) {
        return Format::Idx;
    }
    if let Some(format) = cifar::in_folder(path) {
        return format;
    }
    if gtsrb::is_folder(path) { Format::Gtsrb } else { Format::Folder }
}

fn of_file(path: &Path) -> Result<Format, DataError> {
    let name = file::name(path);
    let ends = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    let (begin, size) = file::beginning(path)?;
    if ends(".npz") || begin.starts_with(b"PK\x03\x04") {
        return Ok(Format::Npz);
    }
    if ends(".npy") || begin.starts_with(b"\x93NUMPY") {
        return Ok(Format::Npy);
    }
    if let Some(format) = cifar::of_file(&name, size) {
        return Ok(format);
    }
    if ends(".bin") || ends(".raw") {
        return Ok(Format::Bin);
    }
    for (magic, what) in [
        (&b"\x89PNG"[..], "a single picture; give the folder that holds it"),
        (b"\xff\xd8\xff", "a single picture; give the folder that holds it"),
        (
            b"\x80\x02}q",
            "a pickle, which only Python can read; save images and labels with numpy.savez",
        ),
        (b"\x89HDF", "an HDF5 file; save images and labels with numpy.savez"),
        (b"PAR1", "a Parquet file; save images and labels with numpy.savez"),
    ] {
        if begin.starts_with(magic) {
            return Err(DataError::format(file::shown(path), what));
        }
    }
    Ok(Format::Idx)
}

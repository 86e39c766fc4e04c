//! Data sets in every format that is read: written here byte by byte as the format's description says, read back, damaged.

#[path = "data_sets/arrays.rs"]
mod arrays;
#[path = "data_sets/cifar.rs"]
mod cifar;
#[path = "common/mod.rs"]
mod common;
#[path = "data_sets/damaged.rs"]
mod damaged;
#[path = "data_sets/folder.rs"]
mod folder;
#[path = "data_sets/gtsrb.rs"]
mod gtsrb;
#[path = "data_sets/idx.rs"]
mod idx;
#[path = "data_sets/inputs.rs"]
mod inputs;
#[path = "common/mutate.rs"]
mod mutate;

use std::path::Path;
use stuckat::data::{DataError, DataSet, Format, Source, Split};

/// Reads what is there, by default.
fn load(path: &Path) -> Result<DataSet, DataError> {
    DataSet::load(&Source::new(path))
}

fn with(path: &Path, format: Format, split: Split) -> Source {
    Source { format, split, ..Source::new(path) }
}

/// A file in a folder, whatever it needs made.
fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
    std::fs::write(&path, bytes).expect("a file");
    path
}

/// All labels; `None` if there are none.
fn labels(set: &DataSet) -> Option<Vec<u16>> {
    (0..set.count()).map(|i| set.label(i)).collect()
}

/// The one line that refuses a source contains all of `parts`.
#[track_caller]
fn refused(source: &Source, parts: &[&str]) {
    let error = DataSet::load(source).expect_err("it should be refused").to_string();
    assert!(!error.contains('\n'), "{error}");
    for part in parts {
        assert!(error.contains(part), "'{part}' is not in: {error}");
    }
}

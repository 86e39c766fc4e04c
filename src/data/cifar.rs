//! CIFAR-10 and CIFAR-100, binary version: a folder or one of its files in, 32 x 32 pixels in colour out.
//!
//! Format (Krizhevsky, "The CIFAR-10 dataset", section "Binary version"): records of a label byte, in CIFAR-100 two (coarse, then fine), and
//! 3,072 bytes of pixels: 1,024 red, 1,024 green, 1,024 blue, row by row. Class names a line each in text files beside them.
//! The Python version is pickled, which is a program to be run; it is refused.

use super::arrays::channels_last;
use super::set::Builder;
use super::{DataError, DataSet, Element, Format, Part, Shape, Source, file, labels};
use crate::data::picture::Size;
use std::path::{Path, PathBuf};

const SIZE: Size = Size { height: 32, width: 32, channels: 3 };
const PIXELS: usize = 3 * 32 * 32;

/// One of the two sets.
struct Family {
    format: Format,
    /// The folder that the published archive holds.
    folder: &'static str,
    train: &'static [&'static str],
    test: &'static [&'static str],
    /// Label bytes before the pixels.
    label_bytes: usize,
}

const CIFAR10: Family = Family {
    format: Format::Cifar10,
    folder: "cifar-10-batches-bin",
    train: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    test: &["test_batch.bin"],
    label_bytes: 1,
};

const CIFAR100: Family = Family {
    format: Format::Cifar100,
    folder: "cifar-100-binary",
    train: &["train.bin"],
    test: &["test.bin"],
    label_bytes: 2,
};

/// Files of the Python version, and where they are.
const PICKLES: [(&str, &str); 4] = [
    ("cifar-10-batches-py", "test_batch"),
    ("cifar-10-batches-py", "data_batch_1"),
    ("cifar-100-python", "test"),
    ("cifar-100-python", "train"),
];

impl Family {
    fn files(&self, part: Part) -> &'static [&'static str] {
        match part {
            Part::Train => self.train,
            Part::Test => self.test,
        }
    }

    /// Where its files are.
    fn place(&self, folder: &Path) -> Option<PathBuf> {
        let holds = |place: &PathBuf| {
            self.train.iter().chain(self.test).any(|name| place.join(name).is_file())
        };
        [folder.to_owned(), folder.join(self.folder)].into_iter().find(holds)
    }

    fn record(&self) -> usize {
        self.label_bytes + PIXELS
    }
}

/// The set whose files a folder holds.
pub(super) fn in_folder(folder: &Path) -> Option<Format> {
    [CIFAR10, CIFAR100].into_iter().find_map(|family| family.place(folder).map(|_| family.format))
}

/// The set that a file of this name and size belongs to.
pub(super) fn of_file(name: &str, size: u64) -> Option<Format> {
    [CIFAR10, CIFAR100].into_iter().find_map(|family| {
        let named = family.train.iter().chain(family.test).any(|file| *file == name);
        (named && size > 0 && size.is_multiple_of(family.record() as u64)).then_some(family.format)
    })
}

/// A file of the Python version in a folder that holds no other.
pub(super) fn pickle(folder: &Path) -> Option<PathBuf> {
    PICKLES.iter().find_map(|(inner, file)| {
        // Without the folder's name, `test` and `train` are ordinary names.
        let outer = folder.join(file);
        let known = file.contains("_batch") || folder.join("meta").is_file();
        let places = [folder.join(inner).join(file), outer];
        places.into_iter().take(if known { 2 } else { 1 }).find(|path| path.is_file())
    })
}

/// Why the Python version is not read.
pub(super) fn refuse_pickle(path: &Path) -> DataError {
    let what = "a batch of CIFAR's Python version, a pickle, which only Python can read; get the binary version (cifar-10-binary.tar.gz, \
                cifar-100-binary.tar.gz), or save images and labels with numpy.savez";
    DataError::format(file::shown(path), what)
}

pub(super) fn load(source: &Source, format: Format) -> Result<DataSet, DataError> {
    let family = if format == Format::Cifar100 { CIFAR100 } else { CIFAR10 };
    let (place, files) = if source.images.is_dir() {
        find(source, &family)?
    } else {
        let place = source.images.parent().map(Path::to_owned).unwrap_or_default();
        (place, vec![source.images.clone()])
    };
    let (mut planes, mut classes) = (Vec::new(), Vec::new());
    let names = if family.label_bytes == 1 {
        "batches.meta.txt"
    } else if source.coarse {
        "coarse_label_names.txt"
    } else {
        "fine_label_names.txt"
    };
    let count = match (family.label_bytes, source.coarse) {
        (1, _) => 10,
        (_, true) => 20,
        _ => 100,
    };
    for path in &files {
        let bytes = file::read(path)?;
        let record = family.record();
        if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
            let what = format!(
                "its {} bytes are no whole records of {record} bytes; it is damaged, or not {format}'s binary version",
                bytes.len()
            );
            return Err(DataError::format(file::shown(path), what));
        }
        planes.reserve(bytes.len());
        for (i, record_bytes) in bytes.chunks_exact(record).enumerate() {
            let (label, pixels) = record_bytes.split_at(family.label_bytes);
            let at = if source.coarse { 0 } else { family.label_bytes - 1 };
            if usize::from(label[at]) >= count {
                let what = format!(
                    "label {} in record {i}, at byte {}; {format} has classes 0 to {}",
                    label[at],
                    i * record + at,
                    count - 1
                );
                return Err(DataError::format(file::shown(path), what));
            }
            classes.push(u16::from(label[at]));
            planes.extend_from_slice(pixels);
        }
    }
    let mut builder = Builder::new(file::shown(&source.images), family.format);
    builder.classes = class_names(&place.join(names), count)?;
    let images = classes.len();
    builder.labels = Some(match &source.labels {
        Some(path) => labels::read(path, images)?,
        None => classes,
    });
    let pixels = channels_last(&planes, 3, PIXELS / 3);
    builder.images(Element::Pixel, Shape::Picture(SIZE), images, pixels)
}

/// The folder with the files, and those of the parts that are wanted.
fn find(source: &Source, family: &Family) -> Result<(PathBuf, Vec<PathBuf>), DataError> {
    let Some(place) = family.place(&source.images) else {
        if let Some(path) = pickle(&source.images) {
            return Err(refuse_pickle(&path));
        }
        let what = format!(
            "it holds no file of {}'s binary version ({} or {})",
            family.format, family.test[0], family.train[0]
        );
        return Err(DataError::format(file::shown(&source.images), what));
    };
    let names = source.split.parts().iter().flat_map(|part| family.files(*part));
    let files: Vec<PathBuf> = names.map(|name| place.join(name)).collect();
    if let Some(missing) = files.iter().find(|path| !path.is_file()) {
        let what = format!("{} is missing; get it, or give another --split", file::name(missing));
        return Err(DataError::format(file::shown(&place), what));
    }
    Ok((place, files))
}

/// A name a line; `None` if there is no such file.
fn class_names(path: &Path, count: usize) -> Result<Option<Vec<String>>, DataError> {
    if !path.is_file() {
        return Ok(None);
    }
    let text = file::text(path)?;
    let names: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if names.len() != count {
        let what =
            format!("it names {} classes instead of {count}; correct or remove it", names.len());
        return Err(DataError::format(file::shown(path), what));
    }
    Ok(Some(names))
}

//! Labelled images as people have them. In: files and folders, as a [`Source`] names them. Out: a [`DataSet`].
//!
//! Each format has a file that names its description. Which one is there is found out in [`detect`](Format#detection); nothing is done to the
//! pixels: how they become a network's input is `campaign::images`' matter. Everything is held in memory, pixels as bytes.

mod arrays;
mod cifar;
mod detect;
mod file;
mod folder;
mod gtsrb;
mod idx;
mod labels;
pub mod picture;
mod raw;
mod set;
mod table;

pub use set::{DataSet, Element, Shape};

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use thiserror::Error;

/// Bytes that are held of a set, or decompressed of a file, at the most: 4 GiB.
pub const MAX_BYTES: u64 = 4 << 30;

/// Why a data set cannot be used. A line with the file, the place in it, the cause and the remedy.
#[derive(Debug, Error)]
pub enum DataError {
    /// A file or folder cannot be read.
    #[error("{file}: cannot be read: {cause}")]
    Read {
        /// The file.
        file: String,
        /// The operating system's words.
        cause: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{file}: {what}")]
    Format {
        /// The file, with the place in it where that is known.
        file: String,
        /// What is wrong, and what helps.
        what: String,
    },
}

impl DataError {
    fn format(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Format { file: file.into(), what: what.into() }
    }
}

/// How a set is stored.
///
/// # Detection
/// `auto` takes the first of these that fits.
///
/// A file: `npz` if it ends in `.npz` or begins as a ZIP file; `npy` if it ends in `.npy` or begins with `\x93NUMPY`; `cifar10` if it is called
/// `data_batch_N.bin` or `test_batch.bin`; `cifar100` if it is called `train.bin` or `test.bin` and holds whole records of CIFAR-100; `bin`
/// if it ends in `.bin` or `.raw`; else `idx`.
///
/// A folder: `idx` if it, or `raw` or `MNIST/raw` in it, holds a file `*images-idx3-ubyte[.gz]`; `cifar10` if it, or `cifar-10-batches-bin` in it,
/// holds one of its files; `cifar100` likewise, with `cifar-100-binary`; `gtsrb` if it, or `GTSRB` in it, holds `Final_Training` or `Final_Test`;
/// else `folder`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Found out from what is there.
    #[default]
    Auto,
    /// IDX files: MNIST, Fashion-MNIST, EMNIST.
    Idx,
    /// A NumPy array.
    Npy,
    /// A NumPy archive.
    Npz,
    /// CIFAR-10's binary version.
    Cifar10,
    /// CIFAR-100's binary version.
    Cifar100,
    /// The German Traffic Sign Recognition Benchmark.
    Gtsrb,
    /// A folder of pictures.
    Folder,
    /// Records of raw bytes.
    Bin,
}

impl Format {
    /// All, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Auto,
        Self::Idx,
        Self::Npy,
        Self::Npz,
        Self::Cifar10,
        Self::Cifar100,
        Self::Gtsrb,
        Self::Folder,
        Self::Bin,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Idx => "idx",
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Cifar10 => "cifar10",
            Self::Cifar100 => "cifar100",
            Self::Gtsrb => "gtsrb",
            Self::Folder => "folder",
            Self::Bin => "bin",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| Self::ALL.map(Self::name).join(", "))
    }
}

/// Which part of a set, where it has parts. A set without parts is read whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Split {
    /// What is kept back for measuring.
    #[default]
    Test,
    /// What a network is trained with.
    Train,
    /// Both, training images first.
    All,
}

impl Split {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Train => "train",
            Self::All => "all",
        }
    }

    /// The parts, in order.
    fn parts(self) -> &'static [Part] {
        match self {
            Self::Test => &[Part::Test],
            Self::Train => &[Part::Train],
            Self::All => &[Part::Train, Part::Test],
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Split {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Test, Self::Train, Self::All]
            .into_iter()
            .find(|split| split.name() == text)
            .ok_or_else(|| "test, train, all".to_owned())
    }
}

/// One part of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Train,
    Test,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

/// Where a data set is, and which part of it is wanted.
#[derive(Clone, Debug)]
pub struct Source {
    /// The images: a file or a folder.
    pub images: PathBuf,
    /// The labels, where they are in a file of their own that is not found beside the images.
    pub labels: Option<PathBuf>,
    /// How it is stored.
    pub format: Format,
    /// Which part.
    pub split: Split,
    /// Bytes of a record of raw bytes; only for [`Format::Bin`], which needs it.
    pub record: Option<usize>,
    /// Take the 20 coarse labels instead of the 100 fine ones; only for [`Format::Cifar100`].
    pub coarse: bool,
    /// Cut photographs to the region of interest that the tables give; only for [`Format::Gtsrb`].
    pub crop: bool,
}

impl Source {
    /// The test part of what is there, labels included.
    pub fn new(images: impl Into<PathBuf>) -> Self {
        let (format, split) = (Format::default(), Split::default());
        Self {
            images: images.into(),
            labels: None,
            format,
            split,
            record: None,
            coarse: false,
            crop: false,
        }
    }
}

impl DataSet {
    /// Reads a data set.
    ///
    /// # Errors
    /// [`DataError`] with the file, the place and the cause.
    pub fn load(source: &Source) -> Result<Self, DataError> {
        let format = match source.format {
            Format::Auto => detect::format(source)?,
            format => format,
        };
        match format {
            Format::Auto | Format::Idx => idx::load(source),
            Format::Npy => arrays::load_npy(source),
            Format::Npz => arrays::load_npz(source),
            Format::Cifar10 | Format::Cifar100 => cifar::load(source, format),
            Format::Gtsrb => gtsrb::load(source),
            Format::Folder => folder::load(source),
            Format::Bin => raw::load(source),
        }
    }

    /// An IDX set from memory; the names are for messages.
    ///
    /// # Errors
    /// As [`DataSet::load`].
    pub fn from_idx(images: (&str, &[u8]), labels: (&str, &[u8])) -> Result<Self, DataError> {
        idx::from_memory(images, labels)
    }
}

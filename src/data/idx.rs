//! IDX files, plain or gzip: MNIST, Fashion-MNIST, EMNIST.
//!
//! Format (LeCun, Cortes, Burges, "The MNIST database", section "FILE FORMATS"): big-endian; two zero bytes, a type byte (8 for unsigned
//! bytes), the number of dimensions, a 32-bit size for each, then the data, last index fastest. Images of EMNIST are stored transposed, and
//! are taken as they are.

use super::set::Builder;
use super::{DataError, DataSet, Element, Format, MAX_BYTES, Part, Shape, Source, file, labels};
use crate::data::picture::Size;
use flate2::bufread::GzDecoder;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// What names end in, without `.gz`: images, and their labels. Some mirrors write a dot for the hyphen.
const ENDINGS: [(&str, &str); 2] =
    [("images-idx3-ubyte", "labels-idx1-ubyte"), ("images.idx3-ubyte", "labels.idx1-ubyte")];
/// DEFLATE makes at most 1,032 bytes of one.
const MOST_INFLATED: u64 = 1032;

/// An array of unsigned bytes.
struct Array {
    shape: Vec<usize>,
    data: Vec<u8>,
}

pub(super) fn load(source: &Source) -> Result<DataSet, DataError> {
    let images = if source.images.is_dir() {
        find(&source.images, source)?
    } else {
        vec![source.images.clone()]
    };
    let mut parts = Vec::new();
    for path in &images {
        let beside = || labels_of(path).filter(|labels| labels.exists());
        let labels = match &source.labels {
            Some(labels) if images.len() == 1 => Some(labels.clone()),
            Some(labels) => {
                let what = "these are labels of one part; give --split test or train with them";
                return Err(DataError::format(file::shown(labels), what));
            }
            None => beside(),
        };
        parts.push((path, part(path)?, labels));
    }
    let shown = file::shown(&source.images);
    let mut builder = Builder::new(&shown, Format::Idx);
    let mut elements = Vec::new();
    let mut first: Option<Vec<usize>> = None;
    let mut count = 0;
    let mut all_labels = Some(Vec::new());
    for (path, array, labels_file) in parts {
        let path = file::shown(path);
        let [here, rest @ ..] = array.shape.as_slice() else {
            return Err(DataError::format(path, "it has no dimension; images have three"));
        };
        if first.get_or_insert_with(|| rest.to_vec()) != rest {
            let what =
                "its images have another size than those of the other part; read one with --split";
            return Err(DataError::format(path, what));
        }
        count += here;
        elements.extend(array.data);
        let labels = labels_file.map(|file| labels::read(&file, *here)).transpose()?;
        all_labels = all_labels.zip(labels).map(|(all, labels)| [all, labels].concat());
    }
    builder.labels = all_labels;
    builder.images(Element::Pixel, shape(first.unwrap_or_default()), count, elements)
}

pub(super) fn from_memory(
    images: (&str, &[u8]),
    labels: (&str, &[u8]),
) -> Result<DataSet, DataError> {
    let wrong = |file: &str| {
        let file = file.to_owned();
        move |what: String| DataError::format(file, what)
    };
    let array = parse(images.1, images.1.len() as u64).map_err(wrong(images.0))?;
    let mut builder = Builder::new(images.0, Format::Idx);
    let [count, rest @ ..] = array.shape.as_slice() else {
        return Err(DataError::format(images.0, "it has no dimension; images have three"));
    };
    builder.labels = Some(self::labels(labels.1, *count).map_err(wrong(labels.0))?);
    builder.images(Element::Pixel, shape(rest.to_vec()), *count, array.data)
}

/// The labels of an IDX file's bytes for so many images.
pub(super) fn labels(bytes: &[u8], count: usize) -> Result<Vec<u16>, String> {
    let array = parse(bytes, bytes.len() as u64)?;
    if array.shape != [count] {
        let shape = array.shape;
        return Err(format!(
            "labels of shape {shape:?} for {count} images; give one label an image"
        ));
    }
    Ok(array.data.into_iter().map(u16::from).collect())
}

/// Images have rows and columns; anything else is no picture.
fn shape(extents: Vec<usize>) -> Shape {
    match *extents.as_slice() {
        [height, width] => Shape::Picture(Size { height, width, channels: 1 }),
        [height, width, channels @ 1..=4] => Shape::Picture(Size { height, width, channels }),
        _ => Shape::Array(extents),
    }
}

/// Whether a folder holds images, there or where torchvision puts them.
pub(super) fn is_folder(folder: &Path) -> bool {
    places(folder)
        .iter()
        .any(|place| file::list(place).is_ok_and(|all| all.iter().any(|p| is_images(p))))
}

fn places(folder: &Path) -> [PathBuf; 3] {
    [folder.to_owned(), folder.join("raw"), folder.join("MNIST").join("raw")]
}

fn plain_name(path: &Path) -> String {
    let name = file::name(path);
    name.strip_suffix(".gz").map(str::to_owned).unwrap_or(name)
}

fn is_images(path: &Path) -> bool {
    let name = plain_name(path);
    path.is_file() && ENDINGS.iter().any(|(images, _)| name.ends_with(images))
}

/// Where the labels of images with a usual name are, plain or gzip; `None` if the name is another.
fn labels_of(images: &Path) -> Option<PathBuf> {
    let name = plain_name(images);
    let (ending, labels) = ENDINGS.iter().find(|(ending, _)| name.ends_with(ending))?;
    let plain = images.with_file_name(format!("{}{labels}", name.strip_suffix(ending)?));
    let packed = plain.with_file_name(format!("{}.gz", file::name(&plain)));
    Some(if packed.exists() && !plain.exists() { packed } else { plain })
}

/// The image files of the parts that are wanted.
fn find(folder: &Path, source: &Source) -> Result<Vec<PathBuf>, DataError> {
    let mut all = Vec::new();
    for place in places(folder) {
        let found = if place.is_dir() { file::list(&place)? } else { Vec::new() };
        all = found.into_iter().filter(|path| is_images(path)).collect();
        if !all.is_empty() {
            break;
        }
    }
    // The same file plain and compressed is one.
    all.dedup_by_key(|path| plain_name(path));
    let of_part = |part: Part| {
        let mark = |name: &str| match part {
            Part::Test => name.starts_with("t10k") || name.contains("test"),
            Part::Train => name.contains("train"),
        };
        let found: Vec<&PathBuf> = all.iter().filter(|path| mark(&file::name(path))).collect();
        match found.as_slice() {
            [one] => Ok((*one).clone()),
            [] => {
                let what = format!(
                    "it holds no IDX file with {part} images (such as {name}-images-idx3-ubyte.gz); give another --split, or the file itself",
                    part = part.name(),
                    name = if part == Part::Test { "t10k" } else { "train" }
                );
                Err(DataError::format(file::shown(folder), what))
            }
            several => {
                let names: Vec<String> = several.iter().map(|path| file::name(path)).collect();
                let what = format!(
                    "several files hold {} images: {}; give one of them",
                    part.name(),
                    names.join(", ")
                );
                Err(DataError::format(file::shown(folder), what))
            }
        }
    };
    source.split.parts().iter().map(|part| of_part(*part)).collect()
}

fn part(path: &Path) -> Result<Array, DataError> {
    let (file, size) = file::open(path)?;
    parse(BufReader::new(file), size).map_err(|what| DataError::format(file::shown(path), what))
}

/// Reads `size` bytes, plain or gzip.
fn parse(mut bytes: impl BufRead, size: u64) -> Result<Array, String> {
    let begin = bytes.fill_buf().map_err(|e| format!("cannot be read: {e}"))?;
    if file::is_gzip(begin) {
        let most = size.saturating_mul(MOST_INFLATED).min(MAX_BYTES);
        array(GzDecoder::new(bytes), None, most)
            .map_err(|e| e.into_words("its gzip data are damaged"))
    } else {
        array(bytes, Some(size), size).map_err(|e| e.into_words("cannot be read"))
    }
}

enum Wrong {
    Io(std::io::Error),
    Content(String),
}

impl Wrong {
    fn into_words(self, io: &str) -> String {
        match self {
            Self::Io(cause) => format!("{io}: {cause}"),
            Self::Content(what) => what,
        }
    }
}

/// Shape and data; `size` is the whole file's where that is known, `most` what it can be.
fn array(mut bytes: impl Read, size: Option<u64>, most: u64) -> Result<Array, Wrong> {
    let mut take = |n: u64| {
        let mut buffer = Vec::new();
        bytes.by_ref().take(n).read_to_end(&mut buffer).map_err(Wrong::Io).map(|_| buffer)
    };
    let begin = take(4)?;
    let [0, 0, kind, dimensions] = *begin.as_slice() else {
        return Err(Wrong::Content(
            "not an IDX file (it does not begin with two zero bytes)".into(),
        ));
    };
    if kind != 8 {
        return Err(Wrong::Content(format!(
            "its elements are of type {kind:#04x}; only unsigned bytes (0x08) are read"
        )));
    }
    let header = take(u64::from(dimensions) * 4)?;
    if header.len() != usize::from(dimensions) * 4 {
        return Err(Wrong::Content("it ends within its header".into()));
    }
    let extents = header.chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
    let shape: Vec<usize> = extents.map(|extent| extent as usize).collect();
    let wanted = shape.iter().try_fold(1_u64, |size, n| size.checked_mul(*n as u64));
    let misfit = |there: &str| {
        Wrong::Content(format!("its shape {shape:?} does not fit its {there} data bytes"))
    };
    let there = size.map(|size| size.saturating_sub(4 + header.len() as u64));
    let Some(wanted) = wanted.filter(|wanted| *wanted <= most) else {
        return Err(misfit(&there.map_or("compressed".into(), |n| n.to_string())));
    };
    let data = take(wanted + 1)?;
    if data.len() as u64 != wanted {
        let read = there.unwrap_or(data.len() as u64);
        return Err(misfit(&read.max(data.len() as u64).to_string()));
    }
    Ok(Array { shape, data })
}

#[cfg(test)]
mod tests {
    #[test]
    fn damaged_idx_files_are_errors() {
        let parse = |bytes: &[u8]| super::parse(bytes, bytes.len() as u64);
        let good = [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 5, 6];
        let array = parse(&good).unwrap();
        assert_eq!((array.shape, array.data), (vec![1, 2], vec![5, 6]));
        for cut in 0..good.len() {
            assert!(parse(&good[..cut]).is_err(), "{cut} bytes");
        }
        assert!(parse(&[0, 0, 8, 255]).is_err());
        assert!(parse(&[0, 0, 13, 1, 0, 0, 0, 0]).is_err());
        assert!(parse(&[0x1f, 0x8b, 8, 0]).is_err());
    }
}

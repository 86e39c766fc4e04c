//! NumPy arrays: `.npy` files, and `.npz` archives with images and labels under their usual names. Out: a [`DataSet`].
//!
//! Format: `numpy.lib.format`; an `.npz` file is a ZIP archive of `.npy` files, stored or deflated (`numpy.savez`, `savez_compressed`).
//! A third form, the packed one, holds picture files: `blob` (uint8, the files end to end), `offset` (where each begins, and the end of the
//! last), `label`.

use super::set::{Builder, Pictures};
use super::{
    DataError, DataSet, Element, Format, MAX_BYTES, Part, Shape, Source, Split, file, labels,
};
use crate::data::picture::{Picture, Size};
use crate::npy::read::{Array, Kind, ReadError, reals};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use zip::ZipArchive;
use zip::result::ZipError;

/// What images are called in an archive, the best first. Capitals do not matter.
const IMAGES: [&str; 7] = ["images", "image", "x", "data", "inputs", "input", "arr_0"];
/// What labels are called.
const LABELS: [&str; 8] =
    ["labels", "label", "y", "targets", "target", "classes", "class", "arr_1"];
/// DEFLATE makes at most 1,032 bytes of one; a member that says more is damaged.
const MOST_INFLATED: u64 = 1032;

pub(super) fn load_npy(source: &Source) -> Result<DataSet, DataError> {
    let path = &source.images;
    let (file, size) = file::open(path)?;
    let wrong = |e: ReadError| match e {
        ReadError::Io(cause) => file::unreadable(path, cause),
        other => DataError::format(file::shown(path), other.to_string()),
    };
    let array = Array::read(BufReader::new(file), size).map_err(wrong)?;
    let mut builder = Builder::new(file::shown(path), Format::Npy);
    if let Some(file) = &source.labels {
        builder.labels = Some(labels::read(file, array.shape.first().copied().unwrap_or(0))?);
    }
    of_array(builder, array)
}

pub(super) fn load_npz(source: &Source) -> Result<DataSet, DataError> {
    let mut archive = Archive::open(&source.images)?;
    if archive.key(&["blob"]).is_some() && archive.key(&["offset", "offsets"]).is_some() {
        return packed(archive, source);
    }
    let mut whole: Option<Array> = None;
    let mut all_labels = Some(Vec::new());
    for (images, labels_key) in archive.wanted(source.split)? {
        let array = archive.array(&images)?;
        let count = array.shape.first().copied().unwrap_or(0);
        let labels = match (&source.labels, labels_key) {
            (Some(_), _) => None,
            (None, Some(key)) => {
                let labels = archive.array(&key)?;
                Some(labels::of_array(&labels, count).map_err(|what| archive.wrong(&key, what))?)
            }
            (None, None) => None,
        };
        all_labels = all_labels.zip(labels).map(|(all, labels)| [all, labels].concat());
        whole = Some(match whole {
            None => array,
            Some(first) => join(first, array).map_err(|what| archive.wrong(&images, what))?,
        });
    }
    let mut builder = Builder::new(file::shown(&source.images), Format::Npz);
    let whole = whole.ok_or_else(|| archive.wrong("", "it holds no images".to_owned()))?;
    builder.labels = match &source.labels {
        Some(file) => Some(labels::read(file, whole.shape.first().copied().unwrap_or(0))?),
        None => all_labels,
    };
    of_array(builder, whole)
}

/// Two arrays one after the other.
fn join(mut first: Array, second: Array) -> Result<Array, String> {
    if first.kind != second.kind || first.shape.get(1..) != second.shape.get(1..) {
        return Err(format!(
            "{} {:?} does not continue {} {:?} of the other part; read one with --split",
            second.kind, second.shape, first.kind, first.shape
        ));
    }
    if let (Some(count), Some(more)) = (first.shape.first_mut(), second.shape.first()) {
        *count += more;
    }
    first.bytes.extend(second.bytes);
    Ok(first)
}

/// An array of images as a set.
fn of_array(mut builder: Builder, array: Array) -> Result<DataSet, DataError> {
    let Array { kind, shape, mut bytes } = array;
    let element = match kind {
        Kind::Uint(1) => Element::Pixel,
        Kind::Int(1) => Element::Int8,
        Kind::Float(4) => Element::Float32,
        Kind::Float(8) => Element::Float64,
        _ => {
            let what = format!(
                "images of {kind}; give uint8 pixels (images.astype('uint8')), int8 numbers as they are, or float32 or float64 real values"
            );
            return Err(DataError::format(&builder.file, what));
        }
    };
    let Some((count, extents)) = shape.split_first() else {
        return Err(DataError::format(&builder.file, "it holds one number, no images"));
    };
    if let Some(at) = not_finite(element, &bytes) {
        let each = extents.iter().product::<usize>().max(1);
        let what = format!("element {} of image {} is no finite number", at % each, at / each);
        return Err(DataError::format(&builder.file, what));
    }
    let mut set_shape = Shape::Array(extents.to_vec());
    // Only pixels have a meaning that could be put in another order; numbers are taken as they are.
    match *extents {
        [height, width] if element == Element::Pixel => {
            set_shape = Shape::Picture(Size { height, width, channels: 1 });
        }
        [height, width, channels @ (1 | 3 | 4)] if element == Element::Pixel => {
            if matches!(height, 1 | 3 | 4) {
                builder.notes.push(format!(
                    "images of shape {extents:?} are taken as height, width, channels"
                ));
            }
            set_shape = Shape::Picture(Size { height, width, channels });
        }
        [channels @ (1 | 3 | 4), height, width] if element == Element::Pixel => {
            builder.notes.push(format!(
                "images of shape {extents:?} are taken as channels, height, width, and put into the order height, width, channels"
            ));
            bytes = channels_last(&bytes, channels, height * width);
            set_shape = Shape::Picture(Size { height, width, channels });
        }
        _ => {}
    }
    builder.images(element, set_shape, *count, bytes)
}

/// Planes of pixels, one for each channel, as pixels with their channels side by side.
pub(super) fn channels_last(planes: &[u8], channels: usize, pixels: usize) -> Vec<u8> {
    if channels == 1 || pixels == 0 {
        return planes.to_vec();
    }
    let mut interleaved = vec![0; planes.len()];
    let (from, to) =
        (planes.chunks_exact(pixels * channels), interleaved.chunks_exact_mut(pixels * channels));
    for (from, to) in from.zip(to) {
        for (channel, plane) in from.chunks_exact(pixels).enumerate() {
            for (pixel, value) in plane.iter().enumerate() {
                to[pixel * channels + channel] = *value;
            }
        }
    }
    interleaved
}

/// The first real number that is infinite or none.
fn not_finite(element: Element, bytes: &[u8]) -> Option<usize> {
    let each = element.bytes();
    let real = matches!(element, Element::Float32 | Element::Float64);
    let finite = |number: &[u8]| reals(number, each).iter().all(|x| x.is_finite());
    real.then(|| bytes.chunks_exact(each).position(|number| !finite(number)))?
}

fn packed(mut archive: Archive, source: &Source) -> Result<DataSet, DataError> {
    let key = |archive: &Archive, names: &[&str]| archive.key(names).unwrap_or_default();
    let (blob_key, offset_key) = (key(&archive, &["blob"]), key(&archive, &["offset", "offsets"]));
    let (blob, offset) = (archive.array(&blob_key)?, archive.array(&offset_key)?);
    if blob.kind != Kind::Uint(1) || blob.shape.len() != 1 {
        let what = format!(
            "{} {:?}; the files end to end are uint8 with one dimension",
            blob.kind, blob.shape
        );
        return Err(archive.wrong(&blob_key, what));
    }
    let size = blob.bytes.len();
    let numbers: Option<Vec<i128>> = offset.integers().map(Iterator::collect);
    let numbers = numbers.filter(|_| offset.shape.len() == 1).ok_or_else(|| {
        let what =
            format!("{} {:?}; offsets are integers with one dimension", offset.kind, offset.shape);
        archive.wrong(&offset_key, what)
    })?;
    let sound = numbers.first() == Some(&0)
        && numbers.last() == Some(&(size as i128))
        && numbers.is_sorted();
    if !sound {
        let what = format!(
            "the offsets do not divide the blob of {size} bytes: they should rise from 0 to its size"
        );
        return Err(archive.wrong(&offset_key, what));
    }
    let count = numbers.len() - 1;
    let mut builder = Builder::new(file::shown(&source.images), Format::Npz);
    builder.labels = match (&source.labels, archive.key(&LABELS)) {
        (Some(file), _) => Some(labels::read(file, count)?),
        (None, Some(key)) => {
            let labels = archive.array(&key)?;
            Some(labels::of_array(&labels, count).map_err(|what| archive.wrong(&key, what))?)
        }
        (None, None) => None,
    };
    let mut pictures = Pictures::default();
    for (i, pair) in numbers.windows(2).enumerate() {
        // Both lie within the blob, as was checked.
        let (from, to) = (pair[0] as usize, pair[1] as usize);
        let wrong =
            |what: String| archive.wrong(&blob_key, format!("image {i}, at byte {from}: {what}"));
        let picture = Picture::decode(&blob.bytes[from..to])
            .map_err(|e| wrong(format!("it cannot be decoded: {e}")))?;
        pictures.push(&picture).map_err(wrong)?;
    }
    builder.pictures(pictures)
}

/// An open `.npz` file.
struct Archive {
    file: String,
    zip: ZipArchive<BufReader<File>>,
    /// Names of the arrays, sorted, without `.npy`.
    keys: Vec<String>,
}

impl Archive {
    fn open(path: &Path) -> Result<Self, DataError> {
        let (file, _) = file::open(path)?;
        let shown = file::shown(path);
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|e| match e {
            ZipError::Io(cause) if cause.kind() != std::io::ErrorKind::UnexpectedEof => {
                file::unreadable(path, cause)
            }
            other => DataError::format(&shown, format!("not a sound .npz file: {other}")),
        })?;
        let mut keys: Vec<String> = zip
            .file_names()
            .filter_map(|name| name.ok()?.strip_suffix(".npy").map(str::to_owned))
            .collect();
        keys.sort();
        Ok(Self { file: shown, zip, keys })
    }

    fn wrong(&self, key: &str, what: String) -> DataError {
        let place = if key.is_empty() { String::new() } else { format!(", array '{key}'") };
        DataError::format(format!("{}{place}", self.file), what)
    }

    /// The first of these names that it holds, as it is written there.
    fn key(&self, names: &[&str]) -> Option<String> {
        names
            .iter()
            .find_map(|name| self.keys.iter().find(|key| key.eq_ignore_ascii_case(name)).cloned())
    }

    /// The images and labels of one part: `x_test`, `test_images`, `X_TEST`.
    fn part(&self, part: Part) -> Option<(String, Option<String>)> {
        let find = |names: &[&str]| {
            names.iter().find_map(|name| {
                let part = part.name();
                self.key(&[&format!("{name}_{part}"), &format!("{part}_{name}")])
            })
        };
        Some((find(&IMAGES)?, find(&LABELS)))
    }

    /// Images and labels of what is wanted; archives without parts are taken whole.
    fn wanted(&self, split: Split) -> Result<Vec<(String, Option<String>)>, DataError> {
        let (train, test) = (self.part(Part::Train), self.part(Part::Test));
        if train.is_none() && test.is_none() {
            let Some(images) = self.key(&IMAGES).or_else(|| self.only()) else {
                let held = match self.keys.as_slice() {
                    [] => "no arrays".to_owned(),
                    keys => keys
                        .iter()
                        .take(12)
                        .map(|key| super::labels::clip(key))
                        .collect::<Vec<_>>()
                        .join(", "),
                };
                return Err(self.wrong(
                    "",
                    format!("it holds {held}; call the images 'images' and the labels 'labels', or x_test and y_test, x_train and y_train"),
                ));
            };
            let labels = self.key(&LABELS).filter(|labels| *labels != images);
            return Ok(vec![(images, labels)]);
        }
        let parts = split.parts().iter().map(|part| {
            let found = match part {
                Part::Train => train.clone(),
                Part::Test => test.clone(),
            };
            found.ok_or_else(|| {
                let other = if *part == Part::Test { Part::Train } else { Part::Test };
                let what =
                    format!("it holds no {} images; give --split {}", part.name(), other.name());
                self.wrong("", what)
            })
        });
        parts.collect()
    }

    /// The name of the only array.
    fn only(&self) -> Option<String> {
        match self.keys.as_slice() {
            [key] => Some(key.clone()),
            _ => None,
        }
    }

    fn array(&mut self, key: &str) -> Result<Array, DataError> {
        let place = format!("{}, array '{}'", self.file, super::labels::clip(key));
        let wrong = |what: String| DataError::format(&place, what);
        let member = self.zip.by_name(&format!("{key}.npy"));
        let member = member.map_err(|e| wrong(format!("it cannot be unpacked: {e}")))?;
        let (size, packed) = (member.size(), member.compressed_size());
        if size > MAX_BYTES || size > packed.saturating_mul(MOST_INFLATED) {
            return Err(wrong(format!(
                "it should have {size} bytes, unpacked from {packed}; arrays of up to {MAX_BYTES} bytes are read"
            )));
        }
        Array::read(BufReader::new(member), size).map_err(|e| match e {
            ReadError::Io(cause) => wrong(format!("it cannot be unpacked: {cause}")),
            other => wrong(other.to_string()),
        })
    }
}

//! Labels in a file of their own: IDX, `.npy`, or text with a number on each line. Out: one class for each image.

use super::{DataError, file, idx};
use crate::npy::read::Array;
use std::path::Path;

/// The labels of so many images.
pub(super) fn read(path: &Path, count: usize) -> Result<Vec<u16>, DataError> {
    let bytes = file::read(path)?;
    let wrong = |what: String| DataError::format(file::shown(path), what);
    if bytes.starts_with(b"\x93NUMPY") {
        let array =
            Array::read(&bytes[..], bytes.len() as u64).map_err(|e| wrong(e.to_string()))?;
        return of_array(&array, count).map_err(wrong);
    }
    if file::is_gzip(&bytes) || bytes.starts_with(&[0, 0]) {
        return idx::labels(&bytes, count).map_err(wrong);
    }
    let text = str::from_utf8(&bytes).ok().filter(|text| !text.trim().is_empty());
    let Some(text) = text else {
        return Err(wrong("not an IDX file, no .npy file, and no text with a label a line".into()));
    };
    of_text(text, path, count)
}

/// A number a line; the first line may be a heading.
fn of_text(text: &str, path: &Path, count: usize) -> Result<Vec<u16>, DataError> {
    let mut labels = Vec::new();
    for (line, word) in text.trim_end().lines().map(str::trim).enumerate() {
        match word.parse::<u16>() {
            Ok(label) => labels.push(label),
            Err(_) if line == 0 && !word.is_empty() && word.parse::<f64>().is_err() => {}
            Err(_) => {
                let place = format!("{}:{}", file::shown(path), line + 1);
                let what = format!("'{}' is no label; give a number from 0 to 65535", clip(word));
                return Err(DataError::format(place, what));
            }
        }
    }
    if labels.len() != count {
        let what = format!("{} labels for {count} images; give one label an image", labels.len());
        return Err(DataError::format(file::shown(path), what));
    }
    Ok(labels)
}

/// The labels of an array of integers.
pub(super) fn of_array(array: &Array, count: usize) -> Result<Vec<u16>, String> {
    let shape = &array.shape;
    match *shape.as_slice() {
        [n] | [n, 1] if n == count => {}
        [n, classes] if n == count => {
            return Err(format!(
                "labels of shape {shape:?}, so {classes} numbers an image; give one number each: numpy.argmax(labels, axis=1)"
            ));
        }
        _ => {
            return Err(format!(
                "labels of shape {shape:?} for {count} images; give one label an image"
            ));
        }
    }
    let Some(numbers) = array.integers() else {
        return Err(format!("labels of {}; give integers: labels.astype('int64')", array.kind));
    };
    let checked = numbers.enumerate().map(|(i, number)| {
        u16::try_from(number)
            .map_err(|_| format!("label {i} is {number}; labels are numbers from 0 to 65535"))
    });
    checked.collect()
}

/// A word as a message shows it.
pub(super) fn clip(word: &str) -> String {
    let short: String = word.chars().take(40).collect();
    let dots = if short.len() < word.len() { "..." } else { "" };
    format!("{}{dots}", short.escape_debug())
}

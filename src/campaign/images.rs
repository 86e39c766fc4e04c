//! Labelled images, read from IDX files as MNIST's authors publish them, plain or gzip-compressed.
//!
//! Format (LeCun, Cortes, Burges, "The MNIST database", section "FILE FORMATS"): big-endian; two zero bytes, a type
//! byte (8 for unsigned bytes), the number of dimensions, a 32-bit size for each, then the data, last index fastest.

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;
use thiserror::Error;

const DEFAULT_IMAGES: &[u8] = include_bytes!("../../firmware/data/mnist-t10k-images-idx3-ubyte.gz");
const DEFAULT_LABELS: &[u8] = include_bytes!("../../firmware/data/mnist-t10k-labels-idx1-ubyte.gz");

/// Decompressed bytes of one file, at the most.
const MAX_BYTES: u64 = 4 << 30;

/// Why images cannot be used. Names the file.
#[derive(Debug, Error)]
pub enum ImagesError {
    /// A file cannot be read.
    #[error("{file}: cannot be read: {cause}")]
    Read {
        /// The file.
        file: String,
        /// The operating system's words.
        cause: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{file}: {what}")]
    Format {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
}

/// A set of images with labels.
#[derive(Clone, Debug)]
pub struct Images {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    bytes_each: usize,
    sha256: String,
}

impl Images {
    /// The MNIST test set (10,000 images of 28 x 28 pixels) that is part of this program.
    ///
    /// # Errors
    /// [`ImagesError`] if the program was built with broken data.
    pub fn builtin() -> Result<Self, ImagesError> {
        Self::parse(("built-in images", DEFAULT_IMAGES), ("built-in labels", DEFAULT_LABELS))
    }

    /// Reads an image file and a label file.
    ///
    /// # Errors
    /// [`ImagesError`] naming the file and the cause.
    pub fn load(images: &Path, labels: &Path) -> Result<Self, ImagesError> {
        let read = |path: &Path| {
            let file = path.display().to_string();
            std::fs::read(path).map_err(|cause| ImagesError::Read { file, cause })
        };
        let (image_bytes, label_bytes) = (read(images)?, read(labels)?);
        let (images, labels) = (images.display().to_string(), labels.display().to_string());
        Self::parse((&images, &image_bytes), (&labels, &label_bytes))
    }

    fn parse(images: (&str, &[u8]), labels: (&str, &[u8])) -> Result<Self, ImagesError> {
        let error = |file: &str, what: String| ImagesError::Format { file: file.to_owned(), what };
        let (shape, pixels) = idx(images.1).map_err(|what| error(images.0, what))?;
        let (label_shape, label_bytes) = idx(labels.1).map_err(|what| error(labels.0, what))?;
        let [count, rest @ ..] = shape.as_slice() else {
            return Err(error(images.0, "it has no dimension".into()));
        };
        if label_shape.as_slice() != [*count] {
            let what = format!(
                "labels of shape {label_shape:?} for {count} images; give one label an image"
            );
            return Err(error(labels.0, what));
        }
        let bytes_each = rest.iter().try_fold(1_usize, |size, n| size.checked_mul(*n)).unwrap_or(0);
        if *count == 0 || bytes_each == 0 {
            return Err(error(images.0, format!("its shape {shape:?} holds no image")));
        }
        let mut hash = Sha256::new();
        hash.update(&pixels);
        hash.update(&label_bytes);
        let sha256 = crate::hex(&hash.finalize());
        Ok(Self { pixels, labels: label_bytes, bytes_each, sha256 })
    }

    /// How many there are; at least 1.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    /// Bytes of one image.
    pub fn bytes_each(&self) -> usize {
        self.bytes_each
    }

    /// SHA-256 of pixels and labels, decompressed, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The label of image `i`.
    pub fn label(&self, i: usize) -> Option<u16> {
        Some(u16::from(self.labels[i]))
    }

    /// Image `i` as an int8 input tensor with zero point -128: pixel - 128.
    pub fn input(&self, i: usize) -> Vec<u8> {
        let at = i * self.bytes_each;
        self.pixels[at..at + self.bytes_each].iter().map(|pixel| pixel.wrapping_sub(128)).collect()
    }
}

/// Shape and data of an IDX file of unsigned bytes.
fn idx(bytes: &[u8]) -> Result<(Vec<usize>, Vec<u8>), String> {
    let mut plain = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut decoder = GzDecoder::new(bytes).take(MAX_BYTES);
        decoder.read_to_end(&mut plain).map_err(|e| format!("its gzip data are damaged: {e}"))?;
    } else {
        plain.extend_from_slice(bytes);
    }
    let [0, 0, kind, dimensions, rest @ ..] = plain.as_slice() else {
        return Err("not an IDX file (it does not begin with two zero bytes)".into());
    };
    if *kind != 8 {
        return Err(format!(
            "its elements are of type {kind:#04x}; only unsigned bytes (0x08) are read"
        ));
    }
    let dimensions = usize::from(*dimensions);
    let header = rest.get(..dimensions * 4).ok_or("it ends within its header")?;
    let shape: Vec<usize> = header
        .chunks_exact(4)
        .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize)
        .collect();
    let size = shape.iter().try_fold(1_usize, |size, n| size.checked_mul(*n));
    let data = &rest[dimensions * 4..];
    if size != Some(data.len()) {
        return Err(format!("its shape {shape:?} does not fit its {} data bytes", data.len()));
    }
    Ok((shape, data.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_set_is_the_mnist_test_set() {
        let images = Images::builtin().unwrap();
        assert_eq!((images.count(), images.bytes_each()), (10_000, 28 * 28));
        // Published with the database: the first test labels are 7, 2, 1, 0, 4.
        assert_eq!((0..5).map(|i| images.label(i)).collect::<Vec<_>>(), [7, 2, 1, 0, 4].map(Some));
    }

    #[test]
    fn damaged_idx_files_are_errors() {
        let good = [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 5, 6];
        assert_eq!(idx(&good), Ok((vec![1, 2], vec![5, 6])));
        for cut in 0..good.len() {
            assert!(idx(&good[..cut]).is_err(), "{cut} bytes");
        }
        assert!(idx(&[0, 0, 8, 255]).is_err());
        assert!(idx(&[0, 0, 13, 1, 0, 0, 0, 0]).is_err());
        assert!(idx(&[0x1f, 0x8b, 8, 0]).is_err());
    }
}

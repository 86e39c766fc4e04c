//! What every reader gives: images in one piece of memory, with labels, names and classes.

use super::{DataError, Format, MAX_BYTES};
use crate::data::picture::{Picture, Size};
use sha2::{Digest, Sha256};
use std::fmt;

/// What the elements of all images are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Pixels of 8 bits; 0 is black.
    Pixel,
    /// int8 numbers, as a quantised network takes them.
    Int8,
    /// Real numbers of 32 bits, little-endian.
    Float32,
    /// Real numbers of 64 bits, little-endian.
    Float64,
    /// Bytes of a network's input tensor, whatever its type is.
    Raw,
}

impl Element {
    /// Bytes of an element.
    pub fn bytes(self) -> usize {
        match self {
            Self::Pixel | Self::Int8 | Self::Raw => 1,
            Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pixel => "uint8 pixels",
            Self::Int8 => "int8 numbers",
            Self::Float32 => "float32 numbers",
            Self::Float64 => "float64 numbers",
            Self::Raw => "raw bytes",
        })
    }
}

/// What an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// All are pictures of this size, row by row from the top, the channels of a pixel side by side.
    Picture(Size),
    /// They are pictures of several sizes; see [`DataSet::size`].
    Mixed,
    /// All are arrays with these extents, the last index fastest, and no pictures.
    Array(Vec<usize>),
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Picture(size) => size.fmt(f),
            Self::Mixed => f.write_str("several sizes"),
            Self::Array(extents) => {
                let extents: Vec<String> = extents.iter().map(usize::to_string).collect();
                f.write_str(&extents.join(" x "))
            }
        }
    }
}

/// Images, and what is known of them. There is at least one, and none is empty.
#[derive(Clone, Debug)]
pub struct DataSet {
    format: Format,
    element: Element,
    shape: Shape,
    /// All images, one after the other.
    elements: Vec<u8>,
    count: usize,
    /// Of pictures of several sizes: each one's size and where it begins.
    mixed: Vec<(Size, usize)>,
    labels: Option<Vec<u16>>,
    /// Empty: they are numbered.
    names: Vec<String>,
    classes: Option<Vec<String>>,
    notes: Vec<String>,
    sha256: String,
}

impl DataSet {
    /// How many images there are; at least 1.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The format that they were read from, never [`Format::Auto`].
    pub fn format(&self) -> Format {
        self.format
    }

    /// What the elements are.
    pub fn element(&self) -> Element {
        self.element
    }

    /// What the images are.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The size of image `i`, if it is a picture.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn size(&self, i: usize) -> Option<Size> {
        assert!(i < self.count, "image {i} of {}", self.count);
        match self.shape {
            Shape::Picture(size) => Some(size),
            Shape::Mixed => Some(self.mixed[i].0),
            Shape::Array(_) => None,
        }
    }

    /// The elements of image `i`, as [`DataSet::shape`] and [`DataSet::element`] say.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn image(&self, i: usize) -> &[u8] {
        assert!(i < self.count, "image {i} of {}", self.count);
        let (from, to) = if self.mixed.is_empty() {
            let each = self.elements.len() / self.count;
            (i * each, (i + 1) * each)
        } else {
            let end = self.mixed.get(i + 1).map_or(self.elements.len(), |(_, start)| *start);
            (self.mixed[i].1, end)
        };
        &self.elements[from..to]
    }

    /// The class of image `i`, if the set has labels.
    pub fn label(&self, i: usize) -> Option<u16> {
        self.labels.as_ref()?.get(i).copied()
    }

    /// Whether it has labels: one for each image, or none at all.
    pub fn has_labels(&self) -> bool {
        self.labels.is_some()
    }

    /// What image `i` is called in its set: a file relative to the folder, or its number from 0.
    pub fn name(&self, i: usize) -> String {
        self.names.get(i).cloned().unwrap_or_else(|| i.to_string())
    }

    /// The names of the classes from 0 on, where the format gives them.
    pub fn class_names(&self) -> Option<&[String]> {
        self.classes.as_deref()
    }

    /// What a user should know of how the set was read, a line each; most sets have none.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// SHA-256 of what was read, in hexadecimal: all elements in the order of the images, as [`DataSet::image`] gives them; then, only if
    /// [`DataSet::shape`] is [`Shape::Mixed`], height, width and channels of each image as 32-bit little-endian numbers; then, if there are
    /// labels, each as one byte, or as two (little-endian) if any is above 255. It does not depend on format, compression or names: for
    /// `.npy` files it is that of `images.tobytes() + labels.astype('u1').tobytes()`.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// A data set in the making.
#[derive(Debug)]
pub(super) struct Builder {
    /// What it is read from, for messages.
    pub file: String,
    pub format: Format,
    pub labels: Option<Vec<u16>>,
    pub names: Vec<String>,
    pub classes: Option<Vec<String>>,
    pub notes: Vec<String>,
}

impl Builder {
    pub fn new(file: impl Into<String>, format: Format) -> Self {
        let (labels, names, classes, notes) = (None, Vec::new(), None, Vec::new());
        Self { file: file.into(), format, labels, names, classes, notes }
    }

    fn error(&self, what: String) -> DataError {
        DataError::format(&self.file, what)
    }

    /// `count` images of one shape.
    pub fn images(
        self,
        element: Element,
        shape: Shape,
        count: usize,
        elements: Vec<u8>,
    ) -> Result<DataSet, DataError> {
        if count == 0 || elements.is_empty() {
            return Err(self.error(format!("it holds {count} images of {shape}, so no pixel")));
        }
        if !elements.len().is_multiple_of(count) {
            let what = format!("its {} bytes are no {count} images of equal size", elements.len());
            return Err(self.error(what));
        }
        self.finish(element, shape, count, elements, Vec::new())
    }

    /// Pictures one by one.
    pub fn pictures(self, pictures: Pictures) -> Result<DataSet, DataError> {
        let Pictures { elements, mixed } = pictures;
        let Some((first, _)) = mixed.first().copied() else {
            return Err(self.error("it holds no picture".to_owned()));
        };
        let count = mixed.len();
        if mixed.iter().all(|(size, _)| *size == first) {
            return self.images(Element::Pixel, Shape::Picture(first), count, elements);
        }
        self.finish(Element::Pixel, Shape::Mixed, count, elements, mixed)
    }

    fn finish(
        self,
        element: Element,
        shape: Shape,
        count: usize,
        elements: Vec<u8>,
        mixed: Vec<(Size, usize)>,
    ) -> Result<DataSet, DataError> {
        if let Some(labels) = self.labels.as_ref().filter(|labels| labels.len() != count) {
            return Err(self.error(format!("{} labels for {count} images", labels.len())));
        }
        let mut hash = Sha256::new();
        hash.update(&elements);
        for (Size { height, width, channels }, _) in &mixed {
            for extent in [height, width, channels] {
                hash.update((*extent as u32).to_le_bytes());
            }
        }
        if let Some(labels) = &self.labels {
            let bytes: Vec<u8> = match labels.iter().all(|label| *label < 256) {
                true => labels.iter().map(|label| *label as u8).collect(),
                false => labels.iter().flat_map(|label| label.to_le_bytes()).collect(),
            };
            hash.update(bytes);
        }
        let sha256 = crate::hex(&hash.finalize());
        let Self { format, labels, names, classes, notes, .. } = self;
        Ok(DataSet {
            format,
            element,
            shape,
            elements,
            count,
            mixed,
            labels,
            names,
            classes,
            notes,
            sha256,
        })
    }
}

/// Pictures of any sizes, one after the other.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    elements: Vec<u8>,
    mixed: Vec<(Size, usize)>,
}

impl Pictures {
    /// Adds one; `what` is wrong if there are too many already.
    pub fn push(&mut self, picture: &Picture) -> Result<(), String> {
        if (self.elements.len() + picture.pixels.len()) as u64 > MAX_BYTES {
            return Err(format!(
                "the pictures before it have {} bytes of pixels, and up to {MAX_BYTES} are held; give fewer, or smaller ones",
                self.elements.len()
            ));
        }
        self.mixed.push((picture.size, self.elements.len()));
        self.elements.extend_from_slice(&picture.pixels);
        Ok(())
    }
}

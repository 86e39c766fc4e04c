//! A data set as input tensors. In: a [`DataSet`], and the firmware's or the network's wishes. Out: bytes for each image, and its label.

use crate::data::picture::{self, Size};
use crate::data::{DataError, DataSet, Element, Shape, Source};
use crate::model::input::{self, InputError, Pixels};
use crate::model::{Tensor, Type};
use crate::npy::read::reals;
use std::path::Path;
use thiserror::Error;

const DEFAULT_IMAGES: &[u8] = include_bytes!("../../firmware/data/mnist-t10k-images-idx3-ubyte.gz");
const DEFAULT_LABELS: &[u8] = include_bytes!("../../firmware/data/mnist-t10k-labels-idx1-ubyte.gz");

/// Why images cannot be used.
#[derive(Debug, Error)]
pub enum ImagesError {
    /// They cannot be read. Names the file.
    #[error(transparent)]
    Data(#[from] DataError),
    /// They are no input for this network or firmware. Does not name the file.
    #[error("{0}")]
    Fit(String),
    /// Nothing says what a pixel or a number is to the network. Does not name the file.
    #[error(transparent)]
    Input(#[from] InputError),
}

/// A set of images, and how each becomes an input.
#[derive(Clone, Debug)]
pub struct Images {
    set: DataSet,
    recipe: Recipe,
    bytes_each: usize,
    conversion: String,
}

/// What is done to the elements of an image.
#[derive(Clone, Debug)]
enum Recipe {
    /// Nothing.
    AsTheyAre,
    /// Each pixel is replaced by the bytes that stand for it: 256 times as many bytes as one element of the input has.
    Pixels { to: Option<Size>, table: Vec<u8> },
    /// Each real number is quantised for this tensor.
    Reals(Tensor),
}

impl Images {
    /// The MNIST test set (10,000 images of 28 x 28 pixels) that is part of this program, for firmware with an int8 input.
    ///
    /// # Errors
    /// [`ImagesError`] if the program was built with broken data.
    pub fn builtin() -> Result<Self, ImagesError> {
        Self::for_bytes(Self::builtin_set()?)
    }

    /// The same as a data set.
    ///
    /// # Errors
    /// As [`Images::builtin`].
    pub fn builtin_set() -> Result<DataSet, DataError> {
        let (images, labels) = ("built-in images", "built-in labels");
        DataSet::from_idx((images, DEFAULT_IMAGES), (labels, DEFAULT_LABELS))
    }

    /// Reads images and labels, for firmware with an int8 input.
    ///
    /// # Errors
    /// [`ImagesError`].
    pub fn load(images: &Path, labels: &Path) -> Result<Self, ImagesError> {
        let source = Source { labels: Some(labels.to_owned()), ..Source::new(images) };
        Self::for_bytes(DataSet::load(&source)?)
    }

    /// For firmware that takes bytes: pixels as int8 numbers with zero point -128, `pixel - 128`; int8 numbers and raw bytes as they are.
    ///
    /// # Errors
    /// [`ImagesError::Fit`] for real numbers, and for pictures of several sizes.
    pub fn for_bytes(set: DataSet) -> Result<Self, ImagesError> {
        let (recipe, how) = match set.element() {
            Element::Pixel => {
                let table = (0..=u8::MAX).map(|pixel| pixel.wrapping_sub(128)).collect();
                (Recipe::Pixels { to: None, table }, "pixel - 128")
            }
            Element::Int8 | Element::Raw => (Recipe::AsTheyAre, "as they are"),
            Element::Float32 | Element::Float64 => {
                return Err(ImagesError::Fit(format!(
                    "its elements are {}, which have no meaning to firmware that takes bytes; save uint8 pixels or int8 numbers",
                    set.element()
                )));
            }
        };
        if *set.shape() == Shape::Mixed {
            let what =
                "its pictures have several sizes, the firmware takes one; scale them beforehand";
            return Err(ImagesError::Fit(what.into()));
        }
        let conversion = format!("{}, {}: {how}", set.shape(), set.element());
        Ok(Self { bytes_each: set.image(0).len(), recipe, conversion, set })
    }

    /// For a network: quantised to its input tensor. `pixels` says what a pixel stands for, `None` lets the tensor's quantisation tell.
    /// Pictures of another size are scaled if `resize`, gray becomes colour and colour gray. int8 numbers and raw bytes are taken as they are,
    /// real numbers are quantised.
    ///
    /// # Errors
    /// [`ImagesError`] if the images do not fit, with what helps.
    pub fn for_model(
        set: DataSet,
        tensor: &Tensor,
        pixels: Option<Pixels>,
        resize: bool,
    ) -> Result<Self, ImagesError> {
        let bytes_each = tensor.bytes().unwrap_or(0);
        let (recipe, how) = match set.element() {
            Element::Pixel => {
                let (to, fitting) = fit_pictures(&set, tensor, resize)?;
                let meaning = input::pixel_meaning(tensor, pixels)?;
                let every: Vec<u8> = (0..=u8::MAX).collect();
                let table = input::quantise_pixels(&every, tensor, Some(meaning))?;
                (Recipe::Pixels { to, table }, format!("{fitting}pixels are {meaning}"))
            }
            element => {
                fit_array(&set, tensor)?;
                match element {
                    Element::Float32 | Element::Float64 => {
                        // Asks for the scale, which must be there.
                        input::quantise_reals(&[], tensor)?;
                        (Recipe::Reals(tensor.clone()), "quantised".to_owned())
                    }
                    _ => (Recipe::AsTheyAre, "as they are".to_owned()),
                }
            }
        };
        let conversion = format!(
            "{}, {}, to {} {}: {how}",
            set.shape(),
            set.element(),
            tensor.shape_text(),
            tensor.kind
        );
        Ok(Self { set, recipe, bytes_each, conversion })
    }

    /// The set that they come from.
    pub fn set(&self) -> &DataSet {
        &self.set
    }

    /// How many there are; at least 1.
    pub fn count(&self) -> usize {
        self.set.count()
    }

    /// Bytes of one input.
    pub fn bytes_each(&self) -> usize {
        self.bytes_each
    }

    /// SHA-256 of the data set, in hexadecimal: [`DataSet::sha256`]. What is done to it is not in it, but in [`Images::conversion`].
    pub fn sha256(&self) -> &str {
        self.set.sha256()
    }

    /// What is done to make inputs of the images, in words; of the same images, the same words give the same inputs.
    pub fn conversion(&self) -> &str {
        &self.conversion
    }

    /// The label of image `i`, if the set has labels.
    pub fn label(&self, i: usize) -> Option<u16> {
        self.set.label(i)
    }

    /// Image `i` as the bytes of an input: [`Images::bytes_each`] of them.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn input(&self, i: usize) -> Vec<u8> {
        let elements = self.set.image(i);
        match &self.recipe {
            Recipe::AsTheyAre => elements.to_vec(),
            Recipe::Reals(tensor) => {
                let numbers = reals(elements, self.set.element().bytes());
                input::quantise_reals(&numbers, tensor)
                    .expect("the tensor has a scale, as was asked when this was made")
            }
            Recipe::Pixels { to, table } => {
                let pixels = match (to, self.set.size(i)) {
                    (Some(to), Some(size)) => picture::fit(elements, size, *to),
                    _ => elements.into(),
                };
                let each = table.len() / 256;
                if each == 1 {
                    return pixels.iter().map(|pixel| table[usize::from(*pixel)]).collect();
                }
                let bytes = |pixel: &u8| &table[usize::from(*pixel) * each..][..each];
                pixels.iter().flat_map(bytes).copied().collect()
            }
        }
    }
}

/// The size that the pictures must get, and the words for it. No size: they are taken element by element.
fn fit_pictures(
    set: &DataSet,
    tensor: &Tensor,
    resize: bool,
) -> Result<(Option<Size>, String), ImagesError> {
    let Some(wanted) = input::picture_size(tensor) else {
        let (elements, shape) = (set.image(0).len(), set.shape());
        // A vector has one order: row by row, the channels of a pixel side by side.
        let vector = tensor.shape.iter().filter(|extent| **extent != 1).count() <= 1;
        let fits = *shape != Shape::Mixed && elements == tensor.len();
        return match fits && (vector || matches!(shape, Shape::Array(_))) {
            true => Ok((None, String::new())),
            false => Err(ImagesError::Fit(format!(
                "the network's input is {}, no picture with 1 or 3 channels, and the images are {shape}; give arrays with {} elements each",
                tensor.shape_text(),
                tensor.len()
            ))),
        };
    };
    let found = match *set.shape() {
        Shape::Array(_) => {
            fit_array(set, tensor)?;
            return Ok((None, String::new()));
        }
        Shape::Picture(size) => Some(size),
        Shape::Mixed => None,
    };
    let same = |size: Size| (size.height, size.width) == (wanted.height, wanted.width);
    let other = (0..set.count()).find(|i| !set.size(*i).is_some_and(same));
    let mut how = String::new();
    if let Some(i) = other {
        let size = set.size(i).unwrap_or(wanted);
        if !resize {
            return Err(ImagesError::Fit(format!(
                "image {} has {} x {} pixels, the network takes {} x {}; scale it, or give --resize",
                set.name(i),
                size.height,
                size.width,
                wanted.height,
                wanted.width
            )));
        }
        how.push_str("scaled bilinearly, ");
    }
    let channels = |n: usize| found.is_some_and(|size| size.channels == n);
    if !channels(wanted.channels) {
        how.push_str(if wanted.channels == 1 {
            "made gray, "
        } else {
            "made red, green and blue, "
        });
    }
    Ok((Some(wanted), how))
}

/// Numbers are not put in another order, so there must be as many, in the same order of extents.
fn fit_array(set: &DataSet, tensor: &Tensor) -> Result<(), ImagesError> {
    let bytes = set.image(0).len();
    if set.element() == Element::Raw {
        return match tensor.bytes() {
            Some(wanted) if wanted == bytes => Ok(()),
            _ => Err(ImagesError::Fit(format!(
                "a record has {bytes} bytes, the network takes {}",
                tensor.bytes().unwrap_or(0)
            ))),
        };
    }
    if set.element() == Element::Int8 && tensor.kind != Type::I8 {
        return Err(ImagesError::Fit(format!(
            "its elements are int8 numbers, which are taken as they are, and the network takes {}; give uint8 pixels or real values",
            tensor.kind
        )));
    }
    let elements = bytes / set.element().bytes();
    let beyond_one = |extents: &[usize]| -> Vec<usize> {
        extents.iter().copied().filter(|extent| *extent != 1).collect()
    };
    let (Shape::Array(extents), wanted) = (set.shape(), beyond_one(&tensor.shape)) else {
        return Err(ImagesError::Fit(format!("the images are {}", set.shape())));
    };
    let found = beyond_one(extents);
    let flat = found.len() <= 1 || wanted.len() <= 1;
    if elements != tensor.len() || !(flat || found == wanted) {
        let remedy = match (found.as_slice(), wanted.as_slice()) {
            ([c, h, w], [a, b, d]) if [h, w, c] == [a, b, d] => {
                "; put the channels last: numpy.transpose(images, (0, 2, 3, 1))"
            }
            _ => "",
        };
        return Err(ImagesError::Fit(format!(
            "an image is an array {}, the network takes {}{remedy}",
            set.shape(),
            tensor.shape_text()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_set_is_the_mnist_test_set() {
        let images = Images::builtin().unwrap();
        assert_eq!((images.count(), images.bytes_each()), (10_000, 28 * 28));
        // Published with the database: the first test labels are 7, 2, 1, 0, 4.
        let labels: Vec<_> = (0..5).filter_map(|i| images.label(i)).collect();
        assert_eq!(labels, [7, 2, 1, 0, 4]);
    }
}

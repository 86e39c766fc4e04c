//! What a network looks at: pictures, NumPy arrays and raw bytes, made into its input tensor.
//!
//! In: the bytes of a file and the tensor that they are for. Out: the tensor's bytes, quantised with its scale and zero point.

use super::{Quantisation, Tensor, Type};
use crate::data::picture::{Picture, Size, fit};
use crate::npy::read::{Array, Kind, reals};
use image::ImageError;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Why a file cannot be the input.
#[derive(Debug, Error)]
pub enum InputError {
    /// Not a picture that can be decoded.
    #[error("the picture cannot be decoded: {0}")]
    Picture(ImageError),
    /// Not an array that can be read.
    #[error("the .npy file cannot be read: {0}")]
    Array(String),
    /// It does not fit the network.
    #[error("{0}")]
    Fit(String),
}

/// The real value that a pixel stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// 0 is 0 and 255 is 1.
    Unit,
    /// The pixel itself.
    Byte,
    /// 0 is -1 and 255 is 1.
    Symmetric,
}

impl Pixels {
    fn real(self, pixel: u8) -> f64 {
        match self {
            Self::Unit => f64::from(pixel) / 255.0,
            Self::Byte => f64::from(pixel),
            Self::Symmetric => f64::from(pixel) / 127.5 - 1.0,
        }
    }

    /// The real values that the tensor can hold say what its network was trained with: about 0 to 1, 0 to 255, or -1 to 1.
    fn guess(q: Quantisation, lowest: i64) -> Option<Self> {
        let real = |number: i64| f64::from(q.scale) * (number - q.zero_point) as f64;
        let (from, to) = (real(lowest), real(lowest + 255));
        let near = |a: f64, b: f64, side: f64| (a - b).abs() <= side / 50.0;
        let fits =
            |(low, high): (f64, f64)| near(from, low, high - low) && near(to, high, high - low);
        [(Self::Unit, (0.0, 1.0)), (Self::Byte, (0.0, 255.0)), (Self::Symmetric, (-1.0, 1.0))]
            .into_iter()
            .find_map(|(pixels, range)| fits(range).then_some(pixels))
    }
}

impl fmt::Display for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unit => "0..1",
            Self::Byte => "0..255",
            Self::Symmetric => "-1..1",
        })
    }
}

impl FromStr for Pixels {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "0..1" => Ok(Self::Unit),
            "0..255" => Ok(Self::Byte),
            "-1..1" => Ok(Self::Symmetric),
            _ => Err("0..1, 0..255 or -1..1".into()),
        }
    }
}

/// How a file becomes an input.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What a pixel stands for; `None`: what the tensor's quantisation suggests.
    pub pixels: Option<Pixels>,
    /// Scale pictures of another size.
    pub resize: bool,
    /// Which record of an array or of raw bytes that hold several.
    pub index: usize,
}

/// The input tensor's bytes from a file, whose kind its name tells: `.npy`, `.bin` and `.raw`, or else a picture.
///
/// # Errors
/// [`InputError`], which does not name the file.
pub fn read(
    name: &str,
    bytes: &[u8],
    tensor: &Tensor,
    options: Options,
) -> Result<Vec<u8>, InputError> {
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    match extension.as_deref() {
        Some("npy") => array(bytes, tensor, options),
        Some("bin" | "raw") => {
            let size = tensor.bytes().unwrap_or(0);
            record(bytes, 1, size, options.index, "bytes").map(<[u8]>::to_vec)
        }
        _ => picture(bytes, tensor, options),
    }
}

/// Record `index` of as many as there are: `size` elements of `each` bytes.
fn record<'a>(
    all: &'a [u8],
    each: usize,
    size: usize,
    index: usize,
    what: &str,
) -> Result<&'a [u8], InputError> {
    let elements = all.len() / each;
    if size == 0 || elements == 0 || !elements.is_multiple_of(size) {
        return Err(InputError::Fit(format!(
            "it has {elements} {what}; the network takes {size}, or a multiple of that for several inputs"
        )));
    }
    all.chunks_exact(size * each).nth(index).ok_or_else(|| {
        InputError::Fit(format!(
            "it has {} inputs, so there is no input {index}; the first is 0",
            elements / size
        ))
    })
}

/// The picture that a tensor takes; `None` if it is none with 1 or 3 channels.
pub fn picture_size(tensor: &Tensor) -> Option<Size> {
    match *tensor.shape.as_slice() {
        [1, height, width, channels @ (1 | 3)] | [height, width, channels @ (1 | 3)] => {
            Some(Size { height, width, channels })
        }
        [1, height, width] => Some(Size { height, width, channels: 1 }),
        _ => None,
    }
}

fn picture(bytes: &[u8], tensor: &Tensor, options: Options) -> Result<Vec<u8>, InputError> {
    let Some(wanted) = picture_size(tensor) else {
        return Err(InputError::Fit(format!(
            "the network's input is {}, no picture with 1 or 3 channels; give it as .npy or .bin",
            tensor.shape_text()
        )));
    };
    let picture = Picture::decode(bytes).map_err(InputError::Picture)?;
    let found = picture.size;
    if (found.height, found.width) != (wanted.height, wanted.width) && !options.resize {
        return Err(InputError::Fit(format!(
            "the picture has {} x {} pixels, the network takes {} x {}; scale it, or give --resize",
            found.height, found.width, wanted.height, wanted.width
        )));
    }
    quantise_pixels(&fit(&picture.pixels, found, wanted), tensor, options.pixels)
}

/// What a pixel stands for to this tensor: what `meaning` says, or else what the tensor's quantisation suggests.
///
/// # Errors
/// [`InputError::Fit`] if nothing says it.
pub fn pixel_meaning(tensor: &Tensor, meaning: Option<Pixels>) -> Result<Pixels, InputError> {
    let Some(q) = quantisation(tensor)? else {
        return meaning.ok_or_else(|| {
            InputError::Fit(
                "the network takes float32 numbers; say with --pixels whether a pixel is 0..1, 0..255 or -1..1".into(),
            )
        });
    };
    meaning.or_else(|| Pixels::guess(q, lowest(tensor))).ok_or_else(|| {
        InputError::Fit(format!(
            "the input's scale {} and zero point {} do not tell what a pixel stands for; say it with --pixels 0..1, 0..255 or -1..1",
            q.scale, q.zero_point
        ))
    })
}

/// Pixels as the tensor's numbers.
///
/// # Errors
/// [`InputError::Fit`] if nothing says what a pixel stands for.
pub fn quantise_pixels(
    pixels: &[u8],
    tensor: &Tensor,
    meaning: Option<Pixels>,
) -> Result<Vec<u8>, InputError> {
    let meaning = pixel_meaning(tensor, meaning)?;
    Ok(match quantisation(tensor)? {
        None => pixels.iter().flat_map(|p| (meaning.real(*p) as f32).to_le_bytes()).collect(),
        Some(q) => pixels.iter().map(|p| quantise(meaning.real(*p), q, lowest(tensor))).collect(),
    })
}

/// Real numbers as the tensor's.
///
/// # Errors
/// [`InputError::Fit`] if the tensor has no scale.
pub fn quantise_reals(numbers: &[f64], tensor: &Tensor) -> Result<Vec<u8>, InputError> {
    Ok(match quantisation(tensor)? {
        None => numbers.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect(),
        Some(q) => numbers.iter().map(|x| quantise(*x, q, lowest(tensor))).collect(),
    })
}

/// The lowest number of an 8-bit tensor.
fn lowest(tensor: &Tensor) -> i64 {
    if tensor.kind == Type::I8 { -128 } else { 0 }
}

/// The quantisation of an 8-bit tensor; none of a float tensor.
fn quantisation(tensor: &Tensor) -> Result<Option<Quantisation>, InputError> {
    match tensor.kind {
        Type::F32 => Ok(None),
        _ => tensor.quantisation.map(Some).ok_or_else(|| {
            InputError::Fit(
                "the network's input has no scale; give it as .npy of its type, or as .bin".into(),
            )
        }),
    }
}

/// Rounds to the nearest, ties away from zero, as TensorFlow Lite's QUANTIZE does.
fn quantise(real: f64, q: Quantisation, lowest: i64) -> u8 {
    let number = (real / f64::from(q.scale)).round() + q.zero_point as f64;
    // A float becomes an integer by saturation; the low byte of an int8 is its two's complement.
    (number as i64).clamp(lowest, lowest + 255) as u8
}

fn array(bytes: &[u8], tensor: &Tensor, options: Options) -> Result<Vec<u8>, InputError> {
    let array = Array::read(bytes, bytes.len() as u64);
    let array = array.map_err(|e| InputError::Array(e.to_string()))?;
    let each = array.kind.bytes();
    let numbers = record(&array.bytes, each, tensor.len(), options.index, "elements")?;
    match (array.kind, tensor.kind) {
        (Kind::Int(1), Type::I8) | (Kind::Uint(1), Type::U8) => Ok(numbers.to_vec()),
        (Kind::Uint(1), _) => quantise_pixels(numbers, tensor, options.pixels),
        (Kind::Float(4 | 8), _) => quantise_reals(&reals(numbers, each), tensor),
        (other, kind) => Err(InputError::Array(format!(
            "its elements are {other}, the network takes {kind}; int8 and uint8 arrays are taken as they are, uint8 ones as pixels, \
             float32 and float64 ones as real values"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(shape: &[usize], kind: Type, scale: f32, zero_point: i64) -> Tensor {
        let quantisation = Some(Quantisation { scale, zero_point });
        Tensor { name: "x".into(), shape: shape.to_vec(), kind, quantisation, constant: false }
    }

    #[test]
    fn pixels_mean_what_the_scale_says() {
        let pixels = [0, 1, 127, 128, 255];
        // pixel / 255 / (1 / 255) - 128, and the same with pixels from 0 to 255 and scale 1.
        for scale in [1.0 / 255.0, 1.0] {
            let t = tensor(&[5], Type::I8, scale, -128);
            let bytes = quantise_pixels(&pixels, &t, None).unwrap();
            assert_eq!(
                bytes.iter().map(|b| b.cast_signed()).collect::<Vec<_>>(),
                [-128, -127, -1, 0, 127]
            );
        }
        // (pixel / 127.5 - 1) / (1 / 128): -128, -126.996, -0.502, 0.502, 128 (out of range).
        let t = tensor(&[5], Type::I8, 1.0 / 128.0, 0);
        let bytes = quantise_pixels(&pixels, &t, None).unwrap();
        assert_eq!(
            bytes.iter().map(|b| b.cast_signed()).collect::<Vec<_>>(),
            [-128, -127, -1, 1, 127]
        );
        let odd = tensor(&[5], Type::I8, 0.1, 3);
        assert!(quantise_pixels(&pixels, &odd, None).unwrap_err().to_string().contains("--pixels"));
        let bytes = quantise_pixels(&pixels, &odd, Some(Pixels::Unit)).unwrap();
        // pixel / 255 / 0.1 + 3: 3, 3.04, 7.98, 8.02, 13.
        assert_eq!(bytes, [3, 3, 8, 8, 13]);
    }

    #[test]
    fn raw_bytes_may_hold_several_inputs() {
        let t = tensor(&[2], Type::I8, 1.0, 0);
        let with =
            |index| read("x.bin", &[1, 2, 3, 4], &t, Options { index, ..Options::default() });
        assert_eq!(with(1).unwrap(), [3, 4]);
        assert!(with(2).unwrap_err().to_string().contains("2 inputs"));
        assert!(read("x.bin", &[1, 2, 3], &t, Options::default()).is_err());
    }
}

//! What a network looks at: pictures, NumPy arrays and raw bytes, made into its input tensor.
//!
//! In: the bytes of a file and the tensor that they are for. Out: the tensor's bytes, quantised with its scale and zero point.

use super::{Quantisation, Tensor, Type};
use image::imageops::FilterType;
use image::{DynamicImage, ImageError, ImageReader};
use std::io::Cursor;
use std::str::FromStr;
use thiserror::Error;

/// Pictures with more pixels than this on a side are refused.
const MAX_SIDE: u32 = 1 << 14;

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
            record(bytes, size, options.index, "bytes").map(<[u8]>::to_vec)
        }
        _ => picture(bytes, tensor, options),
    }
}

/// Record `index` of as many as there are.
fn record<'a, T>(
    all: &'a [T],
    size: usize,
    index: usize,
    what: &str,
) -> Result<&'a [T], InputError> {
    if size == 0 || all.is_empty() || !all.len().is_multiple_of(size) {
        return Err(InputError::Fit(format!(
            "it has {} {what}; the network takes {size}, or a multiple of that for several inputs",
            all.len()
        )));
    }
    let from = index.checked_mul(size).filter(|from| *from < all.len());
    let Some(from) = from else {
        return Err(InputError::Fit(format!(
            "it has {} inputs, so there is no input {index}; the first is 0",
            all.len() / size
        )));
    };
    Ok(&all[from..from + size])
}

fn picture(bytes: &[u8], tensor: &Tensor, options: Options) -> Result<Vec<u8>, InputError> {
    let (height, width, channels) = match *tensor.shape.as_slice() {
        [1, h, w, c @ (1 | 3)] | [h, w, c @ (1 | 3)] => (h, w, c),
        [1, h, w] => (h, w, 1),
        _ => {
            return Err(InputError::Fit(format!(
                "the network's input is {}, no picture with 1 or 3 channels; give it as .npy or .bin",
                tensor.shape_text()
            )));
        }
    };
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let mut limits = image::Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    reader.limits(limits);
    let reader = reader.with_guessed_format().map_err(|e| InputError::Picture(e.into()))?;
    let mut image = reader.decode().map_err(InputError::Picture)?;
    let found = (image.height() as usize, image.width() as usize);
    if found != (height, width) {
        if !options.resize {
            return Err(InputError::Fit(format!(
                "the picture has {} x {} pixels, the network takes {height} x {width}; scale it, or give --resize",
                found.0, found.1
            )));
        }
        image = image.resize_exact(width as u32, height as u32, FilterType::Triangle);
    }
    let pixels = match (channels, image) {
        (1, image) => image.into_luma8().into_raw(),
        (_, DynamicImage::ImageRgb8(image)) => image.into_raw(),
        (_, image) => image.into_rgb8().into_raw(),
    };
    quantise_pixels(&pixels, tensor, options.pixels)
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
    let q = quantisation(tensor)?;
    let Some(q) = q else {
        let meaning = meaning.ok_or_else(|| {
            InputError::Fit(
                "the network takes float32 numbers; say with --pixels whether a pixel is 0..1, 0..255 or -1..1".into(),
            )
        })?;
        return Ok(pixels.iter().flat_map(|p| (meaning.real(*p) as f32).to_le_bytes()).collect());
    };
    let lowest = if tensor.kind == Type::I8 { -128 } else { 0 };
    let meaning = meaning.or_else(|| Pixels::guess(q, lowest)).ok_or_else(|| {
        InputError::Fit(format!(
            "the input's scale {} and zero point {} do not tell what a pixel stands for; say it with --pixels 0..1, 0..255 or -1..1",
            q.scale, q.zero_point
        ))
    })?;
    Ok(pixels.iter().map(|p| quantise(meaning.real(*p), q, lowest)).collect())
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
    let wrong = |e: std::io::Error| InputError::Array(e.to_string());
    let file = npyz::NpyFile::new(bytes).map_err(wrong)?;
    if file.order() != npyz::Order::C && file.shape().len() > 1 {
        return Err(InputError::Array(
            "its order is Fortran's; save numpy.ascontiguousarray".into(),
        ));
    }
    let kind = file.dtype().descr();
    let kind = kind.trim_matches(['\'', '"']).trim_start_matches(['<', '|', '=']).to_owned();
    let take = |numbers: Vec<u8>| {
        record(&numbers, tensor.len(), options.index, "elements").map(<[u8]>::to_vec)
    };
    let real = |numbers: Vec<f64>| -> Result<Vec<u8>, InputError> {
        let numbers = record(&numbers, tensor.len(), options.index, "elements")?;
        Ok(match quantisation(tensor)? {
            None => numbers.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect(),
            Some(q) => {
                let lowest = if tensor.kind == Type::I8 { -128 } else { 0 };
                numbers.iter().map(|x| quantise(*x, q, lowest)).collect()
            }
        })
    };
    match (kind.as_str(), tensor.kind) {
        ("i1", Type::I8) => {
            let numbers: Vec<i8> = file.into_vec().map_err(wrong)?;
            take(numbers.into_iter().map(i8::cast_unsigned).collect())
        }
        ("u1", Type::U8) => take(file.into_vec().map_err(wrong)?),
        // Pixels.
        ("u1", _) => {
            let pixels: Vec<u8> = file.into_vec().map_err(wrong)?;
            quantise_pixels(
                record(&pixels, tensor.len(), options.index, "elements")?,
                tensor,
                options.pixels,
            )
        }
        ("f4", _) => {
            let numbers: Vec<f32> = file.into_vec().map_err(wrong)?;
            real(numbers.into_iter().map(f64::from).collect())
        }
        ("f8", _) => real(file.into_vec().map_err(wrong)?),
        (other, kind) => Err(InputError::Array(format!(
            "its elements are '{other}', the network takes {kind}; int8 and uint8 arrays are taken as they are, uint8 ones as pixels, \
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

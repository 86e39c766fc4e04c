//! `.npy` files: bytes in, an [`Array`] of little-endian numbers out.
//!
//! Format: `numpy.lib.format`, versions 1.0 to 3.0: `\x93NUMPY`, two bytes of version, the length of the header (16 bits in version 1, 32
//! after), the header (a Python dictionary with `descr`, `fortran_order` and `shape`), the numbers. A header is data here, never Python:
//! exactly the three keys are taken, and no nesting. Pickled arrays of objects are refused.

use std::fmt;
use std::io::{self, Read};
use thiserror::Error;

/// Bytes of a header, at the most. NumPy's own limit is 10,000.
const MAX_HEADER: usize = 10_000;
/// Dimensions, at the most: NumPy's own limit.
const MAX_DIMENSIONS: usize = 64;
/// What is reserved before the first number is there; more grows with what comes.
const RESERVE: usize = 1 << 20;

/// Why bytes are no array that can be used.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The bytes cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Another format.
    #[error("not a .npy file (it does not begin with \\x93NUMPY)")]
    NotNpy,
    /// The header makes no sense, or does not fit the numbers.
    #[error("{0}")]
    Damaged(String),
    /// A sound array of a kind that is not read.
    #[error("{0}")]
    Unsupported(String),
}

/// What an array's elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A byte that is 0 or 1.
    Bool,
    /// Signed integers of so many bytes: 1, 2, 4 or 8.
    Int(usize),
    /// Unsigned integers of so many bytes: 1, 2, 4 or 8.
    Uint(usize),
    /// IEEE 754 numbers of so many bytes: 2, 4 or 8.
    Float(usize),
}

impl Kind {
    /// Bytes of an element.
    pub fn bytes(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Int(bytes) | Self::Uint(bytes) | Self::Float(bytes) => bytes,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.bytes() * 8;
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int(_) => write!(f, "int{bits}"),
            Self::Uint(_) => write!(f, "uint{bits}"),
            Self::Float(_) => write!(f, "float{bits}"),
        }
    }
}

/// An array in C order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// What the elements are.
    pub kind: Kind,
    /// Extents, the last index fastest.
    pub shape: Vec<usize>,
    /// The elements, little-endian.
    pub bytes: Vec<u8>,
}

impl Array {
    /// Reads a whole file of `size` bytes; nothing is reserved for more.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(mut file: impl Read, size: u64) -> Result<Self, ReadError> {
        let header = Header::read(&mut file)?;
        if header.fortran && header.shape.len() > 1 {
            let what = "its order is Fortran's; save numpy.ascontiguousarray of it";
            return Err(ReadError::Unsupported(what.into()));
        }
        let (shape, kind) = (header.shape, header.kind);
        let wanted = shape.iter().try_fold(kind.bytes(), |n, extent| n.checked_mul(*extent));
        let there = size.saturating_sub(header.len as u64);
        let Some(wanted) = wanted.filter(|wanted| *wanted as u64 == there) else {
            let what = format!("its shape {shape:?} of {kind} does not fit its {there} data bytes");
            return Err(ReadError::Damaged(what));
        };
        let mut bytes = Vec::with_capacity(wanted.min(RESERVE));
        file.take(wanted as u64).read_to_end(&mut bytes)?;
        if bytes.len() != wanted {
            let what = format!("it ends after {} of {wanted} data bytes", bytes.len());
            return Err(ReadError::Damaged(what));
        }
        if header.big_endian {
            bytes.chunks_exact_mut(kind.bytes()).for_each(<[u8]>::reverse);
        }
        Ok(Self { kind, shape, bytes })
    }

    /// The elements, if they are integers or truth values.
    pub fn integers(&self) -> Option<impl Iterator<Item = i128> + '_> {
        let signed = match self.kind {
            Kind::Bool | Kind::Uint(_) => false,
            Kind::Int(_) => true,
            Kind::Float(_) => return None,
        };
        Some(self.bytes.chunks_exact(self.kind.bytes()).map(move |chunk| {
            let magnitude =
                chunk.iter().rev().fold(0_i128, |number, byte| number << 8 | i128::from(*byte));
            let negative = signed && chunk.last().is_some_and(|byte| *byte >= 0x80);
            if negative { magnitude - (1 << (8 * chunk.len())) } else { magnitude }
        }))
    }
}

/// Little-endian IEEE 754 numbers of `each` bytes, 4 or 8.
///
/// # Panics
/// If they have another size.
pub fn reals(bytes: &[u8], each: usize) -> Vec<f64> {
    let real = |number: &[u8]| match *number {
        [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => panic!("a real number of {each} bytes"),
    };
    bytes.chunks_exact(each).map(real).collect()
}

/// What stands before the numbers.
struct Header {
    kind: Kind,
    big_endian: bool,
    fortran: bool,
    shape: Vec<usize>,
    /// Bytes before the numbers.
    len: usize,
}

impl Header {
    fn read(file: &mut impl Read) -> Result<Self, ReadError> {
        let ends = |e: io::Error| match e.kind() {
            io::ErrorKind::UnexpectedEof => {
                ReadError::Damaged("it ends within its header".to_owned())
            }
            _ => ReadError::Io(e),
        };
        let mut magic = [0; 6];
        file.read_exact(&mut magic).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => ReadError::NotNpy,
            _ => ReadError::Io(e),
        })?;
        if magic != *b"\x93NUMPY" {
            return Err(ReadError::NotNpy);
        }
        let mut version = [0; 2];
        file.read_exact(&mut version).map_err(ends)?;
        let mut size = [0; 4];
        let size_bytes = match version {
            [1, 0] => 2,
            [2 | 3, 0] => 4,
            [major, minor] => {
                let what = format!("version {major}.{minor} of .npy; 1.0 to 3.0 are read");
                return Err(ReadError::Unsupported(what));
            }
        };
        file.read_exact(&mut size[..size_bytes]).map_err(ends)?;
        let size = u32::from_le_bytes(size) as usize;
        if size > MAX_HEADER {
            let what =
                format!("its header has {size} bytes; up to {MAX_HEADER} are read, as by NumPy");
            return Err(ReadError::Unsupported(what));
        }
        let mut text = vec![0; size];
        file.read_exact(&mut text).map_err(ends)?;
        let text = str::from_utf8(&text)
            .map_err(|_| ReadError::Damaged("its header is not UTF-8".to_owned()))?;
        let mut words = Words { text };
        let (descr, fortran, shape) = words.dictionary()?;
        let (kind, big_endian) = element(descr)?;
        Ok(Self { kind, big_endian, fortran, shape, len: 8 + size_bytes + size })
    }
}

/// Kind and byte order of an element as `descr` writes it, e.g. `<f4`.
fn element(descr: &str) -> Result<(Kind, bool), ReadError> {
    let (order, rest) = match descr.as_bytes() {
        [order @ (b'<' | b'>' | b'|' | b'='), ..] => (*order, &descr[1..]),
        _ => (b'=', descr),
    };
    let kind = match rest {
        "b1" => Kind::Bool,
        "i1" => Kind::Int(1),
        "i2" => Kind::Int(2),
        "i4" => Kind::Int(4),
        "i8" => Kind::Int(8),
        "u1" => Kind::Uint(1),
        "u2" => Kind::Uint(2),
        "u4" => Kind::Uint(4),
        "u8" => Kind::Uint(8),
        "f2" => Kind::Float(2),
        "f4" => Kind::Float(4),
        "f8" => Kind::Float(8),
        _ => {
            let what = format!(
                "its elements are '{descr}'; integers of 8 to 64 bits, float32 and float64 are read"
            );
            return Err(ReadError::Unsupported(what));
        }
    };
    Ok((kind, order == b'>'))
}

/// What is left of a header's text.
struct Words<'a> {
    text: &'a str,
}

impl<'a> Words<'a> {
    /// `{'descr': '...', 'fortran_order': ..., 'shape': (...), }`, keys in any order.
    fn dictionary(&mut self) -> Result<(&'a str, bool, Vec<usize>), ReadError> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.take('}') {
            let key = self.string()?;
            self.expect(':')?;
            match key {
                "descr" => descr = Some(self.string()?),
                "fortran_order" => fortran = Some(self.truth()?),
                "shape" => shape = Some(self.tuple()?),
                _ => return Err(damaged(&format!("the key '{key}' is unknown"))),
            }
            if !self.take(',') {
                self.expect('}')?;
                break;
            }
        }
        if !self.text.trim().is_empty() {
            return Err(damaged("there is more after the dictionary"));
        }
        match (descr, fortran, shape) {
            (Some(descr), Some(fortran), Some(shape)) => Ok((descr, fortran, shape)),
            _ => Err(damaged("one of 'descr', 'fortran_order' and 'shape' is missing")),
        }
    }

    fn take(&mut self, what: char) -> bool {
        let rest = self.text.trim_start().strip_prefix(what);
        self.text = rest.unwrap_or(self.text);
        rest.is_some()
    }

    fn expect(&mut self, what: char) -> Result<(), ReadError> {
        if self.take(what) { Ok(()) } else { Err(damaged(&format!("'{what}' is missing"))) }
    }

    fn string(&mut self) -> Result<&'a str, ReadError> {
        let text = self.text.trim_start();
        let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let Some(quote) = quote else {
            return Err(match text.starts_with('[') {
                true => ReadError::Unsupported(
                    "its elements are records; save one of their fields".to_owned(),
                ),
                false => damaged("a string is missing"),
            });
        };
        let (string, rest) =
            text[1..].split_once(quote).ok_or_else(|| damaged("a string does not end"))?;
        self.text = rest;
        Ok(string)
    }

    fn truth(&mut self) -> Result<bool, ReadError> {
        let text = self.text.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = text.strip_prefix(word) {
                self.text = rest;
                return Ok(value);
            }
        }
        Err(damaged("'fortran_order' is neither True nor False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, ReadError> {
        self.expect('(')?;
        let mut extents = Vec::new();
        while !self.take(')') {
            let text = self.text.trim_start();
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            let extent =
                text[..end].parse().map_err(|_| damaged("'shape' is not a tuple of numbers"))?;
            extents.push(extent);
            // Python 2 wrote long integers with an L.
            self.text = text[end..].strip_prefix('L').unwrap_or(&text[end..]);
            if extents.len() > MAX_DIMENSIONS {
                return Err(damaged("'shape' has more than 64 dimensions"));
            }
            if !self.take(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(extents)
    }
}

fn damaged(what: &str) -> ReadError {
    ReadError::Damaged(format!("its header is damaged: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of version 1.0 with this header and these data.
    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let len = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &len[..], header.as_bytes(), data].concat()
    }

    fn read(bytes: &[u8]) -> Result<Array, String> {
        Array::read(bytes, bytes.len() as u64).map_err(|e| e.to_string())
    }

    #[test]
    fn integers_of_every_kind_and_byte_order_are_read() {
        // -2 in each signed type; the largest number in each unsigned one.
        for (descr, data, expected) in [
            ("|i1", vec![0xfe], -2),
            ("<i2", vec![0xfe, 0xff], -2),
            (">i2", vec![0xff, 0xfe], -2),
            ("<i4", vec![0xfe, 0xff, 0xff, 0xff], -2),
            (">i8", vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], -2),
            ("|u1", vec![0xff], 255),
            (">u2", vec![1, 2], 258),
            ("<u8", vec![0xff; 8], i128::from(u64::MAX)),
            ("|b1", vec![1], 1),
        ] {
            let header =
                format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}\n");
            let array = read(&npy(&header, &data)).unwrap();
            assert_eq!(array.integers().unwrap().collect::<Vec<_>>(), [expected], "{descr}");
        }
    }

    #[test]
    fn a_header_that_makes_no_sense_is_refused_with_the_reason() {
        let whole = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1), }\n";
        assert_eq!(read(&npy(whole, &[5, 6])).unwrap().shape, [2, 1]);
        assert_eq!(
            read(&npy("{'shape':(2L,),'descr':\"|u1\",'fortran_order':True}", &[5, 6]))
                .unwrap()
                .bytes,
            [5, 6]
        );
        for (from, to, part) in [
            ("|u1", "|O", "'|O'"),
            ("'|u1'", "[('a', '|u1')]", "records"),
            ("False", "True", "ascontiguousarray"),
            ("False", "Maybe", "neither True nor False"),
            ("(2, 1)", "(3, 1)", "does not fit its 2 data bytes"),
            ("(2, 1)", "(18446744073709551615, 2)", "does not fit"),
            ("(2, 1)", "(18446744073709551616,)", "tuple of numbers"),
            ("(2, 1)", "(2, -1)", "tuple of numbers"),
            ("(2, 1)", "((((2", "tuple of numbers"),
            ("'shape'", "'shade'", "'shade' is unknown"),
            ("'shape': (2, 1), ", "", "is missing"),
            ("}", "} import os", "more after"),
        ] {
            let error = read(&npy(&whole.replace(from, to), &[5, 6])).unwrap_err();
            assert!(error.contains(part), "{to}: {error}");
        }
        let error = read(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").unwrap_err();
        assert!(error.contains("4294967295 bytes"), "{error}");
        let file = npy(whole, &[5, 6]);
        for cut in 0..file.len() {
            assert!(read(&file[..cut]).is_err(), "{cut} bytes");
        }
    }
}

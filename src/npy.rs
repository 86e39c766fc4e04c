//! Arrays of numbers as NumPy writes and reads them (`numpy.save`, `numpy.load`); reading is in [`read`].
//!
//! Written: in: numbers of 32 bits and the array's shape. Out: bytes in format 1.0 of `numpy.lib.format`:
//!
//! | bytes | content |
//! |---|---|
//! | 0 to 5 | `\x93NUMPY` |
//! | 6, 7 | the format's version: 1, 0 |
//! | 8, 9 | length of the next field in bytes, little-endian |
//! | from 10 | a Python dictionary in ASCII: `descr` (`<u4` or `<i4`), `fortran_order` (`False`), `shape`; blanks and a line feed fill it up to a multiple of 64 bytes from the file's start |
//! | then | the numbers, little-endian, the last index fastest |

pub mod read;

use std::io::{self, Write};

/// A number that an array can be made of.
pub trait Element: Copy {
    /// Its type, as NumPy writes it.
    const DESCR: &'static str;
    /// Its bytes, the least significant first.
    fn bytes(self) -> [u8; 4];
}

impl Element for u32 {
    const DESCR: &'static str = "<u4";

    fn bytes(self) -> [u8; 4] {
        self.to_le_bytes()
    }
}

impl Element for i32 {
    const DESCR: &'static str = "<i4";

    fn bytes(self) -> [u8; 4] {
        self.to_le_bytes()
    }
}

/// Writes an array of two dimensions, row by row.
///
/// # Errors
/// Those of the writer.
///
/// # Panics
/// If there are not as many numbers as the shape says.
pub fn write<E: Element>(
    mut out: impl Write,
    shape: [usize; 2],
    elements: impl IntoIterator<Item = E>,
) -> io::Result<()> {
    out.write_all(&header(E::DESCR, shape))?;
    let mut count = 0_usize;
    for element in elements {
        out.write_all(&element.bytes())?;
        count += 1;
    }
    assert_eq!(count, shape[0] * shape[1], "the array has the shape that its header says");
    Ok(())
}

fn header(descr: &str, shape: [usize; 2]) -> Vec<u8> {
    const BEFORE: usize = 10;
    let [rows, columns] = shape;
    let mut dictionary =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let end = (BEFORE + dictionary.len() + 1).next_multiple_of(64);
    let blanks = end - BEFORE - dictionary.len() - 1;
    dictionary.extend(std::iter::repeat_n(' ', blanks).chain(['\n']));
    let len = (dictionary.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00".as_slice(), &len, dictionary.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_array_has_the_bytes_that_numpy_writes() {
        // numpy.save of numpy.array([[1, -2]], dtype='<i4'), NumPy 2.4.6.
        let mut expected = b"\x93NUMPY\x01\x00v\x00".to_vec();
        expected.extend(b"{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2), }");
        expected.resize(127, b' ');
        expected.extend(b"\n\x01\x00\x00\x00\xfe\xff\xff\xff");
        let mut bytes = Vec::new();
        write(&mut bytes, [1, 2], [1_i32, -2]).expect("a vector takes everything");
        assert_eq!(bytes, expected);
    }
}

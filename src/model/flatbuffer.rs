//! Reads flatbuffers without trusting them: every position, vtable, vector and string is held against the file's length.
//!
//! In: bytes. Out: tables, vectors and scalars, or [`Damaged`]. The accessors of the `flatbuffers` crate are `unsafe` for files that
//! it has no schema of, hence our own; format: "FlatBuffers internals" (flatbuffers.dev).
//!
//! | thing | layout, little-endian |
//! |---|---|
//! | file | `u32` position of the root table; 4 bytes of identifier |
//! | table | `i32`: its position minus this is its vtable; then its fields |
//! | vtable | `u16` its own bytes, `u16` the table's, then a `u16` a field: where it is in the table, 0 if it is not there |
//! | reference | `u32`: the target's position minus its own |
//! | vector | `u32` length, then the elements; a string is a vector of bytes |

use std::ops::Range;

/// Something in a flatbuffer leads out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} at byte {at} leads out of the file")]
pub struct Damaged {
    what: &'static str,
    at: usize,
}

/// Little-endian scalars.
pub trait Scalar: Sized + Copy {
    /// Its bytes.
    const SIZE: usize;
    /// From [`Scalar::SIZE`] bytes.
    fn from_bytes(bytes: &[u8]) -> Self;
}

macro_rules! scalars {
    ($($t:ty),*) => {$(
        impl Scalar for $t {
            const SIZE: usize = size_of::<$t>();
            fn from_bytes(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<$t>()];
                own.copy_from_slice(bytes);
                Self::from_le_bytes(own)
            }
        }
    )*};
}
scalars!(i8, u8, u16, i32, u32, i64, f32);

/// A table.
#[derive(Clone, Copy, Debug)]
pub struct Table<'f> {
    file: &'f [u8],
    at: usize,
    vtable: usize,
    fields: usize,
}

fn scalar<T: Scalar>(file: &[u8], at: usize, what: &'static str) -> Result<T, Damaged> {
    let bytes = at.checked_add(T::SIZE).and_then(|end| file.get(at..end));
    bytes.map(T::from_bytes).ok_or(Damaged { what, at })
}

/// Where the reference at `at` leads.
fn target(file: &[u8], at: usize) -> Result<usize, Damaged> {
    let offset: u32 = scalar(file, at, "reference")?;
    let to = at.checked_add(offset as usize).filter(|to| *to < file.len() && offset != 0);
    to.ok_or(Damaged { what: "reference", at })
}

impl<'f> Table<'f> {
    /// The root table.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn root(file: &'f [u8]) -> Result<Self, Damaged> {
        Self::new(file, target(file, 0)?)
    }

    fn new(file: &'f [u8], at: usize) -> Result<Self, Damaged> {
        let back: i32 = scalar(file, at, "table")?;
        let vtable = usize::try_from(at as i64 - i64::from(back));
        let damaged = Damaged { what: "vtable of the table", at };
        let vtable = vtable.map_err(|_| damaged)?;
        let bytes: u16 = scalar(file, vtable, "vtable")?;
        let whole = vtable.checked_add(usize::from(bytes)).is_some_and(|end| end <= file.len());
        if bytes < 4 || !whole {
            return Err(damaged);
        }
        Ok(Self { file, at, vtable, fields: (usize::from(bytes) - 4) / 2 })
    }

    fn field(&self, number: usize) -> Result<Option<usize>, Damaged> {
        if number >= self.fields {
            return Ok(None);
        }
        let offset: u16 = scalar(self.file, self.vtable + 4 + 2 * number, "vtable")?;
        Ok((offset != 0).then(|| self.at + usize::from(offset)))
    }

    /// A scalar field; `default` where it is absent.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn scalar<T: Scalar>(&self, number: usize, default: T) -> Result<T, Damaged> {
        let at = self.field(number)?;
        at.map_or(Ok(default), |at| scalar(self.file, at, "field"))
    }

    /// A table that a field refers to.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn table(&self, number: usize) -> Result<Option<Self>, Damaged> {
        let Some(at) = self.field(number)? else { return Ok(None) };
        Self::new(self.file, target(self.file, at)?).map(Some)
    }

    /// The bytes of a vector whose elements have `size` bytes, and their number; empty where it is absent.
    fn vector(&self, number: usize, size: usize) -> Result<Range<usize>, Damaged> {
        let Some(at) = self.field(number)? else { return Ok(0..0) };
        let at = target(self.file, at)?;
        let len: u32 = scalar(self.file, at, "vector")?;
        let end = (len as usize).checked_mul(size).and_then(|bytes| bytes.checked_add(at + 4));
        let end = end.filter(|end| *end <= self.file.len());
        end.map(|end| at + 4..end).ok_or(Damaged { what: "vector", at })
    }

    /// A vector of scalars; empty where it is absent.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn scalars<T: Scalar>(&self, number: usize) -> Result<Vec<T>, Damaged> {
        let bytes = &self.file[self.vector(number, T::SIZE)?];
        Ok(bytes.chunks_exact(T::SIZE).map(T::from_bytes).collect())
    }

    /// A vector of bytes, or a string; empty where it is absent.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn bytes(&self, number: usize) -> Result<&'f [u8], Damaged> {
        Ok(&self.file[self.vector(number, 1)?])
    }

    /// A vector of tables; empty where it is absent.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn tables(&self, number: usize) -> Result<Vec<Self>, Damaged> {
        let references = self.vector(number, 4)?.step_by(4);
        references.map(|at| Self::new(self.file, target(self.file, at)?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Root at 16, vtable at 8: three fields, a u16 7 at +4, none, a reference at +8 to the vector [1, 2, 3].
    const FILE: [u8; 36] = [
        16, 0, 0, 0, b'T', b'E', b'S', b'T', // file
        8, 0, 12, 0, 4, 0, 0, 0, // vtable: 8 bytes, so 2 fields
        8, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, // table
        3, 0, 0, 0, 1, 2, 3, 0, // vector
    ];

    #[test]
    fn fields_are_read_and_absent_ones_have_their_default() {
        let root = Table::root(&FILE).unwrap();
        assert_eq!(root.scalar(0, 0_u16), Ok(7));
        assert_eq!(root.scalar(1, 9_i32), Ok(9));
        assert_eq!(root.scalar(5, 9_i32), Ok(9));
        assert_eq!(root.bytes(5), Ok(&[][..]));
        let mut file = FILE;
        // The second field now refers to the vector.
        file[14] = 8;
        let root = Table::root(&file).unwrap();
        assert_eq!(root.bytes(1), Ok(&[1, 2, 3][..]));
        assert_eq!(root.scalars::<i8>(1), Ok(vec![1, 2, 3]));
        assert!(root.scalars::<i32>(1).is_err() && root.tables(1).is_err());
    }

    #[test]
    fn no_file_leads_out_of_itself() {
        for at in 0..FILE.len() {
            for value in 0..=255 {
                let mut file = FILE;
                file[at] = value;
                for end in [FILE.len(), FILE.len() - 5, at] {
                    let Ok(root) = Table::root(&file[..end]) else { continue };
                    let _ = (root.scalar(0, 0_i64), root.bytes(0), root.table(0), root.tables(1));
                    let _ = (root.scalars::<i64>(0), root.scalars::<f32>(1), root.bytes(7));
                }
            }
        }
    }
}

//! A short line of ASCII that is built in place: in strings and numbers, out one `&str`.
//!
//! A trace prints an instruction for each that retires, so nothing is allocated, and nothing goes
//! through the standard library's formatter but the whole line.

/// More than the longest text: `csrrsi`, registers `zero`, and `mhpmcounter10h` make 31 bytes.
const ROOM: usize = 48;

/// The line.
pub(super) struct Line {
    bytes: [u8; ROOM],
    len: usize,
}

impl Line {
    /// An empty line.
    pub(super) fn new() -> Line {
        Line { bytes: [0; ROOM], len: 0 }
    }

    /// What was appended so far.
    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).expect("only strings and digits are appended")
    }

    /// Appends a string.
    #[inline]
    pub(super) fn push(&mut self, text: &str) {
        let end = self.len + text.len();
        self.bytes[self.len..end].copy_from_slice(text.as_bytes());
        self.len = end;
    }

    /// Appends a number in decimal, with a sign if it is negative.
    pub(super) fn push_decimal(&mut self, value: i32) {
        if value < 0 {
            self.push("-");
        }
        self.push_digits(value.unsigned_abs(), 10, 1);
    }

    /// Appends a number in hex, with zeros before it up to `width` digits.
    pub(super) fn push_hex(&mut self, value: u32, width: usize) {
        self.push_digits(value, 16, width);
    }

    // Inlined, so that the division is one by a constant.
    #[inline(always)]
    fn push_digits(&mut self, mut value: u32, base: u32, width: usize) {
        let mut digits = [b'0'; 10];
        let mut first = digits.len();
        while value != 0 {
            first -= 1;
            digits[first] = b"0123456789abcdef"[(value % base) as usize];
            value /= base;
        }
        let first = first.min(digits.len() - width);
        let count = digits.len() - first;
        self.bytes[self.len..][..count].copy_from_slice(&digits[first..]);
        self.len += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Line)) -> String {
        let mut line = Line::new();
        write(&mut line);
        line.as_str().to_owned()
    }

    #[test]
    fn numbers_are_written_as_the_standard_library_writes_them() {
        for value in [0, 1, 9, 10, 99, 100, -1, -10, -2048, i32::MAX, i32::MIN] {
            assert_eq!(written(|line| line.push_decimal(value)), format!("{value}"));
            assert_eq!(written(|line| line.push_hex(value as u32, 1)), format!("{value:x}"));
            assert_eq!(written(|line| line.push_hex(value as u32, 3)), format!("{value:03x}"));
        }
    }
}

//! Numbers as text, for lines that are written millions of times a second: nothing goes through the standard library's formatter.

/// The 8 lower-case hexadecimal digits of a word.
#[inline(always)]
pub(super) fn hex8(word: u32) -> [u8; 8] {
    // Each digit's four bits go to a byte of its own, the lowest digit to the lowest byte.
    let mut x = u64::from(word);
    x = (x | x << 16) & 0x0000_ffff_0000_ffff;
    x = (x | x << 8) & 0x00ff_00ff_00ff_00ff;
    x = (x | x << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 where the digit is a letter, which is 39 behind what would follow '9'.
    let letters = ((x + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (x + 0x3030_3030_3030_3030 + letters * 39).to_be_bytes()
}

/// Appends the lowest `digits` (1 to 8) hexadecimal digits of a word.
#[inline(always)]
pub(super) fn push_hex(out: &mut Vec<u8>, word: u32, digits: usize) {
    out.extend_from_slice(&hex8(word)[8 - digits..]);
}

/// Appends a word's 8 hexadecimal digits.
#[inline(always)]
pub(super) fn push_hex8(out: &mut Vec<u8>, word: u32) {
    out.extend_from_slice(&hex8(word));
}

/// Appends a number in decimal.
pub(super) fn push_decimal(out: &mut Vec<u8>, value: u64) {
    let mut digits = Decimal::default();
    digits.set(value);
    out.extend_from_slice(digits.text(1));
}

/// Digits of the greatest number.
const ROOM: usize = 20;

/// A number in decimal that mostly grows by a little.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    value: u64,
    /// Spaces before it.
    digits: [u8; ROOM],
    first: usize,
}

impl Default for Decimal {
    fn default() -> Self {
        let mut digits = [b' '; ROOM];
        digits[ROOM - 1] = b'0';
        Self { value: 0, digits, first: ROOM - 1 }
    }
}

impl Decimal {
    /// Makes it another number.
    #[inline(always)]
    pub fn set(&mut self, value: u64) {
        let more = value.checked_sub(self.value);
        self.value = value;
        match more {
            Some(more @ 0..10) if self.digits[ROOM - 1] + more as u8 <= b'9' => {
                self.digits[ROOM - 1] += more as u8;
            }
            _ => self.set_all(value),
        }
    }

    fn set_all(&mut self, mut value: u64) {
        (self.digits, self.first) = ([b' '; ROOM], ROOM);
        loop {
            self.first -= 1;
            self.digits[self.first] = b'0' + (value % 10) as u8;
            value /= 10;
            if value == 0 {
                return;
            }
        }
    }

    /// Its digits, with spaces before them up to `width` (1 to 20).
    #[inline(always)]
    pub fn text(&self, width: usize) -> &[u8] {
        &self.digits[self.first.min(ROOM - width)..]
    }
}

/// Bytes of a line that is built in place, but for names behind it.
const LINE: usize = 320;
/// Bytes of a [`Piece`].
const PIECE: usize = 64;

/// Part of many lines, which is copied whole: faster than a copy of so many bytes as there are.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    bytes: [u8; PIECE],
    len: usize,
}

impl Piece {
    /// The first 64 bytes of a text.
    pub fn new(text: &[u8]) -> Self {
        let len = text.len().min(PIECE);
        let mut bytes = [0; PIECE];
        bytes[..len].copy_from_slice(&text[..len]);
        Self { bytes, len }
    }
}

/// A line that is built in place. What does not fit is cut off: no format has so long lines.
#[derive(Clone, Debug)]
pub(super) struct Line {
    bytes: [u8; LINE],
    len: usize,
}

impl Line {
    pub fn new() -> Self {
        Self { bytes: [0; LINE], len: 0 }
    }

    pub fn clear(&mut self) {
        self.len = 0;
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Appends bytes; a reference to an array makes it a few moves.
    #[inline(always)]
    pub fn put<const N: usize>(&mut self, text: &[u8; N]) {
        self.put_part(text, N);
    }

    /// Appends the first `len` of these bytes.
    #[inline(always)]
    fn put_part<const N: usize>(&mut self, text: &[u8; N], len: usize) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + N) {
            room.copy_from_slice(text);
            self.len += len;
        }
    }

    #[inline(always)]
    pub fn put_piece(&mut self, piece: &Piece) {
        self.put_part(&piece.bytes, piece.len);
    }

    #[inline(always)]
    pub fn put_hex8(&mut self, word: u32) {
        self.put(&hex8(word));
    }

    /// Appends the lowest `digits` (1 to 8) hexadecimal digits of a word.
    #[inline(always)]
    pub fn put_hex(&mut self, word: u32, digits: usize) {
        // The digits go to the front of eight.
        self.put_part(&hex8(word << (32 - 4 * digits as u32)), digits);
    }

    /// Appends a number in decimal, with spaces before it up to `width` (1 to 20).
    #[inline(always)]
    pub fn put_decimal(&mut self, number: &Decimal, width: usize) {
        let text = number.text(width);
        if let Some(room) = self.bytes.get_mut(self.len..self.len + text.len()) {
            room.copy_from_slice(text);
            self.len += text.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_written_as_the_standard_library_writes_them() {
        let words = (0..32).flat_map(|bit| [1_u32 << bit, (1 << bit) - 1, !(1 << bit)]);
        for word in words.chain([0x0123_4567, 0x89ab_cdef, 0xfedc_ba98]) {
            assert_eq!(written(|out| push_hex8(out, word)), format!("{word:08x}"));
            assert_eq!(written(|out| push_hex(out, word, 4)), format!("{:04x}", word & 0xffff));
            let long = u64::from(word) << 32 | 7;
            assert_eq!(written(|out| push_decimal(out, long)), format!("{long}"));
            for digits in 1..=8 {
                let mut line = Line::new();
                line.put_hex(word, digits);
                assert_eq!(line.bytes(), &format!("{word:08x}").as_bytes()[8 - digits..]);
            }
        }
    }

    #[test]
    fn a_number_that_changes_is_written_as_the_standard_library_writes_it() {
        let mut number = Decimal::default();
        let steps = [0, 1, 5, 3, 9, 10, 2, 1, 1, 8, 9, 9, 9, 70, 9, 1, 880, 9, 1 << 40, 3, 0];
        let mut value = 0;
        for step in steps {
            value += step;
            number.set(value);
            assert_eq!(number.text(15), format!("{value:15}").as_bytes());
            assert_eq!(number.text(1), format!("{value}").as_bytes());
        }
        for value in [3, u64::MAX, 0, u64::MAX - 1] {
            number.set(value);
            assert_eq!(number.text(10), format!("{value:10}").as_bytes());
        }
    }

    #[test]
    fn a_line_without_room_is_cut_off() {
        let mut line = Line::new();
        (0..100).for_each(|_| line.put_piece(&Piece::new(&[b'x'; 63])));
        assert!(line.bytes().iter().all(|byte| *byte == b'x'));
        assert!(line.bytes().len() <= LINE);
    }
}

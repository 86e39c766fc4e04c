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
#[inline]
pub(super) fn push_decimal(out: &mut Vec<u8>, value: u64) {
    let (digits, first) = decimal(value);
    out.extend_from_slice(&digits[first..]);
}

/// Appends a number in decimal, with spaces before it up to `width` (20 at the most).
#[inline]
pub(super) fn push_padded(out: &mut Vec<u8>, value: u64, width: usize) {
    let (digits, first) = decimal(value);
    out.extend_from_slice(&digits[first.min(ROOM - width)..]);
}

/// Digits of the greatest number.
const ROOM: usize = 20;

/// The digits, spaces before them, and where they begin.
#[inline(always)]
fn decimal(mut value: u64) -> ([u8; ROOM], usize) {
    let mut digits = [b' '; ROOM];
    let mut first = ROOM;
    loop {
        first -= 1;
        digits[first] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return (digits, first);
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
            assert_eq!(written(|out| push_padded(out, word.into(), 15)), format!("{word:15}"));
        }
        assert_eq!(written(|out| push_padded(out, u64::MAX, 10)), format!("{}", u64::MAX));
    }
}

//! What a DMA transfer moves: elements of 1, 2 or 4 bytes, in one or two dimensions, with padding
//! around them.
//!
//! In: a channel's registers as they were when it started, and a [`Port`] to the bus. Out: reads
//! and writes, in order.
//!
//! Source: X-HEEP, `hw/ip/dma` (behaviour).

use super::dma::REGISTERS;
use crate::soc::Size;
use serde::{Deserialize, Serialize};

const SRC_PTR: usize = 0;
const DST_PTR: usize = 1;
const ADDR_PTR: usize = 0x08 / 4;
const SIZE_D1: usize = 0x0c / 4;
const SIZE_D2: usize = 0x10 / 4;
const SRC_INC_D1: usize = 0x18 / 4;
const SRC_INC_D2: usize = 0x1c / 4;
const DST_INC_D1: usize = 0x20 / 4;
const DST_INC_D2: usize = 0x24 / 4;
const SRC_DATA_TYPE: usize = 0x2c / 4;
const DST_DATA_TYPE: usize = 0x30 / 4;
const SIGN_EXT: usize = 0x34 / 4;
const MODE: usize = 0x38 / 4;
const DIM_CONFIG: usize = 0x40 / 4;
const DIM_INV: usize = 0x44 / 4;
const PAD_TOP: usize = 0x48 / 4;
const PAD_BOTTOM: usize = 0x4c / 4;
const PAD_RIGHT: usize = 0x50 / 4;
const PAD_LEFT: usize = 0x54 / 4;
/// MODE: destinations come from a list of words at ADDR_PTR.
const ADDRESS: u32 = 2;
/// MODE: every word that is read holds several elements.
const SUBADDRESS: u32 = 3;
const HALF: u32 = 1;
const BYTE: u32 = 2;

/// The bus as a transfer sees it.
pub(super) trait Port {
    /// Reads the word at an aligned address; `None` if nothing answers.
    fn read(&mut self, addr: u32) -> Option<u32>;

    /// Writes the low `size` bytes of `value` at an aligned address; `None` if nothing answers.
    fn write(&mut self, addr: u32, size: Size, value: u32) -> Option<()>;
}

/// A transfer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Transfer {
    registers: [u32; REGISTERS],
}

/// A pointer that walks over the elements of one side.
struct Walk {
    at: u32,
    step: u32,
    /// From the last element of a row to the next row, if it is not transposed.
    row_step: u32,
    /// The first element of the next row of a transposed walk, and from there to the one after it.
    column: Option<(u32, u32)>,
}

impl Walk {
    fn advance(&mut self, last_of_row: bool) {
        match &mut self.column {
            _ if !last_of_row => self.at = self.at.wrapping_add(self.step),
            None => self.at = self.at.wrapping_add(self.row_step),
            Some((next, step)) => {
                self.at = *next;
                *next = next.wrapping_add(*step);
            }
        }
    }
}

impl Transfer {
    /// The transfer that a channel with these registers starts.
    pub fn new(registers: [u32; REGISTERS]) -> Self {
        Self { registers }
    }

    fn two_dimensional(&self) -> bool {
        self.registers[DIM_CONFIG] != 0
    }

    /// Elements of a row, and rows, with the padding.
    fn extent(&self) -> (u32, u32) {
        let r = &self.registers;
        let rows = if self.two_dimensional() { r[SIZE_D2] + r[PAD_TOP] + r[PAD_BOTTOM] } else { 1 };
        (r[SIZE_D1] + r[PAD_LEFT] + r[PAD_RIGHT], rows)
    }

    /// How many elements it writes.
    pub fn elements(&self) -> u64 {
        let (columns, rows) = self.extent();
        u64::from(columns) * u64::from(rows)
    }

    /// The step along a row, and the one from a row's last element to the next row.
    fn steps(&self, d1: usize, d2: usize) -> (u32, u32) {
        let signed = |value: u32, bits: u32| ((value << (32 - bits)) as i32 >> (32 - bits)) as u32;
        let step = signed(self.registers[d1], 6);
        (step, if self.two_dimensional() { signed(self.registers[d2], 23) } else { step })
    }

    fn source(&self) -> Walk {
        let (step, row_step) = self.steps(SRC_INC_D1, SRC_INC_D2);
        let at = self.registers[SRC_PTR];
        if self.two_dimensional() && self.registers[DIM_INV] != 0 {
            let column = Some((at.wrapping_add(step), step));
            return Walk { at, step: row_step, row_step, column };
        }
        Walk { at, step, row_step, column: None }
    }

    fn destination(&self) -> Walk {
        let (step, row_step) = self.steps(DST_INC_D1, DST_INC_D2);
        Walk { at: self.registers[DST_PTR], step, row_step, column: None }
    }

    /// Moves all elements; `None` at the first access that nothing answers.
    pub fn run(&self, port: &mut impl Port) -> Option<()> {
        let r = &self.registers;
        let (columns, rows) = self.extent();
        let top = if self.two_dimensional() { r[PAD_TOP] } else { 0 };
        let height = if self.two_dimensional() { r[SIZE_D2] } else { 1 };
        let mut reader = Reader::new(self);
        let mut to = self.destination();
        let mut list = r[ADDR_PTR];
        for row in 0..rows {
            for column in 0..columns {
                let inside =
                    row.wrapping_sub(top) < height && column.wrapping_sub(r[PAD_LEFT]) < r[SIZE_D1];
                let last_read = column + 1 == r[PAD_LEFT] + r[SIZE_D1];
                let value = if inside { reader.next(last_read, port)? } else { 0 };
                let target = if r[MODE] == ADDRESS {
                    let target = port.read(list & !3)?;
                    list = list.wrapping_add(4);
                    target
                } else {
                    to.at
                };
                self.write(target, to.at, value, port)?;
                to.advance(column + 1 == columns);
            }
        }
        Some(())
    }

    /// Writes an element; which bytes of the word at `target` it takes, the pointer says.
    fn write(&self, target: u32, pointer: u32, value: u32, port: &mut impl Port) -> Option<()> {
        let word = target & !3;
        match self.registers[DST_DATA_TYPE] {
            0 => port.write(word, Size::Word, value),
            HALF => port.write(word | pointer & 2, Size::Half, value & 0xffff),
            _ => port.write(word | pointer & 3, Size::Byte, value & 0xff),
        }
    }
}

/// Reads the elements of a source.
struct Reader {
    from: Walk,
    kind: u32,
    signed: bool,
    /// Elements in each word that is read, for SUBADDRESS.
    parts: u32,
    part: u32,
    word: u32,
}

impl Reader {
    fn new(transfer: &Transfer) -> Self {
        let r = &transfer.registers;
        let parts = match (r[MODE], r[SRC_DATA_TYPE]) {
            (SUBADDRESS, HALF) => 2,
            (SUBADDRESS, BYTE) => 4,
            (SUBADDRESS, _) => 1,
            _ => 0,
        };
        Self {
            from: transfer.source(),
            kind: r[SRC_DATA_TYPE],
            signed: r[SIGN_EXT] != 0,
            parts,
            part: 0,
            word: 0,
        }
    }

    fn next(&mut self, last_of_row: bool, port: &mut impl Port) -> Option<u32> {
        if self.parts == 0 {
            let word = port.read(self.from.at & !3)?;
            let value = self.element(word, self.from.at & 3);
            self.from.advance(last_of_row);
            return Some(value);
        }
        if self.part == 0 {
            self.word = port.read(self.from.at & !3)?;
            self.from.advance(last_of_row);
        }
        let at = self.part * 4 / self.parts;
        self.part = (self.part + 1) % self.parts;
        Some(if self.parts == 1 { self.word } else { self.element(self.word, at) })
    }

    /// The element at a byte of a word. An odd address is always that of a byte, and of the two
    /// codes for bytes the second one takes whole words at even addresses.
    fn element(&self, word: u32, at: u32) -> u32 {
        let shifted = word >> (8 * at);
        match (at, self.kind) {
            (0 | 2, HALF) if self.signed => shifted as u16 as i16 as u32,
            (0 | 2, HALF) => shifted & 0xffff,
            (1 | 3, _) | (_, BYTE) if self.signed => shifted as u8 as i8 as u32,
            (1 | 3, _) | (_, BYTE) => shifted & 0xff,
            _ => word,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 256 bytes of memory, the byte at `i` being `i`.
    struct Ram([u8; 256]);

    impl Ram {
        fn new() -> Self {
            Self(std::array::from_fn(|i| i as u8))
        }

        fn bytes(&self, from: usize, len: usize) -> &[u8] {
            &self.0[from..from + len]
        }
    }

    impl Port for Ram {
        fn read(&mut self, addr: u32) -> Option<u32> {
            let at = addr as usize;
            self.0.get(at..at + 4).map(|b| u32::from_le_bytes(b.try_into().unwrap()))
        }

        fn write(&mut self, addr: u32, size: Size, value: u32) -> Option<()> {
            let len = size.bytes() as usize;
            let bytes = value.to_le_bytes();
            self.0.get_mut(addr as usize..)?.get_mut(..len)?.copy_from_slice(&bytes[..len]);
            Some(())
        }
    }

    /// A transfer from 0x80 to 0 with increments of 4, but for these registers.
    fn transfer(settings: &[(usize, u32)]) -> Transfer {
        let mut registers = [0; REGISTERS];
        registers[SRC_PTR] = 0x80;
        registers[SRC_INC_D1..=DST_INC_D2].fill(4);
        settings.iter().for_each(|(register, value)| registers[*register] = *value);
        Transfer::new(registers)
    }

    #[test]
    fn bytes_become_halves_with_and_without_sign() {
        let wide = [(SRC_DATA_TYPE, 2), (DST_DATA_TYPE, 1), (SRC_INC_D1, 1), (DST_INC_D1, 2)];
        let mut ram = Ram::new();
        let settings = [&wide[..], &[(SIZE_D1, 3)]].concat();
        transfer(&settings).run(&mut ram).unwrap();
        assert_eq!(ram.bytes(0, 8), [0x80, 0, 0x81, 0, 0x82, 0, 6, 7]);
        let settings = [&settings[..], &[(SIGN_EXT, 1)]].concat();
        transfer(&settings).run(&mut ram).unwrap();
        assert_eq!(ram.bytes(0, 8), [0x80, 0xff, 0x81, 0xff, 0x82, 0xff, 6, 7]);
    }

    #[test]
    fn increments_are_signed() {
        let settings = [
            (SRC_DATA_TYPE, 2),
            (DST_DATA_TYPE, 2),
            (SRC_INC_D1, 0x3f),
            (DST_INC_D1, 2),
            (SIZE_D1, 3),
        ];
        let mut ram = Ram::new();
        transfer(&settings).run(&mut ram).unwrap();
        assert_eq!(ram.bytes(0, 6), [0x80, 1, 0x7f, 3, 0x7e, 5]);
    }

    #[test]
    fn two_dimensions_step_from_row_to_row() {
        // Two rows of three bytes out of a picture eight bytes wide: from the last of a row, 6 to
        // the next row's first.
        let bytes = [(SRC_DATA_TYPE, 2), (DST_DATA_TYPE, 2), (SRC_INC_D1, 1), (DST_INC_D1, 1)];
        let size = [(DIM_CONFIG, 1), (SIZE_D1, 3), (SIZE_D2, 2), (DST_INC_D2, 1)];
        let mut ram = Ram::new();
        let settings = [&bytes[..], &size, &[(SRC_INC_D2, 6)]].concat();
        transfer(&settings).run(&mut ram).unwrap();
        assert_eq!(ram.bytes(0, 7), [0x80, 0x81, 0x82, 0x88, 0x89, 0x8a, 6]);
        // Transposed: three bytes of a column, 8 apart, then the next column.
        let settings = [&bytes[..], &size, &[(SRC_INC_D2, 8), (DIM_INV, 1)]].concat();
        let mut ram = Ram::new();
        transfer(&settings).run(&mut ram).unwrap();
        assert_eq!(ram.bytes(0, 7), [0x80, 0x88, 0x90, 0x81, 0x89, 0x91, 6]);
    }

    #[test]
    fn padding_is_zeros_around_the_rows() {
        let settings = [
            (SRC_DATA_TYPE, 2),
            (DST_DATA_TYPE, 2),
            (SRC_INC_D1, 1),
            (SRC_INC_D2, 1),
            (DST_INC_D1, 1),
            (DST_INC_D2, 1),
            (DIM_CONFIG, 1),
            (SIZE_D1, 2),
            (SIZE_D2, 2),
            (PAD_TOP, 1),
            (PAD_LEFT, 1),
            (PAD_RIGHT, 2),
            (PAD_BOTTOM, 1),
        ];
        let mut ram = Ram::new();
        assert_eq!(transfer(&settings).elements(), 20);
        transfer(&settings).run(&mut ram).unwrap();
        let rows: Vec<&[u8]> = ram.bytes(0, 20).chunks(5).collect();
        assert_eq!(rows, [[0; 5], [0, 0x80, 0x81, 0, 0], [0, 0x82, 0x83, 0, 0], [0; 5]]);
        assert_eq!(ram.0[20], 20);
    }

    #[test]
    fn address_mode_takes_destinations_from_a_list() {
        let mut ram = Ram::new();
        ram.0[0x40..0x48].copy_from_slice(&[0x20, 0, 0, 0, 0x10, 0, 0, 0]);
        let settings = [(MODE, ADDRESS), (ADDR_PTR, 0x40), (SIZE_D1, 2)];
        transfer(&settings).run(&mut ram).unwrap();
        assert_eq!(ram.bytes(0x20, 4), [0x80, 0x81, 0x82, 0x83]);
        assert_eq!(ram.bytes(0x10, 4), [0x84, 0x85, 0x86, 0x87]);
    }

    #[test]
    fn subaddress_mode_takes_all_parts_of_each_word() {
        let settings = [
            (MODE, SUBADDRESS),
            (SRC_DATA_TYPE, 1),
            (DST_DATA_TYPE, 1),
            (DST_INC_D1, 2),
            (SIZE_D1, 3),
        ];
        let mut ram = Ram::new();
        transfer(&settings).run(&mut ram).unwrap();
        assert_eq!(ram.bytes(0, 7), [0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 6]);
    }

    #[test]
    fn it_stops_where_nothing_answers() {
        let mut ram = Ram::new();
        assert_eq!(transfer(&[(SRC_PTR, 0xf8), (SIZE_D1, 3)]).run(&mut ram), None);
        assert_eq!(ram.bytes(0, 9), [0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff, 8]);
    }
}

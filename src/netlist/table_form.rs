//! Finds the smallest form of a product table while its errors come in, block by block.
//!
//! In: for each block of 4,096 pairs the errors (wrong product minus exact product), as planes or as numbers. Out: a
//! [`ProductForm`].

use super::planes;
use super::range::{BLOCK, Plane, Range};
use super::table::PAIRS;
use crate::unit::ProductForm;
use rustc_hash::FxHashMap;

/// Errors in one block that are looked for one by one; more are faster as numbers.
pub(super) const FEW: usize = 12;

/// A form while blocks come in, in order.
pub(super) struct Growing {
    range: Range,
    /// The errors seen so far; the first is 0.
    errors: Vec<u32>,
    known: FxHashMap<u32, u8>,
    /// Bits of a place in `errors`; none while there is no error.
    bits: usize,
    /// For each pair the place of its error: `bits` words for every 64 pairs.
    which: Vec<u64>,
    /// After more errors than places: the errors of all pairs.
    all: Vec<u32>,
}

impl Growing {
    pub fn new(range: Range) -> Self {
        let known = FxHashMap::from_iter([(0, 0)]);
        Self { range, errors: vec![0], known, bits: 0, which: Vec::new(), all: Vec::new() }
    }

    /// Takes a block as planes: the lanes with an error, and the errors' bits from `low` up; the last plane stands for all
    /// bits above too. Refuses it if there are many different errors. `lanes` is scratch space.
    pub fn few(
        &mut self,
        any: &Plane,
        bits: &[Plane],
        low: usize,
        block: usize,
        lanes: &mut [Plane; FEW],
    ) -> bool {
        if !self.all.is_empty() {
            return false;
        }
        let mut places = [0_u8; FEW];
        let mut found = 0;
        let mut rest = *any;
        let mut from = 0;
        while let Some(ahead) = rest[from..].iter().position(|w| *w != 0) {
            if found == FEW {
                return false;
            }
            from += ahead;
            let lane = rest[from].trailing_zeros();
            let bit = |plane: &Plane| (plane[from] >> lane & 1) as u32;
            let value = bits.iter().zip(0..).fold(0, |v, (plane, i)| v | bit(plane) << i);
            let sign = bit(bits.last().expect("an answer bit differs"));
            let above = low + bits.len();
            let top = if above < 32 && sign == 1 { u32::MAX << above } else { 0 };
            let Some(place) = self.place(value << low | top) else { return false };
            places[found] = place;
            let more = planes::spelling(bits, &mut rest, value, &mut lanes[found]);
            found += 1;
            if !more {
                break;
            }
        }
        let base = block * BLOCK * self.bits;
        for (place, lanes) in places.iter().zip(&*lanes).take(found) {
            for bit in (0..self.bits).filter(|bit| place >> bit & 1 == 1) {
                let words = self.which[base + bit..].iter_mut().step_by(self.bits);
                words.zip(lanes).for_each(|(word, lanes)| *word |= lanes);
            }
        }
        true
    }

    /// Takes a block as numbers.
    pub fn many(&mut self, errors: &[u32; PAIRS], block: usize) {
        if !self.all.is_empty() {
            self.all.extend_from_slice(errors);
            return;
        }
        let mut places = [0_u8; PAIRS];
        // The last place of every hash, so that the map is seldom asked.
        let mut recent = [(0_u32, 0_u8); 256];
        for (place, error) in places.iter_mut().zip(errors) {
            let entry = &mut recent[(error.wrapping_mul(0x9e37_79b9) >> 24) as usize];
            if entry.0 != *error {
                let Some(at) = self.place(*error) else {
                    self.spell_out(block);
                    self.all.extend_from_slice(errors);
                    return;
                };
                *entry = (*error, at);
            }
            *place = entry.1;
        }
        for (word, places) in places.chunks_exact(64).enumerate() {
            for bit in 0..self.bits {
                // Bit `bit` of eight bytes, gathered into one.
                let gather = |bytes: &[u8]| {
                    let bytes = u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
                    (bytes >> bit & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
                };
                let eights = places.chunks_exact(8).zip(0..);
                let lanes = eights.fold(0, |lanes, (bytes, i)| lanes | gather(bytes) << (8 * i));
                self.which[(block * BLOCK + word) * self.bits + bit] = lanes;
            }
        }
    }

    /// The place of an error among those seen, if there is room for it.
    fn place(&mut self, error: u32) -> Option<u8> {
        // Most faults have one error or a handful.
        let place = match self.errors.len() {
            ..=8 => self.errors.iter().zip(0..).find(|(e, _)| **e == error).map(|(_, place)| place),
            _ => self.known.get(&error).copied(),
        };
        if place.is_some() {
            return place;
        }
        let place = u8::try_from(self.errors.len()).ok()?;
        self.errors.push(error);
        self.known.insert(error, place);
        let needed = match place {
            1 => 1,
            2..4 => 2,
            4..16 => 4,
            _ => 8,
        };
        if needed > self.bits {
            self.widen(needed);
        }
        Some(place)
    }

    fn widen(&mut self, bits: usize) {
        let mut wider = vec![0; self.range.pairs() / 64 * bits];
        if self.bits > 0 {
            for (new, old) in wider.chunks_exact_mut(bits).zip(self.which.chunks_exact(self.bits)) {
                new[..self.bits].copy_from_slice(old);
            }
        }
        (self.bits, self.which) = (bits, wider);
    }

    /// From places to errors, for the blocks before this one.
    fn spell_out(&mut self, blocks: usize) {
        let (errors, which) = (std::mem::take(&mut self.errors), std::mem::take(&mut self.which));
        self.all.reserve(self.range.pairs());
        for words in which.chunks_exact(self.bits).take(blocks * BLOCK) {
            let mut places = [0; 64];
            places[..self.bits].copy_from_slice(words);
            planes::transpose_one(&mut places);
            self.all.extend(places.map(|place| errors[place as usize]));
        }
    }

    /// The form; `exact` gives the exact product at an index.
    pub fn finish(self, exact: impl Fn(usize) -> u32) -> ProductForm {
        if !self.all.is_empty() {
            let errors = self.all.iter().enumerate();
            let products = errors.map(|(index, error)| exact(index).wrapping_add(*error));
            return ProductForm::Table(products.collect());
        }
        match self.bits {
            0 => ProductForm::Exact,
            1 => ProductForm::Mask { error: self.errors[1], wrong: self.which },
            bits => ProductForm::Dictionary { errors: self.errors, bits, which: self.which },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: Range = Range::INT8;

    /// The form of these errors, by blocks of planes, and by blocks of numbers.
    fn forms(error: impl Fn(usize) -> u32) -> [ProductForm; 2] {
        let (mut few, mut many) = (Growing::new(RANGE), Growing::new(RANGE));
        let mut lanes = [[0; BLOCK]; FEW];
        for block in 0..RANGE.blocks() {
            let errors: [u32; PAIRS] = std::array::from_fn(|i| error(block * PAIRS + i));
            let mut planes = vec![[0_u64; BLOCK]; 32];
            let mut any = [0_u64; BLOCK];
            for (i, error) in errors.iter().enumerate() {
                any[i / 64] |= u64::from(*error != 0) << (i % 64);
                for (bit, plane) in planes.iter_mut().enumerate() {
                    plane[i / 64] |= u64::from(error >> bit & 1) << (i % 64);
                }
            }
            if !few.few(&any, &planes, 0, block, &mut lanes) {
                few.many(&errors, block);
            }
            many.many(&errors, block);
        }
        [few, many].map(|form| form.finish(|index| index as u32))
    }

    #[test]
    fn every_number_of_errors_gets_its_form() {
        for (errors, bits) in
            [(0, 0), (1, 1), (3, 2), (4, 4), (12, 4), (16, 8), (255, 8), (256, 99)]
        {
            // The first block has none; the others have more and more different ones.
            let error = |index: usize| match index * 7919 % 263 {
                hit if hit < errors && index >= PAIRS && hit * PAIRS / 20 < index => {
                    (hit as u32 + 1).wrapping_mul(0x0101_0001)
                }
                _ => 0,
            };
            for form in forms(error) {
                let found = match &form {
                    ProductForm::Exact => 0,
                    ProductForm::Mask { .. } => 1,
                    ProductForm::Dictionary { bits, .. } => *bits,
                    ProductForm::Table(_) => 99,
                };
                assert_eq!(found, bits, "{errors} errors");
                for index in 0..RANGE.pairs() {
                    let exact = index as u32;
                    assert_eq!(form.product(index, exact), exact.wrapping_add(error(index)));
                }
            }
        }
    }
}

//! A block of memory that knows which of its lines want to be watched when they are written.
//!
//! In: addresses and data. Out: data, or a [`Written`] that says what the store has hit. A guard byte for each line of
//! 64 bytes keeps the common store free of any further check: code that was decoded from the line, a device that
//! watches it, read-only memory, and pages not written since the memory was last restored all set a guard.

use super::{BusFault, Direct, Size};

/// Bytes of a guarded line, as a power of two.
pub const LINE_SHIFT: u32 = 6;
/// Bytes of a page that is restored as a whole, as a power of two.
const PAGE_SHIFT: u32 = 12;
const LINES_PER_PAGE: usize = 1 << (PAGE_SHIFT - LINE_SHIFT);

/// The page is as it was when the memory was loaded or last restored.
const CLEAN: u8 = 1;
/// Instructions were decoded from this line.
const CODE: u8 = 2;
/// A device watches this line.
const WATCHED: u8 = 4;
/// Stores are refused.
const READ_ONLY: u8 = 8;
/// Stores into some bytes of this line are held.
const HELD: u8 = 16;

/// What a store into memory has hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Data.
    Data,
    /// A line that instructions were decoded from.
    Code,
    /// Bytes that a device watches, in a line of code perhaps.
    Watched,
    /// Bytes that stores wait before: nothing was written ([`Memory::hold`]).
    Held,
}

/// RAM or ROM.
#[derive(Debug)]
pub struct Memory {
    base: u32,
    bytes: Box<[u8]>,
    guards: Box<[u8]>,
    /// Pages written since the memory was loaded or restored.
    dirty: Vec<u32>,
    /// Decoded lines were written from outside.
    poked_code: bool,
    /// Bytes that devices watch: first offset, and the one behind the last.
    watched: Vec<(usize, usize)>,
    /// Stores into these bytes are held: first offset, and the one behind the last.
    held: Vec<(usize, usize)>,
}

impl Memory {
    /// Zeroed memory of `len` bytes (above 0; rounded up to whole pages) at `base`.
    pub fn new(base: u32, len: u32, read_only: bool) -> Self {
        let len = (len as usize).next_multiple_of(1 << PAGE_SHIFT);
        let guard = if read_only { CLEAN | READ_ONLY } else { CLEAN };
        Self {
            base,
            bytes: vec![0; len].into_boxed_slice(),
            guards: vec![guard; len >> LINE_SHIFT].into_boxed_slice(),
            dirty: Vec::new(),
            poked_code: false,
            watched: Vec::new(),
            held: Vec::new(),
        }
    }

    /// First address.
    pub fn base(&self) -> u32 {
        self.base
    }

    /// Length in bytes.
    pub fn len(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// Whether it has no bytes; never so.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether the core cannot write it.
    pub fn is_read_only(&self) -> bool {
        self.guards.first().is_some_and(|guard| guard & READ_ONLY != 0)
    }

    /// Whether the address lies in it.
    pub fn contains(&self, addr: u32) -> bool {
        addr.wrapping_sub(self.base) < self.len()
    }

    /// Bytes from an address in it to its end.
    pub fn left_from(&self, addr: u32) -> u32 {
        self.len() - addr.wrapping_sub(self.base)
    }

    /// Reads; `None` if not all bytes lie inside.
    #[inline(always)]
    pub fn load(&self, addr: u32, size: Size) -> Option<u32> {
        let at = addr.wrapping_sub(self.base) as usize;
        match size {
            Size::Byte => self.bytes.get(at).map(|b| u32::from(*b)),
            Size::Half => {
                self.bytes.get(at..at + 2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]])))
            }
            Size::Word => {
                self.bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            }
        }
    }

    /// Writes the low `size` bytes of `value`; `None` if not all bytes lie inside.
    ///
    /// # Errors
    /// [`BusFault`] if the memory is read-only.
    #[inline(always)]
    pub fn store(
        &mut self,
        addr: u32,
        size: Size,
        value: u32,
    ) -> Option<Result<Written, BusFault>> {
        let at = addr.wrapping_sub(self.base) as usize;
        let last = at + size.bytes() as usize - 1;
        let guard = *self.guards.get(last >> LINE_SHIFT)? | *self.guards.get(at >> LINE_SHIFT)?;
        if guard != 0 {
            return Some(self.store_guarded(at, size, value, guard));
        }
        self.put(at, size, value);
        Some(Ok(Written::Data))
    }

    #[inline(always)]
    fn put(&mut self, at: usize, size: Size, value: u32) {
        let len = size.bytes() as usize;
        if let Some(slot) = self.bytes.get_mut(at..at + len) {
            slot.copy_from_slice(&value.to_le_bytes()[..len]);
        }
    }

    #[cold]
    fn store_guarded(
        &mut self,
        at: usize,
        size: Size,
        value: u32,
        guard: u8,
    ) -> Result<Written, BusFault> {
        if guard & READ_ONLY != 0 {
            return Err(BusFault);
        }
        let end = at + size.bytes() as usize;
        if guard & HELD != 0 && self.held.iter().any(|(from, to)| at < *to && *from < end) {
            return Ok(Written::Held);
        }
        if guard & CLEAN != 0 {
            self.soil(at);
            self.soil(at + size.bytes() as usize - 1);
        }
        self.put(at, size, value);
        let hit = |(from, to): &(usize, usize)| at < *to && *from < end;
        if guard & WATCHED != 0 && self.watched.iter().any(hit) {
            return Ok(Written::Watched);
        }
        Ok(if guard & CODE != 0 { Written::Code } else { Written::Data })
    }

    /// Notes that the page of a byte is about to differ from what was loaded.
    fn soil(&mut self, at: usize) {
        let page = at >> PAGE_SHIFT;
        let lines = &mut self.guards[page * LINES_PER_PAGE..][..LINES_PER_PAGE];
        if lines[0] & CLEAN != 0 {
            lines.iter_mut().for_each(|guard| *guard &= !CLEAN);
            self.dirty.push(page as u32);
        }
    }

    /// For compiled code.
    pub(super) fn direct(&mut self) -> Direct {
        let (base, len) = (self.base, self.len());
        Direct { base, len, bytes: self.bytes.as_mut_ptr(), guards: self.guards.as_ptr() }
    }

    /// Bytes from `addr` on; `None` if they do not all lie inside.
    pub fn peek(&self, addr: u32, len: u32) -> Option<&[u8]> {
        let from = addr.wrapping_sub(self.base) as usize;
        self.bytes.get(from..from.checked_add(len as usize)?)
    }

    /// Writes bytes from outside, read-only or not; `None`, with nothing written, if they do not fit.
    pub fn poke(&mut self, addr: u32, bytes: &[u8]) -> Option<()> {
        let from = addr.wrapping_sub(self.base) as usize;
        let to = from.checked_add(bytes.len())?;
        self.bytes.get_mut(from..to)?.copy_from_slice(bytes);
        for page in from >> PAGE_SHIFT..to.div_ceil(1 << PAGE_SHIFT) {
            self.soil(page << PAGE_SHIFT);
        }
        let lines = from >> LINE_SHIFT..to.div_ceil(1 << LINE_SHIFT);
        self.poked_code |= self.guards[lines].iter().any(|guard| guard & CODE != 0);
        Some(())
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Makes the content that of these pages, whose bytes follow one another, and zero elsewhere. Decoded code must be forgotten.
    pub(super) fn replace(&mut self, pages: &[u32], bytes: &[u8]) {
        let page = 1 << PAGE_SHIFT;
        let mut pages = pages.iter().zip(bytes.chunks_exact(page)).peekable();
        for n in 0..self.bytes.len() >> PAGE_SHIFT {
            let given = pages.next_if(|(number, _)| **number as usize == n).map(|(_, bytes)| bytes);
            let present = &mut self.bytes[n << PAGE_SHIFT..][..page];
            let changes = match given {
                Some(bytes) => *present != *bytes,
                None => present.iter().any(|byte| *byte != 0),
            };
            if changes {
                match given {
                    Some(bytes) => present.copy_from_slice(bytes),
                    None => present.fill(0),
                }
                self.soil(n << PAGE_SHIFT);
            }
        }
    }

    /// Whether lines marked as decoded were written by [`Memory::poke`] or [`Memory::restore`] since the last question.
    pub fn take_poked_code(&mut self) -> bool {
        std::mem::take(&mut self.poked_code)
    }

    /// Makes the present content the one that [`Memory::restore`] expects of its argument.
    pub fn settle(&mut self) {
        self.dirty.clear();
        self.guards.iter_mut().for_each(|guard| *guard |= CLEAN);
    }

    /// After [`Memory::settle`]: takes the pages that are written in `other` for written here too.
    pub fn unsettle(&mut self, other: &Memory) {
        other.dirty.iter().for_each(|page| self.soil((*page as usize) << PAGE_SHIFT));
    }

    /// Makes the content equal to that of `pristine`, from which it was cloned: only written pages are copied. If one of them has decoded lines,
    /// [`Memory::take_poked_code`] says so.
    pub fn restore(&mut self, pristine: &Memory) {
        for page in self.dirty.drain(..) {
            let bytes = (page as usize) << PAGE_SHIFT..(page as usize + 1) << PAGE_SHIFT;
            self.bytes[bytes.clone()].copy_from_slice(&pristine.bytes[bytes]);
            let lines = &mut self.guards[page as usize * LINES_PER_PAGE..][..LINES_PER_PAGE];
            self.poked_code |= lines.iter().any(|guard| guard & CODE != 0);
            lines.iter_mut().for_each(|guard| *guard |= CLEAN);
        }
    }

    /// Makes this memory equal to another one in everything, both cloned from the same pristine one: only pages that were written in either are
    /// copied.
    pub fn become_like(&mut self, other: &Memory) {
        let page = |n: u32| (n as usize) << PAGE_SHIFT..(n as usize + 1) << PAGE_SHIFT;
        for n in self.dirty.iter().chain(&other.dirty) {
            self.bytes[page(*n)].copy_from_slice(&other.bytes[page(*n)]);
        }
        self.guards.copy_from_slice(&other.guards);
        self.dirty.clone_from(&other.dirty);
        self.watched.clone_from(&other.watched);
        self.held.clone_from(&other.held);
        self.poked_code = other.poked_code;
    }

    /// Marks the lines of `from..to` as decoded, or takes the mark away.
    pub fn guard_code(&mut self, from: u32, to: u32, on: bool) {
        self.mark(from, to, CODE, on);
    }

    /// Has stores into `from..to` tell that a device watches.
    pub fn watch(&mut self, from: u32, to: u32) {
        let offset = |addr: u32| addr.wrapping_sub(self.base) as usize;
        let range = (offset(from), offset(to));
        if !self.watched.contains(&range) {
            self.watched.push(range);
        }
        self.mark(from, to, WATCHED, true);
    }

    /// Holds stores into these ranges, first address and length, and no others from now on: they are not done, and say so. What lies outside is
    /// ignored.
    pub fn hold(&mut self, ranges: &[(u32, u32)]) {
        for (from, to) in std::mem::take(&mut self.held) {
            let lines = from >> LINE_SHIFT..to.div_ceil(1 << LINE_SHIFT);
            self.guards[lines].iter_mut().for_each(|guard| *guard &= !HELD);
        }
        let (base, len) = (u64::from(self.base), self.bytes.len() as u64);
        for (addr, bytes) in ranges {
            let offset = |at: u64| at.saturating_sub(base).min(len) as usize;
            let end = u64::from(*addr) + u64::from(*bytes);
            let (from, to) = (offset(u64::from(*addr)), offset(end));
            if from < to {
                let lines = from >> LINE_SHIFT..to.div_ceil(1 << LINE_SHIFT);
                self.guards[lines].iter_mut().for_each(|guard| *guard |= HELD);
                self.held.push((from, to));
            }
        }
    }

    /// Whether a store of `len` bytes at `addr` is held.
    pub fn holds(&self, addr: u32, len: u32) -> bool {
        let at = i64::from(addr) - i64::from(self.base);
        let end = at + i64::from(len);
        self.held.iter().any(|(from, to)| at < *to as i64 && (*from as i64) < end)
    }

    fn mark(&mut self, from: u32, to: u32, mark: u8, on: bool) {
        let first = from.wrapping_sub(self.base) as usize >> LINE_SHIFT;
        let last = to.wrapping_sub(self.base).wrapping_sub(1) as usize >> LINE_SHIFT;
        if let Some(guards) = self.guards.get_mut(first..=last) {
            let set = |guard: &mut u8| *guard = if on { *guard | mark } else { *guard & !mark };
            guards.iter_mut().for_each(set);
        }
    }
}

impl Clone for Memory {
    /// A copy that shares nothing; pages of zeros, most of a large RAM, are not touched.
    fn clone(&self) -> Self {
        let mut bytes = vec![0; self.bytes.len()].into_boxed_slice();
        let page = 1 << PAGE_SHIFT;
        for (to, from) in bytes.chunks_exact_mut(page).zip(self.bytes.chunks_exact(page)) {
            if from.iter().any(|b| *b != 0) {
                to.copy_from_slice(from);
            }
        }
        Self {
            base: self.base,
            bytes,
            guards: self.guards.clone(),
            dirty: self.dirty.clone(),
            poked_code: self.poked_code,
            watched: self.watched.clone(),
            held: self.held.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: u32 = 0x8000_0000;

    #[test]
    fn memory_is_little_endian_and_bounded() {
        let mut memory = Memory::new(BASE, 1 << 12, false);
        memory.store(BASE + 1, Size::Word, 0x1122_3344).unwrap().unwrap();
        assert_eq!(memory.load(BASE + 1, Size::Byte), Some(0x44));
        assert_eq!(memory.load(BASE + 3, Size::Half), Some(0x1122));
        assert_eq!(memory.load(BASE + (1 << 12) - 2, Size::Word), None);
        assert_eq!(memory.store(BASE + (1 << 12) - 2, Size::Word, 0), None);
        assert_eq!(memory.store(BASE - 2, Size::Word, 0), None);
        assert_eq!(memory.load(u32::MAX, Size::Word), None);
    }

    #[test]
    fn restoring_undoes_every_store_wherever_it_was() {
        let mut pristine = Memory::new(BASE, 1 << 16, false);
        pristine.poke(BASE + 0x1234, b"loaded").unwrap();
        pristine.settle();
        let mut memory = pristine.clone();
        for round in 0..3 {
            // A word across two pages, a word inside loaded bytes, and bytes written from outside.
            memory.store(BASE + 0x1ffe, Size::Word, u32::MAX).unwrap().unwrap();
            memory.store(BASE + 0x1234, Size::Word, round).unwrap().unwrap();
            memory.poke(BASE + 0xfff0, &[7; 16]).unwrap();
            assert_ne!(memory.bytes, pristine.bytes);
            memory.restore(&pristine);
            assert_eq!(memory.bytes, pristine.bytes);
        }
    }

    #[test]
    fn stores_tell_what_they_hit() {
        let mut memory = Memory::new(BASE, 1 << 12, false);
        memory.guard_code(BASE + 64, BASE + 66, true);
        memory.watch(BASE + 128, BASE + 136);
        let mut store = |addr| memory.store(addr, Size::Word, 1).unwrap();
        assert_eq!(store(BASE), Ok(Written::Data));
        assert_eq!(store(BASE + 62), Ok(Written::Code));
        assert_eq!(store(BASE + 127), Ok(Written::Watched));
        assert_eq!(store(BASE + 132), Ok(Written::Watched));
        // The same line, other bytes.
        assert_eq!(store(BASE + 136), Ok(Written::Data));
        memory.guard_code(BASE + 64, BASE + 66, false);
        assert_eq!(memory.store(BASE + 64, Size::Word, 1), Some(Ok(Written::Data)));
        let mut rom = Memory::new(BASE, 1 << 12, true);
        assert_eq!(rom.store(BASE, Size::Word, 1), Some(Err(BusFault)));
        rom.hold(&[(BASE, 4)]);
        assert_eq!(rom.store(BASE, Size::Word, 1), Some(Err(BusFault)));
        assert_eq!(rom.load(BASE, Size::Word), Some(0));
    }

    #[test]
    fn a_memory_becomes_like_another_clone_of_the_same() {
        let mut pristine = Memory::new(BASE, 1 << 16, false);
        pristine.poke(BASE + 0x1234, b"loaded").unwrap();
        pristine.settle();
        let (mut one, mut other) = (pristine.clone(), pristine.clone());
        one.store(BASE + 0x1234, Size::Word, 1).unwrap().unwrap();
        one.store(BASE + 0x5000, Size::Word, 2).unwrap().unwrap();
        other.store(BASE + 0x9000, Size::Word, 3).unwrap().unwrap();
        one.become_like(&other);
        assert_eq!(one.bytes, other.bytes);
        one.restore(&pristine);
        assert_eq!(one.bytes, pristine.bytes);
    }

    #[test]
    fn a_held_store_is_not_done_until_it_is_released() {
        let mut memory = Memory::new(BASE, 1 << 12, false);
        memory.hold(&[(BASE + 66, 2), (BASE - 8, 9), (BASE + 4095, u32::MAX)]);
        let mut store = |addr, size| memory.store(addr, size, u32::MAX).unwrap();
        assert_eq!(store(BASE + 64, Size::Word), Ok(Written::Held));
        assert_eq!(store(BASE + 67, Size::Half), Ok(Written::Held));
        // The same line, other bytes.
        assert_eq!(store(BASE + 64, Size::Half), Ok(Written::Data));
        assert_eq!(store(BASE + 68, Size::Byte), Ok(Written::Data));
        assert_eq!(store(BASE, Size::Byte), Ok(Written::Held));
        assert_eq!(store(BASE + 4095, Size::Byte), Ok(Written::Held));
        assert_eq!(memory.load(BASE + 64, Size::Word), Some(0x0000_ffff));
        memory.hold(&[]);
        assert_eq!(memory.store(BASE + 66, Size::Byte, 1), Some(Ok(Written::Data)));
    }
}

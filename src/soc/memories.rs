//! All memories of a board: the main RAM, where most accesses go, and the others behind it.
//!
//! In: addresses and data. Out: data, from the memory that holds all bytes of an access. Core, host and devices all come here.

use super::{BusFault, Direct, Memory, Size, Written};

/// The memories.
#[derive(Clone, Debug)]
pub struct Memories {
    ram: Memory,
    others: Vec<Memory>,
}

impl Memories {
    /// The main RAM and the others.
    pub fn new(ram: Memory, others: Vec<Memory>) -> Self {
        Self { ram, others }
    }

    /// Reads, zero-extended; `None` if not all bytes lie in one memory.
    #[inline(always)]
    pub fn load(&self, addr: u32, size: Size) -> Option<u32> {
        match self.ram.load(addr, size) {
            None if !self.others.is_empty() => self.others.iter().find_map(|m| m.load(addr, size)),
            value => value,
        }
    }

    /// Writes the low `size` bytes of `value`; `None` if not all bytes lie in one memory.
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
        match self.ram.store(addr, size, value) {
            None if !self.others.is_empty() => {
                self.others.iter_mut().find_map(|m| m.store(addr, size, value))
            }
            done => done,
        }
    }

    /// The main RAM for compiled code.
    pub(super) fn direct(&mut self) -> Direct {
        self.ram.direct()
    }

    /// Bytes from `addr` on; `None` if they are not all in one memory.
    pub fn peek(&self, addr: u32, len: u32) -> Option<&[u8]> {
        self.iter().find_map(|m| m.peek(addr, len))
    }

    /// Writes bytes from outside, as devices and the host do; `None`, with nothing written, if they do not all lie in one
    /// memory. The core notices if they were code.
    pub fn poke(&mut self, addr: u32, bytes: &[u8]) -> Option<()> {
        self.at_mut(addr)?.poke(addr, bytes)
    }

    /// All of them, the main RAM first.
    pub fn iter(&self) -> impl Iterator<Item = &Memory> {
        std::iter::once(&self.ram).chain(&self.others)
    }

    /// All of them, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Memory> {
        std::iter::once(&mut self.ram).chain(&mut self.others)
    }

    /// The one that an address lies in.
    pub fn at_mut(&mut self, addr: u32) -> Option<&mut Memory> {
        self.iter_mut().find(|m| m.contains(addr))
    }

    /// Makes these equal to others in everything, both cloned from the same ([`Memory::become_like`]).
    pub fn become_like(&mut self, others: &Self) {
        for (memory, other) in self.iter_mut().zip(others.iter()) {
            memory.become_like(other);
        }
    }

    /// Holds stores into these ranges, first address and length, and no others from now on ([`Memory::hold`]).
    pub fn hold(&mut self, ranges: &[(u32, u32)]) {
        self.iter_mut().for_each(|memory| memory.hold(ranges));
    }

    /// Whether a store of `len` bytes at `addr` is held.
    pub fn holds(&self, addr: u32, len: u32) -> bool {
        self.iter().any(|memory| memory.holds(addr, len))
    }

    /// Makes the present content the pristine one.
    pub fn settle(&mut self) {
        self.iter_mut().for_each(Memory::settle);
    }

    /// After [`Memories::settle`]: takes what is written in `others` for written here too.
    pub fn unsettle(&mut self, others: &Self) {
        for (memory, other) in self.iter_mut().zip(others.iter()) {
            memory.unsettle(other);
        }
    }

    /// Makes the content equal to that of `pristine`, from which these were cloned.
    pub fn restore(&mut self, pristine: &Self) {
        for (memory, original) in self.iter_mut().zip(pristine.iter()) {
            memory.restore(original);
        }
    }
}

//! A board between two instructions, in a form that files can hold.
//!
//! In: a [`Board`]. Out: a [`Saved`] with the state of its devices and the pages of its memories that are not all zero. Where more input would come from is not
//! saved; what was read from there and not yet consumed is.

use super::board::{Mark, Outside, Placed};
use super::device::Device;
use super::htif::Htif;
use super::semihosting::Semihosting;
use super::{Board, Memory};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Bytes of a page.
pub const PAGE: usize = 1 << 12;

/// The state of a board but for the bytes in its memories.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Saved {
    devices: Vec<(u32, Device)>,
    htif: Option<Htif>,
    semihosting: Option<Semihosting>,
    outside: Outside,
    mark: Mark,
    /// One a memory, in the board's order.
    pub memories: Vec<Pages>,
}

/// Which pages of a memory are not all zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pages {
    /// First address.
    pub base: u32,
    /// Bytes.
    pub len: u32,
    /// Their numbers in ascending order: page `n` begins at `base + 4096 * n`.
    pub used: Vec<u32>,
}

/// A state that a board cannot take.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WrongBoard {
    /// Other memories or devices.
    #[error(
        "it was saved on a platform with other memories or devices; give the --platform that it was saved on"
    )]
    OtherPlatform,
    /// The bytes are not those that the pages say.
    #[error("memory at {0:#010x}: pages and bytes do not fit each other; the file is damaged")]
    Pages(u32),
}

impl Board {
    /// The state of the devices, and which pages of the memories are in use.
    pub fn save(&self) -> Saved {
        let devices = self.devices.iter().map(|placed| (placed.base, placed.device.clone()));
        Saved {
            devices: devices.collect(),
            htif: self.htif.clone(),
            semihosting: self.semihosting.clone(),
            outside: self.outside.clone(),
            mark: self.mark,
            memories: self.memories.iter().map(pages).collect(),
        }
    }

    /// The bytes of a memory's used pages, one after the other.
    pub fn saved_bytes<'b>(&'b self, pages: &'b Pages) -> impl Iterator<Item = &'b [u8]> {
        let page = |n: &u32| self.peek(pages.base.wrapping_add(n << 12), PAGE as u32);
        pages.used.iter().filter_map(page)
    }

    /// Puts devices and memories into a saved state; `bytes` are those of each memory's used pages.
    ///
    /// # Errors
    /// [`WrongBoard`] if it is another platform's, or if pages and bytes do not fit; the board is then as it was.
    pub fn put_back(&mut self, saved: &Saved, bytes: &[Vec<u8>]) -> Result<(), WrongBoard> {
        let fits = |(placed, (base, device)): (&Placed, &(u32, Device))| {
            placed.base == *base && placed.device.fits(device)
        };
        let same = self.devices.len() == saved.devices.len()
            && self.devices.iter().zip(&saved.devices).all(fits)
            && self.htif.is_some() == saved.htif.is_some()
            && self.memories.iter().map(place).eq(saved.memories.iter().map(|p| (p.base, p.len)));
        if !same || bytes.len() != saved.memories.len() {
            return Err(WrongBoard::OtherPlatform);
        }
        for (pages, bytes) in saved.memories.iter().zip(bytes) {
            let ascending = pages.used.windows(2).all(|pair| pair[0] < pair[1]);
            let inside = pages.used.last().is_none_or(|last| *last < pages.len >> 12);
            if !ascending || !inside || bytes.len() != pages.used.len() * PAGE {
                return Err(WrongBoard::Pages(pages.base));
            }
        }
        for ((memory, pages), bytes) in self.memories.iter_mut().zip(&saved.memories).zip(bytes) {
            memory.replace(&pages.used, bytes);
        }
        for (placed, (_, device)) in self.devices.iter_mut().zip(&saved.devices) {
            placed.device.clone_from(device);
        }
        let source = self.outside.take_source();
        self.outside.clone_from(&saved.outside);
        self.outside.set_source(source);
        self.htif.clone_from(&saved.htif);
        self.semihosting.clone_from(&saved.semihosting);
        if let Some(addr) = saved.mark.addr() {
            self.set_mark(addr);
        }
        self.mark = saved.mark;
        Ok(())
    }
}

fn place(memory: &Memory) -> (u32, u32) {
    (memory.base(), memory.len())
}

fn pages(memory: &Memory) -> Pages {
    let (base, len) = place(memory);
    let used = memory.bytes().chunks(PAGE).zip(0..);
    let used = used.filter(|(page, _)| page.iter().any(|byte| *byte != 0)).map(|(_, n)| n);
    Pages { base, len, used: used.collect() }
}

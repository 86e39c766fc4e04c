//! A board: the memories and devices of a platform, with a program loaded.

use super::device::{Context, Device, Peripheral};
use super::htif::Htif;
use super::semihosting::Semihosting;
use super::{Bus, BusFault, Direct, Lines, Memories, Semihosted, Size, Written};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Read;
use std::sync::{Arc, Mutex};
use thiserror::Error;

/// Console bytes that are kept until they are taken; what a program prints beyond this is dropped, so that it cannot grow
/// the host.
const CONSOLE_LIMIT: usize = 1 << 22;
/// Accesses to devices that are not modelled are remembered up to this many.
const UNMODELLED_LIMIT: usize = 16;

/// A program does not fit the platform.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LoadError {
    /// A segment lies outside all memories.
    #[error(
        "segment {addr:#010x}..{end:#010x} lies outside the memory of platform '{platform}' ({memories}); link the program there, or choose another --platform"
    )]
    OutsideMemory {
        /// The platform's name.
        platform: String,
        /// Its memories.
        memories: String,
        /// First address of the segment.
        addr: u32,
        /// One past its last address.
        end: u64,
    },
    /// The entry is odd or outside all memories.
    #[error(
        "entry {entry:#010x} is not an even address in the memory of platform '{platform}'; link the program there, or choose another --platform"
    )]
    Entry {
        /// The platform's name.
        platform: String,
        /// The ELF's entry.
        entry: u32,
    },
    /// The platform needs a symbol that the program lacks.
    #[error(
        "the platform has [htif], which needs a symbol 'tohost' or a section '.tohost' in the program's memory, and the program has neither; define it, or choose another --platform"
    )]
    NoTohost,
}

/// Where more input comes from when what is there is used up.
#[derive(Clone)]
pub(super) struct Source(Arc<Mutex<dyn Read + Send>>);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

/// What a program prints, what it can read, and the end that it asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outside {
    console: Vec<u8>,
    input: Vec<u8>,
    consumed: usize,
    /// `None` once it has ended. It is not saved.
    #[serde(skip)]
    source: Option<Source>,
    exit: Option<u32>,
    /// Devices without a model that were accessed: name and address.
    unmodelled: Vec<(String, u32)>,
}

impl Outside {
    /// Prints a byte.
    pub fn print(&mut self, byte: u8) {
        if self.console.len() < CONSOLE_LIMIT {
            self.console.push(byte);
        }
    }

    /// Takes the next byte of input; waits for it if there is a source.
    pub fn read(&mut self) -> Option<u8> {
        if !self.readable() {
            self.fill();
        }
        let byte = self.input.get(self.consumed).copied();
        self.consumed += usize::from(byte.is_some());
        byte
    }

    fn fill(&mut self) {
        let Some(Source(source)) = &self.source else { return };
        let mut chunk = [0; 4096];
        let read = source.lock().map_or(0, |mut source| source.read(&mut chunk).unwrap_or(0));
        self.input.clear();
        self.consumed = 0;
        self.input.extend_from_slice(&chunk[..read]);
        if read == 0 {
            self.source = None;
        }
    }

    /// Takes away where more input comes from.
    pub(super) fn take_source(&mut self) -> Option<Source> {
        self.source.take()
    }

    /// Says where more input comes from.
    pub(super) fn set_source(&mut self, source: Option<Source>) {
        self.source = source;
    }

    /// Whether there is input left that needs no waiting.
    pub fn readable(&self) -> bool {
        self.consumed < self.input.len()
    }

    /// Ends the run.
    pub fn exit(&mut self, code: u32) {
        self.exit.get_or_insert(code);
    }

    /// Notes an access to a device that has no model.
    pub fn unmodelled(&mut self, name: &str, addr: u32) {
        let known = self.unmodelled.iter().any(|(n, _)| n == name);
        if !known && self.unmodelled.len() < UNMODELLED_LIMIT {
            self.unmodelled.push((name.to_owned(), addr));
        }
    }
}

#[cfg(test)]
impl Outside {
    pub(super) fn printed(&self) -> &[u8] {
        &self.console
    }

    pub(super) fn give(&mut self, input: &[u8]) {
        self.input = input.to_vec();
    }

    pub(super) fn exit_code(&self) -> Option<u32> {
        self.exit
    }

    pub(super) fn reported(&self) -> impl Iterator<Item = (&str, u32)> {
        self.unmodelled.iter().map(|(name, addr)| (name.as_str(), *addr))
    }
}

/// A device at its place.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub base: u32,
    pub len: u32,
    pub device: Device,
}

/// The board. Made by [`super::Platform::board`].
#[derive(Clone, Debug)]
pub struct Board {
    pub(super) memories: Memories,
    pub(super) devices: Vec<Placed>,
    /// Nothing answers an access to an address where nothing is, not even with an error.
    pub(super) unmapped_hangs: bool,
    pub(super) htif: Option<Htif>,
    pub(super) semihosting: Option<Semihosting>,
    pub(super) outside: Outside,
    pub(super) mark: Mark,
}

/// Where a memory or a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub base: u32,
    /// Bytes.
    pub len: u32,
    /// Whether it is memory that the core cannot write.
    pub read_only: bool,
}

/// A word whose stores tell where a program is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Mark {
    addr: Option<u32>,
    stored: bool,
}

impl Mark {
    pub(super) fn addr(self) -> Option<u32> {
        self.addr
    }
}

impl Board {
    /// Bytes of memory from `addr` on; `None` if they are not all in one memory.
    pub fn peek(&self, addr: u32, len: u32) -> Option<&[u8]> {
        self.memories.peek(addr, len)
    }

    /// Writes bytes into memory; `None`, with nothing written, if they do not fit.
    pub fn poke(&mut self, addr: u32, bytes: &[u8]) -> Option<()> {
        self.memories.poke(addr, bytes)
    }

    /// Makes the present memory the one that [`Board::restore`] expects of its argument.
    pub fn settle(&mut self) {
        self.memories.settle();
    }

    /// After [`Board::settle`]: takes what had been written in `other`, which has become like this board then, for written again.
    pub fn unsettle(&mut self, other: &Board) {
        self.memories.unsettle(&other.memories);
    }

    /// Whether more than the hart can read memory. Semihosting reads it only when the hart executes EBREAK.
    pub fn devices_read_memory(&self) -> bool {
        self.htif.is_some() || self.devices.iter().any(|placed| placed.device.reads_memory())
    }

    /// What the program has printed and nobody has taken yet, up to 1 MiB.
    pub fn console(&self) -> &[u8] {
        &self.outside.console
    }

    /// Takes what the program has printed since the last call.
    pub fn take_console(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outside.console)
    }

    /// Gives the program bytes to read from its UART or by semihosting.
    pub fn set_input(&mut self, input: Vec<u8>) {
        self.outside.input = input;
        self.outside.consumed = 0;
    }

    /// Gives the program a source of bytes to read by semihosting or HTIF, whose reads can wait. It is asked when the
    /// program reads and not before; a UART, which is polled, shows only what has been read from it already.
    pub fn set_input_source(&mut self, source: impl Read + Send + 'static) {
        self.outside.source = Some(Source(Arc::new(Mutex::new(source))));
    }

    /// Sets the command line that semihosting shows the program.
    pub fn set_command_line(&mut self, line: &str) {
        if let Some(semihosting) = &mut self.semihosting {
            semihosting.set_command_line(line);
        }
    }

    /// Takes the host away: EBREAK is an exception wherever it stands.
    pub fn disable_semihosting(&mut self) {
        self.semihosting = None;
    }

    /// Takes the word at `addr` for the one that marks where the program is ([`Bus::take_mark`]). Does nothing where no memory is.
    pub fn set_mark(&mut self, addr: u32) {
        if let Some(memory) = self.memories.at_mut(addr) {
            memory.watch(addr, addr.wrapping_add(4));
            self.mark = Mark { addr: Some(addr), stored: false };
        }
    }

    /// Memories and devices, in no order.
    pub fn regions(&self) -> Vec<Region> {
        let memories = self.memories.iter().map(|memory| Region {
            base: memory.base(),
            len: memory.len(),
            read_only: memory.is_read_only(),
        });
        let devices = self.devices.iter();
        let devices =
            devices.map(|placed| Region { base: placed.base, len: placed.len, read_only: false });
        memories.chain(devices).collect()
    }

    /// Holds stores of the core into these ranges of memory, first address and length, and no others from now on: they are not done, and the
    /// machine says so. What devices and the host write is not held.
    pub fn hold(&mut self, ranges: &[(u32, u32)]) {
        self.memories.hold(ranges);
    }

    /// Devices without a model that the program has accessed: name and first address.
    pub fn unmodelled(&self) -> &[(String, u32)] {
        &self.outside.unmodelled
    }

    /// Makes this board equal to `pristine`, from which it was cloned.
    pub fn restore(&mut self, pristine: &Board) {
        self.memories.restore(&pristine.memories);
        for (placed, original) in self.devices.iter_mut().zip(&pristine.devices) {
            placed.device.clone_from(&original.device);
        }
        self.htif.clone_from(&pristine.htif);
        self.semihosting.clone_from(&pristine.semihosting);
        self.outside.clone_from(&pristine.outside);
    }

    /// Makes this board equal to another one in everything, both cloned from the same.
    pub fn become_like(&mut self, other: &Board) {
        self.memories.become_like(&other.memories);
        for (placed, theirs) in self.devices.iter_mut().zip(&other.devices) {
            placed.device.clone_from(&theirs.device);
        }
        self.htif.clone_from(&other.htif);
        self.semihosting.clone_from(&other.semihosting);
        self.outside.clone_from(&other.outside);
        self.mark = other.mark;
    }

    fn device(&mut self, addr: u32, clock: u64) -> Option<(&mut Device, u32, Context<'_>)> {
        let placed = self.devices.iter_mut().find(|d| addr.wrapping_sub(d.base) < d.len)?;
        let (outside, memory) = (&mut self.outside, &mut self.memories);
        let cx = Context { clock, addr, outside, memory };
        Some((&mut placed.device, addr - placed.base, cx))
    }
}

impl Bus for Board {
    #[inline(always)]
    fn load(&self, addr: u32, size: Size) -> Option<u32> {
        self.memories.load(addr, size)
    }

    #[inline(always)]
    fn store(&mut self, addr: u32, size: Size, value: u32) -> Option<Result<Written, BusFault>> {
        self.memories.store(addr, size, value)
    }

    #[cold]
    fn device_load(&mut self, addr: u32, size: Size, clock: u64) -> Result<u32, BusFault> {
        let (device, offset, mut cx) = self.device(addr, clock).ok_or(BusFault)?;
        device.load(offset, size, &mut cx)
    }

    #[cold]
    fn device_store(
        &mut self,
        addr: u32,
        size: Size,
        value: u32,
        clock: u64,
    ) -> Result<(), BusFault> {
        let (device, offset, mut cx) = self.device(addr, clock).ok_or(BusFault)?;
        device.store(offset, size, value, &mut cx)
    }

    #[cold]
    fn watched(&mut self, addr: u32, clock: u64) {
        self.mark.stored |= self.mark.addr == Some(addr);
        if let Some(mut htif) = self.htif.take() {
            htif.stored(addr, clock, self);
            self.htif = Some(htif);
        }
    }

    fn holds(&self, addr: u32, size: Size) -> bool {
        self.memories.holds(addr, size.bytes())
    }

    fn take_mark(&mut self) -> bool {
        std::mem::take(&mut self.mark.stored)
    }

    fn fetch(&self, addr: u32) -> Result<u16, BusFault> {
        self.load(addr, Size::Half).map(|half| half as u16).ok_or(BusFault)
    }

    fn code_windows(&self) -> Vec<(u32, u32)> {
        self.memories.iter().map(|m| (m.base(), m.len())).collect()
    }

    fn guard_code(&mut self, from: u32, to: u32, on: bool) {
        // A block can begin in one memory and end in the next, at the end of the address space too.
        let mut from = from;
        while from != to
            && let Some(memory) = self.memories.at_mut(from)
        {
            let len = to.wrapping_sub(from).min(memory.left_from(from));
            let end = from.wrapping_add(len);
            memory.guard_code(from, end, on);
            from = end;
        }
    }

    fn direct(&mut self) -> Option<Direct> {
        Some(self.memories.direct())
    }

    fn host_wrote_code(&mut self) -> bool {
        self.memories.iter_mut().fold(false, |any, memory| memory.take_poked_code() | any)
    }

    fn tick(&mut self, clock: u64) {
        if let Some(mut htif) = self.htif.take() {
            htif.tick(clock, self);
            self.htif = Some(htif);
        }
        for Placed { base, device, .. } in &mut self.devices {
            let (outside, memory) = (&mut self.outside, &mut self.memories);
            device.tick(&mut Context { clock, addr: *base, outside, memory });
        }
    }

    fn hangs(&self, addr: u32) -> bool {
        self.unmapped_hangs && !self.memories.iter().any(|m| m.contains(addr))
    }

    fn cuts_power(&self) -> bool {
        self.devices.iter().any(|placed| placed.device.cuts_power())
    }

    fn restart(&self, clock: u64) -> Option<u32> {
        self.devices.iter().find_map(|placed| placed.device.restart(clock))
    }

    fn lines(&self, clock: u64) -> Lines {
        let lines = self.devices.iter().map(|placed| placed.device.lines(clock));
        lines.fold(Lines::default(), |all, one| all | one)
    }

    fn next_change(&self, clock: u64) -> Option<u64> {
        let htif = self.htif.as_ref().and_then(Htif::due);
        let devices = self.devices.iter().filter_map(|placed| placed.device.next_change(clock));
        devices.chain(htif).min()
    }

    fn time(&self, clock: u64) -> u64 {
        self.devices.iter().find_map(|placed| placed.device.time(clock)).unwrap_or(clock)
    }

    #[cold]
    fn semihost(&mut self, operation: u32, parameter: u32, clock: u64) -> Semihosted {
        let Some(mut semihosting) = self.semihosting.take() else { return Semihosted::NoHost };
        let result = semihosting.call(operation, parameter, clock, self);
        self.semihosting = Some(semihosting);
        Semihosted::Done(result)
    }

    fn exit_code(&self) -> Option<u32> {
        self.outside.exit
    }
}

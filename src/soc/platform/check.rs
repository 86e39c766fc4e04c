//! What is wrong with a platform file though it is TOML with the right fields: address ranges that cannot be.
//!
//! In: the description. Out: the first thing that is wrong, and where in the text.

use super::{DeviceSpec, HtifSpec, MEMORY_LIMIT, MemorySpec, Spec};
use crate::soc::device::Kind;
use toml::Spanned;

/// What is wrong, and at which byte of the text.
pub(super) type Wrong = (usize, String);

/// An address range that something takes.
struct Range {
    what: &'static str,
    at: usize,
    base: u32,
    size: u32,
}

impl Range {
    fn end(&self) -> u64 {
        u64::from(self.base) + u64::from(self.size)
    }

    fn wrong(&self, cause: &str) -> Wrong {
        (self.at, format!("{} at {:#010x} (size {:#x}) {cause}", self.what, self.base, self.size))
    }
}

impl Spec {
    fn memories(&self) -> impl Iterator<Item = Range> {
        self.memory.iter().map(|spec| {
            let MemorySpec { base, size, .. } = *spec.get_ref();
            Range { what: "[[memory]]", at: spec.span().start, base, size }
        })
    }

    fn devices(&self) -> impl Iterator<Item = (Range, &Kind)> {
        self.device.iter().map(|spec| {
            let DeviceSpec { base, size, kind } = spec.get_ref();
            let size = size.or(kind.default_len()).unwrap_or(0);
            (Range { what: "[[device]]", at: spec.span().start, base: *base, size }, kind)
        })
    }

    /// Bytes from a memory's base to the next thing above it.
    pub(super) fn room(&self, base: u32) -> u64 {
        let ranges = self.memories().chain(self.devices().map(|(range, _)| range));
        let above = ranges.map(|range| u64::from(range.base)).filter(|b| *b > u64::from(base));
        above.min().unwrap_or(1 << 32) - u64::from(base)
    }
}

/// What deserialisation does not see: ranges.
pub(super) fn check(spec: &Spec) -> Result<(), Wrong> {
    let mut ranges: Vec<Range> = spec.memories().collect();
    if ranges.is_empty() {
        return Err((0, "it has no [[memory]]; a program needs some".into()));
    }
    let pages = |r: &&Range| r.size == 0 || !(r.base | r.size).is_multiple_of(4096);
    if let Some(memory) = ranges.iter().find(pages) {
        return Err(
            memory.wrong("is wrong: base and size must be multiples of 4096, and the size not 0")
        );
    }
    if ranges.iter().map(|r| u64::from(r.size)).sum::<u64>() > MEMORY_LIMIT {
        let at = ranges.last().map_or(0, |r| r.at);
        return Err((at, "the memories together are larger than 2 GiB; make them smaller".into()));
    }
    for (range, kind) in spec.devices() {
        device(&range, kind)?;
        ranges.push(range);
    }
    ranges.sort_by_key(|range| range.base);
    for pair in ranges.windows(2) {
        let [a, b] = pair else { continue };
        if a.end() > u64::from(b.base) {
            let other =
                format!("overlaps {} at {:#010x}; make it smaller or move it", b.what, b.base);
            return Err(a.wrong(&other));
        }
    }
    if let Some(last) = ranges.last().filter(|last| last.end() > 1 << 32) {
        return Err(last.wrong("ends above 4 GiB; make it smaller or move it"));
    }
    htif(spec)
}

/// Bytes of one device, at the most, unless it is larger by itself.
const DEVICE_LIMIT: u32 = 1 << 26;

fn device(range: &Range, kind: &Kind) -> Result<(), Wrong> {
    if range.size == 0 && kind.default_len().is_none() {
        return Err(range.wrong("needs a size: give it in bytes, a multiple of 4"));
    }
    let most = kind.default_len().unwrap_or(0).max(DEVICE_LIMIT);
    if range.size == 0 || !(range.base | range.size).is_multiple_of(4) || range.size > most {
        return Err(range.wrong(
            "is wrong: base and size must be multiples of 4, and the size 4 bytes to 64 MiB",
        ));
    }
    match kind {
        Kind::Exit { shift } if *shift > 31 => {
            Err(range.wrong(&format!("shifts a word by {shift}; shift must be 0 to 31")))
        }
        Kind::Timer(timer) => {
            if timer.prescale == 0 {
                return Err(range.wrong("has prescale 0; it must be 1 or more cycles per tick"));
            }
            let msip = timer.msip.map(|at| (at, 4));
            let mut registers = vec![(timer.mtime, 8), (timer.mtimecmp, 8)];
            registers.extend(msip);
            registers.sort_unstable();
            let end = |(at, len): (u32, u32)| u64::from(at) + u64::from(len);
            let overlap = registers.windows(2).any(|pair| end(pair[0]) > u64::from(pair[1].0));
            let outside = registers.iter().any(|r| end(*r) > u64::from(range.size));
            if overlap || outside || registers.iter().any(|(at, _)| at % 4 != 0) {
                return Err(range.wrong(
                    "has wrong registers: mtime and mtimecmp (8 bytes each) and msip (4) must lie \
                     apart, inside it, at multiples of 4",
                ));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Mailboxes that are given must be in memory.
fn htif(spec: &Spec) -> Result<(), Wrong> {
    let Some(htif) = &spec.htif else { return Ok(()) };
    let HtifSpec { tohost, fromhost } = htif.get_ref();
    for (name, addr) in [("tohost", tohost), ("fromhost", fromhost)] {
        let Some(addr) = *addr else { continue };
        let inside = spec.memory.iter().map(Spanned::get_ref).any(|m| {
            let len = if m.grows { spec.room(m.base) } else { m.size.into() };
            u64::from(addr.wrapping_sub(m.base)) + 8 <= len
        });
        if !inside || !addr.is_multiple_of(4) {
            let cause = format!(
                "[htif] has {name} at {addr:#010x}: it must be 8 bytes in memory, at a multiple of 4"
            );
            return Err((htif.span().start, cause));
        }
    }
    Ok(())
}

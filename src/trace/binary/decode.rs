//! The unpacked bytes of a block -> events. Any bytes may be there: what cannot be is damage, told as `None`.

use super::encode::link;
use super::place::{NONE, Place};
use super::{BLOCK, SECTIONS, STATE_BYTES, extra, flag, tag};
use crate::cpu::{Access, CsrWrite, Retired};

/// Bytes that are taken from the front.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    fn section(&mut self, len: u32) -> Option<Bytes<'b>> {
        let (first, rest) = self.0.split_at_checked(len as usize)?;
        self.0 = rest;
        Some(Bytes(first))
    }

    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn leb128(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

/// What reader and writer keep in the same way.
struct State {
    registers: [u32; 32],
    number: u64,
    cycles: u64,
    mode: u8,
    last: u32,
    places: Vec<Place>,
}

/// Appends the events of a block to `events`; `None` if its bytes are damaged, and then some may have been appended.
pub(super) fn block(bytes: &[u8], events: &mut Vec<Retired>) -> Option<()> {
    const { assert!(STATE_BYTES == 145) };
    let mut bytes = Bytes(bytes);
    let (number, cycles, end_pc, mode) = (bytes.u64()?, bytes.u64()?, bytes.u32()?, bytes.u8()?);
    let mut registers = [0; 32];
    for register in &mut registers[1..] {
        *register = bytes.u32()?;
    }
    let mut lens = [0; SECTIONS];
    for len in &mut lens {
        *len = bytes.u32()?;
    }
    let mut section = lens.map(|len| bytes.section(len));
    let [tags, slots, new_places, values, waits, extras] = &mut section;
    let tags = tags.as_ref()?;
    let (slots, new_places, values) = (slots.as_mut()?, new_places.as_mut()?, values.as_mut()?);
    let (waits, extras) = (waits.as_mut()?, extras.as_mut()?);
    if tags.0.len() > BLOCK {
        return None;
    }
    let mut state = State { registers, number, cycles, mode, last: NONE, places: Vec::new() };
    let begin = events.len();
    for tag in tags.0 {
        let slot = state.slot(*tag, slots, new_places)?;
        let place = state.places.get_mut(slot as usize)?;
        if tag & tag::CYCLES != 0 {
            place.cycles = waits.leb128()?;
        }
        state.cycles = state.cycles.wrapping_add(place.cycles);
        state.number = state.number.wrapping_add(1);
        let kinds = if tag & tag::EXTRAS != 0 { extras.u16()? } else { 0 };
        let (event, went) = state.event(slot, kinds, values, extras)?;
        if let Some(last) = events[begin..].last_mut() {
            last.next_pc = went.unwrap_or(event.pc);
        }
        events.push(event);
        state.last = slot;
    }
    events[begin..].last_mut()?.next_pc = end_pc;
    Some(())
}

impl State {
    /// The number of the next place.
    fn slot(&mut self, tag: u8, slots: &mut Bytes<'_>, new: &mut Bytes<'_>) -> Option<u32> {
        if tag & tag::SLOT == 0 {
            let second = usize::from(tag & tag::SECOND != 0);
            return Some(self.places.get(self.last as usize)?.next[second]);
        }
        let slot = u32::from(slots.u16()?);
        if slot as usize == self.places.len() {
            let (pc, word, len) = (new.u32()?, new.u32()?, new.u8()?);
            if !matches!(len, 2 | 4) {
                return None;
            }
            self.places.push(Place::new(pc, word, len));
        }
        link(&mut self.places, self.last, slot);
        Some(slot)
    }

    /// The event at a place, but for where it goes; and where the one before it went, if not here.
    fn event(
        &mut self,
        slot: u32,
        kinds: u16,
        values: &mut Bytes<'_>,
        extras: &mut Bytes<'_>,
    ) -> Option<(Retired, Option<u32>)> {
        let has = |kind| kinds & kind != 0;
        let place = self.places.get_mut(slot as usize)?;
        let flags = if has(extra::FLAGS) { extras.u8()? } else { 0 };
        let is = |bit| flags & bit != 0;
        if has(extra::MODE) {
            self.mode = extras.u8()?;
        }
        if has(extra::LEFT_OUT) {
            self.number = self.number.wrapping_add(extras.leb128()?);
        }
        let went = if has(extra::WENT) { Some(extras.u32()?) } else { None };
        let none = is(flag::NO_OPERATION);
        let (rs1, rs2) = if none { (0, 0) } else { (place.rs1, place.rs2) };
        for (kind, register) in [(extra::RS1, rs1), (extra::RS2, rs2)] {
            if has(kind) {
                self.registers[usize::from(register & 31)] = extras.u32()?;
            }
        }
        let read = |register: u8| (register, self.registers[usize::from(register & 31)]);
        let (rs1, rs2) = (read(rs1), read(rs2));
        let trapped = is(flag::TRAPPED);
        let rd = if has(extra::RD) {
            (extras.u8()?, extras.u32()?)
        } else if trapped || place.rd == 0 {
            (0, 0)
        } else {
            place.value = place.value.wrapping_add(values.u32()?);
            (place.rd, place.value)
        };
        self.registers[usize::from(rd.0 & 31)] = rd.1;
        self.registers[0] = 0;
        let access = match has(extra::ACCESS) {
            true => access(extras)?,
            false if trapped => None,
            false => place.access(rs1.1, rs2.1, rd.1),
        };
        let csr = match has(extra::CSR) {
            true => Some(CsrWrite { number: extras.u16()? & 0xfff, value: extras.u32()? }),
            false => None,
        };
        let event = Retired {
            number: self.number,
            pc: place.pc,
            word: place.word,
            len: place.len,
            op: if none { None } else { place.op },
            rs1,
            rs2,
            rd: (rd.0 & 31, rd.1),
            csr,
            access,
            trapped,
            enters_handler: is(flag::ENTERS_HANDLER),
            interrupted: is(flag::INTERRUPTED),
            next_pc: 0,
            mode: self.mode,
            cycles: self.cycles,
        };
        Some((event, went))
    }
}

/// An access that the operation does not tell; `None` outside if it is none that there can be.
fn access(extras: &mut Bytes<'_>) -> Option<Option<Access>> {
    let kind = extras.u8()?;
    if kind & 1 == 0 {
        return Some(None);
    }
    let len = kind >> 4;
    let access = Access { addr: extras.u32()?, len, store: kind & 2 != 0, data: extras.u32()? };
    matches!(len, 1 | 2 | 4).then_some(Some(access))
}

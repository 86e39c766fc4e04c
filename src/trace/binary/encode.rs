//! Events -> the bytes of blocks, before they are packed.

use super::place::{NONE, Place};
use super::{BLOCK, SECTIONS, STATE_BYTES, extra, flag, tag};
use crate::cpu::{M_MODE, Retired};
use rustc_hash::FxHashMap;

/// Makes blocks of events, which come in order and from one machine.
pub struct Encoder {
    /// State before the block, as it is written.
    before: [u8; STATE_BYTES],
    registers: [u32; 32],
    number: u64,
    cycles: u64,
    /// Where the last instruction went.
    next_pc: u32,
    mode: u8,
    last: u32,
    places: Vec<Place>,
    slots_of: FxHashMap<(u32, u32), u32>,
    tags: Vec<u8>,
    slots: Vec<u8>,
    new_places: Vec<u8>,
    values: Vec<u32>,
    waits: Vec<u8>,
    extras: Vec<u8>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// Nothing is known yet.
    pub fn new() -> Self {
        let mut encoder = Self {
            before: [0; STATE_BYTES],
            registers: [0; 32],
            number: 0,
            cycles: 0,
            next_pc: 0,
            mode: M_MODE,
            last: NONE,
            places: Vec::new(),
            slots_of: FxHashMap::default(),
            tags: Vec::with_capacity(BLOCK),
            slots: Vec::new(),
            new_places: Vec::new(),
            values: Vec::with_capacity(BLOCK),
            waits: Vec::new(),
            extras: Vec::new(),
        };
        encoder.begin();
        encoder
    }

    /// Instructions in the block so far.
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    /// Whether the block has none.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// Appends one event; returns whether the block is full and must be taken ([`Encoder::take`]).
    #[inline(always)]
    pub fn push(&mut self, event: &Retired) -> bool {
        let mut tag = 0;
        let slot = self.follow(event, &mut tag);
        let place = &mut self.places[slot as usize];
        let waited = event.cycles.wrapping_sub(self.cycles);
        if waited != place.cycles {
            tag |= tag::CYCLES;
            place.cycles = waited;
            push_leb128(&mut self.waits, waited);
        }
        let rs1 = self.registers[usize::from(place.rs1 & 31)];
        let rs2 = self.registers[usize::from(place.rs2 & 31)];
        let plain = event.number == self.number + 1
            && event.pc == self.next_pc
            && !(event.trapped | event.enters_handler)
            && event.mode == self.mode
            && event.rd.0 == place.rd
            && event.rs1.1 == rs1
            && event.rs2.1 == rs2
            && event.csr.is_none()
            && event.access == place.access(rs1, rs2, event.rd.1);
        if plain {
            if place.rd != 0 {
                self.values.push(event.rd.1.wrapping_sub(place.value));
                place.value = event.rd.1;
                self.registers[usize::from(place.rd & 31)] = event.rd.1;
            }
        } else {
            tag |= tag::EXTRAS;
            self.push_extras(event, slot);
        }
        self.number = event.number;
        self.cycles = event.cycles;
        self.next_pc = event.next_pc;
        self.last = slot;
        self.tags.push(tag);
        self.tags.len() == BLOCK
    }

    /// The place of an event, by what followed the last one or by its address.
    #[inline(always)]
    fn follow(&mut self, event: &Retired, tag: &mut u8) -> u32 {
        let is = |place: Option<&Place>| {
            place.is_some_and(|p| p.pc == event.pc && p.word == event.word && p.len == event.len)
        };
        if let Some(last) = self.places.get(self.last as usize) {
            let [first, second] = last.next;
            if is(self.places.get(first as usize)) {
                return first;
            }
            if is(self.places.get(second as usize)) {
                *tag |= tag::SECOND;
                return second;
            }
        }
        *tag |= tag::SLOT;
        self.find(event)
    }

    #[inline(never)]
    fn find(&mut self, event: &Retired) -> u32 {
        let new = self.places.len() as u32;
        // One that could not be fetched may have the bits of a shorter one.
        let key = (event.pc, event.word ^ u32::from(event.len & 2) << 30);
        let slot = *self.slots_of.entry(key).or_insert(new);
        if slot == new {
            self.places.push(Place::new(event.pc, event.word, event.len));
            self.new_places.extend_from_slice(&event.pc.to_le_bytes());
            self.new_places.extend_from_slice(&event.word.to_le_bytes());
            self.new_places.push(event.len);
        }
        self.slots.extend_from_slice(&(slot as u16).to_le_bytes());
        link(&mut self.places, self.last, slot);
        slot
    }

    #[cold]
    fn push_extras(&mut self, event: &Retired, slot: u32) {
        let place = &mut self.places[slot as usize];
        let (mut kinds, mut rest) = (0, Vec::new());
        let no_operation = event.op.is_none() && place.op.is_some();
        let flags = [
            (event.trapped, flag::TRAPPED),
            (event.enters_handler, flag::ENTERS_HANDLER),
            (event.interrupted, flag::INTERRUPTED),
            (no_operation, flag::NO_OPERATION),
        ];
        let flags = flags.iter().filter(|(set, _)| *set).fold(0, |all, (_, bit)| all | bit);
        if flags != 0 {
            kinds |= extra::FLAGS;
            rest.push(flags);
        }
        if event.mode != self.mode {
            kinds |= extra::MODE;
            rest.push(event.mode);
            self.mode = event.mode;
        }
        if event.number != self.number + 1 {
            kinds |= extra::LEFT_OUT;
            push_leb128(&mut rest, event.number.wrapping_sub(self.number + 1));
        }
        // The first of a block has nobody before it to ask.
        if event.pc != self.next_pc && !self.tags.is_empty() {
            kinds |= extra::WENT;
            rest.extend_from_slice(&self.next_pc.to_le_bytes());
        }
        let (rs1, rs2) = if no_operation { (0, 0) } else { (place.rs1, place.rs2) };
        for (kind, number, value) in
            [(extra::RS1, rs1, event.rs1.1), (extra::RS2, rs2, event.rs2.1)]
        {
            if self.registers[usize::from(number & 31)] != value {
                kinds |= kind;
                rest.extend_from_slice(&value.to_le_bytes());
                self.registers[usize::from(number & 31)] = value;
            }
        }
        let told = if event.trapped { 0 } else { place.rd };
        if event.rd.0 != told {
            kinds |= extra::RD;
            rest.push(event.rd.0);
            rest.extend_from_slice(&event.rd.1.to_le_bytes());
            self.registers[usize::from(event.rd.0 & 31)] = event.rd.1;
        } else if told != 0 {
            self.values.push(event.rd.1.wrapping_sub(place.value));
            place.value = event.rd.1;
            self.registers[usize::from(told & 31)] = event.rd.1;
        }
        self.registers[0] = 0;
        let told = match event.trapped {
            true => None,
            false => place.access(event.rs1.1, event.rs2.1, event.rd.1),
        };
        if event.access != told {
            kinds |= extra::ACCESS;
            match event.access {
                None => rest.push(0),
                Some(access) => {
                    rest.push(1 | u8::from(access.store) << 1 | access.len << 4);
                    rest.extend_from_slice(&access.addr.to_le_bytes());
                    rest.extend_from_slice(&access.data.to_le_bytes());
                }
            }
        }
        if let Some(csr) = event.csr {
            kinds |= extra::CSR;
            rest.extend_from_slice(&csr.number.to_le_bytes());
            rest.extend_from_slice(&csr.value.to_le_bytes());
        }
        self.extras.extend_from_slice(&kinds.to_le_bytes());
        self.extras.extend_from_slice(&rest);
    }

    /// Puts the block's bytes into `out`, in place of what is there, and begins the next one; returns how many instructions it has.
    pub fn take(&mut self, out: &mut Vec<u8>) -> usize {
        out.clear();
        self.before[16..20].copy_from_slice(&self.next_pc.to_le_bytes());
        out.extend_from_slice(&self.before);
        let values_len = 4 * self.values.len();
        let lens = [
            self.tags.len(),
            self.slots.len(),
            self.new_places.len(),
            values_len,
            self.waits.len(),
            self.extras.len(),
        ];
        const { assert!(SECTIONS == 6) };
        lens.iter().for_each(|len| out.extend_from_slice(&(*len as u32).to_le_bytes()));
        out.extend_from_slice(&self.tags);
        out.extend_from_slice(&self.slots);
        out.extend_from_slice(&self.new_places);
        let begin = out.len();
        out.resize(begin + values_len, 0);
        for (bytes, value) in out[begin..].chunks_exact_mut(4).zip(&self.values) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        out.extend_from_slice(&self.waits);
        out.extend_from_slice(&self.extras);
        let count = self.tags.len();
        self.begin();
        count
    }

    fn begin(&mut self) {
        self.before[..8].copy_from_slice(&self.number.to_le_bytes());
        self.before[8..16].copy_from_slice(&self.cycles.to_le_bytes());
        self.before[20] = self.mode;
        for (bytes, value) in self.before[21..].chunks_exact_mut(4).zip(&self.registers[1..]) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        self.last = NONE;
        self.places.clear();
        self.slots_of.clear();
        self.tags.clear();
        self.slots.clear();
        self.new_places.clear();
        self.values.clear();
        self.waits.clear();
        self.extras.clear();
    }
}

/// Notes that `slot` followed `last`: as the first that did, or else as the second.
#[inline(always)]
pub(super) fn link(places: &mut [Place], last: u32, slot: u32) {
    if let Some(last) = places.get_mut(last as usize) {
        let second = last.next[0] != NONE;
        last.next[usize::from(second)] = slot;
    }
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
fn push_leb128(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

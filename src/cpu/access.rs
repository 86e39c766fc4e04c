//! Loads and stores: one access or two, to memory or to a device, over code or not.
//!
//! In: an address, a size, a value. Out: the value, and what the interpreter must do before its next step. The common case, inside one
//! memory and over nothing that is watched, is inlined; all others are cold.

use super::Machine;
use super::block::Step;
use super::events::Event;
use super::exec::{After, Here};
use super::probe::{Access, Probe};
use super::timing;
use super::trap::Cause;
use crate::soc::{Bus, BusFault, Size, Written};
use crate::unit::Unit;

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    #[inline(always)]
    pub(super) fn load(
        &mut self,
        s: Step,
        here: Here<'_>,
        base: u32,
        size: Size,
        extend: impl Fn(u32) -> u32,
    ) -> After {
        let addr = base.wrapping_add(s.imm);
        let Some(value) = self.bus.load(addr, size) else {
            return match self.load_elsewhere(here, addr, size) {
                Ok(value) => {
                    self.set(s.rd, extend(value));
                    After::Look
                }
                Err(failed) => After::Trapped(Cause::LoadAccessFault, failed),
            };
        };
        if crosses_word(addr, size) {
            self.second_access();
        }
        self.set(s.rd, extend(value));
        if P::ACTIVE {
            self.accessed(addr, size, false, value);
            self.note_bus_word(addr, size, value);
        }
        After::Go
    }

    /// The bus needs two accesses.
    #[inline(always)]
    fn second_access(&mut self) {
        self.totals.cycles += timing::SECOND_ACCESS;
        self.crossings += 1;
    }

    #[inline(always)]
    fn accessed(&mut self, addr: u32, size: Size, store: bool, data: u32) {
        let len = size.bytes() as u8;
        self.access = Some(Access { addr, len, store, data });
    }

    /// Notes the word that memory has put on the data bus last: what a load that faults finds there.
    #[inline(always)]
    fn note_bus_word(&mut self, addr: u32, size: Size, value: u32) {
        let last = if crosses_word(addr, size) { (addr | 3).wrapping_add(1) } else { addr & !3 };
        self.bus_word = match size {
            Size::Word if addr == last => value,
            _ => self.bus.load(last, Size::Word).unwrap_or(value),
        };
    }

    /// What a load finds on the data bus if nothing answers: what memory has put there for the load before.
    ///
    /// Of one that crosses a word, `low` is what was there after the first access.
    fn stale(&self, addr: u32, size: Size, low: u32) -> u32 {
        let both = u64::from(self.bus_word) << 32 | u64::from(low);
        (both >> (8 * (addr & 3))) as u32 & u32::MAX >> (32 - 8 * size.bytes())
    }

    /// A load that does not lie inside one memory: from a device, across two memories, or from nowhere.
    ///
    /// # Errors
    /// The address for `mtval`.
    #[cold]
    fn load_elsewhere(&mut self, here: Here<'_>, addr: u32, size: Size) -> Result<u32, u32> {
        let clock = self.clock_at(here);
        let mut first_word = self.bus_word;
        let loaded = if crosses_word(addr, size) {
            let second = (addr | 3).wrapping_add(1);
            // A load that crosses a word is two accesses, the second also if the first fails; `mtval` is the address of
            // the first one that failed.
            let low = self.load_word(addr & !3, clock).map_err(|_| addr);
            first_word = self.bus_word;
            let high = self.load_word(second, clock + 1).map_err(|_| second);
            self.second_access();
            low.and_then(|low| {
                let both = u64::from(high?) << 32 | u64::from(low);
                let value = (both >> (8 * (addr & 3))) as u32;
                Ok(if size == Size::Half { value & 0xffff } else { value })
            })
        } else {
            self.bus.device_load(addr, size, clock).map_err(|_| addr)
        };
        if P::ACTIVE {
            let found = loaded.unwrap_or_else(|_| self.stale(addr, size, first_word));
            self.accessed(addr, size, false, found);
        }
        if loaded.is_err() {
            self.count_faulted_access(Event::Load);
        }
        loaded
    }

    fn load_word(&mut self, addr: u32, clock: u64) -> Result<u32, BusFault> {
        match self.bus.load(addr, Size::Word) {
            Some(word) => {
                if P::ACTIVE {
                    self.bus_word = word;
                }
                Ok(word)
            }
            None => self.bus.device_load(addr, Size::Word, clock),
        }
    }

    /// A faulting access counts as one, though its instruction does not retire.
    fn count_faulted_access(&mut self, event: Event) {
        self.events.count(event, 1);
        self.events.count(Event::MemoryWait, 1);
    }

    #[inline(always)]
    pub(super) fn store(
        &mut self,
        s: Step,
        here: Here<'_>,
        base: u32,
        value: u32,
        size: Size,
    ) -> After {
        let addr = base.wrapping_add(s.imm);
        if P::ACTIVE {
            self.accessed(addr, size, true, value & (u32::MAX >> (32 - 8 * size.bytes())));
        }
        if crosses_word(addr, size) {
            self.second_access();
        }
        match self.bus.store(addr, size, value) {
            Some(Ok(Written::Data)) => After::Go,
            Some(Ok(written)) => self.stored_where_watched(here, addr, size, written),
            _ => self.store_elsewhere(here, addr, size, value),
        }
    }

    #[cold]
    fn stored_where_watched(
        &mut self,
        here: Here<'_>,
        addr: u32,
        size: Size,
        written: Written,
    ) -> After {
        if written == Written::Held {
            return self.held(addr, size);
        }
        self.code_overwritten(addr, size.bytes());
        if written == Written::Code {
            return After::CodeWritten;
        }
        let clock = self.clock_at(here);
        self.bus.watched(addr, clock);
        self.forget_code_written_by_host();
        After::Look
    }

    /// A store that the bus holds has not happened.
    fn held(&mut self, addr: u32, size: Size) -> After {
        if crosses_word(addr, size) {
            self.totals.cycles -= timing::SECOND_ACCESS;
            self.crossings -= 1;
        }
        self.access = None;
        After::Held
    }

    fn code_overwritten(&mut self, addr: u32, len: u32) {
        self.blocks.overwritten(addr, len);
        if let Some(jit) = &mut self.jit {
            jit.overwritten(addr, len);
        }
    }

    /// A store that does not lie inside one memory: to a device, across two memories, to read-only memory, or nowhere.
    #[cold]
    fn store_elsewhere(&mut self, here: Here<'_>, addr: u32, size: Size, value: u32) -> After {
        let clock = self.clock_at(here);
        let failed = if crosses_word(addr, size) {
            if self.bus.holds(addr, size) {
                return self.held(addr, size);
            }
            // Two accesses; the one that succeeds is done, whatever becomes of the other (measured on cve2's RTL).
            let second = (addr | 3).wrapping_add(1);
            let mut failed = None;
            let bytes = value.to_le_bytes();
            for (i, byte) in bytes.into_iter().take(size.bytes() as usize).enumerate() {
                let at = addr.wrapping_add(i as u32);
                let in_second = at & !3 == second;
                if self.store_byte(at, byte, clock + u64::from(in_second)).is_err() {
                    failed = failed.or(Some(if in_second { second } else { addr }));
                }
            }
            failed
        } else {
            self.bus.device_store(addr, size, value, clock).err().map(|_| addr)
        };
        self.forget_code_written_by_host();
        match failed {
            None => After::Look,
            Some(failed) => {
                self.count_faulted_access(Event::Store);
                After::Trapped(Cause::StoreAccessFault, failed)
            }
        }
    }

    fn store_byte(&mut self, addr: u32, byte: u8, clock: u64) -> Result<(), BusFault> {
        match self.bus.store(addr, Size::Byte, byte.into()) {
            Some(done) => {
                let written = done?;
                if written != Written::Data {
                    self.code_overwritten(addr, 1);
                }
                if written == Written::Watched {
                    self.bus.watched(addr, clock);
                }
                Ok(())
            }
            None => self.bus.device_store(addr, Size::Byte, byte.into(), clock),
        }
    }

    /// The host's side of HTIF or semihosting, or a device, may have written over decoded
    /// instructions.
    pub(super) fn forget_code_written_by_host(&mut self) {
        if self.bus.host_wrote_code() {
            self.stale = true;
        }
    }
}

#[inline(always)]
fn crosses_word(addr: u32, size: Size) -> bool {
    (addr & 3) + size.bytes() > 4
}

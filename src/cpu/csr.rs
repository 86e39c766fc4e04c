//! The control and status registers that software can see, with reset values and WARL behaviour.
//!
//! In: a [`Profile`], CSR numbers, values and the counters' totals. Out: values, or `None` where the access is illegal.
//! What the cores share is here, what differs in the profile. Field layouts: The RISC-V Instruction Set Manual,
//! Volume II, "Machine-Level CSRs". Reset values and what is writable: read in and measured on the RTL of cve2 and Ibex.

use super::pmp::Pmp;
use super::profile::{McauseBits, MtvecModes, Profile, ReservedMpp, UserInterrupts};
use crate::soc::Lines;
use serde::{Deserialize, Serialize};

/// Privilege mode M, as encoded in `mstatus.MPP`.
pub const M_MODE: u8 = 3;
/// Privilege mode U.
pub const U_MODE: u8 = 0;

const MSTATUS_MIE: u32 = 1 << 3;
const MSTATUS_MPIE: u32 = 1 << 7;
const MSTATUS_MPP: u32 = 3 << 11;
const MSTATUS_MPRV: u32 = 1 << 17;
const MSTATUS_TW: u32 = 1 << 21;
const MSTATUS_WRITABLE: u32 = MSTATUS_TW | MSTATUS_MPRV | MSTATUS_MPP | MSTATUS_MPIE | MSTATUS_MIE;
/// RV32IMC with U-mode and no other extension: MXL = 1, bits U, M, I, C. Writes are ignored.
const MISA: u32 = 0x4010_1104;
const MIP_SOFTWARE: u32 = 1 << 3;
const MIP_EXTERNAL: u32 = 1 << 11;
const MIP_FAST: u32 = 0xffff_0000;
/// `mcause`: an interrupt.
const INTERRUPT: u32 = 1 << 31;
/// Event counters have this many bits.
const EVENT_COUNTER_WIDTH: u32 = 40;
/// `cpuctrlsts`: an exception was taken and not yet returned from; another one came meanwhile. The other bits belong to
/// features that the configuration lacks.
const SYNC_EXC_SEEN: u32 = 1 << 6;
const DOUBLE_FAULT_SEEN: u32 = 1 << 7;

/// CSR numbers that other modules need.
pub mod number {
    #![allow(missing_docs)] // The names are the manual's.
    pub const MSTATUS: u32 = 0x300;
    pub const MIE: u32 = 0x304;
    pub const MSCRATCH: u32 = 0x340;
    pub const MEPC: u32 = 0x341;
}

/// How many event counters a core can have here.
pub const EVENTS: usize = 10;

/// A counter that software can set, stop and read, derived from a total that only ever grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counter {
    /// `value = total - base` while it runs.
    base: u64,
    /// The value while it is stopped.
    stopped: Option<u64>,
}

impl Counter {
    fn value(self, total: u64) -> u64 {
        self.stopped.unwrap_or_else(|| total.wrapping_sub(self.base))
    }

    fn set(&mut self, value: u64, total: u64) {
        match &mut self.stopped {
            Some(stopped) => *stopped = value,
            None => self.base = total.wrapping_sub(value),
        }
    }

    /// Sets one half; the other stays as it is in this very cycle, without its increment.
    fn set_half(&mut self, high: bool, word: u32, now: u64, next: u64) {
        let old = self.value(now);
        let word = u64::from(word);
        let new = if high { old & 0xffff_ffff | word << 32 } else { old & !0xffff_ffff | word };
        self.set(new, next);
    }

    /// Counts one more than the total does.
    fn count(&mut self) {
        if self.stopped.is_none() {
            self.base = self.base.wrapping_sub(1);
        }
    }

    fn inhibit(&mut self, stop: bool, total: u64) {
        match (stop, self.stopped) {
            (true, None) => self.stopped = Some(self.value(total)),
            (false, Some(value)) => *self = Self { base: total.wrapping_sub(value), stopped: None },
            _ => {}
        }
    }
}

/// Totals that the counters derive from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Clock cycles since reset, those asleep not counted.
    pub cycles: u64,
    /// Instructions retired since reset.
    pub retired: u64,
    /// What `time` reads.
    pub time: u64,
    /// Events since reset, from `mhpmcounter3` on.
    pub events: [u64; EVENTS],
}

/// Whether a CSR's value or effect depends on [`Totals::events`].
pub fn counts_events(number: u32) -> bool {
    matches!(number, 0x320 | 0xb03..=0xb1f | 0xb83..=0xb9f | 0xc03..=0xc1f | 0xc83..=0xc9f)
}

/// What the core saves for the return from a trap that a non-maskable interrupt interrupts (`mstack` in the RTL).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Mstack {
    mpie_mpp: u32,
    mepc: u32,
    mcause: u32,
}

/// The register file of CSRs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Csrs {
    #[serde(with = "super::profile::by_name")]
    profile: &'static Profile,
    /// Current privilege mode.
    pub mode: u8,
    mstatus: u32,
    mie: u32,
    mtvec: u32,
    mscratch: u32,
    mepc: u32,
    mcause: u32,
    mtval: u32,
    mcounteren: u32,
    cpuctrlsts: u32,
    mcycle: Counter,
    minstret: Counter,
    event_counters: [Counter; EVENTS],
    /// Physical memory protection, if the core has it.
    pub pmp: Pmp,
    mstack: Mstack,
    /// In the handler of a non-maskable interrupt.
    in_nmi: bool,
    /// Whether there is a trap handler that the software or the platform has set up.
    handler_installed: bool,
}

/// An interrupt that is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupt {
    /// Its exception code, without the interrupt bit.
    pub id: u32,
    /// Whether it is the non-maskable one.
    pub nmi: bool,
}

impl Csrs {
    /// The core that they are those of.
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// The state after reset. `vectors` is the platform's boot address, where it has a vector table.
    pub fn reset(profile: &'static Profile, entry: u32, vectors: Option<u32>) -> Self {
        let mtvec = match profile.mtvec {
            MtvecModes::Vectored => vectors.unwrap_or(entry) & !0xff | 1,
            MtvecModes::Both => vectors.map_or(0, |base| base & !0xff | 1),
        };
        Self {
            profile,
            mode: M_MODE,
            mstatus: profile.mstatus_reset,
            mie: 0,
            mtvec,
            mscratch: 0,
            mepc: 0,
            mcause: 0,
            mtval: 0,
            mcounteren: 0,
            cpuctrlsts: 0,
            mcycle: Counter::default(),
            minstret: Counter::default(),
            event_counters: [Counter::default(); EVENTS],
            pmp: Pmp::default(),
            mstack: Mstack::default(),
            in_nmi: false,
            handler_installed: vectors.is_some(),
        }
    }

    /// The state after a reset in the middle of a run, in which the totals go on: counters are 0.
    pub fn restart(&self, entry: u32, vectors: Option<u32>, totals: &Totals) -> Self {
        let mut csrs = Self::reset(self.profile, entry, vectors);
        csrs.mcycle.set(0, totals.cycles);
        csrs.minstret.set(0, totals.retired);
        for (counter, total) in csrs.event_counters.iter_mut().zip(totals.events) {
            counter.set(0, total);
        }
        csrs
    }

    /// Whether there is a trap handler that the software or the platform has set up.
    pub fn handler_installed(&self) -> bool {
        self.handler_installed
    }

    /// The interrupt to take while the lines are so, if any.
    ///
    /// Order: non-maskable, fast with the lowest number first, external, software, timer (Volume II, "Machine Interrupt
    /// Registers"; fast interrupts as in the RTL).
    pub fn interrupt(&self, lines: Lines) -> Option<Interrupt> {
        if self.in_nmi {
            return None;
        }
        if let (true, Some(id)) = (lines.nmi, self.profile.nmi) {
            return Some(Interrupt { id, nmi: true });
        }
        let pending = lines.mip & self.mie;
        let enabled = self.mstatus & MSTATUS_MIE != 0
            || self.mode == U_MODE && self.profile.user_interrupts == UserInterrupts::Always;
        if pending == 0 || !enabled {
            return None;
        }
        let id = match pending {
            p if p & MIP_FAST != 0 => (p & MIP_FAST).trailing_zeros(),
            p if p & MIP_EXTERNAL != 0 => 11,
            p if p & MIP_SOFTWARE != 0 => 3,
            _ => 7,
        };
        Some(Interrupt { id, nmi: false })
    }

    /// Whether lines in this state end a WFI: an interrupt is pending and enabled in `mie`, whatever `mstatus.MIE` says.
    pub fn wakes(&self, lines: Lines) -> bool {
        lines.mip & self.mie != 0 || lines.nmi && self.profile.nmi.is_some()
    }

    /// The mode whose rights loads and stores have: that of `mstatus.MPP` while `mstatus.MPRV` is set.
    pub fn data_mode(&self) -> u8 {
        if self.mstatus & MSTATUS_MPRV != 0 { (self.mstatus >> 11 & 3) as u8 } else { self.mode }
    }

    /// Whether accesses must be held against the physical memory protection.
    pub fn is_protected(&self) -> bool {
        self.profile.pmp
            && (self.mode == U_MODE || self.data_mode() == U_MODE || self.pmp.binds_machine_mode())
    }

    /// Takes an exception (Volume II, "Machine Trap-Vector Base-Address Register"); returns the handler's address.
    pub fn enter(&mut self, cause: u32, pc: u32, tval: u32) -> u32 {
        self.save(cause, pc, tval);
        if self.cpuctrlsts & SYNC_EXC_SEEN != 0 {
            self.cpuctrlsts |= DOUBLE_FAULT_SEEN;
        }
        if self.profile.cpuctrlsts {
            self.cpuctrlsts |= SYNC_EXC_SEEN;
        }
        self.mtvec & !self.mtvec_mode_bits()
    }

    /// Takes an interrupt; returns the handler's address.
    pub fn enter_interrupt(&mut self, interrupt: Interrupt, pc: u32) -> u32 {
        self.save(INTERRUPT | interrupt.id, pc, 0);
        self.in_nmi |= interrupt.nmi;
        let vectored = self.mtvec & 1 != 0;
        let offset = if vectored { 4 * interrupt.id } else { 0 };
        (self.mtvec & !self.mtvec_mode_bits()).wrapping_add(offset)
    }

    fn mtvec_mode_bits(&self) -> u32 {
        match self.profile.mtvec {
            MtvecModes::Vectored => 0xff,
            MtvecModes::Both => 3,
        }
    }

    fn save(&mut self, cause: u32, pc: u32, tval: u32) {
        self.mstack = Mstack {
            mpie_mpp: self.mstatus & (MSTATUS_MPIE | MSTATUS_MPP),
            mepc: self.mepc,
            mcause: self.mcause,
        };
        let mie_to_mpie = if self.mstatus & MSTATUS_MIE != 0 { MSTATUS_MPIE } else { 0 };
        self.mstatus = self.mstatus & !(MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP)
            | mie_to_mpie
            | u32::from(self.mode) << 11;
        self.mode = M_MODE;
        self.mepc = pc & !1;
        self.mcause = cause;
        self.mtval = tval;
    }

    /// MRET (Volume II, "Trap-Return Instructions"); returns where to go on, or `None` if it is illegal in this mode.
    pub fn leave(&mut self) -> Option<u32> {
        if self.mode != M_MODE {
            return None;
        }
        let target = self.mepc;
        self.mode = (self.mstatus >> 11 & 3) as u8;
        let mpie_to_mie = if self.mstatus & MSTATUS_MPIE != 0 { MSTATUS_MIE } else { 0 };
        self.mstatus = self.mstatus & !(MSTATUS_MIE | MSTATUS_MPP | MSTATUS_MPIE) | mpie_to_mie;
        if std::mem::take(&mut self.in_nmi) {
            self.mstatus |= self.mstack.mpie_mpp;
            self.mepc = self.mstack.mepc;
            self.mcause = self.mstack.mcause;
        } else {
            self.mstatus |= MSTATUS_MPIE;
        }
        if self.mode != M_MODE {
            self.mstatus &= !MSTATUS_MPRV;
        }
        self.cpuctrlsts &= !SYNC_EXC_SEEN;
        Some(target)
    }

    /// `mstatus`, in whatever mode.
    pub fn mstatus(&self) -> u32 {
        self.mstatus
    }

    /// Whether WFI is illegal here: in U-mode with `mstatus.TW` set.
    pub fn wfi_is_illegal(&self) -> bool {
        self.mode == U_MODE && self.mstatus & MSTATUS_TW != 0
    }

    /// The same registers as M-mode sees them.
    pub fn as_m_mode(&self) -> Self {
        Self { mode: M_MODE, ..self.clone() }
    }

    /// Reads a CSR; `None` if it does not exist or this mode may not see it.
    pub fn read(&self, number: u32, now: &Totals, lines: Lines) -> Option<u32> {
        if (number >> 8 & 3) as u8 > self.mode {
            return None;
        }
        let profile = self.profile;
        Some(match number {
            0x300 => self.mstatus,
            0x301 => MISA,
            0x304 => self.mie,
            0x305 => self.mtvec,
            0x306 => self.mcounteren,
            0x340 => self.mscratch,
            0x341 => self.mepc,
            0x342 => self.mcause,
            0x343 => self.mtval,
            // mip: the lines themselves, enabled or not.
            0x344 => lines.mip & profile.interrupts,
            // menvcfg, mstatush, menvcfgh, mconfigptr: all features absent.
            0x30a | 0x310 | 0x31a | 0xf15 => 0,
            0x320 => self.mcountinhibit(),
            0x323..=0x33f => self.event(number - 0x320),
            // tselect, tdata1, tdata2, tdata3, mcontext, scontext: one trigger, writable in debug mode only.
            0x7a1 => profile.trigger?,
            0x7a0 | 0x7a2 | 0x7a3 | 0x7a8 | 0x7aa => profile.trigger.map(|_| 0)?,
            0x3a0..=0x3ef if profile.pmp => self.pmp.read(number)?,
            0x7c0 if profile.cpuctrlsts => self.cpuctrlsts,
            0xb00 | 0xb02..=0xb1f => self.counter(number & 31, now) as u32,
            0xb80 | 0xb82..=0xb9f => (self.counter(number & 31, now) >> 32) as u32,
            0xc01 if profile.time && self.user_may_read(1) => now.time as u32,
            0xc81 if profile.time && self.user_may_read(1) => (now.time >> 32) as u32,
            0xc00 | 0xc02..=0xc1f if profile.user_counters && self.user_may_read(number & 31) => {
                self.counter(number & 31, now) as u32
            }
            0xc80 | 0xc82..=0xc9f if profile.user_counters && self.user_may_read(number & 31) => {
                (self.counter(number & 31, now) >> 32) as u32
            }
            0xf11 => profile.mvendorid,
            0xf12 => profile.marchid,
            // mimpid, mhartid.
            0xf13 | 0xf14 => 0,
            _ if profile.zeros.contains(&number) => 0,
            _ => return None,
        })
    }

    /// Volume II, "Machine Counter-Enable Register".
    fn user_may_read(&self, counter: u32) -> bool {
        self.mode == M_MODE || self.mcounteren >> counter & 1 != 0
    }

    /// Counter 0 is `mcycle`, 2 `minstret`, 3 and up the event counters, of which absent ones read 0.
    fn counter(&self, index: u32, now: &Totals) -> u64 {
        let event = (index as usize).wrapping_sub(3);
        match index {
            0 => self.mcycle.value(now.cycles),
            2 => self.minstret.value(now.retired),
            _ if self.profile.has_event_counter(index) => {
                let value = self.event_counters[event].value(now.events[event]);
                value & ((1 << EVENT_COUNTER_WIDTH) - 1)
            }
            _ => 0,
        }
    }

    fn event(&self, counter: u32) -> u32 {
        let exists = self.profile.has_event_counter(counter);
        if exists { self.profile.first_event << (counter - 3) } else { 0 }
    }

    fn mcountinhibit(&self) -> u32 {
        let stopped = |counter: &Counter| u32::from(counter.stopped.is_some());
        let events = self.event_counters.iter().enumerate();
        self.profile.inhibit_absent
            | stopped(&self.mcycle)
            | stopped(&self.minstret) << 2
            | events.map(|(i, counter)| stopped(counter) << (i + 3)).sum::<u32>()
    }

    /// Lets `minstret` count an instruction that has not retired.
    pub fn count_privilege_fault(&mut self) {
        self.minstret.count();
    }

    /// Writes a CSR that [`Csrs::read`] has found legal; `None` if it is read-only.
    ///
    /// `now` and `next` are the totals as they stand before and after this instruction: a counter reads the written value
    /// in the very next one.
    pub fn write(&mut self, number: u32, value: u32, now: &Totals, next: &Totals) -> Option<()> {
        if number >> 10 == 3 {
            return None;
        }
        match number {
            0x300 => {
                let legal_mpp = matches!(value >> 11 & 3, 0 | 3);
                let value = match self.profile.reserved_mpp {
                    _ if legal_mpp => value,
                    ReservedMpp::BecomesM => value | MSTATUS_MPP,
                    ReservedMpp::BecomesU => value & !MSTATUS_MPP,
                };
                self.mstatus = value & MSTATUS_WRITABLE;
            }
            0x304 => self.mie = value & self.profile.interrupts,
            0x305 => {
                self.mtvec = match self.profile.mtvec {
                    MtvecModes::Vectored => value & !0xff | 1,
                    MtvecModes::Both => value & !2,
                };
                self.handler_installed = true;
            }
            0x306 => self.mcounteren = value & self.profile.mcounteren,
            0x340 => self.mscratch = value,
            0x341 => self.mepc = value & !1,
            0x342 => {
                self.mcause = match self.profile.mcause {
                    McauseBits::Mask(mask) => value & mask,
                    McauseBits::Ibex => match value >> 30 {
                        0b11 => value | 0xffff_ffe0,
                        0b10 => INTERRUPT | value & 0x1f,
                        _ => value & 0x1f,
                    },
                }
            }
            0x343 => self.mtval = value,
            0x320 => {
                self.mcycle.inhibit(value & 1 != 0, next.cycles);
                self.minstret.inhibit(value & 4 != 0, next.retired);
                for i in 0..self.profile.event_counters as usize {
                    self.event_counters[i].inhibit(value >> (i + 3) & 1 != 0, next.events[i]);
                }
            }
            0x3a0..=0x3ef => self.pmp.write(number, value),
            0x7c0 => self.cpuctrlsts = value & (SYNC_EXC_SEEN | DOUBLE_FAULT_SEEN),
            0xb00 | 0xb80 => {
                self.mcycle.set_half(number & 0x80 != 0, value, now.cycles, next.cycles);
            }
            0xb02 | 0xb82 => {
                self.minstret.set_half(number & 0x80 != 0, value, now.retired, next.retired);
            }
            0xb03..=0xb1f | 0xb83..=0xb9f if self.profile.has_event_counter(number & 31) => {
                let i = (number & 31) as usize - 3;
                let (now, next) = (now.events[i], next.events[i]);
                self.event_counters[i].set_half(number & 0x80 != 0, value, now, next);
            }
            // The others are read-only zeros, constants, or writable in debug mode only: writes are ignored.
            _ => {}
        }
        Some(())
    }
}

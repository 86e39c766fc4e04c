//! Core profiles: what differs between the cores that this machine can be, one field a difference.
//!
//! | profile | core |
//! |---|---|
//! | `cve2` | OpenHW cve2: RV32MFast, ten event counters, no PMP, debug triggers (the default parameters of `cve2_top`) |
//! | `ibex` | lowRISC Ibex, "small": RV32MFast, ten event counters, no PMP, no instruction cache, one debug trigger |
//! | `generic` | a plain machine- and user-mode core after the privileged specification, as unmodified riscv-tests expect it, with PMP; cve2's timing |
//!
//! Sources: the RTL of both cores (`*_cs_registers.sv`, `*_controller.sv`) and measurements on it; where their
//! documentation disagrees, the RTL counts. For `generic`: The RISC-V Instruction Set Manual, Volume II.

use super::csr::number;
use crate::unit::Latency;
use std::fmt;
use std::str::FromStr;

/// Everything that differs between cores.
#[derive(Debug, PartialEq)]
pub struct Profile {
    /// As in `--core`.
    pub name: &'static str,
    /// `mstatus` after reset.
    pub mstatus_reset: u32,
    /// What writing a reserved value (1 or 2) to `mstatus.MPP` leaves there.
    pub reserved_mpp: ReservedMpp,
    /// Which modes `mtvec` has.
    pub mtvec: MtvecModes,
    /// Interrupts that can be enabled: the writable bits of `mie`, and the lines that `mip` shows.
    pub interrupts: u32,
    /// Exception code of the non-maskable interrupt, if the core has one.
    pub nmi: Option<u32>,
    /// When interrupts are taken in U-mode.
    pub user_interrupts: UserInterrupts,
    /// How `mcause` is stored.
    pub mcause: McauseBits,
    /// What `mtval` gets at EBREAK.
    pub breakpoint_tval: BreakpointTval,
    /// `mvendorid`.
    pub mvendorid: u32,
    /// `marchid`.
    pub marchid: u32,
    /// Event counters that exist, from `mhpmcounter3` on.
    pub event_counters: u32,
    /// The constant in `mhpmevent3`; the next registers have the next higher bits.
    pub first_event: u32,
    /// What `mhpmcounter11` counts.
    pub mhpmcounter11: Mhpmcounter11,
    /// Whether `minstret` counts MRET in U-mode and WFI that `mstatus.TW` forbids, though both trap.
    pub counts_privilege_faults: bool,
    /// Bits of `mcountinhibit` that read 1 for want of a counter.
    pub inhibit_absent: u32,
    /// Writable bits of `mcounteren`.
    pub mcounteren: u32,
    /// Whether `cycle`, `instret` and `hpmcounter*` (user-mode copies) exist.
    pub user_counters: bool,
    /// Whether `time` exists.
    pub time: bool,
    /// Whether Ibex's `cpuctrlsts` (0x7c0) exists.
    pub cpuctrlsts: bool,
    /// Whether there is physical memory protection.
    pub pmp: bool,
    /// `tdata1` if there are debug triggers.
    pub trigger: Option<u32>,
    /// Further CSRs that read 0 and ignore writes.
    pub zeros: &'static [u32],
    /// Which CSR writes flush the pipeline.
    pub csr_flush: CsrFlush,
    /// Cycles between the retirement of MRET, as a trace shows it, and its target.
    pub after_mret: u64,
    /// Cycles of a multiplication, unless a unit of gates says otherwise.
    pub latency: Latency,
}

/// See [`Profile::reserved_mpp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservedMpp {
    /// M.
    BecomesM,
    /// U.
    BecomesU,
}

/// See [`Profile::mtvec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MtvecModes {
    /// Vectored only; the base is 256-byte aligned.
    Vectored,
    /// Direct or vectored at any 4-byte alignment.
    Both,
}

/// See [`Profile::user_interrupts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserInterrupts {
    /// Only with `mstatus.MIE`, as in M-mode.
    WithMie,
    /// Always, as the privileged specification says.
    Always,
}

/// See [`Profile::mcause`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum McauseBits {
    /// These bits are stored.
    Mask(u32),
    /// Five code bits and two flags; bits 30:5 read as ones if bits 31:30 were written as ones.
    Ibex,
}

/// See [`Profile::breakpoint_tval`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakpointTval {
    /// 0.
    Zero,
    /// The address of the EBREAK.
    Pc,
}

/// See [`Profile::mhpmcounter11`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mhpmcounter11 {
    /// Cycles in which the core waits in WFI.
    WfiWait,
    /// Cycles in which it waits for the multiplier.
    MulWait,
}

/// See [`Profile::csr_flush`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsrFlush {
    /// Writing `mstatus` or `mie`, or setting bits in them, but not clearing bits.
    InterruptEnables,
    /// Writing any CSR but `mscratch` and `mepc`.
    MostWrites,
}

const STATUS_MPP_M: u32 = 3 << 11;
const STATUS_MPIE: u32 = 1 << 7;
/// An execute trigger that is not armed, writable in debug mode only.
const TDATA1: u32 = 0x2800_1048;

/// OpenHW cve2.
pub static CVE2: Profile = Profile {
    name: "cve2",
    mstatus_reset: STATUS_MPP_M,
    reserved_mpp: ReservedMpp::BecomesM,
    mtvec: MtvecModes::Vectored,
    interrupts: 0xffff_0888,
    nmi: Some(32),
    user_interrupts: UserInterrupts::WithMie,
    mcause: McauseBits::Mask(0x8000_003f),
    breakpoint_tval: BreakpointTval::Zero,
    mvendorid: 0x602,
    marchid: 35,
    event_counters: 10,
    first_event: 1 << 3,
    mhpmcounter11: Mhpmcounter11::WfiWait,
    counts_privilege_faults: true,
    inhibit_absent: 0xffff_e000,
    mcounteren: 0,
    user_counters: false,
    time: false,
    cpuctrlsts: false,
    pmp: false,
    trigger: Some(TDATA1),
    // secureseed.
    zeros: &[0x7c1],
    csr_flush: CsrFlush::InterruptEnables,
    after_mret: 1,
    latency: Latency::FAST,
};

/// lowRISC Ibex, "small" configuration.
pub static IBEX: Profile = Profile {
    name: "ibex",
    mstatus_reset: STATUS_MPIE,
    reserved_mpp: ReservedMpp::BecomesU,
    mtvec: MtvecModes::Vectored,
    interrupts: 0x7fff_0888,
    nmi: Some(31),
    user_interrupts: UserInterrupts::Always,
    mcause: McauseBits::Ibex,
    breakpoint_tval: BreakpointTval::Zero,
    mvendorid: 0,
    marchid: 22,
    event_counters: 10,
    first_event: 1,
    mhpmcounter11: Mhpmcounter11::MulWait,
    counts_privilege_faults: true,
    inhibit_absent: 0,
    mcounteren: 0x1ffd,
    user_counters: true,
    time: false,
    cpuctrlsts: true,
    pmp: false,
    trigger: Some(TDATA1),
    // secureseed, scontext.
    zeros: &[0x7c1, 0x5a8],
    csr_flush: CsrFlush::MostWrites,
    after_mret: 2,
    latency: Latency::FAST,
};

/// After the specification.
pub static GENERIC: Profile = Profile {
    name: "generic",
    mstatus_reset: 0,
    reserved_mpp: ReservedMpp::BecomesU,
    mtvec: MtvecModes::Both,
    interrupts: 0x0000_0888,
    nmi: None,
    user_interrupts: UserInterrupts::Always,
    mcause: McauseBits::Mask(0x8000_001f),
    breakpoint_tval: BreakpointTval::Pc,
    mvendorid: 0,
    marchid: 0,
    event_counters: 0,
    first_event: 0,
    mhpmcounter11: Mhpmcounter11::WfiWait,
    counts_privilege_faults: false,
    inhibit_absent: 0,
    mcounteren: 0x7,
    user_counters: true,
    time: true,
    cpuctrlsts: false,
    pmp: true,
    // A trigger of type 0: none.
    trigger: Some(0),
    zeros: &[],
    csr_flush: CsrFlush::InterruptEnables,
    after_mret: 1,
    latency: Latency::FAST,
};

/// All profiles, the default first.
pub static ALL: [&Profile; 3] = [&CVE2, &IBEX, &GENERIC];

impl Profile {
    /// Whether writing a CSR flushes the pipeline; `clears` says that the instruction only clears bits.
    pub(super) fn flushes(&self, csr: u32, clears: bool) -> bool {
        match self.csr_flush {
            CsrFlush::InterruptEnables => matches!(csr, number::MSTATUS | number::MIE) && !clears,
            CsrFlush::MostWrites => !matches!(csr, number::MSCRATCH | number::MEPC),
        }
    }

    /// Whether there is `mhpmcounter<number>`.
    pub(super) fn has_event_counter(&self, number: u32) -> bool {
        (3..3 + self.event_counters).contains(&number)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A core in a file: by its name.
pub(super) mod by_name {
    use super::Profile;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(profile: &Profile, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(profile.name)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<&'static Profile, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// No core of that name.
#[derive(Debug, thiserror::Error)]
#[error("there is no core '{0}'; choose cve2, ibex or generic")]
pub struct UnknownCore(String);

impl FromStr for &'static Profile {
    type Err = UnknownCore;

    fn from_str(name: &str) -> Result<Self, UnknownCore> {
        let found = ALL.into_iter().find(|profile| profile.name == name);
        found.ok_or_else(|| UnknownCore(name.to_owned()))
    }
}

//! Exceptions as values: what happened, where, and what `mtval` says about it.

use super::timing;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why the core took an exception. The discriminants are the codes in `mcause`.
///
/// Source: The RISC-V Instruction Set Manual, Volume II, table "Machine cause register (mcause) values after trap".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u32)]
pub enum Cause {
    /// Nothing to execute at the pc.
    InstructionAccessFault = 1,
    /// Not an instruction, or not one that this mode may execute.
    IllegalInstruction = 2,
    /// EBREAK.
    Breakpoint = 3,
    /// A load from where nothing answers.
    LoadAccessFault = 5,
    /// A store to where nothing answers.
    StoreAccessFault = 7,
    /// ECALL in U-mode.
    EcallFromU = 8,
    /// ECALL in M-mode.
    EcallFromM = 11,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::InstructionAccessFault,
        Self::IllegalInstruction,
        Self::Breakpoint,
        Self::LoadAccessFault,
        Self::StoreAccessFault,
        Self::EcallFromU,
        Self::EcallFromM,
    ];

    /// The code in `mcause`.
    pub fn code(self) -> u32 {
        self as u32
    }

    /// Whether it comes of an access that the bus did not complete.
    pub fn is_access_fault(self) -> bool {
        use Cause::*;
        matches!(self, InstructionAccessFault | LoadAccessFault | StoreAccessFault)
    }

    /// Cycles that the trapping instruction itself takes.
    pub(super) fn own_cycles(self) -> u64 {
        let access = matches!(self, Cause::LoadAccessFault | Cause::StoreAccessFault);
        if access { timing::FAULTED_ACCESS } else { timing::FAULTED }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Cause::InstructionAccessFault => "instruction access fault",
            Cause::IllegalInstruction => "illegal instruction",
            Cause::Breakpoint => "breakpoint",
            Cause::LoadAccessFault => "load access fault",
            Cause::StoreAccessFault => "store access fault",
            Cause::EcallFromU => "environment call from U-mode",
            Cause::EcallFromM => "environment call from M-mode",
        }
    }
}

/// An exception that the core took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trap {
    /// Its cause.
    pub cause: Cause,
    /// Address of the trapping instruction (`mepc`).
    pub pc: u32,
    /// What `mtval` gets: the faulting address, or the illegal instruction's bits, else 0.
    pub tval: u32,
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (mcause {}) at pc {:#010x}, mtval {:#010x}",
            self.cause.name(),
            self.cause.code(),
            self.pc,
            self.tval
        )
    }
}

/// How many exceptions are remembered with their details; later ones are only counted.
const LOG_LIMIT: usize = 64;

/// The exceptions of one run, in order. Bounded, so that a trap storm cannot grow the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrapLog {
    first: Vec<(Cause, u32)>,
    count: u64,
}

impl TrapLog {
    /// Appends one.
    pub(super) fn push(&mut self, trap: Trap) {
        if self.first.len() < LOG_LIMIT {
            self.first.push((trap.cause, trap.pc));
        }
        self.count += 1;
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.count = 0;
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first exception that `golden` did not take at the same place in its sequence.
    ///
    /// Beyond the first 64 only the number is compared, and the last remembered one is returned.
    pub fn first_unlike(&self, golden: &TrapLog) -> Option<(Cause, u32)> {
        let differs = |(i, trap): &(usize, &(Cause, u32))| golden.first.get(*i) != Some(*trap);
        let found = self.first.iter().enumerate().find(differs).map(|(_, trap)| *trap);
        let more = self.count > golden.count;
        found.or_else(|| if more { self.first.last().copied() } else { None })
    }
}

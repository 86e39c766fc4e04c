//! How an observer watches a machine without costing an unobserved run anything.

use crate::isa::Op;

/// A load or store that an instruction made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Its address, aligned or not.
    pub addr: u32,
    /// Bytes moved: 1, 2 or 4.
    pub len: u8,
    /// Whether it was a store.
    pub store: bool,
    /// The bytes moved, zero-extended. Of a load that faulted, what memory has put on the data bus for the load before:
    /// that is what the register of a core without a check of its own would get.
    pub data: u32,
}

/// A CSR that an instruction wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsrWrite {
    /// Its number, 0..=0xfff.
    pub number: u16,
    /// What the next instruction reads there: a CSR need not keep what is written.
    pub value: u32,
}

/// One instruction that has retired or trapped, with what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retired {
    /// Its number among those that retired or trapped since reset, from 1.
    pub number: u64,
    /// Its address.
    pub pc: u32,
    /// Its bits; a compressed one in the low half; 0 if it could not be fetched.
    pub word: u32,
    /// Bytes in memory: 2 or 4; 4 if it could not be fetched.
    pub len: u8,
    /// Its operation; `None` if it could not be fetched or is none.
    pub op: Option<Op>,
    /// The first register that it read, 0 for none, and the value before it executed.
    pub rs1: (u8, u32),
    /// The second one.
    pub rs2: (u8, u32),
    /// The register that it wrote, 0 for none, and the value. A semihosting call writes register 10.
    pub rd: (u8, u32),
    /// The CSR that it wrote: of a CSR instruction its own, of MRET `mstatus`.
    pub csr: Option<CsrWrite>,
    /// Its load or store, also if it faulted. One that memory protection forbids is not made.
    pub access: Option<Access>,
    /// Whether it trapped instead of retiring.
    pub trapped: bool,
    /// Whether it is the first instruction of a trap handler.
    pub enters_handler: bool,
    /// Whether that handler was entered for an interrupt.
    pub interrupted: bool,
    /// Address of the instruction that follows it, before any interrupt.
    pub next_pc: u32,
    /// Privilege mode in which it ran: 3 is M, 0 is U.
    pub mode: u8,
    /// Cycles of the free-running clock since reset at its retirement: those asleep are in it.
    pub cycles: u64,
}

/// Sees each instruction as it retires.
pub trait Probe {
    /// Whether the machine must call [`Probe::retired`]; `false` compiles the observation away.
    const ACTIVE: bool;

    /// One instruction has retired or trapped.
    fn retired(&mut self, event: &Retired);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Probe for Silent {
    const ACTIVE: bool = false;

    fn retired(&mut self, _: &Retired) {}
}

impl<F: FnMut(&Retired)> Probe for F {
    const ACTIVE: bool = true;

    fn retired(&mut self, event: &Retired) {
        self(event);
    }
}

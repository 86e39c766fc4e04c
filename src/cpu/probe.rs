//! How an observer watches a machine without costing an unobserved run anything.

/// A load or store that an instruction made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Its address, aligned or not.
    pub addr: u32,
    /// Bytes moved: 1, 2 or 4.
    pub len: u8,
    /// Whether it was a store.
    pub store: bool,
    /// The bytes moved, zero-extended.
    pub data: u32,
}

/// One instruction that has retired or trapped, with what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retired {
    /// Its address.
    pub pc: u32,
    /// Its bits; a compressed one in the low half; 0 if it could not be fetched.
    pub word: u32,
    /// Bytes in memory: 2 or 4; 4 if it could not be fetched.
    pub len: u8,
    /// The register that it wrote, 0 for none, and the value.
    pub rd: (u8, u32),
    /// Its load or store; of one that faulted the data are 0 or what was to be stored.
    pub access: Option<Access>,
    /// Whether it trapped instead of retiring.
    pub trapped: bool,
    /// Whether it is the first instruction of a trap handler.
    pub enters_handler: bool,
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

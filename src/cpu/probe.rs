//! How an observer watches a machine without costing an unobserved run anything.

/// One instruction that has retired or trapped, with what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retired {
    /// Its address.
    pub pc: u32,
    /// Its bits; a compressed one in the low half.
    pub word: u32,
    /// The register that it wrote, 0 for none, and the value.
    pub rd: (u8, u32),
    /// Whether it trapped instead of retiring.
    pub trapped: bool,
    /// Privilege mode in which it ran: 3 is M, 0 is U.
    pub mode: u8,
    /// Clock cycles since reset at its retirement.
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

//! Which instructions a trace keeps.

use crate::cpu::Retired;

/// A kind of instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// Multiplications.
    Muls,
    /// Loads and stores.
    Memory,
    /// Branches, taken or not, and jumps.
    Jumps,
    /// Those that access a CSR.
    Csrs,
    /// Those that trapped, and the first of each trap handler.
    Traps,
}

impl Only {
    fn wants(self, event: &Retired) -> bool {
        use crate::isa::Op;
        match self {
            Only::Muls => event.op.is_some_and(Op::is_mul),
            Only::Memory => event.op.is_some_and(|op| op.access_len() != 0),
            Only::Jumps => {
                event.op.is_some_and(|op| op.is_branch() || matches!(op, Op::Jal | Op::Jalr))
            }
            Only::Csrs => event.op.is_some_and(Op::is_csr),
            Only::Traps => event.trapped || event.enters_handler,
        }
    }
}

/// Keeps an instruction that all of these want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The first number that is wanted.
    pub from: u64,
    /// The last one.
    pub to: u64,
    /// Addresses: first and last of each range; if there is none, all.
    pub addresses: Vec<(u32, u32)>,
    /// The kind; `None` for all.
    pub only: Option<Only>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { from: 0, to: u64::MAX, addresses: Vec::new(), only: None }
    }
}

impl Filter {
    /// Whether it keeps everything.
    pub fn is_open(&self) -> bool {
        *self == Self { from: self.from.min(1), ..Self::default() }
    }

    /// Whether it keeps this instruction.
    pub fn wants(&self, event: &Retired) -> bool {
        let within = |(first, last): &(u32, u32)| (*first..=*last).contains(&event.pc);
        (self.from..=self.to).contains(&event.number)
            && (self.addresses.is_empty() || self.addresses.iter().any(within))
            && self.only.is_none_or(|only| only.wants(event))
    }
}

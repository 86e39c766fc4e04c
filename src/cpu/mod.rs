//! The core: an RV32IMC_Zicsr_Zifencei hart of the cve2 class, its interpreter, and its timing.
//!
//! In: a [`Bus`] with a program in memory, a [`Unit`] that multiplies, a [`Probe`] that may watch. Out: a [`Stop`].
//! Everything that a program can do is a value here: exceptions are [`Trap`]s, the end of a run is a [`Stop`]; no
//! guest program can make this code panic, loop for ever or grow without bound.

mod block;
mod csr;
mod exec;
mod probe;
pub mod timing;
mod trap;

pub use csr::{M_MODE, U_MODE};
pub use probe::{Probe, Retired, Silent};
pub use trap::{Cause, Trap, TrapLog};

use crate::soc::Bus;
use crate::unit::Unit;
use block::Blocks;
use csr::{Csrs, Totals};
use exec::Flow;
use std::fmt;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The program asked the board to stop, with this exit code (0..=65535).
    Exit(u32),
    /// An exception, and the software has not written `mtvec`.
    Trap(Trap),
    /// The budget of retired instructions and taken exceptions is used up.
    Budget,
    /// The multiplier never answered the operation at this pc.
    NoAnswer {
        /// Address of the multiplication.
        pc: u32,
    },
    /// WFI, and no interrupt can ever come.
    Asleep {
        /// Address of the WFI.
        pc: u32,
    },
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Exit(code) => write!(f, "exit code {code}"),
            Stop::Trap(trap) => write!(f, "an unhandled exception: {trap}"),
            Stop::Budget => f.write_str("its instruction budget used up"),
            Stop::NoAnswer { pc } => {
                write!(f, "a multiplication that is never answered, at pc {pc:#010x}")
            }
            Stop::Asleep { pc } => write!(f, "WFI at pc {pc:#010x}, and nothing can wake it"),
        }
    }
}

/// A core with what it is connected to.
pub struct Machine<B: Bus, U: Unit, P: Probe = Silent> {
    /// General registers 0..=31; index 32 takes the writes to `x0`, the rest pads the array to a power of two.
    regs: [u32; 64],
    pc: u32,
    csrs: Csrs,
    totals: Totals,
    /// Exceptions taken.
    traps: TrapLog,
    /// Whether the next instruction is reached by a redirection.
    redirected: bool,
    blocks: Blocks,
    bus: B,
    unit: U,
    probe: P,
}

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    /// A machine in its reset state, about to execute at `entry`.
    pub fn new(bus: B, unit: U, probe: P, entry: u32) -> Self {
        let blocks = Blocks::new(bus.code_window(), P::ACTIVE);
        let mut machine = Self {
            regs: [0; 64],
            pc: entry,
            csrs: Csrs::reset(entry),
            totals: Totals::default(),
            traps: TrapLog::default(),
            redirected: true,
            blocks,
            bus,
            unit,
            probe,
        };
        machine.reset(entry);
        machine
    }

    /// Resets hart, unit and counters, and drops all decoded code. Memory stays as it is: put it back through
    /// [`Machine::bus_mut`] first.
    pub fn reset(&mut self, entry: u32) {
        self.regs = [0; 64];
        self.pc = entry;
        self.csrs = Csrs::reset(entry);
        self.totals = Totals { cycles: timing::RESET, retired: 0 };
        self.traps.clear();
        self.redirected = true;
        self.unit.reset();
        self.blocks.clear();
    }

    /// Runs until the program ends, or until `budget` instructions have retired or trapped since reset.
    pub fn run(&mut self, budget: u64) -> Stop {
        loop {
            let left = budget.saturating_sub(self.steps_taken());
            if left == 0 {
                return Stop::Budget;
            }
            match self.run_block(left) {
                Flow::Next => {}
                Flow::Device => {
                    if let Some(code) = self.bus.exit_code() {
                        return Stop::Exit(code);
                    }
                }
                Flow::Stop(stop) => return stop,
            }
        }
    }

    /// Retired instructions plus taken exceptions: what a budget counts, so that a storm of exceptions ends too.
    fn steps_taken(&self) -> u64 {
        self.totals.retired + self.traps.count()
    }

    /// Takes an exception: to the software's handler, or out of the run if it has none.
    fn raise(&mut self, trap: Trap) -> Flow {
        self.traps.push(trap);
        if !self.csrs.handler_installed() {
            self.pc = trap.pc;
            return Flow::Stop(Stop::Trap(trap));
        }
        let access = matches!(trap.cause, Cause::LoadAccessFault | Cause::StoreAccessFault);
        let own = if access { timing::FAULTED_ACCESS } else { timing::FAULTED };
        self.totals.cycles += own + timing::TRAP_ENTRY;
        self.pc = self.csrs.enter(trap.cause.code(), trap.pc, trap.tval);
        self.redirected = true;
        Flow::Next
    }

    /// Instructions retired since reset.
    pub fn retired(&self) -> u64 {
        self.totals.retired
    }

    /// Clock cycles since reset.
    pub fn cycles(&self) -> u64 {
        self.totals.cycles
    }

    /// The exceptions taken since reset.
    pub fn traps(&self) -> &TrapLog {
        &self.traps
    }

    /// Address of the next instruction.
    pub fn pc(&self) -> u32 {
        self.pc
    }

    /// General register `i`, 0..=31.
    pub fn reg(&self, i: u8) -> u32 {
        self.regs[usize::from(i & 31)]
    }

    /// The bus and what is on it.
    pub fn bus(&self) -> &B {
        &self.bus
    }

    /// The bus and what is on it, to be changed from outside; before [`Machine::reset`], if code may change.
    pub fn bus_mut(&mut self) -> &mut B {
        &mut self.bus
    }

    /// The multiplier.
    pub fn unit(&self) -> &U {
        &self.unit
    }

    /// The multiplier, to be changed from outside.
    pub fn unit_mut(&mut self) -> &mut U {
        &mut self.unit
    }
}

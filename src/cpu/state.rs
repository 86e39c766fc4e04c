//! A machine between two instructions: saved, put back, and handed from one observer to another.
//!
//! In: a [`Machine`]. Out: a [`State`] of hart and unit. Memory and devices are the bus's, and are saved beside it: for a [`crate::soc::Board`] by a clone. What is
//! decoded or compiled is not state; it is made again. A run that goes on from a restored state is in everything the uninterrupted one.

use super::block::{Blocks, NOWHERE};
use super::csr::Csrs;
use super::events::EventCounts;
use super::jit::Jit;
use super::observe::Observed;
use super::probe::Probe;
use super::profile::Profile;
use super::trap::TrapLog;
use super::{Difference, Machine, csr::Totals};
use crate::soc::Bus;
use crate::unit::{self, ForeignState, Unit};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Hart and unit between two instructions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    registers: [u32; 32],
    pc: u32,
    csrs: Csrs,
    totals: Totals,
    slept: u64,
    deadline: u64,
    bubbles: u64,
    traps: TrapLog,
    interrupts: u64,
    redirected: bool,
    target: u32,
    handler_at: u64,
    interrupt_at: u64,
    protected: bool,
    all_outside: bool,
    first_difference: Option<Difference>,
    after_wfi: bool,
    /// Those of blocks among them.
    events: EventCounts,
    taken_branches: u64,
    crossings: u64,
    fetch_waits: u64,
    mul_waits: u64,
    unit: unit::State,
}

/// A state that a machine cannot take.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WrongState {
    /// It is another core's.
    #[error("it was saved on core {saved}, and this is core {own}; give --core {saved}")]
    Core {
        /// The core that it was saved on.
        saved: &'static str,
        /// This machine's.
        own: &'static str,
    },
    /// It is another multiplier's.
    #[error(transparent)]
    Unit(#[from] ForeignState),
    /// No machine can be in it.
    #[error("its pc {0:#010x} is odd; the file is damaged")]
    OddPc(u32),
}

impl State {
    /// Instructions retired until then.
    pub fn retired(&self) -> u64 {
        self.totals.retired
    }

    /// Clock cycles until then, those asleep not counted.
    pub fn cycles(&self) -> u64 {
        self.totals.cycles
    }

    /// Address of the next instruction.
    pub fn pc(&self) -> u32 {
        self.pc
    }

    /// The core that it was saved on.
    pub fn core(&self) -> &'static Profile {
        self.csrs.profile()
    }

    /// What was multiplied until then, and what the unit carries.
    pub fn unit(&self) -> &unit::State {
        &self.unit
    }
}

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    /// Hart and unit as they are now. Save the bus with them.
    pub fn save(&self) -> State {
        let mut registers = [0; 32];
        registers[1..].copy_from_slice(&self.context.registers[1..32]);
        let mut events = self.blocks.events();
        events.add(&self.events, 1);
        State {
            registers,
            pc: self.pc,
            csrs: self.csrs.clone(),
            totals: self.totals,
            slept: self.slept,
            deadline: self.deadline,
            bubbles: self.bubbles,
            traps: self.traps.clone(),
            interrupts: self.interrupts,
            redirected: self.redirected,
            target: self.target,
            handler_at: self.handler_at,
            interrupt_at: self.interrupt_at,
            protected: self.protected,
            all_outside: self.all_outside,
            first_difference: self.first_difference,
            after_wfi: self.after_wfi,
            events,
            taken_branches: self.taken_branches,
            crossings: self.crossings,
            fetch_waits: self.fetch_waits,
            mul_waits: self.mul_waits,
            unit: self.unit.save(),
        }
    }

    /// Puts hart and unit into this state, and forgets decoded code that may be no longer in memory; the bus must be put back first, through [`Machine::bus_mut`]. Scope and compilation stay as they were set,
    /// a breakpoint does not.
    ///
    /// # Errors
    /// [`WrongState`] if it is that of another core or multiplier; the machine is then as it was.
    pub fn restore(&mut self, state: &State) -> Result<(), WrongState> {
        if !std::ptr::eq(state.core(), self.profile) {
            return Err(WrongState::Core { saved: state.core().name, own: self.profile.name });
        }
        if state.pc & 1 != 0 {
            return Err(WrongState::OddPc(state.pc));
        }
        self.unit.restore(&state.unit)?;
        self.context.registers = [0; 64];
        self.context.registers[1..32].copy_from_slice(&state.registers[1..]);
        self.pc = state.pc;
        self.csrs = state.csrs.clone();
        self.totals = state.totals;
        self.slept = state.slept;
        self.deadline = state.deadline;
        self.bubbles = state.bubbles;
        self.traps = state.traps.clone();
        self.interrupts = state.interrupts;
        self.redirected = state.redirected;
        self.target = state.target;
        self.handler_at = state.handler_at;
        self.interrupt_at = state.interrupt_at;
        self.protected = state.protected;
        self.all_outside = state.all_outside;
        self.first_difference = state.first_difference;
        self.after_wfi = state.after_wfi;
        self.breakpoint = NOWHERE;
        self.jit_rests = false;
        self.keep_heat();
        self.forget_changed_code();
        self.update_barriers();
        self.blocks.reset_events();
        self.events = state.events;
        self.taken_branches = state.taken_branches;
        self.crossings = state.crossings;
        self.fetch_waits = state.fetch_waits;
        self.mul_waits = state.mul_waits;
        Ok(())
    }

    /// The same machine with another observer: a run can be fast up to a point, and watched from there. Scope and breakpoint stay. An active probe has all
    /// interpreted; after one code is compiled again, unless [`Machine::set_compiled`] says otherwise.
    pub fn with_probe<Q: Probe>(mut self, probe: Q) -> Machine<B, U, Q> {
        self.forget_blocks();
        let mut blocks = Blocks::new(&self.bus.code_windows(), Q::ACTIVE);
        blocks.take_over(&self.blocks);
        let interpreted = Q::ACTIVE || !P::ACTIVE && self.jit.is_none();
        let mut jit = if interpreted { None } else { Jit::new(&mut self.bus) };
        if let Some(jit) = &mut jit {
            jit.set_barriers(&self.barriers);
        }
        Machine {
            context: self.context,
            pc: self.pc,
            profile: self.profile,
            vectors: self.vectors,
            csrs: self.csrs,
            totals: self.totals,
            slept: self.slept,
            deadline: self.deadline,
            bubbles: self.bubbles,
            traps: self.traps,
            interrupts: self.interrupts,
            redirected: self.redirected,
            target: self.target,
            handler_at: self.handler_at,
            interrupt_at: self.interrupt_at,
            protected: self.protected,
            all_outside: self.all_outside,
            breakpoint: self.breakpoint,
            pauses: self.pauses,
            barriers: self.barriers,
            first_difference: self.first_difference,
            after_wfi: self.after_wfi,
            stale: self.stale,
            access: (0, 0),
            idle: 0,
            csr_written: None,
            bus_word: self.bus_word,
            observed: Observed::default(),
            events: self.events,
            taken_branches: self.taken_branches,
            crossings: self.crossings,
            fetch_waits: self.fetch_waits,
            mul_waits: self.mul_waits,
            blocks,
            jit,
            hot: self.hot,
            asked_cycles: self.asked_cycles,
            jit_rests: false,
            bus_lent: self.bus_lent,
            bus: self.bus,
            unit: self.unit,
            probe,
        }
    }

    /// The observer.
    pub fn probe_mut(&mut self) -> &mut P {
        &mut self.probe
    }
}

//! The core: an RV32IMC_Zicsr_Zifencei hart of the cve2 class, its interpreter, and its timing.
//!
//! In: a [`Bus`] with a program in memory, a [`Unit`] that multiplies, a [`Probe`] that may watch. Out: a [`Stop`].
//! Everything that a program can do is a value here: exceptions are [`Trap`]s, the end of a run is a [`Stop`]; no
//! guest program can make this code panic, loop for ever or grow without bound.

mod access;
mod block;
mod csr;
mod events;
mod exec;
mod interrupt;
mod jit;
mod observe;
mod outside;
mod pmp;
mod probe;
pub mod profile;
mod scope;
mod state;
pub mod timing;
mod trap;

pub use csr::{M_MODE, U_MODE};
pub use outside::Pauses;
pub use probe::{Access, CsrWrite, Probe, Retired, Silent};
pub use profile::Profile;
pub use scope::{Scope, mul_op};
pub use state::{State, WrongState};
pub use trap::{Cause, Trap, TrapLog};

use crate::soc::Bus;
use crate::unit::Unit;
use block::{Blocks, NOWHERE};
use csr::{Csrs, Totals};
use events::{Event, EventCounts};
use exec::Flow;
use jit::{Context, Jit};
use observe::Observed;
use profile::Mhpmcounter11;
use serde::{Deserialize, Serialize};
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
    /// Nothing on the bus answered an access, not even with an error.
    NoBusAnswer {
        /// Address of the instruction.
        pc: u32,
        /// The address that it accessed: its own if it could not be fetched.
        addr: u32,
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
            Stop::NoBusAnswer { pc, addr } => {
                write!(f, "an access to {addr:#010x} that nothing answers, at pc {pc:#010x}")
            }
            Stop::Asleep { pc } => write!(f, "WFI at pc {pc:#010x}, and nothing can wake it"),
        }
    }
}

/// What [`Machine::run_to_event`] ran to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reached {
    /// The end.
    Stop(Stop),
    /// A store into the word that the bus marks ([`Bus::take_mark`]).
    Mark,
    /// The next instruction is at a breakpoint: the one of [`Machine::set_breakpoint`], for the first time, or one of [`Pauses`].
    Breakpoint,
    /// The next instruction is a store into memory that the bus holds ([`Written::Held`](crate::soc::Written::Held)).
    Held,
    /// An exception that [`Pauses`] names was taken; the next instruction is its handler's first.
    Exception,
    /// An interrupt was taken, which [`Pauses`] asks for; the next instruction is its handler's first.
    Interrupt,
    /// For the first time in this run an operation of the unit has differed from a fault-free one: [`Machine::first_difference`].
    Difference,
}

/// A multiplication that differed from a fault-free one in value, latency or next state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Difference {
    /// The instruction's number in the run: 1 is the first that retires. One that is never answered does not retire and counts all the same.
    pub number: u64,
    /// Its address.
    pub pc: u32,
}

/// Where a core starts, and which core it is.
#[derive(Clone, Copy, Debug)]
pub struct Reset {
    /// Which core.
    pub profile: &'static Profile,
    /// Address of the first instruction.
    pub entry: u32,
    /// The trap vectors that `mtvec` points to after reset, where the platform has some; without them, an exception
    /// before the software has written `mtvec` ends the run.
    pub vectors: Option<u32>,
}

impl Reset {
    /// cve2, starting at `entry`, without trap vectors.
    pub fn cve2(entry: u32) -> Self {
        Self { profile: &profile::CVE2, entry, vectors: None }
    }
}

/// A core with what it is connected to.
pub struct Machine<B: Bus, U: Unit, P: Probe = Silent> {
    /// The general registers, and what else compiled code needs at hand.
    context: Context,
    pc: u32,
    profile: &'static Profile,
    /// The trap vectors after a reset.
    vectors: Option<u32>,
    csrs: Csrs,
    totals: Totals,
    /// Cycles of the free-running clock in which the core's was stopped.
    slept: u64,
    /// The cycle from which interrupts must be looked at again; 0 is at once.
    deadline: u64,
    /// Cycles at the end of the last instruction in which nothing was decoded and an interrupt could be taken.
    bubbles: u64,
    /// Exceptions taken.
    traps: TrapLog,
    /// Interrupts taken.
    interrupts: u64,
    /// Whether the next instruction is reached by a redirection.
    redirected: bool,
    /// Where the last redirection went.
    target: u32,
    /// Number of the instruction that is or was the first of the last trap handler; see [`Retired::number`].
    handler_at: u64,
    /// The same of the last interrupt.
    interrupt_at: u64,
    /// Cycles between the last instruction's retirement and the start of the next one. For the probe.
    idle: u64,
    /// The CSR that the last instruction wrote. For the probe.
    csr_written: Option<probe::CsrWrite>,
    /// The instruction that leaves its block. For the probe.
    observed: Observed,
    /// Accesses are held against the physical memory protection, instruction by instruction.
    protected: bool,
    /// No multiplication is in scope now.
    all_outside: bool,
    /// Where a run to an event pauses once.
    breakpoint: u32,
    /// Where it pauses besides.
    pauses: Pauses,
    /// All addresses at which it pauses, in order.
    barriers: Vec<u32>,
    /// The first operation of the run that differed.
    first_difference: Option<Difference>,
    /// The last instruction was a WFI.
    after_wfi: bool,
    /// All decoded code must go before the next block.
    stale: bool,
    /// Address and data of the last load or store. For the probe.
    access: (u32, u32),
    /// The word that memory has put on the data bus last. For the probe.
    bus_word: u32,
    /// Events that no block counts.
    events: EventCounts,
    /// Events counted apart, since they are frequent: taken branches, accesses that cross a word, and cycles in which fetch waits
    /// for an unaligned target. The last is a correction to other counts too, and may be below 0: it
    /// wraps.
    taken_branches: u64,
    crossings: u64,
    fetch_waits: u64,
    /// Cycles in which the core waited for the multiplier.
    mul_waits: u64,
    blocks: Blocks,
    /// Compiled code; `None` where the interpreter does all.
    jit: Option<Jit>,
    /// Executions of a block after which it is compiled.
    hot: u64,
    /// What units asked by compiled code took beyond one cycle an operation, since it was entered.
    asked_cycles: u64,
    /// The next block is for the interpreter.
    jit_rests: bool,
    /// The bus was handed out to be changed in any way.
    bus_lent: bool,
    bus: B,
    unit: U,
    probe: P,
}

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    /// A machine in its reset state.
    pub fn new(mut bus: B, unit: U, probe: P, reset: Reset) -> Self {
        let jit = if P::ACTIVE { None } else { Jit::new(&mut bus) };
        let blocks = Blocks::new(&bus.code_windows(), P::ACTIVE);
        let mut machine = Self {
            context: Context::default(),
            pc: reset.entry,
            profile: reset.profile,
            vectors: reset.vectors,
            csrs: Csrs::reset(reset.profile, reset.entry, reset.vectors),
            totals: Totals::default(),
            slept: 0,
            deadline: 0,
            bubbles: 0,
            traps: TrapLog::default(),
            interrupts: 0,
            redirected: true,
            target: reset.entry,
            handler_at: 0,
            interrupt_at: 0,
            idle: 0,
            csr_written: None,
            observed: Observed::default(),
            protected: false,
            all_outside: false,
            breakpoint: NOWHERE,
            pauses: Pauses::default(),
            barriers: Vec::new(),
            first_difference: None,
            after_wfi: false,
            stale: false,
            access: (0, 0),
            bus_word: 0,
            events: EventCounts::default(),
            taken_branches: 0,
            crossings: 0,
            fetch_waits: 0,
            mul_waits: 0,
            blocks,
            jit,
            hot: jit::HOT,
            asked_cycles: 0,
            jit_rests: false,
            bus_lent: true,
            bus,
            unit,
            probe,
        };
        machine.reset(reset);
        machine
    }

    /// Resets hart, unit and counters, and drops decoded code that may be no longer in memory. Memory and devices stay as they are: put them back
    /// through [`Machine::rewind_bus`] or [`Machine::bus_mut`] first.
    pub fn reset(&mut self, reset: Reset) {
        self.bus_lent |= !std::ptr::eq(self.profile, reset.profile);
        self.context.registers = [0; 64];
        self.pc = reset.entry;
        self.profile = reset.profile;
        self.vectors = reset.vectors;
        self.csrs = Csrs::reset(reset.profile, reset.entry, reset.vectors);
        self.totals = Totals { cycles: timing::RESET, ..Totals::default() };
        self.slept = timing::RESET_GATED;
        self.deadline = 0;
        self.bubbles = 0;
        self.traps.clear();
        self.interrupts = 0;
        self.redirected = true;
        self.target = reset.entry;
        self.handler_at = 0;
        self.interrupt_at = 0;
        self.idle = 0;
        self.csr_written = None;
        self.protected = false;
        self.after_wfi = false;
        self.bus_word = 0;
        self.all_outside = false;
        self.breakpoint = NOWHERE;
        self.first_difference = None;
        self.unit.reset();
        self.jit_rests = false;
        self.keep_heat();
        self.forget_changed_code();
        self.update_barriers();
        self.blocks.reset_events();
        self.events = EventCounts::default();
        self.events.count(Event::FetchWait, timing::RESET);
        (self.taken_branches, self.crossings, self.fetch_waits) = (0, 0, 0);
        self.mul_waits = 0;
    }

    /// Runs until the program ends, or until `budget` instructions have retired or trapped since reset.
    pub fn run(&mut self, budget: u64) -> Stop {
        loop {
            if let Reached::Stop(stop) = self.run_to_event(budget) {
                return stop;
            }
        }
    }

    /// Like [`Machine::run`], but returns at other events too; the next call goes on from there.
    pub fn run_to_event(&mut self, budget: u64) -> Reached {
        self.jit_reconsider();
        if self.take_breakpoint() {
            return Reached::Breakpoint;
        }
        loop {
            let left = budget.saturating_sub(self.steps_taken());
            if left == 0 {
                // The last instruction may have asked for the end.
                return Reached::Stop(self.bus.exit_code().map_or(Stop::Budget, Stop::Exit));
            }
            if self.totals.cycles >= self.deadline
                && let Some(reached) = self.attend_and_pause()
            {
                return reached;
            }
            let compiled = self.compiled().and_then(|entry| self.run_compiled(entry, left));
            let flow = match compiled {
                Some(flow) => flow,
                None => self.run_block(left),
            };
            match flow {
                Flow::Next => {}
                Flow::Device => {
                    self.look_at_interrupts();
                    if self.bus.take_mark() {
                        return Reached::Mark;
                    }
                }
                Flow::Differed => return Reached::Difference,
                Flow::Held => return Reached::Held,
                Flow::Caught => return Reached::Exception,
                Flow::Stop(stop) => return Reached::Stop(stop),
            }
            if !self.barriers.is_empty() && self.at_barrier() {
                return Reached::Breakpoint;
            }
        }
    }

    /// Does what is due, takes an interrupt if there is one to take, and says whether the run pauses or ends there.
    #[cold]
    fn attend_and_pause(&mut self) -> Option<Reached> {
        let before = self.interrupts;
        if let Some(stop) = self.attend() {
            return Some(Reached::Stop(stop));
        }
        let interrupted = self.interrupts != before;
        if interrupted && self.pauses.interrupts {
            return Some(Reached::Interrupt);
        }
        (interrupted && self.at_barrier()).then_some(Reached::Breakpoint)
    }

    /// Says which multiplications go through the unit (`None`: all). Right after a reset, as everything that these functions set.
    pub fn set_scope(&mut self, scope: Option<Scope>) {
        self.forget_blocks();
        self.blocks.set_scope(scope);
        if let Some(jit) = &mut self.jit {
            jit.clear();
        }
    }

    /// Takes every multiplication from here on out of the scope, or back into it. A reset takes them back.
    pub fn set_all_outside(&mut self, outside: bool) {
        self.all_outside = outside;
    }

    /// Lets blocks be compiled once they have been executed `after` times (1 or more; 2,500 unless something else is said); with `None` the interpreter,
    /// which is the reference, does every instruction. Results are the same.
    pub fn set_compiled(&mut self, after: Option<u64>) {
        self.jit = match after {
            Some(_) if !P::ACTIVE => Jit::new(&mut self.bus),
            _ => None,
        };
        self.blocks.keep_nothing();
        self.hot = after.unwrap_or(jit::HOT).max(1);
        self.update_barriers();
    }

    /// Between two runs: the same if code may be no longer in memory, or if blocks say what is no longer so.
    fn forget_changed_code(&mut self) {
        let changed = self.bus.host_wrote_code();
        let slower = self.blocks.set_mul_cycles(self.unit.max_cycles());
        if std::mem::take(&mut self.bus_lent) | std::mem::take(&mut self.stale) | changed | slower {
            self.forget_blocks();
        }
    }

    /// Drops all decoded code, and of compiled code what is no longer in memory.
    fn forget_blocks(&mut self) {
        self.blocks.clear(&mut self.bus);
        if let Some(jit) = &mut self.jit {
            jit.revalidate(&mut self.blocks, &mut self.bus);
        }
    }

    /// The first operation since reset that differed from a fault-free one.
    pub fn first_difference(&self) -> Option<Difference> {
        self.first_difference
    }

    /// Retired instructions plus taken exceptions since reset: what a budget counts, so that a storm of exceptions ends too.
    pub fn steps_taken(&self) -> u64 {
        self.totals.retired + self.traps.count()
    }

    /// The free-running clock in a cycle of the core's clock.
    fn clock(&self, cycle: u64) -> u64 {
        cycle + self.slept
    }

    /// Takes an exception: to the software's handler, or out of the run if it has none.
    fn raise(&mut self, trap: Trap) -> Flow {
        if trap.cause.is_access_fault() && self.bus.hangs(trap.tval) {
            self.pc = trap.pc;
            return Flow::Stop(Stop::NoBusAnswer { pc: trap.pc, addr: trap.tval });
        }
        self.traps.push(trap);
        if !self.csrs.handler_installed() {
            self.pc = trap.pc;
            return Flow::Stop(Stop::Trap(trap));
        }
        self.totals.cycles += trap.cause.own_cycles() + timing::TRAP_ENTRY;
        self.events.count(Event::FetchWait, 1);
        self.pc = self.csrs.enter(trap.cause.code(), trap.pc, trap.tval);
        self.bubbles = 1;
        self.handler_entered();
        self.after_exception(trap.cause)
    }

    fn handler_entered(&mut self) {
        self.redirected = true;
        self.target = self.pc;
        self.handler_at = self.steps_taken() + 1;
        self.look_at_interrupts();
    }

    /// Events since reset.
    fn event_totals(&self) -> [u64; csr::EVENTS] {
        let mut events = self.blocks.events();
        events.add(&self.events, 1);
        events.count(Event::TakenBranch, self.taken_branches);
        events.count(Event::FetchWait, self.taken_branches.wrapping_add(self.fetch_waits));
        events.count(Event::MemoryWait, self.crossings);
        if self.profile.mhpmcounter11 == Mhpmcounter11::MulWait {
            events.count(Event::WfiOrMulWait, self.mul_waits);
        }
        events.0
    }

    /// Instructions retired since reset.
    pub fn retired(&self) -> u64 {
        self.totals.retired
    }

    /// Clock cycles since reset, as `mcycle` counts them: those asleep are not in it.
    pub fn cycles(&self) -> u64 {
        self.totals.cycles
    }

    /// The exceptions taken since reset.
    pub fn traps(&self) -> &TrapLog {
        &self.traps
    }

    /// Interrupts taken since reset.
    pub fn interrupts(&self) -> u64 {
        self.interrupts
    }

    /// Address of the next instruction.
    pub fn pc(&self) -> u32 {
        self.pc
    }

    /// General register `i`, 0..=31.
    pub fn reg(&self, i: u8) -> u32 {
        self.context.registers[usize::from(i & 31)]
    }

    /// Privilege mode: [`M_MODE`] or [`U_MODE`].
    pub fn mode(&self) -> u8 {
        self.csrs.mode
    }

    /// A CSR, by its number, as M-mode software would read it now; `None` if the core has none of
    /// that number.
    pub fn csr(&self, number: u32) -> Option<u32> {
        let clock = self.elapsed();
        let events = self.event_totals();
        let now = Totals { time: self.bus.time(clock), events, ..self.totals };
        self.csrs.as_m_mode().read(number, &now, self.bus.lines(clock))
    }

    /// Cycles of the free-running clock since reset: those asleep are in it.
    pub fn elapsed(&self) -> u64 {
        self.clock(self.totals.cycles)
    }

    /// The bus and what is on it.
    pub fn bus(&self) -> &B {
        &self.bus
    }

    /// The bus and what is on it, to be changed from outside; before [`Machine::reset`], if code may change.
    pub fn bus_mut(&mut self) -> &mut B {
        self.bus_lent = true;
        &mut self.bus
    }

    /// The bus and what is on it, to be changed between two runs only by what [`Bus::host_wrote_code`] notices. Decoded code that has not changed is kept.
    pub fn rewind_bus(&mut self) -> &mut B {
        &mut self.bus
    }

    /// The bus and what is on it, the core being done with.
    pub fn into_bus(self) -> B {
        self.bus
    }

    /// The multiplier.
    pub fn unit(&self) -> &U {
        &self.unit
    }

    /// The observer.
    pub fn probe(&self) -> &P {
        &self.probe
    }

    /// The multiplier, to be changed from outside.
    pub fn unit_mut(&mut self) -> &mut U {
        &mut self.unit
    }
}

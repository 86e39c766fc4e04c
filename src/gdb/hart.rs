//! The machine that is debugged, with or without a trace.
//!
//! In and out: those of [`Machine`]. A traced machine interprets each instruction and writes it; one that is not runs compiled code.

use super::unit::Switch;
use crate::cpu::{Difference, Machine, Pauses, Probe, Reached, Reset, Retired, Silent, State};
use crate::soc::Board;
use crate::trace::binary::Header;
use crate::trace::{self, Filter, Format, Names, Settings};
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;
use std::rc::Rc;

/// A trace that is being written.
struct Trace {
    writer: trace::Tracer,
    /// Nothing is written while earlier instructions are executed again.
    muted: bool,
}

/// Writes what it sees into a trace.
#[derive(Clone)]
struct Tracer(Rc<RefCell<Trace>>);

impl Probe for Tracer {
    const ACTIVE: bool = true;

    fn retired(&mut self, event: &Retired) {
        let mut trace = self.0.borrow_mut();
        if !trace.muted {
            // The first error is kept, and told at the end.
            (&mut trace.writer).retired(event);
        }
    }
}

enum Core {
    Fast(Machine<Board, Switch>),
    Traced(Machine<Board, Switch, Tracer>, Tracer),
}

/// The machine.
pub(super) struct Hart {
    /// `None` only while one becomes the other.
    core: Option<Box<Core>>,
    compiled: bool,
}

/// The same for both machines.
macro_rules! of {
    ($self:expr, $machine:ident => $what:expr) => {
        match $self.core.as_deref().expect("there is a core") {
            Core::Fast($machine) => $what,
            Core::Traced($machine, _) => $what,
        }
    };
}
macro_rules! of_mut {
    ($self:expr, $machine:ident => $what:expr) => {
        match $self.core.as_deref_mut().expect("there is a core") {
            Core::Fast($machine) => $what,
            Core::Traced($machine, _) => $what,
        }
    };
}

impl Hart {
    /// A machine in its reset state; with `compiled` false it interprets every instruction.
    pub fn new(board: Board, unit: Switch, reset: Reset, compiled: bool) -> Self {
        let mut machine = Machine::new(board, unit, Silent, reset);
        if !compiled {
            machine.set_compiled(None);
        }
        Self { core: Some(Box::new(Core::Fast(machine))), compiled }
    }

    /// Writes a line for each instruction to a file from now on.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn trace(&mut self, path: &Path) -> io::Result<()> {
        let sink = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let settings = Settings {
            format: Format::Rvfi,
            filter: Filter::default(),
            last: None,
            names: Names::default(),
        };
        let writer = trace::Tracer::new(settings, sink, &Header::default())?;
        let trace = Trace { writer, muted: false };
        let tracer = Tracer(Rc::new(RefCell::new(trace)));
        let _ = self.end_trace();
        self.change(|core| match core {
            Core::Fast(machine) => Core::Traced(machine.with_probe(tracer.clone()), tracer),
            traced @ Core::Traced(..) => traced,
        });
        Ok(())
    }

    /// Ends the trace, if there is one.
    ///
    /// # Errors
    /// The first error of writing it.
    pub fn end_trace(&mut self) -> Option<io::Result<()>> {
        let mut ended = None;
        let compiled = self.compiled;
        self.change(|core| match core {
            Core::Traced(machine, tracer) => {
                ended = Some(tracer);
                let mut machine = machine.with_probe(Silent);
                if !compiled {
                    machine.set_compiled(None);
                }
                Core::Fast(machine)
            }
            fast @ Core::Fast(_) => fast,
        });
        let trace = Rc::try_unwrap(ended?.0).ok()?.into_inner();
        Some(trace.writer.finish("monitor trace off"))
    }

    fn change(&mut self, how: impl FnOnce(Core) -> Core) {
        let core = self.core.take().expect("there is a core");
        self.core = Some(Box::new(how(*core)));
    }

    pub fn is_traced(&self) -> bool {
        matches!(self.core.as_deref(), Some(Core::Traced(..)))
    }

    /// Instructions that are executed again are not to be traced.
    pub fn mute(&mut self, muted: bool) {
        if let Some(Core::Traced(_, tracer)) = self.core.as_deref_mut() {
            tracer.0.borrow_mut().muted = muted;
        }
    }

    pub fn run_to_event(&mut self, budget: u64) -> Reached {
        of_mut!(self, m => m.run_to_event(budget))
    }

    pub fn set_pauses(&mut self, pauses: &Pauses) {
        of_mut!(self, m => m.set_pauses(pauses));
    }

    pub fn reset(&mut self, reset: Reset) {
        of_mut!(self, m => m.reset(reset));
    }

    pub fn save(&self) -> State {
        of!(self, m => m.save())
    }

    /// Puts hart and unit into a state that was saved here, after the board.
    pub fn restore(&mut self, state: &State) {
        of_mut!(self, m => m.restore(state)).expect("the state is of the same core and multiplier");
    }

    pub fn changed_from_outside(&mut self) {
        of_mut!(self, m => m.changed_from_outside());
    }

    pub fn bus(&self) -> &Board {
        of!(self, m => m.bus())
    }

    pub fn bus_mut(&mut self) -> &mut Board {
        of_mut!(self, m => m.bus_mut())
    }

    pub fn into_bus(mut self) -> Board {
        let _ = self.end_trace();
        match *self.core.expect("there is a core") {
            Core::Fast(machine) => machine.into_bus(),
            Core::Traced(machine, _) => machine.into_bus(),
        }
    }

    pub fn unit(&self) -> &Switch {
        of!(self, m => m.unit())
    }

    pub fn unit_mut(&mut self) -> &mut Switch {
        of_mut!(self, m => m.unit_mut())
    }

    pub fn pc(&self) -> u32 {
        of!(self, m => m.pc())
    }

    pub fn set_pc(&mut self, pc: u32) {
        of_mut!(self, m => m.set_pc(pc));
    }

    pub fn reg(&self, i: u8) -> u32 {
        of!(self, m => m.reg(i))
    }

    pub fn set_reg(&mut self, i: u8, value: u32) {
        of_mut!(self, m => m.set_reg(i, value));
    }

    pub fn csr(&self, number: u32) -> Option<u32> {
        of!(self, m => m.csr(number))
    }

    pub fn set_csr(&mut self, number: u32, value: u32) -> Option<()> {
        of_mut!(self, m => m.set_csr(number, value))
    }

    pub fn mode(&self) -> u8 {
        of!(self, m => m.mode())
    }

    pub fn retired(&self) -> u64 {
        of!(self, m => m.retired())
    }

    pub fn cycles(&self) -> u64 {
        of!(self, m => m.cycles())
    }

    pub fn elapsed(&self) -> u64 {
        of!(self, m => m.elapsed())
    }

    pub fn exceptions(&self) -> u64 {
        of!(self, m => m.traps().count())
    }

    pub fn interrupts(&self) -> u64 {
        of!(self, m => m.interrupts())
    }

    pub fn first_difference(&self) -> Option<Difference> {
        of!(self, m => m.first_difference())
    }
}

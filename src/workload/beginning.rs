//! What the runs of one unit have in common whatever their input is: all that is done before the input is looked at.
//!
//! In: a program and a unit. Out: a [`Beginning`], after so many steps of which the input has been neither read, nor written, nor
//! executed, so that every run under this unit is in the same state there, but for the input itself. A [`Runner`] keeps that state
//! and goes on from it with one input after another; the runs are in everything those of [`Runner::run`].

use super::{FirstDifference, Program, Run, Runner};
use crate::cpu::{Probe, Retired, State, Stop};
use crate::isa::Op;
use crate::soc::Board;
use crate::unit::Unit;

/// Steps between two looks at what the scout has seen.
const STRETCH: u64 = 1 << 12;

/// How far runs with different inputs are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// For so many steps (retired instructions and exceptions) since reset.
    Steps(u64),
    /// To their end, which they all reach without a look at the input.
    Whole,
    /// That is not known.
    Unknown,
}

/// Finds beginnings: interprets a run and watches for its first look at the input.
pub struct Scout<'p, U: Unit> {
    runner: Runner<'p, U, Watch>,
    input: Vec<u8>,
}

impl<'p, U: Unit> Scout<'p, U> {
    /// A scout for a program; `None` if there is more that could look at its input, or depend on it, than the hart: devices that read
    /// memory, or a symbol of the contract that overlaps it. It needs a unit until it is lent one.
    pub fn new(program: &'p Program, unit: U) -> Option<Self> {
        let (addr, len) = program.input;
        let watch = Watch { addr, len, seen: None };
        let apart = program.looked_at().all(|(other, bytes)| !watch.overlaps(other, bytes));
        let possible = apart && !program.board.devices_read_memory();
        let runner = || Runner::new(program, unit).with_probe(watch);
        possible.then(|| Self { runner: runner(), input: vec![0; program.input_len()] })
    }

    /// The beginning under a unit, as far as it shows within `limit` steps. The unit is reset by the next run; the counts that it is left with mean nothing.
    pub fn find(&mut self, unit: &mut U, limit: u64) -> Beginning {
        let runner = &mut self.runner;
        std::mem::swap(unit, runner.unit_mut());
        runner.machine.probe_mut().seen = None;
        runner.begin(&self.input);
        let mut steps = 0;
        let beginning = loop {
            steps = limit.min(steps + STRETCH);
            let stop = runner.advance_to(steps);
            match (runner.machine.probe_mut().seen, stop) {
                (Some(number), _) => break Beginning::Steps(number - 1),
                (None, Some(_)) => break Beginning::Whole,
                (None, None) if steps == limit => break Beginning::Unknown,
                (None, None) => {}
            }
        };
        std::mem::swap(unit, runner.unit_mut());
        beginning
    }
}

/// Sees the first step that could depend on the input, or change it.
struct Watch {
    addr: u32,
    len: u32,
    seen: Option<u64>,
}

impl Watch {
    fn overlaps(&self, addr: u32, len: u32) -> bool {
        addr.wrapping_sub(self.addr) < self.len || self.addr.wrapping_sub(addr) < len
    }
}

impl Probe for Watch {
    const ACTIVE: bool = true;

    fn retired(&mut self, event: &Retired) {
        let accessed = event.access.is_some_and(|a| self.overlaps(a.addr, u32::from(a.len)));
        // By semihosting the host reads memory; at most four bytes of an instruction are fetched, whatever it is then.
        let host = event.op == Some(Op::Ebreak);
        if self.seen.is_none() && (accessed || host || self.overlaps(event.pc, 4)) {
            self.seen = Some(event.number);
        }
    }
}

/// A run that has come to the end of its beginning.
#[derive(Debug)]
pub(super) struct Kept {
    board: Board,
    state: State,
    begun: bool,
    first: Option<FirstDifference>,
    /// The machine's memory is this one but for pages that it counts as written.
    present: bool,
}

impl<U: Unit, P: Probe> Runner<'_, U, P> {
    /// [`Runner::run`], which keeps on its way the state after so many `steps`, for [`Runner::run_on`]. They must be a [`Beginning`].
    ///
    /// # Panics
    /// If `input` is not [`Program::input_len`] bytes long.
    pub fn run_and_keep(&mut self, input: &[u8], budget: u64, steps: u64) -> Run {
        self.start(input);
        if steps < budget && self.go_on(steps, &mut |_| ()) == Stop::Budget {
            self.keep();
        }
        self.finish(budget, |_| ())
    }

    /// [`Runner::run`] under the same unit, from the state that is kept; `None` if none is.
    ///
    /// # Panics
    /// If `input` is not [`Program::input_len`] bytes long.
    pub fn run_on(&mut self, input: &[u8], budget: u64) -> Option<Run> {
        assert_eq!(input.len(), self.program.input_len());
        let kept = self.kept.as_deref().filter(|kept| kept.present)?;
        let board = self.machine.rewind_bus();
        board.restore(&kept.board);
        board.poke(self.program.input.0, input).expect("the input symbol lies in RAM");
        self.machine.restore(&kept.state).expect("the state is this machine's");
        (self.begun, self.first) = (kept.begun, kept.first);
        if let Some(from) = self.program.scope.from.filter(|_| !self.begun) {
            self.machine.set_breakpoint(from);
        }
        Some(self.finish(budget, |_| ()))
    }

    fn keep(&mut self) {
        let state = self.machine.save();
        let (begun, first) = (self.begun, self.first);
        let board = self.machine.rewind_bus();
        match &mut self.kept {
            Some(kept) => {
                kept.board.become_like(board);
                (kept.state, kept.begun, kept.first) = (state, begun, first);
                kept.present = true;
            }
            none => {
                let board = board.clone();
                *none = Some(Box::new(Kept { board, state, begun, first, present: true }));
            }
        }
        board.settle();
    }

    /// Forgets what is kept: before the unit is replaced.
    pub fn let_go(&mut self) {
        if let Some(kept) = self.kept.as_mut().filter(|kept| kept.present) {
            kept.present = false;
            self.machine.rewind_bus().unsettle(&kept.board);
        }
    }
}

//! A run in pieces: up to a number of steps, a layer, the first difference; with another observer from there on.
//!
//! In: a [`Runner`] and an input. Out: the same run as [`Runner::run`] makes, which can be looked at wherever it pauses.

use super::{Program, Run, Runner};
use crate::cpu::{Machine, Probe, Reached, Stop};
use crate::soc::Board;
use crate::unit::Unit;

/// Why a run in pieces has paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paused {
    /// It has ended.
    Ended(Stop),
    /// So many steps are taken.
    Steps,
    /// The firmware has marked a layer's beginning, or the end of the last one.
    Layer,
    /// For the first time an operation has differed from a fault-free one.
    Difference,
}

impl<'p, U: Unit, P: Probe> Runner<'p, U, P> {
    /// Begins an inference; [`Runner::advance`] goes on with it.
    ///
    /// # Panics
    /// If `input` is not [`Program::input_len`] bytes long.
    pub fn begin(&mut self, input: &[u8]) {
        self.start(input);
        if let Some(addr) = self.program.layer {
            self.machine.rewind_bus().set_mark(addr);
        }
    }

    /// Goes on until `steps` steps since reset are taken, which are retired instructions and exceptions, or something happens before that.
    pub fn advance(&mut self, steps: u64) -> Paused {
        loop {
            let outside = !self.begun || !self.program.scope.has_layer(self.layer_mark());
            self.machine.set_all_outside(outside);
            match self.machine.run_to_event(steps) {
                Reached::Stop(Stop::Budget) => return Paused::Steps,
                Reached::Stop(stop) => return Paused::Ended(stop),
                Reached::Mark => return Paused::Layer,
                Reached::Difference => return Paused::Difference,
                Reached::Breakpoint => self.begun = true,
                // Nothing asks for these here.
                Reached::Held | Reached::Exception | Reached::Interrupt => {}
            }
        }
    }

    /// Goes on to `steps` steps whatever happens in between; `Some` if the run ends before.
    pub fn advance_to(&mut self, steps: u64) -> Option<Stop> {
        loop {
            match self.advance(steps) {
                Paused::Ended(stop) => return Some(stop),
                Paused::Steps => return None,
                Paused::Layer | Paused::Difference => {}
            }
        }
    }

    /// The same run, watched by another observer from here on.
    pub fn with_probe<Q: Probe>(self, probe: Q) -> Runner<'p, U, Q> {
        let Self { program, machine, begun, first, kept } = self;
        Runner { program, machine: machine.with_probe(probe), begun, first, kept }
    }

    /// Steps since reset: retired instructions and exceptions.
    pub fn steps(&self) -> u64 {
        self.machine.retired() + self.machine.traps().count()
    }

    /// Where the run is: 0 outside of all layers, else 1 + the layer.
    pub fn layer_mark(&self) -> u32 {
        self.layer()
    }

    /// The machine as it stands.
    pub fn machine(&self) -> &Machine<Board, U, P> {
        &self.machine
    }

    /// The program.
    pub fn program(&self) -> &'p Program {
        self.program
    }

    /// What came of the run, which has ended so.
    pub fn result(&self, stop: Stop) -> Run {
        Run { first_difference: self.first_difference(), ..self.ended(stop) }
    }
}

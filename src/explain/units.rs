//! Exact multipliers that watch for an operation.

use crate::unit::{Answer, Counts, Exact, ForeignState, Form, Inline, MulOp, State, Tuple, Unit};
use rustc_hash::FxHashSet;

/// An exact unit that keeps distinct operations in the order in which they come.
pub(super) struct Order {
    exact: Exact,
    seen: FxHashSet<Tuple>,
    /// The multiplication's number, and the operation.
    pub new: Vec<(u64, Tuple)>,
}

impl Order {
    pub fn new(exact: Exact) -> Self {
        Self { exact, seen: FxHashSet::default(), new: Vec::new() }
    }
}

/// An exact unit that calls one of its operations different, so that the run pauses there.
pub(super) struct StopAt {
    exact: Exact,
    wanted: u64,
    reached: bool,
}

impl StopAt {
    /// Stops at the multiplication of this number, if it is in scope.
    pub fn new(exact: Exact, wanted: u64) -> Self {
        Self { exact, wanted, reached: false }
    }
}

impl Unit for Order {
    fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        let answer = self.exact.exec(op, rs1, rs2);
        let tuple = Tuple { op, rs1, rs2 };
        if self.seen.insert(tuple) {
            self.new.push((self.exact.counts().muls, tuple));
        }
        answer
    }

    fn outside(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        self.exact.outside(op, rs1, rs2)
    }

    fn max_cycles(&self) -> u32 {
        self.exact.max_cycles()
    }

    fn reset(&mut self) {
        self.exact.reset();
        self.seen.clear();
        self.new.clear();
    }

    fn counts(&self) -> Counts {
        self.exact.counts()
    }

    fn save(&self) -> State {
        self.exact.save()
    }

    /// Takes the counts; what it has found stays.
    fn restore(&mut self, state: &State) -> Result<(), ForeignState> {
        self.exact.restore(state)
    }

    fn inline(&self) -> Inline<'_> {
        // In place only what is out of scope.
        Inline { form: Form::Asked, ..self.exact.inline() }
    }

    fn count(&mut self, done: Counts) {
        self.exact.count(done);
    }
}

impl Unit for StopAt {
    fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        let answer = self.exact.exec(op, rs1, rs2);
        self.reached |= self.exact.counts().muls == self.wanted;
        answer
    }

    fn outside(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        self.exact.outside(op, rs1, rs2)
    }

    fn max_cycles(&self) -> u32 {
        self.exact.max_cycles()
    }

    fn reset(&mut self) {
        self.exact.reset();
        self.reached = false;
    }

    fn counts(&self) -> Counts {
        Counts { differing: u64::from(self.reached), ..self.exact.counts() }
    }

    fn save(&self) -> State {
        self.exact.save()
    }

    /// Takes the counts; what it has found stays.
    fn restore(&mut self, state: &State) -> Result<(), ForeignState> {
        self.exact.restore(state)
    }

    fn inline(&self) -> Inline<'_> {
        Inline { form: Form::Asked, ..self.exact.inline() }
    }

    fn count(&mut self, done: Counts) {
        self.exact.count(done);
    }
}

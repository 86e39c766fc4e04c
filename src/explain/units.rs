//! An exact multiplier that tells of its operations.

use crate::unit::{Answer, Counts, Exact, ForeignState, Form, Inline, MulOp, State, Tuple, Unit};
use rustc_hash::FxHashSet;

/// Who is told.
pub(super) trait Listener {
    /// The multiplication of this number is this operation, in scope.
    fn told(&mut self, number: u64, operation: Tuple);

    /// A run begins.
    fn begin(&mut self);

    /// Whether the unit is to say that an operation has differed, so that the run pauses.
    fn pauses(&self) -> bool {
        false
    }
}

/// An exact unit with a listener.
pub(super) struct Telling<L> {
    exact: Exact,
    pub listener: L,
}

impl<L: Listener> Telling<L> {
    pub fn new(exact: Exact, listener: L) -> Self {
        Self { exact, listener }
    }
}

/// Keeps distinct operations in the order in which they come.
#[derive(Default)]
pub(super) struct Order {
    seen: FxHashSet<Tuple>,
    /// The multiplication's number, and the operation.
    pub new: Vec<(u64, Tuple)>,
}

impl Listener for Order {
    fn told(&mut self, number: u64, operation: Tuple) {
        if self.seen.insert(operation) {
            self.new.push((number, operation));
        }
    }

    fn begin(&mut self) {
        self.seen.clear();
        self.new.clear();
    }
}

/// Lets the run pause at the multiplication of a number, if that is in scope.
pub(super) struct StopAt {
    wanted: u64,
    reached: bool,
}

impl StopAt {
    pub fn new(wanted: u64) -> Self {
        Self { wanted, reached: false }
    }
}

impl Listener for StopAt {
    fn told(&mut self, number: u64, _: Tuple) {
        self.reached |= number == self.wanted;
    }

    fn begin(&mut self) {
        self.reached = false;
    }

    fn pauses(&self) -> bool {
        self.reached
    }
}

impl<L: Listener> Unit for Telling<L> {
    fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        let answer = self.exact.exec(op, rs1, rs2);
        self.listener.told(self.exact.counts().muls, Tuple { op, rs1, rs2 });
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
        self.listener.begin();
    }

    fn counts(&self) -> Counts {
        Counts { differing: u64::from(self.listener.pauses()), ..self.exact.counts() }
    }

    fn save(&self) -> State {
        self.exact.save()
    }

    /// Takes the counts; what the listener knows stays.
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

//! Going backwards: from a checkpoint forwards again, to where the user wants to be.
//!
//! In: the present position. Out: the state one instruction, or one breakpoint or watched access, earlier. It is the state that was there, in all
//! registers, counters, memory and devices: a run is a function of where it begins and of what the user changed.

use super::debuggee::{Debuggee, Event, Going, Wrong};
use super::forwards::Look;
use super::history::{Checkpoint, Position};
use crate::cpu::{Stop, mul_op};

/// A checkpoint is left so many steps before where the user goes back to, so that the next steps back are short.
const NEAR: u64 = 20_000;

/// A search backwards: stretch by stretch between checkpoints, each forwards.
#[derive(Debug)]
pub(super) struct Scan {
    /// Where the search began.
    origin: Position,
    /// A watched access before the origin was reported there.
    reported: bool,
    /// Where this stretch begins and ends.
    begin: Position,
    end: Position,
    /// The last thing in it so far.
    found: Option<(Position, Event)>,
}

impl Debuggee {
    /// Goes one instruction back, at the next [`Debuggee::advance`].
    pub fn back_step(&mut self) {
        self.going = Some(Going::BackStep);
    }

    /// Goes back to the last breakpoint or watched access, from the next [`Debuggee::advance`] on.
    pub fn back(&mut self) {
        let here = self.position();
        let reported = self.reported.take() == Some(here);
        self.going =
            Some(Going::Back(Scan { origin: here, reported, begin: here, end: here, found: None }));
    }

    /// Stops where it is. A search backwards stops where the stretch that it is in begins.
    pub fn halt(&mut self) {
        if let Some(Going::Back(scan)) = self.going.take()
            && scan.begin < scan.end
        {
            self.come_to(scan.begin);
        }
    }

    /// Puts the whole machine back to a checkpoint.
    fn put_back(&mut self, checkpoint: &Checkpoint) {
        self.hart.bus_mut().become_like(&checkpoint.board);
        self.held = None;
        self.hart.unit_mut().choose(checkpoint.unit);
        self.hart.restore(&checkpoint.state);
        self.changes = checkpoint.changes;
        self.printed = checkpoint.printed;
        (self.ended, self.reported) = (None, None);
    }

    /// Puts the machine back to the checkpoint from which a position is reached soonest.
    fn put_back_before(&mut self, position: Position) {
        let checkpoint = self.history.at_or_before(position);
        self.put_back(&checkpoint);
    }

    /// Comes to an earlier position, or to the first one with as many steps if the interrupts are left open (0).
    pub(super) fn come_to(&mut self, position: Position) {
        self.hart.mute(true);
        self.put_back_before(position);
        let near = Position { steps: position.steps.saturating_sub(NEAR), interrupts: 0 };
        if near.steps > self.position().steps + NEAR {
            self.run(near, Look::NONE);
            self.history.add_near(self.checkpoint());
        }
        self.run(position, Look::NONE);
        self.hart.mute(false);
    }

    pub(super) fn one_step_back(&mut self) -> Event {
        self.reported = None;
        let (here, first) = (self.position(), self.history.first().position);
        if here <= first {
            return Event::Beginning;
        }
        if let Some(Stop::NoAnswer { .. } | Stop::NoBusAnswer { .. }) = self.ended {
            // It has begun an instruction that does not end: back before it.
            self.come_to(here);
            return Event::Stepped;
        }
        let with_steps = |steps: u64| Position { steps, interrupts: 0 }.max(first);
        self.come_to(with_steps(here.steps.saturating_sub(1)));
        if self.position().interrupts == here.interrupts {
            return Event::Stepped;
        }
        // Interrupts were taken between there and here, each a step of its own: after the last instruction, or before it.
        self.come_to(with_steps(here.steps));
        if self.position() >= here {
            self.come_to(with_steps(here.steps.saturating_sub(1)));
        }
        let mut last = self.position();
        self.hart.mute(true);
        while let Some(Event::Interrupt) = self.run(here, Look { interrupts: true, ..Look::NONE })
            && self.position() < here
        {
            last = self.position();
        }
        self.hart.mute(false);
        self.come_to(last);
        Event::Stepped
    }

    /// A slice of a search backwards.
    pub(super) fn further_back(&mut self, mut scan: Scan) -> Option<Event> {
        self.hart.mute(true);
        let event = self.search(&mut scan);
        self.hart.mute(false);
        if event.is_none() {
            self.going = Some(Going::Back(scan));
        }
        event
    }

    fn search(&mut self, scan: &mut Scan) -> Option<Event> {
        if scan.begin == scan.end {
            // A stretch is done, or none was begun.
            if let Some((position, event)) = scan.found {
                self.come_to(position);
                if matches!(event, Event::Watch { .. }) {
                    self.reported = Some(position);
                }
                return Some(event);
            }
            let Some(checkpoint) = self.history.before(scan.end) else {
                self.put_back_before(scan.end);
                self.run(scan.end, Look::NONE);
                return Some(Event::Beginning);
            };
            scan.begin = checkpoint.position;
            self.put_back(&checkpoint);
            if self.breaks_here() {
                scan.found = Some((scan.begin, Event::Breakpoint));
            }
        }
        let until = self.position().steps.saturating_add(self.slice);
        let until = Position { steps: until, interrupts: 0 }.min(scan.end);
        self.stretch(scan, until);
        if self.position() >= scan.end || self.ended.is_some() {
            scan.end = scan.begin;
        }
        None
    }

    /// Runs until a position, and remembers the last event.
    fn stretch(&mut self, scan: &mut Scan, until: Position) {
        let single = self.watches_loads();
        while self.position() < until && self.ended.is_none() {
            let load = if single { self.watched_load() } else { None };
            let to = if single { self.next_step().min(until) } else { until };
            let event = match load {
                Some(watch) => Some(watch),
                None => self.run(to, Look::ALL),
            };
            match event {
                Some(watch @ Event::Watch { .. }) => {
                    // Seen from behind, it has just happened.
                    let over = Look { watches: false, ..Look::ALL };
                    let event = self.run(self.next_step().min(scan.end), over);
                    let behind = self.position();
                    if !(scan.reported && behind == scan.origin) {
                        scan.found = Some((behind, watch));
                    } else if let Some(event @ (Event::Breakpoint | Event::Exception)) = event
                        && behind < scan.end
                    {
                        scan.found = Some((behind, event));
                    }
                }
                Some(event @ (Event::Breakpoint | Event::Exception))
                    if self.position() < scan.end =>
                {
                    scan.found = Some((self.position(), event));
                }
                _ => {}
            }
        }
    }

    /// The first multiplication of the run that differed from a sound one, with its operands if history reaches back so far.
    pub fn wrong(&mut self) -> Option<Wrong> {
        let first = self.hart.first_difference()?;
        let mut wrong = Wrong { number: first.number, pc: first.pc, operation: None };
        let Some(position) = self.first_wrong.filter(|at| *at > self.history.first().position)
        else {
            return Some(wrong);
        };
        let now = self.checkpoint();
        let (ended, reported) = (self.ended, self.reported);
        self.come_to(position);
        let after: Vec<u32> = (0..32).map(|i| self.reg(i)).collect();
        self.one_step_back();
        let operation = self.next_insn().filter(|_| self.pc() == first.pc).and_then(|insn| {
            let op = mul_op(insn.op)?;
            let operands = [self.reg(insn.rs1), self.reg(insn.rs2)];
            Some((op, operands, after[usize::from(insn.rd & 31)]))
        });
        wrong.operation = operation;
        self.put_back(&now);
        (self.ended, self.reported) = (ended, reported);
        Some(wrong)
    }
}

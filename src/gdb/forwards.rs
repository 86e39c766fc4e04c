//! Going forwards: continue, step, and execute again what was executed before.
//!
//! In: a position to go to, and what to look at on the way ([`Look`]). Out: the event that came first, or none. Changes by the user that lie on
//! the way are made again where they were made.

use super::debuggee::{Debuggee, Event, Going, Watch, WatchKind};
use super::history::Position;
use crate::cpu::{Pauses, Reached, Stop};
use std::time::{Duration, Instant};

/// Steps between two looks at the connection, at the most: less than the board's console holds is printed in them.
const LONGEST_SLICE: u64 = 1_000_000;
const SHORTEST_SLICE: u64 = 1 << 6;
/// Time between two looks at the connection that is aimed at.
const SLICE_TIME: Duration = Duration::from_millis(20);
/// Steps one by one between two looks at the connection.
const SINGLE_STEPS: u64 = 50_000;

/// What a run forwards stops at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    pub breakpoints: bool,
    pub watches: bool,
    pub exceptions: bool,
    pub interrupts: bool,
    /// One more breakpoint.
    pub at: Option<u32>,
}

impl Look {
    /// At everything that the user asked for.
    pub const ALL: Self =
        Self { breakpoints: true, watches: true, exceptions: true, interrupts: false, at: None };
    /// At nothing.
    pub const NONE: Self =
        Self { breakpoints: false, watches: false, exceptions: false, interrupts: false, at: None };
}

impl Debuggee {
    /// Goes on, from the next [`Debuggee::advance`] on.
    pub fn go(&mut self) {
        self.going = Some(Going::Continue);
    }

    /// Executes one instruction, or enters one handler, from the next [`Debuggee::advance`] on.
    pub fn step(&mut self) {
        self.step_range(0, 0);
    }

    /// Executes instructions until the pc is outside `from..to`.
    pub fn step_range(&mut self, from: u32, to: u32) {
        self.going = Some(Going::Range { from, to, serving: None });
    }

    /// Some milliseconds of where it is going: `None` if it is not there yet.
    pub fn advance(&mut self) -> Option<Event> {
        let begin = Instant::now();
        let going = self.going.take()?;
        let backwards = matches!(going, Going::BackStep | Going::Back(_));
        if let (Some(stop), false) = (self.ended, backwards) {
            return Some(Event::Over(stop));
        }
        let event = match going {
            Going::Continue => {
                self.going = Some(Going::Continue);
                self.on()
            }
            Going::Range { from, to, serving } => self.on_in_range(from, to, serving),
            Going::BackStep => Some(self.one_step_back()),
            Going::Back(scan) => self.further_back(scan),
        };
        if event.is_some() {
            self.going = None;
        }
        let took = begin.elapsed();
        if took > 2 * SLICE_TIME {
            self.slice = (self.slice / 2).max(SHORTEST_SLICE);
        } else if took < SLICE_TIME / 2 {
            self.slice = (self.slice * 2).min(LONGEST_SLICE);
        }
        event
    }

    /// A slice of going on.
    fn on(&mut self) -> Option<Event> {
        let begin = self.position();
        if begin.steps >= self.max_insns {
            return Some(self.out_of_budget());
        }
        let until = begin.steps.saturating_add(self.slice).min(self.max_insns);
        self.watchfully(until, Look::ALL)
    }

    fn out_of_budget(&mut self) -> Event {
        self.ended = Some(Stop::Budget);
        Event::Stop(Stop::Budget)
    }

    /// Runs until so many steps, past a watched access that was reported; takes a checkpoint if one is due.
    fn watchfully(&mut self, until: u64, look: Look) -> Option<Event> {
        if self.reported.take() == Some(self.position()) {
            let over = Look { watches: false, ..look };
            if let Some(event) = self.run(self.next_step(), over) {
                return Some(event);
            }
        }
        let event = if self.watches_loads() {
            self.one_by_one(until, look)
        } else {
            self.run(Position { steps: until, interrupts: 0 }, look)
        };
        if matches!(event, Some(Event::Watch { .. })) {
            self.reported = Some(self.position());
        }
        if self.history.is_due(self.position()) && self.ended.is_none() {
            self.history.add(self.checkpoint());
        }
        event
    }

    pub(super) fn next_step(&self) -> Position {
        Position { steps: self.position().steps + 1, interrupts: 0 }
    }

    /// Whether each load has to be looked at.
    pub(super) fn watches_loads(&self) -> bool {
        self.watches.iter().any(|watch| watch.kind != WatchKind::Write)
    }

    /// Looks at each instruction before it is executed.
    fn one_by_one(&mut self, until: u64, look: Look) -> Option<Event> {
        let until = until.min(self.position().steps + SINGLE_STEPS);
        while self.position().steps < until {
            if let Some(watch) = self.watched_load().filter(|_| look.watches) {
                return Some(watch);
            }
            if let Some(event) = self.run(self.next_step(), look) {
                return Some(event);
            }
        }
        None
    }

    /// The watchpoint that the next instruction's load hits.
    pub(super) fn watched_load(&self) -> Option<Event> {
        let insn = self.next_insn().filter(|insn| insn.op.is_load())?;
        self.hit(&insn, |kind| kind != WatchKind::Write)
    }

    fn hit(&self, insn: &crate::isa::Insn, kinds: impl Fn(WatchKind) -> bool) -> Option<Event> {
        let addr = self.reg(insn.rs1).wrapping_add(insn.imm as u32);
        let hits = |watch: &&Watch| kinds(watch.kind) && watch.overlaps(addr, insn.op.access_len());
        let Watch { addr, kind, .. } = *self.watches.iter().find(hits)?;
        Some(Event::Watch { kind, addr })
    }

    /// Single steps while the pc is in a range; an interrupt on the way is served first, unless the user wants to see it.
    fn on_in_range(
        &mut self,
        from: u32,
        to: u32,
        mut serving: Option<(u32, u32)>,
    ) -> Option<Event> {
        let begin = self.position().steps;
        let look = Look { interrupts: true, ..Look::ALL };
        loop {
            let here = self.position().steps;
            if here >= self.max_insns {
                return Some(self.out_of_budget());
            }
            if here - begin >= self.slice.min(SINGLE_STEPS) {
                self.going = Some(Going::Range { from, to, serving });
                return None;
            }
            if let Some((pc, sp)) = serving {
                let until = here.saturating_add(self.slice).min(self.max_insns);
                match self.watchfully(until, Look { at: Some(pc), ..Look::ALL }) {
                    Some(Event::Breakpoint) if self.pc() == pc && self.reg(2) == sp => {
                        serving = None;
                    }
                    Some(Event::Breakpoint) if !self.breaks_here() => {}
                    Some(event) => return Some(event),
                    None => {}
                }
                continue;
            }
            let (pc, sp) = (self.pc(), self.reg(2));
            // A step onto a breakpoint ends as a step; in a range gdb wants to know.
            match self.watchfully(here + 1, Look { breakpoints: false, ..look }) {
                Some(Event::Interrupt) if self.skip_interrupts && !self.breaks_here() => {
                    serving = Some((pc, sp));
                }
                Some(Event::Interrupt) => return Some(Event::Stepped),
                Some(event) => return Some(event),
                None if self.pc().wrapping_sub(from) >= to.wrapping_sub(from) => {
                    return Some(Event::Stepped);
                }
                None if self.breaks_here() => return Some(Event::Breakpoint),
                None => {}
            }
        }
    }

    pub(super) fn breaks_here(&self) -> bool {
        self.breakpoints.iter().any(|list| list.contains(&self.pc()))
    }

    /// Runs until a position, or to the first event that is to be looked at.
    pub(super) fn run(&mut self, until: Position, look: Look) -> Option<Event> {
        self.hold(look.watches);
        loop {
            self.change_again();
            let here = self.position();
            if here >= until {
                return None;
            }
            let change = self.history.change(self.changes).map(|(position, _)| *position);
            let next = change.map_or(until, |change| change.min(until));
            // At the same step an interrupt comes before it.
            let interrupts = look.interrupts || next.steps == here.steps;
            self.pause(look, interrupts);
            let reached = self.hart.run_to_event(next.steps.max(here.steps + 1));
            self.collect_console();
            let event = match reached {
                Reached::Stop(Stop::Budget) | Reached::Mark => None,
                Reached::Stop(stop) => {
                    self.ended = Some(stop);
                    Some(Event::Stop(stop))
                }
                Reached::Breakpoint => Some(Event::Breakpoint),
                Reached::Held => Some(self.held_store()),
                Reached::Exception => Some(Event::Exception),
                Reached::Interrupt => look.interrupts.then_some(Event::Interrupt),
                Reached::Difference => {
                    self.first_wrong = Some(self.position());
                    None
                }
            };
            let paused = matches!(reached, Reached::Interrupt | Reached::Difference);
            let event = match event {
                None if paused && look.breakpoints && self.breaks_here() => Some(Event::Breakpoint),
                event => event,
            };
            if event.is_some() {
                self.change_again();
                return event;
            }
        }
    }

    /// Makes the changes that the user made here.
    fn change_again(&mut self) {
        while let Some((position, change)) = self.history.change(self.changes)
            && *position == self.position()
        {
            let change = change.clone();
            let done = self.apply(&change);
            debug_assert!(done, "what could be done once can be done again");
            self.changes += 1;
        }
    }

    /// Which watchpoint the next instruction's store hits.
    fn held_store(&self) -> Event {
        let hit = self.next_insn().and_then(|insn| self.hit(&insn, |kind| kind != WatchKind::Read));
        // The board holds nothing else.
        hit.unwrap_or(Event::Watch { kind: WatchKind::Write, addr: 0 })
    }

    fn pause(&mut self, look: Look, interrupts: bool) {
        let mut breakpoints: Vec<u32> = Vec::new();
        if look.breakpoints {
            breakpoints.extend(self.breakpoints.iter().flatten());
        }
        breakpoints.extend(look.at);
        let exceptions = if look.exceptions { self.catch } else { 0 };
        self.hart.set_pauses(&Pauses { breakpoints, exceptions, interrupts });
    }

    /// Lets the board hold watched stores, or none.
    pub(super) fn hold(&mut self, watches: bool) {
        let stores = self.watches.iter().filter(|watch| watches && watch.kind != WatchKind::Read);
        let ranges: Vec<(u32, u32)> = stores.map(|watch| (watch.addr, watch.len)).collect();
        if self.held.as_ref() != Some(&ranges) {
            self.hart.bus_mut().hold(&ranges);
            self.held = Some(ranges);
        }
    }
}

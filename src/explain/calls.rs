//! The layers of firmware that does not mark them: the calls that one of its functions makes.
//!
//! In: the golden run, watched from reset. Out: its call tree; the function whose calls are the layers; when these calls are made in both runs.
//! The function is found from the multiplications: from the entry on, as long as one call has nearly all of them and makes calls itself, it is
//! looked into. Calls are JAL and JALR that write `ra` or `t0`, returns are jumps to where a call goes back to (The RISC-V Instruction Set
//! Manual, Volume I, "Unconditional Jumps"), and a jump to the beginning of another function is a tail call.

use super::Scenario;
use super::spans::{Followed, Layout, Source, Span, Steps};
use crate::cpu::{Probe, Retired};
use crate::isa::{Op, decode};
use crate::workload::Program;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// Calls that are kept; what is done in deeper and later ones counts for their callers.
const CALLS: usize = 1 << 18;
/// Depth of calls that are kept.
const DEPTH: usize = 16;
/// More calls of one function than this are no layers.
const LAYERS: usize = 256;
/// A call with so many percent of the multiplications is looked into.
const NEARLY_ALL: u64 = 99;

/// A call of the golden run.
#[derive(Clone, Debug)]
struct Call {
    caller: usize,
    /// Address of the jump.
    from: u32,
    /// Where it went.
    entry: u32,
    /// Where it goes back to.
    back: u32,
    steps: Steps,
    /// With those of the calls in it.
    muls: u64,
}

/// A call that has not returned.
struct Frame {
    /// Index of the call; of the caller's, if it is not kept.
    call: usize,
    kept: bool,
    back: u32,
    /// It returns for its caller too.
    tail: bool,
}

/// Sees the golden run.
struct Tree<'p> {
    program: &'p Program,
    calls: Vec<Call>,
    frames: Vec<Frame>,
    steps: u64,
    entries: FxHashMap<u32, bool>,
}

/// Whether an instruction is a multiplication.
pub(super) fn is_mul(word: u32) -> bool {
    // OP, funct7 1, funct3 0 to 3.
    word & 0xfe00_407f == 0x0200_0033
}

impl Probe for &RefCell<Tree<'_>> {
    const ACTIVE: bool = true;

    fn retired(&mut self, event: &Retired) {
        self.borrow_mut().see(event);
    }
}

impl<'p> Tree<'p> {
    fn new(program: &'p Program) -> Self {
        let all = Call {
            caller: 0,
            from: 0,
            entry: 0,
            back: 0,
            steps: Steps { begin: 0, end: 0 },
            muls: 0,
        };
        Self {
            program,
            calls: vec![all],
            frames: Vec::new(),
            steps: 0,
            entries: FxHashMap::default(),
        }
    }

    fn current(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.call)
    }

    fn see(&mut self, event: &Retired) {
        self.steps += 1;
        if is_mul(event.word) {
            let current = self.current();
            self.calls[current].muls += 1;
        }
        let falls_through = event.next_pc == event.pc.wrapping_add(u32::from(event.len));
        if falls_through || event.trapped {
            return;
        }
        let Some(insn) = decode(event.word) else { return };
        if !matches!(insn.op, Op::Jal | Op::Jalr) {
            return;
        }
        if insn.rd == 1 || insn.rd == 5 {
            self.push(event, event.pc.wrapping_add(u32::from(event.len)), false);
        } else if self.frames.last().is_some_and(|frame| frame.back == event.next_pc) {
            self.pop();
        } else if insn.rd == 0
            && let Some(back) = self.frames.last().map(|frame| frame.back)
            && self.is_entry(event.next_pc)
        {
            self.push(event, back, true);
        }
    }

    fn is_entry(&mut self, pc: u32) -> bool {
        let program = self.program;
        let begins = || program.functions().at(pc).and_then(|name| program.symbol(name));
        *self.entries.entry(pc).or_insert_with(|| begins().is_some_and(|(addr, _)| addr == pc))
    }

    fn push(&mut self, event: &Retired, back: u32, tail: bool) {
        let caller = self.current();
        let kept = self.calls.len() < CALLS && self.frames.len() < DEPTH;
        let steps = Steps { begin: self.steps, end: self.steps };
        let call = if kept { self.calls.len() } else { caller };
        if kept {
            let (from, entry) = (event.pc, event.next_pc);
            self.calls.push(Call { caller, from, entry, back, steps, muls: 0 });
        }
        self.frames.push(Frame { call, kept, back, tail });
    }

    fn pop(&mut self) {
        while let Some(frame) = self.frames.pop() {
            if frame.kept {
                self.calls[frame.call].steps.end = self.steps;
            }
            if !frame.tail {
                break;
            }
        }
    }

    /// Closes what is open, and adds each call's multiplications to its caller's.
    fn finish(mut self) -> Vec<Call> {
        while !self.frames.is_empty() {
            self.pop();
        }
        self.calls[0].steps.end = self.steps;
        for i in (1..self.calls.len()).rev() {
            let Call { caller, muls, .. } = self.calls[i];
            self.calls[caller].muls += muls;
        }
        self.calls
    }
}

/// The call whose calls are the layers.
fn driver(calls: &[Call]) -> usize {
    let mut inside: Vec<Vec<usize>> = vec![Vec::new(); calls.len()];
    for (i, call) in calls.iter().enumerate().skip(1).filter(|(_, call)| call.muls > 0) {
        inside[call.caller].push(i);
    }
    let mut driver = 0;
    loop {
        let share = |i: usize| calls[i].muls.saturating_mul(100);
        let nearly_all = inside[driver].iter().find(|i| {
            share(**i) >= calls[driver].muls.saturating_mul(NEARLY_ALL) && !inside[**i].is_empty()
        });
        match nearly_all {
            Some(next) => driver = *next,
            None => return driver,
        }
    }
}

/// Finds the layers.
pub(super) fn layout(scenario: &Scenario<'_>, golden: &Followed, faulty: &Followed) -> Layout {
    let none =
        |why: String| Layout { source: Source::None(why), spans: Vec::new(), bounded: false };
    if golden.steps > scenario.max_lockstep {
        return none(format!(
            "the firmware marks no layers, and its run of {} instructions is longer than --max-lockstep",
            golden.run.retired
        ));
    }
    let tree = RefCell::new(Tree::new(scenario.program));
    scenario.begin(scenario.exact()).with_probe(&tree).advance_to(golden.steps);
    let calls = tree.into_inner().finish();
    let driver = driver(&calls);
    let layers: Vec<&Call> = calls.iter().skip(1).filter(|call| call.caller == driver).collect();
    if layers.is_empty() || layers.len() > LAYERS {
        return none(format!(
            "the firmware marks no layers, and makes {} calls where its multiplications are",
            layers.len()
        ));
    }
    let name = |pc: u32| scenario.program.functions().at(pc).map(str::to_owned);
    let follower = RefCell::new(Follower::new(&layers));
    let steps = faulty.steps.min(scenario.max_lockstep);
    scenario.begin(scenario.faulty()).with_probe(&follower).advance_to(steps);
    let found = follower.into_inner().finish();
    let span = |(i, call): (usize, &&Call)| Span {
        index: i as u32,
        name: name(call.entry),
        golden: call.steps,
        faulty: found.get(i).copied(),
    };
    Layout {
        source: Source::Calls(
            name(calls[driver].entry).unwrap_or_else(|| "the start-up code".into()),
        ),
        spans: layers.iter().enumerate().map(span).collect(),
        bounded: steps < faulty.steps,
    }
}

/// Finds the same calls, in the same order, in another run.
struct Follower<'c> {
    calls: &'c [&'c Call],
    steps: u64,
    inside: Option<u64>,
    found: Vec<(Steps, bool)>,
}

impl Probe for &RefCell<Follower<'_>> {
    const ACTIVE: bool = true;

    fn retired(&mut self, event: &Retired) {
        self.borrow_mut().see(event);
    }
}

impl<'c> Follower<'c> {
    fn new(calls: &'c [&'c Call]) -> Self {
        Self { calls, steps: 0, inside: None, found: Vec::new() }
    }

    #[inline]
    fn see(&mut self, event: &Retired) {
        self.steps += 1;
        if event.next_pc == event.pc.wrapping_add(u32::from(event.len)) {
            return;
        }
        let Some(call) = self.calls.get(self.found.len()) else { return };
        match self.inside {
            None if event.pc == call.from && event.next_pc == call.entry => {
                self.inside = Some(self.steps);
            }
            Some(begin) if event.next_pc == call.back => {
                self.found.push((Steps { begin, end: self.steps }, true));
                self.inside = None;
            }
            _ => {}
        }
    }

    fn finish(mut self) -> Vec<(Steps, bool)> {
        if let Some(begin) = self.inside {
            self.found.push((Steps { begin, end: self.steps }, false));
        }
        self.found
    }
}

//! The golden and the faulty run side by side, instruction by instruction.
//!
//! In: the step from which on they are watched. Out: a [`Lockstep`]: when an address, and when control flow, first differs, and how much differs
//! until then; and the golden run's outputs by layer ([`super::outputs`]). Each run has a thread and hands over what it did in pieces.

use super::calls::is_mul;
use super::outputs::Live;
use super::spans::Layout;
use super::{Code, Scenario};
use crate::cpu::{Probe, Retired, Stop};
use crate::netlist::faulty_unit::FaultyUnit;
use crate::unit::{Exact, Unit};
use crate::workload::Runner;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Instructions that are handed over together.
const PIECE: usize = 1 << 12;
/// Pieces that may wait.
const WAITING: usize = 4;
/// Steps after which a run looks whether it is still wanted.
const STRIDE: u64 = 1 << 16;

/// The first access whose address differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressDifference {
    /// The instruction's number in both runs.
    pub instruction: u64,
    /// The instruction.
    pub code: Code,
    /// Whether it is a store.
    pub store: bool,
    /// The golden run's address.
    pub golden: u32,
    /// The faulty run's.
    pub faulty: u32,
}

/// Where one of the runs goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// The instruction; `None` if the run ends.
    pub code: Option<Code>,
    /// How it ends.
    pub ends: Option<String>,
}

/// The first instruction after which the runs execute different ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlDifference {
    /// The number of the last instruction that both execute.
    pub instruction: u64,
    /// That instruction.
    pub code: Code,
    /// Where the golden run goes.
    pub golden: Next,
    /// Where the faulty run goes.
    pub faulty: Next,
    /// Registers that differ here, 1 to 31.
    pub registers: Vec<Register>,
    /// Wrong products of the faulty run until here.
    pub wrong_products: u64,
}

/// A register that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// Its number.
    pub number: u8,
    /// In the golden run.
    pub golden: u32,
    /// In the faulty run.
    pub faulty: u32,
}

/// The runs side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockstep {
    /// The first instruction that is compared.
    pub from: u64,
    /// How many are: until control flow differs, or to the end.
    pub compared: u64,
    /// Whether the limit ended the comparison.
    pub bounded: bool,
    /// Instructions among them that wrote another value into their register, or stored another.
    pub results: u64,
    /// Multiplications among these.
    pub products: u64,
    /// The first access with another address.
    pub address: Option<AddressDifference>,
    /// Where control flow first differs.
    pub control: Option<ControlDifference>,
}

/// Hands over what a run does.
struct Courier {
    piece: Vec<Retired>,
    to: SyncSender<Vec<Retired>>,
}

impl Probe for Courier {
    const ACTIVE: bool = true;

    #[inline]
    fn retired(&mut self, event: &Retired) {
        self.piece.push(*event);
        if self.piece.len() == PIECE {
            let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
            // Nobody listening is no error: the run is about to be stopped.
            let _ = self.to.send(piece);
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        let _ = self.to.send(std::mem::take(&mut self.piece));
    }
}

/// Runs to `from`, and then watched to `until`.
fn carry<U: Unit>(
    mut runner: Runner<'_, U>,
    from: u64,
    until: u64,
    to: SyncSender<Vec<Retired>>,
    wanted: &AtomicBool,
) {
    runner.advance_to(from);
    let mut runner = runner.with_probe(Courier { piece: Vec::with_capacity(PIECE), to });
    while wanted.load(Ordering::Relaxed) && runner.steps() < until {
        let next = runner.steps().saturating_add(STRIDE).min(until);
        if runner.advance_to(next).is_some() {
            return;
        }
    }
}

/// What a run does, one after the other.
struct Events {
    from: Receiver<Vec<Retired>>,
    piece: std::vec::IntoIter<Retired>,
}

impl Iterator for Events {
    type Item = Retired;

    #[inline]
    fn next(&mut self) -> Option<Retired> {
        loop {
            if let Some(event) = self.piece.next() {
                return Some(event);
            }
            self.piece = self.from.recv().ok()?.into_iter();
        }
    }
}

/// Where the comparison came to.
struct Compared {
    steps: u64,
    retired: u64,
    results: u64,
    products: u64,
    last: Option<Retired>,
    address: Option<(u64, Retired, u32)>,
    /// What each run did next, if it is not the same.
    parted: Option<(Option<Retired>, Option<Retired>)>,
}

/// Compares the runs from step `from` on, which is before the first difference. Also returns the outputs of the layers that begin there or
/// later, if the golden run was watched to its end.
pub(super) fn compare(
    scenario: &Scenario<'_>,
    layout: &Layout,
    from: u64,
    steps: (u64, u64),
) -> (Lockstep, Option<Vec<Vec<u32>>>) {
    let (golden_steps, faulty_steps) = steps;
    let limit = from.saturating_add(scenario.max_lockstep);
    let (program, circuit) = (scenario.program, scenario.circuit);
    let (faults, input) = (scenario.faults, scenario.input);
    let mut start = scenario.begin(scenario.exact());
    start.advance_to(from);
    let retired = start.machine().retired();
    let mut live = Live::new(scenario, layout, from, start.machine().reg(2));
    drop(start);
    let wanted = [AtomicBool::new(true), AtomicBool::new(true)];
    let compared = std::thread::scope(|scope| {
        let (to_golden, golden) = sync_channel(WAITING);
        let (to_faulty, faulty) = sync_channel(WAITING);
        let [want_golden, want_faulty] = &wanted;
        scope.spawn(move || {
            let mut runner = Runner::new(program, Exact::new(circuit.latency()));
            runner.begin(input);
            carry(runner, from, golden_steps.min(limit), to_golden, want_golden);
        });
        scope.spawn(move || {
            let mut runner = Runner::new(program, FaultyUnit::new(circuit, faults.faults()));
            runner.begin(input);
            carry(runner, from, faulty_steps.min(limit), to_faulty, want_faulty);
        });
        let events = |from| Events { from, piece: Vec::new().into_iter() };
        let (mut golden, mut faulty) = (events(golden), events(faulty));
        let compared = side_by_side(&mut golden, &mut faulty, retired, &mut live);
        want_faulty.store(false, Ordering::Relaxed);
        drop(faulty);
        if layout.spans.is_empty() {
            want_golden.store(false, Ordering::Relaxed);
        } else {
            golden.by_ref().for_each(|event| live.see(&event));
        }
        drop(golden);
        compared
    });
    let whole = golden_steps <= limit && !layout.spans.is_empty();
    let live = whole.then(|| live.finish());
    (describe(scenario, compared, from, retired, steps, limit), live)
}

fn side_by_side(
    golden: &mut Events,
    faulty: &mut Events,
    retired: u64,
    live: &mut Live,
) -> Compared {
    let mut c = Compared {
        steps: 0,
        retired,
        results: 0,
        products: 0,
        last: None,
        address: None,
        parted: None,
    };
    loop {
        let (a, b) = (golden.next(), faulty.next());
        if let Some(a) = &a {
            live.see(a);
        }
        let (Some(x), Some(y)) = (&a, &b) else {
            if a.is_some() || b.is_some() {
                c.parted = Some((a, b));
            }
            return c;
        };
        if x.pc != y.pc || x.word != y.word {
            c.parted = Some((a, b));
            return c;
        }
        c.steps += 1;
        c.retired += u64::from(!x.trapped);
        let stored = |event: &Retired| event.access.filter(|access| access.store).map(|a| a.data);
        if x.rd != y.rd || stored(x) != stored(y) {
            c.results += 1;
            c.products += u64::from(is_mul(x.word));
        }
        if c.address.is_none()
            && let (Some(at), Some(other)) = (x.access, y.access)
            && at.addr != other.addr
        {
            c.address = Some((c.retired, *x, other.addr));
        }
        c.last = a;
    }
}

fn describe(
    scenario: &Scenario<'_>,
    c: Compared,
    from: u64,
    retired: u64,
    (golden_steps, faulty_steps): (u64, u64),
    limit: u64,
) -> Lockstep {
    // A run that has more steps than were handed over has met the limit and not its end.
    let end = from + c.steps;
    let at_limit = |steps: u64| end >= limit && steps > limit;
    let bounded = at_limit(golden_steps) || at_limit(faulty_steps);
    let parted = c.parted.filter(|_| !bounded);
    let address = c.address.map(|(instruction, event, faulty)| {
        let access =
            event.access.unwrap_or(crate::cpu::Access { addr: 0, len: 0, store: false, data: 0 });
        AddressDifference {
            instruction,
            code: scenario.code(event.pc),
            store: access.store,
            golden: access.addr,
            faulty,
        }
    });
    let control = parted.zip(c.last).map(|((golden, faulty), last)| {
        let mut one = scenario.begin(scenario.exact());
        let one_ends = one.advance_to(end);
        let mut other = scenario.begin(scenario.faulty());
        let other_ends = other.advance_to(end);
        let registers = (1..32).filter_map(|number| {
            let (golden, faulty) = (one.machine().reg(number), other.machine().reg(number));
            (golden != faulty).then_some(Register { number, golden, faulty })
        });
        let registers = registers.collect();
        let wrong_products = other.machine().unit().counts().wrong;
        let next = |event: Option<Retired>, stop: Option<Stop>| Next {
            code: event.map(|event| scenario.code(event.pc)),
            ends: if event.is_none() {
                Some(stop.map_or_else(|| "its end".to_owned(), |stop| stop.to_string()))
            } else {
                None
            },
        };
        ControlDifference {
            instruction: c.retired,
            code: scenario.code(last.pc),
            golden: next(golden, one_ends.or_else(|| one.advance_to(end + 1))),
            faulty: next(faulty, other_ends.or_else(|| other.advance_to(end + 1))),
            registers,
            wrong_products,
        }
    });
    Lockstep {
        from: retired + 1,
        compared: c.steps,
        bounded,
        results: c.results,
        products: c.products,
        address,
        control,
    }
}

//! Hot guest code as host code: how it is used, and when it is no longer true ([`compile`]: when it is made).
//!
//! In: blocks that the interpreter has executed often. Out: functions that do the same, with the same counts, traps apart: whatever is not
//! plain leaves the function before its instruction, and the interpreter does it. So the interpreter stays the reference and the
//! fallback. Compiled code outlives a reset as long as memory holds the same instructions.
//!
//! Exactness: registers, memory, retired instructions, cycles and event counters are those of the interpreter wherever
//! compiled code is left. It is entered only if budget and the next change of the interrupt lines are further away than the most that it can
//! take until it looks again, and near them the interpreter goes on.

mod accesses;
mod bursts;
mod compile;
mod context;
mod loops;
mod lower;
mod region;
mod tally;

use super::block::Blocks;
use super::events::Event;
use super::exec::Flow;
use super::probe::Probe;
use super::{Machine, Stop};
use crate::native::Assembler;
use crate::soc::{Bus, Direct};
use crate::unit::{self, Counts, Form, Latency, Unit};
pub(super) use context::Context;
use context::{Code, Left};
use lower::{Errors, Kind, Products};
use region::Region;
use rustc_hash::{FxHashMap, FxHashSet};
use std::ffi::c_void;
use tally::{CYCLES, HALF, Tally};

/// Executions of a block after which it is compiled.
pub(super) const HOT: u64 = 2500;
/// Jumps by register that lead out of a function before one looks where they go; so many are then looked at; so often that is done.
const ASTRAY: u32 = 2000;
const LOOKED_AT: u32 = 64;
const RENEWALS: u32 = 2;
/// Targets of a jump by register that are expected, at the most.
const MAX_TARGETS: usize = 4;
/// Cycles from one look at deadline and budget to the next, at the most.
const MOST_CYCLES: u64 = HALF - 1;
/// Cycles that a function may take beyond that; the counts have room for twice as many.
const LONGEST: u64 = 0x2000;
/// An entry of the first stage of [`Entries`]: addresses of instructions are even.
const EMPTY: u32 = 1;

/// A way into compiled code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    code: Code,
    /// Which of the function's entries.
    number: u32,
    function: u32,
    /// Cycles that it can take beyond those allowed.
    longest: u32,
    /// What entering it by a redirection costs extra.
    unaligned: u32,
}

/// A compiled region.
#[derive(Debug)]
struct Function {
    ranges: Vec<(u32, u32)>,
    /// What is in those ranges.
    halves: Vec<u16>,
    entries: Vec<u32>,
    /// Addresses of its blocks.
    blocks: FxHashSet<u32>,
    kind: Kind,
    /// Where it began.
    root: u32,
    /// Jumps by register that led out of it.
    strays: u32,
    fruitless: u32,
    gone: bool,
    /// It passes an address at which the run is to pause.
    barred: bool,
}

/// Entries of one kind by address: a small table in front of a map.
#[derive(Debug)]
struct Entries {
    front: Vec<(u32, Option<Entry>)>,
    all: FxHashMap<u32, Entry>,
}

const FRONT: usize = 1 << 10;

impl Default for Entries {
    fn default() -> Self {
        Self { front: vec![(EMPTY, None); FRONT], all: FxHashMap::default() }
    }
}

impl Entries {
    /// What the front table says of an address, if it is in it.
    #[inline(always)]
    fn front(&self, pc: u32) -> Option<Option<Entry>> {
        let (known, entry) = &self.front[(pc >> 1) as usize & (FRONT - 1)];
        (*known == pc).then_some(*entry)
    }

    fn fill(&mut self, pc: u32, functions: &[Function]) -> Option<Entry> {
        let entry = self.all.get(&pc).copied();
        let entry = entry.filter(|entry| !functions[entry.function as usize].barred);
        self.front[(pc >> 1) as usize & (FRONT - 1)] = (pc, entry);
        entry
    }

    fn forget_front(&mut self) {
        self.front.fill((EMPTY, None));
    }
}

/// All compiled code of a machine.
pub(super) struct Jit {
    /// Made when there is something to compile.
    assembler: Option<Assembler>,
    memory: Direct,
    functions: Vec<Function>,
    kinds: Vec<(Kind, Entries)>,
    /// The present kind, as an index; `None` if it is to be found out.
    kind: Option<usize>,
    /// Executions of blocks by the interpreter in earlier runs.
    heat: FxHashMap<u32, u64>,
    /// Where functions of any kind begin, or shall when control comes there.
    roots: FxHashSet<u32>,
    /// Blocks in functions of any kind: the interpreter does not see them any more.
    warm: FxHashSet<u32>,
    /// Where jumps by register have often gone, by their address.
    targets: FxHashMap<u32, Vec<u32>>,
    /// How often a function was made anew for them, by where it begins.
    renewals: FxHashMap<u32, u32>,
    /// In order.
    barriers: Vec<u32>,
}

impl Jit {
    /// Nothing compiled yet; `None` if this host or this bus cannot have it.
    pub fn new(bus: &mut impl Bus) -> Option<Self> {
        if cfg!(not(all(target_pointer_width = "64", target_endian = "little"))) {
            return None;
        }
        Some(Self {
            memory: bus.direct()?,
            assembler: None,
            heat: FxHashMap::default(),
            roots: FxHashSet::default(),
            warm: FxHashSet::default(),
            functions: Vec::new(),
            kinds: Vec::new(),
            kind: None,
            targets: FxHashMap::default(),
            renewals: FxHashMap::default(),
            barriers: Vec::new(),
        })
    }

    /// Makes a kind the present one; its number.
    fn choose(&mut self, kind: Kind) -> usize {
        let known = self.kinds.iter().position(|(known, _)| *known == kind);
        let number = known.unwrap_or_else(|| {
            self.kinds.push((kind, Entries::default()));
            self.kinds.len() - 1
        });
        self.kind = Some(number);
        number
    }

    /// Notes a jump by register that led out of a function to where another one begins. Whether the function is to be made anew, with the targets that
    /// were seen.
    fn went_astray(&mut self, function: u32, site: u32, target: u32) -> bool {
        let function = &mut self.functions[function as usize];
        function.strays += 1;
        if function.strays < ASTRAY {
            return false;
        }
        let known = self.targets.entry(site).or_default();
        if known.len() < MAX_TARGETS && !known.contains(&target) {
            known.push(target);
        }
        let renewals = self.renewals.get(&function.root).copied().unwrap_or(0);
        function.strays == ASTRAY + LOOKED_AT && renewals < RENEWALS
    }

    /// Drops code that was made from bytes in `from..from + len`, which were written.
    pub fn overwritten(&mut self, from: u32, len: u32) {
        for i in 0..self.functions.len() {
            let function = &self.functions[i];
            if !function.gone && Region::overlaps(&function.ranges, from, len) {
                self.drop_function(i);
            }
        }
    }

    /// Before each use: the bus may have another memory now.
    fn set_memory(&mut self, memory: Direct) {
        if (memory.base, memory.len) != (self.memory.base, self.memory.len) {
            self.clear();
        }
        self.memory = memory;
    }

    /// Drops code whose bytes are others now, and asks for word of writes into the rest.
    pub fn revalidate(&mut self, blocks: &mut Blocks, bus: &mut impl Bus) {
        blocks.keep_nothing();
        for i in 0..self.functions.len() {
            if self.functions[i].gone {
                continue;
            }
            let function = &self.functions[i];
            if !halves_of(bus, &function.ranges).eq(function.halves.iter().copied()) {
                self.drop_function(i);
                continue;
            }
            blocks.keep_guarded(&self.functions[i].ranges, bus);
        }
    }

    /// No code may pass one of these addresses, which are in order, without being left.
    pub fn set_barriers(&mut self, barriers: &[u32]) {
        if barriers == self.barriers {
            return;
        }
        self.barriers = barriers.to_vec();
        for function in &mut self.functions {
            let passes = |pc: &u32| Region::overlaps(&function.ranges, *pc, 1);
            function.barred = barriers.iter().any(passes);
        }
        self.kinds.iter_mut().for_each(|(_, entries)| entries.forget_front());
    }

    fn drop_function(&mut self, i: usize) {
        let function = &mut self.functions[i];
        function.gone = true;
        let ours = |entry: &Entry| entry.function as usize == i;
        for (_, entries) in self.kinds.iter_mut().filter(|(kind, _)| *kind == function.kind) {
            for pc in &function.entries {
                if entries.all.get(pc).is_some_and(ours) {
                    entries.all.remove(pc);
                }
            }
            entries.forget_front();
        }
        function.halves = Vec::new();
    }

    /// Drops all code.
    pub fn clear(&mut self) {
        self.assembler = None;
        self.functions.clear();
        self.kinds.clear();
        self.kind = None;
    }
}

/// The halfwords of these ranges. A range ends at an instruction's end, or behind what could not be fetched.
fn halves_of(bus: &impl Bus, ranges: &[(u32, u32)]) -> impl Iterator<Item = u16> {
    let of = move |(from, to): &(u32, u32)| {
        let (from, halves) = (*from, to.wrapping_sub(*from) / 2);
        (0..halves).map(move |i| bus.fetch(from.wrapping_add(2 * i)).unwrap_or(0))
    };
    ranges.iter().flat_map(of)
}

/// What of its unit a machine may do in place.
fn kind_of(unit: &impl Unit, watched: bool, all_outside: bool) -> Kind {
    let inline = unit.inline();
    let products = match &inline.form {
        // What is out of scope is the same for all units.
        _ if all_outside => Products::Exact,
        Form::Asked => Products::Asked,
        Form::Exact => Products::Exact,
        Form::Square { bits, errors } => Products::Square(
            *bits,
            match errors {
                unit::Errors::None => Errors::None,
                unit::Errors::Mask { .. } => Errors::Mask,
                unit::Errors::Bytes { .. } => Errors::Bytes,
            },
        ),
    };
    // Only what is done in place and can be wrong is watched.
    let watched = watched && matches!(products, Products::Square(_, Errors::Mask | Errors::Bytes));
    let fixed = |latency: Latency| (!latency.early_out).then_some((latency.low, latency.high));
    Kind {
        products,
        watched,
        all_outside,
        latency: inline.latency.and_then(fixed),
        mul_cycles: unit.max_cycles(),
    }
}

impl<B: Bus, U: Unit, P: Probe> Machine<B, U, P> {
    /// The compiled code for the pc, if there is some and it may be used.
    #[inline(always)]
    pub(super) fn compiled(&mut self) -> Option<Entry> {
        if P::ACTIVE || self.protected || std::mem::take(&mut self.jit_rests) {
            return None;
        }
        let jit = self.jit.as_mut()?;
        let kind = match jit.kind {
            Some(kind) => kind,
            None => {
                let watched = self.first_difference.is_none();
                jit.choose(kind_of(&self.unit, watched, self.all_outside))
            }
        };
        if let Some(known) = jit.kinds[kind].1.front(self.pc) {
            return known;
        }
        self.look_up(kind)
    }

    /// Looks behind the front table; what was compiled for another kind is compiled for this one.
    #[cold]
    fn look_up(&mut self, kind: usize) -> Option<Entry> {
        let pc = self.pc;
        let jit = self.jit.as_mut()?;
        if jit.roots.contains(&pc) && !jit.kinds[kind].1.all.contains_key(&pc) {
            self.hot_block(pc, true);
        }
        let jit = self.jit.as_mut()?;
        let kind = jit.kind?;
        jit.kinds[kind].1.fill(pc, &jit.functions)
    }

    /// Runs compiled code, if there is time for it; `None` if the interpreter must go on.
    pub(super) fn run_compiled(&mut self, entry: Entry, left: u64) -> Option<Flow> {
        let jit = self.jit.as_mut()?;
        let memory = jit.memory;
        let kind = jit.kind?;
        let unaligned = if self.redirected { u64::from(entry.unaligned) } else { 0 };
        // No instruction takes less than a cycle, so that cycles hold both.
        let time = left.min(self.deadline.saturating_sub(self.totals.cycles + unaligned));
        // With much time, any function may follow; with little, this one has to be left in time.
        let chained = time > 2 * LONGEST;
        let longest = if chained { LONGEST + 1 } else { u64::from(entry.longest) };
        let spare = time.checked_sub(longest).filter(|spare| *spare > 0)?;
        self.totals.cycles += unaligned;
        self.fetch_waits = self.fetch_waits.wrapping_add(unaligned);
        self.redirected = false;
        let first_cycles = HALF - spare.min(MOST_CYCLES);
        let context = &mut self.context;
        context.ram = memory.bytes;
        context.guards = memory.guards;
        context.multiply = context::multiply::<B, U, P> as *const c_void;
        context.divide = context::divide::<B, U, P> as *const c_void;
        context.tally = [first_cycles << CYCLES, 0, 0];
        context.wrong = 0;
        if let Form::Square { bits, errors } = self.unit.inline().form {
            let pairs = 1_usize << (2 * bits);
            match errors {
                unit::Errors::None => {}
                unit::Errors::Mask { error, wrong } => {
                    assert!(wrong.len() * 64 >= pairs, "the table has a bit a pair");
                    context.error = error;
                    context.table = wrong.as_ptr().cast();
                }
                unit::Errors::Bytes { errors, which } => {
                    assert!(which.len() >= pairs && errors.len() >= 256, "a byte a pair");
                    context.errors = errors.as_ptr();
                    context.table = which.as_ptr().cast();
                }
            }
        }
        self.asked_cycles = 0;
        let mut entry = entry;
        let how = loop {
            let machine: *mut Self = self;
            // SAFETY: the code was made by `lower` for this machine's memory, kind and profile, and belongs to `self.jit`, which
            // neither the code nor what it calls changes. Every access that it makes is checked against the memory's length, the
            // context's registers and the table's size. The machine is reached through this pointer alone until the code is left.
            let how = unsafe {
                (*machine).context.machine = machine.cast();
                (entry.code)(&raw mut (*machine).context, entry.number)
            };
            let how = Left::from_number(how);
            let goes_on = matches!(how, Left::On | Left::Jumped | Left::Branched | Left::Astray);
            if !(chained && goes_on) || self.context.tally[0].cast_signed() < 0 {
                break how;
            }
            let Some(jit) = &mut self.jit else { break how };
            let next = jit.kinds[kind].1.front(self.context.pc);
            let Some(Some(next)) = next else { break how };
            if how == Left::Astray
                && jit.went_astray(entry.function, self.context.at, self.context.pc)
            {
                break how;
            }
            if how != Left::On {
                self.context.tally[0] += u64::from(next.unaligned) << CYCLES;
            }
            entry = next;
        };
        let Context { tally, wrong, pc, at, .. } = self.context;
        let tally = Tally::unpacked(tally, first_cycles);
        self.count(&tally, wrong);
        self.pc = pc;
        self.target = pc;
        self.redirected = matches!(how, Left::Jumped | Left::Branched | Left::Astray);
        self.bubbles = u64::from(how == Left::Branched);
        if tally.retired > 0
            && let Some(jit) = &mut self.jit
        {
            jit.functions[entry.function as usize].fruitless = 0;
        }
        match how {
            Left::Differed => {
                self.differed(self.totals.retired, at);
                self.jit_reconsider();
                Some(Flow::Differed)
            }
            Left::NoAnswer => {
                self.differed(self.totals.retired + 1, at);
                Some(Flow::Stop(Stop::NoAnswer { pc }))
            }
            Left::Aside => {
                if tally.retired == 0 {
                    self.fruitless(entry.function);
                }
                self.jit_rests = true;
                Some(Flow::Next)
            }
            Left::Astray => {
                self.renew(entry.function);
                Some(Flow::Next)
            }
            Left::On | Left::Jumped | Left::Branched | Left::Spent => Some(Flow::Next),
        }
    }

    /// The unit, the scope or what is watched may have changed.
    pub(super) fn jit_reconsider(&mut self) {
        if let Some(jit) = &mut self.jit {
            jit.kind = None;
            match self.bus.direct() {
                Some(memory) => jit.set_memory(memory),
                None => self.jit = None,
            }
        }
    }

    /// Counts what compiled code did.
    fn count(&mut self, tally: &Tally, wrong: u64) {
        self.totals.retired += tally.retired;
        self.totals.cycles += tally.cycles;
        self.events.count(Event::Load, tally.loads);
        self.events.count(Event::Store, tally.stores);
        self.events.count(Event::MemoryWait, tally.loads + tally.stores);
        self.events.count(Event::Branch, tally.branches);
        self.events.count(Event::Jump, tally.jumps);
        self.events.count(Event::Compressed, tally.compressed);
        self.taken_branches += tally.taken;
        let latency = self.unit.inline().latency.unwrap_or(Latency::SINGLE_CYCLE);
        let [low, high] = [latency.low, latency.high].map(u64::from);
        let unaligned = tally.unaligned((low, high), self.asked_cycles);
        self.fetch_waits = self.fetch_waits.wrapping_add(unaligned);
        if tally.muls > 0 {
            let waits = (tally.muls - tally.highs) * (low - 1) + tally.highs * (high - 1);
            self.mul_waits = self.mul_waits.wrapping_add(waits);
            let (muls, outside) = (tally.muls, tally.outside);
            self.unit.count(Counts { muls, outside, wrong, differing: wrong });
        }
    }
}

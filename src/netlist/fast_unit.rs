//! The faulty multiplier at the speed of a look-up: product tables for the operands that INT8 firmware multiplies most, a memo of
//! answers for the others, and the folded programs for what is in neither.
//!
//! Used only for faults that are proved to make the unit a function of its operands ([`super::sequence`]); then each
//! answer is computed once and looked up ever after. Whether a product is wrong is stored with it.

use super::Fault;
use super::circuit::Circuit;
use super::native::LazyCode;
use super::range::Range;
use super::screen;
use super::sequence::Sequences;
use super::table::Tables;
use crate::unit::{
    self, Answer, Counts, Errors, ForeignState, Form, Inline, Latency, MulOp, ProductForm, Tuple,
    Unit,
};

/// An entry of the memo: an open-addressed hash table with linear probing.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    rs1: u32,
    rs2: u32,
    value: u32,
    /// Bit 0: in use; bit 1: the value is wrong; bits 2..4: the operation.
    tag: u32,
}

const USED: u32 = 1;
const WRONG: u32 = 2;
const OP_SHIFT: u32 = 2;
const KEY_MASK: u32 = 0b1101;
const FIRST_CAPACITY: usize = 1 << 12;
/// Operations that are computed before they are judged.
const LEARNT_AT_ONCE: usize = 1 << 14;
/// Operations of a kind from which on host code is made to judge them: it takes some milliseconds to make and saves some tens of nanoseconds each.
const JUDGED_BY_CODE: usize = 1 << 16;
/// Answers that the memo keeps from one run to the next, at the most: a run that leaves more begins the next one with none.
const KEPT: usize = 1 << 20;

/// What a fault does to a list of operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// For each operation, whether it is right in value, latency and next state.
    pub right: Vec<bool>,
    /// How many have a wrong product, or none.
    pub wrong_products: usize,
}

/// The products of MUL over a range of operands.
#[derive(Clone, Debug)]
struct Table {
    range: Range,
    form: ProductForm,
    /// The same for [`Unit::inline`], if it can be had.
    square: Option<Square>,
}

/// A table by [`Form::Square`]'s index.
#[derive(Clone, Debug)]
enum Square {
    Exact,
    Mask { error: u32, wrong: Vec<u64> },
    Bytes { errors: Vec<u32>, which: Vec<u8> },
}

impl Square {
    /// `None` for a range that is no square, and for more than 255 errors.
    fn new(range: Range, form: &ProductForm) -> Option<Self> {
        let bits = range.rs1_bits;
        if range.rs2_bits != bits {
            return None;
        }
        // The tables begin with 0, the squares with the smallest operand.
        let half = 1 << (bits - 1);
        let turned = |index: usize| index ^ (half << bits | half);
        Some(match form {
            ProductForm::Exact => Self::Exact,
            ProductForm::Mask { error, wrong } => {
                let word = |w: usize| wrong[turned(64 * w) / 64];
                Self::Mask { error: *error, wrong: (0..wrong.len()).map(word).collect() }
            }
            ProductForm::Dictionary { errors, .. } => {
                let mut padded = errors.clone();
                padded.resize(256, 0);
                let place = |index: usize| form.place(turned(index)).unwrap_or(0);
                Self::Bytes { errors: padded, which: (0..range.pairs()).map(place).collect() }
            }
            ProductForm::Table(_) => return None,
        })
    }
}

/// The fast unit.
#[derive(Clone, Debug)]
pub struct FastUnit {
    sequences: Sequences,
    tables: Vec<Table>,
    sound: Latency,
    entries: Vec<Entry>,
    used: usize,
    counts: Counts,
    /// The memo has lost answers.
    forgot: bool,
    scratch: Vec<u8>,
    code: LazyCode,
    /// All answers that are in no table go into the memo.
    complete: bool,
    /// Operations that other hardware does.
    exact: [bool; 4],
}

impl FastUnit {
    /// A unit with an empty memo.
    pub fn new(circuit: &Circuit, sequences: Sequences) -> Self {
        let exact = MulOp::ALL.map(|op| sequences.of(op).exact() == Some(op));
        Self {
            sequences,
            exact,
            tables: Vec::new(),
            sound: circuit.latency(),
            entries: vec![Entry::default(); FIRST_CAPACITY],
            used: 0,
            counts: Counts::default(),
            forgot: false,
            scratch: Vec::new(),
            code: LazyCode::default(),
            complete: true,
        }
    }

    /// The same unit for runs of which nobody asks afterwards what they multiplied: where there is host code for an operation, every product is
    /// computed, which is faster than to find it in a memo. [`FastUnit::memo`] then knows nothing.
    pub fn forgetful(mut self) -> Self {
        (self.forgot, self.complete) = (true, false);
        self
    }

    /// The same unit without host code: what is in no table and not in the memo goes through the gates that are left after folding.
    pub fn without_code(mut self) -> Self {
        self.code = LazyCode::forbidden();
        self
    }

    /// Lets it look up MUL in a table where the operands are in its range. The table must be of the same fault.
    pub fn with_table(mut self, range: Range, form: ProductForm) -> Self {
        let square = Square::new(range, &form);
        self.tables.push(Table { range, form, square });
        self
    }

    /// Lets it look up MUL in the tables of `faults`, where they have some.
    pub fn with_tables(mut self, tables: &mut [Tables], faults: &[Fault]) -> Self {
        for tables in tables {
            if let Ok(form) = tables.form(faults) {
                self = self.with_table(tables.range(), form);
            }
        }
        self
    }

    /// Whether it looks MUL up in tables, where the operands are in their range.
    pub fn has_tables(&self) -> bool {
        !self.tables.is_empty()
    }

    /// Whether every product that is in no table is computed, not looked up.
    fn is_computed(&self, op: MulOp) -> bool {
        !self.complete && (self.exact[op.index()] || self.code.is_there(op))
    }

    /// A product that is not looked up in the memo.
    #[inline]
    fn computed(&self, op: MulOp, rs1: u32, rs2: u32) -> Option<u32> {
        if self.complete {
            None
        } else if self.exact[op.index()] {
            Some(op.product(rs1, rs2))
        } else {
            self.code.product(op, rs1, rs2)
        }
    }

    /// The product of MUL by table, if there is one.
    #[inline]
    fn tabled(&self, op: MulOp, rs1: u32, rs2: u32) -> Option<u32> {
        if op != MulOp::MUL {
            return None;
        }
        self.tables.iter().find_map(|table| {
            let index = table.range.index(rs1, rs2)?;
            Some(table.form.product(index, rs1.wrapping_mul(rs2)))
        })
    }

    /// What the fault does to `tuples`, many at a time. `each` is told the values that are in no table, `None` for what is never answered.
    pub fn judge(&mut self, tuples: &[Tuple], mut each: impl FnMut(Option<u32>)) -> Judgement {
        let mut others: Vec<usize> = Vec::new();
        let cycles = MulOp::ALL.map(|op| self.sequences.of(op).cycles());
        for (at, Tuple { op, rs1, rs2 }) in tuples.iter().enumerate() {
            if cycles[op.index()].is_none() || self.tabled(*op, *rs1, *rs2).is_none() {
                others.push(at);
            }
        }
        for op in MulOp::ALL.into_iter().filter(|op| cycles[op.index()].is_some()) {
            let count = others.iter().filter(|at| tuples[**at].op == op).count();
            if count >= JUDGED_BY_CODE {
                self.code.expect(&self.sequences, op, count);
            }
        }
        let mut judgement = Judgement { right: vec![false; tuples.len()], wrong_products: 0 };
        let mut judge = |at: usize, answer| {
            let Tuple { op, rs1, rs2 } = tuples[at];
            let (right_value, in_time) = match answer {
                Answer::Done { value, cycles } => {
                    (value == op.product(rs1, rs2), cycles == self.sound.of(op))
                }
                Answer::Never => (false, false),
            };
            judgement.right[at] = right_value && in_time && self.sequences.sound_state();
            judgement.wrong_products += usize::from(!right_value);
        };
        let mut next = others.iter().peekable();
        for (at, Tuple { op, rs1, rs2 }) in tuples.iter().enumerate() {
            if next.next_if(|other| **other == at).is_none()
                && let Some(value) = self.tabled(*op, *rs1, *rs2)
                && let Some(cycles) = cycles[op.index()]
            {
                judge(at, Answer::Done { value, cycles });
            }
        }
        for places in others.chunks(LEARNT_AT_ONCE) {
            let by_code = |Tuple { op, rs1, rs2 }: Tuple| {
                let value = self.code.product(op, rs1, rs2)?;
                Some(Answer::Done { value, cycles: cycles[op.index()]? })
            };
            let coded: Vec<_> = places.iter().map(|at| by_code(tuples[*at])).collect();
            let rest = places.iter().zip(&coded).filter(|(_, answer)| answer.is_none());
            let rest: Vec<Tuple> = rest.map(|(at, _)| tuples[*at]).collect();
            let mut rest = screen::answers(&self.sequences, &rest).into_iter();
            for (at, coded) in places.iter().zip(coded) {
                let answer = coded.or_else(|| rest.next()).unwrap_or(Answer::Never);
                each(match answer {
                    Answer::Done { value, .. } => Some(value),
                    Answer::Never => None,
                });
                judge(*at, answer);
            }
        }
        judgement
    }

    /// Computes the answers to `tuples` many at a time, and keeps those that are in no table where there is room.
    pub fn learn(&mut self, tuples: &[Tuple]) {
        for tuples in tuples.chunks(LEARNT_AT_ONCE) {
            for (tuple, answer) in tuples.iter().zip(screen::answers(&self.sequences, tuples)) {
                let Tuple { op, rs1, rs2 } = *tuple;
                if let Answer::Done { value, .. } = answer
                    && self.used < KEPT
                    && self.tabled(op, rs1, rs2).is_none()
                    && self.find(op, rs1, rs2).is_err()
                {
                    self.insert(op, rs1, rs2, value);
                }
            }
        }
    }

    /// Before a run that will need these operations: makes room if earlier runs have left too much, and learns those that it does not know; where
    /// host code can be made for them and nobody will ask for them afterwards, that is made. `kinds` says by [`MulOp::index`] which operations are among them.
    pub fn prepare(&mut self, kinds: [bool; 4], tuples: impl Iterator<Item = Tuple>) {
        if self.used > KEPT {
            // Never within a run, whose operations are all to be known afterwards.
            self.entries = vec![Entry::default(); FIRST_CAPACITY];
            (self.used, self.forgot) = (0, true);
        }
        // With code for what comes often the others are few.
        let passed = |op: MulOp| self.is_computed(op) || self.code.is_there_for_some(op);
        let passed = MulOp::ALL.map(|op| !kinds[op.index()] || !self.complete && passed(op));
        if passed == [true; 4] {
            return;
        }
        let mut unknown: Vec<Tuple> = tuples
            .filter(|t| !passed[t.op.index()])
            .filter(|t| self.tabled(t.op, t.rs1, t.rs2).is_none())
            .filter(|t| self.find(t.op, t.rs1, t.rs2).is_err())
            .collect();
        if !self.complete {
            for op in MulOp::ALL {
                let count = unknown.iter().filter(|t| t.op == op).count();
                self.code.expect(&self.sequences, op, count);
            }
            unknown.retain(|t| !self.is_computed(t.op));
        }
        self.learn(&unknown);
    }

    /// Feeds `hash` with everything but the memo that an answer of this unit depends on or that is judged of it: latencies, next state, and the product
    /// tables. Units that feed the same bytes answer alike wherever one of them has a table.
    pub fn fingerprint(&self, mut hash: impl FnMut(&[u8])) {
        hash(&[u8::from(self.sequences.sound_state())]);
        for op in MulOp::ALL {
            hash(&self.sequences.of(op).cycles().unwrap_or(0).to_le_bytes());
        }
        hash(&self.tables.len().to_le_bytes());
        for table in &self.tables {
            table.form.bytes_of(&mut hash);
        }
    }

    /// All operations of its runs that are in no table, with their answers, in no order; `None` if it does not know them all any more.
    pub fn memo(&self) -> Option<impl Iterator<Item = (Tuple, u32)>> {
        (!self.forgot).then(|| {
            self.entries.iter().filter(|entry| entry.tag & USED != 0).map(|entry| {
                let op = MulOp::ALL[(entry.tag >> OP_SHIFT & 3) as usize];
                (Tuple { op, rs1: entry.rs1, rs2: entry.rs2 }, entry.value)
            })
        })
    }

    /// Whether this unit has the same answers to these operations.
    pub fn agrees(&self, answers: &[(Tuple, u32)]) -> bool {
        let tuples: Vec<Tuple> = answers.iter().map(|(tuple, _)| *tuple).collect();
        let mine = screen::answers(&self.sequences, &tuples);
        mine.iter().zip(answers).all(
            |(mine, (_, theirs))| matches!(mine, Answer::Done { value, .. } if value == theirs),
        )
    }

    #[inline]
    fn slot(&self, op: MulOp, rs1: u32, rs2: u32) -> usize {
        let key = u64::from(rs1) | u64::from(rs2) << 32;
        let hash = (key ^ op.index() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (hash >> 32) as usize & (self.entries.len() - 1)
    }

    /// The place of an entry, or the free place where it belongs.
    #[inline]
    fn find(&self, op: MulOp, rs1: u32, rs2: u32) -> Result<usize, usize> {
        let key = (op.index() as u32) << OP_SHIFT | USED;
        let mut at = self.slot(op, rs1, rs2);
        loop {
            let entry = &self.entries[at];
            if entry.rs1 == rs1 && entry.rs2 == rs2 && entry.tag & KEY_MASK == key {
                return Ok(at);
            }
            if entry.tag & USED == 0 {
                return Err(at);
            }
            at = (at + 1) & (self.entries.len() - 1);
        }
    }

    fn insert(&mut self, op: MulOp, rs1: u32, rs2: u32, value: u32) -> usize {
        if self.used * 2 >= self.entries.len() {
            let doubled = vec![Entry::default(); self.entries.len() * 2];
            for entry in std::mem::replace(&mut self.entries, doubled) {
                if entry.tag & USED != 0 {
                    let op = MulOp::ALL[(entry.tag >> OP_SHIFT & 3) as usize];
                    if let Err(at) = self.find(op, entry.rs1, entry.rs2) {
                        self.entries[at] = entry;
                    }
                }
            }
        }
        let wrong = if value == op.product(rs1, rs2) { 0 } else { WRONG };
        let (Ok(at) | Err(at)) = self.find(op, rs1, rs2);
        self.entries[at] =
            Entry { rs1, rs2, value, tag: (op.index() as u32) << OP_SHIFT | USED | wrong };
        self.used += 1;
        at
    }

    /// Computes one answer: by host code, if there is some, or through the gates that are left after folding.
    #[inline]
    fn compute(&mut self, op: MulOp, rs1: u32, rs2: u32) -> u32 {
        match self.code.product(op, rs1, rs2) {
            Some(value) => value,
            None => self.interpret(op, rs1, rs2),
        }
    }

    #[cold]
    fn interpret(&mut self, op: MulOp, rs1: u32, rs2: u32) -> u32 {
        self.code.missed(&self.sequences, op, rs1, rs2);
        self.sequences.of(op).evaluate_one(&mut self.scratch, rs1, rs2)
    }
}

impl Unit for FastUnit {
    #[inline]
    fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        self.counts.muls += 1;
        let Some(cycles) = self.sequences.of(op).cycles() else {
            self.counts.wrong += 1;
            self.counts.differing += 1;
            return Answer::Never;
        };
        if let Some(value) = self.tabled(op, rs1, rs2) {
            if value != rs1.wrapping_mul(rs2) {
                self.counts.wrong += 1;
                self.counts.differing += 1;
            } else if cycles != self.sound.of(op) || !self.sequences.sound_state() {
                self.counts.differing += 1;
            }
            return Answer::Done { value, cycles };
        }
        if let Some(value) = self.computed(op, rs1, rs2) {
            if value != op.product(rs1, rs2) {
                self.counts.wrong += 1;
                self.counts.differing += 1;
            } else if cycles != self.sound.of(op) || !self.sequences.sound_state() {
                self.counts.differing += 1;
            }
            return Answer::Done { value, cycles };
        }
        let at = match self.find(op, rs1, rs2) {
            Ok(at) => at,
            Err(_) => {
                let value = self.compute(op, rs1, rs2);
                self.insert(op, rs1, rs2, value)
            }
        };
        let entry = &mut self.entries[at];
        if entry.tag & WRONG != 0 {
            self.counts.wrong += 1;
            self.counts.differing += 1;
        } else if cycles != self.sound.of(op) || !self.sequences.sound_state() {
            self.counts.differing += 1;
        }
        Answer::Done { value: entry.value, cycles }
    }

    fn outside(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        self.counts.outside(op, rs1, rs2, self.sound.of(op))
    }

    fn max_cycles(&self) -> u32 {
        let cycles = MulOp::ALL.map(|op| self.sequences.of(op).cycles().unwrap_or(0));
        cycles.into_iter().fold(self.sound.max(), u32::max)
    }

    fn reset(&mut self) {
        self.counts = Counts::default();
    }

    fn counts(&self) -> Counts {
        self.counts
    }

    fn save(&self) -> unit::State {
        unit::State { counts: self.counts, bits: Vec::new() }
    }

    /// Takes the counts; under these faults nothing else is carried.
    fn restore(&mut self, state: &unit::State) -> Result<(), ForeignState> {
        self.counts = state.counts;
        Ok(())
    }

    fn inline(&self) -> Inline<'_> {
        let sound = |op: &MulOp| self.sequences.of(*op).cycles() == Some(self.sound.of(*op));
        let differs = !self.sequences.sound_state() || !sound(&MulOp::MUL);
        let square = self.tables.first().filter(|_| !differs);
        let form = square.and_then(|table| {
            let errors = match table.square.as_ref()? {
                Square::Exact => Errors::None,
                Square::Mask { error, wrong } => Errors::Mask { error: *error, wrong },
                Square::Bytes { errors, which } => Errors::Bytes { errors, which },
            };
            Some(Form::Square { bits: table.range.rs1_bits, errors })
        });
        Inline { latency: Some(self.sound), form: form.unwrap_or(Form::Asked) }
    }

    fn count(&mut self, done: Counts) {
        self.counts.add(done);
    }
}

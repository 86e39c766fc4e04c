//! What each layer hands on, and how much of it the fault changes.
//!
//! In: the layers' spans, and the golden run watched from the first difference on. Out: a [`LayerTable`].
//!
//! Which bytes are a layer's output is not asked of the firmware but seen in the golden run: they are the bytes that it stored, outside of the stack,
//! and that were read after it, by other layers, by what follows them, or by the harness. Scratch memory is not among them, since it
//! is read in its layer only. Both runs' memories are then compared at these addresses where each of them leaves the layer.

use super::Scenario;
use super::spans::{Layout, Source, Span, Steps};
use crate::cpu::Retired;
use crate::model::Type;
use crate::unit::{Counts, Unit};
use crate::workload::Runner;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

/// Bytes of a page of owners.
const PAGE: u32 = 1 << 12;
/// Symbol of the end of the stack, which grows down from it.
const STACK_TOP: &str = "__stack_top";

/// What was done in a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Retired instructions.
    pub retired: u64,
    /// Multiplications.
    pub muls: u64,
    /// Wrong ones among them.
    pub wrong: u64,
}

/// How a layer's output differs from the golden run's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Lowest address of the output.
    pub addr: u32,
    /// Bytes of the output.
    pub bytes: usize,
    /// Those that differ.
    pub differing: usize,
    /// Numbers of the output, of the type below.
    pub elements: usize,
    /// `int8`, `uint8`, `int16`, `int32` or `float32`.
    pub element: String,
    /// Largest difference of a number, in the tensor's own units.
    pub largest: f64,
    /// Mean of the absolute differences of all numbers.
    pub mean_absolute: f64,
}

/// Whether a layer's output is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It ended before the first difference: its output is the golden one.
    Same,
    /// Both runs came through it.
    Compared,
    /// The faulty run did not come through it.
    NotReached,
    /// It hands nothing on, or the runs were not watched so far.
    Unknown,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerRow {
    /// Its number, 0 is the first.
    pub index: u32,
    /// The operator, or the function.
    pub name: Option<String>,
    /// Shape of its output tensor, if the network is known.
    pub shape: Option<String>,
    /// The golden run's work.
    pub golden: Work,
    /// The faulty run's, as far as it came; `None` if it did not come here.
    pub faulty: Option<Work>,
    /// Whether the output is compared.
    pub state: State,
    /// How it differs, if it is.
    pub change: Option<Change>,
}

/// All layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerTable {
    /// `marks`: the firmware tells its layers; `calls`: they are the calls of one function; `none`.
    pub source: String,
    /// The function whose calls they are.
    pub caller: Option<String>,
    /// Why there are none.
    pub why_not: Option<String>,
    /// The layers in the order of the golden run.
    pub layers: Vec<LayerRow>,
}

/// Sees the golden run: who stored each byte last, and which bytes others read.
pub(super) struct Live {
    spans: Vec<Steps>,
    /// The first span that is not over.
    next: usize,
    steps: u64,
    sp: u32,
    stack_top: u32,
    /// For each byte of a page 1 + the span that stored it last; 0 for none.
    owners: FxHashMap<u32, Box<[u16]>>,
    /// For each span the bytes that others have read of it.
    read: Vec<FxHashSet<u32>>,
    /// The harness's own reading at the end.
    output: Option<(u32, u32)>,
}

impl Live {
    /// Begins in step `steps` with the stack pointer as it is there.
    pub fn new(scenario: &Scenario<'_>, layout: &Layout, steps: u64, sp: u32) -> Self {
        let spans: Vec<Steps> =
            layout.spans.iter().take(usize::from(u16::MAX) - 1).map(|s| s.golden).collect();
        let stack_top = scenario.program.symbol(STACK_TOP).map_or(sp, |(addr, _)| addr);
        Self {
            read: vec![FxHashSet::default(); spans.len()],
            spans,
            next: 0,
            steps,
            sp,
            stack_top,
            owners: FxHashMap::default(),
            output: scenario.program.output_range(),
        }
    }

    /// 1 + the span that the run is in, 0 outside.
    fn place(&mut self) -> u16 {
        while self.spans.get(self.next).is_some_and(|span| span.end < self.steps) {
            self.next += 1;
        }
        match self.spans.get(self.next) {
            Some(span) if span.begin < self.steps => self.next as u16 + 1,
            _ => 0,
        }
    }

    /// One step of the golden run.
    #[inline]
    pub fn see(&mut self, event: &Retired) {
        self.steps += 1;
        if event.rd.0 == 2 {
            self.sp = event.rd.1;
            self.stack_top = self.stack_top.max(self.sp);
        }
        let Some(access) = event.access.filter(|_| !event.trapped) else { return };
        let place = self.place();
        for addr in (0..u32::from(access.len)).map(|i| access.addr.wrapping_add(i)) {
            if access.store {
                let stack = addr >= self.sp && addr < self.stack_top;
                let page = self.owners.entry(addr / PAGE);
                let page = page.or_insert_with(|| vec![0; PAGE as usize].into_boxed_slice());
                page[(addr % PAGE) as usize] = if stack { 0 } else { place };
            } else {
                self.loaded(addr, place);
            }
        }
    }

    fn loaded(&mut self, addr: u32, place: u16) {
        let Some(page) = self.owners.get(&(addr / PAGE)) else { return };
        let owner = page[(addr % PAGE) as usize];
        if owner != 0 && owner != place {
            self.read[usize::from(owner) - 1].insert(addr);
        }
    }

    /// The golden run has ended: the harness reads the output. Each span's output, ascending.
    pub fn finish(mut self) -> Vec<Vec<u32>> {
        if let Some((addr, len)) = self.output {
            (0..len).for_each(|i| self.loaded(addr.wrapping_add(i), 0));
        }
        let sorted = |read: FxHashSet<u32>| {
            let mut bytes: Vec<u32> = read.into_iter().collect();
            bytes.sort_unstable();
            bytes
        };
        self.read.into_iter().map(sorted).collect()
    }
}

/// What a run did in each span, and what it left there.
struct Passed {
    work: Option<Work>,
    bytes: Option<Vec<u8>>,
}

fn work<U: Unit>(runner: &Runner<'_, U>) -> Work {
    let Counts { muls, wrong, .. } = runner.machine().unit().counts();
    Work { retired: runner.machine().retired(), muls, wrong }
}

/// Runs through spans, which are in order, and looks at the memory at the end of each.
fn pass<U: Unit>(
    scenario: &Scenario<'_>,
    unit: U,
    spans: &[Option<(Steps, bool)>],
    live: Option<&Vec<Vec<u32>>>,
) -> Vec<Passed> {
    let mut runner = scenario.begin(unit);
    let mut passed = Vec::new();
    for (i, span) in spans.iter().enumerate() {
        let Some((steps, complete)) = span else {
            passed.push(Passed { work: None, bytes: None });
            continue;
        };
        runner.advance_to(steps.begin);
        let before = work(&runner);
        runner.advance_to(steps.end);
        let after = work(&runner);
        let bytes = live.and_then(|live| live.get(i)).filter(|_| *complete).map(|addrs| {
            let board = runner.machine().bus();
            let byte = |addr: &u32| board.peek(*addr, 1).map_or(0, |bytes| bytes[0]);
            addrs.iter().map(byte).collect()
        });
        passed.push(Passed {
            work: Some(Work {
                retired: after.retired - before.retired,
                muls: after.muls - before.muls,
                wrong: after.wrong - before.wrong,
            }),
            bytes,
        });
    }
    passed
}

/// Makes the table. `begin` is the step from which on the runs were watched, `None` if they never differ; `live` are the outputs of the spans that
/// begin there or later, `None` where the golden run was not watched to its end.
pub(super) fn table(
    scenario: &Scenario<'_>,
    layout: &Layout,
    begin: Option<u64>,
    live: Option<&Vec<Vec<u32>>>,
) -> LayerTable {
    let (source, caller, why_not) = match &layout.source {
        Source::Marks => ("marks", None, None),
        Source::Calls(caller) => ("calls", Some(caller.clone()), None),
        Source::None(why) => ("none", None, Some(why.clone())),
    };
    let golden: Vec<_> = layout.spans.iter().map(|span| Some((span.golden, true))).collect();
    let faulty: Vec<_> = layout.spans.iter().map(|span| span.faulty).collect();
    let golden = pass(scenario, scenario.exact(), &golden, live);
    let faulty = begin.map(|_| pass(scenario, scenario.faulty(), &faulty, live));
    let row = |(i, span): (usize, &Span)| {
        let before = begin.unwrap_or(0);
        let other = faulty.as_ref().map(|faulty| &faulty[i]);
        let outputs = (golden[i].bytes.as_ref(), other.and_then(|other| other.bytes.as_ref()));
        let addrs = live.and_then(|live| live.get(i)).filter(|addrs| !addrs.is_empty());
        let change = match (outputs, addrs) {
            ((Some(a), Some(b)), Some(addrs)) if span.golden.begin >= before => {
                Some(change(addrs, a, b, element(scenario, layout, span)))
            }
            _ => None,
        };
        let state = match (&change, other) {
            (_, None) => State::Same,
            _ if span.golden.end <= before => State::Same,
            (Some(_), _) => State::Compared,
            (None, Some(_)) if !span.faulty.is_some_and(|(_, complete)| complete) => {
                State::NotReached
            }
            (None, Some(_)) => State::Unknown,
        };
        LayerRow {
            index: span.index,
            name: span.name.clone(),
            shape: shape(scenario, layout, span),
            golden: golden[i].work.unwrap_or_default(),
            faulty: other.map_or(golden[i].work, |other| other.work),
            state,
            change,
        }
    };
    LayerTable {
        source: source.to_owned(),
        caller,
        why_not,
        layers: layout.spans.iter().enumerate().map(row).collect(),
    }
}

/// The output tensor of a layer that the network tells.
fn tensor<'m>(
    scenario: &Scenario<'m>,
    layout: &Layout,
    span: &Span,
) -> Option<&'m crate::model::Tensor> {
    let model = scenario.model.filter(|_| layout.source == Source::Marks)?;
    let operator = model.operators.get(span.index as usize)?;
    model.tensors.get(*operator.outputs.first()?)
}

fn shape(scenario: &Scenario<'_>, layout: &Layout, span: &Span) -> Option<String> {
    tensor(scenario, layout, span).map(crate::model::Tensor::shape_text)
}

/// What its numbers are; int8 if nothing says so.
fn element(scenario: &Scenario<'_>, layout: &Layout, span: &Span) -> Type {
    tensor(scenario, layout, span).map_or(Type::I8, |tensor| tensor.kind)
}

fn change(addrs: &[u32], golden: &[u8], faulty: &[u8], element: Type) -> Change {
    let differing = golden.iter().zip(faulty).filter(|(a, b)| a != b).count();
    let (name, width) = match element {
        Type::U8 => ("uint8", 1),
        Type::I16 => ("int16", 2),
        Type::I32 => ("int32", 4),
        Type::F32 => ("float32", 4),
        _ => ("int8", 1),
    };
    let number = |bytes: &[u8]| match (name, bytes) {
        ("uint8", [a]) => f64::from(*a),
        ("int16", [a, b]) => f64::from(i16::from_le_bytes([*a, *b])),
        ("int32", [a, b, c, d]) => f64::from(i32::from_le_bytes([*a, *b, *c, *d])),
        ("float32", [a, b, c, d]) => f64::from(f32::from_le_bytes([*a, *b, *c, *d])),
        (_, [a, ..]) => f64::from(a.cast_signed()),
        _ => 0.0,
    };
    let (mut elements, mut sum, mut largest) = (0_usize, 0.0, 0.0_f64);
    let mut at = 0;
    while at < addrs.len() {
        let whole =
            addrs.get(at + width - 1).is_some_and(|last| last - addrs[at] == width as u32 - 1);
        if !whole || !addrs[at].is_multiple_of(width as u32) {
            at += 1;
            continue;
        }
        let difference = (number(&golden[at..at + width]) - number(&faulty[at..at + width])).abs();
        let difference = if difference.is_finite() { difference } else { f64::MAX };
        elements += 1;
        sum += difference;
        largest = largest.max(difference);
        at += width;
    }
    Change {
        addr: addrs[0],
        bytes: addrs.len(),
        differing,
        elements,
        element: name.to_owned(),
        largest,
        mean_absolute: if elements == 0 { 0.0 } else { (sum / elements as f64).min(f64::MAX) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_those_of_the_tensors_numbers() {
        // 127 to -128 is 255 steps as int8, 1 as uint8; the second byte is equal.
        let (a, b) = ([127, 5], [128, 5]);
        let int8 = change(&[8, 9], &a, &b, Type::I8);
        assert_eq!((int8.differing, int8.elements), (1, 2));
        assert_eq!((int8.largest, int8.mean_absolute), (255.0, 127.5));
        assert_eq!(change(&[8, 9], &a, &b, Type::U8).largest, 1.0);
    }

    #[test]
    fn numbers_of_several_bytes_count_if_all_of_them_are_there() {
        // Of the word at 4 one byte is missing.
        let addrs = [0, 1, 2, 3, 4, 5, 6];
        let golden = [1, 0, 0, 0, 9, 9, 9];
        let faulty = [0, 1, 0, 0, 9, 9, 9];
        let change = change(&addrs, &golden, &faulty, Type::I32);
        assert_eq!((change.bytes, change.differing, change.elements), (7, 2, 1));
        assert_eq!(change.largest, 255.0);
    }
}

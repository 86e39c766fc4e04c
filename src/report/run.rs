//! A run directory in a compact form: about a hundred bytes a scenario, one line of the files in memory at a time.
//!
//! In: the files of a run directory ([`crate::campaign::store`]). Out: a [`Run`].

use crate::campaign::outcome::Outcome;
use crate::campaign::plan::Plan;
use crate::campaign::record::{Engine, FaultRecord, GoldenRecord, Record};
use crate::campaign::store::{StoreError, read_faults, read_lines, read_plan, read_results};
use crate::netlist::places::Place;
use serde::Serialize;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::Path;

/// Fewest bytes that a scenario's line has in `results.jsonl`: so a damaged plan cannot make us reserve memory for scenarios that are not
/// there.
const SHORTEST_LINE: u64 = 400;

/// What an answer is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Yardstick {
    /// The images' labels: accuracy is the share of right answers.
    Labels,
    /// Some image has no label, so what the golden run answers: accuracy is the share of unchanged answers.
    Golden,
    /// The network does not classify: there is no accuracy, only changes of its numbers.
    Numbers,
}

/// A text that many rows share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(NonZeroU32);

/// The shared texts.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    known: HashMap<String, Text>,
    list: Vec<String>,
}

impl Texts {
    fn of(&mut self, text: String) -> Option<Text> {
        if let Some(known) = self.known.get(&text) {
            return Some(*known);
        }
        let new = Text(NonZeroU32::new(u32::try_from(self.list.len() + 1).ok()?)?);
        self.list.push(text.clone());
        self.known.insert(text, new);
        Some(new)
    }

    /// The text itself.
    pub fn text(&self, text: Text) -> &str {
        self.list.get(text.0.get() as usize - 1).map_or("", String::as_str)
    }
}

/// One scenario.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Place of the fault in the plan.
    pub fault: u32,
    /// Place of the image in the plan.
    pub image: u32,
    /// The class.
    pub outcome: Outcome,
    /// How the result was established.
    pub engine: Engine,
    /// The class that the run answers.
    pub top1: Option<u32>,
    /// Whether the image has a label.
    pub labelled: bool,
    /// Whether the answer is the image's label.
    pub label_right: bool,
    /// Whether the label is among the five best.
    pub label_in_top5: Option<bool>,
    /// Whether the golden run answers a class.
    pub classifies: bool,
    /// Whether the answer is the golden one.
    pub golden_right: bool,
    /// Whether the golden class is among the five best.
    pub golden_in_top5: Option<bool>,
    /// Largest and root mean square change of the output's numbers.
    pub change: Option<(f64, f64)>,
    /// Multiplications executed in scope.
    pub muls: u64,
    /// Those with a wrong product.
    pub wrong: u64,
    /// The first one that differed.
    pub first: Option<FirstError>,
}

/// Where a run first differed from golden.
#[derive(Clone, Copy, Debug)]
pub struct FirstError {
    /// The instruction's number in the run.
    pub insn: u64,
    /// Its address.
    pub pc: u32,
    /// Its function.
    pub function: Option<Text>,
    /// Its layer.
    pub layer: Option<u32>,
}

impl Row {
    fn new(record: Record, image: u32, texts: &mut Texts) -> Self {
        let classifies = record.golden_top1.is_some();
        let label_right = record.correct();
        let first = record.first.map(|first| FirstError {
            insn: first.insn,
            pc: first.pc,
            function: first.function.and_then(|name| texts.of(name)),
            layer: first.layer,
        });
        Self {
            fault: narrow(record.fault),
            image,
            outcome: record.outcome,
            engine: record.engine,
            top1: record.top1.map(narrow),
            labelled: record.label.is_some(),
            label_right,
            label_in_top5: record.label_in_top5,
            classifies,
            golden_right: classifies && record.top1 == record.golden_top1,
            golden_in_top5: record.golden_in_top5,
            change: record.largest_change.zip(record.rms_change),
            muls: record.muls.saturating_sub(record.outside),
            wrong: record.wrong,
            first,
        }
    }

    /// Whether the scenario did harm: another class, other numbers of a network that does not classify, or no answer.
    pub fn harmful(&self) -> bool {
        self.outcome.no_answer() || matches!(self.outcome, Outcome::SdcCritical | Outcome::Sdc)
    }
}

/// A number of something that a file counts; what passes 32 bits becomes the largest.
fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// One fault.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Number of faults of the population that make the same circuit.
    pub weight: usize,
    /// Whether its site takes the other value in some golden operation.
    pub activated: Option<bool>,
    /// Distinct golden operations that are wrong under it; `None` if the unit carries state.
    pub distinct_wrong: Option<usize>,
    /// Where it is; `None` if it is several faults at once.
    pub place: Option<Box<Place>>,
}

/// A campaign's results.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its plan.
    pub plan: Plan,
    /// The golden runs of the plan's images, without their outputs.
    pub golden: Vec<GoldenRecord>,
    /// The faults by their place in the plan; `None` if the fault has not begun.
    pub faults: Vec<Option<Fault>>,
    /// Distinct operations in scope of all golden runs.
    pub distinct: usize,
    /// The scenarios that have ended, sorted by fault, then image.
    pub rows: Vec<Row>,
    /// The texts that rows refer to.
    pub texts: Texts,
    /// What answers are compared with.
    pub yardstick: Yardstick,
}

impl Run {
    /// Reads a run directory.
    ///
    /// # Errors
    /// [`StoreError`] if it is none or is damaged.
    pub fn read(dir: &Path) -> Result<Self, StoreError> {
        let plan = read_plan(dir)?;
        let mut golden: Vec<GoldenRecord> = read_lines(&dir.join("golden.jsonl"))?;
        golden.retain(|g| plan.images.binary_search(&g.image).is_ok());
        golden.sort_by_key(|g| g.image);
        golden.dedup_by_key(|g| g.image);
        golden.iter_mut().for_each(|g| g.output = String::new());
        let mut texts = Texts::default();
        let mut faults = vec![None; plan.faults.len()];
        let mut distinct = 0;
        read_faults(dir, &plan, |record| {
            distinct = record.distinct;
            // The plan's check has let it pass, so its place is there.
            if let Some(fault) = faults.get_mut(record.fault) {
                *fault = Some(Fault::new(record));
            }
        })?;
        let file = std::fs::metadata(dir.join("results.jsonl")).map_or(0, |file| file.len());
        let most = plan.scenarios().min((file / SHORTEST_LINE) as usize + 1);
        let mut rows = Vec::with_capacity(most);
        read_results(dir, &plan, |record| {
            let image = plan.images.binary_search(&record.image).map_or(u32::MAX, narrow);
            rows.push(Row::new(record, image, &mut texts));
        })?;
        rows.sort_unstable_by_key(|row| (row.fault, row.image));
        let yardstick = yardstick(&plan, &golden, &rows);
        Ok(Self { plan, golden, faults, distinct, rows, texts, yardstick })
    }

    /// The scenarios of each fault all of whose images have ended, in the order of the plan.
    pub fn complete(&self) -> Vec<&[Row]> {
        let each = self.rows.chunk_by(|a, b| a.fault == b.fault);
        each.filter(|rows| rows.len() == self.plan.images.len()).collect()
    }

    /// Whether an answer is right by the run's yardstick.
    pub fn right(&self, row: &Row) -> bool {
        match self.yardstick {
            Yardstick::Labels => row.label_right,
            Yardstick::Golden => row.golden_right,
            Yardstick::Numbers => false,
        }
    }

    /// Whether the right class is among the five best; `None` if there is no answer, or no scores.
    pub fn in_top5(&self, row: &Row) -> Option<bool> {
        match self.yardstick {
            Yardstick::Labels => row.label_in_top5,
            Yardstick::Golden => row.golden_in_top5,
            Yardstick::Numbers => None,
        }
    }

    /// Name of a fault of the plan.
    pub fn name(&self, fault: u32) -> &str {
        self.plan.faults.get(fault as usize).map_or("", String::as_str)
    }

    /// What is known of a fault of the plan.
    pub fn fault(&self, fault: u32) -> Option<&Fault> {
        self.faults.get(fault as usize)?.as_ref()
    }
}

impl Fault {
    fn new(record: FaultRecord) -> Self {
        let [place] = <[Place; 1]>::try_from(record.places).map_or([None], |[p]| [Some(p)]);
        Self {
            weight: record.weight,
            activated: record.activated,
            distinct_wrong: record.distinct_wrong,
            place: place.map(Box::new),
        }
    }
}

fn yardstick(plan: &Plan, golden: &[GoldenRecord], rows: &[Row]) -> Yardstick {
    let known = !golden.is_empty() || !rows.is_empty();
    let classifies = if known {
        golden.iter().any(|g| g.top1.is_some()) || rows.iter().any(|row| row.classifies)
    } else {
        plan.answers.classes
    };
    let labelled = golden.iter().all(|g| g.label.is_some()) && rows.iter().all(|r| r.labelled);
    match (classifies, labelled) {
        (false, _) => Yardstick::Numbers,
        (true, true) => Yardstick::Labels,
        (true, false) => Yardstick::Golden,
    }
}

//! Harm by where the fault is (bit, level, cell type) and by where its first error struck (layer, function).
//!
//! In: a [`Run`] and its [`FaultResult`]s. Out: groups with their estimates.

use super::by_fault::{FaultResult, Mix};
use super::estimates::{Mean, SHARE, group_size, mean_of};
use super::run::{Row, Run, Text};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// Faults that have something in common.
#[derive(Clone, Debug, Serialize)]
pub struct Group<K> {
    /// What they have in common.
    pub key: K,
    /// How many complete faults of the plan.
    pub faults: usize,
    /// Mean loss of accuracy against golden, a fraction of 1; negative if accuracy grew. `None` if the network does not classify.
    pub loss: Option<Mean>,
    /// Mean share of a fault's images whose answer is another class, other numbers, or none.
    pub harm: Option<Mean>,
    /// Their scenarios.
    pub outcomes: Mix,
}

/// Faults by where they are; multiple faults are in no group.
#[derive(Clone, Debug, Serialize)]
pub struct Places {
    /// By the lowest bit of the result that the fault's site leads to; `None`: to none.
    pub by_bit: Vec<Group<Option<u32>>>,
    /// By logic level.
    pub by_level: Vec<Group<u32>>,
    /// By type of the cell, the most frequent first; `None`: a net that comes from outside.
    pub by_cell: Vec<Group<Option<String>>>,
    /// By bit and level.
    pub map: Vec<Group<(Option<u32>, u32)>>,
    /// Faults without a single place.
    pub without_place: usize,
}

impl Places {
    /// Groups the faults. `golden` is the golden accuracy.
    pub fn of(run: &Run, results: &[FaultResult], golden: Option<f64>) -> Self {
        let placed: Vec<_> = results
            .iter()
            .filter_map(|r| Some((run.fault(r.fault)?.place.as_deref()?, r)))
            .collect();
        let (mut bits, mut levels, mut cells, mut map) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (place, result) in &placed {
            // After all bits: those that lead to none.
            let bit = (place.bit.is_none(), place.bit);
            bits.entry(bit).or_insert_with(Vec::new).push(*result);
            levels.entry(place.level).or_insert_with(Vec::new).push(*result);
            cells.entry(place.cell_type.clone()).or_insert_with(Vec::new).push(*result);
            map.entry((bit, place.level)).or_insert_with(Vec::new).push(*result);
        }
        let mut by_cell = groups(run, golden, cells);
        by_cell.sort_by(|a, b| b.faults.cmp(&a.faults).then(a.key.cmp(&b.key)));
        Self {
            by_bit: groups(run, golden, bits.into_iter().map(|((_, bit), r)| (bit, r))),
            by_level: groups(run, golden, levels),
            by_cell,
            map: groups(run, golden, map.into_iter().map(|(((_, bit), l), r)| ((bit, l), r))),
            without_place: results.len() - placed.len(),
        }
    }
}

/// What a group is ordered by, and drawn as: the loss, or the harm where there is no accuracy.
pub fn weight<K>(group: &Group<K>) -> f64 {
    group.loss.or(group.harm).map_or(0.0, |mean| mean.mean)
}

fn groups<'r, K>(
    run: &Run,
    golden: Option<f64>,
    members: impl IntoIterator<Item = (K, Vec<&'r FaultResult>)>,
) -> Vec<Group<K>> {
    let group = |(key, members): (K, Vec<&FaultResult>)| {
        let size = group_size(members.len(), &run.plan);
        let losses: Option<Vec<f64>> =
            members.iter().map(|r| Some(golden? - r.accuracy?)).collect();
        let harms: Vec<f64> = members.iter().map(|r| r.harm).collect();
        let mut outcomes = Mix::default();
        members.iter().for_each(|r| outcomes.add(&r.outcomes));
        Group {
            key,
            faults: members.len(),
            loss: losses.and_then(|l| mean_of(&l, size, golden.map_or(SHARE, |g| (g - 1.0, g)))),
            harm: mean_of(&harms, size, SHARE),
            outcomes,
        }
    };
    members.into_iter().map(group).collect()
}

/// Scenarios whose first error struck at one place.
#[derive(Clone, Debug, Serialize)]
pub struct Strike {
    /// Layer or function.
    pub name: String,
    /// Scenarios by class.
    pub outcomes: Mix,
    /// Faults with such a scenario.
    pub faults: usize,
}

/// Where first errors struck.
#[derive(Clone, Debug, Serialize)]
pub struct Strikes {
    /// Scenarios of which no multiplication differed, or of which it is not known.
    pub without: usize,
    /// By layer, in their order; empty if no layer is known.
    pub by_layer: Vec<Strike>,
    /// By function, the most frequent first.
    pub by_function: Vec<Strike>,
}

impl Strikes {
    /// Groups all scenarios that have ended.
    pub fn of(run: &Run) -> Self {
        let mut layers: BTreeMap<Option<u32>, (Mix, HashSet<u32>)> = BTreeMap::new();
        let mut functions: BTreeMap<Option<Text>, (Mix, HashSet<u32>)> = BTreeMap::new();
        let mut without = 0;
        for row in &run.rows {
            let Some(first) = row.first else {
                without += 1;
                continue;
            };
            let count = |place: &mut (Mix, HashSet<u32>)| {
                place.0.0[row.outcome.index()] += 1;
                place.1.insert(row.fault);
            };
            count(layers.entry(first.layer).or_default());
            count(functions.entry(first.function).or_default());
        }
        if layers.keys().all(Option::is_none) && run.plan.layers.is_empty() {
            layers.clear();
        }
        let strike = |name: String, (outcomes, faults): (Mix, HashSet<u32>)| Strike {
            name,
            outcomes,
            faults: faults.len(),
        };
        let by_layer = layers.into_iter().map(|(l, s)| strike(layer_name(run, l), s)).collect();
        let mut by_function: Vec<Strike> =
            functions.into_iter().map(|(f, s)| strike(function_name(run, f), s)).collect();
        by_function
            .sort_by(|a, b| b.outcomes.total().cmp(&a.outcomes.total()).then(a.name.cmp(&b.name)));
        Self { without, by_layer, by_function }
    }
}

/// A layer in words.
pub fn layer_name(run: &Run, layer: Option<u32>) -> String {
    match layer {
        None => "outside of layers".to_owned(),
        Some(layer) => match run.plan.layers.get(layer as usize) {
            Some(operator) => format!("{layer} {operator}"),
            None => format!("layer {layer}"),
        },
    }
}

fn function_name(run: &Run, function: Option<Text>) -> String {
    function.map_or("no function", |text| run.texts.text(text)).to_owned()
}

/// The most frequent of some keys with its number; of equally frequent ones the lowest.
pub fn most_frequent<K: Ord>(keys: impl Iterator<Item = K>) -> Option<(K, usize)> {
    let mut counts = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key).or_insert(0) += 1);
    counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))
}

/// Where the first errors of some scenarios of one fault struck, in words.
#[derive(Clone, Debug, Serialize)]
pub struct First {
    /// The most frequent instruction: address.
    pub pc: String,
    /// Its function.
    pub function: String,
    /// Its layer; `None` if no layer is known.
    pub layer: Option<String>,
    /// Scenarios whose first error struck there.
    pub scenarios: usize,
    /// The lowest of their instruction numbers.
    pub insn: u64,
}

impl First {
    /// The most frequent place of the first errors; `None` if nothing differed.
    pub fn of(run: &Run, rows: &[Row]) -> Option<Self> {
        let places = rows.iter().filter_map(|row| row.first);
        let ((pc, layer), scenarios) = most_frequent(places.clone().map(|f| (f.pc, f.layer)))?;
        let there = || places.clone().filter(|f| (f.pc, f.layer) == (pc, layer));
        let known = layer.is_some() || !run.plan.layers.is_empty();
        Some(Self {
            pc: format!("{pc:#010x}"),
            function: function_name(run, there().next().and_then(|f| f.function)),
            layer: known.then(|| layer_name(run, layer)),
            scenarios,
            insn: there().map(|f| f.insn).min().unwrap_or(0),
        })
    }
}

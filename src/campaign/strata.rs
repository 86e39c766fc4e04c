//! A population of faults in parts, and samples in which every part has its share.
//!
//! In: faults, and by what they are divided. Out: which ones are drawn, and from which part each is.

use super::plan::{Amount, PlanError, sample};
use super::stats::allocate;
use crate::netlist::places::Places;
use crate::netlist::{Circuit, FaultSet};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// By what a sample of faults is divided, so that each part is in it in proportion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stratify {
    /// By nothing: a simple random sample.
    #[default]
    None,
    /// By the lowest bit of the result that the fault can reach ([`Places`]).
    Bit,
    /// By the type of the cell that it is at.
    Cell,
}

impl Stratify {
    /// Its name in plans.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bit => "bit",
            Self::Cell => "cell",
        }
    }

    pub(super) fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// The stratum of a set of faults; the first of them tells.
    fn stratum(self, places: &Places, faults: &FaultSet) -> String {
        let place = faults.faults().first().map(|fault| places.of(*fault));
        match (self, place) {
            (Self::None, _) | (_, None) => String::new(),
            (Self::Bit, Some(place)) => match place.bit {
                // Two digits, so that names sort as numbers do.
                Some(bit) => format!("bit {bit:02}"),
                None => "no bit".into(),
            },
            (Self::Cell, Some(place)) => place.cell_type.unwrap_or_else(|| "input".into()),
        }
    }
}

impl std::str::FromStr for Stratify {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::None, Self::Bit, Self::Cell];
        known.into_iter().find(|s| s.name() == text).ok_or("give 'none', 'bit' or 'cell'".into())
    }
}

/// A part of the population, of which a sample of its own was drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStratum {
    /// What its faults have in common.
    pub name: String,
    /// Faults of the population in it.
    pub size: usize,
    /// Faults of the plan in it.
    pub drawn: usize,
}

/// A population in parts.
#[derive(Default)]
pub(super) struct Strata {
    /// The parts, in order of their names.
    pub parts: Vec<PlanStratum>,
    /// The part of each member.
    of: Vec<usize>,
    /// The part of each that was drawn.
    pub chosen: Vec<usize>,
}

impl Strata {
    /// Of this population.
    pub fn of(stratify: Stratify, circuit: &Circuit, population: &[FaultSet]) -> Self {
        let places = Places::new(circuit);
        let names: Vec<String> = population.iter().map(|f| stratify.stratum(&places, f)).collect();
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        names.iter().for_each(|name| *sizes.entry(name).or_default() += 1);
        let number: HashMap<&str, usize> = sizes.keys().enumerate().map(|(i, n)| (*n, i)).collect();
        let of = names.iter().map(|name| number[name.as_str()]).collect();
        let part = |(name, size): (&&str, &usize)| PlanStratum {
            name: (*name).to_owned(),
            size: *size,
            drawn: 0,
        };
        Self { parts: sizes.iter().map(part).collect(), of, chosen: Vec::new() }
    }

    /// So many members: of each part what is due to it, at random, all in random order.
    pub fn draw(
        &mut self,
        population: usize,
        count: usize,
        seed: u64,
    ) -> Result<Vec<usize>, PlanError> {
        let sizes: Vec<usize> = self.parts.iter().map(|part| part.size).collect();
        let due = allocate(&sizes, count)?;
        // The first ones of each part in one random order of all are a random sample of that part.
        let order = sample("faults", population, Amount::Sample(population), seed, 0)?;
        let mut drawn = Vec::with_capacity(count);
        for member in order {
            let part = self.of[member];
            if self.parts[part].drawn < due[part] {
                self.parts[part].drawn += 1;
                self.chosen.push(part);
                drawn.push(member);
            }
        }
        Ok(drawn)
    }
}

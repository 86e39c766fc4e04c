//! The plan: which faults meet which images. Drawn from a seed, written down in full, hashed.

use crate::campaign::images::Images;
use crate::campaign::lab::Candidate;
use crate::campaign::outcome::Answers;
use crate::campaign::stats::{AllocationError, SampleSizeError, Share, sample_size};
use crate::campaign::strata::{PlanStratum, Strata, Stratify};
use crate::netlist::circuit::SourceFile;
use crate::netlist::collapse::collapse;
use crate::netlist::fault::{Effect, Sites, universe};
use crate::netlist::{Circuit, Fault, FaultSet};
use crate::workload::{Program, ScopeSpec};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use thiserror::Error;

/// Version of the run directory's format.
pub const FORMAT: u32 = 5;

/// How many of something to take; in TOML a number or `"all"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Amount {
    /// All there are.
    All,
    /// So many, at random.
    Sample(usize),
}

/// An amount as it is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(usize),
    Text(String),
}

impl TryFrom<Written> for Amount {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Number(n) => Ok(Amount::Sample(n)),
            Written::Text(text) => text.parse(),
        }
    }
}

impl std::str::FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Amount::All),
            _ => text.parse().map(Amount::Sample).map_err(|_| "give a number, or 'all'".to_owned()),
        }
    }
}

/// How many faults to take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Selection {
    /// So many.
    Amount(Amount),
    /// As many as estimate a share of them to within a margin; `t` is the normal quantile ([`mod@crate::campaign::stats::sample_size`]).
    Margin {
        /// The margin on either side.
        margin: Share,
        /// The quantile.
        t: f64,
    },
}

/// What a plan is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Where faults come from.
    pub from: Population,
    /// How many of them.
    pub faults: Selection,
    /// By what the sample of faults is divided.
    pub stratify: Stratify,
    /// Images from the data set.
    pub images: Amount,
    /// Seed of both samples.
    pub seed: u64,
    /// A faulty run may take so many times the golden run's instructions before it counts as a hang.
    pub hang_factor: u32,
}

/// What is run.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The firmware, with its network and its scope.
    pub program: &'a Program,
    /// What it looks at.
    pub images: &'a Images,
    /// How images become inputs, in words.
    pub inputs: String,
    /// How its output is read.
    pub answers: Answers,
    /// SHA-256 of the network, if the firmware reads one.
    pub model_sha256: Option<String>,
    /// The network's operators, as the firmware's layers are numbered; empty where they are not known.
    pub layers: Vec<String>,
}

/// What faults are drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Population {
    /// The stuck-at faults at these sites, uncollapsed.
    Universe(Sites),
    /// A list: each entry is one scenario's faults.
    List(Vec<FaultSet>),
}

/// Why a plan cannot be made.
#[derive(Debug, Error, PartialEq)]
pub enum PlanError {
    /// More than there are.
    #[error(
        "{asked} {what} are asked for, and there are {available}; ask for at most that many, or 'all'"
    )]
    TooMany {
        /// Faults or images.
        what: &'static str,
        /// Asked for.
        asked: usize,
        /// There are.
        available: usize,
    },
    /// Parts that do not hold what is asked for.
    #[error(transparent)]
    Allocation(#[from] AllocationError),
    /// A margin that no sample can have.
    #[error(transparent)]
    Size(#[from] SampleSizeError),
    /// No image.
    #[error("a campaign needs at least one image")]
    NoImage,
    /// The images do not fit the network.
    #[error("an image has {image} byte{}, and the firmware's input tensor {input}; give images of that size (--data-images) or other firmware (--elf)", if *image == 1 { "" } else { "s" })]
    Shape {
        /// Bytes of an image.
        image: usize,
        /// Bytes of the input tensor.
        input: usize,
    },
}

/// A campaign, fixed to the last scenario. Fields are as in `plan.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of the run directory's format.
    pub format: u32,
    /// Version of the program that made the plan.
    pub stuckat: String,
    /// SHA-256 of the ELF.
    pub elf_sha256: String,
    /// SHA-256 of the `.tflite` file that the firmware reads (`--model`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// The network's operators, by layer; empty where they are not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,
    /// Which multiplications are faulty.
    #[serde(default, skip_serializing_if = "ScopeSpec::is_all")]
    pub scope: ScopeSpec,
    /// How an output is read.
    pub answers: Answers,
    /// The expression that finds a printed answer (`--answer`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The core (`--core`).
    pub core: String,
    /// The platform's name or file.
    pub platform: String,
    /// SHA-256 of the platform's description.
    pub platform_sha256: String,
    /// SHA-256 of the images and labels.
    pub data_sha256: String,
    /// How images become inputs.
    pub inputs: String,
    /// Name of the multiplier.
    pub multiplier: String,
    /// The files that the multiplier was made from.
    pub multiplier_files: Vec<SourceFile>,
    /// Seed of the samples.
    pub seed: u64,
    /// Budget of a faulty run, in golden instruction counts.
    pub hang_factor: u32,
    /// What the faults were drawn from: `nets`, `pins`, `all` (the universe of these sites), or `list`.
    pub population: String,
    /// Size of the population.
    pub universe: usize,
    /// Number of images in the data set.
    pub data_images: usize,
    /// By what the sample of faults was divided.
    #[serde(default, skip_serializing_if = "Stratify::is_none")]
    pub stratify: Stratify,
    /// Its parts, in order of their names; none if it was not divided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strata: Vec<PlanStratum>,
    /// The part that each fault of the plan is from, as an index into `strata`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stratum_of: Vec<usize>,
    /// The faults by name, in the order in which they are run: random, unless all are taken.
    pub faults: Vec<String>,
    /// The images by index, ascending.
    pub images: Vec<usize>,
}

impl Plan {
    /// Draws a plan; also returns its faults.
    ///
    /// # Errors
    /// [`PlanError`] if it asks for what is not there.
    pub fn draw(
        request: Request,
        circuit: &Circuit,
        subject: Subject<'_>,
    ) -> Result<(Self, Vec<Candidate>), PlanError> {
        let (program, images) = (subject.program, subject.images);
        if images.bytes_each() != program.input_len() {
            let (image, input) = (images.bytes_each(), program.input_len());
            return Err(PlanError::Shape { image, input });
        }
        let (population, universe) = match request.from {
            Population::Universe(sites) => {
                let universe = universe(circuit, sites).into_iter().map(FaultSet::from);
                (sites.name(), universe.collect())
            }
            Population::List(list) => ("list", list),
        };
        let amount = match request.faults {
            Selection::Amount(amount) => amount,
            Selection::Margin { margin, t } => {
                Amount::Sample(sample_size(universe.len(), margin, t, Share::HALF)?.faults)
            }
        };
        let mut faults = sample("faults", universe.len(), amount, request.seed, 0)?;
        let mut strata = Strata::default();
        if request.stratify != Stratify::None {
            strata = Strata::of(request.stratify, circuit, &universe);
            faults = strata.draw(universe.len(), faults.len(), request.seed)?;
        }
        let mut chosen = sample("images", images.count(), request.images, request.seed, 1)?;
        chosen.sort_unstable();
        if chosen.is_empty() {
            return Err(PlanError::NoImage);
        }
        let classes = classes(circuit, &universe);
        let candidate = |i: usize| {
            let (first, weight) = classes[i];
            let class = universe[first].name(circuit.netlist());
            Candidate { faults: universe[i].clone(), class, weight }
        };
        let faults: Vec<Candidate> = faults.into_iter().map(candidate).collect();
        let plan = Self {
            format: FORMAT,
            stuckat: env!("CARGO_PKG_VERSION").to_owned(),
            elf_sha256: program.sha256().to_owned(),
            model_sha256: subject.model_sha256,
            layers: subject.layers,
            scope: program.scope().clone(),
            answers: subject.answers,
            answer: program.answer().map(ToString::to_string),
            core: program.core().name.to_owned(),
            platform: program.platform().name().to_owned(),
            platform_sha256: crate::hex(&Sha256::digest(program.platform().text())),
            data_sha256: images.sha256().to_owned(),
            inputs: subject.inputs,
            multiplier: circuit.name().to_owned(),
            multiplier_files: circuit.sources().to_vec(),
            seed: request.seed,
            hang_factor: request.hang_factor,
            population: population.to_owned(),
            universe: universe.len(),
            stratify: request.stratify,
            strata: strata.parts,
            stratum_of: strata.chosen,
            data_images: images.count(),
            faults: faults.iter().map(|f| f.faults.name(circuit.netlist())).collect(),
            images: chosen,
        };
        Ok((plan, faults))
    }

    /// SHA-256 of the plan, in hexadecimal: a run directory belongs to one plan.
    ///
    /// # Panics
    /// Never: a plan is always representable as JSON.
    pub fn hash(&self) -> String {
        crate::hex(&Sha256::digest(serde_json::to_vec(self).expect("a plan is plain data")))
    }

    /// Number of scenarios.
    pub fn scenarios(&self) -> usize {
        self.faults.len() * self.images.len()
    }

    /// The first field in which two plans differ.
    pub fn difference(&self, other: &Plan) -> Option<&'static str> {
        let fields = [
            ("format", self.format == other.format),
            ("stuckat's version", self.stuckat == other.stuckat),
            ("the ELF", self.elf_sha256 == other.elf_sha256),
            ("the network", self.model_sha256 == other.model_sha256 && self.layers == other.layers),
            ("the scope", self.scope == other.scope),
            ("how the output is read", self.answers == other.answers),
            ("the expression of a printed answer", self.answer == other.answer),
            ("the core", self.core == other.core),
            ("the platform", self.platform_sha256 == other.platform_sha256),
            ("the data", self.data_sha256 == other.data_sha256),
            ("how images become inputs", self.inputs == other.inputs),
            (
                "the multiplier",
                self.multiplier == other.multiplier
                    && self.multiplier_files == other.multiplier_files,
            ),
            ("the seed", self.seed == other.seed),
            ("the hang factor", self.hang_factor == other.hang_factor),
            (
                "the faults",
                self.faults == other.faults
                    && self.universe == other.universe
                    && self.population == other.population
                    && self.strata == other.strata
                    && self.stratum_of == other.stratum_of,
            ),
            ("the images", self.images == other.images && self.data_images == other.data_images),
        ];
        fields.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
    }
}

/// For each member of a population the first one that makes the same faulty circuit, and how many do.
fn classes(circuit: &Circuit, population: &[FaultSet]) -> Vec<(usize, usize)> {
    let mut classes: Vec<(usize, usize)> = (0..population.len()).map(|i| (i, 1)).collect();
    let single = |set: &FaultSet| match set.faults() {
        [fault] if matches!(fault.effect, Effect::Stuck(_)) => Some(*fault),
        _ => None,
    };
    let places: Vec<usize> =
        (0..population.len()).filter(|i| single(&population[*i]).is_some()).collect();
    let faults: Vec<Fault> = places.iter().filter_map(|i| single(&population[*i])).collect();
    // A list may have a fault several times.
    let mut at: HashMap<Fault, Vec<usize>> = HashMap::new();
    for (fault, place) in faults.iter().zip(&places) {
        at.entry(*fault).or_default().push(*place);
    }
    for class in collapse(circuit, &faults) {
        let mut members: Vec<usize> =
            class.members.iter().flat_map(|f| at.remove(f).unwrap_or_default()).collect();
        members.sort_unstable();
        for member in &members {
            classes[*member] = (members[0], members.len());
        }
    }
    classes
}

/// Indices drawn uniformly without replacement, in random order; all of them in ascending order for `All`.
///
/// The stream of random numbers is ChaCha8's, keyed by the seed, one stream a purpose; the shuffle is Fisher and Yates's,
/// stopped after the wanted number. It is spelt out here so that a seed means the same sample for ever.
pub(super) fn sample(
    what: &'static str,
    available: usize,
    amount: Amount,
    seed: u64,
    stream: u64,
) -> Result<Vec<usize>, PlanError> {
    let asked = match amount {
        Amount::All => return Ok((0..available).collect()),
        Amount::Sample(n) if n > available => {
            return Err(PlanError::TooMany { what, asked: n, available });
        }
        Amount::Sample(n) => n,
    };
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    let mut indices: Vec<usize> = (0..available).collect();
    for i in 0..asked {
        let j = i + below(&mut random, (available - i) as u64) as usize;
        indices.swap(i, j);
    }
    indices.truncate(asked);
    Ok(indices)
}

/// A number below `n` without bias: the remainders that would favour small numbers are drawn again.
pub(crate) fn below(random: &mut ChaCha8Rng, n: u64) -> u64 {
    let zone = u64::MAX - u64::MAX % n;
    loop {
        let x = random.next_u64();
        if x < zone {
            return x % n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_no_repetition_and_depends_on_the_seed_alone() {
        let draw = |n, seed| sample("faults", 1000, Amount::Sample(n), seed, 0).unwrap();
        let (a, b) = (draw(400, 1), draw(400, 2));
        assert_eq!(a, draw(400, 1));
        assert_ne!(a, b);
        assert_eq!(a[..100], draw(100, 1), "a smaller sample is the beginning of a larger one");
        let distinct: std::collections::BTreeSet<_> = a.iter().collect();
        assert_eq!(distinct.len(), 400);
        assert!(sample("faults", 3, Amount::Sample(4), 0, 0).is_err());
    }

    #[test]
    fn a_sample_is_uniform() {
        // 60,000 draws of 1 from 6; each count is binomial with mean 10,000 and standard deviation 91.
        let mut counts = [0; 6];
        for seed in 0..60_000 {
            counts[sample("faults", 6, Amount::Sample(1), seed, 0).unwrap()[0]] += 1;
        }
        assert!(counts.iter().all(|c| (9_500..10_500).contains(c)), "{counts:?}");
    }
}

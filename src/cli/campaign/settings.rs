//! What a campaign is asked for: flags, or a plan file with the same names. A flag wins over the file.

use crate::campaign::plan::{Amount, Plan, Population, Request, Selection};
use crate::campaign::stats::Share;
use crate::campaign::stats::sample_size::quantile;
use crate::campaign::strata::Stratify;
use crate::cli::style::Style;
use crate::cpu::Profile;
use crate::data::{Format, Source, Split};
use crate::model::input::Pixels;
use crate::netlist::fault::Sites;
use crate::netlist::files;
use crate::soc::Platform;
use crate::workload::{Named, ScopeSpec};
use anyhow::{Context, bail};
use regex::bytes::Regex;
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Everything that makes a plan.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(in crate::cli) struct Settings {
    /// How many faults, drawn at random from all stuck-at faults of the multiplier, or 'all'; 0 runs the images without
    /// a fault [default: 200]
    #[arg(long, value_name = "N|all", conflicts_with = "margin")]
    pub faults: Option<Amount>,
    /// As many faults as estimate a share of them to within this margin, such as 3% (Leveugle et al. 2009)
    #[arg(long, value_name = "SHARE")]
    pub margin: Option<Share>,
    /// The confidence that goes with --margin [default: 99%]
    #[arg(long, value_name = "SHARE")]
    pub confidence: Option<Share>,
    /// The normal quantile to use instead of the confidence's own; studies round it, as in 2.58 for 99 %
    #[arg(long, value_name = "T", conflicts_with = "confidence")]
    pub quantile: Option<f64>,
    /// Divide the sample: each bit of the result that faults can reach (bit), or each type of cell (cell), gets its part of it
    /// [default: none]
    #[arg(long, value_name = "none|bit|cell")]
    pub stratify: Option<Stratify>,
    /// Where faults are: nets (stems), pins (branches, and the stems at output pins), or all [default: nets]
    #[arg(long, value_name = "SITES", conflicts_with = "fault_list")]
    #[serde(deserialize_with = "text")]
    pub sites: Option<Sites>,
    /// Draw the faults from this list instead: a line each, 'instance/PIN SA0'; joined by '+' if they are there together
    #[arg(long, value_name = "FILE")]
    pub fault_list: Option<PathBuf>,
    /// How many images, drawn at random from the data set, or 'all' [default: 12]
    #[arg(long, value_name = "N|all")]
    pub images: Option<Amount>,
    /// Seed of both samples [default: 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Firmware that follows firmware/runtime/stuckat.h [default: the built-in INT8 CNN for MNIST]
    #[arg(long, value_name = "FILE", help_heading = "Firmware and network")]
    pub elf: Option<PathBuf>,
    /// The firmware prints its answer: what this regular expression matches first. Its first group is the class's number, as in
    /// 'class ([0-9]+)'; then no symbol 'stuckat_output' is needed
    #[arg(long, value_name = "REGEX", requires = "elf", help_heading = "Firmware and network")]
    #[serde(deserialize_with = "text")]
    pub answer: Option<Regex>,
    /// A quantised network (.tflite) that the firmware reads
    #[arg(long, value_name = "FILE", help_heading = "Firmware and network")]
    pub model: Option<PathBuf>,
    /// The kernels of the built-in firmware that reads a network: 'reference' are TensorFlow Lite Micro's loops, 'optimised' step
    /// pointers, as CMSIS-NN does [default: reference]
    #[arg(
        long,
        value_name = "STYLE",
        conflicts_with = "elf",
        help_heading = "Firmware and network"
    )]
    pub style: Option<Style>,
    /// The output is not a set of classes' scores: runs are compared number by number
    #[arg(long, help_heading = "Firmware and network")]
    pub numbers: bool,
    /// The core: cve2, ibex, or generic [default: cve2]
    #[arg(long, value_name = "CORE", help_heading = "Firmware and network")]
    #[serde(deserialize_with = "text")]
    pub core: Option<&'static Profile>,
    /// The platform: a name (see 'stuckat platform list') or a TOML file [default: the one that the ELF was linked for]
    #[arg(long, value_name = "NAME|FILE", help_heading = "Firmware and network")]
    pub platform: Option<String>,
    /// Images: a folder of pictures by class, .npz, .npy, IDX files, the folders of CIFAR-10, CIFAR-100, GTSRB and MNIST, or raw
    /// tensors [default: the built-in MNIST test set]
    #[arg(long, value_name = "FILE|DIR", alias = "data-images", help_heading = "Images")]
    pub data: Option<PathBuf>,
    /// Their labels, where they are in a file of their own
    #[arg(
        long,
        value_name = "FILE",
        alias = "data-labels",
        requires = "data",
        help_heading = "Images"
    )]
    pub labels: Option<PathBuf>,
    /// How the images are stored: auto, idx, npy, npz, cifar10, cifar100, gtsrb, folder or bin [default: auto]
    #[arg(long, value_name = "FORMAT", requires = "data", help_heading = "Images")]
    #[serde(deserialize_with = "text")]
    pub data_format: Option<Format>,
    /// Which part of a data set that has parts: test, train or all [default: test]
    #[arg(long, value_name = "PART", requires = "data", help_heading = "Images")]
    #[serde(deserialize_with = "text")]
    pub split: Option<Split>,
    /// Bytes of one input in a file of raw tensors (--data-format bin)
    #[arg(long, value_name = "BYTES", requires = "data", help_heading = "Images")]
    pub record: Option<usize>,
    /// CIFAR-100: the 20 coarse labels instead of the 100 fine ones
    #[arg(long, requires = "data", help_heading = "Images")]
    pub coarse: bool,
    /// GTSRB: cut the photographs to the region of interest that the tables give
    #[arg(long, requires = "data", help_heading = "Images")]
    pub crop: bool,
    /// The real values that pixels stand for: 0..1, 0..255 or -1..1 [default: what the network's input scale suggests]
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true, help_heading = "Images")]
    #[serde(deserialize_with = "text")]
    pub pixels: Option<Pixels>,
    /// Scale pictures of another size to the network's
    #[arg(long, help_heading = "Images")]
    pub resize: bool,
    /// The multiplier: a built-in one (single_cycle, fast, single_cycle_mul, array32, booth32), or a TOML file that says how a
    /// netlist is used as one [default: single_cycle]
    #[arg(long, value_name = "NAME|FILE", help_heading = "Multiplier")]
    pub binding: Option<PathBuf>,
    /// Another netlist (structural Verilog or Yosys JSON) instead of the one that the binding names
    #[arg(long, value_name = "FILE", help_heading = "Multiplier")]
    pub netlist: Option<PathBuf>,
    /// Which multiplications are faulty: all, conv (in convolutions, their index arithmetic and requantisation too), or mac (the
    /// multiply-accumulate instructions of convolutions, where the firmware declares them) [default: all]
    #[arg(long = "scope", value_name = "SCOPE", help_heading = "Scope")]
    #[serde(skip)]
    pub scope_name: Option<Named>,
    /// Only those in functions of these names; '*' is any text, '?' any character
    #[arg(long, value_name = "PATTERN", value_delimiter = ',', help_heading = "Scope")]
    #[serde(skip)]
    pub scope_functions: Vec<String>,
    /// Only these operations: mul, mulh, mulhsu, mulhu
    #[arg(long, value_name = "OP", value_delimiter = ',', help_heading = "Scope")]
    #[serde(skip)]
    pub scope_ops: Vec<String>,
    /// Only at these addresses: 0x80001000-0x80001fff, both ends included
    #[arg(long, value_name = "RANGE", value_delimiter = ',', help_heading = "Scope")]
    #[serde(skip)]
    pub scope_addresses: Vec<String>,
    /// Only in these layers; 0 is the first
    #[arg(long, value_name = "N", value_delimiter = ',', help_heading = "Scope")]
    #[serde(skip)]
    pub scope_layers: Vec<u32>,
    /// Only from the first execution of this symbol on [default: from reset on]
    #[arg(long, value_name = "SYMBOL", help_heading = "Scope")]
    #[serde(skip)]
    pub from: Option<String>,
    #[arg(skip)]
    scope: Option<Scope>,
    /// A faulty run that takes more than so many times the golden run's instructions is a hang [default: 4]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(2..))]
    pub hang_factor: Option<u32>,
}

/// `scope = "mac"`, or a table.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Scope {
    Name(Named),
    Table(ScopeSpec),
}

/// A value written as its command line text.
fn text<'de, D: Deserializer<'de>, T: FromStr<Err: std::fmt::Display>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(from)?;
    text.parse()
        .map(Some)
        .map_err(|e: T::Err| serde::de::Error::custom(format!("'{text}' is not usable here; {e}")))
}

impl Settings {
    /// Reads a plan file. Paths in it are relative to its folder.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{name}: cannot be read"))?;
        let mut settings: Self = toml::from_str(&text).map_err(|e| {
            let before = e.span().map_or("", |span| &text[..span.start.min(text.len())]);
            let line = before.matches('\n').count() + 1;
            anyhow::anyhow!("{name}:{line}: {}", e.message())
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let from_here = |path: &mut Option<PathBuf>| {
            if let Some(path) = path {
                *path = folder.join(&*path);
            }
        };
        let s = &mut settings;
        let paths = [
            &mut s.fault_list,
            &mut s.elf,
            &mut s.model,
            &mut s.data,
            &mut s.labels,
            &mut s.netlist,
        ];
        paths.into_iter().for_each(from_here);
        let is_file = |name: &str| name.ends_with(".toml") || name.contains('/');
        if s.binding.as_ref().is_some_and(|b| is_file(&b.to_string_lossy())) {
            from_here(&mut s.binding);
        }
        if let Some(platform) = s.platform.as_mut().filter(|p| is_file(p)) {
            *platform = folder.join(&*platform).display().to_string();
        }
        settings.check().with_context(|| name.to_string())?;
        Ok(settings)
    }

    /// What contradicts itself; the command line's own rules say so for flags.
    fn check(&self) -> anyhow::Result<()> {
        let contradictions = [
            (self.faults.is_some() && self.margin.is_some(), "'faults' and 'margin'"),
            (self.confidence.is_some() && self.quantile.is_some(), "'confidence' and 'quantile'"),
            (self.sites.is_some() && self.fault_list.is_some(), "'sites' and 'fault-list'"),
            (self.style.is_some() && self.elf.is_some(), "'style' and 'elf'"),
        ];
        if let Some((_, both)) = contradictions.iter().find(|(both, _)| *both) {
            bail!("{both} exclude each other; leave one out");
        }
        if self.hang_factor.is_some_and(|k| k < 2) {
            bail!("'hang-factor' is below 2; a faulty run may take longer than a golden one");
        }
        Ok(())
    }

    /// These settings, and what the file says where they say nothing.
    pub fn over(self, file: Self) -> Self {
        // What one of two exclusive flags says replaces the other in the file too.
        let sampled = self.faults.is_some() || self.margin.is_some();
        let sited = self.sites.is_some() || self.fault_list.is_some();
        let ran = self.elf.is_some() || self.style.is_some();
        let quantiled =
            self.confidence.is_some() || self.quantile.is_some() || self.faults.is_some();
        let scoped = self.scope_spec() != ScopeSpec::default();
        let file_scope = file.scope_spec();
        let scope = if scoped { self.scope_spec() } else { file_scope };
        let unless = |known: bool| !known;
        Self {
            faults: self.faults.or(file.faults.filter(|_| unless(sampled))),
            margin: self.margin.or(file.margin.filter(|_| unless(sampled))),
            confidence: self.confidence.or(file.confidence.filter(|_| unless(quantiled))),
            quantile: self.quantile.or(file.quantile.filter(|_| unless(quantiled))),
            stratify: self.stratify.or(file.stratify),
            sites: self.sites.or(file.sites.filter(|_| unless(sited))),
            fault_list: self.fault_list.or(file.fault_list.filter(|_| unless(sited))),
            images: self.images.or(file.images),
            seed: self.seed.or(file.seed),
            elf: self.elf.or(file.elf.filter(|_| unless(ran))),
            answer: self.answer.or(file.answer),
            model: self.model.or(file.model),
            style: self.style.or(file.style.filter(|_| unless(ran))),
            numbers: self.numbers || file.numbers,
            core: self.core.or(file.core),
            platform: self.platform.or(file.platform),
            labels: self.labels.or(file.labels.filter(|_| unless(self.data.is_some()))),
            data: self.data.or(file.data),
            data_format: self.data_format.or(file.data_format),
            split: self.split.or(file.split),
            record: self.record.or(file.record),
            coarse: self.coarse || file.coarse,
            crop: self.crop || file.crop,
            pixels: self.pixels.or(file.pixels),
            resize: self.resize || file.resize,
            binding: self.binding.or(file.binding),
            netlist: self.netlist.or(file.netlist),
            scope: Some(Scope::Table(scope)),
            hang_factor: self.hang_factor.or(file.hang_factor),
            ..Self::default()
        }
    }

    /// These settings, and what a plan says where they say nothing. What a plan has only the hash of must still be named, unless it is
    /// built in.
    pub fn over_plan(self, plan: &Plan) -> anyhow::Result<Self> {
        let multiplier = files::built_in().find(|name| *name == plan.multiplier);
        let built_in = |elf: &[u8]| crate::hex(&Sha256::digest(elf)) == plan.elf_sha256;
        let styles = [Style::Reference, Style::Optimised];
        let style = styles.into_iter().find(|style| built_in(style.elf()));
        let scoped = self.scope_spec() != ScopeSpec::default();
        let scope = if scoped { self.scope_spec() } else { plan.scope.clone() };
        let core = plan.core.parse();
        let core = core.map_err(|e| anyhow::anyhow!("the plan's core '{}': {e}", plan.core))?;
        let answer = plan.answer.as_deref().map(Regex::new).transpose();
        let answer = answer.context("the plan's expression of a printed answer")?;
        let unless = |known: bool| !known;
        Ok(Self {
            style: self.style.or(style.filter(|_| unless(self.elf.is_some()))),
            answer: self.answer.or(answer),
            numbers: self.numbers || !plan.answers.classes,
            core: self.core.or(Some(core)),
            platform: self.platform.or_else(|| Some(plan.platform.clone())),
            binding: self.binding.or_else(|| multiplier.map(PathBuf::from)),
            scope: Some(Scope::Table(scope)),
            hang_factor: self.hang_factor.or(Some(plan.hang_factor)),
            ..self
        })
    }

    /// The multiplications that are faulty.
    pub fn scope_spec(&self) -> ScopeSpec {
        match &self.scope {
            Some(Scope::Name(name)) => ScopeSpec { name: *name, ..ScopeSpec::default() },
            Some(Scope::Table(spec)) => spec.clone(),
            None => ScopeSpec {
                name: self.scope_name.unwrap_or_default(),
                functions: self.scope_functions.clone(),
                ops: self.scope_ops.clone(),
                addresses: self.scope_addresses.clone(),
                layers: self.scope_layers.clone(),
                from: self.from.clone(),
            },
        }
    }

    /// What the plan is asked for.
    pub fn request(&self, from: Population) -> anyhow::Result<Request> {
        if self.margin.is_none() && (self.confidence.is_some() || self.quantile.is_some()) {
            bail!("a confidence or quantile goes with a margin; give --margin, such as 3%");
        }
        let faults = match self.margin {
            None => Selection::Amount(self.faults.unwrap_or(Amount::Sample(200))),
            Some(margin) => {
                let confidence = self.confidence.unwrap_or(Share::P99);
                let t = match self.quantile {
                    Some(t) => t,
                    None => quantile(confidence).context("--confidence")?,
                };
                Selection::Margin { margin, t }
            }
        };
        Ok(Request {
            from,
            faults,
            stratify: self.stratify.unwrap_or_default(),
            images: self.images.unwrap_or(Amount::Sample(12)),
            seed: self.seed.unwrap_or(1),
            hang_factor: self.hang_factor.unwrap_or(4),
        })
    }

    /// Where the images are; `None`: the built-in ones.
    pub fn source(&self) -> Option<Source> {
        let data = self.data.as_ref()?;
        Some(Source {
            images: data.clone(),
            labels: self.labels.clone(),
            format: self.data_format.unwrap_or_default(),
            split: self.split.unwrap_or_default(),
            record: self.record,
            coarse: self.coarse,
            crop: self.crop,
        })
    }

    /// The platform, if one is chosen.
    pub fn platform(&self) -> anyhow::Result<Option<Platform>> {
        Ok(self.platform.as_deref().map(Platform::find).transpose()?)
    }
}

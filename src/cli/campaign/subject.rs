//! What a campaign runs: firmware, network, images, multiplier; loaded and checked against each other before anything runs.

use super::settings::Settings;
use crate::campaign::images::Images;
use crate::campaign::outcome::{Answers, Element};
use crate::campaign::plan::{Population, Subject};
use crate::data::DataSet;
use crate::model::{Model, Type};
use crate::netlist::{Circuit, FaultSet, fault_list};
use crate::workload::Program;
use anyhow::{Context, bail};
use std::path::Path;
use std::sync::Arc;

/// The default network, part of the program so that it needs no installation.
const DEFAULT_ELF: &[u8] = include_bytes!("../../../firmware/prebuilt/mnist-cnn.elf");
const BUILT_IN: &str = "the built-in firmware";

/// Firmware, network and multiplier, which fit each other.
pub(in crate::cli) struct Target {
    pub circuit: Arc<Circuit>,
    pub program: Program,
    /// The firmware's file.
    pub elf: Vec<u8>,
    pub answers: Answers,
    pub model: Option<Model>,
    /// What the firmware and its network are called in messages.
    pub name: String,
}

impl Target {
    pub fn new(settings: &Settings) -> anyhow::Result<Self> {
        let circuit =
            Arc::new(Circuit::load(settings.binding.as_deref(), settings.netlist.as_deref())?);
        let model = settings.model.as_deref().map(read_model).transpose()?;
        let (program, elf, name) = program(settings, model.as_ref())?;
        let operators = operators(model.as_ref());
        let program = program.with_scope(&settings.scope_spec(), &operators);
        let program = program.with_context(|| name.clone())?;
        let answers = answers(settings, model.as_ref())?;
        Ok(Self { circuit, program, elf, answers, model, name })
    }

    /// The images that the settings name, as inputs.
    pub fn images(&self, settings: &Settings) -> anyhow::Result<Images> {
        let images = images(settings, self.model.as_ref())?;
        if let Some(model) = self.model.as_ref().filter(|_| self.answers.classes) {
            check_labels(settings, &images, model)?;
        }
        Ok(images)
    }
}

/// Everything that a plan is about.
pub(super) struct Loaded {
    pub circuit: Arc<Circuit>,
    pub program: Program,
    pub images: Images,
    pub answers: Answers,
    pub from: Population,
    model: Option<Model>,
    /// What the firmware and its network are called in messages.
    pub name: String,
}

impl Loaded {
    pub fn new(settings: &Settings) -> anyhow::Result<Self> {
        let target = Target::new(settings)?;
        let from = match &settings.fault_list {
            None => Population::Universe(settings.sites.unwrap_or_default()),
            Some(path) => Population::List(read_fault_list(path, &target.circuit)?),
        };
        let images = target.images(settings)?;
        let Target { circuit, program, answers, model, name, .. } = target;
        Ok(Self { circuit, program, images, answers, from, model, name })
    }

    /// The plan's subject.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            program: &self.program,
            images: &self.images,
            inputs: self.images.conversion().to_owned(),
            answers: self.answers,
            model_sha256: self.model.as_ref().map(Model::sha256),
            layers: operators(self.model.as_ref()),
        }
    }
}

/// The network's operators by layer; none if it is not known.
fn operators(model: Option<&Model>) -> Vec<String> {
    model.map_or_else(Vec::new, |model| model.operators.iter().map(|op| op.name.clone()).collect())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))
}

fn read_fault_list(path: &Path, circuit: &Circuit) -> anyhow::Result<Vec<FaultSet>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("{name}: cannot be read"))?;
    fault_list::parse(&text, circuit).context(name)
}

fn read_model(path: &Path) -> anyhow::Result<Model> {
    let name = path.display().to_string();
    let model = Model::parse(read(path)?).with_context(|| name.clone())?;
    if let [_, _, ..] = model.inputs.as_slice() {
        bail!(
            "{name}: the network has {} inputs; campaigns run networks with one",
            model.inputs.len()
        );
    }
    Ok(model)
}

fn program(
    settings: &Settings,
    model: Option<&Model>,
) -> anyhow::Result<(Program, Vec<u8>, String)> {
    let core = settings.core.unwrap_or(&crate::cpu::profile::CVE2);
    let platform = settings.platform()?;
    let style = settings.style.unwrap_or_default();
    let (elf, name) = match (&settings.elf, model) {
        (Some(path), _) => (read(path)?, path.display().to_string()),
        (None, Some(_)) => (style.elf().to_vec(), style.firmware().to_owned()),
        (None, None) if settings.style.is_some() => {
            bail!(
                "--style is for the built-in firmware that reads a network; give one with --model"
            )
        }
        (None, None) => (DEFAULT_ELF.to_vec(), BUILT_IN.to_owned()),
    };
    let program = match &settings.answer {
        None => Program::new(&elf, core, platform),
        Some(answer) => Program::printing(&elf, core, platform, answer.clone()),
    };
    let program = program.with_context(|| name.clone())?;
    let (Some(model), Some(file)) = (model, &settings.model) else {
        return Ok((program, elf, name));
    };
    let name = format!("{}: {name}", file.display());
    let loaded = program.with_model(model.bytes(), model.input_len(), model.output_len());
    Ok((loaded.with_context(|| name.clone())?, elf, name))
}

fn images(settings: &Settings, model: Option<&Model>) -> anyhow::Result<Images> {
    let set = match settings.source() {
        Some(source) => DataSet::load(&source)?,
        None => Images::builtin_set()?,
    };
    set.notes().iter().for_each(|note| log::warn!("{note}"));
    let place = || match &settings.data {
        Some(path) => path.display().to_string(),
        None => "the built-in images; give others with --data".to_owned(),
    };
    match model {
        None => Images::for_bytes(set).with_context(place),
        Some(model) => Images::for_model(set, model.input(), settings.pixels, settings.resize)
            .with_context(place),
    }
}

fn answers(settings: &Settings, model: Option<&Model>) -> anyhow::Result<Answers> {
    let Some(model) = model else {
        return Ok(Answers { classes: !settings.numbers, ..Answers::INT8 });
    };
    let output = model.output();
    let element = match output.kind {
        Type::I8 => Element::Int8,
        Type::U8 => Element::Uint8,
        Type::F32 => Element::Float32,
        other => bail!("the network's output is of {other}; int8, uint8 and float32 are compared"),
    };
    Ok(Answers { element, count: output.len(), classes: !settings.numbers })
}

/// A label that the network cannot answer is a mistake in the data set, or another network's data set.
fn check_labels(settings: &Settings, images: &Images, model: &Model) -> anyhow::Result<()> {
    let classes = model.output().len();
    let wrong = (0..images.count()).find_map(|i| {
        images.label(i).filter(|label| usize::from(*label) >= classes).map(|l| (i, l))
    });
    if let Some((image, label)) = wrong {
        let data = settings
            .data
            .as_ref()
            .map_or("the built-in images".into(), |d| d.display().to_string());
        bail!(
            "{data}: image {image} has label {label}, and the network has {classes} outputs; give its own data set, or --numbers if it does not classify"
        );
    }
    Ok(())
}

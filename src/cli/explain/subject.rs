//! What is explained: a fault and an input, from flags, a plan file or a run directory; loaded and checked.

use super::Args;
use crate::campaign::plan::Plan;
use crate::campaign::record::Record;
use crate::campaign::store::{read_plan, read_results};
use crate::cli::campaign::settings::Settings;
use crate::cli::campaign::subject::Target;
use crate::model::input::{Options, read};
use crate::netlist::FaultSet;
use crate::netlist::fault::Names;
use anyhow::{Context, bail};
use std::path::Path;
use std::str::FromStr;

/// A scenario of a run directory: the fault's place in the plan, and the image's index in the data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScenarioId {
    fault: usize,
    image: usize,
}

impl FromStr for ScenarioId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').map(|(fault, image)| (fault.parse(), image.parse()));
        match parts {
            Some((Ok(fault), Ok(image))) => Ok(Self { fault, image }),
            _ => Err("write FAULT/IMAGE, the two numbers that a row of results.jsonl begins with, as in '3/17'".into()),
        }
    }
}

/// Everything that a scenario is about.
pub(super) struct Subject {
    pub target: Target,
    pub faults: FaultSet,
    pub input: Vec<u8>,
    /// The image's index in the data set, or the input's file.
    pub input_name: String,
    pub label: Option<u16>,
    pub hang_factor: u32,
    /// The run directory's own result, if it has one.
    pub record: Option<Record>,
}

impl Subject {
    pub fn new(args: &Args) -> anyhow::Result<Self> {
        let settings = args.settings.0.clone();
        if let Some(flag) = sampling(&settings) {
            bail!("{flag} is about a whole campaign; 'explain' takes one --fault and one --image");
        }
        match &args.run {
            Some(run) if run.is_dir() => Self::of_run(args, settings, run),
            Some(file) => Self::of_settings(args, settings.over(Settings::read(file)?)),
            None => Self::of_settings(args, settings),
        }
    }

    fn of_settings(args: &Args, settings: Settings) -> anyhow::Result<Self> {
        if args.scenario.is_some() {
            bail!(
                "--scenario names a row of a run directory; give the directory, or --fault and --image"
            );
        }
        if args.fault.is_empty() {
            bail!("no fault; give --fault, such as 'op_a_i[3]/SA1' (see 'stuckat netlist faults')");
        }
        let target = Target::new(&settings)?;
        let faults = crate::cli::faults(&args.fault, &target.circuit)?;
        let (input, input_name, label) = input(args, &settings, &target, args.image)?;
        let hang_factor = settings.hang_factor.unwrap_or(4);
        Ok(Self { target, faults, input, input_name, label, hang_factor, record: None })
    }

    fn of_run(args: &Args, settings: Settings, run: &Path) -> anyhow::Result<Self> {
        let plan = read_plan(run)?;
        let place = || run.display().to_string();
        let settings = settings.over_plan(&plan).with_context(place)?;
        if plan.model_sha256.is_some() && settings.model.is_none() {
            bail!("{}: its firmware reads a network; name the file with --model", run.display());
        }
        let target = Target::new(&settings).with_context(place)?;
        unchanged(&plan, &target).with_context(place)?;
        let (fault, image) = match args.scenario {
            Some(id) => (Some(id.fault), Some(id.image)),
            None => (None, args.image),
        };
        let (name, number) = match (fault, args.fault.as_slice()) {
            (Some(number), _) => {
                let name = plan.faults.get(number).with_context(|| {
                    let last = plan.faults.len().saturating_sub(1);
                    format!(
                        "{}: it has no fault {number}; its plan has faults 0 to {last}",
                        run.display()
                    )
                })?;
                (name.clone(), Some(number))
            }
            (None, []) => bail!(
                "{}: no scenario; give --scenario FAULT/IMAGE, or --fault and --image",
                run.display()
            ),
            (None, texts) => (texts.join("+"), None),
        };
        let names = Names::new(&target.circuit);
        let faults = names.set(&name).with_context(|| format!("--fault {name}"))?;
        let number = number.or_else(|| {
            let name = faults.name(target.circuit.netlist());
            plan.faults.iter().position(|fault| *fault == name)
        });
        if let Some(image) = image.filter(|image| !plan.images.contains(image)) {
            let some: Vec<String> = plan.images.iter().take(12).map(usize::to_string).collect();
            bail!(
                "{}: image {image} is not in its plan; it has images {}",
                run.display(),
                some.join(", ")
            );
        }
        let (input, input_name, label) = input(args, &settings, &target, image)?;
        if args.input.is_none() {
            let images = target.images(&settings)?;
            if images.sha256() != plan.data_sha256 || images.conversion() != plan.inputs {
                bail!(
                    "{}: the images are not those of its plan (SHA-256 {}, {}); name them with --data as the campaign did",
                    run.display(),
                    plan.data_sha256,
                    plan.inputs
                );
            }
        }
        let hang_factor = settings.hang_factor.unwrap_or(plan.hang_factor);
        let record = number.zip(image).and_then(|(fault, image)| find(run, &plan, fault, image));
        Ok(Self { target, faults, input, input_name, label, hang_factor, record })
    }
}

/// The first flag that draws a sample.
fn sampling(settings: &Settings) -> Option<&'static str> {
    let flags = [
        ("--faults", settings.faults.is_some()),
        ("--margin", settings.margin.is_some()),
        ("--confidence", settings.confidence.is_some()),
        ("--quantile", settings.quantile.is_some()),
        ("--stratify", settings.stratify.is_some()),
        ("--sites", settings.sites.is_some()),
        ("--fault-list", settings.fault_list.is_some()),
        ("--images", settings.images.is_some()),
        ("--seed", settings.seed.is_some()),
    ];
    flags.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
}

/// Whether what is loaded is what the plan was made of.
fn unchanged(plan: &Plan, target: &Target) -> anyhow::Result<()> {
    let elf = target.program.sha256();
    if elf != plan.elf_sha256 {
        bail!(
            "the firmware has changed, or is another: its SHA-256 is {elf}, the plan's {}; name the plan's with --elf",
            plan.elf_sha256
        );
    }
    let model = target.model.as_ref().map(crate::model::Model::sha256);
    if model != plan.model_sha256 {
        bail!(
            "the network has changed, or is another: its SHA-256 is {}, the plan's {}; name the plan's with --model",
            model.as_deref().unwrap_or("none"),
            plan.model_sha256.as_deref().unwrap_or("none")
        );
    }
    if target.circuit.sources() != plan.multiplier_files {
        bail!(
            "the multiplier's files have changed, or are others than those of the plan's '{}'; name them with --binding and --netlist",
            plan.multiplier
        );
    }
    Ok(())
}

/// The run directory's result of a scenario; none if it has not ended, or if the directory is damaged, which is no matter here.
fn find(run: &Path, plan: &Plan, fault: usize, image: usize) -> Option<Record> {
    let mut found = None;
    let _ = read_results(run, plan, |record| {
        if record.fault == fault && record.image == image {
            found = Some(record);
        }
    });
    found
}

/// The input's bytes, what it is called, and its label.
fn input(
    args: &Args,
    settings: &Settings,
    target: &Target,
    image: Option<usize>,
) -> anyhow::Result<(Vec<u8>, String, Option<u16>)> {
    if let Some(path) = &args.input {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).with_context(|| format!("{name}: cannot be read"))?;
        let Some(model) = &target.model else {
            if bytes.len() != target.program.input_len() {
                bail!(
                    "{name}: it has {} bytes, and the firmware's input tensor {}; give that many",
                    bytes.len(),
                    target.program.input_len()
                );
            }
            return Ok((bytes, name, None));
        };
        let options = Options { pixels: settings.pixels, resize: settings.resize, index: 0 };
        let input = read(&name, &bytes, model.input(), options).with_context(|| name.clone())?;
        return Ok((input, name, None));
    }
    let images = target.images(settings)?;
    let Some(image) = image else {
        bail!("no image; give --image, 0 to {}", images.count() - 1);
    };
    if image >= images.count() {
        bail!("--image {image}: the data set has images 0 to {}", images.count() - 1);
    }
    if images.bytes_each() != target.program.input_len() {
        bail!(
            "{}: an image has {} bytes, and the firmware's input tensor {}; give images of that size with --data",
            target.name,
            images.bytes_each(),
            target.program.input_len()
        );
    }
    Ok((images.input(image), format!("image {image}"), images.label(image)))
}

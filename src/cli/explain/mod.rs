//! `stuckat explain`: one fault and one input -> why the network answers what it answers.

mod page;
mod subject;
mod text;
mod words;

use super::campaign::settings::Settings;
use super::file::{must_be_new, write_whole};
use super::{print, say};
use crate::debug::DebugInfo;
use crate::explain::wave::Wave;
use crate::explain::{Explanation, Frame, Scenario, explain};
use anyhow::{Context, bail};
use clap::{Arg, Command};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use subject::{ScenarioId, Subject};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A run directory, from whose plan everything is taken and which must not have changed since; or a campaign's plan file (TOML)
    run: Option<PathBuf>,
    /// A scenario of the run directory: the fault's number in the plan and the image's in the data set, as in '3/17'
    #[arg(long, value_name = "FAULT/IMAGE", conflicts_with_all = ["fault", "image", "input"])]
    scenario: Option<ScenarioId>,
    /// The fault, e.g. 'op_a_i[3]/SA1' or 'U423/Z SA1' (see 'stuckat netlist faults'); may be given several times for several faults
    /// at once
    #[arg(long, value_name = "NET/SA0|NET/SA1")]
    fault: Vec<String>,
    /// The image, by its number in the data set; 0 is the first
    #[arg(long, value_name = "N", conflicts_with = "input")]
    image: Option<usize>,
    /// An input of its own instead of an image: with --model as 'stuckat infer' takes it, else the input tensor's bytes
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Write the explanation as JSON to this file, all differing nets included; '-' is standard output, instead of the text
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,
    /// Write the explanation as a page of its own to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write a waveform of both runs around the first wrong product: registers, memory and every net of the multiplier, clock by
    /// clock; by the file's name an FST or a VCD, for GTKWave or Surfer
    #[arg(long, value_name = "FILE.fst|FILE.vcd")]
    wave: Option<PathBuf>,
    /// Instructions in the waveform
    #[arg(long, value_name = "N", default_value_t = 64, requires = "wave", value_parser = clap::value_parser!(u64).range(1..=4096))]
    wave_window: u64,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
    /// Instructions that are compared one by one from the first difference on, and that layers are looked for in, at the most
    #[arg(long, value_name = "N", default_value_t = 200_000_000)]
    max_lockstep: u64,
    #[command(flatten)]
    settings: Named,
}

/// What a campaign's settings name; its sample is not asked for.
#[derive(Clone, Debug)]
struct Named(Settings);

/// The settings that say how a sample is drawn.
const SAMPLING: [&str; 9] = [
    "faults",
    "margin",
    "confidence",
    "quantile",
    "stratify",
    "sites",
    "fault_list",
    "images",
    "seed",
];

impl clap::Args for Named {
    fn augment_args(command: Command) -> Command {
        let command = <Settings as clap::Args>::augment_args(command);
        SAMPLING.into_iter().fold(command, |c, name| c.mut_arg(name, |arg: Arg| arg.hide(true)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Named {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        <Settings as clap::FromArgMatches>::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// An explanation with what it is about, as JSON has it.
#[derive(Debug, Serialize)]
struct Told {
    /// The explanation in sentences.
    summary: Vec<String>,
    /// The input's name.
    input: String,
    /// Its label, if it has one.
    label: Option<u16>,
    #[serde(flatten)]
    explanation: Explanation,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let to_stdout = args.json.as_deref() == Some(Path::new("-"));
    let json = args.json.as_deref().filter(|_| !to_stdout);
    let files = [json, args.html.as_deref(), args.wave.as_deref()];
    let format = args.wave.as_deref().map(wave_format).transpose()?;
    if !args.force {
        files.iter().flatten().try_for_each(|file| must_be_new(file))?;
    }
    let subject = Subject::new(args)?;
    let debug = DebugInfo::new(&subject.target.elf);
    let lines = |pc| frames(&debug, pc);
    let scenario = Scenario {
        program: &subject.target.program,
        circuit: &subject.target.circuit,
        faults: &subject.faults,
        input: &subject.input,
        answers: subject.target.answers,
        model: subject.target.model.as_ref(),
        hang_factor: subject.hang_factor,
        max_lockstep: args.max_lockstep,
        lines: &lines,
    };
    let explanation = explain(&scenario)
        .with_context(|| format!("{}, {}", subject.target.name, subject.input_name))?;
    check(&subject, &explanation);
    let mut told =
        Told { summary: Vec::new(), input: subject.input_name, label: subject.label, explanation };
    told.summary = words::summary(&told);
    if let Some(file) = json {
        let text = serde_json::to_string_pretty(&told)? + "\n";
        write_whole(file, |out| out.write_all(text.as_bytes()))?;
        say!("stuckat: explanation in {}", file.display());
    }
    if let Some(file) = &args.html {
        let text = page::render(&told);
        write_whole(file, |out| out.write_all(text.as_bytes()))?;
        say!("stuckat: page in {}", file.display());
    }
    if let (Some(file), Some(format)) = (&args.wave, format) {
        wave(&scenario, &told.explanation, args.wave_window, file, format)?;
    }
    match to_stdout {
        true => print(&(serde_json::to_string_pretty(&told)? + "\n"))?,
        false => print(&text::text(&told))?,
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Clone, Copy)]
enum WaveFormat {
    Fst,
    Vcd,
}

fn wave_format(file: &Path) -> anyhow::Result<WaveFormat> {
    match file.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("fst") => Ok(WaveFormat::Fst),
        Some("vcd") => Ok(WaveFormat::Vcd),
        _ => bail!("--wave {}: its name ends neither with .fst nor with .vcd", file.display()),
    }
}

/// The waveform around the first wrong product; where none is wrong, around what differs or is activated first.
fn wave(
    scenario: &Scenario<'_>,
    explanation: &Explanation,
    window: u64,
    file: &Path,
    format: WaveFormat,
) -> anyhow::Result<()> {
    let wrong = explanation.first_wrong.as_ref().map(|wrong| &wrong.operation);
    let middle = wrong.or(explanation.first_difference.as_ref()).or(explanation.activated.as_ref());
    let Some(middle) = middle else {
        bail!(
            "--wave {}: the fault is never activated, so that there is nothing to show",
            file.display()
        );
    };
    let wave = Wave::new(scenario, middle, window);
    write_whole(file, |out| match format {
        WaveFormat::Fst => wave.fst(out),
        WaveFormat::Vcd => wave.vcd(out),
    })?;
    say!("stuckat: waveform in {}", file.display());
    Ok(())
}

fn frames(debug: &DebugInfo, pc: u32) -> Vec<Frame> {
    let frame = |frame: crate::debug::Frame| Frame {
        function: frame.function,
        line: frame.location.map(|location| location.to_string()),
    };
    debug.frames(pc).into_iter().map(frame).collect()
}

/// The run directory has the same result, or something has changed.
fn check(subject: &Subject, explanation: &Explanation) {
    let Some(record) = &subject.record else { return };
    let same = record.outcome == explanation.outcome
        && record.retired == explanation.faulty.retired
        && record.cycles == explanation.faulty.cycles
        && record.wrong == explanation.faulty.wrong;
    if !same {
        log::warn!(
            "the run directory has another result of this scenario ({}, {} instructions): it was made by another version of this program",
            record.outcome.name(),
            record.retired
        );
    }
}

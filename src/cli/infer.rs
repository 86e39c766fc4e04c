//! `stuckat infer`: a network and a picture -> the classes, and what they cost, operator by operator.

mod answer;
mod show;

use super::style::Style;
use super::{Multiplier, OutputRefused, Target, faults, print, say};
use crate::campaign::outcome::{Outcome, classify_by};
use crate::cpu::Stop;
use crate::model::Model;
use crate::model::input::{Options, Pixels, read};
use crate::netlist::faulty_unit::FaultyUnit;
use crate::netlist::{Circuit, FaultSet};
use crate::unit::{Exact, Unit};
use crate::workload::{Layer, Program, Run, Runner};
use answer::Answer;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Bytes of a file that is read whole.
const MAX_FILE: u64 = 1 << 28;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A quantised network: a .tflite file with int8 or uint8 operators
    model: PathBuf,
    /// What it looks at: a picture (PNG, JPEG, PPM), a NumPy array (.npy), or the input tensor's bytes (.bin, .raw)
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Which of the inputs in a .npy, .bin or .raw file that holds several
    #[arg(long, value_name = "N", default_value_t = 0)]
    index: usize,
    /// The real values that pixels stand for: 0..1, 0..255 or -1..1 [default: what the input's scale suggests]
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true)]
    pixels: Option<Pixels>,
    /// Scale a picture of another size to the network's
    #[arg(long)]
    resize: bool,
    /// The kernels of the built-in firmware: 'reference' are TensorFlow Lite Micro's loops, 'optimised' step pointers, as CMSIS-NN
    /// does. Both give the same bytes without a fault
    #[arg(long, value_name = "STYLE", default_value = "reference")]
    style: Style,
    /// Other firmware that reads a network, following firmware/runtime/stuckat.h
    #[arg(long, value_name = "FILE", conflicts_with = "style")]
    elf: Option<PathBuf>,
    /// Put a stuck-at fault into the multiplier, e.g. 'op_a_i[3]/SA1' (see 'stuckat netlist faults'); may be given several
    /// times for several faults at once
    #[arg(long, value_name = "NET/SA0|NET/SA1")]
    fault: Vec<String>,
    /// How many of the best classes are shown
    #[arg(long, value_name = "K", default_value_t = 5)]
    top: usize,
    /// The classes' names, a line each, the first for class 0
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Write the output tensors' bytes to a file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
    /// Evaluate every product gate by gate, clock by clock; same results, hundreds of times slower
    #[arg(long)]
    slow: bool,
    /// End the fault-free inference after so many instructions
    #[arg(long, value_name = "N", default_value_t = 100_000_000_000)]
    max_insns: u64,
    /// A faulty inference that takes more than so many times the fault-free one's instructions is a hang
    #[arg(long, value_name = "K", default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..))]
    hang_factor: u32,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    multiplier: Multiplier,
}

/// An inference that has ended, and what was done in it.
struct Inference {
    run: Run,
    layers: Vec<Layer>,
    answer: Answer,
    arena_used: Option<u32>,
    console: Vec<u8>,
}

/// The faulty inference beside the sound one.
struct Faulty {
    name: String,
    inference: Inference,
    outcome: Outcome,
}

/// Everything that is shown.
struct Report {
    file: String,
    input: String,
    firmware: String,
    core: String,
    multiplier: String,
    model: Model,
    labels: Vec<String>,
    golden: Inference,
    faulty: Option<Faulty>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let file = args.model.display().to_string();
    let model = Model::parse(read_file(&args.model)?).with_context(|| file.clone())?;
    let labels = args.labels.as_deref().map(read_labels).transpose()?.unwrap_or_default();
    let input_file = args.input.display().to_string();
    let input = input_bytes(args, &model, &input_file)?;
    let circuit = Arc::new(args.multiplier.load()?);
    let faults = faults(&args.fault, &circuit)?;
    let (program, firmware) = load_program(args, &model, &file)?;
    if args.slow {
        say!("stuckat: gate by gate; this takes a while");
    }
    let golden = if args.slow && args.fault.is_empty() {
        let unit = FaultyUnit::gates(&circuit, &[]);
        infer(&program, &model, unit, &input, args.max_insns, true)
    } else {
        infer(&program, &model, Exact::new(circuit.latency()), &input, args.max_insns, args.slow)
    };
    if golden.run.stop != Stop::Exit(0) {
        bail!("{file}: {firmware} {}", refusal(&golden));
    }
    let faulty = (!args.fault.is_empty())
        .then(|| faulty(args, &program, &model, &circuit, &faults, &input, &golden));
    if let Some(path) = &args.output {
        let run = faulty.as_ref().map_or(&golden.run, |f| &f.inference.run);
        let refused = |cause| OutputRefused { file: path.display().to_string(), cause };
        std::fs::write(path, &run.output).map_err(refused)?;
    }
    let report = Report {
        file,
        input: input_file,
        firmware,
        core: program.core().name.to_owned(),
        multiplier: circuit.name().to_owned(),
        model,
        labels,
        golden,
        faulty,
    };
    print(&if args.json { show::json(&report)? } else { show::text(&report, args.top) })?;
    Ok(ExitCode::SUCCESS)
}

fn infer(
    program: &Program,
    model: &Model,
    unit: impl Unit,
    input: &[u8],
    budget: u64,
    slow: bool,
) -> Inference {
    let mut runner = Runner::new(program, unit);
    if slow {
        runner.set_compiled(None);
    }
    let (run, layers) = runner.profile(input, budget);
    let answer = Answer::new(model, &run.output);
    let arena_used = runner.arena_used();
    Inference { run, layers, answer, arena_used, console: runner.console().to_vec() }
}

fn faulty(
    args: &Args,
    program: &Program,
    model: &Model,
    circuit: &Arc<Circuit>,
    faults: &FaultSet,
    input: &[u8],
    golden: &Inference,
) -> Faulty {
    let unit = match args.slow {
        true => FaultyUnit::gates(circuit, faults.faults()),
        false => FaultyUnit::new(circuit, faults.faults()),
    };
    let budget = golden.run.retired.saturating_mul(u64::from(args.hang_factor));
    let inference = infer(program, model, unit, input, budget, args.slow);
    let same_class = || Some(inference.answer.best(1) == golden.answer.best(1));
    let (outcome, _) = classify_by(&golden.run, &inference.run, same_class);
    Faulty { name: faults.name(circuit.netlist()), inference, outcome }
}

impl Inference {
    /// What the firmware says of its failure: `error 3: ...`.
    fn firmwares_words(&self) -> Option<String> {
        let console = String::from_utf8_lossy(&self.console);
        let line = console.lines().find_map(|line| line.strip_prefix("stuckat: error "));
        line.map(|words| format!("error {words}"))
    }
}

/// Why there is no answer without a fault: the firmware's own words, if it has some.
fn refusal(inference: &Inference) -> String {
    match (inference.run.stop, inference.firmwares_words()) {
        (Stop::Exit(_), Some(words)) => format!("refuses it: {words}"),
        (Stop::Budget, _) => {
            "does not end within the instruction budget; raise --max-insns".to_owned()
        }
        (stop, _) => format!("ends with {stop} instead of an answer"),
    }
}

fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let name = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("{name}: cannot be read"))?.len();
    if size > MAX_FILE {
        bail!("{name}: it has {size} bytes; files of up to {MAX_FILE} are read");
    }
    std::fs::read(path).with_context(|| format!("{name}: cannot be read"))
}

fn read_labels(path: &Path) -> anyhow::Result<Vec<String>> {
    let name = path.display();
    let text = String::from_utf8(read_file(path)?);
    let text = text.with_context(|| format!("--labels {name}: not UTF-8"))?;
    Ok(text.lines().map(|line| line.trim().to_owned()).collect())
}

fn input_bytes(args: &Args, model: &Model, name: &str) -> anyhow::Result<Vec<u8>> {
    let bytes = read_file(&args.input)?;
    let options = Options { pixels: args.pixels, resize: args.resize, index: args.index };
    match model.inputs.as_slice() {
        [_] => read(name, &bytes, model.input(), options).with_context(|| name.to_owned()),
        inputs => {
            // Several inputs come as the bytes of all, one after the other.
            let size = model.input_len();
            let raw = [".bin", ".raw"].iter().any(|e| name.ends_with(e));
            if !raw || size == 0 || !bytes.len().is_multiple_of(size) {
                bail!(
                    "{name}: the network has {} inputs; give all of them in one .bin file of {size} bytes, or a multiple of that",
                    inputs.len()
                );
            }
            let count = bytes.len() / size;
            let from = args.index.checked_mul(size).filter(|from| *from < bytes.len());
            let from =
                from.with_context(|| format!("{name}: --index {} of {count}", args.index))?;
            Ok(bytes[from..from + size].to_vec())
        }
    }
}

fn load_program(args: &Args, model: &Model, file: &str) -> anyhow::Result<(Program, String)> {
    let (elf, name) = match &args.elf {
        Some(path) => (read_file(path)?, path.display().to_string()),
        None => (args.style.elf().to_vec(), args.style.firmware().to_owned()),
    };
    let program = Program::new(&elf, args.target.core, args.target.platform()?)
        .with_context(|| name.clone())?;
    let program = program
        .with_model(model.bytes(), model.input_len(), model.output_len())
        .with_context(|| format!("{file}: {name}"))?;
    Ok((program, name))
}

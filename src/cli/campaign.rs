//! `stuckat campaign`: draws a plan, runs it on all cores, shows how it goes and what came of it.

use super::{Multiplier, Target, print, say};
use crate::campaign::golden::{Golden, GoldenLab, GoldenSet};
use crate::campaign::images::Images;
use crate::campaign::lab::{Event, Job, Lab, Speed};
use crate::campaign::outcome::Outcome;
use crate::campaign::plan::{Amount, Plan, PlanError, Population, Request};
use crate::campaign::record::{Engine, GoldenRecord, Record};
use crate::campaign::store::{Claim, Earlier, RunDir, StoreError};
use crate::netlist::fault::Sites;
use crate::netlist::{Circuit, FaultSet, fault_list};
use crate::report::table::grouped;
use crate::report::{Summary, summarise, table};
use crate::workload::Program;
use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::collections::HashSet;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The default network, part of the program so that it needs no installation.
const DEFAULT_ELF: &[u8] = include_bytes!("../../firmware/prebuilt/mnist-cnn.elf");
const BUILT_IN: &str = "the built-in firmware";
/// Where run directories go if --out is not given.
const RUNS: &str = "runs";
/// Between two lines of progress when stderr is no terminal.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many faults, drawn at random from all stuck-at faults of the multiplier, or 'all'; 0 runs the images without
    /// a fault
    #[arg(long, value_name = "N|all", default_value = "200")]
    faults: Amount,
    /// Where faults are: nets (stems), pins (branches, and the stems at output pins), or all
    #[arg(long, value_name = "SITES", default_value = "nets", conflicts_with = "fault_list")]
    sites: Sites,
    /// Draw the faults from this list instead: a line each, 'instance/PIN SA0'; joined by '+' if they are there together
    #[arg(long, value_name = "FILE")]
    fault_list: Option<PathBuf>,
    /// How many images, drawn at random from the data set, or 'all'
    #[arg(long, value_name = "N|all", default_value = "12")]
    images: Amount,
    /// Seed of both samples
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Worker threads; never changes a result [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Run directory [default: a new one under 'runs', named after the plan]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Continue an interrupted campaign: repeat its command and add this
    #[arg(long)]
    resume: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
    /// Firmware that follows firmware/runtime/stuckat.h [default: the built-in INT8 CNN for MNIST]
    #[arg(long, value_name = "FILE")]
    elf: Option<PathBuf>,
    /// The firmware prints its answer: what this regular expression matches first. Its first group is the class's number, as in
    /// 'class ([0-9]+)'; then no symbol 'stuckat_output' is needed
    #[arg(long, value_name = "REGEX", requires = "elf")]
    answer: Option<regex::bytes::Regex>,
    /// Images in IDX format, plain or gzip [default: the built-in MNIST test set]
    #[arg(long, value_name = "FILE", requires = "data_labels")]
    data_images: Option<PathBuf>,
    /// Their labels in IDX format, plain or gzip
    #[arg(long, value_name = "FILE", requires = "data_images")]
    data_labels: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    multiplier: Multiplier,
    /// A faulty run that takes more than so many times the golden run's instructions is a hang
    #[arg(long, value_name = "K", default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..))]
    hang_factor: u32,
    /// Execute every scenario from reset, even where its result is certain; same results
    #[arg(long)]
    no_shortcuts: bool,
    /// Evaluate every product gate by gate, clock by clock; same results, hundreds of times slower
    #[arg(long, conflicts_with = "no_shortcuts")]
    slow: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let begin = Instant::now();
    let circuit = Arc::new(args.multiplier.load()?);
    let program = load_program(args)?;
    let images = match (&args.data_images, &args.data_labels) {
        (Some(images), Some(labels)) => Images::load(images, labels)?,
        _ => Images::builtin()?,
    };
    let from = match &args.fault_list {
        None => Population::Universe(args.sites),
        Some(path) => Population::List(read_fault_list(path, &circuit)?),
    };
    let request = Request {
        from,
        faults: args.faults,
        images: args.images,
        seed: args.seed,
        hang_factor: args.hang_factor,
    };
    let drawn = Plan::draw(request, &circuit, &program, &images);
    let (plan, faults) = match (drawn, &args.data_images) {
        (Err(shape @ PlanError::Shape { .. }), Some(file)) => {
            return Err(shape).context(file.display().to_string());
        }
        (drawn, _) => drawn?,
    };
    let out = args.out.clone().unwrap_or_else(|| default_out(&plan, args.resume));
    let claim = Claim::new(&out, &plan, args.resume)?;
    say!(
        "stuckat: {} faults x {} images = {} scenarios, into {}",
        grouped(plan.faults.len()),
        grouped(plan.images.len()),
        grouped(plan.scenarios()),
        out.display()
    );

    let workers = args
        .jobs
        .map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let elf = args.elf.as_deref().map_or(BUILT_IN.into(), |path| path.display().to_string());
    let golden = run_golden(&circuit, &program, &images, &plan, workers).context(elf)?;
    // The golden runs multiply exactly; the netlist must do the same, or its own errors would pass for a fault's.
    if let Some(what) = circuit.first_wrong_product(&golden.tuples) {
        anyhow::bail!("multiplier '{}': {what}", circuit.name());
    }
    let (mut dir, earlier) = claim.begin(&plan, &golden_records(&plan, &images, &golden))?;
    let lab = Lab {
        program: &program,
        circuit: &circuit,
        images: &images,
        chosen: &plan.images,
        golden: &golden,
        hang_factor: args.hang_factor,
        speed: match (args.slow, args.no_shortcuts) {
            (true, _) => Speed::Slow,
            (_, true) => Speed::NoShortcuts,
            _ => Speed::Fast,
        },
    };
    let jobs = remaining(&plan, &faults, &earlier);
    if !earlier.results.is_empty() {
        say!("stuckat: {} scenarios are there already", grouped(earlier.results.len()));
    }
    let session = work(&lab, &jobs, workers, plan.scenarios(), &earlier.results, &mut dir)?;
    drop(dir);
    conclude(args, &out, &session.finish(workers, begin.elapsed()))
}

fn run_golden(
    circuit: &Circuit,
    program: &Program,
    images: &Images,
    plan: &Plan,
    workers: usize,
) -> anyhow::Result<GoldenSet> {
    let progress = Progress::new("golden", plan.images.len());
    let lab = GoldenLab { program, images, chosen: &plan.images, latency: circuit.latency() };
    // Without a fault to meet, the operations need not be remembered.
    let record = !plan.faults.is_empty();
    let golden = GoldenSet::run(&lab, workers, record, || progress.bar.inc(1));
    progress.bar.finish_and_clear();
    Ok(golden?)
}

fn read_fault_list(path: &Path, circuit: &Circuit) -> anyhow::Result<Vec<FaultSet>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("{name}: cannot be read"))?;
    fault_list::parse(&text, circuit).context(name)
}

fn load_program(args: &Args) -> anyhow::Result<Program> {
    let (core, platform) = (args.target.core, args.target.platform()?);
    let Some(path) = &args.elf else {
        return Program::new(DEFAULT_ELF, core, platform).context(BUILT_IN);
    };
    let name = path.display().to_string();
    let bytes = std::fs::read(path).with_context(|| format!("{name}: cannot be read"))?;
    match &args.answer {
        None => Program::new(&bytes, core, platform).context(name),
        Some(answer) => Program::printing(&bytes, core, platform, answer.clone()).context(name),
    }
}

/// `runs/HASH`, or `runs/HASH.2` and so on if there is one; with `resume` the last one that there is.
fn default_out(plan: &Plan, resume: bool) -> PathBuf {
    let hash = &plan.hash()[..12];
    let path = |n: u32| match n {
        1 => Path::new(RUNS).join(hash),
        _ => Path::new(RUNS).join(format!("{hash}.{n}")),
    };
    let free = (1..).find(|n| !path(*n).exists()).unwrap_or(1);
    path(if resume && free > 1 { free - 1 } else { free })
}

fn golden_records(plan: &Plan, images: &Images, golden: &GoldenSet) -> Vec<GoldenRecord> {
    let record = |(image, golden): (&usize, &Golden)| GoldenRecord {
        image: *image,
        label: images.label(*image).and_then(|l| u8::try_from(l).ok()).unwrap_or(u8::MAX),
        top1: golden.top1,
        output: crate::hex(&golden.run.output),
        retired: golden.run.retired,
        cycles: golden.run.cycles,
        muls: golden.run.counts.muls,
        distinct: golden.distinct,
    };
    plan.images.iter().zip(&golden.golden).map(record).collect()
}

/// The scenarios that have no result yet.
fn remaining(plan: &Plan, faults: &[FaultSet], earlier: &Earlier) -> Vec<Job> {
    let done: HashSet<(usize, usize)> =
        earlier.results.iter().map(|r| (r.fault, r.image)).collect();
    let announced: HashSet<usize> = earlier.faults.iter().map(|f| f.fault).collect();
    let job = |(number, faults): (usize, &FaultSet)| {
        let open = |i: &usize| !done.contains(&(number, plan.images[*i]));
        let images = (0..plan.images.len()).filter(open).collect();
        Job { number, faults: faults.clone(), images, announce: !announced.contains(&number) }
    };
    let jobs = faults.iter().enumerate().map(job);
    jobs.filter(|job| !job.images.is_empty() || job.announce).collect()
}

/// What this process did, as against what the run directory holds.
#[derive(Debug, Default)]
struct Session {
    ended: usize,
    executed: usize,
    lab_seconds: f64,
}

/// The same with its rates, for output.
#[derive(Debug, Serialize)]
struct SessionReport {
    scenarios: usize,
    executed: usize,
    workers: usize,
    seconds: f64,
    lab_seconds: f64,
    faulty_inferences_per_second: f64,
    executed_inferences_per_second: f64,
}

impl Session {
    fn finish(&self, workers: usize, whole: Duration) -> SessionReport {
        let rate = |n: usize| n as f64 / self.lab_seconds.max(1e-9);
        SessionReport {
            scenarios: self.ended,
            executed: self.executed,
            workers,
            seconds: whole.as_secs_f64(),
            lab_seconds: self.lab_seconds,
            faulty_inferences_per_second: rate(self.ended),
            executed_inferences_per_second: rate(self.executed),
        }
    }
}

fn work(
    lab: &Lab,
    jobs: &[Job],
    workers: usize,
    planned: usize,
    earlier: &[Record],
    dir: &mut RunDir,
) -> Result<Session, StoreError> {
    let mut progress = Progress::new("faulty", planned);
    for record in earlier {
        progress.count(record.outcome);
    }
    progress.bar.set_position(earlier.len() as u64);
    progress.bar.reset_eta();
    let begin = Instant::now();
    let mut session = Session::default();
    let mut failure = None;
    lab.run(jobs, workers, |event| {
        let kept = match &event {
            Event::Fault(record) => dir.append_fault(record),
            Event::Result(record) => dir.append_result(record),
        };
        if let Err(error) = kept {
            failure = Some(error);
            return ControlFlow::Break(());
        }
        if let Event::Result(record) = event {
            session.ended += 1;
            session.executed += usize::from(record.engine != Engine::Screened);
            progress.result(record.outcome);
        }
        ControlFlow::Continue(())
    });
    progress.bar.finish_and_clear();
    session.lab_seconds = begin.elapsed().as_secs_f64();
    failure.map_or(Ok(session), Err)
}

/// The live display: a bar with the time that is left, or now and then a line where stderr is no terminal.
struct Progress {
    bar: ProgressBar,
    counts: [usize; Outcome::ALL.len()],
    last_line: Instant,
    terminal: bool,
}

impl Progress {
    fn new(what: &'static str, total: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target =
            if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        let template = "{prefix} [{bar:28}] {pos}/{len}  {per_sec}  ETA {eta}  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what);
        Self { bar, counts: [0; Outcome::ALL.len()], last_line: Instant::now(), terminal }
    }

    fn count(&mut self, outcome: Outcome) {
        let place = Outcome::ALL.iter().position(|o| *o == outcome).unwrap_or(0);
        self.counts[place] += 1;
    }

    fn result(&mut self, outcome: Outcome) {
        self.count(outcome);
        self.bar.inc(1);
        if self.terminal {
            self.bar.set_message(self.classes());
        } else if self.last_line.elapsed() >= PROGRESS_EVERY {
            self.last_line = Instant::now();
            let (done, all) = (self.bar.position(), self.bar.length().unwrap_or(0));
            let eta = self.bar.eta().as_secs();
            say!("stuckat: {done}/{all} scenarios, {eta} s left; {}", self.classes());
        }
    }

    fn classes(&self) -> String {
        let named = Outcome::ALL.iter().zip(&self.counts).filter(|(_, n)| **n > 0);
        named.map(|(outcome, n)| format!("{} {n}", outcome.name())).collect::<Vec<_>>().join(" ")
    }
}

#[derive(Serialize)]
struct Whole<'a> {
    run_directory: std::borrow::Cow<'a, str>,
    summary: Summary,
    session: &'a SessionReport,
}

fn conclude(args: &Args, out: &Path, session: &SessionReport) -> anyhow::Result<ExitCode> {
    let summary = summarise(out)?;
    if args.json {
        let whole = Whole { run_directory: out.to_string_lossy(), summary, session };
        print(&(serde_json::to_string_pretty(&whole)? + "\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let throughput = format!(
        "Throughput: {:.0} faulty inferences/s on {} threads ({} scenarios in {:.1} s: {} executed, {} settled by screening)",
        session.faulty_inferences_per_second,
        session.workers,
        grouped(session.scenarios),
        session.lab_seconds,
        grouped(session.executed),
        grouped(session.scenarios - session.executed),
    );
    let place = format!("Results: {} ({:.1} s in all)", out.display(), session.seconds);
    print(&format!("\n{}\n{throughput}\n{place}\n", table::render(&summary)))?;
    Ok(ExitCode::SUCCESS)
}

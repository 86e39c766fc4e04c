//! `stuckat campaign`: loads everything, draws the plan, runs it, and prints what came of it.

mod progress;
pub(super) mod settings;
pub(super) mod subject;

use super::{print, say};
use crate::campaign::golden::{Golden, GoldenLab, GoldenSet};
use crate::campaign::lab::{Event, Lab, Open, Speed};
use crate::campaign::plan::{Plan, PlanError};
use crate::campaign::record::GoldenRecord;
use crate::campaign::session::{Session as Provenance, Shard};
use crate::campaign::store::{Claim, Earlier, RunDir, StoreError};
use crate::report::table::grouped;
use crate::report::{Summary, summarise, table};
use anyhow::Context;
use progress::Progress;
use serde::Serialize;
use settings::Settings;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use subject::Loaded;

/// Where run directories go if --out is not given.
const RUNS: &str = "runs";
/// A faulty inference takes about so many times a golden one's time.
const SLOWER: f64 = 1.5;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A plan file (TOML): keys are the names of the flags below, up to '--hang-factor'; flags win over it
    plan: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    /// Worker threads; never changes a result [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Running it")]
    jobs: Option<u16>,
    /// Run directory [default: a new one under 'runs', named after the plan]
    #[arg(long, value_name = "DIR", help_heading = "Running it")]
    out: Option<PathBuf>,
    /// Continue an interrupted campaign: repeat its command and add this
    #[arg(long, help_heading = "Running it")]
    resume: bool,
    /// Run only part I of N of the faults, in a run directory of its own; 'stuckat merge' puts the parts together
    #[arg(long, value_name = "I/N", help_heading = "Running it")]
    shard: Option<Shard>,
    /// Draw the plan, say what it is, and run nothing
    #[arg(long, help_heading = "Running it")]
    dry_run: bool,
    /// Print the summary as JSON
    #[arg(long, help_heading = "Running it")]
    json: bool,
    /// Interpret every scenario from reset, even where its result is certain, with no host code; same results
    #[arg(long, help_heading = "Running it")]
    no_shortcuts: bool,
    /// Interpret every scenario, every product gate by gate, clock by clock; same results, thousands of times slower
    #[arg(long, conflicts_with = "no_shortcuts", help_heading = "Running it")]
    slow: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let begin = Instant::now();
    let settings = match &args.plan {
        None => args.settings.clone(),
        Some(path) => args.settings.clone().over(Settings::read(path)?),
    };
    let loaded = Loaded::new(&settings)?;
    let request = settings.request(loaded.from.clone())?;
    let drawn = Plan::draw(request, &loaded.circuit, loaded.subject());
    let (plan, faults) = match (drawn, &settings.data) {
        (Err(shape @ PlanError::Shape { .. }), Some(file)) => {
            return Err(shape).context(file.display().to_string());
        }
        (drawn, _) => drawn?,
    };
    let shard = args.shard.unwrap_or_default();
    let mine = (0..plan.faults.len()).filter(|fault| shard.has(*fault)).count();
    let out = args.out.clone().unwrap_or_else(|| default_out(&plan, shard, args.resume));
    let part = if shard == Shard::default() { String::new() } else { format!(" (shard {shard})") };
    if args.dry_run {
        print(&(serde_json::to_string_pretty(&plan)? + "\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let claim = Claim::new(&out, &plan, shard, args.resume)?;
    say!(
        "stuckat: {} faults x {} images = {} scenarios{part}, into {}",
        grouped(mine),
        grouped(plan.images.len()),
        grouped(mine * plan.images.len()),
        out.display()
    );
    let workers = args
        .jobs
        .map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let golden_begin = Instant::now();
    let golden = run_golden(&loaded, &plan, workers).context(loaded.name.clone())?;
    let golden_time = golden_begin.elapsed();
    // The golden runs multiply exactly; the netlist must do the same, or its own errors would pass for a fault's.
    if let Some(what) = loaded.circuit.first_wrong_product(&golden.tuples) {
        anyhow::bail!("multiplier '{}': {what}", loaded.circuit.name());
    }
    let speed = match (args.slow, args.no_shortcuts) {
        (true, _) => Speed::Slow,
        (_, true) => Speed::NoShortcuts,
        _ => Speed::Fast,
    };
    let golden_records = golden_records(&loaded, &plan, &golden);
    let (mut dir, earlier) = claim.begin(&plan, &golden_records)?;
    let lab = Lab {
        program: &loaded.program,
        circuit: &loaded.circuit,
        images: &loaded.images,
        chosen: &plan.images,
        faults: &faults,
        golden: &golden,
        hang_factor: plan.hang_factor,
        speed,
    };
    let open = remaining(&plan, &earlier, shard);
    let done: usize = earlier.outcomes.iter().sum();
    if done == 0 || !open.is_empty() {
        dir.append_session(&Provenance::of_this_process(workers, speed))?;
    }
    if done > 0 {
        say!("stuckat: {} scenarios are there already", grouped(done));
    }
    let left: usize = open.iter().map(|open| open.images.len()).sum();
    let each = golden_time.as_secs_f64() / plan.images.len().max(1) as f64;
    if speed != Speed::Slow && left > 0 {
        let (time, left) = (duration(each * SLOWER * left as f64), grouped(left));
        say!(
            "stuckat: about {time} for {left} scenarios, if each takes {SLOWER} times a golden run"
        );
    }
    let session = work(&lab, &open, workers, &earlier, &mut dir)?;
    drop(dir);
    conclude(args, &out, &session.finish(workers, begin.elapsed()))
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 6000.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

fn run_golden(loaded: &Loaded, plan: &Plan, workers: usize) -> anyhow::Result<GoldenSet> {
    let mut progress = Progress::new("golden runs", plan.images.len());
    let lab = GoldenLab {
        program: &loaded.program,
        images: &loaded.images,
        chosen: &plan.images,
        latency: loaded.circuit.latency(),
        answers: plan.answers,
    };
    // Without a fault to meet, the operations need not be remembered.
    let record = !plan.faults.is_empty();
    let golden = GoldenSet::run(&lab, workers, record, || progress.step());
    progress.bar.finish_and_clear();
    Ok(golden?)
}

/// `runs/HASH`, or `runs/HASH.2` and so on if there is one; with `resume` the last one that there is.
fn default_out(plan: &Plan, shard: Shard, resume: bool) -> PathBuf {
    let mut hash = plan.hash()[..12].to_owned();
    if shard != Shard::default() {
        hash = format!("{hash}.shard-{}-of-{}", shard.index, shard.of);
    }
    let path = |n: u32| match n {
        1 => Path::new(RUNS).join(&hash),
        _ => Path::new(RUNS).join(format!("{hash}.{n}")),
    };
    let free = (1..).find(|n| !path(*n).exists()).unwrap_or(1);
    path(if resume && free > 1 { free - 1 } else { free })
}

fn golden_records(loaded: &Loaded, plan: &Plan, golden: &GoldenSet) -> Vec<GoldenRecord> {
    let record = |(image, golden): (&usize, &Golden)| {
        let label = loaded.images.label(*image);
        GoldenRecord {
            image: *image,
            label,
            top1: golden.top1,
            label_in_top5: label_in_top5(plan, golden, label),
            output: crate::hex(&golden.run.output),
            retired: golden.run.retired,
            cycles: golden.run.cycles,
            muls: golden.run.counts.muls,
            outside: golden.run.counts.outside,
            distinct: golden.distinct,
        }
    };
    plan.images.iter().zip(&golden.golden).map(record).collect()
}

fn label_in_top5(plan: &Plan, golden: &Golden, label: Option<u16>) -> Option<bool> {
    let classes = plan.answers.classes && golden.run.printed_class.is_none();
    let label = label.filter(|_| classes)?;
    Some(plan.answers.top(&golden.run.output, 5).contains(&usize::from(label)))
}

/// The scenarios that have no result yet.
fn remaining(plan: &Plan, earlier: &Earlier, shard: Shard) -> Vec<Open> {
    let images = plan.images.len();
    let open = |number: usize| {
        let done = &earlier.done[number * images..][..images];
        Open {
            number,
            images: (0..images).filter(|i| !done[*i]).collect(),
            announce: !earlier.announced[number],
        }
    };
    let all = (0..plan.faults.len()).filter(|fault| shard.has(*fault)).map(open);
    all.filter(|open| !open.images.is_empty() || open.announce).collect()
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
    open: &[Open],
    workers: usize,
    earlier: &Earlier,
    dir: &mut RunDir,
) -> Result<Session, StoreError> {
    let done: usize = earlier.outcomes.iter().sum();
    let left: usize = open.iter().map(|open| open.images.len()).sum();
    let mut screening = Progress::new("faults screened", open.len());
    let mut progress = None;
    let begin = Instant::now();
    let mut session = Session::default();
    let mut failure = None;
    lab.run(open, workers, |event| {
        let kept = match &event {
            Event::Fault(record) => dir.append_fault(record),
            Event::Result(record) => dir.append_result(record),
            Event::Screened => {
                screening.step();
                Ok(())
            }
        };
        if let Err(error) = kept {
            failure = Some(error);
            return ControlFlow::Break(());
        }
        if let Event::Result(record) = event {
            session.ended += 1;
            session.executed += usize::from(record.engine.executed());
            let progress = progress.get_or_insert_with(|| {
                screening.bar.finish_and_clear();
                let mut progress = Progress::new("scenarios", done + left);
                progress.counts = earlier.outcomes;
                progress.bar.set_position(done as u64);
                progress.bar.reset_eta();
                progress
            });
            progress.result(record.outcome);
        }
        ControlFlow::Continue(())
    });
    screening.bar.finish_and_clear();
    progress.inspect(|progress| progress.bar.finish_and_clear());
    session.lab_seconds = begin.elapsed().as_secs_f64();
    failure.map_or(Ok(session), Err)
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
        "Throughput: {:.0} faulty inferences/s on {} threads ({} scenarios in {:.1} s: {} executed, {} settled by proof)",
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

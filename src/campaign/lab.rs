//! The lab: runs the scenarios of a plan on all cores.
//!
//! In: program, multiplier, golden runs, and which scenarios are still to be done. Out: [`Event`]s, in any order; the
//! results themselves do not depend on the number of workers. A worker takes one fault at a time with all its images,
//! so that what it learns about the fault serves every image.

use super::golden::{Golden, GoldenSet};
use super::images::Images;
use super::outcome::{Outcome, class, classify, is_tied, top};
use super::record::{Engine, FaultRecord, Record};
use crate::cpu::Stop;
use crate::netlist::fast_unit::FastUnit;
use crate::netlist::faulty_unit::{self, FaultyUnit};
use crate::netlist::sequence::Sequences;
use crate::netlist::table::Tables;
use crate::netlist::{Circuit, FaultSet};
use crate::unit::Counts;
use crate::workload::{Program, Runner};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

/// Which shortcuts are taken. The results are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// Screening, memo; what is certain is not executed.
    Fast,
    /// Every scenario is executed from reset, with proved memos.
    NoShortcuts,
    /// The truth itself: every product is evaluated gate by gate.
    Slow,
}

/// What the lab works on.
#[derive(Debug)]
pub struct Lab<'a> {
    /// The firmware.
    pub program: &'a Program,
    /// The multiplier.
    pub circuit: &'a Arc<Circuit>,
    /// The data set.
    pub images: &'a Images,
    /// The plan's images.
    pub chosen: &'a [usize],
    /// Their golden runs.
    pub golden: &'a GoldenSet,
    /// Budget of a faulty run, in golden instruction counts.
    pub hang_factor: u32,
    /// Which shortcuts are taken.
    pub speed: Speed,
}

/// One fault and the images (as indices into [`Lab::chosen`]) that are still to be run under it.
#[derive(Clone, Debug)]
pub struct Job {
    /// Place of the fault in the plan.
    pub number: usize,
    /// The fault, or several at once.
    pub faults: FaultSet,
    /// The images still to be run.
    pub images: Vec<usize>,
    /// Whether what is known of the fault itself is still to be told.
    pub announce: bool,
}

/// What a worker tells.
#[derive(Clone, Debug)]
pub enum Event {
    /// A fault begins.
    Fault(FaultRecord),
    /// A scenario has ended.
    Result(Record),
}

impl Lab<'_> {
    /// Runs all jobs on `workers` threads. `listen` hears every event, in the calling thread, and can end the work.
    pub fn run(
        &self,
        jobs: &[Job],
        workers: usize,
        mut listen: impl FnMut(Event) -> ControlFlow<()>,
    ) {
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        // Bounded, so that a slow disk holds the workers back instead of filling memory.
        let (sender, receiver) = mpsc::sync_channel(1024);
        std::thread::scope(|scope| {
            for _ in 0..workers.max(1) {
                let (sender, next, stop) = (sender.clone(), &next, &stop);
                scope.spawn(move || self.work(jobs, next, stop, &sender));
            }
            drop(sender);
            for event in receiver {
                if listen(event).is_break() {
                    stop.store(true, Ordering::Relaxed);
                    break;
                }
            }
        });
    }

    fn work(
        &self,
        jobs: &[Job],
        next: &AtomicUsize,
        stop: &AtomicBool,
        sender: &mpsc::SyncSender<Event>,
    ) {
        let idle = FaultyUnit::gates(self.circuit, &[]);
        let mut runner = Runner::new(self.program, idle);
        // Gate by gate nothing is looked up.
        let mut tables = match self.speed {
            Speed::Slow => Vec::new(),
            _ => faulty_unit::tables(self.circuit),
        };
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let told = self.job(&mut runner, &mut tables, job, |event| {
                // A closed channel means that the listener has had enough.
                if stop.load(Ordering::Relaxed) || sender.send(event).is_err() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            if told.is_break() {
                return;
            }
        }
    }

    /// One fault: proves what it is, screens it, and runs its images.
    fn job(
        &self,
        runner: &mut Runner<FaultyUnit>,
        tables: &mut [Tables],
        job: &Job,
        mut tell: impl FnMut(Event) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut right = None;
        let faults = job.faults.faults();
        let sequences = Sequences::new(self.circuit, faults);
        let carries_state = sequences.as_ref().err().map(ToString::to_string);
        let unit = match sequences {
            Ok(sequences) => {
                let mut unit = FastUnit::new(self.circuit, sequences).with_tables(tables, faults);
                right = Some(unit.learn(&self.golden.tuples));
                match self.speed {
                    Speed::Slow => FaultyUnit::gates(self.circuit, faults),
                    _ => FaultyUnit::Memo(Box::new(unit)),
                }
            }
            Err(_) => FaultyUnit::gates(self.circuit, faults),
        };
        let engine = match unit {
            FaultyUnit::Memo(_) => Engine::Memo,
            FaultyUnit::Gates(_) => Engine::Gates,
        };
        *runner.unit_mut() = unit;
        if job.announce {
            tell(Event::Fault(FaultRecord {
                fault: job.number,
                name: job.faults.name(self.circuit.netlist()),
                distinct: self.golden.tuples.len(),
                distinct_wrong: right.as_ref().map(|r| r.wrong_products),
                carries_state,
            }))?;
        }
        for image in &job.images {
            let golden = &self.golden.golden[*image];
            let certain = self.speed == Speed::Fast
                && right
                    .as_ref()
                    .is_some_and(|r| golden.tuples.iter().all(|t| r.right[*t as usize]));
            let record = if certain {
                self.screened(job, *image, golden)
            } else {
                self.execute(runner, job, *image, golden, engine)
            };
            tell(Event::Result(record))?;
        }
        ControlFlow::Continue(())
    }

    /// A scenario whose golden operations are all right under the fault in value and latency, and whose unit keeps no
    /// state: by induction over the instructions it is the golden run.
    fn screened(&self, job: &Job, image: usize, golden: &Golden) -> Record {
        let counts = Counts { muls: golden.run.counts.muls, ..Counts::default() };
        let run = crate::workload::Run { counts, ..golden.run.clone() };
        self.record(job, image, golden, &run, Engine::Screened, 0)
    }

    fn execute(
        &self,
        runner: &mut Runner<FaultyUnit>,
        job: &Job,
        image: usize,
        golden: &Golden,
        engine: Engine,
    ) -> Record {
        let start = Instant::now();
        let budget = golden.run.retired.saturating_mul(u64::from(self.hang_factor));
        let run = runner.run(&self.images.input(self.chosen[image]), budget);
        let wall_us = start.elapsed().as_micros() as u64;
        self.record(job, image, golden, &run, engine, wall_us)
    }

    fn record(
        &self,
        job: &Job,
        image: usize,
        golden: &Golden,
        run: &crate::workload::Run,
        engine: Engine,
        wall_us: u64,
    ) -> Record {
        let (outcome, trap) = classify(&golden.run, run);
        let trap = trap.filter(|_| outcome == Outcome::Trap);
        let answered = !outcome.no_answer();
        // A printed answer is one class; what comes behind it is not known.
        let scores = run.printed_class.is_none() && golden.run.printed_class.is_none();
        let best = if scores { top(&run.output, 5) } else { Vec::new() };
        Record {
            fault: job.number,
            name: job.faults.name(self.circuit.netlist()),
            image: self.chosen[image],
            label: self
                .images
                .label(self.chosen[image])
                .and_then(|l| u8::try_from(l).ok())
                .unwrap_or(u8::MAX),
            outcome,
            golden_top1: golden.top1,
            top1: class(run).filter(|_| answered),
            golden_in_top5: (answered && scores).then(|| best.contains(&golden.top1)),
            tied: answered && scores && is_tied(&run.output),
            output: crate::hex(&run.output),
            trap_cause: trap.map(|(cause, _)| cause.code()),
            trap_pc: trap.map(|(_, pc)| pc),
            exit_code: match run.stop {
                Stop::Exit(code) => Some(code),
                _ => None,
            },
            retired: run.retired,
            cycles: run.cycles,
            muls: run.counts.muls,
            wrong: run.counts.wrong,
            distinct_wrong: run.counts.distinct_wrong,
            engine,
            wall_us,
        }
    }
}

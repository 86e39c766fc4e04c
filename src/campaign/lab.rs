//! The lab: runs the scenarios of a plan on all cores.
//!
//! In: program, multiplier, golden runs, and which scenarios are still to be done. Out: [`Event`]s, in any order; the
//! results themselves do not depend on the number of workers. First every fault is screened; then a worker takes one job
//! at a time: a fault with all its images, and with it the faults that may turn out to be the same.

use super::golden::{Golden, GoldenSet};
use super::images::Images;
use super::outcome::Outcome;
use super::record::{Engine, FaultRecord, First, Record};
use super::screen::{self, Key, Screened};
use crate::cpu::Stop;
use crate::netlist::activity::Activity;
use crate::netlist::fast_unit::FastUnit;
use crate::netlist::faulty_unit::{self, FaultyUnit};
use crate::netlist::places::Places;
use crate::netlist::table::Tables;
use crate::netlist::{Circuit, FaultSet};
use crate::unit::{Counts, Tuple};
use crate::workload::{Beginning, Program, Run, Runner, Scout};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

/// Which shortcuts are taken. The results are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// What is certain is not executed, and of faults that are the same one is.
    Fast,
    /// Every scenario is executed from reset by the interpreter, with proved tables and memos.
    NoShortcuts,
    /// The truth itself: interpreted, and every product is evaluated gate by gate.
    Slow,
}

impl Speed {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::NoShortcuts => "no-shortcuts",
            Self::Slow => "slow",
        }
    }
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
    /// The plan's faults.
    pub faults: &'a [Candidate],
    /// Their golden runs.
    pub golden: &'a GoldenSet,
    /// Budget of a faulty run, in golden instruction counts.
    pub hang_factor: u32,
    /// Which shortcuts are taken.
    pub speed: Speed,
}

/// A fault of the plan.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The fault, or several at once.
    pub faults: FaultSet,
    /// Name of the first fault of the population that makes the same circuit.
    pub class: String,
    /// How many faults of the population make it.
    pub weight: usize,
}

/// What is still to be done of one fault.
#[derive(Clone, Debug)]
pub struct Open {
    /// Its place in the plan.
    pub number: usize,
    /// The images still to be run, as indices into [`Lab::chosen`], ascending.
    pub images: Vec<usize>,
    /// Whether what is known of the fault itself is still to be told.
    pub announce: bool,
}

/// What a worker tells.
#[derive(Clone, Debug)]
pub enum Event {
    /// A fault is screened.
    Fault(FaultRecord),
    /// One more fault is screened.
    Screened,
    /// A scenario has ended.
    Result(Record),
}

/// Faults, by place among the open ones, that have the same answers to all golden operations. Each inner list makes the same faulty circuit.
type Job = Vec<Vec<usize>>;

impl<'a> Lab<'a> {
    /// Does all that is open on `workers` threads. `listen` hears every event, in the calling thread, and can end the work.
    pub fn run(
        &self,
        open: &[Open],
        workers: usize,
        mut listen: impl FnMut(Event) -> ControlFlow<()>,
    ) {
        let activity = Activity::of(self.circuit, &self.golden.tuples);
        let places = Places::new(self.circuit);
        let mut known: Vec<Known> = vec![Known::default(); open.len()];
        let units = Units::default();
        let ended = self.parallel(
            open.len(),
            workers,
            |tables, _, at, tell| {
                let mut unit = self.unit(tables, &open[at]);
                let screened = Screened::new(&mut unit, &self.golden.tuples);
                if open[at].announce {
                    let record = self.fault_record(&open[at], &screened, &activity, &places);
                    tell(Told::Event(Box::new(Event::Fault(record))))?;
                }
                if self.chosen.len() <= FEW_IMAGES {
                    units.keep(at, unit);
                }
                tell(Told::Known(at, self.known(&screened)))
            },
            |told| match told {
                Told::Event(event) => listen(*event),
                Told::Known(at, found) => {
                    known[at] = found;
                    listen(Event::Screened)
                }
            },
        );
        if ended.is_break() {
            return;
        }
        let jobs = self.jobs(open, &known);
        let _ = self.parallel(
            jobs.len(),
            workers,
            |tables, hands, at, tell| {
                let mut unit = |at: usize| match units.take(at) {
                    Some(unit) => unit,
                    None => self.unit(tables, &open[at]),
                };
                let mut bench = Bench { open, known: &known, unit: &mut unit, hands };
                self.job(&mut bench, &jobs[at], &mut |record| {
                    tell(Told::Event(Box::new(Event::Result(record))))
                })
            },
            |told| match told {
                Told::Event(event) => listen(*event),
                Told::Known(..) => ControlFlow::Continue(()),
            },
        );
    }

    /// Does `count` pieces of work on all workers; `listen` hears in the calling thread what they tell.
    fn parallel(
        &self,
        count: usize,
        workers: usize,
        work: impl Fn(
            &mut [Tables],
            &mut Hands<'a>,
            usize,
            &mut dyn FnMut(Told) -> ControlFlow<()>,
        ) -> ControlFlow<()>
        + Sync,
        mut listen: impl FnMut(Told) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        // Bounded, so that a slow disk holds the workers back instead of filling memory.
        let (sender, receiver) = mpsc::sync_channel(1024);
        std::thread::scope(|scope| {
            for _ in 0..workers.clamp(1, count.max(1)) {
                let (sender, next, stop, work) = (sender.clone(), &next, &stop, &work);
                scope.spawn(move || {
                    let mut hands = self.hands();
                    let mut tables = faulty_unit::tables(self.circuit);
                    let mut tell = |told| {
                        // A closed channel means that the listener has had enough.
                        if stop.load(Ordering::Relaxed) || sender.send(told).is_err() {
                            return ControlFlow::Break(());
                        }
                        ControlFlow::Continue(())
                    };
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= count || work(&mut tables, &mut hands, at, &mut tell).is_break() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            for told in receiver {
                if listen(told).is_break() {
                    stop.store(true, Ordering::Relaxed);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })
    }

    fn hands(&self) -> Hands<'a> {
        let mut runner = Runner::new(self.program, FaultyUnit::gates(self.circuit, &[]));
        if self.speed != Speed::Fast {
            runner.set_compiled(None);
        }
        Hands { runner, scout: None }
    }

    fn unit(&self, tables: &mut [Tables], open: &Open) -> Result<FastUnit, String> {
        let unit = screen::unit(self.circuit, tables, &self.faults[open.number].faults)?;
        Ok(if self.speed == Speed::Fast { unit } else { unit.without_code() })
    }

    /// What the runs need of a screening.
    fn known(&self, screened: &Screened) -> Known {
        let Some(judgement) = &screened.judgement else { return Known::default() };
        let right = |t: u32| judgement.right[t as usize];
        let all_right = |golden: &Golden| golden.tuples.iter().all(right);
        let certain = self.golden.golden.iter().enumerate().filter(|(_, g)| all_right(g));
        Known { key: screened.key, certain: certain.map(|(image, _)| image as u32).collect() }
    }

    fn fault_record(
        &self,
        open: &Open,
        screened: &Screened,
        activity: &Activity,
        places: &Places,
    ) -> FaultRecord {
        let candidate = &self.faults[open.number];
        let faults = candidate.faults.faults();
        let activated = faults.iter().map(|f| activity.activates(self.circuit, *f));
        FaultRecord {
            fault: open.number,
            name: candidate.faults.name(self.circuit.netlist()),
            class: candidate.class.clone(),
            weight: candidate.weight,
            places: faults.iter().map(|f| places.of(*f)).collect(),
            activated: activated.collect::<Option<Vec<bool>>>().map(|a| a.contains(&true)),
            distinct: self.golden.tuples.len(),
            distinct_wrong: screened.judgement.as_ref().map(|j| j.wrong_products),
            carries_state: screened.carries_state.clone(),
        }
    }

    /// What is run together: faults of one class, and faults with the same answers to all golden operations. In the order of the plan.
    fn jobs(&self, open: &[Open], known: &[Known]) -> Vec<Job> {
        let mut jobs: Vec<Job> = Vec::new();
        if self.speed != Speed::Fast {
            return (0..open.len()).map(|at| vec![vec![at]]).collect();
        }
        let mut by_class: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut by_key: HashMap<Key, usize> = HashMap::new();
        for (at, (open, Known { key, .. })) in open.iter().zip(known).enumerate() {
            let class = self.faults[open.number].class.as_str();
            if let Some((job, place)) = by_class.get(class) {
                jobs[*job][*place].push(at);
                continue;
            }
            let job = match key.and_then(|key| by_key.get(&key)) {
                Some(job) => *job,
                None => {
                    jobs.push(Vec::new());
                    jobs.len() - 1
                }
            };
            key.map(|key| by_key.insert(key, job));
            by_class.insert(class, (job, jobs[job].len()));
            jobs[job].push(vec![at]);
        }
        jobs
    }

    /// Runs the first fault of a job, and gives its results to those that are proved to be the same; the others run too.
    fn job(
        &self,
        bench: &mut Bench<'_, 'a>,
        job: &Job,
        tell: &mut dyn FnMut(Record) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // What the first of the faults so far answered to operations that are not golden, and what came of its runs.
        let mut first: Option<Answered> = None;
        for class in job {
            let mut images: Vec<usize> =
                class.iter().flat_map(|at| &bench.open[*at].images).copied().collect();
            images.sort_unstable();
            images.dedup();
            if images.is_empty() {
                continue;
            }
            let unit = (bench.unit)(class[0]);
            let shared = first.as_ref().filter(|(answers, runs)| {
                let same = unit.as_ref().is_ok_and(|unit| unit.agrees(answers));
                same && images.iter().all(|image| runs.contains_key(image))
            });
            if let Some((_, runs)) = shared {
                for open in class.iter().map(|at| &bench.open[*at]) {
                    for image in &open.images {
                        tell(self.record(open, *image, &runs[image], Engine::Shared, 0))?;
                    }
                }
                continue;
            }
            // A class that begins a job is the one that others are compared with.
            let compared = first.is_none() && job.len() > 1;
            let runs = self.class(bench, unit, class, &images, compared, tell)?;
            if compared && let FaultyUnit::Memo(unit) = bench.hands.runner.unit_mut() {
                first = unit.memo().map(|memo| (memo.collect(), runs));
            }
        }
        ControlFlow::Continue(())
    }

    /// Runs one fault on `images`, for all faults of its class; all its operations must be known afterwards if other faults are to be `compared` with it.
    fn class(
        &self,
        bench: &mut Bench<'_, 'a>,
        unit: Result<FastUnit, String>,
        class: &[usize],
        images: &[usize],
        compared: bool,
        tell: &mut dyn FnMut(Record) -> ControlFlow<()>,
    ) -> ControlFlow<(), BTreeMap<usize, Run>> {
        let faults = self.faults[bench.open[class[0]].number].faults.faults();
        let certain = &bench.known[class[0]].certain;
        let unit = match unit {
            Ok(unit) if self.speed == Speed::Fast && !compared => {
                FaultyUnit::Memo(Box::new(unit.forgetful()))
            }
            Ok(unit) if self.speed != Speed::Slow => FaultyUnit::Memo(Box::new(unit)),
            _ => FaultyUnit::gates(self.circuit, faults),
        };
        let engine = match unit {
            FaultyUnit::Memo(_) => Engine::Memo,
            FaultyUnit::Gates(_) => Engine::Gates,
        };
        bench.hands.runner.let_go();
        *bench.hands.runner.unit_mut() = unit;
        let is_certain = |image: &usize| certain.binary_search(&(*image as u32)).is_ok();
        let open = images.iter().filter(|image| !is_certain(image)).count();
        let beginning = match self.speed {
            Speed::Fast if open >= BEGUN_TOGETHER => self.beginning(bench.hands, images[0]),
            _ => Beginning::Unknown,
        };
        // The run that all others are, if none looks at its input.
        let mut whole: Option<Run> = None;
        let mut runs = BTreeMap::new();
        for image in images {
            let golden = &self.golden.golden[*image];
            let start = Instant::now();
            let budget = golden.run.retired.saturating_mul(u64::from(self.hang_factor));
            let whole_run = whole.as_ref().filter(|run| run.ends_within(budget));
            let (run, engine) = if self.speed == Speed::Fast && is_certain(image) {
                (self.as_golden(golden), Engine::Screened)
            } else if let Some(run) = whole_run {
                (run.clone(), Engine::Shared)
            } else {
                let runner = &mut bench.hands.runner;
                if let FaultyUnit::Memo(unit) = runner.unit_mut() {
                    // What is known already is passed over; with many images not all of it has room.
                    let (kinds, some) = match unit.has_tables() {
                        true => (golden.kinds, &golden.untabled),
                        false => ([true; 4], &golden.tuples),
                    };
                    unit.prepare(kinds, some.iter().map(|t| self.golden.tuples[t as usize]));
                }
                let input = self.images.input(self.chosen[*image]);
                let run = match beginning {
                    Beginning::Steps(steps) => match runner.run_on(&input, budget) {
                        Some(run) => run,
                        None => runner.run_and_keep(&input, budget, steps),
                    },
                    Beginning::Whole | Beginning::Unknown => runner.run(&input, budget),
                };
                if beginning == Beginning::Whole {
                    whole = Some(run.clone());
                }
                (run, engine)
            };
            let wall_us = if engine.executed() { start.elapsed().as_micros() as u64 } else { 0 };
            let mut first = true;
            let open = class.iter().map(|at| &bench.open[*at]);
            for open in open.filter(|open| open.images.binary_search(image).is_ok()) {
                let (engine, wall_us) = match (engine.executed(), std::mem::take(&mut first)) {
                    (true, false) => (Engine::Shared, 0),
                    _ => (engine, wall_us),
                };
                if tell(self.record(open, *image, &run, engine, wall_us)).is_break() {
                    return ControlFlow::Break(());
                }
            }
            runs.insert(*image, run);
        }
        ControlFlow::Continue(runs)
    }

    /// How far all runs under the present unit are the same; to look costs about as much as some runs of that beginning.
    fn beginning(&self, hands: &mut Hands<'a>, image: usize) -> Beginning {
        let scout = hands
            .scout
            .get_or_insert_with(|| Scout::new(self.program, FaultyUnit::gates(self.circuit, &[])));
        let Some(scout) = scout else { return Beginning::Unknown };
        // Where a sound run has ended, a faulty one without a look at its input hardly has one to come.
        scout.find(hands.runner.unit_mut(), self.golden.golden[image].run.retired)
    }

    /// The run of a fault under which all golden operations are right in value and latency, and whose unit keeps no
    /// state: by induction over the instructions it is the golden run.
    fn as_golden(&self, golden: &Golden) -> Run {
        let Counts { muls, outside, .. } = golden.run.counts;
        let counts = Counts { muls, outside, ..Counts::default() };
        Run { counts, ..golden.run.clone() }
    }

    fn record(&self, open: &Open, image: usize, run: &Run, engine: Engine, wall_us: u64) -> Record {
        let golden = &self.golden.golden[image];
        let answers = self.golden.answers;
        let (outcome, trap) = answers.classify(&golden.run, run);
        let trap = trap.filter(|_| outcome == Outcome::Trap);
        let answered = !outcome.no_answer();
        // A printed answer is one class; what comes behind it is not known.
        let scores = run.printed_class.is_none() && golden.run.printed_class.is_none();
        let classes = answered && scores && answers.classes;
        let best = if classes { answers.top(&run.output, 5) } else { Vec::new() };
        let label = self.images.label(self.chosen[image]);
        let distance =
            (answered && scores).then(|| answers.distance(&golden.run.output, &run.output));
        let distance = distance.flatten();
        Record {
            fault: open.number,
            name: self.faults[open.number].faults.name(self.circuit.netlist()),
            image: self.chosen[image],
            label,
            outcome,
            golden_top1: golden.top1,
            top1: answers.class(run).filter(|_| answered),
            golden_in_top5: golden.top1.filter(|_| classes).map(|class| best.contains(&class)),
            label_in_top5: label
                .filter(|_| classes)
                .map(|label| best.contains(&usize::from(label))),
            tied: classes && answers.is_tied(&run.output),
            output: crate::hex(&run.output),
            largest_change: distance.map(|d| d.largest),
            rms_change: distance.map(|d| d.root_mean_square),
            trap_cause: trap.map(|(cause, _)| cause.code()),
            trap_pc: trap.map(|(_, pc)| pc),
            exit_code: match run.stop {
                Stop::Exit(code) => Some(code),
                _ => None,
            },
            retired: run.retired,
            cycles: run.cycles,
            muls: run.counts.muls,
            outside: run.counts.outside,
            wrong: run.counts.wrong,
            first: run.first_difference.map(|first| First {
                insn: first.number,
                pc: first.pc,
                function: self.program.functions().at(first.pc).map(str::to_owned),
                layer: first.layer,
            }),
            engine,
            wall_us,
        }
    }
}

/// What one fault answered in its runs, and what came of them.
type Answered = (Vec<(Tuple, u32)>, BTreeMap<usize, Run>);

/// What the runs of a fault need of its screening.
#[derive(Clone, Debug, Default)]
struct Known {
    /// What it shares with other faults.
    key: Option<Key>,
    /// Images, ascending, whose golden operations are all right under it.
    certain: Vec<u32>,
}

/// What a worker has at hand.
struct Bench<'b, 'p> {
    open: &'b [Open],
    known: &'b [Known],
    /// The unit of the fault at a place in `open`.
    unit: &'b mut dyn FnMut(usize) -> Result<FastUnit, String>,
    hands: &'b mut Hands<'p>,
}

/// Images of a fault from which on it is worth looking how far its runs are the same.
const BEGUN_TOGETHER: usize = 3;

/// What a worker runs programs with.
struct Hands<'p> {
    runner: Runner<'p, FaultyUnit>,
    /// Made when it is needed; without one inside, the program can have none.
    scout: Option<Option<Scout<'p, FaultyUnit>>>,
}

/// With more images it does not matter that a fault is folded twice, and there are more operations to keep room for.
const FEW_IMAGES: usize = 100;

/// Units of some faults, from their screening to their runs, by place among the open ones: to fold a fault takes as long as some runs.
#[derive(Default)]
struct Units(Mutex<HashMap<usize, Result<FastUnit, String>>>);

/// Units that are kept, at the most: each takes about a third of a megabyte.
const UNITS: usize = 256;

impl Units {
    fn keep(&self, at: usize, unit: Result<FastUnit, String>) {
        if let Ok(mut units) = self.0.lock()
            && units.len() < UNITS
        {
            units.insert(at, unit);
        }
    }

    fn take(&self, at: usize) -> Option<Result<FastUnit, String>> {
        self.0.lock().ok()?.remove(&at)
    }
}

/// What workers send.
enum Told {
    Event(Box<Event>),
    /// Which fault, and what is known of it.
    Known(usize, Known),
}

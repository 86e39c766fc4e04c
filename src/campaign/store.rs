//! The run directory: locked, versioned, append-only.
//!
//! | file | what |
//! |---|---|
//! | `plan.json` | the [`Plan`]; written once, by renaming a complete file into place |
//! | `golden.jsonl` | one [`GoldenRecord`] a line; written once, likewise |
//! | `faults.jsonl` | one [`FaultRecord`] a line, appended when the fault begins |
//! | `results.jsonl` | one [`Record`] a line, appended when the scenario ends |
//! | `sessions.jsonl` | one [`Session`] a line: each process that worked on it, appended when it begins |
//! | `shard.json` | the [`Shard`], if it holds only a part of the plan |
//! | `lock` | locked by the process that writes; the lock goes with the process |
//!
//! A line counts if it is complete. Killing the process loses at most the line in flight: what an interrupted
//! write leaves is cut off at the next opening. Any other damage is refused, with the line's number.

use super::outcome::Outcome;
use super::plan::{FORMAT, Plan};
use super::record::{FaultRecord, GoldenRecord, Record};
use super::session::{Session, Shard};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a run directory cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The operating system refuses.
    #[error("{path}: cannot {doing}: {cause}{hint}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The operating system's words.
        cause: io::Error,
        /// How to go on.
        hint: &'static str,
    },
    /// Another process writes it.
    #[error(
        "{0}: another stuckat is writing this run directory; wait for it, or give another --out"
    )]
    Locked(PathBuf),
    /// There are results already.
    #[error("{0}: is there already; add --resume to continue a campaign, or give another --out")]
    Exists(PathBuf),
    /// It belongs to another plan.
    #[error(
        "{path}: belongs to another plan ({difference} differs); repeat its command, or give another --out"
    )]
    OtherPlan {
        /// The directory.
        path: PathBuf,
        /// The first difference.
        difference: &'static str,
    },
    /// It holds another part of the plan.
    #[error("{path}: holds shard {found} of this plan; continue that one, or give another --out")]
    OtherShard {
        /// The directory.
        path: PathBuf,
        /// Its shard.
        found: Shard,
    },
    /// Two directories that are to be put together do not agree.
    #[error("{path}: {what}; only shards of one campaign can be merged")]
    NotOne {
        /// The directory.
        path: PathBuf,
        /// In what they differ.
        what: String,
    },
    /// It holds results, and nothing says of which plan.
    #[error(
        "{0}: holds results without a plan.json; restore it from a copy, or give another --out"
    )]
    Foreign(PathBuf),
    /// It was written by another version.
    #[error(
        "{path}: has the run directory format {found}, and this stuckat reads format {FORMAT}; use the version that wrote it"
    )]
    Format {
        /// The directory.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
    /// There is no campaign in it.
    #[error("{0}: is not a run directory (it has no plan.json)")]
    NoPlan(PathBuf),
    /// A file is damaged.
    #[error(
        "{path}:{line}: damaged: {what}; restore the file from a copy, or start anew with another --out"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
}

impl StoreError {
    /// What the operating system says against something, as a function of its words.
    pub(super) fn io<'p>(
        path: &'p Path,
        doing: &'static str,
    ) -> impl FnOnce(io::Error) -> Self + 'p {
        io_error(path, doing, "")
    }

    /// Whether the directory itself is unfit (as against an operating-system error).
    pub fn is_refusal(&self) -> bool {
        !matches!(self, StoreError::Io { .. })
    }
}

const RESUME: &str =
    "; nothing that was there before is lost: mend the cause and continue with --resume";

fn io_error<'p>(
    path: &'p Path,
    doing: &'static str,
    hint: &'static str,
) -> impl FnOnce(io::Error) -> StoreError + 'p {
    move |cause| StoreError::Io { path: path.to_owned(), doing, cause, hint }
}

/// A folder that this process has locked for a plan, and that is fit for it. Nothing is written yet but the lock;
/// if nothing ever is, a folder that was made for it goes again.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    lock: File,
    shard: Shard,
    /// Whether the folder was made here.
    made: bool,
    /// The files of a campaign of the same plan that is to be continued.
    resumed: Option<Grown>,
    begun: bool,
}

/// The files that grow, and what they hold already.
#[derive(Debug)]
struct Grown {
    results: Appender,
    faults: Appender,
    earlier: Earlier,
}

impl Grown {
    fn open(dir: &Path, plan: &Plan) -> Result<Self, StoreError> {
        let mut check = ResultCheck::new(plan);
        let mut outcomes = [0; Outcome::ALL.len()];
        let results = Appender::open(dir.join("results.jsonl"), |record: Record| {
            outcomes[record.outcome.index()] += 1;
            check.next(&record)
        })?;
        let mut announced = vec![false; plan.faults.len()];
        let faults = Appender::open(dir.join("faults.jsonl"), |record: FaultRecord| {
            check_fault(plan, &record)?;
            announced[record.fault] = true;
            Ok(())
        })?;
        let earlier = Earlier { done: check.seen, outcomes, announced };
        Ok(Self { results, faults, earlier })
    }
}

/// A run directory that this process writes.
#[derive(Debug)]
pub struct RunDir {
    results: Appender,
    faults: Appender,
    /// Held for its lock.
    claim: Claim,
}

/// What a directory already holds.
#[derive(Debug)]
pub struct Earlier {
    /// For each scenario whether it is done: fault by fault in the order of the plan, image by image.
    pub done: Vec<bool>,
    /// How many of each class, in the order of [`Outcome::ALL`].
    pub outcomes: [usize; Outcome::ALL.len()],
    /// For each fault of the plan whether what is known of it is there.
    pub announced: Vec<bool>,
}

impl Claim {
    /// Locks a folder for a new campaign, or for continuing one if `resume` and there is one.
    ///
    /// # Errors
    /// [`StoreError`] if the folder cannot be written, is being written, belongs to another plan, or holds results and
    /// `resume` is not given.
    pub fn new(path: &Path, plan: &Plan, shard: Shard, resume: bool) -> Result<Self, StoreError> {
        let made = !path.exists();
        fs::create_dir_all(path).map_err(io_error(path, "make this folder", ""))?;
        let lock = lock(path)?;
        let path_of_claim = path.to_owned();
        let mut claim =
            Self { path: path_of_claim, lock, shard, made, resumed: None, begun: false };
        if path.join("plan.json").exists() {
            if !resume {
                return Err(StoreError::Exists(path.to_owned()));
            }
            if let Some(difference) = plan.difference(&read_plan(path)?) {
                return Err(StoreError::OtherPlan { path: path.to_owned(), difference });
            }
            let found = read_shard(path)?;
            if found != shard {
                return Err(StoreError::OtherShard { path: path.to_owned(), found });
            }
            claim.resumed = Some(Grown::open(path, plan)?);
        } else if path.join("results.jsonl").exists() || path.join("faults.jsonl").exists() {
            return Err(StoreError::Foreign(path.to_owned()));
        }
        Ok(claim)
    }

    /// Writes plan and golden runs, or compares them with what is there, and opens the files that grow.
    ///
    /// # Errors
    /// [`StoreError`] if something cannot be written, is damaged, or belongs to other golden runs.
    pub fn begin(
        mut self,
        plan: &Plan,
        golden: &[GoldenRecord],
    ) -> Result<(RunDir, Earlier), StoreError> {
        let golden_path = self.path.join("golden.jsonl");
        if self.resumed.is_some() && golden_path.exists() {
            if read_lines::<GoldenRecord>(&golden_path)? != golden {
                let difference = "the outcome of the golden runs";
                return Err(StoreError::OtherPlan { path: self.path.clone(), difference });
            }
        } else {
            write_whole(&golden_path, &json_lines(golden, &golden_path)?)?;
        }
        let grown = match self.resumed.take() {
            Some(grown) => grown,
            None => {
                if self.shard != Shard::default() {
                    let path = self.path.join("shard.json");
                    let text = serde_json::to_vec(&self.shard).map_err(io::Error::other);
                    write_whole(&path, &text.map_err(io_error(&path, "write", ""))?)?;
                }
                // The plan comes last: where it is, the folder is a run directory.
                let path = self.path.join("plan.json");
                let text = serde_json::to_vec_pretty(plan).map_err(io::Error::other);
                write_whole(&path, &text.map_err(io_error(&path, "write", ""))?)?;
                self.begun = true;
                Grown::open(&self.path, plan)?
            }
        };
        let Grown { results, faults, earlier } = grown;
        Ok((RunDir { results, faults, claim: self }, earlier))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.made && !self.begun {
            // Only what was made here, and only if nobody has put anything else there.
            let _ = self.lock.unlock();
            let _ = fs::remove_file(self.path.join("lock"));
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// Reads which part of its plan a run directory holds.
///
/// # Errors
/// [`StoreError`] if that is damaged.
pub fn read_shard(dir: &Path) -> Result<Shard, StoreError> {
    let path = dir.join("shard.json");
    let text = match fs::read(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Shard::default()),
        other => other.map_err(io_error(&path, "read", ""))?,
    };
    let shard: Result<Shard, _> = serde_json::from_slice(&text);
    let damaged = |what: String| StoreError::Damaged { path: path.clone(), line: 1, what };
    let shard = shard.map_err(|e| damaged(e.to_string()))?;
    if shard.index == 0 || shard.index > shard.of {
        return Err(damaged(format!("there is no shard {shard}")));
    }
    Ok(shard)
}

impl RunDir {
    /// Keeps who works on it from here on.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the file then ends with the last complete line.
    pub fn append_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let path = self.claim.path.join("sessions.jsonl");
        Appender::open(path, |_: Session| Ok(()))?.append(session)
    }

    /// Keeps a scenario's result.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the file then ends with the last complete line.
    pub fn append_result(&mut self, record: &Record) -> Result<(), StoreError> {
        self.results.append(record)
    }

    /// Keeps what is known of a fault.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the file then ends with the last complete line.
    pub fn append_fault(&mut self, record: &FaultRecord) -> Result<(), StoreError> {
        self.faults.append(record)
    }
}

fn json_lines(records: &[impl Serialize], path: &Path) -> Result<Vec<u8>, StoreError> {
    let mut text = Vec::new();
    for record in records {
        let line = serde_json::to_vec(record).map_err(io::Error::other);
        text.extend(line.map_err(io_error(path, "write", ""))?);
        text.push(b'\n');
    }
    Ok(text)
}

/// Reads the results of a run directory one by one, checked against its plan; `each` hears them in the order of the file.
///
/// # Errors
/// [`StoreError`] if they cannot be read or are damaged.
pub fn read_results(
    dir: &Path,
    plan: &Plan,
    mut each: impl FnMut(Record),
) -> Result<(), StoreError> {
    let mut check = ResultCheck::new(plan);
    scan(&dir.join("results.jsonl"), |record| {
        check.next(&record)?;
        each(record);
        Ok(())
    })
    .map(|_| ())
}

/// Reads the fault records of a run directory one by one, checked against its plan; `each` hears them in the order of the file.
///
/// # Errors
/// [`StoreError`] if they cannot be read or are damaged.
pub fn read_faults(
    dir: &Path,
    plan: &Plan,
    mut each: impl FnMut(FaultRecord),
) -> Result<(), StoreError> {
    scan(&dir.join("faults.jsonl"), |record| {
        check_fault(plan, &record)?;
        each(record);
        Ok(())
    })
    .map(|_| ())
}

/// Every row must be a scenario of the plan, and none may be there twice.
struct ResultCheck<'p> {
    plan: &'p Plan,
    seen: Vec<bool>,
}

impl<'p> ResultCheck<'p> {
    fn new(plan: &'p Plan) -> Self {
        Self { plan, seen: vec![false; plan.scenarios()] }
    }

    fn next(&mut self, record: &Record) -> Result<(), String> {
        if self.plan.faults.get(record.fault) != Some(&record.name) {
            return Err("its fault is not the plan's".into());
        }
        let images = &self.plan.images;
        let image = images.binary_search(&record.image).ok();
        let place = image.map(|image| record.fault.saturating_mul(images.len()) + image);
        let seen = place.and_then(|place| self.seen.get_mut(place));
        match seen.map(|seen| std::mem::replace(seen, true)) {
            None => Err("its image is not in the plan".into()),
            Some(true) => Err("its scenario is there already".into()),
            Some(false) => Ok(()),
        }
    }
}

fn check_fault(plan: &Plan, record: &FaultRecord) -> Result<(), String> {
    if plan.faults.get(record.fault) == Some(&record.name) {
        Ok(())
    } else {
        Err("its fault is not the plan's".into())
    }
}

/// Reads the plan of a run directory.
///
/// # Errors
/// [`StoreError`] if there is none or it is damaged.
pub fn read_plan(path: &Path) -> Result<Plan, StoreError> {
    let plan_path = path.join("plan.json");
    let text = match fs::read(&plan_path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::NoPlan(path.to_owned()));
        }
        other => other.map_err(io_error(&plan_path, "read", ""))?,
    };
    let damaged = |e: serde_json::Error| StoreError::Damaged {
        path: plan_path.clone(),
        line: e.line(),
        what: e.to_string(),
    };
    // The format's version first: another version may have other fields.
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(damaged)?;
    match value.get("format").and_then(serde_json::Value::as_u64) {
        Some(found) if found != u64::from(FORMAT) => {
            Err(StoreError::Format { path: path.to_owned(), found })
        }
        _ => serde_json::from_slice(&text).map_err(damaged),
    }
}

/// Reads the complete lines of a file of a run directory; a missing file has none.
///
/// # Errors
/// [`StoreError`] if it cannot be read or a complete line is damaged.
pub fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, StoreError> {
    let mut records = Vec::new();
    scan(path, |record| {
        records.push(record);
        Ok(())
    })?;
    Ok(records)
}

/// Hands the records of the complete lines to `each`, which may refuse one; returns how many bytes these lines take, and
/// whether an incomplete one follows. A missing file has none. Only one line is in memory at a time.
fn scan<T: DeserializeOwned>(
    path: &Path,
    mut each: impl FnMut(T) -> Result<(), String>,
) -> Result<(u64, bool), StoreError> {
    let file = match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((0, false)),
        other => other.map_err(io_error(path, "read", ""))?,
    };
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut text = Vec::new();
    let mut complete = 0;
    for line in 1.. {
        text.clear();
        reader.read_until(b'\n', &mut text).map_err(io_error(path, "read", ""))?;
        if text.last() != Some(&b'\n') {
            break;
        }
        let damaged = |what| StoreError::Damaged { path: path.to_owned(), line, what };
        each(serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?)
            .map_err(damaged)?;
        complete += text.len() as u64;
    }
    Ok((complete, !text.is_empty()))
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(io_error(&path, "write", ""))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(dir.to_owned())),
        Err(TryLockError::Error(cause)) => Err(io_error(&path, "lock", "")(cause)),
    }
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let partial = path.with_extension("partial");
    let write = || {
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().map_err(|cause| {
        // A half-written file must not take the space that the user is about to free.
        let _ = fs::remove_file(&partial);
        io_error(path, "write", RESUME)(cause)
    })
}

/// A file to which complete lines are appended.
#[derive(Debug)]
struct Appender {
    path: PathBuf,
    file: File,
    /// Bytes of the complete lines.
    len: u64,
}

impl Appender {
    /// Opens it, cuts off an incomplete last line, and hands the complete ones to `each`.
    fn open<T: DeserializeOwned>(
        path: PathBuf,
        each: impl FnMut(T) -> Result<(), String>,
    ) -> Result<Self, StoreError> {
        let options = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let mut file = options.map_err(io_error(&path, "open", RESUME))?;
        let (len, incomplete) = scan(&path, each)?;
        if incomplete {
            log::warn!("{}: an incomplete last line is cut off", path.display());
            file.set_len(len).map_err(io_error(&path, "shorten", RESUME))?;
        }
        file.seek(SeekFrom::Start(len)).map_err(io_error(&path, "seek", RESUME))?;
        Ok(Self { path, file, len })
    }

    fn append(&mut self, record: &impl Serialize) -> Result<(), StoreError> {
        let line = serde_json::to_vec(record).map_err(io::Error::other).map(|mut line| {
            line.push(b'\n');
            line
        });
        let written = line.and_then(|line| {
            // One write a line: another reader sees whole lines, and a kill leaves at most one incomplete.
            self.file.write_all(&line)?;
            Ok(line.len() as u64)
        });
        match written {
            Ok(bytes) => {
                self.len += bytes;
                Ok(())
            }
            Err(cause) => {
                // Shortening needs no space, so it works on a full disk too; if not, the next opening does it.
                let _ = self.file.set_len(self.len);
                Err(io_error(&self.path, "append", RESUME)(cause))
            }
        }
    }
}

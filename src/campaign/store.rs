//! The run directory: locked, versioned, append-only.
//!
//! | file | what |
//! |---|---|
//! | `plan.json` | the [`Plan`]; written once, by renaming a complete file into place |
//! | `golden.jsonl` | one [`GoldenRecord`] a line; written once, likewise |
//! | `faults.jsonl` | one [`FaultRecord`] a line, appended when the fault begins |
//! | `results.jsonl` | one [`Record`] a line, appended when the scenario ends |
//! | `lock` | locked by the process that writes; the lock goes with the process |
//!
//! A line counts if it is complete. Killing the process loses at most the line in flight: what an interrupted
//! write leaves is cut off at the next opening. Any other damage is refused, with the line's number.

use super::plan::{FORMAT, Plan};
use super::record::{FaultRecord, GoldenRecord, Record};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
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
    #[error("{0}: holds a campaign already; add --resume to continue it, or give another --out")]
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
        let (results, earlier_results) = Appender::open(dir.join("results.jsonl"))?;
        check_results(&results.path, plan, &earlier_results)?;
        let (faults, earlier_faults) = Appender::open(dir.join("faults.jsonl"))?;
        check_faults(&faults.path, plan, &earlier_faults)?;
        let earlier = Earlier { results: earlier_results, faults: earlier_faults };
        Ok(Self { results, faults, earlier })
    }
}

/// A run directory that this process writes.
#[derive(Debug)]
pub struct RunDir {
    results: Appender,
    faults: Appender,
    /// Held for its lock.
    _claim: Claim,
}

/// What a directory already holds.
#[derive(Debug, Default)]
pub struct Earlier {
    /// Scenarios that are done.
    pub results: Vec<Record>,
    /// Faults that have begun.
    pub faults: Vec<FaultRecord>,
}

impl Claim {
    /// Locks a folder for a new campaign, or for continuing one if `resume` and there is one.
    ///
    /// # Errors
    /// [`StoreError`] if the folder cannot be written, is being written, belongs to another plan, or holds results and
    /// `resume` is not given.
    pub fn new(path: &Path, plan: &Plan, resume: bool) -> Result<Self, StoreError> {
        let made = !path.exists();
        fs::create_dir_all(path).map_err(io_error(path, "make this folder", ""))?;
        let lock = lock(path)?;
        let mut claim = Self { path: path.to_owned(), lock, made, resumed: None, begun: false };
        if path.join("plan.json").exists() {
            if !resume {
                return Err(StoreError::Exists(path.to_owned()));
            }
            if let Some(difference) = plan.difference(&read_plan(path)?) {
                return Err(StoreError::OtherPlan { path: path.to_owned(), difference });
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
                // The plan comes last: where it is, the folder is a run directory.
                let path = self.path.join("plan.json");
                let text = serde_json::to_vec_pretty(plan).map_err(io::Error::other);
                write_whole(&path, &text.map_err(io_error(&path, "write", ""))?)?;
                self.begun = true;
                Grown::open(&self.path, plan)?
            }
        };
        let Grown { results, faults, earlier } = grown;
        Ok((RunDir { results, faults, _claim: self }, earlier))
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

impl RunDir {
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

/// Reads the results of a run directory, checked against its plan.
///
/// # Errors
/// [`StoreError`] if they cannot be read or are damaged.
pub fn read_results(dir: &Path, plan: &Plan) -> Result<Vec<Record>, StoreError> {
    let path = dir.join("results.jsonl");
    let records = read_lines(&path)?;
    check_results(&path, plan, &records)?;
    Ok(records)
}

/// Reads the fault records of a run directory, checked against its plan.
///
/// # Errors
/// [`StoreError`] if they cannot be read or are damaged.
pub fn read_faults(dir: &Path, plan: &Plan) -> Result<Vec<FaultRecord>, StoreError> {
    let path = dir.join("faults.jsonl");
    let records = read_lines(&path)?;
    check_faults(&path, plan, &records)?;
    Ok(records)
}

/// Every row must be a scenario of the plan, and none may be there twice.
fn check_results(path: &Path, plan: &Plan, records: &[Record]) -> Result<(), StoreError> {
    let mut seen = vec![false; plan.scenarios()];
    for (i, record) in records.iter().enumerate() {
        let image = plan.images.binary_search(&record.image).ok();
        let place = image.map(|image| record.fault.saturating_mul(plan.images.len()) + image);
        let what = if plan.faults.get(record.fault) != Some(&record.name) {
            Some("its fault is not the plan's")
        } else {
            let twice =
                place.and_then(|place| seen.get_mut(place)).map(|s| std::mem::replace(s, true));
            match twice {
                None => Some("its image is not in the plan"),
                Some(true) => Some("its scenario is there already"),
                Some(false) => None,
            }
        };
        if let Some(what) = what {
            let (path, what) = (path.to_owned(), what.to_owned());
            return Err(StoreError::Damaged { path, line: i + 1, what });
        }
    }
    Ok(())
}

fn check_faults(path: &Path, plan: &Plan, records: &[FaultRecord]) -> Result<(), StoreError> {
    let wrong = records.iter().position(|r| plan.faults.get(r.fault) != Some(&r.name));
    wrong.map_or(Ok(()), |i| {
        let what = "its fault is not the plan's".to_owned();
        Err(StoreError::Damaged { path: path.to_owned(), line: i + 1, what })
    })
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
    match fs::read(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => {
            let bytes = other.map_err(io_error(path, "read", ""))?;
            parse_lines(path, &bytes).map(|(records, _)| records)
        }
    }
}

/// The records of the complete lines, and how many bytes these lines take.
fn parse_lines<T: DeserializeOwned>(
    path: &Path,
    bytes: &[u8],
) -> Result<(Vec<T>, usize), StoreError> {
    let complete = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let mut records = Vec::new();
    for (i, line) in bytes[..complete].split_inclusive(|b| *b == b'\n').enumerate() {
        records.push(serde_json::from_slice(line).map_err(|e| StoreError::Damaged {
            path: path.to_owned(),
            line: i + 1,
            what: e.to_string(),
        })?);
    }
    Ok((records, complete))
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
    /// Opens it, cuts off an incomplete last line, and returns what the complete ones say.
    fn open<T: DeserializeOwned>(path: PathBuf) -> Result<(Self, Vec<T>), StoreError> {
        let options =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = options.map_err(io_error(&path, "open", RESUME))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io_error(&path, "read", ""))?;
        let (records, complete) = parse_lines(&path, &bytes)?;
        let len = complete as u64;
        if complete < bytes.len() {
            log::warn!("{}: an incomplete last line is cut off", path.display());
            file.set_len(len).map_err(io_error(&path, "shorten", RESUME))?;
        }
        file.seek(SeekFrom::Start(len)).map_err(io_error(&path, "seek", RESUME))?;
        Ok((Self { path, file, len }, records))
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

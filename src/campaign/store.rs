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

use super::plan::Plan;
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
    #[error("{path}: cannot {doing}: {cause}; nothing that was there before is lost{hint}")]
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

const RESUME: &str = "; mend the cause and continue with --resume";

fn io_error<'p>(
    path: &'p Path,
    doing: &'static str,
    hint: &'static str,
) -> impl FnOnce(io::Error) -> StoreError + 'p {
    move |cause| StoreError::Io { path: path.to_owned(), doing, cause, hint }
}

/// A run directory that this process writes.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    results: Appender,
    faults: Appender,
    /// Held for its lock.
    _lock: File,
}

/// What a directory already holds.
#[derive(Debug, Default)]
pub struct Earlier {
    /// Scenarios that are done.
    pub results: Vec<Record>,
    /// Faults that have begun.
    pub faults: Vec<FaultRecord>,
}

impl RunDir {
    /// Begins a campaign, or continues one if `resume` and there is one.
    ///
    /// # Errors
    /// [`StoreError`] if the directory cannot be written, is being written, belongs to another plan, is damaged, or holds
    /// results and `resume` is not given.
    pub fn open(path: &Path, plan: &Plan, resume: bool) -> Result<(Self, Earlier), StoreError> {
        fs::create_dir_all(path).map_err(io_error(path, "make this folder", ""))?;
        let lock = lock(path)?;
        let plan_path = path.join("plan.json");
        if plan_path.exists() {
            if !resume {
                return Err(StoreError::Exists(path.to_owned()));
            }
            if let Some(difference) = plan.difference(&read_plan(path)?) {
                return Err(StoreError::OtherPlan { path: path.to_owned(), difference });
            }
        } else {
            let text = serde_json::to_vec_pretty(plan).map_err(io::Error::other);
            let text = text.map_err(io_error(&plan_path, "write the plan", ""))?;
            write_whole(&plan_path, &text)?;
        }
        let (results, earlier_results) = Appender::open(path.join("results.jsonl"))?;
        let (faults, earlier_faults) = Appender::open(path.join("faults.jsonl"))?;
        let earlier = Earlier { results: earlier_results, faults: earlier_faults };
        Ok((Self { path: path.to_owned(), results, faults, _lock: lock }, earlier))
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

    /// Keeps the golden records: writes them in one piece, or compares them with the ones that are there.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be written, or the earlier ones are damaged or others.
    pub fn keep_golden(&self, records: &[GoldenRecord]) -> Result<(), StoreError> {
        let path = self.path.join("golden.jsonl");
        if path.exists() {
            return if read_lines::<GoldenRecord>(&path)? == records {
                Ok(())
            } else {
                let path = self.path.clone();
                Err(StoreError::OtherPlan { path, difference: "the outcome of the golden runs" })
            };
        }
        let mut text = Vec::new();
        for record in records {
            serde_json::to_writer(&mut text, record)
                .map_err(io::Error::other)
                .map_err(io_error(&path, "write", RESUME))?;
            text.push(b'\n');
        }
        write_whole(&path, &text)
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
    serde_json::from_slice(&text).map_err(|e| StoreError::Damaged {
        path: plan_path,
        line: e.line(),
        what: e.to_string(),
    })
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
                Err(io_error(&self.path, "append a result", RESUME)(cause))
            }
        }
    }
}

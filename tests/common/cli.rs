//! The program seen from outside: run it with a time limit, and judge its exit code, stdout and stderr.
#![allow(dead_code)] // Each test file uses its own part.

use assert_cmd::Command;
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub const BINARY: &str = env!("CARGO_BIN_EXE_stuckat");
/// A file that is part of the repository.
pub const ELF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/firmware/prebuilt/mnist-cnn.elf");
pub const BINDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/netlists/single_cycle.toml");
pub const NETLIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/netlists/mapped/single_cycle.v");
pub const CELLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/netlists/cells/nangate45.lib");

/// Exit codes as `stuckat --help` lists them.
pub const USAGE: i32 = 2;
pub const BAD_INPUT: i32 = 3;
pub const IO: i32 = 4;
pub const REFUSED: i32 = 5;

/// What a bad input may take at the most; everything here takes well under a second.
const LIMIT: Duration = Duration::from_secs(20);
/// What a small campaign may take at the most, on a busy machine.
const CAMPAIGN_LIMIT: Duration = Duration::from_secs(120);

/// How a process ended and what it said.
#[derive(Debug)]
pub struct Ended {
    /// `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    what: String,
}

/// A command line, collected word by word.
#[derive(Clone, Debug)]
pub struct Line {
    program: OsString,
    words: Vec<OsString>,
    folder: Option<PathBuf>,
    limit: Duration,
}

/// `stuckat` with these words.
pub fn stuckat<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Line {
    Line::new(BINARY, LIMIT).words(words)
}

/// A small `stuckat campaign` into a folder: so many faults and images. Seed 11 draws no fault that carries state among
/// its first 40, so that a scenario takes milliseconds; its first faults give traps, hangs, wrong and right answers.
pub fn campaign(faults: usize, images: usize, out: &Path) -> Line {
    let (faults, images) = (faults.to_string(), images.to_string());
    let line = Line::new(BINARY, CAMPAIGN_LIMIT).words(["campaign", "--faults", &faults]);
    line.words(["--images", &images, "--seed", "11", "--out"]).words([out])
}

/// A bash script with its arguments `$1`, `$2` and so on.
pub fn bash<S: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = S>) -> Line {
    Line::new("bash", CAMPAIGN_LIMIT).words(["-c", script, "bash"]).words(arguments)
}

impl Line {
    fn new(program: &str, limit: Duration) -> Self {
        Self { program: program.into(), words: Vec::new(), folder: None, limit }
    }

    pub fn words<S: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.words.extend(words.into_iter().map(|w| w.as_ref().to_owned()));
        self
    }

    /// As long as a small campaign may take.
    pub fn patiently(self) -> Self {
        self.within_time(CAMPAIGN_LIMIT)
    }

    /// It may take so long.
    pub fn within_time(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The folder in which it runs.
    pub fn within(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// For `std::process`, where a test needs the running process.
    pub fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.words);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    /// Runs it to its end. Neither hangs nor panics are allowed, whatever the words are.
    #[track_caller]
    pub fn run(&self) -> Ended {
        let begin = Instant::now();
        let output = Command::from_std(self.command()).timeout(self.limit).output();
        let output = output.expect("the program starts");
        let ended = Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            what: format!("{:?}", self.words),
        };
        assert!(begin.elapsed() < self.limit, "{} hangs: {ended:?}", ended.what);
        assert!(!ended.stderr.contains("panicked"), "{} panics: {ended:?}", ended.what);
        assert_ne!(ended.code, Some(101), "{} panics: {ended:?}", ended.what);
        assert_ne!(ended.code, None, "{} is killed by a signal: {ended:?}", ended.what);
        ended
    }

    /// Runs it and expects exit code 0.
    #[track_caller]
    pub fn succeeds(&self) -> Ended {
        let ended = self.run();
        assert_eq!(ended.code, Some(0), "{} fails: {}", ended.what, ended.stderr);
        ended
    }

    /// Runs it and expects that exit code, nothing on stdout, and one line on stderr that contains all of `parts`.
    #[track_caller]
    pub fn is_refused(&self, code: i32, parts: &[&str]) -> Ended {
        let ended = self.run();
        let lines: Vec<&str> = ended.stderr.lines().collect();
        let [line] = lines.as_slice() else {
            panic!("{}: {} lines instead of one:\n{}", ended.what, lines.len(), ended.stderr);
        };
        assert!(line.starts_with("stuckat: "), "{}: {line}", ended.what);
        ended.check(code, line, parts);
        ended
    }

    /// As [`Line::is_refused`] for a campaign that had begun: the line that announces it may stand before the error.
    #[track_caller]
    pub fn breaks_off(&self, code: i32, parts: &[&str]) -> Ended {
        let ended = self.run();
        let said = |line: &&str| !line.contains(" scenarios");
        let lines: Vec<&str> = ended.stderr.lines().filter(said).collect();
        let [line] = lines.as_slice() else {
            panic!("{}: {} errors instead of one:\n{}", ended.what, lines.len(), ended.stderr);
        };
        ended.check(code, line, parts);
        ended
    }

    /// Runs it and expects a message of the argument parser, which may have several lines.
    #[track_caller]
    pub fn is_misused(&self, parts: &[&str]) {
        let ended = self.run();
        ended.check(USAGE, &ended.stderr, parts);
    }
}

impl Ended {
    #[track_caller]
    fn check(&self, code: i32, said: &str, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{}: {said}", self.what);
        assert_eq!(self.stdout, "", "{}: stdout is for data", self.what);
        for part in parts {
            assert!(said.contains(part), "{}: '{part}' is not in: {said}", self.what);
        }
    }
}

/// A folder for one test, removed at its end.
pub fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("stuckat-").tempdir().expect("a temporary folder can be made")
}

/// Writes a file and returns its path as text.
pub fn file(folder: &tempfile::TempDir, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("a temporary file can be written");
    path.display().to_string()
}

/// The lines of a file of a run directory, each complete and JSON.
#[track_caller]
pub fn rows(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("the file of rows can be read");
    assert!(text.is_empty() || text.ends_with('\n'), "{} ends within a line", path.display());
    let row = |line: &str| serde_json::from_str(line).expect("each line is one JSON value");
    text.lines().map(row).collect()
}

/// The results of a run directory, sorted by scenario, without what may differ between two runs of a plan.
#[track_caller]
pub fn results(run: &Path) -> Vec<Value> {
    let mut results = rows(&run.join("results.jsonl"));
    for row in &mut results {
        let fields = row.as_object_mut().expect("a result is an object");
        assert!(fields.remove("wall_us").is_some() && fields.remove("engine").is_some());
    }
    results.sort_by_key(scenario);
    results
}

/// Fault and image of a result.
#[track_caller]
pub fn scenario(result: &Value) -> (u64, u64) {
    let number = |field: &str| result[field].as_u64().expect("a number");
    (number("fault"), number("image"))
}

/// Every file of a folder with its bytes, to see whether anything changes.
pub fn contents(folder: &Path) -> Vec<(OsString, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("the folder can be listed");
    let bytes = |path: &Path| fs::read(path).expect("the file can be read");
    let mut contents: Vec<_> = entries
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name(), bytes(&entry.path())))
        .collect();
    contents.sort();
    contents
}

/// The folder has the same files as `before`, each with the same bytes.
#[track_caller]
pub fn assert_unchanged(folder: &Path, before: &[(OsString, Vec<u8>)]) {
    let after = contents(folder);
    let only_in = |these: &[(OsString, Vec<u8>)], those: &[(OsString, Vec<u8>)]| -> Vec<OsString> {
        these.iter().filter(|file| !those.contains(file)).map(|(name, _)| name.clone()).collect()
    };
    let (gone, new) = (only_in(before, &after), only_in(&after, before));
    assert!(
        gone.is_empty() && new.is_empty(),
        "gone or changed: {gone:?}; new or changed: {new:?}"
    );
}

//! Who worked on a run directory, and on which part of its plan.

use super::lab::Speed;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// A part of a plan: every so many-th fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Which part, from 1 on.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

impl Default for Shard {
    /// The whole.
    fn default() -> Self {
        Self { index: 1, of: 1 }
    }
}

impl Shard {
    /// Whether it has the fault at this place in the plan.
    pub fn has(self, fault: usize) -> bool {
        fault % self.of as usize == self.index as usize - 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers =
            text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match numbers {
            Some((index, of)) if 1 <= index && index <= of => Ok(Self { index, of }),
            _ => Err("give a part and how many there are, such as 2/7".into()),
        }
    }
}

/// A process that worked on a run directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// When it began: seconds since 1970-01-01, UTC.
    pub started_unix_s: u64,
    /// Version of the program.
    pub stuckat: String,
    /// Name of the host, where the system tells.
    pub host: Option<String>,
    /// Operating system and processor family, as in `linux x86_64`.
    pub system: String,
    /// Worker threads.
    pub workers: usize,
    /// Which shortcuts were taken: `fast`, `no-shortcuts`, `slow`; or `merge`.
    pub speed: String,
    /// The words of the command line.
    pub command: Vec<String>,
}

impl Session {
    /// This process.
    pub fn of_this_process(workers: usize, speed: Speed) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let host = fs::read_to_string("/proc/sys/kernel/hostname").ok();
        Self {
            started_unix_s: since.map_or(0, |since| since.as_secs()),
            stuckat: env!("CARGO_PKG_VERSION").to_owned(),
            host: host.map(|host| host.trim().to_owned()),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            workers,
            speed: speed.name().to_owned(),
            command: std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect(),
        }
    }
}

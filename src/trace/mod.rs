//! Instruction traces: what each instruction did, in the formats that other tools read, and in a compact one of our own.
//!
//! In: the core's [`Retired`] events. Out: text or packed blocks, written by a second thread; and packed blocks read again.
//!
//! Each format's file says what its lines hold: [`ibex`] (Ibex's tracer), [`spike`] (Spike's `--log-commits`), [`json`], [`rvfi`] (CSV), [`binary`].

pub mod binary;
mod digits;
mod filter;
pub mod ibex;
pub mod json;
mod names;
mod pipe;
pub mod rvfi;
pub mod spike;
mod summary;
mod tracer;

pub use filter::{Filter, Only};
pub use names::Names;
pub use pipe::Broken;
pub use summary::Summary;
pub use tracer::{Settings, Tracer};

use crate::cpu::Retired;

/// What a trace is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Ibex's tracer's log.
    Ibex,
    /// Spike's commit log.
    Spike,
    /// JSON lines.
    Json,
    /// CSV with the fields of the RISC-V Formal Interface.
    Rvfi,
    /// Packed blocks.
    Binary,
}

impl Format {
    /// The maker of its lines; `None` if it has none.
    pub fn lines(self, names: Names) -> Option<Box<dyn Lines>> {
        Some(match self {
            Format::Ibex => Box::new(ibex::Ibex::new(names)),
            Format::Spike => Box::new(spike::Spike::new(names)),
            Format::Json => Box::new(json::Json::new(names)),
            Format::Rvfi => Box::new(rvfi::Rvfi::new(names)),
            Format::Binary => return None,
        })
    }

    /// Which format of lines a text is in, by its first bytes.
    pub fn of_text(begin: &[u8]) -> Option<Self> {
        let begins = |word: &str| begin.starts_with(word.as_bytes());
        match () {
            () if begins("Time\tCycle\t") => Some(Format::Ibex),
            () if begins("core ") => Some(Format::Spike),
            () if begins("{\"n\":") => Some(Format::Json),
            () if begins("order,cycle,") => Some(Format::Rvfi),
            () => None,
        }
    }
}

/// Makes the lines of a format.
pub trait Lines {
    /// What comes before the first line, with its end; empty for most.
    fn header(&self) -> &'static str;

    /// Appends the line of one event, with its end; nothing if the format has none for it.
    fn line(&mut self, event: &Retired, out: &mut Vec<u8>);
}

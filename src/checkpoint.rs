//! Checkpoints on disk: a run, stopped between two instructions, to be gone on with later or elsewhere, or under another fault.
//!
//! In: a machine. Out: a ZIP archive, and from that the machine again. Its members are `checkpoint.json` (where it comes from; hart, multiplier and devices)
//! and for each memory `memory-<base>.bin` (those of its 4 KiB pages that are not all zero, one after the other; which they are is in
//! the JSON). Any tool that reads ZIP files can look into it. The format's number changes whenever a state means something else.

use crate::cpu::{Machine, Probe, State, WrongState};
use crate::soc::{Board, PAGE, Saved, WrongBoard};
use crate::unit::Unit;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Seek, Write};
use thiserror::Error;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// What the format is called in the file.
const FORMAT: &str = "stuckat-checkpoint-1";
const JSON: &str = "checkpoint.json";
/// Bytes of the JSON at the most: a megabyte of console, some digits a byte, and devices.
const JSON_LIMIT: u64 = 16 << 20;

/// A run between two instructions.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// What it was made from.
    pub origin: Origin,
    hart: State,
    board: Saved,
    memories: Vec<Vec<u8>>,
}

/// What a checkpoint was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// SHA-256 of the ELF file, in hexadecimal.
    pub elf_sha256: String,
    /// The platform's name, or the path of its file.
    pub platform: String,
    /// The faults that were in the multiplier, as they are named on the command line.
    pub faults: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Json<'c> {
    format: String,
    /// The version that wrote it.
    stuckat: String,
    #[serde(flatten)]
    origin: Origin,
    retired: u64,
    cycles: u64,
    pc: u32,
    hart: std::borrow::Cow<'c, State>,
    board: std::borrow::Cow<'c, Saved>,
}

/// Why a file cannot be gone on from.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// Not read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Something else.
    #[error("it is no checkpoint ({0}); give a file that 'stuckat run --save-at' wrote")]
    NotOne(String),
    /// Of a format that this version does not have.
    #[error(
        "its format is '{found}', and this version reads '{FORMAT}'; go on with stuckat {version}, which wrote it"
    )]
    Format {
        /// The format.
        found: String,
        /// The version that wrote it.
        version: String,
    },
    /// Cut short or changed.
    #[error("it is damaged: {0}; save it again")]
    Damaged(String),
    /// Of another program.
    #[error(
        "it is of another program: it was saved from an ELF with sha256 {saved}, and this one has {given}"
    )]
    OtherProgram {
        /// The ELF that it was saved from.
        saved: String,
        /// The ELF at hand.
        given: String,
    },
    /// Hart or multiplier.
    #[error(transparent)]
    State(#[from] WrongState),
    /// Memories or devices.
    #[error(transparent)]
    Board(#[from] WrongBoard),
}

impl From<ZipError> for CheckpointError {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Io(cause) if cause.kind() != io::ErrorKind::UnexpectedEof => Self::Io(cause),
            ZipError::FileNotFound => Self::NotOne(format!("it has no member '{JSON}'")),
            other => Self::NotOne(other.to_string()),
        }
    }
}

impl Checkpoint {
    /// The present state of a machine.
    pub fn of<U: Unit, P: Probe>(machine: &Machine<Board, U, P>, origin: Origin) -> Self {
        let board = machine.bus().save();
        let bytes = |pages| machine.bus().saved_bytes(pages).flatten().copied().collect();
        let memories = board.memories.iter().map(bytes).collect();
        Self { origin, hart: machine.save(), board, memories }
    }

    /// Hart and multiplier.
    pub fn hart(&self) -> &State {
        &self.hart
    }

    /// Refuses to go on with another program.
    ///
    /// # Errors
    /// [`CheckpointError::OtherProgram`].
    pub fn check_program(&self, elf_sha256: &str) -> Result<(), CheckpointError> {
        if self.origin.elf_sha256 == elf_sha256 {
            return Ok(());
        }
        let (saved, given) = (self.origin.elf_sha256.clone(), elf_sha256.to_owned());
        Err(CheckpointError::OtherProgram { saved, given })
    }

    /// Puts a machine into this state.
    ///
    /// # Errors
    /// [`CheckpointError::State`] or [`CheckpointError::Board`] if it is of another core, multiplier or platform; the machine must be reset then.
    pub fn put_into<U: Unit, P: Probe>(
        &self,
        machine: &mut Machine<Board, U, P>,
    ) -> Result<(), CheckpointError> {
        machine.bus_mut().put_back(&self.board, &self.memories)?;
        Ok(machine.restore(&self.hart)?)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// What the sink says.
    pub fn write(&self, to: impl Write + Seek) -> io::Result<()> {
        let mut zip = ZipWriter::new(to);
        let options = SimpleFileOptions::default().compression_level(Some(1));
        zip.start_file(JSON, options)?;
        let json = Json {
            format: FORMAT.to_owned(),
            stuckat: env!("CARGO_PKG_VERSION").to_owned(),
            origin: self.origin.clone(),
            retired: self.hart.retired(),
            cycles: self.hart.cycles(),
            pc: self.hart.pc(),
            hart: std::borrow::Cow::Borrowed(&self.hart),
            board: std::borrow::Cow::Borrowed(&self.board),
        };
        zip.write_all(&serde_json::to_vec_pretty(&json)?)?;
        for (pages, bytes) in self.board.memories.iter().zip(&self.memories) {
            zip.start_file(member(pages.base), options)?;
            zip.write_all(bytes)?;
        }
        zip.finish()?.flush()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`CheckpointError`] if it cannot be read, is none, or is damaged.
    pub fn read(from: impl Read + Seek) -> Result<Self, CheckpointError> {
        let mut zip = ZipArchive::new(from)?;
        let text = contents(zip.by_name(JSON)?, JSON, JSON_LIMIT)?;
        let damaged = |e: serde_json::Error| CheckpointError::Damaged(format!("{JSON}: {e}"));
        let value: serde_json::Value = serde_json::from_slice(&text).map_err(damaged)?;
        let word = |key: &str| value[key].as_str().unwrap_or("?").to_owned();
        if word("format") != FORMAT {
            return Err(CheckpointError::Format {
                found: word("format"),
                version: word("stuckat"),
            });
        }
        let json: Json<'_> = serde_json::from_value(value).map_err(damaged)?;
        let mut memories = Vec::new();
        for pages in &json.board.memories {
            let expected = (pages.used.len() * PAGE) as u64;
            let name = member(pages.base);
            let found = zip.by_name(&name).map_err(|e| match e {
                ZipError::FileNotFound => {
                    CheckpointError::Damaged(format!("it has no member '{name}'"))
                }
                other => other.into(),
            })?;
            memories.push(contents(found, &name, expected)?);
        }
        let (hart, board) = (json.hart.into_owned(), json.board.into_owned());
        Ok(Self { origin: json.origin, hart, board, memories })
    }
}

/// The member with the bytes of the memory at `base`.
fn member(base: u32) -> String {
    format!("memory-{base:08x}.bin")
}

/// All bytes of a member, up to `limit`.
fn contents(member: impl Read, name: &str, limit: u64) -> Result<Vec<u8>, CheckpointError> {
    let mut bytes = Vec::new();
    let read = member.take(limit + 1).read_to_end(&mut bytes);
    // The member's checksum is looked at when its end is reached.
    read.map_err(|e| CheckpointError::Damaged(format!("{name}: {e}")))?;
    if bytes.len() as u64 > limit {
        return Err(CheckpointError::Damaged(format!("{name}: it is longer than it can be")));
    }
    Ok(bytes)
}

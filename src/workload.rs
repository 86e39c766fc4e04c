//! One inference: a program, an input, a multiplier, a budget; and what came of it.
//!
//! The contract with the firmware (`firmware/runtime/stuckat.h`): the input tensor is written to the symbol
//! `stuckat_input` before reset, the output tensor is read from `stuckat_output` after the run, and exit code 0 says
//! that there is an answer. The symbols' sizes say how many bytes.

use crate::cpu::{Machine, Profile, Reset, Silent, Stop, TrapLog};
use crate::elf::{ElfError, Image};
use crate::soc::{Board, LoadError, Platform, PlatformError};
use crate::unit::{Counts, Unit};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Symbol of the input tensor.
pub const INPUT_SYMBOL: &str = "stuckat_input";
/// Symbol of the output tensor.
pub const OUTPUT_SYMBOL: &str = "stuckat_output";

/// Why an ELF cannot serve as a workload.
#[derive(Debug, Error)]
pub enum WorkloadError {
    /// Not a program for this core.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// No platform for it.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// Does not fit the platform.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The contract's symbols are missing.
    #[error(
        "it has no symbol '{0}' with a size; firmware for a campaign defines it (firmware/runtime/stuckat.h)"
    )]
    NoSymbol(&'static str),
    /// A contract symbol is not in RAM.
    #[error("symbol '{0}' does not lie in RAM")]
    SymbolOutsideRam(&'static str),
}

/// A program that follows the contract, loaded.
#[derive(Clone, Debug)]
pub struct Program {
    board: Board,
    reset: Reset,
    platform: Platform,
    input: (u32, u32),
    output: (u32, u32),
    sha256: String,
}

impl Program {
    /// Reads and loads an ELF, for the platform given or the one that it was linked for.
    ///
    /// # Errors
    /// [`WorkloadError`] if it is no program for this core and platform, or lacks the contract's symbols.
    pub fn new(
        elf: &[u8],
        profile: &'static Profile,
        platform: Option<Platform>,
    ) -> Result<Self, WorkloadError> {
        let image = Image::parse(elf)?;
        let platform = platform.map_or_else(|| Platform::guess(&image), Ok)?;
        let board = platform.board(&image)?;
        let range = |name: &'static str| {
            let symbol = image.symbol(name).filter(|s| s.len > 0);
            let symbol = symbol.ok_or(WorkloadError::NoSymbol(name))?;
            let inside = board.peek(symbol.addr, symbol.len);
            inside.ok_or(WorkloadError::SymbolOutsideRam(name))?;
            Ok::<_, WorkloadError>((symbol.addr, symbol.len))
        };
        Ok(Self {
            reset: Reset { profile, entry: image.entry, vectors: platform.boot_address() },
            platform,
            input: range(INPUT_SYMBOL)?,
            output: range(OUTPUT_SYMBOL)?,
            sha256: crate::hex(&Sha256::digest(elf)),
            board,
        })
    }

    /// Bytes of the input tensor.
    pub fn input_len(&self) -> usize {
        self.input.1 as usize
    }

    /// Bytes of the output tensor.
    pub fn output_len(&self) -> usize {
        self.output.1 as usize
    }

    /// The core it runs on.
    pub fn core(&self) -> &'static Profile {
        self.reset.profile
    }

    /// The platform it runs on.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// SHA-256 of the ELF file, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// What came of an inference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// How it ended.
    pub stop: Stop,
    /// The output tensor's bytes at the end.
    pub output: Vec<u8>,
    /// Retired instructions.
    pub retired: u64,
    /// Clock cycles.
    pub cycles: u64,
    /// Multiplications, and how many were wrong.
    pub counts: Counts,
    /// Exceptions taken.
    pub traps: TrapLog,
}

/// Runs a program again and again, from reset with identical RAM each time.
pub struct Runner<'p, U: Unit> {
    program: &'p Program,
    machine: Machine<Board, U>,
}

impl<'p, U: Unit> Runner<'p, U> {
    /// A runner with a multiplier.
    pub fn new(program: &'p Program, unit: U) -> Self {
        let machine = Machine::new(program.board.clone(), unit, Silent, program.reset);
        Self { program, machine }
    }

    /// The multiplier, to be looked at or replaced.
    pub fn unit_mut(&mut self) -> &mut U {
        self.machine.unit_mut()
    }

    /// One inference.
    ///
    /// # Panics
    /// If `input` is not [`Program::input_len`] bytes long.
    pub fn run(&mut self, input: &[u8], budget: u64) -> Run {
        let program = self.program;
        assert_eq!(input.len(), program.input_len());
        let board = self.machine.bus_mut();
        board.restore(&program.board);
        board.poke(program.input.0, input).expect("the input symbol lies in RAM");
        self.machine.reset(program.reset);
        let stop = self.machine.run(budget);
        let (addr, len) = program.output;
        let output = self.machine.bus().peek(addr, len).expect("the output symbol lies in RAM");
        Run {
            stop,
            output: output.to_vec(),
            retired: self.machine.retired(),
            cycles: self.machine.cycles(),
            counts: self.machine.unit().counts(),
            traps: self.machine.traps().clone(),
        }
    }
}

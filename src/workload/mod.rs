//! One inference: a program, an input, a multiplier, a budget; and what came of it.
//!
//! The contract with the firmware (`firmware/runtime/stuckat.h`): the input tensor is written to the symbol
//! `stuckat_input` before reset, the output tensor is read from `stuckat_output` after the run, and exit code 0 says
//! that there is an answer. The symbols' sizes say how many bytes; or, if there is a symbol `stuckat_sizes`, its words do. Firmware
//! that reads a network has room for it at `stuckat_model`. Stores into the word `stuckat_layer` tell which layer begins.

mod beginning;
mod scope;
mod watch;

pub use beginning::{Beginning, Scout};
pub use scope::{Named, ScopeError, ScopeSpec};
pub use watch::Paused;

use crate::cpu::{Difference, Machine, Probe, Profile, Reached, Reset, Silent, Stop, TrapLog};
use crate::debug::Functions;
use crate::elf::{ElfError, Image};
use crate::soc::{Board, LoadError, Platform, PlatformError};
use crate::unit::{Counts, Unit};
use beginning::Kept;
use regex::bytes::Regex;
use scope::Resolved;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Symbol of the input tensor.
pub const INPUT_SYMBOL: &str = "stuckat_input";
/// Symbol of the output tensor.
pub const OUTPUT_SYMBOL: &str = "stuckat_output";

/// Symbol of the room for a network.
pub const MODEL_SYMBOL: &str = "stuckat_model";
/// Symbol of three words: bytes of the network and of the input (given), bytes of the output (made).
pub const SIZES_SYMBOL: &str = "stuckat_sizes";
/// Symbol of the word that tells which layer begins: 1 + its number, 0 behind the last.
pub const LAYER_SYMBOL: &str = "stuckat_layer";
/// Symbol of a word in which the firmware leaves how many bytes of its arena it has used.
pub const ARENA_SYMBOL: &str = "stuckat_arena_used";
/// Layers that are told apart; what a faulty run does beyond them counts as done outside of layers.
const MAX_LAYERS: u32 = 1 << 16;

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
    /// The firmware has its network built in.
    #[error(
        "it has no symbol '{MODEL_SYMBOL}', so it reads no network (firmware/runtime/stuckat.h)"
    )]
    NoModel,
    /// A network, an input or an output is larger than the firmware's room for it.
    #[error(
        "the {what} has {bytes} bytes, the firmware has room for {room}; build it with more (firmware/README.md)"
    )]
    NoRoom {
        /// Which.
        what: &'static str,
        /// Its bytes.
        bytes: usize,
        /// The symbol's size.
        room: u32,
    },
    /// The scope means nothing for it.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// A contract symbol is not in RAM.
    #[error("symbol '{0}' does not lie in RAM")]
    SymbolOutsideRam(&'static str),
}

/// Where a program leaves its answer.
#[derive(Clone, Debug)]
enum Output {
    /// At this address, so many bytes.
    Memory(u32, u32),
    /// It prints what this expression matches.
    Console(Regex),
}

/// A program that follows the contract, loaded.
#[derive(Clone, Debug)]
pub struct Program {
    board: Board,
    reset: Reset,
    platform: Platform,
    input: (u32, u32),
    output: Output,
    model: Option<(u32, u32)>,
    /// Address of the three words.
    sizes: Option<u32>,
    layer: Option<u32>,
    arena_used: Option<u32>,
    sha256: String,
    image: Image,
    functions: Functions,
    spec: ScopeSpec,
    scope: Resolved,
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
        Self::load(elf, profile, platform, None)
    }

    /// The same for a program that prints its answer: what the expression matches first. Its first group is the class's number.
    ///
    /// # Errors
    /// As for [`Program::new`]; the symbol of the output is not needed.
    pub fn printing(
        elf: &[u8],
        profile: &'static Profile,
        platform: Option<Platform>,
        answer: Regex,
    ) -> Result<Self, WorkloadError> {
        Self::load(elf, profile, platform, Some(answer))
    }

    fn load(
        elf: &[u8],
        profile: &'static Profile,
        platform: Option<Platform>,
        answer: Option<Regex>,
    ) -> Result<Self, WorkloadError> {
        let image = Image::parse(elf)?;
        let platform = platform.map_or_else(|| Platform::guess(&image), Ok)?;
        let board = platform.board(&image)?;
        let optional = |name: &'static str| {
            let Some(symbol) = image.symbol(name).filter(|s| s.len > 0) else { return Ok(None) };
            let inside = board.peek(symbol.addr, symbol.len);
            inside.ok_or(WorkloadError::SymbolOutsideRam(name))?;
            Ok::<_, WorkloadError>(Some((symbol.addr, symbol.len)))
        };
        let range = |name| optional(name)?.ok_or(WorkloadError::NoSymbol(name));
        let words = |name, count: u32| {
            Ok::<_, WorkloadError>(
                optional(name)?.filter(|(_, len)| *len >= 4 * count).map(|(addr, _)| addr),
            )
        };
        Ok(Self {
            reset: Reset { profile, entry: image.entry, vectors: platform.boot_address() },
            platform,
            input: range(INPUT_SYMBOL)?,
            output: match answer {
                Some(answer) => Output::Console(answer),
                None => range(OUTPUT_SYMBOL).map(|(addr, len)| Output::Memory(addr, len))?,
            },
            model: optional(MODEL_SYMBOL)?,
            sizes: words(SIZES_SYMBOL, 3)?,
            layer: words(LAYER_SYMBOL, 1)?,
            arena_used: words(ARENA_SYMBOL, 1)?,
            sha256: crate::hex(&Sha256::digest(elf)),
            functions: Functions::of(&image),
            image,
            spec: ScopeSpec::default(),
            scope: Resolved::default(),
            board,
        })
    }

    /// The same program with only some of its multiplications on the unit under test. `operators` are the network's, by layer, if they are known.
    ///
    /// # Errors
    /// [`ScopeError`] if the scope means nothing for this program.
    pub fn with_scope(
        mut self,
        spec: &ScopeSpec,
        operators: &[String],
    ) -> Result<Self, ScopeError> {
        let marks = self.layer.is_some();
        self.scope = Resolved::new(spec, &self.image, &self.functions, marks, operators)?;
        self.spec = spec.clone();
        Ok(self)
    }

    /// The same program with a network in its memory, whose input and output have these sizes in bytes.
    ///
    /// # Errors
    /// [`WorkloadError::NoModel`], [`WorkloadError::NoSymbol`], [`WorkloadError::NoRoom`].
    pub fn with_model(
        mut self,
        model: &[u8],
        input_len: usize,
        output_len: usize,
    ) -> Result<Self, WorkloadError> {
        let (addr, room) = self.model.ok_or(WorkloadError::NoModel)?;
        let sizes = self.sizes.ok_or(WorkloadError::NoSymbol(SIZES_SYMBOL))?;
        let fit = |what, bytes: usize, room: u32| match u32::try_from(bytes) {
            Ok(len) if len <= room => Ok(len),
            _ => Err(WorkloadError::NoRoom { what, bytes, room }),
        };
        let model_len = fit("network", model.len(), room)?;
        self.input.1 = fit("input", input_len, self.input.1)?;
        if let Output::Memory(_, room) = self.output {
            fit("output", output_len, room)?;
        }
        let words = [model_len, self.input.1].map(u32::to_le_bytes).concat();
        self.board.poke(addr, model).expect("it fits the symbol, which lies in RAM");
        self.board.poke(sizes, &words).expect("the symbol lies in RAM");
        self.board.settle();
        Ok(self)
    }

    /// Bytes of the input tensor.
    pub fn input_len(&self) -> usize {
        self.input.1 as usize
    }

    /// What is read of its memory from outside during a run or after it: addresses and lengths in bytes.
    fn looked_at(&self) -> impl Iterator<Item = (u32, u32)> {
        let words = [(self.sizes, 12), (self.layer, 4), (self.arena_used, 4)];
        let words = words.into_iter().filter_map(|(addr, len)| Some((addr?, len)));
        words.chain(self.output_range())
    }

    /// The expression that finds the answer in what it prints, if it does.
    pub fn answer(&self) -> Option<&Regex> {
        match &self.output {
            Output::Console(answer) => Some(answer),
            Output::Memory(..) => None,
        }
    }

    /// Which of its multiplications are on the unit under test.
    pub fn scope(&self) -> &ScopeSpec {
        &self.spec
    }

    /// Its functions.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// The address and size in bytes of a symbol; a size of 0 if the ELF does not say.
    pub fn symbol(&self, name: &str) -> Option<(u32, u32)> {
        self.image.symbol(name).map(|symbol| (symbol.addr, symbol.len))
    }

    /// Where it leaves its output, and how many bytes at the most; `None` if it prints its answer.
    pub fn output_range(&self) -> Option<(u32, u32)> {
        match &self.output {
            Output::Memory(addr, len) => Some((*addr, *len)),
            Output::Console(_) => None,
        }
    }

    /// The instruction word at an address as it is loaded; of a compressed one at the end of a memory the low half. `None` outside of
    /// memories.
    pub fn word_at(&self, pc: u32) -> Option<u32> {
        let bytes = self.board.peek(pc, 4).or_else(|| self.board.peek(pc, 2))?;
        Some(bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)))
    }

    /// Whether it tells which layer begins.
    pub fn marks_layers(&self) -> bool {
        self.layer.is_some()
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
    /// The output tensor's bytes at the end; or what of the console is the answer, nothing if none is there.
    pub output: Vec<u8>,
    /// For a program that prints its answer, the class's number as it is printed; `None` if there is no answer.
    pub printed_class: Option<Vec<u8>>,
    /// Retired instructions.
    pub retired: u64,
    /// Clock cycles.
    pub cycles: u64,
    /// Multiplications, and how many were wrong.
    pub counts: Counts,
    /// Exceptions taken.
    pub traps: TrapLog,
    /// The first multiplication that differed from a fault-free one.
    pub first_difference: Option<FirstDifference>,
}

impl Run {
    /// Whether it has come to an end of its own after fewer steps, so that it would be the same with that budget.
    pub fn ends_within(&self, budget: u64) -> bool {
        self.stop != Stop::Budget && self.retired + self.traps.count() < budget
    }
}

/// Where a run left the path of a fault-free multiplier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstDifference {
    /// The instruction's number in the run; 1 is the first.
    pub number: u64,
    /// Its address.
    pub pc: u32,
    /// The layer, 0 is the first; `None` outside of layers, or if the firmware does not mark them.
    pub layer: Option<u32>,
}

/// What was done in one layer, all its visits together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// Retired instructions.
    pub retired: u64,
    /// Clock cycles.
    pub cycles: u64,
    /// Multiplications.
    pub muls: u64,
    /// Wrong ones among them.
    pub wrong: u64,
}

/// Runs a program again and again, from reset with identical RAM each time.
pub struct Runner<'p, U: Unit, P: Probe = Silent> {
    program: &'p Program,
    machine: Machine<Board, U, P>,
    /// Whether the run has come to where the scope begins.
    begun: bool,
    /// The first difference of a run that is not in pieces.
    first: Option<FirstDifference>,
    /// Where runs can begin that have the same unit.
    kept: Option<Box<Kept>>,
}

impl<'p, U: Unit> Runner<'p, U> {
    /// A runner with a multiplier.
    pub fn new(program: &'p Program, unit: U) -> Self {
        let mut machine = Machine::new(program.board.clone(), unit, Silent, program.reset);
        machine.set_scope(program.scope.scope.clone());
        Self { program, machine, begun: program.scope.from.is_none(), first: None, kept: None }
    }
}

impl<U: Unit, P: Probe> Runner<'_, U, P> {
    /// Lets blocks be compiled after so many executions; `None` leaves all to the interpreter. Results are the same.
    pub fn set_compiled(&mut self, after: Option<u64>) {
        self.machine.set_compiled(after);
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
        self.start(input);
        self.finish(budget, |_| ())
    }

    /// One inference, and what was done layer by layer: first what lies outside of all layers, then layer 0, and so on, up to the
    /// last that began. The run is the one of [`Runner::run`].
    ///
    /// # Panics
    /// If `input` is not [`Program::input_len`] bytes long.
    pub fn profile(&mut self, input: &[u8], budget: u64) -> (Run, Vec<Layer>) {
        self.start(input);
        if let Some(addr) = self.program.layer {
            self.machine.rewind_bus().set_mark(addr);
        }
        let mut layers = vec![Layer::default()];
        let mut place = 0;
        let mut before = Layer::default();
        let run = self.finish(budget, |runner| {
            let now = runner.so_far();
            let layer: &mut Layer = &mut layers[place];
            layer.retired += now.retired - before.retired;
            layer.cycles += now.cycles - before.cycles;
            layer.muls += now.muls - before.muls;
            layer.wrong += now.wrong - before.wrong;
            before = now;
            place = runner.layer() as usize;
            if place >= layers.len() {
                layers.resize(place + 1, Layer::default());
            }
        });
        (run, layers)
    }

    /// Runs to the end; `each_mark` is called at each mark that is set, and at the end.
    fn finish(&mut self, budget: u64, mut each_mark: impl FnMut(&Self)) -> Run {
        let stop = self.go_on(budget, &mut each_mark);
        each_mark(self);
        // One that is never answered ends the run.
        let first = self.first.or_else(|| self.first_difference());
        Run { first_difference: first, ..self.ended(stop) }
    }

    /// Runs on to so many steps since reset, or to the end before that.
    fn go_on(&mut self, steps: u64, each_mark: &mut impl FnMut(&Self)) -> Stop {
        loop {
            let outside = !self.begun || !self.program.scope.has_layer(self.layer());
            self.machine.set_all_outside(outside);
            match self.machine.run_to_event(steps) {
                Reached::Stop(stop) => return stop,
                Reached::Mark => each_mark(self),
                Reached::Breakpoint => self.begun = true,
                // Nothing asks for these here.
                Reached::Held | Reached::Exception | Reached::Interrupt => {}
                Reached::Difference => self.first = self.first_difference(),
            }
        }
    }

    /// The first difference, if there was one, with the layer that the run is in now.
    fn first_difference(&self) -> Option<FirstDifference> {
        let Difference { number, pc } = self.machine.first_difference()?;
        Some(FirstDifference { number, pc, layer: self.layer().checked_sub(1) })
    }

    /// What the program has printed in the last run.
    pub fn console(&self) -> &[u8] {
        self.machine.bus().console()
    }

    /// Bytes of its arena that the program says it has used in the last run.
    pub fn arena_used(&self) -> Option<u32> {
        self.program.arena_used.and_then(|addr| self.word(addr))
    }

    fn start(&mut self, input: &[u8]) {
        let program = self.program;
        assert_eq!(input.len(), program.input_len());
        self.let_go();
        self.begun = program.scope.from.is_none();
        self.first = None;
        let board = self.machine.rewind_bus();
        board.restore(&program.board);
        board.poke(program.input.0, input).expect("the input symbol lies in RAM");
        self.machine.reset(program.reset);
        if let Some(from) = program.scope.from {
            self.machine.set_breakpoint(from);
        }
        if let Some(addr) = program.layer.filter(|_| program.scope.follows_layers()) {
            self.machine.rewind_bus().set_mark(addr);
        }
    }

    fn word(&self, addr: u32) -> Option<u32> {
        let bytes = self.machine.bus().peek(addr, 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }

    /// Where the run is: 0 outside of all layers, else 1 + the layer.
    fn layer(&self) -> u32 {
        let mark = self.program.layer.and_then(|addr| self.word(addr));
        mark.filter(|mark| *mark <= MAX_LAYERS).unwrap_or(0)
    }

    fn so_far(&self) -> Layer {
        let counts = self.machine.unit().counts();
        Layer {
            retired: self.machine.retired(),
            cycles: self.machine.cycles(),
            muls: counts.muls,
            wrong: counts.wrong,
        }
    }

    fn ended(&self, stop: Stop) -> Run {
        let (output, printed_class) = self.answer();
        Run {
            stop,
            output,
            printed_class,
            retired: self.machine.retired(),
            cycles: self.machine.cycles(),
            counts: self.machine.unit().counts(),
            traps: self.machine.traps().clone(),
            first_difference: None,
        }
    }

    /// The answer's bytes, and the class if it is printed.
    fn answer(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        match &self.program.output {
            Output::Memory(addr, room) => {
                // A faulty run may claim anything.
                let made = self.program.sizes.and_then(|sizes| self.word(sizes + 8));
                let len = made.map_or(*room, |made| made.min(*room));
                let output = self.machine.bus().peek(*addr, len);
                (output.expect("the output symbol lies in RAM").to_vec(), None)
            }
            Output::Console(expression) => {
                let Some(found) = expression.captures(self.console()) else {
                    return (Vec::new(), None);
                };
                let class = found.get(1).or_else(|| found.get(0));
                (found[0].to_vec(), class.map(|class| class.as_bytes().to_vec()))
            }
        }
    }
}

//! Boards and machines for the tests, and everything that can be seen of a machine at its end.

use std::io::Cursor;
use stuckat::checkpoint::{Checkpoint, Origin};
use stuckat::cpu::profile::ALL;
use stuckat::cpu::{Machine, Probe, Profile, Reset, Retired, Silent, Stop, TrapLog};
use stuckat::elf::{Image, Section};
use stuckat::soc::{Board, Bus, Platform};
use stuckat::unit::{Exact, Latency};

/// Bytes of the main memory that a snapshot has.
const COMPARED: u32 = 0x1_0000;
/// The input that programs can read.
const INPUT: &[u8] = b"forty-two bytes of input for the programs";

/// All kinds of devices; memories side by side, at both ends of the address space, and read-only.
pub const EVERYTHING: &str = r#"
description = "all kinds of devices"

[[memory]]
base = 0x80000000
size = 0x10000

[[memory]]
base = 0x80010000
size = 0x1000

[[memory]]
base = 0x80011000
size = 0x1000
read-only = true

[[memory]]
base = 0xfffff000
size = 0x1000

[[memory]]
base = 0x00000000
size = 0x1000

[[device]]
type = "finisher"
base = 0x00100000

[[device]]
type = "timer"
base = 0x02000000
mtime = 0x10
mtimecmp = 0x8
msip = 0x0
prescale = 3

[[device]]
type = "ibex-timer"
base = 0x00030000

[[device]]
type = "uart-16550"
base = 0x10000000

[[device]]
type = "console"
base = 0x7ffffff0
size = 16

[[device]]
type = "simulator-control"
base = 0x00020000

[[device]]
type = "exit"
base = 0x10002000
shift = 1

[[device]]
type = "interrupt-lines"
base = 0x40000000

[[device]]
type = "registers"
name = "some registers"
base = 0x80012000
size = 0x100

[htif]
tohost = 0x80001f00
fromhost = 0x80001f40
"#;

/// A platform, and where a program finds things on it.
pub struct Place {
    pub name: &'static str,
    pub ram: u32,
    pub mtime: u32,
    pub mtimecmp: u32,
    pub msip: u32,
    /// A test bench's interrupt lines, or plain memory.
    pub lines: u32,
    pub devices: &'static [u32],
    pub vectors: Option<u32>,
    pub pristine: Board,
}

const CLINT: u32 = 0x0200_0000;
/// Addresses of mtime, mtimecmp, msip and the interrupt lines; 0x1e00 above RAM where there is no
/// such device.
type Registers = [u32; 4];
const PLACES: [(&str, u32, Registers, &[u32]); 6] = [
    (
        "everything",
        0x8000_0000,
        [CLINT + 0x10, CLINT + 8, CLINT, 0x4000_0000],
        &[CLINT, 0x3_0000, 0x1000_0000, 0x7fff_fff0, 0x2_0000, 0x4000_0000, 0x8001_2000, 0x10_0000],
    ),
    ("virt", 0x8000_0000, [CLINT + 0xbff8, CLINT + 0x4000, CLINT, 0x8000_1e00], &[0x1000_0000]),
    ("mcu", 0x8000_0000, [CLINT + 0xbff8, CLINT + 0x4000, CLINT, 0x8000_1e00], &[0x1000_0000]),
    ("htif", 0x8000_0000, [CLINT + 0xbff8, CLINT + 0x4000, CLINT, 0x8000_1e00], &[CLINT]),
    ("simple-system", 0x10_0000, [0x3_0000, 0x3_0008, 0x10_1e00, 0x10_1e00], &[0x2_0000, 0x3_0000]),
    ("x-heep", 0, [0x1e00, 0x1e08, 0x1e10, 0x1e00], &[0x2000_0000]),
];

/// An image without a program, that has a `tohost`.
pub fn empty(entry: u32) -> Image {
    let tohost = Section { name: ".tohost".into(), addr: entry + 0x1f00, len: 8 };
    Image {
        entry,
        segments: Vec::new(),
        symbols: Vec::new(),
        sections: vec![tohost],
        macs: Vec::new(),
    }
}

/// A board of a platform's text, without a program.
pub fn board(text: &str, ram: u32) -> Board {
    Platform::parse("test", text).unwrap().board(&empty(ram)).unwrap()
}

/// All platforms.
pub fn places() -> Vec<Place> {
    PLACES
        .into_iter()
        .map(|(name, ram, [mtime, mtimecmp, msip, lines], devices)| {
            let platform = match name {
                "everything" => Platform::parse(name, EVERYTHING),
                _ => Platform::find(name),
            };
            let platform = platform.unwrap();
            let mut pristine = platform.board(&empty(ram)).unwrap();
            pristine.set_input(INPUT.to_vec());
            pristine.set_command_line("program of the test");
            let vectors = platform.boot_address();
            Place { name, ram, mtime, mtimecmp, msip, lines, devices, vectors, pristine }
        })
        .collect()
}

/// What is run: bytes at an address of a platform's memory, and where to begin.
#[derive(Clone, Debug)]
pub struct Program {
    pub addr: u32,
    pub bytes: Vec<u8>,
    pub entry: u32,
}

/// Everything that can be seen of a machine at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub stop: Stop,
    pub pc: u32,
    pub regs: Vec<u32>,
    pub mode: u8,
    pub cycles: u64,
    pub elapsed: u64,
    pub retired: u64,
    pub traps: TrapLog,
    pub csrs: Vec<(u32, u32)>,
    pub console: Vec<u8>,
    pub memory: Vec<u8>,
}

impl End {
    pub fn of<P: Probe>(machine: &Machine<Board, Exact, P>, stop: Stop) -> Self {
        let board = machine.bus();
        let memories = board.code_windows().into_iter();
        let bytes = |(base, len): (u32, u32)| board.peek(base, len.min(COMPARED)).unwrap().to_vec();
        Self {
            stop,
            pc: machine.pc(),
            regs: (0..32).map(|i| machine.reg(i)).collect(),
            mode: machine.mode(),
            cycles: machine.cycles(),
            elapsed: machine.elapsed(),
            retired: machine.retired(),
            traps: machine.traps().clone(),
            csrs: CSRS.into_iter().filter_map(|n| Some((n, machine.csr(n)?))).collect(),
            console: board.console().to_vec(),
            memory: memories.flat_map(bytes).collect(),
        }
    }

    /// What differs, in a few words.
    pub fn unlike(&self, other: &Self) -> Option<String> {
        if self == other {
            return None;
        }
        let brief = |end: &Self| {
            let mut end = end.clone();
            end.memory.clear();
            end.console.clear();
            format!("{end:x?}")
        };
        let at = self.memory.iter().zip(&other.memory).position(|(a, b)| a != b);
        Some(format!("{}\n{}\nmemory differs from {at:x?} on", brief(self), brief(other)))
    }
}

/// All CSRs that a core may have and that keep or show something.
const CSRS: [u32; 39] = [
    0x300, 0x304, 0x305, 0x306, 0x320, 0x340, 0x341, 0x342, 0x343, 0x344, 0x7c0, 0xb00, 0xb80,
    0xb02, 0xb82, 0xb03, 0xb04, 0xb05, 0xb06, 0xb07, 0xb08, 0xb09, 0xb0a, 0xb0b, 0xb0c, 0xb83,
    0xb84, 0xb85, 0xb86, 0xb87, 0xb88, 0xb89, 0xb8a, 0xb8b, 0xb8c, 0xc01, 0xc81, 0xc00, 0xc02,
];

/// A machine that goes from program to program.
pub struct Bench<'p, P: Probe> {
    pub place: &'p Place,
    pub profile: &'static Profile,
    pub machine: Machine<Board, Exact, P>,
}

impl<'p, P: Probe> Bench<'p, P> {
    /// With blocks compiled after so many executions.
    pub fn new(
        place: &'p Place,
        profile: &'static Profile,
        probe: P,
        compiled: Option<u64>,
    ) -> Self {
        // Once with cycles that depend on operands, once with others.
        let latency = if profile.name == "ibex" { Latency::FAST } else { Latency::SLOW };
        let reset = Reset { profile, entry: place.ram, vectors: place.vectors };
        let board = place.pristine.clone();
        let mut machine = Machine::new(board, Exact::new(latency), probe, reset);
        machine.set_compiled(compiled);
        Self { place, profile, machine }
    }

    /// Puts the board back, loads a program, and resets.
    pub fn load(&mut self, program: &Program) {
        let board = self.machine.bus_mut();
        board.restore(&self.place.pristine);
        board.poke(program.addr, &program.bytes).expect("the program fits into memory");
        let vectors = self.place.vectors;
        self.machine.reset(Reset { profile: self.profile, entry: program.entry, vectors });
    }

    /// Runs a program from reset in one go.
    pub fn run(&mut self, program: &Program, budget: u64) -> End {
        self.load(program);
        let stop = self.machine.run(budget);
        End::of(&self.machine, stop)
    }

    /// Runs a program from reset in pieces, each as many instructions as `piece` says.
    pub fn run_in_pieces(
        &mut self,
        program: &Program,
        budget: u64,
        mut piece: impl FnMut() -> u64,
    ) -> End {
        self.load(program);
        let mut until = 0;
        loop {
            until = budget.min(until + piece());
            let stop = self.machine.run(until);
            if stop != Stop::Budget || until == budget {
                return End::of(&self.machine, stop);
            }
        }
    }
}

impl Bench<'_, Silent> {
    /// Runs a program from reset in pieces; after each, the machine is saved to a file, does something else, and goes on from the file.
    pub fn run_with_saves(
        &mut self,
        program: &Program,
        budget: u64,
        mut piece: impl FnMut() -> u64,
    ) -> End {
        self.load(program);
        let mut until = 0;
        loop {
            until = budget.min(until + piece());
            let stop = self.machine.run(until);
            if stop != Stop::Budget || until == budget {
                return End::of(&self.machine, stop);
            }
            let hart = self.machine.save();
            let origin =
                Origin { elf_sha256: String::new(), platform: String::new(), faults: Vec::new() };
            let mut file = Cursor::new(Vec::new());
            Checkpoint::of(&self.machine, origin).write(&mut file).expect("memory takes it");
            self.load(program);
            self.machine.run(until / 2 + 3);
            let checkpoint = Checkpoint::read(file).expect("a checkpoint");
            checkpoint.put_into(&mut self.machine).expect("it is this machine's");
            assert_eq!(self.machine.save(), hart);
        }
    }

    /// Runs a program from reset in pieces, now watched, now not.
    pub fn run_by_turns(
        place: &Place,
        profile: &'static Profile,
        program: &Program,
        budget: u64,
        mut piece: impl FnMut() -> u64,
    ) -> End {
        let mut bench = Bench::new(place, profile, Silent, Some(1));
        bench.load(program);
        let mut machine = bench.machine;
        let mut until = 0;
        loop {
            until = budget.min(until + piece());
            let stop = machine.run(until);
            if stop != Stop::Budget || until == budget {
                return End::of(&machine, stop);
            }
            let mut watched = machine.with_probe(|event: &Retired| assert!(event.pc & 1 == 0));
            until = budget.min(until + piece());
            let stop = watched.run(until);
            if stop != Stop::Budget || until == budget {
                return End::of(&watched, stop);
            }
            machine = watched.with_probe(Silent);
            machine.set_compiled(Some(1));
        }
    }
}

/// A machine with long blocks, one that is watched, one that compiles what it has seen once, and one that compiles what it has seen so often that
/// it knows the loops, for each core.
pub struct Pair<'p> {
    pub compiled: Bench<'p, Silent>,
    pub later: Bench<'p, Silent>,
    pub fast: Bench<'p, Silent>,
    pub watched: Bench<'p, Log>,
}

/// All events of a run, and what must hold of each.
#[derive(Default)]
pub struct Log(pub Vec<Retired>);

impl Probe for Log {
    const ACTIVE: bool = true;

    fn retired(&mut self, event: &Retired) {
        assert!(event.pc & 1 == 0);
        self.0.push(*event);
    }
}

/// The pairs of a platform, one a core.
pub fn pairs(place: &Place) -> Vec<Pair<'_>> {
    let pair = |profile| Pair {
        compiled: Bench::new(place, profile, Silent, Some(1)),
        later: Bench::new(place, profile, Silent, Some(16)),
        fast: Bench::new(place, profile, Silent, None),
        watched: Bench::new(place, profile, Log::default(), None),
    };
    ALL.into_iter().map(pair).collect()
}

/// A board of the platform with everything, loaded with pieces of code.
pub fn loaded(pieces: &[(u32, Vec<u32>)]) -> Board {
    let mut board = board(EVERYTHING, 0x8000_0000);
    for (addr, words) in pieces {
        put(&mut board, *addr, words);
    }
    board
}

/// Writes words to memory.
pub fn put(board: &mut Board, addr: u32, words: &[u32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    board.poke(addr, &bytes).expect("the code fits into memory");
}

/// Runs what is on a board from the start of RAM, on all cores, in long blocks, watched,
/// compiled and in pieces of one instruction; all must end the same but for what the cores differ in. Returns
/// cve2's end.
pub fn run(board: &Board, budget: u64) -> End {
    let end = |profile| {
        let reset = Reset { profile, entry: 0x8000_0000, vectors: None };
        let unit = || Exact::new(Latency::FAST);
        let mut fast = Machine::new(board.clone(), unit(), Silent, reset);
        fast.set_compiled(None);
        let stop = fast.run(budget);
        let end = End::of(&fast, stop);
        let mut watched = Machine::new(board.clone(), unit(), |_: &Retired| {}, reset);
        let stop = watched.run(budget);
        assert_eq!(end.unlike(&End::of(&watched, stop)), None, "{profile}, watched");
        let mut compiled = Machine::new(board.clone(), unit(), Silent, reset);
        compiled.set_compiled(Some(1));
        let stop = compiled.run(budget);
        assert_eq!(end.unlike(&End::of(&compiled, stop)), None, "{profile}, compiled");
        let mut pieces = Machine::new(board.clone(), unit(), Silent, reset);
        let stop = (1..=budget).map(|n| pieces.run(n)).find(|stop| *stop != Stop::Budget);
        let unlike = end.unlike(&End::of(&pieces, stop.unwrap_or(Stop::Budget)));
        assert_eq!(unlike, None, "{profile}, in pieces");
        end
    };
    let ends = ALL.map(end);
    ends.into_iter().next().unwrap()
}

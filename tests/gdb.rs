//! Debugging: what gdb is shown is what is there, going back leads to what was there, and nothing that a program does depends on it.

#[path = "robustness/bench.rs"]
#[allow(dead_code)] // Made for other tests, as the next four.
mod bench;
#[path = "common/cli.rs"]
mod cli;
#[path = "robustness/code.rs"]
#[macro_use]
#[allow(dead_code, unused_macros)]
mod code;
mod common;
#[path = "robustness/programs.rs"]
#[allow(dead_code)]
mod programs;

#[path = "gdb/backwards.rs"]
mod backwards;
#[path = "gdb/forwards.rs"]
mod forwards;
#[path = "gdb/protocol.rs"]
mod protocol;
#[path = "gdb/session.rs"]
mod session;

use stuckat::cpu::{Probe, Profile, Reset, Stop, profile};
use stuckat::elf::Image;
use stuckat::gdb::{Debuggee, Event, Position, Switch};
use stuckat::soc::{Board, Platform};
use stuckat::unit::{Counts, Latency};

/// Everything that a debugger can see.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    position: Position,
    pc: u32,
    mode: u8,
    regs: Vec<u32>,
    csrs: Vec<u32>,
    time: (u64, u64),
    counts: Counts,
    memory: Vec<u8>,
}

impl Seen {
    fn of(debuggee: &Debuggee, memory: (u32, usize)) -> Self {
        let mut bytes = vec![0; memory.1];
        assert_eq!(debuggee.read(memory.0, &mut bytes), bytes.len());
        Self {
            position: debuggee.position(),
            pc: debuggee.pc(),
            mode: debuggee.mode(),
            regs: (0..32).map(|i| debuggee.reg(i)).collect(),
            csrs: (0..4096).step_by(1).filter_map(|n| debuggee.csr(n)).collect(),
            time: debuggee.time(),
            counts: debuggee.counts(),
            memory: bytes,
        }
    }
}

/// Waits for where it is going.
fn arrive(debuggee: &mut Debuggee) -> Event {
    loop {
        if let Some(event) = debuggee.advance() {
            return event;
        }
    }
}

fn go(debuggee: &mut Debuggee) -> Event {
    debuggee.go();
    arrive(debuggee)
}

fn step(debuggee: &mut Debuggee) -> Event {
    debuggee.step();
    arrive(debuggee)
}

fn back(debuggee: &mut Debuggee) -> Event {
    debuggee.back();
    arrive(debuggee)
}

fn back_step(debuggee: &mut Debuggee) -> Event {
    debuggee.back_step();
    arrive(debuggee)
}

/// The built-in campaign's firmware, and where its symbols are.
struct Firmware {
    image: Image,
    board: Board,
    reset: Reset,
}

impl Firmware {
    fn new() -> Self {
        let image = Image::parse(&std::fs::read(cli::ELF).unwrap()).unwrap();
        let platform = Platform::guess(&image).unwrap();
        let board = platform.board(&image).unwrap();
        let core: &'static Profile = &profile::CVE2;
        let vectors = platform.boot_address();
        let reset = Reset { profile: core, entry: image.entry, vectors };
        Self { image, board, reset }
    }

    fn symbol(&self, name: &str) -> u32 {
        self.image.symbol(name).unwrap().addr
    }

    fn debuggee(&self) -> Debuggee {
        let unit = Switch::exact(Latency::FAST);
        Debuggee::new(self.board.clone(), unit, self.reset, true, u64::MAX)
    }

    /// A plain run with an observer.
    fn run(&self, probe: impl Probe) -> (Stop, u64, u64, Vec<u8>) {
        let unit = stuckat::unit::Exact::new(Latency::FAST);
        let mut machine = stuckat::cpu::Machine::new(self.board.clone(), unit, probe, self.reset);
        let stop = machine.run(u64::MAX);
        (stop, machine.retired(), machine.cycles(), machine.bus_mut().take_console())
    }
}

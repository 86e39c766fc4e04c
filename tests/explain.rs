//! `stuckat explain`: what it says of a scenario is what slower, independent ways find.
//!
//! The first wrong product by two interpreters side by side, the nets that differ by Icarus Verilog, waveforms by another reader (`wellen`),
//! outcomes by the run directory of a campaign.

#[path = "common/cli.rs"]
mod cli;
#[path = "explain/command_line.rs"]
mod command_line;
mod common;
#[path = "explain/gates.rs"]
mod gates;
#[path = "explain/layers.rs"]
mod layers;
#[path = "explain/products.rs"]
mod products;
#[path = "netlist_cli/vcd.rs"]
mod vcd;
#[path = "explain/waves.rs"]
mod waves;

use std::sync::{Arc, OnceLock};
use stuckat::campaign::images::Images;
use stuckat::campaign::outcome::Answers;
use stuckat::cpu::profile::CVE2;
use stuckat::cpu::{Machine, Probe, Reset};
use stuckat::elf::Image;
use stuckat::explain::{Explanation, Frame, Scenario, explain};
use stuckat::netlist::fault::{Names, Sites, universe};
use stuckat::netlist::sequence::Sequences;
use stuckat::netlist::{Circuit, FaultSet};
use stuckat::soc::{Board, Platform};
use stuckat::unit::Unit;
use stuckat::workload::Program;

/// An image of the built-in data set.
const IMAGE: usize = 17;

fn elf() -> Vec<u8> {
    std::fs::read(cli::ELF).expect("the built-in firmware")
}

fn circuit() -> Arc<Circuit> {
    static CIRCUIT: OnceLock<Arc<Circuit>> = OnceLock::new();
    CIRCUIT.get_or_init(|| Arc::new(Circuit::default_multiplier())).clone()
}

fn input() -> Vec<u8> {
    Images::builtin().expect("the built-in images").input(IMAGE)
}

/// Twenty faults from all over the universe of nets inside the netlist, both polarities, that carry no state: of these the netlist after reset
/// does what it does in the run.
fn twenty() -> Vec<FaultSet> {
    let circuit = circuit();
    let inside = |fault: &stuckat::netlist::Fault| !fault.name(circuit.netlist()).contains('[');
    let all: Vec<_> = universe(&circuit, Sites::Nets).into_iter().filter(inside).collect();
    // An odd step, so that both polarities come.
    let step = all.len() / 21 - usize::from(all.len() / 21 % 2 == 0);
    let stateless = |fault: &&stuckat::netlist::Fault| Sequences::new(&circuit, &[**fault]).is_ok();
    let pick = |i: usize| all[i * step + 3..].iter().find(stateless).expect("most carry none");
    (0..20).map(|i| FaultSet::from(*pick(i))).collect()
}

fn named(fault: &str) -> FaultSet {
    Names::new(&circuit()).set(fault).expect("a fault of the default multiplier")
}

/// The explanation of a fault on [`IMAGE`] with the default network.
fn explained(faults: &FaultSet) -> Explanation {
    let (circuit, input) = (circuit(), input());
    let program = Program::new(&elf(), &CVE2, None).expect("the firmware is a program");
    let lines = |_: u32| Vec::<Frame>::new();
    explain(&Scenario {
        program: &program,
        circuit: &circuit,
        faults,
        input: &input,
        answers: Answers::INT8,
        model: None,
        hang_factor: 4,
        max_lockstep: u64::MAX,
        lines: &lines,
    })
    .expect("the golden run answers")
}

/// The default network's machine made by hand: board, input and core, without the workload's way of doing it.
fn machine<U: Unit, P: Probe>(unit: U, probe: P) -> Machine<Board, U, P> {
    let image = Image::parse(&elf()).expect("an RV32 ELF");
    let platform = Platform::guess(&image).expect("a platform");
    let mut board = platform.board(&image).expect("the program fits");
    let symbol = image.symbol("stuckat_input").expect("the contract's symbol");
    board.poke(symbol.addr, &input()).expect("the input lies in RAM");
    let vectors = platform.boot_address();
    let mut machine =
        Machine::new(board, unit, probe, Reset { profile: &CVE2, entry: image.entry, vectors });
    machine.set_compiled(None);
    machine
}

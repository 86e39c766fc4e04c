//! `stuckat run --gdb`: a run that gdb controls.

use super::run::Ended;
use super::{OutputError, exit_code, faults, print_bytes, say};
use crate::cpu::Reset;
use crate::gdb::{self, Choice, Debuggee, Listen, Listener, Outlet, Stub, Switch};
use crate::netlist::faulty_unit::FaultyUnit;
use crate::report::table::grouped;
use crate::soc::Board;
use crate::unit::Latency;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

/// What the command line says about a debugged run.
pub(super) struct Setup<'a> {
    pub place: &'a Listen,
    pub faults: &'a [String],
    pub multiplier: &'a super::Multiplier,
    /// Products gate by gate.
    pub by_gates: bool,
    /// Gates even for a sound multiplier.
    pub sound_gates: bool,
    /// The sound multiplier's, where it is not made of gates.
    pub latency: Latency,
    pub compiled: bool,
    pub max_insns: u64,
    pub stats: bool,
}

/// How it ended: as others do, or by gdb's `kill`.
pub(super) enum Outcome {
    Ended(Ended),
    Killed(ExitCode),
}

struct Terminal;

impl Outlet for Terminal {
    fn console(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() { Ok(()) } else { print_bytes(bytes).map_err(|OutputError(e)| e) }
    }

    fn say(&mut self, line: &str) {
        say!("stuckat: {line}");
    }
}

pub(super) fn run(setup: &Setup, board: Board, reset: Reset) -> anyhow::Result<Outcome> {
    let given = setup.sound_gates || !setup.faults.is_empty() || setup.multiplier.is_given();
    let circuit = if given { Some(Arc::new(setup.multiplier.load()?)) } else { None };
    let mut unit = match &circuit {
        Some(circuit) if setup.sound_gates => Switch::gates(FaultyUnit::gates(circuit, &[])),
        Some(circuit) => Switch::exact(circuit.latency()),
        None => Switch::exact(setup.latency),
    };
    if let Some(circuit) = circuit.as_ref().filter(|_| !setup.faults.is_empty()) {
        let set = faults(setup.faults, circuit)?;
        let faulty = if setup.by_gates {
            FaultyUnit::gates(circuit, set.faults())
        } else {
            FaultyUnit::new(circuit, set.faults())
        };
        let number = unit.add(&setup.faults.join("+"), faulty);
        unit.choose(number.unwrap_or(0));
    }
    let (binding, netlist) = (&setup.multiplier.binding, &setup.multiplier.netlist);
    let choice = Choice::new(circuit, binding.clone(), netlist.clone(), setup.by_gates);
    let debuggee = Debuggee::new(board, unit, reset, setup.compiled, setup.max_insns);
    let mut stub = Stub::new(debuggee, choice);
    let listener = Listener::new(setup.place)?;
    say!("stuckat: gdb: listening on {}; in gdb: {}", listener.place(), listener.command());
    let ended = gdb::serve(&listener, &mut stub, &mut Terminal).map_err(OutputError)?;
    let mut debuggee = stub.into_debuggee();
    if let Some(Err(error)) = debuggee.end_trace() {
        say!("stuckat: the trace is not complete: {error}");
    }
    if setup.stats {
        let ((retired, cycles), counts) = (debuggee.time(), debuggee.counts());
        say!(
            "{} instructions, {} cycles, {} multiplications, {} wrong",
            grouped(retired as usize),
            grouped(cycles as usize),
            grouped(counts.muls as usize),
            grouped(counts.wrong as usize),
        );
    }
    Ok(match ended {
        gdb::Ended::Stop(stop) => Outcome::Ended(Ended { stop, board: debuggee.into_board() }),
        gdb::Ended::Killed => Outcome::Killed(ExitCode::from(exit_code::KILLED)),
    })
}

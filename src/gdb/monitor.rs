//! What `monitor` does in gdb: the multiplier's fault, traces, and settings of the debugger.
//!
//! In: a line. Out: what gdb prints, one line or several, each ended.

use super::target::Stub;
use crate::cpu::{Cause, Pauses};
use crate::netlist::Circuit;
use crate::netlist::fault::Names;
use crate::netlist::faulty_unit::FaultyUnit;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const HELP: &str = "\
fault                  show the multiplier's fault
fault NET/SA0|NET/SA1  put another fault in; several are joined by '+'
fault on|off           put the last fault in again, or a sound multiplier
stats                  instructions, cycles, multiplications, and the first wrong one
info                   where the program is in time, and how far one can go back
reset                  begin anew, with the program as it was loaded; the fault stays
trace on FILE|off      write one line for each instruction (CSV, RISC-V Formal Interface)
catch faults|all|off   stop after these exceptions (at first: faults)
interrupts skip|show   what a single step does with an interrupt (at first: serve it unseen)
exit report|stop       at the program's end: tell its exit code, or stop before (at first: report)
console here|stdout    who shows what the program prints: gdb, or stuckat (at first)
halt                   nothing: the program is halted while gdb can ask
help                   this
To go back in time: reverse-step, reverse-continue, reverse-finish.
";

/// The circuits that faults can be put into.
pub struct Choice {
    circuit: Option<Arc<Circuit>>,
    binding: Option<PathBuf>,
    netlist: Option<PathBuf>,
    by_gates: bool,
}

impl Choice {
    /// Faults of a circuit: of the one given, or the one that binding and netlist name, which is loaded when it is needed. With `by_gates` each
    /// product is evaluated gate by gate.
    pub fn new(
        circuit: Option<Arc<Circuit>>,
        binding: Option<PathBuf>,
        netlist: Option<PathBuf>,
        by_gates: bool,
    ) -> Self {
        Self { circuit, binding, netlist, by_gates }
    }

    /// The unit with these faults, or why there is none.
    fn unit(&mut self, name: &str) -> Result<FaultyUnit, String> {
        let circuit = match &self.circuit {
            Some(circuit) => circuit.clone(),
            None => {
                let loaded = Circuit::load(self.binding.as_deref(), self.netlist.as_deref());
                let circuit = Arc::new(loaded.map_err(|error| error.to_string())?);
                self.circuit.insert(circuit).clone()
            }
        };
        let faults = Names::new(&circuit).set(name).map_err(|error| error.to_string())?;
        Ok(if self.by_gates {
            FaultyUnit::gates(&circuit, faults.faults())
        } else {
            FaultyUnit::new(&circuit, faults.faults())
        })
    }
}

impl Stub {
    /// The answer to a `monitor` command.
    pub(super) fn monitor(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut answer = match words.as_slice() {
            [] | ["help"] => HELP.to_owned(),
            ["fault"] => self.fault(),
            ["fault", "on"] => self.choose(
                self.debuggee.unit().latest(),
                "there is no fault yet; say 'monitor fault NET/SA1'",
            ),
            ["fault", "off"] => self.choose(0, ""),
            ["fault", rest @ ..] => self.put_fault(&rest.join(" ")),
            ["stats"] => self.stats(),
            ["info"] => self.info(),
            // OpenOCD's users say 'reset halt', 'reset init'.
            ["reset", ..] => {
                self.debuggee.reset();
                format!("reset; the pc is {:#010x}", self.debuggee.pc())
            }
            ["halt"] => "halted".to_owned(),
            ["trace", "on", ..] => {
                let file = line.trim_start().split_once("on").map_or("", |(_, file)| file.trim());
                self.trace(file)
            }
            ["trace", "off"] => self.end_trace(),
            ["trace"] if self.debuggee.is_traced() => "a trace is being written".to_owned(),
            ["trace"] => "no trace".to_owned(),
            ["catch", what @ ("faults" | "all" | "off")] => self.catch(what),
            ["interrupts", what @ ("skip" | "show")] => {
                self.debuggee.skip_interrupts = *what == "skip";
                format!("steps {what} interrupts")
            }
            ["exit", what @ ("report" | "stop")] => {
                self.stop_at_exit = *what == "stop";
                let what = if self.stop_at_exit {
                    "the program stops at its end"
                } else {
                    "the program's exit code is reported at its end"
                };
                what.to_owned()
            }
            ["console", what @ ("here" | "stdout")] => {
                self.console_in_gdb = *what == "here";
                let what =
                    if self.console_in_gdb { "gdb" } else { "stuckat, on its standard output," };
                format!("{what} shows what the program prints")
            }
            _ => format!("there is no such command: {}; try 'monitor help'", line.trim()),
        };
        if !answer.ends_with('\n') {
            answer.push('\n');
        }
        answer
    }

    fn fault(&self) -> String {
        let unit = self.debuggee.unit();
        match (unit.name(unit.used()), unit.name(unit.latest())) {
            (Some(name), _) => format!("the multiplier has the fault {name}"),
            (None, Some(name)) => format!("the multiplier is sound; the last fault was {name}"),
            (None, None) => "the multiplier is sound".to_owned(),
        }
    }

    fn choose(&mut self, number: usize, refusal: &str) -> String {
        if number == 0 && !refusal.is_empty() {
            return refusal.to_owned();
        }
        self.debuggee.choose_unit(number);
        self.fault()
    }

    fn put_fault(&mut self, name: &str) -> String {
        let known = self.debuggee.unit().find(name);
        let number = match known {
            Some(number) => Some(number),
            None => match self.choice.unit(name) {
                Ok(unit) => self.debuggee.unit_mut().add(name, unit),
                Err(error) => return format!("{name}: {error}"),
            },
        };
        match number {
            Some(number) => self.choose(number, ""),
            None => "that are too many faults in one session; start stuckat again".to_owned(),
        }
    }

    fn stats(&mut self) -> String {
        let (retired, cycles) = self.debuggee.time();
        let counts = self.debuggee.counts();
        let mut text = format!(
            "{retired} instructions, {cycles} cycles, {} multiplications, {} wrong\n",
            counts.muls, counts.wrong
        );
        let Some(wrong) = self.debuggee.wrong() else { return text };
        let _ = write!(
            text,
            "the first that differs is instruction {} of the run, at {:#010x}",
            wrong.number, wrong.pc
        );
        if let Some((op, [rs1, rs2], value)) = wrong.operation {
            let right = op.product(rs1, rs2);
            let _ = write!(text, ": {op} {rs1:#x}, {rs2:#x} = {value:#x}, right is {right:#x}");
        }
        text
    }

    fn info(&self) -> String {
        let (first, checkpoints, interval) = self.debuggee.history();
        let here = self.debuggee.position();
        format!(
            "{} steps after reset (instructions retired and exceptions taken), {} interrupts\n\
             one can go back to step {}; {checkpoints} checkpoints, one every {interval} steps\n",
            here.steps, here.interrupts, first.steps
        )
    }

    fn trace(&mut self, file: &str) -> String {
        if file.is_empty() {
            return "say 'monitor trace on FILE'".to_owned();
        }
        match self.debuggee.trace(Path::new(file)) {
            Ok(()) => format!("a line for each instruction goes to {file}"),
            Err(error) => format!("{file}: cannot be written: {error}"),
        }
    }

    fn end_trace(&mut self) -> String {
        match self.debuggee.end_trace() {
            None => "no trace".to_owned(),
            Some(Ok(())) => "the trace is complete".to_owned(),
            Some(Err(error)) => format!("the trace is not complete: {error}"),
        }
    }

    fn catch(&mut self, what: &str) -> String {
        self.debuggee.catch = match what {
            "off" => 0,
            "all" => u32::MAX,
            _ => Pauses::bits(&super::debuggee::FAULTS),
        };
        let bits = self.debuggee.catch;
        let names = Cause::ALL.iter().filter(|cause| bits >> cause.code() & 1 != 0);
        let names: Vec<&str> = names.map(|cause| cause.name()).collect();
        let names = if names.is_empty() { "no exception".to_owned() } else { names.join(", ") };
        format!("the program stops after: {names}")
    }
}

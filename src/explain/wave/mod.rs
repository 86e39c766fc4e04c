//! A window of instructions as a waveform: both runs, clock by clock, with every net of the multiplier.
//!
//! In: a [`Scenario`] and the operation in the middle. Out: a [`Wave`], which [`Wave::vcd`] and [`Wave::fst`] write for a viewer such as GTKWave
//! or Surfer. One unit of time, 1 ns, is one cycle of the core's clock; time 0 is the beginning of the window.
//!
//! | scope | variables |
//! |---|---|
//! | `golden`, `faulty` | the two runs, with the scopes below |
//! | `.core` | `number` of the instruction (retired ones, it included), `pc`, `insn` (its bits), `text` (assembler), `trap`; each lasts as long as the instruction |
//! | `.registers` | `x1_ra` to `x31_t6`, from the end of the instruction that writes them |
//! | `.memory` | `addr`, `data`, `bytes`, `store` of a load or store; `x` in other instructions |
//! | `.multiplier` | of an operation in scope, in its own clocks: `op`, `rs1`, `rs2`, `result`, `right` (the exact result) and `clock` (from 1); `x` at other times |
//! | `.multiplier.ports`, `.multiplier.nets` | every port as a bus, and every net that is in none, with its value at the end of the clock; `x` between operations |
//! | `compare` | `cycle` (since reset), `pc_differs`, `registers_differ` (bit n is xn), `result_differs`, `nets_differing` (how many nets) |

mod record;
mod write;

use super::Scenario;
use super::first::Operation;
use crate::isa::text::abi_name;
use crate::netlist::Net;
use crate::netlist::dump::{Signal, signals};
use record::{Side, record};
use vcd::ReferenceIndex;

/// Letters of an instruction's text that are kept: the longest has 31.
const TEXT: u32 = 32;
/// Letters of an operation's name.
const OP: u32 = 6;

/// What a variable shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// So many bits.
    Bits(u32),
    /// Text of up to so many letters. A VCD has it as a string, an FST as a vector of 8 bits a letter, padded with zeros in front.
    Text(u32),
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The scopes that it is in, the outermost first.
    pub scopes: Vec<String>,
    /// Its name.
    pub name: String,
    /// The bits that its name gives, as `[31:0]` or `[3]`.
    pub index: Option<ReferenceIndex>,
    /// What it shows.
    pub kind: Kind,
}

/// A variable's value from a time on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Value {
    time: u64,
    variable: usize,
    /// Bits as `0`, `1` and `x`, the most significant first; or the letters of a text.
    value: Vec<u8>,
}

/// A window of both runs.
#[derive(Clone, Debug)]
pub struct Wave {
    variables: Vec<Variable>,
    /// By time.
    values: Vec<Value>,
    /// One past the last cycle.
    end: u64,
    comment: String,
}

impl Wave {
    /// Records `window` instructions of both runs around an operation.
    pub fn new(scenario: &Scenario<'_>, middle: &Operation, window: u64) -> Self {
        let from = middle.step.saturating_sub(1 + window / 2);
        let golden = record(scenario, scenario.exact(), from, window);
        let faulty = record(scenario, scenario.faulty(), from, window);
        let nets: Vec<Net> = (0..scenario.circuit.netlist().net_count() as u32).map(Net).collect();
        let signals = signals(scenario.circuit.netlist(), &nets);
        let begin = golden.begin.min(faulty.begin);
        let mut builder = Builder { begin, ..Builder::default() };
        let golden = builder.side("golden", &golden, &signals);
        let faulty = builder.side("faulty", &faulty, &signals);
        builder.compare(&golden, &faulty);
        builder.values.sort_by_key(|value| (value.time, value.variable));
        let netlist = scenario.circuit.netlist();
        Self {
            variables: builder.variables,
            values: builder.values,
            end: builder.end,
            comment: format!(
                "{} instructions around instruction {} ({} {:#010x} {:#010x}); fault {}. Time 0 is cycle {begin} since reset.",
                window,
                middle.instruction,
                middle.op,
                middle.rs1,
                middle.rs2,
                scenario.faults.name(netlist),
            ),
        }
    }

    /// The variables, in the order of their scopes.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }
}

#[derive(Default)]
struct Builder {
    variables: Vec<Variable>,
    values: Vec<Value>,
    begin: u64,
    end: u64,
}

/// What one side shows over time, for the comparison: pc, registers, result and nets from a time on.
struct Shown {
    pc: Vec<(u64, u32)>,
    registers: Vec<(u64, [u32; 32])>,
    result: Vec<(u64, Option<u32>)>,
    nets: Vec<(u64, Option<Vec<bool>>)>,
}

/// The value that holds at a time.
fn at<T>(values: &[(u64, T)], time: u64) -> Option<&T> {
    let behind = values.partition_point(|(when, _)| *when <= time);
    values[..behind].last().map(|(_, value)| value)
}

/// `width` bits of a number, the most significant first.
fn bits(value: u64, width: u32) -> Vec<u8> {
    (0..width)
        .rev()
        .map(|bit| if bit < 64 && value >> bit & 1 == 1 { b'1' } else { b'0' })
        .collect()
}

fn unknown(width: u32) -> Vec<u8> {
    vec![b'x'; width as usize]
}

impl Builder {
    fn variable(
        &mut self,
        scopes: &[&str],
        name: &str,
        index: Option<ReferenceIndex>,
        kind: Kind,
    ) -> usize {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.variables.push(Variable { scopes, name: name.to_owned(), index, kind });
        self.variables.len() - 1
    }

    fn number(&mut self, scopes: &[&str], name: &str, width: u32) -> usize {
        let index = (width > 1).then_some(ReferenceIndex::Range(width as i32 - 1, 0));
        self.variable(scopes, name, index, Kind::Bits(width))
    }

    fn set(&mut self, time: u64, variable: usize, value: Vec<u8>) {
        self.end = self.end.max(time + 1);
        self.values.push(Value { time, variable, value });
    }

    fn side(&mut self, name: &str, side: &Side, signals: &[Signal]) -> Shown {
        let core = [name, "core"];
        let number = self.number(&core, "number", 64);
        let pc = self.number(&core, "pc", 32);
        let insn = self.number(&core, "insn", 32);
        let text = self.variable(&core, "text", None, Kind::Text(TEXT));
        let trap = self.number(&core, "trap", 1);
        let in_registers = [name, "registers"];
        let registers: Vec<usize> = (1..32)
            .map(|r| self.number(&in_registers, &format!("x{r}_{}", abi_name(r)), 32))
            .collect();
        let memory = [name, "memory"];
        let accesses = [("addr", 32), ("data", 32), ("bytes", 3), ("store", 1)]
            .map(|(name, width)| (self.number(&memory, name, width), width));
        let multiplier = [name, "multiplier"];
        let op = self.variable(&multiplier, "op", None, Kind::Text(OP));
        let words = [("rs1", 32), ("rs2", 32), ("result", 32), ("right", 32), ("clock", 8)]
            .map(|(name, width)| (self.number(&multiplier, name, width), width));
        let nets: Vec<usize> = signals
            .iter()
            .map(|signal| {
                let scope = if signal.port { "ports" } else { "nets" };
                let kind = Kind::Bits(signal.nets.len() as u32);
                self.variable(&[name, "multiplier", scope], &signal.name, signal.index, kind)
            })
            .collect();
        let mut shown = Shown {
            pc: Vec::new(),
            registers: vec![(0, side.registers)],
            result: vec![(0, None)],
            nets: vec![(0, None)],
        };
        let time = |cycle: u64| cycle.saturating_sub(self.begin);
        let begin = time(side.begin);
        for (i, variable) in registers.iter().enumerate() {
            self.set(begin, *variable, bits(side.registers[i + 1].into(), 32));
        }
        self.set(begin, op, Vec::new());
        for (variable, width) in words {
            self.set(begin, variable, unknown(width));
        }
        for (signal, variable) in signals.iter().zip(&nets) {
            self.set(begin, *variable, unknown(signal.nets.len() as u32));
        }
        // A net may be part of two ports.
        let mut all: Vec<Net> = signals.iter().flat_map(|signal| signal.nets).copied().collect();
        all.sort_unstable();
        all.dedup();
        let mut values = side.registers;
        for step in &side.steps {
            let (from, to) =
                (step.from.saturating_sub(self.begin), step.to.saturating_sub(self.begin));
            self.set(from, number, bits(step.number, 64));
            self.set(from, pc, bits(step.event.pc.into(), 32));
            self.set(from, insn, bits(step.event.word.into(), 32));
            self.set(from, text, step.text.clone().into_bytes());
            self.set(from, trap, bits(step.event.trapped.into(), 1));
            shown.pc.push((from, step.event.pc));
            let access =
                step.event.access.map(|a| [a.addr, a.data, u32::from(a.len), u32::from(a.store)]);
            for (i, (variable, width)) in accesses.into_iter().enumerate() {
                let value = access.map_or_else(|| unknown(width), |a| bits(a[i].into(), width));
                self.set(from, variable, value);
            }
            if let (register @ 1..=31, value) = step.event.rd {
                values[usize::from(register)] = value;
                self.set(to, registers[usize::from(register) - 1], bits(value.into(), 32));
                shown.registers.push((to, values));
            }
            let Some(operation) = &step.operation else { continue };
            let clocks = operation.trace.clocks() as u64;
            // The operation's clocks are the last before it retires.
            let first = to.saturating_sub(clocks).max(from);
            let tuple = operation.tuple;
            self.set(first, op, tuple.op.name().as_bytes().to_vec());
            let right = tuple.op.product(tuple.rs1, tuple.rs2);
            let result = operation.result.map(u64::from);
            let numbers =
                [Some(tuple.rs1.into()), Some(tuple.rs2.into()), result, Some(right.into())];
            for ((variable, width), value) in words.into_iter().zip(numbers) {
                self.set(first, variable, value.map_or_else(|| unknown(width), |v| bits(v, width)));
                self.set(first + clocks, variable, unknown(width));
            }
            self.set(first + clocks, op, Vec::new());
            shown.result.extend([(first, operation.result), (first + clocks, None)]);
            let value = |clock: usize, net: Net| operation.trace.value(clock, net) == Some(true);
            for clock in 0..operation.trace.clocks() {
                let now = first + clock as u64;
                self.set(now, words[4].0, bits(clock as u64 + 1, 8));
                for (signal, variable) in signals.iter().zip(&nets) {
                    let bit = |net: &Net| if value(clock, *net) { b'1' } else { b'0' };
                    self.set(now, *variable, signal.nets.iter().rev().map(bit).collect());
                }
                shown.nets.push((now, Some(all.iter().map(|net| value(clock, *net)).collect())));
            }
            self.set(first + clocks, words[4].0, unknown(8));
            for (signal, variable) in signals.iter().zip(&nets) {
                self.set(first + clocks, *variable, unknown(signal.nets.len() as u32));
            }
            shown.nets.push((first + clocks, None));
        }
        shown
    }

    fn compare(&mut self, golden: &Shown, faulty: &Shown) {
        let scope = ["compare"];
        let cycle = self.number(&scope, "cycle", 64);
        let pc = self.number(&scope, "pc_differs", 1);
        let registers = self.number(&scope, "registers_differ", 32);
        let result = self.number(&scope, "result_differs", 1);
        let nets = self.number(&scope, "nets_differing", 16);
        let flag =
            |known: Option<bool>| known.map_or_else(|| unknown(1), |yes| bits(yes.into(), 1));
        for time in 0..self.end {
            self.set(time, cycle, bits(self.begin + time, 64));
            let pcs = at(&golden.pc, time).zip(at(&faulty.pc, time));
            self.set(time, pc, flag(pcs.map(|(a, b)| a != b)));
            if let (Some(a), Some(b)) = (at(&golden.registers, time), at(&faulty.registers, time)) {
                let mask = (0..32).filter(|r| a[*r] != b[*r]).fold(0, |mask, r| mask | 1 << r);
                self.set(time, registers, bits(mask, 32));
            }
            let results = at(&golden.result, time).zip(at(&faulty.result, time));
            let results = results.and_then(|(a, b)| Some((*a)? != (*b)?));
            self.set(time, result, flag(results));
            let values = at(&golden.nets, time).zip(at(&faulty.nets, time));
            let differing = values.and_then(|(a, b)| {
                let pairs = a.as_ref()?.iter().zip(b.as_ref()?);
                Some(pairs.filter(|(a, b)| a != b).count() as u64)
            });
            self.set(time, nets, differing.map_or_else(|| unknown(16), |n| bits(n, 16)));
        }
    }
}

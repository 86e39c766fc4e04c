//! Waveforms, read back by `wellen`, hold what the runs had: pc, registers, accesses by a machine made by hand, nets by the netlist's own trace.

use crate::cli::{Line, folder, stuckat};
use crate::{IMAGE, circuit, machine, named};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use stuckat::cpu::Retired;
use stuckat::isa::text::{Style, text};
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::netlist::wave::Trace;
use stuckat::netlist::{Fault, Net};
use stuckat::unit::{Exact, MulOp, Tuple, Unit};
use wellen::{Signal, SignalRef, SignalValue, simple};

const FAULT: &str = "n520/SA1";
const WINDOW: usize = 40;

/// A waveform as `wellen` reads it.
struct Read {
    wave: simple::Waveform,
    variables: BTreeMap<String, SignalRef>,
}

impl Read {
    fn new(path: &Path) -> Self {
        let mut wave = simple::read(path).expect("wellen reads it");
        let hierarchy = wave.hierarchy();
        let path = |var: &wellen::Var| {
            let index = var.index().filter(|index| index.msb() == index.lsb());
            let bit = index.map_or(String::new(), |index| format!("[{}]", index.lsb()));
            format!("{}{bit}", var.full_name(hierarchy))
        };
        let variables: BTreeMap<String, SignalRef> =
            hierarchy.iter_vars().map(|var| (path(var), var.signal_ref())).collect();
        let all: Vec<SignalRef> = variables.values().copied().collect();
        wave.load_signals(&all);
        Self { wave, variables }
    }

    /// A variable's value at a time: bits, or text.
    fn at(&self, variable: &str, time: u64) -> String {
        let signal: &Signal = self
            .variables
            .get(variable)
            .and_then(|signal| self.wave.get_signal(*signal))
            .unwrap_or_else(|| panic!("{variable}: is not in the waveform"));
        let times = self.wave.time_table();
        let index = times.partition_point(|t| *t <= time) - 1;
        let offset = signal.get_offset(index as u32);
        let offset = offset.unwrap_or_else(|| panic!("{variable}: has no value at {time}"));
        let value = signal.get_value_at(&offset, offset.elements - 1);
        match value {
            SignalValue::String(text) => text.to_owned(),
            bits => bits.to_bit_string().expect("bits"),
        }
    }

    fn number(&self, variable: &str, time: u64) -> Option<u64> {
        u64::from_str_radix(&self.at(variable, time), 2).ok()
    }

    /// Text, which an FST has as a vector of ASCII letters.
    fn text(&self, variable: &str, time: u64) -> String {
        let value = self.at(variable, time);
        let is_bits =
            value.len().is_multiple_of(8) && value.bytes().all(|b| b == b'0' || b == b'1');
        if !is_bits {
            return value;
        }
        let bytes = value.as_bytes().chunks(8).map(|byte| {
            u8::from_str_radix(std::str::from_utf8(byte).expect("digits"), 2).expect("8 bits")
        });
        let letters: Vec<u8> = bytes.skip_while(|byte| *byte == 0).collect();
        String::from_utf8(letters).expect("ASCII").replace(' ', "_")
    }
}

/// What one run does in the window: the registers and the cycle before it, and its instructions.
struct Run {
    registers: [u32; 32],
    begin: u64,
    events: Vec<Retired>,
}

fn run(unit: impl Unit, from: u64) -> Run {
    let events = RefCell::new(Vec::new());
    let mut machine = machine(unit, |event: &Retired| events.borrow_mut().push(*event));
    while machine.retired() < from {
        machine.run_to_event(from);
    }
    let (registers, begin) = (std::array::from_fn(|r| machine.reg(r as u8)), machine.elapsed());
    let to = from + WINDOW as u64;
    while machine.retired() < to {
        machine.run_to_event(to);
    }
    let events = events.borrow()[from as usize..].to_vec();
    Run { registers, begin, events }
}

fn abi(register: usize) -> &'static str {
    // The RISC-V psABI, "Integer Register Convention".
    [
        "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
        "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
        "t5", "t6",
    ][register]
}

/// Compares one side with the run; returns how many multiplications and net values were compared.
fn compare(read: &Read, side: &str, run: &Run, faults: &[Fault]) -> (usize, usize) {
    let circuit = circuit();
    let netlist = circuit.netlist();
    let (mut multiplications, mut values) = (0, 0);
    let mut registers = run.registers;
    let mut before = run.begin;
    for event in &run.events {
        let (from, to) = (before - run.begin, event.cycles - run.begin);
        before = event.cycles;
        for (r, value) in registers.iter().enumerate().skip(1) {
            let name = format!("{side}.registers.x{r}_{}", abi(r));
            assert_eq!(read.number(&name, from), Some((*value).into()), "{name} at {from}");
        }
        let core = |name: &str| read.number(&format!("{side}.core.{name}"), from);
        assert_eq!(core("pc"), Some(event.pc.into()), "{side} at {from}");
        assert_eq!(core("insn"), Some(event.word.into()));
        assert_eq!(core("trap"), Some(event.trapped.into()));
        let assembler = text(event.word, event.pc, Style::Objdump).expect("an instruction");
        let assembler = assembler.to_string().replace(['\t', ' '], "_");
        assert_eq!(read.text(&format!("{side}.core.text"), from), assembler);
        let access = event.access.map(|a| [a.addr, a.data, a.len.into(), a.store.into()]);
        for (i, name) in ["addr", "data", "bytes", "store"].into_iter().enumerate() {
            let there = read.number(&format!("{side}.memory.{name}"), from);
            assert_eq!(there, access.map(|access| access[i].into()), "{side} {name} at {from}");
        }
        let operands = registers;
        if event.rd.0 > 0 {
            registers[usize::from(event.rd.0)] = event.rd.1;
            let r = usize::from(event.rd.0);
            let name = format!("{side}.registers.x{r}_{}", abi(r));
            assert_eq!(read.number(&name, to), Some(event.rd.1.into()), "{name} at {to}");
        }
        let word = event.word;
        if !(word & 0x7f == 0x33 && word >> 25 == 1 && word >> 14 & 1 == 0) {
            continue;
        }
        multiplications += 1;
        let tuple = Tuple {
            op: MulOp::ALL[(word >> 12 & 3) as usize],
            rs1: operands[(word >> 15 & 31) as usize],
            rs2: operands[(word >> 20 & 31) as usize],
        };
        let trace = Trace::of(&circuit, faults, tuple);
        let clocks = trace.clocks() as u64;
        for clock in 0..clocks {
            let time = to - clocks + clock;
            let unit = |name: &str| read.number(&format!("{side}.multiplier.{name}"), time);
            assert_eq!(unit("clock"), Some(clock + 1));
            assert_eq!(unit("rs1"), Some(tuple.rs1.into()));
            assert_eq!(unit("rs2"), Some(tuple.rs2.into()));
            assert_eq!(unit("result"), Some(event.rd.1.into()));
            assert_eq!(unit("right"), Some(tuple.op.product(tuple.rs1, tuple.rs2).into()));
            assert_eq!(read.text(&format!("{side}.multiplier.op"), time), tuple.op.name());
            let bit =
                |net: Net| if trace.value(clock as usize, net) == Some(true) { '1' } else { '0' };
            let mut in_port = vec![false; netlist.net_count()];
            for port in &netlist.ports {
                let name = format!("{side}.multiplier.ports.{}", port.name);
                let bits: String = port.bits.iter().rev().map(|net| bit(*net)).collect();
                assert_eq!(read.at(&name, time), bits, "{name} at {time}");
                port.bits.iter().for_each(|net| in_port[net.index()] = true);
                values += port.bits.len();
            }
            netlist.constants().iter().for_each(|(net, _)| in_port[net.index()] = true);
            for net in (0..netlist.net_count() as u32).map(Net).filter(|n| !in_port[n.index()]) {
                let name = format!("{side}.multiplier.nets.{}", netlist.net_name(net));
                assert_eq!(read.at(&name, time), bit(net).to_string(), "{name} at {time}");
                values += 1;
            }
        }
        let after = read.at(&format!("{side}.multiplier.clock"), to);
        let next_is_mul = read.number(&format!("{side}.multiplier.clock"), to) == Some(1);
        assert!(after.contains('x') || next_is_mul, "nothing is known of nets between operations");
    }
    (multiplications, values)
}

fn written(name: &str, folder: &Path) -> (std::path::PathBuf, Value) {
    let (wave, json) = (folder.join(name), folder.join("explanation.json"));
    let image = IMAGE.to_string();
    let window = WINDOW.to_string();
    let line: Line = stuckat(["explain", "--fault", FAULT, "--image", &image, "--force"]);
    let line = line.words(["--wave-window", &window, "--wave"]).words([&wave]);
    line.words(["--json"]).words([&json]).patiently().succeeds();
    let json = std::fs::read_to_string(json).expect("the explanation");
    (wave, serde_json::from_str(&json).expect("JSON"))
}

#[test]
fn waveforms_read_back_by_another_reader_hold_what_the_runs_had() {
    let folder = folder();
    let circuit = circuit();
    let faults = named(FAULT);
    for name in ["wave.vcd", "wave.fst"] {
        let (path, json) = written(name, folder.path());
        let step = json["first_wrong"]["operation"]["step"].as_u64().expect("a wrong product");
        let from = step - 1 - WINDOW as u64 / 2;
        let read = Read::new(&path);
        let golden = run(Exact::new(circuit.latency()), from);
        let faulty = run(GateUnit::new(circuit.clone(), faults.faults()), from);
        let (muls, values) = compare(&read, "golden", &golden, &[]);
        let (faulty_muls, faulty_values) = compare(&read, "faulty", &faulty, faults.faults());
        eprintln!(
            "{name}: {muls} and {faulty_muls} multiplications, {} net values",
            values + faulty_values
        );
        assert!(muls > 0 && faulty_muls > 0 && values > 2_000);
        // The comparison: where the product is wrong, the result differs, and so many nets as the explanation says of its last clock.
        let wrong = golden.events[WINDOW / 2].cycles - golden.begin;
        let last = wrong - 1;
        assert_eq!(read.number("compare.result_differs", last), Some(1));
        assert_eq!(read.number("compare.cycle", last), Some(golden.begin + last));
        let nets = json["spread"]["nets"].as_array().expect("nets");
        let clock = json["spread"]["clocks"].as_u64();
        let differing = nets.iter().filter(|net| net["clock"].as_u64() == clock).count();
        assert_eq!(read.number("compare.nets_differing", last), Some(differing as u64));
        assert_eq!(read.number("compare.registers_differ", last), Some(0));
        let rd = golden.events[WINDOW / 2].rd.0;
        assert_eq!(read.number("compare.registers_differ", wrong), Some(1 << rd));
        let scale = read.wave.hierarchy().timescale().expect("a timescale");
        assert_eq!((scale.factor, scale.unit), (1, wellen::TimescaleUnit::NanoSeconds));
    }
}

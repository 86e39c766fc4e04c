//! Netlists that nobody designed: every fault of each gives the same answers by every way of evaluating it.
//!
//! A random netlist is bound as a multiplier: MUL takes one clock, the other operations two, and what the first clock
//! leaves for the second is in one or two registers outside the netlist or inside. Its products are random functions of its
//! operands, which `Circuit::build` does not mind. Compared are the gates one by one, clock by clock; a naive evaluation; the folded
//! programs with a memo; the folded programs for many operands at a time; and cones, a block of operands at a time.

mod common;
#[path = "common/naive.rs"]
mod naive;

use common::Random;
use naive::Naive;
use std::ops::AddAssign;
use std::sync::Arc;
use stuckat::netlist::eval::{Injection, Lanes};
use stuckat::netlist::fast_unit::FastUnit;
use stuckat::netlist::fault::{Fault, FaultSet, Sites, universe};
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::netlist::ports::Operation;
use stuckat::netlist::range::Range;
use stuckat::netlist::sequence::Sequences;
use stuckat::netlist::table::{NoTable, Tables};
use stuckat::netlist::{Circuit, Effect, Net, screen};
use stuckat::unit::{Answer, MulOp, Tuple, Unit};

const LIBRARY: &str = include_str!("../netlists/cells/nangate45.lib");

/// Gates that random logic is made of: name, input pins, output pins. Wide ones, as they take several look-ups.
const GATES: [(&str, &[&str], &[&str]); 11] = [
    ("INV_X1", &["A"], &["ZN"]),
    ("NAND2_X1", &["A1", "A2"], &["ZN"]),
    ("XOR2_X1", &["A", "B"], &["Z"]),
    ("MUX2_X1", &["A", "B", "S"], &["Z"]),
    ("NAND4_X1", &["A1", "A2", "A3", "A4"], &["ZN"]),
    ("OR4_X1", &["A1", "A2", "A3", "A4"], &["ZN"]),
    ("OAI221_X1", &["A", "B1", "B2", "C1", "C2"], &["ZN"]),
    ("OAI33_X1", &["A1", "A2", "A3", "B1", "B2", "B3"], &["ZN"]),
    ("AOI222_X1", &["A1", "A2", "B1", "B2", "C1", "C2"], &["ZN"]),
    ("HA_X1", &["A", "B"], &["CO", "S"]),
    ("FA_X1", &["A", "B", "CI"], &["CO", "S"]),
];

/// `first` is 1 in the first of two clocks, `second` in the second, `valid` in the one with the answer.
const CONTROL: &str = "
    INV_X1 c1 (.A(second), .ZN(not_second));
    AND3_X1 c2 (.A1(en), .A2(high), .A3(not_second), .ZN(first));
    INV_X1 c3 (.A(first), .ZN(not_first));
    AND2_X1 c4 (.A1(en), .A2(not_first), .ZN(valid));
";

const BINDING: &str = "
    name = 'random'
    netlist = 'random.v'
    cells = 'nangate45.lib'
    module = 'random'
    max_clocks = 5
    clock = { port = 'clk' }
    reset = { port = 'rst_n', active = 'low' }
    operands = { rs1 = 'a', rs2 = 'b' }
    answer = { value = 'y', valid = 'valid' }
    idle = { en = 0, high = 0, signed = 0 }
    [operation]
    mul = { en = 1, high = 0, signed = 0 }
    mulh = { en = 1, high = 1, signed = 3 }
    mulhsu = { en = 1, high = 1, signed = 1 }
    mulhu = { en = 1, high = 1, signed = 0 }
";

fn seeded(seed: u64) -> Random {
    Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
}

/// What this file asks of the generator.
trait Choices {
    fn one_in(&mut self, n: usize) -> bool;
    fn net<'n>(&mut self, nets: &'n [String], latest: usize, any_one_in: usize) -> &'n str;
    fn tuple(&mut self) -> Tuple;
}

impl Choices for Random {
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Any of the nets, or, else there would be little depth, one of the latest.
    fn net<'n>(&mut self, nets: &'n [String], latest: usize, any_one_in: usize) -> &'n str {
        let among = if self.one_in(any_one_in) { nets.len() } else { latest.min(nets.len()) };
        &nets[nets.len() - 1 - self.below(among)]
    }

    fn tuple(&mut self) -> Tuple {
        Tuple { op: MulOp::ALL[self.below(4)], rs1: self.next() as u32, rs2: self.next() as u32 }
    }
}

/// A netlist and its binding while they are written.
struct Draft<'r> {
    random: &'r mut Random,
    ports: Vec<String>,
    body: String,
    binding: String,
    gates: usize,
}

impl<'r> Draft<'r> {
    fn new(random: &'r mut Random) -> Self {
        Self { random, ports: vec![], body: CONTROL.into(), binding: BINDING.into(), gates: 0 }
    }

    /// Writes it all, and builds the circuit.
    fn circuit(mut self) -> Circuit {
        self.common_ports();
        let mut nets = self.controls();
        nets.extend((0..32).flat_map(|i| [format!("a[{i}]"), format!("b[{i}]")]));
        if self.random.one_in(2) {
            nets.extend(["1'b0".to_owned(), "1'b1".to_owned()]);
        }
        let (registers, width) = (1 + self.random.below(2), 4 + self.random.below(40));
        let inside: Vec<bool> = (0..registers).map(|_| self.random.one_in(3)).collect();
        for (register, inside) in inside.iter().enumerate() {
            nets.extend(self.register_input(register, width, *inside));
        }
        let gates = 40 + self.random.below(200);
        self.logic(&mut nets, gates);
        for (register, inside) in inside.into_iter().enumerate() {
            if inside {
                self.register_inside(register, width, &nets);
            } else {
                self.register_output(register, width, &nets);
            }
        }
        self.assign("y", 32, &nets);
        let (ports, body) = (self.ports.join(", "), self.body);
        let verilog = format!("module random ({ports});\n{body}endmodule\n");
        let files = [("t.toml", &*self.binding), ("t.v", &*verilog), ("c.lib", LIBRARY)];
        Circuit::build(files).unwrap_or_else(|why| panic!("{why}:\n{}\n{verilog}", self.binding))
    }

    fn common_ports(&mut self) {
        for name in ["clk", "rst_n", "en", "high"] {
            self.ports.push(format!("input {name}"));
        }
        self.ports.push("input [1:0] signed".to_owned());
        self.ports.push("input [31:0] a, b".to_owned());
        self.ports.push("output [31:0] y".to_owned());
        self.ports.push("output valid".to_owned());
    }

    fn write(&mut self, line: &str) {
        self.body.push_str(line);
        self.body.push('\n');
    }

    /// The flip-flops; returns the nets that do not depend on the operands. The next state may not do so either, as the
    /// unit would carry state without any fault.
    fn controls(&mut self) -> Vec<String> {
        let with_reset = self.random.one_in(2);
        self.write(if with_reset {
            "DFFR_X1 f1 (.D(first), .CK(clk), .RN(rst_n), .Q(second));"
        } else {
            "DFF_X1 f1 (.D(first), .CK(clk), .Q(second));"
        });
        let names = ["en", "high", "signed[0]", "signed[1]", "first", "second"];
        let mut nets = names.map(str::to_owned).to_vec();
        self.logic(&mut nets, 6);
        // A flip-flop with both outputs, which is 1 when idle.
        let last = nets.pop().expect("logic has an output");
        self.write(&format!("NAND2_X1 c5 (.A1({last}), .A2(first), .ZN(next));"));
        self.write("DFFS_X1 f2 (.D(next), .CK(clk), .SN(rst_n), .Q(state), .QN(not_state));");
        nets.extend(["state".to_owned(), "not_state".to_owned()]);
        nets
    }

    /// Adds random gates behind `nets`, and their outputs to `nets`.
    fn logic(&mut self, nets: &mut Vec<String>, gates: usize) {
        for _ in 0..gates {
            let (cell, inputs, outputs) = GATES[self.random.below(GATES.len())];
            let gate = self.gates;
            self.gates += 1;
            let connect = |pin: &&str| format!(".{pin}({})", self.random.net(nets, 12, 2));
            let mut pins: Vec<String> = inputs.iter().map(connect).collect();
            pins.extend(outputs.iter().map(|pin| format!(".{pin}(w{gate}_{pin})")));
            self.write(&format!("{cell} g{gate} ({});", pins.join(", ")));
            nets.extend(outputs.iter().map(|pin| format!("w{gate}_{pin}")));
        }
    }

    /// What the logic sees of a register: its bits in the second clock, else 0, so that what an earlier operation left
    /// has no effect as long as there is no fault.
    fn register_input(&mut self, register: usize, width: usize, inside: bool) -> Vec<String> {
        if inside {
            self.write(&format!("wire [{}:0] q{register};", width - 1));
        } else {
            self.ports.push(format!("input [{}:0] q{register}", width - 1));
        }
        for i in 0..width {
            self.write(&format!(
                "AND2_X1 m{register}_{i} (.A1(q{register}[{i}]), .A2(second), .ZN(r{register}_{i}));"
            ));
        }
        (0..width).map(|i| format!("r{register}_{i}")).collect()
    }

    /// What is written to a register, and when: in the first of two clocks, or in each.
    fn register_output(&mut self, register: usize, width: usize, nets: &[String]) {
        self.ports.push(format!("output [{}:0] d{register}", width - 1));
        self.ports.push(format!("output write{register}"));
        self.assign(&format!("d{register}"), width, nets);
        let when = if self.random.one_in(3) { "en" } else { "first" };
        self.write(&format!("BUF_X1 b{register} (.A({when}), .Z(write{register}));"));
        let (reset, written_by_div) = (self.random.below(16), self.random.one_in(2));
        self.binding.push_str(&format!(
            "[[register]]\nq = 'q{register}'\nd = 'd{register}'\nwrite = 'write{register}'\n\
             reset = {reset}\nwritten_by_div = {written_by_div}\n"
        ));
    }

    /// The same inside: flip-flops that take what comes in each clock, some of them cleared or set at times. The core's divider
    /// may write those that have a Q.
    fn register_inside(&mut self, register: usize, width: usize, nets: &[String]) {
        let mut names = Vec::new();
        for i in 0..width {
            let (d, q) = (self.random.net(nets, 60, 8).to_owned(), format!("q{register}[{i}]"));
            let kind = self.random.below(4);
            self.write(&match kind {
                0 => format!("DFFR_X1 i{register}_{i} (.D({d}), .CK(clk), .RN(en), .Q({q}));"),
                1 => format!("DFFS_X1 i{register}_{i} (.D({d}), .CK(clk), .SN(rst_n), .Q({q}));"),
                2 => format!("DFF_X1 i{register}_{i} (.D({d}), .CK(clk), .Q({q}));"),
                _ => format!("DFF_X1 i{register}_{i} (.D({d}), .CK(clk), .QN({q}));"),
            });
            if kind < 3 {
                names.push(format!("'{q}'"));
            }
        }
        if !names.is_empty() && self.random.one_in(2) {
            let names = names.join(", ");
            self.binding.push_str(&format!(
                "[[register]]\nflip_flops = [{names}]\nwritten_by_div = true\n"
            ));
        }
    }

    fn assign(&mut self, port: &str, width: usize, nets: &[String]) {
        for i in 0..width {
            let net = self.random.net(nets, 60, 8);
            self.write(&format!("assign {port}[{i}] = {net};"));
        }
    }
}

/// What has been compared.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    netlists: usize,
    /// Faults under which answers depend on the operands alone; these are compared in every way.
    stateless: usize,
    /// Faults that carry state; there is only the naive evaluation beside the gates.
    stateful: usize,
    operations: usize,
    /// Faults under which an operation does not end.
    never: usize,
    /// Products over a range, by cones or by folded programs.
    tables: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.netlists += other.netlists;
        self.stateless += other.stateless;
        self.stateful += other.stateful;
        self.operations += other.operations;
        self.never += other.never;
        self.tables += other.tables;
    }
}

/// Random operations, divisions and a reset under one fault or several, by gates and naively.
fn compare_naively(circuit: &Arc<Circuit>, faults: &[Fault], random: &mut Random) {
    let name = || FaultSet::new(faults.to_vec(), circuit).unwrap().name(circuit.netlist());
    let mut gates = GateUnit::new(circuit.clone(), faults);
    let mut naive = Naive::new(circuit, faults);
    for i in 0..7 {
        if random.one_in(3) {
            let left = random.next() >> 30;
            gates.divided(left);
            naive.divided(left);
        }
        if i == 4 {
            gates.reset();
            naive.reset();
        }
        let Tuple { op, rs1, rs2 } = random.tuple();
        let answer = gates.exec(op, rs1, rs2);
        assert_eq!(naive.exec(op, rs1, rs2), answer, "{}: {op} {rs1:#x} {rs2:#x}", name());
    }
}

/// Random operations under one fault, by each way of evaluating it.
fn compare(circuit: &Arc<Circuit>, fault: Fault, random: &mut Random) -> Tally {
    if random.one_in(3) {
        compare_naively(circuit, &[fault], random);
    }
    let Ok(sequences) = Sequences::new(circuit, &[fault]) else {
        return Tally { stateful: 1, ..Tally::default() };
    };
    let mut tally = Tally { stateless: 1, ..Tally::default() };
    let tuples: Vec<Tuple> = (0..16).map(|_| random.tuple()).collect();
    let screened = screen::answers(&sequences, &tuples);
    let mut gates = GateUnit::new(circuit.clone(), &[fault]);
    let mut fast = FastUnit::new(circuit, sequences);
    // Some are learnt beforehand, as a campaign does; and all are asked twice, the second time known by the memo.
    fast.learn(&tuples[..4]);
    for i in (0..tuples.len()).chain(0..tuples.len()) {
        if random.one_in(3) {
            // A division writes the registers that both share.
            let left = random.next() >> 30;
            gates.divided(left);
            fast.divided(left);
        }
        let Tuple { op, rs1, rs2 } = tuples[i];
        let answer = gates.exec(op, rs1, rs2);
        tally.operations += 1;
        let name = fault.name(circuit.netlist());
        assert_eq!(fast.exec(op, rs1, rs2), answer, "{name}: {:x?}", tuples[i]);
        assert_eq!(screened[i], answer, "{name}: {:x?}", tuples[i]);
        assert_eq!(fast.counts(), gates.counts(), "{name}: {:x?}", tuples[i]);
        if answer == Answer::Never {
            // Nothing comes after it.
            tally.never += 1;
            break;
        }
    }
    tally
}

/// All products of a small range under a fault: by its cone, and by the folded program of the whole unit; where there is only a
/// cone, a few by gates, with other operations before.
fn compare_tables(
    circuit: &Arc<Circuit>,
    tables: &mut Tables,
    op: MulOp,
    fault: Fault,
    random: &mut Random,
) -> usize {
    let name = format!("{op}, {}", fault.name(circuit.netlist()));
    let range = tables.range();
    let tuple = |index| {
        let (rs1, rs2) = range.pair(index);
        Tuple { op, rs1, rs2 }
    };
    let whole = Sequences::new(circuit, &[fault]).ok().map(|sequences| {
        screen::answers(&sequences, &(0..range.pairs()).map(tuple).collect::<Vec<_>>())
    });
    let mut products = Vec::new();
    match tables.products(&[fault], &mut products) {
        Err(NoTable::CarriesState(_)) => {
            assert!(whole.is_none(), "{name} keeps no state");
            return 0;
        }
        Err(NoTable::Never) => {
            assert_eq!(whole.map(|w| w[0]), Some(Answer::Never), "{name}");
            return 0;
        }
        Err(NoTable::NotHere) => panic!("the netlist does all operations"),
        Ok(()) => assert_eq!(products.len(), range.pairs()),
    }
    for (index, answer) in whole.iter().flatten().enumerate() {
        let is = matches!(answer, Answer::Done { value, .. } if *value == products[index]);
        assert!(is, "{name}: {:x?}: table {:#x}, {answer:x?}", tuple(index), products[index]);
    }
    if whole.is_none() {
        let mut gates = GateUnit::new(circuit.clone(), &[fault]);
        for _ in 0..4 {
            let Tuple { op: other, rs1, rs2 } = random.tuple();
            gates.exec(other, rs1, rs2);
            gates.divided(random.next() >> 30);
            let index = random.below(range.pairs());
            let t = tuple(index);
            let answer = gates.exec(op, t.rs1, t.rs2);
            let is = matches!(answer, Answer::Done { value, .. } if value == products[index]);
            assert!(is, "{name}: {t:x?}: table {:#x}, gates {answer:x?}", products[index]);
        }
    }
    // A form adds errors to exact products. These netlists do not multiply, so a form is made from whole evaluation, if there is one.
    let form = tables.form(&[fault]);
    assert_eq!(form.is_ok(), whole.is_some(), "{name}");
    if let Ok(form) = form {
        for (index, product) in products.iter().enumerate() {
            let exact = op.product(tuple(index).rs1, tuple(index).rs2);
            assert_eq!(form.product(index, exact), *product, "{name}: {:x?}", tuple(index));
        }
    }
    1
}

/// One operation under 64 faults, a fault a lane, stuck or inverted in the first clock: each net is what it is with that fault alone.
fn compare_lanes(circuit: &Circuit, faults: &[Fault], random: &mut Random) {
    let tuple = random.tuple();
    let Operation::Netlist { first, later, .. } = circuit.operation(tuple.op) else { panic!() };
    let operands = u64::from(tuple.rs1) | u64::from(tuple.rs2) << 32;
    let operand = |bit: usize| [(operands >> bit & 1).wrapping_neg()];
    let is_stuck = |fault: &&Fault| matches!(fault.effect, Effect::Stuck(_));
    let run = |lanes: &dyn Fn(usize) -> Option<Lanes<1>>| {
        let inject = |(i, fault): (usize, &Fault)| Some(Injection::new(*fault, lanes(i)?));
        let all: Vec<_> = faults.iter().enumerate().filter_map(inject).collect();
        let stuck = faults.iter().enumerate().filter(|(_, fault)| is_stuck(fault));
        let stuck: Vec<_> = stuck.filter_map(inject).collect();
        let mut values = circuit.new_values();
        let mut state = circuit.reset_state(&mut values, &stuck);
        let mut clocks = Vec::new();
        for (drives, injections) in [(first, &all), (later, &stuck), (later, &stuck)] {
            circuit.settle(&mut values, drives, operand, &state, injections);
            circuit.clock_edge(&values, &mut state, injections);
            clocks.push(values[..circuit.netlist().net_count()].to_vec());
        }
        clocks
    };
    let together = run(&|i| Some([1 << i]));
    for (lane, fault) in faults.iter().enumerate() {
        let alone = run(&|i| (i == lane).then_some([u64::MAX]));
        for (clock, (together, alone)) in together.iter().zip(&alone).enumerate() {
            for (net, (t, a)) in (0..).zip(together.iter().zip(alone)) {
                let name = || (fault.name(circuit.netlist()), circuit.netlist().net_name(Net(net)));
                assert_eq!(t[0] >> lane & 1, a[0] & 1, "{:?}, clock {clock}", name());
            }
        }
    }
}

/// Compares every fault of one random netlist per seed.
fn compare_all(seeds: std::ops::Range<u64>) {
    let mut tally = Tally::default();
    for seed in seeds {
        println!("seed {seed}");
        let mut random = seeded(seed);
        let circuit = Arc::new(Draft::new(&mut random).circuit());
        tally.netlists += 1;
        let faults = universe(&circuit, Sites::All);
        for fault in &faults {
            tally += compare(&circuit, *fault, &mut random);
        }
        let range = Range::new(6 + seed as u32 % 2, 6).unwrap();
        for op in [MulOp::MUL, MulOp::MULH] {
            let mut tables = Tables::new(&circuit, op, range).unwrap();
            let from = random.below(12);
            for fault in faults.iter().skip(from).step_by(12) {
                tally.tables += compare_tables(&circuit, &mut tables, op, *fault, &mut random);
            }
        }
        let pick = |random: &mut Random| {
            let fault = faults[random.below(faults.len())];
            let (operation, clock) = (1 + random.below(6) as u64, 1 + random.below(2) as u32);
            let flip = Fault { effect: Effect::Flip { operation, clock }, ..fault };
            if random.one_in(3) { flip } else { fault }
        };
        for round in 0..60 {
            let some: Vec<Fault> = (0..1 + round % 3).map(|_| pick(&mut random)).collect();
            if let Ok(set) = FaultSet::new(some, &circuit) {
                compare_naively(&circuit, set.faults(), &mut random);
            }
        }
        let lanes: Vec<Fault> = (0..64).map(|_| pick(&mut random)).collect();
        compare_lanes(&circuit, &lanes, &mut random);
    }
    println!("{tally:?}");
    let n = tally.netlists;
    assert!(tally.stateless > 300 * n && tally.operations > 8_000 * n, "{tally:?}");
    assert!(tally.stateful > n && tally.never > 3 * n && tally.tables > 100 * n, "{tally:?}");
}

#[test]
fn every_fault_of_random_netlists_answers_the_same_however_it_is_evaluated() {
    compare_all(1..if cfg!(debug_assertions) { 4 } else { 26 });
}

#[test]
#[ignore = "200 netlists: some minutes in release mode"]
fn every_fault_of_two_hundred_random_netlists_answers_the_same_however_it_is_evaluated() {
    compare_all(1000..1200);
}

/// A flip-flop that has an output which does not wait for the clock: Y is the inverse of D.
const FLIP_FLOP_WITH_GATE: &str = r#"
  cell (FFX) {
    area : 1.0;
    ff (IQ, IQN) { next_state : "E"; clocked_on : "CK"; }
    pin (D) { direction : input; }
    pin (E) { direction : input; }
    pin (CK) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; }
    pin (Y) { direction : output; function : "!D"; }
  }
}
"#;

/// Answers with its first operand. Bit 0 comes through such a flip-flop, which stands before the driver of its D.
const THROUGH_FLIP_FLOP: &str = "
    module through (input clk, en, input [31:0] a, b, output [31:0] y);
    FFX f (.D(n), .E(en), .CK(clk), .Q(q), .Y(y[0]));
    INV_X1 i (.A(a[0]), .ZN(n));
    assign y[31:1] = a[31:1];
    endmodule
";

const THROUGH_BINDING: &str = "
    name = 'through'
    netlist = 'through.v'
    cells = 'with_ffx.lib'
    module = 'through'
    max_clocks = 5
    clock = { port = 'clk' }
    operands = { rs1 = 'a', rs2 = 'b' }
    answer = { value = 'y' }
    idle = { en = 0 }
    operation = { mul = { en = 0 }, mulh = { en = 0 }, mulhsu = { en = 0 }, mulhu = { en = 0 } }
";

#[test]
fn a_combinational_output_of_a_flip_flop_is_evaluated_after_the_drivers_of_its_inputs() {
    let cells = LIBRARY.trim_end().strip_suffix('}').expect("the library ends with its brace");
    let library = format!("{cells}{FLIP_FLOP_WITH_GATE}");
    let files = [("t.toml", THROUGH_BINDING), ("t.v", THROUGH_FLIP_FLOP), ("c.lib", &*library)];
    let circuit = Arc::new(Circuit::build(files).unwrap());
    let sound = Sequences::new(&circuit, &[]).unwrap();
    let mut unit = GateUnit::new(circuit, &[]);
    // Each 1 comes after a 0 and the other way round: the answer must not be late.
    for rs1 in [1, 0, 1, 1, 0, 0, 0xffff_ffff, 0xffff_fffe, 1] {
        let expected = Answer::Done { value: rs1, cycles: 1 };
        assert_eq!(unit.exec(MulOp::MUL, rs1, 0), expected, "{rs1:#x}");
        let tuple = Tuple { op: MulOp::MUL, rs1, rs2: 0 };
        assert_eq!(screen::answers(&sound, &[tuple]), [expected], "{rs1:#x}");
    }
}

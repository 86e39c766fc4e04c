//! Every kind of fault does what a naive evaluation of the netlist says (`common/naive.rs`): stuck and inverted, at nets and pins,
//! alone and together.

mod common;
#[path = "common/naive.rs"]
mod naive;
#[path = "common/units.rs"]
mod units;

use common::Random;
use naive::Naive;
use std::sync::Arc;
use stuckat::netlist::fast_unit::FastUnit;
use stuckat::netlist::fault::{Fault, FaultSet, Names, Sites, universe};
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::netlist::sequence::Sequences;
use stuckat::netlist::{Circuit, Effect, screen};
use stuckat::unit::{Answer, MulOp, Tuple, Unit};
use units::Operands;

const CELLS: &str = include_str!("../netlists/cells/nangate45.lib");

/// The same operations, divisions and resets by gates, naively, and, if the faults carry no state, by folded programs. Returns
/// whether they carry none, and how many answers were not those of a sound unit.
fn compare(circuit: &Arc<Circuit>, faults: &[Fault], tuples: &[Tuple]) -> (bool, usize) {
    let set = FaultSet::new(faults.to_vec(), circuit).expect("the faults go together");
    let name = format!("{}: {}", circuit.name(), set.name(circuit.netlist()));
    let mut gates = GateUnit::new(circuit.clone(), set.faults());
    let mut naive = Naive::new(circuit, set.faults());
    let mut sound = Naive::new(circuit, &[]);
    let mut answers = Vec::new();
    let mut changed = 0;
    for (i, t) in tuples.iter().enumerate() {
        if i % 5 == 3 {
            let left = u64::from(t.rs2) << 2 | 1;
            gates.divided(left);
            naive.divided(left);
        }
        if i % 16 == 15 {
            gates.reset();
            naive.reset();
        }
        let answer = gates.exec(t.op, t.rs1, t.rs2);
        assert_eq!(answer, naive.exec(t.op, t.rs1, t.rs2), "{name}: operation {i}, {t:x?}");
        changed += usize::from(answer != sound.exec(t.op, t.rs1, t.rs2));
        answers.push(answer);
    }
    let Ok(sequences) = Sequences::new(circuit, set.faults()) else { return (false, changed) };
    // After an operation that never answers nothing comes.
    let end = answers.iter().position(|a| *a == Answer::Never).map_or(answers.len(), |i| i + 1);
    assert_eq!(screen::answers(&sequences, &tuples[..end]), answers[..end], "{name}, folded");
    let mut fast = FastUnit::new(circuit, sequences);
    for (t, answer) in tuples.iter().zip(&answers[..end]) {
        assert_eq!(fast.exec(t.op, t.rs1, t.rs2), *answer, "{name}, by memo: {t:x?}");
    }
    (true, changed)
}

#[test]
fn single_faults_of_every_multiplier_do_what_a_naive_evaluation_says() {
    let mut random = Random(11);
    for named in units::ALL {
        let circuit = named.circuit();
        let step = if cfg!(debug_assertions) { 2003 } else { 173 };
        let (mut count, mut changed) = (0, 0);
        for fault in universe(&circuit, Sites::All).into_iter().step_by(step) {
            changed += compare(&circuit, &[fault], &random.tuples(18)).1;
            count += 1;
        }
        println!("{}: {count} faults, {changed} of {} answers wrong", named.name, count * 18);
        assert!(changed * 20 > count * 18);
    }
}

#[test]
fn faults_together_do_what_a_naive_evaluation_says() {
    let mut random = Random(12);
    for named in units::ALL {
        let circuit = named.circuit();
        let faults = universe(&circuit, Sites::All);
        let (mut count, mut changed) = (0, 0);
        while count < if cfg!(debug_assertions) { 2 } else { 60 } {
            let flip = Effect::Flip {
                operation: 1 + random.below(14) as u64,
                clock: 1 + random.below(circuit.latency().max() as usize) as u32,
            };
            let pick = |_| {
                let fault = faults[random.below(faults.len())];
                if random.below(4) == 0 { Fault { effect: flip, ..fault } } else { fault }
            };
            let some: Vec<Fault> = (0..2 + count % 2).map(pick).collect();
            if FaultSet::new(some.clone(), &circuit).is_ok() {
                changed += compare(&circuit, &some, &random.tuples(18)).1;
                count += 1;
            }
        }
        println!("{}: {count} sets, {changed} of {} answers wrong", named.name, count * 18);
        assert!(changed * 20 > count * 18);
    }
}

/// A flip in the combinational multipliers changes one operation and no other, to what the inverted net gives.
#[test]
fn a_flip_is_there_in_its_operation_and_no_other() {
    let mut random = Random(13);
    for named in units::ALL {
        let circuit = named.circuit();
        let combinational = circuit.program().flops.is_empty();
        let faults = universe(&circuit, Sites::All);
        let mut seen = 0;
        for _ in 0..if cfg!(debug_assertions) { 3 } else { 100 } {
            let fault = faults[random.below(faults.len())];
            let (operation, clock) = (1 + random.below(6) as u64, 1 + random.below(4) as u32);
            let flip = Fault { effect: Effect::Flip { operation, clock }, ..fault };
            let tuples = random.tuples(8);
            compare(&circuit, &[flip], &tuples);
            let mut sound = GateUnit::new(circuit.clone(), &[]);
            let mut unit = GateUnit::new(circuit.clone(), &[flip]);
            for (number, t) in (1..).zip(&tuples) {
                let name = flip.name(circuit.netlist());
                let [now, right] = [&mut unit, &mut sound].map(|u| u.exec(t.op, t.rs1, t.rs2));
                let late = clock > circuit.latency().of(t.op);
                let hit = number == operation && !late && named.operations.contains(&t.op);
                if combinational && !hit || number < operation {
                    assert_eq!(now, right, "{}: {name}, operation {number}", named.name);
                }
                seen += usize::from(now != right);
            }
            assert!(Sequences::new(&circuit, &[flip]).is_err(), "a flip has no folded program");
        }
        assert!(seen > 0, "{}: no flip changed an answer", named.name);
    }
}

/// A site that is named twice, once as a net and once as the pin that drives it, is inverted once.
#[test]
fn a_flip_of_a_net_and_of_its_driving_pin_is_one_flip() {
    let circuit = units::ALL[3].circuit();
    let netlist = circuit.netlist();
    let pin = netlist.pins().find(|pin| {
        let port = netlist.port("p_o").expect("the product");
        !netlist.is_input(*pin) && netlist.at(*pin) == Some(port.bits[0])
    });
    let pin = netlist.pin_name(pin.expect("a cell drives the lowest product bit"));
    let names = Names::new(&circuit);
    let net = netlist.net_name(netlist.port("p_o").unwrap().bits[0]);
    let once = names.set(&format!("{net}/FLIP@1")).unwrap();
    let twice = names.set(&format!("{net}/FLIP@1+{pin}/FLIP@1")).unwrap();
    let [once, twice] = [once, twice]
        .map(|set| GateUnit::new(circuit.clone(), set.faults()).exec(MulOp::MUL, 3, 5));
    assert_eq!(once, Answer::Done { value: 14, cycles: 1 });
    assert_eq!(twice, once);
}

/// Every kind of flip-flop, set and cleared by the reset, behind inverters, or by a control input; adders of a net with itself;
/// pins on constants; wide gates in which a net occurs twice; a net that is an input and an output at once; an open output.
const ODD: &str = "
    module odd (input clk, rst_n, go, input [31:0] a, b, output [31:0] y, output done);
    INV_X1 i0 (.A(rst_n), .ZN(rst));
    INV_X1 i1 (.A(rst), .ZN(rst_n_b));
    DFFR_X1 f0 (.D(go), .CK(clk), .RN(rst_n), .Q(s0), .QN());
    AND2_X1 g0 (.A1(s0), .A2(go), .ZN(run));
    INV_X1 i2 (.A(go), .ZN(go_n));
    DFFS_X1 f1 (.D(go_n), .CK(clk), .SN(rst_n_b), .Q(s1), .QN(s1n));
    DFF_X1 f2 (.D(a[0]), .CK(clk), .QN(d0n));
    DFF_X1 f3 (.D(b[0]), .CK(clk), .Q(d1));
    DFFR_X1 f4 (.D(a[1]), .CK(clk), .RN(go), .Q(d2));
    DFFS_X1 f5 (.D(b[1]), .CK(clk), .SN(go), .Q(d3), .QN(d3n));
    HA_X1 h0 (.A(a[2]), .B(a[2]), .CO(y[2]), .S(y[3]));
    FA_X1 h1 (.A(b[3]), .B(a[3]), .CI(b[3]), .CO(y[4]), .S(y[5]));
    FA_X1 h2 (.A(1'b1), .B(a[4]), .CI(1'b0), .CO(y[6]), .S(y[7]));
    AOI222_X1 w0 (.A1(a[5]), .A2(b[5]), .B1(a[5]), .B2(b[6]), .C1(1'b1), .C2(b[7]), .ZN(y[8]));
    OAI33_X1 w1 (.A1(a[6]), .A2(a[6]), .A3(a[7]), .B1(b[8]), .B2(1'b0), .B3(a[6]), .ZN(y[9]));
    MUX2_X1 m0 (.A(a[8]), .B(a[8]), .S(b[9]), .Z(y[10]));
    MUX2_X1 m1 (.A(a[9]), .B(s1), .S(a[9]), .Z(y[11]));
    XOR2_X1 x0 (.A(d0n), .B(d1), .Z(y[0]));
    XOR2_X1 x1 (.A(d2), .B(d3n), .Z(y[1]));
    AND2_X1 x2 (.A1(d3), .A2(d3), .ZN(y[12]));
    NAND4_X1 x3 (.A1(s0), .A2(s1n), .A3(a[10]), .A4(s0), .ZN(y[13]));
    LOGIC1_X1 l1 (.Z(one));
    BUF_X1 l2 (.A(one), .Z(y[14]));
    assign y[15] = b[10];
    assign y[16] = d1;
    assign y[31:17] = a[31:17];
    BUF_X1 v0 (.A(run), .Z(done));
    endmodule
";

const ODD_BINDING: &str = "
    name = 'odd'
    netlist = 'odd.v'
    cells = 'nangate45.lib'
    module = 'odd'
    max_clocks = 4
    clock = { port = 'clk' }
    reset = { port = 'rst_n', active = 'low' }
    operands = { rs1 = 'a', rs2 = 'b' }
    answer = { value = 'y', valid = 'done' }
    idle = { go = 0 }
    operation = { mul = { go = 1 }, mulh = { go = 1 }, mulhsu = { go = 1 }, mulhu = { go = 1 } }
    register = [{ flip_flops = ['d2', 'd1'], written_by_div = true }]
";

fn odd() -> Arc<Circuit> {
    let files = [("odd.toml", ODD_BINDING), ("odd.v", ODD), ("nangate45.lib", CELLS)];
    Arc::new(Circuit::build(files).unwrap_or_else(|why| panic!("{why}")))
}

#[test]
fn every_fault_of_an_odd_sequential_netlist_does_what_a_naive_evaluation_says() {
    let circuit = odd();
    let mut random = Random(14);
    let mut stateless = 0;
    let faults: Vec<Fault> =
        [Sites::All, Sites::Pins].into_iter().flat_map(|sites| universe(&circuit, sites)).collect();
    for fault in &faults {
        stateless += usize::from(compare(&circuit, &[*fault], &random.tuples(32)).0);
    }
    println!("{} faults, {stateless} keep no state", faults.len());
    assert!(stateless > faults.len() / 2 && stateless < faults.len());
}

#[test]
fn two_and_three_faults_and_flips_of_an_odd_netlist_do_what_a_naive_evaluation_says() {
    let circuit = odd();
    let mut random = Random(15);
    let faults = universe(&circuit, Sites::All);
    let mut compared = 0;
    for round in 0..if cfg!(debug_assertions) { 300 } else { 4000 } {
        let some = (0..1 + round % 3).map(|_| {
            let fault = faults[random.below(faults.len())];
            let (operation, clock) = (1 + random.below(14) as u64, 1 + random.below(2) as u32);
            let flip = Fault { effect: Effect::Flip { operation, clock }, ..fault };
            if random.below(3) == 0 { flip } else { fault }
        });
        let some: Vec<Fault> = some.collect();
        if FaultSet::new(some.clone(), &circuit).is_ok() {
            compare(&circuit, &some, &random.tuples(20));
            compared += 1;
        }
    }
    assert!(compared > 250);
}

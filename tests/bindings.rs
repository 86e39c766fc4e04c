//! What a binding can say, one small hand-written netlist for each: what it does can be told at sight.
//!
//! They do not multiply, which `Circuit::build` does not mind; the expected answers stand beside them.

mod common;
#[path = "common/naive.rs"]
mod naive;
#[path = "common/units.rs"]
mod units;

use common::Random;
use naive::Naive;
use std::sync::Arc;
use stuckat::netlist::fast_unit::FastUnit;
use stuckat::netlist::fault::{Fault, Names, Sites, universe};
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::netlist::sequence::Sequences;
use stuckat::netlist::{Circuit, screen};
use stuckat::unit::{Answer, MulOp, State, Tuple, Unit};
use units::Operands;

const CELLS: &str = include_str!("../netlists/cells/nangate45.lib");

/// A circuit from the ports and cells of a module and the rest of its binding.
fn circuit(binding: &str, ports: &str, body: &str) -> Arc<Circuit> {
    build(binding, ports, body).unwrap_or_else(|why| panic!("{why}"))
}

fn build(binding: &str, ports: &str, body: &str) -> Result<Arc<Circuit>, String> {
    let binding = format!(
        "name = 'small'\nnetlist = 'small.v'\ncells = 'nangate45.lib'\nmodule = 'small'\n{binding}"
    );
    let verilog = format!("module small ({ports});\n{body}endmodule\n");
    let files = [("small.toml", &*binding), ("small.v", &*verilog), ("nangate45.lib", CELLS)];
    Circuit::build(files).map(Arc::new).map_err(|why| why.to_string())
}

/// A line for each of 32 bits.
fn bits(line: impl Fn(usize) -> String) -> String {
    (0..32).map(|i| line(i) + "\n").collect()
}

fn fault(circuit: &Circuit, name: &str) -> Vec<Fault> {
    Names::new(circuit).set(name).expect("the fault is there").faults().to_vec()
}

/// Without a fault the unit answers `expected` after so many clocks, by gates and by folded programs.
fn answers(circuit: &Arc<Circuit>, cycles: u32, expected: impl Fn(Tuple) -> u32) {
    let mut gates = GateUnit::new(circuit.clone(), &[]);
    let mut naive = Naive::new(circuit, &[]);
    let sequences = Sequences::new(circuit, &[]).expect("it keeps no state");
    for t in Random(1).tuples(200) {
        let answer = Answer::Done { value: expected(t), cycles };
        assert_eq!(gates.exec(t.op, t.rs1, t.rs2), answer, "{t:x?}");
        assert_eq!(naive.exec(t.op, t.rs1, t.rs2), answer, "{t:x?}, naively");
        assert_eq!(screen::answers(&sequences, &[t]), [answer], "{t:x?}, folded");
    }
}

/// Every fault, by gates, naively and, without state, folded; gives the names of those that carry state.
fn carrying(circuit: &Arc<Circuit>) -> Vec<String> {
    let mut random = Random(2);
    let mut carrying = Vec::new();
    for fault in universe(circuit, Sites::All) {
        let name = fault.name(circuit.netlist());
        let mut gates = GateUnit::new(circuit.clone(), &[fault]);
        let mut naive = Naive::new(circuit, &[fault]);
        let sequences = Sequences::new(circuit, &[fault]);
        let mut fast = sequences.ok().map(|sequences| FastUnit::new(circuit, sequences));
        if fast.is_none() {
            carrying.push(name.clone());
        }
        for (i, t) in random.tuples(12).into_iter().enumerate() {
            if i % 3 == 1 {
                gates.divided(random.0);
                naive.divided(random.0);
            }
            let answer = gates.exec(t.op, t.rs1, t.rs2);
            assert_eq!(naive.exec(t.op, t.rs1, t.rs2), answer, "{name}: {t:x?}, naively");
            if let Some(fast) = &mut fast {
                assert_eq!(fast.exec(t.op, t.rs1, t.rs2), answer, "{name}: {t:x?}, folded");
                if answer != Answer::Never {
                    assert_eq!(fast.counts(), gates.counts(), "{name}: {t:x?}");
                }
            }
            if answer == Answer::Never {
                break;
            }
        }
    }
    carrying
}

const FOUR_EMPTY: &str = "operation = { mul = {}, mulh = {}, mulhsu = {}, mulhu = {} }\n";

#[test]
fn operands_answers_and_controls_can_be_parts_of_ports_and_lists_of_parts() {
    let binding = "
        max_clocks = 1
        operands = { rs1 = 'x[35:4]', rs2 = ['b_hi', 'b_lo'] }
        answer = { low = ['p[7:0]', 'p[31:8]'], high = 'p[63:32]' }
        idle = { 'x[3:0]' = 0, 'x[39:36]' = 0, 'ctrl[0]' = 0, 'ctrl[3:1]' = 0 }
        [operation]
        mul = { 'x[3:0]' = 9, 'x[39:36]' = 4, 'ctrl[0]' = 0, 'ctrl[3:1]' = 0 }
        mulh = { 'x[3:0]' = 0, 'x[39:36]' = 0, 'ctrl[0]' = 1, 'ctrl[3:1]' = 0 }
        mulhsu = { 'x[3:0]' = 0, 'x[39:36]' = 0, 'ctrl[0]' = 0, 'ctrl[3:1]' = 2 }
        mulhu = { 'x[3:0]' = 0, 'x[39:36]' = 0, 'ctrl[0]' = 0, 'ctrl[3:1]' = 0 }
    ";
    let ports = "input [39:0] x, input [15:0] b_hi, b_lo, input [3:0] ctrl, output [63:0] p";
    let b = |i: usize| if i < 16 { format!("b_lo[{i}]") } else { format!("b_hi[{}]", i - 16) };
    // Above: a & b, or a | b if ctrl[0], or a if ctrl[2]. Below: a ^ b, in which bits 0 to 7 see x[3:0] and x[39:36].
    let mut body = bits(|i| {
        let (a, b, j) = (4 + i, b(i), 32 + i);
        let extra = match i {
            0..4 => format!("x[{i}]"),
            4..8 => format!("x[{}]", 32 + i),
            _ => "1'b0".to_owned(),
        };
        format!(
            "XOR2_X1 e{i} (.A(x[{a}]), .B({b}), .Z(e_{i}));
             XOR2_X1 f{i} (.A(e_{i}), .B({extra}), .Z(p[{i}]));
             AND2_X1 g{i} (.A1(x[{a}]), .A2({b}), .ZN(g_{i}));
             OR2_X1 h{i} (.A1(x[{a}]), .A2({b}), .ZN(h_{i}));
             MUX2_X1 k{i} (.A(g_{i}), .B(h_{i}), .S(ctrl[0]), .Z(k_{i}));
             MUX2_X1 m{i} (.A(k_{i}), .B(x[{a}]), .S(ctrl[2]), .Z(p[{j}]));"
        )
    });
    body.push_str("BUF_X1 unused (.A(ctrl[3]), .Z(nothing));\n");
    let circuit = circuit(binding, ports, &body);
    answers(&circuit, 1, |t| match t.op.index() {
        // The list puts p[7:0] above p[31:8].
        0 => ((t.rs1 ^ t.rs2) ^ 0x49).rotate_right(8),
        1 => t.rs1 | t.rs2,
        2 => t.rs1,
        _ => t.rs1 & t.rs2,
    });
    assert_eq!(carrying(&circuit), [""; 0]);
}

#[test]
fn sign_inputs_repeat_bit_31_for_signed_operands_and_are_0_for_others() {
    let binding = "
        max_clocks = 1
        operands = { rs1 = 'a[31:0]', rs1_sign = 'a[32]', rs2 = 'b[31:0]', rs2_sign = ['s', 'b[33:32]'] }
        answer = { value = 'y' }
        operation = { mul = {}, mulh = {}, mulhsu = {}, mulhu = {} }
    ";
    let ports = "input [32:0] a, input [33:0] b, input s, output [31:0] y";
    let body = "assign y = {a[32], b[33:32], s, a[27:4], b[31:28]};\n";
    let circuit = circuit(binding, ports, body);
    answers(&circuit, 1, |t| {
        let signs = [(t.rs1, t.op.signed_rs1), (t.rs2, t.op.signed_rs2)];
        let [a, b] = signs.map(|(x, signed)| if signed { x >> 31 } else { 0 });
        a << 31 | (b * 7) << 28 | (t.rs1 >> 4 & 0xff_ffff) << 4 | t.rs2 >> 28
    });
    // A stuck sign input is stuck for every operation.
    let stuck = fault(&circuit, "a[32]/SA1");
    let mut unit = GateUnit::new(circuit.clone(), &stuck);
    for op in MulOp::ALL {
        assert_eq!(unit.exec(op, 0, 0), Answer::Done { value: 1 << 31, cycles: 1 });
    }
}

/// Two stages without any control: operands are there in the first clock alone, the answer stands in the third.
const PIPELINE: &str = "
    max_clocks = 5
    clock = { port = 'clk' }
    operands = { rs1 = 'a', rs2 = 'b', held = false }
";

fn pipeline_body() -> String {
    bits(|i| {
        format!(
            "DFF_X1 r{i} (.D(a[{i}]), .CK(clk), .Q(r_{i}));
             DFF_X1 s{i} (.D(b[{i}]), .CK(clk), .Q(s_{i}));
             XOR2_X1 x{i} (.A(r_{i}), .B(s_{i}), .Z(x_{i}));
             DFF_X1 t{i} (.D(x_{i}), .CK(clk), .Q(y[{i}]));"
        )
    })
}

#[test]
fn a_pipeline_answers_in_a_fixed_clock_with_operands_that_were_there_once() {
    let clocks =
        "answer = { value = 'y', clocks = { mul = 3, mulh = 3, mulhsu = 3, mulhu = 3 } }\n";
    let ports = "input clk, input [31:0] a, b, output [31:0] y";
    let body = pipeline_body();
    let circuit = circuit(&format!("{PIPELINE}{clocks}{FOUR_EMPTY}"), ports, &body);
    answers(&circuit, 3, |t| t.rs1 ^ t.rs2);
    assert!(circuit.data_flops().iter().all(|data| *data));
    // Whatever is left in the stages is never looked at: only a stage that keeps it because it has no clock carries state.
    let carrying = carrying(&circuit);
    assert_eq!(carrying.len(), 2 * 96, "{carrying:?}");
    assert!(carrying.iter().all(|name| name.contains("/CK/")), "{carrying:?}");
    // A clock later the operands, which are not held, have passed.
    let late = clocks.replace('3', "4");
    let circuit = self::circuit(&format!("{PIPELINE}{late}{FOUR_EMPTY}"), ports, &body);
    answers(&circuit, 4, |_| 0);
    // Two clocks too early: what stands there is of an earlier operation.
    for early in ["1", "2"] {
        let early = clocks.replace('3', early);
        let why = build(&format!("{PIPELINE}{early}{FOUR_EMPTY}"), ports, &body).unwrap_err();
        assert!(why.contains("depends on an earlier operation"), "{why}");
    }
    let held = PIPELINE.replace("held = false", "held = true");
    let circuit = self::circuit(&format!("{held}{late}{FOUR_EMPTY}"), ports, &body);
    answers(&circuit, 4, |t| t.rs1 ^ t.rs2);
}

#[test]
fn operations_can_stand_in_different_clocks_and_in_other_hardware() {
    let binding = "
        max_clocks = 3
        clock = { port = 'clk' }
        operands = { rs1 = 'a', rs2 = 'b' }
        answer = { low = 'y', clocks = { mul = 3 } }
        operation = { mul = {} }
        exact = { mulh = 7, mulhsu = 7, mulhu = 7 }
    ";
    let ports = "input clk, input [31:0] a, b, output [31:0] y";
    let circuit = circuit(binding, ports, &pipeline_body());
    assert_eq!((circuit.latency().low, circuit.latency().high), (3, 7));
    let stuck = fault(&circuit, "y[3]/SA1");
    let mut gates = GateUnit::new(circuit.clone(), &stuck);
    let mut fast = FastUnit::new(&circuit, Sequences::new(&circuit, &stuck).unwrap());
    for (i, t) in Random(4).tuples(300).into_iter().enumerate() {
        let expected = match t.op {
            MulOp::MUL => Answer::Done { value: (t.rs1 ^ t.rs2) | 8, cycles: 3 },
            _ => Answer::Done { value: units::wide_product(t), cycles: 7 },
        };
        assert_eq!(gates.exec(t.op, t.rs1, t.rs2), expected, "operation {i}");
        assert_eq!(fast.exec(t.op, t.rs1, t.rs2), expected, "operation {i}");
        assert_eq!(gates.counts(), fast.counts());
    }
    assert_eq!(gates.max_cycles(), 7);
    assert_eq!(fast.max_cycles(), 7);
    // Operations count for flips whoever does them.
    let mut unit = GateUnit::new(circuit.clone(), &fault(&circuit, "y[0]/FLIP@2.3"));
    unit.exec(MulOp::MULH, 1, 1);
    assert_eq!(unit.exec(MulOp::MUL, 6, 0), Answer::Done { value: 7, cycles: 3 });
    assert_eq!(unit.exec(MulOp::MUL, 6, 0), Answer::Done { value: 6, cycles: 3 });
}

/// A start pulse loads the operands into `r` and `s`; three clocks later `done`. `r` keeps what it has until the next start.
fn started(active: &str) -> (String, String) {
    let binding = format!(
        "
        max_clocks = 8
        clock = {{ port = 'clk' }}
        reset = {{ port = 'rst', active = 'high' }}
        start = {{ port = 'start', active = '{active}' }}
        operands = {{ rs1 = 'a', rs2 = 'b', held = false }}
        answer = {{ value = 'y', valid = 'done' }}
        {FOUR_EMPTY}"
    );
    let gate = if active == "high" {
        "BUF_X1 st (.A(start), .Z(go))"
    } else {
        "INV_X1 st (.A(start), .ZN(go))"
    };
    let control = format!(
        "INV_X1 ri (.A(rst), .ZN(rst_n));
         {gate};
         BUF_X1 lo (.A(go), .Z(load));
         DFFR_X1 c1 (.D(go), .CK(clk), .RN(rst_n), .Q(q1));
         DFFR_X1 c2 (.D(q1), .CK(clk), .RN(rst_n), .Q(q2));
         DFFR_X1 c3 (.D(q2), .CK(clk), .RN(rst_n), .Q(done));
        "
    );
    let data = bits(|i| {
        format!(
            "MUX2_X1 m{i} (.A(r_{i}), .B(a[{i}]), .S(load), .Z(n_{i}));
             DFF_X1 r{i} (.D(n_{i}), .CK(clk), .Q(r_{i}));
             MUX2_X1 k{i} (.A(s_{i}), .B(b[{i}]), .S(load), .Z(o_{i}));
             DFF_X1 s{i} (.D(o_{i}), .CK(clk), .Q(s_{i}));
             XOR2_X1 x{i} (.A(r_{i}), .B(s_{i}), .Z(y[{i}]));"
        )
    });
    (binding, control + &data)
}

#[test]
fn a_start_pulse_is_there_in_the_first_clock_and_at_no_other_time() {
    let ports = "input clk, rst, start, input [31:0] a, b, output [31:0] y, output done";
    for active in ["high", "low"] {
        let (binding, body) = started(active);
        let circuit = circuit(&binding, ports, &body);
        answers(&circuit, 4, |t| t.rs1 ^ t.rs2);
        assert_eq!(circuit.data_flops().iter().filter(|data| **data).count(), 64);
        // What the last operation left in `r` is harmless, unless it is looked at because nothing is loaded.
        let carries = |name: &str| Sequences::new(&circuit, &fault(&circuit, name)).err();
        for name in ["n_7/SA0", "r_7/SA1", "s_0/SA0", "x31/A/SA1", "m3/B/SA1", "y[3]/SA0"] {
            assert_eq!(carries(name), None, "{name}");
        }
        for name in ["load/SA0", "m3/S/SA0", "k9/S/SA0", "r8/CK/SA1"] {
            let why = carries(name).unwrap_or_else(|| panic!("{name} carries state")).to_string();
            assert!(why.contains("earlier operation") || why.contains("clock"), "{name}: {why}");
        }
        // Loading always, it loads the zeros that come after the operands.
        let mut unit = GateUnit::new(circuit.clone(), &fault(&circuit, "load/SA1"));
        assert_eq!(unit.exec(MulOp::MUL, 99, 5), Answer::Done { value: 0, cycles: 4 });
        // Never loading: with the state of reset, 0, and nothing else ever.
        let mut unit = GateUnit::new(circuit.clone(), &fault(&circuit, "load/SA0"));
        assert_eq!(unit.exec(MulOp::MUL, 99, 5), Answer::Done { value: 0, cycles: 4 });
        // One bit is not loaded when it should be, and keeps what an earlier operation loaded before it broke: a flip.
        let mut unit = GateUnit::new(circuit.clone(), &fault(&circuit, "m0/S/FLIP@2"));
        for (rs1, value) in [(1, 1), (0, 1), (0, 0)] {
            assert_eq!(unit.exec(MulOp::MUL, rs1, 0), Answer::Done { value, cycles: 4 });
        }
        // A state machine that never answers, without carrying anything: it is stuck.
        for name in ["q2/SA0", "done/SA0", "c2/D/SA0", "c3/RN/SA0"] {
            let faults = fault(&circuit, name);
            let sequences =
                Sequences::new(&circuit, &faults).unwrap_or_else(|why| panic!("{name}: {why}"));
            assert!(MulOp::ALL.iter().all(|op| sequences.of(*op).cycles().is_none()), "{name}");
            let mut unit = GateUnit::new(circuit.clone(), &faults);
            assert_eq!(unit.exec(MulOp::MUL, 1, 2), Answer::Never, "{name}");
            assert_eq!(unit.counts().wrong, 1);
        }
        // `done` too early: the answer is there in the first clock, and is of the operation before.
        let mut unit = GateUnit::new(circuit.clone(), &fault(&circuit, "done/SA1"));
        assert_eq!(unit.exec(MulOp::MUL, 9, 3), Answer::Done { value: 0, cycles: 1 });
        assert_eq!(unit.exec(MulOp::MUL, 1, 1), Answer::Done { value: 10, cycles: 1 });
        assert!(carries("done/SA1").is_some());
        // What was saved between the two is gone on with in another unit, flips by their number too.
        for name in ["done/SA1", "m0/S/FLIP@3"] {
            let faults = fault(&circuit, name);
            let mut unit = GateUnit::new(circuit.clone(), &faults);
            let before = [(9, 3), (1, 0)].map(|(rs1, rs2)| unit.exec(MulOp::MUL, rs1, rs2));
            assert!(before.iter().all(|answer| *answer != Answer::Never));
            let saved = unit.save();
            let after = [(0, 0), (0, 0)].map(|(rs1, rs2)| unit.exec(MulOp::MUL, rs1, rs2));
            let mut other = GateUnit::new(circuit.clone(), &faults);
            other.restore(&saved).unwrap();
            let again = [(0, 0), (0, 0)].map(|(rs1, rs2)| other.exec(MulOp::MUL, rs1, rs2));
            assert_eq!((again, other.counts()), (after, unit.counts()), "{name}");
            let mut fresh = GateUnit::new(circuit.clone(), &faults);
            let unlike = [(0, 0), (0, 0)].map(|(rs1, rs2)| fresh.exec(MulOp::MUL, rs1, rs2));
            assert_ne!(unlike, after, "{name}: the state matters");
            let foreign = State { bits: vec![false; 3], ..saved };
            let own = foreign.bits.len();
            assert!(other.restore(&foreign).is_err_and(|e| e.saved == own && e.own > 64));
        }
        let carrying = carrying(&circuit);
        assert!(carrying.len() > 128 && carrying.len() < 300, "{}: {carrying:?}", carrying.len());
    }
}

/// An accumulator inside: loaded with `a`, then `b` is combined with it. The core's divider leaves its result there.
fn accumulator(register: &str) -> (String, String) {
    let binding = format!(
        "
        max_clocks = 4
        clock = {{ port = 'clk' }}
        reset = {{ port = 'rst_n', active = 'low' }}
        start = {{ port = 'start', active = 'high' }}
        operands = {{ rs1 = 'a', rs2 = 'b' }}
        answer = {{ value = 'y', valid = 'done' }}
        {FOUR_EMPTY}{register}"
    );
    let control = "BUF_X1 lo (.A(start), .Z(load));
                   DFFR_X1 c1 (.D(start), .CK(clk), .RN(rst_n), .Q(done));\n";
    let data = bits(|i| {
        format!(
            "MUX2_X1 m{i} (.A(acc[{i}]), .B(a[{i}]), .S(load), .Z(n_{i}));
             DFFR_X1 r{i} (.D(n_{i}), .CK(clk), .RN(rst_n), .Q(acc[{i}]));
             XOR2_X1 x{i} (.A(acc[{i}]), .B(b[{i}]), .Z(y[{i}]));"
        )
    });
    (binding, format!("wire [31:0] acc;\n{control}{data}"))
}

#[test]
fn a_division_writes_the_register_inside_that_the_binding_names() {
    let ports = "input clk, rst_n, start, input [31:0] a, b, output [31:0] y, output done";
    let run = |register: &str, divided: u64| {
        let (binding, body) = accumulator(register);
        let circuit = circuit(&binding, ports, &body);
        answers(&circuit, 2, |t| t.rs1 ^ t.rs2);
        let stuck = fault(&circuit, "load/SA0");
        assert!(Sequences::new(&circuit, &stuck).is_err());
        let mut unit = GateUnit::new(circuit.clone(), &stuck);
        unit.divided(divided);
        match unit.exec(MulOp::MUL, 5, 0x100) {
            Answer::Done { value, cycles: 2 } => value,
            other => panic!("{other:?}"),
        }
    };
    let left = 0x2_8765_4321;
    assert_eq!(run("", left), 0x100);
    let named = "register = [{ flip_flops = 'acc[31:0]', written_by_div = true }]";
    assert_eq!(run(named, left), 0x8765_4321 ^ 0x100);
    assert_eq!(run(&named.replace("true", "false"), left), 0x100);
    // A list, the most significant first: the halves change places.
    let list = "register = [{ flip_flops = ['acc[15:0]', 'acc[31:16]'], written_by_div = true }]";
    assert_eq!(run(list, left), 0x4321_8765 ^ 0x100);
    let part = "register = [{ flip_flops = ['acc[3:0]', 'acc[31]'], written_by_div = true }]";
    assert_eq!(run(part, left), 0x8000_0000 ^ 0x100);
}

#[test]
fn faults_around_a_register_inside_carry_state_where_it_is_looked_at() {
    let ports = "input clk, rst_n, start, input [31:0] a, b, output [31:0] y, output done";
    let named = "register = [{ flip_flops = 'acc[31:0]', written_by_div = true }]";
    let (binding, body) = accumulator(named);
    let circuit = circuit(&binding, ports, &body);
    let carrying = carrying(&circuit);
    for name in ["load/SA0", "m4/S/SA0", "r4/CK/SA0", "r4/CK/SA1", "done/SA1"] {
        assert!(carrying.contains(&name.to_owned()), "{name}");
    }
    // Without a load the bit is what it was, an input that is not chosen matters to nobody, and a register that is
    // cleared for ever is known.
    for name in ["m4/A/SA1", "r4/RN/SA0", "acc[4]/SA1", "r4/D/SA1", "load/SA1", "done/SA0"] {
        assert!(!carrying.contains(&name.to_owned()), "{name}");
    }
}

#[test]
fn a_register_outside_is_reset_written_and_left_to_the_divider() {
    let binding = "
        max_clocks = 4
        clock = { port = 'clk' }
        reset = { port = 'rst_n', active = 'low' }
        operands = { rs1 = 'a', rs2 = 'b' }
        answer = { value = 'y', valid = 'done' }
        idle = { en = 0 }
        operation = { mul = { en = 1 }, mulh = { en = 1 }, mulhsu = { en = 1 }, mulhu = { en = 1 } }
        register = [{ q = ['q_hi', 'q[29:0]'], d = ['d_hi', 'd[29:0]'], write = 'we', reset = 2863311530, written_by_div = true }]
    ";
    let ports = "input clk, rst_n, en, input [31:0] a, b, input [29:0] q, input [1:0] q_hi,
                 output [31:0] y, output done, output [29:0] d, output [1:0] d_hi, output we";
    // First clock: the register takes a. Second: y is register ^ b.
    let body = "
        DFFR_X1 c (.D(en), .CK(clk), .RN(rst_n), .Q(s));
        AND2_X1 v (.A1(s), .A2(en), .ZN(done));
        INV_X1 n (.A(s), .ZN(first));
        AND2_X1 w (.A1(first), .A2(en), .ZN(we));
        assign d = a[29:0];
        assign d_hi = a[31:30];
    "
    .to_owned()
        + &bits(|i| {
            let q = if i < 30 { format!("q[{i}]") } else { format!("q_hi[{}]", i - 30) };
            format!("XOR2_X1 x{i} (.A({q}), .B(b[{i}]), .Z(y[{i}]));")
        });
    let circuit = circuit(binding, ports, &body);
    answers(&circuit, 2, |t| t.rs1 ^ t.rs2);
    let stuck = fault(&circuit, "we/SA0");
    assert!(Sequences::new(&circuit, &stuck).is_err());
    let mut unit = GateUnit::new(circuit.clone(), &stuck);
    assert_eq!(unit.exec(MulOp::MUL, 1, 0), Answer::Done { value: 0xaaaa_aaaa, cycles: 2 });
    unit.divided(0x3_1234_5678);
    assert_eq!(unit.exec(MulOp::MUL, 1, 0), Answer::Done { value: 0x1234_5678, cycles: 2 });
    unit.reset();
    assert_eq!(unit.exec(MulOp::MUL, 1, 0), Answer::Done { value: 0xaaaa_aaaa, cycles: 2 });
    carrying(&circuit);
}

#[test]
fn a_unit_that_carries_state_without_a_fault_is_refused() {
    // It gives what the last operation left.
    let binding = "
        max_clocks = 1
        clock = { port = 'clk' }
        operands = { rs1 = 'a', rs2 = 'b' }
        answer = { value = 'y' }
        operation = { mul = {}, mulh = {}, mulhsu = {}, mulhu = {} }
    ";
    let ports = "input clk, input [31:0] a, b, output [31:0] y";
    let body = bits(|i| {
        format!(
            "MUX2_X1 m{i} (.A(a[{i}]), .B(r_{i}), .S(b[0]), .Z(n_{i}));
             DFF_X1 r{i} (.D(n_{i}), .CK(clk), .Q(r_{i}));
             BUF_X1 y{i} (.A(r_{i}), .Z(y[{i}]));"
        )
    });
    let why = build(binding, ports, &body).unwrap_err();
    assert!(why.contains("even without a fault the unit is not usable"), "{why}");
    assert!(why.contains("an answer depends on an earlier operation"), "{why}");
}

#[test]
fn an_input_that_a_binding_forgets_and_a_flip_flop_on_another_clock_are_refused() {
    let ports = "input clk, clk2, input [31:0] a, b, output [31:0] y";
    let body = bits(|i| format!("XOR2_X1 x{i} (.A(a[{i}]), .B(b[{i}]), .Z(y[{i}]));"));
    let binding = "
        max_clocks = 1
        clock = { port = 'clk' }
        operands = { rs1 = 'a', rs2 = 'b' }
        answer = { value = 'y' }
        operation = { mul = {}, mulh = {}, mulhsu = {}, mulhu = {} }
    ";
    let why = build(binding, ports, &body).unwrap_err();
    assert!(why.contains("[idle]: input 'clk2' has no value"), "{why}");
    let body = body + "DFF_X1 f (.D(a[0]), .CK(clk2), .Q(nothing));\n";
    let why = build(binding, ports, &body).unwrap_err();
    assert!(why.contains("clocked by net 'clk2'"), "{why}");
}

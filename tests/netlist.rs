//! The multiplier in gates: right without a fault, and with one the same by every way of evaluating it.

mod common;

use common::Random;
use std::path::Path;
use std::sync::Arc;
use stuckat::netlist::eval::{Injection, splat};
use stuckat::netlist::fast_unit::FastUnit;
use stuckat::netlist::fault::{Fault, Sites, universe};
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::netlist::ports::Operation;
use stuckat::netlist::range::Range;
use stuckat::netlist::sequence::Sequences;
use stuckat::netlist::table::Tables;
use stuckat::netlist::{Circuit, Net, screen};
use stuckat::unit::{Answer, MulOp, Tuple, Unit};

/// What this file asks of the generator.
trait Operands {
    fn operand(&mut self) -> u32;
    fn tuple(&mut self) -> Tuple;
}

impl Operands for Random {
    /// Often a corner or a small number, as firmware has them; else anything.
    fn operand(&mut self) -> u32 {
        match self.below(4) {
            0 => CORNERS[self.below(CORNERS.len())],
            1 => (self.next() as i8) as u32,
            _ => self.next() as u32,
        }
    }

    fn tuple(&mut self) -> Tuple {
        Tuple { op: MulOp::ALL[self.below(4)], rs1: self.operand(), rs2: self.operand() }
    }
}

const CORNERS: [u32; 20] = [
    0,
    1,
    2,
    3,
    0x7fff,
    0x8000,
    0x8001,
    0xffff,
    0x1_0000,
    0x1_0001,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_ffff,
    0xffff_fffe,
    0xffff_8000,
    0xffff_0000,
    0x5555_5555,
    0xaaaa_aaaa,
    0xff80_007f,
];

/// Compares with 128-bit integer arithmetic, which is not how the crate computes exact products.
fn wide_product(t: Tuple) -> u32 {
    let widen = |x: u32, signed: bool| if signed { i128::from(x as i32) } else { i128::from(x) };
    let product = widen(t.rs1, t.op.signed_rs1) * widen(t.rs2, t.op.signed_rs2);
    if t.op == MulOp::MUL { product as u32 } else { (product >> 32) as u32 }
}

fn check_products(circuit: &Circuit, tuples: &[Tuple]) {
    let sound = Sequences::new(circuit, &[]).expect("the sound unit keeps no state");
    for (tuple, answer) in tuples.iter().zip(screen::answers(&sound, tuples)) {
        let cycles = if tuple.op == MulOp::MUL { 1 } else { 2 };
        assert_eq!(answer, Answer::Done { value: wide_product(*tuple), cycles }, "{tuple:x?}");
    }
}

#[test]
fn without_a_fault_all_corner_pairs_are_multiplied_exactly() {
    let circuit = Circuit::default_multiplier();
    let mut corners = CORNERS.to_vec();
    corners.extend((0..32).flat_map(|i| [1 << i, (1_u32 << i).wrapping_neg(), !(1 << i)]));
    let mut tuples = Vec::new();
    for op in MulOp::ALL {
        for rs1 in &corners {
            tuples.extend(corners.iter().map(|rs2| Tuple { op, rs1: *rs1, rs2: *rs2 }));
        }
    }
    check_products(&circuit, &tuples);
    let mut slow = GateUnit::new(Arc::new(circuit), &[]);
    for tuple in tuples.iter().step_by(if cfg!(debug_assertions) { 50 } else { 1 }) {
        let cycles = if tuple.op == MulOp::MUL { 1 } else { 2 };
        let expected = Answer::Done { value: wide_product(*tuple), cycles };
        assert_eq!(slow.exec(tuple.op, tuple.rs1, tuple.rs2), expected, "{tuple:x?}");
    }
    assert_eq!(slow.counts().differing, 0);
}

#[test]
fn without_a_fault_ten_million_random_pairs_are_multiplied_exactly_by_each_operation() {
    let circuit = Circuit::default_multiplier();
    let mut random = Random(0x5eed);
    let (rounds, each) = if cfg!(debug_assertions) { (1, 20_000) } else { (100, 100_000) };
    for _ in 0..rounds {
        for op in MulOp::ALL {
            let tuple = |_| Tuple { op, rs1: random.next() as u32, rs2: random.next() as u32 };
            check_products(&circuit, &(0..each).map(tuple).collect::<Vec<_>>());
        }
    }
}

/// The same operations through the gates clock by clock, and through folded programs with a memo.
fn compare_units(
    circuit: &Arc<Circuit>,
    tables: &mut Tables,
    fault: Fault,
    tuples: &[Tuple],
) -> bool {
    let Ok(sequences) = Sequences::new(circuit, &[fault]) else { return false };
    let mut slow = GateUnit::new(circuit.clone(), &[fault]);
    let mut fast = FastUnit::new(circuit, sequences);
    if let Ok(form) = tables.form(&[fault]) {
        fast = fast.with_table(tables.range(), form);
    }
    // Half of the operations are learnt beforehand, as a campaign does.
    fast.learn(&tuples[..tuples.len() / 2]);
    for (i, t) in tuples.iter().enumerate() {
        if i % 7 == 0 {
            // A division writes the register that both share.
            let left = u64::from(t.rs1) << 2 | 3;
            slow.divided(left);
            fast.divided(left);
        }
        let (s, f) = (slow.exec(t.op, t.rs1, t.rs2), fast.exec(t.op, t.rs1, t.rs2));
        let name = fault.name(circuit.netlist());
        assert_eq!(s, f, "{name}: {t:x?}");
        if s == Answer::Never {
            break;
        }
        assert_eq!(slow.counts(), fast.counts(), "{name}: {t:x?}");
    }
    true
}

#[test]
fn folded_programs_with_memo_equal_the_gates_for_a_sample_of_faults() {
    let circuit = Arc::new(Circuit::default_multiplier());
    let mut random = Random(1);
    let faults = universe(&circuit, Sites::All);
    let step = if cfg!(debug_assertions) { 613 } else { 37 };
    let mut compared = 0;
    let mut tables = Tables::new(&circuit, MulOp::MUL, Range::WIDE_NARROW).unwrap();
    for fault in faults.iter().step_by(step) {
        let tuples: Vec<_> = (0..60).map(|_| random.tuple()).collect();
        compared += usize::from(compare_units(&circuit, &mut tables, *fault, &tuples));
    }
    assert!(compared * step > faults.len() * 9 / 10, "only {compared} faults keep no state");
}

#[test]
#[ignore = "every fault of the universe: about four minutes in release mode"]
fn folded_programs_with_memo_equal_the_gates_for_every_fault() {
    let circuit = Arc::new(Circuit::default_multiplier());
    let mut random = Random(2);
    let faults = universe(&circuit, Sites::Nets);
    let mut carrying = Vec::new();
    let mut tables = Tables::new(&circuit, MulOp::MUL, Range::WIDE_NARROW).unwrap();
    for fault in &faults {
        let tuples: Vec<_> = (0..1000).map(|_| random.tuple()).collect();
        if !compare_units(&circuit, &mut tables, *fault, &tuples) {
            carrying.push(fault.name(circuit.netlist()));
        }
    }
    println!("{} faults, {} of them carry state: {carrying:?}", faults.len(), carrying.len());
    assert!(carrying.len() < faults.len() / 50);
}

/// Products under faults, made with Icarus Verilog from the same mapped netlist: see `netlists/tests`.
#[test]
fn faulty_products_equal_those_of_icarus_verilog() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists/tests/fault_reference.txt.gz");
    let circuit = Arc::new(Circuit::default_multiplier());
    let mut unit: Option<(String, GateUnit)> = None;
    let (mut faults, mut operations, mut wrong) = (0, 0, 0);
    for line in common::gunzip(&path).lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [name, op, a, b, value, clocks] = fields[..] else { panic!("line {line}") };
        if unit.as_ref().is_none_or(|(current, _)| current != name) {
            let fault = Fault::parse(name, &circuit).unwrap();
            unit = Some((name.to_owned(), GateUnit::new(circuit.clone(), &[fault])));
            faults += 1;
        }
        let hex = |s: &str| u32::from_str_radix(s.trim_start_matches("0x"), 16).unwrap();
        let op = MulOp::ALL.into_iter().find(|o| o.name() == op).unwrap();
        let expected = match value {
            "never" => Answer::Never,
            _ => Answer::Done { value: hex(value), cycles: clocks.parse().unwrap() },
        };
        let (_, unit) = unit.as_mut().unwrap();
        assert_eq!(unit.exec(op, hex(a), hex(b)), expected, "{line}");
        operations += 1;
        wrong += usize::from(
            expected
                != Answer::Done {
                    value: op.product(hex(a), hex(b)),
                    cycles: circuit.latency().of(op),
                },
        );
    }
    assert!(faults >= 200 && operations >= 40_000, "{faults} faults, {operations} operations");
    assert!(wrong * 20 > operations, "only {wrong} of {operations} operations were wrong");
}

/// One operand pair under 63 faults at once, a fault a lane, and lane 63 without one.
#[test]
fn faults_side_by_side_in_lanes_do_what_each_does_alone() {
    let circuit = Arc::new(Circuit::default_multiplier());
    let mut random = Random(3);
    let faults = universe(&circuit, Sites::All);
    let rounds = if cfg!(debug_assertions) { 2 } else { 40 };
    for _ in 0..rounds {
        let lanes: Vec<Fault> = (0..63).map(|_| faults[random.below(faults.len())]).collect();
        let injections: Vec<Injection<1>> =
            (0..63).map(|i| Injection::new(lanes[i], [1 << i])).collect();
        let (rs1, rs2) = (random.operand(), random.operand());
        let operands = u64::from(rs1) | u64::from(rs2) << 32;
        let mut values = circuit.new_values();
        let state = circuit.reset_state(&mut values, &injections);
        let Operation::Netlist { first, .. } = circuit.operation(MulOp::MUL) else { panic!() };
        let operand = |bit: usize| splat(operands >> bit & 1 == 1);
        circuit.settle(&mut values, first, operand, &state, &injections);
        let lane = |net: &Net, lane: usize| values[net.index()][0] >> lane & 1;
        for i in 0..64 {
            let nets = circuit.answer_nets(MulOp::MUL).iter().enumerate();
            let value = nets.fold(0, |v, (bit, net)| v | (lane(net, i) as u32) << bit);
            let alone = lanes.get(i).map_or(vec![], |fault| vec![*fault]);
            let answered = circuit.valid_net().is_none_or(|net| lane(&net, i) == 1);
            let answer = GateUnit::new(circuit.clone(), &alone).exec(MulOp::MUL, rs1, rs2);
            match answer {
                Answer::Done { value: expected, cycles: 1 } => {
                    assert!(answered, "lane {i}");
                    assert_eq!(value, expected, "lane {i}: {:?} {rs1:#x} {rs2:#x}", lanes.get(i));
                }
                _ => assert!(!answered, "lane {i}"),
            }
        }
    }
}

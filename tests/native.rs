//! Host code made for a fault: the same products as through the gates.

mod common;
#[path = "common/units.rs"]
mod units;

use common::Random;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stuckat::netlist::fast_unit::FastUnit;
use stuckat::netlist::fault::{Fault, Sites, universe};
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::netlist::native::Code;
use stuckat::netlist::sequence::Sequences;
use stuckat::netlist::{Circuit, screen};
use stuckat::unit::{Answer, MulOp, Tuple, Unit};
use units::{CORNERS, Operands};

fn corners_and_random(op: MulOp, random: &mut Random, count: usize) -> Vec<Tuple> {
    let corners = CORNERS.iter().flat_map(|a| CORNERS.iter().map(|b| (*a, *b)));
    let mut tuples: Vec<Tuple> = corners.map(|(rs1, rs2)| Tuple { op, rs1, rs2 }).collect();
    let some = |_| Tuple { op, rs1: random.operand(), rs2: random.operand() };
    tuples.extend((tuples.len()..count).map(some));
    tuples
}

/// Compares the code of all operations with the folded programs; how long it took to make. `None` if the fault carries state.
fn compare(
    circuit: &Circuit,
    fault: Fault,
    count: usize,
    random: &mut Random,
    gates: &mut [u32; 4],
) -> Option<Duration> {
    let sequences = Sequences::new(circuit, &[fault]).ok()?;
    let begin = Instant::now();
    let mut code = Code::new().expect("code can be made here");
    let arithmetic = MulOp::ALL.map(|op| code.make_arithmetic(&sequences, op).unwrap());
    let took = begin.elapsed();
    for op in MulOp::ALL {
        if sequences.of(op).cycles().is_none() || !arithmetic[op.index()] {
            gates[op.index()] += 1;
            continue;
        }
        let tuples = corners_and_random(op, random, count);
        for (t, answer) in tuples.iter().zip(screen::answers(&sequences, &tuples)) {
            let Answer::Done { value, .. } = answer else { panic!("it answers") };
            let name = fault.name(circuit.netlist());
            let mine = code.product(op, t.rs1, t.rs2);
            assert_eq!(mine, Some(value), "{} {name} {t:x?}", circuit.name());
        }
    }
    Some(took)
}

#[test]
fn code_multiplies_as_the_gates_do_under_faults_of_every_netlist() {
    for named in units::ALL {
        let circuit: Arc<Circuit> = named.circuit();
        let faults = universe(&circuit, Sites::All);
        let mut random = Random(0xc0de);
        for _ in 0..if cfg!(debug_assertions) { 2 } else { 8 } {
            let fault = faults[random.below(faults.len())];
            let Ok(sequences) = Sequences::new(&circuit, &[fault]) else { continue };
            let mut code = Code::new().unwrap();
            let mut gates = GateUnit::new(circuit.clone(), &[fault]);
            for op in MulOp::ALL {
                code.make(&sequences, op).unwrap();
                for t in corners_and_random(op, &mut random, 0).into_iter().step_by(7) {
                    let name = fault.name(circuit.netlist());
                    let Answer::Done { value, .. } = gates.exec(op, t.rs1, t.rs2) else {
                        assert_eq!(sequences.of(op).cycles(), None);
                        continue;
                    };
                    let mine = code.product(op, t.rs1, t.rs2);
                    assert_eq!(mine, Some(value), "{} {name} {t:x?}", named.name);
                }
            }
        }
    }
}

#[test]
#[ignore = "every net and pin fault of the default multiplier: some minutes in release mode"]
fn code_equals_the_folded_programs_for_every_fault_of_the_default_multiplier() {
    let circuit = units::ALL[0].circuit();
    let faults = universe(&circuit, Sites::All);
    let (mut random, mut took, mut compared) = (Random(0xfa57), Duration::ZERO, 0);
    let mut gates = [0; 4];
    for fault in &faults {
        if let Some(time) = compare(&circuit, *fault, 1000, &mut random, &mut gates) {
            (took, compared) = (took + time, compared + 1);
        }
    }
    println!(
        "{} faults, {compared} keep no state; {gates:?} without arithmetic; code of four operations takes {:?} on average",
        faults.len(),
        took / compared
    );
    assert!(compared as usize > faults.len() * 9 / 10);
}

/// More operations than it takes to make code, with memo and without.
#[test]
fn a_unit_with_code_answers_and_counts_as_one_with_gates() {
    let circuit = units::ALL[0].circuit();
    let fault = Fault::parse("mult1_7/SA1", &circuit).unwrap();
    let sequences = Sequences::new(&circuit, &[fault]).unwrap();
    let mut slow = GateUnit::new(circuit.clone(), &[fault]);
    let mut fast = FastUnit::new(&circuit, sequences.clone());
    let mut forgetful = FastUnit::new(&circuit, sequences).forgetful();
    let mut random = Random(17);
    for _ in 0..6_000 {
        let t = Tuple { rs1: random.next() as u32, rs2: random.next() as u32, ..random.tuple() };
        let answer = slow.exec(t.op, t.rs1, t.rs2);
        assert_eq!(fast.exec(t.op, t.rs1, t.rs2), answer, "{t:x?}");
        assert_eq!(forgetful.exec(t.op, t.rs1, t.rs2), answer, "{t:x?}");
    }
    assert_eq!(fast.counts(), slow.counts());
    let (counts, expected) = (forgetful.counts(), slow.counts());
    assert_eq!((counts.muls, counts.wrong), (expected.muls, expected.wrong));
    assert_eq!(counts.differing, expected.differing);
    assert!(fast.memo().is_some() && forgetful.memo().is_none());
}

/// With Booth's encoders a product is no sum of products of bits, but with one operand known it is a sum of multiples of the other.
#[test]
fn code_for_a_known_operand_multiplies_as_the_gates_do() {
    for named in units::ALL {
        let circuit = named.circuit();
        let faults = universe(&circuit, Sites::All);
        let mut random = Random(0xb007);
        let (mut made, mut tried) = (0, 0);
        for _ in 0..if cfg!(debug_assertions) { 3 } else { 12 } {
            let fault = faults[random.below(faults.len())];
            let Ok(sequences) = Sequences::new(&circuit, &[fault]) else { continue };
            let mut code = Code::new().unwrap();
            for op in MulOp::ALL {
                if sequences.of(op).cycles().is_none() || sequences.of(op).exact().is_some() {
                    continue;
                }
                let multiplier = (random.next() as u32 >> 2) | 0x4000_0000;
                for known in [0, u32::MAX, 147, multiplier, random.next() as u32] {
                    tried += usize::from(op == MulOp::MUL);
                    let product = code.make_for_known(&sequences, op, (1, known)).unwrap();
                    let Some(product) = product else { continue };
                    made += usize::from(op == MulOp::MUL);
                    let tuples = corners_and_random(op, &mut random, 400);
                    let tuples: Vec<_> =
                        tuples.into_iter().map(|t| Tuple { rs2: known, ..t }).collect();
                    for (t, answer) in tuples.iter().zip(screen::answers(&sequences, &tuples)) {
                        let Answer::Done { value, .. } = answer else { panic!("it answers") };
                        let mine = code.known_product(product, t.rs1, t.rs2);
                        let name = fault.name(circuit.netlist());
                        assert_eq!(mine, value, "{} {name} {t:x?}", circuit.name());
                    }
                }
            }
        }
        let booth = ["booth32", "single_cycle_mul"].contains(&named.name);
        assert!(!booth || 4 * made > 3 * tried, "{}: {made} of {tried}", circuit.name());
    }
}

/// Operands of which one comes again and again, so that code is made for it, and others between them.
#[test]
fn a_unit_with_code_for_some_operands_answers_and_counts_as_one_with_gates() {
    let circuit = Circuit::load(Some(&units::folder().join("single_cycle_mul.toml")), None);
    let circuit = Arc::new(circuit.expect("the multiplier is sound"));
    let multipliers = [0x5a82_799a, 0x4000_0001, 0x7fff_ffff];
    for name in ["n899/SA0", "n622/SA1", "n349/SA1"] {
        let fault = Fault::parse(name, &circuit).unwrap();
        let sequences = Sequences::new(&circuit, &[fault]).unwrap();
        let mut fast = FastUnit::new(&circuit, sequences.clone()).forgetful();
        let mut memo = FastUnit::new(&circuit, sequences).without_code();
        let mut random = Random(0x0b0e);
        let mut wrong = 0;
        for i in 0..6000 {
            let rs2 = match i % 5 {
                4 => random.next() as u32,
                i => multipliers[i % 3],
            };
            let rs1 = random.next() as u32 >> random.below(20);
            let [answer, expected] =
                [&mut fast, &mut memo].map(|unit| unit.exec(MulOp::MUL, rs1, rs2));
            assert_eq!(answer, expected, "{name} {rs1:#x} {rs2:#x}");
            let Answer::Done { value, .. } = answer else { panic!("it answers") };
            wrong += u64::from(value != rs1.wrapping_mul(rs2));
        }
        assert_eq!((fast.counts(), fast.counts().wrong), (memo.counts(), wrong), "{name}");
        assert!(wrong > 0, "{name}");
    }
}

//! Product tables equal what every slower way of evaluating the same fault gives.

mod common;

use common::Random;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use stuckat::netlist::fault::{Fault, FaultSet, Sites, universe};
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::netlist::range::Range;
use stuckat::netlist::sequence::Sequences;
use stuckat::netlist::table::Tables;
use stuckat::netlist::{Circuit, screen};
use stuckat::unit::{Answer, MulOp, ProductForm, Tuple, Unit};

/// Every product of the range by the folded program of the whole faulty unit, 512 pairs a pass.
fn by_lanes(circuit: &Circuit, faults: &[Fault], op: MulOp, range: Range) -> Option<Vec<Answer>> {
    let sequences = Sequences::new(circuit, faults).ok()?;
    let tuple = |index| {
        let (rs1, rs2) = range.pair(index);
        Tuple { op, rs1, rs2 }
    };
    let tuples: Vec<Tuple> = (0..range.pairs()).map(tuple).collect();
    Some(screen::answers(&sequences, &tuples))
}

fn check(form: &ProductForm, slow: &[Answer], op: MulOp, range: Range, name: &str) {
    for (index, answer) in slow.iter().enumerate() {
        let (rs1, rs2) = range.pair(index);
        let value = form.product(index, op.product(rs1, rs2));
        let matches = matches!(answer, Answer::Done { value: v, .. } if *v == value);
        assert!(matches, "{name}: {op} of {rs1:#x} and {rs2:#x}: table {value:#x}, {answer:x?}");
    }
}

/// Corners of the range and random pairs, gate by gate, clock by clock; in between, other operations leave something behind.
fn check_one_by_one(circuit: &Arc<Circuit>, fault: Fault, form: &ProductForm, range: Range) {
    let mut unit = GateUnit::new(circuit.clone(), &[fault]);
    let corners = |bits: u32| {
        let half = 1_i32 << (bits - 1);
        [0, 1, -1, 2, -2, half - 1, -half, half / 2, -half / 2 - 1]
    };
    let mut random = Random(0x7ab1e5);
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for a in corners(range.rs1_bits) {
        pairs.extend(corners(range.rs2_bits).map(|b| (a as u32, b as u32)));
    }
    pairs.extend((0..64).map(|_| range.pair(random.below(range.pairs()))));
    for (rs1, rs2) in pairs {
        let index = range.index(rs1, rs2).expect("the pair lies in the range");
        let value = form.product(index, MulOp::MUL.product(rs1, rs2));
        let left = random.next();
        // An operation without an answer ends a run: nothing comes after it.
        if unit.exec(MulOp::MULH, left as u32, (left >> 32) as u32) == Answer::Never {
            unit.reset();
        }
        let answer = unit.exec(MulOp::MUL, rs1, rs2);
        let matches = matches!(answer, Answer::Done { value: v, .. } if v == value);
        let name = fault.name(circuit.netlist());
        assert!(matches, "{name}: {rs1:#x} and {rs2:#x}: table {value:#x}, gates {answer:x?}");
    }
}

/// How many faults have a table of each form: exact, mask, dictionary, table, none; and how many have one though they carry state.
type Counts = [AtomicUsize; 6];

fn compare(circuit: &Arc<Circuit>, faults: &[Fault], range: Range, counts: &Counts) {
    let op = MulOp::MUL;
    let mut tables = Tables::new(circuit, op, range).expect("the netlist multiplies");
    for faults in faults.chunks(200) {
        for (fault, form) in faults.iter().zip(tables.forms(faults)) {
            let name = fault.name(circuit.netlist());
            let slow = by_lanes(circuit, &[*fault], op, range);
            let Ok(form) = form else {
                let answers = slow.is_some_and(|slow| !slow.contains(&Answer::Never));
                assert!(!answers, "{name} answers by its operands, so it has a table");
                counts[4].fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let kind = match &form {
                ProductForm::Exact => 0,
                ProductForm::Mask { .. } => 1,
                ProductForm::Dictionary { .. } => 2,
                ProductForm::Table(_) => 3,
            };
            counts[kind].fetch_add(1, Ordering::Relaxed);
            // A fault under which only other operations carry state has a table of MUL all the same, which nobody uses.
            if let Some(slow) = slow {
                check(&form, &slow, op, range, &name);
            } else {
                counts[5].fetch_add(1, Ordering::Relaxed);
            }
            check_one_by_one(circuit, *fault, &form, range);
            if kind > 0 && counts[kind].load(Ordering::Relaxed).is_multiple_of(50) {
                // Alone it has the same table as among others.
                assert_eq!(tables.form(&[*fault]).as_ref(), Ok(&form), "{name}");
            }
        }
    }
}

/// On all cores: the comparison is slow, the tables are not.
fn compare_all(circuit: &Arc<Circuit>, faults: &[Fault], range: Range) -> [usize; 6] {
    let counts = Counts::default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for part in faults.chunks(faults.len().div_ceil(cores)) {
            let counts = &counts;
            scope.spawn(move || compare(circuit, part, range, counts));
        }
    });
    counts.map(AtomicUsize::into_inner)
}

#[test]
fn the_table_of_every_fault_equals_full_evaluation_for_every_pair() {
    let circuit = Arc::new(Circuit::default_multiplier());
    let step = if cfg!(debug_assertions) { 499 } else { 1 };
    let faults: Vec<Fault> = universe(&circuit, Sites::Nets).into_iter().step_by(step).collect();
    for range in [Range::WIDE_NARROW, Range::NARROW_WIDE] {
        let counts = compare_all(&circuit, &faults, range);
        println!("exact, mask, dictionary, table, none, stateful with a table: {counts:?}");
        assert!(counts[1] * 2 > faults.len(), "most faults need a mask: {counts:?}");
    }
}

#[test]
fn tables_of_pin_faults_equal_full_evaluation_for_every_pair() {
    let circuit = Arc::new(Circuit::default_multiplier());
    let step = if cfg!(debug_assertions) { 1999 } else { 23 };
    let faults: Vec<Fault> = universe(&circuit, Sites::Pins).into_iter().step_by(step).collect();
    let counts = compare_all(&circuit, &faults, Range::INT8);
    println!("exact, mask, dictionary, table, none, stateful with a table: {counts:?}");
}

#[test]
#[ignore = "every pin of the default netlist, two ranges: minutes"]
fn the_table_of_every_pin_fault_equals_full_evaluation_for_every_pair() {
    let circuit = Arc::new(Circuit::default_multiplier());
    for range in [Range::WIDE_NARROW, Range::NARROW_WIDE] {
        let counts = compare_all(&circuit, &universe(&circuit, Sites::Pins), range);
        println!("exact, mask, dictionary, table, none, stateful with a table: {counts:?}");
    }
}

#[test]
fn high_halves_and_other_ranges_have_tables_too() {
    let circuit = Circuit::default_multiplier();
    let faults = universe(&circuit, Sites::All);
    let mut random = Random(5);
    let rounds = if cfg!(debug_assertions) { 1 } else { 12 };
    for (op, range) in [
        (MulOp::MULH, Range::INT8),
        (MulOp::MULHSU, Range::new(10, 7).unwrap()),
        (MulOp::MULHU, Range::new(6, 11).unwrap()),
        (MulOp::MUL, Range::new(16, 6).unwrap()),
    ] {
        let mut tables = Tables::new(&circuit, op, range).unwrap();
        let mut products = Vec::new();
        for _ in 0..rounds {
            let fault = faults[random.below(faults.len())];
            let name = fault.name(circuit.netlist());
            let Some(slow) = by_lanes(&circuit, &[fault], op, range) else { continue };
            check(&tables.form(&[fault]).unwrap(), &slow, op, range, &name);
            tables.products(&[fault], &mut products).unwrap();
            for (product, answer) in products.iter().zip(&slow) {
                assert!(matches!(answer, Answer::Done { value, .. } if value == product), "{name}");
            }
        }
    }
}

#[test]
fn several_faults_at_once_have_a_table_and_a_flip_has_none() {
    let circuit = Circuit::default_multiplier();
    let faults = universe(&circuit, Sites::All);
    let mut tables = Tables::new(&circuit, MulOp::MUL, Range::INT8).unwrap();
    let mut random = Random(6);
    let mut wrong = 0;
    for _ in 0..if cfg!(debug_assertions) { 1 } else { 10 } {
        let pair = vec![faults[random.below(faults.len())], faults[random.below(faults.len())]];
        let Ok(set) = FaultSet::new(pair, &circuit) else { continue };
        let name = set.name(circuit.netlist());
        let slow = by_lanes(&circuit, set.faults(), MulOp::MUL, Range::INT8);
        let (Some(slow), Ok(form)) = (slow, tables.form(set.faults())) else { continue };
        check(&form, &slow, MulOp::MUL, Range::INT8, &name);
        wrong += usize::from(form != ProductForm::Exact);
    }
    assert!(wrong > 0);
    let flip = Fault::parse("mult1_7/FLIP@3", &circuit).unwrap();
    assert!(tables.form(&[flip]).is_err());
}

//! The multipliers in gates: right without a fault, and with one the same by every way of evaluating it.

mod common;
#[path = "common/units.rs"]
mod units;

use common::Random;
use std::path::Path;
use std::sync::Arc;
use stuckat::netlist::eval::{Injection, splat};
use stuckat::netlist::fast_unit::FastUnit;
use stuckat::netlist::fault::{Fault, FaultSet, Sites, universe};
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::netlist::ports::Operation;
use stuckat::netlist::range::Range;
use stuckat::netlist::sequence::Sequences;
use stuckat::netlist::table::Tables;
use stuckat::netlist::{Circuit, Effect, Net, Site, screen};
use stuckat::unit::{Answer, MulOp, Tuple, Unit};
use units::{Named, Operands, corner_pairs, wide_product};

/// The answer of a sound unit.
fn right(named: Named, tuple: Tuple) -> Answer {
    Answer::Done { value: wide_product(tuple), cycles: named.clocks(tuple.op) }
}

fn check_products(named: Named, sound: &Sequences, tuples: &[Tuple]) {
    for (tuple, answer) in tuples.iter().zip(screen::answers(sound, tuples)) {
        assert_eq!(answer, right(named, *tuple), "{}: {tuple:x?}", named.name);
    }
}

#[test]
fn without_a_fault_all_corner_pairs_are_multiplied_exactly() {
    for named in units::ALL {
        let circuit = named.circuit();
        let sound = Sequences::new(&circuit, &[]).expect("the sound unit keeps no state");
        let mut slow = GateUnit::new(circuit.clone(), &[]);
        let mut fast = FastUnit::new(&circuit, sound.clone());
        for op in MulOp::ALL {
            let by_netlist = matches!(circuit.operation(op), Operation::Netlist { .. });
            assert_eq!(by_netlist, named.operations.contains(&op), "{}: {op}", named.name);
            let tuples = corner_pairs(op);
            check_products(named, &sound, &tuples);
            for tuple in tuples.iter().step_by(if cfg!(debug_assertions) { 50 } else { 1 }) {
                let expected = right(named, *tuple);
                let (rs1, rs2) = (tuple.rs1, tuple.rs2);
                assert_eq!(slow.exec(op, rs1, rs2), expected, "{}: {tuple:x?}", named.name);
                assert_eq!(fast.exec(op, rs1, rs2), expected, "{}: {tuple:x?}", named.name);
            }
        }
        assert_eq!((slow.counts().wrong, slow.counts().differing), (0, 0));
        assert_eq!(slow.counts(), fast.counts());
        assert_eq!(circuit.latency().low, named.clocks[0]);
        assert_eq!(circuit.latency().high, named.clocks[1]);
    }
}

#[test]
fn without_a_fault_ten_million_random_pairs_are_multiplied_exactly_by_each_operation() {
    let (rounds, each) = if cfg!(debug_assertions) { (1, 20_000) } else { (100, 100_000) };
    for named in units::ALL {
        let circuit = named.circuit();
        let sound = Sequences::new(&circuit, &[]).expect("the sound unit keeps no state");
        for op in MulOp::ALL {
            // What other hardware does is not evaluated.
            let rounds = if named.operations.contains(&op) { rounds } else { 1 };
            let mut random = Random(0x5eed + op.index() as u64);
            for _ in 0..rounds {
                let tuple = |_| Tuple { op, rs1: random.next() as u32, rs2: random.next() as u32 };
                check_products(named, &sound, &(0..each).map(tuple).collect::<Vec<_>>());
            }
        }
    }
}

/// The tables that a campaign has.
fn both_tables(circuit: &Circuit) -> [Tables<'_>; 2] {
    [Range::WIDE_NARROW, Range::NARROW_WIDE]
        .map(|range| Tables::new(circuit, MulOp::MUL, range).expect("the netlist does MUL"))
}

/// The same operations through the gates clock by clock, and through tables, folded programs and a memo. False if the faults
/// carry state.
fn compare_units(
    circuit: &Arc<Circuit>,
    tables: &mut [Tables; 2],
    faults: &[Fault],
    tuples: &[Tuple],
) -> bool {
    let Ok(sequences) = Sequences::new(circuit, faults) else { return false };
    let name = FaultSet::new(faults.to_vec(), circuit).unwrap().name(circuit.netlist());
    let mut slow = GateUnit::new(circuit.clone(), faults);
    let mut fast = FastUnit::new(circuit, sequences);
    for tables in tables {
        if let Ok(form) = tables.form(faults) {
            fast = fast.with_table(tables.range(), form);
        }
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
        if i % 23 == 22 {
            // The next image: what was learnt stays, what was counted does not.
            slow.reset();
            fast.reset();
        }
        // Every fifth is asked for again: it is wrong twice, but distinct once.
        for t in [Some(t), tuples.get(i / 2).filter(|_| i % 5 == 0)].into_iter().flatten() {
            let (s, f) = (slow.exec(t.op, t.rs1, t.rs2), fast.exec(t.op, t.rs1, t.rs2));
            assert_eq!(s, f, "{}: {name}: {t:x?}", circuit.name());
            if s == Answer::Never {
                return true;
            }
            assert_eq!(slow.counts(), fast.counts(), "{}: {name}: {t:x?}", circuit.name());
        }
    }
    true
}

/// How many of these faults keep no state and were compared.
fn compare_faults(
    circuit: &Arc<Circuit>,
    sets: &[Vec<Fault>],
    operations: usize,
    seed: u64,
) -> usize {
    let mut random = Random(seed);
    let mut tables = both_tables(circuit);
    let mut compare = |faults: &Vec<Fault>| {
        compare_units(circuit, &mut tables, faults, &random.tuples(operations))
    };
    sets.iter().filter(|faults| compare(faults)).count()
}

fn each_alone(faults: impl IntoIterator<Item = Fault>) -> Vec<Vec<Fault>> {
    faults.into_iter().map(|fault| vec![fault]).collect()
}

#[test]
fn folded_programs_with_memo_equal_the_gates_for_a_sample_of_faults() {
    for (named, seed) in units::ALL.into_iter().zip(1..) {
        let circuit = named.circuit();
        let step = if cfg!(debug_assertions) { 1613 } else { 37 };
        let faults = each_alone(universe(&circuit, Sites::All).into_iter().step_by(step));
        let compared = compare_faults(&circuit, &faults, 60, seed);
        println!("{}: {} faults, {compared} keep no state", named.name, faults.len());
        assert!(compared * 10 > faults.len() * 9, "only {compared} faults keep no state");
    }
}

#[test]
fn several_faults_at_once_answer_the_same_from_folded_programs_and_gates() {
    let mut random = Random(4);
    for named in units::ALL {
        let circuit = named.circuit();
        let faults = universe(&circuit, Sites::All);
        let mut sets = Vec::new();
        while sets.len() < if cfg!(debug_assertions) { 2 } else { 60 } {
            let some = (0..2 + sets.len() % 2).map(|_| faults[random.below(faults.len())]);
            // A site that is stuck at both values is refused.
            sets.extend(FaultSet::new(some.collect(), &circuit).map(|s| s.faults().to_vec()));
        }
        let compared = compare_faults(&circuit, &sets, 40, 5);
        println!("{}: {} sets, {compared} keep no state", named.name, sets.len());
        assert!(compared * 2 > sets.len(), "only {compared} sets keep no state");
    }
}

#[test]
#[ignore = "every fault of the universe: about four minutes in release mode"]
fn folded_programs_with_memo_equal_the_gates_for_every_fault() {
    let circuit = units::ALL[0].circuit();
    let faults = each_alone(universe(&circuit, Sites::Nets));
    let compared = compare_faults(&circuit, &faults, 1000, 2);
    println!("{} faults, {} of them carry state", faults.len(), faults.len() - compared);
    assert!(compared > faults.len() - faults.len() / 50);
}

#[test]
#[ignore = "every net and pin of the two small multipliers: some minutes in release mode"]
fn folded_programs_with_memo_equal_the_gates_for_every_fault_of_the_small_multipliers() {
    for named in &units::ALL[1..3] {
        let circuit = named.circuit();
        let faults = each_alone(universe(&circuit, Sites::All));
        let compared = compare_faults(&circuit, &faults, 200, 3);
        println!("{}: {} faults, {compared} keep no state", named.name, faults.len());
    }
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

/// One operand pair under 63 faults at once, a fault a lane, and lane 63 without one; flips are there in the first clock.
#[test]
fn faults_side_by_side_in_lanes_do_what_each_does_alone() {
    for named in units::ALL {
        let circuit = named.circuit();
        let mut random = Random(3);
        let faults = universe(&circuit, Sites::All);
        for _ in 0..if cfg!(debug_assertions) { 2 } else { 40 } {
            let pick = |_| {
                let fault = faults[random.below(faults.len())];
                let flip = Effect::Flip { operation: 1, clock: 1 };
                if random.below(4) == 0 { Fault { effect: flip, ..fault } } else { fault }
            };
            let lanes: Vec<Fault> = (0..63).map(pick).collect();
            lanes_do_what_each_fault_does_alone(&circuit, &lanes, &mut random);
        }
    }
}

fn lanes_do_what_each_fault_does_alone(
    circuit: &Arc<Circuit>,
    lanes: &[Fault],
    random: &mut Random,
) {
    let is_flip = |fault: &Fault| matches!(fault.effect, Effect::Flip { .. });
    let all: Vec<Injection<1>> =
        lanes.iter().enumerate().map(|(i, fault)| Injection::new(*fault, [1 << i])).collect();
    let stuck: Vec<Injection<1>> =
        all.iter().zip(lanes).filter(|(_, fault)| !is_flip(fault)).map(|(i, _)| *i).collect();
    let (rs1, rs2) = (random.operand(), random.operand());
    let operands = u64::from(rs1) | u64::from(rs2) << 32;
    let mut values = circuit.new_values();
    let mut state = circuit.reset_state(&mut values, &stuck);
    let Operation::Netlist { first, later, clock: answer_clock } = circuit.operation(MulOp::MUL)
    else {
        panic!("every netlist does MUL")
    };
    let operand = |bit: usize| splat(operands >> bit & 1 == 1);
    let mut answers = [Answer::Never; 64];
    for clock in 1..=circuit.max_clocks() {
        let (drives, injections) = if clock == 1 { (first, &all) } else { (later, &stuck) };
        circuit.settle(&mut values, drives, operand, &state, injections);
        let bit = |net: &Net, lane: usize| values[net.index()][0] >> lane & 1;
        for (lane, answer) in answers.iter_mut().enumerate() {
            let stands = match circuit.valid_net() {
                Some(net) => bit(&net, lane) == 1,
                None => clock == *answer_clock,
            };
            if *answer == Answer::Never && stands {
                let nets = circuit.answer_nets(MulOp::MUL).iter().enumerate();
                let value = nets.fold(0, |v, (i, net)| v | (bit(net, lane) as u32) << i);
                *answer = Answer::Done { value, cycles: clock };
            }
        }
        circuit.clock_edge(&values, &mut state, injections);
    }
    for (lane, answer) in answers.iter().enumerate() {
        let alone = lanes.get(lane).map_or(vec![], |fault| vec![*fault]);
        let mut unit = GateUnit::new(circuit.clone(), &alone);
        let name = alone.first().map(|fault| fault.name(circuit.netlist()));
        let name = (circuit.name(), lane, name);
        assert_eq!(*answer, unit.exec(MulOp::MUL, rs1, rs2), "{name:?} {rs1:#x} {rs2:#x}");
    }
}

/// Both faults of a flip-flop's clock, side by side: two injections at one pin.
#[test]
fn faults_of_one_clock_pin_side_by_side_in_lanes_do_what_each_does_alone() {
    for named in units::ALL {
        let circuit = named.circuit();
        let clocks: Vec<Fault> = universe(&circuit, Sites::Pins)
            .into_iter()
            .filter(|f| matches!(f.site, Site::Pin(pin) if circuit.clocked_by(pin).is_some()))
            .collect();
        let clocked = !circuit.program().flops.is_empty();
        assert_eq!(clocks.len(), 2 * circuit.program().flops.len());
        if clocked {
            lanes_do_what_each_fault_does_alone(&circuit, &clocks, &mut Random(9));
        }
    }
}

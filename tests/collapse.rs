//! Equivalent faults are equivalent: all members of a class do the same, for every class of every netlist.

mod common;

use common::Random;
use rustc_hash::FxHasher;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use stuckat::netlist::Circuit;
use stuckat::netlist::collapse::{Class, Untestable, collapse};
use stuckat::netlist::eval::Lanes;
use stuckat::netlist::fault::{Fault, Names, Sites, universe};
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::netlist::sequence::Sequences;
use stuckat::unit::{MulOp, Unit};

const NETLISTS: [&str; 5] = ["single_cycle", "fast", "single_cycle_mul", "array32", "booth32"];

fn load(name: &str) -> Arc<Circuit> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let binding = root.join("netlists").join(name).with_extension("toml");
    Arc::new(Circuit::load(Some(&binding), None).expect("the netlist is sound"))
}

/// Random operands as bit planes: 512 pairs a pass.
struct Operands(Vec<[Lanes<8>; 64]>);

impl Operands {
    fn new(pairs: usize, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut planes = || std::array::from_fn(|_| std::array::from_fn(|_| random.next()));
        Self((0..pairs.div_ceil(512)).map(|_| planes()).collect())
    }

    /// A digest of all answers of all operations.
    fn answers(&self, sequences: &Sequences) -> u64 {
        let mut digest = FxHasher::default();
        let mut scratch = Vec::new();
        let mut answer = [[0; 8]; 32];
        for (i, op) in MulOp::ALL.into_iter().enumerate() {
            let sequence = sequences.of(op);
            sequence.cycles().hash(&mut digest);
            if sequence.exact().is_some() || sequence.cycles().is_none() {
                continue;
            }
            // The pairs are dealt out to the four operations.
            for planes in self.0.iter().skip(i).step_by(4) {
                sequence.evaluate(&mut scratch, planes, &mut answer);
                answer.hash(&mut digest);
            }
        }
        digest.finish()
    }
}

/// What the gates answer, for faults that carry state.
fn by_gates(circuit: &Arc<Circuit>, fault: Fault) -> Vec<String> {
    let mut unit = GateUnit::new(circuit.clone(), &[fault]);
    let mut random = Random(77);
    let mut answers = Vec::new();
    for _ in 0..2000 {
        let (op, rs1, rs2) =
            (MulOp::ALL[random.below(4)], random.next() as u32, random.next() as u32);
        if random.below(5) == 0 {
            unit.divided(random.next() >> 30);
        }
        answers.push(format!("{:?}", unit.exec(op, rs1, rs2)));
    }
    answers.push(format!("{:?}", unit.counts()));
    answers
}

#[derive(Default, Debug)]
struct Tally {
    faults: usize,
    classes: usize,
    same_program: usize,
    compared: usize,
    stateful: usize,
}

/// Compares all members of every class on all operands; mostly even their folded programs are the same.
fn check(circuit: &Arc<Circuit>, classes: &[Class], operands: &Operands) -> Tally {
    let mut tally = Tally::default();
    for class in classes {
        tally.classes += 1;
        tally.faults += class.members.len();
        let first = class.representative();
        let expected = Sequences::new(circuit, &[first]);
        let digest = std::cell::OnceCell::new();
        for fault in &class.members[1..] {
            let names = || {
                format!("{} and {}", first.name(circuit.netlist()), fault.name(circuit.netlist()))
            };
            match (&expected, Sequences::new(circuit, &[*fault])) {
                (Ok(expected), Ok(sequences)) => {
                    assert_eq!(expected.sound_state(), sequences.sound_state(), "{}", names());
                    tally.same_program += usize::from(*expected == sequences);
                    tally.compared += 1;
                    let digest = digest.get_or_init(|| operands.answers(expected));
                    assert_eq!(*digest, operands.answers(&sequences), "{}", names());
                }
                (Err(_), Err(_)) => {
                    tally.stateful += 1;
                    assert_eq!(by_gates(circuit, first), by_gates(circuit, *fault), "{}", names());
                }
                (one, other) => panic!("{}: {:?}, {:?}", names(), one.as_ref().err(), other.err()),
            }
        }
    }
    tally
}

/// Untestable faults never show: not in a value, nor in a latency, nor in a state.
fn check_untestable(circuit: &Arc<Circuit>, classes: &[Class], operands: &Operands) -> usize {
    let sound = Sequences::new(circuit, &[]).unwrap();
    let answers = operands.answers(&sound);
    let mut count = 0;
    for class in classes.iter().filter(|class| class.untestable.is_some()) {
        let fault = class.representative();
        let name = fault.name(circuit.netlist());
        let sequences = Sequences::new(circuit, &[fault]).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(sequences.sound_state(), "{name}");
        assert_eq!(operands.answers(&sequences), answers, "{name}");
        count += class.members.len();
    }
    count
}

fn check_netlist(name: &str, operands: &Operands, universes: &[Sites], step: usize) {
    let circuit = load(name);
    for sites in universes.iter().copied() {
        let universe = universe(&circuit, sites);
        let classes = collapse(&circuit, &universe);
        let members: HashSet<Fault> = classes.iter().flat_map(|c| c.members.clone()).collect();
        assert_eq!(members, universe.iter().copied().collect(), "each fault is in one class");
        assert_eq!(classes.iter().map(|c| c.members.len()).sum::<usize>(), universe.len());
        let some: Vec<Class> = classes.into_iter().step_by(step).collect();
        let untestable = check_untestable(&circuit, &some, operands);
        let tally = check(&circuit, &some, operands);
        println!("{name}, {}: {tally:?}, untestable {untestable}", sites.name());
        assert!(
            step > 1 || tally.classes * 10 < tally.faults * 9,
            "little is equivalent: {tally:?}"
        );
    }
}

#[test]
fn members_of_a_class_do_the_same() {
    let step = if cfg!(debug_assertions) { 400 } else { 7 };
    let operands = Operands::new(40_000, 1);
    for name in NETLISTS {
        check_netlist(name, &operands, &[Sites::All, Sites::Pins], step);
    }
}

#[test]
#[ignore = "a million pairs for every fault of every netlist: many minutes"]
fn all_members_of_all_classes_do_the_same_on_a_million_pairs() {
    let operands = Operands::new(1_000_000, 2);
    std::thread::scope(|scope| {
        let (first, second) = NETLISTS.split_at(2);
        for names in [first, second] {
            let operands = &operands;
            scope.spawn(move || {
                names.iter().for_each(|n| check_netlist(n, operands, &[Sites::All], 1))
            });
        }
    });
}

#[test]
fn classes_of_known_cells_are_those_of_the_textbook() {
    const CELLS: &str = include_str!("../netlists/cells/nangate45.lib");
    const VERILOG: &str = "
        module m (input clk, input [31:0] a, b, output [31:0] y);
        NAND2_X1 g1 (.A1(a[0]), .A2(b[0]), .ZN(n1));
        INV_X1 g2 (.A(n1), .ZN(n2));
        XOR2_X1 g3 (.A(n2), .B(a[1]), .Z(n3));
        HA_X1 g4 (.A(n3), .B(b[1]), .S(y[0]), .CO(y[1]));
        AND2_X1 g5 (.A1(a[2]), .A2(1'b0), .ZN(n5));
        OR2_X1 g6 (.A1(n5), .A2(b[2]), .ZN(y[2]));
        NOR2_X1 g7 (.A1(a[3]), .A2(b[3]), .ZN(n7));
        AND2_X1 g8 (.A1(a[4]), .A2(a[4]), .ZN(y[3]));
        assign y[31:4] = a[31:4];
        endmodule";
    const BINDING: &str = "
        name = 'm'
        netlist = 'm.v'
        cells = 'c.lib'
        module = 'm'
        max_clocks = 1
        clock = { port = 'clk' }
        operands = { rs1 = 'a', rs2 = 'b' }
        answer = { value = 'y' }
        operation = { mul = {}, mulh = {}, mulhsu = {}, mulhu = {} }";
    let circuit =
        Circuit::build([("m.toml", BINDING), ("m.v", VERILOG), ("c.lib", CELLS)]).unwrap();
    let names = Names::new(&circuit);
    let classes = collapse(
        &circuit,
        &[universe(&circuit, Sites::All), universe(&circuit, Sites::Pins)].concat(),
    );
    let class = |name: &str| {
        let fault = names.fault(name).unwrap();
        classes.iter().find(|class| class.members.contains(&fault)).unwrap()
    };
    let same = |faults: &[&str]| {
        let first = class(faults[0]);
        for fault in faults {
            assert_eq!(class(fault).representative(), first.representative(), "{fault}");
        }
    };
    let differ = |a: &str, b: &str| {
        assert_ne!(class(a).representative(), class(b).representative(), "{a} and {b}");
    };
    // A NAND with an input at 0 is a 1, which the inverter makes a 0; each net has one reader.
    same(&[
        "a[0]/SA0",
        "g1/A1/SA0",
        "g1/A2/SA0",
        "b[0]/SA0",
        "n1/SA1",
        "g1/ZN/SA1",
        "g2/A/SA1",
        "n2/SA0",
        "g3/A/SA0",
    ]);
    differ("g1/A1/SA1", "g1/A2/SA1");
    differ("g1/A1/SA1", "n1/SA0");
    // An exclusive or has no equivalent faults at different pins, nor has a half adder.
    for (a, b) in [("g3/A/SA0", "g3/B/SA0"), ("g3/A/SA1", "n3/SA1"), ("g4/A/SA0", "g4/CO/SA0")] {
        differ(a, b);
    }
    // A stem with two branches and an output of its own stands alone.
    differ("a[4]/SA0", "g8/A1/SA0");
    same(&["g8/A1/SA0", "g8/A2/SA0", "y[3]/SA0"]);
    // Both pins are on one net, so a branch at 1 changes nothing: the other one decides.
    assert_eq!(class("g8/A1/SA1").untestable, Some(Untestable::Redundant));
    assert_eq!(class("g5/A2/SA0").untestable, Some(Untestable::Tied));
    assert_eq!(class("n5/SA0").untestable, Some(Untestable::Tied));
    assert_eq!(class("g5/A1/SA1").untestable, Some(Untestable::Blocked));
    assert_eq!(class("n5/SA1").untestable, None);
    assert_eq!(class("g7/A1/SA1").untestable, Some(Untestable::Unobservable));
    assert_eq!(class("n1/SA1").untestable, None);
}

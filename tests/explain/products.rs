//! The first wrong product: that of two interpreters, step by step, with every product of the faulty one evaluated gate by gate.

use crate::{circuit, explained, machine, named, twenty};
use std::cell::RefCell;
use stuckat::cpu::{Reached, Retired, Stop};
use stuckat::netlist::FaultSet;
use stuckat::netlist::gate_unit::GateUnit;
use stuckat::unit::Exact;

/// Instructions that are compared; 40,000 have thousands of multiplications.
const LIMIT: u64 = 40_000;

/// What the slow way finds.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    instruction: u64,
    pc: u32,
    rs1: u32,
    rs2: u32,
    right: u32,
    wrong: u32,
}

/// Two interpreters side by side, to the first multiplication that gives another result; none within [`LIMIT`] instructions.
fn slowly(faults: &FaultSet) -> Option<Wrong> {
    let circuit = circuit();
    let (a, b) = (RefCell::new(None), RefCell::new(None));
    let mut golden =
        machine(Exact::new(circuit.latency()), |event: &Retired| *a.borrow_mut() = Some(*event));
    let unit = GateUnit::new(circuit, faults.faults());
    let mut faulty = machine(unit, |event: &Retired| *b.borrow_mut() = Some(*event));
    for step in 1..=LIMIT {
        let registers: [u32; 32] = std::array::from_fn(|r| golden.reg(r as u8));
        assert_eq!(golden.pc(), faulty.pc(), "they are the same until then");
        loop {
            match golden.run_to_event(step) {
                Reached::Stop(Stop::Budget) => break,
                Reached::Stop(stop) => panic!("the golden run ends with {stop}"),
                _ => {}
            }
        }
        while faulty.retired() < step {
            assert!(!matches!(faulty.run_to_event(step), Reached::Stop(Stop::NoAnswer { .. })));
        }
        let (x, y) = (a.take().expect("an instruction"), b.take().expect("an instruction"));
        // The manual's encoding: opcode OP, funct7 1, funct3 0 to 3.
        let is_mul = x.word & 0x7f == 0x33 && x.word >> 25 == 1 && x.word >> 14 & 1 == 0;
        if x.rd != y.rd {
            assert!(is_mul, "nothing differs before a multiplication does");
            let register = |at: u32| registers[(x.word >> at & 31) as usize];
            return Some(Wrong {
                instruction: step,
                pc: x.pc,
                rs1: register(15),
                rs2: register(20),
                right: x.rd.1,
                wrong: y.rd.1,
            });
        }
    }
    None
}

#[test]
fn the_first_wrong_product_of_20_faults_is_that_of_two_interpreters_side_by_side() {
    let (mut found, mut late) = (0, 0);
    for faults in twenty() {
        let name = faults.name(circuit().netlist());
        let explanation = explained(&faults);
        let ours = explanation.first_wrong.as_ref().map(|wrong| Wrong {
            instruction: wrong.operation.instruction,
            pc: wrong.operation.code.pc,
            rs1: wrong.operation.rs1,
            rs2: wrong.operation.rs2,
            right: wrong.right,
            wrong: wrong.wrong.expect("single_cycle always answers these"),
        });
        match slowly(&faults) {
            Some(slow) => {
                assert_eq!(ours, Some(slow), "{name}");
                found += 1;
            }
            None => {
                assert!(ours.is_none_or(|wrong| wrong.instruction > LIMIT), "{name}");
                late += 1;
            }
        }
    }
    eprintln!("{found} faults with a wrong product, {late} without one in {LIMIT} instructions");
    assert!(found >= 12, "{found} of 20 say something");
}

#[test]
fn the_first_activation_is_that_of_a_trace_of_each_operation() {
    use stuckat::netlist::wave::Trace;
    use stuckat::netlist::{Effect, Site};
    use stuckat::unit::{MulOp, Tuple};
    let circuit = circuit();
    for fault in ["n520/SA1", "n1984/SA1", "op_a_i[31]/SA1", "op_b_i[0]/SA0"] {
        let faults = named(fault);
        let [one] = faults.faults() else { panic!("one fault") };
        let (Site::Net(net), Effect::Stuck(stuck)) = (one.site, one.effect) else {
            panic!("a stuck net")
        };
        let event = RefCell::new(None);
        let mut golden = machine(Exact::new(circuit.latency()), |e: &Retired| {
            *event.borrow_mut() = Some(*e);
        });
        let mut step = 0;
        let instruction = loop {
            step += 1;
            let registers: [u32; 32] = std::array::from_fn(|r| golden.reg(r as u8));
            while golden.retired() < step {
                golden.run_to_event(step);
            }
            let word = event.take().expect("an instruction").word;
            if !(word & 0x7f == 0x33 && word >> 25 == 1 && word >> 14 & 1 == 0) {
                continue;
            }
            let tuple = Tuple {
                op: MulOp::ALL[(word >> 12 & 3) as usize],
                rs1: registers[(word >> 15 & 31) as usize],
                rs2: registers[(word >> 20 & 31) as usize],
            };
            let sound = Trace::of(&circuit, &[], tuple);
            if (0..sound.clocks()).any(|clock| sound.value(clock, net) == Some(!stuck.value())) {
                break step;
            }
        };
        let activated = explained(&faults).activated.expect("it is activated");
        assert_eq!(activated.instruction, instruction, "{fault}");
    }
}

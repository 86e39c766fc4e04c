//! A multiplier whose fault can be switched while the program runs.
//!
//! In: units to choose from, of which the first is the sound one. Out: the answers of the one in use. Counts go on over a switch, and so do flip-flops
//! where both units have them; one that has them takes over from one that has none in its state after reset.

use crate::netlist::faulty_unit::FaultyUnit;
use crate::unit::{Answer, Counts, Exact, ForeignState, Inline, Latency, MulOp, State, Unit};

/// One of the units.
#[derive(Clone, Debug)]
enum Member {
    Exact(Exact),
    Gates(Box<FaultyUnit>),
}

/// Units of which one is in use.
#[derive(Clone, Debug)]
pub struct Switch {
    used: Member,
    /// Which that is.
    number: usize,
    /// All of them; in the place of the one in use is an old copy.
    members: Vec<Member>,
    /// Their faults, as the user names them.
    names: Vec<String>,
}

/// Faults that can be chosen from in one session.
const MOST: usize = 64;

impl Switch {
    /// A sound multiplier that is not made of gates.
    pub fn exact(latency: Latency) -> Self {
        Self::new(Member::Exact(Exact::new(latency)))
    }

    /// A sound multiplier of gates.
    pub fn gates(sound: FaultyUnit) -> Self {
        Self::new(Member::Gates(Box::new(sound)))
    }

    fn new(sound: Member) -> Self {
        Self { used: sound.clone(), number: 0, members: vec![sound], names: vec![String::new()] }
    }

    /// Adds a faulty unit of this name; its number, or `None` if there are 64 already.
    pub fn add(&mut self, name: &str, unit: FaultyUnit) -> Option<usize> {
        if self.members.len() > MOST {
            return None;
        }
        self.members.push(Member::Gates(Box::new(unit)));
        self.names.push(name.to_owned());
        Some(self.members.len() - 1)
    }

    /// The number of the unit that was added under this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        (1..self.names.len()).rfind(|number| self.names[*number] == name)
    }

    /// The number of the one in use; 0 is the sound one.
    pub fn used(&self) -> usize {
        self.number
    }

    /// The fault of a unit, as the user named it; `None` for the sound one, and where there is none of that number.
    pub fn name(&self, number: usize) -> Option<&str> {
        self.names.get(number).filter(|_| number > 0).map(String::as_str)
    }

    /// The number of the unit that was added last; 0 if none was.
    pub fn latest(&self) -> usize {
        self.members.len() - 1
    }

    /// Uses another unit from the next operation on. Numbers that there are not change nothing.
    pub fn choose(&mut self, number: usize) {
        let Some(next) = self.members.get(number).filter(|_| number != self.number) else { return };
        let mut next = next.clone();
        let state = self.used.save();
        if next.restore(&state).is_err() {
            // Another circuit: what one holds means nothing to the other.
            let counts = State { counts: state.counts, bits: Vec::new() };
            next.restore(&counts).expect("no flip-flops fit every unit");
        }
        // What it has learnt stays.
        self.members[self.number] = std::mem::replace(&mut self.used, next);
        self.number = number;
    }
}

/// The same for all units.
macro_rules! of {
    ($member:expr, $unit:ident => $what:expr) => {
        match $member {
            Member::Exact($unit) => $what,
            Member::Gates($unit) => $what,
        }
    };
}

impl Member {
    fn save(&self) -> State {
        of!(self, unit => unit.save())
    }

    fn restore(&mut self, state: &State) -> Result<(), ForeignState> {
        of!(self, unit => unit.restore(state))
    }
}

impl Unit for Switch {
    #[inline]
    fn exec(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        of!(&mut self.used, unit => unit.exec(op, rs1, rs2))
    }

    fn outside(&mut self, op: MulOp, rs1: u32, rs2: u32) -> Answer {
        of!(&mut self.used, unit => unit.outside(op, rs1, rs2))
    }

    fn max_cycles(&self) -> u32 {
        of!(&self.used, unit => unit.max_cycles())
    }

    fn divided(&mut self, left: u64) {
        of!(&mut self.used, unit => unit.divided(left));
    }

    fn reset(&mut self) {
        of!(&mut self.used, unit => unit.reset());
    }

    fn counts(&self) -> Counts {
        of!(&self.used, unit => unit.counts())
    }

    fn save(&self) -> State {
        self.used.save()
    }

    fn restore(&mut self, state: &State) -> Result<(), ForeignState> {
        self.used.restore(state)
    }

    fn inline(&self) -> Inline<'_> {
        of!(&self.used, unit => unit.inline())
    }

    fn count(&mut self, done: Counts) {
        of!(&mut self.used, unit => unit.count(done));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::Circuit;
    use crate::netlist::fault::Names;
    use std::sync::Arc;

    #[test]
    fn counts_go_on_when_the_fault_is_switched() {
        let circuit = Arc::new(Circuit::load(None, None).unwrap());
        let fault = |name: &str| Names::new(&circuit).set(name).unwrap();
        // Bit 0 of the first operand stuck at 1: 2 x 3 becomes 3 x 3, and 3 x 3 stays 9.
        let name = "op_a_i[0]/SA1";
        let faults = fault(name);
        for gates in [false, true] {
            let unit = if gates {
                FaultyUnit::gates(&circuit, faults.faults())
            } else {
                FaultyUnit::new(&circuit, faults.faults())
            };
            let mut switch = Switch::exact(circuit.latency());
            let number = switch.add(name, unit).unwrap();
            let product = |switch: &mut Switch, a, b| match switch.exec(MulOp::MUL, a, b) {
                Answer::Done { value, .. } => value,
                Answer::Never => panic!("it answers"),
            };
            assert_eq!(product(&mut switch, 2, 3), 6);
            switch.choose(number);
            assert_eq!(product(&mut switch, 2, 3), 9);
            assert_eq!(product(&mut switch, 3, 3), 9);
            switch.choose(0);
            assert_eq!(product(&mut switch, 2, 3), 6);
            let counts = switch.counts();
            assert_eq!((counts.muls, counts.wrong), (4, 1));
            assert_eq!((switch.find(name), switch.name(number)), (Some(number), Some(name)));
        }
    }
}

//! One operation over a range of operands, and what a fault changes in it: its fan-out cone, folded.
//!
//! In: a [`Circuit`], an operation, a [`Range`]. Out: [`Cones`], which hold the fault-free unit as a straight program over
//! the range ([`Sound`]), and give for a fault the few ops that compute what it changes ([`Cone`]). Only the gates that the
//! fault reaches are looked at, clock by clock, and a change that goes away (at an AND with 0, say) is not followed.
//!
//! A fault that could change "valid", a control flip-flop or the write of a register is left to
//! [`super::sequence`]: its cone would not end with the operation. So is one under which the answer depends on what an
//! earlier operation left.

use super::circuit::Circuit;
use super::fold::{Abstract, Folding};
use super::ports::{Operation, RegisterPlace};
use super::program::Op;
use super::range::Range;
use super::unroll::{Unroller, idle_state};
use super::{Fault, Net, Site, Stuck};
use crate::unit::MulOp;

/// The fault-free operation over a range.
#[derive(Clone, Debug)]
pub struct Sound {
    /// Its ops; op `i` writes plane `sources + i`.
    pub(super) ops: Vec<Op>,
    /// Planes before those of the ops: the bits of the pair's index.
    pub(super) sources: usize,
    /// The answer, in planes.
    pub(super) answer: [Abstract; 32],
}

/// What a fault changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cone {
    /// Ops in order; op `i` writes slot `first + i`, where `first` is the number of planes of [`Sound`].
    pub(super) ops: Vec<Op>,
    /// The answer bits that are no longer what they were, ascending, and what they are now.
    pub(super) answer: Vec<(usize, Abstract)>,
    /// For the cone of an inverted site: the value that the site has without a fault, in planes. A stuck-at fault does what
    /// the inversion does where that value is the other one, and nothing elsewhere.
    pub(super) site: Option<Abstract>,
}

/// What is done to a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    To(Abstract),
    Inverted,
}

/// Why a fault has no cone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCone;

/// Finds cones. Cheap to clone, for several threads.
#[derive(Clone, Debug)]
pub struct Cones<'c> {
    circuit: &'c Circuit,
    /// What is known of every slot of the circuit in every clock, without a fault.
    clocks: Vec<Vec<Abstract>>,
    answer: Vec<Abstract>,
    answer_nets: &'c [Net],
    folding: Folding,
    /// For each slot of `folding`, its plane; none for what depends on earlier operations.
    planes: Vec<Option<u32>>,
    plane_count: u32,
    base: (usize, usize),
    /// For each slot of the circuit, the ops that read it.
    readers: Vec<Vec<u32>>,
    /// For each slot of the circuit, whether what it holds can reach control.
    controls: Vec<bool>,
    /// What differs in the clock at hand: per slot, the clock's stamp and the value.
    changed: Vec<(u32, Abstract)>,
    stamp: u32,
    /// Ops still to be looked at, a bit each.
    pending: Vec<u64>,
}

impl<'c> Cones<'c> {
    /// Unrolls the fault-free operation. `None` if the netlist does not do it.
    pub fn new(circuit: &'c Circuit, op: MulOp, range: Range) -> Option<(Self, Sound)> {
        if let Operation::Exact(_) = circuit.operation(op) {
            return None;
        }
        let idle = idle_state(circuit, &[]);
        let mut folding = Folding::default();
        let operands = range.operands(&mut folding);
        let sources = folding.slots();
        let mut unroller = Unroller::with_operands(circuit, &[], idle, operands, folding);
        let unrolled = unroller.operation(op).ok().flatten()?;
        let mut folding = unroller.folding;
        folding.pass();
        let mut planes = vec![None; folding.slots()];
        (0..sources).for_each(|i| planes[i] = Some(i as u32));
        let mut ops = Vec::new();
        for op in &folding.ops {
            if !folding.is_tainted(Abstract::Live(op.out)) {
                let plane = (sources + ops.len()) as u32;
                planes[op.out as usize] = Some(plane);
                let inputs =
                    op.inputs.map(|slot| planes[slot as usize].expect("it is not tainted"));
                ops.push(Op { table: op.table, inputs, out: plane });
            }
        }
        let place = |value: &Abstract| match value {
            Abstract::Live(slot) => {
                Abstract::Live(planes[*slot as usize].expect("it is not tainted"))
            }
            known => *known,
        };
        let answer: Vec<Abstract> = unrolled.answer.iter().map(place).collect();
        let sound = Sound { sources, answer: answer.try_into().ok()?, ops };
        let program = circuit.program();
        let mut readers = vec![Vec::new(); program.slots];
        for (op, i) in program.ops.iter().zip(0_u32..) {
            for (k, slot) in op.inputs.iter().enumerate() {
                if !op.inputs[..k].contains(slot) {
                    readers[*slot as usize].push(i);
                }
            }
        }
        let cones = Self {
            circuit,
            clocks: unrolled.clocks,
            answer: unrolled.answer,
            answer_nets: circuit.answer_nets(op),
            base: (folding.ops.len(), folding.slots()),
            plane_count: (sources + sound.ops.len()) as u32,
            planes,
            folding,
            readers,
            controls: reaches_control(circuit),
            changed: vec![(0, Abstract::Known(false)); program.slots],
            stamp: 0,
            pending: vec![0; program.ops.len().div_ceil(64)],
        };
        Some((cones, sound))
    }

    /// The cone of a stuck-at fault.
    ///
    /// # Errors
    /// [`NoCone`] if it can reach control, or makes the answer depend on earlier operations.
    pub fn cone(&mut self, fault: Fault, stuck: Stuck) -> Result<Cone, NoCone> {
        self.changed_by(fault.site, Change::To(Abstract::Known(stuck.value())))
    }

    /// The cone of a site that is inverted: both stuck-at faults in one, since each inverts the site or leaves it.
    ///
    /// # Errors
    /// [`NoCone`] as for [`Cones::cone`], and if the operation takes several clocks, in which the site may have several values.
    pub fn inverted(&mut self, site: Site) -> Result<Cone, NoCone> {
        let netlist = self.circuit.netlist();
        let net = match site.acts_at(netlist) {
            _ if self.clocks.len() != 1 => return Err(NoCone),
            None => return Ok(Cone::default()),
            Some(Site::Net(net)) => net,
            Some(Site::Pin(pin)) => netlist.at(pin).ok_or(NoCone)?,
        };
        let value = match self.clocks[0][net.index()] {
            live @ Abstract::Live(_) if self.folding.is_tainted(live) => return Err(NoCone),
            Abstract::Live(slot) => {
                Abstract::Live(self.planes[slot as usize].expect("it is not tainted"))
            }
            known => known,
        };
        let cone = self.changed_by(site, Change::Inverted)?;
        Ok(Cone { site: Some(value), ..cone })
    }

    fn changed_by(&mut self, site: Site, change: Change) -> Result<Cone, NoCone> {
        let circuit = self.circuit;
        let program = circuit.program();
        let mut forced = None;
        let mut reads: &[super::program::Read] = &[];
        match site.acts_at(circuit.netlist()) {
            None => return Ok(Cone::default()),
            Some(Site::Net(net)) if self.controls[net.index()] => return Err(NoCone),
            Some(Site::Net(net)) => forced = Some(net.0),
            Some(Site::Pin(pin)) => {
                reads = program.reads(pin);
                let out = |r: &super::program::Read| program.ops[r.op as usize].out;
                if circuit.clocked_by(pin).is_some()
                    || reads.iter().any(|r| self.controls[out(r) as usize])
                {
                    return Err(NoCone);
                }
            }
        }
        let mut carried: Vec<(u32, Abstract)> = Vec::new();
        for clock in 0..self.clocks.len() {
            self.stamp += 1;
            for (slot, value) in std::mem::take(&mut carried) {
                self.change(clock, slot, value);
            }
            if let Some(net) = forced {
                let value = self.apply(change, self.clocks[clock][net as usize]);
                self.change(clock, net, value);
            }
            for read in reads {
                self.pending[read.op as usize / 64] |= 1 << (read.op % 64);
            }
            self.propagate(clock, forced, reads, change);
            if clock + 1 < self.clocks.len() {
                carried = self.carry(clock);
            }
        }
        let last = self.clocks.len() - 1;
        let mut answer = Vec::new();
        for (bit, net) in self.answer_nets.iter().enumerate() {
            let now = self.value(last, net.0);
            if now != self.answer[bit] {
                answer.push((bit, now));
            }
        }
        let tainted = answer.iter().any(|(_, value)| self.folding.is_tainted(*value));
        let cone = if tainted { Err(NoCone) } else { Ok(self.compact(answer)) };
        self.folding.roll_back(self.base.0, self.base.1);
        cone
    }

    fn apply(&mut self, change: Change, value: Abstract) -> Abstract {
        match change {
            Change::To(value) => value,
            Change::Inverted => self.folding.fold(0x55, [value; 3]),
        }
    }

    fn value(&self, clock: usize, slot: u32) -> Abstract {
        let (stamp, value) = self.changed[slot as usize];
        if stamp == self.stamp { value } else { self.clocks[clock][slot as usize] }
    }

    /// Notes a slot's value if it differs from the fault-free one, and who must look at it.
    fn change(&mut self, clock: usize, slot: u32, value: Abstract) {
        let differs = value != self.clocks[clock][slot as usize];
        let entry = &mut self.changed[slot as usize];
        if !differs && entry.0 != self.stamp {
            return;
        }
        *entry = (self.stamp, value);
        for op in &self.readers[slot as usize] {
            self.pending[*op as usize / 64] |= 1 << (op % 64);
        }
    }

    /// Evaluates what is pending, in order.
    fn propagate(
        &mut self,
        clock: usize,
        forced: Option<u32>,
        reads: &[super::program::Read],
        change: Change,
    ) {
        let program = self.circuit.program();
        for word in 0..self.pending.len() {
            // An op's readers come after it, so a word is done when it is empty.
            while self.pending[word] != 0 {
                let index = word * 64 + self.pending[word].trailing_zeros() as usize;
                self.pending[word] &= self.pending[word] - 1;
                let op = &program.ops[index];
                if forced == Some(op.out) {
                    continue;
                }
                let mut inputs = op.inputs.map(|slot| self.value(clock, slot));
                for read in reads.iter().filter(|r| r.op as usize == index) {
                    let input = &mut inputs[usize::from(read.input)];
                    *input = self.apply(change, *input);
                }
                let value = self.folding.fold(op.table, inputs);
                self.change(clock, op.out, value);
            }
        }
    }

    /// What flip-flops and registers show differently in the next clock.
    fn carry(&mut self, clock: usize) -> Vec<(u32, Abstract)> {
        let circuit = self.circuit;
        let mut carried = Vec::new();
        for flop in &circuit.program().flops {
            let (stamp, value) = self.changed[flop.next as usize];
            if stamp != self.stamp {
                continue;
            }
            carried.extend(flop.q.map(|q| (q.0, value)));
            if let Some(qn) = flop.qn {
                carried.push((qn.0, self.folding.fold(0x55, [value; 3])));
            }
        }
        for register in circuit.registers() {
            let RegisterPlace::Outside(register) = &register.place else { continue };
            let written = self.value(clock, register.write.0) == Abstract::Known(true);
            for (q, d) in register.q.iter().zip(&register.d) {
                // What is not written stays, changed or not; a stuck q is changed again by its fault.
                let (stamp, value) = self.changed[if written { d.index() } else { q.index() }];
                if stamp == self.stamp {
                    carried.push((q.0, value));
                }
            }
        }
        carried
    }

    /// Drops what the answer does not need; slots become planes, those of the cone after those of the sound unit.
    fn compact(&self, answer: Vec<(usize, Abstract)>) -> Cone {
        let (first_op, first_slot) = self.base;
        let own = &self.folding.ops[first_op..];
        let mut needed = vec![false; own.len()];
        let mark = |needed: &mut Vec<bool>, slot: u32| {
            if let Some(i) = (slot as usize).checked_sub(first_slot) {
                needed[i] = true;
            }
        };
        for (_, value) in &answer {
            if let Abstract::Live(slot) = value {
                mark(&mut needed, *slot);
            }
        }
        for i in (0..own.len()).rev() {
            // Only ops make new slots here: op i writes slot `first_slot + i`.
            debug_assert_eq!(own[i].out as usize, first_slot + i);
            if needed[i] {
                own[i].inputs.iter().for_each(|slot| mark(&mut needed, *slot));
            }
        }
        let mut place = vec![0; own.len()];
        let at = |slot: u32, place: &[u32]| match (slot as usize).checked_sub(first_slot) {
            Some(i) => place[i],
            None => self.planes[slot as usize].expect("it is not tainted"),
        };
        let mut ops = Vec::new();
        for (i, op) in own.iter().enumerate().filter(|(i, _)| needed[*i]) {
            let inputs = op.inputs.map(|slot| at(slot, &place));
            place[i] = self.plane_count + ops.len() as u32;
            ops.push(Op { table: op.table, inputs, out: place[i] });
        }
        let value = |value: Abstract| match value {
            Abstract::Live(slot) => Abstract::Live(at(slot, &place)),
            known => known,
        };
        let answer = answer.into_iter().map(|(bit, v)| (bit, value(v))).collect();
        Cone { ops, answer, site: None }
    }
}

/// For each slot whether it can reach "valid", a register's write or a control flip-flop, in the same clock or a later one.
fn reaches_control(circuit: &Circuit) -> Vec<bool> {
    let program = circuit.program();
    let mut reaches = vec![false; program.slots];
    if let Some(net) = circuit.valid_net() {
        reaches[net.index()] = true;
    }
    for (flop, data) in program.flops.iter().zip(circuit.data_flops()) {
        reaches[flop.next as usize] |= !data;
    }
    for register in circuit.registers() {
        if let RegisterPlace::Outside(r) = &register.place {
            reaches[r.write.index()] = true;
        }
    }
    loop {
        for op in program.ops.iter().rev() {
            if reaches[op.out as usize] {
                op.inputs.iter().for_each(|slot| reaches[*slot as usize] = true);
            }
        }
        // Through data flip-flops and registers into the next clock.
        let mut more = Vec::new();
        for flop in &program.flops {
            if flop.q.into_iter().chain(flop.qn).any(|q| reaches[q.index()]) {
                more.push(flop.next as usize);
            }
        }
        for register in circuit.registers() {
            if let RegisterPlace::Outside(r) = &register.place {
                let bits = r.q.iter().zip(&r.d).filter(|(q, _)| reaches[q.index()]);
                more.extend(bits.map(|(_, d)| d.index()));
            }
        }
        more.retain(|slot| !reaches[*slot]);
        if more.is_empty() {
            return reaches;
        }
        more.into_iter().for_each(|slot| reaches[slot] = true);
    }
}

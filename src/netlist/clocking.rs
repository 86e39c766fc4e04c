//! The clock of a [`Circuit`]: what its flip-flops and registers hold, and what a clock edge does to them.

use super::circuit::Circuit;
use super::eval::{Injection, Lanes, evaluate, splat};
use super::logic::Expr;
use super::ports::{Drive, RegisterPlace};
use super::{Net, Pin, Site};

/// Clocks without an operation after reset, before the first one.
pub const IDLE_CLOCKS_AFTER_RESET: u32 = 2;
/// Clocks without an operation between two operations.
pub const IDLE_CLOCKS_BETWEEN: u32 = 1;

/// What flip-flops and external registers hold, per lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State<const N: usize> {
    /// One entry a flip-flop of the program.
    pub flops: Vec<Lanes<N>>,
    /// Bits of each register of the binding; none for one that lies inside.
    pub registers: Vec<Vec<Lanes<N>>>,
}

impl Circuit {
    /// Values for all slots, to be given to [`Circuit::clock`]; constants are in place.
    pub fn new_values<const N: usize>(&self) -> Vec<Lanes<N>> {
        let mut values = vec![[0; N]; self.program().slots];
        for (net, value) in self.netlist().constants() {
            values[net.index()] = splat(*value);
        }
        values
    }

    /// One clock up to its edge: writes the inputs and evaluates all gates. `operand` gives the lanes of an operand's bit: 0 to 31
    /// of rs1, 32 to 63 of rs2.
    pub fn settle<const N: usize>(
        &self,
        values: &mut [Lanes<N>],
        drives: &[(Net, Drive)],
        operand: impl Fn(usize) -> Lanes<N>,
        state: &State<N>,
        injections: &[Injection<N>],
    ) {
        for (net, drive) in drives {
            values[net.index()] = match drive {
                Drive::Value(value) => splat(*value),
                Drive::Rs1(bit) => operand(usize::from(*bit)),
                Drive::Rs2(bit) => operand(32 + usize::from(*bit)),
            };
        }
        for (flop, state) in self.program().flops.iter().zip(&state.flops) {
            if let Some(q) = flop.q {
                values[q.index()] = *state;
            }
            if let Some(qn) = flop.qn {
                values[qn.index()] = state.map(|w| !w);
            }
        }
        for (register, bits) in self.registers().iter().zip(&state.registers) {
            if let RegisterPlace::Outside(register) = &register.place {
                for (net, bit) in register.q.iter().zip(bits) {
                    values[net.index()] = *bit;
                }
            }
        }
        evaluate(self.program(), self.netlist(), values, injections);
    }

    /// What the clock edge after [`Circuit::settle`] does to the state.
    pub fn clock_edge<const N: usize>(
        &self,
        values: &[Lanes<N>],
        state: &mut State<N>,
        injections: &[Injection<N>],
    ) {
        let held = self.held_flops(values, state, injections);
        for (flop, state) in self.program().flops.iter().zip(&mut state.flops) {
            *state = values[flop.next as usize];
        }
        // One flip-flop may be held by several injections, each in its own lanes.
        for (flop, lanes, kept) in held {
            let state = &mut state.flops[flop];
            *state = std::array::from_fn(|w| (kept[w] & lanes[w]) | (state[w] & !lanes[w]));
        }
        for (register, bits) in self.registers().iter().zip(&mut state.registers) {
            let RegisterPlace::Outside(register) = &register.place else { continue };
            let write = values[register.write.index()];
            for (net, bit) in register.d.iter().zip(bits) {
                let d = values[net.index()];
                *bit = std::array::from_fn(|i| (d[i] & write[i]) | (bit[i] & !write[i]));
            }
        }
    }

    /// Flip-flops whose clock pin is stuck in some lanes: these lanes, and what they keep there. Set and clear still act.
    fn held_flops<const N: usize>(
        &self,
        values: &[Lanes<N>],
        state: &State<N>,
        injections: &[Injection<N>],
    ) -> Vec<(usize, Lanes<N>, Lanes<N>)> {
        let mut held = Vec::new();
        for injection in injections {
            let Site::Pin(pin) = injection.site else { continue };
            let Some(index) = self.clocked_by(pin) else { continue };
            let flop = &self.program().flops[index];
            let cell = &self.netlist().cells[flop.cell as usize];
            let kind = cell.kind.flip_flop.as_ref().expect("it is a flip-flop");
            // A fault at another pin of the same cell counts too.
            let pin_value = |p: usize| {
                let mut value = values[cell.inputs[p].index()];
                let pin = Site::Pin(Pin { cell: flop.cell, pin: p as u32 });
                injections.iter().filter(|i| i.site == pin).for_each(|i| i.apply(&mut value));
                value
            };
            let word = |expr: &Expr, w: usize| expr.word(&|p| pin_value(p)[w]);
            let kept = std::array::from_fn(|w| {
                let kept = state.flops[index][w];
                let preset = kind.preset.as_ref().map_or(0, |preset| word(preset, w));
                let clear = kind.clear.as_ref().map_or(0, |clear| word(clear, w));
                if kind.preset_wins { kept & !clear | preset } else { (kept | preset) & !clear }
            });
            // A flip of the clock for one evaluation is a missed edge as well.
            let lanes =
                std::array::from_fn(|w| injection.at0[w] | injection.at1[w] | injection.flip[w]);
            held.push((index, lanes, kept));
        }
        held
    }

    /// The flip-flop of which this is the clock pin, as an index into the program's.
    pub fn clocked_by(&self, pin: Pin) -> Option<usize> {
        let kind = self.netlist().cells[pin.cell as usize].kind.flip_flop.as_ref()?;
        let flops = &self.program().flops;
        (kind.clock == pin.pin as usize).then(|| flops.iter().position(|f| f.cell == pin.cell))?
    }

    /// One clock with idle inputs and operands 0.
    pub fn idle_clock<const N: usize>(
        &self,
        values: &mut [Lanes<N>],
        state: &mut State<N>,
        injections: &[Injection<N>],
    ) {
        self.settle(values, self.idle_drives(), |_| [0; N], state, injections);
        self.clock_edge(values, state, injections);
    }

    /// The state after reset and the idle clocks that follow it. A flip-flop without a reset starts at 0.
    pub fn reset_state<const N: usize>(
        &self,
        values: &mut [Lanes<N>],
        injections: &[Injection<N>],
    ) -> State<N> {
        let registers: Vec<Vec<Lanes<N>>> = self
            .registers()
            .iter()
            .map(|register| match &register.place {
                RegisterPlace::Outside(r) => {
                    (0..r.q.len()).map(|i| splat(i < 64 && r.reset >> i & 1 == 1)).collect()
                }
                RegisterPlace::Inside(_) => Vec::new(),
            })
            .collect();
        let flops = vec![[0; N]; self.program().flops.len()];
        let mut state = State { flops, registers: registers.clone() };
        if let Some((net, active)) = self.reset() {
            let mut drives = self.idle_drives().to_vec();
            drives.retain(|(n, _)| *n != net);
            drives.push((net, Drive::Value(active)));
            self.settle(values, &drives, |_| [0; N], &state, injections);
            self.clock_edge(values, &mut state, injections);
            // The registers outside are held by the same reset.
            state.registers = registers;
        }
        for _ in 0..IDLE_CLOCKS_AFTER_RESET {
            self.idle_clock(values, &mut state, injections);
        }
        state
    }

    /// What a division does to the registers that it writes.
    pub fn divided<const N: usize>(&self, state: &mut State<N>, left: u64) {
        let bit = |i: usize| splat(i < 64 && left >> i & 1 == 1);
        let State { flops, registers } = state;
        for (register, bits) in self.registers().iter().zip(registers) {
            match &register.place {
                _ if !register.written_by_div => {}
                RegisterPlace::Outside(_) => {
                    bits.iter_mut().enumerate().for_each(|(i, b)| *b = bit(i));
                }
                RegisterPlace::Inside(inside) => {
                    inside.iter().enumerate().for_each(|(i, flop)| flops[*flop] = bit(i));
                }
            }
        }
    }
}

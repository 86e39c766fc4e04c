//! Evaluates a [`Program`] for `64 * N` patterns at a time.
//!
//! A slot holds `[u64; N]`: one bit a lane. Lanes may be operand patterns under one fault, or faults under one
//! pattern: an [`Injection`] changes a site in the lanes of its masks and leaves the others alone.

use super::program::{Op, Program};
use super::{Effect, Fault, Netlist, Site, Stuck};

/// Values of one net in all lanes.
pub type Lanes<const N: usize> = [u64; N];

/// All lanes 0 or all lanes 1.
pub fn splat<const N: usize>(value: bool) -> Lanes<N> {
    [if value { u64::MAX } else { 0 }; N]
}

/// Forces a site to 0 in some lanes and to 1 in others, and inverts it in others again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injection<const N: usize> {
    /// The site.
    pub site: Site,
    /// Lanes in which it is stuck at 0.
    pub at0: Lanes<N>,
    /// Lanes in which it is stuck at 1.
    pub at1: Lanes<N>,
    /// Lanes in which it is inverted.
    pub flip: Lanes<N>,
}

impl<const N: usize> Injection<N> {
    /// A fault in the lanes of a mask. When a flip is there is the caller's business.
    pub fn new(fault: Fault, lanes: Lanes<N>) -> Self {
        let mut injection = Self { site: fault.site, at0: [0; N], at1: [0; N], flip: [0; N] };
        match fault.effect {
            Effect::Stuck(Stuck::At0) => injection.at0 = lanes,
            Effect::Stuck(Stuck::At1) => injection.at1 = lanes,
            Effect::Flip { .. } => injection.flip = lanes,
        }
        injection
    }

    /// Changes a value of the site.
    pub fn apply(&self, value: &mut Lanes<N>) {
        for (i, v) in value.iter_mut().enumerate() {
            *v = ((*v & !self.at0[i]) | self.at1[i]) ^ self.flip[i];
        }
    }
}

/// What injections do between the ops, in the order in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// This input of the op comes changed.
    Input(u8),
    /// The op's output is changed before anybody reads it.
    Output,
}

/// Evaluates all gates once. Sources (inputs, constants, flip-flop outputs) must be in `values`, which has
/// `program.slots` entries; everything else is written. A fault at a flip-flop's clock pin is not seen here: it shows at the
/// clock edge.
pub fn evaluate<const N: usize>(
    program: &Program,
    netlist: &Netlist,
    values: &mut [Lanes<N>],
    injections: &[Injection<N>],
) {
    if injections.is_empty() {
        return run(&program.ops, values);
    }
    let mut placed: Vec<(u32, Place, &Injection<N>)> = Vec::with_capacity(injections.len());
    for injection in injections {
        match injection.site.acts_at(netlist) {
            Some(Site::Net(net)) => match program.writer[net.index()] {
                Some(op) => placed.push((op, Place::Output, injection)),
                None => injection.apply(&mut values[net.index()]),
            },
            Some(Site::Pin(pin)) => {
                let reads = program.reads(pin).iter();
                placed.extend(reads.map(|r| (r.op, Place::Input(r.input), injection)));
            }
            None => {}
        }
    }
    placed.sort_by_key(|(op, place, _)| (*op, *place));
    let mut from = 0;
    for group in placed.chunk_by(|a, b| a.0 == b.0) {
        let at = group[0].0 as usize;
        run(&program.ops[from..at], values);
        let mut op = program.ops[at];
        let inputs = group.iter().filter(|(_, place, _)| *place != Place::Output);
        if inputs.clone().next().is_some() {
            // The op reads copies of its inputs: another pin of the cell may read the same net.
            for (i, slot) in op.inputs.iter_mut().enumerate() {
                values[program.scratch() + i] = values[*slot as usize];
                *slot = (program.scratch() + i) as u32;
            }
            for (_, place, injection) in inputs {
                if let Place::Input(i) = place {
                    injection.apply(&mut values[program.scratch() + usize::from(*i)]);
                }
            }
        }
        run(&[op], values);
        for (_, _, injection) in group.iter().filter(|(_, place, _)| *place == Place::Output) {
            injection.apply(&mut values[op.out as usize]);
        }
        from = at + 1;
    }
    run(&program.ops[from..], values);
}

/// Runs a list of ops over `values`.
#[inline]
pub fn run<const N: usize>(ops: &[Op], values: &mut [Lanes<N>]) {
    for op in ops {
        let [a, b, c] = op.inputs.map(|slot| slot as usize);
        let map1 = |f: fn(u64) -> u64, v: &[Lanes<N>]| v[a].map(f);
        let map2 = |f: fn(u64, u64) -> u64, v: &[Lanes<N>]| {
            let (x, y) = (&v[a], &v[b]);
            std::array::from_fn(|i| f(x[i], y[i]))
        };
        let map3 = |f: fn(u64, u64, u64) -> u64, v: &[Lanes<N>]| {
            let (x, y, z) = (&v[a], &v[b], &v[c]);
            std::array::from_fn(|i| f(x[i], y[i], z[i]))
        };
        // Row `a + 2b + 4c` of the table is the result; the functions below are the ones that cells have.
        let value: Lanes<N> = match op.table {
            0xaa => values[a],
            0x55 => map1(|x| !x, values),
            0x88 => map2(|x, y| x & y, values),
            0xee => map2(|x, y| x | y, values),
            0x66 => map2(|x, y| x ^ y, values),
            0x77 => map2(|x, y| !(x & y), values),
            0x11 => map2(|x, y| !(x | y), values),
            0x99 => map2(|x, y| !(x ^ y), values),
            0x22 => map2(|x, y| x & !y, values),
            0x44 => map2(|x, y| !x & y, values),
            0xbb => map2(|x, y| x | !y, values),
            0xdd => map2(|x, y| !x | y, values),
            0x96 => map3(|x, y, z| x ^ y ^ z, values),
            0x69 => map3(|x, y, z| !(x ^ y ^ z), values),
            0xe8 => map3(|x, y, z| (x & y) | (z & (x | y)), values),
            0xca => map3(|x, y, z| (x & !z) | (y & z), values),
            0x80 => map3(|x, y, z| x & y & z, values),
            0xfe => map3(|x, y, z| x | y | z, values),
            0x7f => map3(|x, y, z| !(x & y & z), values),
            0x01 => map3(|x, y, z| !(x | y | z), values),
            0x15 => map3(|x, y, z| !(x | (y & z)), values),
            0x07 => map3(|x, y, z| !(z | (x & y)), values),
            0x57 => map3(|x, y, z| !(x & (y | z)), values),
            0x1f => map3(|x, y, z| !(z & (x | y)), values),
            table => generic(table, &values[a], &values[b], &values[c]),
        };
        values[op.out as usize] = value;
    }
}

/// Two functions of the same three slots, as a full adder's sum and carry are, for the evaluation of single patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitOp {
    inputs: [u32; 3],
    tables: [u8; 2],
    outs: [u32; 2],
}

/// Joins neighbours with the same inputs into pairs; a function that stays alone is done twice.
pub fn pair_up(ops: &[Op]) -> Vec<BitOp> {
    let mut pairs = Vec::with_capacity(ops.len());
    let mut rest = ops;
    while let [first, more @ ..] = rest {
        // The second may read what the first has just written: then it is no neighbour but a successor.
        let same =
            |second: &&Op| second.inputs == first.inputs && !second.inputs.contains(&first.out);
        let second = more.first().filter(same);
        rest = if second.is_some() { &more[1..] } else { more };
        let second = second.unwrap_or(first);
        pairs.push(BitOp {
            inputs: first.inputs,
            tables: [first.table, second.table],
            outs: [first.out, second.out],
        });
    }
    pairs
}

/// Evaluates single bits (0 or 1) by looking each function up in its table.
///
/// One pattern leaves 63 lanes of a word unused, and a jump by kind of gate is guessed wrong about every time; a look-up
/// has no jump.
#[inline]
pub fn run_bits(ops: &[BitOp], values: &mut [u8]) {
    for op in ops {
        let [a, b, c] = op.inputs.map(|slot| values[slot as usize]);
        let row = a | b << 1 | c << 2;
        values[op.outs[0] as usize] = op.tables[0] >> row & 1;
        values[op.outs[1] as usize] = op.tables[1] >> row & 1;
    }
}

/// Any function of three inputs, as the sum of its rows.
fn generic<const N: usize>(table: u8, a: &Lanes<N>, b: &Lanes<N>, c: &Lanes<N>) -> Lanes<N> {
    let literal = |x: u64, row: u32, bit: u32| if row >> bit & 1 == 1 { x } else { !x };
    std::array::from_fn(|i| {
        (0..8).filter(|row| table >> row & 1 == 1).fold(0, |sum, row| {
            sum | literal(a[i], row, 0) & literal(b[i], row, 1) & literal(c[i], row, 2)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_truth_table_is_evaluated_as_it_is_written() {
        // Lane i holds row i of the table: a, b, c are the bits of i.
        let inputs: [Lanes<1>; 3] = [[0xaa], [0xcc], [0xf0]];
        for table in 0..=255 {
            let mut values = vec![inputs[0], inputs[1], inputs[2], [0]];
            run(&[Op { table, inputs: [0, 1, 2], out: 3 }], &mut values);
            assert_eq!(values[3][0] & 0xff, u64::from(table), "table {table:#04x}");
            for row in 0..8_u8 {
                let mut bits = [row & 1, row >> 1 & 1, row >> 2, 0];
                let op = |table, out| Op { table, inputs: [0, 1, 2], out };
                let pairs = pair_up(&[op(table, 3), op(!table, 2)]);
                assert_eq!(pairs.len(), 1);
                run_bits(&pairs, &mut bits);
                assert_eq!(bits[3], table >> row & 1, "table {table:#04x}, row {row}");
                assert_eq!(bits[2], !table >> row & 1, "table {:#04x}, row {row}", !table);
            }
        }
    }

    #[test]
    fn a_function_of_a_slot_that_its_neighbour_writes_is_not_paired() {
        let ops = [
            Op { table: 0x96, inputs: [0, 1, 2], out: 0 },
            Op { table: 0xe8, inputs: [0, 1, 2], out: 1 },
        ];
        assert_eq!(pair_up(&ops).len(), 2);
        // 1 ^ 1 ^ 1 = 1, then the majority of 1, 1, 1; and 1 ^ 1 ^ 0 = 0, then the majority of 0, 1, 0.
        for (start, end) in [([1, 1, 1], [1, 1, 1]), ([1, 1, 0], [0, 0, 0])] {
            let mut values = start;
            run_bits(&pair_up(&ops), &mut values);
            assert_eq!(values, end);
        }
    }
}

//! Abstract evaluation: folds what is known into a straight program.
//!
//! In: truth tables and what is known of their inputs. Out: what is known of their results, and the ops that compute the
//! live ones, none of them twice. A slot is a known constant or a live value; a live value is tainted if it may depend on what
//! an earlier operation left in a register.

use super::program::Op;
use rustc_hash::FxHashMap;

/// What is known of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abstract {
    /// A constant.
    Known(bool),
    /// The value of this slot of the straight program.
    Live(u32),
}

/// A straight program while it grows.
#[derive(Clone, Debug, Default)]
pub struct Folding {
    /// Its ops, in the order of evaluation.
    pub ops: Vec<Op>,
    /// For each slot, whether it may depend on a register's old content.
    tainted: Vec<bool>,
    /// Functions that have been emitted, so that equal ones are emitted once.
    emitted: FxHashMap<(u8, [u32; 3]), u32>,
    /// Ops that are emitted now are not remembered.
    passing: bool,
}

impl Folding {
    /// A new live value that no op makes.
    pub fn source(&mut self, tainted: bool) -> Abstract {
        self.tainted.push(tainted);
        Abstract::Live(self.tainted.len() as u32 - 1)
    }

    /// Whether it may depend on what an earlier operation left.
    pub fn is_tainted(&self, value: Abstract) -> bool {
        matches!(value, Abstract::Live(slot) if self.tainted[slot as usize])
    }

    /// Number of slots.
    pub fn slots(&self) -> usize {
        self.tainted.len()
    }

    /// From now on ops are not remembered, so that [`Folding::roll_back`] is cheap.
    pub fn pass(&mut self) {
        self.passing = true;
    }

    /// Forgets every op after the first `ops` and every slot after the first `slots`; they must all have come since
    /// [`Folding::pass`].
    pub fn roll_back(&mut self, ops: usize, slots: usize) {
        self.ops.truncate(ops);
        self.tainted.truncate(slots);
    }

    /// A function of what is known: a constant, one of its inputs, or a new op with fewer inputs.
    pub fn fold(&mut self, mut table: u8, inputs: [Abstract; 3]) -> Abstract {
        // Rows of the table in which input i is 0.
        const ZERO_ROWS: [u8; 3] = [0x55, 0x33, 0x0f];
        let mut slots = [None; 3];
        for (i, input) in inputs.into_iter().enumerate() {
            let shift = 1 << i;
            let (low, high) = (table & ZERO_ROWS[i], table >> shift & ZERO_ROWS[i]);
            let low_only = low | low << shift;
            match input {
                Abstract::Known(false) => table = low_only,
                Abstract::Known(true) => table = high | high << shift,
                // An input that the function does not look at.
                Abstract::Live(_) if low == high => table = low_only,
                Abstract::Live(slot) => slots[i] = Some(slot),
            }
        }
        // The same slot twice: only rows in which both agree can occur.
        for (i, j) in [(0, 1), (0, 2), (1, 2)] {
            if slots[i].is_some() && slots[i] == slots[j] {
                let row = |r: u8| if r >> i & 1 == 1 { r | 1 << j } else { r & !(1 << j) };
                table = (0..8).fold(0, |t, r| t | (table >> row(r) & 1) << r);
                slots[j] = None;
            }
        }
        // The table no longer looks at inputs without a slot, and perhaps not at others either.
        for (i, slot) in slots.iter_mut().enumerate() {
            if table & ZERO_ROWS[i] == table >> (1 << i) & ZERO_ROWS[i] {
                *slot = None;
            }
        }
        match table {
            0x00 => return Abstract::Known(false),
            0xff => return Abstract::Known(true),
            _ => {}
        }
        let (table, inputs) = pack(table, slots);
        if table == 0xaa {
            return Abstract::Live(inputs[0]);
        }
        if let Some(slot) = self.emitted.get(&(table, inputs)) {
            return Abstract::Live(*slot);
        }
        let tainted = slots.iter().flatten().any(|slot| self.tainted[*slot as usize]);
        let out = self.source(tainted);
        if let Abstract::Live(out) = out {
            self.ops.push(Op { table, inputs, out });
            if !self.passing {
                self.emitted.insert((table, inputs), out);
            }
        }
        out
    }
}

/// Moves the inputs that a table looks at to the front, in ascending order of their slots; the table then ignores the
/// others, which repeat the first.
fn pack(mut table: u8, slots: [Option<u32>; 3]) -> (u8, [u32; 3]) {
    // Rows that trade places when two inputs do: those in which the two differ.
    let swap_01 = |t: u8| t & 0x99 | (t & 0x22) << 1 | (t & 0x44) >> 1;
    let swap_12 = |t: u8| t & 0xc3 | (t & 0x0c) << 2 | (t & 0x30) >> 2;
    let [mut a, mut b, mut c] = slots.map(|slot| slot.unwrap_or(u32::MAX));
    if a > b {
        (a, b, table) = (b, a, swap_01(table));
    }
    if b > c {
        (b, c, table) = (c, b, swap_12(table));
    }
    if a > b {
        (a, b, table) = (b, a, swap_01(table));
    }
    let or_first = |slot: u32| if slot == u32::MAX { a } else { slot };
    (table, [a, or_first(b), or_first(c)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_tables_say_the_same_of_reordered_inputs() {
        let inputs = [Some(7), Some(3), Some(5)];
        for table in 0..=255_u8 {
            for absent in 0..8_u8 {
                let slots = std::array::from_fn(|i| inputs[i].filter(|_| absent >> i & 1 == 0));
                // A table does not look at inputs without a slot.
                let looks = |row: u8| row & !absent & 7;
                let table = (0..8).fold(0, |t, row| t | (table >> looks(row) & 1) << row);
                let (packed, order) = pack(table, slots);
                assert!(slots == [None; 3] || order.iter().all(|s| slots.contains(&Some(*s))));
                for row in 0..8_u8 {
                    let value = |slot: u32| {
                        let place = inputs.iter().position(|i| *i == Some(slot));
                        place.map_or(0, |p| row >> p & 1)
                    };
                    let packed_row = order.iter().zip(0..).fold(0, |r, (s, i)| r | value(*s) << i);
                    assert_eq!(packed >> packed_row & 1, table >> row & 1, "{table:#x} {row}");
                }
            }
        }
    }
}

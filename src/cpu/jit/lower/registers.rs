//! Where the values of guest registers are: in variables where they are held, else known since they were read or written, else at home.

use super::*;

impl<'w> Writer<'w, '_> {
    /// Where a register's home is.
    pub(super) fn home(r: usize) -> i32 {
        (offset_of!(Context, registers) + 4 * r) as i32
    }

    /// Makes what is held what the block at `to` holds, on the way there.
    pub(super) fn hold(&mut self, to: Spot) {
        let there = self.held.get(&to).copied().unwrap_or_default();
        self.write_back(self.here.written & !(there.registers & there.written));
        let new = there.registers & !self.here.registers;
        for r in (1..32).filter(|r| new >> r & 1 == 1) {
            let value = self.get(r as u8);
            self.b.def_var(self.variables[r], value);
        }
    }

    /// Writes registers home: those that memory does not have, and of the held ones these.
    pub(super) fn write_back(&mut self, held: u32) {
        for r in 1..32 {
            let value = if held >> r & 1 == 1 {
                self.b.use_var(self.variables[r])
            } else if self.dirty >> r & 1 == 1
                && let Some(value) = self.known[r]
            {
                value
            } else {
                continue;
            };
            self.b.ins().store(MemFlags::trusted(), value, self.context, Self::home(r));
        }
    }

    pub(super) fn get(&mut self, r: u8) -> Value {
        let place = usize::from(r);
        if r == 0 {
            return self.b.ins().iconst(I32, 0);
        }
        if self.here.registers >> r & 1 == 1 {
            return self.b.use_var(self.variables[place]);
        }
        if let Some(value) = self.known[place] {
            return value;
        }
        let value = self.b.ins().load(I32, MemFlags::trusted(), self.context, Self::home(place));
        self.known[place] = Some(value);
        value
    }

    pub(super) fn set(&mut self, r: u8, value: Value) {
        if r == 0 {
            return;
        }
        self.narrow &= !(1 << r);
        if self.here.registers >> r & 1 == 1 {
            self.b.def_var(self.variables[usize::from(r)], value);
        } else {
            self.known[usize::from(r)] = Some(value);
            self.dirty |= 1 << r;
        }
    }
}

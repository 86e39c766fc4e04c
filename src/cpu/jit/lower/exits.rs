//! The ways out of a region.

use super::*;

impl<'w> Writer<'w, '_> {
    /// Out of the region, on at `pc`. What is pending is counted, and stays pending for others.
    pub(super) fn leave(&mut self, pc: Value, how: Value) {
        self.write_back(0);
        let [first, second, third] = self.pending.packed();
        self.add(2, third);
        let way = (self.burst.map(|(burst, _)| burst.head), self.here.written);
        let shared = match self.exits.get(&way) {
            Some((shared, _)) => *shared,
            None => {
                let shared = self.b.create_block();
                self.b.set_cold_block(shared);
                for kind in [I32, I32, I64, I64] {
                    self.b.append_block_param(shared, kind);
                }
                self.exits.insert(way, (shared, self.burst));
                shared
            }
        };
        let [first, second] =
            [first, second].map(|amount| self.b.ins().iconst(I64, amount.cast_signed()));
        let arguments = [pc, how, first, second].map(ir::BlockArg::from);
        self.b.ins().jump(shared, &arguments);
    }

    /// Writes the ends of all ways out of the region.
    pub(super) fn write_exits(&mut self) {
        let trusted = MemFlags::trusted();
        for ((_, written), (block, burst)) in std::mem::take(&mut self.exits) {
            self.enter(block);
            (self.burst, self.dirty) = (burst, 0);
            self.settle();
            self.write_back(written);
            let given: [Value; 4] = std::array::from_fn(|i| self.b.block_params(block)[i]);
            for (i, variable) in self.tallies.into_iter().enumerate() {
                self.add_value(i, given[2 + i]);
                let sum = self.b.use_var(variable);
                let at = (offset_of!(Context, tally) + 8 * i) as i32;
                self.b.ins().store(trusted, sum, self.context, at);
            }
            if self.counts_wrong {
                let at = offset_of!(Context, wrong) as i32;
                let more = self.b.use_var(self.wrong);
                let old = self.b.ins().load(I64, trusted, self.context, at);
                let sum = self.b.ins().iadd(old, more);
                self.b.ins().store(trusted, sum, self.context, at);
            }
            self.b.ins().store(trusted, given[0], self.context, offset_of!(Context, pc) as i32);
            self.b.ins().return_(&[given[1]]);
        }
    }

    /// Out of the region in a way that is known, on at `pc`.
    pub(super) fn leave_as(&mut self, pc: Value, how: Left) {
        let how = self.b.ins().iconst(I32, how as i64);
        self.leave(pc, how);
    }

    /// Leaves before the instruction at `pc` if `condition` holds.
    pub(super) fn leave_if(&mut self, condition: Value, pc: u32, how: Left) {
        let (out, on) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(out);
        self.b.ins().brif(condition, out, &[], on, &[]);
        self.enter(out);
        let pc = self.b.ins().iconst(I32, i64::from(pc));
        self.leave_as(pc, how);
        self.enter(on);
    }
}

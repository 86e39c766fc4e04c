//! Loops that run many iterations after one look: the way in, the end of an iteration, and what is counted where they are left.

use super::*;

impl<'w> Writer<'w, '_> {
    /// In front of a loop: into the burst, if there is time for all its iterations and all their accesses are plain.
    pub(super) fn begin(&mut self, burst: &Burst) {
        self.b.switch_to_block(self.blocks[&burst.head]);
        self.burst = None;
        self.here = self.held.get(&(false, burst.head)).copied().unwrap_or_default();
        (self.known, self.dirty, self.pending) = ([None; 32], 0, Tally::default());
        let afoot = self.afoot[&burst.head];
        let latest = (HALF - burst.cycles) << CYCLES;
        let latest = self.b.ins().iconst(I64, latest.cast_signed());
        let counted = self.b.use_var(self.tallies[0]);
        let late = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, counted, latest);
        self.out_if(late, afoot);
        for group in &burst.groups {
            let register = self.get(group.base);
            self.check_range(register, group, afoot);
        }
        self.hold((true, burst.head));
        let all = self.b.ins().iconst(I64, burst.iterations);
        self.b.def_var(self.left, all);
        self.b.ins().jump(self.copies[&burst.head], &[]);
    }

    /// The end of an iteration of a burst.
    pub(super) fn close(&mut self, burst: &Burst, usual: Tally) {
        self.add_difference(usual);
        let left = self.b.use_var(self.left);
        let left = self.b.ins().iadd_imm(left, -1);
        self.b.def_var(self.left, left);
        let (again, done) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(left, again, &[], done, &[]);
        self.enter(again);
        self.hold((true, burst.head));
        self.b.ins().jump(self.copies[&burst.head], &[]);
        self.b.set_cold_block(done);
        self.enter(done);
        for (i, each) in usual.packed().into_iter().enumerate() {
            self.add(i, each.wrapping_mul(burst.iterations.cast_unsigned()));
        }
        self.hold((false, burst.head));
        self.b.ins().jump(self.blocks[&burst.head], &[]);
    }

    /// Where control goes out of a burst: adds what the iterations have counted that are over.
    pub(super) fn settle(&mut self) {
        let Some((burst, usual)) = self.burst else { return };
        let left = self.b.use_var(self.left);
        let all = self.b.ins().iconst(I64, burst.iterations);
        let over = self.b.ins().isub(all, left);
        for (i, each) in usual.packed().into_iter().enumerate().filter(|(_, each)| *each != 0) {
            let each = self.b.ins().iconst(I64, each.cast_signed());
            let sum = self.b.ins().imul(over, each);
            self.add_value(i, sum);
        }
    }

    /// What the likeliest iteration of a burst counts. Another one adds the difference.
    pub(super) fn usual(&self, burst: &Burst) -> Tally {
        let mut sum = Tally::default();
        let mut at = burst.head;
        for _ in 0..burst.blocks.len() {
            let Some(block) = self.region.block(at) else { break };
            for (pc, insn) in &block.insns {
                sum = sum.plus(Tally::of(insn));
                if let Some(op) = mul_op(insn.op)
                    && let Some(product) = self.in_place(*pc, op)
                {
                    sum = sum.plus(product);
                }
            }
            let stays = |to: &u32| burst.blocks.contains(to);
            let (to, redirected) = match block.leaves {
                Leaves::Branches(to) if to == burst.head || !stays(&block.end) => {
                    sum = sum.plus(TAKEN);
                    (to, true)
                }
                Leaves::Falls | Leaves::Branches(_) => (block.end, false),
                Leaves::Jumps(to) => (to, true),
                Leaves::Indirect => match block.targets.iter().copied().find(stays) {
                    Some(to) => (to, true),
                    None => break,
                },
            };
            if redirected && self.region.block(to).is_some_and(Block::unaligned) {
                let wait = timing::UNALIGNED_TARGET;
                sum = sum.plus(Tally { cycles: wait, ..Tally::default() });
            }
            if to == burst.head {
                break;
            }
            at = to;
        }
        sum
    }
}

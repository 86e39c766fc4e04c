//! Loads and stores, and what is checked before them.

use super::*;

impl<'w> Writer<'w, '_> {
    /// What is checked before a block: whether the region must be left, and the accesses that can be checked together.
    pub(super) fn check(&mut self, block: &Block, groups: &[Group]) {
        let out = self.b.create_block();
        let looks = self.burst.is_none() && self.looks.contains(&block.pc());
        if looks {
            let spent = self.is_spent();
            self.out_if(spent, out);
        }
        self.bases.clear();
        let mut checks = looks;
        for (i, group) in groups.iter().enumerate() {
            let register = self.get(group.base);
            let covered =
                self.burst.is_some_and(|(burst, _)| burst.covered.contains(&(block.pc(), i)));
            if covered && group.base != 0 {
                let wide = self.b.ins().uextend(I64, register);
                let host = self.b.ins().iadd(self.origin, wide);
                self.bases.push((host, 0));
                continue;
            }
            let offset = match covered {
                true => {
                    let base = i64::from(self.machine.memory.base);
                    self.b.ins().iconst(I32, i64::from((group.first - base) as i32))
                }
                false => self.check_range(register, group, out),
            };
            checks |= !covered;
            let host = self.host(offset);
            self.bases.push((host, group.first));
        }
        if !checks {
            return;
        }
        let on = self.b.current_block();
        self.b.set_cold_block(out);
        self.enter(out);
        let pc = self.b.ins().iconst(I32, i64::from(block.pc()));
        if looks {
            let spent = self.is_spent();
            let [yes, no] = [Left::Spent, Left::Aside].map(|how| how as i64);
            let (yes, no) = (self.b.ins().iconst(I32, yes), self.b.ins().iconst(I32, no));
            let how = self.b.ins().select(spent, yes, no);
            self.leave(pc, how);
        } else {
            self.leave_as(pc, Left::Aside);
        }
        if let Some(on) = on {
            self.b.switch_to_block(on);
        }
    }

    /// Whether as many cycles have passed as may.
    pub(super) fn is_spent(&mut self) -> Value {
        let cycles = self.b.use_var(self.tallies[0]);
        self.b.ins().icmp_imm(IntCC::SignedLessThan, cycles, 0)
    }

    /// The offset in memory of a group's first byte, checked.
    pub(super) fn check_range(&mut self, register: Value, group: &Group, out: ir::Block) -> Value {
        let Direct { base, len, .. } = self.machine.memory;
        // As addresses of the guest, these wrap at 32 bits. Memory does not.
        let first = (group.first - i64::from(base)) as i32;
        let offset = self.b.ins().iadd_imm(register, i64::from(first));
        let mut limit = (i64::from(len) - (group.end - group.first)).max(-1) + 1;
        let stored = group.stored.map(|(from, to)| (from - group.first, to - group.first));
        let far = stored.filter(|(from, to)| to - from > 1 << LINE_SHIFT);
        if let Some((from, _)) = far {
            // Below, eight guards from the first one on.
            limit = limit.min(i64::from(len) - (8 << LINE_SHIFT) - from).max(0);
        }
        let beyond = self.b.ins().icmp_imm(IntCC::UnsignedGreaterThanOrEqual, offset, limit);
        self.out_if(beyond, out);
        if group.align > 1 {
            // Halfwords inside a word take one access wherever they are, but few are odd.
            let at = self.b.ins().iadd_imm(register, group.anchor & 3);
            let odd = self.b.ins().band_imm(at, group.align - 1);
            let odd = self.b.ins().icmp_imm(IntCC::NotEqual, odd, 0);
            self.out_if(odd, out);
        }
        if let Some((from, to)) = stored {
            let whole_lines = group.align >= to - from;
            let (bytes, guards_at_once) = match (far.is_some(), whole_lines) {
                (true, _) => (vec![from], I64),
                (_, true) => (vec![from], types::I8),
                _ => (vec![from, to - 1], types::I8),
            };
            for byte in bytes {
                let at = self.b.ins().iadd_imm(offset, byte);
                let line = self.b.ins().ushr_imm(at, LINE_SHIFT);
                let line = self.b.ins().uextend(I64, line);
                let trusted = MemFlags::trusted();
                let at = offset_of!(Context, guards) as i32;
                let guards = self.b.ins().load(I64, trusted, self.context, at);
                let guard = self.b.ins().iadd(guards, line);
                let flags = MemFlags::new().with_notrap();
                let guard = self.b.ins().load(guards_at_once, flags, guard, 0);
                let guarded = self.b.ins().icmp_imm(IntCC::NotEqual, guard, 0);
                self.out_if(guarded, out);
            }
        }
        offset
    }

    /// The host address of an access: where, and a constant to be added. Checked here if it was not checked before the block.
    pub(super) fn address(&mut self, pc: u32, insn: &Insn, checked: Checked) -> (Value, i32) {
        if let Checked::Before(group, at) = checked {
            let (host, first) = self.bases[group];
            return (host, (at - first) as i32);
        }
        let len = i64::from(insn.op.access_len());
        let at = i64::from(insn.imm);
        let stored = insn.op.is_store().then_some((at, at + len));
        let group =
            Group { base: insn.rs1, first: at, end: at + len, align: len, anchor: at, stored };
        let out = self.b.create_block();
        let register = self.get(insn.rs1);
        let offset = self.check_range(register, &group, out);
        let on = self.b.current_block();
        self.b.set_cold_block(out);
        self.enter(out);
        let pc = self.b.ins().iconst(I32, i64::from(pc));
        self.leave_as(pc, Left::Aside);
        if let Some(on) = on {
            self.b.switch_to_block(on);
        }
        (self.host(offset), 0)
    }

    /// Where an offset in memory is.
    pub(super) fn host(&mut self, offset: Value) -> Value {
        let offset = self.b.ins().uextend(I64, offset);
        self.b.ins().iadd(self.ram, offset)
    }

    pub(super) fn load(&mut self, pc: u32, insn: &Insn, checked: Checked) {
        let (at, by) = self.address(pc, insn, checked);
        let flags = MemFlags::new().with_notrap();
        let value = match insn.op {
            Op::Lb => self.b.ins().sload8(I32, flags, at, by),
            Op::Lbu => self.b.ins().uload8(I32, flags, at, by),
            Op::Lh => self.b.ins().sload16(I32, flags, at, by),
            Op::Lhu => self.b.ins().uload16(I32, flags, at, by),
            _ => self.b.ins().load(I32, flags, at, by),
        };
        self.set(insn.rd, value);
        if matches!(insn.op, Op::Lb | Op::Lbu) {
            self.narrow |= 1 << insn.rd & !1;
        }
    }

    pub(super) fn store(&mut self, pc: u32, insn: &Insn, checked: Checked) {
        let (at, by) = self.address(pc, insn, checked);
        let flags = MemFlags::new().with_notrap();
        let value = self.get(insn.rs2);
        match insn.op {
            Op::Sb => self.b.ins().istore8(flags, value, at, by),
            Op::Sh => self.b.ins().istore16(flags, value, at, by),
            _ => self.b.ins().store(flags, value, at, by),
        };
    }
}

//! Multiplications and divisions: in place where that is exact, else by asking the unit or the divider.

use super::*;

impl<'w> Writer<'w, '_> {
    pub(super) fn multiplication(&mut self, pc: u32, insn: &Insn, op: MulOp) {
        let kind = self.machine.kind;
        let outside = kind.all_outside || (self.machine.outside)(op, pc);
        let (a, c) = (self.get(insn.rs1), self.get(insn.rs2));
        let products = if outside { Products::Exact } else { kind.products };
        let Some(in_place) = self.in_place(pc, op) else {
            return self.ask(pc, insn, op, outside, [a, c]);
        };
        let cycles = in_place.cycles;
        match products {
            Products::Asked => unreachable!("nothing is done in place"),
            Products::Exact => {
                let value = self.product(op, a, c);
                self.set(insn.rd, value);
                self.pending = self.pending.plus(in_place);
            }
            Products::Square(bits, errors) => {
                let half = 1_i64 << (bits - 1);
                let [x, y] = [a, c].map(|operand| self.b.ins().iadd_imm(operand, half));
                let known = |r: u8| bits >= 9 && self.narrow >> r & 1 == 1;
                let to_check = match (known(insn.rs1), known(insn.rs2)) {
                    (true, true) => None,
                    (true, false) => Some(y),
                    (false, true) => Some(x),
                    (false, false) => Some(self.b.ins().bor(x, y)),
                };
                let Some(to_check) = to_check else {
                    let value = self.in_square(pc, bits, errors, [a, c, x, y]);
                    self.set(insn.rd, value);
                    self.pending = self.pending.plus(in_place);
                    return;
                };
                let inside = self.b.ins().icmp_imm(IntCC::UnsignedLessThan, to_check, 2 * half);
                let (fast, slow, on) =
                    (self.b.create_block(), self.b.create_block(), self.b.create_block());
                self.b.set_cold_block(slow);
                let value = self.b.append_block_param(on, I32);
                self.b.ins().brif(inside, fast, &[], slow, &[]);
                self.enter(slow);
                let asked = self.ask_value(pc, insn, op, outside, [a, c]);
                // The unit has counted it; it is counted below once more.
                self.add(0, (cycles << CYCLES).wrapping_neg());
                self.add(1, (1_u64 << MULS).wrapping_neg());
                self.b.ins().jump(on, &[asked.into()]);
                self.enter(fast);
                let looked_up = self.in_square(pc, bits, errors, [a, c, x, y]);
                self.b.ins().jump(on, &[looked_up.into()]);
                self.enter(on);
                self.set(insn.rd, value);
                self.pending = self.pending.plus(in_place);
            }
        }
    }

    /// What a multiplication counts if it is done in place; `None` if the unit is asked.
    pub(super) fn in_place(&self, pc: u32, op: MulOp) -> Option<Tally> {
        let kind = self.machine.kind;
        let outside = kind.all_outside || (self.machine.outside)(op, pc);
        let (low, high) = kind.latency?;
        match kind.products {
            _ if outside => {}
            Products::Exact => {}
            Products::Square(..) if op == MulOp::MUL => {}
            Products::Asked | Products::Square(..) => return None,
        }
        Some(Tally {
            cycles: u64::from(if op == MulOp::MUL { low } else { high }),
            muls: 1,
            highs: u64::from(op != MulOp::MUL),
            outside: u64::from(outside),
            ..Tally::default()
        })
    }

    pub(super) fn product(&mut self, op: MulOp, a: Value, c: Value) -> Value {
        if op == MulOp::MUL {
            return self.b.ins().imul(a, c);
        }
        let mut wide = |value, signed| match signed {
            true => self.b.ins().sextend(I64, value),
            false => self.b.ins().uextend(I64, value),
        };
        let (a, c) = (wide(a, op.signed_rs1), wide(c, op.signed_rs2));
        let product = self.b.ins().imul(a, c);
        let high = self.b.ins().ushr_imm(product, 32);
        self.b.ins().ireduce(I32, high)
    }

    /// A low product in the range of the table: `x` and `y` are the operands made non-negative.
    pub(super) fn in_square(
        &mut self,
        pc: u32,
        bits: u32,
        errors: Errors,
        [a, c, x, y]: [Value; 4],
    ) -> Value {
        let exact = self.b.ins().imul(a, c);
        if errors == Errors::None {
            return exact;
        }
        let row = self.b.ins().ishl_imm(x, i64::from(bits));
        let index = self.b.ins().bor(row, y);
        let flags = MemFlags::trusted();
        let (error, wrong) = if errors == Errors::Mask {
            let word = self.b.ins().ushr_imm(index, 6);
            let word = self.b.ins().uextend(I64, word);
            let word = self.b.ins().ishl_imm(word, 3);
            let at = self.b.ins().iadd(self.table, word);
            let word = self.b.ins().load(I64, flags, at, 0);
            let wrong = self.b.ins().ushr(word, index);
            let wrong = self.b.ins().band_imm(wrong, 1);
            let narrow = self.b.ins().ireduce(I32, wrong);
            let at = offset_of!(Context, error) as i32;
            let error = self.b.ins().load(I32, flags, self.context, at);
            (self.b.ins().imul(narrow, error), wrong)
        } else {
            let index = self.b.ins().uextend(I64, index);
            let at = self.b.ins().iadd(self.table, index);
            let place = self.b.ins().uload8(I64, flags, at, 0);
            let wrong = self.b.ins().icmp_imm(IntCC::NotEqual, place, 0);
            let wrong = self.b.ins().uextend(I64, wrong);
            let place = self.b.ins().ishl_imm(place, 2);
            let at = offset_of!(Context, errors) as i32;
            let errors = self.b.ins().load(I64, flags, self.context, at);
            let at = self.b.ins().iadd(errors, place);
            (self.b.ins().load(I32, flags, at, 0), wrong)
        };
        if self.machine.kind.watched {
            let differs = self.b.ins().icmp_imm(IntCC::NotEqual, wrong, 0);
            self.leave_if(differs, pc, Left::Aside);
        } else {
            let old = self.b.use_var(self.wrong);
            let new = self.b.ins().iadd(old, wrong);
            self.b.def_var(self.wrong, new);
        }
        self.b.ins().iadd(exact, error)
    }

    pub(super) fn ask(
        &mut self,
        pc: u32,
        insn: &Insn,
        op: MulOp,
        outside: bool,
        operands: [Value; 2],
    ) {
        let value = self.ask_value(pc, insn, op, outside, operands);
        self.set(insn.rd, value);
    }

    /// Asks the unit. Leaves before the instruction if it never answers, behind it if it has differed for the first time.
    pub(super) fn ask_value(
        &mut self,
        pc: u32,
        insn: &Insn,
        op: MulOp,
        outside: bool,
        [a, c]: [Value; 2],
    ) -> Value {
        let which = op.index() as i64 | i64::from(outside) << 2;
        let which = self.b.ins().iconst(I32, which);
        let trusted = MemFlags::trusted();
        let at = offset_of!(Context, multiply) as i32;
        let function = self.b.ins().load(I64, trusted, self.context, at);
        let call =
            self.b.ins().call_indirect(self.multiply, function, &[self.context, which, a, c]);
        let answer = self.b.inst_results(call)[0];
        let special = self.b.ins().icmp_imm(IntCC::SignedLessThan, answer, 0);
        let (out, on) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(out);
        self.b.ins().brif(special, out, &[], on, &[]);
        self.enter(out);
        let here = self.b.ins().iconst(I32, i64::from(pc));
        self.b.ins().store(trusted, here, self.context, offset_of!(Context, at) as i32);
        let never = self.b.ins().icmp_imm(IntCC::Equal, answer, -1);
        self.leave_if(never, pc, Left::NoAnswer);
        let keep = (self.pending, self.narrow, self.known, self.dirty);
        self.pending = self.pending.plus(Tally::of(insn));
        let cycles = self.cycles_of(answer);
        self.add_cycles(cycles);
        let value = self.b.ins().ireduce(I32, answer);
        self.set(insn.rd, value);
        let next = self.b.ins().iconst(I32, i64::from(pc.wrapping_add(u32::from(insn.len))));
        self.leave_as(next, Left::Differed);
        self.enter(on);
        (self.pending, self.narrow, self.known, self.dirty) = keep;
        let cycles = self.cycles_of(answer);
        self.add_cycles(cycles);
        self.b.ins().ireduce(I32, answer)
    }

    /// Bits 32 to 47 of an answer.
    pub(super) fn cycles_of(&mut self, answer: Value) -> Value {
        let cycles = self.b.ins().ushr_imm(answer, 32);
        self.b.ins().band_imm(cycles, 0xffff)
    }

    /// Asks the core's divider; `which` is the operation's place in [`super::context::DIVISIONS`].
    pub(super) fn divide(&mut self, which: i64, insn: &Insn) -> Value {
        let (a, c) = (self.get(insn.rs1), self.get(insn.rs2));
        let op = self.b.ins().iconst(I32, which);
        let at = offset_of!(Context, divide) as i32;
        let function = self.b.ins().load(I64, MemFlags::trusted(), self.context, at);
        let call = self.b.ins().call_indirect(self.divide, function, &[self.context, op, a, c]);
        let result = self.b.inst_results(call)[0];
        let cycles = self.b.ins().ushr_imm(result, 32);
        self.add_cycles(cycles);
        self.b.ins().ireduce(I32, result)
    }

    pub(super) fn add_cycles(&mut self, cycles: Value) {
        let cycles = self.b.ins().ishl_imm(cycles, i64::from(CYCLES));
        let old = self.b.use_var(self.tallies[0]);
        let new = self.b.ins().iadd(old, cycles);
        self.b.def_var(self.tallies[0], new);
    }
}

//! A region of guest code as Cranelift IR.
//!
//! Guest registers are variables, loaded where the region is entered and stored where it is left. What code counts is a [`Tally`]
//! that is carried along edges and added where they meet. Where loops close one looks whether the region has to be left. A load
//! or store that is not plain (a device, an unaligned word, a guarded line) leaves the region before it or before its block, and the
//! interpreter goes on.

use super::accesses::{self, Checked, Group};
use super::context::{Context, Left};
use super::region::{Block, Leaves, Region};
use super::tally::{CYCLES, MULS, Tally};
use crate::cpu::scope::mul_op;
use crate::cpu::timing;
use crate::isa::{Insn, Op};
use crate::soc::Direct;
use crate::unit::MulOp;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, MemFlags, Signature, Type, Value, types};
use cranelift_frontend::{FunctionBuilder, Switch, Variable};
use std::collections::{HashMap, HashSet};
use std::mem::offset_of;

const I32: Type = types::I32;
const I64: Type = types::I64;
/// Bytes of a guarded line, as a power of two.
const LINE_SHIFT: i64 = crate::soc::LINE_SHIFT as i64;

/// What compiled code does at a multiplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// Those of the unit.
    pub products: Products,
    /// No operation has differed in this run yet, and the first that does must be noticed.
    pub watched: bool,
    /// None is in scope now.
    pub all_outside: bool,
    /// Cycles of a sound unit's low and high products; `None` if they depend on operands.
    pub latency: Option<(u32, u32)>,
}

/// How a product in scope is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Products {
    /// The unit is asked.
    Asked,
    /// In place, always right.
    Exact,
    /// Low products of operands of so many signed bits in place; the unit is asked for others.
    Square(u32, Errors),
}

/// Which low products are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Errors {
    /// None.
    None,
    /// Those with their bit set, by one amount.
    Mask,
    /// By one of up to 255 amounts.
    Bytes,
}

/// What does not change from region to region.
pub struct Machine<'m> {
    pub memory: Direct,
    pub kind: Kind,
    /// Whether a multiplication at an address is out of scope.
    pub outside: &'m dyn Fn(MulOp, u32) -> bool,
    /// Most cycles of a multiplication.
    pub mul_cycles: u32,
}

/// Most cycles that a region takes from one look to the next.
pub fn longest(region: &Region, machine: &Machine) -> u64 {
    let most = |insn: &Insn| match insn.op {
        op if op.is_mul() => u64::from(machine.mul_cycles),
        op if op.is_div() => timing::DIVIDE,
        op => u64::from(timing::fixed_cycles(op)) + u64::from(timing::VARIABLE),
    };
    let insns = region.blocks.iter().flat_map(|block| &block.insns);
    1 + insns.map(|(_, insn)| most(insn)).sum::<u64>()
}

/// Writes the function: address of a [`Context`] and number of an entry in, a [`Left`] out.
pub fn write(b: &mut FunctionBuilder, region: &Region, machine: &Machine, asked: [Signature; 2]) {
    let start = b.create_block();
    b.append_block_params_for_function_params(start);
    b.switch_to_block(start);
    let (context, entry) = (b.block_params(start)[0], b.block_params(start)[1]);
    let [multiply, divide] = asked.map(|signature| b.import_signature(signature));
    let used = used_registers(region);
    let trusted = MemFlags::trusted();
    let pointer =
        |b: &mut FunctionBuilder, at: usize| b.ins().load(I64, trusted, context, at as i32);
    let registers = pointer(b, offset_of!(Context, registers));
    let ram = pointer(b, offset_of!(Context, ram));
    let guards = pointer(b, offset_of!(Context, guards));
    let first = pointer(b, offset_of!(Context, tally));
    let (table, errors) = match machine.kind.products {
        Products::Square(_, Errors::Mask) if !machine.kind.all_outside => {
            let table = pointer(b, offset_of!(Context, table));
            (table, b.ins().load(I32, trusted, context, offset_of!(Context, error) as i32))
        }
        Products::Square(_, Errors::Bytes) if !machine.kind.all_outside => {
            (pointer(b, offset_of!(Context, table)), pointer(b, offset_of!(Context, errors)))
        }
        _ => (context, context),
    };
    let zero = b.ins().iconst(I64, 0);
    let variables: Vec<Variable> = (0..32).map(|_| b.declare_var(I32)).collect();
    for r in (1..32).filter(|r| used >> r & 1 == 1) {
        let value = b.ins().load(I32, trusted, registers, 4 * r);
        b.def_var(variables[r as usize], value);
    }
    let tallies = [(); 3].map(|()| b.declare_var(I64));
    for (variable, value) in tallies.into_iter().zip([first, zero, zero]) {
        b.def_var(variable, value);
    }
    let wrong = b.declare_var(I64);
    b.def_var(wrong, zero);
    let blocks: HashMap<u32, ir::Block> =
        region.blocks.iter().map(|block| (block.pc(), b.create_block())).collect();
    let mut switch = Switch::new();
    for (i, pc) in region.entries.iter().enumerate().skip(1) {
        switch.set_entry(i as u128, blocks[pc]);
    }
    switch.emit(b, entry, blocks[&region.entries[0]]);
    let written = written_registers(region);
    let carried = carried(region);
    let mut writer = Writer {
        b,
        region,
        machine,
        context,
        registers,
        ram,
        guards,
        table,
        errors,
        multiply,
        divide,
        variables,
        tallies,
        wrong,
        blocks,
        written,
        carried,
        carry: HashMap::new(),
        pending: Tally::default(),
        narrow: 0,
        looks: looks(region),
        bases: Vec::new(),
    };
    for block in &region.blocks {
        writer.block(block);
    }
    b.seal_all_blocks();
}

fn used_registers(region: &Region) -> u32 {
    let insns = region.blocks.iter().flat_map(|block| &block.insns);
    insns.fold(0, |set, (_, i)| set | 1 << i.rd | 1 << i.rs1 | 1 << i.rs2) & !1
}

/// For every block, the registers that may have been written since the region was entered, at its beginning.
fn written_registers(region: &Region) -> HashMap<u32, u32> {
    let mut at: HashMap<u32, u32> = region.blocks.iter().map(|block| (block.pc(), 0)).collect();
    loop {
        let mut changed = false;
        for block in &region.blocks {
            let own = block.insns.iter().fold(0, |set, (_, insn)| set | writes(insn));
            let after = at[&block.pc()] | own;
            for to in region.successors(block) {
                let set = at.get_mut(&to).expect("a successor in the region");
                changed |= *set | after != *set;
                *set |= after;
            }
        }
        if !changed {
            return at;
        }
    }
}

/// The register that an instruction writes, as a set.
fn writes(insn: &Insn) -> u32 {
    let none = insn.op.is_branch() || insn.op.is_store() || insn.op == Op::Fence;
    if none { 0 } else { 1 << insn.rd & !1 }
}

/// Blocks that are reached from lower addresses of the region only: what was counted before and not added goes on with control.
fn carried(region: &Region) -> HashSet<u32> {
    let looks = looks(region);
    let blocks = region.blocks.iter().map(Block::pc);
    blocks.filter(|pc| !looks.contains(pc) && !region.entries.contains(pc)).collect()
}

/// Blocks that are reached from a higher address or from themselves.
fn looks(region: &Region) -> HashSet<u32> {
    let mut heads = HashSet::new();
    for block in &region.blocks {
        heads.extend(region.successors(block).filter(|to| *to <= block.pc()));
    }
    heads
}

struct Writer<'w, 'f> {
    b: &'w mut FunctionBuilder<'f>,
    region: &'w Region,
    machine: &'w Machine<'w>,
    context: Value,
    registers: Value,
    ram: Value,
    guards: Value,
    table: Value,
    errors: Value,
    multiply: ir::SigRef,
    divide: ir::SigRef,
    variables: Vec<Variable>,
    tallies: [Variable; 3],
    wrong: Variable,
    blocks: HashMap<u32, ir::Block>,
    written: HashMap<u32, u32>,
    carried: HashSet<u32>,
    /// What was counted and not added when control comes to a carried block.
    carry: HashMap<u32, Tally>,
    /// What was counted and not added so far.
    pending: Tally,
    /// Registers whose values are known to fit nine signed bits.
    narrow: u32,
    /// Blocks that close a loop: there one looks whether the region has to be left.
    looks: HashSet<u32>,
    /// For each group of accesses of the block, the offset of its first byte in memory, and that byte's offset from its register.
    bases: Vec<(Value, i64)>,
}

impl Writer<'_, '_> {
    fn block(&mut self, block: &Block) {
        let here = self.blocks[&block.pc()];
        self.b.switch_to_block(here);
        self.pending = self.carry.get(&block.pc()).copied().unwrap_or_default();
        self.narrow = 0;
        let mut written = self.written[&block.pc()];
        let (groups, checked) = accesses::of(block);
        self.check(block, &groups, written);
        for ((pc, insn), checked) in block.insns.iter().zip(checked) {
            self.insn(*pc, insn, checked, written);
            written |= writes(insn);
            self.pending = self.pending.plus(Tally::of(insn));
        }
        let (_, last) = block.insns[block.insns.len() - 1];
        match block.leaves {
            Leaves::Falls => self.edge(block.end, Left::On, Tally::default(), written),
            Leaves::Jumps(to) => {
                self.edge(to, Left::Jumped, Tally::default(), written);
            }
            Leaves::Branches(to) => {
                let (a, c) = (self.get(last.rs1), self.get(last.rs2));
                let condition = match last.op {
                    Op::Beq => IntCC::Equal,
                    Op::Bne => IntCC::NotEqual,
                    Op::Blt => IntCC::SignedLessThan,
                    Op::Bge => IntCC::SignedGreaterThanOrEqual,
                    Op::Bltu => IntCC::UnsignedLessThan,
                    _ => IntCC::UnsignedGreaterThanOrEqual,
                };
                let taken = self.b.ins().icmp(condition, a, c);
                let (yes, no) = (self.b.create_block(), self.b.create_block());
                self.b.ins().brif(taken, yes, &[], no, &[]);
                let pending = self.pending;
                self.enter(yes);
                let more = Tally { cycles: timing::TAKEN, taken: 1, ..Tally::default() };
                self.edge(to, Left::Branched, more, written);
                self.enter(no);
                self.pending = pending;
                self.edge(block.end, Left::On, Tally::default(), written);
            }
            Leaves::Indirect => {
                // The target was computed before a link was written.
                let target = self.b.use_var(self.variables[0]);
                let pending = self.pending;
                for to in block.targets.clone() {
                    let (yes, no) = (self.b.create_block(), self.b.create_block());
                    let same = self.b.ins().icmp_imm(IntCC::Equal, target, i64::from(to));
                    self.b.ins().brif(same, yes, &[], no, &[]);
                    self.enter(yes);
                    self.pending = pending;
                    self.edge(to, Left::Jumped, Tally::default(), written);
                    self.enter(no);
                }
                self.pending = pending;
                let (pc, _) = block.insns[block.insns.len() - 1];
                let pc = self.b.ins().iconst(I32, i64::from(pc));
                let at = offset_of!(Context, at) as i32;
                self.b.ins().store(MemFlags::trusted(), pc, self.context, at);
                self.leave_as(target, Left::Astray, written);
            }
        }
    }

    /// From the end of a block to an address, in the region or not.
    fn edge(&mut self, to: u32, how: Left, more: Tally, written: u32) {
        self.pending = self.pending.plus(more);
        let Some(target) = self.blocks.get(&to).copied() else {
            let pc = self.b.ins().iconst(I32, i64::from(to));
            self.leave_as(pc, how, written);
            return;
        };
        let redirected = how != Left::On;
        let waits = redirected && self.region.block(to).is_some_and(Block::unaligned);
        if waits {
            let wait = timing::UNALIGNED_TARGET;
            self.pending = self.pending.plus(Tally { cycles: wait, ..Tally::default() });
        }
        // The first way to a block says what is still to be added there; the others add the difference.
        let carry = match self.carried.contains(&to) {
            true => *self.carry.entry(to).or_insert(self.pending),
            false => Tally::default(),
        };
        for (i, (have, want)) in self.pending.packed().into_iter().zip(carry.packed()).enumerate() {
            self.add(self.tallies[i], have.wrapping_sub(want));
        }
        self.b.ins().jump(target, &[]);
    }

    /// What is checked before a block: whether the region must be left, and the accesses that can be checked together.
    fn check(&mut self, block: &Block, groups: &[Group], written: u32) {
        let out = self.b.create_block();
        let looks = self.looks.contains(&block.pc());
        if looks {
            let spent = self.is_spent();
            self.out_if(spent, out);
        }
        self.bases.clear();
        for group in groups {
            let register = self.get(group.base);
            let offset = self.check_range(register, group, out);
            self.bases.push((offset, group.first));
        }
        if !looks && groups.is_empty() {
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
            self.leave(pc, how, written);
        } else {
            self.leave_as(pc, Left::Aside, written);
        }
        if let Some(on) = on {
            self.b.switch_to_block(on);
        }
    }

    /// Whether as many cycles have passed as may.
    fn is_spent(&mut self) -> Value {
        let cycles = self.b.use_var(self.tallies[0]);
        self.b.ins().icmp_imm(IntCC::SignedLessThan, cycles, 0)
    }

    /// The offset in memory of a group's first byte, 64 bits, checked.
    fn check_range(&mut self, register: Value, group: &Group, out: ir::Block) -> Value {
        let Direct { base, len, .. } = self.machine.memory;
        // In 64 bits, so that what wraps is not taken for memory.
        let wide = self.b.ins().uextend(I64, register);
        let offset = self.b.ins().iadd_imm(wide, group.first - i64::from(base));
        let limit = (i64::from(len) - (group.end - group.first)).max(-1) + 1;
        let beyond = self.b.ins().icmp_imm(IntCC::UnsignedGreaterThanOrEqual, offset, limit);
        self.out_if(beyond, out);
        if group.align > 1 {
            // Halfwords inside a word take one access wherever they are, but few are odd.
            let at = self.b.ins().iadd_imm(register, group.anchor & 3);
            let odd = self.b.ins().band_imm(at, group.align - 1);
            let odd = self.b.ins().icmp_imm(IntCC::NotEqual, odd, 0);
            self.out_if(odd, out);
        }
        if let Some((from, to)) = group.stored {
            let whole_lines = group.align >= to - from;
            let bytes = if whole_lines { vec![from] } else { vec![from, to - 1] };
            for byte in bytes {
                let at = self.b.ins().iadd_imm(offset, byte - group.first);
                let line = self.b.ins().ushr_imm(at, LINE_SHIFT);
                let guard = self.b.ins().iadd(self.guards, line);
                let flags = MemFlags::new().with_notrap();
                let guard = self.b.ins().load(types::I8, flags, guard, 0);
                let guarded = self.b.ins().icmp_imm(IntCC::NotEqual, guard, 0);
                self.out_if(guarded, out);
            }
        }
        offset
    }

    /// Out of the region through `out` if `condition` holds.
    fn out_if(&mut self, condition: Value, out: ir::Block) {
        let on = self.b.create_block();
        self.b.ins().brif(condition, out, &[], on, &[]);
        self.enter(on);
    }

    fn add(&mut self, variable: Variable, amount: u64) {
        if amount != 0 {
            let old = self.b.use_var(variable);
            let amount = self.b.ins().iconst(I64, amount.cast_signed());
            let new = self.b.ins().iadd(old, amount);
            self.b.def_var(variable, new);
        }
    }

    /// Out of the region, on at `pc`. What is pending is counted, and stays pending for others.
    fn leave(&mut self, pc: Value, how: Value, written: u32) {
        let pending = self.pending;
        let trusted = MemFlags::trusted();
        for r in (1..32).filter(|r| written >> r & 1 == 1) {
            let value = self.b.use_var(self.variables[r]);
            self.b.ins().store(trusted, value, self.registers, 4 * r as i32);
        }
        let at = offset_of!(Context, tally);
        for (i, amount) in pending.packed().into_iter().enumerate() {
            let mut sum = self.b.use_var(self.tallies[i]);
            if amount != 0 {
                let amount = self.b.ins().iconst(I64, amount.cast_signed());
                sum = self.b.ins().iadd(sum, amount);
            }
            self.b.ins().store(trusted, sum, self.context, (at + 8 * i) as i32);
        }
        let wrong = self.b.use_var(self.wrong);
        self.b.ins().store(trusted, wrong, self.context, offset_of!(Context, wrong) as i32);
        self.b.ins().store(trusted, pc, self.context, offset_of!(Context, pc) as i32);
        self.b.ins().return_(&[how]);
    }

    /// Out of the region in a way that is known, on at `pc`.
    fn leave_as(&mut self, pc: Value, how: Left, written: u32) {
        let how = self.b.ins().iconst(I32, how as i64);
        self.leave(pc, how, written);
    }

    /// Leaves before the instruction at `pc` if `condition` holds.
    fn leave_if(&mut self, condition: Value, pc: u32, how: Left, written: u32) {
        let (out, on) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(out);
        self.b.ins().brif(condition, out, &[], on, &[]);
        self.enter(out);
        let pc = self.b.ins().iconst(I32, i64::from(pc));
        self.leave_as(pc, how, written);
        self.enter(on);
    }

    /// Goes on in a block to which all ways are written.
    fn enter(&mut self, block: ir::Block) {
        self.b.seal_block(block);
        self.b.switch_to_block(block);
    }

    fn get(&mut self, r: u8) -> Value {
        if r == 0 {
            return self.b.ins().iconst(I32, 0);
        }
        self.b.use_var(self.variables[usize::from(r)])
    }

    fn set(&mut self, r: u8, value: Value) {
        if r != 0 {
            self.b.def_var(self.variables[usize::from(r)], value);
            self.narrow &= !(1 << r);
        }
    }

    fn insn(&mut self, pc: u32, insn: &Insn, checked: Checked, written: u32) {
        use Op::*;
        let imm = i64::from(insn.imm);
        let next = i64::from(pc.wrapping_add(u32::from(insn.len)));
        if insn.op.is_load() {
            return self.load(pc, insn, checked, written);
        }
        if insn.op.is_store() {
            return self.store(pc, insn, checked, written);
        }
        if let Some(op) = mul_op(insn.op) {
            return self.multiplication(pc, insn, op, written);
        }
        if insn.op.is_branch() || insn.op == Fence {
            return;
        }
        let a = self.get(insn.rs1);
        let value = match insn.op {
            Lui => self.b.ins().iconst(I32, imm),
            Auipc => {
                let value = pc.wrapping_add(insn.imm as u32);
                self.b.ins().iconst(I32, i64::from(value))
            }
            Jal => self.b.ins().iconst(I32, next),
            Jalr => {
                let target = self.b.ins().iadd_imm(a, imm);
                let target = self.b.ins().band_imm(target, !1);
                // x0 has no variable of its own; its place is free.
                self.b.def_var(self.variables[0], target);
                self.b.ins().iconst(I32, next)
            }
            Addi => self.b.ins().iadd_imm(a, imm),
            Slti => self.less(IntCC::SignedLessThan, a, imm),
            Sltiu => self.less(IntCC::UnsignedLessThan, a, imm),
            Xori => self.b.ins().bxor_imm(a, imm),
            Ori => self.b.ins().bor_imm(a, imm),
            Andi => self.b.ins().band_imm(a, imm),
            Slli => self.b.ins().ishl_imm(a, imm & 31),
            Srli => self.b.ins().ushr_imm(a, imm & 31),
            Srai => self.b.ins().sshr_imm(a, imm & 31),
            Div => self.divide(0, insn),
            Divu => self.divide(1, insn),
            Rem => self.divide(2, insn),
            Remu => self.divide(3, insn),
            _ => {
                let c = self.get(insn.rs2);
                match insn.op {
                    Add => self.b.ins().iadd(a, c),
                    Sub => self.b.ins().isub(a, c),
                    Sll => self.b.ins().ishl(a, c),
                    Srl => self.b.ins().ushr(a, c),
                    Sra => self.b.ins().sshr(a, c),
                    Xor => self.b.ins().bxor(a, c),
                    Or => self.b.ins().bor(a, c),
                    And => self.b.ins().band(a, c),
                    Slt | Sltu => {
                        let signed = insn.op == Slt;
                        let how =
                            if signed { IntCC::SignedLessThan } else { IntCC::UnsignedLessThan };
                        let less = self.b.ins().icmp(how, a, c);
                        self.b.ins().uextend(I32, less)
                    }
                    op => unreachable!("{op:?} is in no region"),
                }
            }
        };
        self.set(insn.rd, value);
    }

    fn less(&mut self, how: IntCC, a: Value, imm: i64) -> Value {
        let less = self.b.ins().icmp_imm(how, a, imm);
        self.b.ins().uextend(I32, less)
    }

    /// The host address of an access: where, and a constant to be added. Checked here if it was not checked before the block.
    fn address(&mut self, pc: u32, insn: &Insn, checked: Checked, written: u32) -> (Value, i32) {
        if let Checked::Before(group, at) = checked {
            let (offset, first) = self.bases[group];
            return (self.b.ins().iadd(self.ram, offset), (at - first) as i32);
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
        self.leave_as(pc, Left::Aside, written);
        if let Some(on) = on {
            self.b.switch_to_block(on);
        }
        (self.b.ins().iadd(self.ram, offset), 0)
    }

    fn load(&mut self, pc: u32, insn: &Insn, checked: Checked, written: u32) {
        let (at, by) = self.address(pc, insn, checked, written);
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

    fn store(&mut self, pc: u32, insn: &Insn, checked: Checked, written: u32) {
        let (at, by) = self.address(pc, insn, checked, written);
        let flags = MemFlags::new().with_notrap();
        let value = self.get(insn.rs2);
        match insn.op {
            Op::Sb => self.b.ins().istore8(flags, value, at, by),
            Op::Sh => self.b.ins().istore16(flags, value, at, by),
            _ => self.b.ins().store(flags, value, at, by),
        };
    }

    /// Asks the core's divider; `which` is the operation's place in [`super::context::DIVISIONS`].
    fn divide(&mut self, which: i64, insn: &Insn) -> Value {
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

    fn add_cycles(&mut self, cycles: Value) {
        let cycles = self.b.ins().ishl_imm(cycles, i64::from(CYCLES));
        let old = self.b.use_var(self.tallies[0]);
        let new = self.b.ins().iadd(old, cycles);
        self.b.def_var(self.tallies[0], new);
    }

    fn multiplication(&mut self, pc: u32, insn: &Insn, op: MulOp, written: u32) {
        let kind = self.machine.kind;
        let outside = kind.all_outside || (self.machine.outside)(op, pc);
        let (a, c) = (self.get(insn.rs1), self.get(insn.rs2));
        let products = if outside { Products::Exact } else { kind.products };
        let in_place = Tally {
            muls: 1,
            highs: u64::from(op != MulOp::MUL),
            outside: u64::from(outside),
            ..Tally::default()
        };
        let Some((low, high)) = kind.latency else {
            return self.ask(pc, insn, op, outside, [a, c], written);
        };
        let cycles = u64::from(if op == MulOp::MUL { low } else { high });
        let in_place = Tally { cycles, ..in_place };
        match products {
            Products::Asked => self.ask(pc, insn, op, outside, [a, c], written),
            Products::Exact => {
                let value = self.product(op, a, c);
                self.set(insn.rd, value);
                self.pending = self.pending.plus(in_place);
            }
            Products::Square(..) if op != MulOp::MUL => {
                self.ask(pc, insn, op, outside, [a, c], written);
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
                    let value = self.in_square(pc, bits, errors, [a, c, x, y], written);
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
                let asked = self.ask_value(pc, insn, op, outside, [a, c], written);
                // The unit has counted it; it is counted below once more.
                self.add(self.tallies[0], (cycles << CYCLES).wrapping_neg());
                self.add(self.tallies[1], (1_u64 << MULS).wrapping_neg());
                self.b.ins().jump(on, &[asked.into()]);
                self.enter(fast);
                let looked_up = self.in_square(pc, bits, errors, [a, c, x, y], written);
                self.b.ins().jump(on, &[looked_up.into()]);
                self.enter(on);
                self.set(insn.rd, value);
                self.pending = self.pending.plus(in_place);
            }
        }
    }

    fn product(&mut self, op: MulOp, a: Value, c: Value) -> Value {
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
    fn in_square(
        &mut self,
        pc: u32,
        bits: u32,
        errors: Errors,
        [a, c, x, y]: [Value; 4],
        written: u32,
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
            (self.b.ins().imul(narrow, self.errors), wrong)
        } else {
            let index = self.b.ins().uextend(I64, index);
            let at = self.b.ins().iadd(self.table, index);
            let place = self.b.ins().uload8(I64, flags, at, 0);
            let wrong = self.b.ins().icmp_imm(IntCC::NotEqual, place, 0);
            let wrong = self.b.ins().uextend(I64, wrong);
            let place = self.b.ins().ishl_imm(place, 2);
            let at = self.b.ins().iadd(self.errors, place);
            (self.b.ins().load(I32, flags, at, 0), wrong)
        };
        if self.machine.kind.watched {
            let differs = self.b.ins().icmp_imm(IntCC::NotEqual, wrong, 0);
            self.leave_if(differs, pc, Left::Aside, written);
        } else {
            let old = self.b.use_var(self.wrong);
            let new = self.b.ins().iadd(old, wrong);
            self.b.def_var(self.wrong, new);
        }
        self.b.ins().iadd(exact, error)
    }

    fn ask(
        &mut self,
        pc: u32,
        insn: &Insn,
        op: MulOp,
        outside: bool,
        operands: [Value; 2],
        written: u32,
    ) {
        let value = self.ask_value(pc, insn, op, outside, operands, written);
        self.set(insn.rd, value);
    }

    /// Asks the unit. Leaves before the instruction if it never answers, behind it if it has differed for the first time.
    fn ask_value(
        &mut self,
        pc: u32,
        insn: &Insn,
        op: MulOp,
        outside: bool,
        [a, c]: [Value; 2],
        written: u32,
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
        self.leave_if(never, pc, Left::NoAnswer, written);
        let keep = (self.pending, self.narrow);
        self.pending = self.pending.plus(Tally::of(insn));
        let cycles = self.cycles_of(answer);
        self.add_cycles(cycles);
        let value = self.b.ins().ireduce(I32, answer);
        self.set(insn.rd, value);
        let next = self.b.ins().iconst(I32, i64::from(pc.wrapping_add(u32::from(insn.len))));
        self.leave_as(next, Left::Differed, written | writes(insn));
        self.enter(on);
        (self.pending, self.narrow) = keep;
        let cycles = self.cycles_of(answer);
        self.add_cycles(cycles);
        self.b.ins().ireduce(I32, answer)
    }

    /// Bits 32 to 47 of an answer.
    fn cycles_of(&mut self, answer: Value) -> Value {
        let cycles = self.b.ins().ushr_imm(answer, 32);
        self.b.ins().band_imm(cycles, 0xffff)
    }
}

//! A region of guest code as Cranelift IR.
//!
//! Guest registers have their home in the [`Context`]; in loops some of them are held ([`loops`]). What code counts is a [`Tally`]
//! that is carried along edges and added where they meet. Where loops close one looks whether the region has to be left. A load
//! or store that is not plain (a device, an unaligned word, a guarded line) leaves the region before it or before its block, and the
//! interpreter goes on.

use super::accesses::{self, Checked, Group};
use super::context::{Context, Left};
use super::loops::{self, Held};
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
    /// Most cycles of a multiplication.
    pub mul_cycles: u32,
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
}

/// Most cycles that a region takes from one look to the next.
pub fn longest(region: &Region, machine: &Machine) -> u64 {
    let most = |insn: &Insn| match insn.op {
        op if op.is_mul() => u64::from(machine.kind.mul_cycles),
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
    let trusted = MemFlags::trusted();
    let pointer =
        |b: &mut FunctionBuilder, at: usize| b.ins().load(I64, trusted, context, at as i32);
    let ram = pointer(b, offset_of!(Context, ram));
    let [first, second] = [0, 8].map(|at| pointer(b, offset_of!(Context, tally) + at));
    let in_place =
        matches!(machine.kind.products, Products::Square(_, Errors::Mask | Errors::Bytes));
    let table = if in_place { pointer(b, offset_of!(Context, table)) } else { context };
    let variables: Vec<Variable> = (0..32).map(|_| b.declare_var(I32)).collect();
    let tallies = [(); 2].map(|()| b.declare_var(I64));
    b.def_var(tallies[0], first);
    b.def_var(tallies[1], second);
    let wrong = b.declare_var(I64);
    let none = b.ins().iconst(I64, 0);
    b.def_var(wrong, none);
    let blocks: HashMap<u32, ir::Block> =
        region.blocks.iter().map(|block| (block.pc(), b.create_block())).collect();
    let mut switch = Switch::new();
    let ways: Vec<ir::Block> = region.entries.iter().map(|_| b.create_block()).collect();
    for (i, way) in ways.iter().enumerate().skip(1) {
        switch.set_entry(i as u128, *way);
    }
    switch.emit(b, entry, ways[0]);
    let looks = looks(region);
    let held = loops::held(region, &looks);
    let carried = carried(region, &looks);
    let mut writer = Writer {
        b,
        region,
        machine,
        context,
        ram,
        table,
        multiply,
        divide,
        variables,
        tallies,
        wrong,
        counts_wrong: in_place && !machine.kind.watched,
        blocks,
        held,
        carried,
        once: once(region),
        carry: HashMap::new(),
        inherited: HashMap::new(),
        here: Held::default(),
        known: [None; 32],
        dirty: 0,
        pending: Tally::default(),
        narrow: 0,
        looks,
        bases: Vec::new(),
    };
    for (way, pc) in ways.into_iter().zip(&region.entries) {
        writer.enter(way);
        writer.known = [None; 32];
        writer.hold(*pc);
        writer.b.ins().jump(writer.blocks[pc], &[]);
    }
    for block in &region.blocks {
        writer.block(block);
    }
    b.seal_all_blocks();
}

/// Blocks that are reached from lower addresses of the region only: what was counted before and not added goes on with control.
fn carried(region: &Region, looks: &HashSet<u32>) -> HashSet<u32> {
    let blocks = region.blocks.iter().map(Block::pc);
    blocks.filter(|pc| !looks.contains(pc) && !region.entries.contains(pc)).collect()
}

/// Blocks that are reached in one way only, from a lower address: values that were known before are still known.
fn once(region: &Region) -> HashSet<u32> {
    let mut ways: HashMap<u32, usize> = region.entries.iter().map(|pc| (*pc, 2)).collect();
    for block in &region.blocks {
        for to in region.successors(block) {
            *ways.entry(to).or_default() += if to <= block.pc() { 2 } else { 1 };
        }
    }
    ways.into_iter().filter(|(_, ways)| *ways == 1).map(|(pc, _)| pc).collect()
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
    ram: Value,
    table: Value,
    multiply: ir::SigRef,
    divide: ir::SigRef,
    /// Guest registers where they are held; the place of `x0` has the target of a jump by register.
    variables: Vec<Variable>,
    tallies: [Variable; 2],
    wrong: Variable,
    counts_wrong: bool,
    blocks: HashMap<u32, ir::Block>,
    held: HashMap<u32, Held>,
    carried: HashSet<u32>,
    once: HashSet<u32>,
    /// What is known of registers where control comes to a block in one way only.
    inherited: HashMap<u32, [Option<Value>; 32]>,
    /// What this block holds.
    here: Held,
    /// Values of registers that are not held, as far as they are known.
    known: [Option<Value>; 32],
    /// Those among them that memory does not have yet.
    dirty: u32,
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
        self.here = self.held.get(&block.pc()).copied().unwrap_or_default();
        self.known = self.inherited.remove(&block.pc()).unwrap_or_default();
        for r in (1..32).filter(|r| self.here.registers >> r & 1 == 1) {
            self.known[r] = None;
        }
        self.dirty = 0;
        let (groups, checked) = accesses::of(block);
        self.check(block, &groups);
        for ((pc, insn), checked) in block.insns.iter().zip(checked) {
            self.insn(*pc, insn, checked);
            self.pending = self.pending.plus(Tally::of(insn));
        }
        let (_, last) = block.insns[block.insns.len() - 1];
        match block.leaves {
            Leaves::Falls => self.edge(block.end, Left::On, Tally::default()),
            Leaves::Jumps(to) => {
                self.edge(to, Left::Jumped, Tally::default());
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
                let keep = (self.pending, self.known, self.dirty);
                self.enter(yes);
                let more = Tally { cycles: timing::TAKEN, taken: 1, ..Tally::default() };
                self.edge(to, Left::Branched, more);
                self.enter(no);
                (self.pending, self.known, self.dirty) = keep;
                self.edge(block.end, Left::On, Tally::default());
            }
            Leaves::Indirect => {
                // The target was computed before a link was written.
                let target = self.b.use_var(self.variables[0]);
                let keep = (self.pending, self.known, self.dirty);
                for to in block.targets.clone() {
                    let (yes, no) = (self.b.create_block(), self.b.create_block());
                    let same = self.b.ins().icmp_imm(IntCC::Equal, target, i64::from(to));
                    self.b.ins().brif(same, yes, &[], no, &[]);
                    self.enter(yes);
                    self.edge(to, Left::Jumped, Tally::default());
                    self.enter(no);
                    (self.pending, self.known, self.dirty) = keep;
                }
                let (pc, _) = block.insns[block.insns.len() - 1];
                let pc = self.b.ins().iconst(I32, i64::from(pc));
                let at = offset_of!(Context, at) as i32;
                self.b.ins().store(MemFlags::trusted(), pc, self.context, at);
                self.leave_as(target, Left::Astray);
            }
        }
    }

    /// From the end of a block to an address, in the region or not.
    fn edge(&mut self, to: u32, how: Left, more: Tally) {
        self.pending = self.pending.plus(more);
        let Some(target) = self.blocks.get(&to).copied() else {
            let pc = self.b.ins().iconst(I32, i64::from(to));
            self.leave_as(pc, how);
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
        let amounts = self.pending.packed().into_iter().zip(carry.packed());
        for (i, (have, want)) in amounts.enumerate() {
            self.add(i, have.wrapping_sub(want));
        }
        self.hold(to);
        if self.once.contains(&to) {
            self.inherited.insert(to, self.known);
        }
        self.b.ins().jump(target, &[]);
    }

    /// What is checked before a block: whether the region must be left, and the accesses that can be checked together.
    fn check(&mut self, block: &Block, groups: &[Group]) {
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
            self.leave(pc, how);
        } else {
            self.leave_as(pc, Left::Aside);
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
                let trusted = MemFlags::trusted();
                let at = offset_of!(Context, guards) as i32;
                let guards = self.b.ins().load(I64, trusted, self.context, at);
                let guard = self.b.ins().iadd(guards, line);
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

    /// Adds to an accumulator; the third, which few blocks need, is in memory.
    fn add(&mut self, which: usize, amount: u64) {
        if amount == 0 {
            return;
        }
        let amount = self.b.ins().iconst(I64, amount.cast_signed());
        if let Some(variable) = self.tallies.get(which).copied() {
            let old = self.b.use_var(variable);
            let new = self.b.ins().iadd(old, amount);
            self.b.def_var(variable, new);
        } else {
            let at = (offset_of!(Context, tally) + 8 * which) as i32;
            let old = self.b.ins().load(I64, MemFlags::trusted(), self.context, at);
            let new = self.b.ins().iadd(old, amount);
            self.b.ins().store(MemFlags::trusted(), new, self.context, at);
        }
    }

    /// Where a register's home is.
    fn home(r: usize) -> i32 {
        (offset_of!(Context, registers) + 4 * r) as i32
    }

    /// Makes what is held what the block at `to` holds, on the way there.
    fn hold(&mut self, to: u32) {
        let there = self.held.get(&to).copied().unwrap_or_default();
        self.write_back(self.here.written & !(there.registers & there.written));
        let new = there.registers & !self.here.registers;
        for r in (1..32).filter(|r| new >> r & 1 == 1) {
            let value = self.get(r as u8);
            self.b.def_var(self.variables[r], value);
        }
    }

    /// Writes registers home: those that memory does not have, and of the held ones these.
    fn write_back(&mut self, held: u32) {
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

    /// Out of the region, on at `pc`. What is pending is counted, and stays pending for others.
    fn leave(&mut self, pc: Value, how: Value) {
        let pending = self.pending;
        let trusted = MemFlags::trusted();
        self.write_back(self.here.written);
        let at = offset_of!(Context, tally);
        for (i, amount) in pending.packed().into_iter().enumerate() {
            let Some(variable) = self.tallies.get(i).copied() else {
                self.add(i, amount);
                continue;
            };
            let mut sum = self.b.use_var(variable);
            if amount != 0 {
                let amount = self.b.ins().iconst(I64, amount.cast_signed());
                sum = self.b.ins().iadd(sum, amount);
            }
            self.b.ins().store(trusted, sum, self.context, (at + 8 * i) as i32);
        }
        if self.counts_wrong {
            let at = offset_of!(Context, wrong) as i32;
            let more = self.b.use_var(self.wrong);
            let old = self.b.ins().load(I64, trusted, self.context, at);
            let sum = self.b.ins().iadd(old, more);
            self.b.ins().store(trusted, sum, self.context, at);
        }
        self.b.ins().store(trusted, pc, self.context, offset_of!(Context, pc) as i32);
        self.b.ins().return_(&[how]);
    }

    /// Out of the region in a way that is known, on at `pc`.
    fn leave_as(&mut self, pc: Value, how: Left) {
        let how = self.b.ins().iconst(I32, how as i64);
        self.leave(pc, how);
    }

    /// Leaves before the instruction at `pc` if `condition` holds.
    fn leave_if(&mut self, condition: Value, pc: u32, how: Left) {
        let (out, on) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(out);
        self.b.ins().brif(condition, out, &[], on, &[]);
        self.enter(out);
        let pc = self.b.ins().iconst(I32, i64::from(pc));
        self.leave_as(pc, how);
        self.enter(on);
    }

    /// Goes on in a block to which all ways are written.
    fn enter(&mut self, block: ir::Block) {
        self.b.seal_block(block);
        self.b.switch_to_block(block);
    }

    fn get(&mut self, r: u8) -> Value {
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

    fn set(&mut self, r: u8, value: Value) {
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

    fn insn(&mut self, pc: u32, insn: &Insn, checked: Checked) {
        use Op::*;
        let imm = i64::from(insn.imm);
        let next = i64::from(pc.wrapping_add(u32::from(insn.len)));
        if insn.op.is_load() {
            return self.load(pc, insn, checked);
        }
        if insn.op.is_store() {
            return self.store(pc, insn, checked);
        }
        if let Some(op) = mul_op(insn.op) {
            return self.multiplication(pc, insn, op);
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
    fn address(&mut self, pc: u32, insn: &Insn, checked: Checked) -> (Value, i32) {
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
        self.leave_as(pc, Left::Aside);
        if let Some(on) = on {
            self.b.switch_to_block(on);
        }
        (self.b.ins().iadd(self.ram, offset), 0)
    }

    fn load(&mut self, pc: u32, insn: &Insn, checked: Checked) {
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

    fn store(&mut self, pc: u32, insn: &Insn, checked: Checked) {
        let (at, by) = self.address(pc, insn, checked);
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

    fn multiplication(&mut self, pc: u32, insn: &Insn, op: MulOp) {
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
            return self.ask(pc, insn, op, outside, [a, c]);
        };
        let cycles = u64::from(if op == MulOp::MUL { low } else { high });
        let in_place = Tally { cycles, ..in_place };
        match products {
            Products::Asked => self.ask(pc, insn, op, outside, [a, c]),
            Products::Exact => {
                let value = self.product(op, a, c);
                self.set(insn.rd, value);
                self.pending = self.pending.plus(in_place);
            }
            Products::Square(..) if op != MulOp::MUL => {
                self.ask(pc, insn, op, outside, [a, c]);
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
    fn in_square(&mut self, pc: u32, bits: u32, errors: Errors, [a, c, x, y]: [Value; 4]) -> Value {
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

    fn ask(&mut self, pc: u32, insn: &Insn, op: MulOp, outside: bool, operands: [Value; 2]) {
        let value = self.ask_value(pc, insn, op, outside, operands);
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
    fn cycles_of(&mut self, answer: Value) -> Value {
        let cycles = self.b.ins().ushr_imm(answer, 32);
        self.b.ins().band_imm(cycles, 0xffff)
    }
}

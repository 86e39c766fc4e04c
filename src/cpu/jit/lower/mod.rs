//! A region of guest code as Cranelift IR.
//!
//! Guest registers have their home in the [`Context`]; in loops some of them are held ([`loops`]). What code counts is a [`Tally`]
//! that is carried along edges and added where they meet. Where loops close one looks whether the region has to be left. A load
//! or store that is not plain (a device, an unaligned word, a guarded line) leaves the region before it or before its block, and the
//! interpreter goes on.

mod bursts;
mod exits;
mod memory;
mod products;
mod registers;

use super::accesses::{self, Checked, Group};
use super::bursts::Burst;
use super::context::{Context, Left};
use super::loops::{self, Held};
use super::region::{Block, Leaves, Region};
use super::tally::{CYCLES, HALF, MULS, Tally};
use crate::cpu::scope::mul_op;
use crate::cpu::timing;
use crate::isa::{Insn, Op};
use crate::soc::Direct;
use crate::unit::MulOp;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, MemFlags, Signature, Type, Value, types};
use cranelift_frontend::{FunctionBuilder, Switch, Variable};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::mem::offset_of;

const I32: Type = types::I32;
const I64: Type = types::I64;
/// Bytes of a guarded line, as a power of two.
const LINE_SHIFT: i64 = crate::soc::LINE_SHIFT as i64;

/// What a taken branch adds.
const TAKEN: Tally = Tally { cycles: timing::TAKEN, taken: 1, ..Tally::NONE };

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
    /// How often the interpreter has executed the block at an address.
    pub runs: &'m dyn Fn(u32) -> u64,
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
    let base = i64::from(machine.memory.base);
    let origin = b.ins().iadd_imm(ram, -base);
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
    let memory = (machine.memory.base, machine.memory.len);
    let bursts = super::bursts::of(region, &looks, memory, machine.kind.mul_cycles, machine.runs);
    let ordinary = loops::held(region, &looks);
    let mut held: HashMap<Spot, Held> = HashMap::new();
    held.extend(ordinary.iter().map(|(pc, held)| ((false, *pc), *held)));
    for burst in bursts.values() {
        let outside = ordinary.get(&burst.head).copied().unwrap_or_default();
        let inside = loops::held_in_burst(region, &burst.blocks, outside);
        held.extend(burst.blocks.iter().map(|pc| ((true, *pc), inside)));
    }
    let mut copies: HashMap<u32, ir::Block> = HashMap::new();
    let mut afoot: HashMap<u32, ir::Block> = HashMap::new();
    for burst in bursts.values() {
        copies.extend(burst.blocks.iter().map(|pc| (*pc, b.create_block())));
        afoot.insert(burst.head, b.create_block());
    }
    let carried = carried(region, &looks, &bursts);
    let left = b.declare_var(I64);
    let mut writer = Writer {
        b,
        region,
        machine,
        context,
        ram,
        origin,
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
        once: once(region, &bursts),
        copies,
        afoot,
        left,
        burst: None,
        carry: HashMap::new(),
        inherited: HashMap::new(),
        here: Held::default(),
        known: [None; 32],
        dirty: 0,
        pending: Tally::default(),
        narrow: 0,
        looks,
        exits: BTreeMap::new(),
        bases: Vec::new(),
    };
    for (way, pc) in ways.into_iter().zip(&region.entries) {
        writer.enter(way);
        writer.known = [None; 32];
        writer.hold((false, *pc));
        writer.b.ins().jump(writer.blocks[pc], &[]);
    }
    for block in &region.blocks {
        if let Some(burst) = bursts.get(&block.pc()) {
            writer.begin(burst);
        }
        writer.block(block, None);
        if let Some(burst) = bursts.values().find(|burst| burst.blocks.contains(&block.pc())) {
            let usual = writer.usual(burst);
            writer.block(block, Some((burst, usual)));
        }
    }
    writer.write_exits();
    b.seal_all_blocks();
}

/// A block as it is, or (true) its copy in a burst.
type Spot = (bool, u32);

/// Blocks that are reached from lower addresses of the region only: what was counted before and not added goes on with control.
fn carried(region: &Region, looks: &HashSet<u32>, bursts: &BTreeMap<u32, Burst>) -> HashSet<Spot> {
    let blocks = region.blocks.iter().map(Block::pc);
    let plain = |pc: &u32| !looks.contains(pc) && !region.entries.contains(pc);
    let mut all: HashSet<Spot> = blocks.filter(plain).map(|pc| (false, pc)).collect();
    for burst in bursts.values() {
        all.extend(burst.blocks.iter().filter(|pc| **pc != burst.head).map(|pc| (true, *pc)));
    }
    all
}

/// Blocks that are reached in one way only, from a lower address: values that were known before are still known.
fn once(region: &Region, bursts: &BTreeMap<u32, Burst>) -> HashSet<Spot> {
    let entries = region.entries.iter().map(|pc| ((false, *pc), 2));
    let mut ways: HashMap<Spot, usize> = entries.collect();
    for block in &region.blocks {
        let burst = bursts.values().find(|burst| burst.blocks.contains(&block.pc()));
        for to in region.successors(block) {
            let all = if to <= block.pc() { 2 } else { 1 };
            *ways.entry((false, to)).or_default() += all;
            if let Some(burst) = burst {
                let stays = burst.blocks.contains(&to);
                *ways.entry((stays, to)).or_default() += all;
            }
        }
    }
    ways.into_iter().filter(|(_, ways)| *ways == 1).map(|(spot, _)| spot).collect()
}

/// Blocks that are reached from a higher address or from themselves.
fn looks(region: &Region) -> HashSet<u32> {
    let mut heads = HashSet::new();
    for block in &region.blocks {
        heads.extend(region.successors(block).filter(|to| *to <= block.pc()));
    }
    heads
}

/// A burst, and what each of its iterations counts.
type InBurst<'w> = Option<(&'w Burst, Tally)>;

/// The end of some ways out, and the burst that they come from.
type Exit<'w> = (ir::Block, InBurst<'w>);

struct Writer<'w, 'f> {
    b: &'w mut FunctionBuilder<'f>,
    region: &'w Region,
    machine: &'w Machine<'w>,
    context: Value,
    ram: Value,
    /// Where address 0 of the guest would be.
    origin: Value,
    table: Value,
    multiply: ir::SigRef,
    divide: ir::SigRef,
    /// Guest registers where they are held; the place of `x0` has the target of a jump by register.
    variables: Vec<Variable>,
    tallies: [Variable; 2],
    wrong: Variable,
    counts_wrong: bool,
    blocks: HashMap<u32, ir::Block>,
    held: HashMap<Spot, Held>,
    carried: HashSet<Spot>,
    once: HashSet<Spot>,
    /// The copies of blocks in bursts, by address.
    copies: HashMap<u32, ir::Block>,
    /// Heads of bursts as they are, for when there can be no burst.
    afoot: HashMap<u32, ir::Block>,
    /// Iterations of the burst that are still to come, the present one included.
    left: Variable,
    /// The burst that is being written, and what each of its iterations has counted that is over.
    burst: InBurst<'w>,
    /// What is known of registers where control comes to a block in one way only.
    inherited: HashMap<Spot, [Option<Value>; 32]>,
    /// What this block holds.
    here: Held,
    /// Values of registers that are not held, as far as they are known.
    known: [Option<Value>; 32],
    /// Those among them that memory does not have yet.
    dirty: u32,
    /// What was counted and not added when control comes to a carried block.
    carry: HashMap<Spot, Tally>,
    /// What was counted and not added so far.
    pending: Tally,
    /// Registers whose values are known to fit nine signed bits.
    narrow: u32,
    /// Blocks that close a loop: there one looks whether the region has to be left.
    looks: HashSet<u32>,
    /// Ends of the ways out, by burst and by the held registers that must be written home.
    exits: BTreeMap<(Option<u32>, u32), Exit<'w>>,
    /// For each group of accesses of the block, a host address, and which offset from the group's register it stands for.
    bases: Vec<(Value, i64)>,
}

impl<'w> Writer<'w, '_> {
    /// A block, or its copy in a burst, with what the burst counts an iteration.
    fn block(&mut self, block: &Block, burst: InBurst<'w>) {
        let (pc, spot) = (block.pc(), (burst.is_some(), block.pc()));
        let own = self.afoot.get(&pc).or_else(|| self.blocks.get(&pc));
        let here = if burst.is_some() { self.copies[&pc] } else { *own.expect("it was created") };
        self.burst = burst;
        self.b.switch_to_block(here);
        self.pending = self.carry.get(&spot).copied().unwrap_or_default();
        self.narrow = 0;
        self.here = self.held.get(&spot).copied().unwrap_or_default();
        self.known = self.inherited.remove(&spot).unwrap_or_default();
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
                self.edge(to, Left::Branched, TAKEN);
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
        let burst = self.burst.filter(|(burst, _)| burst.blocks.contains(&to));
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
        if let Some((burst, usual)) = burst.filter(|(burst, _)| burst.head == to) {
            return self.close(burst, usual);
        }
        if burst.is_none() {
            self.settle();
        }
        let spot = (burst.is_some(), to);
        let target = if burst.is_some() { self.copies[&to] } else { target };
        // The first way to a block says what is still to be added there; the others add the difference.
        let carry = match self.carried.contains(&spot) {
            true => *self.carry.entry(spot).or_insert(self.pending),
            false => Tally::default(),
        };
        self.add_difference(carry);
        self.hold(spot);
        if self.once.contains(&spot) {
            self.inherited.insert(spot, self.known);
        }
        self.b.ins().jump(target, &[]);
    }

    /// Adds what is pending, but for this much.
    fn add_difference(&mut self, less: Tally) {
        let amounts = self.pending.packed().into_iter().zip(less.packed());
        for (i, (have, want)) in amounts.enumerate() {
            self.add(i, have.wrapping_sub(want));
        }
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
        self.add_value(which, amount);
    }

    fn add_value(&mut self, which: usize, amount: Value) {
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

    /// Goes on in a block to which all ways are written.
    fn enter(&mut self, block: ir::Block) {
        self.b.seal_block(block);
        self.b.switch_to_block(block);
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
}

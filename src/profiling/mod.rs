//! Where a program spends its instructions, cycles and multiplications: by instruction, source line, function and call path.
//!
//! In: the core's [`Retired`] events, functions and lines. Out: a [`Profiler`] that is asked at the end; [`callgrind`] and [`flame`] write what others read.
//!
//! Calls are JAL and JALR that write `x1` or `x5`, returns JALR that read one of them and write nothing (The RISC-V Instruction Set Manual, Volume I, "Unconditional
//! Jumps", return-address stack hints); a handler is called by the instruction that it interrupts and ended by MRET. A jump from one function into another is a call
//! whose return is the caller's own. An instruction's cycles are those from the retirement of the one before it to its own.

pub mod callgrind;
pub mod flame;
mod stack;

use crate::cpu::{Probe, Retired, mul_op};
use crate::debug::{DebugInfo, Location};
use rustc_hash::FxHashMap;
use stack::Stack;
use std::collections::BTreeMap;

/// What something has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// Instructions that retired or trapped.
    pub instructions: u64,
    /// Cycles of the free-running clock, those asleep included.
    pub cycles: u64,
    /// Multiplications.
    pub muls: u64,
    /// Those among them whose product was wrong. One that writes `x0` is not judged.
    pub wrong: u64,
}

impl Costs {
    /// Adds others.
    pub fn add(&mut self, more: &Self) {
        self.instructions += more.instructions;
        self.cycles += more.cycles;
        self.muls += more.muls;
        self.wrong += more.wrong;
    }
}

/// A path of calls, as a node of a tree: the function at its end.
#[derive(Clone, Debug)]
pub struct Node {
    /// The node that it was called from; its own number for the root.
    pub parent: u32,
    /// Address of the instruction that called it.
    pub site: u32,
    /// The function's number.
    pub function: u32,
    /// Times that it was called there.
    pub calls: u64,
    /// What it has cost itself, without what it has called.
    pub own: Costs,
}

/// Nodes at the most; calls beyond count as part of their caller, so that no program can grow the host.
const NODE_LIMIT: usize = 1 << 20;
/// Instruction addresses that are told apart outside of the program's functions.
const STRAY_LIMIT: usize = 1 << 20;
/// What lies in no function.
const UNKNOWN: u32 = 0;

/// Counts as a program runs.
pub struct Profiler<'d> {
    info: &'d DebugInfo,
    names: Vec<String>,
    /// First address of the functions, and for each halfword from there the number of its function.
    base: u32,
    function_at: Vec<u32>,
    by_insn: Vec<Costs>,
    /// Those elsewhere.
    stray: FxHashMap<u32, Costs>,
    nodes: Vec<Node>,
    children: FxHashMap<(u32, u32, u32), u32>,
    stack: Stack,
    cycles: u64,
    begun: bool,
}

impl<'d> Profiler<'d> {
    /// Nothing counted yet; the run begins in this cycle of the free-running clock.
    pub fn new(info: &'d DebugInfo, elapsed: u64) -> Self {
        let functions = info.functions().all();
        let base = functions.iter().map(|f| f.addr).min().unwrap_or(0) & !1;
        let end = functions.iter().map(|f| u64::from(f.addr) + u64::from(f.len)).max().unwrap_or(0);
        // Programs have up to some megabytes of code; one that claims more is profiled as one without symbols.
        let halves = (end.saturating_sub(u64::from(base)).div_ceil(2) as usize).min(1 << 26);
        let mut names = vec!["(no symbol)".to_owned()];
        let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
        let mut function_at = vec![UNKNOWN; halves];
        let mut addr = base;
        for slot in &mut function_at {
            if let Some(name) = info.function(addr) {
                *slot = *numbers.entry(name).or_insert_with(|| {
                    names.push(name.to_owned());
                    names.len() as u32 - 1
                });
            }
            addr = addr.wrapping_add(2);
        }
        let root = Node { parent: 0, site: 0, function: UNKNOWN, calls: 0, own: Costs::default() };
        Self {
            info,
            names,
            base,
            by_insn: vec![Costs::default(); halves],
            function_at,
            stray: FxHashMap::default(),
            nodes: vec![root],
            children: FxHashMap::default(),
            stack: Stack::default(),
            cycles: elapsed,
            begun: false,
        }
    }

    #[inline]
    fn function_of(&self, pc: u32) -> u32 {
        let at = (pc.wrapping_sub(self.base) >> 1) as usize;
        self.function_at.get(at).copied().unwrap_or(UNKNOWN)
    }

    /// The node of a call from `parent`'s node.
    fn child(&mut self, parent: u32, site: u32, function: u32) -> u32 {
        if let Some(node) = self.children.get(&(parent, site, function)) {
            return *node;
        }
        if self.nodes.len() >= NODE_LIMIT {
            return parent;
        }
        let node = self.nodes.len() as u32;
        self.nodes.push(Node { parent, site, function, calls: 0, own: Costs::default() });
        self.children.insert((parent, site, function), node);
        node
    }

    fn enter(&mut self, site: u32, function: u32) -> u32 {
        let node = self.child(self.stack.caller(), site, function);
        self.nodes[node as usize].calls += 1;
        node
    }

    fn count(&mut self, event: &Retired) {
        let mul = event.op.and_then(mul_op);
        let wrong = mul.is_some_and(|op| {
            event.rd.0 != 0 && event.rd.1 != op.product(event.rs1.1, event.rs2.1)
        });
        let costs = Costs {
            instructions: 1,
            cycles: event.cycles.wrapping_sub(self.cycles),
            muls: u64::from(mul.is_some()),
            wrong: u64::from(wrong),
        };
        self.cycles = event.cycles;
        self.nodes[self.stack.node() as usize].own.add(&costs);
        let at = (event.pc.wrapping_sub(self.base) >> 1) as usize;
        match self.by_insn.get_mut(at) {
            Some(sum) => sum.add(&costs),
            None if self.stray.len() < STRAY_LIMIT => {
                self.stray.entry(event.pc).or_default().add(&costs);
            }
            None => self.stray.entry(u32::MAX).or_default().add(&costs),
        }
    }

    /// Numbers of functions are indices into these names; the first stands for what lies in none.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The tree of calls; the first node is its root, and a node comes after its parent.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Names and lines of the program.
    pub fn info(&self) -> &DebugInfo {
        self.info
    }

    /// What each executed instruction has cost, by address; those that were not told apart any more under 0xffff_ffff.
    pub fn instructions(&self) -> Vec<(u32, Costs)> {
        let addresses = (0..).map(|i: u32| self.base.wrapping_add(2 * i));
        let known = addresses.zip(self.by_insn.iter().copied());
        let stray = self.stray.iter().map(|(pc, costs)| (*pc, *costs));
        let mut all: Vec<_> = known.filter(|(_, c)| c.instructions > 0).chain(stray).collect();
        all.sort_unstable_by_key(|(pc, _)| *pc);
        all
    }

    /// What nodes have cost with all that they have called.
    pub fn inclusive(&self) -> Vec<Costs> {
        let mut sums: Vec<Costs> = self.nodes.iter().map(|node| node.own).collect();
        for i in (1..self.nodes.len()).rev() {
            let sum = sums[i];
            sums[self.nodes[i].parent as usize].add(&sum);
        }
        sums
    }

    /// Everything together.
    pub fn total(&self) -> Costs {
        self.inclusive()[0]
    }

    /// What each function has cost itself, and with what it has called, recursion counted once; the dearest first, by cycles of its own.
    pub fn functions(&self) -> Vec<(String, Costs, Costs)> {
        let inclusive = self.inclusive();
        let mut sums: BTreeMap<u32, (Costs, Costs)> = BTreeMap::new();
        // The root is no function.
        for (i, node) in self.nodes.iter().enumerate().skip(1) {
            let sum = sums.entry(node.function).or_default();
            sum.0.add(&node.own);
            if !self.within_itself(i) {
                sum.1.add(&inclusive[i]);
            }
        }
        let name = |function: u32| self.names[function as usize].clone();
        let mut all: Vec<_> = sums
            .into_iter()
            .filter(|(_, (_, all))| all.instructions > 0)
            .map(|(function, (own, all))| (name(function), own, all))
            .collect();
        all.sort_by(|a, b| (b.1.cycles, &a.0).cmp(&(a.1.cycles, &b.0)));
        all
    }

    fn within_itself(&self, node: usize) -> bool {
        let function = self.nodes[node].function;
        let mut at = node;
        while at != 0 {
            at = self.nodes[at].parent as usize;
            if at != 0 && self.nodes[at].function == function {
                return true;
            }
        }
        false
    }

    /// What each source line has cost; the dearest first, by cycles. Code without lines is not in it.
    pub fn lines(&self) -> Vec<(Location, Costs)> {
        let mut sums: BTreeMap<Location, Costs> = BTreeMap::new();
        for (pc, costs) in self.instructions() {
            if let Some(location) = self.info.location(pc) {
                sums.entry(location).or_default().add(&costs);
            }
        }
        let mut all: Vec<_> = sums.into_iter().collect();
        all.sort_by(|a, b| (b.1.cycles, &a.0).cmp(&(a.1.cycles, &b.0)));
        all
    }
}

impl Probe for Profiler<'_> {
    const ACTIVE: bool = true;

    #[inline]
    fn retired(&mut self, event: &Retired) {
        let function = self.function_of(event.pc);
        if !self.begun {
            self.begun = true;
            let node = self.enter(event.pc, function);
            self.stack.call(node, function, u32::MAX);
        } else if event.enters_handler {
            let node = self.enter(self.stack.site(), function);
            self.stack.interrupt(node, function);
        } else if let Some(returns_to) = self.stack.take_call() {
            let node = self.enter(self.stack.site(), function);
            self.stack.call(node, function, returns_to);
        } else if !(self.stack.take_return() && self.stack.unwind(event.pc, function))
            && function != self.stack.function()
        {
            let node = self.enter(self.stack.site(), function);
            self.stack.jump(node, function);
        }
        self.count(event);
        self.stack.note(event);
    }
}

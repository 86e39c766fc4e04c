//! Boolean functions as host instructions.
//!
//! In: a [`Graph`] of nodes. Out: Cranelift values, of which bit 0 is a node's value; what stands above it is of no meaning.

use super::graph::{Graph, NodeId};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::FunctionBuilder;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// How a function of three inputs is made of smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recipe {
    Constant(bool),
    Input(usize),
    Not(u8),
    And(u8, u8),
    Or(u8, u8),
    Xor(u8, u8),
}

/// For each truth table a shortest expression over inversion, AND, OR and XOR, as far as expressions share nothing.
static RECIPES: LazyLock<[Recipe; 256]> = LazyLock::new(|| {
    let mut best: [Option<(u32, Recipe)>; 256] = [None; 256];
    best[0] = Some((0, Recipe::Constant(false)));
    best[0xff] = Some((0, Recipe::Constant(true)));
    for (i, table) in [0xaa, 0xcc, 0xf0].into_iter().enumerate() {
        best[table] = Some((0, Recipe::Input(i)));
    }
    // Once more while there is something to gain: a few rounds.
    let mut changed = true;
    while changed {
        changed = false;
        let known: Vec<(u8, u32)> =
            (0..=255).filter_map(|t: u8| Some((t, best[usize::from(t)]?.0))).collect();
        let mut offer = |table: u8, cost: u32, recipe: Recipe| {
            let place = &mut best[usize::from(table)];
            if place.is_none_or(|(least, _)| cost < least) {
                *place = Some((cost, recipe));
                changed = true;
            }
        };
        for (i, (x, a)) in known.iter().enumerate() {
            offer(!x, a + 1, Recipe::Not(*x));
            for (y, b) in &known[..i] {
                let cost = a + b + 1;
                offer(x & y, cost, Recipe::And(*x, *y));
                offer(x | y, cost, Recipe::Or(*x, *y));
                offer(x ^ y, cost, Recipe::Xor(*x, *y));
            }
        }
    }
    best.map(|recipe| recipe.expect("every function has an expression").1)
});

/// Makes nodes' values, each once.
pub(super) struct Gates<'g> {
    graph: &'g Graph,
    /// The operands, zero-extended.
    pub operands: [Value; 2],
    values: Vec<Option<Value>>,
    /// What has been made already: an instruction on one or two values.
    made: FxHashMap<(Bitwise, Value, Value), Value>,
}

/// An instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Bitwise {
    Not,
    And,
    Or,
    Xor,
}

impl<'g> Gates<'g> {
    /// Nothing is made yet. The operands are 64-bit values with zeros above bit 31.
    pub fn new(graph: &'g Graph, operands: [Value; 2]) -> Self {
        Self { graph, operands, values: vec![None; graph.nodes.len()], made: FxHashMap::default() }
    }

    /// Says what a node's value is.
    pub fn set(&mut self, node: NodeId, value: Value) {
        self.values[node as usize] = Some(value);
    }

    /// A node's value, if it is made.
    pub fn value(&self, node: NodeId) -> Option<Value> {
        self.values[node as usize]
    }

    /// What a node looks at.
    pub fn inputs(&self, node: NodeId) -> &'g [NodeId] {
        self.graph.nodes[node as usize].inputs()
    }

    fn make(&mut self, b: &mut FunctionBuilder, what: Bitwise, x: Value, y: Value) -> Value {
        let key = (what, x.min(y), x.max(y));
        *self.made.entry(key).or_insert_with(|| match what {
            Bitwise::Not => b.ins().bnot(x),
            Bitwise::And => b.ins().band(x, y),
            Bitwise::Or => b.ins().bor(x, y),
            Bitwise::Xor => b.ins().bxor(x, y),
        })
    }

    /// A function of three values.
    pub fn expression(&mut self, b: &mut FunctionBuilder, table: u8, inputs: [Value; 3]) -> Value {
        let [x, y, z] = inputs;
        let (what, s, t) = match (table, RECIPES[usize::from(table)]) {
            // A full adder's two functions share x ^ y.
            (0x96, _) => {
                let half = self.make(b, Bitwise::Xor, x, y);
                return self.make(b, Bitwise::Xor, half, z);
            }
            (0xe8, _) => {
                let half = self.make(b, Bitwise::Xor, x, y);
                let other = self.make(b, Bitwise::Xor, x, z);
                let changes = self.make(b, Bitwise::And, half, other);
                return self.make(b, Bitwise::Xor, x, changes);
            }
            (_, Recipe::Constant(value)) => return b.ins().iconst(types::I64, i64::from(value)),
            (_, Recipe::Input(i)) => return inputs[i],
            (_, Recipe::Not(s)) => (Bitwise::Not, s, s),
            (_, Recipe::And(s, t)) => (Bitwise::And, s, t),
            (_, Recipe::Or(s, t)) => (Bitwise::Or, s, t),
            (_, Recipe::Xor(s, t)) => (Bitwise::Xor, s, t),
        };
        let (s, t) = (self.expression(b, s, inputs), self.expression(b, t, inputs));
        self.make(b, what, s, t)
    }

    /// A node's value through its gates.
    pub fn bit(&mut self, b: &mut FunctionBuilder, node: NodeId) -> Value {
        // Depth first with an explicit stack: a carry chain is deep.
        let mut stack = vec![node];
        while let Some(&next) = stack.last() {
            if self.values[next as usize].is_some() {
                stack.pop();
                continue;
            }
            let n = &self.graph.nodes[next as usize];
            let open = stack.len();
            let values = &self.values;
            stack.extend(n.inputs().iter().filter(|i| values[**i as usize].is_none()));
            if stack.len() > open {
                continue;
            }
            let value = if n.arity == 0 {
                let (operand, bit) = (self.operands[next as usize / 32], i64::from(next % 32));
                if bit == 0 { operand } else { b.ins().ushr_imm(operand, bit) }
            } else {
                let inputs = n.inputs.map(|i| self.values[i as usize].expect("it is made"));
                self.expression(b, n.table, inputs)
            };
            self.values[next as usize] = Some(value);
            stack.pop();
        }
        self.values[node as usize].expect("it is made")
    }
}

//! A straight program as a graph: each function once, inverters dissolved.
//!
//! In: ops in the order of evaluation. Out: a [`Graph`] of [`Node`]s, each a function of one to three others that is 0 where these
//! are all 0; a slot of the program is a [`Literal`]: a node, perhaps inverted, or a constant. So a full adder has the same inputs
//! at its sum and at its carry, whatever inverters a synthesiser put around it.

use super::program::Op;
use super::unroll::OPERAND_BITS;
use rustc_hash::FxHashMap;

/// A node, as an index into [`Graph::nodes`]. The first are the operands' bits: rs1's 32, then rs2's.
pub(super) type NodeId = u32;

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Known(bool),
    /// The node's value, inverted or not.
    Of(NodeId, bool),
}

/// A function of other nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// Bit `x + 2y + 4z` is its value; bit 0 is 0.
    pub table: u8,
    /// How many inputs it looks at; 0 for an operand's bit.
    pub arity: u8,
    /// Its inputs in ascending order; those that it does not look at repeat the first.
    pub inputs: [NodeId; 3],
    /// The longest way to an operand's bit. Nodes with the same inputs have the same level.
    pub level: u32,
    /// Nodes with the same inputs are of the same group.
    pub group: u32,
}

impl Node {
    /// The inputs that it looks at.
    pub fn inputs(&self) -> &[NodeId] {
        &self.inputs[..usize::from(self.arity)]
    }

    /// Whether it is the parity of two or three nodes.
    pub fn is_sum(&self) -> bool {
        matches!((self.arity, self.table), (2, 0x66) | (3, 0x96))
    }

    /// Whether it may be an adder's carry: an AND of two nodes or a majority of three, inverted or not.
    pub fn is_carry(&self) -> bool {
        match self.arity {
            2 => self.table != 0x66,
            3 => (0..8).any(|flips: u8| {
                let table =
                    (0..8_u8).fold(0, |t, row| t | (0xe8 >> (row ^ flips) & 1_u8) << row);
                self.table == if table & 1 == 1 { !table } else { table }
            }),
            _ => false,
        }
    }
}

/// The graph.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    pub nodes: Vec<Node>,
    /// For each group its nodes.
    pub groups: Vec<Vec<NodeId>>,
    by_inputs: FxHashMap<[NodeId; 3], u32>,
    known: FxHashMap<(u8, [NodeId; 3]), NodeId>,
}

impl Graph {
    /// The operands' bits alone.
    pub fn new() -> Self {
        let bit =
            |i| Node { table: 0xaa, arity: 0, inputs: [i; 3], level: 0, group: u32::MAX };
        Self {
            nodes: (0..OPERAND_BITS as u32).map(bit).collect(),
            groups: Vec::new(),
            by_inputs: FxHashMap::default(),
            known: FxHashMap::default(),
        }
    }

    /// A graph of these ops, and what each op's output is. Slots may be written more than once.
    pub fn of(ops: &[Op], slots: usize) -> (Self, Vec<Literal>, Vec<Literal>) {
        let mut graph = Self::new();
        let mut values = vec![Literal::Known(false); slots.max(OPERAND_BITS)];
        for (i, value) in values.iter_mut().enumerate().take(OPERAND_BITS) {
            *value = Literal::Of(i as u32, false);
        }
        let mut outs = Vec::with_capacity(ops.len());
        for op in ops {
            let out = graph.add(op.table, op.inputs.map(|slot| values[slot as usize]));
            values[op.out as usize] = out;
            outs.push(out);
        }
        (graph, outs, values)
    }

    /// A function of literals: a constant, a literal, or a node, which may be there already.
    pub fn add(&mut self, table: u8, inputs: [Literal; 3]) -> Literal {
        // What each row of the given inputs' nodes gives: constants and inversions go into the table.
        let mut nodes: Vec<NodeId> = inputs
            .iter()
            .filter_map(|l| match l {
                Literal::Of(node, _) => Some(*node),
                Literal::Known(_) => None,
            })
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        let evaluate = |nodes: &[NodeId], row: u8| {
            let index = inputs.iter().enumerate().fold(0, |index, (i, l)| {
                let bit = match l {
                    Literal::Known(value) => *value,
                    Literal::Of(node, inverted) => {
                        let place = nodes.iter().position(|n| n == node);
                        place.is_some_and(|p| row >> p & 1 == 1) != *inverted
                    }
                };
                index | u8::from(bit) << i
            });
            table >> index & 1
        };
        // Inputs that the function does not look at.
        let looked: Vec<NodeId> = (0..nodes.len())
            .filter(|p| {
                (0..8_u8).any(|row| evaluate(&nodes, row) != evaluate(&nodes, row ^ 1 << p))
            })
            .map(|p| nodes[p])
            .collect();
        let table = (0..8).fold(0, |t, row| t | evaluate(&looked, row) << row);
        let inverted = table & 1 == 1;
        let table = if inverted { !table } else { table };
        match looked[..] {
            [] => Literal::Known(inverted),
            [node] => Literal::Of(node, inverted),
            _ => Literal::Of(self.node(table, &looked), inverted),
        }
    }

    fn node(&mut self, table: u8, inputs: &[NodeId]) -> NodeId {
        let arity = inputs.len() as u8;
        let level = 1 + inputs.iter().map(|n| self.nodes[*n as usize].level).max().unwrap_or(0);
        let at = |i: usize| inputs.get(i).copied().unwrap_or(inputs[0]);
        let inputs = [at(0), at(1), at(2)];
        if let Some(node) = self.known.get(&(table, inputs)) {
            return *node;
        }
        let groups = &mut self.groups;
        let group = *self.by_inputs.entry(inputs).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() as u32 - 1
        });
        let node = self.nodes.len() as u32;
        self.nodes.push(Node { table, arity, inputs, level, group });
        self.groups[group as usize].push(node);
        self.known.insert((table, inputs), node);
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_say_the_same_as_the_tables_they_were_made_of() {
        let choices = [
            Literal::Known(false),
            Literal::Known(true),
            Literal::Of(3, false),
            Literal::Of(3, true),
            Literal::Of(1, false),
            Literal::Of(2, true),
        ];
        let mut graph = Graph::new();
        for table in 0..=255_u8 {
            for pick in 0..216 {
                let inputs =
                    [choices[pick % 6], choices[pick / 6 % 6], choices[pick / 36]];
                let out = graph.add(table, inputs);
                // Operand bits 1 to 3 hold the row.
                for row in 0..8_u8 {
                    let bit = |node: NodeId| row >> (node - 1) & 1 == 1;
                    let value = |literal: Literal| match literal {
                        Literal::Known(value) => value,
                        Literal::Of(node @ 1..=3, inverted) => bit(node) != inverted,
                        Literal::Of(node, inverted) => {
                            let n = graph.nodes[node as usize];
                            assert_eq!(n.table & 1, 0);
                            let index = n.inputs().iter().enumerate();
                            let index = index.fold(0, |x, (i, n)| x | u8::from(bit(*n)) << i);
                            (n.table >> index & 1 == 1) != inverted
                        }
                    };
                    let index = inputs.iter().enumerate();
                    let index = index.fold(0, |x, (i, l)| x | u8::from(value(*l)) << i);
                    assert_eq!(value(out), table >> index & 1 == 1, "{table:#x} {inputs:?} {row}");
                }
            }
        }
    }
}

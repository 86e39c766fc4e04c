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
                let table = (0..8_u8).fold(0, |t, row| t | (0xe8 >> (row ^ flips) & 1_u8) << row);
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
    /// Nodes that depend on few operand bits, as functions of these.
    small: Vec<Option<Small>>,
}

/// A function of up to four operand bits: bit `i` of the table is its value where the bits are those of `i`.
#[derive(Clone, Copy, Debug)]
struct Small {
    bits: [NodeId; Small::MOST],
    count: usize,
    table: u16,
}

impl Small {
    const MOST: usize = 4;

    /// Its value where the operand bits `bits` are those of `row`.
    fn at(&self, bits: &[NodeId], row: usize) -> bool {
        let own = self.bits[..self.count].iter().enumerate();
        let index = own.fold(0, |index, (i, bit)| {
            let place = bits.iter().position(|b| b == bit).expect("it is among them");
            index | (row >> place & 1) << i
        });
        self.table >> index & 1 == 1
    }
}

impl Graph {
    /// The operands' bits alone.
    pub fn new() -> Self {
        let bit = |i| Node { table: 0xaa, arity: 0, inputs: [i; 3], level: 0, group: u32::MAX };
        Self {
            nodes: (0..OPERAND_BITS as u32).map(bit).collect(),
            groups: Vec::new(),
            by_inputs: FxHashMap::default(),
            known: FxHashMap::default(),
            small: (0..OPERAND_BITS as u32)
                .map(|i| Some(Small { bits: [i; Small::MOST], count: 1, table: 2 }))
                .collect(),
        }
    }

    /// A graph of these ops, and what each op's output is. Slots may be written more than once.
    pub fn of(ops: &[Op], slots: usize) -> (Self, Vec<Literal>, Vec<Literal>) {
        Self::with_known(ops, slots, None)
    }

    /// The same where one operand is known: 0 for rs1 or 1 for rs2, and its value.
    pub fn with_known(
        ops: &[Op],
        slots: usize,
        known: Option<(usize, u32)>,
    ) -> (Self, Vec<Literal>, Vec<Literal>) {
        let mut graph = Self::new();
        let mut values = vec![Literal::Known(false); slots.max(OPERAND_BITS)];
        for (i, value) in values.iter_mut().enumerate().take(OPERAND_BITS) {
            *value = match known {
                Some((operand, bits)) if operand == i / 32 => {
                    Literal::Known(bits >> (i % 32) & 1 == 1)
                }
                _ => Literal::Of(i as u32, false),
            };
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
        if let Some((table, two)) = self.without_one(table, &looked) {
            return self.add(table, two);
        }
        if let Some((table, two)) = self.inlined(table, &looked) {
            return self.add(table, two);
        }
        let inverted = table & 1 == 1;
        let table = if inverted { !table } else { table };
        match looked[..] {
            [] => Literal::Known(inverted),
            [node] => Literal::Of(node, inverted),
            _ => Literal::Of(self.node(table, &looked), inverted),
        }
    }

    /// The parity of two nodes, if it is that although it looks at a third one, which is a function of these.
    fn inlined(&self, table: u8, inputs: &[NodeId]) -> Option<(u8, [Literal; 3])> {
        (0..inputs.len()).find_map(|i| {
            let inner = &self.nodes[inputs[i] as usize];
            let others = inputs.iter().filter(|n| **n != inputs[i]);
            let mut leaves: Vec<NodeId> = others.chain(inner.inputs()).copied().collect();
            leaves.sort_unstable();
            leaves.dedup();
            if inner.arity == 0 || leaves.len() > 2 {
                return None;
            }
            let table = (0..8_u8).fold(0, |t, row| {
                let leaf = |n: &NodeId| {
                    row >> leaves.iter().position(|l| l == n).expect("it is a leaf") & 1
                };
                let own = inner.inputs().iter().enumerate();
                let own = own.fold(0, |index, (k, n)| index | leaf(n) << k);
                let index = inputs.iter().enumerate().fold(0, |index, (k, n)| {
                    index | (if k == i { inner.table >> own & 1 } else { leaf(n) }) << k
                });
                t | (table >> index & 1) << row
            });
            // Another function may belong to an adder that has all the inputs.
            let parity = leaves.len() == 2 && matches!(table, 0x66 | 0x99);
            let literal = |i: usize| Literal::Of(leaves[i], false);
            parity.then(|| (table, [literal(0), literal(1), Literal::Known(false)]))
        })
    }

    /// The operand bits that nodes depend on together, if these are few.
    fn support(&self, nodes: &[NodeId]) -> Option<Vec<NodeId>> {
        let mut bits = Vec::new();
        for node in nodes {
            let small = self.small[*node as usize].as_ref()?;
            bits.extend(&small.bits[..small.count]);
        }
        bits.sort_unstable();
        bits.dedup();
        (bits.len() <= Small::MOST).then_some(bits)
    }

    /// The same function of two of three nodes, if it is one: of nodes that depend on the same few operand bits not all combinations
    /// occur, and a synthesiser uses that.
    fn without_one(&self, table: u8, inputs: &[NodeId]) -> Option<(u8, [Literal; 3])> {
        if inputs.len() < 3 {
            return None;
        }
        let bits = self.support(inputs)?;
        let rows = (0..1 << bits.len()).map(|row| {
            let inputs = inputs.iter().enumerate();
            inputs.fold(0_u8, |index, (i, node)| {
                let small = self.small[*node as usize].as_ref().expect("it has support");
                index | u8::from(small.at(&bits, row)) << i
            })
        });
        let occurs = rows.fold(0_u8, |occurs, row| occurs | 1 << row);
        let (ones, zeros) = (table & occurs, !table & occurs);
        (0..3).find_map(|drop| {
            // What the other two say, whatever the third one is.
            let spread = |rows: u8| {
                (0..8)
                    .filter(|r| rows >> r & 1 == 1)
                    .fold(0_u8, |s, r| s | 1 << r | 1 << (r ^ 1 << drop))
            };
            let (ones, zeros) = (spread(ones), spread(zeros));
            (ones & zeros == 0).then(|| {
                let mut literals = [Literal::Known(false); 3];
                for (i, literal) in literals.iter_mut().enumerate().filter(|(i, _)| *i != drop) {
                    *literal = Literal::Of(inputs[i], false);
                }
                (ones, literals)
            })
        })
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
        let small = self.support(&inputs).map(|bits| {
            let value = |row: usize| {
                let values = inputs.iter().enumerate().fold(0, |index, (i, node)| {
                    let small = self.small[*node as usize].as_ref().expect("it has support");
                    index | u8::from(small.at(&bits, row)) << i
                });
                table >> values & 1
            };
            let function = (0..1 << bits.len()).fold(0, |t, row| t | u16::from(value(row)) << row);
            let mut padded = [bits[0]; Small::MOST];
            padded[..bits.len()].copy_from_slice(&bits);
            Small { bits: padded, count: bits.len(), table: function }
        });
        self.small.push(small);
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
                let inputs = [choices[pick % 6], choices[pick / 6 % 6], choices[pick / 36]];
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

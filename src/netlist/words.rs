//! Which nets of a sound unit are the bits of one number: what its ripple-carry adders give, and what its registers are given.
//!
//! In: a [`Circuit`] and an operation. Out: [`Word`]s. They are hints where to cut a sum ([`super::sums`]) into sums of fewer bits; nothing
//! that is proved relies on them.

use super::circuit::Circuit;
use super::fold::Abstract;
use super::graph::{Graph, Literal, NodeId};
use super::ports::RegisterPlace;
use super::unroll::{Unroller, idle_state};
use crate::unit::MulOp;
use rustc_hash::{FxHashMap, FxHashSet};

/// A net in a clock of an operation, counted from 0.
pub(super) type Place = (usize, u32);

/// The bits of a number and where they are; some may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word(pub Vec<(u32, Place)>);

/// Bits of a word, at the least.
const SHORTEST: usize = 8;

/// The words of an operation.
pub(super) fn words(circuit: &Circuit, op: MulOp) -> Vec<Word> {
    let idle = idle_state(circuit, &[]);
    let mut unroller = Unroller::new(circuit, &[], idle);
    let Ok(Some(unrolled)) = unroller.operation(op) else { return Vec::new() };
    let folding = &unroller.folding;
    let (graph, _, values) = Graph::of(&folding.ops, folding.slots());
    let mut places: FxHashMap<NodeId, Place> = FxHashMap::default();
    for (clock, known) in unrolled.clocks.iter().enumerate() {
        for op in &circuit.program().ops {
            if let Abstract::Live(slot) = known[op.out as usize]
                && let Literal::Of(node, _) = values[slot as usize]
            {
                places.entry(node).or_insert((clock, op.out));
            }
        }
    }
    let chains = chains(&graph);
    let word = |chain: Vec<NodeId>| {
        let bits = chain.iter().zip(1..64).filter_map(|(sum, i)| Some((i, *places.get(sum)?)));
        Word(bits.collect())
    };
    let registers = circuit.registers().iter().filter_map(|register| match &register.place {
        RegisterPlace::Outside(r) if r.d.len() < 64 => Some(&r.d),
        _ => None,
    });
    let mut words: Vec<Word> = chains.into_iter().map(word).collect();
    for d in registers {
        for clock in 0..unrolled.clocks.len() {
            words.push(Word(d.iter().zip(0..).map(|(net, i)| (i, (clock, net.0))).collect()));
        }
    }
    words
}

/// The sums along the longest ways from carry to carry, the lowest first.
fn chains(graph: &Graph) -> Vec<Vec<NodeId>> {
    let member = |group: u32, is: fn(&super::graph::Node) -> bool| {
        let nodes = graph.groups[group as usize].iter().copied();
        nodes.into_iter().find(|node| is(&graph.nodes[*node as usize]))
    };
    // Groups by level: a carry comes from a lower one.
    let mut order: Vec<u32> = (0..graph.groups.len() as u32).collect();
    let level = |g: u32| graph.nodes[graph.groups[g as usize][0] as usize].level;
    order.sort_by_key(|g| level(*g));
    let sums: Vec<Option<NodeId>> =
        (0..graph.groups.len() as u32).map(|g| member(g, super::graph::Node::is_sum)).collect();
    let mut used: FxHashSet<u32> = FxHashSet::default();
    let mut chains = Vec::new();
    loop {
        // For each group the length of the longest chain that ends there, and the group before.
        let mut best: Vec<(usize, Option<u32>)> = vec![(0, None); graph.groups.len()];
        for group in order.iter().copied().filter(|g| !used.contains(g)) {
            if sums[group as usize].is_none() {
                continue;
            }
            let first = &graph.nodes[graph.groups[group as usize][0] as usize];
            let from = first.inputs().iter().filter_map(|input| {
                let node = &graph.nodes[*input as usize];
                let is_carry = node.arity > 0 && node.is_carry();
                (is_carry && best[node.group as usize].0 > 0).then_some(node.group)
            });
            let from = from.max_by_key(|g| best[*g as usize].0);
            best[group as usize] = (1 + from.map_or(0, |g| best[g as usize].0), from);
        }
        let end = (0..graph.groups.len()).max_by_key(|g| best[*g].0);
        let Some(end) = end.filter(|g| best[*g].0 >= SHORTEST) else { return chains };
        let mut chain = Vec::new();
        let mut at = Some(end as u32);
        while let Some(group) = at {
            used.insert(group);
            chain.extend(sums[group as usize]);
            at = best[group as usize].1;
        }
        chain.reverse();
        chains.push(chain);
    }
}

//! How an operation under a fault is done with few instructions: additions and multiplications of the host where the gates are proved to
//! add, and gates for what a fault leaves over.
//!
//! In: a [`Graph`], the answer, the words of the sound unit ([`super::words`]). Out: a [`Plan`]; none where the algebra
//! ([`super::sums`]) leaves too much over, as it does for Booth's encoders.

use super::graph::{Graph, Literal, NodeId};
use super::sums::{Field, Form, Rectangle, fields, mask, rectangles};
use rustc_hash::FxHashMap;

/// Nodes that the sum of a single bit may leave over.
const TOP_REST: usize = 2;
const RECTANGLES: usize = 12;
/// Bits of less depth go through their gates in any case.
const SHALLOW: u32 = 4;

/// What sums may be made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Nodes that a sum may leave over.
    rest: usize,
    /// Fields of a word or an operand.
    fields: usize,
    /// Terms of a bit that is also to be had through its gates.
    cheap_terms: usize,
}

impl Limits {
    /// Where both operands are unknown: what exceeds these is not a sum, as a rule.
    pub const USUAL: Self = Self { rest: 8, fields: 6, cheap_terms: 6 };
    /// Where one is known: each of Booth's rows is a multiple of the other, cut off where the fault's column is.
    pub const ONE_KNOWN: Self = Self { rest: 24, fields: 20, cheap_terms: 20 };
}

/// A sum modulo 2^n.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    pub n: u32,
    pub constant: u64,
    pub rectangles: Vec<Rectangle>,
    /// Of rs1 and rs2.
    pub operands: [Vec<Field>; 2],
    /// Of other words.
    pub words: Vec<(usize, Field)>,
    /// Single bits with their weights.
    pub bits: Vec<(NodeId, u64)>,
}

/// How a bit comes about.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// By its gate.
    Gate,
    /// The top bit of a sum.
    Top(Box<Sum>),
    /// A function of two bits and of the parity of these and a third one, or of one bit and the parity of this and another: a
    /// carry without the highest bit that it is made of.
    Carry { table: u8, of: [NodeId; 3] },
}

/// A bit of a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// Which bit.
    pub bit: u32,
    /// The node that it is, or the opposite of which.
    pub node: NodeId,
    pub inverted: bool,
}

/// How an answer comes about.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The answer modulo 2^32.
    pub answer: Sum,
    /// For each word, the sum that gives its bits.
    pub words: Vec<Option<Sum>>,
    /// How the bits come about that are needed.
    pub ways: FxHashMap<NodeId, Way>,
}

/// Makes plans.
pub(super) struct Planner<'g> {
    graph: &'g mut Graph,
    /// For each word its bits and their nodes, ascending.
    words: Vec<Vec<Placed>>,
    /// Which bit of which word a node is.
    places: FxHashMap<NodeId, (usize, Placed)>,
    planned: Vec<Option<Sum>>,
    open: Vec<bool>,
    ways: FxHashMap<NodeId, Way>,
    cuts: bool,
    limits: Limits,
}

/// A plan, if there is one: without cuts if that goes, else cut at the words.
pub(super) fn plan(
    graph: &mut Graph,
    answer: &[Literal; 32],
    words: &[Vec<Placed>],
    limits: Limits,
) -> Option<Plan> {
    [false, true].into_iter().find_map(|cuts| {
        let mut places = FxHashMap::default();
        for (w, word) in words.iter().enumerate() {
            for placed in word {
                places.entry(placed.node).or_insert((w, *placed));
            }
        }
        let count = words.len();
        let mut planner = Planner {
            graph: &mut *graph,
            words: words.to_vec(),
            places,
            planned: vec![None; count],
            open: vec![false; count],
            ways: FxHashMap::default(),
            cuts,
            limits,
        };
        let answer = planner.answer(answer)?;
        Some(Plan { answer, words: planner.planned, ways: planner.ways })
    })
}

impl Planner<'_> {
    fn answer(&mut self, answer: &[Literal; 32]) -> Option<Sum> {
        let (mut constant, mut target, mut stops) = (0_u64, Vec::new(), Vec::new());
        for (literal, i) in answer.iter().zip(0_u32..) {
            match literal {
                Literal::Known(value) => constant += u64::from(*value) << i,
                Literal::Of(node, inverted) => {
                    let weight = if *inverted { (1_u64 << i).wrapping_neg() } else { 1 << i };
                    constant = constant.wrapping_add(u64::from(*inverted) << i);
                    if self.cuts && self.places.contains_key(node) {
                        stops.push((*node, weight));
                    } else {
                        target.push((*node, weight));
                    }
                }
            }
        }
        let mut form = self.form(&target, 32, 0, self.limits.rest, self.cuts)?;
        form.constant = form.constant.wrapping_add(constant);
        for (node, weight) in stops {
            let place = form.stops.entry(node).or_default();
            *place = place.wrapping_add(weight) & mask(32);
        }
        self.sum(form, RECTANGLES)
    }

    fn form(
        &mut self,
        target: &[(NodeId, u64)],
        n: u32,
        low: u32,
        limit: usize,
        cuts: bool,
    ) -> Option<Form> {
        let places = &self.places;
        Form::new(self.graph, target, n, low, limit, |node| cuts && places.contains_key(&node))
    }

    /// A form as few terms.
    fn sum(&mut self, form: Form, limit: usize) -> Option<Sum> {
        let n = form.n;
        let operands = form.operands.as_chunks::<32>().0;
        let mut by_word: FxHashMap<usize, [u64; 64]> = FxHashMap::default();
        let mut constant = form.constant;
        for (node, weight) in &form.stops {
            let (word, placed) = self.places[node];
            let weight = if placed.inverted {
                constant = constant.wrapping_add(*weight);
                weight.wrapping_neg() & mask(n)
            } else {
                *weight
            };
            by_word.entry(word).or_insert([0; 64])[placed.bit as usize] = weight;
        }
        let mut sum = Sum {
            n,
            constant: constant & mask(n),
            rectangles: rectangles(&form.products, n, limit)?,
            operands: [
                fields(&operands[0], n, self.limits.fields)?,
                fields(&operands[1], n, self.limits.fields)?,
            ],
            words: Vec::new(),
            bits: form.rest,
        };
        let mut by_word: Vec<_> = by_word.into_iter().collect();
        by_word.sort_unstable_by_key(|(word, _)| *word);
        for (word, weights) in by_word {
            self.word(word)?;
            sum.words
                .extend(fields(&weights, n, self.limits.fields)?.into_iter().map(|f| (word, f)));
        }
        for (node, _) in &sum.bits {
            self.bit(*node)?;
        }
        Some(sum)
    }

    /// Plans a word. `None` if that cannot be done, or if it needs itself.
    fn word(&mut self, word: usize) -> Option<()> {
        if self.planned[word].is_some() {
            return Some(());
        }
        if std::mem::replace(&mut self.open[word], true) {
            return None;
        }
        let bits = self.words[word].clone();
        let (low, high) = (bits.first()?.bit, bits.last()?.bit);
        let (mut constant, mut target) = (0_u64, Vec::new());
        for Placed { bit, node, inverted } in bits {
            let weight = 1_u64 << bit;
            target.push((node, if inverted { weight.wrapping_neg() } else { weight }));
            constant |= u64::from(inverted) << bit;
        }
        let mut form = self.form(&target, high + 1, low, self.limits.rest, true)?;
        form.constant = form.constant.wrapping_add(constant);
        let sum = self.sum(form, RECTANGLES)?;
        self.planned[word] = Some(sum);
        self.open[word] = false;
        Some(())
    }

    /// Plans a bit, with all that it is made of.
    fn bit(&mut self, node: NodeId) -> Option<()> {
        let mut stack = vec![node];
        while let Some(node) = stack.pop() {
            if self.ways.contains_key(&node) {
                continue;
            }
            let n = self.graph.nodes[node as usize];
            let way = self.way(node);
            match &way {
                Way::Gate => stack.extend(n.inputs()),
                Way::Top(_) => {}
                Way::Carry { of, .. } => stack.extend(of),
            }
            // Planning it may have planned it already, for a word that it needs itself.
            self.ways.entry(node).or_insert(way);
        }
        Some(())
    }

    fn way(&mut self, node: NodeId) -> Way {
        let n = self.graph.nodes[node as usize];
        if n.level < SHALLOW {
            return Way::Gate;
        }
        if n.is_sum() {
            return self.top(node).map_or(Way::Gate, |sum| Way::Top(Box::new(sum)));
        }
        if n.is_carry() {
            let mut order: Vec<usize> = (0..n.inputs().len()).collect();
            order.sort_by_key(|i| self.graph.nodes[n.inputs[*i] as usize].level);
            let literals = [0, 1, 2].map(|i| match n.inputs().get(i) {
                Some(input) => Literal::Of(*input, false),
                None => Literal::Known(false),
            });
            let Literal::Of(parity, false) = self.graph.add(0x96, literals) else {
                return Way::Gate;
            };
            let Some(sum) = self.top(parity) else { return Way::Gate };
            self.ways.insert(parity, Way::Top(Box::new(sum)));
            // Rows of the new table: the lowest one or two inputs, then the parity.
            let low = &order[..order.len() - 1];
            let table = (0..8_u8).fold(0, |table, row| {
                let low = low.iter().enumerate().map(|(k, i)| (*i, row >> k & 1));
                let highest = low.clone().fold(row >> 2, |parity, (_, bit)| parity ^ bit);
                let index = low.fold(highest << order[order.len() - 1], |x, (i, bit)| x | bit << i);
                table | (n.table >> index & 1) << row
            });
            let at = |k: usize| n.inputs[*low.get(k).unwrap_or(&low[0])];
            return Way::Carry { table, of: [at(0), at(1), parity] };
        }
        Way::Gate
    }

    /// A parity as the top bit of a sum that leaves nothing over.
    fn top(&mut self, node: NodeId) -> Option<Sum> {
        let choices: &[bool] = if self.cuts { &[false, true] } else { &[false] };
        for cuts in choices {
            let Some(form) = self.form(&[(node, 1 << 63)], 64, 63, TOP_REST, *cuts) else {
                continue;
            };
            let Some(sum) = self.sum(form, 2) else { continue };
            let terms = sum.rectangles.len() + sum.words.len();
            if terms + sum.operands.iter().map(Vec::len).sum::<usize>() <= self.limits.cheap_terms {
                return Some(sum);
            }
        }
        None
    }
}

//! What a weighted sum of nodes is, as arithmetic: the algebra that turns adders back into additions.
//!
//! In: nodes of a [`Graph`] with weights modulo 2^n. Out: a [`Form`]: a constant, weighted operand bits, weighted products of two
//! operand bits, weighted nodes at which it stops, and weighted nodes that are left over, which add up to the same.
//!
//! It goes from the nodes to the operands, level by level. Nodes with the same inputs are taken together. If their weighted sum is
//! a linear function of these inputs, as x + y + z = sum + 2 carry of a full adder is, the inputs get weights and the nodes
//! vanish. Inverters and adders with a constant input are linear too. A lone sum or carry is one linear function plus a
//! multiple of the other: `2 carry = x + y + z - sum`. That other one is left over. So a stuck net in a tree of adders leaves one
//! node over: what the net would be without the fault. Every step is an identity modulo 2^n, so a form is proved by its making.
//!
//! If the nodes' weights are multiples of 2^low, what is left over with weights -2^k, k < low, each at most once, is the part that is
//! lost below: the form without it is right from bit `low` on.

use super::graph::{Graph, Literal, NodeId};
use std::collections::{BTreeMap, BinaryHeap};

/// A sum modulo 2^n.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub n: u32,
    pub constant: u64,
    /// Weights of rs1's bits, then rs2's.
    pub operands: [u64; 64],
    /// Weights of the products of a bit of rs1 and one of rs2.
    pub products: Vec<[u64; 32]>,
    /// Nodes at which it was to stop.
    pub stops: BTreeMap<NodeId, u64>,
    /// Nodes that are left over.
    pub rest: Vec<(NodeId, u64)>,
}

/// All ones below bit `n`, for n up to 64.
pub(super) fn mask(n: u32) -> u64 {
    if n >= 64 { u64::MAX } else { (1 << n) - 1 }
}

struct Pass<'g> {
    graph: &'g mut Graph,
    weights: Vec<u64>,
    /// Groups that have weight: by level, so that all readers come before what they read.
    pending: BinaryHeap<(u32, u32)>,
    low: u32,
    dropped: u64,
    form: Form,
}

impl Form {
    /// The sum of `target`, nodes and weights, modulo 2^n, where what is below bit `low` does not matter. `stop` says which nodes are taken as they
    /// are. `None` if more than `limit` nodes are left over.
    pub fn new(
        graph: &mut Graph,
        target: &[(NodeId, u64)],
        n: u32,
        low: u32,
        limit: usize,
        stop: impl Fn(NodeId) -> bool,
    ) -> Option<Self> {
        let form = Self {
            n,
            constant: 0,
            operands: [0; 64],
            products: vec![[0; 32]; 32],
            stops: BTreeMap::new(),
            rest: Vec::new(),
        };
        let weights = vec![0; graph.nodes.len()];
        let mut pass = Pass { graph, weights, pending: BinaryHeap::new(), low, dropped: 0, form };
        for (node, weight) in target {
            pass.give(*node, *weight, &|_| false);
        }
        let mut last = None;
        while let Some(next) = pass.pending.pop() {
            // A group is there once for each node that got weight.
            if last.replace(next) == Some(next) {
                continue;
            }
            pass.group(next.1, &stop)?;
            if pass.form.rest.len() > limit {
                return None;
            }
        }
        let mut form = pass.form;
        let all = mask(n);
        form.constant &= all;
        form.operands.iter_mut().for_each(|w| *w &= all);
        form.products.iter_mut().flatten().for_each(|w| *w &= all);
        form.stops.values_mut().for_each(|w| *w &= all);
        form.stops.retain(|_, w| *w != 0);
        Some(form)
    }
}

impl Pass<'_> {
    fn give(&mut self, node: NodeId, weight: u64, stop: &impl Fn(NodeId) -> bool) {
        let n = self.graph.nodes[node as usize];
        if n.arity == 0 {
            let place = &mut self.form.operands[node as usize];
            *place = place.wrapping_add(weight);
        } else if stop(node) {
            let place = self.form.stops.entry(node).or_default();
            *place = place.wrapping_add(weight);
        } else {
            let place = &mut self.weights[node as usize];
            *place = place.wrapping_add(weight);
            self.pending.push((n.level, n.group));
        }
    }

    /// Replaces the nodes of a group. `None` if that cannot be done with one node left over.
    fn group(&mut self, group: u32, stop: &impl Fn(NodeId) -> bool) -> Option<()> {
        let all = mask(self.form.n);
        let mut sum = [0_u64; 8];
        let (mut lone, mut count) = (None, 0);
        let first = self.graph.nodes[self.graph.groups[group as usize][0] as usize];
        for node in &self.graph.groups[group as usize] {
            let weight = match self.weights.get_mut(*node as usize) {
                Some(weight) => std::mem::take(weight) & all,
                None => 0,
            };
            if weight == 0 {
                continue;
            }
            (lone, count) = (Some((*node, weight)), count + 1);
            let table = self.graph.nodes[*node as usize].table;
            for (row, value) in sum.iter_mut().enumerate() {
                *value = value.wrapping_add(weight * u64::from(table >> row & 1)) & all;
            }
        }
        let inputs = first.inputs();
        let rows = 1_usize << inputs.len();
        // A product of operand bits, with what there may be besides.
        if let &[x, y] = inputs
            && x < 32
            && (32..64).contains(&y)
        {
            let both = sum[3].wrapping_sub(sum[1]).wrapping_sub(sum[2]);
            let place = &mut self.form.products[x as usize][y as usize - 32];
            *place = place.wrapping_add(both);
            self.give(x, sum[1], stop);
            self.give(y, sum[2], stop);
            return Some(());
        }
        let mut linear = [0_u64; 3];
        let lone_carry = lone.filter(|(node, _)| count == 1 && self.is_carry(*node));
        match lone_carry {
            Some((_, weight)) => {
                let half = half(weight, self.form.n)?;
                for (i, l) in linear.iter_mut().enumerate().take(inputs.len()) {
                    // It rises or falls with each input.
                    let rises = (0..rows).any(|r| sum[r] == 0 && sum[r | 1 << i] != 0);
                    *l = if rises { half } else { half.wrapping_neg() };
                }
            }
            None => (0..inputs.len()).for_each(|i| linear[i] = sum[1 << i]),
        }
        let rest: [u64; 8] = std::array::from_fn(|row| {
            let bits = (0..inputs.len()).filter(|i| row >> i & 1 == 1);
            bits.fold(sum[row], |v, i| v.wrapping_sub(linear[i])) & all
        });
        // What is left over takes two values at the most, or it is given up.
        let one = rest[0];
        let other = rest[..rows].iter().copied().find(|v| *v != one).unwrap_or(one);
        if rest[..rows].iter().any(|v| *v != one && *v != other) {
            return None;
        }
        let mut inputs_given = [0; 3];
        inputs_given[..inputs.len()].copy_from_slice(inputs);
        let arity = inputs.len();
        if one == other {
            self.form.constant = self.form.constant.wrapping_add(one);
        } else {
            // Either value is the constant, and the other adds to it: the way in which the rest can be lost below, if there is one.
            let lost = |from: u64, to: u64| {
                let weight = from.wrapping_sub(to) & all;
                weight.is_power_of_two() && weight.trailing_zeros() < self.low
            };
            let (from, to) =
                if lost(one, other) || !lost(other, one) { (one, other) } else { (other, one) };
            self.form.constant = self.form.constant.wrapping_add(from);
            let table = (0..8).fold(0, |t, row| t | u8::from(rest[row % rows] == to) << row);
            let literals = first.inputs.map(|node| Literal::Of(node, false));
            // Only `arity` inputs count; rows beyond repeat.
            let (node, inverted) = match self.graph.add(table, literals) {
                Literal::Of(node, inverted) => (node, inverted),
                Literal::Known(_) => return None,
            };
            let weight = to.wrapping_sub(from) & all;
            let bit = weight.wrapping_neg() & all;
            if lost(from, to) && self.dropped & bit == 0 {
                self.dropped |= bit;
            } else if inverted {
                self.form.constant = self.form.constant.wrapping_add(weight);
                self.form.rest.push((node, weight.wrapping_neg() & all));
            } else {
                self.form.rest.push((node, weight));
            }
        }
        for i in 0..arity {
            if linear[i] & all != 0 {
                self.give(inputs_given[i], linear[i] & all, stop);
            }
        }
        Some(())
    }

    fn is_carry(&self, node: NodeId) -> bool {
        self.graph.nodes[node as usize].is_carry()
    }
}

/// Half of a signed weight modulo 2^n; the weight of the highest bit is taken as positive.
fn half(weight: u64, n: u32) -> Option<u64> {
    let top = 1_u64 << (n - 1);
    if weight & 1 == 1 {
        return None;
    }
    Some(match weight > top {
        true => (weight >> 1 | top) & mask(n),
        false => weight >> 1,
    })
}

/// Bits of a number that count with weights `factor`, `2 factor`, `4 factor` and so on, from the lowest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub mask: u64,
    /// The lowest bit that could be in the mask.
    pub base: u32,
    pub factor: u64,
}

/// A product of parts of the operands, each shifted down to its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rectangle {
    pub masks: [u64; 2],
    pub bases: [u32; 2],
    /// Whether bit 31 counts negative.
    pub signed: [bool; 2],
    pub factor: u64,
}

/// Weights of bits as few fields. `None` if it takes more than `limit`.
pub(super) fn fields(weights: &[u64], n: u32, limit: usize) -> Option<Vec<Field>> {
    let mut left = weights.to_vec();
    let mut fields = Vec::new();
    while let Some(base) = left.iter().position(|w| *w != 0) {
        if fields.len() == limit {
            return None;
        }
        let factor = left[base];
        let mut mask_ = 0;
        for (i, w) in left.iter_mut().enumerate().skip(base) {
            let due = factor.checked_shl((i - base) as u32).unwrap_or(0) & mask(n);
            if *w == due && due != 0 {
                (*w, mask_) = (0, mask_ | 1 << i);
            }
        }
        fields.push(Field { mask: mask_, base: base as u32, factor });
    }
    Some(fields)
}

/// Weights of products of bits as few rectangles. `None` if it takes more than `limit`.
pub(super) fn rectangles(products: &[[u64; 32]], n: u32, limit: usize) -> Option<Vec<Rectangle>> {
    let mut left: Vec<[u64; 32]> = products.to_vec();
    let mut found = Vec::new();
    loop {
        let rows =
            (0..32).filter(|i| left[*i].iter().any(|w| *w != 0)).fold(0_u64, |m, i| m | 1 << i);
        if rows == 0 {
            return Some(found);
        }
        if found.len() == limit {
            return None;
        }
        let columns =
            (0..32).filter(|j| left.iter().any(|r| r[*j] != 0)).fold(0_u64, |m, j| m | 1 << j);
        let rectangle = best(&left, n, rows, columns);
        subtract(&mut left, n, &rectangle);
        found.push(rectangle);
    }
}

fn weight(r: &Rectangle, n: u32, i: u32, j: u32) -> u64 {
    if r.masks[0] >> i & 1 == 0 || r.masks[1] >> j & 1 == 0 {
        return 0;
    }
    let shift = i - r.bases[0] + j - r.bases[1];
    let weight = r.factor.checked_shl(shift).unwrap_or(0);
    let negative = (r.signed[0] && i == 31) != (r.signed[1] && j == 31);
    (if negative { weight.wrapping_neg() } else { weight }) & mask(n)
}

fn subtract(left: &mut [[u64; 32]], n: u32, r: &Rectangle) {
    for (i, row) in left.iter_mut().enumerate() {
        for (j, w) in row.iter_mut().enumerate() {
            *w = w.wrapping_sub(weight(r, n, i as u32, j as u32)) & mask(n);
        }
    }
}

/// The whole, if it is a rectangle but for a few places; else what fits together with its first place.
fn best(left: &[[u64; 32]], n: u32, rows: u64, columns: u64) -> Rectangle {
    let bases = [rows.trailing_zeros(), columns.trailing_zeros()];
    let at =
        |i: u32, j: u32| left.get(i as usize).and_then(|r| r.get(j as usize)).copied().unwrap_or(0);
    let size = rows.count_ones() * columns.count_ones();
    let halved = |w: u64| if w & 1 == 0 { w >> 1 } else { w };
    let factors = [
        at(bases[0], bases[1]),
        halved(at(bases[0] + 1, bases[1])),
        halved(at(bases[0], bases[1] + 1)),
    ];
    if size > 8 {
        for factor in factors.into_iter().filter(|f| *f != 0) {
            for signed in [[false, false], [true, true], [true, false], [false, true]] {
                let whole = Rectangle { masks: [rows, columns], bases, signed, factor };
                let wrong = (0..32)
                    .flat_map(|i| (0..32).map(move |j| (i, j)))
                    .filter(|(i, j)| at(*i, *j) != weight(&whole, n, *i, *j))
                    .count();
                if wrong <= 3 {
                    return whole;
                }
            }
        }
    }
    let first = bases[0];
    let second = (0..32).find(|j| at(first, *j) != 0).unwrap_or(0);
    let factor = at(first, second);
    let bases = [first, second];
    let all = Rectangle {
        masks: [u64::MAX << first, u64::MAX << second],
        bases,
        signed: [false; 2],
        factor,
    };
    let fits = |i: u32, j: u32| at(i, j) != 0 && at(i, j) == weight(&all, n, i, j);
    let mut columns = (second..32).filter(|j| fits(first, *j)).fold(0_u64, |m, j| m | 1 << j);
    let mut rows = 1_u64 << first;
    for i in first + 1..32 {
        let here = (second..32).filter(|j| fits(i, *j)).fold(0_u64, |m, j| m | 1 << j);
        // Columns in which nothing can stand modulo 2^n do no harm.
        if here & columns == columns {
            rows |= 1 << i;
        }
    }
    if rows.count_ones() == 1 && columns.count_ones() > 1 {
        let down = (first..32).filter(|i| fits(*i, second)).fold(0_u64, |m, i| m | 1 << i);
        if down.count_ones() > columns.count_ones() {
            (rows, columns) = (down, 1 << second);
        }
    }
    Rectangle { masks: [rows, columns], bases, signed: [false; 2], factor }
}

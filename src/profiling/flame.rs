//! A profile as call paths: folded stacks, which other tools read, and a flame graph.
//!
//! Source: Brendan Gregg, "The Flame Graph", Communications of the ACM 59(6), 2016; the format of folded stacks is that of `stackcollapse`: functions of a path,
//! divided by semicolons, a blank, a number.

use super::{Costs, Profiler};
use crate::report::svg::{Anchor, Chart};
use crate::report::table::grouped;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Height of a row.
const ROW: f64 = 18.0;
/// Narrower boxes are not drawn.
const NARROWEST: f64 = 0.5;
const WIDTH: f64 = 1160.0;
/// Rows at the most.
const MOST_ROWS: usize = 64;

/// A function on a call path, with what it was called by merged whatever the site.
#[derive(Default)]
struct Tree {
    all: Costs,
    own: Costs,
    children: BTreeMap<u32, Tree>,
}

impl Tree {
    fn of(profiler: &Profiler<'_>) -> Self {
        let mut root = Self::default();
        for i in 1..profiler.nodes().len() {
            let own = profiler.nodes()[i].own;
            if own.instructions == 0 {
                continue;
            }
            let mut path = Vec::new();
            let mut at = i;
            while at != 0 {
                path.push(profiler.nodes()[at].function);
                at = profiler.nodes()[at].parent as usize;
            }
            let mut tree = &mut root;
            tree.all.add(&own);
            for function in path.into_iter().rev() {
                tree = tree.children.entry(function).or_default();
                tree.all.add(&own);
            }
            tree.own.add(&own);
        }
        root
    }
}

/// Folded stacks with cycles, a path a line, sorted.
pub fn folded(profiler: &Profiler<'_>) -> String {
    fn walk(tree: &Tree, path: &str, names: &[String], lines: &mut String) {
        if tree.own.cycles > 0 {
            let _ = writeln!(lines, "{path} {}", tree.own.cycles);
        }
        for (function, child) in &tree.children {
            let name = names[*function as usize].replace([';', ' '], "_");
            let path = if path.is_empty() { name } else { format!("{path};{name}") };
            walk(child, &path, names, lines);
        }
    }
    let mut lines = String::new();
    walk(&Tree::of(profiler), "", profiler.names(), &mut lines);
    lines
}

/// The flame graph, callers above: a box's width is the cycles of a function on a call path with all that it has called.
pub fn graph(profiler: &Profiler<'_>, title: &str) -> String {
    let tree = Tree::of(profiler);
    let depth = depth(&tree).min(MOST_ROWS);
    let total = tree.all;
    let label = format!("Flame graph of {title}: cycles by call path");
    let mut chart = Chart::new(label, WIDTH, ROW * (depth as f64 + 1.0));
    let per_cycle = WIDTH / total.cycles.max(1) as f64;
    let mut left = 0.0;
    for (function, child) in &tree.children {
        draw(&mut chart, profiler.names(), *function, child, (left, 0), (per_cycle, &total));
        left += child.all.cycles as f64 * per_cycle;
    }
    chart.file(&format!(
        "{title}: {} cycles, {} instructions, {} multiplications ({} wrong)",
        grouped(total.cycles as usize),
        grouped(total.instructions as usize),
        grouped(total.muls as usize),
        grouped(total.wrong as usize),
    ))
}

fn depth(tree: &Tree) -> usize {
    tree.children.values().map(|child| 1 + depth(child)).max().unwrap_or(0)
}

fn draw(
    chart: &mut Chart,
    names: &[String],
    function: u32,
    tree: &Tree,
    (left, row): (f64, usize),
    scale: (f64, &Costs),
) {
    let width = tree.all.cycles as f64 * scale.0;
    if width < NARROWEST || row >= MOST_ROWS {
        return;
    }
    let name = &names[function as usize];
    let share = 100.0 * tree.all.cycles as f64 / scale.1.cycles.max(1) as f64;
    let tip = format!(
        "{name}: {} cycles ({share:.2} %), {} of them its own; {} instructions, {} multiplications, {} wrong",
        grouped(tree.all.cycles as usize),
        grouped(tree.own.cycles as usize),
        grouped(tree.all.instructions as usize),
        grouped(tree.all.muls as usize),
        grouped(tree.all.wrong as usize),
    );
    let top = row as f64 * ROW;
    // The more of its cycles are its own, the fuller the colour.
    let own = tree.own.cycles as f64 / tree.all.cycles.max(1) as f64;
    chart.tip(&tip, |chart| {
        let opacity = 0.25 + 0.6 * own;
        chart.faint("bar", (left, top), ((width - 1.0).max(NARROWEST), ROW - 1.0), Some(opacity));
        if width > 24.0 {
            chart.fitted((left + 3.0, top + ROW - 5.0), width - 6.0, Anchor::Start, name);
        }
    });
    let mut at = left;
    for (function, child) in &tree.children {
        draw(chart, names, *function, child, (at, row + 1), scale);
        at += child.all.cycles as f64 * scale.0;
    }
}

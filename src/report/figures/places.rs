//! Charts of harm by where the fault is.

use super::{Figure, Scales, extent, measure};
use crate::report::groups::{Group, weight};
use crate::report::summary::Summary;
use crate::report::svg::Chart;
use crate::report::svg::columns::{Column, columns};
use crate::report::svg::frame::Axis;
use crate::report::svg::heat::{Field, Grid, height, map};
use crate::report::svg::rows::{self, Bar, BarRow, bars};
use crate::report::table::plural;

const HEIGHT: f64 = 270.0;
/// Cell types in a chart at the most.
const CELLS: usize = 24;
/// Rows and columns of the map at the most.
const ROWS: usize = 40;
const COLUMNS: usize = 64;

const INTERVALS: &str =
    "Whiskers: 99 % intervals for the error of sampling faults, for groups of five faults or more.";

pub(super) const BIT: Figure = Figure {
    id: "by-bit",
    title: "By bit position",
    caption: |_, _| {
        format!(
            "Faults by the lowest bit of the unit's result that the structure lets them reach; – are those that reach none. {INTERVALS}"
        )
    },
    draw: |s, scales| {
        let name = |bit: &Option<u32>| bit.map_or("–".to_owned(), |bit| bit.to_string());
        let what = |bit: &Option<u32>| bit.map_or("no bit".to_owned(), |bit| format!("bit {bit}"));
        let axis = "Lowest bit of the result that the fault can reach";
        upright(s, scales, axis, &s.places.by_bit, &name, &what)
    },
};

pub(super) const LEVEL: Figure = Figure {
    id: "by-level",
    title: "By logic level",
    caption: |_, _| {
        format!(
            "Level 0: inputs of the unit and outputs of flip-flops; each gate is one above its highest input. {INTERVALS}"
        )
    },
    draw: |s, scales| {
        let name = |level: &u32| level.to_string();
        let what = |level: &u32| format!("level {level}");
        upright(s, scales, "Logic level of the fault's net", &s.places.by_level, &name, &what)
    },
};

fn upright<K>(
    s: &Summary,
    scales: &Scales,
    axis: &str,
    groups: &[Group<K>],
    name: &dyn Fn(&K) -> String,
    what: &dyn Fn(&K) -> String,
) -> Option<Chart> {
    if groups.is_empty() {
        return None;
    }
    let column = |group: &Group<K>| Column {
        name: name(&group.key),
        value: 100.0 * weight(group),
        interval: interval(group),
        tip: tip(&what(&group.key), group),
    };
    let bars: Vec<Column> = groups.iter().map(column).collect();
    let mut chart = Chart::new(format!("{}: {}", axis, measure(s)), scales.width, HEIGHT);
    let measure = capital(measure(s));
    let y = Axis { name: &measure, range: scales.groups, ticks: 5 };
    columns(&mut chart, axis, &y, &bars);
    Some(chart)
}

fn interval<K>(group: &Group<K>) -> Option<(f64, f64)> {
    let mean = group.loss.or(group.harm)?;
    mean.interval.map(|_| extent(group))
}

fn tip<K>(what: &str, group: &Group<K>) -> String {
    let value = format!("{:.1}", 100.0 * weight(group));
    let interval =
        interval(group).map_or(String::new(), |(l, h)| format!(", 99 % CI {l:.1} to {h:.1}"));
    let silent = group.outcomes.silent();
    format!(
        "{what}: {}, {value}{interval}; {} without an answer",
        plural(group.faults, "fault"),
        plural(silent, "scenario")
    )
}

pub(super) const CELL: Figure = Figure {
    id: "by-cell",
    title: "By cell type",
    caption: |_, _| {
        format!(
            "Faults by the type of the cell whose pin they are at, or that drives their net; the number of faults is in brackets. {INTERVALS}"
        )
    },
    draw: cells,
};

fn cells(s: &Summary, scales: &Scales) -> Option<Chart> {
    let groups = &s.places.by_cell;
    if groups.is_empty() {
        return None;
    }
    let row = |group: &Group<Option<String>>| {
        let cell = group.key.as_deref().unwrap_or("unit's inputs");
        let value = 100.0 * weight(group);
        BarRow {
            name: format!("{cell} ({})", group.faults),
            bars: vec![Bar {
                class: if value < 0.0 { "gain" } else { "harm" }.to_owned(),
                value,
                interval: interval(group),
                text: format!("{value:.1}"),
                tip: tip(cell, group),
            }],
        }
    };
    let shown: Vec<BarRow> = groups.iter().take(CELLS).map(row).collect();
    let mut chart = Chart::new(
        format!("By cell type: {}", measure(s)),
        scales.width,
        rows::height(&shown, 4.0),
    );
    let axis = match groups.len() {
        n if n > CELLS => format!("{} ({CELLS} of {n} types)", capital(measure(s))),
        _ => capital(measure(s)),
    };
    bars(&mut chart, 4.0, &axis, scales.groups, &shown);
    Some(chart)
}

pub(super) const MAP: Figure = Figure {
    id: "map",
    title: "Map of the netlist's structure",
    caption: |s, _| {
        format!(
            "Logic level from left (operands) to right, lowest result bit from bottom to top; colour is the {} of the faults there.",
            measure(s)
        )
    },
    draw: structure,
};

fn structure(s: &Summary, scales: &Scales) -> Option<Chart> {
    let groups = &s.places.map;
    let most = groups.iter().map(|g| g.key.1).max()?;
    let bits: Vec<Option<u32>> = s.places.by_bit.iter().map(|g| g.key).collect();
    let top = bits.iter().flatten().max().copied();
    // Several levels, or bits, share a field if there are many.
    let per_column = most as usize / COLUMNS + 1;
    let per_row = top.map_or(1, |top| top as usize / ROWS + 1);
    let none = usize::from(bits.contains(&None));
    let rows = top.map_or(0, |top| top as usize / per_row + 1);
    let place = |(bit, level): (Option<u32>, u32)| {
        let row = bit.map_or(0, |bit| none + bit as usize / per_row);
        (level as usize / per_column, row)
    };
    let mut fields: std::collections::BTreeMap<(usize, usize), (f64, usize)> = Default::default();
    for group in groups {
        let (sum, faults) = fields.entry(place(group.key)).or_default();
        *sum += 100.0 * weight(group) * group.faults as f64;
        *faults += group.faults;
    }
    let span = |i: usize, per: usize| match per {
        1 => i.to_string(),
        _ => format!("{}–{}", i * per, (i + 1) * per - 1),
    };
    let columns: Vec<String> =
        (0..=most as usize / per_column).map(|i| span(i, per_column)).collect();
    let mut names: Vec<String> = vec!["–".to_owned(); none];
    names.extend((0..rows).map(|i| span(i, per_row)));
    let field = |((column, row), (sum, faults)): ((usize, usize), (f64, usize))| {
        let value = sum / faults.max(1) as f64;
        let faults = plural(faults, "fault");
        let tip = format!("level {}, bit {}: {faults}, {value:.1}", columns[column], names[row]);
        Field { column, row, value, tip }
    };
    let fields: Vec<Field> = fields.into_iter().map(field).collect();
    let label = format!("Level by bit: {}", measure(s));
    let mut chart = Chart::new(label, scales.width, height(names.len()));
    let grid = Grid {
        x: "Logic level",
        y: "Lowest result bit",
        value: measure(s),
        columns,
        rows: names,
        most: scales.map,
    };
    map(&mut chart, &grid, &fields);
    Some(chart)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

//! A heat map: a value for each of the fields of a grid, as opacity of one of two colours.

use super::frame::{Area, FOOT, name_below, tick_below};
use super::{Anchor, Chart, LINE, number};

/// A field with a value.
#[derive(Clone, Debug)]
pub struct Field {
    /// Column, from 0 at the left.
    pub column: usize,
    /// Row, from 0 at the bottom.
    pub row: usize,
    /// The value: positive is harm.
    pub value: f64,
    /// Tooltip.
    pub tip: String,
}

/// The grid.
#[derive(Clone, Debug)]
pub struct Grid<'a> {
    /// Name of the horizontal axis.
    pub x: &'a str,
    /// Name of the vertical axis.
    pub y: &'a str,
    /// Name of the values, with their unit.
    pub value: &'a str,
    /// Texts of the columns.
    pub columns: Vec<String>,
    /// Texts of the rows, from below.
    pub rows: Vec<String>,
    /// The value of full colour.
    pub most: f64,
}

/// Height of the chart of so many rows.
pub fn height(rows: usize) -> f64 {
    46.0 + rows as f64 * 13.0 + FOOT
}

/// Draws fields; others stay empty.
pub fn map(chart: &mut Chart, grid: &Grid<'_>, fields: &[Field]) {
    let widest = grid.rows.iter().map(|r| super::text_width(r)).fold(0.0, f64::max);
    let area = Area {
        left: 24.0 + widest + 6.0,
        right: chart.width - 10.0,
        top: 40.0,
        bottom: chart.height - FOOT,
    };
    let wide = (area.right - area.left) / grid.columns.len().max(1) as f64;
    let high = (area.bottom - area.top) / grid.rows.len().max(1) as f64;
    chart.rect("empty", (area.left, area.top), (area.right - area.left, area.bottom - area.top));
    for field in fields {
        let x = area.left + field.column as f64 * wide;
        let y = area.bottom - (field.row + 1) as f64 * high;
        let class = if field.value < 0.0 { "gain" } else { "harm" };
        chart.tip(&field.tip, |c| {
            c.rect("o0", (x + 0.5, y + 0.5), (wide - 1.0, high - 1.0));
            let opacity = opacity(field.value, grid.most);
            c.faint(class, (x + 0.5, y + 0.5), (wide - 1.0, high - 1.0), Some(opacity));
        });
    }
    let longest = grid.columns.iter().map(|c| super::text_width(c)).fold(0.0, f64::max);
    let every = ((longest + 10.0) / wide).ceil().max(1.0) as usize;
    for (i, text) in grid.columns.iter().enumerate().step_by(every) {
        tick_below(chart, &area, area.left + (i as f64 + 0.5) * wide, text);
    }
    let every = (LINE / high).ceil().max(1.0) as usize;
    for (i, text) in grid.rows.iter().enumerate().step_by(every) {
        let y = area.bottom - (i as f64 + 0.5) * high + 4.0;
        chart.text(area.left - 6.0, y, Anchor::End, "tick", text);
    }
    name_below(chart, &area, grid.x);
    chart.upright(12.0, (area.top + area.bottom) / 2.0, grid.y);
    key(chart, &area, grid);
}

/// The colours with their values, above the map.
fn key(chart: &mut Chart, area: &Area, grid: &Grid<'_>) {
    let (steps, wide) = (10, 12.0);
    for i in 0..steps {
        let share = i as f64 / (steps - 1) as f64;
        let x = area.left + 10.0 + i as f64 * wide;
        chart.rect("o0", (x, 6.0), (wide, 10.0));
        chart.faint("harm", (x, 6.0), (wide, 10.0), Some(opacity(share, 1.0)));
    }
    let end = area.left + 10.0 + steps as f64 * wide;
    chart.text(area.left, 15.0, Anchor::Start, "tick", "0");
    let words = format!("{}  {}", number(grid.most), grid.value);
    chart.text(end + 5.0, 15.0, Anchor::Start, "tick", &words);
    let y = 30.0;
    chart.rect("empty framed", (area.left + 0.5, y - 8.5), (9.0, 9.0));
    chart.text(area.left + 15.0, y, Anchor::Start, "tick", "no fault of the sample");
}

/// Over the grey that fields without harm have.
fn opacity(value: f64, most: f64) -> f64 {
    let share = if most > 0.0 { (value.abs() / most).clamp(0.0, 1.0) } else { 0.0 };
    if share.is_nan() { 0.0 } else { share }
}

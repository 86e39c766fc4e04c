//! Points over two axes, the horizontal one by logarithm with a place of its own for zero.

use super::Chart;
use super::frame::{Area, Axis, base, name_below, tick_below, vertical};
use super::scale::Scale;

/// A point.
#[derive(Clone, Debug)]
pub struct Point {
    /// Horizontal value, not negative.
    pub x: f64,
    /// Vertical value.
    pub y: f64,
    /// Whether it is marked: a diamond.
    pub marked: bool,
    /// Tooltip.
    pub tip: String,
}

/// What the two kinds of points are.
#[derive(Clone, Copy, Debug)]
pub struct Kinds<'a> {
    /// The others.
    pub plain: &'a str,
    /// The marked ones.
    pub marked: &'a str,
}

/// Draws points, with a dashed line at `level`. `decades` are the exponents of the first and the last number of the horizontal axis.
pub fn scatter(
    chart: &mut Chart,
    name: &str,
    decades: (i32, i32),
    y: &Axis<'_>,
    kinds: Kinds<'_>,
    level: Option<(f64, &str)>,
    points: &[Point],
) {
    let items = [("point", kinds.plain), ("point diamond", kinds.marked)];
    let golden = level.map(|(_, name)| ("line golden", name));
    let items: Vec<(&str, &str)> = items.into_iter().chain(golden).collect();
    let left = Area::of(chart, 0.0, y).left;
    let room = chart.width - 10.0 - left;
    let head = chart.legend((left, 4.0), room, &items);
    let area = Area::of(chart, head + 4.0, y);
    let up = vertical(chart, &area, y);
    let first = area.left + 58.0;
    let power = |e: i32| 10_f64.powi(e);
    let along = Scale::log((power(decades.0), power(decades.1)), (first, area.right - 6.0));
    let zero = area.left + 10.0;
    tick_below(chart, &area, zero, "0");
    chart.line("grid", (zero, area.top), (zero, area.bottom));
    let every = (f64::from(decades.1 - decades.0) * 54.0 / (area.right - first)).ceil().max(1.0);
    for exponent in (decades.0..=decades.1).rev().step_by(every as usize) {
        let x = along.at(power(exponent));
        chart.line("grid", (x, area.top), (x, area.bottom));
        tick_below(chart, &area, x, &decade(exponent));
    }
    base(chart, &area, area.bottom);
    if let Some((level, name)) = level {
        let y = up.at(level);
        chart.tip(name, |c| c.line("line golden", (area.left, y), (area.right, y)));
    }
    for point in points {
        let at = (if point.x > 0.0 { along.at(point.x) } else { zero }, up.at(point.y));
        chart.tip(&point.tip, |c| {
            if point.marked {
                c.diamond("point diamond", at, 4.0);
            } else {
                c.circle("point", at, 3.2);
            }
        });
    }
    name_below(chart, &area, name);
}

/// A power of ten as a percentage.
fn decade(exponent: i32) -> String {
    match exponent + 2 {
        0..=3 => format!("{} %", 10_f64.powi(exponent + 2)),
        negative @ -3..=-1 => {
            format!("{:.*} %", negative.unsigned_abs() as usize, 10_f64.powi(negative))
        }
        far => format!("1e{far} %"),
    }
}

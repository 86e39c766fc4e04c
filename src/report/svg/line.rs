//! A line with a band about it.

use super::Chart;
use super::frame::{Area, Axis, base, horizontal, vertical};

/// A point of the line.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Horizontal value.
    pub x: f64,
    /// Vertical value.
    pub y: f64,
    /// The band there.
    pub band: Option<(f64, f64)>,
}

/// Draws a line with its band, and a dashed line at `level`.
pub fn line(
    chart: &mut Chart,
    x: &Axis<'_>,
    y: &Axis<'_>,
    names: (&str, &str),
    level: Option<(f64, &str)>,
    steps: &[Step],
) {
    let items = [("line", names.0), ("band", names.1)];
    let golden = level.map(|(_, name)| ("line golden", name));
    let items: Vec<(&str, &str)> = items.into_iter().chain(golden).collect();
    let left = Area::of(chart, 0.0, y).left;
    let room = chart.width - 10.0 - left;
    let head = chart.legend((left, 4.0), room, &items);
    let area = Area::of(chart, head + 4.0, y);
    let up = vertical(chart, &area, y);
    let along = horizontal(chart, &area, x, true);
    let banded = steps.iter().filter_map(|s| Some((along.at(s.x), s.band?)));
    let mut band: Vec<(f64, f64)> = banded.clone().map(|(x, (_, high))| (x, up.at(high))).collect();
    let low: Vec<(f64, f64)> = banded.map(|(x, (low, _))| (x, up.at(low))).collect();
    band.extend(low.into_iter().rev());
    if band.len() > 2 {
        chart.path("band", &band, true);
    }
    if let Some((level, name)) = level {
        let y = up.at(level);
        chart.tip(name, |c| c.line("line golden", (area.left, y), (area.right, y)));
    }
    let points: Vec<(f64, f64)> = steps.iter().map(|s| (along.at(s.x), up.at(s.y))).collect();
    match points.as_slice() {
        [only] => chart.circle("point", *only, 4.0),
        points => chart.path("line", points, false),
    }
    base(chart, &area, area.bottom);
}

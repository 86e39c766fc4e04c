//! The frame of a chart with two axes: grid, ticks, names.

use super::scale::{Scale, nice_step, tick_text, ticks};
use super::{Anchor, Chart, LINE, text_width};

/// An axis of numbers.
#[derive(Clone, Copy, Debug)]
pub struct Axis<'a> {
    /// What it shows, with its unit.
    pub name: &'a str,
    /// First and last number.
    pub range: (f64, f64),
    /// Ticks at the most, about.
    pub ticks: usize,
}

/// The area in which data are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    /// Left edge.
    pub left: f64,
    /// Right edge.
    pub right: f64,
    /// Top edge.
    pub top: f64,
    /// Bottom edge.
    pub bottom: f64,
}

/// Room below the area for tick texts and the axis' name.
pub const FOOT: f64 = 40.0;

impl Area {
    /// The area of a chart below a head of so many pixels, beside the texts of a vertical axis.
    pub fn of(chart: &Chart, head: f64, y: &Axis<'_>) -> Self {
        let step = nice_step(y.range.1 - y.range.0, y.ticks);
        let texts = ticks(y.range.0, y.range.1, y.ticks).into_iter().map(|t| tick_text(t, step));
        let widest = texts.map(|t| text_width(&t)).fold(0.0, f64::max);
        Self {
            left: 24.0 + widest + 6.0,
            right: chart.width - 10.0,
            top: head + 6.0,
            bottom: chart.height - FOOT,
        }
    }

    /// Scale of a horizontal axis.
    pub fn x(&self, range: (f64, f64)) -> Scale {
        Scale::linear(range, (self.left, self.right))
    }

    /// Scale of a vertical axis.
    pub fn y(&self, range: (f64, f64)) -> Scale {
        Scale::linear(range, (self.bottom, self.top))
    }
}

/// Draws the vertical axis with horizontal grid lines.
pub fn vertical(chart: &mut Chart, area: &Area, axis: &Axis<'_>) -> Scale {
    let scale = area.y(axis.range);
    let step = nice_step(axis.range.1 - axis.range.0, axis.ticks);
    for tick in ticks(axis.range.0, axis.range.1, axis.ticks) {
        let y = scale.at(tick);
        chart.line("grid", (area.left, y), (area.right, y));
        chart.text(area.left - 6.0, y + 4.0, Anchor::End, "tick", &tick_text(tick, step));
    }
    chart.upright(12.0, (area.top + area.bottom) / 2.0, axis.name);
    scale
}

/// Draws the horizontal axis; vertical grid lines if wanted.
pub fn horizontal(chart: &mut Chart, area: &Area, axis: &Axis<'_>, grid: bool) -> Scale {
    let scale = area.x(axis.range);
    let step = nice_step(axis.range.1 - axis.range.0, axis.ticks);
    for tick in ticks(axis.range.0, axis.range.1, axis.ticks) {
        let x = scale.at(tick);
        if grid {
            chart.line("grid", (x, area.top), (x, area.bottom));
        }
        tick_below(chart, area, x, &tick_text(tick, step));
    }
    name_below(chart, area, axis.name);
    scale
}

/// A tick's text under the area, kept inside of the chart.
pub fn tick_below(chart: &mut Chart, area: &Area, x: f64, text: &str) {
    let half = text_width(text) * 11.0 / 12.0 / 2.0;
    let x = x.min(chart.width - half).max(half);
    chart.text(x, area.bottom + LINE, Anchor::Middle, "tick", text);
}

/// The name of the horizontal axis.
pub fn name_below(chart: &mut Chart, area: &Area, name: &str) {
    let x = (area.left + area.right) / 2.0;
    chart.text(x, area.bottom + 34.0, Anchor::Middle, "name", name);
}

/// The line at the bottom of the area, or at zero.
pub fn base(chart: &mut Chart, area: &Area, y: f64) {
    chart.line("axis", (area.left, y), (area.right, y));
}

//! Upright bars: a histogram, or a value with its interval for each of some ordered categories.

use super::frame::{Area, Axis, base, horizontal, name_below, tick_below, vertical};
use super::{Anchor, Chart, LINE};

/// A mark at a number of the horizontal axis.
#[derive(Clone, Copy, Debug)]
pub struct Mark<'a> {
    /// Class of its line.
    pub class: &'a str,
    /// The number.
    pub at: f64,
    /// What it stands for.
    pub name: &'a str,
}

/// A histogram of `heights` in even bins over `x`, with marks; `tips` says what stands in each bar's tooltip.
pub fn histogram(
    chart: &mut Chart,
    x: &Axis<'_>,
    y: &Axis<'_>,
    heights: &[f64],
    marks: &[Mark<'_>],
    tips: &dyn Fn(usize) -> String,
) {
    let items: Vec<(&str, &str)> = marks.iter().map(|mark| (mark.class, mark.name)).collect();
    let area = Area::of(chart, LINE + 8.0, y);
    chart.legend((area.left, 4.0), area.right - area.left, &items);
    let up = vertical(chart, &area, y);
    let along = horizontal(chart, &area, x, false);
    let wide = (x.range.1 - x.range.0) / heights.len().max(1) as f64;
    for (i, height) in heights.iter().enumerate().filter(|(_, h)| **h > 0.0) {
        let left = along.at(x.range.0 + i as f64 * wide) + 0.5;
        let right = along.at(x.range.0 + (i + 1) as f64 * wide) - 0.5;
        // Where there is one, it can be seen.
        let top = up.at(*height).min(area.bottom - 1.5);
        chart.tip(&tips(i), |c| c.rect("bar", (left, top), (right - left, area.bottom - top)));
    }
    base(chart, &area, area.bottom);
    for mark in marks {
        let x = along.at(mark.at);
        chart.tip(mark.name, |c| c.line(mark.class, (x, area.top), (x, area.bottom)));
    }
}

/// A bar of [`columns`].
#[derive(Clone, Debug)]
pub struct Column {
    /// Text under the axis.
    pub name: String,
    /// Height.
    pub value: f64,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// Tooltip.
    pub tip: String,
}

/// A bar with a whisker for each of some ordered categories. Not every name is drawn if they are many.
pub fn columns(chart: &mut Chart, name: &str, y: &Axis<'_>, columns: &[Column]) {
    let area = Area::of(chart, 0.0, y);
    let up = vertical(chart, &area, y);
    let zero = up.at(0.0);
    let wide = (area.right - area.left) / columns.len().max(1) as f64;
    let bar = (wide - 2.0).clamp(1.0, 36.0);
    let longest = columns.iter().map(|c| super::text_width(&c.name)).fold(0.0, f64::max);
    let every = ((longest + 8.0) / wide).ceil().max(1.0) as usize;
    for (i, column) in columns.iter().enumerate() {
        let middle = area.left + (i as f64 + 0.5) * wide;
        let top = up.at(column.value);
        let class = if column.value < 0.0 { "gain" } else { "harm" };
        chart.tip(&column.tip, |c| {
            // The whole height answers to the mouse, also where the bar is low.
            c.faint(
                "empty",
                (middle - wide / 2.0, area.top),
                (wide, area.bottom - area.top),
                Some(0.0),
            );
            c.rect(class, (middle - bar / 2.0, top), (bar, zero - top));
            if let Some((low, high)) = column.interval {
                c.whisker((middle, up.at(low)), (middle, up.at(high)));
            }
        });
        if i.is_multiple_of(every) {
            tick_below(chart, &area, middle, &column.name);
        }
    }
    base(chart, &area, zero);
    name_below(chart, &area, name);
}

/// What is drawn where there is nothing to draw.
pub fn nothing(chart: &mut Chart, why: &str) {
    let at = (chart.width / 2.0, chart.height / 2.0);
    chart.rect("empty", (0.0, 0.0), (chart.width, chart.height));
    chart.text(at.0, at.1 + 4.0, Anchor::Middle, "name", why);
}

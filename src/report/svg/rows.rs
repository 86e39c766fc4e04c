//! Lying bars: values with intervals, or the parts of a whole, for categories with long names.

use super::scale::{Scale, nice_step, tick_text, ticks};
use super::{Anchor, Chart, LINE, text_width};

/// Room at the right for the numbers beside the bars.
const NUMBERS: f64 = 8.0;
/// Room below the rows for tick texts and the axis' name.
const FOOT: f64 = 36.0;

/// A value with its interval.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Class of the bar.
    pub class: String,
    /// Its length.
    pub value: f64,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// Text at its end.
    pub text: String,
    /// Tooltip.
    pub tip: String,
}

/// A category with one or more bars.
#[derive(Clone, Debug)]
pub struct BarRow {
    /// Its name.
    pub name: String,
    /// Its bars, from above.
    pub bars: Vec<Bar>,
}

/// Height of the chart of such rows below a head.
pub fn height(rows: &[BarRow], head: f64) -> f64 {
    head + rows.iter().map(row_height).sum::<f64>() + FOOT
}

fn row_height(row: &BarRow) -> f64 {
    row.bars.len() as f64 * LINE + 8.0
}

/// Bars over `range`; its ticks are multiples of a nice step.
pub fn bars(chart: &mut Chart, head: f64, axis: &str, range: (f64, f64), rows: &[BarRow]) {
    let left = name_width(rows.iter().map(|r| r.name.as_str()), chart.width);
    let texts = rows.iter().flat_map(|r| &r.bars).map(|b| text_width(&b.text));
    let right = chart.width - texts.fold(0.0, f64::max) - NUMBERS;
    let bottom = head + rows.iter().map(row_height).sum::<f64>();
    let scale = Scale::linear(range, (left, right.max(left + 40.0)));
    value_axis(chart, (head, bottom), axis, range, scale);
    let mut y = head;
    for row in rows {
        let middle = y + row_height(row) / 2.0;
        chart.fitted((left - 8.0, middle + 4.0), left - 8.0, Anchor::End, &row.name);
        for (i, bar) in row.bars.iter().enumerate() {
            let top = y + 4.0 + i as f64 * LINE + 2.0;
            let (zero, end) = (scale.at(0.0), scale.at(bar.value));
            chart.tip(&bar.tip, |c| {
                c.rect(&bar.class, (zero, top), (end - zero, LINE - 4.0));
                let mut beside = end.max(zero);
                if let Some((low, high)) = bar.interval {
                    let across = top + (LINE - 4.0) / 2.0;
                    c.whisker((scale.at(low), across), (scale.at(high), across));
                    beside = beside.max(scale.at(high) + 3.0);
                }
                c.text(beside + 4.0, top + 10.0, Anchor::Start, "tick", &bar.text);
            });
        }
        y += row_height(row);
    }
    chart.line("axis", (scale.at(0.0), head), (scale.at(0.0), bottom));
}

fn value_axis(
    chart: &mut Chart,
    (top, bottom): (f64, f64),
    name: &str,
    range: (f64, f64),
    scale: Scale,
) {
    let (left, right) = scale.ends();
    let most = ((right - left) / 70.0).clamp(2.0, 6.0) as usize;
    let step = nice_step(range.1 - range.0, most);
    for tick in ticks(range.0, range.1, most) {
        let x = scale.at(tick);
        chart.line("grid", (x, top), (x, bottom));
        chart.text(x, bottom + 14.0, Anchor::Middle, "tick", &tick_text(tick, step));
    }
    chart.text((left + right) / 2.0, bottom + 31.0, Anchor::Middle, "name", name);
}

/// Width of the column of names: what they need, at most two fifths of the chart.
fn name_width<'a>(names: impl Iterator<Item = &'a str>, width: f64) -> f64 {
    (names.map(text_width).fold(0.0, f64::max) + 12.0).min(0.4 * width)
}

/// A whole and its parts.
#[derive(Clone, Debug)]
pub struct StackRow {
    /// Its name.
    pub name: String,
    /// Class, size and tooltip of each part, from the left.
    pub parts: Vec<(String, f64, String)>,
    /// Text at its end.
    pub text: String,
}

/// Height of the chart of such rows below a head.
pub fn stacks_height(rows: usize, head: f64) -> f64 {
    head + rows as f64 * (LINE + 6.0) + FOOT
}

/// Stacked bars from 0 to `end`.
pub fn stacks(chart: &mut Chart, head: f64, axis: &str, end: f64, rows: &[StackRow]) {
    let left = name_width(rows.iter().map(|r| r.name.as_str()), chart.width);
    let texts = rows.iter().map(|r| text_width(&r.text)).fold(0.0, f64::max);
    let right = (chart.width - texts - NUMBERS).max(left + 40.0);
    let bottom = head + rows.len() as f64 * (LINE + 6.0);
    let scale = Scale::linear((0.0, end), (left, right));
    value_axis(chart, (head, bottom), axis, (0.0, end), scale);
    for (i, row) in rows.iter().enumerate() {
        let top = head + i as f64 * (LINE + 6.0) + 3.0;
        chart.fitted((left - 8.0, top + 12.0), left - 8.0, Anchor::End, &row.name);
        let mut sum = 0.0;
        for (class, size, tip) in row.parts.iter().filter(|part| part.1 > 0.0) {
            let (from, to) = (scale.at(sum), scale.at(sum + size));
            chart.tip(tip, |c| c.rect(&format!("{class} cut"), (from, top), (to - from, LINE)));
            sum += size;
        }
        chart.text(scale.at(sum) + 5.0, top + 12.0, Anchor::Start, "tick", &row.text);
    }
    chart.line("axis", (left, head), (left, bottom));
}

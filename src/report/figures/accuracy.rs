//! Charts of accuracies: distribution, against wrong products, convergence.

use super::{Figure, Scales, accuracy_name};
use crate::report::run::Yardstick;
use crate::report::summary::Summary;
use crate::report::svg::Chart;
use crate::report::svg::columns::{Column, Mark, columns, histogram};
use crate::report::svg::frame::Axis;
use crate::report::svg::line::{Step, line};
use crate::report::svg::points::{Kinds, Point, scatter};
use crate::report::svg::scale::nice_end;
use crate::report::table::{grouped, percent, plural};

const HEIGHT: f64 = 290.0;
const ACCURACY: (f64, f64) = (0.0, 100.0);

pub(super) const DISTRIBUTION: Figure = Figure {
    id: "distribution",
    title: "Distribution of faulty accuracies",
    caption: |s, several| {
        format!(
            "Share of the faults that have which {}, no answer counted as wrong. Bins of 5 points; 100 % is in the last.{}",
            accuracy_name(s).to_lowercase(),
            if several { String::new() } else { format!(" {}.", plural(s.results.len(), "fault")) },
        )
    },
    draw: distribution,
};

fn distribution(s: &Summary, scales: &Scales) -> Option<Chart> {
    let faults = s.histogram.iter().sum::<usize>();
    let mean = s.accuracy.as_ref()?.mean;
    let mut chart = Chart::new("Histogram of the faults' accuracies", scales.width, HEIGHT);
    let percents = |n: usize| 100.0 * n as f64 / faults.max(1) as f64;
    // Shares, so that runs of different size compare.
    let heights: Vec<f64> = s.histogram.iter().map(|n| percents(*n)).collect();
    let golden = s.reference().unwrap_or(0.0);
    let texts =
        [format!("golden {}", percent(golden)), format!("mean of the faults {}", percent(mean))];
    let mut marks = Vec::new();
    if s.reference().is_some() {
        marks.push(Mark { class: "line golden", at: 100.0 * golden, name: &texts[0] });
    }
    marks.push(Mark { class: "line mean", at: 100.0 * mean, name: &texts[1] });
    let x = format!("{} (%)", accuracy_name(s));
    let x = Axis { name: &x, range: ACCURACY, ticks: 10 };
    let y = Axis { name: "Share of the faults (%)", range: (0.0, scales.histogram), ticks: 5 };
    let wide = 100 / s.histogram.len().max(1);
    histogram(&mut chart, &x, &y, &heights, &marks, &|i| {
        let n = s.histogram.get(i).copied().unwrap_or(0);
        let share = percent(n as f64 / faults.max(1) as f64);
        format!("{} to {} %: {} ({share})", i * wide, (i + 1) * wide, plural(n, "fault"))
    });
    Some(chart)
}

pub(super) const CHANGES: Figure = Figure {
    id: "changes",
    title: "How far the output changed",
    caption: |_, _| {
        "Faults by the mean over their answered images of the root mean square change of the output, in the output tensor's units \
         (steps of an integer tensor)."
            .to_owned()
    },
    draw: changes,
};

fn changes(s: &Summary, scales: &Scales) -> Option<Chart> {
    let values: Vec<f64> = s.results.iter().filter_map(|r| r.rms_change).collect();
    if s.yardstick != Yardstick::Numbers || values.is_empty() {
        return None;
    }
    // Steps of 1, 2 and 5 times a power of ten between the smallest and the largest change.
    let positive = values.iter().copied().filter(|v| *v > 0.0 && v.is_finite());
    let edge = |v: f64| {
        let power = 10_f64.powf(v.log10().floor().clamp(-12.0, 12.0));
        let steps = [5.0, 2.0].into_iter().filter(|f| v >= f * power * (1.0 - 1e-12));
        steps.map(|f| f * power).next().unwrap_or(power)
    };
    let mut edges: Vec<f64> = positive.map(edge).collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup_by(|a, b| (*a - *b).abs() < 1e-9 * *b);
    let mut bins = vec![("0".to_owned(), values.iter().filter(|v| **v <= 0.0).count())];
    for (i, low) in edges.iter().enumerate() {
        let high = edges.get(i + 1).copied().unwrap_or(f64::INFINITY) * (1.0 - 1e-12);
        let n = values.iter().filter(|v| **v >= low * (1.0 - 1e-12) && **v < high).count();
        bins.push((format!("≥ {low}"), n));
    }
    let share = |n: usize| 100.0 * n as f64 / values.len() as f64;
    let column = |(name, n): &(String, usize)| Column {
        name: name.clone(),
        value: share(*n),
        interval: None,
        tip: format!("{name}: {}", plural(*n, "fault")),
    };
    let bars: Vec<Column> = bins.iter().map(column).collect();
    let end = nice_end(bars.iter().map(|b| b.value).fold(0.0, f64::max), 5);
    let mut chart = Chart::new("Faults by the change of the output", scales.width, HEIGHT);
    let y = Axis { name: "Share of the faults (%)", range: (0.0, end), ticks: 5 };
    columns(&mut chart, "Root mean square change of the output", &y, &bars);
    Some(chart)
}

pub(super) const SCATTER: Figure = Figure {
    id: "wrong-products",
    title: "Wrong products against accuracy",
    caption: |s, _| {
        format!(
            "One point a fault: the share of the executed multiplications in scope whose product was wrong, and {}, no answer counted as \
             wrong.",
            match s.yardstick {
                Yardstick::Golden => "the share of answers that stay golden",
                Yardstick::Labels => "its accuracy",
                Yardstick::Numbers => "the share of unharmed images",
            }
        )
    },
    draw: wrong_products,
};

fn wrong_products(s: &Summary, scales: &Scales) -> Option<Chart> {
    if s.results.is_empty() {
        return None;
    }
    // Every so many: the order of the plan is random, or that of the netlist.
    let every = s.results.len().div_ceil(scales.points);
    let y_of = |r: &crate::report::by_fault::FaultResult| r.accuracy.unwrap_or(1.0 - r.harm);
    let points: Vec<Point> = s
        .results
        .iter()
        .step_by(every)
        .map(|r| {
            let name = s.fault_names.get(r.fault as usize).map_or("", String::as_str);
            Point {
                x: r.wrong_share,
                y: 100.0 * y_of(r),
                marked: r.outcomes.silent() > 0,
                tip: format!(
                    "{name}: {}, {} of products wrong",
                    percent(y_of(r)),
                    share(r.wrong_share)
                ),
            }
        })
        .collect();
    let label = "Accuracy over the share of wrong products, one point a fault";
    let mut chart = Chart::new(label, scales.width, HEIGHT + 20.0);
    let name = match s.yardstick {
        Yardstick::Numbers => "Share of unharmed images (%)".to_owned(),
        _ => format!("{} (%)", accuracy_name(s)),
    };
    let y = Axis { name: &name, range: ACCURACY, ticks: 5 };
    let kinds = Kinds { plain: "all images answered", marked: "some image without an answer" };
    let x = match every {
        1 => "Share of multiplications with a wrong product".to_owned(),
        _ => format!(
            "Share of wrong products ({} of {} faults)",
            grouped(points.len()),
            grouped(s.results.len())
        ),
    };
    let level = s.reference().map(|golden| (100.0 * golden, "golden"));
    scatter(&mut chart, &x, (scales.decade, 0), &y, kinds, level, &points);
    Some(chart)
}

/// A share that may be tiny, as a percentage.
fn share(x: f64) -> String {
    match x {
        0.0 => "none".to_owned(),
        x if x < 1e-4 => format!("{:.1e} %", 100.0 * x),
        x => percent(x),
    }
}

pub(super) const CONVERGENCE: Figure = Figure {
    id: "convergence",
    title: "Convergence of the estimate",
    caption: |s, several| {
        let order = if several {
            "in random order: that of the plan, or shuffled by the seed where all faults were taken"
        } else if s.faults < s.universe {
            "in the order of the plan, which is random"
        } else {
            "in an order that the seed shuffles, as if they were a sample"
        };
        format!(
            "Mean accuracy of the first so many faults {order}. Band: 99 % interval for the error of sampling faults, as if the sample had \
             ended there (Student's t, finite population; from five faults on)."
        )
    },
    draw: convergence,
};

fn convergence(s: &Summary, scales: &Scales) -> Option<Chart> {
    let last = s.convergence.last()?;
    let steps = s.convergence.iter().map(|step| Step {
        x: step.faults as f64,
        y: 100.0 * step.mean.mean,
        band: step.mean.interval.map(|i| (100.0 * i.low, 100.0 * i.high)),
    });
    let steps: Vec<Step> = steps.collect();
    let label = "Running mean of the accuracy over the faults";
    let mut chart = Chart::new(label, scales.width, HEIGHT);
    let x = Axis { name: "Faults", range: (0.0, last.faults as f64), ticks: 6 };
    let name = format!("Mean {} (%)", accuracy_name(s).to_lowercase());
    let y = Axis { name: &name, range: ACCURACY, ticks: 5 };
    let level = s.reference().map(|golden| (100.0 * golden, "golden"));
    line(&mut chart, &x, &y, ("running mean", "99 % interval"), level, &steps);
    Some(chart)
}

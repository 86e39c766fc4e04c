//! The tables of the page: accuracy before and after, and the most harmful faults.

use super::super::Named;
use super::super::compare::{differences, drop};
use super::super::estimates::Accuracy;
use super::super::harmful::FaultRow;
use super::super::run::Yardstick;
use super::super::summary::Summary;
use super::super::svg::{escape, number};
use super::super::table::{grouped, percent, plural, points, units};
use super::range;
use crate::campaign::stats::Interval;
use std::fmt::Write;

/// Fault-free and faulty accuracy, a row a run and way of counting.
pub(super) fn accuracy(runs: &[Named]) -> String {
    if runs.iter().all(|run| run.summary.yardstick == Yardstick::Numbers) {
        return changes(runs);
    }
    let mut text =
        "<h2>Accuracy before and after</h2>\n<div class=\"wide\"><table>\n<thead><tr>".to_owned();
    if runs.len() > 1 {
        text += "<th rowspan=\"2\">Run</th>";
    }
    text += "<th rowspan=\"2\">Scope</th><th rowspan=\"2\" class=\"n\">Faults</th><th rowspan=\"2\" class=\"n\">Images</th>\
             <th rowspan=\"2\">Crash or hang</th><th colspan=\"3\" class=\"g\">Top-1</th><th colspan=\"3\" class=\"g\">Top-5</th></tr>\n<tr>";
    text += &"<th class=\"n\">fault-free</th><th class=\"n\">faulty, mean</th><th class=\"n\">drop</th>".repeat(2);
    text += "</tr></thead>\n<tbody>\n";
    for run in runs {
        let s = &run.summary;
        let ways = [
            ("a wrong answer", &s.accuracy, &s.top5),
            ("left out", &s.accuracy_answered, &s.top5_answered),
        ];
        for (i, (way, top1, top5)) in ways.into_iter().enumerate() {
            text += if i == 0 { "<tr class=\"first\">" } else { "<tr>" };
            if i == 0 {
                if runs.len() > 1 {
                    let _ = write!(text, "<th rowspan=\"2\">{}</th>", escape(&run.name));
                }
                let of = |n: usize, of: usize| {
                    format!("{}<small>of {}</small>", grouped(n), grouped(of))
                };
                let _ = write!(
                    text,
                    "<td rowspan=\"2\">{}</td><td rowspan=\"2\" class=\"n\">{}</td><td rowspan=\"2\" class=\"n\">{}</td>",
                    escape(&s.scope),
                    of(s.complete_faults, s.universe),
                    of(s.images, s.data_images),
                );
            }
            let _ = write!(text, "<td class=\"way\">{way}</td>");
            text += &cells(s.reference(), s.golden.interval, top1);
            text += &cells(
                s.reference_top5().filter(|_| s.top5.is_some()),
                s.golden.top5_interval,
                top5,
            );
            text += "</tr>\n";
        }
    }
    text += "</tbody></table></div>\n";
    text + &notes(runs)
}

fn cells(golden: Option<f64>, golden_ci: Option<Interval>, faulty: &Option<Accuracy>) -> String {
    const NONE: &str = "<td class=\"n\">–</td>";
    let ci = |i: Option<Interval>| {
        i.filter(|i| i.low < i.high)
            .map_or(String::new(), |i| format!("<small>{}</small>", range(i)))
    };
    let before = golden.map_or(NONE.to_owned(), |g| {
        format!("<td class=\"n\">{}{}</td>", percent(g), ci(golden_ci))
    });
    let after = faulty.as_ref().map_or(NONE.to_owned(), |a| {
        format!("<td class=\"n\"><b>{}</b>{}</td>", percent(a.mean), ci(a.intervals.mean))
    });
    let lost = drop(golden, faulty)
        .map_or(NONE.to_owned(), |d| format!("<td class=\"n\">{}</td>", points(d)));
    before + &after + &lost
}

fn notes(runs: &[Named]) -> String {
    let mut text = "<p class=\"caption\">Means over the faults of the accuracy over the images; drops in points. Small: 99 % confidence \
                    intervals, of the faulty means from a two-way bootstrap over faults and images with finite populations, of the fault-free \
                    accuracy Wilson's or exact. “Left out” looks only at scenarios that did answer.</p>\n"
        .to_owned();
    if runs.iter().any(|run| run.summary.yardstick == Yardstick::Golden) {
        text += "<p class=\"caption\">Some images have no label: there, accuracy is the share of answers that equal the golden one.</p>\n";
    }
    let sources: Vec<String> = runs.iter().filter_map(|run| sources(run, runs.len() > 1)).collect();
    if !sources.is_empty() {
        let _ = writeln!(text, "<p class=\"caption\">{}</p>", sources.join("<br>"));
    }
    let differ = differences(runs);
    if !differ.is_empty() {
        let _ = writeln!(
            text,
            "<p class=\"caption\">Not the same in all runs: {}. Compare with care.</p>",
            escape(&differ.join(", "))
        );
    }
    text
}

/// The two sampling errors of the mean, apart.
fn sources(run: &Named, several: bool) -> Option<String> {
    let s = &run.summary;
    let a = s.accuracy.as_ref()?;
    let part = |what: &str, whole: bool, i: Option<Interval>| match (whole, i) {
        (true, _) => format!("none from {what} (all were taken)"),
        (_, Some(i)) => format!("{} from drawing {what}", range(i)),
        (_, None) => format!("unknown from drawing {what} (too few)"),
    };
    let name = if several { format!("{}: 99 %", escape(&run.name)) } else { "99 %".to_owned() };
    Some(format!(
        "{name} interval of the mean faulty top-1 ({}), by source: {}; {}.",
        percent(a.mean),
        part("faults", s.faults >= s.universe, a.fault_sampling),
        part("images", s.images >= s.data_images, a.image_sampling),
    ))
}

fn changes(runs: &[Named]) -> String {
    let mut text = "<h2>Changes of the output</h2>\n<p class=\"caption\">The network does not classify, so there is no accuracy: \
                    any other output is silent data corruption. Changes are over the scenarios whose output changed, in the output tensor's \
                    units.</p>\n<div class=\"wide\"><table>\n<thead><tr>"
        .to_owned();
    if runs.len() > 1 {
        text += "<th rowspan=\"2\">Run</th>";
    }
    text += "<th rowspan=\"2\">Scope</th><th rowspan=\"2\" class=\"n\">Scenarios with an answer</th><th rowspan=\"2\" class=\"n\">changed</th>\
             <th colspan=\"3\" class=\"g\">Largest change of a number</th><th colspan=\"3\" class=\"g\">Root mean square change</th></tr>\n<tr>";
    text +=
        &"<th class=\"n\">median</th><th class=\"n\">90 %</th><th class=\"n\">most</th>".repeat(2);
    text += "</tr></thead>\n<tbody>\n";
    for run in runs {
        let (s, c) = (&run.summary, &run.summary.changes);
        text += "<tr class=\"first\">";
        if runs.len() > 1 {
            let _ = write!(text, "<th>{}</th>", escape(&run.name));
        }
        let share = percent(c.changed as f64 / c.known.max(1) as f64);
        let _ = write!(
            text,
            "<td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}<small>{share}</small></td>",
            escape(&s.scope),
            grouped(c.known),
            grouped(c.changed),
        );
        for q in [&c.largest, &c.rms] {
            for x in [q.median, q.p90, q.max] {
                let _ = write!(text, "<td class=\"n\">{}</td>", units(x));
            }
        }
        text += "</tr>\n";
    }
    text + "</tbody></table></div>\n"
}

/// The ten most harmful faults of each run.
pub(super) fn harmful(runs: &[Named]) -> String {
    let mut text = String::new();
    for run in runs.iter().filter(|run| !run.summary.most_harmful.is_empty()) {
        let s = &run.summary;
        let of = if runs.len() > 1 { format!(": {}", escape(&run.name)) } else { String::new() };
        let numbers = s.yardstick == Yardstick::Numbers;
        let _ = write!(
            text,
            "<h2>The most harmful faults{of}</h2>\n<div class=\"wide\"><table class=\"faults\">\n<thead><tr><th>Fault</th><th>Where</th>\
             <th class=\"n\">{}</th><th>Outcomes of {}</th><th class=\"n\">Wrong products</th><th>First difference</th>{}</tr></thead>\n<tbody>\n",
            if numbers { "RMS change" } else { "Accuracy" },
            plural(s.images, "image"),
            if numbers {
                ""
            } else {
                "<th class=\"n\">Typical wrong class</th><th class=\"n\">McNemar p</th>"
            },
        );
        for row in &s.most_harmful {
            text += &fault(s, row, &escape(&run.name));
        }
        text += "</tbody></table></div>\n";
        let _ = writeln!(text, "<p class=\"caption\">{}</p>", escape(&note(s)));
    }
    text
}

fn note(s: &Summary) -> String {
    let mut text = format!(
        "Ordered by accuracy, then by harmed images, then by images without an answer. First difference: where the first wrong \
         multiplication struck in most images, with the lowest instruction number. \
         Chosen among {}. “stuckat explain RUN --scenario FAULT/IMAGE” says why, with RUN this run's folder; what is given is an image that it harms.",
        plural(s.complete_faults, "fault")
    );
    let worst = s.most_harmful.first().and_then(|row| row.accuracy);
    let equal = s.results.iter().filter(|r| r.accuracy.is_some() && r.accuracy == worst).count();
    if equal > s.most_harmful.len() {
        let _ = write!(text, " {} of them share the lowest accuracy.", grouped(equal));
    }
    if s.yardstick != Yardstick::Numbers {
        text += " McNemar: exact two-sided test of the fault's answers against the golden ones on the same images; not corrected for having \
                 chosen the worst.";
    }
    text
}

fn fault(s: &Summary, row: &FaultRow, run: &str) -> String {
    let dash = || "–".to_owned();
    let place = row.place.as_ref().map_or_else(
        || "several faults at once".to_owned(),
        |p| {
            let cell = match (&p.cell, &p.cell_type, &p.pin) {
                (Some(cell), Some(kind), Some(pin)) => format!("{cell}/{pin} ({kind})"),
                _ => format!("net {}", p.net),
            };
            let bit = p.bit.map_or("no bit".to_owned(), |bit| format!("bit {bit}"));
            format!("{}<small>level {}, {bit}</small>{}", escape(&cell), p.level, equal(row))
        },
    );
    let value = match s.yardstick {
        Yardstick::Numbers => row.rms_change.map_or_else(dash, units),
        _ => row.accuracy.map_or_else(dash, percent),
    };
    let distinct = match (row.distinct_wrong, row.weight) {
        (Some(n), _) => format!("{} distinct golden", grouped(n)),
        (None, Some(_)) => "carries state".to_owned(),
        (None, None) => String::new(),
    };
    let first = row.first.as_ref().map_or_else(dash, |f| {
        let layer = f.layer.as_ref().map_or(String::new(), |l| format!(", {}", escape(l)));
        format!(
            "{}{layer}<small>{}, instruction {}</small><small>{} of {}</small>",
            escape(&f.function),
            escape(&f.pc),
            grouped(usize::try_from(f.insn).unwrap_or(usize::MAX)),
            grouped(f.scenarios),
            plural(s.images, "image"),
        )
    });
    let why = row.example.map_or(String::new(), |image| {
        format!("<small>why: explain {run} --scenario {}/{image}</small>", row.fault)
    });
    let mut text = format!(
        "<tr class=\"first\"><th>{}{why}</th><td>{place}</td><td class=\"n\">{value}</td><td>{}</td><td class=\"n\">{}<small>{distinct}</small></td>\
         <td>{first}</td>",
        escape(&row.name).replace('/', "/<wbr>").replace('+', "+<wbr>"),
        mix(row),
        percent(row.wrong_share),
    );
    if s.yardstick != Yardstick::Numbers {
        let class = row.typical_class.map_or_else(dash, |(class, n)| {
            format!("{class}<small>{}</small>", plural(n, "image"))
        });
        let p = row.mcnemar.map_or_else(dash, |test| {
            format!(
                "{}<small>{} lost, {} won</small>",
                p_value(test.exact),
                grouped(test.lost),
                grouped(test.won)
            )
        });
        let _ = write!(text, "<td class=\"n\">{class}</td><td class=\"n\">{p}</td>");
    }
    text + "</tr>\n"
}

fn equal(row: &FaultRow) -> String {
    match row.weight {
        Some(n) if n > 1 => format!("<small>{}</small>", plural(n - 1, "equivalent fault")),
        _ => String::new(),
    }
}

fn p_value(p: f64) -> String {
    match p {
        p if !p.is_finite() => "–".to_owned(),
        p if p < 1e-99 => "&lt; 1e-99".to_owned(),
        p if p < 1e-3 => format!("{p:.1e}"),
        p => format!("{p:.3}"),
    }
}

/// A small stacked bar with its counts in words.
fn mix(row: &FaultRow) -> String {
    let wide = 150.0;
    let total = row.outcomes.total().max(1) as f64;
    let mut bar = format!(
        "<svg class=\"mix\" role=\"img\" aria-label=\"outcomes\" viewBox=\"0 0 {wide} 10\" width=\"{wide}\" height=\"10\">"
    );
    let mut x = 0.0;
    let mut words = Vec::new();
    for (outcome, n) in row.outcomes.each().filter(|(_, n)| *n > 0) {
        let part = wide * n as f64 / total;
        let _ = write!(
            bar,
            "<rect class=\"o{} cut\" x=\"{}\" y=\"0\" width=\"{}\" height=\"10\"><title>{}: {}</title></rect>",
            outcome.index(),
            number(x),
            number(part),
            outcome.name(),
            grouped(n)
        );
        words.push(format!("{} {}", grouped(n), outcome.name()));
        x += part;
    }
    format!("{bar}</svg><small>{}</small>", words.join(", "))
}

//! A [`Summary`] as text for a terminal.

use super::Summary;
use super::estimates::{Accuracy, Proportion};
use super::run::Yardstick;
use crate::campaign::outcome::Outcome;
use crate::campaign::stats::Interval;
use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent, presets};
use std::fmt::Write;

/// Harmful faults in the table; the HTML report has more.
const HARMFUL: usize = 5;

/// Everything that a person wants to see first.
pub fn render(summary: &Summary) -> String {
    let mut text = String::new();
    let s = summary;
    let _ = writeln!(text, "{}", subject(s));
    if s.incomplete() {
        let _ = writeln!(
            text,
            "NOT COMPLETE: {} of {} scenarios have ended; continue with --resume",
            grouped(s.done),
            grouped(s.planned)
        );
    }
    let g = &s.golden;
    let _ = writeln!(
        text,
        "Golden run, mean of an image: {} instructions, {} cycles, {} multiplications ({} distinct)\n",
        grouped(g.retired.round() as usize),
        grouped(g.cycles.round() as usize),
        grouped(g.muls.round() as usize),
        grouped(g.distinct.round() as usize),
    );
    if s.done > 0 {
        let _ = writeln!(text, "{}\n", trimmed(&outcomes(s)));
    }
    match s.yardstick {
        Yardstick::Numbers => text += &changes(s),
        _ => text += &accuracies(s),
    }
    if s.done > 0 {
        let _ = writeln!(text, "\n{}", fired(s));
    }
    if !s.most_harmful.is_empty() {
        let _ = writeln!(text, "\n{}", trimmed(&harmful(s)));
        let _ = why(s).map(|why| writeln!(text, "{why}"));
    }
    text
}

/// One line: what was run.
pub(super) fn subject(s: &Summary) -> String {
    let mut text = format!(
        "Multiplier '{}': {} of {} stuck-at faults; {} of {} images; ",
        s.multiplier,
        grouped(s.faults),
        grouped(s.universe),
        grouped(s.images),
        grouped(s.data_images),
    );
    if !s.provenance.scope.is_all() {
        let _ = write!(text, "scope {}; ", s.scope);
    }
    if let Some(model) = &s.provenance.model_sha256 {
        let _ = write!(text, "network {}; ", short(model));
    }
    let _ = write!(text, "seed {}; plan {}", s.seed, short(&s.plan_sha256));
    text
}

/// The beginning of a hash.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// A table with a line under its header and no other.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    for line in [TableComponent::HeaderLines, TableComponent::MiddleHeaderIntersections] {
        table.set_style(line, '─');
    }
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table
}

/// The table's lines without the blanks at their ends.
pub(crate) fn trimmed(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Right-aligns all columns but the first and, if there is one, the column of words.
pub(crate) fn align(table: &mut Table, words: Option<usize>) {
    for (i, column) in table.column_iter_mut().enumerate().skip(1) {
        if Some(i) != words {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

fn outcomes(s: &Summary) -> Table {
    let mut table = table(&["outcome", "scenarios", "share", "faults", "meaning"]);
    for row in s.outcomes.iter().filter(|row| row.scenarios > 0 || s.can_be(row.outcome)) {
        table.add_row([
            row.outcome.name().to_owned(),
            grouped(row.scenarios),
            percent(row.share),
            grouped(row.faults),
            meaning(row.outcome).to_owned(),
        ]);
    }
    table.add_row([
        "all".to_owned(),
        grouped(s.done),
        String::new(),
        grouped(s.fired.faults),
        String::new(),
    ]);
    align(&mut table, Some(4));
    table
}

fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NeverWrong => "no multiplication differed from golden",
        Outcome::Masked => "some did, the output bytes are the same",
        Outcome::SdcBenign => "other scores, same class",
        Outcome::SdcCritical => "another class",
        Outcome::Sdc => "other output",
        Outcome::Trap => "the core took an exception",
        Outcome::BadExit => "the firmware noticed",
        Outcome::Hang => "no end: budget passed, asleep, or the unit never answered",
    }
}

fn accuracies(s: &Summary) -> String {
    let title = match s.yardstick {
        Yardstick::Golden => "answers as golden",
        _ => "accuracy",
    };
    let mut table = table(&[title, "mean", "99 % CI", "median", "99 % CI", "worst fault"]);
    let add_golden = |table: &mut Table, name: &str, share: Option<f64>| {
        if let Some(share) = share {
            table.add_row([&format!("golden {name}"), &percent(share), "", "", "", ""]);
        }
    };
    let add = |table: &mut Table, name: String, accuracy: &Option<Accuracy>| {
        if let Some(a) = accuracy {
            table.add_row([
                name,
                percent(a.mean),
                optional(a.intervals.mean),
                percent(a.median),
                optional(a.intervals.median),
                percent(a.min),
            ]);
        }
    };
    add_golden(&mut table, "top-1", s.reference());
    add(&mut table, "faulty top-1, no answer = wrong".to_owned(), &s.accuracy);
    add(&mut table, "faulty top-1, no answer left out".to_owned(), &s.accuracy_answered);
    if s.top5.is_some() || s.golden.top5.is_some() {
        add_golden(&mut table, "top-5", s.reference_top5());
        add(&mut table, "faulty top-5, no answer = wrong".to_owned(), &s.top5);
        add(&mut table, "faulty top-5, no answer left out".to_owned(), &s.top5_answered);
    }
    align(&mut table, None);
    let mut text = trimmed(&table) + "\n";
    if let Some(a) = &s.accuracy {
        let part = |what: &str, whole: bool, i: Option<Interval>| match (whole, i) {
            (true, _) => format!("none from the {what} (all were taken)"),
            (_, Some(i)) => format!("{} from drawing {what}", interval(i)),
            (_, None) => format!("unknown from drawing {what} (too few)"),
        };
        let _ = writeln!(
            text,
            "99 % CI of the mean top-1, no answer = wrong, by source: {}; {}",
            part("faults", s.faults >= s.universe, a.fault_sampling),
            part("images", s.images >= s.data_images, a.image_sampling),
        );
    }
    text
}

/// How far outputs of a network changed that does not classify.
fn changes(s: &Summary) -> String {
    let c = &s.changes;
    let mut table = table(&["change of the output", "median", "90 % of them", "largest"]);
    let mut add = |name: &str, q: &super::summary::Quantiles| {
        table.add_row([name, &units(q.median), &units(q.p90), &units(q.max)]);
    };
    add("largest change of a number", &c.largest);
    add("root mean square change", &c.rms);
    align(&mut table, None);
    format!(
        "{}\nOver the {} of {} with an answer whose output changed, in the output tensor's units.\n",
        trimmed(&table),
        grouped(c.changed),
        plural(c.known, "scenario"),
    )
}

fn fired(s: &Summary) -> String {
    let f = &s.fired;
    let mut text = format!(
        "Did the faults fire? {} multiplications in all scenarios, {} ({}) with a wrong product.\n",
        grouped(f.muls as usize),
        grouped(f.wrong as usize),
        percent(f.wrong as f64 / (f.muls as f64).max(1.0)),
    );
    let _ = writeln!(
        text,
        "Of the {} distinct multiplications of the golden runs, none is wrong under {} faults; under {} faults\n\
         {} to {} are wrong (median {}).",
        grouped(f.distinct),
        grouped(f.faults_never_wrong),
        grouped(f.faults_wrong),
        grouped(f.min),
        grouped(f.max),
        grouped(f.median.round() as usize),
    );
    if f.faults_carrying_state > 0 {
        let _ = writeln!(
            text,
            "{} make the unit carry state from one operation to the next.",
            plural(f.faults_carrying_state, "fault")
        );
    }
    let share = |p: &Proportion| {
        let share = percent(p.faults as f64 / (p.of as f64).max(1.0));
        format!(
            "{} of {} = {share}, 99 % CI {}",
            grouped(p.faults),
            grouped(p.of),
            interval(p.interval)
        )
    };
    let changed = match s.yardstick {
        Yardstick::Numbers => "output",
        _ => "class",
    };
    let _ = writeln!(
        text,
        "Faults that changed the {changed} of some of the {} images: {}",
        grouped(s.images),
        share(&s.critical_faults)
    );
    let _ =
        write!(text, "Faults under which some of them got no answer: {}", share(&s.silent_faults));
    text
}

fn harmful(s: &Summary) -> Table {
    let changed = match s.yardstick {
        Yardstick::Numbers => "output changed",
        _ => "class changed",
    };
    let header =
        ["most harmful faults", "accuracy", changed, "no answer", "wrong MULs", "distinct wrong"];
    let mut table = table(&header);
    for row in s.most_harmful.iter().take(HARMFUL) {
        table.add_row([
            row.name.clone(),
            row.accuracy.map_or("-".to_owned(), percent),
            grouped(row.critical),
            grouped(row.silent),
            percent(row.wrong_share),
            row.distinct_wrong.map_or("carries state".to_owned(), grouped),
        ]);
    }
    align(&mut table, None);
    table
}

/// How to see inside the most harmful fault.
fn why(s: &Summary) -> Option<String> {
    let row = s.most_harmful.first()?;
    let image = row.example?;
    Some(format!(
        "Why? stuckat explain RUN --scenario {}/{image}, with RUN this run directory",
        row.fault
    ))
}

/// A fraction of 1 as a percentage.
pub(super) fn percent(x: f64) -> String {
    format!("{:.2} %", 100.0 * finite(x))
}

/// A difference of two fractions of 1, in points.
pub(super) fn points(x: f64) -> String {
    format!("{:.2}", 100.0 * finite(x) + 0.0)
}

/// A number of the tensor's units in four digits.
pub(super) fn units(x: f64) -> String {
    match finite(x) {
        0.0 => "0".to_owned(),
        x if (1e-3..1e6).contains(&x.abs()) => {
            let digits = (3.0 - x.abs().log10().floor()).clamp(0.0, 6.0) as usize;
            let text = format!("{x:.digits$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
        x => format!("{x:.3e}"),
    }
}

fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { 0.0 }
}

fn optional(i: Option<Interval>) -> String {
    i.map_or("-".to_owned(), interval)
}

/// An interval of fractions of 1, as percentages.
pub(super) fn interval(i: Interval) -> String {
    format!("{:.2} - {:.2} %", 100.0 * finite(i.low), 100.0 * finite(i.high))
}

/// A number of things.
pub(super) fn plural(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(n), if n == 1 { "" } else { "s" })
}

/// A number with commas between groups of three digits.
pub fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_grouped_by_thousands() {
        let cases = [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567")];
        for (n, text) in cases {
            assert_eq!(super::grouped(n), text);
        }
    }

    #[test]
    fn units_have_four_digits_and_no_needless_ones() {
        let cases =
            [(0.0, "0"), (12.0, "12"), (104.03797, "104"), (1.23456, "1.235"), (0.5, "0.5")];
        for (x, text) in cases {
            assert_eq!(super::units(x), text);
        }
        assert_eq!((super::units(f64::NAN), super::units(2.5e9)), ("0".into(), "2.500e9".into()));
    }
}

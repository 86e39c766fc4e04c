//! A [`Summary`] as text for a terminal.

use super::Summary;
use super::summary::{Accuracy, Proportion};
use crate::campaign::outcome::Outcome;
use crate::campaign::stats::Interval;
use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent, presets};
use std::fmt::Write;

/// Everything that a person wants to see first.
pub fn render(summary: &Summary) -> String {
    let mut text = String::new();
    let s = summary;
    let _ = writeln!(
        text,
        "Multiplier '{}': {} of {} stuck-at faults; {} of {} images; seed {}; plan {}",
        s.multiplier,
        grouped(s.faults),
        grouped(s.universe),
        grouped(s.images),
        grouped(s.data_images),
        s.seed,
        &s.plan_sha256[..12.min(s.plan_sha256.len())],
    );
    if s.done < s.planned {
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
    let _ = writeln!(text, "{}", trimmed(&accuracies(s)));
    if s.done > 0 {
        let _ = writeln!(text, "\n{}", fired(s));
    }
    if !s.most_harmful.is_empty() {
        let _ = writeln!(text, "\n{}", trimmed(&harmful(s)));
    }
    text
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
    for row in &s.outcomes {
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

fn accuracies(s: &Summary) -> Table {
    let mut table =
        table(&["top-1 accuracy", "mean", "99 % CI", "median", "99 % CI", "worst fault"]);
    let golden = percent(s.golden.accuracy);
    table.add_row([
        "golden".to_owned(),
        golden,
        String::new(),
        String::new(),
        String::new(),
        String::new(),
    ]);
    let mut add = |name: &str, accuracy: &Option<Accuracy>| {
        if let Some(a) = accuracy {
            table.add_row([
                name.to_owned(),
                percent(a.mean),
                optional(a.intervals.mean),
                percent(a.median),
                optional(a.intervals.median),
                percent(a.min),
            ]);
        }
    };
    add("faulty, no answer = wrong", &s.accuracy);
    add("faulty, no answer left out", &s.accuracy_answered);
    align(&mut table, None);
    table
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
    let _ = writeln!(
        text,
        "Faults that changed the class of some of the {} images: {}",
        grouped(s.images),
        share(&s.critical_faults)
    );
    let _ =
        write!(text, "Faults under which some of them got no answer: {}", share(&s.silent_faults));
    text
}

fn harmful(s: &Summary) -> Table {
    let header = [
        "most harmful faults",
        "accuracy",
        "class changed",
        "no answer",
        "wrong MULs",
        "distinct wrong",
    ];
    let mut table = table(&header);
    for row in &s.most_harmful {
        table.add_row([
            row.name.clone(),
            percent(row.accuracy),
            grouped(row.critical),
            grouped(row.silent),
            percent(row.wrong_share),
            row.distinct_wrong.map_or("carries state".to_owned(), grouped),
        ]);
    }
    align(&mut table, None);
    table
}

fn percent(x: f64) -> String {
    format!("{:.2} %", 100.0 * x)
}

fn optional(i: Option<Interval>) -> String {
    i.map_or("-".to_owned(), interval)
}

fn interval(i: Interval) -> String {
    format!("{:.2} - {:.2} %", 100.0 * i.low, 100.0 * i.high)
}

fn plural(n: usize, noun: &str) -> String {
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
}

//! An inference as tables for people, and as JSON for programs.

use super::answer::{Answer, Score};
use super::{Faulty, Inference, Report};
use crate::cpu::Stop;
use crate::report::table::{align, grouped, table, trimmed};
use serde::Serialize;
use std::fmt::Write;

/// Everything that a person wants to see first.
pub(super) fn text(report: &Report, top: usize) -> String {
    let mut text = String::new();
    let model = &report.model;
    let _ = writeln!(
        text,
        "{}: {} operators, {} MACs, {} bytes; {} on core {}, multiplier '{}'\n",
        report.file,
        model.operators.len(),
        grouped(model.macs() as usize),
        grouped(model.bytes().len()),
        report.firmware,
        report.core,
        report.multiplier,
    );
    if top > 0 {
        let _ = writeln!(text, "{}\n", classes(report, top));
    }
    if let Some(faulty) = &report.faulty {
        let _ = writeln!(text, "{}\n", outcome(report, faulty));
    }
    let _ = writeln!(text, "{}", operators(report));
    if let Some(used) = report.golden.arena_used {
        let _ = writeln!(text, "\nArena: {} bytes used", grouped(used as usize));
    }
    text
}

fn class_name(report: &Report, class: usize) -> String {
    match report.labels.get(class) {
        Some(label) => format!("{class} {label}"),
        None => class.to_string(),
    }
}

fn number(score: &Score) -> String {
    score.number.map_or_else(|| "-".into(), |n| n.to_string())
}

fn classes(report: &Report, top: usize) -> String {
    let golden = &report.golden.answer;
    let kind = report.model.output().kind.to_string();
    let answered = report.faulty.as_ref().filter(|f| !f.outcome.no_answer());
    let mut table = match answered {
        None => table(&["class", "score", &kind]),
        Some(_) => table(&["class", "score", &kind, "without the fault", &kind]),
    };
    let shown = answered.map_or(golden, |f| &f.inference.answer);
    let value = |score: &Score| format!("{:.4}", score.score);
    for score in shown.best(top) {
        let mut row = vec![class_name(report, score.class), value(score), number(score)];
        if answered.is_some() {
            let sound = &golden.scores[score.class];
            row.extend([value(sound), number(sound)]);
        }
        table.add_row(row);
    }
    align(&mut table, None);
    trimmed(&table)
}

fn best_name(report: &Report, answer: &Answer) -> String {
    answer.best(1).first().map_or_else(|| "none".into(), |s| class_name(report, s.class))
}

fn outcome(report: &Report, faulty: &Faulty) -> String {
    let (golden, run) = (&report.golden, &faulty.inference.run);
    let counts = &run.counts;
    let differing = run.output.iter().zip(&golden.run.output).filter(|(a, b)| a != b).count();
    let mut text = format!("Under {}: {}", faulty.name, faulty.outcome.name());
    let sound = best_name(report, &golden.answer);
    if faulty.outcome.no_answer() {
        let words = faulty.inference.firmwares_words();
        let why =
            words.map_or_else(|| run.stop.to_string(), |words| format!("{}, {words}", run.stop));
        let _ = write!(text, " ({why}); without the fault: class {sound}");
    } else {
        let best = best_name(report, &faulty.inference.answer);
        let class = match best == sound {
            true => format!("class {sound} as without the fault"),
            false => format!("class {best} instead of {sound}"),
        };
        let (differing, bytes) = (grouped(differing), grouped(golden.run.output.len()));
        let _ = write!(text, "; {class}; {differing} of {bytes} output bytes differ");
        if let Some(change) = faulty.inference.answer.largest_change(&golden.answer) {
            let _ = write!(text, ", the largest change of a score is {change:.4}");
        }
    }
    let _ = write!(
        text,
        "\n{} of {} multiplications wrong",
        grouped(counts.wrong as usize),
        grouped(counts.muls as usize),
    );
    text
}

/// One line of the profile.
#[derive(Serialize)]
struct Line {
    /// The operator's place; none for what lies outside.
    operator: Option<usize>,
    name: String,
    output: String,
    macs: u64,
    instructions: u64,
    multiplications: u64,
    cycles: u64,
    wrong_multiplications: u64,
}

/// The profile of an inference: outside of all operators, then operator by operator.
fn lines(report: &Report, inference: &Inference) -> Vec<Line> {
    let line = |(place, layer): (usize, &crate::workload::Layer)| {
        let operator = place.checked_sub(1);
        let known = operator.and_then(|i| report.model.operators.get(i));
        let output = known.and_then(|op| op.outputs.first());
        Line {
            operator,
            name: match (operator, known) {
                (None, _) => "set-up and exit".into(),
                (_, Some(op)) => op.name.clone(),
                (_, None) => "no such operator".into(),
            },
            output: output.map_or_else(String::new, |i| report.model.tensors[*i].shape_text()),
            macs: known.map_or(0, |op| op.macs),
            instructions: layer.retired,
            multiplications: layer.muls,
            cycles: layer.cycles,
            wrong_multiplications: layer.wrong,
        }
    };
    inference.layers.iter().enumerate().map(line).collect()
}

fn operators(report: &Report) -> String {
    let inference = report.faulty.as_ref().map_or(&report.golden, |f| &f.inference);
    let mut header =
        vec!["", "operator", "output", "MACs", "instructions", "a MAC", "MULs", "a MAC", "cycles"];
    if report.faulty.is_some() {
        header.push("wrong MULs");
    }
    let mut table = table(&header);
    let ratio = |n: u64, macs: u64| match macs {
        0 => String::new(),
        macs => format!("{:.2}", n as f64 / macs as f64),
    };
    let count = |n: u64| grouped(n as usize);
    let mut lines = lines(report, inference);
    let sum = |of: fn(&Line) -> u64| lines.iter().map(of).sum::<u64>();
    let total = Line {
        operator: None,
        name: "all".into(),
        output: String::new(),
        macs: report.model.macs(),
        instructions: sum(|l| l.instructions),
        multiplications: sum(|l| l.multiplications),
        cycles: sum(|l| l.cycles),
        wrong_multiplications: sum(|l| l.wrong_multiplications),
    };
    lines.push(total);
    for line in lines {
        let mut row = vec![
            line.operator.map_or_else(String::new, |i| i.to_string()),
            line.name,
            line.output,
            if line.macs == 0 { String::new() } else { count(line.macs) },
            count(line.instructions),
            ratio(line.instructions, line.macs),
            count(line.multiplications),
            ratio(line.multiplications, line.macs),
            count(line.cycles),
        ];
        if report.faulty.is_some() {
            row.push(count(line.wrong_multiplications));
        }
        table.add_row(row);
    }
    align(&mut table, Some(1));
    trimmed(&table)
}

#[derive(Serialize)]
struct JsonInference<'a> {
    stop: String,
    exit_code: Option<u32>,
    instructions: u64,
    cycles: u64,
    multiplications: u64,
    wrong_multiplications: u64,
    output: String,
    scores: &'a [Score],
    best: Option<usize>,
    operators: Vec<Line>,
    arena_used: Option<u32>,
}

#[derive(Serialize)]
struct JsonFaulty<'a> {
    fault: &'a str,
    outcome: &'static str,
    #[serde(flatten)]
    inference: JsonInference<'a>,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    model: &'a str,
    model_sha256: String,
    input: &'a str,
    firmware: &'a str,
    core: &'a str,
    multiplier: &'a str,
    macs: u64,
    golden: JsonInference<'a>,
    faulty: Option<JsonFaulty<'a>>,
}

fn json_inference<'a>(report: &Report, inference: &'a Inference) -> JsonInference<'a> {
    let run = &inference.run;
    JsonInference {
        stop: run.stop.to_string(),
        exit_code: match run.stop {
            Stop::Exit(code) => Some(code),
            _ => None,
        },
        instructions: run.retired,
        cycles: run.cycles,
        multiplications: run.counts.muls,
        wrong_multiplications: run.counts.wrong,
        output: crate::hex(&run.output),
        scores: &inference.answer.scores,
        best: inference.answer.best(1).first().map(|score| score.class),
        operators: lines(report, inference),
        arena_used: inference.arena_used,
    }
}

/// The same, and all scores, for programs.
pub(super) fn json(report: &Report) -> serde_json::Result<String> {
    let faulty = report.faulty.as_ref().map(|faulty| JsonFaulty {
        fault: &faulty.name,
        outcome: faulty.outcome.name(),
        inference: json_inference(report, &faulty.inference),
    });
    let whole = JsonReport {
        model: &report.file,
        model_sha256: report.model.sha256(),
        input: &report.input,
        firmware: &report.firmware,
        core: &report.core,
        multiplier: &report.multiplier,
        macs: report.model.macs(),
        golden: json_inference(report, &report.golden),
        faulty,
    };
    Ok(serde_json::to_string_pretty(&whole)? + "\n")
}

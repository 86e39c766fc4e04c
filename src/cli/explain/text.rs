//! An explanation for a terminal.

use super::Told;
use super::words::{self, count, list, many};
use crate::explain::first::Operation;
use crate::explain::lockstep::Lockstep;
use crate::explain::outputs::{LayerTable, State};
use crate::explain::{Code, Explanation};
use crate::report::table::{align, table, trimmed};
use std::fmt::Write;

/// Columns of a paragraph.
const WIDTH: usize = 100;
/// Differing nets that are listed beside the way to the result.
const NETS: usize = 12;

/// The whole explanation.
pub(super) fn text(told: &Told) -> String {
    let e = &told.explanation;
    let mut text = String::new();
    for paragraph in &told.summary {
        let _ = writeln!(text, "{}\n", wrapped(paragraph));
    }
    let _ = writeln!(text, "{}\n", fault(e));
    let _ = writeln!(text, "{}\n", firsts(e));
    if let Some(way) = way(e) {
        let _ = writeln!(text, "{way}\n");
    }
    if let Some(lockstep) = &e.lockstep {
        let _ = writeln!(text, "{}\n", side_by_side(lockstep));
    }
    let _ = writeln!(text, "{}\n", layers(&e.layers));
    let _ = writeln!(text, "{}", runs(e));
    if !e.answer.scores.is_empty() {
        let _ = writeln!(text, "\n{}", answer(e));
    }
    text
}

/// Lines of at most [`WIDTH`] columns.
fn wrapped(paragraph: &str) -> String {
    let (mut text, mut column) = (String::new(), 0);
    for word in paragraph.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text
}

fn fault(e: &Explanation) -> String {
    let mut table = table(&["fault", "net", "cell", "type", "pin", "level", "lowest bit"]);
    for place in &e.places {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        table.add_row([
            place.effect.clone(),
            place.net.clone(),
            or_none(&place.cell),
            or_none(&place.cell_type),
            or_none(&place.pin),
            place.level.to_string(),
            place.bit.map_or_else(|| "none".into(), |bit| bit.to_string()),
        ]);
    }
    align(&mut table, None);
    let state = match &e.carries_state {
        None => "Each product depends on its operands alone (proved).".to_owned(),
        Some(why) => {
            format!("The faulty unit may carry state from one operation to the next: {why}.")
        }
    };
    format!("{}\n{}", trimmed(&table), wrapped(&state))
}

/// Operand or result: hexadecimal and as a number.
fn word(value: u32, signed: bool) -> String {
    format!("{value:#010x} {}", words::number(value, signed))
}

fn firsts(e: &Explanation) -> String {
    let mut text = String::new();
    let mut row = |what: &str, operation: Option<&Operation>| {
        let Some(o) = operation else {
            let _ = writeln!(text, "First {what}: never");
            return;
        };
        let _ = writeln!(
            text,
            "First {what}: instruction {}, multiplication {}: {} {}\n  {:#010x}  {}{}",
            count(o.instruction),
            count(o.number),
            o.op,
            words::factors(o),
            o.code.pc,
            words::place(&o.code),
            words::in_layer(o),
        );
    };
    row("activated", e.activated.as_ref());
    let wrong = e.first_wrong.as_ref().map(|wrong| &wrong.operation);
    if e.first_difference.as_ref().map(|d| d.step) != wrong.map(|w| w.step) {
        row("different in latency or state", e.first_difference.as_ref());
    }
    row("wrong product", wrong);
    let mut text = text.trim_end().to_owned();
    if let Some(wrong) = &e.first_wrong {
        let o = &wrong.operation;
        let signed = o.op != "mulhu";
        let _ = write!(text, "\n  {}", instruction(&o.code));
        let _ = write!(text, "\n  rs1    {}\n  rs2    {}", word(o.rs1, true), word(o.rs2, true));
        let _ = write!(text, "\n  right  {}", word(wrong.right, signed));
        match wrong.wrong {
            Some(value) => {
                let _ = write!(text, "\n  wrong  {}", word(value, signed));
                let bits: Vec<String> = wrong.bits.iter().map(u32::to_string).collect();
                let _ = write!(
                    text,
                    "\n  bits   {:#010x} differ: {}",
                    value ^ wrong.right,
                    list(&bits, 32)
                );
            }
            None => text += "\n  wrong  no answer, ever",
        }
    }
    text
}

fn instruction(code: &Code) -> String {
    format!("{:#010x}  {}", code.pc, code.instruction)
}

fn way(e: &Explanation) -> Option<String> {
    let spread = e.spread.as_ref()?;
    let mut table = table(&["clock", "level", "net", "cell", "type", "pin", "sound", "faulty"]);
    let chain = spread.chains.first();
    let shown: Vec<usize> = match chain {
        Some(chain) => chain.nets.clone(),
        None => (0..spread.nets.len().min(NETS)).collect(),
    };
    for net in shown.iter().map(|i| &spread.nets[*i]) {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        table.add_row([
            net.clock.to_string(),
            net.level.to_string(),
            net.net.clone(),
            or_none(&net.cell),
            or_none(&net.cell_type),
            or_none(&net.pin),
            u8::from(net.sound).to_string(),
            u8::from(net.faulty).to_string(),
        ]);
    }
    align(&mut table, None);
    let mut text = format!(
        "Through the gates: {} of {} differ in that product ({})",
        count(spread.distinct as u64),
        many(spread.of as u64, "net"),
        many(u64::from(spread.clocks), "clock"),
    );
    if let Some(chain) = chain {
        let from = if chain.from_site { "the site" } else { "the wrong state" };
        let _ = write!(text, ".\nA shortest way from {from} to bit {} of the result:", chain.bit);
    }
    let _ = write!(text, "\n{}", trimmed(&table));
    if spread.chains.len() > 1 {
        let others = spread.chains.iter().skip(1);
        let others: Vec<String> = others
            .map(|chain| format!("{} ({})", chain.bit, many(words::gates(spread, chain), "gate")))
            .collect();
        let others =
            format!("Ways to the other wrong bits: {}. All nets: --json.", list(&others, 12));
        let _ = write!(text, "\n{}", wrapped(&others));
    }
    Some(text)
}

fn side_by_side(lockstep: &Lockstep) -> String {
    let mut text = wrapped(&format!(
        "Side by side: {} are compared, from number {} on{}. {} wrote or stored another value, {} of them.",
        many(lockstep.compared, "instruction"),
        count(lockstep.from),
        match (lockstep.bounded, &lockstep.control) {
            (true, _) => " (--max-lockstep ended it)",
            (false, Some(_)) => " until control flow differs",
            (false, None) => " to the end",
        },
        count(lockstep.results),
        many(lockstep.products, "multiplication"),
    ));
    if let Some(a) = &lockstep.address {
        let _ = write!(
            text,
            "\n  address       instruction {}: {}\n    {}\n    golden {:#010x}, faulty {:#010x}",
            count(a.instruction),
            instruction(&a.code),
            words::place(&a.code),
            a.golden,
            a.faulty
        );
    } else {
        text += "\n  address       no load or store has another one until there";
    }
    match &lockstep.control {
        None => text += "\n  control flow  the same",
        Some(c) => {
            let _ = write!(
                text,
                "\n  control flow  after instruction {}: {}\n    {}\n    golden  {}\n    faulty  {}",
                count(c.instruction),
                instruction(&c.code),
                words::place(&c.code),
                words::next(&c.golden, &c.code),
                words::next(&c.faulty, &c.code)
            );
            for register in &c.registers {
                let _ = write!(
                    text,
                    "\n    {:<7} {:#010x} golden, {:#010x} faulty",
                    crate::isa::text::abi_name(register.number),
                    register.golden,
                    register.faulty
                );
            }
        }
    }
    text
}

fn layers(layers: &LayerTable) -> String {
    if let Some(why) = &layers.why_not {
        return wrapped(&format!("Layers: none, since {why}."));
    }
    let mut table = table(&[
        "",
        "layer",
        "output",
        "bytes",
        "differ",
        "largest",
        "mean |d|",
        "MULs",
        "faulty MULs",
        "wrong",
    ]);
    for row in &layers.layers {
        let (bytes, differ, largest, mean) = match (&row.change, row.state) {
            (Some(c), _) => (
                count(c.bytes as u64),
                count(c.differing as u64),
                c.largest.to_string(),
                format!("{:.3}", c.mean_absolute),
            ),
            (None, State::Same) => (String::new(), "0".into(), "0".into(), "0.000".into()),
            (None, State::NotReached) => {
                (String::new(), "not reached".into(), String::new(), String::new())
            }
            (None, _) => (String::new(), "-".into(), String::new(), String::new()),
        };
        table.add_row([
            row.index.to_string(),
            row.name.clone().unwrap_or_default(),
            row.shape.clone().unwrap_or_default(),
            bytes,
            differ,
            largest,
            mean,
            count(row.golden.muls),
            row.faulty.map_or_else(|| "-".into(), |work| count(work.muls)),
            row.faulty.map_or_else(|| "-".into(), |work| count(work.wrong)),
        ]);
    }
    align(&mut table, Some(1));
    let source = match &layers.caller {
        Some(caller) => {
            format!("The firmware marks no layers; these are the calls that {caller} makes.")
        }
        None => "Layers as the firmware marks them.".to_owned(),
    };
    let bytes = "Bytes: what the layer stored outside of the stack and others read after it, in the golden run.";
    format!("{}\n{}", trimmed(&table), wrapped(&format!("{source} {bytes}")))
}

fn runs(e: &Explanation) -> String {
    let mut table =
        table(&["run", "instructions", "cycles", "MULs", "wrong", "exceptions", "ends with"]);
    for (name, run) in [("golden", &e.golden), ("faulty", &e.faulty)] {
        table.add_row([
            name.to_owned(),
            count(run.retired),
            count(run.cycles),
            count(run.muls),
            count(run.wrong),
            count(run.exceptions),
            run.stop.clone(),
        ]);
    }
    align(&mut table, None);
    trimmed(&table)
}

/// Numbers that are listed; long outputs show those that changed most.
const SCORES: usize = 20;

fn answer(e: &Explanation) -> String {
    let a = &e.answer;
    let what = if a.classes { "class" } else { "output" };
    let mut table = table(&[what, "golden", "faulty", "change", ""]);
    let mut rows: Vec<_> = a.scores.iter().collect();
    let change = |s: &crate::explain::answer::Score| s.faulty.map_or(0.0, |f| f - s.golden);
    if rows.len() > SCORES {
        rows.sort_by(|x, y| {
            change(y).abs().total_cmp(&change(x).abs()).then(x.index.cmp(&y.index))
        });
        rows.truncate(SCORES);
    }
    for score in rows {
        let best = |top: Option<usize>| top == Some(score.index) && a.classes;
        let mark = match (best(a.golden_top1), best(a.faulty_top1)) {
            (true, true) => "both answers",
            (true, false) => "golden answer",
            (false, true) => "faulty answer",
            (false, false) => "",
        };
        table.add_row([
            score.index.to_string(),
            score.golden.to_string(),
            score.faulty.map_or_else(|| "-".into(), |f| f.to_string()),
            if change(score) == 0.0 { String::new() } else { format!("{:+}", change(score)) },
            mark.to_owned(),
        ]);
    }
    align(&mut table, Some(4));
    let mut text = trimmed(&table);
    if !a.golden_top5.is_empty() {
        let top = |top: &[usize]| top.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
        let faulty = if a.faulty_top5.is_empty() { "-".to_owned() } else { top(&a.faulty_top5) };
        let _ = write!(text, "\nTop 5: golden {}; faulty {faulty}", top(&a.golden_top5));
    }
    text
}

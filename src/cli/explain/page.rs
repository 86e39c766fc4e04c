//! An explanation as one HTML page, in the style of the report.

use super::Told;
use super::words::{self, count, gates, list, many};
use crate::explain::first::Operation;
use crate::explain::lockstep::Lockstep;
use crate::explain::outputs::State;
use crate::explain::{Code, Explanation, WrongProduct};
use crate::report::html::page;
use crate::report::svg::escape;
use std::fmt::Write;

/// Differing nets that the page lists; JSON has all.
const NETS: usize = 400;
/// Numbers of an output that are drawn.
const SCORES: usize = 100;

/// The page.
pub(super) fn render(told: &Told) -> String {
    let e = &told.explanation;
    let title = format!("Why {} does this to {}", e.fault, told.input);
    let mut body = header(told);
    body += "<main>\n<div class=\"say\">\n";
    for paragraph in &told.summary {
        let _ = writeln!(body, "<p>{}</p>", escape(paragraph));
    }
    body += "</div>\n";
    body += &tiles(told);
    body += &firsts(e);
    body += &way(e);
    if let Some(lockstep) = &e.lockstep {
        body += &side_by_side(lockstep);
    }
    body += &layers(e);
    body += &answer(e);
    body += &runs(e);
    body += &provenance(told);
    body += "</main>\n";
    page(&title, "one", include_str!("page.css"), &body)
}

fn header(told: &Told) -> String {
    let e = &told.explanation;
    format!(
        "<header>\n<div><p class=\"over\">Stuckat: one fault, one input</p>\n<h1>{} on {}</h1>\n<p class=\"subject\">Multiplier {}, scope {}</p></div>\n\
         <button id=\"theme\" type=\"button\" hidden>Light / dark</button>\n</header>\n",
        escape(&e.fault),
        escape(&told.input),
        escape(&e.multiplier),
        escape(&e.scope),
    )
}

fn tiles(told: &Told) -> String {
    let e = &told.explanation;
    let class =
        |class: Option<usize>| class.map_or_else(|| "–".to_owned(), |class| class.to_string());
    let mut tiles = vec![("Outcome", e.outcome.name().to_owned(), e.faulty.stop.clone())];
    if e.answer.classes {
        let label = told.label.map_or(String::new(), |label| format!("label {label}"));
        let answers = match e.answer.golden_top1 == e.answer.faulty_top1 {
            true => class(e.answer.golden_top1),
            false => format!("{} → {}", class(e.answer.golden_top1), class(e.answer.faulty_top1)),
        };
        tiles.push(("Class", answers, label));
    }
    tiles.push(("Wrong products", count(e.faulty.wrong), format!("of {}", count(e.faulty.muls))));
    if let Some(spread) = &e.spread {
        let of = format!("of {}, in the first wrong product", count(spread.of as u64));
        tiles.push(("Nets that differ", count(spread.distinct as u64), of));
    }
    let mut text = "<div class=\"tiles\">\n".to_owned();
    for (name, value, below) in tiles {
        let _ = writeln!(
            text,
            "<div class=\"tile\"><span>{name}</span><b>{}</b><small>{}</small></div>",
            escape(&value),
            escape(&below)
        );
    }
    text + "</div>\n"
}

/// An instruction with where it stands.
fn code(code: &Code) -> String {
    let mut text =
        format!("<span class=\"code\">{:#010x} {}</span>", code.pc, escape(&code.instruction));
    for frame in &code.frames {
        let line = frame.line.as_ref().map_or(String::new(), |line| format!(", {line}"));
        let _ = write!(text, "<small>{}{}</small>", escape(&frame.function), escape(&line));
    }
    text
}

fn firsts(e: &Explanation) -> String {
    let mut text = "<h2>Where it begins</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>First</th><th class=\"n\">Instruction</th>\
                    <th class=\"n\">Multiplication</th><th>Operation</th><th>Where</th><th>Layer</th></tr></thead>\n<tbody>\n"
        .to_owned();
    let mut row = |what: &str, operation: Option<&Operation>| {
        let _ = write!(text, "<tr class=\"first\"><th>{what}</th>");
        let Some(o) = operation else {
            text += "<td class=\"n\">never</td><td></td><td></td><td></td><td></td></tr>\n";
            return;
        };
        let layer = match (o.layer, &o.operator) {
            (Some(layer), Some(operator)) => format!("{layer} {operator}"),
            (Some(layer), None) => layer.to_string(),
            (None, _) => "–".into(),
        };
        let _ = writeln!(
            text,
            "<td class=\"n\">{}</td><td class=\"n\">{}</td><td>{} {}</td><td>{}</td><td>{}</td></tr>",
            count(o.instruction),
            count(o.number),
            o.op,
            escape(&words::factors(o)),
            code(&o.code),
            escape(&layer)
        );
    };
    row("activated", e.activated.as_ref());
    let wrong = e.first_wrong.as_ref().map(|wrong| &wrong.operation);
    if e.first_difference.as_ref().map(|d| d.step) != wrong.map(|w| w.step) {
        row("different in latency or state", e.first_difference.as_ref());
    }
    row("wrong product", wrong);
    text += "</tbody></table></div>\n";
    text + &e.first_wrong.as_ref().map_or(String::new(), product)
}

/// 32 bits; those that differ from another word stand out.
fn bits(value: u32, other: u32) -> String {
    let mut text = String::from("<span class=\"bitrow code\">");
    for bit in (0..32).rev() {
        let (this, that) = (value >> bit & 1, other >> bit & 1);
        let class = if this == that { "" } else { " class=\"off\"" };
        let _ = write!(text, "<i{class}>{this}</i>");
    }
    text + "</span>"
}

fn product(wrong: &WrongProduct) -> String {
    let o = &wrong.operation;
    let signed = o.op != "mulhu";
    let mut text = "<h3 style=\"margin-top:20px\">The first wrong product</h3>\n<div class=\"wide\"><table style=\"width:auto\"><tbody>\n".to_owned();
    let mut row = |name: &str, value: Option<u32>, other: u32, signed: bool| {
        let cells = match value {
            None => "<td class=\"n\">never answered</td><td></td><td></td>".to_owned(),
            Some(value) => format!(
                "<td class=\"n code\">{value:#010x}</td><td class=\"n\">{}</td><td>{}</td>",
                words::number(value, signed),
                bits(value, other)
            ),
        };
        let _ = writeln!(text, "<tr class=\"first\"><th>{name}</th>{cells}</tr>");
    };
    row("rs1", Some(o.rs1), o.rs1, true);
    row("rs2", Some(o.rs2), o.rs2, true);
    row("right", Some(wrong.right), wrong.right, signed);
    row("wrong", wrong.wrong, wrong.right, signed);
    text + "</tbody></table></div>\n"
}

fn way(e: &Explanation) -> String {
    let Some(spread) = &e.spread else { return String::new() };
    let mut text = "<h2>Through the gates</h2>\n".to_owned();
    let net = |i: usize, text: &mut String| {
        let net = &spread.nets[i];
        let cell = match (&net.cell, &net.pin, &net.cell_type) {
            (Some(cell), Some(pin), Some(kind)) => {
                format!("<td>{}/{}</td><td>{}</td>", escape(cell), escape(pin), escape(kind))
            }
            _ => "<td>input or register</td><td></td>".to_owned(),
        };
        let _ = writeln!(
            text,
            "<tr class=\"first\"><td class=\"n\">{}</td><td class=\"n\">{}</td><th>{}</th>{cell}<td class=\"n\">{}</td><td class=\"n wrongly\">{}</td></tr>",
            net.clock,
            net.level,
            escape(&net.net),
            u8::from(net.sound),
            u8::from(net.faulty)
        );
    };
    let head = "<div class=\"wide\"><table>\n<thead><tr><th class=\"n\">Clock</th><th class=\"n\">Level</th><th>Net</th><th>Driven by</th><th>Type</th>\
                <th class=\"n\">Sound</th><th class=\"n\">Faulty</th></tr></thead>\n<tbody>\n";
    let foot = "</tbody></table></div>\n";
    if let Some(chain) = spread.chains.first() {
        let from = if chain.from_site { "the site of the fault" } else { "a wrong state" };
        let _ = writeln!(
            text,
            "<p class=\"caption\">A shortest way from {from} to bit {} of the result, {}.</p>",
            chain.bit,
            many(gates(spread, chain), "gate")
        );
        text += head;
        chain.nets.iter().for_each(|i| net(*i, &mut text));
        text += foot;
    }
    if spread.chains.len() > 1 {
        let others: Vec<String> = spread
            .chains
            .iter()
            .skip(1)
            .map(|chain| format!("bit {} after {}", chain.bit, many(gates(spread, chain), "gate")))
            .collect();
        let _ = writeln!(text, "<p class=\"caption\">Other wrong bits: {}.</p>", list(&others, 31));
    }
    let shown = spread.nets.len().min(NETS);
    let _ = writeln!(
        text,
        "<details><summary>All nets that differ: {} of {} in {}</summary>",
        count(spread.distinct as u64),
        count(spread.of as u64),
        many(u64::from(spread.clocks), "clock")
    );
    text += head;
    (0..shown).for_each(|i| net(i, &mut text));
    text += foot;
    if shown < spread.nets.len() {
        let _ = writeln!(
            text,
            "<p class=\"caption\">The first {shown} of {}; the JSON has all.</p>",
            count(spread.nets.len() as u64)
        );
    }
    text + "</details>\n"
}

fn side_by_side(lockstep: &Lockstep) -> String {
    let until = match (lockstep.bounded, &lockstep.control) {
        (true, _) => "until --max-lockstep ended the comparison",
        (false, Some(_)) => "until control flow differs",
        (false, None) => "to the end",
    };
    let mut text = format!(
        "<h2>Side by side</h2>\n<p class=\"caption\">{} are compared, from number {} on, {until}. {} wrote or stored another value; {} of these are \
         multiplications.</p>\n<div class=\"wide\"><table>\n<thead><tr><th>First difference of</th><th class=\"n\">Instruction</th><th>Where</th>\
         <th>Golden</th><th>Faulty</th></tr></thead>\n<tbody>\n",
        many(lockstep.compared, "instruction"),
        count(lockstep.from),
        count(lockstep.results),
        count(lockstep.products),
    );
    match &lockstep.address {
        None => {
            text += "<tr class=\"first\"><th>an address</th><td class=\"n\">–</td><td>no load or store until there</td><td></td><td></td></tr>\n"
        }
        Some(a) => {
            let _ = writeln!(
                text,
                "<tr class=\"first\"><th>an address</th><td class=\"n\">{}</td><td>{}</td><td class=\"code\">{:#010x}</td><td class=\"code wrongly\">{:#010x}</td></tr>",
                count(a.instruction),
                code(&a.code),
                a.golden,
                a.faulty
            );
        }
    }
    match &lockstep.control {
        None => {
            text += "<tr class=\"first\"><th>control flow</th><td class=\"n\">–</td><td>the same</td><td></td><td></td></tr>\n"
        }
        Some(c) => {
            let next = |next: &crate::explain::lockstep::Next| match (&next.code, &next.ends) {
                (Some(there), _) => code(there),
                (None, how) => format!("ends: {}", escape(how.as_deref().unwrap_or("–"))),
            };
            let _ = writeln!(
                text,
                "<tr class=\"first\"><th>control flow</th><td class=\"n\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                count(c.instruction),
                code(&c.code),
                next(&c.golden),
                next(&c.faulty)
            );
        }
    }
    text += "</tbody></table></div>\n";
    if let Some(c) = lockstep.control.as_ref().filter(|c| !c.registers.is_empty()) {
        text += "<p class=\"caption\">Registers that differ there:</p>\n<div class=\"wide\"><table style=\"width:auto\"><tbody>\n";
        for register in &c.registers {
            let _ = writeln!(
                text,
                "<tr class=\"first\"><th>{}</th><td class=\"code\">{:#010x}</td><td class=\"code wrongly\">{:#010x}</td></tr>",
                crate::isa::text::abi_name(register.number),
                register.golden,
                register.faulty
            );
        }
        text += "</tbody></table></div>\n";
    }
    text
}

fn layers(e: &Explanation) -> String {
    let table = &e.layers;
    if let Some(why) = &table.why_not {
        return format!(
            "<h2>Layer by layer</h2>\n<p class=\"caption\">None, since {}.</p>\n",
            escape(why)
        );
    }
    let mut text = "<h2>Layer by layer</h2>\n<div class=\"wide\"><table>\n<thead><tr><th class=\"n\"></th><th>Layer</th><th>Output</th><th class=\"n\">Bytes</th>\
                    <th class=\"n\">Differ</th><th></th><th class=\"n\">Largest change</th><th class=\"n\">Mean change</th><th class=\"n\">Multiplications</th>\
                    <th class=\"n\">Wrong</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for row in &table.layers {
        let output = match (&row.change, row.state) {
            (Some(c), _) => format!(
                "<td class=\"n\">{}</td><td class=\"n\">{}</td><td><span class=\"meter\"><i style=\"width:{:.2}%\"></i></span></td><td class=\"n\">{}</td><td class=\"n\">{:.3}</td>",
                count(c.bytes as u64),
                count(c.differing as u64),
                100.0 * c.differing as f64 / c.bytes.max(1) as f64,
                c.largest,
                c.mean_absolute
            ),
            (None, state) => format!(
                "<td></td><td class=\"n\">{}</td><td></td><td></td><td></td>",
                match state {
                    State::Same => "0",
                    State::NotReached => "not reached",
                    _ => "–",
                }
            ),
        };
        let work = row.faulty.map_or(("–".to_owned(), "–".to_owned()), |work| {
            (count(work.muls), count(work.wrong))
        });
        let _ = writeln!(
            text,
            "<tr class=\"first\"><td class=\"n\">{}</td><th>{}</th><td>{}</td>{output}<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            row.index,
            escape(row.name.as_deref().unwrap_or("–")),
            escape(row.shape.as_deref().unwrap_or("")),
            work.0,
            work.1
        );
    }
    let source = match &table.caller {
        Some(caller) => {
            format!("The firmware marks no layers; these are the calls that {caller} makes.")
        }
        None => "Layers as the firmware marks them.".to_owned(),
    };
    let _ = writeln!(
        text,
        "</tbody></table></div>\n<p class=\"caption\">{} Bytes: what the layer stored outside of the stack and others read after it, in the golden run. \
         Multiplications: the faulty run's.</p>",
        escape(&source)
    );
    text
}

fn answer(e: &Explanation) -> String {
    let a = &e.answer;
    if a.scores.is_empty() {
        return String::new();
    }
    let all = a.scores.iter().flat_map(|s| [Some(s.golden), s.faulty]).flatten();
    let (low, high) = all.fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(x), h.max(x)));
    let width = |x: f64| 100.0 * (x - low) / (high - low).max(f64::MIN_POSITIVE);
    let mut text = "<h2>The answer</h2>\n<p class=\"caption\"><span class=\"key g\"></span>golden&emsp;<span class=\"key f\"></span>faulty</p>\n<div class=\"scores\">\n".to_owned();
    for score in a.scores.iter().take(SCORES) {
        let best = |top: Option<usize>| a.classes && top == Some(score.index);
        let name = format!("{} {}", if a.classes { "class" } else { "number" }, score.index);
        let name = if best(a.golden_top1) || best(a.faulty_top1) {
            format!("<b>{name}</b>")
        } else {
            name
        };
        let faulty = score.faulty.map_or(String::new(), |f| {
            format!("<i class=\"f\" style=\"width:{:.2}%\"></i>", width(f))
        });
        let number = match score.faulty {
            Some(f) if f != score.golden => {
                format!("{} → <span class=\"wrongly\">{f}</span>", score.golden)
            }
            Some(_) => score.golden.to_string(),
            None => format!("{} → –", score.golden),
        };
        let _ = writeln!(
            text,
            "<span>{name}</span><span class=\"pair\"><i class=\"g\" style=\"width:{:.2}%\"></i>{faulty}</span><span>{number}</span>",
            width(score.golden)
        );
    }
    text += "</div>\n";
    if !a.golden_top5.is_empty() {
        let top = |top: &[usize]| match top {
            [] => "–".to_owned(),
            top => top.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
        };
        let _ = writeln!(
            text,
            "<p class=\"caption\">Five best: golden {}; faulty {}.</p>",
            top(&a.golden_top5),
            top(&a.faulty_top5)
        );
    }
    text
}

fn runs(e: &Explanation) -> String {
    let mut text = "<h2>Both runs</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Run</th><th class=\"n\">Instructions</th><th class=\"n\">Cycles</th>\
                    <th class=\"n\">Multiplications</th><th class=\"n\">Wrong</th><th class=\"n\">Exceptions</th><th>Ends with</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for (name, run) in [("golden", &e.golden), ("faulty", &e.faulty)] {
        let _ = writeln!(
            text,
            "<tr class=\"first\"><th>{name}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            count(run.retired),
            count(run.cycles),
            count(run.muls),
            count(run.wrong),
            count(run.exceptions),
            escape(&run.stop)
        );
    }
    text + "</tbody></table></div>\n"
}

fn provenance(told: &Told) -> String {
    let e = &told.explanation;
    let mut rows = Vec::new();
    for place in &e.places {
        let bit = place.bit.map_or("no bit of the result".to_owned(), |bit| {
            format!("bits of the result from {bit} up")
        });
        rows.push((
            "Fault",
            format!(
                "{}, {}; level {}, its gates lead to {bit}",
                words::site(place),
                words::effect(place),
                place.level
            ),
        ));
    }
    rows.push((
        "State",
        e.carries_state
            .as_ref()
            .map_or("each product depends on its operands alone (proved)".into(), |why| {
                format!("may be carried from one operation to the next: {why}")
            }),
    ));
    rows.push(("Firmware (SHA-256)", e.elf_sha256.clone()));
    rows.push(("Stuckat", format!("{}, explanation format {}", e.stuckat, e.format)));
    let mut text = "<div id=\"provenance\" style=\"margin-top:32px\">\n<details open><summary>What this is about</summary>\n<dl>\n".to_owned();
    for (name, value) in rows {
        let _ = writeln!(text, "<dt>{name}</dt><dd>{}</dd>", escape(&value));
    }
    text + "</dl></details>\n</div>\n"
}

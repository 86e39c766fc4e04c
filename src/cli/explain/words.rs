//! An explanation in plain language: a few sentences, and the phrases that text and page share.

use super::Told;
use crate::campaign::outcome::Outcome;
use crate::explain::first::Operation;
use crate::explain::lockstep::{ControlDifference, Next};
use crate::explain::outputs::{LayerRow, LayerTable, State};
use crate::explain::{Code, Explanation};
use crate::netlist::places::Place;
use crate::netlist::spread::{Chain, Spread};
use crate::report::table::grouped;

/// A count for people.
pub(super) fn count(n: u64) -> String {
    grouped(usize::try_from(n).unwrap_or(usize::MAX))
}

/// `1 gate`, `2 gates`.
pub(super) fn many(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// `5`, `5 and 6`, `5, 6 and 7`; long lists end with how many more there are.
pub(super) fn list(items: &[String], most: usize) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        items if items.len() > most => {
            format!("{} and {} more", items[..most].join(", "), items.len() - most)
        }
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The stuck value in words.
pub(super) fn effect(place: &Place) -> String {
    match place.effect.as_str() {
        "SA0" => "stuck at 0".into(),
        "SA1" => "stuck at 1".into(),
        flip => {
            match flip.strip_prefix("FLIP@").map(|when| when.split_once('.').unwrap_or((when, "1")))
            {
                Some((operation, clock)) => {
                    format!("inverted in clock {clock} of multiplication {operation}")
                }
                None => flip.to_owned(),
            }
        }
    }
}

/// `net n520 (pin ZN of U423, type NAND2_X1)`.
pub(super) fn site(place: &Place) -> String {
    let driver = match (&place.cell, &place.pin, &place.cell_type) {
        (Some(cell), Some(pin), Some(kind)) => {
            format!("pin {pin} of {cell}, type {kind}")
        }
        _ => "an input of the multiplier".to_owned(),
    };
    format!("net {} ({driver})", place.net)
}

/// `12 x -3`, as the operation sees its operands.
pub(super) fn factors(operation: &Operation) -> String {
    let op = operation.tuple().op;
    // MUL gives the same bits for both readings; small negative numbers are easier to read.
    let signed = |sign: bool| sign || operation.op == "mul";
    format!(
        "{} x {}",
        number(operation.rs1, signed(op.signed_rs1)),
        number(operation.rs2, signed(op.signed_rs2))
    )
}

/// A word as a number.
pub(super) fn number(word: u32, signed: bool) -> String {
    if signed { word.cast_signed().to_string() } else { word.to_string() }
}

/// A result as a number, signed unless the operation is unsigned.
pub(super) fn result(operation: &Operation, word: u32) -> String {
    number(word, operation.op != "mulhu")
}

/// `conv_2d (conv.c:57)`, or the address.
pub(super) fn place(code: &Code) -> String {
    let Some(inner) = code.frames.first() else { return format!("pc {:#010x}", code.pc) };
    let mut text = inner.function.clone();
    if let Some(line) = &inner.line {
        text += &format!(" ({line})");
    }
    if code.frames.len() > 1 {
        text += &format!(", part of {}", code.function().unwrap_or_default());
    }
    text
}

/// `, in layer 3 (CONV_2D)`, or nothing.
pub(super) fn in_layer(operation: &Operation) -> String {
    match (operation.layer, &operation.operator) {
        (Some(layer), Some(operator)) => format!(", in layer {layer} ({operator})"),
        (Some(layer), None) => format!(", in layer {layer}"),
        (None, _) => String::new(),
    }
}

/// Where a run goes on.
pub(super) fn next(next: &Next, from: &Code) -> String {
    match (&next.code, &next.ends) {
        (Some(code), _) if code.function() == from.function() => {
            let line = code.frames.first().and_then(|frame| frame.line.as_ref());
            let line = line.map_or(String::new(), |line| format!(" ({line})"));
            format!("goes to {:#010x}{line}", code.pc)
        }
        (Some(code), _) => format!("goes to {:#010x} in {}", code.pc, place(code)),
        (None, Some(how)) => format!("ends: {how}"),
        (None, None) => "ends".into(),
    }
}

/// Gates on a way: cells that drive its nets, the first net's left out.
pub(super) fn gates(spread: &Spread, chain: &Chain) -> u64 {
    let driven = chain.nets.iter().skip(1).filter(|net| spread.nets[**net].cell.is_some());
    driven.count() as u64
}

/// The layer's name for people.
pub(super) fn layer(row: &LayerRow) -> String {
    match &row.name {
        Some(name) => format!("layer {} ({name})", row.index),
        None => format!("layer {}", row.index),
    }
}

/// The sentences, a paragraph each.
pub(super) fn summary(told: &Told) -> Vec<String> {
    let e = &told.explanation;
    let mut text = vec![verdict(told)];
    text.push(beginning(e));
    if let Some(spread) = spread(e) {
        text.push(spread);
    }
    if let Some(course) = course(e) {
        text.push(course);
    }
    text.extend(layers(&e.layers));
    text.extend(scores(e));
    text
}

fn verdict(told: &Told) -> String {
    let e = &told.explanation;
    let sites: Vec<String> =
        e.places.iter().map(|place| format!("{} {}", site(place), effect(place))).collect();
    let subject = format!("With {}", list(&sites, 4));
    let label = told.label.map_or(String::new(), |label| format!(" (label {label})"));
    let class =
        |class: Option<usize>| class.map_or("no class".to_owned(), |c| format!("class {c}"));
    let golden = class(e.answer.golden_top1);
    let what = match e.outcome {
        Outcome::NeverWrong => {
            format!("every multiplication of {}{label} comes out as without the fault", told.input)
        }
        Outcome::Masked => format!(
            "{} come out otherwise, and the answer to {}{label} is the same to the last bit{}",
            many(e.faulty.differing, "multiplication"),
            told.input,
            if e.answer.classes { format!(": {golden}") } else { String::new() }
        ),
        Outcome::SdcBenign => {
            format!("{}{label} is still answered with {golden}, but with other scores", told.input)
        }
        Outcome::SdcCritical => format!(
            "{}{label} is answered with {} instead of {golden}",
            told.input,
            class(e.answer.faulty_top1)
        ),
        Outcome::Sdc => format!("{}{label} is answered with other numbers", told.input),
        Outcome::BadExit => format!(
            "the firmware itself notices a failure on {}{label}, and ends with {}",
            told.input, e.faulty.stop
        ),
        Outcome::Trap => match &e.exception {
            Some(exception) => format!(
                "the core takes an exception on {}{label} that it does not take without the fault: {} at pc {:#010x} in {}",
                told.input,
                exception.cause,
                exception.code.pc,
                place(&exception.code)
            ),
            None => format!("the core takes an exception on {}{label}", told.input),
        },
        Outcome::Hang => format!(
            "the run on {}{label} does not end: {}, after {} instructions; without the fault it takes {}",
            told.input,
            e.faulty.stop,
            count(e.faulty.retired),
            count(e.golden.retired)
        ),
    };
    format!("{subject}, {what}. Outcome: {}.", e.outcome.name())
}

fn beginning(e: &Explanation) -> String {
    let mut text = match &e.activated {
        None => "No multiplication of the golden run brings the other value to the site, so that the fault cannot show in a product.".to_owned(),
        Some(first) => format!(
            "The fault is first activated by instruction {}, {} {}, in {}{}.",
            count(first.instruction), first.op, factors(first), place(&first.code), in_layer(first)
        ),
    };
    match (&e.first_wrong, &e.first_difference) {
        (Some(wrong), _) => {
            let o = &wrong.operation;
            let value = match wrong.wrong {
                Some(value) => {
                    format!("becomes {} instead of {}", result(o, value), result(o, wrong.right))
                }
                None => format!("is never answered; {} would be right", result(o, wrong.right)),
            };
            let same = e.activated.as_ref().is_some_and(|first| first.instruction == o.instruction);
            let subject = match same {
                true => "That product is wrong at once".to_owned(),
                false => format!(
                    "The first wrong product is that of instruction {}, in {}{}",
                    count(o.instruction),
                    place(&o.code),
                    in_layer(o)
                ),
            };
            text += &format!(" {subject}: {} {} {value}.", o.op, factors(o));
        }
        (None, Some(first)) => {
            text += &format!(
                " No product is wrong; what differs first, in latency or in the unit's state, is {} {} of instruction {}.",
                first.op,
                factors(first),
                count(first.instruction)
            )
        }
        (None, None) => text += " No product is wrong.",
    }
    text
}

fn spread(e: &Explanation) -> Option<String> {
    let spread = e.spread.as_ref()?;
    let wrong = e.first_wrong.as_ref()?;
    let bits: Vec<String> = wrong.bits.iter().map(u32::to_string).collect();
    let mut text = format!(
        "In that product {} of the multiplier's {} differ",
        count(spread.distinct as u64),
        many(spread.of as u64, "net")
    );
    if let Some(chain) = spread.chains.first() {
        let gates = many(gates(spread, chain), "gate");
        text +=
            &format!("; the shortest way to the result goes through {gates} to bit {}", chain.bit);
    }
    if bits.len() > 1 {
        text += &format!("; bits {} are wrong", list(&bits, 8));
    }
    Some(text + ".")
}

fn course(e: &Explanation) -> Option<String> {
    let lockstep = e.lockstep.as_ref()?;
    let mut text = format!(
        "In the whole run {} of {} {} wrong.",
        count(e.faulty.wrong),
        many(e.faulty.muls, "product"),
        if e.faulty.wrong == 1 { "is" } else { "are" }
    );
    if let Some(address) = &lockstep.address {
        text += &format!(
            " An address first differs in instruction {}: {} in {} {} {:#010x} instead of {:#010x}.",
            count(address.instruction),
            address.code.instruction,
            place(&address.code),
            if address.store { "stores to" } else { "loads from" },
            address.faulty,
            address.golden
        );
    }
    match &lockstep.control {
        Some(control) => text += &format!(" {}", parting(control)),
        None if lockstep.bounded => {
            text += &format!(
                " Control flow is the golden one for {} instructions; then --max-lockstep ended the comparison.",
                count(lockstep.compared)
            )
        }
        None => {
            text +=
                " Control flow never differs: both runs execute the same instructions to the end."
        }
    }
    if lockstep.address.is_none() && lockstep.control.is_none() && !lockstep.bounded {
        text += " Neither does the address of a load or store; the error lives in data alone.";
    }
    Some(text)
}

fn parting(control: &ControlDifference) -> String {
    format!(
        "Control flow first differs after instruction {}, {} in {}: the golden run {}, the faulty one {}. Until there {} wrong, and {}.",
        count(control.instruction),
        control.code.instruction,
        place(&control.code),
        next(&control.golden, &control.code),
        next(&control.faulty, &control.code),
        match control.wrong_products {
            1 => "1 product is".to_owned(),
            n => format!("{} products are", count(n)),
        },
        match control.registers.len() {
            0 => "no register differs".to_owned(),
            1 => "1 register differs".to_owned(),
            n => format!("{n} registers differ"),
        }
    )
}

fn layers(table: &LayerTable) -> Option<String> {
    let compared: Vec<&LayerRow> =
        table.layers.iter().filter(|row| row.state == State::Compared).collect();
    let differs = |row: &&&LayerRow| row.change.as_ref().is_some_and(|change| change.differing > 0);
    let first = compared.iter().find(differs)?;
    let describe = |row: &LayerRow| {
        let change = row.change.as_ref()?;
        Some(format!(
            "{} of {} bytes that {} hands on differ, by {} at most",
            count(change.differing as u64),
            count(change.bytes as u64),
            layer(row),
            change.largest
        ))
    };
    let mut text = describe(first)?;
    let last = compared.last()?;
    if last.index != first.index {
        text += &match last.change.as_ref() {
            Some(change) if change.differing == 0 => {
                format!("; what {} hands on is the golden output again", layer(last))
            }
            _ => format!("; at the end, {}", describe(last)?),
        };
    }
    let missing = table.layers.iter().find(|row| row.state == State::NotReached);
    if let Some(missing) = missing {
        text += &format!("; the faulty run does not come through {}", layer(missing));
    }
    let mut letters = text.chars();
    let begin = letters.next()?.to_uppercase();
    Some(format!("{begin}{}.", letters.as_str()))
}

fn scores(e: &Explanation) -> Option<String> {
    let a = &e.answer;
    let (golden, faulty) = (a.golden_top1?, a.faulty_top1?);
    let score = |class: usize| a.scores.get(class);
    let of = |class: usize| {
        let score = score(class)?;
        let faulty = score.faulty?;
        Some(match score.golden == faulty {
            true => format!("class {class} keeps its score of {faulty}"),
            false => format!("class {class} goes from {} to {faulty}", score.golden),
        })
    };
    if golden == faulty {
        let change = a.largest_change.filter(|change| *change > 0.0)?;
        return Some(format!(
            "{}; the largest change of a score is {change}.",
            upper(&of(golden)?)
        ));
    }
    let tie = a.scores.get(golden)?.faulty == a.scores.get(faulty)?.faulty;
    let tie = if tie { "; of equal scores the lower class wins" } else { "" };
    Some(format!("{}, and {}{tie}.", upper(&of(golden)?), of(faulty)?))
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}

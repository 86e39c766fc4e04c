//! Fault lists: one scenario's fault, or faults, a line.
//!
//! In: text, as Stuckat writes it or as test generation tools do. Out: [`FaultSet`]s. Understood, by line:
//!
//! | line | from |
//! |---|---|
//! | `instance/PIN SA0`, `NET SA1`, `instance/PIN/SA0`, `A SA0 + B SA1` | Stuckat ([`super::fault`] has the forms) |
//! | `sa0 DS instance/PIN`, `sa1 instance/PIN` | the order of TetraMAX and TestMAX: type, perhaps a class, pin |
//! | `0 DS "/instance/PIN"`, `1,EQ,"/instance/PIN"` | the order of FastScan and Tessent: value, perhaps a class, path from the top |
//! | empty, or beginning with `//` | nothing |
//!
//! What comes after a `#` that begins a line or follows a blank is a comment.
//!
//! Classes are not looked at. A line that repeats an earlier one is an error: it would be counted twice.

use super::Circuit;
use super::fault::{Fault, FaultError, FaultSet, Names, Stuck};
use std::collections::HashMap;
use thiserror::Error;

/// Why a fault list cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("line {line}: {what}")]
pub struct FaultListError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// Reads a fault list.
///
/// # Errors
/// [`FaultListError`] of the first line that is wrong.
pub fn parse(text: &str, circuit: &Circuit) -> Result<Vec<FaultSet>, FaultListError> {
    let names = Names::new(circuit);
    let mut sets = Vec::new();
    let mut seen: HashMap<FaultSet, usize> = HashMap::new();
    for (i, line) in text.lines().enumerate() {
        let line = without_comment(line).trim();
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        let error = |what: String| FaultListError { line: i + 1, what };
        let set = read(line, &names, circuit).map_err(|e| error(e.to_string()))?;
        if let Some(first) = seen.insert(set.clone(), i + 1) {
            return Err(error(format!("'{line}' stands in line {first} already; remove one")));
        }
        sets.push(set);
    }
    if sets.is_empty() {
        return Err(FaultListError {
            line: 1,
            what: "there is no fault; write one a line, as 'instance/PIN SA0'".into(),
        });
    }
    Ok(sets)
}

/// Writes one line of a fault list.
pub fn line(set: &FaultSet, circuit: &Circuit) -> String {
    let netlist = circuit.netlist();
    let fault = |f: &Fault| format!("{} {}", f.site.name(netlist), f.effect);
    set.faults().iter().map(fault).collect::<Vec<_>>().join(" + ")
}

fn without_comment(line: &str) -> &str {
    let begins =
        |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices('#').find(begins).map_or(line, |(at, _)| &line[..at])
}

fn read(line: &str, names: &Names, circuit: &Circuit) -> Result<FaultSet, FaultError> {
    let Some((stuck, site)) = value_first(line) else { return names.set(line) };
    // The path may begin at the top, with or without the module's name.
    let path = site.strip_prefix('/').unwrap_or(site);
    let inside = path.strip_prefix(&circuit.netlist().module).and_then(|p| p.strip_prefix('/'));
    let site = names.site(path).or_else(|why| inside.ok_or(why).and_then(|p| names.site(p)))?;
    Ok(Fault::stuck(site, stuck).into())
}

/// A line that begins with the stuck value: the value and the path.
fn value_first(line: &str) -> Option<(Stuck, &str)> {
    let separates = |c: char| c == ',' || c.is_whitespace();
    let mut words = line.split(separates).filter(|w| !w.is_empty());
    let stuck = match words.next()?.trim_matches('"') {
        "0" | "sa0" | "SA0" => Stuck::At0,
        "1" | "sa1" | "SA1" => Stuck::At1,
        _ => return None,
    };
    let path = match (words.next()?, words.next(), words.next()) {
        (path, None, _) | (_, Some(path), None) => path,
        _ => return None,
    };
    Some((stuck, path.trim_matches('"')))
}

/// A whole list as text: the set's line for each.
pub fn write(sets: &[FaultSet], circuit: &Circuit) -> String {
    sets.iter().map(|set| line(set, circuit) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_several_tools_mean_the_same() {
        let circuit = Circuit::default_multiplier();
        let cell = &circuit.netlist().cells[10];
        let (cell, pin) = (&cell.name, &cell.kind.inputs[0]);
        let ours =
            parse(&format!("{cell}/{pin} SA0\n{cell}/{pin}/SA1\nmult1_7 SA1\n"), &circuit).unwrap();
        let module = &circuit.netlist().module;
        let others = [
            format!("sa0 DS {cell}/{pin}\nsa1 -- {cell}/{pin}\nsa1 mult1_7\n"),
            format!("0 DS \"/{cell}/{pin}\"\n1,EQ,\"/{module}/{cell}/{pin}\"\n  1 UO /mult1_7\n"),
            format!(
                "# ours\n{cell}/{pin} sa0 # twice\n\n// too\n{cell}/{pin}  SA1\nmult1_7/SA1#\n"
            )
            .replace("SA1#", "SA1 #"),
        ];
        for text in others {
            assert_eq!(parse(&text, &circuit).as_ref(), Ok(&ours), "{text}");
        }
        assert_eq!(parse(&write(&ours, &circuit), &circuit), Ok(ours));
    }

    #[test]
    fn faults_that_are_there_together_stand_in_one_line() {
        let circuit = Circuit::default_multiplier();
        let sets = parse("mult1_7 SA0 + mult1_8 SA1\nmult1_9 FLIP@12.2\n", &circuit).unwrap();
        assert_eq!(sets.iter().map(|s| s.faults().len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(sets[1].name(circuit.netlist()), "mult1_9/FLIP@12.2");
        assert_eq!(write(&sets, &circuit), "mult1_7 SA0 + mult1_8 SA1\nmult1_9 FLIP@12.2\n");
    }
}

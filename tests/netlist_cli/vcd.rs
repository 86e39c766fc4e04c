//! A small reader of value change dumps (IEEE Std 1364-2005, clause 18), written for these tests: it knows nothing of the
//! writer, and reads Icarus Verilog's dumps as well. `$comment`, `$date` and the like are skipped.
#![allow(dead_code)] // Each test file uses its own part.

use std::collections::BTreeMap;

/// What a dump holds: by path (`scope.name`, without the index of a vector) its changes, as time and bits, the most
/// significant first.
#[derive(Debug, Default)]
pub struct Dump {
    variables: BTreeMap<String, (usize, String)>,
    changes: BTreeMap<String, Vec<(u64, String)>>,
    pub times: Vec<u64>,
}

impl Dump {
    pub fn read(text: &str) -> Self {
        let mut dump = Self::default();
        let mut words = text.split_whitespace();
        let mut scopes: Vec<String> = Vec::new();
        let mut time = 0;
        let mut defined = false;
        while let Some(word) = words.next() {
            match word {
                "$scope" => {
                    let scope: Vec<&str> = words.by_ref().take_while(|w| *w != "$end").collect();
                    assert_eq!(scope.len(), 2, "type and name");
                    scopes.push(scope[1].to_owned());
                }
                "$upscope" => {
                    assert_eq!(words.next(), Some("$end"));
                    scopes.pop().expect("a scope to leave");
                }
                "$var" => {
                    let var: Vec<&str> = words.by_ref().take_while(|w| *w != "$end").collect();
                    let (width, id) = (var[1].parse().expect("a width"), var[2].to_owned());
                    // The index of a bit is part of the name, that of a whole vector is not.
                    let index = var.get(4).filter(|index| !index.contains(':'));
                    let name = format!("{}{}", var[3], index.unwrap_or(&""));
                    assert!(
                        !scopes.is_empty() && !defined,
                        "variables are defined in scopes, first"
                    );
                    let path = format!("{}.{name}", scopes.join("."));
                    assert!(dump.variables.insert(path.clone(), (width, id)).is_none(), "{path}");
                }
                "$enddefinitions" => {
                    assert_eq!((words.next(), scopes.len()), (Some("$end"), 0));
                    defined = true;
                }
                "$dumpvars" | "$dumpall" | "$dumpon" | "$dumpoff" | "$end" => {}
                _ if word.starts_with('$') => while words.next() != Some("$end") {},
                _ if word.starts_with('#') => {
                    let now = word[1..].parse().expect("a time");
                    assert!(dump.times.last().is_none_or(|last| *last < now), "time runs back");
                    dump.times.push(now);
                    time = now;
                }
                _ => {
                    assert!(defined, "'{word}' before $enddefinitions");
                    let (bits, id) = match word.strip_prefix(['b', 'B']) {
                        Some(bits) => (bits, words.next().expect("an identifier")),
                        None => word.split_at(1),
                    };
                    assert!(bits.bytes().all(|b| b"01xzXZ".contains(&b)), "{word}");
                    dump.changes.entry(id.to_owned()).or_default().push((time, bits.to_owned()));
                }
            }
        }
        let known: Vec<&String> = dump.variables.values().map(|(_, id)| id).collect();
        assert!(dump.changes.keys().all(|id| known.contains(&id)), "a change of nothing");
        dump
    }

    /// The names in a scope, with their widths.
    pub fn names(&self, scope: &str) -> Vec<(&str, usize)> {
        let inside = self.variables.iter().filter_map(|(path, (width, _))| {
            let name = path.strip_prefix(scope)?.strip_prefix('.')?;
            (!name.contains('.')).then_some((name, *width))
        });
        inside.collect()
    }

    /// A variable's bits at a time, the most significant first; none if the dump does not have it.
    pub fn value(&self, path: &str, time: u64) -> Option<String> {
        let (width, id) = self.variables.get(path)?;
        let change = self.changes.get(id)?.iter().rfind(|(when, _)| *when <= time)?;
        // A shorter value is extended by 0, or by x or z if it begins with it.
        let bits = change.1.to_ascii_lowercase();
        let fill = if bits.starts_with(['x', 'z']) { &bits[..1] } else { "0" };
        Some(fill.repeat(width - bits.len()) + &bits)
    }
}

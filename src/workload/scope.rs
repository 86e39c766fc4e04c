//! Which multiplications of a program go through the unit under test: what a plan says, and what that means for one ELF.
//!
//! In: a [`ScopeSpec`] and a program's symbols. Out: a [`Resolved`] scope, or why there is none.

use crate::cpu;
use crate::debug::Functions;
use crate::elf::Image;
use crate::unit::MulOp;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// The multiplications that are faulty. Conditions that are given together must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ScopeSpec {
    /// A ready choice.
    #[serde(skip_serializing_if = "Named::is_all")]
    pub name: Named,
    /// In functions whose symbol matches one of these patterns: `*` is any text, `?` any character.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<String>,
    /// These operations: `mul`, `mulh`, `mulhsu`, `mulhu`; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ops: Vec<String>,
    /// At these addresses: `0x80001000-0x80001fff`, both ends included, or one address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// In these layers, as the firmware marks them (`stuckat_layer`); 0 is the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<u32>,
    /// From the first execution of this symbol on; `None`: from reset on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// A ready choice of multiplications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// All of them.
    #[default]
    All,
    /// Those of convolutions, their index arithmetic and requantisation too: whatever runs in layers that are convolutions, where
    /// the network and its layers are known; else what is in functions whose name contains `conv`, in capitals or not.
    Conv,
    /// Of those, the multiply-accumulate instructions that the firmware declares in its section `.stuckat_mac`.
    Mac,
}

impl Named {
    fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// Its name in plans.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Conv => "conv",
            Self::Mac => "mac",
        }
    }
}

impl std::str::FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::All, Self::Conv, Self::Mac];
        known.into_iter().find(|n| n.name() == text).ok_or("all, conv or mac".into())
    }
}

impl ScopeSpec {
    /// Whether every multiplication from reset on is in it.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// One line for people: `mac`, or `conv, mulh, layers 0, 2`.
    pub fn describe(&self) -> String {
        let mut parts = vec![self.name.name().to_owned()];
        let mut list = |what: &str, items: Vec<String>| {
            if !items.is_empty() {
                parts.push(format!("{what} {}", items.join(", ")));
            }
        };
        list("functions", self.functions.clone());
        list("operations", self.ops.clone());
        list("addresses", self.addresses.clone());
        list("layers", self.layers.iter().map(u32::to_string).collect());
        list("from", self.from.iter().cloned().collect());
        parts.join("; ")
    }
}

/// Why a scope means nothing for a program.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ScopeError {
    /// Not an operation.
    #[error("scope: there is no operation '{0}'; known are mul, mulh, mulhsu, mulhu")]
    Operation(String),
    /// Not an address range.
    #[error(
        "scope: '{0}' is no address range; write 0x80001000-0x80001fff (both ends included), or one address"
    )]
    Addresses(String),
    /// No function has such a name.
    #[error(
        "scope: no function of the firmware matches '{0}'; the ELF has {1} functions with a size, e.g. {2}"
    )]
    NoFunction(String, usize, String),
    /// No declared multiply-accumulate instruction.
    #[error(
        "scope: the firmware declares no multiply-accumulate instruction in its convolutions (section .stuckat_mac, firmware/runtime/stuckat.h); take 'conv', or build it with stuckat_mul"
    )]
    NoMacs,
    /// The conditions exclude each other.
    #[error("scope: nothing fulfils all of its conditions; leave one out")]
    Empty,
    /// No marks.
    #[error(
        "scope: the firmware does not mark its layers (symbol stuckat_layer, firmware/runtime/stuckat.h); choose functions or addresses"
    )]
    NoLayers,
    /// No such symbol.
    #[error("scope: the firmware has no symbol '{0}' to begin from")]
    NoSymbol(String),
}

/// TensorFlow Lite's names of the operators that are convolutions.
const CONVOLUTIONS: [&str; 2] = ["CONV_2D", "DEPTHWISE_CONV_2D"];

/// A scope for one program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resolved {
    /// By address and operation; `None`: all.
    pub scope: Option<cpu::Scope>,
    /// The layers, numbered from 1 as the firmware marks them; `None`: all, and what is outside of layers.
    pub layers: Option<BTreeSet<u32>>,
    /// Where it begins.
    pub from: Option<u32>,
}

impl Resolved {
    /// What `spec` means for a program with these symbols, functions and declared instructions. `operators` are its network's, by layer, if they
    /// are known.
    pub fn new(
        spec: &ScopeSpec,
        image: &Image,
        functions: &Functions,
        marks_layers: bool,
        operators: &[String],
    ) -> Result<Self, ScopeError> {
        let by_layer = marks_layers && !operators.is_empty();
        let ops = match spec.ops.as_slice() {
            [] => MulOp::ALL.to_vec(),
            names => names.iter().map(|n| operation(n)).collect::<Result<_, _>>()?,
        };
        let mut ranges: Option<Vec<(u32, u32)>> = None;
        let mut narrow = |found: Vec<(u32, u32)>| {
            ranges = Some(match ranges.take() {
                None => found,
                Some(before) => common(&before, &found),
            });
        };
        if spec.name != Named::All && !by_layer {
            narrow(matching(functions, &["*conv*".to_owned()], true)?);
        }
        if spec.name == Named::Mac {
            narrow(image.macs.iter().map(|pc| (*pc, pc.saturating_add(1))).collect());
        }
        if !spec.functions.is_empty() {
            narrow(matching(functions, &spec.functions, false)?);
        }
        if !spec.addresses.is_empty() {
            narrow(spec.addresses.iter().map(|a| addresses(a)).collect::<Result<_, _>>()?);
        }
        if ranges.as_ref().is_some_and(Vec::is_empty) {
            return Err(if spec.name == Named::Mac {
                ScopeError::NoMacs
            } else {
                ScopeError::Empty
            });
        }
        if !spec.layers.is_empty() && !marks_layers {
            return Err(ScopeError::NoLayers);
        }
        let from = match &spec.from {
            None => None,
            Some(name) => {
                let symbol =
                    image.symbol(name).ok_or_else(|| ScopeError::NoSymbol(name.clone()))?;
                Some(symbol.addr)
            }
        };
        let mut layers: Option<BTreeSet<u32>> = None;
        if spec.name != Named::All && by_layer {
            let convolutions =
                operators.iter().zip(1..).filter(|(op, _)| CONVOLUTIONS.contains(&op.as_str()));
            layers = Some(convolutions.map(|(_, mark)| mark).collect());
        }
        if !spec.layers.is_empty() {
            let mut chosen: BTreeSet<u32> =
                spec.layers.iter().map(|l| l.saturating_add(1)).collect();
            if let Some(layers) = &layers {
                chosen.retain(|layer| layers.contains(layer));
            }
            layers = Some(chosen);
        }
        if layers.as_ref().is_some_and(BTreeSet::is_empty) {
            return Err(ScopeError::Empty);
        }
        let everything = ranges.is_none() && spec.ops.is_empty();
        Ok(Self { scope: (!everything).then(|| cpu::Scope::new(&ops, ranges)), layers, from })
    }

    /// Whether multiplications in layer `layer` (1 is the first, 0 outside of all) are in scope.
    pub fn has_layer(&self, layer: u32) -> bool {
        self.layers.as_ref().is_none_or(|layers| layers.contains(&layer))
    }

    /// Whether it must be known where the run is.
    pub fn follows_layers(&self) -> bool {
        self.layers.is_some()
    }
}

fn operation(name: &str) -> Result<MulOp, ScopeError> {
    let found = MulOp::ALL.into_iter().find(|op| op.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| ScopeError::Operation(name.to_owned()))
}

fn addresses(text: &str) -> Result<(u32, u32), ScopeError> {
    let number = |text: &str| {
        let text = text.trim();
        match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        }
    };
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    match (number(from), number(to)) {
        (Some(from), Some(to)) if from <= to => Ok((from, to.saturating_add(1))),
        _ => Err(ScopeError::Addresses(text.to_owned())),
    }
}

/// What two lists of ranges have in common.
fn common(a: &[(u32, u32)], b: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a.0.max(b.0), a.1.min(b.1))));
    pairs.filter(|(from, to)| from < to).collect()
}

/// The ranges of the functions whose names match.
fn matching(
    functions: &Functions,
    patterns: &[String],
    any_case: bool,
) -> Result<Vec<(u32, u32)>, ScopeError> {
    let all = functions.all();
    let mut ranges = Vec::new();
    for pattern in patterns {
        let expression = glob(pattern, any_case);
        let before = ranges.len();
        let named = all.iter().filter(|f| expression.is_match(&f.name));
        ranges.extend(named.map(|f| (f.addr, f.addr.saturating_add(f.len))));
        if ranges.len() == before {
            let some: Vec<&str> = all.iter().take(3).map(|f| f.name.as_str()).collect();
            return Err(ScopeError::NoFunction(pattern.clone(), all.len(), some.join(", ")));
        }
    }
    Ok(ranges)
}

fn glob(pattern: &str, any_case: bool) -> Regex {
    let mut text = String::from(if any_case { "(?is)^" } else { "(?s)^" });
    for c in pattern.chars() {
        match c {
            '*' => text.push_str(".*"),
            '?' => text.push('.'),
            c => text.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    text.push('$');
    Regex::new(&text).expect("everything but * and ? is escaped")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::Symbol;

    fn functions(list: &[(&str, u32, u32)]) -> Functions {
        let symbol = |(name, addr, len): &(&str, u32, u32)| Symbol {
            name: (*name).to_owned(),
            addr: *addr,
            len: *len,
            is_function: true,
        };
        Functions::new(list.iter().map(symbol))
    }

    #[test]
    fn addresses_are_ranges_with_both_ends() {
        assert_eq!(addresses("0x10-0x1f"), Ok((0x10, 0x20)));
        assert_eq!(addresses("64"), Ok((64, 65)));
        assert!(addresses("0x20-0x10").is_err());
        assert!(addresses("main").is_err());
    }

    #[test]
    fn patterns_are_globs_over_the_whole_name() {
        let all = functions(&[("conv_2d", 0, 8), ("ConvEval", 8, 8), ("main", 16, 8)]);
        let matching = |pattern: &str, any| matching(&all, &[pattern.to_owned()], any);
        assert_eq!(matching("conv*", false), Ok(vec![(0, 8)]));
        assert_eq!(matching("*conv*", true), Ok(vec![(0, 8), (8, 16)]));
        assert_eq!(matching("mai?", false), Ok(vec![(16, 24)]));
        assert!(matching("mai", false).is_err());
        assert!(matching("m.in", false).is_err());
    }

    #[test]
    fn ranges_have_in_common_what_lies_in_both() {
        assert_eq!(common(&[(0, 10), (20, 30)], &[(5, 25)]), vec![(5, 10), (20, 25)]);
        assert!(common(&[(0, 10)], &[(10, 20)]).is_empty());
    }
}

//! Stuck-at faults and the fault universe.
//!
//! A fault is written `NET/SA0` or `NET/SA1`, with the net's name as in the netlist. The universe is both polarities
//! on every net (stem) that a cell or an output port reads, uncollapsed; constants are not sites, and neither
//! are the clock and the reset, whose distribution is outside this model.

use super::circuit::Circuit;
use super::{Net, Netlist};
use std::fmt;
use thiserror::Error;

/// The value at which a net is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stuck {
    /// Stuck-at-0.
    At0,
    /// Stuck-at-1.
    At1,
}

impl Stuck {
    /// As a bit.
    pub fn value(self) -> bool {
        self == Stuck::At1
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.value() { "SA1" } else { "SA0" })
    }
}

/// A stuck-at fault on a net.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fault {
    /// The site.
    pub net: Net,
    /// The polarity.
    pub stuck: Stuck,
}

/// Why a text names no fault of a netlist.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FaultError {
    /// Not of the form.
    #[error("'{0}' is not a fault; write NET/SA0 or NET/SA1")]
    Form(String),
    /// No such net.
    #[error("the netlist has no net '{net}'{hint}")]
    UnknownNet {
        /// The name given.
        net: String,
        /// A similar name, as a question; or nothing.
        hint: String,
    },
    /// Not a site.
    #[error("net '{net}' is {what}, which is not a fault site")]
    NotASite {
        /// The name given.
        net: String,
        /// What it is.
        what: &'static str,
    },
}

impl Fault {
    /// Its name in the netlist.
    pub fn name(self, netlist: &Netlist) -> String {
        format!("{}/{}", netlist.net_name(self.net), self.stuck)
    }

    /// Reads `NET/SA0` or `NET/SA1`.
    ///
    /// # Errors
    /// [`FaultError`], with a similar net's name if there is one.
    pub fn parse(text: &str, circuit: &Circuit) -> Result<Self, FaultError> {
        let form = || FaultError::Form(text.to_owned());
        let (net_name, polarity) = text.rsplit_once('/').ok_or_else(form)?;
        let stuck = match polarity.to_ascii_uppercase().as_str() {
            "SA0" => Stuck::At0,
            "SA1" => Stuck::At1,
            _ => return Err(form()),
        };
        let netlist = circuit.netlist();
        let net = netlist.net(net_name).ok_or_else(|| FaultError::UnknownNet {
            net: net_name.to_owned(),
            hint: hint(net_name, netlist),
        })?;
        match not_a_site(net, circuit) {
            Some(what) => Err(FaultError::NotASite { net: net_name.to_owned(), what }),
            None => Ok(Self { net, stuck }),
        }
    }
}

/// All faults of a circuit: each site stuck at 0, then at 1, in the order of the nets.
pub fn universe(circuit: &Circuit) -> Vec<Fault> {
    let readers = circuit.netlist().readers();
    (0..circuit.netlist().net_count() as u32)
        .map(Net)
        .filter(|net| readers[net.index()] > 0 && not_a_site(*net, circuit).is_none())
        .flat_map(|net| [Stuck::At0, Stuck::At1].map(|stuck| Fault { net, stuck }))
        .collect()
}

fn not_a_site(net: Net, circuit: &Circuit) -> Option<&'static str> {
    if circuit.netlist().constants().iter().any(|(n, _)| *n == net) {
        Some("a constant")
    } else if circuit.clock() == Some(net) {
        Some("the clock")
    } else if circuit.reset_net() == Some(net) {
        Some("the reset")
    } else {
        None
    }
}

/// What may have been meant: a bit of a port, or a similar name.
fn hint(name: &str, netlist: &Netlist) -> String {
    match netlist.port(name).map(|p| p.bits.len()) {
        Some(bits) => format!("; it is a port of {bits} bits: name one, as '{name}[0]'"),
        None => similar(name, netlist),
    }
}

/// `; did you mean 'x'?` for the net name that differs least, if it differs little.
fn similar(name: &str, netlist: &Netlist) -> String {
    let distance = |a: &str, b: &str| {
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.bytes().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, y) in b.bytes().enumerate() {
                let substituted = diagonal + usize::from(x != y);
                diagonal = row[j + 1];
                row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
            }
        }
        row[b.len()]
    };
    let near = netlist.names().map(|n| (distance(name, n), n)).min();
    match near {
        Some((d, n)) if d <= 1 + name.len() / 4 => format!("; did you mean '{n}'?"),
        _ => String::new(),
    }
}

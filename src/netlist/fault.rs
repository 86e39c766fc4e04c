//! Faults, their names, and the fault universe.
//!
//! A fault has a site, which is a net (stem) or a pin of a cell (branch), and an effect: stuck at 0 or 1 from before
//! reset to the end, or inverted once, in one clock of one operation. Faults that are there together are a [`FaultSet`].
//!
//! | text | fault |
//! |---|---|
//! | `NET/SA0`, `NET/SA1` | the net is stuck: everything that reads it sees the value |
//! | `INSTANCE/PIN/SA0` | the pin is stuck: only this cell sees the value; an output pin is its net |
//! | `SITE/FLIP@n`, `SITE/FLIP@n.k` | the site is inverted in the first clock, or in clock k, of operation n after reset (from 1) |
//! | `FAULT+FAULT` | both |
//!
//! Where a stuck site is flipped, it shows the other value for that clock. A blank may stand in place of the last `/`. If a net and a pin have the same name, the net is meant.

use super::circuit::Circuit;
use super::{Net, Netlist, Pin};
use std::collections::{HashMap, HashSet};
use std::fmt;
use thiserror::Error;

/// The value at which a site is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stuck {
    /// Stuck-at-0.
    At0,
    /// Stuck-at-1.
    At1,
}

impl Stuck {
    /// Both polarities.
    pub const BOTH: [Self; 2] = [Self::At0, Self::At1];

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

/// Where a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Site {
    /// A net: the stem, seen by everything that reads it.
    Net(Net),
    /// A pin. At an input pin only this cell sees the fault; an output pin is the stem of its net.
    Pin(Pin),
}

impl Site {
    /// Where the fault acts: an output pin's is its net. `None` for an output pin that nothing is connected to.
    pub fn acts_at(self, netlist: &Netlist) -> Option<Self> {
        match self {
            Site::Pin(pin) if !netlist.is_input(pin) => netlist.at(pin).map(Site::Net),
            site => Some(site),
        }
    }

    /// `NET` or `INSTANCE/PIN`.
    pub fn name(self, netlist: &Netlist) -> String {
        match self {
            Site::Net(net) => netlist.net_name(net).to_owned(),
            Site::Pin(pin) => netlist.pin_name(pin),
        }
    }
}

/// What a fault does to its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Permanent, from before reset.
    Stuck(Stuck),
    /// Transient: the value is inverted in one evaluation.
    Flip {
        /// The operation, counted from 1 at reset.
        operation: u64,
        /// The clock of this operation, from 1.
        clock: u32,
    },
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Effect::Stuck(stuck) => stuck.fmt(f),
            Effect::Flip { operation, clock: 1 } => write!(f, "FLIP@{operation}"),
            Effect::Flip { operation, clock } => write!(f, "FLIP@{operation}.{clock}"),
        }
    }
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fault {
    /// The site.
    pub site: Site,
    /// What happens there.
    pub effect: Effect,
}

/// Why a text names no fault of a netlist.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FaultError {
    /// Not of the form.
    #[error(
        "'{0}' is not a fault; write NET/SA0 or NET/SA1, INSTANCE/PIN/SA0 or SITE/FLIP@OPERATION"
    )]
    Form(String),
    /// No such net, and no such pin.
    #[error("the netlist has no net '{net}', nor a pin of that name{hint}")]
    UnknownNet {
        /// The name given.
        net: String,
        /// A similar name, as a question; or nothing.
        hint: String,
    },
    /// The instance is there, the pin is not.
    #[error("instance '{instance}' has no pin '{pin}'; it has: {pins}")]
    UnknownPin {
        /// The instance.
        instance: String,
        /// The pin given.
        pin: String,
        /// The pins that it has.
        pins: String,
    },
    /// Not a site.
    #[error("{kind} '{name}' is {what}, which is not a fault site")]
    NotASite {
        /// `net` or `pin`.
        kind: &'static str,
        /// The name given.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// One site with two effects at the same time.
    #[error("{site} cannot be {one} and {other} at once")]
    Contradiction {
        /// The site.
        site: String,
        /// One effect.
        one: Effect,
        /// The other one.
        other: Effect,
    },
}

impl Fault {
    /// A stuck-at fault.
    pub fn stuck(site: Site, stuck: Stuck) -> Self {
        Self { site, effect: Effect::Stuck(stuck) }
    }

    /// Its name in the netlist.
    pub fn name(self, netlist: &Netlist) -> String {
        format!("{}/{}", self.site.name(netlist), self.effect)
    }

    /// Reads one fault; [`Names`] reads many.
    ///
    /// # Errors
    /// [`FaultError`], with a similar net's name if there is one.
    pub fn parse(text: &str, circuit: &Circuit) -> Result<Self, FaultError> {
        Names::new(circuit).fault(text)
    }
}

/// Faults that are there together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FaultSet(Vec<Fault>);

impl From<Fault> for FaultSet {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl FaultSet {
    /// A set of several faults; what is given twice, by one name or by two, is there once.
    ///
    /// # Errors
    /// [`FaultError::Contradiction`] if a site is stuck at both values.
    pub fn new(mut faults: Vec<Fault>, circuit: &Circuit) -> Result<Self, FaultError> {
        let netlist = circuit.netlist();
        let place = |fault: &Fault| fault.site.acts_at(netlist);
        faults.sort_unstable();
        // A net and the pin that drives it are one site: two flips there would be none.
        let mut seen = HashSet::new();
        faults.retain(|fault| seen.insert((place(fault), fault.effect)));
        for (i, one) in faults.iter().enumerate() {
            let other = faults[..i].iter().find(|other| {
                let stuck = matches!((one.effect, other.effect), (Effect::Stuck(a), Effect::Stuck(b)) if a != b);
                stuck && place(one) == place(other)
            });
            if let Some(other) = other {
                let site = one.site.name(netlist);
                return Err(FaultError::Contradiction {
                    site,
                    one: other.effect,
                    other: one.effect,
                });
            }
        }
        Ok(Self(faults))
    }

    /// The faults.
    pub fn faults(&self) -> &[Fault] {
        &self.0
    }

    /// Their names, joined by `+`.
    pub fn name(&self, netlist: &Netlist) -> String {
        self.0.iter().map(|f| f.name(netlist)).collect::<Vec<_>>().join("+")
    }
}

/// Which sites the fault universe has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sites {
    /// Every net that something reads (stems).
    #[default]
    Nets,
    /// Every connected pin of every cell, inputs and outputs.
    Pins,
    /// Every net, and every input pin.
    All,
}

impl Sites {
    /// `nets`, `pins` or `all`.
    pub fn name(self) -> &'static str {
        match self {
            Sites::Nets => "nets",
            Sites::Pins => "pins",
            Sites::All => "all",
        }
    }
}

impl std::str::FromStr for Sites {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Sites::Nets, Sites::Pins, Sites::All];
        let found = all.into_iter().find(|sites| sites.name() == text);
        found.ok_or_else(|| "give 'nets', 'pins' or 'all'".to_owned())
    }
}

/// All stuck-at faults of a circuit: each site stuck at 0, then at 1; nets in their order, pins cell by cell. Uncollapsed.
///
/// Nets that are constant are no sites, and neither are those of clock and reset, whose distribution is outside this model; the
/// pins that they lead to are.
pub fn universe(circuit: &Circuit, sites: Sites) -> Vec<Fault> {
    let netlist = circuit.netlist();
    let readers = netlist.readers();
    let nets = (0..netlist.net_count() as u32)
        .map(Net)
        .filter(|net| readers[net.index()] > 0 && not_a_net_site(*net, circuit).is_none())
        .map(Site::Net);
    let pins = |pin: &Pin| not_a_pin_site(*pin, circuit).is_none();
    let sites: Vec<Site> = match sites {
        Sites::Nets => nets.collect(),
        Sites::Pins => netlist.pins().filter(pins).map(Site::Pin).collect(),
        Sites::All => {
            let inputs = netlist.pins().filter(|pin| netlist.is_input(*pin)).filter(pins);
            nets.chain(inputs.map(Site::Pin)).collect()
        }
    };
    sites.into_iter().flat_map(|site| Stuck::BOTH.map(|stuck| Fault::stuck(site, stuck))).collect()
}

fn not_a_net_site(net: Net, circuit: &Circuit) -> Option<&'static str> {
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

fn not_a_pin_site(pin: Pin, circuit: &Circuit) -> Option<&'static str> {
    let netlist = circuit.netlist();
    match netlist.at(pin) {
        None => Some("not connected"),
        Some(_) if netlist.is_input(pin) => None,
        Some(net) => not_a_net_site(net, circuit),
    }
}

/// Finds the sites of a circuit by name.
pub struct Names<'c> {
    circuit: &'c Circuit,
    cells: HashMap<&'c str, u32>,
}

impl<'c> Names<'c> {
    /// Indexes a circuit's names.
    pub fn new(circuit: &'c Circuit) -> Self {
        let names = circuit.netlist().cells.iter().map(|c| c.name.as_str());
        Self { circuit, cells: names.zip(0..).collect() }
    }

    /// Reads one fault or several joined by `+`.
    ///
    /// # Errors
    /// [`FaultError`] of the first that is wrong.
    pub fn set(&self, text: &str) -> Result<FaultSet, FaultError> {
        let mut faults = Vec::new();
        let mut pending = String::new();
        let mut parts = text.split('+').peekable();
        while let Some(part) = parts.next() {
            pending.push_str(part);
            // A '+' may be part of an escaped name: it separates only after an effect.
            if parts.peek().is_none() || split(pending.trim()).is_some() {
                faults.push(self.fault(&pending)?);
                pending.clear();
            } else {
                pending.push('+');
            }
        }
        FaultSet::new(faults, self.circuit)
    }

    /// Reads one fault.
    ///
    /// # Errors
    /// [`FaultError`], with a similar net's name if there is one.
    pub fn fault(&self, text: &str) -> Result<Fault, FaultError> {
        let text = text.trim();
        let (site, effect) = split(text).ok_or_else(|| FaultError::Form(text.to_owned()))?;
        Ok(Fault { site: self.site(site)?, effect })
    }

    /// The site of that name.
    ///
    /// # Errors
    /// [`FaultError`], with a similar net's name if there is one.
    pub fn site(&self, name: &str) -> Result<Site, FaultError> {
        let netlist = self.circuit.netlist();
        let (site, kind, refused) = match netlist.net(name) {
            Some(net) => (Site::Net(net), "net", not_a_net_site(net, self.circuit)),
            None => {
                let pin = self.pin(name)?;
                (Site::Pin(pin), "pin", not_a_pin_site(pin, self.circuit))
            }
        };
        let name = name.to_owned();
        refused.map_or(Ok(site), |what| Err(FaultError::NotASite { kind, name, what }))
    }

    fn pin(&self, name: &str) -> Result<Pin, FaultError> {
        let netlist = self.circuit.netlist();
        let unknown = || FaultError::UnknownNet { net: name.to_owned(), hint: hint(name, netlist) };
        let (instance, pin) = name.rsplit_once('/').ok_or_else(unknown)?;
        let index = *self.cells.get(instance).ok_or_else(unknown)?;
        let kind = &netlist.cells[index as usize].kind;
        let pins = || kind.inputs.iter().chain(kind.outputs.iter().map(|(name, _)| name));
        let place = pins().position(|p| p == pin).ok_or_else(|| FaultError::UnknownPin {
            instance: instance.to_owned(),
            pin: pin.to_owned(),
            pins: pins().map(String::as_str).collect::<Vec<_>>().join(", "),
        })?;
        Ok(Pin { cell: index, pin: place as u32 })
    }
}

/// Site and effect, with `/` or blanks between them.
fn split(text: &str) -> Option<(&str, Effect)> {
    let (site, effect) = text.rsplit_once(|c: char| c == '/' || c.is_whitespace())?;
    Some((site.trim_end(), self::effect(effect)?)).filter(|(site, _)| !site.is_empty())
}

/// `SA0`, `SA1`, `FLIP@n` or `FLIP@n.k`, in upper or lower case.
pub(super) fn effect(text: &str) -> Option<Effect> {
    let upper = text.to_ascii_uppercase();
    match upper.as_str() {
        "SA0" => return Some(Effect::Stuck(Stuck::At0)),
        "SA1" => return Some(Effect::Stuck(Stuck::At1)),
        _ => {}
    }
    let place = upper.strip_prefix("FLIP@")?;
    let (operation, clock) = place.split_once('.').unwrap_or((place, "1"));
    let (operation, clock) = (operation.parse().ok()?, clock.parse().ok()?);
    (operation > 0 && clock > 0).then_some(Effect::Flip { operation, clock })
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

//! The binding: how a netlist is used as a multiplier, as a TOML file says it.
//!
//! In: TOML text. Out: a [`Binding`], not yet checked against a netlist ([`super::circuit`] does that).
//! The fields, all required unless marked:
//!
//! | field | meaning |
//! |---|---|
//! | `name` | what the multiplier is called in reports |
//! | `netlist`, `cells` | structural Verilog and Liberty file, relative to the binding |
//! | `module` | the module in the netlist |
//! | `max_clocks` | an operation without an answer after so many clocks never answers; 1 to 1000 |
//! | `[clock] port` | clock input (optional: a combinational netlist has none) |
//! | `[reset] port, active` | reset input and `"low"` or `"high"` (optional) |
//! | `[operands] rs1, rs2` | 32-bit input ports |
//! | `[answer] value` | 32-bit output port |
//! | `[answer] valid` | 1-bit output that is 1 in the clock in which the answer stands (optional: always in the first) |
//! | `[idle]` | values of the other inputs between operations; the operands are then 0 |
//! | `[operation.mul]`, `.mulh`, `.mulhsu`, `.mulhu` | values of the other inputs during each operation |
//! | `[[register]] q, d, write` | a register outside the netlist: the input that reads it, the output that is written to it at the clock edge when `write` is 1 |
//! | `[[register]] reset` | its value after reset |
//! | `[[register]] written_by_div` | whether the core's divider leaves its result in it |

use serde::Deserialize;
use std::collections::BTreeMap;

/// A binding as it stands in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The table above has each field.
pub struct Binding {
    pub name: String,
    pub netlist: String,
    pub cells: String,
    pub module: String,
    pub max_clocks: u32,
    pub clock: Option<PortName>,
    pub reset: Option<Reset>,
    pub operands: Operands,
    pub answer: Answer,
    #[serde(default)]
    pub idle: Controls,
    pub operation: Operations,
    #[serde(default)]
    pub register: Vec<Register>,
}

/// Values of control inputs by port name.
pub type Controls = BTreeMap<String, u64>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct PortName {
    pub port: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Reset {
    pub port: String,
    pub active: Active,
}

/// The level at which a reset resets.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Active {
    Low,
    High,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Operands {
    pub rs1: String,
    pub rs2: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Answer {
    pub value: String,
    pub valid: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Operations {
    pub mul: Controls,
    pub mulh: Controls,
    pub mulhsu: Controls,
    pub mulhu: Controls,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Register {
    pub q: String,
    pub d: String,
    pub write: String,
    #[serde(default)]
    pub reset: u64,
    #[serde(default)]
    pub written_by_div: bool,
}

impl Binding {
    /// Parses TOML text.
    ///
    /// # Errors
    /// The TOML parser's message in one line, with the place.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|e| {
            let line = e.span().map(|s| text[..s.start.min(text.len())].matches('\n').count() + 1);
            let place = line.map_or(String::new(), |l| format!("line {l}: "));
            format!("{place}{}", e.message().replace('\n', " "))
        })
    }
}

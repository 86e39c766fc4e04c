//! The binding: how a netlist is used as a multiplier, as a TOML file says it.
//!
//! In: TOML text. Out: a [`Binding`], not yet checked against a netlist ([`super::ports`] does that).
//! The fields; those marked * may be left out:
//!
//! | field | meaning |
//! |---|---|
//! | `name` | what the multiplier is called in reports |
//! | `netlist`, `cells` | the netlist (structural Verilog or Yosys JSON) and the Liberty file, or a list of these, relative to the binding |
//! | `module` | the module in the netlist |
//! | `max_clocks` | an operation without an answer after so many clocks never answers; 1 to 1000 |
//! | `[clock] port` * | clock input (a combinational netlist has none) |
//! | `[reset] port, active` * | reset input and `"low"` or `"high"` |
//! | `[start] port, active` * | input that is active in the first clock of an operation and at no other time |
//! | `[operands] rs1, rs2` | input bits, 32 each |
//! | `[operands] rs1_sign, rs2_sign` * | inputs that repeat bit 31 of the operand if the operation takes it as signed, and are 0 if not: the 33rd bit of a signed multiplier |
//! | `[operands] held` * | `true` (default): the operands stay until the answer; `false`: they are there in the first clock, later 0 |
//! | `[answer] value` | output bits, 32; or, if the netlist gives whole products: |
//! | `[answer] low, high` | output bits for MUL, and for MULH, MULHSU and MULHU |
//! | `[answer] valid` * | output that is 1 in the clock in which the answer stands |
//! | `[answer] clocks` * | without `valid`: that clock by operation, as `{ mul = 3, mulh = 4, mulhsu = 4, mulhu = 4 }`; the first if this is missing too |
//! | `[idle]` * | values of the other inputs between operations; the operands are then 0 |
//! | `[operation.mul]`, `.mulh`, `.mulhsu`, `.mulhu` | values of the other inputs during each operation |
//! | `[exact] mul, mulh, mulhsu, mulhu` * | the operations that the netlist does not do: other hardware does them, exactly, in so many clocks |
//! | `[[register]] q, d, write` * | a register outside the netlist: the input that reads it, the output that is written to it at the clock edge when `write` is 1 |
//! | `[[register]] reset` * | its value after reset; 0 if this is missing |
//! | `[[register]] flip_flops` * | instead of `q`, `d`, `write`, `reset`: the register lies inside; the nets of its flip-flops' outputs |
//! | `[[register]] written_by_div` * | whether the core's divider leaves its result in it |
//!
//! Bits are written as a port (`"op_a"`), a part of one (`"p[63:32]"`, `"op_a[32]"`), or a list of these, the most significant first
//! (`["a_hi", "a_lo"]`). Bits of a part are counted from the port's least significant bit, whatever range it was declared with. Names of inputs in `[idle]` and `[operation]` may be parts too: `"ctrl[3:2]" = 1`.
//!
//! Registers inside the netlist whose content an operation leaves behind need no entry, unless a division writes them.

use serde::Deserialize;
use std::collections::BTreeMap;

/// A binding as it stands in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The table above has each field.
pub struct Binding {
    pub name: String,
    pub netlist: String,
    pub cells: Names,
    pub module: String,
    pub max_clocks: u32,
    pub clock: Option<PortName>,
    pub reset: Option<Level>,
    pub start: Option<Level>,
    pub operands: Operands,
    pub answer: Answer,
    #[serde(default)]
    pub idle: Controls,
    #[serde(default)]
    pub operation: ByOperation<Controls>,
    #[serde(default)]
    pub exact: ByOperation<u32>,
    #[serde(default)]
    pub register: Vec<Register>,
}

/// One name or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum Names {
    One(String),
    Many(Vec<String>),
}

impl Names {
    /// The names.
    pub fn names(&self) -> &[String] {
        match self {
            Names::One(name) => std::slice::from_ref(name),
            Names::Many(names) => names,
        }
    }
}

/// Values of control inputs by their bits.
pub type Controls = BTreeMap<String, u64>;

/// Bits of ports: one expression, or several, the most significant first.
pub type Bits = Names;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct PortName {
    pub port: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Level {
    pub port: String,
    pub active: Active,
}

/// The level at which an input does what it is for.
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
    pub rs1: Bits,
    pub rs2: Bits,
    pub rs1_sign: Option<Bits>,
    pub rs2_sign: Option<Bits>,
    pub held: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Answer {
    pub value: Option<Bits>,
    pub low: Option<Bits>,
    pub high: Option<Bits>,
    pub valid: Option<String>,
    #[serde(default)]
    pub clocks: ByOperation<u32>,
}

/// Something for some of the four operations.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ByOperation<T> {
    pub mul: Option<T>,
    pub mulh: Option<T>,
    pub mulhsu: Option<T>,
    pub mulhu: Option<T>,
}

impl<T> Default for ByOperation<T> {
    fn default() -> Self {
        Self { mul: None, mulh: None, mulhsu: None, mulhu: None }
    }
}

impl<T> ByOperation<T> {
    /// In the order of [`MulOp::ALL`](crate::unit::MulOp::ALL).
    pub fn by_op(&self) -> [Option<&T>; 4] {
        [&self.mul, &self.mulh, &self.mulhsu, &self.mulhu].map(Option::as_ref)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Register {
    pub q: Option<Bits>,
    pub d: Option<Bits>,
    pub write: Option<String>,
    pub reset: Option<u64>,
    pub flip_flops: Option<Bits>,
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

//! What the readers of Verilog and of Yosys JSON make: modules that may contain each other.
//!
//! In: [`Module`]s, asked for by name as the hierarchy is walked. Out: one flat [`Netlist`]. `flatten` puts the modules into
//! each other, `builder` joins their bits into nets and checks that each has one driver.
//!
//! **Names.** A net or cell `n3` of instance `u_mul` is called `u_mul/n3`. A net that passes through ports has all of its
//! names, and is called as at its driver. If an escaped scalar `\w[1] ` and bit 1 of a vector `w` are two nets,
//! the scalar is called `\w[1]`, with the backslash.
//!
//! **Which type a name means.** A cell of the library, else a module of the file: netlists come with simulation models of
//! their cells. A module's ports that nobody connects are left open. An instance without any connection, of a type that cannot be
//! evaluated or is nowhere, is passed over: taps and fillers are often in no library.

mod builder;
mod flatten;

use super::cells::Library;
use super::{Direction, Netlist, NetlistError};
use std::rc::Rc;

pub(super) type Result<T> = std::result::Result<T, NetlistError>;

/// Bits of all modules together, at the most: no real multiplier is near it, and a typing error in a range must not take
/// all memory.
pub(super) const MAX_BITS: usize = 1 << 20;

/// A range `[msb:lsb]`; a scalar has none.
pub(super) type Range = Option<(i64, i64)>;

/// A module of the file, as it is written.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) name: String,
    /// In the order of the port list.
    pub(super) ports: Vec<ModulePort>,
    /// In the order of the file.
    pub(super) items: Vec<Item>,
}

/// A port: the name seen from outside, and what it is inside.
#[derive(Debug)]
pub(super) struct ModulePort {
    pub(super) line: u32,
    pub(super) name: String,
    pub(super) inside: Expression,
}

/// A statement of a module.
#[derive(Debug)]
pub(super) enum Item {
    Declare { line: u32, name: String, range: Range, direction: Option<Direction>, escaped: bool },
    Assign { line: u32, left: Expression, right: Expression },
    Instance { line: u32, kind: String, name: String, pins: Vec<(Option<String>, Expression)> },
}

/// What stands at a pin, a port or on a side of an assign.
#[derive(Debug)]
pub(super) enum Expression {
    /// The name is shared: in JSON a number stands for it, so it may be used more often than it is written.
    Name {
        line: u32,
        name: Rc<str>,
        select: Range,
    },
    /// A constant, bit 0 first; `None` for x and z.
    Bits(Vec<Option<bool>>),
    /// The most significant part first. Empty: nothing is connected.
    Concat(Vec<Expression>),
    Repeat(usize, Box<Expression>),
}

/// Builds the netlist of module `top`.
///
/// # Errors
/// [`NetlistError`] naming line, cell, net and remedy; [`NetlistError::NoModule`] without the modules found.
pub(super) fn build<'l>(
    top: &str,
    modules: &'l dyn Fn(&str) -> Option<Result<Module>>,
    library: &'l Library,
) -> Result<Netlist> {
    flatten::Flattener::new(modules, library).netlist(top)
}

pub(super) fn syntax(line: u32, what: impl Into<String>) -> NetlistError {
    NetlistError::Syntax { line, what: what.into() }
}

//! Reads a netlist in whichever format it is.
//!
//! In: a file's name and text, the name of a module, a cell library. Out: the [`Netlist`]. The text decides: JSON begins with
//! `{`, everything else is Verilog.

use super::cells::Library;
use super::{Netlist, NetlistError, verilog, yosys_json};

/// Reads the netlist of `module`.
///
/// # Errors
/// [`NetlistError`] naming line, cell, net and remedy.
pub fn read(
    file_name: &str,
    text: &str,
    module: &str,
    library: &Library,
) -> Result<Netlist, NetlistError> {
    // Some editors put a mark before the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('{') {
        return yosys_json::parse(text, module, library);
    }
    if file_name.to_ascii_lowercase().ends_with(".json") {
        let what = "a file of this name should be JSON, which begins with '{'";
        return Err(NetlistError::Syntax { line: 1, what: what.to_owned() });
    }
    verilog::parse(text, module, library)
}

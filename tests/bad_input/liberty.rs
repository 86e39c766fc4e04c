//! Cell libraries that cannot be read.

use crate::cli::{BAD_INPUT, BINDING, CELLS, ELF, NETLIST, file, folder, stuckat};
use std::fs;

/// The real library with `from`, which must be in it, replaced once by `to`.
fn changed(from: &str, to: &str) -> String {
    let text = fs::read_to_string(CELLS).expect("the cell library");
    assert!(text.contains(from), "'{from}' is not in the library");
    text.replacen(from, to, 1)
}

/// The text is refused with one line that names the file and contains all of `parts`.
#[track_caller]
fn refused(text: impl AsRef<[u8]>, parts: &[&str]) {
    let folder = folder();
    let path = file(&folder, "cells.lib", text);
    let binding = fs::read_to_string(BINDING).expect("the binding");
    let binding = binding.replace("mapped/single_cycle.v", NETLIST);
    let binding = binding.replace("cells/nangate45.lib", &path);
    let binding = file(&folder, "binding.toml", binding);
    let parts: Vec<&str> = [&path[..]].iter().chain(parts).copied().collect();
    stuckat(["netlist", "info", "--binding", &binding]).is_refused(BAD_INPUT, &parts);
}

#[test]
fn what_is_no_liberty_file_is_refused() {
    refused("", &[]);
    refused("This is a text file.\n", &[]);
    refused([0xff, 0xfe, 0], &[]);
    refused([0; 100], &[]);
    refused(fs::read(ELF).expect("the firmware"), &[]);
    refused(fs::read(NETLIST).expect("the netlist"), &[]);
    refused("library (empty) { }\n", &["no cell"]);
}

#[test]
fn a_library_cut_short_anywhere_is_refused() {
    let sound = fs::read_to_string(CELLS).expect("the cell library");
    let end = sound.trim_end().len();
    for len in (0..end).step_by(487) {
        refused(&sound[..len], &[]);
    }
}

/// The library is read, but the netlist that uses one of its cells is refused, with a line that contains all of `parts`.
#[track_caller]
fn refused_where_it_is_used(text: impl AsRef<[u8]>, parts: &[&str]) {
    let folder = folder();
    let cells = file(&folder, "cells.lib", text);
    let binding = fs::read_to_string(BINDING).expect("the binding");
    let binding = binding.replace("mapped/single_cycle.v", NETLIST);
    let binding = file(&folder, "b.toml", binding.replace("cells/nangate45.lib", &cells));
    let parts: Vec<&str> = [NETLIST, "line"].iter().chain(parts).copied().collect();
    stuckat(["netlist", "info", "--binding", &binding]).is_refused(BAD_INPUT, &parts);
}

#[test]
fn a_cell_that_cannot_be_understood_is_named_where_it_is_used() {
    let inverter = |function: &str| changed("function : \"!A\"", function);
    let refused = refused_where_it_is_used;
    refused(inverter("function : \"!NOWHERE\""), &["INV_X1", "ZN", "NOWHERE"]);
    refused(inverter("function : \"(A\""), &["INV_X1", "ZN", "')'"]);
    refused(inverter("function : \"A &\""), &["INV_X1", "ZN"]);
    refused(inverter("function : \"\""), &["INV_X1", "ZN"]);
    refused(inverter("capacitance : 1.0"), &["INV_X1", "ZN", "no function"]);
    // The netlist's flip-flop is a DFFR_X1.
    let dffr = |from: &str, to: &str| {
        let sound = changed("", "");
        let (before, after) = sound.split_once("cell (DFFR_X1)").expect("the cell");
        format!("{before}cell (DFFR_X1){}", after.replacen(from, to, 1))
    };
    refused(dffr("next_state", "next_mistake"), &["DFFR_X1", "next_state"]);
    refused(dffr("clocked_on", "clocked_off"), &["DFFR_X1", "clocked_on"]);
    refused(dffr("\"CK\"", "\"!CK\""), &["DFFR_X1", "falling edge"]);
}

#[test]
fn a_cell_that_stands_there_twice_is_named() {
    refused(changed("cell (BUF_X1)", "cell (INV_X1)"), &["line", "INV_X1", "twice"]);
}

#[test]
fn a_cell_of_the_netlist_that_is_not_in_the_library_is_reported_for_the_netlist() {
    let folder = folder();
    let cells = file(&folder, "cells.lib", changed("cell (FA_X1)", "cell (OTHER_X1)"));
    let binding = fs::read_to_string(BINDING).expect("the binding");
    let binding = binding.replace("mapped/single_cycle.v", NETLIST);
    let binding = file(&folder, "b.toml", binding.replace("cells/nangate45.lib", &cells));
    let line = stuckat(["netlist", "info", "--binding", &binding]);
    line.is_refused(BAD_INPUT, &[NETLIST, "line", "FA_X1"]);
}

#[test]
fn a_function_nested_deeply_in_any_way_is_refused() {
    let nested = |function: String| changed("\"!A\"", &format!("\"{function}\""));
    let n = 200_000;
    let refused = refused_where_it_is_used;
    refused(nested(format!("{}A{}", "(".repeat(n), ")".repeat(n))), &["INV_X1", "nesting"]);
    refused(nested(format!("{}A", "!".repeat(n))), &["INV_X1", "nesting"]);
    refused(nested(format!("A{}", "'".repeat(n))), &["INV_X1"]);
}

#[test]
fn a_function_of_very_many_terms_is_refused_or_understood() {
    let folder = folder();
    for operator in ["|", "&", "^", " "] {
        let function = format!("\"!A{}\"", format!("{operator}!A").repeat(200_000));
        let cells = file(&folder, "cells.lib", changed("\"!A\"", &function));
        let binding = fs::read_to_string(BINDING).expect("the binding");
        let binding = binding.replace("mapped/single_cycle.v", NETLIST);
        let binding = file(&folder, "b.toml", binding.replace("cells/nangate45.lib", &cells));
        // Some of these compute "not A", some do not; none may end the process by a signal.
        let ended = stuckat(["netlist", "info", "--binding", &binding]).run();
        assert!(matches!(ended.code, Some(0 | BAD_INPUT)), "{operator}: {ended:?}");
    }
}

#[test]
fn groups_nested_deeply_are_refused() {
    let deep = format!("{}{}", "library (a) { ".repeat(100_000), "}".repeat(100_000));
    refused(deep, &[]);
}

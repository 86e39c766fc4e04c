//! Any text as a cell library; if it is one, a netlist that uses each of its cells.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stuckat::netlist::cells::{CellType, Library};
use stuckat::netlist::program::Program;
use stuckat::netlist::verilog;

/// A netlist with one instance of the cell, all inputs at one net.
fn netlist(cell: &CellType) -> String {
    let inputs = cell.inputs.iter().map(|pin| format!(".\\{pin} (a)"));
    let outputs = cell.outputs.iter().enumerate().map(|(i, (pin, _))| format!(".\\{pin} (n{i})"));
    let pins: Vec<String> = inputs.chain(outputs).collect();
    format!("module top (input a);\n\\{} u ({});\nendmodule\n", cell.name, pins.join(", "))
}

fuzz_target!(|text: &str| {
    let Ok(library) = Library::parse(text) else { return };
    for cell in library.cells().take(10) {
        if let Ok(netlist) = verilog::parse(&netlist(cell), "top", &library) {
            let _ = Program::compile(&netlist);
        }
    }
});

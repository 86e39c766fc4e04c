//! Any text as Verilog, with a small library: a netlist that compiles, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use stuckat::netlist::cells::Library;
use stuckat::netlist::program::Program;
use stuckat::netlist::verilog;

static LIBRARY: LazyLock<Library> =
    LazyLock::new(|| Library::parse(include_str!("cells.lib")).expect("our library is sound"));

fuzz_target!(|text: &str| {
    if let Ok(netlist) = verilog::parse(text, "top", &LIBRARY) {
        let _ = Program::compile(&netlist);
    }
});

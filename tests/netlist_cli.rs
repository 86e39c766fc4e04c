//! `stuckat netlist check`, `eval` and `table`, seen from outside. What they must say comes from integer arithmetic, or from
//! Icarus Verilog.

#[path = "netlist_cli/check.rs"]
mod check;
#[path = "common/cli.rs"]
mod cli;
mod common;
#[path = "netlist_cli/eval.rs"]
mod eval;
#[path = "netlist_cli/table.rs"]
mod table;
#[path = "netlist_cli/vcd.rs"]
mod vcd;
#[path = "netlist_cli/waves.rs"]
mod waves;

/// A binding of the repository.
fn binding(name: &str) -> String {
    format!("{}/netlists/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

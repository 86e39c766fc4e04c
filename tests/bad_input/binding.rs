//! Bindings that do not fit their netlist, or themselves.

use crate::cli::{BAD_INPUT, BINDING, CELLS, Line, NETLIST, file, folder, stuckat};
use std::fs;
use tempfile::TempDir;

/// The real binding, its files by absolute path, with `from`, which must be in it, replaced once by `to`.
fn changed(from: &str, to: &str) -> String {
    let text = fs::read_to_string(BINDING).expect("the binding");
    let text = text.replace("mapped/single_cycle.v", NETLIST);
    let text = text.replace("cells/nangate45.lib", CELLS);
    assert!(text.contains(from), "'{from}' is not in the binding");
    text.replacen(from, to, 1)
}

fn info(folder: &TempDir, text: impl AsRef<[u8]>) -> (String, Line) {
    let path = file(folder, "changed.toml", text);
    let line = stuckat(["netlist", "info", "--binding", &path]);
    (path, line)
}

/// The text is refused with one line that names the file and contains all of `parts`.
#[track_caller]
fn refused(text: impl AsRef<[u8]>, parts: &[&str]) {
    let folder = folder();
    let (path, line) = info(&folder, text);
    let parts: Vec<&str> = [&path[..]].iter().chain(parts).copied().collect();
    line.is_refused(BAD_INPUT, &parts);
}

#[test]
fn the_binding_is_sound_unless_a_test_changes_it() {
    info(&folder(), changed("", "")).1.succeeds();
}

#[test]
fn a_missing_key_is_named() {
    for (line, key) in [
        ("name = \"single_cycle\"\n", "name"),
        ("module = \"single_cycle\"\n", "module"),
        ("max_clocks = 8", "max_clocks"),
        ("rs2 = \"op_b_i\"\n", "rs2"),
        ("active = \"low\"\n", "active"),
    ] {
        refused(changed(line, ""), &["missing", &format!("`{key}`")]);
    }
    let no_answer = changed("value = \"result_o\"\n", "");
    refused(no_answer, &["[answer] has no 'low', which mul needs (or 'value')"]);
    let no_d = changed("d = \"imd_val_d_o\"\n", "");
    refused(no_d, &["[[register]] needs q, d and write (outside), or flip_flops (inside)"]);
    let no_mulh = changed("[operation.mulh]", "[operation.mulhu]");
    refused(no_mulh, &["duplicate key"]);
    refused("", &["missing"]);
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    refused(changed("max_clocks = 8", "max_clocks = 8\nspeed = 1"), &["line", "`speed`"]);
    refused(changed("rs2 = \"op_b_i\"", "rs2 = \"op_b_i\"\nrs3 = \"op_b_i\""), &["line", "`rs3`"]);
    refused(changed("[operation.mulhu]", "[operation.div]"), &["`div`"]);
}

#[test]
fn an_unknown_port_is_named_and_the_ports_that_there_are() {
    for port in ["clk_i", "rst_ni", "op_a_i", "result_o", "valid_o", "imd_val_q_i", "imd_val_we_o"]
    {
        let text = changed(&format!("\"{port}\""), "\"no_such_port\"");
        refused(text, &["no_such_port", "imd_val_q_i"]);
    }
    refused(changed("operator_i = 0", "no_such_port = 0"), &["no_such_port", "[idle]"]);
}

#[test]
fn a_port_of_the_wrong_width_or_direction_is_named() {
    refused(changed("\"op_a_i\"", "\"imd_val_q_i\""), &["imd_val_q_i", "34 bits", "32"]);
    refused(changed("\"clk_i\"", "\"signed_mode_i\""), &["signed_mode_i", "2 bits", "1"]);
    refused(changed("\"valid_o\"", "\"result_o\""), &["result_o", "32 bits", "1"]);
    refused(changed("\"imd_val_d_o\"", "\"result_o\""), &["result_o", "32 bits", "34"]);
    refused(changed("\"op_a_i\"", "\"result_o\""), &["result_o", "output"]);
    refused(changed("\"result_o\"", "\"op_a_i\""), &["op_a_i", "input"]);
}

#[test]
fn a_value_that_does_not_fit_is_named() {
    refused(
        changed("signed_mode_i = 3", "signed_mode_i = 4"),
        &["[operation.mulh]", "= 4", "2 bits"],
    );
    refused(changed("operator_i = 0", "operator_i = 4"), &["[idle]", "operator_i = 4"]);
    refused(changed("operator_i = 0", "operator_i = -1"), &["line"]);
    refused(changed("operator_i = 0", "operator_i = 99999999999999999999"), &["line"]);
    refused(changed("max_clocks = 8", "max_clocks = 0"), &["max_clocks", "0"]);
    refused(changed("max_clocks = 8", "max_clocks = 1001"), &["max_clocks", "1001"]);
    refused(changed("max_clocks = 8", "max_clocks = 4294967296"), &["line"]);
    refused(changed("active = \"low\"", "active = \"sometimes\""), &["line", "sometimes"]);
}

#[test]
fn a_reset_value_that_does_not_fit_its_register_is_named() {
    // The register has 34 bits.
    info(&folder(), changed("\nreset = 0", "\nreset = 17179869183")).1.succeeds();
    let too_large = changed("\nreset = 0", "\nreset = 17179869184");
    refused(too_large, &["reset", "17179869184", "34 bits"]);
}

#[test]
fn an_input_with_no_value_or_with_two_roles_is_named() {
    refused(changed("signed_mode_i = 0\n", ""), &["[idle]", "signed_mode_i"]);
    refused(changed("operator_i = 0", "operator_i = 0\nop_a_i = 0"), &["[idle]", "op_a_i"]);
    refused(changed("[clock]\nport = \"clk_i\"\n", ""), &["clk_i"]);
    refused(changed("rs2 = \"op_b_i\"", "rs2 = \"op_a_i\""), &["op_"]);
}

#[test]
fn a_unit_that_never_answers_is_refused() {
    refused(changed("mult_en_i = 1", "mult_en_i = 0"), &["mul", "no answer"]);
    refused(changed("max_clocks = 8", "max_clocks = 1"), &["no answer", "max_clocks"]);
}

#[test]
fn what_is_no_toml_is_refused() {
    refused("This is a text file.\n", &["line 1"]);
    refused("name = \"\n", &["line 1"]);
    refused([0xff, 0xfe, 0], &[]);
    refused([0; 64], &["line 1"]);
    refused(fs::read(NETLIST).expect("the netlist"), &["line"]);
    let deep = format!("name = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    refused(deep, &[]);
}

#[test]
fn the_files_that_a_binding_names_are_named_if_they_are_missing() {
    refused_for(changed(NETLIST, "nowhere.v"), "nowhere.v");
    refused_for(changed(CELLS, "nowhere.lib"), "nowhere.lib");
    refused_for(changed(CELLS, ""), "directory");
}

#[track_caller]
fn refused_for(text: String, cause: &str) {
    info(&folder(), text).1.is_refused(BAD_INPUT, &[cause]);
}

#[test]
fn a_missing_binding_is_refused() {
    let folder = folder();
    let path = folder.path().join("missing.toml").display().to_string();
    for words in [["netlist", "info"], ["netlist", "faults"], ["run", crate::cli::ELF]] {
        let line = stuckat(words).words(["--binding", &path]);
        line.is_refused(BAD_INPUT, &[&path, "No such file"]);
    }
}

#[test]
fn a_binding_under_which_the_netlist_does_not_multiply_is_refused() {
    // MULH as unsigned x unsigned; and the operands exchanged, which only MULHSU notices.
    refused(changed("signed_mode_i = 3", "signed_mode_i = 0"), &["without a fault", "mulh of"]);
    let exchanged = changed("rs1 = \"op_a_i\"", "rs1 = \"op_b_i\"").replacen(
        "rs2 = \"op_b_i\"",
        "rs2 = \"op_a_i\"",
        1,
    );
    refused(exchanged, &["without a fault", "mulhsu of"]);
}

#[test]
fn a_port_with_two_roles_is_named() {
    refused(changed("rs2 = \"op_b_i\"", "rs2 = \"op_a_i\""), &["op_a_i[0]", "two roles"]);
}

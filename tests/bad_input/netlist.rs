//! Netlists that cannot be read, or are not netlists.

use crate::cli::{BAD_INPUT, BINARY, NETLIST, bash, file, folder, stuckat};
use std::fs;

/// The real netlist with `from`, which must be in it, replaced once by `to`.
fn changed(from: &str, to: &str) -> String {
    let sound = sound();
    assert!(sound.contains(from), "'{from}' is not in the netlist");
    sound.replacen(from, to, 1)
}

fn sound() -> String {
    fs::read_to_string(NETLIST).expect("the netlist")
}

/// Number of the line in which `part` stands.
fn line_of(text: &str, part: &str) -> String {
    let line = text.lines().position(|line| line.contains(part)).expect("the part is in the text");
    format!("line {}", line + 1)
}

/// The text is refused with one line that names the file and contains all of `parts`.
#[track_caller]
fn refused(text: impl AsRef<[u8]>, parts: &[&str]) {
    let folder = folder();
    let path = file(&folder, "changed.v", text);
    let parts: Vec<&str> = [&path[..]].iter().chain(parts).copied().collect();
    stuckat(["netlist", "info", "--netlist", &path]).is_refused(BAD_INPUT, &parts);
}

const FIRST_INVERTER: &str = "  INV_X1 U0 (.A(mult1_16), .ZN(n826));\n";

#[test]
fn the_netlist_is_sound_unless_a_test_changes_it() {
    let folder = folder();
    let path = file(&folder, "same.v", changed(FIRST_INVERTER, FIRST_INVERTER));
    stuckat(["netlist", "info", "--netlist", &path]).succeeds();
}

#[test]
fn a_cell_that_the_library_lacks_is_named_with_its_line() {
    let text = changed("INV_X1 U0 ", "NOSUCH_X9 U0 ");
    refused(&text, &[&line_of(&text, "NOSUCH_X9"), "U0", "NOSUCH_X9"]);
}

#[test]
fn a_syntax_error_is_named_with_its_line() {
    let text = changed(FIRST_INVERTER, "  INV_X1 U0 (.A(mult1_16), .ZN(n826))\n");
    refused(&text, &["line", "is expected", "'INV_X1' found"]);
    let text = changed(FIRST_INVERTER, "  INV_X1 U0 (.A(mult1_16) .ZN(n826));\n");
    refused(&text, &[&line_of(&text, "INV_X1 U0 "), "','"]);
    let text = changed(FIRST_INVERTER, "  INV_X1 U0 (.A(mult1_16), .ZN(~n826));\n");
    refused(&text, &[&line_of(&text, "INV_X1 U0 "), "'~'"]);
    let text = changed(FIRST_INVERTER, "  always @(posedge clk_i) n826 <= 1;\n");
    refused(&text, &[&line_of(&text, "always"), "structural"]);
    refused(changed("endmodule", ""), &["the end of the file"]);
    refused(changed("  assign", "  /* assign"), &["comment does not end"]);
}

#[test]
fn a_wrongly_connected_cell_is_named_with_its_line() {
    for (pins, part) in [
        (".A(mult1_16), .Q(n826)", "no pin Q"),
        (".A(mult1_16), .A(mult1_17), .ZN(n826)", "connected twice"),
        (".A(), .ZN(n826)", "not connected"),
        (".ZN(n826)", "not connected"),
        (".A(op_a_i), .ZN(n826)", "32 bits"),
        (".A(op_a_i[32]), .ZN(n826)", "outside"),
        (".A(mult1_16), .ZN(1'b0)", "constant"),
    ] {
        let text = changed(FIRST_INVERTER, &format!("  INV_X1 U0 ({pins});\n"));
        refused(&text, &[&line_of(&text, "INV_X1 U0 "), part]);
    }
}

#[test]
fn a_net_with_two_drivers_names_both() {
    let second = format!("{FIRST_INVERTER}  INV_X1 SECOND (.A(mult1_17), .ZN(n826));\n");
    refused(changed(FIRST_INVERTER, &second), &["n826", "two drivers", "U0", "SECOND"]);
    let port = format!("{FIRST_INVERTER}  INV_X1 SECOND (.A(mult1_17), .ZN(op_a_i[3]));\n");
    refused(changed(FIRST_INVERTER, &port), &["op_a_i[3]", "two drivers", "SECOND"]);
    let constant = format!("{FIRST_INVERTER}  assign n826 = 1'b1;\n");
    refused(changed(FIRST_INVERTER, &constant), &["n826", "two drivers", "U0", "constant"]);
    let both = format!("{FIRST_INVERTER}  assign spare = 1'b1; assign spare = 1'b0;\n");
    refused(changed(FIRST_INVERTER, &both), &["spare", "both 0 and 1"]);
}

#[test]
fn an_undriven_net_is_named_with_its_reader() {
    refused(changed(FIRST_INVERTER, ""), &["line", "nothing drives"]);
    let reader = FIRST_INVERTER.replace("mult1_16", "nowhere");
    let text = changed(FIRST_INVERTER, &reader);
    refused(&text, &[&line_of(&text, "nowhere"), "U0/A", "nothing drives"]);
    refused(changed("  assign imd_val_we_o = mult_en_i;\n", ""), &["imd_val_we_o"]);
}

#[test]
fn a_combinational_loop_names_its_cells_and_a_net_on_it() {
    let own_output = FIRST_INVERTER.replace("mult1_16", "n826");
    refused(changed(FIRST_INVERTER, &own_output), &["combinational loop", "U0", "n826"]);
    let ring = "  INV_X1 R0 (.A(ring1), .ZN(ring0));\n  INV_X1 R1 (.A(ring0), .ZN(ring1));\n";
    let text = changed(FIRST_INVERTER, &format!("{FIRST_INVERTER}{ring}"));
    refused(&text, &["combinational loop", "R0", "R1", "ring"]);
}

#[test]
fn another_module_or_none_is_refused() {
    let other = changed("module single_cycle(", "module other(");
    refused(&other, &["no module 'single_cycle'", "other"]);
    refused("", &["no module 'single_cycle'"]);
    refused("// nothing but a comment", &["no module 'single_cycle'"]);
    let ports = changed("module single_cycle(clk_i, ", "module single_cycle(clk_i, more, ");
    refused(ports, &["port more"]);
}

#[test]
fn what_is_no_text_is_refused() {
    refused([0xff, 0xfe, 0, 1, 2, 3], &[]);
    refused((0..=255).cycle().take(10_000).collect::<Vec<u8>>(), &[]);
    refused(fs::read(crate::cli::ELF).expect("the firmware"), &[]);
    refused([0; 100], &["line 1"]);
}

#[test]
fn a_missing_netlist_or_a_folder_is_refused() {
    let folder = folder();
    let missing = folder.path().join("missing.v").display().to_string();
    let itself = folder.path().display().to_string();
    for (path, cause) in [(&missing, "No such file"), (&itself, "directory")] {
        stuckat(["netlist", "info", "--netlist", path]).is_refused(BAD_INPUT, &[path, cause]);
        stuckat(["netlist", "faults", "--netlist", path]).is_refused(BAD_INPUT, &[path, cause]);
        let run = stuckat(["run", crate::cli::ELF, "--netlist", path]);
        run.is_refused(BAD_INPUT, &[path, cause]);
    }
}

#[test]
fn a_netlist_cut_short_anywhere_is_refused() {
    let sound = sound();
    let folder = folder();
    let path = file(&folder, "cut.v", b"");
    for len in (0..sound.len()).step_by(3989) {
        fs::write(&path, &sound[..len]).expect("a temporary file can be written");
        stuckat(["netlist", "info", "--netlist", &path]).is_refused(BAD_INPUT, &[&path]);
    }
}

#[test]
fn a_netlist_that_ends_within_a_constant_is_refused() {
    for end in ["'", "4'", "4'b", "4'h", "'s", "4's", "4'd", "99999999999999999999'", "4'é", "4'b2"]
    {
        refused(format!("module single_cycle (a); assign a = {end}"), &["line 1"]);
    }
}

#[test]
fn ranges_without_sense_take_neither_all_memory_nor_all_time() {
    let wire =
        |range: &str| changed(FIRST_INVERTER, &format!("{FIRST_INVERTER}  wire {range} w;\n"));
    refused(wire("[99999999999999999999:0]"), &["line", "too large"]);
    refused(wire("[4294967295:0]"), &["line"]);
    refused(wire("[16777216:0]"), &["line", "bits"]);
    refused(wire("[8388608:-8388608]"), &["line", "bits"]);
    refused(wire("[3:"), &["line"]);
    let deep = format!("{}a{}", "{".repeat(100_000), "}".repeat(100_000));
    refused(
        format!("module single_cycle (a); assign a = {deep}; endmodule"),
        &["line 1", "nested"],
    );
}

#[test]
fn a_range_of_millions_of_bits_is_refused_or_read_within_a_gigabyte() {
    let folder = folder();
    let text = changed(FIRST_INVERTER, &format!("{FIRST_INVERTER}  wire [16000000:0] w;\n"));
    let path = file(&folder, "changed.v", text);
    let limited = r#"ulimit -v 1048576; exec "$@""#;
    let ended = bash(limited, [BINARY, "netlist", "info", "--netlist", &path]).run();
    assert!(matches!(ended.code, Some(0 | BAD_INPUT)), "{ended:?}");
}

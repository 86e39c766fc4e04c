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

/// The same for the binding of `array32`, which has no clock and gives both halves.
fn changed_array(from: &str, to: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/netlists");
    let text = fs::read_to_string(format!("{folder}/array32.toml")).expect("the binding");
    let text = text.replace("\"mapped/", &format!("\"{folder}/mapped/"));
    let text = text.replace("\"cells/", &format!("\"{folder}/cells/"));
    assert!(text.contains(from), "'{from}' is not in the binding");
    text.replacen(from, to, 1)
}

#[test]
fn the_other_binding_is_sound_unless_a_test_changes_it() {
    info(&folder(), changed_array("", "")).1.succeeds();
}

#[test]
fn a_part_of_a_port_that_is_not_there_is_named() {
    let part = |part: &str| changed("\"op_a_i\"", &format!("\"{part}\""));
    refused(part("op_a_i[32:1]"), &["'op_a_i[32:1]' lies outside port 'op_a_i'", "32 bits"]);
    refused(part("op_a_i[0:31]"), &["'op_a_i[0:31]' lies outside port 'op_a_i'"]);
    refused(part("op_a_i[31:x]"), &["'op_a_i[31:x]' is not a part of a port", "PORT[HIGH:LOW]"]);
    refused(part("op_a_i[-1]"), &["'op_a_i[-1]' is not a part of a port"]);
    refused(part("op_a_i[99999999999999999999]"), &["is not a part of a port"]);
    refused(part("op_c_i[31:0]"), &["no port 'op_c_i'"]);
    refused(part("op_a_i[30:0]"), &["'op_a_i[30:0]' has 31 bits; 32 are needed"]);
    refused(part("result_o[31:0]"), &["'result_o' is an output"]);
    refused(changed("signed_mode_i = 0", "\"signed_mode_i[2]\" = 0"), &["[idle]", "lies outside"]);
}

#[test]
fn a_list_of_parts_that_does_not_fit_is_named() {
    let list = |list: &str| changed("\"op_a_i\"", list);
    refused(list("[\"op_a_i[31:16]\", \"op_a_i[14:0]\"]"), &["31 bits; 32 are needed"]);
    refused(list("[\"op_a_i[31:16]\", \"op_a_i[16:1]\"]"), &["op_a_i[16]", "two roles"]);
    refused(list("[]"), &["0 bits; 32 are needed"]);
    refused(list("[\"op_a_i\", 3]"), &["line"]);
    info(&folder(), list("[\"op_a_i[31:16]\", \"op_a_i[15:0]\"]")).1.succeeds();
}

#[test]
fn a_part_of_a_control_that_is_missing_given_twice_or_too_small_is_named() {
    let parts = |mul: &str| changed("operator_i = 0\nsigned_mode_i = 0\n[operation.mulh]", mul);
    let missing = parts("operator_i = 0\n\"signed_mode_i[1]\" = 0\n[operation.mulh]");
    refused(missing, &["[operation.mul]: input 'signed_mode_i' has no value"]);
    let twice = "operator_i = 0\nsigned_mode_i = 0\n\"signed_mode_i[1]\" = 0\n[operation.mulh]";
    refused(parts(twice), &["[operation.mul]: 'signed_mode_i", "already has another role"]);
    let large =
        "operator_i = 0\n\"signed_mode_i[0]\" = 2\n\"signed_mode_i[1]\" = 0\n[operation.mulh]";
    refused(parts(large), &["[operation.mul]: signed_mode_i[0] = 2", "1 bits"]);
    let right =
        "operator_i = 0\n\"signed_mode_i[0]\" = 0\n\"signed_mode_i[1]\" = 0\n[operation.mulh]";
    info(&folder(), parts(right)).1.succeeds();
}

#[test]
fn sign_inputs_and_a_start_that_do_not_fit_are_named() {
    let sign = |port: &str| {
        let text = changed_array("signed_a_i = 0", "");
        text.replacen("rs1 = \"a_i\"", &format!("rs1 = \"a_i\"\nrs1_sign = \"{port}\""), 1)
    };
    refused(sign("sign"), &["no port 'sign'"]);
    refused(sign("p_o"), &["'p_o' is an output"]);
    refused(sign("b_i[31]"), &["b_i[31]", "two roles"]);
    refused(sign("signed_a_i"), &["[operation.mul]: 'signed_a_i' already has another role"]);
    let start = |start: &str| changed("[operands]", &format!("[start]\n{start}\n[operands]"));
    refused(start("port = \"begin\"\nactive = \"high\""), &["no port 'begin'"]);
    refused(start("port = \"clk_i\"\nactive = \"high\""), &["clk_i", "two roles", "start"]);
    refused(start("port = \"mult_en_i\"\nactive = \"high\""), &["mult_en_i", "another role"]);
    refused(start("port = \"mult_en_i\""), &["line", "active"]);
    refused(start("port = \"signed_mode_i\"\nactive = \"low\""), &["2 bits; 1 are needed"]);
    refused(changed("rs2 = \"op_b_i\"", "rs2 = \"op_b_i\"\nheld = 1"), &["line"]);
}

#[test]
fn operands_that_are_gone_when_they_are_needed_make_wrong_products() {
    // single_cycle looks at its operands in the second clock, too.
    let gone = changed("rs2 = \"op_b_i\"", "rs2 = \"op_b_i\"\nheld = false");
    refused(gone, &["without a fault", "mulh of"]);
}

#[test]
fn an_answer_that_is_given_twice_or_by_half_is_named() {
    let both = changed("value = \"result_o\"", "value = \"result_o\"\nlow = \"result_o\"");
    refused(both, &["[answer] has 'value' and 'low' or 'high'"]);
    refused(changed_array("high = \"p_o[63:32]\"", ""), &["[answer] has no 'high', which mulh"]);
    refused(changed_array("low = \"p_o[31:0]\"", ""), &["[answer] has no 'low', which mul needs"]);
    refused(changed_array("p_o[63:32]", "p_o[63:33]"), &["31 bits; 32 are needed"]);
    refused(changed_array("p_o[63:32]", "p_o[31:0]"), &["without a fault, mulh of"]);
    let clocks = "valid = \"valid_o\"\nclocks = { mul = 1 }";
    refused(changed("valid = \"valid_o\"", clocks), &["'valid' and 'clocks'"]);
}

#[test]
fn a_clock_of_the_answer_that_does_not_fit_is_named() {
    let clocks = |clocks: &str| changed("valid = \"valid_o\"", &format!("clocks = {clocks}"));
    refused(clocks("{ mul = 9 }"), &["[answer] clocks mul = 9 is not 1 to max_clocks = 8"]);
    refused(clocks("{ mulhu = 0 }"), &["[answer] clocks mulhu = 0"]);
    refused(clocks("{ div = 1 }"), &["line", "`div`"]);
    refused(clocks("{ mul = -1 }"), &["line"]);
    // MULH stands in its second clock.
    let early = "{ mul = 1, mulh = 1, mulhsu = 1, mulhu = 1 }";
    refused(clocks(early), &["even without a fault the unit is not usable"]);
    info(&folder(), clocks("{ mul = 1, mulh = 2, mulhsu = 2, mulhu = 2 }")).1.succeeds();
}

#[test]
fn an_operation_that_is_done_twice_or_not_at_all_is_named() {
    let last = "[operation.mulhu]\nsigned_a_i = 0\nsigned_b_i = 0\n";
    refused(changed_array(last, ""), &["mulhu is missing", "[operation.mulhu]", "[exact]"]);
    let exact = |clocks: &str| changed_array(last, &format!("[exact]\nmulhu = {clocks}\n"));
    refused(exact("0"), &["[exact] mulhu = 0; 1 to 1000"]);
    refused(exact("1001"), &["[exact] mulhu = 1001; 1 to 1000"]);
    refused(exact("2"), &["different numbers of clocks"]);
    refused(exact("1\nmulh = 1"), &["mulh is in [operation] and in [exact]"]);
    refused(exact("1\nrem = 1"), &["line", "`rem`"]);
    let clocks = changed_array(last, "[exact]\nmulhu = 1\n");
    let clocks = clocks.replacen("[idle]", "clocks = { mulhu = 1 }\n[idle]", 1);
    refused(clocks, &["mulhu is in [answer] clocks and in [exact]"]);
    info(&folder(), exact("1")).1.succeeds();
}

#[test]
fn a_register_that_lies_nowhere_or_in_two_places_is_named() {
    let where_it_is = "[[register]] needs q, d and write (outside), or flip_flops (inside)";
    refused(changed("d = \"imd_val_d_o\"\n", ""), &[where_it_is]);
    refused(changed("write = \"imd_val_we_o\"\n", ""), &[where_it_is]);
    let write = "write = \"imd_val_we_o\"\n";
    refused(changed(write, &format!("{write}flip_flops = \"state\"\n")), &[where_it_is]);
    let more = |more: &str| changed("", "") + "\n[[register]]\n" + more;
    refused(more(""), &[where_it_is]);
    refused(more("flip_flops = \"nowhere\""), &["no flip-flop's Q is a net 'nowhere'"]);
    refused(more("flip_flops = \"op_a_i[3:0]\""), &["no flip-flop's Q is a net 'op_a_i[0]'"]);
    refused(more("flip_flops = \"op_a_i[99999999:0]\""), &["no flip-flop's Q is a net"]);
    refused(more("flip_flops = []"), &["[[register]]", "flip_flops"]);
    refused(
        more("q = \"imd_val_q_i\"\nd = \"imd_val_d_o\"\nwrite = \"imd_val_we_o\""),
        &["two roles"],
    );
    // What resets a register inside is in the netlist.
    let state = flip_flop();
    refused(more(&format!("flip_flops = \"{state}\"\nreset = 1")), &["reset", "flip_flops"]);
    refused(more(&format!("flip_flops = [\"{state}\", \"{state}\"]")), &["twice", &state]);
}

/// The net of the state bit of `single_cycle`.
fn flip_flop() -> String {
    let text = fs::read_to_string(NETLIST).expect("the netlist");
    let line = text.lines().find(|line| line.contains("DFF")).expect("there is a flip-flop");
    let (_, q) = line.split_once(".Q(").expect("it has a Q");
    q.split(')').next().expect("a net").to_owned()
}

//! Each thing that is wrong with a netlist has its own message, with line, place and remedy.

use super::{cells, top, try_top};
use std::time::{Duration, Instant};
use stuckat::netlist::read;

/// The text is refused with a message that contains all of `parts`, and that is one line.
#[track_caller]
fn refused(text: &str, parts: &[&str]) {
    let why = try_top("t.v", text).expect_err(text);
    for part in parts {
        assert!(why.contains(part), "{text}\n  says {why}\n  not  {part}");
    }
    assert!(!why.contains('\n'), "{why}");
}

fn module(body: &str) -> String {
    format!("module top (a, y);\ninput a; output y;\n{body}\nendmodule")
}

#[test]
fn what_cannot_stand_in_a_netlist_is_named_with_its_line() {
    for (body, parts) in [
        ("wand w;", &["line 3", "'wand'", "several drivers"][..]),
        ("inout b;", &["line 3", "'inout'"]),
        ("parameter W = 1;", &["line 3", "'parameter'", "elaborate"]),
        ("defparam u.W = 1;", &["line 3", "'defparam'", "elaborate"]),
        ("INV #(1) u (.A(a), .Y(y));", &["line 3", "parameters are not read"]),
        ("INV u[1:0] (.A(a), .Y(y));", &["line 3", "arrays of instances"]),
        ("and g (y, a, a);", &["line 3", "'and'", "primitive"]),
        ("always @(a) y = a;", &["line 3", "'always'", "structural"]),
        ("assign y = ~a;", &["line 3", "'~'", "-noexpr"]),
        ("assign #1 y = a;", &["line 3", "delays"]),
        ("assign y = 1;", &["line 3", "1'b1"]),
        ("assign y = {0{a}};", &["line 3", "replication of 0"]),
        ("assign y = 1'b2;", &["line 3", "'2' is not a digit"]),
        ("`ifdef X\nassign y = a;\n`endif", &["line 3", "`ifdef", "preprocessor"]),
        ("assign y = `VALUE;", &["line 3", "`VALUE"]),
        ("INV u (.A(a), .Y(y));\nINV u (.A(a), .Y());", &["line 4", "u", "line 3"]),
        ("wire [1:0] y;", &["line 3", "'y'", "another range"]),
        ("input y;", &["line 3", "'y'", "both input and output"]),
        ("wire [3:0] w; assign y = w[0:1];", &["line 3", "'w[0:1]'", "against"]),
        ("assign y = w[0];", &["line 3", "'w' is not declared"]),
    ] {
        refused(&module(body), parts);
    }
    refused("module top (inout a); endmodule", &["line 1", "'inout'"]);
    refused("module top #(parameter W = 1) (input a); endmodule", &["line 1", "parameters"]);
    refused("module top (a);\nendmodule", &["line 1", "port a", "no direction"]);
    refused("module top (.a({b, c}));\ninput b; output c;\nendmodule", &["part input"]);
    refused("module a;\nmodule top; endmodule", &["line 2", "'endmodule'", "'module'"]);
    refused("module top; endmodule\nmodule top; endmodule", &["line 2", "top", "line 1"]);
}

#[test]
fn a_wrong_connection_of_a_module_is_named_with_its_line() {
    let with = |body: &str| {
        format!(
            "{}\nmodule leaf (input [1:0] i, output o);\nBUF b (i[0], o);\nendmodule",
            module(body)
        )
    };
    top(&with("leaf l (.i({a, a}), .o(y));"));
    for (body, parts) in [
        (
            "leaf l (.i(a), .o(y));",
            &["line 3", "instance l of leaf", "1 bits at port i", "has 2"][..],
        ),
        ("leaf l (.i({3{a}}), .o(y));", &["line 3", "3 bits at port i"]),
        ("leaf l (.j(a), .o(y));", &["line 3", "instance l of leaf", "no port j"]),
        ("leaf l ({a, a}, y, a);", &["line 3", "no port number 3"]),
        ("leaf l (.o(y), .o(y));", &["line 3", "port o is connected twice"]),
        ("leaf l (.i({a, a}), .o(1'b0));", &["line 3", "output o drives a constant"]),
        ("leaf l (.o(y));", &["line 6", "l/b/A reads net l/i[0], which nothing drives"]),
        ("leaf l (.i({a, a}), .o(y)); BUF c (a, y);", &["line 3", "two drivers", "l/b/Y", "c/Y"]),
    ] {
        refused(&with(body), parts);
    }
}

#[test]
fn a_module_that_contains_itself_is_refused_with_the_path() {
    let itself = "module top (input a);\nmid m (a);\nendmodule\n\
        module mid (input a);\ntop t (a);\nendmodule";
    refused(itself, &["line 5", "module top contains itself (top > mid > top)", "m/t"]);
}

#[test]
fn a_loop_is_named_with_all_its_cells() {
    let body = "AND u1 (a, n3, n1); INV u2 (n1, n2); BUF u3 (n2, n3); BUF u4 (n3, y);";
    refused(&module(body), &["combinational loop", "u1, u2, u3", "flip-flop"]);
    let why = try_top("t.v", &module(body)).unwrap_err();
    assert!(!why.contains("u4"), "{why}");
    let many: String = (0..50).map(|i| format!("INV r{i} (n{i}, n{});", (i + 1) % 50)).collect();
    refused(&module(&format!("{many} assign y = a;")), &["combinational loop", "and 30 more"]);
}

#[test]
fn a_cell_that_cannot_be_evaluated_is_only_refused_where_it_is_used() {
    top(&module("BUF b (a, y);"));
    let latch = module("\nLATCH l (.D(a), .G(a), .Q(y));");
    refused(
        &latch,
        &["line 4", "cell l", "'LATCH'", "latch", "line 24 of the cell library", "map"],
    );
    let enable = module("\\$_DFFE_PP_ f (.D(a), .C(a), .E(a), .Q(y));");
    refused(&enable, &["line 3", "cell f", "'$_DFFE_PP_'", "dfflegalize"]);
    refused(&module("\\$_DLATCH_P_ f (.D(a), .E(a), .Q(y));"), &["latch"]);
    refused(&module("\\$_DFF_N_ f (.D(a), .C(a), .Q(y));"), &["falling edge"]);
    refused(&module("\\$add f (.A(a), .Y(y));"), &["'$add'", "neither in the cell library nor"]);
}

/// Small files that would be large netlists end with a message, soon and without taking all memory.
#[test]
fn netlists_that_grow_without_bound_are_refused() {
    let doubled = |leaf: &str| {
        let mut text = format!("module m0 ();\n{leaf}\nendmodule\n");
        for i in 1..40 {
            let below = i - 1;
            text += &format!("module m{i} (); m{below} x (); m{below} y (); endmodule\n");
        }
        text + "module top (); m39 m (); endmodule"
    };
    let long = "n".repeat(100_000);
    let mut deep = String::from("module m0 (input a); endmodule\n");
    for i in 1..100 {
        deep += &format!("module m{i} (input a); m{} x (a); endmodule\n", i - 1);
    }
    deep += "module top (input a); m99 m (a); endmodule";
    let wide = "wire [1000000:0] w;\n";
    let joins = "assign w = {1000001{1'b0}};\n".repeat(1000);
    let constants = format!("wire [4095:0] w = {{{}1'b0}};", "4096'b0, ".repeat(500_000));
    let padded = doubled("").replace(" x ()", &format!(" {long} ()"));
    let nested = format!("wire w = {}a{};", "{1000{".repeat(10), "}}".repeat(10));
    for (text, part) in [
        (doubled(""), "instances"),
        (doubled("wire [9:0] w;"), "bits"),
        (doubled("BUF b (1'b0, );"), "instances"),
        (padded, "names"),
        (module(&constants), "connections"),
        (deep, "modules in each other"),
        (module(&format!("wire [1000000:0] {long};")), "names"),
        (module(&format!("{wide}{joins}")), "connections"),
        (module(&nested), "connections"),
        (module("wire w = {99999999999999999999{a}};"), "too large"),
        (module(&format!("wire w = {}a{};", "{".repeat(100), "}".repeat(100))), "nested"),
    ] {
        let begin = Instant::now();
        let why = try_top("t.v", &text).expect_err("a limit");
        assert!(why.contains(part), "{why}, not {part}");
        assert!(begin.elapsed() < Duration::from_secs(20), "{part}: {:?}", begin.elapsed());
    }
}

#[test]
fn a_name_that_json_uses_often_takes_neither_memory_nor_time() {
    let used = |name: &str| {
        let many = vec!["2"; 500_000].join(",");
        let json = format!(
            r#"{{ "modules": {{ "top": {{ "netnames": {{ "{name}": {{ "bits": [2] }} }},
            "cells": {{ "u": {{ "type": "INV", "connections": {{ "A": [{many}] }} }} }} }} }} }}"#
        );
        let begin = Instant::now();
        let why = try_top("t.json", &json).unwrap_err();
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
        why
    };
    assert!(used("n").starts_with("line 2: cell u: 500000 bits at pin A"));
    assert!(used(&"n".repeat(500_000)).starts_with("line 2: long names"));
}

#[test]
fn the_format_is_known_by_the_text() {
    let verilog = "module top (input a, output y); BUF b (a, y); endmodule";
    for name in ["n.v", "n", "n.vg"] {
        assert!(read(name, verilog, "top", &cells()).is_ok(), "{name}");
    }
    let json = r#" { "modules": { "top": { "ports": { "a": { "direction": "input", "bits": [ 2 ] } } } } }"#;
    assert!(read("n.v", json, "top", &cells()).is_ok());
    assert!(read("n.json", &format!("\u{feff}{json}"), "top", &cells()).is_ok());
    let why = read("n.json", verilog, "top", &cells()).unwrap_err().to_string();
    assert!(why.contains("line 1") && why.contains('{'), "{why}");
}

#[test]
fn wrong_json_is_named_with_its_line() {
    let sound = r#"{ "modules": {
        "box": { "ports": { "p": { "direction": "inout", "bits": [ "q" ] } } },
        "top": { "ports": {
            "a": { "direction": "input", "bits": [ 2 ] },
            "y": { "direction": "output", "bits": [ 3 ] } },
          "cells": {
            "u": { "type": "INV", "connections": { "A": [ 2 ], "Y": [ 3 ] } } },
          "netnames": {
            "a": { "bits": [ 2 ] },
            "n": { "bits": [ 3 ], "offset": 0 } } } } }"#;
    try_top("t.json", sound).expect("the sample is sound");
    for (from, to, parts) in [
        ("\"INV\"", "\"XYZ\"", &["line 7", "cell u", "'XYZ'"][..]),
        ("\"A\": [ 2 ]", "\"B\": [ 2 ]", &["line 7", "cell u", "no pin B"]),
        ("\"A\": [ 2 ]", "\"A\": [ 2, 2 ]", &["line 7", "cell u", "2 bits at pin A"]),
        ("\"A\": [ 2 ]", "\"A\": [ 9 ]", &["line 7", "u/A reads net $9, which nothing drives"]),
        ("\"A\": [ 2 ]", "\"A\": [ \"w\" ]", &["line 7", "\"x\" or \"z\""]),
        ("\"Y\": [ 3 ]", "\"Y\": [ \"0\" ]", &["line 7", "cell u", "constant"]),
        ("\"Y\": [ 3 ]", "\"Y\": [ 2 ]", &["line 7", "two drivers", "input port a", "u/Y"]),
        (
            "\"connections\"",
            "\"parameters\": { \"W\": 1 }, \"connections\"",
            &["line 7", "parameters"],
        ),
        ("\"direction\": \"input\"", "\"direction\": \"inout\"", &["line 4", "port a", "inout"]),
        ("\"direction\": \"input\", ", "", &["line 4", "port a", "none"]),
        ("\"a\": { \"bits\": [ 2 ] }", "\"a\": { \"bits\": [ 3 ] }", &["line 9", "'a'", "line 4"]),
        ("\"offset\": 0", "\"offset\": 9000000000", &["line 10", "'n'", "bits"]),
        (
            "\"bits\": [ 3 ], \"offset\"",
            "\"bits\": [ ], \"offset\"",
            &["line 10", "'n' has no bits"],
        ),
        ("\"bits\": [ 3 ], \"offset\"", "\"bits\": 3, \"offset\"", &["line 10", "write_json"]),
        ("\"top\"", "\"other\"", &["no module 'top'", "box, other"]),
        ("\"box\"", "\"top\"", &["line 3", "top stands in the file twice"]),
        (" } } } } }", "", &["line 10", "write_json"]),
        ("\"modules\"", "\"models\"", &["line 10", "modules"]),
    ] {
        assert!(sound.contains(from), "{from}");
        let why = try_top("t.json", &sound.replacen(from, to, 1)).expect_err(to);
        for part in parts {
            assert!(why.contains(part), "{to}\n  says {why}\n  not  {part}");
        }
        assert!(!why.contains('\n'), "{why}");
    }
}

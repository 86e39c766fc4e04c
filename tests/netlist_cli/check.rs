//! `stuckat netlist check`.

use crate::binding;
use crate::cli::{BAD_INPUT, file, folder, stuckat};
use serde_json::{Value, json};
use std::fs;

/// The netlist of array32 with more cells. Its result bit 7 is `clean_7` where `clean` says so.
fn array32_with(declarations: &str, cells: &str, clean: bool) -> String {
    let path = format!("{}/netlists/mapped/array32.v", env!("CARGO_MANIFEST_DIR"));
    let mut text = fs::read_to_string(path).expect("the netlist");
    let (output, wires) = (".S(p_o[7])", "  wire n0;\n");
    assert!(text.contains(output) && text.contains(wires), "the netlist has changed");
    if clean {
        text = text.replace(output, ".S(clean_7)");
    }
    text = text.replace(wires, &format!("{wires}{declarations}"));
    let end = text.rfind("endmodule").expect("the module's end");
    text.insert_str(end, cells);
    text
}

/// Array32, but bit 7 of the product is inverted where all bits of `mask` in rs1 and rs2 are those of the pair.
fn wrong_where(pair: [u32; 2], mask: [u32; 2]) -> String {
    let (mut declarations, mut cells) =
        ("  wire clean_7;\n  wire hit_0;\n".to_owned(), String::new());
    cells += "  LOGIC1_X1 TRAP_TIE (.Z(hit_0));\n";
    let mut stage = 0;
    for (operand, port) in ["a_i", "b_i"].into_iter().enumerate() {
        for bit in (0..32).filter(|bit| mask[operand] >> bit & 1 == 1) {
            let (from, to) = (format!("hit_{stage}"), format!("hit_{}", stage + 1));
            declarations += &format!("  wire {to};\n");
            let mut input = format!("{port}[{bit}]");
            if pair[operand] >> bit & 1 == 0 {
                declarations += &format!("  wire not_{stage};\n");
                cells += &format!("  INV_X1 TRAP_N{stage} (.A({input}), .ZN(not_{stage}));\n");
                input = format!("not_{stage}");
            }
            cells += &format!("  AND2_X1 TRAP_A{stage} (.A1({from}), .A2({input}), .ZN({to}));\n");
            stage += 1;
        }
    }
    cells += &format!("  XOR2_X1 TRAP (.A(clean_7), .B(hit_{stage}), .Z(p_o[7]));\n");
    array32_with(&declarations, &cells, true)
}

fn report(words: &[&str]) -> Value {
    let ended = stuckat(["netlist", "check", "--json"]).words(words).succeeds();
    assert_eq!(ended.stderr, "");
    serde_json::from_str(&ended.stdout).expect("one JSON value")
}

#[test]
fn every_multiplier_that_comes_with_the_program_multiplies() {
    for (name, cycles) in [
        ("single_cycle", [1, 2, 2, 2]),
        ("single_cycle_mul", [1, 2, 2, 2]),
        ("fast", [3, 4, 4, 4]),
        ("array32", [1, 1, 1, 1]),
        ("booth32", [1, 1, 1, 1]),
    ] {
        let report = report(&["--binding", &binding(name), "--random", "20000"]);
        assert_eq!(report["multiplier"], name);
        let operations = report["operations"].as_array().expect("operations");
        assert_eq!(operations.len(), 4);
        for ((operation, op), cycles) in
            operations.iter().zip(["mul", "mulh", "mulhsu", "mulhu"]).zip(cycles)
        {
            assert_eq!(operation["op"], op, "{name}");
            assert_eq!(operation["cycles"], cycles, "{name}, {op}");
            let here = name != "single_cycle_mul" || op == "mul";
            assert_eq!(operation["done_by"], if here { "netlist" } else { "elsewhere" });
            assert_eq!(operation["random_pairs"], if here { 20_000 } else { 0 }, "{name}, {op}");
            assert_eq!(operation["gate_pairs"], if here { 2048 } else { 0 }, "{name}, {op}");
            let corners = operation["corner_pairs"].as_u64().expect("a number");
            // 32 powers of two, their negatives and the complements of both, where these are new: 126, and 0.
            assert!(
                if here { corners >= 127 * 127 } else { corners == 0 },
                "{name}, {op}: {corners}"
            );
            assert_eq!(operation["exact"], true);
        }
        assert_eq!(report["carries_state"], false, "{name}");
        assert_eq!(report["data_flip_flops"], json!([]), "{name}");
    }
}

#[test]
fn what_the_binding_makes_of_the_netlist_is_said() {
    let single_cycle = report(&["--random", "0"]);
    assert_eq!(single_cycle["control_flip_flops"], json!(["in_mulh"]));
    let register = &single_cycle["registers"][0];
    assert_eq!(register["place"], "outside");
    assert_eq!(register["bits"], json!(["imd_val_q_i[33:0]"]));
    assert_eq!(register["written_from"], json!(["imd_val_d_o[33:0]"]));
    assert_eq!(register["write"], "imd_val_we_o");
    assert_eq!(register["written_by_div"], true);
    let fast = report(&["--random", "0", "--binding", &binding("fast")]);
    assert_eq!(fast["control_flip_flops"], json!(["mult_state_q_0", "mult_state_q_1"]));
    let text = stuckat(["netlist", "check", "--random", "0"]).succeeds().stdout;
    for part in ["single_cycle", "imd_val_q_i[33:0] in the core", "and by divisions", "in_mulh"] {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
    let mul = binding("single_cycle_mul");
    let text = stuckat(["netlist", "check", "--random", "0", "--binding", &mul]).succeeds().stdout;
    assert!(text.contains("other hardware does, exactly: mulh, mulhsu, mulhu"), "{text}");
}

#[test]
fn a_netlist_that_is_wrong_on_one_corner_pair_is_found() {
    let folder = folder();
    let netlist = file(&folder, "wrong.v", wrong_where([1 << 20, 1 << 9], [u32::MAX; 2]));
    let array32 = binding("array32");
    let check = ["netlist", "check", "--binding", &array32, "--netlist", &netlist];
    // 2^20 times 2^9 is 2^29; bit 7 is wrong.
    let said = "without a fault, mul of 0x00100000 and 0x00000200: expected 0x20000000 after 1 clock, \
                got 0x20000080 after 1 clock";
    stuckat(check).words(["--random", "0"]).is_refused(BAD_INPUT, &[said]);
    stuckat(check).words(["--random", "0", "--json"]).is_refused(BAD_INPUT, &[said]);
}

#[test]
fn a_netlist_that_is_wrong_on_few_pairs_is_found_by_random_ones() {
    let folder = folder();
    // One pair in 2^14, and no corner: bits 29 to 23 of both operands.
    let (pair, mask) = ([0x5a << 23, 0x2c << 23], [0x7f << 23; 2]);
    let netlist = file(&folder, "wrong.v", wrong_where(pair, mask));
    let array32 = binding("array32");
    let check = ["netlist", "check", "--binding", &array32, "--netlist", &netlist];
    let ended = stuckat(check).is_refused(BAD_INPUT, &["without a fault, mul of 0x"]);
    let hexadecimal = |word: &str| {
        let digits = word.strip_prefix("0x").map(|d| d.trim_end_matches([':', ',']));
        digits.and_then(|d| u32::from_str_radix(d, 16).ok())
    };
    let words: Vec<u32> = ended.stderr.split_whitespace().filter_map(hexadecimal).collect();
    let [rs1, rs2, expected, got] = words[..] else { panic!("{}", ended.stderr) };
    assert_eq!((rs1 & mask[0], rs2 & mask[1]), (pair[0], pair[1]));
    assert_eq!(expected, rs1.wrapping_mul(rs2));
    assert_eq!(got, expected ^ 0x80);
    // Another seed, another pair; the same seed, the same.
    let again = stuckat(check).words(["--seed", "1"]).run();
    assert_eq!(again.stderr, ended.stderr);
    assert_ne!(stuckat(check).words(["--seed", "2"]).run().stderr, ended.stderr);
}

#[test]
fn nets_that_nothing_reads_and_outputs_that_never_change_are_named() {
    let folder = folder();
    let declarations = "  wire odd;\n  wire odder;\n  wire odd_bus_1;\n";
    let cells = "  AND2_X1 ODD1 (.A1(a_i[0]), .A2(1'b0), .ZN(odd));\n  \
                 INV_X1 ODD2 (.A(odd), .ZN(odder));\n  \
                 XOR2_X1 ODD3 (.A(a_i[1]), .B(b_i[1]), .Z(odd_bus_1));\n";
    let netlist = file(&folder, "odd.v", array32_with(declarations, cells, false));
    let array32 = binding("array32");
    let words = ["--binding", &array32, "--netlist", &netlist, "--random", "0"];
    let odd = report(&words);
    let plain = report(&["--binding", &array32, "--random", "0"]);
    // Without the nets that the netlist itself leaves unread.
    let new = |field: &str| {
        let all = |report: &Value| report[field].as_array().expect("a list").clone();
        let before = all(&plain);
        all(&odd).into_iter().filter(|x| !before.contains(x)).collect::<Vec<_>>()
    };
    assert_eq!(new("unread_nets"), [json!("odder"), json!("odd_bus_1")]);
    let constant = |pin: &str, cell: &str, net: &str, value: u8| json!({ "pin": pin, "cell": cell, "net": net, "value": value, "tied": true });
    assert_eq!(
        new("constant_outputs"),
        [constant("ODD1/ZN", "AND2_X1", "odd", 0), constant("ODD2/ZN", "INV_X1", "odder", 1)]
    );
    let text = stuckat(["netlist", "check"]).words(words).succeeds().stdout;
    assert!(text.contains("odder"), "{text}");
}

#[test]
fn what_cannot_be_checked_is_refused() {
    stuckat(["netlist", "check", "--random=-1"]).is_misused(&["--random"]);
    stuckat(["netlist", "check", "--random", "many"]).is_misused(&["--random"]);
    stuckat(["netlist", "check", "--seed", "x"]).is_misused(&["--seed"]);
    stuckat(["netlist", "check", "--binding", "/nowhere.toml"])
        .is_refused(BAD_INPUT, &["/nowhere.toml", "cannot be read"]);
}

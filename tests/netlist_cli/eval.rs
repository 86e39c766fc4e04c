//! `stuckat netlist eval`.

use crate::binding;
use crate::cli::{BAD_INPUT, IO, Line, bash, folder, stuckat};
use serde_json::{Value, json};

fn eval(op: &str, rs1: &str, rs2: &str, faults: &[&str]) -> Line {
    let line = stuckat(["netlist", "eval", "--op", op, "--rs1", rs1, "--rs2", rs2]);
    faults.iter().fold(line, |line, fault| line.words(["--fault", fault]))
}

#[track_caller]
fn json_of(line: &Line) -> Value {
    let ended = line.clone().words(["--json"]).succeeds();
    assert_eq!(ended.stderr, "");
    serde_json::from_str(&ended.stdout).expect("one JSON value")
}

/// What a stuck operand bit does can be worked out without a netlist.
#[test]
fn a_stuck_operand_bit_gives_the_product_of_the_changed_operand() {
    for (op, rs1, rs2, fault, exact, faulty) in [
        ("mul", "3", "5", "op_a_i[3]/SA1", 15, 11 * 5),
        ("mul", "-3", "5", "op_a_i[0]/SA0", -15_i32 as u32, -20_i32 as u32),
        ("mul", "0x12345678", "0x9ABCDEF0", "op_b_i[31]/SA0", 0x242d_2080, 0x242d_2080),
        // Bit 31 of -2^31 is its only one; 2^31 * 4 / 2^32 = 2.
        ("mulh", "-2147483648", "4", "op_a_i[31]/SA0", -2_i32 as u32, 0),
        ("mulhu", "0x80000000", "4", "op_b_i[3]/SA1", 2, 6),
        ("mulhsu", "-1", "0xffffffff", "op_b_i[31]/SA0", 0xffff_ffff, 0xffff_ffff),
    ] {
        let report = json_of(&eval(op, rs1, rs2, &[fault]));
        let cycles = if op == "mul" { 1 } else { 2 };
        assert_eq!(report["op"], op);
        assert_eq!(report["faults"], json!([fault]));
        assert_eq!(report["exact"], exact, "{op} {rs1} {rs2}");
        assert_eq!(report["sound"], json!({ "value": exact, "cycles": cycles }), "{op} {rs1}");
        assert_eq!(report["faulty"], json!({ "value": faulty, "cycles": cycles }), "{op} {fault}");
        assert_eq!(report["wrong_bits"], exact ^ faulty);
        let text = eval(op, rs1, rs2, &[fault]).succeeds().stdout;
        for part in [format!("{exact:#010x}"), format!("{faulty:#010x}"), fault.to_owned()] {
            assert!(text.contains(&part), "{part} is not in: {text}");
        }
    }
}

#[test]
fn the_listed_nets_are_those_that_differ_in_the_order_of_evaluation() {
    let line = eval("mulh", "0x1234567", "0x89abcdef", &["op_a_i[9]/SA1"]);
    let (some, all) = (json_of(&line), json_of(&line.clone().words(["--all"])));
    let rows = |report: &Value| report["nets"].as_array().expect("rows").clone();
    let (some, all_rows) = (rows(&some), rows(&all));
    assert_eq!(all["fan_out"], all_rows.len());
    assert_eq!(all["differing"], some.len());
    assert!(some.len() < all_rows.len() && all_rows.len() < 2600, "{}", all_rows.len());
    let differs = |row: &Value| row["sound"] != row["faulty"];
    assert_eq!(some, all_rows.iter().filter(|row| differs(row)).cloned().collect::<Vec<_>>());
    // The site stays at its value in both clocks.
    let site = some.iter().find(|row| row["net"] == "op_a_i[9]");
    assert_eq!(
        *site.expect("the site differs"),
        json!({ "net": "op_a_i[9]", "driver": null, "level": 0, "sound": [0, 0], "faulty": [1, 1],
                "differs_in": [1, 2] })
    );
    assert!(some.is_sorted_by_key(|row| row["level"].as_u64()));
    for row in &some {
        let bits = |unit: &str| row[unit].as_array().expect("clocks").clone();
        let pairs = bits("sound").into_iter().zip(bits("faulty")).zip(1..);
        let clocks: Vec<u64> = pairs.filter(|((a, b), _)| a != b).map(|(_, clock)| clock).collect();
        assert_eq!(row["differs_in"], json!(clocks), "{row}");
    }
    // What differs in the text is what differs here, clock by clock.
    let text = line.succeeds().stdout;
    let lines = text.lines().skip_while(|line| !line.contains('─')).skip(1);
    let listed: Vec<(u64, String)> = lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .map(|words| (words[0].parse().expect("a clock"), words[2].to_owned()))
        .collect();
    let mut expected = Vec::new();
    for clock in 1..=2_u64 {
        let there = some
            .iter()
            .filter(|row| row["differs_in"].as_array().expect("clocks").contains(&json!(clock)));
        expected.extend(there.map(|row| (clock, row["net"].as_str().expect("a name").to_owned())));
    }
    assert_eq!(listed, expected);
    // 80 columns are enough.
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_fault_that_the_operands_do_not_excite_is_said_to_show_nowhere() {
    let line = eval("mul", "8", "5", &["op_a_i[3]/SA1"]);
    assert_eq!(json_of(&line)["nets"], json!([]));
    assert!(line.succeeds().stdout.contains("the fault shows on no net"));
    // And one that shows but goes away on its way: what is multiplied by 0.
    let line = eval("mul", "0", "0", &["op_a_i[3]/SA1"]);
    assert_ne!(json_of(&line)["nets"], json!([]));
    assert!(line.succeeds().stdout.contains("masked before the result"));
}

#[test]
fn several_faults_act_together() {
    let report = json_of(&eval("mul", "0", "1", &["op_a_i[3]/SA1", "op_a_i[5]/SA1+op_b_i[2]/SA1"]));
    assert_eq!(report["faults"], json!(["op_a_i[3]/SA1", "op_a_i[5]/SA1", "op_b_i[2]/SA1"]));
    assert_eq!(report["faulty"]["value"], (8 + 32) * 5);
}

#[test]
fn a_unit_that_never_answers_is_said_to() {
    for name in ["single_cycle", "fast"] {
        let line = eval("mul", "3", "5", &["valid_o/SA0"]).words(["--binding", &binding(name)]);
        let report = json_of(&line);
        assert_eq!(report["faulty"], json!({ "value": null, "cycles": null }));
        assert_eq!((&report["sound"]["value"], &report["wrong_bits"]), (&json!(15), &json!(null)));
        assert!(line.succeeds().stdout.contains("never answers"));
    }
    let max = json_of(&eval("mul", "3", "5", &["valid_o/SA0"]))["nets"][0]["faulty"].clone();
    assert_eq!(max.as_array().map(Vec::len), Some(8), "max_clocks of the binding");
}

#[test]
fn a_flip_is_there_in_its_clock_and_no_other() {
    let nets = json_of(&eval("mulh", "5", "7", &["op_a_i[3]/FLIP@1.2"]))["nets"].clone();
    assert_eq!(nets[0]["net"], "op_a_i[3]");
    assert_eq!((&nets[0]["sound"], &nets[0]["faulty"]), (&json!([0, 0]), &json!([0, 1])));
    for fault in ["op_a_i[3]/FLIP@2", "op_a_i[3]/FLIP@1.3"] {
        let ended = eval("mulh", "5", "7", &[fault]).succeeds();
        assert!(ended.stderr.contains("does not happen"), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1);
    }
}

#[test]
fn without_a_fault_the_sound_unit_is_shown_alone() {
    let report = json_of(&eval("mulhu", "0xffffffff", "0xffffffff", &[]));
    assert_eq!((&report["exact"], &report["nets"]), (&json!(0xffff_fffe_u32), &json!([])));
    assert_eq!(report["sound"], report["faulty"]);
    let text = eval("mul", "6", "7", &[]).succeeds().stdout;
    assert!(text.contains("0x0000002a (42) after 1 clock") && !text.contains("faulty"), "{text}");
    let all = json_of(&eval("mul", "6", "7", &[]).words(["--all"]));
    assert!(all["nets"].as_array().expect("rows").len() > 2900);
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    for operand in ["", "x", "0x", "0x123456789", "4294967296", "-2147483649", "1.5", "--"] {
        eval("mul", operand, "1", &[]).is_misused(&["--rs1"]);
        eval("mul", "1", operand, &[]).is_misused(&["--rs2"]);
    }
    eval("div", "1", "1", &[]).is_misused(&["--op", "mulhsu"]);
    stuckat(["netlist", "eval", "--op", "mul", "--rs1", "1"]).is_misused(&["--rs2"]);
    eval("mul", "1", "1", &["nowhere/SA0"]).is_refused(BAD_INPUT, &["no net 'nowhere'"]);
    eval("mul", "1", "1", &["U7/Q9/SA0"]).is_refused(BAD_INPUT, &["has no pin 'Q9'"]);
    eval("mul", "1", "1", &["valid_o/SA0", "valid_o/SA1"]).is_refused(BAD_INPUT, &["at once"]);
    let mul = binding("single_cycle_mul");
    let elsewhere = eval("mulh", "1", "1", &[]).words(["--binding", &mul]);
    elsewhere.is_refused(BAD_INPUT, &["mulh: the netlist does not do this operation"]);
}

#[test]
fn a_dump_that_cannot_be_written_leaves_nothing_behind() {
    let folder = folder();
    let missing = folder.path().join("missing/x.vcd");
    let dump = |path: &std::path::Path| eval("mul", "3", "5", &[]).words(["--vcd"]).words([path]);
    dump(&missing).is_refused(IO, &["missing/x.vcd", "cannot be written"]);
    dump(folder.path()).is_refused(IO, &["cannot be written"]);
    // As on a full disk.
    let path = folder.path().join("x.vcd");
    let limited = r#"trap '' XFSZ; ulimit -f 8; exec "$@""#;
    let words = ["netlist", "eval", "--op", "mul", "--rs1", "3", "--rs2", "5", "--vcd"];
    let line = bash(limited, [crate::cli::BINARY]).words(words).words([&path]);
    line.is_refused(IO, &["x.vcd", "cannot be written"]);
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
    // An older dump is replaced, as simulators do.
    std::fs::write(&path, "old").expect("a file");
    dump(&path).succeeds();
    assert!(std::fs::read_to_string(&path).expect("the dump").contains("$enddefinitions"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1);
}

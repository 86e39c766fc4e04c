//! The command line: the form of the JSON, run directories, what is refused.

use crate::cli::{BAD_INPUT, REFUSED, campaign, file, folder, rows, stuckat};
use serde_json::Value;
use std::fs;

/// Everything that the top level of the JSON has; a field that goes or changes its meaning makes a new `format`.
const FIELDS: [&str; 22] = [
    "activated",
    "answer",
    "carries_state",
    "elf_sha256",
    "exception",
    "fault",
    "faulty",
    "first_difference",
    "first_wrong",
    "format",
    "golden",
    "input",
    "label",
    "layers",
    "lockstep",
    "multiplier",
    "outcome",
    "places",
    "scope",
    "spread",
    "stuckat",
    "summary",
];

fn json(words: &[&str]) -> Value {
    let line = stuckat(["explain", "--json", "-"]).words(words).patiently();
    serde_json::from_str(&line.succeeds().stdout).expect("JSON")
}

#[test]
fn the_json_has_the_fields_of_its_format() {
    let told = json(&["--fault", "n520/SA1", "--image", "17"]);
    assert_eq!(told["format"], 1);
    let mut fields: Vec<&str> =
        told.as_object().expect("an object").keys().map(String::as_str).collect();
    fields.sort_unstable();
    let mut expected = FIELDS.to_vec();
    expected.sort_unstable();
    assert_eq!(fields, expected);
    // The library's own type reads it.
    let read: stuckat::explain::Explanation =
        serde_json::from_value(told).expect("the form is the type's");
    assert_eq!(read.fault, "n520/SA1");
}

#[test]
fn explanations_of_a_run_directory_agree_with_its_results() {
    let folder = folder();
    let run = folder.path().join("run");
    campaign(5, 2, &run).succeeds();
    let run = run.display().to_string();
    let mut outcomes = std::collections::BTreeSet::new();
    for row in rows(&folder.path().join("run/results.jsonl")) {
        let id = format!("{}/{}", row["fault"], row["image"]);
        let told = json(&[&run, "--scenario", &id]);
        assert_eq!(told["outcome"], row["outcome"], "{id}");
        outcomes.insert(row["outcome"].as_str().expect("a class").to_owned());
        for field in ["retired", "cycles", "muls", "wrong"] {
            assert_eq!(told["faulty"][field], row[field], "{id}: {field}");
        }
        assert_eq!(told["fault"], row["name"]);
        assert_eq!(told["answer"]["golden_top1"], row["golden_top1"]);
        assert_eq!(told["answer"]["faulty_top1"], row["top1"], "{id}");
        match row["first"].as_object() {
            None => assert!(told["first_difference"].is_null(), "{id}"),
            Some(first) => {
                let ours = &told["first_difference"];
                assert_eq!(
                    (&ours["instruction"], &ours["code"]["pc"]),
                    (&first["insn"], &first["pc"])
                );
            }
        }
        let exception = &told["exception"]["code"]["pc"];
        assert_eq!(exception, &row["trap_pc"], "{id}");
    }
    assert!(outcomes.len() > 1, "{outcomes:?}");
    let row = &rows(&folder.path().join("run/results.jsonl"))[0];
    let (name, image) = (row["name"].as_str().expect("a name"), row["image"].to_string());
    let by_name = json(&[&run, "--fault", name, "--image", &image]);
    let by_id = json(&[&run, "--scenario", &format!("{}/{image}", row["fault"])]);
    assert_eq!(by_name, by_id);
}

#[test]
fn a_run_directory_whose_firmware_or_data_has_changed_is_refused() {
    let folder = folder();
    let run = folder.path().join("run");
    campaign(2, 1, &run).succeeds();
    let image = rows(&run.join("golden.jsonl"))[0]["image"].to_string();
    let id = format!("0/{image}");
    let run = run.display().to_string();
    // Bytes behind the file's last section mean nothing, but it is another file.
    let other = file(&folder, "other.elf", [crate::elf(), vec![0; 4]].concat());
    stuckat(["explain", &run, "--scenario", &id, "--elf", &other])
        .patiently()
        .is_refused(BAD_INPUT, &["the firmware has changed, or is another", "--elf"]);
    let plan = folder.path().join("run/plan.json");
    let text = fs::read_to_string(&plan).expect("the plan");
    let changed: Value = serde_json::from_str(&text).expect("JSON");
    let hash = changed["data_sha256"].as_str().expect("a hash").to_owned();
    fs::write(&plan, text.replace(&hash, &"0".repeat(64))).expect("the plan can be changed");
    stuckat(["explain", &run, "--scenario", &id])
        .patiently()
        .is_refused(BAD_INPUT, &["the images are not those of its plan", "--data"]);
    fs::write(&plan, &text).expect("the plan can be changed");
    stuckat(["explain", &run, "--scenario", "9/1"])
        .patiently()
        .is_refused(BAD_INPUT, &["no fault 9", "0 to 1"]);
    stuckat(["explain", &run, "--scenario", "0/10001"])
        .patiently()
        .is_refused(BAD_INPUT, &["image 10001 is not in its plan"]);
    stuckat(["explain", &run]).patiently().is_refused(BAD_INPUT, &["no scenario", "--scenario"]);
}

#[test]
fn what_cannot_be_explained_is_refused_in_one_line() {
    let fault = ["--fault", "n520/SA1"];
    let folder = folder();
    let there = file(&folder, "there.json", "mine");
    let refused = |words: &[&str], parts: &[&str]| {
        stuckat(["explain"]).words(words).patiently().is_refused(BAD_INPUT, parts);
    };
    refused(&["--image", "3"], &["no fault", "--fault"]);
    refused(&fault, &["no image", "0 to 9999"]);
    refused(&["--fault", "n520/SA1", "--image", "10000"], &["--image 10000", "0 to 9999"]);
    refused(&["--fault", "n52O/SA1", "--image", "3"], &["no net 'n52O'"]);
    refused(&["--fault", "n520/SA0", "--fault", "n520/SA1", "--image", "3"], &["at once"]);
    refused(&["--fault", "n520/SA1", "--image", "3", "--seed", "4"], &["--seed", "--image"]);
    refused(&["--scenario", "3/4"], &["--scenario", "run directory"]);
    refused(&["/nowhere/at/all", "--scenario", "3/4"], &["/nowhere/at/all"]);
    refused(&["--fault", "n520/SA1", "--image", "3", "--wave", "w.txt"], &["w.txt", ".fst"]);
    refused(&["--fault", "n520/SA1", "--input", "/nowhere"], &["/nowhere"]);
    let short = file(&folder, "short.bin", [0; 7]);
    refused(&["--fault", "n520/SA1", "--input", &short], &["7 bytes", "784"]);
    stuckat(["explain", "--fault", "n520/SA1", "--image", "3", "--json", &there])
        .is_refused(REFUSED, &["there.json", "--force"]);
    assert_eq!(fs::read_to_string(&there).expect("the file"), "mine");
    stuckat(["explain", "--scenario", "x"]).is_misused(&["FAULT/IMAGE"]);
    stuckat(["explain", "--fault", "n520/SA1", "--image", "1", "--input", "x"])
        .is_misused(&["--input"]);
}

#[test]
fn transient_faults_several_faults_and_faults_that_carry_state_are_explained() {
    // Multiplication 5 is struck, whatever it is; the golden run has the same operation there.
    let flip = json(&["--fault", "result_o[3]/FLIP@5", "--image", "17"]);
    let wrong = &flip["first_wrong"];
    assert_eq!(wrong["operation"]["number"], 5);
    assert_eq!(flip["activated"]["number"], 5);
    let bits = wrong["bits"].as_array().expect("bits");
    assert_eq!(bits, &[Value::from(3)]);
    assert_eq!(flip["faulty"]["wrong"], 1);
    assert_eq!(flip["spread"]["nets"].as_array().map(Vec::len), Some(1));
    let both = json(&["--fault", "n520/SA1", "--fault", "n1984/SA1", "--image", "17"]);
    assert_eq!(both["places"].as_array().map(Vec::len), Some(2));
    assert!(both["faulty"]["wrong"].as_u64() > Some(0));
    // The unit thinks that it is in the second clock of a MULH.
    let state = json(&["--fault", "in_mulh/SA1", "--image", "17"]);
    assert!(state["carries_state"].is_string());
    assert!(state["first_difference"].is_object());
    assert!(state["spread"]["nets"].as_array().is_some_and(|nets| !nets.is_empty()));
}

#[test]
fn a_fault_that_never_shows_is_said_to_be_so() {
    // No operand of this network has its upper bits other than its sign: the sign bit of MULHSU's rs1 alone is never needed by MUL. The golden
    // run itself says whether anything is wrong.
    let told = json(&["--fault", "op_a_i[30]/SA0", "--scope-ops", "mulhsu", "--image", "17"]);
    assert_eq!(told["outcome"], "never-wrong");
    assert!(told["first_wrong"].is_null() && told["lockstep"].is_null());
    let rows = told["layers"]["layers"].as_array().expect("layers");
    assert!(rows.iter().all(|row| row["state"] == "same"));
}

//! Plan files: the same plan as by flags, checked before anything runs.

use super::MODEL;
use crate::cli::{BAD_INPUT, Line, campaign, file, folder, stuckat};
use serde_json::Value;

fn plan(line: &Line) -> Value {
    let ended = line.clone().words(["--dry-run"]).succeeds();
    serde_json::from_str(&ended.stdout).expect("a plan is JSON")
}

#[test]
fn a_plan_file_is_the_same_plan_as_its_flags() {
    let folder = folder();
    std::fs::copy(MODEL, folder.path().join("net.tflite")).expect("a copy");
    let text = r#"
        model = "net.tflite"       # relative to this file
        style = "optimised"
        margin = "10%"
        confidence = 0.95
        stratify = "bit"
        sites = "all"
        images = 3
        seed = 5
        binding = "fast"
        core = "ibex"
        pixels = "0..1"
        hang-factor = 6
        [scope]
        name = "conv"
        ops = ["mul"]
        layers = [0, 2]
    "#;
    let by_file = stuckat(["campaign", &file(&folder, "plan.toml", text)]);
    let by_flags =
        stuckat(["campaign", "--model", MODEL, "--style", "optimised", "--margin", "10%"])
            .words(["--confidence", "95%", "--stratify", "bit", "--sites", "all", "--images", "3"])
            .words(["--seed", "5", "--binding", "fast", "--core", "ibex", "--pixels", "0..1"])
            .words(["--hang-factor", "6", "--scope", "conv", "--scope-ops", "mul"])
            .words(["--scope-layers", "0,2"]);
    let plan_by_file = plan(&by_file);
    assert_eq!(plan_by_file, plan(&by_flags));
    assert_eq!(plan_by_file["images"].as_array().map(Vec::len), Some(3));
    // A flag wins over the file, and one of two that exclude each other replaces the other.
    let changed = plan(&by_file.words(["--faults", "7", "--seed", "6", "--scope", "mac"]));
    assert_eq!(changed["faults"].as_array().map(Vec::len), Some(7));
    assert_eq!(changed["seed"], 6);
    assert_eq!(changed["scope"], serde_json::json!({ "name": "mac" }));
    assert_eq!(changed["hang_factor"], 6);
}

#[test]
fn the_margin_gives_the_size_that_the_formula_gives() {
    // Leveugle et al.: N = 5914, e = 3 %, t = 2.58, p = 0.5: 5914 / (1 + 0.0009 * 5913 / 1.6641) = 1408.96..., so 1,409.
    let folder = folder();
    let line = stuckat(["campaign", "--margin", "3%", "--quantile", "2.58", "--out"])
        .words([folder.path().join("run")]);
    let plan = plan(&line);
    assert_eq!(plan["universe"], 5914);
    assert_eq!(plan["faults"].as_array().map(Vec::len), Some(1409));
    assert!(!folder.path().join("run").exists(), "a dry run makes no folder");
}

#[test]
fn strata_are_drawn_in_proportion_and_every_one_is_there() {
    for by in ["bit", "cell"] {
        let plan = plan(&stuckat(["campaign", "--faults", "300", "--stratify", by]));
        let strata = plan["strata"].as_array().expect("strata");
        assert!(strata.len() > 5, "{strata:?}");
        let sum =
            |what: &str| strata.iter().map(|s| s[what].as_u64().expect("a number")).sum::<u64>();
        assert_eq!((sum("size"), sum("drawn")), (5914, 300));
        for stratum in strata {
            let number = |what: &str| stratum[what].as_f64().expect("a number");
            let due = number("size") * 300.0 / 5914.0;
            // At least one each; the strata that are due less take the rest from the others, in proportion.
            let taken = strata.len() as f64 * due / 300.0 + 1.0;
            assert!(number("drawn") >= 1.0, "{stratum}");
            assert!((number("drawn") - due).abs() <= taken, "{stratum}: {due} due");
        }
        let names = plan["faults"].as_array().expect("faults");
        let distinct: std::collections::BTreeSet<_> =
            names.iter().filter_map(Value::as_str).collect();
        assert_eq!(distinct.len(), 300);
    }
}

#[test]
fn what_is_wrong_with_a_plan_file_is_said_with_its_line() {
    let folder = folder();
    let out = folder.path().join("run");
    for (text, parts) in [
        ("seed = 1\nfault = 3\n", &["plan.toml:2", "fault"][..]),
        ("seed = \"x\"\n", &["plan.toml:1"]),
        ("faults = 3\nmargin = \"3%\"\n", &["plan.toml", "'faults' and 'margin'"]),
        ("sites = \"cells\"\n", &["plan.toml:1", "cells", "nets"]),
        ("images = \"some\"\n", &["plan.toml:1", "all"]),
        ("margin = \"300%\"\n", &["plan.toml:1", "100 %"]),
        ("[scope]\nname = \"convolutions\"\n", &["plan.toml"]),
        ("model = \"none.tflite\"\n", &["none.tflite", "cannot be read"]),
        ("[scope]\nfunctions = [\"nothing*\"]\n", &["nothing*", "functions"]),
        ("[scope]\nops = [\"div\"]\n", &["div", "mulhsu"]),
        ("[scope]\nlayers = [0]\n", &["layers", "stuckat_layer"]),
        ("[scope]\nfrom = \"nowhere\"\n", &["nowhere"]),
        ("style = \"optimised\"\n", &["--model"]),
    ] {
        let plan = file(&folder, "plan.toml", text);
        let line = stuckat(["campaign", &plan, "--out"]).words([&out]);
        line.is_refused(BAD_INPUT, parts);
    }
    let missing = folder.path().join("missing.toml").display().to_string();
    stuckat(["campaign", &missing]).is_refused(BAD_INPUT, &["missing.toml", "cannot be read"]);
    assert!(!out.exists());
}

#[test]
fn a_scope_without_a_multiplication_is_refused() {
    let folder = folder();
    let out = folder.path().join("run");
    let line =
        campaign(1, 1, &out).words(["--scope-functions", "softmax", "--scope-ops", "mulhsu"]);
    line.breaks_off(BAD_INPUT, &["scope", "mulhsu"]);
    assert!(!out.exists());
}

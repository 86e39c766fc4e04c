//! Layers: the outputs that are seen in memory are the network's tensors; what differs at the end is what the answers show.

use crate::cli::{folder, stuckat};
use serde_json::Value;

const MODEL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/firmware/models/mnist_cnn/mnist_cnn.tflite");

fn explanation(words: &[&str]) -> Value {
    let line = stuckat(["explain", "--json", "-"]).words(words).patiently();
    serde_json::from_str(&line.succeeds().stdout).expect("JSON")
}

fn rows(explanation: &Value) -> &Vec<Value> {
    explanation["layers"]["layers"].as_array().expect("layers")
}

/// Elements that differ and the largest difference, from the scores that the JSON has.
fn of_scores(explanation: &Value) -> (u64, f64) {
    let scores = explanation["answer"]["scores"].as_array().expect("scores");
    let change = |s: &Value| {
        (s["golden"].as_f64().expect("a score") - s["faulty"].as_f64().expect("a score")).abs()
    };
    let changes: Vec<f64> = scores.iter().map(change).collect();
    let differing = changes.iter().filter(|change| **change > 0.0).count();
    (differing as u64, changes.into_iter().fold(0.0, f64::max))
}

#[test]
fn marked_layers_hand_on_their_output_tensors() {
    for style in ["reference", "optimised"] {
        // From the first layer on, so that the firmware's set-up is sound.
        let words = ["--model", MODEL, "--style", style, "--fault", "n520/SA1", "--image", "17"];
        let explanation = explanation(&[&words[..], &["--from", "interpreter_run"]].concat());
        assert_eq!(explanation["layers"]["source"], "marks");
        let rows = rows(&explanation);
        // The network by its model card: convolution 12 x 12 x 6, pooling 6 x 6 x 6 and so on; every number of each output is read by
        // what follows, so that the bytes are those of the tensors.
        let product = |shape: &str| -> u64 {
            shape.split(" x ").map(|n| n.parse::<u64>().expect("an extent")).product()
        };
        let mut compared = 0;
        for row in rows {
            let shape = row["shape"].as_str().expect("the network is known");
            if row["state"] != "compared" {
                continue;
            }
            compared += 1;
            let change = &row["change"];
            assert_eq!(change["bytes"].as_u64(), Some(product(shape)), "{style}: {row}");
            assert_eq!(
                (&change["element"], &change["bytes"]),
                (&"int8".into(), &change["elements"])
            );
        }
        assert!(compared >= 5, "{style}: {compared} layers are compared");
        let last = &rows.last().expect("layers")["change"];
        let (differing, largest) = of_scores(&explanation);
        assert_eq!(last["differing"].as_u64(), Some(differing), "{style}");
        assert_eq!(last["largest"].as_f64(), Some(largest), "{style}");
    }
}

#[test]
fn without_marks_the_calls_of_one_function_are_the_layers() {
    let explanation = explanation(&["--fault", "n520/SA1", "--image", "17"]);
    assert_eq!(explanation["layers"]["source"], "calls");
    assert_eq!(explanation["layers"]["caller"], "model_invoke");
    let rows = rows(&explanation);
    // firmware/models/mnist_cnn/model_data.c, in order.
    let names: Vec<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
    let expected = [
        "conv_2d",
        "max_pool_2d",
        "conv_2d",
        "max_pool_2d",
        "reshape",
        "fully_connected",
        "softmax",
    ];
    assert_eq!(names, expected);
    let bytes: Vec<u64> = rows.iter().filter_map(|row| row["change"]["bytes"].as_u64()).collect();
    let sizes = sizes(&expected);
    assert_eq!(bytes, sizes, "the sizes of the arrays in the ELF");
    let (differing, largest) = of_scores(&explanation);
    let last = &rows.last().expect("layers")["change"];
    assert_eq!(last["differing"].as_u64(), Some(differing));
    assert_eq!(last["largest"].as_f64(), Some(largest));
    let wrong: u64 = rows.iter().filter_map(|row| row["faulty"]["wrong"].as_u64()).sum();
    let all = explanation["faulty"]["wrong"].as_u64().expect("a count");
    assert!(wrong <= all && wrong > 0);
}

/// The sizes of the arrays `conv0_output` to `dense5_output` and of the output in the ELF's symbol table.
fn sizes(expected: &[&str]) -> Vec<u64> {
    let image = stuckat::elf::Image::parse(&crate::elf()).expect("an ELF");
    let prefix = |name: &str| match name {
        "conv_2d" => "conv",
        "max_pool_2d" => "pool",
        "reshape" => "reshape",
        _ => "dense",
    };
    let symbol = |(i, name): (usize, &&str)| {
        let name = match *name {
            "softmax" => "stuckat_output".to_owned(),
            name => format!("{}{i}_output", prefix(name)),
        };
        u64::from(image.symbol(&name).unwrap_or_else(|| panic!("{name} is in the ELF")).len)
    };
    expected.iter().enumerate().map(symbol).collect()
}

#[test]
fn a_bounded_comparison_says_so() {
    let folder = folder();
    let json = folder.path().join("e.json");
    let line = stuckat(["explain", "--fault", "n520/SA1", "--image", "17"]);
    let line = line.words(["--max-lockstep", "3000", "--json"]).words([&json]).patiently();
    let said = line.succeeds().stdout;
    assert!(said.contains("--max-lockstep"), "{said}");
    let json: Value =
        serde_json::from_str(&std::fs::read_to_string(json).expect("the file")).expect("JSON");
    assert_eq!(json["lockstep"]["bounded"], true);
    assert_eq!(json["lockstep"]["compared"], 3000);
    assert_eq!(json["layers"]["source"], "none");
}

//! Campaigns as their users ask for them: plan files, scopes, networks, shards, exports; and the same rows whatever way they come about.

#[path = "common/cli.rs"]
mod cli;

#[path = "campaigns/beginnings.rs"]
mod beginnings;
#[path = "campaigns/export.rs"]
mod export;
#[path = "campaigns/plan_file.rs"]
mod plan_file;
#[path = "campaigns/proofs.rs"]
mod proofs;
#[path = "campaigns/scope.rs"]
mod scope;
#[path = "campaigns/shards.rs"]
mod shards;

use cli::{Line, stuckat};
use serde_json::Value;
use std::path::Path;

/// The network of the default campaign as a file.
const MODEL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/firmware/models/mnist_cnn/mnist_cnn.tflite");

/// A campaign on the network as a file, with the faster kernels.
fn on_model(faults: usize, images: usize, out: &Path) -> Line {
    let (faults, images) = (faults.to_string(), images.to_string());
    let words = ["campaign", "--model", MODEL, "--style", "optimised", "--faults", &faults];
    stuckat(words).patiently().words(["--images", &images, "--seed", "11", "--out"]).words([out])
}

/// How many rows were established in each way.
fn engines(out: &Path) -> std::collections::BTreeMap<String, usize> {
    let mut count = std::collections::BTreeMap::new();
    for row in cli::rows(&out.join("results.jsonl")) {
        let engine = row["engine"].as_str().expect("a name").to_owned();
        *count.entry(engine).or_insert(0) += 1;
    }
    count
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    serde_json::from_str(&text).expect("JSON")
}

//! The truth itself against every shortcut: long, so behind `--ignored`.

use super::engines;
use crate::cli::{folder, results, stuckat};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

const HOURS: Duration = Duration::from_secs(4 * 3600);

fn rows_of(name: &str, words: &[&str], folder: &Path) -> Vec<serde_json::Value> {
    let out = folder.join(name);
    stuckat(["campaign"]).within_time(HOURS).words(words).words(["--out"]).words([&out]).succeeds();
    println!("{name}: {:?}", engines(&out));
    results(&out)
}

/// A fully connected layer of the operator tests, whose inference takes few multiplications: set-up included, at most 2,000.
fn proof_workload(folder: &Path) -> (String, String, usize) {
    let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/firmware/tests/vectors/operators.tar.gz");
    let packed = std::fs::File::open(archive).expect("the archive");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed));
    let (mut network, mut input) = (Vec::new(), Vec::new());
    for entry in archive.entries().expect("a tar archive") {
        let mut entry = entry.expect("a sound archive");
        let path = entry.path().expect("a path").display().to_string();
        match path.as_str() {
            "fully_connected_000.tflite" => drop(entry.read_to_end(&mut network).expect("bytes")),
            "fully_connected_000.in" => drop(entry.read_to_end(&mut input).expect("bytes")),
            _ => {}
        }
    }
    let model = stuckat::model::Model::parse(network.clone()).expect("a network");
    let record = model.input_len();
    input.truncate(record);
    let (net, data) = (folder.join("proof.tflite"), folder.join("proof.bin"));
    std::fs::write(&net, network).expect("a file");
    std::fs::write(&data, input).expect("a file");
    (net.display().to_string(), data.display().to_string(), record)
}

#[test]
#[ignore = "minutes: every fault of the default multiplier, gate by gate"]
fn gate_by_gate_every_fault_gives_the_same_on_a_small_workload() {
    let folder = folder();
    let (net, data, record) = proof_workload(folder.path());
    let record = record.to_string();
    let words = [
        "--model",
        &net,
        "--style",
        "optimised",
        "--data",
        &data,
        "--data-format",
        "bin",
        "--record",
        &record,
    ];
    let words = [&words[..], &["--numbers", "--faults", "all", "--images", "1"]].concat();
    let fast = rows_of("fast", &words, folder.path());
    let muls = fast.iter().filter(|r| r["outcome"] == "never-wrong" || r["outcome"] == "masked");
    let most = muls.filter_map(|r| r["muls"].as_u64()).max().expect("some run ends well");
    assert!(most <= 2000, "{most} multiplications");
    let slow = rows_of("slow", &[&words[..], &["--slow"]].concat(), folder.path());
    assert_eq!((fast.len(), slow.len()), (5914, 5914));
    for (fast, slow) in fast.iter().zip(&slow) {
        assert_eq!(fast, slow);
    }
}

#[test]
#[ignore = "minutes: 50 inferences of the default network, gate by gate"]
fn gate_by_gate_fifty_scenarios_of_the_default_network_are_the_same() {
    let folder = folder();
    let words = ["--faults", "50", "--images", "1", "--seed", "7"];
    let fast = rows_of("fast", &words, folder.path());
    let slow = rows_of("slow", &[&words[..], &["--slow"]].concat(), folder.path());
    assert_eq!(fast.len(), 50);
    assert!(fast == slow);
}

#[test]
#[ignore = "minutes: the default campaign five times"]
fn the_default_campaign_is_the_same_in_all_ways() {
    let folder = folder();
    let one = rows_of("one", &["--jobs", "1"], folder.path());
    assert_eq!(one.len(), 2400);
    assert!(one == rows_of("many", &["--jobs", "8"], folder.path()), "many jobs");
    assert!(one == rows_of("long", &["--no-shortcuts"], folder.path()), "without shortcuts");
    let shards: Vec<_> = (1..=7).map(|i| format!("shard{i}")).collect();
    for (i, shard) in shards.iter().enumerate() {
        rows_of(shard, &["--shard", &format!("{}/7", i + 1)], folder.path());
    }
    let merged = folder.path().join("merged");
    let paths: Vec<_> = shards.iter().map(|shard| folder.path().join(shard)).collect();
    stuckat(["merge", "--out"]).within_time(HOURS).words([&merged]).words(&paths).succeeds();
    assert!(one == results(&merged), "seven shards");
}

#[test]
#[ignore = "half an hour: every fault of the default multiplier on three images, interpreted and not"]
fn every_fault_of_the_default_network_ends_the_same_with_and_without_compiled_code() {
    let folder = folder();
    let words = ["--faults", "all", "--images", "3", "--seed", "5"];
    let fast = rows_of("fast", &words, folder.path());
    let long = rows_of("long", &[&words[..], &["--no-shortcuts"]].concat(), folder.path());
    assert_eq!((fast.len(), long.len()), (3 * 5914, 3 * 5914));
    for (fast, long) in fast.iter().zip(&long) {
        assert_eq!(fast, long);
    }
}

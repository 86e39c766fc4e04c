//! Shards: parts of a campaign, run anywhere, put together into what one run would have given.

use super::{engines, json};
use crate::cli::{REFUSED, USAGE, campaign, folder, results, rows, stuckat};
use std::fs;

/// Sites of both kinds, so that some faults of the sample make the same circuit.
const SITES: [&str; 2] = ["--sites", "all"];

#[test]
fn shards_workers_and_shortcuts_give_the_rows_of_one_run() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let run = |name: &str, words: &[&str]| {
        campaign(24, 2, &at(name)).words(SITES).words(words).succeeds();
        results(&at(name))
    };
    let one = run("one", &["--jobs", "1"]);
    assert_eq!(one.len(), 48);
    assert!(one == run("many", &["--jobs", "5"]));
    assert!(one == run("long", &["--no-shortcuts"]));
    let executed = engines(&at("long"));
    assert_eq!(
        executed.get("memo").unwrap_or(&0) + executed.get("gates").unwrap_or(&0),
        48,
        "{executed:?}"
    );
    let shards: Vec<_> = (1..=7).map(|i| at(&format!("shard{i}"))).collect();
    for (i, shard) in shards.iter().enumerate() {
        let part = format!("{}/7", i + 1);
        campaign(24, 2, shard).words(SITES).words(["--shard", &part]).succeeds();
        assert_eq!(json(&shard.join("shard.json")), serde_json::json!({ "index": i + 1, "of": 7 }));
    }
    stuckat(["merge", "--out"]).words([&at("merged")]).words(&shards).succeeds();
    assert!(one == results(&at("merged")));
    let same = |file: &str| {
        fs::read(at("one").join(file)).expect("a file")
            == fs::read(at("merged").join(file)).expect("a file")
    };
    assert!(same("plan.json") && same("golden.jsonl"));
    let faults = |name: &str| {
        let mut faults = rows(&at(name).join("faults.jsonl"));
        faults.sort_by_key(|f| f["fault"].as_u64());
        faults
    };
    assert_eq!(faults("one"), faults("merged"));
}

#[test]
fn shards_that_do_not_belong_together_are_refused() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    campaign(4, 1, &at("a")).words(["--shard", "1/2"]).succeeds();
    campaign(5, 1, &at("b")).words(["--shard", "2/2"]).succeeds();
    let merge = |shards: &[&str]| {
        let shards: Vec<_> = shards.iter().map(|name| at(name)).collect();
        stuckat(["merge", "--out"]).words([&at("merged")]).words(&shards)
    };
    merge(&["a", "b"]).is_refused(REFUSED, &["b", "faults differs"]);
    // The same shard twice is one; a changed row of it is a contradiction.
    merge(&["a", "a"]).succeeds();
    fs::remove_dir_all(at("merged")).expect("the folder goes");
    campaign(4, 1, &at("c")).words(["--shard", "1/2"]).succeeds();
    let path = at("c").join("results.jsonl");
    let text = fs::read_to_string(&path).expect("rows");
    let digits = text.find("\"retired\":").expect("a field") + 10;
    let changed = format!("{}1{}", &text[..digits], &text[digits..]);
    fs::write(&path, changed).expect("rows");
    merge(&["a", "c"]).is_refused(REFUSED, &["another result"]);
    assert!(!at("merged").exists());
    // A folder holds one shard only.
    let other = campaign(4, 1, &at("a")).words(["--shard", "2/2", "--resume"]);
    other.is_refused(REFUSED, &["shard 1/2"]);
    let ended = campaign(4, 1, &at("d")).words(["--shard", "3/2"]).run();
    assert_eq!(ended.code, Some(USAGE));
}

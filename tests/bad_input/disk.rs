//! A disk that fills while a campaign runs: what is written stays whole, and the campaign can be continued.

use crate::cli::{BINARY, IO, bash, campaign, folder, results, rows, scenario};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const WORDS: [&str; 7] = ["campaign", "--faults", "12", "--images", "4", "--seed", "11"];

/// The rows that a stopped campaign leaves are complete, intact, and each there once.
#[track_caller]
fn intact(stopped: &Path, whole: &Path) -> usize {
    if !stopped.join("results.jsonl").exists() {
        return 0;
    }
    let (some, all) = (results(stopped), results(whole));
    assert!(some.iter().all(|row| all.contains(row)), "a row differs from the uninterrupted run");
    assert_eq!(some.iter().map(scenario).collect::<BTreeSet<_>>().len(), some.len());
    rows(&stopped.join("faults.jsonl"));
    some.len()
}

#[test]
fn a_campaign_stopped_by_a_full_disk_keeps_its_rows_and_can_be_continued() {
    let folder = folder();
    let whole = folder.path().join("whole");
    campaign(12, 4, &whole).succeeds();
    let mut partly = 0;
    for blocks in 1..=12 {
        let out = folder.path().join(format!("run-{blocks}"));
        // Without SIGXFSZ, a write beyond the limit fails as on a full disk; bash counts in blocks of 1024 bytes.
        let limited = r#"trap '' XFSZ; ulimit -f "$1"; exec "${@:2}""#;
        let line = bash(limited, [&blocks.to_string(), BINARY]).words(WORDS);
        let line = line.words(["--jobs", "2", "--out"]).words([&out]);
        line.breaks_off(IO, &[&out.display().to_string(), ".json", "--resume"]);
        let kept = intact(&out, &whole);
        partly += usize::from(kept > 0);
        let again = campaign(12, 4, &out).words(["--resume"]).succeeds();
        assert_eq!(results(&out), results(&whole), "with {blocks} KiB: {again:?}");
        let partial =
            |entry: fs::DirEntry| entry.path().extension().is_some_and(|e| e == "partial");
        let left = fs::read_dir(&out).expect("the folder").any(|e| partial(e.expect("an entry")));
        assert!(!left, "a partial file is left behind");
    }
    assert!(partly > 2, "the limits do not fall between the first and the last result");
}

#[test]
fn a_campaign_on_a_full_file_system_keeps_its_rows_and_can_be_continued() {
    let folder = folder();
    let (whole, small) = (folder.path().join("whole"), folder.path().join("small"));
    campaign(12, 4, &whole).succeeds();
    fs::create_dir(&small).expect("a folder");
    // A private mount that goes with the process. Plan, golden runs and faults take a page each.
    let script = r#"
        small=$1 copies=$2; shift 2
        mount -t tmpfs -o size=20k none "$small" || exit 99
        "$@" --out "$small/run" 2> "$copies/stderr"; echo $? > "$copies/code"
        cp -r "$small/run" "$copies/stopped"
        mount -o remount,size=1m "$small" || exit 99
        "$@" --out "$small/run" --resume || exit
        cp -r "$small/run" "$copies/continued""#;
    let line = bash(r#"exec unshare -rm bash -c "$1" bash "${@:2}""#, [script]);
    let line = line.words([&small, folder.path(), Path::new(BINARY)]).words(WORDS);
    let ended = line.run();
    let said = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    if ended.code == Some(99) || !folder.path().join("code").exists() {
        eprintln!("skipped: no small file system can be mounted here: {}", ended.stderr);
        return;
    }
    assert_eq!(said("code").trim(), IO.to_string(), "{}", said("stderr"));
    assert!(said("stderr").contains("results.jsonl: "), "{}", said("stderr"));
    assert!(said("stderr").contains("No space left"), "{}", said("stderr"));
    let kept = intact(&folder.path().join("stopped"), &whole);
    assert!((1..48).contains(&kept), "{kept} rows fit");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(results(&folder.path().join("continued")), results(&whole));
}

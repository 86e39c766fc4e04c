//! Places where results cannot go, and streams that take no output.

use crate::cli::{
    self, BINARY, IO, REFUSED, assert_unchanged, bash, campaign, contents, file, folder, stuckat,
};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

#[test]
fn a_file_in_place_of_a_run_directory_is_refused_and_kept() {
    let folder = folder();
    let path = file(&folder, "precious", b"results of last year\n");
    campaign(1, 1, Path::new(&path)).is_refused(IO, &[&path, "File exists"]);
    let below = format!("{path}/run");
    campaign(1, 1, Path::new(&below)).is_refused(IO, &[&below, "Not a directory"]);
    campaign(1, 1, Path::new(&path)).words(["--resume"]).is_refused(IO, &[&path]);
    assert_eq!(fs::read(&path).expect("the file"), b"results of last year\n");
}

#[test]
fn a_place_that_cannot_be_written_is_refused() {
    // /proc is read-only even for root.
    campaign(1, 1, Path::new("/proc/run")).is_refused(IO, &["/proc/run"]);
    campaign(1, 1, Path::new("")).is_misused(&["--out"]);
    let too_long = "x".repeat(300);
    campaign(1, 1, &std::env::temp_dir().join(&too_long)).is_refused(IO, &[&too_long, "too long"]);
}

#[test]
fn a_read_only_folder_is_refused() {
    let folder = folder();
    let out = folder.path().join("run");
    let script = r#"mount -t tmpfs -o ro none "$1" || exit 99; exec "$2" campaign --faults 1 --images 1 --out "$1/run""#;
    let mounted = bash(r#"exec unshare -rm bash -c "$1" bash "${@:2}""#, [script])
        .words([folder.path().as_os_str(), OsStr::new(BINARY)]);
    if mounted.run().code.is_none_or(|code| code == 99 || code == 1) {
        eprintln!("skipped: no read-only file system can be mounted here");
        return;
    }
    mounted.is_refused(IO, &[&out.display().to_string(), "Read-only"]);
}

#[test]
fn a_folder_with_results_but_no_plan_is_refused_and_kept() {
    let folder = folder();
    let out = folder.path().join("run");
    campaign(2, 1, &out).succeeds();
    fs::remove_file(out.join("plan.json")).expect("the plan is there");
    let before = contents(&out);
    // Other plans: none of the results belongs to them.
    let begun = ["campaign", "--images", "1", "--out"];
    for other in [
        &["--faults", "2", "--seed", "3"][..],
        &["--faults", "2", "--seed", "11", "--hang-factor", "5"],
        &["--faults", "1", "--seed", "11", "--resume"],
    ] {
        let line = stuckat(begun).words([&out]).words(other);
        line.breaks_off(REFUSED, &[&out.display().to_string()]);
        assert_unchanged(&out, &before);
    }
}

#[test]
fn a_run_directory_whose_name_is_no_unicode_serves_like_any_other() {
    let folder = folder();
    let out = folder.path().join(OsStr::from_bytes(b"r\xe9sultats"));
    let ended = campaign(2, 1, &out).words(["--json"]).succeeds();
    serde_json::from_str::<serde_json::Value>(&ended.stdout).expect("the summary is JSON");
    assert_eq!(cli::results(&out).len(), 2);
}

#[test]
fn a_reader_that_closes_its_end_early_is_no_error() {
    let folder = folder();
    let out = folder.path().join("run");
    campaign(2, 1, &out).succeeds();
    let out = out.display().to_string();
    // The reader is gone before the first byte comes.
    for words in [
        &["netlist", "faults"][..],
        &["netlist", "info"],
        &["report", &out],
        &["report", "--json", &out],
    ] {
        let piped = r#"{ sleep 0.2; exec "$@"; } | true; exit "${PIPESTATUS[0]}""#;
        let ended = bash(piped, [BINARY]).words(words).run();
        assert_eq!((ended.code, &ended.stderr[..]), (Some(0), ""), "{words:?}");
    }
}

#[test]
fn a_reader_of_both_streams_that_closes_its_end_early_causes_no_panic() {
    // As with `stuckat ... 2>&1 | head`.
    let piped = r#"{ sleep 0.2; exec "$@" 2>&1; } | true; exit "${PIPESTATUS[0]}""#;
    let ended = bash(piped, [BINARY, "netlist", "faults"]).run();
    assert_eq!(ended.code, Some(0));
    let ended = bash(piped, [BINARY, "netlist", "info", "--netlist", "/nowhere.v"]).run();
    assert_eq!(ended.code, Some(cli::BAD_INPUT));
}

#[test]
fn stdout_on_a_full_disk_is_an_output_error() {
    let folder = folder();
    let out = folder.path().join("run");
    campaign(2, 1, &out).succeeds();
    let out = out.display().to_string();
    for words in [
        &["netlist", "faults"][..],
        &["report", &out],
        &["report", "--json", &out],
        &["run", cli::ELF],
    ] {
        let line = bash(r#"exec "$@" >/dev/full"#, [BINARY]).words(words);
        line.is_refused(IO, &["No space left"]);
    }
}

#[test]
fn stderr_on_a_full_disk_changes_no_exit_code() {
    let folder = folder();
    let out = folder.path().join("run");
    let to_full = r#"exec "$@" 2>/dev/full"#;
    let words = ["campaign", "--faults", "2", "--images", "1", "--seed", "11", "--out"];
    bash(to_full, [BINARY]).words(words).words([&out]).succeeds();
    assert_eq!(cli::results(&out).len(), 2);
    let ended = bash(to_full, [BINARY]).words(["run", "/nowhere.elf"]).run();
    assert_eq!(ended.code, Some(cli::BAD_INPUT));
}

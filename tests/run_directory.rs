//! The run directory: the same results however a campaign is run, stopped and continued; nothing in it is ever harmed.

#[path = "common/cli.rs"]
mod cli;
#[path = "common/mutate.rs"]
mod mutate;

use cli::{
    BAD_INPUT, IO, Line, REFUSED, assert_unchanged, campaign, contents, folder, results, rows,
    scenario, stuckat,
};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Faults and images of most campaigns here.
const FAULTS: usize = 6;
const IMAGES: usize = 4;

fn small(out: &Path) -> Line {
    campaign(FAULTS, IMAGES, out)
}

/// Runs a small campaign into a folder and returns its results.
#[track_caller]
fn whole(out: &Path) -> Vec<Value> {
    small(out).succeeds();
    let results = results(out);
    assert_eq!(results.len(), FAULTS * IMAGES);
    results
}

/// Each scenario of the plan has exactly one result.
#[track_caller]
fn is_complete(out: &Path, faults: usize, images: usize) {
    let rows = rows(&out.join("results.jsonl"));
    let scenarios: BTreeSet<_> = rows.iter().map(scenario).collect();
    assert_eq!((rows.len(), scenarios.len()), (faults * images, faults * images));
}

fn start(line: &Line) -> Child {
    line.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
}

/// Waits until the process has written its first result; false if it ended before.
#[track_caller]
fn has_begun(process: &mut Child, out: &Path) -> bool {
    let begin = Instant::now();
    while fs::metadata(out.join("results.jsonl")).map_or(0, |file| file.len()) == 0 {
        assert!(begin.elapsed() < Duration::from_secs(60), "no result in a minute");
        if process.try_wait().expect("the process can be asked").is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// Changes a file in place.
fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path).expect("the file can be read");
    fs::write(path, change(text)).expect("the file can be written");
}

#[test]
fn the_number_of_jobs_changes_no_result() {
    let folder = folder();
    let run = |jobs: &str| {
        let out = folder.path().join(jobs);
        small(&out).words(["--jobs", jobs]).succeeds();
        let golden = fs::read(out.join("golden.jsonl")).expect("the golden runs");
        let plan = fs::read(out.join("plan.json")).expect("the plan");
        (results(&out), golden, plan)
    };
    let one = run("1");
    assert_eq!(one.0.len(), FAULTS * IMAGES);
    assert!(one == run("2") && one == run("5"));
}

#[test]
fn another_seed_draws_another_plan() {
    let folder = folder();
    let plan = |seed: &str| {
        let out = folder.path().join(seed);
        let words = ["campaign", "--faults", "2", "--images", "1", "--seed", seed, "--out"];
        stuckat(words).words([&out]).succeeds();
        fs::read(out.join("plan.json")).expect("the plan")
    };
    assert_ne!(plan("1"), plan("2"));
}

#[test]
fn a_killed_campaign_continues_with_the_same_results_and_none_twice() {
    kill_and_continue(5);
}

#[test]
#[ignore = "a minute or two: twenty kills"]
fn a_campaign_killed_twenty_times_loses_and_doubles_nothing() {
    kill_and_continue(20);
}

fn kill_and_continue(kills: u32) {
    let (faults, images) = (24, 6);
    let folder = folder();
    let reference = folder.path().join("reference");
    let begin = Instant::now();
    campaign(faults, images, &reference).succeeds();
    let uninterrupted = begin.elapsed();
    let mut random = ChaCha8Rng::seed_from_u64(20);
    let mut halfway = 0;
    for kill in 0..kills {
        let out = folder.path().join(kill.to_string());
        let mut process = start(&campaign(faults, images, &out));
        if kill > 1 {
            // Two kills may come before the first result, the others come after it.
            has_begun(&mut process, &out);
        }
        std::thread::sleep(uninterrupted.mul_f64(f64::from(random.next_u32() % 600) / 1000.0));
        process.kill().expect("the process can be killed");
        process.wait().expect("the process ends");
        let lines = fs::read_to_string(out.join("results.jsonl")).unwrap_or_default();
        let kept = lines.matches('\n').count();
        halfway += usize::from(kept > 0 && kept < faults * images);
        campaign(faults, images, &out).words(["--resume"]).succeeds();
        is_complete(&out, faults, images);
        assert_eq!(results(&out), results(&reference), "killed with {kept} results");
        assert!(
            fs::read_to_string(out.join("results.jsonl"))
                .expect("rows")
                .starts_with(&lines[..lines.rfind('\n').map_or(0, |end| end + 1)])
        );
    }
    assert!(halfway > 0, "no kill came between the first and the last result");
}

#[test]
fn continuing_a_complete_campaign_changes_no_result() {
    let folder = folder();
    let out = folder.path().join("run");
    whole(&out);
    let before = contents(&out);
    small(&out).words(["--resume"]).succeeds();
    assert_unchanged(&out, &before);
}

#[test]
fn resume_without_an_earlier_campaign_begins_one() {
    let folder = folder();
    let out = folder.path().join("new/and/deep");
    small(&out).words(["--resume"]).succeeds();
    is_complete(&out, FAULTS, IMAGES);
}

#[test]
fn an_incomplete_last_line_is_cut_off_and_run_again() {
    let folder = folder();
    let out = folder.path().join("run");
    let results_before = whole(&out);
    for (file, keep) in [("results.jsonl", 20), ("faults.jsonl", 3)] {
        edit(&out.join(file), |text| {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.truncate(keep);
            let half = &lines[keep - 1][..40];
            format!("{}\n{half}", lines[..keep - 1].join("\n"))
        });
    }
    small(&out).words(["--resume"]).succeeds();
    is_complete(&out, FAULTS, IMAGES);
    assert_eq!(results(&out), results_before);
    assert_eq!(rows(&out.join("faults.jsonl")).len(), FAULTS);
}

#[test]
fn a_complete_last_line_without_its_newline_is_run_again() {
    let folder = folder();
    let out = folder.path().join("run");
    let results_before = whole(&out);
    edit(&out.join("results.jsonl"), |text| text.trim_end().to_owned());
    small(&out).words(["--resume"]).succeeds();
    assert_eq!(results(&out), results_before);
}

#[test]
fn damage_before_the_last_line_is_refused_with_file_and_line() {
    let folder = folder();
    let out = folder.path().join("run");
    whole(&out);
    for (file, at) in [("results.jsonl", 7), ("faults.jsonl", 2)] {
        let path = out.join(file);
        let sound = fs::read_to_string(&path).expect("the rows");
        for bad in ["", "{", "not JSON", "{}", "[]", "null", "\0\0\0\0", "{\"fault\":0}"] {
            let mut lines: Vec<&str> = sound.lines().collect();
            lines[at - 1] = bad;
            fs::write(&path, format!("{}\n", lines.join("\n"))).expect("the file can be written");
            let before = contents(&out);
            let place = format!("{}:{at}:", path.display());
            small(&out).words(["--resume"]).is_refused(REFUSED, &[&place]);
            stuckat(["report"]).words([&out]).is_refused(REFUSED, &[&place]);
            assert_unchanged(&out, &before);
        }
        fs::write(&path, sound).expect("the file can be written");
    }
    small(&out).words(["--resume"]).succeeds();
}

#[test]
fn rows_that_the_plan_cannot_have_made_are_refused_with_file_and_line() {
    let folder = folder();
    let out = folder.path().join("run");
    whole(&out);
    let path = out.join("results.jsonl");
    let sound = fs::read_to_string(&path).expect("the rows");
    let first = sound.lines().next().expect("a row").to_owned();
    let change = |field: &str, value: Value| {
        let mut row: Value = serde_json::from_str(&first).expect("JSON");
        row[field] = value;
        row.to_string()
    };
    let mut accepted = Vec::new();
    for (what, row) in [
        ("a scenario twice", first.clone()),
        ("a fault outside the plan", change("fault", 999.into())),
        ("another fault's name", change("name", "op_a_i[0]/SA0".into())),
        ("an image outside the plan", change("image", 10_001.into())),
    ] {
        fs::write(&path, format!("{sound}{row}\n")).expect("the file can be written");
        let place = format!("{}:{}:", path.display(), FAULTS * IMAGES + 1);
        let ended = small(&out).words(["--resume"]).run();
        if ended.code != Some(REFUSED) || !ended.stderr.contains(&place) {
            accepted.push(what);
        }
    }
    assert!(accepted.is_empty(), "accepted: {accepted:?}");
}

#[test]
fn a_damaged_plan_is_refused() {
    let folder = folder();
    let out = folder.path().join("run");
    whole(&out);
    let path = out.join("plan.json");
    let sound = fs::read_to_string(&path).expect("the plan");
    for bad in ["", "{", "{}", "not JSON", &sound[..sound.len() / 2]] {
        fs::write(&path, bad).expect("the file can be written");
        let before = contents(&out);
        let place = format!("{}:", path.display());
        small(&out).words(["--resume"]).is_refused(REFUSED, &[&place]);
        stuckat(["report"]).words([&out]).is_refused(REFUSED, &[&place]);
        assert_unchanged(&out, &before);
    }
    let newer = sound.replace("\"format\": 5", "\"format\": 6");
    assert_ne!(newer, sound);
    fs::write(&path, newer).expect("the file can be written");
    small(&out).words(["--resume"]).is_refused(REFUSED, &["format"]);
    stuckat(["report"]).words([&out]).is_refused(REFUSED, &["format"]);
}

#[test]
fn no_damage_to_a_run_directory_makes_the_report_panic() {
    let folder = folder();
    let out = folder.path().join("run");
    whole(&out);
    for file in ["plan.json", "golden.jsonl", "faults.jsonl", "results.jsonl"] {
        let (path, dir) = (out.join(file), out.clone());
        let sound = fs::read(&path).expect("the file is there");
        mutate::survives(&sound, 300, move |damaged| {
            fs::write(dir.join(file), damaged).expect("the file can be written");
            if let Ok(summary) = stuckat::report::summarise(&dir) {
                let _ = stuckat::report::table::render(&summary);
                let _ = serde_json::to_string(&summary);
                let runs = [stuckat::report::Named { name: "damaged".to_owned(), summary }];
                let _ = stuckat::report::html::render(&runs);
                let _ = stuckat::report::html::files(&runs);
            }
        });
        fs::write(&path, sound).expect("the file can be written");
    }
}

#[test]
fn a_second_process_is_refused_and_the_first_is_unharmed() {
    let folder = folder();
    let (reference, out) = (folder.path().join("reference"), folder.path().join("run"));
    campaign(40, 6, &reference).succeeds();
    let first = campaign(40, 6, &out).words(["--no-shortcuts", "--jobs", "1"]);
    let mut process = start(&first);
    assert!(has_begun(&mut process, &out));
    let second = campaign(40, 6, &out);
    second
        .clone()
        .words(["--resume"])
        .is_refused(REFUSED, &[&out.display().to_string(), "another"]);
    second.is_refused(REFUSED, &[&out.display().to_string(), "another"]);
    let report = stuckat(["report"]).words([&out]).succeeds();
    assert!(report.stdout.contains("240"), "a report while it runs: {}", report.stdout);
    assert!(process.try_wait().expect("it can be asked").is_none(), "the first ended too soon");
    assert!(process.wait().expect("the process ends").success());
    assert_eq!(results(&out), results(&reference));
}

#[test]
fn an_existing_campaign_is_never_continued_unasked() {
    let folder = folder();
    let out = folder.path().join("run");
    whole(&out);
    let before = contents(&out);
    small(&out).is_refused(REFUSED, &[&out.display().to_string(), "--resume"]);
    campaign(FAULTS + 1, IMAGES, &out).is_refused(REFUSED, &[&out.display().to_string()]);
    assert_unchanged(&out, &before);
}

#[test]
fn another_plan_is_refused_and_the_difference_is_named() {
    let folder = folder();
    let out = folder.path().join("run");
    whole(&out);
    let before = contents(&out);
    let other_elf = cli::file(&folder, "other.elf", {
        let mut bytes = fs::read(cli::ELF).expect("the firmware");
        bytes.push(0);
        bytes
    });
    let netlist =
        format!("{}// A comment.\n", fs::read_to_string(cli::NETLIST).expect("the netlist"));
    let netlist = cli::file(&folder, "other.v", netlist);
    let other = |words: &[&str]| small(&out).words(["--resume"]).words(words);
    other(&["--elf", &other_elf]).is_refused(REFUSED, &["ELF"]);
    other(&["--hang-factor", "5"]).is_refused(REFUSED, &["hang factor"]);
    other(&["--netlist", &netlist]).is_refused(REFUSED, &["multiplier"]);
    campaign(FAULTS + 1, IMAGES, &out).words(["--resume"]).is_refused(REFUSED, &["faults"]);
    campaign(FAULTS, IMAGES - 1, &out).words(["--resume"]).is_refused(REFUSED, &["images"]);
    let words = ["campaign", "--faults", "6", "--images", "4", "--seed", "12", "--resume", "--out"];
    stuckat(words).words([&out]).is_refused(REFUSED, &["seed"]);
    assert_unchanged(&out, &before);
    // The same ELF under another name is the same plan.
    let same_elf = cli::file(&folder, "same.elf", fs::read(cli::ELF).expect("the firmware"));
    other(&["--elf", &same_elf]).succeeds();
}

#[test]
fn the_default_folder_is_a_new_one_under_runs() {
    let folder = folder();
    let runs = || -> Vec<PathBuf> {
        let entries = fs::read_dir(folder.path().join("runs")).expect("the folder 'runs'");
        let mut runs: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
        runs.sort();
        runs
    };
    let line = stuckat(["campaign", "--faults", "2", "--images", "1"]).within(folder.path());
    line.succeeds();
    let [first] = runs().try_into().expect("one folder");
    let before = contents(&first);
    line.succeeds();
    let [still, second] = runs().try_into().expect("two folders");
    assert_eq!((&still, contents(&first)), (&first, before));
    assert_eq!(results(&first), results(&second));
    // Continuing takes the last one, here with one result less.
    edit(&second.join("results.jsonl"), |text| {
        format!("{}\n", text.lines().next().expect("a row"))
    });
    let ended = line.clone().words(["--resume"]).succeeds();
    assert!(ended.stdout.contains(&*second.file_name().expect("a name").to_string_lossy()));
    assert_eq!(results(&first), results(&second));
    assert_eq!(runs().len(), 2);
}

#[test]
fn a_report_of_a_complete_campaign_says_the_same_again() {
    let folder = folder();
    let out = folder.path().join("run");
    let said = small(&out).succeeds();
    let before = contents(&out);
    let report = stuckat(["report"]).words([&out]).succeeds();
    assert!(said.stdout.contains(report.stdout.trim()), "{}\n--\n{}", said.stdout, report.stdout);
    assert_eq!(report.stderr, "");
    assert_unchanged(&out, &before);
}

#[test]
fn a_report_of_an_incomplete_campaign_says_how_much_is_missing() {
    let folder = folder();
    let out = folder.path().join("run");
    whole(&out);
    edit(&out.join("results.jsonl"), |text| {
        text.lines().take(10).map(|line| format!("{line}\n")).collect::<String>() + "{\"fault\":"
    });
    let before = contents(&out);
    let table = stuckat(["report"]).words([&out]).succeeds();
    assert!(table.stdout.contains("10") && table.stdout.contains("24"), "{}", table.stdout);
    let json = stuckat(["report", "--json"]).words([&out]).succeeds();
    let json: Value = serde_json::from_str(&json.stdout).expect("the summary is JSON");
    assert_eq!((json["done"].as_u64(), json["planned"].as_u64()), (Some(10), Some(24)));
    assert_unchanged(&out, &before);
    for file in ["results.jsonl", "faults.jsonl", "golden.jsonl"] {
        fs::remove_file(out.join(file)).expect("the file is there");
        stuckat(["report"]).words([&out]).succeeds();
        stuckat(["report", "--json"]).words([&out]).succeeds();
    }
}

#[test]
fn a_report_of_what_is_no_run_directory_is_refused() {
    let folder = folder();
    let itself = folder.path().display().to_string();
    stuckat(["report", &itself]).is_refused(REFUSED, &[&itself, "not a run directory"]);
    let missing = folder.path().join("missing").display().to_string();
    stuckat(["report", &missing]).is_refused(REFUSED, &[&missing]);
    let file = cli::file(&folder, "file", b"text");
    let ended = stuckat(["report", &file]).run();
    assert!(matches!(ended.code, Some(IO | REFUSED)), "{ended:?}");
    assert!(ended.stderr.contains(&file) && ended.stderr.lines().count() == 1, "{ended:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
}

#[test]
fn json_stands_on_stdout_alone() {
    let folder = folder();
    let out = folder.path().join("run");
    let ended = small(&out).words(["--json"]).succeeds();
    let json: Value = serde_json::from_str(&ended.stdout).expect("the summary is JSON");
    assert_eq!(json["run_directory"].as_str(), out.to_str());
    assert_eq!(json["summary"]["done"], json["summary"]["planned"]);
    assert_eq!(json["session"]["scenarios"].as_u64(), Some((FAULTS * IMAGES) as u64));
    let report = stuckat(["report", "--json"]).words([&out]).succeeds();
    let report: Value = serde_json::from_str(&report.stdout).expect("the summary is JSON");
    assert_eq!(report, json["summary"]);
}

#[test]
fn a_printed_answer_gives_the_outcomes_of_the_same_answer_in_memory() {
    // The built-in firmware prints the class and all scores, without a multiplication.
    let folder = folder();
    let (memory, console) = (folder.path().join("memory"), folder.path().join("console"));
    campaign(24, 4, &memory).succeeds();
    let answer = ["--elf", cli::ELF, "--answer", "class ([0-9]+)  scores.*"];
    campaign(24, 4, &console).words(answer).succeeds();
    let judged = |out: &Path| {
        let mut rows = results(out);
        for row in &mut rows {
            let row = row.as_object_mut().expect("a record");
            // How an answer looks, and what is only known of scores.
            let of_scores =
                ["golden_in_top5", "label_in_top5", "tied", "largest_change", "rms_change"];
            row.retain(|field, _| field != "output" && !of_scores.contains(&field.as_str()));
        }
        rows
    };
    assert_eq!(judged(&memory), judged(&console));
    let texts: BTreeSet<String> =
        results(&console).iter().map(|row| row["output"].to_string()).collect();
    assert!(texts.len() > 4, "the answers differ: {texts:?}");
    // Another expression is another plan.
    let other = ["--elf", cli::ELF, "--answer", "class ([0-9]+)", "--resume"];
    campaign(24, 4, &console).words(other).is_refused(REFUSED, &["the expression"]);
}

#[test]
fn firmware_that_does_not_print_the_answer_is_refused_before_anything_is_written() {
    let folder = folder();
    let out = folder.path().join("out");
    for answer in ["no such text ([0-9]+)", "(class)"] {
        let line = campaign(2, 1, &out).words(["--elf", cli::ELF, "--answer", answer]);
        line.breaks_off(BAD_INPUT, &["--answer", "first group"]);
        assert!(!out.join("plan.json").exists());
    }
    campaign(2, 1, &out).words(["--elf", cli::ELF, "--answer", "("]).is_misused(&["--answer"]);
}

#[test]
fn shortcuts_change_no_result() {
    let folder = folder();
    let (fast, plain) = (folder.path().join("fast"), folder.path().join("plain"));
    campaign(24, 4, &fast).succeeds();
    campaign(24, 4, &plain).words(["--no-shortcuts"]).succeeds();
    assert_eq!(results(&fast), results(&plain));
    // A campaign may even be begun one way and continued the other.
    edit(&plain.join("results.jsonl"), |text| {
        text.lines().take(50).map(|line| format!("{line}\n")).collect()
    });
    campaign(24, 4, &plain).words(["--resume"]).succeeds();
    assert_eq!(results(&fast), results(&plain));
}

#[test]
fn gate_by_gate_evaluation_changes_no_result() {
    let folder = folder();
    let (fast, slow) = (folder.path().join("fast"), folder.path().join("slow"));
    campaign(2, 1, &fast).succeeds();
    campaign(2, 1, &slow).words(["--slow"]).succeeds();
    assert_eq!(results(&fast), results(&slow));
    let engines = |out: &Path| {
        let of = |row: &Value| row["engine"].as_str().map(str::to_owned);
        rows(&out.join("results.jsonl")).iter().map(of).collect::<Option<BTreeSet<_>>>()
    };
    assert_eq!(engines(&slow), Some(BTreeSet::from(["gates".to_owned()])));
    assert_ne!(engines(&slow), engines(&fast), "the two ways are the same one");
}

#[test]
fn a_foreign_folder_is_not_taken_for_a_run_directory() {
    let folder = folder();
    let out = folder.path().join("thesis");
    fs::create_dir(&out).expect("a folder");
    fs::write(out.join("results.jsonl"), "my own notes\n").expect("a file");
    let notes = || fs::read_to_string(out.join("results.jsonl")).expect("the notes");
    let mut lock =
        OpenOptions::new().create(true).append(true).open(out.join("lock")).expect("a file");
    lock.write_all(b"mine").expect("it can be written");
    drop(lock);
    let ended = small(&out).run();
    assert_eq!(ended.code, Some(REFUSED), "{}", ended.stderr);
    assert_eq!(notes(), "my own notes\n");
    assert_eq!(fs::read(out.join("lock")).expect("the file"), b"mine");
    assert!(!out.join("plan.json").exists(), "a refused folder gets a plan");
    assert_ne!(ended.code, Some(BAD_INPUT));
}

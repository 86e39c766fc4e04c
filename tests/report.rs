//! The report of run directories that are made by hand: every number worked out beside it; pages that any browser reads.

#[path = "common/cli.rs"]
mod cli;
#[path = "common/run_dir.rs"]
mod run_dir;

use cli::{REFUSED, folder, stuckat};
use run_dir::{RunDir, fault, golden, hand_made, plan, result, set, silent};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use stuckat::report::{Named, Summary, compare, html, summarise, table};

fn summary(run: &RunDir) -> Summary {
    let folder = folder();
    run.write(folder.path());
    summarise(folder.path()).expect("the run directory is sound")
}

fn as_json(run: &RunDir) -> Value {
    serde_json::to_value(summary(run)).expect("a summary is plain data")
}

fn named(name: &str, run: &RunDir) -> Named {
    Named { name: name.to_owned(), summary: summary(run) }
}

#[track_caller]
fn close(value: &Value, expected: f64) {
    let value = value.as_f64().expect("a number");
    assert!((value - expected).abs() < 1e-9, "{value} instead of {expected}");
}

#[test]
fn accuracies_are_those_worked_out_by_hand() {
    let s = as_json(&hand_made());
    assert_eq!(s["yardstick"], "labels");
    close(&s["golden"]["accuracy"], 2.0 / 3.0);
    close(&s["golden"]["top5"], 1.0);
    // Of 10 images 2 or more and 9 or less may be right: seen are 2 right and 1 wrong of 3. Of 2 right ones both are drawn in 8 of
    // 120 samples, of 1 wrong one it is drawn in 36 of 120; both are above half a percent.
    close(&s["golden"]["interval"]["low"], 0.2);
    close(&s["golden"]["interval"]["high"], 0.9);
    // Faults: 2/3, 2/3, 0, 2/3. Answered ones alone: the same, fault 2 with one wrong answer.
    for way in ["accuracy", "accuracy_answered"] {
        close(&s[way]["mean"], 0.5);
        close(&s[way]["median"], 2.0 / 3.0);
        close(&s[way]["min"], 0.0);
        assert_eq!(s[way]["faults"], 4);
    }
    // Labels among the five best: all of three faults; of fault 2 one of three images, or its only answer.
    close(&s["top5"]["mean"], (3.0 + 1.0 / 3.0) / 4.0);
    close(&s["top5_answered"]["mean"], 1.0);
    // 0 is in bin 0, 2/3 in bin 13 (0.65 to 0.70).
    let mut bins = [0; 20];
    (bins[0], bins[13]) = (1, 3);
    assert_eq!(s["histogram"], json!(bins));
    // Running means of 2/3, 2/3, 0, 2/3.
    let means = [2.0 / 3.0, 2.0 / 3.0, 4.0 / 9.0, 0.5];
    let steps = s["convergence"].as_array().expect("steps");
    assert_eq!(steps.len(), 4);
    for (i, (step, mean)) in steps.iter().zip(means).enumerate() {
        assert_eq!(step["faults"], i + 1);
        close(&step["mean"], mean);
    }
}

#[test]
fn outcomes_and_shares_of_faults_are_those_worked_out_by_hand() {
    let s = as_json(&hand_made());
    let counts = [
        ("never-wrong", 3, 1),
        ("masked", 3, 1),
        ("sdc-benign", 1, 1),
        ("sdc-critical", 3, 2),
        ("sdc", 0, 0),
        ("bad-exit", 0, 0),
        ("trap", 1, 1),
        ("hang", 1, 1),
    ];
    for (row, (name, scenarios, faults)) in s["outcomes"].as_array().unwrap().iter().zip(counts) {
        assert_eq!((&row["outcome"], &row["scenarios"]), (&json!(name), &json!(scenarios)));
        assert_eq!((&row["faults"], &row["shows"]["faults"]), (&json!(faults), &json!(faults)));
        close(&row["share"], f64::from(scenarios) / 12.0);
    }
    // 2 of 4 of a population of 8: the sample proves 2 to 6. Of 2 marked ones both are in 15 of 70 samples: not excluded; of 6 by
    // symmetry neither.
    assert_eq!(
        (&s["critical_faults"]["faults"], &s["critical_faults"]["of"]),
        (&json!(2), &json!(4))
    );
    close(&s["critical_faults"]["interval"]["low"], 0.25);
    close(&s["critical_faults"]["interval"]["high"], 0.75);
    // 1 of 4: 1 to 5. Of 5 marked ones only one is drawn in 5 of 70 samples: not excluded.
    assert_eq!(s["silent_faults"]["faults"], 1);
    close(&s["silent_faults"]["interval"]["low"], 0.125);
    close(&s["silent_faults"]["interval"]["high"], 0.625);
    assert_eq!(s["engines"], json!({"screened": 3, "memo": 3, "gates": 3, "shared": 3}));
}

#[test]
fn places_and_first_errors_are_those_worked_out_by_hand() {
    let s = as_json(&hand_made());
    let group = |by: &str, i: usize| s["places"][by][i].clone();
    // Losses are 0, 0, 2/3, 0 against the golden 2/3; harmed images 0, 2, 3, 0 of 3.
    for (i, key, faults, loss, harm) in [
        (0, json!(0), 2, 0.0, 1.0 / 3.0),
        (1, json!(3), 1, 0.0, 0.0),
        (2, json!(null), 1, 2.0 / 3.0, 1.0),
    ] {
        let group = group("by_bit", i);
        assert_eq!((&group["key"], &group["faults"]), (&key, &json!(faults)));
        close(&group["loss"]["mean"], loss);
        close(&group["harm"]["mean"], harm);
        assert_eq!(group["loss"]["interval"], json!(null), "an interval of {faults} faults");
    }
    close(&group("by_level", 1)["loss"]["mean"], 2.0 / 9.0);
    let cells: Vec<Value> = (0..3).map(|i| group("by_cell", i)["key"].clone()).collect();
    assert_eq!(cells, [json!("AND2_X1"), json!(null), json!("XOR2_X1")]);
    assert_eq!(s["places"]["map"].as_array().unwrap().len(), 4);
    assert_eq!(s["strikes"]["without"], 3);
    let strikes = |by: &str| -> Vec<(String, u64)> {
        let each = s["strikes"][by].as_array().unwrap().iter();
        let sum = |mix: &Value| mix.as_object().unwrap().values().filter_map(Value::as_u64).sum();
        each.map(|x| (x["name"].as_str().unwrap().to_owned(), sum(&x["outcomes"]))).collect()
    };
    let expected = [("outside of layers", 3), ("0 CONV_2D", 3), ("1 FULLY_CONNECTED", 3)];
    assert_eq!(strikes("by_layer"), expected.map(|(n, k)| (n.to_owned(), k)));
    assert_eq!(strikes("by_function"), [("conv".to_owned(), 6), ("main".to_owned(), 3)]);
}

#[test]
fn what_fired_and_what_changed_are_those_worked_out_by_hand() {
    let s = as_json(&hand_made());
    let fired = &s["fired"];
    for (name, value) in [
        ("distinct", 40),
        ("faults", 4),
        ("faults_activated", 3),
        ("faults_not_activated", 1),
        ("faults_never_wrong", 1),
        ("faults_wrong", 2),
        ("faults_carrying_state", 1),
        ("min", 2),
        ("max", 4),
        // 100 of 110 are in scope, in 12 scenarios; wrong are 0, 10, 50 and 1 in three each.
        ("muls", 1200),
        ("wrong", 183),
    ] {
        assert_eq!(fired[name], value, "{name}");
    }
    close(&fired["median"], 3.0);
    // Ten answers; changed are those of fault 1 by 10, 2, 30 and one of fault 2 by 40.
    assert_eq!((&s["changes"]["known"], &s["changes"]["changed"]), (&json!(10), &json!(4)));
    close(&s["changes"]["largest"]["median"], 10.0);
    close(&s["changes"]["largest"]["p90"], 40.0);
    close(&s["changes"]["rms"]["max"], 8.0);
}

#[test]
fn harmful_faults_are_listed_with_what_they_do() {
    let s = as_json(&hand_made());
    let [worst, next] = s["most_harmful"].as_array().unwrap().as_slice() else {
        panic!("two faults do harm: {}", s["most_harmful"]);
    };
    assert_eq!(
        (&worst["name"], &worst["critical"], &worst["silent"]),
        (&json!("c/SA0"), &json!(1), &json!(2))
    );
    assert_eq!(worst["outcomes"], json!({"sdc-critical": 1, "trap": 1, "hang": 1}));
    // Golden is right on two images, the fault on none: 2 * (1/2)^2.
    assert_eq!((&worst["mcnemar"]["lost"], &worst["mcnemar"]["won"]), (&json!(2), &json!(0)));
    close(&worst["mcnemar"]["exact"], 0.5);
    close(&worst["wrong_share"], 0.5);
    assert_eq!(worst["distinct_wrong"], json!(null));
    assert_eq!(next["typical_class"], json!([2, 2]));
    close(&next["mcnemar"]["exact"], 1.0);
    let first = &next["first"];
    assert_eq!((&first["pc"], &first["function"]), (&json!("0x00000100"), &json!("conv")));
    assert_eq!((&first["layer"], &first["scenarios"]), (&json!("0 CONV_2D"), &json!(3)));
    assert_eq!(first["insn"], 5);
}

#[test]
fn only_complete_faults_enter_accuracies() {
    let mut run = hand_made();
    // Fault 2 lacks an image: 2/3 remains.
    run.results.remove(8);
    let s = as_json(&run);
    assert_eq!(
        (&s["done"], &s["planned"], &s["complete_faults"]),
        (&json!(11), &json!(12), &json!(3))
    );
    close(&s["accuracy"]["mean"], 2.0 / 3.0);
    assert_eq!(s["silent_faults"]["faults"], 0);
    let page = html::render(&[named("run", &run)]);
    assert!(page.contains("NOT COMPLETE") && page.contains("11 of 12 scenarios"));
    assert!(table::render(&summary(&run)).contains("NOT COMPLETE: 11 of 12"));
    let both = [named("run", &run), named("whole", &hand_made())];
    assert!(compare::render(&both).contains("NOT COMPLETE: run: 11 of 12"));
}

/// Checks that tags nest, that nothing is loaded from elsewhere, and that no number is none.
#[track_caller]
fn is_well_formed(page: &str) {
    let (mut open, mut rest) = (Vec::new(), page);
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix("<!").or(rest.strip_prefix("<?")) {
            rest = comment;
            continue;
        }
        let end = rest.find('>').unwrap_or_else(|| panic!("no end: {:.80}", rest));
        let tag = &rest[1..end];
        assert!(!tag.contains('<'), "a tag in a tag: {tag}");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes: {tag}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        rest = &rest[end + 1..];
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag} ends");
        } else if !tag.ends_with('/') && !["meta", "br", "wbr"].contains(&name) {
            open.push(name);
            if ["style", "script"].contains(&name) {
                rest = &rest[rest.find("</").expect("its end")..];
            }
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    let own = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for foreign in ["http:", "https:", "//cdn", "@import", "url(", "src="] {
        assert!(!own.contains(foreign), "{foreign}");
    }
    let none = page
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| ["nan", "inf", "infinity"].contains(&word.to_lowercase().as_str()));
    assert_eq!(none, None, "a number is none");
}

#[track_caller]
fn shows(runs: &[Named]) -> String {
    let page = html::render(runs);
    is_well_formed(&page);
    for (name, chart) in html::files(runs) {
        assert!(name.ends_with(".svg") && !name.contains('/'), "{name}");
        is_well_formed(&chart);
        assert!(chart.contains("<title>") && chart.contains("role=\"img\""));
    }
    for run in runs {
        assert!(!table::render(&run.summary).to_lowercase().contains("nan"));
        serde_json::to_string(&run.summary).expect("JSON");
    }
    assert!(!compare::render(runs).to_lowercase().contains("nan"));
    page
}

#[test]
fn the_page_is_well_formed_and_what_it_quotes_is_escaped() {
    let page = shows(&[named("<i>run</i>", &hand_made())]);
    assert!(page.contains("&lt;b&gt;&amp;&quot;\\x/<wbr>SA1") && !page.contains("<b>&"));
    assert!(page.contains("&lt;i&gt;run&lt;/i&gt;") && !page.contains("<i>run"));
    for id in [
        "distribution",
        "outcomes",
        "wrong-products",
        "convergence",
        "by-bit",
        "by-level",
        "by-cell",
        "map",
        "by-layer",
        "by-function",
    ] {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert!(page.contains("66.67 %") && page.contains("50.00 %") && page.contains("16.67"));
    assert!(!page.contains("Porsia"), "scope 'all' is not the study's");
}

#[test]
fn runs_stand_side_by_side_and_say_how_they_differ_from_the_study() {
    let mut mac = hand_made();
    mac.plan = set(mac.plan, json!({"scope": {"name": "mac"}}));
    let runs = [named("all", &hand_made()), named("mac", &mac)];
    let page = shows(&runs);
    assert!(page.contains("Porsia") && page.contains("scope mac"));
    assert_eq!(page.matches("<figure>").count(), 2 * page.matches("class=\"figure\"").count());
    let text = compare::render(&runs);
    assert!(text.contains("16.67") && text.contains("mac"), "{text}");
    assert!(!text.contains("Not the same"), "{text}");
    let mut other = hand_made();
    other.plan["elf_sha256"] = json!("0");
    let text = compare::render(&[named("a", &hand_made()), named("b", &other)]);
    assert!(text.contains("Not the same in all runs: firmware."), "{text}");
}

#[test]
fn runs_without_faults_images_with_answers_or_labels_are_shown_too() {
    let g = golden(0, Some(1), Some(1), Some(true));
    let one = |fields: Value| RunDir {
        plan: plan(&["f/SA0"], 1, &[0], 1),
        golden: vec![g.clone()],
        faults: vec![fault(0, "f/SA0", None, 0, None, Some(3))],
        results: vec![set(result(0, "f/SA0", &g), fields)],
    };
    let nothing = RunDir {
        plan: plan(&[], 8, &[0], 1),
        golden: vec![g.clone()],
        faults: vec![],
        results: vec![],
    };
    let all_hang = one(silent("hang"));
    let mut not_begun = one(json!({}));
    (not_begun.results, not_begun.faults, not_begun.golden) = (vec![], vec![], vec![]);
    let mut multiple = one(json!({"wrong": 0, "muls": 0, "outside": 0}));
    multiple.faults[0]["places"] = json!([]);
    let mut no_layers = hand_made();
    no_layers.plan["layers"] = json!([]);
    let mut no_label = hand_made();
    no_label.golden.iter_mut().chain(&mut no_label.results).for_each(|line| {
        (line["label"], line["label_in_top5"]) = (json!(null), json!(null));
    });
    for run in [&nothing, &all_hang, &not_begun, &multiple, &no_layers, &no_label] {
        shows(&[named("odd", run)]);
    }
    shows(
        &[nothing, all_hang.clone(), not_begun, multiple, no_layers].map(|run| named("odd", &run)),
    );
    let s = as_json(&all_hang);
    close(&s["accuracy"]["mean"], 0.0);
    assert_eq!(s["accuracy_answered"], json!(null));
    // Without labels golden is the yardstick: unchanged are 3, 1, 0 and 3 of 3 answers.
    let s = as_json(&no_label);
    assert_eq!((&s["yardstick"], &s["golden"]["accuracy"]), (&json!("golden"), &json!(null)));
    close(&s["accuracy"]["mean"], (1.0 + 1.0 / 3.0 + 0.0 + 1.0) / 4.0);
}

#[test]
fn a_network_that_does_not_classify_is_shown_by_its_changes() {
    let mut run = hand_made();
    run.plan["answers"]["classes"] = json!(false);
    for line in run.golden.iter_mut().chain(&mut run.results) {
        for field in ["top1", "golden_top1", "label_in_top5", "golden_in_top5", "label"] {
            if line.get(field).is_some() {
                line[field] = json!(null);
            }
        }
        if line.get("outcome").is_some_and(|o| o.as_str().unwrap().starts_with("sdc")) {
            line["outcome"] = json!("sdc");
        }
    }
    let s = as_json(&run);
    assert_eq!(
        (&s["yardstick"], &s["accuracy"], &s["histogram"]),
        (&json!("numbers"), &json!(null), &json!([]))
    );
    // Fault 2 harms three images of three, fault 1 its three.
    close(&s["places"]["by_bit"][2]["harm"]["mean"], 1.0);
    assert_eq!(s["critical_faults"]["faults"], 2);
    close(&s["most_harmful"][0]["rms_change"], 8.0);
    let page = shows(&[named("autoencoder", &run)]);
    assert!(page.contains("Changes of the output") && !page.contains("top-1"), "{page}");
    assert!(table::render(&summary(&run)).contains("change of the output"));
}

#[test]
fn files_are_written_whole_and_never_replaced_unasked() {
    let folder = folder();
    let (run, page, charts) =
        (folder.path().join("run"), folder.path().join("r.html"), folder.path().join("charts"));
    hand_made().write(&run);
    let line = stuckat(["report", "--html"])
        .words([&page])
        .words(["--svg"])
        .words([&charts])
        .words([&run]);
    let ended = line.succeeds();
    assert!(ended.stdout.contains("hand_made") && ended.stderr.contains("r.html"));
    is_well_formed(&fs::read_to_string(&page).expect("the page"));
    let count = || fs::read_dir(&charts).expect("the charts").count();
    assert_eq!(count(), 11);
    line.is_refused(REFUSED, &["r.html", "--force"]);
    fs::remove_file(&page).expect("it is there");
    line.is_refused(REFUSED, &[".svg", "--force"]);
    assert!(!page.exists(), "nothing is written if something is refused");
    line.clone().words(["--force"]).succeeds();
    assert_eq!((count(), page.exists()), (11, true));
    stuckat(["report"]).is_misused(&["RUN"]);
}

#[test]
fn several_runs_are_one_table_or_one_array() {
    let folder = folder();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    hand_made().write(&a);
    hand_made().write(&b);
    let table = stuckat(["report"]).words([&a, &b]).succeeds();
    let rows = table.stdout.lines().filter(|l| l.contains("66.67 %") && l.contains("83.33 %"));
    assert_eq!(rows.count(), 2, "{}", table.stdout);
    let json = stuckat(["report", "--json"]).words([&a, &b]).succeeds();
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(2));
    assert_eq!(json[0], json[1]);
    let missing = folder.path().join("missing");
    stuckat(["report"]).words([&a, &missing]).is_refused(REFUSED, &["missing"]);
}

/// A million scenarios: 5,000 faults on 200 images, no two faults with the same answers.
fn write_a_million(dir: &Path) {
    use std::io::Write;
    let names: Vec<String> =
        (0..5000).map(|i| format!("mult_i/U{i}/A[{}]/SA{}", i % 32, i % 2)).collect();
    let list: Vec<&str> = names.iter().map(String::as_str).collect();
    let images: Vec<usize> = (0..200).collect();
    let golden: Vec<Value> = images
        .iter()
        .map(|i| golden(*i, Some((i % 10) as u16), Some(i % 10), Some(true)))
        .collect();
    let faults = names.iter().enumerate();
    let place = |(i, name): (usize, &String)| {
        fault(i, name, Some("FA_X1"), i as u32 % 60, Some(i as u32 % 32), Some(i))
    };
    RunDir {
        plan: plan(&list, 5914, &images, 10_000),
        golden: golden.clone(),
        faults: faults.map(place).collect(),
        results: vec![],
    }
    .write(dir);
    let file = fs::File::create(dir.join("results.jsonl")).expect("a file");
    let mut file = std::io::BufWriter::new(file);
    // A linear congruential sequence (Knuth's MMIX constants) draws the outcomes.
    let mut random = 1_u64;
    for (i, name) in names.iter().enumerate() {
        for g in &golden {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let class = (random >> 33) % 10;
            let outcome = if json!(class) == g["top1"] { "sdc-benign" } else { "sdc-critical" };
            let mut line = set(
                result(i, name, g),
                json!({
                    "outcome": outcome, "top1": class, "wrong": random >> 60, "largest_change": 17.0, "rms_change": 4.123_105_625_617_661,
                    "output": "80498080808080b58082", "engine": "memo", "wall_us": random >> 45,
                    "first": {"insn": 3260, "pc": 0x8000_0470_u32, "function": "conv_2d", "layer": class % 3},
                }),
            );
            if random >> 62 == 3 {
                line = set(line, silent("trap"));
            }
            writeln!(file, "{line}").expect("it can be written");
        }
    }
}

#[test]
#[ignore = "writes half a gigabyte and takes a minute; its limits are for a release build"]
fn a_million_scenarios_are_reported_in_little_memory() {
    let folder = folder();
    let run = folder.path().join("run");
    write_a_million(&run);
    // The kernel's own account of the largest resident set, read by a shell that waits for the program's end.
    let script = "\"$1\" report \"$2\" --html \"$3\" >/dev/null & pid=$!; peak=0
        while kill -0 $pid 2>/dev/null; do
            now=$(sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$pid/status 2>/dev/null)
            [ \"${now:-0}\" -gt $peak ] && peak=$now; sleep 0.02
        done; wait $pid && echo $peak";
    let page = folder.path().join("r.html");
    let begin = std::time::Instant::now();
    let ended = cli::bash(script, [Path::new(cli::BINARY), &run, &page]).succeeds();
    let seconds = begin.elapsed().as_secs_f64();
    let peak: u64 = ended.stdout.trim().parse().expect("KiB");
    let size = fs::metadata(&page).expect("the page").len();
    println!("1,000,000 scenarios: {seconds:.1} s, {} MiB, page of {} KiB", peak >> 10, size >> 10);
    assert!(peak > 0 && peak < 500 << 10, "{peak} KiB");
    assert!(size < 1 << 20, "{size} bytes");
}

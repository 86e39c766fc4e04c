//! Exports: the same rows in every format, sorted, joined, with where they come from.

use super::json;
use crate::cli::{REFUSED, campaign, folder, results, rows, stuckat};
use serde_json::Value;

#[test]
fn all_formats_hold_the_same_rows() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    campaign(8, 3, &at("run")).succeeds();
    let export = stuckat(["export"]).words([at("run")]);
    let export =
        export.words(["--csv"]).words([at("t.csv")]).words(["--jsonl"]).words([at("t.jsonl")]);
    let export = export.words(["--sqlite"]).words([at("t.db")]);
    export.succeeds();
    export.is_refused(REFUSED, &["t.csv", "--force"]);
    export.clone().words(["--force"]).succeeds();

    let lines = rows(&at("t.jsonl"));
    assert_eq!(lines.len(), 24);
    let key = |row: &Value| (row["fault"].as_u64(), row["image"].as_u64());
    assert!(lines.is_sorted_by(|a, b| key(a) < key(b)));
    // Against the run directory's own files.
    let (records, faults) = (results(&at("run")), rows(&at("run").join("faults.jsonl")));
    let plan = json(&at("run").join("plan.json"));
    for (line, record) in lines.iter().zip(&records) {
        for (column, field) in [
            ("outcome", "outcome"),
            ("top1", "top1"),
            ("instructions", "retired"),
            ("muls_wrong", "wrong"),
        ] {
            assert_eq!(line[column], record[field], "{column}");
        }
        assert_eq!(line["correct"], record["top1"] == record["label"]);
        let fault = faults.iter().find(|f| f["fault"] == record["fault"]).expect("its fault");
        assert_eq!(line["weight"], fault["weight"]);
        assert_eq!(line["cell"], fault["places"][0]["cell"]);
        assert_eq!(line["polarity"], fault["places"][0]["effect"]);
    }
    // CSV: the same text for every value, none for null, 0 and 1 for false and true.
    let mut csv = csv::Reader::from_path(at("t.csv")).expect("CSV");
    let header = csv.headers().expect("a header").clone();
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(flag) => u8::from(*flag).to_string(),
        number => number.to_string(),
    };
    for (record, line) in csv.records().zip(&lines) {
        let record = record.expect("a record");
        for (name, field) in header.iter().zip(record.iter()) {
            let expected = text(&line[name]);
            let same = field == expected
                || field.parse::<f64>().ok() == expected.parse::<f64>().ok()
                    && !expected.is_empty();
            assert!(same, "{name}: {field} and {expected}");
        }
    }
    // SQLite: queries give what counting the lines gives.
    let database = rusqlite::Connection::open(at("t.db")).expect("a database");
    let count = |condition: &str| {
        let query = format!("SELECT count(*) FROM scenarios WHERE {condition}");
        database.query_row(&query, [], |row| row.get::<_, i64>(0)).expect("a count") as usize
    };
    let of = |what: &dyn Fn(&Value) -> bool| lines.iter().filter(|line| what(line)).count();
    assert_eq!(count("1"), 24);
    assert_eq!(count("outcome = 'trap'"), of(&|l| l["outcome"] == "trap"));
    assert_eq!(count("correct = 1"), of(&|l| l["correct"] == true));
    assert_eq!(count("top1 IS NULL"), of(&|l| l["top1"].is_null()));
    let sum: i64 =
        database.query_row("SELECT sum(muls) FROM scenarios", [], |r| r.get(0)).expect("a sum");
    assert_eq!(Some(sum), Some(lines.iter().filter_map(|l| l["muls"].as_i64()).sum()));
    // Provenance, beside the tables and in the database.
    let beside = json(&at("t.csv.provenance.json"));
    assert_eq!(beside["plan"]["elf_sha256"], plan["elf_sha256"]);
    assert_eq!(beside["plan"]["multiplier_files"], plan["multiplier_files"]);
    assert_eq!(beside["plan_sha256"], lines[0]["plan_sha256"]);
    assert_eq!(beside["sessions"][0]["speed"], "fast");
    let stored: String = database
        .query_row("SELECT value FROM provenance WHERE key = 'plan_sha256'", [], |r| r.get(0))
        .expect("a row");
    assert_eq!(Some(stored.as_str()), lines[0]["plan_sha256"].as_str());
}

#[test]
fn every_column_is_explained() {
    let folder = folder();
    let out = folder.path().join("run");
    campaign(1, 1, &out).succeeds();
    let file = folder.path().join("rows.jsonl");
    stuckat(["export"]).words([&out]).words(["--jsonl"]).words([&file]).succeeds();
    let meanings = stuckat(["export", "--columns"]).succeeds().stdout;
    let row = &rows(&file)[0];
    let columns = row.as_object().expect("an object");
    assert_eq!(meanings.lines().count(), columns.len());
    for line in meanings.lines() {
        let (name, meaning) = line.split_once(' ').expect("a name and a meaning");
        assert!(columns.contains_key(name) && meaning.trim().len() > 5, "{line}");
    }
}

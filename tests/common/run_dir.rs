//! Run directories made by hand, field by field, without the program that is tested.
#![allow(dead_code)] // Each test file uses its own part.

use serde_json::{Value, json};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

/// A run directory to be.
#[derive(Clone, Debug)]
pub struct RunDir {
    pub plan: Value,
    pub golden: Vec<Value>,
    pub faults: Vec<Value>,
    pub results: Vec<Value>,
}

/// The plan of these faults and images.
pub fn plan(faults: &[&str], universe: usize, images: &[usize], data_images: usize) -> Value {
    json!({
        "format": 5, "stuckat": "0.1.0", "elf_sha256": "e1f0".repeat(16), "layers": ["CONV_2D", "FULLY_CONNECTED"],
        "answers": {"element": "int8", "count": 0, "classes": true}, "core": "cve2", "platform": "mcu",
        "platform_sha256": "1a7f".repeat(16), "data_sha256": "da7a".repeat(16), "inputs": "pixel - 128",
        "multiplier": "hand_made", "multiplier_files": [{"name": "a.v", "sha256": "0ff1".repeat(16)}],
        "seed": 1, "hang_factor": 4, "population": "nets", "universe": universe, "data_images": data_images,
        "faults": faults, "images": images,
    })
}

/// A golden image: index, label, answer, whether the label is among the five best.
pub fn golden(image: usize, label: Option<u16>, top1: Option<usize>, top5: Option<bool>) -> Value {
    json!({
        "image": image, "label": label, "top1": top1, "label_in_top5": top5, "output": "00", "retired": 1000, "cycles": 2000,
        "muls": 110, "outside": 10, "distinct": 20,
    })
}

/// A fault at one place: cell type, level, bit; and distinct wrong golden operations.
pub fn fault(
    number: usize,
    name: &str,
    cell: Option<&str>,
    level: u32,
    bit: Option<u32>,
    wrong: Option<usize>,
) -> Value {
    let place = json!({
        "cell": cell.map(|_| format!("U{number}")), "cell_type": cell, "pin": cell.map(|_| "ZN"), "net": format!("n{number}"),
        "effect": "SA0", "level": level, "bit": bit,
    });
    json!({
        "fault": number, "name": name, "class": name, "weight": 1, "places": [place], "activated": wrong != Some(0),
        "distinct": 40, "distinct_wrong": wrong, "carries_state": wrong.is_none().then_some("the register"),
    })
}

/// A scenario that never differs from golden; change its fields.
pub fn result(fault: usize, name: &str, golden: &Value) -> Value {
    json!({
        "fault": fault, "name": name, "image": golden["image"], "label": golden["label"], "outcome": "never-wrong",
        "golden_top1": golden["top1"], "top1": golden["top1"], "golden_in_top5": true, "label_in_top5": golden["label_in_top5"],
        "tied": false, "output": "00", "largest_change": 0.0, "rms_change": 0.0, "trap_cause": null, "trap_pc": null,
        "exit_code": 0, "retired": 1000, "cycles": 2000, "muls": 110, "outside": 10, "wrong": 0,
        "first": null, "engine": "screened", "wall_us": 1,
    })
}

/// Sets fields of an object.
pub fn set(mut value: Value, fields: Value) -> Value {
    for (name, field) in fields.as_object().expect("an object") {
        value[name] = field.clone();
    }
    value
}

/// The fields of a scenario without an answer.
pub fn silent(outcome: &str) -> Value {
    json!({
        "outcome": outcome, "top1": null, "golden_in_top5": null, "label_in_top5": null, "largest_change": null,
        "rms_change": null, "exit_code": null, "output": "",
    })
}

impl RunDir {
    /// Writes it.
    pub fn write(&self, dir: &Path) {
        fs::create_dir_all(dir).expect("the folder can be made");
        fs::write(dir.join("plan.json"), self.plan.to_string()).expect("the plan can be written");
        for (name, lines) in
            [("golden", &self.golden), ("faults", &self.faults), ("results", &self.results)]
        {
            let file = fs::File::create(dir.join(format!("{name}.jsonl"))).expect("a file");
            let mut file = BufWriter::new(file);
            lines.iter().for_each(|line| writeln!(file, "{line}").expect("it can be written"));
        }
    }
}

/// Four faults of eight, three images of ten; what each shows is worked out beside it.
///
/// Golden answers are right for images 2 and 5, wrong for 7: accuracy 2/3.
pub fn hand_made() -> RunDir {
    let names = ["a[0]/SA0", "<b>&\"\\x/SA1", "c/SA0", "d/SA1"];
    let images = [
        golden(2, Some(1), Some(1), Some(true)),
        golden(5, Some(0), Some(0), Some(true)),
        golden(7, Some(2), Some(0), Some(true)),
    ];
    let first = |insn: u64, pc: u32, function: &str, layer: Option<u32>| json!({"insn": insn, "pc": pc, "function": function, "layer": layer});
    let mut results = Vec::new();
    // Fault 0 is never wrong: right, right, wrong as golden.
    results.extend(images.iter().map(|g| result(0, names[0], g)));
    // Fault 1: image 2 is lost, 5 only has other scores, 7 happens to get its label. Accuracy 2/3 again; class 2 twice.
    let fields = [
        ("sdc-critical", 2, 10.0, 3.0, 5),
        ("sdc-benign", 0, 2.0, 1.0, 7),
        ("sdc-critical", 2, 30.0, 5.0, 9),
    ];
    for (g, (outcome, top1, largest, rms, insn)) in images.iter().zip(fields) {
        let fields = json!({
            "outcome": outcome, "top1": top1, "largest_change": largest, "rms_change": rms, "wrong": 10,
            "first": first(insn, 0x100, "conv", Some(0)), "engine": "memo",
        });
        results.push(set(result(1, names[1], g), fields));
    }
    // Fault 2: an exception, a hang, and a wrong answer whose label is still among the five best. Accuracy 0.
    let fields = [
        silent("trap"),
        silent("hang"),
        json!({"outcome": "sdc-critical", "top1": 1, "largest_change": 40.0, "rms_change": 8.0}),
    ];
    for (g, fields) in images.iter().zip(fields) {
        let more = json!({"wrong": 50, "first": first(3, 0x200, "main", None), "engine": "gates"});
        results.push(set(set(result(2, names[2], g), fields), more));
    }
    // Fault 3 is wrong inside, and nothing comes of it.
    for g in &images {
        let fields = json!({"outcome": "masked", "wrong": 1, "first": first(4, 0x104, "conv", Some(1)), "engine": "shared"});
        results.push(set(result(3, names[3], g), fields));
    }
    RunDir {
        plan: plan(&names, 8, &[2, 5, 7], 10),
        golden: images.to_vec(),
        faults: vec![
            fault(0, names[0], Some("AND2_X1"), 1, Some(0), Some(0)),
            fault(1, names[1], Some("XOR2_X1"), 2, Some(0), Some(4)),
            fault(2, names[2], None, 2, None, None),
            fault(3, names[3], Some("AND2_X1"), 2, Some(3), Some(2)),
        ],
        results,
    }
}

//! `stuckat netlist table`.

use crate::binding;
use crate::cli::{BAD_INPUT, BINARY, IO, Line, REFUSED, bash, folder, stuckat};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

fn table(op: &str, range: &str, faults: &[&str]) -> Line {
    let line = stuckat(["netlist", "table", "--op", op, "--range", range]);
    faults.iter().fold(line, |line, fault| line.words(["--fault", fault]))
}

#[track_caller]
fn json_of(line: &Line) -> Value {
    let ended = line.clone().words(["--json"]).succeeds();
    assert_eq!(ended.stderr, "");
    serde_json::from_str(&ended.stdout).expect("one JSON value")
}

/// Type, shape and numbers of a file in format 1.0 of numpy.lib.format, as 32-bit words.
fn read(path: &Path) -> (String, String, Vec<u32>) {
    let bytes = std::fs::read(path).expect("the file");
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let begin = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!(begin % 64, 0, "the numbers are aligned");
    let header = std::str::from_utf8(&bytes[10..begin]).expect("ASCII");
    assert!(header.ends_with('\n') && header.contains("'fortran_order': False"), "{header}");
    let field = |from: &str, to: &str| {
        let rest = header.split_once(from).expect(from).1;
        rest.split_once(to).expect(to).0.to_owned()
    };
    let words = bytes[begin..].chunks_exact(4);
    let words = words.map(|w| u32::from_le_bytes(w.try_into().expect("four bytes")));
    (field("'descr': '", "'"), field("'shape': (", ")"), words.collect())
}

/// All pairs of a range in the order of the file.
fn pairs(rs1_bits: u32, rs2_bits: u32) -> Vec<(i64, i64)> {
    let all = |bits: u32| -(1_i64 << (bits - 1))..1_i64 << (bits - 1);
    all(rs1_bits).flat_map(|a| all(rs2_bits).map(move |b| (a, b))).collect()
}

/// What the products are can be worked out without a netlist where operand bits are stuck.
#[test]
fn products_and_errors_are_those_of_the_changed_operands() {
    let folder = folder();
    let stuck = |a: i64| a | 8;
    let low = |a: i64, b: i64| (a * b) as u32;
    let high = |a: i64, b: i64| ((a * b) >> 32) as u32;
    let unsigned = |a: i64, b: i64| ((u64::from(a as u32) * u64::from(b as u32)) >> 32) as u32;
    type Product<'f> = &'f dyn Fn(i64, i64) -> u32;
    // Operation, range, its bits, faults, exact and faulty product.
    type Case<'f> = (&'f str, &'f str, (u32, u32), &'f [&'f str], Product<'f>, Product<'f>);
    let cases: [Case; 5] = [
        ("mul", "9x8", (9, 8), &[], &low, &low),
        ("mul", "9x8", (9, 8), &["op_a_i[3]/SA1"], &low, &|a, b| low(stuck(a), b)),
        ("mul", "2x10", (2, 10), &["op_a_i[3]/SA1", "op_b_i[0]/SA0"], &low, &|a, b| {
            low(stuck(a), b & !1)
        }),
        ("mulh", "8x9", (8, 9), &["op_a_i[30]/SA0"], &high, &|a, b| high(a & !(1 << 30), b)),
        ("mulhu", "7x6", (7, 6), &["op_a_i[3]/SA1"], &unsigned, &|a, b| unsigned(stuck(a), b)),
    ];
    for (i, (op, range, (rs1_bits, rs2_bits), faults, exact, faulty)) in
        cases.into_iter().enumerate()
    {
        let path = |kind: &str| folder.path().join(format!("{i}-{kind}.npy"));
        let (products, errors) = (path("products"), path("errors"));
        let line = table(op, range, faults).words(["--out"]);
        let report = json_of(&line.clone().words([&products]));
        line.words([&errors]).words(["--errors"]).succeeds();
        let pairs = pairs(rs1_bits, rs2_bits);
        let shape = format!("{}, {}", 1 << rs1_bits, 1 << rs2_bits);
        let expected: Vec<u32> = pairs.iter().map(|(a, b)| faulty(*a, *b)).collect();
        assert!(read(&products) == ("<u4".into(), shape.clone(), expected), "{op} {range}");
        let wrong_by = |(a, b): &(i64, i64)| faulty(*a, *b).wrapping_sub(exact(*a, *b));
        let expected: Vec<u32> = pairs.iter().map(wrong_by).collect();
        let sizes: Vec<u64> =
            expected.iter().map(|e| u64::from((*e as i32).unsigned_abs())).collect();
        assert!(read(&errors) == ("<i4".into(), shape, expected), "{op} {range}");
        assert_eq!(report["pairs"], pairs.len());
        assert_eq!(report["wrong"], sizes.iter().filter(|e| **e > 0).count(), "{op} {faults:?}");
        assert_eq!(report["max_abs_error"], sizes.iter().copied().max().unwrap_or(0));
        let mean = sizes.iter().sum::<u64>() as f64 / sizes.len() as f64;
        let said = report["mean_abs_error"].as_f64().expect("a number");
        assert!((said - mean).abs() <= 1e-9 * mean, "{said} is not {mean}");
        assert_eq!(report["form"] == "exact", sizes.iter().all(|e| *e == 0), "{op} {faults:?}");
    }
}

#[test]
fn the_form_is_the_smallest_that_holds_the_errors() {
    // An answer bit that is stuck at 1 makes every wrong product too large by its weight.
    let mask = json_of(&table("mul", "8x8", &["result_o[7]/SA1"]));
    assert_eq!((&mask["form"], &mask["errors"]), (&json!("mask"), &json!([128])));
    assert_eq!(mask["form_bytes"], 65_536 / 8);
    // Two of them: by one weight, the other, or both.
    let two = json_of(&table("mul", "8x8", &["result_o[7]/SA1", "result_o[9]/SA1"]));
    let mut errors: Vec<i64> =
        two["errors"].as_array().expect("a list").iter().filter_map(Value::as_i64).collect();
    errors.sort_unstable();
    assert_eq!((&two["form"], errors), (&json!("dictionary"), vec![128, 512, 640]));
    let exact = json_of(&table("mul", "8x8", &[]));
    assert_eq!((&exact["form"], &exact["form_bytes"]), (&json!("exact"), &json!(0)));
    assert_eq!((&exact["wrong"], &exact["file"]), (&json!(0), &json!(null)));
    let text = table("mul", "8x8", &["result_o[7]/SA1"]).succeeds().stdout;
    assert!(text.contains("mask, 8,192 bytes: every wrong product is wrong by 128"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn numpy_reads_the_file() {
    let numpy = Command::new("python3").args(["-c", "import numpy"]).output();
    if !numpy.is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: python3 with numpy is not installed");
        return;
    }
    let folder = folder();
    let path = folder.path().join("table.npy");
    table("mul", "9x8", &["op_a_i[3]/SA1"]).words(["--out"]).words([&path]).succeeds();
    let script = "import numpy, sys; t = numpy.load(sys.argv[1]); \
                  a = numpy.arange(-256, 256)[:, None]; b = numpy.arange(-128, 128)[None]; \
                  print(t.dtype, t.shape, bool((t.astype('i4') == (a | 8) * b).all()))";
    let output = Command::new("python3").args(["-c", script]).arg(&path).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "uint32 (512, 256) True\n");
}

#[test]
fn a_file_that_is_there_is_replaced_only_if_asked() {
    let folder = folder();
    let path = folder.path().join("table.npy");
    std::fs::write(&path, "mine").expect("a file");
    let line = table("mul", "6x6", &[]).words(["--out"]).words([&path]);
    line.is_refused(REFUSED, &["table.npy: is there already", "--force"]);
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), "mine");
    line.clone().words(["--force"]).succeeds();
    assert_eq!(read(&path).2.len(), 4096);
    table("mul", "6x6", &[])
        .words(["--out"])
        .words([folder.path()])
        .is_refused(REFUSED, &["--force"]);
    let forced = table("mul", "6x6", &[]).words(["--force", "--out"]).words([folder.path()]);
    forced.is_refused(IO, &["cannot be written"]);
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1);
    // A device stays what it is.
    table("mul", "6x6", &[]).words(["--out", "/dev/null"]).succeeds();
    table("mul", "6x6", &[]).words(["--force", "--out", "/dev/null"]).succeeds();
    assert!(!std::fs::metadata("/dev/null").expect("the device").is_file());
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing_behind() {
    let folder = folder();
    let missing = folder.path().join("missing/table.npy");
    table("mul", "6x6", &[])
        .words(["--out"])
        .words([&missing])
        .is_refused(IO, &["cannot be written"]);
    table("mul", "6x6", &[]).words(["--out", "/dev/full"]).is_refused(IO, &["/dev/full"]);
    // As on a full disk: 16 KiB do not fit into 8.
    let path = folder.path().join("table.npy");
    let limited = r#"trap '' XFSZ; ulimit -f 8; exec "$@""#;
    let words = ["netlist", "table", "--op", "mul", "--range", "6x6", "--out"];
    let line = bash(limited, [BINARY]).words(words).words([&path]);
    line.is_refused(IO, &["table.npy", "cannot be written"]);
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn what_has_no_table_is_refused_with_the_reason() {
    let folder = folder();
    let out = folder.path().join("table.npy");
    let refused = |line: Line, parts: &[&str]| {
        line.words(["--out"]).words([&out]).is_refused(BAD_INPUT, parts);
    };
    refused(table("mul", "8x8", &["nowhere/SA0"]), &["no net 'nowhere'"]);
    refused(
        table("mul", "8x8", &["valid_o/SA0"]),
        &["valid_o/SA0: under this fault the unit never answers"],
    );
    refused(table("mul", "8x8", &["op_a_i[3]/FLIP@1"]), &["a flip is there once"]);
    refused(table("mul", "8x8", &["U968/CK/SA0"]), &["under this fault a flip-flop has no clock"]);
    let elsewhere = table("mulh", "8x8", &[]).words(["--binding", &binding("single_cycle_mul")]);
    refused(elsewhere, &["mulh: the netlist does not do this operation"]);
    assert!(!out.exists());
    for range in ["", "8", "8x", "x8", "8x8x8", "1x12", "17x6", "5x6", "13x12", "axb", "-8x8"] {
        stuckat(["netlist", "table", "--op", "mul", &format!("--range={range}")])
            .is_misused(&["--range"]);
    }
    table("div", "8x8", &[]).is_misused(&["--op"]);
    table("mul", "8x8", &[]).words(["--errors"]).is_misused(&["--out"]);
    table("mul", "8x8", &[]).words(["--force"]).is_misused(&["--out"]);
}

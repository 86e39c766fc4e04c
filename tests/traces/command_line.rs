//! `stuckat run --trace...` and `stuckat trace`.

use crate::cli::{BAD_INPUT, ELF, folder, stuckat};
use std::fs;
use std::path::Path;

const DIFFERENT: i32 = 1;

/// Traces the default network's firmware; returns the file.
fn trace(dir: &Path, name: &str, flags: &[&str]) -> String {
    let path = dir.join(name).display().to_string();
    let line = stuckat(["run", "--max-insns", "200000", "--trace", &path, ELF]).words(flags);
    let ended = line.run();
    assert_eq!(ended.code, Some(124), "{ended:?}");
    path
}

fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_binary_trace_gives_the_text_that_a_run_gives() {
    let dir = folder();
    let binary = trace(dir.path(), "all", &["--trace-format", "binary"]);
    let selections: [&[&str]; 7] = [
        &[],
        &["--from", "1000", "--to", "2000"],
        &["--only", "muls"],
        &["--pc", "0x80000000-0x80000100"],
        &["--function", "main"],
        &["--only", "memory", "--from", "150000", "--symbols"],
        &["--symbols", "--to", "5000"],
    ];
    for format in ["ibex", "spike", "json", "rvfi"] {
        for (i, selection) in selections.iter().enumerate() {
            let flags: Vec<String> =
                selection.iter().map(|word| word.replace("--", "--trace-")).collect();
            let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
            flags.extend(["--trace-format", format]);
            let direct = text(&trace(dir.path(), &format!("{format}{i}"), &flags));
            let cat = stuckat(["trace", "cat", &binary, "--elf", ELF, "--format", format]);
            let cat = cat.words(*selection).succeeds();
            assert!(cat.stdout == direct, "{format}, {selection:?}");
            assert!(direct.lines().count() > 1, "{format}, {selection:?}");
        }
    }
    let all = text(&trace(dir.path(), "all.rvfi", &[]));
    let size = fs::metadata(&binary).unwrap().len();
    assert!(size < 200_000 * 4, "{size} bytes for 200,000 instructions");
    // A filter keeps what it says, and nothing else.
    let lines: Vec<&str> = all.lines().collect();
    let part = text(&format!("{}/rvfi1", dir.path().display()));
    assert_eq!(part.lines().collect::<Vec<_>>(), [&lines[..1], &lines[1000..=2000]].concat());
    let muls = text(&format!("{}/rvfi2", dir.path().display()));
    let is_mul = |line: &&&str| {
        let word = u32::from_str_radix(line.split(',').nth(3).unwrap(), 16).unwrap_or(0);
        // Volume I, "M" Extension: opcode OP, funct7 1, funct3 0 to 3.
        word & 0xfe00_407f == 0x0200_0033
    };
    let expected: Vec<&str> = lines.iter().filter(is_mul).copied().collect();
    assert_eq!(muls.lines().skip(1).collect::<Vec<_>>(), expected);
    assert!(!expected.is_empty());
}

#[test]
fn a_ring_keeps_the_last_instructions_in_every_format() {
    let dir = folder();
    for format in ["ibex", "spike", "json", "rvfi"] {
        let all = text(&trace(dir.path(), "all", &["--trace-format", format]));
        let ring = &["--trace-format", format, "--trace-last", "1000"];
        let last = text(&trace(dir.path(), "last", ring));
        let all: Vec<&str> = all.lines().collect();
        let header = usize::from(["ibex", "rvfi"].contains(&format));
        let expected = [&all[..header], &all[all.len() - 1000..]].concat();
        assert_eq!(last.lines().collect::<Vec<_>>(), expected, "{format}");
    }
    let binary = trace(dir.path(), "ring", &["--trace-format", "binary", "--trace-last", "1000"]);
    let cat = stuckat(["trace", "cat", &binary]).succeeds();
    assert_eq!(cat.stdout, text(&trace(dir.path(), "last", &["--trace-last", "1000"])));
}

#[test]
fn a_run_that_ends_by_an_exception_leaves_what_led_to_it() {
    let dir = folder();
    // A load from nowhere with no handler: `lui t0, 0xe0000; lw t1, 0(t0)`.
    let elf = crate::cli::file(&dir, "trap.elf", tiny(&[0xe000_02b7, 0x0002_a303]));
    let path = dir.path().join("last").display().to_string();
    let words = ["run", "--platform", "virt", "--trace", &path, "--trace-last", "1", &elf];
    let ended = stuckat(words).run();
    assert_eq!(ended.code, Some(126), "{ended:?}");
    let line = text(&path).lines().nth(1).unwrap().to_owned();
    assert!(line.starts_with("2,"), "{line}");
    assert!(
        line.contains(",80000004,0002a303,80000008,1,0,3,0,00000000,e0000000,f,0,00000000,"),
        "{line}"
    );
}

/// A program of these words at 0x80000000, as an ELF file with one segment (System V ABI, "Object Files").
fn tiny(words: &[u32]) -> Vec<u8> {
    let len = 4 * words.len() as u32;
    let mut elf = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xf3\0".to_vec();
    for word in [1, 0x8000_0000, 52, 0, 1] {
        elf.extend_from_slice(&u32::to_le_bytes(word));
    }
    for half in [52_u16, 32, 1, 0, 0, 0] {
        elf.extend_from_slice(&half.to_le_bytes());
    }
    for word in [1, 84, 0x8000_0000, 0x8000_0000, len, len, 7, 4] {
        elf.extend_from_slice(&u32::to_le_bytes(word));
    }
    words.iter().for_each(|word| elf.extend_from_slice(&word.to_le_bytes()));
    elf
}

#[test]
fn show_tells_what_a_trace_is_of_and_what_is_in_it() {
    let dir = folder();
    let binary = trace(dir.path(), "all", &["--trace-format", "binary", "--core", "ibex"]);
    let shown = stuckat(["trace", "show", &binary]).succeeds().stdout;
    for word in ["mnist-cnn.elf", "ibex", "mcu", "200,000", "its instruction budget used up"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    let json = stuckat(["trace", "show", "--json", &binary]).succeeds().stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let all = text(&trace(dir.path(), "all.json", &["--trace-format", "json", "--core", "ibex"]));
    let lines = || all.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let with = |member: &str| lines().filter(|line| line.get(member).is_some()).count() as u64;
    assert_eq!(json["instructions"], 200_000);
    assert_eq!(json["loads"], with("load"));
    assert_eq!(json["stores"], with("store"));
    assert_eq!(json["csr_writes"], with("csr"));
    let muls = lines().filter(|line| line["text"].as_str().unwrap().starts_with("mul")).count();
    assert_eq!(json["multiplications"], muls);
    assert_eq!(json["header"]["core"], "ibex");
}

#[test]
fn diff_finds_the_first_instruction_that_differs() {
    let dir = folder();
    let sound = trace(dir.path(), "sound", &["--trace-format", "binary", "--gates"]);
    let again = trace(dir.path(), "again", &["--trace-format", "binary", "--gates"]);
    let fault = ["--trace-format", "binary", "--fault", "op_a_i[3]/SA1"];
    let faulty = trace(dir.path(), "faulty", &fault);
    let same = stuckat(["trace", "diff", &sound, &again]).succeeds();
    assert_eq!(same.stdout, "the traces are the same: 200000 instructions\n");
    let differ = stuckat(["trace", "diff", &sound, &faulty]).run();
    assert_eq!(differ.code, Some(DIFFERENT), "{differ:?}");
    // The same from text, counted here.
    let format = &["--trace-format", "spike", "--gates"];
    let a = text(&trace(dir.path(), "a", format));
    let b = text(&trace(dir.path(), "b", &["--trace-format", "spike", "--fault", "op_a_i[3]/SA1"]));
    let first =
        a.lines().zip(b.lines()).position(|(a, b)| a != b).expect("the fault does something");
    let expected = format!("the traces differ after {first} instructions\nin rd");
    assert!(differ.stdout.starts_with(&expected), "{} {expected}", differ.stdout);
    let line = |mark: char, text: &str| {
        let number = first + 1;
        format!("{mark} {number:>12} {}\n", text.lines().nth(first).unwrap())
    };
    assert!(differ.stdout.contains(&line('<', &a)), "{}", differ.stdout);
    assert!(differ.stdout.contains(&line('>', &b)), "{}", differ.stdout);
    // Binary with text, and text with text.
    let a = dir.path().join("a").display().to_string();
    let b = dir.path().join("b").display().to_string();
    let same = stuckat(["trace", "diff", &sound, &a]).succeeds();
    assert_eq!(same.stdout, "the traces are the same: 200000 lines\n");
    for pair in [[&sound, &b], [&a, &b], [&a, &faulty]] {
        let differ = stuckat(["trace", "diff", pair[0], pair[1]]).run();
        assert_eq!(differ.code, Some(DIFFERENT));
        let expected = format!("the traces differ after {first} lines\n");
        assert!(differ.stdout.starts_with(&expected), "{}", differ.stdout);
    }
}

#[test]
fn what_is_wrong_is_said_in_a_line() {
    let dir = folder();
    let binary = trace(dir.path(), "all", &["--trace-format", "binary"]);
    let bytes = fs::read(&binary).unwrap();
    let cut = crate::cli::file(&dir, "cut", &bytes[..bytes.len() / 2]);
    let ended = stuckat(["trace", "cat", &cut, "--format", "spike"]).run();
    assert_eq!(ended.code, Some(BAD_INPUT), "{ended:?}");
    assert!(
        ended.stderr.contains("the trace is cut off after 65536 instructions, at byte "),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stdout.lines().count(), 65536);
    let shown = stuckat(["trace", "show", &cut]).run();
    assert!(shown.stdout.contains("65,536") && shown.code == Some(BAD_INPUT), "{shown:?}");
    let text = crate::cli::file(&dir, "text", "hello\n");
    stuckat(["trace", "show", &text]).is_refused(BAD_INPUT, &["text: is no binary trace"]);
    stuckat(["trace", "diff", &text, &binary])
        .is_refused(BAD_INPUT, &["text: is no trace in a format"]);
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/firmware/prebuilt/bench/mix.elf");
    let words = ["trace", "cat", &binary, "--elf", other, "--symbols"];
    stuckat(words).is_refused(BAD_INPUT, &["mix.elf: is not the traced program", "SHA-256"]);
    let words = ["run", "--trace", "-", "--trace-function", "nobody", ELF];
    stuckat(words).is_refused(BAD_INPUT, &["no function 'nobody'"]);
    let words = ["trace", "cat", &binary, "--pc", "0x20-0x10"];
    stuckat(words).is_misused(&["the first address is above the second"]);
}

//! `stuckat run --save-at` and `--restore`: the run goes on as if it had not been interrupted, and wrong files are refused.

use crate::bench::{Bench, places};
use crate::cli::{BAD_INPUT, ELF, IO, REFUSED, bash, file, folder, stuckat};
use crate::common::Random;
use crate::mutate::survives;
use crate::programs;
use std::io::{Cursor, Read, Write};
use stuckat::checkpoint::{Checkpoint, Origin};
use stuckat::cpu::Silent;
use stuckat::cpu::profile::CVE2;
use zip::{ZipArchive, ZipWriter};

#[test]
fn a_restored_run_ends_as_the_whole_one() {
    let dir = folder();
    for flags in [
        &[][..],
        &["--slow"],
        &["--fault", "op_a_i[3]/SA1"],
        &["--slow", "--fault", "op_b_i[1]/SA0"],
    ] {
        let run = |more: &[&str]| {
            // Gate by gate a multiplication takes microseconds.
            let most = if flags.contains(&"--slow") { "200000" } else { "1500000" };
            let words = ["run", ELF, "--stats", "--max-insns", most];
            stuckat(words.iter().chain(flags).chain(more)).patiently().run()
        };
        let whole = run(&[]);
        for at in ["0", "1", "77_777"] {
            let path = dir.path().join(format!("{at}.ckpt"));
            let path = path.to_str().unwrap();
            let saving = run(&["--force", "--save-at", at, path]);
            assert_eq!(
                (&saving.stdout, saving.code),
                (&whole.stdout, whole.code),
                "{flags:?} {at}"
            );
            let gone_on = run(&["--restore", path]);
            assert_eq!(
                (&gone_on.stdout, &gone_on.stderr, gone_on.code),
                (&whole.stdout, &whole.stderr, whole.code),
                "{flags:?} {at}"
            );
        }
    }
}

#[test]
fn a_checkpoint_beyond_the_end_is_said_not_to_be_written() {
    let dir = folder();
    let path = dir.path().join("late.ckpt");
    let ended =
        stuckat(["run", ELF, "--save-at", "900000000000", path.to_str().unwrap()]).succeeds();
    assert!(ended.stderr.contains("not written, since the run ended after"), "{ended:?}");
    assert!(!path.exists());
}

#[test]
fn what_cannot_be_gone_on_with_is_refused() {
    let dir = folder();
    let path = dir.path().join("good.ckpt");
    let good = path.to_str().unwrap();
    stuckat(["run", ELF, "--save-at", "5000", good]).succeeds();
    let other = ELF.replace("mnist-cnn", "bench/mix");
    stuckat(["run", &other, "--restore", good])
        .is_refused(BAD_INPUT, &["good.ckpt", "another program"]);
    stuckat(["run", ELF, "--core", "ibex", "--restore", good])
        .is_refused(BAD_INPUT, &["--core cve2"]);
    stuckat(["run", ELF, "--platform", "virt", "--restore", good])
        .is_refused(BAD_INPUT, &["--platform"]);
    stuckat(["run", ELF, "--restore", ELF]).is_refused(BAD_INPUT, &["no checkpoint"]);
    stuckat(["run", ELF, "--restore", "/nowhere"])
        .is_refused(BAD_INPUT, &["/nowhere", "cannot be read"]);
    stuckat(["run", ELF, "--restore", good, "--save-at", "4000", "/tmp/x"])
        .is_refused(BAD_INPUT, &["begins after instruction 5000"]);
    stuckat(["run", ELF, "--save-at", "many", good]).is_refused(BAD_INPUT, &["--save-at many"]);
    stuckat(["run", ELF, "--save-at", "5000", good]).is_refused(REFUSED, &["--force"]);
    stuckat(["run", ELF, "--save-at", "5000", "/dev/full"]).is_refused(IO, &["/dev/full"]);
    let bytes = std::fs::read(&path).unwrap();
    let half = file(&dir, "half.ckpt", &bytes[..bytes.len() / 2]);
    stuckat(["run", ELF, "--restore", &half])
        .is_refused(BAD_INPUT, &["half.ckpt", "no checkpoint"]);
    // Any tool that reads archives can look into it.
    let listed = bash("python3 -m zipfile -l \"$0\"", [good]).run();
    assert!(listed.code != Some(0) || listed.stdout.contains("memory-80000000.bin"), "{listed:?}");
}

/// Another text for `checkpoint.json`, in an archive that is sound.
fn with_json(archive: &[u8], text: &[u8]) -> Vec<u8> {
    let mut from = ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    for i in 0..from.len() {
        let mut member = from.by_index(i).unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        let options = zip::write::SimpleFileOptions::default();
        to.start_file(member.name().unwrap(), options).unwrap();
        to.write_all(if i == 0 { text } else { &bytes }).unwrap();
    }
    to.finish().unwrap().into_inner()
}

#[test]
fn damaged_checkpoints_are_refused_or_run_and_never_panic() {
    let origin = Origin { elf_sha256: String::new(), platform: String::new(), faults: Vec::new() };
    for number in 0..places().len() {
        let place = &places()[number];
        let mut bench = Bench::new(place, &CVE2, Silent, None);
        let program = programs::lively(place, &mut Random(9));
        bench.load(&program);
        bench.machine.run(3000);
        let mut sound = Cursor::new(Vec::new());
        Checkpoint::of(&bench.machine, origin.clone()).write(&mut sound).unwrap();
        let sound = sound.into_inner();
        let mut text = Vec::new();
        let mut archive = ZipArchive::new(Cursor::new(&sound)).unwrap();
        archive.by_index(0).unwrap().read_to_end(&mut text).unwrap();
        let go_on = move |bytes: &[u8]| {
            let Ok(checkpoint) = Checkpoint::read(Cursor::new(bytes)) else { return };
            let place = &places()[number];
            let mut bench = Bench::new(place, &CVE2, Silent, None);
            if checkpoint.put_into(&mut bench.machine).is_ok() {
                bench.machine.run(bench.machine.steps_taken().saturating_add(2000));
            }
        };
        survives(&sound, 20, go_on);
        survives(&text, 30, move |text| go_on(&with_json(&sound, text)));
    }
}

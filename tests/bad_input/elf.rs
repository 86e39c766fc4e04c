//! Programs that are none, or not for this core and board.

use crate::cli::{self, BAD_INPUT, ELF, campaign, file, folder, stuckat};
use crate::tiny_elf::{RAM, RAM_LEN, TinyElf};
use object::{Endianness, elf};
use std::fs;

/// Both commands that read an ELF refuse these bytes with one line that names the file and contains all of `parts`.
#[track_caller]
fn refused(bytes: &[u8], parts: &[&str]) {
    let folder = folder();
    let path = file(&folder, "firmware.elf", bytes);
    let parts: Vec<&str> = [&path[..]].iter().chain(parts).copied().collect();
    let board = ["--platform", "mcu"];
    stuckat(["run", &path]).words(board).is_refused(BAD_INPUT, &parts);
    let out = folder.path().join("run");
    campaign(1, 1, &out).words(["--elf", &path]).words(board).is_refused(BAD_INPUT, &parts);
    assert!(!out.exists(), "a run directory is left behind");
}

#[test]
fn the_written_programs_are_sound_unless_a_test_breaks_them() {
    let folder = folder();
    let path = file(&folder, "sound.elf", TinyElf::default().bytes());
    assert_eq!(stuckat(["run", &path]).succeeds().stderr, "");
    let path = file(&folder, "firmware.elf", TinyElf::firmware().bytes());
    assert_eq!(stuckat(["run", &path]).succeeds().stderr, "");
}

#[test]
fn what_is_no_elf_is_refused() {
    refused(b"This is a text file.\n", &["not an ELF file"]);
    refused(b"", &["not an ELF file"]);
    refused(b"\x7f", &["not an ELF file"]);
    refused(&[0; 4096], &["not an ELF file"]);
    refused(b"\x7fELF", &[]);
}

#[test]
fn a_folder_or_nothing_in_place_of_an_elf_is_refused() {
    let folder = folder();
    let missing = folder.path().join("missing.elf").display().to_string();
    let itself = folder.path().display().to_string();
    let out = folder.path().join("run");
    for (path, cause) in [(&missing, "No such file"), (&itself, "directory")] {
        stuckat(["run", path]).is_refused(BAD_INPUT, &[path, cause]);
        campaign(1, 1, &out).words(["--elf", path]).is_refused(BAD_INPUT, &[path, cause]);
    }
    assert!(!out.exists());
}

#[test]
fn an_elf_for_another_class_order_or_machine_is_refused() {
    let tiny = TinyElf::default;
    refused(&TinyElf { is_64: true, ..tiny() }.bytes(), &["64-bit"]);
    refused(&TinyElf { endian: Endianness::Big, ..tiny() }.bytes(), &["big-endian"]);
    refused(&TinyElf { machine: elf::EM_386, ..tiny() }.bytes(), &["machine 3", "RISC-V"]);
    let x86_64 = TinyElf { is_64: true, machine: elf::EM_X86_64, ..tiny() };
    refused(&x86_64.bytes(), &["64-bit"]);
    refused(&fs::read(cli::BINARY).expect("the test program itself"), &["64-bit"]);
}

#[test]
fn an_elf_that_is_not_a_linked_soft_float_program_is_refused() {
    let tiny = TinyElf::default;
    refused(&TinyElf { kind: elf::ET_REL, ..tiny() }.bytes(), &["EXEC"]);
    refused(&TinyElf { kind: elf::ET_DYN, ..tiny() }.bytes(), &["EXEC"]);
    refused(&TinyElf { kind: elf::ET_CORE, ..tiny() }.bytes(), &["EXEC"]);
    let hard_float = TinyElf { flags: elf::EF_RISCV_FLOAT_ABI_DOUBLE, ..tiny() };
    refused(&hard_float.bytes(), &["hard-float"]);
    refused(&TinyElf { data: Vec::new(), mem_len: 0, ..tiny() }.bytes(), &["segment"]);
}

#[test]
fn an_elf_cut_short_anywhere_is_refused() {
    let whole = fs::read(ELF).expect("the prebuilt firmware");
    let folder = folder();
    let path = file(&folder, "cut.elf", b"");
    let section_headers = whole.len() - 20 * 40;
    let every_97_bytes = (0..whole.len()).step_by(97);
    let headers = (0..160).step_by(5).chain((section_headers..whole.len()).step_by(13));
    for len in every_97_bytes.chain(headers).chain([whole.len() - 1]) {
        fs::write(&path, &whole[..len]).expect("a temporary file can be written");
        let ended = stuckat(["run", "--max-insns", "1000", &path]).run();
        assert_eq!(ended.code, Some(BAD_INPUT), "the first {len} bytes: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "the first {len} bytes: {}", ended.stderr);
        assert!(ended.stderr.contains(&path), "the first {len} bytes: {}", ended.stderr);
    }
}

#[test]
fn a_segment_outside_the_memory_map_is_refused() {
    let at = |addr: u32, mem_len: u32| TinyElf { addr, mem_len, ..TinyElf::default() }.bytes();
    refused(&at(0, 20), &["outside the memory"]);
    refused(&at(0x1000_0000, 20), &["outside the memory"]);
    refused(&at(RAM - 4, 20), &["outside the memory"]);
    refused(&at(RAM + RAM_LEN - 4, 20), &["outside the memory"]);
    refused(&at(RAM, RAM_LEN + 1), &["outside the memory"]);
    refused(&at(0xffff_fff0, 0x20), &["4 GiB"]);
    refused(&at(RAM, u32::MAX), &["4 GiB"]);
    refused(&at(RAM, 1), &["p_memsz"]);
    // Nothing but zeros to load is no reason to accept a bad address.
    let zeros = TinyElf { addr: 0x2000_0000, data: Vec::new(), mem_len: 4, ..TinyElf::default() };
    refused(&zeros.bytes(), &["outside the memory"]);
}

#[test]
fn an_entry_that_is_odd_or_outside_ram_is_refused() {
    let entry = |entry: u32| TinyElf { entry, ..TinyElf::default() }.bytes();
    for bad in [0, 0x1000, 0x1000_0000, RAM - 2, RAM + RAM_LEN, RAM + 1, u32::MAX] {
        refused(&entry(bad), &["entry", &format!("{bad:#010x}")]);
    }
}

#[test]
fn a_campaign_refuses_firmware_that_does_not_follow_the_contract() {
    let folder = folder();
    let out = folder.path().join("run");
    let refused = |symbols: &[(&'static str, u32, u32)], parts: &[&str]| {
        let elf = TinyElf { symbols: symbols.to_vec(), ..TinyElf::firmware() };
        let path = file(&folder, "firmware.elf", elf.bytes());
        let parts: Vec<&str> = [&path[..]].iter().chain(parts).copied().collect();
        campaign(1, 1, &out).words(["--elf", &path]).is_refused(BAD_INPUT, &parts);
        assert!(!out.exists(), "a run directory is left behind");
    };
    let (input, output) = (("stuckat_input", RAM + 32, 784), ("stuckat_output", RAM + 900, 10));
    refused(&[], &["stuckat_input"]);
    refused(&[output], &["stuckat_input"]);
    refused(&[input], &["stuckat_output"]);
    refused(&[("stuckat_input", RAM, 0), output], &["stuckat_input", "size"]);
    refused(&[("stuckat_input", 0, 784), output], &["stuckat_input", "RAM"]);
    refused(&[input, ("stuckat_output", RAM + RAM_LEN - 4, 10)], &["stuckat_output", "RAM"]);
    refused(&[input, ("stuckat_output", RAM, u32::MAX)], &["stuckat_output", "RAM"]);
}

#[test]
fn firmware_that_fails_without_a_fault_is_refused_and_leaves_no_run_directory() {
    let folder = folder();
    let out = folder.path().join("run");
    let symbols = vec![("stuckat_input", RAM + 32, 784), ("stuckat_output", RAM + 900, 10)];
    // An all-zero word is an illegal instruction.
    let traps = TinyElf { data: vec![0; 4], mem_len: 1024, symbols, ..TinyElf::default() };
    let path = file(&folder, "firmware.elf", traps.bytes());
    campaign(1, 1, &out).words(["--elf", &path]).breaks_off(BAD_INPUT, &[&path]);
    assert!(!out.exists(), "a run directory without a single scenario is left behind");
}

#[test]
fn a_program_that_goes_wrong_ends_with_its_documented_exit_code() {
    let folder = folder();
    let run = |words: &[u32]| {
        let data: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let elf = TinyElf { mem_len: data.len() as u32, data, ..TinyElf::default() };
        let path = file(&folder, "program.elf", elf.bytes());
        stuckat(["run", "--max-insns", "1000", &path])
    };
    run(&[0x0000_006f]).is_refused(124, &["1,000", "--max-insns"]); // j .
    run(&[0x1050_0073, 0x0000_006f]).is_refused(123, &["WFI", "0x80000000"]); // wfi
    run(&[0]).is_refused(126, &["exception"]);
    run(&[0x0000_0067]).is_refused(126, &["exception"]); // jr zero
}

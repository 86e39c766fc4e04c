//! Faults that the netlist does not have, and amounts that it cannot give.

use crate::cli::{BAD_INPUT, ELF, campaign, folder, stuckat};

#[track_caller]
fn refused(fault: &str, parts: &[&str]) {
    let parts: Vec<&str> = ["--fault"].iter().chain(parts).copied().collect();
    stuckat(["run", ELF, "--max-insns", "1000", "--fault", fault]).is_refused(BAD_INPUT, &parts);
}

#[test]
fn a_fault_on_an_unknown_net_is_refused() {
    refused("no_such_net/SA0", &["no net 'no_such_net'"]);
    refused("/SA0", &["no net ''"]);
    refused("op_a_i[32]/SA1", &["no net 'op_a_i[32]'"]);
    refused("op_a_i/SA1", &["no net 'op_a_i'"]);
    refused("op_a_i[3] /SA1", &["no net 'op_a_i[3] '"]);
    refused("Ωμέγα/SA1", &["Ωμέγα"]);
    refused(&format!("{}/SA1", "x".repeat(100_000)), &["no net"]);
}

#[test]
fn a_malformed_fault_is_refused() {
    for fault in ["", "/", "op_a_i[3]", "op_a_i[3]/", "op_a_i[3]/SA2", "op_a_i[3]/SA", "SA0"] {
        refused(fault, &["NET/SA0"]);
    }
    refused("op_a_i[3]/SA0\n", &["NET/SA0"]);
    refused("op_a_i[3]/SA0,op_a_i[4]/SA0", &[]);
}

#[test]
fn clock_reset_and_constants_are_no_fault_sites() {
    refused("clk_i/SA0", &["clk_i", "clock"]);
    refused("rst_ni/SA1", &["rst_ni", "reset"]);
    refused("1'b0/SA1", &["1'b0", "constant"]);
    refused("1'b1/SA0", &["1'b1", "constant"]);
}

#[test]
fn a_fault_is_looked_at_even_if_others_are_right() {
    let line = stuckat(["run", ELF, "--fault", "op_a_i[3]/SA0", "--fault", "nowhere/SA0"]);
    line.is_refused(BAD_INPUT, &["nowhere"]);
}

#[test]
fn amounts_that_are_not_there_are_refused_before_anything_is_written() {
    let folder = folder();
    let out = folder.path().join("run");
    let whatever = campaign(1, 1, &out);
    campaign(5915, 1, &out).is_refused(BAD_INPUT, &["5915 faults", "5914"]);
    campaign(usize::MAX, 1, &out).is_refused(BAD_INPUT, &["faults", "5914"]);
    campaign(1, 10_001, &out).is_refused(BAD_INPUT, &["10001 images", "10000"]);
    campaign(1, 0, &out).is_refused(BAD_INPUT, &["image"]);
    for (option, value) in [
        ("--jobs", "0"),
        ("--jobs", "1025"),
        ("--hang-factor", "1"),
        ("--hang-factor", "4294967296"),
        ("--slow", "--no-shortcuts"),
        ("--data-images", "images.gz"),
        ("--data-labels", "labels.gz"),
    ] {
        whatever.clone().words([option, value]).is_misused(&[option]);
    }
    for words in [["--faults", "x"], ["--images", "1.5"], ["--seed", "x"], ["--faults", "ALL"]] {
        stuckat(["campaign"]).words(words).within(folder.path()).is_misused(&[words[0]]);
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn a_campaign_without_a_fault_runs_the_images_alone() {
    let folder = folder();
    let out = folder.path().join("run");
    // As --help says: so one asks for the golden accuracy.
    let ended = campaign(0, 1, &out).succeeds();
    assert!(ended.stdout.contains("golden"), "{}", ended.stdout);
}

#[test]
fn a_command_line_without_sense_is_a_usage_error() {
    for words in [&["frobnicate"][..], &["run"], &["report"], &["netlist"], &["run", "a", "b"]] {
        stuckat(words).is_misused(&["Usage"]);
    }
    stuckat(["run", ELF, "--max-insns", "many"]).is_misused(&["--max-insns"]);
}

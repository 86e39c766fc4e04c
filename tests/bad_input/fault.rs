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
    refused("op_a_i[32]/SA1", &["no net 'op_a_i[32]'"]);
    refused("op_a_i/SA1", &["no net 'op_a_i'"]);
    refused("Ωμέγα/SA1", &["Ωμέγα"]);
    refused(&format!("{}/SA1", "x".repeat(100_000)), &["no net"]);
}

#[test]
fn a_malformed_fault_is_refused() {
    for fault in [
        "",
        "/",
        "op_a_i[3]",
        "op_a_i[3]/",
        "op_a_i[3]/SA2",
        "op_a_i[3]/SA",
        "SA0",
        "/SA0",
        "a/FLIP@0",
        "a/FLIP@1.0",
    ] {
        refused(fault, &["NET/SA0"]);
    }
    refused("op_a_i[3]/SA0,op_a_i[4]/SA0", &[]);
    refused("op_a_i[3]/SA0+", &["NET/SA0"]);
}

#[test]
fn a_pin_that_the_instance_lacks_is_refused_with_those_that_it_has() {
    refused("U7/Q9/SA0", &["instance 'U7' has no pin 'Q9'", "it has: "]);
    refused("U99999/A/SA0", &["no net 'U99999/A', nor a pin of that name"]);
}

#[test]
fn a_site_cannot_be_stuck_at_both_values() {
    refused("op_a_i[3]/SA0+op_a_i[3]/SA1", &["op_a_i[3] cannot be SA0 and SA1 at once"]);
    let line = stuckat(["run", ELF, "--fault", "mult1_7/SA0", "--fault", "mult1_7/SA1"]);
    line.is_refused(BAD_INPUT, &["mult1_7 cannot be SA0 and SA1 at once"]);
}

#[test]
fn a_wrong_line_of_a_fault_list_is_named() {
    let folder = folder();
    for (text, what) in [
        ("# a list\nmult1_7 SA0\nnowhere SA1\n", "line 3: the netlist has no net 'nowhere'"),
        ("mult1_7 SA0\nmult1_7/SA0\n", "line 2: 'mult1_7/SA0' stands in line 1 already"),
        ("mult1_7\n", "line 1: 'mult1_7' is not a fault"),
        ("sa0 DS U7/Q9\n", "line 1: instance 'U7' has no pin 'Q9'"),
        ("\n# nothing\n", "there is no fault"),
    ] {
        let list = folder.path().join("faults.txt");
        std::fs::write(&list, text).unwrap();
        let list = list.to_str().unwrap();
        let line = stuckat(["campaign", "--images", "1", "--fault-list", list]);
        line.is_refused(BAD_INPUT, &["faults.txt", what]);
    }
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
    ] {
        whatever.clone().words([option, value]).is_misused(&[option]);
    }
    whatever.clone().words(["--labels", "labels.gz"]).is_misused(&["--data"]);
    whatever.clone().words(["--margin", "3%"]).is_misused(&["--margin", "--faults"]);
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

//! Inputs damaged at random, through the library, where a case takes milliseconds: an error or not, but never a panic.

use crate::cli::{BINDING, CELLS, ELF, NETLIST, folder};
use crate::mutate::survives;
use std::fs;
use std::path::Path;
use stuckat::campaign::images::Images;
use stuckat::cpu::profile::CVE2;
use stuckat::cpu::{Machine, Reset, Silent};
use stuckat::elf::Image;
use stuckat::netlist::cells::Library;
use stuckat::netlist::program::Program as Gates;
use stuckat::netlist::{Circuit, Fault, read, verilog};
use stuckat::soc::Platform;
use stuckat::unit::{Exact, Latency};
use stuckat::workload::Program;

const CASES: u64 = 400;

fn bytes(path: &str) -> Vec<u8> {
    fs::read(path).expect("the file is part of the repository")
}

/// Reads the bytes as an ELF and, if they are one, lets them run for a while.
fn load_and_run(elf: &[u8]) {
    let _ = Program::new(elf, &CVE2, None);
    let Ok(image) = Image::parse(elf) else { return };
    let Ok(platform) = Platform::guess(&image) else { return };
    let Ok(board) = platform.board(&image) else { return };
    let unit = Exact::new(Latency::SINGLE_CYCLE);
    Machine::new(board, unit, Silent, Reset::cve2(image.entry)).run(100_000);
}

#[test]
fn no_damage_to_an_elf_panics() {
    survives(&bytes(ELF), CASES, load_and_run);
}

#[test]
fn no_damage_to_the_headers_and_symbols_of_an_elf_panics() {
    let whole = bytes(ELF);
    let tables = whole.len() - 0xe26c;
    let sound = [&whole[..0x34 + 3 * 0x20], &whole[whole.len() - tables..]].concat();
    survives(&sound, CASES, move |damaged| {
        let headers = damaged.len().min(0x34 + 3 * 0x20);
        let mut elf = whole.clone();
        elf.truncate(0xe26c);
        elf[..headers].copy_from_slice(&damaged[..headers]);
        elf.extend(&damaged[headers..]);
        load_and_run(&elf);
    });
}

#[test]
fn no_damage_to_the_code_of_a_program_panics() {
    let whole = bytes(ELF);
    let code = whole[0x1000..0x2000].to_vec();
    survives(&code, CASES, move |damaged| {
        let mut elf = whole.clone();
        let len = damaged.len().min(0x1000);
        elf[0x1000..0x1000 + len].copy_from_slice(&damaged[..len]);
        load_and_run(&elf);
    });
}

/// Builds a circuit of the three texts, of which one is damaged.
fn build(place: usize, damaged: &[u8]) {
    // What is no text is refused when the file is read.
    let Ok(damaged) = std::str::from_utf8(damaged) else { return };
    let sound = [BINDING, NETLIST, CELLS].map(|path| String::from_utf8(bytes(path)).expect("text"));
    let mut texts = sound.each_ref().map(|text| ("file", text.as_str()));
    texts[place].1 = damaged;
    let _ = Circuit::build(texts);
}

#[test]
fn no_damage_to_a_binding_panics() {
    survives(&bytes(BINDING), CASES, |damaged| build(0, damaged));
}

#[test]
fn no_damage_to_a_netlist_panics() {
    survives(&bytes(NETLIST), CASES, |damaged| build(1, damaged));
}

#[test]
fn no_damage_to_a_short_netlist_panics() {
    // So short that damage at the very end and in declarations is frequent.
    let text = b"module single_cycle (a, y);\n  input [3:0] a; output [3:0] y; wire \\w[1] ;\n  (* keep *)\n  \
        INV_X1 u (.A(a[0]), .ZN(y[0])); // 1\n  assign y[3:1] = {a[2], 2'b1x}; /* 2 */\nendmodule 4'hf";
    let cells = fs::read_to_string(CELLS).expect("the cell library");
    let library = Library::parse(&cells).expect("the library is sound");
    survives(text, 20_000, move |damaged| {
        let Ok(text) = std::str::from_utf8(damaged) else { return };
        let _ = verilog::parse(text, "single_cycle", &library);
    });
}

/// Reads the bytes as a netlist of module `top`, and puts its gates in order.
fn read_top(library: &Library, damaged: &[u8]) {
    let Ok(text) = std::str::from_utf8(damaged) else { return };
    if let Ok(netlist) = read("n", text, "top", library) {
        let _ = Gates::compile(&netlist);
    }
}

#[test]
fn no_damage_to_a_hierarchical_netlist_panics() {
    let text = b"(* s = \"*)\" *) module leaf (a, .b({c, d[0]}), y);\n  input [3:0] a; input c; input [-1:1] d; output [0:1] y;\n  \
        AND2_X1 g (.A1(a[3]), .A2(c), .ZN(y[0])); assign y[1] = d[0];\nendmodule `timescale 1ns\n\
        module mid (input [3:0] a, output [1:0] y, z); supply1 one;\n  leaf \\l/0 (a, {1'bx, one}, y);\n  \
        leaf l1 (.a({2{a[2:1]}}), .b(2'd3), .y(z)), l2 (.a({4{z[0]}}), .b(), .y());\nendmodule\n\
        module top (input [3:0] i, output [3:0] o);\n  mid m (.a(i), .y(o[1:0]), .z({o[2], n}));\n  \
        INV_X1 u (.A(n), .ZN(o[3]));\nendmodule\nmodule INV_X1 (A, ZN); always @(*) ZN = ~A; endmodule";
    let cells = fs::read_to_string(CELLS).expect("the cell library");
    let library = Library::parse(&cells).expect("the library is sound");
    survives(text, 20_000, move |damaged| read_top(&library, damaged));
}

#[test]
fn no_damage_to_a_netlist_in_json_panics() {
    let text = br#"{ "creator": "x", "modules": { "top": { "attributes": {}, "ports": {
        "a": { "direction": "input", "bits": [ 2, 3 ] },
        "y": { "direction": "output", "offset": 1, "upto": 1, "bits": [ 4, "1" ] } },
        "cells": { "$u": { "hide_name": 1, "type": "$_NAND_", "parameters": {},
            "connections": { "A": [ 2 ], "B": [ "x" ], "Y": [ 4 ] } },
          "s": { "type": "leaf", "connections": { "i": [ 3, "0" ], "o": [ 5 ] } } },
        "netnames": { "a": { "hide_name": 0, "bits": [ 2, 3 ] }, "n\u00e9": { "bits": [ 5 ] } } },
      "leaf": { "ports": { "i": { "direction": "input", "bits": [ 2, 3 ] },
          "o": { "direction": "output", "bits": [ 4 ] } },
        "cells": { "g": { "type": "INV_X1", "connections": { "A": [ 2 ], "ZN": [ 4 ] } } } } } }"#;
    let cells = fs::read_to_string(CELLS).expect("the cell library");
    let library = Library::parse(&cells).expect("the library is sound");
    survives(text, 20_000, move |damaged| read_top(&library, damaged));
}

#[test]
fn no_damage_to_a_cell_library_panics() {
    survives(&bytes(CELLS), CASES, |damaged| build(2, damaged));
}

#[test]
fn no_damage_to_images_or_labels_panics() {
    let folder = folder();
    let gz = |name: &str| bytes(&format!("{}/firmware/data/{name}", env!("CARGO_MANIFEST_DIR")));
    let labels = gz("mnist-t10k-labels-idx1-ubyte.gz");
    let plain: Vec<u8> = [0, 0, 8, 1, 0, 0, 0, 4, 1, 2, 3, 4].to_vec();
    let images: Vec<u8> =
        [&[0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 2][..], &[9; 16]].concat();
    let path = |name: &str| folder.path().join(name);
    let write = |path: &Path, bytes: &[u8]| fs::write(path, bytes).expect("a temporary file");
    let (sound_images, sound_labels, bad) = (path("images"), path("labels"), path("bad"));
    write(&sound_images, &images);
    write(&sound_labels, &plain);
    for (sound, cases, as_images) in
        [(labels, CASES, false), (plain, CASES, false), (images, CASES, true)]
    {
        let (images, labels, bad) = (sound_images.clone(), sound_labels.clone(), bad.clone());
        survives(&sound, cases, move |damaged| {
            fs::write(&bad, damaged).expect("a temporary file");
            let _ =
                if as_images { Images::load(&bad, &labels) } else { Images::load(&images, &bad) };
        });
    }
}

#[test]
fn no_damaged_fault_name_panics() {
    let circuit = Circuit::default_multiplier();
    survives(b"op_a_i[3]/SA1", CASES, move |damaged| {
        let _ = Fault::parse(&String::from_utf8_lossy(damaged), &circuit);
    });
}

//! What Yosys itself writes, where it is installed: hierarchical and flat, Verilog and JSON, with and without attributes.

use super::{expected, table};
use crate::common::tool;
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use stuckat::netlist::cells::Library;
use stuckat::netlist::program::Program;
use stuckat::netlist::{Net, Netlist, read};

const LIBRARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/netlists/cells/nangate45.lib");

/// The product of two 4-bit numbers, from rows of partial products, in modules with ranges of every kind. A part of
/// `unused` hangs open, and outputs are constants, inputs and each other.
const DESIGN: &str = r"
    module row (input [3:0] a, input b, input [0:3] sum, output [4:0] y);
      wire [3:0] \part.s = a & {4{b}};
      assign y = {1'b0, sum} + \part.s ;
    endmodule
    module half (input [7:4] a, input [1:0] b, output [0:5] y, output unused);
      wire [4:0] r0, r1;
      row \r/0 (.a(a), .b(b[0]), .sum(4'b0), .y(r0));
      row \r[1] (.a(a), .b(b[1]), .sum(r0[4:1]), .y(r1));
      assign y = {r1, r0[0]};
      assign unused = ^r1;
    endmodule
    module top (input [3:0] a, input [4:1] b, output [7:0] p, output one, output [0:1] copies);
      wire [5:0] low, high;
      half l (.a(a), .b(b[2:1]), .y(low), .unused());
      half h (.a(a), .b(b[4:3]), .y(high));
      assign p = {high, 2'b00} + low;
      assign one = 1'b1, copies = {p[0], a[3]};
    endmodule";

/// The outputs for the inputs a (lower four bits) and b.
fn meaning(i: u64) -> u64 {
    let (a, b) = (i & 15, i >> 4);
    let product = a * b;
    product | 1 << 8 | (a >> 3) << 9 | (product & 1) << 10
}

/// Lets Yosys run this script after mapping the design, in a folder of its own.
fn yosys(folder: &Path, mapping: &str, script: &str) {
    std::fs::write(folder.join("design.v"), DESIGN).expect("a temporary file");
    let script = format!(
        "read_verilog design.v; hierarchy -check -top top; proc; opt; techmap; opt; {mapping}; opt_clean; {script}"
    );
    let output = Command::new("yosys").args(["-q", "-p", &script]).current_dir(folder).output();
    let output = output.expect("yosys runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn load(folder: &Path, file: &str, library: &Library) -> (Netlist, Program) {
    let text = std::fs::read_to_string(folder.join(file)).expect("yosys wrote it");
    let netlist = read(file, &text, "top", library).unwrap_or_else(|why| panic!("{file}: {why}"));
    let program = Program::compile(&netlist).unwrap_or_else(|why| panic!("{file}: {why}"));
    (netlist, program)
}

/// Net by net and cell by cell: the same names joined in the same way, the same cells at the same nets.
#[track_caller]
fn same(a: &Netlist, b: &Netlist) {
    let mut names: Vec<&str> = a.names().collect();
    let mut others: Vec<&str> = b.names().collect();
    names.sort_unstable();
    others.sort_unstable();
    assert_eq!(names, others);
    let mut twin: HashMap<Net, Net> = HashMap::new();
    for name in names {
        let (x, y) = (a.net(name).unwrap(), b.net(name).unwrap());
        assert_eq!(*twin.entry(x).or_insert(y), y, "{name}");
    }
    assert_eq!(a.net_count(), b.net_count());
    let ports = |n: &Netlist| {
        let mut ports: Vec<_> =
            n.ports.iter().map(|p| (p.name.clone(), p.direction as u8, p.bits.clone())).collect();
        ports.sort();
        ports
    };
    let translate = |(name, direction, bits): (String, u8, Vec<Net>)| {
        (name, direction, bits.iter().map(|n| twin[n]).collect::<Vec<_>>())
    };
    assert_eq!(ports(a).into_iter().map(translate).collect::<Vec<_>>(), ports(b));
    let cells: HashMap<&str, _> = b.cells.iter().map(|c| (c.name.as_str(), c)).collect();
    assert_eq!((a.cells.len(), a.cells.len()), (b.cells.len(), cells.len()));
    for cell in &a.cells {
        let other = cells[cell.name.as_str()];
        assert_eq!(cell.kind, other.kind, "{}", cell.name);
        let inputs: Vec<Net> = cell.inputs.iter().map(|n| twin[n]).collect();
        let outputs: Vec<Option<Net>> = cell.outputs.iter().map(|n| n.map(|n| twin[&n])).collect();
        assert_eq!((&inputs, &outputs), (&other.inputs, &other.outputs), "{}", cell.name);
    }
}

const WRITE: &str = "write_verilog -norename h.v; write_verilog -noattr hn.v; write_json h.json;
    flatten; opt_clean; write_verilog -norename f.v; write_verilog -noattr fn.v; write_json f.json";

#[test]
fn a_mapped_design_is_the_same_however_yosys_writes_it() {
    if tool("yosys").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    yosys(folder.path(), &format!("abc -liberty {LIBRARY}"), WRITE);
    let library = Library::parse(&std::fs::read_to_string(LIBRARY).unwrap()).unwrap();
    let load = |file: &str| load(folder.path(), file, &library);
    for file in ["h.v", "hn.v", "h.json", "f.v", "fn.v", "f.json"] {
        assert_eq!(table(&load(file)), expected(8, meaning), "{file}");
    }
    same(&load("h.v").0, &load("h.json").0);
    same(&load("f.v").0, &load("f.json").0);
    let hierarchical = load("h.v").0;
    assert!(hierarchical.net("h/r[1]/sum[3]").is_some());
    assert!(hierarchical.cells.iter().any(|c| c.name.starts_with("l/r/0/")));
}

#[test]
fn a_design_of_yosys_own_gates_is_the_same_however_it_is_written() {
    if tool("yosys").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gates = "abc -g AND,NAND,OR,NOR,XOR,XNOR,ANDNOT,ORNOT,MUX,NMUX,AOI3,OAI3,AOI4,OAI4";
    let write = WRITE.replace("write_verilog", "write_verilog -noexpr");
    yosys(folder.path(), gates, &write);
    let load = |file: &str| load(folder.path(), file, &super::cells());
    for file in ["h.v", "hn.v", "h.json", "f.v", "fn.v", "f.json"] {
        assert_eq!(table(&load(file)), expected(8, meaning), "{file}");
    }
    same(&load("h.v").0, &load("h.json").0);
    same(&load("f.v").0, &load("f.json").0);
}

#[test]
fn the_multiplier_in_json_is_the_one_in_verilog() {
    if tool("yosys").is_none() {
        return;
    }
    let verilog = concat!(env!("CARGO_MANIFEST_DIR"), "/netlists/mapped/single_cycle.v");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("single_cycle.json");
    let script = format!(
        "read_liberty -lib {LIBRARY}; read_verilog {verilog}; write_json {}",
        path.display()
    );
    let status = Command::new("yosys").args(["-q", "-p", &script]).status().expect("yosys runs");
    assert!(status.success());
    let library = Library::parse(&std::fs::read_to_string(LIBRARY).unwrap()).unwrap();
    let read = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        read("netlist", &text, "single_cycle", &library).unwrap()
    };
    let (verilog, json) = (read(Path::new(verilog)), read(&path));
    same(&verilog, &json);
    let names = |n: &Netlist| {
        (0..n.net_count() as u32)
            .map(|i| n.net_name(Net(i)).to_owned())
            .collect::<std::collections::BTreeSet<_>>()
    };
    let other: Vec<_> = names(&verilog).difference(&names(&json)).cloned().collect();
    assert!(other.is_empty(), "called otherwise: {other:?}");
}

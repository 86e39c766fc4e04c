//! The nets that differ in the first wrong product are those that differ in Icarus Verilog, with the same fault and operands.

use crate::cli::folder;
use crate::common::tool;
use crate::vcd::Dump;
use crate::{circuit, explained, twenty};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use stuckat::explain::Explanation;
use stuckat::netlist::Net;

/// Clock k of the operation stands at this time of the test bench.
fn moment(clock: u32) -> u64 {
    1000 + 10 * u64::from(clock)
}

/// The unit in its environment, as ARCHITECTURE.md describes it: reset, two idle clocks, then the operation. `+case=N` says which, and
/// `+force` whether its net is stuck.
fn bench(cases: &[Explanation]) -> String {
    let mut text = String::from(
        "`timescale 1ns/1ns
module tb;
  reg clk = 0, rst_n = 0, en = 0, op = 0;
  reg [1:0] sign = 0;
  reg [31:0] a = 0, b = 0;
  reg [33:0] q = 0, next_q;
  wire [33:0] d;
  wire we, valid;
  wire [31:0] result;
  single_cycle dut (.clk_i(clk), .rst_ni(rst_n), .mult_en_i(en), .operator_i(op), .signed_mode_i(sign),
    .op_a_i(a), .op_b_i(b), .imd_val_q_i(q), .imd_val_d_o(d), .imd_val_we_o(we), .result_o(result),
    .valid_o(valid));
  task clock_edge;
    begin
      next_q = we ? d : q;
      #1 clk = 1;
      #1 if (rst_n) q = next_q;
      #1 clk = 0;
    end
  endtask
  integer i, number;
  reg [1023:0] file;
  reg next_op; reg [1:0] next_sign; reg [31:0] next_a, next_b;
  initial begin
    if (!$value$plusargs(\"case=%d\", number)) $finish(2);
    if (!$value$plusargs(\"dump=%s\", file)) $finish(2);
    $dumpfile(file);
    $dumpvars(0, tb);
    case (number)
",
    );
    for (i, case) in cases.iter().enumerate() {
        let wrong = case.first_wrong.as_ref().expect("a case has a wrong product");
        let o = &wrong.operation;
        let (operator, sign) = match o.op.as_str() {
            "mul" => (0, 0),
            "mulh" => (1, 3),
            "mulhsu" => (1, 1),
            _ => (1, 0),
        };
        let (net, stuck) = case.fault.split_once("/SA").expect("a net and a polarity");
        let _ = writeln!(
            text,
            "      {i}: begin if ($test$plusargs(\"force\")) force dut.{net} = 1'b{stuck}; next_op = {operator}; next_sign = {sign}; next_a = {}; next_b = {}; end",
            o.rs1, o.rs2
        );
    }
    text + "    endcase
    #5 clock_edge;
    rst_n = 1;
    #5 clock_edge;
    #5 clock_edge;
    #(1000 - $time) en = 1; op = next_op; sign = next_sign; a = next_a; b = next_b;
    for (i = 1; i <= 4; i = i + 1) begin
      #(1000 + 10 * i + 1 - $time) clock_edge;
    end
    $finish(0);
  end
endmodule
"
}

fn compile(cases: &[Explanation], folder: &Path) {
    let netlists = Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists");
    std::fs::write(folder.join("tb.v"), bench(cases)).expect("the test bench");
    let mut compile = Command::new("iverilog");
    compile.args(["-g2012", "-o"]).arg(folder.join("tb.vvp")).arg(folder.join("tb.v"));
    compile.args([netlists.join("mapped/single_cycle.v"), netlists.join("cells/nangate45.v")]);
    let compiled = compile.output().expect("iverilog runs");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
}

fn simulate(case: usize, force: bool, folder: &Path) -> Dump {
    let dump = folder.join("icarus.vcd");
    let mut run = Command::new("vvp");
    run.arg("-n").arg(folder.join("tb.vvp")).arg(format!("+case={case}"));
    run.arg(format!("+dump={}", dump.display()));
    if force {
        run.arg("+force");
    }
    let ran = run.output().expect("vvp runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    Dump::read(&std::fs::read_to_string(&dump).expect("Icarus's dump"))
}

/// A net's value in a dump: `name`, or a bit of the vector that `name[3]` is part of.
fn value(dump: &Dump, net: &str, time: u64) -> Option<u8> {
    if let Some(bits) = dump.value(&format!("tb.dut.{net}"), time) {
        return bits.bytes().last();
    }
    let (port, index) = net.strip_suffix(']')?.split_once('[')?;
    let bits = dump.value(&format!("tb.dut.{port}"), time)?;
    bits.bytes().rev().nth(index.parse().ok()?)
}

#[test]
fn the_nets_that_differ_are_those_that_differ_in_icarus_verilog() {
    if tool("iverilog").is_none() {
        return;
    }
    let folder = folder();
    let explanations: Vec<Explanation> = twenty().iter().map(explained).collect();
    let cases: Vec<Explanation> =
        explanations.into_iter().filter(|e| e.first_wrong.is_some()).collect();
    assert!(cases.len() >= 12, "{} of 20 have a wrong product", cases.len());
    compile(&cases, folder.path());
    let circuit = circuit();
    let netlist = circuit.netlist();
    let constant = |net: &Net| netlist.constants().iter().any(|(n, _)| n == net);
    let nets: Vec<&str> = (0..netlist.net_count() as u32)
        .map(Net)
        .filter(|net| !constant(net))
        .map(|net| netlist.net_name(net))
        .collect();
    let mut total = 0;
    for (i, case) in cases.iter().enumerate() {
        assert_eq!(case.carries_state, None, "{}: single_cycle's faults are compared", case.fault);
        let (sound, faulty) = (simulate(i, false, folder.path()), simulate(i, true, folder.path()));
        let spread = case.spread.as_ref().expect("a wrong product spreads");
        let mut theirs = BTreeSet::new();
        for clock in 1..=spread.clocks {
            for net in &nets {
                let of = |dump: &Dump| {
                    value(dump, net, moment(clock)).unwrap_or_else(|| panic!("{net}: not dumped"))
                };
                if of(&sound) != of(&faulty) {
                    theirs.insert((clock, (*net).to_owned()));
                }
            }
        }
        let ours: BTreeSet<(u32, String)> =
            spread.nets.iter().map(|net| (net.clock, net.net.clone())).collect();
        assert_eq!(ours.len(), spread.nets.len(), "each once");
        assert_eq!(ours, theirs, "{}", case.fault);
        // The wrong bits are those of the result that Icarus shows.
        let wrong = case.first_wrong.as_ref().expect("a wrong product");
        let result = |dump: &Dump| {
            let bits = dump.value("tb.dut.result_o", moment(spread.clocks)).expect("a result");
            u32::from_str_radix(&bits, 2).expect("known bits")
        };
        assert_eq!((result(&sound), Some(result(&faulty))), (wrong.right, wrong.wrong));
        let ends: Vec<u32> = spread.chains.iter().map(|chain| chain.bit).collect();
        assert_eq!(ends, wrong.bits, "{}: a way to each wrong bit", case.fault);
        total += ours.len();
    }
    eprintln!("{} faults, {total} differing nets", cases.len());
}

#[test]
fn each_way_begins_at_the_site_and_goes_through_cells_that_read_what_is_before_them() {
    let circuit = circuit();
    let netlist = circuit.netlist();
    for faults in twenty() {
        let explanation = explained(&faults);
        let Some(spread) = &explanation.spread else { continue };
        for chain in &spread.chains {
            let net = |i: &usize| &spread.nets[*i];
            let first = net(chain.nets.first().expect("a way has nets"));
            assert!(chain.from_site);
            assert_eq!(explanation.fault.split_once("/SA").expect("a net").0, first.net);
            for pair in chain.nets.windows(2) {
                let (before, after) = (net(&pair[0]), net(&pair[1]));
                let Some(cell) = &after.cell else {
                    // A register outside of the netlist.
                    assert_eq!(after.clock, before.clock + 1);
                    continue;
                };
                let cell = netlist.cells.iter().find(|c| c.name == *cell).expect("a cell");
                let before_net = netlist.net(&before.net).expect("a net");
                assert!(cell.inputs.contains(&before_net), "{}: {after:?}", explanation.fault);
            }
        }
    }
}

//! The value change dumps of `stuckat netlist eval --vcd`: as the standard says, and net for net, clock for clock what Icarus
//! Verilog simulates.

use crate::binding;
use crate::cli::{folder, stuckat};
use crate::common::tool;
use crate::vcd::Dump;
use std::path::Path;
use std::process::Command;

/// An operation under a fault, and what Icarus needs for it.
struct Case {
    unit: &'static str,
    /// Mnemonic, `operator_i`, `signed_mode_i`.
    op: (&'static str, u8, u8),
    rs1: u32,
    rs2: u32,
    fault: &'static str,
    /// Clocks of the faulty unit.
    clocks: u64,
}

const CASES: [Case; 5] = [
    Case {
        unit: "single_cycle",
        op: ("mulh", 1, 3),
        rs1: 0x8765_4321,
        rs2: 0x7fff_1234,
        fault: "n1984/SA1",
        clocks: 2,
    },
    Case {
        unit: "single_cycle",
        op: ("mul", 0, 0),
        rs1: 0xffff_ff9c,
        rs2: 3,
        fault: "summand1_8/SA1",
        clocks: 1,
    },
    Case {
        unit: "fast",
        op: ("mulhsu", 1, 1),
        rs1: 0xdead_beef,
        rs2: 0xcafe_f00d,
        fault: "n71/SA0",
        clocks: 4,
    },
    // The state machine runs wrong.
    Case {
        unit: "fast",
        op: ("mul", 0, 0),
        rs1: 0x0001_0001,
        rs2: 0x1234_5678,
        fault: "mult_state_q_0/SA1",
        clocks: 0,
    },
    Case { unit: "fast", op: ("mul", 0, 0), rs1: 5, rs2: 7, fault: "valid_o/SA0", clocks: 16 },
];

/// Clock k of the operation stands at this time of the test bench.
fn moment(clock: u64) -> u64 {
    1000 + 10 * clock
}

/// The unit in its environment, as ARCHITECTURE.md describes it: reset, two idle clocks, then the operation.
fn bench(case: &Case, force: &str, dump: &Path) -> String {
    let Case { unit, op: (_, operator, signed), rs1, rs2, .. } = case;
    format!(
        "`timescale 1ns/1ns
module tb;
  reg clk = 0, rst_n = 0, en = 0, op = 0;
  reg [1:0] sign = 0;
  reg [31:0] a = 0, b = 0;
  reg [33:0] q = 0, next_q;
  wire [33:0] d;
  wire we, valid;
  wire [31:0] result;
  {unit} dut (.clk_i(clk), .rst_ni(rst_n), .mult_en_i(en), .operator_i(op), .signed_mode_i(sign),
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
  integer i;
  initial begin
    $dumpfile(\"{}\");
    $dumpvars(0, tb);
    {force}
    #5 clock_edge;
    rst_n = 1;
    #5 clock_edge;
    #5 clock_edge;
    #(1000 - $time) en = 1; op = {operator}; sign = {signed}; a = {rs1}; b = {rs2};
    for (i = 1; i <= 20; i = i + 1) begin
      #(1000 + 10 * i + 1 - $time) clock_edge;
    end
    $finish(0);
  end
endmodule
",
        dump.display()
    )
}

fn icarus(case: &Case, force: &str, folder: &Path) -> Dump {
    let netlists = Path::new(env!("CARGO_MANIFEST_DIR")).join("netlists");
    let (bench_file, program, dump) =
        (folder.join("tb.v"), folder.join("tb.vvp"), folder.join("icarus.vcd"));
    std::fs::write(&bench_file, bench(case, force, &dump)).expect("the test bench");
    let sources =
        [netlists.join(format!("mapped/{}.v", case.unit)), netlists.join("cells/nangate45.v")];
    let mut compile = Command::new("iverilog");
    compile.args(["-g2012", "-o"]).arg(&program).arg(&bench_file).args(sources);
    let compiled = compile.output().expect("iverilog runs");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let ran = Command::new("vvp").arg("-n").arg(&program).output().expect("vvp runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    Dump::read(&std::fs::read_to_string(&dump).expect("Icarus's dump"))
}

fn ours(case: &Case, folder: &Path) -> Dump {
    let path = folder.join("ours.vcd");
    let (rs1, rs2) = (case.rs1.to_string(), case.rs2.to_string());
    let line = stuckat(["netlist", "eval", "--op", case.op.0, "--rs1", &rs1, "--rs2", &rs2]);
    let line = line.words(["--binding", &binding(case.unit), "--fault", case.fault, "--vcd"]);
    line.words([&path]).succeeds();
    Dump::read(&std::fs::read_to_string(&path).expect("our dump"))
}

#[test]
fn every_net_has_in_every_clock_the_value_that_icarus_verilog_gives_it() {
    if tool("iverilog").is_none() && Command::new("iverilog").arg("-V").output().is_err() {
        return;
    }
    let folder = folder();
    for case in &CASES {
        let ours = ours(case, folder.path());
        let (net, stuck) = case.fault.split_once('/').expect("a site and an effect");
        let force = format!("force dut.{net} = 1'b{};", &stuck[2..]);
        let mut compared = 0;
        for (scope, force) in [("sound", ""), ("faulty", &force)] {
            let reference = icarus(case, force, folder.path());
            let names = ours.names(scope);
            assert!(names.len() > 800, "{}: {} variables", case.unit, names.len());
            let mut clocks = 0;
            for clock in 1..=20 {
                let at = |name: &str| ours.value(&format!("{scope}.{name}"), clock);
                // After the answer nothing is known.
                if at("valid_o").is_none_or(|v| v == "x") || !ours.times.contains(&(clock + 1)) {
                    break;
                }
                clocks += 1;
                for (name, width) in &names {
                    let theirs = reference.value(&format!("tb.dut.{name}"), moment(clock));
                    // Icarus shows the clock as it is at this moment, and so do we: low.
                    let same =
                        at(name) == theirs && theirs.as_ref().map(String::len) == Some(*width);
                    assert!(
                        same,
                        "{} {}, clock {clock}: {scope}.{name} is {:?}, by Icarus {theirs:?}",
                        case.unit,
                        case.fault,
                        at(name)
                    );
                    compared += 1;
                }
            }
            if scope == "faulty" && case.clocks > 0 {
                assert_eq!(clocks, case.clocks, "{} under {}", case.op.0, case.fault);
            }
        }
        eprintln!("{} under {}: {compared} values compared", case.op.0, case.fault);
    }
}

#[test]
fn the_dump_says_where_the_two_units_differ_and_when_one_has_answered() {
    let folder = folder();
    let dump = ours(&CASES[0], folder.path());
    let names = dump.names("sound");
    assert_eq!(names, dump.names("faulty"));
    assert_eq!(names, dump.names("differs"));
    for (name, width) in
        [("op_a_i", 32), ("imd_val_q_i", 34), ("result_o", 32), ("valid_o", 1), ("n1984", 1)]
    {
        assert!(names.contains(&(name, width)), "{name}");
    }
    assert_eq!(dump.times, [1, 2, 3], "two clocks and their end");
    for clock in 1..=2 {
        let value = |scope: &str, name: &str| {
            dump.value(&format!("{scope}.{name}"), clock).expect("a value")
        };
        let number = |scope: &str, name: &str| {
            u64::from_str_radix(&value(scope, name), 2).expect("a number")
        };
        for (name, _) in &names {
            let differs = number("sound", name) ^ number("faulty", name);
            assert_eq!(number("differs", name), differs, "{name} in clock {clock}");
        }
        assert_eq!(number("sound", "op_a_i"), u64::from(CASES[0].rs1));
        assert_eq!(value("faulty", "n1984"), "1");
    }
    // -0x789abcdf times 0x7fff1234, upper half.
    let product = (i64::from(CASES[0].rs1 as i32) * i64::from(CASES[0].rs2 as i32)) >> 32;
    let result = dump.value("sound.result_o", 2).expect("a result");
    assert_eq!(u32::from_str_radix(&result, 2), Ok(product as u32));
    // The sound unit answers in its third clock, the faulty one never.
    let never = ours(&CASES[4], folder.path());
    assert_eq!(never.times.last(), Some(&17), "max_clocks is 16");
    assert_eq!(never.value("sound.valid_o", 3).as_deref(), Some("1"));
    for scope in ["sound", "differs"] {
        assert_eq!(never.value(&format!("{scope}.valid_o"), 4).as_deref(), Some("x"), "{scope}");
    }
    assert_eq!(never.value("faulty.valid_o", 16).as_deref(), Some("0"));
}

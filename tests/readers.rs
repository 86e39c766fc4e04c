//! Netlists and cell libraries as tools write them are read; what is wrong is named with its line.
//!
//! Truth tables are compared with what the design means, worked out in the test, or with what Yosys makes of it.

mod common;

#[path = "readers/liberty.rs"]
mod liberty;
#[path = "readers/messages.rs"]
mod messages;
#[path = "readers/styles.rs"]
mod styles;
#[path = "readers/yosys.rs"]
mod yosys;

use stuckat::netlist::cells::Library;
use stuckat::netlist::eval::evaluate;
use stuckat::netlist::program::Program;
use stuckat::netlist::{Direction, Netlist, read};

/// A few cells; the half adder's outputs stand before its inputs.
pub const CELLS: &str = r#"library (l) {
    cell (INV) { pin (A) { direction : input; } pin (Y) { direction : output; function : "!A"; } }
    cell (BUF) { pin (A) { direction : input; } pin (Y) { direction : output; function : "A"; } }
    cell (AND) { pin (A, B) { direction : input; } pin (Y) { direction : output; function : "A & B"; } }
    cell (XOR) { pin (A, B) { direction : input; } pin (Y) { direction : output; function : "A ^ B"; } }
    cell (HA) {
        pin (S) { direction : output; function : "A ^ B"; }
        pin (A) { direction : input; }
        pin (CO) { direction : output; function : "A & B"; }
        pin (B) { direction : input; }
    }
    cell (DFF) {
        ff (IQ, IQN) { next_state : "D"; clocked_on : "CK"; }
        pin (D, CK) { direction : input; }
        pin (Q) { direction : output; function : "IQ"; }
        pin (QN) { direction : output; function : "IQN"; }
    }
    cell (FILL) { }
    cell (POWERED) {
        pg_pin (VDD) { pg_type : primary_power; } pg_pin (VSS) { pg_type : primary_ground; }
        pin (A) { direction : input; } pin (Y) { direction : output; function : "!A"; }
    }
    cell (LATCH) {
        latch (IQ, IQN) { data_in : "D"; enable : "G"; }
        pin (D, G) { direction : input; } pin (Q) { direction : output; function : "IQ"; }
    }
}"#;

pub fn cells() -> Library {
    Library::parse(CELLS).expect("our library is sound")
}

/// Reads and levelises module `top`.
pub fn try_top(file: &str, text: &str) -> Result<(Netlist, Program), String> {
    let netlist = read(file, text, "top", &cells()).map_err(|e| e.to_string())?;
    let program = Program::compile(&netlist).map_err(|e| e.to_string())?;
    Ok((netlist, program))
}

#[track_caller]
pub fn top(text: &str) -> (Netlist, Program) {
    try_top("t.v", text).unwrap_or_else(|why| panic!("{why}:\n{text}"))
}

/// For each value of the input ports together, those of the output ports together. The first port has the lowest bits.
#[track_caller]
pub fn table((netlist, program): &(Netlist, Program)) -> Vec<u64> {
    let bits = |direction| {
        let ports = netlist.ports.iter().filter(move |p| p.direction == direction);
        ports.flat_map(|p| &p.bits).map(|n| n.index()).collect::<Vec<_>>()
    };
    let (inputs, outputs) = (bits(Direction::Input), bits(Direction::Output));
    assert!(inputs.len() <= 12, "too many inputs for all their values");
    let row = |row: u64| {
        let mut values = vec![[0_u64]; program.slots];
        for (net, value) in netlist.constants() {
            values[net.index()] = [u64::from(*value)];
        }
        for (i, input) in inputs.iter().enumerate() {
            values[*input] = [row >> i & 1];
        }
        evaluate(program, netlist, &mut values, &[]);
        outputs.iter().enumerate().fold(0, |all, (i, out)| all | (values[*out][0] & 1) << i)
    };
    (0..1 << inputs.len()).map(row).collect()
}

/// The table that a function has over so many input bits.
pub fn expected(inputs: u32, function: impl Fn(u64) -> u64) -> Vec<u64> {
    (0..1 << inputs).map(function).collect()
}

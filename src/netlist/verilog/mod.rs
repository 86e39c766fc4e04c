//! Reads one flat module of structural Verilog, as synthesis tools write it.
//!
//! In: the text, a cell library, the module's name. Out: a [`Netlist`], or an error that names the line.
//!
//! Understood (IEEE 1364-2005, clauses 3.3 to 3.8, 12): `module` with plain or ANSI ports, `input`, `output`, `wire`,
//! `tri`, with ranges in either direction, several names in one declaration; `assign` of names, bit- and
//! part-selects, concatenations and sized constants; instances with named or positional pins, unconnected pins;
//! escaped identifiers, both kinds of comments, attributes. Other modules in the file are skipped. Hierarchy, `inout`,
//! parameters and behavioural code are refused with a message.

mod builder;
mod lexer;
mod parser;

use super::cells::Library;
use super::{Netlist, NetlistError};
use builder::Builder;
use lexer::tokenize;
use parser::Parser;

type Result<T> = std::result::Result<T, NetlistError>;

/// Parses `text` and builds the netlist of `module`.
///
/// # Errors
/// [`NetlistError`] naming line, cell, net and remedy.
pub fn parse(text: &str, module: &str, library: &Library) -> Result<Netlist> {
    let tokens = tokenize(text)?;
    let mut found = Vec::new();
    let mut parser = Parser::new(&tokens);
    while !parser.done() {
        parser.expect("module")?;
        let name = parser.identifier()?;
        if name == module {
            let mut builder = Builder::new(module, library);
            parser.module(&mut builder)?;
            return builder.finish();
        }
        found.push(name);
        parser.skip_to("endmodule")?;
    }
    let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    Err(NetlistError::NoModule { wanted: module.to_owned(), found })
}

fn syntax(line: u32, what: impl Into<String>) -> NetlistError {
    NetlistError::Syntax { line, what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::program::Program;

    const CELLS: &str = r#"library (l) {
        cell (INV) { pin (A) { direction : input; } pin (Y) { direction : output; function : "!A"; } }
        cell (AND) { pin (A) { direction : input; } pin (B) { direction : input; }
                     pin (Y) { direction : output; function : "A & B"; } }
    }"#;

    fn read(text: &str) -> std::result::Result<Netlist, String> {
        let library = Library::parse(CELLS).unwrap();
        let netlist = parse(text, "top", &library).map_err(|e| e.to_string())?;
        Program::compile(&netlist).map_err(|e| e.to_string())?;
        Ok(netlist)
    }

    #[test]
    fn what_synthesis_tools_write_is_read() {
        let netlist = read(
            r#"`timescale 1ns/1ps
            // another module comes first
            module leaf (a); input a; endmodule
            (* top = 1 *) module top (input [1:0] a, output [0:2] y, output z);
              wire \escaped[0] , n; /* two names,
                                       two lines */
              INV U1 (.A(a[0]), .Y(\escaped[0] ));
              AND U2 (\escaped[0] , a[1], n), U3 (.Y(z), .A(n), .B(1'b1));
              INV U4 (.A(n), .Y());
              assign {y[0], y[1]} = {n, 1'h1}, y[2] = a[1];
            endmodule"#,
        )
        .unwrap();
        assert_eq!(netlist.cells.len(), 4);
        // y is declared [0:2], so its least significant bit is y[2], which is a[1].
        let y = &netlist.port("y").unwrap().bits;
        assert_eq!(netlist.net("a[1]"), Some(y[0]));
        assert_eq!(netlist.net("y[0]"), netlist.net("n"));
        assert_eq!(netlist.net_name(y[2]), "n", "the name is the driver's");
        assert_eq!(netlist.net("y[1]"), Some(netlist.constants()[1].0));
        assert!(netlist.net("escaped[0]").is_some());
        assert_eq!(netlist.cells[3].outputs, [None]);
    }

    #[test]
    fn each_fault_of_structure_has_its_own_message() {
        let module =
            |body: &str| format!("module top (a, y);\ninput a; output y;\n{body}\nendmodule");
        for (body, message) in [
            ("INV U1 (.A(a), .Y(y)); INV U2 (.A(a), .Y(y));", "two drivers: U1/Y and U2/Y"),
            ("INV U1 (.A(n), .Y(y));", "line 3: U1/A reads a net that nothing drives"),
            ("INV U1 (.A(a), .Y(n));", "nothing drives bit 0 of output y"),
            (
                "AND U1 (.A(a), .B(y), .Y(y));",
                "a combinational loop goes through cell U1 and net y",
            ),
            (
                "XYZ U1 (.A(a), .Y(y));",
                "line 3: cell U1 is of type 'XYZ', which the cell library lacks",
            ),
            ("INV U1 (.B(a), .Y(y));", "line 3: cell U1: 'INV' has no pin B"),
            ("INV U1 (.Y(y));", "line 3: cell U1: input A is not connected"),
            ("INV U1 (.A(a), .A(a), .Y(y));", "line 3: cell U1: pin A is connected twice"),
            ("INV U1 (.A(a[1]), .Y(y));", "line 3: 'a[1:1]' lies outside its declaration"),
            (
                "wire [3:0] w; INV U1 (.A(w), .Y(y));",
                "line 3: cell U1: 4 bits at pin A, which has 1",
            ),
            ("assign y = 1'b0; assign y = 1'b1;", "net y is tied to both 0 and 1"),
            ("assign y = 2'b01;", "line 3: assign joins 1 bits with 2"),
            ("assign y = a & a;", "line 3: unexpected '&'"),
            ("reg r;", "line 3: 'reg' is not structural"),
            ("wire [1:0] w; wire \\w[1] ; assign y = a;", "two nets are called 'w[1]'"),
            ("INV U1 (.A(a), .Y(y)", "line 4: ',' or ')' is expected, 'endmodule' found"),
            ("INV U1 (.A(a), .Y(y))", "line 4: ',' or ';' is expected, 'endmodule' found"),
        ] {
            let error = read(&module(body)).expect_err(body);
            assert!(error.contains(message), "{body}\n  says {error}\n  not  {message}");
        }
        assert!(
            read("module other (); endmodule")
                .unwrap_err()
                .contains("no module 'top'; it has: other")
        );
    }
}

//! Reads structural Verilog, as Yosys, Design Compiler and Genus write it.
//!
//! In: the text, a cell library, the module's name. Out: a [`Netlist`], or an error that names the line.
//!
//! Understood (IEEE 1364-2005, clauses 3, 4, 12); other modules of the file may contain anything, as long as the
//! netlist does not use them:
//!
//! ```text
//! file        = { module | "primitive" ... "endprimitive" }
//! module      = ("module" | "macromodule") name [ "(" ports ")" ] ";" { item } "endmodule"
//! ports       = port { "," port } | [ ansi { "," ansi } ]
//! port        = name | "." name "(" [ signals ] ")"            signals of names only
//! ansi        = [ direction [ "wire" | "tri" ] [ "signed" ] [ range ] ] name
//! item        = direction [ net ] [ "signed" ] [ range ] name { "," name } ";"
//!             | net [ "signed" ] [ range ] name [ "=" signals ] { "," name [ "=" signals ] } ";"
//!             | "assign" signals "=" signals { "," signals "=" signals } ";"
//!             | type name "(" [ pin { "," pin } ] ")" { "," name "(" ... ")" } ";"
//! direction   = "input" | "output"
//! net         = "wire" | "tri" | "supply0" | "supply1"          the last two are constants
//! range       = "[" integer ":" integer "]"                    also negative, also reversed
//! pin         = "." name "(" [ signals ] ")" | [ signals ]
//! signals     = name [ "[" integer [ ":" integer ] "]" ] | constant | "{" signals { "," signals } "}"
//!             | "{" count "{" signals { "," signals } "}" "}"
//! constant    = [ width ] "'" [ "s" ] ("b" | "o" | "d" | "h") digits
//! ```
//!
//! - Attributes `(* ... *)`, comments and directives such as `` `timescale `` fall away everywhere.
//! - The bits x and z of a constant are read as 0: synthesis leaves them where the value does not matter.
//! - A constant without a width has as many bits as its value needs, so `'b0` fits a pin.
//! - Modules may contain each other; the module `design` says how they are put together and what names become.
//! - Positional pins of a library cell follow the order of the pins in the Liberty file.
//! - An undeclared scalar is a wire. Pins and ports may be left open, but not inputs of cells.
//!
//! Refused with a message: `inout`, parameters and `defparam`, wired nets (`wand`, `wor`, ...), behaviour, expressions.

mod lexer;
mod parser;

use super::cells::Library;
use super::design::{self, Module, Result};
use super::{Netlist, NetlistError};
use lexer::{Token, tokenize};
use parser::Parser;
use std::collections::HashMap;

/// Names of modules listed in a message, at the most.
const MAX_LISTED: usize = 20;

/// Parses `text` and builds the netlist of `module`.
///
/// # Errors
/// [`NetlistError`] naming line, cell, net and remedy.
pub fn parse(text: &str, module: &str, library: &Library) -> Result<Netlist> {
    let tokens = tokenize(text)?;
    let mut names = Vec::new();
    let mut places = HashMap::new();
    let mut parser = Parser::new(&tokens);
    while let Some(place) = parser.next_module()? {
        names.push(place.text);
        let (name, line) = (place.text, place.line);
        // Simulation models stand there several times under `ifdef; that only matters if one is used.
        let begin = place.begin;
        let (first, again) = places.entry(name).or_insert((place, None));
        if first.begin != begin {
            let what = format!("module {name} stands in line {} already", first.line);
            *again = Some(design::syntax(line, what));
        }
    }
    let read = |name: &str| -> Option<Result<Module>> {
        let (place, again) = places.get(name)?;
        Some(match again {
            Some(again) => Err(again.clone()),
            None => Parser::at(&tokens, place.begin).module(name),
        })
    };
    design::build(module, &read, library).map_err(|error| match error {
        NetlistError::NoModule { wanted, .. } => {
            NetlistError::NoModule { wanted, found: listed(names.iter().copied()) }
        }
        other => other,
    })
}

/// Some names for a message, or "none".
pub(super) fn listed<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let count = names.len();
    let some: Vec<&str> = names.take(MAX_LISTED).collect();
    match count {
        0 => "none".to_owned(),
        _ if count > MAX_LISTED => format!("{} and {} more", some.join(", "), count - MAX_LISTED),
        _ => some.join(", "),
    }
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
            ("INV U1 (.A(n), .Y(y));", "line 3: U1/A reads net n, which nothing drives"),
            ("INV U1 (.A(a), .Y(n));", "nothing drives bit 0 of output y"),
            (
                "AND U1 (.A(a), .B(y), .Y(y));",
                "a combinational loop goes through cells U1 and net y",
            ),
            (
                "XYZ U1 (.A(a), .Y(y));",
                "line 3: cell U1 is of type 'XYZ', which is neither in the cell library nor a module",
            ),
            ("INV U1 (.B(a), .Y(y));", "line 3: cell U1: 'INV' has no pin B"),
            ("INV U1 (.Y(y));", "line 3: cell U1: input A is not connected"),
            ("INV U1 (.A(a), .A(a), .Y(y));", "line 3: cell U1: pin A is connected twice"),
            ("INV U1 (.A(a[1]), .Y(y));", "line 3: 'a[1]' lies outside its declaration"),
            (
                "wire [3:0] w; INV U1 (.A(w), .Y(y));",
                "line 3: cell U1: 4 bits at pin A, which has 1",
            ),
            ("assign y = 1'b0; assign y = 1'b1;", "net y is tied to both 0 and 1"),
            ("assign y = 2'b01;", "line 3: assign joins 1 bits with 2"),
            ("assign y = a & a;", "line 3: unexpected '&'"),
            ("reg r;", "line 3: 'reg' is not structural"),
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

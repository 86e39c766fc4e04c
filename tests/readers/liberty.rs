//! Cell libraries as foundries write them, and what is wrong with some.

use std::time::{Duration, Instant};
use stuckat::netlist::cells::{CellType, FlipFlop, Library, Output, Pin};
use stuckat::netlist::logic::Expr;

#[track_caller]
fn library(text: &str) -> Library {
    Library::parse(text).unwrap_or_else(|why| panic!("{why}:\n{text}"))
}

/// The only cell of a library with this body.
#[track_caller]
fn cell(body: &str) -> CellType {
    let library = library(&format!("library (l) {{\ncell (C) {{\n{body}\n}} }}"));
    library.cell("C").expect("the cell is there").as_ref().clone()
}

#[track_caller]
fn usable(body: &str) -> CellType {
    let cell = cell(body);
    assert_eq!(cell.unusable, None, "{body}");
    cell
}

/// The value of a function for each row of its first three pins.
fn rows(expr: &Expr) -> u8 {
    (0..8).fold(0, |rows, row| rows | u8::from(expr.value(&|pin| row >> pin & 1 == 1)) << row)
}

fn function(cell: &CellType, output: usize) -> u8 {
    match &cell.outputs[output].1 {
        Output::Function(expr) => rows(expr),
        state => panic!("{state:?}"),
    }
}

#[test]
fn every_way_to_write_a_statement_is_read() {
    let library = library(
        r#"
        /* A comment: { " */
        library ("any") { // { another "
          delay_model : table_lookup; technology (cmos); date : "$Date: } $";
          capacitive_load_unit\
            (1, pf)
          define(attribute, cell, string); define_cell_area (pads, slots)
          operating_conditions (typical) { process : 1.0; };
          input_voltage (cmos) { vil : 0.3 * VDD ; }
          lu_table_template (t3) { variable_1 : input_net_transition; index_1 ("1, \
            2, 3"); }
          type (bus4) { base_type : array; bit_from : 3; downto : true; }
          cell (A) { area : 1.5
            pin (A) { direction : input }
            pin (B) { direction : "input" ; capacitance : 0.1 ; };
            pin ("Y") { direction: output;
              function : "A \
                & B"
              timing () { related_pin : "A B"; cell_rise (t3) { values ( "1, 2, 3" ); }; }
              power_down_function : "!VDD + VSS" ; } }
          cell ( "A[2]" ) { dont_use : true; pin(A B){direction:input;} pin(Y){direction:output;function:A'+!B;} }
          wire_load ("w") { fanout_length (1, 2.0); }
        }"#,
    );
    let and = library.cell("A").unwrap();
    assert_eq!(
        (and.area, and.inputs.as_slice()),
        (1.5, ["A".to_owned(), "B".to_owned()].as_slice())
    );
    assert_eq!(function(&and, 0), 0x88);
    let nand = library.cell("A[2]").unwrap();
    assert_eq!((nand.area, function(&nand, 0)), (0.0, 0x77));
    assert_eq!(library.cells().count(), 2);
    assert!(library.cells().all(|c| c.unusable.is_none()));
}

#[test]
fn pins_keep_their_order_and_power_pins_are_apart() {
    let cell = usable(
        "pg_pin (VDD) { pg_type : primary_power; } pin (Y) { direction : output; function : \"A B\"; }
         pin (A, B) { direction : input; } pin (N) { direction : internal; function : \"!A\"; }
         pg_pin (VSS) { pg_type : primary_ground; } pin (Z) { direction : output; function : \"N ^ B\"; }",
    );
    assert_eq!(cell.order, [Pin::Output(0), Pin::Input(0), Pin::Input(1), Pin::Output(1)]);
    assert_eq!(cell.power, ["VDD", "VSS"]);
    assert_eq!([function(&cell, 0), function(&cell, 1)], [0x88, 0x99], "N is put in");
}

const FF_PINS: &str = "pin (D, CK, R) { direction : input; } pin (S) { direction : input; }
    pin (Q) { direction : output; function : IQ; } pin (QN) { direction : output; function : \"IQN\"; }";

#[track_caller]
fn flip_flop(group: &str) -> FlipFlop {
    usable(&format!("{group} {FF_PINS}")).flip_flop.expect("a flip-flop")
}

#[test]
fn flip_flops_are_read() {
    let ff = flip_flop("ff (IQ, IQN) { next_state : \"!D\"; clocked_on : (CK); }");
    assert_eq!((rows(&ff.next), ff.clock, ff.falling), (0x55, 1, false));
    assert_eq!((ff.clear, ff.preset), (None, None));
    let both = |var1: &str| {
        flip_flop(&format!(
            "ff (\"IQ\" \"IQN\") {{ clear : \"R'\"; preset : \"!S\"; {var1} next_state : D; clocked_on : CK; }}"
        ))
    };
    let ff = both("clear_preset_var1 : L; clear_preset_var2 : L;");
    assert_eq!(ff.clear, Some(Expr::Not(Box::new(Expr::Pin(2)))));
    assert_eq!(ff.preset, Some(Expr::Not(Box::new(Expr::Pin(3)))));
    assert!(!ff.preset_wins && !both("").preset_wins);
    assert!(both("clear_preset_var1 : \"H\";").preset_wins);
}

#[test]
fn outputs_show_the_state_or_its_inverse() {
    let ff = "ff (IQ, IQN) { next_state : D; clocked_on : CK; } pin (D, CK) { direction : input; }";
    for (function, shown) in [
        ("IQ", Output::State),
        ("(IQ)", Output::State),
        ("!IQN", Output::State),
        ("IQN", Output::StateInverted),
        ("IQ'", Output::StateInverted),
    ] {
        let pin = format!("pin (Q) {{ direction : output; function : \"{function}\"; }}");
        assert_eq!(usable(&format!("{ff} {pin}")).outputs, [("Q".to_owned(), shown)]);
    }
}

#[test]
fn a_latch_is_kept_but_cannot_be_used() {
    let cell = cell(
        "latch (IQ, IQN) { enable : \"!G\"; data_in : D; clear : R; } pin (D, G, R) { direction : input; }
         pin (Q) { direction : output; function : IQ; }",
    );
    let latch = cell.latch.expect("a latch");
    assert_eq!(
        (latch.enable.as_ref().map(rows), latch.data.as_ref().map(rows)),
        (Some(0x33), Some(0xaa))
    );
    assert_eq!((latch.clear.as_ref().map(rows), latch.preset), (Some(0xf0), None));
    assert!(cell.unusable.unwrap().reason.contains("latch"));
}

#[test]
fn a_cell_that_cannot_be_evaluated_says_why_and_where() {
    let ff = |statements: &str| format!("\nff (IQ, IQN) {{ {statements} }} {FF_PINS}");
    let inverter = |pin: &str| format!("pin (A) {{ direction : input; }}\npin (Y) {{ {pin} }}");
    for (body, line, reason) in [
        (ff("next_state : D; clocked_on : \"!CK\";"), 4, "falling edge"),
        (ff("next_state : D; clocked_on : \"CK'\";"), 4, "falling edge"),
        (ff("next_state : D; clocked_on : \"CK & S\";"), 4, "more than a pin"),
        (ff("next_state : D; clocked_on : CK; clocked_on_also : S;"), 4, "clocked_on_also"),
        (
            ff("next_state : \"(D & S) | (IQ & !S)\"; clocked_on : CK;"),
            4,
            "next_state of its ff depends on the state",
        ),
        (ff("next_state : X; clocked_on : CK;"), 4, "next_state of its ff: 'X' is not an input"),
        (ff("clocked_on : CK;"), 4, "no next_state"),
        (ff("next_state : D;"), 4, "no clocked_on"),
        (
            ff("next_state : D; clocked_on : CK; clear : R; preset : S; clear_preset_var1 : T;"),
            4,
            "clear_preset_var1",
        ),
        (ff("next_state : D; clocked_on : CK; } ff (P, PN) {"), 4, "several flip-flops"),
        ("\nff_bank (IQ, IQN, 4) { next_state : D; }".into(), 4, "ff_bank"),
        ("\nlatch_bank (IQ, IQN, 4) { data_in : D; }".into(), 4, "latch"),
        ("\nstatetable (\"CK E\", IQ) { table : \"L L : - : L\"; }".into(), 4, "statetable"),
        (
            "\nbus (A) { bus_type : t; direction : input; pin (A[3:0]) { } }".into(),
            4,
            "'A' is a bus",
        ),
        ("\nbundle (A) { members (A0, A1); direction : input; }".into(), 4, "'A' is a bundle"),
        ("clock_gating_integrated_cell : latch_posedge;".into(), 3, "clock gate"),
        (inverter("direction : output;"), 4, "pin Y has no function"),
        (inverter("direction : inout; function : \"A\";"), 4, "pin Y has direction 'inout'"),
        (inverter("function : \"A\";"), 4, "pin Y has no direction"),
        (
            inverter("direction : output; function : \"A\"; three_state : \"A\";"),
            4,
            "pin Y is tri-state",
        ),
        (
            inverter("direction : output; function : \"A & B\";"),
            4,
            "function of pin Y: 'B' is not an input pin",
        ),
        (
            inverter("direction : output; function : \"(A\";"),
            4,
            "function of pin Y: a ')' is missing",
        ),
        (inverter("direction : output; function : \"\";"), 4, "function of pin Y: it ends"),
        (
            inverter("direction : output; function : \"A\"; }\npin (A) { direction : input;"),
            5,
            "pin A stands in line 3",
        ),
        (
            inverter("direction : output; function : \"N\"; }\npin (N) { direction : internal;"),
            4,
            "internal pin without",
        ),
    ] {
        let unusable = cell(&body).unusable.unwrap_or_else(|| panic!("{body} is usable"));
        assert!(
            unusable.reason.contains(reason),
            "{body}\n  says {}\n  not  {reason}",
            unusable.reason
        );
        assert_eq!(unusable.line, line, "{body}");
        // The others of the library can be used.
        let text = format!("library (l) {{ cell (C) {{ {body} }} cell (D) {{ }} }}");
        assert_eq!(library(&text).cell("D").unwrap().unusable, None);
    }
}

#[test]
fn test_cells_and_disabled_cells_do_not_matter() {
    let cell = usable(
        "dont_use : true; dont_touch : true; test_cell () { ff (X, XN) { next_state : \"A\"; } pin (A) { direction : output; } }
         pin (A) { direction : input; } pin (Y) { direction : output; function : \"A\"; }",
    );
    assert_eq!((cell.flip_flop, cell.outputs.len()), (None, 1));
}

#[test]
fn what_is_wrong_with_the_file_is_named_with_its_line() {
    for (text, parts) in [
        ("", &["no cell"][..]),
        ("library (l) { }", &["no cell"]),
        ("module (l) {\n}", &["line 1", "'module'", "'library'"]),
        ("delay_model : x;", &["line 1", "'delay_model'", "'library'"]),
        ("library (l) {\ncell (A) {\n", &["line 2", "'cell'", "'}'"]),
        ("library (l) {\ncell (A) { timing () {\n", &["line 2", "'timing'", "'}'"]),
        ("library (l) {\ncell (A) { }\ncell (A) { } }", &["line 3", "cell A", "twice", "line 2"]),
        ("library (l) {\ncell () { } }", &["line 2", "without name"]),
        (
            "library (l) {\ncell (A) {\npin (X) { }\ncell (B) { } } }",
            &["line 4", "line 2", "'}' is missing"],
        ),
        ("library (l) { }\n}", &["line 2", "'}'"]),
        (
            "library (l) {\ninclude_file (other.lib);\n}",
            &["line 2", "include_file", "put the contents"],
        ),
        ("library (l) {\ndate : \"never\n ends;\n}", &["line 2", "string"]),
        ("library (l) {\ntiming () { date : \"never\n ends;\n} }", &["line 2", "string"]),
        ("library (l) {\n/* never\n ends;\n}", &["line 2", "comment"]),
        ("library (l) {\ndate never;\n}", &["line 2", "'(' or ':'", "'date'"]),
        ("library (l) {\n\"x\" : 1;\n}", &["line 2", "'\"'", "name"]),
        ("library (l) {\ndefine (a, b;\n}", &["line 2", "';'", "'define'"]),
        (
            "library (l) { cell (A) { pin (A) { direction : input; }\npin (Y) { function : \"A\" \"B\" x; } } }",
            &["line 2", "'x'", "';'"],
        ),
    ] {
        let why = Library::parse(text).expect_err(text).to_string();
        for part in parts {
            assert!(why.contains(part), "{text}\n  says {why}\n  not  {part}");
        }
        assert!(!why.contains('\n'), "{why}");
    }
}

#[test]
fn large_libraries_are_read_soon_and_nesting_needs_no_stack() {
    let row = "values (\"0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7\", \\\n \"0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7\");\n";
    let timing = format!("timing () {{ cell_rise (t) {{ {} }} }}\n", row.repeat(1000));
    let pin =
        |i: usize| format!("pin (Y{i}) {{ direction : output; function : \"A\"; {timing} }}\n");
    let pins: String = (0..200).map(pin).collect();
    let deep = format!("{}{}", "a () {".repeat(200_000), "}".repeat(200_000));
    let many: String = (0..20_000).map(|i| format!("N{i}, ")).collect();
    for body in [
        format!("pin (A) {{ direction : input; }} {pins}"),
        deep,
        format!(
            "pin ({many}) {{ direction : input; }} pin (Y) {{ direction : output; function : \"N19999\"; }}"
        ),
    ] {
        let begin = Instant::now();
        usable(&body);
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    }
    // Internal pins that multiply the size of a function.
    let sum = |pin: &str| vec![pin; 900].join("|");
    let internal = format!("pin (N) {{ direction : internal; function : \"{}\"; }}", sum("A"));
    let output = format!("pin (Y) {{ direction : output; function : \"{}\"; }}", sum("N"));
    let cell = cell(&format!("pin (A) {{ direction : input; }} {internal} {output}"));
    assert!(cell.unusable.unwrap().reason.contains("operators"));
}

//! Any text as a binding, for a small netlist with a flip-flop and a register outside.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stuckat::netlist::Circuit;
use stuckat::netlist::binding::Binding;

const NETLIST: &str = "
    module top (input clk, rst_n, en, high, input [31:0] a, b, input [1:0] q, output [31:0] y,
                output valid, we, output [1:0] d);
      wire [31:0] n;
      INV i (.A(high), .Y(low));
      AND g0 (.A(a[0]), .B(b[0]), .Y(y[0]));
      AND g1 (.A(a[1]), .B(q[0]), .Y(y[1]));
      assign y[31:2] = {a[31:3], s};
      DFF f (.D(en), .CK(clk), .RN(rst_n), .Q(s), .QN());
      AND v (.A(en), .B(low), .Y(valid));
      assign we = en, d = b[1:0];
    endmodule";

fuzz_target!(|text: &str| {
    if Binding::parse(text).is_ok() {
        let files = [("b.toml", text), ("n.v", NETLIST), ("c.lib", include_str!("cells.lib"))];
        let _ = Circuit::build(files);
    }
});

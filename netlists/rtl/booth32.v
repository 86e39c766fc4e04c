// A 32 x 32 multiplier that gives the whole product of signed or unsigned operands in one piece: combinational, with b
// recoded to sixteen radix-4 Booth digits (synth/booth.v).
//
// a gets a 33rd bit: its sign, or 0. The digits of b's 32 bits have the value of b as a signed number. An unsigned b with
// bit 31 set is 2**32 more, so one more row adds a << 32.

(* multiplier = "booth" *)
module booth32 (
  input      [31:0] a_i,
  input      [31:0] b_i,
  input             signed_a_i,
  input             signed_b_i,
  output     [63:0] p_o
);
  wire signed [32:0] a = {signed_a_i & a_i[31], a_i};
  wire signed [31:0] b = b_i;
  wire signed [63:0] signed_b_product = a * b;

  wire [31:0] above = a_i & {32{b_i[31] & ~signed_b_i}};

  assign p_o = signed_b_product + {above, 32'b0};
endmodule

// A 32 x 32 multiplier that gives the whole product of signed or unsigned operands in one piece: combinational, an array of
// partial products (synth/arithmetic.v).
//
// Each operand gets a 33rd bit: its sign, or 0. The product of the two is exact modulo 2**64.

module array32 (
  input      [31:0] a_i,
  input      [31:0] b_i,
  input             signed_a_i,
  input             signed_b_i,
  output     [63:0] p_o
);
  wire signed [32:0] a = {signed_a_i & a_i[31], a_i};
  wire signed [32:0] b = {signed_b_i & b_i[31], b_i};

  assign p_o = a * b;
endmodule

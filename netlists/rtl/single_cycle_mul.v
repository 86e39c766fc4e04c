// single_cycle.v cut down to MUL: what of it gives the low half of a product, which is all combinational. The multipliers
// are radix-4 Booth recoded (synth/booth.v).
//
// A 32 x 32 product modulo 2**32 from 16-bit halves (AL, AH, BL, BH): AL*BL + ((AL*BH + AH*BL) << 16). Of the last two
// only the low 16 bits are kept.

(* multiplier = "booth" *)
module single_cycle_mul (
  input      [31:0] op_a_i,
  input      [31:0] op_b_i,
  output     [31:0] result_o
);
  wire [15:0] mult1_high;
  assign {mult1_high, result_o[15:0]} = op_a_i[15:0] * op_b_i[15:0];

  wire [15:0] mult2 = op_a_i[15:0]  * op_b_i[31:16];
  wire [15:0] mult3 = op_a_i[31:16] * op_b_i[15:0];

  assign result_o[31:16] = mult1_high + mult2 + mult3;
endmodule

// The single-cycle multiplier of a cve2/Ibex-class core: operands and signedness in, product half and next value of the
// intermediate register out. MUL takes one clock, MULH, MULHSU and MULHU take two.
//
// Written from the published behaviour of cve2's `multdiv_fast` with RV32MSingleCycle; the divider, which shares nothing
// with it but the intermediate register, is left out. That register (`imd_val`, 34 bits) lies in the core's ID stage, as
// in cve2: the core loads it with `imd_val_d_o` at the clock edge when `imd_val_we_o` is high.
//
// A 32 x 32 product from 16-bit halves (AL, AH, BL, BH):
//   AL*BL + ((AL*BH + AH*BL) << 16) + ((AH*BH) << 32)
// The first clock adds the first three parts, of which MUL needs no more. The second adds AH*BH to what the first left
// above bit 15.
//
// `valid_o` is gated with `mult_en_i` in both states: an idle unit never answers. In MULL state the answer of an idle unit
// would otherwise look like the product of whatever lies on the operand bus.

module single_cycle (
  input             clk_i,
  input             rst_ni,          // asynchronous, active low
  input             mult_en_i,       // an operation is there: the state and the intermediate register advance
  input      [1:0]  operator_i,      // MULL (00): low half; anything else: high half
  input      [1:0]  signed_mode_i,   // bit 0: a is signed, bit 1: b is signed
  input      [31:0] op_a_i,
  input      [31:0] op_b_i,
  input      [33:0] imd_val_q_i,
  output     [33:0] imd_val_d_o,
  output            imd_val_we_o,
  output     [31:0] result_o,
  output            valid_o
);
  localparam [1:0] OP_MULL = 2'b00;

  localparam MULL = 1'b0;
  localparam MULH = 1'b1;

  reg  mult_state_q;
  wire in_mulh = mult_state_q == MULH;
  wire low_half = operator_i == OP_MULL;

  wire sign_a = signed_mode_i[0] & op_a_i[31];
  wire sign_b = signed_mode_i[1] & op_b_i[31];

  // The third multiplier is the one with two jobs: AH*BL in the first clock, AH*BH in the second.
  wire signed [16:0] mult3_b = in_mulh ? {sign_b, op_b_i[31:16]} : {1'b0, op_b_i[15:0]};

  wire signed [33:0] mult1 = $signed({1'b0,   op_a_i[15:0]})  * $signed({1'b0,   op_b_i[15:0]});
  wire signed [33:0] mult2 = $signed({1'b0,   op_a_i[15:0]})  * $signed({sign_b, op_b_i[31:16]});
  wire signed [33:0] mult3 = $signed({sign_a, op_a_i[31:16]}) * mult3_b;

  // The first clock's sum is signed unless both operands are unsigned; then bit 33 is its carry.
  wire        imd_sign = (signed_mode_i != 2'b00) & imd_val_q_i[33];
  wire [33:0] imd_high = {{16{imd_sign}}, imd_val_q_i[33:16]};

  wire [33:0] summand1 = in_mulh ? 34'b0 : {18'b0, mult1[31:16]};
  wire [33:0] summand2 = in_mulh ? imd_high : mult2;
  wire [33:0] mac      = summand1 + summand2 + mult3;

  wire splice = ~in_mulh & low_half;

  assign imd_val_d_o  = splice ? {2'b0, mac[15:0], mult1[15:0]} : mac;
  assign imd_val_we_o = mult_en_i;
  assign result_o     = imd_val_d_o[31:0];
  assign valid_o      = mult_en_i & (in_mulh | low_half);

  always @(posedge clk_i or negedge rst_ni)
    if (!rst_ni)        mult_state_q <= MULL;
    else if (mult_en_i) mult_state_q <= (in_mulh | low_half) ? MULL : MULH;
endmodule

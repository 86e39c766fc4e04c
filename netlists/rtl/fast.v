// The fast multiplier of a cve2/Ibex-class core: operands and signedness in, product half and next value of the
// intermediate register out. One 17 x 17 multiplier and one 34-bit adder work in every clock: MUL takes three clocks,
// MULH, MULHSU and MULHU take four.
//
// Written from the published behaviour of cve2's `multdiv_fast` with RV32MFast; the divider, which shares nothing with it
// but the intermediate register, is left out. That register (`imd_val`, 34 bits) is the accumulator. It lies in the core's
// ID stage, as in cve2: the core loads it with `imd_val_d_o` at the clock edge when `imd_val_we_o` is high.
//
// A 32 x 32 product from 16-bit halves (AL, AH, BL, BH):
//   AL*BL + ((AL*BH + AH*BL) << 16) + ((AH*BH) << 32)
// A clock adds one product. MUL needs no AH*BH: after AL*BL it splices the sum of bits 16 and up onto the lowest 16.
//
// `valid_o` is gated with `mult_en_i`, as in single_cycle.v.

module fast (
  input             clk_i,
  input             rst_ni,          // asynchronous, active low
  input             mult_en_i,       // an operation is there: the state and the intermediate register advance
  input      [1:0]  operator_i,      // MULL (00): low half; anything else: high half
  input      [1:0]  signed_mode_i,   // bit 0: a is signed, bit 1: b is signed
  input      [31:0] op_a_i,
  input      [31:0] op_b_i,
  input      [33:0] imd_val_q_i,
  output reg [33:0] imd_val_d_o,
  output            imd_val_we_o,
  output     [31:0] result_o,
  output            valid_o
);
  localparam [1:0] OP_MULL = 2'b00;

  // Bit 1: the high half of a; bit 0: the high half of b.
  localparam [1:0] ALBL = 2'b00;
  localparam [1:0] ALBH = 2'b01;
  localparam [1:0] AHBL = 2'b10;
  localparam [1:0] AHBH = 2'b11;

  reg  [1:0] mult_state_q;
  wire low_half = operator_i == OP_MULL;
  wire last = mult_state_q == (low_half ? AHBL : AHBH);

  wire sign_a = signed_mode_i[0] & op_a_i[31];
  wire sign_b = signed_mode_i[1] & op_b_i[31];

  wire signed [16:0] mult_a = mult_state_q[1] ? {sign_a, op_a_i[31:16]} : {1'b0, op_a_i[15:0]};
  wire signed [16:0] mult_b = mult_state_q[0] ? {sign_b, op_b_i[31:16]} : {1'b0, op_b_i[15:0]};
  wire signed [33:0] mult   = mult_a * mult_b;

  // The sum is signed unless both operands are unsigned; then bit 33 is its carry.
  wire imd_sign = (signed_mode_i != 2'b00) & imd_val_q_i[33];

  reg [33:0] accum;
  always @*
    case (mult_state_q)
      ALBL: accum = 34'b0;
      ALBH: accum = {18'b0, imd_val_q_i[31:16]};
      AHBL: accum = low_half ? {18'b0, imd_val_q_i[31:16]} : imd_val_q_i;
      AHBH: accum = {{16{imd_sign}}, imd_val_q_i[33:16]};
    endcase

  wire [33:0] mac = mult + accum;

  always @*
    case (mult_state_q)
      ALBH, AHBL: imd_val_d_o = low_half ? {2'b0, mac[15:0], imd_val_q_i[15:0]} : mac;
      default:    imd_val_d_o = mac;
    endcase

  assign imd_val_we_o = mult_en_i;
  assign result_o     = imd_val_d_o[31:0];
  assign valid_o      = mult_en_i & last;

  // The next state; AHBH with MULL is never reached and leads back to the first.
  always @(posedge clk_i or negedge rst_ni)
    if (!rst_ni)        mult_state_q <= ALBL;
    else if (mult_en_i) mult_state_q <= last ? ALBL : mult_state_q + 2'b01;
endmodule

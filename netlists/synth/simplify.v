// Techmap: adders with constant inputs -> what is left of them. Run until nothing changes: a carry that becomes constant
// simplifies the next column.
//   full adder, one input 0: half adder          one input 1: XNOR (sum) and OR (carry)
//   half adder, one input 0: a wire              one input 1: inverter (sum) and a wire (carry)

module ADD3 (A, B, CI, S, CO);
  input  A, B, CI;
  output S, CO;

  parameter _TECHMAP_CONSTMSK_A_ = 0;
  parameter _TECHMAP_CONSTVAL_A_ = 0;
  parameter _TECHMAP_CONSTMSK_B_ = 0;
  parameter _TECHMAP_CONSTVAL_B_ = 0;
  parameter _TECHMAP_CONSTMSK_CI_ = 0;
  parameter _TECHMAP_CONSTVAL_CI_ = 0;

  wire _TECHMAP_FAIL_ = !(_TECHMAP_CONSTMSK_A_ || _TECHMAP_CONSTMSK_B_ || _TECHMAP_CONSTMSK_CI_);

  generate
    if      (_TECHMAP_CONSTMSK_A_) ADD2_KNOWN #(.K(_TECHMAP_CONSTVAL_A_))  rest (.A(B), .B(CI), .S(S), .CO(CO));
    else if (_TECHMAP_CONSTMSK_B_) ADD2_KNOWN #(.K(_TECHMAP_CONSTVAL_B_))  rest (.A(A), .B(CI), .S(S), .CO(CO));
    else                           ADD2_KNOWN #(.K(_TECHMAP_CONSTVAL_CI_)) rest (.A(A), .B(B),  .S(S), .CO(CO));
  endgenerate
endmodule

// A + B + K for a known K.
module ADD2_KNOWN (A, B, S, CO);
  parameter K = 0;
  input  A, B;
  output S, CO;
  generate
    if (K) begin
      assign S  = ~(A ^ B);
      assign CO = A | B;
    end else begin
      ADD2 add (.A(A), .B(B), .S(S), .CO(CO));
    end
  endgenerate
endmodule

module ADD2 (A, B, S, CO);
  input  A, B;
  output S, CO;

  parameter _TECHMAP_CONSTMSK_A_ = 0;
  parameter _TECHMAP_CONSTVAL_A_ = 0;
  parameter _TECHMAP_CONSTMSK_B_ = 0;
  parameter _TECHMAP_CONSTVAL_B_ = 0;

  wire _TECHMAP_FAIL_ = !(_TECHMAP_CONSTMSK_A_ || _TECHMAP_CONSTMSK_B_);

  // With one input known, the other passes: to the sum (inverted by a 1), and to the carry past a 1.
  generate
    if (_TECHMAP_CONSTMSK_A_) begin
      assign S  = _TECHMAP_CONSTVAL_A_ ? ~B : B;
      assign CO = _TECHMAP_CONSTVAL_A_ ? B : 1'b0;
    end else begin
      assign S  = _TECHMAP_CONSTVAL_B_ ? ~A : A;
      assign CO = _TECHMAP_CONSTVAL_B_ ? A : 1'b0;
    end
  endgenerate
endmodule

// Techmap: word-level arithmetic -> rows of one-bit ADD3 and ADD2 cells (full and half adders before they are mapped).
//
// `$mul` becomes an array: AND gates make the partial products, rows of adders sum them carry-save, a ripple-carry adder
// adds the last two. Signed operands follow Baugh and Wooley: the partial products with a negative weight are inverted
// and a constant corrects the sum, so no row needs sign extension.
// `$fa` (three summands to two, made by maccmap) and `$alu` (the final addition, made by maccmap) become rows too.
//
// Adders whose inputs are constant are left to simplify.v.

(* techmap_celltype = "$mul" *)
module map_mul (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  input  [A_WIDTH-1:0] A;
  input  [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;

  parameter _TECHMAP_CONSTMSK_A_ = 0;
  parameter _TECHMAP_CONSTVAL_A_ = 0;
  parameter _TECHMAP_CONSTMSK_B_ = 0;
  parameter _TECHMAP_CONSTVAL_B_ = 0;

  // A signed operand whose sign bit is tied to 0 is an unsigned one of one bit less.
  localparam A_PLUS = A_SIGNED && _TECHMAP_CONSTMSK_A_[A_WIDTH-1] && !_TECHMAP_CONSTVAL_A_[A_WIDTH-1];
  localparam B_PLUS = B_SIGNED && _TECHMAP_CONSTMSK_B_[B_WIDTH-1] && !_TECHMAP_CONSTVAL_B_[B_WIDTH-1];
  localparam N = A_PLUS ? A_WIDTH - 1 : A_WIDTH;
  localparam M = B_PLUS ? B_WIDTH - 1 : B_WIDTH;
  localparam A_NEG = A_SIGNED && !A_PLUS;
  localparam B_NEG = B_SIGNED && !B_PLUS;
  localparam W = Y_WIDTH < N + M ? Y_WIDTH : N + M;

  wire _TECHMAP_FAIL_ = W <= N || N < 2 || M < 3;

  wire [W-1:0] p;
  ARRAY #(.N(N), .M(M), .W(W), .A_NEG(A_NEG), .B_NEG(B_NEG)) array (.A(A[N-1:0]), .B(B[M-1:0]), .Y(p));

  generate
    if (Y_WIDTH > W) assign Y = {{(Y_WIDTH-W){(A_NEG || B_NEG) ? p[W-1] : 1'b0}}, p};
    else             assign Y = p[Y_WIDTH-1:0];
  endgenerate
endmodule

module ARRAY (A, B, Y);
  parameter N = 2;
  parameter M = 3;
  parameter W = 5;        // N + M, or less if the RTL keeps less of the product
  parameter A_NEG = 0;
  parameter B_NEG = 0;
  localparam ALL = N + M;
  input  [N-1:0] A;
  input  [M-1:0] B;
  output [W-1:0] Y;

  // The sum of what the inverted partial products add too much, modulo 2**W.
  localparam [ALL:0] ONE = 1;
  localparam [W-1:0] CORRECTION =
      (A_NEG && B_NEG) ? (ONE << (ALL-1)) + (ONE << (M-1)) + (ONE << (N-1)) :
      A_NEG            ? (ONE << (ALL-1)) + (ONE << (N-1)) :
      B_NEG            ? (ONE << (ALL-1)) + (ONE << (M-1)) : 0;
  // It fits beside the first partial product (columns 0 .. N-1) or takes a row of its own.
  localparam OWN_ROW = |CORRECTION[N-1:0];
  localparam ROWS = M + OWN_ROW;

  wire [ROWS*W-1:0] rows;
  genvar i, j;
  generate
    for (j = 0; j < M; j = j + 1) begin : row
      wire [N-1:0] pp;
      for (i = 0; i < N; i = i + 1) begin : column
        if ((A_NEG && i == N-1) != (B_NEG && j == M-1)) assign pp[i] = ~(A[i] & B[j]);
        else                                            assign pp[i] =   A[i] & B[j];
      end
      if (j == 0 && !OWN_ROW) assign rows[W-1:0]    = {CORRECTION[W-1:N], pp};
      else                    assign rows[j*W +: W] = pp << j;
    end
    if (OWN_ROW) assign rows[M*W +: W] = CORRECTION;
  endgenerate

  SUM_ROWS #(.ROWS(ROWS), .W(W)) sum (.ROW(rows), .Y(Y));
endmodule

// Sums ROWS rows modulo 2**W: each level turns every three rows into a sum and a carry row, the last two ripple.
module SUM_ROWS (ROW, Y);
  parameter ROWS = 2;
  parameter W = 1;
  input  [ROWS*W-1:0] ROW;
  output [W-1:0] Y;

  localparam TRIPLES = ROWS / 3;
  localparam REST = ROWS - 3 * TRIPLES;
  localparam NEXT = 2 * TRIPLES + REST;

  genvar t;
  generate
    if (ROWS == 2) begin
      RIPPLE #(.W(W)) ripple (.A(ROW[W-1:0]), .B(ROW[2*W-1:W]), .CI(1'b0), .S(Y), .C());
    end else begin
      wire [NEXT*W-1:0] next;
      for (t = 0; t < TRIPLES; t = t + 1) begin : triple
        wire [W-1:0] carry;
        COMPRESS #(.W(W)) compress (
          .A(ROW[(3*t)*W +: W]), .B(ROW[(3*t+1)*W +: W]), .C(ROW[(3*t+2)*W +: W]),
          .S(next[(2*t)*W +: W]), .CO(carry));
        assign next[(2*t+1)*W +: W] = carry << 1;
      end
      if (REST > 0) assign next[2*TRIPLES*W +: REST*W] = ROW[3*TRIPLES*W +: REST*W];
      SUM_ROWS #(.ROWS(NEXT), .W(W)) sum (.ROW(next), .Y(Y));
    end
  endgenerate
endmodule

// One row of full adders without links between them. The top column's carry is written as gates: they vanish where it is
// dropped, and what stays is two XORs, while a full adder would keep a pin that nobody reads.
module COMPRESS (A, B, C, S, CO);
  parameter W = 1;
  input  [W-1:0] A, B, C;
  output [W-1:0] S, CO;

  genvar i;
  generate
    for (i = 0; i < W - 1; i = i + 1) begin : column
      ADD3 add (.A(A[i]), .B(B[i]), .CI(C[i]), .S(S[i]), .CO(CO[i]));
    end
  endgenerate
  assign S[W-1]  = A[W-1] ^ B[W-1] ^ C[W-1];
  assign CO[W-1] = (A[W-1] & B[W-1]) | (C[W-1] & (A[W-1] | B[W-1]));
endmodule

// Ripple-carry adder; C[i] is the carry out of bit i. The top bit is written as gates for the same reason.
module RIPPLE (A, B, CI, S, C);
  parameter W = 1;
  input  [W-1:0] A, B;
  input          CI;
  output [W-1:0] S, C;
  wire   [W-1:0] in = {C, CI};

  genvar i;
  generate
    for (i = 0; i < W - 1; i = i + 1) begin : column
      ADD3 add (.A(A[i]), .B(B[i]), .CI(in[i]), .S(S[i]), .CO(C[i]));
    end
  endgenerate
  assign S[W-1] = A[W-1] ^ B[W-1] ^ in[W-1];
  assign C[W-1] = (A[W-1] & B[W-1]) | (in[W-1] & (A[W-1] | B[W-1]));
endmodule

(* techmap_celltype = "$fa" *)
module map_fa (A, B, C, X, Y);
  parameter WIDTH = 1;
  input  [WIDTH-1:0] A, B, C;
  output [WIDTH-1:0] X, Y;
  COMPRESS #(.W(WIDTH)) compress (.A(A), .B(B), .C(C), .S(Y), .CO(X));
endmodule

(* techmap_celltype = "$alu" *)
module map_alu (A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  input  [A_WIDTH-1:0] A;
  input  [B_WIDTH-1:0] B;
  input  CI, BI;
  output [Y_WIDTH-1:0] X, Y, CO;

  wire [Y_WIDTH-1:0] a, b;
  \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(a));
  \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(b));
  wire [Y_WIDTH-1:0] b_or_not = BI ? ~b : b;

  RIPPLE #(.W(Y_WIDTH)) ripple (.A(a), .B(b_or_not), .CI(CI), .S(Y), .C(CO));
  assign X = a ^ b_or_not;
endmodule

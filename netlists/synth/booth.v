// Techmap: `$mul` in modules with (* multiplier = "booth" *) -> a sum of radix-4 Booth rows. The sum is left as `+`, so
// that alumacc and maccmap join it with the sums around it into one carry-save tree and one ripple-carry adder.
//
// Digit j of B, from bits 2j+1, 2j and 2j-1, is -2, -1, 0, 1 or 2. Its row is digit * A << 2j in two's complement: A, 2A or
// 0, each bit inverted if the digit is negative, and then 1 added (`ones`). A row's sign bit is inverted instead of
// extended; a constant corrects the sum.

(* techmap_celltype = "$mul" *)
module map_booth (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  input  [A_WIDTH-1:0] A;
  input  [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;

  localparam W = Y_WIDTH;
  // Enough digits for B, but none that begins above the product.
  localparam ALL_DIGITS = B_SIGNED ? (B_WIDTH + 1) / 2 : B_WIDTH / 2 + 1;
  localparam DIGITS = ALL_DIGITS > (W + 1) / 2 ? (W + 1) / 2 : ALL_DIGITS;
  // The last digit of an unsigned B has no bit with negative weight.
  localparam NEGATIVE = B_SIGNED || DIGITS < ALL_DIGITS ? DIGITS : DIGITS - 1;
  // Bits of a row below its sign: those of 2A.
  localparam N = A_SIGNED ? A_WIDTH : A_WIDTH + 1;

  wire [N:0]          a = {{2{A_SIGNED ? A[A_WIDTH-1] : 1'b0}}, A};
  wire [2*DIGITS:0]   b = {{2{B_SIGNED ? B[B_WIDTH-1] : 1'b0}}, B, 1'b0};

  // The sum of -2**(N + 2j) over the rows with a sign, modulo 2**W.
  function [W-1:0] correction(input integer digits);
    integer k;
    begin
      correction = 0;
      for (k = 0; k < digits; k = k + 1)
        if (N + 2*k < W) correction = correction - ({{(W-1){1'b0}}, 1'b1} << (N + 2*k));
    end
  endfunction

  wire [W-1:0] ones;
  wire [(DIGITS+1)*W-1:0] sums;     // after each digit
  assign sums[W-1:0] = correction(NEGATIVE);

  genvar i, j;
  generate
    for (j = 0; j < DIGITS; j = j + 1) begin : digit
      wire low = b[2*j], mid = b[2*j+1], high = j < NEGATIVE ? b[2*j+2] : 1'b0;
      wire one = mid ^ low;
      wire two = high ? ~(mid | low) : mid & low;
      wire [N:0] row;
      for (i = 0; i <= N; i = i + 1) begin : column
        wire twice = i == 0 ? 1'b0 : a[i == 0 ? 0 : i-1];
        if (i == N) assign row[i] = j < NEGATIVE ? ~(((one | two) & a[i]) ^ high) : 1'b0;
        else        assign row[i] = ((one & a[i]) | (two & twice)) ^ high;
      end
      wire [W-1:0] addend = {{W{1'b0}}, row} << (2*j);
      assign sums[(j+1)*W +: W] = sums[j*W +: W] + addend;
      assign ones[2*j] = high;
      if (2*j + 1 < W) assign ones[2*j+1] = 1'b0;
    end
    if (2*DIGITS < W) assign ones[W-1:2*DIGITS] = 0;
  endgenerate

  assign Y = sums[DIGITS*W +: W] + ones;
endmodule

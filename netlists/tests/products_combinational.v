// Does a combinational multiplier, RTL or mapped, give exact products?
//
// `UNIT is the unit. With `MUL_ONLY it has the ports of single_cycle_mul and gives the low half of a product, else those of
// array32 and gives all 64 bits of signed and unsigned operands. The expected values come from 64-bit arithmetic of the
// simulator. +pairs=N random operand pairs, after all pairs of the first +corners=N corner values (all if not given); each
// pair with each of the four signednesses, in an order that varies: three are the operations, MUL and MULHU being halves of
// the same product, and no instruction uses the fourth.

module products;
  reg         signed_a = 0, signed_b = 0;
  reg  [31:0] a = 0, b = 0;
  wire [63:0] p;

`ifdef MUL_ONLY
  `UNIT dut (.op_a_i(a), .op_b_i(b), .result_o(p[31:0]));
  assign p[63:32] = 0;
`else
  `UNIT dut (.a_i(a), .b_i(b), .signed_a_i(signed_a), .signed_b_i(signed_b), .p_o(p));
`endif

  integer seed = 32'h57_0c_a7;
  integer products = 0, wrong = 0;

  task check;
    reg [63:0] expected;
    begin
      expected = {{32{signed_a & a[31]}}, a} * {{32{signed_b & b[31]}}, b};
`ifdef MUL_ONLY
      expected[63:32] = 0;
`endif
      #1;
      products = products + 1;
      if (p !== expected) begin
        wrong = wrong + 1;
        if (wrong <= 10)
          $display("  wrong: signed %b%b a %h b %h product %h instead of %h", signed_a, signed_b, a, b, p, expected);
      end
    end
  endtask

  task run(input [31:0] x, input [31:0] y);
    begin
      a = x; b = y;
`ifdef MUL_ONLY
      check;
`else
      {signed_a, signed_b} = $random(seed);
      check;
      signed_a = ~signed_a; check;
      signed_b = ~signed_b; check;
      signed_a = ~signed_a; check;
`endif
    end
  endtask

  `include "corners.vh"

  integer i, j, pairs;
  reg [31:0] x, y;
  initial begin
    if (!$value$plusargs("pairs=%d", pairs)) pairs = 20000;
    add_corners;
    for (i = 0; i < corners; i = i + 1)
      for (j = 0; j < corners; j = j + 1)
        run(corner[i], corner[j]);
    for (i = 0; i < pairs; i = i + 1) begin
      x = $random(seed); y = $random(seed);
      run(x, y);
    end

    $display("  %0d corner values, all pairs; %0d random pairs", corners, pairs);
    if (wrong != 0) $fatal(0, "  %0d of %0d checks failed", wrong, products);
    $display("  %0d products, all exact", products);
    $finish(0);
  end
endmodule

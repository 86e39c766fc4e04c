// Does a clocked multiplier, RTL or mapped, give exact products in the right number of clocks?
//
// `UNIT is the unit, with the ports of single_cycle; `CLOCKS_LOW and `CLOCKS_HIGH are the clocks of MUL and of the other
// three. The expected values come from 64-bit arithmetic of the simulator. Operations follow each other back to back or with
// idle clocks between, during which the intermediate register, which lies here as it lies outside the unit, is overwritten
// as the core's divider does. +pairs=N random operand pairs an operation, after all pairs of the first +corners=N corner
// values (all if not given).

module products;
  localparam [1:0] MUL = 0, MULH = 1, MULHSU = 2, MULHU = 3;

  reg         clk = 0, rst_n = 1;
  reg         mult_en = 0;
  reg  [1:0]  operator = 0, signed_mode = 0;
  reg  [31:0] a = 0, b = 0;
  reg  [33:0] imd = 0;
  wire [33:0] imd_d;
  wire        imd_we, valid;
  wire [31:0] result;

  `UNIT dut (
    .clk_i(clk), .rst_ni(rst_n), .mult_en_i(mult_en), .operator_i(operator), .signed_mode_i(signed_mode),
    .op_a_i(a), .op_b_i(b), .imd_val_q_i(imd), .imd_val_d_o(imd_d), .imd_val_we_o(imd_we),
    .result_o(result), .valid_o(valid));

  integer seed = 32'h57_0c_a7;
  integer operations = 0, wrong = 0, back_to_back = 0, idle_clocks = 0;
  integer done [0:3];
  reg     last_was_idle = 1;

  task fail(input [8*40-1:0] what);
    begin
      wrong = wrong + 1;
      if (wrong <= 10)
        $display("  wrong: %0s: operator %b signed %b a %h b %h result %h valid %b", what, operator, signed_mode, a, b, result, valid);
    end
  endtask

  // Outputs have settled when this is called, and again when it returns. The register outside loads what it saw before the
  // edge, together with the flip-flops of the unit.
  task clock;
    begin
      clk = 1;
      imd <= imd_we ? imd_d : imd;
      #1 clk = 0;
    end
  endtask

  task idle;
    begin
      mult_en = 0; operator = 0; signed_mode = 0;
      if ($random(seed) % 4 == 0) begin a = $random(seed); b = $random(seed); end
      #1;
      if (valid !== 1'b0) fail("valid while idle");
      if (imd_we !== 1'b0) fail("write enable while idle");
      clock;
      if ($random(seed) & 1) imd = {$random(seed), $random(seed)};
      idle_clocks = idle_clocks + 1;
      last_was_idle = 1;
    end
  endtask

  task run(input [1:0] op, input [31:0] x, input [31:0] y);
    reg [63:0] product;
    reg [31:0] expected;
    integer    clocks, expected_clocks;
    begin
      product = {{32{(op == MULH || op == MULHSU) && x[31]}}, x} * {{32{op == MULH && y[31]}}, y};
      expected = op == MUL ? product[31:0] : product[63:32];
      expected_clocks = op == MUL ? `CLOCKS_LOW : `CLOCKS_HIGH;

      mult_en = 1; a = x; b = y;
      operator = op == MUL ? 2'b00 : 2'b01;
      signed_mode = {op == MULH, op == MULH || op == MULHSU};
      clocks = 1;
      #1;
      while (valid !== 1'b1 && clocks < 8) begin
        if (imd_we !== 1'b1) fail("no write enable");
        clock;
        clocks = clocks + 1;
      end
      if (valid !== 1'b1) fail("never valid");
      if (clocks != expected_clocks) fail("latency");
      if (result !== expected) fail("product");
      clock;

      operations = operations + 1;
      done[op] = done[op] + 1;
      if (!last_was_idle) back_to_back = back_to_back + 1;
      last_was_idle = 0;
      // Two of three operations are followed at once by the next.
      while ($random(seed) % 3 == 0) idle;
    end
  endtask

  task reset;
    begin
      mult_en = 0; rst_n = 0; imd = 0;
      #1 clock;
      rst_n = 1;
      #1;
    end
  endtask

  `include "corners.vh"

  integer i, j, pairs;
  reg [31:0] x, y;
  reg [1:0]  first;
  initial begin
    if (!$value$plusargs("pairs=%d", pairs)) pairs = 20000;
    for (i = 0; i < 4; i = i + 1) done[i] = 0;

    add_corners;
    #1 reset;

    for (i = 0; i < corners; i = i + 1)
      for (j = 0; j < corners; j = j + 1) begin
        run(MUL, corner[i], corner[j]);
        run(MULH, corner[i], corner[j]);
        run(MULHSU, corner[i], corner[j]);
        run(MULHU, corner[i], corner[j]);
      end

    // The order of the four varies, so that each follows each.
    for (i = 0; i < pairs; i = i + 1) begin
      first = $random(seed);
      for (j = 0; j < 4; j = j + 1) begin
        x = $random(seed); y = $random(seed);
        run(first + j * (first[0] ? 1 : 3), x, y);
      end
    end

    // Reset after each clock but the last of an operation: the next one starts anew and takes all its clocks again.
    for (i = 0; i < 100; i = i + 1) begin
      first = $random(seed);
      mult_en = 1; operator = 2'b01; signed_mode = 2'b11; a = $random(seed); b = $random(seed);
      #1;
      for (j = 0; j <= i % (`CLOCKS_HIGH - 1); j = j + 1) clock;
      reset;
      run(i % 2 ? MULH : first, $random(seed), $random(seed));
    end

    $display("  %0d corner values, all pairs; %0d random pairs an operation", corners, pairs);
    $display("  MUL %0d, MULH %0d, MULHSU %0d, MULHU %0d: %0d operations, %0d back to back, %0d idle clocks",
             done[MUL], done[MULH], done[MULHSU], done[MULHU], operations, back_to_back, idle_clocks);
    if (wrong != 0) $fatal(0, "  %0d checks failed", wrong);
    $display("  all products exact, latencies %0d/%0d/%0d/%0d", `CLOCKS_LOW, `CLOCKS_HIGH, `CLOCKS_HIGH, `CLOCKS_HIGH);
    $finish(0);
  end
endmodule

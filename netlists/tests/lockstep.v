// Do RTL (`UNIT, a unit with the ports of single_cycle) and mapped netlist (module `mapped`) agree on every output in every
// clock, whatever the inputs are? Also inputs that the core never gives: operator 10 and 11, signed_mode 10, changes in the
// middle of an operation, any intermediate value, resets.

module lockstep;
  reg         clk = 0, rst_n = 1, mult_en = 0;
  reg  [1:0]  operator = 0, signed_mode = 0;
  reg  [31:0] a = 0, b = 0;
  reg  [33:0] imd = 0;
  wire [67:0] out_rtl, out_mapped;

  `UNIT rtl (
    .clk_i(clk), .rst_ni(rst_n), .mult_en_i(mult_en), .operator_i(operator), .signed_mode_i(signed_mode),
    .op_a_i(a), .op_b_i(b), .imd_val_q_i(imd), .imd_val_d_o(out_rtl[33:0]), .imd_val_we_o(out_rtl[34]),
    .result_o(out_rtl[66:35]), .valid_o(out_rtl[67]));
  mapped mapped (
    .clk_i(clk), .rst_ni(rst_n), .mult_en_i(mult_en), .operator_i(operator), .signed_mode_i(signed_mode),
    .op_a_i(a), .op_b_i(b), .imd_val_q_i(imd), .imd_val_d_o(out_mapped[33:0]), .imd_val_we_o(out_mapped[34]),
    .result_o(out_mapped[66:35]), .valid_o(out_mapped[67]));

  integer seed = 32'h10c5, clocks, i, resets = 0, later_states = 0;

  task compare;
    if (out_rtl !== out_mapped)
      $fatal(0, "clock %0d: RTL %h, mapped %h, operator %b signed %b en %b a %h b %h imd %h",
             i, out_rtl, out_mapped, operator, signed_mode, mult_en, a, b, imd);
  endtask

  initial begin
    if (!$value$plusargs("clocks=%d", clocks)) clocks = 50000;
    #1 rst_n = 0;
    #1 rst_n = 1;
    for (i = 0; i < clocks; i = i + 1) begin
      a = $random(seed); b = $random(seed); imd = {$random(seed), $random(seed)};
      {mult_en, operator, signed_mode} = $random(seed);
      if ($random(seed) % 64 == 0) begin
        rst_n = 0;
        #1 compare;
        rst_n = 1;
        resets = resets + 1;
      end
      #1 compare;
      if (rtl.mult_state_q != 0) later_states = later_states + 1;
      #1 clk = 1;
      #1 compare;
      #1 clk = 0;
    end
    $display("lockstep: %0d clocks with random inputs agree, %0d of them not in the first state, %0d resets",
             clocks, later_states, resets);
    $finish(0);
  end
endmodule

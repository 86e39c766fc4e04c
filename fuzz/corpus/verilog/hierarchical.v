module leaf (a, .b(x), y); input [3:0] a; input x; output [-1:2] y;
  assign y = {a[2:0], x};
endmodule
module mid (input [3:0] p, output [3:0] q, r);
  leaf l0 (p, 1'b0, q);
  leaf l1 (.a({2{p[1:0]}}), .b(), .y(r));
endmodule
module top (input [3:0] i, output [3:0] o);
  wire SYNOPSYS_UNCONNECTED_1;
  mid \m/0 (.p({i[0], 3'o5}), .q(o), .r());
  HA h (.A(i[0]), .B(i[3]), .CO(SYNOPSYS_UNCONNECTED_1), .S());
endmodule
module HA (A, B, CO, S); always @(*) S = A ^ "x"; specify (A => S) = (1.5, 'd2); endspecify endmodule

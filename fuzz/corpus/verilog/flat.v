`timescale 1ns/1ps
(* top = 1 *)
module top(clk, a, y, z);
  input clk; wire clk;
  input [1:0] a;
  output [0:1] y; output z;
  wire \w[1] , n = a[0];
  supply0 gnd;
  INV u0 (.A(a[0]), .Y(\w[1] ));
  AND u1 (\w[1] , a[1], y[0]), u2 (.A(n), .B(1'b1), .Y(z));
  DFF f (.D(n), .CK(clk), .RN(4'hx), .Q(y[1]), .QN());
endmodule

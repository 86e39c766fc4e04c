// Simulation models of the cells in nangate45.lib: pins and functions of the NanGate 45 nm Open Cell Library's X1
// cells, written for Icarus Verilog (Verilator knows no primitives). No delays: only values matter here.
// A flip-flop's Q and QN both come from its state: a fault on the net at Q does not reach QN.

module LOGIC0_X1 (output Z);
  assign Z = 1'b0;
endmodule

module LOGIC1_X1 (output Z);
  assign Z = 1'b1;
endmodule

module INV_X1 (input A, output ZN);
  assign ZN = ~A;
endmodule

module BUF_X1 (input A, output Z);
  assign Z = A;
endmodule

module NAND2_X1 (input A1, input A2, output ZN);
  assign ZN = ~(A1 & A2);
endmodule

module NOR2_X1 (input A1, input A2, output ZN);
  assign ZN = ~(A1 | A2);
endmodule

module AND2_X1 (input A1, input A2, output ZN);
  assign ZN = A1 & A2;
endmodule

module OR2_X1 (input A1, input A2, output ZN);
  assign ZN = A1 | A2;
endmodule

module NAND3_X1 (input A1, input A2, input A3, output ZN);
  assign ZN = ~(A1 & A2 & A3);
endmodule

module NOR3_X1 (input A1, input A2, input A3, output ZN);
  assign ZN = ~(A1 | A2 | A3);
endmodule

module AND3_X1 (input A1, input A2, input A3, output ZN);
  assign ZN = A1 & A2 & A3;
endmodule

module OR3_X1 (input A1, input A2, input A3, output ZN);
  assign ZN = A1 | A2 | A3;
endmodule

module NAND4_X1 (input A1, input A2, input A3, input A4, output ZN);
  assign ZN = ~(A1 & A2 & A3 & A4);
endmodule

module NOR4_X1 (input A1, input A2, input A3, input A4, output ZN);
  assign ZN = ~(A1 | A2 | A3 | A4);
endmodule

module AND4_X1 (input A1, input A2, input A3, input A4, output ZN);
  assign ZN = A1 & A2 & A3 & A4;
endmodule

module OR4_X1 (input A1, input A2, input A3, input A4, output ZN);
  assign ZN = A1 | A2 | A3 | A4;
endmodule

module XOR2_X1 (input A, input B, output Z);
  assign Z = A ^ B;
endmodule

module XNOR2_X1 (input A, input B, output ZN);
  assign ZN = ~(A ^ B);
endmodule

module MUX2_X1 (input A, input B, input S, output Z);
  assign Z = ((S & B) | (A & ~S));
endmodule

module AOI21_X1 (input A, input B1, input B2, output ZN);
  assign ZN = ~(A | (B1 & B2));
endmodule

module AOI22_X1 (input A1, input A2, input B1, input B2, output ZN);
  assign ZN = ~((A1 & A2) | (B1 & B2));
endmodule

module AOI211_X1 (input A, input B, input C1, input C2, output ZN);
  assign ZN = ~(A | B | (C1 & C2));
endmodule

module AOI221_X1 (input A, input B1, input B2, input C1, input C2, output ZN);
  assign ZN = ~(A | (B1 & B2) | (C1 & C2));
endmodule

module AOI222_X1 (input A1, input A2, input B1, input B2, input C1, input C2, output ZN);
  assign ZN = ~((A1 & A2) | (B1 & B2) | (C1 & C2));
endmodule

module OAI21_X1 (input A, input B1, input B2, output ZN);
  assign ZN = ~(A & (B1 | B2));
endmodule

module OAI22_X1 (input A1, input A2, input B1, input B2, output ZN);
  assign ZN = ~((A1 | A2) & (B1 | B2));
endmodule

module OAI211_X1 (input A, input B, input C1, input C2, output ZN);
  assign ZN = ~(A & B & (C1 | C2));
endmodule

module OAI221_X1 (input A, input B1, input B2, input C1, input C2, output ZN);
  assign ZN = ~(A & (B1 | B2) & (C1 | C2));
endmodule

module OAI222_X1 (input A1, input A2, input B1, input B2, input C1, input C2, output ZN);
  assign ZN = ~((A1 | A2) & (B1 | B2) & (C1 | C2));
endmodule

module OAI33_X1 (input A1, input A2, input A3, input B1, input B2, input B3, output ZN);
  assign ZN = ~((A1 | A2 | A3) & (B1 | B2 | B3));
endmodule

module HA_X1 (input A, input B, output CO, output S);
  assign CO = A & B;
  assign S = A ^ B;
endmodule

module FA_X1 (input A, input B, input CI, output CO, output S);
  // Nearly all of a multiplier's simulation time is spent in here: a table is a third faster than gates.
  xor (S, A, B, CI);
`ifdef VERILATOR
  assign CO = (A & B) | (CI & (A | B));
`else
  nangate45_majority (CO, A, B, CI);
`endif
endmodule

module DFF_X1 (input D, input CK, output Q, output QN);
  reg iq;
  assign Q = iq;
  assign QN = ~iq;
  always @(posedge CK)
    iq <= D;
endmodule

module DFFR_X1 (input D, input RN, input CK, output Q, output QN);
  reg iq;
  assign Q = iq;
  assign QN = ~iq;
  always @(posedge CK or negedge RN)
    if (!RN) iq <= 1'b0;
    else iq <= D;
endmodule

module DFFS_X1 (input D, input SN, input CK, output Q, output QN);
  reg iq;
  assign Q = iq;
  assign QN = ~iq;
  always @(posedge CK or negedge SN)
    if (!SN) iq <= 1'b1;
    else iq <= D;
endmodule

`ifndef VERILATOR
primitive nangate45_majority (output o, input a, input b, input c);
  table
    0 0 ? : 0;
    0 ? 0 : 0;
    ? 0 0 : 0;
    1 1 ? : 1;
    1 ? 1 : 1;
    ? 1 1 : 1;
  endtable
endprimitive
`endif

// Techmap: the adders that are left -> cells of the library.

module ADD3 (A, B, CI, S, CO);
  input  A, B, CI;
  output S, CO;
  FA_X1 add (.A(A), .B(B), .CI(CI), .S(S), .CO(CO));
endmodule

module ADD2 (A, B, S, CO);
  input  A, B;
  output S, CO;
  HA_X1 add (.A(A), .B(B), .S(S), .CO(CO));
endmodule

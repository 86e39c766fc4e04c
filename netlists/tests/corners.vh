// Operand values that multipliers get wrong: corner[0 .. corners-1], or the first +corners=N of them. Included in a module.

  reg [31:0] corner [0:127];
  integer    corners;
  task add_corner(input [31:0] value);
    begin corner[corners] = value; corners = corners + 1; end
  endtask

  task add_corners;
    integer i, limit;
    begin
      corners = 0;
      add_corner(0); add_corner(-1); add_corner(3); add_corner(-3);
      add_corner(32'h80000000); add_corner(32'h7fffffff); add_corner(32'h80000001); add_corner(32'h7ffffffe);
      add_corner(32'haaaaaaaa); add_corner(32'h55555555); add_corner(32'hcccccccc); add_corner(32'h33333333);
      add_corner(32'h0000ffff); add_corner(32'hffff0000); add_corner(32'h00007fff); add_corner(32'h7fff0000);
      add_corner(32'h00010001); add_corner(32'h80008000); add_corner(32'h7fff7fff); add_corner(32'h0001ffff);
      add_corner(127); add_corner(-127); add_corner(255); add_corner(-255);
      for (i = 0; i < 31; i = i + 1) begin      // powers of two and their negatives
        add_corner(32'd1 << i);
        if (i != 0) add_corner(-(32'd1 << i));
      end

      if (!$value$plusargs("corners=%d", limit)) limit = corners;
      if (limit < corners) corners = limit;
    end
  endtask

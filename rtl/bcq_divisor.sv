// An array's scale t and its tensor exponent as bcq_normalise takes them: t * 2^e_X / 16 = divisor *
// 2^(offset-134), the divisor in 8 to 15, or 0 where t is 0. Combinational, no handshake. Takes no sign and
// no NaN: bcq_scale_encode makes neither.
module bcq_divisor (
  input  logic [6:0] code_i,      // E4M3 less its sign
  input  logic [7:0] exponent_i,  // e_X, two's complement

  output logic [3:0] divisor_o,
  output logic [9:0] offset_o     // two's complement
);

  logic [3:0] significand, shift;  // t = significand * 2^(shift - 9)
  logic [1:0] moved;               // a subnormal significand moves up until it is 8 or more

  assign significand = {code_i[6:3] != '0, code_i[2:0]};
  assign shift = code_i[6:3] == '0 ? 4'd0 : code_i[6:3] - 4'd1;
  assign moved = significand[3] ? 2'd0 : significand[2] ? 2'd1 : significand[1] ? 2'd2 : 2'd3;

  assign divisor_o = significand << moved;
  assign offset_o  = 10'd121 + 10'($signed(exponent_i)) + 10'(shift) - 10'(moved);

endmodule

// What rival_int4 divides by, S * gamma, as thresholds: the least m, or 2 * m, at which the quotient passes a
// half. m has 8 bits, so comparing it with a rounded threshold is as good as with the exact one, and a tie
// is a threshold that needs no rounding. Combinational, no handshake.
module rival_int4_divisor (
  input  logic [3:0]     scale_i,         // S
  input  logic [10:0]    significand_i,   // gamma's, of rival_fp16
  input  logic [7:0]     offset_i,

  output logic           zero_o,          // S or gamma is 0: every code is 0
  output logic [7:0]     offset_o,        // the quotient is m * 2^7 / divisor * 2^(E-offset_o)
  output logic [8*9-1:0] threshold_o      // of 13/2, 11/2, 9/2, 7/2, 5/2, 3/2, 1/2 and 1, which is lowest
);

  logic [14:0] divisor;  // moved up until its highest bit is set: 2^14 to 2^15 - 1

  always_comb begin
    logic [2:0] places;
    places  = '0;
    divisor = 15'(scale_i) * 15'(significand_i);
    for (int s = 2; s >= 0; s--) begin
      if ((divisor >> (15 - (1 << s))) == '0) begin
        divisor = divisor << (1 << s);
        places[s] = 1'b1;
      end
    end
    offset_o = offset_i + 8'd7 - 8'(places);
  end
  assign zero_o = !divisor[14];

  // times * divisor / 2^right: the next integer, or, where a tie goes to the lower code, the one above it.
  function automatic logic [8:0] threshold(input logic [14:0] by, input logic [3:0] times,
                                           input int unsigned right, input bit tie_down);
    logic [18:0] product;
    product = 19'(by) * 19'(times) + (19'd1 << right) - 19'(!tie_down);
    threshold = 9'(product >> right);
  endfunction

  assign threshold_o = {
    threshold(divisor, 4'd13, 10, 1'b1), threshold(divisor, 4'd11, 10, 1'b0), threshold(divisor, 4'd9, 10, 1'b1),
    threshold(divisor, 4'd7, 9, 1'b0), threshold(divisor, 4'd5, 9, 1'b1), threshold(divisor, 4'd3, 8, 1'b0),
    threshold(divisor, 4'd1, 7, 1'b1), threshold(divisor, 4'd1, 7, 1'b0)
  };

endmodule

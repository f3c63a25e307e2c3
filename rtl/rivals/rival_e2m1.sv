// One scalar to E2M1: the code nearest to |x| / (t * 2^e), saturating at 6, and the sign of x. Ties go to
// the even code (RoundEven) or away from zero. Exact, combinational, no handshake. Takes no divisor outside
// 8 to 15; with 8, a power of two, synthesis leaves little of the comparisons.
//
// Structure. With x = m * 2^(E-134) the quotient is m / (16 * divisor) * 2^(E-offset). m, doubled where
// it is below 16 * divisor, lies in one binade; the code's middles there are 16 * divisor times 5/4, 6/4 and 7/4.
module rival_e2m1 #(
  parameter bit RoundEven = 1'b1
) (
  input  logic [15:0] x_i,         // BF16: normal and finite, or zero
  input  logic [3:0]  divisor_i,   // 8 to 15; 0: the code is 0
  input  logic [9:0]  offset_i,    // two's complement

  output logic [3:0]  code_o       // {sign, magnitude}; a zero has no sign
);

  logic [7:0]        m;
  logic [8:0]        twice;       // m or 2 * m: 1 to 2 times 16 * divisor
  logic              less;
  logic signed [9:0] binade;      // of the quotient
  logic [6:0]        times5, times7;
  logic              over5, over6or7, over4;
  logic [2:0]        code;

  assign m      = {1'b1, x_i[6:0]};
  assign less   = m[7:4] < divisor_i;
  assign twice  = less ? {m, 1'b0} : {1'b0, m};
  assign binade = $signed({2'b0, x_i[14:7]}) - $signed(offset_i) - 10'(less);

  assign times5 = {1'b0, divisor_i, 2'b0} + 7'(divisor_i);
  assign times7 = {divisor_i, 3'b0} - 7'(divisor_i);

  // The ties at 5/4 and at 1/1 are those whose lower neighbour is even.
  assign over5    = {twice[8:2], twice[1:0] != '0} >= {times5, RoundEven};
  assign over6or7 = twice[8:2] >= (binade[2] && binade[0] ? times7 - 7'(divisor_i) : times7);
  assign over4    = !RoundEven || twice != {1'b0, divisor_i, 4'b0};

  always_comb begin
    code = '0;
    if (binade > 10'sd2) begin
      code = 3'd7;
    end else if (binade >= -10'sd2) begin
      unique case (binade[2:0])
        3'd2:    code = 3'd6 + 3'(over5);                     // 4, 6
        3'd1:    code = 3'd4 + 3'(over5) + 3'(over6or7);      // 2, 3, 4
        3'd0:    code = 3'd2 + 3'(over5) + 3'(over6or7);      // 1, 1.5, 2
        3'd7:    code = 3'd1 + 3'(over6or7);                  // 0.5, 1
        default: code = 3'(over4);                            // 0, 0.5
      endcase
    end
    if (x_i[14:7] == '0 || divisor_i == '0) code = '0;
  end

  assign code_o = {x_i[15] && code != '0, code};

endmodule

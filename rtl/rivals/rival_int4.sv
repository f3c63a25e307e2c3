// One scalar to INT4: min(rne(|x| / divisor), 7) and the sign of x; exact. Combinational, no handshake. Does
// not know divisors: the thresholds are those of rival_int4_divisor, shared by all scalars of a group.
//
// Structure. The quotient is R * 2^(E-offset) with R in (1/2, 2). m, doubled where R < 1, is compared with
// those thresholds that lie in the quotient's binade: two comparisons of 9 bits.
module rival_int4 (
  input  logic [15:0]   x_i,          // BF16: normal and finite, or zero
  input  logic [7:0]    offset_i,
  input  logic [8*9-1:0] threshold_i, // of rival_int4_divisor

  output logic [3:0]    code_o        // {sign, magnitude}; a zero has no sign
);

  logic [8:0]        of_half, of_one, of_3, of_5, of_7, of_9, of_11, of_13;
  logic [7:0]        m;
  logic [8:0]        twice, first, second;
  logic              less, over_first, over_second;
  logic signed [9:0] binade;
  logic [2:0]        code;

  assign {of_13, of_11, of_9, of_7, of_5, of_3, of_half, of_one} = threshold_i;

  assign m      = {1'b1, x_i[6:0]};
  assign less   = {1'b0, m} < of_one;
  assign twice  = less ? {m, 1'b0} : {1'b0, m};
  assign binade = $signed({2'b0, x_i[14:7]}) - $signed({2'b0, offset_i}) - 10'(less);

  always_comb begin
    unique case (binade[1:0])
      2'd0:    first = of_3;
      2'd1:    first = of_7;
      2'd2:    first = of_11;
      default: first = of_half;
    endcase
    over_first  = twice >= first;
    second      = !binade[1] ? of_5 : over_first ? of_13 : of_9;
    over_second = twice >= second;

    code = '0;
    if (binade > 10'sd2) begin
      code = 3'd7;
    end else if (binade >= -10'sd1) begin
      unique case (binade[1:0])
        2'd0:    code = over_first ? 3'd2 : 3'd1;
        2'd1:    code = over_first ? 3'd4 : over_second ? 3'd3 : 3'd2;
        2'd2:    code = {1'b1, over_first, over_second};
        default: code = {2'b0, over_first};
      endcase
    end
    if (x_i[14:7] == '0) code = '0;
  end

  assign code_o = {x_i[15] && code != '0, code};

endmodule

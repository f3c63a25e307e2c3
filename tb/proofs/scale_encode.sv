// Scale encoder: the code is the E4M3 number nearest to amax / (CMAX * 2^e_X), ties to the even code,
// 448 beyond its midpoint, for all BF16 amax and all exponents. In integers: twice amax lies between
// CMAX times the sums of the code's value and its neighbours'. Latency 2.
module scale_encode #(
  parameter int unsigned EW = 6
) (
  input logic        clk_i,
  input logic        rst_ni,
  input logic        valid_i,
  input logic [14:0] amax_i,
  input logic [7:0]  exponent_i
);

  localparam int unsigned Cmax = (1 << (EW - 1)) - 1;

  logic       valid;
  logic [6:0] code;
  bcq_scale_encode #(.EW(EW)) dut (
    .clk_i, .rst_ni, .valid_i, .amax_i, .exponent_i, .valid_o(valid), .code_o(code)
  );

  logic past_q = 1'b0;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);

  logic        valid1_q, valid2_q;
  logic [14:0] amax1_q, amax2_q;
  logic [7:0]  exponent1_q, exponent2_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {valid1_q, valid2_q} <= 2'b00;
    else         {valid1_q, valid2_q} <= {valid_i, valid1_q};
  end
  always_ff @(posedge clk_i) begin
    {amax1_q, amax2_q} <= {amax_i, amax1_q};
    {exponent1_q, exponent2_q} <= {exponent_i, exponent1_q};
  end

  // Value of a code in units of 2^-9.
  function automatic logic [39:0] value(input logic [6:0] of);
    value = 40'({of[6:3] != 4'd0, of[2:0]}) << (of[6:3] == 4'd0 ? 4'd0 : of[6:3] - 4'd1);
  endfunction

  // amax in units of 2^(e_X - 9) is m * 2^power. Where power is below -12 it is under half of the
  // smallest midpoint, above 20 over the largest, so both may be clipped there.
  logic signed [10:0] power;
  logic [39:0]        amax, low, high;  // 2^12 * amax; 2^11 * the sums
  assign power = $signed({3'b000, amax2_q[14:7]}) - $signed({{3{exponent2_q[7]}}, exponent2_q}) - 11'sd125;
  assign amax  = amax2_q[14:7] == 8'd0 ? 40'd0
               : {32'd0, 1'b1, amax2_q[6:0]} << (power < -11'sd12 ? 0 : power > 11'sd20 ? 32 : power + 11'sd12);
  assign low   = (value(code - 7'd1) + value(code)) * Cmax << 11;
  assign high  = (value(code) + value(code + 7'd1)) * Cmax << 11;

  always_comb begin
    assert (!rst_ni || valid == valid2_q);
    if (rst_ni && valid2_q) begin
      assert (code <= 7'd126);
      if (code != 7'd0)   assert (amax > low || (amax == low && !code[0]));
      if (code != 7'd126) assert (amax < high || (amax == high && !code[0]));
    end
  end

endmodule

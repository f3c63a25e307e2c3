// Scale unit: significands and exponent of the product of two E4M3 scales stand for the exact
// product, for all 65,536 pairs; NaN counts as 0. The weight scale is the one in the shadow at the last
// switch, and nothing moves without en_i.
module scales #(
  parameter int unsigned PsumW = 12
) (
  input logic       clk_i,
  input logic       en_i,
  input logic       load_w_i,
  input logic       switch_w_i,
  input logic [7:0] scale_w_i,
  input logic [7:0] scale_a_i
);

  logic [63:0] acc;
  logic [31:0] result;
  logic        dut__sign;
  logic [3:0]  dut__sig_a, dut__sig_w;
  logic [7:0]  dut__shadow_w_q, dut__active_w_q;
  logic [4:0]  dut__exp;
  bcq_scale_unit #(.PsumW(PsumW), .Exact(1'b1)) dut (
    .clk_i, .en_i, .load_w_i, .switch_w_i, .scale_w_i, .scale_a_i, .psum_i('0), .first_i(1'b1),
    .acc_i('0), .acc_o(acc), .result_o(result)
  );

  // From the definition of E4M3: |t| = significand * 2^(places - 9), with one NaN and subnormals.
  function automatic logic [3:0] significand(input logic [7:0] code);
    significand = {code[6:3] != 4'd0, code[2:0]};
    if (code[6:0] == 7'h7f) significand = 4'd0;
  endfunction
  function automatic logic [4:0] places(input logic [7:0] code);
    places = 5'(code[6:3]);
    if (code[6:3] != 4'd0) places = places - 5'd1;
  endfunction

  logic       shadow_known_q = 1'b0, active_known_q = 1'b0;
  logic [7:0] shadow_q, active_q;
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (load_w_i) begin
        shadow_q       <= scale_w_i;
        shadow_known_q <= 1'b1;
      end
      if (switch_w_i) begin
        active_q       <= shadow_q;
        active_known_q <= shadow_known_q;
      end
    end
  end

  logic [35:0] product;  // |t_a * t_w| * 2^18
  assign product = 36'(significand(scale_a_i)) * 36'(significand(active_q)) << (places(scale_a_i) + places(active_q));
  always_comb begin
    if (active_known_q) begin
      assert (36'(dut__sig_a) * 36'(dut__sig_w) << dut__exp == product);
      assert (dut__sign == (scale_a_i[7] ^ active_q[7]));
      // What the exact accumulator's bound rests on: 448 * 448.
      assert (product <= 36'd448 * 36'd448 << 18);
    end
    if (shadow_known_q) assert (dut__shadow_w_q == shadow_q);
    if (active_known_q) assert (dut__active_w_q == active_q);
  end

endmodule

// FP32 accumulate, its steps one by one, for any content of the registers between them:
//   normalise   the product's leading one comes to the top, exponent and significand keep its value
//   align       the operand of the smaller exponent as if shifted without a limit, all lost bits in the lowest one
//   round       nearest even of any sum or difference, the exponent with it; a cancelled sum is +0
// That three extra bits suffice for the addition between them is tested, not proved here.
module fp32_steps #(
  parameter int unsigned PsumW = 18,
  localparam int unsigned ProdW = PsumW + 6,
  localparam int unsigned SigW = ProdW > 24 ? ProdW : 24,
  localparam int unsigned SumW = SigW + 4
) (
  input logic             clk_i,
  input logic             en_i,
  input logic [7:0]       scale_i,
  input logic [PsumW-1:0] psum_i,
  input logic             first_i,
  input logic [31:0]      acc_i
);

  logic [31:0]      acc, result;
  logic [ProdW-1:0] dut__prod2_q;
  logic [4:0]       dut__exp2_q;
  logic [SigW-1:0]  dut__g_fp32__norm_d, dut__g_fp32__norm3_q;
  logic [6:0]       dut__g_fp32__biased_d, dut__g_fp32__distance, dut__g_fp32__biased4_q;  // less 64
  logic [SigW+2:0]  dut__g_fp32__lesser, dut__g_fp32__aligned;
  logic [SumW-1:0]  dut__g_fp32__sum4;
  logic             dut__g_fp32__sign4_q, dut__g_fp32__subtract4_q;
  bcq_scale_unit #(.PsumW(PsumW)) dut (
    .clk_i, .en_i, .load_w_i(1'b1), .switch_w_i(1'b1), .scale_w_i(scale_i), .scale_a_i(scale_i), .psum_i,
    .first_i, .acc_i, .acc_o(acc), .result_o(result)
  );

  // ---- Normalise: prod2 * 2^(exp2 - 18) = norm * 2^(biased + 64 - 127 - (SigW - 1)) -----------------------------

  logic [7:0] left;  // places that the product has moved
  assign left = 8'(SigW - 1 - 18 + 127 - 64) + 8'(dut__exp2_q) - 8'(dut__g_fp32__biased_d);
  always_comb begin
    if (dut__prod2_q != '0) begin
      assert (dut__g_fp32__norm_d[SigW-1]);
      assert (32'(left) < SigW && (2*SigW)'(dut__g_fp32__norm_d) == (2*SigW)'(dut__prod2_q) << left);
    end else begin
      assert (dut__g_fp32__norm_d == '0 && dut__g_fp32__biased_d == 7'd0);
    end
  end

  // ---- Align -------------------------------------------------------------------------------------------------

  // Both operands have their leading one on top, or are zero: of the term that is proved above.
  always_comb begin
    assume (dut__g_fp32__norm3_q[SigW-1] || dut__g_fp32__norm3_q == '0);
    assume (acc_i[30] != acc_i[29] || acc_i[30:0] == 31'd0);  // 2^-63 to 2^65, or zero
  end

  logic [SigW+2+256:0] far;
  assign far = {dut__g_fp32__lesser, 256'd0} >> dut__g_fp32__distance;
  always_comb assert (dut__g_fp32__aligned ==
                      {far[SigW+2+256:257], far[256:0] != '0});

  // ---- Round: from the place of the leading one ---------------------------------------------------------------

  logic            negative;
  logic [7:0]      top, biased;
  logic [SumW-1:0] magnitude;
  logic [SumW+23:0] wide, rest, half;
  logic [24:0]     kept;
  logic [31:0]     wanted, wanted5_q, wanted_q;
  logic            known5_q = 1'b0, known_q = 1'b0;
  always_comb begin
    negative  = dut__g_fp32__subtract4_q && dut__g_fp32__sum4[SumW-1];
    magnitude = negative ? SumW'(0) - dut__g_fp32__sum4 : dut__g_fp32__sum4;
    top = 8'd0;
    for (int i = 0; i < SumW; i++) if (magnitude[i]) top = 8'(i);
    // 24 bits from the leading one, and what is below them against its half.
    wide = {magnitude, 24'd0};
    kept = 25'(wide >> (top + 8'd1));
    half = (SumW+24)'(1) << top;
    rest = wide & ((half << 1) - 1'b1);
    if (rest > half || (rest == half && kept[0])) kept = kept + 1'b1;
    biased = 8'(dut__g_fp32__biased4_q) + 8'd65 - 8'(SumW - 1) + top;
    // A carry makes the significand 2^24: the next exponent, fraction zero.
    wanted = {dut__g_fp32__sign4_q ^ negative, kept[24] ? biased + 8'd1 : biased, kept[24] ? 23'd0 : kept[22:0]};
    if (magnitude == '0) wanted = '0;
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      known5_q  <= 1'b1;
      known_q   <= known5_q;
      wanted5_q <= wanted;
      wanted_q  <= wanted5_q;
    end
  end
  always_comb if (known_q) assert (acc == wanted_q && result == wanted_q);

endmodule

// Exact accumulator: within the contract's limit no sum overflows, and every one is exact. By induction
// over the block arrays: after j of them |acc| <= bound = j * LA * CMAX^2 * 448^2 * 2^18, in units of 2^-18; the
// next sum is the integer sum, made here in 72 bits, and the limit on K keeps it below 2^63. Stages 1 to
// 3; that the scales' product is at most 448^2 is proved in scales.
module exact #(
  parameter int unsigned LA = 64,
  parameter int unsigned EW = 6,
  localparam int unsigned PsumW = 2 * EW + $clog2(LA)
) (
  input logic             clk_i,
  input logic             en_i,
  input logic [7:0]       scale_w_i,
  input logic [7:0]       scale_a_i,
  input logic [PsumW-1:0] psum_i,
  input logic             first_i,
  input logic [63:0]      acc_i
);

  localparam int unsigned ProdW = PsumW + 6;
  localparam logic [95:0] Cmax  = (1 << (EW - 1)) - 1;
  localparam logic [95:0] Most  = 72'(LA) * Cmax * Cmax * 448 * 448 << 18;  // of one block array
  localparam logic [95:0] Limit = 72'd1 << 63;

  logic [63:0] acc;
  logic [31:0] result;
  logic        dut__sign, dut__sign2_q;
  logic [3:0]  dut__sig_a, dut__sig_w;
  logic [4:0]  dut__exp, dut__exp2_q;
  logic [PsumW-2:0] dut__psum_mag;
  logic [ProdW-1:0] dut__prod2_q;
  logic [63:0]      dut__g_exact__term3_q;
  bcq_scale_unit #(.PsumW(PsumW), .Exact(1'b1)) dut (
    .clk_i, .en_i, .load_w_i(1'b1), .switch_w_i(1'b1), .scale_w_i, .scale_a_i, .psum_i, .first_i,
    .acc_i, .acc_o(acc), .result_o(result)
  );

  // ---- Stage 1: the product in full, from any |psum| <= LA * CMAX^2 and any scales ------------------------

  logic signed [PsumW-1:0] psum;
  logic [ProdW-1:0]        magnitude;
  assign psum = $signed(psum_i);
  assign magnitude = psum < 0 ? ProdW'(0) - ProdW'(psum) : ProdW'(psum);
  always_comb begin
    assume (72'(magnitude) <= 72'(LA) * Cmax * Cmax);
  end

  logic             known2_q = 1'b0, known3_q = 1'b0, known4_q = 1'b0;
  logic             sign2_q;
  logic [ProdW-1:0] product2_q;
  logic [4:0]       exp2_q;

  // ---- Stages 2 and 3: terms and sums in 72 bits ------------------------------------------------------------

  logic [95:0]        placed;
  logic signed [95:0] term3_q, before, sum4_q, most4_q;
  (* anyseq *) logic signed [71:0] bound;  // of the sum so far: block arrays times Most
  assign placed = 72'(dut__prod2_q) << dut__exp2_q;
  assign before = first_i ? 72'sd0 : 72'($signed(acc_i));
  always_comb begin
    assume (placed <= Most);
    assume (term3_q <= $signed(Most) && term3_q >= -$signed(Most));
    assume (bound >= 0 && bound < $signed(Limit - Most));  // with the next one still within the limit
    assume (before <= bound && before >= -bound);
  end
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      known2_q   <= 1'b1;
      known3_q   <= 1'b1;
      known4_q   <= known3_q;
      sign2_q    <= dut__sign ^ (psum < 0);
      product2_q <= (ProdW'(dut__psum_mag) * ProdW'(dut__sig_w)) * ProdW'(dut__sig_a);
      exp2_q     <= dut__exp;
      term3_q    <= dut__sign2_q ? -$signed(placed) : $signed(placed);
      sum4_q     <= before + term3_q;
      most4_q    <= bound + $signed(Most);
    end
  end

  always_comb begin
    assert (ProdW'(dut__psum_mag) == magnitude);
    if (known2_q) assert (dut__sign2_q == sign2_q && dut__prod2_q == product2_q && dut__exp2_q == exp2_q);
    if (known3_q) assert (72'($signed(dut__g_exact__term3_q)) == term3_q);
    if (known4_q) assert (72'($signed(acc)) == sum4_q);
    if (known4_q) assert (sum4_q <= most4_q && sum4_q >= -most4_q && most4_q < $signed(Limit));
  end

endmodule

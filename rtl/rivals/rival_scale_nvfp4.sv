// Scale unit of NVFP4: acc <- acc + t, t = FP32(sum over the groups of p * S_a * S_w / 4), to the bit
// (docs/formats.md, "The sums of those with hardware"). Stages are enabled cycles counted from the one
// in which scale_a_i is presented:
//
//   0  significands of the scales, sum of their exponents
//   1  p * both significands, of each group (psum_i is sampled here)
//   2  shift to the place in fixed point, add the groups: exact
//   3  carries of the sum's lower part, search of its leading one
//   4  normalise, round to FP32: t
//   5  align, add: acc_i is sampled here (zero when first_i)
//   6  carries, search of the leading one
//   7  normalise, round
//   8  acc_o and result_o hold the sum
//
// The weight scales are double-buffered like the weights: load_w_i writes a group's shadow, switch_w_i
// copies all old shadows to the active ones, for stage 0 of the next cycle on. NaN scale codes count as
// 0, a scale's sign is ignored. All is a multiple of 2^-20 and far below 2^127: no limits of FP32.
module rival_scale_nvfp4 #(
  parameter int unsigned Groups = 4,
  parameter int unsigned PsumW = 13,
  localparam int unsigned ScaleW = 8
) (
  input  logic                     clk_i,
  input  logic                     en_i,

  input  logic [Groups-1:0]        load_w_i,
  input  logic                     switch_w_i,
  input  logic [ScaleW-1:0]        scale_w_i,

  input  logic [Groups*ScaleW-1:0] scale_a_i,  // stage 0
  input  logic [Groups*PsumW-1:0]  psum_i,     // stage 1; quarters, two's complement
  input  logic                     first_i,    // stage 5: the sum starts from +0
  input  logic [31:0]              acc_i,      // stage 5

  output logic [31:0]              acc_o,
  output logic [31:0]              result_o
);

  localparam int unsigned CodeW = ScaleW - 1;         // without the sign
  localparam int unsigned ExpW = 5;                   // 14 + 14 = 28 fits
  localparam int unsigned ByW = PsumW + 4;
  // |psum| is at most 9/16 of 2^(PsumW-1), and 15 * 15 is less than 2^8: the sign needs no bit more.
  localparam int unsigned ProdW = PsumW + 8 - 1;
  localparam int unsigned TermW = ProdW + 28;
  localparam int unsigned SumW = TermW + $clog2(Groups);
  localparam int unsigned MagW = SumW - 1;
  // Units of 2^-20: p in quarters, significands in 2^-9 each.
  localparam int unsigned TopExp = MagW - 1 - 2 * bcq_pkg::SCALE_LSB_NEG - 2 + 127;

  // E4M3: significand in units of 2^-9 before the shift by the exponent.
  function automatic logic [3:0] significand(input logic [6:0] code);
    significand = code == 7'(bcq_pkg::SCALE_NAN_CODE) ? 4'd0 : {code[6:3] != 4'd0, code[2:0]};
  endfunction
  function automatic logic [3:0] shift(input logic [3:0] exponent);
    shift = exponent == 4'd0 ? 4'd0 : exponent - 4'd1;
  endfunction

  logic [Groups*CodeW-1:0] shadow_w_q, active_w_q;
  logic [Groups*TermW-1:0] term;
  logic [Groups-1:0]       unused_sign;
  logic                    unused_sign_w;
  assign unused_sign_w = scale_w_i[ScaleW-1];

  for (genvar g = 0; g < Groups; g++) begin : g_group
    logic [CodeW-1:0] code_a, code_w;
    logic [3:0]       sig_a1_q, sig_w1_q;
    logic [ExpW-1:0]  exp1_q, exp2_q;
    logic [PsumW-1:0] psum;
    logic [ByW-1:0]   by_w;
    logic [ProdW-1:0] prod, prod2_q;

    assign code_a = scale_a_i[g*ScaleW +: CodeW];
    assign code_w = active_w_q[g*CodeW +: CodeW];
    assign psum   = psum_i[g*PsumW +: PsumW];
    assign unused_sign[g] = scale_a_i[g*ScaleW + ScaleW - 1];

    // By one significand after the other: fewer adders than by their product. The sign bit of a factor
    // stands for -2^n: its row is inverted, its carry comes in below, and what both are too large by is
    // beyond the product, or its highest bit.
    assign by_w = ByW'(psum[PsumW-2:0]) * ByW'(sig_w1_q)
                + {1'b1, ~(sig_w1_q & {4{psum[PsumW-1]}}), {(PsumW - 1){1'b0}}}
                + (ByW'(1) << (PsumW - 1));
    assign prod = ProdW'(by_w[ByW-2:0]) * ProdW'(sig_a1_q)
                + {~(sig_a1_q & {4{by_w[ByW-1]}}), {(ByW - 1){1'b0}}}
                + (ProdW'(1) << (ByW - 1));

    always_ff @(posedge clk_i) begin
      if (en_i && load_w_i[g]) shadow_w_q[g*CodeW +: CodeW] <= scale_w_i[CodeW-1:0];
      if (en_i) begin
        sig_a1_q <= significand(code_a);
        sig_w1_q <= significand(code_w);
        exp1_q   <= ExpW'(shift(code_a[6:3])) + ExpW'(shift(code_w[6:3]));
        exp2_q   <= exp1_q;
        prod2_q  <= prod;
      end
    end

    assign term[g*TermW +: TermW] = TermW'(signed'(prod2_q)) << exp2_q;
  end

  // The lower LowW columns and the others are summed each by themselves: a shorter carry chain.
  localparam int unsigned LowW = 30;
  localparam int unsigned OverW = $clog2(Groups);
  localparam int unsigned HighW = SumW - LowW;
  logic [LowW+OverW-1:0] low_d, low3_q;
  logic [HighW-1:0]      high_d, high3_q;
  logic [SumW-1:0]       sum;
  logic [31:0]           t_d, t5_q;

  always_comb begin
    low_d  = '0;
    high_d = '0;
    for (int unsigned g = 0; g < Groups; g++) begin
      low_d  = low_d + (LowW+OverW)'(term[g*TermW +: LowW]);
      high_d = high_d + HighW'(signed'(term[g*TermW+LowW +: TermW-LowW]));
    end
  end

  assign sum = {high3_q + HighW'(low3_q[LowW +: OverW]), low3_q[LowW-1:0]};

  bcq_fp32_round #(.Width(MagW), .Cut(1)) u_round (
    .clk_i,
    .en_i,
    .sign_i     (sum[SumW-1]),
    .plus_i     (sum[SumW-1]),
    .mag_i      (sum[MagW-1:0] ^ {MagW{sum[SumW-1]}}),
    .exponent_i (8'(TopExp)),
    .fp32_o     (t_d)
  );

  always_ff @(posedge clk_i) begin
    if (en_i && switch_w_i) active_w_q <= shadow_w_q;
    if (en_i) begin
      low3_q  <= low_d;
      high3_q <= high_d;
      t5_q    <= t_d;
    end
  end

  rival_fp32_add u_add (.clk_i, .en_i, .term_i(t5_q), .first_i, .acc_i, .sum_o(acc_o));
  assign result_o = acc_o;

endmodule

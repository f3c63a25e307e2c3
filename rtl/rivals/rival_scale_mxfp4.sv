// Scale unit of MXFP4: acc <- acc + t, t = FP32 sum of p_0 * 2^x_0 + p_1 * 2^x_1, x = E_a + E_w - 256, to the
// bit (docs/formats.md, "The sums of those with hardware"). Stages are enabled cycles counted from the
// one in which scale_a_i is presented:
//
//   0  E_a + E_w of both groups, their difference
//   1  align the sum of the smaller exponent, add (psum_i is sampled here)
//   2  normalise
//   3  round to FP32: t
//   4  align, add: acc_i is sampled here (zero when first_i)
//   5  carries, search of the leading one
//   6  normalise, round
//   7  acc_o and result_o hold the sum
//
// The weight scales are double-buffered like the weights: load_w_i writes a group's shadow, switch_w_i
// copies both old shadows to the active ones, for stage 0 of the next cycle on. Scale code 255 (NaN)
// makes its group's term 0.
module rival_scale_mxfp4 #(
  parameter int unsigned PsumW = 14,
  localparam int unsigned Groups = 2,
  localparam int unsigned ScaleW = 8
) (
  input  logic                     clk_i,
  input  logic                     en_i,

  input  logic [Groups-1:0]        load_w_i,
  input  logic                     switch_w_i,
  input  logic [ScaleW-1:0]        scale_w_i,

  input  logic [Groups*ScaleW-1:0] scale_a_i,  // stage 0
  input  logic [Groups*PsumW-1:0]  psum_i,     // stage 1; quarters, two's complement
  input  logic                     first_i,    // stage 4: the sum starts from +0
  input  logic [31:0]              acc_i,      // stage 4

  output logic [31:0]              acc_o,
  output logic [31:0]              result_o
);

  localparam int unsigned ExpW = ScaleW + 1;  // E_a + E_w
  localparam logic [ScaleW-1:0] NanCode = '1;

  // The sum in units of the larger exponent has FracW bits below the point and a sticky bit. Where bits
  // get lost the smaller term is below 2^(PsumW-1-FracW) <= 1/2, so the sum, if the larger is not zero, is
  // at least 1/2, and its 24 bits and the one that rounds them are above the sticky bit.
  localparam int unsigned FracW = 25;
  localparam int unsigned AlignW = PsumW + FracW + 1;
  localparam int unsigned AlignSteps = $clog2(AlignW);
  localparam int unsigned SumW = AlignW + 1;
  localparam int unsigned MagW = SumW - 1;

  // ---- Stage 0: exponents --------------------------------------------------------------------------------

  logic [Groups*ScaleW-1:0] shadow_w_q, active_w_q;
  logic [Groups-1:0]        number_d, number1_q;
  logic [ExpW-1:0]          exp_d [Groups];
  logic [ExpW:0]            difference;
  logic [ExpW-1:0]          distance_d;
  logic                     swap_d, swap1_q;
  logic [ExpW-1:0]          large1_q, small1_q;     // exponents
  logic [AlignSteps-1:0]    distance1_q;            // of the exponents, as far as it matters

  for (genvar g = 0; g < Groups; g++) begin : g_group
    logic [ScaleW-1:0] code_a, code_w;
    assign code_a      = scale_a_i[g*ScaleW +: ScaleW];
    assign code_w      = active_w_q[g*ScaleW +: ScaleW];
    assign exp_d[g]    = ExpW'(code_a) + ExpW'(code_w);
    assign number_d[g] = code_a != NanCode && code_w != NanCode;
    always_ff @(posedge clk_i) begin
      if (en_i && load_w_i[g]) shadow_w_q[g*ScaleW +: ScaleW] <= scale_w_i;
    end
  end

  assign difference = {1'b0, exp_d[0]} - {1'b0, exp_d[1]};
  assign swap_d     = difference[ExpW];  // group 1 has the larger exponent
  assign distance_d = swap_d ? ~difference[ExpW-1:0] + 1'b1 : difference[ExpW-1:0];

  always_ff @(posedge clk_i) begin
    if (en_i && switch_w_i) active_w_q <= shadow_w_q;
    if (en_i) begin
      number1_q   <= number_d;
      swap1_q     <= swap_d;
      large1_q    <= swap_d ? exp_d[1] : exp_d[0];
      small1_q    <= swap_d ? exp_d[0] : exp_d[1];
      distance1_q <= distance_d[AlignSteps-1:0] | {AlignSteps{distance_d[ExpW-1:AlignSteps] != '0}};
    end
  end

  // ---- Stage 1: align, add -------------------------------------------------------------------------------

  logic [PsumW-1:0]  p_large, p_small;
  logic              alone;  // nothing has the larger exponent
  logic [AlignW-1:0] aligned;
  logic [SumW-1:0]   sum2_q;
  logic [ExpW-1:0]   exp2_q;

  assign p_large = psum_i[PsumW-1:0]       & {PsumW{number1_q[0] && !swap1_q}}
               | psum_i[PsumW +: PsumW]  & {PsumW{number1_q[1] && swap1_q}};
  assign p_small = psum_i[PsumW-1:0]       & {PsumW{number1_q[0] && swap1_q}}
               | psum_i[PsumW +: PsumW]  & {PsumW{number1_q[1] && !swap1_q}};
  assign alone = p_large == '0;

  // In two's complement a sticky bit is right for both signs: it says that the sum lies between two
  // neighbours. What is shifted in is the sign.
  always_comb begin
    logic sticky;
    aligned = {p_small, {(FracW + 1){1'b0}}};
    sticky  = 1'b0;
    for (int s = 0; s < AlignSteps; s++) begin
      if (distance1_q[s] && !alone) begin
        sticky  = sticky || (aligned & ((AlignW'(1) << (1 << s)) - 1'b1)) != '0;
        aligned = AlignW'(signed'(aligned) >>> (1 << s));
      end
    end
    aligned[0] = aligned[0] | sticky;
  end

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      sum2_q <= SumW'(signed'({p_large, {(FracW + 1){1'b0}}})) + SumW'(signed'(aligned));
      exp2_q <= alone ? small1_q : large1_q;
    end
  end

  // ---- Stages 2 and 3: normalise, round ----------------------------------------------------------------------

  // |sum| < 2^(MagW-FracW-1) in units of 2^x.
  localparam int unsigned RoundExpW = ExpW + 2;
  localparam logic [RoundExpW-1:0] TopExp = RoundExpW'(MagW + 127) - RoundExpW'(FracW + 2 + 256);
  logic [31:0] t_d, t4_q;

  bcq_fp32_round #(.Width(MagW), .ExpW(RoundExpW), .Limits(1'b1), .Cut(2)) u_round (
    .clk_i,
    .en_i,
    .sign_i     (sum2_q[SumW-1]),
    .plus_i     (sum2_q[SumW-1]),
    .mag_i      (sum2_q[MagW-1:0] ^ {MagW{sum2_q[SumW-1]}}),
    .exponent_i (RoundExpW'(exp2_q) + TopExp),
    .fp32_o     (t_d)
  );

  always_ff @(posedge clk_i) begin
    if (en_i) t4_q <= t_d;
  end

  rival_fp32_add #(.Limits(1'b1)) u_add (.clk_i, .en_i, .term_i(t4_q), .first_i, .acc_i, .sum_o(acc_o));
  assign result_o = acc_o;

endmodule

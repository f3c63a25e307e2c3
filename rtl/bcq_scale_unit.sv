// Scale unit of one column: acc <- fma(psum, t_a * t_w, acc), docs/format.md section 8, to the bit.
// One sum a cycle, no handshake; stages are enabled cycles, psum_i and scale_a_i are sampled in stage 1:
//
//   1  multiply    |psum| * both significands, sum of the exponents
//   2  normalise   fp32: leading one to the top; exact: shift to the place in the accumulator
//   3  add         acc_i is sampled here (zero when first_i); fp32: compare, align, add in two parts
//   4  normalise   fp32: carry between the parts, leading one to the top; exact: find the leading one
//   5  round       to nearest even
//   6              acc_o and result_o hold the sum (exact: acc_o from stage 4 on)
//
// Deep, fp32 only, for FPGAs: the same arithmetic with more registers in it; scale_a_i is sampled in stage 0.
//
//   0  significands        5  normalise the product    10  add
//   1  t_a * t_w           6  the rest of it           11  normalise the sum
//   2  |psum| (psum_i)     7  unpack acc_i             12  the rest of it
//   3  multiply            8  compare, swap            13  round
//   4  add the two halves  9  align                    14  acc_o and result_o
//
// The weight scale t_w is double-buffered like the weights: load_w_i writes the shadow, switch_w_i
// copies the old shadow to the active one, for scale_a_i of the next cycle on. NaN scale codes count
// as 0; who wants to know sets a flag where they enter. Does not hold accumulators: bcq_acc_memory.
module bcq_scale_unit #(
  parameter int unsigned PsumW = 18,
  parameter bit          Exact = 1'b0,
  parameter bit          Deep = 1'b0,
  localparam int unsigned AccW = Exact ? bcq_pkg::EXACT_W : 32
) (
  input  logic             clk_i,
  input  logic             en_i,

  input  logic             load_w_i,
  input  logic             switch_w_i,
  input  logic [7:0]       scale_w_i,

  input  logic [7:0]       scale_a_i,  // stage 1, deep 0
  input  logic [PsumW-1:0] psum_i,     // stage 1, deep 2; two's complement
  input  logic             first_i,    // stage 3, deep 7: the sum starts from +0
  input  logic [AccW-1:0]  acc_i,      // stage 3, deep 7

  output logic [AccW-1:0]  acc_o,
  output logic [31:0]      result_o    // FP32
);

  localparam int unsigned SigW = 8;                // 15 * 15 = 225 fits
  localparam int unsigned ExpW = 5;                // 14 + 14 = 28 fits
  // |psum| <= LA * 2^(EW-1) * 2^(EW-1) = 2^(PsumW-2), so PsumW-1 bits hold it; times 225 it is below 2^(PsumW+6).
  localparam int unsigned MagW = PsumW - 1;
  localparam int unsigned ProdW = MagW + SigW - 1;

  if (Exact && Deep) begin : g_bad_deep
    $error("bcq_scale_unit: Exact and Deep exclude each other");
  end

  // A name that ends in _d and the name without it are the same signal, but if Deep: then there is a
  // register between them.

  // ---- Scales ------------------------------------------------------------------------------------

  // E4M3 without its sign: significand in units of 2^-9 before the shift by the exponent.
  function automatic logic [3:0] significand(input logic [6:0] code);
    significand = code == 7'(bcq_pkg::SCALE_NAN_CODE) ? 4'd0 : {code[6:3] != 4'd0, code[2:0]};
  endfunction
  function automatic logic [3:0] shift(input logic [3:0] exponent);
    shift = exponent == 4'd0 ? 4'd0 : exponent - 4'd1;
  endfunction

  logic [7:0]      shadow_w_q, active_w_q;
  logic            sign_d, sign;
  logic [3:0]      sig_a_d, sig_a, sig_w_d, sig_w;
  logic [ExpW-1:0] exp_d, exp;

  assign sign_d  = scale_a_i[7] ^ active_w_q[7];
  assign sig_a_d = significand(scale_a_i[6:0]);
  assign sig_w_d = significand(active_w_q[6:0]);
  assign exp_d   = ExpW'(shift(scale_a_i[6:3])) + ExpW'(shift(active_w_q[6:3]));

  if (Deep) begin : g_deep_scales
    always_ff @(posedge clk_i) begin
      if (en_i) {sign, sig_a, sig_w, exp} <= {sign_d, sig_a_d, sig_w_d, exp_d};
    end
  end else begin : g_scales
    assign {sign, sig_a, sig_w, exp} = {sign_d, sig_a_d, sig_w_d, exp_d};
  end

  always_ff @(posedge clk_i) begin
    if (en_i && load_w_i)   shadow_w_q <= scale_w_i;
    if (en_i && switch_w_i) active_w_q <= shadow_w_q;
  end

  // ---- Stage 1: multiply -------------------------------------------------------------------------

  logic [MagW-1:0]  psum_mag;
  logic             prod_sign, sign2_q;
  logic [ProdW-1:0] prod;
  logic [ExpW-1:0]  prod_exp;
  logic [ProdW-1:0] prod2_q;  // in units of 2^(exp2_q - 18)
  logic [ExpW-1:0]  exp2_q;

  // The sign's own bit drops out of the magnitude: see MagW.
  assign psum_mag = psum_i[PsumW-1] ? ~psum_i[MagW-1:0] + 1'b1 : psum_i[MagW-1:0];

  if (Deep) begin : g_deep_multiply
    // The product in halves: four bits of the significand each.
    logic              sign1_q;
    logic [SigW-1:0]   sig1_q, sig_q;
    logic [ExpW-1:0]   exp1_q;
    logic [MagW-1:0]   mag_q;
    logic [MagW+3:0]   low_q;
    logic [MagW+2:0]   high_q;
    logic [1:0]        sign_q;
    logic [2*ExpW-1:0] exp_q;
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        sign1_q <= sign;
        sig1_q  <= SigW'(sig_a) * SigW'(sig_w);
        exp1_q  <= exp;
        mag_q  <= psum_mag;
        sig_q  <= sig1_q;
        low_q  <= (MagW+4)'(mag_q) * (MagW+4)'(sig_q[3:0]);
        high_q <= (MagW+3)'(mag_q) * (MagW+3)'(sig_q[7:4]);
        sign_q <= {sign_q[0], sign1_q ^ psum_i[PsumW-1]};
        exp_q  <= {exp_q[ExpW-1:0], exp1_q};
      end
    end
    assign prod      = {high_q, 4'd0} + ProdW'(low_q);
    assign prod_sign = sign_q[1];
    assign prod_exp  = exp_q[2*ExpW-1 -: ExpW];
  end else begin : g_multiply
    // By one significand after the other: fewer adders than by their product.
    assign prod      = ProdW'((MagW+4)'(psum_mag) * (MagW+4)'(sig_w)) * ProdW'(sig_a);
    assign prod_sign = sign ^ psum_i[PsumW-1];
    assign prod_exp  = exp;
  end

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      sign2_q <= prod_sign;
      prod2_q <= prod;
      exp2_q  <= prod_exp;
    end
  end

  if (Exact) begin : g_exact

    // ---- Stages 2 and 3: place, add --------------------------------------------------------------

    logic [AccW-1:0] term3_q, acc4_q;
    logic [AccW-1:0] term_d;

    assign term_d = AccW'(prod2_q) << exp2_q;

    always_ff @(posedge clk_i) begin
      if (en_i) begin
        term3_q <= sign2_q ? ~term_d + 1'b1 : term_d;
        acc4_q  <= (first_i ? '0 : acc_i) + term3_q;
      end
    end
    assign acc_o = acc4_q;

    // ---- Stages 4 and 5: the integer rounded once to FP32 ------------------------------------------

    logic [AccW-1:0] mag, norm_d, norm5_q;
    logic [5:0]      zeros_d, zeros5_q;
    logic            sign5_q;
    assign mag = acc4_q[AccW-1] ? ~acc4_q + 1'b1 : acc4_q;

    always_comb begin
      norm_d  = mag;
      zeros_d = '0;
      for (int s = 5; s >= 0; s--) begin
        if ((norm_d >> (AccW - (1 << s))) == '0) begin
          norm_d     = norm_d << (1 << s);
          zeros_d[s] = 1'b1;
        end
      end
    end

    always_ff @(posedge clk_i) begin
      if (en_i) begin
        norm5_q  <= norm_d;
        zeros5_q <= zeros_d;
        sign5_q  <= acc4_q[AccW-1];
      end
    end

    // Leading one at bit 63 - zeros, in units of 2^-18; bit 63 of norm5_q is clear only for zero.
    localparam int unsigned TopExp = AccW - 1 - bcq_pkg::EXACT_LSB_NEG + 127;
    logic [7:0]  biased;
    logic        up;
    logic [30:0] rounded;
    logic [31:0] result6_q;
    assign biased  = 8'(TopExp) - 8'(zeros5_q);
    assign up      = norm5_q[39] && (norm5_q[40] || norm5_q[38:0] != '0);
    assign rounded = {biased, norm5_q[62:40]} + 31'(up);

    always_ff @(posedge clk_i) begin
      if (en_i) result6_q <= norm5_q[AccW-1] ? {sign5_q, rounded} : '0;
    end
    assign result_o = result6_q;

  end else begin : g_fp32

    // Significands are kept with their leading one on top, in a width that holds both an exact
    // product and the 24 bits of FP32.
    localparam int unsigned SumSigW = ProdW > 24 ? ProdW : 24;
    localparam int unsigned NormSteps = $clog2(SumSigW);
    // All is a multiple of 2^-18 and below 2^64, zero has the exponent 0. So of the biased exponents 109 to 190
    // 64 is taken off: bit 7 then takes the place of bit 6, which is its inverse.
    localparam int unsigned BiasedW = 7;
    localparam int unsigned TakenOff = 64;

    // ---- Stage 2: normalise the product ------------------------------------------------------------

    logic [SumSigW-1:0] norm_d, norm3_q, norm_half, norm_half_q;
    logic [BiasedW-1:0] biased_d, biased3_q, biased_half, biased_half_q;
    logic               norm_sign, sign3_q;
    localparam int      NormCut = 3;  // shifts by 1 << NormCut or more are before the register

    // A leading one at the top of SumSigW bits, in units of 2^(exp2_q - 18).
    localparam int unsigned TopExp = SumSigW - 1 - bcq_pkg::EXACT_LSB_NEG + 127 - TakenOff;

    always_comb begin
      norm_d   = SumSigW'(prod2_q);
      biased_d = BiasedW'(TopExp) + BiasedW'(exp2_q);
      norm_half = '0;
      biased_half = '0;
      for (int s = NormSteps - 1; s >= 0; s--) begin
        if (Deep && s == NormCut - 1) begin
          norm_half   = norm_d;
          biased_half = biased_d;
          norm_d      = norm_half_q;
          biased_d    = biased_half_q;
        end
        if ((norm_d >> (SumSigW - (1 << s))) == '0) begin
          norm_d   = norm_d << (1 << s);
          biased_d = biased_d - BiasedW'(1 << s);
        end
      end
      if (!norm_d[SumSigW-1]) biased_d = '0;  // the product is zero
    end

    always_ff @(posedge clk_i) begin
      if (en_i) begin
        norm3_q   <= norm_d;
        biased3_q <= biased_d;
        sign3_q   <= norm_sign;
      end
    end

    if (Deep) begin : g_deep_normalise
      always_ff @(posedge clk_i) begin
        if (en_i) {norm_sign, norm_half_q, biased_half_q} <= {sign2_q, norm_half, biased_half};
      end
    end else begin : g_normalise
      assign {norm_sign, norm_half_q, biased_half_q} = {sign2_q, norm_half, biased_half};
    end

    // ---- Stage 3: compare, align, add in parts -----------------------------------------------------

    // Guard, round and sticky suffice: a difference of operands two or more binades apart moves its
    // leading one by at most one place, and closer ones lose no bit.
    localparam int unsigned AlignW = SumSigW + 3;
    localparam int unsigned AlignSteps = $clog2(AlignW);
    localparam int unsigned SumW = AlignW + 1;

    logic [BiasedW-1:0] acc_biased_d, acc_biased, term_biased, distance_d, distance;
    logic [BiasedW-1:0] big_biased_d, big_biased, add_biased;
    logic [SumSigW-1:0] acc_sig_d, acc_sig, term_sig, big_sig_d, big_sig, add_sig;
    logic               acc_sign_d, acc_sign, term_sign, big_sign_d, big_sign, add_sign;
    logic [BiasedW:0]   difference;
    logic [23:0]        acc_significand;
    logic               swap, subtract_d, subtract, add_subtract;
    logic [AlignW-1:0]  lesser_d, lesser, aligned, add_aligned;
    logic [SumW:0]      minuend, addend, sum_d;
    logic [SumW-1:0]    sum4;
    logic [BiasedW-1:0] biased4_q;
    logic               sign4_q, subtract4_q;

    assign acc_biased_d = first_i ? '0 : {acc_i[30], acc_i[28:23]};
    assign acc_sign_d   = acc_i[31] && !first_i;
    // Zero is what has neither of the exponent's upper bits: all its bits but the sign are 0.
    assign acc_significand = {acc_i[30] || acc_i[29], acc_i[22:0]} & {24{!first_i}};
    assign acc_sig_d    = SumSigW'(acc_significand) << (SumSigW - 24);

    if (Deep) begin : g_deep_unpack
      always_ff @(posedge clk_i) begin
        if (en_i) begin
          {acc_biased, acc_sig, acc_sign}    <= {acc_biased_d, acc_sig_d, acc_sign_d};
          {term_biased, term_sig, term_sign} <= {biased3_q, norm3_q, sign3_q};
        end
      end
    end else begin : g_unpack
      assign {acc_biased, acc_sig, acc_sign}    = {acc_biased_d, acc_sig_d, acc_sign_d};
      assign {term_biased, term_sig, term_sign} = {biased3_q, norm3_q, sign3_q};
    end

    assign difference   = {1'b0, acc_biased} - {1'b0, term_biased};
    assign swap         = difference[BiasedW];
    assign big_biased_d = swap ? term_biased : acc_biased;
    assign big_sig_d    = swap ? term_sig    : acc_sig;
    assign subtract_d   = term_sign != acc_sign;
    // Of a negative difference the ones' complement, which is one too small: one place is shifted here.
    assign distance_d   = difference[BiasedW-1:0] ^ {BiasedW{swap}};
    assign lesser_d     = swap ? {1'b0, acc_sig, 2'b00} : {term_sig, 3'b000};
    assign big_sign_d   = swap ? term_sign : acc_sign;

    if (Deep) begin : g_deep_swap
      always_ff @(posedge clk_i) begin
        if (en_i) begin
          {big_biased, big_sig, big_sign} <= {big_biased_d, big_sig_d, big_sign_d};
          {lesser, subtract, distance} <= {lesser_d, subtract_d, distance_d};
        end
      end
    end else begin : g_swap
      assign {big_biased, big_sig, big_sign} = {big_biased_d, big_sig_d, big_sign_d};
      assign {lesser, subtract, distance} = {lesser_d, subtract_d, distance_d};
    end

    always_comb begin
      logic sticky;
      aligned = lesser;
      sticky  = 1'b0;
      for (int s = 0; s < AlignSteps; s++) begin
        if (distance[s]) begin
          sticky  = sticky || (aligned & ((AlignW'(1) << (1 << s)) - 1'b1)) != '0;
          aligned = aligned >> (1 << s);
        end
      end
      if ((distance >> AlignSteps) != '0) begin
        sticky  = lesser[AlignW-1:AlignW-2] != '0;  // one of them is the leading one
        aligned = '0;
      end
      aligned[0] = aligned[0] | sticky;
    end

    if (Deep) begin : g_deep_align
      always_ff @(posedge clk_i) begin
        if (en_i) begin
          {add_biased, add_sig, add_sign} <= {big_biased, big_sig, big_sign};
          {add_aligned, add_subtract} <= {aligned, subtract};
        end
      end
    end else begin : g_align
      assign {add_biased, add_sig, add_sign} = {big_biased, big_sig, big_sign};
      assign {add_aligned, add_subtract} = {aligned, subtract};
    end

    // One adder for sums and differences: the lowest bits make the carry of a subtraction.
    logic unused;  // it has made its carry
    assign unused  = sum_d[0];
    assign minuend = {1'b0, add_sig, 3'b000, 1'b1};
    assign addend  = {add_subtract, add_aligned ^ {AlignW{add_subtract}}, add_subtract};

    always_ff @(posedge clk_i) begin
      if (en_i) begin
        biased4_q   <= add_biased;
        sign4_q     <= add_sign;
        subtract4_q <= add_subtract;
      end
    end

    logic [SumW-1:0] sum4_q;
    always_ff @(posedge clk_i) begin
      if (en_i) sum4_q <= sum_d[SumW:1];
    end

    if (Deep) begin : g_deep_add
      assign sum_d = minuend + addend;
      assign sum4  = sum4_q;
    end else begin : g_add
      // In two parts, a carry chain each. The carry of the lower one is added in the next stage.
      localparam int unsigned LowW = SumW - SumW * 2 / 5;
      logic [LowW:0] low;
      logic          carry4_q;
      assign low   = (LowW+1)'(minuend[LowW-1:0]) + (LowW+1)'(addend[LowW-1:0]);
      assign sum_d = {minuend[SumW:LowW] + addend[SumW:LowW], low[LowW-1:0]};
      always_ff @(posedge clk_i) begin
        if (en_i) carry4_q <= low[LowW];
      end
      assign sum4 = sum4_q + (SumW'(carry4_q) << (LowW - 1));
    end

    // ---- Stages 4 and 5: normalise, round to nearest even -----------------------------------------

    // A difference is negative only if the exponents were equal. Its magnitude is one more than its ones'
    // complement, and the rounding counts the one.
    logic        negative;
    logic [31:0] rounded, acc6_q;
    assign negative = subtract4_q && sum4[SumW-1];

    bcq_fp32_round #(.Width(SumW), .Cut(Deep ? 3 : 2)) u_round (
      .clk_i,
      .en_i,
      .sign_i     (sign4_q ^ negative),
      .plus_i     (negative),
      .mag_i      (sum4 ^ {SumW{negative}}),
      .exponent_i (8'(biased4_q) + 8'(TakenOff + 1)),  // the top bit of the sum is the carry
      .fp32_o     (rounded)
    );

    always_ff @(posedge clk_i) begin
      if (en_i) acc6_q <= rounded;
    end
    assign acc_o    = acc6_q;
    assign result_o = acc6_q;
  end

endmodule

// Scale unit of one column: acc <- fma(psum, t_a * t_w, acc), docs/format.md section 8, to the bit.
// One sum a cycle, no handshake; stages are enabled cycles counted from the one in which scale_a_i
// is presented:
//
//   0  scales      t_a * t_w: 4 x 4 bit significands and the sum of exponents
//   1  multiply    |psum| * significand (psum_i is sampled here)
//   2  normalise   fp32: leading one to the top; exact: shift to the place in the accumulator
//   3  add         acc_i is sampled here (zero when first_i); fp32: compare, align, add in parts
//   4  carries     fp32: between the parts, normalise by 16 and 8; exact: find the leading one
//   5  round       fp32: the rest of it, round to nearest even; exact: round
//   6              acc_o and result_o hold the sum (exact: acc_o from stage 4 on)
//
// Deep, fp32 only, for FPGAs: the same arithmetic with more registers in it.
//
//   0  significands        5  normalise the product    10  add
//   1  t_a * t_w           6  the rest of it           11  normalise the sum
//   2  |psum| (psum_i)     7  unpack acc_i             12  the rest of it
//   3  multiply            8  compare, swap            13  round
//   4  add the two halves  9  align                    14  acc_o and result_o
//
// The weight scale t_w is double-buffered like the weights: load_w_i writes the shadow, switch_w_i
// copies the old shadow to the active one, for stage 0 of the next cycle on. NaN scale codes count
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

  input  logic [7:0]       scale_a_i,  // stage 0
  input  logic [PsumW-1:0] psum_i,     // stage 1, deep 2; two's complement
  input  logic             first_i,    // stage 3, deep 7: the sum starts from +0
  input  logic [AccW-1:0]  acc_i,      // stage 3, deep 7

  output logic [AccW-1:0]  acc_o,
  output logic [31:0]      result_o    // FP32
);

  localparam int unsigned SigW = 8;                // 15 * 15 = 225 fits
  localparam int unsigned ExpW = 5;                // 14 + 14 = 28 fits
  // |psum| <= LA * 2^(EW-1) * 2^(EW-1) = 2^(PsumW-2), so PsumW-1 bits hold it; times 225.
  localparam int unsigned MagW = PsumW - 1;
  localparam int unsigned ProdW = MagW + SigW;

  if (Exact && Deep) begin : g_bad_deep
    $error("bcq_scale_unit: Exact and Deep exclude each other");
  end

  // A name that ends in _d and the name without it are the same signal, but if Deep: then there is a
  // register between them.

  // ---- Stage 0: scales ---------------------------------------------------------------------------

  // E4M3 without its sign: significand in units of 2^-9 before the shift by the exponent.
  function automatic logic [3:0] significand(input logic [6:0] code);
    significand = code == 7'(bcq_pkg::SCALE_NAN_CODE) ? 4'd0 : {code[6:3] != 4'd0, code[2:0]};
  endfunction
  function automatic logic [3:0] shift(input logic [3:0] exponent);
    shift = exponent == 4'd0 ? 4'd0 : exponent - 4'd1;
  endfunction

  logic [7:0]      shadow_w_q, active_w_q;
  logic            sign_d, sign, sign1_q;
  logic [3:0]      sig_a_d, sig_a, sig_w_d, sig_w;
  logic [SigW-1:0] sig1_q;
  logic [ExpW-1:0] exp_d, exp, exp1_q;

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
    if (en_i) begin
      sign1_q <= sign;
      sig1_q  <= SigW'(sig_a) * SigW'(sig_w);
      exp1_q  <= exp;
    end
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
    logic [MagW-1:0]   mag_q;
    logic [SigW-1:0]   sig_q;
    logic [MagW+3:0]   low_q, high_q;
    logic [1:0]        sign_q;
    logic [2*ExpW-1:0] exp_q;
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        mag_q  <= psum_mag;
        sig_q  <= sig1_q;
        low_q  <= (MagW+4)'(mag_q) * (MagW+4)'(sig_q[3:0]);
        high_q <= (MagW+4)'(mag_q) * (MagW+4)'(sig_q[7:4]);
        sign_q <= {sign_q[0], sign1_q ^ psum_i[PsumW-1]};
        exp_q  <= {exp_q[ExpW-1:0], exp1_q};
      end
    end
    assign prod      = {high_q, 4'd0} + ProdW'(low_q);
    assign prod_sign = sign_q[1];
    assign prod_exp  = exp_q[2*ExpW-1 -: ExpW];
  end else begin : g_multiply
    assign prod      = ProdW'(psum_mag) * ProdW'(sig1_q);
    assign prod_sign = sign1_q ^ psum_i[PsumW-1];
    assign prod_exp  = exp1_q;
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

    // ---- Stage 2: normalise the product ------------------------------------------------------------

    logic [SumSigW-1:0] norm_d, norm3_q, norm_half, norm_half_q;
    logic [7:0]         biased_d, biased3_q, biased_half, biased_half_q;
    logic               norm_sign, sign3_q;
    localparam int      NormCut = 3;  // shifts by 1 << NormCut or more are before the register

    // A leading one at the top of SumSigW bits, in units of 2^(exp2_q - 18).
    localparam int unsigned TopExp = SumSigW - 1 - bcq_pkg::EXACT_LSB_NEG + 127;

    always_comb begin
      norm_d   = SumSigW'(prod2_q);
      biased_d = 8'(TopExp) + 8'(exp2_q);
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
          biased_d = biased_d - 8'(1 << s);
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

    logic [7:0]         acc_biased_d, acc_biased, term_biased, distance_d, distance;
    logic [7:0]         big_biased_d, big_biased, add_biased;
    logic [SumSigW-1:0] acc_sig_d, acc_sig, term_sig, big_sig_d, big_sig, add_sig;
    logic               acc_sign_d, acc_sign, term_sign, big_sign_d, big_sign, add_sign;
    logic [8:0]         difference;
    logic               swap, subtract_d, subtract, add_subtract, reverse_d, reverse, add_reverse;
    logic [AlignW-1:0]  lesser_d, lesser, aligned, add_aligned;
    logic [SumW:0]      minuend, addend, sum_d;
    logic [SumW-1:0]    sum4;
    logic [7:0]         biased4_q;
    logic               sign4_q;

    assign acc_biased_d = first_i ? '0 : acc_i[30:23];
    assign acc_sign_d   = acc_i[31] && !first_i;
    // FP32 subnormals cannot arise, so a zero exponent means zero: all bits but the sign are 0.
    assign acc_sig_d    = {acc_biased_d != '0, acc_i[22:0] & {23{!first_i}}, {(SumSigW - 24){1'b0}}};

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
    assign swap         = difference[8];
    assign big_biased_d = swap ? term_biased : acc_biased;
    assign big_sig_d    = swap ? term_sig    : acc_sig;
    assign subtract_d   = term_sign != acc_sign;
    // Of a negative difference the ones' complement, which is one too small: one place is shifted here.
    assign distance_d   = difference[7:0] ^ {8{swap}};
    assign lesser_d     = swap ? {1'b0, acc_sig, 2'b00} : {term_sig, 3'b000};
    // Of equal exponents the significands decide which is subtracted from the other. Nothing is aligned
    // then, so this has the time of the shifts.
    assign reverse_d    = subtract_d && difference == '0 && term_sig > acc_sig;
    assign big_sign_d   = swap || reverse_d ? term_sign : acc_sign;

    if (Deep) begin : g_deep_swap
      always_ff @(posedge clk_i) begin
        if (en_i) begin
          {big_biased, big_sig, big_sign} <= {big_biased_d, big_sig_d, big_sign_d};
          {lesser, subtract, reverse, distance} <= {lesser_d, subtract_d, reverse_d, distance_d};
        end
      end
    end else begin : g_swap
      assign {big_biased, big_sig, big_sign} = {big_biased_d, big_sig_d, big_sign_d};
      assign {lesser, subtract, reverse, distance} = {lesser_d, subtract_d, reverse_d, distance_d};
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
          {add_aligned, add_subtract, add_reverse} <= {aligned, subtract, reverse};
        end
      end
    end else begin : g_align
      assign {add_biased, add_sig, add_sign} = {big_biased, big_sig, big_sign};
      assign {add_aligned, add_subtract, add_reverse} = {aligned, subtract, reverse};
    end

    // One adder for sums and differences: the lowest bits make the carry of a subtraction.
    logic unused;  // it has made its carry
    assign unused  = sum_d[0];
    assign minuend = {add_reverse, {add_sig, 3'b000} ^ {AlignW{add_reverse}}, 1'b1};
    assign addend  = {add_subtract && !add_reverse, add_aligned ^ {AlignW{add_subtract && !add_reverse}}, add_subtract};

    always_ff @(posedge clk_i) begin
      if (en_i) begin
        biased4_q <= add_biased;
        sign4_q   <= add_sign;
      end
    end

    if (Deep) begin : g_deep_add
      logic [SumW-1:0] sum4_q;
      assign sum_d = minuend + addend;
      always_ff @(posedge clk_i) begin
        if (en_i) sum4_q <= sum_d[SumW:1];
      end
      assign sum4 = sum4_q;
    end else begin : g_add
      // In thirds, a carry chain each. The carries of the lower two are added in the next stage.
      localparam int unsigned PartW = SumW / 3 + 1;
      logic [PartW:0]  low, middle;
      logic [SumW-1:0] sum4_q;
      logic [1:0]      carry4_q;
      assign low    = (PartW+1)'(minuend[PartW-1:0]) + (PartW+1)'(addend[PartW-1:0]);
      assign middle = (PartW+1)'(minuend[PartW +: PartW]) + (PartW+1)'(addend[PartW +: PartW]);
      assign sum_d  = {minuend[SumW:2*PartW] + addend[SumW:2*PartW], middle[PartW-1:0], low[PartW-1:0]};
      always_ff @(posedge clk_i) begin
        if (en_i) begin
          sum4_q   <= sum_d[SumW:1];
          carry4_q <= {middle[PartW], low[PartW]};
        end
      end
      assign sum4 = sum4_q + (SumW'(carry4_q[0]) << (PartW - 1)) + (SumW'(carry4_q[1]) << (2 * PartW - 1));
    end

    // ---- Stages 4 and 5: normalise, round to nearest even -----------------------------------------

    localparam int unsigned RoundSteps = $clog2(SumW);
    localparam int unsigned CutW = SumW - 24;  // bits below the 24 that stay

    logic [SumW-1:0] shifted_d, shifted, shifted_half, shifted_half_q;
    logic [7:0]      sum_biased_d, biased, sum_biased_half, sum_biased_half_q;
    logic            half_sign_q, round_sign, up;
    logic [30:0]     rounded;
    logic [31:0]     acc6_q;

    always_comb begin
      shifted_d    = sum4;
      sum_biased_d = biased4_q + 8'd1;  // the top bit of the sum is the carry
      shifted_half    = '0;
      sum_biased_half = '0;
      for (int s = RoundSteps - 1; s >= 0; s--) begin
        if (s == NormCut - 1) begin
          shifted_half    = shifted_d;
          sum_biased_half = sum_biased_d;
          shifted_d       = shifted_half_q;
          sum_biased_d    = sum_biased_half_q;
        end
        if ((shifted_d >> (SumW - (1 << s))) == '0) begin
          shifted_d    = shifted_d << (1 << s);
          sum_biased_d = sum_biased_d - 8'(1 << s);
        end
      end
    end

    always_ff @(posedge clk_i) begin
      if (en_i) {shifted_half_q, sum_biased_half_q, half_sign_q} <= {shifted_half, sum_biased_half, sign4_q};
    end

    if (Deep) begin : g_deep_round
      always_ff @(posedge clk_i) begin
        if (en_i) {shifted, biased, round_sign} <= {shifted_d, sum_biased_d, half_sign_q};
      end
    end else begin : g_round
      assign {shifted, biased, round_sign} = {shifted_d, sum_biased_d, half_sign_q};
    end

    assign up = shifted[CutW-1] && (shifted[CutW] || shifted[CutW-2:0] != '0);
    // A carry out of the fraction raises the exponent, and the fraction is then zero, as it must be.
    assign rounded = {biased, shifted[SumW-2:CutW]} + 31'(up);

    always_ff @(posedge clk_i) begin
      if (en_i) acc6_q <= shifted[SumW-1] ? {round_sign, rounded} : '0;  // a cancelled sum is +0
    end
    assign acc_o    = acc6_q;
    assign result_o = acc6_q;
  end

endmodule

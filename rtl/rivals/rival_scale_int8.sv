// Scale unit of INT8 in groups: acc <- acc + t, t = FP32(p * s_a * s_w), to the bit (docs/formats.md, "The
// sums of those with hardware"). Stages are enabled cycles counted from the one in which scale_a_i is
// presented:
//
//   0  s_a * s_w: 11 x 11 bit significands and the sum of exponents
//   1  p * significand (psum_i is sampled here)
//   2  carries of the product's lower half, search of its leading one
//   3  normalise, round to FP32: t
//   4  align, add: acc_i is sampled here (zero when first_i)
//   5  carries, search of the leading one
//   6  normalise, round
//   7  acc_o and result_o hold the sum
//
// The weight scale is double-buffered like the weights: load_w_i writes the shadow, switch_w_i copies
// the old shadow to the active one, for stage 0 of the next cycle on. FP16 scales that are no number count
// as 0, a scale's sign is ignored. t is a multiple of 2^-48 and below 2^52: no limits of FP32.
module rival_scale_int8 #(
  parameter int unsigned PsumW = 21,
  localparam int unsigned ScaleW = 16
) (
  input  logic              clk_i,
  input  logic              en_i,

  input  logic              load_w_i,
  input  logic              switch_w_i,
  input  logic [ScaleW-1:0] scale_w_i,

  input  logic [ScaleW-1:0] scale_a_i,  // stage 0
  input  logic [PsumW-1:0]  psum_i,     // stage 1; two's complement
  input  logic              first_i,    // stage 4: the sum starts from +0
  input  logic [31:0]       acc_i,      // stage 4

  output logic [31:0]       acc_o,
  output logic [31:0]       result_o
);

  localparam int unsigned CodeW = ScaleW - 1;  // without the sign
  localparam int unsigned SigW = 22;           // 2047 * 2047 fits
  localparam int unsigned ExpW = 6;            // 29 + 29 = 58 fits
  // |psum| <= LA * 127 * 127 < 2^(PsumW-1), and the scales' significands are below 2^SigW.
  localparam int unsigned ProdW = PsumW + SigW;
  localparam int unsigned MagW = ProdW - 1;
  // Units of 2^-24 for either significand.
  localparam int unsigned TopExp = MagW - 1 - 48 + 127;

  // FP16: significand in units of 2^-24 before the shift by the exponent.
  function automatic logic [10:0] significand(input logic [14:0] code);
    significand = code[14:10] == '1 ? 11'd0 : {code[14:10] != 5'd0, code[9:0]};
  endfunction
  function automatic logic [4:0] shift(input logic [4:0] exponent);
    shift = exponent == 5'd0 ? 5'd0 : exponent - 5'd1;
  endfunction

  logic [CodeW-1:0] shadow_w_q, active_w_q, code_a;
  logic [SigW-1:0]  sig1_q;
  logic [ExpW-1:0]  exp1_q, exp2_q;
  logic [MagW-1:0]  prod;
  logic [31:0]      t_d, t4_q;
  logic             unused_signs;

  assign unused_signs = scale_a_i[ScaleW-1] ^ scale_w_i[ScaleW-1];
  assign code_a       = scale_a_i[CodeW-1:0];

  // Booth's rows of the significands' product, digits -2 to 2: half the rows, of more than half the gates.
  // A row's sign bit is inverted, and what that adds is taken off: constants, summed when it is built.
  localparam int unsigned Rows = SigW / 2 + 1;  // the top one's digit is 0 or 1
  localparam int unsigned RowW = PsumW + 1;
  logic [2*Rows:0] digits;
  assign digits = {2'b00, sig1_q, 1'b0};

  // The lower LowW columns and the others are summed each by themselves: half the carry chain. No row has its
  // sign in a lower one.
  localparam int unsigned LowW = RowW - 1;
  localparam int unsigned OverW = $clog2(2 * Rows);  // carries of so many numbers
  localparam int unsigned HighW = MagW - LowW;
  logic [LowW+OverW-1:0] low_d, low2_q;
  logic [HighW-1:0]      high_d, high2_q;
  logic                  negative2_q;

  always_comb begin
    low_d  = '0;
    high_d = '0;
    for (int unsigned i = 0; i < Rows; i++) begin
      logic [2:0]      digit;
      logic [RowW-1:0] row;
      logic [MagW-1:0] term;
      digit = digits[2*i +: 3];
      row   = {RowW{digit[1] ^ digit[0]}} & {psum_i[PsumW-1], psum_i}
            | {RowW{digit == 3'b011 || digit == 3'b100}} & {psum_i, 1'b0};
      row   = row ^ {RowW{digit[2]}};
      term   = MagW'({~row[RowW-1], row[RowW-2:0]}) << (2 * i);
      low_d  = low_d + (LowW+OverW)'(term[LowW-1:0]);
      high_d = high_d + term[MagW-1:LowW] - HighW'((MagW'(1) << (2 * i + RowW - 1)) >> LowW);
      if (2 * i < LowW) low_d  = low_d + ((LowW+OverW)'(digit[2]) << (2 * i));
      else              high_d = high_d + (HighW'(digit[2]) << (2 * i - LowW));
    end
  end

  always_ff @(posedge clk_i) begin
    if (en_i && load_w_i)   shadow_w_q <= scale_w_i[CodeW-1:0];
    if (en_i && switch_w_i) active_w_q <= shadow_w_q;
    if (en_i) begin
      sig1_q  <= SigW'(significand(code_a)) * SigW'(significand(active_w_q));
      exp1_q  <= ExpW'(shift(code_a[14:10])) + ExpW'(shift(active_w_q[14:10]));
      low2_q      <= low_d;
      high2_q     <= high_d;
      negative2_q <= psum_i[PsumW-1] && sig1_q != '0;
      exp2_q  <= exp1_q;
      t4_q    <= t_d;
    end
  end

  assign prod = {high2_q + HighW'(low2_q[LowW +: OverW]), low2_q[LowW-1:0]};

  bcq_fp32_round #(.Width(MagW), .Cut(1)) u_round (
    .clk_i,
    .en_i,
    .sign_i     (negative2_q),
    .plus_i     (negative2_q),
    .mag_i      (prod ^ {MagW{negative2_q}}),
    .exponent_i (8'(TopExp) + 8'(exp2_q)),
    .fp32_o     (t_d)
  );

  rival_fp32_add u_add (.clk_i, .en_i, .term_i(t4_q), .first_i, .acc_i, .sum_o(acc_o));
  assign result_o = acc_o;

endmodule

// Scale unit of VSQ: acc <- acc + sum over the groups of p * S_a * S_w, modulo 2^32, all integers
// (docs/formats.md, "The sums of those with hardware"). Stages are enabled cycles counted from the
// one in which scale_a_i is presented:
//
//   0  S_a * S_w of each group: 4 x 4 bits
//   1  the sum of p * (S_a * S_w) (psum_i is sampled here)
//   2  add: acc_i is sampled here (zero when first_i)
//   3  acc_o and result_o hold the sum
//
// The weight scales are double-buffered like the weights: load_w_i writes a group's shadow, switch_w_i
// copies all old shadows to the active ones, for stage 0 of the next cycle on.
module rival_scale_vsq #(
  parameter int unsigned Groups = 4,
  parameter int unsigned PsumW = 11,
  localparam int unsigned ScaleW = 4
) (
  input  logic                     clk_i,
  input  logic                     en_i,

  input  logic [Groups-1:0]        load_w_i,
  input  logic                     switch_w_i,
  input  logic [ScaleW-1:0]        scale_w_i,

  input  logic [Groups*ScaleW-1:0] scale_a_i,  // stage 0
  input  logic [Groups*PsumW-1:0]  psum_i,     // stage 1; two's complement
  input  logic                     first_i,    // stage 2: the sum starts from 0
  input  logic [31:0]              acc_i,      // stage 2

  output logic [31:0]              acc_o,
  output logic [31:0]              result_o    // INT32
);

  localparam int unsigned BothW = 2 * ScaleW;
  localparam int unsigned SumW = PsumW + BothW + $clog2(Groups);

  logic [Groups*ScaleW-1:0] shadow_q, active_q;
  logic [Groups*BothW-1:0]  both_q;

  for (genvar g = 0; g < Groups; g++) begin : g_group
    always_ff @(posedge clk_i) begin
      if (en_i && load_w_i[g]) shadow_q[g*ScaleW +: ScaleW] <= scale_w_i;
      if (en_i) both_q[g*BothW +: BothW] <=
          BothW'(scale_a_i[g*ScaleW +: ScaleW]) * BothW'(active_q[g*ScaleW +: ScaleW]);
    end
  end

  // p times S_a*S_w by Booth digits (radix 4) of the latter: -2 .. 2, and a highest one that is 0 or 1.
  // A negative digit's row is inverted, the missing 1 is added at its lowest place. A row is signed: its
  // topmost bit is inverted too, which makes it 2^PsumW too large at its place, and that of the highest
  // digit 2^(PsumW-1). TopConstant takes all that off.
  localparam int unsigned Digits = BothW / 2;
  localparam logic [SumW-1:0] TopConstant = SumW'(0)
      - SumW'(Groups * ((((4 ** Digits - 1) / 3) << PsumW) + (1 << (PsumW + BothW - 1))));

  logic [SumW-1:0] sum_d, sum_q;
  logic [31:0]     acc_q;

  always_comb begin
    logic [PsumW-1:0] p;
    logic [BothW:0]   digits;
    logic [PsumW:0]   row;
    logic             one, two, negative;
    // One sum, no tree: the synthesis tool builds one compressor of all the rows.
    sum_d = TopConstant;
    for (int unsigned g = 0; g < Groups; g++) begin
      p      = psum_i[g*PsumW +: PsumW];
      digits = {both_q[g*BothW +: BothW], 1'b0};
      for (int unsigned k = 0; k < Digits; k++) begin
        one      = digits[2*k+1] ^ digits[2*k];
        two      = !one && digits[2*k+2] != digits[2*k+1];
        negative = digits[2*k+2];
        row      = ({p[PsumW-1], p} & {(PsumW+1){one}}) | ({p, 1'b0} & {(PsumW+1){two}});
        row      = row ^ {~negative, {PsumW{negative}}};
        sum_d    = sum_d + (SumW'(row) << (2*k)) + (SumW'(negative) << (2*k));
      end
      row   = {1'b0, p & {PsumW{digits[BothW]}}} ^ (PsumW+1)'(1 << (PsumW-1));
      sum_d = sum_d + (SumW'(row) << BothW);
    end
  end

  always_ff @(posedge clk_i) begin
    if (en_i && switch_w_i) active_q <= shadow_q;
    if (en_i) begin
      sum_q <= sum_d;
      acc_q <= (first_i ? '0 : acc_i) + 32'(signed'(sum_q));
    end
  end

  assign acc_o    = acc_q;
  assign result_o = acc_q;

endmodule

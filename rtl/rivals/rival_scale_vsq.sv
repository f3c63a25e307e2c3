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

  logic signed [SumW-1:0] sum_d, sum_q;
  logic [31:0]            acc_q;

  always_comb begin
    sum_d = '0;
    for (int unsigned g = 0; g < Groups; g++) begin
      sum_d = sum_d + SumW'(signed'(psum_i[g*PsumW +: PsumW])) * SumW'(both_q[g*BothW +: BothW]);
    end
  end

  always_ff @(posedge clk_i) begin
    if (en_i && switch_w_i) active_q <= shadow_q;
    if (en_i) begin
      sum_q <= sum_d;
      acc_q <= (first_i ? '0 : acc_i) + 32'(sum_q);
    end
  end

  assign acc_o    = acc_q;
  assign result_o = acc_q;

endmodule

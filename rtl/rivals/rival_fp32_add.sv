// sum_o <- FP32(acc_i + term_i), nearest even, two enabled cycles later: one to align and add, one to
// normalise and round. For normal numbers and +0; a zero exponent counts as zero. Limits: below 2^-126
// becomes +0, beyond the largest finite that; without it neither may occur. A cancelled sum is +0.
// What bcq_scale_unit does in its stages 3 and 4, for a term of 24 bits.
module rival_fp32_add #(
  parameter bit Limits = 1'b0
) (
  input  logic        clk_i,
  input  logic        en_i,

  input  logic [31:0] term_i,
  input  logic        first_i,  // the sum starts from +0
  input  logic [31:0] acc_i,

  output logic [31:0] sum_o
);

  // Guard, round and sticky suffice: a difference of operands two or more binades apart moves its
  // leading one by at most one place, and closer ones lose no bit.
  localparam int unsigned AlignW = 24 + 3;
  localparam int unsigned AlignSteps = $clog2(AlignW);
  localparam int unsigned SumW = AlignW + 1;
  localparam int unsigned ExpW = Limits ? 10 : 8;

  // ---- Compare, align, add ----------------------------------------------------------------------------

  logic [30:0]       acc, term, upper, lower;  // zero if the exponent is
  logic              acc_sign, swap, subtract, upper_sign;
  logic [7:0]        distance;
  logic [AlignW-1:0] aligned;
  logic [23:0]       upper_sig, lower_sig;

  assign acc       = first_i || acc_i[30:23] == '0 ? '0 : acc_i[30:0];
  assign acc_sign  = acc_i[31] && !first_i;
  assign term      = term_i[30:0];
  assign swap      = term > acc;
  assign upper       = swap ? term : acc;
  assign lower     = swap ? acc : term;
  assign upper_sign  = swap ? term_i[31] : acc_sign;
  assign subtract  = term_i[31] != acc_sign;
  assign distance  = upper[30:23] - lower[30:23];
  assign upper_sig   = {upper[30:23] != '0, upper[22:0]};
  assign lower_sig = {lower[30:23] != '0, lower[22:0]};

  always_comb begin
    logic sticky;
    aligned = {lower_sig, 3'b000};
    sticky  = 1'b0;
    for (int s = 0; s < AlignSteps; s++) begin
      if (distance[s]) begin
        sticky  = sticky || (aligned & ((AlignW'(1) << (1 << s)) - 1'b1)) != '0;
        aligned = aligned >> (1 << s);
      end
    end
    if ((distance >> AlignSteps) != '0) begin
      sticky  = lower_sig != '0;
      aligned = '0;
    end
    aligned[0] = aligned[0] | sticky;
  end

  logic [SumW-1:0] sum_d, sum_q;
  logic [7:0]      exponent_q;
  logic            sign_q;

  assign sum_d = subtract ? {1'b0, upper_sig, 3'b000} - {1'b0, aligned}
                          : {1'b0, upper_sig, 3'b000} + {1'b0, aligned};

  // ---- Normalise, round -------------------------------------------------------------------------------

  logic [31:0] sum;

  rival_fp32_round #(.Width(SumW), .ExpW(ExpW), .Limits(Limits)) u_round (
    .sign_i     (sign_q),
    .plus_i     (1'b0),
    .mag_i      (sum_q),
    .exponent_i (ExpW'(exponent_q) + 1'b1),  // the top bit of the sum is the carry
    .fp32_o     (sum)
  );

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      sum_q      <= sum_d;
      exponent_q <= upper[30:23];
      sign_q     <= upper_sign;
      sum_o      <= sum;
    end
  end

endmodule

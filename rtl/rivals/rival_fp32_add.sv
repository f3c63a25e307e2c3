// sum_o <- FP32(acc_i + term_i), nearest even, three enabled cycles later: align and add; carries and search of
// the leading one; normalise and round. For normal numbers and zeros, all bits but the sign 0. Limits: below
// 2^-126 becomes +0, beyond the largest finite that; without it neither may occur. A cancelled sum is +0.
// What bcq_scale_unit does in its stages 3 to 5, for a term of 24 bits.
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

  // ---- Compare exponents, align, add ------------------------------------------------------------------

  logic [31:0]       acc;
  logic [8:0]        difference;
  logic              swap, subtract, reverse;
  logic [7:0]        distance, upper_exp;
  logic [23:0]       acc_sig, term_sig, upper_sig;
  logic [AlignW-1:0] lower, aligned;

  assign acc        = acc_i & {32{!first_i}};
  assign acc_sig    = {acc[30:23] != '0, acc[22:0]};
  assign term_sig   = {term_i[30:23] != '0, term_i[22:0]};
  assign difference = {1'b0, acc[30:23]} - {1'b0, term_i[30:23]};
  assign swap       = difference[8];
  assign subtract   = term_i[31] != acc[31];
  assign upper_exp  = swap ? term_i[30:23] : acc[30:23];
  assign upper_sig  = swap ? term_sig : acc_sig;
  // Of a negative difference the ones' complement, which is one too small: one place is shifted here.
  assign distance   = difference[7:0] ^ {8{swap}};
  assign lower      = swap ? {1'b0, acc_sig, 2'b00} : {term_sig, 3'b000};

  // Of equal exponents the significands decide which is subtracted from the other. Nothing is aligned
  // then, so this has the time of the shifts.
  assign reverse = subtract && difference == '0 && term_sig > acc_sig;

  always_comb begin
    logic sticky;
    aligned = lower;
    sticky  = 1'b0;
    for (int s = 0; s < AlignSteps; s++) begin
      if (distance[s]) begin
        sticky  = sticky || (aligned & ((AlignW'(1) << (1 << s)) - 1'b1)) != '0;
        aligned = aligned >> (1 << s);
      end
    end
    if ((distance >> AlignSteps) != '0) begin
      sticky  = lower[AlignW-1:AlignW-2] != '0;  // one of them is the leading one
      aligned = '0;
    end
    aligned[0] = aligned[0] | sticky;
  end

  // One adder for sums and differences: the lowest bits make the carry of a subtraction. In thirds, a carry chain
  // each; the carries of the lower two are added in the next stage.
  localparam int unsigned PartW = SumW / 3 + 1;
  logic [SumW:0]   minuend, addend, sum_d;
  logic [PartW:0]  low, middle;
  logic [SumW-1:0] sum_q;
  logic [1:0]      carry_q;
  logic [7:0]      exponent_q;
  logic            sign_q, unused;

  assign unused  = sum_d[0];  // it has made its carry
  assign minuend = {reverse, {upper_sig, 3'b000} ^ {AlignW{reverse}}, 1'b1};
  assign addend  = {subtract && !reverse, aligned ^ {AlignW{subtract && !reverse}}, subtract};
  assign low     = (PartW+1)'(minuend[PartW-1:0]) + (PartW+1)'(addend[PartW-1:0]);
  assign middle  = (PartW+1)'(minuend[PartW +: PartW]) + (PartW+1)'(addend[PartW +: PartW]);
  assign sum_d   = {minuend[SumW:2*PartW] + addend[SumW:2*PartW], middle[PartW-1:0], low[PartW-1:0]};

  // ---- Normalise, round -------------------------------------------------------------------------------

  logic [SumW-1:0] whole;
  logic [31:0]     sum;

  assign whole = sum_q + (SumW'(carry_q[0]) << (PartW - 1)) + (SumW'(carry_q[1]) << (2 * PartW - 1));

  bcq_fp32_round #(.Width(SumW), .ExpW(ExpW), .Limits(Limits), .Cut(2)) u_round (
    .clk_i,
    .en_i,
    .sign_i     (sign_q),
    .plus_i     (1'b0),
    .mag_i      (whole),
    .exponent_i (ExpW'(exponent_q) + 1'b1),  // the top bit of the sum is the carry
    .fp32_o     (sum)
  );

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      sum_q      <= sum_d[SumW:1];
      carry_q    <= {middle[PartW], low[PartW]};
      exponent_q <= upper_exp;
      sign_q     <= swap || reverse ? term_i[31] : acc[31];
      sum_o      <= sum;
    end
  end

endmodule

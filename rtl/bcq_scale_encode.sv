// Array scale of docs/format.md section 4: the E4M3 code nearest to amax / (CMAX * 2^e_X), ties to the
// even mantissa, saturating at 448; exact, without a division. Latency 2, one a cycle, no handshake:
// valid_o is valid_i two cycles ago. Any 8-bit exponent is taken. Does not look for amax.
//
// Structure. With amax = m * 2^(E-134), m in [128, 255], the significand that E4M3 keeps is the number
// of its midpoints CMAX * (2k+1) that lie below 2*m, shifted to where the binade of the quotient (or
// the subnormals) puts it: 16 comparisons with constants.
module bcq_scale_encode #(
  parameter int unsigned EW = bcq_pkg::EW_DEFAULT
) (
  input  logic        clk_i,
  input  logic        rst_ni,

  input  logic        valid_i,
  input  logic [14:0] amax_i,      // BF16 less its sign; normal and finite, or 0
  input  logic [7:0]  exponent_i,  // e_X, two's complement

  output logic        valid_o,
  output logic [6:0]  code_o       // E4M3 less its sign, at most 0x7E
);

  localparam int unsigned Cmax = (1 << (EW - 1)) - 1;
  localparam int unsigned MidW = EW + 4;   // 2*m before the shift; the largest midpoint is 31 * CMAX
  localparam int unsigned Steps = 16;      // significands 0 to 16; 16 is 8 of the next binade

  // ---- Stage 1: the binade of the quotient ---------------------------------------------------------

  // m / CMAX lies in [2^(8-EW), 2^(9-EW)), or above where m reaches CMAX * 2^(9-EW).
  localparam int unsigned NextBinade = Cmax << (9 - EW);

  logic [7:0]        m;
  logic              above;
  logic signed [9:0] binade;   // exponent field of the code, less 1
  logic [3:0]        right;    // shift into the subnormals
  logic [MidW-1:0]   twice_d, twice_q;
  logic [3:0]        field_d, field_q;
  logic              sticky_d, sticky_q, zero_q, huge_q, valid_q;

  assign m      = {1'b1, amax_i[6:0]};
  assign above  = m >= 8'(NextBinade);
  assign binade = $signed({2'b0, amax_i[14:7]}) - 10'($signed(exponent_i)) - 10'(120 + EW)
                + 10'(above);
  assign field_d = binade < 0 ? 4'd0 : binade[3:0];
  // A quotient 2^-5 below the smallest subnormal's binade has no midpoint below it.
  assign right   = binade >= 0 ? 4'd0 : binade < -10'sd8 ? 4'd8 : 4'(-binade);

  always_comb begin
    logic [MidW-1:0] shifted;
    shifted  = MidW'({m, {(EW-4){1'b0}}} >> above);
    sticky_d = above && EW == 4 && m[0];
    for (int s = 0; s < 4; s++) begin
      if (right[s]) begin
        sticky_d = sticky_d || (shifted & ((MidW'(1) << (1 << s)) - 1'b1)) != '0;
        shifted  = shifted >> (1 << s);
      end
    end
    twice_d = shifted;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= 1'b0;
    else         valid_q <= valid_i;
  end
  always_ff @(posedge clk_i) begin
    twice_q  <= twice_d;
    sticky_q <= sticky_d;
    field_q  <= field_d;
    zero_q   <= amax_i[14:7] == '0;
    huge_q   <= binade > 10'sd14;
  end

  // ---- Stage 2: count the midpoints below ----------------------------------------------------------

  logic [4:0] significand;
  logic [7:0] sum;
  logic [6:0] code_d, code_q;
  logic       valid2_q;

  always_comb begin
    significand = '0;
    for (int unsigned k = 0; k < Steps; k++) begin
      // A tie between k and k + 1 goes to the even one.
      if (twice_q > MidW'(Cmax * (2 * k + 1)) ||
          (twice_q == MidW'(Cmax * (2 * k + 1)) && (sticky_q || k % 2 == 1))) begin
        significand = significand + 1'b1;
      end
    end
    sum    = {1'b0, field_q, 3'b000} + 8'(significand);
    code_d = sum[6:0];
    if (huge_q || sum > 8'(bcq_pkg::SCALE_MAX_CODE)) code_d = 7'(bcq_pkg::SCALE_MAX_CODE);
    if (zero_q) code_d = '0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid2_q <= 1'b0;
    else         valid2_q <= valid_q;
  end
  always_ff @(posedge clk_i) code_q <= code_d;

  assign valid_o = valid2_q;
  assign code_o  = code_q;

endmodule

// Normalised value of docs/format.md section 5: Y = x * 16 / (t * 2^e_X), rounded to the nearest
// integer, ties to even, saturated at +-16 * CMAX; exact. With x = +-m * 2^(E-134) and t * 2^e_X / 16 =
// divisor * 2^(offset-134), that is m / divisor * 2^(E-offset): a quotient of two small integers, shifted.
// Latency 2 enabled cycles, one a cycle, no handshake. Does not know scales: bcq_encoder prepares them.
module bcq_normalise #(
  parameter int unsigned EW = bcq_pkg::EW_DEFAULT,
  localparam int unsigned YW = EW + 4  // +-16 * CMAX, two's complement
) (
  input  logic          clk_i,
  input  logic          en_i,

  input  logic [15:0]   x_i,        // BF16: normal and finite, or zero
  input  logic [3:0]    divisor_i,  // significand of t, 8 to 15; 0 where t is 0
  input  logic [9:0]    offset_i,   // two's complement

  output logic [YW-1:0] y_o         // two's complement
);

  // From E - offset = EW on, m / divisor >= 128/15 saturates. Below it, EW fraction bits of the quotient
  // and a sticky bit are enough to round.
  localparam int unsigned QuotientW = EW + 5;      // below 32 * 2^EW
  localparam int unsigned RightMost = EW + 6;      // shifted so far, the quotient rounds to 0
  localparam int unsigned Top = 16 * ((1 << (EW - 1)) - 1);

  // ---- Stage 1: divide -----------------------------------------------------------------------------

  logic signed [10:0]   left;                      // E - offset
  logic [10:0]          distance;
  logic [QuotientW-1:0] quotient_d, quotient_q;
  logic [3:0]           right_d, right_q;
  logic                 rest_d, rest_q, huge_q, sign_q;

  assign left     = $signed({3'b0, x_i[14:7]}) - 11'($signed(offset_i));
  assign distance = 11'(EW) - left;
  assign right_d  = distance > 11'(RightMost) ? 4'(RightMost) : distance[3:0];

  // Long division, a bit a row. The first three bits of m are below every divisor.
  always_comb begin
    logic [4:0] rest;
    logic [QuotientW+2:0] dividend;
    dividend = {1'b1, x_i[6:0], {EW{1'b0}}};
    rest = {2'b0, dividend[QuotientW+2 -: 3]};
    for (int i = QuotientW - 1; i >= 0; i--) begin
      rest = {rest[3:0], dividend[i]};
      quotient_d[i] = rest >= {1'b0, divisor_i};
      if (quotient_d[i]) rest = rest - {1'b0, divisor_i};
    end
    rest_d = rest != '0;
  end

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      // Nothing is left of x = 0, nor of anything under t = 0.
      quotient_q <= x_i[14:7] == '0 || divisor_i == '0 ? '0 : quotient_d;
      rest_q     <= rest_d;
      right_q    <= right_d;
      huge_q     <= left >= $signed(11'(EW)) && x_i[14:7] != '0 && divisor_i != '0;
      sign_q     <= x_i[15];
    end
  end

  // ---- Stage 2: shift, round, saturate ---------------------------------------------------------------

  localparam int unsigned ShiftW = QuotientW + 1;  // the lowest bit is the half

  logic [ShiftW-1:0]    shifted;
  logic [QuotientW-1:0] rounded;
  logic [YW-2:0]        magnitude;
  logic [YW-1:0]        y_q;

  always_comb begin
    logic sticky;
    sticky  = rest_q;
    shifted = {quotient_q, 1'b0};
    for (int s = 0; s < 4; s++) begin
      if (right_q[s]) begin
        sticky  = sticky || (shifted & ((ShiftW'(1) << (1 << s)) - 1'b1)) != '0;
        shifted = shifted >> (1 << s);
      end
    end
    rounded = shifted[ShiftW-1:1] + QuotientW'(shifted[0] && (sticky || shifted[1]));
    magnitude = huge_q || rounded > QuotientW'(Top) ? (YW-1)'(Top) : rounded[YW-2:0];
  end

  always_ff @(posedge clk_i) begin
    if (en_i) y_q <= sign_q ? ~{1'b0, magnitude} + 1'b1 : {1'b0, magnitude};
  end
  assign y_o = y_q;

endmodule

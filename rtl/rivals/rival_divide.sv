// min(rne(m * 2^left / divisor), 2^Bits - 1): the nearest integer, ties to even, saturating; exact.
// Combinational, no handshake. Takes no divisor outside the two binades below, and no signs.
//
// Structure. m / divisor < 2^(8-DivisorW+1), so that from some shift on the quotient is beyond the largest
// and below some other one it is 0; in between m is shifted, and a long division leaves Bits bits and
// a rest, which is compared with half a divisor.
module rival_divide #(
  parameter int unsigned DivisorW = 11,
  parameter int unsigned Bits = 7,
  parameter int unsigned LeftMin = 2,    // below it the quotient is less than 1/2
  parameter int unsigned LeftMax = 10    // above it, at least 2^Bits - 1/2
) (
  input  logic [7:0]          m_i,        // 128 to 255, or 0
  input  logic signed [9:0]   left_i,
  input  logic [DivisorW-1:0] divisor_i,  // 2^(DivisorW-1) to 2^DivisorW - 1, or up to 1/8 less

  output logic [Bits-1:0]     quotient_o
);

  localparam int unsigned ShiftMax  = LeftMax - LeftMin;
  localparam int unsigned ShiftW    = $clog2(ShiftMax + 1);
  localparam int unsigned DividendW = 8 + LeftMax;

  logic [ShiftW-1:0]    shift;
  logic [DividendW-1:0] dividend;
  logic                 below, beyond;

  assign below    = left_i < $signed(10'(LeftMin)) || m_i == '0;
  assign shift    = ShiftW'(left_i - $signed(10'(LeftMin)));
  assign dividend = {{LeftMax{1'b0}}, m_i} << LeftMin << shift;
  // The quotient's integer part has more than Bits bits.
  assign beyond   = left_i > $signed(10'(LeftMax)) || (dividend >> Bits) >= DividendW'(divisor_i);

  always_comb begin
    logic [DivisorW:0] rest, twice;
    logic [Bits-1:0]   quotient;
    rest = (DivisorW+1)'(dividend >> Bits);
    for (int i = Bits - 1; i >= 0; i--) begin
      rest = {rest[DivisorW-1:0], dividend[i]};
      quotient[i] = rest >= {1'b0, divisor_i};
      if (quotient[i]) rest = rest - {1'b0, divisor_i};
    end
    twice = {rest[DivisorW-1:0], 1'b0};
    if (quotient != '1 && (twice > {1'b0, divisor_i} || (twice == {1'b0, divisor_i} && quotient[0]))) begin
      quotient = quotient + 1'b1;
    end
    quotient_o = below ? '0 : beyond ? '1 : quotient;
  end

endmodule

// An integer rounded once to FP32, to nearest even; combinational. The magnitude is mag_i, or with plus_i
// mag_i + 1: who has a negative sum inverts it and need not add the one. The one is added beyond the
// last place, as ones that the shift brings in and that the rounding counts: no carry chain before the
// shift, for about its area. plus_i is also right where the integer's lowest bit stands for whatever lies
// below it (a sticky bit).
//
// exponent_i is the biased exponent of the top bit of mag_i, two's complement. Zero gives +0. Limits: below
// 2^-126 becomes +0 (after rounding as if exponents had no end), beyond the largest finite that. Without
// Limits neither may occur. Subnormals are never made.
module rival_fp32_round #(
  parameter int unsigned Width = 40,
  parameter int unsigned ExpW = 8,     // two's complement with Limits, else modulo 2^8
  parameter bit          Limits = 1'b0
) (
  input  logic             sign_i,
  input  logic             plus_i,
  input  logic [Width-1:0] mag_i,
  input  logic [ExpW-1:0]  exponent_i,
  output logic [31:0]      fp32_o
);

  localparam int unsigned Steps = $clog2(Width);
  localparam int unsigned CutW = Width - 24;  // bits below the 24 that stay

  if (Width < 26 || ExpW < 8 || (Limits && ExpW < 9)) begin : g_bad_params
    $error("rival_fp32_round: want Width >= 26 and ExpW >= 8, with Limits 9");
  end

  logic [Width-1:0]   norm;
  logic [ExpW-1:0]    exponent;
  logic               guard, odd, all, any, up;
  logic [ExpW+22:0]   rounded;

  always_comb begin
    norm     = mag_i;
    exponent = exponent_i;
    for (int s = Steps - 1; s >= 0; s--) begin
      if ((norm >> (Width - (1 << s))) == '0) begin
        norm     = (norm << (1 << s)) | (Width'({Width{plus_i}}) >> (Width - (1 << s)));
        exponent = exponent - ExpW'(1 << s);
      end
    end
  end

  assign odd   = norm[CutW];
  assign guard = norm[CutW-1];
  assign any   = norm[CutW-2:0] != '0;
  assign all   = &norm[CutW-2:0];
  // With the one beyond the last place the rest is above half if guard is set, and half if it is 011..1.
  assign up    = plus_i ? guard || (all && odd) : guard && (any || odd);

  // A carry out of the fraction raises the exponent, and the fraction is then zero, as it must be.
  assign rounded = {exponent, norm[Width-2:CutW]} + (ExpW+23)'(up);

  if (Limits) begin : g_limits
    logic [ExpW-1:0] high;
    logic            none, beyond;
    assign high   = rounded[ExpW+22:23];
    assign none   = !norm[Width-1] || high[ExpW-1] || high == '0;
    assign beyond = !high[ExpW-1] && high >= ExpW'(255);
    assign fp32_o = none ? '0 : beyond ? {sign_i, 8'd254, {23{1'b1}}} : {sign_i, rounded[30:0]};
  end else begin : g_no_limits
    assign fp32_o = norm[Width-1] ? {sign_i, rounded[30:0]} : '0;
  end

endmodule

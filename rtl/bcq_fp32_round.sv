// An integer rounded once to FP32, to nearest even; combinational, or with Cut one or two enabled cycles later. The
// magnitude is mag_i, or with plus_i mag_i + 1: who has a negative sum inverts it and need not add the one.
// The one is added beyond the last place, as ones that follow it and that the rounding counts: no carry chain
// before the shift. plus_i is also right where the integer's lowest bit stands for whatever lies below it (a
// sticky bit).
//
// exponent_i is the biased exponent of the top bit of mag_i, two's complement. Zero gives +0. Limits: below
// 2^-126 becomes +0 (after rounding as if exponents had no end), beyond the largest finite that. Without
// Limits neither may occur. Subnormals are never made.
module bcq_fp32_round #(
  parameter int unsigned Width = 40,
  parameter int unsigned ExpW = 8,     // two's complement with Limits, else modulo 2^8
  parameter bit          Limits = 1'b0,
  parameter int unsigned Cut = 0       // 1: a register behind the search for the leading one, 2: behind the shift, 3: both
) (
  input  logic             clk_i,  // for Cut
  input  logic             en_i,
  input  logic             sign_i,
  input  logic             plus_i,
  input  logic [Width-1:0] mag_i,
  input  logic [ExpW-1:0]  exponent_i,
  output logic [31:0]      fp32_o
);

  if (Width < 26 || ExpW < 8 || (Limits && ExpW < 9)) begin : g_bad_params
    $error("bcq_fp32_round: want Width >= 26 and ExpW >= 8, with Limits 9");
  end

  // The highest byte that is not zero is found, by all bytes at once. It and the three below it are
  // kept, and of what is lower still whether it is other than all zeros, or with plus_i all ones.
  localparam int unsigned Bytes = (Width + 7) / 8;
  localparam int unsigned CountW = $clog2(Bytes);
  localparam int unsigned WindowW = 32;  // a leading one in the top byte, 24 bits from there, and the one that rounds
  localparam int unsigned PaddedW = 8 * (Bytes - 1) + WindowW;

  logic [PaddedW-1:0] padded;  // ones below the magnitude stand for the one that is missing
  logic [Bytes-1:0]   zero, plain;
  logic [CountW-1:0]  count;   // of zero bytes
  logic [WindowW-1:0] window_d, window;
  logic               rest_d, rest, sign, plus, guard, other, up_d, up, norm_sign;
  logic [ExpW-1:0]    exponent_d, exponent, norm_exp;
  logic [30:0]        rounded;

  for (genvar b = 0; b < Bytes; b++) begin : g_byte  // from the top
    if (b < Bytes - 1) begin : g_whole
      assign zero[b] = mag_i[Width-1-8*b -: 8] == '0;
    end else begin : g_last
      assign zero[b] = 1'b0;  // it is taken if all others are zero
    end
    assign plain[b] = padded[PaddedW-1-8*b -: 8] == {8{plus_i}};
  end

  assign padded = {mag_i, {(PaddedW - Width){plus_i}}};

  always_comb begin
    logic lead, here;
    window_d = '0;
    count    = '0;
    rest_d   = 1'b0;
    lead     = 1'b1;
    for (int b = 0; b < Bytes; b++) begin
      logic low_plain;
      low_plain = 1'b1;
      for (int l = b + WindowW / 8; l < Bytes; l++) low_plain = low_plain && plain[l];
      here     = lead && !zero[b];
      window_d = window_d | (padded[PaddedW-1-8*b -: WindowW] & {WindowW{here}});
      count    = count | (CountW'(b) & {CountW{here}});
      rest_d   = rest_d || (here && !low_plain);
      lead     = lead && zero[b];
    end
    exponent_d = exponent_i - (ExpW'(count) << 3);
  end

  if (Cut % 2 == 1) begin : g_cut
    always_ff @(posedge clk_i) begin
      if (en_i) {window, rest, exponent, sign, plus} <= {window_d, rest_d, exponent_d, sign_i, plus_i};
    end
  end else begin : g_no_cut
    logic unused;
    assign unused = clk_i ^ en_i;
    assign {window, rest, exponent, sign, plus} = {window_d, rest_d, exponent_d, sign_i, plus_i};
  end

  // Three steps bring it to the top of its byte: each keeps what the next ones may need.
  logic [27:0] kept4;
  logic [25:0] kept2;
  logic [24:0] kept1;
  logic [2:0]  by;
  logic [23:0] norm_d, norm;
  always_comb begin
    by[2]    = window[31:28] == '0;
    kept4    = by[2] ? window[27:0] : window[31:4];
    by[1]    = kept4[27:26] == '0;
    kept2    = by[1] ? kept4[25:0] : kept4[27:2];
    by[0]    = !kept2[25];
    kept1    = by[0] ? kept2[24:0] : kept2[25:1];
    other    = rest || (!by[2] && window[3:0] != {4{plus}}) || (!by[1] && kept4[1:0] != {2{plus}})
             || (!by[0] && kept2[0] != plus);
  end

  assign {norm_d, guard} = kept1;
  // With the one beyond the last place the rest is above half if guard is set, and half if it is 011..1.
  assign up_d = plus ? guard || (!other && norm_d[0]) : guard && (other || norm_d[0]);

  if (Cut / 2 == 1) begin : g_cut_late
    always_ff @(posedge clk_i) begin
      if (en_i) {norm, up, norm_sign, norm_exp} <= {norm_d, up_d, sign, exponent - ExpW'(by)};
    end
  end else begin : g_no_cut_late
    assign {norm, up, norm_sign, norm_exp} = {norm_d, up_d, sign, exponent - ExpW'(by)};
  end

  if (Limits) begin : g_limits
    // What the rounding may change at either limit is known beside it, not after its carry chain.
    logic carry, tiny, nothing, last, beyond;
    assign nothing = !norm[23] || norm_exp[ExpW-1];
    assign tiny    = nothing || norm_exp == '0;
    assign last    = norm_exp == ExpW'(254);
    assign beyond  = !nothing && norm_exp > ExpW'(254);
    assign carry   = (&norm[22:0]) && up;
    assign rounded = {norm_exp[7:0], norm[22:0]} + 31'(up && !(last && (&norm[22:0])));
    assign fp32_o  = {norm_sign && (!tiny || (!nothing && carry)),
                      beyond ? 8'd254 : rounded[30:23] & {8{!nothing}},
                      rounded[22:0] & {23{!tiny}} | {23{beyond}}};
  end else begin : g_no_limits
    // A carry out of the fraction raises the exponent, and the fraction is then zero, as it must be.
    assign rounded = {norm_exp[7:0], norm[22:0]} + 31'(up);
    assign fp32_o  = norm[23] ? {norm_sign, rounded} : '0;
  end

endmodule

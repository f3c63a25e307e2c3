// The other structures that give the bits of rival_quantise, for the areas in docs/formats.md, "On-line
// encoders"; same ports, same test (tb/test_rival_encoder_units.c). Nothing else uses them.
//
//   int8          m shifted to where the quotient is wanted, then divided (rival_divide)
//   vsq           a long division by S * gamma a scalar, no shared thresholds
//   mxfp4, nvfp4  m shifted to where the thresholds are, all seven compared and counted
module rival_encoder_structures #(
  parameter int unsigned Format = bcq_pkg::FORMAT_INT8,
  parameter bit          RoundEven = 1'b0,
  parameter int unsigned Lanes = bcq_pkg::LANES,
  localparam bit          Integer8 = Format == bcq_pkg::FORMAT_INT8 || Format == bcq_pkg::FORMAT_INT8_TOKEN,
  localparam bit          Vsq = Format == bcq_pkg::FORMAT_VSQ,
  localparam bit          Nvfp4 = Format == bcq_pkg::FORMAT_NVFP4,
  localparam int unsigned ElemW = Integer8 ? 8 : 4
) (
  input  logic [Lanes*16-1:0]    x_i,
  input  logic [7:0]             scale_i,
  input  logic [7:0]             exponent_i,
  input  logic [10:0]            significand_i,
  input  logic [7:0]             offset_i,

  output logic [Lanes*ElemW-1:0] element_o
);

  if (Integer8) begin : g_int8
    logic unused;
    assign unused = ^{scale_i, exponent_i, 1'(RoundEven)};

    for (genvar i = 0; i < Lanes; i++) begin : g_lane
      logic [7:0]        m, biased;
      logic [6:0]        magnitude;
      logic signed [9:0] left;

      assign biased = x_i[i*16+7 +: 8];
      // Nothing is left of x = 0, nor of anything under s = 0.
      assign m      = biased == '0 || !significand_i[10] ? '0 : {1'b1, x_i[i*16 +: 7]};
      assign left   = $signed({2'b0, biased}) - $signed({2'b0, offset_i});
      rival_divide u_divide (
        .m_i(m), .left_i(left), .divisor_i(significand_i), .quotient_o(magnitude)
      );
      assign element_o[i*8 +: 8] = {x_i[i*16+15] && magnitude != '0, magnitude};
    end
  end else if (Vsq) begin : g_vsq
    logic         zero;
    logic [14:0]  divisor;
    logic [7:0]   offset;
    logic         unused;
    assign unused = ^{scale_i[7:4], exponent_i, 1'(RoundEven)};

    always_comb begin
      logic [2:0] places;
      places  = '0;
      divisor = 15'(scale_i[3:0]) * 15'(significand_i);
      for (int s = 2; s >= 0; s--) begin
        if ((divisor >> (15 - (1 << s))) == '0) begin
          divisor = divisor << (1 << s);
          places[s] = 1'b1;
        end
      end
      offset = offset_i - 8'(places);
    end
    assign zero = !divisor[14];

    for (genvar i = 0; i < Lanes; i++) begin : g_lane
      logic [7:0] m, biased;
      logic [2:0] magnitude;

      assign biased = x_i[i*16+7 +: 8];
      assign m      = biased == '0 || zero ? '0 : {1'b1, x_i[i*16 +: 7]};
      // m / divisor is in (2^-8, 2^-6): from 2^-1 to 2^3 it matters.
      rival_divide #(.DivisorW(15), .Bits(3), .LeftMin(6), .LeftMax(10)) u_divide (
        .m_i(m), .left_i($signed({2'b0, biased}) - $signed({2'b0, offset})), .divisor_i(divisor),
        .quotient_o(magnitude)
      );
      assign element_o[i*4 +: 4] = {x_i[i*16+15] && magnitude != '0, magnitude};
    end
  end else begin : g_e2m1
    logic [3:0] divisor;
    logic [9:0] offset;
    logic       unused;

    if (Nvfp4) begin : g_e4m3
      assign unused = ^{significand_i, offset_i, scale_i[7], 1'(RoundEven)};
      bcq_divisor u_divisor (
        .code_i(scale_i[6:0]), .exponent_i, .divisor_o(divisor), .offset_o(offset)
      );
    end else begin : g_e8m0
      assign unused  = ^{significand_i, offset_i, exponent_i};
      assign divisor = 4'd8;
      assign offset  = {2'b0, scale_i};
    end

    // A middle between two codes, in quarters, and whether a tie goes to the upper code.
    function automatic logic [4:0] quarters(input int unsigned k);
      case (k)
        0:       quarters = 5'd1;
        1:       quarters = 5'd3;
        2:       quarters = 5'd5;
        3:       quarters = 5'd7;
        4:       quarters = 5'd10;
        5:       quarters = 5'd14;
        default: quarters = 5'd20;
      endcase
    endfunction

    logic [7*9-1:0] threshold;
    for (genvar k = 0; k < 7; k++) begin : g_threshold
      assign threshold[k*9 +: 9] = 9'(divisor) * 9'(quarters(k));
    end

    for (genvar i = 0; i < Lanes; i++) begin : g_lane
      logic [7:0]        biased;
      logic signed [9:0] left;      // the quotient's quarters are m / divisor * 2^(left-2)
      logic [2:0]        right, code;

      assign biased = x_i[i*16+7 +: 8];
      assign left   = $signed({2'b0, biased}) - $signed(offset);
      assign right  = left < -10'sd4 ? 3'd7 : 3'(10'sd3 - left);

      always_comb begin
        logic [8:0] shifted;
        logic       sticky;
        shifted = {1'b1, x_i[i*16 +: 7], 1'b0};
        sticky  = 1'b0;
        for (int s = 0; s < 3; s++) begin
          if (right[s]) begin
            sticky  = sticky || (shifted & ((9'd1 << (1 << s)) - 1'b1)) != '0;
            shifted = shifted >> (1 << s);
          end
        end
        code = '0;
        for (int k = 0; k < 7; k++) begin
          if ({shifted, sticky} >= {threshold[k*9 +: 9], (Nvfp4 || RoundEven) && k % 2 == 0}) code = code + 1'b1;
        end
        if (left > 10'sd3) code = 3'd7;
        if (biased == '0 || divisor == '0) code = '0;
      end
      assign element_o[i*4 +: 4] = {x_i[i*16+15] && code != '0, code};
    end
  end

endmodule

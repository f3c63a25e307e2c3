// The scalars of one beat that share a scale, divided by it and rounded, as docs/formats.md has it; exact.
// Combinational, no handshake. Does not look for scales and does not condition BF16.
module rival_quantise #(
  parameter int unsigned Format = bcq_pkg::FORMAT_INT8,
  parameter bit          RoundEven = 1'b0,           // mxfp4: ties to the even code, not away from zero
  parameter int unsigned Lanes = bcq_pkg::LANES,
  localparam bit          Integer8 = Format == bcq_pkg::FORMAT_INT8 || Format == bcq_pkg::FORMAT_INT8_TOKEN,
  localparam bit          Vsq = Format == bcq_pkg::FORMAT_VSQ,
  localparam bit          Nvfp4 = Format == bcq_pkg::FORMAT_NVFP4,
  localparam int unsigned ElemW = Integer8 ? 8 : 4
) (
  input  logic [Lanes*16-1:0]    x_i,                // BF16: normal and finite, or zero
  input  logic [7:0]             scale_i,            // as stored: E8M0, E4M3, or S; unused for INT8
  input  logic [7:0]             exponent_i,         // nvfp4: e, two's complement
  input  logic [10:0]            significand_i,      // INT8: s; vsq: gamma; of rival_fp16
  input  logic [7:0]             offset_i,

  output logic [Lanes*ElemW-1:0] element_o           // {sign, magnitude}; a zero has no sign
);

  if (Integer8) begin : g_int8
    logic unused;
    assign unused = ^{scale_i, exponent_i, 1'(RoundEven)};

    for (genvar i = 0; i < Lanes; i++) begin : g_lane
      rival_int8 u_int8 (
        .x_i(x_i[i*16 +: 16]), .significand_i, .offset_i, .element_o(element_o[i*8 +: 8])
      );
    end
  end else if (Vsq) begin : g_vsq
    logic           zero;
    logic [7:0]     offset;
    logic [8*9-1:0] threshold;
    logic           unused;
    assign unused = ^{scale_i[7:4], exponent_i, 1'(RoundEven)};

    rival_int4_divisor u_divisor (
      .scale_i(scale_i[3:0]), .significand_i, .offset_i,
      .zero_o(zero), .offset_o(offset), .threshold_o(threshold)
    );
    for (genvar i = 0; i < Lanes; i++) begin : g_lane
      logic [3:0] code;
      rival_int4 u_int4 (
        .x_i(x_i[i*16 +: 16]), .offset_i(offset), .threshold_i(threshold), .code_o(code)
      );
      assign element_o[i*4 +: 4] = zero ? '0 : code;
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
    for (genvar i = 0; i < Lanes; i++) begin : g_lane
      rival_e2m1 #(.RoundEven(Nvfp4 || RoundEven)) u_e2m1 (
        .x_i(x_i[i*16 +: 16]), .divisor_i(divisor), .offset_i(offset), .code_o(element_o[i*4 +: 4])
      );
    end
  end

endmodule

// The arithmetic of rival_encoder alone, for tb/test_rival_encoder_units.c: a group's scale from its amax, and 8
// scalars under a scale. Combinational; the clock is there because every model has one.
module rival_encoder_units #(
  parameter int unsigned Format = bcq_pkg::FORMAT_INT8,
  parameter bit          RoundEven = 1'b0,
  parameter bit          Other = 1'b0,   // the structures of synth/rival_encoder_structures.sv
  localparam bit          Token = Format == bcq_pkg::FORMAT_INT8_TOKEN,
  localparam bit          Int8 = Format == bcq_pkg::FORMAT_INT8,
  localparam int unsigned ElemW = Token || Int8 ? 8 : 4,
  localparam int unsigned ScaleW = Int8 ? 16 : Format == bcq_pkg::FORMAT_VSQ ? 4 : 8
) (
  input  logic         clk_i,

  input  logic [14:0]  amax_i,
  input  logic [7:0]   exponent_i,
  input  logic [15:0]  given_i,     // FP16: s or gamma; int8: the scale as stored
  output logic [15:0]  scale_o,
  output logic         nan_o,

  input  logic [7:0]   scale_i,     // as stored, of 8 bits or less
  input  logic [127:0] x_i,
  output logic [63:0]  element_o
);

  logic        unused;
  logic [10:0] significand;
  logic [7:0]  offset;

  assign unused = clk_i;

  rival_fp16 u_fp16 (
    .code_i(given_i), .significand_o(significand), .offset_o(offset), .nan_o
  );

  if (Token) begin : g_token
    logic unused_scale;
    assign unused_scale = ^amax_i;
    assign scale_o = '0;
  end else begin : g_scale
    logic [ScaleW-1:0] scale;
    rival_scale #(.Format(Format)) u_scale (
      .amax_i, .exponent_i, .gamma_significand_i(significand), .gamma_offset_i(offset), .scale_o(scale)
    );
    assign scale_o = 16'(scale);
  end

  logic [8*ElemW-1:0] element;

  if (Other) begin : g_other
    rival_encoder_structures #(.Format(Format), .RoundEven(RoundEven), .Lanes(8)) u_quantise (
      .x_i, .scale_i, .exponent_i, .significand_i(significand), .offset_i(offset), .element_o(element)
    );
  end else begin : g_quantise
    rival_quantise #(.Format(Format), .RoundEven(RoundEven), .Lanes(8)) u_quantise (
      .x_i, .scale_i, .exponent_i, .significand_i(significand), .offset_i(offset), .element_o(element)
    );
  end
  assign element_o = 64'(element);

endmodule

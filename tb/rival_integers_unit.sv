// The processing elements of synth/rival_integer_structures.sv beside bcq_pe, and its scale units of VSQ beside
// rival_scale_vsq, on the same operands, for the test that they agree. Inputs are held for some cycles, so
// that their different latencies do not show.
module rival_integers_unit #(
  parameter int unsigned EW = 8,
  parameter int unsigned PsumW = 21,
  localparam int unsigned Lanes = 8
) (
  input  logic                clk_i,
  input  logic [Lanes*EW-1:0] w_i,      // sign and magnitude
  input  logic [Lanes*EW-1:0] a_i,
  input  logic [PsumW-1:0]    psum_i,
  output logic [7*PsumW-1:0]  psum_o,   // psum_i and the products: Kind 0 (bcq_pe) lowest

  input  logic [15:0]         scale_w_i,
  input  logic [15:0]         scale_a_i,
  input  logic [43:0]         sums_i,
  input  logic                first_i,
  input  logic [31:0]         acc_i,
  input  logic [3:0]          load_w_i,
  output logic [9*32-1:0]     acc_o     // Kind 0 lowest, rival_scale_vsq highest
);

  logic [Lanes*EW-1:0] w_twos, a_twos;
  for (genvar i = 0; i < Lanes; i++) begin : g_lane
    assign w_twos[i*EW +: EW] = w_i[i*EW+EW-1] ? -{1'b0, w_i[i*EW +: EW-1]} : w_i[i*EW +: EW];
    assign a_twos[i*EW +: EW] = a_i[i*EW+EW-1] ? -{1'b0, a_i[i*EW +: EW-1]} : a_i[i*EW +: EW];
  end

  logic [7*Lanes*EW-1:0] a_right;
  logic [6:0]            switch_right;
  bcq_pe #(.Lanes(Lanes), .EW(EW), .PsumW(PsumW)) u_pe (
    .clk_i, .en_i(1'b1), .load_i(1'b1), .switch_i(1'b1), .w_i, .a_i, .a_o(a_right[Lanes*EW-1:0]),
    .switch_o(switch_right[0]), .psum_i(psum_i - PsumW'(Lanes << (2*EW-2))), .psum_o(psum_o[PsumW-1:0])
  );
  for (genvar kind = 1; kind < 7; kind++) begin : g_kind
    logic [PsumW-1:0] top;
    structure_int_pe #(.Kind(kind), .Lanes(Lanes), .EW(EW), .PsumW(PsumW)) u_pe (
      .clk_i, .en_i(1'b1), .load_i(1'b1), .switch_i(1'b1), .w_i(kind < 4 ? w_twos : w_i),
      .a_i(kind < 4 ? a_twos : a_i), .a_o(a_right[kind*Lanes*EW +: Lanes*EW]), .switch_o(switch_right[kind]),
      .psum_i(psum_i + top), .psum_o(psum_o[kind*PsumW +: PsumW]), .top_o(top)
    );
  end

  // The scale of the group that load_w_i names, one group at a time.
  logic [3:0] scale_w;
  always_comb begin
    scale_w = '0;
    for (int unsigned g = 0; g < 4; g++) if (load_w_i[g]) scale_w = scale_w_i[4*g +: 4];
  end
  logic [31:0] result;
  for (genvar kind = 0; kind < 8; kind++) begin : g_vsq
    structure_vsq #(.Kind(kind)) u_scale (
      .clk_i, .en_i(1'b1), .load_w_i, .switch_w_i(1'b1), .scale_w_i(scale_w), .scale_a_i, .psum_i(sums_i),
      .first_i, .acc_i, .acc_o(acc_o[kind*32 +: 32])
    );
  end
  rival_scale_vsq u_scale (
    .clk_i, .en_i(1'b1), .load_w_i, .switch_w_i(1'b1), .scale_w_i(scale_w), .scale_a_i, .psum_i(sums_i),
    .first_i, .acc_i, .acc_o(acc_o[8*32 +: 32]), .result_o(result)
  );

  logic unused;
  assign unused = ^{a_right, switch_right, result};

endmodule

// A processing element to which codes travel and which holds codes: weights twice, shadow and active,
// activations once. It decodes both operands in front of the products of bcq_pe, in the same cycle, so its
// timing is that of bcq_pe, and an operand's register is smaller or larger by what is decoded here:
//   Decode 1 (entry)  {indices, the blocks' codebooks}: the selection is done at the edge, see bcq_edge
//   Decode 2 (code)   {indices, the blocks' selectors}: table_a_i and table_w_i hold all codebooks
// Everything holds while en_i is low. Nothing is reset. Does not know the entries' coding.
module bcq_pe_decode #(
  parameter int unsigned Lanes = bcq_pkg::LANES,
  parameter int unsigned LB = bcq_pkg::LB_DEFAULT,
  parameter int unsigned NC = bcq_pkg::NC_DEFAULT,
  parameter int unsigned B  = bcq_pkg::B_DEFAULT,
  parameter int unsigned EW = bcq_pkg::EW_DEFAULT,
  parameter int unsigned PsumW = 18,
  parameter bit          TwosComplement = 1'b0,
  parameter int unsigned Decode = 1,
  parameter bit          Asic = 1'b0,  // for standard cells: see bcq_pe
  localparam int unsigned SelW   = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned BookW  = (1 << B) * EW,
  localparam int unsigned TableW = Decode == 2 ? NC * BookW : 1,
  localparam int unsigned FieldW = Decode == 2 ? SelW : BookW,  // what tells a block's codebook
  localparam int unsigned Blocks = Lanes / LB,
  localparam int unsigned HeldW  = Blocks * FieldW + Lanes * B
) (
  input  logic              clk_i,
  input  logic              en_i,

  input  logic [TableW-1:0] table_a_i,  // codebook 0 entry 0 lowest; Decode 1: unused
  input  logic [TableW-1:0] table_w_i,

  // load: shadow <= w_i. switch: active <= shadow. In the same cycle, active gets the old shadow.
  input  logic              load_i,
  input  logic              switch_i,
  input  logic [HeldW-1:0]  w_i,

  input  logic [HeldW-1:0]  a_i,       // from the left
  output logic [HeldW-1:0]  a_o,       // to the right neighbour
  output logic              switch_o,  // to the right neighbour

  input  logic [PsumW-1:0]  psum_i,    // from above
  output logic [PsumW-1:0]  psum_o     // down
);

  if (Decode != 1 && Decode != 2) begin : g_bad_params
    $error("bcq_pe_decode: Decode must be 1 or 2");
  end

  logic [HeldW-1:0]    shadow_q, active_q, a_q;
  logic                switch_q;
  logic [Lanes*EW-1:0] a_entry, w_entry;

  for (genvar block = 0; block < Blocks; block++) begin : g_block
    localparam int unsigned Index = Blocks * FieldW + block * LB * B;  // where the indices begin

    if (Decode == 2) begin : g_code
      bcq_decoder #(.Lanes(LB), .LB(LB), .NC(NC), .B(B), .EW(EW)) u_decoder_a (
        .table_i    (table_a_i),
        .selector_i (a_i[block*FieldW +: FieldW]),
        .index_i    (a_i[Index +: LB*B]),
        .entry_o    (a_entry[block*LB*EW +: LB*EW])
      );
      bcq_decoder #(.Lanes(LB), .LB(LB), .NC(NC), .B(B), .EW(EW)) u_decoder_w (
        .table_i    (table_w_i),
        .selector_i (active_q[block*FieldW +: FieldW]),
        .index_i    (active_q[Index +: LB*B]),
        .entry_o    (w_entry[block*LB*EW +: LB*EW])
      );
    end else begin : g_entry
      bcq_decoder #(.Lanes(LB), .LB(LB), .NC(1), .B(B), .EW(EW)) u_decoder_a (
        .table_i    (a_i[block*FieldW +: FieldW]),
        .selector_i (1'b0),
        .index_i    (a_i[Index +: LB*B]),
        .entry_o    (a_entry[block*LB*EW +: LB*EW])
      );
      bcq_decoder #(.Lanes(LB), .LB(LB), .NC(1), .B(B), .EW(EW)) u_decoder_w (
        .table_i    (active_q[block*FieldW +: FieldW]),
        .selector_i (1'b0),
        .index_i    (active_q[Index +: LB*B]),
        .entry_o    (w_entry[block*LB*EW +: LB*EW])
      );
    end
  end

  logic [Lanes*EW-1:0] unused_a;
  logic                unused_switch, unused;
  assign unused = ^{unused_a, unused_switch, Decode == 2 ? '0 : table_a_i ^ table_w_i};

  bcq_pe #(.Lanes(Lanes), .EW(EW), .PsumW(PsumW), .TwosComplement(TwosComplement), .Hold(1'b0), .Asic(Asic)) u_sum (
    .clk_i,
    .en_i,
    .load_i,
    .switch_i,
    .w_i      (w_entry),
    .a_i      (a_entry),
    .a_o      (unused_a),
    .switch_o (unused_switch),
    .psum_i,
    .psum_o
  );

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      a_q      <= a_i;
      switch_q <= switch_i;
    end
  end

  if (Asic) begin : g_latch
    bcq_weight_latches #(.Width(HeldW)) u_weights (
      .clk_i, .en_i, .load_i, .switch_i, .w_i, .active_o(active_q)
    );
    logic unused_shadow;
    assign shadow_q = '0;
    assign unused_shadow = ^shadow_q;
  end else begin : g_flop
    always_ff @(posedge clk_i) begin
      if (en_i && load_i)   shadow_q <= w_i;
      if (en_i && switch_i) active_q <= shadow_q;
    end
  end

  assign a_o      = a_q;
  assign switch_o = switch_q;

endmodule

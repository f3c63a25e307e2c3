// The array's edge where processing elements decode (bcq_pe_decode): takes the codes of one row of lanes,
// {indices, selectors}, and gives a cycle later what travels to the elements:
//   Decode 1 (entry)  {indices, the codebook that each selector picks}
//   Decode 2 (code)   the codes as they are
// Stands for the decoder and its register, latency 1; held_o holds while en_i is low. No reset.
module bcq_edge #(
  parameter int unsigned Lanes = bcq_pkg::LANES,
  parameter int unsigned LB = bcq_pkg::LB_DEFAULT,
  parameter int unsigned NC = bcq_pkg::NC_DEFAULT,
  parameter int unsigned B  = bcq_pkg::B_DEFAULT,
  parameter int unsigned EW = bcq_pkg::EW_DEFAULT,
  parameter int unsigned Decode = 1,
  localparam int unsigned SelW   = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned BookW  = (1 << B) * EW,
  localparam int unsigned FieldW = Decode == 2 ? SelW : BookW,
  localparam int unsigned Blocks = Lanes / LB,
  localparam int unsigned CodesW = Blocks * SelW + Lanes * B,
  localparam int unsigned HeldW  = Blocks * FieldW + Lanes * B
) (
  input  logic                clk_i,
  input  logic                en_i,
  input  logic [NC*BookW-1:0] table_i,  // codebook 0 entry 0 lowest
  input  logic [CodesW-1:0]   codes_i,
  output logic [HeldW-1:0]    held_o
);

  logic [HeldW-1:0] held_d, held_q;

  if (Decode == 2) begin : g_code
    logic unused;
    assign unused = ^table_i;
    assign held_d = codes_i;
  end else begin : g_entry
    logic [BookW-1:0] book_of [NC];
    for (genvar c = 0; c < NC; c++) begin : g_book
      assign book_of[c] = table_i[c*BookW +: BookW];
    end
    for (genvar block = 0; block < Blocks; block++) begin : g_block
      // NC = 1: the selector's bit means nothing.
      if (NC == 1) assign held_d[block*BookW +: BookW] = book_of[0];
      else         assign held_d[block*BookW +: BookW] = book_of[codes_i[block*SelW +: SelW]];
    end
    assign held_d[Blocks*BookW +: Lanes*B] = codes_i[Blocks*SelW +: Lanes*B];

    if (NC == 1) begin : g_single
      logic unused;
      assign unused = ^codes_i[Blocks*SelW-1:0];
    end
  end

  always_ff @(posedge clk_i) if (en_i) held_q <= held_d;
  assign held_o = held_q;

endmodule

// Decodes the codes of one row of lanes: entry[lane] = table[selector of its block][index].
// Combinational, no handshake. Does not apply scales (docs/format.md, section 7: that is one
// multiplication a block array, after the dot product).
//
// Structure. The blocks of a row share their selection: first a whole codebook is picked a block,
// then an entry a lane. Both steps index an array, because a part select with a stride that is no
// power of two (book[index*EW +: EW]) would become a barrel shifter.
module bcq_decoder #(
  parameter int unsigned Lanes = bcq_pkg::LANES,
  parameter int unsigned LB = bcq_pkg::LB_DEFAULT,
  parameter int unsigned NC = bcq_pkg::NC_DEFAULT,
  parameter int unsigned B  = bcq_pkg::B_DEFAULT,
  parameter int unsigned EW = bcq_pkg::EW_DEFAULT,
  localparam int unsigned Entries = 1 << B,
  localparam int unsigned SelW    = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned BookW   = Entries * EW,
  localparam int unsigned Blocks  = Lanes / LB
) (
  input  logic [NC*BookW-1:0]     table_i,     // sign-magnitude entries, codebook 0 entry 0 lowest
  input  logic [Blocks*SelW-1:0]  selector_i,
  input  logic [Lanes*B-1:0]      index_i,
  output logic [Lanes*EW-1:0]     entry_o      // sign-magnitude
);

  if (Lanes % LB != 0) begin : g_bad_params
    $error("bcq_decoder: LB must divide Lanes");
  end

  for (genvar block = 0; block < Blocks; block++) begin : g_block
    logic [SelW-1:0]  selector;
    logic [BookW-1:0] book;
    assign selector = selector_i[block*SelW +: SelW];

    if (NC == 1) begin : g_single
      logic unused_selector;
      assign unused_selector = ^selector;
      assign book = table_i;
    end else begin : g_select
      logic [BookW-1:0] book_of [NC];
      for (genvar c = 0; c < NC; c++) begin : g_book
        assign book_of[c] = table_i[c*BookW +: BookW];
      end
      assign book = book_of[selector];
    end

    logic [EW-1:0] entry_of [Entries];
    for (genvar k = 0; k < Entries; k++) begin : g_entry
      assign entry_of[k] = book[k*EW +: EW];
    end
    for (genvar lane = block * LB; lane < (block + 1) * LB; lane++) begin : g_lane
      assign entry_o[lane*EW +: EW] = entry_of[index_i[lane*B +: B]];
    end
  end

endmodule

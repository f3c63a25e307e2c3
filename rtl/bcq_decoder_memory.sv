// Decodes the codes of one row of lanes as bcq_decoder does, entry[lane] = table[selector of its
// block][index], from memories: each lane has a copy of its side's codebooks and reads it through a
// register. So this stands for the decoder and its output register, latency 1; entry_o holds while
// en_i is low. An entry is written to all copies at once, and nothing is read then: said so that tools need
// not build what a memory does not do by itself where both meet. For FPGAs, whose memories come for nothing
// where the selection costs a few hundred LUTs. No reset: what was never written is not to be read.
module bcq_decoder_memory #(
  parameter int unsigned Lanes = bcq_pkg::LANES,
  parameter int unsigned LB = bcq_pkg::LB_DEFAULT,
  parameter int unsigned NC = bcq_pkg::NC_DEFAULT,
  parameter int unsigned B  = bcq_pkg::B_DEFAULT,
  parameter int unsigned EW = bcq_pkg::EW_DEFAULT,
  localparam int unsigned SelW   = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned AddrW  = $clog2(NC) + B,
  localparam int unsigned Blocks = Lanes / LB
) (
  input  logic                    clk_i,

  input  logic                    write_i,
  input  logic [AddrW-1:0]        addr_i,      // {codebook, index}
  input  logic [EW-1:0]           entry_i,     // sign-magnitude

  input  logic                    en_i,
  input  logic [Blocks*SelW-1:0]  selector_i,
  input  logic [Lanes*B-1:0]      index_i,
  output logic [Lanes*EW-1:0]     entry_o      // sign-magnitude
);

  for (genvar lane = 0; lane < Lanes; lane++) begin : g_lane
    logic [EW-1:0]    word_q [NC << B];
    logic [EW-1:0]    entry_q;
    logic [SelW-1:0]  selector;
    logic [AddrW-1:0] addr;

    // NC = 1: the selector's bit means nothing.
    assign selector = selector_i[lane/LB*SelW +: SelW];
    assign addr     = AddrW'({selector, index_i[lane*B +: B]});

    always_ff @(posedge clk_i) begin
      if (write_i)          word_q[addr_i] <= entry_i;
      if (en_i && !write_i) entry_q <= word_q[addr];
    end
    assign entry_o[lane*EW +: EW] = entry_q;
  end

endmodule

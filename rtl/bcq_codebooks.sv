// Codebook storage: NC tables of 2^B entries, written one codebook a cycle, read all at once.
// Entries come in two's complement (docs/format.md, section 2) and are kept in sign-magnitude, the
// coding that the decoders hand to the processing elements. The entry -2^(EW-1), which every loader
// refuses, is kept as minus zero. TwosComplement: entries are kept as they come, and -2^(EW-1) counts as
// that integer, for which all sums have room. Frozen: the tables are the parameter FrozenTable instead, nothing
// is stored and writes have no effect. Asic: tables are latches, open in the second half of a cycle with write_i;
// write_i and book_i must settle in its first half. Latency 1 from write to use. Does not check the order of entries.
module bcq_codebooks #(
  parameter int unsigned NC = bcq_pkg::NC_DEFAULT,
  parameter int unsigned B  = bcq_pkg::B_DEFAULT,
  parameter int unsigned EW = bcq_pkg::EW_DEFAULT,
  parameter bit          Frozen = 1'b0,
  parameter bit          TwosComplement = 1'b0,
  parameter bit          Asic = 1'b0,
  localparam int unsigned Entries  = 1 << B,
  localparam int unsigned SelW     = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned BookW    = Entries * EW,  // one codebook
  parameter logic [NC*BookW-1:0] FrozenTable = '0   // two's complement, codebook 0 entry 0 lowest
) (
  input  logic                clk_i,

  input  logic                write_i,
  input  logic [SelW-1:0]     book_i,   // which codebook
  input  logic [BookW-1:0]    entry_i,  // its entries, two's complement, entry 0 lowest

  output logic [NC*BookW-1:0] table_o   // codebook 0 entry 0 lowest
);

  function automatic logic [EW-1:0] kept(input logic [EW-1:0] entry);
    kept = entry[EW-1] && !TwosComplement ? {1'b1, ~entry[EW-2:0] + 1'b1} : entry;
  endfunction

  if (Frozen) begin : g_frozen
    logic unused;
    assign unused = ^{clk_i, write_i, book_i, entry_i};
    for (genvar e = 0; e < NC * Entries; e++) begin : g_entry
      assign table_o[e*EW +: EW] = kept(FrozenTable[e*EW +: EW]);
    end
  end else begin : g_programmable
    logic [BookW-1:0] book_d;

    for (genvar k = 0; k < Entries; k++) begin : g_entry
      assign book_d[k*EW +: EW] = kept(entry_i[k*EW +: EW]);
    end

    for (genvar c = 0; c < NC; c++) begin : g_book
      logic [BookW-1:0] book_q;
      logic             write;
      assign write = write_i && (NC == 1 || book_i == SelW'(c));
      if (Asic) begin : g_latch
        logic open;
        bcq_clock_gate u_write (.clk_i(!clk_i), .en_i(write), .clk_o(open));
        always_latch if (open) book_q = book_d;
      end else begin : g_flop
        always_ff @(posedge clk_i) if (write) book_q <= book_d;
      end
      assign table_o[c*BookW +: BookW] = book_q;
    end
  end

endmodule

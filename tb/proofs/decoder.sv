// Decoder: each lane's entry is table[selector of its block][index], for every table, every selector
// and every index. One lane, any of them.
module decoder #(
  parameter int unsigned Lanes = 8,
  parameter int unsigned LB = 8,
  parameter int unsigned NC = 16,
  parameter int unsigned B = 4,
  parameter int unsigned EW = 6,
  localparam int unsigned Entries = 1 << B,
  localparam int unsigned SelW = NC > 1 ? $clog2(NC) : 1
) (
  input logic [NC*Entries*EW-1:0]   table_i,
  input logic [Lanes/LB*SelW-1:0]   selector_i,
  input logic [Lanes*B-1:0]         index_i,
  input logic [$clog2(Lanes)-1:0]   lane_i
);

  logic [Lanes*EW-1:0] entry;
  bcq_decoder #(.Lanes(Lanes), .LB(LB), .NC(NC), .B(B), .EW(EW)) dut (
    .table_i, .selector_i, .index_i, .entry_o(entry)
  );

  // By shifts, where the decoder selects from arrays.
  logic [SelW-1:0] selector;
  logic [B-1:0]    index;
  logic [31:0]     place;
  logic [EW-1:0]   wanted, got;
  assign selector = NC == 1 ? '0 : SelW'(selector_i >> (lane_i / LB * SelW));
  assign index    = B'(index_i >> (lane_i * B));
  assign place    = (32'(selector) * Entries + 32'(index)) * EW;
  assign wanted   = EW'(table_i >> place);
  assign got      = EW'(entry >> (lane_i * EW));

  always_comb assert (got == wanted);

endmodule

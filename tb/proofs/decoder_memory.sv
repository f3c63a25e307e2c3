// Decoder with its tables in memories: what a lane delivers is the entry last written to {selector of
// its block, index}, the codes being those of the last enabled cycle without a write. One lane and one
// entry, any. The memories start with any content.
module decoder_memory #(
  parameter int unsigned Lanes = 4,
  parameter int unsigned LB = 2,
  parameter int unsigned NC = 2,
  parameter int unsigned B = 2,
  parameter int unsigned EW = 4,
  localparam int unsigned SelW = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned AddrW = $clog2(NC) + B
) (
  input logic                      clk_i,
  input logic                      write_i,
  input logic [AddrW-1:0]          addr_i,
  input logic [EW-1:0]             entry_i,
  input logic                      en_i,
  input logic [Lanes/LB*SelW-1:0]  selector_i,
  input logic [Lanes*B-1:0]        index_i
);

  logic [Lanes*EW-1:0] entry;
  bcq_decoder_memory #(.Lanes(Lanes), .LB(LB), .NC(NC), .B(B), .EW(EW)) dut (
    .clk_i, .write_i, .addr_i, .entry_i, .en_i, .selector_i, .index_i, .entry_o(entry)
  );

  (* anyconst *) logic [AddrW-1:0]         addr;
  (* anyconst *) logic [$clog2(Lanes)-1:0] lane;

  logic [SelW-1:0] selector;
  logic [B-1:0]    index;
  logic            read, known_q = 1'b0, wanted_q = 1'b0;
  logic [EW-1:0]   word_q, data_q, got;
  assign selector = NC == 1 ? '0 : SelW'(selector_i >> (32'(lane) / LB * SelW));
  assign index    = B'(index_i >> (32'(lane) * B));
  assign read     = 32'(addr) == (32'(selector) << B) + 32'(index);
  assign got      = EW'(entry >> (32'(lane) * EW));
  always_ff @(posedge clk_i) begin
    if (write_i && addr_i == addr) begin
      known_q <= 1'b1;
      word_q  <= entry_i;
    end
    if (en_i && !write_i) begin
      wanted_q <= read && known_q;
      data_q   <= word_q;
    end
  end

  always_comb if (wanted_q) assert (got == data_q);

endmodule

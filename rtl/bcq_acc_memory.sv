// Accumulators of one column, one a token of the tile: one write and one read port.
// A read takes one cycle: data_o holds the word of the last read_i. Reading the address that is
// written in the same cycle gives the old word; the sequencer never does. No reset: a slot is
// written by a tile's first block array before anything reads it.
module bcq_acc_memory #(
  parameter int unsigned Words = 64,
  parameter int unsigned Width = 32,
  localparam int unsigned AddrW = $clog2(Words)
) (
  input  logic             clk_i,

  input  logic             write_i,
  input  logic [AddrW-1:0] write_addr_i,
  input  logic [Width-1:0] write_data_i,

  input  logic             read_i,
  input  logic [AddrW-1:0] read_addr_i,
  output logic [Width-1:0] data_o
);

  logic [Width-1:0] word_q [Words];

  always_ff @(posedge clk_i) begin
    if (write_i) word_q[write_addr_i] <= write_data_i;
    if (read_i)  data_o <= word_q[read_addr_i];
  end

endmodule

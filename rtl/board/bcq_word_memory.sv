// A block RAM: one write port, one read port with a registered word that stays until the next read. A word
// that is written must not be read in the same cycle.
module bcq_word_memory #(
  parameter int unsigned Words = 256,
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

  // Nobody reads a word while it is written: no logic is spent on what would come out.
  (* no_rw_check *) logic [Width-1:0] word_q [Words];

  always_ff @(posedge clk_i) begin
    if (write_i) word_q[write_addr_i] <= write_data_i;
    if (read_i)  data_o <= word_q[read_addr_i];
  end

endmodule

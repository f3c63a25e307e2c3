// Accumulator memory: a read gives the word last written to its address, the old one if both come
// together, and it is held until the next read. One address, any. The memory starts with any content
// and a read may come first, so each step from any content to the next is covered.
module acc_memory #(
  parameter int unsigned Words = 5,
  parameter int unsigned Width = 4,
  localparam int unsigned AddrW = $clog2(Words)
) (
  input logic             clk_i,
  input logic             write_i,
  input logic [AddrW-1:0] write_addr_i,
  input logic [Width-1:0] write_data_i,
  input logic             read_i,
  input logic [AddrW-1:0] read_addr_i
);

  logic [Width-1:0] data;
  bcq_acc_memory #(.Words(Words), .Width(Width)) dut (
    .clk_i, .write_i, .write_addr_i, .write_data_i, .read_i, .read_addr_i, .data_o(data)
  );

  (* anyconst *) logic [AddrW-1:0] addr;
  always_comb assume (32'(addr) < Words && 32'(write_addr_i) < Words && 32'(read_addr_i) < Words);

  // What the address holds is known after a write, or from what a read of it has given.
  logic             write, read, known_q = 1'b0, read_q = 1'b0, wanted_q = 1'b0;
  logic [Width-1:0] word_q, data_q, word;
  logic             known;
  assign write = write_i && write_addr_i == addr;
  assign read  = read_i && read_addr_i == addr;
  assign known = known_q || read_q;
  assign word  = known_q ? word_q : data;
  always_ff @(posedge clk_i) begin
    read_q  <= read;
    known_q <= known || write;
    word_q  <= write ? write_data_i : word;
    if (read_i) begin
      wanted_q <= read && known;
      data_q   <= word;
    end
  end

  always_comb if (wanted_q) assert (data == data_q);

endmodule

// First in, first out: Depth words of Width bits, both sides valid/ready.
//
// data_o is the word that left last: it appears in the cycle after its pop and stays until the next
// one, so that the storage may be a memory with a registered read. No word passes through in the cycle
// in which it enters: latency 2 from push to data_o at the least. No combinational path from one
// side's handshake to the other's. Storage is not reset; only counters are.
module bcq_fifo #(
  parameter int unsigned Width = 8,
  parameter int unsigned Depth = 4
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic             push_valid_i,
  output logic             push_ready_o,
  input  logic [Width-1:0] push_data_i,

  output logic             pop_valid_o,
  input  logic             pop_ready_i,
  output logic [Width-1:0] data_o
);

  localparam int unsigned AddrW = $clog2(Depth);

  if (Depth < 2 || (Depth & (Depth - 1)) != 0) begin : g_bad_depth
    $error("bcq_fifo: Depth must be a power of two, 2 or more");
  end

  logic [AddrW:0]   head_d, head_q, tail_d, tail_q;  // one bit more than an address: full is not empty
  logic [Width-1:0] word_q [Depth];
  logic             push, pop;

  assign push_ready_o = (tail_q ^ head_q) != {1'b1, {AddrW{1'b0}}};
  assign pop_valid_o  = tail_q != head_q;
  assign push = push_valid_i && push_ready_o;
  assign pop  = pop_valid_o && pop_ready_i;

  assign tail_d = push ? tail_q + 1'b1 : tail_q;
  assign head_d = pop  ? head_q + 1'b1 : head_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      head_q <= '0;
      tail_q <= '0;
    end else begin
      head_q <= head_d;
      tail_q <= tail_d;
    end
  end

  always_ff @(posedge clk_i) begin
    if (push) word_q[tail_q[AddrW-1:0]] <= push_data_i;
    if (pop)  data_o <= word_q[head_q[AddrW-1:0]];
  end

endmodule

// FIFO: words leave in the order in which they came, none is lost, doubled or overwritten; full and empty
// are told rightly. One word, any, is followed. With Data = 0 its address alone, which induction proves
// for ever; with Data = 1 the word itself through the storage, to a depth.
module fifo #(
  parameter int unsigned Width = 4,
  parameter int unsigned Depth = 4,
  parameter int unsigned Data = 0,
  localparam int unsigned AddrW = $clog2(Depth)
) (
  input logic             clk_i,
  input logic             rst_ni,
  input logic             push_valid_i,
  input logic [Width-1:0] push_data_i,
  input logic             pop_ready_i
);

  logic             push_ready, pop_valid, push, pop;
  logic [Width-1:0] data;
  logic [AddrW:0]   dut__head_q, dut__tail_q;
  bcq_fifo #(.Width(Width), .Depth(Depth)) dut (
    .clk_i, .rst_ni, .push_valid_i, .push_ready_o(push_ready), .push_data_i,
    .pop_valid_o(pop_valid), .pop_ready_i, .data_o(data)
  );
  assign push = push_valid_i && push_ready;
  assign pop  = pop_valid && pop_ready_i;

  logic past_q = 1'b0;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);

  (* anyseq *) logic pick;
  logic             in_q;               // the word is in
  logic [7:0]       count_q, ahead_q;   // words in; of them before it
  logic [AddrW-1:0] addr_q;             // where it was put
  logic [Width-1:0] word_q;
  logic             out_q, held_q;      // it has left, and no other since; data was valid
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      in_q    <= 1'b0;
      out_q   <= 1'b0;
      held_q  <= 1'b0;
      count_q <= 8'd0;
    end else begin
      count_q <= count_q + 8'(push) - 8'(pop);
      held_q  <= pop_valid && !pop_ready_i;
      if (pop) out_q <= in_q && ahead_q == 8'd0;
      if (in_q) begin
        if (pop) ahead_q <= ahead_q - 8'd1;
        if (pop && ahead_q == 8'd0) in_q <= 1'b0;
      end else if (push && pick && !out_q) begin
        in_q    <= 1'b1;
        ahead_q <= count_q - 8'(pop);
        addr_q  <= dut__tail_q[AddrW-1:0];
        word_q  <= push_data_i;
      end
    end
  end

  always_comb if (rst_ni) begin
    NotFull:  assert (push_ready == (32'(count_q) < Depth));
    NotEmpty: assert (pop_valid == (count_q != 8'd0));
    Holds:    assert (!held_q || pop_valid);
    Order:    assert (!in_q || !pop || (ahead_q == 8'd0) == (dut__head_q[AddrW-1:0] == addr_q));
    Kept:     assert (!in_q || !push || dut__tail_q[AddrW-1:0] != addr_q);
    assert (32'(count_q) <= Depth && count_q == 8'((AddrW + 1)'(dut__tail_q - dut__head_q)));
    assert (!in_q || ahead_q < count_q);
    assert (!in_q || addr_q == AddrW'(dut__head_q + (AddrW + 1)'(ahead_q)));
  end
  if (Data == 1) begin : g_data
    always_comb if (rst_ni && out_q) assert (data == word_q);
  end

endmodule

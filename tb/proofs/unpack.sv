// Words out of a byte stream: bytes leave in the order in which they came, none is lost, doubled or made up. One
// byte, any, is followed. A word is offered exactly if its bytes came and count (TKEEP of the last beat); after
// the last beat nothing is taken, and exhausted_o says that no whole word is left. Room is used: no deadlock.
module unpack #(
  parameter int unsigned InBytes = 2,
  parameter int unsigned OutBytes = 3,
  localparam int unsigned LaneW = InBytes > 1 ? $clog2(InBytes) : 1
) (
  input logic                 clk_i,
  input logic                 rst_ni,
  input logic                 in_valid_i,
  input logic [InBytes*8-1:0] in_data_i,
  input logic                 in_last_i,
  input logic [InBytes-1:0]   in_keep_i,
  input logic                 out_ready_i
);

  localparam bit Direct = InBytes == OutBytes;

  logic                  in_ready, out_valid, last_seen, exhausted, take, pop;
  logic [OutBytes*8-1:0] out;
  bcq_unpack #(.InBytes(InBytes), .OutBytes(OutBytes)) dut (
    .clk_i, .rst_ni, .in_valid_i, .in_ready_o(in_ready), .in_data_i, .in_last_i, .in_keep_i,
    .out_valid_o(out_valid), .out_ready_i, .out_data_o(out),
    .last_seen_o(last_seen), .exhausted_o(exhausted)
  );
  assign take = in_valid_i && in_ready;
  assign pop  = out_valid && out_ready_i;

  logic past_q = 1'b0;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);

  // The sender's side: a beat stays until it is taken, and the bytes that count are the lowest ones.
  logic                   offers_q;
  logic [InBytes*9:0]     offer_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) offers_q <= 1'b0;
    else         offers_q <= in_valid_i && !in_ready;
  end
  always_ff @(posedge clk_i) offer_q <= {in_last_i, in_keep_i, in_data_i};
  always_comb begin
    assume ((in_keep_i & (in_keep_i + 1'b1)) == '0);
    if (offers_q) assume (in_valid_i && offer_q == {in_last_i, in_keep_i, in_data_i});
  end

  // Bytes in, of the beat at hand and of all that have not left.
  logic [7:0] come, level_q, here;
  logic       last_q;
  always_comb begin
    come = 8'd0;
    for (int unsigned i = 0; i < InBytes; i++) if (!in_last_i || in_keep_i[i]) come = come + 8'd1;
  end
  assign here = Direct && in_valid_i && !last_q ? come : level_q;  // directly: the beat is the word

  (* anyseq *)   logic             pick;
  (* anyconst *) logic [LaneW-1:0] lane;
  logic       in_q;      // the byte is in
  logic [7:0] ahead_q;   // bytes that leave before it
  logic [7:0] byte_q;
  logic       waits_q;   // a word was offered and not taken
  logic [OutBytes*8-1:0] word_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      level_q <= 8'd0;
      last_q  <= 1'b0;
      in_q    <= 1'b0;
      waits_q <= 1'b0;
    end else begin
      last_q  <= last_q || (take && in_last_i);
      waits_q <= out_valid && !out_ready_i;
      if (!Direct) level_q <= level_q + (take ? come : 8'd0) - (pop ? 8'(OutBytes) : 8'd0);
      if (in_q) begin
        if (pop && ahead_q < 8'(OutBytes)) in_q <= 1'b0;
        if (pop) ahead_q <= ahead_q - 8'(OutBytes);
      end else if (!Direct && take && pick && 8'(lane) < come) begin
        in_q    <= 1'b1;
        ahead_q <= level_q - (pop ? 8'(OutBytes) : 8'd0) + 8'(lane);
        byte_q  <= 8'(in_data_i >> (32'(lane) * 8));
      end
    end
  end
  always_ff @(posedge clk_i) word_q <= out;

  always_comb if (rst_ni) begin
    assert (out_valid == (here >= 8'(OutBytes)));
    assert (last_seen == last_q);
    assert (exhausted == (last_q && here < 8'(OutBytes)));
    if (waits_q) assert (out_valid && out == word_q);
    if (in_q && ahead_q < 8'(OutBytes) && out_valid) assert (8'(out >> (32'(ahead_q) * 8)) == byte_q);
    if (Direct && out_valid) assert (out == in_data_i && (take == pop));
    assert (!(last_q && take));
    if (!last_q && level_q < 8'(OutBytes) && (!Direct || out_ready_i)) assert (in_ready);
    // What is in and is not yet a word is one that the last beat cut off, or waits for more.
    assert (level_q <= 8'(InBytes + OutBytes));
  end

endmodule

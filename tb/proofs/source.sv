// bcq_source: the stream's beats are 0 to the last one of the turn, turn after turn, each from its slot; none
// leaves that was not posted; tlast comes with the last beat of the last turn and with no other; nothing leaves
// behind it until turns are set again. The host keeps its side: last, turns, posted in that order, no
// more than Beats posted ahead of the head, nothing set while a beat waits.
// With Data = 1 the words too, through the memory, to a depth.
module source #(
  parameter int unsigned Beats  = 4,
  parameter int unsigned CountW = 16,
  parameter int unsigned Data   = 0
) (
  input logic              clk_i,
  input logic              rst_ni,
  input logic              set_last_i,
  input logic              set_turns_i,
  input logic              set_posted_i,
  input logic [CountW-1:0] value_i,
  input logic              tready_i,
  input logic              write_i,
  input logic [1:0]        address_i,
  input logic [31:0]       data_i
);

  logic [CountW-1:0] head, last_beat;
  logic              busy, waiting, tvalid, tlast;
  logic [31:0]       tdata, read_data;
  logic [3:0]        tkeep;
  assign last_beat = value_i;
  bcq_source #(.Bytes(4), .Beats(Beats), .CountW(CountW)) dut (
    .clk_i, .rst_ni, .set_last_i, .set_turns_i, .set_posted_i, .last_beat_i(last_beat), .pad_i(2'd0), .value_i,
    .head_o(head), .busy_o(busy), .waiting_o(waiting),
    .write_i, .read_i(1'b0), .address_i, .data_i, .data_o(read_data),
    .tvalid_o(tvalid), .tready_i, .tdata_o(tdata), .tkeep_o(tkeep), .tlast_o(tlast)
  );
  logic [CountW-1:0] dut__last_beat_q;
  logic [15:0]       dut__turns_q;
  logic [2:0]        dut__posted_q;
  logic              dut__fetch;

  logic past_q = 1'b0;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);

  // The host's own count of all it knows.
  logic              known_q;                     // last_beat was set
  logic [CountW-1:0] last_q, posted_q, sent_q;    // sent: beats of the turn that were taken
  logic [15:0]       turns_q;                     // turns that are not sent whole
  logic              take;
  assign take = tvalid && tready_i;

  always_comb begin
    assume (!(set_last_i && set_turns_i) && !(set_last_i && set_posted_i) && !(set_turns_i && set_posted_i));
    if (set_last_i)   assume (!waiting);
    if (set_last_i)   assume (value_i != '1);
    if (set_turns_i)  assume (known_q && !waiting && posted_q == '0 && sent_q == '0);
    // A turn that is sent again fits the memory.
    if (set_turns_i)  assume (value_i <= 1 || last_q < CountW'(Beats));
    if (set_posted_i) assume (known_q && turns_q != '0 && value_i >= posted_q && value_i <= last_q + 1'b1
                              && value_i - head <= CountW'(Beats) && value_i >= head);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      known_q  <= 1'b0;
      turns_q  <= '0;
      posted_q <= '0;
      sent_q   <= '0;
    end else begin
      if (set_last_i) begin
        known_q  <= 1'b1;
        last_q   <= value_i;
        turns_q  <= '0;
        posted_q <= '0;
        sent_q   <= '0;
      end
      if (set_turns_i)  turns_q  <= value_i[15:0];
      if (set_posted_i) posted_q <= value_i;
      if (take) begin
        sent_q <= sent_q == last_q ? '0 : sent_q + 1'b1;
        if (sent_q == last_q) turns_q <= turns_q - 1'b1;
      end
    end
  end

  logic stalled_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) stalled_q <= 1'b0;
    else         stalled_q <= tvalid && !tready_i;
  end

  always_comb if (rst_ni && past_q) begin
    Posted: assert (!tvalid || sent_q < posted_q);
    Turns:  assert (!tvalid || turns_q != '0);
    Last:   assert (!tvalid || tlast == (sent_q == last_q && turns_q == 16'd1));
    Holds:  assert (!stalled_q || tvalid);
    Busy:   assert (busy == (turns_q != '0));
    Sends:  assert (waiting || turns_q == '0 || sent_q == posted_q);
    // What the above needs to hold after any step, not only from the start.
    assert (turns_q == '0 || known_q);
    assert (!known_q || (dut__last_beat_q == last_q && last_q != '1 && posted_q <= last_q + 1'b1));
    assert (!known_q || dut__posted_q == posted_q[2:0]);
    assert (!known_q || (head <= last_q && sent_q <= last_q));
    assert (!known_q || head == (tvalid && sent_q == last_q ? '0 : sent_q + CountW'(tvalid)));
    assert (dut__turns_q == turns_q - 16'(tvalid && sent_q == last_q));
    assert (dut__turns_q == '0 || (head <= posted_q && posted_q - head <= CountW'(Beats)));
    assert (turns_q <= 16'd1 || last_q < CountW'(Beats));
  end

  if (Data == 1) begin : g_data
    // Only the word that leaves in this cycle must not be written in it.
    always_comb assume (!(write_i && dut__fetch && address_i == head[1:0]));
    logic [31:0]      word_q [Beats];
    logic [Beats-1:0] written_q;
    logic [31:0]      left_q;
    logic             known_word_q;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) written_q <= '0;
      else if (write_i) written_q[address_i] <= 1'b1;
    end
    always_ff @(posedge clk_i) begin
      if (write_i) word_q[address_i] <= data_i;
      if (dut__fetch) begin
        left_q       <= word_q[head[1:0]];
        known_word_q <= written_q[head[1:0]];
      end
    end
    always_comb if (rst_ni && past_q && tvalid && known_word_q) assert (tdata == left_q);
  end

endmodule

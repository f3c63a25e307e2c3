// Codebook feed: bytes to entries in the order in which they came, the low EW bits of each; codebooks 0 to NC - 1 of
// the activations, then of the weights; nothing lost, doubled, or taken after TLAST. One byte, any, is followed.
module codebook_feed #(
  parameter int unsigned NC = 2,
  parameter int unsigned B = 3,
  parameter int unsigned EW = 4,
  localparam int unsigned Entries = 1 << B,
  localparam int unsigned Beats = Entries / 4,
  localparam int unsigned SelW = NC > 1 ? $clog2(NC) : 1
) (
  input logic        clk_i,
  input logic        rst_ni,
  input logic        tvalid_i,
  input logic [31:0] tdata_i,
  input logic        tlast_i,
  input logic        cb_ready_i
);

  logic                  tready, cb_valid, cb_weights, final_book, last_seen, take, give;
  logic [SelW-1:0]       book;
  logic [Entries*EW-1:0] entry;
  logic [(Beats > 1 ? $clog2(Beats) : 1)-1:0] dut__beat_q;
  bcq_codebook_feed #(.NC(NC), .B(B), .EW(EW)) dut (
    .clk_i, .rst_ni, .tvalid_i, .tready_o(tready), .tdata_i, .tlast_i,
    .cb_valid_o(cb_valid), .cb_ready_i, .cb_weights_o(cb_weights), .cb_book_o(book), .cb_entry_o(entry),
    .final_o(final_book), .last_seen_o(last_seen)
  );
  assign take = tvalid_i && tready;
  assign give = cb_valid && cb_ready_i;

  logic past_q = 1'b0;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);

  (* anyseq *)   logic       pick;
  (* anyconst *) logic [1:0] lane;
  logic [7:0]    beats_q, book_q, at_q;  // beats of the codebook that is next; its number of 2 * NC; the beat followed
  logic          last_q, in_q;
  logic [EW-1:0] entry_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      beats_q <= 8'd0;
      book_q  <= 8'd0;
      last_q  <= 1'b0;
      in_q    <= 1'b0;
    end else begin
      beats_q <= beats_q + 8'(take) - (give ? 8'(Beats) : 8'd0);
      if (give) book_q <= book_q == 8'(2 * NC - 1) ? 8'd0 : book_q + 8'd1;
      last_q  <= last_q || (take && tlast_i);
      if (give) in_q <= 1'b0;
      if (take && pick && (!in_q || give)) begin
        in_q    <= 1'b1;
        at_q    <= give ? 8'd0 : beats_q;
        entry_q <= EW'(tdata_i >> (32'(lane) * 8));
      end
    end
  end

  logic [31:0] place;  // of the followed entry: full codebooks have beat 0 lowest; until then it is on its way down
  assign place = (Beats - 32'(beats_q) + 32'(at_q)) * 4 + 32'(lane);

  always_comb if (rst_ni) begin
    assert (cb_valid == (beats_q == 8'(Beats)));
    assert (last_seen == last_q);
    assert (tready == (!last_q && (beats_q != 8'(Beats) || cb_ready_i)));
    if (cb_valid) assert (8'(book) + (cb_weights ? 8'(NC) : 8'd0) == book_q);
    if (cb_valid) assert (final_book == (book_q == 8'(2 * NC - 1)));
    if (in_q) assert (EW'(entry >> (place * EW)) == entry_q);
    // Induction.
    assert (beats_q <= 8'(Beats) && book_q < 8'(2 * NC) && 8'(book) + (cb_weights ? 8'(NC) : 8'd0) == book_q);
    assert (32'(book) < NC);
    assert (8'(dut__beat_q) == (beats_q == 8'(Beats) ? 8'd0 : beats_q));
    if (in_q) assert (at_q < beats_q);
  end

endmodule

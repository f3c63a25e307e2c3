// Codebook stream to codebook beats of bcq_gemm: a byte an entry, four a beat, activations' codebooks first.
//
// The low EW bits of a byte count. Valid/ready on both sides; one beat a cycle while the array takes a codebook
// as soon as it is whole. last_seen_o: the beat with tlast_i came, and nothing more is taken until reset.
// final_o: the codebook shown is the last of 2 * NC.
module bcq_codebook_feed #(
  parameter int unsigned NC = 16,
  parameter int unsigned B = 4,
  parameter int unsigned EW = 6,
  localparam int unsigned SelW = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned BookW = (1 << B) * EW
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic             tvalid_i,
  output logic             tready_o,
  input  logic [31:0]      tdata_i,
  input  logic             tlast_i,

  output logic             cb_valid_o,
  input  logic             cb_ready_i,
  output logic             cb_weights_o,
  output logic [SelW-1:0]  cb_book_o,
  output logic [BookW-1:0] cb_entry_o,  // two's complement, entry 0 lowest
  output logic             final_o,
  output logic             last_seen_o
);

  localparam int unsigned Beats = (1 << B) / 4;
  localparam int unsigned BeatW = Beats > 1 ? $clog2(Beats) : 1;

  logic             take, give, whole, full_d, full_q, last_q, weights_d, weights_q;
  logic [BeatW-1:0] beat_d, beat_q;
  logic [SelW-1:0]  book_d, book_q;
  logic [BookW-1:0] entry_q;
  logic [4*EW-1:0]  four;

  assign tready_o     = !last_q && (!full_q || give);
  assign take         = tvalid_i && tready_o;
  assign give         = full_q && cb_ready_i;
  assign whole        = take && beat_q == BeatW'(Beats - 1);
  assign cb_valid_o   = full_q;
  assign cb_weights_o = weights_q;
  assign cb_book_o    = book_q;
  assign cb_entry_o   = entry_q;
  assign final_o      = weights_q && book_q == SelW'(NC - 1);
  assign last_seen_o  = last_q;

  for (genvar i = 0; i < 4; i++) begin : g_entry
    assign four[i*EW +: EW] = tdata_i[i*8 +: EW];
    if (EW < 8) begin : g_unused
      logic unused;
      assign unused = ^tdata_i[i*8 + EW +: 8 - EW];
    end
  end

  always_comb begin
    full_d    = whole || (full_q && !give);
    beat_d    = beat_q;
    book_d    = book_q;
    weights_d = weights_q;
    if (take) beat_d = whole ? '0 : beat_q + 1'b1;
    if (give) begin
      book_d = book_q + 1'b1;
      if (book_q == SelW'(NC - 1)) begin
        book_d    = '0;
        weights_d = !weights_q;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      full_q    <= 1'b0;
      last_q    <= 1'b0;
      weights_q <= 1'b0;
      beat_q    <= '0;
      book_q    <= '0;
    end else begin
      full_q    <= full_d;
      last_q    <= last_q || (take && tlast_i);
      weights_q <= weights_d;
      beat_q    <= beat_d;
      book_q    <= book_d;
    end
  end

  if (Beats == 1) begin : g_one
    always_ff @(posedge clk_i) if (take) entry_q <= four;
  end else begin : g_more
    always_ff @(posedge clk_i) if (take) entry_q <= {four, entry_q[BookW-1 : 4*EW]};
  end

endmodule

// One codebook tried on one block, docs/format.md section 6: the index of each scalar and the sum of
// squared errors, exact. Latency 2 enabled cycles, one a cycle, no handshake. Does not choose.
//
// Structure. An entry's neighbour begins where Y > 8 * (entry + next): a comparison of EW + 1 bits, since
// the right side has three zeros at the end, and a binary search needs B of them, not 2^B - 1. All
// squares of the block are one sum of partial products. Each choice was measured against others:
// docs/encoder.md.
module bcq_trial #(
  parameter int unsigned LB = bcq_pkg::LB_DEFAULT,
  parameter int unsigned B  = bcq_pkg::B_DEFAULT,
  parameter int unsigned EW = bcq_pkg::EW_DEFAULT,
  localparam int unsigned Entries = 1 << B,
  localparam int unsigned YW = EW + 4,
  localparam int unsigned ErrorW = 2 * (EW + 4) + $clog2(LB)  // |Y - 16 v| <= 32 * CMAX < 2^(EW+4)
) (
  input  logic                           clk_i,
  input  logic                           en_i,

  input  logic [LB*YW-1:0]               y_i,
  input  logic [Entries*EW-1:0]          book_i,       // sign-magnitude, entry 0 lowest
  input  logic [(Entries-1)*(EW+1)-1:0]  threshold_i,  // entry k + entry k+1, two's complement

  output logic [LB*B-1:0]                index_o,
  output logic [ErrorW-1:0]              error_o
);

  localparam int unsigned ThrW = EW + 1;

  logic [LB*B-1:0]   index_d, index1_q, index2_q;
  logic [LB*YW-1:0]  distance_d, distance_q;
  logic [ErrorW-1:0] error_d, error_q;

  // ---- Stage 1: search, distance to the entry ---------------------------------------------------------

  logic signed [ThrW-1:0] threshold [Entries];
  logic [EW-1:0]          entry [Entries];

  for (genvar k = 0; k < Entries; k++) begin : g_entry
    assign entry[k] = book_i[k*EW +: EW];
    if (k < Entries - 1) begin : g_threshold
      assign threshold[k] = threshold_i[k*ThrW +: ThrW];
    end else begin : g_none
      assign threshold[k] = '0;  // never read
    end
  end

  for (genvar i = 0; i < LB; i++) begin : g_lane
    logic signed [ThrW-1:0] above;     // Y > 8*thr  <=>  (Y + 7) >> 3 > thr
    logic [B-1:0]           index;
    logic [EW-1:0]          nearest;
    logic [YW:0]            value, difference;
    logic [YW-1:0]          y;

    assign y     = y_i[i*YW +: YW];
    assign above = ThrW'($signed(y + YW'(7)) >>> 3);

    always_comb begin
      logic [B-1:0] half;
      index = '0;
      for (int s = B - 1; s >= 0; s--) begin
        half = index;
        half[s] = 1'b1;
        index[s] = above > threshold[half - 1'b1];
      end
    end

    assign nearest    = entry[index];
    assign value      = {2'b0, nearest[EW-2:0], 4'b0};
    assign difference = {y[YW-1], y} + (nearest[EW-1] ? value : ~value + 1'b1);
    assign index_d[i*B +: B] = index;
    assign distance_d[i*YW +: YW] = difference[YW] ? ~difference[YW-1:0] + 1'b1 : difference[YW-1:0];
  end

  // ---- Stage 2: squares and their sum ------------------------------------------------------------------

  // A square is the sum over its bits i of bit i times ({the bits above i, 01} << 2i): about half the
  // partial products of a multiplication.
  always_comb begin
    logic [YW-1:0] distance;
    error_d = '0;
    for (int unsigned lane = 0; lane < LB; lane++) begin
      distance = distance_q[lane*YW +: YW];
      for (int unsigned i = 0; i < YW; i++) begin
        error_d = error_d + ((ErrorW'(distance) >> (i + 1) << 2 | ErrorW'(1)) << (2 * i)
                             & {ErrorW{distance[i]}});
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      index1_q   <= index_d;
      distance_q <= distance_d;
      index2_q   <= index1_q;
      error_q    <= error_d;
    end
  end
  assign index_o = index2_q;
  assign error_o = error_q;

endmodule

// Encodes one block at a time: normalises its LB scalars, tries CbPerCycle codebooks a cycle on them and
// keeps the selector and indices of the one with the smallest error, the lowest selector on a tie
// (docs/format.md sections 5 and 6). Stages are enabled cycles, counted from the one in which x_i,
// divisor_i and offset_i are presented; they stay until the block's last step is presented.
//
//   0, 1  normalise       once a block, the same again in its other steps
//   2, 3  trial           book_i and threshold_i of the step are sampled at stage 2
//   4     compare         first_i and selector_i are sampled here
//   5                     selector_o and index_o cover the steps so far
//
// No handshake and no reset: the caller counts. Does not know scales or block arrays.
module bcq_block_encoder #(
  parameter int unsigned LB = bcq_pkg::LB_DEFAULT,
  parameter int unsigned NC = bcq_pkg::NC_DEFAULT,
  parameter int unsigned B  = bcq_pkg::B_DEFAULT,
  parameter int unsigned EW = bcq_pkg::EW_DEFAULT,
  parameter int unsigned CbPerCycle = 1,
  localparam int unsigned Entries = 1 << B,
  localparam int unsigned SelW  = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned BookW = Entries * EW,
  localparam int unsigned ThresholdsW = (Entries - 1) * (EW + 1)
) (
  input  logic                              clk_i,
  input  logic                              en_i,

  input  logic [LB*16-1:0]                  x_i,          // BF16, normal and finite, or zero
  input  logic [3:0]                        divisor_i,    // see bcq_normalise
  input  logic [9:0]                        offset_i,
  input  logic [CbPerCycle*BookW-1:0]       book_i,       // sign-magnitude
  input  logic [CbPerCycle*ThresholdsW-1:0] threshold_i,  // see bcq_trial
  input  logic                              first_i,      // the first step of a block
  input  logic [SelW-1:0]                   selector_i,   // the step's first codebook

  output logic [SelW-1:0]                   selector_o,
  output logic [LB*B-1:0]                   index_o
);

  localparam int unsigned YW = EW + 4;
  localparam int unsigned ErrorW = 2 * YW + $clog2(LB);

  if (CbPerCycle < 1 || NC % CbPerCycle != 0) begin : g_bad_params
    $error("bcq_block_encoder: CbPerCycle must divide NC");
  end

  logic [LB*YW-1:0]             y;
  logic [CbPerCycle*ErrorW-1:0] error;
  logic [CbPerCycle*LB*B-1:0]   index;
  logic [ErrorW-1:0]            least_d, least_q;
  logic [SelW-1:0]              selector_d, selector_q;
  logic [LB*B-1:0]              index_d, index_q;

  for (genvar i = 0; i < LB; i++) begin : g_lane
    bcq_normalise #(.EW(EW)) u_normalise (
      .clk_i, .en_i, .x_i(x_i[i*16 +: 16]), .divisor_i, .offset_i, .y_o(y[i*YW +: YW])
    );
  end

  for (genvar c = 0; c < CbPerCycle; c++) begin : g_trial
    bcq_trial #(.LB(LB), .B(B), .EW(EW)) u_trial (
      .clk_i,
      .en_i,
      .y_i         (y),
      .book_i      (book_i[c*BookW +: BookW]),
      .threshold_i (threshold_i[c*ThresholdsW +: ThresholdsW]),
      .index_o     (index[c*LB*B +: LB*B]),
      .error_o     (error[c*ErrorW +: ErrorW])
    );
  end

  // A tree of comparisons; the one on the right must be smaller to win.
  always_comb begin
    logic [CbPerCycle*ErrorW-1:0] e;
    logic [CbPerCycle*SelW-1:0]   s;
    logic [CbPerCycle*LB*B-1:0]   x;
    e = error;
    x = index;
    for (int unsigned c = 0; c < CbPerCycle; c++) s[c*SelW +: SelW] = selector_i + SelW'(c);
    for (int unsigned stride = 1; stride < CbPerCycle; stride = stride * 2) begin
      for (int unsigned c = 0; c < CbPerCycle; c = c + 2 * stride) begin
        if (e[(c+stride)*ErrorW +: ErrorW] < e[c*ErrorW +: ErrorW]) begin
          e[c*ErrorW +: ErrorW] = e[(c+stride)*ErrorW +: ErrorW];
          s[c*SelW +: SelW]     = s[(c+stride)*SelW +: SelW];
          x[c*LB*B +: LB*B]     = x[(c+stride)*LB*B +: LB*B];
        end
      end
    end
    least_d    = least_q;
    selector_d = selector_q;
    index_d    = index_q;
    if (first_i || e[ErrorW-1:0] < least_q) begin
      least_d    = e[ErrorW-1:0];
      selector_d = s[SelW-1:0];
      index_d    = x[LB*B-1:0];
    end
  end

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      least_q    <= least_d;
      selector_q <= selector_d;
      index_q    <= index_d;
    end
  end
  assign selector_o = selector_q;
  assign index_o    = index_q;

endmodule

// On-line encoder: BF16 activations in, LO-BCQ codes out, docs/format.md sections 4 to 6 to the bit.
//
//   x         EncLanes blocks a beat, scalar 0 lowest: LA / LB / EncLanes beats make a block array (a row's
//             last one padded with zeros by the sender). x_exponent_i is e_X; the one of an array's last
//             beat counts for all of it.
//   a         one block array a beat, {indices, selectors, scale}: what bcq_gemm takes as activations
//   codebook  one codebook a beat, taken while nothing is on its way (it counts for a beat of x taken with it)
//
// A block array takes (LA / LB / EncLanes) * (NC / CbPerCycle) cycles; arrays follow each other without
// a bubble, and the first leaves LA / LB / EncLanes + 11 cycles later than that. All streams are
// valid/ready. A waiting result freezes the pipeline only when the next array's first blocks need its place; x is then
// still taken until the buffer is full. Non-finite input: NaN counts as 0, an infinity as the largest
// finite BF16; subnormals count as 0. nonfinite_o is sticky until clear_i; a new cause sets it all the same.
//
// Tables: its own programmable ones, its own frozen ones (Frozen), or somebody else's at table_i
// (SharedTable: those of bcq_codebooks, which the decoders read; they must not change while busy_o).
// Does not find e_X and does not round to BF16.
module bcq_encoder #(
  parameter int unsigned LB = bcq_pkg::LB_DEFAULT,
  parameter int unsigned LA = bcq_pkg::LA_DEFAULT,
  parameter int unsigned NC = bcq_pkg::NC_DEFAULT,
  parameter int unsigned B  = bcq_pkg::B_DEFAULT,
  parameter int unsigned EW = bcq_pkg::EW_DEFAULT,
  parameter int unsigned EncLanes = 1,
  parameter int unsigned CbPerCycle = 4,
  parameter bit          SharedTable = 1'b0,
  parameter bit          Frozen = 1'b0,
  localparam int unsigned SelW = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned BookW = (1 << B) * EW,
  parameter logic [NC*BookW-1:0] FrozenTable = '0,
  localparam int unsigned ActW = 8 + LA / LB * SelW + LA * B
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,

  input  logic                      cb_valid_i,
  output logic                      cb_ready_o,
  input  logic [SelW-1:0]           cb_book_i,
  input  logic [BookW-1:0]          cb_entry_i,      // two's complement, entry 0 lowest
  input  logic [NC*BookW-1:0]       table_i,         // sign-magnitude, codebook 0 entry 0 lowest

  input  logic                      x_valid_i,
  output logic                      x_ready_o,
  input  logic [EncLanes*LB*16-1:0] x_data_i,
  input  logic [7:0]                x_exponent_i,    // two's complement

  output logic                      a_valid_o,
  input  logic                      a_ready_i,
  output logic [ActW-1:0]           a_data_o,

  input  logic                      clear_i,
  output logic                      nonfinite_o,
  output logic                      busy_o,
  // What was built, 16 bits each from the lowest: LB, LA, NC, B, EW, EncLanes, CbPerCycle,
  // SharedTable, Frozen.
  output logic [9*16-1:0]           identity_o
);

  localparam int unsigned Lanes  = EncLanes * LB;       // scalars a beat
  localparam int unsigned Groups = LA > Lanes ? LA / Lanes : 1;  // beats an array
  localparam int unsigned Steps  = NC / CbPerCycle;     // cycles a beat
  localparam int unsigned GroupW = Groups > 1 ? $clog2(Groups) : 1;
  localparam int unsigned StepW  = Steps > 1 ? $clog2(Steps) : 1;
  localparam int unsigned ThresholdsW = ((1 << B) - 1) * (EW + 1);
  // A beat waits for its array's last one and 5 cycles more: at one beat a cycle nothing stops.
  localparam int unsigned BeatDepth  = 1 << $clog2(Groups + 6);
  localparam int unsigned ScaleDepth = BeatDepth / Groups > 2 ? BeatDepth / Groups : 2;

  if ((LB != 2 && LB != 4 && LB != 8) || LA < bcq_pkg::LA_MIN || LA > bcq_pkg::LA_MAX || (LA & (LA - 1)) != 0
      || NC < 1 || NC > bcq_pkg::NC_MAX || (NC & (NC - 1)) != 0 || B < bcq_pkg::B_MIN || B > bcq_pkg::B_MAX
      || EW < bcq_pkg::EW_MIN || EW > bcq_pkg::EW_MAX) begin : g_bad_format
    $error("bcq_encoder: LB, LA, NC, B and EW must be in the ranges of docs/format.md section 1");
  end
  if (EncLanes < 1 || LA % (LB * EncLanes) != 0) begin : g_bad_lanes
    $error("bcq_encoder: EncLanes must be at least 1 and divide LA / LB");
  end
  if (CbPerCycle < 1 || NC % CbPerCycle != 0) begin : g_bad_rate
    $error("bcq_encoder: CbPerCycle must be at least 1 and divide NC");
  end

  assign identity_o = {16'(Frozen), 16'(SharedTable), 16'(CbPerCycle), 16'(EncLanes), 16'(EW), 16'(B),
                       16'(NC), 16'(LA), 16'(LB)};

  // ---- Codebooks ---------------------------------------------------------------------------------------

  logic [NC*BookW-1:0] book_table;

  assign cb_ready_o = !busy_o;

  if (SharedTable) begin : g_shared
    logic unused;
    assign unused = ^{cb_valid_i, cb_book_i, cb_entry_i};
    assign book_table = table_i;
  end else begin : g_own
    logic unused;
    assign unused = ^table_i;
    bcq_codebooks #(.NC(NC), .B(B), .EW(EW), .Frozen(Frozen), .FrozenTable(FrozenTable)) u_codebooks (
      .clk_i,
      .write_i (cb_valid_i && cb_ready_o),
      .book_i  (cb_book_i),
      .entry_i (cb_entry_i),
      .table_o (book_table)
    );
  end

  // ---- Input: what BF16 becomes, amax --------------------------------------------------------------------

  logic [Lanes*16-1:0] x;
  logic                take, nonfinite;
  logic [14:0]         beat_amax;
  logic [GroupW-1:0]   beat_d, beat_q;
  logic                first_beat, last_beat;

  assign take       = x_valid_i && x_ready_o;
  assign first_beat = beat_q == '0;
  assign last_beat  = beat_q == GroupW'(Groups - 1);
  assign beat_d     = !take ? beat_q : last_beat ? '0 : beat_q + 1'b1;

  // Section 6: "NaN encodes as 0, an infinity as the largest finite BF16 of its sign"; section 3:
  // subnormals are 0.
  function automatic logic [15:0] condition(input logic [15:0] bf16);
    condition = bf16;
    if (bf16[14:7] == 8'hFF) condition = bf16[6:0] == '0 ? {bf16[15], 15'h7F7F} : '0;
    if (bf16[14:7] == 8'h00) condition = '0;
  endfunction

  for (genvar i = 0; i < Lanes; i++) begin : g_lane
    assign x[i*16 +: 16] = condition(x_data_i[i*16 +: 16]);
  end

  always_comb begin
    logic [Lanes*15-1:0] m;
    nonfinite = 1'b0;
    for (int unsigned i = 0; i < Lanes; i++) begin
      if (x_data_i[i*16 + 7 +: 8] == 8'hFF) nonfinite = 1'b1;
      m[i*15 +: 15] = x[i*16 +: 15];
    end
    for (int unsigned stride = 1; stride < Lanes; stride = stride * 2) begin
      for (int unsigned i = 0; i < Lanes; i = i + 2 * stride) begin
        if (m[(i+stride)*15 +: 15] > m[i*15 +: 15]) m[i*15 +: 15] = m[(i+stride)*15 +: 15];
      end
    end
    beat_amax = m[14:0];
  end

  logic        amax_valid_q, nonfinite_q;
  logic [14:0] amax_q;
  logic [7:0]  exponent_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      beat_q       <= '0;
      amax_valid_q <= 1'b0;
      nonfinite_q  <= 1'b0;
    end else begin
      beat_q       <= beat_d;
      amax_valid_q <= take && last_beat;
      nonfinite_q  <= (nonfinite_q && !clear_i) || (take && nonfinite);
    end
  end
  always_ff @(posedge clk_i) begin
    if (take) begin
      exponent_q <= x_exponent_i;
      if (first_beat || beat_amax > amax_q) amax_q <= beat_amax;
    end
  end
  assign nonfinite_o = nonfinite_q;

  // ---- Buffers of beats and scales -----------------------------------------------------------------------

  logic                en;
  logic                beat_valid, beat_pop, scale_push, scale_push_ready, scale_valid, scale_pop;
  logic [Lanes*16-1:0] beat_data;
  logic [7:0]          scale_exponent, exponent;
  logic [6:0]          scale_code, code;

  bcq_fifo #(.Width(Lanes * 16), .Depth(BeatDepth)) u_beats (
    .clk_i, .rst_ni,
    .push_valid_i(x_valid_i), .push_ready_o(x_ready_o), .push_data_i(x),
    .pop_valid_o(beat_valid), .pop_ready_i(beat_pop), .data_o(beat_data)
  );

  bcq_scale_encode #(.EW(EW)) u_scale_encode (
    .clk_i, .rst_ni,
    .valid_i(amax_valid_q), .amax_i(amax_q), .exponent_i(exponent_q),
    .valid_o(scale_push), .code_o(scale_code)
  );
  bcq_delay #(.Width(8), .Stages(2)) u_exponent (
    .clk_i, .en_i(1'b1), .in_i(exponent_q), .out_o(scale_exponent)
  );

  // Never full: every array in it has all its beats in u_beats.
  bcq_fifo #(.Width(15), .Depth(ScaleDepth)) u_scales (
    .clk_i, .rst_ni,
    .push_valid_i(scale_push), .push_ready_o(scale_push_ready),
    .push_data_i({scale_exponent, scale_code}),
    .pop_valid_o(scale_valid), .pop_ready_i(scale_pop), .data_o({exponent, code})
  );

  // ---- Tokens: one a step -----------------------------------------------------------------------------------

  // Stage 0: the step is issued; the array's scale leaves its buffer. 1: divisor and offset are made; the
  // block's beat leaves its buffer. 2 to 6: stages 0 to 4 of bcq_block_encoder. 7: its result is taken.
  localparam int unsigned Last = 7;

  logic [GroupW-1:0]     group_d, group_q;
  logic [StepW-1:0]      step_d, step_q;
  logic                  issue, last_step, last_group;
  logic [Last:1]         valid_q;
  logic [(Last+1)*StepW-1:0] steps;  // the step at stages 0 to 7
  logic                  first1, first6, last_step7, last_group7;

  assign last_step  = step_q == StepW'(Steps - 1);
  assign last_group = group_q == GroupW'(Groups - 1);
  assign issue      = en && (group_q != '0 || step_q != '0 || scale_valid);
  assign scale_pop  = issue && group_q == '0 && step_q == '0;
  assign beat_pop   = en && valid_q[1] && first1;

  always_comb begin
    step_d  = step_q;
    group_d = group_q;
    if (issue) begin
      step_d = last_step ? '0 : step_q + 1'b1;
      if (last_step) group_d = last_group ? '0 : group_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      step_q  <= '0;
      group_q <= '0;
      valid_q <= '0;
    end else begin
      step_q  <= step_d;
      group_q <= group_d;
      if (en) valid_q <= {valid_q[Last-1:1], issue};
    end
  end

  assign steps[0 +: StepW] = step_q;
  for (genvar s = 1; s <= Last; s++) begin : g_step
    bcq_delay #(.Width(StepW), .Stages(1)) u_step (
      .clk_i, .en_i(en), .in_i(steps[(s-1)*StepW +: StepW]), .out_o(steps[s*StepW +: StepW])
    );
  end
  assign first1     = steps[StepW +: StepW] == '0;
  assign first6     = steps[6*StepW +: StepW] == '0;
  assign last_step7 = steps[7*StepW +: StepW] == StepW'(Steps - 1);

  bcq_delay #(.Width(1), .Stages(Last)) u_last_group (
    .clk_i, .en_i(en), .in_i(last_group), .out_o(last_group7)
  );

  // ---- Stage 1: the scale as bcq_normalise takes it ------------------------------------------------------------

  logic [3:0] divisor_d, divisor_q;
  logic [9:0] offset_d, offset_q;

  bcq_divisor u_divisor (
    .code_i(code), .exponent_i(exponent), .divisor_o(divisor_d), .offset_o(offset_d)
  );

  always_ff @(posedge clk_i) begin
    if (en) begin
      divisor_q <= divisor_d;
      offset_q  <= offset_d;
    end
  end

  // ---- Stage 3: the step's codebooks ----------------------------------------------------------------------------

  logic [CbPerCycle*BookW-1:0]       book_d, book;
  logic [CbPerCycle*ThresholdsW-1:0] threshold_d, threshold;

  function automatic logic [EW:0] twos(input logic [EW-1:0] entry);
    twos = entry[EW-1] ? ~{2'b0, entry[EW-2:0]} + 1'b1 : {2'b0, entry[EW-2:0]};
  endfunction

  for (genvar c = 0; c < CbPerCycle; c++) begin : g_threshold
    for (genvar k = 0; k < (1 << B) - 1; k++) begin : g_entry
      assign threshold_d[c*ThresholdsW + k*(EW+1) +: EW+1] =
          twos(book_d[c*BookW + k*EW +: EW]) + twos(book_d[c*BookW + (k+1)*EW +: EW]);
    end
  end

  if (Steps == 1) begin : g_all
    assign book_d    = book_table;
    assign book      = book_d;
    assign threshold = threshold_d;
  end else begin : g_some
    logic [CbPerCycle*BookW-1:0] book_of [Steps];
    for (genvar s = 0; s < Steps; s++) begin : g_book
      assign book_of[s] = book_table[s*CbPerCycle*BookW +: CbPerCycle*BookW];
    end
    assign book_d = book_of[steps[3*StepW +: StepW]];
    bcq_delay #(.Width(CbPerCycle * (BookW + ThresholdsW)), .Stages(1)) u_book (
      .clk_i, .en_i(en), .in_i({threshold_d, book_d}), .out_o({threshold, book})
    );
  end

  // ---- Stages 2 to 6: blocks ---------------------------------------------------------------------------------------

  logic [EncLanes*SelW-1:0] selector;
  logic [Lanes*B-1:0]       index;

  for (genvar i = 0; i < EncLanes; i++) begin : g_block
    bcq_block_encoder #(.LB(LB), .NC(NC), .B(B), .EW(EW), .CbPerCycle(CbPerCycle)) u_block (
      .clk_i,
      .en_i        (en),
      .x_i         (beat_data[i*LB*16 +: LB*16]),
      .divisor_i   (divisor_q),
      .offset_i    (offset_q),
      .book_i      (book),
      .threshold_i (threshold),
      .first_i     (first6),
      .selector_i  (SelW'(32'(steps[6*StepW +: StepW]) * CbPerCycle)),
      .selector_o  (selector[i*SelW +: SelW]),
      .index_o     (index[i*LB*B +: LB*B])
    );
  end

  // ---- Stage 7: collect an array -----------------------------------------------------------------------------------

  logic                  write, out_valid_q;
  logic [6:0]            code7, out_code_q;
  logic [LA/LB*SelW-1:0] out_selector_q;
  logic [LA*B-1:0]       out_index_q;

  bcq_delay #(.Width(7), .Stages(Last - 1)) u_code (
    .clk_i, .en_i(en), .in_i(code), .out_o(code7)
  );

  assign write = valid_q[Last] && last_step7;
  assign en    = !(write && out_valid_q && !a_ready_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                   out_valid_q <= 1'b0;
    else if (en && write)          out_valid_q <= last_group7;
    else if (a_ready_i)            out_valid_q <= 1'b0;
  end

  // The first group ends lowest.
  if (Groups == 1) begin : g_collect_one
    always_ff @(posedge clk_i) begin
      if (en && write) {out_selector_q, out_index_q} <= {selector, index};
    end
  end else begin : g_collect
    always_ff @(posedge clk_i) begin
      if (en && write) begin
        out_selector_q <= {selector, out_selector_q[LA/LB*SelW-1 : EncLanes*SelW]};
        out_index_q    <= {index, out_index_q[LA*B-1 : Lanes*B]};
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (en && write) out_code_q <= code7;
  end

  assign a_valid_o = out_valid_q;
  assign a_data_o  = {out_index_q, out_selector_q, 1'b0, out_code_q};

  // ---- Arrays on their way -------------------------------------------------------------------------------------------

  localparam int unsigned CountW = $clog2(BeatDepth / Groups + 10);

  logic [CountW-1:0] count_d, count_q;
  assign count_d = count_q + CountW'(take && first_beat) - CountW'(a_valid_o && a_ready_i);
  assign busy_o  = count_q != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) count_q <= '0;
    else         count_q <= count_d;
  end

  // ---- Stream rules --------------------------------------------------------------------------------------------------

  bcq_stream_rules #(.Width(SelW + BookW)) u_cb_rules (
    .clk_i, .rst_ni, .valid_i(cb_valid_i), .ready_i(cb_ready_o), .data_i({cb_book_i, cb_entry_i})
  );
  bcq_stream_rules #(.Width(Lanes * 16 + 8)) u_x_rules (
    .clk_i, .rst_ni, .valid_i(x_valid_i), .ready_i(x_ready_o), .data_i({x_exponent_i, x_data_i})
  );
  bcq_stream_rules #(.Width(ActW)) u_a_rules (
    .clk_i, .rst_ni, .valid_i(a_valid_o), .ready_i(a_ready_i), .data_i(a_data_o)
  );

`ifdef SYNTHESIS
  logic unused_rules;
  assign unused_rules = ^{beat_valid, scale_push_ready};
`else
  // What no port would show: a scale that finds its buffer full, a block without a beat.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (rst_ni) begin
      ScaleHasRoom: assert (!scale_push || scale_push_ready);
      BeatIsThere:  assert (!beat_pop || beat_valid);
    end
  end
`endif

  if (SharedTable && Frozen) begin : g_bad_table
    $error("bcq_encoder: SharedTable and Frozen exclude each other");
  end

endmodule

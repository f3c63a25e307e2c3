// On-line encoder of a rival format: BF16 activations in, the beats that rival_gemm takes as activations
// out, docs/formats.md to the bit.
//
//   x   EncLanes*8 scalars a beat, scalar 0 lowest: LA / (EncLanes*8) beats make a block array (a row's last
//       one padded with zeros by the sender). x_scale_i is FP16: s of the row (int8-token), gamma of the row
//       (vsq). x_exponent_i is e of the tensor (nvfp4). A sender holds them over a row; what counts is
//       what comes with a group's last beat, for the whole group (int8-token: a beat's own, for itself)
//   a   one block array a beat, {elements, scales of its groups}
//
// n block arrays last n * Beats + GroupBeats + 3 cycles from the first beat taken to the last result taken
// where no stream waits, Beats being LA / (EncLanes*8), GroupBeats those of a group, one at the least;
// int8-token n * Beats + 1. All streams are valid/ready. A waiting result stops the encoder when the next
// array's first beat needs its place; x is then still taken until the buffer is full (int8-token has none:
// its x_ready_o follows a_ready_i within the cycle).
//
// NaN counts as 0, an infinity as the largest finite BF16 of its sign, subnormals as 0; a given scale with
// exponent 31 as 0, and its sign is ignored. nonfinite_o is sticky until clear_i: a NaN, an infinity or such a
// scale was taken; a new cause sets it all the same. Finds no amax of a row or a tensor, does not round to BF16.
module rival_encoder #(
  parameter int unsigned Format = bcq_pkg::FORMAT_INT8_TOKEN,
  parameter int unsigned EncLanes = 1,
  parameter bit          RoundEven = 1'b0,  // mxfp4: ties to the even code, not away from zero
  localparam int unsigned LA = bcq_pkg::LA_DEFAULT,
  localparam bit          Token = Format == bcq_pkg::FORMAT_INT8_TOKEN,
  localparam bit          Int8 = Format == bcq_pkg::FORMAT_INT8,
  localparam bit          Vsq = Format == bcq_pkg::FORMAT_VSQ,
  localparam bit          Mxfp4 = Format == bcq_pkg::FORMAT_MXFP4,
  localparam bit          Nvfp4 = Format == bcq_pkg::FORMAT_NVFP4,
  localparam int unsigned Group = Vsq ? bcq_pkg::VSQ_GROUP : Mxfp4 ? bcq_pkg::MXFP4_GROUP :
                                  Nvfp4 ? bcq_pkg::NVFP4_GROUP : LA,
  localparam int unsigned Groups = LA / Group,
  localparam int unsigned ElemW = Token || Int8 ? 8 : 4,
  localparam int unsigned ScaleW = Token ? 0 : Int8 ? 16 : Vsq ? 4 : 8,
  localparam int unsigned Lanes = EncLanes * 8,
  localparam int unsigned ActW = Groups * ScaleW + LA * ElemW
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                x_valid_i,
  output logic                x_ready_o,
  input  logic [Lanes*16-1:0] x_data_i,
  input  logic [7:0]          x_exponent_i,  // two's complement
  input  logic [15:0]         x_scale_i,

  output logic                a_valid_o,
  input  logic                a_ready_i,
  output logic [ActW-1:0]     a_data_o,

  input  logic                clear_i,
  output logic                nonfinite_o,
  output logic                busy_o,
  // What was built, 16 bits each from the lowest: Format, LA, EncLanes, RoundEven.
  output logic [4*16-1:0]     identity_o
);

  localparam int unsigned Beats      = LA / Lanes;
  localparam int unsigned BeatW      = Beats > 1 ? $clog2(Beats) : 1;
  localparam int unsigned GroupBeats = Group > Lanes ? Group / Lanes : 1;
  localparam int unsigned BeatGroups = Lanes > Group ? Lanes / Group : 1;  // groups a beat
  localparam int unsigned GroupLanes = Lanes / BeatGroups;

  if (Format > bcq_pkg::FORMAT_NVFP4) begin : g_bad_format
    $error("rival_encoder: Format must be one of bcq_pkg::FORMAT_...");
  end
  if (EncLanes < 1 || LA % Lanes != 0) begin : g_bad_lanes
    $error("rival_encoder: EncLanes must be at least 1 and divide LA / 8");
  end

  assign identity_o = {16'(RoundEven), 16'(EncLanes), 16'(LA), 16'(Format)};

  // ---- Input: what BF16 becomes ------------------------------------------------------------------------

  logic [Lanes*16-1:0] x;
  logic                take, nonfinite, scale_counts, scale_nan;
  logic [BeatW-1:0]    beat_q;                    // place in its array
  logic                first_beat, last_of_group;

  assign take          = x_valid_i && x_ready_o;
  assign first_beat    = beat_q == '0;
  assign last_of_group = (beat_q & BeatW'(GroupBeats - 1)) == BeatW'(GroupBeats - 1);

  function automatic logic [15:0] condition(input logic [15:0] bf16);
    condition = bf16;
    if (bf16[14:7] == 8'hFF) condition = bf16[6:0] == '0 ? {bf16[15], 15'h7F7F} : '0;
    if (bf16[14:7] == 8'h00) condition = '0;
  endfunction

  for (genvar i = 0; i < Lanes; i++) begin : g_condition
    assign x[i*16 +: 16] = condition(x_data_i[i*16 +: 16]);
  end

  always_comb begin
    nonfinite = scale_nan && scale_counts;
    for (int unsigned i = 0; i < Lanes; i++) begin
      if (x_data_i[i*16 + 7 +: 8] == 8'hFF) nonfinite = 1'b1;
    end
  end

  logic nonfinite_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      beat_q      <= '0;
      nonfinite_q <= 1'b0;
    end else begin
      if (take) beat_q <= beat_q == BeatW'(Beats - 1) ? '0 : beat_q + 1'b1;
      nonfinite_q <= (nonfinite_q && !clear_i) || (take && nonfinite);
    end
  end
  assign nonfinite_o = nonfinite_q;

  // A given scale: s, or gamma.
  logic [10:0] given_significand;
  logic [7:0]  given_offset;

  if (Token || Vsq) begin : g_given
    rival_fp16 u_fp16 (
      .code_i(x_scale_i), .significand_o(given_significand), .offset_o(given_offset), .nan_o(scale_nan)
    );
    assign scale_counts = Token || last_of_group;
  end else begin : g_not_given
    logic unused;
    assign unused = ^{x_scale_i, last_of_group};
    assign given_significand = '0;
    assign given_offset = '0;
    assign scale_nan = 1'b0;
    assign scale_counts = 1'b0;
  end

  // ---- A beat to be quantized: at once, or when the scales of its groups are known ---------------------

  // beat_valid: beat_data, beat_scale and so on hold one; beat_first: its array's first; write: it is taken.
  logic                          beat_valid, write, out_free;
  logic [Lanes*16-1:0]           beat_data;
  logic [BeatGroups*8-1:0]       beat_scale;   // as stored; not of INT8, which needs the next two
  logic [7:0]                    beat_exponent;
  logic [BeatGroups*11-1:0]      beat_significand;
  logic [BeatGroups*8-1:0]       beat_offset;
  logic                          beat_last;    // of its array
  logic [LA*ElemW-1:0]           elements_q;
  logic [Lanes*ElemW-1:0]        elements;

  assign write = beat_valid && out_free;

  if (Token) begin : g_direct
    logic unused;
    assign unused = ^x_exponent_i;
    assign x_ready_o        = out_free;
    assign beat_valid       = x_valid_i;
    assign beat_data        = x;
    assign beat_scale       = '0;
    assign beat_exponent    = '0;
    assign beat_significand = given_significand;
    assign beat_offset      = given_offset;
    assign beat_last        = beat_q == BeatW'(Beats - 1);
    assign a_data_o         = elements_q;
  end else begin : g_buffered
    // What is kept of a group's last beat beside x: gamma as rival_fp16 has it, or e.
    localparam int unsigned AsideW = Vsq ? 19 : Nvfp4 ? 8 : 1;
    localparam int unsigned WordW  = AsideW + BeatGroups * ScaleW;
    // A beat waits for its group's last one and 2 cycles more.
    localparam int unsigned BeatDepth  = 1 << $clog2(GroupBeats + 2);
    localparam int unsigned ScaleDepth = BeatDepth / GroupBeats > 2 ? BeatDepth / GroupBeats : 2;

    logic [AsideW-1:0]            aside_d, aside_q, aside;
    logic [18:0]                  gamma_q, gamma;        // as rival_fp16 has it, or 0
    logic [7:0]                   exponent_q, exponent;  // or 0
    logic [BeatGroups*15-1:0]     amax_q;
    logic                         amax_valid_q;
    logic [BeatGroups*ScaleW-1:0] scale_d, scale;
    logic                         scale_push_ready, scale_valid, fifo_valid;

    // ---- amax ----

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) amax_valid_q <= 1'b0;
      else         amax_valid_q <= take && last_of_group;
    end
    always_ff @(posedge clk_i) begin
      if (take) aside_q <= aside_d;
    end

    for (genvar g = 0; g < BeatGroups; g++) begin : g_group
      logic [14:0] beat_amax;
      logic        first_of_group;

      assign first_of_group = (beat_q & BeatW'(GroupBeats - 1)) == '0;

      always_comb begin
        logic [GroupLanes*15-1:0] m;
        for (int unsigned i = 0; i < GroupLanes; i++) m[i*15 +: 15] = x[(g*GroupLanes + i)*16 +: 15];
        for (int unsigned stride = 1; stride < GroupLanes; stride = stride * 2) begin
          for (int unsigned i = 0; i < GroupLanes; i = i + 2 * stride) begin
            if (m[(i+stride)*15 +: 15] > m[i*15 +: 15]) m[i*15 +: 15] = m[(i+stride)*15 +: 15];
          end
        end
        beat_amax = m[14:0];
      end

      always_ff @(posedge clk_i) begin
        if (take && (first_of_group || beat_amax > amax_q[g*15 +: 15])) amax_q[g*15 +: 15] <= beat_amax;
      end

      rival_scale #(.Format(Format)) u_scale (
        .amax_i              (amax_q[g*15 +: 15]),
        .exponent_i          (exponent_q),
        .gamma_significand_i (gamma_q[10:0]),
        .gamma_offset_i      (gamma_q[18:11]),
        .scale_o             (scale_d[g*ScaleW +: ScaleW])
      );

      // ---- the scale again, behind the buffer ----

      if (Int8) begin : g_int8
        logic nan;  // never
        rival_fp16 u_fp16 (
          .code_i(scale), .significand_o(beat_significand), .offset_o(beat_offset), .nan_o(nan)
        );
        assign beat_scale = '0;
        logic unused;
        assign unused = nan;
      end else begin : g_small
        assign beat_scale[g*8 +: 8] = 8'(scale[g*ScaleW +: ScaleW]);
        assign beat_significand[g*11 +: 11] = gamma[10:0];
        assign beat_offset[g*8 +: 8] = gamma[18:11];
      end
    end

    if (Vsq) begin : g_aside_gamma
      logic unused;
      assign unused = ^x_exponent_i;
      assign aside_d = {given_offset, given_significand};
      assign gamma_q = aside_q;
      assign gamma   = aside;
    end else begin : g_aside_no_gamma
      logic unused;
      assign unused = ^{given_offset, given_significand};
      assign gamma_q = '0;
      assign gamma   = '0;
    end
    if (Nvfp4) begin : g_aside_exponent
      assign aside_d    = x_exponent_i;
      assign exponent_q = aside_q;
      assign exponent   = aside;
    end else begin : g_aside_no_exponent
      assign exponent_q = '0;
      assign exponent   = '0;
    end
    if (!Vsq && !Nvfp4) begin : g_no_aside
      logic unused;
      assign unused = ^{x_exponent_i, aside, gamma};
      assign aside_d = '0;
    end
    assign beat_exponent = exponent;

    // ---- buffers ----

    logic             issue, first_issue, first_of_group_q;
    logic [BeatW-1:0] issue_q;   // place in its array of the beat that leaves the buffer next
    logic             valid_q, last_q;

    assign first_issue = (issue_q & BeatW'(GroupBeats - 1)) == '0;
    assign issue       = (!beat_valid || out_free) && (!first_issue || scale_valid);

    bcq_fifo #(.Width(Lanes * 16), .Depth(BeatDepth)) u_beats (
      .clk_i, .rst_ni,
      .push_valid_i(x_valid_i), .push_ready_o(x_ready_o), .push_data_i(x),
      .pop_valid_o(fifo_valid), .pop_ready_i(issue), .data_o(beat_data)
    );
    // Never full: every group in it has all its beats in u_beats.
    bcq_fifo #(.Width(WordW), .Depth(ScaleDepth)) u_scales (
      .clk_i, .rst_ni,
      .push_valid_i(amax_valid_q), .push_ready_o(scale_push_ready), .push_data_i({aside_q, scale_d}),
      .pop_valid_o(scale_valid), .pop_ready_i(issue && first_issue), .data_o({aside, scale})
    );

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        issue_q <= '0;
        valid_q <= 1'b0;
      end else begin
        if (issue) issue_q <= issue_q == BeatW'(Beats - 1) ? '0 : issue_q + 1'b1;
        if (!beat_valid || out_free) valid_q <= issue;
      end
    end
    always_ff @(posedge clk_i) begin
      if (issue) begin
        last_q           <= issue_q == BeatW'(Beats - 1);
        first_of_group_q <= first_issue;
      end
    end
    assign beat_valid = valid_q;
    assign beat_last  = last_q;

    // ---- scales of the array that is collected ----

    logic [Groups*ScaleW-1:0] scales_q;

    if (Groups == BeatGroups) begin : g_scales_one
      always_ff @(posedge clk_i) begin
        if (write && first_of_group_q) scales_q <= scale;
      end
    end else begin : g_scales
      always_ff @(posedge clk_i) begin
        if (write && first_of_group_q) scales_q <= {scale, scales_q[Groups*ScaleW-1 : BeatGroups*ScaleW]};
      end
    end
    assign a_data_o = {elements_q, scales_q};

`ifdef SYNTHESIS
    logic unused_rules;
    assign unused_rules = ^{fifo_valid, scale_push_ready};
`else
    // What no port would show: a scale that finds its buffer full, a group without a beat.
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (rst_ni) begin
        ScaleHasRoom: assert (!amax_valid_q || scale_push_ready);
        BeatIsThere:  assert (!issue || fifo_valid);
      end
    end
`endif
  end

  // ---- Quantize and collect an array -------------------------------------------------------------------

  for (genvar g = 0; g < BeatGroups; g++) begin : g_quantise
    rival_quantise #(.Format(Format), .RoundEven(RoundEven), .Lanes(GroupLanes)) u_quantise (
      .x_i           (beat_data[g*GroupLanes*16 +: GroupLanes*16]),
      .scale_i       (beat_scale[g*8 +: 8]),
      .exponent_i    (beat_exponent),
      .significand_i (beat_significand[g*11 +: 11]),
      .offset_i      (beat_offset[g*8 +: 8]),
      .element_o     (elements[g*GroupLanes*ElemW +: GroupLanes*ElemW])
    );
  end

  logic out_valid_q;

  assign out_free = !out_valid_q || a_ready_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)        out_valid_q <= 1'b0;
    else if (write)     out_valid_q <= beat_last;
    else if (a_ready_i) out_valid_q <= 1'b0;
  end

  // The first beat ends lowest.
  if (Beats == 1) begin : g_collect_one
    always_ff @(posedge clk_i) begin
      if (write) elements_q <= elements;
    end
  end else begin : g_collect
    always_ff @(posedge clk_i) begin
      if (write) elements_q <= {elements, elements_q[LA*ElemW-1 : Lanes*ElemW]};
    end
  end

  assign a_valid_o = out_valid_q;

  // ---- Arrays on their way -----------------------------------------------------------------------------

  localparam int unsigned CountW = 3;  // those of the deepest buffer, 4, one behind it, one as a result

  logic [CountW-1:0] count_d, count_q;
  assign count_d = count_q + CountW'(take && first_beat) - CountW'(a_valid_o && a_ready_i);
  assign busy_o  = count_q != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) count_q <= '0;
    else         count_q <= count_d;
  end

  // ---- Stream rules ------------------------------------------------------------------------------------

  bcq_stream_rules #(.Width(Lanes * 16 + 8 + 16)) u_x_rules (
    .clk_i, .rst_ni, .valid_i(x_valid_i), .ready_i(x_ready_o),
    .data_i({x_scale_i, x_exponent_i, x_data_i})
  );
  bcq_stream_rules #(.Width(ActW)) u_a_rules (
    .clk_i, .rst_ni, .valid_i(a_valid_o), .ready_i(a_ready_i), .data_i(a_data_o)
  );

endmodule

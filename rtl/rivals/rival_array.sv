// The weight-stationary systolic array of a rival format: as bcq_array, without decoders (a register
// stands in their place), and with the skew of a group.
//
// A group of scalars has a sum of its own, which runs down the GroupRows processing elements of the
// group. The groups of a column do not wait for each other: row r is delayed by r mod GroupRows
// cycles, and the sums of all groups of a column are complete in one cycle.
//
// Latency: a token issued in cycle x leaves as a result (if last_i) in cycle
// x + GroupRows + Cols + StageResult - 1, all columns together. Weight beats written in cycle x reach
// column group*NDec + i in cycle x + i + 1. No handshake: everything holds while en_i is low, and
// bcq_sequencer keeps weights, tokens and accumulators apart.
module rival_array #(
  parameter int unsigned Format = bcq_pkg::FORMAT_INT8_TOKEN,
  parameter int unsigned Lanes = bcq_pkg::LANES,
  parameter int unsigned LA = bcq_pkg::LA_DEFAULT,
  parameter int unsigned ElemW = 8,
  parameter int unsigned Group = LA,
  parameter int unsigned ScaleW = 0,
  parameter int unsigned Cols = 16,
  parameter int unsigned T = 64,
  parameter int unsigned NDec = 2,
  parameter bit          Asic = 1'b0,  // for standard cells: see bcq_pe
  parameter int unsigned StageAdd = bcq_pkg::STAGE_ADD_INT8_TOKEN,
  parameter int unsigned StageResult = bcq_pkg::STAGE_RESULT_INT8_TOKEN,
  localparam int unsigned Rows = LA / Lanes,
  localparam int unsigned Groups = LA / Group,
  localparam int unsigned ColGroups = Cols / NDec,
  localparam int unsigned RowW = Lanes * ElemW,
  localparam int unsigned ActW = Groups * ScaleW + Rows * RowW,
  localparam int unsigned WgtW = ScaleW + RowW,
  localparam int unsigned SlotW = $clog2(T),
  localparam int unsigned RowAddrW = $clog2(Rows),
  localparam int unsigned ColGroupW = ColGroups > 1 ? $clog2(ColGroups) : 1
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 en_i,

  // A weight beat: row load_row_i of the NDec columns of column group load_group_i
  input  logic                 load_i,
  input  logic [RowAddrW-1:0]  load_row_i,
  input  logic [ColGroupW-1:0] load_group_i,
  input  logic [NDec*WgtW-1:0] w_data_i,   // each {elements, scale}, column 0 lowest

  // A token
  input  logic                 start_i,    // a pass begins: loaded weights become the active ones
  input  logic                 issue_i,    // a token enters; the rest belongs to it
  input  logic                 first_i,    // its sum starts from zero
  input  logic                 last_i,     // its sum is complete and leaves
  input  logic                 final_i,    // it is the last token of the product
  input  logic [SlotW-1:0]     slot_i,     // its accumulator
  input  logic [ActW-1:0]      a_data_i,   // {elements, scales}, scalar 0 and group 0 lowest

  output logic                 result_valid_o,
  output logic                 result_final_o,
  output logic [Cols*32-1:0]   result_o    // column 0 lowest
);

  localparam int unsigned GroupRows = Group / Lanes;
  // Where there are no scales a constant takes their place, and nobody reads it.
  localparam int unsigned ScaleP = ScaleW > 0 ? ScaleW : 1;
  localparam int unsigned ScalesW = Groups * ScaleP;

  // One row would be loaded after the switch: docs/formats.md.
  if (Group % Lanes != 0 || LA % Group != 0 || GroupRows < 2) begin : g_bad_group
    $error("rival_array: a group must be at least two rows of Lanes and divide LA");
  end
  if (Cols < 1 || NDec < 1 || Cols % NDec != 0) begin : g_bad_ndec
    $error("rival_array: NDec must be at least 1 and divide Cols");
  end
  if (T < 2) begin : g_bad_t
    $error("rival_array: T must be at least 2");
  end
  // A load would meet a switch: docs/architecture.md.
  if (Asic && NDec > Rows) begin : g_bad_asic
    $error("rival_array: with Asic, NDec must be at most LA / Lanes");
  end

  // ---- Rows: skew --------------------------------------------------------------------------------------

  logic [Rows*RowW-1:0] a_edge;
  logic [Rows-1:0]      switch_edge;
  logic [GroupRows-1:0] switch_skew;

  // One cycle before the pass's first token is multiplied: elements have one register more.
  for (genvar s = 0; s < GroupRows; s++) begin : g_switch
    bcq_delay #(.Width(1), .Stages(s)) u_switch (
      .clk_i, .en_i, .in_i(start_i), .out_o(switch_skew[s])
    );
  end
  for (genvar r = 0; r < Rows; r++) begin : g_row
    bcq_delay #(.Width(RowW), .Stages(r % GroupRows + 1)) u_skew (
      .clk_i, .en_i, .in_i(a_data_i[Groups*ScaleW + r*RowW +: RowW]), .out_o(a_edge[r*RowW +: RowW])
    );
    assign switch_edge[r] = switch_skew[r % GroupRows];
  end

  // ---- Weights: skew within a beat -------------------------------------------------------------------

  // Column i of a column group is written i cycles later, so that the writes keep behind the switch,
  // which moves right one column a cycle as well.
  logic [NDec*RowW-1:0]   w_elements;
  logic [NDec*ScaleP-1:0] w_scale;
  logic [Cols*Rows-1:0]   load_cols;

  for (genvar i = 0; i < NDec; i++) begin : g_load
    logic                 load;
    logic [RowAddrW-1:0]  row;
    logic [ColGroupW-1:0] group;
    logic [WgtW-1:0]      beat;

    bcq_delay #(.Width(WgtW + 1 + RowAddrW + ColGroupW), .Stages(i + 1)) u_skew (
      .clk_i, .en_i, .in_i({load_i, load_row_i, load_group_i, w_data_i[i*WgtW +: WgtW]}),
      .out_o({load, row, group, beat})
    );
    assign w_elements[i*RowW +: RowW] = beat[WgtW-1 -: RowW];
    if (ScaleW > 0) begin : g_scale
      assign w_scale[i*ScaleP +: ScaleP] = beat[ScaleP-1:0];
    end else begin : g_no_scale
      assign w_scale[i] = 1'b0;
    end

    for (genvar g = 0; g < ColGroups; g++) begin : g_group
      for (genvar r = 0; r < Rows; r++) begin : g_load_row
        assign load_cols[(g*NDec + i)*Rows + r] =
            load && row == RowAddrW'(r) && (ColGroups == 1 || group == ColGroupW'(g));
      end
    end
  end

  // ---- Token control: one pipeline for all columns -----------------------------------------------------

  // Column c handles at stage s the token that column 0 handles at stage s + c, so one pipeline
  // serves every column. Position 0 is stage 0 of column 0. Only the valid bits need a reset.
  localparam int unsigned LastPos = Cols - 1 + StageResult;
  localparam int unsigned CtrlW = 3 + SlotW;

  logic [GroupRows+LastPos-1:0] valid_q;  // bit GroupRows-1 is position 0
  logic [LastPos:0]             valid, first, last, final_token;
  logic [(LastPos+1)*SlotW-1:0] slot;
  logic [(LastPos+1)*CtrlW-1:0] ctrl;
  logic [ScalesW-1:0]           scales;
  logic [Cols*ScalesW-1:0]      scale_a;

  if (ScaleW > 0) begin : g_scales
    assign scales = a_data_i[ScalesW-1:0];
  end else begin : g_no_scales
    assign scales = '0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)   valid_q <= '0;
    else if (en_i) valid_q <= {valid_q[GroupRows+LastPos-2:0], issue_i};
  end
  assign valid = valid_q[GroupRows+LastPos-1 -: LastPos+1];

  // Position -1, where int8-token reads column 0's accumulator.
  logic [CtrlW-1:0] early;
  bcq_delay #(.Width(CtrlW), .Stages(GroupRows - 1)) u_enter (
    .clk_i, .en_i, .in_i({slot_i, final_i, last_i, first_i}), .out_o(early)
  );
  bcq_delay #(.Width(CtrlW), .Stages(1)) u_ctrl_first (.clk_i, .en_i, .in_i(early), .out_o(ctrl[CtrlW-1:0]));
  bcq_delay #(.Width(ScalesW), .Stages(GroupRows)) u_scales (
    .clk_i, .en_i, .in_i(scales), .out_o(scale_a[ScalesW-1:0])
  );
  for (genvar p = 1; p <= LastPos; p++) begin : g_ctrl
    bcq_delay #(.Width(CtrlW), .Stages(1)) u_ctrl (
      .clk_i, .en_i, .in_i(ctrl[(p-1)*CtrlW +: CtrlW]), .out_o(ctrl[p*CtrlW +: CtrlW])
    );
  end
  for (genvar c = 1; c < Cols; c++) begin : g_scale_a
    bcq_delay #(.Width(ScalesW), .Stages(1)) u_scale_a (
      .clk_i, .en_i, .in_i(scale_a[(c-1)*ScalesW +: ScalesW]), .out_o(scale_a[c*ScalesW +: ScalesW])
    );
  end
  for (genvar p = 0; p <= LastPos; p++) begin : g_pos
    assign {slot[p*SlotW +: SlotW], final_token[p], last[p], first[p]} = ctrl[p*CtrlW +: CtrlW];
  end

  // ---- Columns ---------------------------------------------------------------------------------------

  logic [(Cols+1)*Rows*RowW-1:0] a_cols;
  logic [(Cols+1)*Rows-1:0]      switch_cols;

  assign a_cols[Rows*RowW-1:0] = a_edge;
  assign switch_cols[Rows-1:0] = switch_edge;

  for (genvar c = 0; c < Cols; c++) begin : g_col
    logic [31:0]      result;
    logic             read;
    logic [SlotW-1:0] read_slot;

    if (c + StageAdd < bcq_pkg::STAGE_READ) begin : g_read_early
      assign read      = valid_q[GroupRows-2] && !early[0];
      assign read_slot = early[3 +: SlotW];
    end else begin : g_read
      localparam int unsigned At = c + StageAdd - bcq_pkg::STAGE_READ;
      assign read      = valid[At] && !first[At];
      assign read_slot = slot[At*SlotW +: SlotW];
    end

    rival_column #(
      .Format(Format), .Lanes(Lanes), .LA(LA), .ElemW(ElemW), .Group(Group), .ScaleW(ScaleP), .T(T), .Asic(Asic)
    ) u_column (
      .clk_i,
      .en_i,
      .a_i          (a_cols[c*Rows*RowW +: Rows*RowW]),
      .a_o          (a_cols[(c+1)*Rows*RowW +: Rows*RowW]),
      .switch_i     (switch_cols[c*Rows +: Rows]),
      .switch_o     (switch_cols[(c+1)*Rows +: Rows]),
      .load_i       (load_cols[c*Rows +: Rows]),
      .w_i          (w_elements[(c % NDec)*RowW +: RowW]),
      .scale_w_i    (w_scale[(c % NDec)*ScaleP +: ScaleP]),
      .scale_a_i    (scale_a[c*ScalesW +: ScalesW]),
      .read_i       (read),
      .read_slot_i  (read_slot),
      .first_i      (first[c+StageAdd]),
      .write_i      (valid[c+StageResult] && !last[c+StageResult]),
      .write_slot_i (slot[(c+StageResult)*SlotW +: SlotW]),
      .result_o     (result)
    );

    // Columns finish one after the other; the early ones wait for the last.
    bcq_delay #(.Width(32), .Stages(Cols - 1 - c)) u_deskew (
      .clk_i, .en_i, .in_i(result), .out_o(result_o[c*32 +: 32])
    );
  end

  assign result_valid_o = valid[LastPos] && last[LastPos];
  assign result_final_o = final_token[LastPos];

  // What falls off the right edge.
  logic unused;
  assign unused = ^{a_cols[Cols*Rows*RowW +: Rows*RowW], switch_cols[Cols*Rows +: Rows],
                    slot, final_token, last, first};

endmodule

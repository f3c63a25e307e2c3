// The weight-stationary systolic array: Rows x Cols processing elements of Lanes multipliers,
// decoders at its edge, one scale unit and T accumulators a column. A token (one row of A, one block
// array) enters as codes; row r is delayed by r cycles before it is decoded, once, and then moves
// right one column a cycle. Codes are skewed rather than entries because they are narrower.
//
// Decode 0 (edge): entries move and are held. 1 (entry): indices, with the codebooks selected at the edge;
// the elements pick the entries. 2 (code): indices and selectors; the elements do all of it. Timing and
// results are the same. TwosComplement: entries in that coding, not in sign-magnitude.
//
// Latency: a token issued in cycle x leaves as a result (if last_i) in cycle x + Rows + Cols + 5
// (fp32 and exact) or + 13 (Deep), all columns together. Weight beats written in cycle x reach column
// group*NDec + i in cycle x + i + 1. No handshake: everything holds while en_i is low, and
// bcq_sequencer keeps weights, tokens and accumulators apart.
module bcq_array #(
  parameter int unsigned Lanes = bcq_pkg::LANES,
  parameter int unsigned LB = bcq_pkg::LB_DEFAULT,
  parameter int unsigned LA = bcq_pkg::LA_DEFAULT,
  parameter int unsigned NC = bcq_pkg::NC_DEFAULT,
  parameter int unsigned B  = bcq_pkg::B_DEFAULT,
  parameter int unsigned EW = bcq_pkg::EW_DEFAULT,
  parameter int unsigned Cols = 16,
  parameter int unsigned T = 64,
  parameter int unsigned NDec = 2,
  parameter bit          Exact = 1'b0,
  parameter bit          Deep = 1'b0,
  parameter bit          TableMemory = 1'b0,
  parameter int unsigned Decode = 0,
  parameter bit          TwosComplement = 1'b0,
  parameter bit          Asic = 1'b0,  // for standard cells: see bcq_pe
  localparam int unsigned Rows = LA / Lanes,
  localparam int unsigned Groups = Cols / NDec,
  localparam int unsigned SelW = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned TableW = NC * (1 << B) * EW,
  localparam int unsigned EntryAddrW = $clog2(NC) + B,      // of one entry of a side's codebooks
  localparam int unsigned RowSelW = Lanes / LB * SelW,      // selectors of one row
  localparam int unsigned RowIdxW = Lanes * B,              // indices of one row
  localparam int unsigned ActW = 8 + Rows * (RowSelW + RowIdxW),
  localparam int unsigned WgtW = 8 + RowSelW + RowIdxW,     // one decoder's share of a beat
  localparam int unsigned SlotW = $clog2(T),
  localparam int unsigned RowAddrW = $clog2(Rows),
  localparam int unsigned GroupW = Groups > 1 ? $clog2(Groups) : 1
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 en_i,

  // Codebooks, in the coding of the entries: as they are in bcq_codebooks, or (TableMemory) an entry to write
  input  logic [TableW-1:0]     table_a_i,
  input  logic [TableW-1:0]     table_w_i,
  input  logic                  write_a_i,
  input  logic                  write_w_i,
  input  logic [EntryAddrW-1:0] write_addr_i,  // {codebook, index}
  input  logic [EW-1:0]         write_entry_i,

  // A weight beat: row load_row_i of the NDec columns of group load_group_i
  input  logic                 load_i,
  input  logic [RowAddrW-1:0]  load_row_i,
  input  logic [GroupW-1:0]    load_group_i,
  input  logic [NDec*WgtW-1:0] w_data_i,   // each {indices, selectors, scale}, column 0 lowest

  // A token
  input  logic                 start_i,    // a pass begins: loaded weights become the active ones
  input  logic                 issue_i,    // a token enters; the rest belongs to it
  input  logic                 first_i,    // its sum starts from zero
  input  logic                 last_i,     // its sum is complete and leaves
  input  logic                 final_i,    // it is the last token of the product
  input  logic [SlotW-1:0]     slot_i,     // its accumulator
  input  logic [ActW-1:0]      a_data_i,   // {indices, selectors, scale}, scalar 0 lowest

  output logic                 result_valid_o,
  output logic                 result_final_o,
  output logic [Cols*32-1:0]   result_o    // FP32, column 0 lowest
);

  // One row of an operand as it moves right and is held: entries; or indices with the codebooks of the row's
  // blocks; or indices with their selectors.
  localparam int unsigned RowW = Decode == 0 ? Lanes * EW
                               : RowIdxW + (Decode == 1 ? Lanes / LB * ((1 << B) * EW) : RowSelW);
  // See bcq_scale_unit.
  localparam int unsigned ScaleStage  = Deep ? 0 : 1;
  localparam int unsigned AddStage    = Deep ? 7 : 3;
  localparam int unsigned ReadStage   = AddStage - (Deep ? 1 : bcq_pkg::STAGE_READ);
  localparam int unsigned WriteStage  = Deep ? 14 : Exact ? 4 : 6;
  localparam int unsigned ResultStage = Deep ? 14 : 6;

  if (LA % Lanes != 0 || Rows < 2) begin : g_bad_la
    $error("bcq_array: LA must be at least two rows of Lanes");
  end
  if (Cols < 1 || NDec < 1 || Cols % NDec != 0) begin : g_bad_ndec
    $error("bcq_array: NDec must be at least 1 and divide Cols");
  end
  if (T < 2) begin : g_bad_t
    $error("bcq_array: T must be at least 2");
  end

  if (Decode > 2) begin : g_bad_decode
    $error("bcq_array: Decode must be 0, 1 or 2");
  end
  if (Decode != 0 && (Deep || TableMemory)) begin : g_bad_decode_fpga
    $error("bcq_array: Decode and each of Deep and TableMemory exclude each other");
  end
  if (TwosComplement && (Deep || TableMemory)) begin : g_bad_twos_fpga
    $error("bcq_array: TwosComplement and each of Deep and TableMemory exclude each other");
  end

  if (Asic && (Deep || TableMemory)) begin : g_bad_asic_fpga
    $error("bcq_array: Asic and each of Deep and TableMemory exclude each other");
  end
  // A load would meet a switch: docs/architecture.md.
  if (Asic && NDec > Rows) begin : g_bad_asic
    $error("bcq_array: with Asic, NDec must be at most LA / Lanes");
  end

  // ---- Rows: skew, decode --------------------------------------------------------------------------

  logic [Rows*RowW-1:0] a_edge;
  logic [Rows-1:0]      switch_edge;

  for (genvar r = 0; r < Rows; r++) begin : g_row
    logic [RowSelW+RowIdxW-1:0] codes, skewed;
    logic [RowW-1:0]            entry;

    assign codes = {a_data_i[8 + Rows*RowSelW + r*RowIdxW +: RowIdxW],
                    a_data_i[8 + r*RowSelW +: RowSelW]};

    bcq_delay #(.Width(RowSelW + RowIdxW), .Stages(r)) u_skew (
      .clk_i, .en_i, .in_i(codes), .out_o(skewed)
    );
    // One cycle before the pass's first token is multiplied, see the decoder's register below.
    bcq_delay #(.Width(1), .Stages(r)) u_switch (
      .clk_i, .en_i, .in_i(start_i), .out_o(switch_edge[r])
    );
    if (TableMemory) begin : g_memory
      bcq_decoder_memory #(.Lanes(Lanes), .LB(LB), .NC(NC), .B(B), .EW(EW)) u_decoder (
        .clk_i,
        .write_i    (write_a_i),
        .addr_i     (write_addr_i),
        .entry_i    (write_entry_i),
        .en_i,
        .selector_i (skewed[RowSelW-1:0]),
        .index_i    (skewed[RowSelW +: RowIdxW]),
        .entry_o    (entry)
      );
    end else if (Decode != 0) begin : g_codes
      bcq_edge #(.Lanes(Lanes), .LB(LB), .NC(NC), .B(B), .EW(EW), .Decode(Decode)) u_edge (
        .clk_i, .en_i, .table_i(table_a_i), .codes_i(skewed), .held_o(entry)
      );
    end else begin : g_table
      logic [RowW-1:0] entry_d, entry_q;
      bcq_decoder #(.Lanes(Lanes), .LB(LB), .NC(NC), .B(B), .EW(EW)) u_decoder (
        .table_i    (table_a_i),
        .selector_i (skewed[RowSelW-1:0]),
        .index_i    (skewed[RowSelW +: RowIdxW]),
        .entry_o    (entry_d)
      );
      always_ff @(posedge clk_i) begin
        if (en_i) entry_q <= entry_d;
      end
      assign entry = entry_q;
    end
    assign a_edge[r*RowW +: RowW] = entry;
  end

  // ---- Weights: skew within a beat, decode -----------------------------------------------------------

  // Column i of a group is written i cycles later, so that the writes keep behind the switch, which
  // moves right one column a cycle as well.
  logic [NDec*RowW-1:0] w_entry;
  logic [NDec*8-1:0]    w_scale;
  logic [Cols*Rows-1:0] load_cols;

  for (genvar i = 0; i < NDec; i++) begin : g_load
    localparam int unsigned AddrW = 1 + RowAddrW + GroupW;
    logic [AddrW-1:0]    addr_skewed, addr_q;
    logic [WgtW-1:0]     skewed;
    logic [RowW-1:0]     entry;
    logic [7:0]          scale_q;
    logic                load;
    logic [RowAddrW-1:0] row;
    logic [GroupW-1:0]   group;

    bcq_delay #(.Width(WgtW + AddrW), .Stages(i)) u_skew (
      .clk_i, .en_i, .in_i({load_i, load_row_i, load_group_i, w_data_i[i*WgtW +: WgtW]}),
      .out_o({addr_skewed, skewed})
    );
    if (TableMemory) begin : g_memory
      bcq_decoder_memory #(.Lanes(Lanes), .LB(LB), .NC(NC), .B(B), .EW(EW)) u_decoder (
        .clk_i,
        .write_i    (write_w_i),
        .addr_i     (write_addr_i),
        .entry_i    (write_entry_i),
        .en_i,
        .selector_i (skewed[8 +: RowSelW]),
        .index_i    (skewed[8 + RowSelW +: RowIdxW]),
        .entry_o    (entry)
      );
    end else if (Decode != 0) begin : g_codes
      bcq_edge #(.Lanes(Lanes), .LB(LB), .NC(NC), .B(B), .EW(EW), .Decode(Decode)) u_edge (
        .clk_i, .en_i, .table_i(table_w_i), .codes_i(skewed[8 +: RowSelW + RowIdxW]), .held_o(entry)
      );
    end else begin : g_table
      logic [RowW-1:0] entry_d, entry_q;
      bcq_decoder #(.Lanes(Lanes), .LB(LB), .NC(NC), .B(B), .EW(EW)) u_decoder (
        .table_i    (table_w_i),
        .selector_i (skewed[8 +: RowSelW]),
        .index_i    (skewed[8 + RowSelW +: RowIdxW]),
        .entry_o    (entry_d)
      );
      always_ff @(posedge clk_i) begin
        if (en_i) entry_q <= entry_d;
      end
      assign entry = entry_q;
    end
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        addr_q  <= addr_skewed;
        scale_q <= skewed[7:0];
      end
    end
    assign {load, row, group} = addr_q;
    assign w_entry[i*RowW +: RowW] = entry;
    assign w_scale[i*8 +: 8] = scale_q;

    for (genvar g = 0; g < Groups; g++) begin : g_group
      for (genvar r = 0; r < Rows; r++) begin : g_load_row
        assign load_cols[(g*NDec + i)*Rows + r] =
            load && row == RowAddrW'(r) && (Groups == 1 || group == GroupW'(g));
      end
    end
  end

  // ---- Token control: one pipeline for all columns -----------------------------------------------------

  // Column c handles at stage s the token that column 0 handles at stage s + c, so one pipeline
  // serves every column. Position 0 is stage 0 of column 0. Only the valid bits need a reset.
  localparam int unsigned LastPos = Cols - 1 + ResultStage;
  localparam int unsigned CtrlW = 3 + SlotW;

  logic [Rows+LastPos-1:0]      valid_q;  // bit Rows-1 is position 0
  logic [LastPos:0]             valid, first, last, final_token;
  logic [(LastPos+1)*SlotW-1:0] slot;
  logic [(LastPos+1)*CtrlW-1:0] ctrl;
  logic [(Cols+ScaleStage)*8-1:0] scale_a;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)   valid_q <= '0;
    else if (en_i) valid_q <= {valid_q[Rows+LastPos-2:0], issue_i};
  end
  assign valid = valid_q[Rows+LastPos-1 -: LastPos+1];

  bcq_delay #(.Width(CtrlW + 8), .Stages(Rows)) u_enter (
    .clk_i, .en_i, .in_i({slot_i, final_i, last_i, first_i, a_data_i[7:0]}),
    .out_o({ctrl[CtrlW-1:0], scale_a[7:0]})
  );
  for (genvar p = 1; p <= LastPos; p++) begin : g_ctrl
    bcq_delay #(.Width(CtrlW), .Stages(1)) u_ctrl (
      .clk_i, .en_i, .in_i(ctrl[(p-1)*CtrlW +: CtrlW]), .out_o(ctrl[p*CtrlW +: CtrlW])
    );
  end
  for (genvar c = 1; c < Cols + ScaleStage; c++) begin : g_scale_a
    bcq_delay #(.Width(8), .Stages(1)) u_scale_a (
      .clk_i, .en_i, .in_i(scale_a[(c-1)*8 +: 8]), .out_o(scale_a[c*8 +: 8])
    );
  end
  for (genvar p = 0; p <= LastPos; p++) begin : g_pos
    assign {slot[p*SlotW +: SlotW], final_token[p], last[p], first[p]} = ctrl[p*CtrlW +: CtrlW];
  end

  // ---- Columns ---------------------------------------------------------------------------------------

  localparam int unsigned ColumnTableW = Decode == 2 ? TableW : 1;  // the columns see the tables, or do not

  logic [(Cols+1)*Rows*RowW-1:0] a_cols;
  logic [(Cols+1)*Rows-1:0]      switch_cols;

  assign a_cols[Rows*RowW-1:0] = a_edge;
  assign switch_cols[Rows-1:0] = switch_edge;

  for (genvar c = 0; c < Cols; c++) begin : g_col
    logic [31:0] result;

    bcq_column #(
      .Lanes(Lanes), .LA(LA), .EW(EW), .T(T), .Exact(Exact), .Deep(Deep),
      .Decode(Decode), .TwosComplement(TwosComplement), .LB(LB), .NC(NC), .B(B), .Asic(Asic), .Meet(NDec > Rows)
    ) u_column (
      .clk_i,
      .en_i,
      .table_a_i    (table_a_i[ColumnTableW-1:0]),
      .table_w_i    (table_w_i[ColumnTableW-1:0]),
      .a_i          (a_cols[c*Rows*RowW +: Rows*RowW]),
      .a_o          (a_cols[(c+1)*Rows*RowW +: Rows*RowW]),
      .switch_i     (switch_cols[c*Rows +: Rows]),
      .switch_o     (switch_cols[(c+1)*Rows +: Rows]),
      .load_i       (load_cols[c*Rows +: Rows]),
      .w_i          (w_entry[(c % NDec)*RowW +: RowW]),
      .scale_w_i    (w_scale[(c % NDec)*8 +: 8]),
      .scale_a_i    (scale_a[(c+ScaleStage)*8 +: 8]),
      .read_i       (valid[c+ReadStage] && !first[c+ReadStage]),
      .read_slot_i  (slot[(c+ReadStage)*SlotW +: SlotW]),
      .first_i      (first[c+AddStage]),
      .write_i      (valid[c+WriteStage] && !last[c+WriteStage]),
      .write_slot_i (slot[(c+WriteStage)*SlotW +: SlotW]),
      .result_o     (result)
    );

    // Columns finish one after the other; the early ones wait for the last.
    bcq_delay #(.Width(32), .Stages(Cols - 1 - c)) u_deskew (
      .clk_i, .en_i, .in_i(result), .out_o(result_o[c*32 +: 32])
    );
  end

  assign result_valid_o = valid[LastPos] && last[LastPos];
  assign result_final_o = final_token[LastPos];

  // What falls off the right edge, and the other kind of codebooks.
  logic unused;
  assign unused = ^{TableMemory ? table_a_i ^ table_w_i : '0, write_a_i, write_w_i, write_addr_i, write_entry_i,
                    a_cols[Cols*Rows*RowW +: Rows*RowW], switch_cols[Cols*Rows +: Rows],
                    slot, final_token, last, first};

endmodule

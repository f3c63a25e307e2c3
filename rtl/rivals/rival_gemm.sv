// C[M][N] = A[M][K] * W[N][K]^T on operands of a rival format (docs/formats.md, "The sums of those
// with hardware"): array and sequencer behind streams, as bcq_gemm has them for LO-BCQ.
//
//   command     sizes of one product; taken when the previous one has ended
//   weights     per pass Rows*Cols/NDec beats, in the order of bcq_sequencer: column group by
//               column group, row 0 first; each beat is NDec x {elements, scale of the row's group}
//   activations one token and LA scalars a beat: {elements, scales of the groups}
//   result      one token and one column tile a beat: Cols x FP32, or INT32 (int8-token, vsq),
//               before the scales of rows and tensors
//
// Elements are sign and magnitude. Weights and activations arrive in the order of the sequencer's
// loops, (m tile, n tile, j). Result latency GroupRows + Cols + STAGE_RESULT - 1 from a tile's last
// token. All streams are valid/ready; a waiting result freezes the array. scale_nan_o is sticky until
// the next command: an operand's scale was no number and counted as 0. Does not apply scales of rows
// and tensors and does not buffer operands.
module rival_gemm #(
  parameter int unsigned Format = bcq_pkg::FORMAT_INT8_TOKEN,
  parameter int unsigned Lanes = bcq_pkg::LANES,
  parameter int unsigned LA = bcq_pkg::LA_DEFAULT,
  parameter int unsigned Cols = 16,
  parameter int unsigned T = 64,
  parameter int unsigned NDec = 2,
  parameter bit          Asic = 1'b0,  // for standard cells: see bcq_pe
  localparam bit          Token = Format == bcq_pkg::FORMAT_INT8_TOKEN,
  localparam bit          Int8 = Format == bcq_pkg::FORMAT_INT8,
  localparam bit          Vsq = Format == bcq_pkg::FORMAT_VSQ,
  localparam bit          Mxfp4 = Format == bcq_pkg::FORMAT_MXFP4,
  localparam bit          Nvfp4 = Format == bcq_pkg::FORMAT_NVFP4,
  localparam int unsigned Rows = LA / Lanes,
  // Bits of an element and of a scale, scalars that share a scale. A row's scale of int8-token and
  // vsq stays in software.
  localparam int unsigned ElemW = Token || Int8 ? 8 : 4,
  localparam int unsigned ScaleW = Token ? 0 : Int8 ? 16 : Vsq ? 4 : 8,
  localparam int unsigned Group = Vsq ? bcq_pkg::VSQ_GROUP : Mxfp4 ? bcq_pkg::MXFP4_GROUP :
                                  Nvfp4 ? bcq_pkg::NVFP4_GROUP : LA,
  localparam int unsigned Groups = LA / Group,
  localparam int unsigned ActW = Groups * ScaleW + LA * ElemW,
  localparam int unsigned WgtW = ScaleW + Lanes * ElemW
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,

  input  logic                 cmd_valid_i,
  output logic                 cmd_ready_o,
  input  logic [31:0]          cmd_m_i,         // M
  input  logic [31:0]          cmd_n_tiles_i,   // ceil(N / Cols)
  input  logic [31:0]          cmd_k_arrays_i,  // ceil(K / LA)

  input  logic                 w_valid_i,
  output logic                 w_ready_o,
  input  logic [NDec*WgtW-1:0] w_data_i,

  input  logic                 a_valid_i,
  output logic                 a_ready_o,
  input  logic [ActW-1:0]      a_data_i,

  output logic                 r_valid_o,
  input  logic                 r_ready_i,
  output logic                 r_last_o,        // the product's last beat
  output logic [Cols*32-1:0]   r_data_o,

  output logic                 busy_o,
  output logic                 scale_nan_o,
  output logic [47:0]          cycles_o,
  // What was built, 16 bits each from the lowest: Format, Lanes, LA, Cols, T, NDec.
  output logic [6*16-1:0]      identity_o
);

  localparam int unsigned GroupRows = Group / Lanes;
  localparam int unsigned ColGroups = Cols / NDec;
  localparam int unsigned SlotW = $clog2(T);
  localparam int unsigned RowAddrW = $clog2(Rows);
  localparam int unsigned ColGroupW = ColGroups > 1 ? $clog2(ColGroups) : 1;
  localparam int unsigned StageAdd = Token ? bcq_pkg::STAGE_ADD_INT8_TOKEN : Int8 ? bcq_pkg::STAGE_ADD_INT8 :
      Vsq ? bcq_pkg::STAGE_ADD_VSQ : Mxfp4 ? bcq_pkg::STAGE_ADD_MXFP4 : bcq_pkg::STAGE_ADD_NVFP4;
  localparam int unsigned StageResult =
      Token ? bcq_pkg::STAGE_RESULT_INT8_TOKEN : Int8 ? bcq_pkg::STAGE_RESULT_INT8 :
      Vsq ? bcq_pkg::STAGE_RESULT_VSQ : Mxfp4 ? bcq_pkg::STAGE_RESULT_MXFP4 : bcq_pkg::STAGE_RESULT_NVFP4;
  // A sum is read STAGE_READ stages before it is added to, written at StageResult, and in memory one later.
  localparam int unsigned Loop = StageResult - StageAdd + bcq_pkg::STAGE_READ + 1;

  logic                 en, load, start, issue, first, last, final_token;
  logic [RowAddrW-1:0]  load_row;
  logic [ColGroupW-1:0] load_group;
  logic [SlotW-1:0]     slot;
  logic                 r_final;

  assign identity_o = {16'(NDec), 16'(T), 16'(Cols), 16'(LA), 16'(Lanes), 16'(Format)};
  assign r_last_o   = r_final;

  if (!Token && !Int8 && !Vsq && !Mxfp4 && !Nvfp4) begin : g_bad_format
    $error("rival_gemm: Format must be one of FORMAT_...");
  end
  // The integer sums do not depend on how columns cut them; the others are defined for 64 scalars.
  if ((LA & (LA - 1)) != 0 || LA > bcq_pkg::LA_MAX || (LA != 64 && !Token && !Vsq)) begin : g_bad_la
    $error("rival_gemm: LA must be 64, or 16, 32 or 128 with int8-token and vsq");
  end
  if (T > 65535 || Cols > 65535) begin : g_bad_size
    $error("rival_gemm: T and Cols must fit the 16 bits of identity_o");
  end

  // ---- Sequencer and array -------------------------------------------------------------------------------

  bcq_sequencer #(.Rows(Rows), .Cols(Cols), .T(T), .NDec(NDec), .Loop(Loop)) u_sequencer (
    .clk_i,
    .rst_ni,
    .cmd_valid_i,
    .cmd_ready_o,
    .cmd_m_i,
    .cmd_n_tiles_i,
    .cmd_k_arrays_i,
    .w_valid_i,
    .w_ready_o,
    .load_o         (load),
    .load_row_o     (load_row),
    .load_group_o   (load_group),
    .a_valid_i,
    .a_ready_o,
    .start_o        (start),
    .issue_o        (issue),
    .first_o        (first),
    .last_o         (last),
    .final_o        (final_token),
    .slot_o         (slot),
    .result_valid_i (r_valid_o),
    .result_final_i (r_final),
    .result_ready_i (r_ready_i),
    .en_o           (en),
    .busy_o,
    .cycles_o
  );

  rival_array #(
    .Format(Format), .Lanes(Lanes), .LA(LA), .ElemW(ElemW), .Group(Group), .ScaleW(ScaleW),
    .Cols(Cols), .T(T), .NDec(NDec), .StageAdd(StageAdd), .StageResult(StageResult), .Asic(Asic)
  ) u_array (
    .clk_i,
    .rst_ni,
    .en_i           (en),
    .load_i         (load),
    .load_row_i     (load_row),
    .load_group_i   (load_group),
    .w_data_i,
    .start_i        (start),
    .issue_i        (issue),
    .first_i        (first),
    .last_i         (last),
    .final_i        (final_token),
    .slot_i         (slot),
    .a_data_i,
    .result_valid_o (r_valid_o),
    .result_final_o (r_final),
    .result_o       (r_data_o)
  );

  // ---- Scales that are no number -----------------------------------------------------------------------

  if (Token || Vsq) begin : g_no_nan
    logic unused_group_rows;
    assign unused_group_rows = GroupRows == 0;
    assign scale_nan_o = 1'b0;  // every UINT4 is a number
  end else begin : g_nan
    function automatic logic nan(input logic [ScaleW-1:0] scale);
      if (Int8)       nan = scale[ScaleW-2 -: 5] == '1;                        // FP16
      else if (Mxfp4) nan = scale == '1;                                       // E8M0
      else            nan = scale[6:0] == 7'(bcq_pkg::SCALE_NAN_CODE);         // E4M3
    endfunction

    logic a_nan, w_nan, scale_nan_d, scale_nan_q;
    always_comb begin
      a_nan = 1'b0;
      for (int unsigned g = 0; g < Groups; g++) a_nan = a_nan || nan(a_data_i[g*ScaleW +: ScaleW]);
    end
    always_comb begin
      w_nan = 1'b0;
      for (int unsigned i = 0; i < NDec; i++) w_nan = w_nan || nan(w_data_i[i*WgtW +: ScaleW]);
      // The scale that counts is the one in the beat of the group's last row.
      if (32'(load_row) % GroupRows != GroupRows - 1) w_nan = 1'b0;
    end
    assign scale_nan_d = (scale_nan_q && !(cmd_valid_i && cmd_ready_o))
                      || (issue && a_nan) || (load && w_nan);
    assign scale_nan_o = scale_nan_q;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) scale_nan_q <= 1'b0;
      else         scale_nan_q <= scale_nan_d;
    end
  end

  // ---- Stream rules ------------------------------------------------------------------------------------------

  bcq_stream_rules #(.Width(96)) u_cmd_rules (
    .clk_i, .rst_ni, .valid_i(cmd_valid_i), .ready_i(cmd_ready_o),
    .data_i({cmd_m_i, cmd_n_tiles_i, cmd_k_arrays_i})
  );
  bcq_stream_rules #(.Width(NDec*WgtW)) u_w_rules (
    .clk_i, .rst_ni, .valid_i(w_valid_i), .ready_i(w_ready_o), .data_i(w_data_i)
  );
  bcq_stream_rules #(.Width(ActW)) u_a_rules (
    .clk_i, .rst_ni, .valid_i(a_valid_i), .ready_i(a_ready_o), .data_i(a_data_i)
  );
  bcq_stream_rules #(.Width(1 + Cols*32)) u_r_rules (
    .clk_i, .rst_ni, .valid_i(r_valid_o), .ready_i(r_ready_i), .data_i({r_last_o, r_data_o})
  );

endmodule

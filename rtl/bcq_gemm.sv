// C[M][N] = A[M][K] * W[N][K]^T on LO-BCQ operands: array, codebooks and sequencer behind streams.
//
//   command     sizes of one product; taken when the previous one has ended
//   codebook    one codebook a beat, taken between products; programmable builds only need it
//   weights     per pass Rows*Cols/NDec beats, in the order of bcq_sequencer: column group by
//               column group, row 0 first; each beat is NDec x {indices, selectors, scale}
//   activations one token and one block array a beat: {indices, selectors, scale}
//   result      one token and one column tile a beat: Cols x FP32, before the tensor scales
//
// Weights and activations arrive in the order of the sequencer's loops, (m tile, n tile, j); both are
// streamed again for every tile that needs them. Result latency Rows + Cols + 5 (fp32 and
// exact) or + 13 (Deep) from a tile's last block array. All streams are valid/ready; a waiting result freezes the
// array. scale_nan_o is sticky until the next command: an operand's scale was a NaN code and counted
// as 0. Does not apply tensor scales and does not buffer operands.
module bcq_gemm #(
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
  parameter bit          Frozen = 1'b0,
  parameter bit          Deep = 1'b0,         // more pipeline registers, for FPGAs; fp32 only
  parameter bit          TableMemory = 1'b0,  // codebooks in memories beside each decoder lane
  parameter int unsigned Decode = 0,          // entries move right and are held (0), or codes: see bcq_array
  parameter bit          Asic = 1'b0,        // for standard cells: latches, adders written out
  parameter bit          TwosComplement = 1'b0,  // entries in two's complement inside the array
  localparam int unsigned Rows = LA / Lanes,
  localparam int unsigned SelW = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned BookW = (1 << B) * EW,
  parameter logic [NC*BookW-1:0] FrozenTableA = '0,
  parameter logic [NC*BookW-1:0] FrozenTableW = '0,
  localparam int unsigned RowCodesW = Lanes / LB * SelW + Lanes * B,
  localparam int unsigned ActW = 8 + Rows * RowCodesW,
  localparam int unsigned WgtW = 8 + RowCodesW
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,

  input  logic                 cmd_valid_i,
  output logic                 cmd_ready_o,
  input  logic [31:0]          cmd_m_i,         // M
  input  logic [31:0]          cmd_n_tiles_i,   // ceil(N / Cols)
  input  logic [31:0]          cmd_k_arrays_i,  // ceil(K / LA)

  input  logic                 cb_valid_i,      // Asic: settles in the first half of a beat's second cycle
  output logic                 cb_ready_o,      // Asic: a codebook beat takes two cycles
  input  logic                 cb_weights_i,    // 1: the weights' tables, 0: the activations'; Asic: as cb_valid_i
  input  logic [SelW-1:0]      cb_book_i,       // Asic: settles as cb_valid_i
  input  logic [BookW-1:0]     cb_entry_i,      // two's complement, entry 0 lowest

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
  // The activations' codebooks for a shared encoder, sign-magnitude; zero with TableMemory or TwosComplement.
  output logic [NC*BookW-1:0]  table_a_o,
  // What was built, 16 bits each from the lowest: Lanes, LB, LA, NC, B, EW, Cols, T, NDec, Exact,
  // Frozen, Deep, TableMemory, Decode, TwosComplement.
  output logic [15*16-1:0]     identity_o
);

  localparam int unsigned Groups = Cols / NDec;
  localparam int unsigned SlotW = $clog2(T);
  localparam int unsigned RowAddrW = $clog2(Rows);
  localparam int unsigned GroupW = Groups > 1 ? $clog2(Groups) : 1;
  localparam int unsigned EntryAddrW = $clog2(NC) + B;

  logic                en, load, start, issue, first, last, final_token;
  logic [RowAddrW-1:0] load_row;
  logic [GroupW-1:0]   load_group;
  logic [SlotW-1:0]    slot;
  logic                r_final, seq_valid, seq_ready;
  logic [NC*BookW-1:0] table_a, table_w;

  assign identity_o = {16'(TwosComplement), 16'(Decode), 16'(TableMemory), 16'(Deep), 16'(Frozen), 16'(Exact), 16'(NDec),
                       16'(T), 16'(Cols), 16'(EW), 16'(B), 16'(NC), 16'(LA), 16'(LB), 16'(Lanes)};
  assign r_last_o   = r_final;
  assign table_a_o  = TwosComplement ? '0 : table_a;

  if (Lanes % LB != 0 || (LB != 2 && LB != 4 && LB != 8)) begin : g_bad_lb
    $error("bcq_gemm: LB must be 2, 4 or 8 and divide Lanes");
  end
  if (LA < bcq_pkg::LA_MIN || LA > bcq_pkg::LA_MAX || (LA & (LA - 1)) != 0) begin : g_bad_la
    $error("bcq_gemm: LA must be 16, 32, 64 or 128");
  end
  if (NC < 1 || NC > bcq_pkg::NC_MAX || (NC & (NC - 1)) != 0) begin : g_bad_nc
    $error("bcq_gemm: NC must be 1, 2, 4, 8 or 16");
  end
  if (B < bcq_pkg::B_MIN || B > bcq_pkg::B_MAX) begin : g_bad_b
    $error("bcq_gemm: B must be 2, 3 or 4");
  end
  if (EW < bcq_pkg::EW_MIN || EW > bcq_pkg::EW_MAX) begin : g_bad_ew
    $error("bcq_gemm: EW must be 4 to 8");
  end

  if (T > 65535 || Cols > 65535) begin : g_bad_size
    $error("bcq_gemm: T and Cols must fit the 16 bits of identity_o");
  end

  // ---- Codebooks ---------------------------------------------------------------------------------------

  // Tables must not change under codes that are on their way; the array is empty between products.
  logic [EntryAddrW-1:0] entry_addr;
  logic [EW-1:0]         entry;
  logic                  write_a, write_w;

  if (TableMemory) begin : g_memory
    // Entry by entry; the beat is taken with its last one, and a command waits for it.
    logic [B-1:0] index_d, index_q;
    logic         write;

    if (Frozen) begin : g_bad_frozen
      $error("bcq_gemm: Frozen and TableMemory exclude each other");
    end

    assign write       = cb_valid_i && !busy_o;
    assign index_d     = write ? index_q + 1'b1 : index_q;
    assign cb_ready_o  = !busy_o && index_q == '1;
    assign seq_valid   = cmd_valid_i && !cb_valid_i;
    assign cmd_ready_o = seq_ready && !cb_valid_i;
    assign write_a     = write && !cb_weights_i;
    assign write_w     = write && cb_weights_i;
    assign entry_addr  = EntryAddrW'({cb_book_i, index_q});
    assign {table_a, table_w} = '0;

    logic [EW-1:0] entry_of [1 << B];
    for (genvar k = 0; k < 1 << B; k++) begin : g_entry
      assign entry_of[k] = cb_entry_i[k*EW +: EW];
    end
    // Sign-magnitude as in bcq_codebooks.
    assign entry = entry_of[index_q][EW-1] ? {1'b1, ~entry_of[index_q][EW-2:0] + 1'b1} : entry_of[index_q];

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) index_q <= '0;
      else         index_q <= index_d;
    end
  end else begin : g_tables
    logic write;

    assign {write_a, write_w, entry_addr, entry} = '0;

    if (Asic && !Frozen) begin : g_twice
      // Latches are open in the second half of a beat's second cycle, when all of the beat has settled. A beat
      // that comes finds ready low for a cycle, and a command waits for it.
      logic second_d, second_q;
      assign second_d    = cb_valid_i && !busy_o && !second_q;
      assign write       = cb_valid_i && second_q;
      assign cb_ready_o  = !busy_o && (second_q || !cb_valid_i);
      assign seq_valid   = cmd_valid_i && !cb_valid_i;
      assign cmd_ready_o = seq_ready && !cb_valid_i;
      always_ff @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) second_q <= 1'b0;
        else         second_q <= second_d;
      end
    end else begin : g_once
      assign cb_ready_o  = !busy_o;
      assign write       = cb_valid_i && cb_ready_o;
      assign seq_valid   = cmd_valid_i;
      assign cmd_ready_o = seq_ready;
    end

    bcq_codebooks #(
      .NC(NC), .B(B), .EW(EW), .Frozen(Frozen), .TwosComplement(TwosComplement), .Asic(Asic),
      .FrozenTable(FrozenTableA)
    ) u_codebooks_a (
      .clk_i,
      .write_i (write && !cb_weights_i),
      .book_i  (cb_book_i),
      .entry_i (cb_entry_i),
      .table_o (table_a)
    );
    bcq_codebooks #(
      .NC(NC), .B(B), .EW(EW), .Frozen(Frozen), .TwosComplement(TwosComplement), .Asic(Asic),
      .FrozenTable(FrozenTableW)
    ) u_codebooks_w (
      .clk_i,
      .write_i (write && cb_weights_i),
      .book_i  (cb_book_i),
      .entry_i (cb_entry_i),
      .table_o (table_w)
    );
  end

  // ---- Sequencer and array -------------------------------------------------------------------------------

  bcq_sequencer #(
    .Rows(Rows), .Cols(Cols), .T(T), .NDec(NDec),
    .Loop(Deep ? bcq_pkg::LOOP_DEEP : Exact ? bcq_pkg::LOOP_EXACT : bcq_pkg::LOOP_FP32)
  ) u_sequencer (
    .clk_i,
    .rst_ni,
    .cmd_valid_i    (seq_valid),
    .cmd_ready_o    (seq_ready),
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

  bcq_array #(
    .Lanes(Lanes), .LB(LB), .LA(LA), .NC(NC), .B(B), .EW(EW), .Cols(Cols), .T(T), .NDec(NDec),
    .Exact(Exact), .Deep(Deep), .TableMemory(TableMemory), .Decode(Decode), .TwosComplement(TwosComplement), .Asic(Asic)
  ) u_array (
    .clk_i,
    .rst_ni,
    .en_i           (en),
    .table_a_i      (table_a),
    .table_w_i      (table_w),
    .write_a_i      (write_a),
    .write_w_i      (write_w),
    .write_addr_i   (entry_addr),
    .write_entry_i  (entry),
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

  // ---- NaN scales ------------------------------------------------------------------------------------------

  logic a_nan, w_nan, scale_nan_d, scale_nan_q;

  assign a_nan = a_data_i[6:0] == 7'(bcq_pkg::SCALE_NAN_CODE);
  always_comb begin
    w_nan = 1'b0;
    // The scale that counts is the one in the last row's beat.
    for (int unsigned i = 0; i < NDec; i++) begin
      if (w_data_i[i*WgtW +: 7] == 7'(bcq_pkg::SCALE_NAN_CODE)) w_nan = load_row == RowAddrW'(Rows - 1);
    end
  end
  assign scale_nan_d = (scale_nan_q && !(cmd_valid_i && cmd_ready_o))
                    || (issue && a_nan) || (load && w_nan);
  assign scale_nan_o = scale_nan_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) scale_nan_q <= 1'b0;
    else         scale_nan_q <= scale_nan_d;
  end

  // ---- Stream rules ------------------------------------------------------------------------------------------

  bcq_stream_rules #(.Width(96)) u_cmd_rules (
    .clk_i, .rst_ni, .valid_i(cmd_valid_i), .ready_i(cmd_ready_o),
    .data_i({cmd_m_i, cmd_n_tiles_i, cmd_k_arrays_i})
  );
  bcq_stream_rules #(.Width(1 + SelW + BookW)) u_cb_rules (
    .clk_i, .rst_ni, .valid_i(cb_valid_i), .ready_i(cb_ready_o),
    .data_i({cb_weights_i, cb_book_i, cb_entry_i})
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

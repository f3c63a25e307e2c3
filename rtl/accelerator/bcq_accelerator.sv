// The accelerator: array, encoder and buffers behind AXI4-Lite registers and four AXI4-Streams.
//
//   s_axil    registers: what was built, commands, errors, counters (registers.def, bcq_registers)
//   s_axis_cb codebooks, a byte an entry       s_axis_w  weights, packed records
//   s_axis_a  activations, packed records or BF16     m_axis_r  results, FP32 or BF16, before the tensor scales
//
// A command runs to its last beat; then the whole core but its tables is reset for a cycle, so that each command
// begins alike. A stream that ends early, a shape that cannot run, or silence for TIMEOUT cycles sets an error bit
// and ends the command in the same way; what is left of a stream that had begun is dropped up to its TLAST. All
// streams are valid/ready; a TLAST is due exactly on a command's last beat. Cycles: docs/accelerator.md.
// Does not apply tensor scales, find e_X, cut shapes into tiles that fit, or fetch anything by itself.
module bcq_accelerator #(
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
  parameter int unsigned Decode = 0,              // see bcq_gemm
  parameter bit          TwosComplement = 1'b0,
  parameter bit          Frozen = 1'b0,
  parameter bit          Encoder = 1'b1,
  parameter int unsigned EncLanes = 1,
  parameter int unsigned CbPerCycle = 4,
  parameter bit          GateEncoder = 1'b1,  // its clock stands while it has nothing to do; 0 for FPGAs
  parameter int unsigned ABytes = 32,
  parameter int unsigned WBytes = 16,
  parameter int unsigned RBytes = 32,
  parameter int unsigned ActWords = 1024,
  parameter int unsigned ResultWords = 64,
  parameter int unsigned ClockHz = 0,
  localparam int unsigned Rows = LA / Lanes,
  localparam int unsigned SelW = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned BookW = (1 << B) * EW,
  parameter logic [NC*BookW-1:0] FrozenTableA = '0,
  parameter logic [NC*BookW-1:0] FrozenTableW = '0
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                s_axil_awvalid_i,
  output logic                s_axil_awready_o,
  input  logic [11:0]         s_axil_awaddr_i,
  input  logic                s_axil_wvalid_i,
  output logic                s_axil_wready_o,
  input  logic [31:0]         s_axil_wdata_i,
  input  logic [3:0]          s_axil_wstrb_i,
  output logic                s_axil_bvalid_o,
  input  logic                s_axil_bready_i,
  output logic [1:0]          s_axil_bresp_o,
  input  logic                s_axil_arvalid_i,
  output logic                s_axil_arready_o,
  input  logic [11:0]         s_axil_araddr_i,
  output logic                s_axil_rvalid_o,
  input  logic                s_axil_rready_i,
  output logic [31:0]         s_axil_rdata_o,
  output logic [1:0]          s_axil_rresp_o,

  input  logic                s_axis_cb_tvalid_i,
  output logic                s_axis_cb_tready_o,
  input  logic [31:0]         s_axis_cb_tdata_i,
  input  logic                s_axis_cb_tlast_i,

  input  logic                s_axis_w_tvalid_i,
  output logic                s_axis_w_tready_o,
  input  logic [WBytes*8-1:0] s_axis_w_tdata_i,
  input  logic                s_axis_w_tlast_i,
  input  logic [WBytes-1:0]   s_axis_w_tkeep_i,  // read with TLAST only

  input  logic                s_axis_a_tvalid_i,
  output logic                s_axis_a_tready_o,
  input  logic [ABytes*8-1:0] s_axis_a_tdata_i,
  input  logic                s_axis_a_tlast_i,
  input  logic [ABytes-1:0]   s_axis_a_tkeep_i,  // read with TLAST only

  output logic                m_axis_r_tvalid_o,
  input  logic                m_axis_r_tready_i,
  output logic [RBytes*8-1:0] m_axis_r_tdata_o,
  output logic                m_axis_r_tlast_o,

  output logic                irq_o
);

  localparam int unsigned RowSelW = Lanes / LB * SelW;
  localparam int unsigned RowIdxW = Lanes * B;
  localparam int unsigned ActW    = 8 + Rows * (RowSelW + RowIdxW);  // a block array as the array takes it
  localparam int unsigned WgtW    = 8 + RowSelW + RowIdxW;
  // A record of the file format has no selectors where there is one codebook.
  localparam int unsigned RecordW     = 8 + (NC > 1 ? LA / LB * SelW : 0) + LA * B;
  localparam int unsigned RecordBytes = (RecordW + 7) / 8;
  localparam int unsigned CounterW    = 40;
  localparam int unsigned ErrorW      = 13;

  // ---- Registers -----------------------------------------------------------------------------------------

  localparam int unsigned BuildWords = 21;
  logic [BuildWords*32-1:0] build;
  assign build = {
    32'(ClockHz), 32'(ResultWords), 32'(ActWords), 32'(RBytes), 32'(WBytes), 32'(ABytes),
    Encoder ? 32'(CbPerCycle) : 32'd0, Encoder ? 32'(EncLanes) : 32'd0, 32'(TableMemory), 32'(Deep), 32'(Frozen),
    32'(Exact), 32'(NDec), 32'(T), 32'(Cols), 32'(EW), 32'(B), 32'(NC), 32'(LA), 32'(LB), 32'(Lanes)};

  logic                  busy, ended, command, reset;
  logic [15:0]           number;
  logic [1:0]            op;
  logic [31:0]           m, n_tiles, k_arrays, timeout;
  logic [2:0]            mode;
  logic [7:0]            exponent;
  logic [ErrorW-1:0]     error;
  logic [8*CounterW-1:0] counters;
  logic                  encode, reuse, bf16;

  bcq_registers #(.BuildWords(BuildWords), .CounterW(CounterW)) u_registers (
    .clk_i, .rst_ni,
    .awvalid_i(s_axil_awvalid_i), .awready_o(s_axil_awready_o), .awaddr_i(s_axil_awaddr_i),
    .wvalid_i(s_axil_wvalid_i), .wready_o(s_axil_wready_o), .wdata_i(s_axil_wdata_i),
    .wstrb_i(s_axil_wstrb_i),
    .bvalid_o(s_axil_bvalid_o), .bready_i(s_axil_bready_i), .bresp_o(s_axil_bresp_o),
    .arvalid_i(s_axil_arvalid_i), .arready_o(s_axil_arready_o), .araddr_i(s_axil_araddr_i),
    .rvalid_o(s_axil_rvalid_o), .rready_i(s_axil_rready_i), .rdata_o(s_axil_rdata_o),
    .rresp_o(s_axil_rresp_o),
    .build_i(build), .counters_i(counters), .busy_i(busy), .ended_i(ended), .error_set_i(error),
    .command_o(command), .number_o(number), .op_o(op), .reset_o(reset),
    .m_o(m), .n_tiles_o(n_tiles), .k_arrays_o(k_arrays), .mode_o(mode), .exponent_o(exponent),
    .timeout_o(timeout), .irq_o
  );

  assign encode = Encoder && mode[bcq_reg_pkg::MODE_ENCODE_LSB];
  assign reuse  = mode[bcq_reg_pkg::MODE_REUSE_LSB];
  assign bf16   = mode[bcq_reg_pkg::MODE_BF16_LSB];

  // ---- Control -------------------------------------------------------------------------------------------

  typedef enum logic [1:0] { Idle, Books, Run, Clean } state_e;
  state_e state_d, state_q;

  logic legal, begin_q, done, books_done, fatal, abort_product, core_rst_nq, run, books;
  logic move, silent;

  assign run   = state_q == Run;
  assign books = state_q == Books;
  assign busy  = state_q != Idle;
  assign ended = state_q == Clean;
  assign legal = op == 2'(bcq_reg_pkg::OP_CODEBOOKS)
              || (op == 2'(bcq_reg_pkg::OP_PRODUCT) && m != '0 && n_tiles != '0 && k_arrays != '0
                  && (Encoder || !mode[bcq_reg_pkg::MODE_ENCODE_LSB]) && (ActWords > 0 || !reuse));

  always_comb begin
    state_d = state_q;
    case (state_q)
      Idle:    if (command) state_d = !legal ? Clean : op == 2'(bcq_reg_pkg::OP_PRODUCT) ? Run : Books;
      Run:     if (done || fatal) state_d = Clean;
      Books:   if (books_done || fatal) state_d = Clean;
      default: state_d = Idle;
    endcase
    if (reset && busy) state_d = Clean;
  end
  assign abort_product = run && fatal && !done;

  // The core begins every command from reset; a flop of its own, since an asynchronous reset must not glitch.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q     <= Idle;
      begin_q     <= 1'b0;
      core_rst_nq <= 1'b0;
    end else begin
      state_q     <= state_d;
      begin_q     <= state_q == Idle && state_d == Run;
      core_rst_nq <= state_d != Clean && !reset;
    end
  end

  // ---- Streams in: taken by the command, or dropped -------------------------------------------------------

  // Bit 0 codebooks, 1 weights, 2 activations.
  logic [2:0] valid, ready, tlast, wanted, fed_ready, drop_d, drop_q, open_d, open_q, taken;

  assign valid = {s_axis_a_tvalid_i, s_axis_w_tvalid_i, s_axis_cb_tvalid_i};
  assign tlast = {s_axis_a_tlast_i, s_axis_w_tlast_i, s_axis_cb_tlast_i};
  assign {s_axis_a_tready_o, s_axis_w_tready_o, s_axis_cb_tready_o} = ready;
  assign wanted = {run, run, books} & ~drop_q;
  assign ready  = drop_q | (wanted & fed_ready);
  assign taken  = valid & ready;
  // Open: a packet has begun and its TLAST has not come.
  assign open_d = reset ? '0 : (open_q & ~taken) | (taken & ~tlast);
  always_comb begin
    drop_d = drop_q & ~(taken & tlast);
    if (state_d == Clean) drop_d = drop_d | open_d;
    if (reset) drop_d = '0;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      open_q <= '0;
      drop_q <= '0;
    end else begin
      open_q <= open_d;
      drop_q <= drop_d;
    end
  end

  // ---- Codebooks -----------------------------------------------------------------------------------------

  logic             cb_valid, cb_ready, cb_weights, cb_final, cb_last_seen, cb_gemm_ready, cb_encoder_ready;
  logic [SelW-1:0]  cb_book;
  logic [BookW-1:0] cb_entry;
  logic             cb_differs;

  bcq_codebook_feed #(.NC(NC), .B(B), .EW(EW)) u_codebook_feed (
    .clk_i, .rst_ni(core_rst_nq),
    .tvalid_i(valid[0] && wanted[0]), .tready_o(fed_ready[0]), .tdata_i(s_axis_cb_tdata_i),
    .tlast_i(tlast[0]),
    .cb_valid_o(cb_valid), .cb_ready_i(cb_ready), .cb_weights_o(cb_weights), .cb_book_o(cb_book),
    .cb_entry_o(cb_entry), .final_o(cb_final), .last_seen_o(cb_last_seen)
  );
  assign cb_ready   = cb_gemm_ready && cb_encoder_ready;
  assign books_done = cb_valid && cb_ready && cb_final;

  if (Frozen) begin : g_compare
    logic [BookW-1:0] book_a [NC], book_w [NC];
    for (genvar c = 0; c < NC; c++) begin : g_book
      assign book_a[c] = FrozenTableA[c*BookW +: BookW];
      assign book_w[c] = FrozenTableW[c*BookW +: BookW];
    end
    assign cb_differs = cb_valid && cb_entry != (cb_weights ? book_w[cb_book] : book_a[cb_book]);
  end else begin : g_take
    assign cb_differs = 1'b0;
  end

  // ---- Weights -------------------------------------------------------------------------------------------

  logic                     record_w_valid, record_w_ready, w_exhausted, w_last_seen, w_feed_idle;
  logic [RecordBytes*8-1:0] record_w, record_a;
  logic                     w_valid, w_ready;
  logic [NDec*WgtW-1:0]     w_data;

  bcq_unpack #(.InBytes(WBytes), .OutBytes(RecordBytes)) u_unpack_w (
    .clk_i, .rst_ni(core_rst_nq),
    .in_valid_i(valid[1] && wanted[1]), .in_ready_o(fed_ready[1]), .in_data_i(s_axis_w_tdata_i),
    .in_last_i(tlast[1]), .in_keep_i(s_axis_w_tkeep_i),
    .out_valid_o(record_w_valid), .out_ready_i(record_w_ready), .out_data_o(record_w),
    .last_seen_o(w_last_seen), .exhausted_o(w_exhausted)
  );

  // {indices, selectors, scale} with at least one bit of selector.
  function automatic logic [ActW-1:0] widen(input logic [RecordW-1:0] record);
    if (NC > 1) widen = ActW'(record);
    else        widen = {record[8 +: LA*B], {(LA / LB * SelW){1'b0}}, record[7:0]};
  endfunction

  if (RecordW % 8 != 0) begin : g_padding
    logic unused;
    assign unused = ^{record_w[RecordBytes*8-1:RecordW], record_a[RecordBytes*8-1:RecordW]};
  end

  bcq_weight_feed #(.Rows(Rows), .NDec(NDec), .RowSelW(RowSelW), .RowIdxW(RowIdxW)) u_weight_feed (
    .clk_i, .rst_ni(core_rst_nq),
    .record_valid_i(record_w_valid), .record_ready_o(record_w_ready), .record_i(widen(record_w[RecordW-1:0])),
    .w_valid_o(w_valid), .w_ready_i(w_ready), .w_data_o(w_data),
    .idle_o(w_feed_idle)
  );

  // ---- Activations: packed, or through the encoder ----------------------------------------------------------

  logic                     record_a_valid, record_a_ready, a_exhausted, a_last_seen, packed_ready;
  logic                     packed_exhausted, packed_last_seen, encoder_waits;
  logic                     in_valid, in_ready, in_partial;
  logic [ActW-1:0]          in_data;
  logic                     nonfinite;
  logic [NC*BookW-1:0]      table_a;

  bcq_unpack #(.InBytes(ABytes), .OutBytes(RecordBytes)) u_unpack_a (
    .clk_i, .rst_ni(core_rst_nq),
    .in_valid_i(valid[2] && wanted[2] && !encode), .in_ready_o(packed_ready), .in_data_i(s_axis_a_tdata_i),
    .in_last_i(tlast[2]), .in_keep_i(s_axis_a_tkeep_i),
    .out_valid_o(record_a_valid), .out_ready_i(record_a_ready), .out_data_o(record_a),
    .last_seen_o(packed_last_seen), .exhausted_o(packed_exhausted)
  );

  if (Encoder && TwosComplement) begin : g_bad_twos
    $error("bcq_accelerator: Encoder reads tables in sign-magnitude, so TwosComplement excludes it");
  end
  if (Encoder) begin : g_encoder
    localparam int unsigned XBytes = EncLanes * LB * 2;
    localparam int unsigned Beats  = LA / (EncLanes * LB);
    localparam int unsigned BeatW  = Beats > 1 ? $clog2(Beats) : 1;

    logic                x_valid, x_ready, x_in_ready, x_last_seen, x_exhausted, e_valid, e_ready, unused_busy;
    logic [XBytes*8-1:0] x_data;
    logic [ActW-1:0]     e_data;
    logic [BeatW-1:0]    beat_q;
    logic [5:0]          whole_q;  // block arrays in the encoder that have all their beats; it holds fewer than 32
    logic                whole_in, whole_out;
    logic [9*16-1:0]     unused_identity;

    bcq_unpack #(.InBytes(ABytes), .OutBytes(XBytes)) u_unpack_x (
      .clk_i, .rst_ni(core_rst_nq),
      .in_valid_i(valid[2] && wanted[2] && encode), .in_ready_o(x_in_ready), .in_data_i(s_axis_a_tdata_i),
      .in_last_i(tlast[2]), .in_keep_i(s_axis_a_tkeep_i),
      .out_valid_o(x_valid), .out_ready_i(x_ready), .out_data_o(x_data),
      .last_seen_o(x_last_seen), .exhausted_o(x_exhausted)
    );

    // The encoder's clock stands, high, but for products that encode and for codebooks. The OR hides the
    // changes of gate_q, which come while clk_i is high. In reset it runs.
    logic clk_encoder;
    if (GateEncoder) begin : g_gate
      logic gate_q;
`ifndef SYNTHESIS
      initial gate_q = 1'b1;  // simulated, clk_encoder would rise before the first reset
`endif
      always_ff @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) gate_q <= 1'b1;  // simulated, a reset that was there from the start needs a clock to be seen
        else         gate_q <= (state_d == Run && encode) || state_d == Books;
      end
      assign clk_encoder = clk_i || !gate_q;
    end else begin : g_free
      assign clk_encoder = clk_i;
    end

    // The decoders' tables serve the encoder too, where they are registers or constants.
    bcq_encoder #(
      .LB(LB), .LA(LA), .NC(NC), .B(B), .EW(EW), .EncLanes(EncLanes), .CbPerCycle(CbPerCycle),
      .SharedTable(!Frozen && !TableMemory), .Frozen(Frozen), .FrozenTable(FrozenTableA)
    ) u_encoder (
      .clk_i(clk_encoder), .rst_ni(core_rst_nq),
      .cb_valid_i(cb_valid && cb_gemm_ready && !cb_weights), .cb_ready_o(cb_encoder_ready),
      .cb_book_i(cb_book), .cb_entry_i(cb_entry), .table_i(table_a),
      .x_valid_i(x_valid), .x_ready_o(x_ready), .x_data_i(x_data), .x_exponent_i(exponent),
      .a_valid_o(e_valid), .a_ready_i(e_ready), .a_data_o(e_data),
      .clear_i(1'b0), .nonfinite_o(nonfinite), .busy_o(unused_busy), .identity_o(unused_identity)
    );
    logic unused;
    assign unused = ^{unused_identity, unused_busy};

    assign whole_in  = x_valid && x_ready && beat_q == BeatW'(Beats - 1);
    assign whole_out = e_valid && e_ready;
    always_ff @(posedge clk_i or negedge core_rst_nq) begin
      if (!core_rst_nq) begin
        beat_q  <= '0;
        whole_q <= '0;
      end else begin
        if (x_valid && x_ready) beat_q <= whole_in ? '0 : beat_q + 1'b1;
        whole_q <= whole_q + 6'(whole_in) - 6'(whole_out);
      end
    end

    assign in_valid      = encode ? e_valid : record_a_valid;
    assign in_data       = encode ? e_data : widen(record_a[RecordW-1:0]);
    assign e_ready       = in_ready && encode;
    assign record_a_ready = in_ready && !encode;
    assign fed_ready[2]  = encode ? x_in_ready : packed_ready;
    assign a_last_seen   = encode ? x_last_seen : packed_last_seen;
    assign a_exhausted   = encode ? x_exhausted : packed_exhausted;
    assign in_partial    = encode && beat_q != '0;
    assign encoder_waits = !encode || whole_q == '0;
  end else begin : g_packed
    logic unused;
    assign unused = ^{table_a, exponent, encode};
    assign cb_encoder_ready = 1'b1;
    assign nonfinite      = 1'b0;
    assign in_valid       = record_a_valid;
    assign in_data        = widen(record_a[RecordW-1:0]);
    assign record_a_ready = in_ready;
    assign fed_ready[2]   = packed_ready;
    assign a_last_seen    = packed_last_seen;
    assign a_exhausted    = packed_exhausted;
    assign in_partial     = 1'b0;
    assign encoder_waits  = 1'b1;
  end

  logic            a_valid, a_ready, a_stuck, a_buffer_idle;
  logic [ActW-1:0] a_data;

  bcq_act_buffer #(.Width(ActW), .Words(ActWords), .T(T)) u_act_buffer (
    .clk_i, .rst_ni(core_rst_nq),
    .start_i(begin_q), .reuse_i(reuse), .m_i(m), .n_tiles_i(n_tiles), .k_arrays_i(k_arrays),
    .in_valid_i(in_valid), .in_ready_o(in_ready), .in_data_i(in_data),
    .out_valid_o(a_valid), .out_ready_i(a_ready), .out_data_o(a_data),
    .stuck_o(a_stuck), .idle_o(a_buffer_idle)
  );

  // ---- Array ---------------------------------------------------------------------------------------------

  logic               r_valid, r_ready, r_last, scale_nan, cmd_ready;
  logic [Cols*32-1:0] r_data;
  logic               unused_busy;
  logic [47:0]        unused_cycles;
  logic [15*16-1:0]   unused_identity;

  bcq_gemm #(
    .Lanes(Lanes), .LB(LB), .LA(LA), .NC(NC), .B(B), .EW(EW), .Cols(Cols), .T(T), .NDec(NDec), .Exact(Exact),
    .Frozen(Frozen), .FrozenTableA(FrozenTableA), .FrozenTableW(FrozenTableW), .Deep(Deep),
    .TableMemory(TableMemory), .Decode(Decode), .TwosComplement(TwosComplement)
  ) u_gemm (
    .clk_i, .rst_ni(core_rst_nq),
    .cmd_valid_i(begin_q), .cmd_ready_o(cmd_ready), .cmd_m_i(m), .cmd_n_tiles_i(n_tiles),
    .cmd_k_arrays_i(k_arrays),
    .cb_valid_i(cb_valid && cb_encoder_ready), .cb_ready_o(cb_gemm_ready), .cb_weights_i(cb_weights),
    .cb_book_i(cb_book), .cb_entry_i(cb_entry),
    .w_valid_i(w_valid), .w_ready_o(w_ready), .w_data_i(w_data),
    .a_valid_i(a_valid), .a_ready_o(a_ready), .a_data_i(a_data),
    .r_valid_o(r_valid), .r_ready_i(r_ready), .r_data_o(r_data), .r_last_o(r_last),
    .busy_o(unused_busy), .scale_nan_o(scale_nan), .cycles_o(unused_cycles), .table_a_o(table_a),
    .identity_o(unused_identity)
  );

  bcq_result_pack #(.Cols(Cols), .Words(ResultWords), .RBytes(RBytes)) u_result_pack (
    .clk_i, .rst_ni, .core_rst_ni(core_rst_nq), .reset_i(reset), .abort_i(abort_product), .bf16_i(bf16),
    .r_valid_i(r_valid), .r_ready_o(r_ready), .r_data_i(r_data), .r_last_i(r_last),
    .tvalid_o(m_axis_r_tvalid_o), .tready_i(m_axis_r_tready_i), .tdata_o(m_axis_r_tdata_o),
    .tlast_o(m_axis_r_tlast_o), .done_o(done)
  );

  logic unused;
  assign unused = ^{number, cmd_ready, unused_busy, unused_cycles, unused_identity};

  // ---- Errors ----------------------------------------------------------------------------------------------

  logic [31:0] silence_q;

  assign move   = taken != '0 || (m_axis_r_tvalid_o && m_axis_r_tready_i);
  assign silent = timeout != '0 && silence_q >= timeout;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)            silence_q <= '0;
    else if (!busy || move) silence_q <= '0;
    else                    silence_q <= silence_q + 32'd1;
  end

  always_comb begin
    error = '0;
    // Short: the command needs more, its last beat came, and no word of it is on its way.
    error[bcq_reg_pkg::ERROR_SHORT_CB_LSB] = books && cb_last_seen && !cb_valid;
    error[bcq_reg_pkg::ERROR_SHORT_W_LSB]  = run && w_exhausted && w_ready && !w_valid;
    error[bcq_reg_pkg::ERROR_SHORT_A_LSB]  = run && a_exhausted && encoder_waits && a_buffer_idle && a_ready
                                          && !a_valid;
    error[bcq_reg_pkg::ERROR_BUFFER_LSB]    = run && a_stuck;
    error[bcq_reg_pkg::ERROR_TIMEOUT_LSB]   = (run || books) && silent;
    error[bcq_reg_pkg::ERROR_CODEBOOK_LSB]  = books && cb_differs;
    error[bcq_reg_pkg::ERROR_COMMAND_LSB]   = state_q == Idle && command && !legal;
    fatal = error != '0;
    // Long: the command is done, its last beat has not come or it left a whole word.
    error[bcq_reg_pkg::ERROR_LONG_CB_LSB] = books && books_done && !cb_last_seen;
    error[bcq_reg_pkg::ERROR_LONG_W_LSB]  = run && done && (!w_last_seen || record_w_valid || !w_feed_idle);
    error[bcq_reg_pkg::ERROR_LONG_A_LSB]  = run && done
        && (!a_last_seen || !a_exhausted || in_partial || !encoder_waits || !a_buffer_idle);
    error[bcq_reg_pkg::ERROR_SCALE_NAN_LSB] = run && scale_nan;
    error[bcq_reg_pkg::ERROR_NONFINITE_LSB] = run && nonfinite;
  end

  // ---- Counters ----------------------------------------------------------------------------------------------

  logic [7:0]          count;
  logic [CounterW-1:0] step [8];

  assign count[0] = run || books;
  assign count[1] = run && a_valid && a_ready;
  assign count[2] = run && !(a_valid && a_ready) && ((a_ready && !a_valid) || (w_ready && !w_valid));
  assign count[3] = run && r_valid && !r_ready;
  assign count[6:4] = taken & wanted;
  assign count[7] = run && m_axis_r_tvalid_o && m_axis_r_tready_i;

  for (genvar i = 0; i < 4; i++) begin : g_cycles
    assign step[i] = CounterW'(1);
  end
  assign step[4] = CounterW'(4);
  assign step[5] = CounterW'(WBytes);
  assign step[6] = CounterW'(ABytes);
  assign step[7] = CounterW'(RBytes);

  for (genvar i = 0; i < 8; i++) begin : g_counter
    logic [CounterW-1:0] count_q;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)       count_q <= '0;
      else if (command)  count_q <= '0;
      else if (count[i]) count_q <= count_q + step[i];
    end
    assign counters[i*CounterW +: CounterW] = count_q;
  end

  // ---- Stream rules ------------------------------------------------------------------------------------------

  // CONTROL.RESET lets both sides take back what they show, as a reset does.
  logic rules_rst_n;
  assign rules_rst_n = rst_ni && !reset;

  bcq_stream_rules #(.Width(33)) u_cb_rules (
    .clk_i, .rst_ni(rules_rst_n), .valid_i(s_axis_cb_tvalid_i), .ready_i(s_axis_cb_tready_o),
    .data_i({s_axis_cb_tlast_i, s_axis_cb_tdata_i})
  );
  bcq_stream_rules #(.Width(WBytes*9 + 1)) u_w_rules (
    .clk_i, .rst_ni(rules_rst_n), .valid_i(s_axis_w_tvalid_i), .ready_i(s_axis_w_tready_o),
    .data_i({s_axis_w_tlast_i, s_axis_w_tkeep_i, s_axis_w_tdata_i})
  );
  bcq_stream_rules #(.Width(ABytes*9 + 1)) u_a_rules (
    .clk_i, .rst_ni(rules_rst_n), .valid_i(s_axis_a_tvalid_i), .ready_i(s_axis_a_tready_o),
    .data_i({s_axis_a_tlast_i, s_axis_a_tkeep_i, s_axis_a_tdata_i})
  );
  bcq_stream_rules #(.Width(RBytes*8 + 1)) u_r_rules (
    .clk_i, .rst_ni(rules_rst_n), .valid_i(m_axis_r_tvalid_o), .ready_i(m_axis_r_tready_i),
    .data_i({m_axis_r_tlast_o, m_axis_r_tdata_o})
  );

endmodule

// The accelerator as a board: a serial line in front, block RAMs behind its streams.
//
//   rx, tx -- bcq_bridge -- bus -+- accelerator's registers, 0x000000 (AXI4-Lite)
//                                +- board's registers,       0x001000 (registers.def)
//                                +- weight memory,           0x100000 -- s_axis_w
//                                +- activation memory,       0x200000 -- s_axis_a or s_axis_cb
//                                +- result memory,           0x300000 -- m_axis_r
//
// Addresses are in bytes, words have 32 bits. An address with nothing behind it, and what the registers
// refuse, answers with a bus error. Beats W and A take 2^n words each and lie as bcq_source says (an
// activation beat of 3 bytes or less has a word of its own: codebooks need 4). Sends no word by itself.
module bcq_board #(
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
  parameter bit          Frozen = 1'b0,
  parameter bit          Encoder = 1'b1,
  parameter int unsigned EncLanes = 1,
  parameter int unsigned CbPerCycle = 4,
  parameter int unsigned ABytes = 32,
  parameter int unsigned WBytes = 16,
  parameter int unsigned RBytes = 32,
  parameter int unsigned ActWords = 1024,
  parameter int unsigned ResultWords = 64,
  parameter int unsigned ClockHz = 0,
  parameter int unsigned WWords = 256,      // beats that the memories hold
  parameter int unsigned AWords = 256,
  parameter int unsigned RWords = 256,
  parameter int unsigned ClocksPerBit = 4,  // of the serial line
  localparam int unsigned BookW = (1 << B) * EW,
  parameter logic [NC*BookW-1:0] FrozenTableA = '0,
  parameter logic [NC*BookW-1:0] FrozenTableW = '0
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic rx_i,
  output logic tx_o,
  output logic irq_o,
  output logic active_o  // the line or a stream moves: a lamp, and what a simulation must not stop for
);

  localparam int unsigned CountW   = 24;  // beats of a turn
  localparam int unsigned PadLsb   = bcq_board_pkg::W_LENGTH_PAD_LSB;
  localparam int unsigned MemBytes = ABytes < 4 ? 4 : ABytes;  // of an activation beat in memory
  localparam int unsigned WordsOfW = WBytes > 2 ? WWords << $clog2((WBytes + 3) / 4) : WWords * WBytes / 4;
  localparam int unsigned WWordW   = $clog2(WordsOfW);
  localparam int unsigned AWordW   = $clog2(AWords << $clog2((MemBytes + 3) / 4));
  localparam int unsigned RWordW   = $clog2(RWords << $clog2((RBytes + 3) / 4));
  localparam int unsigned WPadW    = WBytes > 1 ? $clog2(WBytes) : 1;
  localparam int unsigned APadW    = ABytes > 1 ? $clog2(ABytes) : 1;

  if (WWordW > 18 || AWordW > 18 || RWordW > 18) begin : g_bad_size
    $error("bcq_board: a memory must fit its 2^20 bytes of the address space");
  end

  // ---- The bus ------------------------------------------------------------------------------------------------

  logic        bus_valid, bus_ready, bus_write, bus_error, link_busy, dropped;
  logic [23:2] address;
  logic [31:0] wdata, rdata;

  bcq_bridge #(.ClocksPerBit(ClocksPerBit)) u_bridge (
    .clk_i, .rst_ni, .rx_i, .tx_o,
    .bus_valid_o(bus_valid), .bus_ready_i(bus_ready), .bus_write_o(bus_write), .bus_address_o(address),
    .bus_data_o(wdata), .bus_error_i(bus_error), .bus_data_i(rdata),
    .busy_o(link_busy), .dropped_o(dropped)
  );

  logic sel_axil, sel_board, sel_w, sel_a, sel_r, sel_memory, second_q, fault, done;
  logic do_write, do_read;

  assign sel_axil   = address[23:12] == 12'h000;
  assign sel_board  = address[23:8] == bcq_board_pkg::PAGE[23:8];  // no register above 0x0ff
  assign sel_w      = address[23:20] == bcq_board_pkg::MEMORY_W[23:20] && address[19:2] >> WWordW == '0;
  assign sel_a      = address[23:20] == bcq_board_pkg::MEMORY_A[23:20] && address[19:2] >> AWordW == '0;
  assign sel_r      = address[23:20] == bcq_board_pkg::MEMORY_R[23:20] && address[19:2] >> RWordW == '0;
  assign sel_memory = sel_w || sel_a || sel_r;

  // A word of a memory comes a cycle later; all else is done at once, or when the accelerator says so.
  assign fault = !sel_board && !sel_axil
              && (!sel_memory || (bus_write ? sel_r : (sel_w && w_waiting) || (sel_a && a_waiting)));
  assign done      = fault || bus_write || !sel_memory || second_q;
  assign bus_ready = sel_axil ? axil_ready : done;
  assign bus_error = sel_axil ? axil_error : fault || (sel_board && register_error);
  assign do_write  = bus_valid && bus_write && !fault;
  assign do_read   = bus_valid && !bus_write && !second_q && !fault;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) second_q <= 1'b0;
    else         second_q <= do_read && sel_memory;
  end

  always_comb begin
    unique case (address[21:20])  // the sel_* above say the rest
      2'd1:    rdata = w_data;
      2'd2:    rdata = a_data;
      2'd3:    rdata = r_data;
      default: rdata = address[12] ? register_data : axil_data;
    endcase
  end

  // ---- The accelerator's registers: AXI4-Lite, one access at a time ---------------------------------------------

  logic        aw_taken_q, w_taken_q;  // the address (of a read as well), the word to write
  logic        awvalid, awready, wvalid, wready, bvalid, arvalid, arready, rvalid;
  logic [1:0]  bresp, rresp;
  logic        axil_ready, axil_error;
  logic [31:0] axil_data;

  assign awvalid    = bus_valid && sel_axil && bus_write && !aw_taken_q;
  assign wvalid     = bus_valid && sel_axil && bus_write && !w_taken_q;
  assign arvalid    = bus_valid && sel_axil && !bus_write && !aw_taken_q;
  assign axil_ready = bus_write ? bvalid : rvalid;
  assign axil_error = bus_write ? bresp[1] : rresp[1];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      aw_taken_q <= 1'b0;
      w_taken_q  <= 1'b0;
    end else if (axil_ready) begin
      aw_taken_q <= 1'b0;
      w_taken_q  <= 1'b0;
    end else begin
      aw_taken_q <= aw_taken_q || (awvalid && awready) || (arvalid && arready);
      w_taken_q  <= w_taken_q || (wvalid && wready);
    end
  end

  // ---- The board's registers -------------------------------------------------------------------------------------

  logic              run_n, run_q;  // reset of accelerator and streams, low
  logic              target_q;
  logic [7:0]        dropped_q;
  logic              register_error;
  logic [31:0]       register_data;
  logic [CountW-1:0] last_beat, w_head, a_head, r_tail;
  logic              w_busy, w_waiting, a_busy, a_waiting, r_last;  // waiting: a beat is about to leave
  logic              write_register, writable;

  assign write_register = do_write && sel_board && !register_error;
  assign run_n          = rst_ni && run_q;  // one of them changes at a time: no glitch
  assign last_beat      = wdata[CountW-1:0] - 1'b1;

  function automatic logic at(input logic [11:0] address_of);
    at = {4'h0, address[7:2], 2'b00} == address_of;
  endfunction

  always_comb begin
    register_data  = '0;
    register_error = 1'b0;
    writable       = 1'b0;
    unique case ({4'h0, address[7:2], 2'b00})
      bcq_board_pkg::REG_IDENTITY:   register_data = bcq_board_pkg::MAGIC;
      bcq_board_pkg::REG_VERSION:    register_data = bcq_board_pkg::INTERFACE;
      bcq_board_pkg::REG_STATUS: begin
        register_data[bcq_board_pkg::STATUS_W_BUSY_LSB] = w_busy;
        register_data[bcq_board_pkg::STATUS_A_BUSY_LSB] = a_busy;
        register_data[bcq_board_pkg::STATUS_R_LAST_LSB] = r_last;
      end
      bcq_board_pkg::REG_DROPPED:    register_data = 32'(dropped_q);
      bcq_board_pkg::REG_W_HEAD:     register_data = 32'(w_head);
      bcq_board_pkg::REG_W_CAPACITY: register_data = 32'(WWords);
      bcq_board_pkg::REG_W_BYTES:    register_data = 32'(WBytes);
      bcq_board_pkg::REG_A_HEAD:     register_data = 32'(a_head);
      bcq_board_pkg::REG_A_CAPACITY: register_data = 32'(AWords);
      bcq_board_pkg::REG_A_BYTES:    register_data = 32'(ABytes);
      bcq_board_pkg::REG_R_TAIL:     register_data = 32'(r_tail);
      bcq_board_pkg::REG_R_CAPACITY: register_data = 32'(RWords);
      bcq_board_pkg::REG_R_BYTES:    register_data = 32'(RBytes);
      // Written only; these change what a beat that is offered must keep.
      bcq_board_pkg::REG_W_LENGTH, bcq_board_pkg::REG_W_TURNS: writable = !w_waiting;
      bcq_board_pkg::REG_A_LENGTH, bcq_board_pkg::REG_A_TURNS, bcq_board_pkg::REG_A_TARGET: writable = !a_waiting;
      bcq_board_pkg::REG_RESET, bcq_board_pkg::REG_W_POSTED, bcq_board_pkg::REG_A_POSTED,
      bcq_board_pkg::REG_R_RELEASED, bcq_board_pkg::REG_R_RESET: writable = 1'b1;
      default: register_error = 1'b1;
    endcase
    if (bus_write && !writable) register_error = 1'b1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      run_q     <= 1'b1;
      target_q  <= 1'b0;
      dropped_q <= '0;
    end else begin
      run_q <= !(write_register && at(bcq_board_pkg::REG_RESET));
      if (write_register && at(bcq_board_pkg::REG_A_TARGET)) target_q <= wdata[0];
      dropped_q <= dropped_q + 8'(dropped);
    end
  end

  // ---- Memories and streams ----------------------------------------------------------------------------------------

  logic                  w_tvalid, w_tready, w_tlast, a_tvalid, a_tready, a_tlast, r_tvalid, r_tready, r_tlast;
  logic                  s_a_tready, s_cb_tready;
  logic [WBytes*8-1:0]   w_tdata;
  logic [WBytes-1:0]     w_tkeep;
  logic [ABytes-1:0]     a_tkeep;
  logic [MemBytes*8-1:0] a_tdata;
  logic [RBytes*8-1:0]   r_tdata;
  logic [31:0]           w_data, a_data, r_data;

  bcq_source #(.Bytes(WBytes), .Beats(WWords), .CountW(CountW)) u_w (
    .clk_i, .rst_ni(run_n),
    .set_last_i(write_register && at(bcq_board_pkg::REG_W_LENGTH)),
    .set_turns_i(write_register && at(bcq_board_pkg::REG_W_TURNS)),
    .set_posted_i(write_register && at(bcq_board_pkg::REG_W_POSTED)),
    .last_beat_i(last_beat), .pad_i(wdata[PadLsb +: WPadW]), .value_i(wdata[CountW-1:0]),
    .head_o(w_head), .busy_o(w_busy), .waiting_o(w_waiting),
    .write_i(do_write && sel_w), .read_i(do_read && sel_w), .address_i(address[2 +: WWordW]),
    .data_i(wdata), .data_o(w_data),
    .tvalid_o(w_tvalid), .tready_i(w_tready), .tdata_o(w_tdata), .tkeep_o(w_tkeep), .tlast_o(w_tlast)
  );

  bcq_source #(.Bytes(MemBytes), .Beats(AWords), .Stream(ABytes), .CountW(CountW)) u_a (
    .clk_i, .rst_ni(run_n),
    .set_last_i(write_register && at(bcq_board_pkg::REG_A_LENGTH)),
    .set_turns_i(write_register && at(bcq_board_pkg::REG_A_TURNS)),
    .set_posted_i(write_register && at(bcq_board_pkg::REG_A_POSTED)),
    .last_beat_i(last_beat), .pad_i(wdata[PadLsb +: APadW]), .value_i(wdata[CountW-1:0]),
    .head_o(a_head), .busy_o(a_busy), .waiting_o(a_waiting),
    .write_i(do_write && sel_a), .read_i(do_read && sel_a), .address_i(address[2 +: AWordW]),
    .data_i(wdata), .data_o(a_data),
    .tvalid_o(a_tvalid), .tready_i(a_tready), .tdata_o(a_tdata), .tkeep_o(a_tkeep), .tlast_o(a_tlast)
  );
  assign a_tready = target_q ? s_cb_tready : s_a_tready;

  bcq_sink #(.Bytes(RBytes), .Beats(RWords), .CountW(CountW)) u_r (
    .clk_i, .rst_ni(run_n),
    .clear_i(write_register && at(bcq_board_pkg::REG_R_RESET)),
    .set_released_i(write_register && at(bcq_board_pkg::REG_R_RELEASED)),
    .value_i(wdata[CountW-1:0]),
    .tail_o(r_tail), .last_o(r_last),
    .read_i(do_read && sel_r), .address_i(address[2 +: RWordW]), .data_o(r_data),
    .tvalid_i(r_tvalid), .tready_o(r_tready), .tdata_i(r_tdata), .tlast_i(r_tlast)
  );

  assign active_o = link_busy || bus_valid || (w_tvalid && w_tready) || (a_tvalid && a_tready)
                 || (r_tvalid && r_tready);

  // ---- The accelerator -----------------------------------------------------------------------------------------------

  bcq_accelerator #(
    .Lanes(Lanes), .LB(LB), .LA(LA), .NC(NC), .B(B), .EW(EW), .Cols(Cols), .T(T), .NDec(NDec), .Exact(Exact),
    .Deep(Deep), .TableMemory(TableMemory), .Frozen(Frozen), .Encoder(Encoder), .EncLanes(EncLanes),
    .CbPerCycle(CbPerCycle), .ABytes(ABytes), .WBytes(WBytes), .RBytes(RBytes), .ActWords(ActWords),
    .ResultWords(ResultWords), .ClockHz(ClockHz), .FrozenTableA(FrozenTableA), .FrozenTableW(FrozenTableW)
  ) u_accelerator (
    .clk_i, .rst_ni(run_n),
    .s_axil_awvalid_i(awvalid), .s_axil_awready_o(awready), .s_axil_awaddr_i({address[11:2], 2'b00}),
    .s_axil_wvalid_i(wvalid), .s_axil_wready_o(wready), .s_axil_wdata_i(wdata), .s_axil_wstrb_i(4'hF),
    .s_axil_bvalid_o(bvalid), .s_axil_bready_i(1'b1), .s_axil_bresp_o(bresp),
    .s_axil_arvalid_i(arvalid), .s_axil_arready_o(arready), .s_axil_araddr_i({address[11:2], 2'b00}),
    .s_axil_rvalid_o(rvalid), .s_axil_rready_i(1'b1), .s_axil_rdata_o(axil_data), .s_axil_rresp_o(rresp),
    .s_axis_cb_tvalid_i(a_tvalid && target_q), .s_axis_cb_tready_o(s_cb_tready),
    .s_axis_cb_tdata_i(a_tdata[31:0]), .s_axis_cb_tlast_i(a_tlast),
    .s_axis_w_tvalid_i(w_tvalid), .s_axis_w_tready_o(w_tready), .s_axis_w_tdata_i(w_tdata),
    .s_axis_w_tkeep_i(w_tkeep), .s_axis_w_tlast_i(w_tlast),
    .s_axis_a_tvalid_i(a_tvalid && !target_q), .s_axis_a_tready_o(s_a_tready),
    .s_axis_a_tdata_i(a_tdata[ABytes*8-1:0]), .s_axis_a_tkeep_i(a_tkeep), .s_axis_a_tlast_i(a_tlast),
    .m_axis_r_tvalid_o(r_tvalid), .m_axis_r_tready_i(r_tready), .m_axis_r_tdata_o(r_tdata),
    .m_axis_r_tlast_o(r_tlast),
    .irq_o
  );

  logic unused;
  assign unused = ^{bresp[0], rresp[0]};

endmodule

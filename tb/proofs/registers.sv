// Registers: one answer to each request, which holds until it is taken; reads say what docs/accelerator.md says,
// for any address; a write takes effect only if its register may be written, all strobes are set and, of what
// belongs to the next command, none runs. A command starts once a number: its repetition starts nothing. A write
// that a running command refuses sets ERROR.BUSY and changes nothing else. ERROR and IRQ_CAUSE clear by ones, and a
// cause that comes in that cycle wins. Addresses are numbers of registers.def, written out here once more.
module registers #(
  localparam int unsigned Build = 2,
  localparam int unsigned CounterW = 40
) (
  input logic                  clk_i,
  input logic                  rst_ni,
  input logic                  awvalid_i,
  input logic [11:0]           awaddr_i,
  input logic                  wvalid_i,
  input logic [31:0]           wdata_i,
  input logic [3:0]            wstrb_i,
  input logic                  bready_i,
  input logic                  arvalid_i,
  input logic [11:0]           araddr_i,
  input logic                  rready_i,
  input logic [Build*32-1:0]   build_i,
  input logic [8*CounterW-1:0] counters_i,
  input logic                  busy_i,
  input logic                  ended_i,
  input logic [12:0]           error_set_i
);

  logic        awready, wready, bvalid, arready, rvalid, command, reset, irq;
  logic [1:0]  bresp, rresp, op;
  logic [31:0] rdata, m, n_tiles, k_arrays, timeout;
  logic [15:0] number;
  logic [2:0]  mode;
  logic [7:0]  exponent;
  logic [12:0] dut__error_q;
  logic [1:0]  dut__irq_enable_q, dut__irq_cause_q;
  logic [15:0] dut__done_q;
  bcq_registers #(.BuildWords(Build), .CounterW(CounterW)) dut (
    .clk_i, .rst_ni, .awvalid_i, .awready_o(awready), .awaddr_i, .wvalid_i, .wready_o(wready), .wdata_i, .wstrb_i,
    .bvalid_o(bvalid), .bready_i, .bresp_o(bresp), .arvalid_i, .arready_o(arready), .araddr_i,
    .rvalid_o(rvalid), .rready_i, .rdata_o(rdata), .rresp_o(rresp),
    .build_i, .counters_i, .busy_i, .ended_i, .error_set_i,
    .command_o(command), .number_o(number), .op_o(op), .reset_o(reset), .m_o(m), .n_tiles_o(n_tiles),
    .k_arrays_o(k_arrays), .mode_o(mode), .exponent_o(exponent), .timeout_o(timeout), .irq_o(irq)
  );

  logic past_q = 1'b0;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);

  // ---- Ghost: the registers ----------------------------------------------------------------------------------

  logic        write, good, set_up, running, fresh, refused;
  logic        known;
  logic [15:0] number_q, done_q;
  logic [1:0]  op_q, enable_q, cause_q, cause;
  logic [12:0] error_q, error;
  logic [31:0] timeout_q, m_q, n_q, k_q;
  logic [2:0]  mode_q;
  logic [7:0]  exponent_q;
  logic        command_q, reset_q;

  assign write   = awvalid_i && awready;
  assign running = busy_i || command_q;
  assign set_up  = awaddr_i >= 12'h0a0 && awaddr_i <= 12'h0b0 && awaddr_i[1:0] == 2'b00;
  assign known   = set_up || awaddr_i == 12'h080 || awaddr_i == 12'h08c || awaddr_i == 12'h090 || awaddr_i == 12'h094
                || awaddr_i == 12'h098 || awaddr_i == 12'h09c;
  assign good    = write && wstrb_i == 4'b1111 && known;
  assign fresh   = wdata_i[15:0] != number_q;
  assign refused = good && running && (set_up || (awaddr_i == 12'h080 && fresh));
  assign error   = (good && awaddr_i == 12'h08c ? error_q & ~wdata_i[12:0] : error_q) | error_set_i
                 | (refused ? 13'h0080 : 13'h0000);
  assign cause   = (good && awaddr_i == 12'h098 ? cause_q & ~wdata_i[1:0] : cause_q) | {(error & ~error_q) != '0, ended_i};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {number_q, done_q, op_q, enable_q, cause_q, error_q, m_q, n_q, k_q, mode_q, exponent_q} <= '0;
      timeout_q <= 32'd16777216;
      {command_q, reset_q} <= 2'b00;
    end else begin
      error_q   <= error;
      cause_q   <= cause;
      command_q <= good && awaddr_i == 12'h080 && fresh && !refused;
      reset_q   <= good && awaddr_i == 12'h090 && wdata_i[0];
      if (ended_i) done_q <= number_q;
      if (good && !refused) begin
        case (awaddr_i)
          12'h080: {op_q, number_q} <= fresh ? wdata_i[17:0] : {op_q, number_q};
          12'h094: enable_q   <= wdata_i[1:0];
          12'h09c: timeout_q  <= wdata_i;
          12'h0a0: m_q        <= wdata_i;
          12'h0a4: n_q        <= wdata_i;
          12'h0a8: k_q        <= wdata_i;
          12'h0ac: mode_q     <= wdata_i[2:0];
          12'h0b0: exponent_q <= wdata_i[7:0];
          default: ;
        endcase
      end
    end
  end

  // ---- Ghost: answers --------------------------------------------------------------------------------------------

  logic        b_owed_q, b_bad_q, r_owed_q, r_bad_q, r_bad;
  logic [31:0] r_q, r_wanted;
  always_comb begin
    r_bad = 1'b0;
    case (araddr_i)
      12'h000: r_wanted = 32'h42435131;
      12'h004: r_wanted = 32'd1;
      12'h010: r_wanted = build_i[31:0];
      12'h014: r_wanted = build_i[63:32];
      12'h080: r_wanted = {14'd0, op_q, number_q};
      12'h084: r_wanted = {16'd0, done_q};
      12'h088: r_wanted = {29'd0, (cause_q & enable_q) != '0, error_q != '0, running};
      12'h08c: r_wanted = {19'd0, error_q};
      12'h090: r_wanted = 32'd0;
      12'h094: r_wanted = {30'd0, enable_q};
      12'h098: r_wanted = {30'd0, cause_q};
      12'h09c: r_wanted = timeout_q;
      12'h0a0: r_wanted = m_q;
      12'h0a4: r_wanted = n_q;
      12'h0a8: r_wanted = k_q;
      12'h0ac: r_wanted = {29'd0, mode_q};
      12'h0b0: r_wanted = {24'd0, exponent_q};
      default: begin
        r_bad = araddr_i < 12'h0c0 || araddr_i > 12'h0ff || araddr_i[1:0] != 2'b00;
        r_wanted = 32'd0;
        if (!r_bad) begin  // counters: low half, high half
          r_wanted = 32'(counters_i >> (32'(araddr_i[5:3]) * CounterW));
          if (araddr_i[2]) r_wanted = 32'(CounterW'(counters_i >> (32'(araddr_i[5:3]) * CounterW)) >> 32);
        end
      end
    endcase
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {b_owed_q, r_owed_q} <= 2'b00;
    else begin
      b_owed_q <= write || (b_owed_q && !bready_i);
      r_owed_q <= (arvalid_i && arready) || (r_owed_q && !rready_i);
    end
  end
  always_ff @(posedge clk_i) begin
    if (write) b_bad_q <= wstrb_i != 4'b1111 || !known;
    if (arvalid_i && arready) {r_bad_q, r_q} <= {r_bad, r_wanted};
  end

  always_comb if (rst_ni) begin
    // One request, one answer; a request is taken as soon as there is room for its answer.
    assert (awready == wready && (!awready || (awvalid_i && wvalid_i)));
    assert (bvalid == b_owed_q && rvalid == r_owed_q);
    if (awvalid_i && wvalid_i) assert (awready == (!b_owed_q || bready_i));
    assert (arready == (!r_owed_q || rready_i));
    if (b_owed_q) assert (bresp == {b_bad_q, 1'b0});
    if (r_owed_q) assert (rresp == {r_bad_q, 1'b0} && rdata == r_q);
    // What the rest sees.
    assert (command == command_q && reset == reset_q && number == number_q && op == op_q);
    assert (m == m_q && n_tiles == n_q && k_arrays == k_q && mode == mode_q && exponent == exponent_q);
    assert (timeout == timeout_q && irq == ((cause_q & enable_q) != '0));
    // Induction.
    assert (dut__error_q == error_q && dut__irq_enable_q == enable_q && dut__irq_cause_q == cause_q && dut__done_q == done_q);
  end

endmodule

// The accelerator's registers behind an AXI4-Lite slave; rtl/accelerator/registers.def says what each means.
//
// A write is taken when address and data are both there, a read at once; each channel has one answer on its way.
// Answers hold until they are taken. SLVERR, and no effect: an address without a register, a write to a
// read-only one, a write with less than all four strobes. command_o is high for one cycle, with number_o and
// op_o. Does not run anything.
module bcq_registers #(
  parameter int unsigned BuildWords = 21,
  parameter int unsigned CounterW = 40,
  localparam int unsigned Counters = 8,
  localparam int unsigned ErrorW = 13
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,

  input  logic                         awvalid_i,
  output logic                         awready_o,
  input  logic [11:0]                  awaddr_i,
  input  logic                         wvalid_i,
  output logic                         wready_o,
  input  logic [31:0]                  wdata_i,
  input  logic [3:0]                   wstrb_i,
  output logic                         bvalid_o,
  input  logic                         bready_i,
  output logic [1:0]                   bresp_o,
  input  logic                         arvalid_i,
  output logic                         arready_o,
  input  logic [11:0]                  araddr_i,
  output logic                         rvalid_o,
  input  logic                         rready_i,
  output logic [31:0]                  rdata_o,
  output logic [1:0]                   rresp_o,

  input  logic [BuildWords*32-1:0]     build_i,     // registers from LANES on
  input  logic [Counters*CounterW-1:0] counters_i,  // from CYCLES on
  input  logic                         busy_i,
  input  logic                         ended_i,     // a command ended
  input  logic [ErrorW-1:0]            error_set_i,

  output logic                         command_o,
  output logic [15:0]                  number_o,
  output logic [1:0]                   op_o,
  output logic                         reset_o,
  output logic [31:0]                  m_o,
  output logic [31:0]                  n_tiles_o,
  output logic [31:0]                  k_arrays_o,
  output logic [2:0]                   mode_o,
  output logic [7:0]                   exponent_o,
  output logic [31:0]                  timeout_o,
  output logic                         irq_o
);

  localparam logic [31:0] TimeoutAtReset = 32'd16777216;

  logic [15:0]       number_q, done_q;
  logic [1:0]        op_q, irq_enable_q, irq_cause_d, irq_cause_q;
  logic [31:0]       timeout_q, m_q, n_tiles_q, k_arrays_q;
  logic [2:0]        mode_q;
  logic [7:0]        exponent_q;
  logic [ErrorW-1:0] error_d, error_q, error_clear;
  logic [1:0]        irq_clear;

  assign number_o   = number_q;
  assign op_o       = op_q;
  assign m_o        = m_q;
  assign n_tiles_o  = n_tiles_q;
  assign k_arrays_o = k_arrays_q;
  assign mode_o     = mode_q;
  assign exponent_o = exponent_q;
  assign timeout_o  = timeout_q;
  assign irq_o      = (irq_cause_q & irq_enable_q) != '0;

  // ---- Writes --------------------------------------------------------------------------------------------

  logic write, strobed, known, set_up, fresh, refused, command_d, command_q, reset_q, bvalid_q, bresp_q;

  assign write     = awvalid_i && wvalid_i && (!bvalid_q || bready_i);
  assign awready_o = write;
  assign wready_o  = write;
  assign bvalid_o  = bvalid_q;
  assign bresp_o   = {bresp_q, 1'b0};
  assign strobed   = wstrb_i == 4'hF;
  always_comb begin
    set_up = 1'b0;
    known  = 1'b1;
    case (awaddr_i)
      bcq_reg_pkg::REG_SHAPE_M, bcq_reg_pkg::REG_SHAPE_N_TILES, bcq_reg_pkg::REG_SHAPE_K_ARRAYS,
      bcq_reg_pkg::REG_MODE, bcq_reg_pkg::REG_EXPONENT: set_up = 1'b1;
      bcq_reg_pkg::REG_COMMAND, bcq_reg_pkg::REG_ERROR, bcq_reg_pkg::REG_CONTROL, bcq_reg_pkg::REG_IRQ_ENABLE,
      bcq_reg_pkg::REG_IRQ_CAUSE, bcq_reg_pkg::REG_TIMEOUT: ;
      default: known = 1'b0;
    endcase
  end
  assign fresh     = wdata_i[bcq_reg_pkg::COMMAND_NUMBER_LSB +: bcq_reg_pkg::COMMAND_NUMBER_WIDTH] != number_q;
  // A command that is on its way from here counts as running.
  assign refused   = write && strobed && (busy_i || command_q)
                  && (set_up || (awaddr_i == bcq_reg_pkg::REG_COMMAND && fresh));
  assign command_d = write && strobed && awaddr_i == bcq_reg_pkg::REG_COMMAND && fresh && !refused;
  assign command_o = command_q;
  assign reset_o   = reset_q;

  assign error_clear = write && strobed && awaddr_i == bcq_reg_pkg::REG_ERROR ? wdata_i[ErrorW-1:0] : '0;
  assign irq_clear   = write && strobed && awaddr_i == bcq_reg_pkg::REG_IRQ_CAUSE ? wdata_i[1:0] : '0;
  always_comb begin
    error_d = (error_q & ~error_clear) | error_set_i;
    if (refused) error_d[bcq_reg_pkg::ERROR_BUSY_LSB] = 1'b1;
    irq_cause_d = irq_cause_q & ~irq_clear;
    if (ended_i) irq_cause_d[bcq_reg_pkg::IRQ_CAUSE_DONE_LSB] = 1'b1;
    if ((error_d & ~error_q) != '0) irq_cause_d[bcq_reg_pkg::IRQ_CAUSE_ERROR_LSB] = 1'b1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      bvalid_q     <= 1'b0;
      bresp_q      <= 1'b0;
      command_q    <= 1'b0;
      reset_q      <= 1'b0;
      number_q     <= '0;
      done_q       <= '0;
      op_q         <= '0;
      irq_enable_q <= '0;
      irq_cause_q  <= '0;
      error_q      <= '0;
      timeout_q    <= TimeoutAtReset;
      m_q          <= '0;
      n_tiles_q    <= '0;
      k_arrays_q   <= '0;
      mode_q       <= '0;
      exponent_q   <= '0;
    end else begin
      bvalid_q    <= write || (bvalid_q && !bready_i);
      command_q   <= command_d;
      reset_q     <= write && strobed && awaddr_i == bcq_reg_pkg::REG_CONTROL
                  && wdata_i[bcq_reg_pkg::CONTROL_RESET_LSB];
      error_q     <= error_d;
      irq_cause_q <= irq_cause_d;
      if (ended_i) done_q <= number_q;
      if (write) bresp_q <= !strobed || !known;
      if (command_d) begin
        number_q <= wdata_i[bcq_reg_pkg::COMMAND_NUMBER_LSB +: bcq_reg_pkg::COMMAND_NUMBER_WIDTH];
        op_q     <= wdata_i[bcq_reg_pkg::COMMAND_OP_LSB +: bcq_reg_pkg::COMMAND_OP_WIDTH];
      end
      if (write && strobed && !refused) begin
        if (awaddr_i == bcq_reg_pkg::REG_IRQ_ENABLE)     irq_enable_q <= wdata_i[1:0];
        if (awaddr_i == bcq_reg_pkg::REG_TIMEOUT)        timeout_q    <= wdata_i;
        if (awaddr_i == bcq_reg_pkg::REG_SHAPE_M)        m_q          <= wdata_i;
        if (awaddr_i == bcq_reg_pkg::REG_SHAPE_N_TILES)  n_tiles_q    <= wdata_i;
        if (awaddr_i == bcq_reg_pkg::REG_SHAPE_K_ARRAYS) k_arrays_q   <= wdata_i;
        if (awaddr_i == bcq_reg_pkg::REG_MODE)           mode_q       <= wdata_i[2:0];
        if (awaddr_i == bcq_reg_pkg::REG_EXPONENT)       exponent_q   <= wdata_i[7:0];
      end
    end
  end

  // ---- Reads ---------------------------------------------------------------------------------------------

  logic        read, rvalid_q, rresp_q, found;
  logic [31:0] rdata_d, rdata_q;

  assign read      = arvalid_i && arready_o;
  assign arready_o = !rvalid_q || rready_i;
  assign rvalid_o  = rvalid_q;
  assign rdata_o   = rdata_q;
  assign rresp_o   = {rresp_q, 1'b0};

  always_comb begin
    rdata_d = '0;
    found   = 1'b1;
    case (araddr_i)
      bcq_reg_pkg::REG_IDENTITY:       rdata_d = bcq_reg_pkg::MAGIC;
      bcq_reg_pkg::REG_VERSION:        rdata_d = bcq_reg_pkg::INTERFACE;
      bcq_reg_pkg::REG_COMMAND:        rdata_d = 32'({op_q, number_q});
      bcq_reg_pkg::REG_DONE:           rdata_d = 32'(done_q);
      bcq_reg_pkg::REG_STATUS:         rdata_d = 32'({irq_o, error_q != '0, busy_i || command_q});
      bcq_reg_pkg::REG_ERROR:          rdata_d = 32'(error_q);
      bcq_reg_pkg::REG_CONTROL:        rdata_d = '0;
      bcq_reg_pkg::REG_IRQ_ENABLE:     rdata_d = 32'(irq_enable_q);
      bcq_reg_pkg::REG_IRQ_CAUSE:      rdata_d = 32'(irq_cause_q);
      bcq_reg_pkg::REG_TIMEOUT:        rdata_d = timeout_q;
      bcq_reg_pkg::REG_SHAPE_M:        rdata_d = m_q;
      bcq_reg_pkg::REG_SHAPE_N_TILES:  rdata_d = n_tiles_q;
      bcq_reg_pkg::REG_SHAPE_K_ARRAYS: rdata_d = k_arrays_q;
      bcq_reg_pkg::REG_MODE:           rdata_d = 32'(mode_q);
      bcq_reg_pkg::REG_EXPONENT:       rdata_d = 32'(exponent_q);
      default:            found   = 1'b0;
    endcase
    for (int unsigned i = 0; i < BuildWords; i++) begin
      if (araddr_i == bcq_reg_pkg::REG_LANES + 12'(4 * i)) begin
        rdata_d = build_i[i*32 +: 32];
        found   = 1'b1;
      end
    end
    for (int unsigned i = 0; i < Counters; i++) begin
      if (araddr_i == bcq_reg_pkg::REG_CYCLES + 12'(8 * i)) begin
        rdata_d = counters_i[i*CounterW +: 32];
        found   = 1'b1;
      end
      if (araddr_i == bcq_reg_pkg::REG_CYCLES_HI + 12'(8 * i)) begin
        rdata_d = 32'(counters_i[i*CounterW + 32 +: CounterW - 32]);
        found   = 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      rvalid_q <= 1'b0;
      rresp_q  <= 1'b0;
      rdata_q  <= '0;
    end else begin
      rvalid_q <= read || (rvalid_q && !rready_i);
      if (read) begin
        rresp_q <= !found;
        rdata_q <= rdata_d;
      end
    end
  end

  bcq_stream_rules #(.Width(2)) u_b_rules (
    .clk_i, .rst_ni, .valid_i(bvalid_o), .ready_i(bready_i), .data_i(bresp_o)
  );
  bcq_stream_rules #(.Width(34)) u_r_rules (
    .clk_i, .rst_ni, .valid_i(rvalid_o), .ready_i(rready_i), .data_i({rdata_o, rresp_o})
  );

endmodule

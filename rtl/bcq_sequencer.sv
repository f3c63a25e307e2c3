// Runs one matrix product on the array: for each tile of T tokens, for each tile of Cols outputs,
// for each block array j in ascending order, one pass of the tile's tokens over one set of weights.
// Weights of the next pass are loaded while the current one runs.
//
// A pass p starts when its weights are loaded, the tokens of pass p-1 have all been issued, and the
// accumulate loop allows (Loop cycles between two sums in one slot). So a pass lasts
//   max(tokens, Rows*Cols/NDec + Lag, Loop)   enabled cycles, if no stream waits,
// where Lag is 0 unless NDec > Rows: weights must not overtake the switch to the previous ones.
//
// Handshakes: valid/ready on command, weights, activations and results. en_o is low while a result
// waits for its ready; it freezes everything, so all counting is in enabled cycles. Ready of the
// operand streams depends combinationally on the result's ready. A command with a zero size is taken
// and does nothing. cycles_o counts clock cycles from the first operand beat accepted to the last
// result accepted, both included. Does not touch data.
module bcq_sequencer #(
  parameter int unsigned Rows = 8,
  parameter int unsigned Cols = 16,
  parameter int unsigned T = 64,
  parameter int unsigned NDec = 2,
  parameter int unsigned Loop = bcq_pkg::LOOP_FP32,
  localparam int unsigned Groups = Cols / NDec,
  localparam int unsigned SlotW = $clog2(T),
  localparam int unsigned RowAddrW = $clog2(Rows),
  localparam int unsigned GroupW = Groups > 1 ? $clog2(Groups) : 1
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                cmd_valid_i,
  output logic                cmd_ready_o,
  input  logic [31:0]         cmd_m_i,         // tokens, rows of A
  input  logic [31:0]         cmd_n_tiles_i,   // ceil(N / Cols)
  input  logic [31:0]         cmd_k_arrays_i,  // ceil(K / LA)

  input  logic                w_valid_i,
  output logic                w_ready_o,
  output logic                load_o,          // a weight beat is taken: row and group are its place
  output logic [RowAddrW-1:0] load_row_o,
  output logic [GroupW-1:0]   load_group_o,

  input  logic                a_valid_i,
  output logic                a_ready_o,
  output logic                start_o,         // the array switches to the loaded weights
  output logic                issue_o,         // a token is taken; the rest describes it
  output logic                first_o,
  output logic                last_o,
  output logic                final_o,
  output logic [SlotW-1:0]    slot_o,

  input  logic                result_valid_i,
  input  logic                result_final_i,
  input  logic                result_ready_i,
  output logic                en_o,

  output logic                busy_o,
  output logic [47:0]         cycles_o
);

  // Counted from the first beat, column group g is written from cycle g*Rows + 1 on; counted from
  // the start, the switch reaches it in cycle g*NDec, and a write may coincide with it.
  localparam int unsigned Lag = NDec > Rows && Groups > 1 ? (Groups - 1) * (NDec - Rows) - 1 : 0;
  localparam int unsigned LagW = Lag > 0 ? $clog2(Lag + 1) : 1;
  localparam int unsigned GapW = $clog2(Loop);  // holds Loop - 1
  localparam int unsigned CountW = SlotW + 1;   // holds T

  assign en_o = !result_valid_i || result_ready_i;

  // ---- The next pass to start ------------------------------------------------------------------------

  logic        pending_d, pending_q;           // there is one
  logic [31:0] m_left_d, m_left_q;             // tokens from its tile on
  logic [31:0] n_left_d, n_left_q;             // column tiles from its own on
  logic [31:0] k_left_d, k_left_q;             // block arrays from its own on
  logic [31:0] n_tiles_d, n_tiles_q, k_arrays_d, k_arrays_q;
  logic        busy_d, busy_q;
  logic        next_first, next_last, next_final;
  logic [CountW-1:0] next_tokens;
  logic        start, done, command;

  assign command     = cmd_valid_i && cmd_ready_o;
  assign cmd_ready_o = !busy_q;
  assign next_first  = k_left_q == k_arrays_q;
  assign next_last   = k_left_q == 32'd1;
  assign next_final  = next_last && n_left_q == 32'd1 && m_left_q <= 32'(T);
  assign next_tokens = m_left_q < 32'(T) ? m_left_q[CountW-1:0] : CountW'(T);

  always_comb begin
    pending_d  = pending_q;
    m_left_d   = m_left_q;
    n_left_d   = n_left_q;
    k_left_d   = k_left_q;
    n_tiles_d  = n_tiles_q;
    k_arrays_d = k_arrays_q;
    busy_d     = busy_q && !done;
    if (command) begin
      pending_d  = cmd_m_i != '0 && cmd_n_tiles_i != '0 && cmd_k_arrays_i != '0;
      busy_d     = pending_d;
      m_left_d   = cmd_m_i;
      n_left_d   = cmd_n_tiles_i;
      k_left_d   = cmd_k_arrays_i;
      n_tiles_d  = cmd_n_tiles_i;
      k_arrays_d = cmd_k_arrays_i;
    end else if (start) begin
      k_left_d = k_left_q - 32'd1;
      if (next_last) begin
        k_left_d = k_arrays_q;
        n_left_d = n_left_q - 32'd1;
        if (n_left_q == 32'd1) begin
          n_left_d = n_tiles_q;
          m_left_d = m_left_q - 32'(T);
        end
      end
      pending_d = !next_final;
    end
  end

  // ---- Weights ---------------------------------------------------------------------------------------

  logic                full_d, full_q;         // the shadow weights are those of the next pass
  logic [RowAddrW-1:0] row_d, row_q;
  logic [GroupW-1:0]   group_d, group_q;
  logic [LagW-1:0]     lag_d, lag_q;
  logic                lag_over, load_room;

  assign lag_over     = Lag == 0 || (start ? 1'b0 : lag_q == '0);
  assign load_room    = start ? !next_final : pending_q && !full_q;
  assign w_ready_o    = en_o && load_room && lag_over;
  assign load_o       = w_valid_i && w_ready_o;
  assign load_row_o   = row_q;
  assign load_group_o = group_q;

  always_comb begin
    full_d  = full_q && !start;
    row_d   = row_q;
    group_d = group_q;
    lag_d   = lag_q;
    if (en_o && lag_q != '0) lag_d = lag_q - 1'b1;
    if (start) lag_d = LagW'(Lag > 0 ? Lag - 1 : 0);
    if (load_o) begin
      row_d = row_q + 1'b1;
      if (row_q == RowAddrW'(Rows - 1)) begin
        row_d   = '0;
        group_d = group_q + 1'b1;
        if (group_q == GroupW'(Groups - 1)) begin
          group_d = '0;
          full_d  = 1'b1;
        end
      end
    end
  end

  // ---- Tokens ----------------------------------------------------------------------------------------

  logic [CountW-1:0] tokens_d, tokens_q, tokens_now;  // still to be issued in the current pass
  logic [SlotW-1:0]  slot_d, slot_q, slot_now;
  logic              first_q, last_q, final_q;        // of the current pass
  logic [GapW-1:0]   gap_d, gap_q;                    // cycles that the accumulate loop still needs

  assign start      = en_o && pending_q && full_q && tokens_q == '0 && gap_q == '0;
  assign start_o    = start;
  assign a_ready_o  = en_o && (start || tokens_q != '0);
  assign issue_o    = a_valid_i && a_ready_o;
  assign tokens_now = start ? next_tokens : tokens_q;
  assign slot_now   = start ? '0 : slot_q;
  assign first_o    = start ? next_first : first_q;
  assign last_o     = start ? next_last : last_q;
  assign final_o    = (start ? next_final : final_q) && tokens_now == CountW'(1);
  assign slot_o     = slot_now;

  always_comb begin
    tokens_d = tokens_now;
    slot_d   = slot_now;
    gap_d    = gap_q;
    if (en_o && gap_q != '0) gap_d = gap_q - 1'b1;
    if (issue_o) begin
      tokens_d = tokens_now - 1'b1;
      slot_d   = slot_now + 1'b1;
      // A pass of fewer tokens than the loop is long: wait for what is missing.
      if (tokens_now == CountW'(1)) begin
        gap_d = 32'(slot_now) < Loop - 1 ? GapW'(Loop - 1 - 32'(slot_now)) : '0;
      end
    end
  end

  // ---- End and cycle count ------------------------------------------------------------------------------

  logic        counting_d, counting_q;
  logic [47:0] cycles_d, cycles_q;

  assign done     = result_valid_i && result_ready_i && result_final_i;
  assign busy_o   = busy_q;
  assign cycles_o = cycles_q;

  always_comb begin
    counting_d = counting_q;
    cycles_d   = cycles_q;
    if (command) begin
      cycles_d = '0;
    end else if (counting_q || load_o) begin  // no token comes before the first weights
      counting_d = !done;
      cycles_d   = cycles_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pending_q  <= 1'b0;
      busy_q     <= 1'b0;
      full_q     <= 1'b0;
      row_q      <= '0;
      group_q    <= '0;
      lag_q      <= '0;
      tokens_q   <= '0;
      gap_q      <= '0;
      counting_q <= 1'b0;
      cycles_q   <= '0;
    end else begin
      pending_q  <= pending_d;
      busy_q     <= busy_d;
      full_q     <= full_d;
      row_q      <= row_d;
      group_q    <= group_d;
      lag_q      <= lag_d;
      tokens_q   <= tokens_d;
      gap_q      <= gap_d;
      counting_q <= counting_d;
      cycles_q   <= cycles_d;
    end
  end

  // Set by a command or a start before anything reads them.
  always_ff @(posedge clk_i) begin
    m_left_q   <= m_left_d;
    n_left_q   <= n_left_d;
    k_left_q   <= k_left_d;
    n_tiles_q  <= n_tiles_d;
    k_arrays_q <= k_arrays_d;
    slot_q     <= slot_d;
    if (start) begin
      first_q <= next_first;
      last_q  <= next_last;
      final_q <= next_final;
    end
  end

endmodule

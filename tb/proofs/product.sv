// How often a product of M tokens, N column tiles and K block arrays makes the sequencer act, in numbers:
// M*N*K tokens, M*N results, ceil(M/T)*N*K starts, and for each start Rows*Cols/NDec weight beats. By
// induction for ever, for sizes 1 to 3: what has been done and what the registers say is still to do
// add up to the whole. For all sizes sequencer follows the loops instead.
module product #(
  parameter int unsigned Rows = 2,
  parameter int unsigned Cols = 1,
  parameter int unsigned T = 2,
  parameter int unsigned NDec = 1,
  parameter int unsigned Loop = 3,
  localparam int unsigned Groups = Cols / NDec,
  localparam int unsigned Load = Rows * Groups,
  localparam int unsigned SlotW = $clog2(T),
  localparam int unsigned RowAddrW = $clog2(Rows),
  localparam int unsigned GroupW = Groups > 1 ? $clog2(Groups) : 1
) (
  input logic       clk_i,
  input logic       rst_ni,
  input logic       cmd_valid_i,
  input logic [1:0] m_i,
  input logic [1:0] n_i,
  input logic [1:0] k_i,
  input logic       w_valid_i,
  input logic       a_valid_i,
  input logic       result_valid_i,
  input logic       result_final_i,
  input logic       result_ready_i
);

  logic                cmd_ready, w_ready, a_ready, load, start, issue, first, last, final_token, en, busy;
  logic [RowAddrW-1:0] row;
  logic [GroupW-1:0]   group;
  logic [SlotW-1:0]    slot;
  logic [47:0]         cycles;
  bcq_sequencer #(.Rows(Rows), .Cols(Cols), .T(T), .NDec(NDec), .Loop(Loop)) dut (
    .clk_i, .rst_ni, .cmd_valid_i, .cmd_ready_o(cmd_ready), .cmd_m_i(32'(m_i)), .cmd_n_tiles_i(32'(n_i)),
    .cmd_k_arrays_i(32'(k_i)), .w_valid_i, .w_ready_o(w_ready), .load_o(load), .load_row_o(row),
    .load_group_o(group), .a_valid_i, .a_ready_o(a_ready), .start_o(start), .issue_o(issue),
    .first_o(first), .last_o(last), .final_o(final_token), .slot_o(slot), .result_valid_i,
    .result_final_i, .result_ready_i, .en_o(en), .busy_o(busy), .cycles_o(cycles)
  );

  logic past_q = 1'b0;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);

  logic        done, final_q;  // the final token has been issued
  logic [1:0]  m_q, n_q, k_q;
  logic [15:0] tokens_q, results_q, starts_q, beats_q;
  assign done = result_valid_i && result_ready_i && result_final_i;
  // The array brings the final result after the final token went in, once.
  always_comb if (result_valid_i && result_final_i) assume (final_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      final_q <= 1'b0;
      {m_q, n_q, k_q} <= 6'd0;
      {tokens_q, results_q, starts_q, beats_q} <= 64'd0;
    end else if (cmd_valid_i && cmd_ready) begin
      {m_q, n_q, k_q} <= {m_i, n_i, k_i};
      {tokens_q, results_q, starts_q, beats_q} <= 64'd0;
    end else begin
      if (done) final_q <= 1'b0;
      else if (issue && final_token) final_q <= 1'b1;
      tokens_q  <= tokens_q + 16'(issue);
      results_q <= results_q + 16'(issue && last);
      starts_q  <= starts_q + 16'(start);
      beats_q   <= beats_q + 16'(load);
    end
  end

  logic [15:0] m, n, k, tiles;
  assign {m, n, k} = {16'(m_q), 16'(n_q), 16'(k_q)};
  assign tiles = (m + 16'(T - 1)) / 16'(T);
  always_comb if (done) begin
    Tokens:  assert (tokens_q == m * n * k);
    Results: assert (results_q == m * n);
    Starts:  assert (starts_q == tiles * n * k);
    Beats:   assert (beats_q == tiles * n * k * 16'(Load));
  end

  // ---- Induction: done and still to do ------------------------------------------------------------------------

  logic        dut__pending_q, dut__full_q, dut__last_q, dut__final_q;
  logic [31:0] dut__m_left_q, dut__n_left_q, dut__k_left_q, dut__n_tiles_q, dut__k_arrays_q;
  logic [SlotW:0] dut__tokens_q;
  logic [15:0] m_left, n_left, k_left, tile, passes, to_come, loaded;
  assign m_left  = dut__pending_q ? 16'(dut__m_left_q[1:0]) : 16'd0;
  assign n_left  = dut__pending_q ? 16'(dut__n_left_q[1:0]) : 16'd0;
  assign k_left  = dut__pending_q ? 16'(dut__k_left_q[1:0]) : 16'd0;
  assign tile    = m_left < 16'(T) ? m_left : 16'(T);
  // Passes of this m tile, those of later ones; the tokens of both.
  assign passes  = dut__pending_q ? k_left + (n_left - 16'd1) * k : 16'd0;
  assign to_come = passes * tile + (m_left - tile) * n * k;
  assign loaded  = dut__full_q ? 16'(Load) : 16'(row) + 16'(group) * 16'(Rows);
  always_comb if (rst_ni) begin
    assert (16'(dut__tokens_q) + to_come + tokens_q == (busy ? m * n * k : tokens_q));
    assert (!busy || results_q + (dut__last_q ? 16'(dut__tokens_q) : 16'd0)
            + (dut__pending_q ? n_left * tile + (m_left - tile) * n : 16'd0) == m * n);
    assert (!busy || starts_q + passes + (m_left - tile + 16'(T - 1)) / 16'(T) * n * k == tiles * n * k);
    assert (!busy || beats_q == starts_q * 16'(Load) + loaded);
    if (busy) begin
      assert (m != 0 && n != 0 && k != 0);
      assert (32'(dut__tokens_q) <= T && 16'(row) < 16'(Rows) && 16'(group) < 16'(Groups));
      assert (dut__pending_q || loaded == 16'd0);
      assert (!dut__full_q || (row == '0 && group == '0));
      assert (dut__pending_q || final_q || (dut__tokens_q != 0 && dut__final_q && dut__last_q));
    end
    assert (!final_q || (busy && !dut__pending_q && dut__tokens_q == 0));
    assert (busy || (!dut__pending_q && dut__tokens_q == 0 && loaded == 16'd0));
    if (dut__pending_q) begin
      assert (busy && !final_q && (dut__tokens_q == 0 || !dut__final_q));
      assert (dut__n_tiles_q == 32'(n) && dut__k_arrays_q == 32'(k));
      assert (dut__m_left_q != 0 && dut__m_left_q <= 32'(m));
      assert (dut__n_left_q != 0 && dut__n_left_q <= 32'(n));
      assert (dut__k_left_q != 0 && dut__k_left_q <= 32'(k));
    end
  end
  // A product of two m tiles does come to its end.
  always_comb cover (done && m == 16'd3);

endmodule

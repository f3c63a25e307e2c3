// Sequencer against its specification (docs/architecture.md), for all sizes of 32 bits, all waiting
// streams and a reset at any time: when it starts a pass, takes a token or a beat, what it says of
// them, what it keeps apart, when it is busy, what it counts. The ghost walks the loops (m tile, n tile,
// j) upwards and keeps distances in enabled cycles; only what it names moves it, so where it equals the
// sequencer, a waiting result has lost and changed nothing.
module sequencer #(
  parameter int unsigned Rows = 2,
  parameter int unsigned Cols = 2,
  parameter int unsigned T = 2,
  parameter int unsigned NDec = 1,
  parameter int unsigned Loop = 4,
  localparam int unsigned Groups = Cols / NDec,
  localparam int unsigned Load = Rows * Groups,  // beats of one pass
  localparam int unsigned SlotW = $clog2(T),
  localparam int unsigned RowAddrW = $clog2(Rows),
  localparam int unsigned GroupW = Groups > 1 ? $clog2(Groups) : 1
) (
  input logic        clk_i,
  input logic        rst_ni,
  input logic        cmd_valid_i,
  input logic [31:0] cmd_m_i,
  input logic [31:0] cmd_n_tiles_i,
  input logic [31:0] cmd_k_arrays_i,
  input logic        w_valid_i,
  input logic        a_valid_i,
  input logic        result_valid_i,
  input logic        result_final_i,
  input logic        result_ready_i
);

  logic                cmd_ready, w_ready, a_ready, load, start, issue, first, last, final_token, en, busy;
  logic [RowAddrW-1:0] row;
  logic [GroupW-1:0]   group;
  logic [SlotW-1:0]    slot;
  logic [47:0]         cycles;

  bcq_sequencer #(.Rows(Rows), .Cols(Cols), .T(T), .NDec(NDec), .Loop(Loop)) dut (
    .clk_i, .rst_ni, .cmd_valid_i, .cmd_ready_o(cmd_ready), .cmd_m_i, .cmd_n_tiles_i, .cmd_k_arrays_i,
    .w_valid_i, .w_ready_o(w_ready), .load_o(load), .load_row_o(row), .load_group_o(group),
    .a_valid_i, .a_ready_o(a_ready), .start_o(start), .issue_o(issue), .first_o(first), .last_o(last),
    .final_o(final_token), .slot_o(slot), .result_valid_i, .result_final_i, .result_ready_i,
    .en_o(en), .busy_o(busy), .cycles_o(cycles)
  );

  // Distances stop counting at Far.
  localparam int unsigned Lag = NDec > Rows && Groups > 1 ? (Groups - 1) * (NDec - Rows) - 1 : 0;
  localparam int unsigned Far = Loop + 2 * T + 2 * Load + Lag + Cols;
  localparam int unsigned FarSlot = Far + T;

  logic past_q = 1'b0;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);

  // ---- Ghost: the loops ------------------------------------------------------------------------------------

  logic        accept, done;
  logic        busy_q, active_q;           // a product; a pass of it is still to start
  logic        final_q;                    // its final token has been issued
  logic [31:0] m_q, n_q, k_q;              // its sizes
  logic [31:0] m0_q, n0_q, j_q;            // the next pass to start
  logic        last_j, last_n, last_m;
  logic [31:0] tile_tokens;

  assign accept = cmd_valid_i && !busy_q;
  assign done   = result_valid_i && result_ready_i && result_final_i;
  assign last_j = j_q == k_q - 1;
  assign last_n = n0_q == n_q - 1;
  assign last_m = m_q - m0_q <= T;
  assign tile_tokens = last_m ? m_q - m0_q : T;

  // The array brings the final result after the final token went in, once.
  always_comb if (result_valid_i && result_final_i) assume (final_q);

  // ---- Ghost: the pass that runs -----------------------------------------------------------------------------

  logic [9:0]  left_q, taken_q;            // tokens of the last pass started: to come, issued
  logic        first_q, last_q, end_q;     // its sums start, leave; it is the product's last
  logic [9:0]  beats_q;                    // weight beats taken for the next pass
  logic [9:0]  since_token_q, since_start_q;
  logic [9:0]  left, taken;
  logic        started, ended;

  assign left    = start ? 10'(tile_tokens) : left_q;
  assign taken   = start ? 0 : taken_q;
  assign started = start ? j_q == 0 : first_q;
  assign ended   = start ? last_j && last_n && last_m : end_q;

  function automatic logic [9:0] up(input logic [9:0] distance, input logic [31:0] most);
    up = distance < most ? distance + 1 : distance;
  endfunction

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q   <= 1'b0;
      active_q <= 1'b0;
      final_q  <= 1'b0;
      left_q   <= 0;
      taken_q  <= 0;
      beats_q  <= 0;
      since_token_q <= Far;
      since_start_q <= Far;
    end else begin
      if (accept) begin
        busy_q   <= cmd_m_i != 0 && cmd_n_tiles_i != 0 && cmd_k_arrays_i != 0;
        active_q <= cmd_m_i != 0 && cmd_n_tiles_i != 0 && cmd_k_arrays_i != 0;
        m_q  <= cmd_m_i;
        n_q  <= cmd_n_tiles_i;
        k_q  <= cmd_k_arrays_i;
        m0_q <= 0;
        n0_q <= 0;
        j_q  <= 0;
      end
      if (done) begin
        busy_q  <= 1'b0;
        final_q <= 1'b0;
      end
      if (start) begin
        j_q <= last_j ? 0 : j_q + 1;
        if (last_j) n0_q <= last_n ? 0 : n0_q + 1;
        if (last_j && last_n) m0_q <= m0_q + T;
        if (last_j && last_n && last_m) active_q <= 1'b0;
        first_q <= j_q == 0;
        last_q  <= last_j;
        end_q   <= last_j && last_n && last_m;
      end
      left_q  <= left - 10'(issue);
      taken_q <= taken + 10'(issue);
      if (issue && ended && left == 1) final_q <= 1'b1;
      beats_q <= (start ? 0 : beats_q) + 10'(load);
      if (en) begin
        since_token_q <= issue ? 1 : up(since_token_q, Far);
        since_start_q <= start ? 1 : up(since_start_q, Far);
      end
    end
  end

  // ---- Handshakes --------------------------------------------------------------------------------------------

  logic may_start, may_load, room;
  // The accumulate loop: after a pass of fewer tokens than Loop, what is missing.
  assign may_start = active_q && beats_q == Load && left_q == 0
                  && since_token_q + taken_q > Loop;
  // Weights are wanted for a pass that has not started, into shadows that are free.
  assign room      = start ? !(last_j && last_n && last_m) : active_q && beats_q != Load;
  assign may_load  = room && (start ? Lag == 0 : since_start_q >= Lag);

  always_comb begin
    Enable:       assert (en == !(result_valid_i && !result_ready_i));
    Frozen:       assert (en || !(start || issue || load || a_ready || w_ready));
    Starts:       assert (start == (en && may_start));
    TokenReady:   assert (a_ready == (en && (start || left_q != 0)));
    TokenTaken:   assert (issue == (a_valid_i && a_ready));
    BeatReady:    assert (w_ready == (en && may_load));
    BeatTaken:    assert (load == (w_valid_i && w_ready));
    Busy:         assert (busy == busy_q);
    CommandReady: assert (cmd_ready == !busy_q);
    // Nothing of the last product is left when the next is taken.
    Empty:        assert (!accept || (beats_q == 0 && left_q == 0 && !active_q && !final_q));
  end

  // ---- What it says of a token and of a beat -------------------------------------------------------------------

  always_comb if (issue) begin
    SlotIs:    assert (32'(slot) == taken);
    SlotFits:  assert (32'(slot) < T);
    FirstIs:   assert (first == started);
    LastIs:    assert (last == (start ? last_j : last_q));
    FinalIs:   assert (final_token == (ended && left == 1));
  end
  always_comb if (load) BeatPlace: assert (32'(row) + 32'(group) * Rows == (start ? 0 : beats_q)
                                           && 32'(row) < Rows && 32'(group) < Groups);

  // ---- Two sums in one slot: Loop apart. One slot, any. -----------------------------------------------------------

  (* anyconst *) logic [SlotW-1:0] any_slot;
  logic [9:0] since_slot_q;
  always_comb assume (32'(any_slot) < T);
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) since_slot_q <= FarSlot;
    else if (en) since_slot_q <= issue && slot == any_slot ? 1 : up(since_slot_q, FarSlot);
  end
  always_comb if (issue && slot == any_slot) SlotDistance: assert (since_slot_q >= Loop);

  // ---- Weights and switch: PE (r, c) with c = g*NDec + i switches r + g*NDec + i cycles after the start, and
  // ---- a beat writes i + 1 cycles after it is taken. One place (row, group), any. -------------------------------

  (* anyconst *) logic [RowAddrW-1:0] any_row;
  (* anyconst *) logic [GroupW-1:0]   any_group;
  logic [9:0] since_place_q;  // since the beat of this place was taken
  logic [31:0] wave, place;
  assign wave  = 32'(any_row) + 32'(any_group) * NDec;
  assign place = 32'(any_row) + 32'(any_group) * Rows;
  always_comb assume (32'(any_row) < Rows && 32'(any_group) < Groups);
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) since_place_q <= Far;
    else if (en) since_place_q <= load && row == any_row && group == any_group ? 1
                                                                        : up(since_place_q, Far);
  end
  always_comb begin
    if (load && row == any_row && group == any_group) begin
      NotOvertaken: assert ((start ? 0 : since_start_q) + 1 >= wave);
    end
    if (start) InTime: assert (since_place_q + wave > 1);
  end

  // ---- Cycles from the first beat to the final result, both included -------------------------------------------

  logic        counting_q;
  logic [47:0] cycles_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      counting_q <= 1'b0;
      cycles_q   <= 0;
    end else begin
      counting_q <= (counting_q || load || issue) && !done;
      if (accept) cycles_q <= 0;
      else if (counting_q || load || issue) cycles_q <= cycles_q + 1;
    end
  end
  always_comb CyclesAre: assert (cycles == cycles_q);

  // ---- Induction: how the sequencer's registers hold the same, and bounds of the ghost ---------------------------

  logic        dut__pending_q, dut__full_q, dut__first_q, dut__last_q, dut__final_q, dut__counting_q;
  logic [31:0] dut__m_left_q, dut__n_left_q, dut__k_left_q, dut__n_tiles_q, dut__k_arrays_q;
  logic [SlotW:0]             dut__tokens_q;
  logic [SlotW-1:0]           dut__slot_q;
  logic [$clog2(Loop)-1:0]    dut__gap_q;
  logic [(Lag > 0 ? $clog2(Lag + 1) : 1)-1:0] dut__lag_q;

  always_comb if (rst_ni) begin
    assert (dut__pending_q == active_q);
    assert (dut__full_q == (beats_q == Load));
    assert (dut__counting_q == counting_q);
    assert (32'(dut__tokens_q) == left_q);
    assert (32'(row) + 32'(group) * Rows == (beats_q == Load ? 0 : beats_q));
    assert (32'(row) < Rows && 32'(group) < Groups);
    if (left_q == 0) begin
      assert (32'(dut__gap_q) == (since_token_q + taken_q > Loop ? 0
                                                            : Loop + 1 - since_token_q - taken_q));
    end else begin
      assert (32'(dut__slot_q) == taken_q && dut__gap_q == 0);
      assert (dut__first_q == first_q && dut__last_q == last_q && dut__final_q == end_q);
    end
    assert (32'(dut__lag_q) == (since_start_q >= Lag ? 0 : Lag - since_start_q));
    if (active_q) begin
      assert (dut__m_left_q == m_q - m0_q && dut__n_left_q == n_q - n0_q && dut__k_left_q == k_q - j_q);
      assert (dut__n_tiles_q == n_q && dut__k_arrays_q == k_q);
      assert (m0_q < m_q && n0_q < n_q && j_q < k_q);
    end

    assert (counting_q || (beats_q == 0 && left_q == 0 && !final_q));
    assert (beats_q <= Load && (active_q || beats_q == 0));
    assert (taken_q <= T && left_q <= T && left_q + taken_q <= T);
    assert (busy_q || (!active_q && !final_q && left_q == 0));
    assert (!busy_q || active_q || left_q != 0 || final_q);
    assert (!final_q || (!active_q && left_q == 0));
    assert (left_q == 0 || end_q == !active_q);
    assert (since_token_q >= 1 && since_token_q <= Far);
    assert (since_start_q >= 1 && since_start_q <= Far);
    assert (beats_q == 0 || since_start_q >= Lag + beats_q || since_start_q == Far);
    assert (beats_q <= place || since_place_q >= beats_q - place);
    assert (since_place_q >= 1 && since_place_q <= Far);
    assert (since_slot_q <= FarSlot);
    assert (since_slot_q >= since_token_q
            + (32'(any_slot) < taken_q ? taken_q - 1 - 32'(any_slot) : taken_q));
    assert (left_q == 0 || 32'(any_slot) < taken_q
            || since_slot_q + 32'(any_slot) - taken_q >= Loop);
  end

endmodule

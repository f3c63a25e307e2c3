// Activation buffer: with reuse each tile's words leave once for every column tile, in the order (m tile, n tile,
// j, token), for all sizes; without, in the order in which they came. A word stays until the last column tile
// has read it, and its place is free from then on. stuck_o exactly if the reader waits for a word that has no place,
// which happens only if a tile does not fit. The ghost walks the loops upwards over the numbers of the words that came.
// With Data = 0 the addresses, which induction proves for ever; with Data = 1 words through the storage, to a depth.
module act_buffer #(
  parameter int unsigned Words = 4,
  parameter int unsigned T = 2,
  parameter int unsigned Data = 0,
  localparam int unsigned AddrW = $clog2(Words),
  localparam int unsigned Width = 2,
  localparam int unsigned NumW = AddrW + 4   // numbers of words, of which only differences matter
) (
  input logic             clk_i,
  input logic             rst_ni,
  input logic             reuse_i,
  input logic [31:0]      m_i,
  input logic [31:0]      n_tiles_i,
  input logic [31:0]      k_arrays_i,
  input logic             in_valid_i,
  input logic [Width-1:0] in_data_i,
  input logic             out_ready_i
);

  logic             in_ready, out_valid, stuck, idle, push, start;
  logic [Width-1:0] out;
  logic [AddrW:0]         dut__g_ring__base_q, dut__g_ring__read_q, dut__g_ring__write_q;
  logic [$clog2(T):0]     dut__g_ring__token_q;
  logic [31:0]            dut__g_ring__m_left_q, dut__g_ring__n_left_q, dut__g_ring__k_left_q;
  logic [31:0]            dut__g_ring__n_tiles_q, dut__g_ring__k_arrays_q;
  logic                   dut__g_ring__reuse_q;
  bcq_act_buffer #(.Width(Width), .Words(Words), .T(T)) dut (
    .clk_i, .rst_ni, .start_i(start), .reuse_i, .m_i, .n_tiles_i, .k_arrays_i,
    .in_valid_i, .in_ready_o(in_ready), .in_data_i,
    .out_valid_o(out_valid), .out_ready_i, .out_data_o(out), .stuck_o(stuck), .idle_o(idle)
  );
  assign push = in_valid_i && in_ready;

  logic past_q = 1'b0, runs_q;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);
  // A product begins in the first cycle after a reset.
  assign start = rst_ni && !runs_q;
  always_comb if (start) assume (m_i != 0 && n_tiles_i != 0 && k_arrays_i != 0);

  // ---- Ghost: numbers of words, modulo 2^NumW ----------------------------------------------------------------

  logic        reuse_q, over_q;                  // over: with reuse: all of the product has been read
  logic [31:0] m_q, n_q, k_q, m0_q, n0_q, j_q, token_q;
  logic [NumW-1:0] pushed_q, tile_q, read_q, needed; // came; first of the tile; the next to be read; the lowest needed
  logic        shown_q;                          // a word is at the output
  logic [NumW-1:0] shown_word_q;
  logic [31:0] tokens;
  logic        last_token, last_j, last_n, last_m, last_turn, read;

  assign tokens     = m_q - m0_q < T ? m_q - m0_q : T;
  assign last_token = token_q == tokens - 1;
  assign last_j     = j_q == k_q - 1;
  assign last_n     = n0_q == n_q - 1;
  assign last_m     = m_q - m0_q <= T;
  assign last_turn  = !reuse_q || last_n;
  assign needed     = last_turn ? read_q : tile_q;
  assign read       = runs_q && read_q != pushed_q && (!shown_q || out_ready_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      runs_q   <= 1'b0;
      over_q   <= 1'b0;
      shown_q  <= 1'b0;
      pushed_q <= 0;
      tile_q   <= 0;
      read_q   <= 0;
      m0_q     <= 0;
      n0_q     <= 0;
      j_q      <= 0;
      token_q  <= 0;
    end else begin
      runs_q <= 1'b1;
      if (start) {reuse_q, m_q, n_q, k_q} <= {reuse_i, m_i, n_tiles_i, k_arrays_i};
      if (push) pushed_q <= pushed_q + 1;
      shown_q <= read || (shown_q && !out_ready_i);
      if (read) begin
        shown_word_q <= read_q;
        token_q <= last_token ? 0 : token_q + 1;
        if (last_token) j_q <= last_j ? 0 : j_q + 1;
        if (last_token && last_j) n0_q <= last_n ? 0 : n0_q + 1;
        if (last_token && last_j && last_n) m0_q <= m0_q + T;
        if (last_token && last_j && last_n && last_m && reuse_q) over_q <= 1'b1;
        read_q <= read_q + 1;
        if (last_token && last_j) begin
          if (last_turn) tile_q <= read_q + 1;
          else           read_q <= tile_q;
        end
      end
    end
  end

  // ---- One word, any: what came with its number -----------------------------------------------------------

  (* anyconst *) logic [NumW-1:0] which;
  logic             known_q, waits_q;
  logic [Width-1:0] word_q, out_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {known_q, waits_q} <= 2'b00;
    else begin
      waits_q <= out_valid && !out_ready_i;
      if (push && pushed_q == which) known_q <= 1'b1;
    end
  end
  always_ff @(posedge clk_i) begin
    out_q <= out;
    if (push && pushed_q == which) word_q <= in_data_i;
  end
  if (Data == 1) begin : g_small
    always_comb if (start) assume (m_i <= 3 && n_tiles_i <= 2 && k_arrays_i <= 2);
  end

  always_comb if (rst_ni && !over_q) begin
    assert (in_ready == (NumW'(pushed_q - needed) != NumW'(Words)));
    assert (out_valid == shown_q);
    assert (idle == (read_q == pushed_q && !shown_q));
    assert (stuck == (!in_ready && idle));
    // Only if what is to be kept does not fit: the tile has more words than there are places.
    if (stuck) assert (reuse_q && pushed_q == NumW'(tile_q + Words));
    if (Data == 1 && stuck) assert (tokens * k_q > Words);
    if (Data == 1 && shown_q && shown_word_q == which) assert (known_q && out == word_q);
  end
  always_comb if (waits_q && rst_ni) assert (out_valid && out == out_q);

  // ---- Induction --------------------------------------------------------------------------------------------

  always_comb if (rst_ni && runs_q && !over_q) begin
    assert (dut__g_ring__reuse_q == reuse_q && dut__g_ring__n_tiles_q == n_q && dut__g_ring__k_arrays_q == k_q);
    assert (dut__g_ring__write_q == (AddrW + 1)'(pushed_q) && dut__g_ring__read_q == (AddrW + 1)'(read_q));
    assert (dut__g_ring__base_q == (AddrW + 1)'(needed));
    if (reuse_q) assert (dut__g_ring__m_left_q == m_q - m0_q && dut__g_ring__n_left_q == n_q - n0_q);
    if (reuse_q) assert (dut__g_ring__k_left_q == k_q - j_q && 32'(dut__g_ring__token_q) == token_q);
    if (reuse_q) assert (m_q - m0_q != 0 && n0_q < n_q && j_q < k_q && token_q < tokens);
    assert (NumW'(read_q - needed) <= NumW'(pushed_q - needed) && NumW'(pushed_q - needed) <= NumW'(Words));
  end
  always_comb if (rst_ni && !runs_q) begin
    assert (pushed_q == 0 && read_q == 0 && tile_q == 0 && !shown_q && !over_q);
    assert (m0_q == 0 && n0_q == 0 && j_q == 0 && token_q == 0);
    assert (dut__g_ring__write_q == 0 && dut__g_ring__read_q == 0 && dut__g_ring__base_q == 0);
    assert (dut__g_ring__token_q == 0);
  end

endmodule

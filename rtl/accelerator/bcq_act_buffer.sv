// Activation buffer: a ring of Words block arrays that gives each tile's activations once for every column tile.
//
// In: block arrays in the order (m tile, j, token). With reuse_i, out: (m tile, n tile, j, token); a word is
// kept until its last column tile has taken it, so the next m tile fills the places that become free. Without
// reuse_i it is a FIFO, and the sender repeats. Words = 0: wires.
//
// start_i latches the sizes; between start_i and reset it runs one product. Latency 2 from in to out, one word
// a cycle. Valid/ready on both sides; no combinational path from out to in. stuck_o: a tile does not
// fit, so that the reader waits for a word that has no place. idle_o: no word is here.
module bcq_act_buffer #(
  parameter int unsigned Width = 296,
  parameter int unsigned Words = 1024,
  parameter int unsigned T = 64
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic             start_i,
  input  logic             reuse_i,
  input  logic [31:0]      m_i,
  input  logic [31:0]      n_tiles_i,
  input  logic [31:0]      k_arrays_i,

  input  logic             in_valid_i,
  output logic             in_ready_o,
  input  logic [Width-1:0] in_data_i,

  output logic             out_valid_o,
  input  logic             out_ready_i,
  output logic [Width-1:0] out_data_o,

  output logic             stuck_o,
  output logic             idle_o
);

  if (Words == 0) begin : g_none
    assign out_valid_o = in_valid_i;
    assign out_data_o  = in_data_i;
    assign in_ready_o  = out_ready_i;
    assign stuck_o     = 1'b0;
    assign idle_o      = 1'b1;
    logic unused;
    assign unused = ^{clk_i, rst_ni, start_i, reuse_i, m_i, n_tiles_i, k_arrays_i};
  end else begin : g_ring
    localparam int unsigned AddrW  = $clog2(Words);
    localparam int unsigned CountW = $clog2(T) + 1;  // holds T

    if (Words < 2 || (Words & (Words - 1)) != 0) begin : g_bad_words
      $error("bcq_act_buffer: Words must be 0 or a power of two, 2 or more");
    end

    // Pointers have one bit more than an address: full is not empty.
    logic [AddrW:0]    base_d, base_q, read_d, read_q, write_d, write_q;
    logic              reuse_q, push, pop, full, empty, out_valid_d, out_valid_q;
    logic [31:0]       m_left_d, m_left_q, n_left_d, n_left_q, k_left_d, k_left_q;
    logic [31:0]       n_tiles_q, k_arrays_q;
    logic [CountW-1:0] token_d, token_q;  // tokens of the tile before the one to be read
    logic              last_token, last_array, last_turn;
    logic [Width-1:0]  word_q [Words];

    assign full       = write_q - base_q == (AddrW + 1)'(Words);
    assign empty      = read_q == write_q;
    assign in_ready_o = !full;
    assign push       = in_valid_i && !full;
    assign pop        = !empty && (!out_valid_q || out_ready_i);
    assign stuck_o    = full && empty && !out_valid_q;
    assign idle_o     = empty && !out_valid_q;
    assign last_token = token_q == CountW'(T - 1) || 32'(token_q) + 32'd1 == m_left_q;
    assign last_array = k_left_q == 32'd1;
    assign last_turn  = !reuse_q || n_left_q == 32'd1;

    assign write_d     = push ? write_q + 1'b1 : write_q;
    assign out_valid_d = pop || (out_valid_q && !out_ready_i);
    assign out_valid_o = out_valid_q;

    always_comb begin
      read_d   = read_q;
      base_d   = base_q;
      token_d  = token_q;
      k_left_d = k_left_q;
      n_left_d = n_left_q;
      m_left_d = m_left_q;
      if (pop) begin
        read_d  = read_q + 1'b1;
        token_d = token_q + 1'b1;
        if (last_turn) base_d = read_q + 1'b1;
        if (last_token) begin
          token_d  = '0;
          k_left_d = k_left_q - 32'd1;
          if (last_array) begin
            k_left_d = k_arrays_q;
            n_left_d = n_left_q - 32'd1;
            if (last_turn) begin
              n_left_d = n_tiles_q;
              m_left_d = m_left_q - 32'(T);
            end else begin
              read_d = base_q;
            end
          end
        end
      end
      if (start_i) begin
        m_left_d = m_i;
        n_left_d = n_tiles_i;
        k_left_d = k_arrays_i;
      end
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        base_q      <= '0;
        read_q      <= '0;
        write_q     <= '0;
        token_q     <= '0;
        out_valid_q <= 1'b0;
      end else begin
        base_q      <= base_d;
        read_q      <= read_d;
        write_q     <= write_d;
        token_q     <= token_d;
        out_valid_q <= out_valid_d;
      end
    end

    always_ff @(posedge clk_i) begin
      m_left_q <= m_left_d;
      n_left_q <= n_left_d;
      k_left_q <= k_left_d;
      if (start_i) begin
        reuse_q    <= reuse_i;
        n_tiles_q  <= n_tiles_i;
        k_arrays_q <= k_arrays_i;
      end
      if (push) word_q[write_q[AddrW-1:0]] <= in_data_i;
      if (pop)  out_data_o <= word_q[read_q[AddrW-1:0]];
    end
  end

endmodule

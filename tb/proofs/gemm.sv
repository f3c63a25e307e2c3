// The whole of rtl/ at its smallest, seen from its streams: a result that is not taken stays, valid and
// data, until it is; while it waits no operand is taken. The rules are those of bcq_stream_rules, which
// stand inside on every stream; senders are assumed to keep them. And nothing begins but by a command
// that is taken; with codebooks in memories, none while a codebook is being written.
module gemm #(
  parameter bit Exact = 1'b0,
  parameter bit TableMemory = 1'b0,
  localparam int unsigned ActW = 8 + 2 * 17,
  localparam int unsigned WgtW = 8 + 17
) (
  input logic            clk_i,
  input logic            rst_ni,
  input logic            cmd_valid_i,
  input logic [95:0]     cmd_i,
  input logic            cb_valid_i,
  input logic [17:0]     cb_i,
  input logic            w_valid_i,
  input logic [WgtW-1:0] w_data_i,
  input logic            a_valid_i,
  input logic [ActW-1:0] a_data_i,
  input logic            r_ready_i
);

  logic         cmd_ready, cb_ready, w_ready, a_ready, r_valid, busy, scale_nan;
  logic [31:0]  r_data;
  logic [47:0]  cycles;
  logic [239:0] identity;
  logic [15:0]  tables;
  logic         last;
  bcq_gemm #(.Lanes(8), .LB(8), .LA(16), .NC(1), .B(2), .EW(4), .Cols(1), .T(2), .NDec(1), .Exact(Exact),
    .TableMemory(TableMemory)) dut (
    .clk_i, .rst_ni,
    .cmd_valid_i, .cmd_ready_o(cmd_ready), .cmd_m_i(cmd_i[31:0]), .cmd_n_tiles_i(cmd_i[63:32]),
    .cmd_k_arrays_i(cmd_i[95:64]),
    .cb_valid_i, .cb_ready_o(cb_ready), .cb_weights_i(cb_i[17]), .cb_book_i(cb_i[16]), .cb_entry_i(cb_i[15:0]),
    .w_valid_i, .w_ready_o(w_ready), .w_data_i,
    .a_valid_i, .a_ready_o(a_ready), .a_data_i,
    .r_valid_o(r_valid), .r_ready_i, .r_last_o(last), .r_data_o(r_data),
    .busy_o(busy), .scale_nan_o(scale_nan), .cycles_o(cycles), .table_a_o(tables), .identity_o(identity)
  );

  logic past_q = 1'b0;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);

  // The senders' side of the rules.
  logic [3:0]      waits_q;
  logic [95:0]     cmd_q;
  logic [17:0]     cb_q;
  logic [WgtW-1:0] w_q;
  logic [ActW-1:0] a_q;
  logic            r_waits_q, idle_q;  // idle_q: not busy, and no command taken
  logic [31:0]     r_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) waits_q <= 4'd0;
    else         waits_q <= {cmd_valid_i && !cmd_ready, cb_valid_i && !cb_ready,
                             w_valid_i && !w_ready, a_valid_i && !a_ready};
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {r_waits_q, idle_q} <= 2'b00;
    else         {r_waits_q, idle_q} <= {r_valid && !r_ready_i, !busy && !(cmd_valid_i && cmd_ready)};
  end
  always_ff @(posedge clk_i) {cmd_q, cb_q, w_q, a_q, r_q} <= {cmd_i, cb_i, w_data_i, a_data_i, r_data};
  always_comb begin
    if (waits_q[3]) assume (cmd_valid_i && cmd_i == cmd_q);
    if (waits_q[2]) assume (cb_valid_i && cb_i == cb_q);
    if (waits_q[1]) assume (w_valid_i && w_data_i == w_q);
    if (waits_q[0]) assume (a_valid_i && a_data_i == a_q);
  end

  always_comb if (rst_ni) begin
    if (r_waits_q) assert (r_valid && r_data == r_q);
    if (r_valid && !r_ready_i) assert (!w_ready && !a_ready);
    if (idle_q) assert (!busy);
    if (TableMemory && cb_valid_i) assert (!cmd_ready);
  end

endmodule

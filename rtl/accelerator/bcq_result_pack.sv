// Results of the array as an AXI4-Stream: buffers Words tokens and cuts each into beats of RBytes.
//
// A token is Cols results, column 0 lowest, FP32 or, with bf16_i, rounded to BF16 (nearest even) and padded with
// zeros to whole beats. Latency 2 from r_valid_i to the first beat. Valid/ready; no combinational path
// from tready to r_ready_o.
//
// abort_i: the product ends here. A beat that is shown stays until it is taken, then one beat of zeros with TLAST
// follows, unless the last beat was shown already. The buffer must be reset (core_rst_ni) with abort_i; only
// reset_i takes back what is shown. done_o: the last beat of a product is taken in this cycle.
module bcq_result_pack #(
  parameter int unsigned Cols = 16,
  parameter int unsigned Words = 64,
  parameter int unsigned RBytes = 32
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                core_rst_ni,
  input  logic                reset_i,
  input  logic                abort_i,
  input  logic                bf16_i,

  input  logic                r_valid_i,
  output logic                r_ready_o,
  input  logic [Cols*32-1:0]  r_data_i,
  input  logic                r_last_i,

  output logic                tvalid_o,
  input  logic                tready_i,
  output logic [RBytes*8-1:0] tdata_o,
  output logic                tlast_o,

  output logic                done_o
);

  localparam int unsigned Subs     = Cols * 4 / RBytes;                 // beats of a token
  localparam int unsigned SubsBf16 = (Cols * 2 + RBytes - 1) / RBytes;
  localparam int unsigned SubW     = Subs > 1 ? $clog2(Subs) : 1;

  if (RBytes < 1 || (Cols * 4) % RBytes != 0) begin : g_bad_bytes
    $error("bcq_result_pack: RBytes must divide 4 * Cols");
  end

  function automatic logic [15:0] bf16(input logic [31:0] fp32);
    bf16 = fp32[31:16] + 16'(fp32[15] && (fp32[16] || fp32[14:0] != '0));
  endfunction

  logic [Cols*32-1:0] token_d, token;
  logic               last, pop_valid, pop;

  always_comb begin
    token_d = r_data_i;
    if (bf16_i) begin
      token_d = '0;
      for (int unsigned c = 0; c < Cols; c++) token_d[c*16 +: 16] = bf16(r_data_i[c*32 +: 32]);
    end
  end

  bcq_fifo #(.Width(Cols * 32 + 1), .Depth(Words)) u_tokens (
    .clk_i, .rst_ni(core_rst_ni),
    .push_valid_i(r_valid_i), .push_ready_o(r_ready_o), .push_data_i({r_last_i, token_d}),
    .pop_valid_o(pop_valid), .pop_ready_i(pop), .data_o({last, token})
  );

  logic            shown_d, shown_q;    // a token is here
  logic            dying_d, dying_q;    // its beat is the last but the closing one
  logic            close_d, close_q;    // the closing beat is due
  logic            dying_last_q;        // dying, and the beat has TLAST itself
  logic [SubW-1:0] sub_d, sub_q;
  logic            last_sub, beat_last, take;

  assign last_sub  = sub_q == (bf16_i ? SubW'(SubsBf16 - 1) : SubW'(Subs - 1));
  assign beat_last = dying_q ? dying_last_q : last && last_sub;
  assign tvalid_o  = shown_q || close_q;
  assign tlast_o   = shown_q ? beat_last : close_q;
  assign take      = tvalid_o && tready_i;
  assign done_o    = take && shown_q && !dying_q && beat_last;
  assign pop       = (!shown_q && !close_q) || (take && shown_q && !dying_q && last_sub);

  logic [RBytes*8-1:0] slice [Subs];
  for (genvar s = 0; s < Subs; s++) begin : g_slice
    assign slice[s] = token[s*RBytes*8 +: RBytes*8];
  end
  if (Subs == 1) begin : g_whole
    assign tdata_o = shown_q ? slice[0] : '0;
  end else begin : g_cut
    assign tdata_o = shown_q ? slice[sub_q] : '0;
  end

  always_comb begin
    shown_d = shown_q;
    dying_d = dying_q;
    close_d = close_q;
    sub_d   = sub_q;
    if (take) begin
      if (!shown_q) close_d = 1'b0;
      if (shown_q) sub_d = last_sub ? '0 : sub_q + 1'b1;
      if (shown_q && (last_sub || dying_q)) shown_d = 1'b0;
      if (dying_q) begin
        dying_d = 1'b0;
        close_d = !dying_last_q;
        sub_d   = '0;
      end
    end
    if (pop && pop_valid) shown_d = 1'b1;
    if (abort_i && !dying_q) begin  // a beat of the product before may still be here
      if (shown_q && !take) begin
        shown_d = 1'b1;
        dying_d = 1'b1;
      end else begin
        shown_d = 1'b0;
        close_d = close_d || !(shown_q && beat_last);
      end
      sub_d = dying_d ? sub_q : '0;
    end
    if (reset_i) begin
      shown_d = 1'b0;
      dying_d = 1'b0;
      close_d = 1'b0;
      sub_d   = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      shown_q <= 1'b0;
      dying_q <= 1'b0;
      close_q <= 1'b0;
      sub_q   <= '0;
    end else begin
      shown_q <= shown_d;
      dying_q <= dying_d;
      close_q <= close_d;
      sub_q   <= sub_d;
    end
  end
  always_ff @(posedge clk_i) begin
    if (abort_i && !dying_q) dying_last_q <= beat_last;
  end

endmodule

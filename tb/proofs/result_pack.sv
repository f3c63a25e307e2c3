// Result stream: a beat that is shown stays as it is until it is taken, whatever ends the product. The tokens of a
// product leave in order, each in its beats, lowest first, in FP32 or rounded to BF16 and padded with zeros; TLAST
// with the last beat of the last token, and done_o exactly then. After abort_i the stream stays valid until a TLAST
// was taken: the beat that waited, then one of zeros, unless that beat had TLAST itself; nothing else is shown. Products
// that are aborted while the first one's beats wait share that TLAST. Only reset_i takes back what is shown.
// One token, any, is followed. The surroundings are those of bcq_accelerator: the buffer is reset in the cycle after the
// product's end, and the format changes between products alone.
module result_pack #(
  parameter int unsigned Cols = 1,
  parameter int unsigned RBytes = 2,
  localparam int unsigned Subs = Cols * 4 / RBytes,
  localparam int unsigned SubsBf16 = (Cols * 2 + RBytes - 1) / RBytes
) (
  input logic               clk_i,
  input logic               rst_ni,
  input logic               begin_i,  // a product begins, if none runs
  input logic               reset_i,
  input logic               fatal_i,
  input logic               bf16_i,
  input logic               r_valid_i,
  input logic [Cols*32-1:0] r_data_i,
  input logic               r_last_i,
  input logic               tready_i
);

  logic                r_ready, tvalid, tlast, done, core_rst_n, abort, push, take;
  logic [RBytes*8-1:0] tdata;
  logic                run_q, core_rst_nq;
  bcq_result_pack #(.Cols(Cols), .Words(2), .RBytes(RBytes)) dut (
    .clk_i, .rst_ni, .core_rst_ni(core_rst_n), .reset_i, .abort_i(abort), .bf16_i,
    .r_valid_i, .r_ready_o(r_ready), .r_data_i, .r_last_i,
    .tvalid_o(tvalid), .tready_i, .tdata_o(tdata), .tlast_o(tlast), .done_o(done)
  );
  assign core_rst_n = core_rst_nq && rst_ni;
  assign abort = run_q && fatal_i && !done;
  assign push  = r_valid_i && r_ready;
  assign take  = tvalid && tready_i;

  logic past_q = 1'b0;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);

  // ---- Surroundings -------------------------------------------------------------------------------------------

  logic bf16_q, offers_q, all_q;  // all: the last token was pushed
  logic [Cols*32:0] offer_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      run_q       <= 1'b0;
      core_rst_nq <= 1'b0;
      offers_q    <= 1'b0;
      all_q       <= 1'b0;
    end else begin
      run_q       <= run_q ? !(done || fatal_i || reset_i) : begin_i && core_rst_nq && !reset_i;
      core_rst_nq <= !(run_q && (done || fatal_i)) && !reset_i;
      offers_q    <= run_q && !(done || fatal_i || reset_i) && r_valid_i && !r_ready;
      all_q       <= run_q && (all_q || (push && r_last_i));
    end
  end
  always_ff @(posedge clk_i) begin
    bf16_q  <= bf16_i;
    offer_q <= {r_last_i, r_data_i};
  end
  always_comb begin
    if (run_q) assume (bf16_i == bf16_q);
    if (!run_q || all_q) assume (!r_valid_i);
    if (offers_q) assume (r_valid_i && offer_q == {r_last_i, r_data_i});
  end

  // ---- Ghost ----------------------------------------------------------------------------------------------------

  (* anyseq *)   logic pick;
  logic                in_q, last_q;          // the token followed is in; it is the product's last
  logic [7:0]          ahead_q, count_q;      // tokens before it; tokens pushed and not gone
  logic [7:0]          sub_q, most;           // beats of the first token that have gone; a token's beats
  logic [Cols*32-1:0]  token_q, token;
  logic                owed_q;                // an aborted product's TLAST is still to be taken
  logic                waits_q, waited_last_q, beat_waited_q;
  logic [RBytes*8-1:0] waited_q;
  logic                first_gone;
  assign most       = bf16_i ? 8'(SubsBf16) : 8'(Subs);
  assign first_gone = take && !owed_q && sub_q == most - 8'd1;

  // To nearest even: half, less one if the result would be odd without it, then cut.
  always_comb begin
    token = r_data_i;
    if (bf16_i) begin
      token = '0;
      for (int unsigned c = 0; c < Cols; c++)
        token[c*16 +: 16] = 16'((r_data_i[c*32 +: 32] + 32'h7FFF + 32'(r_data_i[c*32 + 16])) >> 16);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      in_q    <= 1'b0;
      owed_q  <= 1'b0;
      waits_q <= 1'b0;
      count_q <= 8'd0;
      sub_q   <= 8'd0;
      beat_waited_q <= 1'b0;
    end else if (reset_i) begin
      in_q    <= 1'b0;
      owed_q  <= 1'b0;
      waits_q <= 1'b0;
      count_q <= 8'd0;
      sub_q   <= 8'd0;
      beat_waited_q <= 1'b0;
    end else begin
      waits_q <= tvalid && !tready_i;
      if (owed_q && take && tlast && !abort) owed_q <= 1'b0;
      if (owed_q && take && tlast && abort)  owed_q <= close_q;
      if (owed_q && take) beat_waited_q <= 1'b0;
      if (abort && !owed_q) begin
        owed_q <= 1'b1;
        beat_waited_q <= tvalid && !tready_i;
      end
      if (!run_q || abort || done) begin
        in_q    <= 1'b0;
        count_q <= 8'd0;
        sub_q   <= 8'd0;
      end else begin
        count_q <= count_q + 8'(push) - 8'(first_gone);
        if (take && !owed_q) sub_q <= first_gone ? 8'd0 : sub_q + 8'd1;
        if (in_q) begin
          if (first_gone) ahead_q <= ahead_q - 8'd1;
          if (first_gone && ahead_q == 8'd0) in_q <= 1'b0;
        end else if (push && pick) begin
          in_q    <= 1'b1;
          ahead_q <= count_q - 8'(first_gone);
          token_q <= token;
          last_q  <= r_last_i;
        end
      end
    end
  end
  always_ff @(posedge clk_i) {waited_last_q, waited_q} <= {tlast, tdata};

  // The closing beat itself waits: nothing of an earlier product is before it.
  logic close_q;
  assign close_q = owed_q && !beat_waited_q;

  logic [RBytes*8-1:0] wanted;
  assign wanted = (RBytes*8)'(token_q >> (32'(sub_q) * RBytes * 8));

  always_comb if (rst_ni) begin
    if (waits_q) assert (tvalid && tdata == waited_q && tlast == waited_last_q);
    if (owed_q) assert (tvalid && !done);
    if (owed_q && !beat_waited_q) assert (tlast && tdata == '0);
    if (!owed_q && count_q == 8'd0) assert (!tvalid);
    if (!owed_q && tvalid && in_q && ahead_q == 8'd0) begin
      assert (tdata == wanted);
      assert (tlast == (last_q && sub_q == most - 8'd1));
    end
    assert (done == (take && tlast && !owed_q));
    if (!tvalid) assert (!tlast);
  end

endmodule

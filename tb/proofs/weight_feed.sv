// Weight feed: the records of NDec columns that came together leave together, row 0 first, each row with the
// record's scale; groups in the order in which they came, none lost, doubled or overwritten. One record, any, is
// followed. With Data = 0 the places alone, which induction proves for ever; with Data = 1 the bits, to a depth.
module weight_feed #(
  parameter int unsigned Rows = 2,
  parameter int unsigned NDec = 2,
  parameter int unsigned Data = 0,
  localparam int unsigned SelW = 1,
  localparam int unsigned IdxW = 2,
  localparam int unsigned RecordW = 8 + Rows * (SelW + IdxW),
  localparam int unsigned BeatW = 8 + SelW + IdxW,
  localparam int unsigned ColumnW = NDec > 1 ? $clog2(NDec) : 1
) (
  input logic               clk_i,
  input logic               rst_ni,
  input logic               record_valid_i,
  input logic [RecordW-1:0] record_i,
  input logic               w_ready_i
);

  logic                    record_ready, w_valid, idle, take, give, filled, emptied;
  logic [NDec*BeatW-1:0]   w;
  logic [1:0]              dut__full_q;
  logic                    dut__fill_q, dut__emit_q;
  logic [ColumnW-1:0]      dut__column_q;
  logic [$clog2(Rows)-1:0] dut__row_q;
  bcq_weight_feed #(.Rows(Rows), .NDec(NDec), .RowSelW(SelW), .RowIdxW(IdxW)) dut (
    .clk_i, .rst_ni, .record_valid_i, .record_ready_o(record_ready), .record_i,
    .w_valid_o(w_valid), .w_ready_i, .w_data_o(w), .idle_o(idle)
  );

  logic past_q = 1'b0;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);

  logic [7:0] column_q, row_q, groups_q;  // records of the group that fills; rows gone of the first; whole groups
  assign take    = record_valid_i && record_ready;
  assign give    = w_valid && w_ready_i;
  assign filled  = take && column_q == 8'(NDec - 1);
  assign emptied = give && row_q == 8'(Rows - 1);

  (* anyseq *) logic pick;
  logic               in_q, bank_q;        // the record is in; the bank that it should be in
  logic [7:0]         ahead_q, place_q;    // groups before its own; its column
  logic [RecordW-1:0] record_q;
  logic               waits_q;
  logic [NDec*BeatW-1:0] w_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      column_q <= 8'd0;
      row_q    <= 8'd0;
      groups_q <= 8'd0;
      in_q     <= 1'b0;
      waits_q  <= 1'b0;
    end else begin
      if (take) column_q <= filled ? 8'd0 : column_q + 8'd1;
      if (give) row_q <= emptied ? 8'd0 : row_q + 8'd1;
      groups_q <= groups_q + 8'(filled) - 8'(emptied);
      waits_q  <= w_valid && !w_ready_i;
      if (in_q) begin
        if (emptied) ahead_q <= ahead_q - 8'd1;
        if (emptied && ahead_q == 8'd0) in_q <= 1'b0;
      end else if (take && pick) begin
        in_q     <= 1'b1;
        ahead_q  <= groups_q - 8'(emptied);
        place_q  <= column_q;
        record_q <= record_i;
        bank_q   <= dut__fill_q;
      end
    end
  end
  always_ff @(posedge clk_i) w_q <= w;

  logic [BeatW-1:0] got, wanted;
  assign got    = BeatW'(w >> (32'(place_q) * BeatW));
  assign wanted = {IdxW'(record_q >> (8 + Rows * SelW + 32'(row_q) * IdxW)), SelW'(record_q >> (8 + 32'(row_q) * SelW)),
                   record_q[7:0]};
  logic mine;  // the followed record leaves
  assign mine = in_q && ahead_q == 8'd0 && groups_q != 8'd0;

  always_comb if (rst_ni) begin
    assert (record_ready == (groups_q != 8'd2));
    assert (w_valid == (groups_q != 8'd0));
    assert (idle == (groups_q == 8'd0 && column_q == 8'd0));
    if (mine) assert (dut__emit_q == bank_q && 8'(dut__row_q) == row_q);
    // What is in is not written over: its bank fills again only when it has left.
    if (in_q && take && dut__fill_q == bank_q) assert (ahead_q == groups_q && 8'(dut__column_q) > place_q);
    if (Data == 1 && mine) assert (got == wanted);
    if (Data == 1 && waits_q) assert (w == w_q);
    // Induction.
    assert (8'(dut__column_q) == column_q && column_q < 8'(NDec) && 8'(dut__row_q) == row_q && row_q < 8'(Rows));
    assert (groups_q == 8'(dut__full_q[0]) + 8'(dut__full_q[1]));
    assert (groups_q == 8'd1 ? dut__full_q[dut__emit_q] && dut__fill_q != dut__emit_q : dut__fill_q == dut__emit_q);
    if (in_q) assert (ahead_q <= groups_q && (ahead_q != groups_q || place_q < column_q) && place_q < 8'(NDec));
    if (in_q) assert (ahead_q == groups_q ? bank_q == dut__fill_q
                                          : bank_q == (dut__emit_q ^ ahead_q[0]) && ahead_q < 8'd2);
    if (waits_q) assert (w_valid);
  end

endmodule

// Weight records to weight beats of bcq_gemm: takes the records of NDec columns, then gives the array their rows.
//
// A record is {indices, selectors, scale} of one column and block array; a beat is one row of NDec
// neighbouring columns, row 0 first, each {indices, selectors, scale}. Two groups of NDec records fit: one fills
// while the other leaves. Valid/ready on both sides, no combinational path between them. idle_o: nothing here.
module bcq_weight_feed #(
  parameter int unsigned Rows = 8,
  parameter int unsigned NDec = 2,
  parameter int unsigned RowSelW = 4,   // selectors of one row
  parameter int unsigned RowIdxW = 32,  // indices of one row
  localparam int unsigned RecordW = 8 + Rows * (RowSelW + RowIdxW),
  localparam int unsigned WgtW = 8 + RowSelW + RowIdxW
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,

  input  logic                 record_valid_i,
  output logic                 record_ready_o,
  input  logic [RecordW-1:0]   record_i,

  output logic                 w_valid_o,
  input  logic                 w_ready_i,
  output logic [NDec*WgtW-1:0] w_data_o,

  output logic                 idle_o
);

  localparam int unsigned ColumnW = NDec > 1 ? $clog2(NDec) : 1;
  localparam int unsigned RowW = $clog2(Rows);

  logic [1:0]         full_d, full_q;                // each bank holds a whole group
  logic               fill_d, fill_q, emit_d, emit_q;  // which bank
  logic [ColumnW-1:0] column_d, column_q;
  logic [RowW-1:0]    row_d, row_q;
  logic               take, give, filled, emptied;

  assign record_ready_o = !full_q[fill_q];
  assign w_valid_o      = full_q[emit_q];
  assign take    = record_valid_i && record_ready_o;
  assign give    = w_valid_o && w_ready_i;
  assign filled  = take && column_q == ColumnW'(NDec - 1);
  assign emptied = give && row_q == RowW'(Rows - 1);
  assign idle_o  = full_q == 2'b00 && column_q == '0;

  always_comb begin
    full_d   = full_q;
    fill_d   = fill_q;
    emit_d   = emit_q;
    column_d = column_q;
    row_d    = row_q;
    if (take) column_d = filled ? '0 : column_q + 1'b1;
    if (give) row_d = emptied ? '0 : row_q + 1'b1;
    if (filled) begin
      full_d[fill_q] = 1'b1;
      fill_d = !fill_q;
    end
    if (emptied) begin
      full_d[emit_q] = 1'b0;
      emit_d = !emit_q;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      full_q   <= '0;
      fill_q   <= 1'b0;
      emit_q   <= 1'b0;
      column_q <= '0;
      row_q    <= '0;
    end else begin
      full_q   <= full_d;
      fill_q   <= fill_d;
      emit_q   <= emit_d;
      column_q <= column_d;
      row_q    <= row_d;
    end
  end

  for (genvar i = 0; i < NDec; i++) begin : g_column
    logic [RecordW-1:0] bank0_q, bank1_q, record;
    logic [RowSelW+RowIdxW-1:0] row_of [Rows];

    always_ff @(posedge clk_i) begin
      if (take && column_q == ColumnW'(i) && !fill_q) bank0_q <= record_i;
      if (take && column_q == ColumnW'(i) &&  fill_q) bank1_q <= record_i;
    end
    assign record = emit_q ? bank1_q : bank0_q;
    for (genvar r = 0; r < Rows; r++) begin : g_row
      assign row_of[r] = {record[8 + Rows*RowSelW + r*RowIdxW +: RowIdxW], record[8 + r*RowSelW +: RowSelW]};
    end
    assign w_data_o[i*WgtW +: WgtW] = {row_of[row_q], record[7:0]};
  end

endmodule

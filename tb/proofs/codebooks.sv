// Codebooks: an entry reads as what was last written to it, any entry of any codebook; sign and
// magnitude stand for the integer that came, zero is plus zero, and -2^(EW-1) becomes minus zero.
module codebooks #(
  parameter int unsigned NC = 4,
  parameter int unsigned B = 2,
  parameter int unsigned EW = 6,
  localparam int unsigned Entries = 1 << B,
  localparam int unsigned SelW = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned BookW = Entries * EW
) (
  input logic             clk_i,
  input logic             write_i,
  input logic [SelW-1:0]  book_i,
  input logic [BookW-1:0] entry_i
);

  logic [NC*BookW-1:0] tables;
  bcq_codebooks #(.NC(NC), .B(B), .EW(EW)) dut (
    .clk_i, .write_i, .book_i, .entry_i, .table_o(tables)
  );

  (* anyconst *) logic [SelW-1:0] book;
  (* anyconst *) logic [B-1:0]    index;
  always_comb assume (32'(book) < NC);

  logic                 known_q = 1'b0;
  logic signed [EW-1:0] entry_q;
  always_ff @(posedge clk_i) begin
    if (write_i && (NC == 1 || book_i == book)) begin
      known_q <= 1'b1;
      entry_q <= EW'(entry_i >> (32'(index) * EW));
    end
  end

  // Integers, two bits wider than an entry.
  localparam int unsigned IntW = EW + 2;
  logic [EW-1:0]          got;
  logic signed [IntW-1:0] magnitude, value;
  assign got = EW'(tables >> ((32'(book) * Entries + 32'(index)) * EW));
  assign magnitude = $signed({3'b000, got[EW-2:0]});
  assign value = got[EW-1] ? -magnitude : magnitude;

  always_comb if (known_q) begin
    if (entry_q == {1'b1, {(EW - 1){1'b0}}}) assert (got == {1'b1, {(EW - 1){1'b0}}});
    else begin
      assert (value == IntW'(entry_q));
      assert (magnitude != 0 || !got[EW-1]);
    end
  end

endmodule

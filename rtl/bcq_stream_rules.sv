// The rules of a valid/ready stream, checked in every simulation: once valid, the sender keeps valid
// and its data until ready. Instantiated on each stream; synthesises to nothing.
module bcq_stream_rules #(
  parameter int unsigned Width = 1
) (
  input logic             clk_i,
  input logic             rst_ni,
  input logic             valid_i,
  input logic             ready_i,
  input logic [Width-1:0] data_i
);

`ifdef SYNTHESIS
  logic unused;
  assign unused = ^{clk_i, rst_ni, valid_i, ready_i, data_i};
`else
  logic             stalled_q;
  logic [Width-1:0] data_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      stalled_q <= 1'b0;
    end else begin
      stalled_q <= valid_i && !ready_i;
      if (stalled_q) begin
        ValidHolds: assert (valid_i);
        DataHolds:  assert (data_i == data_q);
      end
    end
  end
  always_ff @(posedge clk_i) data_q <= data_i;
`endif

endmodule

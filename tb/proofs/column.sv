// Column: the constant at the top and what the folded products add cancel exactly. With activations of
// magnitude zero, of any signs, against any weights, the bottom's sum is 0, once a token has gone
// through all rows.
module column #(
  parameter int unsigned LA = 16,
  parameter int unsigned EW = 4,
  localparam int unsigned Lanes = 8,
  localparam int unsigned Rows = LA / Lanes,
  localparam int unsigned PsumW = 2 * EW + $clog2(LA)
) (
  input logic                  clk_i,
  input logic                  en_i,
  input logic [LA-1:0]         sign_i,
  input logic [Rows-1:0]       switch_i,
  input logic [Rows-1:0]       load_i,
  input logic [Lanes*EW-1:0]   w_i
);

  logic [LA*EW-1:0] a, a_out;
  logic [Rows-1:0]  switch_out;
  logic [31:0]      result;
  logic [PsumW-1:0] dut__u_scale_unit__psum_i;
  for (genvar i = 0; i < LA; i++) begin : g_lane
    assign a[i*EW +: EW] = {sign_i[i], {(EW - 1){1'b0}}};
  end
  bcq_column #(.Lanes(Lanes), .LA(LA), .EW(EW), .T(2)) dut (
    .clk_i, .en_i, .a_i(a), .a_o(a_out), .switch_i, .switch_o(switch_out), .load_i, .w_i,
    .scale_w_i(8'd0), .scale_a_i(8'd0), .read_i(1'b0), .read_slot_i(1'b0), .first_i(1'b1),
    .write_i(1'b0), .write_slot_i(1'b0), .result_o(result)
  );

  logic [7:0] through_q = 8'd0;  // enabled cycles
  always_ff @(posedge clk_i) if (en_i && 32'(through_q) < Rows) through_q <= through_q + 8'd1;
  always_comb if (32'(through_q) == Rows) assert (dut__u_scale_unit__psum_i == '0);

endmodule

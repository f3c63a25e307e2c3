// What stands between a scale code and a normalised value in bcq_encoder, alone, for its exhaustive test.
// Latency 3 enabled cycles from code_i and exponent_i, 2 from x_i.
module normalise_unit #(
  parameter int unsigned EW = 6
) (
  input  logic          clk_i,
  input  logic          en_i,
  input  logic [6:0]    code_i,
  input  logic [7:0]    exponent_i,
  input  logic [15:0]   x_i,
  output logic [EW+3:0] y_o
);

  logic [3:0] divisor_d, divisor_q;
  logic [9:0] offset_d, offset_q;

  bcq_divisor u_divisor (.code_i, .exponent_i, .divisor_o(divisor_d), .offset_o(offset_d));

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      divisor_q <= divisor_d;
      offset_q  <= offset_d;
    end
  end

  bcq_normalise #(.EW(EW)) u_normalise (
    .clk_i, .en_i, .x_i, .divisor_i(divisor_q), .offset_i(offset_q), .y_o
  );

endmodule

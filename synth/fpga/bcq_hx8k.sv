// bcq_board on the iCE40HX8K breakout board: its pins (hx8k.pcf) and its reset. One clock, 12 MHz.
//
// Configuration leaves every flip-flop at 0, so up_q is both: the reset after power-up, and the
// release of rst_ni in step with the clock. rst_ni is a pin with a pull-up; open, the board runs.
module bcq_hx8k (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       rx_i,
  output logic       tx_o,
  output logic [2:0] led_o   // interrupt, something moves, out of reset
);

  logic [3:0] up_q = '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) up_q <= '0;
    else         up_q <= {up_q[2:0], 1'b1};
  end

  // Its parameters are set by the synthesis script, from the row of rtl/configs.def.
  bcq_board u_board (
    .clk_i, .rst_ni(up_q[3]), .rx_i, .tx_o, .irq_o(led_o[0]), .active_o(led_o[1])
  );

  assign led_o[2] = up_q[3];

endmodule

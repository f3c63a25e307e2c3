// bcq_board on the ULX3S with an ECP5-85F: its pins (ulx3s.lpf) and its reset. One clock, 25 MHz.
//
// Configuration leaves every flip-flop at 0, so up_q is both: the reset after power-up, and the
// release of rst_ni in step with the clock. rst_ni is the button PWR, high unless pressed.
module bcq_ulx3s (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       rx_i,          // ftdi_txd: what the serial chip sends
  output logic       tx_o,          // ftdi_rxd
  output logic [2:0] led_o,         // interrupt, something moves, out of reset
  output logic       wifi_gpio0_o   // high, or the board's ESP32 may start its loader and reset the FPGA
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

  assign led_o[2]     = up_q[3];
  assign wifi_gpio0_o = 1'b1;

endmodule

// The placed HX8K netlist with the ports of bcq_board, so that the board's tests drive it like the RTL.
// bcq_hx8k_placed is made by icebox_vlog from the bitstream's source (fpga.mk): one clock, no delays; all
// flip-flops and RAM words start at 0 as on the part.
module bcq_placed (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic rx_i,
  output logic tx_o,
  output logic irq_o,
  output logic active_o
);

  logic up;

  bcq_hx8k_placed u_placed (
    .clk_i, .rst_ni, .rx_i, .tx_o,
    .\led_o[0] (irq_o), .\led_o[1] (active_o), .\led_o[2] (up)
  );

  logic unused;
  assign unused = up;

endmodule

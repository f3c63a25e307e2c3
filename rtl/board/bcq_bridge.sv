// A serial line on one side, a bus of 32-bit words on the other: bcq_link between sender and receiver.
module bcq_bridge #(
  parameter int unsigned ClocksPerBit = 4
) (
  input  logic        clk_i,
  input  logic        rst_ni,

  input  logic        rx_i,
  output logic        tx_o,

  output logic        bus_valid_o,
  input  logic        bus_ready_i,
  output logic        bus_write_o,
  output logic [23:2] bus_address_o,
  output logic [31:0] bus_data_o,
  input  logic        bus_error_i,
  input  logic [31:0] bus_data_i,

  output logic        busy_o,     // a frame comes in, is at work, or its answer leaves
  output logic        dropped_o   // a frame was dropped
);

  logic       in_valid, in_error, out_valid, out_ready, link_busy;
  logic [7:0] in_data, out_data;

  bcq_uart_rx #(.ClocksPerBit(ClocksPerBit)) u_rx (
    .clk_i, .rst_ni, .rx_i, .valid_o(in_valid), .error_o(in_error), .data_o(in_data)
  );
  bcq_uart_tx #(.ClocksPerBit(ClocksPerBit)) u_tx (
    .clk_i, .rst_ni, .valid_i(out_valid), .ready_o(out_ready), .data_i(out_data), .tx_o
  );
  bcq_link u_link (
    .clk_i, .rst_ni,
    .in_valid_i(in_valid), .in_error_i(in_error), .in_data_i(in_data),
    .out_valid_o(out_valid), .out_ready_i(out_ready), .out_data_o(out_data),
    .bus_valid_o, .bus_ready_i, .bus_write_o, .bus_address_o, .bus_data_o, .bus_error_i, .bus_data_i,
    .busy_o(link_busy), .dropped_o
  );

  assign busy_o = link_busy || !out_ready;

endmodule

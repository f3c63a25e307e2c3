// Serial sender, 8N1. A byte is taken when valid and ready meet; ready_o returns after its stop bit.
module bcq_uart_tx #(
  parameter int unsigned ClocksPerBit = 4
) (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       valid_i,
  output logic       ready_o,
  input  logic [7:0] data_i,
  output logic       tx_o
);

  localparam int unsigned CountW = $clog2(ClocksPerBit);

  if (ClocksPerBit < 2) begin : g_bad_clocks
    $error("bcq_uart_tx: ClocksPerBit must be 2 or more");
  end

  logic [CountW-1:0] count_q;
  logic [3:0]        left_q;   // bits that are not yet over; 0: idle
  logic [8:0]        shift_q;  // the bit on the line lowest

  assign ready_o = left_q == '0;
  assign tx_o    = shift_q[0];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q <= '0;
      left_q  <= '0;
      shift_q <= '1;
    end else if (ready_o) begin
      count_q <= CountW'(ClocksPerBit - 1);
      if (valid_i) begin
        left_q  <= 4'd10;
        shift_q <= {data_i, 1'b0};
      end
    end else if (count_q != '0) begin
      count_q <= count_q - 1'b1;
    end else begin
      count_q <= CountW'(ClocksPerBit - 1);
      left_q  <= left_q - 1'b1;
      shift_q <= {1'b1, shift_q[8:1]};
    end
  end

endmodule

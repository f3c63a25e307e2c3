// Serial receiver, 8N1: a byte a cycle of valid_o, at the middle of its stop bit.
//
// The line passes two flip-flops against metastability, then the majority of three neighbouring samples:
// a disturbance of one clock vanishes. A start bit that is not low in its middle is none. error_o: the stop bit was
// low, the byte is not given; the receiver then waits for the line to be high. At 4 clocks a bit the two
// ends' clocks may differ by 2 %.
module bcq_uart_rx #(
  parameter int unsigned ClocksPerBit = 4
) (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       rx_i,
  output logic       valid_o,
  output logic       error_o,
  output logic [7:0] data_o
);

  localparam int unsigned CountW = $clog2(ClocksPerBit);

  if (ClocksPerBit < 4) begin : g_bad_clocks
    $error("bcq_uart_rx: ClocksPerBit must be 4 or more");
  end

  logic [3:0]        sample_q;  // the youngest lowest; the first two settle
  logic              line;
  logic              busy_d, busy_q;
  logic [CountW-1:0] count_d, count_q;
  logic [3:0]        bit_d, bit_q;  // the bit that is sampled next: 0 start, 9 stop
  logic              sample, shift;

  assign line   = (sample_q[1] && sample_q[2]) || (sample_q[2] && sample_q[3]) || (sample_q[1] && sample_q[3]);
  assign sample = busy_q && count_q == '0;

  always_comb begin
    busy_d  = busy_q;
    count_d = count_q - 1'b1;
    bit_d   = bit_q;
    shift   = 1'b0;
    valid_o = 1'b0;
    error_o = 1'b0;
    if (!busy_q) begin              // wait for a start bit
      busy_d  = !line;
      count_d = CountW'(ClocksPerBit / 2 - 1);
      bit_d   = '0;
    end else if (sample) begin
      count_d = CountW'(ClocksPerBit - 1);
      if (bit_q < 4'd9) begin       // start bit and data
        bit_d = bit_q + 1'b1;
        shift = 1'b1;
        if (bit_q == '0 && line) busy_d = 1'b0;
      end else begin                // stop bit; or, behind a bad one, the line's return to high
        bit_d   = 4'd10;
        busy_d  = !line;
        valid_o = line && !bit_q[1];
        error_o = !line && !bit_q[1];
        if (bit_q[1]) count_d = '0;
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      sample_q <= '1;
      busy_q   <= 1'b0;
    end else begin
      sample_q <= {sample_q[2:0], rx_i};
      busy_q   <= busy_d;
    end
  end
  always_ff @(posedge clk_i) begin
    count_q <= count_d;
    bit_q   <= bit_d;
    if (shift) data_o <= {line, data_o[7:1]};
  end

endmodule

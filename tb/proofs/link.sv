// The handshakes are the simulations' affair.
module bcq_stream_rules #(
  parameter int unsigned Width = 1
) (
  input logic             clk_i,
  input logic             rst_ni,
  input logic             valid_i,
  input logic             ready_i,
  input logic [Width-1:0] data_i
);
endmodule

// bcq_link: no request reaches the bus, and none is answered, whose frame was not whole: an independent
// decoder here follows the bytes, with the CRC of a whole byte at a time, and must have found the frame
// right when it ended. Bytes come no closer than the serial CRC needs; a line is much slower.
module link (
  input logic        clk_i,
  input logic        rst_ni,
  input logic        in_valid_i,
  input logic        in_error_i,
  input logic [7:0]  in_data_i,
  input logic        out_ready_i,
  input logic        bus_ready_i,
  input logic        bus_error_i,
  input logic [31:0] bus_data_i
);

  logic        out_valid, bus_valid, bus_write, busy, dropped;
  logic [7:0]  out_data;
  logic [23:2] bus_address;
  logic [31:0] bus_data;
  bcq_link dut (
    .clk_i, .rst_ni, .in_valid_i, .in_error_i, .in_data_i, .out_valid_o(out_valid), .out_ready_i,
    .out_data_o(out_data), .bus_valid_o(bus_valid), .bus_ready_i, .bus_write_o(bus_write),
    .bus_address_o(bus_address), .bus_data_o(bus_data), .bus_error_i, .bus_data_i, .busy_o(busy),
    .dropped_o(dropped)
  );
  logic [3:0]  dut__state_q, dut__u_crc__left_q;
  logic [8:0]  dut__at_q;
  logic        dut__escape_q, dut__bad_q, dut__u_crc__drain_q;
  logic [31:0] dut__u_crc__crc_q;

  logic past_q = 1'b0;
  always_ff @(posedge clk_i) past_q <= 1'b1;
  always_comb if (!past_q) assume (!rst_ni);

  // Shift-and-subtract steps of zlib's CRC-32.
  function automatic logic [31:0] steps(input logic [31:0] from, input logic [3:0] count);
    steps = from;
    for (int unsigned k = 0; k < 8; k++)
      if (k < 32'(count)) steps = {1'b0, steps[31:1]} ^ (steps[0] ? 32'hEDB8_8320 : 32'd0);
  endfunction

  logic        receives, escape_q, bad_q, whole_q;
  logic [8:0]  length_q;
  logic [31:0] crc_q;
  logic [7:0]  in_byte;
  assign receives = dut__state_q == 4'd0;
  assign in_byte  = !escape_q ? in_data_i : in_data_i == 8'hDC ? 8'hC0 : 8'hDB;

  always_comb assume (!in_valid_i || dut__u_crc__left_q == 4'd0 || !receives);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      escape_q <= 1'b0;
      bad_q    <= 1'b1;
      whole_q  <= 1'b0;
      length_q <= '0;
      crc_q    <= '1;
    end else begin
      if (in_valid_i && in_data_i == 8'hC0) begin
        if (receives) whole_q <= !bad_q && !escape_q && length_q >= 9'd10 && crc_q == 32'hDEBB_20E3;
        escape_q <= 1'b0;
        bad_q    <= 1'b0;
        length_q <= '0;
        crc_q    <= '1;
      end else if (in_valid_i && !receives) begin
        bad_q <= 1'b1;
      end else if (in_valid_i && !escape_q && in_data_i == 8'hDB) begin
        escape_q <= 1'b1;
      end else if (in_valid_i) begin
        escape_q <= 1'b0;
        length_q <= length_q + 1'b1;
        crc_q    <= steps(crc_q ^ 32'(in_byte), 4'd8);
        if ((escape_q && in_data_i != 8'hDC && in_data_i != 8'hDD) || length_q == '1) bad_q <= 1'b1;
      end
      if (in_error_i) bad_q <= 1'b1;
    end
  end

  always_comb if (rst_ni && past_q) begin
    Bus:    assert (!bus_valid || whole_q);
    Answer: assert (!out_valid || whole_q);
    // What the above needs to hold after any step.
    assert (dut__state_q <= 4'd10);
    assert (receives || whole_q);
    assert (dut__bad_q == bad_q && (dut__u_crc__left_q <= 4'd8 || (receives && bad_q)));
    assert (receives ? dut__escape_q == escape_q && dut__at_q == length_q
                     : length_q == '0 && !escape_q && crc_q == '1);
    assert (!receives || bad_q || steps(dut__u_crc__crc_q, dut__u_crc__left_q) == crc_q);
    assert (!receives || dut__u_crc__left_q == 4'd0 || !dut__u_crc__drain_q || bad_q);
  end

endmodule

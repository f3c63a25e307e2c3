// CRC-32 of zlib and Ethernet over bytes, a bit a cycle: 8 cycles busy_o behind each byte.
//
// good_o: the bytes since init_i end in their own CRC, lowest byte first. To send one: out_o is its lowest
// byte; start_i with drain_i moves the next one there.
module bcq_crc32 (
  input  logic       clk_i,
  input  logic       init_i,
  input  logic       start_i,
  input  logic       drain_i,
  input  logic [7:0] data_i,
  output logic       busy_o,
  output logic       good_o,
  output logic [7:0] out_o
);

  localparam logic [31:0] Polynomial = 32'hEDB8_8320;  // bit 31 is the constant term: reflected
  localparam logic [31:0] Residue    = 32'hDEBB_20E3;  // what any message with its CRC behind it leaves

  logic [31:0] crc_d, crc_q;
  logic [3:0]  left_d, left_q;
  logic        drain_d, drain_q;

  always_comb begin
    crc_d   = crc_q;
    left_d  = left_q;
    drain_d = drain_q;
    if (init_i) begin
      crc_d  = '1;
      left_d = '0;
    end else if (start_i) begin
      left_d  = 4'd8;
      drain_d = drain_i;
      if (!drain_i) crc_d[7:0] = crc_q[7:0] ^ data_i;
    end else if (busy_o) begin
      left_d = left_q - 1'b1;
      crc_d  = {1'b0, crc_q[31:1]} ^ (crc_q[0] && !drain_q ? Polynomial : '0);
    end
  end

  // Not reset: nothing is asked of it before its first init_i.
  always_ff @(posedge clk_i) begin
    crc_q   <= crc_d;
    left_q  <= left_d;
    drain_q <= drain_d;
  end

  assign busy_o = left_q != '0;
  assign good_o = !busy_o && crc_q == Residue;
  assign out_o  = ~crc_q[7:0];

endmodule

// An FP16 scale as the dividers take it: its value is significand * 2^(offset-134), the significand in 1024
// to 2047, or 0 where the scale is 0 or no number (exponent 31). With a BF16 magnitude m * 2^(E-134) the
// quotient is m / significand * 2^(E-offset). Combinational, no handshake. Ignores the sign.
module rival_fp16 (
  input  logic [15:0] code_i,

  output logic [10:0] significand_o,
  output logic [7:0]  offset_o,
  output logic        nan_o          // exponent 31
);

  // Subnormals are moved up until their first one is the highest bit, 8, 4, 2 and 1 places.
  always_comb begin
    logic [10:0] moved;
    logic [3:0]  places;
    places = '0;
    moved  = {code_i[14:10] != '0, code_i[9:0]};
    for (int s = 3; s >= 0; s--) begin
      if ((moved >> (11 - (1 << s))) == '0) begin
        moved = moved << (1 << s);
        places[s] = 1'b1;
      end
    end
    significand_o = nan_o ? '0 : moved;
    offset_o = 8'd109 + 8'(code_i[14:10]) + 8'(code_i[14:10] == '0) - 8'(places);
  end
  assign nan_o = code_i[14:10] == '1;

  logic unused;
  assign unused = code_i[15];

endmodule

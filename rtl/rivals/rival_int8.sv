// One scalar of an INT8 group: min(rne(|x| / s), 127) with x's sign; exact. s is an FP16 number, prepared by
// rival_fp16. Combinational, no handshake. Does not condition BF16.
//
// Structure. The significand of x is divided where it stands, by a long division that leaves 9 bits and whether
// there is a rest; then the quotient is shifted and rounded to nearest even. To shift first and divide then
// needs a wider shifter (synth/rival_encoder_structures.sv).
module rival_int8 (
  input  logic [15:0] x_i,            // BF16: normal and finite, or zero
  input  logic [10:0] significand_i,  // of s; its top bit is clear where s counts as 0
  input  logic [7:0]  offset_i,

  output logic [7:0]  element_o       // {sign, magnitude}; a zero has no sign
);

  logic [7:0]        biased;
  logic signed [9:0] left;
  logic [3:0]        right;
  logic [8:0]        quotient;        // floor(m * 2^11 / significand)
  logic [6:0]        magnitude;

  assign biased = x_i[14:7];
  assign left   = $signed({2'b0, biased}) - $signed({2'b0, offset_i});
  assign right  = left < 10'sd1 ? 4'd10 : 4'(10'sd11 - left);

  always_comb begin
    logic [11:0] rest;
    logic [9:0]  shifted;             // the lowest bit is the half
    logic        sticky;
    rest = {2'b0, 1'b1, x_i[6:0], 2'b0};
    for (int b = 8; b >= 0; b--) begin
      rest = {rest[10:0], 1'b0};
      quotient[b] = rest >= {1'b0, significand_i};
      if (quotient[b]) rest = rest - {1'b0, significand_i};
    end
    sticky  = rest != '0;
    shifted = {quotient, 1'b0};
    for (int s = 0; s < 4; s++) begin
      if (right[s]) begin
        sticky  = sticky || (shifted & ((10'd1 << (1 << s)) - 1'b1)) != '0;
        shifted = shifted >> (1 << s);
      end
    end
    shifted = {1'b0, shifted[9:1]} + 10'(shifted[0] && (sticky || shifted[1]));
    magnitude = left > 10'sd10 || shifted > 10'd127 ? 7'd127 : shifted[6:0];
    // Nothing is left of x = 0, nor of anything under s = 0.
    if (biased == '0 || !significand_i[10]) magnitude = '0;
  end

  assign element_o = {x_i[15] && magnitude != '0, magnitude};

endmodule

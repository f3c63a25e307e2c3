// A group's scale from its amax, as docs/formats.md stores it; exact. Combinational, no handshake. Does not
// look for amax. With amax = m * 2^(E-134), m in 128 to 255:
//
//   int8    FP16(amax / 127). m / 127 = 1 + r / 127 with r = m - 127, and r / 127 is the 7 bits of r again
//           and again: no division
//   vsq     min(rne(amax / (7 * gamma)), 15), by long division
//   mxfp4   E - 2, at least 0
//   nvfp4   E4M3(amax / (6 * 2^e)): m by 3, which is a long division by two bits, and a shift
module rival_scale #(
  parameter int unsigned Format = bcq_pkg::FORMAT_INT8,
  localparam bit          Int8 = Format == bcq_pkg::FORMAT_INT8,
  localparam bit          Vsq = Format == bcq_pkg::FORMAT_VSQ,
  localparam bit          Nvfp4 = Format == bcq_pkg::FORMAT_NVFP4,
  localparam int unsigned ScaleW = Int8 ? 16 : Vsq ? 4 : 8
) (
  input  logic [14:0]       amax_i,               // BF16 less its sign; normal and finite, or 0
  input  logic [7:0]        exponent_i,           // nvfp4: e, two's complement
  input  logic [10:0]       gamma_significand_i,  // vsq: of rival_fp16
  input  logic [7:0]        gamma_offset_i,

  output logic [ScaleW-1:0] scale_o
);

  logic [7:0] m, biased;
  logic       zero;

  assign biased = amax_i[14:7];
  assign zero   = biased == '0;
  assign m      = {!zero, amax_i[6:0]};

  if (Int8) begin : g_int8
    logic unused;
    assign unused = ^{exponent_i, gamma_significand_i, gamma_offset_i, m};

    // One more than the fraction's 7 bits: r, but for m = 254 and 255, where the quotient is 2 + 0/127 and
    // 2 + 1/127.
    logic [6:0]        r;
    logic              two;
    logic [11:0]       digits;  // the quotient's 11 bits and the half of the last
    logic              sticky;
    logic signed [8:0] binade;  // exponent field of the code, less 1
    logic [3:0]        right;   // shift into the subnormals

    assign r      = amax_i[6:0] + 1'b1;
    assign two    = amax_i[6:1] == '1;
    assign binade = $signed({1'b0, biased}) - 9'sd120 + 9'(two);
    assign right  = binade >= 0 ? 4'd0 : binade < -9'sd12 ? 4'd12 : 4'(-binade);

    always_comb begin
      logic [15:0] sum;
      digits = two ? {8'h80, amax_i[0], 3'b0} : {1'b1, r, r[6:3]};
      sticky = !two || amax_i[0];  // r / 127 never ends, unless it is 0
      for (int s = 0; s < 4; s++) begin
        if (right[s]) begin
          sticky = sticky || (digits & ((12'd1 << (1 << s)) - 1'b1)) != '0;
          digits = digits >> (1 << s);
        end
      end
      sum = (binade < 0 ? 16'd0 : {1'b0, binade[4:0], 10'd0}) + 16'(digits[11:1])
          + 16'(digits[0] && (sticky || digits[1]));
      scale_o = zero ? '0 : binade > 9'sd29 ? 16'h7BFF : sum;
    end
  end else if (Vsq) begin : g_vsq
    logic unused;
    assign unused = ^exponent_i;

    logic [13:0]       divisor;
    logic signed [9:0] left;
    logic [3:0]        quotient;

    assign divisor = {gamma_significand_i, 3'b0} - 14'(gamma_significand_i);  // times 7
    assign left    = $signed({2'b0, biased}) - $signed({2'b0, gamma_offset_i});

    rival_divide #(.DivisorW(14), .Bits(4), .LeftMin(4)) u_divide (
      .m_i(m), .left_i(left), .divisor_i(divisor), .quotient_o(quotient)
    );
    assign scale_o = gamma_significand_i == '0 || zero ? '0 : quotient;
  end else if (Nvfp4) begin : g_nvfp4
    logic unused;
    assign unused = ^{gamma_significand_i, gamma_offset_i};

    logic signed [9:0] binade;  // exponent field of the code, less 1
    logic              above;
    logic [2:0]        right;   // shift of m / 3, from which on a bit stands for the half

    assign above  = m >= 8'd192;  // m / 3 >= 64
    assign binade = $signed({2'b0, biased}) - 10'($signed(exponent_i)) - 10'sd124 + 10'(above);
    assign right  = binade >= 0 ? 3'd1 + 3'(above) : binade < -10'sd5 ? 3'd7 : 3'd1 + 3'(above) + 3'(-binade);

    always_comb begin
      logic [6:0] third;
      logic [1:0] rest;
      logic       sticky;
      logic [7:0] sum;
      rest = m[7:6];
      if (rest == 2'd3) rest = '0;
      third[6] = m[7:6] == 2'd3;
      for (int i = 5; i >= 0; i--) begin
        third[i] = rest[1] || (rest[0] && m[i]);
        rest = third[i] ? {rest[1] && m[i], rest[1] && !m[i]} : {rest[0], m[i]};
      end
      sticky = rest != '0;
      for (int s = 0; s < 3; s++) begin
        if (right[s]) begin
          sticky = sticky || (third & ((7'd1 << (1 << s)) - 1'b1)) != '0;
          third  = third >> (1 << s);
        end
      end
      sum = (binade < 0 ? 8'd0 : {1'b0, binade[3:0], 3'd0}) + 8'(third[6:1])
          + 8'(third[0] && (sticky || third[1]));
      if (binade > 10'sd14 || sum > 8'(bcq_pkg::SCALE_MAX_CODE)) sum = 8'(bcq_pkg::SCALE_MAX_CODE);
      scale_o = zero ? 8'h38 : sum;  // 1.0
    end
  end else begin : g_mxfp4
    logic unused;
    assign unused = ^{exponent_i, gamma_significand_i, gamma_offset_i, m, zero};
    assign scale_o = biased < 8'd2 ? '0 : biased - 8'd2;
  end

endmodule

// What the units of the rivals could be made of: each module has a step of them in several kinds, which
// give the same bits unless it says so (tb/test_rival_structures.c). synth/rivals.sh measures them. All
// are combinational; "used" is what rtl/rivals has.

// Eight lanes of E2M1: psum + sum of a * w + 8 * 2^8, as rival_pe_e2m1.
module structure_e2m1 #(
  // 0 product of significands, shifted by a sum of exponents (used); 1 the same, shift by one-hot places;
  // 2 shift in two steps, one an operand; 3 sign before the shift, which brings it in; 4 product of
  // significands in two's complement, no carry; 5 magnitudes decoded, 4 x 4 bits; 6 signs counted once;
  // 7 codes {t, k} for 3^t * 2^k, {1, 3} for zero: one-hot places; 8 the same codes, shift by k + k
  parameter int unsigned Kind = 0,
  parameter int unsigned PsumW = 13,
  localparam int unsigned Lanes = 8
) (
  input  logic [4*Lanes-1:0] a_i,
  input  logic [4*Lanes-1:0] w_i,
  input  logic [PsumW-1:0]   psum_i,
  output logic [PsumW-1:0]   psum_o
);
  function automatic logic [1:0] significand(input logic [2:0] code);
    significand = {code[2:1] != 2'd0, code[0]};
  endfunction
  function automatic logic [1:0] shift(input logic [1:0] exponent);
    shift = exponent == 2'd0 ? 2'd0 : exponent - 2'd1;
  endfunction
  function automatic logic [2:0] onehot(input logic [1:0] exponent);
    onehot = {exponent == 2'd3, exponent == 2'd2, !exponent[1]};
  endfunction
  function automatic logic [3:0] magnitude(input logic [2:0] code);
    magnitude = 4'(significand(code)) << shift(code[2:1]);
  endfunction
  function automatic logic [3:0] power(input logic [2:0] code);
    power = {code == 3'd3, code[1:0] == 2'd2, code[1:0] == 2'd1, code[1:0] == 2'd0};
  endfunction

  logic [9*Lanes-1:0] term;
  logic [Lanes-1:0]   carry;
  for (genvar i = 0; i < Lanes; i++) begin : g_lane
    logic [2:0]  a, w;
    logic        s;
    logic [3:0]  product;
    logic [2:0]  oa, ow;
    logic [3:0]  pa, pw;
    logic [12:0] wide, once;   // four places to shift in from
    logic [8:0]  p;
    assign a = a_i[4*i +: 3];
    assign w = w_i[4*i +: 3];
    assign s = a_i[4*i+3] ^ w_i[4*i+3];
    assign product = 4'(significand(a)) * 4'(significand(w));
    assign oa = onehot(a[2:1]);
    assign ow = onehot(w[2:1]);
    assign pa = power(a);
    assign pw = power(w);
    assign carry[i] = Kind != 4 && s;

    if (Kind == 3) begin : g_sign_first
      assign wide = {{5{s}}, product ^ {4{s}}, {4{s}}};
    end else if (Kind == 4) begin : g_signed
      logic [4:0] signed_product;
      assign signed_product = s ? ~{1'b0, product} + 5'd1 : {1'b0, product};
      assign wide = {{4{signed_product[4]}}, signed_product, 4'd0};
    end else begin : g_plain
      assign wide = {5'd0, product, 4'd0};
    end

    assign once = wide & {13{oa[0]}} | {wide[11:0], 1'b0} & {13{oa[1]}} | {wide[10:0], 2'b0} & {13{oa[2]}};
    if (Kind == 1) begin : g_places
      assign p = wide[12:4] & {9{oa[0] & ow[0]}}
               | wide[11:3] & {9{oa[0] & ow[1] | oa[1] & ow[0]}}
               | wide[10:2] & {9{oa[0] & ow[2] | oa[1] & ow[1] | oa[2] & ow[0]}}
               | wide[9:1]  & {9{oa[1] & ow[2] | oa[2] & ow[1]}}
               | wide[8:0]  & {9{oa[2] & ow[2]}};
    end else if (Kind == 2) begin : g_steps
      assign p = once[12:4] & {9{ow[0]}} | once[11:3] & {9{ow[1]}} | once[10:2] & {9{ow[2]}};
    end else if (Kind == 5) begin : g_magnitudes
      assign p = 9'(magnitude(a)) * 9'(magnitude(w));
    end else if (Kind == 7) begin : g_powers
      logic [6:0] at;
      assign at = {pa[3] & pw[3], pa[2] & pw[3] | pa[3] & pw[2],
                   pa[1] & pw[3] | pa[2] & pw[2] | pa[3] & pw[1],
                   pa[0] & pw[3] | pa[1] & pw[2] | pa[2] & pw[1] | pa[3] & pw[0],
                   pa[0] & pw[2] | pa[1] & pw[1] | pa[2] & pw[0],
                   pa[0] & pw[1] | pa[1] & pw[0], pa[0] & pw[0]};
      assign p = {2'b0, at} | {1'b0, at, 1'b0} & {9{a[2] ^ w[2]}} | {1'b0, at[4:0], 3'b0} & {9{a[2] & w[2]}};
    end else if (Kind == 8) begin : g_power_shift
      assign p = a == 3'd7 || w == 3'd7 ? 9'd0
               : {5'd0, a[2] & w[2], 1'b0, a[2] ^ w[2], 1'b1} << (3'(a[1:0]) + 3'(w[1:0]));
    end else begin : g_sum_of_exponents
      logic [2:0]  places;
      logic [12:0] by_1, by_2;
      assign places = 3'(shift(a[2:1])) + 3'(shift(w[2:1]));
      assign by_1 = places[0] ? {wide[11:0], Kind == 3 && s} : wide;
      assign by_2 = places[1] ? {by_1[10:0], {2{Kind == 3 && s}}} : by_1;
      assign p = places[2] ? by_2[8:0] : by_2[12:4];
    end

    if (Kind == 3)      assign term[9*i +: 9] = {~s, p[7:0]};
    else if (Kind == 4) assign term[9*i +: 9] = {~p[8], p[7:0]};
    else                assign term[9*i +: 9] = {~s, p[7:0] ^ {8{s}}};
  end

  always_comb begin
    logic [3:0] signs;
    psum_o = psum_i;
    signs = '0;
    for (int unsigned i = 0; i < Lanes; i++) signs = signs + 4'(carry[i]);
    for (int unsigned i = 0; i < Lanes; i++) begin
      if (Kind == 6) psum_o = psum_o + PsumW'(term[9*i +: 8]);
      else           psum_o = psum_o + PsumW'(term[9*i +: 9]) + PsumW'(carry[i]);
    end
    // 8 - signs at 2^8: ~signs + 9 there, less the 2^4 that ~ adds.
    if (Kind == 6) psum_o = psum_o + PsumW'({~signs, 4'd0, signs}) + (PsumW'(9) << 8) - (PsumW'(16) << 8);
  end
endmodule

// One group of NVFP4: p * m_a * m_w * 2^shift in fixed point.
module structure_nvfp4_term #(
  // 0 p * (m_a * m_w), sign row inverted; 1 |p| * (m_a * m_w), shifted, then negated;
  // 2 (p * m_w) * m_a (used); 3 Booth's rows of m_a * m_w
  parameter int unsigned Kind = 0
) (
  input  logic [12:0] p_i,
  input  logic [3:0]  m_a_i,
  input  logic [3:0]  m_w_i,
  input  logic [4:0]  shift_i,
  output logic [47:0] term_o
);
  logic [7:0]  both;
  logic [19:0] product;
  assign both = 8'(m_a_i) * 8'(m_w_i);
  if (Kind == 0) begin : g_row
    assign product = 20'(p_i[11:0]) * 20'(both) + {~(both & {8{p_i[12]}}), 12'd0} + 20'd4096;
    assign term_o  = 48'(signed'(product)) << shift_i;
  end else if (Kind == 1) begin : g_magnitude
    logic [11:0] magnitude;
    logic [47:0] placed;
    assign magnitude = p_i[12] ? ~p_i[11:0] + 1'b1 : p_i[11:0];
    assign product   = 20'(magnitude) * 20'(both);
    assign placed    = 48'(product) << shift_i;
    assign term_o    = p_i[12] ? ~placed + 1'b1 : placed;
  end else if (Kind == 2) begin : g_chain
    logic [16:0] first;
    assign first   = 17'(p_i[11:0]) * 17'(m_w_i) + {1'b1, ~(m_w_i & {4{p_i[12]}}), 12'd0} + 17'd4096;
    assign product = 20'(first[15:0]) * 20'(m_a_i) + {~(m_a_i & {4{first[16]}}), 16'd0} + 20'd65536;
    assign term_o  = 48'(signed'(product)) << shift_i;
  end else begin : g_booth
    logic [10:0] digits;
    assign digits = {2'b0, both, 1'b0};
    always_comb begin
      product = '0;
      for (int unsigned i = 0; i < 5; i++) begin
        logic [2:0]  digit;
        logic [13:0] row;
        digit   = digits[2*i +: 3];
        row     = {14{digit[1] ^ digit[0]}} & {p_i[12], p_i}
                | {14{digit == 3'b011 || digit == 3'b100}} & {p_i, 1'b0};
        row     = row ^ {14{digit[2]}};
        // The row's sign bit inverted, and all the signs' own weight taken off below.
        product = product + (20'({~row[13], row[12:0]}) << (2 * i)) + (20'(digit[2]) << (2 * i))
                - (20'd8192 << (2 * i));
      end
    end
    assign term_o = 48'(signed'(product)) << shift_i;
  end
endmodule

// Four products (20 bits) and their shifts to one FP32.
module structure_nvfp4_merge #(
  // 0 to the place in fixed point, sum, ones for the negative's carry (used); 1 the same with |sum| made by
  // a carry chain; 2 relative to the largest shift, sum, round; 3 the same, 32 bits of it: other bits
  parameter int unsigned Kind = 0
) (
  input  logic [79:0] product_i,
  input  logic [19:0] shift_i,
  output logic [31:0] fp32_o
);
  localparam int unsigned TopExp = 48 - 20 + 127;
  localparam int unsigned KeptW = Kind == 3 ? 32 : 48;

  logic [4:0]       largest;
  logic [49:0]      sum;
  logic [48:0]      magnitude;
  logic [7:0]       exponent;
  always_comb begin
    largest = '0;
    for (int unsigned g = 0; g < 4; g++) begin
      if (shift_i[5*g +: 5] > largest) largest = shift_i[5*g +: 5];
    end
    sum = '0;
    for (int unsigned g = 0; g < 4; g++) begin
      logic [19:0] product;
      logic [47:0] term;
      product = product_i[20*g +: 20];
      if (Kind < 2) term = 48'(signed'(product)) << shift_i[5*g +: 5];
      else begin
        term = 48'(signed'({product, 28'd0}) >>> (largest - shift_i[5*g +: 5]));
        term = term & ~((48'd1 << (48 - KeptW)) - 1'b1);
      end
      sum = sum + 50'(signed'(term));
    end
  end
  assign exponent = Kind < 2 ? 8'(TopExp) : 8'(TopExp) - 8'd28 + 8'(largest);

  if (Kind == 1) begin : g_carry
    assign magnitude = sum[49] ? ~sum[48:0] + 1'b1 : sum[48:0];
  end else begin : g_ones
    assign magnitude = sum[48:0] ^ {49{sum[49]}};
  end
  bcq_fp32_round #(.Width(49)) u_round (
    .clk_i(1'b0), .en_i(1'b0),
    .sign_i(sum[49]), .plus_i(sum[49] && Kind != 1), .mag_i(magnitude), .exponent_i(exponent), .fp32_o
  );
endmodule

// The accumulator of NVFP4: the exact sum, rounded and added.
module structure_nvfp4_accumulate #(
  parameter int unsigned Kind = 0  // 0 rounded to FP32, FP32 sum (used); 1 64 bits, rounded at the end: other bits
) (
  input  logic [49:0] sum_i,   // in 2^-20
  input  logic [63:0] acc_i,   // Kind 0: FP32
  output logic [63:0] acc_o,
  output logic [31:0] result_o
);
  if (Kind == 0) begin : g_fp32
    logic [31:0] t;
    bcq_fp32_round #(.Width(49)) u_round (
      .clk_i(1'b0), .en_i(1'b0),
      .sign_i(sum_i[49]), .plus_i(sum_i[49]), .mag_i(sum_i[48:0] ^ {49{sum_i[49]}}), .exponent_i(8'd155), .fp32_o(t)
    );
    structure_fp32_add u_add (.a_i(acc_i[31:0]), .b_i(t), .fp32_o(result_o));
    assign acc_o = {32'd0, result_o};
  end else begin : g_exact
    assign acc_o = acc_i + 64'(signed'(sum_i));
    bcq_fp32_round #(.Width(63)) u_round (
      .clk_i(1'b0), .en_i(1'b0),
      .sign_i(acc_o[63]), .plus_i(acc_o[63]), .mag_i(acc_o[62:0] ^ {63{acc_o[63]}}), .exponent_i(8'd169),
      .fp32_o(result_o)
    );
  end
endmodule

// a + b in FP32, without limits.
module structure_fp32_add #(
  // 0 magnitudes compared, the smaller aligned (used); 1 exponents compared, a negative sum inverted,
  // its one as ones that are shifted in; 2 the same, its one by a carry chain
  parameter int unsigned Kind = 0
) (
  input  logic [31:0] a_i,
  input  logic [31:0] b_i,
  output logic [31:0] fp32_o
);
  logic [30:0] a, b, upper, lower;
  logic [8:0]  difference;
  logic        swap, subtract, sign;
  logic [7:0]  distance;
  logic [26:0] aligned;
  logic [28:0] sum;
  assign a = a_i[30:23] == '0 ? '0 : a_i[30:0];
  assign b = b_i[30:23] == '0 ? '0 : b_i[30:0];
  assign difference = {1'b0, a[30:23]} - {1'b0, b[30:23]};
  assign subtract   = a_i[31] != b_i[31];
  if (Kind == 0) begin : g_compare
    assign swap     = b > a;
    assign distance = upper[30:23] - lower[30:23];
  end else begin : g_exponents
    assign swap     = difference[8];
    assign distance = swap ? ~difference[7:0] + 1'b1 : difference[7:0];
  end
  assign upper = swap ? b : a;
  assign lower = swap ? a : b;
  assign sign  = swap ? b_i[31] : a_i[31];
  always_comb begin
    logic sticky;
    aligned = {lower[30:23] != '0, lower[22:0], 3'b000};
    sticky  = 1'b0;
    for (int s = 0; s < 5; s++) begin
      if (distance[s]) begin
        sticky  = sticky || (aligned & ((27'd1 << (1 << s)) - 1'b1)) != '0;
        aligned = aligned >> (1 << s);
      end
    end
    if (distance[7:5] != '0) begin
      sticky  = lower[30:23] != '0;
      aligned = '0;
    end
    aligned[0] = aligned[0] | sticky;
  end
  assign sum = subtract ? {2'b0, upper[30:23] != '0, upper[22:0], 3'b000} - {2'b0, aligned}
                        : {2'b0, upper[30:23] != '0, upper[22:0], 3'b000} + {2'b0, aligned};
  bcq_fp32_round #(.Width(28)) u_round (
    .clk_i(1'b0), .en_i(1'b0),
    .sign_i(sign ^ (Kind != 0 && sum[28])), .plus_i(Kind == 1 && sum[28]),
    .mag_i(Kind == 0 ? sum[27:0] : (sum[27:0] ^ {28{sum[28]}}) + 28'(Kind == 2 && sum[28])),
    .exponent_i(upper[30:23] + 8'd1), .fp32_o
  );
endmodule

// p * s_a * s_w of INT8: the significands' part.
module structure_int8_product #(
  parameter int unsigned Kind = 0  // 0 p * (m_a * m_w), sign row inverted; 1 (p * m_a) * m_w; 2 Booth's rows (used)
) (
  input  logic [20:0] p_i,
  input  logic [10:0] m_a_i,
  input  logic [10:0] m_w_i,
  output logic [42:0] product_o
);
  logic [21:0] both;
  assign both = 22'(m_a_i) * 22'(m_w_i);
  if (Kind == 0) begin : g_row
    assign product_o = 43'(p_i[19:0]) * 43'(both) + {1'b1, ~(both & {22{p_i[20]}}), 20'd0} + (43'd1 << 20);
  end else if (Kind == 1) begin : g_chain
    logic [31:0] first;
    assign first     = 32'(p_i[19:0]) * 32'(m_a_i) + {1'b1, ~(m_a_i & {11{p_i[20]}}), 20'd0} + (32'd1 << 20);
    assign product_o = 43'(first[30:0]) * 43'(m_w_i) + {1'b1, ~(m_w_i & {11{first[31]}}), 31'd0} + (43'd1 << 31);
  end else begin : g_booth
    logic [24:0] digits;
    assign digits = {2'b0, both, 1'b0};
    always_comb begin
      product_o = '0;
      for (int unsigned i = 0; i < 12; i++) begin
        logic [2:0]  digit;
        logic [21:0] row;
        digit     = digits[2*i +: 3];
        row       = {22{digit[1] ^ digit[0]}} & {p_i[20], p_i}
                  | {22{digit == 3'b011 || digit == 3'b100}} & {p_i, 1'b0};
        row       = row ^ {22{digit[2]}};
        product_o = product_o + (43'({~row[21], row[20:0]}) << (2 * i)) + (43'(digit[2]) << (2 * i))
                  - (43'd2097152 << (2 * i));
      end
    end
  end
endmodule

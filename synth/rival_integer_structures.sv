// What the processing elements of the integer formats and the scale unit of VSQ could be made of besides what
// they are made of (rtl/bcq_pe.sv, rtl/rivals/rival_scale_vsq.sv): docs/formats.md has their areas
// (make rival-integers), tb/test_rival_integers.c shows that they all compute the same.

// Bits weighted by columns added by hand: rows of Width bits, three at a time (carry-save), the oldest
// first, then a ripple carry adder. Modulo 2^Width.
module structure_int_rows #(
  parameter int unsigned Rows = 3,
  parameter int unsigned Width = 8
) (
  input  logic [Rows*Width-1:0] rows_i,
  output logic [Width-1:0]      sum_o
);

  localparam int unsigned All = Rows + 2 * (Rows - 2);
  logic [All*Width-1:0] row;
  assign row[Rows*Width-1:0] = rows_i;

  for (genvar i = 0; i < Rows - 2; i++) begin : g_save
    logic [Width-1:0] x, y, z, carry;
    assign {z, y, x} = row[3*i*Width +: 3*Width];
    assign carry = (x & y) | ((x ^ y) & z);
    assign row[(Rows + 2*i)*Width +: 2*Width] = {carry[Width-2:0], 1'b0, x ^ y ^ z};
  end

  logic [Width-1:0] x, y, carry;
  assign {y, x} = row[(All-2)*Width +: 2*Width];
  assign carry[0] = 1'b0;
  for (genvar i = 1; i < Width; i++) begin : g_ripple
    assign carry[i] = (x[i-1] & y[i-1]) | ((x[i-1] ^ y[i-1]) & carry[i-1]);
  end
  assign sum_o = x ^ y ^ carry;

endmodule

// A processing element with bcq_pe's ports and its registers. Kind says what is between them:
//   1  two's complement: products and their sum as one expression
//   2  two's complement: Baugh-Wooley partial products of all lanes, one sum by the tool
//   3  the same, one sum by hand
//   4  sign and magnitude: products of magnitudes by hand, folded, one sum by the tool
//   5  sign and magnitude: Booth digits (radix 4) of the weight, one sum by hand
//   6  sign and magnitude: one factor inverted by the sign, one sum by the tool
// With 1, 2 and 3 a_i and w_i are two's complement, in all others sign and magnitude. top_o is what the
// topmost psum_i of a column of `rows` elements must be: rows * top_o.
module structure_int_pe #(
  parameter int unsigned Kind  = 1,
  parameter int unsigned Lanes = 8,
  parameter int unsigned EW    = 8,
  parameter int unsigned PsumW = 21
) (
  input  logic                clk_i,
  input  logic                en_i,

  input  logic                load_i,
  input  logic                switch_i,
  input  logic [Lanes*EW-1:0] w_i,

  input  logic [Lanes*EW-1:0] a_i,
  output logic [Lanes*EW-1:0] a_o,
  output logic                switch_o,

  input  logic [PsumW-1:0]    psum_i,
  output logic [PsumW-1:0]    psum_o,
  output logic [PsumW-1:0]    top_o
);

  localparam int unsigned MagW = EW - 1;
  localparam int unsigned ProdW = 2 * MagW;

  logic [Lanes*EW-1:0] shadow_q, active_q, a_q;
  logic [PsumW-1:0]    psum_d, psum_q;
  logic                switch_q;

  if (Kind == 1) begin : g_expression
    assign top_o = '0;
    always_comb begin
      psum_d = psum_i;
      for (int unsigned i = 0; i < Lanes; i++)
        psum_d = psum_d + PsumW'(signed'(a_i[i*EW +: EW]) * signed'(active_q[i*EW +: EW]));
    end
  end else if (Kind == 2 || Kind == 3) begin : g_baugh_wooley
    // Bits of a negative weight are inverted, which makes each product 2^EW - 2^(2*EW-1) smaller.
    localparam int unsigned Rows = Lanes * EW + 1;
    logic [Rows*PsumW-1:0] rows;
    for (genvar i = 0; i < Lanes; i++) begin : g_lane
      for (genvar k = 0; k < EW; k++) begin : g_bit
        logic [EW-1:0] bits;
        assign bits = (a_i[i*EW +: EW] & {EW{active_q[i*EW + k]}})
                    ^ (k == EW - 1 ? {1'b0, {(EW-1){1'b1}}} : {1'b1, {(EW-1){1'b0}}});
        assign rows[(i*EW + k)*PsumW +: PsumW] = PsumW'(bits) << k;
      end
    end
    assign rows[(Rows-1)*PsumW +: PsumW] = psum_i;
    assign top_o = PsumW'(Lanes) * ((PsumW'(1) << EW) - (PsumW'(1) << (2*EW - 1)));
    if (Kind == 3) begin : g_hand
      structure_int_rows #(.Rows(Rows), .Width(PsumW)) u_sum (.rows_i(rows), .sum_o(psum_d));
    end else begin : g_tool
      always_comb begin
        psum_d = '0;
        for (int unsigned i = 0; i < Rows; i++) psum_d = psum_d + rows[i*PsumW +: PsumW];
      end
    end
  end else if (Kind == 4) begin : g_fold
    localparam int unsigned Rows = Lanes + 1;
    logic [Rows*PsumW-1:0] rows;
    logic [Lanes-1:0]      negative;
    for (genvar i = 0; i < Lanes; i++) begin : g_lane
      logic [MagW-1:0]  a, w;
      logic [ProdW-1:0] product;
      assign a = a_i[i*EW +: MagW];
      assign w = active_q[i*EW +: MagW];
      assign negative[i] = a_i[i*EW + MagW] ^ active_q[i*EW + MagW];
      logic [MagW*ProdW-1:0] parts;
      for (genvar k = 0; k < MagW; k++) begin : g_bit
        assign parts[k*ProdW +: ProdW] = ProdW'({a & {MagW{w[k]}}}) << k;
      end
      structure_int_rows #(.Rows(MagW), .Width(ProdW)) u_product (.rows_i(parts), .sum_o(product));
      assign rows[i*PsumW +: PsumW] = PsumW'({~negative[i], product ^ {ProdW{negative[i]}}});
    end
    assign rows[Lanes*PsumW +: PsumW] = psum_i;
    assign top_o = PsumW'(0) - (PsumW'(Lanes) << ProdW);
    always_comb begin
      psum_d = rows[Lanes*PsumW +: PsumW];
      for (int unsigned i = 0; i < Lanes; i++)
        psum_d = psum_d + PsumW'(rows[i*PsumW +: ProdW+1]) + PsumW'(negative[i]);
    end
  end else if (Kind == 5) begin : g_booth
    // Digits of the weight's magnitude in -2 .. 2; the product's sign goes into them. A negative one is
    // inverted, the missing 1 stands at its lowest place; ~sign stands above the bits, as in a fold.
    localparam int unsigned Digits = MagW / 2 + 1;
    localparam int unsigned Rows = Lanes * (Digits + 1) + 1;
    logic [Rows*PsumW-1:0] rows;
    for (genvar i = 0; i < Lanes; i++) begin : g_lane
      logic [2*Digits:0] w;
      logic [PsumW-1:0]  carries;
      logic              negative;
      assign w = (2*Digits + 1)'({active_q[i*EW +: MagW], 1'b0});
      assign negative = a_i[i*EW + MagW] ^ active_q[i*EW + MagW];
      for (genvar k = 0; k < Digits; k++) begin : g_digit
        logic [2:0]    digit;
        logic          one, two, invert;
        logic [EW-1:0] bits;
        assign digit  = w[2*k +: 3];
        assign one    = digit[1] ^ digit[0];
        assign two    = !one && digit[2] != digit[1];
        assign invert = digit[2] ^ negative;
        assign bits   = (({1'b0, a_i[i*EW +: MagW]} & {EW{one}}) | ({a_i[i*EW +: MagW], 1'b0} & {EW{two}}))
                      ^ {EW{invert}};
        assign rows[(i*(Digits+1) + k)*PsumW +: PsumW] = PsumW'({~invert, bits}) << (2*k);
        assign carries[2*k +: 2] = {1'b0, invert};
      end
      assign carries[PsumW-1:2*Digits] = '0;
      assign rows[(i*(Digits+1) + Digits)*PsumW +: PsumW] = carries;
    end
    assign rows[(Rows-1)*PsumW +: PsumW] = psum_i;
    assign top_o = PsumW'(0) - PsumW'(Lanes) * (PsumW'((4 ** Digits - 1) / 3) << EW);
    structure_int_rows #(.Rows(Rows), .Width(PsumW)) u_sum (.rows_i(rows), .sum_o(psum_d));
  end else begin : g_factor
    // a ^ s is a or 2^MagW-1 - a; so w comes back, and 2^MagW * w is taken off as an inverted factor.
    assign top_o = PsumW'(0) - PsumW'(Lanes) * (((PsumW'(1) << MagW) - PsumW'(1)) << MagW);
    always_comb begin
      psum_d = psum_i;
      for (int unsigned i = 0; i < Lanes; i++) begin
        psum_d = psum_d
               + PsumW'({a_i[i*EW +: MagW] ^ {MagW{a_i[i*EW+MagW] ^ active_q[i*EW+MagW]}}})
                 * PsumW'(active_q[i*EW +: MagW])
               + PsumW'({active_q[i*EW +: MagW] & {MagW{a_i[i*EW+MagW] ^ active_q[i*EW+MagW]}}})
               + (PsumW'({~(active_q[i*EW +: MagW] & {MagW{a_i[i*EW+MagW] ^ active_q[i*EW+MagW]}})}) << MagW);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      a_q      <= a_i;
      psum_q   <= psum_d;
      switch_q <= switch_i;
    end
    if (en_i && load_i)   shadow_q <= w_i;
    if (en_i && switch_i) active_q <= shadow_q;
  end

  assign a_o      = a_q;
  assign psum_o   = psum_q;
  assign switch_o = switch_q;

endmodule

// The scale unit of VSQ with rival_scale_vsq's ports and registers. Kind says how the four products of
// p, S_a and S_w become a sum, in stages of enabled cycles from the one of scale_a_i:
//   0  S_a*S_w | p * that, summed, signed expression | added
//   1  the same, Baugh-Wooley partial products, one sum by the tool | added
//   2  S_a*S_w | Baugh-Wooley, added at once
//   3  the same, one sum by hand
//   4  S_a kept | p*S_w | times S_a, added at once
//   5  S_a and S_w kept | product of all three, added at once
//   6  S_a*S_w | magnitudes of p times that, folded, added at once
//   7  S_a*S_w | Booth digits (radix 4) of that times p, added at once
// acc_i comes at stage 1 (2, 3, 5, 6, 7) or 2 (0, 1, 4).
module structure_vsq #(
  parameter int unsigned Kind = 0,
  parameter int unsigned Groups = 4,
  parameter int unsigned PsumW = 11,
  localparam int unsigned ScaleW = 4
) (
  input  logic                     clk_i,
  input  logic                     en_i,

  input  logic [Groups-1:0]        load_w_i,
  input  logic                     switch_w_i,
  input  logic [ScaleW-1:0]        scale_w_i,

  input  logic [Groups*ScaleW-1:0] scale_a_i,
  input  logic [Groups*PsumW-1:0]  psum_i,
  input  logic                     first_i,
  input  logic [31:0]              acc_i,

  output logic [31:0]              acc_o
);

  localparam int unsigned BothW = 2 * ScaleW;
  localparam int unsigned SumW = PsumW + BothW + $clog2(Groups);

  logic [Groups*ScaleW-1:0] shadow_q, active_q, a_q, w_q;
  logic [Groups*BothW-1:0]  both_d, both_q, both;
  logic [31:0]              acc, acc_q;

  assign acc = first_i ? '0 : acc_i;
  for (genvar g = 0; g < Groups; g++) begin : g_group
    always_ff @(posedge clk_i) if (en_i && load_w_i[g]) shadow_q[g*ScaleW +: ScaleW] <= scale_w_i;
    assign both_d[g*BothW +: BothW] = Kind == 5
        ? BothW'(a_q[g*ScaleW +: ScaleW]) * BothW'(w_q[g*ScaleW +: ScaleW])
        : BothW'(scale_a_i[g*ScaleW +: ScaleW]) * BothW'(active_q[g*ScaleW +: ScaleW]);
  end
  always_ff @(posedge clk_i) begin
    if (en_i && switch_w_i) active_q <= shadow_q;
    if (en_i) begin
      both_q <= both_d;
      a_q    <= scale_a_i;
      w_q    <= active_q;
    end
  end
  assign both = Kind == 5 ? both_d : both_q;
  assign acc_o = acc_q;

  if (Kind == 0) begin : g_expression
    logic signed [SumW-1:0] sum_d, sum_q;
    always_comb begin
      sum_d = '0;
      for (int unsigned g = 0; g < Groups; g++)
        sum_d = sum_d + SumW'(signed'(psum_i[g*PsumW +: PsumW]) * signed'({1'b0, both[g*BothW +: BothW]}));
    end
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        sum_q <= sum_d;
        acc_q <= acc + 32'(sum_q);
      end
    end
  end else if (Kind == 4) begin : g_one_by_one
    localparam int unsigned HalfW = PsumW + ScaleW;
    logic [Groups*HalfW-1:0]  half_q;
    logic [Groups*ScaleW-1:0] a2_q;
    logic [31:0]              acc_d;
    for (genvar g = 0; g < Groups; g++) begin : g_half
      always_ff @(posedge clk_i)
        if (en_i) half_q[g*HalfW +: HalfW] <=
            HalfW'(signed'(psum_i[g*PsumW +: PsumW]) * signed'({1'b0, w_q[g*ScaleW +: ScaleW]}));
    end
    always_comb begin
      acc_d = acc;
      for (int unsigned g = 0; g < Groups; g++)
        acc_d = acc_d + 32'(signed'(half_q[g*HalfW +: HalfW]) * signed'({1'b0, a2_q[g*ScaleW +: ScaleW]}));
    end
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        a2_q  <= a_q;
        acc_q <= acc_d;
      end
    end
  end else if (Kind == 6) begin : g_magnitudes
    localparam int unsigned MagW = PsumW - 1;
    logic [31:0] acc_d;
    always_comb begin
      acc_d = acc - (32'(Groups) << (MagW + BothW));
      for (int unsigned g = 0; g < Groups; g++)
        acc_d = acc_d + 32'({~psum_i[g*PsumW + MagW],
            ((MagW+BothW)'({psum_i[g*PsumW + MagW] ? ~psum_i[g*PsumW +: MagW] + 1'b1 : psum_i[g*PsumW +: MagW]})
            * (MagW+BothW)'(both[g*BothW +: BothW])) ^ {(MagW+BothW){psum_i[g*PsumW + MagW]}}})
            + 32'(psum_i[g*PsumW + MagW]);
    end
    always_ff @(posedge clk_i) if (en_i) acc_q <= acc_d;
  end else if (Kind == 7) begin : g_booth
    // Digits of S_a*S_w in -2 .. 2, the highest one 0 or 1. The topmost bit of a row is inverted: 2^PsumW
    // too much, at its digit's place.
    localparam int unsigned W = 32;
    localparam int unsigned Digits = BothW / 2;
    logic [W-1:0] sum_d;
    always_comb begin
      logic [BothW:0] digits;
      logic [PsumW:0] bits;
      logic           one, two, invert;
      sum_d = acc
            - W'(Groups) * W'((((4 ** Digits - 1) / 3) << PsumW) + (1 << (PsumW + BothW - 1)));
      for (int unsigned g = 0; g < Groups; g++) begin
        digits = {both[g*BothW +: BothW], 1'b0};
        for (int unsigned k = 0; k < Digits; k++) begin
          one    = digits[2*k+1] ^ digits[2*k];
          two    = !one && digits[2*k+2] != digits[2*k+1];
          invert = digits[2*k+2];
          bits   = (({psum_i[(g+1)*PsumW - 1], psum_i[g*PsumW +: PsumW]} & {(PsumW+1){one}})
                 | ({psum_i[g*PsumW +: PsumW], 1'b0} & {(PsumW+1){two}})) ^ {(PsumW+1){invert}}
                 ^ {1'b1, {PsumW{1'b0}}};
          sum_d  = sum_d + (W'(bits) << (2*k)) + (W'(invert) << (2*k));
        end
        bits  = {1'b0, psum_i[g*PsumW +: PsumW] & {PsumW{digits[BothW]}}} ^ (PsumW+1)'(1 << (PsumW-1));
        sum_d = sum_d + (W'(bits) << BothW);
      end
    end
    always_ff @(posedge clk_i) if (en_i) acc_q <= sum_d;
  end else begin : g_baugh_wooley
    // The row of p's sign is inverted: each group comes with (2^BothW - 1) << (PsumW - 1) too much.
    localparam int unsigned W = Kind == 1 ? SumW : 32;
    localparam int unsigned Rows = Groups * PsumW + 2;
    logic [Rows*W-1:0] rows;
    logic [W-1:0]      sum;
    for (genvar g = 0; g < Groups; g++) begin : g_lane
      for (genvar k = 0; k < PsumW; k++) begin : g_bit
        assign rows[(g*PsumW + k)*W +: W] =
            W'({(both[g*BothW +: BothW] & {BothW{psum_i[g*PsumW + k]}}) ^ {BothW{k == PsumW - 1}}}) << k;
      end
    end
    assign rows[(Rows-2)*W +: W] = W'(0) - (W'(Groups * ((1 << BothW) - 1)) << (PsumW - 1));
    assign rows[(Rows-1)*W +: W] = Kind == 1 ? '0 : acc[W-1:0];
    if (Kind == 3) begin : g_hand
      structure_int_rows #(.Rows(Rows), .Width(W)) u_sum (.rows_i(rows), .sum_o(sum));
    end else begin : g_tool
      always_comb begin
        sum = '0;
        for (int unsigned i = 0; i < Rows; i++) sum = sum + rows[i*W +: W];
      end
    end
    if (Kind == 1) begin : g_later
      logic [W-1:0] sum_q;
      always_ff @(posedge clk_i) begin
        if (en_i) begin
          sum_q <= sum;
          acc_q <= acc + 32'(signed'(sum_q));
        end
      end
    end else begin : g_at_once
      always_ff @(posedge clk_i) if (en_i) acc_q <= sum;
    end
  end

endmodule

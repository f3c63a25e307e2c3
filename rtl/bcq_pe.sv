// One processing element: psum_o = psum_i + sum over the lanes of a * w, one enabled cycle later.
//
// The array advances in cycles with en_i; in all others every register holds. Latency of a_o,
// switch_o and psum_o is one enabled cycle. Deep: a register between products and sum, so psum_o adds
// the products of the a_i of two cycles ago to the psum_i of one cycle ago. Nothing is reset: a stale switch or load moves right ahead
// of every new one, and what the data registers held never reaches a result that is read.
// Asic, for standard cells: shadow and active weights are latches, for which load and switch must not meet
// (bcq_weight_latches). Sign-magnitude products and their sum are written out, adder by adder
// (bcq_adder_tree), and every second bit of psum_i and psum_o, from bit 1 on, is inverted.
// Hold 0: no operand is held here, w_i are the active weights; bcq_pe_decode holds codes instead.
//
// Lanes are sign-magnitude, {sign, magnitude[EW-2:0]}; a zero may carry either sign.
//
// The element adds no constant. A lane gives the product's magnitude P, 2*(EW-1) bits, as
// {~s, P ^ {..s}} plus s as a carry, which is too large by 2^(2*(EW-1)) whatever the signs are.
// So the column's psum_i enters at its top as
//   -(rows * Lanes) * 2^(2*(EW-1))  modulo 2^PsumW
// and what leaves the bottom is the dot product, in two's complement.
//
// TwosComplement: lanes are two's complement, all 2^EW values. Booth's recoding makes (EW+1)/2 digits of w,
// -2 to 2, of weight 4^j. A digit gives a row of EW+1 bits, the multiple of a, inverted if the digit is negative,
// plus one as a carry; its sign bit is inverted and not extended, which makes it too large by 2^EW * 4^j. So
// the column's top takes off the sum of these, likewise. synth/variants.sh has the areas of other structures.
module bcq_pe #(
  parameter int unsigned Lanes = 8,
  parameter int unsigned EW    = 6,
  parameter int unsigned PsumW = 18,
  parameter bit          Deep  = 1'b0,
  parameter bit          TwosComplement = 1'b0,
  parameter bit          Hold  = 1'b1,
  parameter bit          Asic = 1'b0
) (
  input  logic                clk_i,
  input  logic                en_i,

  // load: shadow <= w_i. switch: active <= shadow. In the same cycle, active gets the old shadow.
  input  logic                load_i,
  input  logic                switch_i,
  input  logic [Lanes*EW-1:0] w_i,

  input  logic [Lanes*EW-1:0] a_i,       // from the left
  output logic [Lanes*EW-1:0] a_o,       // to the right neighbour
  output logic                switch_o,  // to the right neighbour

  input  logic [PsumW-1:0]    psum_i,    // from above
  output logic [PsumW-1:0]    psum_o     // down
);

  localparam int unsigned MagW  = EW - 1;
  localparam int unsigned ProdW = 2 * MagW;  // (2^MagW - 1)^2 < 2^ProdW

  if (Lanes < 1 || EW < 2 || EW > 16 || PsumW <= ProdW) begin : g_bad_params
    $error("bcq_pe: want Lanes >= 1, 2 <= EW <= 16 and PsumW > 2*(EW-1)");
  end
  if (Asic && (Deep || EW < 4 || Lanes < 2)) begin : g_bad_asic
    $error("bcq_pe: Asic wants EW >= 4 and Lanes >= 2; Asic and Deep exclude each other");
  end
  if (TwosComplement && Deep) begin : g_bad_twos
    $error("bcq_pe: TwosComplement and Deep exclude each other");
  end

  logic [Lanes*EW-1:0] shadow_q, active_q, a_q;
  logic [PsumW-1:0]    psum_d, psum_q;
  logic                switch_q;

  if (TwosComplement) begin : g_twos
    localparam int unsigned Digits = (EW + 1) / 2;
    localparam int unsigned BitsW  = 2 * Digits + 1;

    // A digit is -2*w[2] + w[1] + w[0]; its row without the carry.
    function automatic logic [EW:0] row(input logic [EW-1:0] a, input logic [2:0] w);
      logic [EW:0] multiple;
      multiple = ({a[EW-1], a} & {(EW + 1){w[1] ^ w[0]}})
               | ({a, 1'b0} & {(EW + 1){w == 3'b100 || w == 3'b011}});
      multiple = multiple ^ {(EW + 1){w[2]}};
      row = {~multiple[EW], multiple[EW-1:0]};
    endfunction

    // Weights with a zero below and, where EW is odd, their sign above.
    logic [Lanes*BitsW-1:0] bits;
    for (genvar i = 0; i < Lanes; i++) begin : g_lane
      assign bits[i*BitsW +: BitsW] = BitsW'({active_q[EW*i + EW - 1], active_q[EW*i +: EW], 1'b0});
    end

    always_comb begin
      psum_d = psum_i;
      for (int unsigned i = 0; i < Lanes; i++) begin
        for (int unsigned j = 0; j < Digits; j++) begin
          psum_d = psum_d + (PsumW'(row(a_i[EW*i +: EW], bits[i*BitsW + 2*j +: 3])) << (2 * j))
                 + (PsumW'(bits[i*BitsW + 2*j + 2]) << (2 * j));
        end
      end
    end
  end else begin : g_fold
    // A lane's product, folded: see above. The carry is its top bit inverted.
    localparam int unsigned FoldW = ProdW + 1;
    function automatic logic [FoldW-1:0] fold(input logic [EW-1:0] a, input logic [EW-1:0] w);
      logic             negative;
      logic [ProdW-1:0] product;
      negative = a[MagW] ^ w[MagW];
      product  = ProdW'(a[MagW-1:0]) * ProdW'(w[MagW-1:0]);
      fold     = {~negative, product ^ {ProdW{negative}}};
    endfunction
    function automatic logic [PsumW-1:0] term(input logic [FoldW-1:0] folded);
      term = PsumW'(folded) + PsumW'(!folded[FoldW-1]);
    endfunction

    // One sum, no tree: the synthesis tool builds one compressor of all the terms. No signals between
    // product and sum: simulation is a fifth faster without them.
    if (Deep) begin : g_deep
      logic [Lanes*FoldW-1:0] folded_d, folded_q;
      for (genvar i = 0; i < Lanes; i++) begin : g_lane
        assign folded_d[i*FoldW +: FoldW] = fold(a_i[i*EW +: EW], active_q[i*EW +: EW]);
      end
      always_ff @(posedge clk_i) if (en_i) folded_q <= folded_d;
      always_comb begin
        psum_d = psum_i;
        for (int unsigned i = 0; i < Lanes; i++) psum_d = psum_d + term(folded_q[i*FoldW +: FoldW]);
      end
    end else if (Asic) begin : g_written
      localparam logic [PsumW-1:0] Inverted = PsumW'({PsumW{2'b10}});
      logic [(Lanes+1)*PsumW-1:0] terms;
      logic [Lanes-1:0]           negative;
      for (genvar i = 0; i < Lanes; i++) begin : g_lane
        logic [MagW*ProdW-1:0] row;
        logic [ProdW-1:0]      product;
        for (genvar j = 0; j < MagW; j++) begin : g_row
          assign row[j*ProdW +: ProdW] =
              ((ProdW'(a_i[i*EW +: MagW]) & {ProdW{active_q[i*EW + j]}}) << j) ^ Inverted[ProdW-1:0];
        end
        bcq_adder_tree #(.Terms(MagW), .Width(ProdW), .Chain(1'b1)) u_product (
          .term_i (row),
          .bit_i  ('0),
          .sum_o  (product)
        );
        assign negative[i] = a_i[i*EW + MagW] ^ active_q[i*EW + MagW];
        assign terms[i*PsumW +: PsumW] =
            PsumW'({~negative[i], product ^ Inverted[ProdW-1:0] ^ {ProdW{negative[i]}}}) ^ Inverted;
      end
      assign terms[Lanes*PsumW +: PsumW] = psum_i;
      bcq_adder_tree #(.Terms(Lanes + 1), .Width(PsumW)) u_sum (
        .term_i (terms),
        .bit_i  (negative),
        .sum_o  (psum_d)
      );
    end else begin : g_direct
      always_comb begin
        psum_d = psum_i;
        for (int unsigned i = 0; i < Lanes; i++) begin
          psum_d = psum_d + term(fold(a_i[i*EW +: EW], active_q[i*EW +: EW]));
        end
      end
    end
  end

  if (Hold && Asic) begin : g_latch
    bcq_weight_latches #(.Width(Lanes * EW)) u_weights (
      .clk_i, .en_i, .load_i, .switch_i, .w_i, .active_o(active_q)
    );
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        a_q      <= a_i;
        psum_q   <= psum_d;
        switch_q <= switch_i;
      end
    end
    assign shadow_q = '0;
    logic unused;
    assign unused = ^shadow_q;
  end else if (Hold) begin : g_hold
    always_ff @(posedge clk_i) begin
      if (en_i) begin
        a_q      <= a_i;
        psum_q   <= psum_d;
        switch_q <= switch_i;
      end
      if (en_i && load_i)   shadow_q <= w_i;
      if (en_i && switch_i) active_q <= shadow_q;
    end
  end else begin : g_held_outside
    always_ff @(posedge clk_i) if (en_i) psum_q <= psum_d;
    assign active_q = w_i;
    assign {a_q, switch_q} = {a_i, switch_i};
    logic unused;
    assign shadow_q = '0;
    assign unused = ^{load_i, shadow_q};
  end

  assign a_o      = a_q;
  assign psum_o   = psum_q;
  assign switch_o = switch_q;

endmodule

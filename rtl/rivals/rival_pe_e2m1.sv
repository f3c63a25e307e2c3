// One processing element of the formats with E2M1 elements (mxfp4, nvfp4): as bcq_pe, ports and timing
// alike, psum_o = psum_i + sum over the lanes of a * w, one enabled cycle later, in quarters.
//
// Lanes are E2M1 codes as stored, {sign, 2 exponent bits, 1 mantissa bit}; a zero may carry a sign. A
// magnitude is a significand of two bits shifted by 0 to 2, so a product of magnitudes, at most 12 * 12,
// is a product of significands shifted by 0 to 4. synth/rival_structures.sv has what else was tried.
//
// The element adds no constant. As in bcq_pe a lane gives its product's magnitude P, 8 bits, as
// {~s, P ^ {..s}} plus s as a carry, which is too large by 2^8. So a column's psum_i enters at its top as
//   -(rows * Lanes) * 2^8  modulo 2^PsumW
// and what leaves the bottom is the dot product, in two's complement.
module rival_pe_e2m1 #(
  parameter int unsigned Lanes = 8,
  parameter int unsigned PsumW = 13,
  parameter bit          Asic = 1'b0,  // latches and adders written out: see bcq_pe
  localparam int unsigned ElemW = 4
) (
  input  logic                   clk_i,
  input  logic                   en_i,

  // load: shadow <= w_i. switch: active <= shadow. In the same cycle, active gets the old shadow.
  input  logic                   load_i,
  input  logic                   switch_i,
  input  logic [Lanes*ElemW-1:0] w_i,

  input  logic [Lanes*ElemW-1:0] a_i,       // from the left
  output logic [Lanes*ElemW-1:0] a_o,       // to the right neighbour
  output logic                   switch_o,  // to the right neighbour

  input  logic [PsumW-1:0]       psum_i,    // from above
  output logic [PsumW-1:0]       psum_o     // down
);

  localparam int unsigned ProdW = 8;  // 12 * 12 = 144 fits

  if (Lanes < 1 || PsumW <= ProdW) begin : g_bad_params
    $error("rival_pe_e2m1: want Lanes >= 1 and PsumW > 8");
  end

  logic [Lanes*ElemW-1:0] shadow_q, active_q, a_q;
  logic [PsumW-1:0]       psum_d, psum_q;
  logic                   switch_q;

  // Twice the magnitude is significand << shift: 0, 1, 2, 3, then 2, 3 shifted by 1 and by 2.
  function automatic logic [1:0] significand(input logic [2:0] code);
    significand = {code[2:1] != 2'd0, code[0]};
  endfunction
  function automatic logic [1:0] shift(input logic [1:0] exponent);
    shift = exponent == 2'd0 ? 2'd0 : exponent - 2'd1;
  endfunction

  // A lane's product, folded: see above. The carry is the lowest bit.
  localparam int unsigned FoldW = ProdW + 2;
  function automatic logic [FoldW-1:0] fold(input logic [ElemW-1:0] a, input logic [ElemW-1:0] w);
    logic             negative;
    logic [2:0]       places;
    logic [ProdW-1:0] product;
    negative = a[ElemW-1] ^ w[ElemW-1];
    places   = 3'(shift(a[2:1])) + 3'(shift(w[2:1]));
    product  = ProdW'(4'(significand(a[2:0])) * 4'(significand(w[2:0]))) << places;
    fold     = {~negative, product ^ {ProdW{negative}}, negative};
  endfunction

  logic [Lanes*FoldW-1:0] folded;
  for (genvar i = 0; i < Lanes; i++) begin : g_lane
    assign folded[i*FoldW +: FoldW] = fold(a_i[i*ElemW +: ElemW], active_q[i*ElemW +: ElemW]);
  end

  if (Asic) begin : g_written
    localparam logic [PsumW-1:0] Inverted = PsumW'({PsumW{2'b10}});
    logic [(Lanes+1)*PsumW-1:0] term;
    logic [Lanes-1:0]           negative;
    for (genvar i = 0; i < Lanes; i++) begin : g_term
      assign term[i*PsumW +: PsumW] = PsumW'(folded[i*FoldW + 1 +: ProdW + 1]) ^ Inverted;
      assign negative[i] = folded[i*FoldW];
    end
    assign term[Lanes*PsumW +: PsumW] = psum_i;
    bcq_adder_tree #(.Terms(Lanes + 1), .Width(PsumW)) u_sum (
      .term_i (term),
      .bit_i  (negative),
      .sum_o  (psum_d)
    );
  end else begin : g_direct
    // One sum, no tree: the synthesis tool builds one compressor of all the terms.
    always_comb begin
      psum_d = psum_i;
      for (int unsigned i = 0; i < Lanes; i++) begin
        psum_d = psum_d + PsumW'(folded[i*FoldW + 1 +: ProdW + 1]) + PsumW'(folded[i*FoldW]);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      a_q      <= a_i;
      psum_q   <= psum_d;
      switch_q <= switch_i;
    end
  end

  if (Asic) begin : g_latch
    bcq_weight_latches #(.Width(Lanes * ElemW)) u_weights (
      .clk_i, .en_i, .load_i, .switch_i, .w_i, .active_o(active_q)
    );
    logic unused;
    assign shadow_q = '0;
    assign unused = ^shadow_q;
  end else begin : g_flop
    always_ff @(posedge clk_i) begin
      if (en_i && load_i)   shadow_q <= w_i;
      if (en_i && switch_i) active_q <= shadow_q;
    end
  end

  assign a_o      = a_q;
  assign psum_o   = psum_q;
  assign switch_o = switch_q;

endmodule

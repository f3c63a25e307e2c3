// Processing element: psum_o is psum_i + sum(a * w) + Lanes * 2^(2*EW-2), one enabled cycle later, for
// all operands, with the weights that were in the shadow at the last switch; without en_i everything
// holds. Products are made here by shift and add of integers. Lanes apart: one lane is free, the others
// get zeros (a sum of free lanes is too much for the solver).
module pe #(
  parameter int unsigned Lanes = 1,
  parameter int unsigned Lane = 0,  // the free one
  parameter int unsigned EW = 6,
  parameter int unsigned PsumW = 2 * EW + 6
) (
  input logic                clk_i,
  input logic                en_i,
  input logic                load_i,
  input logic                switch_i,
  input logic [EW-1:0]       w_i,  // of the free lane
  input logic [EW-1:0]       a_i,
  input logic [PsumW-1:0]    psum_i
);

  localparam int unsigned MagW = EW - 1;

  logic [Lanes*EW-1:0] a_all, w_all, a, dut__shadow_q, dut__active_q;
  logic [PsumW-1:0]    psum;
  logic                switch_out;
  assign a_all = (Lanes*EW)'(a_i) << (Lane * EW);
  assign w_all = (Lanes*EW)'(w_i) << (Lane * EW);
  bcq_pe #(.Lanes(Lanes), .EW(EW), .PsumW(PsumW)) dut (
    .clk_i, .en_i, .load_i, .switch_i, .w_i(w_all), .a_i(a_all), .a_o(a), .switch_o(switch_out),
    .psum_i, .psum_o(psum)
  );

  logic [PsumW-1:0] product, signed_product;
  always_comb begin
    product = '0;
    for (int i = 0; i < MagW; i++) if (active_q[Lane*EW + i]) product = product + (PsumW'(a_i[MagW-1:0]) << i);
    signed_product = a_i[MagW] != active_q[Lane*EW + MagW] ? PsumW'(0) - product : product;
  end

  logic [Lanes*EW-1:0] shadow_q, active_q, a_q;
  logic [PsumW-1:0]    psum_q;
  logic                switch_q;
  // Nothing is reset: what the element holds is known from the first load, switch and cycle on.
  logic shadow_known_q = 1'b0, active_known_q = 1'b0, psum_known_q = 1'b0, moved_q = 1'b0;
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      moved_q      <= 1'b1;
      a_q          <= a_all;
      switch_q     <= switch_i;
      psum_q       <= psum_i + signed_product + PsumW'(Lanes << (2 * MagW));
      psum_known_q <= active_known_q;
      if (load_i) begin
        shadow_q       <= w_all;
        shadow_known_q <= 1'b1;
      end
      if (switch_i) begin
        active_q       <= shadow_q;
        active_known_q <= shadow_known_q;
      end
    end
  end

  always_comb begin
    if (shadow_known_q) assert (dut__shadow_q == shadow_q);
    if (active_known_q) assert (dut__active_q == active_q);
    if (psum_known_q)   assert (psum == psum_q);
    if (moved_q)        assert (a == a_q);
    if (moved_q)        assert (switch_out == switch_q);
  end

endmodule

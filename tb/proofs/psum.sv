// Width of the partial sum: by induction over the LA products of a column, row by row. If after r
// products psum is, modulo 2^PsumW, the exact sum less (LA - r) * 2^(2*EW-2), then after the next it
// is again; every product is at most CMAX^2 in magnitude, so the whole sum fits what the scale unit
// takes. One lane stands for all: see pe. Minus zeros and -2^(EW-1) (kept as minus zero) included.
module psum #(
  parameter int unsigned LA = 64,
  parameter int unsigned EW = 6,
  localparam int unsigned PsumW = 2 * EW + $clog2(LA)
) (
  input logic           clk_i,
  input logic           load_i,
  input logic           switch_i,
  input logic [EW-1:0]  w_i,
  input logic [EW-1:0]  a_i
);

  localparam int Cmax = (1 << (EW - 1)) - 1;
  localparam int Fold = 1 << (2 * EW - 2);
  localparam int Las = LA;

  logic signed [31:0]  r, exact, after;
  (* anyseq *) logic signed [31:0] any_r, any_exact;
  logic signed [31:0]  product;
  logic [PsumW-1:0]    psum_in, psum_out, dut__psum_d;
  logic [EW-1:0]       dut__active_q, a_out;
  logic                switch_out;
  bcq_pe #(.Lanes(1), .EW(EW), .PsumW(PsumW)) dut (
    .clk_i, .en_i(1'b1), .load_i, .switch_i, .w_i, .a_i, .a_o(a_out), .switch_o(switch_out),
    .psum_i(psum_in), .psum_o(psum_out)
  );

  // Before: r products, their exact sum within its bound.
  assign r = any_r;
  assign exact = any_exact;
  always_comb begin
    assume (r >= 0 && r < Las);
    assume (exact <= r * (Cmax * Cmax) && exact >= -r * (Cmax * Cmax));
  end
  assign psum_in = PsumW'(exact - (Las - r) * Fold);

  // The exact product, by shift and add.
  always_comb begin
    product = 0;
    for (int i = 0; i < EW - 1; i++) if (dut__active_q[i]) product = product + (32'(a_i[EW-2:0]) << i);
    if (a_i[EW-1] != dut__active_q[EW-1]) product = -product;
    after = exact + product;
  end

  always_comb begin
    assert (dut__psum_d == PsumW'(after - (Las - r - 1) * Fold));
    assert (after <= (r + 1) * (Cmax * Cmax) && after >= -(r + 1) * (Cmax * Cmax));
    // At the bottom: the sum itself, and its magnitude in PsumW - 1 bits.
    if (r == Las - 1) begin
      assert (32'($signed(dut__psum_d)) == after);
      assert (after < (1 << (PsumW - 2)) && after > -(1 << (PsumW - 2)));
    end
  end

endmodule

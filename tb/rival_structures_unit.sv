// Every structure of synth/rival_structures.sv side by side, for the test that they agree.
module rival_structures_unit (
  input  logic            clk_i,
  input  logic [31:0]     a_i,        // E2M1 codes
  input  logic [31:0]     w_i,
  input  logic [31:0]     power_a_i,  // the same as codes {t, k}
  input  logic [31:0]     power_w_i,
  input  logic [12:0]     psum_i,
  input  logic [3:0]      m_a_i,
  input  logic [3:0]      m_w_i,
  input  logic [4:0]      shift_i,
  input  logic [79:0]     product_i,
  input  logic [19:0]     shifts_i,
  input  logic [49:0]     sum_i,
  input  logic [63:0]     acc_i,
  input  logic [31:0]     x_i,
  input  logic [31:0]     y_i,
  input  logic [20:0]     p_i,
  input  logic [10:0]     sig_a_i,
  input  logic [10:0]     sig_w_i,
  output logic [9*13-1:0] lanes_o,
  output logic [4*48-1:0] term_o,
  output logic [3*32-1:0] merge_o,
  output logic [31:0]     total_o,    // acc_i + sum_i: FP32
  output logic [63:0]     exact_o,    // 64 bits
  output logic [31:0]     rounded_o,  // exact_o as FP32
  output logic [3*32-1:0] add_o,
  output logic [3*43-1:0] int8_o
);
  logic unused_clk;
  assign unused_clk = clk_i;
  for (genvar kind = 0; kind < 9; kind++) begin : g_lanes
    structure_e2m1 #(.Kind(kind)) u_lanes (
      .a_i(kind < 7 ? a_i : power_a_i), .w_i(kind < 7 ? w_i : power_w_i), .psum_i,
      .psum_o(lanes_o[kind*13 +: 13])
    );
  end
  for (genvar kind = 0; kind < 4; kind++) begin : g_term
    structure_nvfp4_term #(.Kind(kind)) u_term (
      .p_i(psum_i), .m_a_i, .m_w_i, .shift_i, .term_o(term_o[kind*48 +: 48])
    );
  end
  for (genvar kind = 0; kind < 3; kind++) begin : g_three
    structure_nvfp4_merge #(.Kind(kind)) u_merge (
      .product_i, .shift_i(shifts_i), .fp32_o(merge_o[kind*32 +: 32])
    );
    structure_fp32_add #(.Kind(kind)) u_add (.a_i(x_i), .b_i(y_i), .fp32_o(add_o[kind*32 +: 32]));
    structure_int8_product #(.Kind(kind)) u_int8 (
      .p_i, .m_a_i(sig_a_i), .m_w_i(sig_w_i), .product_o(int8_o[kind*43 +: 43])
    );
  end
  logic [63:0] unused_acc;
  structure_nvfp4_accumulate #(.Kind(0)) u_fp32 (
    .sum_i, .acc_i({32'd0, x_i}), .acc_o(unused_acc), .result_o(total_o)
  );
  structure_nvfp4_accumulate #(.Kind(1)) u_exact (.sum_i, .acc_i, .acc_o(exact_o), .result_o(rounded_o));
endmodule

// Exclusive-ors as a mapped netlist has them, reduced to the smallest that Verilator 5.006 gets wrong at
// -O3: it loses one inversion when it gathers them into reductions. scripts/model has the flag that
// prevents it, tb/test_xor_tree.c the test. y_o is the parity of all six input bits.
module xor_tree (
  input  logic       clk_i,
  input  logic [1:0] a_i,
  input  logic [3:0] b_i,
  output logic       y_o
);

  logic w0, w1, w2, w3, unused;

  assign unused = clk_i;  // every model has a clock (tb/dut.cpp)
  assign w0  = ~(a_i[0] ^ a_i[1]);
  assign w1  = ~(b_i[0] ^ b_i[1]);
  assign w2  = b_i[2] ^ w1;
  assign w3  = ~w2 ^ w0;
  assign y_o = ~w3 ^ b_i[3];

endmodule

// A clock gate: clk_o pulses with clk_i after a rising edge before which en_i was high. en_i may change
// until clk_i rises. Synthesis puts the library's integrated clock gate here, if there is one.
module bcq_clock_gate (
  input  logic clk_i,
  input  logic en_i,
  output logic clk_o
);

  logic open;

  always_latch if (!clk_i) open = en_i;
  assign clk_o = clk_i && open;

endmodule

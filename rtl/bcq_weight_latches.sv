// Shadow and active weights of a processing element in latches: two latches a bit where bcq_pe has two
// flip-flops. The shadow is open in the second half of a cycle with load_i, the active one in the first half
// of a cycle after one with en_i and switch_i: as master and slave of a flip-flop, each with its own enable.
//
// load and switch must not meet in one enabled cycle: active would get the new shadow. Where NDec <= Rows they
// never do (docs/architecture.md). en_i does not hold a load, and need not: what comes with it holds, and a
// switch does not come. load_i must settle in the first half of a cycle, switch_i and en_i by its end.
module bcq_weight_latches #(
  parameter int unsigned Width = 48
) (
  input  logic             clk_i,
  input  logic             en_i,
  input  logic             load_i,
  input  logic             switch_i,
  input  logic [Width-1:0] w_i,
  output logic [Width-1:0] active_o
);

  logic             load;
  logic [Width-1:0] shadow, active;

  bcq_clock_gate u_load (.clk_i(!clk_i), .en_i(load_i), .clk_o(load));
  always_latch if (load) shadow = w_i;

`ifdef SYNTHESIS
  logic follow;
  bcq_clock_gate u_switch (.clk_i, .en_i(en_i && switch_i), .clk_o(follow));
  always_latch if (follow) active = shadow;
`else
  // The same, as the shadow holds while the clock is high; a simulator without delays would let an opening
  // latch through before flip-flops have sampled what it drives.
  always_ff @(posedge clk_i) if (en_i && switch_i) active <= shadow;

  // Of weights that were loaded: until then flip-flops without a reset may say switch, and
  // nobody minds. At the start those of the loads say anything, too, for as many cycles as
  // the array has rows and columns.
  logic       loaded_q = 1'b0;
  logic [7:0] cycles_q = '0;
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (!(&cycles_q)) cycles_q <= cycles_q + 1'b1;
      if (load_i && &cycles_q) loaded_q <= 1'b1;
      else if (switch_i) loaded_q <= 1'b0;
      if (loaded_q && switch_i) begin
        NoLoadWithSwitch: assert (!load_i);
      end
    end
  end
`endif
  assign active_o = active;

endmodule

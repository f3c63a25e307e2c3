// Every structure of synth/encoder_structures.sv side by side, for the test that they agree.
module structures_unit #(
  parameter int unsigned NC = 16,
  parameter int unsigned EW = 6,
  localparam int unsigned YW = EW + 4,
  parameter logic [NC*16*EW-1:0] FrozenTable = '0
) (
  input  logic                 clk_i,
  input  logic [YW-1:0]        y_i,
  input  logic [15*(EW+1)-1:0] threshold_i,
  input  logic [EW-1:0]        entry_i,
  input  logic [6:0]           fraction_i,
  input  logic [2:0]           divisor_i,
  input  logic [8*YW-1:0]      block_i,
  output logic [3*4-1:0]       search_o,
  output logic [5*2*YW-1:0]    error_o,
  output logic [3*(EW+6)-1:0]  divide_o,
  output logic [3*NC*4-1:0]    frozen_index_o,
  output logic [3*NC*EW-1:0]   frozen_entry_o,
  output logic [10:0]          moments_o
);
  logic unused_clk;
  assign unused_clk = clk_i;
  for (genvar kind = 0; kind < 3; kind++) begin : g_kind
    structure_search #(.Kind(kind), .EW(EW)) u_search (
      .y_i, .threshold_i, .index_o(search_o[kind*4 +: 4])
    );
    structure_divide #(.Kind(kind), .EW(EW)) u_divide (
      .fraction_i, .divisor_i, .quotient_o(divide_o[kind*(EW+6) + 1 +: EW+5]), .rest_o(divide_o[kind*(EW+6)])
    );
    structure_frozen #(.Kind(kind), .NC(NC), .EW(EW), .FrozenTable(FrozenTable)) u_frozen (
      .y_i, .index_o(frozen_index_o[kind*NC*4 +: NC*4]), .entry_o(frozen_entry_o[kind*NC*EW +: NC*EW])
    );
  end
  for (genvar kind = 0; kind < 5; kind++) begin : g_error
    structure_error #(.Kind(kind), .EW(EW)) u_error (.y_i, .entry_i, .error_o(error_o[kind*2*YW +: 2*YW]));
  end
  structure_moments #(.EW(EW)) u_moments (.y_i(block_i), .key_o(moments_o));
endmodule

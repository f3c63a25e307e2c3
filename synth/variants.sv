// For synth/variants.sh alone: wrappers that give a module of rtl/ the surroundings of a variant, and the
// structures of a two's complement sum that were not chosen.

// The edge decoder of one row with the register of what it gives, as in bcq_array.
module edge_row #(
  parameter int unsigned NC = 16,
  parameter int unsigned EW = 6,
  parameter bit          Frozen = 1'b0,
  parameter logic [NC*16*EW-1:0] Table = '0
) (
  input  logic                clk_i,
  input  logic                en_i,
  input  logic [NC*16*EW-1:0] table_i,
  input  logic [$clog2(NC)-1:0] selector_i,
  input  logic [31:0]         index_i,
  output logic [8*EW-1:0]     entry_o
);
  logic [NC*16*EW-1:0] tables, constant;
  // Wires, as Yosys 0.23 takes no constants here beside parameters of the top.
  logic                  off;
  logic [$clog2(NC)-1:0] book;
  logic [16*EW-1:0]      entries;
  assign {off, book, entries} = '0;
  logic [8*EW-1:0]     entry;
  bcq_codebooks #(.NC(NC), .B(4), .EW(EW), .Frozen(1'b1), .FrozenTable(Table)) u_codebooks (
    .clk_i, .write_i(off), .book_i(book), .entry_i(entries), .table_o(constant)
  );
  assign tables = Frozen ? constant : table_i;
  bcq_decoder #(.Lanes(8), .LB(8), .NC(NC), .B(4), .EW(EW)) u_decoder (
    .table_i(tables), .selector_i, .index_i, .entry_o(entry)
  );
  always_ff @(posedge clk_i) if (en_i) entry_o <= entry;
endmodule

// What stands at the edge where processing elements decode.
module edge_codes #(
  parameter int unsigned NC = 16,
  parameter int unsigned EW = 6,
  parameter int unsigned Decode = 1,
  parameter bit          Frozen = 1'b0,
  parameter logic [NC*16*EW-1:0] Table = '0,
  localparam int unsigned HeldW = 32 + (Decode == 2 ? $clog2(NC) : 16*EW)
) (
  input  logic                clk_i,
  input  logic                en_i,
  input  logic [NC*16*EW-1:0] table_i,
  input  logic [31+$clog2(NC):0] codes_i,
  output logic [HeldW-1:0]    held_o
);
  logic [NC*16*EW-1:0] tables, constant;
  // Wires, as Yosys 0.23 takes no constants here beside parameters of the top.
  logic                  off;
  logic [$clog2(NC)-1:0] book;
  logic [16*EW-1:0]      entries;
  assign {off, book, entries} = '0;
  bcq_codebooks #(.NC(NC), .B(4), .EW(EW), .Frozen(1'b1), .FrozenTable(Table)) u_codebooks (
    .clk_i, .write_i(off), .book_i(book), .entry_i(entries), .table_o(constant)
  );
  assign tables = Frozen ? constant : table_i;
  bcq_edge #(.Lanes(8), .LB(8), .NC(NC), .B(4), .EW(EW), .Decode(Decode)) u_edge (
    .clk_i, .en_i, .table_i(tables), .codes_i, .held_o
  );
endmodule

// A processing element that decodes codes by constant tables.
module pe_frozen #(
  parameter int unsigned NC = 16,
  parameter int unsigned EW = 6,
  parameter logic [NC*16*EW-1:0] Table = '0,
  localparam int unsigned HeldW = 32 + $clog2(NC),
  localparam int unsigned PsumW = 2 * EW + 6
) (
  input  logic             clk_i,
  input  logic             en_i,
  input  logic             load_i,
  input  logic             switch_i,
  input  logic [HeldW-1:0] w_i,
  input  logic [HeldW-1:0] a_i,
  output logic [HeldW-1:0] a_o,
  output logic             switch_o,
  input  logic [PsumW-1:0] psum_i,
  output logic [PsumW-1:0] psum_o
);
  logic [NC*16*EW-1:0] tables;
  logic                  off;
  logic [$clog2(NC)-1:0] book;
  logic [16*EW-1:0]      entries;
  assign {off, book, entries} = '0;
  bcq_codebooks #(.NC(NC), .B(4), .EW(EW), .Frozen(1'b1), .FrozenTable(Table)) u_codebooks (
    .clk_i, .write_i(off), .book_i(book), .entry_i(entries), .table_o(tables)
  );
  bcq_pe_decode #(.Lanes(8), .LB(8), .NC(NC), .B(4), .EW(EW), .PsumW(PsumW), .Decode(2)) u_pe (
    .clk_i, .en_i, .table_a_i(tables), .table_w_i(tables), .load_i, .switch_i, .w_i, .a_i, .a_o, .switch_o,
    .psum_i, .psum_o
  );
endmodule

// psum_o = psum_i + the dot product + Lanes times a constant, in two's complement. Kind 0: signed products,
// extended. 1: signed products, their sign bit inverted. 2: Baugh and Wooley's rows, one compressor of
// all lanes. 3: the same, each lane summed by itself. (Booth's rows are in bcq_pe.)
module structure_dot #(
  parameter int unsigned Kind = 0,
  parameter int unsigned Lanes = 8,
  parameter int unsigned EW = 6,
  localparam int unsigned PsumW = 2 * EW + 6,
  localparam int unsigned ProdW = 2 * EW
) (
  input  logic [Lanes*EW-1:0] w_i,
  input  logic [Lanes*EW-1:0] a_i,
  input  logic [PsumW-1:0]    psum_i,
  output logic [PsumW-1:0]    psum_o
);
  function automatic logic [PsumW-1:0] extended(input logic signed [EW-1:0] a, input logic signed [EW-1:0] w);
    logic signed [PsumW-1:0] p;
    p = a * w;
    extended = p;
  endfunction
  function automatic logic [ProdW-1:0] inverted(input logic signed [EW-1:0] a, input logic signed [EW-1:0] w);
    logic signed [ProdW-1:0] p;
    p = a * w;
    inverted = {~p[ProdW-1], p[ProdW-2:0]};
  endfunction
  function automatic logic [EW-1:0] row(input logic [EW-1:0] a, input logic w, input logic sign);
    row = a & {EW{w}};
    row = sign ? {row[EW-1], ~row[EW-2:0]} : {~row[EW-1], row[EW-2:0]};
  endfunction

  logic [Lanes*ProdW-1:0] product;
  for (genvar i = 0; i < Lanes; i++) begin : g_lane
    always_comb begin
      product[i*ProdW +: ProdW] = '0;
      for (int unsigned j = 0; j < EW; j++)
        product[i*ProdW +: ProdW] = product[i*ProdW +: ProdW]
                                  + (ProdW'(row(a_i[i*EW +: EW], w_i[i*EW + j], j == EW - 1)) << j);
    end
  end

  always_comb begin
    psum_o = psum_i;
    for (int unsigned i = 0; i < Lanes; i++) begin
      case (Kind)
        0: psum_o = psum_o + extended(a_i[i*EW +: EW], w_i[i*EW +: EW]);
        1: psum_o = psum_o + PsumW'(inverted(a_i[i*EW +: EW], w_i[i*EW +: EW]));
        2: for (int unsigned j = 0; j < EW; j++)
             psum_o = psum_o + (PsumW'(row(a_i[i*EW +: EW], w_i[i*EW + j], j == EW - 1)) << j);
        default: psum_o = psum_o + PsumW'(product[i*ProdW +: ProdW]);
      endcase
    end
  end
endmodule

// The same with the registers of bcq_pe.
module structure_pe #(
  parameter int unsigned Kind = 0,
  parameter int unsigned EW = 6,
  localparam int unsigned PsumW = 2 * EW + 6
) (
  input  logic             clk_i,
  input  logic             en_i,
  input  logic             load_i,
  input  logic             switch_i,
  input  logic [8*EW-1:0]  w_i,
  input  logic [8*EW-1:0]  a_i,
  output logic [8*EW-1:0]  a_o,
  output logic             switch_o,
  input  logic [PsumW-1:0] psum_i,
  output logic [PsumW-1:0] psum_o
);
  logic [8*EW-1:0]  shadow_q, active_q;
  logic [PsumW-1:0] psum;
  structure_dot #(.Kind(Kind), .Lanes(8), .EW(EW)) u_dot (.w_i(active_q), .a_i, .psum_i, .psum_o(psum));
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      a_o      <= a_i;
      psum_o   <= psum;
      switch_o <= switch_i;
    end
    if (en_i && load_i)   shadow_q <= w_i;
    if (en_i && switch_i) active_q <= shadow_q;
  end
endmodule

// 1 where one lane of a structure is not its product by shift and add, less the constant.
module structure_differs #(
  parameter int unsigned Kind = 0,
  parameter int unsigned EW = 4,
  localparam int unsigned PsumW = 2 * EW + 6
) (
  input  logic [EW-1:0]    w_i,
  input  logic [EW-1:0]    a_i,
  input  logic [PsumW-1:0] psum_i,
  output logic             differs_o
);
  localparam logic [PsumW-1:0] Excess = Kind == 0 ? '0
                                      : Kind == 1 ? PsumW'(1) << (2*EW - 1)
                                      : (PsumW'(1) << (2*EW - 1)) - (PsumW'(1) << EW);
  logic [PsumW-1:0] psum, sum, a;
  structure_dot #(.Kind(Kind), .Lanes(1), .EW(EW)) u_dot (.w_i, .a_i, .psum_i, .psum_o(psum));
  assign a = {{(PsumW - EW){a_i[EW-1]}}, a_i};
  always_comb begin
    sum = psum_i + Excess;
    for (int unsigned j = 0; j < EW; j++) if (w_i[j]) sum = j == EW - 1 ? sum - (a << j) : sum + (a << j);
  end
  assign differs_o = psum != sum;
endmodule

// A column, as Yosys 0.23 takes no parameters for bcq_column itself at the top.
module column #(
  parameter int unsigned EW = 6,
  parameter bit          TwosComplement = 1'b0,
  parameter int unsigned Decode = 0,
  localparam int unsigned TableW = Decode == 2 ? 256 * EW : 1,
  localparam int unsigned RowW = Decode == 0 ? 8 * EW : 32 + (Decode == 1 ? 16 * EW : 4)
) (
  input  logic              clk_i,
  input  logic              en_i,
  input  logic [TableW-1:0] table_a_i,
  input  logic [TableW-1:0] table_w_i,
  input  logic [8*RowW-1:0] a_i,
  output logic [8*RowW-1:0] a_o,
  input  logic [7:0]        switch_i,
  output logic [7:0]        switch_o,
  input  logic [7:0]        load_i,
  input  logic [RowW-1:0]   w_i,
  input  logic [7:0]        scale_w_i,
  input  logic [7:0]        scale_a_i,
  input  logic              read_i,
  input  logic [5:0]        read_slot_i,
  input  logic              first_i,
  input  logic              write_i,
  input  logic [5:0]        write_slot_i,
  output logic [31:0]       result_o
);
  bcq_column #(
    .Lanes(8), .LA(64), .EW(EW), .T(64), .Decode(Decode), .TwosComplement(TwosComplement), .LB(8), .NC(16), .B(4)
  ) u_column (
    .clk_i, .en_i, .table_a_i, .table_w_i, .a_i, .a_o, .switch_i, .switch_o, .load_i, .w_i, .scale_w_i, .scale_a_i,
    .read_i, .read_slot_i, .first_i, .write_i, .write_slot_i, .result_o
  );
endmodule

// One column of the array: Rows processing elements whose integer partial sum runs down, the scale
// unit at the bottom, and an accumulator a token of the tile. What leaves the bottom PE is exactly
// p_j of docs/format.md section 8, the dot product of one block array. Latency: a token whose row 0
// enters in cycle x reaches the scale unit's stage 0 in cycle x + Rows - 1 (its row r enters in
// cycle x + r). No handshake: everything holds while en_i is low. Decides nothing: the control bits
// come from the array's token pipeline, each at the stage that it is named for.
module bcq_column #(
  parameter int unsigned Lanes = bcq_pkg::LANES,
  parameter int unsigned LA = bcq_pkg::LA_DEFAULT,
  parameter int unsigned EW = bcq_pkg::EW_DEFAULT,
  parameter int unsigned T = 64,
  parameter bit          Exact = 1'b0,
  parameter bit          Deep = 1'b0,
  // What the operands are: see bcq_array. LB, NC and B count with Decode alone.
  parameter int unsigned Decode = 0,
  parameter bit          TwosComplement = 1'b0,
  parameter bit          Asic = 1'b0,  // for standard cells: see bcq_pe
  parameter bit          Meet = 1'b0,  // a load and a switch of a weight may meet in one cycle
  parameter int unsigned LB = bcq_pkg::LB_DEFAULT,
  parameter int unsigned NC = bcq_pkg::NC_DEFAULT,
  parameter int unsigned B  = bcq_pkg::B_DEFAULT,
  localparam int unsigned Rows = LA / Lanes,
  localparam int unsigned SelW = NC > 1 ? $clog2(NC) : 1,
  localparam int unsigned BookW = (1 << B) * EW,
  localparam int unsigned TableW = Decode == 2 ? NC * BookW : 1,
  // One row of an operand: entries, or indices and the blocks' codebooks, or indices and selectors
  localparam int unsigned RowW = Decode == 0 ? Lanes * EW : Lanes * B + Lanes / LB * (Decode == 1 ? BookW : SelW),
  localparam int unsigned SlotW = $clog2(T)
) (
  input  logic                 clk_i,
  input  logic                 en_i,

  input  logic [TableW-1:0]    table_a_i,  // all codebooks, Decode 2 alone
  input  logic [TableW-1:0]    table_w_i,

  // Operands, from the left and to the right; row 0 lowest
  input  logic [Rows*RowW-1:0] a_i,
  output logic [Rows*RowW-1:0] a_o,
  input  logic [Rows-1:0]      switch_i,
  output logic [Rows-1:0]      switch_o,

  // Weights of one row and the scale of the column (taken with the last row)
  input  logic [Rows-1:0]      load_i,
  input  logic [RowW-1:0]      w_i,
  input  logic [7:0]           scale_w_i,

  // Token control, at the scale unit's stages
  input  logic [7:0]           scale_a_i,   // stage 1, deep 0
  input  logic                 read_i,      // stage 1, deep 6
  input  logic [SlotW-1:0]     read_slot_i,
  input  logic                 first_i,     // stage 3, deep 7
  input  logic                 write_i,     // stage 6 (fp32), 4 (exact) or 14 (deep)
  input  logic [SlotW-1:0]     write_slot_i,

  output logic [31:0]          result_o     // stage 6, deep 14
);

  // LA products of magnitude at most 2^(2*EW-2): |psum| <= 2^(2*EW-2+log2(LA)).
  localparam int unsigned PsumW = 2 * EW + $clog2(LA);
  localparam int unsigned AccW = Exact ? bcq_pkg::EXACT_W : 32;
  // Every lane's product comes with a constant added, see bcq_pe: 2^(2*EW-2), or 2^EW times the sum of the
  // digits' weights. It is taken off here, once.
  localparam int unsigned DigitWeights = ((1 << 2 * ((EW + 1) / 2)) - 1) / 3;
  localparam logic [PsumW-1:0] TopConstant = PsumW'(0)
    - (TwosComplement ? PsumW'(LA * DigitWeights) << EW : PsumW'(LA) << (2 * EW - 2));

  logic [PsumW-1:0] psum [Rows+1];
  logic [AccW-1:0]  acc_read, acc_q, acc, acc_sum;

  // Processing elements for standard cells have every second bit of a sum inverted.
  localparam logic [PsumW-1:0] Inverted = Asic && !TwosComplement ? PsumW'({PsumW{2'b10}}) : '0;

  assign psum[0] = TopConstant ^ Inverted;

  for (genvar r = 0; r < Rows; r++) begin : g_row
    if (Decode == 0) begin : g_entry
      bcq_pe #(
        .Lanes(Lanes), .EW(EW), .PsumW(PsumW), .Deep(Deep), .TwosComplement(TwosComplement), .Asic(Asic)
      ) u_pe (
        .clk_i,
        .en_i,
        .load_i   (load_i[r]),
        .switch_i (switch_i[r]),
        .w_i,
        .a_i      (a_i[r*RowW +: RowW]),
        .a_o      (a_o[r*RowW +: RowW]),
        .switch_o (switch_o[r]),
        .psum_i   (psum[r]),
        .psum_o   (psum[r+1])
      );
    end else begin : g_decode
      bcq_pe_decode #(
        .Lanes(Lanes), .LB(LB), .NC(NC), .B(B), .EW(EW), .PsumW(PsumW), .TwosComplement(TwosComplement), .Decode(Decode),
        .Asic(Asic)
      ) u_pe (
        .clk_i,
        .en_i,
        .table_a_i,
        .table_w_i,
        .load_i   (load_i[r]),
        .switch_i (switch_i[r]),
        .w_i,
        .a_i      (a_i[r*RowW +: RowW]),
        .a_o      (a_o[r*RowW +: RowW]),
        .switch_o (switch_o[r]),
        .psum_i   (psum[r]),
        .psum_o   (psum[r+1])
      );
    end
  end

  if (Decode == 0) begin : g_no_tables
    logic unused;
    assign unused = ^{table_a_i, table_w_i};
  end

  // But for Deep, the scale unit takes its scales one cycle after the bottom PE takes the operands, and so it
  // switches. A load that meets the PE's switch must not come before the scale's.
  logic       load_w, switch_w;
  logic [7:0] scale_w;
  bcq_delay #(.Width(9), .Stages(Meet && !Deep ? 1 : 0)) u_load_w (
    .clk_i, .en_i, .in_i({load_i[Rows-1], scale_w_i}), .out_o({load_w, scale_w})
  );
  assign switch_w = Deep ? switch_i[Rows-1] : switch_o[Rows-1];

  bcq_scale_unit #(.PsumW(PsumW), .Exact(Exact), .Deep(Deep)) u_scale_unit (
    .clk_i,
    .en_i,
    .load_w_i   (load_w),
    .switch_w_i (switch_w),
    .scale_w_i  (scale_w),
    .scale_a_i,
    .psum_i     (psum[Rows] ^ Inverted),
    .first_i,
    .acc_i      (acc),
    .acc_o      (acc_sum),
    .result_o
  );

  bcq_acc_memory #(.Words(T), .Width(AccW)) u_acc_memory (
    .clk_i,
    .write_i      (write_i && en_i),
    .write_addr_i (write_slot_i),
    .write_data_i (acc_sum),
    .read_i       (read_i && en_i),
    .read_addr_i  (read_slot_i),
    .data_o       (acc_read)
  );

  // Behind the memory's data, as a macro's take half a cycle. FPGAs have no cycle to spare, and faster memories.
  always_ff @(posedge clk_i) begin
    if (en_i) acc_q <= acc_read;
  end
  assign acc = Deep ? acc_read : acc_q;

endmodule

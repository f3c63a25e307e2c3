// One column of a rival's array: for each of its groups GroupRows processing elements whose integer
// partial sum runs down, one unit that scales and adds the groups' sums, and an accumulator a token of
// the tile. Latency: a token whose rows 0 of all groups enter in cycle x reaches the scale unit's stage
// 0 in cycle x + GroupRows - 1. No handshake: everything holds while en_i is low. Decides nothing: the
// control bits come from the array's token pipeline, each at the stage that it is named for.
module rival_column #(
  parameter int unsigned Format = bcq_pkg::FORMAT_INT8_TOKEN,
  parameter int unsigned Lanes = bcq_pkg::LANES,
  parameter int unsigned LA = bcq_pkg::LA_DEFAULT,
  parameter int unsigned ElemW = 8,
  parameter int unsigned Group = LA,
  parameter int unsigned ScaleW = 1,
  parameter int unsigned T = 64,
  parameter bit          Asic = 1'b0,  // for standard cells: see bcq_pe
  localparam int unsigned Rows = LA / Lanes,
  localparam int unsigned Groups = LA / Group,
  localparam int unsigned RowW = Lanes * ElemW,
  localparam int unsigned SlotW = $clog2(T)
) (
  input  logic                     clk_i,
  input  logic                     en_i,

  // Operands, from the left and to the right; row 0 lowest
  input  logic [Rows*RowW-1:0]     a_i,
  output logic [Rows*RowW-1:0]     a_o,
  input  logic [Rows-1:0]          switch_i,
  output logic [Rows-1:0]          switch_o,

  // Weights of one row, and the scale of the row's group (taken with the group's last row)
  input  logic [Rows-1:0]          load_i,
  input  logic [RowW-1:0]          w_i,
  input  logic [ScaleW-1:0]        scale_w_i,

  // Token control, at the scale unit's stages
  input  logic [Groups*ScaleW-1:0] scale_a_i,   // stage 0
  input  logic                     read_i,      // two stages before the one that adds
  input  logic [SlotW-1:0]         read_slot_i,
  input  logic                     first_i,     // the stage that adds
  input  logic                     write_i,     // the stage of the result
  input  logic [SlotW-1:0]         write_slot_i,

  output logic [31:0]              result_o
);

  localparam int unsigned GroupRows = Group / Lanes;
  localparam bit          E2m1 = Format == bcq_pkg::FORMAT_MXFP4 || Format == bcq_pkg::FORMAT_NVFP4;
  // A product of magnitudes: of ElemW-1 bits each, or at most 12 * 12 quarters. Group of them, and a sign.
  localparam int unsigned ProdW = E2m1 ? 8 : 2 * (ElemW - 1);
  localparam int unsigned PsumW = ProdW + $clog2(Group) + 1;
  // Every lane's product comes with 2^ProdW added, see the processing elements; it is taken off here, once.
  localparam logic [PsumW-1:0] TopConstant = PsumW'(0) - (PsumW'(Group) << ProdW);

  // Processing elements for standard cells have every second bit of a sum inverted.
  localparam logic [PsumW-1:0] Inverted = Asic ? PsumW'({PsumW{2'b10}}) : '0;

  logic [Groups*PsumW-1:0] psum_groups;
  logic [Groups-1:0]       load_w;
  logic [31:0]             acc_read, acc_q, acc_sum;

  for (genvar g = 0; g < Groups; g++) begin : g_group
    logic [PsumW-1:0] psum [GroupRows+1];

    assign psum[0] = TopConstant ^ Inverted;
    assign psum_groups[g*PsumW +: PsumW] = psum[GroupRows] ^ Inverted;
    assign load_w[g] = load_i[(g+1)*GroupRows - 1];

    for (genvar s = 0; s < GroupRows; s++) begin : g_row
      localparam int unsigned R = g * GroupRows + s;
      if (E2m1) begin : g_e2m1
        rival_pe_e2m1 #(.Lanes(Lanes), .PsumW(PsumW), .Asic(Asic)) u_pe (
          .clk_i,
          .en_i,
          .load_i   (load_i[R]),
          .switch_i (switch_i[R]),
          .w_i,
          .a_i      (a_i[R*RowW +: RowW]),
          .a_o      (a_o[R*RowW +: RowW]),
          .switch_o (switch_o[R]),
          .psum_i   (psum[s]),
          .psum_o   (psum[s+1])
        );
      end else begin : g_integer
        bcq_pe #(.Lanes(Lanes), .EW(ElemW), .PsumW(PsumW), .Asic(Asic)) u_pe (
          .clk_i,
          .en_i,
          .load_i   (load_i[R]),
          .switch_i (switch_i[R]),
          .w_i,
          .a_i      (a_i[R*RowW +: RowW]),
          .a_o      (a_o[R*RowW +: RowW]),
          .switch_o (switch_o[R]),
          .psum_i   (psum[s]),
          .psum_o   (psum[s+1])
        );
      end
    end
  end

  // All groups switch in one cycle.
  logic switch_w;
  assign switch_w = switch_i[GroupRows-1];

  if (Format == bcq_pkg::FORMAT_INT8) begin : g_int8
    rival_scale_int8 #(.PsumW(PsumW)) u_scale (
      .clk_i,
      .en_i,
      .load_w_i   (load_w),
      .switch_w_i (switch_w),
      .scale_w_i,
      .scale_a_i,
      .psum_i     (psum_groups),
      .first_i,
      .acc_i      (acc_q),
      .acc_o      (acc_sum),
      .result_o
    );
  end else if (Format == bcq_pkg::FORMAT_VSQ) begin : g_vsq
    rival_scale_vsq #(.Groups(Groups), .PsumW(PsumW)) u_scale (
      .clk_i,
      .en_i,
      .load_w_i   (load_w),
      .switch_w_i (switch_w),
      .scale_w_i,
      .scale_a_i,
      .psum_i     (psum_groups),
      .first_i,
      .acc_i      (acc_q),
      .acc_o      (acc_sum),
      .result_o
    );
  end else if (Format == bcq_pkg::FORMAT_MXFP4) begin : g_mxfp4
    rival_scale_mxfp4 #(.PsumW(PsumW)) u_scale (
      .clk_i,
      .en_i,
      .load_w_i   (load_w),
      .switch_w_i (switch_w),
      .scale_w_i,
      .scale_a_i,
      .psum_i     (psum_groups),
      .first_i,
      .acc_i      (acc_q),
      .acc_o      (acc_sum),
      .result_o
    );
  end else if (Format == bcq_pkg::FORMAT_NVFP4) begin : g_nvfp4
    rival_scale_nvfp4 #(.Groups(Groups), .PsumW(PsumW)) u_scale (
      .clk_i,
      .en_i,
      .load_w_i   (load_w),
      .switch_w_i (switch_w),
      .scale_w_i,
      .scale_a_i,
      .psum_i     (psum_groups),
      .first_i,
      .acc_i      (acc_q),
      .acc_o      (acc_sum),
      .result_o
    );
  end else begin : g_int8_token
    // No scales: the sum itself is added, modulo 2^32, at stage 1.
    logic [31:0] sum_q;
    always_ff @(posedge clk_i) begin
      if (en_i) sum_q <= (first_i ? '0 : acc_q) + 32'(signed'(psum_groups));
    end
    assign acc_sum  = sum_q;
    assign result_o = sum_q;

    logic unused;
    assign unused = ^{scale_w_i, scale_a_i, load_w, switch_w};
  end

  bcq_acc_memory #(.Words(T), .Width(32)) u_acc_memory (
    .clk_i,
    .write_i      (write_i && en_i),
    .write_addr_i (write_slot_i),
    .write_data_i (acc_sum),
    .read_i       (read_i && en_i),
    .read_addr_i  (read_slot_i),
    .data_o       (acc_read)
  );

  // Behind the memory's data, as a macro's take half a cycle.
  always_ff @(posedge clk_i) begin
    if (en_i) acc_q <= acc_read;
  end

endmodule

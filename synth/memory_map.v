// A memory of one write and one read port, both on the clock, wherever it stands -> bcq_acc_memory, whose ports a
// macro has. What reads otherwise fails here, and then in synth/job.sh.
(* techmap_celltype = "$mem_v2" *)
module memory_as_module (RD_CLK, RD_EN, RD_ARST, RD_SRST, RD_ADDR, RD_DATA, WR_CLK, WR_EN, WR_ADDR, WR_DATA);
  parameter MEMID = "";
  parameter SIZE = 1;
  parameter OFFSET = 0;
  parameter ABITS = 1;
  parameter WIDTH = 1;
  parameter INIT = 1'bx;
  parameter RD_PORTS = 1;
  parameter RD_CLK_ENABLE = 1'b1;
  parameter RD_CLK_POLARITY = 1'b1;
  parameter RD_TRANSPARENCY_MASK = 1'b0;
  parameter RD_COLLISION_X_MASK = 1'b0;
  parameter RD_WIDE_CONTINUATION = 1'b0;
  parameter RD_CE_OVER_SRST = 1'b0;
  parameter RD_ARST_VALUE = 1'b0;
  parameter RD_SRST_VALUE = 1'b0;
  parameter RD_INIT_VALUE = 1'b0;
  parameter WR_PORTS = 1;
  parameter WR_CLK_ENABLE = 1'b1;
  parameter WR_CLK_POLARITY = 1'b1;
  parameter WR_PRIORITY_MASK = 1'b0;
  parameter WR_WIDE_CONTINUATION = 1'b0;
  parameter _TECHMAP_BITS_CONNMAP_ = 0;
  parameter _TECHMAP_CONNMAP_WR_EN_ = 0;

  input  RD_CLK, RD_EN, RD_ARST, RD_SRST, WR_CLK;
  input  [ABITS-1:0] RD_ADDR, WR_ADDR;
  input  [WIDTH-1:0] WR_EN, WR_DATA;
  output [WIDTH-1:0] RD_DATA;

  wire _TECHMAP_FAIL_ = RD_PORTS != 1 || WR_PORTS != 1 || RD_CLK_ENABLE != 1'b1 || WR_CLK_ENABLE != 1'b1 ||
    RD_CLK_POLARITY != 1'b1 || WR_CLK_POLARITY != 1'b1 || OFFSET != 0 || RD_TRANSPARENCY_MASK != 1'b0 ||
    _TECHMAP_CONNMAP_WR_EN_ != {WIDTH{_TECHMAP_CONNMAP_WR_EN_[_TECHMAP_BITS_CONNMAP_-1:0]}};

  bcq_acc_memory #(.Words(SIZE), .Width(WIDTH)) memory (
    .clk_i(WR_CLK), .write_i(WR_EN[0]), .write_addr_i(WR_ADDR), .write_data_i(WR_DATA),
    .read_i(RD_EN), .read_addr_i(RD_ADDR), .data_o(RD_DATA)
  );
endmodule

// A memory that a stream fills and the bus reads: Beats beats of Bytes bytes, a beat a cycle.
//
// Beat q lies in slot q mod Beats. The stream waits while Beats beats are neither read nor released. A beat
// takes Stride words, the lowest first; a word is read a cycle after it was asked for.
module bcq_sink #(
  parameter int unsigned Bytes  = 4,
  parameter int unsigned Beats  = 256,
  parameter int unsigned CountW = 24,
  localparam int unsigned Banks  = (Bytes + 3) / 4,
  localparam int unsigned Stride = 1 << $clog2(Banks),
  localparam int unsigned WordW  = $clog2(Beats * Stride)
) (
  input  logic               clk_i,
  input  logic               rst_ni,

  input  logic               clear_i,         // beats, released beats and last_o: none
  input  logic               set_released_i,
  input  logic [CountW-1:0]  value_i,
  output logic [CountW-1:0]  tail_o,          // beats received
  output logic               last_o,          // tlast was seen

  input  logic               read_i,
  input  logic [WordW-1:0]   address_i,
  output logic [31:0]        data_o,

  input  logic               tvalid_i,
  output logic               tready_o,
  input  logic [Bytes*8-1:0] tdata_i,
  input  logic               tlast_i
);

  localparam int unsigned SlotW = $clog2(Beats);
  localparam int unsigned LowW  = WordW - SlotW;

  if (Bytes < 1 || Beats < 2 || (Beats & (Beats - 1)) != 0 || CountW <= SlotW) begin : g_bad
    $error("bcq_sink: Beats must be a power of two, 2 or more, and smaller than the counters hold");
  end

  logic [CountW-1:0] tail_d, tail_q;
  logic [SlotW:0]    released_q;  // never more than Beats behind the tail: its low bits tell all
  logic              take, last_q;

  assign tready_o = (tail_q[SlotW:0] ^ released_q) != {1'b1, {SlotW{1'b0}}};
  assign take     = tvalid_i && tready_o;
  assign tail_d   = clear_i ? '0 : tail_q + CountW'(take);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) last_q <= 1'b0;
    else         last_q <= !clear_i && (last_q || (take && tlast_i));
  end
  // Not reset: clear_i comes first.
  always_ff @(posedge clk_i) begin
    tail_q <= tail_d;
    if (clear_i) released_q <= '0;
    else if (set_released_i) released_q <= value_i[SlotW:0];
  end
  logic unused;
  assign unused = ^value_i[CountW-1:SlotW];

  assign tail_o = tail_q;
  assign last_o = last_q;

  logic [Banks*32-1:0]  word;
  logic [SlotW-1:0]     slot;

  for (genvar b = 0; b < Banks; b++) begin : g_bank
    localparam int unsigned Width = Bytes - 4 * b > 3 ? 32 : (Bytes - 4 * b) * 8;
    bcq_word_memory #(.Words(Beats), .Width(Width)) u_memory (
      .clk_i,
      .write_i(take), .write_addr_i(tail_q[SlotW-1:0]), .write_data_i(tdata_i[b*32 +: Width]),
      .read_i, .read_addr_i(slot), .data_o(word[b*32 +: Width])
    );
    if (Width < 32) begin : g_rest
      assign word[b*32+Width +: 32-Width] = '0;
    end
  end

  if (LowW > 0) begin : g_stride
    logic [Stride*32-1:0] all;
    assign all    = {{(Stride - Banks) * 32{1'b0}}, word};
    assign slot   = address_i[WordW-1:LowW];
    assign data_o = all[address_i[LowW-1:0]*32 +: 32];
  end else begin : g_single
    assign slot   = address_i;
    assign data_o = word;
  end

endmodule

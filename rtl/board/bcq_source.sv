// A memory that the bus fills and a stream empties: Beats beats of Bytes bytes, a beat a cycle.
//
// A turn is beats 0 to last_beat; it is sent `turns` times, and tlast comes with the last beat of the last turn.
// Beat p leaves once the host has posted more than p beats, from slot p mod Beats. A turn that fits the
// memory stays there; a longer one is sent once, and the host posts while the head advances, never more
// than Beats beyond it.
//
// Words: beats of 1 and 2 bytes lie 4 and 2 in a word, packed; one of more bytes takes Stride words, the
// lowest first. A word is read a cycle after it was asked for, and only while nothing waits to be sent,
// because the stream's data register is the memory's own.
module bcq_source #(
  parameter int unsigned Bytes  = 4,
  parameter int unsigned Beats  = 256,
  parameter int unsigned CountW = 24,
  parameter int unsigned Stream = Bytes,  // bytes of a beat that the stream has: tkeep is about them
  localparam int unsigned Pack   = Bytes > 2 ? 1 : 4 / Bytes,          // beats a word
  localparam int unsigned Banks  = (Bytes + 3) / 4,                    // words a beat
  localparam int unsigned Stride = 1 << $clog2(Banks),
  localparam int unsigned WordW  = $clog2(Beats * Stride / Pack),      // of a word's address
  localparam int unsigned TurnsW = 16,
  localparam int unsigned PadW   = Stream > 1 ? $clog2(Stream) : 1
) (
  input  logic               clk_i,
  input  logic               rst_ni,

  // The host's registers.
  input  logic               set_last_i,    // of the turn; position, turns and posted beats become 0
  input  logic               set_turns_i,
  input  logic               set_posted_i,
  input  logic [CountW-1:0]  last_beat_i,
  input  logic [PadW-1:0]    pad_i,         // with set_last_i: bytes that tkeep leaves out of a last beat
  input  logic [CountW-1:0]  value_i,
  output logic [CountW-1:0]  head_o,
  output logic               busy_o,        // turns are left, or a beat waits
  output logic               waiting_o,     // a beat is about to leave: set nothing but posted beats, read nothing

  input  logic               write_i,
  input  logic               read_i,
  input  logic [WordW-1:0]   address_i,
  input  logic [31:0]        data_i,
  output logic [31:0]        data_o,

  output logic               tvalid_o,
  input  logic               tready_i,
  output logic [Bytes*8-1:0] tdata_o,
  output logic [Stream-1:0]  tkeep_o,
  output logic               tlast_o
);

  localparam int unsigned SlotW = $clog2(Beats);
  localparam int unsigned BankW = $clog2(Beats / Pack);  // of an address inside a bank
  localparam int unsigned LowW  = WordW - BankW;         // which bank

  if (Bytes < 1 || Beats < 4 || (Beats & (Beats - 1)) != 0 || CountW <= SlotW || CountW < TurnsW) begin : g_bad
    $error("bcq_source: Beats must be a power of two, 4 or more, and smaller than the counters hold");
  end

  // ---- What is sent next -----------------------------------------------------------------------------------

  logic [CountW-1:0] head_d, head_q, last_beat_q;
  logic [TurnsW-1:0] turns_d, turns_q;
  // Never more than Beats ahead of the head: its low bits tell all.
  logic [SlotW:0]    posted_q;
  logic [PadW-1:0]   pad_q;
  logic              due, fetch, turn_ends, valid_d, valid_q, last_q;

  assign turn_ends = head_q == last_beat_q;
  assign due       = turns_q != '0 && posted_q != head_q[SlotW:0];
  assign fetch     = due && (!valid_q || tready_i);
  assign valid_d   = fetch || (valid_q && !tready_i);

  always_comb begin
    head_d  = head_q;
    turns_d = turns_q;
    if (fetch) begin
      head_d = turn_ends ? '0 : head_q + 1'b1;
      if (turn_ends) turns_d = turns_q - 1'b1;
    end
    if (set_last_i) begin
      head_d  = '0;
      turns_d = '0;
    end
    if (set_turns_i) turns_d = value_i[TurnsW-1:0];
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      turns_q <= '0;
      valid_q <= 1'b0;
    end else begin
      turns_q <= turns_d;
      valid_q <= valid_d;
    end
  end
  // Not reset: set_last_i comes first.
  always_ff @(posedge clk_i) begin
    head_q <= head_d;
    if (set_last_i) posted_q <= '0;
    else if (set_posted_i) posted_q <= value_i[SlotW:0];
    if (set_last_i) last_beat_q <= last_beat_i;
    if (set_last_i) pad_q <= pad_i;
    if (fetch)      last_q <= turn_ends && turns_q == TurnsW'(1);
  end

  if (CountW > TurnsW && CountW > SlotW + 1) begin : g_unused
    logic unused;
    assign unused = ^value_i[CountW-1 : TurnsW > SlotW + 1 ? TurnsW : SlotW + 1];
  end

  assign head_o    = head_q;
  assign busy_o    = turns_q != '0 || valid_q;
  assign waiting_o = due || valid_q;
  assign tvalid_o  = valid_q;
  assign tlast_o   = last_q;
  for (genvar i = 0; i < Stream; i++) begin : g_keep
    assign tkeep_o[i] = !last_q || 32'(pad_q) < Stream - i;
  end

  // ---- The memory ------------------------------------------------------------------------------------------

  logic [BankW-1:0]    bank_address, fetch_address;
  logic [Banks*32-1:0] word;

  if (LowW > 0) begin : g_stride
    logic [LowW-1:0] bank;
    assign bank         = address_i[LowW-1:0];
    assign bank_address = address_i[WordW-1:LowW];
    logic [Stride*32-1:0] all;
    assign all    = {{(Stride - Banks) * 32{1'b0}}, word};
    assign data_o = all[bank*32 +: 32];
  end else begin : g_single
    assign bank_address = address_i;
    assign data_o       = word;
  end

  for (genvar b = 0; b < Banks; b++) begin : g_bank
    // The last bank holds what the beat needs of it.
    localparam int unsigned Width = Pack > 1 || Bytes - 4 * b > 3 ? 32 : (Bytes - 4 * b) * 8;
    logic mine;
    if (LowW > 0) begin : g_select
      assign mine = address_i[LowW-1:0] == LowW'(b);
    end else begin : g_only
      assign mine = 1'b1;
    end
    bcq_word_memory #(.Words(Beats / Pack), .Width(Width)) u_memory (
      .clk_i,
      .write_i(write_i && mine), .write_addr_i(bank_address), .write_data_i(data_i[Width-1:0]),
      .read_i(fetch || read_i), .read_addr_i(fetch ? fetch_address : bank_address),
      .data_o(word[b*32 +: Width])
    );
    if (Width < 32) begin : g_rest
      assign word[b*32+Width +: 32-Width] = '0;
      logic unused;
      assign unused = ^data_i[31:Width];
    end
  end

  if (Pack > 1) begin : g_packed
    logic [SlotW-BankW-1:0] place_q;  // of the beat in its word
    always_ff @(posedge clk_i) if (fetch) place_q <= head_q[SlotW-BankW-1:0];
    assign fetch_address = head_q[SlotW-1:SlotW-BankW];
    assign tdata_o       = word[place_q*Bytes*8 +: Bytes*8];
  end else begin : g_whole
    assign fetch_address = head_q[SlotW-1:0];
    assign tdata_o       = word[Bytes*8-1:0];
  end

  bcq_stream_rules #(.Width(Bytes * 8 + Stream + 1)) u_rules (
    .clk_i, .rst_ni, .valid_i(tvalid_o), .ready_i(tready_i), .data_i({tlast_o, tkeep_o, tdata_o})
  );

endmodule

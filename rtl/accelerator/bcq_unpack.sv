// Words out of a byte stream: beats of InBytes in, words of OutBytes out, without a gap between words.
//
// A word is offered in the cycle after its last byte came (if InBytes = OutBytes in the same cycle), one a cycle
// at most. Valid/ready on both sides; in_ready_o depends on out_ready_i in the same cycle. Of the beat with
// in_last_i only the bytes that in_keep_i marks count, lowest first; of all others every byte. After it nothing more is
// taken until reset: exhausted_o says that it came and no whole word is left. Bytes that are no whole word are
// dropped. Does not check what they are.
module bcq_unpack #(
  parameter int unsigned InBytes = 4,
  parameter int unsigned OutBytes = 37
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,

  input  logic                  in_valid_i,
  output logic                  in_ready_o,
  input  logic [InBytes*8-1:0]  in_data_i,
  input  logic                  in_last_i,
  input  logic [InBytes-1:0]    in_keep_i,

  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [OutBytes*8-1:0] out_data_o,

  output logic                  last_seen_o,
  output logic                  exhausted_o
);

  // Bytes move in units of the greatest common divisor, so that there are few places to put a beat at.
  function automatic int unsigned gcd(input int unsigned a, input int unsigned b);
    int unsigned x, y, rest;
    x = a;
    y = b;
    for (int i = 0; i < 16; i++) begin
      if (y != 0) begin
        rest = x % y;
        x = y;
        y = rest;
      end
    end
    gcd = x;
  endfunction

  localparam int unsigned Unit   = 8 * gcd(InBytes, OutBytes);  // bits
  localparam int unsigned InU    = InBytes * 8 / Unit;
  localparam int unsigned OutU   = OutBytes * 8 / Unit;
  localparam int unsigned LevelW = $clog2(OutU + InU + 1);

  if (InBytes < 1 || InBytes > 1024 || OutBytes < 1 || OutBytes > 1024) begin : g_bad_bytes
    $error("bcq_unpack: InBytes and OutBytes must be 1 to 1024");
  end

  logic last_q, take, pop;

  assign take        = in_valid_i && in_ready_o;
  assign pop         = out_valid_o && out_ready_i;
  assign last_seen_o = last_q;
  assign exhausted_o = last_q && !out_valid_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) last_q <= 1'b0;
    else         last_q <= last_q || (take && in_last_i);
  end

  if (InBytes == OutBytes) begin : g_direct
    logic partial;
    assign partial     = in_last_i && !(&in_keep_i);
    assign out_valid_o = in_valid_i && !last_q && !partial;
    assign in_ready_o  = (out_ready_i || partial) && !last_q;
    assign out_data_o  = in_data_i;
    logic unused;
    assign unused = pop;
  end else begin : g_collect
    logic [LevelW-1:0] level_d, level_q, kept, come;  // units here; after the pop; in the beat

    assign out_valid_o = level_q >= LevelW'(OutU);
    assign kept        = pop ? level_q - LevelW'(OutU) : level_q;
    assign level_d     = take ? kept + come : kept;

    always_comb begin
      come = '0;
      for (int unsigned u = 0; u < InU; u++) begin
        // The highest byte of a unit tells: those below it count if it does.
        if (!in_last_i || in_keep_i[(u + 1) * (Unit / 8) - 1]) come = LevelW'(u + 1);
      end
    end
    logic unused;
    assign unused = ^in_keep_i;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) level_q <= '0;
      else         level_q <= level_d;
    end

    if (OutU % InU == 0) begin : g_shift
      // A partial beat completes no word here, so it may go where it likes.
      logic [OutBytes*8-1:0] word_q;
      assign in_ready_o = !last_q && (!out_valid_o || out_ready_i);
      assign out_data_o = word_q;
      always_ff @(posedge clk_i) begin
        if (take) word_q <= {in_data_i, word_q[OutBytes*8-1 : InBytes*8]};
      end
    end else begin : g_barrel
      localparam int unsigned BufferW = (InU + OutU) * Unit;
      logic [BufferW-1:0] buffer_d, buffer_q, rest, placed;

      assign in_ready_o = !last_q && kept <= LevelW'(OutU);
      assign out_data_o = buffer_q[OutBytes*8-1:0];
      // Zeros above what is kept, so that a beat is put there with an OR.
      assign rest       = kept == '0 ? '0 : pop ? buffer_q >> (OutU * Unit) : buffer_q;

      always_comb begin
        placed = BufferW'(in_data_i);
        for (int unsigned s = 0; s < LevelW; s++) begin
          if (kept[s]) placed = placed << (Unit << s);
        end
        buffer_d = take ? rest | placed : rest;
      end
      always_ff @(posedge clk_i) buffer_q <= buffer_d;
    end
  end

endmodule

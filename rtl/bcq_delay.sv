// A shift register: out_o is in_i Stages enabled cycles ago. Stages may be 0, then it is a wire.
// Latency Stages. No handshake, no reset: what must start at zero is flushed or reset elsewhere.
module bcq_delay #(
  parameter int unsigned Width  = 1,
  parameter int unsigned Stages = 1
) (
  input  logic             clk_i,
  input  logic             en_i,

  input  logic [Width-1:0] in_i,
  output logic [Width-1:0] out_o
);

  if (Stages == 0) begin : g_wire
    logic unused_clk;
    assign unused_clk = clk_i ^ en_i;
    assign out_o = in_i;
  end else begin : g_shift
    logic [Stages*Width-1:0] stage_q;  // newest lowest
    assign out_o = stage_q[Stages*Width-1 -: Width];

    if (Stages == 1) begin : g_one
      always_ff @(posedge clk_i) begin
        if (en_i) stage_q <= in_i;
      end
    end else begin : g_many
      always_ff @(posedge clk_i) begin
        if (en_i) stage_q <= {stage_q[(Stages-1)*Width-1:0], in_i};
      end
    end
  end

endmodule

// Delay line: what goes in leaves exactly Stages enabled cycles later, and stays while stalled. One
// word, taken in any cycle, is followed.
module delay #(
  parameter int unsigned Width = 2,
  parameter int unsigned Stages = 3
) (
  input logic             clk_i,
  input logic             en_i,
  input logic [Width-1:0] in_i
);

  logic [Width-1:0]        out;
  logic [Stages*Width-1:0] dut__g_shift__stage_q;
  bcq_delay #(.Width(Width), .Stages(Stages)) dut (.clk_i, .en_i, .in_i, .out_o(out));

  (* anyseq *) logic pick;
  logic [7:0]       age_q = 8'd0;  // enabled cycles since the word was taken; 0: there is none
  logic [Width-1:0] word_q;
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      if (age_q == 8'd0 && pick) begin
        age_q  <= 8'd1;
        word_q <= in_i;
      end else if (age_q != 8'd0) begin
        age_q <= 32'(age_q) == Stages ? 8'd0 : age_q + 8'd1;
      end
    end
  end

  always_comb begin
    if (32'(age_q) == Stages) assert (out == word_q);
    // For the induction: where the word is.
    assert (32'(age_q) <= Stages);
    if (age_q != 8'd0) assert (Width'(dut__g_shift__stage_q >> (32'(age_q - 8'd1) * Width)) == word_q);
  end

endmodule

// Sum of Terms numbers of Width bits and of Terms - 1 single bits, modulo 2^Width: full adders written out,
// rows of carry-save adders and a ripple at the end. Combinational.
//
// Every second column is inverted, of terms and sum alike: bit i is stored as bit i ^ (i % 2). Then all carries of
// full adders come inverted, as gates give them, and no inverter is needed: a sum bit of three inverted bits is
// inverted, and the inverse of the majority of three inverted bits is the carry itself.
module bcq_adder_tree #(
  parameter int unsigned Terms = 9,
  parameter int unsigned Width = 18,
  parameter bit          Chain = 1'b0   // the rows of a product, each one place further up: fewer half adders
) (
  input  logic [Terms*Width-1:0] term_i,
  input  logic [Terms-2:0]       bit_i,
  output logic [Width-1:0]       sum_o
);

  if (Terms < 3 || Width < 2) begin : g_bad_params
    $error("bcq_adder_tree: want Terms >= 3 and Width >= 2");
  end

  // A queue of rows: each adder takes three at its front and puts two, sum and carries, at its end. Chain: each
  // but the first takes the two of the one before and the next term.
  localparam int unsigned Adders = Terms - 2;

  always_comb begin
    logic [(Terms+2*Adders)*Width-1:0] row;
    logic [Width-1:0]                  a, b, c;
    logic                              carry;
    row = {{2*Adders*Width{1'b0}}, term_i};
    for (int unsigned k = 0; k < Adders; k++) begin
      a = row[(Chain && k > 0 ? Terms + 2*k - 2 : 3*k)*Width +: Width];
      b = row[(Chain && k > 0 ? Terms + 2*k - 1 : 3*k + 1)*Width +: Width];
      c = row[(Chain ? k + 2 : 3*k + 2)*Width +: Width];
      row[(Terms + 2*k)*Width +: Width]     = a ^ b ^ c;
      row[(Terms + 2*k + 1)*Width +: Width] = (~((a & b) | (c & (a ^ b))) << 1) | Width'(bit_i[k]);
    end
    {b, a} = row[(Terms + 2*Adders - 2)*Width +: 2*Width];
    carry  = bit_i[Adders];
    for (int unsigned i = 0; i < Width; i++) begin
      sum_o[i] = a[i] ^ b[i] ^ carry;
      carry    = !((a[i] && b[i]) || (carry && (a[i] ^ b[i])));
    end
  end

endmodule

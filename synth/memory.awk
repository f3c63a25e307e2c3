# A stand-in for each memory, for timing alone: all its ports end and begin in flip-flops.
#   awk -f memory.awk memories.txt mapped.il > memory.v
FNR == 1 { file++ }
file == 1 { is_memory["\\" $1] = 1; next }
$1 == "module" && $2 in is_memory { module = substr($2, 2); ports = inputs = outputs = declared = ""; in_w = out_w = 0 }
$1 == "end" && module != "" && !/^ / {
  printf "module %s (%s);\n%s  (* keep *) reg [%d:0] in_q;\n  reg [%d:0] out_q;\n", module, ports, declared, in_w - 1, out_w - 1
  printf "  assign {%s} = out_q;\n  always @(posedge clk_i) begin\n    in_q <= {%s};\n", outputs, inputs
  for (i = 0; i < out_w; i++) printf "    out_q[%d] <= in_q[%d];\n", i, i % in_w
  printf "  end\nendmodule\n"
  module = ""
}
module != "" && $1 == "wire" {
  kind = ""; width = 1
  for (i = 2; i < NF; i++) {
    if ($i == "width") width = $(i + 1)
    if ($i == "input" || $i == "output") kind = $i
  }
  if (kind == "") next
  name = substr($NF, 2)
  ports = ports (ports == "" ? "" : ", ") name
  declared = declared sprintf("  %s %s%s;\n", kind, width > 1 ? sprintf("[%d:0] ", width - 1) : "", name)
  if (kind == "output") { outputs = outputs (outputs == "" ? "" : ", ") name; out_w += width }
  else if (name != "clk_i") { inputs = inputs (inputs == "" ? "" : ", ") name; in_w += width }
}

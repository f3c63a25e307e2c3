# First line of a recording (tb/dut.cpp: name bits name bits ...) -> the bench that replays its other
# lines, for a simulator with four states. -v top=MODULE -v parameters="K=V K=V" -v skip=CYCLES
#
# Every register starts as x. An input that belongs to a stream (P_... beside P_valid_i) is x while its
# valid is 0. An output that belongs to a stream is compared while its valid is 1, any other in every
# cycle: from the first with rst_ni at 0 on, or, where there is no such port, after the first `skip`.
# A bit that is x or z equals nothing, but in an output table_...: what was never loaded into it is x.

function guard(name,    prefix) {  # the valid that an operand belongs to, or ""
  if (name ~ /_(valid|ready)_[io]$/) return ""
  prefix = name
  while (sub(/_[^_]*$/, "", prefix))
    if (prefix "_valid_" substr(name, length(name)) in bits) return prefix "_valid_" substr(name, length(name))
  return ""
}

NR > 1 { exit }
{
  for (i = 1; i < NF; i += 2) { order[n++] = $i; bits[$i] = $(i + 1) }
  print "`timescale 1ns/1ns"
  print "module replay;"
  print "  integer file, cycle = 0, mismatches = 0, data = 0, other = 0;"
  print "  reg [1023:0] name;"
  print "  reg known = 1'b0;  // the outputs must be"
  for (i = 0; i < n; i++) {
    p = order[i]
    printf "  reg [%d:0] read_%s;\n", bits[p] - 1, p
    if (p ~ /_o$/) printf "  wire [%d:0] %s;\n", bits[p] - 1, p
    else           printf "  reg [%d:0] %s;\n", bits[p] - 1, p
  }
  m = split(parameters, pair, " ")
  printf "  %s #(", top
  for (i = 1; i <= m; i++) { split(pair[i], kv, "="); printf "%s.%s(%s)", (i > 1 ? ", " : ""), kv[1], kv[2] }
  printf ") dut ("
  for (i = 0; i < n; i++) printf "%s.%s(%s)", i ? ", " : "", order[i], order[i]
  print ");"
  print "  initial begin"
  print "    clk_i = 1'b0;"
  print "    if (!$value$plusargs(\"vectors=%s\", name)) $finish(0);"
  print "    file = $fopen(name, \"r\");"
  printf "    while (file != 0 && $fscanf(file, \""
  for (i = 0; i < n; i++) printf "%s%%h", i ? " " : ""
  printf "\""
  for (i = 0; i < n; i++) printf ", read_%s", order[i]
  printf ") == %d) begin\n", n
  for (i = 0; i < n; i++) {
    p = order[i]
    if (p ~ /_o$/ || p == "clk_i") continue
    g = guard(p)
    printf "      %s = %s;\n", p, g == "" ? "read_" p : "read_" g " ? read_" p " : {" bits[p] "{1'bx}}"
  }
  print "      #1;"
  print "      " ("rst_ni" in bits ? "if (!rst_ni) known = 1'b1;" : "known = cycle >= " skip + 0 ";")
  for (i = 0; i < n; i++) {
    p = order[i]
    if (p !~ /_o$/) continue
    g = guard(p)
    outputs++
    if (g != "") guarded++
    printf "      if (known%s) begin\n", g == "" ? "" : " && read_" g
    count = g == "" ? "other" : "data"
    print "        " count " = " count " + 1;"
    printf (p ~ /^table_/ ? "        if ((%s == read_%s) === 1'b0) begin\n" : "        if (%s !== read_%s) begin\n"), p, p
    print "          mismatches = mismatches + 1;"
    printf "          if (mismatches <= 3) $display(\"FAIL cycle %%0d %s: replayed %%h, recorded %%h\", cycle, %s, read_%s);\n", p, p, p
    print "        end"
    print "      end"
  }
  print "      clk_i = 1'b1; #1; clk_i = 1'b0;"
  print "      cycle = cycle + 1;"
  print "    end"
  print "    $display(\"cycles %0d other %0d data %0d guarded " guarded + 0 " mismatches %0d\","
  print "             cycle, other, data, mismatches);"
  print "    $finish(0);"
  print "  end"
  print "endmodule"
}
END { if (!outputs) { print "replay.awk: wanted a recording with outputs" > "/dev/stderr"; exit 1 } }

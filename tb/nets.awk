# A flat netlist with all its nets on one more port, nets_o, so that a simulator shows them; and their list.
#   awk -v list=FILE -f nets.awk NETLIST.v > NETS.v
# list: a line "NAME BIT" for each bit of nets_o, the lowest first.
/^module / { modules++; sub(/\);$/, ", nets_o);"); print; next }
/^  wire / {
  print
  name = $NF == ";" ? $(NF - 1) : $NF
  sub(/;$/, "", name)
  left = right = 0
  if ($2 ~ /^\[/) { split(substr($2, 2), range, ":"); left = range[1] + 0; right = range[2] + 0 }
  if (left < right) { print "nets.awk: wanted vectors that count down, got " $0 > "/dev/stderr"; bad = 1; exit 1 }
  nets[++n] = name (name ~ /^\\/ ? " " : "")
  bits += left - right + 1
  for (i = right; i <= left; i++) { shown = name; sub(/^\\/, "", shown); print shown, i > list }
  next
}
/^endmodule/ {
  printf "  output [%d:0] nets_o;\n  assign nets_o = {", bits - 1
  for (i = n; i; i--) printf "%s%s%s", n - i ? ", " : " ", (n - i) % 8 ? "" : "\n    ", nets[i]
  print " };"
}
{ print }
END { if (!bad && (modules != 1 || !n)) { print "nets.awk: wanted one module with wires, got " modules + 0 > "/dev/stderr"; exit 1 } }

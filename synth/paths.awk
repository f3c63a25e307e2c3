# What else OpenSTA is to report: paths through parts without flip-flops, and out of memories.
#   awk -v out=DIR -f paths.awk parts.csv memories.txt scopes.txt >> sta.tcl
# An index in a name would be a pattern: a star stands for the bracket.
FILENAME ~ /parts/    { split($0, col, ","); if (col[5] == 0 && col[7] > 0) none[col[1]] = 1; next }
FILENAME ~ /memories/ { is_memory[$1] = 1; next }
$3 == "" { next }
{ gsub(/[][]/, "*", $3) }
$1 in none      { through[$1] = through[$1] " " $3 }
$2 in is_memory { from = from " " $3 "/*" }
END {
  for (p in through)
    printf "report_checks -path_delay max -format summary -through [get_cells {%s}] > %s/%s.through\n", through[p], out, p
  if (from != "") printf "report_checks -path_delay max -from [get_cells {%s}] > %s/memory.read\n", from, out
}

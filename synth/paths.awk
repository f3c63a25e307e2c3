# What OpenSTA is to do with a netlist: see sta.tcl. PERIOD in ns.
#   awk -v period=PERIOD -f paths.awk memories.txt scopes.txt >> sta.tcl
# An index in a name would be a pattern: a star stands for the bracket.
FILENAME ~ /memories/ { is_memory[$1] = 1; next }
$3 == "" { next }
{ gsub(/[][]/, "*", $3) }
$2 ~ /^bcq_codebooks/ { codebooks = codebooks " " $3 }
$2 in is_memory { from = from " " $3 "/*" }
END {
  printf "static_codebooks {%s}\n", codebooks
  if (from == "") print "proc from_memories {file} {}"
  else printf "proc from_memories {file} { report_checks -path_delay max -digits 4 -from [get_cells {%s}] > $file }\n", from
  printf "least_period %s\n", period
}

# cmodel/params.def -> C header or SystemVerilog package.  -v lang=c | -v lang=sv
BEGIN {
  if (lang == "sv") print "// Made from cmodel/params.def by scripts/params.awk: edit that file.\npackage bcq_pkg;"
  if (lang == "c")  print "/* Made from cmodel/params.def by scripts/params.awk: edit that file. */"
}
/^#/ || NF == 0 { next }
NF < 4 || $2 !~ /^[0-9]+$/ {
  printf "params.def:%d: want NAME VALUE UNIT MEANING\n", NR > "/dev/stderr"; bad = 1; exit 1
}
{
  meaning = $4; for (i = 5; i <= NF; i++) meaning = meaning " " $i
  if (lang == "c")  printf "enum { BCQ_%s = %s };  /* %s: %s */\n", $1, $2, $3, meaning
  if (lang == "sv") printf "  localparam int unsigned %s = %s;  // %s: %s\n", $1, $2, $3, meaning
}
END { if (!bad && lang == "sv") print "endpackage" }

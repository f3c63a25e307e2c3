# rtl/accelerator/registers.def -> C header, SystemVerilog package or Markdown table.  -v lang=c | sv | md
function rest(from,    i, text) { for (i = from; i <= NF; i++) text = text (i > from ? " " : "") $i; return text }
function fail(what) { printf "registers.def:%d: want %s\n", NR, what > "/dev/stderr"; bad = 1; exit 1 }
function hex(text,    i, value) {
  if (text !~ /^0x[0-9a-f]+$/) return text + 0
  for (i = 3; i <= length(text); i++) value = 16 * value + index("0123456789abcdef", substr(text, i, 1)) - 1
  return value
}
BEGIN {
  made = "Made from rtl/accelerator/registers.def by scripts/registers.awk: edit that file."
  if (lang == "c")  print "/* " made " */\n#ifndef BCQ_REGISTERS_H\n#define BCQ_REGISTERS_H\n"
  if (lang == "sv") print "// " made "\npackage bcq_reg_pkg;"
  if (lang == "md") {
    print "| address | register | access | bits | meaning |\n|---|---|---|---|---|"
  }
}
/^#/ || NF == 0 { next }
$1 == "const" {
  if (NF < 4) fail("const NAME VALUE MEANING")
  if (lang == "c")  printf "enum { BCQ_%s = %s };  /* %s */\n", $2, $3, rest(4)
  if (lang == "sv") printf "  localparam logic [31:0] %s = 32'd%d;  // %s\n", $2, hex($3), rest(4)
  if (lang == "md") constants = constants sprintf("| `%s` | %s | %s |\n", $2, $3, rest(4))
  next
}
$1 == "reg" {
  if (NF < 5 || $3 !~ /^0x[0-9a-f]+$/ || $4 !~ /^(ro|rw|w1c)$/ || hex($3) % 4) fail("reg NAME ADDRESS ro|rw|w1c MEANING")
  if (seen[$3]++) fail("an address of its own, got " $3)
  name = $2
  if (lang == "c")  printf "enum { BCQ_REG_%s = %s };  /* %s: %s */\n", name, $3, $4, rest(5)
  if (lang == "sv") printf "  localparam logic [11:0] REG_%s = 12'd%d;  // %s: %s\n", name, hex($3), $4, rest(5)
  if (lang == "md") printf "| %s | `%s` | %s | | %s |\n", $3, name, $4, rest(5)
  next
}
$1 == "field" {
  if (NF < 5 || $3 + $4 > 32 || $4 < 1) fail("field NAME LSB WIDTH MEANING")
  if (lang == "c") {
    printf "enum { BCQ_%s_%s_LSB = %d, BCQ_%s_%s_WIDTH = %d", name, $2, $3, name, $2, $4
    if ($4 == 1) printf ", BCQ_%s_%s = 1 << %d", name, $2, $3
    printf " };  /* %s */\n", rest(5)
  }
  if (lang == "sv")
    printf "  localparam int unsigned %s_%s_LSB = %d, %s_%s_WIDTH = %d;  // %s\n", name, $2, $3, name, $2, $4, rest(5)
  if (lang == "md")
    printf "| | `%s.%s` | | %s | %s |\n", name, $2, $4 == 1 ? $3 : ($3 + $4 - 1) ":" $3, rest(5)
  next
}
{ fail("const, reg or field, got " $1) }
END {
  if (bad) exit 1
  if (lang == "c")  print "\n#endif"
  if (lang == "md") printf "\n| constant | value | meaning |\n|---|---|---|\n%s", constants
  if (lang == "sv") print "endpackage"
}

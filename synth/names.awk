# RTLIL with short names of modules: $paramod$HASH\bcq_delay -> bcq_delay__3, numbered in the file's order;
# a name that is there once stays as it is. What has no cells gets _wires behind it, and can be dissolved.
#   awk -f names.awk DESIGN.il DESIGN.il
function base(name,   part) {
  return split(name, part, "\\") > 1 ? part[2] : name
}
FNR == 1 { pass++ }
pass == 1 && $1 == "module" { module = $2; modules[++count] = $2; next }
pass == 1 && $1 == "cell" { busy[module] = 1 }
pass == 1 { next }
pass == 2 && FNR == 1 {
  for (i = 1; i <= count; i++) {
    of[modules[i]] = base(modules[i]) (modules[i] in busy ? "" : "_wires")
    n[of[modules[i]]]++
  }
}
($1 == "module" || $1 == "cell") && $2 in of {
  if (!($2 in short)) short[$2] = n[of[$2]] == 1 ? of[$2] : of[$2] "__" ++number[of[$2]]
  $0 = ($1 == "cell" ? "  " : "") $1 " \\" short[$2] (NF > 2 ? " " $3 : "")
}
{ print }

# One row of rtl/rivals/configs.def -> parameters of rival_gemm. -v name=CONFIG, before, between, quote as for
# scripts/config.awk. First file: cmodel/params.def, which numbers the formats.
FNR == 1 { files++ }
/^#/ || NF == 0 { next }
files == 1 { number[$1] = $2; next }
$1 == name {
  found = 1
  format = toupper($2); gsub(/-/, "_", format); format = "FORMAT_" format
  if (!(format in number)) {
    printf "rtl/rivals/configs.def: %s: no format %s\n", name, $2 > "/dev/stderr"; bad = 1; exit 1
  }
  n = split("Format LA Cols T NDec", key, " ")
  value[1] = number[format]
  for (i = 2; i <= n; i++) value[i] = $(i + 1)
  for (i = 1; i <= n; i++) printf "%s%s%s%s ", before, key[i], between, value[i]
  printf "%sAsic%s1%sb%d ", before, between, quote == "" ? "'" : quote, $7
  print ""
}
END {
  if (!found && !bad) { printf "rtl/rivals/configs.def: no configuration %s\n", name > "/dev/stderr"; exit 1 }
}

# docs/results/hw-compare.csv -> tables for people: area, clock, energy and error of each format, then area by part.
# Several libraries are several tables. awk -f synth/compare.awk FILE.csv
BEGIN { FS = ","; OFMT = "%.9g" }
FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
{
  lib = $column["library"]; id = $column["format"] " " $column["variant"]; part = $column["part"]
  if (!(lib in libs)) { libs[lib] = 1; library[++libraries] = lib }
  if (!((lib, id) in known)) { known[lib, id] = 1; point[lib, ++points[lib]] = id }
  if (!((lib, part) in known_part)) { known_part[lib, part] = 1; parts[lib, ++part_count[lib]] = part }
  for (name in column) value[lib, id, part, name] = $column[name]
}
function v(part, name) { return value[lib, id, part, name] }
# A number, or - where there is none.
function num(format, x) { return x == "" ? "-" : sprintf(format, x) }
function range(part) {
  if (v(part, "ge_per_mac") == "") return "-"
  return sprintf("%.1f (%.1f-%.1f)", v(part, "ge_per_mac"), v(part, "ge_min"), v(part, "ge_max"))
}
END {
  if (!libraries) { print "compare.awk: wanted rows, got none" > "/dev/stderr"; exit 1 }
  for (l = 1; l <= libraries; l++) {
    lib = library[l]
    if (l > 1) print ""
    printf "%s: GE a multiplier, median (least-most) of the recipes; MHz; pJ a MAC; NMSE\n", lib
    printf "| %-24s | %-22s | %-22s | %-22s | %5s | %6s | %6s | %6s | %6s | %9s |\n", "format", "column", "whole array", \
      "encoder", "Fmax", "real", "zeros", "random", "worst", "NMSE"
    print "|---|---|---|---|---|---|---|---|---|---|"
    for (p = 1; p <= points[lib]; p++) {
      id = point[lib, p]
      printf "| %-24s | %-22s | %-22s | %-22s | %5s | %6s | %6s | %6s | %6s | %9s |\n", id, range("column"), range("total"), \
        range("encoder"), num("%.0f", v("total", "fmax_mhz")), num("%.3f", v("total", "pj_per_mac")), \
        num("%.3f", v("total", "pj_zeros")), num("%.3f", v("total", "pj_random")), num("%.3f", v("total", "pj_worst")), \
        num("%.3e", v("total", "nmse"))
    }
    printf "\n%s: GE a multiplier by part\n| %-24s |", lib, "part"
    for (p = 1; p <= points[lib]; p++) printf " %s |", point[lib, p]
    printf "\n|---|"
    for (p = 1; p <= points[lib]; p++) printf "---|"
    for (k = 1; k <= part_count[lib]; k++) {
      printf "\n| %-24s |", parts[lib, k]
      for (p = 1; p <= points[lib]; p++) { id = point[lib, p]; printf " %s |", num("%.1f", v(parts[lib, k], "ge_per_mac")) }
    }
    print ""
  }
}

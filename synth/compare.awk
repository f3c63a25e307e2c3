# parts.csv of bcq explore, one or several -> tables for people: area, clock, energy and error of each format, area by
# part, and BCQ over each rival. Several libraries are several tables. awk -f synth/compare.awk docs/results/hw-compare.csv
BEGIN { FS = ","; OFMT = "%.9g" }
FNR == 1 { split("", column); for (i = 1; i <= NF; i++) column[$i] = i; next }
{
  lib = $column["library"]; part = $column["part"]
  id = $column["format"] ($column["variant"] == "" ? "" : " " $column["variant"])
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
function product(format, a, b) { return a == "" || b == "" ? "-" : sprintf(format, a * b) }
function over(format, a, b) { return a == "" || b == "" || b + 0 == 0 ? "-" : sprintf(format, a / b) }
# One recipe: no median, and no range.
function marked(id) { return value[lib, id, "total", "recipes"] == 1 ? id " *" : id }

# Fills area[recipe] of a point's whole array.
function by_recipe(id, area,    list, n, k, at) {
  split("", area)
  n = split(value[lib, id, "total", "ge_by_recipe"], list, " ")
  for (k = 1; k <= n; k++) { at = index(list[k], ":"); area[substr(list[k], 1, at - 1)] = substr(list[k], at + 1) }
}
# Area of id over area of rival, each recipe by itself: median (of an even number the mean of the middle two), range.
function ratios(id, rival,    mine, theirs, r, n, k, x, sorted) {
  by_recipe(id, mine)
  by_recipe(rival, theirs)
  for (r in mine) {
    if (!(r in theirs) || theirs[r] <= 0) continue
    x = mine[r] / theirs[r]
    for (k = n++; k > 0 && sorted[k] > x; k--) sorted[k + 1] = sorted[k]
    sorted[k + 1] = x
  }
  if (!n) return "-"
  k = int((n + 1) / 2)
  return sprintf("%.3f (%.3f-%.3f) of %d", n % 2 ? sorted[k] : (sorted[k] + sorted[k + 1]) / 2, sorted[1], sorted[n], n)
}
function ratio(id, rival, name) { return over("%.3f", value[lib, id, "total", name], value[lib, rival, "total", name]) }

function print_points(    p, starred) {
  printf "%s: GE a multiplier, median (least-most) of the recipes; um2 a multiplier; MHz of the array alone and with\n", lib
  print "the accumulators' memories; pJ a MAC of the median recipe; NMSE of the embedded model, on which BCQ's codebooks"
  print "are calibrated, all tensors pooled; products of whole array and real data with it"
  printf "| %-24s | %5s | %-22s | %-22s | %8s | %-22s | %5s | %8s | %6s | %6s | %6s | %6s | %9s | %9s | %9s |\n", "format", \
    "bits", "column", "whole array", "um2", "encoder", "Fmax", "with mem", "real", "zeros", "random", "worst", "NMSE", \
    "GE x NMSE", "pJ x NMSE"
  print "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
  for (p = 1; p <= points[lib]; p++) {
    id = point[lib, p]
    starred += marked(id) != id
    printf "| %-24s | %5s | %-22s | %-22s | %8s | %-22s | %5s | %8s | %6s | %6s | %6s | %6s | %9s | %9s | %9s |\n", \
      marked(id), num("%.4g", v("total", "bits")), range("column"), range("total"), num("%.1f", v("total", "um2_per_mac")), \
      range("encoder"), num("%.0f", v("total", "fmax_mhz")), num("%.0f", v("total_with_memories", "fmax_mhz")), \
      num("%.3f", v("total", "pj_per_mac")), num("%.3f", v("total", "pj_zeros")), num("%.3f", v("total", "pj_random")), \
      num("%.3f", v("total", "pj_worst")), num("%.3e", v("total", "nmse")), \
      product("%.3e", v("total", "ge_per_mac"), v("total", "nmse")), \
      product("%.3e", v("total", "pj_per_mac"), v("total", "nmse"))
  }
  if (starred) print "\n\\* one recipe"
}
function print_parts(    p, k) {
  printf "\n%s: GE a multiplier by part\n| %-24s |", lib, "part"
  for (p = 1; p <= points[lib]; p++) printf " %s |", marked(point[lib, p])
  printf "\n|---|"
  for (p = 1; p <= points[lib]; p++) printf "---|"
  for (k = 1; k <= part_count[lib]; k++) {
    printf "\n| %-24s |", parts[lib, k]
    for (p = 1; p <= points[lib]; p++) { id = point[lib, p]; printf " %s |", num("%.1f", v(parts[lib, k], "ge_per_mac")) }
  }
  print ""
}
function print_ratios(    p, q, mine, rival, begun) {
  for (p = 1; p <= points[lib]; p++) {
    mine = point[lib, p]
    if (mine != "bcq edge" && mine != "bcq edge-frozen") continue
    for (q = 1; q <= points[lib]; q++) {
      rival = point[lib, q]
      if (value[lib, rival, "total", "format"] == "bcq") continue
      if (!begun++) {
        printf "\n%s: BCQ over each rival. Area of the whole array: both by the same recipe, median (least-most) of the\n", lib
        print "recipes; energy, real and random data: of the two netlists of median area, whose recipes may differ"
        printf "| %-36s | %-28s | %6s | %6s | %6s |\n|---|---|---|---|---|\n", "of", "area", "real", "random", "NMSE"
      }
      printf "| %-36s | %-28s | %6s | %6s | %6s |\n", mine " / " rival, ratios(mine, rival), ratio(mine, rival, "pj_per_mac"), \
        ratio(mine, rival, "pj_random"), ratio(mine, rival, "nmse")
    }
  }
}
END {
  if (!libraries) { print "compare.awk: wanted rows, got none" > "/dev/stderr"; exit 1 }
  for (l = 1; l <= libraries; l++) {
    lib = library[l]
    if (l > 1) print ""
    print_points()
    print_parts()
    print_ratios()
  }
}

# The table of one top: area and delay by part, from folders of synth/job.sh, one a recipe.
#   awk -v title=TEXT -v macs=N -v note=TEXT -f report.awk facts.txt DIR/job.txt DIR/parts.csv [DIR/timing.csv] ...
# Of several recipes: the median (of an even number the lower of the two in the middle), least and most.

function die(what) { printf "synth/report.awk: %s\n", what > "/dev/stderr"; bad = 1; exit 1 }
function job_value(key) { return substr($0, length(key) + 3) }
# Sorts value[1 .. n]; median, least and most of it.
function spread(n,   i, j, v) {
  for (i = 2; i <= n; i++) {
    v = value[i]
    for (j = i - 1; j >= 1 && value[j] > v; j--) value[j + 1] = value[j]
    value[j + 1] = v
  }
  least = value[1]; most = value[n]; median = value[int((n + 1) / 2)]
}
function area_of(p,   r) {
  for (r = 1; r <= recipes; r++) value[r] = um2[p, r]
  spread(recipes)
}
function delay_of(p,   r, n) {
  for (r = 1; r <= recipes; r++) if ((p, r) in delay) value[++n] = delay[p, r]
  if (n) spread(n)
  return n
}

FNR == 1 { file++ }
FILENAME ~ /facts/ { if ($1 == "clock_gate") gate = $2; if ($1 == "nand2") { nand2_name = $2; nand2 = $3 }; next }
FILENAME ~ /job\.txt/ {
  if (FNR == 1) recipes++
  if (/^recipe: /) names = names (names == "" ? "" : ", ") job_value("recipe")
  if (/^library: /) library = job_value("library")
  if (/^period_ns: /) period = job_value("period_ns")
  if (/^timing: /) timing = job_value("timing")
  if (/^wires: /) wires = job_value("wires")
  if (/^yosys: /) tools = job_value("yosys")
  if (/^abc: /) tools = tools ", ABC " job_value("abc")
  if (/^sta: /) tools = tools ", OpenSTA " job_value("sta")
  if (/^seconds: /) seconds += job_value("seconds")
  next
}
FNR == 1 { next }
FILENAME ~ /parts/ {
  split($0, col, ",")
  p = col[1]
  if (!(p in seen)) { seen[p] = 1; order[++parts] = p }
  count[p] = col[2]; um2[p, recipes] = col[3]; flops[p] = col[5]; gates[p] = col[6]; cells[p] = col[7]
}
FILENAME ~ /timing/ {
  split($0, col, ",")
  if (col[3] == "") { unknown = unknown col[5] " of " col[2] " ns "; next }
  delay[col[1], recipes] = col[3]
  if (col[1] ~ /^total/ && (!(col[1] in worst) || col[3] > worst[col[1]])) {
    worst[col[1]] = col[3]; from[col[1]] = col[5]; to[col[1]] = col[6]
  }
}

END {
  if (bad) exit 1
  if (!recipes || !nand2 || !macs) die("wanted jobs, a NAND2 and macs")
  several = recipes > 1
  print title
  printf "library: %s, %s; clock: %s\n", library, gate ? "clock gates " gate : "no clock-gate cell: enable multiplexers",
    timing == "yes" || period ? period " ns" : "none"
  printf "recipe%s: %s (synth/recipes)%s\n", several ? "s" : "", names,
    timing == "yes" ? ", buffered and sized for that clock" : ""
  print "tools: " tools
  printf "synthesis only: no layout, %s, no clock tree, no tie cells; buffers on nets of more than 16 loads\n",
    wires == "none" ? "no wires" : "wires by the library's model " wires
  if (timing != "yes") print "delays: " timing
  printf "took %d s\n\n", seconds
  printf "%-20s %5s %11s %9s %6s %7s %6s %8s %7s %9s", "part", "count", "um2", "GE", "share", "flops", "gates", "cells",
    "GE/MAC", "delay/ns"
  printf several ? "   GE/MAC least to most   delay least to most\n" : "\n"
  area_of("total"); total = median
  for (i = 1; i <= parts; i++) {
    p = order[i]
    area_of(p)
    lo = least; hi = most
    printf "%-20s %5s %11.0f %9.0f %5.1f%% %7d %6d %8d %7.1f", p, count[p], median, median / nand2,
      100 * median / total, flops[p], gates[p], cells[p], median / nand2 / macs
    if (delay_of(p)) {
      printf " %9.2f", median
      if (several) printf "   %10.1f %10.1f   %9.2f %9.2f", lo / nand2 / macs, hi / nand2 / macs, least, most
    } else if (several) printf " %9s   %10.1f %10.1f", "-", lo / nand2 / macs, hi / nand2 / macs
    else printf " %9s", "-"
    print ""
  }
  if ("pe" in seen) {
    area_of("pe")
    one = median / count["pe"]
    printf "\none processing element: %.0f um2, %.0f GE, %d flip-flops\n", one, one / nand2, flops["pe"] / count["pe"]
  }
  if ("activation_decoders" in seen) {
    d = 0
    for (i = 1; i <= parts; i++) if (order[i] ~ /^(activation_decoders|weight_decoders|codebooks)$/) { area_of(order[i]); d += median }
    printf "decoding (decoders and codebooks): %.0f um2, %.1f GE/MAC, %.1f%%\n", d, d / nand2 / macs, 100 * d / total
  }
  if (delay_of("total")) {
    printf "slowest path%s: %.2f ns, %.1f MHz, %s to %s\n", several ? " of all recipes" : "", worst["total"],
      1000 / worst["total"], from["total"], to["total"]
    if ("total_with_memories" in worst)
      printf "with the memory macro's access time: %.2f ns, %s to %s\n", worst["total_with_memories"],
        from["total_with_memories"], to["total_with_memories"]
  }
  if (unknown != "") printf "no least period found (latches); the target: %s\n", unknown
  while ((getline line < memories) > 0) {
    split(line, m, " ")
    printf "memories: %d of %d x %d, %d write + %d read ports\n", m[2], m[3], m[5], m[6], m[8]
  }
  if (note != "") print note
  printf "GE: %s, %.4f um2. MACs: %d. flops: flip-flops and latches; gates: clock gates; delay: the period that the worst path ending in the part needs.\n",
    nand2_name, nand2, macs
  print "total is without memories; accumulators and buffers are memories, with an area where the library has a macro."
}

# The area table of one configuration.
#   awk -v macs=N -v top=MODULE -v row_decoders=N -v load_decoders=N -v tables=WORD \
#     -f report.awk library-facts coarse.il stat.txt
# coarse.il says which module is instantiated where, stat.txt what each module's own cells take.
# Everything below the top is counted once an instance; a module that no rule of block() names gets
# a line of its own, so that nothing can vanish from the total.

function die(what) { printf "report.awk: %s\n", what > "/dev/stderr"; bad = 1; exit 1 }

# $paramod$HASH\name, $paramod\name\PARAM=..., \name or name -> name
function base(module,   part) {
  split(module, part, "\\")
  return module ~ /^\$paramod/ ? part[2] : module ~ /^\\/ ? part[2] : module
}
function plain(module) { sub(/^\\/, "", module); return module }

# The table's line for a module, by its name and the name of its instance.
function block(name, instance) {
  if (name == "bcq_pe")         return "processing elements"
  if (name ~ /^bcq_decoder/)    return (name instance) ~ /load/ ? "weight decoders" : "activation decoders"
  if (name == "bcq_codebooks")  return "codebook storage"
  if (name == "bcq_scale_unit") return "scale units"
  if (name == "bcq_delay" && instance ~ /deskew/) return "deskew registers"
  if (name == "bcq_delay" && instance ~ /skew/)   return "skew registers"
  if (name ~ /^bcq_(delay|array|column)$/)        return "operand registers, token control"
  if (name ~ /^bcq_(sequencer|gemm)$/)            return "sequencer, streams"
  return name
}

BEGIN {
  titles = split("processing elements|activation decoders|weight decoders|codebook storage|" \
    "skew registers|deskew registers|operand registers, token control|scale units|sequencer, streams",
    order, "|")
  for (i = 1; i <= titles; i++) seen[order[i]] = 1
}

function add(module, instance,   name, title, i) {
  if (module in memory_bits) {
    memories++; bits += memory_bits[module]; ports[memory_ports[module]]++
    if (area[module] || cells[module]) die(module " holds a memory and other cells")
    return
  }
  if (!(module in mapped)) die("no statistics of " module)
  name = base(module)
  title = block(name, instance)
  if (!(title in seen)) { seen[title] = 1; order[++titles] = title }
  count[title] += name == "bcq_decoder_row" ? row_decoders : name == "bcq_decoder_load" ? load_decoders : 1
  sum_area[title] += area[module]; sum_flops[title] += flops[module]
  sum_gates[title] += gates[module]; sum_cells[title] += cells[module]
  for (i = 1; i <= children[module]; i++) add(child[module, i], child_name[module, i])
}

function row(title, n, um2, f, g, c, without) {
  printf "%-34s %5s %11.0f %9.0f %6.1f%% %8d %6d %8d %8.1f %9s\n", title, n, um2, um2 / nand2,
    100 * um2 / total, f, g, c, um2 / nand2 / macs, without
}

# Area of one of n equal parts.
function one(what, title, n) {
  if (n < 1 || !(title in count)) die("no " title)
  printf "one 8-lane %s: %.0f um2, %.0f GE, %d flip-flops\n", what, sum_area[title] / n,
    sum_area[title] / n / nand2, sum_flops[title] / n
}

FNR == 1 { file++ }

file == 1 && $1 == "nand2"      { nand2_name = $2; nand2 = $3 }
file == 1 && $1 == "flop"       { is_flop[$2] = 1 }
file == 1 && $1 == "clock_gate" { is_gate[$2] = 1 }

file == 2 && $1 == "module" { module = plain($2) }
file == 2 && $1 == "cell" && $2 ~ /^(\\|\$paramod)/ {
  child[module, ++children[module]] = plain($2)
  child_name[module, children[module]] = plain($3)
}
file == 2 && $1 == "cell" { in_memory = $2 == "$mem_v2" }
file == 2 && in_memory && $1 == "parameter" { parameter[$2] = $3 }
file == 2 && in_memory && $1 == "end" {
  in_memory = 0
  memory_bits[module] = parameter["\\SIZE"] * parameter["\\WIDTH"]
  memory_ports[module] = sprintf("%d x %d, %d write + %d read ports", parameter["\\SIZE"],
    parameter["\\WIDTH"], parameter["\\WR_PORTS"], parameter["\\RD_PORTS"])
}

file == 3 && $1 == "===" { module = plain($2); mapped[module] = 1; in_cells = module == "design" }
file == 3 && module == "design" { next }
file == 3 && /Number of cells:/ { in_cells = 1; next }
file == 3 && NF != 2 { in_cells = 0 }
file == 3 && in_cells && $1 !~ /^(\\|\$paramod|bcq_)/ {
  cells[module] += $2
  if ($1 in is_flop) flops[module] += $2
  if ($1 in is_gate) gates[module] += $2
  if ($1 ~ /^\$/) die(module " has the unmapped cell " $1)
}
file == 3 && /Chip area for module/ { area[module] = $NF }

END {
  if (bad) exit 1
  if (!nand2 || !macs) die("want a NAND2 area and macs")
  add(top, "")
  for (i = 1; i <= titles; i++) total += sum_area[order[i]]
  printf "%-34s %5s %11s %9s %7s %8s %6s %8s %8s %9s\n", "block", "count", "um2", "GE", "share",
    "flops", "gates", "cells", "GE/MAC", "without"
  for (i = 1; i <= titles; i++) {
    t = order[i]
    if (sum_area[t] == 0) continue
    row(t, count[t], sum_area[t], sum_flops[t], sum_gates[t], sum_cells[t],
      sprintf("%.1f", (total - sum_area[t]) / nand2 / macs))
    f += sum_flops[t]; g += sum_gates[t]; c += sum_cells[t]
  }
  row("total, memories apart", "", total, f, g, c, "")
  for (p in ports) printf "memories: %d of %s (%d bits in all), no area counted\n", ports[p], p, bits
  one("processing element", "processing elements", count["processing elements"])
  one("activation decoder", "activation decoders", row_decoders)
  one("weight decoder", "weight decoders", load_decoders)
  t = sum_area["activation decoders"] + sum_area["weight decoders"] + sum_area["codebook storage"]
  printf "decoding with %s tables (decoders and codebook storage): %.0f um2, %.1f GE/MAC, %.1f%%\n",
    tables, t, t / nand2 / macs, 100 * t / total
  printf "GE: %s, %.4f um2. MACs: %d. flops: flip-flops; gates: clock gates; without: GE a MAC of the rest.\n",
    nand2_name, nand2, macs
}

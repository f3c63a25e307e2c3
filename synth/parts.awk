# Area by part: synth/blocks.def says which module's own cells are counted where.
#   awk -v top=MODULE -v memories=FILE -v scopes=FILE -f parts.awk blocks.def facts.txt coarse.il mapped.il stat.txt > parts.csv
# Memories have the area of macros where the library has such (facts.txt, macro), and are not in the total.
# Everything below the top is counted once an instance; scopes gets a line each: PART MODULE PATH. The sum of the parts must be the area that Yosys counts.

function die(what) { printf "synth/parts.awk: %s\n", what > "/dev/stderr"; bad = 1; exit 1 }
function plain(name) { sub(/^\\/, "", name); return name }

function part_of(module, path,   i) {
  for (i = 1; i <= rules; i++) if (module ~ rule_module[i] && path ~ rule_path[i]) return rule_part[i]
  die("synth/blocks.def: wanted a part for " module " at \"" path "\", got none")
}

# Area of the macros that hold a memory: the fewest of one kind; none where no macro is known whose words would be
# at least half used (a shorter memory would be flip-flops or latches).
function fit(module,   i, a, least) {
  for (i = 1; i <= macros; i++) {
    if (2 * words[module] < macro_words[i]) continue
    a = ceil(words[module] / macro_words[i]) * ceil(width[module] / macro_bits[i]) * macro_um2[i]
    if (!least || a < least) least = a
  }
  if (!least) unknown = 1
  return least + 0
}
function ceil(x) { return x == int(x) ? x : int(x) + 1 }

function add(module, path,   p, i) {
  p = part_of(module, path)
  if (bad) return
  count[p]++
  print p, module, path > scopes
  if (module in bits) {
    memory[module]++
    macro_area[p] += fit(module)
    return
  }
  if (!(module in own_cells)) die("no cells of " module)
  area[p] += own_area[module]; flops[p] += own_flops[module]
  gates[p] += own_gates[module]; cells[p] += own_cells[module]
  for (i = 1; i <= children[module]; i++)
    add(child[module, i], path (path == "" ? "" : "/") child_name[module, i])
}

function row(name, n, a, f, g, c) { printf "%s,%s,%.4f,%.2f,%d,%d,%d\n", name, n, a, a / nand2, f, g, c }

FNR == 1 { file++ }
file == 1 && /^[^#]/ {
  if (NF != 3) die("synth/blocks.def:" FNR ": wanted PART MODULE PATH, got " NF " fields")
  rule_part[++rules] = $1; rule_module[rules] = $2; rule_path[rules] = $3
  if (!($1 in place)) { place[$1] = ++parts; name[parts] = $1 }
}
file == 2 && $1 == "nand2"      { nand2 = $3 }
file == 2 && $1 == "cell"       { cell_area[$2] = $3 }
file == 2 && ($1 == "flop" || $1 == "latch") { is_flop[$2] = 1 }
file == 2 && $1 == "clock_gate" { is_gate[$2] = 1 }
file == 2 && $1 == "macro"      { macro_words[++macros] = $3; macro_bits[macros] = $4; macro_um2[macros] = $5 }

file == 3 && $1 == "module" { module = plain($2) }
file == 3 && $1 == "cell" { in_memory = $2 == "$mem_v2" }
file == 3 && in_memory && $1 == "parameter" { parameter[$2] = $3 }
file == 3 && in_memory && $1 == "end" {
  in_memory = 0
  words[module] = parameter["\\SIZE"]; width[module] = parameter["\\WIDTH"]
  writes[module] = parameter["\\WR_PORTS"]; reads[module] = parameter["\\RD_PORTS"]
  bits[module] = words[module] * width[module]
}

# Cells of the library stand there as empty modules.
file == 4 && $1 == "module" {
  module = plain($2)
  if (!(module in cell_area)) own_cells[module] = 0
}
file == 4 && $1 == "cell" { type[++n] = plain($2); inside[n] = module; instance[n] = plain($3) }

file == 5 && /Chip area for (top )?module/ { yosys_area = $NF }

END {
  if (bad) exit 1
  if (!nand2) die("wanted a NAND2's area, got none")
  for (i = 1; i <= n; i++) {
    t = type[i]; m = inside[i]
    if (t in cell_area) {
      own_cells[m]++; own_area[m] += cell_area[t]
      if (t in is_flop) own_flops[m]++
      if (t in is_gate) own_gates[m]++
    } else if (t in own_cells) {
      child[m, ++children[m]] = t; child_name[m, children[m]] = instance[i]
    } else die(m " has the unmapped cell " t)
  }
  add(top, "")
  if (bad) exit 1
  print "part,count,um2,ge,flops,clock_gates,cells"
  for (i = 1; i <= parts; i++) {
    p = name[i]
    if (!(p in count)) continue
    row(p, count[p], area[p] + macro_area[p], flops[p], gates[p], cells[p])
    with += macro_area[p]
    a += area[p]; f += flops[p]; g += gates[p]; c += cells[p]
  }
  row("total", 1, a, f, g, c)
  if (with && !unknown) row("total_with_memories", 1, a + with, f, g, c)
  if (a - yosys_area > 1e-6 * a || yosys_area - a > 1e-6 * a)
    die("the parts sum to " a ", but Yosys counts " yosys_area)
  for (m in memory) printf "%s %d %d x %d %d write %d read\n", m, memory[m], words[m], width[m], writes[m], reads[m] > memories
}

# Trees of buffers on nets of more than 16 loads, which ABC cannot see where they cross modules (the stall, words
# that all columns take, tables). A load is a pin of a cell; an instance counts with the loads of its port.
# Clocks are left alone: clk_i and what clock gates drive. Connections come out bit by bit.
#   awk -f buffers.awk facts.txt mapped.il > buffered.il    (buffers: facts' "driver")

function die(what) { printf "synth/buffers.awk: %s\n", what > "/dev/stderr"; bad = 1; exit 1 }

# A signal as it is written -> bit[0 .. n-1], lowest first; returns n. A bit is "name index" or a constant.
function bits_of(words, from, to, m,   i, j, n, k, part, t, range, count) {
  n = 0
  if (words[from] == "{") { from++; to-- }
  for (i = to; i >= from; i--) {
    if (words[i] ~ /^\[/) {
      range = substr(words[i], 2, length(words[i]) - 2)
      count = split(range, part, ":")
      i--
      for (j = part[count]; j <= part[1]; j++) bit[n++] = words[i] " " (j + 0)
    } else if (words[i] ~ /^[\\$]/) {
      if (!((m, words[i]) in width)) die("no wire " words[i] " in " m)
      for (j = 0; j < width[m, words[i]]; j++) bit[n++] = words[i] " " j
    } else if (words[i] ~ /^[0-9]+'/) {
      t = words[i]
      sub(/^[0-9]+'/, "", t)
      for (j = length(t); j >= 1; j--) bit[n++] = "1'" substr(t, j, 1)
    } else die("cannot read the signal " words[i])
  }
  return n
}
function written(b,   part) {
  if (b ~ /^1'/) return b
  split(b, part, " ")
  return width[here, part[1]] == 1 ? part[1] : part[1] " [" part[2] "]"
}
function root(b) { while ((here, b) in alias) b = alias[here, b]; return b }

# The tree over sinks sink[lo .. hi] of a net; returns the loads that are left on the net itself.
function tree(net,   lo, hi, total, i, sum, buffer, next_hi, level) {
  lo = 1; hi = sinks
  for (level = 0; ; level++) {
    total = 0
    for (i = lo; i <= hi; i++) total += sink_load[i]
    if (total <= limit) break
    if (level == 20) die("no end of buffers on " net " in " here)
    next_hi = hi; sum = limit + 1
    for (i = lo; i <= hi; i++) {
      if (sum + sink_load[i] > limit) {
        buffer = ++buffers_made
        new_wire[here] = new_wire[here] "  wire $tree$" buffer "\n"
        buffer_net[++next_hi] = buffer
        sink_load[next_hi] = 1; sink_cell[next_hi] = ""
        sum = 0
      }
      sum += sink_load[i]
      drive(i, "$tree$" buffer)
    }
    lo = hi + 1; hi = next_hi
  }
  for (i = lo; i <= hi; i++) if (sink_cell[i] == "") drive(i, written(net))
  return total
}
# Net NAME is what sink I hangs on.
function drive(i, name) {
  if (sink_cell[i] != "") { moved[here, sink_cell[i], sink_port[i], sink_bit[i]] = name; return }
  new_cell[here] = new_cell[here] "  cell \\" buf " $tree$cell$" buffer_net[i] "\n    connect \\" buf_in " " name \
    "\n    connect \\" buf_out " $tree$" buffer_net[i] "\n  end\n"
}

# Counts loads and puts buffers into module m, those that it instantiates first.
function finish(m,   i, c, p, n, j, b, key, k, w, words, t, net, list, s, name) {
  if (m in finished) return
  finished[m] = 1
  for (i = 1; i <= cells[m]; i++) if (cell_type[m, i] in cells) finish(cell_type[m, i])
  here = m
  n_nets = 0
  delete sinks_of
  for (i = 1; i <= cells[m]; i++) {
    t = cell_type[m, i]
    for (p = 1; p <= pins[m, i]; p++) {
      k = split(pin_signal[m, i, p], words, " ")
      n = bits_of(words, 1, k, m)
      name = pin_name[m, i, p]
      if (direction[t, name] == "output") {
        if (t in is_gate) for (j = 0; j < n; j++) is_clock[m, root(bit[j])] = 1
        continue
      }
      for (j = 0; j < n; j++) {
        b = root(bit[j])
        if (b ~ /^1'/ || b ~ /^\\clk_i /) continue
        w = t in is_cell ? 1 : (t, name " " j) in load ? load[t, name " " j] : t in cells && cells[t] ? 0 : 1
        if (!w) continue
        if (!(b in sinks_of)) net_list[++n_nets] = b
        sinks_of[b] = sinks_of[b] i SUBSEP name SUBSEP j SUBSEP w ";"
      }
    }
  }
  for (i = 1; i <= n_nets; i++) {
    b = net_list[i]
    if ((m, b) in is_clock) continue
    sinks = split(sinks_of[b], list, ";") - 1
    for (s = 1; s <= sinks; s++) {
      split(list[s], words, SUBSEP)
      sink_cell[s] = words[1]; sink_port[s] = words[2]; sink_bit[s] = words[3]; sink_load[s] = words[4]
    }
    w = tree(b)
    split(b, words, " ")
    if (direction[m, words[1]] == "input") load[m, b] = w
  }
}

FNR == 1 { file++ }
file == 1 && $1 == "clock_gate" { is_gate[$2] = 1 }
file == 1 && $1 == "cell" { is_cell[$2] = 1 }
file == 1 && $1 == "driver" { buf = $2; buf_in = $3; buf_out = $4 }
file == 1 { next }

{ line[++lines] = $0 }
$1 == "module" { m = substr($2, 2); module_at[m] = lines; cells[m] += 0; order[++modules] = m; in_cell = 0; next }
$1 == "wire" {
  w = 1
  for (i = 2; i < NF; i++) {
    if ($i == "width") w = $(i + 1)
    if ($i == "input" || $i == "inout") direction[m, $NF] = "input"
    if ($i == "output") direction[m, $NF] = "output"
  }
  width[m, $NF] = w
  next
}
$1 == "cell" { in_cell = ++cells[m]; cell_type[m, in_cell] = substr($2, 2); pins[m, in_cell] = 0; next }
$1 == "end" && in_cell { in_cell = 0; next }
$1 == "end" { end_of[lines] = m; next }
$1 == "connect" && in_cell {
  p = ++pins[m, in_cell]
  pin_name[m, in_cell, p] = $2
  rest = $0; sub(/^ *connect [^ ]+ /, "", rest)
  pin_signal[m, in_cell, p] = rest
  next
}
$1 == "connect" {
  k = split($0, word, " ")
  # left: a signal or a concatenation; right: the rest
  if (word[2] == "{") { for (i = 3; word[i] != "}"; i++) ; left_end = i }
  else left_end = 2 + (word[3] ~ /^\[/)
  n = bits_of(word, 2, left_end, m)
  for (j = 0; j < n; j++) left[j] = bit[j]
  if (bits_of(word, left_end + 1, k, m) != n) die("widths differ: " $0)
  for (j = 0; j < n; j++) alias[m, left[j]] = bit[j]
  next
}
$1 ~ /^(process|memory|switch)$/ { die("not mapped: " $0) }

END {
  if (bad) exit 1
  limit = 16
  if (buf == "") die("wanted a buffer in the library, got none")
  for (i = 1; i <= modules; i++) finish(order[i])
  for (i = 1; i <= lines; i++) {
    $0 = line[i]
    if ($1 == "module") { here = substr($2, 2); print; c = 0; in_cell = 0; printf "%s", new_wire[here]; continue }
    if ($1 == "cell") { in_cell = ++c; p = 0; print; continue }
    if ($1 == "end" && in_cell) { in_cell = 0; print; continue }
    if (i in end_of) { printf "%s", new_cell[here]; print; continue }
    if ($1 != "connect") { print; continue }
    if (in_cell) {
      k = split(pin_signal[here, c, ++p], word, " ")
      n = bits_of(word, 1, k, here)
      changed = 0
      for (j = 0; j < n; j++) if ((here, c, $2, j) in moved) changed = 1
      if (!changed) { print; continue }
      text = ""
      for (j = 0; j < n; j++) text = ((here, c, $2, j) in moved ? moved[here, c, $2, j] : written(bit[j])) " " text
      printf "    connect %s %s\n", $2, n == 1 ? text : "{ " text "}"
    } else {
      k = split($0, word, " ")
      if (word[2] == "{") { for (l = 3; word[l] != "}"; l++) ; left_end = l }
      else left_end = 2 + (word[3] ~ /^\[/)
      n = bits_of(word, 2, left_end, here)
      for (j = 0; j < n; j++) left[j] = bit[j]
      bits_of(word, left_end + 1, k, here)
      for (j = 0; j < n; j++) printf "  connect %s %s\n", written(left[j]), written(bit[j])
    }
  }
}

# Chooses faults from what Yosys has drawn and numbers them: base.il, then for each module
# want=COUNT module=NAME FILE. Prints the list; the Yosys commands go to the file `apply`.
#
# Dropped: faults of clocks; of the ports of checkers (*_rules); a constant stuck at what it is; and
# exchanges of bits (cnot) at outputs, where a word would depend on itself and the simulator would be
# ten times slower. They stay at inputs.

function fail(text) { print "mutate: " text > "/dev/stderr"; bad = 1; exit 1 }
# The first net in a signal as RTLIL writes it: \name, or $name if Yosys made it.
function net(signal,    word, n, i) {
  n = split(signal, word, " ")
  for (i = 1; i <= n; i++) if (word[i] ~ /^[\\$]/) return word[i]
  return ""
}
# The signal of the source that a cell computes: from cell to cell until a net has a name.
function target(in_module, cell,    name, depth) {
  for (depth = 0; depth < 40; depth++) {
    name = output[in_module, cell]
    if (name ~ /^\$/ && (in_module, name) in alias) name = alias[in_module, name]
    if (name ~ /^\\/) return substr(name, 2)
    if ((in_module, name) in instance) return instance[in_module, name]
    if (!((in_module, name) in reader)) return "?"
    cell = reader[in_module, name]
  }
  return "?"
}
# 4'0101 or 5 -> ...0101
function bits(value,    text, n) {
  if (value ~ /'/) return substr(value, index(value, "'") + 1)
  for (n = 0; n < 32; n++) { text = value % 2 text; value = int(value / 2) }
  return text
}
function text(place,    file, at, line, n) {
  split(place, at, /[:.]/)          # rtl/bcq_pe.sv:50.16-50.33
  file = at[1] "." at[2]
  for (n = 0; n < at[3] && (getline line < file) > 0; n++) ;
  close(file)
  if (n == 0 || n < at[3]) return ""
  sub(/ *\/\/.*/, "", line); gsub(/^ +| +$/, "", line); gsub(/  +/, " ", line)
  return line
}

FNR == NR {  # base.il
  if ($1 == "module") { current = $2; sub(/^\\/, "", current) }
  else if ($1 == "cell") { cell = $3; sub(/^\\/, "", cell); type[current, cell] = $2 }
  else if ($1 == "end") cell = ""
  else if ($1 == "connect") {
    signal = $0; sub(/^ *connect [^ ]+ /, "", signal)
    if (cell == "") { if (net(signal) ~ /^\$/) alias[current, net(signal)] = $2 }
    else if ($2 ~ /^\\(Y|Q|RD_DATA)$/) output[current, cell] = net(signal)
    else {
      port = substr($2, 2)
      if (signal ~ /^([0-9]+'[01]+|[0-9]+)$/) constant[current, cell, port] = bits(signal)
      n = split(signal, word, " ")
      for (i = 1; i <= n; i++) {
        if (word[i] !~ /^\$/ || (current, word[i]) in reader) continue
        reader[current, word[i]] = cell
        if (type[current, cell] !~ /^\$/) instance[current, word[i]] = cell "." port
      }
    }
  }
  next
}

FNR == 1 { finish(); got = 0; wanted = want; of = module }
function finish() { if (of != "" && got < wanted) fail(netlist ": " of ": wanted " wanted " faults, could draw " got) }

got == want { next }
{
  mode = cell = port = bit = ctrl = in_module = wire = place = ""
  for (i = 2; i < NF; i += 2) {
    if ($i == "-mode") mode = $(i + 1)
    else if ($i == "-module") in_module = $(i + 1)
    else if ($i == "-cell") cell = $(i + 1)
    else if ($i == "-port") port = $(i + 1)
    else if ($i == "-portbit") bit = $(i + 1)
    else if ($i == "-ctrlbit") ctrl = $(i + 1)
    else if ($i == "-src" && $(i + 1) !~ /:0\./) place = $(i + 1)
  }
  base = in_module
  if (base ~ /^\$paramod\\/) { sub(/^\$paramod\\/, "", base); sub(/\\.*/, "", base) }
  else sub(/.*\\/, "", base)
  if (base != module) next
  if (port ~ /^([A-Z_]*CLK|clk_i)$/ || cell ~ /_rules$/) next
  if (mode ~ /^cnot/ && port ~ /^(Y|Q|RD_DATA|.*_o)$/) next

  stuck = (in_module, cell, port) in constant ? constant[in_module, cell, port] : ""
  if (stuck != "" && mode == "const" substr(stuck, length(stuck) - bit, 1)) next
  got++; number++
  what = mode " " (cell ~ /^\$/ ? type[in_module, cell] : cell) "."
  what = what port "[" bit "]" (ctrl == "" ? "" : " with [" ctrl "]")
  if (cell ~ /^\$/) what = what " -> " target(in_module, cell)
  key = netlist " " module " " what " | " text(place)
  times[key]++
  print number " " key (times[key] > 1 ? " #" times[key] : "")
  command = $0
  sub(/^mutate /, "mutate -ctrl mutsel 12 " number " ", command)
  print command > apply
}
END { if (!bad) finish(); if (bad) exit 1 }

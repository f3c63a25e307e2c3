# What the flow needs to know of a liberty file, found in the file itself.
#   awk -v facts=FILE -v gates=FILE -v model=FILE -v clocks=clocks.def \
#     -f library.awk dont_use.txt cells.lib > usable.lib
# usable.lib: the library less the cells that dont_use.txt names.
# facts, a line each:  library NAME | cell NAME AREA | nand2 CELL AREA (the smallest) | flop CELL | latch CELL |
#                      clock_gate CELL AREA (the smallest, without a test pin if there is one) | timing yes or no | wires MODEL or none (wire load) |
#                      driver CELL (the second smallest buffer: drives inputs, and trees of buffers are made of
#                      it) IN OUT AREA | load FEMTOFARAD (four inputs of that NAND2: what an output drives)
# gates: Yosys techmap of latches, and of flip-flops with an enable onto that clock gate where there is one.
# model: Verilog of that cell, which Yosys cannot make from the liberty file.

function die(what) { printf "library.awk: %s\n", what > "/dev/stderr"; bad = 1; exit 1 }
function value(line) { sub(/^[^:]*:[ \t]*/, "", line); gsub(/[";]/, "", line); sub(/[ \t]*$/, "", line); return line }
function group(line) { sub(/^[^(]*\([ \t]*"?/, "", line); sub(/"?[ \t]*\).*/, "", line); return line }

# Liberty functions: ! and ' bind first, then ^, then & * or a blank, then | and +.
function peek() { sub(/^[ \t]+/, "", text); return substr(text, 1, 1) }
function take() { text = substr(text, 2) }
function f_or(   v) {
  v = f_and()
  while (peek() ~ /^[|+]$/) { take(); v = f_and() || v }
  return v
}
function f_and(   v, c) {
  v = f_xor()
  while ((c = peek()) ~ /^[&*(!A-Za-z01]$/) { if (c ~ /[&*]/) take(); v = f_xor() && v }
  return v
}
function f_xor(   v) {
  v = f_not()
  while (peek() == "^") { take(); v = (f_not() != v) }
  return v
}
function f_not(   v, name) {
  if (peek() == "!") { take(); return !f_not() }
  if (peek() == "(") { take(); v = f_or(); peek(); take() }
  else {
    match(text, /^[A-Za-z0-9_]+/)
    if (RLENGTH < 1) return 0
    name = substr(text, 1, RLENGTH)
    text = substr(text, RLENGTH + 1)
    v = name in set ? set[name] : name + 0
  }
  while (peek() == "'") { take(); v = !v }
  return v
}
# A gate of two inputs that is `both` for two ones, else the opposite. Its inputs: name[1], name[2].
function is_two(both,   p, i, j, n) {
  if (outputs != 1 || inputs != 2 || !function_ || kind) return 0
  for (p in is_input) name[++n] = p
  for (i = 0; i < 2; i++) for (j = 0; j < 2; j++) {
    set[name[1]] = i; set[name[2]] = j
    text = function_
    if (f_or() != (i && j ? both : !both)) { delete set; return 0 }
  }
  delete set
  return 1
}

function is_buffer(   p, i) {
  if (outputs != 1 || inputs != 1 || !function_) return 0
  for (p in is_input) input = p
  for (i = 0; i < 2; i++) {
    set[input] = i
    text = function_
    if (f_or() != i) { delete set; return 0 }
  }
  delete set
  return 1
}

function end_pin() {
  if (direction == "input") { inputs++; is_input[pin] = 1; input_cap = pin_cap }
  if (direction == "output") { outputs++; function_ = pin_function; output = pin }
}
# Techmap of a latch open at a level onto the cell for that level, or for the other one behind an inverter.
function latches(level, other,   pin, use) {
  use = level in latch_area ? level : other
  if (!(use in latch_area)) return
  split(latch_pins[use], pin, " ")
  printf "(* techmap_celltype = \"$_DLATCH_%s_\" *)\nmodule latch_%s (input E, D, output Q);\n", level, level > gates
  if (use != level) print "  wire not_e;\n  \\$_NOT_ n (.A(E), .Y(not_e));" > gates
  printf "  %s l (.%s(D), .%s(%s), .%s(Q));\nendmodule\n", latch_cell[use], pin[1], pin[2], use == level ? "E" : "not_e", pin[3] > gates
}

function end_cell() {
  if (is_two(0) && (!nand2_area || area < nand2_area)) {
    nand2 = cell; nand2_area = area; load = 4 * input_cap
  }
  if (is_two(1) && (!and2_area || area < and2_area)) {
    and2 = cell; and2_area = area
    and2_pins = name[1] < name[2] ? name[1] " " name[2] " " output : name[2] " " name[1] " " output
  }
  if (is_buffer()) {
    if (!buffer_area || area < buffer_area) {
      second = buffer; second_area = buffer_area
      buffer = cell " " input " " output; buffer_area = area
    } else if (area > buffer_area && (!second_area || area < second_area)) {
      second = cell " " input " " output; second_area = area
    }
  }
  print "cell", cell, area > facts
  if (kind) print kind, cell > facts
  # A latch of one output, without reset, for either level; what comes first of equal ones.
  if (kind == "latch" && latch_plain && outputs == 1 && function_ == latch_state && latch_data ~ /^[A-Za-z0-9_]+$/ &&
      latch_enable ~ /^!?[A-Za-z0-9_]+$/) {
    level = latch_enable ~ /^!/ ? "N" : "P"; sub(/^!/, "", latch_enable)
    if (!(level in latch_area) || area < latch_area[level]) {
      latch_area[level] = area; latch_cell[level] = cell
      latch_pins[level] = latch_data " " latch_enable " " output
    }
  }
  # The smallest without a test pin, else the smallest with one, which is tied low.
  if (gating ~ /^latch_posedge/ && gate_clk && gate_en && gate_out &&
      (!gate_area || (gate_test != "") < (test != "") || (gate_test != "") == (test != "") && area < gate_area)) {
    gate = cell; gate_area = area; clk = gate_clk; en = gate_en; out = gate_out; test = gate_test
  }
}

FILENAME != last_file { file++; last_file = FILENAME }
file == 1 { if ($0 !~ /^#/ && NF) pattern[++patterns] = $1; next }

/^[ \t]*library[ \t]*\(/ { lib = group($0); print "library", lib > facts }
/^[ \t]*capacitive_load_unit[ \t]*\(/ {
  split(group($0), unit, /[ \t]*,[ \t]*/)
  femto = unit[1] * (tolower(unit[2]) ~ /pf/ ? 1000 : 1)
}
!cell_depth && /^[ \t]*cell[ \t]*\(/ {
  cell = group($0); cell_depth = depth + 1
  skip = 0
  for (i = 1; i <= patterns; i++) if (cell ~ pattern[i]) skip = 1
  inputs = outputs = area = 0; kind = gating = function_ = gate_clk = gate_en = gate_out = gate_test = ""
  delete is_input; pin_depth = 0
}
# Wires: the model of clocks.def for all designs, else the default. By themselves tools choose it by the area of the
# whole, so that a large array would have slower gates than a small one.
!cell_depth && /^[ \t]*wire_load_selection[ \t]*\(/ { choosing = 1; choice_depth = depth }
!cell_depth && /^[ \t]*default_wire_load_selection[ \t]*:/ { drop = 1 }
!cell_depth && /^[ \t]*default_wire_load[ \t]*:/ { drop = 1; default_wires = value($0) }
cell_depth && depth == cell_depth && /^[ \t]*area[ \t]*:/ { area = value($0) + 0 }
cell_depth && /^[ \t]*clock_gating_integrated_cell[ \t]*:/ { gating = value($0) }
cell_depth && /^[ \t]*ff[ \t]*\(/ { kind = "flop" }
cell_depth && /^[ \t]*latch[ \t]*\(/ { kind = "latch"; in_latch = depth; latch_state = group($0); sub(/,.*/, "", latch_state); gsub(/[" \t]/, "", latch_state); latch_data = latch_enable = ""; latch_plain = 1 }
in_latch && /^[ \t]*data_in[ \t]*:/ { latch_data = value($0) }
in_latch && /^[ \t]*enable[ \t]*:/ { latch_enable = value($0) }
in_latch && /^[ \t]*(clear|preset)[ \t]*:/ { latch_plain = 0 }
cell_depth && depth == cell_depth && /^[ \t]*pin[ \t]*\(/ {
  pin = group($0); pin_depth = depth + 1; direction = pin_function = ""; pin_cap = 0
}
pin_depth && depth == pin_depth && /^[ \t]*capacitance[ \t]*:/ { pin_cap = value($0) }
cell_depth && !skip && /cell_rise/ { timed = 1 }
pin_depth && /^[ \t]*direction[ \t]*:/ { direction = value($0) }
pin_depth && depth == pin_depth && /^[ \t]*function[ \t]*:/ { pin_function = value($0) }
pin_depth && /^[ \t]*clock_gate_clock_pin[ \t]*:[ \t]*"?true/ { gate_clk = pin }
pin_depth && /^[ \t]*clock_gate_enable_pin[ \t]*:[ \t]*"?true/ { gate_en = pin }
pin_depth && /^[ \t]*clock_gate_out_pin[ \t]*:[ \t]*"?true/ { gate_out = pin }
pin_depth && /^[ \t]*clock_gate_test_pin[ \t]*:[ \t]*"?true/ { gate_test = pin }

{
  before = depth
  line = $0
  depth += gsub(/{/, "{", line) - gsub(/}/, "}", line)
  if (before && !depth) exit  # its last brace: see END
  if (in_latch && depth <= in_latch) in_latch = 0
  if (!skip && !choosing && !drop) print
  drop = 0
  if (choosing && depth == choice_depth) choosing = 0
  if (pin_depth && depth < pin_depth) { end_pin(); pin_depth = 0 }
  if (cell_depth && depth < cell_depth) { if (!skip) end_cell(); cell_depth = skip = 0 }
}

END {
  if (bad) exit 1
  if (!nand2) die("the library has no 2-input NAND")
  print "nand2", nand2, nand2_area > facts
  print "timing", timed ? "yes" : "no" > facts
  if (!second) second = buffer
  if (second) print "driver", second, second_area ? second_area : buffer_area > facts
  print "load", load * femto > facts
  while ((getline line < clocks) > 0) {
    split(line, row, " ")
    if (line !~ /^#/ && row[1] != "" && index(lib, row[1]) == 1 && row[4] != "-") wires = row[4]
  }
  if (wires == "") wires = default_wires
  if (wires != "") printf "  default_wire_load : \"%s\";\n", wires
  print "}"
  print "wires", wires == "" ? "none" : wires > facts
  print "// Onto this library's latches and clock gates, see synth/library.awk." > gates
  latches("P", "N"); latches("N", "P")
  # rtl/bcq_clock_gate.sv, by its name.
  printf "module bcq_clock_gate (input clk_i, en_i, output clk_o);\n" > gates
  if (gate)
    printf "  %s gate (.%s(clk_i), .%s(en_i)%s, .%s(clk_o));\nendmodule\n", gate, clk, en, test == "" ? "" : ", ." test "(1'b0)", out > gates
  else {
    # A latch and an AND of the library: ABC would dissolve an $_AND_ in the logic that it leads to,
    # and what comes of it no longer tells a clock from data.
    print "  wire open;\n  \\$_DLATCH_N_ l (.E(clk_i), .D(en_i), .Q(open));" > gates
    split(and2_pins, pin_of, " ")
    if (and2)
      printf "  %s a (.%s(clk_i), .%s(open), .%s(clk_o));\nendmodule\n", and2, pin_of[1], pin_of[2],
        pin_of[3] > gates
    else print "  \\$_AND_ a (.A(clk_i), .B(open), .Y(clk_o));\nendmodule" > gates
  }
  if (!gate) { printf "" > model; exit }
  print "clock_gate", gate, gate_area > facts
  printf "module %s(%s, %s, %s%s);\n  input %s, %s%s;\n  output %s;\n  reg open;\n", gate, clk, en, out,
    test == "" ? "" : ", " test, clk, en, test == "" ? "" : ", " test, out > model
  printf "  always @* if (!%s) open = %s%s;\n  assign %s = %s & open;\nendmodule\n", clk, en, test == "" ? "" : " | " test, out, clk > model
  n = split("DFFE_PP_ DFFE_PN0P_ DFFE_PN1P_", from, " ")
  split("DFF_P_ DFF_PN0_ DFF_PN1_", to, " ")
  for (i = 1; i <= n; i++) {
    reset = i > 1
    printf "(* techmap_celltype = \"$_%s\" *)\n", from[i] > gates
    printf "module gated_%d (input D, C, E%s, output Q);\n  wire gated;\n", i, reset ? ", R" : "" > gates
    printf "  %s gate (.%s(C), .%s(E)%s, .%s(gated));\n", gate, clk, en, test == "" ? "" : ", ." test "(1'b0)", out > gates
    printf "  \\$_%s _TECHMAP_REPLACE_ (.D(D), .C(gated)%s, .Q(Q));\nendmodule\n",
      to[i], reset ? ", .R(R)" : "" > gates
  }
}

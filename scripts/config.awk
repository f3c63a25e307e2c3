# One row of rtl/configs.def -> parameters of bcq_gemm, or with -v unit=encoder those of bcq_encoder.
# -v name=CONFIG, and the tool's spelling of a parameter: -v before=-G -v between== (Verilator) or -v before='-chparam ' -v between=' ' (Yosys).
# -v quote=TEXT: how to write the quote in 96'h0, where a shell reads the result.

function sized(width, digits) { return width (quote == "" ? "'" : quote) digits }
function parameter(key, value) { printf "%s%s%s%s ", before, key, between, value }

# A codebook file as one hexadecimal constant: entries of ew bits, two's complement, the first lowest.
function table(file, ew,    line, n, word, i, b, value, bits, hex, digit) {
  bits = ""
  while ((getline line < file) > 0) {
    if (line ~ /^#/ || line ~ /=/) continue
    n = split(line, word, " ")
    for (i = 1; i <= n; i++) {
      value = word[i] < 0 ? word[i] + 2 ^ ew : word[i] + 0
      for (b = 0; b < ew; b++) { bits = (value % 2) bits; value = int(value / 2) }
    }
  }
  close(file)
  if (bits == "") { printf "%s: no entries\n", file > "/dev/stderr"; exit 1 }
  n = length(bits)
  while (length(bits) % 4) bits = "0" bits
  hex = ""
  for (i = 1; i <= length(bits); i += 4) {
    digit = 0
    for (b = 0; b < 4; b++) digit = 2 * digit + substr(bits, i + b, 1)
    hex = hex substr("0123456789abcdef", digit + 1, 1)
  }
  return sized(n, "h" hex)
}

/^#/ || NF == 0 || $1 != name { next }
{
  found = 1
  parameter("LB", $2); parameter("LA", $3); parameter("NC", $4); parameter("B", $5)
  parameter("EW", $6)
  if (unit == "encoder") {
    parameter("EncLanes", $12); parameter("CbPerCycle", $13)
    parameter("SharedTable", sized(1, $14 == "shared" ? "b1" : "b0"))
  } else {
    parameter("Cols", $7); parameter("T", $8); parameter("NDec", $9)
    parameter("Exact", sized(1, $10 == "exact" ? "b1" : "b0"))
  }
  if (sub(/^frozen:/, "", $11) && !(unit == "encoder" && $14 == "shared")) {
    constant = table($11, $6)
    parameter("Frozen", sized(1, "b1"))
    if (unit == "encoder") parameter("FrozenTable", constant)
    else { parameter("FrozenTableA", constant); parameter("FrozenTableW", constant) }
  }
  print ""
}
END {
  if (!found) { printf "rtl/configs.def: no configuration %s\n", name > "/dev/stderr"; exit 1 }
}

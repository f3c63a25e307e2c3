# One row of rtl/configs.def -> parameters of bcq_gemm, or of another unit:
#   -v unit=encoder       of bcq_encoder
#   -v unit=accelerator   of bcq_accelerator; two files then, rtl/accelerator/configs.def first
# -v name=CONFIG, and the tool's spelling of a parameter: -v before=-G -v between== (Verilator) or -v before='-chparam ' -v between=' ' (Yosys).
# Decode, TwosComplement and Asic are bcq_gemm's alone.
# -v quote=TEXT: how to write the quote in 96'h0, where a shell reads the result.

function sized(width, digits) { return width (quote == "" ? "'" : quote) digits }
function parameter(key, value) { printf "%s%s%s%s ", before, key, between, value }
function bit(key, value) { parameter(key, sized(1, value ? "b1" : "b0")) }

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

function refuse(why) { printf "rtl/configs.def: %s: %s\n", name, why > "/dev/stderr"; refused = 1; exit 1 }

FNR == 1 { files++ }
/^#/ || NF == 0 || $1 != name { next }
unit == "accelerator" && files == 1 {
  streams = 1
  bit("Encoder", $2)
  parameter("ABytes", $3); parameter("WBytes", $4); parameter("RBytes", $5)
  parameter("ActWords", $6); parameter("ResultWords", $7)
  next
}
{
  found = 1
  parameter("LB", $2); parameter("LA", $3); parameter("NC", $4); parameter("B", $5)
  parameter("EW", $6)
  if (unit == "encoder" || unit == "accelerator") { parameter("EncLanes", $12); parameter("CbPerCycle", $13) }
  if (unit == "encoder") {
    bit("SharedTable", $14 == "shared")
  } else {
    parameter("Cols", $7); parameter("T", $8); parameter("NDec", $9)
    bit("Exact", $10 == "exact")
    parameter("Lanes", $15); bit("Deep", $16); bit("TableMemory", $17)
    if ($18 !~ /^(edge|entry|code)$/) refuse("wanted DECODE edge, entry or code, got " $18)
    # Boards have accelerators that decode at the edge, and do not know these two.
    if (unit == "" || $18 != "edge" || $19 != 0) {
      parameter("Decode", $18 == "edge" ? 0 : $18 == "entry" ? 1 : 2); bit("TwosComplement", $19)
    }
    if (unit == "") bit("Asic", $20)
  }
  if (sub(/^frozen:/, "", $11) && !(unit == "encoder" && $14 == "shared")) {
    constant = table($11, $6)
    bit("Frozen", 1)
    if (unit == "encoder") parameter("FrozenTable", constant)
    else { parameter("FrozenTableA", constant); parameter("FrozenTableW", constant) }
  }
  print ""
}
END {
  if (refused) exit 1
  if (!found) { printf "rtl/configs.def: no configuration %s\n", name > "/dev/stderr"; exit 1 }
  if (unit == "accelerator" && !streams) {
    printf "rtl/accelerator/configs.def: no configuration %s\n", name > "/dev/stderr"; exit 1
  }
}

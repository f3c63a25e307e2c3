# Codebook files -> initialisers of bcq_codebooks, one a file, for sw/universal.c.
# Usage: awk -f scripts/universal.awk FILE...
function finish() {
  if (rows != value["nc"] || rows == 0) {
    printf "%s: wanted nc lines of entries, got %d\n", file, rows > "/dev/stderr"
    bad = 1
    exit 1
  }
  printf "    { { .la = %d, .lb = %d, .nc = %d, .index_bits = %d, .entry_bits = %d }, {%s } },\n", \
    value["la"], value["lb"], value["nc"], value["bits"], value["ew"], entries
}
FNR == 1 { if (file) finish(); file = FILENAME; rows = 0; entries = ""; split("", value) }
/^#/ || NF == 0 { next }
$2 == "=" { value[$1] = $3; next }
{
  rows++
  line = ""
  for (i = 1; i <= NF; i++) line = line (i > 1 ? ", " : "") $i
  entries = entries " { " line " },"
}
END { if (file && !bad) finish() }

#!/bin/sh
# test_hw_compare.sh BCQ: synthesises the small pair of docs/results/hw-compare.csv again (synth/compare-small.space:
# bcq and int8-token) and compares whole areas. With the Yosys version of the file each by itself, to 2 %; with another one
# the quotient of the two, to 10 %. On OSU018, or on the toy library where that package is missing. The last line is
# "N passed, N failed".
[ $# = 1 ] && [ -x "$1" ] || { echo "test_hw_compare.sh: wanted bcq, got \"$*\"" >&2; exit 2; }
cd "$(dirname "$0")/.." || exit 2
bcq=$1 file=${HW_COMPARE:-docs/results/hw-compare.csv}
library=/usr/share/qflow/tech/osu018/osu018_stdcells.lib
[ -e "$library" ] || library=build/gen/toy.lib
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' INT TERM
LC_ALL=C
export LC_ALL
command -v yosys > /dev/null || { echo '1 skipped: yosys is not installed'; echo '0 passed, 0 failed'; exit 0; }

"$bcq" explore synth/compare-small.space --library "$library" --cache "$dir/cache" -o "$dir" > "$dir/out" 2> "$dir/err" || {
  cat "$dir/err"
  echo '0 passed, 1 failed'
  exit 1
}
awk -F , '
  FNR == 1 { split("", c); for (i = 1; i <= NF; i++) c[$i] = i; files++; next }
  $c["variant"] != "small" || $c["part"] != "total" { next }
  files == 1 { new[$c["format"]] = $c["ge_per_mac"]; lib = $c["library"]; tool = $c["yosys"]; next }
  $c["library"] == lib { old[$c["format"]] = $c["ge_per_mac"]; was = $c["yosys"] }
  function check(what, a, b, most,    off) {
    if (!(a > 0 && b > 0)) { printf "FAIL: %s: wanted areas in both files, got %s and %s\n", what, b, a; failed++; return }
    off = a / b - 1
    if (off > most || off < -most) { printf "FAIL: %s on %s: recorded %s, now %s (%+.1f %%)\n", what, lib, b, a, 100 * off; failed++ }
    else passed++
  }
  END {
    if (tool == was) { check("bcq", new["bcq"], old["bcq"], 0.02); check("int8-token", new["int8-token"], old["int8-token"], 0.02) }
    else if (new["int8-token"] && old["int8-token"])
      check("bcq / int8-token", new["bcq"] / new["int8-token"], old["bcq"] / old["int8-token"], 0.1)
    printf "%d passed, %d failed\n", passed, failed
    exit failed || !passed
  }' "$dir/parts.csv" "$file"

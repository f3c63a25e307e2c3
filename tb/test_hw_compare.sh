#!/bin/sh
# test_hw_compare.sh BCQ: synthesises the small pair of docs/results/hw-compare.csv again
# (synth/compare-small.space: bcq and int8-token) and compares whole areas. With the Yosys version of the file each by
# itself, to 2 %; with another one the quotient of the two, to 10 %. On OSU018, or on the toy library where that package is
# missing. Then, on OSU018, the explorer's energy of a token, added up again from the energy file. The last line is
# "N passed, N failed".
[ $# = 1 ] && [ -x "$1" ] || { echo "test_hw_compare.sh: wanted bcq, got \"$*\"" >&2; exit 2; }
cd "$(dirname "$0")/.." || exit 2
bcq=$1 name=osu018
library=/usr/share/qflow/tech/osu018/osu018_stdcells.lib
[ -e "$library" ] || library=build/gen/toy.lib name=toy
file=${HW_COMPARE:-docs/results/hw-compare.csv}
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
    print passed + 0, failed + 0 > counts
  }' counts="$dir/counts" "$dir/parts.csv" "$file" || exit 2
read -r passed failed < "$dir/counts"
check() {
  what=$1
  shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: $what"; fi
}

# The same array once more, from the cache; decoding leaves it idle most of the time.
token_energy() {
  cat > "$dir/token.space" <<'END'
format   = int8-token
la       = 16
cols     = 2
t        = 4
recipe   = map
data     = random
delay    = zero
workload = llama2_7b_decode
END
  "$bcq" explore "$dir/token.space" --library "$library" --cache "$dir/cache" -o "$dir/token" > "$dir/out" || return
  awk -F , '
  FNR == 1 { split("", c); for (i = 1; i <= NF; i++) c[$i] = i; files++; next }
  files == 1 && $1 == "total" { busy = $c["pj_per_mac"] }
  files == 1 && $1 == "waiting" { idle = $c["pj_per_mac"] }
  files == 2 { macs += $c["layers"] * $c["m"] * $c["n"] * $c["k"]; slots += $c["layers"] * $c["cycles"] * 32 }
  files == 3 { mj = $c["energy_llama2_7b_decode"] }
  END {
    want = (busy * macs + idle * (slots - macs)) * 1e-9
    good = idle > 0 && slots > 1.5 * macs && mj > 0.9999 * want && mj < 1.0001 * want
    if (!good) printf "  wanted %.9g mJ, got %s; busy %s, idle %s, use %g\n", want, mj, busy, idle, macs / slots
    exit !good
  }' "$dir"/cache/rival_gemm-*/energy-*.csv "$dir/token/workloads.csv" "$dir/token/points.csv"
}
[ $name = toy ] || check 'energy a token, idle multipliers included' token_energy
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]

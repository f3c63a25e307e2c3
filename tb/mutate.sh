#!/bin/bash
# Do the default tests bite on faults that nobody chose? Yosys draws faults in every module of
# tb/mutate.def (operators, operands, selects, enables, registers, wiring), all of them go into one
# netlist behind a selector, and the test program runs on that netlist once a fault. Each must fail,
# or be listed in tb/mutate_equivalent.txt with a reason, which begins with one of three words:
#   proved  by Yosys's SAT solver, here, whenever all faults run
#   equal   nothing can tell it from the original: why
#   far     it shows, but no simulation gets there: why. Counted as skipped
# Usage: tb/mutate.sh [-seed S] [-n N] [-one NUMBER] [NETLIST...]   (default: all rows and all faults)
#   -n N         only N of the faults, in turn from each module
#   -one NUMBER  one fault, with what its test prints
set -u
LIMIT=120
cd "$(dirname "$0")/.." || exit 1
die() { echo "mutate: $*" >&2; exit 1; }

seed=1 most= one= names=()
while [ $# -gt 0 ]; do
  case $1 in
    -seed) seed=$2; shift 2 ;;
    -n)    most=$2; shift 2 ;;
    -one)  one=$2; shift 2 ;;
    -*)    sed -n '/^# Usage/,/^set/s/^# //p' "$0" >&2; exit 2 ;;
    *)     names+=("$1"); shift ;;
  esac
done
known=tb/mutate_equivalent.txt
yosys=$(yosys -V | awk '{ print $1, $2 }')
echo "mutate seed=$seed, $yosys"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

field() { awk -F '|' -v name="$1" -v n="$2" '!/^#/ && NF { k = $1; gsub(/ /, "", k); if (k == name) { sub(/^ +/, "", $n); print $n } }' tb/mutate.def; }
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(awk -F '|' '!/^#/ && NF { gsub(/ /, "", $1); print $1 }' tb/mutate.def)
for name in "${names[@]}"; do
  [ -n "$(field "$name" 5)" ] || die "tb/mutate.def: no row $name with a test"
done
make -s MODEL_JOBS=1 "${names[@]/#/build/mutate/}" MUTATE_SEED="$seed" || exit 1

# Runs fault $3 of netlist $1 with test $2. Status 0: it survived, 1: caught, 3: ran too long.
try() {
  # shellcheck disable=SC2086  # the test's own arguments
  timeout $LIMIT $2 -mutant "$3" "build/mutate/$1.seed$seed.so" > "$work/log" 2>&1
  case $? in 0) return 0 ;; 124) return 3 ;; *) return 1 ;; esac
}

# The list as "WORD KEY": a key is a line, the indented lines below it are the reason.
awk '/^#/ || !NF { next }
  !/^ / { if (key != "") exit bad = 1; key = $0; next }
  key != "" { if ($1 !~ /^(proved|equal|far):$/) exit bad = 1; print substr($1, 1, length($1) - 1), key; key = "" }
  END { if (bad || key != "") { print "mutate: no reason: " key > "/dev/stderr"; exit 1 } }' "$known" > "$work/known" || exit 1
[ -z "$(sort "$work/known" | uniq -d)" ] || die "$known: twice: $(sort "$work/known" | uniq -d | head -1)"

: > "$work/results"
for name in "${names[@]}"; do
  test=$(field "$name" 5)
  list=build/mutate/$name.seed$seed.list
  if [ -n "$one" ]; then
    grep "^$one " "$list" || die "$list: no fault $one"
    try "$name" "$test" "$one"
    echo "exit $?"; cat "$work/log"
    exit
  fi
  if ! try "$name" "$test" 0; then
    cat "$work/log" >&2
    die "$name: its test fails without any fault: nothing below would mean anything"
  fi
  # In turn from each module: the first of each, then the second of each.
  awk '{ print ++turn[$3], $0 }' "$list" | sort -s -n -k 1,1 | cut -d ' ' -f 2- > "$work/order"
  [ -z "$most" ] || sed -i "$((most + 1)),\$d" "$work/order"
  while read -r number key; do
    try "$name" "$test" "$number"; status=$?
    word=$(key="$key" awk '{ word = $1; sub(/^[^ ]+ /, "") } $0 == ENVIRON["key"] { print word }' "$work/known")
    case $status,$word in
      0,)     verdict=survived; echo "SURVIVED  $number $key" ;;
      0,far)  verdict=far ;;
      0,*)    verdict=equivalent
              if [ "$word" = proved ] && [ -z "$most" ] && ! tb/mutate_prove.sh "build/mutate/$name.seed$seed" "$number"; then
                verdict=wrong; echo "NOT PROVED, but listed so: $number $key"
              fi ;;
      1,)     verdict=caught ;;
      1,*)    verdict=wrong; echo "CAUGHT, but listed as $word: $number $key: $(grep -m1 FAIL "$work/log")" ;;
      *)      verdict=wrong; echo "TOO LONG  $number $key" ;;
    esac
    echo "$verdict $key" >> "$work/results"
  done < "$work/order"
done

# A line of the list that this draw should have met and did not is out of date.
# (In a full run only, and with the seed and the Yosys of the list.)
stale=0
if [ "$seed" = 1 ] && [ -z "$most" ] && head -1 "$known" | grep -qF "$yosys"; then
  sed 's/^[a-z]* //' "$work/results" | sort > "$work/drawn"
  for name in "${names[@]}"; do
    cut -d ' ' -f 2- "$work/known" | grep "^$name " | sort | comm -23 - "$work/drawn"
  done > "$work/stale"
  stale=$(wc -l < "$work/stale")
  sed 's/^/NOT DRAWN, but listed: /' "$work/stale"
fi

awk -v stale="$stale" -v known="$(head -1 "$known" | grep -cF "$yosys")" -v yosys="$yosys" '
  { module = $3; n[module]++; all++; count[module, $1]++; sum[$1]++ }
  function row(module, drawn, caught, equivalent, far) {
    return sprintf("%-18s %6d %7d %11d %4d %9d", module, drawn, caught, equivalent, far, drawn - caught - equivalent - far)
  }
  END {
    printf "%-18s %6s %7s %11s %4s %9s\n", "module", "drawn", "caught", "equivalent", "far", "failed"
    for (module in n)
      print row(module, n[module], count[module, "caught"], count[module, "equivalent"], count[module, "far"]) | "sort"
    close("sort")
    print row("all", all, sum["caught"], sum["equivalent"], sum["far"])
    skipped = sum["far"] + (known ? 0 : sum["survived"])
    if (sum["far"]) why = "faults that no simulation reaches"
    if (!known && sum["survived"])
      why = why (why == "" ? "" : "; ") "survivors drawn by " yosys ", of which the list of equivalents knows nothing"
    if (skipped) print skipped " skipped: " why
    failed = sum["wrong"] + stale + (known ? sum["survived"] : 0)
    print sum["caught"] + sum["equivalent"] + 0 " passed, " failed " failed"
    exit failed || !(sum["caught"] + sum["equivalent"])
  }' "$work/results"

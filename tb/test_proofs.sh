#!/bin/bash
# Proofs about the RTL: bounded model checking and induction with yosys-smtbmc and z3, or Yosys's own
# SAT solver where there is no state. The list and its format: tb/proofs.txt, by default.
# Usage: tb/test_proofs.sh [-l LIST] PACKAGE.sv [NAME...]  (from the project's root; default: all names)
#
# For each proof: build the circuit with the wrapper tb/proofs/TOP.sv around it, count the $assert
# cells (Yosys drops some forms of assertion in silence), prove. Then plant each fault in a copy of the
# RTL; a trace from the start must be found that fails (the list may say otherwise).
#
# A wire of the wrapper called dut__a__b is the signal a.b inside of its instance dut: so proofs see
# registers that have no port.
set -u
export LC_ALL=C
list=tb/proofs.txt
if [ "${1-}" = -l ]; then list=$2; shift 2; fi
package=${1:?"usage: tb/test_proofs.sh [-l LIST] PACKAGE.sv [NAME...]"}
shift
LIMIT=${PROOF_LIMIT:-600}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0

die() { echo "test_proofs: $*" >&2; exit 2; }
trim() { local s=${1#"${1%%[![:space:]]*}"}; printf '%s' "${s%"${s##*[![:space:]]}"}"; }

# Builds wrapper $1 over the RTL files $3 of folder $2, with parameters $4 ("A=1 B=2") and $5 $assert
# cells. Leaves $work/p.smt2 and, for the SAT solver, $work/p.il.
build() {
  local top=$1 dir=$2 files= f word params= probe
  for f in $3; do files+=" $dir/$f.sv"; done
  for word in $4; do params+=" -chparam ${word%%=*} ${word#*=}"; done
  {
    echo "read_verilog -sv -formal $package $files tb/proofs/$top.sv"
    echo "hierarchy -check -top $top $params"
    echo "proc; flatten"
    grep -o 'dut__[a-zA-Z0-9_]*' "tb/proofs/$top.sv" | sort -u | while read -r probe; do
      echo "connect -nounset -set $probe ${probe//__/.}"
    done
    # No opt_merge: it takes two registers that start unknown for one.
    echo "opt_expr; opt_clean; memory -nordff -nomap; opt_expr; async2sync; dffunmap; opt_clean"
    # Undriven would mean free: a probe that found nothing, or a port left open.
    echo "check -assert"
    echo "tee -q -o $work/count select -count t:\$assert"
    echo "write_ilang $work/p.il"
    echo "write_smt2 -wires $work/p.smt2"
  } > "$work/p.ys"
  rm -f "$work/p.smt2" "$work/p.il"
  yosys -q -s "$work/p.ys" > "$work/log" 2>&1 || return
  word=$(awk '{ print $1 }' "$work/count")
  [ "$word" = "$5" ] || { echo "wanted $5 \$assert cells, found $word" > "$work/log"; return 1; }
}

# Runs one check on what was built: holds, fails, or neither (out of time, solver trouble).
check() {  # bmc | induction | cover | sat, depth
  local answer
  case $1 in
    bmc)       timeout $LIMIT yosys-smtbmc -s z3 --unroll -t "$2" "$work/p.smt2" ;;
    induction) timeout $LIMIT yosys-smtbmc -s z3 --unroll --noincr -i -t "$2" "$work/p.smt2" ;;
    cover)     timeout $LIMIT yosys-smtbmc -s z3 --unroll -c -t "$2" "$work/p.smt2" ;;
    sat)       timeout $LIMIT yosys -p "read_ilang $work/p.il; sat -prove-asserts -set-assumes" ;;
  esac > "$work/log" 2>&1
  answer=$(grep -oiE 'Status: (passed|failed)|SAT proof finished - (no model|model) found' "$work/log" | tail -1)
  case ${answer,,} in
    'status: passed'|*'no model found') echo holds ;;
    'status: failed'|*' model found')   echo fails ;;
    *)                                  echo neither ;;
  esac
}

line_of() {  # name, parameters, mode, what came of it
  printf '%-18s %-34s %-24s %5s s  %s\n' "$1" "$2" "$3" \
    "$(awk -v t="$EPOCHREALTIME" -v s="$start" 'BEGIN { printf "%.1f", t - s }')" "$4"
}

# name, wrapper, files, parameters, mode, number of assertions
prove() {
  local mode depth answer
  start=$EPOCHREALTIME
  if ! build "$2" rtl "$3" "$4" "$6"; then
    failed=$((failed + 1)); line_of "$1" "$4" "$5" "FAIL: does not build:"; tail -3 "$work/log"
    return
  fi
  # shellcheck disable=SC2086  # pairs of words
  set -- "$1" "$4" "$5" $5
  local name=$1 params=$2 modes=$3
  shift 3
  while [ $# -gt 0 ]; do
    mode=$1 depth=0; shift
    [ "$mode" != faults ] || break
    if [ "$mode" != sat ]; then depth=$1; shift; fi
    answer=$(check "$mode" "$depth")
    if [ "$answer" != holds ]; then
      failed=$((failed + 1)); line_of "$name" "$params" "$modes" "FAIL: $mode: $answer"
      grep -iE 'failed|error|timeout' "$work/log" | head -4
      return
    fi
  done
  passed=$((passed + 1)); line_of "$name" "$params" "$modes" "holds"
}

# name, wrapper, files, parameters, mode, number of assertions, file of the fault, sed, meaning
plant() {
  local mode=bmc depth answer file
  start=$EPOCHREALTIME
  rm -rf "$work/rtl"; mkdir "$work/rtl"
  for file in $3; do mkdir -p "$work/rtl/$(dirname "$file")"; cp "rtl/$file.sv" "$work/rtl/$file.sv"; done
  sed -i -e "$8" "$work/rtl/$7.sv" || die "$1: bad expression: $8"
  if cmp -s "rtl/$7.sv" "$work/rtl/$7.sv"; then
    failed=$((failed + 1)); line_of "$1" "" "fault" "FAIL: changes nothing: $9"
    return
  fi
  if ! build "$2" "$work/rtl" "$3" "$4" "$6"; then
    failed=$((failed + 1)); line_of "$1" "" "fault" "FAIL: does not build: $9"; tail -3 "$work/log"
    return
  fi
  depth=${5##*[a-z] }
  case $5 in sat) mode=sat ;; *"faults step "*) mode=induction ;; esac
  answer=$(check "$mode" "$depth")
  if [ "$answer" = fails ]; then
    passed=$((passed + 1)); line_of "$1" "" "fault" "refuted: $9"
  else
    failed=$((failed + 1)); line_of "$1" "" "fault" "FAIL: $answer: $9"
  fi
}

# All combinations of "A=1,2 B=3", one a line.
combinations() {  # made so far, words left...
  local made=$1 value
  shift
  if [ $# = 0 ]; then echo "${made# }"; return; fi
  local name=${1%%=*} values=${1#*=}
  shift
  for value in ${values//,/ }; do combinations "$made $name=$value" "$@"; done
}

# ---- The list: checked before anything runs --------------------------------------------------------------

[ -f "$package" ] || die "no file $package"
proofs=() faults=() line=0
while IFS= read -r text; do
  line=$((line + 1))
  case $(trim "$text") in ''|'#'*) continue ;; esac
  IFS='|' read -r kind a b c d e f rest <<< "$text"
  kind=$(trim "$kind")
  case $kind in
    proof) [ -n "$f" ] && [ -z "$rest" ] || die "$list:$line: wanted seven fields"
           [ -f "tb/proofs/$(trim "$b").sv" ] || die "$list:$line: no wrapper $(trim "$b")"
           for file in $c; do [ -f "rtl/$file.sv" ] || die "$list:$line: no file rtl/$file.sv"; done
           current=$(trim "$a")
           [ $# = 0 ] || [[ " $* " == *" $current "* ]] || { current=; continue; }
           proofs+=("$current|$(trim "$b")|$(trim "$c")|$(trim "$d")|$(trim "$e")|$(trim "$f")") ;;
    fault) [ -n "$c" ] && [ -z "$d" ] || die "$list:$line: wanted four fields"
           [ -f "rtl/$(trim "$a").sv" ] || die "$list:$line: no file rtl/$(trim "$a").sv"
           [ -z "$current" ] || faults+=("${#proofs[@]}|$(trim "$a")|$(trim "$b")|$(trim "$c")") ;;
    *)     die "$list:$line: wanted proof or fault, got \"$kind\"" ;;
  esac
done < "$list"
[ ${#proofs[@]} -gt 0 ] || die "no proof of that name"

number=0
for proof in "${proofs[@]}"; do
  number=$((number + 1)) planted=0 last=
  IFS='|' read -r name top files params mode asserts <<< "$proof"
  while read -r set; do
    last=$set
    prove "$name" "$top" "$files" "$set" "$mode" "$asserts"
  done < <(combinations "" $params)
  # The faults with the last combination.
  for fault in "${faults[@]}"; do
    IFS='|' read -r of file expression meaning <<< "$fault"
    [ "$of" = "$number" ] || continue
    planted=$((planted + 1))
    plant "$name" "$top" "$files" "$last" "$mode" "$asserts" "$file" "$expression" "$meaning"
  done
  if [ $planted = 0 ]; then failed=$((failed + 1)); echo "$name: FAIL: no fault to see it fail on"; fi
done

echo "${#proofs[@]} proofs, ${#faults[@]} faults, in $SECONDS s"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

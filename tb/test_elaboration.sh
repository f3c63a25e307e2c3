#!/bin/sh
# RTL: lint clean, and illegal parameters refused at elaboration by Verilator and by Yosys.
# Usage: tb/test_elaboration.sh RTL_FILES...  (from the project's root)
set -u
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

verdict() {  # what, 0 if as wanted
  if [ "$2" = 0 ]; then passed=$((passed + 1))
  else failed=$((failed + 1)); echo "FAIL elaboration: $1" >&2; head -5 "$log" >&2; fi
}

sv=
for f in "$@"; do case $f in *.sv) sv="$sv $f" ;; esac; done

verilator --lint-only -Wall --top-module bcq_gemm "$@" > "$log" 2>&1
verdict "lint of the default parameters" $?

while read -r name value; do
  verilator --lint-only -Wall --top-module bcq_gemm "-G$name=$value" "$@" > "$log" 2>&1
  [ $? != 0 ] && grep -q 'USERERROR\|\$error' "$log"
  verdict "Verilator took $name=$value" $?
  yosys -q -p "read_verilog -sv $sv; hierarchy -top bcq_gemm -chparam $name $value" > "$log" 2>&1
  [ $? != 0 ] && grep -q 'ERROR' "$log"
  verdict "Yosys took $name=$value" $?
done <<LIST
LB 1
LB 16
LA 8
LA 48
LA 256
NC 3
NC 32
B 1
B 5
EW 3
EW 9
NDec 3
T 1
LIST

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

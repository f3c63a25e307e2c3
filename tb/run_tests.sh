#!/bin/sh
# Runs test programs one after the other and adds up their closing lines "N passed, N failed".
# Usage: tb/run_tests.sh COMMAND... , each a quoted command line.
set -u
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for command in "$@"; do
  echo "== $command"
  start=$(date +%s)
  sh -c "$command" > "$log" 2>&1
  status=$?
  cat "$log"
  closing=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -1)
  p=$(echo "$closing" | sed -n 's/^\([0-9]*\) passed.*/\1/p')
  f=$(echo "$closing" | sed -n 's/.* \([0-9]*\) failed.*/\1/p')
  s=$(echo "$closing" | sed -n 's/.* \([0-9]*\) skipped.*/\1/p')
  p=${p:-0} f=${f:-0} s=${s:-0}
  # A program that failed without counting it, or that counted nothing, failed once.
  if [ $status != 0 ] && [ "$f" = 0 ]; then f=1; fi
  if [ "$p" = 0 ] && [ "$f" = 0 ]; then f=1; fi
  [ "$f" = 0 ] || echo "FAILED (exit $status): $command"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  echo "   $(( $(date +%s) - start )) s"
done
[ $skipped = 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

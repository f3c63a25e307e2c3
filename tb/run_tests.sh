#!/bin/sh
# Runs test programs, two at a time, and adds up their closing lines "N passed, N failed[, N skipped]".
# Usage: tb/run_tests.sh COMMAND... , each a quoted command line.
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

number=0
for command in "$@"; do
  number=$((number + 1))
  echo "$command" > "$dir/$number.command"
done
# Each job leaves its output, its exit status and its seconds; a line on the terminal says it is done.
seq "$number" | xargs -P "${TEST_JOBS:-2}" -I '{}' sh -c '
  cd "$2" || exit
  begin=$(date +%s)
  sh "$1/{}.command" > "$1/{}.log" 2>&1 < /dev/null
  echo $? > "$1/{}.status"
  echo $(( $(date +%s) - begin )) > "$1/{}.seconds"
  [ ! -t 2 ] || echo "done in $(cat "$1/{}.seconds") s: $(cut -c 1-80 "$1/{}.command")" >&2
' sh "$dir" "$PWD"

passed=0 failed=0 skipped=0
for job in $(seq "$number"); do
  echo "== $(cat "$dir/$job.command")"
  cat "$dir/$job.log"
  status=$(cat "$dir/$job.status" 2>/dev/null || echo none)
  closing=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$dir/$job.log" | tail -1)
  p=$(echo "$closing" | sed -n 's/^\([0-9]*\) passed.*/\1/p')
  f=$(echo "$closing" | sed -n 's/.* \([0-9]*\) failed.*/\1/p')
  s=$(grep -E '^[0-9]+ skipped' "$dir/$job.log" | tail -1 | sed 's/ .*//')
  p=${p:-0} f=${f:-0} s=${s:-0}
  # A program that failed without counting it, or that counted nothing, not even skips, failed once.
  if [ "$status" != 0 ] && [ "$f" = 0 ]; then f=1; fi
  if [ "$p" = 0 ] && [ "$f" = 0 ] && [ "$s" = 0 ]; then f=1; fi
  [ "$f" = 0 ] || echo "FAILED (exit $status)"
  echo "   $(cat "$dir/$job.seconds" 2>/dev/null || echo '?') s"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
[ $skipped = 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

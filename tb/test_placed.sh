#!/bin/sh
# The driver's test on a simulated board. Usage: tb/test_placed.sh MODEL CONFIG RUNS
# The last line is the driver's: "N passed, N failed".
set -eu
cd "$(dirname "$0")/.."
log=$(mktemp)
build/board_sim "$1" > "$log" &
board=$!
trap 'kill "$board" 2>/dev/null || true; rm -f "$log"' EXIT
trap 'exit 130' INT TERM
n=0
until line=$(head -n 1 "$log") && [ -n "$line" ]; do
  n=$((n + 1))
  [ $n -lt 100 ] || { echo "tb/test_placed.sh: no terminal from build/board_sim" >&2; exit 1; }
  sleep 0.1
done
timeout 1200 build/test_device -seed 1 -runs "$3" -uart "uart:$line" "$2"

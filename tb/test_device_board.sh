#!/bin/sh
# The driver on simulated boards: its test program, the example program and bcq gemm give the bits of the golden
# model, on a good line and on a bad one; a board that goes away is an error, not a wait without end.
# Usage: tb/test_device_board.sh SEED CONFIG...   (from the project's root, all built)
set -u
[ $# -ge 2 ] || { echo "usage: tb/test_device_board.sh SEED CONFIG..." >&2; exit 2; }
passed=0 failed=0 board=
dir=$(mktemp -d) || exit 2
trap 'stop_board; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
seed=$1
shift
echo "seed $seed"

check() {  # NAME COMMAND...
  name=$1
  shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $config: $name" >&2; fi
}
stop_board() { [ -z "$board" ] || { kill "$board" 2> /dev/null; wait "$board" 2> /dev/null; board=; }; }

# Starts a board, with options of board_sim; $tty is its terminal.
start_board() {
  stop_board
  rm -f "$dir/board.log"
  build/board_sim -seed "$seed" "$@" "build/models/$config.board.so" > "$dir/board.log" 2>&1 &
  board=$!
  tries=0
  while [ ! -s "$dir/board.log" ] && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
  tty=$(head -n 1 "$dir/board.log")
}

for config in "$@"; do
  row=$(awk -v name="$config" '$1 == name { print $2, $3, $4, $5, $6, $10 }' rtl/configs.def)
  # shellcheck disable=SC2086  # the row's words
  set -- $row
  [ $# = 6 ] || { echo "FAIL $config: no row" >&2; failed=$((failed + 1)); continue; }
  tensors=sw/model/weights.safetensors:layers.0.attention
  build/bcq calibrate -o "$dir/cb.txt" --lb "$1" --la "$2" --nc "$3" --bits "$4" --ew "$5" --iters 2 --sample 10000 \
    "$tensors.wq.weight" > "$dir/log" || { cat "$dir/log"; exit 1; }
  # 8 rows of 128: the head of a tensor, as .npy.
  for side in a w; do
    { printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '<f2', 'fortran_order': False, 'shape': (8, 128), }"
      awk -v salt=$side 'BEGIN { srand(salt == "a"); for (i = 0; i < 1024; i++) {
          bits = 11264 + int(4096 * rand()) + (rand() < 0.5) * 32768
          printf "\\0%o\\0%o\n", bits % 256, int(bits / 256) } }' \
        | while read -r escapes; do printf '%b' "$escapes"; done
    } > "$dir/$side.npy"
    build/bcq quantize -c "$dir/cb.txt" --bf16 -o "$dir/$side.bcq" "$dir/$side.npy" > "$dir/log" || exit 1
  done
  files="$dir/cb.txt $dir/a.bcq $dir/w.bcq"

  start_board
  # Products before the driver's own test, which ends some in the middle.
  # shellcheck disable=SC2086  # a list of files
  check 'example, golden' build/example golden "$config" $files "$dir/golden.npy" > "$dir/golden.log"
  # shellcheck disable=SC2086
  check 'example, board' build/example "uart:$tty" - $files "$dir/board.npy" > "$dir/example.log"
  # shellcheck disable=SC2086
  check 'example, simulated' build/example rtl "$config" $files "$dir/rtl.npy" > "$dir/rtl.log"
  check 'example, simulated: the same bits' cmp -s "$dir/golden.npy" "$dir/rtl.npy"
  check 'example: the same bits' cmp -s "$dir/golden.npy" "$dir/board.npy"
  check 'bcq gemm on the board' build/bcq gemm -c "$dir/cb.txt" -a "$dir/a.bcq" -w "$dir/w.bcq" -o "$dir/gemm.npy" \
    --acc "$6" --backend "uart:$tty" > "$dir/gemm.log"
  # shellcheck disable=SC2086
  check 'another speed and time-out' build/example "uart:$tty@1000000,900" - $files "$dir/slow.npy" > "$dir/slow.log"
  check 'another speed: the same bits' cmp -s "$dir/golden.npy" "$dir/slow.npy"
  # shellcheck disable=SC2086
  build/example "uart:$tty@12345" - $files "$dir/odd.npy" > "$dir/odd.log" 2>&1
  check 'a speed that is none' [ "$? $(grep -c 'wanted a usual speed' "$dir/odd.log")" = '1 1' ]
  check 'bcq gemm: no mismatches' grep -q '^mismatches          0 of 64 ' "$dir/gemm.log"
  check 'bcq gemm: the same bits' cmp -s "$dir/golden.npy" "$dir/gemm.npy"
  build/test_device -seed "$seed" -runs 12 -uart "uart:$tty" "$config" > "$dir/log" 2>&1
  status=$?
  closing=$(tail -n 1 "$dir/log")
  check "test_device: $closing" [ $status = 0 ]
  [ $status = 0 ] || head -n 5 "$dir/log" >&2
  n=$(echo "$closing" | sed -n 's/^\([0-9]*\) passed, [0-9]* failed$/\1/p')
  passed=$((passed + ${n:-0}))

  # One byte in 2000 is damaged, in both directions.
  start_board -rate 2000
  rm -f "$dir/board.npy"
  # shellcheck disable=SC2086
  check 'example, bad line' build/example "uart:$tty" - $files "$dir/board.npy" > "$dir/example.log"
  check 'example, bad line: the same bits' cmp -s "$dir/golden.npy" "$dir/board.npy"

  # It goes away in the middle: the program ends with a line of its own.
  start_board
  # shellcheck disable=SC2086
  build/example "uart:$tty" - $files "$dir/gone.npy" > "$dir/example.log" 2>&1 &
  program=$!
  sleep 0.3
  stop_board
  wait "$program"
  check 'a board that goes away' [ "$? $(wc -l < "$dir/example.log") $(cut -c 1-9 "$dir/example.log")" = '1 1 example: ' ]
  check 'a board that goes away: no result' [ ! -e "$dir/gone.npy" ]
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

#!/bin/sh
# bcq quantize --backend rtl writes the file that --backend golden writes, byte for byte: every configuration
# with codebooks of its own, on the embedded activations. Usage: tb/test_encoder.sh CONFIG...
# (from the project's root)
set -u
passed=0 failed=0
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
tensors='layers.0.attention.wqkv.input layers.0.feed_forward.w2.input layers.3.feed_forward.w13.input'
file=sw/model/activations.safetensors

for config in "$@"; do
  row=$(awk -v name="$config" '$1 == name { print $2, $3, $4, $5, $6, $11 }' rtl/configs.def)
  # shellcheck disable=SC2086  # the row's words
  set -- $row
  if [ $# != 6 ]; then echo "FAIL $config: no row" >&2; failed=$((failed + 1)); continue; fi
  case $6 in
    frozen:*) cp "${6#frozen:}" "$dir/cb.txt" ;;
    *) build/bcq calibrate -o "$dir/cb.txt" --lb "$1" --la "$2" --nc "$3" --bits "$4" --ew "$5" --iters 3 \
         --sample 20000 --bf16 "$file:layers.0.*" > "$dir/log" || { cat "$dir/log"; exit 1; } ;;
  esac
  for tensor in $tensors; do
    # The second time under an exponent that makes some arrays saturate.
    for exponent in '' '--exponent -10'; do
      for backend in golden "rtl --config $config"; do
        # shellcheck disable=SC2086  # lists of words
        build/bcq quantize -c "$dir/cb.txt" -o "$dir/${backend%% *}.bcq" --bf16 $exponent --backend $backend \
          "$file:$tensor" > "$dir/${backend%% *}.log" 2>&1 || cat "$dir/${backend%% *}.log" >&2
      done
      if cmp -s "$dir/golden.bcq" "$dir/rtl.bcq" \
         && grep -q '^encoder .*: \([0-9]*\) cycles, formula \1$' "$dir/rtl.log"; then
        passed=$((passed + 1))
      else
        failed=$((failed + 1)); echo "FAIL quantize --config $config $exponent $tensor: files or cycles differ" >&2
      fi
      rm -f "$dir"/*.bcq
    done
  done
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

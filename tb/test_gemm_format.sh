#!/bin/sh
# bcq gemm --format: products in the rival formats on the embedded model's tensors and on K tails, golden and on
# simulated arrays, and what is refused, to the letter.
# Usage: tb/test_gemm_format.sh BCQ CONFIG...   (rows of rtl/rivals/configs.def; from the project's root)
if [ ! -x "${1-}" ]; then echo "test_gemm_format.sh: wanted the program, got \"$*\"" >&2; exit 2; fi
bcq=$1; shift
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' INT TERM

passed=0 failed=0
verdict() {  # what, 0 if as wanted
  if [ "$2" = 0 ]; then passed=$((passed + 1))
  else failed=$((failed + 1)); echo "FAIL $1"; cat "$dir/err" "$dir/out"; fi
}

# npy FILE ROWS K SEED: float32 of [-1, 1), most small, some zero; as bytes of 0 to 255 in octal.
npy() {
  header=$(printf "%-117s" "{'descr': '<f4', 'fortran_order': False, 'shape': ($2, $3), }")
  {
    printf '\223NUMPY\001\000\166\000%s\n' "$header"
    awk -v n=$(($2 * $3)) -v x="$4" 'BEGIN {
      while (n--) {  # sign, an exponent of 2^-12 to 2^0, 8 bits of significand
        x = (x * 1103515245 + 12345) % 2147483648; y = int(x / 65536)
        if (y % 16 == 0) print "\\0000\\0000\\0000\\0000"
        else printf "\\0000\\0000\\0%o\\0%o\n", (int(y / 16) % 2) * 128 + int(y / 32) % 128,
          57 + int(y / 8) % 6 + 128 * (int(y / 4) % 2)
      }
    }' | while read -r escapes; do printf '%b' "$escapes"; done
  } > "$1"
}

# product FORMAT A W [CONFIG]: 0 mismatches, cycles of the formula, and the same file from both back ends.
product() {
  "$bcq" gemm --format "$1" -a "$2" -w "$3" -o "$dir/golden.npy" > "$dir/out" 2> "$dir/err"
  verdict "$1 golden $2 $3" $?
  [ $# = 4 ] || return 0
  "$bcq" gemm --format "$1" -a "$2" -w "$3" -o "$dir/rtl.npy" --backend rtl --config "$4" --json \
    > "$dir/out" 2> "$dir/err" &&
    tr -d '",:{}' < "$dir/out" | awk '{
        for (i = 1; i <= NF; i++) {
          if ($i == "mismatches") mismatches = $(i + 1)
          if ($i == "cycles") cycles = $(i + 1)
          if ($i == "cycles_formula") formula = $(i + 1)
          if ($i == "nmse_c") error = $(i + 1)
        }
        exit !(mismatches == "0" && cycles > 0 && cycles == formula && error < 0.1) }' &&
    cmp "$dir/golden.npy" "$dir/rtl.npy"
  verdict "$1 rtl $4 $2 $3" $?
}

model=sw/model
layer=layers.1.feed_forward.w2
for f in int8 int8-token vsq mxfp4 mxfp4:round=even mxfp4:scale=ceil nvfp4 nvfp4:tensor=pow2; do
  product $f $model/activations.safetensors:$layer.input $model/weights.safetensors:$layer.weight
done
for k in 1 15 17 63 64 65 130; do npy "$dir/a$k.npy" 3 $k $k; npy "$dir/w$k.npy" 7 $k $((k + 1)); done
npy "$dir/zero.npy" 2 80 0
{ head -c 128 "$dir/zero.npy"; head -c 640 /dev/zero; } > "$dir/zeros.npy"
for config; do
  format=$(awk -v name="$config" '$1 == name { print $2 }' rtl/rivals/configs.def)
  others=
  case $format in mxfp4) others="$format:round=even" ;; nvfp4) others="$format:tensor=pow2" ;; esac
  for f in $format $others; do
    product "$f" $model/activations.safetensors:$layer.input $model/weights.safetensors:$layer.weight "$config"
  done
  for k in 1 15 17 63 64 65 130; do product "$format" "$dir/a$k.npy" "$dir/w$k.npy" "$config"; done
  product "$format" "$dir/zeros.npy" "$dir/zero.npy" "$config"
done

# refused LINE ARGUMENT...: exit status 2, that line, no output file.
refused() {
  want=$1; shift
  "$bcq" gemm "$@" -o "$dir/none.npy" > "$dir/out" 2> "$dir/err"
  [ $? = 2 ] && [ "$(cat "$dir/err")" = "bcq gemm: $want" ] && [ ! -s "$dir/out" ] && [ ! -e "$dir/none.npy" ]
  verdict "bcq gemm $*: wanted \"$want\"" $?
}
a=$dir/a64.npy w=$dir/w64.npy
sums="int8, int8-token, vsq, mxfp4, nvfp4"
refused '--format: wanted -c CB.txt instead of the format bcq, got "bcq"' --format bcq -a "$a" -w "$w"
for f in nf4 int4 fp8 mx4:m=7; do
  refused "--format: wanted a format that has a sum: $sums; got \"$f\"" --format $f -a "$a" -w "$w"
done
for f in int8:group=32 vsq:group=64; do
  refused "--format: wanted the group that its hardware has, got \"$f\"" --format $f -a "$a" -w "$w"
done
refused '--format: wanted the bits=4 that its hardware has, got "vsq:bits=6"' --format vsq:bits=6 -a "$a" -w "$w"
refused '--codebooks: wanted no --format with it, got "vsq"' --format vsq -c x -a "$a" -w "$w"
for o in encode acc result batch float-a float-w cw trace; do
  case $o in encode) v=3 ;; acc) v=fp32 ;; result) v=bf16 ;; *) v=x ;; esac
  refused "--$o: wanted no --format with it, got \"vsq\"" --format vsq --$o $v -a "$a" -w "$w"
done
refused '--config: wanted --backend rtl with it, got golden' --format vsq --config vsq -a "$a" -w "$w"
refused '--backend: wanted golden or rtl with --format, got uart:x' --format vsq --backend uart:x -a "$a" -w "$w"
refused 'command line: wanted --format F -a TENSOR -w TENSOR -o C.npy, got no -w' --format vsq -a "$a"
refused 'command line: wanted --format F -a TENSOR -w TENSOR -o C.npy, got also x' --format vsq -a "$a" -w "$w" x
# The longest K of int8-token, and one more.
zeros() {  # FILE K
  { printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (1, $2), }"
    head -c $((4 * $2)) /dev/zero; } > "$1"
}
zeros "$dir/long.npy" 133144
zeros "$dir/longer.npy" 133145
product int8-token "$dir/long.npy" "$dir/long.npy"
refused '-a: wanted a K whose sums in int8-token fit 32 bits, got K = 133145' --format int8-token \
  -a "$dir/longer.npy" -w "$dir/longer.npy"
refused '-w: wanted K = 64 as of -a, got K = 65' --format vsq -a "$a" -w "$dir/w65.npy"
names=$(awk '!/^#/ && NF { printf "%s%s", sep, $1; sep = ", " }' rtl/rivals/configs.def)
refused "--config: wanted one of $names, got \"default\"" --format vsq --backend rtl --config default -a "$a" -w "$w"
# An array of another format, if there are two.
for config; do
  format=$(awk -v name="$config" '$1 == name { print $2 }' rtl/rivals/configs.def)
  other=vsq
  [ "$format" = vsq ] && other=int8
  refused "--config $config: wanted an array of $other, got one of another format" --format $other --backend rtl \
    --config "$config" -a "$a" -w "$w"
done

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

#!/bin/sh
# test_cli.sh BCQ: drives the command line as a user would, and compares stderr, stdout and exit
# status exactly. Needs the binary, coreutils and awk; works in a folder of its own. The last line is
# "N passed, N failed"; no case at all is a failure.
[ $# = 1 ] && [ -x "$1" ] || { echo "test_cli.sh: wanted the binary as argument, got \"$*\"" >&2; exit 2; }
bcq=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
dir=$(mktemp -d) || exit 2
cd "$dir" || exit 2
trap 'cd /; rm -rf "$dir"' EXIT
trap 'exit 2' INT TERM
LC_ALL=C
export LC_ALL

passed=0 failed=0 skipped=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); printf 'FAIL: %s\n' "$1"; }
skip() { skipped=$((skipped + 1)); printf 'skipped: %s\n' "$1"; }
check() { name=$1; shift; if "$@"; then ok; else bad "$name"; fi; }

# run STATUS STDERR ARGUMENT...: the exit status and all of stderr; stdout is left in `out`.
run() {
    want_status=$1 want_stderr=$2
    shift 2
    "$bcq" "$@" >out 2>err </dev/null
    status=$?
    if [ $status = "$want_status" ] && [ "$(cat err)" = "$want_stderr" ]; then ok
    else
        bad "bcq $*"
        printf '  wanted %s: %s\n  got    %s: %s\n' "$want_status" "$want_stderr" $status "$(cat err)"
    fi
}

# npy FILE ROWS K: float32 out of stdin, one number a line. The bytes go through printf's octal
# escapes, for not every awk writes a zero byte.
npy() {
    header=$(printf "%-117s" "{'descr': '<f4', 'fortran_order': False, 'shape': ($2, $3), }")
    {
        printf '\223NUMPY\001\000\166\000%s\n' "$header"
        awk '{
            x = $1 + 0; sign = 0; bits = 0
            if (x < 0) { x = -x; sign = 128 }
            if (x > 0) {
                for (e = 127; x >= 2; e++) x /= 2
                for (; x < 1; e--) x *= 2
                bits = e * 8388608 + int((x - 1) * 8388608 + 0.5)
            }
            printf "\\0%o\\0%o\\0%o\\0%o\n", bits % 256, int(bits / 256) % 256, \
                int(bits / 65536) % 256, sign + int(bits / 16777216)
        }' | while read -r escapes; do printf '%b' "$escapes"; done
    } >"$1"
}

# Little-endian floats of an .npy as text, one a line.
values() { tail -c +129 "$1" | od -An -v -t f4 -w4 | tr -d ' '; }

# One table whose entries a row below hits exactly: 7 / (7 * 2^-8) = 256 is a scale.
cat >cb.txt <<END
# for tests
la = 16
lb = 2
nc = 1
bits = 2
ew = 4
-7 0 3 7
END
identity=3829e0cf274c1db83559aec3176950c2
exact='7 0 3 -7 0 0 3 3 7 7 0 0 0 -7 -7 3'
echo "$exact" | tr ' ' '\n' | npy exact.npy 1 16
awk 'BEGIN { for (i = 0; i < 60; i++) print (i * 37 % 41 - 20) / 8 }' | npy a.npy 3 20
awk 'BEGIN { for (i = 0; i < 40; i++) print (i * 29 % 31 - 15) / 64 }' | npy w.npy 2 20

# ---- the way that --help shows ------------------------------------------------------------------
run 0 '' quantize -c cb.txt -o exact.bcq exact.npy
check 'quantize: its line' [ "$(cat out)" = \
    'exact.npy: 1 x 16, e_X -8, NMSE 0 (0 / 330), 2.5 bits a scalar' ]
check '.bcq: its size' [ "$(stat -c %s exact.bcq)" = $((64 + 5 + 4)) ]
# Scale 256 = 0x78; indices 3 1 2 0, 1 1 2 2, 3 3 1 1, 1 0 0 2, two bits each, the first lowest.
check '.bcq: its record' [ "$(tail -c +65 exact.bcq | head -c 5 | od -An -t x1)" = ' 78 27 a5 5f 81' ]
run 0 '' dequantize -c cb.txt -o back.npy exact.bcq
check 'dequantize gives the numbers back' [ "$(values back.npy | tr '\n' ' ')" = "$exact " ]
check 'dequantize: the same file as was quantized' cmp -s exact.npy back.npy
run 0 '' quantize -c cb.txt -o a.bcq a.npy
run 0 '' quantize -c cb.txt -o w.bcq --threads 2 w.npy
run 0 '' gemm -c cb.txt -a exact.bcq -w exact.bcq -o c.npy
check 'gemm: 330' [ "$(values c.npy)" = 330 ]
run 0 '' gemm -c cb.txt --cw cb.txt -a a.bcq -w w.bcq -o c.npy --acc exact --json
check 'gemm --json: one object' [ "$(wc -l <out)" = 1 ]
check 'gemm --json: its keys' [ "$(sed 's/"seconds": [0-9.e-]*/"seconds": S/' out)" = \
    '{"backend": "golden", "config": null, "acc": "exact", "m": 3, "n": 2, "k": 20, "bits_a": 2.5, "bits_w": 2.5, "nmse_a": null, "nmse_w": null, "nmse_c": null, "mismatches": null, "cycles": null, "cycles_formula": null, "codebook_cycles": null, "utilisation": null, "utilisation_m1": null, "macs": 120, "macs_a_cycle": null, "seconds": S, "result": "fp32", "encode": false, "commands": null, "issued": null, "stall_in": null, "stall_out": null, "codebook_bytes": null, "w_bytes": null, "a_bytes": null, "r_bytes": null, "bytes_a_mac": null, "nonfinite": false}' ]
check 'gemm: 3 x 2' [ "$(values c.npy | wc -l)" = 6 ]
run 0 '' gemm -c cb.txt -a exact.bcq -w exact.bcq -o c.npy --float-a exact.npy --float-w exact.npy
check 'gemm: no error' grep -q 'NMSE against float  A 0.000e+00, W 0.000e+00, C 0.000e+00' out
run 0 '' gemm -c cb.txt -a a.bcq -w w.bcq -o golden.npy
run 0 '' gemm -c cb.txt -a a.bcq -w w.bcq -o rtl.npy --backend rtl --config lb2 --json
check 'gemm: rtl as golden' cmp -s golden.npy rtl.npy
check 'gemm --json: rtl' grep -q '"mismatches": 0, "cycles": \([0-9]*\), "cycles_formula": \1,' out
# lb2 on 3 x 2 results of 20 scalars: two block arrays, records of 11 bytes. 4 columns twice, in beats of 4;
# 3 tokens twice, in beats of 8; 3 tokens of 4 FP32 results.
check 'gemm --json: counters' grep -q '"issued": 6, .*"codebook_bytes": 128, "w_bytes": 88, "a_bytes": 72, "r_bytes": 48,' out
run 0 '' gemm -c cb.txt -a a.bcq -w w.bcq -o rtl.npy --backend rtl --config lb2
check 'gemm: rtl, its table' grep -q '^mismatches          0 of 6 (rtl against golden, bit for bit)$' out
check 'gemm: rtl, cycles as planned' grep -q '^cycles              \([0-9]*\) (formula \1), codebook load 33$' out
cycles=$(sed -n 's/^cycles  *\([0-9]*\) .*/\1/p' out)
run 0 '' plan --config lb2 -m 3 -n 2 -k 20
check 'plan: the cycles that the hardware counts' grep -q "^cycles              $cycles, codebook load 33\$" out
run 0 '' plan --config lb2 -m 3 -n 2 -k 20 --json --clock "$cycles"
check 'plan --json' grep -q "^{\"config\": \"lb2\", \"m\": 3, .*\"cycles\": $cycles, .*\"w_bytes\": 88, .*\"seconds\": 1.0}" out
run 0 '' gemm -c cb.txt -a a.bcq -w w.bcq -o plan.npy --config lb2
check 'gemm: golden with a configuration tells its cycles' grep -q "^cycles              formula $cycles, codebook load 33\$" out
check 'gemm: golden with a configuration' cmp -s golden.npy plan.npy

# Results as BF16, and activations that the hardware encodes. -7 is e_X of a.npy under these tables.
sed 's/^nc = 1/nc = 4/; s/^bits = 2/bits = 4/; s/^-7 0 3 7//' cb.txt >enc.txt
for shift in 0 1 2 3; do echo "-7 -6 -5 -4 -3 -2 -1 0 0 1 2 3 4 5 6 7" >>enc.txt; done
run 0 '' quantize -c enc.txt -o ea.bcq --bf16 --exponent -7 a.npy
run 0 '' quantize -c enc.txt -o ew.bcq w.npy
run 0 '' gemm -c enc.txt -a ea.bcq -w ew.bcq -o packed.npy
for backend in golden 'rtl --config lb2'; do
    # shellcheck disable=SC2086  # two words
    run 0 '' gemm -c enc.txt -a a.npy --encode -7 -w ew.bcq -o encoded.npy --backend $backend
    check "gemm --encode: as if packed before, $backend" cmp -s packed.npy encoded.npy
    # shellcheck disable=SC2086
    run 0 '' gemm -c enc.txt -a ea.bcq -w ew.bcq -o bf16.npy --result bf16 --backend $backend
    # The lower half of each result is 0, and the upper one is what rounding to nearest even gives.
    tail -c +129 packed.npy | od -An -v -t u4 -w4 | awk '{
        low = $1 % 65536; high = ($1 - low) / 65536
        if (low > 32768 || (low == 32768 && high % 2)) high++
        print high * 65536
    }' >want
    tail -c +129 bf16.npy | od -An -v -t u4 -w4 | awk '{ print $1 + 0 }' >got
    check "gemm --result bf16, $backend" cmp -s want got
done
sed 's/^lb = 2/lb = 8/; s/^bits = 2/bits = 4/; s/^-7 0 3 7/-7 -6 -5 -4 -3 -2 -1 0 0 1 2 3 4 5 6 7/' cb.txt >gap16.txt
run 0 '' quantize -c gap16.txt -o g.bcq w.npy
run 2 'bcq gemm: --config nc2: wanted packed activations, for this build has no encoder, got floats (a.npy)' \
    gemm -c gap16.txt -a a.npy --encode -7 -w g.bcq -o x --config nc2
run 2 'bcq gemm: --config lb2: lb of the file differs from the encoder'"'"'s: wanted la 16, lb 2, nc <= 4, bits 4, ew 4, got la 16, lb 8, nc 1, bits 4, ew 4' \
    gemm -c gap16.txt -a a.npy --encode -7 -w g.bcq -o x --config lb2

# A list of products.
printf '# two products\n\none a.bcq w.bcq one.npy\ntwo exact.bcq exact.bcq two.npy\n' >list.txt
run 0 '' gemm -c cb.txt --batch list.txt --backend rtl --config lb2
check 'batch: its lines' [ "$(awk '{ print $1, $2, $3, $4, $5 }' out)" = "name M N K mismatches
one 3 2 20 0
two 1 1 16 0
total 2 products, 136 MACs," ]
check 'batch: its results' cmp -s one.npy golden.npy
run 0 '' gemm -c cb.txt --batch list.txt --json
check 'batch --json: a line each' [ "$(grep -c '^{"name": "' out)" = 2 ]
printf 'one a.bcq w.bcq\n' >list.txt
run 2 'bcq gemm: list.txt:1: wanted NAME A W OUT, got another number of words' gemm -c cb.txt --batch list.txt
printf 'one a.bcq w.bcq a.bcq\n' >list.txt
run 2 'bcq gemm: a.bcq: wanted an output other than the input, got the same file' gemm -c cb.txt --batch list.txt
printf '# nothing\n' >list.txt
run 2 'bcq gemm: list.txt: wanted at least one product, got none' gemm -c cb.txt --batch list.txt
printf 'one a.bcq w.bcq one.npy\ntwo none.bcq w.bcq two.npy\n' >list.txt
rm -f two.npy
run 2 'bcq gemm: none.bcq: wanted a readable file, got: No such file or directory' gemm -c cb.txt --batch list.txt
check 'batch: what was done stays, nothing else' [ -e one.npy ] && [ ! -e two.npy ]
run 2 'bcq gemm: none.txt: wanted a readable file, got: No such file or directory' gemm -c cb.txt --batch none.txt
run 2 'bcq gemm: -a: wanted no --batch with it, got one' gemm -c cb.txt --batch list.txt -a a.bcq
run 2 'bcq gemm: --encode: wanted an integer in [-100, 100], got "7x"' gemm --encode 7x
run 2 'bcq gemm: --result: wanted fp32 or bf16, got "fp16"' gemm --result fp16
run 2 'bcq plan: command line: wanted -m M -n N -k K, got no -k' plan -m 1 -n 1
run 2 'bcq plan: -m: wanted an integer in [1, 9223372036854775807], got "0"' plan -m 0 -n 1 -k 1
run 2 'bcq plan: M: wanted an integer in [1, 2147483647], got 2147483648' plan -m 2147483648 -n 1 -k 1
run 2 'bcq plan: wanted packed activations, for this build has no encoder, got floats' \
    plan --config nc2 -m 1 -n 1 -k 1 --encode
"$bcq" plan --config nosuch -m 1 -n 1 -k 1 2>err
check 'plan: no such configuration' grep -q '^bcq plan: --config: wanted one of default, .*, got "nosuch"$' err

# The example program: the same bits on both back ends.
example=$(dirname "$here")/build/example
if [ -x "$example" ]; then
    for backend in golden rtl; do
        "$example" $backend lb2 cb.txt a.bcq w.bcq example.npy >out 2>err
        check "example: $backend" [ $? = 0 ]
        check "example: $backend, its line" [ "$(cat out)" = "3 x 2 results, $cycles cycles, 160 bytes in" ]
        check "example: $backend, its result" cmp -s golden.npy example.npy
        rm -f example.npy
    done
    "$example" golden lb2 cb.txt a.bcq exact.bcq example.npy >out 2>err
    check 'example: K that differs' [ "$? $(cat err)" = '1 example: exact.bcq: wanted K = 20 as in a.bcq, got K = 16' ]
else
    skip 'example: it was not built'
fi
run 2 'bcq gemm: --config frozen: la of the file differs from the build'"'"'s: wanted la 64, lb a multiple of 8, nc <= 16, bits <= 4, ew <= 6, got la 16, lb 2, nc 1, bits 2, ew 4' \
    gemm -c cb.txt -a a.bcq -w w.bcq -o x --backend rtl --config frozen
run 2 'bcq gemm: --config lb2: wanted --acc fp32, got --acc exact' \
    gemm -c cb.txt -a a.bcq -w w.bcq -o x --backend rtl --config lb2 --acc exact
"$bcq" gemm -c cb.txt -a a.bcq -w w.bcq -o x --backend rtl --config nosuch 2>err
check 'gemm: no such configuration' [ $? = 2 ]
check 'gemm: no such configuration: one line' grep -q '^bcq gemm: --config: wanted one of default, .*, got "nosuch"$' err
sed 's/^lb = 2/lb = 8/; s/^la = 16/la = 64/' cb.txt >thawed.txt
run 0 '' quantize -c thawed.txt -o thawed.bcq a.npy
"$bcq" gemm -c thawed.txt -a thawed.bcq -w thawed.bcq -o x --backend rtl --config frozen 2>err
check 'gemm: tables other than the frozen ones' [ $? = 2 ]
check 'gemm: frozen: one line' grep -q '^bcq gemm: --config frozen: wanted the codebooks that are frozen in it, .*, got ' err
check 'gemm: no output after a refusal' [ ! -e x ]

# The simulated encoder, with a tail of 4 scalars in each row.
sed 's/^lb = 2/lb = 8/' cb.txt >gap.txt
run 0 '' quantize -c gap.txt -o golden.bcq --bf16 a.npy
run 0 '' quantize -c gap.txt -o rtl.bcq --bf16 --backend rtl --config gap a.npy
check 'quantize: rtl as golden' cmp -s golden.bcq rtl.bcq
# Six block arrays of 8 cycles, 2 beats and 11 stages.
check 'quantize: its cycles' [ "$(tail -1 out)" = 'encoder gap: 61 cycles, formula 61' ]
rm golden.bcq rtl.bcq
run 2 'bcq quantize: --backend rtl: wanted --bf16 with it, for the encoder takes BF16, got none' \
    quantize -c gap.txt -o x --backend rtl --config gap a.npy
run 2 'bcq quantize: --config: wanted --backend rtl with it, got --backend golden' \
    quantize -c gap.txt -o x --bf16 --config gap a.npy
run 2 'bcq quantize: --backend: wanted golden or rtl, got "verilog"' \
    quantize -c gap.txt -o x --bf16 --backend verilog a.npy
run 2 'bcq quantize: --config gap: lb of the file differs from the build'"'"'s: wanted la 16, lb 8, nc <= 4, bits 2, ew 4, got la 16, lb 2, nc 1, bits 2, ew 4' \
    quantize -c cb.txt -o x --bf16 --backend rtl --config gap a.npy
check 'quantize: no output after a refusal' [ ! -e x ]
run 2 'bcq gemm: a.bcq: wanted an output other than the input, got the same file' \
    gemm -c cb.txt -a a.bcq -w w.bcq -o a.bcq
run 2 'bcq dequantize: a.bcq: wanted an output other than the input, got the same file' \
    dequantize -c cb.txt -o a.bcq a.bcq
run 2 'bcq quantize: cb.txt: wanted an output other than the input, got the same file' \
    quantize -c cb.txt -o cb.txt a.npy
run 2 'bcq calibrate: a.npy: wanted an output other than the input, got the same file' \
    calibrate -o a.npy a.npy
check 'inputs are what they were' [ -s a.npy ]
run 2 'bcq gemm: --config: wanted --backend golden or rtl with it, got uart:/dev/null' \
    gemm -c cb.txt -a a.bcq -w w.bcq -o x --backend uart:/dev/null --config lb2
run 2 'bcq gemm: --float-a: wanted --float-w with it, got none' \
    gemm -c cb.txt -a a.bcq -w w.bcq -o x --float-a a.npy
run 2 'bcq gemm: w.npy: wanted the shape of a.bcq, 3 x 20, got 2 x 20' \
    gemm -c cb.txt -a a.bcq -w w.bcq -o x --float-a w.npy --float-w w.npy
run 0 '' quantize -c cb.txt -o a16.bcq --bf16 --exponent -7 a.npy
run 0 '' info a16.bcq
check 'info .bcq' [ "$(head -7 out)" = "format         .bcq
shape          3 x 20
parameters     la 16, lb 2, nc 1, bits 2, ew 4
bits a scalar  2.5
identity       $identity
exponent       -7
input          rounded to BF16" ]
run 0 '' info cb.txt
check 'info codebooks' grep -q "^identity       $identity\$" out
run 0 '' info a.npy
check 'info .npy' [ "$(cat out)" = 'format         .npy
tensor         <f4      3 x 20           (no name)' ]
run 0 '' quantize -c cb.txt -o w1.bcq --threads 1 w.npy
check 'quantize: threads change nothing' cmp -s w.bcq w1.bcq

header='{"x.w":{"dtype":"F32","shape":[1,16],"data_offsets":[0,64]},"x.n":{"dtype":"I8","shape":[2],"data_offsets":[64,66]}}'
{
    printf "\\$(printf %o ${#header})\\0\\0\\0\\0\\0\\0\\0%s" "$header"
    tail -c 64 exact.npy
    printf 'ab'
} >m.safetensors
run 0 '' quantize -c cb.txt -o m.bcq 'm.safetensors:x.w'
check 'quantize: from .safetensors the same' cmp -s m.bcq exact.bcq
run 0 '' quantize -c cb.txt -o m.bcq 'm.safetensors:*w'
run 2 'bcq quantize: m.safetensors:*: wanted one tensor (FILE:NAME), got 2: x.w, x.n' \
    quantize -c cb.txt -o m2.bcq 'm.safetensors:*'
run 2 'bcq quantize: m.safetensors:x.n: wanted dtype F32, F16 or BF16, got I8' \
    quantize -c cb.txt -o m2.bcq m.safetensors:x.n
run 0 '' info m.safetensors
check 'info .safetensors' grep -q '^tensor         I8       2                x.n  (dtype not readable)$' out

for spec in w.npy 'm.safetensors:x.*w'; do
    run 0 '' calibrate -o made.txt --nc 2 --la 16 --threads 2 --seed 7 --iters 3 --csv made.csv "$spec"
    run 0 '' info made.txt
    run 0 '' quantize -c made.txt -o made.bcq w.npy
    rm -f made.bcq made.txt
done
check 'calibrate --csv' [ -e made.csv ]
rm -f made.csv

# ---- command line ---------------------------------------------------------------------------------
run 2 'bcq: wanted calibrate, quantize, dequantize, info, gemm, plan, compare, energy or explore (bcq --help), got nothing'
run 2 'bcq: wanted calibrate, quantize, dequantize, info, gemm, plan, compare, energy or explore (bcq --help), got "quantise"' quantise
run 0 '' --version
check 'version' grep -q '^bcq [0-9.]*$' out
run 0 '' --help
for command in calibrate quantize dequantize info gemm plan compare; do
    run 0 '' $command --help
    check "$command --help has examples" grep -q "^  bcq $command" out
    run 2 "bcq $command: --bogus: wanted an option that --help lists, got another" $command --bogus
    run 2 "bcq $command: -x: wanted an option that --help lists, got another" $command -x
done
run 2 'bcq quantize: -c: wanted a value behind it, got none' quantize -c
run 2 'bcq quantize: --exponent: wanted a value behind it, got none' quantize --exponent
run 2 'bcq quantize: --bf16=1: wanted an option that --help lists, got another' quantize --bf16=1
run 2 'bcq quantize: command line: wanted -c CB.txt -o OUT.bcq TENSOR, got no -c' quantize -o x a.npy
run 2 'bcq quantize: command line: wanted -c CB.txt -o OUT.bcq TENSOR, got no -o' quantize -c cb.txt a.npy
run 2 'bcq quantize: command line: wanted -c CB.txt -o OUT.bcq TENSOR, got no TENSOR' quantize -c cb.txt -o x
run 2 'bcq quantize: command line: wanted -c CB.txt -o OUT.bcq TENSOR, got more than one TENSOR' \
    quantize -c cb.txt -o x a.npy w.npy
run 2 'bcq dequantize: command line: wanted -c CB.txt -o OUT.npy IN.bcq, got no IN.bcq' dequantize -c cb.txt -o x
run 2 'bcq info: command line: wanted FILE, got none' info
run 2 'bcq info: command line: wanted FILE, got more than one' info a.npy w.npy
run 2 'bcq gemm: command line: wanted -c CB.txt -a A.bcq -w W.bcq -o C.npy, got no -w' gemm -c cb.txt -a a.bcq -o x
run 2 'bcq gemm: command line: wanted -c CB.txt -a A.bcq -w W.bcq -o C.npy, got also x.bcq' \
    gemm -c cb.txt -a a.bcq -w w.bcq -o x x.bcq
run 2 'bcq calibrate: command line: wanted -o CB.txt TENSOR..., got no TENSOR' calibrate -o x
for number in 3x '' 101 -101 99999999999999999999 1.5 0x10; do
    run 2 "bcq quantize: --exponent: wanted an integer in [-100, 100], got \"$number\"" \
        quantize -c cb.txt -o x --exponent "$number" a.npy
done
run 2 'bcq quantize: --threads: wanted an integer in [1, 64], got "0"' quantize --threads 0
run 2 'bcq calibrate: --nc: wanted an integer in [1, 16], got "17"' calibrate --nc 17
run 2 'bcq calibrate: --nc: want 1, 2, 4, 8 or 16, got another value' \
    calibrate --nc 3 -o x a.npy
run 2 'bcq calibrate: --seed: wanted an integer in [0, 18446744073709551615], got "-1"' calibrate --seed -1
run 2 'bcq calibrate: --search: wanted seconds in [0, 1000000], got "nan"' calibrate --search nan
run 2 'bcq calibrate: --objective: wanted normalised or real, got "best"' calibrate --objective best
run 2 'bcq gemm: --acc: wanted fp32 or exact, got "fp16"' gemm --acc fp16
run 2 'bcq gemm: --backend: wanted golden, rtl or uart:DEVICE, got "gpu"' gemm --backend gpu
run 2 'bcq gemm: --trace: wanted --backend rtl with it, got golden' \
    gemm -c cb.txt -a a.bcq -w w.bcq -o x --trace x.fst
run 2 'bcq gemm: --trace-to: wanted --trace FILE with it, got none' \
    gemm -c cb.txt -a a.bcq -w w.bcq -o x --backend rtl --trace-to 5
run 2 'bcq gemm: --trace-to: wanted at least --trace-from = 6, got 5' \
    gemm -c cb.txt -a a.bcq -w w.bcq -o x --backend rtl --trace x.fst --trace-from 6 --trace-to 5

# ---- files that do not go together -----------------------------------------------------------------
sed 's/3 7/4 7/' cb.txt >other.txt
run 0 '' quantize -c other.txt -o other.bcq a.npy
other=$(printf '\020\002\001\002\004\371\000\004\007' | sha256sum | cut -c 1-32)
run 2 "bcq dequantize: exact.bcq: wanted the codebooks $identity that it was made with, got $other" \
    dequantize -c other.txt -o x exact.bcq
run 2 "bcq gemm: other.bcq: wanted the codebooks $other that it was made with, got $identity" \
    gemm -c cb.txt -a a.bcq -w other.bcq -o x
run 0 '' gemm -c cb.txt --cw other.txt -a a.bcq -w other.bcq -o c.npy
run 2 'bcq gemm: exact.bcq: wanted K = 20 as in a.bcq, got K = 16' gemm -c cb.txt -a a.bcq -w exact.bcq -o x
sed 's/la = 16/la = 32/' cb.txt >la.txt
run 0 '' quantize -c la.txt -o la.bcq a.npy
run 2 'bcq gemm: la.txt: wanted la = 16 as in cb.txt, got la = 32' gemm -c cb.txt --cw la.txt -a a.bcq -w la.bcq -o x
sed 's/-7 0/-7 1/' cb.txt >nozero.txt
run 2 'bcq quantize: a.npy: wanted K a multiple of LA = 16, for a codebook without a 0 cannot hold the zeros that pad a row, got K = 20' \
    quantize -c nozero.txt -o x a.npy
run 0 '' quantize -c nozero.txt -o nozero.bcq exact.npy
run 2 'bcq quantize: none.npy: wanted a readable file, got: No such file or directory' quantize -c cb.txt -o x none.npy
run 2 'bcq quantize: none.txt: wanted a readable file, got: No such file or directory' quantize -c none.txt -o x a.npy
run 2 'bcq quantize: a.bcq: wanted a float tensor, got a packed .bcq tensor' quantize -c cb.txt -o x a.bcq
run 2 'bcq dequantize: a.npy: wanted a packed .bcq tensor, got another magic' dequantize -c cb.txt -o x a.npy
run 2 'bcq info: .: wanted a regular file, got a directory' info .
check 'nothing was written' [ ! -e x ]

# ---- outputs that cannot be written ------------------------------------------------------------------
run 2 'bcq quantize: none/x: wanted to create it, got: No such file or directory' quantize -c cb.txt -o none/x a.npy
run 2 'bcq dequantize: /dev/full: wanted a new name or a regular file to write, got a device, pipe or socket' \
    dequantize -c cb.txt -o /dev/full a.bcq
run 2 'bcq gemm: .: wanted a new name or a regular file to write, got a directory' \
    gemm -c cb.txt -a a.bcq -w w.bcq -o .
run 2 'bcq calibrate: none/x: wanted to create it, got: No such file or directory' calibrate -o none/x a.npy
mkdir locked && chmod 500 locked
if touch locked/probe 2>/dev/null; then
    skip 'a folder without write permission: this user may write everywhere'
else
    run 2 'bcq quantize: locked/x: wanted to create it, got: Permission denied' quantize -c cb.txt -o locked/x a.npy
fi
chmod 700 locked
"$bcq" info cb.txt 2>err >/dev/full
status=$?
check 'stdout full' [ "$status $(cat err)" = \
    '2 bcq: stdout: wanted to write the results, got: No space left on device' ]

# 200,000 scalars: 262,144 bytes in and out are more than the limits below.
{
    printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 100000), }"
    head -c 800000 /dev/zero
} >large.npy
run 0 '' quantize -c cb.txt -o large.bcq large.npy
rm -f x
before=$(ls -A | wc -l)
(ulimit -f 8; exec "$bcq" quantize -c cb.txt -o x large.npy) >out 2>err
status=$?
check 'file size limit' [ "$status $(cat err)" = '2 bcq quantize: x: wanted to write all of it, got: File too large' ]
(ulimit -f 8; exec "$bcq" dequantize -c cb.txt -o x large.bcq) >out 2>err
status=$?
check 'file size limit' [ "$status $(cat err)" = '2 bcq dequantize: x: wanted to write all of it, got: File too large' ]
check 'file size limit: nothing left' [ "$(ls -A | wc -l)" = "$before" ]
mkdir disk
if mount -t tmpfs -o size=64k bcq_test disk 2>/dev/null; then
    run 2 'bcq dequantize: disk/x: wanted to write all of it, got: No space left on device' \
        dequantize -c cb.txt -o disk/x large.bcq
    check 'full disk: nothing left' [ -z "$(ls -A disk)" ]
    umount disk
else
    skip 'a full disk: this user may not mount one'
fi

# ---- signals ------------------------------------------------------------------------------------------
# A gibibyte of zeros, as a hole, keeps quantize busy long enough to be interrupted.
{
    printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (16384, 16384), }"
} >hole.npy
if truncate -s $((128 + 1073741824)) hole.npy 2>/dev/null; then
    mkdir sig
    for signal in INT TERM; do
        # A shell's background job ignores SIGINT unless it is told otherwise.
        env --default-signal=INT "$bcq" quantize -c cb.txt -o sig/x --exponent 0 hole.npy >out 2>err &
        pid=$!
        tries=0
        while [ -z "$(ls -A sig)" ] && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
        check "SIG$signal: there was a temporary file" [ -n "$(ls -A sig)" ]
        kill -$signal $pid
        wait $pid 2>/dev/null
        status=$?
        case $signal in INT) want=130 ;; TERM) want=143 ;; esac
        check "SIG$signal: status" [ $status = $want ]
        check "SIG$signal: nothing left" [ -z "$(ls -A sig)" ]
    done
else
    skip 'signals: no room for a file with a hole'
fi
rm -f hole.npy

# A product on the simulated accelerator, long enough to be interrupted.
{
    printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (2000, 16), }"
    head -c 128000 /dev/zero
} >zeros.npy
run 0 '' quantize -c cb.txt -o zeros.bcq zeros.npy
mkdir sigrtl
env --default-signal=INT "$bcq" gemm -c cb.txt -a zeros.bcq -w zeros.bcq -o sigrtl/x --backend rtl --config lb2 >out 2>err &
pid=$!
tries=0
while [ -z "$(ls -A sigrtl)" ] && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
sleep 0.2
kill -INT $pid
wait $pid 2>/dev/null
status=$?
check 'gemm, SIGINT: status' [ $status = 130 ]
check 'gemm, SIGINT: nothing left, nothing said' [ -z "$(ls -A sigrtl)$(cat out err)" ]

# ---- everything in tb/refuse ---------------------------------------------------------------------------
cd "$here/refuse" || exit 2
cases=0
while IFS= read -r line; do
    file=${line%%:*}
    case $file in
        *.cb.txt) set -- dequantize -c "$file" -o "$dir/x" good.bcq ;;
        *.bcq) set -- dequantize -c good.cb.txt -o "$dir/x" "$file" ;;
        *) set -- quantize -c good.cb.txt -o "$dir/x" "$file" ;;
    esac
    "$bcq" "$@" >"$dir/out" 2>"$dir/err"
    status=$?
    if [ $status = 2 ] && [ "$(cat "$dir/err")" = "bcq $1: $line" ] && [ ! -e "$dir/x" ]; then ok
    else
        bad "tb/refuse/$file"
        printf '  wanted 2: bcq %s: %s\n  got    %s: %s\n' "$1" "$line" $status "$(cat "$dir/err")"
    fi
    rm -f "$dir/x"
    cases=$((cases + 1))
done <messages.txt
check 'tb/refuse: more than 100 cases' [ $cases -gt 100 ]

[ $skipped = 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

#!/bin/sh
# test_tables.sh BCQ CONFIG...: tables of 16 levels through BCQ's engine. Levels and codebooks from the
# command line, weights packed with signed scales, products on the simulated accelerator of each CONFIG
# (rtl/configs.def; its model must be built) against the golden model. The last line is
# "N passed, N failed"; no case at all is a failure.
[ $# -ge 2 ] && [ -x "$1" ] || { echo "test_tables.sh: wanted the binary and configurations, got \"$*\"" >&2; exit 2; }
bcq=$(realpath "$1")
shift
here=$(dirname "$(realpath "$0")")
root=$(dirname "$here")
model=$root/sw/model
dir=$(mktemp -d) || exit 2
cd "$dir" || exit 2
trap 'cd /; rm -rf "$dir"' EXIT
trap 'exit 2' INT TERM
LC_ALL=C
export LC_ALL

passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); printf 'FAIL: %s\n' "$1"; }
check() { name=$1; shift; if "$@"; then ok; else bad "$name"; fi; }

# run ARGUMENT...: must succeed, silently on stderr; stdout is left in `out`.
run() {
    if "$bcq" "$@" >out 2>err </dev/null && [ ! -s err ]; then ok; else bad "bcq $*: $(cat err)"; fi
}
# refused MESSAGE ARGUMENT...: exit status 2 and exactly that line; no file appears.
refused() {
    want=$1
    shift
    rm -f x
    "$bcq" "$@" >out 2>err </dev/null
    status=$?
    if [ $status = 2 ] && [ "$(cat err)" = "$want" ] && [ ! -e x ]; then ok
    else
        bad "bcq $*"
        printf '  wanted 2: %s\n  got    %s: %s\n' "$want" $status "$(cat err)"
    fi
}
levels() { grep -v '^#' "$1" | tr '\n' ' '; }

# ---- Levels -------------------------------------------------------------------------------------
run calibrate --method nf4 -o nf4.txt
check 'nf4: sixteen levels' [ "$(grep -vc '^#' nf4.txt)" = 16 ]
check 'nf4: they are those in print' [ "$(levels nf4.txt | awk '{ print $2, $9 }')" = '-0.696192800999 0.0795802995563' ]
run calibrate --method bof4 --signed --theory -o theory.txt
check 'bof4s: theory' [ "$(levels theory.txt | awk '{ printf "%.8f %.8f %s", $1, $15, $16 }')" = '-0.85682141 0.77908183 1' ]
run calibrate --method af4 --theory --block 32 -o af4.txt
check 'af4: theory' [ "$(levels af4.txt | awk '{ printf "%.8f %.8f", $2, $9 }')" = '-0.72380075 0.04554747' ]
run calibrate --method bof4 --metric mae "$model/weights.safetensors:layers.*.feed_forward.*" -o fit.txt
check 'bof4: levels of data' grep -q '^# bof4, mae, fixed 0 and +-1, block 64, .* scalars, .* iterations: MSE ' fit.txt
run calibrate --method bof4 --fixed none --theory -o none.txt
check 'bof4 --fixed none: symmetric' [ "$(levels none.txt | awk '{ d = $1 + $16; print (d < 1e-8 && d > -1e-8 && $8 < 0) }')" = 1 ]

refused 'bcq calibrate: --method: wanted lobcq, nf4, af4 or bof4, got "nf5"' calibrate --method nf5 -o x
refused 'bcq calibrate: command line: wanted -o CB.txt TENSOR..., got no -o' calibrate --method nf4
refused 'bcq calibrate: --nc: wanted --method lobcq with it, got af4' calibrate --method af4 --nc 4 -o x
refused 'bcq calibrate: --signed: wanted --method bof4 with it, got nf4' calibrate --method nf4 --signed -o x
refused 'bcq calibrate: --theory: wanted --method af4 or bof4 with it, got lobcq' calibrate --theory -o x fit.txt
refused 'bcq calibrate: --metric: wanted mse or mae, got "max"' calibrate --method bof4 --metric max -o x
refused 'bcq calibrate: --fixed: wanted none, zero, one or both, got "two"' calibrate --method bof4 --fixed two -o x
refused 'bcq calibrate: --fixed: wanted --theory or a TENSOR with it, got none' calibrate --method bof4 --fixed one -o x
refused 'bcq calibrate: --block: wanted an integer in [16, 4096], got "8"' calibrate --method bof4 --block 8 -o x
refused 'bcq calibrate: --block: wanted a block that af4 has levels for, or --theory, got 16' \
    calibrate --method af4 --block 16 -o x
refused 'bcq calibrate: --block: wanted that of --la, 64, got 32' calibrate --method bof4 --la 64 --block 32 -o x
refused 'bcq calibrate: --la: want 16, 32, 64 or 128, got another value' calibrate --method bof4 --block 256 --ew 6 -o x
refused 'bcq calibrate: --lb: wanted --ew with it, got none' calibrate --method bof4 --lb 4 -o x
refused 'bcq calibrate: --sample: wanted a TENSOR with it, got none' calibrate --method bof4 --theory --sample 5 -o x
refused 'bcq calibrate: command line: wanted no TENSOR with --method nf4, got 1' calibrate --method nf4 -o x nf4.txt
refused 'bcq calibrate: --theory: wanted no TENSOR with it, got 1' calibrate --method bof4 --theory -o x nf4.txt
refused 'bcq calibrate: none.npy: wanted a readable file, got: No such file or directory' calibrate --method bof4 -o x none.npy

# ---- One table as a codebook --------------------------------------------------------------------
run calibrate --method bof4 --signed --la 64 --ew 6 -o s6.txt
check 'bof4s at 6 bits: its entries' \
    [ "$(tail -1 s6.txt | tr -s ' ')" = ' -27 -21 -16 -12 -9 -6 -3 0 3 6 9 12 15 19 24 31' ]
refused 'bcq quantize: --signed: wanted --backend golden with it, for the encoder writes no sign, got --backend rtl' \
    quantize -c s6.txt -o x --signed --bf16 --backend rtl "$model/weights.safetensors:layers.0.attention.wq.weight"

# What rows of rtl/configs.def say: NAME LB LA NC B EW ...
column() { awk -v name="$1" -v c="$2" '$1 == name { print $c }' "$root/rtl/configs.def"; }

# ---- The accelerator ----------------------------------------------------------------------------
for config in "$@"; do
    la=$(column "$config" 3) ew=$(column "$config" 6)
    for table in nf4 'bof4 --signed'; do
        what="$config, $table"
        # shellcheck disable=SC2086  # two words
        run calibrate --method $table --la "$la" --ew "$ew" -o w.txt
        run calibrate --method bof4 --la "$la" --ew "$ew" -o a.txt
        case $table in *signed) sign=--signed ;; *) sign= ;; esac
        # shellcheck disable=SC2086  # nothing or a word
        run quantize -c w.txt -o w.bcq $sign "$model/weights.safetensors:layers.1.attention.wk.weight"
        nmse=$(sed -n "s/.*NMSE \([^ ]*\) .*/\1/p" out)
        # Scale codes: the first byte of each record of 1 + la / 2 bytes.
        negative=$(tail -c +65 w.bcq | head -c -4 | od -An -v -t u1 -w$((1 + la / 2)) | awk '$1 > 127' | wc -l)
        if [ "$sign" ]; then check "$what: scales with a sign" [ "$negative" -gt 20 ]
        else check "$what: scales without a sign" [ "$negative" = 0 ]; fi
        run quantize -c a.txt -o a.bcq "$model/activations.safetensors:layers.1.attention.wqkv.input"
        run gemm -c a.txt --cw w.txt -a a.bcq -w w.bcq -o golden.npy
        run gemm -c a.txt --cw w.txt -a a.bcq -w w.bcq -o rtl.npy --backend rtl --config "$config" --json
        check "$what: no mismatch" grep -q '"mismatches": 0, ' out
        check "$what: results" cmp -s golden.npy rtl.npy
        # A table that reaches -1 by the sign alone loses by its absence.
        if [ "$sign" ]; then
            run quantize -c w.txt -o u.bcq "$model/weights.safetensors:layers.1.attention.wk.weight"
            unsigned=$(sed -n "s/.*NMSE \([^ ]*\) .*/\1/p" out)
            check "$what: NMSE $nmse, $unsigned without signs" \
                [ "$(awk -v s="$nmse" -v u="$unsigned" "BEGIN { print (s > 0 && s < u && s < 0.02) }")" = 1 ]
            run quantize -c w.txt -o w2.bcq --signed --threads 2 "$model/weights.safetensors:layers.1.attention.wk.weight"
            check "$what: threads" cmp -s w.bcq w2.bcq
        fi
    done
done

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

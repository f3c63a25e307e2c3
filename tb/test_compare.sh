#!/bin/sh
# test_compare.sh BCQ TEST_COMPARE: `bcq compare` as a user runs it: files, refusals, threads, the picture.
# The numbers themselves: TEST_COMPARE, which reads the files here too. The last line is "N passed, N failed".
[ $# = 2 ] && [ -x "$1" ] && [ -x "$2" ] || {
  echo "test_compare.sh: wanted bcq and test_compare, got \"$*\"" >&2
  exit 2
}
bcq=$(realpath "$1") test=$(realpath "$2")
model=$(dirname "$(realpath "$0")")/../sw/model
dir=$(mktemp -d) || exit 2
cd "$dir" || exit 2
trap 'cd /; rm -rf "$dir"' EXIT
trap 'exit 2' INT TERM
LC_ALL=C
export LC_ALL

passed=0 failed=0 tools=$PATH
check() {
  name=$1
  shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: $name"; fi
}
# refused MESSAGE ARGUMENT...: exit 2, that one line, nothing on stdout and no file. * in it is anything.
refused() {
  message=$1
  shift
  PATH=$tools "$bcq" compare "$@" > out 2> err < /dev/null
  status=$?
  # shellcheck disable=SC2254  # a pattern
  case $(cat err) in $message) like=1 ;; *) like=0 ;; esac
  if [ $status = 2 ] && [ $like = 1 ] && [ "$(wc -l < err)" = 1 ] && [ ! -s out ] && [ ! -e new.csv ] && [ ! -e new.svg ]
  then passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAIL: compare %s\n  wanted 2: %s\n  got    %s: %s\n' "$*" "$message" $status "$(cat err)"
  fi
}
# npy FILE ROWS K BYTES: BYTES is printf's format of all scalars.
npy() {
  header=$(printf "%-117s" "{'descr': '<f4', 'fortran_order': False, 'shape': ($2, $3), }")
  # shellcheck disable=SC2059  # the format is the data
  { printf '\223NUMPY\001\000\166\000%s\n' "$header"; printf "$4"; } > "$1"
}
one='\000\000\200\077' two='\000\000\000\100' nan='\000\000\300\177'
npy row.npy 1 4 "$one$two$one$one"
npy column.npy 3 1 "$one$two$one"
npy nan.npy 1 4 "$one$nan$one$one"
npy zero.npy 1 2 '\0\0\0\0\0\0\0\0'
wq=$model/weights.safetensors:layers.0.attention.wq.weight
act=$model/activations.safetensors:layers.0.attention.wqkv.input
some=int4,nvfp4,bof4s-opq,bcq:nc=8:universal

# ---- What it prints ------------------------------------------------------------------------------
check 'the default formats' "$bcq" compare --threads 2 -o a.csv "$wq" > a.txt 2> err
check 'quiet in a pipe' [ ! -s err ]
rows=$(sed 1d a.csv | wc -l)
for f in int8 int8-token int4 vsq mxfp4 nvfp4 mx4 mxint8 fp8 nf4 af4 bof4 bof4s bof4-opq bof4s-opq \
  bcq:nc=2 bcq:nc=4 bcq:nc=8 bcq:nc=16 bcq:nc=8:la=16 bcq:nc=8:la=32 bcq:nc=8:la=128 bcq:nc=8:lb=2 bcq:nc=8:lb=4 \
  bcq:nc=8:ew=4 bcq:nc=8:ew=5 bcq:nc=8:ew=7 bcq:nc=8:ew=8 bcq:nc=8:b=2 bcq:nc=8:b=3
do
  case $f in bcq*) f=$f:local; check "$f and universal" grep -q "^all,${f%local}universal," a.csv ;; esac
  check "$f in the table" grep -q "^all,$f," a.csv
  check "$f in the text" grep -q "^  $f  *[0-9]" a.txt
done
check 'nothing twice' [ "$(cut -d , -f 2 a.csv | sort -u | wc -l)" = $((rows + 1)) ]
check 'nvfp4 next to bcq:nc=8' sh -c 'cut -d , -f 2 a.csv | grep -C 1 -x nvfp4 | grep -q "^bcq:nc=8:[a-z]*$"'
check 'ascending bits' sh -c 'sed 1d a.csv | cut -d , -f 3 | sort -g -c'
check '1 thread, one row at a time' "$bcq" compare --threads 1 --chunk 1 -o b.csv "$wq" > b.txt
check 'the same table' cmp a.csv b.csv
check 'the same text' cmp a.txt b.txt

check 'json' "$bcq" compare --json --formats $some -o c.csv "$wq" "$act" > c.json
check 'JSON = CSV' "$test" -files c.json c.csv 4 > out
check 'per tensor' "$bcq" compare --json --per-tensor --formats $some -o d.csv "$wq" "$act" > d.json
check 'JSON = CSV, per tensor' "$test" -files d.json d.csv 12 > out
sed 1d c.csv > c.rows
tail -4 d.csv > d.rows
check 'the last block is that of all' cmp c.rows d.rows
check 'a product' "$bcq" compare --gemm --json --formats $some -o e.csv "$act" "$wq" > e.json
check 'JSON = CSV, product' "$test" -files e.json e.csv 4 > out
check 'a product by hardware' sh -c '[ "$(grep -c "\"nmse_hardware\": [0-9]" e.json)" = 2 ]'
check 'channels' "$bcq" compare --channels --formats $some "$model/activations.safetensors" > f.txt
check 'channels by name' grep -q '^[^ ].*: [0-9]* outlier channels of [0-9]*, ' f.txt

# One row, K = 1, zeros.
for t in row column zero; do
  check "$t" "$bcq" compare --json --formats "$some,mx4,nf4,int8-token" -o $t.csv $t.npy > $t.json
  check "JSON = CSV, $t" "$test" -files $t.json $t.csv 7 > out
done
check 'no error of zeros' sh -c '[ "$(grep -c "\"nmse\": 0.0" zero.json)" = 7 ]'
check 'int8-token on paper: 16 + 8 bits' grep -q '^all,int8-token,24,' column.csv

# codebooks=FILE
check 'calibrate' "$bcq" calibrate --nc 8 -o cb:x.txt "$wq" > out
check 'codebooks of a file' "$bcq" compare --formats bcq:nc=8:local,bcq:codebooks=cb:x.txt -o g.csv "$wq" > out
check 'as calibrated here' [ "$(sed 1d g.csv | cut -d , -f 4 | sort -u | wc -l)" = 1 ]

# ---- What it refuses -------------------------------------------------------------------------------
new='-o new.csv'
# shellcheck disable=SC2086  # two words
{
  refused 'bcq compare: command line: wanted TENSOR..., got none' $new
  refused 'bcq compare: int3: wanted one of bcq *, got "int3"' $new --formats int4,int3 row.npy
  refused 'bcq compare: --formats: wanted names between the commas, got none' $new --formats int4,,nf4 row.npy
  refused 'bcq compare: int8:group=7: *group*' $new --formats int8:group=7 row.npy
  refused 'bcq compare: int8:nc=7: *wanted an option of docs/formats.md, got "nc"*' $new --formats int8:nc=7 row.npy
  refused 'bcq compare: bcq:nc=3: *nc: wanted 1, 2, 4, 8 or 16, got "3"' $new --formats bcq:nc=3 row.npy
  refused 'bcq compare: int4:local: wanted codebooks of bcq only, got int4' $new --formats int4:local row.npy
  refused 'bcq compare: bcq:nc=1:universal: wanted parameters of sw/model/universal, got nc 1, *' $new \
    --formats bcq:nc=1:universal row.npy
  refused 'bcq compare: absent.txt: wanted *' $new --formats bcq:codebooks=absent.txt row.npy
  refused 'bcq compare: nan.npy: row 0, column 1: wanted a finite number, got nan' $new --formats int4 nan.npy
  refused 'bcq compare: nan.npy: row 0, column 1: wanted a finite number, got nan' $new --formats int4 --gemm row.npy nan.npy
  refused 'bcq compare: absent.npy: wanted *' $new row.npy absent.npy
  refused 'bcq compare: calibrate: wanted an array of nonzero scale, got none' $new --formats bcq zero.npy
  refused 'bcq compare: command line: wanted --gemm A W, got 1 tensors' $new --gemm row.npy
  refused 'bcq compare: column.npy: wanted K = 4 as in row.npy, got K = 1' $new --formats int4 --gemm row.npy column.npy
  refused 'bcq compare: command line: wanted --gemm without --channels, got both' $new --gemm --channels row.npy row.npy
  refused 'bcq compare: command line: wanted --channels without --json, got both' $new --json --channels row.npy
  refused 'bcq compare: --threads: wanted an integer in \[1, 64], got "0"' $new --threads 0 row.npy
  refused 'bcq compare: --chunk: wanted *got "x"' $new --chunk x row.npy
  refused 'bcq compare: row.npy: wanted an output other than the input, got the same file' -o row.npy row.npy
}
refused 'bcq compare: absent/new.csv: wanted *' --formats int4 -o absent/new.csv row.npy
check 'no leftovers' [ -z "$(find . -name '*.tmp*' -o -name '.*bcq*')" ]

# Interrupted: nothing is left. The default formats take many seconds.
"$bcq" compare -o i.csv "$model/weights.safetensors" > out 2> err < /dev/null &
process=$!
sleep 1
kill -TERM $process
wait $process 2> /dev/null
check 'SIGTERM: status' [ $? = 143 ]
check 'SIGTERM: nothing left' [ -z "$(find . -name '*i.csv*')" ]

# Every option that --help lists is an option.
"$bcq" compare --help > help.txt
for option in $(grep -o '^ *\(-o, \)\?--[a-z-]*' help.txt | grep -o -e '--[a-z-]*'); do
  "$bcq" compare "$option" 2> err < /dev/null > out
  check "$option" sh -c '! grep -q "wanted an option that --help lists" err'
done
check "9 options" [ "$(grep -c '^ *\(-o, \)\?--[a-z]' help.txt)" = 9 ]

# ---- The picture -------------------------------------------------------------------------------------
mkdir empty
tools=$dir/empty
refused 'bcq compare: --svg: wanted the program gnuplot *' --formats int4 --svg new.svg -o new.csv row.npy
tools=$PATH
if command -v gnuplot > /dev/null; then
  check 'svg' "$bcq" compare --svg h.svg --formats $some,fp8,bcq:nc=16:universal "$wq" > out
  check 'svg: complete' sh -c 'tail -n 2 h.svg | grep -q "</svg>"'
  for label in int4 nvfp4 bof4s-opq 'nc=8' fp8 'nc=16' 'bound of a Gaussian'; do
    check "svg: $label" grep -q "$label" h.svg
  done
  refused 'bcq compare: --svg: wanted a format with an error to draw, got none' --formats int4 --svg new.svg zero.npy
  refused 'bcq compare: absent/x.svg: wanted *' --formats int4 --svg absent/x.svg -o new.csv row.npy
else
  echo '11 skipped: no gnuplot'
fi

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

#!/bin/bash
# test_explore.sh BCQ FILES: `bcq explore` as a user runs it: spaces, refusals, cache, interruption, failures, tables.
# Synthesis is played by a small script, which counts its calls, so that nothing takes long; tb/test_hw_compare.sh runs
# the real one. FILES: build/explore_files. The last line is "N passed, N failed".
[ $# = 2 ] && [ -x "$1" ] && [ -x "$2" ] || { echo "test_explore.sh: wanted bcq and explore_files, got \"$*\"" >&2; exit 2; }
command -v yosys > /dev/null || { echo '1 skipped: yosys is not installed'; echo '0 passed, 0 failed'; exit 0; }
files=$(realpath "$2") own=$(realpath "$1")
real=$(realpath "$(dirname "$0")/..")
dir=$(mktemp -d) || exit 2
trap 'cd /; rm -rf "$dir"' EXIT
trap 'exit 2' INT TERM
export LC_ALL=C


# The program finds its project above itself: one whose synth/ is played.
mkdir -p "$dir/project/build/gen" "$dir/project/synth/recipes" "$dir/run"
cp "$1" "$dir/project/build/bcq"
for f in rtl cmodel sw scripts; do ln -s "$(realpath "$real/$f")" "$dir/project/$f"; done
bcq=$dir/project/build/bcq
for f in b3 c4 resub; do echo "strash; # $f" > "$dir/project/synth/recipes/$f.abc"; done
cat > "$dir/project/synth/cells.sh" <<'END'
#!/bin/sh
echo cells >> ../calls
mkdir -p "$2" && cp "$1" "$2/cells.lib"
END
# Areas that a program can be checked against: that of b3 is the median one, and energy and time follow from it.
cat > "$dir/project/synth/job.sh" <<'END'
#!/bin/bash
while getopts o:c:t:r:p:s:f o; do case $o in o) out=$OPTARG ;; t) top=$OPTARG ;; r) recipe=$OPTARG ;; p) params=$OPTARG ;; s) period=$OPTARG ;; f) frozen=f ;; esac; done
echo "$top $recipe $frozen $params" >> ../calls
mkdir "$out.part"
trap 'rm -rf "$out.part"' EXIT
trap 'kill $!; exit 130' TERM INT
if [ -e ../change ]; then echo "# $RANDOM" >> synth/job.sh; fi
if [ -e ../slow ]; then sleep 20 & wait $!; echo through >> ../through; fi
case $params in *"$(cat ../fail 2> /dev/null || echo nobody)"*) echo "first" >&2; echo "synth/job.sh: made to fail" >&2; echo "a table"; exit 1 ;; esac
case $recipe in resub) ge=10000 ;; b3) ge=20000 ;; c4) ge=40000 ;; esac
cat > "$out.part/parts.csv" <<X
part,count,um2,ge,flops,clock_gates,cells
pe,4,$((ge * 5)),$((ge / 2)),1,1,1
scale_units,2,$((ge * 3)),$((ge * 3 / 10)),1,1,1
total,,$((ge * 10)),$ge,1,1,1
X
printf 'part,period_ns,delay_ns,fmax_mhz,start,end\ntotal,%s,4,%s,a,b\n' "${period:-5}" "$((ge == 40000 ? 100 : 250))" > "$out.part/timing.csv"
[ ! -e ../memory ] || cat ../memory >> "$out.part/timing.csv"
printf 'top: %s\nlibrary: played\nperiod_ns: %s\nnand2: N 10\n' "$top" "${period:-5}" > "$out.part/job.txt"
mv "$out.part" "$out"
END
chmod +x "$dir/project/synth/"*.sh
cd "$dir/run" || exit 2
echo 'library (played) {}' > played.lib
touch ../calls ../project/build/gen/bcq_pkg.sv

passed=0 failed=0
check() {
  name=$1
  shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: $name"; fi
}
calls() { awk 'END { print NR }' ../calls; }
# Nothing in a cache but complete folders (and tables).
complete() {
  for f in "$1"/*; do
    case ${f##*/} in
      cells-????????????????????????????????) [ -e "$f/cells.lib" ] ;;
      accuracy-????????????????????????????????) [ -e "$f/accuracy.txt" ] ;;
      *_gemm-????????????????????????????????|*_encoder-????????????????????????????????) [ -e "$f/job.txt" ] ;;
      *) false ;;
    esac || { echo "  left: $f"; return 1; }
  done
}
# refused MESSAGE SPACE ARGUMENT...: exit 2, that one line, nothing on stdout, no file. * in it is anything.
refused() {
  want=$1
  printf "%b" "$2" > bad.space
  shift 2
  "$bcq" explore bad.space --library played.lib --cache new -o new "$@" > out 2> err < /dev/null
  status=$?
  # shellcheck disable=SC2254  # a pattern
  case $(cat err) in "bcq explore: "$want) like=1 ;; *) like=0 ;; esac
  if [ $status = 2 ] && [ $like = 1 ] && [ "$(wc -l < err)" = 1 ] && [ ! -s out ] && [ ! -e new ]; then passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAIL: explore refuses %s\n  wanted 2: %s\n  got    %s: %s\n' "$(cat bad.space)" "$want" $status "$(cat err)"
  fi
}
at='bad.space: block at line 1: '

# ---- What is refused, before anything runs --------------------------------------------------------------
refused "${at}wanted format =, got none" ''
refused "bad.space:1: wanted key = values or ---, got \"format\"" 'format\n'
refused "bad.space:2: wanted a key of docs/explorer.md, got \"colour\"" 'format = bcq\ncolour = red\n'
refused "bad.space:2: wanted format once a block, got it again" 'format = bcq\nformat = int8\n'
refused "bad.space:1: wanted a value behind format =, got none" 'format =\n'
refused "bad.space:1: wanted each value once, got 4 twice" 'nc = 4 8 4\nformat = bcq\n'
refused "${at}format: wanted one of bcq int8 *, got \"int4\"" 'format = int4\n'
refused "${at}nc: wanted 1, 2, 4, 8 or 16, got 3" 'format = bcq\nnc = 3\n'
refused "${at}b: wanted 2, 3 or 4, got 5" 'format = bcq\nb = 5\n'
refused "${at}ew: wanted 4 to 8, got 9" 'format = bcq\new = 4 9\n'
refused "${at}la: wanted 16, 32, 64 or 128, got 8" 'format = bcq\nla = 8\n'
refused "${at}lb: wanted 2, 4 or 8, got 16" 'format = bcq\nlb = 16\n'
refused "${at}la: wanted 64 of format nvfp4, got 32" 'format = nvfp4\nla = 32\n'
refused "${at}la: wanted 16, 32, 64 or 128 of format vsq, got 256" 'format = vsq\nla = 256\n'
refused "${at}wanted macs a multiple of la, got macs 1000, la 64" 'format = bcq\nmacs = 1000\n'
refused "${at}wanted macs or cols, got both" 'format = bcq\nmacs = 1024\ncols = 4\n'
refused "${at}ndec: wanted a divisor of cols = 16, got 3" 'format = bcq\nndec = 3\n'
refused "${at}t: wanted at least 2, got 1" 'format = bcq\nt = 1\n'
refused "${at}t: wanted an integer in \[1, 65535\], got \"x\"" 'format = bcq\nt = x\n'
refused "${at}cb: wanted a divisor of nc = 16, got 3" 'format = bcq\nenc = 1\ncb = 3\n'
refused "${at}enc: wanted a divisor of la / lb = 8, got 3" 'format = bcq\nenc = 3\ncb = 1\n'
refused "${at}codebooks: wanted local, * got universal" 'format = bcq\nnc = 16\nb = 2\ncodebooks = universal\n'
refused "${at}clock: wanted a period in ns or the word library, got \"-1\"" 'format = bcq\nclock = -1\n'
refused "${at}recipe: wanted all or names of synth/recipes, got \"z\"" 'format = bcq\nrecipe = z\n'
refused "${at}data: wanted one of real zeros random worst, got \"some\"" 'format = bcq\ndata = some\n'
refused "${at}workload: wanted MODEL_PHASE of sw/workloads.def, got \"x_y\"" 'format = bcq\nworkload = x_y\n'
refused "bad.space: block at line 5: lb: wanted 2, 4 or 8, got 3" 'nc = 4\n---\nformat = bcq\n---\nformat = bcq\nlb = 3\n'
refused 'none.lib: wanted a liberty file or a folder of them, got none' 'format = int8\n' --library none.lib
refused "${at}data: wanted none, or delay = zero, for played.lib has no times, got real" 'format = bcq\ndata = real\n'
touch -d "2001-01-01" ../project/build/gen/bcq_pkg.sv
refused '*bcq_pkg.sv: wanted it newer than cmodel/params.def (make build/gen/bcq_pkg.sv), got an older one or none' "format = int8\n"
touch ../project/build/gen/bcq_pkg.sv
refused '--only: wanted a point from 1 to 1, got 2' 'format = int8\n' --only 2
refused 'command line: wanted one of --list, --slurm and --only, got more' 'format = int8\n' --only 1 --slurm
refused '--jobs: wanted an integer in *, got "0"' 'format = int8\n' --jobs 0
check 'nothing ran' [ "$(calls)" = 0 ]
echo "format = bcq" > bad.space
check 'no library' sh -c '! "$1" explore bad.space > out 2> err && grep -q "wanted library = or --library, got none" err' sh "$bcq"
check 'no space' sh -c '"$1" explore none.space --library played.lib > out 2> err; [ $? = 2 ] && grep -q "^bcq explore: none.space: wanted a readable file" err' sh "$bcq"

# ---- Points --------------------------------------------------------------------------------------------
cat > four.space <<'END'
# keys of all blocks
workload = llama2_7b_prefill llama2_7b_decode   # two of them
recipe = all
---
format = bcq int8 nvfp4
nc = 8
codebooks = universal
---
format = nvfp4 int8-token   # the first is there already
lb = 2 4                    # which rivals do not have
END
"$bcq" explore four.space --library played.lib --list > list 2> err
check '--list' [ $? = 0 ]
check 'points of the list' [ "$(awk '$1 + 0 > 0 && $2 != "points," { printf "%s ", $2 }' list)" = 'bcq-nc8-universal int8 nvfp4 int8-token ' ]
check '--list runs nothing' [ "$(calls)" = 0 ]
# By the project's own recipes, which the played one lacks.
own() { "$own" explore "$real/$1" --library played.lib --cache none --list | grep -q "^$2"; }
check 'the example can be read' own sw/explore/example.space '16 points'
check 'so can the comparison' own synth/compare.space '9 points, 33 energies'

# ---- A run, and the same once more ------------------------------------------------------------------------
"$bcq" explore four.space --library played.lib --cache cache -o tables > out 2> err
check 'a run' [ $? = 0 ]
check 'says so' grep -q '^4 of 4 points, 17 jobs, 0 of them from the cache, 0 failed: tables$' out
check 'quiet in a pipe' [ ! -s err ]
check 'cells once, each point by three recipes' [ "$(calls)" = 13 ]
check 'a complete cache' complete cache
check 'rows = points' [ "$(wc -l < tables/points.csv)" = 5 ]
check 'JSON = CSV' sh -c '[ "$("$1" tables/points.json tables/points.csv)" = "4 $((5 * $(head -1 tables/points.csv | tr , "\n" | wc -l)))" ]' sh "$files"
check 'a page' [ -s tables/page.html ]
check 'nothing else' [ "$(echo tables/*)" = 'tables/page.html tables/parts.csv tables/points.csv tables/points.json tables/workloads.csv' ]
cp -r tables first
"$bcq" explore four.space --library played.lib --cache cache -o tables > out 2> err
check 'again' [ $? = 0 ]
check 'all from the cache' grep -q ' 17 jobs, 17 of them from the cache' out
check 'nothing ran again' [ "$(calls)" = 13 ]
check 'the same tables' diff -r tables first

# field NAME COLUMN [FILE]
field() { awk -F , -v name="$1" -v column="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) c = i } $1 == name { print $c }' "${3-tables/points.csv}"; }
check 'median area' [ "$(field int8 ge_per_mac)" = 19.53125 ]
check 'its recipe' [ "$(field int8 abc)" = b3 ]
check 'least and most' [ "$(field int8 ge_min) $(field int8 ge_max)" = '9.765625 39.0625' ]
check 'um2' [ "$(field int8 um2_per_mac)" = 195.3125 ]
check 'the clock is met' [ "$(field int8 period_ns) $(field int8 clock)" = '5 target' ]
check 'bits' [ "$(field bcq-nc8-universal bits) $(field nvfp4 bits) $(field int8 bits)" = '4.5 4.5 8.25' ]
check 'no energy' [ "$(field int8 pj_per_mac)" = '' ]
# 6,476,005,376 weights in Llama-2-7B's layers; docs/architecture.md for LOAD 64, T 64, LOOP below it.
check 'shapes of all models' awk '
  /^model/ { name = $2; layers = $3 } /^gemm/ { sum[name] += layers * $3 * $4 }
  END { exit !(sum["llama2_7b"] == 6476005376 && sum["llama2_70b"] == 68451041280 && sum["gpt3_175b"] == 173946175488 \
    && sum["nemotron4_15b"] == 12482248704 && int(sum["nemotron4_340b"] / 1e8) == 3315) }' "$real/sw/workloads.def"
stages=$(awk '$1 == "STAGES_FP32" { print $2 }' "$real/cmodel/params.def")
check 'cycles, bytes' awk -F , -v stages="$stages" '
  function up(a, b) { return int((a + b - 1) / b) }
  function max(a, b) { return a > b ? a : b }
  NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
  $1 == "bcq-nc8-universal" {
    m = $c["m"]; n = $c["n"]; k = $c["k"]; rows++
    passes = up(n, 16) * up(k, 64); tiles = up(m, 64); tail = m - (tiles - 1) * 64
    if ($c["cycles"] != 64 + (tiles - 1) * passes * 64 + (passes - 1) * max(tail, 64) + tail + 8 + 16 + stages) bad++
    if ($c["bytes_weights"] != tiles * n * k * 4.5 / 8 || $c["bytes_activations"] != up(n, 16) * m * k * 4.5 / 8) bad++
    if ($c["bytes_results"] != 4 * m * n || $c["bytes_codebooks"] != 2 * 8 * 16 * 6 / 8) bad++
    total[$c["workload"]] += $c["layers"] * $c["cycles"]
  }
  END { printf "%.9g %.9g\n", total["llama2_7b_prefill"], total["llama2_7b_decode"]; exit !(rows == 14 && !bad) }' tables/workloads.csv > sums
check 'their sums' [ "$(cat sums)" = "$(field bcq-nc8-universal cycles_llama2_7b_prefill | awk '{ printf "%.9g", $1 }') $(field bcq-nc8-universal cycles_llama2_7b_decode | awk '{ printf "%.9g", $1 }')" ]
check 'latency' [ "$(awk -v c="$(field int8 cycles_llama2_7b_decode)" 'BEGIN { printf "%.6g", c * 5e-6 }')" = "$(field int8 latency_llama2_7b_decode | awk '{ printf "%.6g", $1 }')" ]
check 'parts of each point, and a column' [ "$(awk -F , 'NR > 1 { n[$4]++ } END { print n["pe"], n["scale_units"], n["total"], n["column"], n["encoder"] + 0 }' tables/parts.csv)" = '4 4 4 4 0' ]
check 'a column is its parts' [ "$(awk -F , '$1 == "int8" { g[$4] = $5 } END { print (g["column"] == g["pe"] + g["scale_units"]) }' tables/parts.csv)" = 1 ]
check 'a table for people' sh -c 'awk -f "$1/synth/compare.awk" tables/parts.csv | grep -q "^| int8  *|  8.25 | 15.6 (7.8-31.2) "' sh "$real"
check 'each recipe' [ "$(awk -F , '$1 == "int8" && $4 == "total" { print $NF }' tables/parts.csv)" = 'b3:19.53125 c4:39.0625 resub:9.765625' ]
# Pooled: errors of all tensors over squares of all, which is between those of weights and activations.
"$own" compare --formats int8 -o pooled.csv "$real/sw/model/weights.safetensors" "$real/sw/model/activations.safetensors" > out 2> err
check 'NMSE as bcq compare pools it' [ "$(field all nmse pooled.csv | awk '{ printf "%.6g", $1 }')" = "$(field int8 nmse | awk '{ printf "%.6g", $1 }')" ]
check 'area x error' [ "$(awk -v g="$(field int8 ge_per_mac)" -v n="$(field int8 nmse)" 'BEGIN { printf "%.6g", g * n }')" = "$(field int8 ge_x_nmse | awk '{ printf "%.6g", $1 }')" ]

# ---- What the key holds: each change runs again what depends on it, and nothing else -------------------------
printf 'format = int8\nenc = 1\n' > one.space
run_one() { : > ../calls; rm -rf one.out; "$bcq" explore one.space --library played.lib --cache one -o one.out --jobs 1 > out 2> err; calls; }
check 'array and encoder' [ "$(run_one)" = 3 ]
check 'cached' [ "$(run_one)" = 0 ]
echo '# more' >> ../project/synth/recipes/resub.abc
check 'recipe' [ "$(run_one)" = 2 ]
echo '# more' >> ../project/synth/job.sh
check 'script' [ "$(run_one)" = 2 ]
echo '/* more */' >> played.lib
check 'library' [ "$(run_one)" = 3 ]
echo '/* a macro */' > RM_PLAYED_2P_64x32.lib
check 'memory macro beside it: its cells' [ "$(run_one)" = 1 ]
echo 'clock = 3' >> one.space
check 'period' [ "$(run_one)" = 2 ]
check 'which is not met: what it reaches' [ "$(field int8-enc1 period_ns one.out/points.csv) $(field int8-enc1 clock one.out/points.csv)" = '4 fmax' ]
check 'its encoder in its name and columns' [ "$(awk -F , 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } $4 == "total" { print $2, $c["enc"], $c["cb"] }' one.out/parts.csv)" = 'enc1 1 0' ]
check 'encoder on a line of its own' [ "$(awk -F , '$4 == "encoder" { print $5 }' one.out/parts.csv)" = 9.765625 ]
# Memories keep the clock, too, and a figure in MHz that was rounded down does not miss it.
echo 'format = int8' > memory.space
echo 'total_with_memories,5,6,166.7,a,b' > ../memory
"$bcq" explore memory.space --library played.lib --cache memory.1 -o memory.1.out > out 2> err
check 'memories that miss it' [ "$(for f in period_ns clock fmax_mhz fmax_with_memories_mhz; do field int8 $f memory.1.out/points.csv; done | tr '\n' ' ')" = '6 fmax 250 166.7 ' ]
echo 'total_with_memories,5,5,199.9,a,b' > ../memory
"$bcq" explore memory.space --library played.lib --cache memory.2 -o memory.2.out > out 2> err
check 'memories that just meet it' [ "$(field int8 period_ns memory.2.out/points.csv) $(field int8 clock memory.2.out/points.csv)" = '5 target' ]
rm ../memory
printf 'format = bcq\nnc = 8\ncodebooks = universal\ntables = frozen programmable\n' > frozen.space
: > ../calls
"$bcq" explore frozen.space --library played.lib --cache one -o one.out > out 2> err
check 'frozen' [ $? = 0 ]
# The lowest entry of codebook 0 is the constant's last digits.
lowest=$(awk '/^#/ || /=/ { next } { printf "%d", $1 < 0 ? $1 + 64 : $1; exit }' "$real/sw/model/universal/nc8-lb8-la64-ew6-b4.txt")
check 'constants' awk -v low="$lowest" '$3 == "f" { n++; c = $0; sub(/.*FrozenTableW 768\047h/, "", c); sub(/ .*/, "", c)
    bad = length(c) != 192; d = (index("0123456789abcdef", substr(c, 191, 1)) - 1) * 16 + index("0123456789abcdef", substr(c, 192, 1)) - 1
    if (d % 64 != low) bad = 1 } END { exit !(n == 1 && !bad) }' ../calls

# ---- Interruption -------------------------------------------------------------------------------------------
for signal in INT TERM; do
  rm -rf stop stop.out; : > ../calls; touch ../slow
  env --default-signal=INT,TERM "$bcq" explore four.space --library played.lib --cache stop -o stop.out --jobs 2 > out 2> err &
  pid=$!
  for _ in $(seq 200); do [ "$(calls)" -ge 3 ] && break; sleep 0.1; done
  kill -$signal $pid
  wait $pid 2> /dev/null
  status=$?
  check "$signal: its status" [ $status = $((128 + $(kill -l $signal))) ]
  check "$signal: jobs were running" [ "$(calls)" -ge 3 ]
  check "$signal: nothing half-written" complete stop
  check "$signal: no tables" [ ! -e stop.out ]
  check "$signal: jobs were stopped" [ ! -e ../through ]
  check "$signal: nothing runs on" [ -z "$(pgrep -f "$dir/run/stop/" | head -1)" ]
done
rm ../slow
ended=$(find stop -mindepth 1 -maxdepth 1 -name "*-*" ! -name "*gemm*" | wc -l)
: > ../calls
"$bcq" explore four.space --library played.lib --cache stop -o stop.out > out 2> err
check 'resumed' [ $? = 0 ]
check 'what had ended was kept' grep -q " $ended of them from the cache" out
check 'the rest ran' [ "$(calls)" = 12 ]

# ---- Sources that change under it ------------------------------------------------------------------------------
touch ../change
run_one > /dev/null
rm -rf one
run_one > /dev/null
check 'sources changed: one line' grep -qx "bcq explore: wanted sources that stay as they are .*" err
check 'and nothing of it is kept' [ -z "$(find one -name "*gemm*")" ]
rm ../change
check 'then it works' [ "$(run_one)" = 2 ]

# ---- Failures -----------------------------------------------------------------------------------------------
echo 'Format 4' > ../fail
rm -rf ../cache.fail
"$bcq" explore four.space --library played.lib --cache failed -o failed.out > out 2> err
check 'failed jobs: exit 1' [ $? = 1 ]
check 'each is named, with its last line' [ "$(sort err | head -1)" = 'bcq explore: nvfp4 b3 failed: synth/job.sh: made to fail' ]
check 'nothing else is said' [ "$(wc -l < err)" = 3 ]
check 'the other points come out' [ "$(sed 1d failed.out/points.csv | cut -d , -f 1 | tr '\n' ' ')" = 'bcq-nc8-universal int8 int8-token ' ]
check 'no failed folder' complete failed
rm ../fail
check 'repaired' "$bcq" explore four.space --library played.lib --cache failed -o failed.out > out 2> err
check 'nvfp4 is back' grep -q '^nvfp4,' failed.out/points.csv

# ---- A point at a time -----------------------------------------------------------------------------------------
: > ../calls
check '--only' "$bcq" explore four.space --library played.lib --cache only -o only.out --only 2 > out 2> err
check 'its jobs, no tables' sh -c '[ "$(awk "END { print NR }" ../calls)" = 4 ] && [ ! -e only.out ]'
mkdir bin
for t in yosys sh bash mkdir cp rm mv cat printf echo sleep; do ln -s "$(command -v $t)" bin/$t; done
PATH=$dir/run/bin "$bcq" explore four.space --library played.lib --cache cache -o slurm.out --slurm > out 2> err
check 'no Slurm: one line' [ "$? $(cat err)" = '2 bcq explore: --slurm: wanted sbatch (package slurm-wlm, or a machine of the cluster), found none' ]
# Slurm, played: runs the tasks of the array one by one.
cat > bin/sbatch <<'END'
#!/bin/bash
for last; do :; done
echo "$*" > "$PLAYED/sbatch.args"
[ ! -e "$PLAYED/refuse" ] || { echo 'sbatch: error: invalid partition specified: night' >&2; exit 1; }
echo '77;cluster'
[ ! -e "$PLAYED/wait" ] || exec sleep 20
for k in $(seq "$(sed -n 's/^#SBATCH --array=1-//p' "$last")"); do SLURM_ARRAY_TASK_ID=$k sh "$last" || rc=1; done
exit ${rc:-0}
END
printf '#!/bin/sh\necho "$*" > "$PLAYED/scancel.args"\n' > bin/scancel
chmod +x bin/sbatch bin/scancel
: > ../calls
PATH=$dir/run/bin:$PATH PLAYED=$dir "$bcq" explore four.space --library played.lib --cache slurm -o slurm.out --slurm --partition night > out 2> err
check 'by Slurm' [ $? = 0 ]
check 'in its partition' grep -q -- '--wait.*--partition night' ../sbatch.args
check 'every job once' [ "$(calls)" = 13 ]
check 'the same points' cmp slurm.out/points.csv tables/points.csv
mkdir "it's here"
PATH=$dir/run/bin:$PATH PLAYED=$dir "$bcq" explore four.space --library played.lib --cache slurm -o "it's here/x" --slurm > out 2> err
check 'a folder of any name' grep -qxF "#SBATCH --output='it'\\''s here/x/slurm-%a.log'" "it's here/x/sweep.sbatch"
touch ../refuse
PATH=$dir/run/bin:$PATH PLAYED=$dir "$bcq" explore four.space --library played.lib --cache slurm -o slurm.out --slurm > out 2> err
check 'what sbatch refuses: its own words' [ "$? $(cat err)" = '2 bcq explore: --slurm: wanted sbatch to accept the job, got: sbatch: error: invalid partition specified: night' ]
rm ../refuse
touch ../wait
PATH=$dir/run/bin:$PATH PLAYED=$dir env --default-signal=INT,TERM "$bcq" explore four.space --library played.lib --cache slurm -o slurm.out --slurm > out 2> err &
pid=$!
rm -f ../sbatch.args
for _ in $(seq 100); do [ -s ../sbatch.args ] && break; sleep 0.1; done
sleep 0.5
kill -TERM $pid
wait $pid 2> /dev/null
check 'interrupted: 143' [ $? = 143 ]
check 'its tasks are cancelled' [ "$(cat ../scancel.args 2> /dev/null)" = 77 ]
check 'and it says so' grep -q "cancelled Slurm's job 77" err
rm ../wait

# ---- What would fail at the end is refused at the start ----------------------------------------------------------
: > ../calls
BCQ_JAVASCRIPT=$dir/none "$bcq" explore four.space --library played.lib --cache early -o early.out > out 2> err
check 'no libraries of the page: exit 2' [ $? = 2 ]
check 'one line' grep -qx 'bcq explore: .*chart.umd.min.js: wanted the library .*' err
touch file
"$bcq" explore four.space --library played.lib --cache early -o file/tables > out 2> err
check 'no folder for tables' [ "$? $(cat err)" = '2 bcq explore: file: wanted a folder, got a file' ]
check 'nothing ran for them' [ "$(calls)" = 0 ]
check 'and nothing is left of it' [ "$(echo early/*) $(echo early.out*)" = 'early/* early.out*' ]

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

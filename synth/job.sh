#!/bin/sh
# One synthesis: a top on a library by a recipe at a clock. From the project's root:
#   synth/job.sh -o DIR -c CELLS_DIR -t TOP [-r RECIPE] [-p 'Yosys -chparam options'] [-s PERIOD_NS] [-f]
# TOP: bcq_gemm, rival_gemm, bcq_encoder, rival_encoder or any module of rtl/. CELLS_DIR: see synth/cells.sh.
# RECIPE: synth/recipes/RECIPE.abc. -f: frozen tables (synth/frozen.ys). SYNTH_S: seconds it may take.
# DIR is complete, or does not exist: coarse.il, mapped.il, netlist.v, stat.txt, memories.txt, scopes.txt (part,
# module, path of each instance), parts.csv (area by the parts of synth/blocks.def), timing.csv (OpenSTA; absent
# where the library has no times or sta is not installed, and job.txt says so), job.txt.
set -eu
die() { echo "synth/job.sh: $*" >&2; exit 2; }
usage="wanted -o DIR -c CELLS_DIR -t TOP [-r RECIPE] [-p PARAMS] [-s PERIOD_NS] [-f]"
dir='' cells='' top='' recipe=resub params='' period='' frozen=''
while getopts o:c:t:r:p:s:f opt; do
  case $opt in
    o) dir=$OPTARG ;; c) cells=$OPTARG ;; t) top=$OPTARG ;; r) recipe=$OPTARG ;; p) params=$OPTARG ;;
    s) period=$OPTARG ;; f) frozen=1 ;; *) die "$usage" ;;
  esac
done
shift $((OPTIND - 1))
if [ $# != 0 ] || [ -z "$dir" ] || [ -z "$cells" ] || [ -z "$top" ]; then die "$usage"; fi
# They go into scripts of sed, Yosys and OpenSTA as they are.
for path in "$dir" "$cells"; do
  case $path in *[!A-Za-z0-9_./+-]*) die "wanted paths of letters, digits and _./+- alone, got $path" ;; esac
done
[ ! -e "$dir" ] || die "$dir: wanted a new folder, got one that exists"
[ -s "$cells/facts.txt" ] || die "$cells: wanted a folder made by synth/cells.sh, got none"
awk -v lang=sv -f scripts/params.awk cmodel/params.def | cmp -s - build/gen/bcq_pkg.sv ||
  die "build/gen/bcq_pkg.sv: wanted what cmodel/params.def makes, got another or none; run make build/gen/bcq_pkg.sv"
[ -s "synth/recipes/$recipe.abc" ] ||
  die "recipe $recipe: wanted one of $(cd synth/recipes && echo *.abc | sed 's/\.abc//g'), got none of them"
[ -f "rtl/$top.sv" ] || [ -f "rtl/rivals/$top.sv" ] || die "$top: wanted a module of rtl/ or rtl/rivals/, got none"
limit=${SYNTH_S:-600}
case $limit in '' | *[!0-9]* | 0) die "SYNTH_S: wanted seconds, got $limit" ;; esac
fact() { awk -v key="$1" '$1 == key { print $2; exit }' "$cells/facts.txt"; }
library=$(fact library) timed=$(fact timing)
# The library's row: its period is the default, FLOP of it is the flip-flops'.
clock=$(awk -v lib="$library" '/^[^#]/ && index(lib, $1) == 1 { print $2, $3; exit }' synth/clocks.def)
flop=${clock#* }
[ -n "$period" ] || period=${clock% *}
if [ "$timed" = yes ]; then
  [ -n "$period" ] || die "$library: wanted a row in synth/clocks.def or -s PERIOD_NS, got neither"
  awk -v p="$period" -v f="${flop:=0}" 'BEGIN { exit !(p ~ /^[0-9]+(\.[0-9]+)?$/ && p > f) }' ||
    die "-s: wanted a period in ns above $flop, got $period"
fi

mkdir -p "$(dirname "$dir")"
out=$(mktemp -d "$dir.XXXXXX")
pid=''
trap 'rm -rf "$out"' EXIT
trap '[ -z "$pid" ] || kill "$pid" 2> /dev/null || :; exit 130' INT TERM
start=$(date +%s)
mkdir "$out/tmp"
# In the background, so that an interrupt is heard at once; what a tool leaves in TMPDIR goes with the folder.
tool() {
  left=$((limit - $(date +%s) + start))
  [ $left -gt 0 ] || left=1
  TMPDIR=$out/tmp timeout -k 5 $left "$@" > "$out/log" 2>&1 &
  pid=$!
  rc=0
  wait $pid 2> /dev/null || rc=$?  # without the shell's own word on signals
  pid=
  # timeout's -k ends it with a signal: that is the time limit, too.
  if [ $rc = 124 ] || [ $(($(date +%s) - start)) -gt $limit ]; then
    echo "synth/job.sh: $top: wanted $1 to end within SYNTH_S=$limit seconds, it did not" >&2
    exit 1
  fi
  if [ $rc != 0 ]; then
    why=$(grep -i error "$out/log" | head -1)
    [ -n "$why" ] || why=$(grep . "$out/log" | tail -1)
    [ $rc -le 128 ] || why="signal $((rc - 128))${why:+, after: $why}"
    echo "synth/job.sh: $top: $1 failed: ${why:-status $rc, and said nothing}" >&2
    exit 1
  fi
}
said() { [ ! -t 2 ] || printf '%s: %s\n' "${dir##*/}" "$1" >&2; }
fill() {
  sed "s|@CELLS@|$cells|g; s|@OUT@|$out|g; s|@TOP@|$top|g; s|@PERIOD@|$period|g; s|@FLOP@|$flop|g
    s|@CONSTR@|$constr|g; s|@MEMORY@|$memory|" "$1"
}
constr='' memory=''

# What a unit is made of is dissolved in it, but for clock gates, which become the library's; assertions go.
# Constants do not cross a module's boundary: what frozen tables reach is dissolved, too, and so is an encoder of
# frozen tables, or of MXFP4, which divides by powers of two, as a whole.
rtl="$(echo rtl/*.sv)"
case $top in rival_*) rtl="$rtl $(echo rtl/rivals/*.sv)" ;; esac
dissolve='chformal -remove; setattr -mod -set keep_hierarchy 1 *bcq_clock_gate; flatten t:*bcq_fp32_round* t:*rival_fp32* t:*bcq_stream_rules* t:*bcq_adder_tree* t:*bcq_weight_latches* *bcq_pe_decode*'
mxfp4=$(awk '$1 == "FORMAT_MXFP4" { print $2 }' cmodel/params.def)
case $top,$params in
  rival_encoder,*Format\ "$mxfp4"\ * | rival_encoder,*Format\ "$mxfp4") dissolve='chformal -remove; flatten' ;;
  *_encoder,*) [ -z "$frozen" ] || dissolve='chformal -remove; flatten' ;;
  *) [ -z "$frozen" ] || dissolve="script synth/frozen.ys; $dissolve" ;;
esac
said "reading"
cat > "$out/read.ys" <<READ
read_verilog -sv build/gen/bcq_pkg.sv $rtl
hierarchy -check -top $top $params
proc
$dissolve
hierarchy -top $top
synth -run begin:fine
# Memories inside other modules become modules of their own.
select -set other t:\$mem_v2 *bcq_acc_memory* %d
techmap -map synth/memory_map.v @other
read_verilog -sv build/gen/bcq_pkg.sv rtl/bcq_acc_memory.sv
hierarchy -check -top $top
proc
opt
memory -nomap
opt_clean
write_rtlil $out/named.il
READ
tool yosys -q "$out/read.ys"
awk -f synth/names.awk "$out/named.il" "$out/named.il" > "$out/coarse.il"

if [ "$timed" = yes ]; then
  constr="-constr $out/constr"
  printf 'set_driving_cell %s\nset_load %s [all_outputs]\n' "$(fact driver)" "$(fact load)" > "$out/constr"
  # OpenSTA finds paths up to 10 % slower than ABC does.
  d=$(awk -v p="$period" -v f="$flop" 'BEGIN { printf "%.0f", 900 * (p - f) }')
  cat "synth/recipes/$recipe.abc" synth/tail.abc | sed "s/{D}/$d/g" > "$out/recipe.abc"
else
  sed 's/ -D {D}//' "synth/recipes/$recipe.abc" > "$out/recipe.abc"
fi
fill synth/job.ys > "$out/job.ys"
said "mapping"
tool yosys -q "$out/job.ys"
awk -f synth/buffers.awk "$cells/facts.txt" "$out/mapped.il" > "$out/buffered.il" || exit 1
fill synth/final.ys > "$out/final.ys"
tool yosys -q "$out/final.ys"
: > "$out/memories.txt"
awk -v top="$top" -v memories="$out/memories.txt" -v scopes="$out/scopes.txt" -f synth/parts.awk synth/blocks.def \
  "$cells/facts.txt" "$out/coarse.il" "$out/buffered.il" "$out/stat.txt" > "$out/parts.csv" || exit 1

# The period that each end needs, and the worst path out of memories.
time_it() {
  if [ -s "$out/memories.txt" ]; then
    awk -f synth/memory.awk "$out/memories.txt" "$out/mapped.il" > "$out/memory.v"
    fill synth/memory.ys > "$out/memory.ys"
    tool yosys -q "$out/memory.ys"
    memory="read_verilog $out/memory_cells.v"
  fi
  fill synth/sta.tcl > "$out/sta.tcl"
  awk -v period="$period" -f synth/paths.awk "$out/memories.txt" "$out/scopes.txt" >> "$out/sta.tcl"
  tool sta -no_splash -exit "$out/sta.tcl"
  mv "$out/log" "$out/sta.log"
  if grep -q '^Error' "$out/sta.log"; then
    echo "synth/job.sh: $top: sta failed: $(grep '^Error' "$out/sta.log" | head -1)" >&2
    exit 1
  fi
  set --
  [ ! -e "$out/memory.read" ] || set -- "$out/memory.read"
  read=
  if grep -q '^total_with_memories' "$out/parts.csv"; then read=$(awk '$1 == "macro" { print $6; exit }' "$cells/facts.txt"); fi
  awk -v period="$period" -v read="$read" -f synth/timing.awk \
    "$out/scopes.txt" "$out/ends.txt" "$@" > "$out/timing.csv" || exit 1
}
timing='no: the library has no times'
if [ "$timed" = yes ]; then
  timing='no: sta (OpenSTA) is not installed'
  if command -v sta > /dev/null; then
    timing=yes
    said "timing"
    time_it
  fi
fi

version() { dpkg-query -W -f '${Version}' "$1" 2> /dev/null || echo unknown; }
{
  echo "top: $top"
  echo "params: $params"
  echo "library: $library"
  echo "recipe: $recipe"
  echo "period_ns: $period"
  echo "timing: $timing"
  echo "wires: $(fact wires)"
  echo "yosys: $(yosys -V)"
  echo "abc: $(version berkeley-abc)"
  if command -v sta > /dev/null; then echo "sta: $(sta -version)"; fi
  echo "nand2: $(awk '$1 == "nand2" { print $2, $3 }' "$cells/facts.txt")"
  echo "seconds: $(($(date +%s) - start))"
  echo "command: synth/job.sh -o DIR -c CELLS -t $top -r $recipe${period:+ -s $period}${frozen:+ -f}${params:+ -p \"$params\"}"
} > "$out/job.txt"
rm -rf "$out/tmp" "$out/log" "$out/named.il" "$out/ends.txt" "$out/paths.txt" "$out/memory.read"
chmod 755 "$out"
mv "$out" "$dir"

#!/bin/sh
# bcq energy: products and encodings on mapped netlists, to the bit; the figures against each other; the switching
# part against OpenSTA; netlists broken on purpose; what is refused, to the letter.
# Usage: tb/test_energy.sh BCQ TEST_ENERGY LIBERTY PE JOB...   (from the project's root; PE: a folder with bcq_pe.v and
# cells.lib; JOB: folders that synth/job.sh has left, NAME.array, NAME.rival, NAME.encoder or NAME.rival_encoder)
if [ $# -lt 5 ] || [ ! -x "$1" ]; then echo "test_energy.sh: wanted BCQ TEST_ENERGY LIBERTY PE JOB..., got \"$*\"" >&2; exit 2; fi
bcq=$1 test=$2 lib=$3 pe=$4; shift 4
LC_ALL=C
export LC_ALL
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 2' INT TERM

passed=0 failed=0 skipped=0
: > "$dir/out"; : > "$dir/err"
verdict() {  # what, 0 if as wanted
  if [ "$2" = 0 ]; then passed=$((passed + 1))
  else failed=$((failed + 1)); echo "FAIL $1"; tail -n 5 "$dir/err" "$dir/out"; fi
}
skip() { skipped=$((skipped + 1)); echo "skipped: $1"; }

# A library without times has zero delay alone.
timed=yes
grep -q '^timing: no: the library' "$1/job.txt" && timed=

# energy JOB DATA DELAY [OPTION...]: exit 0, no mismatch; the table in $dir/JOB.DATA.DELAY.csv
energy() {
  job=$1 data=$2 delay=$3; shift 3
  csv=$dir/$(basename "$job").$data.$delay.csv
  "$bcq" energy "$job" --liberty "$lib" --data "$data" --delay "$delay" "$@" -o "$csv" > "$dir/out" 2> "$dir/err" &&
    grep -q '^golden model *0 mismatches of [1-9]' "$dir/out" && [ -s "$csv" ]
  verdict "$job $data $delay: to the bit" $?
}
# value CSV PART COLUMN
value() {
  awk -F , -v part="$2" -v column="$3" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $1 == part { print $at[column] }' "$1"
}
total() { value "$dir/$(basename "$1").$2.$3.csv" total "$4"; }
# Each part's figures add up to the total, in every column of energies; no part is empty, none negative.
sums() {
  awk -F , 'NR == 1 { next }
    /^total/ { for (i = 4; i <= 10; i++) if (i != 9) t[i] = $i; cut = 1 }
    !cut { n++; for (i = 4; i <= 10; i++) { s[i] += $i; if ($i < 0 && i != 9) bad = 1 } }
    END { for (i in t) { d = s[i] - t[i]; if (d * d > 1e-9 * t[i] * t[i]) bad = 1 }
      exit !(n > 0 && cut && !bad && t[4] > 0) }' "$1"
}
# at_most A B: A <= B, both numbers above 0
at_most() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && b != "" && a > 0 && a <= b) }'; }

delays=zero
[ -z "$timed" ] || delays='zero events'
for job; do
  column=pj_per_mac
  case $job in *.encoder) column=pj_per_scalar ;; esac
  for delay in $delays; do
    for data in zeros real random worst; do
      energy "$job" $data "$delay"
      sums "$dir/$(basename "$job").$data.$delay.csv"; verdict "$job $data $delay: parts add up" $?
    done
    z=$(total "$job" zeros "$delay" $column) r=$(total "$job" real "$delay" $column)
    w=$(total "$job" worst "$delay" $column)
    [ -z "$timed" ] || { at_most "$z" "$r" && at_most "$r" "$w"; verdict "$job $delay: zeros $z <= real $r <= worst $w" $?; }
    z=$(total "$job" zeros "$delay" toggles_per_cycle) r=$(total "$job" real "$delay" toggles_per_cycle)
    w=$(total "$job" worst "$delay" toggles_per_cycle)
    # What strains an encoder is dear rather than busy.
    case $job in *encoder) w= ;; esac
    at_most "$z" "$r" && { [ -z "$w" ] || at_most "$r" "$w"; }
    verdict "$job $delay: toggles zeros $z <= real $r${w:+ <= worst $w}" $?
  done
  [ -n "$timed" ] || continue
  for data in real random worst; do
    z=$(total "$job" $data zero $column) e=$(total "$job" $data events $column)
    at_most "$z" "$e"; verdict "$job $data: zero delay $z <= events $e" $?
    share=$(total "$job" $data events glitch_energy_share)
    awk -v z="$(total "$job" $data zero internal)" -v zs="$(total "$job" $data zero switching)" -v s="$share" \
      -v e="$(total "$job" $data events internal)" -v es="$(total "$job" $data events switching)" \
      'BEGIN { d = 1 - (z + zs) / (e + es) - s; exit !(d * d < 1e-8) }'
    verdict "$job $data: share of glitches $share" $?
  done
done

# The switching part of the mapped processing element, each net with one transition in ten cycles, is OpenSTA's: both add
# up the same capacitances. Told apart, rise and fall would differ: OpenSTA takes the larger, bcq energy each by itself;
# and wires: OpenSTA takes the library's. So both get the library without either.
sed '/default_wire_load/d; /rise_capacitance/d; /fall_capacitance/d' "$pe/cells.lib" > "$dir/one.lib"
if [ -z "$timed" ]; then
  skip 'OpenSTA: the library has no capacitances'
elif ! command -v sta > /dev/null; then
  skip 'OpenSTA: sta is not installed'
else
  cat > "$dir/sta.tcl" <<TCL
read_liberty $dir/one.lib
read_verilog $pe/bcq_pe.v
link_design bcq_pe
create_clock -name clk -period 8 clk_i
set_input_delay 0 -clock clk [all_inputs]
set_power_activity -global -activity 0.1
report_power -digits 6
TCL
  theirs=$(sta -no_splash -exit "$dir/sta.tcl" 2> "$dir/err" | tee "$dir/out" | awk '$1 == "Total" { print $3 }')
  ours=$("$test" -switching "$pe/bcq_pe.v" bcq_pe "$dir/one.lib" 0.1 8e-9 2> "$dir/err" | awk '{ print $1 }')
  awk -v a="$ours" -v b="$theirs" 'BEGIN { exit !(a > 0 && b > 0 && (a - b) * (a - b) <= 1e-8 * b * b) }'
  verdict "switching power: ours $ours W, OpenSTA's $theirs W" $?
fi

# The first job in lockstep with its RTL.
name=$(basename "$1") config=${1##*/}
config=${config%.*}
case $name in *.rival) config=$config.rival ;; esac
"$test" -lockstep "$1" "$lib" "build/models/$config.so" > "$dir/out" 2> "$dir/err"
verdict "$name in lockstep" $?

# Its parts are those of the area table.
awk 'NR == FNR { FS = ","; if (FNR > 1 && $1 !~ /^total/) area[$1] = 1; next }
  { split($0, f, ","); if (FNR > 1 && !cut) { if (f[1] == "total") cut = 1; else energy[f[1]] = 1 } }
  END { for (p in area) if (!(p in energy)) exit 1
    for (p in energy) if (!(p in area)) exit 1 }' FS=, "$1/parts.csv" "$dir/$name.real.zero.csv"
verdict "$name: parts as in parts.csv" $?

# Seeds change nothing of a result, and all of the drawn data.
energy "$1" real zero --seed 7
same=$(total "$1" real zero $([ "${name%.encoder}" = "$name" ] && echo pj_per_mac || echo pj_per_scalar))
[ -n "$same" ]; verdict "$name: seed 7" $?

# broken WHAT SED: a netlist with one fault is seen: exit 1, no table on disk.
broken() {
  rm -rf "$dir/broken"; mkdir "$dir/broken"
  cp "$first/job.txt" "$dir/broken/"
  awk -v module="$2" -v from="$3" -v to="$4" '/^module/ { here = index($2, module) == 1 }
    here && !done && $1 == from { sub(from, to); done = 1 } { print } END { exit !done }' "$first/netlist.v" \
    > "$dir/broken/netlist.v" || { verdict "broken: $1: no such cell" 1; return; }
  "$bcq" energy "$dir/broken" --liberty "$lib" --delay zero --data random --m 16 --n 32 -o "$dir/broken.csv" > "$dir/out" 2> "$dir/err"
  [ $? = 1 ] && [ ! -e "$dir/broken.csv" ] && grep -q '^bcq energy: .*wanted .*, got ' "$dir/err"
  verdict "broken: $1" $?
}
first=$1
nand=$(awk '$1 == "nand2:" { print $2 }' "$1/job.txt")
nor=$(awk '/^  [A-Z0-9a-z_]*NOR2[A-Z0-9a-z_]* / || /^  [a-z0-9_]*nor2_1 / { print $1; exit }' "$1/netlist.v")
if [ -n "$nor" ]; then
  broken 'a NAND for a NOR in the processing element' bcq_pe "$nand" "$nor"
  broken 'a NAND for a NOR in the scale unit' bcq_scale_unit "$nand" "$nor"
fi

# refused LINE ARGUMENT...: exit 2, that line, no output file.
refused() {
  want=$1; shift
  "$bcq" energy "$@" > "$dir/out" 2> "$dir/err"
  [ $? = 2 ] && [ "$(cat "$dir/err")" = "bcq energy: $want" ] && [ ! -s "$dir/out" ] && [ ! -e "$dir/none.csv" ]
  verdict "bcq energy $*: wanted \"$want\"" $?
}
refused 'command line: wanted JOB --liberty LIB, got no JOB'
refused 'command line: wanted JOB --liberty LIB, got no --liberty' "$1"
refused 'command line: wanted JOB --liberty LIB, got also x' "$1" x --liberty "$lib"
refused '--data: wanted real, zeros, random or worst, got "good"' "$1" --liberty "$lib" --data good
refused '--delay: wanted events or zero, got "some"' "$1" --liberty "$lib" --delay some
refused '--wire: wanted fF in [0, 1000], got "2x"' "$1" --liberty "$lib" --wire 2x
refused '--m: wanted an integer in [1, 1048576], got "0"' "$1" --liberty "$lib" --m 0
refused "$dir/job.txt: wanted a readable file, got: No such file or directory" "$dir" --liberty "$lib"
top=$(sed -n 's/^top: //p' "$1/job.txt")
[ "$top" = rival_gemm ] ||
  refused "--format: wanted none for $top, the netlist says it, got \"mxfp4\"" \
  "$1" --liberty "$lib" --format mxfp4 -o "$dir/none.csv"
mkdir "$dir/job"; cp "$1/netlist.v" "$dir/job/"
grep -v '^period_ns' "$1/job.txt" > "$dir/job/job.txt"
refused "$dir/job/job.txt: wanted a line \"period_ns: ...\", got none" "$dir/job" --liberty "$lib"
sed 's/^library: .*/library: other/' "$1/job.txt" > "$dir/job/job.txt"
refused "--liberty: wanted other, to which the netlist was mapped, got $(sed -n 's/^library: //p' "$1/job.txt")" \
  "$dir/job" --liberty "$lib"
sed 's/^top: .*/top: bcq_pe/' "$1/job.txt" > "$dir/job/job.txt"
refused 'job.txt: wanted a top bcq_gemm, rival_gemm, bcq_encoder or rival_encoder, got bcq_pe' "$dir/job" --liberty "$lib"

[ $skipped = 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

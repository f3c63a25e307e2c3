#!/bin/sh
# The RTL in a second simulator. A test program runs on Verilator's model, which records all ports every
# cycle (DUT_RECORD, tb/dut.h); Icarus replays the inputs and compares the outputs. Icarus has four
# states: registers start as x, operands are x while their valid is 0, and an x in an output that counts
# is a mismatch (tb/replay.awk says which count). Then the same with faults planted: they must be seen.
# Usage: tb/test_icarus.sh SEED RTL_FILES...   (from the project's root, programs and models built)
set -u
seed=$1; shift
passed=0 failed=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

verdict() {  # what, 0 if as wanted
  if [ "$2" = 0 ]; then passed=$((passed + 1))
  else failed=$((failed + 1)); echo "FAIL icarus seed=$seed $1" >&2; head -5 "$dir/log" >&2; fi
}

mkdir "$dir/rtl" "$dir/faulty" || exit 1
order=  # the package comes first
for f in "$@"; do
  case $f in *.sv) sed -f tb/icarus.sed "$f" > "$dir/rtl/${f##*/}"; order="$order ${f##*/}" ;; esac
done

# Replays the first $6 cycles of $dir/NAME.record. Status 0: all compared, no mismatch; else see $dir/log.
replay() {  # name, top, parameters, cycles before the first comparison, folder of sources, cycles
  sed -n "2,$(($6 + 1))p" "$dir/$1.record" > "$dir/vectors"
  awk -v top="$2" -v parameters="$3" -v skip="$4" -f tb/replay.awk "$dir/$1.record" > "$dir/replay.sv" &&
  # shellcheck disable=SC2086  # a list of words
  (cd "$5" && iverilog -g2012 -s replay -o "$dir/vvp" "$dir/replay.sv" $order) > "$dir/log" 2>&1 &&
  vvp -n "$dir/vvp" "+vectors=$dir/vectors" > "$dir/log" 2>&1 &&
  # More than one line: something was reported. Where outputs have a valid, it must have been set.
  awk -v cycles="$(wc -l < "$dir/vectors")" '
    { good = $1 == "cycles" && $2 == cycles && $4 > 0 && ($6 > 0 || $8 == 0) && $10 == 0 }
    END { exit !(good && NR == 1) }' "$dir/log"
}

parameters_of() {  # configuration of rtl/configs.def, of bcq_gemm or of another unit; or of a rival; or K=V...
  case $1 in
    *=*) echo "$1" ;;
    *" rival") awk -v name="${1%% *}" -v before= -v between== -f scripts/config_rival.awk cmodel/params.def \
               rtl/rivals/configs.def ;;
    *)   awk -v name="${1%% *}" -v unit="${1##* }" -v before= -v between== -f scripts/config.awk rtl/configs.def ;;
  esac
}

# ---- Replays --------------------------------------------------------------------------------------------

# name | top | configuration, or parameters | without a reset: cycles before the first comparison, some
# more than its pipeline | cycles to replay, at most | command that is recorded (its last model)
while IFS='|' read -r name top parameters skip most command; do
  name=${name%% *} top=$(echo $top) parameters=$(parameters_of "$(echo $parameters)")
  DUT_RECORD=$dir/$name.record sh -c "$command" > "$dir/log" 2>&1
  verdict "$name: recording:$command" $?
  replay "$name" "$top" "$parameters" $((skip)) "$dir/rtl" $((most))
  verdict "$name" $?
  awk -v name="$name" '{ printf "  %-12s %6d cycles, %7d comparisons of data, %7d of other outputs\n",
    name, $2, $6, $4 }' "$dir/log" | tail -1
done <<LIST
gap          | bcq_gemm       | gap          | 0 | 5000  | build/test_array -seed $seed -tiles 40 -brief gap
odd          | bcq_gemm       | odd          | 0 | 2000  | build/test_array -seed $seed -tiles 5 -brief odd
frozen       | bcq_gemm       | frozen       | 0 | 1200  | build/test_array -seed $seed -tiles 5 -brief frozen
default      | bcq_gemm       | default      | 0 | 400   | build/test_array -seed $seed -tiles 1 -brief default
encoder      | bcq_encoder    | gap encoder  | 0 | 3000  | build/test_encoder -seed $seed -runs 5 gap
encoder_odd  | bcq_encoder    | odd encoder  | 0 | 2000  | build/test_encoder -seed $seed -runs 5 odd
rival        | rival_gemm     | vsq-small rival | 0 | 1000 | build/test_rivals -seed $seed -tiles 5 -brief vsq-small
unit         | bcq_scale_unit | PsumW=18     | 200 | 10000 | build/test_scale_unit -seed $seed -triples 300000 build/models/scale_unit_18.so
unit_exact   | bcq_scale_unit | PsumW=18 Exact=1'b1 | 200 | 10000 | build/test_scale_unit -seed $seed -triples 300000 build/models/scale_unit_18.so build/models/scale_unit_18_exact.so
LIST

# ---- Planted faults --------------------------------------------------------------------------------------

seen() {  # what, 1 if replay found something
  [ "$2" = 1 ] && grep -q '^FAIL cycle' "$dir/log"
  verdict "not seen: $1" $?
  echo "  planted: $1: $(grep -m1 '^FAIL cycle' "$dir/log" | cut -c 6-70)"
}

gap=$(parameters_of gap)
while IFS='|' read -r file edit what; do
  file=${file%% *}
  cp "$dir"/rtl/*.sv "$dir/faulty/"
  sed -e "$edit" "$dir/rtl/$file" > "$dir/faulty/$file"
  [ "$(diff "$dir/rtl/$file" "$dir/faulty/$file" | grep -c '^[<>]')" = 2 ]
  verdict "$file: wanted one line changed by $edit" $?
  replay gap bcq_gemm "$gap" 0 "$dir/faulty" 3000
  seen "$what" $?
done <<'LIST'
bcq_sequencer.sv  | s/^\( *\)busy_q *<= 1'b0;/\1;/                 | a control register without its reset
bcq_scale_unit.sv | s/first_i ? '0 : {acc_i\[30\]/{acc_i[30]/  | an accumulator read before it is written
bcq_gemm.sv       | s/(issue && a_nan)/a_nan/                     | an operand looked at while it is not valid
LIST

# The lowest digit of the tenth result, in the recording.
awk 'NR == 1 { for (i = 1; i < NF; i += 2) at[$i] = (i + 1) / 2 }
     NR > 1 && $at["r_valid_o"] == "1" && ++beat == 10 {
       $at["r_data_o"] = substr($at["r_data_o"], 1, length($at["r_data_o"]) - 1) \
                         ($at["r_data_o"] ~ /0$/ ? "1" : "0") }
     { print }' "$dir/gap.record" > "$dir/flipped.record"
replay flipped bcq_gemm "$gap" 0 "$dir/rtl" 3000
seen "a wrong result in the recording" $?

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

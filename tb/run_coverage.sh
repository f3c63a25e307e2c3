#!/bin/sh
# Line and toggle coverage of rtl/ by the test programs: builds models that count, in a tree of their own
# (links to this one, build/coverage/tree), runs the programs on them, and prints tb/coverage.awk's report.
# Usage: tb/run_coverage.sh SEED RTL_FILES...   (from the project's root, test programs built)
set -eu
seed=$1; shift
tree=build/coverage/tree
mkdir -p $tree/build/models
for f in Makefile cmodel rtl scripts sw synth tb; do ln -sfn "../../../$f" $tree/$f; done
rm -rf build/coverage/counts $tree/build/gen
mkdir build/coverage/counts
cp -a build/gen $tree/build/
DUT_COVERAGE=$PWD/build/coverage/counts
MODEL_COVERAGE=1  # for the programs too: they build what is missing
export DUT_COVERAGE MODEL_COVERAGE
log=build/coverage/log
fail() { cat $log >&2; echo "0 passed, 1 failed"; exit 1; }
echo "coverage seed=$seed"

# models | command. A few small builds: together they have every block of rtl/ that depends on a parameter.
models_run=0
while IFS='|' read -r models command; do
  program=${command# }; program=${program%% *}
  cp "$program" "$tree/build/"
  (
    cd $tree &&
    # shellcheck disable=SC2086  # a list of words
    make -s SUPPORT="verilated verilated_threads verilated_cov" $models &&
    sh -c "$command"
  ) > $log 2>&1 < /dev/null || fail
  echo " $command: $(tail -1 $log)"
  for m in $models; do models_run=$((models_run + 1)); done
done <<LIST
build/models/scale_unit_18.so build/models/scale_unit_18_exact.so | build/test_scale_unit -seed $seed -triples 300000 build/models/scale_unit_18.so build/models/scale_unit_18_exact.so
build/models/gap.so build/models/odd.so build/models/nc1.so | build/test_array -seed $seed -tiles 100 gap odd nc1
build/models/gap.encoder.so build/models/odd.encoder.so build/models/lb2.encoder.so build/models/nc1.encoder.so | build/test_encoder -seed $seed -runs 100 gap odd lb2 nc1
LIST

# Each model leaves one file.
[ "$(find build/coverage/counts -name "*.dat" | wc -l)" = "$models_run" ] ||
  { echo "FAIL coverage: wanted the counts of $models_run models" > $log; fail; }

# The sources with counts in the margin, to look at. That tool adds counts and keeps builds apart.
verilator_coverage --annotate build/coverage/annotated build/coverage/counts/*.dat > $log 2>&1 || fail
awk -f tb/coverage.awk tb/coverage_exceptions.txt "$@" -- build/coverage/counts/*.dat

#!/bin/bash
# Proves that a fault changes nothing: tb/mutate_prove.sh LIST_WITHOUT_SUFFIX NUMBER, for a module
# without memories. Registers are cut: for every state and every input, all outputs and
# all next states of module and faulty module are equal. Exit status 0 if so, 1 if not.
set -euo pipefail
netlist=$1 number=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

command=$(grep " mutsel 12 $number " "$netlist.apply" | sed "s/-ctrl mutsel 12 $number //")
module=$(echo "$command" | sed 's/.* -module \([^ ]*\) .*/\1/')
{
  for side in gold gate; do
    echo "read_rtlil $netlist.il"
    [ $side = gold ] || echo "$command"
    echo "hierarchy -top $module; flatten"
    echo "rename $module $side"
    echo "design -stash $side"
  done
  for side in gold gate; do echo "design -copy-from $side -as $side $side"; done
  echo "expose -evert-dff gold; expose -evert-dff gate"
  echo "miter -equiv -flatten -make_outputs gold gate miter; hierarchy -top miter"
  # What is alike on both sides is one cell: no multiplier is to be proved equal to itself.
  echo "opt_merge -share_all; opt_expr; opt_merge; techmap; opt -full; opt_clean"
  echo "sat -verify -prove trigger 0 -timeout 60 miter"
} > "$work/prove.ys"
yosys -ql "$work/log" "$work/prove.ys" > "$work/out" 2>&1 && grep -q 'no model found: SUCCESS' "$work/log"

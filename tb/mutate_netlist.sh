#!/bin/bash
# Builds one mutated netlist: tb/mutate_netlist.sh NAME SEED OUT.so RTL_FILES...
# NAME is a row of tb/mutate.def. Yosys reads the top with its hierarchy kept, draws faults in each
# module that the row names, and puts all of them into one netlist: fault N is active where the input
# mutsel is N, and with 0 none is. A fault changes the module, so every instance of it.
# Beside OUT.so: OUT.list, a line a fault: NUMBER NETLIST MODULE MODE PLACE -> SIGNAL | SOURCE LINE;
# and OUT.il, OUT.apply, the netlist before and the commands that plant the faults.
set -euo pipefail
name=$1 seed=$2 out=$3; shift 3
rtl=$*
work=$(mktemp -d "${out%.so}.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
die() { echo "mutate: $*" >&2; exit 1; }

row=$(awk -F '|' -v name="$name" '!/^#/ && NF { key = $1; gsub(/ /, "", key); if (key == name) print }' \
  tb/mutate.def)
[ -n "$row" ] || die "tb/mutate.def: no row $name"
IFS='|' read -r _ top params modules _ <<< "$row"
top=${top// /}
case $params in
  *config*) read -r _ config <<< "$params"
            unit= rows=rtl/configs.def rules=scripts/config.awk
            case $top in
              bcq_encoder)     unit=encoder ;;
              bcq_accelerator) unit=accelerator rows="rtl/accelerator/configs.def $rows" ;;
              rival_gemm)      rows="cmodel/params.def rtl/rivals/configs.def" rules=scripts/config_rival.awk ;;
            esac
            # shellcheck disable=SC2086  # one file or two
            chparam=$(awk -v name="$config" -v unit="$unit" -v before='-chparam ' -v between=' ' -f "$rules" $rows) ;;
  *)        chparam=
            for pair in $params; do chparam="$chparam -chparam ${pair%=*} ${pair#*=}"; done ;;
esac

# The stream rules stay a black box here: no faults in what checks, and the simulator gets the module
# as it was written, with its assertions.
sources=
for file in $rtl; do
  case $file in *.sv) [ "$file" = rtl/bcq_stream_rules.sv ] || sources="$sources $file" ;; esac
done
{
  echo "read_verilog -sv -lib rtl/bcq_stream_rules.sv"
  echo "read_verilog -sv $sources"
  echo "hierarchy -check -top $top $chparam"
  # Arrays that Yosys made into selections become arrays again, for speed; all else as in the source.
  echo "proc; opt_expr; pmux2shiftx; opt_expr; opt_muxtree; memory_collect; opt_clean"
  echo "write_rtlil $work/base.il"
  for module in $modules; do  # twice and more what is wanted: see what draw.awk drops
    echo "mutate -list $((4 * ${module#*:} + 20)) -seed $seed -o $work/${module%:*}.drawn *${module%:*}*"
  done
} > "$work/draw.ys"
yosys -ql "$work/log" "$work/draw.ys" > "$work/out" 2>&1 || { grep ERROR "$work/out" >&2; die "$name: Yosys failed"; }

drawn=
for module in $modules; do
  [ -s "$work/${module%:*}.drawn" ] || die "$name: nothing to draw in ${module%:*}"
  drawn="$drawn want=${module#*:} module=${module%:*} $work/${module%:*}.drawn"
done
# shellcheck disable=SC2086  # the operands of awk
awk -v netlist="$name" -v apply="$work/apply" -f tb/mutate.awk "$work/base.il" $drawn > "$work/list"

{
  echo "read_rtlil $work/base.il"
  cat "$work/apply"
  echo "write_verilog -noattr $work/mutated.v"
} > "$work/apply.ys"
yosys -ql "$work/log" "$work/apply.ys" > "$work/out" 2>&1 || { grep ERROR "$work/out" >&2; die "$name: Yosys failed"; }
# Lint is for sources. A fault that mixes bits of one vector makes loops between words, not bits.
scripts/model "$out" build/models/support.o "$top" "$work/mutated.v" rtl/bcq_stream_rules.sv -- \
  -Wno-lint -Wno-style -Wno-UNOPTFLAT
for file in list apply; do mv "$work/$file" "${out%.so}.$file"; done
mv "$work/base.il" "${out%.so}.il"

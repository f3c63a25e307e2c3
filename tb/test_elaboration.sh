#!/bin/sh
# RTL: lint clean, and illegal parameters refused at elaboration by Verilator and by Yosys.
# Usage: tb/test_elaboration.sh RTL_FILES...  (from the project's root)
# shellcheck disable=SC2086  # lists of files
set -u
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

verdict() {  # what, 0 if as wanted
  if [ "$2" = 0 ]; then passed=$((passed + 1))
  else failed=$((failed + 1)); echo "FAIL elaboration: $1" >&2; head -5 "$log" >&2; fi
}

# files TOP: sets `all` to what TOP may need, `sv` to the SystemVerilog in it, `small` to a small size; every other file takes its time
# in every tool.
given=$*
files() {
  all= sv=
  # What is to be refused need not be large: elaborated by Verilator before it is.
  case $1 in *_gemm|*_accelerator) small=-GCols=4 ;; *) small= ;; esac
  for f in $given; do
    case $1:$f in
      rival_*:rtl/accelerator/*|rival_*:rtl/board/*|bcq_*:rtl/rivals/*) continue ;;
      bcq_gemm:rtl/accelerator/*|bcq_encoder:rtl/accelerator/*|bcq_gemm:rtl/board/*|bcq_encoder:rtl/board/*) continue ;;
      bcq_accelerator:rtl/board/*) continue ;;
    esac
    all="$all $f"
    case $f in *.sv) sv="$sv $f" ;; esac
  done
}

for top in bcq_gemm bcq_encoder bcq_accelerator bcq_board rival_gemm rival_encoder; do
  files $top
  verilator --lint-only -Wall --top-module $top $all > "$log" 2>&1
  verdict "lint of the default parameters of $top" $?
done

scripts/registers | cmp - docs/registers.md > "$log" 2>&1
verdict "docs/registers.md is not what make docs/registers.md writes" $?

while read -r top name value; do
  files "$top"
  verilator --lint-only -Wall --top-module "$top" $small "-G$name=$value" $all > "$log" 2>&1
  [ $? != 0 ] && grep -q 'USERERROR\|\$error' "$log"
  verdict "Verilator took $name=$value of $top" $?
  yosys -q -p "read_verilog -sv -defer $sv; hierarchy -top $top -chparam $name $value" > "$log" 2>&1
  [ $? != 0 ] && grep -q 'ERROR' "$log"
  verdict "Yosys took $name=$value of $top" $?
done <<LIST
bcq_gemm LB 1
bcq_gemm LB 16
bcq_gemm LA 8
bcq_gemm LA 48
bcq_gemm LA 256
bcq_gemm NC 3
bcq_gemm NC 32
bcq_gemm B 1
bcq_gemm B 5
bcq_gemm EW 3
bcq_gemm EW 9
bcq_gemm NDec 3
bcq_gemm T 1
bcq_gemm Decode 3
bcq_encoder LB 3
bcq_encoder LA 48
bcq_encoder NC 12
bcq_encoder B 5
bcq_encoder EW 3
bcq_encoder EncLanes 3
bcq_encoder EncLanes 16
bcq_encoder CbPerCycle 3
bcq_encoder CbPerCycle 32
bcq_accelerator WBytes 0
bcq_accelerator ABytes 2000
bcq_accelerator RBytes 48
bcq_accelerator ActWords 12
bcq_accelerator ResultWords 3
bcq_accelerator NC 3
rival_gemm Format 5
rival_gemm Lanes 64
rival_gemm LA 48
rival_gemm LA 256
rival_gemm NDec 3
rival_gemm T 1
rival_encoder Format 5
rival_encoder EncLanes 3
rival_encoder EncLanes 16
LIST

# Two that exclude each other.
while read -r top one other; do
  files "$top"
  verilator --lint-only -Wall --top-module "$top" $small "-G$one=1'b1" "-G$other=1'b1" $all > "$log" 2>&1
  [ $? != 0 ] && grep -q 'exclude each other' "$log"
  verdict "Verilator took $one and $other of $top" $?
  yosys -q -p "read_verilog -sv -defer $sv; hierarchy -top $top -chparam $one 1'b1 -chparam $other 1'b1" > "$log" 2>&1
  [ $? != 0 ] && grep -q 'exclude each other' "$log"
  verdict "Yosys took $one and $other of $top" $?
done <<LIST
bcq_encoder Frozen SharedTable
bcq_gemm Exact Deep
bcq_gemm Frozen TableMemory
bcq_gemm Decode Deep
bcq_gemm Decode TableMemory
bcq_gemm TwosComplement Deep
bcq_gemm TwosComplement TableMemory
bcq_gemm Asic Deep
bcq_gemm Asic TableMemory
LIST

# Latches where a load would meet a switch.
for top in bcq_gemm rival_gemm; do
  files $top
  verilator --lint-only -Wall --top-module $top $small "-GAsic=1'b1" -GLA=16 -GNDec=4 $all > "$log" 2>&1
  [ $? != 0 ] && grep -q 'with Asic, NDec must be at most' "$log"
  verdict "Verilator took Asic with NDec > Rows of $top" $?
  yosys -q -p "read_verilog -sv -defer $sv; hierarchy -top $top -chparam Asic 1'b1 -chparam LA 16 -chparam NDec 4" > "$log" 2>&1
  [ $? != 0 ] && grep -q 'with Asic, NDec must be at most' "$log"
  verdict "Yosys took Asic with NDec > Rows of $top" $?
done

# The sums of these formats are defined for columns of 64.
files rival_gemm
for format in 1 3 4; do
  verilator --lint-only -Wall --top-module rival_gemm $small "-GFormat=$format" -GLA=32 $all > "$log" 2>&1
  [ $? != 0 ] && grep -q "LA must be 64" "$log"
  verdict "Verilator took LA=32 of rival_gemm, format $format" $?
  yosys -q -p "read_verilog -sv -defer $sv; hierarchy -top rival_gemm -chparam Format $format -chparam LA 32" > "$log" 2>&1
  [ $? != 0 ] && grep -q "LA must be 64" "$log"
  verdict "Yosys took LA=32 of rival_gemm, format $format" $?
done

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

#!/bin/sh
# Area of the rivals' units beside BCQ's, and of what they could be made of. Usage: synth/rivals.sh CELLS_DIR
# OUT.txt   (from the project's root; CELLS_DIR holds cells.lib, gates.v and facts.txt, see synth.mk)
set -eu
cells=$1 out=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
nand2=$(awk '$1 == "nand2" { print $3 }' "$cells/facts.txt")
# Units are dissolved into what uses them; that is one module, as bcq_scale_unit is.
units='proc; setattr -mod -set keep_hierarchy 1 *; setattr -mod -unset keep_hierarchy *bcq_fp32_round* *rival_fp32* *structure_fp32*; flatten; setattr -mod -unset keep_hierarchy *; opt_clean'

# A column as it is built: cut out of the default array, its hierarchy kept.
column="select -set column *_column* *_pe* *_scale* *_acc_memory* *fp32*; delete @column %n =A:blackbox %d; hierarchy -auto-top; $units"
array="$(echo rtl/*.sv) $(echo rtl/rivals/*.sv)"

# map NAME TOP FILES PARAMS [FLATTEN]: leaves $dir/NAME.stat, or says why not
map() {
  sed "s|@DIR@|$cells|g; s|@OUT@|$dir/$1|g; s|@TOP@|$2|; s|@FILES@|$3|; s|@FLATTEN@|${5-$units}|; s|@PARAMS@|$4|" \
    synth/encoder.ys > "$dir/$1.ys"
  timeout "${SYNTH_S:-600}" yosys -q "$dir/$1.ys" > "$dir/$1.log" 2>&1 || { tail -3 "$dir/$1.log" >&2; exit 1; }
  awk '$1 ~ /^\$/ && $1 !~ /^\$paramod/ { print "rivals.sh: not mapped: " $1; bad = 1 } END { exit bad }' \
    "$dir/$1.stat" >&2
  [ ! -t 2 ] || echo "$1 mapped" >&2
}
# The number that the contract gives a format.
number() {
  awk -v name="$1" 'BEGIN { gsub(/-/, "_", name) } $1 == "FORMAT_" toupper(name) { print $2 }' cmodel/params.def
}
# Area of the last design in NAME.stat, the whole hierarchy; of module PART alone if it is given.
um2() {
  awk -v part="${2-}" '/Chip area for/ && (part == "" || / module / && !/ top / && index($0, part)) { a = $NF }
    END { if (a <= 0) exit 1; print a }' "$dir/$1.stat"
}
# Its cells of a kind, likewise: flop, clock_gate.
count() {
  awk -v kind="$1" -v part="${3-}" '$1 == kind { is_one[$2] = 1 }
    $1 == "===" { counts = part == "" || index($2, part); if (counts) n = 0 }
    counts && $1 in is_one { n += $2 } END { print n + 0 }' "$cells/facts.txt" "$dir/$2.stat"
}

heading() {
  echo "library $(awk '$1 == "library" { print $2 }' "$cells/facts.txt"), um2; GE: a NAND2 of $nand2 um2"
  echo "tools: $(yosys -V), ABC of Debian; recipe: synth/encoder.ys with synth/area.abc (A2, for area, no timing goal)"
  echo "synthesis only: no layout, no wires, no clock tree, no buffering; accumulator memories not counted"
  echo
}

# A column of 64 multipliers: 8 processing elements of 8 lanes and a scale unit with its adder, each mapped alone;
# beside their sum, the column mapped as it is built. Where a line has no scale unit, it is the column's own cells.
columns() {
  echo "A column of 64 multipliers"
  echo "             element, 8 lanes             scaling           8 of one and the other      column as it is built"
  echo "format                      um2  flops        um2  flops        um2       GE  GE/MAC        um2  GE/MAC  flops"
  while read -r name pe pe_params scale scale_params; do
    files="rtl/$pe.sv" both=$(echo "$pe_params" | sed 's/\([A-Za-z0-9]*\)=\([0-9]*\),*/-chparam \1 \2 /g')
    case $pe in rival_*) files="rtl/rivals/$pe.sv" ;; esac
    map "$name-pe" "$pe" "$files" "$both"
    case $name in
      bcq) map "$name-column" bcq_gemm "$array" '' "$column" ;;
      *)   map "$name-column" rival_gemm "$array" "-chparam Format $(number "$name")" "$column" ;;
    esac
    one=$(um2 "$name-pe") one_flops=$(count flop "$name-pe") one_gates=$(count clock_gate "$name-pe")
    whole=$(um2 "$name-column") whole_flops=$(count flop "$name-column")
    if [ "$scale" = - ]; then
      rest=$(um2 "$name-column" rival_column) rest_flops=$(count flop "$name-column" rival_column)
      rest_gates=$(count clock_gate "$name-column" rival_column)
    else
      files="rtl/$scale.sv" both=$(echo "$scale_params" | sed 's/\([A-Za-z0-9]*\)=\([0-9]*\),*/-chparam \1 \2 /g')
      case $scale in rival_*) files="rtl/bcq_fp32_round.sv rtl/rivals/rival_fp32_add.sv rtl/rivals/$scale.sv" ;; esac
      map "$name-scale" "$scale" "$files" "$both"
      rest=$(um2 "$name-scale") rest_flops=$(count flop "$name-scale") rest_gates=$(count clock_gate "$name-scale")
    fi
    gates=$(count clock_gate "$name-column")
    # The hierarchy is kept, so registers and their clock gates must be those of the parts.
    [ "$whole_flops $gates" = "$((8 * one_flops + rest_flops)) $((8 * one_gates + rest_gates))" ] ||
      { echo "rivals.sh: $name: the column's flip-flops or clock gates are not those of its parts" >&2; exit 1; }
    awk -v name="$name" -v pe="$pe" -v p="$one" -v pf="$one_flops" -v s="$rest" -v sf="$rest_flops" -v whole="$whole" \
      -v wf="$whole_flops" -v nand2="$nand2" 'BEGIN {
        all = 8 * p + s
        printf "%-10s %13s %6.0f %6d %10.0f %6d %10.0f %8.0f %7.1f %10.0f %7.1f %6d\n", name, pe, p, pf, s, sf,
          all, all / nand2, all / nand2 / 64, whole, whole / nand2 / 64, wf }'
  done <<LIST
bcq bcq_pe EW=6,PsumW=18 bcq_scale_unit PsumW=18
int8-token bcq_pe EW=8,PsumW=21 -
int8 bcq_pe EW=8,PsumW=21 rival_scale_int8 PsumW=21
vsq bcq_pe EW=4,PsumW=11 rival_scale_vsq PsumW=11
mxfp4 rival_pe_e2m1 PsumW=14 rival_scale_mxfp4 PsumW=14
nvfp4 rival_pe_e2m1 PsumW=13 rival_scale_nvfp4 PsumW=13
LIST
}

# What first trials took on IHP: a rival made worse than that would be no fair rival.
ceilings() {
  grep -q '^library sg13g2' "$cells/facts.txt" || { echo "Ceilings: none for this library"; return; }
  echo "Ceilings                                um2    ceiling"
  while read -r part ceiling what; do
    area=$(um2 "$part")
    awk -v what="$what" -v a="$area" -v ceiling="$ceiling" \
      'BEGIN { printf "%-32s %10.0f %10.0f  %s\n", what, a, ceiling, a <= ceiling ? "met" : "missed" }'
  done <<LIST
nvfp4-column 197000 column of nvfp4, as it is built
mxfp4-column 142000 column of mxfp4, as it is built
int8-pe 39200 element of int8
mxfp4-pe 13700 element of mxfp4
nvfp4-pe 13700 element of nvfp4
LIST
}

structures() {
  echo "Structures, combinational                                        um2       GE"
  while read -r name top kind what; do
    map "$name" "$top" "rtl/bcq_fp32_round.sv synth/rival_structures.sv" "-chparam Kind $kind"
    area=$(um2 "$name")
    awk -v what="$what" -v a="$area" -v nand2="$nand2" \
      'BEGIN { printf "%-60s %7.0f %8.0f\n", what, a, a / nand2 }'
  done <<LIST
e0 structure_e2m1 0 E2M1 lanes: significands, shift by sum of exponents (used)
e1 structure_e2m1 1 E2M1 lanes: shift by one-hot places
e2 structure_e2m1 2 E2M1 lanes: shift in two steps
e3 structure_e2m1 3 E2M1 lanes: sign before the shift
e4 structure_e2m1 4 E2M1 lanes: significands' product in two's complement
e5 structure_e2m1 5 E2M1 lanes: magnitudes decoded, 4 x 4 bits
e6 structure_e2m1 6 E2M1 lanes: signs counted once
e7 structure_e2m1 7 E2M1 lanes: codes 3^t 2^k, one-hot places
e8 structure_e2m1 8 E2M1 lanes: codes 3^t 2^k, shift by k + k
t0 structure_nvfp4_term 0 NVFP4 term: p * (m_a * m_w)
t1 structure_nvfp4_term 1 NVFP4 term: |p|, negated at the end
t2 structure_nvfp4_term 2 NVFP4 term: (p * m_w) * m_a (used)
t3 structure_nvfp4_term 3 NVFP4 term: Booth's rows
m0 structure_nvfp4_merge 0 NVFP4 merge: fixed point, exact (used)
m1 structure_nvfp4_merge 1 NVFP4 merge: the same, magnitude by a carry chain
m2 structure_nvfp4_merge 2 NVFP4 merge: aligned to the largest, exact
m3 structure_nvfp4_merge 3 NVFP4 merge: aligned to the largest, 32 bits: other bits
a0 structure_nvfp4_accumulate 0 NVFP4 accumulate: rounded, FP32 (used)
a1 structure_nvfp4_accumulate 1 NVFP4 accumulate: 64 bits exact: other bits
f0 structure_fp32_add 0 FP32 sum: magnitudes compared (used)
f1 structure_fp32_add 1 FP32 sum: exponents compared, ones shifted in
f2 structure_fp32_add 2 FP32 sum: exponents compared, carry chain
i0 structure_int8_product 0 INT8 product: p * (m_a * m_w)
i1 structure_int8_product 1 INT8 product: (p * m_a) * m_w
i2 structure_int8_product 2 INT8 product: Booth's rows (used)
LIST
}

{ heading; columns; echo; ceilings; echo; structures; } > "$dir/table"
mv "$dir/table" "$out"

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
units='proc; setattr -mod -set keep_hierarchy 1 *; setattr -mod -unset keep_hierarchy *rival_fp32* *structure_fp32*; flatten; setattr -mod -unset keep_hierarchy *; opt_clean'

# map NAME TOP FILES PARAMS: leaves $dir/NAME.stat, or says why not
map() {
  sed "s|@DIR@|$cells|g; s|@OUT@|$dir/$1|g; s|@TOP@|$2|; s|@FILES@|$3|; s|@FLATTEN@|$units|; s|@PARAMS@|$4|" \
    synth/encoder.ys > "$dir/$1.ys"
  timeout "${SYNTH_S:-600}" yosys -q "$dir/$1.ys" > "$dir/$1.log" 2>&1 || { tail -3 "$dir/$1.log" >&2; exit 1; }
  [ ! -t 2 ] || echo "$1 mapped" >&2
}
um2() { awk '/Chip area for/ { a = $NF } END { if (a <= 0) exit 1; print a }' "$dir/$1.stat"; }
flops() { awk '/=== / { n = 0 } /DFF|dfr|_df/ { n += $2 } END { print n + 0 }' "$dir/$1.stat"; }

heading() {
  echo "library $(awk '$1 == "library" { print $2 }' "$cells/facts.txt"), um2; GE: a NAND2 of $nand2 um2"
  echo "tools: $(yosys -V), ABC of Debian; recipe: synth/encoder.ys with synth/area.abc (A2, for area, no timing goal)"
  echo "synthesis only: no layout, no wires, no clock tree, no buffering; accumulator memories not counted"
  echo
}

# A column of 64 multipliers: 8 processing elements of 8 lanes and a scale unit with its adder.
columns() {
  echo "A column of 64 multipliers     element   flops      um2   scaling   flops      um2    column um2       GE  GE/MAC"
  while read -r name pe pe_params scale scale_params; do
    files="rtl/$pe.sv" both=$(echo "$pe_params" | sed 's/\([A-Za-z0-9]*\)=\([0-9]*\),*/-chparam \1 \2 /g')
    case $pe in rival_*) files="rtl/rivals/$pe.sv" ;; esac
    map "$name-pe" "$pe" "$files" "$both"
    files="rtl/$scale.sv" both=$(echo "$scale_params" | sed 's/\([A-Za-z0-9]*\)=\([0-9]*\),*/-chparam \1 \2 /g')
    case $scale in rival_*) files="rtl/rivals/rival_fp32_round.sv rtl/rivals/rival_fp32_add.sv rtl/rivals/$scale.sv" ;; esac
    map "$name-scale" "$scale" "$files" "$both"
    awk -v name="$name" -v pe="$pe" -v p="$(um2 "$name-pe")" -v pf="$(flops "$name-pe")" -v s="$(um2 "$name-scale")" \
      -v sf="$(flops "$name-scale")" -v nand2="$nand2" 'BEGIN {
        all = 8 * p + s
        printf "%-20s %17s %7d %8.0f %17d %8.0f %13.0f %8.0f %7.1f\n", name, pe, pf, p, sf, s, all, all / nand2, all / nand2 / 64 }'
  done <<LIST
bcq bcq_pe EW=6,PsumW=18 bcq_scale_unit PsumW=18
int8 bcq_pe EW=8,PsumW=21 rival_scale_int8 PsumW=21
vsq bcq_pe EW=4,PsumW=11 rival_scale_vsq PsumW=11
mxfp4 rival_pe_e2m1 PsumW=14 rival_scale_mxfp4 PsumW=14
nvfp4 rival_pe_e2m1 PsumW=13 rival_scale_nvfp4 PsumW=13
LIST
}

structures() {
  echo "Structures, combinational                                        um2       GE"
  while read -r name top kind what; do
    map "$name" "$top" "rtl/rivals/rival_fp32_round.sv synth/rival_structures.sv" "-chparam Kind $kind"
    awk -v what="$what" -v a="$(um2 "$name")" -v nand2="$nand2" \
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

{ heading; columns; echo; structures; } > "$dir/table"
mv "$dir/table" "$out"

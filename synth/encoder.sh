#!/bin/sh
# Area in gate equivalents, of the on-line encoder at several rates or of the structures that it could be
# made of. Usage: synth/encoder.sh rates | structures CELLS_DIR OUT.txt   (from the project's root;
# CELLS_DIR holds cells.lib, gates.v and facts.txt, see synth.mk)
set -eu
what=$1 cells=$2 out=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
nand2=$(awk '$1 == "nand2" { print $3 }' "$cells/facts.txt")
rtl=$(echo rtl/*.sv)
frozen=$(awk -v name=frozen -v unit=encoder -v before='-chparam ' -v between=' ' -f scripts/config.awk rtl/configs.def |
  grep -o -- '-chparam FrozenTable [^ ]*')

# map NAME TOP FILES FLATTEN PARAMS: leaves $dir/NAME.stat, or says why not
map() {
  sed "s|@DIR@|$cells|g; s|@OUT@|$dir/$1|g; s|@TOP@|$2|; s|@FILES@|$3|; s|@FLATTEN@|$4|; s|@PARAMS@|$5|" \
    synth/encoder.ys > "$dir/$1.ys"
  # shellcheck disable=SC2086
  timeout "${SYNTH_S:-600}" yosys -q "$dir/$1.ys" > "$dir/$1.log" 2>&1 || { tail -3 "$dir/$1.log" >&2; exit 1; }
  [ ! -t 2 ] || echo "$1 mapped" >&2
}
# Area of the last design in NAME.stat: the whole hierarchy.
ge() { awk -v nand2="$nand2" '/Chip area for/ { a = $NF } END { printf "%.0f", a / nand2 }' "$dir/$1.stat"; }
flops() { awk '/=== / { n = 0 } /DFF/ { n += $2 } END { print n + 0 }' "$dir/$1.stat"; }
# From the design as it stood before they were taken out; each buffer is there once.
memory_bits() {
  awk '$1 == "cell" { memory = $2 == "$mem_v2" } memory && $2 == "\\SIZE" { size = $3 }
       memory && $2 == "\\WIDTH" { bits += size * $3 } END { print bits + 0 }' "$dir/$1.il"
}

heading() {
  echo "bcq_encoder, library $(awk '$1 == "library" { print $2 }' "$cells/facts.txt"), gate equivalents"
  echo "tools: $(yosys -V), ABC of Debian; recipe: synth/encoder.ys with synth/area.abc (A2, for area, no timing goal)"
  echo "synthesis only: no layout, no wires; memories (the buffers of beats and scales) in bits, no area counted"
  echo
}

rates() {
  echo "Encoder, LB 8 LA 64 NC 16 B 4 EW 6: cycles a block array, and area"
  echo "ENC_LANES CB_PER_CYCLE TABLES       PERIOD      GE   FLOPS  MEMORY"
  for row in '1 1 shared' '1 4 shared' '1 16 shared' '4 1 shared' '8 1 shared' '8 16 shared' '1 4 own' \
             '1 1 frozen' '1 4 frozen' '1 16 frozen'; do
    # shellcheck disable=SC2086
    set -- $row
    params="-chparam EncLanes $1 -chparam CbPerCycle $2" flatten=
    case $3 in
      shared) params="$params -chparam SharedTable 1'b1" ;;
      # Constants do not cross a module's boundary: what they reach is dissolved.
      frozen) params="$params -chparam Frozen 1'b1 $frozen"
              flatten='proc; setattr -mod -set keep_hierarchy 1 *; setattr -mod -unset keep_hierarchy *bcq_codebooks* *bcq_block_encoder* *bcq_trial* *bcq_encoder*; flatten; setattr -mod -unset keep_hierarchy *; opt_clean' ;;
    esac
    name=$1-$2-$3
    map "$name" bcq_encoder "$rtl" "$flatten" "$params"
    printf '%9d %12d %-10s %8d %7d %7d %7d\n' "$1" "$2" "$3" $((64 / 8 / $1 * 16 / $2)) "$(ge "$name")" \
      "$(flops "$name")" "$(memory_bits "$name")"
  done
}

structures() {
  echo "Its parts                                  GE"
  while read -r name top params; do
    map "$name" "$top" "$rtl" '' "$params"
    printf '%-40s %5d\n' "$top $params" "$(ge "$name")"
  done <<LIST
scale_encode bcq_scale_encode
divisor bcq_divisor
normalise bcq_normalise
trial bcq_trial
LIST
  echo
  echo "Structures, one lane, combinational         GE"
  while read -r name top kind what; do
    params="-chparam Kind $kind"
    case $top in structure_frozen) params="$params $frozen" ;; esac
    map "$name" "$top" synth/encoder_structures.sv 'proc; opt; memory' "$params"  # tables as logic
    printf '%-40s %5d\n' "$what" "$(ge "$name")"
  done <<LIST
s0 structure_search 0 search: count 15 comparisons
s1 structure_search 1 search: pick among 15 comparisons
s2 structure_search 2 search: binary (used)
e0 structure_error 0 error: d * d, signed
e1 structure_error 1 error: |d| * |d|
e2 structure_error 2 error: table of |d|
e3 structure_error 3 error: rows of |d| (used)
e4 structure_error 4 error: v * (8 v - Y)
d0 structure_divide 0 divide: long division (used)
d1 structure_divide 1 divide: times the reciprocal
d2 structure_divide 2 divide: table
f0 structure_frozen 0 16 frozen codebooks: comparisons each (used)
f1 structure_frozen 1 16 frozen codebooks: shared comparisons
f2 structure_frozen 2 16 frozen codebooks: table of Y
m0 structure_moments 0 inexact: features of a block of 8
LIST
}

{ heading; "$what"; } > "$dir/table"
mv "$dir/table" "$out"

#!/bin/sh
# Areas of the integer formats: processing elements and VSQ's scale unit beside what they could be made of
# (synth/rival_integer_structures.sv). Usage: synth/rival_integers.sh CELLS_DIR OUT.txt
# (from the project's root; CELLS_DIR holds cells.lib, gates.v and facts.txt, see synth.mk)
set -eu
cells=$1 out=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
nand2=$(awk '$1 == "nand2" { print $3 }' "$cells/facts.txt")
structures=synth/rival_integer_structures.sv

# area TOP FILES FLATTEN PARAMS WHAT: a line of the table, the area of the whole hierarchy without memories
area() {
  files=$(echo "$2" | tr '\n' ' ')
  sed "s|@CELLS@|$cells|g; s|@OUT@|$dir/stat|; s|@FILES@|$files|; s|@TOP@|$1|; s|@PARAMS@|$4|; s|@FLATTEN@|$3|" \
    synth/variants.ys > "$dir/run.ys"
  timeout "${SYNTH_S:-600}" yosys -q "$dir/run.ys" > "$dir/log" 2>&1 || { tail -3 "$dir/log" >&2; exit 1; }
  awk -v nand2="$nand2" -v what="$5" '/Chip area for/ { a = $NF }
    END { printf "%-74s %7.0f %6.0f\n", what, a, a / nand2 }' "$dir/stat"
}

# Structures are made of small modules; what is used is not, but is treated alike.
dissolve='proc; flatten; opt_clean'
elements() {  # EW PSUM_W
  echo
  echo "Processing element, 8 lanes of $1 bits, psum of $2                              um2     GE"
  area bcq_pe rtl/bcq_pe.sv "$dissolve" "-chparam EW $1 -chparam PsumW $2" \
    'magnitudes multiplied, sign folded in, all by the tool (used)'
  while read -r kind what; do
    area structure_int_pe "$structures" "$dissolve" "-chparam Kind $kind -chparam EW $1 -chparam PsumW $2" "$what"
  done <<LIST
4 the same, products by hand
5 Booth digits of the weight, sign in the digits, sum by hand
6 one magnitude inverted by the sign, sum by the tool
2 two's complement, Baugh-Wooley, sum by the tool
3 two's complement, Baugh-Wooley, sum by hand
1 two's complement, products and sum as one expression
LIST
}

units() {
  echo
  echo "Scale unit of VSQ, 4 groups                                                    um2     GE"
  area rival_scale_vsq rtl/rivals/rival_scale_vsq.sv '' '' 'S_a*S_w | p times its Booth digits, summed | added (used)'
  while read -r kind what; do
    area structure_vsq "$structures" "$dissolve" "-chparam Kind $kind" "$what"
  done <<LIST
7 S_a*S_w | p times its Booth digits, summed with acc
1 S_a*S_w | p times that, Baugh-Wooley, summed | added
2 S_a*S_w | p times that, Baugh-Wooley, summed with acc
5 S_a, S_w | p * S_a * S_w, Baugh-Wooley, summed with acc
3 as the last but one, sum by hand
6 S_a*S_w | magnitude of p times that, sign folded in, summed with acc
0 S_a*S_w | p times that, signed expression | added
4 S_a, S_w | p*S_w | times S_a, summed with acc
LIST
}

{
  echo "Integer rivals, library $(awk '$1 == "library" { print $2 }' "$cells/facts.txt")"
  echo "tools: $(yosys -V), ABC of Debian; recipe: synth/variants.ys with synth/area.abc (A2, for area, no timing goal)"
  echo "synthesis only: no layout, no wires; | is a register"
  elements 8 21
  elements 4 11
  units
} > "$dir/table"
mv "$dir/table" "$out"

#!/bin/sh
# Areas of the array's variants: where codes are decoded, and how entries are coded and multiplied.
# Usage: synth/variants.sh CELLS_DIR OUT.txt   (from the project's root; CELLS_DIR holds cells.lib, gates.v
# and facts.txt, see synth.mk)
set -eu
cells=$1 out=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
nand2=$(awk '$1 == "nand2" { print $3 }' "$cells/facts.txt")
frozen=$(awk -v name=frozen -v unit=encoder -v before='-chparam ' -v between=' ' -f scripts/config.awk rtl/configs.def |
  sed -n "s/.*-chparam FrozenTable \([^ ]*\).*/\1/p")

# Only the files that a module needs: what else is read changes the names of cells, and with them what ABC makes.
pe=rtl/bcq_pe.sv
decode="build/gen/bcq_pkg.sv $pe rtl/bcq_decoder.sv rtl/bcq_pe_decode.sv"
columns="$decode rtl/bcq_scale_unit.sv rtl/bcq_fp32_round.sv rtl/bcq_delay.sv rtl/bcq_acc_memory.sv rtl/bcq_column.sv rtl/bcq_codebooks.sv rtl/bcq_edge.sv synth/variants.sv"
units="build/gen/bcq_pkg.sv rtl/bcq_codebooks.sv rtl/bcq_decoder.sv rtl/bcq_edge.sv $pe rtl/bcq_pe_decode.sv synth/variants.sv"
# What decodes inside an element is dissolved in it, and so are constants.
dissolve='proc; flatten; opt_clean'

# map NAME TOP FILES FLATTEN PARAMS: leaves $dir/NAME.stat if it is not there, or says why not
map() {
  [ ! -e "$dir/$1.stat" ] || return 0
  sed "s|@CELLS@|$cells|g; s|@OUT@|$dir/$1.stat|; s|@FILES@|$3|; s|@TOP@|$2|; s|@PARAMS@|$5|; s|@FLATTEN@|$4|" \
    synth/variants.ys > "$dir/$1.ys"
  timeout "${SYNTH_S:-600}" yosys -q "$dir/$1.ys" > "$dir/$1.log" 2>&1 || { tail -3 "$dir/$1.log" >&2; exit 1; }
  [ ! -t 2 ] || echo "$1 mapped" >&2
}
# Area of the whole hierarchy, in um2.
um2() { awk '/Chip area for/ { a = $NF } END { printf "%.0f", a }' "$dir/$1.stat"; }
ge() { awk -v um2="$1" -v nand2="$nand2" 'BEGIN { printf "%.0f", um2 / nand2 }'; }
# A column less its 8 elements: scale unit, constant. The rest of it is the same whatever they are.
rest() {
  map "column-$1" column "$columns" '' "-chparam EW $1"
  awk '/Chip area for (top )?module/ { a = $NF; if (/bcq_pe/) one = a } END { printf "%.0f", a - 8 * one }' "$dir/column-$1.stat"
}
# Of the last list of cells, that of the whole.
flops() { awk '/=== / { n = 0 } /DFF|_dfr/ { n += $2 } END { print n + 0 }' "$dir/$1.stat"; }

places() {
  echo "Where to decode: LA 64 (8 elements of 8 lanes a column), LB 8, NC 16, B 4, EW 6, sign-magnitude. um2"
  echo "DECODE TABLES        ELEMENT      GE   FLOPS   COLUMN   EDGE UNIT  16 COLUMNS, 10 UNITS  GE/MAC"
  rest=$(rest 6)
  while read -r place tables; do
    case $place in edge) number=0 ;; entry) number=1 ;; code) number=2 ;; esac
    table= constant=
    [ "$tables" = programmable ] || { table="-chparam Table $frozen"; constant="-chparam Frozen 1'b1 $table"; }
    element=element-$place
    case $place,$tables in
      edge,*)      map "$element" bcq_pe "$pe" '' '' ;;
      code,frozen) element=element-constant; map "$element" pe_frozen "$units" "$dissolve" "$table" ;;
      *)           map "$element" bcq_pe_decode "$decode" "$dissolve" "-chparam Decode $number" ;;
    esac
    unit=unit-$place-$tables
    case $place in
      edge) map "$unit" edge_row "$units" "$dissolve" "$constant" ;;
      *)    map "$unit" edge_codes "$units" "$dissolve" "-chparam Decode $number $constant" ;;
    esac
    flops=$(flops "$element") element=$(um2 "$element") unit=$(um2 "$unit")
    whole=$((8 * element + rest))
    all=$((16 * whole + 10 * unit))
    printf '%-6s %-12s %8d %7d %7d %8d %11d %21d %7.1f\n' "$place" "$tables" "$element" "$(ge "$element")" \
      "$flops" "$whole" "$unit" "$all" "$(awk -v a=$all -v n="$nand2" 'BEGIN { print a / n / 1024 }')"
  done <<LIST
edge programmable
entry programmable
code programmable
edge frozen
entry frozen
code frozen
LIST
  echo "element: one processing element. edge unit: what stands at the edge for one row, its register included;"
  echo "8 for activations, 2 for weights. Codebook storage, skew, deskew and control are the same in all and not here."
}

codings() {
  echo "Coding of entries: LA 64, 8 lanes, edge. um2"
  echo "CODING, PRODUCTS                      EW  ELEMENT      GE   COLUMN"
  for ew in 6 8; do
    rest=$(rest $ew)
    for twos in 0 1; do
      what='sign-magnitude, folded'
      [ $twos = 0 ] || what="two's complement, Booth (used)"
      params="-chparam EW $ew -chparam TwosComplement 1'b$twos"
      element=element-$ew-$twos
      if [ "$ew$twos" = 60 ]; then element=element-edge; fi  # mapped already
      map "$element" bcq_pe "$pe" '' "$params -chparam PsumW $((2 * ew + 6))"
      printf '%-37s %2d %8d %7d %8d\n' "$what" $ew "$(um2 "$element")" "$(ge "$(um2 "$element")")" $((8 * $(um2 "$element") + rest))
    done
    while read -r kind what; do
      yosys -q -p "read_verilog -sv synth/variants.sv; hierarchy -top structure_differs -chparam Kind $kind; proc; flatten; opt_clean; sat -verify -prove differs_o 0 -timeout 60" \
        > "$dir/log" 2>&1 || { echo "variants.sh: structure $kind is no product" >&2; exit 1; }
      map structure-$ew-$kind structure_pe synth/variants.sv "$dissolve" "-chparam Kind $kind -chparam EW $ew"
      printf '%-37s %2d %8d %7d\n' "$what" $ew "$(um2 structure-$ew-$kind)" "$(ge "$(um2 structure-$ew-$kind)")"
    done <<LIST
0 two's complement, extended products
1 two's complement, sign bit inverted
2 two's complement, Baugh-Wooley rows
3 two's complement, the same, lane sums
LIST
  done
  echo
  echo "Codebook storage of one side, 16 x 16 entries of 6 bits. um2"
  for twos in 0 1; do
    map storage-$twos bcq_codebooks "build/gen/bcq_pkg.sv rtl/bcq_codebooks.sv" '' "-chparam TwosComplement 1'b$twos"
    printf '%-37s    %8d %7d\n' "$([ $twos = 0 ] && echo 'sign-magnitude, converted' || echo "two's complement, as it comes")" \
      "$(um2 storage-$twos)" "$(ge "$(um2 storage-$twos)")"
  done
}

heading() {
  echo "library $(awk '$1 == "library" { print $2 }' "$cells/facts.txt"), GE: $nand2 um2"
  echo "tools: $(yosys -V), ABC of Debian; recipe: synth/variants.ys with synth/area.abc (A2, for area, no timing goal)"
  echo "synthesis only: no layout, no wires; accumulators are memories, no area counted"
  echo
}

{ heading; places; echo; codings; } > "$dir/table"
mv "$dir/table" "$out"

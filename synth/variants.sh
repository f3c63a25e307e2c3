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
column="$decode rtl/bcq_column.sv rtl/bcq_scale_unit.sv rtl/bcq_acc_memory.sv"
units="build/gen/bcq_pkg.sv rtl/bcq_codebooks.sv rtl/bcq_decoder.sv rtl/bcq_edge.sv $pe rtl/bcq_pe_decode.sv synth/variants.sv"
# What decodes inside an element is dissolved in it, and so are constants.
dissolve='proc; flatten; opt_clean'
elements='proc; setattr -mod -set keep_hierarchy 1 *bcq_pe_decode* *bcq_scale_unit* *bcq_acc_memory*; flatten; setattr -mod -unset keep_hierarchy *; opt_clean'

# map NAME TOP FILES FLATTEN PARAMS: leaves $dir/NAME.stat, or says why not
map() {
  sed "s|@CELLS@|$cells|g; s|@OUT@|$dir/$1.stat|; s|@FILES@|$3|; s|@TOP@|$2|; s|@PARAMS@|$5|; s|@FLATTEN@|$4|" \
    synth/variants.ys > "$dir/$1.ys"
  timeout "${SYNTH_S:-600}" yosys -q "$dir/$1.ys" > "$dir/$1.log" 2>&1 || { tail -3 "$dir/$1.log" >&2; exit 1; }
  [ ! -t 2 ] || echo "$1 mapped" >&2
}
# Area of the whole hierarchy, in um2.
um2() { awk '/Chip area for/ { a = $NF } END { printf "%.0f", a }' "$dir/$1.stat"; }
ge() { awk -v um2="$1" -v nand2="$nand2" 'BEGIN { printf "%.0f", um2 / nand2 }'; }
# Of the last list of cells, that of the whole.
flops() { awk '/=== / { n = 0 } /DFF|_dfr/ { n += $2 } END { print n + 0 }' "$dir/$1.stat"; }

places() {
  echo "Where to decode: LA 64 (8 elements of 8 lanes a column), LB 8, NC 16, B 4, EW 6, sign-magnitude. um2"
  echo "DECODE TABLES        ELEMENT      GE   FLOPS   COLUMN   EDGE UNIT  16 COLUMNS, 10 UNITS  GE/MAC"
  while read -r place tables; do
    case $place in edge) number=0 ;; entry) number=1 ;; code) number=2 ;; esac
    table= constant=
    [ "$tables" = programmable ] || { table="-chparam Table $frozen"; constant="-chparam Frozen 1'b1 $table"; }
    case $place,$tables in
      edge,*)      map element bcq_pe "$pe" '' '' ;;
      code,frozen) map element pe_frozen "$units" "$dissolve" "$table" ;;
      *)           map element bcq_pe_decode "$decode" "$dissolve" "-chparam Decode $number" ;;
    esac
    case $place,$tables in
      edge,*)      map column bcq_column "$column" '' '' ; in_column=bcq_pe ;;
      *)           map column bcq_column "$column" "$elements" "-chparam Decode $number"; in_column=bcq_pe_decode ;;
    esac
    # The tables of a column are ports: with constant ones, its elements are those mapped alone.
    whole=$(awk -v name="$in_column" -v alone="$(case $place,$tables in code,frozen) um2 element ;; esac)" '
      /Chip area for (top )?module/ { a = $NF; if (index($0, name)) one = a }
      END { printf "%.0f", alone == "" ? a : a - 8 * (one - alone) }' "$dir/column.stat")
    case $place in
      edge) map unit edge_row "$units" "$dissolve" "$constant" ;;
      *)    map unit edge_codes "$units" "$dissolve" "-chparam Decode $number $constant" ;;
    esac
    element=$(um2 element) unit=$(um2 unit) all=$((16 * whole + 10 * $(um2 unit)))
    printf '%-6s %-12s %8d %7d %7d %8d %11d %21d %7.1f\n' "$place" "$tables" "$element" "$(ge "$element")" \
      "$(flops element)" "$whole" "$unit" "$all" "$(awk -v a=$all -v n="$nand2" 'BEGIN { print a / n / 1024 }')"
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
    for twos in 0 1; do
      what='sign-magnitude, folded'
      [ $twos = 0 ] || what="two's complement, Booth (used)"
      params="-chparam EW $ew -chparam TwosComplement 1'b$twos"
      if [ "$ew$twos" = 60 ]; then params=; fi  # the defaults
      map element bcq_pe "$pe" '' "${params:+$params -chparam PsumW $((2 * ew + 6))}"
      map column bcq_column "$column" '' "$params"
      printf '%-37s %2d %8d %7d %8d\n' "$what" $ew "$(um2 element)" "$(ge "$(um2 element)")" "$(um2 column)"
    done
    while read -r kind what; do
      yosys -q -p "read_verilog -sv synth/variants.sv; hierarchy -top structure_differs -chparam Kind $kind; proc; flatten; opt_clean; sat -verify -prove differs_o 0 -timeout 60" \
        > "$dir/log" 2>&1 || { echo "variants.sh: structure $kind is no product" >&2; exit 1; }
      map element structure_pe synth/variants.sv "$dissolve" "-chparam Kind $kind -chparam EW $ew"
      printf '%-37s %2d %8d %7d\n' "$what" $ew "$(um2 element)" "$(ge "$(um2 element)")"
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
    map storage bcq_codebooks "build/gen/bcq_pkg.sv rtl/bcq_codebooks.sv" '' "-chparam TwosComplement 1'b$twos"
    printf '%-37s    %8d %7d\n' "$([ $twos = 0 ] && echo 'sign-magnitude, converted' || echo "two's complement, as it comes")" \
      "$(um2 storage)" "$(ge "$(um2 storage)")"
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

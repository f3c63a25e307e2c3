#!/bin/sh
# Area of the rivals' on-line encoders at 8 scalars a beat, and of their parts. For bcq_encoder by the same
# recipe see synth/encoder.sh. Usage: synth/rival_encoders.sh encoders | parts CELLS_DIR OUT.txt   (from the
# project's root; CELLS_DIR holds cells.lib, gates.v and facts.txt, see synth.mk)
set -eu
what=$1 cells=$2 out=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
nand2=$(awk '$1 == "nand2" { print $3 }' "$cells/facts.txt")
rtl="$(echo rtl/*.sv) $(echo rtl/rivals/*.sv)"
# A constant does not cross a module's boundary: where mxfp4 divides by a power of two modules are dissolved.
flatten='proc; flatten; opt_clean'

number() { awk -v name="FORMAT_$1" '$1 == name { print $2 }' cmodel/params.def; }
# map NAME TOP FILES FLATTEN PARAMS: leaves $dir/NAME.stat, or says why not
map() {
  sed "s|@DIR@|$cells|g; s|@OUT@|$dir/$1|g; s|@TOP@|$2|; s|@FILES@|$3|; s|@FLATTEN@|$4|; s|@PARAMS@|$5|" \
    synth/encoder.ys > "$dir/$1.ys"
  timeout "${SYNTH_S:-600}" yosys -q "$dir/$1.ys" > "$dir/$1.log" 2>&1 || { tail -3 "$dir/$1.log" >&2; exit 1; }
  [ ! -t 2 ] || echo "$1 mapped" >&2
}
# Area of the last design in NAME.stat, the whole hierarchy: um2 and gate equivalents.
area() { awk -v nand2="$nand2" '/Chip area for/ { a = $NF } END { printf "%9.0f %7.0f", a, a / nand2 }' "$dir/$1.stat"; }
flops() {
  awk '$1 == "flop" { is_flop[$2] = 1 } /=== / { n = 0 } $1 in is_flop { n += $2 } END { print n + 0 }' "$cells/facts.txt" "$dir/$1.stat"
}
# From the design as it stood before they were taken out; each buffer is there once.
memory_bits() {
  awk '$1 == "cell" { memory = $2 == "$mem_v2" } memory && $2 == "\\SIZE" { size = $3 }
       memory && $2 == "\\WIDTH" { bits += size * $3 } END { print bits + 0 }' "$dir/$1.il"
}

heading() {
  echo "On-line encoders, library $(awk '$1 == "library" { print $2 }' "$cells/facts.txt"), $(awk '$1 == "clock_gate" \
    { g = "clock gates " $2 } END { print g ? g : "no clock-gate cell: enable multiplexers" }' "$cells/facts.txt")"
  echo "tools: $(yosys -V), ABC of Debian; recipe: synth/encoder.ys with synth/area.abc (A2, for area, no timing goal)"
  echo "synthesis only: no layout, no wires; memories (the buffers) in bits, no area counted"
  echo
}

encoders() {
  echo "8 scalars a beat; cycles a block array of 64"
  echo "encoder            cycles       um2      GE   flops  memory"
  while read -r name top params; do
    case $name in mxfp4*) modules=$flatten ;; *) modules= ;; esac
    map "$name" "$top" "$rtl" "$modules" "$params"
    printf '%-18s %6d %s %7d %7d\n' "$name" 8 "$(area "$name")" "$(flops "$name")" "$(memory_bits "$name")"
  done <<LIST
int8-token rival_encoder -chparam Format $(number INT8_TOKEN)
int8 rival_encoder -chparam Format $(number INT8)
vsq rival_encoder -chparam Format $(number VSQ)
mxfp4 rival_encoder -chparam Format $(number MXFP4)
mxfp4:round=even rival_encoder -chparam Format $(number MXFP4) -chparam RoundEven 1'b1
nvfp4 rival_encoder -chparam Format $(number NVFP4)
LIST
}

parts() {
  echo "Parts, combinational                                um2      GE"
  while read -r name top files params; do
    case $files in rtl) files=$rtl ;; other) files="$rtl synth/rival_encoder_structures.sv" ;; esac
    case $name in *mxfp4*) modules=$flatten ;; *) modules= ;; esac
    map "$name" "$top" "$files" "$modules" "$params"
    printf '%-42s %s\n' "$(echo "$name" | tr _ ' ')" "$(area "$name")"
  done <<LIST
scale_of_int8 rival_scale rtl -chparam Format $(number INT8)
scale_of_vsq rival_scale rtl -chparam Format $(number VSQ)
scale_of_mxfp4 rival_scale rtl -chparam Format $(number MXFP4)
scale_of_nvfp4 rival_scale rtl -chparam Format $(number NVFP4)
8_scalars_of_int8 rival_quantise rtl -chparam Format $(number INT8)
8_scalars_of_vsq rival_quantise rtl -chparam Format $(number VSQ)
8_scalars_of_mxfp4 rival_quantise rtl -chparam Format $(number MXFP4)
8_scalars_of_mxfp4,_ties_to_even rival_quantise rtl -chparam Format $(number MXFP4) -chparam RoundEven 1'b1
8_scalars_of_nvfp4 rival_quantise rtl -chparam Format $(number NVFP4)
8_scalars_of_int8,_shifted_before_division rival_encoder_structures other -chparam Format $(number INT8)
8_scalars_of_vsq,_long_division_each rival_encoder_structures other -chparam Format $(number VSQ)
8_scalars_of_mxfp4,_7_comparisons rival_encoder_structures other -chparam Format $(number MXFP4)
8_scalars_of_nvfp4,_7_comparisons rival_encoder_structures other -chparam Format $(number NVFP4)
LIST
}

{ heading; "$what"; } > "$dir/table"
mv "$dir/table" "$out"

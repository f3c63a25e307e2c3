#!/bin/sh
# A cell library made ready for synthesis. Usage: synth/cells.sh LIBERTY... DIR   (from the project's root)
# LIBERTY: files, gzip accepted, or a folder of them (RM_*: memory macros, of which only those of two ports count).
# Several are merged into one: the first one's header, the templates of all, their cells. DIR gets what
# synth/library.awk makes: cells.lib, gates.v, gate_model.v, facts.txt; it is complete, or left as it was.
set -eu
die() { echo "synth/cells.sh: $*" >&2; exit 2; }
[ $# -ge 2 ] || die "wanted LIBERTY... DIR"
dir="" macros=""  # macros and files: one a line, as paths may hold blanks
for arg in "$@"; do last=$arg; done
files=
while [ $# -gt 1 ]; do
  if [ -d "$1" ]; then
    found=
    for f in "$1"/*.lib "$1"/*.lib.gz; do
      case ${f##*/} in RM_*) continue ;; esac
      if [ -f "$f" ]; then files="$files
$f" found=1; fi
    done
    [ -n "$found" ] || die "$1: wanted *.lib or *.lib.gz in it, got none"
  elif [ -r "$1" ]; then
    files="$files
$1"
  else
    die "$1: wanted a liberty file, got none"
  fi
  case $1 in *sg13g2*)
    here=$1
    [ -d "$here" ] || here=$(dirname "$here")
    for f in "$here"/RM_*_2P_*.lib; do
      if [ -f "$f" ]; then macros="$macros
$f"; fi
    done ;;
  esac
  shift
done
dir=$last
mkdir -p "$(dirname "$dir")"
new=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 130' INT TERM

echo "$files" | { while read -r f; do [ -z "$f" ] || { printf '\f%s\n' "$f"; gzip -cdf < "$f"; echo; }; done; } > "$new/all" ||
  die "wanted liberty files, got what gzip cannot read"
awk -f synth/merge.awk "$new/all" > "$new/one.lib" || exit 2
rm "$new/all"
awk -v facts="$new/facts.txt" -v gates="$new/gates.v" -v model="$new/gate_model.v" -v clocks=synth/clocks.def \
  -f synth/library.awk synth/dont_use.txt "$new/one.lib" > "$new/cells.lib" || exit 2
rm "$new/one.lib"
# Memory macros beside the library: two ports, IHP's names. WORDS, BITS, area, the longest time from clock to read data.
echo "$macros" | while read -r f; do
  [ -n "$f" ] || continue
  awk -v file="${f##*/}" '
    /^cell[ ]*\(/ { name = $0; gsub(/^cell[ ]*\(|\).*/, "", name) }
    /^area[ ]*:/ { area = $0; gsub(/[^0-9.]/, "", area) }
    /timing_type[ ]*:[ ]*"?rising_edge/ { read = 1 }
    /(setup|hold)_rising/ { read = 0 }
    /cell_(rise|fall)/ { table = read }
    /_transition/ { table = 0 }
    table && !/index/ { n = split($0, v, /[^0-9.]+/); for (i = 1; i <= n; i++) if (v[i] + 0 > most) most = v[i] + 0 }
    END { split(file, part, "_"); for (i in part) if (part[i] ~ /^[0-9]+x[0-9]+$/) split(part[i], size, "x")
      if (!area || !size[2] || !most) { printf "synth/cells.sh: %s: wanted a memory with area and timing, got none\n", file > "/dev/stderr"; exit 2 }
      print "macro", name, size[1], size[2], area, most }' "$f" >> "$new/facts.txt" || exit 2
done
mkdir -p "$dir"
for f in cells.lib gates.v gate_model.v facts.txt; do mv "$new/$f" "$dir/$f"; done

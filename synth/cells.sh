#!/bin/sh
# A cell library made ready for synthesis. Usage: synth/cells.sh LIBERTY... DIR   (from the project's root)
# LIBERTY: files, gzip accepted, or a folder of them (RM_*: memory macros, not read). Several are merged into
# one: the first one's header, the templates of all, their cells. DIR gets what synth/library.awk makes:
# cells.lib, gates.v, gate_model.v, facts.txt; it is complete, or left as it was.
set -eu
die() { echo "synth/cells.sh: $*" >&2; exit 2; }
[ $# -ge 2 ] || die "wanted LIBERTY... DIR"
dir=
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
mkdir -p "$dir"
for f in cells.lib gates.v gate_model.v facts.txt; do mv "$new/$f" "$dir/$f"; done

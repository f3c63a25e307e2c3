#!/bin/sh
# test_explore_plots.sh: the pictures of scripts/explore_plots: points drawn, rivals named, files refused. The last line is
# "N passed, N failed".
tb=$(dirname "$(realpath "$0")")
plots=$tb/../scripts/explore_plots
dir=$(mktemp -d) || exit 2
cd "$dir" || exit 2
trap 'cd /; rm -rf "$dir"' EXIT
trap 'exit 2' INT TERM
LC_ALL=C
export LC_ALL
unset LIBRARY WORKLOAD
command -v gnuplot > tool || { echo 'test_explore_plots.sh: wanted gnuplot (scripts/setup test), got none' >&2; exit 2; }

passed=0 failed=0
check() {
  name=$1
  shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: $name"; fi
}
refused() {
  message=$1
  shift
  rm -rf new
  mkdir new
  "$plots" "$@" > out 2> err < /dev/null
  status=$?
  # shellcheck disable=SC2254  # a pattern
  case $(cat err) in "explore_plots: "$message) like=1 ;; *) like=0 ;; esac
  if [ $status = 2 ] && [ $like = 1 ] && [ ! -s out ] && [ -z "$(ls -A new)" ]
  then passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAIL: %s\n  wanted 2: %s\n  got    %s: %s\n' "$*" "$message" $status "$(cat err)"
  fi
}
# marks FILE NUMBER: how many points of gnuplot's type NUMBER, less the one of the key.
marks() { echo $(($(grep -c "href='#gpPt$2' *transform" "$1") - 1)); }
whole() { head -1 "$1" | grep -q '^<?xml' && tail -2 "$1" | grep -q '</svg>'; }
# bcq of all kinds, and rivals, with both columns; no quoted field holds a comma but the first.
count() { sed 's/^"[^"]*\(""[^"]*\)*"/odd/' points.csv | awk -F , -v x="$1" -v y="$2" -v kind="$3" '
  NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
  $at[x] != "" && $at[y] != "" && kind == ($at["format"] != "bcq" ? "rival" : $at["tables"] == "frozen" ? "frozen" : "bcq") { n++ }
  END { print n + 0 }'; }

awk -v seed=1 -v json=points.json -v csv=points.csv -f "$tb/page_points.awk" || exit 2
mkdir svg
"$plots" points.csv svg > out 2> err
check 'drawn' [ $? = 0 ]
check 'quiet' [ ! -s out ]
check 'no message' [ ! -s err ]
check 'three pictures and nothing else' [ "$(cd svg && echo .[!.]* *)" = ".[!.]* explore-area.svg explore-energy.svg explore-latency.svg" ]
# gnuplot's points of types 7, 6, 5 are gpPt6, gpPt5, gpPt4 in its SVG.
for p in 'area ge_per_mac nmse' 'energy pj_per_mac nmse' 'latency ge_per_mac latency_prefill'; do
  # shellcheck disable=SC2086  # three words
  set -- $p
  f=svg/explore-$1.svg
  if [ "$1" = latency ]; then set -- "$1" "$2" "$(head -1 points.csv | tr , '\n' | grep -m 1 '^latency_')"; fi
  check "$1: whole" whole "$f"
  check "$1: points of bcq" [ "$(marks "$f" 6)" = "$(count "$2" "$3" bcq)" ]
  check "$1: of frozen ones" [ "$(marks "$f" 5)" = "$(count "$2" "$3" frozen)" ]
  check "$1: of rivals" [ "$(marks "$f" 4)" = "$(count "$2" "$3" rival)" ]
  check "$1: on white" grep -qi "fill *= *['\"]#ffffff['\"]\|fill: *#ffffff" "$f"
  for r in int8 int8-token vsq mxfp4 nvfp4; do check "$1: $r named" grep -q ">$r<" "$f"; done
  missing=$(($(sed 1d points.csv | wc -l) - $(count "$2" "$3" bcq) - $(count "$2" "$3" frozen) - $(count "$2" "$3" rival)))
  if [ $missing = 0 ]; then check "$1: none missing" sh -c "! grep -q ' lack ' $f"
  else check "$1: $missing missing, and said" grep -q "; $missing lack $2 or $3" "$f"; fi
done
WORKLOAD=prefill "$plots" points.csv svg && WORKLOAD=decode "$plots" points.csv svg
check 'another workload' grep -q 'Latency of decode against area' svg/explore-latency.svg

# Columns that are not there, and points of several libraries.
mkdir less two
sed '$d' points.csv | cut -d , -f 1,2 > names.csv
printf 'name,format,library,ge_per_mac,nmse\na,bcq,x,1,0.5\nb,int8,y,2,0.25\n"c, ""d""",nvfp4,x,3,1e-3\n' > few.csv
"$plots" few.csv less 2> err
check 'what cannot be drawn is said' [ "$(grep -c 'not made$' err)" = 2 ]
check 'and not drawn' [ "$(ls -A less)" = explore-area.svg ]
check 'another library left out' grep -q '1 points of other libraries than x left out' err
check 'quotes' grep -q '>c, ?d?<' less/explore-area.svg
LIBRARY=y "$plots" few.csv two 2> err
check 'the other library' [ "$(marks two/explore-area.svg 4) $(marks two/explore-area.svg 6)" = '1 0' ]

refused 'command line: wanted POINTS.csv \[FOLDER], got 0 arguments'
refused 'absent.csv: wanted a file to read, got none' absent.csv new
refused 'absent: wanted a folder, got none' points.csv absent
: > empty.csv;                                 refused 'empty.csv: wanted a line of columns*got none' empty.csv new
head -1 points.csv > head.csv;                 refused 'head.csv: wanted a line of columns*got none' head.csv new
echo 'hello' > text.csv;                       refused 'text.csv: line 1: wanted columns name and format, got "hello"' text.csv new
printf 'name,format,nmse\na,bcq\n' > short.csv; refused 'short.csv: line 2: wanted 3 fields, got another number' short.csv new
printf 'name,format\n"a,bcq\n' > quote.csv;    refused 'quote.csv: line 2: wanted 2 fields, got another number' quote.csv new
refused 'names.csv: *wanted points with an area, energy or latency, got none' names.csv new
LIBRARY=z; export LIBRARY;                     refused 'few.csv: wanted points of library z, got none' few.csv new

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

#!/bin/sh
# Every parser under libFuzzer (tb/fuzz.c): all files of tb/corpus/PARSER and those of tb/refuse that
# belong to it are read, then mutations of them as long as asked for. A case is a file, or the
# mutations of a parser. What is found stays beside FUZZ.
# Usage: tb/test_fuzz.sh [-seed N] -seconds N | -runs N  [FUZZ]       without FUZZ: skipped
set -u
cd "$(dirname "$0")/.." || exit 2
seed=1 limit='' runs=1
while [ $# -gt 1 ]; do
  case $1 in
    -seed) seed=$2 ;;
    -seconds) limit=-max_total_time=$2 ;;
    -runs) limit=-runs=$2 runs=$2 ;;
    *) break ;;
  esac
  shift 2
done
parsers='npy safetensors llama2c codebooks bcq'
echo "seed $seed"
if [ $# = 0 ]; then
  echo "5 skipped: no clang with libFuzzer (scripts/setup test installs it)"
  echo "0 passed, 0 failed"
  exit 0
fi
if [ $# != 1 ] || [ -z "$limit" ] || [ ! -x "$1" ]; then
  echo "test_fuzz.sh: wanted -seconds N or -runs N, and a program, got: $*" >&2
  exit 2
fi
fuzz=$1 found=$(dirname "$1")

# The inputs are files: in memory, where there is such a file system.
dir=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
# Old sanitizers do not start under every layout of addresses that new kernels draw.
steady=
if setarch -R true 2>/dev/null; then steady='setarch -R'; fi

# A hang is 20 s for what takes some microseconds; the library's own output goes nowhere.
run() {  # PARSER ARGUMENT...
  parser=$1
  shift
  TMPDIR=$dir BCQ_FUZZ=$parser $steady "$fuzz" -timeout=20 -close_fd_mask=3 "$@" > "$dir/log" 2>&1 \
    < /dev/null
}
fail() {  # PARSER WHAT
  failed=$((failed + 1))
  echo "FAIL $1: $2"
  grep -E '^fuzz:|ERROR|SUMMARY|runtime error|^ *#[0-9]+ .* in .*(sw|cmodel)/' "$dir/log" | head -6
}
count() { sed -n "s/^fuzz: $1: .*[:,] \([0-9]*\) $2.*/\1/p" "$dir/log"; }

passed=0 failed=0
for parser in $parsers; do
  case $parser in
    llama2c) ending=bin room=1024 ;;
    codebooks) ending=cb.txt room=2048 ;;  # a line may have 1023 bytes
    *) ending=$parser room=1024 ;;
  esac
  replayed=0
  set --
  for file in tb/corpus/"$parser"/* tb/refuse/*."$ending"; do
    if [ -f "$file" ]; then set -- "$@" "$file"; fi
  done
  [ $# -gt 0 ] || fail "$parser" 'no file to replay'
  # All in one process; after a failure each in its own, to tell which.
  if [ $# -gt 0 ] && run "$parser" "$@" && [ "$(grep -c '^Executed ' "$dir/log")" = $# ]; then
    replayed=$#
  else
    for file in "$@"; do
      if run "$parser" "$file" && grep -q '^Executed ' "$dir/log"; then
        replayed=$((replayed + 1))
      else
        fail "$parser" "$file (BCQ_FUZZ=$parser $fuzz $file)"
      fi
    done
  fi
  passed=$((passed + replayed))

  mkdir -p "$dir/$parser"
  if run "$parser" "-seed=$seed" "$limit" "-max_len=$room" -dict=tb/fuzz.dict \
      -artifact_prefix="$found/found-$parser-" "$dir/$parser" "tb/corpus/$parser" tb/refuse; then
    mutations=$(sed -n 's/^Done \([0-9]*\) runs in .*/\1/p' "$dir/log")
    seconds=$(sed -n 's/^Done .* runs in \([0-9]*\) second.*/\1/p' "$dir/log")
    coverage=$(sed -n 's/.*DONE *cov: \([0-9]*\) .*/\1/p' "$dir/log")
    opened=$(count "$parser" opened) converted=$(count "$parser" converted)
    echo "$parser: $replayed files; ${mutations:-0} mutations in ${seconds:-?} s, ${opened:-0} opened," \
      "${converted:-0} converted, ${coverage:-?} edges"
    sed -n "s/^fuzz: $parser: memory/  memory/p" "$dir/log"
    # A run that refused everything has not tested what comes behind.
    if [ "${mutations:-0}" -ge "$runs" ] && [ "${opened:-0}" -gt 0 ] \
        && [ "${converted:-0}" -gt 0 ]; then
      passed=$((passed + 1))
    else
      fail "$parser" "wanted $runs mutations, and some that are opened and converted"
    fi
  else
    fail "$parser" 'mutations'
    sed -n "s|.*Test unit written to \(.*\)|  BCQ_FUZZ=$parser $fuzz \1|p" "$dir/log"
  fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

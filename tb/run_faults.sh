#!/bin/bash
# Do the default tests bite? Every line of tb/faults.txt is a fault made by hand in the RTL; each is
# planted alone in a copy of the tree, and the test program that `make test` runs must fail.
# Usage: tb/run_faults.sh [NAME...]  (from the project's root; default: all). FAULT_JOBS: how many at
# a time (2). Caught: the program reports a failure, with which it is stopped, or the model does not build
# (then lint caught it first). A program that reports none and runs for LIMIT seconds has not caught it.
set -u
LIMIT=150
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
jobs=${FAULT_JOBS:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

die() { echo "run_faults: $*" >&2; exit 1; }

make -s build/test_array build/test_scale_unit build/test_accelerator build/test_rivals build/test_rival_encoder build/models/support.o build/gen/bcq_pkg.sv \
  build/gen/bcq_reg_pkg.sv || exit 1
base=$work/base
mkdir -p "$base/build/models"
cp -a Makefile rtl tb scripts cmodel synth "$base/" || exit 1
cp -a build/gen build/test_array build/test_scale_unit build/test_accelerator build/test_rivals build/test_rival_encoder "$base/build/" || exit 1
cp -a build/models/support.o "$base/build/models/" || exit 1

# A model made for one second of simulation: scripts/model as it is, but compiled with less effort.
cat > "$work/verilated_cxx" <<'CXX' || exit 1
#!/bin/sh
include=$(verilator --getenv VERILATOR_ROOT)/include
case " $* " in *" -O0 "*) level=-O0 ;; *) level=-O1 ;; esac
exec g++ -std=c++17 -fPIC -I"$include" -I"$include/vltstd" "$@" $level
CXX
chmod +x "$work/verilated_cxx"
touch -r scripts/verilated_cxx "$work/verilated_cxx"  # or make would build support.o with it
cp -a "$work/verilated_cxx" "$base/scripts/verilated_cxx"

# The program that the default tests run on this target, fewer random tiles and triples than theirs.
command_of() {  # target
  case $1 in
    # The classes that must occur are those of the fp32 unit: a good one comes first, as by default.
    *_exact)      echo "./build/test_scale_unit -triples 2000000 $base/build/models/scale_unit_18.so build/models/$1.so" ;;
    scale_unit_*) echo "./build/test_scale_unit -triples 1000000 build/models/$1.so" ;;
    *.accelerator) echo "./build/test_accelerator ${1%.accelerator}" ;;
    *.rival_encoder) echo "./build/test_rival_encoder ${1%.rival_encoder}" ;;
    *.rival)      echo "./build/test_rivals -tiles 100 ${1%.rival}" ;;
    *)            echo "./build/test_array -tiles 100 $1" ;;
  esac
}

# Builds and tests the tree in folder $1 for target $2. Prints what failed; status 0 if nothing did, 1
# if the build failed, 2 if a test failed, 3 if it ran too long without a failure.
try() {  # folder, target
  local status tester report='FAIL|%Error|%Warning|Assertion|error:'
  cd "$1" || exit 1
  if ! make -s MODEL_JOBS=1 "build/models/$2.so" > log 2>&1; then
    grep -E -m1 "$report" log
    return 1
  fi
  timeout $LIMIT sh -c "exec $(command_of "$2")" > log 2>&1 &
  tester=$!
  while kill -0 "$tester" 2> /dev/null; do
    if grep -q '^FAIL' log; then kill "$tester" 2> /dev/null; break; fi
    sleep 0.2
  done
  wait "$tester" 2> /dev/null
  status=$?
  [ $status = 0 ] && return 0
  grep -E -m1 "$report" log || tail -1 log
  if [ $status = 124 ] && ! grep -q FAIL log; then return 3; fi
  return 2
}

changed_lines() { diff "$1" "$2" | awk '/^</ { old++ } /^>/ { new++ } END { print old + 0, new + 0 }'; }

one() {  # name, target, file, sed expression
  local start=$SECONDS dir=$work/$1 what verdict
  cp -a "$base" "$dir"
  rm -f "$dir"/build/models/*.so
  sed -i -e "$4" "$dir/$3"
  what=$(try "$dir" "$2")
  case $? in
    0) verdict=SURVIVED ;;
    1) verdict=build ;;
    2) verdict=test ;;
    *) verdict="TOO LONG" ;;
  esac
  what=$(echo "$what" | sed -e 's/ seed=[0-9]*//' -e 's/^FAIL //' -e "s|$work/||g" | cut -c1-76)
  printf '%-20s %-20s %-19s %-8s %3d s  %s\n' "$1" "${3#rtl/}" "$2" "$verdict" $((SECONDS - start)) \
    "$what"
  echo "$verdict" > "$work/$1.verdict"
  rm -rf "$dir"
}

trim() { local s=${1#"${1%%[![:space:]]*}"}; echo "${s%"${s##*[![:space:]]}"}"; }

# ---- Read and check the list before anything is built ---------------------------------------------------

names=() targets=() files=() seds=()
line=0
while IFS='|' read -r name target file sed_ meaning rest; do
  line=$((line + 1))
  case $name in ''|'#'*) continue ;; esac
  name=$(trim "$name") target=$(trim "$target") file=$(trim "$file") sed_=$(trim "$sed_")
  [ -n "$meaning" ] && [ -z "$rest" ] || die "tb/faults.txt:$line: wanted five fields"
  [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
  [[ " ${names[*]} " != *" $name "* ]] || die "tb/faults.txt:$line: $name is there twice"
  [ -f "$base/$file" ] || die "tb/faults.txt:$line: no file $file"
  sed -e "$sed_" "$base/$file" > "$work/changed" || die "tb/faults.txt:$line: $name: bad expression"
  counts=$(changed_lines "$base/$file" "$work/changed")
  [ "$counts" = "1 1" ] || die "tb/faults.txt:$line: $name: wanted one line changed, got $counts"
  names+=("$name") targets+=("$target") files+=("$file") seds+=("$sed_")
done < tb/faults.txt
[ ${#names[@]} -gt 0 ] || die "no fault of that name"

# ---- Control: the tree as it is passes on every target that is used ---------------------------------------

[[ " ${targets[*]} " != *_exact* ]] || make -s -C "$base" MODEL_JOBS=2 build/models/scale_unit_18.so || exit 1
for target in $(printf '%s\n' "${targets[@]}" | sort -u); do
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
  (
    cp -a "$base" "$work/control.$target"
    what=$(try "$work/control.$target" "$target") && : > "$work/$target.good"
    printf '%-20s %-20s %-19s %s\n' control - "$target" "${what:-passes}"
  ) &
done
wait
for target in "${targets[@]}"; do
  [ -e "$work/$target.good" ] || die "the unmodified tree fails on $target: nothing below would mean anything"
done
rm -rf "$work"/control.*

# ---- The faults ---------------------------------------------------------------------------------------------

for i in "${!names[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
  one "${names[i]}" "${targets[i]}" "${files[i]}" "${seds[i]}" &
done
wait

passed=0 built=0 failed=0
for name in "${names[@]}"; do
  case $(cat "$work/$name.verdict") in
    test)  passed=$((passed + 1)) ;;
    build) passed=$((passed + 1)) built=$((built + 1)) ;;
    *)     failed=$((failed + 1)) ;;
  esac
done
echo "caught by a test $((passed - built)), by lint or elaboration when the model is built $built, in $SECONDS s"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

#!/bin/sh
# What others build from: the file lists name every file, FuseSoC's generator makes the packages that `make`
# makes, and the boards' tops elaborate. Usage: tb/test_ip.sh BOARD_SCRIPT... (build/fpga/BOARD/synth.ys)
set -u
cd "$(dirname "$0")/.." || exit 2
log=$(mktemp -d) || exit 2
trap 'rm -rf "$log"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0
verdict() {  # name, status of what was tried
  if [ "$2" = 0 ]; then passed=$((passed + 1)); return; fi
  failed=$((failed + 1))
  echo "FAIL $1" >&2
  tail -5 "$log/out" >&2
}

printf '%s\n' rtl/*.sv rtl/accelerator/*.sv > "$log/files"
sed -n 's/^      - \(.*\.sv\)$/\1/p' bcq.core > "$log/core"
diff "$log/files" "$log/core" > "$log/out" 2>&1
verdict 'bcq.core lists rtl/' $?
grep '^rtl/.*\.sv$' rtl/bcq.f > "$log/list"
diff "$log/files" "$log/list" > "$log/out" 2>&1
verdict 'rtl/bcq.f lists rtl/' $?

# What FuseSoC would hand to the generator.
printf 'files_root: %s\nvlnv: ::bcq-packages:1.0.0\n' "$PWD" > "$log/input.yml"
(cd "$log" && "$OLDPWD/scripts/fusesoc_packages" input.yml) > "$log/out" 2>&1 &&
  cmp "$log/bcq_pkg.sv" build/gen/bcq_pkg.sv > "$log/out" 2>&1 &&
  cmp "$log/bcq_reg_pkg.sv" build/gen/bcq_reg_pkg.sv > "$log/out" 2>&1
verdict 'packages of FuseSoC and of make' $?

for script in "$@"; do
  { sed '/^hierarchy/q' "$script"; echo proc; echo check -assert; } > "$log/elaborate.ys"
  timeout 120 yosys -q "$log/elaborate.ys" > "$log/out" 2>&1
  verdict "$script elaborates" $?
done

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

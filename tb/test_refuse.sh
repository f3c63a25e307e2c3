#!/bin/sh
# The committed files of tb/refuse are those that their generator makes. Usage: test_refuse.sh MAKE_REFUSE
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$1" "$dir" && diff -r "$dir" "$(dirname "$0")/refuse" && echo "1 passed, 0 failed" && exit 0
echo "0 passed, 1 failed"
exit 1

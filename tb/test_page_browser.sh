#!/bin/sh
# test_page_browser.sh FILL_PAGE: the explorer's page in headless Chromium, opened from disk: nothing loaded, no errors,
# points drawn = rows of the CSV, sorting, filter, hover, detail, keys, dark and light, 400 pixels; and that this test sees
# faults put into the page. FILL_PAGE is tb/fill_page.c. The last line is "N passed, N failed".
if [ $# != 1 ] || [ ! -x "$1" ]; then echo "test_page_browser.sh: wanted fill_page, got \"$*\"" >&2; exit 2; fi
fill=$(realpath "$1")
tb=$(dirname "$(realpath "$0")")
template=$tb/../sw/explore/page.html
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
  echo '1 skipped: no chromium (Debian: apt-get install chromium)'
  echo '0 passed, 0 failed'
  exit 0
}
dir=$(mktemp -d) || exit 2
cd "$dir" || exit 2
trap 'cd /; rm -rf "$dir"' EXIT
trap 'exit 2' INT TERM
LC_ALL=C HOME=$dir
export LC_ALL HOME
sandbox=
[ "$(id -u)" != 0 ] || sandbox=--no-sandbox  # Chromium as root asks for it

passed=0 failed=0
# Page $1 in Chromium until its test has said "end", a minute at most: in real time, for without frames plots take no size.
# What it says goes to PAGE.log, its requests to PAGE.net. No name is resolved: nobody is called, whoever asks.
run() {
  page=$1
  shift
  : > "$page.log"
  # shellcheck disable=SC2086  # an option or none
  timeout 120 "$browser" --headless $sandbox --disable-gpu --user-data-dir="$dir/profile" --no-first-run \
    --disable-background-networking --disable-component-update --disable-default-apps --disable-extensions --disable-sync \
    --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr --v=0 --log-net-log="$dir/$page.net" \
    --window-size=1300,1000 "$@" "file://$dir/$page" > "$page.log" 2>&1 &
  pid=$!
  for _ in $(seq 600); do
    if grep -q '"RESULT end"' "$page.log" || ! kill -0 $pid 2> /dev/null; then break; fi
    sleep 0.1
  done
  kill $pid 2> /dev/null
  wait $pid 2> /dev/null
}
# What the CSV has, for test_page.js: $1 the CSV, $2 true if the browser prefers dark, $3 true to click through it all.
wanted() {
  awk -v dark="$2" -v full="$3" '
    # A line with quotes in it to fields f[1...]
    function split_csv(s, f,   n, m) {
      for (n = 0; s != "" || n == 0 || more; ) {
        more = 0
        if (match(s, /^"([^"]|"")*"/)) { f[++n] = substr(s, 2, RLENGTH - 2); gsub(/""/, "\"", f[n]); s = substr(s, RLENGTH + 1) }
        else { m = index(s ",", ","); f[++n] = substr(s, 1, m - 1); s = substr(s, m) }
        if (s ~ /^,/) { more = 1; s = substr(s, 2) } else break
      }
      return n
    }
    function get(r, key) { return (key in at) ? cell[r, at[key]] : "" }
    function both(x, y,   r, n) { for (r = 0; r < rows; r++) n += get(r, x) != "" && get(r, y) != ""; return n + 0 }
    # Rows by a key; what lacks it is left out. Of equals the first comes first.
    function order(key, sign,   r, i, n, o, s) {
      for (r = 0; r < rows; r++) if (get(r, key) != "") {
        for (i = n++; i > 0 && sign * get(o[i - 1], key) > sign * get(r, key); i--) o[i] = o[i - 1]
        o[i] = r
      }
      for (i = 0; i < n; i++) s = s (i ? "," : "") o[i]
      return "[" s "]"
    }
    function rest(test,   r, s, yes) {
      for (r = 0; r < rows; r++) {
        yes = test == 1 ? get(r, "nc") == 8 \
          : test == 2 ? get(r, "nc") != "" && get(r, "nc") >= 4 && get(r, "ge_per_mac") < 560.5 \
          : test == 3 ? get(r, "format") ~ /^(int8|VSQ|vsq)$/ \
          : test == 4 ? any_text(r, "frozen") && get(r, "nmse") <= 0.0061 \
          : test == 5 ? !any_text(r, "bcq") \
          : get(r, "pj_per_mac") == ""
        if (yes) s = s (s == "" ? "" : ",") r
      }
      return "[" s "]"
    }
    function any_text(r, word,   i) { for (i = 1; i <= fields; i++) if (cell[r, i] !~ /^[-+0-9.e]*$/ && index(cell[r, i], word)) return 1; return 0 }
    NR == 1 { fields = split_csv($0, f); for (i = 1; i <= fields; i++) { at[f[i]] = i; if (f[i] ~ /^latency_/ && latency == "") latency = f[i] } next }
    { n = split_csv($0, f); for (i = 1; i <= n; i++) cell[rows + 0, i] = f[i]; rows++ }
    END {
      printf "const wanted = { rows: %d, dark: %s, full: %s, drawn: [%d, %d, %d], up: %s, down: %s, la: %s, absent: %s,\n", rows, dark, full,
        both("ge_per_mac", "nmse"), both("pj_per_mac", "nmse"), both("ge_per_mac", latency),
        order("ge_per_mac", 1), order("ge_per_mac", -1), order("la", 1), rest(6)
      printf "filters: [[\"nc=8\", %s], [\"nc>=4 ge_per_mac<560.5\", %s], [\"format=int8,VSQ\", %s], [\"FROZEN nmse<=0.0061\", %s], [\"-bcq\", %s]] };\n",
        rest(1), rest(2), rest(3), rest(4), rest(5)
    }' "$1"
}
# The test put into a page: first of all a list of errors, at the end the test.
inject() {
  awk -v js="$tb/test_page.js" -v wanted="$2" '
    { print }
    /^<head>$/ { print "<script>var errors = [], note = s => errors.push(String(s));"
      print "addEventListener(\"error\", e => note(e.message)); addEventListener(\"unhandledrejection\", e => note(e.reason));"
      print "addEventListener(\"securitypolicyviolation\", e => note(`blocked: ${e.blockedURI}`)); console.error = console.warn = note;</script>" }
    /^<meta charset/ { print "<script>"; while ((getline line < wanted) > 0) print line
      while ((getline line < js) > 0) print line; print "</script>" }' "$1"
}
# The lines of page $1's test.
result() { sed -n 's|.*CONSOLE[^"]*"RESULT \(.*\)", source: .*|\1|p' "$1.log"; }
# Counts what the page says of itself, and what the browser does.
judge() {
  result "$1" > lines
  passed=$((passed + $(grep -c '^ok ' lines)))
  n=$(grep -vc '^ok ' lines)
  if grep -qx end lines; then n=$((n - 1)); else n=$((n + 1)); echo "FAIL $1: wanted the test's end, got none"; tail -3 "$1.log"; fi
  failed=$((failed + n))
  grep -v -e '^ok ' -e '^end$' lines | sed "s/^/$1: /"
  if grep CONSOLE "$1.log" | grep -v '"RESULT '; then failed=$((failed + 1)); else passed=$((passed + 1)); fi
  # Requests by a page have its origin as initiator; the browser's own have none.
  if [ -s "$1.net" ] && ! grep -o '"initiator":"[a-z]*:[^"]*"' "$1.net"
  then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1: wanted no request but for the page"; fi
}
must() { "$@" || { echo "FAIL: $*"; failed=$((failed + 1)); }; }

must awk -v seed=1 -v json=points.json -v csv=points.csv -f "$tb/page_points.awk"
must "$fill" "$template" points.json page.html

wanted points.csv false true > wanted.js
inject page.html wanted.js > light.html
run light.html
judge light.html

wanted points.csv true true > wanted.js
inject page.html wanted.js > dark.html
run dark.html --blink-settings=preferredColorScheme=0
judge dark.html

# 400 pixels: narrower than Chromium's smallest window, so in a frame.
wanted points.csv false false > wanted.js
inject page.html wanted.js > narrow_page.html
printf '<iframe src="narrow_page.html" style="width:400px;height:2000px"></iframe>\n' > narrow.html
run narrow.html
judge narrow.html

# Few columns, one point; what the plots want is not there.
printf '{"title": "t", "columns": [{"key": "name", "title": "name"}, {"key": "nmse"}], "points": [{"name": "a", "nmse": 0.5}]}' > few.json
printf 'name,nmse\na,0.5\n' > few.csv
must "$fill" "$template" few.json few_page.html
wanted few.csv false false > wanted.js
inject few_page.html wanted.js > few.html
run few.html
judge few.html

# Faults that it must see: the template with one, and then anything but all ok.
fault() {
  sed "$2" "$template" > fault.tmpl
  if cmp -s "$template" fault.tmpl || ! "$fill" fault.tmpl points.json fault_page.html
  then failed=$((failed + 1)); echo "FAIL: fault not put in: $1"; return; fi
  inject fault_page.html wanted.js > fault.html
  run fault.html
  said=$(judge fault.html)
  if [ -n "$said" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: fault not seen: $1"; fi
}
wanted points.csv false true > wanted.js
fault 'a point lost' 's/^const points = data.points/&/; s/points = data\.points, all/points = data.points, all/; s/^  const left = all\.filter(i => shown\.has(i))/  const left = all.filter(i => i \&\& shown.has(i))/'
fault 'the plots ignore the filter' 's/^  const left = all\.filter(i => shown\.has(i))/  const left = all.filter(() => true)/'
fault 'numbers sorted as text' 's/^const ascending = .*/const ascending = (a, b) => String(a).localeCompare(String(b));/'
fault 'absent values first' "s/=== '' ? 1 : b === '' ? -1/=== '' ? -1 : b === '' ? 1/"
fault 'the front turned round' 's/best\.at(-1)\.y) < 0/best.at(-1).y) > 0/'
fault 'another name in the tooltip' 's/points\[t\.raw\.i\]\.name/points[0].name/'
fault 'the recipe of another point' 's/points\[i\]\.recipe/points[0].recipe/'
fault 'no dark' "s/? 'dark' : 'light';<\/script>/? 'light' : 'light';<\/script>/; s/setTheme(theme() === 'dark' ? 'light' : 'dark')/setTheme('light')/"
fault 'an error' 's/^setTheme(theme());/&undefined.x;/'
fault 'an image from the network' 's|^<main>|<main><img src="http://127.0.0.1:9/x.png">|'
fault 'an image, and no policy against it' 's|^<main>|<main><img src="http://127.0.0.1:9/x.png">|; /Content-Security-Policy/d'

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

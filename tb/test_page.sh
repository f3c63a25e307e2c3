#!/bin/sh
# test_page.sh FILL_PAGE: the explorer's page as a file, without a browser (test_page_browser.sh has one): filled, whole,
# nothing to load; what is refused. FILL_PAGE is tb/fill_page.c. The last line is "N passed, N failed".
if [ $# != 1 ] || [ ! -x "$1" ]; then echo "test_page.sh: wanted fill_page, got \"$*\"" >&2; exit 2; fi
fill=$(realpath "$1")
tb=$(dirname "$(realpath "$0")")
template=$tb/../sw/explore/page.html
dir=$(mktemp -d) || exit 2
cd "$dir" || exit 2
trap 'cd /; rm -rf "$dir"' EXIT
trap 'exit 2' INT TERM
LC_ALL=C
export LC_ALL
unset BCQ_JAVASCRIPT

passed=0 failed=0
check() {
  name=$1
  shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL: $name"; fi
}
# refused MESSAGE TEMPLATE JSON [OUT]: exit 2, that one line, nothing written. * in it is anything.
refused() {
  message=$1
  shift
  : > out; : > err; : > after
  ls -A > before
  "$fill" "$1" "$2" "${3:-new.html}" > out 2> err < /dev/null
  status=$?
  ls -A > after
  # shellcheck disable=SC2254  # a pattern
  case $(cat err) in "fill_page: "$message) like=1 ;; *) like=0 ;; esac
  if [ $status = 2 ] && [ $like = 1 ] && [ "$(wc -l < err)" = 1 ] && [ ! -s out ] && cmp -s before after
  then passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAIL: %s\n  wanted 2: %s\n  got    %s: %s\n' "$*" "$message" $status "$(cat err)"
  fi
}

# The parts of a page: script elements' contents to FILE.js, style elements' to FILE.css, the data to FILE.data, the
# rest to FILE.rest. A tag of these stands at the start of its line or behind another element's end.
parts() {
  awk -v f="$1" 'BEGIN { RS = "<"; part = f ".rest" }
    { low = tolower($0); lead = NR > 1 ? "<" : "" }
    part == f ".rest" && low ~ /^script id="data"/ { part = f ".data"; sub(/^[^>]*>/, ""); lead = ""; opened++ }
    part == f ".rest" && low ~ /^script/ { part = f ".js"; printf "<%s", substr($0, 1, index($0, ">")) > (f ".rest"); sub(/^[^>]*>/, ""); lead = ""; opened++ }
    part == f ".rest" && low ~ /^style/ { part = f ".css"; sub(/^[^>]*>/, ""); lead = ""; opened++ }
    low ~ /^\/(script|style)/ && part != f ".rest" { part = f ".rest"; sub(/^[^>]*>/, ""); lead = ""; closed++ }
    { printf "%s%s", lead, $0 > part }
    END { print opened + 0, closed + 0 > (f ".count") }' "$1"
}
# True if nothing in the page, its own or of the libraries, is to be loaded. It also has the policy that lets
# browsers refuse it.
loads_nothing() {
  parts "$1"
  sed 's|<link rel="icon" href="data:,">||' "$1.rest" > "$1.bare"
  ! grep -qiE '(src|srcset|action|poster|background)[[:space:]]*=|http-equiv="?refresh|<(link|iframe|object|embed|base)' "$1.bare" &&
    ! grep -qiE '@import|url\(' "$1.css" &&
    grep -q "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';" "$1.rest"
}

# ---- A page ----------------------------------------------------------------------------------------
awk -v seed=1 -v json=points.json -v csv=points.csv -f "$tb/page_points.awk" || exit 2
"$fill" "$template" points.json page.html > out 2> err
check 'filled' [ $? = 0 ]
check 'quiet' [ ! -s out ]
check 'no message' [ ! -s err ]
check 'no marker left' sh -c '! grep -qE "@(TITLE|DATA|CHARTJS|JQUERY|DATATABLES_JS|DATATABLES_CSS)@" page.html'
check 'nothing to load' loads_nothing page.html
check 'six scripts and two styles, each closed' [ "$(cat page.html.count)" = '8 8' ]
sed 's/\\u003c/</g' page.html.data > data.json
check 'the data are the JSON' cmp data.json points.json
check 'no tag in the data' sh -c '! grep -q "<" page.html.data'
check 'the title is text' grep -q '<title>Made-up points &lt;of&gt; a &quot;test&quot; &amp; more</title>' page.html
awk '/^.use strict.;$/ { on = 1 } /^<.script>$/ { on = 0 } on' "$template" > own.js
check 'its own script is there' [ "$(wc -l < own.js)" -gt 100 ]
check 'and is small' [ "$(wc -l < own.js)" -lt 300 ]
check 'and opens no connection' sh -c '! grep -qE "fetch\(|XMLHttpRequest|WebSocket|import\(|sendBeacon|\.(ajax|load|getJSON)\(" own.js'
size=$(wc -c < page.html)
check 'Chart.js, jQuery and DataTables are in it' [ "$size" -gt 300000 ]
check 'and no more' [ "$size" -lt 2000000 ]

# What these checks say of pages that do load something.
broken() { sed "$2" page.html > broken.html; check "seen: $1" sh -c '! cmp -s page.html broken.html'; if loads_nothing broken.html; then
  failed=$((failed + 1)); echo "FAIL: $1 not seen"; else passed=$((passed + 1)); fi; }
broken 'an image' 's|^<main>|<main><img src="http://127.0.0.1/x.png">|'
broken 'a script' 's|^<script id="data"|<script src="x.js"></script><script id="data"|'
broken 'a style sheet' 's|^<link rel="icon".*|<link rel="stylesheet" href="x.css">|'
broken 'a picture of the style sheet' 's|^body { margin|body { background: url(x.png); margin|'
broken 'no policy' 's|^<meta http-equiv.*||'

# ---- The libraries, in a folder of our own: version 4 of Chart.js, 2 of DataTables -------------------
mkdir -p js/chart.js js/jquery js/jquery-datatables/css
printf 'typeof exports; "</SCRIPT><!-- </scripted"; /@DATA@ 4/;' > js/chart.js/chart.umd.js
printf 'export { Chart };' > js/chart.js/chart.js
printf 'jQuery;' > js/jquery/jquery.min.js
printf 'DataTable 2;' > js/jquery-datatables/dataTables.min.js
printf '.dataTable{background:url("../a.png") left;b:URL(c)}</style>' > js/jquery-datatables/css/dataTables.dataTables.min.css
printf '@CHARTJS@\n@JQUERY@\n@DATATABLES_JS@\n@DATATABLES_CSS@\n@TITLE@ @ a@b.c @lower@\n@TITLE@@DATA@' > small.tmpl
printf '{"title": "<T>", "columns": [{"key": "name"}],\n "points": [{"name": "a</script>", "x": null}]}' > small.json
cat > wanted << 'END'
typeof exports; "<\/SCRIPT><\!-- <\/scripted"; /@DATA@ 4/;
jQuery;
DataTable 2;
.dataTable{background:none left;b:none}<\/style>
&lt;T&gt; @ a@b.c @lower@
END
printf '&lt;T&gt;{"title": "\\u003cT>", "columns": [{"key": "name"}],\n "points": [{"name": "a\\u003c/script>", "x": null}]}' >> wanted
BCQ_JAVASCRIPT=$dir/js "$fill" small.tmpl small.json small.html
check 'other versions filled' [ $? = 0 ]
check 'byte for byte' cmp small.html wanted

# ---- What it refuses ---------------------------------------------------------------------------------
json() { printf '%s' "$2" > "$1"; }
good='"columns": [{"key": "name"}], "points": [{"name": "a"}]'
head -c 5000 points.json > cut.json;                        refused 'cut.json: line *: wanted JSON, got: *' "$template" cut.json
json list.json '[1]';                                       refused 'list.json: wanted an object with a text "title", got none' "$template" list.json
json empty.json '';                                         refused 'empty.json: line *: wanted JSON, got: *' "$template" empty.json
json after.json "{\"title\": \"t\", $good} x";              refused 'after.json: line 1: wanted JSON, got: *' "$template" after.json
json twice.json "{\"title\": \"t\", \"title\": \"u\", $good}"; refused 'twice.json: line 1: wanted JSON, got: *' "$template" twice.json
json nan.json '{"title": "t", "columns": [{"key": "name"}], "points": [{"name": "a", "nmse": nan}]}'
refused 'nan.json: line 1: wanted JSON, got: *' "$template" nan.json
json title.json "{\"title\": 1, $good}";                    refused 'title.json: wanted an object with a text "title", got none' "$template" title.json
json nocols.json '{"title": "t", "points": [{"name": "a"}]}'
refused 'nocols.json: wanted "columns", a list of one or more, got none' "$template" nocols.json
json nopoints.json '{"title": "t", "columns": [{"key": "name"}], "points": []}'
refused 'nopoints.json: wanted "points", a list of one or more, got an empty one' "$template" nopoints.json
json object.json '{"title": "t", "columns": {}, "points": []}'
refused 'object.json: wanted "columns", a list of one or more, got another value' "$template" object.json
json key.json '{"title": "t", "columns": [{"key": "name"}, {"title": "x"}], "points": [{"name": "a"}]}'
refused 'key.json: columns 2: wanted an object with a text "key", got none' "$template" key.json
json same.json '{"title": "t", "columns": [{"key": "name"}, {"key": "name"}], "points": [{"name": "a"}]}'
refused 'same.json: columns: wanted each key once, got "name" twice' "$template" same.json
json name.json '{"title": "t", "columns": [{"key": "name"}], "points": [{"name": "a"}, {"name": 3}]}'
refused 'name.json: points 2: wanted an object with a text "name", got none' "$template" name.json
json deep.json '{"title": "t", "columns": [{"key": "name"}], "points": [{"name": "a", "nmse": [1]}]}'
refused 'deep.json: points 1: "nmse": wanted a number, text, boolean or null, got a list or object' "$template" deep.json
refused 'absent.json: wanted to open it, got: *' "$template" absent.json
refused '.: wanted to read it, got: *' "$template" .
refused 'absent.tmpl: wanted to open it, got: *' absent.tmpl points.json
sed 's/@JQUERY@//' "$template" > less.tmpl;                 refused 'less.tmpl: wanted the marker @JQUERY@, got none' less.tmpl points.json
sed 's/@JQUERY@/@JQ@/' "$template" > other.tmpl
refused 'other.tmpl: wanted one of the markers of sw/explore_page.h, got "@JQ@"' other.tmpl points.json
refused 'absent/new.html: wanted to create it, got: *' "$template" points.json absent/new.html
refused 'js: wanted a new name or a regular file to write, got a directory' "$template" points.json js
export BCQ_JAVASCRIPT="$dir/js"
# Each library away, or not what it should be: the module of version 4 alone; an empty file.
lacks() { refused "$dir/js/*: wanted the library (Debian: apt-get install $1), got none" "$template" points.json; }
mv js/chart.js/chart.umd.js umd;                            lacks libjs-chart.js;         mv umd js/chart.js/chart.umd.js
: > js/jquery/jquery.min.js;                                lacks libjs-jquery;           echo jQuery > js/jquery/jquery.min.js
mv js/jquery-datatables/dataTables.min.js dt;               lacks libjs-jquery-datatables; mv dt js/jquery-datatables/dataTables.min.js
mv js/jquery-datatables/css css;                            lacks libjs-jquery-datatables; mv css js/jquery-datatables/css
unset BCQ_JAVASCRIPT
cp page.html kept.html
"$fill" "$template" cut.json page.html 2> err
check 'a page that is there stays' cmp page.html kept.html
if [ -w /dev/full ]; then refused '/dev/full: wanted a new name or a regular file*' "$template" points.json /dev/full; fi

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

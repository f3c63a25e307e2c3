# Merges what models built for coverage have counted and judges it. Usage:
#   awk -f tb/coverage.awk [-v least=98] tb/coverage_exceptions.txt RTL_FILES... -- COUNTS.dat...
#
# A point is a place in a source file: merged over all configurations, instances and runs by file,
# line, column and name, whatever module or instance name Verilator gave it. A line (or branch) is hit
# if it was executed once. A bit is hit if it went both ways in one instance of one run: Verilator 5.006
# counts its changes, so twice; later versions count each way as a point of its own, so once.

function trim(s) { sub(/^[ \t]+/, "", s); sub(/[ \t]+$/, "", s); return s }
function percent(hit, all) { return all ? sprintf("%.2f %%", int(1e4 * hit / all) / 100) : "-" }
function verdict(good, what) {
  if (good) passed++
  else { failed++; print "FAIL coverage: " what }
}

BEGIN {
  for (i = 1; i < ARGC && ARGV[i] != "--"; i++) {
    if (i > 1 && ARGV[i] ~ /\.sv$/) { wanted[ARGV[i]] = 1; files[++file_count] = ARGV[i] }
    if (i > 1) ARGV[i] = ""
  }
  if (i < ARGC) ARGV[i] = ""
  if (least == "") least = 98
}

# ---- Exceptions: file | line or toggle | pattern of the source line or of the bit | reason ---------------

FILENAME == ARGV[1] {
  if (/^#/ || NF == 0) next
  if (split($0, field, "|") < 4) {
    print ARGV[1] ":" FNR ": want file | kind | pattern | reason"
    exit bad = 2
  }
  e = ++exceptions
  except_file[e] = trim(field[1]); except_kind[e] = trim(field[2]); except_pattern[e] = trim(field[3])
  except_reason[e] = trim(substr($0, length(field[1] field[2] field[3]) + 4))
  gsub(/\\p/, "|", except_pattern[e])
  next
}

# ---- Counts: C '\001key\002value\001key\002value...' COUNT ---------------------------------------------

/^C / {
  count = $NF
  line = $0; sub(/^C '/, "", line); sub(/' [0-9]+$/, "", line)
  n = split(line, part, "\001")
  f = l = c = kind = name = ""
  for (i = 1; i <= n; i++) {
    at = index(part[i], "\002"); key = substr(part[i], 1, at - 1); value = substr(part[i], at + 1)
    if (key == "f") f = value
    else if (key == "l") l = value
    else if (key == "n") c = value
    else if (key == "o") name = value
    else if (key == "page") kind = value ~ /^v_toggle/ ? "toggle" : value ~ /^v_(line|branch)/ ? "line" : ""
  }
  if (kind == "" || f !~ /^rtl\//) next
  point = f SUBSEP l SUBSEP c SUBSEP kind SUBSEP name
  if (!(point in hit)) { order[++points] = point; hit[point] = 0 }
  if (count >= (kind == "toggle" && name !~ /->/ ? 2 : 1)) hit[point] = 1
}

# ---- Report ------------------------------------------------------------------------------------------------

function source_line(file, number,    text, n) {
  if (!(file in read)) {
    read[file] = 1
    while ((getline text < file) > 0) source[file, ++n] = text
    close(file)
  }
  return source[file, number]
}

# Bits of a signal that were missed: " 0 5-7"; "" where it has a single one.
function bit_ranges(where,    bit, from, text) {
  for (bit = 0; bit <= top[where]; bit++) {
    if (!((where, bit) in missed)) continue
    for (from = bit; (where, bit + 1) in missed; bit++) ;
    text = text " " from (bit > from ? "-" bit : "")
  }
  return text
}

# The exception of a point, or 0.
function exception(file, kind, text,    e) {
  for (e = 1; e <= exceptions; e++)
    if (except_file[e] == file && except_kind[e] == kind && \
        text ~ (kind == "toggle" ? "^(" except_pattern[e] ")$" : except_pattern[e])) return e
  return 0
}

END {
  if (bad) exit bad
  for (i = 1; i <= points; i++) {
    split(order[i], p, SUBSEP)
    file = p[1]; kind = p[4]
    if (!(file in seen)) { seen[file] = 1; if (!(file in wanted)) files[++file_count] = file }
    all[file, kind]++; all[kind]++
    e = exception(file, kind, kind == "toggle" ? p[5] : source_line(file, p[2]))
    if (e) used[e]++
    if (hit[order[i]]) {
      got[file, kind]++; got[kind]++
      if (e && !wrong[e]++)
        print "FAIL coverage: hit, so no exception: " file ":" p[2] " " p[5] " (" except_pattern[e] ")"
    } else if (e) {
      excepted[file, kind]++; excepted[kind]++
    } else {
      signal = p[5]; sub(/\[[0-9]+\]$/, "", signal)
      where = file ":" p[2] " " kind " " signal
      if (!(where in missed)) missed_order[++missed_count] = where
      bit = p[5] == signal ? -1 : substr(p[5], length(signal) + 2) + 0
      missed[where] = missed[where, bit] = 1
      if (bit > top[where]) top[where] = bit
    }
  }
  printf "%-28s %18s %24s\n", "", "lines and branches", "toggles"
  printf "%-28s %8s %9s %14s %9s\n", "file", "hit / all", "excepted", "hit / all", "excepted"
  files[++file_count] = "all"
  for (k = 1; k < 3; k++) {
    kind = k == 1 ? "line" : "toggle"
    all["all", kind] = all[kind]; got["all", kind] = got[kind]; excepted["all", kind] = excepted[kind]
  }
  for (i = 1; i <= file_count; i++) {
    f = files[i]
    printf "%-28s %4d / %-4d %7d %9d / %-6d %7d\n", f, got[f, "line"], all[f, "line"], excepted[f, "line"], \
      got[f, "toggle"], all[f, "toggle"], excepted[f, "toggle"]
  }
  if (missed_count) print "not hit, not excepted:"
  for (i = 1; i <= missed_count; i++) print "  " missed_order[i] bit_ranges(missed_order[i])
  if (exceptions) print "exceptions (points):"
  for (e = 1; e <= exceptions; e++) {
    printf "  %4d  %s %s %s: %s\n", used[e], except_file[e], except_kind[e], except_pattern[e], \
      except_reason[e]
    verdict(used[e] && !wrong[e], "exception " except_file[e] " " except_pattern[e] \
      (used[e] ? " was hit" : " matches nothing"))
  }
  for (f in wanted) verdict(f in seen, f ": no model has it")
  for (k = 1; k < 3; k++) {
    kind = k == 1 ? "line" : "toggle"
    printf "%-18s %s of all, %s of those not excepted\n", k == 1 ? "lines and branches" : "toggles", \
      percent(got[kind], all[kind]), percent(got[kind], all[kind] - excepted[kind])
  }
  verdict(all["line"] && got["line"] + excepted["line"] == all["line"], "wanted 100 % of the lines")
  rest = all["toggle"] - excepted["toggle"]
  verdict(rest && 100 * got["toggle"] >= least * rest, "wanted " least " % of the toggles")
  print passed + 0 " passed, " failed + 0 " failed"
  exit failed || !passed
}

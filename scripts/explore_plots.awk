# points.csv of bcq explore -> gnuplot scripts WORK/explore-*.gp. -v work=DIR -v library=NAME -v workload=NAME, "": the first.
# Labels are placed here, not by gnuplot, so that they keep clear of points and of one another. Lengths are pixels, upwards.
# Rivals have theirs for certain; one of bcq only where it finds room, those of the Pareto front first.

function fail(s) { print s > "/dev/stderr"; failed = 1; exit 1 }
function min(a, b) { return a < b ? a : b }
function max(a, b) { return a > b ? a : b }

# A line of CSV to f[1...]; the number of fields, 0 where a quote is not closed.
function split_csv(s, f,   n, m, more) {
  for (more = 1; more; ) {
    if (match(s, /^"([^"]|"")*"/)) {
      f[++n] = substr(s, 2, RLENGTH - 2)
      gsub(/""/, "\"", f[n])
      s = substr(s, RLENGTH + 1)
    } else {
      if (s ~ /^"/) return 0
      m = index(s ",", ",")
      f[++n] = substr(s, 1, m - 1)
      s = substr(s, m)
    }
    more = s ~ /^,/
    s = substr(s, 2)
  }
  return n
}
function number(s) { return s ~ /^[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?$/ }

NR == 1 {
  sub(/\r$/, "")
  fields = split_csv($0, head)
  for (i = 1; i <= fields; i++) at[head[i]] = i
  if (!("name" in at) || !("format" in at)) fail("line 1: wanted columns name and format, got " (fields > 1 ? "neither or one" : "\"" substr($0, 1, 40) "\""))
  if (workload == "") for (i = fields; i > 0; i--) if (head[i] ~ /^latency_/) workload = substr(head[i], 9)
  next
}
{
  sub(/\r$/, "")
  if (split_csv($0, f) != fields) fail("line " NR ": wanted " fields " fields, got another number")
  if ("library" in at) {
    if (library == "") library = f[at["library"]]
    if (f[at["library"]] != library) { others++; next }
  }
  for (i = 1; i <= fields; i++) cell[rows + 0, head[i]] = f[i]
  rows++
}

# ---- Axes: pixels from the left and from the bottom ----------------------------------------------------------
function pixel(v, low, high, log_, from, to) {
  return from + (to - from) * (log_ ? log(v / low) / log(high / low) : (v - low) / (high - low))
}
# Limits of an axis from what lies on it: limit["low"], ["high"], ["log"].
function limits(v, n, limit,   i, low, high) {
  low = high = v[0]
  for (i = 1; i < n; i++) { low = min(low, v[i]); high = max(high, v[i]) }
  limit["log"] = low > 0 && high > 8 * low
  if (limit["log"]) { limit["low"] = low / 1.3; limit["high"] = high * 1.3; return }
  i = (high - low) * 0.07
  if (i == 0) i = high == 0 ? 1 : (high < 0 ? -high : high) * 0.1
  limit["low"] = low - i
  limit["high"] = high + i
}

# ---- Labels ------------------------------------------------------------------------------------------------------
function overlap(l, r, b, t, l2, r2, b2, t2,   w, h) {
  w = min(r, r2) - max(l, l2)
  h = min(t, t2) - max(b, b2)
  return w > 0 && h > 0 ? w * h : 0
}
# What a label at these edges covers: points, labels, what is outside.
function cost(n, l, r, b, t,   i, c) {
  if (l < LEFT + 2 || r > WIDTH - RIGHT - 2 || b < BOTTOM + 2 || t > HEIGHT - TOP - 2) c += 1e4
  for (i = 0; i < n; i++) {
    c += 3 * overlap(l, r, b, t, px[i] - POINT, px[i] + POINT, py[i] - POINT, py[i] + POINT)
    if (i in ll) c += 3 * overlap(l, r, b, t, ll[i], lr[i], lb[i], lt[i])
  }
  for (i = 1; i < edges; i++) {  # a step of the front: to the right, then down
    c += overlap(l, r, b, t, px[edge[i - 1]], px[edge[i]], py[edge[i - 1]] - 2, py[edge[i - 1]] + 2)
    c += overlap(l, r, b, t, px[edge[i]] - 2, px[edge[i]] + 2, py[edge[i]], py[edge[i - 1]])
  }
  return c
}
function place(n, i, rings,   w, step, ring, up, away, left, c, least, bl, bb) {
  w = CHARACTER * length(label[i])
  least = 1e9
  for (step = 0; step < 4 + 4 * rings && least > 0; step++) {
    ring = int(step / 4)
    up = int((ring + 1) / 2) * (ring % 2 ? 1 : -1) * LINE / 2
    away = POINT + 4 + (step % 4 >= 2 ? 14 : 0)
    left = step % 2 ? px[i] - away - w : px[i] + away
    if (step == 2 || step == 3) { up = (step == 2 ? 1 : -1) * (LINE / 2 + POINT); left = px[i] - w / 2 }
    c = cost(n, left, left + w, py[i] + up - LINE / 2, py[i] + up + LINE / 2)
    if (c < least) { least = c; bl = left; bb = py[i] + up - LINE / 2 }
  }
  if (least > 0 && !rival[i]) return 0
  ll[i] = bl; lr[i] = bl + w; lb[i] = bb; lt[i] = bb + LINE
  return 1
}
# On the front: nobody is as good in both and better in one.
function on_front(n, i,   j) {
  for (j = 0; j < n; j++) if (x[j] <= x[i] && y[j] <= y[i] && (x[j] < x[i] || y[j] < y[i])) return 0
  return 1
}
function quoted(s) { gsub(/["\\`]/, "?", s); return s }

# ---- One picture ---------------------------------------------------------------------------------------------------
function picture(file, xkey, ykey, xtitle, ytitle, heading,   i, j, k, n, f, lx, ly, unlabelled, subtitle, near, middle, xl, yl, style, round, absent, side) {
  split("", px); split("", py); split("", ll)
  n = absent = 0
  for (i = 0; i < rows; i++) {
    if (!number(cell[i, xkey]) || !number(cell[i, ykey])) { absent++; continue }
    x[n] = cell[i, xkey] + 0
    y[n] = cell[i, ykey] + 0
    rival[n] = cell[i, "format"] !~ /^bcq/
    frozen[n] = cell[i, "tables"] == "frozen"
    label[n] = cell[i, "name"]
    sub(/^bcq[-:_ ]/, "", label[n])
    label[n] = substr(label[n], 1, 40)
    n++
  }
  if (!n) { print file ".svg: wanted points with " xkey " and " ykey ", got none: not made" > "/dev/stderr"; return }
  limits(x, n, xl); limits(y, n, yl)
  for (i = 0; i < n; i++) {
    px[i] = pixel(x[i], xl["low"], xl["high"], xl["log"], LEFT, WIDTH - RIGHT)
    py[i] = pixel(y[i], yl["low"], yl["high"], yl["log"], BOTTOM, HEIGHT - TOP)
    best[i] = on_front(n, i)
  }
  for (i = edges = 0; i < n; i++) if (best[i]) {  # from left to right
    for (j = edges++; j > 0 && x[edge[j - 1]] > x[i]; j--) edge[j] = edge[j - 1]
    edge[j] = i
  }
  for (round = 0; round < 3; round++) for (i = 0; i < n; i++)
    if (round == (rival[i] ? 0 : best[i] ? 1 : 2) && !place(n, i, round < 2 ? 16 : 4)) unlabelled++
  f = work "/" file ".gp"
  printf "set terminal svg size %d,%d font 'Helvetica,%d' background 'white'\n", WIDTH, HEIGHT, FONT > f
  printf "set lmargin at screen %.5f\nset rmargin at screen %.5f\n", LEFT / WIDTH, 1 - RIGHT / WIDTH > f
  printf "set tmargin at screen %.5f\nset bmargin at screen %.5f\n", 1 - TOP / HEIGHT, BOTTOM / HEIGHT > f
  printf "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n", xl["low"], xl["high"], yl["low"], yl["high"] > f
  if (xl["log"]) print "set logscale x" > f
  if (yl["log"]) print "set logscale y" > f
  if (yl["log"] && yl["high"] < 1) print "set format y '10^{%T}'" > f
  printf "set xlabel \"%s\"\nset ylabel \"%s\"\nset key off\n", quoted(xtitle), quoted(ytitle) > f
  print "set grid xtics ytics lw 0.5 lc rgb '#e0e0e0'" > f
  subtitle = (library == "" ? "" : "library " library ", ") n " points" \
    (absent ? "; " absent " lack " xkey " or " ykey : "") (unlabelled ? "; no room for the names of " unlabelled : "")
  printf "set label 1000 \"%s\" at screen 0.5,%.5f center font ',%d' noenhanced\n", heading, 1 - 18 / HEIGHT, FONT + 3 > f
  printf "set label 1001 \"%s\" at screen 0.5,%.5f center noenhanced\n", quoted(subtitle), 1 - 38 / HEIGHT > f
  for (k = 1; k <= 4; k++) {
    near = LEFT + 30 + (k - 1) * (WIDTH - LEFT - 60) / 4
    printf "set label %d \"%s\" at screen %.5f,%.5f left noenhanced\n", 2000 + k, title[k], (near + 18) / WIDTH, 1 - 60 / HEIGHT > f
    if (k < 4) printf "set label %d '' at screen %.5f,%.5f point %s\n", 3000 + k, near / WIDTH, 1 - 60 / HEIGHT, look[k] > f
    else printf "set arrow from screen %.5f,%.5f to screen %.5f,%.5f nohead lw 1.2 dt 2 lc rgb '#707070'\n",
      (near - 14) / WIDTH, 1 - 60 / HEIGHT, (near + 12) / WIDTH, 1 - 60 / HEIGHT > f
  }
  for (i = 0; i < n; i++) if (i in ll) {
    middle = (lb[i] + lt[i]) / 2
    near = ll[i] > px[i] ? ll[i] : lr[i] < px[i] ? lr[i] : px[i]
    side = near > px[i] ? "left" : near < px[i] ? "right" : "center"
    printf "set label \"%s\" at screen %.5f,%.5f %s font ',%d' tc rgb '%s' noenhanced front\n", quoted(label[i]), near / WIDTH,
      middle / HEIGHT, side, FONT - 1, (rival[i] ? RED : BLUE) > f
    if (near != px[i] && (middle - py[i] > LINE / 2 || py[i] - middle > LINE / 2 || near - px[i] > POINT + 6 || px[i] - near > POINT + 6))
      printf "set arrow from screen %.5f,%.5f to screen %.5f,%.5f nohead lw 0.5 lc rgb '#a0a0a0'\n", px[i] / WIDTH, py[i] / HEIGHT,
        near / WIDTH, middle / HEIGHT > f
  }
  printf "plot '-' with lines lw 1.2 dt 2 lc rgb '#707070'" > f
  for (k = 1; k <= 3; k++) printf ", '-' with points %s", look[k] > f
  print "" > f
  for (j = 0; j < edges; j++) {
    if (j) printf "%.9g %.9g\n", x[edge[j]], y[edge[j - 1]] > f
    printf "%.9g %.9g\n", x[edge[j]], y[edge[j]] > f
  }
  print "e" > f
  for (style = 1; style <= 3; style++) {
    j = 0
    for (i = 0; i < n; i++) if (style == (rival[i] ? 3 : frozen[i] ? 2 : 1)) { printf "%.9g %.9g\n", x[i], y[i] > f; j++ }
    print (j ? "e" : "NaN NaN\ne") > f
  }
  close(f)
  drawn++
}

END {
  if (failed) exit 1
  if (!rows) fail(others ? "wanted points of library " library ", got none" : "wanted a line of columns and one or more of points, got none")
  if (others) print others " points of other libraries than " library " left out" > "/dev/stderr"
  WIDTH = 1000; HEIGHT = 640; LEFT = 85; RIGHT = 20; TOP = 75; BOTTOM = 60; FONT = 13
  CHARACTER = 6.8; LINE = 15; POINT = 5
  RED = "#c03020"; BLUE = "#1f5fbf"
  title[1] = "bcq"; title[2] = "bcq, frozen codebooks"; title[3] = "other formats"; title[4] = "Pareto front"
  look[1] = "pt 7 ps 0.8 lc rgb '" BLUE "'"; look[2] = "pt 6 ps 1.0 lc rgb '" BLUE "'"; look[3] = "pt 5 ps 0.8 lc rgb '" RED "'"
  picture("explore-area", "ge_per_mac", "nmse", "area a multiplier (GE)", "NMSE of weights and activations, pooled", "Error against area")
  picture("explore-energy", "pj_per_mac", "nmse", "energy a MAC (pJ)", "NMSE of weights and activations, pooled", "Error against energy")
  picture("explore-latency", "ge_per_mac", "latency_" workload, "area a multiplier (GE)", "latency (ms)", "Latency of " quoted(workload) " against area")
  if (!drawn) fail("wanted points with an area, energy or latency, got none")
}

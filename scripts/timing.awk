# Draws ports of a recorded run (DUT_RECORD, tb/dut.h) as an SVG timing diagram, as they were before each edge.
#   awk -v signals="GROUP: NAME NAME[=] ... GROUP: ..." -v from=N -v cycles=N [-v caption=TEXT] -f scripts/timing.awk RECORD
# NAME: a line for one bit. NAME=: a box where the NAME up to its last _ with "valid" is high, data in hexadecimal.
# from counts from the first cycle in which -v trigger=PORT=VALUE (hexadecimal) holds.
function esc(t) { gsub(/&/, "\\&amp;", t); gsub(/</, "\\&lt;", t); return t }
function label(x, y, t, size, anchor) {
  printf "  <text x=\"%s\" y=\"%s\" font-size=\"%d\" text-anchor=\"%s\">%s</text>\n", x, y, size, anchor, esc(t)
}
BEGIN { left = 150; width = width ? width : 24; high = 16; step = 24 }
NR == 1 {
  for (i = 1; i < NF; i += 2) column[$i] = (i + 1) / 2
  want = trigger
  sub(/.*=/, "", want)
  sub(/=.*/, "", trigger)
  if (!(trigger in column)) { printf "timing.awk: %s: no port of that name\n", trigger > "/dev/stderr"; bad = 1; exit 1 }
  next
}
!begun && $(column[trigger]) == want { begun = 1; skip = from }
begun && skip-- <= 0 && n < cycles {
  for (name in column) value[name, n] = $(column[name])
  n++
}
END {
  if (bad) exit 1
  if (n < cycles) { printf "timing.awk: wanted %d cycles, got %d\n", cycles, n > "/dev/stderr"; exit 1 }
  count = split(signals, word, " ")
  y = 40
  body = left + n * width + 14
  tall = 40 + count * step + (caption != "" ? 24 : 4)
  printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"Helvetica,Arial,sans-serif\">\n", body, tall
  printf "  <title>%s</title>\n  <rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", esc(title), body, tall
  for (c = 0; c <= n; c++) {
    printf "  <path d=\"M%d 26V%d\" stroke=\"#e4e4e4\"/>\n", left + c * width, 34 + count * step
    if (c < n && c % 5 == 0) label(left + (c + 0.5) * width, 20, c, 10, "middle")
  }
  label(left - 8, 20, "cycle", 10, "end")
  for (i = 1; i <= count; i++) {
    name = word[i]
    if (name ~ /:$/) {
      sub(/:$/, "", name); gsub(/_/, " ", name)
      label(6, y + 12, name, 11, "start"); y += step
      continue
    }
    data = sub(/=$/, "", name)
    if (!(name in column)) { printf "timing.awk: %s: no port of that name\n", name > "/dev/stderr"; exit 1 }
    label(left - 8, y + 12, name, 11, "end")
    if (!data) {
      path = ""
      for (c = 0; c < n; c++) {
        at = value[name, c] == "1" ? y : y + high
        path = path sprintf("%s%d %dH%d", c == 0 ? "M" : "V", c == 0 ? left : at, c == 0 ? at : left + (c + 1) * width, left + (c + 1) * width)
        if (c > 0) sub(/V[0-9]+ [0-9]+H[0-9]+$/, "V" at "H" (left + (c + 1) * width), path)
      }
      printf "  <path d=\"%s\" fill=\"none\" stroke=\"#1b4f9c\" stroke-width=\"1.5\"/>\n", path
    } else {
      valid = name
      sub(/(addr|data|tdata|resp)_/, "&", valid)
      if (valid ~ /tdata_/) sub(/tdata_/, "tvalid_", valid); else sub(/(addr|data|resp)_/, "valid_", valid)
      for (c = 0; c < n; c++) {
        if (value[valid, c] != "1") continue
        for (d = c; d + 1 < n && value[valid, d + 1] == "1" && value[name, d + 1] == value[name, c]; d++);
        a = left + c * width; b = left + (d + 1) * width
        printf "  <path d=\"M%d %dL%d %dH%dL%d %dL%d %dH%dZ\" fill=\"#dfe8f5\" stroke=\"#1b4f9c\"/>\n", a, y + high / 2, a + 3, y, b - 3, b, y + high / 2, b - 3, y + high, a + 3
        text = value[name, c]
        room = int((b - a) / 6.2)
        if (length(text) <= room) label((a + b) / 2, y + 12, text, 9, "middle")
        c = d
      }
    }
    y += step
  }
  if (caption != "") label(left, y + 12, caption, 11, "start")
  print "</svg>"
}

# Made-up points for tests of the explorer's page and plots: points.json and points.csv of one content.
# awk -v seed=N -v json=FILE -v csv=FILE -f tb/page_points.awk. The figures mean nothing.
# Some values are null in the JSON and empty in the CSV; the last point has few columns, and its texts would end a
# script element or start a comment in it.
function column(key, title, unit, about) { keys[++nk] = key; head[nk] = sprintf( \
  "{\"key\": \"%s\", \"title\": \"%s\", \"unit\": \"%s\", \"about\": \"%s\"}", key, title, unit, about) }
function r(low, high) { return low + (high - low) * rand() }
function text(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); return "\"" s "\"" }
function field(s) { if (s ~ /[",]/) { gsub(/"/, "\"\"", s); return "\"" s "\"" } return s }
function put(key, v) { p[key] = v }
function flush_point(   i, k, o) {
  o = ""
  for (i = 1; i <= nk; i++) {
    k = keys[i]
    if (!(k in p)) continue
    o = o sprintf("%s\"%s\": %s", o == "" ? "" : ", ", k, p[k] == "" ? "null" : k ~ textual ? text(p[k]) : p[k])
  }
  printf("%s  {%s, \"recipe\": %s}", points++ ? ",\n" : "", o, text("bcq explore example.space --only " points)) > json
  for (i = 1; i <= nk; i++) printf("%s%s", (keys[i] in p) ? field(p[keys[i]]) : "", i < nk ? "," : "\n") > csv
  split("", p)
}
# What a point costs follows from its parameters by no more than common sense.
function point(name, format, variant, lb, la, nc, b, ew, decode, tables, acc, ge, error, pj,   w) {
  put("name", name); put("format", format); put("variant", variant); put("library", "sg13g2")
  put("bits", b == "" ? 4.5 : b + log(nc) / log(2) / lb + 8 / la)
  put("lb", lb); put("la", la); put("nc", nc); put("b", b); put("ew", ew); put("cols", la == "" ? 16 : 1024 / la); put("t", 16)
  put("decode", decode); put("tables", tables); put("acc", acc)
  put("ge_per_mac", ge); put("um2_per_mac", ge * 7.2576); put("period_ns", 8); put("fmax_mhz", r(110, 160))
  put("pj_per_mac", pj); put("glitch_share", pj == "" ? "" : r(0.2, 0.5))
  put("nmse_w", error * 0.9); put("nmse_a", error * 1.1); put("nmse", error); put("ge_x_nmse", ge * error)
  put("pj_x_nmse", pj == "" ? "" : pj * error); put("mac_s_mm2", 1e3 / 8 / (ge * 7.2576) * 1e6)
  for (w in work) {
    put("latency_" w, work[w] * (1 + 2 / (la == "" ? 64 : la)) * r(1, 1.02)); put("bytes_" w, int(work[w] * 1e6 * p["bits"]))
    put("energy_" w, pj == "" ? "" : pj * work[w] * 30); put("utilisation_" w, r(0.9, 0.999))
  }
  flush_point()
}
BEGIN {
  if (json == "" || csv == "") { print "page_points.awk: wanted -v json=FILE -v csv=FILE" > "/dev/stderr"; exit 2 }
  srand(seed)
  textual = "^(name|format|variant|decode|tables|acc|library)$"
  work["prefill"] = 120; work["decode"] = 4.1
  column("name", "name", "", "name of the point"); column("format", "format", "", "number format of both operands")
  column("variant", "variant", "", ""); column("bits", "bits", "bit", "bits a scalar, metadata included")
  column("lb", "LB", "", "scalars a block"); column("la", "LA", "", "scalars a block array"); column("nc", "NC", "", "codebooks")
  column("b", "B", "bit", "bits of an index"); column("ew", "EW", "bit", "bits of an entry"); column("cols", "columns", "", "")
  column("t", "T", "", "rows kept"); column("decode", "decode", "", "where elements are decoded")
  column("tables", "tables", "", "programmable, frozen or latches"); column("acc", "accumulator", "", "")
  column("library", "library", "", "standard cells"); column("ge_per_mac", "area per MAC", "GE", "median over the recipes")
  column("um2_per_mac", "area per MAC", "um2", ""); column("fmax_mhz", "Fmax", "MHz", ""); column("period_ns", "period", "ns", "")
  column("pj_per_mac", "energy per MAC", "pJ", "array only"); column("glitch_share", "glitch share", "", "")
  column("nmse_w", "NMSE, weights", "", ""); column("nmse_a", "NMSE, activations", "", "")
  column("nmse", "NMSE", "", "mean of weights and activations"); column("ge_x_nmse", "area x NMSE", "GE", "")
  column("pj_x_nmse", "energy x NMSE", "pJ", ""); column("mac_s_mm2", "throughput", "MMAC/s/mm2", "")
  for (w in work) { column("latency_" w, "latency, " w, "ms", ""); column("bytes_" w, "bytes, " w, "B", "")
    column("energy_" w, "energy, " w, "mJ", ""); column("utilisation_" w, "utilisation, " w, "", "") }

  printf "{\"title\": \"Made-up points <of> a \\\"test\\\" & more\", \"generated_by\": \"tb/page_points.awk, seed %d\",\n", seed > json
  printf " \"columns\": [" > json
  for (i = 1; i <= nk; i++) {
    printf("%s\n  %s", i == 1 ? "" : ",", head[i]) > json
    printf("%s%s", keys[i], i < nk ? "," : "\n") > csv
  }
  printf "],\n \"points\": [\n" > json
  for (nc = 2; nc <= 16; nc *= 2) for (lb = 4; lb <= 8; lb += 4) for (la = 32; la <= 128; la *= 2)
    point("bcq-nc" nc "-lb" lb "-la" la, "bcq", "programmable", lb, la, nc, 4, 6, "edge", "programmable", "fp32",
          430 + 9 * nc + 80 * 32 / la + (lb == 4 ? 25 : 0) + r(0, 12), 0.0042 * (1 + 1.6 / nc) * (lb == 8 ? 1.1 : 1) * (1 + la / 1500),
          nc == 16 && la == 128 ? "" : 1.6 + 0.02 * nc + r(0, 0.1))
  for (ew = 4; ew <= 8; ew++) if (ew != 6)
    point("bcq-ew" ew, "bcq", "entries", 8, 64, 8, 4, ew, "edge", "programmable", "fp32", 330 + 33 * ew, 0.0052 * (1 + exp(5 - 1.6 * ew)), 0.7 + 0.2 * ew)
  for (b = 2; b <= 3; b++) point("bcq-b" b, "bcq", "index", 8, 64, 8, b, 6, "edge", "programmable", "fp32", 430 + 30 * b, b == 2 ? 0.09 : 0.021, 1.4 + 0.05 * b)
  point("bcq-frozen", "bcq", "frozen", 8, 64, 8, 4, 6, "edge", "frozen", "fp32", 431, 0.00521, 1.55)
  point("bcq-exact", "bcq", "exact", 8, 64, 8, 4, 6, "edge", "programmable", "exact", 560, 0.00519, 1.9)
  point("bcq-entry", "bcq", "decode entry", 8, 64, 8, 4, 6, "entry", "programmable", "fp32", 610, 0.0052, 2.1)
  point("int8", "int8", "array", "", 64, "", "", "", "", "", "fp32", 690, 0.00012, 2.9)
  point("int8-token", "int8-token", "array", "", 64, "", "", "", "", "", "fp32", 640, 0.00021, 2.7)
  point("vsq", "vsq", "array", "", 16, "", "", "", "", "", "fp32", 330, 0.0112, 1.12)
  point("mxfp4", "mxfp4", "array", "", 32, "", "", "", "", "", "fp32", 340, 0.0131, 1.02)
  point("nvfp4", "nvfp4", "array", "", 16, "", "", "", "", "", "fp32", 410, 0.0078, 1.25)
  put("name", "odd </script><script>throw 1</script> <!-- \"x\", & <b>"); put("format", "bcq"); put("variant", "frozen"); put("nc", 8)
  put("library", "sg13g2"); put("ge_per_mac", 455.5); put("nmse", 0.0061)
  flush_point()
  printf "\n ],\n \"workloads\": [{\"name\": \"prefill\"}, {\"name\": \"decode\"}]}\n" > json
}

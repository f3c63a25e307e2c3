# Liberty files, each behind a line of form feed and name -> one library: the first one's header, then of each
# what the former had not (templates, cells). One file passes unchanged.
#   awk -f merge.awk FILE

function die(what) { printf "synth/merge.awk: %s: %s\n", file, what > "/dev/stderr"; bad = 1; exit 2 }

/^\f/ {
  if (files && !ended) die("wanted the end of a library, got the end of the file")
  file = substr($0, 2); files++; depth = ended = 0; keep = files == 1
  next
}
{
  before = depth
  line = $0
  depth += gsub(/{/, "{", line) - gsub(/}/, "}", line)
  if (!before && depth && !/library/) die("wanted library (NAME) {, got " substr($0, 1, 40))
  if (before && !depth) { ended = 1; next }  # the library's own brace comes once, at the end
  if (files > 1) {
    if (before == 1 && depth > 1) {  # a group of the library
      name = $0
      gsub(/[ \t]/, "", name); sub(/\{.*/, "", name)
      keep = !(name in seen)
      seen[name] = 1
    } else if (before <= 1) keep = 0 + (before == 1 && depth == 1 && inside)
  } else if (before == 1 && depth > 1) {
    name = $0
    gsub(/[ \t]/, "", name); sub(/\{.*/, "", name)
    seen[name] = 1
  }
  if (keep && !ended) print
}
END {
  if (bad) exit 2
  if (!ended) die("wanted the end of a library, got the end of the file")
  print "}"
}

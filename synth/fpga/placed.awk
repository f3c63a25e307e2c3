# icebox_vlog declares each port in the header and again as a net: legal only if the header has names alone.
/^module / && !done {
  done = 1
  list = $0; sub(/^[^(]*\(/, "", list); sub(/\);$/, "", list)
  n = split(list, port, ", ")
  head = $0; sub(/\(.*/, "", head)
  for (i = 1; i <= n; i++) {
    name = port[i]; sub(/^(input|output|inout) /, "", name)
    names = names (i > 1 ? ", " : "") name
    declared = declared port[i] ";\n"
  }
  printf "%s(%s);\n%s", head, names, declared
  next
}
{ print }
END { if (!done) { print "placed.awk: no module" > "/dev/stderr"; exit 1 } }

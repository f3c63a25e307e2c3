# The period that each part needs: the most of what the ends in it do. What only passes values on has none.
#   awk -v period=NS -v read=NS -f timing.awk scopes.txt ends.txt [memory.read] > timing.csv
# ends.txt: see sta.tcl. memory.read: the worst path from a memory at PERIOD, which begins in a flip-flop there; with a
# macro that takes read ns to its data instead, it is the row total_with_memories.
# Where no least period was found, the totals have no delay, and say at their start whether PERIOD is met.

function die(what) { printf "synth/timing.awk: %s\n", what > "/dev/stderr"; bad = 1; exit 1 }
function take(p, ns, from, to) {
  if (!(p in needs) || ns > needs[p]) { needs[p] = ns; start[p] = from; end[p] = to }
}
function row(p) {
  if (p ~ /^total/ && unknown != "") printf "%s,%s,,,%s,\n", p, period, unknown
  else printf "%s,%s,%.3f,%.1f,%s,%s\n", p, period, needs[p], 1000 / needs[p], start[p], end[p]
}
BEGIN { print "part,period_ns,delay_ns,fmax_mhz,start,end" }
FNR == 1 { file++; reading = FILENAME ~ /\.read$/ }
file == 1 {
  part_at[$3] = $1
  if (!($1 in known)) { known[$1] = 1; order[++parts] = $1 }
  next
}
reading && $1 == "Startpoint:" { read_start = $2 }
reading && $1 == "Endpoint:" { read_end = $2 }
reading && $3 ~ /^[\^v]$/ && ++points == 2 { clock_to_q = $1 }
reading && /slack/ { read_slack = $1 }
reading { next }
$1 == "least" { least = 1; if ($2 == "none") unknown = $3; next }
{
  gsub(/\\/, "")
  where = $2
  if (!sub(/\/[^\/]*\/[^\/]*$/, "", where)) where = ""  # less cell and pin; the top's own have one slash or none
  if (!(where in part_at)) die("no part for the end " $2)
  take(part_at[where], $3, $1, $2)
  take("total", $3, $1, $2)
}
END {
  if (bad) exit 1
  if (!("total" in needs) || !least) die("wanted paths, OpenSTA found none")
  for (i = 1; i <= parts; i++) if (order[i] in needs) row(order[i])
  row("total")
  if (points > 1 && read) {
    take("total_with_memories", period - read_slack - clock_to_q + read, read_start, read_end)
    take("total_with_memories", needs["total"], start["total"], end["total"])
    row("total_with_memories")
  }
}

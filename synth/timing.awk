# The worst path of each part: of those that end in it, or, where nothing ends, of those through it.
#   awk -v period=NS -v read=NS -f timing.awk scopes.txt ends.txt [PART.through ...] [memory.read] > timing.csv
# memory.read: the worst path from a memory, which begins in a flip-flop there; with a macro that takes read ns to its
# data instead, it is the row total_with_memories.
# A path's delay is what the period would have to be: the period less the slack.

function die(what) { printf "synth/timing.awk: %s\n", what > "/dev/stderr"; bad = 1; exit 1 }
function take(p, slack, from, to) {
  if (!(p in least) || slack < least[p]) { least[p] = slack; start[p] = from; end[p] = to }
}
function row(p) {
  delay = period - least[p]
  printf "%s,%s,%.3f,%.1f,%s,%s\n", p, period, delay, 1000 / delay, start[p], end[p]
}
BEGIN { print "part,period_ns,delay_ns,fmax_mhz,start,end" }
FNR == 1 { file++; reading = FILENAME ~ /\.read$/; if (FILENAME ~ /\.through$/) { through = FILENAME; sub(/.*\//, "", through); sub(/\.through$/, "", through) } }
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
$2 !~ /^\(.*\)$/ || $4 !~ /^\(.*\)$/ { next }
{
  gsub(/\\/, "")
  where = $3
  if (!sub(/\/[^\/]*\/[^\/]*$/, "", where)) where = ""  # less cell and pin; the top's own have one slash or none
  p = through != "" ? through : part_at[where]
  if (p == "") die("no part for the end " $3)
  take(p, $5, $1, $3)
  if (through == "") take("total", $5, $1, $3)
}
END {
  if (bad) exit 1
  if (!("total" in least)) die("wanted paths, OpenSTA found none")
  for (i = 1; i <= parts; i++) if (order[i] in least) row(order[i])
  row("total")
  if (points > 1 && read) {
    least["total_with_memories"] = read_slack + clock_to_q - read
    start["total_with_memories"] = read_start; end["total_with_memories"] = read_end
    if (least["total"] < least["total_with_memories"]) {
      least["total_with_memories"] = least["total"]
      start["total_with_memories"] = start["total"]; end["total_with_memories"] = end["total"]
    }
    row("total_with_memories")
  }
}

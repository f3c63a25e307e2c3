# Figures of one placed board, as Markdown table rows: yosys' stat, nextpnr's log, (iCE40) icetime's log.
# Every figure must be found, else it fails.
function want(what) { if (!(what in got)) { printf "report.awk: no %s found\n", what > "/dev/stderr"; bad = 1 } return got[what] }
function row(what, text) { printf "| %s | %s |\n", what, text }
function short(name) { gsub(/_SB_[A-Z0-9_]*|_TRELLIS_[A-Z0-9_]*|_CCU2C_[A-Z0-9_]*|_LUT4_[A-Z0-9_]*/, "", name); return name }

# yosys: the last count of a cell is that of the whole design
$1 ~ /^(SB_LUT4|SB_CARRY|SB_RAM40_4K|LUT4|CCU2C|MULT18X18D|DP16KD|PDPW16KD|TRELLIS_FF|TRELLIS_DPR16X4)$/ && NF == 2 { cell[$1] = $2 }
$1 ~ /^SB_DFF/ && NF == 2 { ff += $2 }

# nextpnr: Info: <tab> ICESTORM_LC:  7114/ 7680    92%
/ICESTORM_LC:|ICESTORM_RAM:|TRELLIS_COMB:|TRELLIS_FF:|MULT18X18D:|DP16KD:/ {
  line = $0; sub(/.*: *\t? */, "", line)
  name = $0; sub(/: *[0-9].*/, "", name); sub(/.*[ \t]/, "", name)
  gsub(/\/ */, " of ", line); sub(/  +/, ", ", line)
  got[name] = line
}
# Printed after placement and after routing: the last one counts. So does the last path of the clock.
/Max frequency for clock/ { line = $0; target = line; sub(/.* at /, "", target); sub(/ MHz.*/, "", target); sub(/.*: /, "", line); split(line, word, " "); got["fmax"] = word[1] }
/Critical path report for clock/ { path = 1; source = sink = "" }
/Critical path report for cross-domain/ { path = 0 }
path && / Source / { line = $0; sub(/.* Source /, "", line); if (source == "") source = line; steps++ }
path && / (Setup|setup) / { line = $0; sub(/.*[Ss]etup +([0-9.]+ +)*(Source +)?/, "", line); sink = line }
path && /ns logic, / { line = $0; sub(/^Info: /, "", line); got["split"] = line; got["path"] = short(source) " to " short(sink); path = 0 }
/Program finished normally/ { done = 1 }
/^\/\/ *Timing estimate|Total path delay/ { line = $0; sub(/.*: /, "", line); got["icetime"] = line }

END {
  if (!done) { print "report.awk: nextpnr did not finish" > "/dev/stderr"; exit 1 }
  print "| what | figure |"
  print "|---|---|"
  if (family == "ice40") {
    row("logic cells (a LUT4, a carry, a flip-flop each)", want("ICESTORM_LC"))
    row("LUT4, Yosys", cell["SB_LUT4"] + 0)
    row("flip-flops, Yosys", ff + 0)
    row("DSP blocks", "none in this part")
    row("RAM blocks, 4 kbit", want("ICESTORM_RAM"))
    row("Fmax, nextpnr", want("fmax") " MHz (aimed at " target ")")
    row("Fmax, icetime", want("icetime"))
  } else {
    row("LUT4", want("TRELLIS_COMB"))
    row("flip-flops", want("TRELLIS_FF"))
    row("DSP blocks, MULT18X18D", want("MULT18X18D"))
    row("RAM blocks, 18 kbit", want("DP16KD"))
    row("Fmax, nextpnr", want("fmax") " MHz (aimed at " target ")")
  }
  row("critical path", want("path"))
  row("of which", want("split"))
  exit bad
}

#!/bin/bash
# synth/cells.sh and synth/job.sh on small designs and a library made here: what they leave, and what they say of
# bad input. Usage: tb/test_synth.sh   (from the project's root; needs yosys and build/gen/bcq_pkg.sv)
set -u
if ! command -v yosys > /dev/null; then echo "1 skipped: yosys is not installed"; echo "0 passed, 0 failed"; exit 1; fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0
check() {  # WHAT COMMAND...
  local what=$1
  shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "failed: $what" >&2; fi
}
# Ends so: status, and the last line of what it says; nothing is left of it.
refuses() {  # STATUS TEXT COMMAND...
  local want=$1 text=$2 rc=0 said
  shift 2
  said=$("$@" 2>&1) || rc=$?
  if [ "$rc" = "$want" ] && [[ $said == *"$text"* ]] && [ "$(wc -l <<< "$said")" = 1 ] && left_nothing; then return 0; fi
  echo "got $rc: $said" >&2
  return 1
}
left_nothing() { [ -z "$(find "$dir" -maxdepth 1 -name 'new*')" ]; }
job() { synth/job.sh -o "$dir/new" -c "$dir/cells" "$@"; }

# ---- Libraries ----
awk -f synth/toy_lib.awk > "$dir/toy.lib"
check 'a library is made ready' synth/cells.sh "$dir/toy.lib" "$dir/cells"
gzip -k "$dir/toy.lib"
synth/cells.sh "$dir/toy.lib.gz" "$dir/zipped"
check 'gzip makes no difference' cmp -s "$dir/cells/cells.lib" "$dir/zipped/cells.lib"
# The same in two files, each with its own header, in a folder.
mkdir "$dir/parts"
awk '/cell\(XOR2\)/ { exit } { print } END { print "}" }' "$dir/toy.lib" > "$dir/parts/1.lib"
awk 'NR == 1 { print } /cell\(XOR2\)/ { on = 1 } on' "$dir/toy.lib" > "$dir/parts/2.lib"
sed -i '1a lu_table_template(same) {\n}' "$dir/parts/1.lib" "$dir/parts/2.lib"
synth/cells.sh "$dir/parts" "$dir/merged"
check 'two files make one library' diff -q "$dir/cells/facts.txt" "$dir/merged/facts.txt"
check 'a merged library has each cell once' [ "$(grep -c 'cell(' "$dir/merged/cells.lib")" = "$(grep -c 'cell(' "$dir/toy.lib")" ]
check 'no file: refused' refuses 2 'wanted a liberty file, got none' synth/cells.sh "$dir/nobody.lib" "$dir/new"
head -20 "$dir/toy.lib" > "$dir/short.lib"
check 'a short file: refused' refuses 2 'wanted the end of a library, got the end of the file' synth/cells.sh "$dir/short.lib" "$dir/new"
check 'what both have comes once' [ "$(grep -c same "$dir/merged/cells.lib")" = 1 ]
echo 'no library' > "$dir/text.lib"
check 'a text: refused' refuses 2 'wanted' synth/cells.sh "$dir/text.lib" "$dir/new"

# Blanks in paths: of the library, and of a memory macro beside it.
mkdir "$dir/the sg13g2 cells"
cp "$dir/toy.lib" "$dir/the sg13g2 cells/cells of IHP.lib"
cat > "$dir/the sg13g2 cells/RM_X_2P_64x32_typ.lib" <<'LIB'
cell (RM_X_2P_64x32) {
area : 5000;
timing_type : rising_edge;
cell_rise (t) { values("3.25"); }
LIB
check 'blanks in paths' synth/cells.sh "$dir/the sg13g2 cells/cells of IHP.lib" "$dir/blanks"
check 'the macro is found' grep -qx 'macro RM_X_2P_64x32 64 32 5000 3.25' "$dir/blanks/facts.txt"

# ---- Jobs ----
check 'no blank in the paths of a job: refused' refuses 2 'wanted paths of letters, digits and _./+- alone' \
  synth/job.sh -o "$dir/new job" -c "$dir/cells" -t bcq_pe
check 'nor in those of cells' refuses 2 'wanted paths of letters, digits and _./+- alone' \
  synth/job.sh -o "$dir/new" -c "$dir/no cells" -t bcq_pe
# Tools that end without an error's line.
mkdir "$dir/bin"
tool_says() { printf '#!/bin/sh\n%s\n' "$1" > "$dir/bin/yosys"; chmod +x "$dir/bin/yosys"; PATH=$dir/bin:$PATH job -t bcq_pe; }
check 'what a tool says last is told' refuses 1 'yosys failed: out of luck' tool_says 'echo first; echo out of luck; exit 3'
check 'a tool that says nothing' refuses 1 'yosys failed: status 3, and said nothing' tool_says 'exit 3'
check 'a tool that is killed' refuses 1 'yosys failed: signal 9' tool_says 'kill -9 $$'
check 'no such top: refused' refuses 2 'wanted a module of rtl/' job -t nobody
check 'no such recipe: refused' refuses 2 'wanted one of a2' job -t bcq_pe -r nobody
check 'no cells: refused' refuses 2 'wanted a folder made by synth/cells.sh' synth/job.sh -o "$dir/new" -c "$dir" -t bcq_pe
check 'no such parameter: refused' refuses 1 'yosys failed' job -t bcq_pe -p '-chparam Nobody 3'
mkdir "$dir/there"
check 'an old folder: refused' refuses 2 'wanted a new folder' synth/job.sh -o "$dir/there" -c "$dir/cells" -t bcq_pe
check 'the time limit ends it' refuses 1 'wanted yosys to end within SYNTH_S=1 seconds' env SYNTH_S=1 synth/job.sh -o "$dir/new" -c "$dir/cells" -t bcq_gemm
check 'no seconds: refused' refuses 2 'SYNTH_S: wanted seconds, got soon' env SYNTH_S=soon synth/job.sh -o "$dir/new" -c "$dir/cells" -t bcq_pe

# Interrupted while the tool runs. A shell in the background ignores SIGINT; SIGTERM goes the same way.
synth/job.sh -o "$dir/new" -c "$dir/cells" -t bcq_gemm 2> /dev/null &
pid=$!
for _ in $(seq 100); do left_nothing || break; sleep 0.05; done
kill "$pid"
rc=0
wait "$pid" || rc=$?
check 'an interrupt is told' [ $rc = 130 ]
check 'an interrupt leaves nothing' left_nothing

# A small part with two kinds of cells below it; delays where the library has them.
check 'a job ends' job -t bcq_codebooks -p "-chparam NC 2 -chparam B 2 -chparam EW 4"
check 'the parts sum to the total' awk -F , '$1 == "total" { t = $3; next } NR > 1 { s += $3 } END { exit !(s > 0 && s - t < 0.001 && t - s < 0.001) }' "$dir/new/parts.csv"
check 'the total is what Yosys counts' [ "$(awk -F , '$1 == "total" { printf "%.0f", $3 }' "$dir/new/parts.csv")" = "$(awk '/Chip area/ { printf "%.0f", $NF }' "$dir/new/stat.txt")" ]
check 'its flip-flops are those of the source' [ "$(awk -F , '$1 == "total" { print $5 }' "$dir/new/parts.csv")" = 32 ]
check 'a library without times has no delays' [ ! -e "$dir/new/timing.csv" ]
check 'and says so' grep -q '^timing: no: the library has no times$' "$dir/new/job.txt"

# What no line of blocks.def names stops a job; a wrong sum does, too.
parts() { awk -v top="$1" -v memories="$dir/m" -v scopes="$dir/s" -f synth/parts.awk "$2" "$dir/cells/facts.txt" "$dir/new/coarse.il" "$dir/new/buffered.il" "$3" 3>&1 > /dev/null 2>&3; }
grep -v codebooks synth/blocks.def > "$dir/blocks"
check 'a module without a part: refused' [ "$(parts bcq_codebooks "$dir/blocks" "$dir/new/stat.txt")" = 'synth/parts.awk: synth/blocks.def: wanted a part for bcq_codebooks at "", got none' ]
sed 's/\(Chip area.*: \)/\11/' "$dir/new/stat.txt" > "$dir/stat"
wrong_sum() { parts bcq_codebooks synth/blocks.def "$dir/stat" | grep -q 'parts sum to'; }
check 'another area than Yosys counts: refused' wrong_sum

# Trees of buffers: no net of an array may have more than 16 loads, clocks apart; and none is changed for nothing.
awk -f synth/buffers.awk "$dir/cells/facts.txt" "$dir/new/buffered.il" > "$dir/again"
check 'a buffered design needs no more buffers' [ "$(grep -c '^ *cell ' "$dir/again")" = "$(grep -c '^ *cell ' "$dir/new/buffered.il")" ]
check 'there were some to put in' [ "$(grep -c '^ *cell ' "$dir/new/buffered.il")" -gt "$(grep -c '^ *cell ' "$dir/new/mapped.il")" ]

# A memory inside another module becomes a module with the accumulators' ports, and is timed as flip-flops.
rm -r "$dir/new"
check 'a job with a memory ends' job -t bcq_fifo -p '-chparam Width 16 -chparam Depth 8'
check 'its memory is named' grep -q '^bcq_acc_memory 1 8 x 16 1 write 1 read$' "$dir/new/memories.txt"
check 'it is no flip-flops' [ "$(awk -F , '$1 == "total" { print $5 }' "$dir/new/parts.csv")" = 8 ]
check 'its part is there' grep -q '^buffers,1,0.0000,' "$dir/new/parts.csv"
osu=/usr/share/qflow/tech/osu018/osu018_stdcells.lib
if [ -e $osu ] && command -v sta > /dev/null; then
  rm -r "$dir/new"
  synth/cells.sh $osu "$dir/cells"
  check 'a job with delays ends' job -t bcq_fifo -p '-chparam Width 16 -chparam Depth 8'
  check 'parts have delays' [ "$(cut -d, -f1 "$dir/new/timing.csv" | tr '\n' ' ')" = 'part encoder buffers total ' ]
  check 'the slowest part is the total' awk -F , 'NR > 1 && $1 != "total" && $3 > m { m = $3 } $1 == "total" { t = $3 } END { exit !(t > 0.2 && t == m) }' "$dir/new/timing.csv"
  rm -r "$dir/new"
  # Latches: one that lets late data through needs no period of its own; half a cycle counts twice; codebooks stand.
  # What comes out is the least period: a little more is met, a little less is not.
  check 'a job with latches ends' job -t bcq_gemm -r map -p "-chparam LA 16 -chparam NC 2 -chparam B 2 -chparam EW 4 \
    -chparam Cols 2 -chparam T 4 -chparam NDec 2 -chparam Asic 1'b1"
  least=$(awk -F , '$1 == "total" { print $3 }' "$dir/new/timing.csv")
  slack_at() {  # PERIOD: 1 if it is met
    sed -e "s|[^ ]*/\(netlist[.]v\)|$dir/new/\1|; s|[^ ]*/\(memory_cells[.]v\)|$dir/new/\1|; /^least_period/d" "$dir/new/sta.tcl" > "$dir/at.tcl"
    echo "puts \"met [expr {[ends_at $1 $dir/at.txt slack from] >= 0}]\"" >> "$dir/at.tcl"
    sta -no_splash -exit "$dir/at.tcl" | sed -n 's/^met //p'
  }
  check 'its least period is below the target' awk -v p="$least" 'BEGIN { exit !(p > 1 && p < 7.4) }'
  check 'its least period is met' [ "$(slack_at "$(awk -v p="$least" 'BEGIN { print p + 0.01 }')")" = 1 ]
  check 'less is not' [ "$(slack_at "$(awk -v p="$least" 'BEGIN { print p - 0.01 }')")" = 0 ]
  check 'no path begins in its codebooks' [ "$(grep -c '^g_tables.u_codebooks_[aw]/_[0-9]*_/Q.* u_array' "$dir/at.txt")" = 0 ]
  # Without a least period there is none in the totals, and what is known is said.
  sed 's/^least .*/least none met/' > "$dir/ends.txt" <<'ENDS'
u_sequencer/_1_/Q u_sequencer/_2_/D 3.5
least 3.5
ENDS
  none() { awk -v period=7.5 -f synth/timing.awk "$dir/new/scopes.txt" "$dir/ends.txt"; }
  check 'no least period: the target is met' [ "$(none | tail -2 | tr '\n' ' ')" = 'sequencer,7.5,3.500,285.7,u_sequencer/_1_/Q,u_sequencer/_2_/D total,7.5,,,met, ' ]
  rm -r "$dir/new"
  check 'no period above the flip-flops: refused' refuses 2 'wanted a period in ns above' job -t bcq_pe -s 0.1
else
  echo "10 skipped: delays need qflow-tech-osu018 and opensta"
fi

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed != 0 ]

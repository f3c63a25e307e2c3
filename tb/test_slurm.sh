#!/bin/bash
# test_slurm.sh BCQ LIBERTY: `bcq explore --slurm` on a Slurm of one node, which this test starts for itself as root and
# ends again: its tables are those of a run without Slurm. The last line is "N passed, N failed".
if [ $# != 2 ] || [ ! -x "$1" ] || [ ! -s "$2" ]; then
  echo "test_slurm.sh: wanted bcq and a library, got \"$*\"" >&2
  exit 2
fi
skip() { echo "1 skipped: $*"; echo '0 passed, 0 failed'; exit 0; }
for tool in slurmctld slurmd sbatch sinfo munged; do
  command -v $tool > /dev/null || skip "no $tool (Debian: apt-get install slurm-wlm munge)"
done
command -v yosys > /dev/null || skip 'no yosys'
[ "$(id -u)" = 0 ] || skip 'not root, which slurmd wants'
bcq=$(realpath "$1") library=$(realpath "$2")
dir=$(mktemp -d) || exit 2
chmod 755 "$dir"  # munge wants all users to reach its socket
cd "$dir" || exit 2
export LC_ALL=C SLURM_CONF=$dir/slurm.conf
unset "${!SBATCH_@}"

# Ends what was started, by its process ids, and waits for it. The jobs are of slurmd's making: they go first.
daemons=()
end() {
  trap '' INT TERM
  [ ${#daemons[@]} -lt 3 ] || scancel --quiet --user=root 2> /dev/null
  for ((i = ${#daemons[@]} - 1; i >= 0; i--)); do
    kill "${daemons[i]}" 2> /dev/null
    wait "${daemons[i]}" 2> /dev/null
  done
  cd /
  rm -rf "$dir"
}
trap end EXIT
trap 'exit 2' INT TERM

passed=0 failed=0
check() {
  name=$1
  shift
  if "$@"; then passed=$((passed + 1)); return 0; fi
  failed=$((failed + 1))
  echo "FAIL: $name"
  return 1
}
die() { echo "FAIL: $*"; echo "$passed passed, $((failed + 1)) failed"; exit 1; }
# Until the command succeeds, half a minute at most.
until_ready() { for ((n = 0; n < 300; n++)); do "$@" > ready.log 2>&1 && return; sleep 0.1; done; return 1; }
unused() { ! (: < "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# ---- Slurm ---------------------------------------------------------------------------------------------
port=$((20000 + RANDOM % 20000))
until unused $port && unused $((port + 1)); do port=$((20000 + RANDOM % 20000)); done
host=$(hostname -s)
cat > slurm.conf << END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc)
PartitionName=only Nodes=$host Default=YES State=UP
END
# Without a system daemon there are no control groups to hand out; earlier versions do not know the word.
version=$(slurmd -V | sed 's/[^0-9]*\([0-9]*\).*/\1/')
[ "$version" -lt 23 ] || echo 'CgroupPlugin=disabled' > cgroup.conf
mkdir state spool
head -c 128 /dev/urandom > munge.key
chmod 600 munge.key
munged --foreground --key-file="$dir/munge.key" --socket="$dir/munge.socket" --log-file="$dir/munge.log" \
  --pid-file="$dir/munge.pid" --seed-file="$dir/munge.seed" > munge.out 2>&1 &
daemons+=($!)
until_ready munge -S "$dir/munge.socket" -n || die "munged: wanted it to answer, got: $(tail -1 munge.out munge.log)"
slurmctld -D > slurmctld.out 2>&1 &
daemons+=($!)
slurmd -D -N "$host" > slurmd.out 2>&1 &
daemons+=($!)
idle() { sinfo --noheader --format=%T | grep -qx idle; }
until_ready idle || die "Slurm: wanted an idle node, got: $(sinfo 2>&1 | tail -1); $(tail -1 slurmctld.log); $(tail -1 slurmd.log)"

# ---- A sweep here and there ------------------------------------------------------------------------------
cat > sweep.space << 'END'
format = bcq int8-token
la     = 16
nc     = 2
cols   = 2
t      = 4
END
"$bcq" explore sweep.space --library "$library" --cache here -o here-tables > here.log 2>&1
check 'without Slurm' [ $? = 0 ] || cat here.log
"$bcq" explore sweep.space --library "$library" --cache there -o there-tables --slurm --partition only > there.log 2>&1
check 'with Slurm' [ $? = 0 ] || cat there.log
rows=$(sed 1d here-tables/points.csv | wc -l)
check 'two points' [ "$rows" = 2 ]
for table in points parts workloads; do check "$table.csv are the same" cmp here-tables/$table.csv there-tables/$table.csv; done
check 'the page' test -s there-tables/page.html
# That Slurm did it: a task a point ran and ended well, and the cache was filled before the tables were made.
check 'a task a point' [ "$(grep -c 'done.*WEXITSTATUS 0\|_job_complete:.*WEXITSTATUS 0' slurmctld.log)" -ge "$rows" ]
for ((task = 1; task <= rows; task++)); do check "log of task $task" test -e there-tables/slurm-$task.log; done
check 'the array' grep -q "^#SBATCH --array=1-$rows" there-tables/sweep.sbatch
names() { for f in "$1"/*; do echo "${f##*/}"; done; }
check 'the same jobs in both caches' [ "$(names here)" = "$(names there)" ]

# ---- What goes wrong ---------------------------------------------------------------------------------------
"$bcq" explore sweep.space --library "$library" --cache third -o third-tables --slurm --partition absent > out 2> err
status=$?
check 'no such partition: exit status' [ $status != 0 ]
check 'no such partition: no tables' [ ! -e third-tables/points.csv ]
check 'no such partition: it says so' grep -q partition err

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]

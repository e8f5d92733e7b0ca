#!/usr/bin/env bash
# `gan-lab sweep --launcher slurm` on a real Slurm: Debian's, with two nodes that this machine plays.
#
# Eight runs go out as a job array. In the middle one is killed, one is told to make room, and a node dies with all that
# runs on it. All eight must finish all the same, going on where they stopped, and what they leave must equal what a local
# pool leaves, byte for byte.
#
#   ./scripts/test-slurm.sh                             builds gan-lab if it is not built
#   GAN_LAB=/path/to/gan-lab ./scripts/test-slurm.sh    another gan-lab
#   GAN_LAB_TEST_LOGS=/path/to/folder …                 keeps the logs there
#
# Needs root and apt-get, no systemd. Installs slurmctld, slurmd, slurm-client and munge, which stay installed; where it
# may not or cannot, it says so and exits with 77. Nothing else stays: the cluster's configuration, key, socket, state
# and logs are in a temporary directory, none of the packages' own services is started, and all ends with this script.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"

# An epoch takes some hundredths of a second: enough of them for a run to be hit in the middle.
EPOCHS=${GAN_LAB_TEST_EPOCHS:-100}
# Seconds that the array may take.
PATIENCE=${GAN_LAB_TEST_PATIENCE:-200}

skip() {
  say "skipped: $1"
  exit 77
}
[ "$(id -u)" = 0 ] || skip "Slurm's daemons can be tested by root only."
command -v apt-get >/dev/null 2>&1 || skip "there is no apt-get to install Slurm with."

WORLD=$(mktemp -d)
ODD=$WORLD/"it's a#b, 50%A \"odd\""
FROM=$WORLD/"from \\ here #2 %a"
CONF=$WORLD/slurm.conf
POLICY=/usr/sbin/policy-rc.d
own_policy=''
# Only Slurm's programs get to know the configuration, so that "ours" finds them and nothing else.
slurm() { SLURM_CONF=$CONF "$@"; }

# The processes that were started with this cluster's configuration and, if one is given, on that node.
ours() {
  local file
  for file in $(grep -lzxF "SLURM_CONF=$CONF" /proc/[0-9]*/environ 2>/dev/null); do
    [ $# -eq 0 ] || grep -qzxF "SLURMD_NODENAME=$1" "$file" 2>/dev/null || continue
    file=${file#/proc/}
    printf '%s\n' "${file%/environ}"
  done
}

end() {
  local code=$? pid left
  trap - EXIT
  trap '' INT TERM
  set +e
  if [ "$code" != 0 ] && [ "$code" != 77 ]; then
    for log in "$ODD"/logs/* "$WORLD"/*.log; do
      [ -s "$log" ] && say "--- ${log#"$WORLD"/}" "$(tail -n 15 "$log")"
    done
  fi
  if [ -n "${GAN_LAB_TEST_LOGS:-}" ]; then
    mkdir -p "$GAN_LAB_TEST_LOGS"
    cp "$WORLD"/*.log "$WORLD"/*.out "$ODD"/logs/* "$GAN_LAB_TEST_LOGS" 2>/dev/null
  fi
  # The controller is asked first, so that it takes its own helper along.
  if [ -n "${controller:-}" ] && kill -TERM "$controller" 2>/dev/null; then
    for _ in {1..50}; do kill -0 "$controller" 2>/dev/null || break; sleep 0.1; done
  fi
  # Twice: what is starting while the first round goes through is caught by the second.
  for _ in 1 2; do
    for pid in $(ours) $(jobs -p); do kill -KILL "$pid" 2>/dev/null; done
    { wait; } 2>/dev/null
    sleep 0.2
  done
  left=$(ours)
  rm -rf "$WORLD"
  [ -z "$own_policy" ] || rm -f "$POLICY"
  if [ -n "$left" ] || [ -e "$WORLD" ]; then
    say "error: something is left over: process(es) ${left:-none}, $WORLD"
    [ "$code" != 0 ] || code=1
  fi
  exit "$code"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# until_true SECONDS WHAT COMMAND…: waits until the command succeeds.
until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || die "waited in vain: $what"
    sleep 0.2
  done
}

install_slurm() {
  local missing=() tool
  for tool in slurmctld slurmd munged sbatch; do command -v "$tool" >/dev/null 2>&1 || missing+=("$tool"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  # Debian asks this file whether a package may start its service: none may.
  if [ ! -e "$POLICY" ]; then
    own_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
  fi
  apt_install --no-install-recommends slurmctld slurmd slurm-client munge || skip "apt-get cannot install Slurm and munge."
  if [ -n "$own_policy" ]; then rm -f "$POLICY"; own_policy=''; fi
}

busy() { (: >"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

configure() {
  local port=16817 host
  while busy "$port" || busy "$((port + 1))" || busy "$((port + 2))"; do
    port=$((port + 10))
    [ "$port" -lt 17817 ] || die "no three free ports in a row from 16817 on"
  done
  host=$(hostname -s)
  # munge wants its socket where everybody can go, and its key where only its owner can.
  chmod 755 "$WORLD"
  (umask 077 && head -c 1024 /dev/urandom >"$WORLD/munge.key")
  # cred_expire is also how long a requeued task is held; 5 s is the least (default: 120 s). SlurmdTimeout is how long a
  # silent node is believed to be alive. config_overrides: the nodes may claim more CPUs than this machine has.
  cat >"$CONF" <<END
ClusterName=gan-lab-test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=$port
AuthType=auth/munge
AuthInfo=socket=$WORLD/munge.socket,cred_expire=5
StateSaveLocation=$WORLD/state
SlurmdSpoolDir=$WORLD/spool-%n
SlurmctldPidFile=$WORLD/slurmctld.pid
SlurmdPidFile=$WORLD/slurmd-%n.pid
SlurmctldLogFile=$WORLD/slurmctld.log
SlurmdLogFile=$WORLD/slurmd-%n.log
MailProg=/bin/true
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,bf_interval=2
SlurmdTimeout=10
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=2
PartitionName=test Nodes=n1,n2 Default=YES State=UP
END
  mkdir "$WORLD/state"
}

# start NAME COMMAND…: a daemon in the foreground of the background, so that its process is a child of this script.
start() {
  local log=$WORLD/$1.out
  shift
  # Not by way of the function: a function in the background is a shell with the daemon below it, and $! the shell's.
  SLURM_CONF=$CONF "$@" >"$log" 2>&1 </dev/null &
}

nodes_ready() { [ "$(slurm sinfo -hN -o %T 2>/dev/null | grep -c idle)" = 2 ]; }

start_cluster() {
  start munged munged --foreground --key-file="$WORLD/munge.key" --socket="$WORLD/munge.socket" \
    --pid-file="$WORLD/munged.pid" --log-file="$WORLD/munged.log" --seed-file="$WORLD/munged.seed"
  until_true 15 "munge" test -S "$WORLD/munge.socket"
  start slurmctld slurmctld -D
  controller=$!
  start slurmd-n1 slurmd -D -N n1
  start slurmd-n2 slurmd -D -N n2
  node2=$!
  until_true 30 "both nodes to be idle" nodes_ready
}

# The run directories, in the order of the plan's lines.
run_dirs() { sed -E 's/^.*"dir": ?"([^"]*)".*$/\1/' "$1/plan.jsonl"; }

# epochs INDEX: how many epochs the run has recorded.
epochs() { wc -l 2>/dev/null <"$ODD/${dirs[$1]}/metrics.jsonl" || echo 0; }

# The tasks at work, "index node" a line.
at_work() { slurm squeue -h -r -t RUNNING -o '%K %N' 2>/dev/null | sort; }
four_at_work() {
  local task
  [ "$(at_work | wc -l)" = 4 ] || return 1
  [ -s "$ODD/plan.jsonl" ] || return 1
  mapfile -t dirs < <(run_dirs "$ODD")
  for task in $(at_work | cut -d' ' -f1); do [ "$(epochs "$task")" -ge 30 ] || return 1; done
}

# The process of a task's gan-lab, not that of the shell around it.
process_of() {
  local pid
  for pid in $(ours n1); do
    grep -qzxF "SLURM_ARRAY_TASK_ID=$1" "/proc/$pid/environ" 2>/dev/null || continue
    if tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qx -e --index; then printf '%s\n' "$pid" && return 0; fi
  done
  return 1
}

# A node dies: its daemon, the shepherds of its jobs and the jobs themselves, at once.
kill_node() {
  local victims shepherds='' pid
  victims=$(ours n2)
  for pid in $victims; do
    parent=$(awk '/^PPid:/ {print $2}' "/proc/$pid/status" 2>/dev/null || true)
    grep -qs slurmstepd "/proc/$parent/comm" && shepherds="$shepherds $parent"
  done
  # shellcheck disable=SC2086
  kill -KILL "$node2" $shepherds $victims 2>/dev/null || true
  wait "$node2" 2>/dev/null || true
}

# What of a run must be the same wherever it was made: everything but the clock's readings.
digest() {
  local file
  (
    cd "$1"
    find . -type f | LC_ALL=C sort | while read -r file; do
      printf '%s ' "$file"
      sed -E 's/,"seconds":[0-9.e-]+//' "$file" | sha256sum
    done
  )
}

install_slurm
gan_lab=${GAN_LAB:-${CARGO_TARGET_DIR:-target}/release/gan-lab}
if [ ! -x "$gan_lab" ] && [ -z "${GAN_LAB:-}" ]; then
  need_rust
  need_cxx
  ./scripts/setup-libtorch.sh
  cargo build --release --locked
fi
[ -x "$gan_lab" ] || die "there is no program $gan_lab"
gan_lab=$(realpath "$gan_lab")

cat >"$WORLD/plan.json" <<END
{
  "base": { "epochs": $EPOCHS, "threads": 1, "data": { "path": "$ROOT/data/points.mat" } },
  "grid": { "model": ["gan", "wgan"], "optim": ["rmsprop", "adam"], "seed": [0, 1] }
}
END

say "a local pool does the eight runs"
"$gan_lab" sweep "$WORLD/plan.json" --out "$WORLD/local" --jobs 2 >"$WORLD/local.log" 2>&1 </dev/null ||
  die "the local pool failed"
say "starting Slurm with two nodes (after $SECONDS s)"
configure
start_cluster

say "a job array does them, four at a time (after $SECONDS s)"
mkdir "$FROM"
cd "$FROM"
SLURM_CONF=$CONF "$gan_lab" sweep "$WORLD/plan.json" --out "$ODD" --launcher slurm --submit --partition test \
  --time 00:10:00 --max-parallel 4 >"$WORLD/launcher.log" 2>&1 </dev/null &
launcher=$!
cd "$ROOT"
dirs=()
until_true 60 "four tasks to be at work" four_at_work
at=$(at_work)
mapfile -t on_n1 < <(sed -n 's/ n1$//p' <<<"$at")
mapfile -t on_n2 < <(sed -n 's/ n2$//p' <<<"$at")
[ "${#on_n1[@]}" = 2 ] && [ "${#on_n2[@]}" = 2 ] || die "expected two tasks on each node" "$at"
killed=${on_n1[0]} told=${on_n1[1]}
job=$(slurm squeue -h -r -o %F | head -n 1)
declare -A before=() least=()
for task in "$killed" "$told" "${on_n2[@]}"; do before[$task]=$(epochs "$task"); least[$task]=${before[$task]}; done

say "killing task $killed on n1, telling task $told to make room, killing n2 with tasks ${on_n2[*]} (after $SECONDS s)"
pid=$(process_of "$killed") || die "the process of task $killed is not to be found"
kill_node
kill -KILL "$pid"
# As Slurm does it before a time limit. With its time bounded: a scancel that meets a task on its way back into the queue
# tries again for a minute, and hits it a second time when it is at work again.
SLURM_CONF=$CONF timeout 3 scancel --signal=USR1 --batch "${job}_$told" >/dev/null 2>&1 || true

deadline=$((SECONDS + PATIENCE))
while kill -0 "$launcher" 2>/dev/null; do
  [ "$SECONDS" -lt "$deadline" ] || die "the array has not ended after $PATIENCE s" "$(slurm squeue -r -o '%i %T %r %N')"
  # A run that began anew instead of going on would show fewer epochs than it had.
  for task in "${!before[@]}"; do
    now=$(epochs "$task")
    [ "$now" -ge "${least[$task]}" ] || least[$task]=$now
  done
  sleep 0.1
done
code=0
wait "$launcher" || code=$?
[ "$code" = 0 ] || die "gan-lab sweep --launcher slurm ended with $code"
say "the array has ended (after $SECONDS s)"

"$gan_lab" sweep status "$ODD" >"$WORLD/status.log" 2>&1 </dev/null || die "gan-lab sweep status: not all are done" "$(cat "$WORLD/status.log")"
for task in "${!before[@]}"; do
  [ "${before[$task]}" -lt "$EPOCHS" ] || die "task $task was done before it was hit; raise GAN_LAB_TEST_EPOCHS"
  # What was done since the state was last saved, about a second's work, is done again.
  [ "${least[$task]}" -ge "$((before[$task] / 3))" ] ||
    die "task $task began anew: ${before[$task]} epochs when it was hit, ${least[$task]} later"
  restarts=$(slurm scontrol show job "${job}_$task" 2>/dev/null | sed -n 's/^.*Restarts=\([0-9]*\).*$/\1/p' | head -n 1)
  [ "${restarts:-0}" -ge 1 ] || die "Slurm did not start task $task again (Restarts=${restarts:-unknown})"
done
[ "$(slurm sinfo -hN -n n2 -o %T)" != idle ] || die "n2 is idle; it should be down"

for task in {0..7}; do [ -e "$ODD/logs/${job}_$task.txt" ] || die "task $task has no log in the sweep's folder"; done
[ -z "$(ls -A "$FROM")" ] || die "something was written where the sweep was started"

compared=0
cmp -s "$WORLD/local/plan.jsonl" "$ODD/plan.jsonl" || die "the two plans differ"
mapfile -t dirs < <(run_dirs "$WORLD/local")
for dir in "${dirs[@]}"; do
  diff <(digest "$WORLD/local/$dir") <(digest "$ODD/$dir") >&2 || die "$dir differs from the local pool's"
  compared=$((compared + 1))
done
[ "$compared" = 8 ] || die "$compared runs were compared, not 8"
say "test-slurm.sh: 8 of 8 runs finished and equal the local pool's; 4 were hit and went on (after $SECONDS s)"

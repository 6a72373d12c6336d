#!/bin/bash
# A task of the array that tekmatch-slurm submits: matches shard
# SLURM_ARRAY_TASK_ID.
#
# Usage: shard_task.sh TEKMATCH DIR ID
#
# DIR is the folder of submission ID (submission.py has what lies in it). The
# partial is written under a name of this run, and gets its own once it is whole:
# a run that is killed leaves nothing that could be taken for a result. Two runs of a
# shard may go on at once, where a node is only thought to be dead: a run removes what
# is its own, and, once the partial is there, what the job's earlier runs left; and it
# has not failed where another one was done first.
#
# Exits with what tekmatch ends with, or 0 if the partial is there; 127: there is no
# tekmatch here; 75: DIR is not the submission's here.
set -uo pipefail
umask 077
tekmatch=$1 dir=$2 id=$3
shard=$SLURM_ARRAY_TASK_ID
restarts=${SLURM_RESTART_COUNT:-0}
runs=${SLURM_ARRAY_JOB_ID}_$shard
run=$runs.$restarts
node=${SLURMD_NODENAME:-$(hostname)}
name=$dir/shards/$shard

# Removes what this run left, and the earlier ones of its job; of tekmatch's own
# files, too. For when the partial is there: an earlier run may still be going on.
clean() {
  local restart began
  began=$(cat "$name.started" 2>/dev/null)
  for ((restart = 0; restart <= restarts; ++restart)); do
    rm -f "$name.partial.$runs.$restart" "$name.partial.$runs.$restart".*
    [[ ${began%% *} != "$runs.$restart" ]] || rm -f "$name.started"
  done
}

# leave STATUS WORDS...: says why in the log, and by a file for `status`.
leave() {
  printf 'shard %s, run %s on %s: %s\n' "$shard" "$run" "$node" "${*:2}" >&2
  if [[ -e $name.partial ]]; then
    printf 'shard %s, run %s on %s: another run was done first\n' "$shard" "$run" "$node"
    clean
    exit 0
  fi
  printf '%s %s %s\n' "$run" "$node" "$1" >"$name.failed"
  exit "$1"
}

if [[ $(cat "$dir/id" 2>&1) != "$id" ]]; then
  printf '%s: on %s this is not the folder of the submission; is it shared?\n' "$dir" "$node" >&2
  exit 75
fi
# An earlier run's node died when the partial was there already.
if [[ -e $name.partial ]]; then
  clean
  exit 0
fi
rm -f "$name.failed"
printf '%s %s\n' "$run" "$node" >"$name.started" || leave 1 "$name.started cannot be written"
[[ -x $tekmatch ]] || leave 127 "there is no $tekmatch on this node"

"$tekmatch" match --plan "$dir/plan" --shard "$shard" \
  --threads "${SLURM_CPUS_PER_TASK:-1}" --partial "$name.partial.$run" ||
  leave $? "tekmatch ended with status $?"
mv -f "$name.partial.$run" "$name.partial" || leave 1 "$name.partial cannot be written"
# Another run may have failed meanwhile.
rm -f "$name.failed"
clean
printf 'shard %s, run %s on %s: done\n' "$shard" "$run" "$node"

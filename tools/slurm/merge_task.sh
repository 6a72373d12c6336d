#!/bin/bash
# The merge that follows the array of tekmatch-slurm, as a job or by hand.
#
# Usage: merge_task.sh TEKMATCH DIR ID SHARDS OUTPUT-OPTIONS...
#
# Merges what there is of the partials 1 to SHARDS: tekmatch says by name which are
# missing, and writes nothing then. Exits as shard_task.sh does.
set -uo pipefail
umask 077
tekmatch=$1 dir=$2 id=$3 shards=$4
shift 4
run=${SLURM_JOB_ID:-by hand}
node=${SLURMD_NODENAME:-$(hostname)}

leave() {
  printf 'merge, run %s on %s: %s\n' "$run" "$node" "${*:2}" >&2
  printf '%s\n' "$1" >"$dir/merge.failed"
  exit "$1"
}

if [[ $(cat "$dir/id" 2>&1) != "$id" ]]; then
  printf '%s: on %s this is not the folder of the submission; is it shared?\n' "$dir" "$node" >&2
  exit 75
fi
rm -f "$dir"/merge.{failed,done}
[[ -x $tekmatch ]] || leave 127 "there is no $tekmatch on this node"
partials=()
for ((shard = 1; shard <= shards; ++shard)); do
  [[ ! -e $dir/shards/$shard.partial ]] || partials+=("$dir/shards/$shard.partial")
done
((${#partials[@]} > 0)) || leave 1 "no shard is there"
# What does not fit in its memory: many nodes have /tmp in memory, too.
export TMPDIR=${TMPDIR:-$dir}
"$tekmatch" merge --plan "$dir/plan" "$@" "${partials[@]}" ||
  leave $? "tekmatch ended with status $?"
: >"$dir/merge.done" || leave 1 "$dir/merge.done cannot be written"

# shellcheck shell=bash
# Sourced by ./demo, ./test, .ci/run and the checks in this folder.
#
# Sets:     root, the checkout's folder;
#           TEKMATCH_SHARED, exported, where ../shared has the real files and
#           the caller has not set it.
# Defines:  say, step, run_bazel, build_tekmatch.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

# An empty value is as good as none.
if [[ -z ${TEKMATCH_SHARED-} ]]; then
  unset TEKMATCH_SHARED
  if [[ -d $root/../shared/data ]]; then
    TEKMATCH_SHARED=$(cd "$root/../shared" && pwd -P)
    export TEKMATCH_SHARED
  fi
fi

# say WORDS...: tells a person, on stderr, what comes next.
say() {
  printf 'tekmatch: %s\n' "$*" >&2
}

# step NAME COMMAND...: runs the command; when it fails, names the step and
# leaves with the command's exit status.
step() {
  local name=$1 status=0
  shift
  "$@" || status=$?
  if ((status != 0)); then
    say "$name failed (exit status $status)"
    exit "$status"
  fi
}

# run_bazel COMMAND ARGUMENTS...: Bazel in the checkout, or in the folder
# `workspace` where that is set. Its stderr has what is wrong; on a terminal
# Bazel's progress, in place; else, unless CI is set, a line of it every 20
# seconds while it builds or tests.
run_bazel() {
  local command=$1
  shift
  local options=(--ui_event_filters=-info)
  if [[ ! -t 2 ]]; then
    if [[ -z ${CI-} && $command =~ ^(build|test)$ ]]; then
      options+=(--curses=no --show_progress_rate_limit=20)
    else
      options+=(--noshow_progress)
    fi
  fi
  if [[ $command == query ]]; then  # which builds nothing
    (cd "$root" && bazel query "${options[@]}" "$@")
    return
  fi
  options+=(--show_result=0)
  # What is cached depends on the system's headers and libraries, which Bazel
  # does not see: the folder's name holds their versions.
  local cache=${TEKMATCH_DISK_CACHE:-${HOME-}/.cache/tekmatch-bazel}
  if [[ -d $cache ]]; then
    local fingerprint
    fingerprint=$("$root/tools/dev/setup.sh" --fingerprint) || return
    options+=("--disk_cache=$cache/$fingerprint")
  fi
  # What each action took, for tools/dev/slowest.py.
  if [[ -n ${TEKMATCH_TIMES-} && $command =~ ^(build|test|coverage)$ ]]; then
    options+=("--profile=$(mktemp --suffix=.profile \
      "$TEKMATCH_TIMES/${TEKMATCH_STAGE-other}.XXXXXX")")
  fi
  (cd "${workspace:-$root}" && bazel "$command" "${options[@]}" "$@")
}

# Builds the command-line tool; sets tekmatch to its path.
build_tekmatch() {
  # Tests do not ask: a commit would link every binary anew.
  local commit
  commit=$(git -C "$root" describe --always --dirty --abbrev=12 2>/dev/null) ||
    commit=unknown
  step build run_bazel build "--//tools/commands:commit=$commit" //tools:tekmatch
  tekmatch=$(run_bazel info bazel-bin)/tools/tekmatch
  [[ -x $tekmatch ]] || step "looking for the tool" false
}

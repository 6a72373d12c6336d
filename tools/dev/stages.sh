# shellcheck shell=bash
# Sourced by .ci/run and tools/dev/nightly: runs checks one after another, counts
# what passed, and says what each cost.
#
# Defines:  stage, stage_beside, join_stages, tally, end_stages, precompile_headers.
# Exports:  TEKMATCH_TALLY, the file of counts: a line a check, of test cases
#           passed, failed and skipped;
#           TEKMATCH_TIMES, the folder where Bazel and clang-tidy leave what
#           each action and file took (tools/dev/slowest.py reads it);
#           TEKMATCH_FAULTS, a file of lines that say what failed, shown again at
#           the end: whoever reads a long log begins there.
# CPU-seconds are those of the shell's ended children, and of Bazel's server
# with its own: the actions run there.
# shellcheck source=tools/dev/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
cd "$root"

# Where CI is set by the caller, nobody will use Bazel's server afterwards.
[[ -n ${CI-} ]] && leave_server= || leave_server=yes
export CI=true

stages=$(mktemp -d)
export TEKMATCH_TALLY=$stages/tally TEKMATCH_TIMES=$stages/times
export TEKMATCH_FAULTS=$stages/faults
# Processes of Bazel's servers for other workspaces, a line each.
export TEKMATCH_SERVERS=$stages/servers
: >"$TEKMATCH_TALLY"
: >"$TEKMATCH_SERVERS"
: >"$TEKMATCH_FAULTS"
mkdir "$TEKMATCH_TIMES"
# precompile_headers: compiles common headers once for all builds of the stages
# that follow (tools/dev/precompile_headers), whoever starts them: in their shells
# `bazel` is this function. Fails, and changes nothing, where that does not work.
precompile_headers() {
  tools/dev/precompile_headers gcc asan-ubsan tsan || return
  export TEKMATCH_PRECOMPILED=$root
  # shellcheck disable=SC2317  # it is called by name
  bazel() {
    local command=$1 with=
    shift
    # Other workspaces know no such configuration.
    if [[ $PWD == "$TEKMATCH_PRECOMPILED" && $command =~ ^(build|run|test)$ ]]; then
      case " $* " in
        *" --config=asan-ubsan "* | *" --config=fuzz "*) with=-asan-ubsan ;;
        *" --config=tsan "*) with=-tsan ;;
        *" --config="*) with=none ;;
      esac
      [[ $with == none ]] || command+=" --config=precompiled$with"
    fi
    # shellcheck disable=SC2086  # one word, or two
    command bazel $command "$@"
  }
  export -f bazel
}

leave_stages() {
  local server
  [[ -z ${beside-} ]] || kill "$beside" || true
  [[ -n $leave_server ]] || bazel shutdown >"$stages/shutdown" 2>&1 || true
  while read -r server; do kill "$server" || true; done <"$TEKMATCH_SERVERS"
  rm -rf "$stages"
}
trap leave_stages EXIT

# tally PASSED FAILED SKIPPED
tally() {
  echo "$1 $2 $3" >>"$TEKMATCH_TALLY"
}

# fault WORDS: what failed by itself, and is counted as one.
fault() {
  tally 0 1 0
  printf 'FAILED: %s\n' "$1" >>"$TEKMATCH_FAULTS"
}

# ticks PID FIRST LAST: sums fields of /proc/PID/stat, numbered as in proc(5);
# 0 where there is no such process.
ticks() {
  local stat fields i sum=0
  read -r stat 2>/dev/null <"/proc/$1/stat" || stat=
  # The second field is a name in brackets, which may hold spaces.
  read -ra fields <<<"${stat##*) }"
  for ((i = $2; i <= $3; ++i)); do ((sum += ${fields[i - 3]-0})) || true; done
  echo "$sum"
}

# Sets cpu_ticks to what was spent until now. Of a stage beside others it is what
# its own processes took: Bazel's server works for the others as well.
read_cpu() {
  local self=$BASHPID server=
  # 14 to 17: its own time and its ended children's, 16 and 17: the latter.
  cpu_ticks=$(ticks "$self" 16 17)
  [[ $self == "$$" ]] || return 0
  ! command -v bazel >/dev/null ||
    server=$(run_bazel info server_pid 2>/dev/null) || true
  ((cpu_ticks += $(ticks "${server:-none}" 14 17))) || true
  while read -r server; do
    ((cpu_ticks += $(ticks "$server" 14 17))) || true
  done <"$TEKMATCH_SERVERS"
}

# stage NAME COMMAND...: runs the command, which adds a line to the tally by
# itself or else counts as one.
stage() {
  local name=$1 status=0 lines added cpu_before wall_before cpu wall
  shift
  printf '\n== %s\n' "$name"
  lines=$(wc -l <"$TEKMATCH_TALLY")
  read_cpu
  cpu_before=$cpu_ticks wall_before=$SECONDS
  TEKMATCH_STAGE=$name "$@" </dev/null 2>&1 || status=$?
  read_cpu
  cpu=$(((cpu_ticks - cpu_before) / $(getconf CLK_TCK)))
  wall=$((SECONDS - wall_before))
  added=$(tail -n "+$((lines + 1))" "$TEKMATCH_TALLY")
  if [[ -z $added ]]; then
    tally $((status == 0)) $((status != 0)) 0
  elif ((status != 0)) && [[ $added == *' 0 '* ]]; then
    tally 0 1 0
  fi
  ((status == 0)) ||
    printf 'FAILED: %s (%s)\n' "$name" "$status" | tee -a "$TEKMATCH_FAULTS"
  printf -- '-- %s: %d CPU-s, %d s\n' "$name" "$cpu" "$wall"
  printf '%s\t%d\t%d\n' "$name" "$cpu" "$wall" >>"$stages/stages"
}

# stage_beside NAME COMMAND...: a stage that goes on beside those that follow; for
# one that mostly waits.  There is one at a time: another one waits for it.
stage_beside() {
  join_stages
  : >"$stages/beside.tally"
  TEKMATCH_TALLY=$stages/beside.tally stage "$@" >"$stages/beside" &
  beside=$!
}

# Waits for it, if there is one, shows what it said, and counts it.
join_stages() {
  [[ -n ${beside-} ]] || return 0
  wait "$beside" || fault "what ran beside stages broke"
  beside=
  cat "$stages/beside"
  cat "$stages/beside.tally" >>"$TEKMATCH_TALLY"
}

# The table of stages, what was slowest, what failed, and the sum; fails unless
# something passed and nothing failed.
end_stages() {
  join_stages
  printf '\n== what it took\n'
  awk -F '\t' '
    { printf "%6d CPU-s %6d s  %s\n", $2, $3, $1; cpu += $2; wall += $3 }
    END { printf "%6d CPU-s %6d s  in all\n", cpu, wall }' "$stages/stages"
  tools/dev/slowest.py "$TEKMATCH_TIMES" || fault "tools/dev/slowest.py"
  if [[ -s $TEKMATCH_FAULTS ]]; then
    printf '\n== what failed\n'
    # Stages first: there may be more cases than anyone reads.
    awk '
      /^FAILED: / { print; next }
      { cases[++n] = substr($0, 1, 400) }
      END {
        for (i = 1; i <= n && i <= 40; ++i) print cases[i]
        if (n > 40) printf "and %d more\n", n - 40
      }' "$TEKMATCH_FAULTS"
  fi
  echo
  awk '
    { passed += $1; failed += $2; skipped += $3 }
    END {
      printf "%d passed, %d failed", passed, failed
      if (skipped) printf ", %d skipped", skipped
      print ""
      exit !(passed > 0 && failed == 0)
    }' "$TEKMATCH_TALLY"
}

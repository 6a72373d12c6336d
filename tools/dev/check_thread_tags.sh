#!/bin/bash
# Fails when a test that starts threads in its own process is not tagged
# "threads", by which .ci/run chooses what runs under ThreadSanitizer.  Such a
# test is known by words in its source; one that starts the tool is none.  Those
# that no sanitizer can run are tagged "uninstrumented".
#
# Usage: tools/dev/check_thread_tags.sh
# shellcheck source=tools/dev/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
cd "$root"

tagged=$(run_bazel query 'attr(tags, "threads|uninstrumented", tests(//tests/...))')
sources=$(git grep -lE --untracked 'std::thread\b|std::async|num_threads\b|MatchFiles\(' \
  -- 'tests/*_test.cc' 'tests/*_fuzz.cc')
status=0
for source in $sources; do
  folder=${source%/*}
  name=${source##*/}
  target=//$folder:${name%.cc}
  [[ $'\n'$tagged$'\n' == *$'\n'"$target"$'\n'* ]] || {
    printf '%s starts threads, but is not tagged "threads"\n' "$target" >&2
    status=1
  }
done
exit "$status"

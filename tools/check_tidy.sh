#!/bin/bash
# Runs clang-tidy, with the tree's .clang-tidy, over all .cc files of the tree
# or those named, one process a core.  Fails, and prints what clang-tidy said,
# when it found anything.  A file that is in no Bazel target is a finding too.
# Kernels of 64-bit Arm are left out: this machine builds them with another
# compiler, whose headers clang-tidy does not have.
#
# Usage: tools/check_tidy.sh [file.cc]...
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
cd "$root"

if (($# == 0)); then
  # Those of another architecture have no command here; their tests run there.
  mapfile -t files < <(git ls-files --cached --others --exclude-standard \
    '*.cc' ':!matcher/kernels/arm64_*')
  set -- "${files[@]}"
fi

# The headers that protoc writes have to be there.
step build run_bazel build //...
step compile_commands.py tools/compile_commands.py

# clang-tidy guesses the command of a file that the database does not have.
known=$(python3 -c 'import json
for entry in json.load(open("compile_commands.json")): print(entry["file"])')
for file; do
  grep -qxF "$file" <<<"$known" || step "looking for $file among the targets" false
done

tidy() {
  local output
  output=$(clang-tidy-14 --quiet -p . "$1" 2>&1) || {
    # The count is of what it suppressed.
    grep -v '^[0-9]* warnings\? generated\.$' <<<"$output"
    return 1
  }
}
export -f tidy
printf '%s\0' "$@" |
  xargs -0 --max-procs="$(nproc)" --max-args=1 bash -c 'tidy "$1"' tidy

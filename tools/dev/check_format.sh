#!/bin/bash
# Fails, and shows where, when clang-format or buildifier would change a file of
# the tree; and where a Java file has a tab, a space at the end of a line, more than
# 100 columns or no end of its last line. Debian has no formatter of Java. Also names
# each file that is of no kind known here: mostly what a run has left.
#
# Usage: tools/dev/check_format.sh
# shellcheck source=tools/dev/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
cd "$root"

list() {
  git ls-files -z --cached --others --exclude-standard "$@"
}

status=0
list '*.h' '*.cc' '*.c' '*.proto' |
  xargs -0 --no-run-if-empty clang-format-14 --dry-run -Werror || status=1
list '*WORKSPACE' '*.bazel' '*.bzl' '*.BUILD' |
  xargs -0 --no-run-if-empty tools/dev/npm/node_modules/.bin/buildifier \
    -mode=check -lint=off || status=1
while IFS= read -rd '' file; do
  ! LC_ALL=C.UTF-8 grep -HnP '\t|\r|\s$|.{101}' "$file" || status=1
  [[ -z $(tail -c 1 "$file") ]] || {
    printf '%s: its last line has no end\n' "$file"
    status=1
  }
done < <(list '*.java')

known='\.(bazel|bazelignore|bazeliskrc|bazelrc|BUILD|bzl|c|cc|clang-format|clang-tidy'
known+='|dict|gitignore|h|java|json|lds|md|mk|modulemap|npmrc|options|png|pro|proto|py'
known+='|sh|swift|txt|yaml)$|(^|/)(WORKSPACE|LICENSE)$|^tests/fuzz/corpus/'
known+='|^tools/dev/(tidy_clean_commit|mutation/equivalent)$'
while IFS= read -rd '' file; do
  [[ $file =~ $known || $(head -c 2 "$file" | tr -d '\0') == '#!' ]] || {
    printf '%s: is of no kind that belongs here\n' "$file"
    status=1
  }
done < <(list)
exit "$status"

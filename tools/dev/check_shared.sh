#!/bin/bash
# Fails when the real files that tests read are not there, or when a test that
# reads them is not tagged "external".  They are no input of Bazel's: without
# the tag it would give the result of another day's files for today's.
#
# Usage: tools/dev/check_shared.sh
# shellcheck source=tools/dev/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

[[ -d ${TEKMATCH_SHARED-}/data/exports ]] ||
  step "looking for the real files (../shared, or TEKMATCH_SHARED)" false

untagged=$(run_bazel query --output=label \
  'tests(rdeps(//..., //tests:shared_data)) except attr(tags, external, tests(//...))')
[[ -z $untagged ]] || {
  printf 'reads the real files, but is not tagged "external":\n%s\n' "$untagged" >&2
  exit 1
}

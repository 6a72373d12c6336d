#!/bin/bash
# Builds examples/hello, which uses tekmatch as an app does, with a store and
# without, out of a workspace of its own, and holds what it says against the tool: on the demonstration's
# world, and on an export of Germany's server, with its key and with another. And
# that what it links needs no SQLite.
#
# Usage: tools/dev/check_examples.sh
# shellcheck source=tools/dev/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

build_tekmatch
hello=$root/examples/hello
# Without the flags of its .bazelrc, an app is told what is missing first.
said=$(workspace=$hello run_bazel build --cxxopt=-std=c++17 //:hello 2>&1) && exit 1
[[ $(grep -m1 'error:' <<<"$said") == *"tekmatch needs C++20"* ]] ||
  step "looking for what an app is told without C++20" printf '%s\n' "$said"

# The same caches and flags, in the other workspace.
workspace=$hello run_bazel build //:hello //:daily
# Whose time counts, too (tools/dev/stages.sh).
if [[ -n ${TEKMATCH_SERVERS-} ]]; then
  workspace=$hello run_bazel info server_pid >>"$TEKMATCH_SERVERS"
fi
daily=$hello/bazel-bin/daily
hello=$hello/bazel-bin/hello

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$tekmatch" demo --out "$folder/demo" >/dev/null
world=$folder/demo
key=(440 v1 "$world/public.pem")

"$hello" "$world/export.zip" "${key[@]}" 2020-12-16 <"$world/sightings.csv" \
  >"$folder/said"
cat "$folder/said"
"$tekmatch" match "$world/export.zip" --trusted-key "440:v1=$world/public.pem" \
  --sightings "$world/sightings.csv" --time-zone Asia/Tokyo --policy cocoa-3 \
  --config cocoa --now 2020-12-16T23:59:59+09:00 --format json |
  "$root/tools/dev/example_output.py" >"$folder/expected"
(($(wc -l <"$folder/expected") > 1))
diff "$folder/expected" "$folder/said"

# The one with a store, twice: the second time it knows the export. Then it forgets.
for state in processed known; do
  {
    printf '%s: %s\n' "$world/export.zip" "$state"
    sed -n 's/^\(2.*\): .*/\1/p' "$folder/expected"
  } >"$folder/expected-daily"
  "$daily" "$folder/store" "${key[@]}" 2020-12-16 "$world/export.zip" \
    <"$world/sightings.csv" | diff "$folder/expected-daily" -
done
grep -rq "$world" "$folder/store"
"$daily" "$folder/store"
! grep -rq "$world" "$folder/store" || exit 1

# What the document shows is what was built here.
"$root/tools/dev/check_shown_code.py" "$root/docs/embedding.md" cpp \
  "$root"/examples/hello/*.cc

# An app with a store of its own links no SQLite.
path=$(run_bazel query 'somepath(//matcher/check, @sqlite3//:sqlite3)')
[[ -z $path ]] || {
  printf 'the check needs SQLite:\n%s\n' "$path" >&2
  exit 1
}

# A real file: read with its key, refused with another, and without sightings
# no answer.
exports=$TEKMATCH_SHARED/data/exports
real=("$exports/cwa-dev-2020-05-31.zip" 262 v1)
"$hello" "${real[@]}" "$exports/cwa-dev.pem" 2020-06-01 <"$world/sightings.csv"
! "$hello" "${real[@]}" "$world/public.pem" 2020-06-01 <"$world/sightings.csv" || exit 1
! "$hello" "${real[@]}" "$exports/cwa-dev.pem" 2020-06-01 </dev/null || exit 1

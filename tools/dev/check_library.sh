#!/bin/bash
# Builds the self-contained library for both architectures and holds it to what
# is promised of it: what it exports and needs, its size, its header in several
# languages, programs over it, memory that was wiped, and OpenSSL beside it.
#
# Usage: tools/dev/check_library.sh
# shellcheck source=tools/dev/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
build_tekmatch
"$root/tools/dev/build_library" --out "$folder/amd64"
"$root/tools/dev/build_library" --arm64 --out "$folder/arm64"
# The store over SQLite as it is in there, without what is omitted.
mapfile -t sources < <("$root/tools/dev/build_library" --sources | grep '=sqlite3=')
step "looking for SQLite's source" test "${#sources[@]}" = 1
step "the store's tests" env -u TEKMATCH_TALLY "$root/test" "${sources[@]}" \
  //tests/matcher/store/... //tests/matcher/api:store_test
# Inflating by zlib, as it does.
step "the inflater's tests" env -u TEKMATCH_TALLY "$root/test" --define=inflate=zlib \
  //tests/keyformat/...
# Again, with nothing changed: copied.
again=$("$root/tools/dev/build_library" --out "$folder/amd64" 2>&1)
step "looking for what was built before" test "${again/building libtekmatch/}" = "$again"

# Bytes, stripped: what a phone may be asked for, and more for the kernels of three
# instruction sets of x86 (docs/embedding.md has what takes it).
declare -A most_bytes=([arm64]=$((1536 << 10)) [amd64]=$((1680 << 10)))

# check_file ARCHITECTURE PREFIX
check_file() {
  local library=$folder/$1/lib/libtekmatch.so.1 bytes
  "$2nm" --dynamic --defined-only --format=posix "$library" |
    awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }' | sort >"$folder/exported"
  step "exported symbols of $1" diff "$root/matcher/api/symbols.txt" "$folder/exported"
  "$2readelf" --dynamic "$library" |
    sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | sort >"$folder/needed"
  printf '%s\n' libc.so.6 libm.so.6 ld-linux-aarch64.so.1 ld-linux-x86-64.so.2 |
    sort >"$folder/may_be_needed"
  step "what $1 needs" test -z "$(comm -23 "$folder/needed" "$folder/may_be_needed")"
  bytes=$(stat -c %s "$library")
  step "size of $1: $bytes bytes, at most ${most_bytes[$1]}" test "$bytes" -le "${most_bytes[$1]}"
}
check_file amd64 ""
check_file arm64 aarch64-linux-gnu-

# The header by itself, in each language that reads it.
include=$folder/amd64/include
printf '#include <tekmatch.h>\n' | tee "$folder/c.c" >"$folder/c.cc"
printf '@import CTekmatch;\nint main(void) { return (int)TEKMATCH_VERSION_NUMBER; }\n' \
  >"$folder/use.m"
step "the header for C" gcc -std=c99 -pedantic -Wall -Wextra -Werror -fsyntax-only \
  -I"$include" "$folder/c.c"
step "the header for Clang" clang-14 -std=c99 -pedantic -Weverything -Werror \
  -fsyntax-only -I"$include" "$folder/c.c"
# gnu11 shows it what may be null, which is an extension.
step "the header with nullability" clang-14 -Weverything -Werror \
  -Wno-nullability-extension -fsyntax-only -I"$include" "$folder/c.c"
# Of C99's integers, C++98 has none.
step "the header for C++98" g++ -std=c++98 -pedantic -Wall -Wextra -Werror \
  -Wno-long-long -D__STDC_CONSTANT_MACROS -fsyntax-only -I"$include" "$folder/c.cc"
step "the module for Objective-C" clang-14 -fmodules \
  "-fmodules-cache-path=$folder/modules" -fsyntax-only -Werror -I"$include" "$folder/use.m"

# The code of docs/embedding.md: its C is that of the examples, which are built and run
# below; its Objective-C is compiled as it is.
step "the C of docs/embedding.md" "$root/tools/dev/check_shown_code.py" \
  "$root/docs/embedding.md" c "$root"/examples/c/*.c
awk '$0 == "```objc" { on = 1; next } /^```/ { on = 0 } on' "$root/docs/embedding.md" \
  >"$folder/page.m"
step "the Objective-C of docs/embedding.md" clang-14 -fmodules \
  "-fmodules-cache-path=$folder/modules" -fsyntax-only -Werror -I"$include" "$folder/page.m"

# The example, by pkg-config and by CMake, and for arm64 under emulation: it says
# what the tool says.
world=$folder/demo
"$tekmatch" demo --out "$world" >/dev/null
now=1608130799 # 2020-12-16T23:59:59+09:00
"$tekmatch" match "$world/export.zip" --trusted-key "440:v1=$world/public.pem" \
  --sightings "$world/sightings.csv" --time-zone Asia/Tokyo --policy cocoa-3 \
  --config cocoa --now 2020-12-16T23:59:59+09:00 --format json |
  "$root/tools/dev/example_output.py" >"$folder/expected"
example=$root/examples/c
run_dates() {
  "$@" "$world/export.zip" 440 v1 "$world/public.pem" "$now" \
    <"$world/sightings.csv" >"$folder/said" && diff "$folder/expected" "$folder/said"
}
export PKG_CONFIG_PATH=$folder/amd64/lib/pkgconfig
read -ra flags < <(pkg-config --cflags --libs tekmatch)
for name in dates daily; do
  step "$name by gcc" gcc -std=c99 -pedantic -Wall -Wextra -Werror -o "$folder/$name" \
    "$example/$name.c" "${flags[@]}" "-Wl,-rpath,$folder/amd64/lib"
done
step "the example" run_dates "$folder/dates"
cat "$folder/said"
# A file whose key nobody trusts.
! "$folder/dates" "$world/export.zip" 441 v1 "$world/public.pem" "$now" \
  <"$world/sightings.csv" 2>"$folder/refused" || step "a refusal" false
step "the reason of a refusal" grep -q 'no key is trusted' "$folder/refused"
step "the example by CMake" cmake -S "$example" -B "$folder/cmake" \
  -DCMAKE_BUILD_RPATH="$folder/amd64/lib" >"$folder/cmake.log"
step "the example by CMake" cmake --build "$folder/cmake" >>"$folder/cmake.log"
step "the example of CMake" run_dates "$folder/cmake/dates"

# The one with a store, twice: the second time it knows the export. Then it forgets.
run_daily() {
  local daily=$1 store=$2 state
  for state in PROCESSED KNOWN; do
    {
      printf '%s: %s\n' "$world/export.zip" "$state"
      sed -n 's/^\(2.*\): .*/\1/p' "$folder/expected"
    } >"$folder/expected-daily"
    "$daily" "$store" 440 v1 "$world/public.pem" "$now" "$world/export.zip" \
      <"$world/sightings.csv" | diff "$folder/expected-daily" - || return 1
  done
  grep -rq "$world" "$store" && "$daily" "$store" && ! grep -rq "$world" "$store"
}
step "the example with a store" run_daily "$folder/daily" "$folder/daily-store"
step "the same of CMake" run_daily "$folder/cmake/daily" "$folder/daily-store"
step "the example for arm64" aarch64-linux-gnu-gcc -std=c99 -o "$folder/dates-arm64" \
  "$example/dates.c" -I"$folder/arm64/include" -L"$folder/arm64/lib" -ltekmatch \
  "-Wl,-rpath,$folder/arm64/lib"
QEMU_CPU=cortex-a72 step "the example under emulation" \
  run_dates qemu-aarch64 "$folder/dates-arm64"

tests=$root/tests/matcher/api
step "memory_scan" gcc -std=gnu99 -Wall -Wextra -Werror -I"$root" -o "$folder/memory_scan" \
  "$tests/memory_scan.c" "${flags[@]}" "-Wl,-rpath,$folder/amd64/lib"
"$tekmatch" match "$world/export.zip" --trusted-key "440:v1=$world/public.pem" \
  --sightings "$world/sightings.csv" --matches-out "$folder/matches.jsonl" >/dev/null
sed -n 's/.*"tek":"\([0-9a-f]*\)".*/\1/p' "$folder/matches.jsonl" | sort -u \
  >"$folder/heard-keys"
for threads in 1 4; do
  step "memory with $threads threads" "$folder/memory_scan" "$world/export.zip" \
    "$world/public.pem" "$folder/heard-keys" "$threads" "$folder/store-$threads" \
    <"$world/sightings.csv"
done
step "beside_openssl" gcc -std=gnu99 -Wall -Wextra -Werror -I"$root" \
  -o "$folder/beside_openssl" "$tests/beside_openssl.c" -lcrypto -ldl
step "OpenSSL beside it" "$folder/beside_openssl" "$folder/amd64/lib/libtekmatch.so.1" \
  "$world/export.zip" "$world/public.pem"

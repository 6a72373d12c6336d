#!/bin/bash
# Builds the Java classes and libtekmatch_jni, and runs their tests under the
# JVM's own checks of what native code does (-Xcheck:jni), in little memory. What
# the classes say is compared with what the tool says: of the demonstration's
# world, of real sightings and their export, and of an export of Germany's
# server. A table of signature lists, trusted keys and options has for each what has
# to come of it, by the rule of tests/trust_table.h. Then the examples, whose code docs/embedding.md shows.
#
# Usage: tools/dev/check_java.sh [DIR]
#
# DIR has what tools/dev/build_library --java --out DIR left; without it that is
# done first.
# shellcheck source=tools/dev/shell.sh
source "$(dirname "${BASH_SOURCE[0]}")/shell.sh"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
built=${1-}
if [[ -z $built ]]; then
  built=$folder/built
  "$root/tools/dev/build_library" --java --out "$built" >"$folder/sizes" ||
    step "building the library" false
fi
[[ -n ${tekmatch-} ]] || build_tekmatch
jar=$built/share/java/tekmatch.jar
stat -c 'libtekmatch_jni.so: %s bytes' "$built/lib/libtekmatch_jni.so"
stat -c 'tekmatch.jar: %s bytes' "$jar"

# The same bytes, whoever builds them: in another zone, with other rights for new
# files, from sources of another day.
cp -r --no-preserve=timestamps "$root/matcher/api/java" "$folder/java-sources"
(
  umask 077
  TZ=Asia/Tokyo LC_ALL=C "$root/tools/dev/build_library" --jars "$folder/java-sources" \
    --out "$folder/jars"
) || step "building the jars again" false
for name in tekmatch.jar tekmatch-sources.jar; do
  step "comparing $name with one that was built anew" \
    cmp "$built/share/java/$name" "$folder/jars/$name"
done

# Nothing else is exported or needed.
exported=$(nm --dynamic --defined-only --format=posix "$built/lib/libtekmatch_jni.so" |
  cut -d' ' -f1)
[[ $exported == JNI_OnLoad ]] ||
  step "looking at what is exported" printf 'not JNI_OnLoad: %s\n' "$exported"
needed=$(readelf --dynamic --wide "$built/lib/libtekmatch_jni.so" |
  sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | tr '\n' ' ')
[[ $needed == "ld-linux-x86-64.so.2 libc.so.6 libm.so.6 " || $needed == "libc.so.6 libm.so.6 " ]] ||
  step "looking at what is needed: $needed" false

mkdir "$folder/classes"
# Tests close what is closed by itself, too.
javac --release 11 -Xlint:all,-try -Werror -cp "$jar" -d "$folder/classes" \
  "$root"/tests/matcher/api/java/jp/tekmatch/*.java "$root"/examples/java/*.java

"$tekmatch" demo --out "$folder/demo" >/dev/null
mkdir "$folder/trust"
step "building the table of trust" run_bazel build //tests/matcher/api:write_trust_table
step "writing the table of trust" \
  "$(run_bazel info bazel-bin)/tests/matcher/api/write_trust_table" "$folder/trust"
version=$(awk '
  /^#define TEKMATCH_VERSION_(MAJOR|MINOR|PATCH) / { n = n * 100 + $3 }
  END { print n }' "$root/matcher/api/tekmatch.h")

# run_java WHAT ARGUMENTS...: sets `said`. Descriptor 9 is an export.
run_java() {
  local status=0 options=(-Xcheck:jni -Xmx128m -Xlog:disable -Xlog:all=warning:stderr
    "-Djava.library.path=$built/lib" -Dfile.encoding=UTF-8
    "-Dtekmatch.world=$folder/demo" "-Dtekmatch.trust=$folder/trust"
    "-Dtekmatch.version=$version")
  java "${options[@]}" "${java_options[@]}" -cp "${classes-$folder/classes:$jar}" \
    "$@" 9<"$folder/demo/export.zip" 2>"$folder/stderr" >"$folder/stdout" || status=$?
  said=$(cat "$folder/stdout")
  # What -Xcheck:jni has to say goes to either.
  if grep -E 'WARNING|FATAL|\[warning' "$folder/stdout" "$folder/stderr"; then
    step "looking for warnings of -Xcheck:jni" false
  fi
  ((status == 0)) || cat "$folder/stdout" "$folder/stderr"
  return "$status"
}
# The heap is there from the beginning, so that what grows is not it.
heap=(-Xms128m -XX:+AlwaysPreTouch)
java_options=(-XX:+UseSerialGC "${heap[@]}")

passed=0 failed=0
# count_test CLASS
count_test() {
  printf '%s (%s)\n' "$1" "${java_options[*]}"
  if run_java "jp.tekmatch.$1"; then printf '%s\n' "$said"; else ((++failed)); fi
  if [[ $said =~ ([0-9]+)\ passed,\ [0-9]+\ failed$ ]]; then
    ((passed += BASH_REMATCH[1])) || true
  fi
}
count_test TekmatchTest
count_test RefusalsTest
count_test TrustTableTest
count_test CallbacksTest
count_test StoreTest
count_test StressTest
# The collector that most have, which moves objects while others work.
java_options=(-XX:+UseG1GC "${heap[@]}")
count_test StressTest
java_options=(-XX:+UseSerialGC)

# same_as_tool NOW EXPORT SIGHTINGS.csv ARGUMENTS... -- ARGUMENTS_OF_MATCH...
same_as_tool() {
  local now=$1 export=$2 sightings=$3 arguments=()
  shift 3
  while [[ $1 != -- ]]; do
    arguments+=("$1")
    shift
  done
  shift
  run_java jp.tekmatch.Describe "$export" "$sightings" "$(date -d "$now" +%s)" "${arguments[@]}" ||
    { ((++failed)) && return; }
  "$tekmatch" match "$export" --sightings "$sightings" --time-zone Asia/Tokyo --config cocoa \
    --now "$now" --format json "$@" 2>"$folder/stderr" |
    "$root/tests/matcher/api/java/describe.py" | sort >"$folder/expected"
  if diff "$folder/expected" <(sort <<<"$said"); then ((++passed)); else ((++failed)); fi
  printf 'as the tool says: %s, %d lines\n' "${export##*/}" "$(wc -l <<<"$said")"
}
world=$folder/demo
same_as_tool 2020-12-16T23:59:59+09:00 "$world/export.zip" "$world/sightings.csv" \
  440 v1 "$world/public.pem" -- \
  --trusted-key "440:v1=$world/public.pem" --policy cocoa-3
data=$TEKMATCH_SHARED/data
"$tekmatch" sightings "$data/sightings/demo-contact-records.leveldb" >"$folder/real.csv"
same_as_tool 2020-05-22T12:00:00+09:00 "$data/exports/demo-2392-nosig.zip" "$folder/real.csv" -- \
  --allow-unsigned
same_as_tool 2020-06-01T12:00:00+09:00 "$data/exports/cwa-dev-2020-05-31.zip" "$folder/real.csv" \
  262 v1 "$data/exports/cwa-dev.pem" -- \
  --trusted-key "262:v1=$data/exports/cwa-dev.pem" --policy cocoa-3

# The example says what the other examples say (check_examples.sh).
run_java Dates "$world/export.zip" 440 v1 "$world/public.pem" 1608130799 \
  <"$world/sightings.csv" || ((++failed))
printf '%s\n' "$said"
"$tekmatch" match "$world/export.zip" --trusted-key "440:v1=$world/public.pem" \
  --sightings "$world/sightings.csv" --time-zone Asia/Tokyo --policy cocoa-3 \
  --config cocoa --now 2020-12-16T23:59:59+09:00 --format json |
  "$root/tools/dev/example_output.py" >"$folder/expected"
if diff "$folder/expected" - <<<"$said"; then ((++passed)); else ((++failed)); fi

# The one with a store, twice: the second time it knows the export.
for state in PROCESSED KNOWN; do
  run_java Daily "$folder/store" 440 v1 "$world/public.pem" 1608130799 "$world/export.zip" \
    <"$world/sightings.csv" || ((++failed))
  {
    printf '%s: %s\n' "$world/export.zip" "$state"
    sed -n 's/^\(2.*\): .*/\1/p' "$folder/expected"
  } >"$folder/expected-daily"
  if diff "$folder/expected-daily" - <<<"$said"; then ((++passed)); else ((++failed)); fi
done

# Then it forgets, and says nothing.
if run_java Daily "$folder/store" && [[ -z $said ]] && ! grep -rq "$world" "$folder/store"; then
  ((++passed))
else
  ((++failed))
fi

# Classes and library that do not go together, and no library at all.
cp -r "$folder/classes" "$folder/newer"
mkdir -p "$folder/source/jp/tekmatch"
sed 's/VERSION_NUMBER = [0-9]*;/VERSION_NUMBER = 20000;/' \
  "$root/matcher/api/java/jp/tekmatch/Native.java" >"$folder/source/jp/tekmatch/Native.java"
javac --release 11 -cp "$jar" -d "$folder/newer" "$folder/source/jp/tekmatch/Native.java"
loads() {
  classes=$1:$jar run_java "${@:3}" jp.tekmatch.Describe "$world/export.zip" \
    "$world/sightings.csv" 1608130799 >/dev/null && return 1
  grep -q "UnsatisfiedLinkError: .*$2" "$folder/stderr"
}
for attempt in "newer:does not go with classes of version 20000" \
  "classes:no tekmatch_jni in java.library.path:-Djava.library.path=$folder"; do
  IFS=: read -r classes_folder message option <<<"$attempt"
  if loads "$folder/$classes_folder" "$message" ${option:+"$option"}; then
    ((++passed))
  else
    ((++failed))
    printf 'failed: %s\n' "$message"
  fi
done

# CMake's sources have all that Bazel's have for this machine, but for ISA-L.
cmake -S "$root/tests/matcher/api/java" -B "$folder/cmake" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
  >"$folder/cmake.log" 2>&1 || step "CMake" cat "$folder/cmake.log"
python3 -c '
import json, os, sys
for command in json.load(open(sys.argv[1])):
    print(os.path.relpath(command["file"], sys.argv[2]))
' "$folder/cmake/compile_commands.json" "$root" | sort >"$folder/of-cmake"
run_bazel query 'kind("source file", deps(//matcher/api/java:jni))' 2>"$folder/stderr" |
  sed -n 's#^//\(.*\):\(.*\.cc\)$#\1/\2#p' | grep -vE 'isal_inflater|/arm64_' |
  sort >"$folder/of-bazel"
if [[ -s $folder/of-bazel && -z $(comm -13 "$folder/of-cmake" "$folder/of-bazel") ]]; then
  ((++passed))
else
  ((++failed))
  printf 'not in examples/android/CMakeLists.txt:\n'
  comm -13 "$folder/of-cmake" "$folder/of-bazel"
fi

# What the document shows is what is compiled here.
if "$root/tools/dev/check_shown_code.py" "$root/docs/embedding.md" java \
  "$root"/examples/java/*.java; then
  ((++passed))
else
  ((++failed))
fi

printf '%d passed, %d failed\n' "$passed" "$failed"
[[ -z ${TEKMATCH_TALLY-} ]] || echo "$passed $failed 0" >>"$TEKMATCH_TALLY"
((failed == 0 && passed > 0))

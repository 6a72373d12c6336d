// Laws of a check that hold in every world, over worlds that RapidCheck makes
// and shrinks: what is added takes nothing away, how keys are spread over files
// and how these are called and packed changes nothing, and whole days are all
// alike.
//
// Plan: a world and its making; a check of it; matches as values; the laws.
//
// A failure prints the world and a configuration that makes it again
// (RC_PARAMS, rapidcheck/doc/configuration.md).
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "keyformat/byte_source.h"
#include "keyformat/diagnosis_key.h"
#include "matcher/check/exposure_check.h"
#include "rapidcheck/gtest.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"

namespace tekmatch {
namespace {

constexpr int64_t kDay = 86400;
constexpr int64_t kThreeHours = 10800;

// ----------------------------------------------------------------- worlds

// When a device was near the owner of a key, within three days of the key's
// begin and end.
struct Meeting {
  size_t key = 0;
  int64_t second = 0;  // of Unix time
  int rssi = -60;
};

struct World {
  std::vector<DiagnosisKey> keys;
  std::vector<Meeting> meetings;
  std::vector<size_t> file_of;  // of each key

  std::vector<Sighting> Sightings() const {
    std::vector<Sighting> sightings;
    sightings.reserve(meetings.size());
    for (const Meeting& meeting : meetings) sightings.push_back(Hear(meeting));
    return sightings;
  }

  // With the RPI of the key's nearest interval, as a recording has it that is
  // played outside the key's time.
  Sighting Hear(const Meeting& meeting) const {
    const DiagnosisKey& key = keys[meeting.key];
    const int64_t begin = int64_t{key.rolling_start} * kIntervalSeconds;
    const int64_t end = begin + key.rolling_period * kIntervalSeconds;
    Sighting sighting =
        HearKey(key, std::clamp(meeting.second, begin, end - 1), meeting.rssi);
    sighting.unix_seconds = meeting.second;
    return sighting;
  }

  // A zip for each file that has keys.
  std::vector<std::string> Files() const {
    std::map<size_t, std::vector<DiagnosisKey>> keys_of;
    for (size_t i = 0; i < keys.size(); ++i) {
      keys_of[file_of[i]].push_back(keys[i]);
    }
    std::vector<std::string> files;
    files.reserve(keys_of.size());
    for (const auto& [file, its_keys] : keys_of) {
      files.push_back(WriteTestExport(its_keys));
    }
    return files;
  }
};

// For RapidCheck, which prints the worlds that break a law. They are made up.
void showValue(const World& world, std::ostream& out) {
  for (const DiagnosisKey& key : world.keys) {
    out << "key from " << key.rolling_start << " for "
        << static_cast<int>(key.rolling_period) << "\n";
  }
  for (const Meeting& meeting : world.meetings) {
    out << "heard " << meeting.key << " at " << meeting.second << " with "
        << meeting.rssi << "\n";
  }
}

World MakeWorld() {
  World world;
  const auto num_keys = *rc::gen::inRange<size_t>(1, 5);
  world.keys = TestKeys(num_keys, *rc::gen::inRange<uint64_t>(0, 1000));
  for (DiagnosisKey& key : world.keys) {
    key.rolling_start += static_cast<EnIntervalNumber>(
        144 * *rc::gen::inRange(0, 3) + *rc::gen::inRange(0, 3));
    key.rolling_period = static_cast<uint8_t>(
        *rc::gen::oneOf(rc::gen::inRange(1, 7), rc::gen::just(144)));
    world.file_of.push_back(*rc::gen::inRange<size_t>(0, 3));
  }
  const auto num_meetings = *rc::gen::inRange<size_t>(0, 12);
  for (size_t i = 0; i < num_meetings; ++i) {
    Meeting meeting;
    meeting.key = *rc::gen::inRange<size_t>(0, num_keys);
    const DiagnosisKey& key = world.keys[meeting.key];
    const int64_t begin = int64_t{key.rolling_start} * kIntervalSeconds;
    const int64_t length = key.rolling_period * kIntervalSeconds;
    // Mostly in its time, else up to three hours before or after.
    meeting.second =
        begin + *rc::gen::oneOf(rc::gen::inRange<int64_t>(0, length),
                                rc::gen::inRange<int64_t>(
                                    -kThreeHours, length + kThreeHours));
    meeting.rssi = *rc::gen::inRange(-100, -40);
    world.meetings.push_back(meeting);
  }
  return world;
}

// One that RapidCheck prints as a whole.
World AnyWorld() {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::exec(MakeWorld));
}

// ----------------------------------------------------------------- checks

// By name, in this order.
using NamedFiles = std::vector<std::pair<std::string, std::string>>;

NamedFiles Named(const std::vector<std::string>& files) {
  NamedFiles named;
  named.reserve(files.size());
  for (const std::string& file : files) {
    named.emplace_back(absl::StrCat(named.size(), ".zip"), file);
  }
  return named;
}

ExposureCheckResult Check(const NamedFiles& files,
                          std::vector<Sighting> sightings) {
  ExposureCheckOptions options;
  options.files.trusted = TrustTestSigner();
  options.keep_dropped = true;
  std::vector<std::string> names;
  names.reserve(files.size());
  for (const auto& [name, bytes] : files) {
    options.files.sources[name] = MemorySource(name, bytes);
    names.push_back(name);
  }
  auto index = IndexSightings(std::move(sightings));
  RC_ASSERT(index.ok());
  auto checked = CheckExposure(names, *index, options);
  RC_ASSERT(checked.ok());
  RC_ASSERT(checked->complete);
  return *std::move(checked);
}

// All that a match says of the world: neither a file nor a place in an index.
using MatchValue =
    std::tuple<Tek, int64_t, int, int64_t, Sighting, int32_t, int32_t>;

// `days`: how many are taken off, for a world that was shifted by them. The
// RPI, the AEM and what follows from them are then other ones, and left out.
MatchValue ValueOf(const Match& match, int64_t days = 0) {
  Sighting sighting = match.sighting;
  sighting.unix_seconds -= days * kDay;
  if (days != 0) {
    sighting.rpi = {};
    sighting.aem = {};
  }
  return {match.tek,
          match.rolling_start - 144 * days,
          match.rolling_period,
          match.interval - 144 * days,
          sighting,
          match.tx_power,
          match.attenuation};
}

std::vector<MatchValue> MatchesOf(const ExposureCheckResult& checked,
                                  int64_t days = 0) {
  std::vector<MatchValue> values;
  values.reserve(checked.result.matches.size());
  for (const Match& match : checked.result.matches) {
    values.push_back(ValueOf(match, days));
  }
  std::sort(values.begin(), values.end());
  return values;
}

// ------------------------------------------------------------------- laws

RC_GTEST_PROP(LawsTest, ASightingMoreTakesNoMatchAway, ()) {
  World world = AnyWorld();
  RC_PRE(!world.meetings.empty());
  const NamedFiles files = Named(world.Files());
  const ExposureCheckResult all = Check(files, world.Sightings());
  const Sighting added = world.Hear(world.meetings.back());
  world.meetings.pop_back();
  const ExposureCheckResult fewer = Check(files, world.Sightings());

  // But for the replay cut: an RPI that is heard earlier than before makes
  // replays of what is heard long after. They are dropped with that reason.
  std::vector<MatchValue> now = MatchesOf(all);
  for (const DroppedMatch& dropped : all.dropped) {
    if (dropped.reason == "replayed" &&
        dropped.match.sighting.rpi == added.rpi &&
        dropped.match.sighting.unix_seconds >
            added.unix_seconds + MatchPolicy().replay_cut_seconds) {
      now.push_back(ValueOf(dropped.match));
    }
  }
  std::sort(now.begin(), now.end());
  const std::vector<MatchValue> before = MatchesOf(fewer);
  RC_CLASSIFY(!before.empty(), "with matches");
  RC_ASSERT(
      std::includes(now.begin(), now.end(), before.begin(), before.end()));
}

RC_GTEST_PROP(LawsTest, HowKeysAreSpreadOverFilesChangesNothing, ()) {
  World world = AnyWorld();
  const ExposureCheckResult spread =
      Check(Named(world.Files()), world.Sightings());
  std::fill(world.file_of.begin(), world.file_of.end(), 0);
  const ExposureCheckResult together =
      Check(Named(world.Files()), world.Sightings());
  RC_CLASSIFY(spread.files.size() > 1, "in several files");
  RC_ASSERT(MatchesOf(spread) == MatchesOf(together));
  RC_ASSERT(spread.num_keys == together.num_keys);
  RC_ASSERT(spread.num_compared == together.num_compared);
  RC_ASSERT(spread.num_outside_tolerance == together.num_outside_tolerance);
}

RC_GTEST_PROP(LawsTest, OrderNamesAndPackingChangeNothing, ()) {
  const World world = AnyWorld();
  NamedFiles files = Named(world.Files());
  std::vector<Sighting> sightings = world.Sightings();
  const ExposureCheckResult first = Check(files, sightings);
  // Not compressed, under other names, in another order; sightings as well.
  for (auto& [name, bytes] : files) {
    name = absl::StrCat("other-", 9 - (name[0] - '0'), ".zip");
    bytes = StoredExport(bytes);
  }
  std::reverse(files.begin(), files.end());
  std::rotate(
      sightings.begin(),
      sightings.begin() + static_cast<std::ptrdiff_t>(sightings.size() / 2),
      sightings.end());
  const ExposureCheckResult second = Check(files, sightings);
  RC_ASSERT(MatchesOf(first) == MatchesOf(second));
  RC_ASSERT(first.num_keys == second.num_keys);
  RC_ASSERT(first.num_compared == second.num_compared);
  RC_ASSERT(first.dropped.size() == second.dropped.size());
}

RC_GTEST_PROP(LawsTest, WholeDaysAreAllAlike, ()) {
  World world = AnyWorld();
  const int64_t days = *rc::gen::inRange<int64_t>(1, 400);
  const ExposureCheckResult first =
      Check(Named(world.Files()), world.Sightings());
  for (DiagnosisKey& key : world.keys) {
    key.rolling_start += static_cast<EnIntervalNumber>(144 * days);
  }
  for (Meeting& meeting : world.meetings) meeting.second += days * kDay;
  const ExposureCheckResult second =
      Check(Named(world.Files()), world.Sightings());
  // Without RPIs here, too, so that both are told in the same words.
  std::vector<MatchValue> expected;
  for (MatchValue value : MatchesOf(first)) {
    std::get<Sighting>(value).rpi = {};
    std::get<Sighting>(value).aem = {};
    expected.push_back(value);
  }
  std::sort(expected.begin(), expected.end());
  RC_ASSERT(MatchesOf(second, days) == expected);
  RC_ASSERT(first.num_compared == second.num_compared);
}

RC_GTEST_PROP(LawsTest, TheSameKeyOnceMoreChangesNothing, ()) {
  const World world = AnyWorld();
  NamedFiles files = Named(world.Files());
  const ExposureCheckResult once = Check(files, world.Sightings());
  // In a copy of its file, and alone in one of its own.
  files.emplace_back("copy.zip", files.front().second);
  files.emplace_back("alone.zip", WriteTestExport({world.keys.front()}));
  const ExposureCheckResult more = Check(files, world.Sightings());
  RC_ASSERT(MatchesOf(once) == MatchesOf(more));
}

}  // namespace
}  // namespace tekmatch

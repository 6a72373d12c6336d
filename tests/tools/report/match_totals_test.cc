// What matches come to is the same, taken all at once and one device's and one
// key's at a time.
#include "tools/report/match_totals.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "keyformat/random_source.h"
#include "matcher/join/match_order.h"

namespace tekmatch {
namespace {

constexpr int kNumFiles = 3;

// Of some keys, each of one file; in result order. A key's intervals are around
// midnight of every zone, and a device may hear one more than once.
std::vector<Match> MakeMatches(uint32_t num_devices, uint64_t num,
                               RandomSource& random) {
  std::set<std::tuple<uint64_t, uint32_t, uint64_t, uint64_t>> heard;
  while (heard.size() < num) {
    heard.insert({random.Below(5),
                  static_cast<uint32_t>(random.Below(num_devices)),
                  random.Below(kMaxRollingPeriod), random.Below(3)});
  }
  std::vector<Match> matches;
  for (const auto& [key, device, interval, again] : heard) {
    Match match;
    match.tek.bytes[0] = static_cast<uint8_t>(key);
    match.rolling_start = static_cast<EnIntervalNumber>(144 * (18000 + key));
    match.rolling_period = kMaxRollingPeriod;
    match.source = static_cast<uint32_t>(key % kNumFiles);
    match.interval =
        match.rolling_start + static_cast<EnIntervalNumber>(interval);
    match.sighting.unix_seconds =
        int64_t{600} * match.interval + static_cast<int64_t>(again);
    match.sighting.device = device;
    match.sighting.rpi.bytes[0] = static_cast<uint8_t>(key);
    match.sighting.rpi.bytes[1] = static_cast<uint8_t>(interval);
    match.sighting_position = static_cast<uint32_t>(matches.size());
    matches.push_back(match);
  }
  return matches;
}

MatchTotals AddedUp(std::vector<Match> matches, bool by_device,
                    const ExposureCheckResult& run,
                    const SightingsCounts& counts, absl::TimeZone zone) {
  std::sort(matches.begin(), matches.end(), ByDeviceAndKey);
  MatchTotalsAdder adder(by_device, zone);
  for (auto begin = matches.begin(); begin != matches.end();) {
    const auto end =
        std::find_if(begin, matches.end(), [begin](const Match& match) {
          return match.sighting.device != begin->sighting.device ||
                 match.tek != begin->tek;
        });
    adder.Add(absl::MakeConstSpan(&*begin, static_cast<size_t>(end - begin)));
    begin = end;
  }
  return adder.Take(run, counts);
}

TEST(MatchTotalsTest, AllAtOnceAndAddedUpAreTheSame) {
  RandomSource random = RandomSource::Seeded(1);
  for (const uint64_t num : {0, 1, 2, 20, 300}) {
    for (const bool by_device : {false, true}) {
      for (const int offset_hours : {-12, 0, 9, 14}) {
        SCOPED_TRACE(absl::StrCat(num, " ", by_device, " ", offset_hours));
        const absl::TimeZone zone = absl::FixedTimeZone(offset_hours * 3600);
        ExposureCheckResult run;
        run.files.resize(kNumFiles);
        for (auto& file : run.files) file.accepted = true;
        run.files[1].report.metadata.region = "440";
        run.result.matches = MakeMatches(by_device ? 4 : 1, num, random);
        std::sort(run.result.matches.begin(), run.result.matches.end(),
                  InResultOrder);
        SightingsCounts counts;
        // One that heard nothing, too.
        if (by_device)
          counts.by_device = {{0, 9}, {1, 9}, {2, 9}, {3, 9}, {7, 0}};
        const MatchTotals at_once = TotalsOf(run, counts, zone);
        EXPECT_EQ(at_once.all.num_sightings, num);
        EXPECT_EQ(at_once.by_device.size(), by_device ? 5U : 0U);
        EXPECT_TRUE(AddedUp(run.result.matches, by_device, run, counts, zone) ==
                    at_once);
      }
    }
  }
}

}  // namespace
}  // namespace tekmatch

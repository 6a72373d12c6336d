// A match run over real files, against a join that is written to be obviously
// right and for nothing else.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "matcher/check/exposure_check.h"
#include "matcher/exposure/match_counts.h"
#include "matcher/join/en_crypto.h"
#include "tests/shared_data.h"
#include "tests/status_matchers.h"
#include "tests/time_zones.h"
#include "tools/report/match_report.h"
#include "tools/sightings/sightings_reader.h"

namespace tekmatch {
namespace {

// Every RPI of every key, by the specification's functions one at a time.
std::vector<std::tuple<Tek, EnIntervalNumber, Sighting>> BruteForceJoin(
    const std::string& path, const std::vector<Sighting>& sightings) {
  std::map<Rpi, std::vector<Sighting>> by_rpi;
  for (const Sighting& s : sightings) by_rpi[s.rpi].push_back(s);
  std::vector<std::tuple<Tek, EnIntervalNumber, Sighting>> joined;
  const auto file = ReadExportFile(
      path, {.allow_unsigned = true},
      [&](const std::unique_ptr<KeyBlock>& block) {
        for (size_t k = 0; k < block->size(); ++k) {
          const DiagnosisKey key = block->key(k);
          const Rpik rpik = *DeriveRpik(key.tek);
          for (uint32_t n = 0; n < key.rolling_period; ++n) {
            const EnIntervalNumber interval = key.rolling_start + n;
            const auto found = by_rpi.find(*GenerateRpi(rpik, interval));
            if (found == by_rpi.end()) continue;
            for (const Sighting& s : found->second) {
              const int64_t drift = s.unix_seconds / 600 - interval;
              if (drift < -12 || drift > 12) continue;
              joined.emplace_back(key.tek, interval, s);
            }
          }
        }
        return absl::OkStatus();
      });
  EXPECT_THAT(file, IsOk());
  std::sort(joined.begin(), joined.end());
  return joined;
}

TEST(ExposureCheckRealFilesTest, AgainstBruteForce) {
  TEKMATCH_NEEDS_SHARED_DATA();
  const std::string path = SharedDataPath("exports/demo-2392-nosig.zip");
  const auto file = ReadSightings(
      SharedDataPath("sightings/demo-contact-records.leveldb"), {});
  ASSERT_THAT(file, IsOk());
  auto index = SightingIndex::Create(file->sightings);
  ASSERT_THAT(index, IsOk());
  ExposureCheckOptions options;
  options.files.allow_unsigned = true;
  options.num_threads = 2;
  const auto run = CheckExposure(
      {path}, std::make_shared<const SightingIndex>(*std::move(index)),
      options);
  ASSERT_THAT(run, IsOk());
  EXPECT_TRUE(run->complete);
  EXPECT_EQ(run->num_keys, 2392);
  EXPECT_EQ(run->result.num_duplicates, 0);
  EXPECT_EQ(run->result.num_replayed, 0);
  EXPECT_EQ(run->result.num_tx_power_out_of_bounds, 0);
  const std::vector<Match>& matches = run->result.matches;
  std::vector<std::tuple<Tek, EnIntervalNumber, Sighting>> joined;
  for (const Match& match : matches) {
    joined.emplace_back(match.tek, match.interval, match.sighting);
    const auto metadata = DecryptAem(*DeriveAemk(match.tek), match.sighting.rpi,
                                     match.sighting.aem);
    const auto tx_power = static_cast<int8_t>(metadata->bytes[1]);
    EXPECT_EQ(match.tx_power, tx_power);
    EXPECT_EQ(match.attenuation, std::max(0, tx_power - match.sighting.rssi));
  }
  std::sort(joined.begin(), joined.end());
  EXPECT_EQ(joined, BruteForceJoin(path, file->sightings));

  // As the note beside the files has it.
  EXPECT_EQ(CountSightings(matches), 534);
  EXPECT_EQ(CountKeys(matches), 4);
  EXPECT_EQ(CountRpis(matches), 23);
  const absl::TimeZone tokyo = Tokyo();
  const auto Sightings = [&matches](absl::TimeZone zone) {
    std::map<absl::CivilDay, uint64_t> sightings;
    for (const DateCount& date : CountByDate(matches, zone)) {
      sightings[date.date] = date.num_sightings;
    }
    return sightings;
  };
  using Expected = std::map<absl::CivilDay, uint64_t>;
  EXPECT_EQ(Sightings(absl::UTCTimeZone()),
            (Expected{{absl::CivilDay(2020, 5, 12), 14},
                      {absl::CivilDay(2020, 5, 14), 32},
                      {absl::CivilDay(2020, 5, 20), 488}}));
  EXPECT_EQ(Sightings(tokyo), (Expected{{absl::CivilDay(2020, 5, 12), 14},
                                        {absl::CivilDay(2020, 5, 15), 32},
                                        {absl::CivilDay(2020, 5, 20), 386},
                                        {absl::CivilDay(2020, 5, 21), 102}}));
}

}  // namespace
}  // namespace tekmatch

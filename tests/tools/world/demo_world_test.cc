#include "tools/world/demo_world.h"

#include <memory>
#include <set>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "matcher/check/exposure_check.h"
#include "matcher/exposure/match_counts.h"
#include "matcher/join/sighting_index.h"
#include "tests/status_matchers.h"
#include "tests/test_exports.h"
#include "tests/test_files.h"
#include "tests/time_zones.h"
#include "tools/report/match_report.h"

namespace tekmatch {
namespace {

TEST(DemoWorldTest, AMatchFindsWhatIsExpected) {
  const absl::TimeZone tokyo = Tokyo();
  const std::string path = TempPath("demo.zip");
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    const auto world = MakeDemoWorld(seed);
    ASSERT_THAT(world, IsOk());
    ExportWriterOptions options = TestExportOptions();
    options.start_timestamp = world->start_timestamp;
    options.end_timestamp = world->end_timestamp;
    WriteFile(path, WriteTestExport(world->keys, options));
    auto index = SightingIndex::Create(world->sightings);
    ASSERT_THAT(index, IsOk());

    ExposureCheckOptions run_options;
    run_options.files.trusted = TrustTestSigner();
    const auto run = CheckExposure(
        {path}, std::make_shared<const SightingIndex>(*std::move(index)),
        run_options);
    ASSERT_THAT(run, IsOk());
    ASSERT_TRUE(run->complete);
    EXPECT_EQ(run->num_keys, world->keys.size());
    const std::vector<Match>& matches = run->result.matches;
    EXPECT_EQ(CountByDate(matches, absl::UTCTimeZone()), world->expected);
    EXPECT_EQ(CountByDate(matches, tokyo), world->expected);
    EXPECT_EQ(CountKeys(matches), kDemoMeetings);
    EXPECT_EQ(run->result.num_replayed, 0);
    EXPECT_EQ(run->result.num_tx_power_out_of_bounds, 0);
  }
}

TEST(DemoWorldTest, HasPeopleAndStrangers) {
  const auto world = MakeDemoWorld(1);
  ASSERT_THAT(world, IsOk());
  EXPECT_EQ(world->keys.size(), kDemoDays * kDemoPeople);
  std::set<Tek> teks;
  for (const DiagnosisKey& key : world->keys) {
    teks.insert(key.tek);
    EXPECT_LT(int64_t{key.rolling_start} * kIntervalSeconds,
              static_cast<int64_t>(world->start_timestamp));
  }
  EXPECT_EQ(teks.size(), world->keys.size());
  uint64_t num_meetings = 0;
  uint64_t num_matching = 0;
  for (const DateCount& date : world->expected) {
    num_meetings += date.num_keys;
    num_matching += date.num_sightings;
    EXPECT_GT(date.num_sightings, 0);
  }
  EXPECT_EQ(num_meetings, kDemoMeetings);
  EXPECT_GT(world->sightings.size(), 10 * num_matching);
}

TEST(DemoWorldTest, TheSeedDecides) {
  const auto a = MakeDemoWorld(3);
  const auto b = MakeDemoWorld(3);
  const auto c = MakeDemoWorld(4);
  ASSERT_THAT(a, IsOk());
  ASSERT_THAT(b, IsOk());
  ASSERT_THAT(c, IsOk());
  EXPECT_EQ(a->keys, b->keys);
  EXPECT_EQ(a->sightings, b->sightings);
  EXPECT_EQ(a->expected, b->expected);
  EXPECT_NE(a->keys, c->keys);
  EXPECT_NE(a->sightings, c->sightings);
}

}  // namespace
}  // namespace tekmatch

// Plain worlds, which benchmarks take: nothing in them goes wrong.
#include <cstdint>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tools/world/world_generator.h"

namespace tekmatch {
namespace {

TEST(PlainWorldTest, EachMetKeyIsHeardOnceAndPublishedOnce) {
  auto generator = WorldGenerator::Create({.num_keys = 5000,
                                           .num_sightings = 3000,
                                           .num_met = 500,
                                           .seed = 3,
                                           .plain = true});
  ASSERT_THAT(generator, IsOk());
  std::set<Tek> teks;
  uint64_t num_met = 0;
  uint64_t num_sightings = 0;
  while (!generator->done()) {
    const auto generated = generator->Next();
    ASSERT_THAT(generated, IsOk());
    const DiagnosisKey& key = generated->key;
    EXPECT_TRUE(teks.insert(key.tek).second);
    EXPECT_EQ(key.rolling_period, kMaxRollingPeriod);
    EXPECT_EQ((key.rolling_start - kWorldStart) % kMaxRollingPeriod, 0);
    EXPECT_EQ(key.metadata,
              (KeyMetadata{.transmission_risk = 4,
                           .report_type = ReportType::kConfirmedTest,
                           .days_since_onset = 1}));
    EXPECT_EQ(generated->expected.size(), generated->met ? 1U : 0U);
    num_met += generated->met ? 1 : 0;
    num_sightings += generated->sightings.size();
  }
  EXPECT_EQ(num_met, 500);
  EXPECT_EQ(num_sightings, 3000);
}

}  // namespace
}  // namespace tekmatch
